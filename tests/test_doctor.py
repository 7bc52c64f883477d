"""The doctor says of everything an installation stands on whether it is well, and what mends what is not."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.findings import Server
from connectors.clock import now
from connectors.doctor import Symptom, examine, slack, teams
from connectors.doctor import web as the_web
from connectors.doctor.network import line
from connectors.doctor.symptoms import told as symptom
from connectors.settings_file import Network, Slack, Teams, Web
from connectors.store import open_store
from tests.test_command_line import Shell, cache, ndesbot  # noqa: F401 - fixtures

SCOPES = ("chat:write", "commands")
GOOD = {"ok": True, "team_id": "T1"}


@asynccontextmanager
async def platform(routes: dict[str, Callable[[web.Request], web.Response]]) -> AsyncIterator[str]:
    """A platform on loopback that answers what it is told."""

    async def answer(request: web.Request) -> web.Response:
        return routes[request.path](request)

    application = web.Application()
    for path in routes:
        application.router.add_route("*", path, answer)
    async with TestServer(application) as server:
        yield str(server.make_url("")).rstrip("/")


def says(data: dict[str, Any], *, status: int = 200, scopes: str = "chat:write,commands", off: float = 0) -> Any:
    def answer(_: web.Request) -> web.Response:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=off), usegmt=True)
        return web.json_response(data, status=status, headers={"Date": date, "x-oauth-scopes": scopes})

    return answer


async def of_slack(monkeypatch: pytest.MonkeyPatch, mode: str = "socket", **routes: Any) -> dict[str, Symptom]:
    monkeypatch.setenv("NDESBOT_SLACK_BOT_TOKEN", "xoxb-secret")
    monkeypatch.setenv("NDESBOT_SLACK_APP_TOKEN", "xapp-secret")
    monkeypatch.setenv("NDESBOT_SLACK_SIGNING_SECRET", "secret")
    answers = {"auth.test": says(GOOD), "apps.connections.open": says({"ok": True}), **routes}
    async with platform({f"/api/{name}": answer for name, answer in answers.items()}) as api, line(Network()) as out:
        said = Slack.model_validate({"workspaces": ["T1"], "mode": mode, "api": api})
        return {symptom.id: symptom async for symptom in slack.examine(said, SCOPES, out, now)}


async def test_a_healthy_slack_is_green(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await of_slack(monkeypatch)
    assert set(found) == {f"slack-{name}" for name in ("secrets", "reach", "clock", "token", "scopes", "socket")}
    assert {symptom.verdict for symptom in found.values()} == {"ok"}


@pytest.mark.parametrize(
    ("route", "answer", "symptom", "words"),
    [
        ("auth.test", says({"ok": False, "error": "invalid_auth"}), "slack-token", "invalid_auth"),
        ("auth.test", says({"ok": True, "team_id": "T9"}), "slack-token", "workspace T9"),
        ("auth.test", says(GOOD, scopes="commands"), "slack-scopes", "Not granted: chat:write"),
        ("auth.test", says(GOOD, off=400), "slack-clock", "behind"),
        ("auth.test", says(GOOD, off=-400), "slack-clock", "ahead"),
        (
            "apps.connections.open",
            says({"ok": False, "error": "not_allowed_token_type"}),
            "slack-socket",
            "not_allowed",
        ),
        ("apps.connections.open", says({"ok": False, "error": "<script>"}, status=502), "slack-socket", "HTTP 502"),
    ],
)
async def test_what_is_wrong_at_slack_is_red_with_its_fix(
    monkeypatch: pytest.MonkeyPatch, route: str, answer: Any, symptom: str, words: str
) -> None:
    found = await of_slack(monkeypatch, **{route: answer})
    assert found[symptom].verdict == "fail"
    assert words in found[symptom].summary
    assert found[symptom].fix
    assert "xoxb-secret" not in repr(found)
    assert [other.id for other in found.values() if other.verdict == "fail"] == [symptom]


async def test_of_a_token_that_is_refused_no_scopes_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await of_slack(monkeypatch, **{"auth.test": says({"ok": False, "error": "invalid_auth"}, scopes="")})
    assert found["slack-scopes"].verdict == "warn"
    assert found["slack-scopes"].summary == "Not known: Slack tells them for a good bot token only."


async def test_a_missing_secret_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NDESBOT_SLACK_BOT_TOKEN", raising=False)
    async with line(Network()) as out:
        said = Slack.model_validate({"workspaces": ["T1"]})
        found = [symptom async for symptom in slack.examine(said, SCOPES, out, now)]
    assert [symptom.id for symptom in found] == ["slack-secrets"]
    assert "NDESBOT_SLACK_BOT_TOKEN is not set" in found[0].summary


@pytest.mark.parametrize("api", ["http://127.0.0.1:1", "http://no-such-host.invalid"])
async def test_a_platform_out_of_reach_is_red_and_ends_the_questions(monkeypatch: pytest.MonkeyPatch, api: str) -> None:
    monkeypatch.setenv("NDESBOT_SLACK_BOT_TOKEN", "xoxb-secret")
    monkeypatch.setenv("NDESBOT_SLACK_APP_TOKEN", "xapp-secret")
    async with line(Network()) as out:
        said = Slack.model_validate({"workspaces": ["T1"], "api": api})
        found = [symptom async for symptom in slack.examine(said, SCOPES, out, now)]
    assert (found[-1].id, found[-1].verdict) == ("slack-reach", "fail")
    assert "[network]" in (found[-1].fix or "")


TOKEN = "/tenant/oauth2/v2.0/token"
KEYS = {"jwks_uri": "https://keys.example"}


async def of_teams(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> dict[str, Symptom]:
    monkeypatch.setenv("NDESBOT_TEAMS_SECRET", "s3cret-value")
    routes = {"/keys": says(KEYS), TOKEN: says({"access_token": "x"})} | changed.pop("routes", {})
    async with platform(routes) as address, line(Network()) as out:
        said = Teams.model_validate({"app_id": "app", "tenant": "tenant", **changed})
        visit = teams.examine(said, out, now, login=address, keys=f"{address}/keys")
        return {symptom.id: symptom async for symptom in visit}


async def test_a_healthy_teams_is_green(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await of_teams(monkeypatch)
    assert set(found) == {"teams-keys", "teams-clock", "teams-token"}
    assert {symptom.verdict for symptom in found.values()} == {"ok"}


async def test_what_is_wrong_at_teams_is_red_with_its_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret 's3cret-value'"}
    found = await of_teams(monkeypatch, routes={"/keys": says({}, status=503), TOKEN: says(refused, status=401)})
    assert {symptom.id for symptom in found.values() if symptom.verdict == "fail"} == {"teams-keys", "teams-token"}
    assert "invalid_client" in found["teams-token"].summary
    assert "s3cret" not in repr(found)


async def test_the_switch_for_emulators_is_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await of_teams(monkeypatch, emulator=True))["teams-emulator"].verdict == "warn"


async def test_without_settings_the_rest_is_still_examined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NDESBOT_DATABASE", f"sqlite+aiosqlite:///{tmp_path}/x.db")
    found = {symptom.id: symptom.verdict async for symptom in examine(tmp_path / "none.toml")}
    assert found == {"settings": "warn", "knowledge": "ok", "database": "ok"}


async def test_the_port_is_free_or_ours_or_another_programs() -> None:
    async def alive(_: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def other(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    for answer, words in ((alive, "ndesbot listens on"), (other, "Another program listens on")):
        application = web.Application()
        application.router.add_get("/healthz", answer)
        async with TestServer(application) as server:
            port = server.port or 0
            told = await symptom("web", "fix", the_web.examine(Web(port=port)))
        assert told.summary.startswith(words)
    assert (await symptom("web", "fix", the_web.examine(Web(port=port)))).summary == f"127.0.0.1:{port} is free."
    assert (await symptom("web", "fix", the_web.examine(Web(host="192.0.2.1", port=port)))).verdict == "fail"


async def test_roots_that_cannot_be_read_are_told_as_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NDESBOT_DATABASE", f"sqlite+aiosqlite:///{tmp_path}/x.db")
    roots = tmp_path / "roots.pem"
    roots.write_text("no certificate")
    (tmp_path / "ndesbot.toml").write_text(
        f"[slack]\nworkspaces = ['T1']\n[web]\nport = 0\n[network]\nca_file = '{roots}'\n"
    )
    found = {symptom.id: symptom async for symptom in examine(tmp_path / "ndesbot.toml")}
    assert found["network"].verdict == "fail"
    assert found["network"].summary.startswith(f"network.ca_file: {roots} holds no certificates")


async def test_an_owner_on_a_platform_that_is_not_set_up_is_pointed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"sqlite+aiosqlite:///{tmp_path}/x.db"
    monkeypatch.setenv("NDESBOT_DATABASE", address)
    for secret in ("NDESBOT_SLACK_BOT_TOKEN", "NDESBOT_SLACK_APP_TOKEN"):
        monkeypatch.delenv(secret, raising=False)
    async with open_store(address) as store:
        for name, channel in (("a", "slack:C0123"), ("b", "teams:19:x@thread.tacv2"), ("c", "C0123"), ("d", None)):
            await store.register(Server(name, "https://x.example/certsrv/mscep/mscep.dll", owner_channel=channel))
    (tmp_path / "ndesbot.toml").write_text("[slack]\nworkspaces = ['T1']\n[web]\nport = 0\n")
    found = {symptom.id: symptom async for symptom in examine(tmp_path / "ndesbot.toml")}
    assert found["owner-channels"].summary == "Nobody hears of changes of b: teams is not set up."
    assert found["web"].verdict == "ok"
    async with open_store(address) as store:
        await store.remove("b")
    found = {symptom.id: symptom async for symptom in examine(tmp_path / "ndesbot.toml")}
    assert found["owner-channels"].summary == "2 servers have a channel in which changes are told."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[slack]\nworkspaces = []\n", "slack.workspaces"),
        ("[slak]\nworkspaces = ['T1']\n", "slak"),
        ("[slack]\nmode = 'sockets'\nworkspaces = ['T1']\n", "slack.mode"),
        ("[slack\n", "line 1"),
        ("[network]\nproxy = 'http://user:hunter22@proxy'\n", "network.proxy"),
    ],
)
async def test_wrong_settings_are_told_with_their_place_and_without_their_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    monkeypatch.setenv("NDESBOT_DATABASE", f"sqlite+aiosqlite:///{tmp_path}/x.db")
    (tmp_path / "ndesbot.toml").write_text(text)
    found = {symptom.id: symptom async for symptom in examine(tmp_path / "ndesbot.toml")}
    assert found["settings"].verdict == "fail"
    assert words in found["settings"].summary
    assert "hunter22" not in repr(found)


def test_on_the_command_line_red_has_its_own_exit_code(ndesbot: Shell, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "ndesbot.toml").write_text("[slack]\nworkspaces = []\n")
    done = ndesbot("doctor", "--json", "--settings", str(tmp_path / "ndesbot.toml"))
    assert (done.code, done.json["ok"]) == (1, False)
    assert done.json["symptoms"][0]["fix"]
