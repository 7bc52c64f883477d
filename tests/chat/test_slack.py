"""Slack, over both of its modes, with the whole bot behind it and a small Slack that works on the other side."""

import asyncio
import json
import logging
import sys
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from time import time
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, web

from bot import logs, posting
from bot.diary import Expiry, Run
from bot.errors import Away
from bot.ports import Show
from bot.types import Answer, Fold, Message, Picture, Place, Steps, Text
from connectors.chat.slack.assistant import PROMPTS
from connectors.chat.slack.calls import Calls
from connectors.chat.slack.interactions import COMMANDS
from connectors.chat.slack.socket_mode import SocketMode
from connectors.clock import now
from connectors.platforms import surfaces
from connectors.settings_file import Network, Settings
from connectors.store import open_store
from knowledge.codes import Codes
from knowledge.library import Library
from tests.chat.fake_slack import APP_TOKEN, BOT, BOT_TOKEN, TEAM, FakeSlack, encoded, until
from tests.chat.slack_bot import NDES, Bot, a_check, running
from tests.logs.compose import compose

pytestmark = pytest.mark.asyncio

Start = Callable[..., AbstractAsyncContextManager[Bot]]


@pytest.fixture(params=["socket", "http"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
def start(slack: FakeSlack, mode: str, tmp_path: Path, library: Library, codes: Codes) -> Start:
    def starting(**how: Any) -> AbstractAsyncContextManager[Bot]:
        return running(slack, how.pop("mode", mode), tmp_path / "slack.db", library, codes, **how)

    return starting


async def quiet(slack: FakeSlack, seconds: float = 0.15) -> None:
    """Nothing more comes."""
    before = len(slack.posts)
    await asyncio.sleep(seconds)
    assert len(slack.posts) == before, slack.posts[before:]


# --- where people talk -----------------------------------------------------------------------


async def test_a_mention_is_answered_once_in_its_thread(slack: FakeSlack, start: Start) -> None:
    async with start():
        event = await slack.mention("what is 0x80094012?")
        (answer,) = await slack.answered(1)
        assert (answer.channel, answer.thread, answer.reader) == ("C1", event["ts"], None)
        assert "0x80094012" in answer.text
        assert answer.blocks
        await quiet(slack)


async def test_a_direct_message_is_answered_without_a_thread(slack: FakeSlack, start: Start) -> None:
    async with start():
        await slack.say("0x80094012", channel="DU1")
        (answer,) = await slack.answered(1)
        assert (answer.channel, answer.thread) == ("DU1", None)
        assert "assistant.threads.setStatus" not in slack.calls


async def test_in_a_thread_with_the_bot_nobody_has_to_name_it_again(slack: FakeSlack, start: Start) -> None:
    async with start():
        thread = (await slack.mention("0x80094012"))["ts"]
        await slack.answered(1)
        await slack.say("and explain 12175", thread=thread)
        await slack.say("explain 12175", thread=thread)
        await slack.answered(3, "C1", thread)
        assert "conversations.replies" not in slack.calls
    async with start():  # after a restart Slack tells where the bot took part
        await slack.say("explain 12175", thread=thread)
        await slack.answered(4, "C1", thread)
        assert slack.calls["conversations.replies"] == 1


async def test_what_is_said_to_others_is_not_for_the_bot(slack: FakeSlack, start: Start) -> None:
    async with start():
        thread = (await slack.mention("0x80094012"))["ts"]
        await slack.answered(1)
        await slack.say("0x80094012", channel="C1")
        await slack.say("0x80094012", channel="C1", thread="1600000000.1")
        await slack.say("<@U2> do you know 0x80094012?", thread=thread)
        await slack.say("<!here> 0x80094012", thread=thread)
        await quiet(slack)


async def test_an_overheard_channel_is_answered_only_when_sure(slack: FakeSlack, start: Start) -> None:
    async with start(settings={"overheard": ["C2"]}):
        await slack.say("lunch at noon?", channel="C2")
        await slack.say("check ndes01", channel="C2")
        await quiet(slack)
        event = await slack.say("Event 31, NDESPlugin: error 0x80094012 CERTSRV_E_TEMPLATE_DENIED", channel="C2")
        (answer,) = await slack.answered(1)
        assert (answer.channel, answer.thread) == ("C2", event["ts"])


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": "B2"},
        {"subtype": "bot_message"},
        {"subtype": "message_changed", "message": {"text": "x"}},
        {"subtype": "message_deleted"},
        {"edited": {"user": "U1", "ts": "1"}},
        {"user": BOT},
        {"hidden": True},
    ],
)
async def test_bots_edits_and_removals_are_nobodys_question(
    slack: FakeSlack, start: Start, more: dict[str, Any]
) -> None:
    async with start() as bot:
        await slack.event(slack.written(f"<@{BOT}> 0x80094012") | more)
        await slack.event(slack.written("0x80094012", channel="DU1") | more)
        assert len(slack.acked) == 2
        asked = await slack.mention("0x80094012")  # by the time that somebody's is answered, all that came is known
        await slack.answered(1)
        await until(lambda: not bot.inbox._under_way)
        assert [answer.thread for answer in slack.answers()] == [asked["ts"]]


@pytest.mark.parametrize("hidden", ["xoxb-1", "UBOT", "ndes01\\"])
async def test_the_text_reaches_the_bot_as_it_was_written(slack: FakeSlack, start: Start, hidden: str) -> None:
    heard: list[Message] = []

    async def remember(message: Message, show: Show) -> Answer | None:
        heard.append(message)
        return None

    async with start(handle=remember):
        written = (
            f"<@{BOT}> see <https://ndes.example/x?a=1&amp;b=2> and <http://ndes.example|ndes.example> "
            f"<mailto:a@b.example|a@b.example> &lt;null&gt; &amp;lt; <#C9|general> <!subteam^S1|@ops> {hidden}\n"
            "```\nline *one*\n```"
        )
        await slack.event(slack.written(written))
        await until(lambda: heard)
        assert heard[0].text == (
            "see https://ndes.example/x?a=1&b=2 and ndes.example a@b.example <null> &lt; #general  "
            f"{hidden}\n```\nline *one*\n```"
        )
        assert heard[0].sender == "U1"


# --- who may talk ----------------------------------------------------------------------------


@pytest.mark.parametrize("user", [{"is_restricted": True}, {"is_ultra_restricted": True}, {"is_stranger": True}])
async def test_guests_and_strangers_are_not_heard(slack: FakeSlack, start: Start, user: dict[str, Any]) -> None:
    slack.users["U9"] = user
    async with start():
        await slack.mention("0x80094012", user="U9")
        await slack.say("0x80094012", channel="DU9", user="U9")
        told = await slack.command("/ndes-explain", "0x80094012", user="U9")
        assert "guests" in told if isinstance(told, str) else "guests" in told["text"]
        await quiet(slack)
        assert slack.answers() == []
        assert slack.calls["users.info"] == 1


async def test_guests_may_be_let_in(slack: FakeSlack, start: Start) -> None:
    slack.users["U9"] = {"is_restricted": True}
    async with start(settings={"guests": True}):
        await slack.mention("0x80094012", user="U9")
        await slack.answered(1)


@pytest.mark.parametrize(
    "more", [{"team_id": "T2"}, {"is_ext_shared_channel": True}, {"team_id": None}, {"team_id": ["T1"]}]
)
async def test_foreign_workspaces_and_shared_channels_are_not_heard(
    slack: FakeSlack, start: Start, more: dict[str, Any]
) -> None:
    async with start():
        await slack.event(slack.written(f"<@{BOT}> 0x80094012"), **more)
        await quiet(slack)
        assert slack.answers() == []
        assert len(slack.acked) == 1
        assert "users.info" not in slack.calls


async def test_a_person_of_another_workspace_is_not_heard(slack: FakeSlack, start: Start) -> None:
    async with start():
        await slack.event(slack.written(f"<@{BOT}> 0x80094012", user_team="T2"))
        await slack.command("/ndes-help", team_id="T2")
        await slack.command("/ndes-explain", "12175", channel="CSHARED")
        await quiet(slack)
        assert slack.answers() == []


async def test_shared_channels_may_be_let_in(slack: FakeSlack, start: Start) -> None:
    async with start(settings={"shared_channels": True}):
        await slack.event(slack.written(f"<@{BOT}> 0x80094012", user_team="T2"), is_ext_shared_channel=True)
        await slack.answered(1)
        await slack.command("/ndes-explain", "12175", channel="CSHARED")
        await slack.answered(2)


async def test_roles_come_from_ids_and_user_groups(slack: FakeSlack, start: Start) -> None:
    slack.groups["S1"] = ["U2"]
    async with start(settings={"operators": ["S1", "U3", "SGONE"], "admins": ["U4"]}) as bot:
        place = slack.written("x")["channel"]
        roles = {who: bot.slack.role_of(Message("1", place, who, "")) for who in ("U1", "U2", "U3", "U4")}
        assert roles == {"U1": "viewer", "U2": "operator", "U3": "operator", "U4": "admin"}
        await slack.mention(f"register {NDES.name} {NDES.url}", user="U4")
        await slack.answered(1)
        await slack.mention("check ndes01", user="U1")
        refusal = (await slack.answered(2))[1]
        assert refusal.reader == "U1"
        assert "operator" in refusal.text


async def test_who_is_in_a_group_is_known_before_what_was_left_is_answered(
    slack: FakeSlack, tmp_path: Path, library: Library, codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    slack.groups["S1"] = ["U2"]
    monkeypatch.setenv("NDESBOT_SLACK_BOT_TOKEN", BOT_TOKEN)
    monkeypatch.setenv("NDESBOT_SLACK_APP_TOKEN", APP_TOKEN)
    said = Settings.model_validate({"slack": {"workspaces": [TEAM], "api": slack.origin, "operators": ["S1"]}})
    async with (
        open_store(f"sqlite+aiosqlite:///{tmp_path}/bot.db") as store,
        surfaces(said, web.Application(), store, library, codes) as (chat, _),
    ):
        assert chat.role_of(Message("1", Place("slack", "C1"), "U2", "")) == "operator"


# --- commands, shortcuts, buttons, forms -----------------------------------------------------


async def test_every_command_is_answered_where_it_was_given(slack: FakeSlack, start: Start) -> None:
    async with start(settings={"operators": ["U1"]}) as bot:
        await bot.store.register(NDES)
        for number, command in enumerate(COMMANDS, 1):
            await slack.command(command, {"/ndes-check": "ndes01", "/ndes-explain": "12175"}.get(command, ""))
            await slack.answered(number)
        assert {post.channel for post in slack.answers()} == {"C1"}
        assert [post.reader for post in slack.answers() if "What I can do" in post.text] == ["U1"]


async def test_a_command_elsewhere_is_answered_in_a_direct_message(slack: FakeSlack, start: Start) -> None:
    async with start():
        for number, channel in enumerate(["CPUB", "CUNKNOWN", "DU1"], 1):
            told = await slack.command("/ndes-explain", "12175", channel=channel)
            assert ("direct message" in json.dumps(told)) == (channel != "DU1")
            await slack.answered(number, "DU1")


async def test_a_message_can_be_diagnosed_from_its_menu(slack: FakeSlack, start: Start) -> None:
    async with start():
        alert = {
            "ts": "1650000000.1",
            "bot_id": "B7",
            "text": "",
            "attachments": [{"title": "NDES down", "fields": [{"title": "Error", "value": "0x80094012"}]}],
        }
        await slack.interact(
            "message_action",
            callback_id="diagnose_message",
            message=alert,
            channel={"id": "C1"},
            message_ts=alert["ts"],
        )
        (answer,) = await slack.answered(1)
        assert (answer.channel, answer.thread) == ("C1", "1650000000.1")
        assert "0x80094012" in answer.text


async def test_a_text_can_be_diagnosed_from_anywhere(slack: FakeSlack, start: Start) -> None:
    async with start():
        await slack.interact("shortcut", callback_id="diagnose_text")
        await until(lambda: slack.opened)
        values = {"words": {"said": {"type": "plain_text_input", "value": "0x80094012"}}}
        await submit(slack, "diagnose", values)
        assert "0x80094012" in (await slack.answered(1, "DU1"))[0].text


async def submit(slack: FakeSlack, form: str, values: dict[str, Any], user: str = "U1") -> Any:
    view = {"id": f"V{time()}", "type": "modal", "callback_id": form, "state": {"values": values}}
    return await slack.interact("view_submission", view=view, user=user)


def typed(**said: str) -> dict[str, Any]:
    return {name: {"said": {"type": "plain_text_input", "value": value}} for name, value in said.items()}


async def test_a_server_is_registered_with_a_form(slack: FakeSlack, start: Start) -> None:
    async with start(settings={"admins": ["U4"]}) as bot:
        told = await submit(slack, "register", typed(name="NDES 01", url=NDES.url), "U4")
        assert "name" in told["errors"]
        told = await submit(slack, "register", typed(name="ndes01", url=NDES.url, site="new york"), "U4")
        assert "spaces" in told["errors"]["site"]
        said = typed(name="ndes01", url=NDES.url, site="berlin", tags="prod, emea")
        assert not await submit(slack, "register", said, "U4")
        await slack.answered(1, "DU4")
        (server,) = await bot.store.servers()
        assert (server.name, server.site, server.tags) == ("ndes01", "berlin", ("prod", "emea"))
        await submit(slack, "register", said, "U1")  # the form may be sent by anybody, but not the command
        assert "admin" in (await slack.answered(1, "DU1"))[0].text


async def test_a_missing_answer_is_reported_with_a_form(slack: FakeSlack, start: Start) -> None:
    async with start() as bot:
        assert not await submit(slack, "missing", typed(words="Frobnication failed: 4711", where="app.log"))
        await slack.answered(1, "DU1")
        await until(lambda: not bot.inbox._under_way)
        (question,) = await bot.store.mail.questions("U1")
        assert "Frobnication" in question.text
        assert "app.log" in question.text


async def test_a_button_works_once_and_carries_no_words(slack: FakeSlack, start: Start) -> None:
    async with start(checks=[a_check("one", "ok")], settings={"operators": ["U1", "U2"]}) as bot:
        await bot.store.register(NDES)
        await slack.command("/ndes-servers")
        (listed,) = await slack.answered(1)
        assert "ndes01" not in listed.buttons["ndes01"]
        await slack.press(listed, "ndes01")
        report = (await slack.answered(2))[1]
        assert report.thread == listed.ts
        await slack.press(listed, "ndes01", user="U2")
        again = (await slack.answered(3))[2]
        assert (again.reader, "pressed already" in again.text) == ("U2", True)


async def test_who_presses_needs_the_role_too_and_one_without_it_uses_nothing_up(
    slack: FakeSlack, start: Start
) -> None:
    async with start(checks=[a_check("one", "ok")], settings={"operators": ["U1"]}) as bot:
        await bot.store.register(NDES)
        await slack.command("/ndes-servers")
        (listed,) = await slack.answered(1)
        await slack.press(listed, "ndes01", user="U2")
        assert "operator" in (await slack.answered(2))[1].text
        await slack.press(listed, "ndes01")
        result = (await slack.answered(3))[2]
        await until(lambda: "all that can be seen" in result.text)


async def test_a_check_fills_in_where_it_stands(slack: FakeSlack, start: Start) -> None:
    checks = [a_check("one", "ok"), a_check("two", "fail", 0.2)]
    async with start(checks=checks, settings={"operators": ["U1"]}) as bot:
        await bot.store.register(NDES)
        await slack.mention("check ndes01")
        (answer,) = await slack.answered(1)
        await until(lambda: "Checking" not in answer.text)
        assert "1 of 2" in answer.shown[0][0]
        assert slack.calls["chat.update"] == 1
        await asyncio.sleep(0.1)
        assert len(slack.answers()) == 1


# --- the home page, links, the assistant, workflows ------------------------------------------


async def opened(slack: FakeSlack, user: str = "U1") -> dict[str, Any]:
    slack.homes.pop(user, None)
    await slack.event({"type": "app_home_opened", "user": user, "channel": f"D{user}", "tab": "home"})
    await until(lambda: user in slack.homes)
    return slack.homes[user]


async def test_the_home_page_tells_of_servers_expiries_and_my_questions(slack: FakeSlack, start: Start) -> None:
    checks = [a_check("tls-verify", "fail")]
    async with start(checks=checks, settings={"operators": ["U1"], "admins": ["U4"]}) as bot:
        assert "No server" in json.dumps(await opened(slack))
        await bot.store.register(NDES)
        today = datetime.now(UTC)
        ends = Expiry("ndes01", "tls", "ndes.example.org", today + timedelta(days=12), today)
        await bot.store.diary.remember(Run("ndes01", today, "fail", {}), [ends])
        await slack.mention("check ndes01")
        await slack.mention("what is 0x8badf00d")
        await slack.answered(2)
        await until(lambda: not bot.inbox._under_way)
        page = json.dumps(await opened(slack))
        for word in ("ndes01", "tls-verify is fail", "FAILED", "Running out", "what is 0x8badf00d", "Check now"):
            assert word in page
        assert "check ndes01" not in page  # an order is no question
        assert "Check now" not in json.dumps(await opened(slack, "U2"))
        assert "Register a server" not in page
        assert "Register a server" in json.dumps(await opened(slack, "U4"))


async def test_a_button_of_the_home_page_is_answered_in_a_direct_message(slack: FakeSlack, start: Start) -> None:
    async with start(checks=[a_check("one", "ok")], settings={"admins": ["U1"]}) as bot:
        await bot.store.register(NDES)
        for number in (1, 2):  # the page is made anew, so the button works again
            page = await opened(slack)
            carried = {
                element["text"]["text"]: element["value"]
                for block in page["blocks"]
                for element in block.get("elements", ())
                if element.get("type") == "button"
            }
            action = {"action_id": "home-1", "type": "button", "value": carried["Check now"]}
            await slack.interact("block_actions", actions=[action], view={"type": "home"})
            await slack.answered(number, "DU1")
        for label in ("Register a server", "Report a missing answer"):
            action = {"action_id": "home-2", "type": "button", "value": carried[label]}
            await slack.interact("block_actions", actions=[action], view={"type": "home"})
        await until(lambda: len(slack.opened) == 2)


@pytest.mark.parametrize("away", [True, False], ids=["the database is away", "the database is stuck"])
async def test_the_home_page_comes_although_its_buttons_cannot_be_kept(
    slack: FakeSlack, start: Start, monkeypatch: pytest.MonkeyPatch, away: bool
) -> None:
    monkeypatch.setattr(posting, "KEEPING", 0.01)

    async def offer(*_: object) -> None:
        if away:
            raise Away("the database is gone")
        await asyncio.Event().wait()

    async with start(checks=[a_check("one", "ok")], settings={"admins": ["U1"]}) as bot:
        await bot.store.register(NDES)
        bot.store.mail.offer = offer  # type: ignore[method-assign]
        assert "Check now" in json.dumps(await opened(slack))


async def test_a_link_to_an_entry_gets_a_card(slack: FakeSlack, start: Start, library: Library) -> None:
    entry = next(iter(library.entries))
    links = [{"url": f"https://wiki.corp.example/ndes/{entry}"}, {"url": "https://wiki.corp.example/lunch-menu"}]
    async with start():
        event = {"type": "link_shared", "user": "U1", "channel": "C1", "links": links, "message_ts": "1.1"}
        await slack.event(event | {"unfurl_id": "C1.1", "source": "conversations_history"})
        await until(lambda: slack.unfurled)
        assert list(slack.unfurled) == [links[0]["url"]]


async def test_the_assistant_offers_four_prompts_and_shows_that_it_works(slack: FakeSlack, start: Start) -> None:
    async with start(settings={"operators": ["U1"]}) as bot:
        pane = {"user_id": "U1", "channel_id": "DU1", "thread_ts": "1700000000.9", "context": {}}
        await slack.event({"type": "assistant_thread_started", "assistant_thread": pane})
        await slack.event({"type": "assistant_thread_context_changed", "assistant_thread": pane})
        await until(lambda: slack.calls["assistant.threads.setSuggestedPrompts"])
        for number, prompt in enumerate(PROMPTS, 1):
            await slack.say(prompt["message"], channel="DU1", thread="1700000000.9")
            answer = (await slack.answered(number, "DU1", "1700000000.9"))[-1]
            assert "do not know" not in answer.text
        order = [method for method, _ in slack.said if method.endswith(("setStatus", "postMessage"))]
        assert order == ["assistant.threads.setStatus", "chat.postMessage"] * 4
        assert not bot.slack._assistant._signs


def step(server: str = "ndes01", person: Any = None, name: str = "Fx1") -> dict[str, Any]:
    return {
        "type": "function_executed",
        "function": {"callback_id": "run_ndes_check"},
        "inputs": {"server": server, "person": {"id": "U1"} if person is None else person},
        "function_execution_id": name,
        "bot_access_token": "xwfp-secret",
    }


async def test_a_workflow_can_run_a_check(slack: FakeSlack, start: Start) -> None:
    checks = [a_check("one", "ok"), a_check("two", "ok", 0.1)]
    async with start(checks=checks, settings={"operators": ["U1"]}) as bot:
        await bot.store.register(NDES)
        await slack.event(step())
        await slack.event(step(), name="again")
        await until(lambda: slack.steps)
        how, told = slack.steps["Fx1"]
        assert (how, told["verdict"]) == ("success", "All is well")
        assert "2 well" in told["report"]
        await until(lambda: not bot.inbox._under_way)
        assert slack.calls["functions.completeSuccess"] == 1
        assert slack.answers() == []


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (step(person={"id": "U2"}), "operator"),
        (step(person="U1"), "member"),
        (step(person={"id": "U9"}), "member"),
        (step("nowhere"), "not a registered server"),
        (step("ndes01 for x"), "name of one"),
    ],
)
async def test_a_workflow_that_may_not_check_is_told_why(
    slack: FakeSlack, start: Start, event: dict[str, Any], why: str
) -> None:
    slack.users["U9"] = {"is_restricted": True}
    async with start(settings={"operators": ["U1"]}):
        await slack.event(event)
        await until(lambda: slack.steps)
        how, told = slack.steps["Fx1"]
        assert how == "error"
        assert why in told


# --- files -----------------------------------------------------------------------------------


async def test_an_uploaded_text_is_read(slack: FakeSlack, start: Start) -> None:
    log = slack.file("iis.log", b"2026-11-21 error 0x80094012\n" * 20)
    async with start():
        await slack.event(slack.written("look", channel="DU1", subtype="file_share", files=[log]))
        assert "0x80094012" in (await slack.answered(1))[0].text
        assert slack.file_tokens == [f"Bearer {BOT_TOKEN}"]


async def test_files_elsewhere_are_not_read_and_see_no_token(slack: FakeSlack, start: Start) -> None:
    async with FakeSlack() as elsewhere, start():
        moved = slack.file("moved", b"", status=302, headers={"Location": f"{elsewhere.origin}/files/x"})
        binary = slack.file("binary", bytes(range(32)) * 100)
        foreign = elsewhere.file("x", b"0x80094012")
        for number, file in enumerate((moved, binary, foreign, {"url_private": "file:///etc/passwd"}, {}), 1):
            await slack.event(slack.written("", channel="DU1", subtype="file_share", files=[file]))
            told = (await slack.answered(number))[-1].text
            assert "status 302" in told or "not a text file" in told or "that Slack keeps itself" in told
        assert elsewhere.file_tokens == []


async def test_a_zip_of_logs_is_answered_with_where_they_stop_and_a_picture(slack: FakeSlack, start: Start) -> None:
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, data in compose("verify-403-16", 2).files.items():
            archive.writestr(name, data)
    async with start():
        file = slack.file("logs.zip", held.getvalue())
        event = slack.written("", channel="DU1", subtype="file_share", files=[file])
        await slack.event(event)
        (told,) = await slack.answered(1)
        assert "at step 3" in told.text
        await until(lambda: slack.uploads)
        await until(lambda: any(data.startswith(b"\x89PNG") for data in slack.uploads.values()))


async def test_a_case_is_packed_by_its_button_into_the_thread(slack: FakeSlack, start: Start) -> None:
    async with start():
        event = await slack.mention("0x80094012")
        (told,) = await slack.answered(1)
        await slack.press(told, "Pack the case")
        await until(lambda: any(post.files for post in slack.posts))
        (data,) = slack.uploads.values()
        assert "0x80094012" in zipfile.ZipFile(BytesIO(data)).read("packet.md").decode()
        assert [post.thread for post in slack.posts if post.files] == [event["ts"]]


async def test_logs_overheard_without_a_failure_meet_silence(slack: FakeSlack, start: Start) -> None:
    files = [slack.file(name, data) for name, data in compose("healthy", 1).files.items()]
    async with start(settings={"overheard": ["C1"]}):
        await slack.event(slack.written("the logs of today", channel="C1", subtype="file_share", files=files))
        await until(lambda: len(slack.file_tokens) == len(files))
        await quiet(slack)


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("https://files.slack.com/files-pri/T1-F1/download/a.log", True),
        ("https://corp.slack.com/files-pri/a.log", True),
        ("https://x.slack-files.com/a.log", True),
        ("http://files.slack.com/a.log", False),
        ("https://files.slack.com.evil.example/a.log", False),
        ("https://evilslack.com/a.log", False),
        ("https://user@files.slack.com/a.log", False),
        ("https://files.slack.com:8443/a.log", False),
        ("https://169.254.169.254/slack.com", False),
        ("https://[::1", False),
        ("", False),
    ],
)
async def test_the_token_goes_to_slacks_own_hosts_only(address: str, own: bool) -> None:
    from connectors.chat.slack.calls import Calls
    from connectors.chat.slack.uploads import Uploads
    from connectors.clock import now
    from connectors.settings_file import Network

    assert Uploads(Calls("https://slack.com", "xoxb", Network(), now), "xoxb").slacks_own(address) is own


async def test_a_long_reading_fills_in_and_is_stopped_by_its_button(
    slack: FakeSlack, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_LOOK", 0.05)
    async with start():
        file = slack.file("iis.log", b"error 0x80094012\n")
        slack.latency = 3.0
        await slack.event(slack.written("", channel="DU1", subtype="file_share", files=[file]))
        await until(lambda: slack.file_tokens)
        slack.latency = 0
        (told,) = await slack.answered(1)
        assert "Fetching iis" in told.text
        await slack.press(told, "Stop")
        await until(lambda: any("I stopped reading" in post.text for post in slack.answers()))
        assert len(slack.file_tokens) == 1


async def _long(message: Message, show: Show) -> Answer | None:
    folds = tuple(Fold(f"Part {n}", "", (Steps(tuple(f"{n} {'word ' * 60}" for _ in range(9))),)) for n in range(9))
    return Answer("A long answer", "info", (Text("All of it."), *folds))


async def test_a_long_answer_goes_on_in_a_file_once(slack: FakeSlack, start: Start) -> None:
    slack.busy["files.getUploadURLExternal"] = 1
    async with start(handle=_long):
        event = await slack.mention("tell me all")
        await slack.answered(1)
        await until(lambda: slack.uploads)
        await until(lambda: any(post.files for post in slack.posts))
        (told,) = slack.uploads.values()
        assert b"Part 8" in told
        assert [post.thread for post in slack.posts if post.files] == [event["ts"]]
        await quiet(slack, 0.3)


async def test_a_picture_goes_into_the_thread_once_with_what_it_shows(slack: FakeSlack, start: Start) -> None:
    png = b"\x89PNG" + bytes(range(256))

    async def drawn(message: Message, show: Show) -> Answer | None:
        return Answer("Drawn", "info", (Picture(png, "One server, well all week"),))

    slack.busy["files.completeUploadExternal"] = 1  # refused once, when the answer stands already
    async with start(handle=drawn):
        event = await slack.mention("draw it")
        (answer,) = await slack.answered(1)
        await until(lambda: any(post.files for post in slack.posts))
        await quiet(slack, 0.3)
    assert png in slack.uploads.values()
    assert [post.thread for post in slack.posts if post.files] == [event["ts"]]
    assert "One server, well all week" in answer.text


# --- trouble ---------------------------------------------------------------------------------


async def test_slack_is_given_the_time_it_asks_for(slack: FakeSlack, start: Start) -> None:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(seconds)

    slack.busy["chat.postMessage"] = 2
    async with start(pause=pause):
        await slack.mention("0x80094012")
        await slack.answered(1)
        assert waits[:2] == [1, 1]
        assert slack.calls["chat.postMessage"] == 3


async def test_an_answer_whose_posting_was_not_confirmed_is_looked_up(slack: FakeSlack, start: Start) -> None:
    slack.lost["chat.postMessage"] = 1
    async with start():
        await slack.mention("0x80094012")
        await until(lambda: slack.calls["chat.update"])
        assert len(slack.answers()) == 1
        slack.lost["chat.postMessage"] = 1
        await slack.command("/ndes-explain", "12175")
        await until(lambda: slack.calls["chat.update"] == 2)
        assert len(slack.answers()) == 2


@pytest.mark.parametrize("code", ["is_archived", "not_in_channel", "channel_not_found", "account_inactive"])
async def test_where_the_bot_may_not_post_it_does_not_try_again(slack: FakeSlack, start: Start, code: str) -> None:
    async with start() as bot:
        slack.refusals["chat.postMessage"] = code
        await slack.mention("0x80094012")
        await until(lambda: not bot.inbox._under_way)
        assert slack.calls["chat.postMessage"] == 1


async def test_blocks_that_slack_does_not_take_leave_the_words(slack: FakeSlack, start: Start) -> None:
    def picky(channel: str, text: str, **said: Any) -> dict[str, Any]:
        if said.get("blocks"):
            from tests.chat.fake_slack import _Refuse

            raise _Refuse("invalid_blocks")
        return FakeSlack._chat_postMessage(slack, channel, text, **said)

    slack._chat_postMessage = picky  # type: ignore[method-assign]
    async with start():
        await slack.mention("0x80094012")
        assert "0x80094012" in (await slack.answered(1))[0].text


async def test_a_message_is_not_acknowledged_before_it_is_kept(slack: FakeSlack, start: Start) -> None:
    async with start() as bot:
        kept, receive = asyncio.Event(), bot.slack._desk.receive
        assert receive

        async def slowly(message: Message) -> None:
            await kept.wait()
            await receive(message)

        bot.slack._desk.receive = slowly
        telling = asyncio.create_task(slack.event(slack.written(f"<@{BOT}> 0x80094012")))
        await asyncio.sleep(0.1)
        assert slack.acked == []
        kept.set()
        await telling
        assert len(slack.acked) == 1
        await slack.answered(1)


async def test_what_could_not_be_taken_over_is_delivered_again(slack: FakeSlack, start: Start) -> None:
    slack.busy["users.info"] = 1
    slack.retry_pause, slack.patience = 1.1, 0.5
    async with start():
        await slack.event(slack.written(f"<@{BOT}> 0x80094012"))
        await slack.answered(1)
        assert slack.calls["users.info"] == 2


async def test_hostile_words_name_nobody_and_link_nothing(slack: FakeSlack, start: Start) -> None:
    async with start():
        hostile = "&lt;!channel&gt; &lt;@U1&gt; <https://evil.example|0x80094012> *x* `y` :smile: @here 0x80094012"
        await slack.mention(hostile)
        (answer,) = await slack.answered(1)  # the fake judges every post
        for word in ("<!", "<@", "<http"):
            assert word not in answer.text
        await slack.say("\x00\ud83d" + "(" * 5000, channel="DU1")
        await slack.answered(2)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message", "channel": ["C1"], "user": "U1", "ts": "1", "text": f"<@{BOT}>"},
        {"type": "message", "channel": "D1", "user": {"id": "U1"}, "ts": "1"},
        {"type": "message", "channel": "D1", "user": "U1", "ts": "1", "files": "all", "attachments": [1], "blocks": {}},
        {"type": "app_home_opened"},
        {"type": "link_shared", "links": [1, {"url": 2}], "user": "U1"},
        {"type": "assistant_thread_started", "assistant_thread": []},
        {"type": "unheard_of"},
    ],
)
async def test_events_that_make_no_sense_do_no_harm(slack: FakeSlack, start: Start, event: dict[str, Any]) -> None:
    async with start():
        await slack.event(event)
        assert len(slack.acked) == 1
        await slack.mention("0x80094012")
        await slack.answered(1, "C1")


async def test_no_token_is_ever_logged(slack: FakeSlack, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    slack.refusals["users.info"] = "invalid_auth"
    slack.retry_pause, slack.patience = 0.01, 0.3
    async with start():
        await slack.event(step())
        await slack.mention("0x80094012")
        await slack.command("/ndes-help")
        slack.refusals.clear()
        slack.lost["chat.postMessage"] = 1
        await slack.mention("0x80094012")
        await until(lambda: slack.calls["chat.update"])
    told = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    for secret in ("xoxb-", "xapp-", "xwfp-", "s3cret-sign", "secret-ticket", "hooks.slack.com"):
        assert secret not in told


# --- restarts --------------------------------------------------------------------------------


async def test_what_a_dead_process_left_is_answered_by_the_next_one(slack: FakeSlack, start: Start) -> None:
    async def stuck(message: Message, show: Show) -> Answer | None:
        await show(Answer("Working on it", "info"))
        await asyncio.Event().wait()
        return None

    async with start(handle=stuck, kill=True):
        await slack.mention("0x80094012")
        await slack.answered(1)
        await quiet(slack)
    async with start() as bot:
        (answer,) = slack.answers()
        await until(lambda: "0x80094012" in answer.text)
        assert "Working on it" in answer.shown[0][0]
        await until(lambda: not bot.inbox._under_way)
        await quiet(slack)


async def test_a_process_killed_after_the_acknowledgement_loses_no_question(
    slack: FakeSlack, start: Start, mode: str, tmp_path: Path
) -> None:
    program = [sys.executable, "-m", "tests.chat.slack_child", slack.origin, mode, str(tmp_path / "slack.db")]
    child = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
    assert child.stdout
    slack.http_door = (await child.stdout.readline()).decode().strip() or None
    asked = [await slack.mention(f"0x8009401{n}") for n in range(3)]
    assert len(set(slack.acked)) == 6
    child.kill()
    await child.wait()
    assert slack.answers() == []
    slack.http_door = None
    async with start():
        await slack.answered(3)
        assert {post.thread for post in slack.answers()} == {event["ts"] for event in asked}
        await quiet(slack)


async def test_what_was_answered_before_a_restart_is_not_answered_again(slack: FakeSlack, start: Start) -> None:
    async with start():
        event = await slack.mention("0x80094012")
        await slack.answered(1)
    async with start():
        await slack.event(event)
        await quiet(slack)


# --- one mode alone --------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["http"], indirect=True)
async def test_a_request_that_is_not_slacks_is_refused(slack: FakeSlack, start: Start) -> None:
    async with start():
        event = slack.written(f"<@{BOT}> 0x80094012")
        body = {"type": "event_callback", "team_id": TEAM, "event_id": "Ev1", "event": event}
        data, content = encoded("events_api", body)
        now = int(time())
        assert (await slack.call(data, content, secret="guess"))[0] == 401
        for at in (now - 301, now + 310, now - 86_400):
            assert (await slack.call(data, content, at=at))[0] == 401
        assert slack.calls["users.info"] == 0
        assert (await slack.call(data, content, at=now))[0] == 200
        assert (await slack.call(data, content, at=now))[0] == 401  # a replay
        assert (await slack.call(data, content, at=now - 5))[0] == 200  # Slack's own second try
        await slack.answered(1)
        await quiet(slack)


@pytest.mark.parametrize("mode", ["http"], indirect=True)
@pytest.mark.parametrize("data", [b"{", b"[" * 100_000, b"\xff", b'"x"', b"null", b"[]", b""])
async def test_a_signed_request_that_makes_no_sense_does_no_harm(slack: FakeSlack, start: Start, data: bytes) -> None:
    async with start():
        status, _ = await slack.call(data, "application/json")
        assert status in (200, 400)
        await slack.mention("0x80094012")
        await slack.answered(1)


@pytest.mark.parametrize("mode", ["http"], indirect=True)
async def test_the_door_is_closed_while_nobody_serves(slack: FakeSlack, start: Start) -> None:
    async with start() as bot:
        asked = encoded("events_api", {"type": "url_verification", "challenge": "abc"})
        assert await slack.call(*asked) == (200, {"challenge": "abc"})
        bot.serving.cancel()
        await asyncio.wait([bot.serving])
        assert (await slack.call(b"{}", "application/json"))[0] == 503


@pytest.mark.parametrize("mode", ["socket"], indirect=True)
async def test_a_socket_that_will_close_is_left_after_the_next_one_stands(slack: FakeSlack, start: Start) -> None:
    async with start():
        (old,) = slack.sockets
        await old.send_json({"type": "disconnect", "reason": "warning"})
        await until(lambda: slack.links == 2)
        assert not old.closed
        for _ in range(4):  # both are read
            await slack.mention("0x80094012")
        await old.close()
        await slack.mention("0x80094012")
        await slack.answered(5)
        await quiet(slack)


@pytest.mark.parametrize("mode", ["socket"], indirect=True)
async def test_sockets_that_break_lose_nothing(slack: FakeSlack, start: Start) -> None:
    async with start():
        asking = []
        for number in range(30):
            asking.append(asyncio.create_task(slack.mention("0x80094012")))
            await asyncio.sleep(0.01)
            if number % 10 == 9:
                for socket in list(slack.sockets):
                    await socket.close()
        await asyncio.gather(*asking)
        await slack.answered(30)
        await quiet(slack)
        assert slack.links >= 3


@pytest.mark.parametrize("mode", ["socket"], indirect=True)
async def test_a_connection_that_does_not_come_about_is_tried_again(slack: FakeSlack, start: Start) -> None:
    slack.busy["apps.connections.open"] = 1
    slack.busy_for = 0
    async with start():
        await slack.mention("0x80094012")
        await slack.answered(1)


class Stopping:
    """Calls whose user is stopped at the very moment at which a socket of theirs stands."""

    serving: asyncio.Task[None]

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.session = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._calls, name)

    async def ws_connect(self, *where: Any, **how: Any) -> ClientWebSocketResponse:
        link = await self._calls.session.ws_connect(*where, **how)
        asyncio.get_running_loop().call_soon(self.serving.cancel)
        return link


async def test_a_stop_is_heeded_at_the_moment_at_which_the_connection_stands(slack: FakeSlack) -> None:
    async def dispatch(_: Any) -> Any:
        raise AssertionError("nothing was sent")

    calls: Any = Stopping(Calls(slack.origin, BOT_TOKEN, Network(), now))
    calls.serving = asyncio.create_task(SocketMode(calls, APP_TOKEN).serve(dispatch))
    await asyncio.wait({calls.serving}, timeout=5)
    assert calls.serving.cancelled()
    await calls.close()


@pytest.mark.parametrize("mode", ["socket"], indirect=True)
@pytest.mark.parametrize("method", ["apps.connections.open", "auth.test"])
async def test_a_token_that_is_refused_ends_the_serving_with_a_sentence(
    slack: FakeSlack, start: Start, method: str
) -> None:
    slack.refusals[method] = "invalid_auth"
    with pytest.raises(Exception, match="token is not valid") as failed:
        async with start():
            pass
    assert "secret" not in repr(failed.value)
