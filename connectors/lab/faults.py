"""Every fault of the lab as data: the cause it stands for, and what the pretend server does.

A fault says only in what it differs from a healthy NDES with the policy module of Intune: `answers` names the fixed
answer (`pages.ANSWERS`) or the act (`ACTS`) for a place, the other fields name states of the PKI, of the TLS service
and of the limits. The bytes and behaviours are those known from real servers; hidden causes look healthy on purpose.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, Literal

from bot.errors import BadRequest
from bot.findings import Front, Generation, Module
from connectors.lab.pki import CrlState, RaState, TlsState

Place = Literal["base", "caps", "cacert", "next", "operation", "folder", "admin", "crp", "root", "missing"]
"""What a request asks for. `base` is mscep.dll without a SCEP operation."""
Answers = Mapping[str, str]

ACTS: Final = ("drop", "reset", "hang", "garbage", "truncate", "certrep", "cacert")
"""What a place may do instead of a fixed answer: close without a byte, reset, never answer, send what is no HTTP,
break off within the body; refuse an enrolment, hand out the certificates."""

Manner = Literal["open", "closed", "black-hole", "silent", "reset", "alert", "babble"]
"""How the port behaves: answers; refuses; loses the first packet; takes connections and says nothing; resets at the
first byte; sends a TLS handshake_failure; speaks another protocol."""
Versions = Literal["usual", "1.0", "1.1", "1.2", "1.3"]
ClientCertificate = Literal["no", "asked", "required"]

WHOLE_LENGTH: Final = 65_534
"""Bytes of a query and of a request's head that a well configured NDES takes."""

_FALLBACK: Final[Mapping[Place, tuple[str, ...]]] = {
    "base": ("base", "scep", "pool", "all"),
    "caps": ("caps", "scep", "pool", "all"),
    "cacert": ("cacert", "scep", "pool", "all"),
    "next": ("next", "base", "scep", "pool", "all"),
    "operation": ("operation", "scep", "pool", "all"),
    "folder": ("folder", "pool", "all"),
    "admin": ("admin", "pool", "all"),
    "crp": ("crp", "all"),
    "root": ("root", "all"),
    "missing": ("missing", "all"),
}
"""Where a place's answer is looked for, the most special first: `scep` is all of mscep.dll, `pool` all that the SCEP
application pool serves, `all` the whole server."""

_HEALTHY: Final[Mapping[Place, str]] = {
    "base": "iis-403",
    "caps": "ndes-caps",
    "cacert": "cacert",
    "next": "iis-403",
    "operation": "certrep",
    "folder": "iis-403",
    "admin": "iis-401",
    "crp": "iis-403",
    "root": "iis-welcome",
    "missing": "iis-404",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One state of the pretend server.

    `cause` is the word of the cause it stands for; nothing where it stands for none: then it is `healthy`,
    or odd in a way that no cause explains. `needs_memory`: the true cause can only be judged with what
    was seen while the server was healthy. `does` says in one sentence what the network sees.

    `longest_query` and `longest_head` are bytes, `largest_post` too (None: no limit); `clock` seconds that
    the Date header is ahead; `delay` seconds before an answer of the SCEP pool. After `rapid_fail` dropped
    requests the pool is stopped. `other` names the state of a second node: behind the same address in
    turns, or (`two_addresses`) on an address of its own. `url_host` replaces the host in the URL.
    """

    name: str
    cause: str
    does: str
    needs_memory: bool = False
    healthy: bool = False
    answers: Answers = field(default_factory=dict)
    # the way in
    url_host: str = ""
    manner: Manner = "open"
    versions: Versions = "usual"
    client: ClientCertificate = "no"
    tls: TlsState = "good"
    front: Front = "direct"
    # the PKI
    ra: RaState = "good"
    base_crl: CrlState = "good"
    delta_crl: CrlState = "good"
    root_crl: CrlState = "good"
    # limits, clock and time
    longest_query: int = WHOLE_LENGTH
    longest_head: int = WHOLE_LENGTH
    head_refusal: str = "httpsys-400-headers"
    largest_post: int | None = None
    post_refusal: str = "iis-413"
    clock: int = 0
    delay: float = 0.0
    rapid_fail: int | None = None
    # more than one server
    other: str = ""
    two_addresses: bool = False
    # how such a server would be registered
    module: Module = "intune"
    connector: Generation | None = None

    def answer(self, place: Place) -> str:
        """The name of the answer or act for a place."""
        found = next((self.answers[name] for name in _FALLBACK[place] if name in self.answers), None)
        return found or _HEALTHY[place]


_GENERAL: Final = MappingProxyType({"base": "ndes-general", "crp": "iis-404"})
_ERROR_500: Final = MappingProxyType({"scep": "iis-500"})
_ERROR_503: Final = MappingProxyType({"pool": "httpsys-503"})
_DIES: Final = MappingProxyType({"operation": "drop"})

_HEALTHY_ONES: Final = (
    Fault("healthy", "", "Everything as it should be, Intune's policy module installed.", healthy=True),
    Fault(
        "healthy-plain",
        "",
        "Everything as it should be on an NDES that never had a policy module: mscep.dll shows the general page.",
        healthy=True,
        answers=_GENERAL,
        module="plain",
    ),
    Fault(
        "healthy-new-connector",
        "",
        "Everything as it should be; with the newer connector nothing is at /CertificateRegistrationSvc/.",
        healthy=True,
        answers={"crp": "iis-404"},
        connector="new",
    ),
    Fault(
        "healthy-app-proxy",
        "",
        "Everything as it should be behind the application proxy, which adds its headers.",
        healthy=True,
        front="app-proxy",
    ),
    Fault(
        "healthy-ldap-crl",
        "",
        "Everything as it should be; the RA certificates name their CRL in the directory only.",
        healthy=True,
        ra="ldap-only",
    ),
    Fault(
        "healthy-old-caps",
        "",
        "Everything as it should be on an old server: GetCACaps has few words and no Content-Type.",
        healthy=True,
        answers={"caps": "ndes-caps-typeless"},
    ),
)

_WAY_IN: Final = (
    Fault(
        "name-missing",
        "app-proxy-name-or-url-wrong",
        "The host of the URL does not exist in DNS.",
        url_host="ndes01.lab.invalid",
        front="app-proxy",
    ),
    Fault(
        "name-missing-direct",
        "app-proxy-name-or-url-wrong",
        "The host of the URL, published without application proxy, does not exist in DNS.",
        url_host="former-ndes.lab.invalid",
    ),
    Fault("port-closed", "network-path-blocked", "The port refuses connections.", manner="closed"),
    Fault(
        "port-black-hole", "network-path-blocked", "Packets to the port are lost: no connection.", manner="black-hole"
    ),
    Fault("port-silent", "network-path-blocked", "The port takes connections and never says a word.", manner="silent"),
    Fault("port-reset", "network-path-blocked", "The connection is reset at the first byte.", manner="reset"),
    Fault("http-silent", "network-path-blocked", "TLS works, then no request is answered.", answers={"all": "hang"}),
    Fault(
        "network-login",
        "network-path-blocked",
        "Whatever is asked, a sign-in page of the network answers with 200.",
        answers={"all": "network-login"},
    ),
    Fault(
        "tls-name-mismatch",
        "tls-name-mismatch",
        "The TLS certificate names another server.",
        tls="other-name",
    ),
    Fault(
        "tls-common-name-only",
        "tls-name-mismatch",
        "The TLS certificate has the name as its common name only, where no device looks.",
        tls="common-name-only",
    ),
    Fault("tls-expired", "tls-certificate-expired", "The TLS certificate ended two days ago.", tls="expired"),
    Fault("tls-not-yet-valid", "tls-certificate-expired", "The TLS certificate begins tomorrow.", tls="not-yet-valid"),
    Fault("tls-self-signed", "tls-chain-untrusted", "The TLS certificate is self-signed.", tls="self-signed"),
    Fault(
        "tls-missing-intermediate",
        "tls-chain-untrusted",
        "The TLS certificate comes without that of the issuing CA.",
        tls="incomplete",
    ),
    Fault("tls-other-root", "tls-chain-untrusted", "The TLS certificate leads to an unknown root.", tls="foreign"),
    Fault("tls-1-0-only", "tls-old-only", "Only TLS 1.0 is spoken.", versions="1.0"),
    Fault("tls-1-1-only", "tls-old-only", "Only TLS 1.1 is spoken.", versions="1.1"),
    Fault(
        "client-certificate-tls-1-2",
        "front-403-rule",
        "A client certificate is required; in TLS 1.2 the handshake fails without one.",
        versions="1.2",
        client="required",
    ),
    Fault(
        "client-certificate-tls-1-3",
        "front-403-rule",
        "A client certificate is required; in TLS 1.3 the connection ends right after the handshake.",
        versions="1.3",
        client="required",
    ),
    Fault(
        "client-certificate-403",
        "front-403-rule",
        "A client certificate is asked for, and without one every page is the 403 of IIS.",
        client="asked",
        answers={"all": "iis-403"},
    ),
    Fault(
        "address-rule-403",
        "front-403-rule",
        "A rule of IIS refuses all of mscep.dll, also GetCACaps, with 403.",
        answers={"scep": "iis-403"},
    ),
    Fault(
        "firewall-403",
        "front-403-rule",
        "A web firewall refuses everything with a 403 of its own.",
        answers={"all": "gateway-403"},
    ),
    Fault(
        "firewall-403-operations",
        "front-403-rule",
        "A web firewall lets the bare URL through and refuses every SCEP operation.",
        answers={"caps": "gateway-403", "cacert": "gateway-403", "operation": "gateway-403", "next": "gateway-403"},
    ),
)

_APP_PROXY: Final = (
    Fault(
        "app-proxy-504",
        "app-proxy-connector-stopped",
        "The cloud answers alone: 504, no connector's id.",
        front="app-proxy",
        answers={"all": "appproxy-504"},
    ),
    Fault(
        "app-proxy-504-no-group",
        "app-proxy-connector-stopped",
        "The cloud answers alone: 504, and says that the connector group is empty.",
        front="app-proxy",
        answers={"all": "appproxy-504-no-group"},
    ),
    Fault(
        "app-proxy-502",
        "app-proxy-cannot-reach-ndes",
        "502 with a connector's id: the connector gets no answer from NDES.",
        front="app-proxy",
        answers={"all": "appproxy-502"},
    ),
    Fault(
        "app-proxy-502-backend",
        "app-proxy-cannot-reach-ndes",
        "502 with a connector's id and the detail BackendServiceUnavailable.",
        front="app-proxy",
        answers={"all": "appproxy-502-backend"},
    ),
    Fault(
        "app-proxy-504-backend",
        "app-proxy-cannot-reach-ndes",
        "504 with a connector's id and the detail BackendTimeOut, after the 85 seconds it waits.",
        front="app-proxy",
        answers={"all": "appproxy-504-backend"},
        delay=85.0,
    ),
    Fault(
        "app-proxy-404-path",
        "app-proxy-cannot-reach-ndes",
        "The internal URL has a typing error in its path: IIS answers 404, through a connector.",
        front="app-proxy",
        answers={"all": "iis-404"},
    ),
    Fault(
        "app-proxy-login",
        "app-proxy-preauthentication",
        "302 to the sign-in of Entra ID.",
        front="app-proxy",
        answers={"all": "appproxy-302"},
    ),
    Fault(
        "app-proxy-login-v2",
        "app-proxy-preauthentication",
        "302 to the sign-in of Entra ID, at its second address.",
        front="app-proxy",
        answers={"all": "appproxy-302-v2"},
    ),
    Fault(
        "app-proxy-own-certificate",
        "app-proxy-domain-certificate",
        "The own domain is served with the certificate of *.msappproxy.net.",
        front="app-proxy",
        tls="app-proxy",
    ),
    Fault(
        "app-proxy-no-certificate",
        "app-proxy-domain-certificate",
        "There is no certificate for the own domain: handshake_failure.",
        front="app-proxy",
        manner="alert",
    ),
    Fault(
        "app-proxy-slow",
        "",
        "Everything as it should be behind the application proxy, but each answer takes 12 seconds.",
        front="app-proxy",
        delay=12.0,
    ),
)

_IIS: Final = (
    Fault(
        "request-filtering-2048",
        "request-filtering-too-small",
        "404 of IIS for every query over 2,048 bytes (404.15 in its log).",
        longest_query=2_048,
    ),
    Fault(
        "request-filtering-4096",
        "request-filtering-too-small",
        "404 of IIS for every query over 4,096 bytes.",
        longest_query=4_096,
    ),
    Fault(
        "request-filtering-and-http-sys",
        "request-filtering-too-small",
        "Nothing was ever configured: 404 over 2,048 bytes of query, 400 of http.sys over 16,384.",
        longest_query=2_048,
        longest_head=16_384,
    ),
    Fault(
        "http-sys-400",
        "http-sys-limits-too-small",
        "400 of http.sys for every request whose head is over 16,384 bytes.",
        longest_head=16_384,
    ),
    Fault(
        "http-sys-414",
        "http-sys-limits-too-small",
        "414 of http.sys for every request whose head is over 16,384 bytes.",
        longest_head=16_384,
        head_refusal="httpsys-414",
    ),
    Fault(
        "http-sys-30000",
        "http-sys-limits-too-small",
        "400 of http.sys for every request whose head is over 30,000 bytes.",
        longest_head=30_000,
    ),
    Fault(
        "payload-413",
        "payload-too-large",
        "413 for every POST over 48 KB; all else is healthy.",
        largest_post=49_152,
    ),
    Fault(
        "payload-413-proxy",
        "payload-too-large",
        "413 of a proxy for every POST over 1 KB; all else is healthy.",
        largest_post=1_024,
        post_refusal="nginx-413",
    ),
    Fault(
        "payload-404",
        "payload-too-large",
        "404 of IIS for every POST over 1 KB (404.13 in its log).",
        largest_post=1_024,
        post_refusal="iis-404",
    ),
    Fault("anonymous-off", "scep-anonymous-off", "401 for all of mscep.dll.", answers={"scep": "iis-401"}),
    Fault(
        "pool-stopped",
        "scep-pool-stopped",
        "503 of http.sys for all that the SCEP pool serves; the CRP answers.",
        answers=_ERROR_503,
    ),
    Fault(
        "pool-stopped-nameless",
        "scep-pool-stopped",
        "503 of http.sys, which was told to hide its Server header.",
        answers={"pool": "httpsys-503-nameless"},
    ),
    Fault(
        "pool-stopped-app-proxy",
        "scep-pool-stopped",
        "503 of http.sys, through the application proxy.",
        answers=_ERROR_503,
        front="app-proxy",
    ),
    Fault(
        "pool-crashing",
        "scep-pool-stopped",
        "The worker dies at each request for mscep.dll: the connection closes without a byte.",
        answers={"scep": "drop"},
    ),
    Fault(
        "pool-resetting",
        "scep-pool-stopped",
        "The worker dies at each request for mscep.dll: the connection is reset.",
        answers={"scep": "reset"},
    ),
    Fault(
        "pool-rapid-fail",
        "scep-pool-stopped",
        "The worker dies at the first five requests; then the pool is stopped, 503 of http.sys.",
        answers={"scep": "drop"},
        rapid_fail=5,
    ),
    Fault(
        "answer-truncated",
        "scep-pool-stopped",
        "The worker dies within each answer: fewer bytes come than were promised.",
        answers={"scep": "truncate"},
    ),
    Fault(
        "policy-module-absent",
        "policy-module-absent",
        "The general page of NDES, and no CRP, on a server that should have the policy module.",
        answers=_GENERAL,
    ),
    Fault(
        "policy-module-needs-iisreset",
        "policy-module-absent",
        "The general page of NDES although the CRP is there: IIS was not restarted.",
        answers={"base": "ndes-general"},
    ),
)


def _500(name: str, cause: str, does: str) -> Fault:
    return Fault(name, cause, f"500 of IIS for all of mscep.dll, nothing else to see: {does}.", answers=_ERROR_500)


def _503(name: str, cause: str, does: str) -> Fault:
    return Fault(name, cause, f"503 of http.sys for all of the SCEP pool: {does}.", answers=_ERROR_503)


_ACCOUNT: Final = (
    _500("account-locked-500", "service-account-locked", "the service account was locked while the worker ran"),
    _503("account-locked-503", "service-account-locked", "the pool cannot start with a locked account"),
    _500("account-password-500", "service-account-password", "the password ran out while the worker ran"),
    _503("account-password-503", "service-account-password", "the pool cannot start with the old password"),
    _500("impersonation-right-500", "impersonation-right", "IIS_IUSRS may not impersonate"),
    _500("not-in-iis-iusrs-500", "account-not-in-iis-iusrs", "the service account is not in IIS_IUSRS"),
    _500("ra-key-not-readable-500", "ra-key-not-readable", "the RA's private keys cannot be read"),
    _503("logon-right-503", "logon-right-missing", "the service account may not log on"),
    _503("pool-identity-503", "pool-identity-wrong", "the pool cannot start under its account"),
    _500("pool-identity-500", "pool-identity-wrong", "the pool runs under an account that NDES does not expect"),
    _500("load-user-profile-500", "load-user-profile-off", "the account's profile is not loaded"),
    _500("system-proxy-500", "system-proxy-missing", "SYSTEM has no proxy to fetch CRLs, which others can"),
    _500("ca-unreachable-500", "ca-unreachable", "the issuing CA cannot be asked"),
    Fault(
        "ca-lost-after-start",
        "ca-unreachable",
        "All looks healthy, for NDES remembers the CA's certificates; every enrolment is refused.",
    ),
)

_RA: Final = (
    Fault(
        "ra-expired",
        "ra-certificates-expired",
        "NDES still answers, with RA certificates past their end.",
        ra="expired",
    ),
    Fault(
        "ra-encryption-expired",
        "ra-certificates-expired",
        "NDES still answers; of its RA certificates that to encrypt to is past its end.",
        ra="encryption-expired",
    ),
    Fault(
        "ra-expired-500",
        "ra-certificates-expired",
        "500 of IIS for all of mscep.dll; the RA certificates handed out before are past their end.",
        needs_memory=True,
        ra="expired",
        answers=_ERROR_500,
    ),
    Fault(
        "ra-deleted-500",
        "ra-certificates-missing-or-foreign",
        "500 of IIS for all of mscep.dll; the RA certificates handed out before are in order, but gone.",
        answers=_ERROR_500,
    ),
    Fault(
        "ra-no-encryption",
        "ra-certificates-missing-or-foreign",
        "GetCACert has no certificate to encrypt to.",
        ra="no-encryption",
    ),
    Fault(
        "ra-no-signature",
        "ra-certificates-missing-or-foreign",
        "GetCACert has no certificate that signs.",
        ra="no-signature",
    ),
    Fault(
        "ra-foreign",
        "ra-certificates-missing-or-foreign",
        "The RA certificates are of a CA that is not the one in GetCACert.",
        ra="foreign",
    ),
    Fault(
        "ra-of-replaced-key",
        "ra-certificates-missing-or-foreign",
        "The RA certificates name the CA in GetCACert but are signed with its former key.",
        ra="wrong-key",
    ),
    Fault(
        "ra-revoked",
        "ra-certificates-revoked",
        "NDES still answers; the CA's CRL lists its RA certificates.",
        base_crl="revokes-ra",
    ),
    Fault(
        "ra-revoked-delta",
        "ra-certificates-revoked",
        "NDES still answers; only the CA's delta CRL lists its RA certificates.",
        delta_crl="revokes-ra",
    ),
    Fault(
        "ra-revoked-500",
        "ra-certificates-revoked",
        "500 of IIS for all of mscep.dll; the CRL lists the RA certificates handed out before.",
        needs_memory=True,
        base_crl="revokes-ra",
        answers=_ERROR_500,
    ),
    Fault(
        "ra-sha1",
        "device-refuses-certificate",
        "The RA certificates are signed with SHA-1, which some devices do not take.",
        ra="sha1",
    ),
    Fault(
        "ra-pss",
        "device-refuses-certificate",
        "The RA certificates are signed with RSASSA-PSS, which some devices do not take.",
        ra="pss",
    ),
)


def _crl_500(
    name: str,
    cause: str,
    does: str,
    *,
    base: CrlState = "good",
    delta: CrlState = "good",
    root: CrlState = "good",
) -> Fault:
    """500 everywhere: where the CRLs are is known only to those who saw the certificates before."""
    text = f"500 of IIS for all of mscep.dll; {does}."
    fault = Fault(name, cause, text, needs_memory=True, answers=_ERROR_500)
    return replace(fault, base_crl=base, delta_crl=delta, root_crl=root)


_CRLS: Final = (
    Fault("crl-expired", "crl-expired", "NDES still answers; the CA's CRL is out of date.", base_crl="expired"),
    _crl_500("crl-expired-500", "crl-expired", "the CA's CRL is out of date", base="expired"),
    Fault(
        "delta-crl-expired",
        "crl-expired",
        "NDES still answers; the CA's delta CRL is out of date.",
        delta_crl="expired",
    ),
    _crl_500("delta-crl-expired-500", "crl-expired", "the CA's delta CRL is out of date", delta="expired"),
    Fault(
        "crl-bad-signature",
        "crl-expired",
        "NDES still answers; the published CRL is not signed with the CA's key.",
        base_crl="bad-signature",
    ),
    _crl_500("crl-missing-500", "crl-not-fetchable", "the CA's CRL is not where it should be", base="missing"),
    _crl_500("crl-dropped-500", "crl-not-fetchable", "the CRL's server gives no answer", base="dropped"),
    _crl_500("crl-page-500", "crl-not-fetchable", "a web page comes in place of the CRL", base="page"),
    _crl_500(
        "delta-crl-missing-500",
        "crl-not-fetchable",
        "IIS refuses the plus sign in the delta CRL's name",
        delta="missing",
    ),
    Fault(
        "crl-missing-after-start",
        "crl-unreachable-after-start",
        "NDES still answers; the CRL is gone, and the worker dies at each enrolment.",
        base_crl="missing",
        answers=_DIES,
    ),
    Fault(
        "crl-missing-503",
        "crl-unreachable-after-start",
        "503 of http.sys for all of the SCEP pool; the CRL is gone.",
        needs_memory=True,
        base_crl="missing",
        answers=_ERROR_503,
    ),
    Fault(
        "root-crl-expired",
        "root-crl-expired",
        "NDES still answers; the root's CRL is out of date, so the CA's service would not start again.",
        root_crl="expired",
    ),
    _crl_500("root-crl-expired-500", "root-crl-expired", "the root's CRL is out of date", root="expired"),
)

_POLICY: Final = (
    Fault(
        "tls-renewed",
        "policy-thumbprint-stale",
        "All looks healthy, but the TLS certificate is not the one of before; each enrolment kills the worker.",
        needs_memory=True,
        tls="renewed",
        answers=_DIES,
    ),
    Fault(
        "tls-renewed-503",
        "policy-thumbprint-stale",
        "503 of http.sys for all of the SCEP pool; the TLS certificate is not the one of before.",
        needs_memory=True,
        tls="renewed",
        answers=_ERROR_503,
    ),
    Fault(
        "internal-name-missing",
        "internal-name-missing",
        "The TLS certificate has the public name but not the one by which NDES calls itself.",
        tls="public-name-only",
    ),
    Fault(
        "crp-windows-sign-in",
        "crp-windows-authentication",
        "The CRP asks for a Windows sign-in; the worker dies at each enrolment.",
        answers={"crp": "iis-401", "operation": "drop"},
    ),
    Fault(
        "crp-windows-sign-in-hidden",
        "crp-windows-authentication",
        "All looks healthy: the CRP wants a client certificate before it comes to the sign-in.",
    ),
    Fault(
        "intermediate-in-root-store",
        "intermediate-in-root-store",
        "All looks healthy: the CRP refuses the client certificate of NDES (403.16), enrolments are refused.",
    ),
    Fault(
        "intermediate-in-root-store-crash",
        "intermediate-in-root-store",
        "All looks healthy until an enrolment kills the worker; after five the pool is stopped.",
        answers=_DIES,
        rapid_fail=5,
    ),
    Fault(
        "intermediate-in-root-store-503",
        "intermediate-in-root-store",
        "503 of http.sys for all of the SCEP pool, which enrolments have killed.",
        answers=_ERROR_503,
    ),
    Fault(
        "policy-certificate-expired",
        "policy-certificate-expired",
        "All looks healthy until an enrolment kills the worker; after five the pool is stopped.",
        answers=_DIES,
        rapid_fail=5,
    ),
    Fault(
        "crp-403-16",
        "crp-client-certificate-refused",
        "All looks healthy; the CRP refuses the client certificate of NDES, enrolments are refused.",
    ),
    Fault(
        "signing-certificate-missing",
        "signing-certificate-missing",
        "All looks healthy; no challenge is accepted, enrolments are refused.",
    ),
    Fault(
        "connector-stopped",
        "connector-stopped-or-old",
        "All looks healthy but for the CRP, whose pool is stopped: 503.",
        answers={"crp": "httpsys-503"},
    ),
    Fault(
        "connector-cut-off",
        "connector-cannot-reach-intune",
        "All looks healthy; the connector does not reach Intune, enrolments are refused.",
    ),
    Fault(
        "challenge-refused",
        "challenge-expired-or-wrong",
        "All looks healthy; the challenge of one device is out of date, its enrolment is refused.",
    ),
    Fault("crp-500", "crp-cannot-write-temp", "All looks healthy but for the CRP: 500.", answers={"crp": "iis-500"}),
    Fault("template-denied", "template-enroll-right", "All looks healthy; the CA refuses for want of a right."),
    Fault("template-unknown", "template-not-published", "All looks healthy; the CA does not know the template."),
    Fault("ca-denies", "ca-denies", "All looks healthy; the CA denies the requests."),
    Fault(
        "password-cache-full",
        "password-cache-full",
        "The general page of an NDES without policy module; no new challenges are given.",
        answers=_GENERAL,
        module="plain",
    ),
)

_ODD: Final = (
    Fault("tls-ends-soon", "", "All is well, but the TLS certificate ends in ten days.", tls="ends-soon"),
    Fault("ra-ends-soon", "", "All is well, but the RA certificates end in ten days.", ra="ends-soon"),
    Fault("ra-none", "", "GetCACert has the CA's certificates and no RA at all.", ra="none"),
    Fault("crl-ends-soon", "", "All is well, but the CA's CRL ends in two hours.", base_crl="ends-soon"),
    Fault("clock-ahead", "", "The server's clock is ten minutes ahead.", clock=600),
    Fault("clock-behind", "", "The server's clock is three minutes behind.", clock=-180),
    Fault(
        "admin-open",
        "",
        "The admin page shows a challenge to anybody who asks.",
        answers={"admin": "ndes-challenge"},
    ),
    Fault(
        "caps-page",
        "",
        "GetCACaps is answered 200 with a web page; the rest is healthy.",
        answers={"caps": "network-login"},
    ),
    Fault("caps-flapping", "", "Every second GetCACaps is a 503: one of two nodes is down.", other="pool-stopped"),
    Fault(
        "nodes-uneven",
        "",
        "Two addresses behind one name, each with RA certificates of its own.",
        other="second-node",
        two_addresses=True,
    ),
    Fault(
        "node-two-ra-expired",
        "",
        "Two addresses behind one name; the RA certificates of the second are past their end.",
        other="ra-expired",
        two_addresses=True,
    ),
    Fault("babble", "", "What listens is no TLS service: it greets like a mail server.", manner="babble"),
    Fault("garbage", "", "TLS works, then comes what is no HTTP.", answers={"all": "garbage"}),
)

_ALL: Final = {
    fault.name: fault
    for fault in (*_HEALTHY_ONES, *_WAY_IN, *_APP_PROXY, *_IIS, *_ACCOUNT, *_RA, *_CRLS, *_POLICY, *_ODD)
}
_SECOND_NODE: Final = Fault("second-node", "", "The second of two uneven nodes.", ra="other-pair")


def all_faults() -> tuple[Fault, ...]:
    """Every state that a lab can be started in, the healthy ones first."""
    return tuple(_ALL.values())


def fault_of(name: str) -> Fault:
    """The fault of this name. Raises `BadRequest` where there is none."""
    if name == _SECOND_NODE.name:
        return _SECOND_NODE
    if name not in _ALL:
        raise BadRequest(f"The lab has no fault {name!r}; `ndesbot lab --list` names them all.")
    return _ALL[name]


def before(fault: Fault) -> Fault:
    """The same server while all was well: what the memory of a healthy run holds.

    Certificates that ran out since, or always had a weak signature, are the same ones as now: their bytes
    cannot change. Everything else was in order.
    """
    if fault.healthy:
        return fault
    healthy = _ALL[_healthy_twin(fault)]
    return replace(
        healthy,
        ra=fault.ra if fault.ra in _AS_BEFORE else healthy.ra,
        tls=fault.tls if fault.tls in _AS_BEFORE else healthy.tls,
    )


_AS_BEFORE: Final = {"expired", "encryption-expired", "ends-soon", "sha1", "pss", "incomplete"}
"""States of certificates that come with time, or were there from the start."""


def _healthy_twin(fault: Fault) -> str:
    if fault.front == "app-proxy":
        return "healthy-app-proxy"
    return "healthy-plain" if fault.module == "plain" else "healthy"
