"""Answers of a SCEP server: who is who in GetCACert, what GetCACaps offers, what a CertRep says, and hostile bytes."""

import subprocess
import tracemalloc
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import der, extensions, scep
from knowledge.certificates import ScepError, read_certificate
from knowledge.scep import Caps, read_bundle, read_caps, read_certrep
from tests.knowledge.pki import NOW, YEAR, Pki, certrep, issue, key_of, named, pack, resigned, streamed, usage
from tests.steps import steps

READERS: tuple[Callable[[bytes], object], ...] = (read_bundle, read_certrep)
PAGE = b"<!DOCTYPE html>\r\n<html><head><title>500 - Internal server error.</title></head></html>"


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki.make()


def told(read: Callable[[bytes], object], data: bytes) -> str | None:
    """The error that some bytes give, None where they can be read. Nothing else may be raised."""
    try:
        read(data)
    except ScepError as error:
        assert len(str(error)) <= 300
        assert str(error).isprintable()
        return str(error)
    return None


def subjects(body: bytes) -> list[str]:
    return [certificate.subject for certificate in read_bundle(body).certificates]


# --- GetCACert -------------------------------------------------------------------------------


def test_an_answer_of_ndes_is_told_apart(pki: Pki) -> None:
    bundle = read_bundle(pki.bundle)
    assert [ca.subject for ca in bundle.authorities] == ["CN=Example Issuing"]
    assert {(ra.role, ra.template, ra.request_agent, ra.issued_here) for ra in bundle.ra} == {
        ("encryption", "CEPEncryption", True, True),
        ("signature", "EnrollmentAgentOffline", True, True),
    }
    assert bundle.issuing == read_certificate(pki.issuing.der)
    assert len(bundle.certificates) == 3
    assert bundle.sha256 == _sha256(pki.bundle)
    assert not bundle.single


def test_a_single_certificate_is_an_answer_too(pki: Pki) -> None:
    bundle = read_bundle(pki.root.der)
    assert bundle.single
    assert bundle.ra == ()
    assert bundle.issuing == bundle.certificates[0] == read_certificate(pki.root.der)


@pytest.mark.parametrize("form", ["PEM", "base64", "BER", "DER with more behind it"])
def test_an_answer_comes_in_every_form(pki: Pki, form: str) -> None:
    body = {
        "PEM": pkcs7.serialize_certificates(
            [pki.issuing.certificate, pki.encryption.certificate, pki.signature.certificate], Encoding.PEM
        ),
        "base64": b64encode(pki.bundle),
        "BER": streamed(pki.bundle),
        "DER with more behind it": pki.bundle + b"\r\n\0\0",
    }[form]
    assert read_bundle(body).certificates == read_bundle(pki.bundle).certificates


def test_what_openssl_packs_is_read(pki: Pki, tmp_path: Path) -> None:
    pem = b"".join(one.certificate.public_bytes(Encoding.PEM) for one in (pki.root, pki.issuing, pki.signature))
    (tmp_path / "chain.pem").write_bytes(pem)
    asked = ["openssl", "crl2pkcs7", "-nocrl", "-certfile", "chain.pem", "-outform", "DER"]
    body = subprocess.run(asked, cwd=tmp_path, capture_output=True, check=True).stdout
    assert subjects(body) == ["CN=Example Root", "CN=Example Issuing", "CN=NDES01-MSCEP-RA"]


def test_what_openssl_streams_is_read(pki: Pki, tmp_path: Path) -> None:
    (tmp_path / "own.pem").write_bytes(
        pki.signature.certificate.public_bytes(Encoding.PEM)
        + pki.signature.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    asked = ["openssl", "cms", "-sign", "-signer", "own.pem", "-binary", "-stream", "-nodetach", "-outform", "DER"]
    body = subprocess.run(asked, cwd=tmp_path, input=b"x" * 9_000, capture_output=True, check=True).stdout
    assert body[1] == 0x80
    assert subjects(body) == ["CN=NDES01-MSCEP-RA"]
    assert "message type is None" in (told(read_certrep, body) or "")


def test_the_root_in_the_answer_does_not_issue_the_ra(pki: Pki) -> None:
    bundle = read_bundle(pack(pki.root, pki.issuing, pki.encryption, pki.signature))
    assert bundle.issuing is not None
    assert bundle.issuing.subject == "CN=Example Issuing"
    assert len(bundle.authorities) == 2


def test_without_an_ra_the_lowest_ca_issues(pki: Pki) -> None:
    bundle = read_bundle(pack(pki.root, pki.issuing))
    assert bundle.issuing == read_certificate(pki.issuing.der)


def test_of_a_renewed_ca_the_newest_issues(pki: Pki) -> None:
    newer = issue("Example Issuing", pki.root, ca=True, key=key_of("renewed"), begin=NOW - timedelta(days=3))
    for holders in ((pki.root, newer, pki.issuing), (pki.issuing, newer)):
        assert read_bundle(pack(*holders)).issuing == read_certificate(newer.der)


def test_of_a_renewed_ca_the_one_whose_key_signed_the_ra_issues(pki: Pki) -> None:
    newer = issue("Example Issuing", pki.root, ca=True, key=key_of("renewed"), begin=NOW - timedelta(days=3))
    bundle = read_bundle(pack(newer, pki.issuing, pki.encryption))
    assert bundle.issuing == read_certificate(pki.issuing.der)
    assert bundle.ra[0].issued_here


def test_an_ra_of_another_ca_is_not_issued_here(pki: Pki) -> None:
    other = issue("Example Issuing", None, ca=True, key=key_of("another CA of that name"))
    stranger = issue("Stranger", None, ca=True)
    foreign = [issue("RA", ca, usage("key_encipherment"), key=key_of("RA")) for ca in (other, stranger)]
    bundle = read_bundle(pack(pki.issuing, *foreign))
    assert [ra.issued_here for ra in bundle.ra] == [False, False]
    assert bundle.issuing == read_certificate(pki.issuing.der)


def test_an_ra_whose_signature_cannot_be_judged_is_not_called_foreign(pki: Pki) -> None:
    odd = resigned(pki.encryption, pki.issuing, hashes.SHA256(), 99)
    body = pki.bundle.replace(pki.encryption.der, odd)
    assert len(odd) == len(pki.encryption.der)
    assert [ra.issued_here for ra in read_bundle(body).ra] == [True, True]


@pytest.mark.parametrize(
    ("allowed", "role"),
    [
        (("key_encipherment",), "encryption"),
        (("digital_signature",), "signature"),
        (("digital_signature", "key_encipherment"), "both"),
        (("key_encipherment", "data_encipherment"), "encryption"),
        (("content_commitment",), "none"),
        ((), "none"),
    ],
)
def test_the_role_of_an_ra_is_what_its_key_usage_allows(pki: Pki, allowed: tuple[str, ...], role: str) -> None:
    ra = issue("RA", pki.issuing, *([usage(*allowed)] if allowed else []))
    (found,) = read_bundle(pack(pki.issuing, ra)).ra
    assert (found.role, found.request_agent, found.template) == (role, False, None)


def test_a_template_of_version_two_is_told_by_its_number(pki: Pki) -> None:
    number = "1.3.6.1.4.1.311.21.8.1234567.7654321.1.2"
    value = der.sequence(der.object_id(number), der.integer(100), der.integer(4))
    template = x509.UnrecognizedExtension(x509.ObjectIdentifier(extensions.TEMPLATE), value)
    (found,) = read_bundle(pack(pki.issuing, issue("RA", pki.issuing, template))).ra
    assert found.template == number


def test_a_template_name_is_foreign_text(pki: Pki) -> None:
    (found,) = read_bundle(pack(pki.issuing, issue("RA", pki.issuing, named("x\r\n@here" + "y" * 999)))).ra
    assert found.template is not None
    assert found.template.startswith("x\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}@here")
    assert len(found.template) == 300


def test_an_expired_ra_is_read_like_any_other() -> None:
    old = Pki.make(end=NOW - timedelta(days=1))
    assert {ra.facts.not_after for ra in read_bundle(old.bundle).ra} == {NOW - timedelta(days=1)}


def test_an_answer_without_certificates_is_an_error(pki: Pki) -> None:
    empty = der.sequence(
        der.object_id(scep.SIGNED_DATA),
        der.context(0, der.sequence(der.integer(1), der.set_of(), der.sequence(der.object_id("1.2.3")), der.set_of())),
    )
    assert told(read_bundle, empty) == "The answer to GetCACert has no certificate in it."


def test_other_cms_is_an_error(pki: Pki) -> None:
    body = pki.bundle.replace(der.object_id(scep.SIGNED_DATA), der.object_id("1.2.840.113549.1.7.3"))
    assert "no signed data" in (told(read_bundle, body) or "")


def test_what_follows_a_bundle_costs_nothing(pki: Pki) -> None:
    little, much = (steps(partial(read_bundle, pki.bundle + bytes(more))) for more in (1_000, 4_000))
    assert much == little


# --- GetCACaps -------------------------------------------------------------------------------


def test_the_words_of_ndes_are_known() -> None:
    caps = read_caps(b"POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3\n")
    assert caps.words == ("POSTPKIOperation", "Renewal", "SHA-512", "SHA-256", "SHA-1", "DES3")
    assert set(caps.known) == set(caps.words)


def test_words_are_known_in_any_case_and_with_any_line_end() -> None:
    caps = read_caps(b"\xef\xbb\xbfpostpkioperation\r\n aes \r\rScepStandard\r\nUpdate\n")
    assert caps.words == ("postpkioperation", "aes", "ScepStandard", "Update")
    assert caps.known == ("AES", "POSTPKIOperation", "SCEPStandard")


@pytest.mark.parametrize(
    "body", [b"", b"\r\n", PAGE, PAGE.decode().encode("utf-16-le"), b"error <html>", b"\0" * 99], ids=repr
)
def test_a_page_or_nothing_has_no_words(body: bytes) -> None:
    assert read_caps(body) == Caps((), ())


def test_words_nobody_knows_are_kept_short_few_and_printable() -> None:
    caps = read_caps(b"\x1b[31m" + b"x" * 999 + b"\n" + b"AES is not offered\n" * 5_000)
    assert caps.known == ()
    assert len(caps.words) == 64
    assert all(len(word) <= 64 and word.isprintable() for word in caps.words)


@given(st.binary(max_size=300))
def test_whatever_comes_has_words_or_none(body: bytes) -> None:
    assert len(read_caps(body).words) <= 64


# --- PKIOperation ----------------------------------------------------------------------------


def test_a_refusal_is_told_by_its_reason(pki: Pki) -> None:
    said = read_certrep(certrep(pki.signature, status="2", reason="2"))
    assert (said.status, said.failinfo, said.digest, said.transaction) == (2, 2, "sha256", "5AFE")
    assert said.signer_sha256 == read_certificate(pki.signature.der).sha256
    assert said.genuine
    assert (said.sender_nonce, said.recipient_nonce) == (bytes(range(16)).hex(), bytes(16).hex())


@pytest.mark.parametrize("status", ["0", "3"])
def test_other_states_have_no_reason(pki: Pki, status: str) -> None:
    said = read_certrep(certrep(pki.signature, status=status, reason=None, content=b"sealed" * 100))
    assert (said.status, said.failinfo, said.genuine) == (int(status), None, True)


def test_a_signer_that_is_not_sent_along_is_found_in_the_bundle(pki: Pki) -> None:
    body = certrep(pki.signature, carries=False)
    alone, beside = read_certrep(body), read_certrep(body, read_bundle(pki.bundle))
    assert (alone.signer_sha256, alone.genuine) == (None, None)
    assert (beside.signer_sha256, beside.genuine) == (read_certificate(pki.signature.der).sha256, True)


def test_a_signer_is_known_by_its_key_identifier(pki: Pki) -> None:
    identifier = x509.SubjectKeyIdentifier(b"\x5a\xfe" * 10)
    signer = issue("signer", pki.issuing, identifier)
    said = read_certrep(certrep(signer, identifier=identifier.digest))
    assert (said.signer_sha256, said.genuine) == (read_certificate(signer.der).sha256, True)
    assert read_certrep(certrep(signer, identifier=b"other")).signer_sha256 is None


def test_openssl_takes_the_answers_of_these_tests(pki: Pki, tmp_path: Path) -> None:
    (tmp_path / "rep.der").write_bytes(certrep(pki.signature, content=b"sealed"))
    asked = ["openssl", "cms", "-verify", "-noverify", "-inform", "DER", "-in", "rep.der"]
    assert subprocess.run(asked, cwd=tmp_path, capture_output=True, check=True).stdout == b"sealed"


@pytest.mark.parametrize("digest", [scep.SHA1, scep.SHA512, scep.MD5])
def test_every_digest_is_named_and_verified(pki: Pki, digest: str) -> None:
    said = read_certrep(certrep(pki.signature, digest=digest))
    assert (said.digest, said.genuine) == (scep.DIGESTS[digest].name, True)


def test_an_unknown_digest_is_unknown_not_wrong(pki: Pki) -> None:
    body = certrep(pki.signature).replace(der.object_id(scep.SHA256), der.object_id("2.16.840.1.101.3.4.2.99"))
    said = read_certrep(body)
    assert (said.digest, said.genuine) == ("2.16.840.1.101.3.4.2.99", None)


def test_a_forged_answer_is_not_genuine(pki: Pki) -> None:
    body = certrep(pki.signature, status="2", content=b"sealed")
    changed = der.printable("2"), der.printable("0")
    assert read_certrep(body.replace(der.set_of(changed[0]), der.set_of(changed[1]))).genuine is False
    assert read_certrep(body.replace(b"sealed", b"opened")).genuine is False
    assert read_certrep(certrep(replace(pki.signature, key=pki.root.key))).genuine is False


def test_a_streamed_answer_in_pieces_is_read(pki: Pki) -> None:
    body = certrep(pki.signature, content=b"sealed" * 100)
    assert read_certrep(streamed(body, levels=5)) == read_certrep(body)


def test_a_whole_answer_with_its_content_in_pieces_is_read(pki: Pki) -> None:
    body = certrep(pki.signature, content=b"sealed")
    whole, pieces = der.octet_string(b"sealed"), der.tlv(0x24, der.octet_string(b"sea"), der.octet_string(b"led"))
    outer, held = der.element(body).children()
    fields = held.only().children()
    split = der.sequence(fields[2].only().whole, der.context(0, pieces))
    assert whole in fields[2].whole
    body = der.sequence(
        outer.whole, der.context(0, der.sequence(*(split if i == 2 else one.whole for i, one in enumerate(fields))))
    )
    assert read_certrep(body).genuine


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [(None, None, (None, None)), ("7", "x", (None, None)), ("two", "99999", (None, None)), ("²", "04", (None, 4))],
)
def test_a_state_that_no_rfc_knows_is_none(
    pki: Pki, status: str | None, reason: str | None, expected: tuple[int | None, int | None]
) -> None:
    body = certrep(pki.signature, status="2" if status == "²" else status, reason=reason)
    if status == "²":
        body = body.replace(der.set_of(der.printable("2")), der.set_of(der.tlv(der.PRINTABLE, b"\xb2")))
    said = read_certrep(body)
    assert (said.status, said.failinfo) == expected


def test_another_scep_message_is_no_answer(pki: Pki) -> None:
    assert "message type is 19" in (told(read_certrep, certrep(pki.signature, kind="19")) or "")


def test_certificates_are_no_answer(pki: Pki) -> None:
    assert told(read_certrep, pki.bundle) == "This is not a CertRep: nobody signed it."
    assert told(read_certrep, pki.root.der)


# --- hostile bytes ---------------------------------------------------------------------------


def enormous(pki: Pki, many: int) -> bytes:
    """A bundle of so many certificates."""
    held = der.context(0, pki.encryption.der * many)
    data = der.sequence(der.object_id("1.2.840.113549.1.7.1"))
    return der.sequence(
        der.object_id(scep.SIGNED_DATA),
        der.context(0, der.sequence(der.integer(1), der.set_of(), data, held, der.set_of())),
    )


@pytest.mark.parametrize("read", READERS)
def test_ten_thousand_certificates_are_refused_at_once_in_little_memory(
    pki: Pki, read: Callable[[bytes], object]
) -> None:
    bodies = [enormous(pki, many) for many in (10_000, 5_000, 101)]
    tracemalloc.start()
    try:
        said = [told(read, body) or "" for body in bodies]
        assert ["more" in words for words in said] == [True, True, True]
        assert tracemalloc.get_traced_memory()[1] < 64 * 1024 * 1024
    finally:
        tracemalloc.stop()
    for body in bodies:
        assert steps(partial(told, read, body)) < 5_000


def test_a_hundred_cas_of_one_name_are_read_in_steps_that_grow_with_their_number_alone(pki: Pki) -> None:
    alike = [issue("Alike", None, ca=True, key=key_of("alike"), serial=i + 1) for i in range(50)]
    ras = [issue("RA", alike[0], key=key_of("RA"), serial=i + 100) for i in range(50)]
    quarter = steps(lambda: read_bundle(pack(*alike[:12], *ras[:12])))
    assert quarter < steps(lambda: read_bundle(pack(*alike, *ras))) < 5 * quarter
    assert len(read_bundle(pack(*alike, *ras)).ra) == 50
    assert "more than 100" in (told(read_bundle, pack(*alike, *ras, pki.root)) or "")


HOSTILE = {
    "nothing": b"",
    "a page": PAGE,
    "words": b"The service is unavailable.",
    "deep indefinite": b"\x30\x80" * 2_500_000,
    "deep indefinite and closed": b"\x30\x80" * 2_000 + b"\0\0" * 2_000,
    "deep pieces": b"\x30\x80" + b"\x24\x80" * 30 + b"\x04\x00" + b"\0\0" * 31,
    "deep and wide": b"\x30\x80" * 31 + der.octet_string(bytes(5_000_000)) + b"\0\0" * 31,
    "deep definite": b"".join(b"\x30\x84" + (6 * n).to_bytes(4, "big") for n in range(40_000, -1, -1)),
    "wide": der.sequence(b"\x05\x00" * 2_500_000),
    "wide indefinite": b"\x30\x80" + b"\x05\x00" * 2_500_000,
    "only an end": b"\0\0",
    "a plain indefinite": b"\x30\x80\x04\x80\0\0\0\0",
    "too much": bytes(16_777_216),
}


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_answer_is_a_plain_error_soon(read: Callable[[bytes], object], name: str) -> None:
    assert told(read, HOSTILE[name])
    assert steps(lambda: told(read, HOSTILE[name])) < 2_000_000  # of up to 16 MB


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_an_error_and_nothing_else(data: bytes) -> None:
    for read in READERS:
        assert told(read, data)
        told(read, b"\x30" + data)
        told(read, b"\x30\x80" + data)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_a_damaged_answer_is_read_or_is_an_error(pki: Pki, data: st.DataObject) -> None:
    answers: list[tuple[Callable[[bytes], object], bytes]] = [
        (read_bundle, pki.bundle),
        (read_certrep, certrep(pki.signature)),
    ]
    read, body = data.draw(st.sampled_from(answers))
    if data.draw(st.booleans()):
        body = streamed(body)
    for _ in range(data.draw(st.integers(1, 3))):
        at, gone = data.draw(st.integers(0, len(body))), data.draw(st.integers(0, 4))
        body = body[:at] + data.draw(st.binary(max_size=4)) + body[at + gone :]
    told(read, body)


@pytest.mark.parametrize("cut", range(0, 2_600, 119))
def test_what_is_cut_off_is_an_error(pki: Pki, cut: int) -> None:
    assert told(read_bundle, pki.bundle[:cut])
    assert told(read_bundle, streamed(pki.bundle)[:cut])
    assert told(read_certrep, certrep(pki.signature)[: cut // 2])


def _sha256(data: bytes) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize().hex()


def test_the_bundle_is_as_old_as_it_says(pki: Pki) -> None:
    assert {ra.facts.not_before for ra in read_bundle(pki.bundle).ra} == {NOW - YEAR}
