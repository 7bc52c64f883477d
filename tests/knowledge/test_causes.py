"""Causes are found by what a server answers: nearly always first where the network can tell, and never ruled out."""

import csv
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import knowledge
from knowledge import causes as rules
from knowledge.causes import COLUMNS, READINGS, BadCauses, Causes, Front, Generation, Module, Ranked
from knowledge.entry_files import read_entry

FOLDER = Path(knowledge.__file__).parent
CAUSES = Causes.load(FOLDER)
KNOWN = CAUSES.causes

# --- what a server answers, in health and under each fault -----------------------------------

WELL = {
    "dns": "ok",
    "tcp": "ok",
    "tls": "ok",
    "tls_cert": "ok",
    "base": "403_iis",
    "caps": "200_caps",
    "url_2300": "ok",
    "url_5000": "ok",
    "url_17500": "ok",
    "url_31000": "ok",
    "admin": "401_ntlm",
    "crp": "403_iis",
}
BUNDLE = {"ra": "ok", "ra_revoked": "no", "crl_base": "ok", "crl_delta": "ok", "crl_root": "ok"}
"""What the body of GetCACert leads to: seen while NDES answers, or with the memory of when it did."""
URLS = ("url_2300", "url_5000", "url_17500", "url_31000")
PATH = ("dns", "tcp", "tls", "tls_cert")


@dataclass(frozen=True)
class Fault:
    """A fault and how it shows. `pool` is what the SCEP pool answers, None for health; `path` is the
    column where the way to it ends. `bundle` changes what certificates and CRLs tell."""

    cause: str
    name: str
    pool: str | None = None
    path: str | None = None
    also: dict[str, str] = field(default_factory=dict)
    bundle: dict[str, str] = field(default_factory=dict)
    baseline: str = "same"
    front: Front = "direct"
    module: Module = "intune"

    def seen(self, memory: bool) -> list[tuple[str, str]]:
        """The outcomes of a run, with or without the memory of a healthy one."""
        told = WELL | ({"base": "200_general"} if self.module != "intune" else {})
        if self.path:
            told = {column: told[column] for column in PATH[: PATH.index(self.path)]}
        elif self.pool:
            admin = self.pool if self.pool != "500_iis" else "401_ntlm"
            told = {c: told[c] for c in (*PATH, "crp")} | {"base": self.pool, "caps": self.pool, "admin": admin}
        if self.pool in ("dropped", "reset"):
            del told["caps"], told["admin"], told["crp"]  # left alone after a dropped connection
        if self.front == "app-proxy" and self.pool:
            told["crp"] = self.pool
        if memory or not (self.path or self.pool):
            told |= BUNDLE | self.bundle
        if memory and "tls" in told and self.front == "direct":
            told["tls_baseline"] = self.baseline
        refused = next((column for column in URLS if self.also.get(column)), URLS[-1])
        for column in URLS[URLS.index(refused) + 1 :]:
            del told[column]  # longer ones are not asked after the first refusal
        return list((told | self.also).items())


def stopped(cause: str, name: str = "503 of http.sys", **more: object) -> Fault:
    return Fault(cause, name, pool="503_httpsys", **more)  # type: ignore[arg-type]


def failing(cause: str, name: str = "500 of IIS", **more: object) -> Fault:
    return Fault(cause, name, pool="500_iis", **more)  # type: ignore[arg-type]


def proxied(cause: str, word: str, **more: object) -> Fault:
    return Fault(cause, word, pool=word, front="app-proxy", **more)  # type: ignore[arg-type]


def lost(cause: str, column: str, word: str, **more: object) -> Fault:
    return Fault(cause, f"{column} {word}", path=column, also={column: word}, **more)  # type: ignore[arg-type]


def shown(cause: str, *told: tuple[str, str], **more: object) -> Fault:
    return Fault(cause, " ".join(f"{c} {w}" for c, w in told), also=dict(told), **more)  # type: ignore[arg-type]


FAULTS = [
    # the way to the server
    lost("app-proxy-name-or-url-wrong", "dns", "nxdomain"),
    lost("app-proxy-name-or-url-wrong", "dns", "nxdomain", front="app-proxy"),
    lost("network-path-blocked", "tcp", "refused"),
    lost("network-path-blocked", "tcp", "timeout"),
    lost("network-path-blocked", "tcp", "unreachable"),
    lost("network-path-blocked", "tls", "timeout"),
    lost("network-path-blocked", "tls", "reset"),
    Fault("network-path-blocked", "all is silent", pool="timeout", also={"crp": "timeout"}),
    proxied("app-proxy-connector-stopped", "504_appproxy"),
    proxied("app-proxy-connector-stopped", "504_other"),
    proxied("app-proxy-connector-stopped", "504_appproxy", also={"ap_error": "EmptyConnectorGroup"}),
    Fault("app-proxy-connector-stopped", "504, not registered as a proxy", pool="504_appproxy"),
    proxied("app-proxy-cannot-reach-ndes", "502_appproxy"),
    proxied("app-proxy-cannot-reach-ndes", "502_appproxy", also={"ap_error": "BackendConnectionFailure"}),
    proxied("app-proxy-preauthentication", "302_login"),
    Fault("app-proxy-preauthentication", "302, not registered as a proxy", pool="302_login"),
    shown("app-proxy-domain-certificate", ("tls_cert", "name_mismatch"), front="app-proxy"),
    shown("app-proxy-domain-certificate", ("tls_cert", "appproxy_name"), front="app-proxy"),
    lost("app-proxy-domain-certificate", "tls", "handshake_failed", front="app-proxy"),
    lost("app-proxy-domain-certificate", "tls", "reset", front="app-proxy"),
    # TLS
    shown("tls-name-mismatch", ("tls_cert", "name_mismatch")),
    shown("tls-certificate-expired", ("tls_cert", "expired")),
    shown("tls-certificate-expired", ("tls_cert", "not_yet_valid")),
    shown("tls-chain-untrusted", ("tls_cert", "missing_intermediate")),
    shown("tls-chain-untrusted", ("tls_cert", "self_signed")),
    shown("tls-chain-untrusted", ("tls_cert", "untrusted")),
    lost("tls-old-only", "tls", "legacy_only"),
    shown("front-403-rule", ("base", "403_iis"), ("caps", "403_iis"), ("admin", "403_iis")),
    shown("front-403-rule", ("tls", "client_cert_asked"), ("caps", "403_iis"), ("admin", "403_iis")),
    Fault("front-403-rule", "certificate asked, then dropped", pool="reset", also={"tls": "client_cert_asked"}),
    Fault("front-403-rule", "403 of a front", pool="403_other"),
    # IIS and http.sys
    shown("request-filtering-too-small", ("url_2300", "404_iis")),
    shown("request-filtering-too-small", ("url_5000", "404_iis")),
    shown("http-sys-limits-too-small", ("url_17500", "400_httpsys")),
    shown("http-sys-limits-too-small", ("url_17500", "414_httpsys")),
    shown("http-sys-limits-too-small", ("url_31000", "400_httpsys")),
    shown("payload-too-large", ("post_64k", "413_iis")),
    Fault("payload-too-large", "not asked"),
    Fault("scep-anonymous-off", "401 of IIS", pool="401_iis"),
    stopped("scep-pool-stopped"),
    # the policy module and the registration point
    shown("policy-module-absent", ("base", "200_general"), ("crp", "404_iis")),
    stopped("policy-thumbprint-stale", baseline="renewed"),
    Fault("policy-thumbprint-stale", "still answers", baseline="renewed"),
    stopped("crl-unreachable-after-start", bundle={"crl_base": "unreachable"}),
    stopped("crl-unreachable-after-start", "503, reached from here"),
    Fault("crl-unreachable-after-start", "crash", pool="dropped", bundle={"crl_base": "unreachable"}),
    shown("internal-name-missing", ("tls_cert", "internal_name_missing")),
    # the service account
    failing("service-account-locked"),
    stopped("service-account-locked"),
    failing("service-account-password"),
    stopped("service-account-password"),
    failing("impersonation-right"),
    failing("account-not-in-iis-iusrs"),
    failing("ra-key-not-readable"),
    stopped("logon-right-missing"),
    stopped("pool-identity-wrong"),
    failing("pool-identity-wrong"),
    failing("load-user-profile-off"),
    # RA certificates, CA, CRLs
    failing("ra-certificates-expired", bundle={"ra": "expired"}),
    Fault("ra-certificates-expired", "still answers", bundle={"ra": "expired"}),
    failing("ra-certificates-missing-or-foreign"),
    Fault("ra-certificates-missing-or-foreign", "still answers", bundle={"ra": "wrong_issuer"}),
    failing("ra-certificates-revoked", bundle={"ra_revoked": "yes"}),
    Fault("ra-certificates-revoked", "still answers", bundle={"ra_revoked": "yes"}),
    failing("ca-unreachable"),
    Fault("ca-unreachable", "lost after the start"),
    failing("root-crl-expired", bundle={"crl_root": "expired"}),
    Fault("root-crl-expired", "still answers", bundle={"crl_root": "expired"}),
    failing("crl-not-fetchable"),
    failing("crl-not-fetchable", "500, unreachable from here", bundle={"crl_base": "unreachable"}),
    failing("crl-expired", bundle={"crl_base": "expired"}),
    failing("crl-expired", "500, delta", bundle={"crl_delta": "expired"}),
    Fault("crl-expired", "still answers", bundle={"crl_base": "expired"}),
    failing("system-proxy-missing"),
    # what the network never shows
    Fault("crp-windows-authentication", "well from outside"),
    failing("crp-windows-authentication"),
    stopped("crp-windows-authentication"),
    shown("crp-windows-authentication", ("crp", "401_iis")),
    Fault("intermediate-in-root-store", "well from outside"),
    Fault("intermediate-in-root-store", "crash", pool="dropped"),
    stopped("intermediate-in-root-store"),
    stopped("policy-certificate-expired"),
    stopped("policy-certificate-expired", "503 and out of date", also={"tls_cert": "expired"}),
    shown("crp-cannot-write-temp", ("crp", "500_iis")),
    shown("connector-stopped-or-old", ("crp", "503_httpsys")),
    Fault("password-cache-full", "well from outside", module="plain"),
    *(
        Fault(cause, "well from outside")
        for cause, known in KNOWN.items()
        if known.remote == "hidden" and "plain" not in known.only
    ),
]


def ranked(fault: Fault, memory: bool) -> tuple[Ranked, ...]:
    return rank(fault.seen(memory), front=fault.front, module=fault.module)


def rank(
    outcomes: Iterable[tuple[str, str]],
    front: Front = "direct",
    module: Module = "intune",
    connector: Generation | None = None,
    asked: Iterable[str] | None = None,
) -> tuple[Ranked, ...]:
    return CAUSES.rank(
        outcomes, front=front, module=module, connector=connector, asked_columns=None if asked is None else set(asked)
    )


def well(**changed: str) -> list[tuple[str, str]]:
    return list((WELL | BUNDLE | {"tls_baseline": "same"} | changed).items())


def of(cause: str, found: Iterable[Ranked]) -> Ranked:
    return next(item for item in found if item.cause == cause)


def standings(found: Iterable[Ranked], standing: str) -> set[str]:
    return {item.cause for item in found if item.standing == standing}


# --- the promises about finding the cause ----------------------------------------------------


def faults(remote: str) -> list[Fault]:
    return [fault for fault in FAULTS if KNOWN[fault.cause].remote == remote]


def is_first(fault: Fault, memory: bool) -> bool:
    return ranked(fault, memory)[0].cause == fault.cause


def is_in_first_group(fault: Fault, memory: bool) -> bool:
    found = ranked(fault, memory)
    return of(fault.cause, found).standing == found[0].standing


def missed(found: Iterable[tuple[Fault, bool]]) -> str:
    return ", ".join(f"{fault.cause} ({fault.name})" for fault, good in found if not good)


def test_every_cause_has_a_fault_that_shows_it() -> None:
    assert {fault.cause for fault in FAULTS} == set(KNOWN)


def test_with_memory_a_cause_that_the_network_decides_stands_first() -> None:
    found = [(fault, is_first(fault, memory=True)) for fault in faults("decides")]
    assert sum(good for _, good in found) >= 0.95 * len(found), missed(found)


def test_with_memory_a_cause_that_the_network_shows_stands_in_the_first_group_with_a_command_that_splits_it() -> None:
    found = [
        (fault, is_in_first_group(fault, memory=True) and bool(CAUSES.splitting(ranked(fault, memory=True))))
        for fault in faults("shows")
    ]
    assert sum(good for _, good in found) >= 0.9 * len(found), missed(found)


def test_without_memory_a_visible_cause_is_first_or_in_the_first_group() -> None:
    found = [
        (fault, is_first(fault, memory=False) or is_in_first_group(fault, memory=False))
        for fault in (*faults("decides"), *faults("shows"))
    ]
    assert sum(good for _, good in found) >= 0.7 * len(found), missed(found)


@pytest.mark.parametrize("memory", [True, False])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.cause}: {fault.name}")
def test_the_true_cause_is_never_ruled_out(fault: Fault, memory: bool) -> None:
    assert of(fault.cause, ranked(fault, memory)).standing != "ruled_out"


@pytest.mark.parametrize("memory", [True, False])
def test_the_true_cause_is_not_ruled_out_either_where_one_answer_is_missing(memory: bool) -> None:
    for fault in FAULTS:
        seen = fault.seen(memory)
        for missing in seen:
            found = rank((one for one in seen if one != missing), fault.front, fault.module)
            own = [item.standing for item in found if item.cause == fault.cause]
            assert own != ["ruled_out"], f"{fault.cause} ({fault.name}) without {missing}"


@pytest.mark.parametrize("memory", [True, False])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.cause}: {fault.name}")
def test_what_the_network_never_shows_is_said_to_be_hidden_and_never_confirmed(fault: Fault, memory: bool) -> None:
    for item in ranked(fault, memory):
        hidden = KNOWN[item.cause].remote == "hidden"
        assert item.visible is not hidden
        if hidden:
            assert item.standing in ("likely", "possible")
            assert item.command == KNOWN[item.cause].command


def test_nothing_is_confirmed_but_what_is_wrong() -> None:
    pairs = {("app-proxy-domain-certificate", "tls-name-mismatch")}  # the same thing, seen from two sides
    for fault in FAULTS:
        for memory in (True, False):
            for other in standings(ranked(fault, memory), "confirmed") - {fault.cause}:
                assert (fault.cause, other) in pairs, fault.name


def test_the_table_of_all_faults() -> None:
    """Printed with -s: place and standing of the true cause, how many stand beside it, and what splits them."""
    rows = [f"{'cause':36} {'fault':34} {'remote':8} with memory              without"]
    counts: dict[tuple[str, bool], list[tuple[bool, bool]]] = {}
    for fault in FAULTS:
        cells = []
        for memory in (True, False):
            found = ranked(fault, memory)
            own = of(fault.cause, found)
            group = [item for item in found if item.standing == found[0].standing]
            cells.append(f"{found.index(own) + 1:2} {own.standing:10} of {len(group):2}")
            first = own is found[0], own in group
            counts.setdefault((KNOWN[fault.cause].remote, memory), []).append(first)
        rows.append(f"{fault.cause:36} {fault.name[:34]:34} {KNOWN[fault.cause].remote:8} {'        '.join(cells)}")
    for (remote, memory), found_first in counts.items():
        total = len(found_first)
        first, grouped = (sum(one) for one in zip(*found_first, strict=True))
        how = "with memory" if memory else "without"
        rows.append(f"{remote:8} {how:12} first {first}/{total}, in the first group {grouped}/{total}")
    sys.stdout.write("\n" + "\n".join(rows) + "\n")
    assert len(rows) > len(FAULTS)


# --- the standings ---------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["intune", "plain", "jamf"])
def test_of_a_healthy_server_nothing_is_confirmed_and_nothing_likely(module: Module) -> None:
    base = "403_iis" if module == "intune" else "200_general"
    found = rank(well(base=base), module=module)
    assert standings(found, "confirmed") | standings(found, "likely") == set()


def test_of_a_healthy_server_only_what_health_cannot_show_is_left() -> None:
    found = rank(well(post_64k="ok", tls_cert="ok", crp="403_iis"))
    left = {item.cause for item in found if item.standing == "possible" and item.visible}
    assert left == {
        "service-account-locked",  # the worker goes on with the logon it has
        "service-account-password",
        "pool-identity-wrong",  # answers, though perhaps not for long
        "load-user-profile-off",
        "ca-unreachable",  # lost since NDES started
        "crl-expired",  # a stale copy in the directory, which cannot be seen
        "crl-unreachable-after-start",
        "policy-thumbprint-stale",
        "internal-name-missing",  # the internal name was not asked for
        "payload-too-large",  # for a body of another size
    }
    assert all(item.visible is False for item in found[:10])


def test_health_means_403_and_keywords_together() -> None:
    assert of("scep-pool-stopped", rank([("base", "403_iis"), ("caps", "200_caps")])).standing == "ruled_out"
    assert of("scep-pool-stopped", rank([("base", "403_iis"), ("caps", "403_iis")])).standing == "possible"


def test_health_says_nothing_of_ra_certificates_that_nobody_looked_at() -> None:
    cause = "ra-certificates-missing-or-foreign"
    assert of(cause, rank([("base", "403_iis"), ("caps", "200_caps")])).standing == "possible"
    assert of(cause, rank([("base", "403_iis"), ("caps", "200_caps"), ("ra", "ok")])).standing == "ruled_out"


def test_what_was_not_asked_in_this_run_neither_confirms_nor_rules_out() -> None:
    fresh = rank(well(ra="expired"), asked=("base", "caps", "ra"))
    remembered = rank(well(ra="expired"), asked=("base", "caps"))
    assert of("ra-certificates-expired", fresh).standing == "confirmed"
    assert of("ra-certificates-expired", remembered).standing == "likely"
    assert of("tls-old-only", rank(well(), asked=COLUMNS)).standing == "ruled_out"
    assert of("tls-old-only", rank(well(), asked=("base", "caps"))).standing == "possible"


def test_a_stopped_pool_is_shown_together_with_what_stops_pools() -> None:
    found = rank(stopped("scep-pool-stopped").seen(memory=True))
    assert found[0].cause == "scep-pool-stopped"
    together = standings(found, found[0].standing)
    assert {"service-account-locked", "logon-right-missing", "intermediate-in-root-store"} <= together


def test_behind_one_name_a_node_that_is_down_is_not_talked_away_by_one_that_is_up() -> None:
    found = rank([("base", "403_iis"), ("base", "503_httpsys"), ("caps", "200_caps")])
    assert found[0].cause == "scep-pool-stopped"
    assert found[0].standing == "likely"


def test_http_500_is_not_hidden_behind_a_certificate_that_is_not_trusted_here() -> None:
    found = rank(failing("impersonation-right", also={"tls_cert": "untrusted"}).seen(memory=True))
    assert {"impersonation-right", "tls-chain-untrusted"} <= standings(found, found[0].standing)


def test_where_no_connection_stands_the_silence_of_the_pool_says_nothing() -> None:
    found = rank([("dns", "ok"), ("tcp", "ok"), ("tls", "legacy_only"), ("base", "reset"), ("admin", "dropped")])
    assert standings(found, "confirmed") == {"tls-old-only"}
    assert of("scep-pool-stopped", found).standing == "possible"


def test_a_wrong_address_of_the_application_proxy_is_not_ruled_out_by_a_name_that_exists() -> None:
    found = rank([("dns", "ok"), ("base", "404_appproxy")], front="app-proxy")
    assert of("app-proxy-name-or-url-wrong", found).standing == "possible"


def test_a_site_that_is_silent_as_a_whole_does_not_wait_for_its_ca() -> None:
    silent = [("dns", "ok"), ("tcp", "ok"), ("tls", "ok"), ("base", "timeout")]
    whole = rank([*silent, ("crp", "timeout")])
    assert (whole[0].cause, whole[0].standing) == ("network-path-blocked", "likely")
    assert of("ca-unreachable", whole).standing == "possible"
    assert of("ca-unreachable", rank([*silent, ("crp", "403_iis")])).standing == "likely"
    behind = rank([*silent, ("crp", "timeout")], front="app-proxy")
    assert of("ca-unreachable", behind).standing == "likely"


def test_an_asked_client_certificate_is_no_fault_where_ndes_answers_without() -> None:
    assert of("front-403-rule", rank(well(tls="client_cert_asked"))).standing == "possible"


def test_what_the_network_settled_needs_no_command_and_all_else_has_one() -> None:
    for fault in FAULTS:
        for item in ranked(fault, memory=True):
            assert (item.command is None) is (item.standing in ("confirmed", "ruled_out"))


def test_the_reasons_come_strongest_first_and_for_and_against_apart() -> None:
    found = of("crl-expired", rank(failing("crl-expired", bundle={"crl_delta": "expired"}).seen(memory=True)))
    assert found.why == (("crl_delta", "expired"), ("base", "500_iis"), ("caps", "500_iis"))
    assert found.against == (("crl_base", "ok"),)


# --- which causes a server can have ----------------------------------------------------------


def names(found: Iterable[Ranked]) -> set[str]:
    return {item.cause for item in found}


def test_the_application_proxy_is_suspected_only_where_there_is_one() -> None:
    proxy = {cause for cause, known in KNOWN.items() if "app-proxy" in known.only}
    assert len(proxy) == 4
    assert not proxy & names(rank(well()))
    assert proxy <= names(rank(well(), front="app-proxy"))
    for told in ({"base": "302_login"}, {"base": "504_other"}, {"ap_error": "BackendTimeout"}, {"crp": "404_appproxy"}):
        assert proxy <= names(rank(well(**told)))


def test_the_policy_module_is_suspected_only_where_there_should_be_one() -> None:
    module = {cause for cause, known in KNOWN.items() if "intune" in known.only and "jamf" not in known.only}
    assert {"policy-module-absent", "signing-certificate-missing", "crp-windows-authentication"} <= module
    assert module <= names(rank(well()))
    assert not module & names(rank(well(), module="plain"))
    assert not module & names(rank(well(), module="jamf"))


def test_passwords_run_out_only_without_the_policy_module() -> None:
    assert "password-cache-full" not in names(rank(well()))
    assert "password-cache-full" in names(rank(well(), module="plain"))
    assert "password-cache-full" in names(rank(well(), module="jamf"))


def test_the_old_signing_certificate_is_not_missed_in_a_new_connector() -> None:
    assert "signing-certificate-missing" not in names(rank(well(), connector="new"))
    assert "signing-certificate-missing" in names(rank(well(), connector="old"))
    assert "signing-certificate-missing" in names(rank(well()))


def test_only_with_the_old_connector_a_missing_registration_point_speaks_against_the_policy_module() -> None:
    assert of("policy-module-absent", rank(well(crp="404_iis"))).standing == "ruled_out"
    assert of("policy-module-absent", rank(well(crp="404_iis"), connector="old")).why == (("crp", "404_iis"),)


# --- the command that splits the first group -------------------------------------------------


def test_http_500_is_split_by_the_events_of_ndes() -> None:
    assert CAUSES.splitting(rank(failing("ca-unreachable").seen(memory=True))) == READINGS["W-ev-ndes"]


def test_http_503_is_split_by_the_events_of_the_process_activation() -> None:
    assert CAUSES.splitting(rank(stopped("logon-right-missing").seen(memory=True))) == READINGS["W-ev-was"]


def test_where_all_looks_well_the_events_of_the_connector_split_but_not_where_there_is_none() -> None:
    assert CAUSES.splitting(rank(well())) == READINGS["W-ev-conn"]
    assert CAUSES.splitting(rank(well(base="200_general"), module="plain")) == READINGS["W-ev-ndes"]


def test_one_suspect_alone_is_settled_by_its_own_command() -> None:
    found = rank(well(tls_baseline="renewed"))
    assert CAUSES.splitting(found) == KNOWN["policy-thumbprint-stale"].command


def test_a_confirmed_cause_needs_nothing_more() -> None:
    assert CAUSES.splitting(rank(well(tls_cert="expired"))) is None
    assert CAUSES.splitting(()) is None


# --- any outcomes at all ---------------------------------------------------------------------

WORDS = ["ok", "403_iis", "200_caps", "200_general", "500_iis", "503_httpsys", "dropped", "expired", "404_appproxy"]
OUTCOMES = st.lists(
    st.tuples(st.one_of(st.sampled_from(sorted(COLUMNS)), st.text()), st.one_of(st.sampled_from(WORDS), st.text())),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(
    OUTCOMES,
    st.randoms(use_true_random=False),
    st.sampled_from(["direct", "app-proxy"]),
    st.sampled_from(["intune", "plain", "jamf"]),
    st.sampled_from(["old", "new", None]),
)
def test_any_outcomes_rank_alike_in_any_order(
    outcomes: list[tuple[str, str]], random: object, front: Front, module: Module, connector: Generation | None
) -> None:
    found = rank(outcomes, front, module, connector)
    shuffled = [*outcomes, *outcomes[:3]]  # what is said twice counts once
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rank(shuffled, front, module, connector) == found
    assert abs(sum(item.score for item in found) - 1) < 0.01
    assert [item.standing for item in found] == sorted((i.standing for i in found), key=rules._STANDINGS.index)
    assert CAUSES.splitting(found) is None or standings(found, found[0].standing)
    assert all(item.standing != "confirmed" or KNOWN[item.cause].remote == "decides" for item in found)


def test_without_any_outcome_everything_is_possible() -> None:
    assert standings(rank([]), "possible") == names(rank([]))


# --- the shipped files -----------------------------------------------------------------------


@pytest.mark.parametrize("cause", KNOWN)
def test_every_cause_is_a_cause_of_each_of_its_entries(cause: str) -> None:
    for entry in KNOWN[cause].entries:
        assert cause in [one.id for one in read_entry(FOLDER / "entries" / f"{entry}.yaml").causes]


def test_every_cause_bears_on_the_columns_of_its_entries() -> None:
    assert CAUSES.columns_of("tls-old-only") == {"tls"} == CAUSES.columns_of("tls-no-common-protocol")
    assert {"ra", "base"} <= CAUSES.columns_of("ndes-500-ra-certificates-expired")
    assert CAUSES.columns_of("android-pin-required") == CAUSES.columns_of("nothing-at-all") == frozenset()


def rows(name: str) -> Iterator[list[str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from list(csv.reader(file))[1:]


def test_no_weight_and_no_cause_is_lost() -> None:
    assert len(list(rows("causes.csv"))) == len(KNOWN) == 53
    assert len(list(rows("weights.csv"))) == sum(len(s.says) for signs in CAUSES._signs.values() for s in signs) >= 393


def test_every_column_is_weighed_and_says_what_it_is() -> None:
    assert {row[0].partition("@")[0] for row in rows("weights.csv")} == set(COLUMNS)
    assert set(READINGS) < set(COLUMNS)
    assert len(set(COLUMNS.values())) == len(COLUMNS)


def test_every_cause_that_the_network_decides_can_be_told_by_a_decisive_outcome() -> None:
    decisive = {row[2] for row in rows("weights.csv") if int(row[3]) >= 3 and not row[0].startswith(("W-", "G-"))}
    assert {cause for cause, known in KNOWN.items() if known.remote == "decides"} <= decisive


def test_the_rules_name_only_causes_that_exist() -> None:
    assert set(KNOWN) >= set(rules._OUTLIVED)
    assert set(COLUMNS) | {""} >= set(rules._OUTLIVED.values())
    assert set(COLUMNS) >= {*rules._POOL, *rules._FAILS, *rules._PATH}
    for state, origins in rules._STATES.items():
        assert set(KNOWN) >= {state, *origins}


CHANGES = re.compile(
    r"\b(?:Set|Add|Enable|Disable|Restart|Start|Stop|Install|Uninstall|Clear|Move|Copy|Rename|Import|Export)-\w+"
    r"|\bOut-(?!Null)|\bRemove-(?!Item \$f\b)|\bNew-(?!Object|TemporaryFile)"
    r"|iisreset|setreg|delstore|addstore|-CRL\b|-revoke|\breg (?:add|delete)"
    r"|netsh \w+ (?:set|add|delete|import|reset)|sc\.exe|icacls|setspn -[AS]",
    re.IGNORECASE,
)


@pytest.mark.parametrize("command", sorted({known.command for known in KNOWN.values()} | set(READINGS.values())))
def test_no_command_changes_anything(command: str) -> None:
    found = CHANGES.search(command.removeprefix("Import-Module WebAdministration; "))
    assert not found, found and found[0]
    assert "\n" not in command
    for opening, closing in ("()", "{}", "[]"):
        assert command.count(opening) == command.count(closing)
    assert command.count("'") % 2 == command.count('"') % 2 == 0


def test_what_is_shown_to_people_is_a_phrase() -> None:
    texts = [known.text for known in KNOWN.values()]
    assert len(set(texts)) == len(texts)
    assert not [text for text in texts if text.endswith(".") or len(text) > 110]


# --- broken files ----------------------------------------------------------------------------

CAUSE = "one,decides,0,,ndes-timeout,a text,a command"
WEIGHT = "base,500_iis,one,3,"
TIES = "app-proxy, direct, intune, jamf, new, old, plain"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "entries").mkdir()
    shutil.copy(FOLDER / "entries" / "ndes-timeout.yaml", tmp_path / "entries")
    return tmp_path


def load(folder: Path, causes: str = CAUSE, weights: str = WEIGHT) -> Causes:
    (folder / "causes.csv").write_text(f"cause,remote,prior,only,entries,text,command\n{causes}\n", encoding="utf-8")
    (folder / "weights.csv").write_text(f"column,outcome,cause,weight,note\n{weights}\n", encoding="utf-8")
    return Causes.load(folder)


def test_a_cause_of_ones_own_is_taken_in(folder: Path) -> None:
    [only] = load(folder).rank([("base", "500_iis")], front="direct", module="plain")
    assert (only.cause, only.entry, only.standing, only.score) == ("one", "ndes-timeout", "confirmed", 1.0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("One,decides,0,,ndes-timeout,t,c", "'One' is no cause: write words-with-hyphens"),
        (f"{CAUSE}", "one stands here twice"),
        ("two,sees,0,,ndes-timeout,t,c", "remote is 'sees': one of decides, shows, hidden"),
        ("two,shows,2,,ndes-timeout,t,c", "the prior is '2': one of -1, 0, 1"),
        (
            "two,shows,0,sccm,ndes-timeout,t,c",
            f"only is 'sccm': words of {TIES}",
        ),
        ("two,shows,0,,,t,c", "two names no entry"),
        ("two,shows,0,,ndes-timeout ndes-timeless,t,c", "there is no entry ndes-timeless"),
        ("two,shows,0,,ndes-timeout,,c", "two needs a text and a command"),
        ("two,shows,0,,ndes-timeout,t,", "two needs a text and a command"),
        ("two,shows,0,,ndes-timeout,t,ping <ndes>", "<ndes> is no placeholder"),
        ("two,shows,0", "a row is cause, remote, prior, only, entries, text, command"),
        ("", "a row is cause, remote, prior, only, entries, text, command"),
    ],
)
def test_a_broken_cause_is_refused_with_file_line_and_reason(folder: Path, row: str, reason: str) -> None:
    with pytest.raises(BadCauses) as error:
        load(folder, causes=f"{CAUSE}\n{row}")
    assert str(error.value) == f"causes.csv:3: {reason}"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("bass,ok,one,1,", "there is no column 'bass'"),
        ("base@sccm,ok,one,1,", f"@sccm is no circumstance: one of {TIES}"),
        ("base@,ok,one,1,", f"@ is no circumstance: one of {TIES}"),
        ("base,ok,two,1,", "there is no cause 'two' in causes.csv"),
        ("base,ok,one,6,", "the weight is '6': a whole number from -5 to 5, and not 0"),
        ("base,ok,one,-6,", "the weight is '-6': a whole number from -5 to 5, and not 0"),
        ("base,ok,one,0,", "the weight is '0': a whole number from -5 to 5, and not 0"),
        ("base,ok,one,1.5,", "the weight is '1.5': a whole number from -5 to 5, and not 0"),
        ("base,,one,1,", "the outcome is empty"),
        (WEIGHT, "base 500_iis is weighed twice for one"),
        ("base,ok,one,1", "a row is column, outcome, cause, weight, note"),
    ],
)
def test_a_broken_weight_is_refused_with_file_line_and_reason(folder: Path, row: str, reason: str) -> None:
    with pytest.raises(BadCauses) as error:
        load(folder, weights=f"{WEIGHT}\n{row}")
    assert str(error.value) == f"weights.csv:3: {reason}"


@pytest.mark.parametrize("shape", ["(", "414_(?!httpsys).*", "[a-"])
def test_a_pattern_that_is_not_one_of_re2_is_refused(folder: Path, shape: str) -> None:
    with pytest.raises(BadCauses, match=r"weights\.csv:3: .* is not an RE2 pattern: "):
        load(folder, weights=f"{WEIGHT}\nbase,{shape},one,1,")


@pytest.mark.parametrize("name", ["causes.csv", "weights.csv"])
@pytest.mark.parametrize("text", ["", "a,b\n"])
def test_a_file_with_other_columns_is_refused(folder: Path, name: str, text: str) -> None:
    load(folder)
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(BadCauses, match=rf"^{name}:1: the columns must be "):
        Causes.load(folder)
