"""What the fields of an event are called in the languages of Windows and in PowerShell."""

import re

_NAMES = {
    "provider": (
        "source", "quelle", "origen", "origine", "fonte", "bron", "provider", "providername", "provider name",
        "sourcename", "anbietername", "nom du fournisseur", "źródło", "källa", "kilde", "lähde", "zdroj", "forrás",
        "kaynak", "источник", "ソース", "来源",
    ),
    "id": (
        "event id", "eventid", "id", "instanceid", "ereignis-id", "ereigniskennung", "id de l'événement",
        "id de l’événement", "id. del evento", "id del evento", "identificador de evento", "id evento",
        "gebeurtenis-id", "id do evento", "identificação do evento", "identificador do evento",
        "identyfikator zdarzenia", "händelse-id", "hændelses-id", "hendelses-id", "tapahtumatunnus", "id události",
        "esemény azonosítója", "eseményazonosító", "olay kimliği", "код события", "イベント id", "事件 id",
    ),
    "level": (
        "level", "leveldisplayname", "entrytype", "ebene", "stufe", "niveau", "nivel", "livello", "nível", "poziom",
        "nivå", "taso", "úroveň", "szint", "düzey", "уровень", "レベル", "级别",
    ),
    "at": (
        "date", "date and time", "timecreated", "timegenerated", "timewritten", "logged", "datum", "datum und uhrzeit",
        "date et heure", "fecha", "fecha y hora", "data", "data e ora", "datum en tijd", "data e hora", "time",
        "protokolliert", "data i godzina", "datum och tid", "dato og klokkeslæt", "dato og klokkeslett",
        "päivämäärä ja kellonaika", "datum a čas", "dátum és időpont", "tarih ve saat", "дата и время", "日付と時刻",
        "日期和时间",
    ),
    "log": (
        "log name", "logname", "protokollname", "nom du journal", "nom du journal ", "nombre de registro",
        "nombre del registro", "nome registro", "logboeknaam",
    ),
    "message": ("description", "message", "beschreibung", "descripción", "descrizione", "beschrijving", "descrição"),
    "task": ("task category", "taskdisplayname", "aufgabenkategorie", "catégorie de la tâche", "categoría de la tarea"),
}  # fmt: skip

_FIELDS = {name: field for field, names in _NAMES.items() for name in names}
_LABELLED = re.compile(r"^\s{0,8}([^\W\d_][^:\n]{0,40}?)\s{0,24}:\s?(.*)$")


def field_of(name: str) -> str | None:
    """What is meant by the name of a field, or nothing known."""
    return _FIELDS.get(name.strip().strip('"\ufeff').lower())


def labelled(line: str) -> tuple[str, str] | None:
    """(field, value) of a line such as `Ereignis-ID:   29`, where the field is known."""
    found = _LABELLED.match(line[:400])
    if found and (field := field_of(found[1])):
        return field, line.partition(":")[2].strip()
    return None
