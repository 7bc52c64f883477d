#!/bin/sh
# Install the Debian packages that some tests want, or name each with the tests that are left out without it.
set -eu

missing=""
want() { # package, program, tests
    command -v "$2" >/dev/null 2>&1 || { missing="$missing $1"; echo "missing: $1 (wanted by $3)"; }
}
want chromium chromium "tests/browser: the playground in a real browser"

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing:$missing"
    apt-get update -qq >/dev/null
    # shellcheck disable=SC2086 # one word a package
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "The tests named above are left out. On Debian, as root: apt-get install$missing"
fi
