"""Goes through a text once for everything that can stand in it."""

from collections.abc import Iterable

from knowledge.cleaning import clean
from knowledge.enclosed import bindings, encoded, listings
from knowledge.enclosed.marks import LONGEST, may_hold
from knowledge.enclosed.types import Enclosed, first
from knowledge.patterns import Span, pattern

_FEW = 3  # words beside it below which something stands alone
_MOST_HOSTS = 10
_HOST = pattern(r"https?://([a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)[:/?]")
_WORD = pattern(r"[a-z\xdf-\xff]{3,}")
_FRAME = pattern(
    r"(?m)^[ \t]*(?:subject|issuer)\s?=.*$|Bag Attributes|friendlyName:.*|https?://\S+|operation=PKIOperation"
    r'|^[^\n]{0,80}\b(?:certutil|netsh|openssl)\b.*$|^\w+ "[^"\n]*"\s*$'
)
"""What the programs print around it, and the commands themselves."""


def find(text: str) -> Enclosed:
    """Everything that stands in a text, nothing where nothing does. Time is bounded by its length. Never raises."""
    if not may_hold(text):
        return Enclosed()
    data = clean(text[:LONGEST]).text.encode("latin-1")
    inside = encoded.encoded(data)
    listing, bound = listings.listed(data), bindings.bindings(data)
    spans = [*inside.spans, *(found[1] for found in (listing, bound) if found)]
    return Enclosed(
        messages=inside.messages,
        certificates=first((*inside.certificates, *(listing[0] if listing else ()))),
        bindings=bound[0] if bound else None,
        hosts=_hosts(data),
        alone=_is_alone(data, spans),
    )


def _hosts(data: bytes) -> tuple[str, ...]:
    found = dict.fromkeys(match[1].decode("latin-1").lower() for match in _HOST.finditer(data))
    return tuple(found)[:_MOST_HOSTS]


def _is_alone(data: bytes, spans: Iterable[Span]) -> bool:
    parts, at = [], 0
    for start, end in sorted(spans):
        parts.append(data[at : max(at, start)])
        at = max(at, end)
    rest = _FRAME.sub(b" ", b" ".join((*parts, data[at:])))
    words = _WORD.finditer(rest)
    return next((False for number, _ in enumerate(words, 1) if number >= _FEW), True)
