"""What stays though a rule found it: each judge sees the find and the characters before it."""

import re

from bot.redaction import words

_SETTINGS = (
    *("max", "min", "length", "validity", "policy", "count", "type", "state", "status", "age"),
    *("expire", "expires", "expired", "expiry", "expiration"),
)
"""Names of settings around a secret, not of a secret."""
_ASSEMBLY = "publickeytoken"
"""What is called a token in the name of a .NET assembly."""
_BETWEEN = " \t\r\n\x00!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~"
_OPTION = re.compile(r"-{1,2}[A-Za-z]|[/|&<>;%$]|\d{1,5}(?:$|:)")
_PORT = re.compile(r"[^:]*:\d{1,5}(?:[/?#]|$)")
_VARIABLE_OR_PLACE = re.compile(r".*(?:[/\\=\]]|\+0x)|\w+@[0-9a-f]{5,8}(?:\W|$)|\$[A-Za-z_][\w:.]*$", re.DOTALL)
_SIGN = re.compile(r"[!$#*~^@\xa7]")
_LINES = re.compile(r"(?:\s|\\[nr]|>)+")
_LONG_BASE64 = re.compile(r"[A-Za-z0-9+/]{60}")
_AUTHORITY = re.compile(r"(?:CA|\b(?:RA|Root|NDES|MSCEP|PKI|Services|Authorities|Templates))\b")


def ordinary(value: str, before: str) -> bool:
    """Behind a name: an ordinary word, a code or a placeholder; the value of a setting."""
    if words.is_plain(value):
        return True
    name = _name(before)
    return name.endswith(_ASSEMBLY) or (name.endswith(_SETTINGS) and not words.is_odd(value))


def ordinary_or_state(value: str, before: str) -> bool:
    """Behind "is": also a word that tells how the secret fares."""
    return words.is_state(value) or ordinary(value, before)


def unless_odd(value: str, before: str) -> bool:
    """Beside a name: all that does not look made up."""
    return not words.is_odd(value) or _name(before).endswith(_ASSEMBLY)


def unless_odd_here(value: str, before: str) -> bool:
    """Some words away from a name: also hosts, devices and accounts with a number."""
    return words.is_numbered(value) or unless_odd(value, before)


def unless_code(value: str, _: str) -> bool:
    """Beside a short name (pin, pw): what has neither digits alone nor looks made up."""
    word = words.bare(value)
    return not words.is_odd(word) and not (word.isdigit() and 4 <= len(word) <= 12)


def next_argument(value: str, _: str) -> bool:
    """Behind an option of a command: the next option, a variable, a path, an ordinary word."""
    word = value.strip("\"'")
    return bool(_OPTION.match(word)) or words.is_plain(word)


def unless_strong(value: str, _: str) -> bool:
    """Anywhere: what is no mixture of capitals, small letters, digits and signs."""
    word = value.strip(" .,;:()[]{}<>|*`_~\"'\\")
    if len(word) < 8 or _VARIABLE_OR_PLACE.match(word):
        return True
    return not (words.is_mixed(word) and _SIGN.search(word))


def unless_base64(value: str, _: str) -> bool:
    """Anywhere: what is neither one very long word, nor long ones in a row, nor random."""
    if not re.search(r"[0-9+]", value):
        return True
    long = [word for word in _LINES.split(value) if len(word) >= 20]
    row = "".join(long) if len(long) > 1 else ""
    in_a_row = words.is_mixed(row) and not re.search(r"[-_]", row)
    pieces = (piece for word in long for piece in re.split(r"[-_/]", word))
    return not (in_a_row or _LONG_BASE64.search(value) or words.any_is_random(pieces))


def unless_mixed_hex(value: str, _: str) -> bool:
    """Anywhere: digits alone, or letters alone."""
    return value.isdigit() or value.isalpha()


def port(value: str, _: str) -> bool:
    """Before an @ in an address: a port is no password."""
    return len(value) < words.LONG and bool(_PORT.match(value))


def authority(value: str, _: str) -> bool:
    """In a distinguished name: the name of an authority or of a container is nobody's."""
    return bool(_AUTHORITY.search(value))


def _name(before: str) -> str:
    return before.rstrip(_BETWEEN).lower()
