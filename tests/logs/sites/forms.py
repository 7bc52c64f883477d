"""The same records as files: the forms, languages and encodings that people send them in."""

# ruff: noqa: E501, E741 - the formats are easier to compare unwrapped

import csv
import gzip
import io
import zipfile
from datetime import timedelta

from tests.logs.sites.words import CHAN, COMP, FIELDS, LANG, LEVEL


class Forms:
    """How the records of a site are written down. Each form gives (record or None, its lines)."""

    # -- rendering: each gives [(item or None, [lines])] -----------------------
    def r_iis(self, items, v=0, reheads=()):
        def h(t, f):
            return [
                (
                    None,
                    [
                        "#Software: Microsoft Internet Information Services 10.0",
                        "#Version: 1.0",
                        "#Date: " + t.strftime("%Y-%m-%d %H:%M:%S"),
                        "#Fields: " + FIELDS[f],
                    ],
                )
            ]

        out, cur, heads = h(items[0].t, v), v, list(reheads)  # reheads: [(datetime, fieldset)]
        for x in items:
            while heads and x.t >= heads[0][0]:
                t, cur = heads.pop(0)
                out += h(t, cur)
            d = {
                "date": x.t.strftime("%Y-%m-%d"),
                "time": x.t.strftime("%H:%M:%S"),
                "s-ip": "10.0.0.21",
                "cs-method": x.m,
                "cs-uri-stem": x.stem,
                "cs-uri-query": x.q,
                "s-port": str(x.port),
                "cs-username": x.user,
                "c-ip": x.ip,
                "cs(User-Agent)": x.ua,
                "cs(Referer)": "-",
                "cs(Cookie)": "-",
                "cs-version": "HTTP/1.1",
                "cs-host": self.host,
                "s-sitename": "W3SVC1",
                "s-computername": "NDES01",
                "X-Forwarded-For": "-",
                "sc-status": str(x.c[0]),
                "sc-substatus": str(x.c[1]),
                "sc-win32-status": str(x.c[2]),
                "sc-bytes": str(x.size),
                "cs-bytes": "412",
                "time-taken": str(x.ms),
            }
            out.append((x, [" ".join(d[f] for f in FIELDS[cur].split())]))
        return out

    def r_httperr(self, items, stream=True):
        f = (
            "date time c-ip c-port s-ip s-port cs-version cs-method cs-uri "
            + ("streamid " if stream else "")
            + "sc-status s-siteid s-reason s-queuename"
        )
        out = [
            (
                None,
                [
                    "#Software: Microsoft HTTP API 2.0",
                    "#Version: 1.0",
                    "#Date: " + items[0].t.strftime("%Y-%m-%d %H:%M:%S"),
                    "#Fields: " + f,
                ],
            )
        ]
        for x in items:
            out.append(
                (
                    x,
                    [
                        f"{x.t:%Y-%m-%d %H:%M:%S} {x.ip} {self.r.randint(49152, 65000)} 10.0.0.21 443 {x.line} {'- ' if stream else ''}{x.c} {'1' if x.q == 'SCEP' else '-'} {x.reason} {x.q}"
                    ],
                )
            )
        return out

    def r_plug(self, items):
        out = []
        for x in items:
            l = x.t + timedelta(minutes=self.tz)
            s = f'<![LOG[{x.text}]LOG]!><time="{l:%H:%M:%S}.{l.microsecond // 1000:03d}{-self.tz:+04d}" date="{l:%m-%d-%Y}" component="NDESPlugin" context="" type="{x.type}" thread="{x.th}" file="ndesplugin.cpp:{100 + len(x.text) % 80}">'
            out.append((x, s.split("\n")))
        return out

    def r_svc(self, items, name="CertificateRegistrationPoint"):
        out = []
        for x in items:
            out.append(
                (
                    x,
                    [
                        f'<E2ETraceEvent xmlns="http://schemas.microsoft.com/2004/06/E2ETraceEvent"><System xmlns="http://schemas.microsoft.com/2004/06/windows/eventlog/system"><EventID>0</EventID><Type>3</Type><SubType Name="{"Error" if x.level == 2 else "Information"}">0</SubType><Level>{x.level}</Level><TimeCreated SystemTime="{x.t:%Y-%m-%dT%H:%M:%S}.{x.t.microsecond * 10:07d}Z" /><Source Name="{name}" /><Correlation ActivityID="{{00000000-0000-0000-0000-000000000000}}" /><Execution ProcessName="{"w3wp" if name[0] == "C" else "NDESConnectorSvc"}" ProcessID="4316" ThreadID="12" /><Channel /><Computer>NDES01</Computer></System><ApplicationData>{x.text}</ApplicationData></E2ETraceEvent>'
                    ],
                )
            )
        return out

    def when(self, t, lang=None):
        l, g = t + timedelta(minutes=self.tz), lang or self.lang
        if g == "de":
            return f"{l:%d.%m.%Y %H:%M:%S}"
        if g == "fr":
            return f"{l:%d/%m/%Y %H:%M:%S}"
        h = l.hour % 12 or 12
        return f"{l.month}/{l.day}/{l.year} {h}:{l:%M:%S} {'AM' if l.hour < 12 else 'PM'}"

    def lv(self, x):
        return LEVEL[x.level][LANG[self.lang]]

    def r_fl(self, items, chan):
        out = []
        for x in reversed(items):
            m = x.msg.split("\n")
            out.append(
                (
                    x,
                    [
                        f"TimeCreated      : {self.when(x.t)}",
                        f"ProviderName     : {x.prov}",
                        f"Id               : {x.id}",
                        f"LevelDisplayName : {self.lv(x)}",
                        f"Message          : {m[0]}",
                    ]
                    + [" " * 19 + y for y in m[1:]],
                )
            )
            out.append((None, [""]))
        return out

    def r_csv(self, items, chan, sep=","):
        head = {
            "en": ["Level", "Date and Time", "Source", "Event ID", "Task Category"],
            "de": ["Ebene", "Datum und Uhrzeit", "Quelle", "Ereignis-ID", "Aufgabenkategorie"],
            "fr": ["Niveau", "Date et heure", "Source", "ID de l’événement", "Catégorie de la tâche"],
        }[self.lang]
        out = [(None, [sep.join(head)])]
        none = {"en": "None", "de": "Keine", "fr": "Aucun"}[self.lang]
        for x in reversed(items):
            b = io.StringIO()
            csv.writer(b, delimiter=sep, lineterminator="\n").writerow(
                [self.lv(x), self.when(x.t), x.prov, x.id, none, x.msg]
            )
            out.append((x, b.getvalue().rstrip("\n").split("\n")))
        return out

    def r_tsv(self, items, chan):
        return self.r_csv(items, chan, "\t")

    def r_pscsv(self, items, chan):
        out = [
            (
                None,
                [
                    "#TYPE Selected.System.Diagnostics.Eventing.Reader.EventLogRecord",
                    '"TimeCreated","Id","ProviderName","LevelDisplayName","Message"',
                ],
            )
        ]
        for x in reversed(items):
            m = x.msg.replace('"', '""')
            out.append((x, f'"{self.when(x.t)}","{x.id}","{x.prov}","{self.lv(x)}","{m}"'.split("\n")))
        return out

    def r_wev(self, items, chan):
        out = []
        for i, x in enumerate(items):
            l = x.t + timedelta(minutes=self.tz)
            out.append(
                (
                    x,
                    [
                        f"Event[{i}]:",
                        f"  Log Name: {CHAN[chan]}",
                        f"  Source: {x.prov}",
                        f"  Date: {l:%Y-%m-%dT%H:%M:%S}.{l.microsecond // 1000:03d}",
                        f"  Event ID: {x.id}",
                        "  Task: N/A",
                        f"  Level: {LEVEL[x.level][0]}",
                        "  Opcode: Info",
                        "  Keyword: N/A",
                        "  User: S-1-5-18",
                        "  User Name: NT AUTHORITY\\SYSTEM",
                        f"  Computer: {COMP.get(chan, 'NDES01.contoso.com')}",
                        "  Description: ",
                        *x.msg.split("\n"),
                    ],
                )
            )
            out.append((None, [""]))
        return out

    def r_copy(self, items, chan):
        k = {
            "en": (
                "Log Name:      ",
                "Source:        ",
                "Date:          ",
                "Event ID:      ",
                "Task Category: None",
                "Level:         ",
                "Keywords:      ",
                "User:          N/A",
                "Computer:      ",
                "Description:",
            ),
            "de": (
                "Protokollname: ",
                "Quelle:        ",
                "Datum:         ",
                "Ereignis-ID:   ",
                "Aufgabenkategorie:Keine",
                "Ebene:         ",
                "Schlüsselwörter:",
                "Benutzer:      Nicht zutreffend",
                "Computer:      ",
                "Beschreibung:",
            ),
            "fr": (
                "Nom du journal :",
                "Source :       ",
                "Date :         ",
                "ID de l’événement :",
                "Catégorie de la tâche :Aucun",
                "Niveau :       ",
                "Mots clés :    ",
                "Utilisateur :  N/A",
                "Ordinateur :   ",
                "Description :",
            ),
        }[self.lang]
        out = []
        for x in items:
            out.append(
                (
                    x,
                    [
                        k[0] + CHAN[chan],
                        k[1] + x.prov,
                        k[2] + self.when(x.t),
                        k[3] + str(x.id),
                        k[4],
                        k[5] + self.lv(x),
                        k[6],
                        k[7],
                        k[8] + COMP.get(chan, "NDES01.contoso.com"),
                        k[9],
                        *x.msg.split("\n"),
                    ],
                )
            )
            out.append((None, [""]))
        return out

    def r_xml(self, items, chan, pretty=False, one=False):
        out = [(None, ['<?xml version="1.0" encoding="utf-8" standalone="yes"?>'])] if one else []
        if one:
            out.append((None, ["<Events>", False]))
        for x in items:
            esc = x.msg.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "&#13;&#10;")
            data = getattr(x, "xml", None) or f"<EventData><Data>{esc}</Data></EventData>"
            parts = [
                "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>",
                f"<System><Provider Name='{x.prov}'/><EventID>{x.id}</EventID><Version>0</Version><Level>{LEVEL[x.level][3]}</Level><Task>0</Task><Opcode>0</Opcode><Keywords>0x80000000000000</Keywords><TimeCreated SystemTime='{x.t:%Y-%m-%dT%H:%M:%S}.{x.t.microsecond * 10:07d}Z'/><EventRecordID>{1000 + len(out)}</EventRecordID><Correlation/><Execution ProcessID='0' ThreadID='0'/><Channel>{CHAN[chan]}</Channel><Computer>{COMP.get(chan, 'NDES01.contoso.com')}</Computer><Security/></System>",
                data,
                f"<RenderingInfo Culture='{ {'en': 'en-US', 'de': 'de-DE', 'fr': 'fr-FR'}[self.lang] }'><Message>{esc}</Message><Level>{self.lv(x)}</Level></RenderingInfo>"
                if not getattr(x, "xml", None)
                else "",
                "</Event>",
            ]
            if pretty:
                out.append((x, [y for y in parts if y]))
            else:
                out.append((x, ["".join(parts)] + ([False] if one else [])))
        if one:
            out.append((None, ["</Events>"]))
        return out

    def r_omadm(self, items):
        return [
            (x, [f"{x.t:%Y-%m-%dT%H:%M:%S}.{x.t.microsecond * 10:07d}\t{x.lv}\tEvent\t{x.cls}\t20114\t12\t{x.text}"])
            for x in items
        ]

    def r_ios(self, items):
        o = f"{'+' if self.tz >= 0 else '-'}{abs(self.tz) // 60:02d}{abs(self.tz) % 60:02d}"
        return [
            (x, [f"{x.lv}    {x.t + timedelta(minutes=self.tz):%H:%M:%S.%f} {o}    profiled    {x.text}"])
            for x in items
        ]

    def r_mac(self, items):
        o = f"{'+' if self.tz >= 0 else '-'}{abs(self.tz) // 60:02d}{abs(self.tz) % 60:02d}"
        return [
            (None, ["Timestamp                       Thread     Type        Activity             PID    TTL  "])
        ] + [
            (
                x,
                [
                    f"{x.t + timedelta(minutes=self.tz):%Y-%m-%d %H:%M:%S.%f}{o} 0x1a2b     {x.lv:<11} 0x0                  345    0    {x.text}"
                ],
            )
            for x in items
        ]

    def r_cafail(self, items):
        out = []
        for i, x in enumerate(items):
            out.append(
                (
                    x,
                    [
                        f"Row {i + 1}:",
                        f"  Request ID: 0x{x.n:x} ({x.n})",
                        f'  Requester Name: "{x.req}"',
                        f'  Certificate Template: "{x.tpl}"',
                        f"  Issued Request Status Code: {x.c}",
                        f'  Request Disposition Message: "{x.msg}"',
                    ],
                )
            )
            out.append((None, [""]))
        out.append((None, [f"{len(items)} Rows", "CertUtil: -view command completed successfully."]))
        return out

    # -- saving -----------------------------------------------------------
    def add(self, fname, pairs, enc="utf-8", nl="\r\n", cut=0, gz=False, onefile=True):
        """pairs -> file; remembers line ranges of bad items. A trailing False in a record: no line break after it."""
        buf, line, marks = [], 1, []
        for item, lines in pairs:
            glue = lines and lines[-1] is False
            ls = [l for l in lines if l is not False]
            if item is not None and item.bad:
                marks.append((item, line, line + len(ls) - 1))
            buf.append(nl.join(ls) + ("" if glue else nl))
            line += len(ls) - (1 if glue else 0)
        text = "".join(buf)
        if cut:
            text = text[:-cut]
        raw = text.encode(enc, "replace" if enc != "utf-8" else "strict")
        if enc == "utf-16-le":
            raw = b"\xff\xfe" + raw
        if gz:
            raw = gzip.compress(raw)
            fname += ".gz"
        self.files[fname] = raw
        self.accept += [(m.t, fname, a, b) for m, a, b in marks]

    def out(self, s, fname, fmt=None, enc="utf-8", cut=0, gz=False, oneline=False, keep=None, **k):
        items = sorted(self.st.get(s, []), key=lambda x: x.t)
        if keep:
            items = [x for x in items if keep(x)]
        if not items and s in ("httperr", "ca", "cafail"):
            return
        if s == "iis":
            pairs = self.r_iis(items, **k)
        elif s in ("crp", "nconn"):
            pairs = self.r_svc(items, "CertificateRegistrationPoint" if s == "crp" else "NDESConnector")
            if oneline:
                pairs = [(a, [*b, False]) for a, b in pairs]
        elif s in ("httperr", "plug", "omadm", "ios", "mac", "cafail"):
            pairs = getattr(self, "r_" + s)(items, **k)
        else:
            pairs = getattr(self, "r_" + fmt)(items, s, **k)
        self.add(fname, pairs, enc, cut=cut, gz=gz)

    def text(self, fname, text, bad=None, enc="utf-8", t=None):
        """A file without times; `bad`: substring of the line that tells the fault."""
        lines = text.strip("\n").split("\n")
        self.files[fname] = ("\r\n".join(lines) + "\r\n").encode(enc)
        if bad:
            for i, l in enumerate(lines, 1):
                if bad in l:
                    self.timeless.append((fname, i, i))
                    break

    def first_bad(self):
        """(file, first line, last line) of every record that tells the first failure: those of the same second."""
        if not self.accept:
            return self.timeless
        start = min(at for at, *_ in self.accept)
        whole = start.replace(microsecond=0)
        return [
            place
            for at, *place in self.accept
            if (at - start).total_seconds() < 1 or at.replace(microsecond=0) == whole
        ]

    def packed(self, name):
        """The files in one archive."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, content in self.files.items():
                archive.writestr("collected/" + file, content)
        return {name: data.getvalue()}
