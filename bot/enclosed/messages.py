"""What a SCEP message says of itself, and whether the server can open it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from bot.enclosed.servers import Handed, HandsOut
from bot.enclosed.words import authority, day, foreign, of_certificate, plain
from bot.types import Tone
from knowledge.enclosed.types import ShownCertificate
from knowledge.scep_messages import CertificateName, ScepMessage

CANNOT_DECRYPT: Final = "ndes-event-18-cannot-decrypt"
EXPIRED: Final = "ndes-500-ra-certificates-expired"

_FRESH: Final = timedelta(days=1)

Word = Literal["current", "expired", "signing", "authority", "former", "other", "unknown"]
"""How the recipient of a message stands to a server: its RA certificate now, the same run out, the RA certificate
for signing, the CA's own, the RA certificate before, some other, or nothing to compare with."""

_DOES = {
    "PKCSReq": "asks for a certificate",
    "RenewalReq": "asks for a new certificate in place of one that is still valid",
    "UpdateReq": "asks for a new certificate in place of one that is still valid (a type of old drafts)",
    "CertPoll": "asks what became of an earlier request",
    "GetCert": "asks for a certificate that was issued before",
    "GetCRL": "asks for a revocation list",
    "CertRep": "is what the server answers",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How the recipient of a message stands to a server; `said` ends a title, `why` is a sentence of its own. `server`
    is None where it is not about one."""

    word: Word
    said: str
    why: str
    server: str | None = None

    @property
    def tone(self) -> Tone:
        """The tone of an answer about it."""
        return "info" if self.word in ("current", "unknown") else "problem"

    @property
    def entry(self) -> str | None:
        """The entry that tells what it leads to."""
        return {"current": None, "unknown": None, "expired": EXPIRED}.get(self.word, CANNOT_DECRYPT)


def standing(message: ScepMessage, servers: Sequence[HandsOut], now: datetime) -> Standing | None:
    """How the recipient of a message stands to the servers. None for an answer, which is encrypted to the client, and
    where the recipient is not known."""
    if message.is_answer or not message.recipients:
        return None
    return standing_of(message.recipients[0], servers, now)


def standing_of(recipient: CertificateName, servers: Sequence[HandsOut], now: datetime) -> Standing:
    """How a recipient stands to the servers: to the one that knows it, else to all of them."""
    for server in servers:
        if handed := server.find(recipient):
            return _known(handed, server, now)
    if not servers or recipient.key_identifier:
        return Standing("unknown", _unnamed(recipient), "")
    return _stranger(recipient, servers, now)


def _unnamed(recipient: CertificateName) -> str:
    return "encrypted to a key" if recipient.key_identifier else f"encrypted to the certificate {recipient.serial}"


def _known(handed: Handed, server: HandsOut, now: datetime) -> Standing:
    """Of a certificate that is or was the server's."""
    name, seen = server.server, f"as it was last seen well, on {day(server.at)}"
    if handed.gone:
        last, missed = map(_minute, handed.gone)
        why = (
            f"{name} handed this RA certificate out until {last} and another one on {missed}: it was replaced between "
            "the two. NDES opens only what is encrypted to the present one. The client still has the former in memory "
            "and must fetch GetCACert anew."
        )
        return Standing("former", f"encrypted to an RA certificate that {name} does not serve any more", why, name)
    if "authority" in handed.purposes:
        why = (
            f"It is encrypted to a CA certificate in the answer of {name} to GetCACert. NDES has the private "
            "keys of its two RA certificates only: the client must take the one with key encipherment."
        )
        return Standing("authority", "encrypted to the CA certificate itself", why, name)
    if "encryption" not in handed.purposes:
        why = (
            f"It is encrypted to the RA certificate with which {name} signs. NDES opens requests with the other one, "
            "whose key usage is key encipherment: the client took the wrong one of the two."
        )
        return Standing("signing", f"encrypted to the RA certificate with which {name} signs", why, name)
    if handed.not_after and handed.not_after < now:
        why = (
            f"It is encrypted to the RA certificate of {name}, {seen}, and that expired on {day(handed.not_after)}. "
            "NDES does not start with an expired RA certificate: it answers HTTP 500 until both are renewed."
        )
        return Standing("expired", f"encrypted to a certificate that expired on {day(handed.not_after)}", why, name)
    until = f", valid until {day(handed.not_after)}" if handed.not_after else ""
    why = f"It is encrypted to the RA certificate of {name}, {seen}{until}: the recipient is not what is wrong."
    return Standing("current", f"encrypted to the RA certificate that {name} serves", why, name)


def _stranger(recipient: CertificateName, servers: Sequence[HandsOut], now: datetime) -> Standing:
    """Of a certificate that none of the servers is known to have. That is a fault only of one that was meant and that
    was seen so shortly ago that its certificates are still the same."""
    nobody = "encrypted to a certificate of no registered server"
    kin = [one for one in servers if one.issuer == recipient.issuer]
    candidates = [one for one in servers if one.meant] or kin or servers
    if len(candidates) > 1:
        why = (
            f"None of the {len(servers)} servers that were compared hands that certificate out, or did so just before."
        )
        return Standing("unknown", nobody, why)
    (server,) = candidates
    name, present = server.server, server.encryption
    why = f"{name} did not hand this certificate out when it was last seen well, on {_minute(server.at)}; "
    why += f"it is {'from the same CA as' if server in kin else 'not from the CA of'} the RA certificates there."
    if present and present.not_before:
        why += f" What requests to it must be encrypted to has serial `{present.name.serial}`"
        why += f" and is valid since {day(present.not_before)}."
    if not server.meant:
        return Standing("unknown", nobody, why)
    if now - server.at > _FRESH:
        return Standing("unknown", _unnamed(recipient), f"{why} Say `check {name}` to look again.")
    return Standing("other", f"encrypted to a certificate that {name} does not serve", why, name)


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def beside(message: ScepMessage, certificates: Iterable[ShownCertificate], now: datetime) -> str | None:
    """What a certificate in the same paste says of a message that is encrypted to it."""
    names = set(() if message.is_answer else message.recipients)
    one = next((one for one in certificates if one.name in names), None)
    if one is None:
        return None
    if one.not_after and one.not_after.latest < now:
        return f"It is encrypted to a certificate in the same paste, which expired on {one.not_after.shown}."
    kind = "a CA certificate" if one.is_ca else "an RA certificate" if one.is_ra else "a certificate"
    return f"It is encrypted to {kind} in the same paste."


# --- what it says of itself ------------------------------------------------------------------


def called(message: ScepMessage) -> str:
    """What it is, for a title."""
    if message.is_answer:
        said = foreign(", ".join(filter(None, (message.status, message.failinfo))), 60)
        return f"A SCEP answer: {said}" if said else "A SCEP answer"
    if message.kind is None:
        return "A SCEP message that was cut off" if message.cut else "A SCEP message"
    return f"A SCEP request ({foreign(message.kind, 20)})"


def rows(message: ScepMessage) -> tuple[tuple[str, str], ...]:
    """All that it says, for a table."""
    return tuple((name, value) for name, value in _rows(message) if value)


def _rows(message: ScepMessage) -> Iterator[tuple[str, str]]:
    kind = foreign(message.kind or "", 20)
    does = _DOES.get(kind, "is of a type that RFC 8894 does not name")
    yield "Message", f"{kind}: it {does}" if kind else ""
    answer = ", ".join(filter(None, (message.status, message.failinfo)))
    yield "pkiStatus, failInfo", foreign(answer, 60)
    yield "Encrypted to", "; ".join(of_certificate(one, of_server=not message.is_answer) for one in message.recipients)
    yield "Signed by", _signed_by(message)
    algorithms = (
        ("content", message.encryption),
        ("its key", message.transport),
        ("digest", message.digest),
        ("signature", message.signature),
    )
    yield "Algorithms", ", ".join(f"{what} {foreign(name, 60)}" for what, name in algorithms if name)
    yield "Transaction", f"`{plain(message.transaction, 80)}`" if message.transaction else ""
    yield (
        "Sender nonce",
        "there" if message.has_nonce else "" if message.cut else "missing, though RFC 8894 asks for it",
    )
    yield "Read", _read(message)


def _signed_by(message: ScepMessage) -> str:
    signer, of_server = message.signer, message.is_answer
    if signer is None:
        return of_certificate(message.signer_name, of_server=of_server) if message.signer_name else ""
    if signer.self_signed:
        return f"a certificate that the client made for itself (self-signed): {foreign(signer.subject)}"
    subject = authority(signer.subject) if of_server else foreign(signer.subject)
    renews = "" if of_server else " (so it renews with a certificate that was issued before)"
    name = of_certificate(CertificateName(signer.issuer, signer.serial), of_server=True)
    return f"{subject}, {name}{renews}"


def _read(message: ScepMessage) -> str:
    if not message.cut:
        return ""
    of = f" of {message.of:,}" if message.of else ""
    missing = "" if message.kind else "; type, transaction and signer stand in the part that is missing"
    return f"{message.bytes:,}{of} bytes, the rest was cut off{missing}"
