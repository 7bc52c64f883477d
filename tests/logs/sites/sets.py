"""The sites: what goes wrong where, and which logs of it were collected."""

# ruff: noqa: E501, E741, E743, N802, N806 - short names for the logs that are asked for again and again

import json
from datetime import timedelta

from tests.logs.sites.site import Site
from tests.logs.sites.words import AND, CAS, DLL, ENROLL_URL, IOS, NDES, WAS


def sec(n):
    return timedelta(seconds=n)


PING_OK = r"""
C:\> certutil -config "CA01.contoso.com\Contoso-Issuing-CA" -ping
Connecting to CA01.contoso.com\Contoso-Issuing-CA ...
Server "Contoso-Issuing-CA" ICertRequest2 interface is alive (15ms)
CertUtil: -ping command completed successfully.
"""
PING_BAD = r"""
C:\> certutil -config "CA01.contoso.com\Contoso-Issuing-CA" -ping
Connecting to CA01.contoso.com\Contoso-Issuing-CA ...
Server could not be reached: The RPC server is unavailable. 0x800706ba (WIN32: 1722 RPC_S_SERVER_UNAVAILABLE) -- (32ms)
CertUtil: -ping command FAILED: 0x800706ba (WIN32: 1722 RPC_S_SERVER_UNAVAILABLE)
CertUtil: The RPC server is unavailable.
"""
PROXY_OK = r"""
C:\Windows\system32>netsh winhttp show proxy

Current WinHTTP proxy settings:

    Direct access (no proxy server).
"""
ICMP = r"""
PS C:\> ping CA01.contoso.com
Pinging CA01.contoso.com [10.0.0.20] with 32 bytes of data:
Reply from 10.0.0.20: bytes=32 time<1ms TTL=128
Reply from 10.0.0.20: bytes=32 time=1ms TTL=128
Ping statistics for 10.0.0.20:
    Packets: Sent = 2, Received = 2, Lost = 0 (0% loss),
"""


def js(fails=()):
    base = [
        ("LOC01", "Local", "Administrator elevation"),
        ("LOC03", "Local", ".NET Framework 4.7.2 or later"),
        ("NDES04", "NDES", "Required NDES and IIS Windows features"),
        ("IIS01", "IIS", "SCEP application pool exists and is started"),
        ("CON02", "Connector", "Enabled connector features"),
        ("CON03", "Connector", "Connector services and startup accounts"),
        ("EVT01", "EventLog", "Certificate Connector Admin failures"),
    ]
    det = {
        "IIS01": "Available=True; Exists=True; State=Started; Error=",
        "EVT01": "No known failure event IDs in the last 2 day(s).",
    }
    bad = dict(fails)
    res = [
        {
            "Id": i,
            "Category": c,
            "Name": n,
            "Status": "Fail" if i in bad else "Pass",
            "Detail": bad.get(i, det.get(i, "")),
            "Remediation": "",
            "Case": False,
        }
        for i, c, n in base
    ]
    res.append(
        {
            "Id": "COL01",
            "Category": "Collection",
            "Name": "Diagnostic evidence prepared",
            "Status": "Info",
            "Detail": "Not requested. Specify -CollectLogs to create a local ZIP.",
            "Remediation": "",
            "Case": False,
        }
    )
    return json.dumps(
        {
            "Overall": "FAIL" if bad else "PASS",
            "Counts": {"Pass": len(res) - 1 - len(bad), "Warn": 0, "Fail": len(bad), "Info": 1},
            "Results": res,
        },
        indent=4,
    )


FOUND: list[tuple[str, int | None, Site, dict[str, bytes]]] = []
"""(name, step, site, files)"""


def S(name, **k):
    return Site(name, **k)


def end(s, step, fault, count=False, zipped=None):
    FOUND.append((s.name, step, s, s.packed(zipped) if zipped else s.files))


# ============================ healthy ============================
def healthy():
    s = S("old-full", lang="de")
    s.boot(s.at(5, 58))
    s.many(6, 15, 60)
    s.noise(5, 16, 60)
    s.out("iis", "u_ex250311.log")
    s.out("plug", "NDESPlugin.log")
    s.out("crp", "CertificateRegistrationPoint_2025-03-11_060000.svclog")
    s.out("app", "app.csv", "csv", enc="cp1252")
    s.out("sys", "system.txt", "copy", enc="cp1252")
    end(s, None, "healthy")
    s = S("new-full", conn="new", tz=-300)
    s.boot(s.at(11))
    s.many(11, 22, 60)
    s.noise(10, 23, 80)
    s.out("iis", "u_ex250311.log", v=1)
    s.out("cadm", "cc-admin.txt", "fl")
    s.out("cop", "cc-oper.txt", "fl")
    s.out("httperr", "httperr1.log")
    s.text("Test-IntuneCertificateConnector.json", js())
    end(s, None, "healthy")
    s = S("big-noisy", tz=0, conn="new")
    s.many(0, 24, 300)
    s.noise(0, 24, 100)
    s.out("iis", "u_ex250311.log", v=2, reheads=[(s.at(7, 3), 2), (s.at(13, 30), 2)])
    s.out("httperr", "httperr7.log", stream=False)
    s.out("sys", "System.csv", "csv", enc="utf-8-sig")
    end(s, None, "healthy")
    s = S("windows-device", tz=120, day="2025-06-17", conn="new")
    s.many(6, 10, 40)
    for h in (6, 7, 8):
        s.mdm(s.at(h, 20, 5))
    s.ev(
        "devapp",
        s.at(6, 0, 3),
        "Microsoft-Windows-CertificateServicesClient-CertEnroll",
        86,
        "E",
        s="CONTOSO\\PC17$",
        u="https://IFX-KeyId-3b2e.microsoftaik.azure.net/templates/Aik/scep",
        x="The server returned an invalid or unrecognized response 0x80072f78 (WinHttp: 12152 ERROR_WINHTTP_INVALID_SERVER_RESPONSE)",
    )
    s.out("mdm", "DeviceManagement-Admin.xml", "xml")
    s.out("devapp", "pc17-application.txt", "copy")
    s.out("iis", "u_ex250617.log", v=3)
    end(s, None, "healthy")
    s = S("android-proxied", proxy=True, tz=60, conn="new")
    s.many(6, 12, 50)
    s.omadm(s.at(9, 12, 8))
    s.noise(6, 12, 20)
    s.out("omadm", "OMADM.log")
    s.out("iis", "u_ex250311.log", v=4)
    s.out("cop", "operational.txt", "wev")
    end(s, None, "healthy")
    s = S("iphone", tz=60, lang="fr")
    s.many(6, 12, 25)
    s.ios(s.at(8, 4, 11))
    s.noise(5, 13, 30)
    s.boot(s.at(5, 50))
    s.out("ios", "console-iphone.txt")
    s.out("iis", "u_ex250311.log")
    s.out("app", "application.csv", "csv", enc="utf-8-sig")
    s.out("sys", "systeme.txt", "tsv", enc="utf-16-le")
    end(s, None, "healthy")
    s = S("mac", tz=-480, conn="new")
    s.many(15, 20, 30)
    s.mac(s.at(17, 1, 2))
    s.out("mac", "scep.txt")
    s.out("iis", "u_ex250311.log")
    s.out("cadm", "admin.xml", "xml", one=True)
    end(s, None, "healthy")
    s = S("restarts", tz=60)
    for h in (6, 9, 13):
        s.ev("app", s.at(h, 0, 1), NDES, 3)
        s.boot(s.at(h, 0, 9))
        s.ev("sys", s.at(h, 0, 0), WAS, 5079)
    s.many(6.1, 8.9, 30)
    s.many(9.1, 12.9, 30)
    s.many(13.1, 16, 30)
    s.noise(6, 16, 40)
    s.out("app", "ndes-events.txt", "fl", keep=lambda x: x.prov == NDES)
    s.out("sys", "was.txt", "fl")
    s.out("iis", "u_ex250311.log", v=0, reheads=[(s.at(9), 0), (s.at(13), 2)])
    s.text("checks.txt", PING_OK + PROXY_OK + ICMP)
    end(s, None, "healthy")
    s = S("cut-svclog", tz=60)
    s.many(7, 12, 45)
    s.noise(7, 12, 15)
    s.out("crp", "CertificateRegistrationPoint_2025-03-11_070000.svclog", oneline=True, cut=413)
    s.out("nconn", "NDESConnector_2025-03-11_070000.svclog", oneline=True, cut=90)
    s.out("plug", "NDESPlugin.log", enc="utf-16-le")
    s.out("iis", "u_ex250311.log", gz=True)
    end(s, None, "healthy")
    s = S("other-denied", tz=60, conn="new")
    s.many(7, 15, 70)
    for i in range(6):
        s.put(
            "cafail",
            s.at(8 + i),
            n=8800 + i,
            c="0x80094012 (-2146877422 CERTSRV_E_TEMPLATE_DENIED)",
            req=f"CONTOSO\\jdoe{i}",
            tpl="WebServer",
            msg="Denied by Policy Module",
        )
    s.out("cafail", "failed.txt")
    s.out("casec", "ca-security.csv", "csv")
    s.out("iis", "u_ex250311.log")
    s.out("cop", "oper.csv", "pscsv")
    end(s, None, "healthy")
    s = S("zipped-two-days", tz=330, conn="new")
    s.many(3, 20, 60)
    s.noise(0, 23, 40)
    s.out("iis", "u_ex250311.log", v=1)
    s.out("cop", "Operational.xml", "xml", one=True)
    s.out("cadm", "Admin.txt", "tsv", enc="utf-8-sig")
    s.out("sys", "System.txt", "copy")
    end(s, None, "healthy", zipped="bundle.zip")
    s = S("ndes-url-tester", tz=60, conn="new")
    s.boot(s.at(6))
    s.many(6.1, 12, 30)
    s.iis(
        s.at(11, 5, 2),
        "GET",
        DLL,
        "operation=PKIOperation&message=" + "A" * 1500,
        "203.0.113.9",
        "Mozilla/5.0+(Windows+NT;+Windows+NT+10.0;+en-US)+WindowsPowerShell/5.1.17763.5830",
        200,
    )
    s.ev("app", s.at(11, 5, 2.1), NDES, 17, "E")
    s.out("iis", "u_ex250311.log")
    s.out("app", "app.txt", "fl")
    s.text(
        "transcript.txt",
        "PS C:\\Tools> .\\Validate-NDESUrl.ps1 -server ndes.contoso.com\nSuccess: test of 17500 byte URL\nSuccess: test of 31000 byte URL",
    )
    end(s, None, "healthy")
    s = S("capi2-start-ok", tz=60, lang="de")
    s.crl_chain(s.at(6), "ok")
    s.boot(s.at(6, 0, 3))
    s.many(6.1, 13, 35)
    s.noise(6, 13, 30)
    s.out("capi2", "capi2.xml", "xml")
    s.out("app", "Anwendung.txt", "copy", enc="utf-16-le")
    s.out("iis", "u_ex250311.log")
    s.out("plug", "NDESPlugin.log")
    end(s, None, "healthy")
    s = S("validator-ok", tz=60)
    s.many(8, 11, 20)
    s.noise(8, 11, 10)
    s.text(
        "validate.log",
        "NDES Service Account: CONTOSO\\svc-ndes\nSuccess: NDES Service Account is a member of the local IIS_IUSR group\nSuccess: SCEP Application Pool is started.\nURL Response is 403 - Intune Connector is installed\nSuccess: MaxFieldLength is 65534",
    )
    s.out("plug", "NDESPlugin.log")
    s.out("iis", "u_ex250311.log")
    s.out("oldc", "Connector.csv", "csv")
    end(s, None, "healthy")
    s = S("other-pool-crash", tz=60, lang="de", conn="new")
    s.many(6, 14, 90)
    s.noise(6, 14, 30)
    s.ev("app", s.at(10, 2, 4), "Application Error", 1000, "E", a="splunkd.exe", m="ucrtbase.dll", c="0xc0000409")
    s.ev("sys", s.at(11, 0, 1), WAS, 5009, "W", p="HRPortal")
    s.out("app", "Anwendung.csv", "csv", enc="utf-8-sig")
    s.out("sys", "System.csv", "csv", enc="cp1252")
    s.out("iis", "u_ex250311.log", v=3)
    s.out("cadm", "Admin.txt", "copy", enc="cp1252")
    end(s, None, "healthy")


# ============================ step 1 ============================
def step1():
    s = S("mdm305", tz=60, conn="new")
    s.many(6, 12, 25)
    s.mdm(s.at(7, 1))
    s.mdm(s.at(9, 14, 2), 305, "The parameter is incorrect.")
    s.out("mdm", "mdm-admin.xml", "xml")
    s.out("iis", "u_ex250311.log")
    end(s, 1, "mdm-305")
    s = S("mdm306", tz=60, lang="de")
    s.mdm(s.at(7, 1))
    s.mdm(s.at(9, 14, 2), 306, "Zugriff verweigert")
    s.mdm(s.at(9, 44, 2), 306, "Zugriff verweigert")
    s.out("mdm", "mdm.txt", "fl", enc="utf-16-le")
    end(s, 1, "mdm-306-bad")
    s = S("mdm302", tz=-360, conn="new")
    s.many(14, 20, 30)
    s.mdm(s.at(15, 2, 4), 302, "The system cannot find the file specified.")
    s.out("mdm", "mdm.txt", "wev")
    s.out("cop", "oper.txt", "wev")
    end(s, 1, "mdm-302")
    s = S("mdm301", tz=60, lang="fr", conn="new")
    s.mdm(s.at(8))
    s.mdm(s.at(10, 15), 301, "Accès refusé.")
    s.many(6, 11, 20)
    s.out("mdm", "mdm.csv", "csv", enc="utf-8-sig")
    s.out("iis", "u_ex250311.log", v=4)
    end(s, 1, "mdm-301")


# ============================ step 2 ============================
def http(name, codes, fault, v=0, n=(80, 12), files=(), t=9.4, count=True, **k):
    s = S(name, **k)
    s.boot(s.at(5, 59))
    s.many(6, t, n[0])
    s.noise(5, 14, 50)
    s.many(t, 13, n[1], ("http", *codes))
    s.out("iis", "u_ex250311.log", v=v)
    for st, f, fmt in files:
        s.out(st, f, fmt) if fmt else s.out(st, f)
    end(s, 2, fault, count)


def step2():
    http("imp1346", (500, 0, 1346), "500-1346", files=[("app", "app.txt", "fl")])
    http(
        "imp1346-scrambled",
        (500, 0, 1346),
        "500-1346",
        v=3,
        n=(90, 20),
        conn="new",
        lang="de",
        files=[("cop", "betrieb.csv", "csv"), ("sys", "system.csv", "csv")],
    )
    http("imp1346-cacert", (500, 0, 1346, 1), "500-1346", v=2, files=[("plug", "NDESPlugin.log", None)])
    http("m403-7", (403, 7, 64), "mscep-403.7", conn="new", v=1, files=[("cadm", "admin.txt", "fl")])
    http("m401-2", (401, 2, 5), "mscep-401.2", lang="fr", v=2, files=[("app", "app.csv", "csv")])
    http("m404-2", (404, 2, 1260), "mscep-404.2", v=4)
    http("m500-19", (500, 19, 33), "mscep-500.19", v=3, conn="new")
    s = S("typo", conn="new")
    s.many(6, 13, 150, ("typo",), every=9)
    s.noise(6, 13, 40)
    s.out("iis", "u_ex250311.log")
    s.out("cop", "cop.txt", "wev")
    end(s, 1, "url-typo-404", True)
    s = S("pool-disabled", tz=60)
    s.boot(s.at(5))
    s.many(6, 10, 50)
    s.noise(5, 14, 60)
    s.many(10, 13, 15, ("httperr", 503, "Disabled"))
    s.out("httperr", "httperr2.log")
    s.out("iis", "u_ex250311.log")
    s.out("plug", "NDESPlugin.log")
    end(s, 2, "pool-disabled", True, zipped="ndes01.zip")
    s = S("pool-crash-de", tz=60, lang="de")
    s.many(6, 9, 40)
    s.noise(5, 13, 60)
    for i in range(5):
        t = s.at(9, 0, 7 + 40 * i)
        s.ev("app", t + sec(0.2), "Application Error", 1000, "E", True, c="0xc0000005")
        s.ev("sys", t + sec(0.6), WAS, 5009, "W", True)
        s.put(
            "httperr",
            t + sec(0.6),
            True,
            ip=f"10.40.9.{20 + i}",
            line=f"HTTP/1.1 GET {DLL}?operation=GetCACaps&message=ca",
            c="-",
            reason="Connection_Abandoned_By_ReqQueue",
            q="SCEP",
        )
    s.ev("sys", s.at(9, 2, 49), WAS, 5002, "E", True)
    s.many(9.06, 12, 9, ("httperr", 503, "AppOffline"))
    s.out("app", "Anwendung.csv", "csv", enc="cp1252")
    s.out("sys", "System.csv", "csv", enc="cp1252")
    s.out("httperr", "httperr1.log", stream=False)
    s.out("iis", "u_ex250311.log")
    end(s, 2, "pool-crash")
    s = S("pool-crash-sysonly", tz=-300, conn="new")
    s.many(12, 18, 30)
    s.noise(12, 20, 60)
    for i in range(5):
        s.ev("sys", s.at(18, 1, 3 + 30 * i), WAS, 5009, "W", True)
    s.ev("sys", s.at(18, 3, 5), WAS, 5002, "E", True)
    s.out("sys", "system.txt", "fl")
    s.out("iis", "u_ex250311.log")
    s.out("cadm", "admin.txt", "fl")
    end(s, 2, "pool-crash")
    for nm, lang, fmt, enc in (
        ("ra-expired", "en", "fl", "utf-8"),
        ("ra-expired-fr", "fr", "csv", "utf-8-sig"),
        ("ra-expired-de-copy", "de", "copy", "cp1252"),
    ):
        s = S(nm, lang=lang, tz=60)
        s.boot(s.at(5))
        s.many(6, 9, 40)
        s.noise(5, 13, 50)
        s.ev("app", s.at(9, 0, 1), NDES, 3)
        r = s.at(9, 2, 11)
        s.fail_start(r + sec(0.2), "10")
        s.iis(r + sec(0.4), "GET", DLL, "operation=GetCACaps&message=ca", "10.40.77.9", AND[0], 500, 0, 0, True)
        s.many(9.1, 12, 10, ("http", 500, 0, 0))
        s.out("app", "app." + ("csv" if fmt == "csv" else "txt"), fmt, enc=enc)
        s.out("iis", "u_ex250311.log", v=2)
        end(s, 2, "ra-certificates")
    s = S("ca-at-start", tz=60)
    s.boot(s.at(5))
    s.many(6, 8, 30)
    s.ev("app", s.at(8, 29, 50), NDES, 3)
    t = s.at(8, 30, 14)
    s.fail_start(t + sec(0.1), "8")
    s.iis(t + sec(0.5), "GET", DLL, "operation=GetCACaps&message=ca", "10.40.77.9", AND[0], 500, 0, 0, True)
    s.many(8.6, 12, 14, ("http", 500, 0, 0))
    s.noise(5, 13, 20)
    s.out("app", "application.txt", "wev")
    s.out("iis", "u_ex250311.log", v=1)
    s.text("ca-test.txt", ICMP + PING_BAD)
    end(s, 2, "ca-unreachable-at-start")
    for nm, how, kw, ok in (
        ("crl-down", "unreachable", {}, {}),
        ("crl-expired", "expired", {"pretty": True}, {"lang": "de"}),
        ("crl-down-one", "unreachable", {"one": True}, {"tz": -300}),
    ):
        s = S(nm, **ok)
        s.boot(s.at(12))
        s.many(12.1, 15, 35)
        s.ev("app", s.at(15, 0, 1), NDES, 3)
        t = s.at(15, 1, 4)
        s.crl_chain(t, how)
        s.iis(t + sec(17), "GET", DLL, "operation=GetCACaps&message=ca", "10.40.77.9", AND[0], 500, 0, 0, True)
        s.many(15.1, 18, 9, ("http", 500, 0, 0))
        s.noise(11, 19, 30)
        s.out("capi2", "capi2.xml", "xml", **kw)
        s.out("app", "app.xml", "xml")
        s.out("iis", "u_ex250311.log")
        end(s, 2, "crl-" + how)
    s = S("query-404-15", conn="new")
    s.many(5, 15, 60, ("pki", 404, 15, 0, True), plats="i")
    s.noise(5, 15, 50)
    s.out("iis", "u_ex250311.log")
    s.out("cop", "op.xml", "xml")
    end(s, 2, "404.15", True)
    s = S("iphone-22013-404-15", proxy=True)
    s.many(5, 8, 30, plat="a")
    s.ios(s.at(8, 9, 11), ("The SCEP server returned an invalid response.", 22013))
    for d, o in ((0.2, "GetCACert"), (1, "GetCACaps")):
        s.iis(s.at(8, 9, 11 + d), "GET", DLL, f"operation={o}&message=SCEP%20Authority", "10.0.0.50", IOS[0], 200)
    s.iis(
        s.at(8, 9, 13.4),
        "GET",
        DLL,
        "operation=PKIOperation&message=MIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglghkgBZQMEAgMFADCABgkq" + "B" * 2300,
        "10.0.0.50",
        IOS[0],
        404,
        15,
        0,
        True,
    )
    s.out("ios", "iphone.txt")
    s.out("iis", "u_ex250311.log")
    end(s, 2, "404.15")
    s = S("httperr-requestlength", conn="new")
    s.many(6, 13, 60, ("pkierr", 400, "RequestLength"), plats="i")
    s.noise(6, 13, 40)
    s.out("httperr", "httperr3.log")
    s.out("iis", "u_ex250311.log")
    s.out("cadm", "adm.csv", "csv")
    end(s, 2, "http.sys-limits")
    s = S("post-413", conn="new")
    s.many(6, 9, 40)
    s.many(9, 13, 20, ("pki", 413, 1, 0), plats="aw")
    s.noise(6, 13, 30)
    s.out("iis", "u_ex250311.log", v=1)
    end(s, 2, "413")
    s = S("post-404-13", tz=0)
    s.many(6, 9, 40)
    s.many(9, 13, 12, ("pki", 404, 13, 0), plat="a")
    s.noise(6, 13, 30)
    s.out("iis", "u_ex250311.log", v=3)
    s.out("plug", "NDESPlugin.log")
    end(s, 2, "404.13", True)
    for nm, o, f in (
        (
            "android-trust",
            "Encountered exception: javax.net.ssl.SSLHandshakeException: java.security.cert.CertPathValidatorException: Trust anchor for certification path not found.",
            "device-trust",
        ),
        ("android-504", "Received '504 Gateway Timeout' when sending GetCACaps(ca) to {u}", "app-proxy-504"),
        ("android-302", "Received '302 Found' when sending GetCACaps(ca) to {u}", "app-proxy-preauth"),
        ("android-502", "Received '502 Bad Gateway' when sending GetCACaps(ca) to {u}", "app-proxy-502"),
        (
            "android-dns",
            'Encountered exception: java.net.UnknownHostException: Unable to resolve host "ndes-contoso.msappproxy.net": No address associated with hostname',
            "dns",
        ),
        (
            "android-timeout",
            "Encountered exception: java.net.SocketTimeoutException: failed to connect to ndes-contoso.msappproxy.net/20.50.2.9 (port 443) after 60000ms",
            "network-blocked",
        ),
    ):
        s = S(nm, proxy=True, conn="new", host="ndes-contoso.msappproxy.net")
        s.many(6, 9, 30)
        s.omadm(s.at(8, 1))
        s.omadm(s.at(10, 14, 3), o)
        s.omadm(s.at(10, 44, 9), o)
        s.noise(5, 13, 40)
        s.out("omadm", "OMADM.log")
        s.out("iis", "u_ex250311.log")
        s.out("cop", "oper.txt", "fl")
        end(s, 2, f)
    s = S("pool-identity-de", lang="de", tz=60)
    s.many(6, 10, 30)
    s.noise(5, 13, 40)
    s.ev("sys", s.at(10, 30, 5), WAS, 5021, "W", True)
    s.ev("sys", s.at(10, 30, 5.4), WAS, 5057, "E", True)
    s.many(10.52, 13, 10, ("httperr", 503, "AppOffline"))
    s.out("sys", "System.txt", "tsv", enc="utf-16-le")
    s.out("httperr", "httperr1.log")
    s.out("iis", "u_ex250311.log")
    end(s, 2, "pool-identity-5021")
    s = S("binding-15021", tz=60, conn="new")
    s.many(6, 10, 40)
    s.noise(5, 10, 40)
    for i in range(6):
        s.ev("sys", s.at(10, 5 + 7 * i, 1), "Microsoft-Windows-HttpEvent", 15021, "E", True)
    s.out("sys", "system.csv", "csv")
    s.out("iis", "u_ex250311.log")
    end(s, 2, "binding-15021")
    s = S("tls-key-36870-fr", tz=60, lang="fr")
    s.many(6, 10, 40)
    s.noise(5, 10, 20)
    for i in range(9):
        s.ev("sys", s.at(10, 2 + 3 * i, 1), "Schannel", 36870, "E", True)
    s.out("sys", "systeme.txt", "copy", enc="cp1252")
    s.out("iis", "u_ex250311.log")
    end(s, 2, "tls-key-36870")
    s = S("mdm308", tz=60, conn="new")
    s.many(6, 12, 20)
    s.mdm(s.at(7))
    s.mdm(s.at(9, 3), 308, "The server name or address could not be resolved", stop=36)
    s.out("mdm", "mdm.xml", "xml", one=True)
    s.out("iis", "u_ex250311.log")
    end(s, 2, "mdm-308")
    s = S("mdm32-noconnect", tz=120, day="2025-06-17")
    s.mdm(s.at(6))
    s.mdm(s.at(9, 3), 32, "A connection with the server could not be established", stop=36)
    s.out("mdm", "mdm.txt", "copy")
    end(s, 2, "mdm-32-connect")
    s = S("certenroll86", tz=60, conn="new")
    s.many(6, 12, 20)
    s.mdm(s.at(7))
    s.ev(
        "devapp",
        s.at(9, 3, 1),
        "Microsoft-Windows-CertificateServicesClient-CertEnroll",
        86,
        "E",
        True,
        s="CONTOSO\\PC04$",
        u=ENROLL_URL.format(h=s.host),
        x="The server name or address could not be resolved 0x80072ee7 (WinHttp: 12007 ERROR_WINHTTP_NAME_NOT_RESOLVED)",
    )
    s.ev(
        "devapp",
        s.at(8, 0, 3),
        "Microsoft-Windows-CertificateServicesClient-CertEnroll",
        86,
        "E",
        s="CONTOSO\\PC04$",
        u="https://AMD-KeyId-578c.microsoftaik.azure.net/templates/Aik/scep",
        x="Not found (404). 0x80190194 (-2145844844 HTTP_E_STATUS_NOT_FOUND)",
    )
    s.out("devapp", "application-pc04.txt", "fl")
    s.out("iis", "u_ex250311.log")
    end(s, 2, "certenroll-86")
    s = S("iphone-22005", tz=60)
    s.many(6, 12, 20)
    s.ios(s.at(8))
    s.ios(s.at(9, 0, 4), ("A network error has occurred.", 22005), 1)
    s.out("ios", "konsole.txt")
    s.out("iis", "u_ex250311.log")
    end(s, 2, "ios-22005")
    s = S("mac-15001", tz=-420, conn="new")
    s.many(15, 20, 20)
    s.mac(s.at(16))
    s.mac(s.at(18, 2, 7), 15001)
    s.out("mac", "scep.txt")
    s.out("iis", "u_ex250311.log")
    end(s, 2, "mac-15001")
    s = S("json-pool", tz=60, conn="new")
    s.many(6, 9, 40)
    s.noise(5, 9, 20)
    s.out("iis", "u_ex250311.log")
    s.out("cop", "oper.txt", "fl")
    s.text("diag.json", js([("IIS01", "Available=True; Exists=True; State=Stopped; Error=")]), bad='"State')
    d = s.files["diag.json"].decode().split("\r\n")
    i = next(i for i, l in enumerate(d) if "IIS01" in l)
    s.timeless = [("diag.json", i, i + 8)]
    end(s, 2, "pool-stopped-json")
    s = S("validator-pool", tz=60)
    s.many(6, 9, 30)
    s.out("plug", "NDESPlugin.log")
    s.text(
        "validate.txt",
        "Success: NDES Service Account is a member of the local IIS_IUSR group\nError: SCEP Application Pool is stopped!\nPlease start the SCEP application pool via IIS Management Console.\nSuccess: MaxFieldLength is 65534",
        bad="is stopped!",
    )
    end(s, 2, "pool-stopped-validator")
    s = S("one-bad-node", tz=60, conn="new")
    s.many(6, 12, 120)
    s.out("iis", "NDES01-u_ex250311.log")
    s.st.pop("iis")
    s.many(6, 9, 60)
    s.many(9, 12, 60, ("http", 500, 0, 1346))
    s.noise(6, 12, 20)
    s.out("iis", "NDES02-u_ex250311.log")
    end(s, 2, "500-1346", True)


# ============================ step 3 ============================
SIGN = "Signing certificate could not be retrieved. System.Security.Cryptography.CryptographicException: m_safeCertContext is an invalid handle. at System.Security.Cryptography.X509Certificates.X509Certificate.ThrowIfContextInvalid() at Microsoft.ConfigurationManager.CertRegPoint.CRPCertificate.RetrieveSigningCert(String certThumbprint)"


def s3(name, out, fault, files, n=(50, 12), every=None, count=True, **k):
    s = S(name, **k)
    s.boot(s.at(5))
    s.noise(5, 14, 40)
    if every:
        s.many(6, 13, sum(n), out, every=every)
    else:
        s.many(6, 9.5, n[0])
        s.many(9.5, 13, n[1], out)
    for f in files:
        s.out(*f[:2], **(f[2] if len(f) > 2 else {}))
    end(s, 2 if fault == "event-29" else 3, fault, count)


def step3():
    def I(**k):
        return ("iis", "u_ex250311.log", k)

    def P(**k):
        return ("plug", "NDESPlugin.log", k)

    def C(**k):
        return ("crp", "CertificateRegistrationPoint_2025-03-11_050000.svclog", k)

    def A(f="fl", **k):
        return ("app", "app.txt", dict(fmt=f, **k))

    s3("crp403-16", ("crp", 403, 16, 2148204809), "403.16", [I(), P(), C()])
    s3("crp403-16-iis", ("crp", 403, 16, 2148204809), "403.16", [I(v=3)], n=(60, 12))
    s3("crp403-16-plugin", ("crp", 403, 16, 2148204809), "403.16", [P(enc="utf-16-le")], tz=-480)
    s3("crp403-7", ("crp", 403, 7, 5), "crp-403.7", [I(v=1), P()])
    s3("crp403-13", ("crp", 403, 13, 2148081683), "crp-403.13", [I(v=2), P(), A()], lang="de")
    s3("crp403-17", ("crp", 403, 17, 2148204801), "crp-403.17", [I(), P(), C(oneline=True)])
    s3("crp401", ("crp", 401, 2, 5), "crp-401", [I(), P()], tz=120, day="2025-06-17")
    s3("crp404", ("crp", 404, 0, 2), "crp-404", [I(v=4), P()])
    s3(
        "cn12175",
        ("winhttp", 12175, "WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID"),
        "12175-cn",
        [I(), P(), C()],
        tz=-300,
    )
    s3("date12175", ("winhttp", 12175, "WINHTTP_CALLBACK_STATUS_FLAG_CERT_DATE_INVALID"), "12175-date", [P()], tz=330)
    s3("wh12029", ("winhttp", 12029, ""), "12029", [I(v=1), P()], every=6)
    s3("wh12002", ("winhttp", 12002, ""), "12002", [I(gz=True), P()], every=10, n=(100, 0))
    s3("sign-false", ("false", SIGN), "signing-cert", [I(), P(), C()])
    s3("sign-false-cut", ("false", SIGN), "signing-cert", [C(oneline=True, cut=700)], count=False)
    s3(
        "sign-20502-fr",
        ("false", SIGN),
        "signing-cert",
        [("oldc", "connecteur.csv", dict(fmt="csv", enc="utf-8-sig")), I()],
        lang="fr",
    )
    s3(
        "expired-411",
        ("expired",),
        "challenge-expired",
        [("oldc", "connector.txt", dict(fmt="wev")), P(), C()],
        every=25,
        n=(75, 0),
    )
    s3("e29", ("e29",), "event-29", [A(), I(v=2)], conn="none")
    s3("e29-de", ("e29",), "event-29", [A("csv", enc="cp1252"), I()], conn="none", lang="de", every=8)
    s3(
        "v4005",
        ("v4005", "\nHttp response: 503"),
        "4005",
        [("cop", "oper.xml", dict(fmt="xml")), ("cadm", "admin.xml", dict(fmt="xml")), I()],
        conn="new",
        tz=-300,
    )
    s3(
        "v4005-de",
        ("v4005", ""),
        "4005",
        [("cop", "betrieb.txt", dict(fmt="copy", enc="cp1252")), I(v=3)],
        conn="new",
        lang="de",
        every=5,
    )
    s3("v4001-4005-pscsv", ("v4005", ""), "4005", [("cop", "op.csv", dict(fmt="pscsv"))], conn="new", n=(60, 12))
    # CRP 500 + ASP.NET 1310
    s = S("crp500", tz=60)
    s.many(6, 9, 30)
    s.noise(5, 13, 20)
    s.many(9, 12, 9, ("crp", 500, 0, 0))
    first = min(x.t for x in s.st["iis"] if x.bad)
    s.ev("app", first, "ASP.NET 4.0.30319.0", 1310, "W", True, c="3/11/2025 10:00:00 AM")
    s.out("iis", "u_ex250311.log")
    s.out("plug", "NDESPlugin.log")
    s.out("app", "app.txt", "copy")
    end(s, 3, "crp-500", True)
    # CAPI2 30, policy certificate expired, then 403.17
    s = S("capi2-policy-expired", tz=60)
    s.many(6, 9, 30)
    s.many(9, 12, 9, ("crp", 403, 17, 2148204801))
    first = min(x.t for x in s.st["iis"] if x.bad)
    s.capi2(
        first - sec(0.2),
        30,
        "E",
        '<CertVerifyCertificateChainPolicy><Policy type="CERT_CHAIN_POLICY_SSL"/><Certificate fileRef="9.cer" subjectName="ndes01.contoso.com"/><EventAuxInfo ProcessName="w3wp.exe"/><Result value="800B0101">A required certificate is not within its validity period when verifying against the current system clock or the timestamp in the signed file.</Result></CertVerifyCertificateChainPolicy>',
        True,
    )
    s.out("capi2", "capi2.xml", "xml", pretty=True)
    s.out("iis", "u_ex250311.log")
    end(s, 3, "policy-cert-expired", True)
    # event 29 seen by the device too
    s = S("e29-android", tz=60, conn="none")
    s.many(6, 9, 20)
    s.omadm(s.at(9, 10), "refused")
    t = s.at(9, 10)
    for d, m, o in (
        (0.6, "GET", "operation=GetCACaps&message=ca"),
        (1.4, "GET", "operation=GetCACert&message=ca"),
        (5.1, "POST", "operation=PKIOperation"),
    ):
        s.iis(t + sec(d), m, DLL, o, "10.41.0.9", AND[0], 200)
    s.ev("app", t + sec(4.9), NDES, 29, "W", True)
    s.out("omadm", "OMADM.log")
    s.out("app", "app.csv", "csv")
    s.out("iis", "u_ex250311.log")
    end(s, 2, "event-29", False)


# ============================ steps 4, 5, 6 ============================
RPC = ("ca", "0x800706ba", "The RPC server is unavailable.", None, "")
UNS = (
    "ca",
    "0x80094800",
    "The requested certificate template is not supported by this CA.",
    "0x80094800 (-2146875392 CERTSRV_E_UNSUPPORTED_CERT_TYPE)",
    "The requested certificate template is not supported by this CA.",
)
DEN = (
    "ca",
    "0x80094012",
    "The permissions on the certificate template do not allow the current user to enroll for this type of certificate.",
    "0x80094012 (-2146877422 CERTSRV_E_TEMPLATE_DENIED)",
    "The permissions on the certificate template do not allow the current user to enroll for this type of certificate.",
)
KEY = (
    "ca",
    "0x80094811",
    "The public key does not meet the minimum size required by the specified certificate template.",
    "0x80094811 (-2146875375 CERTSRV_E_KEY_LENGTH)",
    "The public key does not meet the minimum size required by the specified certificate template.",
)


def step4():
    def ca(name, out, fault, files, every=None, count=True, n=(50, 12), extra=None, **k):
        s = S(name, **k)
        s.boot(s.at(5))
        s.noise(5, 14, 40)
        s.many(6, 13, sum(n), out, every=every) if every else (s.many(6, 9.5, n[0]), s.many(9.5, 13, n[1], out))
        for f in files:
            s.out(*f[:2], **(f[2] if len(f) > 2 else {}))
        if extra:
            s.text("certutil.txt", extra)
        end(s, 4, fault, count)

    def I(**k):
        return ("iis", "u_ex250311.log", k)

    P = ("plug", "NDESPlugin.log")

    def A(f="fl", **k):
        return ("app", "ndes-app.txt", dict(fmt=f, **k))

    def CAE(f="fl", **k):
        return ("ca", "ca-app.txt", dict(fmt=f, **k))

    ca("rpc31", RPC, "event-31-rpc", [A(), I(), P], extra=ICMP + PING_BAD)
    ca("rpc31-de", RPC, "event-31-rpc", [A("csv", enc="cp1252"), I(v=3)], lang="de", every=9)
    ca("template-unsupported", UNS, "0x80094800", [A("wev"), CAE("wev"), I(), ("cafail", "failed.txt")])
    ca("template-denied", DEN, "0x80094012", [CAE("copy", enc="cp1252"), I(), P], lang="de", tz=60)
    ca(
        "template-denied-new",
        DEN,
        "0x80094012",
        [("cop", "op.txt", dict(fmt="fl")), ("cadm", "adm.txt", dict(fmt="fl")), A(), CAE(), I()],
        conn="new",
        tz=-300,
    )
    ca("key-length", KEY, "0x80094811", [("cafail", "failed.txt"), I()], every=7)
    ca(
        "iss4007",
        ("iss4007",),
        "4007",
        [("cop", "op.xml", dict(fmt="xml", one=True)), ("cadm", "adm.xml", dict(fmt="xml", one=True)), I(v=1)],
        conn="new",
    )
    ca(
        "iss4007-fr",
        ("iss4007",),
        "4007",
        [("cop", "op.csv", dict(fmt="csv", enc="utf-8-sig"))],
        conn="new",
        lang="fr",
        every=12,
    )
    s = S("ca-100-start", tz=60)
    s.many(6, 9, 30)
    s.ev("ca", s.at(5), CAS, 26)
    s.ev("ca", s.at(9, 2, 7), CAS, 100, "E", True)
    s.many(9.1, 12, 9, RPC)
    s.noise(5, 12, 10)
    s.out("ca", "CA01-application.xml", "xml")
    s.out("app", "NDES01-application.xml", "xml")
    s.out("iis", "u_ex250311.log")
    end(s, 4, "ca-service-not-started", True)
    s = S("pending", tz=60, conn="old")
    s.many(6, 9, 20)
    s.many(9, 12, 6, ("pending",))
    s.out("casec", "ca-security.csv", "csv")
    s.out("iis", "u_ex250311.log")
    end(s, 4, "pending")


def step5():
    s = S("mdm32-after-38", tz=60, conn="new")
    s.many(6, 12, 20)
    s.mdm(s.at(7))
    s.mdm(s.at(9, 3), 32, "The data is invalid.", stop=38)
    s.mdm(s.at(10, 3), 32, "The data is invalid.", stop=38)
    s.out("mdm", "mdm.xml", "xml")
    s.out("iis", "u_ex250311.log")
    end(s, 5, "mdm-32-install")
    s = S("mdm32-after-38-fr", tz=60, lang="fr")
    s.mdm(s.at(7))
    s.mdm(s.at(9, 3), 32, "Le fichier spécifié est introuvable.", stop=38)
    s.many(6, 12, 15)
    s.out("mdm", "mdm.csv", "csv", enc="utf-8-sig")
    s.out("plug", "NDESPlugin.log")
    end(s, 5, "mdm-32-install")
    s = S("android-install", tz=60, conn="new")
    s.many(6, 12, 20)
    s.omadm(s.at(7))
    s.omadm(s.at(10, 0, 2), "install")
    s.out("omadm", "OMADM.log")
    s.out("cop", "op.txt", "fl")
    s.out("iis", "u_ex250311.log")
    end(s, 5, "android-install")
    s = S("iphone-22007", tz=60, conn="new")
    s.many(6, 12, 20)
    s.ios(s.at(7))
    s.ios(s.at(9, 0, 4), ("The signed certificate is invalid.", 22007))
    s.out("ios", "iphone.txt")
    s.out("cadm", "adm.txt", "wev")
    end(s, 5, "ios-22007")
    s = S("iphone-22008", tz=-300)
    s.ios(s.at(14))
    s.ios(s.at(16, 0, 4), ("The identity could not be created.", 22008))
    s.out("ios", "iphone.txt")
    end(s, 5, "ios-22008")


def step6():
    def r(name, out, fault, files, every=None, n=(50, 12), **k):
        s = S(name, **k)
        s.boot(s.at(5))
        s.noise(5, 14, 40)
        s.many(6, 13, sum(n), out, every=every) if every else (s.many(6, 9.5, n[0]), s.many(9.5, 13, n[1], out))
        for f in files:
            s.out(*f[:2], **(f[2] if len(f) > 2 else {}))
        end(s, 6, fault)

    def I(**k):
        return ("iis", "u_ex250311.log", k)

    r("notify500", ("notify", 500, 0, 0), "notify-500", [I(), ("plug", "NDESPlugin.log")])
    r("notify403", ("notify", 403, 16, 2148204809), "notify-403", [I(v=3)], every=15, n=(150, 0))
    r(
        "notify-12002",
        ("notifyhttp", 12002),
        "notify-12002",
        [("plug", "NDESPlugin.log", dict(enc="utf-16-le"))],
        tz=-300,
    )
    r(
        "n20602-de",
        ("notify", 500, 0, 0),
        "20602",
        [("oldc", "Connector.txt", dict(fmt="copy", enc="cp1252"))],
        lang="de",
    )
    r(
        "n4009",
        ("n4009", "\nHttp response: 407"),
        "4009-4002",
        [("cop", "op.txt", dict(fmt="fl")), ("cadm", "adm.txt", dict(fmt="fl")), I()],
        conn="new",
    )
    r("n4010", ("n4010",), "4010", [("cop", "op.xml", dict(fmt="xml")), I()], conn="new", tz=330, every=20, n=(100, 0))
    r("n4002-de", ("n4009", ""), "4002", [("cadm", "adm.csv", dict(fmt="csv", enc="cp1252"))], conn="new", lang="de")
    r(
        "upload-svclog",
        (
            "upload",
            "Upload failed. System.Net.WebException: The remote server returned an error: (407) Proxy Authentication Required. at System.Net.HttpWebRequest.GetResponse()",
        ),
        "upload",
        [
            ("nconn", "NDESConnector_2025-03-11_050000.svclog"),
            ("crp", "CertificateRegistrationPoint_2025-03-11_050000.svclog"),
            I(),
        ],
    )
    r(
        "upload-20302",
        ("upload", "Upload failed. System.Net.WebException: Unable to connect to the remote server"),
        "20302",
        [("oldc", "connector.txt", dict(fmt="wev")), I(gz=True)],
    )


def two():
    s = S("two-2-then-4", tz=60)
    s.boot(s.at(5))
    s.many(6, 8, 25)
    s.many(8, 8.6, 8, ("httperr", 503, "Disabled"))
    s.many(8.7, 13, 40)
    s.many(13, 15, 9, DEN)
    s.noise(5, 15, 40)
    s.out("httperr", "httperr1.log")
    s.out("iis", "u_ex250311.log")
    s.out("app", "app.txt", "fl")
    s.out("ca", "ca.txt", "fl")
    end(s, 2, "two: pool, template")
    s = S("two-3-then-6", tz=60)
    s.many(6, 8, 25)
    s.many(8, 9, 7, ("winhttp", 12175, "WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID"))
    s.many(9, 12, 30)
    s.many(12, 14, 9, ("notify", 500, 0, 0))
    s.noise(5, 15, 30)
    s.out("plug", "NDESPlugin.log")
    s.out("iis", "u_ex250311.log", v=2)
    end(s, 3, "two: 12175, notify")
    s = S("two-4-then-2", tz=-300, conn="new")
    s.many(12, 14, 25)
    s.many(14, 15, 6, ("iss4007",))
    s.many(15, 18, 30)
    s.many(18, 20, 9, ("http", 500, 0, 1346))
    s.noise(11, 21, 30)
    s.out("cop", "op.xml", "xml")
    s.out("iis", "u_ex250311.log", v=1)
    end(s, 4, "two: 4007, 1346")
    s = S("two-6-then-3", tz=60, conn="new", lang="de")
    s.many(6, 8, 25)
    s.many(8, 9, 7, ("n4009", ""))
    s.many(9, 12, 30)
    s.many(12, 14, 9, ("v4005", ""))
    s.out("cop", "betrieb.txt", "copy", enc="cp1252")
    s.out("cadm", "admin.txt", "copy", enc="cp1252")
    end(s, 6, "two: 4009, 4005")
    s = S("recovered-401", tz=60, conn="new")
    s.many(6, 9, 60)
    s.many(9, 9.4, 6, ("http", 401, 2, 5))
    s.many(9.5, 15, 90)
    s.noise(5, 15, 40)
    s.out("iis", "u_ex250311.log")
    s.out("cop", "op.txt", "wev")
    end(s, 2, "mscep-401.2, mended later", True)


def composed():
    """(name, step or None where all is well, the site, its files) of every site."""
    FOUND.clear()
    for some in (healthy, step1, step2, step3, step4, step5, step6, two):
        some()
    return list(FOUND)
