"""Refused requests whose subjects explain it: the line that tells of the arrival names them, the refusal does not."""

import re
from collections.abc import Callable, MutableMapping, Sequence
from datetime import timedelta

from bot.timeline.lines import Line
from bot.timeline.marks import Mark
from bot.timeline.verdicts import Verdict

_ESCAPED = re.compile(r"\bCN\s?=[^<>\"'\n]{0,200}\\[,+;=][^<>\"'\n]{0,100}")
"""A subject with a character that had to be escaped."""
_MOST = 5_000  # subjects that are remembered
_ACCEPTED = 4
"""The first step that proves that a challenge was accepted."""
_EXPLANATION = "profile-subject-escaped-characters"
_MOMENT = timedelta(seconds=2)


class Subjects:
    """Remembers the subjects with an escaped character, by transaction."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}

    def take(self, line: Line) -> None:
        """Take in a line that may tell one."""
        if line.transaction and len(self._of) < _MOST and (found := _ESCAPED.search(line.text)):
            self._of[line.transaction] = found[0]

    def told(
        self,
        files: Sequence[list[Mark]],
        texts: MutableMapping[tuple[int, int], str],
        judge: Callable[[Line], Verdict | None],
    ) -> list[list[Mark]]:
        """The marks of each file; refusals that do not say why are judged with their subjects, where requests with
        such a subject were all refused and others were not. `texts` of lines, by file and number, get the subject."""
        accepted = {  # not every log names them: that others were accepted is shown by those without a name too
            mark.transaction
            for marks in files
            for mark in marks
            if mark.verdict.kind == "good" and (mark.verdict.step or 0) >= _ACCEPTED
        }
        if not accepted.isdisjoint(self._of):
            return list(files)

        def again(mark: Mark) -> Mark:
            subject = self._of.get(mark.transaction)
            if not (accepted and subject and mark.verdict.is_unexplained):
                return mark
            text = f"{texts.get((mark.file, mark.number), '')}\nSubject: {subject}"
            verdict = judge(Line(mark.number, mark.at, "", text))
            if verdict is None or verdict.entry != _EXPLANATION:
                return mark
            texts[mark.file, mark.number] = text
            return mark._replace(verdict=verdict)

        return [_with_companions(list(map(again, marks))) for marks in files]


def _with_companions(marks: list[Mark]) -> list[Mark]:
    """The same, where what a log says right behind a refusal that explains itself is of that refusal."""
    told: list[Mark] = []
    because: Mark | None = None
    for mark in marks:
        if mark.verdict.entry == _EXPLANATION:
            because = mark
        elif because and mark.verdict.is_unexplained and _is_right_behind(mark, because):
            mark = mark._replace(verdict=because.verdict)
        told.append(mark)
    return told


def _is_right_behind(mark: Mark, other: Mark) -> bool:
    return bool(mark.at and other.at) and other.at <= mark.at <= other.at + _MOMENT  # type: ignore[operator]
