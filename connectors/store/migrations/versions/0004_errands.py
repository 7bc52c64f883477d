"""What is handed over to the workers of other sites, and their tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """From 0003 to 0004."""
    op.create_table(
        "errands",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_errands")),
    )
    op.create_index(op.f("ix_errands_site"), "errands", ["site"])
    op.create_table(
        "workers",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_workers")),
    )
    op.create_index(op.f("ix_workers_site"), "workers", ["site"])


def downgrade() -> None:
    """Back to 0003: what is handed over, and the tokens, are forgotten."""
    for table in ("workers", "errands"):
        op.drop_table(table)
