"""Files beside a message of Teams: fetched from Microsoft's hosts alone, and answered; documents go with consent."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.ports import Show
from bot.types import Answer, Document, Message
from tests.chat.fake_teams import FakeTeams
from tests.chat.teams_bot import Bot, running
from tests.logs.compose import compose


@pytest.fixture
async def bot(sdk: str, tmp_path: Path) -> AsyncIterator[Bot]:
    """The whole bot."""
    async with running(sdk, tmp_path) as whole:
        yield whole


def _file(teams: FakeTeams, name: str, address: str | None = None) -> dict[str, object]:
    content = {"downloadUrl": address or f"{teams.url}/files/{name}", "uniqueId": "u", "fileType": "log"}
    return {"contentType": "application/vnd.microsoft.teams.file.download.info", "name": name, "content": content}


async def test_files_of_text_are_read(bot: Bot) -> None:
    bot.teams.files = {"a.log": "\ufeffError 12175\r\n".encode("utf-16-le"), "b.log": b"0x80094012"}
    await bot.answers(bot.teams.message("", attachments=[_file(bot.teams, "a.log"), _file(bot.teams, "b.log")]))
    words = bot.teams.standing()[-1].words
    assert "12175" in words
    assert "0x80094012" in words
    (question,) = await bot.mail.questions()
    assert question.text == "a.log, b.log"


async def test_a_set_of_logs_is_answered_with_where_it_stops(bot: Bot) -> None:
    bot.teams.files = compose("verify-403-16", 2).files
    attachments = [_file(bot.teams, name) for name in bot.teams.files]
    await bot.answers(bot.teams.message("these are the logs", attachments=attachments))
    post = bot.teams.standing()[0]
    assert "at step 3" in post.words
    assert "data:image/png" in json.dumps(post.activity)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"MZ\x00\x01\x02\x03" * 100, "not a text file"),
        (b"PK\x03\x04zip", "zip cannot be read"),
        (b"elsewhere", "302"),
        (None, "404"),
    ],
)
async def test_a_file_that_cannot_be_read_is_told_once(bot: Bot, data: bytes | None, reason: str) -> None:
    bot.teams.files = {"a.log": data} if data is not None else {}
    said = bot.teams.message("", attachments=[_file(bot.teams, "a.log")])
    await bot.answers(said, said)
    (post,) = bot.teams.standing()
    assert reason in post.words


@pytest.mark.parametrize("address", ["https://evil.example/x", "http://169.254.169.254/", "file:///etc/passwd", ""])
async def test_files_of_other_hosts_are_not_fetched(bot: Bot, address: str) -> None:
    attachments = [_file(bot.teams, "a.log", address or "http://")]
    await bot.answers(bot.teams.message("and 0x80094012", attachments=attachments))
    (post,) = bot.teams.standing()
    assert "OneDrive or SharePoint" in post.words
    assert "0x80094012" in post.words


async def _packet(message: Message, show: Show) -> Answer | None:
    return Answer("The packet", "info", (Document("packet.zip", b"PK\x05\x06" + bytes(18), "packet k3f9"),))


async def test_a_document_is_offered_in_a_personal_chat(sdk: str, tmp_path: Path) -> None:
    async with running(sdk, tmp_path, handle=_packet) as bot:
        await bot.answers(bot.teams.message("packet"))
        offer = json.dumps(bot.teams.standing()[-1].activity)
        assert "file.consent" in offer
        assert '"sizeInBytes": 22' in offer


async def test_in_a_channel_a_document_is_named_with_what_to_say_elsewhere(sdk: str, tmp_path: Path) -> None:
    async with running(sdk, tmp_path, handle=_packet) as bot:
        await bot.answers(bot.teams.in_channel("packet"))
        assert "write to me there: packet k3f9" in bot.teams.standing()[-1].words


async def test_a_packet_wished_in_a_channel_is_had_in_the_personal_chat(sdk: str, tmp_path: Path) -> None:
    async with running(sdk, tmp_path) as bot:
        await bot.answers(bot.teams.in_channel("0x80094012"))
        await bot.answers(bot.teams.in_channel("packet"))
        word = bot.teams.standing()[-1].words.rpartition("write to me there: ")[2].splitlines()[0]
        await bot.answers(bot.teams.message(word))
        assert "file.consent" in json.dumps(bot.teams.standing()[-1].activity)
