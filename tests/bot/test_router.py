"""One message in, one answer out: commands, pastes and failures."""

import logging
from datetime import datetime

import pytest

from bot import commands
from bot.check import Checker
from bot.commands import COMMANDS, Command, Order, UseCases
from bot.findings import Finding, Past, Server
from bot.ports import Check, Wire
from bot.router import Router
from bot.types import Answer, Choices, Facts, Fold, Message, Place, Role, Text
from connectors import shelf
from knowledge.causes import Causes
from knowledge.codes import Codes
from knowledge.library import Library
from tests.checks.fake_wire import FakeWire
from tests.fakes import FakeClock, FakeStore, wires_of

CAUSES = Causes.load(shelf.FOLDER)
URL = "https://ndes.corp.example/certsrv/mscep/mscep.dll"
PLACE = Place("test", "room")
PROBLEM = "POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - NDES_Plugin - 403 16 2148204809 31"


def said(text: str, *, addressed: bool = True) -> Message:
    return Message("m-17", PLACE, "someone", text, addressed)


def built(library: Library, codes: Codes, *, role: Role = "admin", store: FakeStore | None = None) -> Router:
    store = store or FakeStore()
    use = Checker(
        store=store,
        checks=[Check("scep-base", "R10", "?", _stopped), Check("scep-caps", "R12", "?", _well)],
        wires=wires_of(FakeWire()),  # type: ignore[arg-type]
        clock=FakeClock(),
        causes=CAUSES,
    )
    return Router(UseCases(library, codes, checker=use, store=store, clock=FakeClock()), lambda _: role)


async def _stopped(server: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    return Finding("scep-base", "fail", "Nobody answers but http.sys.", {}, (("base", "503_httpsys"),))


async def _well(server: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    return Finding("scep-caps", "ok", "Keywords as expected.")


@pytest.fixture(scope="module")
def router(library: Library, codes: Codes) -> Router:
    return built(library, codes)


HERE = [command for command in COMMANDS if command.name not in ("digest", "quiet")]  # those come with `ndesbot serve`


def words_of(answer: Answer) -> str:
    return repr(answer)


@pytest.mark.parametrize("command", ["help", "/help", "ndes-help", "/ndes-help", "HELP", "  help  ", "/NDES-Help"])
async def test_help_is_understood_with_and_without_slash_and_prefix(router: Router, command: str) -> None:
    answer = await router.handle(said(command))
    assert answer is not None
    assert answer.title == "What I can do"


async def test_help_lists_every_command_with_what_it_does(router: Router) -> None:
    answer = await router.handle(said("help"))
    assert answer is not None
    rows = [row for block in answer.blocks if isinstance(block, Facts) for row in block.rows]
    assert rows == [(f"{command.name} {command.takes}".strip(), command.does) for command in HERE]


@pytest.mark.parametrize("command", ["explain", "/explain", "ndes-explain", "/ndes-explain", "EXPLAIN"])
@pytest.mark.parametrize("what", ["policy-module-403-16", "0x80094012", " 12175 "])
async def test_explain_is_understood_with_and_without_slash_and_prefix(router: Router, command: str, what: str) -> None:
    answer = await router.handle(said(f"{command} {what}"))
    assert answer is not None
    assert answer.tone in ("info", "problem")
    assert not answer.title.startswith("I ")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
async def test_every_command_of_the_table_is_run_and_not_taken_for_a_paste(
    library: Library, codes: Codes, command: Command
) -> None:
    words = {"explain": "12175", "register": f"ndes02 {URL}"}.get(command.name, "ndes01" if command.takes else "")
    store = FakeStore()
    await store.register(Server("ndes01", URL))
    answer = await built(library, codes, store=store).handle(said(f"/ndes-{command.name} {words}".strip()))
    assert answer is not None
    assert answer.title != "I do not know this one"


async def test_a_row_and_its_use_case_are_all_that_a_command_needs(
    library: Library, codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def greet(_: UseCases, order: Order) -> Answer:
        return Answer(f"Good morning, {order.words}", "success")

    row = Command(
        "greet", "<name>", "Says good morning", greet, "operator", lambda _, words: words.istitle(), asks=True
    )
    monkeypatch.setattr(commands, "COMMANDS", (*COMMANDS, row))
    router = built(library, codes, role="operator")
    assert "('greet <name>', 'Says good morning')" in words_of(await router.handle(said("help")))  # type: ignore[arg-type]
    assert await router.handle(said("greet Ada")) == Answer("Good morning, Ada", "success")
    assert (await router.handle(said("greet nobody"))) != Answer("Good morning, nobody", "success")
    assert await router.handle(said("/greet nobody")) == Answer("Good morning, nobody", "success")
    refused = await built(library, codes, role="viewer").handle(said("greet Ada"))
    assert "needs the role operator" in words_of(refused)  # type: ignore[arg-type]


async def test_a_missing_answer_is_noted_where_the_word_is_a_command(router: Router) -> None:
    thanks = await router.handle(said("/ndes-missing what 0x1234 means"))
    assert thanks
    assert (thanks.title, thanks.private) == ("Thank you, it is noted", True)
    pasted = await router.handle(said("missing intermediate certificate in the TLS chain of the NDES server"))
    assert pasted
    assert pasted.title != thanks.title


async def test_explaining_what_nobody_knows_says_so_and_how_to_ask(router: Router) -> None:
    answer = await router.handle(said("explain nonsense"))
    assert answer is not None
    assert answer.tone == "unknown"
    assert "nonsense" not in words_of(answer)
    assert "0x80094012" in words_of(answer)


async def test_explaining_a_secret_does_not_repeat_it(router: Router) -> None:
    answer = await router.handle(said("explain challenge=3F2A91C7D4E0B856"))
    assert answer is not None
    assert "3F2A91C7D4E0B856" not in words_of(answer)


@pytest.mark.parametrize(
    "text",
    [
        f"help\n{PROBLEM}",
        f"Help! Since this morning no device enrols.\n{PROBLEM}",
        f"help please, since the renewal of the certificate on the server we see this all the time: {PROBLEM}",
        "help us: VerifyRequest gives 403.16",
        f"explain this please, it stands in our log since the renewal of the certificate on the server: {PROBLEM}",
        "explain why VerifyRequest gives 403.16",
        f"explain\n{PROBLEM}",
        "missing: VerifyRequest gives 403.16",
    ],
)
async def test_a_paste_that_begins_like_a_command_is_diagnosed(router: Router, text: str) -> None:
    answer = await router.handle(said(text))
    assert answer is not None
    assert "403.16" in answer.title


async def test_a_paste_is_diagnosed(router: Router) -> None:
    answer = await router.handle(said(PROBLEM))
    assert answer is not None
    assert answer.tone == "problem"


@pytest.mark.parametrize("text", ["help", "/help", "ndes-help", "explain 12175", "/ndes-explain policy-module-403-16"])
async def test_an_overheard_message_never_runs_a_command(router: Router, text: str) -> None:
    assert await router.handle(said(text, addressed=False)) is None


async def test_an_overheard_certain_problem_is_answered(router: Router) -> None:
    answer = await router.handle(said(PROBLEM, addressed=False))
    assert answer is not None
    assert "403.16" in answer.title


async def test_small_talk_is_left_alone(router: Router) -> None:
    assert await router.handle(said("who wants coffee?", addressed=False)) is None


class BrokenLibrary(Library):
    """A library with a bug that quotes the paste in its error, as bugs do."""

    def match(self, text: str) -> list:
        raise RuntimeError(f"cannot match {text}")

    def match_reading(self, text: str, reading: object) -> list:
        raise RuntimeError(f"cannot match {text}")


@pytest.mark.parametrize("text", ["the very secret words 403.16 of a paste", "explain 12175", "words " * 30_000])
async def test_a_bug_becomes_an_apology_and_neither_it_nor_the_log_holds_the_paste(
    codes: Codes, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await built(BrokenLibrary(()), codes).handle(said(text))
    assert answer == Answer("Something broke on my side", "unknown", (Text("It is logged under m-17."),))
    assert len(caplog.records) == 1
    record = caplog.records[0]
    assert record.levelno == logging.ERROR
    assert record.__dict__["message_id"] == "m-17"
    assert record.__dict__["error"] == "RuntimeError"
    assert record.exc_info is None
    told = repr(record.__dict__) + caplog.text
    for word in ("very secret", "12175", "words words"):
        assert word not in told


async def test_the_answer_does_not_depend_on_who_asks_or_where(router: Router) -> None:
    elsewhere = Message("other", Place("slack", "C1", "t1"), "somebody else", PROBLEM, True)
    assert await router.handle(elsewhere) == await router.handle(said(PROBLEM))


# --- servers and checks ----------------------------------------------------------------------


async def test_a_server_is_registered_listed_checked_and_forgotten(library: Library, codes: Codes) -> None:
    router = built(library, codes)
    for text, title in [
        ("servers", "No server is registered"),
        (f"register ndes01 {URL} tags=prod", "1 registered server"),
        ("servers", "1 registered server"),
        ("check ndes01", "ndes01: "),
        ("forget ndes01", "ndes01 is forgotten"),
        ("check ndes01", "I cannot do that"),
    ]:
        answer = await router.handle(said(text))
        assert answer is not None
        assert answer.title.startswith(title), text


async def test_a_check_fills_in_and_ends_with_causes_and_every_check(library: Library, codes: Codes) -> None:
    store = FakeStore()
    await store.register(Server("ndes01", URL))
    shown: list[str] = []

    async def show(answer: Answer) -> None:
        shown.append(answer.title)

    answer = await built(library, codes, store=store).handle(said("check ndes01"), show)
    assert answer is not None
    assert shown == ["Checking ndes01: 1 of 2", "Checking ndes01: 2 of 2"]
    assert answer.tone == "problem"
    folds = [block.title for block in answer.blocks if isinstance(block, Fold)]
    assert "Every check" in folds
    assert "Not visible from here" in folds
    assert ("I fixed it", "fixed ndes01") in [
        option for block in answer.blocks if isinstance(block, Choices) for option in block.options
    ]


async def test_what_was_fixed_is_asked_again_alone_with_before_and_after(library: Library, codes: Codes) -> None:
    store = FakeStore()
    await store.register(Server("ndes01", URL))
    router = built(library, codes, store=store)
    assert "not checked yet" in words_of(await router.handle(said("fixed ndes01")))  # type: ignore[arg-type]
    await router.handle(said("check ndes01"))
    answer = await router.handle(said("fixed ndes01"))
    assert answer is not None
    assert answer.title == "ndes01: not mended yet"
    rows = [row for block in answer.blocks if isinstance(block, Facts) for row in block.rows]
    assert rows == [("scep-base", "FAILED → FAILED: Nobody answers but http.sys.")]


async def test_an_answer_is_proved_by_the_checks_that_bear_on_it(library: Library, codes: Codes) -> None:
    store = FakeStore()
    await store.register(Server("ndes01", URL))
    router = built(library, codes, store=store)
    answer = await router.handle(said("check ndes01 for scep-app-pool-stopped-503"))
    assert "scep-base" in words_of(answer)  # type: ignore[arg-type]
    refused = await router.handle(said("check ndes01 for no-such-entry"))
    assert "No remote check bears on" in words_of(refused)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("viewer", {"explain", "servers", "help"}),
        ("operator", {"check", "fixed", "changed", "cancel"}),
        ("admin", {"register", "forget"}),
    ],
)
async def test_help_shows_what_one_may_do_and_the_rest_is_refused(
    library: Library, codes: Codes, role: Role, may: set[str]
) -> None:
    store = FakeStore()
    await store.register(Server("ndes01", URL))
    router = built(library, codes, role=role, store=store)
    told = words_of(await router.handle(said("help")))  # type: ignore[arg-type]
    assert all(f"('{name}" in told for name in may)
    for command in HERE:
        answer = await router.handle(said(f"/ndes-{command.name} ndes01"))
        refused = f"needs the role {command.needs}" in words_of(answer)  # type: ignore[arg-type]
        assert refused == (f"('{command.name}" not in told)


async def test_each_use_is_in_the_audit_log_also_the_refused(library: Library, codes: Codes) -> None:
    store = FakeStore()
    await built(library, codes, role="viewer", store=store).handle(said("check ndes01"))
    await built(library, codes, role="admin", store=store).handle(said("/ndes-forget ndes01"))
    await built(library, codes, role="admin", store=store).handle(said("help"))
    uses = [(use.command, use.server, use.allowed, use.who) for use in store.noted]
    assert uses == [("check", "ndes01", False, "someone"), ("forget", "ndes01", True, "someone")]


async def test_a_pasted_problem_offers_its_proof_on_the_registered_servers(library: Library, codes: Codes) -> None:
    store = FakeStore()
    await store.register(Server("ndes01", URL))
    pool = "503 Service Unavailable on https://ndes.corp.example/certsrv/mscep/mscep.dll"
    offer = ("Prove it on ndes01", "check ndes01 for scep-app-pool-stopped-503")
    for role, offered in (("operator", True), ("viewer", False)):
        answer = await built(library, codes, role=role, store=store).handle(said(pool))  # type: ignore[arg-type]
        assert answer is not None
        options = [option for block in answer.blocks if isinstance(block, Choices) for option in block.options]
        assert (offer in options) is offered
    assert "Prove it" not in words_of(await built(library, codes).handle(said(pool)))  # type: ignore[arg-type]


@pytest.mark.parametrize("target", ["10.0.0.5", "https://evil.example/certsrv/mscep/mscep.dll", "ndes99", "localhost"])
async def test_a_target_that_is_not_registered_is_refused_in_chat(library: Library, codes: Codes, target: str) -> None:
    answer = await built(library, codes).handle(said(f"check {target}"))
    assert answer is not None
    assert "is not a registered server" in words_of(answer)


class CountingStore(FakeStore):
    """Counts how often all servers are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    async def servers(self) -> list[Server]:
        self.read += 1
        return await super().servers()


async def test_one_server_is_found_without_reading_all(library: Library, codes: Codes) -> None:
    store = CountingStore()
    await store.register(Server("ndes01", URL))
    answer = await built(library, codes, store=store).handle(said("check NDES01"))
    assert answer is not None
    assert answer.title.startswith("ndes01: ")
    assert store.read == 0


@pytest.mark.parametrize("typo", ["ndes-00017-berln", "nds-00017berlin", "ndes-00017-berlin" + "x" * 3000])
async def test_a_typo_among_many_servers_is_answered_with_the_nearest_few(
    library: Library, codes: Codes, typo: str
) -> None:
    store = FakeStore()
    for number in range(3000):
        await store.register(Server(f"ndes-{number:05}-{'berlin' if number % 2 else 'wien'}", URL))
    told = words_of(await built(library, codes, store=store).handle(said(f"/check {typo}")))  # type: ignore[arg-type]
    assert "Of 3,000 servers these are nearest: ndes-00017-berlin, " in told
    assert told.count("ndes-") == 5


async def test_of_few_servers_all_are_named_and_where_there_is_none_that_is_said(
    library: Library, codes: Codes
) -> None:
    store = FakeStore()
    router = built(library, codes, store=store)
    assert "No server is registered yet." in words_of(await router.handle(said("check ndes01")))  # type: ignore[arg-type]
    for name in ("paris", "ndes02"):
        await store.register(Server(name, URL))
    assert "Registered are: ndes02, paris." in words_of(await router.handle(said("check ndes01")))  # type: ignore[arg-type]


async def test_a_probe_first_says_what_it_leaves_behind(library: Library, codes: Codes) -> None:
    store = FakeStore()
    await store.register(Server("ndes01", URL))
    answer = await built(library, codes, store=store).handle(said("probe ndes01"))
    assert answer is not None
    assert answer.title == "Probing ndes01 leaves traces"
    assert "event 29" in words_of(answer)
    [choices] = [block for block in answer.blocks if isinstance(block, Choices)]
    assert choices.options[0] == ("Yes, send it", "probe ndes01 and leave traces")


async def test_an_answer_of_a_check_names_the_server_where_it_is_registered(library: Library, codes: Codes) -> None:
    store = FakeStore()
    await store.register(Server("ndes01", URL, internal_name="ndes01.corp.example", ca_host="ca01.corp.example"))
    told = words_of(await built(library, codes, store=store).handle(said("check ndes01")))  # type: ignore[arg-type]
    assert "<ndes-fqdn>" not in told
    assert "<public-name>" not in told
    assert "ndes01.corp.example" in told
