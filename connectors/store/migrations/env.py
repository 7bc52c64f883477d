"""How Alembic runs a migration here: over the connection it is handed, within that one's transaction."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from connectors.store.tables import VERSION_TABLE, Moment, Words, metadata


def _plain_type(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    """Our own types by what they are below: a migration must not change its meaning with the code."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Words):
        return "sa.Text()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite can change a column only by copying its table
    render_item=_plain_type,
)
with context.begin_transaction():
    context.run_migrations()
