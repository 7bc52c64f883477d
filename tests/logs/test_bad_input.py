"""What is broken, hostile or without an end is read within bounds, told in words, and the rest of it kept."""

import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import BadRequest
from bot.timeline.lines import Ended
from connectors import unpacking
from connectors.logs import catalogue
from connectors.streams import LONGEST_LINE, Stream
from connectors.surveying import Surveyed, Surveying
from connectors.times import iso
from connectors.unpacking import Notes, unpacked
from connectors.xml_pieces import read
from knowledge.library import Library
from tests.logs.reading import kind_of, lines_of
from tests.logs.test_readers import IIS, LIST_DE, SVCLOG


def zipped(members: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return whole.getvalue()


def contents(data: bytes, notes: Notes) -> dict[str, bytes]:
    found = {}
    for packed in unpacked(io.BytesIO(data), "given", notes):
        parts = []
        while part := packed.file.read(1 << 20):
            parts.append(part)
        found[packed.name] = b"".join(parts)
    return found


def surveyed(data: bytes, library: Library, name: str = "given") -> Surveyed:
    surveying = Surveying(library)
    surveying.read(io.BytesIO(data), name)
    return surveying.done()


# --- archives --------------------------------------------------------------------------------


def test_a_zip_bomb_is_stopped_where_it_grows_like_one() -> None:
    notes = Notes()
    found = contents(zipped({"bomb.log": bytes(200 << 20), "good.log": IIS.encode()}), notes)
    assert len(found["given/bomb.log"]) < 100 << 20
    assert found["given/good.log"] == IIS.encode()
    assert "zip bomb" in notes.lines[0]
    assert "bomb.log" in notes.lines[0]


def test_a_gzip_bomb_is_stopped_too() -> None:
    notes = Notes()
    assert len(contents(gzip.compress(bytes(200 << 20)), notes)["given"]) < 40 << 20
    assert "zip bomb" in notes.lines[0]


def test_all_of_an_archive_together_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "LARGEST_UNPACKED", 5 << 20)
    monkeypatch.setattr(unpacking._Allowance.__init__, "__defaults__", (5 << 20, 2_000))
    notes = Notes()
    found = contents(zipped({f"{i}.log": bytes(1 << 20) for i in range(20)}), notes)
    assert sum(map(len, found.values())) <= 6 << 20
    assert any("unpacks to more than" in note for note in notes.lines)


def test_a_zip_in_a_zip_is_opened_and_one_in_that_is_not() -> None:
    inner = zipped({"ndes.log": IIS.encode(), "deepest.zip": zipped({"x.log": b"x"})})
    notes = Notes()
    found = contents(zipped({"inner.zip": inner, "a.log.gz": gzip.compress(b"packed twice")}), notes)
    assert found == {"given/inner.zip/ndes.log": IIS.encode(), "given/a.log.gz": b"packed twice"}
    assert "unpack it and give me what is in it" in notes.lines[0]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "C:\\Windows\\x.log", "a\x00b", "\x1b[31m.log", "x" * 5000]
)
def test_the_name_of_a_member_is_only_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert list(contents(zipped({name: IIS.encode()}), Notes()).values()) == [IIS.encode()]
    assert list(tmp_path.rglob("*")) == []


def test_a_zip_of_very_many_files_is_read_in_part() -> None:
    notes = Notes()
    assert len(contents(zipped({f"{i}.log": b"x" for i in range(2_100)}), notes)) == unpacking.MOST_MEMBERS
    assert "2,100 files inside" in notes.lines[0]


def test_zips_in_a_zip_have_no_more_files_together_than_one_may_have() -> None:
    inner = zipped({f"{i}.log": b"x" for i in range(300)})
    notes = Notes()
    found = contents(zipped({f"{i}.zip": inner for i in range(30)} | {"last.log": b"y"}), notes)
    assert len(found) <= unpacking.MOST_MEMBERS
    assert "given/0.zip/299.log" in found
    assert found["given/last.log"] == b"y"
    assert any("files inside" in note for note in notes.lines)


def test_a_zip_that_lists_millions_of_files_takes_no_memory() -> None:
    listing = zipped({"a": b""})
    entry, ending = listing[31:-22][:47], listing[-22:]
    count = 400_000
    told = ending[:12] + (47 * count).to_bytes(4, "little") + ending[16:]
    notes = Notes()
    tracemalloc.start()
    assert contents(listing[:31] + entry * count + told, notes) == {}
    assert tracemalloc.get_traced_memory()[1] < 100 << 20
    tracemalloc.stop()
    assert "very many files" in notes.lines[0]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("at", [45, 60, 80])
def test_a_member_damaged_in_any_way_of_packing_costs_only_itself(method: int, at: int) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as file:
        file.writestr("a.log", IIS * 20)
        file.writestr("b.log", IIS)
    data = bytearray(whole.getvalue())
    data[at] ^= 0xFF
    notes = Notes()
    assert contents(bytes(data), notes)["given/b.log"] == IIS.encode()
    assert any("a.log" in note for note in notes.lines)


@pytest.mark.parametrize("cut", [10, 60, 200, -10, -30])
def test_a_zip_that_is_cut_off_is_told(cut: int) -> None:
    notes = Notes()
    contents(zipped({"a.log": IIS.encode(), "b.log": IIS.encode()})[:cut], notes)
    assert "given" in notes.lines[0]


def test_a_damaged_member_costs_only_itself() -> None:
    data = bytearray(zipped({"a.log": IIS.encode() * 50, "b.log": b"good"}))
    data[60:80] = bytes(20)
    notes = Notes()
    assert contents(bytes(data), notes)["given/b.log"] == b"good"
    assert "damaged" in notes.lines[0]


def test_a_gzip_that_is_cut_off_keeps_what_stands_before() -> None:
    notes = Notes()
    lines = b"".join(b"line %d of the log\n" % i for i in range(200_000))
    found = contents(gzip.compress(lines)[:-50_000], notes)["given"]
    assert found
    assert lines.startswith(found)
    assert "damaged" in notes.lines[0]


def test_a_locked_zip_is_told() -> None:
    data = bytearray(zipped({"a.log": b"secret"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    notes = Notes()
    assert contents(bytes(data), notes) == {}
    assert "password" in notes.lines[0]


def test_a_picture_in_a_zip_is_noted_and_the_log_beside_it_read(library: Library) -> None:
    told = surveyed(zipped({"x.png": bytes(range(32)) * 100, "iis.log": IIS.encode()}), library)
    assert told.notes == ("given/x.png: this is not a text file.",)
    assert [file.kind for file in told.story.files] == ["iis"]


# --- lines and characters --------------------------------------------------------------------


class Endless(io.RawIOBase):
    """So many bytes of one line, made while they are read."""

    def __init__(self, size: int, beginning: bytes, end: bytes) -> None:
        self._left = size
        self._pieces = [beginning]
        self._end = end

    def read(self, size: int = -1) -> bytes:
        if self._pieces:
            return self._pieces.pop()
        if self._left <= 0:
            data, self._end = self._end, b""
            return data
        self._left -= 1 << 20
        return b"x" * (1 << 20)


def test_one_line_of_a_gigabyte_is_cut_and_takes_no_memory() -> None:
    tracemalloc.start()
    try:
        stream = Stream(Endless(1 << 30, b"begins ", b" ends\nnext\n"), "x")
        (first, line), second = stream.numbered()
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()
    assert (first, second) == (1, (2, "next"))
    assert line.startswith("begins x")
    assert line.endswith("x ends")
    assert len(line) <= LONGEST_LINE


@pytest.mark.parametrize("text", ["Gerät für Müller 日本 \U0001f600", "é" * 50_000])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-8-sig"])
def test_a_file_cut_within_a_character_is_read_up_to_it(text: str, encoding: str) -> None:
    data = text.encode(encoding)[:-1]
    ((number, line),) = Stream(io.BytesIO(data), "x").numbered()
    assert number == 1
    assert line[:5] == text[:5]


def test_a_character_across_two_blocks_is_whole() -> None:
    text = "a" * 65_535 + "ü" + "\n" + "b" * ((1 << 20) - 3) + "日\n"
    for encoding in ("utf-8", "utf-16"):
        lines = [line for _, line in Stream(io.BytesIO(text.encode(encoding)), "x").numbered()]
        assert lines[1].endswith("b日")


def test_windows_1252_and_utf_8_may_stand_in_one_file() -> None:
    data = "Gerät\n".encode("cp1252") + "Gerät\n".encode()
    assert [line for _, line in Stream(io.BytesIO(data), "x").numbered()] == ["Gerät", "Gerät"]


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"\r\n\r\n", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b"#Fields:", b"#Fields: sc-status cs-uri-stem\n"],
)
def test_what_is_nearly_nothing_has_no_lines(data: bytes) -> None:
    assert lines_of(data) == []


# --- XML -------------------------------------------------------------------------------------

LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'


def test_entities_are_not_known_and_document_types_not_wanted() -> None:
    assert read(f"{LAUGHS}<x>&c;</x>") is None
    assert read('<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>') is None
    bomb = SVCLOG.replace("VerifyRequest Started.", "&c;")
    assert [line.text for line in lines_of((LAUGHS + bomb + SVCLOG).encode())] == [
        "CertificateRegistrationPoint: VerifyRequest Started."
    ]


def test_xml_without_an_end_or_with_very_many_elements_is_bounded() -> None:
    endless = SVCLOG[:200] + "<a>" * 500_000
    assert [line.text for line in lines_of((endless + SVCLOG).encode())][-1:] != ["x"]
    assert read("<a>" * 500 + "</a>" * 500) is None
    long = SVCLOG.replace("VerifyRequest Started.", "x" * 1_000_000)
    assert len(lines_of((long + "\n" + SVCLOG).encode())) == 1


# --- tables, JSON, EVTX ----------------------------------------------------------------------


def test_a_quotation_mark_that_is_never_closed_does_not_swallow_a_table() -> None:
    head = "Level,Date and Time,Source,Event ID,Task Category\n"
    bad = 'Error,5/14/2024 10:01:12 AM,X,1,None,"never closed\n'
    good = "Error,5/14/2024 10:01:12 AM,X,2,None,fine\n"
    found = lines_of((head + bad + good * 1_000).encode())
    assert len(found) > 500


def test_a_message_without_an_end_is_cut() -> None:
    found = lines_of((LIST_DE + "und weiter\n" * 100_000).encode())
    assert all(len(line.text) < 20_000 for line in found)


@pytest.mark.parametrize(
    "text", ['[{"Status": "Failed"}' * 3, '[{"Status": ' + "[" * 100_000, '{"Status":"Failed","a":' + '{"a":' * 5_000]
)
def test_json_that_is_broken_or_deep_ends_quietly(text: str) -> None:
    assert kind_of(text.encode()) == "connector-test"
    assert len(lines_of(text.encode())) <= 3


@pytest.mark.parametrize("data", [b"ElfFile\0", b"ElfFile\0" + bytes(5_000), b"ElfFile\0" + bytes(range(256)) * 400])
def test_a_corrupt_evtx_is_told_in_one_sentence(data: bytes, library: Library) -> None:
    """Whether the library for it is there or not."""
    try:
        told = surveyed(data, library)
    except BadRequest as error:
        assert "EVTX" in str(error)
    else:
        assert "EVTX" in told.notes[0]
        assert told.story.stops == ()


def test_binary_is_refused_by_name(library: Library) -> None:
    with pytest.raises(BadRequest, match=r"^thing\.bin: this is not a text file\.$"):
        surveyed(bytes(range(32)) * 400, library, "thing.bin")


# --- what is made to take for ever -----------------------------------------------------------

TIRING = [
    '"',
    "<",
    "<E2ETraceEvent>",
    "<Event><System>",
    " ",
    "1",
    " 1",
    "a: ",
    "<![LOG[",
    "<![LOG[\n",
    "1 Error ",
    "1 Error x\n",
    "2024-05-14 08:01:12 1 GET / 1 200 0 0 x\n",
    '[{"Status":',
    "Event ID: 1\nLevel: Error\nSource: x\n",
    "MIAGCSqGSIb3DQ",
    "Row 1:\nRequest Status Code: 0x80094800\n\n",
    'a,"b\n',
    "=== Logging started",
    "Error 0x80094012 scep ndes failed\n",
    "\n",
    "\r\n",
    " \n",
]


@pytest.mark.parametrize("bit", TIRING)
def test_no_repetition_tires_a_reader(bit: str, library: Library) -> None:
    data = (bit * (200_000 // len(bit))).encode()
    for reader in catalogue():
        if reader.kind != "evtx":
            stream = Stream(io.BytesIO(data), "x")
            reader.fits(stream.head)
            for _ in reader.lines(stream):
                pass
    surveyed(data, library)


# --- memory ----------------------------------------------------------------------------------


def endless_log() -> Iterator[bytes]:
    yield IIS.splitlines(keepends=True)[1].encode()
    row = IIS.splitlines(keepends=True)[2]
    block = "".join(row.replace("10.0.0.30", f"10.{i % 250}.{i % 7}.9") for i in range(5_000)).encode()
    for _ in range(120):
        yield block


class Pieces:
    """A file of pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, size: int = -1) -> bytes:
        return next(self._pieces, b"")

    def peek(self, size: int) -> bytes:
        return b"#Fie"


def test_a_log_of_a_hundred_megabytes_takes_little_memory(library: Library) -> None:
    surveying = Surveying(library)
    tracemalloc.start()
    try:
        surveying.read(Pieces(endless_log()), "u_ex.log")
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()
    story = surveying.done().story
    assert story.files[0].lines == 600_001
    assert story.stops == ()


# --- times, and many of the same -------------------------------------------------------------

OUTAGE = "2024-05-14 {:%H:%M:%S} 10.0.0.21 GET /certsrv/mscep/mscep.dll operation=GetCACaps&message=ca 443 - 10.0.0.30 Dalvik/2.1.0 - 500 0 1346 31\n"  # noqa: E501


def outage(lines: int) -> bytes:
    """All of one proxy: nothing begins anew where nothing goes on."""
    begin, header = datetime(2024, 5, 14), "\n".join(IIS.splitlines()[:2]) + "\n"
    return (header + "".join(OUTAGE.format(begin + timedelta(seconds=i)) for i in range(lines))).encode()


@pytest.mark.parametrize("date", ["9999-12-31", "0001-01-01", "1601-01-01"])
def test_a_date_at_the_end_of_the_calendar_is_none(library: Library, date: str) -> None:
    log = outage(3).decode().replace("2024-05-14", date)
    (stop,) = surveyed(log.encode(), library).story.stops
    assert (stop.first.line, stop.lines, stop.since) == (3, 3, None)


@pytest.mark.parametrize("zone", ["+14:00", "Z", "-12:00"])
@pytest.mark.parametrize("date", ["0001-01-01 00:00:00", "9999-12-31 23:59:59"])
def test_a_zone_does_not_lead_past_the_calendar(date: str, zone: str) -> None:
    assert (at := iso(date + zone)) is None or at.year in (1, 9999)


def test_joining_ends_when_somebody_stops_it(library: Library) -> None:
    class StoppedError(Ended):
        pass

    def look(_: int) -> None:
        if joining:
            raise StoppedError

    joining = False
    surveying = Surveying(library, look)
    surveying.read(io.BytesIO(outage(500)), "given")
    joining = True
    with pytest.raises(StoppedError):
        surveying.done()


def test_lines_beyond_those_that_are_kept_are_counted_once(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.timeline.story.MOST_BAD", 50)
    other = IIS.splitlines()[-1] + "\n"
    stops = surveyed(outage(70) + other.encode() * 30, library).story.stops
    assert sum(stop.lines for stop in stops) <= 100
    assert stops[0].lines == 70
