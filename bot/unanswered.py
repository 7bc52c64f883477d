"""Questions that found no answer, gathered by likeness and counted by the people who asked, none of them named."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from bot.diary import Asked

_MOST = 500  # questions looked at; each is compared with the first of every cluster
_LONGEST = 400  # characters of one that are compared
_SHOWN = 100  # characters of a cluster's words
_ALIKE = 80  # of 100, as rapidfuzz counts the words two questions share
_SAME_NUMBER = 50  # the same, where both name one number
_FEW = 3  # words below which every letter counts: a short question is part of many long ones
_TOKEN = re.compile(r"\S+")
_EDGES = "\"'`.,;:!?()[]{}<>"
_CODE = re.compile(r"0x[0-9a-f]{4,16}|-?\d{4,10}")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Questions alike. `words` are those that at least two people wrote, "…" where they differ; empty where only
    one person asked, whose words are nobody else's business."""

    words: str
    people: int
    times: int


def clustered(asked: Iterable[Asked]) -> tuple[Cluster, ...]:
    """Questions without an answer in clusters, those of most people first."""
    open_ones = sorted((one for one in asked if one.about is None), key=lambda one: (one.at, one.text, one.sender))
    firsts: list[_Said] = []
    groups: list[list[Asked]] = []
    for one in open_ones[-_MOST:]:
        said = _said(one.text)
        number = next((number for number, first in enumerate(firsts) if _alike(first, said)), None)
        if number is None:
            firsts.append(said)
            groups.append([one])
        else:
            groups[number].append(one)
    found = [Cluster(_shared(group), len({one.sender for one in group}), len(group)) for group in groups]
    return tuple(sorted(found, key=lambda cluster: (-cluster.people, -cluster.times, cluster.words)))


@dataclass(frozen=True, slots=True)
class _Said:
    """A question ready to be compared."""

    words: str
    codes: frozenset[str]
    is_short: bool


def _said(text: str) -> _Said:
    tokens = _tokens(text)
    codes = frozenset(token for token in tokens if _CODE.fullmatch(token))
    return _Said(" ".join(tokens), codes, len(tokens) < _FEW)


def _alike(one: _Said, two: _Said) -> bool:
    """Whether two questions are about the same: about one number, where they name any, and in much the same words."""
    if one.codes or two.codes:
        return bool(one.codes & two.codes) and fuzz.token_set_ratio(one.words, two.words) >= _SAME_NUMBER
    if one.is_short or two.is_short:
        return fuzz.ratio(one.words, two.words) >= _ALIKE
    return fuzz.token_set_ratio(one.words, two.words, score_cutoff=_ALIKE) > 0


def _tokens(text: str) -> list[str]:
    return [word for token in _TOKEN.findall(text[:_LONGEST].casefold()) if (word := token.strip(_EDGES))]


def _shared(group: Sequence[Asked]) -> str:
    """The words of the first question that a second person wrote too."""
    writers: Counter[str] = Counter()
    for sender in {one.sender for one in group}:
        writers.update({token for one in group if one.sender == sender for token in _tokens(one.text)})
    kept: list[str] = []
    for token in _TOKEN.findall(group[0].text[:_LONGEST]):
        if writers[token.casefold().strip(_EDGES)] > 1:
            kept.append(token)
        elif kept[-1:] != ["…"]:
            kept.append("…")
    words = " ".join(kept).strip(f"… {_EDGES}")
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN].rsplit(' ', 1)[0]} …"
