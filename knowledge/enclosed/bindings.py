"""What `netsh http show sslcert` prints: which certificate http.sys has for which address."""

from knowledge.enclosed.types import Binding
from knowledge.patterns import Span, pattern

_MOST = 200
_TITLE = pattern(r"(?m)^[ \t>|]*(?:SSL Certificate bindings|SSL-Zertifikatbindungen) ?:\s*\n[ \t>|]*-{5,}")
_ROW = pattern(r"(?m)^[ \t>|]*([a-z][a-z:\xe4\xf6\xfc .-]{3,60}?)[ \t]*:[ \t]+(\S[^\n]{0,200})$")
_HEX = pattern(r"^[0-9a-f]{40}$")
_ADDRESSES = {"ip:port", "hostname:port", "central certificate store", "zentraler zertifikatspeicher"}
_HASHES = {"certificate hash", "zertifikathash"}


def bindings(text: bytes) -> tuple[tuple[Binding, ...], Span] | None:
    """The bindings of a listing and where it stands; None where there is neither its title nor a binding."""
    title = _TITLE.search(text)
    found: list[Binding] = []
    start, end = title.span() if title else (len(text), 0)
    for row in _ROW.finditer(text):
        label, value = row[1].decode("latin-1").lower(), row[2].decode("latin-1").strip()
        if label in _ADDRESSES:
            if len(found) == _MOST:
                break
            port = value if label[0] not in "cz" else f"*:{value}"  # the central store is for a port alone
            found.append(Binding(port))
            start = min(start, row.start())
        elif label in _HASHES and found and found[-1].thumbprint is None and _HEX.match(value.encode("latin-1")):
            found[-1] = Binding(found[-1].address, value.upper())
        if found:
            end = max(end, row.end())
    return (tuple(found), Span(start, end)) if title or any(one.thumbprint for one in found) else None
