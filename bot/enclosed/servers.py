"""What registered servers hand out to devices, as far as it is remembered, to compare a message with it."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from bot.errors import ConnectorError
from bot.findings import Past
from bot.ports import Store
from bot.redaction import redact
from knowledge.answers import cut
from knowledge.certificates import ScepError
from knowledge.scep import Bundle, Role, read_bundle
from knowledge.scep_messages import CertificateName, named

MOST: Final = 50
"""Servers that a message is compared with where its address tells none."""

_CHECK = "ra-certificates"
Purpose = Literal["encryption", "signature", "authority"]
_PURPOSES: Mapping[Role, frozenset[Purpose]] = {
    "encryption": frozenset({"encryption"}),
    "signature": frozenset({"signature"}),
    "both": frozenset({"encryption", "signature"}),
    "none": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Handed:
    """A certificate of a server. `gone` are the looks between which it was replaced: the last that saw it and the
    first that did not; None for one that is handed out."""

    name: CertificateName
    purposes: frozenset[Purpose]
    not_before: datetime | None
    not_after: datetime | None
    gone: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True)
class HandsOut:
    """The certificates that a server handed out when it was last seen well (`at`), and the RA certificate before those.
    `meant`: the text names its address."""

    server: str
    at: datetime
    certificates: tuple[Handed, ...]
    meant: bool = False

    def find(self, name: CertificateName) -> Handed | None:
        """The certificate of this name, if it is or was the server's."""
        return next((one for one in self.certificates if one.name in (name, _as_kept(name))), None)

    @property
    def encryption(self) -> Handed | None:
        """The RA certificate to encrypt to, the newest."""
        fitting = [one for one in self.certificates if "encryption" in one.purposes and not one.gone]
        return max(fitting, key=lambda one: one.not_before or self.at, default=None)

    @property
    def issuer(self) -> str | None:
        """Who issued that."""
        return self.encryption.name.issuer if self.encryption else None


def _as_kept(name: CertificateName) -> CertificateName:
    """A name as the evidence of a check has it: what looks like a person's is removed there."""
    return name._replace(issuer=redact(cut(name.issuer)))


async def handed_out(store: Store, hosts: Collection[str], patience: float) -> tuple[HandsOut, ...]:
    """What the servers hand out that these hosts are, else what all do. In `patience` seconds as many as answer; none
    where the database is away: knowledge needs no database."""
    found: list[HandsOut] = []
    try:
        async with asyncio.timeout(patience):
            servers = await store.servers()
            named = [one for one in servers if {one.host.lower(), (one.internal_name or "").lower()} & set(hosts)]
            for server in named or servers[:MOST]:
                known = remembered(server.name, await store.past(server.name))
                found += [replace(known, meant=bool(named))] if known else []
    except (ConnectorError, TimeoutError):
        pass
    return tuple(found)


def remembered(server: str, past: Past) -> HandsOut | None:
    """What is remembered of a server; None where it was never seen well."""
    if past.at is None or past.bundle is None:
        return None
    try:
        bundle = read_bundle(past.bundle)
        return HandsOut(server, past.at, (*_handed(bundle), *_former(past)))
    except ScepError:
        return None


def _handed(bundle: Bundle) -> Iterator[Handed]:
    for ra in bundle.ra:
        yield Handed(named(ra.facts), _PURPOSES[ra.role], ra.facts.not_before, ra.facts.not_after)
    for ca in bundle.authorities:
        yield Handed(named(ca), frozenset({"authority"}), ca.not_before, ca.not_after)


def _former(past: Past) -> Iterator[Handed]:
    """The RA certificate that the check saw replaced, from its evidence."""
    evidence = next((finding.evidence for finding in past.findings if finding.check == _CHECK), {})
    told = [evidence.get(f"former_{name}") for name in ("issuer", "serial", "not_after", "seen", "gone")]
    if not all(isinstance(one, str) for one in told):
        return
    issuer, serial, *times = map(str, told)
    try:
        until, seen, gone = map(datetime.fromisoformat, times)
    except ValueError:
        return
    yield Handed(CertificateName(issuer, serial), frozenset({"encryption"}), None, until, (seen, gone))
