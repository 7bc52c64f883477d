"""What every check promises, whatever a server does: found by folder, one finding, only `ProbeError`, known words."""

import csv
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import knowledge
from bot.errors import ProbeError, Trouble
from bot.findings import Finding, Past, Verdict
from bot.ports import Check, NameLook, Reply, TlsLook, Trust
from connectors import checks
from tests.checks import pages
from tests.checks.asking import CAPS_URL, HOST, NOW, URL, server
from tests.checks.certificates import certificate
from tests.checks.fake_wire import HEALTHY_TLS, FakeWire, reply

CHECKS = checks.catalogue()
TROUBLES: tuple[Trouble, ...] = get_args(Trouble)
INSIDE = "ndes01.corp.local"

WEIGH_NOTHING = {
    "dns": "elsewhere",  # the name exists but does not lead to the application proxy: for N01 it settles nothing
    "base": r"(?!(401|403|404|500|502|503|504)_)\d{3}_\w+|403_appproxy|404_(other|general)|500_(?!iis)\w+",
    "caps": r"\d{3}_\w+|dropped|reset|truncated|timeout|malformed|too-large",
    "url_2300": r"\d{3}_\w+|dropped|reset|truncated|timeout|malformed",
    "url_5000": r"\d{3}_\w+|dropped|reset|truncated|timeout|malformed",
    "url_17500": r"ok|\d{3}_\w+|dropped|reset|truncated|timeout|malformed",
    "url_31000": r"\d{3}_\w+|dropped|reset|truncated|timeout|malformed",
    "admin": r"\d{3}_\w+",
    "crp": r"\d{3}_\w+",
}
"""Words that a check may say though no weight is tied to them, by column."""

each_check = pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
patient = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _words() -> dict[str, list[str]]:
    """The patterns of the weights, by column; `base@app-proxy` is the column `base` of some servers."""
    found: dict[str, list[str]] = {}
    with (Path(knowledge.__file__).parent / "weights.csv").open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            found.setdefault(row["column"].partition("@")[0], []).append(row["outcome"])
    return found


WORDS = _words()


def is_known(column: str, word: str) -> bool:
    patterns = [*WORDS[column], *([WEIGH_NOTHING[column]] if column in WEIGH_NOTHING else [])]
    return any(re.fullmatch(pattern, word) for pattern in patterns)


def _judge(check: Check, finding: Finding) -> None:
    """The promise of `Check`, in full."""
    assert finding.check == check.id
    assert finding.verdict in get_args(Verdict)
    assert finding.summary == finding.summary.strip() != ""
    assert finding.summary.isprintable()
    assert len(finding.summary) <= 500
    assert not re.search(r"\b[45]\d\d\.\d", finding.summary), "the network shows no sub-status"
    assert json.loads(json.dumps(finding.evidence)) == finding.evidence
    assert all(one.isprintable() and len(one) <= 300 for one in _texts(finding)), finding.evidence
    for column, word in finding.outcomes:
        assert is_known(column, word), f"{check.id} says {word!r} in the column {column!r}"


def _texts(finding: Finding) -> list[str]:
    lists = [value if isinstance(value, list) else [value] for value in finding.evidence.values()]
    return [text for values in lists for text in values if isinstance(text, str)]


async def _ask(check: Check, wire: FakeWire, past: Past, **more: Any) -> None:
    try:
        finding = await check.run(server(**more), wire, NOW, past)
    except ProbeError:
        return
    _judge(check, finding)


# --- how they are found ----------------------------------------------------------------------


def test_the_catalogue_stands_in_the_order_of_its_numbers() -> None:
    assert [check.catalogue for check in CHECKS] == sorted(check.catalogue for check in CHECKS)
    assert len({check.id for check in CHECKS}) == len(CHECKS)


@each_check
def test_a_check_is_called_as_its_file_and_asks_a_question(check: Check) -> None:
    assert (checks.HERE / f"{check.id.replace('-', '_')}.py").is_file()
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", check.id)
    assert check.asks.endswith("?")
    assert 0 < check.deadline <= 120


def test_every_file_of_the_folder_is_a_check() -> None:
    files = {path.stem for path in checks.HERE.glob("*.py")} - {"__init__"}
    assert {check.id.replace("-", "_") for check in CHECKS} == files


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "declares no check"),
        ("CHECK = 'tcp'", "declares no check"),
        ("from connectors.checks.tcp import CHECK", "Its id must be 'broken-one'"),
        (
            "from dataclasses import replace\nfrom connectors.checks import tcp\n"
            "CHECK = replace(tcp.CHECK, id='broken-one', catalogue='2')",
            "catalogue number is '2'",
        ),
    ],
)
def test_a_file_that_is_no_check_is_named(text: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_one.py").write_text(text)
    monkeypatch.setattr(checks, "HERE", tmp_path)
    monkeypatch.setattr(checks, "__path__", [*checks.__path__, str(tmp_path)])
    try:
        with pytest.raises(checks.BadCheck, match=why) as raised:
            checks.catalogue()
    finally:
        sys.modules.pop("connectors.checks.broken_one", None)
    assert str(tmp_path / "broken_one.py") in str(raised.value)


# --- what they do ----------------------------------------------------------------------------

STATUSES = [200, 301, 302, 400, 401, 403, 404, 413, 414, 431, 500, 502, 503, 504]
VALUES = ["Microsoft-IIS/10.0", "Microsoft-HTTPAPI/2.0", "BackendTimeout", "NTLM", "text/html; charset=x"]
replies = st.builds(
    Reply,
    url=st.just(URL),
    status=st.sampled_from(STATUSES) | st.integers(100, 999),
    reason=st.text(max_size=20),
    headers=st.dictionaries(
        st.sampled_from(["server", "date", "location", "content-type", "www-authenticate", "via", "x-powered-by"])
        | st.sampled_from([name.lower() for name in pages.CONNECTED])
        | st.just("x-ms-proxy-error-details"),
        st.text(max_size=300) | st.sampled_from(VALUES),
        max_size=6,
    ),
    body=st.binary(max_size=400)
    | st.sampled_from([pages.iis(403), pages.httpsys(), pages.GENERAL, pages.CHALLENGE, pages.CAPS])
    | st.sampled_from([pages.corporate("GatewayTimeout", "ConnectorTimeout"), certificate([HOST])]),
    took_ms=st.floats(0, 100_000),
)
looks = st.builds(
    TlsLook,
    version=st.text(max_size=20),
    cipher=st.text(max_size=300),
    chain=st.lists(st.binary(max_size=40) | st.just(certificate([HOST])), max_size=3).map(tuple),
    trust=st.sampled_from(get_args(Trust)),
    trust_code=st.integers(0, 99),
    asks_client=st.none() | st.booleans(),
    took_ms=st.floats(0, 9_000),
)
names = st.builds(
    NameLook,
    addresses=st.lists(st.sampled_from(["192.0.2.7", "2001:db8::7", "192.0.2.8"]), max_size=4, unique=True).map(tuple),
    aliases=st.lists(st.text(max_size=300), max_size=3).map(tuple),
    took_ms=st.just(1.0),
)
troubles = st.sampled_from(TROUBLES)
servers = st.fixed_dictionaries(
    {
        "module": st.sampled_from(["intune", "plain", "jamf"]),
        "front": st.sampled_from(["direct", "app-proxy"]),
        "connector": st.sampled_from(["old", "new", None]),
        "inside": st.booleans(),
        "internal_name": st.sampled_from([None, INSIDE]),
        "may_poll": st.booleans(),
        "ca_host": st.sampled_from([None, "ca01.corp.local"]),
        "trusted_root": st.sampled_from([None, "0" * 64]),
        "nodes": st.sampled_from([(), ("192.0.2.7", "192.0.2.8")]),
    }
)
pasts = st.builds(
    Past,
    at=st.sampled_from([None, NOW]),
    bundle=st.none() | st.binary(max_size=100) | st.just(certificate([HOST])),
    tls=st.sampled_from([None, "0" * 64]),
)


@each_check
@patient
@given(data=st.data())
async def test_whatever_comes_a_check_finds_something_or_tells_the_trouble(check: Check, data: st.DataObject) -> None:
    pool = data.draw(st.lists(replies | troubles, min_size=1, max_size=5))
    look, old = data.draw(looks | troubles), data.draw(looks | troubles)
    name, told = data.draw(names | troubles), data.draw(names | troubles)
    file = data.draw(st.binary(max_size=100) | troubles)
    wire = FakeWire(
        rule=lambda url: pool[len(url) % len(pool)],
        posts=dict.fromkeys((URL, CAPS_URL, f"{URL}?operation=PKIOperation"), pool[0]),
        services={HOST: look, INSIDE: look, "192.0.2.7": look},
        legacy={HOST: old},
        connects={(HOST, 443): 1.0, ("ca01.corp.local", 135): 1.0},
        lookups={HOST: name, INSIDE: name},
        public={HOST: told},
        files={"http://pki.corp.example/ca.crl": file},
    )
    await _ask(check, wire, data.draw(pasts), **data.draw(servers))


@each_check
@pytest.mark.parametrize("trouble", TROUBLES)
async def test_every_trouble_is_told_and_breaks_nothing(check: Check, trouble: Trouble) -> None:
    hosts = (HOST, INSIDE, "192.0.2.7", "192.0.2.8", "ca01.corp.local")
    wire = FakeWire(
        rule=lambda url: trouble,
        services=dict.fromkeys(hosts, trouble),
        legacy=dict.fromkeys(hosts, trouble),
        connects={(host, port): trouble for host in hosts for port in (80, 135, 443)},
        lookups=dict.fromkeys(hosts, trouble),
        public=dict.fromkeys(hosts, trouble),
    )
    past = Past(at=NOW, bundle=certificate([HOST]), tls="0" * 64)
    for front in ("direct", "app-proxy"):
        full = {"internal_name": INSIDE, "inside": True, "ca_host": "ca01.corp.local", "may_poll": True, "front": front}
        await _ask(check, wire, past, **full)


@each_check
async def test_no_check_fails_on_a_healthy_server(check: Check) -> None:
    """Those that need a real certificate bundle find none here and may say so."""
    healthy = reply(403, pages.iis(403), {**pages.IIS, "Date": "Sat, 21 Nov 2026 10:00:01 GMT"})
    closed = reply(401, pages.iis(401), {**pages.IIS, "WWW-Authenticate": "Negotiate, NTLM"})
    wire = FakeWire(
        rule=lambda url: reply(200, pages.CAPS, pages.IIS) if "GetCACaps" in url else None,
        pages={
            URL: healthy,
            f"{URL}/pkiclient.exe": healthy,
            f"https://{HOST}/": healthy,
            f"https://{HOST}/certsrv/mscep_admin/": closed,
            f"https://{HOST}/CertificateRegistrationSvc/": healthy,
        },
        posts={CAPS_URL: reply(200, pages.CAPS, pages.IIS)},
        services={HOST: replace(HEALTHY_TLS, chain=(certificate([HOST, INSIDE]),))},
        connects={(HOST, 443): 1.0},
        lookups={HOST: NameLook(("192.0.2.7",), (), 1.0)},
    )
    try:
        finding = await check.run(server(internal_name=INSIDE), wire, NOW, Past())
    except ProbeError:
        return
    assert finding.verdict != "fail", finding
