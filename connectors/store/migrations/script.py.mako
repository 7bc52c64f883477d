"""${message[0].upper() + message[1:]}."""

import sqlalchemy as sa
from alembic import op
${imports + "\n" if imports else ""}
revision = "${up_revision}"
down_revision = ${"None" if down_revision is None else "\"" + down_revision + "\""}


def upgrade() -> None:
    """From ${down_revision or "nothing"} to ${up_revision}."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Back to ${down_revision or "nothing"}."""
    ${downgrades if downgrades else "pass"}
