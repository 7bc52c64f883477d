"""The tables as this version of the code wants them; the migrations lead there, and a test compares the two."""

from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

VERSION: Final = "0005"
"""The migration that leads to these tables. Where a database has it, Alembic need not be loaded at all."""
VERSION_TABLE: Final = "ndesbot_version"
"""Not Alembic's own name: the database may be shared with a stranger who uses Alembic too."""


class Moment(sa.TypeDecorator[datetime]):
    """An aware time, kept in UTC. SQLite forgets the zone and hands out naive ones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """To UTC. Raises `ValueError` for a naive time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be kept")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Back as an aware time."""
        if not isinstance(value, datetime):
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def whole(text: str) -> str:
    """The text without NUL and half characters: PostgreSQL takes neither."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


class Words(sa.TypeDecorator[str]):
    """Text of any origin, the same in every database."""

    impl = sa.Text()
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """What of it can be kept."""
        return None if value is None else whole(value)


# Every constraint has a name from day one: one without could never be changed on SQLite.
metadata: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

servers: Final = sa.Table(
    "servers",
    metadata,
    sa.Column("name", Words, primary_key=True),
    sa.Column("fields", sa.JSON, nullable=False),
)
"""The registered servers. `fields` as `bot.servers.as_fields` gives them: a new field needs no migration."""

# Neither of the next two points at `servers`: a server that is not registered may be checked too.
runs: Final = sa.Table(
    "runs",
    metadata,
    sa.Column("server", Words, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("findings", sa.JSON, nullable=False),
)
"""The last run of each server."""

good_states: Final = sa.Table(
    "good_states",
    metadata,
    sa.Column("server", Words, primary_key=True),
    sa.Column("at", Moment),
    sa.Column("bundle", sa.LargeBinary),
    sa.Column("tls", Words),
    sa.Column("findings", sa.JSON, nullable=False),
)
"""What is remembered of each server from its last good run."""

seen: Final = sa.Table(
    "seen",
    metadata,
    sa.Column("message", sa.String(64), primary_key=True),
    sa.Column("at", Moment, nullable=False, index=True),
)
"""The messages of the last day, as SHA-256 (hex) of their ids: a foreign id may have any length."""

uses: Final = sa.Table(
    "uses",
    metadata,
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("who", Words, nullable=False),
    sa.Column("place", Words, nullable=False),
    sa.Column("command", Words, nullable=False),
    sa.Column("server", Words),
    sa.Column("allowed", sa.Boolean, nullable=False),
)
"""The audit log. Lines are added, never changed."""

inbox: Final = sa.Table(
    "inbox",
    metadata,
    sa.Column("message", sa.String(64), primary_key=True),
    sa.Column("received", Moment, nullable=False),
    sa.Column("fields", sa.JSON, nullable=False),
    sa.Column("holder", Words, nullable=False),
    sa.Column("held", Moment, nullable=False, index=True),
    sa.Column("sent", Words),
)
"""The messages that are not answered yet: by the key of `seen`, without secrets, and who works on each since when."""

offers: Final = sa.Table(
    "offers",
    metadata,
    sa.Column("token", sa.String(64), primary_key=True),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("place", sa.JSON, nullable=False),
    sa.Column("says", sa.JSON, nullable=False),
)
"""What the buttons of the answers of the last week say."""

questions: Final = sa.Table(
    "questions",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("surface", Words, nullable=False),
    sa.Column("conversation", Words, nullable=False),
    sa.Column("thread", Words),
    sa.Column("sender", Words, nullable=False, index=True),
    sa.Column("text", Words, nullable=False),
    sa.Column("about", Words),
    sa.Column("answer", sa.String(64)),
)
"""What was asked and answered, without secrets; `answer` is the key by which `votes` name the answer."""

references: Final = sa.Table(
    "conversations",
    metadata,
    sa.Column("key", Words, primary_key=True),
    sa.Column("reference", sa.JSON, nullable=False),
)
"""How a platform wants a conversation addressed that it did not begin; the key is surface and conversation."""

history: Final = sa.Table(
    "history",
    metadata,
    sa.Column("server", Words, primary_key=True),
    sa.Column("at", Moment, primary_key=True, index=True),
    sa.Column("verdict", Words, nullable=False),
    sa.Column("checks", Words, nullable=False),
)
"""The runs in which something changed, and the first of each day. `checks` is JSON as text: the same texts come
again and again, and are read once."""

health: Final = sa.Table(
    "health",
    metadata,
    sa.Column("server", Words, primary_key=True),
    sa.Column("fields", Words, nullable=False),
)
"""How each server stands. `fields` is JSON as text, for PostgreSQL does not compare its own kind of JSON."""

expiries: Final = sa.Table(
    "expiries",
    metadata,
    sa.Column("server", Words, primary_key=True),
    sa.Column("first", Moment, nullable=False, index=True),
    sa.Column("fields", Words, nullable=False),
)
"""What of each server runs out, and when the first of it does. `fields` is JSON as text."""

subscriptions: Final = sa.Table(
    "subscriptions",
    metadata,
    sa.Column("place", sa.String(64), primary_key=True),
    sa.Column("fields", sa.JSON, nullable=False),
)
"""The channels that want a digest; the key is the SHA-256 (hex) of the place, which `fields` tells."""

quiets: Final = sa.Table(
    "quiets",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("scope", Words, nullable=False),
    sa.Column("begins", Moment, nullable=False),
    sa.Column("ends", Moment, nullable=False, index=True),
    sa.Column("who", Words, nullable=False),
    sa.Column("why", Words, nullable=False),
)
"""The times in which nothing is announced of some servers."""

votes: Final = sa.Table(
    "votes",
    metadata,
    sa.Column("answer", sa.String(64), primary_key=True),
    sa.Column("who", Words, primary_key=True),
    sa.Column("helped", sa.Boolean, nullable=False),
    sa.Column("at", Moment, nullable=False, index=True),
)
"""What people said of answers; `answer` is the SHA-256 (hex) of its key."""

errands: Final = sa.Table(
    "errands",
    metadata,
    sa.Column("name", Words, primary_key=True),
    sa.Column("site", Words, nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("said", sa.JSON, nullable=False),
    sa.Column("worker", Words),
    sa.Column("until", Moment),
    sa.Column("result", sa.JSON(none_as_null=True)),
)
"""Looks that the workers of other sites take: whose each is until when, and what came of it."""

workers: Final = sa.Table(
    "workers",
    metadata,
    sa.Column("token", sa.String(64), primary_key=True),
    sa.Column("site", Words, nullable=False, index=True),
    sa.Column("note", Words, nullable=False),
    sa.Column("at", Moment, nullable=False),
)
"""The tokens of workers, as SHA-256 (hex)."""

stories: Final = sa.Table(
    "stories",
    metadata,
    sa.Column("message", sa.String(64), primary_key=True),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("place", sa.JSON, nullable=False),
    sa.Column("sender", Words, nullable=False),
    sa.Column("story", sa.JSON, nullable=False),
)
"""What the logs of the messages of the last week told, without secrets; kept as long as the offers under them."""
