"""A code is written in half a dozen notations; whoever looks for one must find all of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.numbers import Number, canonical, parse_number

UNSIGNED = st.integers(0, (1 << 32) - 1)


@pytest.mark.parametrize("text", ["12175", "0x2F8F", "0X2f8f", "0x80072F8F", "80072f8f", "-2147012721", "2147954575"])
def test_every_notation_of_12175_is_one_number(text: str) -> None:
    assert parse_number(text) == Number(12175)


@pytest.mark.parametrize("text", ["2148204809", "0x800B0109", "-2146762487", "800B0109", "800b0109", " 0x800B0109L "])
def test_every_notation_of_an_untrusted_root_is_one_number(text: str) -> None:
    assert parse_number(text) == Number(0x800B0109)


@pytest.mark.parametrize("text", ["403.16", "403 16", " 403.16 "])
def test_a_status_keeps_its_substatus(text: str) -> None:
    assert parse_number(text) == Number(403, 16)


def test_a_status_without_substatus_is_another_number() -> None:
    assert parse_number("403") == Number(403) != Number(403, 16)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "0x",
        "0x123456789",
        "abc",
        "800B010",
        "700B0109",
        "-",
        "--5",
        "1.2.3",
        "403.123",
        "603.1",
        "4294967296",
        "-2147483649",
        "12345678901",
        "12,175",
        "0x2F8G",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_number(text)


def test_the_refusal_says_what_was_refused() -> None:
    with pytest.raises(ValueError, match="'mscep' is not a number in any notation known here"):
        parse_number("mscep")
    with pytest.raises(ValueError, match="4294967296 is not a 32-bit number"):
        canonical(1 << 32)
    with pytest.raises(ValueError, match="-2147483649 is not a 32-bit number"):
        canonical(-(1 << 31) - 1)


def test_eight_digits_that_begin_with_8_or_9_are_an_hresult_without_its_prefix() -> None:
    assert parse_number("80092013") == parse_number("0x80092013")


@pytest.mark.parametrize(
    ("number", "text"),
    [(Number(12175), "12175"), (Number(0x800B0109), "0x800B0109"), (Number(403, 16), "403.16"), (Number(0), "0")],
)
def test_a_number_is_told_in_its_usual_notation(number: Number, text: str) -> None:
    assert str(number) == text


def test_a_win32_error_knows_its_hresult() -> None:
    assert parse_number("12175").hresult == 0x80072F8F
    assert parse_number("12175").signed == -2147012721
    assert parse_number("0x800B0109").signed == -2146762487


def test_a_positive_hresult_stays_positive_when_signed() -> None:
    assert parse_number("0x00090312").signed == 590610


@given(UNSIGNED)
def test_any_32_bit_value_is_the_same_signed_unsigned_and_in_hex(value: int) -> None:
    number = canonical(value)
    assert canonical(value - (1 << 32) if value >> 31 else value) == number
    assert parse_number(f"0x{value:X}") == number
    assert parse_number(f"0x{value:08x}") == number


@given(UNSIGNED)
def test_any_number_is_read_back_from_every_notation_it_gives(value: int) -> None:
    number = canonical(value)
    assert parse_number(str(number)) == number
    assert canonical(number.hresult) == number
    assert canonical(number.signed) == number


@given(st.integers(100, 599), st.integers(0, 99))
def test_any_status_with_substatus_is_read_back(status: int, sub: int) -> None:
    assert parse_number(str(Number(status, sub))) == Number(status, sub)


@given(st.text())
def test_any_text_is_a_number_of_32_bits_or_refused(text: str) -> None:
    try:
        number = parse_number(text)
    except ValueError:
        return
    assert 0 <= number.value < 1 << 32
