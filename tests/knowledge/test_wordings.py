"""What people write in their own words finds its entry, and good news or a stray number finds none."""

from pathlib import Path

import pytest

import knowledge
from knowledge.library import SURE, Library
from knowledge.schema import Kind

NAMES = sorted(path.stem for path in (Path(knowledge.__file__).parent / "entries").iterdir())
TOLD = 0.5
"""Confidence from which a match is told as an answer."""

LINE = "2026-02-11 08:10:11 10.0.0.5 {} 443 - 10.9.9.9 Mozilla/4.0+(compatible;+Win32;+NDES+client) - {} 31"
"""A line of the IIS log: the call, and status, sub-status and win32 status of the answer."""


def told(text: str, library: Library) -> list[str]:
    """The entries that would be told as answers, best first."""
    return [match.entry.id for match in library.match(text) if match.confidence >= TOLD]


# --- good news and things without an answer ---------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "certutil -ping works and ndes started fine",
        "certutil -ping is ok and NDES is up again without errors",
        "IIS works, nothing wrong, enrolment fine",
        "nothing unusual in the IIS log, scep enrolment works",
        "NDES event 29 did not occur, everything works",
        "no event 29 on NDES anymore, everything works fine",
        "event 31 on NDES is gone, all good now",
        "Ereignis 29 vom NDES tritt nicht mehr auf, alles funktioniert",
        "l'événement 29 de NDES n'apparaît plus, tout va bien",
        "events 8 and 2 of NDES did not appear",
        "scep pool is not stopped, everything fine",
        "the account svc-ndes is not locked, all ok",
        "renewed the web server certificate of NDES yesterday, everything works, scep too",
    ],
)
def test_good_news_near_a_name_or_a_number_is_no_problem(library: Library, text: str) -> None:
    assert [entry for entry in told(text, library) if library.entries[entry].kind is Kind.PROBLEM] == []


@pytest.mark.parametrize(
    "text",
    [
        "our CA is called NDES-CA-01 and the printer on port 9100 says 403 toner",
        "0x80090029 bitlocker",
        "CertSvc event 100: Active Directory Certificate Services did not start: Could not load or verify the current "
        "CA certificate. The system cannot find the file specified. 0x2",
        "CertSvc startet nicht, Ereignis 100: Das System kann die angegebene Datei nicht finden",
        LINE.format("POST /certsrv/mscep/mscep.dll operation=PKIOperation", "403 0 0"),
        LINE.format("GET /certsrv/mscep/mscep.dll operation=GetCACaps&message=ca", "403 0 0"),
    ],
)
def test_what_the_words_leave_open_gets_no_answer(library: Library, text: str) -> None:
    assert told(text, library) == []


@pytest.mark.parametrize("text", ["36", "event 36", "NDES event 36", "Ereignis 36"])
def test_a_bare_event_number_is_met_with_caution_however_it_is_written(library: Library, text: str) -> None:
    assert told(text, library) == []


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (LINE.format("POST /certsrv/mscep/mscep.dll operation=PKIOperation", "200 0 0"), "ndes-to-ca-success"),
        (LINE.format("GET /certsrv/mscep_admin/ -", "200 0 0"), "mscep-admin-challenge-page"),
        (LINE.format("GET /certsrv/mscep_admin/ -", "401 2 2148074254"), "iis-401-mscep-admin"),
        (
            LINE.format("POST /CertificateRegistrationSvc/Certificate/VerifyRequest -", "500 0 0"),
            "crp-500-windows-temp-write",
        ),
        (
            "I renewed the IIS certificate last night and now nothing enrols anymore, scep",
            "policy-module-thumbprint-stale-after-renewal",
        ),
        (
            "The Network Device Enrollment Service cannot submit the certificate request (0x80070005).  Access is "
            "denied.",
            "ca-rpc-access-denied-10027",
        ),
        ("SCEP certificate pending state since days", "scep-pending"),
        ("HTTP Error 503. The service is unavailable.", "scep-app-pool-stopped-503"),
        ("event 2 and 10", "ndes-events-2-10-parameter-incorrect"),
        (
            "Calling VerifyRequest ...\nSending request to certificate registration point.\n"
            "Exiting VerifyRequest with 0x80070057",
            "policy-module-winhttp-other",
        ),
    ],
)
def test_what_the_words_make_likely_only_is_told_with_a_reserve(library: Library, text: str, first: str) -> None:
    best = library.match(text)[0]
    assert best.entry.id == first
    assert TOLD <= best.confidence < SURE


# --- the right one of several -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("certutil -ping works fine, ndes started, mscep.dll shows 403", "scep-url-403-expected"),
        ("certutil -ping ok but ndes does not start", "ndes-500-crl-not-retrievable"),
        ("the IIS log on NDES is empty since monday", "iis-no-request-logged"),
        ("nothing shows up in the iis log of ndes", "iis-no-request-logged"),
        (
            "Warum bekommen meine iPhones kein Zertifikat über SCEP? In der IIS-Log steht nur GetCACert 200 und dann "
            "nichts mehr",
            "ios-no-getcacaps-ra-response-invalid",
        ),
        ("sur iOS: GetCACert 200 dans le log IIS puis plus rien", "ios-no-getcacaps-ra-response-invalid"),
        ("NDESPlugin.log error 12175 with another flag than CERT_CN_INVALID", "policy-module-12175-other-flags"),
        ("iOS/macOS 22005: the device cannot reach the SCEP server", "ios-22005-network"),
        (
            "Application pool SCEP has been disabled. Windows Process Activation Service (WAS) encountered a failure "
            "when it started a worker process to serve the application pool.",
            "app-pool-rapid-fail-5002",
        ),
        ("Application pool SCEP has been disabled. WAS 5057", "scep-app-pool-identity-invalid-5021"),
        (
            "event 32 SCEP: Certificate enroll failed. Result: (Unknown Win32 Error code: 0x80072f8f)",
            "server-certificate-untrusted-by-device",
        ),
        ("event 36, then event 32 Unknown Win32 Error code 0x80072ee7", "ndes-name-not-resolved"),
        (
            "The Network Device Enrollment Service cannot be started (0x8007052e).  The user name or password is "
            "incorrect.",
            "mscep-500-service-account-locked",
        ),
        ("The Network Device Enrollment Service stopped.", "ndes-events-3-4-stopped"),
    ],
)
def test_of_entries_that_look_alike_the_right_one_is_first(library: Library, text: str, first: str) -> None:
    assert told(text, library)[:1] == [first]


@pytest.mark.parametrize(
    "call", ["GET /certsrv/mscep/mscep.dll -", "POST /certsrv/mscep/mscep.dll operation=PKIOperation"]
)
@pytest.mark.parametrize(
    "status", ["403 7 5", "403 7 64", "403 13 2148081683", "403 16 2148204809", "403 17 2148204801"]
)
def test_a_client_certificate_asked_of_a_device_is_no_matter_of_the_policy_module(
    library: Library, call: str, status: str
) -> None:
    assert told(LINE.format(call, status), library)[:1] == ["iis-403-4-ssl-required"]


@pytest.mark.parametrize("status", ["7 64", "13 2148081683", "16 2148204809", "17 2148204801"])
def test_the_same_number_on_a_call_of_the_policy_module_is_its_own(library: Library, status: str) -> None:
    line = f"POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - ::1 NDES_Plugin - 403 {status} 31"
    device = LINE.format("GET /certsrv/mscep/mscep.dll operation=GetCACaps&message=ca", "200 0 0")
    expected = [f"policy-module-403-{status.split()[0]}"]
    assert told(line, library)[:1] == told(f"{device}\n{line}", library)[:1] == expected


@pytest.mark.parametrize(
    "text",
    [
        LINE.format("GET /certsrv/mscep/mscep.dll -", "401 2 2148074254"),
        "401 on mscep.dll for all devices",
        "Jamf Pro SCEP enrolment error: could not get challenge 401",
        "jamf bekommt 401 von mscep_admin",
    ],
)
def test_a_401_for_devices_or_for_jamf_is_a_problem(library: Library, text: str) -> None:
    best = library.match(text)[0]
    assert best.entry.id == "iis-401-mscep-admin"
    assert best.entry.kind is Kind.PROBLEM
    assert best.confidence >= SURE


def test_a_challenge_that_returns_false_is_told_with_both_of_its_reasons(library: Library) -> None:
    assert set(told("Verify challenge returns false", library)[:2]) == {
        "crp-challenge-false-signing-cert",
        "crp-verifyrequest-false-other",
    }


# --- in other words ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (
            "HTTP Error 404.15 - Not Found The request filtering module is configured to deny a request where the "
            "query string is too long.",
            "iis-404-15-query-too-long",
        ),
        (
            "HTTP Error 404.13 - Not Found The request filtering module is configured to deny a request that exceeds "
            "the request content length.",
            "iis-404-13-content-length",
        ),
        (
            "HTTP Error 403.14 - Forbidden The Web server is configured to not list the contents of this directory.",
            "iis-403-14-directory-listing",
        ),
        (
            "HTTP Error 500.19 - Internal Server Error The requested page cannot be accessed because the related "
            "configuration data for the page is invalid.",
            "iis-500-19-config",
        ),
        ("HTTP/1.1 414 URI Too Long", "http-414-uri-too-long"),
    ],
)
def test_a_page_of_iis_is_known_word_for_word(library: Library, text: str, first: str) -> None:
    assert told(text, library)[:1] == [first]
    assert first not in told(f"{text} on the intranet", library)


@pytest.mark.parametrize(
    ("first", "texts"),
    [
        (
            "ndes-500-ca-unreachable",
            [
                "Le service d'inscription de périphérique réseau ne peut pas démarrer (0x800706ba). Le serveur RPC "
                "n'est pas disponible.",
                "Der Registrierungsdienst für Netzwerkgeräte kann nicht gestartet werden (0x800706ba).",
            ],
        ),
        (
            "scep-url-general-ndes-page",
            [
                'ndes url shows "Network Device Enrollment Service" page in browser',
                "mscep url opens the page of the Network Device Enrollment Service, is that right with intune?",
                "In der SCEP-URL kommt die Seite vom Registrierungsdienst für Netzwerkgeräte",
            ],
        ),
        (
            "mscep-500-service-account-locked",
            [
                "svc_ndes account locked out in AD",
                "le compte svc_ndes est verrouillé dans l'AD",
                "scep_svc is disabled in AD",
                "ich habe gestern das Kennwort des Dienstkontos geändert und jetzt geht NDES nicht mehr",
                "mot de passe du compte de service changé hier, NDES ne marche plus",
            ],
        ),
        (
            "windows-fails-after-ca-renewal",
            [
                "only windows devices fail since we renewed the CA cert",
                "nur noch Windows geht nicht, seit wir die Zertifizierungsstelle erneuert haben (SCEP)",
                "depuis le renouvellement de la CA seuls les postes Windows échouent, scep",
            ],
        ),
        (
            "crp-challenge-expired-411",
            ["CertificateRegistrationPoint: Challenge has expired", "registration point says challenge expired"],
        ),
        (
            "connector-service-stopped-or-outdated",
            [
                "intune connector offline since yesterday",
                "Unser Zertifikat-Konnektor für Intune: der Intune Connector steht auf inaktiv",
                "le connecteur Intune est hors ligne depuis hier",
            ],
        ),
        (
            "connector-logs-location",
            [
                "wo finde ich die logs vom connector",
                "where can I find the log files of the connector?",
                "où sont les journaux du connecteur ?",
            ],
        ),
        (
            "service-account-rights-missing",
            [
                "what permissions does the ndes service account need?",
                "Welche Berechtigungen braucht das Dienstkonto für NDES?",
                "de quels droits le compte de service NDES a-t-il besoin ?",
            ],
        ),
        (
            "mscep-admin-challenge-page",
            [
                "Your certificate challenge password is: 1234ABCD. This password can be used only once",
                "Das Challenge-Kennwort lautet 1234ABCD und kann nur einmal verwendet werden",
            ],
        ),
        (
            "policy-module-thumbprint-stale-after-renewal",
            [
                "SSL-Zertifikat am NDES erneuert und jetzt bekommt niemand mehr ein Zertifikat",
                "j'ai renouvelé le certificat SSL du serveur NDES hier et depuis rien ne marche",
                "new IIS cert was bound on NDES on friday, scep is dead since then",
            ],
        ),
        (
            "iis-403-4-ssl-required",
            [
                "devices get 403.7 on the scep url",
                "our NDES site has 'require client certificate' ticked, all devices 403",
                "Clientzertifikat erforderlich steht in den SSL-Einstellungen von certsrv/mscep, Geräte bekommen 403",
            ],
        ),
    ],
)
def test_other_words_for_the_same_thing_find_the_same_entry(library: Library, first: str, texts: list[str]) -> None:
    assert {text: told(text, library)[:1] for text in texts} == {text: [first] for text in texts}


@pytest.mark.parametrize("name", NAMES)
def test_a_title_pasted_alone_finds_its_own_entry_first(library: Library, name: str) -> None:
    assert told(library.entries[name].title, library)[:1] == [name]
