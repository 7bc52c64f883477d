"""What the logs of a message told, for as long as the buttons under the answer work."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """From 0004 to 0005."""
    op.create_table(
        "stories",
        sa.Column("message", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("story", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("message", name=op.f("pk_stories")),
    )
    op.create_index(op.f("ix_stories_at"), "stories", ["at"])


def downgrade() -> None:
    """Back to 0004: the stories are forgotten."""
    op.drop_table("stories")
