"""What stands in logs of ours and is not ours, or is no failure after all: left out before anything is counted."""

from collections import Counter
from collections.abc import Sequence

from bot.timeline.joining import Enrolment
from bot.timeline.lines import Line
from bot.timeline.marks import CA, NDES, Mark, depth
from bot.timeline.recovery import START

NDES_PAGE = "scep-url-general-ndes-page"
"""What NDES without a policy module shows; where it hands out challenges, for Jamf or routers, that is right."""
_ACCOUNTS = 20_000  # of a CA that are counted
_REQUESTS = 50_000  # of a CA whose accounts are remembered
_NEEDED = 0.5  # challenges for a request, where requests need one of NDES
_STARTED, _SET_UP = "ndes-started-successfully", "connector-setup-success"
_ROWS = 5  # of an account, from which it may be that of NDES
_MOST, _TIMES = 0.5, 3  # of all rows, and as many as the next account has: one of both is needed
_PAST_THE_CA = 4  # the step that proves that a CA has issued


class Askers:
    """The accounts that ask a CA, and for which of its requests."""

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        self._of: dict[str, str] = {}

    def take(self, line: Line) -> None:
        """Take in a line of a CA that names one."""
        if line.who and depth(line.source) == CA and (line.who in self._rows or len(self._rows) < _ACCOUNTS):
            self._rows[line.who] += 1
            if line.transaction and len(self._of) < _REQUESTS:
                self._of[line.transaction] = line.who

    def who(self, mark: Mark) -> str:
        """Who asked for what a line of a CA tells: another line may name the account of the same request."""
        return mark.who or self._of.get(mark.transaction, "")

    @property
    def ndes(self) -> str:
        """The account of NDES: the one that asks its CA most; empty where none stands out."""
        if len(self._rows) < 2:
            return ""
        (account, rows), (_, next_rows) = self._rows.most_common(2)
        stands_out = rows > _MOST * self._rows.total() or rows >= _TIMES * next_rows
        return account if rows >= _ROWS and stands_out else ""


def of_ours(files: Sequence[list[Mark]], askers: Askers, challenges: int) -> list[list[Mark]]:
    """The marks of each file without what is none of ours. `challenges`: how often one was handed out."""
    pages = sum(mark.verdict.entry == NDES_PAGE for marks in files for mark in marks)
    requests = sum(mark.ends for marks in files for mark in marks)
    hands_out = challenges > pages or challenges > _NEEDED * requests > 0
    account = askers.ndes

    def is_ours(mark: Mark) -> bool:
        of_another = account and mark.depth == CA and askers.who(mark) not in ("", account)
        return not of_another and not (hands_out and mark.verdict.entry == NDES_PAGE)

    return [_after_a_start(_installed_at_last(list(filter(is_ours, marks)))) for marks in files]


def _installed_at_last(marks: list[Mark]) -> list[Mark]:
    """Without what failed in an installation that was completed: it was tried again, or did not matter."""
    done = max((mark for mark in marks if mark.verdict.entry == _SET_UP), key=_order, default=None)
    if done is None:
        return marks

    def was_tried_again(mark: Mark) -> bool:
        of_setup = mark.verdict.match is None or mark.verdict.match.entry.area == "connector"
        return of_setup and mark.verdict.kind == "bad" and _order(mark) <= _order(done)

    return [mark for mark in marks if not was_tried_again(mark)]


def _order(mark: Mark) -> tuple[float, int]:
    return mark.at.timestamp() if mark.at else 0.0, mark.number


def _after_a_start(marks: list[Mark]) -> list[Mark]:
    """Without what NDES tells of a start soon after which it started well: the CA may start later than it does."""
    starts = [mark.at for mark in marks if mark.verdict.entry == _STARTED and mark.at]

    def was_early(mark: Mark) -> bool:
        at = mark.at
        own = mark.depth == NDES and mark.verdict.kind == "bad" and not mark.verdict.of_request
        return own and at is not None and any(at < start <= at + START for start in starts)

    return [mark for mark in marks if not was_early(mark)]


def without_others(enrolments: list[Enrolment], alone: list[Mark]) -> tuple[list[Enrolment], list[Mark]]:
    """The same without what a CA refused to somebody else: every enrolment that other logs show came past the CA."""
    shown = [one for one in enrolments if any(mark.depth < CA for mark in one.marks)]
    if not shown or any(one.furthest < _PAST_THE_CA or one.failure for one in shown):
        return enrolments, alone
    for one in shown:
        one.marks = [mark for mark in one.marks if mark.depth < CA or mark.verdict.kind == "good"]
    return shown, [mark for mark in alone if mark.depth < CA]
