"""The pages that Windows servers and the application proxy really send, for tests that read them."""

from collections.abc import Mapping

IIS = {"Content-Type": "text/html", "Server": "Microsoft-IIS/10.0", "X-Powered-By": "ASP.NET"}
HTTPSYS = {"Content-Type": "text/html; charset=us-ascii", "Server": "Microsoft-HTTPAPI/2.0", "Connection": "close"}
APP_PROXY = {
    "Content-Type": "text/html",
    "x-ms-proxy-app-id": "9f0b6c1e-0000-4000-8000-000000000001",
    "x-ms-proxy-group-id": "9f0b6c1e-0000-4000-8000-000000000002",
    "x-ms-proxy-transaction-id": "9f0b6c1e-0000-4000-8000-000000000003",
    "x-ms-proxy-service-name": "proxy-appproxy-WEUR-AMS2P-2",
    "x-ms-proxy-data-center": "WEUR",
}
CONNECTED = {**APP_PROXY, "x-ms-proxy-connector-id": "9f0b6c1e-0000-4000-8000-000000000004"}

_STOCK = {
    401: (
        "401 - Unauthorized: Access is denied due to invalid credentials.",
        "using the credentials that you supplied.",
    ),
    403: (
        "403 - Forbidden: Access is denied.",
        "You do not have permission to view this directory or page using the credentials that you supplied.",
    ),
    404: (
        "404 - File or directory not found.",
        "The resource you are looking for might have been removed, had its name changed, or is unavailable.",
    ),
    500: ("500 - Internal server error.", "There is a problem with the resource you are looking for."),
}
_IIS_PAGE = """\
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"/>
<title>{title}</title>
</head>
<body>
<div id="header"><h1>Server Error</h1></div>
<div id="content">
 <div class="content-container"><fieldset>
  <h2>{title}</h2>
  <h3>{said}</h3>
 </fieldset></div>
</div>
</body>
</html>
"""
_HTTPSYS_PAGE = """\
<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">
<HTML><HEAD><TITLE>{title}</TITLE>
<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii"></HEAD>
<BODY><h2>{heading}</h2>
<hr><p>HTTP Error {status}. {said}</p>
</BODY></HTML>
"""
_CORPORATE = """\
<html><head><title>This corporate app can&#39;t be accessed</title></head>
<body><h1>This corporate app can't be accessed</h1><p>Status code: {status}</p><p>{detail}</p></body></html>
"""
GENERAL = (
    '<HTML><Head><Meta HTTP-Equiv="Content-Type" Content="text/html; charset=UTF-8">'
    "<Title>Network Device Enrollment Service</Title></Head><Body><P>This URL is used by network devices to submit "
    'certificate requests.<P>To obtain an enrollment challenge password, go to the <A HREF="/CertSrv/mscep_admin">'
    "admin page</A>.</Body></HTML>"
).encode("utf-16-le")
CHALLENGE = (
    "<HTML><Title>Network Device Enrollment Service</Title><P>The thumbprint (hash value) for the CA certificate is: "
    "<B> 5A1B6C9E 7F001122 33445566 778899AA </B><P>The enrollment challenge password is: <B> 9A2C41D07B3E55F8 </B>"
).encode("utf-16-le")
CAPS = b"POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3\n"


def iis(status: int) -> bytes:
    """A stock error page of IIS."""
    title, said = _STOCK[status]
    return _crlf(_IIS_PAGE.format(title=title, said=said))


def httpsys(
    status: int = 503,
    title: str = "Service Unavailable",
    said: str = "The service is unavailable.",
    heading: str | None = None,
) -> bytes:
    """A page of http.sys; the one for 503 has 326 bytes."""
    return _crlf(_HTTPSYS_PAGE.format(status=status, title=title, heading=heading or title, said=said))


def too_long() -> bytes:
    """What http.sys says to a request line and headers of more than 16,384 bytes: 346 bytes."""
    said = "The size of the request headers is too long."
    return httpsys(400, "Bad Request", said, "Bad Request - Request Too Long")


def corporate(status: str, detail: str = "") -> bytes:
    """The error page of the application proxy."""
    return _CORPORATE.format(status=status, detail=detail).encode()


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as a reply has them."""
    return {name.lower(): value for name, value in headers.items()}


def _crlf(page: str) -> bytes:
    return page.replace("\n", "\r\n").encode("ascii")
