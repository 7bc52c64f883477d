"""Marks of many files become enrolments: joined by transaction, by device, and by the moment they happened in."""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.timeline.lines import Tick, no_tick, ticking
from bot.timeline.marks import CAPI2, DEVICE, WEB, Mark
from bot.timeline.verdicts import SPECIFIC

_PAUSE = timedelta(minutes=10)  # of one device, after which it starts anew
_FLOW = timedelta(minutes=2)  # between two lines of a server about one enrolment, at most
_SLACK = timedelta(seconds=2)
_UNTOLD = timedelta(seconds=5)  # what a request takes whose log does not say it
_BEFORE = timedelta(seconds=10)  # from the line in which a device gets its profile to its first request
_AFTER = timedelta(seconds=20)  # from a device's last request to the last line about it
_ABREAST = 60  # enrolments at the same time that are looked at for one line
_OPEN = 400  # enrolments without a device that are followed at once
_MARKS = 200  # marks kept of one enrolment
_WINDOWS = 7  # depth of what Windows tells of its own parts, such as Schannel
_EPOCH = datetime(1904, 1, 1, tzinfo=UTC)
_OF_REQUESTS = frozenset({"iis", "ndesplugin", "svclog", "connector", "omadm", "ios", "macos", "ca-requests"})
"""Kinds of log in which a failure is that of one enrolment."""
_DELIVERED = 5  # the step at whose end a device has its certificate
_INSTALLED = frozenset({"windows-event-39-installed", "android-scep-cert-installed", "ios-profile-installed"})
"""Good news of a device that has its certificate: with what it tells next it begins anew."""


@dataclass(slots=True)
class Enrolment:
    """One try of one device: its marks in time. `device` is empty where only servers tell of it."""

    device: str
    marks: list[Mark] = field(default_factory=list)
    makes: set[tuple[int, int]] = field(default_factory=set)
    furthest: int = 0
    """The last step that is proven to have gone well."""
    ended: bool = False
    """Whether the device has sent its request."""
    has_failed: bool = False
    """Whether something went wrong in it, whatever came after."""
    told: dict[int, int] = field(default_factory=dict)
    """The furthest step that each file speaks of, well or not; 0 for none."""
    installed: set[int] = field(default_factory=set)
    """The files that tell of an installed certificate."""
    who: str = ""
    """The id of the device, where a log names it."""

    def add(self, mark: Mark) -> None:
        """Take in a mark."""
        self.makes.add((mark.file, mark.verdict.make))
        self.told[mark.file] = max(self.told.get(mark.file, 0), mark.verdict.step or 0)
        self.ended = self.ended or mark.ends
        self.who = self.who or mark.who
        self.has_failed = self.has_failed or mark.verdict.kind == "bad"
        if mark.verdict.entry in _INSTALLED:
            self.installed.add(mark.file)
        if mark.verdict.kind == "good":
            self.furthest = max(self.furthest, mark.verdict.step or 0)
        if len(self.marks) < _MARKS or mark.verdict.kind == "bad":
            self.marks.append(mark)

    def may_take(self, mark: Mark) -> bool:
        """Whether a mark can be of this enrolment: none of the same make is, and it does not fail after its end."""
        fails_late = mark.verdict.kind == "bad" and (mark.verdict.step or 6) == 6
        if self.who and mark.who and self.who != mark.who:
            return False
        return (mark.file, mark.verdict.make) not in self.makes and not (fails_late and self.furthest == 6)

    @property
    def last(self) -> datetime:
        """When it was last heard of."""
        return self.marks[-1].at or _EPOCH

    @property
    def steps(self) -> list[int]:
        """The steps that are proven to have gone well, in order."""
        return sorted({mark.verdict.step for mark in self.marks if mark.verdict.kind == "good" and mark.verdict.step})

    @property
    def trouble(self) -> Mark | None:
        """The mark that tells best what went wrong in it, whatever came after: the first that is specific."""
        return _most_telling(self._failures)

    @property
    def failure(self) -> Mark | None:
        """The mark that tells best why it stopped; None where it went on after all."""
        bad = self._failures
        worst = _most_telling(bad)
        if worst is None:
            return None
        after = self.marks[self.marks.index(bad[-1]) + 1 :]
        step = self.step_of(worst) or 6
        enough = step if all(mark.verdict.retried for mark in bad) else step + 1
        if worst.depth <= DEVICE and step == _DELIVERED:  # that it was issued is reported all the same
            went_on = any(mark.verdict.entry in _INSTALLED for mark in after)
        else:
            went_on = any(mark.verdict.kind == "good" and (mark.verdict.step or 0) >= enough for mark in after)
        if went_on:
            return None
        if all(mark.depth == WEB and not mark.ends for mark in bad) and any(map(_was_sent, after)):
            return None  # it asked again, and came as far as to send its request
        return worst

    @property
    def _failures(self) -> list[Mark]:
        return [mark for mark in self.marks if mark.verdict.kind == "bad"]

    def step_of(self, failure: Mark) -> int | None:
        """The step at which a failure stops it. One that tells no cause stops it behind what is proven to have gone
        well; that is only said where the policy module is heard of, for what no log shows is not missing, and not of
        Windows itself, which fails where it fails."""
        proven = self.furthest
        if failure.depth <= DEVICE and (own := self._told_by(failure)) > (failure.verdict.step or 0):
            return own
        of_windows = failure.depth == _WINDOWS and failure.verdict.match is not None
        if failure.verdict.confidence < SPECIFIC and proven >= 3 and not of_windows:
            return max(failure.verdict.step or 0, min(6, proven + 1))
        return failure.verdict.step or (proven + 1 if proven else None)

    def _told_by(self, failure: Mark) -> int:
        """The last step that the log of a failure itself tells to have gone well before it."""
        before = self.marks[: self.marks.index(failure)]
        same = (mark for mark in before if mark.file == failure.file and mark.verdict.kind == "good")
        return max((mark.verdict.step or 0 for mark in same), default=0)


def joined(marks: Iterable[Mark], kinds: Sequence[str], tick: Tick = no_tick) -> tuple[list[Enrolment], list[Mark]]:
    """The enrolments in all files, and the bad marks that belong to none. `marks` are in UTC; `kinds` of the files."""
    ordered = [mark for mark in _in_order(marks) if not mark.verdict.of_service]
    devices = _of_devices(mark for mark in ticking(ordered, tick) if mark.client)
    nearby = _Nearby(devices)
    chains = _Chains()
    alone: list[Mark] = []
    for mark in ticking(ordered, tick):
        if mark.client:
            continue
        if home := nearby.home(mark):
            home.add(mark)
            nearby.learn(mark, home)
        elif mark.verdict.kind == "good" or mark.verdict.of_request or kinds[mark.file] in _OF_REQUESTS:
            chains.take(mark)
        elif not chains.join(mark):
            alone.append(mark)
    for enrolment in devices:
        enrolment.marks.sort(key=lambda mark: mark.at or _EPOCH)
    return devices + chains.found, alone


def _most_telling(bad: Sequence[Mark]) -> Mark | None:
    """The first that is specific, else the surest. CAPI2 says what was wrong with a certificate and not what for: the
    word of the program that asked goes before its own."""
    specific = [mark for mark in bad if mark.verdict.confidence >= SPECIFIC]
    asked = next((mark for mark in specific if mark.depth != CAPI2), None)
    return asked or next(iter(specific), None) or max(bad, key=lambda mark: mark.verdict.confidence, default=None)


def _was_sent(mark: Mark) -> bool:
    return mark.ends and mark.verdict.kind == "good"


def _in_order(marks: Iterable[Mark]) -> list[Mark]:
    """By time; lines without one stand where the line before them in their file does. Of one second, those of a list
    that begins with the newest were written from its end."""
    placed: list[tuple[datetime, int, int, Mark]] = []
    first: dict[int, datetime] = {}
    last: dict[int, datetime] = {}
    for mark in marks:
        at = last[mark.file] = mark.at or last.get(mark.file, _EPOCH)
        first.setdefault(mark.file, at)
        placed.append((at, mark.file, mark.number, mark))
    turned = {file for file, at in first.items() if at > last[file]}
    return [mark for *_, mark in sorted(placed, key=lambda one: (*one[:2], -one[2] if one[1] in turned else one[2]))]


def _of_devices(marks: Iterable[Mark]) -> list[Enrolment]:
    """Requests of one address and user agent, until it pauses or begins anew after its request."""
    found: list[Enrolment] = []
    current: dict[tuple[str, str], Enrolment] = {}
    for mark in marks:
        key = (mark.client, mark.agent)
        enrolment = current.get(key)
        at = mark.at or _EPOCH
        if enrolment is None or at - enrolment.last > _PAUSE or (mark.begins and enrolment.ended):
            enrolment = current[key] = Enrolment(mark.client)
            found.append(enrolment)
        enrolment.add(mark)
    return found


class _Nearby:
    """What devices did, by time, so that the lines of servers and of the devices themselves find it."""

    def __init__(self, devices: Sequence[Enrolment]) -> None:
        self._transactions = {
            mark.transaction: enrolment for enrolment in devices for mark in enrolment.marks if mark.transaction
        }
        flights = [(*flight, enrolment) for enrolment in devices for flight in _flights(enrolment)]
        self._flights = _Spans(flights)
        self._spans = _Spans(
            (first.at - _BEFORE, enrolment.last + _AFTER, enrolment)
            for enrolment in devices
            if (first := enrolment.marks[0]).at
        )

    def learn(self, mark: Mark, enrolment: Enrolment) -> None:
        """Whose transaction a mark tells."""
        if mark.transaction:
            self._transactions.setdefault(mark.transaction, enrolment)

    def home(self, mark: Mark) -> Enrolment | None:
        """The enrolment of a mark: of the same transaction; else the first under way that has no such line yet."""
        if mark.transaction in self._transactions:
            return self._transactions[mark.transaction]
        if not mark.at:
            return None
        step = mark.verdict.step or 3
        spans = (self._flights, self._spans) if 2 < step < 5 or mark.verdict.kind == "bad" else (self._spans,)
        for span in spans:
            for enrolment in span.around(mark.at):
                fits = step <= 2 or enrolment.ended or (step < 5 and not enrolment.has_failed)
                fits = fits and enrolment.may_take(mark)
                if fits:
                    return enrolment
        return None


def _flights(enrolment: Enrolment) -> Iterator[tuple[datetime, datetime]]:
    """From when to when the requests were under way that a server works at."""
    for mark in enrolment.marks:
        if mark.at and (mark.ends or mark.verdict.kind == "bad"):
            took = timedelta(seconds=mark.took) or _UNTOLD
            yield mark.at - took - _SLACK, mark.at + _SLACK


class _Spans:
    """Enrolments by a span of time."""

    def __init__(self, spans: Iterable[tuple[datetime, datetime, Enrolment]]) -> None:
        self._spans = sorted(spans, key=lambda span: span[1])
        self._ends = [end for _, end, _ in self._spans]

    def around(self, at: datetime) -> Iterator[Enrolment]:
        """Those whose span a moment lies in, that which ends first before others; of very many the first."""
        first = bisect_left(self._ends, at)
        return (enrolment for start, _, enrolment in self._spans[first : first + _ABREAST] if start <= at)


class _Chains:
    """Enrolments that only servers or one device's own log tell of: what follows each other closely, first come first
    served."""

    def __init__(self) -> None:
        self.found: list[Enrolment] = []
        self._open: deque[Enrolment] = deque()
        self._transactions: dict[str, Enrolment] = {}

    def take(self, mark: Mark) -> None:
        """Add a mark to the chain it belongs to, else to a new one."""
        if not self.join(mark):
            chain = Enrolment("")
            chain.add(mark)
            self.found.append(chain)
            self._open.append(chain)
            if mark.transaction:
                self._transactions[mark.transaction] = chain
            while len(self._open) > _OPEN:
                self._open.popleft()

    def join(self, mark: Mark) -> bool:
        """Add a mark to an open chain; whether there was one for it."""
        known = self._transactions.get(mark.transaction) if mark.transaction else None
        chain = known or self._likeliest(mark)
        if chain is None:
            return False
        chain.add(mark)
        if mark.transaction:
            self._transactions.setdefault(mark.transaction, chain)
        return True

    def _likeliest(self, mark: Mark) -> Enrolment | None:
        """The first chain that fits; good news is rather that of one that has not failed."""
        first: Enrolment | None = None
        for chain in self._fitting(mark):
            if mark.verdict.kind == "bad" or not chain.has_failed:
                return chain
            first = first or chain
        return first

    def _fitting(self, mark: Mark) -> Iterator[Enrolment]:
        at = mark.at or _EPOCH
        while self._open and mark.at and at - self._open[0].last > _FLOW:
            self._open.popleft()
        for chain in self._open:
            if _follows(mark, chain) and chain.may_take(mark) and at - chain.last <= _FLOW:
                yield chain


def _follows(mark: Mark, chain: Enrolment) -> bool:
    """Whether a mark goes on where a chain is. What a device tells follows what it told itself, however far the servers
    are by then; and that it failed follows anything but an installed certificate, after which it begins anew."""
    own = chain.told.get(mark.file) if mark.depth <= DEVICE else None
    if own is not None and mark.verdict.kind == "bad" and mark.file not in chain.installed:
        return True
    return (mark.verdict.step or 6) >= (chain.furthest if own is None else own)
