"""The numbers in SCEP messages in words: types, answers, and the algorithms of CMS."""

from collections.abc import Mapping

from knowledge import scep

TYPES: Mapping[str, str] = {
    "3": "CertRep",
    "17": "RenewalReq",
    "18": "UpdateReq",
    "19": "PKCSReq",
    "20": "CertPoll",
    "21": "GetCert",
    "22": "GetCRL",
}
"""Message types (RFC 8894, section 3.2.1.2; 18 is of the drafts before it)."""
STATUSES: Mapping[str, str] = {"0": "SUCCESS", "2": "FAILURE", "3": "PENDING"}
REASONS: Mapping[str, str] = {
    "0": "badAlg",
    "1": "badMessageCheck",
    "2": "badRequest",
    "3": "badTime",
    "4": "badCertId",
}
"""pkiStatus and failInfo in words (RFC 8894, sections 3.2.1.3 and 3.2.1.4)."""

ALGORITHMS: Mapping[str, str] = {
    scep.MD5: "MD5",
    scep.SHA1: "SHA-1",
    scep.SHA256: "SHA-256",
    scep.SHA384: "SHA-384",
    scep.SHA512: "SHA-512",
    "1.3.14.3.2.7": "DES-CBC",
    "1.2.840.113549.3.2": "RC2-CBC",
    "1.2.840.113549.3.7": "3DES-CBC",
    "2.16.840.1.101.3.4.1.2": "AES-128-CBC",
    "2.16.840.1.101.3.4.1.22": "AES-192-CBC",
    "2.16.840.1.101.3.4.1.42": "AES-256-CBC",
    "2.16.840.1.101.3.4.1.6": "AES-128-GCM",
    "2.16.840.1.101.3.4.1.46": "AES-256-GCM",
    "1.2.840.113549.1.1.1": "RSA (PKCS #1 v1.5)",
    "1.2.840.113549.1.1.4": "RSA with MD5",
    "1.2.840.113549.1.1.5": "RSA with SHA-1",
    "1.2.840.113549.1.1.7": "RSA-OAEP",
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.2.840.113549.1.1.11": "RSA with SHA-256",
    "1.2.840.113549.1.1.12": "RSA with SHA-384",
    "1.2.840.113549.1.1.13": "RSA with SHA-512",
    "1.2.840.10045.4.3.2": "ECDSA with SHA-256",
    "1.2.840.10045.4.3.3": "ECDSA with SHA-384",
    "1.2.840.10045.4.3.4": "ECDSA with SHA-512",
}
"""Digests, ciphers and signatures by the numbers of CMS."""
