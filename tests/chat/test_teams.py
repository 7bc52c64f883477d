"""The whole bot in Teams, over real HTTP: the same on either of Microsoft's libraries."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from botbuilder.schema import ConversationReference  # type: ignore[import-untyped]
from microsoft_agents.activity import ConversationReference as SuccessorsReference

from bot.ports import ChatSurface, Show
from bot.types import Answer, Choices, Message, Piece, Place, Quote, Text
from tests.chat.fake_teams import BOT, TENANT, FakeTeams, buttons, deliver, strings
from tests.chat.teams_bot import MODULES, PAT, Bot, running

PERSONAL = "a:personal-pat"
SURE = "only Android fails on SCEP, the issuing CA is missing in what the server sends. iPads are fine"


@pytest.fixture
async def bot(sdk: str, tmp_path: Path) -> AsyncIterator[Bot]:
    """The whole bot."""
    async with running(sdk, tmp_path) as whole:
        yield whole


async def test_it_is_a_chat_surface(bot: Bot) -> None:
    surface: ChatSurface = bot.surface
    assert (surface.name, surface.looks_up, await surface.find(Place("teams", "x"), "y")) == ("teams", False, None)


# --- where it answers ------------------------------------------------------------------------


async def test_a_question_is_answered_with_a_card_in_a_personal_chat(bot: Bot) -> None:
    assert "0x80094800" in (await bot.answers(bot.teams.message("0x80094800")))[0]
    (post,) = bot.teams.standing(PERSONAL)
    assert (post.card["type"], post.card["version"]) == ("AdaptiveCard", "1.5")
    assert post.activity["summary"] == post.card["speak"]


async def test_in_a_channel_it_answers_a_mention_in_its_thread(bot: Bot) -> None:
    await bot.answers(bot.teams.in_channel("0x80094012", thread="1701"))
    (post,) = bot.teams.standing()
    assert post.conversation == "19:channel@thread.tacv2;messageid=1701"
    assert post.activity["conversation"]["id"] == post.conversation


async def test_in_a_group_it_answers_a_mention(bot: Bot) -> None:
    await bot.answers(bot.teams.in_group("0x80094012"))
    assert "0x80094012" in bot.teams.titles("19:group@thread.v2")[0]


async def test_what_is_not_said_to_it_is_left_alone(bot: Bot) -> None:
    assert await bot.answers(bot.teams.in_channel("0x80094012", mention=False)) == []
    assert await bot.mail.questions() == []


async def test_where_it_may_read_along_it_answers_when_it_is_sure(sdk: str, tmp_path: Path) -> None:
    async with running(sdk, tmp_path, overheard=frozenset({"19:channel@thread.tacv2"})) as bot:
        said = [bot.teams.in_channel(text, mention=False) for text in (SURE, "good morning", "hello", "0x80094012")]
        assert len(await bot.answers(*said)) == 1


async def test_hi_hello_and_help_say_what_it_can_do(bot: Bot) -> None:
    said = ("hi", "Hello!", "HELP", "/help", "/ndes-help", "ndes-help", "")
    personal = [bot.teams.message(text) for text in said]
    channel = [bot.teams.in_channel(text, thread=f"{n}") for n, text in enumerate(said)]
    assert await bot.answers(*personal, *channel) == ["Good to know: What I can do"] * 2 * len(said)


async def test_commands_go_with_and_without_a_slash(bot: Bot) -> None:
    said = [bot.teams.message(text) for text in ("servers", "/servers", "/ndes-servers")]
    titles = await bot.answers(*said)
    assert len(titles) == 3
    assert len(set(titles)) == 1


async def test_roles_are_entra_object_ids(sdk: str, tmp_path: Path) -> None:
    stranger = {"id": "29:sam", "name": "Sam", "aadObjectId": "0000bbbb-0000-0000-0000-00000000000b"}
    async with running(sdk, tmp_path) as bot:
        assert bot.surface.role_of(Message("x", Place("teams", "y"), PAT, "")) == "admin"
        command = "register ndes01 https://ndes.example.org/certsrv/mscep/mscep.dll"
        titles = await bot.answers(bot.teams.message(command, **{"from": stranger}), bot.teams.message(command))
        assert titles[0] == "Unknown: I cannot do that"
        assert "cannot" not in titles[1]


# --- coming to a conversation ----------------------------------------------------------------


def _added(teams: FakeTeams) -> list[dict[str, Any]]:
    members = [{"id": "29:someone"}, {"id": BOT}]
    return [
        teams.message(type="conversationUpdate", membersAdded=members, text=None),
        teams.message(type="installationUpdate", action="add", text=None),
    ]


async def test_it_greets_once_where_it_was_added(bot: Bot) -> None:
    assert await bot.answers(*_added(bot.teams), *_added(bot.teams)) == ["Good to know: What I can do"]


async def test_nobody_else_is_greeted(bot: Bot) -> None:
    other = bot.teams.message(type="conversationUpdate", membersAdded=[{"id": "29:someone"}], text=None)
    gone = bot.teams.message(type="installationUpdate", action="remove", text=None)
    odd = [bot.teams.message(type=kind, text=None) for kind in ("messageReaction", "typing", "event", "messageUpdate")]
    assert await bot.answers(other, gone, *odd) == []


async def test_it_posts_by_itself_where_it_was_added_even_after_a_restart(sdk: str, tmp_path: Path) -> None:
    async with FakeTeams().running() as teams:
        async with running(sdk, tmp_path, teams=teams) as bot:
            await bot.answers(teams.in_channel("hi", thread="1"))
        async with running(sdk, tmp_path, teams=teams) as bot:
            digest = Answer("The week", "info", (Text("All is well."),))
            await bot.surface.send(Place("teams", "19:channel@thread.tacv2"), digest, str, key="digest")
    post = teams.standing()[-1]
    assert (post.conversation, post.activity["summary"]) == ("19:channel@thread.tacv2", "Good to know: The week")


async def test_what_one_library_stored_the_other_reads(sdk: str, tmp_path: Path) -> None:
    async with FakeTeams().running() as teams:
        async with running(sdk, tmp_path, teams=teams) as bot:
            await bot.answers(teams.in_channel("hi"))
            kept = await bot.mail.reference("teams", "19:channel@thread.tacv2")
        other = next(name for name in MODULES if name != sdk)
        async with running(other, tmp_path, teams=teams) as bot:
            await bot.surface.send(Place("teams", "19:channel@thread.tacv2", "1700"), Answer("x", "info"), str, key="k")
    assert teams.standing()[-1].conversation == "19:channel@thread.tacv2;messageid=1700"
    assert json.loads(json.dumps(kept)) == kept
    archived = ConversationReference().deserialize(kept)
    successor = SuccessorsReference.model_validate(kept)
    for read in (archived, successor, SuccessorsReference.model_validate(archived.serialize())):
        assert (read.service_url, read.conversation.id) == (teams.service, "19:channel@thread.tacv2")
        assert (read.channel_id, read.conversation.conversation_type) == ("msteams", "channel")
    back = ConversationReference().deserialize(successor.model_dump(mode="json", by_alias=True, exclude_unset=True))
    assert (archived.bot.id, successor.agent.id, back.bot.id) == (BOT, BOT, BOT)
    assert (
        successor.conversation.tenant_id == TENANT
    )  # the archived library writes that name in its own way, and loses it


# --- buttons ---------------------------------------------------------------------------------


async def _menu(message: Message, show: Show) -> Answer | None:
    if message.text == "menu":
        return Answer("Menu", "info", (Choices("What?", (("Check it", "check ndes01"),)),))
    return Answer(f"Heard {message.text} from {message.sender}", "info")


@pytest.fixture
async def menu(sdk: str, tmp_path: Path) -> AsyncIterator[Bot]:
    """A bot that offers a button."""
    async with running(sdk, tmp_path, handle=_menu) as whole:
        await whole.answers(whole.teams.message("menu"))
        yield whole


def _button(bot: Bot) -> dict[str, Any]:
    return next(data for post in bot.teams.standing() for title, data in buttons(post.card) if title == "Check it")


async def test_a_button_carries_an_opaque_id_and_says_what_it_stands_for(menu: Bot) -> None:
    assert "ndes01" not in json.dumps(_button(menu))
    (reply,) = await menu.hears(menu.teams.click(_button(menu)))
    assert (reply["statusCode"], reply["type"]) == (200, "application/vnd.microsoft.activity.message")
    await menu.settled()
    assert menu.teams.titles()[-1] == f"Good to know: Heard check ndes01 from {PAT}"


async def test_old_clients_press_with_a_message(menu: Bot) -> None:
    titles = await menu.answers(menu.teams.message(text=None, value=_button(menu)))
    assert titles[-1] == f"Good to know: Heard check ndes01 from {PAT}"


async def test_a_button_works_once_and_where_it_stands(menu: Bot) -> None:
    elsewhere = {"id": "a:someone-else", "conversationType": "personal", "tenantId": TENANT}
    there = menu.teams.message("hi", conversation=elsewhere)
    data = _button(menu)
    await menu.answers(there, menu.teams.click(data, conversation=elsewhere))
    assert menu.teams.titles("a:someone-else")[-1] == "Good to know: That button does not work any more"
    titles = await menu.answers(menu.teams.click(data), menu.teams.click(data))
    assert titles[-2:] == [
        f"Good to know: Heard check ndes01 from {PAT}",
        "Good to know: That button was pressed already",
    ]


async def test_a_button_without_an_id_is_none(menu: Bot) -> None:
    odd: list[Any] = [{}, {"press": 1}, {"press": ["x"]}, {"from": "x", "x": {}}, "x", None, {"press": ""}]
    for data in odd:
        status, _ = await deliver(menu.session, menu.address, menu.teams.click(data), menu.teams.token())
        assert status == 501, data
    assert await menu.answers() == ["Good to know: Menu"]


async def test_a_card_renews_itself_for_the_asker_with_what_stands_there_now(menu: Bot) -> None:
    ((sent, post),) = menu.teams.posts.items()
    assert post.card["refresh"]["userIds"] == ["29:pat"]
    await menu.surface.edit(Place("teams", PERSONAL), sent, Answer("Later", "success"), str)
    assert post.card["refresh"]["userIds"] == ["29:pat"]
    value = {"action": post.card["refresh"]["action"], "trigger": "automatic"}
    (reply,) = await menu.hears(menu.teams.invoke("adaptiveCard/action", value, replyToId=sent))
    assert (reply["statusCode"], reply["value"]) == (200, post.card)
    (unknown,) = await menu.hears(menu.teams.invoke("adaptiveCard/action", value, replyToId="nothing"))
    assert unknown["statusCode"] == 404
    assert await menu.answers() == ["All is well: Later"]


# --- once ------------------------------------------------------------------------------------


async def test_a_message_that_comes_again_is_answered_once_even_after_a_restart(sdk: str, tmp_path: Path) -> None:
    async with FakeTeams().running() as teams:
        again = teams.message("0x80094800")
        for _ in range(2):
            async with running(sdk, tmp_path, teams=teams) as bot:
                await bot.answers(again, again)
    assert len(teams.posts) == 1


async def test_two_conversations_may_give_their_messages_the_same_id(bot: Bot) -> None:
    elsewhere = {"id": "a:someone-else", "conversationType": "personal", "tenantId": TENANT}
    assert (
        len(await bot.answers(bot.teams.message("hi", id="7"), bot.teams.message("hi", id="7", conversation=elsewhere)))
        == 2
    )


async def test_what_a_process_left_is_answered_by_its_successor(sdk: str, tmp_path: Path) -> None:
    async def stuck(message: Message, show: Show) -> Answer | None:
        raise AssertionError

    async with FakeTeams().running() as teams:
        async with running(sdk, tmp_path, teams=teams) as bot:
            await bot.answers(teams.message("hi"))
            message = Message("left", Place("teams", PERSONAL), PAT, "0x80094800")
            unsure = Message("unsure", Place("teams", PERSONAL), PAT, "0x80094012 <at>everybody</at>")
            for one in (message, unsure):
                await bot.mail.receive(one, "here", bot.clock())
            await bot.mail.posted(unsure, "")
        async with running(sdk, tmp_path, teams=teams) as bot:
            await bot.settled()
    titles = sorted(teams.titles()[1:])
    assert titles[0] == "Not sure: I was restarted while I answered this"
    assert "0x80094800" in titles[1]
    apology = next(post for post in teams.standing() if "restarted" in post.words)
    assert "0x80094012" in apology.words


async def test_before_and_after_it_serves_it_says_503(sdk: str, tmp_path: Path) -> None:
    async with running(sdk, tmp_path, serve=False) as bot:
        status, body = await deliver(bot.session, bot.address, bot.teams.message("hi"), bot.teams.token())
        assert (status, list(body)) == (503, ["error"])


# --- hostile ---------------------------------------------------------------------------------

HOSTILE = (
    "<at>everybody</at> 0x80094800",
    '<at id="9">General</at>[click](https://evil.example) ![x](https://evil.example/x.png) 0x80094800',
    "0x80094800 {{DATE(2026-01-01)}} **bold** `code`",
    "0x80094800 \ud800 \0 \u202e",
    "<at " * 20_000 + "0x80094800",
    "0x80094800 " + "<" * 50_000,
)


async def test_no_mention_link_or_image_of_foreign_text_survives(bot: Bot) -> None:
    async def echo(message: Message, show: Show) -> Answer | None:
        return Answer(
            message.text[:200], "info", (Quote((Piece(message.text[:5000], True),)), Text(message.text[:5000]))
        )

    bot.inbox._handle = echo
    assert len(await bot.answers(*map(bot.teams.message, HOSTILE))) == len(HOSTILE)
    for post in bot.teams.standing():
        assert "entities" not in post.activity
        assert not [words for words in strings(post.card) if "<at" in words.lower() and _is_markup(post.card, words)]
        assert "Action.OpenUrl" not in json.dumps(post.card)


def _is_markup(card: Any, words: str) -> bool:
    """Whether a text stands where Teams would read markup: anywhere but in a TextRun."""
    if isinstance(card, dict):
        if card.get("type") != "TextRun" and words in (card.get("text"), card.get("title")):
            return True
        return any(_is_markup(inner, words) for inner in card.values())
    return isinstance(card, list) and any(_is_markup(inner, words) for inner in card)


ODD: list[dict[str, Any]] = [
    {"from": None},
    {"from": "x"},
    {"from": {"id": 7}},
    {"entities": "x"},
    {"entities": [7, {"type": "mention"}, {"type": "mention", "mentioned": {"id": BOT}, "text": 7}]},
    {"attachments": {"x": 1}},
    {"attachments": [7, {"contentType": "application/vnd.microsoft.teams.file.download.info"}]},
    {"value": "x", "text": ["x"]},
    {"text": {"x": 1}},
    {"recipient": []},
    {"conversation": {"id": "../../evil", "tenantId": TENANT}},
    {"conversation": {"id": "a b", "tenantId": TENANT}},
    {"conversation": {"id": 7, "tenantId": TENANT}},
    {"conversation": "x"},
    {"conversation": {"id": "x" * 5000, "tenantId": TENANT}},
    {"id": "../x?y"},
    {"id": None},
    {"id": {"x": 1}},
    {"type": None},
    {"type": ["message"]},
    {"type": "invoke", "name": "adaptiveCard/action", "value": []},
    {"type": "invoke", "name": "composeExtension/query", "value": {"parameters": 7}},
    {"type": "invoke", "name": "composeExtension/fetchTask", "value": {"messagePayload": {"body": 7}}},
    {"type": "invoke", "name": "fileConsent/invoke", "value": {"context": 7, "uploadInfo": "x"}},
    {"type": "invoke", "name": {"x": 1}, "value": {}},
    {"type": "conversationUpdate", "membersAdded": {"id": BOT}},
    {"channelData": {"tenant": {"id": TENANT}, "channel": "x"}},
    {"deliveryMode": "expectReplies"},
    {"replyToId": 7},
]


async def test_whatever_shape_a_field_has_nothing_breaks(bot: Bot) -> None:
    for number, odd in enumerate(ODD):
        said = {**bot.teams.message("hi"), **odd}
        said = (
            {**said, "conversation": {**said["conversation"], "id": f"a:{number}"}}
            if "conversation" not in odd
            else said
        )
        status, body = await deliver(bot.session, bot.address, said, bot.teams.token())
        assert status in (200, 400, 403, 501), (odd, body)
    await bot.settled()
