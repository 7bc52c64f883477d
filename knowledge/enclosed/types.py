"""The nouns of what stands in a text: a certificate as it is shown there, a binding, a moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from knowledge.scep_messages import CertificateName, ScepMessage

REQUEST_AGENT = "1.3.6.1.4.1.311.20.2.1"
SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1"
CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2"
"""Extended key usages that NDES and those around it need."""


class Moment(NamedTuple):
    """A time as a text shows it. Programs print it in a zone and an order of day and month that they do not tell, so
    it lies between `earliest` and `latest` (aware)."""

    shown: str
    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """A certificate as far as a text shows it; None is what it does not show.

    `issuer` and `subject` as in `CertificateFacts` or as the program prints them, `serial` and `thumbprint` (SHA-1)
    in upper-case hex; `signature` the digest, with "rsassa-pss " before it for PSS; `key` such as "RSA 2048"; `names`
    those of the SAN; `template` its name or number. `provider` holds the private key, `key_trouble` are the words that
    say that it cannot be used.
    """

    subject: str | None = None
    issuer: str | None = None
    serial: str | None = None
    thumbprint: str | None = None
    not_before: Moment | None = None
    not_after: Moment | None = None
    ekus: frozenset[str] | None = None
    key_usage: frozenset[str] | None = None
    signature: str | None = None
    key: str | None = None
    self_signed: bool | None = None
    is_ca: bool | None = None
    names: tuple[str, ...] | None = None
    template: str | None = None
    provider: str | None = None
    key_trouble: str | None = None

    @property
    def name(self) -> CertificateName | None:
        """How CMS would name it."""
        return CertificateName(self.issuer, self.serial) if self.issuer and self.serial else None

    @property
    def is_ra(self) -> bool:
        """Whether it is one of the two certificates that NDES has for itself, or is meant to be."""
        if self.is_ca:
            return False
        template = (self.template or "").lower().replace(" ", "")
        return (
            REQUEST_AGENT in (self.ekus or ())
            or template.startswith(("cepencryption", "enrollmentagentoffline", "exchangeenrollmentagent"))
            or "-MSCEP-RA" in (self.subject or "").upper()
        )


@dataclass(frozen=True, slots=True)
class Binding:
    """A certificate that http.sys has for an address, such as `0.0.0.0:443`. `thumbprint` in upper-case hex; None for
    one that IIS looks up in its central store."""

    address: str
    thumbprint: str | None = None

    @property
    def port(self) -> str:
        """The port as it is written."""
        return self.address.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What stands in a text. `bindings` is None without a listing of them, and may be empty with one; `hosts` are those
    of its URLs; `alone`: next to nothing else stands there."""

    messages: tuple[ScepMessage, ...] = ()
    certificates: tuple[ShownCertificate, ...] = ()
    bindings: tuple[Binding, ...] | None = None
    hosts: tuple[str, ...] = ()
    alone: bool = False

    def __bool__(self) -> bool:
        return bool(self.messages or self.certificates or self.bindings is not None)

    @property
    def requests(self) -> tuple[ScepMessage, ...]:
        """The messages that a server has to open, of which it is known whom they are encrypted to."""
        return tuple(one for one in self.messages if one.recipients and not one.is_answer)

    def bound(self, binding: Binding) -> ShownCertificate | None:
        """The certificate of a binding, where the text shows that too."""
        return next(
            (one for one in self.certificates if binding.thumbprint and one.thumbprint == binding.thumbprint), None
        )


def first(certificates: Iterable[ShownCertificate]) -> tuple[ShownCertificate, ...]:
    """Each certificate once: of those with the same thumbprint the one that tells most."""
    kept: dict[object, ShownCertificate] = {}
    for one in certificates:
        key: object = one.thumbprint or id(one)
        if key not in kept or _told(one) > _told(kept[key]):
            kept[key] = one
    return tuple(kept.values())


def _told(one: ShownCertificate) -> int:
    return sum(getattr(one, name) is not None for name in ShownCertificate.__dataclass_fields__)
