"""What the knowledge says of a line of a log."""

from typing import Literal, NamedTuple

from knowledge.library import Match

SPECIFIC = 0.9
"""Confidence from which a line tells the cause, and not only that something failed."""
KNOWN = 0.7
"""Confidence from which a line is taken to show a problem."""

_OF_THE_SERVICE = frozenset(
    {
        "ndes-started-successfully",
        "connector-setup-success",
        "scep-url-403-expected",
        "mscep-admin-challenge-page",
        "android-root-installed",
    }
)
"""Good news that no enrolment is behind."""


_UNEXPLAINED = frozenset({"connector-4005-verify-failure", "crp-verifyrequest-false-other", "crp-verify-failure-20502"})
"""Refusals that do not say why, however surely they are ones."""


class Verdict(NamedTuple):
    """What the knowledge says of a line. `match` is None for a failure that it does not know; `odd` is one that only
    looks like a failure: no enrolment is said to stop there; `faint` one that healthy servers log all day, and that
    counts only where nothing else is heard of any more."""

    kind: Literal["good", "bad", "open", "odd", "faint"]
    step: int | None
    entry: str
    confidence: float
    match: Match | None
    make: int
    retried: bool = False
    """Whether what failed is tried again by itself, so that a later success of the same step undoes it."""

    @property
    def is_unknown(self) -> bool:
        """Whether it is a failure, or looks like one, that no entry knows."""
        return self.match is None and self.kind in ("bad", "odd")

    @property
    def is_unexplained(self) -> bool:
        """Whether it is a refusal that does not say why."""
        return self.entry in _UNEXPLAINED

    @property
    def of_service(self) -> bool:
        """Whether it is good news of the service as a whole: no enrolment is behind it."""
        return self.entry in _OF_THE_SERVICE

    @property
    def of_request(self) -> bool:
        """Whether a failure is that of one enrolment: one of a device, or one past the door of the service."""
        return self.step not in (None, 2) or (self.match is not None and "server" not in self.match.entry.platforms)
