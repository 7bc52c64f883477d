"""A client that sees what really came: bytes, headers in order, and how the connection ended."""

import asyncio
import contextlib
import ssl
import warnings
from dataclasses import dataclass

from connectors.lab.server import SCEP_PATH, Lab

CAPS = f"{SCEP_PATH}?operation=GetCACaps&message=ca"
CACERT = f"{SCEP_PATH}?operation=GetCACert&message=ca"
OPERATION = f"{SCEP_PATH}?operation=PKIOperation"
ADMIN = "/certsrv/mscep_admin/"
CRP = "/CertificateRegistrationSvc/"
PATIENCE = 10.0  # seconds that nothing here should ever take


@dataclass(frozen=True)
class Heard:
    """An answer, to the byte."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for header, value in self.headers if header.lower() == name.lower()), None)

    @property
    def order(self) -> list[str]:
        return [name for name, _ in self.headers]


def trusting(*, legacy: bool = False) -> ssl.SSLContext:
    """TLS that takes whatever certificate comes; `legacy` offers old versions only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if legacy:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return context


def verifying(lab: Lab) -> ssl.SSLContext:
    """TLS that believes in the lab's root."""
    return ssl.create_default_context(cadata=lab.root_pem)


async def enter(
    lab: Lab, context: ssl.SSLContext | None = None, *, address: str = "127.0.0.1", plain: bool = False
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the lab, or to its plain port."""
    if plain:
        return await asyncio.open_connection(address, lab.crl_port)
    coming = asyncio.open_connection(address, lab.port, ssl=context or trusting(), server_hostname=lab.host)
    return await asyncio.wait_for(coming, PATIENCE)


async def ask(
    lab: Lab,
    path: str = SCEP_PATH,
    *,
    method: str = "GET",
    body: bytes | None = None,
    version: str = "1.1",
    headers: tuple[str, ...] = (),
    address: str = "127.0.0.1",
    plain: bool = False,
    context: ssl.SSLContext | None = None,
    patience: float = PATIENCE,
) -> Heard:
    """One request on a connection of its own, read to its end.

    Raises `ConnectionError` (or `EOFError`, where not a byte came), `TimeoutError`.
    """
    reader, writer = await enter(lab, context, address=address, plain=plain)
    try:
        lines = [f"{method} {path} HTTP/{version}", f"Host: {lab.host}", *headers]
        lines += [] if body is None else [f"Content-Length: {len(body)}"]
        lines += ["Connection: close"] if version == "1.1" else []
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))
        return await asyncio.wait_for(answer_of(reader, head_only=method == "HEAD"), patience)
    finally:
        with contextlib.suppress(OSError):
            writer.close()


async def answer_of(reader: asyncio.StreamReader, *, head_only: bool = False) -> Heard:
    """The next answer on a connection; as long as it says, or to the end."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise ValueError(f"no HTTP: {error.partial[:20]!r}") from None
        raise
    line, *fields = head.removesuffix("\r\n\r\n").split("\r\n")
    _, status, reason = line.split(" ", 2)
    headers = [(name, value) for name, _, value in (field.partition(": ") for field in fields)]
    length = next((int(value) for name, value in headers if name == "Content-Length"), None)
    if head_only:
        body = b""
    elif length is None:
        body = await reader.read()
    else:
        body = await reader.readexactly(length)
    return Heard(int(status), reason, headers, body)
