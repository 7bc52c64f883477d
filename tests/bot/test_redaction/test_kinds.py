"""Every kind of secret goes: challenges, messages, keys, tokens, names."""

import base64
import random

import pytest

from bot.redaction import is_clean, redact

CHALLENGE = "3F2A91C7D4E0B856"
MESSAGE = "MIAGCSqGSIb3DQEHAqCAMIACAQExCzAJBgUrDgMCGgUAMIAGCSqGSIb3DQEHAaCAJIAEggPo"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
THUMBPRINT = "7d3b0c55a1e64f28b9d0c7716e0fa4425b81ee90"
# Written apart, so that no scanner of repositories takes the made-up tokens for real ones.
SLACK = "-".join(("xoxb", "123456789012", "1234567890123", "AbCdEfGhIjKlMnOpQrStUvWx"))
SLACK_APP = "-".join(("xapp", "1", "A0123456789", "1234567890123", "abcdef0123456789abcdef"))


@pytest.mark.parametrize(
    "wording",
    [
        "The enrollment challenge password is: {}",
        "The enrollment challenge password is:  {}  \nThis password can be used only once",
        "The enrollment challenge password is: <B> {} </B>",
        "The enrollment challenge password is:<b>{}</b>",
        "The enrollment challenge password is: \n {}",
        "challenge={}",
        "challenge = '{}'",
        "Challenge: {}",
        'challengePassword="{}"',
        '"challengePassword": "{}"',
        '{{"challenge":"{}"}}',
        "challenge_password={}",
        "challenge-password: {}",
        "Challenge password = {}",
        "challenge password: {} expires within 60 minutes",
    ],
)
def test_a_challenge_goes_in_every_wording(wording: str) -> None:
    assert CHALLENGE not in redact(wording.format(CHALLENGE))


@pytest.mark.parametrize("address", ["message={}", "operation=PKIOperation&message={}", "PKIOperation&amp;message={}"])
@pytest.mark.parametrize("ending", ["", " 443 - 10.0.0.1 - 500 0 0 12", "...", "&x=1"])
def test_a_pkioperation_message_goes(address: str, ending: str) -> None:
    left = redact(f"GET /certsrv/mscep/mscep.dll?{address.format(MESSAGE)}{ending}")
    assert not any(MESSAGE[i : i + 12] in left for i in range(0, len(MESSAGE) - 12))
    assert left.endswith(ending.removeprefix("..."))


def test_a_percent_encoded_pkioperation_message_goes() -> None:
    encoded = MESSAGE.replace("A", "%41").replace("g", "%2B") + "%3D%0A"
    left = redact(f"operation=PKIOperation&message={encoded} 443")
    assert encoded[-12:] not in left
    assert encoded[:12] not in left
    assert left.endswith(" 443")


@pytest.mark.parametrize("kind", ["CERTIFICATE", "PRIVATE KEY", "RSA PRIVATE KEY", "NEW CERTIFICATE REQUEST", "PKCS7"])
def test_a_pem_goes_whole(kind: str) -> None:
    pem = f"-----BEGIN {kind}-----\nMIIDazCCAlOgAwIBAgIUQ2Vy\ndGlmaWNhdGU+/w==\n-----END {kind}-----"
    assert redact(f"before\n{pem}\nafter") == "before\n[PEM removed]\nafter"


def test_a_pem_goes_when_quoted_line_by_line_or_cut_off() -> None:
    quoted = "> -----BEGIN PRIVATE KEY-----\n> MIIEvQIBADANBgkq\n> -----END PRIVATE KEY-----"
    assert "MIIEvQIBADANBgkq" not in redact(quoted)
    assert "QWERTYasdf" not in redact("-----BEGIN CERTIFICATE-----\nQWERTYasdf\nQWERTYasdf")


def test_an_encrypted_key_goes_with_its_header_lines() -> None:
    pem = (
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0011\n\n"
        "c2VjcmV0IGJ5dGVz\n-----END RSA PRIVATE KEY-----"
    )
    assert redact(pem) == "[PEM removed]"


@pytest.mark.parametrize(
    "line",
    [
        f"Authorization: Bearer {JWT}",
        "Authorization: Bearer 0123456789abcdefghij",
        "authorization=Bearer 0123456789abcdefghij",
        "curl -H 'Bearer 0123456789abcdefghij'",
        "sent bearer 0123456789abcdefghij with it",
        f"token {JWT}",
        f"id_token={JWT}",
        f"SLACK_BOT_TOKEN={SLACK}",
        f"it is {SLACK}, please keep it",
        f"it is {SLACK_APP}",
        "client_secret=0123456789abcdefghij",
        '"password": "0123456789abcdefghij"',
        "Kennwort: 0123456789abcdefghij",
    ],
)
def test_tokens_and_passwords_go(line: str) -> None:
    left = redact(line)
    for secret in (JWT, SLACK, SLACK_APP, "0123456789abcdefghij"):
        assert secret not in left
        assert secret[-8:] not in left


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("user john.doe@contoso.com asked", "john.doe"),
        ("UPN=j.doe+x@corp.contoso.com", "j.doe"),
        ("Requester: CONTOSO\\jdoe", "jdoe"),
        ("443 FABRIKAM\\svc-ndes 10.0.0.1", "svc-ndes"),
        ("SID S-1-5-21-1004336348-1177238915-682003330-512", "1004336348"),
        (f"Cert Hash(sha1): {THUMBPRINT}", THUMBPRINT),
        (f"THUMBPRINT {THUMBPRINT.upper()}.", THUMBPRINT.upper()),
        ("Subject: CN=Jane Doe", "Jane"),
    ],
)
def test_names_and_fingerprints_go(line: str, name: str) -> None:
    assert name not in redact(line)


def test_a_thumbprint_goes_when_written_in_pairs() -> None:
    pairs = [THUMBPRINT[i : i + 2] for i in range(0, 40, 2)]
    for between in (" ", ":"):
        assert between.join(pairs[-4:]) not in redact(f"Cert Hash(sha1): {between.join(pairs)}")


@pytest.mark.parametrize(
    "text",
    [
        "https://scep.contoso.com/certsrv/mscep/mscep.dll?operation=GetCACaps&message=SCEP%20Authority",
        "https://ndes01.corp.contoso.com/certsrv/mscep/mscep.dll/pkiclient.exe?operation=GetCACert",
        "Denied by Policy Module 0x80094012",
        "0x80094012 -2146877422 2148089874 12175 403.16",
        "The Network Device Enrollment Service cannot submit the certificate request (0x800706ba).",
        "The password in the certificate request cannot be verified. It may have been used already.",
        "The challenge password is wrong",
        "The challenge password is invalid or has expired",
        "Verify challenge returns false",
        "SCEP: Certificate request generated successfully. Enhanced Key Usage: (1.3.6.1.5.5.7.3.2)",
        "2026-03-11 08:22:47 10.20.0.11 POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - 10.20.0.11 "
        "NDES_Plugin - 403 16 2148204809 31",
        "C:\\Windows\\System32\\certsrv\\mscep\\mscep.dll",
        "C:\\inetpub\\logs\\LogFiles\\W3SVC1\\u_ex250101.log",
        "HKLM\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP\\EnforcePassword",
        "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP",
        "IIS APPPOOL\\SCEP",
        "NT AUTHORITY\\NETWORK SERVICE",
        "NT AUTHORITY\\SYSTEM",
        "host ndes01.corp.contoso.com and SRV-CA3",
        "SubCA \\\\fs01\\share\\NDESPlugin.log",
    ],
)
def test_what_a_diagnosis_needs_stays(text: str) -> None:
    assert redact(text) == text
    assert is_clean(text)


@pytest.mark.parametrize(
    "account", ["CONTOSO\\jdoe", "contoso\\jdoe", "Contoso\\john.doe", "CONTOSO\\\\jdoe", "contoso\\svc_ndes$"]
)
def test_an_account_goes_in_every_spelling(account: str) -> None:
    assert redact(f"denied for {account} today") == "denied for [account removed] today"


@pytest.mark.parametrize(
    "kept",
    [
        "NT AUTHORITY\\SYSTEM",
        "IIS APPPOOL\\SCEP",
        "BUILTIN\\IIS_IUSRS",
        "HKLM\\Software\\Microsoft\\Cryptography\\MSCEP",
        "C:\\inetpub\\logs\\LogFiles\\W3SVC1\\u_ex260504.log",
        "\\\\fileserver\\share\\logs",
        "certsrv\\mscep",
        "bin\\ndesplugin.dll",
        "first line\\nSecond line",
    ],
)
def test_a_path_and_a_system_account_stay(kept: str) -> None:
    assert redact(f"see {kept} there") == f"see {kept} there"


@pytest.mark.parametrize(
    "address",
    ["jörg.müller@contoso.de", "ÄÖ.müller@contoso.de", "josé@exämple.de", "иван@contoso.ru", "o'neil+x@contoso.com",
     "john.doe @ contoso.com", "john.doe (at) contoso.com", "john.doe%40contoso.com"],
)  # fmt: skip
def test_an_address_goes_whole(address: str) -> None:
    assert redact(f"mail {address} please") in ("mail [address removed] please", "mail o'[address removed] please")


# --- a corpus of made-up secrets ------------------------------------------------------------


def _secrets(count: int = 60) -> list[tuple[str, str, str]]:
    """(kind, secret, log line with it), always the same."""
    chance = random.Random(20260311)

    def word(alphabet: str, length: int) -> str:
        return "".join(chance.choice(alphabet) for _ in range(length))

    low, up, digits, hexes = "abcdefghijkmnopqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "0123456789", "0123456789ABCDEF"
    every = low + up + digits
    found = []
    for i in range(count):
        stamp = f"2026-03-{i % 28 + 1:02} 08:{i:02}:47 10.20.0.{i} "
        bytes64 = base64.b64encode(b"\x30\x82" + chance.randbytes(90)).decode()
        made = [
            ("challenge", word(hexes, 16), "The enrollment challenge password is: {}"),
            ("challenge", word(every, 20), "GET /certsrv/mscep/mscep.dll challenge={} - 403 0 0"),
            ("message", bytes64, "GET /certsrv/mscep/mscep.dll operation=PKIOperation&message={} 443 - 500 0 0"),
            (
                "message",
                bytes64.replace("+", "%2B").replace("/", "%2F"),
                "operation=PKIOperation&message={} 443 - 500 0 0",
            ),
            ("pem", bytes64[:64], "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----"),
            ("bearer", word(every, 40), "Authorization: Bearer {}"),
            ("slack", f"xoxb-{word(digits, 12)}-{word(every, 24)}", "posted with {} to the channel"),
            ("jwt", f"eyJ{word(every, 20)}.eyJ{word(every, 30)}.{word(every, 22)}", "request {} sent"),
            ("upn", f"{word(low, 6)}.{word(low, 7)}@contoso.com", "UPN {} was asked"),
            ("account", f"CONTOSO\\{word(low, 8)}", "Requester {} was denied"),
            ("sid", f"S-1-5-21-{word(digits, 10)}-{word(digits, 9)}-{word(digits, 9)}-{word(digits, 4)}", "owner {}"),
            ("thumbprint", word(hexes, 40), "certificate {} not found"),
        ]
        kind, secret, line = made[i % len(made)]
        found.append((kind, secret, stamp + line.format(secret)))
    return found


def test_of_sixty_seeded_secrets_none_survives_in_a_log() -> None:
    seeded = _secrets()
    log = redact("\n".join(line for _, _, line in seeded))
    assert len(seeded) == 60
    assert [(kind, secret) for kind, secret, _ in seeded if secret in log or secret[-16:] in log] == []


def test_of_sixty_seeded_secrets_none_survives_alone_and_each_line_keeps_its_start() -> None:
    for kind, secret, line in _secrets():
        left = redact(line)
        assert secret not in left, kind
        assert left.startswith(line[:20])
        assert not is_clean(line), kind
