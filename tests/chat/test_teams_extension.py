"""The message extension: what a message means and a search, in the same breath, also where the bot is no member."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot import posting
from bot.ports import Offer
from bot.types import Answer, Choices, Message, Place
from connectors.chat.teams_protocol import extension, words
from tests.chat.fake_teams import BOT, TENANT, buttons, deliver, strings
from tests.chat.teams_bot import Bot, running

ELSEWHERE = {"id": "19:not-a-member@thread.v2", "conversationType": "groupChat", "tenantId": TENANT}
GUEST = {"id": "29:guest", "name": "G", "aadObjectId": "0000cccc-0000-0000-0000-00000000000c"}


@pytest.fixture
async def bot(sdk: str, tmp_path: Path) -> AsyncIterator[Bot]:
    """The whole bot."""
    async with running(sdk, tmp_path) as whole:
        yield whole


def _query(bot: Bot, text: Any, name: str = "query", **special: Any) -> dict[str, Any]:
    value = {"commandId": "search", "parameters": [{"name": name, "value": text}], "queryOptions": {"count": 25}}
    return bot.teams.invoke("composeExtension/query", value, conversation=ELSEWHERE, **special)


def _chosen(bot: Bot, text: Any, kind: str = "html", name: str = "fetchTask", **special: Any) -> dict[str, Any]:
    value = {
        "commandId": "diagnose",
        "commandContext": "message",
        "messagePayload": {"id": "1", "body": {"contentType": kind, "content": text}},
    }
    return bot.teams.invoke(f"composeExtension/{name}", value, conversation=ELSEWHERE, **special)


def _dialog(reply: dict[str, Any]) -> str:
    return "\n".join(strings(reply["task"]["value"]["card"]))


# --- search ----------------------------------------------------------------------------------


async def test_a_search_finds_entries(bot: Bot) -> None:
    (reply,) = await bot.hears(_query(bot, "0x80094012"))
    (hit,) = reply["composeExtension"]["attachments"]
    assert "0x80094012" in hit["preview"]["content"]["title"]
    assert bot.teams.posts == {}


async def test_all_of_a_hit_is_shown_where_the_bot_is_no_member(bot: Bot) -> None:
    (found,) = await bot.hears(_query(bot, "0x80094012"))
    ((title, data),) = buttons(found["composeExtension"]["attachments"][0]["content"])
    assert (title, "0x80094012" in json.dumps(data)) == ("Show all of it", False)
    (reply, again) = await bot.hears(*(bot.teams.click(data, conversation=ELSEWHERE) for _ in range(2)))
    assert (reply["statusCode"], reply["type"]) == (200, "application/vnd.microsoft.card.adaptive")
    assert "0x80094012" in json.dumps(reply["value"])
    assert again["value"]["body"] == reply["value"]["body"]
    assert bot.teams.posts == {}


async def test_a_button_of_one_conversation_says_nothing_in_another(bot: Bot) -> None:
    (found,) = await bot.hears(_query(bot, "0x80094012"))
    ((_, data),) = buttons(found["composeExtension"]["attachments"][0]["content"])
    other = {**ELSEWHERE, "id": "19:another@thread.v2"}
    for press in (data, {"press": "made.up"}, {"press": "x"}):
        (reply,) = await bot.hears(bot.teams.click(press, conversation=other))
        assert "I cannot do that here" in json.dumps(reply["value"])


async def test_a_button_of_another_platform_says_nothing_here(bot: Bot) -> None:
    offer = Offer(Place("slack", ELSEWHERE["id"]), ("explain 0x80094012",))
    await bot.mail.offer("theirs", offer, bot.clock())
    (reply,) = await bot.hears(bot.teams.click({"press": "theirs.0"}, conversation=ELSEWHERE))
    assert "I cannot do that here" in json.dumps(reply["value"])


async def test_a_press_is_answered_although_the_database_is_stuck(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "KEEPING", 0.01)

    goes_on = asyncio.Event()

    async def stuck(_: str) -> None:
        await goes_on.wait()

    bot.mail.offered = stuck  # type: ignore[method-assign]
    (reply,) = await bot.hears(bot.teams.click({"press": "a.0"}, conversation=ELSEWHERE))
    goes_on.set()
    assert "I cannot do that here" in json.dumps(reply["value"])


async def test_nothing_found_is_told(bot: Bot) -> None:
    (reply,) = await bot.hears(_query(bot, "no entry has these words"))
    assert reply["composeExtension"]["type"] == "message"


@pytest.mark.parametrize("text", [None, 7, "x" * 100_000, "\ud800\0"])
async def test_any_search_is_answered(bot: Bot, text: Any) -> None:
    (reply, first) = await bot.hears(_query(bot, text), _query(bot, "true", "initialRun"))
    assert "composeExtension" in reply
    assert first["composeExtension"]["type"] == "result"


# --- diagnose --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fetchTask", "submitAction"])
async def test_a_message_is_diagnosed_in_a_dialog_that_only_the_asker_sees(bot: Bot, name: str) -> None:
    (reply,) = await bot.hears(_chosen(bot, "<p>NDES says<br/><b>0x80094012</b> &lt;here&gt;</p>", name=name))
    assert reply["task"]["type"] == "continue"
    assert "0x80094012" in _dialog(reply)
    assert "Action.Execute" not in json.dumps(reply)  # in dialogs buttons come back as Action.Submit alone
    assert (bot.teams.posts, await bot.mail.questions()) == ({}, [])


@pytest.mark.parametrize("text", ["", "<p></p>", None, {"x": 1}])
async def test_a_message_without_words_is_told(bot: Bot, text: Any) -> None:
    (reply,) = await bot.hears(_chosen(bot, text))
    assert "I know nothing about this" in _dialog(reply)


async def test_words_that_say_nothing_are_told(bot: Bot) -> None:
    (reply,) = await bot.hears(_chosen(bot, "lunch?", kind="text"))
    assert reply["task"]["type"] == "continue"


async def test_a_button_of_the_dialog_works(bot: Bot) -> None:
    async def menu(message: Message) -> Answer | None:
        return Answer("Menu", "info", (Choices("Which?", (("This one", "explain 0x80094012"),)),))

    bot.surface._reception._extension._answer_now = menu
    (reply,) = await bot.hears(_chosen(bot, "something"))
    ((_, data),) = buttons(reply["task"]["value"]["card"])
    press = {"commandId": "diagnose", "data": data}
    (inner,) = await bot.hears(bot.teams.invoke("composeExtension/submitAction", press, conversation=ELSEWHERE))
    assert "Menu" in _dialog(inner)
    added = {"type": "conversationUpdate", "membersAdded": [{"id": BOT}]}
    await bot.hears(bot.teams.message(conversation=ELSEWHERE, **added))  # now it is a member
    (told,) = await bot.hears(bot.teams.invoke("composeExtension/submitAction", press, conversation=ELSEWHERE))
    assert told["task"]["type"] == "message"
    await bot.settled()
    assert "0x80094012" in bot.teams.standing()[-1].words


# --- in time ---------------------------------------------------------------------------------


async def test_what_takes_too_long_is_told_in_time(sdk: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert extension.IN_TIME < 5  # seconds that Teams waits
    monkeypatch.setattr(extension, "IN_TIME", 0.05)

    async def never(_: object) -> Any:
        await asyncio.Event().wait()

    async with running(sdk, tmp_path, surface={"search": never, "answer_now": never}) as bot:
        search, diagnosis = await bot.hears(_query(bot, "x"), _chosen(bot, "x"))
    assert "too long" in search["composeExtension"]["text"]
    assert "too long" in _dialog(diagnosis)


async def test_a_guest_is_refused_where_it_can_be_told(bot: Bot) -> None:
    bot.teams.members["29:guest"] = {"userRole": "guest"}
    said = {"from": GUEST}
    search, diagnosis, click = await bot.hears(
        _query(bot, "x", **said), _chosen(bot, "x", **said), bot.teams.click({"press": "a.0"}, **said)
    )
    told = "I talk to people of this organisation only"
    assert (search["composeExtension"]["text"], diagnosis["task"]["value"], click["value"]) == (told,) * 3


async def test_where_the_bot_is_no_member_teams_tells_it_of_nobody_and_knowledge_is_open(bot: Bot) -> None:
    bot.teams.members_status = 403
    (reply,) = await bot.hears(_query(bot, "0x80094012", **{"from": GUEST}))
    assert reply["composeExtension"]["type"] == "result"


async def test_an_invoke_that_is_not_known_is_told(bot: Bot) -> None:
    said = bot.teams.invoke("signin/verifyState", {"state": "x"})
    status, _ = await deliver(bot.session, bot.address, said, bot.teams.token())
    assert status == 501


# --- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names", "left"),
    [
        ("<at>ndesbot</at> 0x1", {"ndesbot"}, "0x1"),
        ('<at id="0">ndesbot</at>&nbsp;0x1', {"ndesbot"}, "0x1"),
        ("ask <AT>ndesbot</AT> and <at>Pat</at>", {"ndesbot"}, "ask  and Pat"),
        ("<at>Pat</at> <ndes-fqdn>", set(), "Pat <ndes-fqdn>"),
        ("<at>ndesbot", {"ndesbot"}, "<at>ndesbot"),
        ("a\xa0b \ud800", set(), "a b ?"),
    ],
)
def test_mentions_of_the_bot_are_taken_off_and_others_are_names(text: str, names: set[str], left: str) -> None:
    assert words.said(text, names) == left


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<div>x &lt;y&gt; &amp;amp;</div>", "x <y> &amp;"),
        ("<script>evil()</script><style>x</style>kept", "kept"),
        ('<at id="0">Pat</at> <a href="https://x">link</a>', "Pat link"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
    ],
)
def test_html_becomes_its_words(html: str, text: str) -> None:
    assert words.without_html(html) == text


@pytest.mark.parametrize("piece", ["<", "<a ", "<at>", "<script>", "&lt;", "<br", "</at>", "<a href='"])
def test_no_text_takes_long_to_read(piece: str) -> None:
    text = piece * (400_000 // len(piece))
    assert len(words.said(text, {"x"})) <= words.LONGEST
    assert len(words.without_html(text)) <= words.LONGEST
