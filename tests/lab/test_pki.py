"""The lab's certificates and CRLs are what their states say, as the bot's own reader and OpenSSL see them."""

from datetime import timedelta
from itertools import pairwise
from typing import get_args

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from connectors.lab import pki
from connectors.lab.pki import CrlState, Pki, RaState, TlsState
from knowledge.certificates import crl_signed_by, crl_urls, delta_urls, issuer_urls, read_certificate, read_crl, revoked
from knowledge.scep import Bundle, read_bundle

PLACE = "http://127.0.0.1:8080/CertEnroll/1/"
AGENT = "1.3.6.1.4.1.311.20.2.1"


@pytest.fixture(scope="module")
def made() -> Pki:
    return Pki(PLACE, "ndes.example.com")


def _bundle(made: Pki, state: RaState = "good") -> Bundle:
    return read_bundle(made.bundle(state))


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def test_the_good_bundle_is_a_pair_its_ca_and_the_root(made: Pki) -> None:
    bundle = _bundle(made)
    assert [(ra.role, ra.template) for ra in bundle.ra] == [
        ("signature", "EnrollmentAgentOffline"),
        ("encryption", "CEPEncryption"),
    ]
    assert all(ra.request_agent and ra.issued_here and ra.facts.ekus == (AGENT,) for ra in bundle.ra)
    assert [ca.self_signed for ca in bundle.authorities] == [False, True]
    assert bundle.issuing == bundle.authorities[0]
    assert {certificate.key for certificate in bundle.certificates} == {"RSA 2048"}
    assert {certificate.signature for certificate in bundle.certificates} == {"sha256"}


def test_a_good_pki_is_in_time(made: Pki) -> None:
    for certificate in (*_bundle(made).certificates, *(read_certificate(_der(one)) for one in made.chain())):
        assert certificate.not_before < made.now < certificate.not_after


@pytest.mark.parametrize("state", get_args(RaState))
def test_every_bundle_can_be_read(made: Pki, state: RaState) -> None:
    assert _bundle(made, state).authorities


@pytest.mark.parametrize(
    ("state", "ended"), [("good", []), ("expired", ["signature", "encryption"]), ("encryption-expired", ["encryption"])]
)
def test_ra_certificates_end_where_they_should(made: Pki, state: RaState, ended: list[str]) -> None:
    assert [ra.role for ra in _bundle(made, state).ra if ra.facts.not_after < made.now] == ended


@pytest.mark.parametrize(
    ("state", "roles"), [("no-encryption", ["signature"]), ("no-signature", ["encryption"]), ("none", [])]
)
def test_one_or_both_ra_certificates_may_be_missing(made: Pki, state: RaState, roles: list[str]) -> None:
    assert [ra.role for ra in _bundle(made, state).ra] == roles


@pytest.mark.parametrize("state", ["foreign", "wrong-key"])
def test_ra_certificates_of_another_ca_are_not_issued_here(made: Pki, state: RaState) -> None:
    assert not any(ra.issued_here for ra in _bundle(made, state).ra)


def test_the_replaced_key_is_behind_the_same_name(made: Pki) -> None:
    bundle = _bundle(made, "wrong-key")
    assert {ra.facts.issuer for ra in bundle.ra} == {bundle.authorities[0].subject}


@pytest.mark.parametrize(("state", "signature"), [("sha1", "sha1"), ("pss", "rsassa-pss sha256")])
def test_weak_signatures_are_real_ones(made: Pki, state: RaState, signature: str) -> None:
    bundle = _bundle(made, state)
    assert {ra.facts.signature for ra in bundle.ra} == {signature}
    assert all(ra.issued_here for ra in bundle.ra)


def test_two_nodes_have_pairs_of_their_own(made: Pki) -> None:
    first, second = ({ra.facts.sha256 for ra in _bundle(made, state).ra} for state in ("good", "other-pair"))
    assert not first & second


def test_certificates_point_to_the_labs_own_addresses(made: Pki) -> None:
    bundle = _bundle(made)
    ra, issuing = bundle.ra[0].facts.der, bundle.authorities[0].der
    assert [url for url in crl_urls(ra) if url.startswith("http")] == [f"{PLACE}Lab-Issuing-CA-1.crl"]
    assert [url for url in crl_urls(issuing) if url.startswith("http")] == [f"{PLACE}Lab-Root-CA.crl"]
    assert issuer_urls(ra) == (f"{PLACE}Lab-Issuing-CA-1.crt",)
    assert delta_urls(made.crl("base")) == (f"{PLACE}Lab-Issuing-CA-1+.crl",)


def test_a_crl_may_be_in_the_directory_only(made: Pki) -> None:
    urls = crl_urls(_bundle(made, "ldap-only").ra[0].facts.der)
    assert urls
    assert all(url.startswith("ldap:///") for url in urls)


def test_asked_twice_the_same_comes_twice(made: Pki) -> None:
    assert made.bundle() == made.bundle()
    assert made.chain()[0] is made.chain()[0]
    assert made.crl("delta") == made.crl("delta")


def test_ra_certificates_can_run_out_within_a_test() -> None:
    short = Pki(PLACE, "localhost", timedelta(seconds=5))
    ends = {ra.facts.not_after for ra in _bundle(short).ra}
    assert ends == {short.now + timedelta(seconds=5)}
    assert short.bundle("expired") == short.bundle("good")


# --- TLS -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ("good", ("ndes.example.com", pki.INTERNAL_NAME)),
        ("public-name-only", ("ndes.example.com",)),
        ("other-name", ("former-ndes.lab.internal",)),
        ("app-proxy", ("*.msappproxy.net",)),
        ("common-name-only", ()),
        ("renewed", ("ndes.example.com", pki.INTERNAL_NAME)),
    ],
)
def test_tls_certificates_have_their_names(made: Pki, state: TlsState, names: tuple[str, ...]) -> None:
    assert read_certificate(_der(made.chain(state)[0])).names == names


@pytest.mark.parametrize("state", get_args(TlsState))
def test_a_tls_chain_is_in_order_and_fits_its_key(made: Pki, state: TlsState) -> None:
    chain = made.chain(state)
    assert chain[0].public_key() == made.tls_key(state).public_key()
    for certificate, issuer in pairwise(chain):
        certificate.verify_directly_issued_by(issuer)


def test_tls_certificates_are_out_of_time_where_they_should(made: Pki) -> None:
    assert made.chain("expired")[0].not_valid_after_utc < made.now
    assert made.chain("not-yet-valid")[0].not_valid_before_utc > made.now


def test_renewed_is_another_certificate_with_another_key(made: Pki) -> None:
    before, after = made.chain()[0], made.chain("renewed")[0]
    assert before.public_key() != after.public_key()
    assert before.not_valid_before_utc < after.not_valid_before_utc < made.now


@pytest.mark.parametrize(("state", "length"), [("good", 2), ("incomplete", 1), ("self-signed", 1), ("foreign", 2)])
def test_some_chains_are_not_whole(made: Pki, state: TlsState, length: int) -> None:
    assert len(made.chain(state)) == length


def test_an_address_as_host_is_an_address_in_the_certificate() -> None:
    certificate = Pki(PLACE, "127.0.0.1").chain()[0]
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


# --- CRLs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", get_args(pki.Crl))
@pytest.mark.parametrize(("state", "in_time"), [("good", True), ("ends-soon", True), ("expired", False)])
def test_crls_are_in_time_or_not(made: Pki, which: pki.Crl, state: CrlState, in_time: bool) -> None:
    crl = read_crl(made.crl(which, state))
    assert crl.this_update < made.now
    assert crl.next_update is not None
    assert (crl.next_update > made.now) is in_time


@pytest.mark.parametrize(("state", "genuine"), [("good", True), ("bad-signature", False)])
def test_crls_are_signed_by_their_ca_or_not(made: Pki, state: CrlState, genuine: bool) -> None:
    assert crl_signed_by(made.crl("base", state), _der(made.issuing())) is genuine
    assert crl_signed_by(made.crl("root"), _der(pki.root()))


def test_a_delta_crl_says_so(made: Pki) -> None:
    assert read_crl(made.crl("delta")).is_delta
    assert not read_crl(made.crl("base")).is_delta


@pytest.mark.parametrize("which", ["base", "delta"])
def test_revoked_ra_certificates_are_on_the_list(made: Pki, which: pki.Crl) -> None:
    serials = {ra.facts.serial for ra in _bundle(made).ra}
    assert revoked(made.crl(which, "revokes-ra"), serials) == serials
    assert revoked(made.crl(which), serials) == frozenset()
