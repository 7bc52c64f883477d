"""A case is gathered from its thread, from the servers checked there, and from nowhere else."""

import io
import json
import logging
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.cases import KEPT, Cases
from bot.diary import Run
from bot.errors import BadRequest, ConnectorError
from bot.findings import Finding, Report, Server
from bot.ports import Filed, Use
from bot.timeline import Story
from bot.types import Document, Message, Place
from connectors.assembly import causes
from connectors.surveying import Surveyed, Surveying
from knowledge.library import Library
from tests.fakes import NOON, FakeCasebook, FakeClock, FakeDiary, FakeMail, FakeStore
from tests.logs.compose import compose

HOUR = timedelta(hours=1)
PLACE = Place("slack", "C1", "171.5")
LOGS = Message("m1", PLACE, "U1", "what is wrong?")
KEY = Cases.key(LOGS)
PRESS = Message("p1", PLACE, "U2", "packet")
NDES = Server(
    "ndes01", "https://ndes.example.org/certsrv/mscep/mscep.dll", connector="new", connector_version="6.2606.12.1001"
)
BASE = Finding("scep-base", "fail", "It answers 500.", {"status": 500}, (("base", "500"),))


def word_of(given: Document) -> str:
    return given.again.removeprefix("packet ")


class Site:
    """Everything that a case is gathered from, and a clock."""

    def __init__(self, library: Library) -> None:
        self.clock, self.store, self.mail = FakeClock(), FakeStore(), FakeMail()
        self.diary = FakeDiary(self.mail)
        self.book = FakeCasebook(self.mail, self.diary, self.store)
        self.cases = Cases(
            book=self.book,
            store=self.store,
            diary=self.diary,
            library=library,
            causes=causes(),
            clock=self.clock,
            versions={"ndesbot": "1.0"},
        )

    async def asks(self, text: str, about: str | None = None, *, name: str = "m1", place: Place = PLACE) -> None:
        await self.mail.answered(Message(name, place, "U1", text), self.clock(), about)

    async def checks(self, server: Server = NDES, *, command: str = "check", place: str = "slack/C1") -> None:
        await self.store.register(server)
        await self.store.note(Use(self.clock(), "U2", place, command, server.name, True))
        report = Report(server, self.clock(), "fail", (BASE,), (), 3, 10.0)
        await self.store.keep(report, None)

    async def document(self, key: str, press: Message = PRESS) -> Any:
        with zipfile.ZipFile(io.BytesIO(await self.cases.packet(press, key))) as whole:
            return json.loads(whole.read("packet.json"))


@pytest.fixture
def site(library: Library) -> Site:
    return Site(library)


@pytest.fixture(scope="module")
def surveyed(library: Library) -> Surveyed:
    surveying = Surveying(library)
    for name, data in compose("verify-403-16", 1).files.items():
        surveying.read(io.BytesIO(data), name)
    return surveying.done(("picture.png: this is not a text file.",))


@pytest.fixture
def story(surveyed: Surveyed) -> Story:
    return surveyed.story


async def test_what_logs_told_is_handed_on_up_to_a_week_later(site: Site, surveyed: Surveyed) -> None:
    await site.cases.keep(LOGS, surveyed.story, surveyed.notes)
    site.clock.now += KEPT
    told = (await site.document(KEY))["story"]
    first = surveyed.story.stops[0]
    assert told["stops"][0]["entry"] == "policy-module-403-16"
    assert (told["stops"][0]["file"], told["stops"][0]["line"]) == tuple(first.first)
    assert told["enrolments"] == len(surveyed.story.enrolments)
    assert told["notes"] == ["picture.png: this is not a text file."]


async def test_the_same_case_gives_the_same_bytes(site: Site, story: Story) -> None:
    await site.cases.keep(LOGS, story)
    await site.checks()
    assert await site.cases.packet(PRESS, KEY) == await site.cases.packet(PRESS, KEY)


async def test_the_questions_of_the_thread_are_in_it_with_their_entries_and_nobodys_name(site: Site) -> None:
    await site.asks("what is 403.16?", "policy-module-403-16")
    await site.diary.vote("slack m1", "U7", helped=True, at=NOON)
    await site.asks("elsewhere", name="m2", place=replace(PLACE, thread="9"))
    told = await site.document(KEY)
    (turn,) = told["questions"]
    assert (turn["text"], turn["entry"], turn["helped"]) == ("what is 403.16?", "policy-module-403-16", 1)
    assert turn["title"].startswith("403.16")
    assert turn["person"] == "person 1"
    assert "U1" not in json.dumps(told)


async def test_a_server_checked_from_there_is_in_it_with_findings_causes_and_what_was_tried(site: Site) -> None:
    await site.asks("it answers 500")
    await site.checks()
    site.clock.now += HOUR
    await site.checks(command="fixed")
    await site.diary.remember(Run("ndes01", site.clock(), "fail", {"scep-base": "fail"}), [])
    told = await site.document(KEY)
    (server,) = told["servers"]
    assert (server["server"], server["connector"], server["verdict"]) == ("ndes01", "new 6.2606.12.1001", "fail")
    assert server["findings"][0]["evidence"] == {"status": 500}
    assert {one["standing"] for one in server["suspects"]} <= {"confirmed", "likely", "possible", "ruled_out"}
    assert server["suspects"]
    assert [one["verdict"] for one in server["past"]] == ["fail"]
    assert [(one["command"], one["person"]) for one in told["tried"]] == [("check", "person 2"), ("fixed", "person 2")]


async def test_a_server_checked_elsewhere_or_long_before_is_not_in_it(site: Site) -> None:
    await site.checks()
    site.clock.now += 3 * HOUR
    await site.asks("ndes02 answers 500")
    await site.checks(replace(NDES, name="ndes02"), place="slack/C2")
    told = await site.document(KEY)
    assert (told["servers"], told["tried"]) == ([], [])


async def test_a_server_that_is_gone_is_only_told_as_tried(site: Site) -> None:
    await site.asks("it answers 500")
    await site.checks()
    await site.store.remove("ndes01")
    told = await site.document(KEY)
    assert (told["servers"], [one["server"] for one in told["tried"]]) == ([], ["ndes01"])


@pytest.mark.parametrize("elsewhere", [Place("slack", "C2", "171.5"), Place("teams", "C1", "171.5")])
async def test_a_case_is_handed_on_only_where_it_was_told(site: Site, story: Story, elsewhere: Place) -> None:
    await site.cases.keep(LOGS, story)
    with pytest.raises(BadRequest, match="another conversation"):
        await site.cases.packet(replace(PRESS, place=elsewhere, sender="U99"), KEY)


async def test_who_wished_a_packet_gets_it_in_a_personal_chat_too_and_nobody_else(site: Site, story: Story) -> None:
    await site.asks("it answers 500")
    await site.cases.keep(LOGS, story)
    wish = replace(PRESS, sender="U77")
    first = await site.cases.handed_on(wish, KEY)
    personal = replace(wish, place=Place("slack", "D77"))
    assert (await site.cases.handed_on(personal, word_of(first))).data == first.data
    with pytest.raises(BadRequest, match="another conversation"):
        await site.cases.handed_on(replace(personal, sender="U78"), word_of(first))


async def test_who_is_forgotten_takes_their_logs_out_of_packets_that_others_were_given(
    site: Site, story: Story
) -> None:
    await site.asks("it answers 500", name="m2")
    await site.cases.keep(LOGS, story)
    given = await site.cases.handed_on(replace(PRESS, sender="U77"), KEY)
    await site.diary.forget(LOGS.sender)
    await site.checks()
    assert (await site.document(word_of(given), replace(PRESS, sender="U77")))["story"] is None


async def test_a_story_is_kept_once_however_often_it_is_handed_on(site: Site, story: Story) -> None:
    await site.cases.keep(LOGS, story)
    given = await site.cases.handed_on(PRESS, KEY)
    for _ in range(5):
        site.clock.now += HOUR
        given = await site.cases.handed_on(PRESS, word_of(given))
    await site.cases.handed_on(replace(PRESS, sender="U3"), KEY)
    kept = [str(filed.story) for filed in site.mail.stories.values()]
    assert len(kept) == 3  # the story, and a word for each of two people
    assert [text for text in kept if "403.16" in text] == [str(site.mail.stories[KEY].story)]


async def test_a_case_is_looked_up_once_to_hand_it_on(
    site: Site, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.cases.keep(LOGS, story)
    looked: list[str] = []
    filed = site.book.filed

    async def counted(key: str) -> Filed | None:
        looked.append(key)
        return await filed(key)

    monkeypatch.setattr(site.book, "filed", counted)
    await site.cases.handed_on(PRESS, KEY)
    assert looked == [KEY]


async def test_a_word_got_before_the_logs_of_others_were_read_does_not_open_them(site: Site, story: Story) -> None:
    """The key of a message can be guessed before it is written."""
    elsewhere = replace(PRESS, place=Place("slack", "C2"), sender="U99")
    await site.asks("it answers 500", name="m2", place=elsewhere.place)
    given = await site.cases.handed_on(elsewhere, KEY)
    await site.cases.keep(LOGS, story)
    assert (await site.document(word_of(given), elsewhere))["story"] is None


async def test_a_case_without_logs_is_handed_on_elsewhere_too(site: Site) -> None:
    await site.asks("it answers 500")
    first = await site.cases.handed_on(PRESS, KEY)
    personal = replace(PRESS, place=Place("slack", "D1"))
    assert (await site.cases.handed_on(personal, word_of(first))).data == first.data


async def test_where_nothing_is_known_that_is_said(site: Site) -> None:
    with pytest.raises(BadRequest, match="nothing here to hand on"):
        await site.cases.packet(PRESS, "no key")


async def test_a_story_that_cannot_be_kept_costs_the_answer_nothing(
    site: Site, story: Story, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(key: str, filed: Filed) -> None:
        raise ConnectorError("the database is away: user U1")

    monkeypatch.setattr(site.book, "file", broken)
    with caplog.at_level(logging.ERROR):
        await site.cases.keep(LOGS, story)
    assert "a story was not kept" in caplog.text
    assert "U1" not in caplog.text


async def test_a_story_of_another_version_is_left_out(site: Site) -> None:
    await site.book.file(KEY, Filed(NOON, PLACE, "U1", {"summary": 1, "new": True}))
    assert (await site.document(KEY))["story"] is None


async def test_the_versions_are_in_it(site: Site) -> None:
    await site.asks("anything")
    assert (await site.document(KEY))["versions"] == {"ndesbot": "1.0"}


async def test_nothing_kept_of_logs_has_a_secret_in_it(site: Site, library: Library) -> None:
    secrets = ("E3A1F8B2C4D57096", "bob.smith@contoso.com", "Sonnenblume9!")
    text = (
        f"enrolment was refused, error 71000: challenge password is {secrets[0]} of {secrets[1]}, password={secrets[2]}"
    )
    line = f"2024-05-14T08:01:14.3020000  ERROR  Event  org.jscep.client.Client  20114  12  {text}\n"
    surveying = Surveying(library)
    surveying.read(io.BytesIO((line * 5).encode()), f"{secrets[1]}.log")
    done = surveying.done((f"{secrets[1]}.zip: cannot be read",))
    assert done.story.unknown
    await site.cases.keep(LOGS, done.story, done.notes)
    filed = site.mail.stories[KEY]
    assert [secret for secret in secrets if secret in repr(filed)] == []


async def test_what_is_kept_of_very_much_is_small(site: Site, library: Library) -> None:
    line = "2024-05-14T08:01:14.3020000  ERROR  Event  org.jscep.client.Client  20114  12  refused, error 7{:04} {}\n"
    surveying = Surveying(library)
    for number in range(100):
        log = "".join(line.format(i, "word " * 700) for i in range(30))
        surveying.read(io.BytesIO(log.encode()), f"{number}{'x' * 900}.log")
    await site.cases.keep(LOGS, surveying.done().story)
    assert len(json.dumps(site.mail.stories[KEY].story)) < 64_000
