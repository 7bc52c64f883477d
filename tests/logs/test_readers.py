"""Every format is known by what stands in it, in every encoding, and gives times, sources and words."""

# ruff: noqa: E501 - lines of logs are easier to compare unwrapped

import gzip
import io
from datetime import UTC, datetime

import pytest

from connectors import logs
from connectors.events.fields import labelled
from connectors.logs import BadReader, catalogue
from connectors.streams import Stream
from connectors.xml_pieces import elements
from tests.logs.reading import kind_of, lines_of

IIS = """#Software: Microsoft Internet Information Services 10.0
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken
2024-05-14 08:01:12 10.0.0.21 GET /certsrv/mscep/mscep.dll operation=GetCACaps&message=ca 443 - 10.0.0.30 Dalvik/2.1.0 - 200 0 0 15
2024-05-14 08:01:13 10.0.0.21 GET /favicon.ico - 443 - 10.0.0.30 Mozilla/5.0 - 404 0 2 15
2024-05-14 08:01:25 10.0.0.21 POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - 10.0.0.21 NDES_Plugin - 403 16 2148204809 453
"""
HTTPERR = """#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid sc-status s-siteid s-reason s-queuename
2024-05-14 08:05:02 10.0.0.30 51234 10.0.0.21 443 HTTP/1.1 GET /certsrv/mscep/mscep.dll?operation=GetCACaps&message=ca - 503 1 Disabled SCEP
2024-05-14 08:09:55 10.0.0.30 51251 10.0.0.21 443 - - - - - - Timer_ConnectionIdle -
"""
PLUGIN = """<![LOG[Calling VerifyRequest ...]LOG]!><time="10:01:20.114-120" date="05-14-2024" component="NDESPlugin" context="" type="1" thread="4316" file="a.cpp:1">
<![LOG[Verify challenge returns <!DOCTYPE html>
<html>403</html>]LOG]!><time="10:01:20.990-120" date="05-14-2024" component="NDESPlugin" context="" type="1" thread="4316" file="a.cpp:1">
"""
SVCLOG = '<E2ETraceEvent xmlns="http://x"><System xmlns="http://y"><EventID>0</EventID><Level>8</Level><TimeCreated SystemTime="2024-05-14T08:01:20.2214441Z" /><Source Name="CertificateRegistrationPoint" /></System><ApplicationData>VerifyRequest Started.</ApplicationData></E2ETraceEvent>'
SETUP = "=== Verbose logging started: 14.05.2024  09:41:05  Build type: SHIP ===\r\nMSI (c) (3C:A0) [09:41:07:312]: Doing action: X\r\nMSI (c) (3C:A0) [09:41:07:390]: Product: Microsoft Intune Connector -- Installation completed successfully.\r\nCustomAction ConfigureIISLimits returned actual error code 1168\r\n"
OMADM = "2024-05-14T08:01:14.3020000  VERB  Event  org.jscep.transport.UrlConnectionGetTransport  20114  12  Received '200 OK'\n\tat com.example.Trace\n"
CONSOLE = "debug\t09:12:40.118220 +0200\tprofiled\tSending CSR via GET.\ndefault\t09:12:46.551002 +0200\tprofiled\t(Error) MC: Cannot retrieve SCEP identity\n"
MACOS = "2024-05-14 10:01:31.102345+0200 0x1a2b     Error       0x0                  345    0    mdmclient: [com.apple.ManagedClient:x] Unable to obtain certificate. <MDM-SCEP:15001>\n"
CERTUTIL = "Connecting to CA01\\Contoso-CA ...\nServer could not be reached: The RPC server is unavailable. 0x800706ba (WIN32: 1722)\nCertUtil: -ping command FAILED: 0x800706ba\n"
NETSH = "\nCurrent WinHTTP proxy settings:\n\n    Direct access (no proxy server).\n"
REQUESTS = 'Row 1:\n  Issued Request ID: 0x412 (1042)\n  Request Status Code: 0x80094800 (-2146875392 CERTSRV_E_UNSUPPORTED_CERT_TYPE)\n  Request Disposition Message: "Denied by Policy Module"\n\nRow 2:\n  Issued Request ID: 0x413 (1043)\n  Request Status Code: 0x80094012\n'
REQUESTS_CSV = '"RequestID","Request.RequesterName","CertificateTemplate","Request.StatusCode"\n"1042","CONTOSO\\ndes","IPSec","0x80094800 (-2146875392)"\n'
TEST = '[\n  {"Id": "NDES03", "Name": "SCEP pool", "Status": "Failed", "Message": "SCEP Application Pool is stopped!"},\n  {"Id": "IIS01", "Status": "Passed", "Message": "x"}\n]\n'
VALIDATION = (
    "Checking Windows OS version...\nSuccess: OS Version is supported\nError: SCEP Application Pool is stopped!\n"
)
LIST_DE = "Protokollname:   Application\nQuelle:          NetworkDeviceEnrollmentService\nDatum:           14.05.2024 10:01:12\nEreignis-ID:     29\nEbene:           Warnung\nBeschreibung:\nDas Kennwort kann nicht überprüft werden.\nZweite Zeile: mehr\n\nProtokollname:   Application\nQuelle:          NetworkDeviceEnrollmentService\nDatum:           14.05.2024 10:02:12\nEreignis-ID:     1\nEbene:           Informationen\nBeschreibung:\nGut.\n"
TABLE_FR = 'Niveau,Date et heure,Source,ID de l’événement,Catégorie de la tâche\nErreur,14/05/2024 10:01:12,NetworkDeviceEnrollmentService,2,Aucun,"Première ligne\ndeuxième ligne"\nInformations,14/05/2024 10:01:13,X,1,Aucun,Bon\n'
TABS_EN = "Level\tDate and Time\tSource\tEvent ID\tTask Category\nError\t5/14/2024 10:01:12 PM\tNetworkDeviceEnrollmentService\t31\tNone\tThe service cannot submit (0x800706ba).\n"
EXPORT_CSV = '#TYPE Selected\n"TimeCreated","Id","LevelDisplayName","ProviderName","Message"\n"5/14/2024 10:01:12 AM","4005","Error","Vendor","ScepVerifyFailure"\n'
FORMAT_LIST = "\nTimeCreated      : 5/14/2024 10:01:12 AM\nProviderName     : Vendor\nId               : 29\nLevelDisplayName : Warning\nMessage          : The password cannot be verified.\n                   It may have been used.\n\nTimeCreated      : 5/14/2024 10:01:13 AM\nProviderName     : Vendor\nId               : 1\nLevelDisplayName : Information\nMessage          : ok\n"
WEVTUTIL = "Event[0]:\n  Log Name: Application\n  Source: NetworkDeviceEnrollmentService\n  Date: 2024-05-14T10:01:12.5000000Z\n  Event ID: 29\n  Task: N/A\n  Level: Warning\n  Description: \nThe password cannot be verified.\n\nEvent[1]:\n  Log Name: Application\n  Source: X\n  Date: 2024-05-14T10:01:13\n  Event ID: 1\n  Level: Information\n  Description: \nok\n"
XML = "<?xml version='1.0'?>\n<Events><Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='NetworkDeviceEnrollmentService'/><EventID Qualifiers='1'>29</EventID><Level>3</Level><TimeCreated SystemTime='2024-05-14T08:01:12.5Z'/></System><EventData><Data Name='a'>x</Data></EventData><RenderingInfo><Message>The password cannot be verified.</Message></RenderingInfo></Event></Events>"
CAPI2 = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-CAPI2'/><EventID>53</EventID><Level>2</Level><TimeCreated SystemTime='2024-05-14T08:01:12.5Z'/></System><UserData><CryptRetrieveObjectByUrlWire><URL scheme=\"http\">http://pki.contoso.com/ca.crl</URL><Result value=\"80072EE2\">The operation timed out</Result></CryptRetrieveObjectByUrlWire></UserData></Event>\n"
CONNECTOR = "TimeCreated : 14.05.2024 10:01:12\nProviderName : Microsoft-Intune-CertificateConnectors\nId : 4003\nLevelDisplayName : Information\nMessage : ScepRequestReceived TransactionId: 1F0C33AA2B\n"
ROWS = "   ProviderName: Microsoft-Intune-CertificateConnectors\n\nTimeCreated                     Id LevelDisplayName Message\n-----------                     -- ---------------- -------\n5/14/2024 10:01:12 AM         4003 Information      ScepRequestReceived\n5/14/2024 10:01:13 AM         4005 Error            ScepVerifyFailure\n"
PORTAL = 'Device name,UPN,Platform,Profile status,Last status update (UTC),Error code,Details\niPad-1,anna@corp.example,iOS/iPadOS,Error,2024-05-14 11:15:10.0000000,-2016281112 (Remediation failed),"CN={{IMEI}}: the property has no value on this device"\n'

SAMPLES = {
    "iis": IIS, "httperr": HTTPERR, "ndesplugin": PLUGIN, "svclog": SVCLOG, "setupmsi": SETUP, "omadm": OMADM,
    "ios": CONSOLE, "macos": MACOS, "certutil": CERTUTIL, "netsh": NETSH, "ca-requests": REQUESTS,
    "connector-test": TEST, "validation": VALIDATION, "event": LIST_DE, "capi2": CAPI2, "connector": CONNECTOR,
    "portal": PORTAL,
}  # fmt: skip


def words(text: str) -> list[str]:
    return [line.text for line in lines_of(text.encode())]


# --- which log is it -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_log_is_known_by_its_content_in_any_encoding(kind: str, encoding: str) -> None:
    data = SAMPLES[kind].replace("\n", "\r\n").encode(encoding)
    assert kind_of(data) == kind
    assert [line[1:] for line in lines_of(data)] == [line[1:] for line in lines_of(SAMPLES[kind].encode())]


@pytest.mark.parametrize("text", [TABLE_FR, TABS_EN, EXPORT_CSV, FORMAT_LIST, WEVTUTIL, XML, LIST_DE])
def test_events_are_known_in_every_form_they_are_exported_in(text: str) -> None:
    assert kind_of(text.encode()) == "event"


@pytest.mark.parametrize("text", ["", "hello\n", "a,b,c\n1,2,3\n", "{}", "<html><body>x</body></html>", "Error: no\n"])
def test_what_no_reader_knows_is_text(text: str) -> None:
    assert kind_of(text.encode()) == "text"


def test_an_evtx_is_known_though_it_is_full_of_zeros() -> None:
    assert kind_of(b"ElfFile\0" + bytes(5_000)) == "evtx"


def test_the_folder_is_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {reader.kind for reader in catalogue()} == {*SAMPLES, "evtx", "text"}
    monkeypatch.delattr("connectors.logs.netsh.READER")
    with pytest.raises(BadReader, match=r"netsh\.py: declares no reader"):
        logs._declared("netsh")
    monkeypatch.setattr("connectors.logs.netsh.READER", catalogue()[0], raising=False)
    with pytest.raises(BadReader, match="must be 'netsh'"):
        logs._declared("netsh")


# --- what stands in it -----------------------------------------------------------------------


def test_iis_tells_the_request_its_device_and_the_time_in_utc() -> None:
    first, second = lines_of(IIS.encode())
    assert (first.number, second.number) == (3, 5)  # the favicon is nobody's business
    assert first.at == datetime(2024, 5, 14, 8, 1, 12, tzinfo=UTC)
    assert (first.client, first.agent, first.took, first.begins, first.ends) == (
        "10.0.0.30",
        "Dalvik/2.1.0",
        0.015,
        True,
        False,
    )
    assert second.client == ""  # the server itself calls the registration point
    assert "403 16 2148204809" in second.text


def test_iis_follows_any_fields_and_several_headers_in_one_file() -> None:
    odd = "#Fields: time c-ip sc-status sc-substatus sc-win32-status cs-uri-stem cs-method date cs-uri-query\n08:02:00 10.0.0.9 500 0 1346 /CertSrv/mscep/MSCEP.dll GET 2024-05-15 operation=GetCACert\n"
    *_, last = lines_of((IIS + odd + IIS + odd).encode())
    assert last.at == datetime(2024, 5, 15, 8, 2, tzinfo=UTC)
    assert (last.number, last.client) == (14, "10.0.0.9")
    assert last.text.startswith("GET /CertSrv/mscep/MSCEP.dll operation=GetCACert")
    assert last.text.endswith("500 0 1346")


@pytest.mark.parametrize("behind", ["", " 15", " 1873 15", " 1873 412 15"])
def test_iis_without_its_header_is_read_by_its_shape(behind: str) -> None:
    line = f"2024-05-14 08:01:12 10.0.0.21 GET /certsrv/mscep/mscep.dll operation=GetCACert 443 - 10.0.0.30 profiled/1.0 - 500 0 1346{behind}\n"
    assert kind_of(line.encode()) == "iis"
    (found,) = lines_of(line.encode())
    assert found.text.endswith(" 500 0 1346")
    assert found.client == "10.0.0.30"


def test_iis_keeps_no_scep_message() -> None:
    line = IIS.splitlines()[2].replace(
        "operation=GetCACaps&message=ca", "operation=PKIOperation&message=" + "MIAG" * 900
    )
    (found,) = lines_of(("\n".join(IIS.splitlines()[:2]) + "\n" + line + "\n").encode())
    assert "MIAG" not in found.text
    assert found.ends


def test_in_a_long_iis_log_each_failure_is_found_and_the_rest_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    header, good = "\n".join(IIS.splitlines()[:2]) + "\n", IIS.splitlines()[2] + "\n"
    bad = good.replace("200 0 0", "500 0 1346")
    monkeypatch.setattr("connectors.logs.iis.FOLLOWED", 100)
    monkeypatch.setattr("connectors.logs.iis._PIECE", 10_000)
    found = lines_of((header + good * 3_000 + bad + good * 3_000 + bad + good * 10).encode())
    assert [line.number for line in found if "1346" in line.text] == [3_003, 6_004]
    assert len(found) < 1_000
    monkeypatch.setattr("connectors.logs.iis.CLOSELY", 0)
    few = lines_of((header + good * 3_000 + bad + good * 3_000 + bad + good * 10).encode())
    assert [line.number for line in few if "1346" in line.text] == [3_003, 6_004]


def test_httperr_leaves_out_the_idle_and_the_foreign() -> None:
    (found,) = lines_of(HTTPERR.encode())
    assert (found.number, found.client) == (2, "10.0.0.30")
    assert "503 1 Disabled SCEP" in found.text


def test_ndesplugin_tells_utc_and_joins_an_entry_of_several_lines() -> None:
    first, second = lines_of(PLUGIN.encode())
    assert first.at == datetime(2024, 5, 14, 8, 1, 20, 114_000, tzinfo=UTC)
    assert (first.number, second.number, second.flow) == (1, 2, "4316")
    assert "<html>403</html>" in second.text


def test_ndesplugin_of_which_only_the_words_were_kept_is_read() -> None:
    text = "Calling VerifyRequest ...\nVerify challenge returns false\n"
    assert kind_of(text.encode()) == "ndesplugin"
    assert words(text) == ["NDESPlugin: Calling VerifyRequest ...", "NDESPlugin: Verify challenge returns false"]


@pytest.mark.parametrize("between", ["", "\n", "\r\n\r\n"])
def test_svclog_needs_no_root_no_line_breaks_and_no_end(between: str) -> None:
    text = between.join([SVCLOG, SVCLOG.replace("Started.", "Finished with status False"), SVCLOG[:150]])
    assert words(text) == [
        "CertificateRegistrationPoint: VerifyRequest Started.",
        "CertificateRegistrationPoint: VerifyRequest Finished with status False",
    ]
    assert [line.number for line in lines_of(text.encode())] == [1, 1 + between.count("\n")]
    assert lines_of(text.encode())[0].at == datetime(2024, 5, 14, 8, 1, 20, 221_444, tzinfo=UTC)


def test_svclog_with_a_broken_event_loses_only_that_one() -> None:
    broken = SVCLOG.replace("</System>", "</Sys>")
    assert len(words(SVCLOG + broken + SVCLOG + SVCLOG[:90] + SVCLOG)) == 3


def test_setupmsi_tells_what_decides_with_the_day_of_its_beginning() -> None:
    done, error = lines_of(SETUP.encode())
    assert (done.number, done.at) == (3, datetime(2024, 5, 14, 9, 41, 7, 390_000))
    assert "1168" in error.text


def test_omadm_gives_the_class_and_what_caused_an_exception() -> None:
    thrown = OMADM + "Caused by: java.security.cert.CertificateNotYetValidException: not before May 15\n"
    (found,) = lines_of(thrown.encode())
    assert (found.number, found.source) == (1, "UrlConnectionGetTransport")
    assert found.at == datetime(2024, 5, 14, 8, 1, 14, 302_000, tzinfo=UTC)
    assert "NotYetValid" in found.text
    assert "com.example.Trace" not in found.text


def test_a_query_that_iis_cut_is_a_request_for_a_certificate() -> None:
    text = IIS.splitlines()[1] + "\n" + IIS.splitlines()[2].replace("operation=GetCACaps&message=ca", "...")
    (found,) = lines_of(text.encode())
    assert (found.ends, found.begins) == (True, False)
    assert "PKIOperation" in found.text


def test_the_console_of_a_phone_has_a_time_of_day_only() -> None:
    first, _ = lines_of(CONSOLE.encode())
    assert first.at is not None
    assert (first.at.year, first.at.hour, first.at.minute) == (1904, 7, 12)


def test_the_log_of_macos_names_its_process() -> None:
    (found,) = lines_of(MACOS.encode())
    assert found.source == "mdmclient"
    assert found.at == datetime(2024, 5, 14, 8, 1, 31, 102_345, tzinfo=UTC)


def test_requests_that_a_ca_refused_are_one_each() -> None:
    assert [line.number for line in lines_of(REQUESTS.encode())] == [2, 7]
    (row,) = lines_of(REQUESTS_CSV.encode())
    assert (row.number, "0x80094800" in row.text) == (2, True)
    assert kind_of(REQUESTS_CSV.encode()) == "ca-requests"


def test_results_of_the_connector_test_are_one_each_and_passed_ones_are_no_failure() -> None:
    failed, passed = lines_of(TEST.encode())
    assert (failed.number, failed.grave, passed.number, passed.grave) == (2, True, 3, False)
    assert len(lines_of(TEST[: TEST.index("IIS01")].encode())) == 1  # cut off: the whole ones are kept
    assert len(lines_of(b'{"Server": "n", "Results": ' + TEST.strip().encode() + b"}")) == 2


def test_the_validation_script_marks_its_own_errors() -> None:
    assert [line.grave for line in lines_of(VALIDATION.encode())] == [False, False, True]


@pytest.mark.parametrize(
    ("text", "numbers", "ids", "first"),
    [
        (LIST_DE, [1, 10], ["29", "1"], datetime(2024, 5, 14, 10, 1, 12)),
        (TABLE_FR, [2, 4], ["2", "1"], datetime(2024, 5, 14, 10, 1, 12)),
        (TABS_EN, [2], ["31"], datetime(2024, 5, 14, 22, 1, 12)),
        (EXPORT_CSV, [3], ["4005"], datetime(2024, 5, 14, 10, 1, 12)),
        (FORMAT_LIST, [2, 9], ["29", "1"], datetime(2024, 5, 14, 10, 1, 12)),
        (WEVTUTIL, [1, 11], ["29", "1"], datetime(2024, 5, 14, 10, 1, 12, 500_000, tzinfo=UTC)),
        (XML, [2], ["29"], datetime(2024, 5, 14, 8, 1, 12, 500_000, tzinfo=UTC)),
        (ROWS, [5, 6], ["4003", "4005"], datetime(2024, 5, 14, 10, 1, 12)),
    ],
)
def test_events_have_number_time_id_and_level(text: str, numbers: list[int], ids: list[str], first: datetime) -> None:
    found = lines_of(text.encode())
    assert [line.number for line in found] == numbers
    assert [line.text.split()[2] for line in found] == ids
    assert found[0].at == first
    assert all(line.grave is not None for line in found)


def test_the_message_of_an_event_is_kept_whole_though_it_looks_like_fields() -> None:
    assert "Das Kennwort kann nicht überprüft werden.\nZweite Zeile: mehr" in words(LIST_DE)[0]
    assert "Première ligne\ndeuxième ligne" in words(TABLE_FR)[0]
    assert "It may have been used." in words(FORMAT_LIST)[0]


def test_a_row_of_a_table_has_the_source_that_stands_above() -> None:
    assert lines_of(ROWS.encode())[0].source == "Microsoft-Intune-CertificateConnectors"


def test_capi2_keeps_the_elements_that_the_knowledge_reads() -> None:
    assert '<Result value="80072EE2">' in words(CAPI2)[0]


def test_capi2_of_another_program_is_no_failure_of_enrolment() -> None:
    for process, grave in (("w3wp.exe", True), ("chrome.exe", False)):
        text = CAPI2.replace("<Result", f'<EventAuxInfo ProcessName="{process}"/><Result')
        assert lines_of(text.encode())[0].grave is grave


def test_a_transaction_is_read_from_an_event() -> None:
    assert lines_of(CONNECTOR.encode())[0].transaction == "1F0C33AA2B"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("25/05/2024 10:01:12", datetime(2024, 5, 25, 10, 1, 12)),
        ("5/25/2024 10:01:12", datetime(2024, 5, 25, 10, 1, 12)),
        ("5/14/2024 12:01:12 AM", datetime(2024, 5, 14, 0, 1, 12)),
        ("14.05.24, 10:01", datetime(2024, 5, 14, 10, 1)),
        ("2024/05/14 10:01:12.25", datetime(2024, 5, 14, 10, 1, 12, 250_000)),
        ("2024-05-14T10:01:12+02:00", datetime(2024, 5, 14, 8, 1, 12, tzinfo=UTC)),
        ("31.02.2024 10:01:12", None),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, moment: datetime | None) -> None:
    from connectors.times import local

    assert local(text) == moment


def test_gzip_is_looked_into() -> None:
    import io

    from connectors.unpacking import Notes, unpacked

    (packed,) = unpacked(io.BytesIO(gzip.compress(IIS.encode())), "u_ex.gz", Notes())
    assert packed.file.read().startswith(b"#Software")


@pytest.mark.parametrize("pad", range(0, 400, 7))
def test_no_event_is_lost_where_a_block_ends(pad: int) -> None:
    """Blocks end anywhere, also within an element whose name begins like that of the event."""
    event = "<Event xmlns='x'><System><EventID>29</EventID><EventRecordID>{}</EventRecordID></System>"
    event += "<EventData><Data Name='a'>b</Data></EventData></Event>\n"
    text = " " * (65_536 - 300 + pad - 400) + "".join(event.format(n) for n in range(8))
    stream = Stream(io.BytesIO(text.encode()), "events.xml")
    assert [one.values["EventRecordID"] for one in elements(stream, "Event")] == [str(n) for n in range(8)]


def test_a_label_needs_no_blank_behind_its_colon() -> None:
    assert labelled("ID de l’événement :36870") == labelled("ID de l'événement : 36870") == ("id", "36870")
