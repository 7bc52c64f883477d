"""The JSON of `Test-IntuneCertificateConnector -PassThru | ConvertTo-Json`: one result a check."""

import json
import re
from collections.abc import Iterator
from typing import Any

from bot.timeline.lines import Line
from connectors.logs import Reader
from connectors.streams import Stream
from connectors.texts import decoded

_LARGEST = 16 << 20  # bytes that are read; a real one has some thousand
_MOST = 5_000
_FIRST = re.compile(r"\[?\s*\{\s*\"")
_OURS = re.compile(r'"(?:Status|Result|Outcome|Passed|Severity|Level)"\s*:', re.IGNORECASE)
_NEXT = re.compile(r"\s*,\s*\{")
_GOOD = {"pass", "passed", "success", "succeeded", "ok", "true", "info", "information", "skipped", "notapplicable"}
_VERDICTS = ("status", "result", "outcome", "passed", "severity", "level")


def _fits(head: str) -> float:
    return 0.9 if _FIRST.match(head.lstrip()[:400]) and _OURS.search(head) else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    data = bytearray()
    for block in stream.utf8():
        data += block
        if len(data) > _LARGEST:
            break
    text = decoded(bytes(data[:_LARGEST]))
    stream.lines = text.count("\n") + (not text.endswith("\n"))
    for i, (at, result) in enumerate(_results(text)):
        if i == _MOST:
            return
        yield _line(text.count("\n", 0, at) + 1, result)


def _results(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(place, object) of every whole object at the top or in the list at the top; a broken end costs only itself."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    while at >= 0:
        try:
            found, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        if isinstance(found, dict):
            named = next((key for key, value in found.items() if _is_list_of_results(value)), None)
            if named is None:
                yield at, found
            else:
                yield from _listed(text, _list_after(text, named, at), end, decoder)
        at = text.find("{", end)


def _list_after(text: str, name: str, at: int) -> int:
    """Where the list of a name begins; where its name is written oddly, the object itself."""
    found = re.compile(re.escape(json.dumps(name)) + r"\s*:\s*\[").search(text, at)
    return found.end() if found else at + 1


def _listed(text: str, at: int, end: int, decoder: json.JSONDecoder) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a list that begins at a place, each with its own."""
    at = text.find("{", at, end)
    while at >= 0:
        one, behind = decoder.raw_decode(text, at)
        yield at, one
        comma = _NEXT.match(text, behind)
        at = comma.end() - 1 if comma else -1


def _is_list_of_results(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _line(number: int, result: dict[str, Any]) -> Line:
    said = {key.lower(): value for key, value in result.items()}
    verdicts = [str(said[key]).lower() for key in _VERDICTS if key in said]
    good = bool(verdicts) and all(verdict in _GOOD for verdict in verdicts)
    words = "; ".join(f"{key}: {value}" for key, value in result.items() if isinstance(value, str | int | bool))
    return Line(number, None, "connector test", f"Test-IntuneCertificateConnector {words}"[:4_000], grave=not good)


READER = Reader("connector-test", "result of Test-IntuneCertificateConnector", _fits, _lines)
