"""The diary: how servers were and stand, what runs out, subscriptions, quiet times, votes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """From 0002 to 0003."""
    op.create_table(
        "history",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("checks", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("server", "at", name=op.f("pk_history")),
    )
    op.create_index(op.f("ix_history_at"), "history", ["at"])
    op.create_table(
        "health",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("server", name=op.f("pk_health")),
    )
    op.create_table(
        "expiries",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("first", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("server", name=op.f("pk_expiries")),
    )
    op.create_index(op.f("ix_expiries_first"), "expiries", ["first"])
    op.create_table(
        "subscriptions",
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_subscriptions")),
    )
    op.create_table(
        "quiets",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("begins", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_quiets")),
    )
    op.create_index(op.f("ix_quiets_ends"), "quiets", ["ends"])
    op.create_table(
        "votes",
        sa.Column("answer", sa.String(length=64), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("helped", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("answer", "who", name=op.f("pk_votes")),
    )
    op.create_index(op.f("ix_votes_at"), "votes", ["at"])
    op.add_column("questions", sa.Column("answer", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Back to 0002: the diary is forgotten."""
    with op.batch_alter_table("questions") as questions:  # older SQLites cannot drop a column
        questions.drop_column("answer")
    for table in ("votes", "quiets", "subscriptions", "expiries", "health", "history"):
        op.drop_table(table)
