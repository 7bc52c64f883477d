"""Who may come in: forged, foreign and old tokens are refused, guests are, and an emulator only from this computer."""

import asyncio
import base64
import gzip
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from pydantic import SecretStr, ValidationError

from bot.errors import BadRequest, ConnectorError
from connectors.chat.teams_protocol import PUBLIC, US_GOVERNMENT
from connectors.chat.teams_protocol.clouds import is_local, is_loopback
from connectors.chat.teams_protocol.credentials import Identity, app_service
from connectors.chat.teams_protocol.keys import NEW_KEY
from connectors.chat.teams_protocol.people import KNOWN_FOR
from connectors.settings_file import Network
from tests.chat.fake_teams import SECRET, TENANT, FakeTeams, deliver, signing_key
from tests.chat.teams_bot import Bot, running

GUEST = {"id": "29:guest", "name": "G", "aadObjectId": "0000cccc-0000-0000-0000-00000000000c"}


@pytest.fixture
async def bot(sdk: str, tmp_path: Path) -> AsyncIterator[Bot]:
    """The whole bot."""
    async with running(sdk, tmp_path) as whole:
        yield whole


async def _status(bot: Bot, token: str | None, activity: Any = None, **headers: str) -> int:
    said = bot.teams.message("0x80094800") if activity is None else activity
    status, body = await deliver(bot.session, bot.address, said, token, **headers)
    await bot.settled()
    if status >= 400:
        assert list(body) == ["error"]
        assert len(body["error"]) < 100
    return status


# --- tokens ----------------------------------------------------------------------------------


def _unsigned(teams: FakeTeams) -> str:
    _, body, _ = teams.token().split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": teams.kid}).encode()).rstrip(b"=").decode()
    return f"{header}.{body}."


def _by_public_key(teams: FakeTeams) -> str:
    """HS256 with the public key as the secret: whoever trusts the header takes it for signed."""
    numbers = signing_key(teams.kid).public_key().public_numbers()
    return teams.token(algorithm="HS256", key=str(numbers.n)[:64])


FORGED: dict[str, Any] = {
    "no token": lambda teams: None,
    "no words": lambda teams: "",
    "garbage": lambda teams: "abc",
    "three dots": lambda teams: "a.b.c",
    "not even ASCII": lambda teams: "e30.e30.\u00e4",
    "very long": lambda teams: "a" * 7000,
    "another key": lambda teams: teams.token(key="mallory"),
    "a key that nobody has": lambda teams: teams.token(key="mallory", kid="unheard-of"),
    "no signature": _unsigned,
    "a shared secret": _by_public_key,
    "another issuer": lambda teams: teams.token(iss="https://evil.example"),
    "a user's issuer": lambda teams: teams.token(iss=f"https://sts.windows.net/{TENANT}/"),
    "no issuer": lambda teams: teams.token(iss=None),
    "another audience": lambda teams: teams.token(aud="99999999-2222-3333-4444-555555555555"),
    "no audience": lambda teams: teams.token(aud=None),
    "expired": lambda teams: teams.token(exp=int(time.time()) - 3600),
    "no end": lambda teams: teams.token(exp=None),
    "an end that is no time": lambda teams: teams.token(exp="never"),
    "not good yet": lambda teams: teams.token(nbf=int(time.time()) + 3600),
    "cut": lambda teams: teams.token()[:-20],
    "changed": lambda teams: teams.token().replace(".", ".e", 1),
}


async def test_a_forged_token_is_refused(bot: Bot) -> None:
    assert await _status(bot, bot.teams.token()) == 200
    answered = len(bot.teams.posts)
    for name, forge in FORGED.items():
        assert await _status(bot, forge(bot.teams)) == 401, name
    assert len(bot.teams.posts) == answered


async def test_other_ways_to_sign_in_are_none(bot: Bot) -> None:
    said = json.dumps(bot.teams.message("hi"))
    for value in ("Basic eDp5", "Bearer", "Bearer  ", bot.teams.token()):
        async with bot.session.post(
            bot.address, data=said, headers={"Authorization": value, "Content-Type": "application/json"}
        ) as response:
            assert response.status == 401


async def test_clocks_may_differ_by_five_minutes(bot: Bot) -> None:
    assert await _status(bot, bot.teams.token(exp=int(time.time()) - 200, nbf=int(time.time()) + 200)) == 200


async def test_the_library_that_is_archived_would_let_anybody_in_without_an_app_id(sdk: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        async with running(sdk, tmp_path, app_id="  "):
            pass
    with pytest.raises(BadRequest, match="NDESBOT_TEAMS_SECRET"):
        async with running(sdk, tmp_path, surface={"secret": SecretStr(" ")}):
            pass


# --- what a token is for ---------------------------------------------------------------------

FOREIGN: dict[str, Any] = {
    "the token names another address": ({"serviceurl": "https://smba.trafficmanager.net/emea/"}, {}),
    "the token names no address": ({"serviceurl": None}, {}),
    "the activity names another address": ({}, {"serviceUrl": "https://evil.example/"}),
    "both name a foreign host": ({"serviceurl": "https://evil.example/"}, {"serviceUrl": "https://evil.example/"}),
    "the activity names no address": ({}, {"serviceUrl": None}),
    "the address is no text": ({}, {"serviceUrl": ["x"]}),
    "another organisation": ({}, {"channelData": {"tenant": {"id": "another"}}}),
    "two organisations": ({}, {"conversation": {"id": "a:x", "tenantId": "another"}}),
    "no organisation": ({}, {"channelData": {}, "conversation": {"id": "a:x"}}),
    "an organisation of any shape": ({}, {"channelData": {"tenant": {"id": [TENANT]}}}),
    "another channel": ({}, {"channelId": "webchat"}),
    "no channel": ({}, {"channelId": None}),
}


async def test_a_good_token_for_something_else_is_refused(bot: Bot) -> None:
    for name, (claims, fields) in FOREIGN.items():
        assert await _status(bot, bot.teams.token(**claims), {**bot.teams.message("hi"), **fields}) == 403, name
    assert (bot.teams.posts, await bot.mail.questions()) == ({}, [])


async def test_a_key_that_is_not_vouched_for_teams_is_refused(sdk: str, tmp_path: Path) -> None:
    async with FakeTeams(endorsements=["webchat"]).running() as teams, running(sdk, tmp_path, teams=teams) as bot:
        assert await _status(bot, teams.token()) == 403


async def test_several_organisations_may_be_allowed(sdk: str, tmp_path: Path) -> None:
    other = {"channelData": {"tenant": {"id": "OTHER"}}, "conversation": {"id": "a:x", "tenantId": "other"}}
    async with running(sdk, tmp_path, tenants=frozenset({"other"}), guests=True) as bot:
        assert await _status(bot, bot.teams.token(), {**bot.teams.message("hi"), **other}) == 200
        assert await _status(bot, bot.teams.token()) == 403


BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "no object": b"[1]",
    "half a character": b'{"text": "\xff"}',
    "deep": b"[" * 100_000,
    "endless numbers": b'{"x": ' + b"9" * 5000 + b"}",
    "too large": b'{"text": "' + b"a" * 2_000_000 + b'"}',
}


async def test_what_is_no_activity_is_refused_in_words(bot: Bot) -> None:
    for name, body in BODIES.items():
        assert await _status(bot, bot.teams.token(), body) in (400, 403, 413), name
        assert await _status(bot, None, body) == 401, name


async def test_a_page_in_a_browser_cannot_send_activities(bot: Bot) -> None:
    assert await _status(bot, bot.teams.token(), **{"Content-Type": "text/plain"}) == 415


async def test_a_packed_body_without_end_is_cut(bot: Bot) -> None:
    bomb = gzip.compress(b'{"text": "' + b"a" * 50_000_000)
    assert await _status(bot, bot.teams.token(), bomb, **{"Content-Encoding": "gzip"}) == 413


# --- keys ------------------------------------------------------------------------------------


async def test_a_new_key_is_known_without_a_restart(bot: Bot) -> None:
    assert await _status(bot, bot.teams.token()) == 200
    bot.teams.kid = "key-2"
    bot.clock.pass_by(NEW_KEY.total_seconds())
    assert await _status(bot, bot.teams.token()) == 200
    assert await _status(bot, bot.teams.token(kid="key-1", key="key-1")) == 401


async def test_made_up_keys_do_not_make_it_ask_again_and_again(bot: Bot) -> None:
    for number in range(20):
        assert await _status(bot, bot.teams.token(kid=f"made-up-{number}", key="mallory")) == 401
    assert bot.teams.requests.count(("GET", "openid")) == 1


async def test_slow_keys_hold_up_nobody_else(bot: Bot) -> None:
    bot.teams.keys_delay = 0.5
    asking = asyncio.create_task(_status(bot, bot.teams.token()))
    turns = 0
    while not asking.done():
        await asyncio.sleep(0.005)
        turns += 1
    assert await asking == 200
    assert turns > 10  # the loop went on; where fetching blocks it, it turns once or twice


async def test_without_keys_nobody_is_believed_until_they_are_back(bot: Bot) -> None:
    bot.teams.keys_status = 500
    assert await _status(bot, bot.teams.token()) == 503
    bot.teams.keys_status = 200
    bot.clock.pass_by(6)
    assert await _status(bot, bot.teams.token()) == 200


async def test_old_keys_go_on_while_new_ones_are_fetched(bot: Bot) -> None:
    assert await _status(bot, bot.teams.token()) == 200
    bot.clock.pass_by(25 * 3600)
    bot.teams.keys_status = 500
    later = {"nbf": int(time.time()), "exp": int(time.time()) + 26 * 3600}
    assert await _status(bot, bot.teams.token(**later)) == 200
    assert await _status(bot, bot.teams.token(**later)) == 200


# --- guests ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "known",
    [
        {"userRole": "guest"},
        {"userRole": "anonymous"},
        {"tenantId": "another"},
        {"userPrincipalName": "pat_x.test#EXT#@contoso.onmicrosoft.com"},
    ],
)
async def test_a_guest_is_told_that_guests_are_not_answered(bot: Bot, known: dict[str, str]) -> None:
    bot.teams.members["29:guest"] = known
    titles = await bot.answers(bot.teams.message("0x80094800", **{"from": GUEST}))
    assert titles == ["Good to know: I talk to people of this organisation only"]
    assert await bot.mail.questions() == []


async def test_guests_may_be_allowed(sdk: str, tmp_path: Path) -> None:
    async with running(sdk, tmp_path, guests=True) as bot:
        bot.teams.members["29:guest"] = {"userRole": "guest"}
        assert "0x80094800" in (await bot.answers(bot.teams.message("0x80094800", **{"from": GUEST})))[0]


async def test_in_a_channel_that_others_share_it_says_nothing_but_that(bot: Bot) -> None:
    shared = {"tenant": {"id": TENANT}, "channel": {"id": "19:channel@thread.tacv2", "type": "shared"}}
    said = {**bot.teams.in_channel("0x80094800"), "channelData": shared}
    assert await bot.answers(said) == ["Good to know: I talk to people of this organisation only"]


async def test_who_somebody_is_is_asked_once_an_hour(bot: Bot) -> None:
    said = {"from": {**GUEST, "id": "29:sam"}}
    await bot.answers(*(bot.teams.message("hi", **said) for _ in range(3)))
    assert bot.teams.requests.count(("GET", "members")) == 1
    bot.clock.pass_by(KNOWN_FOR.total_seconds())
    await bot.answers(bot.teams.message("hi", **said))
    assert bot.teams.requests.count(("GET", "members")) == 2


async def test_where_teams_does_not_say_who_somebody_is_nothing_is_answered(bot: Bot) -> None:
    bot.teams.members_status = 500
    titles = await bot.answers(bot.teams.message("0x80094800", **{"from": GUEST}))
    assert titles == ["Not sure: I could not find out who you are"]
    bot.teams.members_status = 200
    assert len(await bot.answers(bot.teams.message("0x80094800", **{"from": GUEST}))) == 2


# --- the emulator ----------------------------------------------------------------------------


async def test_an_emulator_on_this_computer_is_answered_without_a_token(sdk: str, tmp_path: Path) -> None:
    async with FakeTeams().running() as teams:
        other = replace(teams.cloud, services=("smba.trafficmanager.net",))  # so that this computer is nobody's
        async with running(sdk, tmp_path, teams=teams, emulator=True, surface={"cloud": other}) as bot:
            teams._issued.add("")  # an emulator wants no token
            said = teams.message("hi", channelData=None, conversation={"id": "personal-chat", "tenantId": "any"})
            assert await _status(bot, None, said) == 200
            assert teams.titles() == ["Good to know: What I can do"]
            assert ("POST", "token") not in teams.requests
            assert await _status(bot, None, {**said, "serviceUrl": "https://evil.example/"}) == 403
            for headers in (
                {"Origin": "https://evil.example"},
                {"Host": "evil.example"},
                {"X-Forwarded-For": "1.2.3.4"},
            ):
                assert await _status(bot, None, said, **headers) == 401
            assert await _status(bot, "abc", said) == 401


async def test_an_emulator_is_refused_where_others_could_come_in(sdk: str, tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "10.1.2.3", "bot.example.org"):
        with pytest.raises(BadRequest, match=r"teams\.emulator"):
            async with running(sdk, tmp_path, emulator=True, listens_on=host):
                pass


# --- the bot's own token ---------------------------------------------------------------------


async def test_one_token_is_enough_for_many_answers(bot: Bot) -> None:
    await bot.answers(*(bot.teams.message("hi") for _ in range(10)))
    assert bot.teams.requests.count(("POST", "token")) == 1
    bot.clock.pass_by(3600)
    later = {"nbf": int(time.time()), "exp": int(time.time()) + 7200}
    await deliver(bot.session, bot.address, bot.teams.message("hi"), bot.teams.token(**later))
    await bot.settled()
    assert bot.teams.requests.count(("POST", "token")) == 2


async def test_a_token_that_is_refused_is_renewed(bot: Bot) -> None:
    await bot.answers(bot.teams.message("hi"))
    bot.teams.forget_tokens()
    assert len(await bot.answers(bot.teams.message("hi"))) == 2


async def test_where_no_token_is_given_the_reason_is_told_without_the_secret(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    bot.teams.token_status = 401
    assert bot.surface._way_out.tokens
    with pytest.raises(ConnectorError, match=r"401 invalid_client.*app_id, tenant and secret"):
        await bot.surface._way_out.tokens.token()
    bot.teams.token_status = 200
    bot.clock.pass_by(6)
    assert await bot.answers(bot.teams.message("hi"))
    assert SECRET not in caplog.text


async def test_a_managed_identity_needs_no_secret(sdk: str, tmp_path: Path) -> None:
    async with FakeTeams().running() as teams:
        identity = Identity(endpoint=f"{teams.url}/metadata/identity/oauth2/token")
        nowhere = Network(proxy="http://127.0.0.1:9")
        async with running(
            sdk, tmp_path, teams=teams, app_type="managed-identity", surface={"identity": identity}, network=nowhere
        ) as bot:
            assert bot.surface._way_out.tokens
            assert (await bot.surface._way_out.tokens.token()).startswith("bot-token")  # past the proxy
        async with running(
            sdk, tmp_path, teams=teams, app_type="managed-identity", surface={"identity": identity}
        ) as bot:
            assert len(await bot.answers(teams.message("hi"))) == 1
    assert ("POST", "token") not in teams.requests
    assert app_service("http://127.0.0.1:1/x", SecretStr("h")).header == ("X-IDENTITY-HEADER", "h")


async def test_everything_goes_through_the_proxy_of_the_settings(sdk: str, tmp_path: Path) -> None:
    passed: list[str] = []

    async def relay(request: web.Request) -> web.Response:
        passed.append(request.raw_path)
        async with ClientSession() as session:
            headers = {
                name: value for name, value in request.headers.items() if name in ("Authorization", "Content-Type")
            }
            async with session.request(
                request.method, request.raw_path, data=await request.read(), headers=headers
            ) as r:
                return web.Response(status=r.status, body=await r.read(), content_type=r.content_type)

    proxy = web.Application()
    proxy.router.add_route("*", "/{any:.*}", relay)
    runner = web.AppRunner(proxy, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        through = Network(proxy=f"http://127.0.0.1:{runner.addresses[0][1]}")
        async with running(sdk, tmp_path, network=through) as bot:
            await bot.answers(bot.teams.message("hi"))
    finally:
        await runner.cleanup()
    assert [path.rpartition("/")[2] for path in passed] == ["openid", "keys", "token", "activities"]


async def test_roots_that_cannot_be_read_are_told_at_the_start(sdk: str, tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_text("nothing")
    with pytest.raises(BadRequest, match="ca_file"):
        async with running(sdk, tmp_path, network=Network(ca_file=tmp_path / "roots.pem")):
            pass


# --- hosts -----------------------------------------------------------------------------------

MINE = (
    "https://smba.trafficmanager.net/emea/",
    "https://SMBA.trafficmanager.net:443/de/tenant/",
    "https://europe.webchat.botframework.com/",
)
NOT_MINE = (
    "http://smba.trafficmanager.net/emea/",
    "https://smba.trafficmanager.net:8443/",
    "https://smba.trafficmanager.net.evil.example/",
    "https://evil.trafficmanager.net/",
    "https://evilbotframework.com/",
    "https://botframework.com.evil.example/",
    "https://pat@smba.trafficmanager.net/",
    "https://smba.trafficmanager.net\\@evil.example/",
    "https://evil.example\\.botframework.com/",
    "https://evil.example#.botframework.com/",
    "https://evil.example?.botframework.com/",
    "https://[::1]/",
    "https://127.0.0.1/",
    "https://smba.trafficmanager.net:x/",
    "https://smba.trafficmanager.nеt/",
    " https://smba.trafficmanager.net/",
    "//smba.trafficmanager.net/",
    "",
)


def test_only_microsofts_hosts_are_microsofts() -> None:
    assert [address for address in MINE if not PUBLIC.serves(address)] == []
    assert [address for address in NOT_MINE if PUBLIC.serves(address) or PUBLIC.stores(address)] == []
    assert PUBLIC.stores("https://contoso-my.sharepoint.com/personal/x?tempauth=1")
    assert not PUBLIC.stores("https://contoso.sharepoint.us/x")
    assert US_GOVERNMENT.stores("https://contoso.sharepoint.us/x")


def test_this_computer_has_few_names() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"))
    assert not any(is_loopback(host) for host in ("", "0.0.0.0", "10.0.0.1", "localhost.evil.example", "::"))
    assert is_local("http://localhost:56150/_connector")
    assert not is_local("http://evil.example/")
