"""Foreign words from certificates and messages, made fit to be shown."""

from datetime import datetime

from bot.redaction import redact
from knowledge.answers import cut
from knowledge.scep_messages import CertificateName


def foreign(words: str, most: int = 160) -> str:
    """Words out of a certificate: without names of people, in one line, nothing in them taken for code."""
    return plain(redact(words[: 4 * most]), most)


def authority(words: str, most: int = 160) -> str:
    """The name of a CA or of a server, which is nobody's: what looks like a person's in `CN=` stays."""
    return foreign(words[: 4 * most].replace("CN=", "CN:"), most).replace("CN:", "CN=")


def plain(words: str, most: int = 160) -> str:
    """Words that hold nobody's name or secret, in one line, nothing in them taken for code."""
    return cut(words.replace("`", "'"), most)


def day(at: datetime) -> str:
    """A day; where the hour counts the certificate's own words are shown."""
    return f"{at:%Y-%m-%d}"


def of_certificate(name: CertificateName, *, of_server: bool) -> str:
    """A certificate as CMS names it. What a client made for itself has its own name as issuer."""
    if name.key_identifier:
        return f"the key with the identifier `{name.key_identifier}`"
    issuer = authority(name.issuer) if of_server else foreign(name.issuer)
    return f"serial `{name.serial}`, issued by {issuer}"
