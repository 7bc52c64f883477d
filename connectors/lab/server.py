"""The lab: a pretend NDES over TLS on loopback, healthy or with one fault. It refuses every enrolment."""

import asyncio
import base64
import hashlib
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from ssl import SSLContext
from typing import Any, Final
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.serialization import Encoding

from bot.findings import Past, Server
from connectors.lab import pki
from connectors.lab.crl_server import ADDRESS, CrlServer, Shelf, remember
from connectors.lab.door import Door
from connectors.lab.enrolment import NotForUs, Unreadable, refuse
from connectors.lab.exchange import Act, Request, Seen, converse
from connectors.lab.faults import ACTS, Fault, Place, before, fault_of
from connectors.lab.pages import ANSWERS, Answer, iis, through_app_proxy

SCEP_PATH: Final = "/certsrv/mscep/mscep.dll"
_SECOND_ADDRESS = "127.0.0.2"
_REMEMBERED = timedelta(days=5)  # how long ago a server was healthy that has a fault now

_POOL: Final[frozenset[Place]] = frozenset({"base", "caps", "cacert", "next", "operation", "folder", "admin"})
"""What the SCEP application pool serves."""
_OPERATIONS: Final[dict[str, Place]] = {
    "getcacaps": "caps",
    "getcacert": "cacert",
    "getnextcacert": "next",
    "pkioperation": "operation",
}


def place_of(request: Request) -> Place:
    """What a request asks for. The path behind mscep.dll (`/pkiclient.exe`) makes no difference."""
    path = request.path
    if path == SCEP_PATH or path.startswith(f"{SCEP_PATH}/"):
        asked = parse_qs(request.query, max_num_fields=100).get("operation", [""])[0]
        return _OPERATIONS.get(asked.lower(), "base")
    if path in ("/certsrv/mscep", "/certsrv/mscep/"):
        return "folder"
    if path == "/certsrv/mscep_admin" or path.startswith("/certsrv/mscep_admin/"):
        return "admin"
    if path.startswith("/certificateregistrationsvc"):
        return "crp"
    return "root" if path == "/" else "missing"


class Node:
    """One server that answers as its fault says; two of them make an uneven pair."""

    def __init__(self, fault: Fault, shelf: Shelf, requests: list[Seen], pace: float) -> None:
        self.fault = fault
        self._shelf = shelf
        self._requests = requests
        self._pace = pace
        self._dropped = 0
        self._asked: Counter[int] = Counter()

    def become(self, fault: Fault) -> None:
        """Have another fault, or none, from the next request on."""
        self.fault = fault
        self._dropped = 0
        self._asked.clear()

    @property
    def longest_head(self) -> int:
        """Bytes of a request's line and headers that are taken."""
        return self.fault.longest_head

    @property
    def clock(self) -> int:
        """Seconds that the server's clock is ahead."""
        return self.fault.clock

    def note(self, seen: Seen) -> None:
        """Remember a request."""
        remember(self._requests, seen)

    def refusal(self, name: str) -> Answer:
        """The answer of http.sys to what is no request."""
        return self._through_front(ANSWERS[self.fault.head_refusal if name == "too-long" else name])

    async def reply(self, request: Request) -> Answer | Act:
        """The answer, or what is done in its place."""
        place = place_of(request)
        if place in _POOL and self.fault.delay:
            await asyncio.sleep(self.fault.delay * self._pace)
        named = self._named(place, request)
        if named == "drop":
            self._dropped += 1
        reply = self._made(named, place, request)
        return self._through_front(reply) if isinstance(reply, Answer) else reply

    def _named(self, place: Place, request: Request) -> str:
        """The name of the answer: limits of IIS first, then the fault, then the pool that was stopped by it."""
        fault = self._in_turn(request)
        if fault.rapid_fail is not None and self._dropped >= fault.rapid_fail and place in _POOL:
            return "httpsys-503"
        named = fault.answer(place)
        if named.startswith(("httpsys-", "appproxy-")) or named in ("drop", "reset", "hang"):
            return named  # whoever answers so has not asked IIS
        if request.method not in ("GET", "POST", "HEAD"):
            return "iis-405"
        if len(request.query) > fault.longest_query:
            return "iis-404"
        if fault.largest_post is not None and len(request.body) > fault.largest_post:
            return fault.post_refusal
        return named

    def _in_turn(self, request: Request) -> Fault:
        """Behind one address, the second node gets every second of the same question."""
        if not self.fault.other or self.fault.two_addresses:
            return self.fault
        question = hash(request.target)  # one may have 60 KB
        self._asked[question] += 1
        return self.fault if self._asked[question] % 2 else fault_of(self.fault.other)

    def _made(self, named: str, place: Place, request: Request) -> Answer | Act:
        match named:
            case "cacert":
                return iis("application/x-x509-ca-ra-cert", self._shelf.pki.bundle(self.fault.ra))
            case "certrep":
                return self._certrep(request)
            case "truncate":
                healthy = self._made(replace(self.fault, answers={}).answer(place), place, request)
                return replace(healthy, breaks_off=True) if isinstance(healthy, Answer) else healthy
            case _:
                return named if named in ACTS else ANSWERS[named]

    def _certrep(self, request: Request) -> Answer:
        """Junk is answered 200 with nothing; what only another RA can open, 500 (believed, not known)."""
        try:
            return iis("application/x-pki-message", refuse(_message(request), self._shelf.pki.ra(self.fault.ra)))
        except NotForUs:
            return ANSWERS["iis-500"]
        except Unreadable:
            return ANSWERS["ndes-nothing"]

    def _through_front(self, answer: Answer) -> Answer:
        return through_app_proxy(answer) if self.fault.front == "app-proxy" else answer


def _message(request: Request) -> bytes:
    """The SCEP message of a PKIOperation, sent by POST or as base64 in the URL. Raises `Unreadable`."""
    if request.method == "POST":
        return request.body
    text = parse_qs(request.query, max_num_fields=100).get("message", [""])[0]
    try:
        return base64.b64decode(text.replace(" ", "+").encode("ascii"))
    except ValueError as error:
        raise Unreadable("the message is no base64") from error


class Lab:
    """A pretend NDES: `async with Lab("ra-expired") as lab` listens until the block ends.

    `fault` is a name of `faults.all_faults()`. Port 0 takes any free one; `host` is the name in the URL and
    in the TLS certificate, and then also that of the CDP and AIA addresses. It listens on `address`: two labs
    with one port and an address each are nodes behind one name (Linux has all of 127.0.0.0/8). `pace` is a factor
    on the delays of slow faults. Raises `BadRequest` for an unknown fault, `OSError` where a port is taken.

    **Time and memory.** `become` changes the fault while the lab runs; keys and certificates stay, so what
    was remembered of the healthy time still fits. RA certificates cannot run out within a test, so there
    are three ways to have a healthy past of a server whose RA certificates are past their end:

    * `lab.past()` is what a bot would remember of this server from five days ago: hand it to the checks;
    * `Lab(before(fault_of("ra-expired-500")))` is that healthy time itself: everything answers, with the RA
      certificates that are past their end by today's clock. Look at it with an earlier clock, then `become`;
    * `Lab("healthy", ra_ends=timedelta(seconds=20))` has RA certificates that really run out: look, wait,
      and `become("ra-expired-500")`.
    """

    def __init__(
        self,
        fault: str | Fault = "healthy",
        port: int = 0,
        crl_port: int = 0,
        host: str = "localhost",
        *,
        ra_ends: timedelta | None = None,
        pace: float = 1.0,
        crl_server: CrlServer | None = None,
        address: str = ADDRESS,
    ) -> None:
        """With a `crl_server` of others the lab shares PKI and TLS with all labs of the same fault there."""
        self._fault = fault if isinstance(fault, Fault) else fault_of(fault)
        self._ports = port, crl_port
        self._host = host
        self._ra_ends = ra_ends
        self._pace = pace
        self._shared = crl_server
        self._address = address
        self._closing = AsyncExitStack()
        self.requests: list[Seen] = []

    async def __aenter__(self) -> "Lab":
        async with AsyncExitStack() as opening:
            self._crls = await self._crl_server(opening)
            key = self._fault.name if self._shared else "own"
            self._shelf = self._crls.shelf(key, self._host, self._fault, self._ra_ends)
            self._node = Node(self._fault, self._shelf, self.requests, self._pace)
            self._second = Node(self._fault, self._shelf, self.requests, self._pace)
            self._door = self._open_door(self._address, self._ports[0], self._node)
            opening.push_async_callback(self._door.close)
            self._second_door: Door | None = None
            if self._shared is None:
                self._crls.requests = self.requests
            self._crls.site = self._crls.site or self._node
            self.become(self._fault)
            self._closing = opening.pop_all()
        return self

    async def _crl_server(self, opening: AsyncExitStack) -> CrlServer:
        if self._shared is not None:
            return self._shared
        return await opening.enter_async_context(CrlServer(self._ports[1]))

    async def __aexit__(self, *_: Any) -> None:
        if self._second_door is not None:
            await self._second_door.close()
        await self._closing.aclose()

    def _open_door(self, address: str, port: int, node: Node) -> Door:
        return Door(address, port, lambda reader, writer: converse(reader, writer, node), self._context)

    def _context(self) -> SSLContext:
        return self._shelf.context(self._fault)

    def become(self, fault: str | Fault) -> None:
        """Have another fault, or none, from the next request on; ports, keys and certificates stay.

        Labs that share a CRL server and a fault share what is published, too.
        """
        self._fault = fault if isinstance(fault, Fault) else fault_of(fault)
        self._shelf.fault = self._fault
        self._node.become(self._fault)
        self._door.behave(self._fault.manner)
        if self._fault.two_addresses:
            self._second.become(fault_of(self._fault.other))
            self._open_second_door()
        elif self._second_door is not None:
            self._second_door.behave("closed")

    def _open_second_door(self) -> None:
        """Only Linux has all of 127.0.0.0/8 without being asked; elsewhere there is one node."""
        if self._second_door is None:
            try:
                self._second_door = self._open_door(_SECOND_ADDRESS, self._door.port, self._second)
            except OSError:
                return
        self._second_door.behave("open")

    # --- what a test or a person wants to know ---------------------------------------------------

    @property
    def fault(self) -> Fault:
        """What is wrong at the moment."""
        return self._fault

    @property
    def host(self) -> str:
        """The host of the URL."""
        return self._fault.url_host or self._host

    @property
    def port(self) -> int:
        """The port of NDES over TLS."""
        return self._door.port

    @property
    def crl_port(self) -> int:
        """The port of plain HTTP: CRLs, CA certificates, and NDES without TLS."""
        return self._crls.port

    @property
    def url(self) -> str:
        """The SCEP URL."""
        return f"https://{self.host}:{self.port}{SCEP_PATH}"

    @property
    def ca_file(self) -> str:
        """A file with the root's certificate in PEM, there until the lab closes."""
        return str(self._crls.ca_file)

    @property
    def root_pem(self) -> str:
        """The root's certificate in PEM."""
        return pki.root().public_bytes(Encoding.PEM).decode("ascii")

    @property
    def pki(self) -> pki.Pki:
        """Keys and certificates of this lab."""
        return self._shelf.pki

    @property
    def nodes(self) -> tuple[str, ...]:
        """The addresses that answer."""
        both = self._fault.two_addresses and self._second_door is not None
        return (self._address, _SECOND_ADDRESS) if both else (self._address,)

    def server(self, name: str = "lab") -> Server:
        """The lab as somebody would register it."""
        return Server(
            name=name,
            url=self.url,
            internal_name=pki.INTERNAL_NAME,
            front=self._fault.front,
            module=self._fault.module,
            connector=self._fault.connector,
            trusted_root=hashlib.sha256(pki.root().public_bytes(Encoding.DER)).hexdigest(),
            roots=self.root_pem,
            nodes=self.nodes if len(self.nodes) > 1 else (),
        )

    def past(self) -> Past:
        """What a bot remembers of this server from five days ago, when all was well."""
        healthy = before(self._fault)
        certificate = self.pki.chain(healthy.tls)[0].public_bytes(Encoding.DER)
        return Past(
            at=self.pki.now - _REMEMBERED,
            bundle=self.pki.bundle(healthy.ra),
            tls=hashlib.sha256(certificate).hexdigest(),
        )
