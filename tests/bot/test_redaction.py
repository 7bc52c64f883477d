"""Secrets and names go, what a diagnosis needs stays."""

import base64
import html
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import redaction
from bot.redaction import is_clean, redact, secrets, secrets_near

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


# --- any text -------------------------------------------------------------------------------

_BITS = st.sampled_from(
    [
        "challenge", "password", " is: ", "=", ":", " ", "\n", '"', "'", "[", "]", "\\", "-----BEGIN A-----",
        "-----END A-----", "message=", "%2B", CHALLENGE, MESSAGE, JWT, SLACK, "CN=", "CONTOSO", "jdoe", "@", "a.b",
        "removed", "S-1-5-21", "-1", THUMBPRINT, "Authorization: ", "Bearer ", "\x00", "é", "\U0001f600", "\ud800",
    ]
)  # fmt: skip
_PASTES = st.one_of(st.text(max_size=300), st.lists(_BITS, max_size=25).map("".join))


@given(_PASTES)
def test_redacting_never_raises(text: str) -> None:
    assert isinstance(redact(text), str)
    assert isinstance(is_clean(text), bool)


@given(_PASTES)
def test_a_clean_text_is_left_as_it_is(text: str) -> None:
    # Half a character may become a question mark; compared as a bool, for xdist cannot send one in a report.
    if is_clean(text):
        kept = redact(text) in (text, text.encode("utf-8", "replace").decode("utf-8"))
        assert kept


@given(_PASTES)
def test_redacting_twice_is_no_less_clean(text: str) -> None:
    once = redact(text)
    twice = redact(once)
    for secret in (CHALLENGE, MESSAGE, JWT, SLACK, THUMBPRINT):
        assert twice.count(secret) <= once.count(secret) <= text.count(secret)
    if is_clean(once):
        assert twice == once


@pytest.mark.parametrize("line", ["Challenge password = {}", "challenge: {}", "password: {}", "token={}"])
def test_a_removed_secret_leaves_one_note_that_stays_the_same(line: str) -> None:
    once = redact(line.format(CHALLENGE))
    assert once.count("removed]") == 1
    assert redact(once) == once


def test_a_hostile_text_is_redacted_in_linear_time() -> None:
    for bit in ("-----BEGIN A-----", "challenge", "message=", "CN=A ", "a@", "S-1-5-", "MII", "password: "):
        redact(bit * (1_000_000 // len(bit)))


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


# --- however it is written -------------------------------------------------------------------

CODE = "5A1C33F2D0B44E91"
PASSWORD = "Summer2024!x"
WORD = "hunterhunter"
MIXED = "hunter22x"
DIGITS = "77310492"
OPAQUE = "abc~DEF.12345-abcDEF"
BASIC = "YWRtaW46U3VtbWVyMjAyNCE="
DER = "MIIKfwYJKoZIhvcNAQcCoIIKcDCCCmwCAQEx"
LINE = "abcdefKEYKEY"
COLUMNS = "\n".join(["abcdEFGH1234abcdEFGH1234abcdEFGH"] * 3)
PEM_LINES = "\n".join(base64.b64encode(bytes(range(i, i + 48))).decode() for i in range(0, 150, 7))

CHALLENGE_WORDINGS = [
    "challenge password: {}",
    "challengePassword={}",
    "challenge={}",
    'challenge = "{}"',
    '"challenge":"{}"',
    "{{'Challenge': '{}'}}",
    '"scepChallenge": "{}"',
    '"challenge_password" : "{}"',
    '{{"challenge":{{"value":"{}"}}}}',
    '{{\\"challenge\\":\\"{}\\"}}',
    '{{"name":"challenge","value":"{}"}}',
    '"challenges": ["{}"]',
    '<add key="challenge" value="{}" />',
    "<input name='challenge' value='{}'>",
    '<Data Name="ChallengePassword">{}</Data>',
    "<Challenge>{}</Challenge>",
    "<scep:Challenge type='static'>{}</scep:Challenge>",
    "&lt;Challenge&gt;{}&lt;/Challenge&gt;",
    "<key>Challenge</key><string>{}</string>",
    "<key>Challenge</key>\n\t<string>{}</string>",
    "<tr><td>Challenge</td><td>{}</td></tr>",
    "<b>Challenge:</b> {}",
    "challengePassword        :{}",
    "challengePassword        :unable to print attribute {}",
    "The enrollment challenge password is: <B> {} </B>",
    "<P> The enrollment challenge password is: <B> {} </B> <P> This password can be used only once",
    "challenge {} rejected",
    'challenge "{}" rejected',
    "challenge '{}' was refused by NDES",
    "the challenge ({}) was used twice",
    "the password {} was not accepted",
    "password is {}",
    "password was {}",
    "my challenge is {} and it fails",
    "the challenge for this iPad is {}",
    "challenge password of the device = {}",
    "challenge (valid for 60 minutes): {}",
    "we set the challenge password: {}, then nothing",
    "{} is the challenge password",
    "{} was our challenge",
    "used {} as the challenge",
    "OTP {}",
    "OTP: {}",
    "otp={}",
    "one-time password {}",
    "one time password: {}",
    "pw: {}",
    "PW={}",
    "pass: {}",
    "pass=‘{}’",
    "pass={}",
    "SCEP_PASS={}",
    "PIN: {}",
    "passphrase {}",
    "passcode: {}",
    "password -> {}",
    "password => {}",
    "password := {}",
    "password – {}",
    "password - {}",
    "password\t{}",
    "Password\n{}",
    "password:\n\n{}",
    "password | {} |",
    "| Challenge | {} |",
    "|Challenge|`{}`|",
    "**Challenge:** {}",
    "**Challenge**: `{}`",
    "*Challenge* = *{}*",
    "> challenge: {}",
    "challenge:\n> {}",
    "challenge: `{}`",
    "challenge:\n```\n{}\n```",
    "challenge: “{}”",
    "challenge: «{}»",
    "challenge: ‚{}‘",
    "challenge：{}",
    "challenge&#58; {}",
    "challenge&#x3D;{}",
    "challenge&colon; {}",
    "challenge:&nbsp;{}",
    "challenge:\u00a0{}",
    "challenge password is&nbsp;{}",
    "challenge\u200b: {}",
    "chal\u200blenge: {}",
    "chal\u00adlenge: {}",
    "chal\u2063lenge: {}",
    "c\u200dhallenge={}",
    "ch\ufeffallenge {}",
    "chal<b></b>lenge: {}",
    "chal\x00lenge: {}",
    "\x1b[1mchallenge\x1b[0m: {}",
    "ｃｈａｌｌｅｎｇｅ: {}",
    "challenge%3D{}",
    "challenge%253D{}",
    "%63hallenge={}",
    "GET /certsrv/mscep/mscep.dll?challenge={}&operation=x",
    "challenge\\u003d{}",
    "challenge\\x3d{}",
    "p a s s w o r d: {}",
    "Das Registrierungskennwort lautet: {}",
    "Das Kennwort für die Registrierungsanforderung lautet: {}",
    "Das Anmeldeabfragekennwort ist: <B> {} </B>",
    "Das Abfragekennwort für die Registrierung lautet: {}. Dieses Kennwort kann nur einmal verwendet werden.",
    "Kennwort der Registrierungsabfrage: <B> {} </B>",
    "Kennwort ist {}",
    "Kennwort: {}",
    "Kennwort „{}“ abgelehnt",
    "Einmalkennwort {}",
    "Passwort lautet {}",
    "Passwort war {}",
    "mein Passwort heißt {}",
    "PASSWÖRTER: {}",
    "{} ist das Kennwort",
    "Le mot de passe de demande d'inscription est : {}",
    "Le mot de passe de la demande d’inscription est : {}. Ce mot de passe ne peut être utilisé qu’une seule fois.",
    "mot de passe: {}",
    "mot de passe : « {} »",
    "mot de passe = {}",
    "mot de passe est {}",
    "mdp : {}",
    "code d'accès : {}",
    "le mot de passe {} a été refusé",
    "{}",
    "enter {} here",
    "({})",
]

WORDINGS = [
    *((wording, CODE) for wording in CHALLENGE_WORDINGS),
    # Passwords
    ("Password for svc: {}", PASSWORD),
    ("password: {}", WORD),
    ("my password is {}", WORD),
    ("passwort ist {}", "geheimgeheim"),
    ("mot de passe est {}", "soleilsoleil"),
    ("<Password>{}</Password>", WORD),
    ("password '{}' rejected", WORD),
    ("the password of the pool is {}", WORD),
    ('password: "{}"', "correct horse battery"),
    ('password: "{}"', "5A1C 33F2 D0B4 4E91"),
    ("password: {}", "5A1C 33F2 D0B4 4E91"),
    ("password: {}", "5A1C-33F2-D0B4-4E91"),
    ("password: {}", "5A1C33F2 D0B44E91"),
    ("Password: {}", "Tr0ub4dor&3<x>yz"),
    ("password={}", "abc,defghi9"),
    ("Password={}", "abc;defghi9"),
    ("password={}", "abc<defghi9>"),
    ("password={}", "ab'cdefghi9"),
    ("password={}", 'ab"cdefghi9'),
    ("Pwd={};", "Xy,12345zz"),
    ("Server=sql;Database=x;User ID=sa;Password={};", PASSWORD),
    ("userPwd={}", "geheim99"),
    ("DB_PWD={}", "geheim99"),
    ("PIN: {}", "483920"),
    ("pin {}", "483920"),
    ("OTP {}", "48392011"),
    ("the ndes service account pw {} was locked yesterday", PASSWORD),
    ("the service account's password {} was locked yesterday", "Winter25"),
    ("ndes konto {} ist gesperrt", PASSWORD),
    ("ndes konto {} ist gesperrt", "Winter2025"),
    ("service account svc_ndes (password {}) is disabled", PASSWORD),
    ("account svc_ndes {} does not log on", PASSWORD),
    ("svc-ndes / {}", PASSWORD),
    ("it is P@{}", "ssw0rd2024"),
    # Arguments of commands
    ("net use \\\\srv\\c$ /user:dom\\svc {}", PASSWORD),
    ("net use \\\\srv\\c$ /user:svc {}", WORD),
    ("net use z: \\\\srv\\c$ {} /user:svc", WORD),
    ("certutil -p {} -importpfx a.pfx", PASSWORD),
    ("certutil -f -p {} -importpfx a.pfx", WORD),
    ('certutil -p "{}" -importpfx a.pfx', "correct horse battery"),
    ('ConvertTo-SecureString "{}" -AsPlainText -Force', PASSWORD),
    ("ConvertTo-SecureString -String '{}' -AsPlainText -Force", WORD),
    ("ConvertTo-SecureString {} -AsPlainText -Force", WORD),
    ('"{}" | ConvertTo-SecureString -AsPlainText', WORD),
    ('New-Object System.Net.NetworkCredential("svc","{}")', WORD),
    ("-Password {}", PASSWORD),
    ("-Password {}", WORD),
    ("--password {}", PASSWORD),
    ("--password={}", WORD),
    ("-Challenge {}", WORD),
    ("--client-secret {}", OPAQUE),
    ("/p:{}", PASSWORD),
    ("/p:{}", "geheim99"),
    ("-passin pass:{}", WORD),
    ("curl -u admin:{} https://ndes", PASSWORD),
    ("curl --user admin:{} https://ndes", WORD),
    ("sscep enroll -k key -r csr -P {}", CODE),
    ("sscep enroll -k key -r csr -p {}", WORD),
    # Addresses
    ("http://admin:{}@ndes/certsrv/mscep/mscep.dll", PASSWORD),
    ("https://admin:{}@ndes.contoso.com/certsrv", "Summer2024x"),
    ("https://admin:{}@ndes.contoso.com/certsrv", "p@ssw0rd99"),
    ("https://admin:{}@ndes.contoso.com/certsrv", "pass/w0rd99"),
    ("https://{}@ndes.contoso.com/certsrv", "opaqueTOKENopaque123"),
    ("http%3A%2F%2Fadmin%3A{}%40ndes%2Fcertsrv", "hunter2hunter2"),
    ("<http://admin:{}@ndes/certsrv|ndes>", WORD),
    # Keys of stores and services
    ("AccountKey={}", "abcDEF123456abcDEF123456abcDEF123456abcDEF123456=="),
    ("SharedAccessKey={}", "abcDEF123456abcDEF123456abcDEF123456abcDEF="),
    ("?sv=2022&sig={}", "abcDEF123456%2BabcDEF123456abcDEF123456%3D"),
    ("sig={}", "abcDEF123456%2BabcDEF123456abcDEF123456%3D"),
    ("x-api-key: {}", "9F8E7D6C5B4A39281706F5E4"),
    ("apikey {}", "9F8E7D6C5B4A39281706F5E4"),
    ("api key is {}", WORD),
    ("client_secret={}", OPAQUE),
    ('"clientSecret":"{}"', OPAQUE),
    ('"secretText":"{}"', OPAQUE),
    ("client secret abc {}", OPAQUE),
    ("client secret {}", OPAQUE),
    ("der geheime Schlüssel: geheim, secret: {}", WORD),
    ("Geheimnis: {}", WORD),
    # Headers and tokens
    ("Authorization: Basic {}", BASIC),
    ("Authorization: Bearer {}", "abcDEF12345abcDEF"),
    ("Authorization: {}", "opaqueTOKENopaque"),
    ("Bearer {}", "abcdefghijklmnopqrstuv"),
    ("authorization: Negotiate {}", "TlRMTVNTUAABAAAAB4IIogAA"),
    ("Proxy-Authorization: Basic {}", BASIC),
    ('"Authorization": "Basic {}"', BASIC),
    ("'Authorization': 'Basic {}'", BASIC),
    ('"authorization":"Bearer {}"', "abcDEF12345abcDEF"),
    ("Authorization = {}", "abcDEF12345abcDEF"),
    ("WWW-Authenticate: Negotiate {}", "oYG2MIGzoAMKAQChCwYJKoZI"),
    ("Cookie: .ASPXAUTH={}", "9F8E7D6C5B4A39281706F5E4D3C2B1A0"),
    ("Cookie: a=1; session={}; b=2", "hunter2hunter2"),
    ("Set-Cookie: session={}", "9F8E7D6C5B4A39281706F5E4"),
    ('"Cookie": "session={}"', "hunter2hunter2"),
    ('"access_token":"{}"', "opaqueTOKENopaque123"),
    ("refresh token {}", "0.AXoAopaqueTOKENopaque123"),
    ("code={}", "0.AXoAopaqueTOKENopaque123"),
    ("it is {}", "abcd8Q~" + "aB3dE6gH9j" * 3 + "aBcD"),
    ("it is {}", "gh" + "p_" + "aB3dE6gH9j" * 3),
    # Messages of SCEP
    ("operation=PKIOperation&message={}", "MIIBabc"),
    ("operation=PKIOperation&message={}", DER),
    ("operation=PKIOperation&message=MIIKfwYJ KoZI {}", DER[12:]),
    ("operation=PKIOperation&message=MIIKfwYJKoZI\n{}", DER[12:] + "hvcNAQcC"),
    ("operation=PKIOperation&message=MIIKfwYJKoZI<br>{}", DER[12:] + "hvcNAQcC"),
    ("operation=PKIOperation&message=MIIKfwYJKoZI\u200b{}", DER[12:]),
    ("message%3D{}", DER),
    ("message%253D{}", DER),
    ("message={}", "MIIK%250AfwYJKoZIhvcN%250AAQcCoIIKcDCC%250ACmwCAQEx"),
    ("message={}", "MIIK<wbr>fwYJKoZIhvcNAQcC"),
    ("message={}", "MIIK*fwYJKoZIhvcNAQcC*oIIKcD"),
    ('"message": "{}"', DER),
    ("{}", DER),
    # Keys
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n{}\n-----END RSA PRIVATE KEY-----", LINE),
    ("-----BEGIN RSA PRIVATE KEY-----\n> {}\n", LINE),
    ("----BEGIN PRIVATE KEY----\n{}\n----END PRIVATE KEY----", LINE),
    ("--BEGIN PRIVATE KEY--\n{}\n--END PRIVATE KEY--", LINE),
    ("-----BEGIN ENCRYPTED PRIVATE KEY-----\\n{}\\n", LINE),
    ("-----BEGIN PRIVATE KEY-----\nab--cd\n{}\n-----END PRIVATE KEY-----", LINE),
    ("-----BEGIN PRIVATE KEY-----\nab---cd\n{}\n-----END PRIVATE KEY-----", LINE),
    ("-----BEGIN PRIVATE KEY-----\nab--cd\n{}", LINE),
    ("—–BEGIN PRIVATE KEY—–\n{}", LINE),
    ("–––––BEGIN PRIVATE KEY–––––\n{}\n–––––END PRIVATE KEY–––––", LINE),
    ("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{}", LINE),
    ("-----begin private key-----\n{}", LINE),
    ("-----Begin Private Key-----\n{}", LINE),
    ("&#45;----BEGIN PRIVATE KEY-----\n{}", LINE),
    ("-----BEGIN\u00a0PRIVATE KEY-----\n{}", LINE),
    ("BEGIN RSA PRIVATE KEY\n{}\n", LINE),
    ("-----BEGIN PRIVATE KEY----- {} -----END PRIVATE KEY-----", LINE),
    ("-----BEGIN PRIVATE KEY-----<br>{}<br>-----END PRIVATE KEY-----", LINE),
    (f"{PEM_LINES}\n{{}}\n-----END RSA PRIVATE KEY-----\n", "LASTLINEKEY0000abcd=="),
    (f"{PEM_LINES}\n{{}}\n", "LASTLINEKEY0000abcd=="),
    ("{}\n-----END RSA PRIVATE KEY-----\n", LINE),
    ("{}\n", COLUMNS),
    ("> " + COLUMNS.replace("\n", "\n> ") + "\n> {}\n", "LASTLINE=="),
    # The same again, as other people would write it
    ("The challenge that Intune sent was {}", CODE),
    ("challenge value {}", MIXED),
    ("Challenge value: {}", WORD),
    ("challengeValue => {}", WORD),
    ("SCEP shared secret: {}", WORD),
    ("shared secret {}", MIXED),
    ("scep secret={}", WORD),
    ("the pw is {}", WORD),
    ("pw {}", MIXED),
    ("pwd {}", MIXED),
    ("PWD:{}", WORD),
    ("pwd={};", WORD),
    ("passwd: {}", WORD),
    ("passwd {}", MIXED),
    ("pass phrase: {}", WORD),
    ("credentials: svc_ndes / {}", MIXED),
    ("credentials svc/{}", PASSWORD),
    ("login: svc_ndes:{}", MIXED),
    ("user svc_ndes, password {}", MIXED),
    ("user=svc&password={}&x=1", WORD),
    ("user: svc_ndes pass: {}", MIXED),
    ("set password to {}", WORD),
    ("password set to {}", WORD),
    ("password changed to {}", WORD),
    ("password changed from {} to x", MIXED),
    ("new password {}", MIXED),
    ("old password was {}, new one unknown", WORD),
    ("Neues Kennwort: {}", WORD),
    ("neues Passwort lautet {}", WORD),
    ("Kennwort auf {} gesetzt", MIXED),
    ("Kennwort geändert auf {}", MIXED),
    ("das PW {} geht nicht", MIXED),
    ("das PW lautet {}", WORD),
    ("PW ist {}", WORD),
    ("Passwort={}", WORD),
    ("Passwort -> {}", WORD),
    ("Passwort:{}", WORD),
    ("Passwörter: {}, x", WORD),
    ("Zugangsdaten: svc / {}", MIXED),
    ("Zugangsdaten svc_ndes {}", PASSWORD),
    ("Nouveau mot de passe : {}", WORD),
    ("mot de passe du compte : {}", WORD),
    ("le mot de passe est « {} »", WORD),
    ("MDP={}", WORD),
    ("mdp {}", MIXED),
    ("identifiants: svc / {}", PASSWORD),
    ("jeton: {}", WORD),
    ("secret = '{}'", WORD),
    ("secret='''{}'''", WORD),
    ('password = """{}"""', WORD),
    ("password: [{}]", WORD),
    ("password ({})", MIXED),
    ("password <{}>", MIXED),
    ("password:<{}>", WORD),
    ("password: ({})", WORD),
    ("password: *{}*", WORD),
    ("password: _{}_", WORD),
    ("password: ~~{}~~", WORD),
    ("password: ||{}||", WORD),
    ("- password: {}", WORD),
    ("  password:\n    {}", WORD),
    ("password:\r\n{}", WORD),
    ("password\r\n{}\r\n", MIXED),
    ("Password ........: {}", WORD),
    ("Password ........ {}", MIXED),
    ("Password______: {}", WORD),
    ("Password… {}", MIXED),
    ("password;{}", MIXED),
    ("password,{}", MIXED),
    ("user,password\nsvc,{}", PASSWORD),
    ("passwort;{};x", MIXED),
    ('password is: "{}"', WORD),
    ("password is `{}`", WORD),
    ("password (is it {}?)", MIXED),
    ("is {} the right challenge?", CODE),
    ("tried {} as password", MIXED),
    ("with password {}", MIXED),
    ("using challenge {}", MIXED),
    ("mit dem Kennwort {}", MIXED),
    ("mit Kennwort {} angemeldet", MIXED),
    ("avec le mot de passe {}", MIXED),
    ("the challenge I used: {}", MIXED),
    ("challenge I used was {}", CODE),
    ("challenge used: {}", WORD),
    ("challenge sent: {}", WORD),
    ("challenge received {}", MIXED),
    ("received challenge {}", MIXED),
    ('"password":{}', "12345678"),
    ("pin={}", "4711"),
    ("PIN 4711-{}", "x9x9x9"),
    ("otp code {}", "839201"),
    ("one-time code: {}", "839201"),
    ("TOTP: {}", "839201"),
    ("Einmalcode: {}", "839201"),
    ("code PIN : {}", "839201"),
    ("<password>{}</password>", WORD),
    ("<ns:Password Type='x'>{}</ns:Password>", WORD),
    ("<Password><![CDATA[{}]]></Password>", WORD),
    ('<property name="password" value="{}"/>', WORD),
    ('<property name="password">{}</property>', WORD),
    ("<setting name='challenge'><value>{}</value></setting>", WORD),
    ('<string name="api_key">{}</string>', WORD),
    ("<Password\n>{}</Password>", WORD),
    ("&lt;Password&gt;{}&lt;/Password&gt;", WORD),
    ("&amp;lt;Password&amp;gt;{}&amp;lt;/Password&amp;gt;", WORD),
    ("\\u003cPassword\\u003e{}\\u003c/Password\\u003e", WORD),
    ("%3CPassword%3E{}%3C%2FPassword%3E", WORD),
    ("password%3A%20{}", WORD),
    ("password%20is%20{}", WORD),
    ("password+is+{}", WORD),
    ("mot%20de%20passe%3D{}", WORD),
    ("password=%22{}%22", WORD),
    ("password%3Daaaa%20{}", WORD),
    ("challenge%3D%22{}%22", WORD),
    ('challenge\\":\\"{}', WORD),
    ('challenge\\\\\\":\\\\\\"{}\\\\\\"', WORD),
    ("authorization: basic {}", "c3ZjOmJsYXViZWVyZQ=="),
    ("Authorization:Basic {}", "c3ZjOmJsYXViZWVyZQ=="),
    ("-H 'Authorization: Bearer {}'", "blaubeereblaubeere"),
    ("Authorization Bearer {}", "abc.def.ghi123456789"),
    ("auth header Basic {}", "c3ZjOmJsYXViZWVyZQ=="),
    ("X-Auth-Token: {}", WORD),
    ("X-Api-Key={}", WORD),
    ("Ocp-Apim-Subscription-Key: {}", WORD),
    ("SharedAccessSignature sr=x&sig={}&se=1", "aB3dE6gH9jaB3dE6gH9j"),
    ("ARRAffinity={}; x", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"),
    ("JSESSIONID={}", "9F8E7D6C5B4A39281706F5E4"),
    ("session={}", "9F8E7D6C5B4A39281706F5E4"),
    ("id_token: {}", "blaubeere.blaubeere.x"),
    ("token {}", "aB3dE6gH9j"),
    ("SAS token {}", "aB3dE6gH9j"),
    ("PAT: {}", MIXED),
    ("key: {}", "aB3dE6gH9jaB3dE6gH9jkk"),
    ("primary key {}", "aB3dE6gH9jaB3dE6gH9jaB3dE6gH9jkk=="),
    ("connection string: AccountKey={};EndpointSuffix=x", "aB3d/E6gH9jaB3dE6gH9j+kk=="),
    ("runas /user:dom\\svc {}", PASSWORD),
    ("cmdkey /add:ndes /user:svc /pass:{}", WORD),
    ("schtasks /ru svc /rp {}", MIXED),
    ("sc config x obj= svc password= {}", WORD),
    ("netdom join /ud:svc /pd:{}", MIXED),
    ("psexec -u svc -p {} cmd", WORD),
    ("plink -pw {} x", MIXED),
    ("openssl pkcs12 -passout pass:{}", WORD),
    ("openssl rsa -passin 'pass:{}'", WORD),
    ("keytool -storepass {}", WORD),
    ("Set-X -Credential svc -Password '{}'", WORD),
    ("$password = '{}'", WORD),
    ("$pw='{}'", WORD),
    ('$env:SCEP_CHALLENGE="{}"', WORD),
    ("export NDES_PASSWORD={}", WORD),
    ("set PASSWORD={}", WORD),
    ("-e PASSWORD={}", WORD),
    ("Set-ItemProperty -Value {} -Name Password", PASSWORD),
    ("wmic /password:{}", WORD),
    ("curl --user svc:'{}' x", WORD),
    ("curl -usvc:{} x", PASSWORD),
    ("wget --password={}", WORD),
    ("--challenge-password {}", WORD),
    ("-challenge '{}'", WORD),
    ("dsmod user x -pwd {}", MIXED),
    ("net user svc {} /add", MIXED),
    ("net user svc_ndes {}", PASSWORD),
    ("Get-Credential svc {}", PASSWORD),
    ("New-LocalUser -Password (ConvertTo-SecureString '{}' -A)", WORD),
    ("[SecureString]'{}'", PASSWORD),
    ("https://svc:{}@ndes", WORD),
    ("svc:{}@ndes", MIXED),
    ("ftp://svc:{}@x", WORD),
    ("https://ndes/?password={}", WORD),
    ("https://ndes/?pw={}&x", WORD),
    ("https://ndes/#access_token={}", WORD),
    ("jdbc:sqlserver://x;user=sa;password={}", WORD),
    ("pass\xa0word: {}", WORD),
    ("passwоrd: {}", MIXED),
    ("pa\u200bss\u200bword: {}", WORD),
    ("pass\u200dword is {}", WORD),
    ("password\u2009:\u2009{}", WORD),
    ("password\ufe55{}", WORD),
    ("password＝{}", WORD),
    ("password→{}", WORD),
    ("password → {}", WORD),
    ("password—{}", MIXED),
    ("password ➜ {}", MIXED),
    ("𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝: {}", WORD),
    ("P A S S W O R D = {}", WORD),
    ("p.a.s.s.w.o.r.d: {}", MIXED),
    ("pass-word: {}", WORD),
    ("pass_word={}", WORD),
    ("pass word: {}", WORD),
    ("> password: {}", WORD),
    (">password\n>{}", MIXED),
    ("`password` `{}`", MIXED),
    ("`password`: `{}`", WORD),
    ("[password]: {}", WORD),
    ("[password]({})", MIXED),
    ("### Challenge\n{}", CODE),
    ("* Challenge: {}", WORD),
    ("1. Challenge {}", CODE),
    ("<li>password: {}</li>", WORD),
    ("<dt>password</dt><dd>{}</dd>", WORD),
    ("<th>password</th>\n<td>{}</td>", WORD),
    ("password</span><span>{}</span>", WORD),
    ('<label>Password</label><input value="{}">', WORD),
    ('password="{}" x', WORD),
    ("-----BEGIN PRIVATE KEY-----\nMIIE{}", "aB3dE6gH9jaB3dE6gH9j"),
    ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: x\n\n{}", "lQOYBFaB3dE6gH9j"),
    ("PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 1\n{}", "AAABAQCaB3dE6gH9jaB3dE6gH9jaB3dE6gH9j"),
    ("<RSAKeyValue><D>{}</D>", "aB3dE6gH9jKL+mN0pQ2r/StUvWx5aB3dE6gH9jKL+mN0pQ2r/StUvWx5aB3d"),
    ('"d":"{}"', "aB3dE6gH9jKL-mN0pQ2r_StUvWx5aB3dE6gH9jKLmN0pQ2"),
    ("pkiMessage={}", "MIIKfwYJKoZIhvcNAQcC"),
    ("message: {}", "MIAGCSqGSIb3DQEHAqCAMIACAQEx"),
    ("&message=\n{}", "MIIKfwYJKoZIhvcN"),
    ("message= {}", "MIIKfwYJKoZIhvcN"),
    ("message=%4D%49%49%4B{}", "fwYJKoZIhvcN"),
    ("request {}", "MIICvDCCAaQCAQAwFjEU"),
    ("requestBase64 {}", "MIICvDCCAaQ="),
    ("mail jörg.müller@{}", "contoso.de"),
    ("josé@{}", "exämple.de"),
    ("Hier ist das Kennwort: {}", WORD),
    ("Kennwort dazu: {}", WORD),
    ("das Kennwort dafür ist {}", WORD),
    ("Kennwort fürs Dienstkonto {}", MIXED),
    ("Dienstkonto svc_ndes mit Kennwort {}", MIXED),
    ("Login svc_ndes / {}", MIXED),
    ("User svc_ndes PW {}", MIXED),
    ("Benutzername: svc, Kennwort: {}", WORD),
    ("benutzer=svc kennwort={}", WORD),
    ("Kennwort eingegeben: {}", WORD),
    ('mit Passwort "{}" kommt 401', WORD),
    ("Passwort '{}' falsch", WORD),
    ("Falsches Passwort: {}", WORD),
    ("Falsches Kennwort {}", MIXED),
    ("Abfragekennwort={}", WORD),
    ("SCEP-Kennwort ist: {}", WORD),
    ("SCEP-Challenge lautet {}", WORD),
    ("die Challenge {} ist ungültig", CODE),
    ("die Challenge war {}", CODE),
    ("Challenge-Passwort {} abgelaufen", CODE),
    ("Das Passwort {} wurde abgelehnt", MIXED),
    ("Passwort (neu): {}", WORD),
    ("Passwort neu = {}", WORD),
    ("PW neu: {}", WORD),
    ("Initialkennwort: {}", WORD),
    ("Startpasswort {}", MIXED),
    ("Kennung svc, Passwort {}", MIXED),
    ("Voici le mot de passe : {}", WORD),
    ("Le mot de passe du compte svc est {}", WORD),
    ("mot de passe incorrect : {}", WORD),
    ("mot de passe saisi : {}", WORD),
    ("mauvais mot de passe {}", MIXED),
    ("avec le mdp {}", MIXED),
    ("le challenge est {}", CODE),
    ("le challenge : {}", WORD),
    ("défi : {}", CODE),
    ("compte svc_ndes / {}", PASSWORD),
    ("utilisateur svc mot de passe {}", MIXED),
    ("wrong password: {}", WORD),
    ("incorrect password {}", MIXED),
    ("invalid challenge: {}", WORD),
    ("invalid challenge {}", MIXED),
    ('bad password "{}"', WORD),
    ("temp password: {}", WORD),
    ("temporary password is {}", WORD),
    ("initial password {}", MIXED),
    ("default password is {}", WORD),
    ("the current password is {} since May", WORD),
    ("password reset to {}", WORD),
    ("password was changed to {}", WORD),
    ("password was reset to {} by Joe", MIXED),
    ("password now {}", MIXED),
    ("password now: {}", WORD),
    ("here's the challenge: {}", WORD),
    ("here is the challenge {}", MIXED),
    ("challenge from mscep_admin {}", MIXED),
    ("challenge from mscep_admin was {}", MIXED),
    ("copied challenge {} into jamf", MIXED),
    ("pasted {} as challenge password", MIXED),
    ("typed {} for the password", MIXED),
    ("entered {} as pw", MIXED),
    ("our static challenge '{}' worked", WORD),
    ("static challenge is {}", WORD),
    ("static challenge {}", DIGITS),
    ("challenge {}", DIGITS),
    ("challenge password is {}", DIGITS),
    ("PIN {}", DIGITS),
    ("pin is {}", "4711"),
    ("pin: {}", "4711"),
    ("pwd='{}'", WORD),
    ("pwd is {}", WORD),
    ("pw={}&user=x", WORD),
    ("&pw={}", WORD),
    ("?otp={}", DIGITS),
    ("pass='{}'", WORD),
    ('"pass": "{}"', WORD),
    ("'pw': '{}'", WORD),
    ('"pwd":"{}"', WORD),
    ('"pin":"{}"', "4711"),
    ('"otp":"{}"', DIGITS),
    ("<pin>{}</pin>", "4711"),
    ("<pw>{}</pw>", WORD),
    ("<pwd>{}</pwd>", WORD),
    ("<otp>{}</otp>", DIGITS),
    ("| pw | {} |", WORD),
    ("PW | {}", WORD),
    ("pw\t{}", MIXED),
    ("**pw** {}", MIXED),
    ("userPassword:: {}", "YXBmZWxtdXM="),
    ("unicodePwd: {}", WORD),
    ("ms-Mcs-AdmPwd: {}", MIXED),
    ("ms-Mcs-AdmPwd : {}", PASSWORD),
    ('cpassword="{}"', "j1Uyj3Vx8TY9LtLZil2uAuZkFQA"),
    ("NTLM hash {}", "8846f7eaee8fb117ad06bdd830b7586c"),
    ("aad3b435b51404eeaad3b435b51404ee:{}", "8846f7eaee8fb117ad06bdd830b7586c"),
    ("$6$saltsalt${}", "aB3dE6gH9jaB3dE6gH9jaB3d"),
    ("Thumbprint {}", "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678"),
    ("Hash(sha1): {}", "a1 b2 c3 d4 e5 f6 07 18 29 3a 4b 5c 6d 7e 8f 90 12 34 56 78"),
    ("SCEP_CHALLENGE_PASSWORD {}", MIXED),
    ("scep.challenge={}", WORD),
    ("scep:challenge={}", WORD),
    ("Challenge_Password={}", WORD),
    ("ChallengePwd={}", WORD),
    ("chalpw: {}", MIXED),
    ("OneTimePassword={}", WORD),
    ("one-time passcode {}", DIGITS),
    ("OTC: {}", DIGITS),
    ("verification code {}", DIGITS),
    ("secret key {}", MIXED),
    ("secret key: {}", WORD),
    ("shared key is {}", WORD),
    ("Encryption key={}", WORD),
    ("recovery key {}", "111111-222222-333333-444444"),
    ("license key {}", "ABCDE-12345-FGHIJ-67890"),
    ("api-token={}", WORD),
    ("token: '{}'", WORD),
    ('tokenValue":"{}"', WORD),
    ("bearer {}", "apfelmusapfelmusapfelmus"),
    ("Bearer: {}", "apfelmus1"),
    ("jwt {}", "eyJhbGciOi.eyJzdWIi.abcd"),
    ("Cookie: auth={}", WORD),
    ("set-cookie: x={}; path=/", WORD),
    ("sid={}", "aB3dE6gH9jaB3dE6"),
    ('message="{}"', "MIIKfwYJKoZIhvcN"),
    ("message={}\\", "MIIKfwYJKoZIhvcN"),
    ("PKIOperation&message=MIIK...{}", "fwYJKoZIhvcNAQcC"),
    ("message=MIIKfwYJ%0D%0A{}", "fwYJKoZIhvcN"),
    ("message=MIIKfwYJ\r\n\r\n{}", "fwYJKoZIhvcNAQcCoIIK"),
    ("CertReq {}", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"),
    ("Begin Private Key {}", "MIIEvQIBADAN"),
    ("-----BEGIN EC PRIVATE KEY-----\r\n{}\r\n-----END EC PRIVATE KEY-----", "apfelmus1"),
    ("-----BEGIN PRIVATE KEY-----\n   {}\n", "apfelmus1"),
    ("  -----BEGIN PRIVATE KEY-----\n  | {}\n", "apfelmus1"),
    ('"-----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----\\n"', "apfelmus1"),
    ("-----BEGIN%20PRIVATE%20KEY-----%0A{}%0A-----END%20PRIVATE%20KEY-----", "apfelmus1"),
    ("-----BEGIN PRIVATE KEY-----&#10;{}&#10;-----END PRIVATE KEY-----", "apfelmus1"),
    ("-----BEGIN PRIVATE KEY-----</p><p>{}</p>", "apfelmus1"),
    ("\\-\\-\\-\\-\\-BEGIN PRIVATE KEY\\-\\-\\-\\-\\-\n{}", "apfelmus1"),
    ("===== BEGIN PRIVATE KEY =====\n{}", "apfelmus1"),
    ("*****BEGIN PRIVATE KEY*****\n{}", "apfelmus1"),
    ("-----BEGIN PRIVATE\nKEY-----\n{}", "apfelmus1"),
]
"""(what people write, the secret that stands in it)"""

HARMLESS = [
    "the password is wrong",
    "challenge password was refused",
    "password expired yesterday",
    "Kennwort ist abgelaufen",
    "das Kennwort ist seit gestern abgelaufen",
    "Passwort ist gesperrt",
    "le mot de passe est expiré",
    "Bearer token expired",
    "Bearer authentication is not supported",
    "Basic authentication is disabled",
    "WWW-Authenticate: Negotiate",
    'WWW-Authenticate: Basic realm="ndes"',
    "thumbprint is missing in HKLM\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP\\Modules\\NDESPolicy",
    "NDESCertThumbprint does not match",
    "HKLM\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP\\EnforcePassword\\EnforcePassword = 0",
    "EnforcePassword = 1, PasswordMax = 5, PasswordLength = 16, PasswordValidity = 60, UseSinglePassword = 0",
    "PasswordMax=500",
    '"PasswordValidity"=dword:0000003c',
    "NT AUTHORITY\\SYSTEM",
    "C:\\inetpub\\logs\\LogFiles\\W3SVC1\\u_ex250101.log",
    "https://ndes.contoso.com/certsrv/mscep/mscep.dll?operation=GetCACaps&message=x",
    "http://ndes.contoso.com:8080/certsrv",
    "https://learn.microsoft.com/en-us/mem/intune/protect/certificates-scep-configure#set-up-ndes",
    "Verify challenge returns false",
    "Verify challenge: false",
    "Verify challenge = true",
    "challenge: expired",
    "challenge password: invalid",
    "Failed to verify challenge: 0x80070005",
    "Failed to verify challenge: -2146762487",
    "challenge 403.16 12175",
    "password 0x8007052E",
    "It may have been used already. Obtain a new password to submit with this request.",
    "Obtain a new password to submit with this request",
    "The challenge password in the request is not the same as the one that was issued",
    "The user name or password is incorrect. 0x8007052e",
    "Access is denied for user SYSTEM",
    "at CertRegPoint.Helper.ValidateChallenge(String base64Encodedtoken, String issuingCertificateThumbprint)",
    "System.Web, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a",
    "file or assembly 'Microsoft.IdentityModel, Version=3.5.0.0, PublicKeyToken=31bf3856ad364e35'",
    "Token type: primary",
    "Security token is not valid",
    "access token could not be acquired",
    "AADSTS700016: Application with identifier '8f3c2b1a-1111-2222-3333-444455556666' was not found in the directory",
    "AADSTS7000215: Invalid client secret provided",
    "AADSTS7000222: The provided client secret keys are expired",
    "Connectors and tokens > Certificate connectors",
    "error code=0x80070005",
    "code=12175 state=failed",
    "Event 29 source=NetworkDeviceEnrollmentService",
    "event 29 was logged at 08:22:47",
    "The Network Device Enrollment Service cannot retrieve one of its required certificates (0x80070057).",
    "ConvertTo-SecureString : Key not valid for use in specified state.",
    "ConvertTo-SecureString $password -AsPlainText -Force",
    "certutil -p $pw -importpfx a.pfx",
    "certutil -urlfetch -verify ndes-ra.cer",
    "certutil -ping ndes",
    "net use failed with system error 1326",
    "ssh -p 22 ndes",
    "curl -u admin https://ndes",
    "password: ****",
    "password: <password>",
    "password={challenge}",
    "password: %SCEP_CHALLENGE%",
    "challenge: $SCEP_CHALLENGE",
    "Password: (none)",
    "Password: not set",
    "Password is compliant",
    "the challenge is that nobody knows the setup",
    "our challenge: the connector does not start",
    "challenge for the team: NDES behind the proxy",
    "The token was rejected by the server",
    "the secret is stored in the registry",
    "PIN required",
    "the pin is set",
    "OTP page is blank",
    "otp 500 error",
    "pass: 12 fail: 3",
    "PASS: mscep.dll reachable",
    "Cookie size is too long",
    "Request headers too long (cookie)",
    "authorization: the user is not allowed",
    "Authorization failed with 401.2",
    "Unauthorized: Access is denied due to invalid credentials.",
    "invalid credentials",
    "credentials: none",
    "user name or password wrong, event 4625, status 0xC000006D",
    "account W3SVC1 locked",
    "user names are case sensitive",
    "iisreset /restart",
    "app pool SCEP identity ApplicationPoolIdentity",
    "SHA256 RSA2048 TLS1.2 PKCS#7 X.509 Windows Server 2019",
    "ntdll!RtlUserThreadStart+0x21",
    "it works now!",
    "Exit code 5 :-(",
    "C:\\PROGRA~1\\MICROS~1",
    "Serial number: 1a0000000b4c2f8e1d9a3b5c7d000000000b",
    "ModelName=AC_1b77e0c2-91aa-4c02-8d0f-2a0b9a13cc01/LogicalName_3c5",
    "{3da494e4-0fe2-415c-b895-fb5265c5c83b}",
    "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider/Admin",
    "Microsoft-Windows-NetworkDeviceEnrollmentService",
    "CertificateRegistrationPoint/CertificateRegistrationSvc/Certificate/VerifyRequest",
    "WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID",
    "CN=NDES01-MSCEP-RA, C=DE",
    "OID.1.3.6.1.4.1.311.20.2.1",
    "1.3.6.1.5.5.7.3.2",
    "pool stops again since password change",
    "password change yesterday",
    "Passwortänderung gestern",
    "Kennwort des Dienstkontos wurde gestern geändert",
    "gestern wurde das Passwort des Dienstkontos gewechselt",
    "le mot de passe du compte de service a été changé",
    "we changed the password of the ndes service account yesterday and now every device gets a 500",
    "the static challenge in the profile is wrong",
    "jamf scep payload, challenge type Dynamic-Microsoft CA: what does it need from NDES?",
    "Profile installation failed <MDM-SCEP:14006> the challenge password is wrong",
    "Error validating SCEP request with Intune: ChallengeExpired",
    "CRPSCEPChallenge_Expired",
    "SCEP challenge status: 500",
    "api key missing",
    "secret not found in vault",
    "failInfo=2 badRequest pkiStatus=FAILURE",
    "Diagnostic Code: 0x00000411",
    "challenge-response failed",
    "password policy is not met",
    "Domain password length 12",
    "RA certificate 7 days left",
    "key=value",
]


def telling(wording: str, secret: str) -> set[str]:
    """Pieces of a secret that the words around it do not hold by chance."""
    length = min(6, len(secret))
    pieces = {secret[i : i + length] for i in range(len(secret) - length + 1)}
    return {piece for piece in pieces if piece not in wording}


@pytest.mark.parametrize(("wording", "secret"), WORDINGS)
def test_a_secret_goes_however_it_is_written(wording: str, secret: str) -> None:
    for around in ("{}", "NDES event 29: {} : cannot be verified", "{} mscep.dll 500 0 1346", "mscep.dll 500\n{}\nend"):
        text = around.format(wording.format(secret))
        left = redact(text)
        assert telling(text.replace(secret, ""), secret)
        assert [piece for piece in telling(text.replace(secret, ""), secret) if piece in html.unescape(left)] == []
        assert redact(left) == left
        assert not is_clean(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_speaks_of_secrets_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "address",
    ["jörg.müller@contoso.de", "ÄÖ.müller@contoso.de", "josé@exämple.de", "иван@contoso.ru", "o'neil+x@contoso.com",
     "john.doe @ contoso.com", "john.doe (at) contoso.com", "john.doe%40contoso.com"],
)  # fmt: skip
def test_an_address_goes_whole(address: str) -> None:
    assert redact(f"mail {address} please") in ("mail [address removed] please", "mail o'[address removed] please")


def test_half_a_character_is_not_clean_for_it_cannot_be_kept() -> None:
    assert not is_clean("\ud800")
    assert redact("\ud800") == "?"


def test_a_secret_stands_where_it_is_said_to_stand() -> None:
    text = f"a chal\u200blenge: {CODE} b &lt;pwd&gt;{WORD}&lt;/pwd&gt; c%3D password%3D{MIXED}"
    spans = secrets(text)
    assert [text[start:end] for start, end in spans] == [CODE, WORD, MIXED]


def test_a_long_text_is_looked_at_around_a_place_as_if_it_were_whole() -> None:
    noise = "the healthy line of a log that says nothing at all\n" * 3000
    text = f"{noise}password: {WORD} and here it fails\n{noise}challenge={CODE}\n{noise}"
    place = text.index("here it fails")
    assert [text[start:end] for start, end in secrets_near(text, [(place, place + 13)])] == [WORD]
    assert len(secrets(text)) == 2


def test_a_long_key_is_seen_from_behind_and_from_before() -> None:
    body = "\n".join(base64.b64encode(bytes((i * j) % 251 for j in range(48))).decode() for i in range(1, 1600))
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\nLASTLINE0000==\n-----END RSA PRIVATE KEY-----\n"
    for text in (key + "it fails", "it fails\n" + key):
        place = text.index("it fails")
        hidden = secrets_near(text, [(place, place + 8)])
        assert any(text[start:end].startswith("-----BEGIN") and "LASTLINE" in text[start:end] for start, end in hidden)


@pytest.mark.parametrize(
    "bit",
    ["password: ", "password: the ", "password is ", 'password: "', "<password>the ", "password|", "passwordpassword ",
     "&lt;", "\u200b", "€", "%41", "a b c d ", "Summer2024!x ", "aA0" * 9 + "\n", "user a/", "http://a:1/x@"],
)  # fmt: skip
def test_secrets_are_found_in_linear_time(bit: str) -> None:
    one, four = (_seconds(bit * (length // len(bit))) for length in (100_000, 400_000))
    assert four < 12 * one + 0.5


def _seconds(text: str) -> float:
    start = time.process_time()
    secrets(text)
    return time.process_time() - start


def test_the_filter_of_the_rules_leaves_out_none_that_would_find_something() -> None:
    likely, rules = redaction._rules()
    for wording, secret in WORDINGS:
        for data, _ in redaction._views(wording.format(secret)):
            named = set(likely.Match(data, True) or ())
            found = {number for number, (pattern, _, _) in enumerate(rules) if pattern.search(data)}
            assert found <= named


_WORDS = st.sampled_from(
    [
        "password", "challenge", "pw", "pin", "token", "account", "is", "was", "the", "of", "set password to", "wrong",
        "hunter22", "hunterhunter", CODE, "5A1C", "80", "0x80070005", "NDES", ":", "=", "|", " ", " ", "\n", "\t",
        '"', "'", "(", ")", "[", "]", "<b>", "<password>", "</password>", "%3D", "&colon;", "\u200b", "\\", "@", "a.b",
        "-----BEGIN PRIVATE KEY-----", "-----END A-----", "[secret removed]", "removed]", "MII", "-p", "==",
    ]
)  # fmt: skip


@given(st.lists(_WORDS, max_size=12).map("".join))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
    assert is_clean(once)


@given(st.lists(_WORDS, max_size=12).map("".join))
def test_secrets_are_told_in_order_and_inside_the_text(text: str) -> None:
    ends = [place for span in secrets(text) for place in span]
    assert ends == sorted(ends)
    assert all(0 <= place <= len(text) for place in ends)
    assert bool(ends) is not is_clean(text)


@given(st.lists(st.lists(_WORDS, max_size=3).map("".join), max_size=3))
def test_what_is_clean_among_others_is_clean_alone(texts: list[str]) -> None:
    if is_clean("\n".join(texts)):
        assert all(map(is_clean, texts))
