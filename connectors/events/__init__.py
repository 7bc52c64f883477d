"""Exported Windows events in every form people export them in: XML, CSV, tabs, lists, rows; in several languages."""

import re
from collections.abc import Iterator

from bot.timeline.lines import Line
from connectors.events import lists, tables, xml
from connectors.streams import Stream

CAPI2 = re.compile(r"Microsoft-Windows-CAPI2|CAPI2/Operational|<CertGetCertificateChain|<CryptRetrieveObjectByUrlWire")
CONNECTOR = re.compile(
    r"Microsoft-Intune-CertificateConnectors|Microsoft Intune Connector|\bSc(?:r)?ep[A-Z][a-z]+Success\b"
)


def likeness(head: str) -> float:
    """How surely a text is a list of exported events, from 0 to 1."""
    return max(xml.likeness(head), tables.likeness(head), lists.likeness(head))


def lines(stream: Stream) -> Iterator[Line]:
    """The events of a stream, each as the line it begins on."""
    head = stream.head
    forms = (
        (xml.likeness(head), xml.records),
        (tables.likeness(head), tables.records),
        (lists.likeness(head), lists.records),
    )
    _, records = max(forms, key=lambda form: form[0])
    return (record.line() for record in records(stream))
