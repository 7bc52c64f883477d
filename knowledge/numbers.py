"""One number in any notation: 12175 = 0x2F8F = 0x80072F8F = -2147012721 are the same code."""

import re
from typing import NamedTuple

_FACILITY_WIN32 = 0x8007
_DOTTED = re.compile(r"([1-5]\d\d)[. ](\d{1,2})")


class Number(NamedTuple):
    """A code in its canonical form: `value` unsigned, 32 bits; HRESULTs of facility Win32 are
    reduced to the Win32 value, so that both notations compare equal. `sub` is an IIS sub-status."""

    value: int
    sub: int | None = None

    @property
    def hresult(self) -> int:
        """The value as an HRESULT, unsigned."""
        return self.value if self.value > 0xFFFF else (_FACILITY_WIN32 << 16) | self.value

    @property
    def signed(self) -> int:
        """The HRESULT as a signed 32-bit decimal, as PowerShell and .NET print it."""
        return self.hresult - (1 << 32) if self.hresult >> 31 else self.hresult

    def __str__(self) -> str:
        if self.sub is not None:
            return f"{self.value}.{self.sub}"
        return f"0x{self.value:08X}" if self.value > 0xFFFF else str(self.value)


def canonical(value: int) -> Number:
    """The canonical number of a signed or unsigned 32-bit value; `ValueError` outside 32 bits."""
    if not -(1 << 31) <= value < 1 << 32:
        raise ValueError(f"{value} is not a 32-bit number")
    unsigned = value & 0xFFFFFFFF
    if unsigned >> 16 == _FACILITY_WIN32:
        unsigned &= 0xFFFF
    return Number(unsigned)


def parse_number(text: str) -> Number:
    """Read `0x80072F8F`, `80072f8f`, `12175`, `-2147012721` or `403.16`; `ValueError` otherwise."""
    word = text.strip().rstrip("LlUu")
    if dotted := _DOTTED.fullmatch(word):
        return Number(int(dotted[1]), int(dotted[2]))
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}", word):
        return canonical(int(word, 16))
    if re.fullmatch(r"[89a-fA-F][0-9a-fA-F]{7}", word):  # CAPI2 writes HRESULTs without the 0x
        return canonical(int(word, 16))
    if re.fullmatch(r"-?\d{1,10}", word):
        return canonical(int(word))
    raise ValueError(f"{text!r} is not a number in any notation known here")
