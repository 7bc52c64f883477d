"""A site and its enrolments: what each program writes of one, whatever happens to it."""

# ruff: noqa: E501, A002, C901, N806 - what programs say, and all that can happen to one enrolment, is easier to compare in one place

import base64
import random
from datetime import datetime, timedelta

from tests.logs.sites.forms import Forms
from tests.logs.sites.words import CAS, CC, CRP, DLL, ENROLL_URL, LANG, MDM, MODEL, NDES, OLDC, UA, WAS, T


class Item:
    def __init__(self, t, bad=False, **k):
        self.t, self.bad = t, bad
        self.__dict__.update(k)


class Site(Forms):
    """One site. `tz`: minutes east of UTC of its servers. Streams collect items; `save` writes chosen ones."""

    def __init__(self, name, day="2025-03-11", tz=60, lang="en", conn="old", proxy=False, host="ndes.contoso.com"):
        self.name, self.tz, self.lang, self.conn, self.proxy = name, tz, lang, conn, proxy
        self.r = random.Random(name)
        self.day = datetime.fromisoformat(day)
        self.host, self.n, self.stops, self.req = host, 0, 0, 2000
        self.st, self.files, self.zips = {}, {}, []
        self.accept, self.timeless = [], []

    # -- streams ---------------------------------------------------------
    def put(self, s, t, bad=False, **k):
        self.st.setdefault(s, []).append(Item(t, bad, **k))

    def at(self, h, m=0, s=0.0):
        return self.day + timedelta(hours=h, minutes=m, seconds=s)

    def ev(self, stream, t, prov, id, level="I", bad=False, **k):
        k = {
            "c": "",
            "x": "",
            "p": "SCEP",
            "n": "",
            "s": "",
            "u": ENROLL_URL.format(h=self.host),
            "a": "w3wp.exe",
            "m": "ntdll.dll",
            **k,
        }
        self.put(stream, t, bad, prov=prov, id=id, level=level, msg=T[(prov, id)][LANG[self.lang]].format(**k))

    def iis(
        self, t, method, stem, query, ip, ua, code, sub=0, win=0, bad=False, user="-", port=443, ms=None, size=None
    ):
        self.put(
            "iis",
            t,
            bad,
            m=method,
            stem=stem,
            q=query or "-",
            ip=ip,
            ua=ua,
            c=(code, sub, win),
            user=user,
            port=port,
            ms=ms if ms is not None else self.r.randint(3, 900),
            size=size or self.r.choice([421, 186, 3567, 3909, 2713, 1233]),
        )

    def plug(self, t, text, bad=False, type=1, th=4316):
        self.put("plug", t, bad, text=text, type=type, th=th)

    def svc(self, t, text, bad=False, level=8, s="crp"):
        self.put(s, t, bad, text=text, level=level)

    def boot(self, t):
        self.ev("app", t, NDES, 47)
        self.ev("app", t, NDES, 48)
        self.ev("app", t, NDES, 1)

    def capi2(self, t, id, level, xml, bad=False):
        self.put(
            "capi2",
            t,
            bad,
            prov="Microsoft-Windows-CAPI2",
            id=id,
            level=level,
            xml="<UserData>" + xml + "</UserData>",
            msg='For more details for this event, please refer to the "Details" section',
        )

    def crl_chain(self, t, how):
        """The trace of an NDES start; `how`: ok, unreachable, expired."""
        u = "http://pki.contoso.com/CertEnroll/Issuing-CA.crl"
        for d, i, n in (
            (0, 90, "X509Objects"),
            (0.1, 70, "CryptAcquireCertificatePrivateKey"),
            (0.2, 10, "CertGetCertificateChainStart"),
            (0.3, 40, "CertVerifyRevocationStart"),
            (0.4, 52, "CryptRetrieveObjectByUrlWireStart"),
        ):
            self.capi2(t + timedelta(seconds=d), i, "I", f'<{n}><EventAuxInfo ProcessName="w3wp.exe"/></{n}>')
        if how == "unreachable":
            self.capi2(
                t + timedelta(seconds=15.4),
                53,
                "E",
                f'<CryptRetrieveObjectByUrlWire><URL scheme="http">{u}</URL><EventAuxInfo ProcessName="w3wp.exe"/><Result value="80072EE2">The operation timed out</Result></CryptRetrieveObjectByUrlWire>',
                True,
            )
            end = 15.6
        elif how == "expired":
            self.capi2(
                t + timedelta(seconds=0.9),
                53,
                "I",
                f'<CryptRetrieveObjectByUrlWire><URL scheme="http">{u}</URL><EventAuxInfo ProcessName="w3wp.exe"/></CryptRetrieveObjectByUrlWire>',
            )
            self.capi2(
                t + timedelta(seconds=1),
                42,
                "E",
                '<CertRejectedRevocationInfo><SubjectCertificate fileRef="1.cer" subjectName="NDES01-MSCEP-RA"/><Action name="CheckTimeValidity"/><EventAuxInfo ProcessName="w3wp.exe"/><Result value="80092013">The revocation function was unable to check revocation because the revocation server was offline.</Result></CertRejectedRevocationInfo>',
                True,
            )
            end = 1.2
        else:
            self.capi2(
                t + timedelta(seconds=0.9),
                53,
                "I",
                f'<CryptRetrieveObjectByUrlWire><URL scheme="http">{u}</URL><EventAuxInfo ProcessName="w3wp.exe"/></CryptRetrieveObjectByUrlWire>',
            )
            self.capi2(
                t + timedelta(seconds=1),
                41,
                "I",
                '<CertVerifyRevocation><EventAuxInfo ProcessName="w3wp.exe"/><Result value="0"></Result></CertVerifyRevocation>',
            )
            return
        self.capi2(
            t + timedelta(seconds=end),
            41,
            "E",
            '<CertVerifyRevocation><EventAuxInfo ProcessName="w3wp.exe"/><Result value="80092013">The revocation function was unable to check revocation because the revocation server was offline.</Result></CertVerifyRevocation>',
            True,
        )
        self.capi2(
            t + timedelta(seconds=end + 0.1),
            11,
            "E",
            '<CertGetCertificateChain><EventAuxInfo ProcessName="w3wp.exe"/><Result value="80092013">The revocation function was unable to check revocation because the revocation server was offline.</Result></CertGetCertificateChain>',
            True,
        )
        self.fail_start(t + timedelta(seconds=end + 0.3), "8")

    def fail_start(self, t, how):
        if how == "8":
            self.ev("app", t, NDES, 8, "E", True)
            c, x = "0x80004005", ("Unspecified error", "Unbekannter Fehler", "Erreur non spécifiée")
        else:
            self.ev("app", t, NDES, 10, "E", True)
            c, x = "0x80070057", ("The parameter is incorrect.", "Falscher Parameter.", "Paramètre incorrect.")
        self.ev("app", t + timedelta(seconds=0.02), NDES, 2, "E", True, c=c, x=x[LANG[self.lang]])

    # -- one enrolment ---------------------------------------------------
    def flow(self, t, plat=None, out=None, dev=True):
        """`out`: None = good, else (kind, *args). Returns ip."""
        r, plat = self.r, plat or self.r.choice("aaiww")
        self.n += 1
        ip = "10.0.0.50" if self.proxy else f"10.40.{self.n // 240 % 250}.{10 + self.n % 240}"
        ua, k = r.choice(UA[plat]), (out or ("ok",))[0]
        stem = DLL + ("/pkiclient.exe" if plat == "w" else "")
        msg = {"a": "ca", "i": "SCEP%20Authority", "w": "default"}[plat]
        if k == "typo":
            stem = stem.replace("mscep.dll", "msecp.dll")
        if out:
            self.stops += 1
        ops = ["GetCACert", "GetCACaps"] if plat == "i" else ["GetCACaps", "GetCACert"]
        for j, op in enumerate(ops):
            q = f"operation={op}&message={msg}"
            if k in ("http", "typo") and (j == (out[4] if len(out) > 4 else 0)):
                code = out[1:4] if k == "http" else (404, 0, 2)
                self.iis(t, "GET", stem, q, ip, ua, *code, bad=True)
                return ip
            if k == "httperr" and j == 0:
                self.put("httperr", t, True, ip=ip, line=f"HTTP/1.1 GET {stem}?{q}", c=out[1], reason=out[2], q="SCEP")
                return ip
            self.iis(t, "GET", stem, q, ip, ua, 200)
            t += timedelta(seconds=r.uniform(0.4, 1.6))
        t += timedelta(seconds=r.uniform(1, 4))
        if k == "gone":
            return ip
        m = "GET" if plat == "i" else "POST"
        body = "operation=PKIOperation"
        if plat == "i":
            body += "&message=MIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglghkgBZQMEAgMFADCABgkq" + base64.b64encode(
                r.randbytes(60)
            ).decode().replace("+", "%2B")
        if k == "pki":  # refused by IIS before NDES
            self.iis(t, m, stem, body if len(out) < 5 or not out[4] else body + "A" * 2200, ip, ua, *out[1:4], bad=True)
            return ip
        if k == "pkierr":
            self.put(
                "httperr",
                t,
                True,
                ip=ip,
                line=f"HTTP/1.1 {m} {stem}?{body}" if out[2] != "FieldLength" else "HTTP/1.1 GET -",
                c=out[1],
                reason=out[2],
                q="-" if out[1] == 400 else "SCEP",
            )
            return ip
        th, tid = r.randint(2000, 9000), f"{r.getrandbits(128):032X}"
        end = t + timedelta(seconds=0.9)

        def done(code=200, bytes_=None):
            self.iis(end, m, stem, body, ip, ua, code, size=bytes_ or 2713, ms=r.randint(900, 2600))
            return ip

        old, new = self.conn == "old", self.conn == "new"
        if new:
            self.ev("cop", t, CC, 4003, n=tid)
            if k == "v4005":
                self.ev("cop", t + timedelta(seconds=0.3), CC, 4005, "E", True, n=tid, x=out[1])
                self.ev("cadm", t + timedelta(seconds=0.4), CC, 4001, "E", True, n=tid)
                return done()
            self.ev("cop", t + timedelta(seconds=0.3), CC, 4004, n=tid)
        if k == "e29":
            self.ev("app", t + timedelta(seconds=0.2), NDES, 29, "W", True)
            return done()
        if old:

            def p(d, s, **kw):
                return self.plug(t + timedelta(seconds=d), s, th=th, **kw)

            def v(d, s, **kw):
                return self.svc(t + timedelta(seconds=d), s, **kw)

            p(0.02, "Calling VerifyRequest ...")
            p(0.03, "Sending request to certificate registration point.")
            if k == "winhttp":
                if out[2]:
                    p(0.05, out[2], bad=True, type=3)
                p(0.06, f"Failed to send http request {CRP}VerifyRequest. Error {out[1]}", bad=True, type=3)
                return done()
            if k == "crp":
                self.iis(
                    t + timedelta(seconds=0.3),
                    "POST",
                    CRP + "VerifyRequest",
                    "",
                    "10.0.0.21",
                    "NDES_Plugin",
                    *out[1:4],
                    bad=True,
                )
                title = {
                    403: "403 - Forbidden: Access is denied.",
                    500: "Runtime Error",
                    401: "401 - Unauthorized: Access is denied due to invalid credentials.",
                    404: "404 - File or directory not found.",
                }[out[1]]
                p(
                    0.3,
                    f"""Verify challenge returns <!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">\n<html xmlns="http://www.w3.org/1999/xhtml">\n<head>\n<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"/>\n<title>{title}</title>""",
                    bad=True,
                )
                return done()
            v(0.1, "VerifyRequest Started.")
            v(0.15, "Validation Phase 1 finished with status True.")
            if k in ("false", "expired"):
                if k == "false":
                    v(0.2, out[1], bad=True, level=2)
                    self.ev(
                        "oldc",
                        t + timedelta(seconds=0.25),
                        OLDC,
                        20502,
                        "E",
                        True,
                        x="\nDiagnostic Code: 0x00000409\nDiagnostic Text: CRPSCEPSigningCert_NotFound",
                    )
                else:
                    self.ev(
                        "oldc",
                        t + timedelta(seconds=0.25),
                        OLDC,
                        20501,
                        "W",
                        True,
                        x="\nDiagnostic Code: 0x00000411\nDiagnostic Text: CRPSCEPChallenge_Expired",
                    )
                v(0.25, "VerifyRequest Finished with status False", bad=True, level=2)
                self.iis(t + timedelta(seconds=0.3), "POST", CRP + "VerifyRequest", "", "10.0.0.21", "NDES_Plugin", 201)
                p(0.32, "Verify challenge returns false", bad=True, type=2)
                return done()
            v(0.2, "Validation Phase 3 finished with status True.")
            v(0.25, "VerifyRequest Finished with status True")
            self.iis(
                t + timedelta(seconds=0.3), "POST", CRP + "VerifyRequest", "", "10.0.0.21", "NDES_Plugin", 201, size=341
            )
            self.ev("oldc", t + timedelta(seconds=0.3), OLDC, 20500)
            p(0.32, "Verify challenge returns true")
            p(0.33, "Exiting VerifyRequest with 0x0")
        self.req += 1
        b = t + timedelta(seconds=0.5)
        self.ev("casec", b, "Microsoft-Windows-Security-Auditing", 4886, n=self.req)
        if k == "ca":  # (ca, event 31 code, event 31 text, CA code or None, CA text)
            if out[3]:
                self.ev("ca", b, CAS, 53, "W", True, n=self.req, x=out[4], c=out[3], s=f"CN=device{self.n:04d}")
                self.put(
                    "cafail",
                    b,
                    True,
                    n=self.req,
                    c=out[3],
                    req="CONTOSO\\svc-ndes",
                    tpl="IntuneSCEP",
                    msg="Denied by Policy Module",
                )
            self.ev("app", b + timedelta(seconds=0.05), NDES, 31, "E", True, c=out[1], x=out[2])
            if new:
                self.ev("cop", b + timedelta(seconds=0.1), CC, 4007, "E", True, n=tid)
                self.ev("cadm", b + timedelta(seconds=0.1), CC, 4001, "E", True, n=tid)
            return done()
        if k == "iss4007":
            self.ev("cop", b, CC, 4007, "E", True, n=tid)
            self.ev("cadm", b + timedelta(seconds=0.05), CC, 4001, "E", True, n=tid)
            return done()
        if k == "pending":
            self.ev("casec", b, "Microsoft-Windows-Security-Auditing", 4889, bad=True, n=self.req)
            return done()
        self.ev("casec", b, "Microsoft-Windows-Security-Auditing", 4887, n=self.req)
        done()
        e = end + timedelta(seconds=0.4)
        if old:

            def p(d, s, **kw):
                return self.plug(e + timedelta(seconds=d), s, th=th, **kw)

            p(0.01, "Calling Notifyrequest ...")
            if k == "notify":
                self.iis(
                    e + timedelta(seconds=0.1),
                    "POST",
                    CRP + "Notify",
                    "",
                    "10.0.0.21",
                    "NDES_Plugin",
                    *out[1:4],
                    bad=True,
                )
                self.ev("oldc", e + timedelta(seconds=0.1), OLDC, 20602, "E", True)
                return ip
            if k == "notifyhttp":
                p(0.05, f"Failed to send http request {CRP}Notify. Error {out[1]}", bad=True, type=3)
                return ip
            self.iis(e + timedelta(seconds=0.1), "POST", CRP + "Notify", "", "10.0.0.21", "NDES_Plugin", 204, size=277)
            self.ev("oldc", e + timedelta(seconds=0.1), OLDC, 20600)
            p(0.12, "Exiting Notify with 0x0")
            if k == "upload":
                self.svc(e + timedelta(seconds=5), out[1], True, 2, "nconn")
                self.ev("oldc", e + timedelta(seconds=5.1), OLDC, 20302, "E", True, x="\nUpload State: Failed")
                return ip
            self.svc(e + timedelta(seconds=4), "Uploading 1 request file(s) to Intune.", s="nconn")
            self.svc(e + timedelta(seconds=5), "Upload finished with status True", s="nconn")
            self.ev("oldc", e + timedelta(seconds=5), OLDC, 20300)
        if new:
            self.ev("cop", e, CC, 4006, n=tid)
            if k == "n4009":
                self.ev("cop", e + timedelta(seconds=0.3), CC, 4009, "W", True, n=tid, x=out[1])
                self.ev("cadm", e + timedelta(seconds=0.6), CC, 4002, "E", True, n=tid)
                return ip
            if k == "n4010":
                self.ev("cop", e + timedelta(seconds=0.3), CC, 4010, "E", True, n=tid)
                return ip
            self.ev("cop", e + timedelta(seconds=0.5), CC, 4008, n=tid)
            self.ev("cadm", e + timedelta(seconds=0.6), CC, 4000, n=tid)
        return ip

    def many(self, h0, h1, n, out=None, every=None, plat=None, plats=None):
        """n enrolments between two UTC hours; `out` for all, or for each `every`-th (or for given platforms)."""
        span = (h1 - h0) * 3600
        ts = sorted(self.r.uniform(0, span) for _ in range(n))
        for i, s in enumerate(ts):
            pl = plat or self.r.choice("aaiww")
            hit = out and (plats is None or pl in plats) and (every is None or i % every == every - 1)
            self.flow(self.at(h0) + timedelta(seconds=s), pl, out if hit else None)

    # -- noise -----------------------------------------------------------
    def noise(self, h0, h1, n=40, admin=True):
        r = self.r
        for _ in range(n):
            t = self.at(h0) + timedelta(seconds=r.uniform(0, (h1 - h0) * 3600))
            z = r.randrange(11)
            bot = ".".join(str(r.randint(45, 190)) for _ in range(4))
            if z < 3:
                self.iis(
                    t,
                    "GET",
                    DLL,
                    "",
                    "10.0.0.5",
                    r.choice(
                        ["kube-probe/1.28", "-", "SCOM+WebMonitor", "Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+Edg/122"]
                    ),
                    403,
                    0,
                    0,
                    size=1233,
                )
            elif z == 3:
                self.iis(
                    t,
                    "GET",
                    r.choice(
                        [
                            "/.env",
                            "/wp-login.php",
                            "/owa/auth/logon.aspx",
                            "/cgi-bin/luci",
                            "/autodiscover/autodiscover.xml",
                        ]
                    ),
                    "",
                    bot,
                    "Mozilla/5.0+zgrab/0.x",
                    404,
                    0,
                    2,
                )
            elif z == 4:
                self.iis(
                    t,
                    "GET",
                    "/hr/api/v1/payslips",
                    "year=2025",
                    f"10.3.7.{r.randint(2, 200)}",
                    "HRPortal/4.2",
                    500,
                    0,
                    0,
                )
            elif z == 5:
                self.iis(t, "GET", "/intranet/default.aspx", "", "10.3.7.9", "Mozilla/5.0+(Windows+NT+10.0)", 401, 2, 5)
                self.iis(
                    t,
                    "GET",
                    "/intranet/default.aspx",
                    "",
                    "10.3.7.9",
                    "Mozilla/5.0+(Windows+NT+10.0)",
                    401,
                    1,
                    2148074254,
                )
                self.iis(
                    t,
                    "GET",
                    "/intranet/default.aspx",
                    "",
                    "10.3.7.9",
                    "Mozilla/5.0+(Windows+NT+10.0)",
                    200,
                    0,
                    0,
                    user="CONTOSO\\amk",
                )
            elif z == 6 and admin:
                self.iis(t, "GET", "/certsrv/mscep_admin/", "", "10.0.0.77", "Mozilla/5.0+(Windows+NT+10.0)", 401, 2, 5)
            elif z == 7:
                self.iis(t, "GET", "/", "q=" + "A" * 300, bot, "python-requests/2.31", 404, 15, 0)
            elif z == 8:
                self.put("httperr", t, ip=bot, line="- - -", c="-", reason="Timer_ConnectionIdle", q="-")
                self.put("httperr", t, ip=bot, line="HTTP/1.0 GET /", c=400, reason="Hostname", q="-")
            elif z == 9:
                self.ev("sys", t, "Microsoft-Windows-DistributedCOM", 10016, "W")
                self.ev("sys", t, WAS, 5186, p=r.choice(["DefaultAppPool", "HRPortal"]))
            else:
                self.ev("sys", t, "Service Control Manager", 7036)
                self.ev("app", t, "Microsoft-Windows-CAPI2", 513, "E")
                self.iis(t, "GET", "/certsrv/mscep/", "", "10.0.0.77", "curl/8.4.0", 403, 14, 5)

    # -- device logs -----------------------------------------------------
    def omadm(self, t, out="ok", host=None):
        if out in ("ok", "install"):
            self.flow(t + timedelta(seconds=0.5), "a")
        h = host or self.host
        u = f"https://{h}/certsrv/mscep/mscep.dll?operation="
        B, J = "com.microsoft.omadm.platforms.android.certmgr.", "org.jscep."

        def p(d, lv, cls, text, bad=False):
            self.put("omadm", t + timedelta(seconds=d), bad, lv=lv, cls=cls, text=text)

        p(0, "VERB", B + "CertificateEnrollmentManager", "There are 1 requests")
        p(0, "VERB", B + "CertificateEnrollmentManager", "Trying to enroll certificate request: " + MODEL)
        p(0.4, "VERB", J + "transport.UrlConnectionGetTransport", f"Sending GetCACaps(ca) to {u}GetCACaps&message=ca")
        if out and out not in ("ok", "refused", "pending", "install"):
            p(
                2.5,
                "VERB" if out.startswith("Received") else "ERROR",
                J + "transport.UrlConnectionGetTransport",
                out.replace("{u}", u + "GetCACaps&message=ca"),
                True,
            )
            return
        p(
            0.7,
            "VERB",
            J + "transport.UrlConnectionGetTransport",
            f"Received '200 OK' when sending GetCACaps(ca) to {u}GetCACaps&message=ca",
        )
        p(1.1, "VERB", J + "transport.UrlConnectionGetTransport", f"Sending GetCACert(ca) to {u}GetCACert&message=ca")
        p(
            1.5,
            "VERB",
            J + "transport.UrlConnectionGetTransport",
            f"Received '200 OK' when sending GetCACert(ca) to {u}GetCACert&message=ca",
        )
        p(
            3,
            "VERB",
            J + "message.PkiMessageEncoder",
            "Signing pkiMessage using key belonging to [dn=CN=user1; serial=1]",
        )
        p(3.1, "VERB", J + "transaction.EnrollmentTransaction", "Sending org.spongycastle.cms.CMSSignedData@ad57775")
        rep = "Response: org.jscep.message.CertRep@3150777b[failInfo=%s,pkiStatus=%s,recipientNonce=Nonce [D447AE9955E624A56A09D64E2B3AE76E],messageData=%s,messageType=CERT_REP,senderNonce=Nonce [GUID],transId=251E592A777C82996C7CF96F3AAADCF996FC31FF]"
        if out == "refused":
            return p(
                5.2, "VERB", J + "transaction.EnrollmentTransaction", rep % ("badRequest", "FAILURE", "<null>"), True
            )
        if out == "pending":
            return p(5.2, "VERB", J + "transaction.EnrollmentTransaction", rep % ("<null>", "PENDING", "<null>"), True)
        p(
            5.2,
            "VERB",
            J + "transaction.EnrollmentTransaction",
            rep % ("<null>", "SUCCESS", "org.spongycastle.cms.CMSSignedData@27cc8998"),
        )
        S = B + "state.NativeScepCertInstallStateMachine"
        c = f"SCEP cert '{MODEL}' state changed from "
        p(5.4, "INFO", S, c + "CERT_ENROLLED to CERT_INSTALL_REQUESTED")
        p(8, "INFO", S, c + "CERT_INSTALL_REQUESTED to CERT_INSTALLING")
        if out == "install":
            return p(9, "ERROR", S, c + "CERT_INSTALLING to CERT_INSTALL_FAILED", True)
        p(8.4, "INFO", S, c + "CERT_INSTALLING to CERT_ACCESS_REQUESTED")
        p(11, "INFO", S, c + "CERT_ACCESS_REQUESTED to CERT_ACCESS_GRANTED")

    def ios(self, t, err=None, stage=3):
        if not err or err[1] in (22007, 22008):
            self.flow(t + timedelta(seconds=0.3), "i")
        u = f"https://{self.host}/certsrv/mscep/mscep.dll?operation="

        def p(d, lv, text, bad=False):
            self.put("ios", t + timedelta(seconds=d), bad, lv=lv, text=text)

        E = "(Error) MC: Cannot retrieve SCEP identity: NSError: %#s Desc : %s Domain : MCSCEPErrorDomain Code : %d".replace(
            "%#s", "0x2825f1230"
        )
        p(0, "debug", f"Performing synchronous URL request: {u}GetCACert&message=SCEP%20Authority")
        if err and stage == 1:
            return p(1.2, "default", E % err, True)
        p(0.8, "debug", f"Performing synchronous URL request: {u}GetCACaps&message=SCEP%20Authority")
        p(2, "default", "Attempting to retrieve issued certificate...")
        p(2.01, "debug", "Sending CSR via GET.")
        p(
            2.02,
            "debug",
            f"Performing synchronous URL request: {u}PKIOperation&message=MIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglghkgBZQMEAgMFADCABgkq",
        )
        if err:
            return p(4, "default", E % err, True)
        p(
            4,
            "default",
            "Profile 'www.windowsintune.com.SCEP.ModelName=AC_51bad41f.../LogicalName_1892fe4c...;Hash=-912418295' installed.",
        )

    def mdm(self, t, bad_id=None, x="", stop=None):
        """Windows device: 306, 36, 37, 38, 39 with a fault after event `stop`."""
        seq = [(306, 0, "Unknown Win32 Error code: 0x2ab0003"), (36, 0.5, ""), (37, 2, ""), (38, 4, ""), (39, 4.6, "")]
        end = 0
        if not bad_id or stop == 38:
            self.flow(t + timedelta(seconds=0.7), "w")
        for i, d, tx in seq:
            if bad_id and stop is None:
                break
            self.ev("mdm", t + timedelta(seconds=d), MDM, i, x=tx)
            end = d + 0.9
            if i == stop:
                break
        if bad_id:
            self.ev("mdm", t + timedelta(seconds=end), MDM, bad_id, "E", True, x=x)

    def mac(self, t, code=None):
        if not code:
            self.flow(t + timedelta(seconds=0.2), "i")

        def p(d, lv, s, b=False):
            return self.put("mac", t + timedelta(seconds=d), b, lv=lv, text=s)

        p(0, "Default", "profiled: (ConfigurationProfiles) [com.apple.ManagedClient:SCEP] Performing SCEP request")
        if code:
            return p(
                1.3,
                "Error",
                f'mdmclient: [com.apple.ManagedClient:Enrollment] Unable to obtain certificate from SCEP server at "https://{self.host}/certsrv/mscep/mscep.dll". <MDM-SCEP:{code}>',
                True,
            )
        p(
            3,
            "Default",
            "profiled: (ConfigurationProfiles) [com.apple.ManagedClient:SCEP] Attempting to retrieve issued certificate...",
        )
        p(5, "Default", "mdmclient: [com.apple.ManagedClient:Profiles] Installed configuration profile: SCEP (device)")
