"""What people paste is judged only where it is certain, and compared with what the servers hand out."""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.enclosed import HandsOut, Told, added, as_fields, handed_out, joined, told
from bot.enclosed.certificates import Fault, binding_faults, faults
from bot.enclosed.messages import CANNOT_DECRYPT, EXPIRED
from bot.enclosed.servers import remembered
from bot.errors import ConnectorError
from bot.findings import Finding, Past, Report, Server
from bot.types import Answer, Block, Choices, Facts, Fold, Heading, Text
from connectors.render.text import render
from knowledge.certificates import read_certificate
from knowledge.enclosed.finding import find
from knowledge.library import Library
from knowledge.scep import read_bundle
from knowledge.scep_requests import poisoned_request, poll_message
from tests.fakes import FakeStore
from tests.knowledge.listings import SHORT, VERBOSE, WEB, WEB_THUMBPRINT, bound
from tests.knowledge.pki import AGENT, NOW, YEAR, Holder, Pki, certrep, issue, key_of, named, resigned, usage
from tests.render.answers import facts_of
from tests.render.surfaces import SURFACES

DAY = timedelta(days=1)
PKI = Pki.make()
LATER = PKI.with_(encryption=issue("NDES01-MSCEP-RA", PKI.issuing, usage("key_encipherment"), key=key_of("later")))
HOST = "ndes.corp.example"


def request(to: Holder = PKI.encryption) -> bytes:
    bundle = read_bundle(PKI.with_(encryption=to).bundle)
    return poisoned_request(bundle, NOW, bytes(range(32)))


def in_url(message: bytes, host: str = HOST) -> str:
    return f"https://{host}/certsrv/mscep/mscep.dll?operation=PKIOperation&message={quote(b64encode(message), safe='')}"


URL = in_url(request())


def server(pki: Pki = PKI, *, at: datetime = NOW, meant: bool = False, name: str = "ndes01", **former: str) -> HandsOut:
    known = remembered(name, Past(at, pki.bundle, None, (Finding("ra-certificates", "ok", "", former),)))
    assert known
    return replace(known, meant=meant)


def pem(*holders: Holder) -> str:
    return "".join(holder.certificate.public_bytes(Encoding.PEM).decode() for holder in holders)


def words(blocks: Sequence[Block]) -> str:
    return repr(blocks)


def said(text: str, library: Library, *servers: HandsOut, now: datetime = NOW) -> Told:
    found = told(find(text), library, now, servers)
    assert found
    return found


# --- messages and servers --------------------------------------------------------------------


def test_a_request_alone_says_whom_it_is_encrypted_to(library: Library) -> None:
    found = said(URL, library)
    assert found.title == f"A SCEP request (PKCSReq), encrypted to the certificate {PKI.encryption.serial}"
    assert (found.tone, found.about, found.alone) == ("info", None, True)
    assert "CN=Example Issuing" in words(found.blocks)


def test_encrypted_to_the_certificate_that_the_server_serves(library: Library) -> None:
    found = said(URL, library, server(meant=True))
    assert found.title.endswith("encrypted to the RA certificate that ndes01 serves")
    assert (found.tone, found.about) == ("info", None)


def test_encrypted_to_one_that_was_replaced_between_two_looks(library: Library) -> None:
    former = {
        "former_issuer": "CN=[name removed]",  # as the check's evidence is kept
        "former_serial": PKI.encryption.serial,
        "former_not_after": (NOW + YEAR).isoformat(),
        "former_seen": "2026-11-19T08:00:00+00:00",
        "former_gone": "2026-11-20T08:15:00+00:00",
    }
    found = said(URL, library, server(LATER, **former))
    assert found.title.endswith("encrypted to an RA certificate that ndes01 does not serve any more")
    assert (found.tone, found.about) == ("problem", CANNOT_DECRYPT)
    assert "until 2026-11-19 08:00 UTC and another one on 2026-11-20 08:15 UTC" in words(found.blocks)


def test_encrypted_to_the_ca_itself(library: Library) -> None:
    to_the_ca = poll_message(read_certificate(PKI.issuing.der), NOW, bytes(range(32)))
    found = said(in_url(to_the_ca), library, server())
    assert found.title.endswith("encrypted to the CA certificate itself")
    assert found.about == CANNOT_DECRYPT


def test_encrypted_to_the_certificate_for_signing(library: Library) -> None:
    both = issue(
        "NDES01-MSCEP-RA", PKI.issuing, usage("key_encipherment"), serial=PKI.signature.certificate.serial_number
    )
    found = said(in_url(request(both)), library, server())
    assert found.title.endswith("encrypted to the RA certificate with which ndes01 signs")
    assert found.about == CANNOT_DECRYPT


def test_encrypted_to_one_that_has_expired(library: Library) -> None:
    found = said(URL, library, server(at=NOW), now=NOW + YEAR + DAY)
    assert found.title.endswith("encrypted to a certificate that expired on 2027-11-21")
    assert found.about == EXPIRED


def test_a_stranger_is_a_fault_only_of_a_server_that_was_meant_and_seen_lately(library: Library) -> None:
    lately = said(URL, library, server(LATER, meant=True))
    assert lately.title.endswith("encrypted to a certificate that ndes01 does not serve")
    assert (lately.tone, lately.about) == ("problem", CANNOT_DECRYPT)
    assert f"serial `{LATER.encryption.serial}` and is valid since 2025-11-21" in words(lately.blocks)
    long_ago = said(URL, library, server(LATER, at=NOW - 3 * DAY, meant=True))
    assert (long_ago.tone, long_ago.about) == ("info", None)
    assert "Say `check ndes01` to look again" in words(long_ago.blocks)
    not_meant = said(URL, library, server(LATER))
    assert not_meant.title.endswith("encrypted to a certificate of no registered server")
    assert not_meant.tone == "info"


def test_of_many_servers_the_one_that_knows_the_recipient_is_named(library: Library) -> None:
    others = [server(LATER, name=f"ndes{i}") for i in range(10, 14)]
    assert "that ndes01 serves" in said(URL, library, *others, server()).title
    assert "of no registered server" in said(URL, library, *others).title
    assert "None of the 4 servers" in words(said(URL, library, *others).blocks)


def test_the_recipient_is_found_in_a_message_that_was_cut_off(library: Library) -> None:
    found = said(URL[:900], library, server())
    assert found.title == "A SCEP message that was cut off, encrypted to the RA certificate that ndes01 serves"
    assert "the rest was cut off" in words(found.blocks)


def test_the_recipient_is_found_among_the_certificates_of_the_same_paste(library: Library) -> None:
    found = said(f"{URL}\n{pem(PKI.encryption)}", library)
    assert "encrypted to an RA certificate in the same paste" in words(found.blocks)
    late = said(f"{URL}\n{pem(PKI.encryption)}", library, now=NOW + 2 * YEAR)
    assert "a certificate in the same paste, which expired on 2027-11-21 12:00 UTC" in words(late.blocks)


def test_who_renews_is_told_from_who_begins(library: Library) -> None:
    assert "self-signed" in words(said(URL, library).blocks)
    assert "so it renews" not in words(said(URL, library).blocks)


def test_a_refusal_leads_to_its_entry(library: Library) -> None:
    text = b64encode(certrep(PKI.signature, status="2", reason="2")).decode()
    found = said(text, library, server())
    assert found.title == "A SCEP answer: FAILURE, badRequest"
    assert (found.tone, found.about) == ("problem", "scep-failinfo-badrequest")


def test_an_odd_failinfo_leads_nowhere(library: Library) -> None:
    text = b64encode(certrep(PKI.signature, status="2", reason="99")).decode()
    assert said(text, library).about is None


def test_nobodys_name_is_shown(library: Library) -> None:
    person = issue("Erika Mustermann", None)
    found = said(pem(person), library)
    assert "Mustermann" not in words(found.blocks)
    assert "Mustermann" not in repr(as_fields(find(pem(person)), library, NOW))


def test_foreign_words_are_no_code(library: Library) -> None:
    odd = issue("x`<!channel>` \u202e @here", None)
    assert "\u202e" not in words(said(pem(odd), library).blocks)
    assert "x'" in words(said(pem(odd), library).blocks)


# --- what servers hand out -------------------------------------------------------------------


async def store_of(**pkis: Pki) -> FakeStore:
    store = FakeStore()
    for name, pki in pkis.items():
        one = Server(name, f"https://{name}.corp.example/certsrv/mscep/mscep.dll")
        await store.register(one)
        await store.keep(Report(one, NOW, "ok", (), (), 1, 1.0), Past(NOW, pki.bundle))
    return store


async def test_the_server_whose_address_is_in_the_text_is_compared_alone() -> None:
    store = await store_of(ndes=LATER, other=PKI)
    assert [(one.server, one.meant) for one in await handed_out(store, ["ndes.corp.example"], 1)] == [("ndes", True)]
    everybody = await handed_out(store, ["elsewhere.example"], 1)
    assert [(one.server, one.meant) for one in everybody] == [("ndes", False), ("other", False)]


async def test_a_server_that_was_never_well_is_left_out() -> None:
    store = await store_of(ndes=PKI)
    await store.register(Server("new", "https://new.corp.example/certsrv/mscep/mscep.dll"))
    assert [one.server for one in await handed_out(store, [], 1)] == ["ndes"]
    assert remembered("ndes", Past(NOW, b"<html>")) is None


class _Away(FakeStore):
    async def servers(self) -> list[Server]:
        raise ConnectorError("the database is away")


async def test_without_a_database_the_message_is_still_told(library: Library) -> None:
    unknown = Answer("I do not know this one", "unknown")
    how: dict[str, Any] = {"addressed": True, "library": library, "now": NOW, "patience": 1}
    answer = await added(URL, unknown, store=_Away(), **how)
    assert answer
    assert answer.title.startswith("A SCEP request (PKCSReq), encrypted to the certificate")


@pytest.mark.parametrize(
    "former",
    [
        {},
        {"former_serial": "1"},
        {f"former_{name}": "x" for name in ("issuer", "serial", "not_after", "seen", "gone")},
    ],
)
def test_odd_evidence_names_no_former_certificate(former: dict[str, str]) -> None:
    assert all(one.gone is None for one in server(**former).certificates)


# --- certificates ----------------------------------------------------------------------------


def found_in(text: str, now: datetime = NOW) -> list[Fault]:
    enclosed = find(text)
    return [fault for one in enclosed.certificates for fault in faults(one, enclosed, now)]


def wrong(text: str, now: datetime = NOW) -> list[str]:
    return [fault.word for fault in found_in(text, now)]


def ra(*extensions: x509.ExtensionType, **how: Any) -> str:
    return pem(issue("NDES01-MSCEP-RA", how.pop("by", PKI.issuing), *extensions, **how))


def test_a_healthy_pair_has_no_fault() -> None:
    assert wrong(pem(PKI.encryption, PKI.signature, PKI.issuing, PKI.root)) == []
    assert wrong(VERBOSE + WEB) == []


AGENT_USAGE = x509.ExtendedKeyUsage([AGENT])
KEY = usage("key_encipherment")
FAULTS: list[tuple[str, str]] = [
    ("expired", ra(AGENT_USAGE, KEY, end=NOW - DAY)),
    ("expiring", ra(AGENT_USAGE, KEY, end=NOW + 20 * DAY)),
    ("not-yet-valid", ra(AGENT_USAGE, KEY, begin=NOW + DAY)),
    ("no-request-agent", ra(KEY)),
    ("wrong-key-usage", ra(AGENT_USAGE, usage("key_agreement"))),
    ("wrong-key-usage", ra(AGENT_USAGE)),
    ("self-signed", ra(AGENT_USAGE, KEY, by=None)),
    ("expired", SHORT.replace("3/14/2027", "3/14/2026")),
    ("not-yet-valid", SHORT.replace("3/14/2024", "3/14/2027").replace("NotAfter: 3/14/2027", "NotAfter: 3/14/2029")),
    ("key-in-ksp", SHORT.replace("Microsoft Strong Cryptographic", "Microsoft Software Key Storage")),
    ("key-in-ksp", SHORT.replace("Microsoft Strong Cryptographic", "nCipher Security World Key Storage")),
    ("no-request-agent", VERBOSE.replace("Agent (1.3.6.1.4.1.311.20.2.1)", "(1.3.6.1.5.5.7.3.2)")),
    ("weak-signature", VERBOSE.replace("1.1.11 sha256RSA", "1.1.5 sha1RSA")),
    ("weak-signature", VERBOSE.replace("1.1.11 sha256RSA", "1.1.10 RSASSA-PSS")),
    ("no-rsa-key", VERBOSE.replace("1.2.840.113549.1.1.1 RSA", "1.2.840.10045.2.1 ECC")),
    ("key-unusable", SHORT.replace("Encryption test passed", "Missing stored keyset")),
    (
        "no-dns-name",
        WEB[: WEB.index("    2.5.29.17")].replace("Extensions: 2", "Extensions: 1") + "\nCert Hash(sha1): 00",
    ),
    ("key-in-ksp", f"{WEB}\n    Provider = Microsoft Software Key Storage Provider\n"),
]


@pytest.mark.parametrize(("word", "text"), FAULTS, ids=[f"{i}-{word}" for i, (word, _) in enumerate(FAULTS)])
def test_each_fault_is_found_alone_and_said(word: str, text: str) -> None:
    (fault,) = found_in(text)
    assert fault.word == word
    assert fault.said.endswith(".")


def test_a_signature_that_apple_refuses_is_found_in_the_bytes_too() -> None:
    old = resigned(PKI.encryption, PKI.issuing, hashes.SHA1(), 5)
    assert wrong(f"-----BEGIN CERTIFICATE-----\n{b64encode(old).decode()}\n-----END CERTIFICATE-----") == [
        "weak-signature"
    ]


def test_a_key_that_is_not_rsa_is_found_in_the_bytes_too() -> None:
    builder = x509.CertificateBuilder(
        PKI.issuing.certificate.subject,
        PKI.encryption.certificate.subject,
        ec.generate_private_key(ec.SECP256R1()).public_key(),
        7,
        NOW - DAY,
        NOW + YEAR,
    )
    builder = builder.add_extension(AGENT_USAGE, critical=False).add_extension(KEY, critical=True)
    made = builder.sign(PKI.issuing.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
    assert wrong(made) == ["no-rsa-key"]


def test_a_date_that_can_be_read_in_two_ways_expires_only_in_both() -> None:
    either = SHORT.replace("3/14/2027 9:12 AM", "11/12/2026 9:12 AM")  # the 12th of November, or the 11th of December
    assert wrong(either) == ["expiring"]
    assert wrong(either, now=NOW + 40 * DAY) == ["expired"]


def test_an_old_certificate_beside_its_successor_is_no_fault() -> None:
    old = ra(AGENT_USAGE, KEY, named("CEPEncryption"), end=NOW - DAY)
    (fault,) = found_in(old + pem(PKI.encryption))
    assert (fault.word, fault.grave) == ("superseded", False)
    assert wrong(old + pem(PKI.signature)) == ["expired"]


def test_the_certificate_of_a_device_needs_nothing_that_ndes_needs() -> None:
    device = issue(
        "laptop-17", PKI.issuing, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), usage("key_agreement")
    )
    assert wrong(pem(device)) == []


def test_every_entry_that_a_fault_names_is_there(library: Library) -> None:
    bindings = find(VERBOSE + bound(("0.0.0.0:8443", find(VERBOSE).certificates[0].thumbprint or "")))
    every = [fault for _, text in FAULTS for fault in found_in(text)] + list(binding_faults(bindings, NOW + 2 * YEAR))
    named = {fault.entry for fault in every} - {None} | {CANNOT_DECRYPT, EXPIRED, "scep-pending"}
    named |= {f"scep-failinfo-{word}" for word in ("badalg", "badmessagecheck", "badrequest", "badtime", "badcertid")}
    assert named <= library.entries.keys()


# --- bindings --------------------------------------------------------------------------------


def bad_bindings(text: str, now: datetime = NOW) -> list[str]:
    return [fault.word for fault in binding_faults(find(text), now)]


def test_a_binding_for_443_is_well_and_one_that_is_missing_is_said() -> None:
    assert bad_bindings(bound(("0.0.0.0:443", WEB_THUMBPRINT))) == []
    assert bad_bindings(bound(("[::]:443", WEB_THUMBPRINT), ("0.0.0.0:8443", WEB_THUMBPRINT))) == []
    assert bad_bindings(bound(("0.0.0.0:8443", WEB_THUMBPRINT))) == ["no-https-binding"]
    assert bad_bindings(bound()) == ["no-https-binding"]
    assert bad_bindings(WEB) == []


def test_a_binding_is_judged_by_its_certificate_in_the_same_paste() -> None:
    text = WEB + bound(("0.0.0.0:443", WEB_THUMBPRINT))
    assert bad_bindings(text) == []
    assert bad_bindings(text, NOW + YEAR) == ["bound-certificate-expired"]
    assert bad_bindings(WEB + bound(("0.0.0.0:443", "00" * 20))) == ["bound-certificate-not-shown"]
    ra_bound = VERBOSE + bound(("0.0.0.0:443", find(VERBOSE).certificates[0].thumbprint or ""))
    assert bad_bindings(ra_bound) == ["bound-certificate-no-server"]


# --- one answer ------------------------------------------------------------------------------


def test_titles_name_what_is_worst(library: Library) -> None:
    assert said(VERBOSE, library).title == "An RA certificate for encryption, valid until 3/14/2027 9:12 AM"
    late = NOW + 2 * YEAR
    assert said(VERBOSE, library, now=late).title == "An RA certificate for encryption that has expired"
    assert said(VERBOSE + WEB, library).title == "2 certificates, none of them with a fault"
    assert said(VERBOSE + WEB, library, now=late).title == "2 certificates, 2 of them with a fault"
    one = said(VERBOSE.replace("3/14/2027", "3/14/2026") + WEB, library)
    assert one.title == "2 certificates, among them an RA certificate for encryption that has expired"
    assert said(VERBOSE + bound(), library).title == "This listing has no binding"
    assert said(bound(), library).title == "This listing has no binding"
    assert said(bound(("0.0.0.0:443", WEB_THUMBPRINT)), library).title == "1 binding of certificates to addresses"


def test_a_title_about_a_binding_names_the_whole_address(library: Library) -> None:
    thumbprint = find(VERBOSE).certificates[0].thumbprint or ""
    one = said(VERBOSE + bound(("0.0.0.0:443", thumbprint)), library)
    assert one.title == "The certificate bound to 0.0.0.0:443 is not for servers"
    two = said(VERBOSE + bound(("[::]:443", thumbprint), ("ndes.corp.example:443", thumbprint)), library)
    assert two.title == "The certificate bound to [::]:443 and 1 more is not for servers"


def test_every_answer_offers_the_entries_of_what_is_wrong(library: Library) -> None:
    found = said(VERBOSE.replace("3/14/2027", "3/14/2026"), library)
    (choices,) = [block for block in found.blocks if isinstance(block, Choices)]
    assert choices.options[0] == (library.entries[EXPIRED].title, f"explain {EXPIRED}")
    assert found.about == EXPIRED


def test_of_many_certificates_each_is_folded_and_what_is_wrong_stands_open(library: Library) -> None:
    found = said(VERBOSE.replace("3/14/2027", "3/14/2026") + WEB, library)
    first, second = [block for block in found.blocks if isinstance(block, Fold)]
    assert (first.open, second.open) == (True, False)


UNKNOWN = Answer("I do not know this one", "unknown", (Text("Nothing fits."),))
PROBLEM = Answer("NDES answers 500", "problem", (Text("It does."),), "an-entry")
INFO = Answer("Where the certificates are", "info", (Text("There."),), "another-entry")


def test_it_takes_the_place_of_not_known(library: Library) -> None:
    answer = joined(UNKNOWN, said(URL, library))
    assert answer
    assert answer.title.startswith("A SCEP request")
    assert "Nothing fits." not in words(answer.blocks)
    around = joined(UNKNOWN, said(f"since monday this one here fails: {URL}", library))
    assert around
    assert "words around it" in words(around.blocks)


def test_it_follows_a_problem_and_leads_before_less(library: Library) -> None:
    behind = joined(PROBLEM, said(URL, library))
    assert behind
    assert (behind.title, behind.about) == (PROBLEM.title, PROBLEM.about)
    assert any(isinstance(block, Heading) for block in behind.blocks)
    before = joined(INFO, said(VERBOSE.replace("3/14/2027", "3/14/2026"), library))
    assert before
    assert (before.tone, before.about) == ("problem", EXPIRED)
    assert any(isinstance(block, Heading) and block.text == INFO.title for block in before.blocks)


def test_what_was_overheard_and_is_nothing_else_is_left_alone(library: Library) -> None:
    assert joined(None, said(pem(PKI.encryption), library)) is None
    assert joined(INFO, said(pem(PKI.encryption), library), addressed=False) is None
    assert joined(PROBLEM, None, addressed=False) is PROBLEM
    beside = said(f"event 18 on our server, cannot decrypt this: {URL}", library)
    assert joined(PROBLEM, beside, addressed=False) is not None


def test_scripts_are_told_the_same(library: Library) -> None:
    fields = as_fields(find(f"{URL}\n{VERBOSE}{bound(('0.0.0.0:8443', WEB_THUMBPRINT))}"), library, NOW, [server()])
    (message,), (certificate,) = fields["messages"], fields["certificates"]
    assert (message["type"], message["recipient_is"], message["server"]) == ("PKCSReq", "current", "ndes01")
    assert message["recipients"][0]["serial"] == PKI.encryption.serial
    assert (certificate["kind"], certificate["faults"]) == ("RA certificate for encryption", [])
    assert [fault["word"] for fault in fields["binding_faults"]] == ["no-https-binding", "bound-certificate-not-shown"]
    assert fields["tone"] == "problem"


def test_every_row_has_a_name_and_a_value(library: Library) -> None:
    for text in (URL, URL[:900], VERBOSE, SHORT, WEB, pem(PKI.root), bound(("0.0.0.0:443", WEB_THUMBPRINT))):
        for block in said(text, library).blocks:
            if isinstance(block, Facts):
                assert all(name and value for name, value in block.rows)


MESSAGES = [request(), certrep(PKI.signature, status="<!channel>", reason="`x`")]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(MESSAGES), st.data())
def test_whatever_a_message_holds_it_can_be_told(library: Library, message: bytes, data: st.DataObject) -> None:
    changed = bytearray(message[: data.draw(st.integers(200, len(message)))])
    for at in data.draw(st.lists(st.integers(20, len(changed) - 1), max_size=4)):
        changed[at] = data.draw(st.integers(0, 255))
    enclosed = find(b64encode(changed).decode())
    if found := told(enclosed, library, NOW, [server()]):
        answer = Answer(found.title, found.tone, found.blocks)
        assert found.title.isprintable()
        assert len(found.title) < 200
        assert render(answer)
        json.dumps(as_fields(enclosed, library, NOW, [server()]))


@pytest.mark.parametrize("surface", SURFACES)
def test_every_surface_shows_it_whole(surface: str, library: Library) -> None:
    many = pem(PKI.encryption, PKI.signature, PKI.issuing, PKI.root) + VERBOSE.replace("3/14/2027", "3/14/2026") + WEB
    for text in (URL, URL[:900], many, bound(("0.0.0.0:8443", WEB_THUMBPRINT))):
        found = said(text, library, server(LATER, meant=True))
        shown = "".join(SURFACES[surface].shows(Answer(found.title, found.tone, found.blocks)).split())
        for fact in facts_of(Answer(found.title, found.tone, found.blocks)):
            for piece in fact.replace("`", "\n").splitlines():
                assert "".join(piece.removeprefix("Run ").split()) in shown
