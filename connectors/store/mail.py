"""The Mail port over SQLAlchemy: what is under way in the chats."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.dialects import postgresql, sqlite

from bot.ports import Offer, Question, Waiting
from bot.redaction import redact
from bot.types import Message, Place
from connectors.store import tables
from connectors.store.database import Begin
from connectors.store.rows import whole_values
from connectors.store.together import Together

SEEN_FOR: Final = timedelta(hours=24)
"""How long a message is known to have been answered; no platform sends one again after that."""
OFFERED_FOR: Final = timedelta(days=7)
"""How long a button works."""
LONGEST: Final = 64_000
"""Characters of a message that are kept until it is answered; of a question that was, `_QUESTION` stay."""
_QUESTION: Final = 600

_TAKEN: Final = "taken"  # beside the fields of the message: how often it was taken over

_MESSAGE: Final = TypeAdapter(Message)
_Received = tuple[Message, str, datetime]
_Posted = tuple[Message, str]
_Referred = tuple[str, dict[str, Any]]
_Ended = tuple[str, dict[str, Any] | None]


def key_of(surface: str, message: str) -> str:
    """A message's key, SHA-256 (hex): a foreign id may have any length."""
    return sha256(f"{surface} {message}".encode("utf-8", "surrogatepass")).hexdigest()


class SqlMail:
    """Messages under way, in a database. Every verb raises `ConnectorError` where that fails."""

    def __init__(self, begin: Begin, dialect: str) -> None:
        """For `SqlStore`: `begin` opens a transaction."""
        self._begin = begin
        insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
        self._insert = insert
        self._received = Together(self._receive_all)
        self._ended = Together(self._end_all)
        self._standing = Together(self._post_all)
        self._referred = Together(self._refer_all)
        self._offers = Together(self._offer_all)

    # --- messages ----------------------------------------------------------------------------

    async def receive(self, message: Message, holder: str, at: datetime) -> bool:
        """Take a message in; whether it is new."""
        return await self._received((message, holder, at))

    async def _receive_all(self, lot: list[_Received]) -> list[bool]:
        """The first of each id wins, also within the lot."""
        keys = [key_of(message.place.surface, message.id) for message, _, _ in lot]
        first = {key: at for at, key in reversed(list(enumerate(keys)))}
        seen = self._insert(tables.seen).on_conflict_do_nothing().returning(tables.seen.c.message)
        async with self._begin() as connection:
            # In one order everywhere: replicas that hear the same would else wait for each other for ever.
            rows = [{"message": key, "at": lot[at][2]} for key, at in sorted(first.items())]
            new = set(await connection.scalars(seen.values(rows)))
            if new:
                await connection.execute(sa.insert(tables.inbox), [_kept(key, *lot[first[key]]) for key in new])
        return [key in new and first[key] == at for at, key in enumerate(keys)]

    async def hold(self, messages: Sequence[Message], holder: str, at: datetime) -> list[Message]:
        """Say that these are still worked on; those of them that are this holder's."""
        c = tables.inbox.c
        keys = {key_of(message.place.surface, message.id): message for message in messages}
        mine = sa.and_(c.message.in_(list(keys)), c.holder == tables.whole(holder))
        hold = sa.update(tables.inbox).where(mine).values(held=at).returning(c.message)
        async with self._begin() as connection:
            return [keys[key] for key in await connection.scalars(hold)]

    async def posted(self, message: Message, sent: str) -> None:
        """Remember where the answer to a message stands."""
        await self._standing((message, sent))

    async def _post_all(self, lot: list[_Posted]) -> list[None]:
        mine = tables.inbox.c.message == sa.bindparam("key", type_=sa.Text)
        put = sa.update(tables.inbox).where(mine).values(sent=sa.bindparam("where", type_=tables.Words))
        rows = [{"key": key_of(message.place.surface, message.id), "where": sent} for message, sent in lot]
        async with self._begin() as connection:
            await connection.execute(put, rows)
        return [None] * len(lot)

    async def answered(self, message: Message, at: datetime, about: str | None) -> None:
        """The message needs nothing more."""
        await self._ended((key_of(message.place.surface, message.id), _question(message, at, about)))

    async def done(self, message: Message) -> None:
        """The message needs nothing more and was no question."""
        await self._ended((key_of(message.place.surface, message.id), None))

    async def _end_all(self, lot: list[_Ended]) -> list[None]:
        keys, questions = [key for key, _ in lot], [question for _, question in lot if question]
        async with self._begin() as connection:
            await connection.execute(sa.delete(tables.inbox).where(tables.inbox.c.message.in_(keys)))
            if questions:
                await connection.execute(sa.insert(tables.questions), questions)
        return [None] * len(lot)

    async def waiting(self) -> list[Waiting]:
        """Every message that needs something, the oldest first."""
        c = tables.inbox.c
        wanted = sa.select(c.fields, c.sent, c.holder, c.held).order_by(c.received, c.message)
        async with self._begin() as connection:
            rows = (await connection.execute(wanted)).all()
        return [
            Waiting(message, row.sent, row.holder, row.held, _taken(row.fields))
            for row in rows
            if (message := _message(row.fields))
        ]

    async def take(self, left: Waiting, holder: str, at: datetime) -> bool:
        """Let a message that was left be this holder's."""
        c = tables.inbox.c
        key = key_of(left.message.place.surface, left.message.id)
        as_seen = sa.and_(c.message == key, c.holder == tables.whole(left.holder), c.held == left.held)
        fields = {**_fields(left.message), _TAKEN: left.taken + 1}
        take = sa.update(tables.inbox).where(as_seen).values(holder=holder, held=at, fields=fields)
        async with self._begin() as connection:
            return (await connection.execute(take)).rowcount == 1

    # --- buttons, questions, conversations ---------------------------------------------------

    async def offer(self, token: str, offer: Offer, at: datetime) -> None:
        """Remember what the buttons of an answer say."""
        await self._offers({"token": token, "at": at, "place": asdict(offer.place), "says": list(offer.says)})

    async def _offer_all(self, lot: list[dict[str, Any]]) -> list[None]:
        async with self._begin() as connection:
            await connection.execute(sa.insert(tables.offers), lot)
        return [None] * len(lot)

    async def offered(self, token: str) -> Offer | None:
        """What the buttons of an answer say."""
        c = tables.offers.c
        async with self._begin() as connection:
            row = (await connection.execute(sa.select(c.place, c.says).where(c.token == token))).one_or_none()
        return Offer(Place(**row.place), tuple(row.says)) if row else None

    async def questions(self, sender: str | None = None, most: int = 20) -> list[Question]:
        """What was asked, newest first."""
        c = tables.questions.c
        wanted = sa.select(c.at, c.surface, c.conversation, c.thread, c.sender, c.text, c.about)
        if sender is not None:
            wanted = wanted.where(c.sender == sender)
        async with self._begin() as connection:
            rows = await connection.execute(wanted.order_by(c.number.desc()).limit(max(most, 0)))
        return [Question(r.at, Place(r.surface, r.conversation, r.thread), r.sender, r.text, r.about) for r in rows]

    async def refer(self, surface: str, conversation: str, reference: Mapping[str, Any]) -> None:
        """Remember how a platform wants a conversation addressed."""
        await self._referred((f"{surface} {conversation}", dict(reference)))

    async def _refer_all(self, lot: list[_Referred]) -> list[None]:
        put = self._insert(tables.references)
        put = put.on_conflict_do_update(index_elements=["key"], set_={"reference": put.excluded.reference})
        async with self._begin() as connection:
            rows = sorted(dict(lot).items(), key=lambda row: row[0])  # as above; the last word counts
            await connection.execute(put, [{"key": key, "reference": said} for key, said in rows])
        return [None] * len(lot)

    async def reference(self, surface: str, conversation: str) -> Mapping[str, Any] | None:
        """How a platform wants a conversation addressed."""
        c = tables.references.c
        async with self._begin() as connection:
            found = await connection.scalar(sa.select(c.reference).where(c.key == f"{surface} {conversation}"))
        return dict(found) if found else None

    async def sweep(self, now: datetime) -> None:
        """Forget old messages, buttons, and the stories above them."""
        async with self._begin() as connection:
            await connection.execute(sa.delete(tables.seen).where(tables.seen.c.at < now - SEEN_FOR))
            await connection.execute(sa.delete(tables.inbox).where(tables.inbox.c.received < now - SEEN_FOR))
            for table in (tables.offers, tables.stories):
                await connection.execute(sa.delete(table).where(table.c.at < now - OFFERED_FOR))


def _kept(key: str, message: Message, holder: str, at: datetime) -> dict[str, Any]:
    return {"message": key, "received": at, "fields": _fields(message), "holder": holder, "held": at}


def _fields(message: Message) -> dict[str, Any]:
    fields: dict[str, Any] = whole_values({**asdict(message), "text": redact(message.text[:LONGEST])})
    return fields


def _taken(fields: Mapping[str, Any]) -> int:
    taken = fields.get(_TAKEN, 0)
    return taken if isinstance(taken, int) else 0


def _message(fields: Any) -> Message | None:
    """None for a row of another version, or of somebody else's: it must keep no other one from being answered."""
    try:
        return _MESSAGE.validate_python(fields)
    except ValidationError:
        return None


def _question(message: Message, at: datetime, about: str | None) -> dict[str, Any]:
    place = message.place
    words = message.text or ", ".join(file.name for file in message.files)
    text = redact(words[: 4 * _QUESTION])[:_QUESTION]
    where = {"surface": place.surface, "conversation": place.conversation, "thread": place.thread}
    said = {"sender": message.sender, "text": text, "about": about}
    return {"at": at, **where, **said, "answer": key_of(place.surface, message.id)}
