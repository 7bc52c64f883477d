"""Keeps what logs told as long as somebody may hand it on, and packs the case when somebody does."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bot.errors import BadRequest, ConnectorError
from bot.findings import Server
from bot.judging import judged
from bot.looking import Seen
from bot.packet import Case, Checked, Stood, Tried, Turn, packed
from bot.ports import Casebook, Clock, Diary, Filed, Heard, Store, Use
from bot.timeline import Outline, Story, outline
from bot.types import Answer, Choices, Document, Message, Place, Text
from knowledge.causes import Causes
from knowledge.library import Library

KEPT: Final = timedelta(days=7)
"""How far back a case goes; so long work the buttons too."""
_BEFORE: Final = timedelta(hours=1)  # a server may have been checked before anybody asked
_PATIENCE: Final = 2.0  # seconds that a story may take to be kept
_SERVERS: Final = 5
_STOOD: Final = 50

_CASE: Final = "case"  # of what is filed under a word: the key of the case
_OUTLINE: Final = TypeAdapter(Outline)
_log = logging.getLogger(__name__)


class Cases:
    """The cases of the chats."""

    def __init__(
        self,
        *,
        book: Casebook,
        store: Store,
        diary: Diary,
        library: Library,
        causes: Causes,
        clock: Clock,
        versions: Mapping[str, str],
    ) -> None:
        """`versions` are of the programs that run here."""
        self._book = book
        self._store = store
        self._diary = diary
        self._library = library
        self._causes = causes
        self._clock = clock
        self._versions = versions

    @staticmethod
    def key(message: Message) -> str:
        """By what the case of a message is asked for later: SHA-256 (hex)."""
        return sha256(f"{message.place.surface} {message.id}".encode("utf-8", "surrogatepass")).hexdigest()

    def offered(self, message: Message, answer: Answer) -> Answer:
        """The answer to a message, with a button that packs its case, where something is wrong."""
        if not (answer.tone == "problem" or (message.files and answer.tone == "unknown")):
            return answer
        button = Choices("Not solved?", (("Pack the case", f"packet {self.key(message)}"),))
        return replace(answer, blocks=(*answer.blocks, button))

    async def keep(self, message: Message, story: Story, notes: Sequence[str] = ()) -> None:
        """Keep what the logs of a message told, for a week. Where the database does not take it, the answer goes out
        all the same."""
        told = await asyncio.to_thread(outline, story, notes)
        filed = Filed(self._clock(), message.place, message.sender, _OUTLINE.dump_python(told, mode="json"))
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._book.file(self.key(message), filed)
        except (ConnectorError, TimeoutError) as error:
            _log.error("a story was not kept", extra={"message_id": message.id, "error": type(error).__name__})

    async def handed_on(self, message: Message, key: str) -> Document:
        """The packet, and a word that gets it once more for whoever wished it, in any conversation of that platform:
        some hand over files in personal chats only. Raises as `packet` does."""
        found = await self._found(message, key)
        data = await self._packet(found)
        word = found.word(message.sender)
        # Only the key goes by the name of who wished it: the story stays theirs whose logs it tells of.
        await self._book.file(word, Filed(self._clock(), found.place, message.sender, {_CASE: found.key}))
        return Document(f"ndesbot-{word}.zip", data, f"packet {word}")

    async def packet(self, message: Message, key: str) -> bytes:
        """The packet (a zip) of the case that `key` names: what the logs told, what was asked in that thread, the last
        runs of the servers that were checked from that conversation, and what was tried.

        `message` is the wish for it, which must come from the same conversation, or from whom the case is. Raises
        `BadRequest` where it does not, and where nothing is known; `ConnectorError`.
        """
        return await self._packet(await self._found(message, key))

    async def _found(self, message: Message, key: str) -> "_Found":
        """What a key or a word names, if the message may have it."""
        filed = await self._book.filed(key)
        if filed is None:
            return _Found(key, message.place, None)
        if not _is_open_to(filed, message):
            raise BadRequest("That case is of another conversation; ask for it where its logs were read.")
        case = filed.story.get(_CASE)
        if not isinstance(case, str):
            return _Found(key, filed.place, filed)
        story = await self._book.filed(case)
        # A word may have been got before the logs were read, and in a conversation that they are not of.
        return _Found(case, filed.place, story if story and story.place == filed.place else None)

    async def _packet(self, found: "_Found") -> bytes:
        case = await self._case(found.place, found.filed)
        return await asyncio.to_thread(packed, case)

    async def _case(self, place: Place, filed: Filed | None) -> Case:
        now = self._clock()
        heard = await self._book.heard(place, now - KEPT)
        begins = min([one.at for one in (*heard, *([filed] if filed else ()))], default=now - KEPT + _BEFORE)
        uses = await self._book.uses(place, begins - _BEFORE)
        if not (filed or heard or uses):
            raise BadRequest("There is nothing here to hand on yet: paste an error or put logs here first.")
        people = _People()
        return Case(
            now,
            _story(filed),
            tuple(self._turn(one, people) for one in heard),
            tuple(await self._checked(uses, begins - _BEFORE, now)),
            tuple(Tried(one.at, people[one.who], one.command, one.server or "") for one in uses),
            self._versions,
        )

    def _turn(self, heard: Heard, people: "_People") -> Turn:
        entry = self._library.entries.get(heard.about or "")
        title = entry.title if entry else None
        return Turn(heard.at, people[heard.sender], heard.text, heard.about, title, heard.helped, heard.not_helped)

    async def _checked(self, uses: Sequence[Use], since: datetime, now: datetime) -> list[Checked]:
        """The servers that were checked from here, those of the last checks first: what is told of them was told here
        before."""
        registered = {server.name: server for server in await self._store.servers()}
        names = dict.fromkeys(one.server for one in reversed(uses))
        servers = [registered[name] for name in names if name in registered][:_SERVERS]
        runs = await self._diary.runs(since, now) if servers else []
        past = {s.name: tuple(Stood(run.at, run.verdict) for run in runs if run.server == s.name) for s in servers}
        found = [await self._last(server, past[server.name][-_STOOD:]) for server in servers]
        return [one for one in found if one]

    async def _last(self, server: Server, past: tuple[Stood, ...]) -> Checked | None:
        last = await self._store.last(server.name)
        if last is None:
            return None
        at, findings = last
        report = judged(server, at, Seen(findings, None, 0, 0.0), self._causes)
        return Checked(
            server.name,
            server.url,
            server.front,
            server.module,
            " ".join(part for part in (server.connector, server.connector_version) if part) or None,
            at,
            report.verdict,
            report.findings,
            report.suspects,
            past,
        )


def handing_on(document: Document) -> Answer:
    """The packet, with what is in it and what to mind."""
    told = Text(
        "The time line, the evidence, the checks and what was tried, as Markdown and JSON. Secrets and names of people "
        "are taken out; read it before you send it on."
    )
    return Answer("The case is packed", "info", (told, document))


@dataclass(frozen=True, slots=True)
class _Found:
    """A case before it is gathered: its key, where it is of, and what the logs told, where there were any."""

    key: str
    place: Place
    filed: Filed | None

    def word(self, who: str) -> str:
        """A short key to it for one person, always the same: a case that is handed on often is filed no more often."""
        said = json.dumps([self.place.surface, self.place.conversation, self.place.thread, self.key, who])
        return sha256(said.encode()).hexdigest()[:16]


class _People(dict[str, str]):
    """Persons by their ids, numbered as they come."""

    def __missing__(self, who: str) -> str:
        self[who] = f"person {len(self) + 1}"
        return self[who]


def _is_open_to(filed: Filed, message: Message) -> bool:
    kept, wished = filed.place, message.place
    here = kept.conversation == wished.conversation or filed.sender == message.sender
    return kept.surface == wished.surface and here


def _story(filed: Filed | None) -> Outline | None:
    """What was kept; None, and a line in the log, where another version wrote what this one cannot read."""
    try:
        return _OUTLINE.validate_python(filed.story) if filed and filed.story else None
    except ValidationError as error:
        _log.error("a story of another version cannot be read", extra={"reason": error.errors()[0]["type"]})
        return None
