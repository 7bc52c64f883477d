"""Whatever stands in a file: no reader raises, line numbers go up, and nothing grows without a bound."""

import gzip
import io
from string import printable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import events, times
from connectors.logs import catalogue
from connectors.streams import Stream
from connectors.surveying import Surveying
from connectors.unpacking import Notes, unpacked
from knowledge.library import Library
from tests.logs import test_readers
from tests.logs.test_bad_input import zipped
from tests.logs.test_readers import SAMPLES

TEXTS = [
    *SAMPLES.values(),
    *(text for name, text in vars(test_readers).items() if name.isupper() and isinstance(text, str)),
]
CHUNKS = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from(TEXTS).flatmap(lambda text: st.sampled_from(text.splitlines() or [""])),
    st.text(printable, max_size=60),
    st.text(max_size=40),
    st.sampled_from(
        [
            '"',
            "\n",
            "<",
            ">",
            "]LOG]!>",
            "<![LOG[",
            "&x;",
            "\x00",
            "\t",
            ":",
            "#Fields:",
            "{",
            "[",
            "99999999999999999999",
        ]
    ),
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Pieces of real logs in any order, cut anywhere, bytes changed, in any encoding."""
    text = "".join(draw(st.lists(CHUNKS, max_size=8)))
    data = bytearray(text.encode(draw(st.sampled_from(["utf-8", "utf-16", "utf-16-le", "cp1252"])), "replace"))
    for _ in range(draw(st.integers(0, 4))):
        if data:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)


QUICK = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(
    "reader", [reader for reader in catalogue() if reader.kind != "evtx"], ids=lambda reader: reader.kind
)
@QUICK
@given(data=files())
def test_a_reader_never_raises(reader: object, data: bytes) -> None:
    stream = Stream(io.BytesIO(data), "x")
    assert 0 <= reader.fits(stream.head) <= 1.01  # type: ignore[attr-defined]
    for line in reader.lines(stream):  # type: ignore[attr-defined]
        assert line.number >= 1
        assert len(line.text) < 80_000


@pytest.mark.parametrize("form", [events.xml, events.tables, events.lists])
@QUICK
@given(data=files())
def test_no_form_of_events_raises(form: object, data: bytes) -> None:
    numbers = [record.number for record in form.records(Stream(io.BytesIO(data), "x"))]  # type: ignore[attr-defined]
    assert numbers == sorted(numbers)


@QUICK
@given(data=files())
def test_a_stream_loses_no_line(data: bytes) -> None:
    stream = Stream(io.BytesIO(data), "x")
    numbers = [number for number, _ in stream.numbered()]
    assert numbers == list(range(1, stream.lines + 1))


@QUICK
@given(text=st.text(st.sampled_from("0123456789:./- TZ+,APMapm"), max_size=40))
def test_no_time_raises(text: str) -> None:
    for read in (times.iso, times.local, times.clock, times.stamped):
        read(text)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(members=st.lists(files(), max_size=3), cut=st.integers(0, 400), change=st.integers(0, 255))
def test_no_archive_raises(members: list[bytes], cut: int, change: int) -> None:
    for whole in (zipped({f"{i}.log": data for i, data in enumerate(members)}), gzip.compress(b"".join(members))):
        data = bytearray(whole)
        data[cut % len(data)] = change
        for variant in (bytes(data), whole[:-cut] if cut else whole):
            for packed in unpacked(io.BytesIO(variant), "x", Notes()):
                while packed.file.read(1 << 16):
                    pass


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.lists(files(), min_size=1, max_size=3))
def test_any_set_of_files_has_a_story(data: list[bytes], library: Library) -> None:
    surveying = Surveying(library)
    for i, one in enumerate(data):
        stream = Stream(io.BytesIO(one), "x")
        if stream.is_text:
            surveying.read(io.BytesIO(one), str(i))
    assert not [note for note in surveying.done().notes if "mistake of mine" in note]
