#!/bin/sh
# Install the Debian packages that some tests want, or name each with the tests that are left out without it.
# With the word `bench` those that a benchmark wants.
set -eu

missing=""
want() { # package, program or file, what it is wanted by
    if ! command -v "$2" >/dev/null 2>&1 && ! [ -e "$2" ]; then
        missing="$missing $1"
        echo "missing: $1 (wanted by $3)"
    fi
}

case "${1:-tests}" in
tests)
    want chromium chromium "tests/browser: the playground in a real browser"
    want scep scepserver "tests/peers: scepclient reads the lab, the checks read scepserver"
    want certmonger /usr/lib/certmonger/scep-submit "tests/peers: certmonger reads the lab"
    want strongswan-pki pki "tests/peers: strongSwan reads the lab"
    want libstrongswan-extra-plugins /usr/lib/ipsec/plugins/libstrongswan-curl.so "tests/peers: strongSwan reads the lab"
    left_out="The tests named above are left out."
    ;;
bench)
    want prometheus-blackbox-exporter prometheus-blackbox-exporter "tests/bench_checks.py: the cost of an HTTPS probe"
    left_out="The figures named above are left out."
    ;;
esac

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing:$missing"
    apt-get update -qq >/dev/null
    # shellcheck disable=SC2086 # one word a package
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "$left_out On Debian, as root: apt-get install$missing"
fi
