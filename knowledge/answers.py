"""Who wrote an HTTP answer: http.sys, IIS, the application proxy, NDES, a sign-in page or somebody else.

The number alone decides little: 503 of http.sys means a stopped pool, 503 of a proxy means a proxy. Header names are
lower-case throughout, as `bot.ports.Reply` has them. All bytes are foreign: whatever they are, nothing raises.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Literal

Author = Literal["httpsys", "iis", "appproxy", "general", "login", "other"]
Headers = Mapping[str, str]

_READ = 65_536  # characters of a page that are looked at: every page known here is far shorter
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,500})", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s{0,3}=\s{0,3}[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)

_ENCODINGS = {"utf-8", "us-ascii", "iso-8859-1", "windows-1250", "windows-1251", "windows-1252", "utf-16"}
"""The ones believed when a header names them: some that Python knows (punycode) cost quadratic time."""

# --- the marks that each of them leaves ------------------------------------------------------

_HTTPSYS_TEXT = re.compile(
    r"<hr>\s{0,9}<p>HTTP Error [45]\d\d\."
    r"|<h2>Bad Request - (?:Request Too Long|Invalid (?:Header|Hostname|URL|Verb|Request))</h2>"
    r"|<h2>Request URL Too Long</h2>",
    re.IGNORECASE,
)
_HTTPSYS_LENGTHS = {400: {311, 324, 326, 334, 346}, 404: {315}, 414: {329}, 503: {326}}
_IIS_TEXT = re.compile(
    r"<div class=\"content-container\">\s{0,9}<fieldset>"  # in every language of the stock error pages
    r"|IIS \d{1,2}\.\d Detailed Error"
    r"|<title>\s{0,9}(?:401 - Unauthorized: Access is denied|403 - Forbidden: Access is denied"
    r"|404 - File or directory not found|405 - HTTP verb used to access|500 - Internal server error)",
    re.IGNORECASE,
)
_IIS_LENGTHS = {401: {1293}, 403: {1233}, 404: {1245}, 405: {1293}, 500: {1208}}
_CORPORATE = re.compile(r"this corporate app can.{1,6}t be ", re.IGNORECASE)
_NDES_TEXT = ("network device enrollment service", "mscep_admin")
"""What NDES's own pages say; a page in another language still links to the password page."""
_SIGN_IN = re.compile(
    r"//login\.(?:microsoftonline|windows|live|chinacloudapi|partner\.microsoftonline)\."
    r"|//sts\.windows\.net/|/oauth2/|/adfs/|/saml2?/|/openid-connect/",
    re.IGNORECASE,
)
_PROXY_ERROR = re.compile(r"\b(?:EmptyConnectorGroup|ConnectorTimeout[A-Za-z]{0,40}|Backend[A-Z][A-Za-z]{0,60})")
_CHALLENGE = re.compile(r"enrollment challenge password is|<B>\s{0,9}[0-9A-F]{16}\s{0,9}</B>", re.IGNORECASE)
_PREFIX = "x-ms-proxy-"
_CONNECTOR = "x-ms-proxy-connector-id"


def word(status: int, headers: Headers, body: bytes) -> str:
    """The outcome word of an answer: `403_iis`, `503_httpsys`, `504_appproxy`, `200_general`.

    What sends people to sign in is `302_login` whichever way it does so; that is the word of the weights.
    An answer that never came has no author: there the trouble (`dropped`, `timeout`) is the word.
    """
    wrote = author(status, headers, body)
    return "302_login" if wrote == "login" else f"{status}_{wrote}"


def author(status: int, headers: Headers, body: bytes) -> Author:
    """Who wrote it. The page tells more than the `Server` header, which a proxy may replace or remove."""
    page, _ = text(headers, body)
    if _asks_to_sign_in(status, headers):
        return "login"
    if status == 200 and any(words in page.lower() for words in _NDES_TEXT):
        return "general"
    return _by_page(page) or _by_headers(status, headers, len(body))


def _asks_to_sign_in(status: int, headers: Headers) -> bool:
    if 300 <= status < 400:
        return bool(_SIGN_IN.search(headers.get("location", "")[:2_000]))
    # Entra pre-authentication tells programs the address of the sign-in page in this header.
    asked = headers.get("www-authenticate", "")[:2_000]
    return status == 401 and asked.lower().startswith("bearer") and bool(_SIGN_IN.search(asked))


def _by_page(page: str) -> Author | None:
    if _CORPORATE.search(page):
        return "appproxy"
    if _HTTPSYS_TEXT.search(page):
        return "httpsys"
    return "iis" if _IIS_TEXT.search(page) else None


def _by_headers(status: int, headers: Headers, length: int) -> Author:
    server = headers.get("server", "").lower()
    if "microsoft-iis" in server:
        return "iis"
    # Without a connector's id the cloud answered alone; with one, these two still are its own words.
    if through_app_proxy(headers) and (_CONNECTOR not in headers or status in (502, 504)):
        return "appproxy"
    if "microsoft-httpapi" in server:
        return "httpsys"
    return "other" if server else _without_server(status, headers, length)


def _without_server(status: int, headers: Headers, length: int) -> Author:
    """`DisableServerHeader` takes the name away; the stock pages keep their length to the byte."""
    if length in _HTTPSYS_LENGTHS.get(status, ()):
        return "httpsys"
    if length in _IIS_LENGTHS.get(status, ()) or "asp.net" in headers.get("x-powered-by", "").lower():
        return "iis"
    return "other"


# --- the application proxy -------------------------------------------------------------------


def through_app_proxy(headers: Headers) -> bool:
    """Whether the answer came through the Entra application proxy."""
    return any(name.startswith(_PREFIX) for name in headers)


def connector(headers: Headers) -> str | None:
    """The id of the connector that fetched the answer; None where no connector took part."""
    return cut(headers[_CONNECTOR]) if headers.get(_CONNECTOR) else None


def proxy_headers(headers: Headers) -> list[str]:
    """What the application proxy tells of itself, as `name: value`, at most twenty of them."""
    return [cut(f"{name}: {headers[name]}") for name in sorted(headers) if name.startswith(_PREFIX)][:20]


def proxy_error(headers: Headers, body: bytes) -> str | None:
    """The application proxy's own word for what went wrong: `EmptyConnectorGroup`, `ConnectorTimeout`
    or one that begins with `Backend`. None without one, and for answers that it did not relay."""
    page, _ = text(headers, body)
    relayed = through_app_proxy(headers)
    if not relayed and not _CORPORATE.search(page):
        return None
    said = [headers.get(f"{_PREFIX}error-details", ""), *(headers[n] for n in headers if n.startswith(_PREFIX)), page]
    found = (_PROXY_ERROR.search(one[:_READ]) for one in said)
    return next((match[0] for match in found if match), None)


# --- what an answer says ---------------------------------------------------------------------


def text(headers: Headers, body: bytes) -> tuple[str, str]:
    """The page as text, and the encoding it was read in. NDES writes UTF-16 without saying so."""
    head = body[: _READ * 2]
    encoding = _encoding(headers, head)
    return head.decode(encoding, "replace")[:_READ], encoding


def _encoding(headers: Headers, head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    start = head[:64]
    if len(start) >= 8 and start[1::2].count(0) > len(start) // 3:
        return "utf-16-le"
    if len(start) >= 8 and start[::2].count(0) > len(start) // 3:
        return "utf-16-be"
    told = _CHARSET.search(headers.get("content-type", "")[:500])
    return told[1].lower() if told and told[1].lower() in _ENCODINGS else "utf-8"


def title(headers: Headers, body: bytes) -> str | None:
    """The title of a page, cut and clean; None without one."""
    page, _ = text(headers, body)
    found = _TITLE.search(page)
    return cut(unescape(found[1])) or None if found else None


def shows_challenge(headers: Headers, body: bytes) -> bool:
    """Whether the page hands out an enrolment challenge password."""
    return bool(_CHALLENGE.search(text(headers, body)[0]))


def asks_windows(headers: Headers) -> bool:
    """Whether the answer asks for Windows authentication (NTLM or Negotiate)."""
    return bool(re.search(r"\b(?:NTLM|Negotiate)\b", headers.get("www-authenticate", "")[:2_000], re.IGNORECASE))


def date(headers: Headers) -> datetime | None:
    """The server's own time, from the `Date` header; None where there is none that can be read."""
    try:
        told = parsedate_to_datetime(headers.get("date", "")[:100])
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def cut(foreign: str, most: int = 200) -> str:
    """Foreign words for a person: one line, at most `most` characters, nothing that steers a terminal or a reader."""
    read = foreign[: most * 10]
    if not read.isprintable():  # what is printable has nothing to leave out; most words are
        read = "".join(" " if one.isspace() else one for one in read if one.isspace() or _is_visible(one))
    return " ".join(read.split())[:most]


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] != "C"
