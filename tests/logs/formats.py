"""Writes records as the programs of the field do: the other side of every reader, for composed logs."""

# ruff: noqa: E501 - lines of logs are easier to compare unwrapped

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

IIS_FIELDS = {
    "default": "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken",
    "bytes": "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
    "cs-version cs(User-Agent) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
    "odd": "date time sc-status sc-substatus sc-win32-status time-taken c-ip cs-method cs-uri-stem cs-uri-query "
    "cs(User-Agent) s-ip X-Forwarded-For",
}
LANGUAGES = {
    "en": {
        "columns": "Level,Date and Time,Source,Event ID,Task Category",
        "fields": ("Log Name", "Source", "Date", "Event ID", "Level", "Description"),
        "levels": {"Error": "Error", "Warning": "Warning", "Information": "Information"},
        "date": "%m/%d/%Y %I:%M:%S %p",
    },
    "de": {
        "columns": "Ebene,Datum und Uhrzeit,Quelle,Ereignis-ID,Aufgabenkategorie",
        "fields": ("Protokollname", "Quelle", "Datum", "Ereignis-ID", "Ebene", "Beschreibung"),
        "levels": {"Error": "Fehler", "Warning": "Warnung", "Information": "Informationen"},
        "date": "%d.%m.%Y %H:%M:%S",
    },
    "fr": {
        "columns": "Niveau,Date et heure,Source,ID de l’événement,Catégorie de la tâche",
        "fields": ("Nom du journal", "Source", "Date", "ID de l’événement", "Niveau", "Description"),
        "levels": {"Error": "Erreur", "Warning": "Avertissement", "Information": "Informations"},
        "date": "%d/%m/%Y %H:%M:%S",
    },
    "es": {
        "columns": "Nivel,Fecha y hora,Origen,Id. del evento,Categoría de la tarea",
        "fields": ("Nombre de registro", "Origen", "Fecha", "Id. del evento", "Nivel", "Descripción"),
        "levels": {"Error": "Error", "Warning": "Advertencia", "Information": "Información"},
        "date": "%d/%m/%Y %H:%M:%S",
    },
}


@dataclass(slots=True)
class Record:
    """Something a program logs at a moment (UTC). `bad`: the first sign of the fault, if it is the earliest of all."""

    at: datetime
    say: dict[str, str]
    bad: bool = False


@dataclass(slots=True)
class Log:
    """A log being composed: `form` names the writer, `zone` is how far its clock is ahead of UTC."""

    name: str
    form: str
    zone: timedelta = timedelta()
    options: dict[str, str] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)

    def text(self) -> tuple[str, list[tuple[Record, int]]]:
        """The whole log, and the line (from 1) on which each record begins."""
        ordered = sorted(self.records, key=lambda record: record.at)
        head, pieces, tail = WRITERS[self.form](ordered, self)
        places, line = [], head.count("\n") + 1
        for record, piece in zip(ordered, pieces, strict=True):
            places.append((record, line + len(piece) - len(piece.lstrip("\n"))))
            line += piece.count("\n")
        return head + "".join(pieces) + tail, places


Written = tuple[str, list[str], str]


def _iis(records: Sequence[Record], log: Log) -> Written:
    names = IIS_FIELDS[log.options.get("fields", "default")]
    head = f"#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Fields: {names}\n"
    pieces = []
    for i, record in enumerate(records):
        say = record.say
        status, sub, win32 = say["status"].split()
        values = {
            "date": f"{record.at:%Y-%m-%d}", "time": f"{record.at:%H:%M:%S}", "s-ip": "10.0.0.21",
            "cs-method": say.get("method", "GET"), "cs-uri-stem": say["path"], "cs-uri-query": say.get("query", "-"),
            "s-port": "443", "c-ip": say["client"], "cs(User-Agent)": say.get("agent", "-"), "sc-status": status,
            "sc-substatus": sub, "sc-win32-status": win32, "time-taken": say.get("took", "15"), "sc-bytes": "1873",
            "cs-bytes": "412", "cs-version": "HTTP/1.1", "cs-host": "ndes.contoso.com", "s-sitename": "W3SVC1",
            "s-computername": "NDES01",
        }  # fmt: skip
        again = f"#Software: Microsoft Internet Information Services 10.0\n#Fields: {names}\n"
        header = again if log.options.get("headers") and i and i % 50 == 0 else ""
        pieces.append(header + " ".join(values.get(name, "-") for name in names.split()) + "\n")
    return head, pieces, ""


def _httperr(records: Sequence[Record], log: Log) -> Written:
    head = (
        "#Software: Microsoft HTTP API 2.0\n#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri "
        "streamid sc-status s-siteid s-reason s-queuename\n"
    )
    pieces = []
    for record in records:
        say = record.say
        request = f"{say.get('version', 'HTTP/1.1')} {say.get('method', 'GET')} {say.get('uri', '-')}"
        tail = f"{say.get('status', '-')} {say.get('site', '1')} {say['reason']} {say.get('queue', '-')}"
        pieces.append(f"{record.at:%Y-%m-%d %H:%M:%S} {say['client']} 51234 10.0.0.21 443 {request} - {tail}\n")
    return head, pieces, ""


def _cmtrace(records: Sequence[Record], log: Log) -> Written:
    bias = -int(log.zone.total_seconds() // 60)
    pieces = []
    for record in records:
        at = record.at + log.zone
        pieces.append(
            f'<![LOG[{record.say["text"]}]LOG]!><time="{at:%H:%M:%S}.{at.microsecond // 1000:03}{bias:+04}" '
            f'date="{at:%m-%d-%Y}" component="NDESPlugin" context="" type="1" thread="4316" file="ndesplugin.cpp:1">\n'
        )
    return "", pieces, ""


def _svclog(records: Sequence[Record], log: Log) -> Written:
    end = "" if log.options.get("one_line") else "\n"
    pieces = [
        '<E2ETraceEvent xmlns="http://schemas.microsoft.com/2004/06/E2ETraceEvent"><System xmlns="http://schemas.'
        f'microsoft.com/2004/06/windows/eventlog/system"><EventID>0</EventID><Level>{record.say.get("level", "8")}</Level>'
        f'<TimeCreated SystemTime="{record.at:%Y-%m-%dT%H:%M:%S}.{record.at.microsecond:06}4Z" /><Source Name='
        f'"{record.say.get("source", "CertificateRegistrationPoint")}" /><Execution ProcessName="w3wp" ProcessID="4316" '
        f'ThreadID="12" /><Computer>NDES01</Computer></System><ApplicationData>{escape(record.say["text"])}'
        f"</ApplicationData></E2ETraceEvent>{end}"
        for record in records
    ]
    return "", pieces, "<E2ETraceEvent><System><Eve" if log.options.get("cut") else ""


def _events_csv(records: Sequence[Record], log: Log) -> Written:
    words = LANGUAGES[log.options.get("language", "en")]
    mark = "\t" if log.form == "events-tabs" else ","
    pieces = []
    for record in records:
        say = record.say
        when = (record.at + log.zone).strftime(words["date"])
        message = say["message"].replace('"', '""')
        row = [words["levels"][say["level"]], when, say["source"], say["id"], "None", f'"{message}"']
        pieces.append(mark.join(row) + "\n")
    return words["columns"].replace(",", mark) + "\n", pieces, ""


def _events_list(records: Sequence[Record], log: Log) -> Written:
    words = LANGUAGES[log.options.get("language", "en")]
    pieces = []
    for record in records:
        say = record.say
        when = (record.at + log.zone).strftime(words["date"])
        name, source, date, number, level, text = words["fields"]
        pieces.append(
            f"{name}:      Application\n{source}:        {say['source']}\n{date}:          {when}\n{number}:      "
            f"{say['id']}\n{level}:         {words['levels'][say['level']]}\n{text}:\n{say['message']}\n\n"
        )
    return "", pieces, ""


def _events_format_list(records: Sequence[Record], log: Log) -> Written:
    words = LANGUAGES[log.options.get("language", "en")]
    pieces = []
    for record in records:
        say = record.say
        when = (record.at + log.zone).strftime(words["date"])
        pieces.append(
            f"\nTimeCreated      : {when}\nProviderName     : {say['source']}\nId               : {say['id']}\n"
            f"LevelDisplayName : {words['levels'][say['level']]}\nMessage          : {say['message']}\n"
        )
    return "", pieces, "\n"


def _events_xml(records: Sequence[Record], log: Log) -> Written:
    numbers = {"Error": "2", "Warning": "3", "Information": "4"}
    pieces = []
    for record in records:
        say = record.say
        more = f"<UserData>{say['data']}</UserData>" if "data" in say else "<EventData></EventData>"
        message = f"<RenderingInfo Culture='en-US'><Message>{escape(say['message'])}</Message></RenderingInfo>"
        pieces.append(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
            f"<Provider Name='{say['source']}'/><EventID>{say['id']}</EventID><Level>{numbers[say['level']]}</Level>"
            f"<TimeCreated SystemTime='{record.at:%Y-%m-%dT%H:%M:%S.%f}0Z'/><Computer>NDES01</Computer></System>"
            f"{more}{message if say['message'] else ''}</Event>\n"
        )
    return '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<Events>\n', pieces, "</Events>\n"


def _omadm(records: Sequence[Record], log: Log) -> Written:
    pieces = [
        f"{record.at + log.zone:%Y-%m-%dT%H:%M:%S.%f}0\t{record.say.get('level', 'VERB')}\tEvent\t{record.say['name']}\t20114\t12\t"
        f"{record.say['text']}\n"
        for record in records
    ]
    return "", pieces, ""


def _console(records: Sequence[Record], log: Log) -> Written:
    hours = int(log.zone.total_seconds() // 3600)
    pieces = [
        f"{record.say.get('level', 'default')}\t{record.at + log.zone:%H:%M:%S.%f} {hours:+03}00\t"
        f"{record.say.get('process', 'profiled')}\t{record.say['text']}\n"
        for record in records
    ]
    return "", pieces, ""


def _macos(records: Sequence[Record], log: Log) -> Written:
    hours = int(log.zone.total_seconds() // 3600)
    pieces = [
        f"{record.at + log.zone:%Y-%m-%d %H:%M:%S.%f}{hours:+03}00 0x1a2b     {record.say.get('level', 'Default')}     0x0  "
        f"                345    0    {record.say.get('process', 'mdmclient')}: {record.say['text']}\n"
        for record in records
    ]
    return "Timestamp                       Thread     Type        Activity             PID    TTL\n", pieces, ""


def _plain(records: Sequence[Record], log: Log) -> Written:
    return "", [record.say["text"] + "\n" for record in records], ""


def _json(records: Sequence[Record], log: Log) -> Written:
    pieces = [
        "    " + json.dumps(record.say, ensure_ascii=False) + ("," if record is not records[-1] else "") + "\n"
        for record in records
    ]
    return "[\n", pieces, "]\n"


WRITERS = {
    "iis": _iis,
    "httperr": _httperr,
    "ndesplugin": _cmtrace,
    "svclog": _svclog,
    "events-csv": _events_csv,
    "events-tabs": _events_csv,
    "events-list": _events_list,
    "events-format-list": _events_format_list,
    "events-xml": _events_xml,
    "omadm": _omadm,
    "ios": _console,
    "macos": _macos,
    "plain": _plain,
    "json": _json,
}
"""(head, a piece for each record, tail) of every form."""
