"""The clock of the house, alone in a file: what only asks the time shall load nothing else."""

from datetime import UTC, datetime


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)
