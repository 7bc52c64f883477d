"""Certificates and CRLs are told by what their bytes say; whatever else comes is a plain error, soon."""

import subprocess
import tracemalloc
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge import der
from knowledge.certificates import (
    ScepError,
    crl_signed_by,
    crl_urls,
    delta_urls,
    issued_by,
    issuer_urls,
    read_certificate,
    read_crl,
    revoked,
)
from tests.knowledge.pki import LDAP, NOW, YEAR, Holder, Pki, crl, issue, key_of, long_crl, resigned, server, usage
from tests.steps import steps

MOST_WORDS = 300
READERS: tuple[Callable[[bytes], object], ...] = (
    read_certificate,
    read_crl,
    crl_urls,
    delta_urls,
    issuer_urls,
    lambda data: revoked(data, ["4711", "5AFE"]),
)
PAGE = b"<!DOCTYPE html>\r\n<html><head><title>503 Service Unavailable</title></head></html>"


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki.make()


def told(read: Callable[[bytes], object], data: bytes) -> str | None:
    """The error that some bytes give, None where they can be read. Nothing else may be raised."""
    try:
        read(data)
    except ScepError as error:
        assert len(str(error)) <= MOST_WORDS
        assert str(error).isprintable()
        return str(error)
    return None


# --- certificates ----------------------------------------------------------------------------


def test_a_certificate_is_told_by_its_facts(pki: Pki) -> None:
    facts = read_certificate(pki.encryption.der)
    assert (facts.subject, facts.issuer) == ("CN=NDES01-MSCEP-RA", "CN=Example Issuing")
    assert facts.serial == pki.encryption.serial
    assert (facts.not_before, facts.not_after) == (NOW - YEAR, NOW + YEAR)
    assert facts.sha256 == pki.encryption.certificate.fingerprint(hashes.SHA256()).hex()
    assert facts.sha1 == pki.encryption.certificate.fingerprint(hashes.SHA1()).hex()
    assert (facts.signature, facts.key) == ("sha256", "RSA 2048")
    assert (facts.self_signed, facts.is_ca) == (False, False)
    assert facts.ekus == ("1.3.6.1.4.1.311.20.2.1",)
    assert facts.key_usage == ("keyEncipherment",)
    assert facts.der == pki.encryption.der


def test_openssl_tells_the_same(pki: Pki) -> None:
    asked = [
        "openssl",
        "x509",
        "-inform",
        "DER",
        "-noout",
        "-serial",
        "-fingerprint",
        "-sha1",
        "-subject",
        "-nameopt",
        "RFC2253",
    ]
    said = subprocess.run(asked, input=pki.issuing.der, capture_output=True, check=True).stdout.decode()
    facts = read_certificate(pki.issuing.der)
    assert f"serial={facts.serial.rjust(len(facts.serial) + len(facts.serial) % 2, '0')}" in said
    assert facts.sha1.upper() in said.replace(":", "")
    assert f"subject={facts.subject}" in said


def test_a_root_and_an_issuing_ca_are_told_apart(pki: Pki) -> None:
    root, issuing = read_certificate(pki.root.der), read_certificate(pki.issuing.der)
    assert (root.is_ca, root.self_signed) == (True, True)
    assert (issuing.is_ca, issuing.self_signed) == (True, False)
    assert issuing.key_usage == ("keyCertSign", "cRLSign")


@pytest.mark.parametrize("form", ["PEM", "base64", "DER with more behind it", "DER"])
def test_a_certificate_comes_in_every_form(pki: Pki, form: str) -> None:
    pem = pki.root.certificate.public_bytes(Encoding.PEM)
    body = {
        "PEM": b"\r\n" + pem.replace(b"\n", b"\r\n"),
        "base64": b"".join(pem.splitlines()[1:-1]),
        "DER with more behind it": pki.root.der + b"\r\n",
        "DER": pki.root.der,
    }[form]
    assert read_certificate(body) == read_certificate(pki.root.der)


def test_every_alternative_name_is_told() -> None:
    names = ("ndes.example.com", "*.example.com", "192.0.2.7", "2001:db8::7")
    assert read_certificate(server(*names).der).names == names


def test_a_name_with_control_characters_becomes_harmless_and_short() -> None:
    evil = "a\r\n\x1b[31m\u202e" + "b" * 5_000
    with pytest.warns(UserWarning, match="length"):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, evil, _validate=False)])
        holder = issue(name, None, key=key_of("evil"))
    facts = read_certificate(holder.der)
    assert facts.subject.startswith("CN=a\N{REPLACEMENT CHARACTER}")
    assert facts.subject.isprintable()
    assert len(facts.subject) == 300
    assert facts.self_signed
    assert "der" not in repr(facts)


def test_a_damaged_extension_that_nobody_asks_for_hides_nothing() -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.32"), b"\x30\x05broken"[:5])
    assert read_certificate(issue("odd", None, odd).der).self_signed


@pytest.mark.parametrize(
    ("oid", "bad"),
    [("2.5.29.17", b"\x30\x05\x82"), ("2.5.29.37", b"\x04\x00"), ("2.5.29.15", b"")],
    ids=["names", "purposes", "usage"],
)
def test_a_damaged_extension_that_matters_is_an_error(oid: str, bad: bytes) -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), bad)
    assert (told(read_certificate, issue("odd", None, odd).der) or "").startswith("This is not a certificate: ")


@pytest.mark.parametrize(("algorithm", "arc", "name"), [(hashes.SHA1(), 5, "sha1"), (hashes.MD5(), 4, "md5")])
def test_old_digests_are_named_and_verified(pki: Pki, algorithm: hashes.HashAlgorithm, arc: int, name: str) -> None:
    root = read_certificate(resigned(pki.root, pki.root, algorithm, arc))
    assert (root.signature, root.self_signed) == (name, True)
    issuing = read_certificate(resigned(pki.issuing, pki.root, algorithm, arc))
    assert issued_by(issuing, root)
    forged = read_certificate(resigned(pki.issuing, pki.issuing, algorithm, arc))
    assert issued_by(forged, root) is False


def test_pss_is_named_and_verified(pki: Pki) -> None:
    facts = read_certificate(issue("pss", pki.issuing, pss=True).der)
    assert facts.signature == "rsassa-pss sha256"
    assert issued_by(facts, read_certificate(pki.issuing.der))


def test_elliptic_keys_are_named_and_verified() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "curve")])
    for key, named, digest, signature in (
        (ec.generate_private_key(ec.SECP384R1()), "EC P-384", hashes.SHA384(), "sha384"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519", None, "ed25519"),
    ):
        made = x509.CertificateBuilder(name, name, key.public_key(), 7, NOW, NOW + YEAR).sign(key, digest)
        facts = read_certificate(made.public_bytes(Encoding.DER))
        assert (facts.key, facts.signature, facts.self_signed) == (named, signature, True)


def test_a_signature_of_an_unknown_kind_is_unknown_not_wrong(pki: Pki) -> None:
    odd = resigned(pki.issuing, pki.root, hashes.SHA256(), 99)
    facts = read_certificate(odd)
    assert facts.signature == "1.2.840.113549.1.1.99"
    assert issued_by(facts, read_certificate(pki.root.der)) is None


@pytest.mark.parametrize(("bits", "exponent"), [(12_000, 65_537), (4_096, 2**2_000 + 1)], ids=["modulus", "exponent"])
def test_a_key_that_takes_long_to_verify_with_is_not_tried(pki: Pki, bits: int, exponent: int) -> None:
    slow = rsa.RSAPublicNumbers(exponent, 2**bits - 1).public_key()
    name = pki.root.certificate.subject
    made = x509.CertificateBuilder(name, name, slow, 7, NOW, NOW + YEAR).sign(pki.root.key, hashes.SHA256())
    ca = read_certificate(made.public_bytes(Encoding.DER))
    assert ca.key == f"RSA {bits}"
    assert issued_by(read_certificate(pki.issuing.der), ca) is None


def test_a_name_alone_makes_no_issuer(pki: Pki) -> None:
    pretender = issue("Example Root", None, ca=True, key=key_of("pretender"))
    assert issued_by(read_certificate(pki.issuing.der), read_certificate(pki.root.der))
    assert issued_by(read_certificate(pki.issuing.der), read_certificate(pretender.der)) is False


def test_a_self_issued_certificate_is_not_self_signed(pki: Pki) -> None:
    assert not read_certificate(issue("Example Root", pki.root, key=key_of("next root")).der).self_signed


def test_a_serial_below_zero_is_no_reason_to_warn(pki: Pki) -> None:
    plain = issue("seven", None, serial=0x55AA55AA55)
    odd = plain.der.replace(bytes.fromhex("020555AA55AA55"), bytes.fromhex("0205D5AA55AA55"), 1)
    assert read_certificate(odd).serial == "D5AA55AA55"
    assert read_certificate(odd).self_signed is False


def test_the_addresses_in_a_certificate_are_told_with_every_scheme(pki: Pki) -> None:
    assert crl_urls(pki.encryption.der) == (LDAP, "http://pki.example.com/issuing.crl")
    assert crl_urls(pki.issuing.der) == ("http://pki.example.com/root.crl",)
    assert issuer_urls(pki.issuing.der) == ("http://pki.example.com/root.crt",)
    assert crl_urls(pki.root.der) == issuer_urls(pki.root.der) == delta_urls(pki.root.der) == ()


def test_a_certificate_of_no_purpose_has_none() -> None:
    facts = read_certificate(issue("bare", None).der)
    assert facts.ekus == facts.key_usage == facts.names == ()


def test_all_usages_and_purposes_are_told_by_their_names() -> None:
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    allowed = usage("digital_signature", "content_commitment", "data_encipherment", "key_agreement", "decipher_only")
    facts = read_certificate(issue("many", None, purposes, allowed).der)
    assert facts.ekus == ("1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1")
    assert facts.key_usage == ("digitalSignature", "nonRepudiation", "dataEncipherment", "keyAgreement", "decipherOnly")


# --- revocation lists ------------------------------------------------------------------------


def test_a_crl_is_told_by_its_facts(pki: Pki) -> None:
    found = read_crl(crl(pki.issuing, 1, 2, 3, freshest="http://pki.example.com/issuing+.crl"))
    assert (found.issuer, found.entries, found.number) == ("CN=Example Issuing", 3, 4_711)
    assert (found.this_update, found.next_update) == (NOW, NOW + timedelta(days=7))
    assert (found.is_delta, found.signature) == (False, "sha256")
    assert found.delta_urls == (LDAP, "http://pki.example.com/issuing+.crl")


def test_a_base_crl_says_where_its_delta_is(pki: Pki) -> None:
    assert delta_urls(crl(pki.issuing, freshest="http://pki.example.com/+.crl")) == (
        LDAP,
        "http://pki.example.com/+.crl",
    )
    assert delta_urls(crl(pki.issuing)) == ()


def test_a_delta_crl_is_known_as_one(pki: Pki) -> None:
    assert read_crl(crl(pki.issuing, delta=True)).is_delta


def test_a_crl_comes_as_pem_too(pki: Pki) -> None:
    pem = x509.load_der_x509_crl(crl(pki.issuing, 5)).public_bytes(Encoding.PEM)
    assert read_crl(pem).entries == 1
    assert crl_signed_by(pem, pki.issuing.der)
    assert revoked(pem, ["5"]) == {"5"}


def test_a_crl_is_signed_by_its_ca_and_no_other(pki: Pki) -> None:
    body = crl(pki.issuing)
    pretender = issue("Example Issuing", None, ca=True, key=key_of("pretender"))
    assert crl_signed_by(body, pki.issuing.der)
    assert not crl_signed_by(body, pki.root.der)
    assert not crl_signed_by(body, pretender.der)
    assert not crl_signed_by(body[:-1] + bytes((body[-1] ^ 1,)), pki.issuing.der)


def test_a_crl_with_a_signature_of_an_unknown_kind_is_unknown(pki: Pki) -> None:
    odd = crl(pki.issuing).replace(der.object_id("1.2.840.113549.1.1.11"), der.object_id("1.2.840.113549.1.1.99"))
    with pytest.raises(ScepError, match="cannot be verified here"):
        crl_signed_by(odd, pki.issuing.der)


def test_only_revoked_serials_are_told(pki: Pki) -> None:
    body = crl(pki.issuing, pki.signature.certificate.serial_number, 0x80, 17)
    assert revoked(body, [pki.signature.serial, pki.encryption.serial]) == {pki.signature.serial}
    assert revoked(body, ["80", "11", "0", "1"]) == {"80", "11"}
    assert revoked(body, []) == frozenset()


def test_a_serial_that_only_stands_somewhere_else_in_a_crl_is_not_revoked(pki: Pki) -> None:
    assert revoked(crl(pki.issuing, 17), [f"{4_711:X}"]) == frozenset()  # that is the CRL's number


def test_a_certificate_on_hold_is_revoked_and_one_taken_back_is_not(pki: Pki) -> None:
    assert revoked(crl(pki.issuing, 5, reason=x509.ReasonFlags.certificate_hold), ["5"]) == {"5"}
    assert revoked(crl(pki.issuing, 5, delta=True, reason=x509.ReasonFlags.remove_from_crl), ["5"]) == frozenset()


def test_what_is_no_hex_is_no_serial(pki: Pki) -> None:
    with pytest.raises(ScepError):
        revoked(crl(pki.issuing), ["serial"])


def test_a_long_crl_takes_no_step_more_than_a_short_one(pki: Pki) -> None:
    short, long = (long_crl(pki.issuing, entries) for entries in (5_000, 20_000))
    first, last = f"{10**40:X}", f"{10**40 + 19_999:X}"
    assert read_crl(long).entries == 20_000
    assert revoked(long, [last, pki.encryption.serial]) == {last}
    assert steps(lambda: read_crl(long)) == steps(lambda: read_crl(short))
    assert steps(lambda: revoked(long, [last])) == steps(lambda: revoked(short, [first]))


# --- hostile bytes ---------------------------------------------------------------------------

HOSTILE = {
    "nothing": b"",
    "blanks": b" \r\n\t",
    "a page": PAGE,
    "a page with words before it": b"\xef\xbb\xbf \r\n" + PAGE,
    "words": b"The service is unavailable.",
    "half a PEM": b"-----BEGIN CERTIFICATE-----\nMIIB",
    "an empty PEM": b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
    "one byte": b"0",
    "an empty sequence": b"\x30\x00",
    "a length beyond everything": b"\x30\x84\xff\xff\xff\xff\x30",
    "a length of lengths": b"\x30\xff" + bytes(200),
    "deep indefinite": b"\x30\x80" * 2_500_000,
    "deep definite": b"".join(b"\x30\x84" + (6 * n).to_bytes(4, "big") for n in range(40_000, -1, -1)),
    "wide": der.sequence(b"\x05\x00" * 2_500_000),
    "wide inside": der.sequence(der.sequence(b"\x05\x00" * 2_500_000)),
    "wide indefinite": b"\x30\x80" + b"\x05\x00" * 2_500_000,
    "too much": b"\x30\x84\x01\x00\x00\x00" + bytes(16_777_216),
    "too much base64": b"MIIB" * 3_000_000,
}


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_certificate_is_a_plain_error_soon(read: Callable[[bytes], object], name: str) -> None:
    assert told(read, HOSTILE[name])
    assert steps(lambda: told(read, HOSTILE[name])) < 100_000  # of up to 2.5 million elements


@pytest.mark.parametrize("body", [PAGE, b"", b"\x00\x01\x02"], ids=["page", "empty", "random"])
def test_the_error_says_what_it_is_instead(body: bytes) -> None:
    expected = {PAGE: "This is a web page, not a certificate.", b"": "There is nothing in it."}
    assert told(read_certificate, body) == expected.get(body, "This is neither DER nor PEM.")


@pytest.mark.parametrize("cut", range(0, 800, 37))
def test_what_is_cut_off_is_an_error(pki: Pki, cut: int) -> None:
    assert told(read_certificate, pki.encryption.der[:cut])
    assert told(read_crl, crl(pki.issuing, 1)[: cut // 3])


def test_a_certificate_with_ten_thousand_names_is_refused() -> None:
    holder = server(*(f"host{i}.a-rather-long-name.example.com" for i in range(10_000)))
    assert "too many" in (told(read_certificate, holder.der) or "")


def test_a_name_of_a_hundred_thousand_parts_is_refused_before_it_is_read(pki: Pki) -> None:
    part = der.set_of(der.sequence(der.object_id("2.5.4.3"), der.printable("x")))
    body = crl(pki.issuing)
    fields = der.element(body).only().children()
    rest = der.element(body).children()[1:]

    def named(parts: int) -> bytes:
        huge = der.sequence(*(field.whole if i != 2 else der.sequence(part * parts) for i, field in enumerate(fields)))
        return der.sequence(huge, *(one.whole for one in rest))

    many, more = named(25_000), named(100_000)
    assert "too long" in (told(read_crl, more) or "")
    assert steps(lambda: told(read_crl, more)) == steps(lambda: told(read_crl, many))


def test_five_megabytes_of_crl_are_read_in_little_memory(pki: Pki) -> None:
    body = long_crl(pki.issuing, 1_000)
    fields = der.element(body).only().children()
    entries = fields[5].content * 150
    many = der.sequence(*(field.whole if i != 5 else der.sequence(entries) for i, field in enumerate(fields)))
    body = der.sequence(many, *(one.whole for one in der.element(body).children()[1:]))
    assert len(body) > 5_000_000
    tracemalloc.start()
    try:
        assert read_crl(body).entries == 150_000
        assert revoked(body, ["5AFE", f"{10**40:X}"]) == {f"{10**40:X}"}
        assert crl_signed_by(body, pki.issuing.der) is False
        assert tracemalloc.get_traced_memory()[1] < 64 * 1024 * 1024
    finally:
        tracemalloc.stop()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_an_error_and_nothing_else(data: bytes) -> None:
    for read in READERS:
        assert told(read, data)
        told(read, b"\x30" + data)


def damaged(whole: bytes) -> st.SearchStrategy[bytes]:
    """The bytes with a few changed, cut out or put in."""
    change = st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 4), st.binary(max_size=4))

    def apply(changes: list[tuple[int, int, bytes]]) -> bytes:
        data = whole
        for at, gone, new in changes:
            data = data[:at] + new + data[at + gone :]
        return data

    return st.lists(change, min_size=1, max_size=4).map(apply)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_damaged_certificate_is_read_or_is_an_error(pki: Pki, data: st.DataObject) -> None:
    body = data.draw(damaged(pki.encryption.der))
    for read in (*READERS, lambda ca: crl_signed_by(crl_of(pki), ca)):
        told(read, body)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_damaged_crl_is_read_or_is_an_error(pki: Pki, data: st.DataObject) -> None:
    body = data.draw(damaged(crl_of(pki)))
    for read in (*READERS, lambda crl: crl_signed_by(crl, pki.issuing.der)):
        told(read, body)


def crl_of(pki: Pki, made: dict[Holder, bytes] = {}) -> bytes:  # noqa: B006 - it is the memory
    if pki.issuing not in made:
        made[pki.issuing] = crl(pki.issuing, 5, 0x4711, freshest="http://pki.example.com/issuing+.crl")
    return made[pki.issuing]
