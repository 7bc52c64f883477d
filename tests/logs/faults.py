"""What an enrolment writes into the logs when something is wrong, and which record is the first bad one."""

# ruff: noqa: E501 - what programs say is easier to compare unwrapped

from collections.abc import Callable

from tests.logs.site import CONNECTOR, MDM, NDES, SCEP, Device, Site, s

Fault = Callable[[Site, Device], None]
"""What one enrolment writes when the fault is there; the first bad record of all marks the place."""


def _cacert_1346(site: Site, device: Device) -> None:
    site.profile(device)
    site.web(device.begins + s(1), device, "GetCACaps", "500 0 1346", bad=True)


def _pool_stopped(site: Site, device: Device) -> None:
    site.profile(device)
    words = {"client": device.address, "uri": f"{SCEP}?operation=GetCACaps&message=ca", "queue": "SCEP"}
    site.say("httperr", device.begins + s(1), True, **words, status="503", reason="AppOffline")


def _pool_identity(site: Site, device: Device) -> None:
    site.event("events", device.begins + s(0.2), 5021, "Warning", "Microsoft-Windows-WAS", "The identity of application pool SCEP is invalid. The user name or password that is specified for the identity may be incorrect.", True)  # fmt: skip
    _pool_stopped(site, device)


def _crl_offline(site: Site, device: Device) -> None:
    at = device.begins + s(1)
    site.profile(device)
    site.event("events", at, 8, "Error", NDES, "The Network Device Enrollment Service cannot retrieve information about the certification authority (0x80092013). The revocation function was unable to check revocation because the revocation server was offline.", True)  # fmt: skip
    site.event("events", at + s(0.2), 2, "Error", NDES, "The Network Device Enrollment Service cannot be started (0x80092013). The revocation function was unable to check revocation because the revocation server was offline.", True)  # fmt: skip
    site.web(at + s(1), device, "GetCACaps", "500 0 0", bad=True, took="800")


def _query_too_long(site: Site, device: Device) -> None:
    site.profile(device)
    site.caps(device)
    site.deliver(device, "404 15 0", bad=True)


def _untrusted(site: Site, device: Device) -> None:
    site.profile(device)
    site.omadm(device.begins + s(1.5), "org.jscep.transport.UrlConnectionGetTransport", "Error connecting to server: javax.net.ssl.SSLHandshakeException: java.security.cert.CertPathValidatorException: Trust anchor for certification path not found.", True)  # fmt: skip


def _profile_refused(site: Site, device: Device) -> None:
    site.event("mdm", device.begins, 306, "Error", MDM, "SCEP: CspExecute for UniqueId : (ModelName=AC_1;Hash=77) InstallUserSid : (S-1-12-1-7) InstallLocation : (user) NodePath : (clientinstall) KeyProtection: (0x2) Result : (The parameter is incorrect.).", True)  # fmt: skip


def _challenge_password(site: Site, device: Device) -> None:
    site.profile(device)
    site.caps(device)
    site.event("events", device.begins + s(5), 29, "Warning", NDES, "The password in the certificate request cannot be verified. It may have been used already. Obtain a new password to submit with this request.", True)  # fmt: skip
    site.deliver(device)


def _verify_403(status: str) -> Fault:
    def fault(site: Site, device: Device) -> None:
        site.profile(device)
        site.caps(device)
        at = site.verify_starts(device)
        site.crp(at + s(0.5), "VerifyRequest", status, bad=True)
        site.plugin(at + s(0.6), "Verify challenge returns <!DOCTYPE html><html><head><title>403 - Forbidden: Access is denied.</title></head></html>", True)  # fmt: skip
        site.plugin(at + s(0.7), "Verify challenge returns false", True)
        site.deliver(device, "500 0 0", bad=True)

    return fault


def _name_mismatch(site: Site, device: Device) -> None:
    site.profile(device)
    site.caps(device)
    at = site.verify_starts(device)
    site.plugin(at + s(0.3), "WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID", True)
    site.plugin(
        at + s(0.4),
        "Failed to send http request /CertificateRegistrationSvc/Certificate/VerifyRequest. Error 12175",
        True,
    )
    site.plugin(at + s(0.5), "Verify challenge returns false", True)
    site.deliver(device, "500 0 0", bad=True)


def _signing_certificate(site: Site, device: Device) -> None:
    site.profile(device)
    site.caps(device)
    at = site.verify_starts(device)
    site.trace(at + s(0.1), "Signing certificate could not be retrieved. System.Security.Cryptography.CryptographicException: m_safeCertContext is an invalid handle.", True, level="2")  # fmt: skip
    site.trace(at + s(0.2), "VerifyRequest Finished with status False", True)
    site.crp(at + s(0.5), "VerifyRequest", "201 0 0")
    site.plugin(at + s(0.6), "Verify challenge returns false", True)
    site.deliver(device, "500 0 0", bad=True)


def _no_answer(site: Site, device: Device) -> None:
    site.profile(device)
    site.caps(device)
    at = device.begins + s(4.1)
    site.plugin(at, "Calling VerifyRequest ...")
    site.plugin(at + s(0.01), "Sending request to certificate registration point.", True)


def _connector_refuses(site: Site, device: Device) -> None:
    site.profile(device)
    site.caps(device)
    site.event("connector", device.begins + s(4), 4003, "Information", CONNECTOR, "ScepRequestReceived")
    site.event("connector", device.begins + s(4.4), 4005, "Error", CONNECTOR, "ScepVerifyFailure", True)
    site.event("connector", device.begins + s(4.6), 4001, "Error", CONNECTOR, "ScepRequestIssuedFailure", True)
    site.deliver(device, "500 0 0", bad=True)


def _ca_denies(code: str, words: str) -> Fault:
    def fault(site: Site, device: Device) -> None:
        for part in (site.profile, site.caps, site.verify):
            part(device)
        at = device.begins + s(5.2)
        site.event("ca", at, 53, "Warning", "Microsoft-Windows-CertificationAuthority", f"Active Directory Certificate Services denied request {site.chance.randrange(900, 9000)} because {words} {code}. The request was for CN={device.address}.", True)  # fmt: skip
        site.event("events", at + s(0.3), 31, "Error", NDES, f"The Network Device Enrollment Service cannot submit the certificate request ({code}). {words}", True)  # fmt: skip
        site.deliver(device)

    return fault


def _ca_unreachable(site: Site, device: Device) -> None:
    for part in (site.profile, site.caps, site.verify):
        part(device)
    site.event("events", device.begins + s(5.4), 31, "Error", NDES, "The Network Device Enrollment Service cannot submit the certificate request (0x800706ba). The RPC server is unavailable.", True)  # fmt: skip
    site.deliver(device, "500 0 0", bad=True)


def _issue_fails(site: Site, device: Device) -> None:
    for part in (site.profile, site.caps, site.verify):
        part(device)
    site.event("connector", device.begins + s(5.5), 4007, "Error", CONNECTOR, "ScepIssuedFailure", True)
    site.deliver(device, "500 0 0", bad=True)


def _ios_22013(site: Site, device: Device) -> None:
    site.profile(device)
    site.caps(device)
    site.verify(device)
    site.say("ios", device.begins + s(6.8), True, text="(Error) MC: Cannot retrieve SCEP identity: NSError: Desc : The SCEP server returned an invalid response. Domain : MCSCEPErrorDomain Code : 22013")  # fmt: skip


def _install_fails(site: Site, device: Device) -> None:
    for part in (site.profile, site.caps, site.verify, site.issue):
        part(device)
    at = device.begins + s(6.6)
    site.event("mdm", at, 38, "Information", MDM, "SCEP: Certificate response received successfully.")
    site.event("mdm", at + s(0.5), 309, "Error", MDM, "SCEP: InstallFromRegEntries. Result: (0x80090016), Thumbprint: (8C21D0), Responding Server: (NDES-B), Retry count: (3)", True)  # fmt: skip


def _notify_fails(site: Site, device: Device) -> None:
    for part in (site.profile, site.caps, site.verify, site.issue, site.install):
        part(device)
    at = device.begins + s(8)
    if site.connector == "new":
        site.event("connector", at, 4009, "Error", CONNECTOR, "ScepNotifyAttemptFailed", True)
        site.event("connector", at + s(5), 4010, "Error", CONNECTOR, "ScepNotifySaveToDiskFailed", True)
    else:
        site.crp(at, "Notify", "500 0 0", bad=True)


FAULTS: dict[str, tuple[int | None, str, str, Fault]] = {
    "healthy": (None, "old", "any", Site.enrols),
    "healthy-new": (None, "new", "any", Site.enrols),
    "profile-refused": (1, "old", "windows", _profile_refused),
    "impersonation-1346": (2, "old", "any", _cacert_1346),
    "pool-stopped": (2, "old", "any", _pool_stopped),
    "pool-identity": (2, "new", "any", _pool_identity),
    "crl-offline": (2, "old", "any", _crl_offline),
    "query-too-long": (2, "new", "ios", _query_too_long),
    "untrusted-by-android": (2, "old", "android", _untrusted),
    "challenge-password": (2, "none", "any", _challenge_password),
    "verify-403-16": (3, "old", "any", _verify_403("403 16 2148204809")),
    "verify-403-7": (3, "old", "any", _verify_403("403 7 64")),
    "name-mismatch": (3, "old", "any", _name_mismatch),
    "signing-certificate": (3, "old", "any", _signing_certificate),
    "no-answer": (3, "old", "any", _no_answer),
    "connector-refuses": (3, "new", "any", _connector_refuses),
    "template-not-supported": (
        4,
        "old",
        "any",
        _ca_denies(
            "0x80094800 (-2146875392 CERTSRV_E_UNSUPPORTED_CERT_TYPE)",
            "The requested certificate template is not supported by this CA.",
        ),
    ),
    "template-denied": (
        4,
        "new",
        "any",
        _ca_denies(
            "0x80094012 (-2146877422 CERTSRV_E_TEMPLATE_DENIED)",
            "The permissions on the certificate template do not allow the current user to enroll for this type of certificate.",
        ),
    ),
    "ca-unreachable": (4, "old", "any", _ca_unreachable),
    "issue-fails": (4, "new", "any", _issue_fails),
    "ios-22013": (4, "old", "ios", _ios_22013),
    "install-fails": (5, "new", "windows", _install_fails),
    "notify-fails-new": (6, "new", "any", _notify_fails),
    "notify-fails-old": (6, "old", "any", _notify_fails),
}
"""name: (step, connector, platform, what an enrolment with the fault writes)"""
