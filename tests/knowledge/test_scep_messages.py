"""The outside of a SCEP message is read as far as it goes: whole, streamed, cut off anywhere, or hostile."""

import subprocess
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import ber, der
from knowledge.certificates import ScepError, read_certificate
from knowledge.scep import read_bundle
from knowledge.scep_messages import (
    CertificateName,
    ScepMessage,
    from_base64,
    named,
    read_message,
    recipient_of,
)
from knowledge.scep_requests import SUBJECT, poisoned_request, poll_message, transaction_id
from tests.knowledge.pki import NOW, Pki, certrep, pack

PKI = Pki.make()
BUNDLE = read_bundle(PKI.bundle)
RANDOM = bytes(range(32))
REQUEST = poisoned_request(BUNDLE, NOW, RANDOM)
POLL = poll_message(BUNDLE, NOW, RANDOM)
RECIPIENT = CertificateName("CN=Example Issuing", PKI.encryption.serial)


def in_url(message: bytes) -> str:
    return f"operation=PKIOperation&message={quote(b64encode(message).decode(), safe='')}"


# --- what it says ----------------------------------------------------------------------------


def test_a_request_tells_whom_it_is_for_who_signed_it_and_with_what() -> None:
    message = read_message(REQUEST)
    assert message.kind == "PKCSReq"
    assert message.recipients == (RECIPIENT,)
    assert message.signer
    assert (message.signer.subject, message.signer.self_signed) == (f"CN={SUBJECT}", True)
    assert message.signer_name == named(message.signer)
    assert (message.digest, message.signature) == ("SHA-256", "RSA (PKCS #1 v1.5)")
    assert (message.encryption, message.transport) == ("AES-128-CBC", "RSA (PKCS #1 v1.5)")
    assert (message.transaction, message.has_nonce) == (transaction_id(RANDOM), True)
    assert (message.status, message.failinfo) == (None, None)
    assert (message.bytes, message.of, message.cut) == (len(REQUEST), len(REQUEST), False)


def test_a_poll_is_told_from_a_request() -> None:
    assert read_message(POLL).kind == "CertPoll"


def test_a_refusal_says_why() -> None:
    message = read_message(certrep(PKI.signature, status="2", reason="2"))
    assert (message.kind, message.status, message.failinfo) == ("CertRep", "FAILURE", "badRequest")
    assert message.is_answer
    assert message.signer_name == named(read_certificate(PKI.signature.der))


def test_the_recipient_is_named_as_the_certificate_itself_would_be() -> None:
    (recipient,) = read_message(REQUEST).recipients
    assert recipient == named(read_certificate(PKI.encryption.der))


def test_streamed_by_openssl_it_says_the_same(tmp_path: Path) -> None:
    key = PKI.signature.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "signer.pem").write_bytes(PKI.signature.certificate.public_bytes(Encoding.PEM) + key)
    (tmp_path / "ra.pem").write_bytes(PKI.encryption.certificate.public_bytes(Encoding.PEM))
    encrypt = ("cms", "-encrypt", "-stream", "-indef", "-binary", "-outform", "DER", "-aes256", "ra.pem")
    sign = ("cms", "-sign", "-nodetach", "-stream", "-indef", "-binary", "-outform", "DER", "-signer", "signer.pem")
    data = b"what is asked" * 1_000
    for words in (encrypt, sign):
        data = subprocess.run(["openssl", *words], input=data, cwd=tmp_path, capture_output=True, check=True).stdout
    assert data[1] == 0x80
    message = read_message(data)
    assert message.recipients == (RECIPIENT,)
    assert message.encryption == "AES-256-CBC"
    assert message.signer == read_certificate(PKI.signature.der)
    assert (message.kind, message.cut) == (None, False)
    assert read_message(data[:700]).recipients == (RECIPIENT,)
    assert read_message(data[:700]).cut


# --- cut off ---------------------------------------------------------------------------------


def test_cut_off_anywhere_it_gives_what_is_left_and_says_so() -> None:
    seen: set[tuple[bool, bool, bool]] = set()
    for size in range(len(REQUEST)):
        try:
            message = read_message(REQUEST[:size])
        except ScepError:
            assert size < 200
            continue
        assert message.recipients == (RECIPIENT,)
        assert message.cut
        assert (message.bytes, message.of) == (size, len(REQUEST))
        seen.add((message.encryption is not None, message.signer is not None, message.kind is not None))
    assert seen == {(False, False, False), (True, False, False), (True, True, False), (True, True, True)}


def test_the_recipient_stands_within_what_logs_keep_of_a_query() -> None:
    assert recipient_of(in_url(REQUEST)) == RECIPIENT
    assert recipient_of(in_url(REQUEST)[:400]) == RECIPIENT
    assert recipient_of(in_url(REQUEST)[:100]) is None


@pytest.mark.parametrize(
    "query",
    [
        "",
        "-",
        "operation=GetCACert&message=ca",
        "operation=PKIOperation&message=MIIPtQYJKoZIhvcNAQcC",
        "operation=PKIOperation&message=MII…",
        "message=" + "MI" * 4_000,
        in_url(PKI.bundle),
    ],
)
def test_a_query_without_a_recipient_has_none(query: str) -> None:
    assert recipient_of(query) is None


def test_the_query_may_be_encoded_twice_and_go_on_behind_the_message() -> None:
    assert recipient_of(in_url(REQUEST).replace("%", "%25")) == RECIPIENT
    assert recipient_of(f"{in_url(REQUEST)}&port=443") == RECIPIENT


# --- base64 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["MDEyMw==", "MDEyMw%3D%3D", "MDEyMw%253D%253D", "MDEy\nMw==", "MDEyMw", " MDEyMw ", "MDEyMw==&port=1"],
)
def test_base64_is_undone_however_it_was_carried(text: str) -> None:
    assert from_base64(text) == b"0123"


@pytest.mark.parametrize(("text", "bytes_"), [("%2B%2F%2b%2f", b"\xfb\xff\xbf\xff"), ("-_-_", b"\xfb\xff\xbf")])
def test_the_signs_of_base64_survive_a_url(text: str, bytes_: bytes) -> None:
    assert from_base64(text)[:3] == bytes_[:3]


def test_what_is_no_base64_is_said_so() -> None:
    with pytest.raises(ScepError):
        from_base64("what is this?!")


# --- hostile bytes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x80",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x85\x01\x01\x01\x01\x01",
        b"\x1f\x81\x01",
        b"\x30\x80" * 5_000,
        PKI.bundle,
        PKI.encryption.der,
        pack(PKI.root),
        b"<html><body>502</body></html>",
    ],
)
def test_what_is_no_message_is_said_so(data: bytes) -> None:
    with pytest.raises(ScepError):
        read_message(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    _read(data)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([REQUEST, POLL, certrep(PKI.signature)]), st.data())
def test_no_change_to_a_message_raises_anything_else(message: bytes, data: st.DataObject) -> None:
    changed = bytearray(message)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, min(len(changed) - 1, 700)) | st.integers(0, len(changed) - 1))
        changed[at] = data.draw(st.integers(0, 255))
    _read(bytes(changed[: data.draw(st.integers(1, len(changed)))]))


def _read(data: bytes) -> None:
    try:
        message = read_message(data)
    except ScepError as error:
        assert len(str(error)) < 400
        assert str(error).isprintable()
        return
    assert isinstance(message, ScepMessage)
    assert all(len(name.issuer) <= 300 and name.issuer.isprintable() for name in message.recipients)
    recipient_of(in_url(data))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_no_query_raises(query: str) -> None:
    recipient_of(f"message={query}")


# --- BER -------------------------------------------------------------------------------------


def test_elements_are_told_from_their_beginnings() -> None:
    whole = der.sequence(der.integer(5), der.octet_string(b"abc"))
    (part,) = ber.parts(whole)
    assert (part.tag, part.whole, part.size) == (der.SEQUENCE, True, len(whole))
    assert [inner.tag for inner in part.parts()] == [der.INTEGER, der.OCTET_STRING]
    (cut,) = ber.parts(whole[:-1])
    assert (cut.whole, cut.size) == (False, len(whole))
    assert [inner.whole for inner in cut.parts()] == [True, False]
    assert cut.parts()[1].content == b"ab"


def test_an_indefinite_length_ends_at_its_own_end() -> None:
    inner = b"\x24\x80" + der.octet_string(b"ab") + der.octet_string(b"c") + b"\0\0"
    whole = b"\x30\x80" + inner + der.integer(7) + b"\0\0"
    first, behind = ber.parts(whole + der.integer(8))
    assert (first.whole, first.size) == (True, len(whole))
    assert first.parts()[0].octets() == b"abc"
    assert first.parts()[1].content == b"\x07"
    assert behind.content == b"\x08"
    (cut,) = ber.parts(whole[:-2])
    assert (cut.whole, cut.size) == (False, None)
    assert cut.parts()[0].octets() == b"abc"


def test_a_plain_value_has_no_elements() -> None:
    (part,) = ber.parts(der.octet_string(der.integer(1)))
    assert part.parts() == []
