"""Everything is decided on what the reader observes in a paste; it must see it all, never stop and never be slow."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.numbers import Number, parse_number
from knowledge.observations import FOREIGN, Event, Exchange
from knowledge.reading import Reading, read
from knowledge.schema import Log, Path, Source

DATE = "2026-05-04 09:11:12"
VERIFY = f"{DATE} 10.8.1.20 POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - 10.8.1.20 NDES_Plugin -"
SCEP = f"{DATE} 10.8.1.20 GET /certsrv/mscep/mscep.dll operation=GetCACaps&message=x 443 - 10.8.1.9 Mozilla/4.0 -"
FIELDS = (
    "#Software: Microsoft Internet Information Services 10.0\n#Fields: date time s-ip cs-method cs-uri-stem"
    " cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"
)


def logged(text: str) -> Exchange:
    [exchange] = [exchange for exchange in read(text).exchanges if exchange.logged]
    return exchange


def spoken(text: str) -> list[tuple[int, int | None]]:
    return [(exchange.status, exchange.substatus) for exchange in read(text).exchanges if not exchange.logged]


def codes(text: str) -> list[tuple[str, bool]]:
    return [(str(code.number), code.marked) for code in read(text).codes]


def events(text: str) -> list[tuple[int, str | None]]:
    return [(event.id, event.source) for event in read(text).events]


def statuses(text: str) -> list[tuple[int | None, int | None]]:
    return [(status.status, status.failinfo) for status in read(text).statuses]


# --- HTTP ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rest", ["", " 15", " 512 15", " 1024 512 15"])
@pytest.mark.parametrize("header", ["", "some words before\n"])
def test_an_iis_line_without_header_is_read_with_3_to_6_trailing_numbers(header: str, rest: str) -> None:
    text = f"{header}{VERIFY} 403 16 2148204809{rest}"
    seen = logged(text)
    assert (seen.method, seen.path) == ("POST", Path.VERIFY)
    assert (seen.status, seen.substatus, seen.win32) == (403, 16, 2148204809)
    assert text[slice(*seen.span)] == "403 16 2148204809"


def test_an_iis_line_is_read_by_its_header() -> None:
    seen = logged(f"{FIELDS}\n{VERIFY} 403 16 2148204809 15\n")
    assert (seen.status, seen.substatus, seen.win32) == (403, 16, 2148204809)


def test_a_header_tells_the_numbers_apart_where_others_stand_before_them() -> None:
    fields = "#Fields: date time cs-method cs-uri-stem sc-bytes cs-bytes sc-status sc-substatus sc-win32-status"
    text = f"{fields}\n{DATE} POST /CertificateRegistrationSvc/Certificate/VerifyRequest 200 16 403 7 64\n"
    seen = logged(text)
    assert (seen.status, seen.substatus, seen.win32) == (403, 7, 64)
    assert text[slice(*seen.span)] == "403 7 64"


def test_a_header_is_obeyed_where_the_status_stands_before_the_path() -> None:
    fields = "#Fields: date time sc-status sc-substatus sc-win32-status cs-method cs-uri-stem cs-uri-query time-taken"
    text = f"{fields}\n{DATE} 403 16 2148204809 POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 15\n"
    seen = logged(text)
    assert (seen.method, seen.status, seen.substatus, seen.win32) == ("POST", 403, 16, 2148204809)
    assert text[slice(*seen.span)] == "403 16 2148204809"


def test_a_header_is_obeyed_where_the_three_numbers_stand_in_another_order() -> None:
    fields = "#Fields: date time cs-method cs-uri-stem cs-uri-query sc-win32-status sc-substatus sc-status time-taken"
    seen = logged(f"{fields}\n{DATE} GET /certsrv/mscep/mscep.dll - 64 16 403 15\n")
    assert (seen.status, seen.substatus, seen.win32) == (403, 16, 64)


def test_an_iis_line_wrapped_after_the_port_is_one_line() -> None:
    wrapped = VERIFY.replace("443 - ", "443 -\n") + " 403 16 2148204809 15"
    seen = logged(wrapped)
    assert (seen.path, seen.status, seen.substatus, seen.win32) == (Path.VERIFY, 403, 16, 2148204809)


def test_every_line_of_a_log_is_an_exchange_of_its_own() -> None:
    text = f"{FIELDS}\n{SCEP} 200 0 0 31\n{VERIFY} 403 16 2148204809 15\n"
    seen = read(text).exchanges
    assert [(x.method, x.path, x.operation, x.status) for x in seen] == [
        ("GET", Path.SCEP, "GetCACaps", 200),
        ("POST", Path.VERIFY, None, 403),
    ]


def test_a_line_that_has_lost_its_end_takes_no_status_from_the_next() -> None:
    assert logged(f"{SCEP}\n{VERIFY} 403 16 2148204809 15").method == "POST"


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("/certsrv/mscep/mscep.dll", Path.SCEP),
        ("/certsrv/mscep/mscep.dll/pkiclient.exe", Path.SCEP),
        ("/certsrv/mscep/msecp.dll", Path.SCEP_MISSPELT),
        ("/certsrv/mscep/", Path.SCEP_FOLDER),
        ("/certsrv/mscep_admin/", Path.ADMIN),
        ("/CertificateRegistrationSvc/Certificate/VerifyRequest", Path.VERIFY),
        ("/CMCertificateRegistration/Certificate/VerifyRequest", Path.VERIFY),
        ("/CertificateRegistrationSvc/Certificate/Notify", Path.NOTIFY),
        ("/CertificateRegistrationSvc/", Path.CRP),
        ("/CMCertificateRegistration", Path.CRP),
    ],
)
def test_a_logged_path_is_known_for_what_it_is(uri: str, path: Path) -> None:
    assert logged(f"{DATE} 10.8.1.20 POST {uri} - 443 - 10.8.1.9 x - 500 0 0 15").path is path


def test_a_request_of_another_application_is_foreign_and_its_numbers_are_no_signs() -> None:
    line = f"{DATE} 10.8.1.20 GET /owa/auth/logon.aspx - 443 - 10.8.1.9 x - 500 19 2148204809 15"
    reading = read(f"{line}\nand then {SCEP} 200 0 0 31")
    assert [x.foreign for x in reading.exchanges] == [True, False]
    assert reading.codes == ()
    assert b"owa" not in reading.bytes
    assert len(reading.bytes) == len(reading.cleaned.text)


def test_the_numbers_of_an_exchange_are_a_code_where_the_win32_status_is_one() -> None:
    assert codes(f"{VERIFY} 403 16 2148204809 15") == [("0x800B0109", True)]
    assert codes(f"{VERIFY} 403 7 64 15") == []


def test_a_line_of_httperr_is_read() -> None:
    for gap in (" - ", " "):
        line = f"{DATE} 10.8.1.9 50111 10.8.1.20 443 HTTP/1.1 GET /certsrv/mscep/mscep.dll{gap}503 1 AppOffline SCEP"
        seen = logged(line)
        assert (seen.method, seen.path, seen.status, seen.substatus) == ("GET", Path.SCEP, 503, None)
        assert Log.HTTPERR in read(line).logs


def test_a_browser_page_is_read() -> None:
    reading = read("HTTP Error 403.16 - Forbidden\nYour client certificate is either not trusted or is invalid.")
    assert [(x.status, x.substatus, x.logged) for x in reading.exchanges] == [(403, 16, False)]
    assert Log.BROWSER in reading.logs


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("HTTP/1.1 503 Service Unavailable", (503, None)),
        ("HTTP/2 403", (403, None)),
        ("the policy module gets 403 16 from VerifyRequest", (403, 16)),
        ("we see 403.16 there", (403, 16)),
        ("status 403, substatus 7", (403, 7)),
        ("mscep.dll returns 500 since Monday", (500, None)),
        ("503 Service Unavailable", (503, None)),
        ("HTTP-Fehler 404.15", (404, 15)),
        ("(502)", (502, None)),
    ],
)
def test_a_status_is_heard_where_people_speak_of_one(text: str, seen: tuple[int, int | None]) -> None:
    assert spoken(text) == [seen]


def test_a_spoken_status_goes_with_the_nearest_path() -> None:
    [exchange] = read("/certsrv/mscep_admin is fine " + "x " * 40 + "but mscep.dll gives 503").exchanges
    assert exchange.path is Path.SCEP
    [lonely] = read("mscep.dll " + "x " * 1000 + "error 503").exchanges
    assert lonely.path is None


@pytest.mark.parametrize("text", ["room 40316", "room 4031", "v4.0.30319", "call +49 403165", "5031 users"])
def test_a_longer_number_is_no_status(text: str) -> None:
    assert spoken(text) == []


# --- codes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["0x80072F8F", "0x2f8f", "-2147012721", "error 12175", "Error12175", "WinHTTP: 12175"])
def test_a_code_written_as_one_is_marked(text: str) -> None:
    assert codes(f"we see {text}") == [("12175", True)]


@pytest.mark.parametrize(("text", "number"), [("12175", "12175"), ("Chain: 800B0109 x", "0x800B0109")])
def test_a_bare_number_is_a_code_without_a_mark(text: str, number: str) -> None:
    assert codes(text) == [(number, False)]


@pytest.mark.parametrize("text", ["ref 80092013", "error 80092013", "2148204809"])
def test_one_number_is_one_code(text: str) -> None:
    assert len(codes(text)) == 1


@pytest.mark.parametrize(
    "text",
    ["INC12175", "NB-80092013", "LAP-12175", "CHG-0012175", "#12175", "srv12175.example.org", "1.12175", "12175-b"],
)
def test_a_number_of_a_ticket_or_a_device_is_no_code(text: str) -> None:
    assert codes(text) == []
    assert codes(f"{text} shows 0x80072F8F") == [("12175", True)]


@pytest.mark.parametrize("text", ["the error was 12175", "ndes 12175", "NDES: 12175, since Monday"])
def test_a_code_after_the_name_of_a_source_is_no_event(text: str) -> None:
    assert [number for number, _ in codes(text)] == ["12175"]
    assert events(text) == []


def test_the_span_of_a_code_is_its_digits() -> None:
    text = "Result: (error: 12175) and -2146762487, then 0x800b0109."
    reading = read(text)
    assert sorted(text[slice(*code.span)] for code in reading.codes) == ["-2146762487", "0x800b0109", "12175"]
    assert [code.number for code in reading.codes].count(parse_number("0x800B0109")) == 2
    assert Number(12175) in [code.number for code in reading.codes if code.marked]


# --- events ----------------------------------------------------------------------------------

NDES_XML = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='Microsoft-Windows-NetworkDeviceEnrollmentService' /><EventID Qualifiers='49754'>29</EventID>"
)


@pytest.mark.parametrize(
    "text",
    [
        NDES_XML,
        NDES_XML.replace("<", "&lt;").replace(">", "&gt;"),
        "29 Error NetworkDeviceEnrollmentService the password does not match",
        "Log Name: Application\nSource: Microsoft-Windows-NetworkDeviceEnrollmentService\nEvent ID: 29\nLevel: Error",
        "NDES event 29",
        "NetworkDeviceEnrollmentService, 29",
        "Protokollname: Application\nQuelle: Microsoft-Windows-NetworkDeviceEnrollmentService\nEreignis-ID: 29",
        "Ereignis 29, NetworkDeviceEnrollmentService",
        "Ereigniskennung: 29 Quelle: NetworkDeviceEnrollmentService",
        "Événement 29 de NetworkDeviceEnrollmentService",
        "ID d'événement 29, NDES",
    ],
)
def test_an_event_of_ndes_is_known_in_every_shape(text: str) -> None:
    assert events(text) == [(29, Source.NDES)]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("Event ID 36 in DeviceManagement-Enterprise-Diagnostics-Provider", Source.MDM),
        ("Event ID 39 Kerberos-Key-Distribution-Center", Source.KDC),
        ("Event ID 5059 Microsoft-Windows-WAS", Source.WAS),
        ("Event ID 36870 Schannel", Source.SCHANNEL),
        ("Event ID 11, CAPI2", Source.CAPI2),
        ("Event 4005 Microsoft-Intune-CertificateConnectors", Source.CONNECTOR_NEW),
        ("Event ID 128 CertificationAuthority", Source.CA),
        ("event 29", None),
    ],
)
def test_an_event_takes_the_source_named_near_it(text: str, source: Source | None) -> None:
    [(_, seen)] = events(text)
    assert seen == source


@pytest.mark.parametrize(
    "text", ["Event ID 10 from WMI-Activity", "Source: Contoso-Backup Event ID: 29", "Quelle: Foo Ereignis-ID: 29"]
)
def test_an_event_of_another_application_is_foreign(text: str) -> None:
    [(_, seen)] = events(text)
    assert seen == FOREIGN


def test_of_two_sources_each_event_takes_its_own() -> None:
    text = "Source: Schannel\nEvent ID: 36871\n\nSource: NetworkDeviceEnrollmentService\nEvent ID: 29\n"
    assert events(text) == [(36871, Source.SCHANNEL), (29, Source.NDES)]


def test_a_source_far_away_is_not_the_source() -> None:
    assert events("NDES " + "word " * 200 + "event 29") == [(29, None)]


@pytest.mark.parametrize("text", ["events 4 and 5", "event ids 4, 5", "Ereignisse 4 und 5", "event 4/5", "event 4 + 5"])
def test_several_events_named_together_are_several_events(text: str) -> None:
    assert [number for number, _ in events(text)] == [4, 5]


def test_the_number_of_an_event_is_no_code() -> None:
    assert codes("Event ID 36871 Schannel") == []


def test_the_span_of_an_event_is_its_number() -> None:
    assert read("NDES event 29").events == (Event(read("NDES event 29").events[0].span, 29, Source.NDES),)
    assert "NDES event 29"[slice(*read("NDES event 29").events[0].span)] == "29"


# --- SCEP ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("pkiStatus: FAILURE", (2, None)),
        ("pkiStatus=2", (2, None)),
        ("pkiStatus (3)", (3, None)),
        ("PKI status pending", (3, None)),
        ("pki status success", (0, None)),
        ("SCEPDispositionFailure", (2, None)),
        ("SCEPDispositionPending", (3, None)),
        ("failInfo: badRequest", (None, 2)),
        ("failInfo=2", (None, 2)),
        ("fail info (1)", (None, 1)),
        ("failInfo SCEPFailBadTime", (None, 3)),
        ("failInfo badRequest(2)", (None, 2)),
        ("badMessageCheck", (None, 1)),
        ("BadAlg", (None, 0)),
        ("badCertId", (None, 4)),
    ],
)
def test_a_scep_status_is_known_in_every_spelling(text: str, seen: tuple[int | None, int | None]) -> None:
    assert statuses(text) == [seen]


def test_a_status_and_its_reason_are_two_statuses() -> None:
    assert statuses("pkiStatus: FAILURE, failInfo: badMessageCheck") == [(2, None), (None, 1)]


@pytest.mark.parametrize("text", ["400 Bad Request", "it was a bad time", "pkiStatus 1", "failInfo 5", "status 2"])
def test_words_alike_are_no_scep_status(text: str) -> None:
    assert statuses(text) == []


# --- logs and topic --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "log"),
    [
        (FIELDS, Log.IIS),
        ("2026-05-04 x HTTP/1.1 GET /certsrv/mscep/mscep.dll - 503 1 AppOffline SCEP", Log.HTTPERR),
        ("it says this page can't be displayed in my browser", Log.BROWSER),
        ("<![LOG[Sending request to certificate registration point.]LOG]!>", Log.NDESPLUGIN),
        ("from NDESPlugin.log", Log.NDESPLUGIN),
        ("NDESConnector_2026.svclog", Log.SVCLOG),
        ("SetupMsi.log: CustomAction returned", Log.SETUPMSI),
        ("Event ID: 29", Log.EVENT),
        ("Ereignis-ID: 29", Log.EVENT),
        ("CAPI2 CertGetCertificateChain", Log.CAPI2),
        ("com.microsoft.omadm.platforms.android", Log.OMADM),
        ("profiled(MCSCEP)[71]", Log.IOS),
        ("mdmclient: <MDM-SCEP:14006>", Log.MACOS),
        ("Jamf Pro server log", Log.JAMF),
        ("certutil -ping", Log.CERTUTIL),
        ("sscep: server returned status code 500", Log.SSCEP),
        ("%PKI-6-CERTFAIL: trustpoint", Log.CISCO),
        ("PS C:\\> .\\Validate-NDESConfiguration.ps1", Log.POWERSHELL),
    ],
)
def test_every_kind_of_log_is_recognised(text: str, log: Log) -> None:
    assert log in read(text).logs


def test_every_kind_of_log_has_a_test() -> None:
    marks = test_every_kind_of_log_is_recognised.pytestmark  # type: ignore[attr-defined]
    assert {log for _, log in marks[0].args[1]} == set(Log)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("ndes is down", 1.0),
        ("mscep.dll", 1.0),
        ("the intune profile", 0.92),
        ("a certificate", 0.6),
        ("the canteen menu", 0.0),
        ("System Center Endpoint Protection (SCEP) and ndes", 0.0),
    ],
)
def test_the_topic_is_what_the_words_speak_of(text: str, topic: float) -> None:
    assert read(text).topic == topic


# --- any text --------------------------------------------------------------------------------

_PIECES = st.sampled_from(
    [
        "GET /certsrv/mscep/mscep.dll",
        " 403 16 2148204809",
        " 443 -\n",
        "#Fields: sc-status sc-substatus sc-win32-status",
        "event 1,2",
        "EventID>29<",
        "NDES ",
        "0x800b0109",
        "-2147012721",
        "800B0109",
        "error ",
        "12175",
        "4294967299",
        "pkiStatus: 2",
        "failInfo ",
        "bad request",
        "Source: x",
        "HTTP/1.1 503",
        "&amp;lt;",
        "<@U12>",
        "“",
        "\r\n",
        "\t",
        "\ud800",
        "\udfff",
        "\x00",
        "\x1b[0m",
        "\u2028",
        "é",
        "İ",
        "ß",
        "日",
        "99999999999999999999",
        "403.",
        "²",
        "٣",
    ]
)
_TEXTS = st.lists(_PIECES | st.text(st.characters(), max_size=12), max_size=30).map("".join)


def _spans(reading: Reading) -> list[tuple[int, int]]:
    seen = [*reading.exchanges, *reading.codes, *reading.events, *reading.statuses]
    heads = [exchange.head for exchange in reading.exchanges if exchange.head]
    return [*(one.span for one in seen), *heads]


@given(_TEXTS)
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_and_every_span_lies_within_it(text: str) -> None:
    reading = read(text)
    assert len(reading.bytes) == len(reading.cleaned.text)
    for start, end in _spans(reading):
        assert 0 <= start < end <= len(reading.cleaned.text)
        first, last = reading.cleaned.original(start, end)
        assert 0 <= first <= last <= len(text)


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_any_bytes_are_read(data: bytes) -> None:
    for text in (data.decode("latin-1"), data.decode("utf-8", "surrogateescape"), data.decode("utf-16", "replace")):
        assert read(text).cleaned.text is not None


def test_reading_is_repeatable() -> None:
    text = f"{FIELDS}\n{VERIFY} 403 16 2148204809 15\nNDES event 29 pkiStatus 2"
    assert read(text) == read(text)


@pytest.mark.parametrize(
    "piece",
    [
        "GET /certsrv/mscep/mscep.dll ",
        "GET /certsrv/mscep/mscep.dll 403 16 2148204809\n",
        "GET /owa 200 0 0 12\n",
        "event 1,2,3 ",
        "NDES event 1,2,3 ",
        "source: foo event 3 ",
        "0x800b0109 ",
        "mscep.dll 503 ",
        " 500 0 0",
        "pkiStatus 2 failInfo 2 ",
        "<",
        "<https://a|",
        "&amp;lt;",
        "\n> ",
        " \n",
        " ",
        "`",
        "a",
    ],
)
def test_four_times_the_text_takes_about_four_times_the_time(piece: str) -> None:
    def fastest(length: int) -> float:
        text = (piece * (length // len(piece) + 1))[:length]
        times = []
        for _ in range(3):
            before = time.process_time()
            read(text)
            times.append(time.process_time() - before)
        return min(times)

    short, long = fastest(30_000), fastest(120_000)
    assert long < 12 * short + 0.05, f"{short:.3f} s for 30,000 characters, {long:.3f} s for 120,000"
