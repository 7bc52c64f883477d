"""A wire without a network: it answers from what a test put there, by the rules that the port promises."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from bot.errors import ProbeError, Trouble
from bot.ports import NameLook, Reply, TlsLook

Look = TypeVar("Look", Reply, TlsLook, NameLook, float, bytes)
Page = Reply | Trouble
"""What a URL gives: a reply, or the trouble it makes."""

HEALTHY_TLS = TlsLook("TLSv1.3", "TLS_AES_256_GCM_SHA384", (), "ok", 0, False, 2.0)
SCEP_POOL = "/certsrv/"
FELL = ("dropped", "reset", "truncated")


def reply(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, *, url: str = "") -> Reply:
    """One answer; header names in any case."""
    return Reply(url, status, "", {name.lower(): value for name, value in (headers or {}).items()}, body, 3.0)


@dataclass
class FakeWire:
    """A working `Wire`: put replies or troubles under a URL, a host or a (host, port), then let a check ask.

    `pages` are found by the whole URL, then by the URL without its query; a list of pages is given one after
    the other to those that ask `fresh`, the last one again and again. `rule` is asked before `pages` and may
    pass (None). What is asked at one address is found as `URL @address`, of the services as `host @address`.
    What stands nowhere is `unreachable`. After a connection was lost under /certsrv/, everything there is
    `left-alone`, but for the other addresses where it was lost at one. `asked` tells every look that went out,
    in order; an identical one goes out once.
    """

    pages: dict[str, Page | Sequence[Page]] = field(default_factory=dict)
    posts: dict[str, Page] = field(default_factory=dict)
    services: dict[str | tuple[str, int], TlsLook | Trouble] = field(default_factory=dict)
    legacy: dict[str | tuple[str, int], TlsLook | Trouble] = field(default_factory=dict)
    connects: dict[tuple[str, int], float | Trouble] = field(default_factory=dict)
    lookups: dict[str, NameLook | Trouble] = field(default_factory=dict)
    public: dict[str, NameLook | Trouble] = field(default_factory=dict)
    files: dict[str, bytes | Trouble] = field(default_factory=dict)
    rule: Callable[[str], Page | None] = lambda url: None
    requests: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    deadlines: dict[str, float] = field(default_factory=dict)
    _known: dict[str, Page] = field(default_factory=dict)
    _fell: set[str] = field(default_factory=set)

    async def get(
        self, url: str, *, deadline: float = 10.0, most: int = 262_144, fresh: bool = False, at: str | None = None
    ) -> Reply:
        place = f"{url} @{at}" if at else url
        if fresh or place not in self._known:
            self._known[place] = self._page(place, deadline)
        return self._told(self._known[place], url, most)

    async def post(self, url: str, body: bytes, *, content_type: str, deadline: float = 10.0) -> Reply:
        self._count("POST", url)
        return self._told(self.posts.get(url, "unreachable"), url, 262_144)

    async def tls(self, host: str, port: int = 443, *, legacy: bool = False, at: str | None = None) -> TlsLook:
        host = f"{host} @{at}" if at else host
        self._count("TLS legacy" if legacy else "TLS", f"{host}:{port}")
        looks = self.legacy if legacy else self.services
        return _given(looks.get((host, port), looks.get(host, "unreachable")), host)

    async def tcp(self, host: str, port: int = 443) -> float:
        self._count("TCP", f"{host}:{port}")
        return _given(self.connects.get((host, port), "unreachable"), host)

    async def names(self, host: str, *, public: bool = False) -> NameLook:
        self._count("DNS public" if public else "DNS", host)
        return _given((self.public if public else self.lookups).get(host, "nxdomain"), host)

    async def fetch(self, url: str) -> bytes:
        self._count("FETCH", url)
        return _given(self.files.get(url, "unreachable"), url)

    def _count(self, verb: str, what: str) -> None:
        if verb not in ("GET", "POST") and (verb, what) in self.asked:
            return
        self.requests += 1
        self.asked.append((verb, what))

    def _page(self, url: str, deadline: float) -> Page:
        at = url.partition(" @")[2]
        if SCEP_POOL in url.lower() and (self._fell & {"", at} if at else self._fell):
            return "left-alone"
        self._count("GET", url)
        self.deadlines[url] = deadline
        found = self.rule(url) or self.pages.get(url) or self.pages.get(url.partition("?")[0], "unreachable")
        if not isinstance(found, str | Reply):
            before = sum(one == ("GET", url) for one in self.asked) - 1
            found = found[min(before, len(found) - 1)]
        if found in FELL and SCEP_POOL in url.lower():
            self._fell.add(at)
        return found

    @staticmethod
    def _told(page: Page, url: str, most: int) -> Reply:
        given = _given(page, url)
        if len(given.body) > most:
            raise ProbeError("too-large", f"{url}: more than {most} bytes")
        return replace(given, url=url)


def _given(found: Look | Trouble, what: str) -> Look:
    if isinstance(found, str):
        raise ProbeError(cast(Trouble, found), f"{what}: {found}")
    return found
