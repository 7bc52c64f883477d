"""The number tables: every meaning of a code, in any notation."""

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from knowledge.numbers import Number, parse_number

FAMILIES = {
    "winhttp": "WinHTTP error",
    "hresult": "HRESULT",
    "win32": "Win32 error",
    "ntstatus": "NTSTATUS",
    "iis": "IIS status and sub-status",
    "httperr": "HTTP.SYS reason in httperr.log",
    "was": "Windows Process Activation Service and application events",
    "schannel": "Schannel event or TLS alert",
    "capi2": "CAPI2 event",
    "ndes-event": "NDES event",
    "mdm-event": "Windows MDM event",
    "connector-event": "Certificate connector event",
    "ca-event": "Certification authority event",
    "kdc-event": "Domain controller (KDC) event",
    "scep-failinfo": "SCEP status",
    "apple-scep": "Apple SCEP and MDM error",
    "app-proxy": "Application proxy event or word",
}
"""What each table holds, for people. A table's file is `codes/<family>.csv`."""

_EVENTS = {
    "was",
    "schannel",
    "capi2",
    "ndes-event",
    "mdm-event",
    "connector-event",
    "ca-event",
    "kdc-event",
    "app-proxy",
}
_EVENT = re.compile(r"event(?: ?id)?[ :]{1,2}(\d{1,5})")

_COLUMNS = ["code", "symbol", "meaning"]


class BadTable(ValueError):
    """A number table is not what it must be; the message names file, line and reason."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing a code can mean."""

    code: str
    symbol: str
    meaning: str
    family: str
    number: Number | None


class Codes:
    """All number tables in memory, by number and by symbol."""

    def __init__(self, meanings: list[Meaning]) -> None:
        self.meanings = meanings
        self._by_number: dict[Number, list[Meaning]] = defaultdict(list)
        self._by_word: dict[str, list[Meaning]] = defaultdict(list)
        for meaning in meanings:
            if meaning.number is not None:
                self._by_number[meaning.number].append(meaning)
            self._by_word[meaning.code.lower()].append(meaning)
            if meaning.symbol:
                self._by_word[meaning.symbol.lower()].append(meaning)

    @classmethod
    def load(cls, folder: Path) -> "Codes":
        """Every table of a folder. Raises `BadTable`."""
        return cls([meaning for family in FAMILIES for meaning in _table(folder / f"{family}.csv", family)])

    def explain(self, text: str) -> list[Meaning]:
        """Every meaning of a code, a symbol or an event (`event 36`); empty if it is in no table."""
        name = text.strip().lower()
        if event := _EVENT.fullmatch(name):
            return [meaning for meaning in self.explain(event[1]) if meaning.family in _EVENTS]
        words = list(self._by_word.get(name, ()))
        try:
            number = parse_number(text)
        except ValueError:
            return words
        found = words + [meaning for meaning in self._by_number.get(number, ()) if meaning not in words]
        if http := _http_of(number):
            found += [meaning for meaning in self._by_number.get(http, ()) if meaning not in found]
        return found


def _http_of(number: Number) -> Number | None:
    """HRESULTs of facility HTTP (0x8019) carry the HTTP status in their low half."""
    return Number(number.value & 0xFFFF) if number.value >> 16 == 0x8019 else None


def _table(path: Path, family: str) -> list[Meaning]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        if next(rows, None) != _COLUMNS:
            raise BadTable(f"{path.name}:1: the columns must be {', '.join(_COLUMNS)}")
        found = []
        for row in rows:
            if len(row) != len(_COLUMNS) or not row[0] or not row[2]:
                raise BadTable(f"{path.name}:{rows.line_num}: a row is code, symbol and meaning")
            found.append(Meaning(row[0], row[1], row[2], family, _number(row[0])))
        return found


def _number(code: str) -> Number | None:
    """The number in a code such as `0x800B0109`, `403.16`, `alert 48` or `failInfo=2`."""
    digits = re.fullmatch(r"(?:[A-Za-z -]*[ =:])?(0x[0-9A-Fa-f]{1,8}|-?\d{1,10}(?:\.\d{1,2})?)", code)
    return parse_number(digits[1]) if digits else None
