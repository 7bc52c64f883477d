"""The address guard: what it opens, and every way around it that somebody may try."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_network

import pytest

from bot.errors import ProbeError
from connectors.guard import Guard, read_host, read_url
from connectors.wire import RunWire
from connectors.wire_http import Exchanges
from connectors.wire_sockets import guarded_socket

PUBLIC = ["8.8.8.8", "20.190.128.1", "2606:4700:4700::1111", "2a00:1450:4001:81b::2004"]

REFUSED_ADDRESSES = {
    "loopback": ["127.0.0.1", "127.0.0.2", "127.255.255.254", "::1"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "link-local": ["169.254.0.1", "169.254.255.254", "fe80::1", "fe80::1%lo", "fe80::1%25eth0", "febf::1"],
    "metadata": [
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fd00:42::42",
    ],
    "multicast": ["224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.1", "250.1.2.3", "4000::1", "5f00::1", "fec0::1", "100::1"],
    "broadcast": ["255.255.255.255"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12:3456::1"],
    "shared": ["100.64.0.1", "100.127.255.255"],
    "special": ["192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "2001:db8::1", "3fff::1"],
    "mapped": ["::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::ffff:0.0.0.0"],
    "compatible": ["::127.0.0.1", "::7f00:1", "::ffff:0:127.0.0.1"],
    "6to4": ["2002:7f00:1::", "2002:7f00:0001::1", "2002:a9fe:a9fe::1", "2002:a00:1::1", "2002:c0a8:101::"],
    "nat64": ["64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::a9fe:a9fe"],
    "teredo": ["2001:0:7f00:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe", "2001:0:a9fe:a9fe::"],
    "no address": ["", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1:443", "1.2.3.4 "],
}

HOSTILE_URLS = [
    # IPv4 in other notations
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0/",
    "http://0x/",
    "http://1.2.3/",
    "http://1.2.3.4.5/",
    "http://999.1.1.1/",
    "http://127.0.0.0x1/",
    "http://127.0.0.01/",
    "http://0300.0250.1.1/",
    "http://3232235777/",
    "http://127.0.0.1./",
    # Addresses that are spelt well
    "http://127.0.0.1/",
    "http://127.127.127.127/",
    "http://0.0.0.0/",
    "http://10.1.2.3/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.100.100.200/latest/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25lo]/",
    "http://[2002:7f00:1::1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[::1/",
    "http://::1/",
    "http://[127.0.0.1]/",
    "http://[::1]a/",
    # Names
    "http://localhost/",
    "http://LOCALHOST:80/",
    "http://ndes.contoso.com/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "http://bücher.example/",
    "http://ndes。contoso.com/",
    "http://127。0。0。1/",
    "http://\u212aelvin.example/",
    "http://-a.example/",
    "http://a-.example/",
    "http://a..example/",
    "http://.example/",
    "http://example./",
    f"http://{'a' * 64}.example/",
    f"http://{'a.' * 130}example/",
    "http://a b.example/",
    "http://a%2eexample/",
    "http://*.example/",
    "http://a,b/",
    # Authorities that two readers read in two ways
    "http://public.example@127.0.0.1/",
    "http://user:secret@public.example/",
    "http://@127.0.0.1/",
    "http://127.0.0.1\\@public.example/",
    "http:\\\\127.0.0.1\\",
    "http://public.example#@127.0.0.1/",
    "http://127.0.0.1#.public.example/",
    "http://public.example?@127.0.0.1/",
    "http:///127.0.0.1/",
    "http:127.0.0.1/",
    "//127.0.0.1/",
    "http://public.example:80:80/",
    "http://public.example:/",
    "http://public.example:99999999/",
    "http://8.8.8.8:0/",
    "http://8.8.8.8:22/",
    "http://8.8.8.8:65616/",
    "http://8.8.8.8:+80/",
    "http://8.8.8.8:８０/",
    # Schemes, white space and control characters
    "file:///etc/passwd",
    "ftp://8.8.8.8/",
    "gopher://127.0.0.1:6379/_x",
    "ldap:///CN=CDP",
    "javascript:alert(1)",
    "httpx://8.8.8.8/",
    " http://8.8.8.8/",
    "http://8.8.8.8/ ",
    "http://8.8.8.8/a b",
    "http://8.8.8.8/\r\nHost: 127.0.0.1",
    "http://8.8.8.8\n/",
    "http://8.8.8.8/\t",
    "http://8.8.8.8/\x00",
    "http://8.8.8.8/\x7f",
    "http://8.8.8.8/\u2028",
    "http://8.8.8.8/ü",
    "http://8.8.8.8/#x",
    "http://8.8.8.8/" + "a" * 70_000,
    "",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open_on_the_web_ports(address: str) -> None:
    guard = Guard()
    assert guard.allowed(address, 80)
    assert guard.allowed(address, 443)
    assert not guard.allowed(address, 22)
    assert not guard.allowed(address, 0)


@pytest.mark.parametrize("address", [a for family in REFUSED_ADDRESSES.values() for a in family])
def test_other_addresses_are_shut(address: str) -> None:
    assert not Guard().allowed(address, 443)
    assert Guard().refusal(address, 443)


@pytest.mark.parametrize("kind", ["unspecified", "link-local", "metadata", "multicast", "reserved", "broadcast"])
def test_nothing_opens_what_is_never_asked(kind: str) -> None:
    guard = Guard([ip_network("0.0.0.0/0"), ip_network("::/0"), ip_network("169.254.0.0/16")], any_port=True)
    for address in REFUSED_ADDRESSES[kind]:
        assert not guard.allowed(address, 80)


@pytest.mark.parametrize("address", ["::ffff:169.254.169.254", "2002:a9fe:a9fe::1", "64:ff9b::a9fe:a9fe"])
def test_metadata_stays_shut_in_every_disguise(address: str) -> None:
    assert not Guard([ip_network("::/0"), ip_network("0.0.0.0/0")], any_port=True).allowed(address, 80)


@pytest.mark.parametrize("address", ["::ffff:8.8.8.8", "2002:808:808::1", "64:ff9b::808:808"])
def test_a_public_address_within_ipv6_is_judged_as_itself(address: str) -> None:
    assert Guard().allowed(address, 443)


def test_the_operator_opens_private_ranges() -> None:
    guard = Guard([ip_network("10.1.0.0/16"), ip_network("fd12::/16"), ip_network("100.64.0.0/10")])
    for address in ("10.1.2.3", "fd12:3456::1", "100.64.0.1", "::ffff:10.1.2.3"):
        assert guard.allowed(address, 443)
        assert not guard.allowed(address, 8443)
    for address in ("10.2.0.1", "192.168.0.1", "fd13::1", "100.100.100.200", "127.0.0.1"):
        assert not guard.allowed(address, 443)


def test_loopback_is_opened_by_a_range_within_it_and_by_no_other() -> None:
    assert not Guard([ip_network("0.0.0.0/0"), ip_network("::/0")]).allowed("127.0.0.1", 443)
    guard = Guard([ip_network("127.0.0.7/32")])
    assert guard.allowed("127.0.0.7", 443)
    assert not guard.allowed("127.0.0.8", 443)
    assert not guard.allowed("::1", 443)
    assert Guard([ip_network("::1/128")]).allowed("::1", 80)


def test_a_registered_server_may_name_another_port() -> None:
    guard = Guard(ports=(443, 8443))
    assert guard.allowed("8.8.8.8", 8443)
    assert not guard.allowed("8.8.8.8", 80)


def test_the_operators_ranges_may_be_open_on_every_port() -> None:
    guard = Guard([ip_network("127.0.0.1/32")], any_port=True)
    assert guard.allowed("127.0.0.1", 49_152)
    assert not guard.allowed("127.0.0.1", 0)
    assert not guard.allowed("127.0.0.1", 65_536)
    assert not guard.allowed("8.8.8.8", 49_152)


def test_one_more_port_opens_no_more_addresses() -> None:
    guard = Guard([ip_network("10.0.0.0/8")])
    more = guard.opening(135)
    assert more.allowed("10.0.0.1", 135)
    assert more.allowed("10.0.0.1", 443)
    assert not guard.allowed("10.0.0.1", 135)
    assert not more.allowed("192.168.0.1", 135)
    assert not more.allowed("127.0.0.1", 135)
    assert not more.allowed("169.254.169.254", 135)


def test_a_refusal_says_what_the_address_is_and_what_to_do() -> None:
    assert Guard().refusal("10.0.0.1", 443) == "is a private address; the operator has to allow its range"
    assert Guard().refusal("169.254.169.254", 80) == "is a cloud metadata service, which is never asked"
    assert Guard().refusal("8.8.8.8", 22) == "may not be asked on port 22"


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("https://ndes01.contoso.com/certsrv/mscep/mscep.dll", "https://ndes01.contoso.com/certsrv/mscep/mscep.dll"),
        ("HTTPS://NDES01.Contoso.COM/CertSrv", "https://ndes01.contoso.com/CertSrv"),
        ("http://pki/CertEnroll/Root%20CA.crl", "http://pki/CertEnroll/Root%20CA.crl"),
        ("https://ndes_1.xn--bcher-kva.example:8443/?a=b&c=@:'\"<>", None),
        ("https://a.example", "https://a.example/"),
        ("https://a.example:443/", "https://a.example/"),
        ("http://a.example:443/", "http://a.example:443/"),
        ("http://8.8.8.8/x", "http://8.8.8.8/x"),
        ("https://[2606:4700:4700:0:0:0:0:1111]:8443/x", "https://[2606:4700:4700::1111]:8443/x"),
    ],
)
def test_urls_of_people_and_certificates_are_read(url: str, read: str | None) -> None:
    assert read_url(url).url == (read or url)


@pytest.mark.parametrize("host", ["\u212aelvin", "a b", "a/b", "a@b", "[::1]", "::1%lo", "", ".", "1.2.3.4.", "a\n"])
def test_a_host_has_one_spelling(host: str) -> None:
    with pytest.raises(ProbeError):
        read_host(host)


class _Names:
    """A resolver that gives every name the same addresses, and remembers that it was asked."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked = 0

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked += 1
        return self.addresses


def test_there_are_enough_hostile_targets() -> None:
    assert len(set(HOSTILE_URLS)) >= 60


@pytest.mark.parametrize("url", HOSTILE_URLS, ids=lambda url: ascii(url[:40]))
async def test_a_hostile_target_is_refused_before_a_socket_is_opened(url: str) -> None:
    inside = _Names("127.0.0.1", "169.254.169.254", "10.0.0.1", "::1")
    async with RunWire("https://8.8.8.8/certsrv/mscep/mscep.dll", Guard(), resolver=inside) as wire:
        for ask in (wire.get, wire.fetch):
            with pytest.raises(ProbeError) as refused:
                await ask(url)
            assert refused.value.trouble == "guarded"
            assert "secret" not in str(refused.value)
        assert wire.requests == 0


@pytest.mark.parametrize("host", ["localhost", "metadata.google.internal", "127.1", "0x7f.1", "a b", "::1", "[::1]"])
async def test_other_looks_have_the_same_guard(host: str) -> None:
    async with RunWire("https://8.8.8.8/", Guard(), resolver=_Names("169.254.169.254", "127.0.0.1")) as wire:
        for look in (wire.tls(host), wire.tcp(host), wire.tls(host, legacy=True), wire.tcp(host, 80)):
            with pytest.raises(ProbeError) as refused:
                await look
            assert refused.value.trouble == "guarded"


# --- a name whose answer changes ----------------------------------------------------------------


@asynccontextmanager
async def _web(address: str, port: int = 0) -> AsyncIterator[tuple[int, list[str]]]:
    """A small web server: its port, and the addresses by which it was called."""
    called: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.append(address)
        with suppress(OSError):
            await reader.read(4_096)
            writer.write(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, address, port)
    async with server:
        yield server.sockets[0].getsockname()[1], called


class _Rebinding:
    """A resolver that gives an allowed address first and this computer's own ever after."""

    def __init__(self) -> None:
        self.answers = [["127.0.0.2"], ["127.0.0.1"]]

    async def __call__(self, host: str) -> Sequence[str]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def test_a_name_that_changes_its_address_within_a_run_changes_nothing() -> None:
    guard = Guard([ip_network("127.0.0.2/32")], any_port=True)
    async with _web("127.0.0.2") as (port, allowed), _web("127.0.0.1", port) as (_, inside):
        async with RunWire(f"http://rebind.example:{port}/", guard, resolver=_Rebinding()) as wire:
            for _ in range(3):
                assert (await wire.get(f"http://rebind.example:{port}/", fresh=True)).status == 403
            await wire.tcp("rebind.example", port)
            with pytest.raises(ProbeError):
                await wire.tls("rebind.example", port)
            await wire.names("rebind.example")
        assert len(allowed) >= 4
        assert inside == []


async def test_a_name_that_turned_inside_before_the_run_is_refused() -> None:
    rebinding = _Rebinding()
    await rebinding("rebind.example")
    guard = Guard([ip_network("127.0.0.2/32")], any_port=True)
    async with _web("127.0.0.1") as (port, inside):
        async with RunWire(f"http://rebind.example:{port}/", guard, resolver=rebinding) as wire:
            with pytest.raises(ProbeError, match=r"127\.0\.0\.1 is a loopback address"):
                await wire.get(f"http://rebind.example:{port}/")
        assert inside == []


async def test_of_several_addresses_only_the_allowed_ones_are_tried() -> None:
    guard = Guard([ip_network("127.0.0.2/32")], any_port=True)
    mixed = _Names("127.0.0.1", "169.254.169.254", "127.0.0.2", "::1", "10.0.0.1")
    async with _web("127.0.0.2") as (port, allowed), _web("127.0.0.1", port) as (_, inside):
        async with RunWire(f"http://mixed.example:{port}/", guard, resolver=mixed) as wire:
            assert (await wire.get(f"http://mixed.example:{port}/")).status == 403
            await wire.tcp("mixed.example", port)
        assert mixed.asked == 1
        assert len(allowed) == 2
        assert inside == []


async def test_the_socket_itself_is_guarded_whatever_was_judged_before() -> None:
    """The last line: even addresses that slipped through all that comes before open no socket."""
    with pytest.raises(OSError, match=r"127\.0\.0\.1 is a loopback address"):
        guarded_socket(Guard(), "127.0.0.1", 443)

    async def slipped(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    sent: list[str] = []
    for host in ("slipped.example", "127.0.0.1"):
        exchanges = Exchanges(Guard(), slipped, lambda: sent.append("a request"))
        try:
            with pytest.raises(ProbeError) as refused:
                await exchanges.get(read_url(f"https://{host}/"), 1_000)
            assert refused.value.trouble == "guarded"
        finally:
            await exchanges.close()
    assert sent == []
