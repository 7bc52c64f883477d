"""What IIS, http.sys, NDES and the application proxy send, byte for byte: pages, and headers in their order.

The templates of IIS and http.sys reproduce every length known from real servers (1233 for a 403 of IIS, 326 for a 503
of http.sys and so on). The page of NDES itself is near the real one; that of the application proxy has only its words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

Headers = tuple[tuple[str, str], ...]

_WRITTEN_LATE: Final = {"Date", "Content-Length"}
"""Headers that stand in their place from the start and get their value when the answer goes out."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer before it has a date. `headers` are in the order they are sent; `Date` and
    `Content-Length` among them are empty. `closes` ends the connection, `breaks_off` does so within the
    body. Behind the application proxy, `connector` says whether one of its connectors had a hand in it,
    `trouble` what the cloud says went wrong.
    """

    status: int
    reason: str
    headers: Headers
    body: bytes
    closes: bool = False
    breaks_off: bool = False
    connector: bool = True
    trouble: str = ""


def bytes_of(answer: Answer, date: str, *, with_body: bool = True, closes: bool = False) -> bytes:
    """The answer as it goes over the wire. `date` is an HTTP date (RFC 9110, section 5.6.7)."""
    late = {"Date": date, "Content-Length": str(len(answer.body))}
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}"]
    lines += [f"{name}: {late[name] if name in _WRITTEN_LATE else value}" for name, value in answer.headers]
    if closes and not answer.closes:
        lines.append("Connection: close")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    body = answer.body[: len(answer.body) // 2] if answer.breaks_off else answer.body
    return head + body if with_body else head


def _windows_text(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("ascii")


# --- IIS -------------------------------------------------------------------------------------

# Three of the style lines end with a blank; without it the lengths are not those of real servers.
_IIS_PAGE = """\
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"/>
<title>{title}</title>
<style type="text/css">
<!--
body{{margin:0;font-size:.7em;font-family:Verdana, Arial, Helvetica, sans-serif;background:#EEEEEE;}}
fieldset{{padding:0 15px 10px 15px;}}{blank}
h1{{font-size:2.4em;margin:0;color:#FFF;}}
h2{{font-size:1.7em;margin:0;color:#CC0000;}}{blank}
h3{{font-size:1.2em;margin:10px 0 0 0;color:#000000;}}{blank}
#header{{width:96%;margin:0 0 0 0;padding:6px 2% 6px 2%;font-family:"trebuchet MS", Verdana, sans-serif;color:#FFF;
background-color:#555555;}}
#content{{margin:0 0 0 2%;position:relative;}}
.content-container{{background:#FFF;width:96%;margin-top:8px;padding:10px;position:relative;}}
-->
</style>
</head>
<body>
<div id="header"><h1>Server Error</h1></div>
<div id="content">
 <div class="content-container"><fieldset>
  <h2>{title}</h2>
  <h3>{text}</h3>
 </fieldset></div>
</div>
</body>
</html>
"""
_NO_PERMISSION = "You do not have permission to view this directory or page using the credentials that you supplied."
_GONE = "The resource you are looking for might have been removed, had its name changed, or is temporarily unavailable."
_IIS = (("Server", "Microsoft-IIS/10.0"),)
_ASP = (("X-Powered-By", "ASP.NET"), ("Date", ""), ("Content-Length", ""))
_HTML = (("Content-Type", "text/html"),)
_SIGN_IN = (("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", "NTLM"))


def iis(kind: str, body: bytes, status: int = 200, reason: str = "OK", more: Headers = ()) -> Answer:
    """An answer that IIS passes on for an application. `kind` is its media type."""
    return Answer(status, reason, (("Content-Type", kind), *more, *_IIS, *_ASP), body)


def _iis_error(status: int, reason: str, title: str, text: str, more: Headers = ()) -> Answer:
    page = _IIS_PAGE.format(title=f"{status} - {title}", text=text, blank=" ")
    return Answer(status, reason, (*_HTML, *_IIS, *more, *_ASP), _windows_text(page))


_IIS_WELCOME = """\
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1" />
<title>IIS Windows Server</title>
<style type="text/css">
<!--
body {
	color:#000000;
	background-color:#0072C6;
	margin:0;
}

#container {
	margin-left:auto;
	margin-right:auto;
	text-align:center;
	}

a img {
	border:none;
}

-->
</style>
</head>
<body>
<div id="container">
<a href="http://go.microsoft.com/fwlink/?linkid=66138&amp;clcid=0x409">\
<img src="iisstart.png" alt="IIS" width="960" height="600" /></a>
</div>
</body>
</html>"""
_OF_A_FILE = (
    ("Last-Modified", "Sat, 15 Sep 2018 07:19:12 GMT"),
    ("Accept-Ranges", "bytes"),
    ("ETag", '"a0c6b5d2c44cd41:0"'),
)


def iis_file(kind: str, body: bytes) -> Answer:
    """A file that IIS serves from its disk."""
    return iis(kind, body, more=_OF_A_FILE)


# --- http.sys --------------------------------------------------------------------------------

_HTTPSYS_PAGE = """\
<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">
<HTML><HEAD><TITLE>{title}</TITLE>
<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii"></HEAD>
<BODY><h2>{heading}</h2>
<hr><p>HTTP Error {status}. {text}</p>
</BODY></HTML>
"""
_HTTPSYS_HEADERS: Headers = (
    ("Content-Type", "text/html; charset=us-ascii"),
    ("Server", "Microsoft-HTTPAPI/2.0"),
    ("Date", ""),
    ("Connection", "close"),
    ("Content-Length", ""),
)


def _httpsys(status: int, title: str, text: str, detail: str = "", reason: str = "") -> Answer:
    heading = f"{title} - {detail}" if detail else title
    page = _HTTPSYS_PAGE.format(title=title, heading=heading, status=status, text=text)
    return Answer(status, reason or title, _HTTPSYS_HEADERS, _windows_text(page), closes=True)


def _nameless(answer: Answer) -> Answer:
    """As after `DisableServerHeader`: http.sys says no longer who it is."""
    return replace(answer, headers=tuple(header for header in answer.headers if header[0] != "Server"))


# --- NDES ------------------------------------------------------------------------------------

_NDES_PAGE = """\
<HTML><Head><Meta HTTP-Equiv="Content-Type" Content="text/html; charset=UTF-16">\
<Title>Network Device Enrollment Service</Title></Head><Body BgColor=#FFFFFF><Font ID=locPageFont Face="Arial">\
<Table Border=0 CellSpacing=0 CellPadding=4 Width=100% BgColor=#008080><TR><TD>\
<Font ID=locPageTitleFont Face="Arial" Size=-1 Color=#FFFFFF>\
<LocID ID=locMSCertSrv>Network Device Enrollment Service</LocID></Font></TD></TR></Table>\
<P ID=locPageTitle> Network Device Enrollment Service allows you to obtain certificates for routers or other network \
devices using the Simple Certificate Enrollment Protocol (SCEP). </P>{text}\
<P ID=locPageDesc> For more information see <A HREF=http://go.microsoft.com/fwlink/?LinkId=67852>\
Using Network Device Enrollment Service </A>. </P> <P></Font></Body></HTML>"""
_GENERAL = (
    "<P> This URL is used by network devices to submit certificate requests. </P> "
    "<P> To obtain an enrollment challenge password, go to the admin URL. "
    "By default, the admin URL is http://ndes01.lab.internal/CertSrv/mscep_admin </P> "
)
_CHALLENGE = (
    "<P> To complete certificate enrollment for your network device you will need the following information: "
    "<P> The thumbprint (hash value) for the CA certificate is: <B> 5F4E2D1C 0B9A8877 66554433 22110000 </B> "
    "<P> The enrollment challenge password is: <B> 0123456789ABCDEF </B> "
    "<P> This password can be used only once and will expire within 60 minutes. "
    "<P> Each enrollment requires a new challenge password. "
    "You can refresh this web page to obtain a new challenge password. </P> "
)


def _ndes(text: str) -> Answer:
    return iis("text/html", _NDES_PAGE.format(text=text).encode("utf-16-le"))


CAPS: Final = b"POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3\n"
"""What a current NDES is believed to say of itself."""

# --- application proxy -----------------------------------------------------------------------

_CLOUD_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Application Proxy</title></head>
<body>
<h1>{sorry}</h1>
<h2>{title}: This corporate app can't be accessed.</h2>
<p>{text}</p>
<p>Status Code: {code}</p>
</body>
</html>
"""
_LOGIN = (
    "https://login.microsoftonline.com/5c0f8a7e-6c1d-4d6e-9a53-0f6f5f0c1d11/oauth2/{version}authorize"
    "?response_type=code&client_id=2f9f4b0a-7c41-4a0e-8f5e-3f1b2c6d7e81&scope=openid&nonce=1&redirect_uri=https%3A%2F%2F"
)
_CLOUD_HEADERS: Headers = (("Content-Type", "text/html; charset=utf-8"), ("Date", ""), ("Content-Length", ""))


def _cloud(
    status: int, reason: str, code: str, text: str, *, connector: bool = False, trouble: str = "", more: Headers = ()
) -> Answer:
    page = _CLOUD_PAGE.format(sorry="Sorry", title=reason, text=text, code=code)
    return Answer(status, reason, (*more, *_CLOUD_HEADERS), _windows_text(page), connector=connector, trouble=trouble)


def _to_login(version: str) -> Answer:
    headers = (("Location", _LOGIN.format(version=version)), ("Date", ""), ("Content-Length", ""))
    return Answer(302, "Found", headers, b"", connector=False)


def through_app_proxy(answer: Answer) -> Answer:
    """The same answer as a client sees it behind the Entra application proxy."""
    marks = [
        ("x-ms-proxy-app-id", "2f9f4b0a-7c41-4a0e-8f5e-3f1b2c6d7e81"),
        ("x-ms-proxy-group-id", "9d1f3c52-05e4-4b8e-a1f0-3b7c9e5d2a64"),
        ("x-ms-proxy-subscription-id", "5c0f8a7e-6c1d-4d6e-9a53-0f6f5f0c1d11"),
        ("x-ms-proxy-transaction-id", str(uuid4())),
        ("x-ms-proxy-service-name", "proxy-appproxy-weur-ams02-1"),
        ("x-ms-proxy-data-center", "WEUR"),
    ]
    if answer.connector:
        marks.append(("x-ms-proxy-connector-id", "71f5b5d4-62f4-4a3c-8a3e-1a0d4f6c2b90"))
    if answer.trouble:
        marks.append(("x-ms-proxy-error-details", answer.trouble))
    marks += [
        ("Nel", '{"report_to":"network-errors","max_age":86400,"success_fraction":0.001,"failure_fraction":1.0}'),
        (
            "Report-To",
            '{"group":"network-errors","max_age":86400,'
            '"endpoints":[{"url":"https://ffde.nelreports.net/api/report?cat=proxy-appproxy-weur-ams02-1"}]}',
        ),
    ]
    kept = tuple(header for header in answer.headers if header[0] != "Connection")  # said to the next hop only
    return replace(answer, headers=(*kept, *marks), closes=False)


# --- others in between -----------------------------------------------------------------------

_FIREWALL_PAGE = """\
<html>
<head><title>{title}</title></head>
<body>
<center><h1>{title}</h1></center>
<hr><center>{server}</center>
</body>
</html>
"""
_NETWORK_LOGIN_PAGE = """\
<!DOCTYPE html>
<html><head><title>Network access</title></head>
<body><h1>Network access</h1><p>Sign in to use this network.</p></body></html>
"""


def _firewall(status: int, reason: str, server: str) -> Answer:
    page = _FIREWALL_PAGE.format(title=f"{status} {reason}", server=server)
    headers = (("Server", server), ("Date", ""), *_HTML, ("Content-Length", ""), ("Connection", "keep-alive"))
    return Answer(status, reason, headers, _windows_text(page))


_LONG_HEADERS = "The size of the request headers is too long."
_NO_CONNECTOR = "This corporate app cannot be reached: no connector answered."
_NO_BACKEND = "The connector could not reach the application."

ANSWERS: Final[Mapping[str, Answer]] = {
    "iis-401": _iis_error(
        401,
        "Unauthorized",
        "Unauthorized: Access is denied due to invalid credentials.",
        _NO_PERMISSION,
        _SIGN_IN,
    ),
    "iis-403": _iis_error(403, "Forbidden", "Forbidden: Access is denied.", _NO_PERMISSION),
    "iis-404": _iis_error(404, "Not Found", "File or directory not found.", _GONE),
    "iis-405": _iis_error(
        405,
        "Method Not Allowed",
        "HTTP verb used to access this page is not allowed.",
        "The page you are looking for cannot be displayed because an invalid method (HTTP verb) was used to attempt "
        "access.",
        (("Allow", "GET, POST"),),
    ),
    "iis-413": iis(
        "text/html",
        b"The page was not displayed because the request entity is too large.",
        413,
        "Request Entity Too Large",
    ),
    "iis-500": _iis_error(
        500,
        "Internal Server Error",
        "Internal server error.",
        "There is a problem with the resource you are looking for, and it cannot be displayed.",
    ),
    "iis-welcome": iis_file("text/html", _windows_text(_IIS_WELCOME)),
    "httpsys-400": _httpsys(400, "Bad Request", "The request is badly formed."),
    "httpsys-400-hostname": _httpsys(400, "Bad Request", "The request hostname is invalid.", "Invalid Hostname"),
    "httpsys-400-url": _httpsys(400, "Bad Request", "The request URL is invalid.", "Invalid URL"),
    "httpsys-400-verb": _httpsys(400, "Bad Request", "The request verb is invalid.", "Invalid Verb"),
    "httpsys-400-headers": _httpsys(400, "Bad Request", _LONG_HEADERS, "Request Too Long"),
    "httpsys-404": _httpsys(404, "Not Found", "The requested resource is not found."),
    "httpsys-411": _httpsys(411, "Length Required", "The request must be chunked or have a content length."),
    "httpsys-414": _httpsys(414, "Request URL Too Long", "The request URL is too long.", reason="Request-URI Too Long"),
    "httpsys-503": _httpsys(503, "Service Unavailable", "The service is unavailable."),
    "httpsys-503-nameless": _nameless(_httpsys(503, "Service Unavailable", "The service is unavailable.")),
    "ndes-general": _ndes(_GENERAL),
    "ndes-challenge": _ndes(_CHALLENGE),
    "ndes-caps": iis("text/plain", CAPS),
    "ndes-caps-typeless": Answer(200, "OK", (*_IIS, *_ASP), b"POSTPKIOperation\nRenewal\nSHA-1\nDES3\n"),
    "ndes-nothing": iis("text/html", b""),
    "appproxy-302": _to_login(""),
    "appproxy-302-v2": _to_login("v2.0/"),
    "appproxy-404": _cloud(404, "Not Found", "NotFound", "No application is published at this address."),
    "appproxy-502": _cloud(502, "Bad Gateway", "BadGateway", _NO_BACKEND, connector=True),
    "appproxy-502-backend": _cloud(
        502, "Bad Gateway", "BadGateway", _NO_BACKEND, connector=True, trouble="BackendServiceUnavailable"
    ),
    "appproxy-504": _cloud(504, "Gateway Timeout", "GatewayTimeout", _NO_CONNECTOR),
    "appproxy-504-no-group": _cloud(
        504, "Gateway Timeout", "GatewayTimeout", _NO_CONNECTOR, trouble="EmptyConnectorGroup"
    ),
    "appproxy-504-backend": _cloud(
        504, "Gateway Timeout", "GatewayTimeout", _NO_BACKEND, connector=True, trouble="BackendTimeOut"
    ),
    "gateway-403": _firewall(403, "Forbidden", "Microsoft-Azure-Application-Gateway/v2"),
    "nginx-413": _firewall(413, "Request Entity Too Large", "nginx"),
    "network-login": Answer(
        200,
        "OK",
        (("Content-Type", "text/html; charset=utf-8"), ("Date", ""), ("Content-Length", "")),
        _windows_text(_NETWORK_LOGIN_PAGE),
    ),
}
"""Every fixed answer by its name. Names say who writes it, the status, and what is special."""
