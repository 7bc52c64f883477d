"""Certificates, messages and bindings are found in whatever form people paste them, and in nothing else."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.enclosed.finding import find
from knowledge.enclosed.marks import LONGEST, may_hold
from knowledge.enclosed.moments import moment
from knowledge.enclosed.types import Binding, Enclosed, ShownCertificate
from knowledge.scep import read_bundle
from knowledge.scep_messages import CertificateName
from knowledge.scep_requests import poisoned_request
from tests.knowledge.listings import GERMAN, SERIAL, SHORT, THUMBPRINT, VERBOSE, WEB, WEB_THUMBPRINT, bound
from tests.knowledge.pki import NOW, Holder, Pki, streamed

PKI = Pki.make()
REQUEST = poisoned_request(read_bundle(PKI.bundle), NOW, bytes(range(32)))
BASE64 = b64encode(REQUEST).decode()
ESCAPED = quote(BASE64, safe="")
URL = f"https://ndes.corp.example/certsrv/mscep/mscep.dll/pkiclient.exe?operation=PKIOperation&message={ESCAPED}"
IIS = (
    "2026-06-02 18:20:41 10.5.5.20 GET /certsrv/mscep/mscep.dll/pkiclient.exe operation=PKIOperation&message={} 443 - "
    "10.5.6.1 profiled/1.0+CFNetwork/1494+Darwin/23.4.0 - 200 0 64 61022"
)
RECIPIENT = CertificateName("CN=Example Issuing", PKI.encryption.serial)


def wrapped(text: str, at: int = 64, by: str = "\n") -> str:
    return by.join(text[i : i + at] for i in range(0, len(text), at))


def pem(*holders: Holder) -> str:
    return "".join(holder.certificate.public_bytes(Encoding.PEM).decode() for holder in holders)


# --- messages --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        URL,
        f"curl '{URL}'",
        URL.replace("&", "&amp;"),
        IIS.format(ESCAPED),
        IIS.format(BASE64),
        IIS.format(quote(ESCAPED, safe="")),
        f"operation=PKIOperation\n{BASE64}",
        wrapped(BASE64),
        wrapped(BASE64, 76, "\r\n"),
        f"-----BEGIN PKCS7-----\n{wrapped(BASE64)}\n-----END PKCS7-----",
        f"-----BEGIN CMS-----\n{wrapped(BASE64)}\n-----END CMS-----",
        wrapped(b64encode(streamed(REQUEST)).decode()),
    ],
    ids=["url", "curl", "html", "iis", "iis-plain", "iis-twice", "post", "lines", "crlf", "pem", "cms", "ber"],
)
def test_a_message_is_found_in_every_form(text: str) -> None:
    (message,) = find(text).messages
    assert (message.kind, message.recipients, message.cut) == ("PKCSReq", (RECIPIENT,), False)


@pytest.mark.parametrize("end", ["", "...", "…", " 443 - 10.5.6.1 okhttp - 404 15 0 3", "</pre>", '"', "[cut]"])
def test_a_message_that_a_log_cut_off_tells_whom_it_is_for(end: str) -> None:
    (message,) = find(f"operation=PKIOperation&message={ESCAPED[:701]}{end}").messages
    assert (message.recipients, message.cut, message.kind) == ((RECIPIENT,), True, None)
    assert message.of == len(REQUEST)


def test_of_a_message_from_whose_middle_words_were_taken_the_beginning_is_read() -> None:
    (message,) = find(f"message={ESCAPED[:800]}…{ESCAPED[-300:]}").messages
    assert (message.recipients, message.cut) == ((RECIPIENT,), True)


def test_the_same_message_twice_is_one() -> None:
    assert len(find(f"{URL}\n{IIS.format(ESCAPED)}").messages) == 1


def test_the_hosts_of_its_urls_are_told() -> None:
    assert find(f"{URL}\nCDP http://pki.corp.example:8080/ca.crl").hosts == ("ndes.corp.example", "pki.corp.example")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "who wants coffee?",
        "GET /certsrv/mscep/mscep.dll?operation=PKIOperation&message=MIIPtQYJKoZIhvcNAQcCoIIPpjCCD6ICAQEx... 414",
        "operation=PKIOperation&message=[SCEP message removed]",
        "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\n" + "A" * 4_000 + "\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE REQUEST-----\nMIICijCCAXICAQAwRTELMAkG\n-----END CERTIFICATE REQUEST-----",
        "the SSL Certificate bindings: how do I see them?",
        "unter SSL-Zertifikatbindungen steht der alte Hash",
        "Cert Hash(sha1): what is that?",
        "X509 Certificate: missing",
        "= Certificate Request Processor: Error",
    ],
)
def test_where_nothing_can_be_read_nothing_is_found(text: str) -> None:
    assert not find(text)


# --- certificates ----------------------------------------------------------------------------


def shown(text: str) -> ShownCertificate:
    (one,) = find(text).certificates
    return one


@pytest.mark.parametrize(
    "text",
    [
        pem(PKI.encryption),
        "> " + pem(PKI.encryption).replace("\n", "\n> "),
        pem(PKI.encryption).replace("\n", "\\n"),
        pem(PKI.encryption).replace("\n", "\r\n"),
        f"subject=CN = NDES01-MSCEP-RA\nissuer=CN = Example Issuing\n{pem(PKI.encryption)}",
        f"```\n{pem(PKI.encryption)}```",
        pem(PKI.encryption).replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
        pem(PKI.encryption) * 3,
    ],
    ids=["pem", "quoted", "escaped", "crlf", "openssl", "fence", "trusted", "thrice"],
)
def test_a_pem_certificate_is_read_in_every_form(text: str) -> None:
    one = shown(text)
    assert one.name == RECIPIENT
    assert (one.is_ra, one.is_ca, one.self_signed, one.template) == (True, False, False, "CEPEncryption")
    assert one.key_usage == {"keyEncipherment"}
    assert one.not_after
    assert one.not_after.earliest == one.not_after.latest == PKI.encryption.certificate.not_valid_after_utc
    assert find(text).alone


def test_several_certificates_and_an_answer_to_getcacert_are_read() -> None:
    several = find(pem(PKI.encryption, PKI.signature, PKI.issuing)).certificates
    assert [one.is_ra for one in several] == [True, True, False]
    answer = f"-----BEGIN PKCS7-----\n{wrapped(b64encode(PKI.bundle).decode())}\n-----END PKCS7-----"
    assert {one.thumbprint for one in find(answer).certificates} == {one.thumbprint for one in several}
    assert {one.thumbprint for one in find(wrapped(b64encode(PKI.bundle).decode())).certificates} == {
        one.thumbprint for one in several
    }


@pytest.mark.parametrize("text", [VERBOSE, SHORT, GERMAN], ids=["verbose", "short", "german"])
def test_what_certutil_prints_is_read_in_every_form(text: str) -> None:
    one = shown(text)
    assert (one.serial, one.thumbprint) == (SERIAL, THUMBPRINT)
    assert one.subject
    assert one.subject.startswith("CN=NDES02-MSCEP-RA,")
    assert one.issuer == "CN=Fabrikam Issuing CA 2,DC=fabrikam,DC=example"
    assert (one.is_ra, one.self_signed, one.template) == (True, False, "CEPEncryption")
    assert one.provider == "Microsoft Strong Cryptographic Provider"
    assert one.not_after
    assert one.not_after.earliest < datetime(2027, 3, 14, 9, 12, tzinfo=UTC) < one.not_after.latest
    assert one.not_after.latest - one.not_after.earliest < timedelta(days=2)
    assert find(text).alone


def test_verbose_output_tells_usages_key_and_signature() -> None:
    one = shown(VERBOSE)
    assert one.ekus == {"1.3.6.1.4.1.311.20.2.1"}
    assert one.key_usage == {"keyEncipherment"}
    assert (one.key, one.signature, one.is_ca, one.names) == ("RSA 2048", "sha256", False, ())


def test_what_short_output_does_not_show_is_not_known() -> None:
    one = shown(SHORT)
    assert (one.ekus, one.key_usage, one.names, one.is_ca, one.signature) == (None, None, None, None, None)


def test_an_extension_that_was_cut_out_of_the_paste_is_not_taken_to_be_missing() -> None:
    start = VERBOSE.index("    2.5.29.37")
    one = shown(VERBOSE[:start] + VERBOSE[VERBOSE.index("    2.5.29.15") :])
    assert one.ekus is None
    gone = shown(
        (VERBOSE[:start] + VERBOSE[VERBOSE.index("    2.5.29.15") :]).replace("Extensions: 4", "Extensions: 3")
    )
    assert gone.ekus == frozenset()


def test_two_certificates_of_a_listing_stay_apart() -> None:
    first, second = find(VERBOSE.replace("CertUtil: -store command completed successfully.\n", "") + WEB).certificates
    assert (first.thumbprint, second.thumbprint) == (THUMBPRINT, WEB_THUMBPRINT)
    assert second.names == ("ndes.fabrikam.example", "ndes02.fabrikam.example")
    assert (second.is_ra, second.is_ca, second.provider) == (False, False, None)


@pytest.mark.parametrize("words", ["Missing stored keyset", "Encryption test FAILED"])
def test_a_key_that_cannot_be_used_is_told_in_certutils_words(words: str) -> None:
    assert shown(SHORT.replace("Encryption test passed", words)).key_trouble == words
    assert shown(SHORT).key_trouble is None


# --- moments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("3/14/2026 9:12 AM", (2026, 3, 14, 9), (2026, 3, 14, 9)),
        ("14/03/2026 21:12", (2026, 3, 14, 21), (2026, 3, 14, 21)),
        ("14.03.2026 09:12", (2026, 3, 14, 9), (2026, 3, 14, 9)),
        ("04.03.2026 09:12", (2026, 3, 4, 9), (2026, 3, 4, 9)),
        ("2026-03-14 09:12", (2026, 3, 14, 9), (2026, 3, 14, 9)),
        ("2026/03/14 9:12 PM", (2026, 3, 14, 21), (2026, 3, 14, 21)),
        ("3/4/2026 12:12 AM", (2026, 3, 4, 0), (2026, 4, 3, 0)),
        ("4-3-26 9:12", (2026, 3, 4, 9), (2026, 4, 3, 9)),
    ],
)
def test_a_date_is_all_that_it_can_mean(
    text: str, first: tuple[int, int, int, int], last: tuple[int, int, int, int]
) -> None:
    found = moment(text)
    assert found
    assert found.shown == text
    assert found.earliest == datetime(*first, 12, tzinfo=UTC) - timedelta(hours=14)
    assert found.latest == datetime(*last, 12, tzinfo=UTC) + timedelta(hours=12)


def test_a_day_without_a_time_may_be_any_of_its_hours() -> None:
    found = moment("14.03.2026")
    assert found
    assert found.latest - found.earliest == timedelta(hours=50)


@pytest.mark.parametrize("text", ["", "never", "99/99/2026", "<DateTime>", "0/0/0", "31.02.2026"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert moment(text) is None


# --- bindings --------------------------------------------------------------------------------


@pytest.mark.parametrize("german", [False, True])
def test_the_bindings_of_a_listing_are_read(german: bool) -> None:
    text = bound(("0.0.0.0:443", THUMBPRINT), ("ndes.fabrikam.example:443", WEB_THUMBPRINT), german=german)
    found = find(f"C:\\> netsh http show sslcert\n{text}")
    assert found.bindings == (Binding("0.0.0.0:443", THUMBPRINT), Binding("ndes.fabrikam.example:443", WEB_THUMBPRINT))
    assert [one.port for one in found.bindings] == ["443", "443"]
    assert found.alone


def test_a_listing_without_a_binding_is_empty_and_not_absent() -> None:
    assert find(bound()).bindings == ()


def test_a_central_store_is_a_binding_without_a_certificate_of_its_own() -> None:
    text = f"{bound()}\n    Central Certificate Store    : 443\n    Certificate Hash             : (null)\n"
    assert find(text).bindings == (Binding("*:443"),)


def test_a_binding_finds_its_certificate_in_the_same_paste() -> None:
    found = find(VERBOSE + WEB + bound(("0.0.0.0:443", WEB_THUMBPRINT)))
    assert found.bindings
    one = found.bound(found.bindings[0])
    assert one
    assert one.names


# --- alone -----------------------------------------------------------------------------------


def test_words_beside_it_are_noticed() -> None:
    assert not find(f"our enrolment fails since monday, see {URL}").alone
    assert not find(f"{pem(PKI.encryption)}\nwhy does NDES refuse this one").alone
    assert find(f"{pem(PKI.encryption)}\nthoughts?").alone


# --- cost and hostile text -------------------------------------------------------------------


def test_ordinary_text_is_not_looked_at() -> None:
    assert not may_hold("NDES event 18: cannot decrypt the client's PKCS7 message (0x80090005). Bad Data.")
    assert not may_hold("x" * (LONGEST + 100) + BASE64)


def test_there_is_a_bound_to_what_is_kept() -> None:
    many = find("\n".join(pem(PKI.encryption).replace("MII", f"MII\n{' ' * i}", 1) for i in range(80)))
    assert len(many.certificates) == 1
    assert len(find(WEB.replace("b1b2", "%04x") * 60 % tuple(range(60))).certificates) <= 20


PIECES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            URL,
            BASE64,
            pem(PKI.encryption),
            pem(PKI.issuing)[:300],
            VERBOSE,
            GERMAN,
            WEB,
            bound(("0.0.0.0:443", THUMBPRINT)),
            "-----BEGIN CERTIFICATE-----\n",
            "-----END CERTIFICATE-----",
            "KoZIhvcNAQcC",
            "X509 Certificate:\n",
            "Serial Number: 00\n",
            "Certificate Extensions: 99999999999999999999\n",
            " NotAfter: 99/99/9999 99:99 PM\n",
            "    2.5.29.15: Flags = 0\n",
            "SSL Certificate bindings:\n-----\n",
            "    IP:port : [::]:443\n",
        ]
    ),
    st.sampled_from([VERBOSE, GERMAN, WEB]).flatmap(lambda text: st.sampled_from(text.splitlines(keepends=True))),
)


@settings(max_examples=250, deadline=None)
@given(st.lists(PIECES, max_size=6), st.data())
def test_whatever_is_pasted_nothing_is_raised_and_all_is_bounded(pieces: list[str], data: st.DataObject) -> None:
    text = "".join(pieces)
    found = find(text[data.draw(st.integers(0, len(text))) :])
    assert isinstance(found, Enclosed)
    assert len(found.messages) <= 4
    assert len(found.certificates) <= 40
    assert len(found.bindings or ()) <= 200
    assert all(one.serial or one.thumbprint for one in found.certificates)
