"""What is kept of a finding has no secret and still names the certificates."""

from bot.findings import Finding
from bot.keeping import kept

THUMBPRINT, SHA256, SERIAL = (
    "0A717B011CF32C1ACCA790B04F785BAABF8623C2",
    "fa" * 32,
    "67FC2840FB8C739DB4691B5B2C2480D4EBF35A",
)
CHALLENGE = "8A2F6F1F2E3D4C5B"


def _of(text: str) -> str:
    (finding,) = kept([Finding("admin", "ok", text, {"page": text, "names": [text], "status": 200})])
    assert finding.evidence == {"page": finding.summary, "names": [finding.summary], "status": 200}
    return finding.summary


def test_thumbprints_and_serial_numbers_stay() -> None:
    for mark in (THUMBPRINT, SHA256, SERIAL):
        text = f"CN=Issuing CA {mark} and the challenge password is: {CHALLENGE}"
        assert mark in _of(text)
        assert CHALLENGE not in _of(text)


def test_what_is_called_a_password_goes_whatever_it_looks_like() -> None:
    assert "fafa" not in _of(f"password: {SHA256}")


def test_a_server_that_writes_our_stand_in_gains_nothing() -> None:
    assert _of(f"certificate7mark password: hunter22secret {THUMBPRINT}").count(THUMBPRINT) == 1


def test_findings_without_a_secret_are_left_as_they_are() -> None:
    finding = Finding("tls", "ok", "TLS 1.3", {"sha256": SHA256})
    assert kept([finding]) == (finding,)
