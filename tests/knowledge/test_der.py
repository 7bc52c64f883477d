"""DER is read and written as others do it; BER becomes the DER it stands for."""

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from knowledge import der
from tests.knowledge.pki import Pki, streamed
from tests.steps import steps

trees = st.recursive(
    st.binary(max_size=300).map(der.octet_string) | st.integers(0, 2**70).map(der.integer),
    lambda parts: st.lists(parts, min_size=1, max_size=4).map(lambda found: der.sequence(*found)),
    max_leaves=20,
).map(der.sequence)


@given(st.integers(0, 2**500))
def test_a_number_comes_back(value: int) -> None:
    assert der.element(der.integer(value)).number() == value


@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 2**28 - 1), max_size=8))
def test_an_object_identifier_comes_back(first: int, second: int, rest: list[int]) -> None:
    dotted = ".".join(map(str, (first, second, *rest)))
    assert der.element(der.object_id(dotted)).dotted() == dotted


def test_a_certificate_is_read_in_its_parts() -> None:
    encoded = Pki.make().root.der
    parsed = x509.load_der_x509_certificate(encoded)
    part, algorithm, signature = der.element(encoded).children()
    assert part.whole == parsed.tbs_certificate_bytes
    assert algorithm.only().dotted() == parsed.signature_algorithm_oid.dotted_string
    assert signature.expect(der.BIT_STRING).content == b"\0" + parsed.signature


@given(trees, st.integers(1, 6))
def test_what_was_streamed_becomes_what_it_was(whole: bytes, levels: int) -> None:
    assert der.definite(streamed(whole, levels)) == whole
    assert der.definite(whole) == whole


def test_what_is_definite_within_is_copied_byte_for_byte() -> None:
    loose = b"\x30\x81\x06\x04\x82\x00\x01\x05"  # lengths that DER would write shorter
    loose = loose[:2] + bytes((len(loose) - 3,)) + loose[3:]
    assert der.definite(b"\x30\x80" + loose + b"\0\0") == der.sequence(loose)


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_a_length_is_written_as_der_asks(length: int) -> None:
    encoded = der.octet_string(bytes(length))
    found = der.element(encoded)
    assert (len(found.content), found.end) == (length, len(encoded))
    assert encoded[1] == (length if length < 128 else 0x80 | found.start - 2)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x80",
        b"\x30\x81",
        b"\x30\x85\0\0\0\0\0",
        b"\x30\x02\x05",
        b"\x1f\x01\x00",
        b"\x3f\x01\x00",
    ],
    ids=bytes.hex,
)
def test_what_is_no_element_is_an_error(data: bytes) -> None:
    with pytest.raises(der.DerError):
        der.element(data)


@pytest.mark.parametrize("content", [b"", b"\x2a\x86", b"\x2a" * 65], ids=["none", "cut off", "long"])
def test_what_is_no_object_identifier_is_an_error(content: bytes) -> None:
    with pytest.raises(der.DerError):
        der.element(der.tlv(der.OBJECT_ID, content)).dotted()


def test_an_element_never_reaches_beyond_the_one_it_is_in() -> None:
    with pytest.raises(der.DerError, match="cut off"):
        der.element(b"\x30\x03\x04\x05\x01" + bytes(9)).children()


@pytest.mark.parametrize(
    "ber",
    [
        b"\x30\x80" * 33 + b"\0\0" * 33,
        b"\x30\x80" + b"\x05\x00" * 50_001 + b"\0\0",
        b"\x30\x80\x05\x00",
        b"\x04\x80\0\0",
        b"\x24\x80\x05\x00\0\0",
        b"\0",
    ],
    ids=["deep", "wide", "open", "plain", "pieces of another kind", "half an end"],
)
def test_ber_that_cannot_be_is_an_error(ber: bytes) -> None:
    with pytest.raises(der.DerError):
        der.definite(ber)


@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize(
    ("inside", "most"), [(b"\x05\x00" * 60_000, 1_500_000), (b"\x30\x80" * 60_000, 1_000)], ids=["wide", "deep"]
)
def test_however_wide_or_deep_ber_is_no_more_of_it_is_read(inside: bytes, most: int, times: int) -> None:
    def read() -> None:
        with pytest.raises(der.DerError):
            der.definite(b"\x30\x80" + inside * times)

    assert steps(read) < most


def test_an_end_where_nothing_began_is_an_empty_element() -> None:
    assert der.definite(b"\0\0") == b"\0\0"
