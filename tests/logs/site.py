"""A site whose servers and devices log what they do, step by step, and the noise around it."""

# ruff: noqa: E501 - what programs say is easier to compare unwrapped

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.logs.formats import Log, Record

START = datetime(2026, 5, 14, 6, 0, 0, tzinfo=UTC).replace(tzinfo=None)
NDES = "Microsoft-Windows-NetworkDeviceEnrollmentService"
CONNECTOR = "Microsoft-Intune-CertificateConnectors"
MDM = "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider"
AGENTS = {
    "windows": "Mozilla/4.0+(compatible;+Win32;+NDES+client+10.0.22621.1/ni_release)",
    "android": "Dalvik/2.1.0+(Linux;+U;+Android+14;+SM-A536B+Build/UP1A.231005.007)",
    "ios": "profiled/1.0+CFNetwork/1485+Darwin/23.1.0",
}
SCEP = "/certsrv/mscep/mscep.dll"
CRP = "/CertificateRegistrationSvc/Certificate"


@dataclass(slots=True)
class Device:
    """One device in one enrolment."""

    address: str
    platform: str
    begins: datetime

    @property
    def agent(self) -> str:
        return AGENTS[self.platform]


@dataclass
class Site:
    """The servers and devices that write the logs of one set."""

    chance: random.Random
    connector: str = "old"
    logs: dict[str, Log] = field(default_factory=dict)

    def log(self, key: str, name: str, form: str, zone: timedelta = timedelta(), **options: str) -> None:
        self.logs[key] = Log(name, form, zone, options)

    def keep_only_what_shows_it(self) -> None:
        """Leave the one log with the first sign of the fault."""
        first = min((record.at, key) for key, log in self.logs.items() for record in log.records if record.bad)
        self.logs = {first[1]: self.logs[first[1]]}

    def say(self, key: str, at: datetime, bad: bool = False, **words: str) -> None:
        """Log something, if the set has such a log."""
        if key in self.logs:
            self.logs[key].records.append(Record(at, words, bad))

    # --- the words of each log ---------------------------------------------------------------

    def web(
        self, at: datetime, device: Device, operation: str, status: str = "200 0 0", bad: bool = False, **more: str
    ) -> None:
        message = "MIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglghkgBZQMEAgEFADCABgkqhkiG9w0BBwGggCSABIIE" * 4
        query = f"operation={operation}&message={message if operation == 'PKIOperation' else 'ca'}"
        words = {
            "path": SCEP,
            "query": query,
            "client": device.address,
            "agent": device.agent,
            "status": status,
            **more,
        }
        self.say("iis", at, bad, **words)

    def crp(self, at: datetime, call: str, status: str, bad: bool = False) -> None:
        words = {"method": "POST", "path": f"{CRP}/{call}", "client": "10.0.0.21", "agent": "NDES_Plugin"}
        self.say("iis", at, bad, **words, status=status, took="453")

    def plugin(self, at: datetime, text: str, bad: bool = False) -> None:
        self.say("plugin", at, bad, text=text)

    def trace(self, at: datetime, text: str, bad: bool = False, **more: str) -> None:
        self.say("svclog", at, bad, text=text, **more)

    def event(
        self, key: str, at: datetime, number: int, level: str, source: str, message: str, bad: bool = False
    ) -> None:
        self.say(key, at, bad, id=str(number), level=level, source=source, message=message)

    def omadm(self, at: datetime, name: str, text: str, bad: bool = False) -> None:
        self.say("omadm", at, bad, name=name, text=text)

    # --- the steps of an enrolment -----------------------------------------------------------

    def profile(self, device: Device) -> None:
        at = device.begins
        if device.platform == "windows":
            unique = "SCEP: CspExecute for UniqueId : (ModelName=AC_1;Hash=77) InstallUserSid : (S-1-12-1-7) InstallLocation : (user)"
            self.event("mdm", at, 306, "Information", MDM, f"{unique} Result : (Unknown Win32 Error code: 0x2ab0003).")
            self.event("mdm", at + s(0.4), 36, "Information", MDM, "SCEP: Certificate request generated successfully.")
        if device.platform == "android":
            name = "com.microsoft.omadm.platforms.android.certmgr.CertificateEnrollmentManager"
            self.omadm(at, name, "There are 1 requests")

    def caps(self, device: Device) -> None:
        at = device.begins + s(1)
        first, second = ("GetCACert", "GetCACaps") if device.platform == "ios" else ("GetCACaps", "GetCACert")
        self.web(at, device, first)
        self.web(at + s(1), device, second)
        if device.platform == "android":
            url = "https://ndes-contoso.msappproxy.net/certsrv/mscep/mscep.dll?operation=GetCACaps&message=ca"
            name = "org.jscep.transport.UrlConnectionGetTransport"
            self.omadm(at + s(0.2), name, f"Received '200 OK' when sending GetCACaps(ca) to {url}")
            self.omadm(
                at + s(1.2),
                "org.jscep.message.PkiMessageEncoder",
                "Signing pkiMessage using key belonging to [dn=CN=user1; serial=1]",
            )
        if device.platform == "ios":
            self.say("ios", at + s(1.1), text="Attempting to retrieve issued certificate...")
            self.say("ios", at + s(1.2), text="Sending CSR via GET.", level="debug")

    def verify_starts(self, device: Device) -> datetime:
        at = device.begins + s(4.1)
        self.plugin(at, "Calling VerifyRequest ...")
        self.plugin(at + s(0.01), "Sending request to certificate registration point.")
        self.trace(at + s(0.05), "VerifyRequest Started.")
        return at

    def verify(self, device: Device) -> None:
        if self.connector == "new":
            at = device.begins + s(4)
            self.event("connector", at, 4003, "Information", CONNECTOR, "ScepRequestReceived")
            self.event("connector", at + s(0.3), 4004, "Information", CONNECTOR, "ScepVerifySuccess")
            return
        at = self.verify_starts(device)
        self.trace(at + s(0.1), "Validation Phase 1 finished with status True.")
        self.trace(at + s(0.2), "Validation Phase 3 finished with status True.")
        self.trace(at + s(0.3), "VerifyRequest Finished with status True")
        self.crp(at + s(0.5), "VerifyRequest", "201 0 0")
        self.plugin(at + s(0.6), "Verify challenge returns true")
        self.plugin(at + s(0.61), "Exiting VerifyRequest with 0x0")

    def issue(self, device: Device) -> None:
        if self.connector == "new":
            self.event("connector", device.begins + s(5.5), 4006, "Information", CONNECTOR, "ScepIssuedSuccess")
        self.deliver(device)

    def deliver(self, device: Device, status: str = "200 0 0", bad: bool = False) -> None:
        self.web(device.begins + s(6), device, "PKIOperation", status, bad, took="2100")

    def install(self, device: Device) -> None:
        at = device.begins + s(6.5)
        if device.platform == "windows":
            self.event("mdm", at - s(0.4), 37, "Information", MDM, "SCEP: Certificate request sent successfully.")
            self.event("mdm", at, 38, "Information", MDM, "SCEP: Certificate response received successfully.")
            self.event("mdm", at + s(0.5), 39, "Information", MDM, "SCEP: Certificate installed successfully.")
        if device.platform == "android":
            name = "com.microsoft.omadm.platforms.android.certmgr.CertificateEnrollmentStateMachine"
            self.omadm(at, name, "Moving from state CERT_ENROLLED to CERT_INSTALLED")

    def report(self, device: Device) -> None:
        if self.connector == "new":
            self.event("connector", device.begins + s(8), 4008, "Information", CONNECTOR, "ScepNotifySuccess")
            self.event("connector", device.begins + s(8.1), 4000, "Information", CONNECTOR, "ScepRequestSuccess")
        else:
            self.crp(device.begins + s(8), "Notify", "204 0 0")

    def enrols(self, device: Device) -> None:
        """A whole enrolment that goes well."""
        for part in (self.profile, self.caps, self.verify, self.issue, self.install, self.report):
            part(device)

    def herring(self, at: datetime, fails: bool) -> None:
        """A trouble of one phone and one browser that has nothing to do with the fault."""
        lonely = Device("10.77.0.1", "windows", at)
        self.web(at, lonely, "GetCACaps")
        self.web(at + s(2), lonely, "GetCACert", "500 0 64" if fails else "200 0 64")
        path = {"path": "/certsrv/mscep_admin/", "client": "10.77.0.2", "agent": "Mozilla/5.0"}
        for i, status in enumerate(("401 2 5", "401 1 2148074254", "200 0 0")):
            self.say("iis", at + s(60 + i), **path, status=status)

    # --- what else happens -------------------------------------------------------------------

    def noise(self, until: datetime, much: int) -> None:
        for _ in range(much):
            at = START + (until - START) * self.chance.random()
            client = f"10.9.{self.chance.randrange(200)}.{self.chance.randrange(250)}"
            kind = self.chance.randrange(10)
            if kind < 3:
                path, status = self.chance.choice([("/favicon.ico", "404 0 2"), ("/", "200 0 0"), ("/iisstart.png", "304 0 0"),
                                                   ("/healthcheck", "200 0 0"), ("/wp-login.php", "404 0 2"), ("/owa/", "500 0 0")])  # fmt: skip
                self.say("iis", at, path=path, client=client, agent="Mozilla/5.0+(Windows+NT+10.0)", status=status)
            elif kind == 3:
                self.say("iis", at, path=SCEP, client=client, agent="Mozilla/5.0+(Windows+NT+10.0)", status="403 0 0")
            elif kind == 4:
                reason = self.chance.choice(["Timer_ConnectionIdle", "Timer_MinBytesPerSecond", "Connection_Dropped"])
                self.say("httperr", at, client=client, reason=reason, version="-", method="-")
                self.say("httperr", at, client=client, reason="BadRequest", uri="/", status="400", site="-")
            elif kind < 8:
                self.event("events", at, *self.chance.choice(NOISE_EVENTS))
                self.event(
                    "mdm",
                    at,
                    208,
                    "Information",
                    MDM,
                    "MDM Session: OMA-DM session started for EnrollmentID (1) with server: (MS DM Server).",
                )
            else:
                name = "com.microsoft.omadm.platforms.android.wifimgr.WifiProfileManager"
                self.omadm(
                    at, name, f"Skipping Wifi profile {self.chance.randrange(9)} because it is pending certificates"
                )
                self.say("ios", at, text=f"Connection {self.chance.randrange(99)}: finished", process="nsurlsessiond")
                self.say(
                    "macos",
                    at,
                    text=f"[com.apple.network:] C{self.chance.randrange(99)} event: path satisfied",
                    process="nsurlsessiond",
                )


NOISE_EVENTS = [
    (10016, "Error", "Microsoft-Windows-DistributedCOM", "The application-specific permission settings do not grant Local Activation permission for the COM Server application."),
    (7036, "Information", "Service Control Manager", "The Windows Update service entered the stopped state."),
    (1085, "Warning", "Microsoft-Windows-GroupPolicy", "Windows failed to apply the Group Policy Local Users and Groups settings."),
    (36, "Warning", "Microsoft-Windows-Time-Service", "The time service has not synchronized the system time for the last 86400 seconds."),
    (5858, "Error", "Microsoft-Windows-WMI-Activity", "Id = {00000000}; ClientMachine = NDES01; Operation = Start IWbemServices::ExecQuery; ResultCode = 0x80041032"),
    (1, "Information", NDES, "The Network Device Enrollment Service started successfully."),
    (16384, "Information", "Microsoft-Windows-Security-SPP", "Successfully scheduled Software Protection service for re-start."),
    (1534, "Warning", "Microsoft-Windows-User Profiles Service", "Profile notification of event Load for component failed, error code is See Tracelogging for error details."),
]  # fmt: skip


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)
