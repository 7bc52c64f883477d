"""Is it worth looking for certificates and messages in a text? Nearly always it is not, and that must cost nothing."""

from typing import Final

LONGEST: Final = 512 * 1024
"""Characters of a text that are looked at: a hundred certificates have a third of that."""

_BASE64 = ("KoZIhvcNAQcC", "CSqGSIb3DQEHA", "BEGIN CERT", "BEGIN X509", "BEGIN TRUSTED", "BEGIN PKCS", "BEGIN CMS")
"""How signed data begins in base64, whatever its length, and how PEM does."""
_CERTUTIL = (
    "X509 Certificate:",
    "X.509-Zertifikat",
    "= Certificate ",
    "= Zertifikat ",
    "Cert Hash(sha1)",
    "ertifikathash(sha1)",
)
_NETSH = ("ertificate bindings:", "ertifikatbindungen", "ertificate Hash  ", "ertifikathash  ")
"""Words of listings, English and German."""
_MARKS = (*_BASE64, *_CERTUTIL, *_NETSH)


def may_hold(text: str) -> bool:
    """Whether one of the marks is there: takes microseconds for a short text, some milliseconds for the longest."""
    head = text if len(text) <= LONGEST else text[:LONGEST]
    return any(mark in head for mark in _MARKS)
