"""Whose a line is, when it was written, and whether it is a failure: what the words of one line alone do not tell."""

# ruff: noqa: E501 - lines of logs are easier to compare unwrapped

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bot.timeline import tell
from connectors.times import is_day_first
from knowledge.codes import Codes
from knowledge.library import Library
from tests.logs.reading import lines_of
from tests.logs.test_noise import NDES, enrolment, refused, request
from tests.logs.test_readers import PORTAL
from tests.logs.test_second_looks import HEADER, events, story

CA = "Microsoft-Windows-CertificationAuthority"
CONNECTOR = "Microsoft-Intune-CertificateConnectors"
DENIED = "0x80094012 (-2146877422 CERTSRV_E_TEMPLATE_DENIED)"


def svclog(at: str, text: str, level: int = 8, thread: int = 7) -> str:
    return (
        '<E2ETraceEvent xmlns="http://schemas.microsoft.com/2004/06/E2ETraceEvent"><System xmlns="http://schemas.microsoft.com/2004/06/windows/eventlog/system">'
        f'<Level>{level}</Level><TimeCreated SystemTime="2026-05-14T{at}.1000000Z" /><Source Name="CertificateRegistrationPoint" />'
        f'<Execution ProcessName="w3wp" ProcessID="4" ThreadID="{thread}" /></System><ApplicationData>{text}</ApplicationData></E2ETraceEvent>\n'
    )


def verified(at: str, outcome: str = "True", why: str = "") -> str:
    """One call of the policy module, at an hour and a minute."""
    lines = [svclog(f"{at}:00", "VerifyRequest Started.")]
    lines += [svclog(f"{at}:01", why, 2)] if why else []
    return "".join([*lines, svclog(f"{at}:02", f"VerifyRequest Finished with status {outcome}")])


# --- whose it is -----------------------------------------------------------------------------


def denied_by_ca(*accounts: str) -> str:
    text = "Active Directory Certificate Services denied request {} because the permissions do not allow the user to enroll. {}. The request was for CN=x ({})."
    rows = (
        ("Warning", f"9:{i:02}:00 AM", 53, text.format(i, DENIED, account).replace(",", ""))
        for i, account in enumerate(accounts)
    )
    return events(CA, *rows)


def audit(*accounts: str) -> str:
    text = '"Certificate Services received a certificate request. Requester: {} Attributes: none"'
    rows = (("Information", f"8:{i:02}:00 AM", 4886, text.format(account)) for i, account in enumerate(accounts))
    return events("Microsoft-Windows-Security-Auditing", *rows)


def test_the_audit_of_a_ca_tells_which_account_is_that_of_ndes(library: Library) -> None:
    others = denied_by_ca(*(f"CORP\\WS-{i}$" for i in range(20)))
    assert len(story(library, ca=others).stops) == 1
    assert story(library, ca=others, security=audit(*["CORP\\svc-ndes"] * 8)).stops == ()


def test_so_does_a_list_of_what_it_issued(library: Library) -> None:
    issued = '"Issued Request ID","Request Submission Date","Requester Name","Certificate Template"\n' + "".join(
        f'"{i}","5/14/2026 8:0{i} AM","CORP\\svc-ndes","Phones"\n' for i in range(8)
    )
    assert story(library, issued=issued, ca=denied_by_ca("CORP\\anna", "CORP\\bert")).stops == ()
    mine = story(library, issued=issued, ca=denied_by_ca("CORP\\anna", "CORP\\svc-ndes"))
    assert mine.stops[0].first.line == 3


def test_two_accounts_that_ask_as_often_may_both_be_of_ndes(library: Library) -> None:
    asked = audit(*["CORP\\ndes1$", "CORP\\ndes2$"] * 6)
    assert len(story(library, security=asked, ca=denied_by_ca("CORP\\ndes2$")).stops) == 1


def test_the_columns_that_certutil_lists_are_no_request(library: Library) -> None:
    schema = "Schema:\n  Column Name   Localized Name   Type   MaxLength\n  Request.StatusCode   Request Status Code   Long   4\n\n"
    row = f'Row 1:\n  Request ID: 0x9\n  Requester Name: "CORP\\svc-ndes"\n  Request Submission Date: 5/14/2026 9:00 AM\n  Request Status Code: {DENIED}\n'
    assert story(library, requests=schema + row).stops[0].first.line == 6


# --- whether it is a failure -------------------------------------------------------------------


@pytest.mark.parametrize(
    "shown",
    [
        "Current WinHTTP proxy settings:\n\n    Direct access (no proxy server).\n",
        "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP\\EnforcePassword\n    EnforcePassword    REG_DWORD    0x0\n",
        '<requestLimits maxAllowedContentLength="30000000" maxUrl="65534" maxQueryString="65534" />\n',
    ],
)
def test_a_setting_that_a_command_shows_stops_nothing_by_itself(library: Library, shown: str) -> None:
    assert (
        story(library, commands=f"C:\\>whoami\ncorp\\admin\n{shown}", iis=HEADER + enrolment("09:00", 30)).stops == ()
    )


def test_what_the_validation_script_checks_and_finds_well_is_no_failure(library: Library) -> None:
    text = (
        "Checking there are no intermediate certs are in the Trusted Root store...\n"
        "Success: Trusted Root certificate store does not contain any Intermediate certificates\n\n"
        "Checking Request Filtering...\n\nSuccess: \nMaxQueryString Set Correctly\nMaxUrl Set Correctly\n\n"
    )
    assert story(library, validate=text).stops == ()
    failed = "Error: \nSCEP Application Pool is stopped!\n"
    assert [line.grave for line in lines_of((text + failed).encode())][-1] is True


def test_a_monitor_that_looks_at_the_page_of_ndes_where_certificates_arrive_is_no_fault(library: Library) -> None:
    page = "GET /certsrv/mscep/mscep.dll - 443 - 10.0.0.5 Zabbix - 200 0 0 6"
    pages = "".join(f"2026-05-14 08:{i:02}:00 10.0.0.21 {page}\n" for i in range(0, 60, 10))
    installed = events(
        "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider",
        ("Information", "8:45:00 AM", 39, "SCEP: Certificate installed successfully."),
    )
    assert len(story(library, iis=HEADER + pages).stops) == 1
    assert story(library, iis=HEADER + pages, device=installed).stops == ()


OMADM = "2026-05-14T08:{:02}:{:02}.0000000  INFO  Event  com.microsoft.omadm.platforms.android.certmgr.state.NativeScepCertInstallStateMachine  1  12  {}\n"


def states(minute: int, *states: str) -> str:
    pairs = pairwise(states)
    return "".join(
        OMADM.format(minute, i, f"Cert 1 state changed from {old} to {new}") for i, (old, new) in enumerate(pairs)
    )


def test_a_certificate_that_waits_for_a_screen_lock_is_told_from_the_first_that_waits(library: Library) -> None:
    waits = ("CERT_ENROLLMENT_PENDING", "CERT_ENROLLED", "CERT_INSTALL_REQUESTED")
    (stop,) = story(library, omadm=states(1, *waits) + states(30, *waits)).stops
    assert (stop.step, stop.first.line) == (5, 2)


def test_a_line_that_says_outright_what_is_awaited_is_the_first_bad_one(library: Library) -> None:
    waits = states(1, "CERT_ENROLLED", "CERT_INSTALL_REQUESTED")
    lock = OMADM.format(1, 5, "PIN or password is required before the certificate can be stored")
    (stop,) = story(library, omadm=waits + lock).stops
    assert (stop.step, stop.first.line) == (5, 2)


def test_a_lock_that_was_set_at_last_is_no_stop(library: Library) -> None:
    lock = OMADM.format(1, 5, "PIN or password is required before the certificate can be stored")
    done = states(9, "CERT_INSTALL_REQUESTED", "CERT_INSTALLING", "CERT_ACCESS_REQUESTED", "CERT_ACCESS_GRANTED")
    assert story(library, omadm=states(1, "CERT_ENROLLED", "CERT_INSTALL_REQUESTED") + lock + done).stops == ()


# --- what passed by itself ---------------------------------------------------------------------


EXPIRED = "Request denied due to expired certificate challenge."


def test_a_challenge_that_came_too_late_once_is_no_fault(library: Library) -> None:
    good = "".join(verified(f"08:{minute:02}") for minute in range(0, 60, 5))
    late = verified("09:00", "False", EXPIRED)
    assert story(library, crp=good + late + verified("09:10") + verified("09:20")).stops == ()
    assert story(library, crp=good + late).stops[0].step == 3


def test_many_that_came_too_late_are_one_though_each_came_again(library: Library) -> None:
    log = "".join(verified(f"08:{m:02}", "False", EXPIRED) + verified(f"08:{m + 1:02}") for m in range(0, 60, 5))
    assert story(library, crp=log).stops[0].step == 3


def test_a_call_that_was_answered_shows_nothing_where_the_answer_is_no(library: Library) -> None:
    """IIS logs 201 for each refusal, too: that is no moment in which all was well."""
    web, crp = [], []
    for minute in range(0, 50, 10):
        call = request(f"09:{minute:02}:02", "x", 21).replace(
            "/certsrv/mscep/mscep.dll operation=x", "/CertificateRegistrationSvc/Certificate/VerifyRequest -"
        )
        web += [
            enrolment(f"09:{minute:02}", 30),
            call.replace("GET", "POST").replace("Dalvik/2.1.0 - 200", "NDES_Plugin - 201"),
        ]
        why = (
            "Signing certificate could not be retrieved. System.Security.Cryptography.CryptographicException: m_safeCertContext is an invalid handle."
            if minute >= 20
            else ""
        )
        crp.append(verified(f"09:{minute:02}", "False", why))
    told = story(library, iis=HEADER + "".join(sorted("".join(web).splitlines(keepends=True))), crp="".join(crp))
    assert (told.stops[0].first.file, told.stops[0].first.line) == ("crp.log", 2)


# --- subjects ----------------------------------------------------------------------------------


def connector(subject: str, minute: int, ok: bool) -> list[tuple[str, str, int, str]]:
    name = f'"ScepRequestReceived\nTransactionId: {minute:040X}\nSubject: {subject}"'
    number, word = (4004, "ScepVerifySuccess") if ok else (4005, "ScepVerifyFailure")
    rows = [("Information", f"8:{minute:02}:00 AM", 4003, name)]
    rows.append(
        ("Information" if ok else "Error", f"8:{minute:02}:01 AM", number, f'"{word}\nTransactionId: {minute:040X}"')
    )
    if ok:
        rows.append(("Information", f"8:{minute:02}:02 AM", 4006, f'"ScepIssuedSuccess\nTransactionId: {minute:040X}"'))
    return rows


def test_refused_names_with_a_comma_are_told_from_other_refusals(library: Library) -> None:
    plain = [row for minute in range(0, 20, 2) for row in connector("CN=Anna", minute, ok=True)]
    refused = [row for minute in (21, 31) for row in connector("CN=Brandt\\, Lea", minute, ok=False)]
    told = story(library, connector=events(CONNECTOR, *plain, *refused))
    (stop,) = told.stops
    assert (stop.step, stop.verdict.entry) == (1, "profile-subject-escaped-characters")
    assert tell(told, library=library, codes=Codes(())).about == stop.verdict.entry
    assert "Brandt\\, Lea" in stop.telling


def test_where_such_a_name_was_accepted_it_does_not_explain_a_refusal(library: Library) -> None:
    plain = [row for minute in range(0, 20, 2) for row in connector("CN=Brandt\\, Lea", minute, ok=True)]
    refused = [row for minute in (21, 31) for row in connector("CN=Brandt\\, Lea", minute, ok=False)]
    (stop,) = story(library, connector=events(CONNECTOR, *plain, *refused)).stops
    assert stop.step == 3


def test_a_thread_of_the_registration_point_names_the_transaction_before_the_outcome() -> None:
    log = svclog("08:00:00", "VerifyRequest Started.") + svclog(
        "08:00:00", "Request transaction DBD0E81093466E30EE78 subject CN=x"
    )
    log += svclog("08:00:01", "VerifyRequest Started.", thread=9) + svclog(
        "08:00:02", "VerifyRequest Finished with status False"
    )
    log += svclog("08:00:03", "Notify Started.")
    assert [line.transaction for line in lines_of(log.encode())] == [
        "",
        "DBD0E81093466E30EE78",
        "",
        "DBD0E81093466E30EE78",
        "",
    ]


def test_what_capi2_tells_of_a_certificate_is_of_the_program_that_asked(library: Library) -> None:
    """Which certificate it was, and at which step, only that program knows."""
    name = "The certificate's CN name does not match the passed value."
    capi2 = events(
        "Microsoft-Windows-CAPI2",
        *(("Error", f"8:{minute:02}:01 AM", 30, f'"Result 800B010F {name} SCEP"') for minute in (1, 11, 21)),
    )
    plugin = "".join(
        f'<![LOG[{text}]LOG]!><time="08:{minute:02}:0{i}.100+000" date="05-14-2026" component="NDESPlugin" context="" type="1" thread="7" file="x">\n'
        for minute in (1, 11, 21)
        for i, text in enumerate(
            [
                "Calling VerifyRequest ...",
                "WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID",
                "Failed to send http request /CertificateRegistrationSvc/Certificate/VerifyRequest. Error 12175",
                "Verify challenge returns false",
            ]
        )
    )
    told = story(library, capi2=capi2, plugin=plugin)
    assert [(stop.step, stop.first.file, stop.first.line) for stop in told.stops] == [(3, "capi2.log", 2)]
    assert told.stops[0].verdict.entry == "policy-module-12175-cn-invalid"


# --- when it was written -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("samples", "day_first"),
    [
        (["03/09/2024 08:12:48", "04/09/2024 10:00:00", "05/09/2024 20:03:11"], True),  # three days, not three months
        (["09/03/2024 08:12:48", "09/04/2024 10:00:00", "09/05/2024 20:03:11"], False),
        (["05/09/2024 08:12:48"], True),  # where a.m. and p.m. are written, months stand first
        (["5/9/2024 8:12:48 AM"], False),
        (["05/09/2024 08:12:48", "05/13/2024 08:12:48"], False),
        (["13/05/2024 08:12:48"], True),
        ([], True),
    ],
)
def test_days_and_months_are_told_apart_by_how_close_times_lie(samples: list[str], day_first: bool) -> None:
    assert is_day_first(samples) is day_first


CONSOLE = "default\t{} +0000\tprofiled\t(Error) MC: Cannot retrieve SCEP identity: NSError: Desc: The Registration Authority's response is invalid. Domain: MCSCEPErrorDomain Code: 22003\n"
QUIET = "default\t{} +0000\twifid\tlink quality 0.9\n"


def test_a_console_that_runs_past_midnight_goes_on_on_the_next_day(library: Library) -> None:
    log = QUIET.format("15:00:00.100000") + CONSOLE.format("15:32:09.137671")
    log += QUIET.format("23:59:59.900000") + QUIET.format("00:00:01.100000") + QUIET.format("23:59:59.950000")
    (stop,) = story(library, console=log + CONSOLE.format("01:17:52.410409")).stops
    assert stop.first.line == 2
    assert stop.since
    assert stop.until
    assert stop.until - stop.since == timedelta(hours=9, minutes=45, seconds=43, microseconds=272738)


def test_times_that_jump_at_random_do_not_end_the_year(library: Library) -> None:
    log = "".join(CONSOLE.format(f"{hour:02}:00:00.100000") for hour in (20, 1) * 400)
    (stop,) = story(library, console=log).stops
    assert stop.until
    assert stop.until.year == 1904


def test_a_log_without_dates_is_of_the_day_whose_lines_it_fits(library: Library) -> None:
    days = ("13", "14", "15")
    web = "".join(
        enrolment(f"08:{minute:02}", 30).replace("2026-05-14", f"2026-05-{day}")
        for day in days
        for minute in (7, 22, 48)
    )
    web += refused("10:30", 31).replace("2026-05-14", "2026-05-15")
    told = story(library, iis=HEADER + web, console=QUIET.format("10:29:00.100000") + CONSOLE.format("10:30:01.100000"))
    assert told.stops[0].since
    assert told.stops[0].since.day == 15


def test_the_older_shape_of_cmtrace_has_its_times_and_no_codes_in_them(library: Library) -> None:
    lines = "".join(
        f"{text}  $$<NDESPlugin><12-08-2026 10:41:2{i}.401-060><thread=6373 (0x18E5)>\n"
        for i, text in enumerate(
            [
                "Calling VerifyRequest ...",
                "Sending request to certificate registration point.",
                "Verify challenge returns true",
            ]
        )
    )
    first = lines_of(lines.encode())[0]
    assert (first.at and first.at.replace(tzinfo=None), first.flow) == (
        datetime(2026, 12, 8, 9, 41, 20, 401_000),
        "6373",
    )
    assert first.text == "NDESPlugin: Calling VerifyRequest ..."
    assert story(library, plugin=lines).stops == ()


@pytest.mark.parametrize(
    "line",
    [
        "05-04-2026 08:01:12.302  NDESPlugin  6373  Verify challenge returns false",
        "Verify challenge returns false\tNDESPlugin\t04.05.2026 08:01:12\t6373 (0x18E5)",
        "Verify challenge returns false\tNDESPlugin\t5/4/2026 8:01:12 AM\t6373 (0x18E5)",
    ],
)
def test_a_log_that_was_copied_out_of_its_viewer_keeps_its_times(line: str) -> None:
    read = lines_of(f"{line}\n".encode())[0]
    assert read.at
    assert read.at.replace(microsecond=0) == datetime(2026, 5, 4, 8, 1, 12)
    assert (read.flow, read.text) == ("6373", "NDESPlugin: Verify challenge returns false")


@pytest.mark.parametrize("before", ["", "NDESPlugin ", "NDESPlugin 6373 ", "NDESPlugin  6373 (0x18E5)  "])
def test_words_of_a_copied_line_are_never_taken_for_its_component_or_thread(before: str) -> None:
    read = lines_of(f"05-14-2026 08:01:14 {before}Verify challenge returns false\n".encode())[0]
    assert read.at == datetime(2026, 5, 14, 8, 1, 14)
    assert read.text.endswith("Verify challenge returns false")
    assert read.flow == ("6373" if "6373" in before else "")


def test_dates_that_the_viewer_copied_are_read_as_their_neighbours() -> None:
    row = "Verify challenge returns false\tNDESPlugin\t5/{}/2026 08:01:12\t6373 (0x18E5)\n"
    read = lines_of("".join(row.format(day) for day in (11, 12, 13)).encode())
    assert [line.at.month for line in read if line.at] == [5, 5, 5]


def test_the_zone_of_a_log_is_found_beside_thousands_of_requests_of_other_days(library: Library) -> None:
    web = [enrolment(f"{hour:02}:{minute:02}", 30 + hour) for hour in range(24) for minute in range(60)]
    before = "".join(web).replace("2026-05-14", "2026-05-13")
    times = [(hour, 7 * hour % 60) for hour in range(1, 9)]
    rows = (
        (
            "Error",
            f"{hour + 2}:{minute:02}:03 AM",
            18,
            "The Network Device Enrollment Service cannot decrypt the client's PKCS7 message (0x80090005).",
        )
        for hour, minute in times
    )
    sent = "".join(enrolment(f"{hour:02}:{minute:02}", 40) for hour, minute in times)
    clock = story(library, iis=HEADER + before + sent, application=events(NDES, *rows)).files[1].clock
    assert clock
    assert clock.ahead == timedelta(hours=2)


def test_the_rows_of_a_portal_stand_in_any_order_and_count_by_their_times(library: Library) -> None:
    names, row = PORTAL.splitlines()
    rows = [row.replace("11:15:10", at) for at in ("11:15:10", "12:00:00", "11:10:07", "13:00:00")]
    well = row.replace("Error", "Succeeded").partition(",-2016281112")[0] + ",,"
    (stop,) = story(library, devices="\n".join([names, well, *rows, well])).stops
    assert (stop.step, stop.verdict.entry, stop.first.line) == (1, "profile-variable-not-available", 5)
    assert stop.since == datetime(2024, 5, 14, 11, 10, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "names",
    ["Gerät;Benutzer;Status;Letzte Aktualisierung am (Uhrzeit)", "Appareil,Utilisateur,État,Heure du dernier état"],
)
def test_a_portal_speaks_other_languages_too(names: str) -> None:
    mark = ";" if ";" in names else ","
    row = mark.join(["iPad", "anna", "Fehler SCEP 0x80094800", "14.05.2024 11:15:10"])
    lines = lines_of(f"{names}\n{row}\n".encode())
    assert [line.at for line in lines] == [datetime(2024, 5, 14, 11, 15, 10)]


# --- numbers, levels and what undoes a failure --------------------------------------------------


def test_a_status_without_a_request_is_none(library: Library) -> None:
    """A device says 405 of a setting it does not know; a millisecond may be 504."""
    omadm = "2026-05-14T08:01:00.0000000  WARN  Event  com.microsoft.omadm.providers.policy.PasswordPolicyNode  1  12  Requested node is not supported on this OS version, returning 405\n"
    jamf = "2026-05-14 08:01:00,504 [INFO ] [Tomcat-71] [jss.scep.ScepService] - SCEP proxy: certificate issued\n" * 30
    assert story(library, omadm=omadm * 3, jamf=jamf).stops == ()


def test_a_line_of_any_text_log_that_begins_with_error_is_one() -> None:
    lines = lines_of(
        b"2026-05-14 08:01:00,100 [ERROR] [x] - scep failed\n2026-05-14 08:01:01,100 [INFO ] [x] - scep error count 0\n"
    )
    assert [(line.grave, line.text[:7]) for line in lines] == [(True, "[ERROR]"), (None, "[INFO ]")]


def test_the_folder_of_the_connector_is_named_on_good_days_too(library: Library) -> None:
    folder = "C:\\Program Files\\Microsoft Intune\\CertificateRequestStatus\\Processing"
    good = svclog("08:00:00", f"Uploading 1 certificate request status file(s) from {folder}")
    good += svclog("08:00:01", "Checking for pending requests from the Intune service.")
    assert story(library, connector=good.replace("CertificateRegistrationPoint", "NDESConnector")).stops == ()
    stuck = svclog("08:00:00", f"Upload failed. 1 file(s) stay in {folder}", level=2)
    assert story(library, connector=stuck.replace("CertificateRegistrationPoint", "NDESConnector")).stops[0].step == 6


def test_an_event_without_its_requester_is_of_who_asked_with_that_number(library: Library) -> None:
    text = f"Active Directory Certificate Services denied request 27637 because of permissions. {DENIED}. The request was for CN=wiki."
    event = events(CA, ("Warning", "9:00:00 AM", 53, text))
    table = '"Request ID","Requester Name","Request Submission Date","Request Status Code"\n' + "".join(
        f'"{i}","CORP\\svc-ndes","5/14/2026 8:0{i} AM","0x0 (WIN32: 0)"\n' for i in range(1, 9)
    )
    asked = f'"0x6bf5","CORP\\anna","5/14/2026 9:00 AM","{DENIED}"\n'
    assert len(story(library, ca=event, requests=table).stops) == 1
    assert story(library, ca=event, requests=table + asked).stops == ()


def test_event_viewer_is_read_without_the_line_of_its_columns() -> None:
    rows = "Fehler\t16.01.2024 10:09:02\tSchannel\t36887\tKeine\tWarnung 45\nInformationen\t16.01.2024 10:10:02\tESENT\t105\tKeine\tGut\n"
    assert [(line.source, line.grave) for line in lines_of(rows.encode())] == [("Schannel", True), ("ESENT", False)]


def test_a_later_look_at_the_capabilities_is_no_enrolment(library: Library) -> None:
    """A device that asks again and sends nothing has not come through."""
    failed = "2026-05-14 08:00:01.000000+0000 0x1 Default 0x0 1 0 profiled: (Error) MC: Insufficient CACaps for https://ndes.corp.example/certsrv/mscep/mscep.dll: SHA-1 DES3\n"
    asked = "".join(request(f"{at}:00", "GetCACaps", 30, agent="profiled/1.0") for at in ("08:00", "09:00"))
    assert len(story(library, iis=HEADER + asked, mac=failed).stops) == 1


def test_what_a_device_cannot_install_is_not_undone_by_the_report_that_it_was_issued(library: Library) -> None:
    mdm = "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider"
    device = events(
        mdm,
        ("Information", "8:00:00 AM", 36, "SCEP: Certificate request generated successfully."),
        ("Error", "8:00:05 AM", 309, "SCEP: InstallFromRegEntries. InstallStatus: (2) Result: (0x80090030)."),
    )
    reported = events(
        CONNECTOR,
        ("Information", "8:00:02 AM", 4003, "ScepRequestReceived"),
        ("Information", "8:00:03 AM", 4006, "ScepIssuedSuccess"),
        ("Information", "8:00:09 AM", 4008, "ScepNotifySuccess"),
    )
    assert story(library, device=device, connector=reported).stops[0].step == 5


def test_a_refusal_right_behind_one_that_explains_itself_is_of_it(library: Library) -> None:
    why = "Subject name in CSR &apos;CN=Keller\\, Uwe&apos; does not match subject name in challenge."
    log = "".join(verified(f"08:{minute:02}", "False", why) for minute in (1, 5, 9))
    told = story(library, crp=verified("07:00") + log)
    assert [(stop.step, stop.verdict.entry) for stop in told.stops] == [(1, "profile-subject-escaped-characters")]


def test_few_lines_show_no_wrong_clock_where_a_zone_explains_one_of_them(library: Library) -> None:
    web = HEADER + "".join(refused(f"08:{minute:02}", 30 + minute) for minute in (0, 10, 20, 40))
    rows = (
        ("Error", f"{at}:12 AM", 5059, "Application pool SCEP has been disabled.") for at in ("9:07", "9:17", "9:27")
    )
    last = ("Error", "9:40:00 AM", 5059, "Application pool SCEP has been disabled.")
    clock = story(library, iis=web, system=events("Microsoft-Windows-WAS", *rows, last)).files[1].clock
    assert clock
    assert clock.ahead == timedelta(hours=1)


def test_one_pair_of_lines_shows_no_clock_that_no_zone_explains(library: Library) -> None:
    """A pool that stops minutes before the next request meets it is no clock that is wrong by minutes."""
    system = events("Microsoft-Windows-WAS", ("Error", "8:15:00 AM", 5059, "Application pool SCEP has been disabled."))
    told = story(library, iis=HEADER + enrolment("08:10", 30) + refused("08:19", 31), system=system)
    clock = told.files[1].clock
    assert clock
    assert (clock.ahead, clock.pairs, clock.said) == (timedelta(0), 0, False)


def test_a_file_of_local_times_in_which_nothing_happened_is_not_said_to_be_in_utc(library: Library) -> None:
    quiet = events("Service Control Manager", ("Information", "8:15:00 AM", 7036, "The service entered the state."))
    clock = story(library, iis=HEADER + enrolment("08:10", 30), system=quiet).files[1].clock
    assert clock
    assert "UTC" not in clock.words


def test_no_zone_is_an_hour_and_a_half_ahead(library: Library) -> None:
    web = HEADER + "".join(refused(f"{hour:02}:{minute:02}", 30) for hour in (8, 9) for minute in (0, 7, 21))
    rows = (
        ("Error", f"{at}:02 AM", 5059, "Application pool SCEP has been disabled.") for at in ("9:00", "9:07", "9:21")
    )
    clock = story(library, iis=web, system=events("Microsoft-Windows-WAS", *rows)).files[1].clock
    assert clock
    assert clock.ahead.total_seconds() % 3600 == 0
