"""Plain HTTP beside the lab: CRLs, delta CRLs and CA certificates, and NDES itself, which answers on port 80 too."""

import re
from datetime import timedelta
from pathlib import Path
from ssl import SSLContext
from tempfile import TemporaryDirectory
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from connectors.lab import pki
from connectors.lab.door import Door, tls_context
from connectors.lab.exchange import Act, Request, Seen, Site, converse
from connectors.lab.faults import WHOLE_LENGTH, Fault
from connectors.lab.pages import ANSWERS, Answer, iis_file

ADDRESS: Final = "127.0.0.1"
_MOST_SEEN = 20_000  # requests remembered; then the older half is forgotten

_FILE: Final = re.compile(r"/certenroll/(\d{1,6})/([a-z0-9+-]{1,40}\.cr[lt])")
_CRL_TYPE, _CERTIFICATE_TYPE = "application/pkix-crl", "application/x-x509-ca-cert"


def remember(requests: list[Seen], seen: Seen) -> None:
    """Add a request to those seen, of which there never are too many."""
    if len(requests) >= _MOST_SEEN:
        del requests[: _MOST_SEEN // 2]
    requests.append(seen)


class Shelf:
    """One PKI and what is published of it, in the state of its lab's fault."""

    def __init__(self, place: str, host: str, fault: Fault, ra_ends: timedelta | None) -> None:
        self.pki = pki.Pki(place, host, ra_ends)
        self.fault = fault
        self._contexts: dict[tuple[str, ...], SSLContext] = {}

    def context(self, fault: Fault) -> SSLContext:
        """TLS as this fault has it: made when the first visitor comes, the same for all labs of this shelf."""
        wanted = fault.tls, fault.versions, fault.client
        if wanted not in self._contexts:
            chain, key = self.pki.chain(fault.tls), self.pki.tls_key(fault.tls)
            self._contexts[wanted] = tls_context(chain, key, fault.versions, fault.client, pki.root())
        return self._contexts[wanted]

    def file(self, name: str) -> Answer | Act:
        """A published file, by its name in lower case."""
        if name == pki.ROOT_FILE.lower():
            return iis_file(_CERTIFICATE_TYPE, pki.root().public_bytes(Encoding.DER))
        if name == pki.ISSUING_FILE.lower():
            return iis_file(_CERTIFICATE_TYPE, self.pki.issuing().public_bytes(Encoding.DER))
        which = next((which for which, file in pki.FILES.items() if file.lower() == name), None)
        return ANSWERS["iis-404"] if which is None else self._crl(which)

    def _crl(self, which: pki.Crl) -> Answer | Act:
        states = {"base": self.fault.base_crl, "delta": self.fault.delta_crl, "root": self.fault.root_crl}
        match state := states[which]:
            case "missing":
                return ANSWERS["iis-404"]
            case "dropped":
                return "drop"
            case "page":
                return ANSWERS["network-login"]
            case _:
                return iis_file(_CRL_TYPE, self.pki.crl(which, state))


class CrlServer:
    """The web server of the CDP and AIA addresses. Labs may share one: each has a shelf in it.

    `ca_file` is the root certificate (PEM) in a folder that goes away when the server closes.
    """

    longest_head = WHOLE_LENGTH
    clock = 0

    def __init__(self, port: int = 0) -> None:
        """`port` 0 takes any free one. Raises `OSError` where it is taken."""
        self.requests: list[Seen] = []
        self.site: Site | None = None
        self._door = Door(ADDRESS, port, lambda reader, writer: converse(reader, writer, self), lambda: None)
        self._shelves: dict[str, Shelf] = {}
        self._folder: TemporaryDirectory[str] | None = None
        self.port = self._door.port

    async def __aenter__(self) -> "CrlServer":
        self._folder = TemporaryDirectory(prefix="ndesbot-lab-")
        self.ca_file.write_bytes(pki.root().public_bytes(Encoding.PEM))
        self._door.behave("open")
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self._door.close()
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def ca_file(self) -> Path:
        """The root's certificate in PEM."""
        if self._folder is None:
            raise RuntimeError("the CRL server is not open yet")
        return Path(self._folder.name) / "root.pem"

    def shelf(self, key: str, host: str, fault: Fault, ra_ends: timedelta | None = None) -> Shelf:
        """The shelf of this key, a new one where there is none yet."""
        if key not in self._shelves:
            published = ADDRESS if host == "localhost" else host
            place = f"http://{published}:{self.port}/CertEnroll/{len(self._shelves) + 1}/"
            self._shelves[key] = Shelf(place, fault.url_host or host, fault, ra_ends)
        return self._shelves[key]

    # --- as a site -------------------------------------------------------------------------------

    async def reply(self, request: Request) -> Answer | Act:
        """A published file; whatever else is asked, the first lab answers as it does over TLS."""
        found = _FILE.fullmatch(request.path)
        if found is None:
            return ANSWERS["iis-404"] if self.site is None else await self.site.reply(request)
        shelves = list(self._shelves.values())
        number = int(found[1])
        return shelves[number - 1].file(found[2]) if 0 < number <= len(shelves) else ANSWERS["iis-404"]

    def refusal(self, name: str) -> Answer:
        """The answer of http.sys to what is no request."""
        return ANSWERS["httpsys-400-headers" if name == "too-long" else name]

    def note(self, seen: Seen) -> None:
        """Remember a request, with those of the lab where it has this server to itself."""
        remember(self.requests, seen)
