"""What a word looks like: ordinary, a number with a meaning, or made up."""

import re
from collections.abc import Iterable
from itertools import pairwise

from bot.redaction.ordinary import ORDINARY

LONG = 200  # a longer word, or more words than a sentence has, is not looked at closely: it goes
_SENTENCE = 40
_EDGES = " \t\r\n.,;:!?()[]{}<>|*`\"'\\"

TAG = r"(?:</?(?:b|i|u|p|dd|dt|em|li|td|th|tr|br|pre|key|div|code|span|font|data|name|label|value|string|strong)\b[^<>\n]*>|<!--[^<>\n]*>)"
"""Markup around a piece of text; any other word in angle brackets may be a secret."""
_NUMBER = (
    r"0x[0-9a-f]{1,8}|-\d{9,10}|8(?:007|009|00[a-f]|018|024|027)[0-9a-f]{4}|214[5-9]\d{6}|12[01]\d\d|[2-5]\d\d(?:\.\d{1,5})*|\d{1,2}%?|100%"
    r"|\d+(?:[.,]\d+)+(?::\d+)?|(?:dword|hex):[0-9a-f,]+|\d{4}-\d\d-\d\d.*|\d\d?[./-]\d\d?[./-]\d{4}.*|\d\d:\d\d.*"
)
"""Codes, statuses, counts, versions, addresses and dates."""
_PLACEHOLDER = (
    r"[<{(\[%$]+[a-z_ :.-]*(?:pass|pw|secret|challenge|token|key|value|your|env|kennw|none|null|removed|redacted|hidden)[a-z_ :.-]*[>})\]%]*"
    rf"|[^a-z0-9\x7f-\xff]*|x+|//\S+|{TAG}"
)
"""What stands where a secret would be; the rest of an address behind `https:`."""
_KNOWN = (
    r"w3svc\d+|(?:sha|aes|rsa|tls|pkcs|rfc|kb|event|iis|windows|server|ios|http|x)[-_ /#v]?[\d.]+\w?"
    r"|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?::\d+)?|[\d.]+ ?(?:ms|s|sec|min|h|kb|mb|bytes?|bits?|x|st|nd|rd|th)|certificate.*|.*\.(?:exe|dll|log)\b.*"
    r"|[a-z]:\\.*|/.*|\\\\.*|\w+://.*|hk[a-z_]+\\.*|-.*"
)
"""What has letters and digits and is no secret beside a name: products, hosts, files, amounts, paths, options."""
_MEANT = re.compile(f"{_NUMBER}|{_PLACEHOLDER}")
_TOLD = re.compile(f"{_NUMBER}|{_KNOWN}|{_PLACEHOLDER}")
_NUMBERED = re.compile(
    r"[a-z_.-]+\d+|[a-z]{2,4}-?\d+\w*(?:-\d+)?|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|.*[/\\].*"
)
_STATE = re.compile(
    r"[a-z]+(?:ed|ing|ly|able|ible|less)|(?:ge|ver|ab|un|be|zur.ck|ein|aus)[a-z\xe4\xf6\xfc\xdf]+(?:t|lt|en)|[a-z]+(?:lich|bar|ig)"
    r"|[a-z]+(?:ad|id)[ao]|(?:ge|ver)[a-z]+d|[a-z\xe0-\xff]+\xe9e?s?"
)
_GROUPED = re.compile(r"\d{5,}(?:-\d{5,})+")
_LETTER, _DIGIT, _SIGN_INSIDE = (
    re.compile(r"[a-z\xc0-\xff]"),
    re.compile(r"\d"),
    re.compile(r"[\w.-][!$#@%^&*~?+=][\w.-]"),
)
_MIX = re.compile(r"(?=.*[a-z])(?=.*[A-Z]).*\d", re.DOTALL)
_OFFSET = re.compile(r"\+0x[0-9a-f]+$")


def bare(word: str) -> str:
    """Without the punctuation around it."""
    return word.strip(_EDGES)


def is_plain(text: str) -> bool:
    """Whether words are a sentence and no secret: most are ordinary, and none looks made up."""
    words = [word for word in text.split() if bare(word)]
    if len(words) >= _SENTENCE:
        return False
    ordinary = 0
    for word in words:
        if bare(word).lower() in ORDINARY:
            ordinary += 1
        elif is_odd(word):
            return False
        elif _MEANT.fullmatch(bare(word).lower()) or _MEANT.fullmatch(word.lower().strip("\"'.,;")):
            ordinary += 1
    return 2 * ordinary >= len(words)


def is_odd(word: str) -> bool:
    """Whether a word looks made up: letters with digits or signs in it, or a number that is no code."""
    if len(word) > LONG:
        return True
    word = bare(word).lower()
    if len(word) < 4 or _TOLD.fullmatch(word):
        return False
    if word.isdigit() or len(word) < 6:
        return len(word) >= 6
    if not _LETTER.search(word):
        return bool(_GROUPED.fullmatch(word))
    return bool(_DIGIT.search(word) or _SIGN_INSIDE.search(word))


def is_numbered(word: str) -> bool:
    """Whether a word may have a number of its own: hosts, devices, accounts; paths."""
    return len(word) < LONG and bool(_NUMBERED.fullmatch(bare(word).lower()))


def is_state(word: str) -> bool:
    """Whether a word has the ending of those that tell how a password fares: accepted, gesperrt, caducado."""
    return len(word) < LONG and bool(_STATE.fullmatch(bare(word).lower()))


def is_mixed(word: str) -> bool:
    """Whether capitals, small letters and digits are in it."""
    return bool(_MIX.match(word))


def is_random(word: str) -> bool:
    """Whether letters and digits change in it like in nothing that is written."""
    kinds = ["a" if c.islower() else "A" if c.isupper() else "0" for c in _OFFSET.sub("", word) if c.isalnum()]
    changes = sum(one != other for one, other in pairwise(kinds))
    return min(map(kinds.count, "aA0")) >= 2 and changes > 0.35 * len(kinds)


def any_is_random(words: Iterable[str]) -> bool:
    """The same of one among some words that are long enough to tell."""
    return any(is_random(word) for word in words if len(word) >= 12)
