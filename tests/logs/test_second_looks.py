"""What looks like a fault at first: retries that go well, scanners, probes, a new try, a clock that one log lends."""

import io
from datetime import timedelta

from bot.timeline import Story
from connectors.surveying import Surveying
from knowledge.library import Library
from tests.logs.test_readers import IIS

HEADER = "\n".join(IIS.splitlines()[:2]) + "\n"
CSV = "Level,Date and Time,Source,Event ID,Task Category,Message\n"
MDM = "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider"


def story(library: Library, **logs: str) -> Story:
    surveying = Surveying(library)
    for name, text in logs.items():
        surveying.read(io.BytesIO(text.encode()), f"{name}.log")
    return surveying.done().story


def events(source: str, *rows: tuple[str, str, int, str]) -> str:
    return CSV + "".join(f"{level},5/14/2026 {at},{source},{number},None,{text}\n" for level, at, number, text in rows)


def connector(*rows: tuple[str, str, int, str]) -> str:
    before = [
        ("Information", "8:00:00 AM", 4003, "ScepRequestReceived"),
        ("Information", "8:00:01 AM", 4004, "ScepVerifySuccess"),
        ("Information", "8:00:02 AM", 4006, "ScepIssuedSuccess"),
        ("Warning", "8:00:03 AM", 4009, "ScepNotifyAttemptFailed"),
    ]
    return events("Microsoft-Intune-CertificateConnectors", *before, *rows)


def iis(*requests: str) -> str:
    lines = (f"2026-05-14 08:{i:02}:00 10.0.0.21 {request}\n" for i, request in enumerate(requests))
    return HEADER + "".join(lines)


def test_a_report_that_went_through_at_the_second_attempt_is_no_fault(library: Library) -> None:
    again = ("Information", "8:00:09 AM", 4008, "ScepNotifySuccess")
    assert story(library, connector=connector(again)).stops == ()


def test_a_report_that_never_went_through_is_one_and_begins_with_the_first_attempt(library: Library) -> None:
    last = ("Error", "8:00:09 AM", 4002, "ScepRequestUploadFailure")
    for rows in ([], [last]):
        stop = story(library, connector=connector(*rows)).stops[0]
        assert (stop.step, stop.first.line) == (6, 5)


def test_what_goes_well_is_not_that_of_the_request_that_failed_before(library: Library) -> None:
    rows = [
        ("Information", "8:00:00 AM", 4003, "ScepRequestReceived"),
        ("Information", "8:00:01 AM", 4004, "ScepVerifySuccess"),
        ("Error", "8:00:02 AM", 4007, "ScepIssuedFailure"),
        ("Information", "8:01:00 AM", 4003, "ScepRequestReceived"),
        ("Information", "8:01:01 AM", 4004, "ScepVerifySuccess"),
        ("Information", "8:01:02 AM", 4006, "ScepIssuedSuccess"),
        ("Information", "8:01:03 AM", 4008, "ScepNotifySuccess"),
    ]
    stop = story(library, connector=events("Microsoft-Intune-CertificateConnectors", *rows)).stops[0]
    assert (stop.step, stop.first.line, stop.enrolments) == (4, 4, 1)


def test_a_profile_that_fails_after_an_installed_certificate_is_another_try(library: Library) -> None:
    log = events(
        MDM,
        ("Information", "8:00:00 AM", 36, "SCEP: Certificate request generated successfully."),
        ("Information", "8:00:04 AM", 38, "SCEP: Certificate response received successfully."),
        ("Information", "8:00:05 AM", 39, "SCEP: Certificate installed successfully."),
        ("Error", "8:01:05 AM", 305, "SCEP: Failed CspSetValue. Result : (The data is invalid.)."),
    )
    stop = story(library, mdm=log).stops[0]
    assert (stop.step, stop.first.line) == (1, 5)


def test_a_scanner_that_asks_for_other_pages_of_the_folder_is_no_fault_and_a_device_is(library: Library) -> None:
    scanner = "GET /certsrv/mscep/admin.php - 443 - 10.9.9.9 Nessus - 404 0 2 1"
    device = "GET /certsrv/mscep/mscep.dll operation=GetCACaps&message=ca 443 - 10.0.0.30 Dalvik/2.1.0 - 404 0 2 1"
    assert story(library, iis=iis(scanner)).stops == ()
    assert story(library, iis=iis(scanner, device)).stops[0].first.line == 4


def test_a_probe_of_a_load_balancer_is_no_fault(library: Library) -> None:
    probe = "GET /certsrv/mscep/mscep.dll - 443 - 10.0.0.7 NetScaler-Monitor - 403 0 0 2"
    assert story(library, iis=iis(probe, probe)).stops == ()


def test_the_page_of_ndes_is_right_where_challenges_are_handed_out(library: Library) -> None:
    page = "GET /certsrv/mscep/mscep.dll - 443 - 10.0.0.30 Mozilla/5.0 - 200 0 0 12"
    challenge = "GET /certsrv/mscep_admin/ - 443 CONTOSO\\jamf 10.0.0.9 Java/17 - 200 0 0 12"
    assert story(library, iis=iis(challenge, page, challenge)).stops == ()
    assert story(library, iis=iis(page)).stops[0].first.line == 3


def test_a_log_that_says_its_zone_lends_it_to_one_that_does_not(library: Library) -> None:
    """The worker crashes while the policy module waits; IIS has nothing of the moment, for only later calls fail."""
    times = ("13:24", "13:39", "13:51", "14:00")
    waits = "".join(
        f'<![LOG[Sending request to certificate registration point.]LOG]!><time="10:{at}.100-120" date="05-14-2026" '
        'component="NDESPlugin" context="" type="1" thread="4316" file="ndesplugin.cpp:120">\n'
        for at in times
    )
    gone = "A process serving application pool 'SCEP' terminated unexpectedly. The process exit code was '0xc0000005'."
    crashes = events("Microsoft-Windows-WAS", *(("Warning", f"10:{at} AM", 5009, gone) for at in times))
    good = "GET /certsrv/mscep/mscep.dll operation=GetCACaps&message=ca 443 - 10.0.0.30 Dalvik/2.1.0 - 200 0 0 15"
    told = story(library, iis=iis(*[good] * 20), plugin=waits, system=crashes)
    assert told.files[2].clock
    assert told.files[2].clock.ahead == timedelta(hours=2)


def test_a_zone_that_is_nowhere_on_earth_is_not_believed_for_three_pairs_of_lines(library: Library) -> None:
    """Three calls are refused just 75 minutes before the stamps of what Windows tells, which is two hours ahead."""
    refused = HEADER + "".join(
        f"2026-05-14 {at} 10.0.0.21 GET /certsrv/mscep/mscep.dll operation=GetCACaps&message=ca 443 - 10.0.0.{i} "
        f"Dalvik/2.1.0 - {status} 0 0 15\n"
        for i, (at, status) in enumerate(
            [("07:20:00", 200), ("08:01:00", 503), ("08:46:00", 503), ("08:46:20", 503), ("08:46:40", 503)]
        )
    )
    off = "Application pool SCEP has been disabled."
    system = events("Microsoft-Windows-WAS", *(("Error", f"10:01:{s} AM", 5059, off) for s in ("00", "20", "40")))
    clock = story(library, iis=refused, system=system).files[1].clock
    assert clock
    assert clock.ahead == timedelta(hours=2)
