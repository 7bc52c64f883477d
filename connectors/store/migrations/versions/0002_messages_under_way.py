"""Messages under way: the inbox, what buttons say, what was asked, how conversations are addressed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """From 0001 to 0002."""
    op.create_table(
        "conversations",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("reference", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_conversations")),
    )
    op.create_table(
        "inbox",
        sa.Column("message", sa.String(length=64), nullable=False),
        sa.Column("received", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("held", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("message", name=op.f("pk_inbox")),
    )
    op.create_index(op.f("ix_inbox_held"), "inbox", ["held"])
    op.create_table(
        "offers",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("says", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_offers")),
    )
    op.create_index(op.f("ix_offers_at"), "offers", ["at"])
    op.create_table(
        "questions",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=True),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_questions")),
    )
    op.create_index(op.f("ix_questions_at"), "questions", ["at"])
    op.create_index(op.f("ix_questions_sender"), "questions", ["sender"])


def downgrade() -> None:
    """Back to 0001: what is under way, asked and offered is forgotten."""
    for table in ("questions", "offers", "inbox", "conversations"):
        op.drop_table(table)
