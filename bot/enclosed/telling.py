"""All that stands in a text as one answer, alone or beside what the knowledge says of the words around it."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from bot.enclosed import certificates, messages
from bot.enclosed.certificates import Fault
from bot.enclosed.messages import Standing
from bot.enclosed.servers import HandsOut, handed_out
from bot.enclosed.words import authority, foreign, plain
from bot.ports import Store
from bot.times import many
from bot.types import Answer, Block, Caution, Choices, Facts, Fold, Heading, Text, Tone
from knowledge.enclosed.finding import find
from knowledge.enclosed.marks import may_hold
from knowledge.enclosed.types import Binding, Enclosed, ShownCertificate
from knowledge.library import Library
from knowledge.scep_messages import CertificateName, ScepMessage
from knowledge.scep_words import REASONS

_SHORT: Final = 2_000  # characters that are read in a millisecond
_MOST_SHOWN = 10  # certificates of one answer, and bindings
_AROUND: Final = Text("The words around it fit nothing in the knowledge base well enough to be an answer.")
_Judged = tuple[ShownCertificate, tuple[Fault, ...]]


@dataclass(frozen=True, slots=True)
class Told:
    """What to say of a text. `about` is the entry of what is wrong; `alone`: there is nothing else in the text."""

    title: str
    tone: Tone
    blocks: tuple[Block, ...]
    about: str | None
    alone: bool


async def added(
    text: str,
    answer: Answer | None,
    *,
    addressed: bool,
    library: Library,
    store: Store,
    now: datetime,
    patience: float,
) -> Answer | None:
    """An answer to a text, with what stands in it beside what the registered servers hand out. The database gets
    `patience` seconds. Where the bot keeps silent it stays so."""
    if answer is None or not may_hold(text):
        return answer
    enclosed = find(text) if len(text) <= _SHORT else await asyncio.to_thread(find, text)
    servers = await handed_out(store, enclosed.hosts, patience) if enclosed.requests else ()
    return joined(answer, told(enclosed, library, now, servers), addressed=addressed)


def joined(answer: Answer | None, found: Told | None, *, addressed: bool = True) -> Answer | None:
    """One answer of both. What is in the text takes the place of "not known"; it leads where the text is nothing else
    or only it has a fault, else it follows. To an overheard text that is nothing else, nothing is said."""
    if found is None:
        return answer
    if answer is None or (found.alone and not addressed):
        return None
    if answer.tone == "unknown":
        blocks = found.blocks if found.alone else (*found.blocks, _AROUND)
        return replace(answer, title=found.title, tone=found.tone, blocks=blocks, about=found.about)
    if answer.tone != "problem" and (found.alone or found.tone == "problem"):
        blocks = (*found.blocks, Heading(answer.title, answer.tone), *answer.blocks)
        about = found.about or answer.about
        return replace(answer, title=found.title, tone=found.tone, blocks=blocks, about=about)
    return replace(answer, blocks=(*answer.blocks, Heading(found.title, found.tone), *found.blocks))


def told(enclosed: Enclosed, library: Library, now: datetime, servers: Sequence[HandsOut] = ()) -> Told | None:
    """What stands in a text, in words; None where nothing does. `servers` are those that a message may be meant for."""
    if not enclosed:
        return None
    standings = [messages.standing(message, servers, now) for message in enclosed.messages]
    judged = [(one, certificates.faults(one, enclosed, now)) for one in enclosed.certificates]
    bindings = certificates.binding_faults(enclosed, now)
    faults = sorted((*(fault for _, found in judged for fault in found), *bindings), key=lambda fault: not fault.grave)
    bad = [one for one in standings if one and one.tone == "problem"]
    entries = [one for one in _entries(bad, enclosed.messages, faults) if one in library.entries]
    blocks = [
        *_of_messages(enclosed, standings, now),
        *_of_certificates(judged),
        *_of_bindings(enclosed, bindings),
    ]
    if entries:
        options = tuple((library.entries[entry].title, f"explain {entry}") for entry in entries[:4])
        blocks.append(Choices("What it leads to, and the way out:", options))
    failed = any(message.status == "FAILURE" for message in enclosed.messages)
    tone: Tone = "problem" if bad or failed or any(fault.grave for fault in faults) else "info"
    about = entries[0] if entries and tone == "problem" else None
    return Told(_title(enclosed, standings, judged, bindings), tone, tuple(blocks), about, enclosed.alone)


def _entries(bad: Iterable[Standing], said: Iterable[ScepMessage], faults: Iterable[Fault]) -> list[str]:
    """The entries that tell more, those of what is worst first."""
    named = [*(one.entry for one in bad), *map(_answered, said), *(fault.entry for fault in faults)]
    return list(dict.fromkeys(entry for entry in named if entry))


def _answered(message: ScepMessage) -> str | None:
    if message.status == "FAILURE" and message.failinfo and message.failinfo in REASONS.values():
        return f"scep-failinfo-{message.failinfo.lower()}"
    return "scep-pending" if message.status == "PENDING" else None


# --- titles ----------------------------------------------------------------------------------


def _title(
    enclosed: Enclosed, standings: Sequence[Standing | None], judged: Sequence[_Judged], bindings: Sequence[Fault]
) -> str:
    """The most telling: a message, else what is wrong with certificates, else with bindings, else what there is."""
    if enclosed.messages:
        which = next((i for i, one in enumerate(standings) if one and one.tone == "problem"), 0)
        called, standing = messages.called(enclosed.messages[which]), standings[which]
        return f"{called}, {standing.said}" if standing else called
    wrong = [(one, fault) for one, found in judged if (fault := next((f for f in found if f.grave), None))]
    unbound = next((fault for fault in bindings if fault.grave), None)
    if unbound and not wrong:
        return unbound.shortly
    if len(judged) > 1:
        return f"{len(judged)} certificates, {_with_faults(wrong)}"
    if judged:
        called = _called(judged[0][0])
        title = f"{called} {wrong[0][1].shortly}" if wrong else f"{called}, {_until(judged[0][0], 'valid ')}"
        return f"{title[0].upper()}{title[1:]}"
    return f"{many(len(enclosed.bindings or ()), 'binding')} of certificates to addresses"


def _with_faults(wrong: Sequence[tuple[ShownCertificate, Fault]]) -> str:
    if len(wrong) != 1:
        return f"{len(wrong) or 'none'} of them with a fault"
    one, fault = wrong[0]
    return f"among them {_called(one)} {fault.shortly}"


def _called(one: ShownCertificate) -> str:
    called = certificates.called(one)
    return f"{'an' if called.startswith('RA') else 'a'} {called}"


# --- blocks ----------------------------------------------------------------------------------


def _of_messages(enclosed: Enclosed, standings: Sequence[Standing | None], now: datetime) -> Iterator[Block]:
    for number, (message, standing) in enumerate(zip(enclosed.messages, standings, strict=True)):
        said = standing.why if standing else ""
        inside = messages.beside(message, enclosed.certificates, now)
        blocks: list[Block] = [Text(words) for words in (said, inside) if words]
        blocks.append(Facts(messages.rows(message)))
        if number == 0:
            yield from blocks
        else:
            yield Fold(messages.called(message), standing.said if standing else "", tuple(blocks))


def _of_certificates(judged: Sequence[_Judged]) -> Iterator[Block]:
    for one, found in judged[:_MOST_SHOWN]:
        blocks: tuple[Block, ...] = (*map(_of_fault, found), Facts(certificates.rows(one)))
        if len(judged) == 1:
            yield from blocks
            return
        called = certificates.called(one)
        hint = ", ".join(fault.shortly for fault in found) or _until(one)
        grave = any(fault.grave for fault in found)
        yield Fold(f"{called[0].upper()}{called[1:]}{_marked(one)}", hint, blocks, open=grave)
    if len(judged) > _MOST_SHOWN:
        yield Text(f"{many(len(judged) - _MOST_SHOWN, 'more certificate')} in this paste are not shown.")


def _until(one: ShownCertificate, valid: str = "") -> str:
    return f"{valid}until {one.not_after.shown}" if one.not_after else "no dates shown"


def _marked(one: ShownCertificate) -> str:
    return f", serial {one.serial[:64]}" if one.serial else ""


def _of_fault(fault: Fault) -> Block:
    return Caution(fault.said) if fault.grave else Text(fault.said)


def _of_bindings(enclosed: Enclosed, faults: Sequence[Fault]) -> Iterator[Block]:
    yield from map(_of_fault, faults)
    if enclosed.bindings:
        yield Facts(tuple((plain(one.address, 80), _bound(one)) for one in enclosed.bindings[:_MOST_SHOWN]))


def _bound(binding: Binding) -> str:
    return f"`{binding.thumbprint}`" if binding.thumbprint else "of the central store"


# --- for scripts -----------------------------------------------------------------------------


def as_fields(enclosed: Enclosed, library: Library, now: datetime, servers: Sequence[HandsOut] = ()) -> dict[str, Any]:
    """What stands in a text as JSON has it; without names of people, as an answer."""
    found = told(enclosed, library, now, servers)
    return {
        "title": found.title if found else None,
        "tone": found.tone if found else None,
        "messages": [_message_fields(one, messages.standing(one, servers, now)) for one in enclosed.messages],
        "certificates": [_certificate_fields(one, enclosed, now) for one in enclosed.certificates],
        "bindings": None if enclosed.bindings is None else [asdict(one) for one in enclosed.bindings],
        "binding_faults": [_fault_fields(fault) for fault in certificates.binding_faults(enclosed, now)],
        "alone": enclosed.alone,
    }


def _message_fields(message: ScepMessage, standing: Standing | None) -> dict[str, Any]:
    signer = message.signer
    return {
        "type": message.kind,
        "recipients": [_name_fields(one, of_server=not message.is_answer) for one in message.recipients],
        "signer": None
        if signer is None
        else {
            "subject": foreign(signer.subject),
            "issuer": foreign(signer.issuer),
            "serial": signer.serial,
            "self_signed": signer.self_signed,
        },
        "digest": message.digest,
        "signature": message.signature,
        "encryption": message.encryption,
        "key_transport": message.transport,
        "transaction": message.transaction,
        "sender_nonce": message.has_nonce,
        "status": message.status,
        "failinfo": message.failinfo,
        "bytes": message.bytes,
        "of": message.of,
        "cut": message.cut,
        "recipient_is": None if standing is None else standing.word,
        "server": None if standing is None else standing.server,
    }


def _name_fields(name: CertificateName, *, of_server: bool) -> dict[str, Any]:
    return {
        "issuer": (authority if of_server else foreign)(name.issuer),
        "serial": name.serial,
        "key_identifier": name.key_identifier or None,
    }


def _certificate_fields(one: ShownCertificate, enclosed: Enclosed, now: datetime) -> dict[str, Any]:
    return {
        "kind": certificates.called(one),
        "subject": certificates.subject(one),
        "issuer": one.issuer and (foreign if one.self_signed else authority)(one.issuer),
        "serial": one.serial,
        "thumbprint": one.thumbprint,
        "not_before": one.not_before and one.not_before.shown,
        "not_after": one.not_after and one.not_after.shown,
        "key_usage": None if one.key_usage is None else sorted(one.key_usage),
        "ekus": None if one.ekus is None else sorted(one.ekus),
        "template": one.template and foreign(one.template, 80),
        "provider": one.provider and foreign(one.provider, 80),
        "signature": one.signature,
        "key": one.key,
        "self_signed": one.self_signed,
        "faults": [_fault_fields(fault) for fault in certificates.faults(one, enclosed, now)],
    }


def _fault_fields(fault: Fault) -> dict[str, Any]:
    return {"word": fault.word, "said": fault.said, "entry": fault.entry, "grave": fault.grave}
