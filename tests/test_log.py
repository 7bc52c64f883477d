"""The log of a running program: one line a record in either form, and none of the secrets that go through it."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from bot.errors import BadRequest, ConnectorError
from connectors import settings
from connectors.store import open_store
from connectors.telemetry.log import AGAIN, LONGEST, OneLine, OneObject, Repeats
from tests.store.postgres import ask

ROOT = Path(__file__).parent.parent
_KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDHkq3cV0d7fQ2L"
SEEDS = {  # what goes into the log, and the part of it that must not come out
    "challenge": ("challenge 6F2A9C0D11E4B7A8", "6F2A9C0D11E4B7A8"),
    "bare challenge": ("B7A86F2A9C0D11E4", "B7A86F2A9C0D11E4"),
    "long challenge": ("The enrollment challenge password is: 9D01AAB37C5E4F6688120FDE3CAB7711", "9D01AAB37C5E4F66"),
    "challenge in a page": ("<B> 0D11E4B7A86F2A9C </B>", "0D11E4B7A86F2A9C"),
    "bot token": ("xoxb-1234567890-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx", "AbCdEfGhIjKlMnOpQrStUvWx"),
    "app token": ("token=xapp-1-A0123ABCD-4567890-abcdef0123456789abcdef", "abcdef0123456789abcdef"),
    "user token": ("xoxp-111-222-333-feedfacefeedfacefeedface", "feedfacefeedfacefeedface"),
    "JWT": ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dGhpc2lzYXNpZ25hdHVyZQ", "dGhpc2lzYXNpZ25hdHVyZQ"),
    "bearer": ("Authorization: Bearer kT9vQ2mXw7LpZr4NfYc8BsHd1GjAe6Uo", "kT9vQ2mXw7LpZr4NfYc8BsHd1GjAe6Uo"),
    "client secret": ("client_secret=w0u8Q~aLrT5vPq2mNx9zKd3fGh7jBc1sYe4iWo6U", "aLrT5vPq2mNx9zKd3fGh7jBc1sYe4iWo6U"),
    "bare client secret": ("w1u8Q~bLrT5vPq2mNx9zKd3fGh7jBc1sYe4iWo6U", "bLrT5vPq2mNx9zKd3fGh7jBc1sYe4iWo6U"),
    "signing secret": ("SLACK_SIGNING_SECRET=8f742231b10e8888abcd99yyyzzz85a5", "8f742231b10e8888abcd99yyyzzz85a5"),
    "PEM": (f"-----BEGIN PRIVATE KEY-----\n{_KEY}\n-----END PRIVATE KEY-----", _KEY),
    "cut PEM": (f"-----BEGIN RSA PRIVATE KEY-----\n{_KEY}", _KEY),
    "password in a URL": ("postgresql+psycopg://bot:Sommer-2026-x@db.example/ndes refused", "Sommer-2026-x"),
    "proxy": ("http://proxyuser:pr0xy-Pa55@proxy.example:3128", "pr0xy-Pa55"),
    "signature in a URL": (
        "https://files.example/a?sv=2026&sig=Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA%3D%3D",
        "Zm9vYmFyYmF6cXV4",
    ),
    "password": ("user=svc_ndes password=Gehe1m!Wort9", "Gehe1m!Wort9"),
    "dsn": ("host=db user=bot password='qu0ted-Secret' dbname=x", "qu0ted-Secret"),
    "worker token": ("FuBYF0uWyrkV94ph--4sWpJbdZwzyuv40UZ7tLNCE6s", "FuBYF0uWyrkV94ph--4sWpJbdZwzyuv40UZ7tLNCE6s"),
}
PARTS = [part for _, part in SEEDS.values()]


def record_of(
    name: str, message: str, /, *arguments: object, caught: BaseException | None = None, **extra: object
) -> logging.LogRecord:
    """What a logger makes of a call."""
    raised = (type(caught), caught, caught.__traceback__) if caught else None
    return logging.getLogger(name).makeRecord(name, logging.ERROR, __file__, 1, message, arguments, raised, extra=extra)


# --- nothing secret ---------------------------------------------------------------------------


@pytest.mark.parametrize("form", [OneLine, OneObject])
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("logger", ["connectors.chat.slack", "bot", "slack_bolt.App", "asyncio"])
def test_no_secret_is_in_a_line_wherever_it_was(form: type[logging.Formatter], seed: str, logger: str) -> None:
    said, secret = SEEDS[seed]
    try:
        raise ConnectionError(said)
    except ConnectionError as error:
        caught = error
    record = record_of(
        logger,
        f"%s and {said}".replace("%3D", "="),
        said,
        caught=caught,
        reason=said,
        key=said,
        message_id=said,
        error=caught,
        executors=[said, {said: said}],
        nested={"deep": {"deeper": (said,)}},
        data=said.encode(),
    )
    line = form().format(record)
    assert secret not in line
    assert "\n" not in line
    assert "ConnectionError" in line


def test_no_secret_leaves_a_process_whatever_goes_wrong_in_it(tmp_path: Path) -> None:
    """Records of ours and of libraries, warnings, a wrong format, exceptions that nobody caught: the whole corpus."""
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio, json, logging, sys, threading, warnings\n"
        "from connectors.telemetry.log import log_to_stderr\n"
        "seeds = json.load(sys.stdin)\n"
        "log_to_stderr()\n"
        "ours, theirs = logging.getLogger('connectors.serving'), logging.getLogger('slack_bolt.App')\n"
        "class Loud:\n"
        "    def __str__(self): raise ValueError(seeds[0])\n"
        "    def __del__(self): raise ValueError(' '.join(seeds))\n"
        "def fail(said): raise ValueError(said)\n"
        "for said in seeds:\n"
        "    for log in (ours, theirs):\n"
        "        log.error('it failed: %s', said, extra={'reason': said, 'key': said})\n"
        "        log.error('%d of %s', said, extra={'reason': said})\n"
        "        log.error('too few %s %s', said)\n"
        "        log.error(Loud(), extra={'reason': Loud(), 'server': [Loud()]})\n"
        "        try: fail(said)\n"
        "        except ValueError: log.exception('it failed', stack_info=True)\n"
        "    warnings.warn(said, stacklevel=1)\n"
        "    thread = threading.Thread(target=fail, args=(said,)); thread.start(); thread.join()\n"
        "async def nobody_waits():\n"
        "    asyncio.create_task(asyncio.to_thread(fail, ' '.join(seeds)))\n"
        "    await asyncio.sleep(0.2)\n"
        "asyncio.run(nobody_waits())\n"
        "fail(' '.join(seeds))\n"
    )
    for form in ("text", "json"):
        told = subprocess.run(
            [sys.executable, program],
            env={**os.environ, "PYTHONPATH": str(ROOT), "NDESBOT_LOG": form},
            input=json.dumps([said for said, _ in SEEDS.values()]),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert [part for part in PARTS if part in told.stdout + told.stderr] == []
        assert "Traceback" not in told.stderr
        lines = told.stderr.splitlines()
        assert len(lines) > 10 * len(SEEDS)
        if form == "json":
            kinds = {json.loads(line)["logger"] for line in lines}
            assert kinds >= {"connectors.serving", "slack_bolt.App", "py.warnings", "asyncio"}
        assert "nobody caught an exception" in lines[-1]
        assert told.returncode == 1


# --- what is told all the same ----------------------------------------------------------------


def test_a_line_of_json_says_when_how_bad_who_what_and_why() -> None:
    record = record_of(
        "connectors.serving",
        "a platform is not served for now",
        surface="slack",
        reason="it ended by itself",
        status=503,
    )
    record.created = 1795291200.1234
    assert json.loads(OneObject().format(record)) == {
        "time": "2026-11-21T20:00:00.123+00:00",
        "level": "ERROR",
        "logger": "connectors.serving",
        "message": "a platform is not served for now",
        "surface": "slack",
        "reason": "it ended by itself",
        "status": 503,
    }
    assert OneLine().format(record) == (
        "ERROR a platform is not served for now surface=slack reason=it ended by itself status=503"
    )


def test_of_an_exception_the_kind_and_the_line_are_told() -> None:
    try:
        raise KeyError("what somebody pasted")
    except KeyError as error:
        told = json.loads(OneObject().format(record_of("asyncio", "it quotes %s", "a paste", caught=error)))
    assert (told["message"], told["kind"]) == ("asyncio had trouble", "KeyError")
    file, _, line = told["at"].partition(":")
    assert (file, line.isdigit()) == ("test_log.py", True)


def test_the_number_that_a_person_was_told_is_found_in_the_log() -> None:
    number = uuid4().hex
    record = record_of("bot.router", "a message was not answered", message_id=number, key=f"check {number}")
    for form in (OneLine, OneObject):
        assert form().format(record).count(number) == 2
    assert number not in OneLine().format(record_of("bot.router", "it failed", reason=number))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "a\nb\x1b[31m\u202e", "x" * 100_000, {"a": [1] * 500}])
def test_whatever_a_value_is_the_line_is_one_and_short(value: object) -> None:
    record = record_of("bot.router", "it failed", reason=value)
    for form in (OneLine, OneObject):
        line = form().format(record)
        assert len(line) < LONGEST + 300
        assert line.isprintable()
    json.loads(OneObject().format(record), parse_constant=lambda word: pytest.fail(word))


def test_an_extra_takes_the_place_of_nothing() -> None:
    record = record_of("bot.router", "it failed", time="never", level="none", logger="nobody", kind="k")
    told = json.loads(OneObject().format(record))
    assert (told["level"], told["logger"], told["message"], told["kind"]) == ("ERROR", "bot.router", "it failed", "k")
    assert told["time"] != "never"


# --- the setting ------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "form"), [(None, "text"), ("", "text"), ("JSON", "json"), ("text", "text")])
def test_the_form_is_text_unless_json_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, said: str | None, form: str
) -> None:
    monkeypatch.delenv("NDESBOT_LOG", raising=False)
    if said is not None:
        monkeypatch.setenv("NDESBOT_LOG", said)
    assert settings.log_form() == form


def test_a_form_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NDESBOT_LOG", "xml")
    with pytest.raises(BadRequest, match="text or json"):
        settings.log_form()


# --- what is said again -------------------------------------------------------------------------


def test_what_is_still_so_is_said_once_a_minute_and_how_often_it_was() -> None:
    repeats, begun = Repeats(), record_of("bot.inbox", "it is not kept", reason="x").created
    said = []
    for second in range(0, 150, 10):
        record = record_of("bot.inbox", "it is not kept", reason="x")
        record.created = begun + second
        if repeats.filter(record):
            said.append((second, getattr(record, "repeated", None)))
    assert said == [(0, None), (AGAIN, 5), (2 * AGAIN, 5)]
    assert repeats.filter(record_of("bot.inbox", "it is not kept", reason="y"))


def test_what_a_person_was_told_the_id_of_is_always_said_unless_it_is_the_database_for_all() -> None:
    repeats = Repeats()
    outage = "The database, PostgreSQL bot at db, failed: the connection broke (08006)."
    bugs = [record_of("bot.router", "not answered", message_id=name, error="KeyError") for name in "ab"]
    away = [record_of("bot.router", "not answered", message_id=name, error=outage) for name in "abc"]
    assert [repeats.filter(record) for record in (*bugs, *away)] == [True, True, True, False, False]


async def test_an_outage_of_the_database_is_one_line_when_it_begins_and_one_when_it_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address = f"sqlite+aiosqlite:///{tmp_path}/bot.db"
    async with open_store(address) as store:
        ask(address, "alter table servers rename to away")
        for _ in range(3):
            with pytest.raises(ConnectorError):
                await store.servers()
        assert store.failures == 3
        ask(address, "alter table away rename to servers")
        assert await store.servers() == []
        assert await store.servers() == []
    lines = [(record.message, getattr(record, "failures", None)) for record in caplog.records]
    assert lines == [("the database fails", None), ("the database answers again", 3)]
