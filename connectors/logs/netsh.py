"""What `netsh http show …` and `netsh winhttp show proxy` print."""

import re
from collections.abc import Iterator

from bot.timeline.lines import Line
from connectors.logs import Reader
from connectors.streams import Stream

_SHAPE = re.compile(
    r"SSL Certificate bindings:|SSL-Zertifikatbindungen|"
    r"Current WinHTTP proxy settings:|Aktuelle WinHTTP-Proxyeinstellungen|"
    r"^\s*IP:port\s+: |^\s*Hostname:port\s+: |Direct access \(no proxy server\)|Direktzugriff \(kein Proxyserver\)",
    re.MULTILINE,
)


def _fits(head: str) -> float:
    return 0.8 if _SHAPE.search(head) else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    """A listing of bindings and proxies: facts for a person, none of which is a failure by itself."""
    for number, line in stream.numbered():
        if line.strip():
            yield Line(number, None, "netsh", f"netsh: {line.strip()[:1_000]}", grave=False)


READER = Reader("netsh", "output of netsh", _fits, _lines)
