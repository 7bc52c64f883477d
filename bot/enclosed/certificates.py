"""What is wrong for NDES with a certificate or a binding: only what is certain, each with the fact that it rests on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.enclosed.words import authority, foreign, plain
from knowledge.enclosed.types import (
    CLIENT_AUTHENTICATION,
    REQUEST_AGENT,
    SERVER_AUTHENTICATION,
    Enclosed,
    ShownCertificate,
)

SOON: Final = timedelta(days=30)
_PURPOSES = {
    REQUEST_AGENT: "Certificate Request Agent",
    SERVER_AUTHENTICATION: "Server Authentication",
    CLIENT_AUTHENTICATION: "Client Authentication",
}
_ANY = "2.5.29.37.0"  # any purpose
_HTTPS = "443"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong: its word for scripts, the sentence for people, the entry that tells more. `shortly` is for a
    title: of a certificate what follows its name (`that has expired`), of a binding all of it. `grave`: NDES or its
    devices fail for it; else it is good to know."""

    word: str
    shortly: str
    said: str
    entry: str | None = None
    grave: bool = True


# --- certificates ----------------------------------------------------------------------------


def called(one: ShownCertificate) -> str:
    """What a certificate is, in words."""
    usage = one.key_usage or frozenset()
    if one.is_ra:
        role = {"keyEncipherment": " for encryption", "digitalSignature": " for signing"}
        roles = [words for bit, words in role.items() if bit in usage]
        return f"RA certificate{roles[0] if len(roles) == 1 else ''}"
    if one.is_ca:
        return "root certificate" if one.self_signed else "CA certificate"
    if SERVER_AUTHENTICATION in (one.ekus or ()):
        return "TLS server certificate"
    return "client certificate" if CLIENT_AUTHENTICATION in (one.ekus or ()) else "certificate"


def faults(one: ShownCertificate, enclosed: Enclosed, now: datetime) -> tuple[Fault, ...]:
    """What is wrong with a certificate, or soon will be. Of an RA certificate that has its successor beside it nothing
    matters any more: NDES takes the newest of each kind."""
    if one.not_after and _has_successor(one, enclosed, now):
        said = (
            f"It expired on {one.not_after.shown}; NDES takes the newest of its kind, and a valid one stands beside it."
        )
        return (Fault("superseded", "that was replaced", said, grave=False),)
    return (*_of_time(one, now), *(_of_ra(one) if one.is_ra else _of_others(one)), *_of_signature(one))


def _has_successor(one: ShownCertificate, enclosed: Enclosed, now: datetime) -> bool:
    expired = one.is_ra and one.not_after is not None and one.not_after.latest < now
    return expired and any(
        other.is_ra and called(other) == called(one) and other.not_after and other.not_after.earliest >= now
        for other in enclosed.certificates
    )


def _of_time(one: ShownCertificate, now: datetime) -> Iterator[Fault]:
    until, since = one.not_after, one.not_before
    if until and until.latest < now:
        yield Fault(
            "expired", "that has expired", f"It expired on {until.shown}. {_consequence(one)}", _expired_entry(one)
        )
    elif until and until.latest < now + SOON:
        yield Fault(
            "expiring", "that expires soon", f"It expires soon, on {until.shown}.", _expired_entry(one), grave=False
        )
    if since and since.earliest > now:
        yield Fault(
            "not-yet-valid",
            "that is not valid yet",
            f"It is only valid from {since.shown} on: until then it is refused like an expired one.",
        )


def _consequence(one: ShownCertificate) -> str:
    if one.is_ra:
        return "NDES starts only with two valid RA certificates; with an expired one every enrolment ends in HTTP 500."
    if one.is_ca:
        return "What it issued is not trusted any more."
    if SERVER_AUTHENTICATION in (one.ekus or ()):
        return "Devices end the TLS connection to a server that shows it."
    return "Whoever is shown it refuses it."


def _expired_entry(one: ShownCertificate) -> str | None:
    if one.is_ra:
        return "ndes-500-ra-certificates-expired"
    return "server-certificate-expired" if SERVER_AUTHENTICATION in (one.ekus or ()) and not one.is_ca else None


def _of_ra(one: ShownCertificate) -> Iterator[Fault]:
    other = "ndes-ra-certificates-revoked-or-deleted"
    if one.ekus is not None and REQUEST_AGENT not in one.ekus:
        said = (
            f"It lacks the extended key usage Certificate Request Agent ({REQUEST_AGENT}), by which NDES finds its own."
        )
        yield Fault("no-request-agent", "without the usage Certificate Request Agent", said, other)
    if one.key_usage is not None and not one.key_usage & {"keyEncipherment", "digitalSignature"}:
        said = "Its key usage allows neither key encipherment nor digital signature: NDES needs one of each."
        yield Fault("wrong-key-usage", "with the wrong key usage", said, other)
    if one.self_signed:
        yield Fault(
            "self-signed",
            "that is self-signed",
            "It is self-signed; NDES takes only RA certificates that its own CA issued.",
            other,
        )
    if one.provider and "key storage provider" in one.provider.lower():
        said = (
            f"Its key is in `{foreign(one.provider)}`, a CNG provider (KSP). NDES can only use keys in a provider of "
            "the older CryptoAPI (CSP), such as Microsoft Strong Cryptographic Provider."
        )
        yield Fault("key-in-ksp", "with its key in a KSP", said, "ndes-setup-unsupported")
    if one.key and not one.key.startswith("RSA") and "keyEncipherment" in (one.key_usage or ()):
        yield Fault(
            "no-rsa-key", "without an RSA key", f"Its key is {foreign(one.key)}; SCEP clients encrypt to an RSA key."
        )
    if one.key_trouble:
        yield Fault(
            "key-unusable", "whose private key cannot be used", _trouble(one.key_trouble, "NDES"), other, grave=False
        )


def _trouble(words: str, who: str) -> str:
    return (
        f"`{foreign(words)}`: whoever ran certutil could not use its private key. Run it as administrator; if it says "
        f"so there too, {who} cannot use it either."
    )


def _of_others(one: ShownCertificate) -> Iterator[Fault]:
    server = SERVER_AUTHENTICATION in (one.ekus or ()) and not one.is_ca
    if server and one.names == ():
        said = (
            "It has no DNS name in its subject alternative name; no current device looks for the host in the subject."
        )
        yield Fault("no-dns-name", "without a DNS name", said, "server-certificate-name-mismatch-external")
    if server and one.key_trouble:
        yield Fault(
            "key-unusable",
            "whose private key cannot be used",
            _trouble(one.key_trouble, "IIS"),
            "schannel-36870-private-key",
            grave=False,
        )
    if CLIENT_AUTHENTICATION in (one.ekus or ()) and one.provider and "key storage provider" in one.provider.lower():
        said = "Its key is in a CNG provider (KSP): only the setup of the old connector stops at that, with 0x80090014."
        yield Fault("key-in-ksp", "with its key in a KSP", said, "connector-0x80090014-key-provider", grave=False)


def _of_signature(one: ShownCertificate) -> Iterator[Fault]:
    """The signature of a root on itself convinces nobody, so it does not count."""
    signature = one.signature or ""
    weak = signature in ("sha1", "md5") or signature.startswith("rsassa-pss")
    if weak and (one.is_ra or one.is_ca) and not one.self_signed:
        name = {"sha1": "SHA-1", "md5": "MD5"}.get(signature, "RSASSA-PSS")
        said = f"It is signed with {name}; Apple devices refuse an answer to GetCACert with such a certificate in it."
        yield Fault(
            "weak-signature", "with a signature that Apple devices refuse", said, "ios-no-getcacaps-ra-response-invalid"
        )


def subject(one: ShownCertificate) -> str | None:
    """Whose it is; only those of servers and CAs have their names shown whatever they are."""
    if one.subject is None:
        return None
    nobody = one.is_ra or one.is_ca or SERVER_AUTHENTICATION in (one.ekus or ())
    return authority(one.subject) if nobody else foreign(one.subject)


def rows(one: ShownCertificate) -> tuple[tuple[str, str], ...]:
    """All that a text shows of a certificate, for a table."""
    return tuple((name, value) for name, value in _rows(one) if value)


def _rows(one: ShownCertificate) -> Iterator[tuple[str, str]]:
    yield "Subject", subject(one) or ""
    yield "Issuer", authority(one.issuer or "") if not one.self_signed else "itself (self-signed)"
    yield "Serial", f"`{one.serial}`" if one.serial else ""
    yield "Thumbprint", f"`{one.thumbprint}`" if one.thumbprint else ""
    since, until = one.not_before, one.not_after
    span = (f"from {since.shown}" if since else "", f"until {until.shown}" if until else "")
    yield "Valid", " ".join(filter(None, span))
    yield "Key usage", ", ".join(sorted(one.key_usage)) if one.key_usage else ""
    yield (
        "Extended key usage",
        ", ".join(sorted(_PURPOSES.get(one, foreign(one, 80)) for one in one.ekus)[:12]) if one.ekus else "",
    )
    yield "DNS names", plain(", ".join(one.names[:10])) if one.names else ""
    yield "Template", foreign(one.template or "", 80)
    yield "Key", foreign(one.key or "", 40)
    yield "Signature", foreign(one.signature or "", 60)
    yield "Key provider", foreign(one.provider or "", 80)


# --- bindings --------------------------------------------------------------------------------


def binding_faults(enclosed: Enclosed, now: datetime) -> tuple[Fault, ...]:
    """What is wrong with the bindings of a listing, alone and beside the certificates in the same text."""
    if enclosed.bindings is None:
        return ()
    found: list[Fault] = []
    if not any(binding.port == _HTTPS for binding in enclosed.bindings):
        shortly = (
            "None of the bindings in this listing is for port 443"
            if enclosed.bindings
            else "This listing has no binding"
        )
        said = f"{shortly}: without one for port 443 nothing answers a device over HTTPS."
        found.append(Fault("no-https-binding", shortly, said, "https-binding-missing"))
    if any(one.thumbprint for one in enclosed.certificates):
        for thumbprint in dict.fromkeys(one.thumbprint for one in enclosed.bindings if one.thumbprint):
            bound = [one for one in enclosed.bindings if one.thumbprint == thumbprint]
            found += _of_bound([plain(one.address, 80) for one in bound], enclosed.bound(bound[0]), thumbprint, now)
    return tuple(found)


def _of_bound(addresses: list[str], one: ShownCertificate | None, thumbprint: str, now: datetime) -> Iterator[Fault]:
    others = f" and {len(addresses) - 1} more" if addresses[1:] else ""
    shortly = f"The certificate bound to {addresses[0]}{others}"
    which = f"The certificate bound to {', '.join(f'`{address}`' for address in addresses[:5])}"
    if one is None:
        said = f"{which} (`{thumbprint}`) is not among those in this paste."
        yield Fault("bound-certificate-not-shown", f"{shortly} is not in this paste", said, grave=False)
        return
    if one.not_after and one.not_after.latest < now:
        said = f"{which} expired on {one.not_after.shown}; devices end the connection."
        yield Fault("bound-certificate-expired", f"{shortly} has expired", said, "server-certificate-expired")
    if one.ekus and not one.ekus & {SERVER_AUTHENTICATION, _ANY}:
        said = f"{which} lacks the extended key usage Server Authentication."
        entry = "server-certificate-untrusted-by-device"
        yield Fault("bound-certificate-no-server", f"{shortly} is not for servers", said, entry)
