"""The calendar feed is what RFC 5545 says it is, whatever the names in it are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from bot.diary import Expiry
from connectors.render.calendar import calendar

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
TLS = Expiry("ndes01", "tls", "ndes.example.org", NOW + timedelta(days=21), NOW)


def read(feed: bytes) -> list[dict[str, str]]:
    """The events of a feed by a reader of its own: unfolded, each property once, texts unescaped."""
    assert feed.endswith(b"\r\n")
    lines = feed.split(b"\r\n")[:-1]
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert all(len(line) <= 75 for line in lines)
    for line in lines:
        line.decode()  # no letter is cut apart
    whole = feed.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]
    assert (whole[0], whole[1], whole[-1]) == ("BEGIN:VCALENDAR", "VERSION:2.0", "END:VCALENDAR")
    events: list[dict[str, str]] = []
    inside = False
    for line in whole[1:-1]:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            events.append({})
        elif inside and line != "END:VEVENT":
            assert name not in events[-1]
            events[-1][name] = _unescaped(value)
        inside = line == "BEGIN:VEVENT" or (inside and line != "END:VEVENT")
    return events


def _unescaped(value: str) -> str:
    said, rest = "", iter(value)
    for letter in rest:
        assert letter not in ";,"
        said += next(rest) if letter == "\\" else letter
    return said


def test_an_event_says_what_ends_when_and_what_follows() -> None:
    (event,) = read(calendar([TLS]))
    assert event["SUMMARY"] == "ndes01: TLS certificate of ndes.example.org ends"
    assert (event["DTSTART"], event["DTSTAMP"]) == ("20261212T100000Z", "20261121T100000Z")
    assert event["DESCRIPTION"] == "After it, no device can connect any more. Last seen on 2026-11-21."


def test_times_are_told_in_utc() -> None:
    tokyo = replace(TLS, ends=datetime(2026, 12, 12, 8, tzinfo=timezone(timedelta(hours=9))))
    assert read(calendar([tokyo]))[0]["DTSTART"] == "20261211T230000Z"


def test_what_is_renewed_moves_and_everything_else_stays() -> None:
    before, after = (read(calendar([one]))[0] for one in (TLS, replace(TLS, ends=TLS.ends + timedelta(days=365))))
    assert before["UID"] == after["UID"]
    assert before["DTSTART"] != after["DTSTART"]
    others = [replace(TLS, server="ndes02"), replace(TLS, kind="other"), replace(TLS, name="b.example.org")]
    assert len({event["UID"] for event in read(calendar([TLS, *others]))}) == 4


def test_the_uid_is_the_same_on_every_computer() -> None:
    assert read(calendar([TLS]))[0]["UID"] == "56102a303e24eddf704c163f17e21c34@ndesbot"


def test_an_empty_feed_is_a_calendar_too() -> None:
    assert read(calendar([])) == []


def test_the_order_in_which_things_were_kept_does_not_matter() -> None:
    rows = [replace(TLS, server=f"ndes{number:02}", ends=TLS.ends + timedelta(days=number % 3)) for number in range(9)]
    assert calendar(rows) == calendar(reversed(rows))
    twice = [TLS, replace(TLS, ends=TLS.ends + timedelta(days=9))]
    assert [event["DTSTART"] for event in read(calendar(twice))] == ["20261212T100000Z"]


@given(
    st.lists(
        st.builds(
            Expiry,
            st.text(max_size=80),
            st.sampled_from(("tls", "ra", "crl", "root-crl", "ca", "connector", "other")),
            st.one_of(st.text(max_size=300), st.just("x\r\nEND:VEVENT\r\nBEGIN:VALARM;,\\n漢字" * 9)),
            st.datetimes(datetime(1000, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC)),
            st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
        ),
        max_size=4,
    ),
    st.text(max_size=100),
)
def test_no_name_can_break_out_of_its_event(rows: list[Expiry], name: str) -> None:
    events = read(calendar(rows, name))
    assert len(events) == len({(row.server, row.kind, row.name) for row in rows})
    keys = {"UID", "DTSTAMP", "DTSTART", "SUMMARY", "DESCRIPTION", "CATEGORIES", "TRANSP"}
    assert all(set(event) == keys for event in events)
