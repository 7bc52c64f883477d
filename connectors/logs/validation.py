"""Output of the validation scripts (Validate-NDESConfiguration and its successor): one line a check."""

import re
from collections.abc import Iterator

from bot.timeline.lines import Line
from connectors.logs import Reader
from connectors.streams import Stream

_LEVEL = r"(Success|Warning|Error|Failure|Info)\s*:\s*"
_CHECK = re.compile(rf"^\s*(?:\[?\d[\d.:/ -]{{0,40}}\]?\s{{0,9}})?{_LEVEL}", re.IGNORECASE)
_BEGINNING = 200  # characters of a line in which its word stands
_SHAPE = re.compile(r"^\s*(?:Success|Warning|Error):\s", re.MULTILINE)
_PASSED = re.compile(r"^\s*Success:\s", re.MULTILINE)
_NAMED = re.compile(
    r"Validate-NDES|NDES ?Validat|URL Response is|Checking [\"']?(?:NDES|SCEP|Windows|IIS|Intune|Server|Service)",
    re.IGNORECASE,
)


def _fits(head: str) -> float:
    if len(_SHAPE.findall(head)) >= 2 and _PASSED.search(head):  # no such script fails in all it looks at
        return 0.85
    return 0.6 if _NAMED.search(head[:20_000]) and _SHAPE.search(head) else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    alone = ""  # a word in a line of its own, which holds for what stands below
    for number, line in stream.numbered():
        if not line.strip():
            alone = ""
            continue
        found = _CHECK.match(line[:_BEGINNING])
        word = found[1].lower() if found else alone or line.split(None, 1)[0].lower()
        alone = word if found and not line[found.end() :].strip() else alone
        grave = {"success": False, "info": False, "checking": False, "error": True, "failure": True}.get(word)
        yield Line(number, None, "validation", f"Validate-NDES: {line.strip()[:2_000]}", grave=grave)


READER = Reader("validation", "output of the validation script", _fits, _lines)
