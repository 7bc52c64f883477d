"""What stands in the logs of a site that works: failures that were over by themselves, and those of others."""

# ruff: noqa: E501 - lines of logs are easier to compare unwrapped

import io

import pytest

from bot.timeline import Story, tell
from bot.types import Choices
from connectors.surveying import Surveying
from knowledge.codes import Codes
from knowledge.library import Library
from tests.logs.test_readers import IIS
from tests.logs.test_second_looks import events, story

HEADER = "\n".join(IIS.splitlines()[:2]) + "\n"
NDES = "Microsoft-Windows-NetworkDeviceEnrollmentService"
HTTPERR = (
    "#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename\n"
)


def request(at: str, what: str, device: int, status: str = "200 0 0", agent: str = "Dalvik/2.1.0") -> str:
    method = "POST" if what == "PKIOperation" else "GET"
    return f"2026-05-14 {at} 10.0.0.21 {method} /certsrv/mscep/mscep.dll operation={what} 443 - 10.0.0.{device} {agent} - {status} 15\n"


def enrolment(at: str, device: int) -> str:
    """A good one, at an hour and a minute."""
    steps = ("GetCACaps", "GetCACert", "PKIOperation")
    return "".join(request(f"{at}:{second:02}", what, device) for second, what in enumerate(steps))


def refused(at: str, device: int) -> str:
    return request(f"{at}:00", "GetCACaps", device, "500 0 1346")


def site(library: Library, *lines: str) -> Story:
    return story(library, iis=HEADER + "".join(sorted("".join(lines).splitlines(keepends=True))))


def read(library: Library, files: dict[str, bytes]) -> Story:
    surveying = Surveying(library)
    for name, data in files.items():
        surveying.read(io.BytesIO(data), name)
    return surveying.done().story


# --- failures that were over by themselves ---------------------------------------------------


def test_a_device_that_came_through_later_has_not_stopped(library: Library) -> None:
    assert site(library, refused("08:00", 30), enrolment("09:00", 30), enrolment("08:30", 31)).stops == ()


def test_a_device_that_never_came_through_has(library: Library) -> None:
    (stop,) = site(library, refused("08:00", 30), enrolment("09:00", 31), enrolment("08:30", 31)).stops
    assert (stop.enrolments, stop.first.line) == (1, 3)


def test_another_device_behind_the_same_address_proves_nothing(library: Library) -> None:
    other = enrolment("09:00", 30).replace("Dalvik/2.1.0", "profiled/1.0")
    assert len(site(library, refused("08:00", 30), other).stops) == 1


def test_an_outage_of_many_is_told_though_all_came_through(library: Library) -> None:
    failed = [refused(f"08:{minute:02}", 30 + minute) for minute in range(20)]
    (stop,) = site(library, *failed, *(enrolment(f"10:{minute:02}", 30 + minute) for minute in range(20))).stops
    assert stop.enrolments == 20


def test_the_minutes_in_which_a_server_starts_are_no_outage(library: Library) -> None:
    failed = [refused(f"08:0{minute}", 30 + minute) for minute in range(6)]
    assert site(library, *failed, *(enrolment(f"10:0{minute}", 30 + minute) for minute in range(6))).stops == ()


def test_a_request_that_was_asked_again_and_sent_is_no_stop(library: Library) -> None:
    gateway = request("08:00:00", "GetCACaps", 30, "502 3 12030")
    assert site(library, gateway, enrolment("08:01", 30)).stops == ()


@pytest.mark.parametrize(("later", "stops"), [("8:02:00 AM", 0), ("9:02:00 AM", 1)])
def test_ndes_that_waits_for_its_ca_while_the_server_starts_is_no_fault(
    library: Library, later: str, stops: int
) -> None:
    log = events(
        NDES,
        ("Error", "8:00:00 AM", 8, "The service cannot retrieve information about the CA (0x800706ba)."),
        ("Error", "8:00:00 AM", 2, "The service cannot be started (0x800706ba)."),
        ("Information", later, 1, "The Network Device Enrollment Service started successfully."),
    )
    assert len(story(library, application=log).stops) == stops


def abandoned(at: str, device: int) -> str:
    return f"2026-05-14 {at}:00 10.0.0.{device} 58852 10.0.0.21 443 HTTP/1.1 GET /certsrv/mscep/mscep.dll?operation=GetCACaps - - 1 Connection_Abandoned_By_ReqQueue SCEP\n"


def test_a_worker_process_that_died_once_under_a_device_that_came_again_is_no_fault(library: Library) -> None:
    good = "".join(enrolment(f"08:{minute:02}", 30 + minute) for minute in range(0, 60, 5))
    after = HEADER + good + enrolment("09:10", 30)
    assert story(library, httperr=HTTPERR + abandoned("09:09", 30), iis=after).stops == ()


def test_one_that_died_once_under_a_device_that_was_never_seen_again_is_none_either(library: Library) -> None:
    good = "".join(enrolment(f"{hour:02}:{minute:02}", 30 + minute) for hour in (8, 10) for minute in range(0, 60, 5))
    assert story(library, httperr=HTTPERR + abandoned("09:09", 99), iis=HEADER + good).stops == ()
    was = "A process serving application pool 'SCEP' suffered a fatal communication error with the Windows Process Activation Service. The process id was '4256'."
    event = events("Microsoft-Windows-WAS", ("Warning", "9:09:00 AM", 5011, was))
    assert story(library, system=event, httperr=HTTPERR + abandoned("09:09", 99), iis=HEADER + good).stops == ()


def test_one_that_dies_under_every_request_is_told_from_the_first(library: Library) -> None:
    good = HEADER + "".join(enrolment(f"08:{minute:02}", 30 + minute) for minute in range(0, 60, 5))
    log = HTTPERR + "".join(abandoned(f"09:{minute:02}", 30 + minute) for minute in range(5))
    (stop,) = story(library, httperr=log, iis=good).stops
    assert (stop.step, stop.verdict.entry, stop.first.line) == (2, "scep-worker-process-died", 2)


def test_what_other_logs_call_the_same_outage_is_told_beside_it(library: Library) -> None:
    """The pool that answers 503 is what devices meet; why it stopped stands in the System log."""
    offline = "2026-05-14 09:{:02}:00 10.0.0.{} 58852 10.0.0.21 443 HTTP/1.1 GET /certsrv/mscep/mscep.dll?operation=GetCACaps - 503 1 AppOffline SCEP\n"
    web = HTTPERR + "".join(offline.format(minute, 30 + minute) for minute in range(5, 20))
    disabled = "Application pool 'SCEP' is being automatically disabled due to a series of failures in the process(es) serving that application pool."
    log = events("Microsoft-Windows-WAS", ("Error", "9:04:50 AM", 5002, disabled))
    told = story(library, httperr=web, system=log)
    (stop,) = told.stops
    assert [(entry.id, tuple(place)) for entry, place in stop.beside] == [
        ("app-pool-rapid-fail-5002", ("system.log", 2))
    ]
    offered = [block for block in tell(told, library=library, codes=Codes(())).blocks if isinstance(block, Choices)]
    assert offered[0].options[0][1] == "explain app-pool-rapid-fail-5002"


SCHANNEL = "An TLS 1.2 connection request was received from a remote client application, but none of the cipher suites supported by the client application are supported by the server. The TLS connection request has failed."


def system(*times: str) -> str:
    return events("Schannel", *(("Error", f"{at}:00 AM", 36874, f'"{SCHANNEL}"') for at in times))


def test_clients_without_a_common_cipher_are_scanners_while_enrolments_go_on(library: Library) -> None:
    good = HEADER + "".join(enrolment(f"{hour:02}:{minute:02}", 30) for hour in (8, 9, 10) for minute in range(60))
    scanned = system(*(f"{hour}:{minute:02}" for hour in (8, 9, 10) for minute in range(0, 60, 5)))
    assert story(library, iis=good, system=scanned).stops == ()
    ended = HEADER + "".join(enrolment(f"08:{minute:02}", 30) for minute in range(60))
    assert story(library, iis=ended, system=scanned).stops == ()  # as often as before: the log is only longer


@pytest.mark.parametrize(
    "times",
    [
        [f"14T11:{minute:02}" for minute in range(20)],  # a scan of twenty minutes
        [f"14T{hour:02}:{minute:02}" for hour in (9, 10) for minute in range(0, 60, 5)],  # no longer than other pauses
    ],
)
def test_a_scan_in_a_quiet_hour_is_no_fault(library: Library, times: list[str]) -> None:
    good = HEADER + "".join(enrolment(at, 30) for at in ("01:00", "03:00", "05:00", "06:00", "08:00"))
    assert story(library, iis=good, system=aware(BEFORE, *times)).stops == ()


def aware(*times: str) -> str:
    """The same as events in XML, which say their zone: a file that does not is believed only where no zone matters."""
    return "<Events>" + "".join(
        f"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Schannel'/><EventID>36874</EventID><Level>2</Level>"
        f"<TimeCreated SystemTime='2026-05-{at}:00.5Z'/></System><RenderingInfo><Message>{SCHANNEL}</Message></RenderingInfo></Event>\n"
        for at in times
    )


WORKING = HEADER + "".join(enrolment(f"08:{minute:02}", 30) for minute in range(60))
BEFORE = "13T08:20"
REFUSED = [f"14T{hour:02}:{minute:02}" for hour in (9, 10) for minute in range(0, 60, 4)]


def test_they_are_the_fault_where_nothing_else_is_heard_of_any_more(library: Library) -> None:
    told = story(library, iis=WORKING, system=aware(BEFORE, *REFUSED))
    (stop,) = told.stops
    assert (stop.step, stop.verdict.entry, stop.lines) == (2, "tls-no-common-protocol", 30)
    assert stop.since
    assert f"{stop.since:%dT%H:%M}" == "14T09:00"
    answer = tell(told, library=library, codes=Codes(()))
    assert (answer.tone, answer.about) == ("problem", "tls-no-common-protocol")


@pytest.mark.parametrize(
    "log",
    [
        aware(BEFORE, *REFUSED[:9]),  # few
        aware(BEFORE, *(f"14T09:{minute:02}" for minute in range(20))),  # a burst
        aware(*REFUSED),  # nothing shows how it was before
        aware(*(f"14T0{hour}:{minute:02}" for hour in (6, 7, 8, 9) for minute in range(0, 60, 5))),  # as ever
        aware(BEFORE, *REFUSED) + aware("14T23:00").replace("36874", "1").replace(SCHANNEL, "all is well"),  # it ended
        # Of a clock that nothing shows: perhaps in the very hours of the enrolments.
        events("ESENT", ("Information", "6:00:00 AM", 326, "all is well"))
        + system(*(f"{int(at[3:5])}:{at[6:]}" for at in REFUSED)).partition("\n")[2],
    ],
)
def test_they_are_scanners_where_anything_speaks_against_it(library: Library, log: str) -> None:
    assert story(library, iis=WORKING, system=log).stops == ()


def test_they_are_scanners_where_hardly_anybody_enrolled_before(library: Library) -> None:
    assert (
        story(
            library, iis=HEADER + enrolment("08:58", 30) + enrolment("08:59", 31), system=aware(BEFORE, *REFUSED)
        ).stops
        == ()
    )


def test_they_are_told_first_beside_a_failure_from_before_and_not_beside_one_that_lasts(library: Library) -> None:
    before = story(library, iis=WORKING + refused("08:59", 77), system=aware(BEFORE, *REFUSED)).stops
    assert [stop.step for stop in before] == [2, 2]
    assert before[0].verdict.entry == "tls-no-common-protocol"
    lasts = story(
        library, iis=WORKING + "".join(refused(f"09:{i}0", 77 + i) for i in range(6)), system=aware(BEFORE, *REFUSED)
    )
    assert "tls-no-common-protocol" not in [stop.verdict.entry for stop in lasts.stops]


def test_where_they_are_all_that_there_is_they_are_mentioned_and_no_fault(library: Library) -> None:
    told = story(library, system=aware(*REFUSED))
    assert told.stops == ()
    offered = [block for block in tell(told, library=library, codes=Codes(())).blocks if isinstance(block, Choices)]
    assert offered[0].options == (
        (f"{library.entries['tls-no-common-protocol'].title} (30 lines)", "explain tls-no-common-protocol"),
    )


def test_an_installation_that_was_completed_has_not_failed(library: Library) -> None:
    failed = "MSI (s) (E5:87) [09:00:39:960]: CustomAction ConfigureIISLimits returned actual error code 1168\n"
    done = (
        "MSI (c) (E5:87) [09:02:25:000]: Product: Microsoft Intune Connector -- Installation completed successfully.\n"
    )
    assert len(story(library, setup=failed * 4).stops) == 1
    assert story(library, setup=failed * 4 + done).stops == ()


def test_a_failure_that_no_entry_knows_stops_nobody_where_enrolments_go_on(library: Library) -> None:
    rows = [
        ("Error", "8:00:00 AM", 1999, "The performance counters cannot be opened."),
        ("Information", "8:10:00 AM", 4003, "ScepRequestReceived"),
        ("Information", "8:10:01 AM", 4004, "ScepVerifySuccess"),
        ("Information", "8:10:02 AM", 4006, "ScepIssuedSuccess"),
        ("Information", "8:10:03 AM", 4008, "ScepNotifySuccess"),
    ]
    log = events("Microsoft-Intune-CertificateConnectors", *rows)
    told = story(library, connector=log)
    assert told.stops == ()
    assert [one.lines for one in told.unknown] == [1]


def test_a_thread_of_the_policy_module_may_ask_twice_before_it_is_answered(library: Library) -> None:
    said = (
        "Calling VerifyRequest ...",
        "Sending request to certificate registration point.",
        "Calling Notifyrequest ...",
        "Sending request to certificate registration point.",
        "Exiting Notify with 0x0",
        "Verify challenge returns true",
        "Exiting VerifyRequest with 0x0",
    )
    lines = [
        f'<![LOG[{text}]LOG]!><time="08:00:0{i}.100+0" date="5-14-2026" component="NDESPlugin" context="" type="1" thread="7" file="x">\n'
        for i, text in enumerate(said)
    ]
    assert story(library, plugin="".join(lines)).stops == ()
    (stop,) = story(library, plugin="".join(lines[:2])).stops
    assert stop.first.line == 2


# --- what is none of ours --------------------------------------------------------------------


def test_the_codes_of_other_programs_are_theirs(library: Library) -> None:
    row = ("Warning", "8:00:00 AM", 190, "Backup 'Daily - NDES' finished with a warning: 0x80004005 Unspecified error")
    assert story(library, application=events("Veeam Agent", row)).stops == ()


def test_a_setting_that_a_device_does_not_have_is_no_wrong_url(library: Library) -> None:
    line = "2026-05-14T07:11:40.7520000  WARN  Event  com.microsoft.omadm.syncml.SyncmlSession  14165  27  Node ./Vendor/MSFT/WiFi/Profile/Guest not found, returning 404\n"
    told = story(library, omadm=line * 5)
    assert (told.stops, told.unknown) == ((), ())


@pytest.mark.parametrize("method", ["PROPFIND", "OPTIONS", "HEAD", "TRACE"])
def test_no_device_asks_with_such_a_method(library: Library, method: str) -> None:
    scan = refused("08:00", 99).replace(" GET ", f" {method} ")
    assert site(library, scan, enrolment("09:00", 30)).stops == ()


def test_whoever_looks_at_the_registration_point_is_refused_rightly_and_the_policy_module_is_not(
    library: Library,
) -> None:
    look = refused("08:00", 77).replace(
        "/certsrv/mscep/mscep.dll operation=GetCACaps", "/CertificateRegistrationSvc/ -"
    )
    look = look.replace("500 0 1346", "403 7 5")
    assert site(library, look, enrolment("09:00", 30)).stops == ()
    module = look.replace("Svc/ -", "Svc/Certificate/VerifyRequest -").replace("Dalvik/2.1.0", "NDES_Plugin")
    assert site(library, module, enrolment("09:00", 30)).stops[0].step == 3


@pytest.mark.parametrize(("account", "stops"), [("CORP\\WS-5049$", 0), ("CORP\\svc-ndes", 1)])
def test_a_ca_refuses_others_too(library: Library, account: str, stops: int) -> None:
    table = '"Request ID","Requester Name","Request Submission Date","Request Disposition","Request Status Code"\n'
    for number in range(8):
        table += f'"{number}","CORP\\svc-ndes","14.05.2026 08:0{number}","20 -- Issued","0x0 (WIN32: 0)"\n'
    table += f'"9","{account}","14.05.2026 09:00","31 -- Denied","0x80094012 (-2146877422 CERTSRV_E_TEMPLATE_DENIED)"\n'
    assert len(story(library, requests=table).stops) == stops


# --- who, where and which ----------------------------------------------------------------------


def test_devices_behind_a_proxy_are_told_apart_by_what_it_forwards(library: Library) -> None:
    header = HEADER.replace(" time-taken", " time-taken X-Forwarded-For")
    lines = [refused("08:00", 1).rstrip() + f" 192.0.2.{i},+10.0.0.1\n" for i in range(4)]
    (stop,) = story(library, iis=header + "".join(lines)).stops
    assert (stop.enrolments, stop.devices) == (4, 4)


@pytest.mark.parametrize(
    "header",
    [
        "Nível,Data e Hora,Fonte,Identificação do Evento,Categoria da Tarefa",
        "Poziom,Data i godzina,Źródło,Identyfikator zdarzenia,Kategoria zadania",
        "Nivå,Datum och tid,Källa,Händelse-ID,Aktivitetskategori",
        "レベル,日付と時刻,ソース,イベント ID,タスクのカテゴリ",
    ],
)
def test_events_are_read_in_many_languages(library: Library, header: str) -> None:
    row = f'Error,14/05/2026 08:00:00,{NDES},2,None,"Error: cannot be started (0x800706ba)\nError: nothing more"\n'
    told = read(library, {"export.csv": (header + "\n" + row).encode()})
    assert told.files[0].kind == "event"
    assert told.stops[0].first.line == 2


def test_what_the_old_connector_cannot_tell_intune_is_step_6(library: Library) -> None:
    row = (
        "Error",
        "8:00:00 AM",
        10102,
        "CertificateRenewal_Failure. Connector enrollment certificate failed to renew. Diagnostic Code: 0x00000405",
    )
    assert story(library, connector=events("Intune Connector", row)).stops[0].step == 6


def test_an_answer_that_came_and_cannot_be_used_stops_at_step_5(library: Library) -> None:
    row = (
        "Error",
        "8:00:00 AM",
        87,
        "SCEP Certificate enrollment for x via https://ndes.corp.example/certsrv/mscep/mscep.dll failed: ProcessResponseMessage Method: POST 0x8009200c (-2146885620 CRYPT_E_NO_DECRYPT_CERT)",
    )
    source = "Microsoft-Windows-CertificateServicesClient-CertEnroll"
    assert story(library, application=events(source, row)).stops[0].step == 5


def test_the_root_of_a_device_says_nothing_of_its_enrolments(library: Library) -> None:
    log = (
        "2026-05-14T08:03:01.0000000  INFO  Event  com.microsoft.omadm.platforms.android.certmgr.state.NativeRootCertInstallStateMachine  1  1  Root cert '17B6' state changed from CERT_INSTALLING to CERT_INSTALL_SUCCESS\n"
        "2026-05-14T08:05:00.9000000  ERROR  Event  com.microsoft.omadm.platforms.android.certmgr.CertificateEnrollmentManager  1  19  Failed to enroll certificate request ModelName=AC_1: javax.net.ssl.SSLHandshakeException: java.security.cert.CertPathValidatorException: Trust anchor for certification path not found.\n"
    )
    (stop,) = story(library, omadm=log).stops
    assert (stop.step, stop.first.line) == (2, 2)


def test_a_failure_that_is_told_once_more_after_its_retries_does_not_put_a_clock_out(library: Library) -> None:
    source = "Microsoft-Intune-CertificateConnectors"
    web, rows, late = [], [], []
    for i in range(12):
        hour, minute = divmod(i * 13, 60)
        web.append(enrolment(f"{8 + hour:02}:{minute:02}", 30 + i))
        rows += [
            ("Information", f"{9 + hour}:{minute:02}:02 AM", number, what)
            for number, what in (
                (4003, "ScepRequestReceived"),
                (4004, "ScepVerifySuccess"),
                (4006, "ScepIssuedSuccess"),
            )
        ]
        rows.append(("Warning", f"{9 + hour}:{minute:02}:03 AM", 4009, "ScepNotifyAttemptFailed"))
        late.append(("Error", f"{9 + hour}:{minute + 3:02}:15 AM", 4002, "ScepRequestUploadFailure"))
    told = story(library, iis=HEADER + "".join(web), operational=events(source, *rows), admin=events(source, *late))
    assert {file.clock.ahead.total_seconds() for file in told.files if file.clock} == {0, 3600}
    assert (told.stops[0].step, told.stops[0].first.file) == (6, "operational.log")
