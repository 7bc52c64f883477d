"""One Windows event, whatever it was exported as."""

import re
from dataclasses import dataclass
from datetime import datetime

from bot.timeline.lines import Line

_LONGEST = 6_000  # characters of a message that are kept
_TRANSACTION = re.compile(r"transaction ?-?id\W{1,4}([0-9A-Za-z+/=-]{8,100})", re.IGNORECASE)
_REQUEST = re.compile(r"\brequest ?-?id\W{1,4}([0-9A-Fa-f-]{8,100})\b", re.IGNORECASE)
_CA_REQUEST = re.compile(r"\b(?:request|anforderung|demande|solicitud)(?:s?-?\s?id)?:?\s+(\d{1,9})\b", re.IGNORECASE)
"""How the connector and the CA number what they work at."""
DEVICE_ID = re.compile(r"device ?id\W{1,4}([0-9a-f]{8}-[0-9a-f-]{27})", re.IGNORECASE)
_ACCOUNT = re.compile(r"[\s\"'(](\w[\w.-]{0,60}\\\w[\w.$-]{0,60}[\w$])")
_AUDITED = ("4886", "4887", "4888", "4889")
"""What the audit of a CA logs of a request: received, issued, denied, set aside."""
_PROCESS = re.compile(r"<EventAuxInfo\s[^>]{0,200}?ProcessName=[\"']([^\"']{1,200})")
_OURS = re.compile(r"w3wp|ndes|connector|certsrv|certutil|mscep", re.IGNORECASE)
"""Programs of NDES, the connector and the CA."""

LEVELS = {
    **dict.fromkeys(("critical", "kritisch", "critique", "crítico", "critico", "kritiek", "1"), "Critical"),
    **dict.fromkeys(
        (
            *("error", "fehler", "erreur", "errore", "fout", "erro", "2"),
            *("błąd", "fel", "fejl", "feil", "virhe", "chyba", "hiba", "hata", "ошибка", "エラー", "错误"),
        ),
        "Error",
    ),
    **dict.fromkeys(
        (
            *("warning", "warnung", "avertissement", "advertencia", "avviso", "waarschuwing", "aviso", "3"),
            *("ostrzeżenie", "varning", "advarsel", "varoitus", "upozornění", "figyelmeztetés", "uyarı"),
            *("предупреждение", "警告"),
        ),
        "Warning",
    ),
    **dict.fromkeys(
        (
            *("information", "informationen", "informations", "información", "informazioni", "informatie"),
            *("informações", "informacje", "informasjon", "oplysninger", "tiedot", "informace", "információ"),
            *("informação", "bilgi", "сведения", "情報", "信息"),
        ),
        "Information",
    ),
    **dict.fromkeys(("info", "verbose", "ausführlich", "commentaires", "detallado", "4", "0", "5"), "Information"),
}
"""What the languages of Windows, and the numbers of its XML, call a level."""


@dataclass(frozen=True, slots=True)
class Record:
    """An event. `number`: the line it begins on; `level` in English, empty where it is not told; `more` is what stands
    in its data beside the message."""

    number: int
    at: datetime | None
    provider: str
    event_id: str
    level: str
    message: str
    more: str = ""

    def line(self) -> Line:
        """The event in the words that the knowledge reads events in."""
        said = f"Event ID: {self.event_id} Source: {self.provider} Level: {self.level}\n{self.message[:_LONGEST]}"
        text = f"{said}\n{self.more[:_LONGEST]}" if self.more else said
        grave = None if not self.level else self.level != "Information"
        process = _PROCESS.search(self.more) if "CAPI2" in self.provider else None
        if process and not _OURS.search(process[1]):
            grave = False  # CAPI2 logs the certificates of every program on the machine
        of_ca = self.provider.endswith("CertificationAuthority") or self.event_id in _AUDITED
        who = (_ACCOUNT if of_ca else DEVICE_ID).search(text)
        return Line(
            self.number,
            self.at,
            self.provider[:100] or "event",
            text,
            grave,
            transaction=_transaction(text, of_ca),
            who=who[1].lower() if who else "",
        )


def _transaction(text: str, of_ca: bool) -> str:
    if of_ca:
        found = _CA_REQUEST.search(text)
        return f"CA request {int(found[1])}" if found else ""
    found = _TRANSACTION.search(text) or _REQUEST.search(text)
    return found[1] if found else ""


def level(word: str) -> str:
    """A level in English; empty where the word is none."""
    return LEVELS.get(word.strip().lower(), "")
