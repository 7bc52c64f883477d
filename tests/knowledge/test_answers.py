"""Who wrote an answer is told from the page, the headers and the length, whichever of them is left."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import answers
from tests.checks import pages

SIGN_IN = "https://login.microsoftonline.com/11111111-0000-4000-8000-000000000000/oauth2/authorize?client_id=2"


def word(status: int, body: bytes = b"", **headers: str) -> str:
    return answers.word(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def of(status: int, headers: dict[str, str], body: bytes = b"") -> str:
    return answers.word(status, pages.lower(headers), body)


def test_the_pages_of_this_test_have_the_lengths_of_the_real_ones() -> None:
    assert len(pages.httpsys()) == 326
    assert len(pages.too_long()) == 346


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_page_of_iis_is_known_with_and_without_its_headers(status: int) -> None:
    assert of(status, pages.IIS, pages.iis(status)) == f"{status}_iis"
    assert of(status, {}, pages.iis(status)) == f"{status}_iis"


def test_a_page_of_iis_is_known_in_another_language_and_behind_another_server() -> None:
    page = pages.iis(403).replace(b"403 - Forbidden: Access is denied.", b"403 - Verboten: Zugriff verweigert.")
    assert of(403, {"Server": "nginx"}, page) == "403_iis"


def test_the_server_header_alone_is_enough() -> None:
    assert of(403, {"Server": "Microsoft-IIS/8.5"}) == "403_iis"
    assert of(503, {"Server": "Microsoft-HTTPAPI/2.0"}) == "503_httpsys"


def test_a_detailed_error_page_is_of_iis() -> None:
    assert word(500, b"<title>IIS 10.0 Detailed Error - 500.19 - Internal Server Error</title>") == "500_iis"


@pytest.mark.parametrize(("status", "length"), [(401, 1293), (403, 1233), (404, 1245), (405, 1293), (500, 1208)])
def test_without_headers_and_known_words_the_length_of_an_iis_page_tells(status: int, length: int) -> None:
    assert word(status, b"x" * length) == f"{status}_iis"
    assert word(status, b"x" * length, server="nginx") == f"{status}_other"
    assert word(status, b"x" * (length + 1)) == f"{status}_other"


@pytest.mark.parametrize(
    ("status", "length"),
    [(503, 326), (404, 315), (400, 334), (400, 324), (400, 346), (400, 311), (400, 326), (414, 329)],
)
def test_without_headers_and_known_words_the_length_of_an_http_sys_page_tells(status: int, length: int) -> None:
    assert word(status, b"x" * length) == f"{status}_httpsys"


@pytest.mark.parametrize("headers", [pages.HTTPSYS, {}])
def test_pages_of_http_sys_are_known_with_and_without_headers(headers: dict[str, str]) -> None:
    assert of(503, headers, pages.httpsys()) == "503_httpsys"
    assert of(400, headers, pages.too_long()) == "400_httpsys"
    assert of(414, headers, b"<h2>Request URL Too Long</h2>") == "414_httpsys"


def test_asp_net_without_a_server_header_is_iis() -> None:
    assert word(403, x_powered_by="ASP.NET") == "403_iis"


@pytest.mark.parametrize("server", ["nginx", "cloudflare", "BigIP", "AkamaiGHost", ""])
def test_what_nobody_known_wrote_is_of_somebody_else(server: str) -> None:
    assert word(403, b"<h1>Request blocked</h1>", server=server) == "403_other"


@pytest.mark.parametrize("status", [404, 502, 504])
def test_an_answer_without_a_connector_is_of_the_cloud(status: int) -> None:
    assert of(status, pages.APP_PROXY) == f"{status}_appproxy"


@pytest.mark.parametrize("status", [502, 504])
def test_a_gateway_error_is_of_the_application_proxy_even_with_a_connector(status: int) -> None:
    assert of(status, pages.CONNECTED) == f"{status}_appproxy"


def test_the_page_of_the_application_proxy_is_known_without_its_headers() -> None:
    assert word(504, pages.corporate("GatewayTimeout")) == "504_appproxy"
    assert word(502, "This corporate app can’t be accessed".encode()) == "502_appproxy"


def test_what_iis_wrote_is_of_iis_behind_the_application_proxy() -> None:
    assert of(403, {**pages.CONNECTED, **pages.IIS}, pages.iis(403)) == "403_iis"
    assert of(403, {**pages.APP_PROXY, **pages.IIS}) == "403_iis"
    assert of(503, {**pages.CONNECTED, **pages.HTTPSYS}, pages.httpsys()) == "503_httpsys"


def test_what_somebody_else_wrote_behind_a_connector_stays_unknown() -> None:
    assert of(403, pages.CONNECTED, b"<h1>no</h1>") == "403_other"


def test_the_general_page_of_ndes_is_known_in_every_encoding() -> None:
    text = pages.GENERAL.decode("utf-16-le")
    bodies = (
        pages.GENERAL,
        b"\xff\xfe" + pages.GENERAL,
        text.encode("utf-16-be"),
        text.encode(),
        text.encode("utf-16"),
    )
    for body in bodies:
        assert word(200, body, server="Microsoft-IIS/10.0") == "200_general"


def test_the_general_page_is_known_in_another_language_by_its_link() -> None:
    page = 'Registrierungsdienst <A HREF="/CertSrv/mscep_admin">Verwaltung</A>'.encode("utf-16-le")
    assert word(200, page) == "200_general"


def test_another_page_with_200_is_not_the_general_one() -> None:
    assert of(200, pages.IIS, b"<title>IIS Windows Server</title>") == "200_iis"
    assert of(404, pages.IIS, b"mscep_admin") == "404_iis"


@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_a_redirect_to_a_sign_in_page_is_a_sign_in(status: int) -> None:
    assert word(status, location=SIGN_IN) == "302_login"


@pytest.mark.parametrize("path", ["/adfs/ls/?wa=wsignin1.0", "/saml/sso", "/realms/x/protocol/openid-connect/auth"])
def test_other_sign_in_pages_count_too(path: str) -> None:
    assert word(302, location=f"https://sso.corp.example{path}") == "302_login"


def test_a_program_is_told_of_the_sign_in_by_401() -> None:
    assert word(401, www_authenticate=f'Bearer authorization_uri="{SIGN_IN}"') == "302_login"
    assert word(401, www_authenticate="Negotiate, NTLM", server="Microsoft-IIS/10.0") == "401_iis"


def test_a_redirect_elsewhere_is_no_sign_in() -> None:
    assert word(301, location="https://ndes.corp.example/certsrv/mscep/mscep.dll") == "301_other"


# --- the application proxy -------------------------------------------------------------------


@pytest.mark.parametrize("said", ["EmptyConnectorGroup", "ConnectorTimeout", "ConnectorTimeoutError", "BackendTimeout"])
def test_the_proxys_own_word_is_read_from_its_header_and_from_its_page(said: str) -> None:
    header = pages.lower({**pages.APP_PROXY, "x-ms-proxy-error-details": f"1; {said}; x"})
    assert answers.proxy_error(header, b"") == said
    assert answers.proxy_error(pages.lower(pages.APP_PROXY), pages.corporate("GatewayTimeout", said)) == said
    assert answers.proxy_error({}, pages.corporate("GatewayTimeout", said)) == said


def test_no_other_page_has_a_word_of_the_proxy() -> None:
    assert answers.proxy_error({}, b"BackendTimeout EmptyConnectorGroup") is None
    assert answers.proxy_error(pages.lower(pages.APP_PROXY), b"the Backend is fine") is None


def test_the_connector_is_named_or_missing() -> None:
    assert answers.connector(pages.lower(pages.APP_PROXY)) is None
    assert answers.connector(pages.lower(pages.CONNECTED)) == pages.CONNECTED["x-ms-proxy-connector-id"]
    assert len(answers.proxy_headers(pages.lower(pages.CONNECTED))) == 6


# --- what an answer says ---------------------------------------------------------------------


def test_a_title_is_one_clean_line() -> None:
    page = b"<title>\r\n a &amp; b\x1b[31m\x00 c &#8238;</title>"
    assert answers.title({}, page) == "a & b[31m c"
    assert answers.title({}, b"<title> </title>") is None
    assert answers.title({}, b"no title") is None


def test_a_challenge_page_is_known_in_english_and_by_its_shape() -> None:
    assert answers.shows_challenge({}, pages.CHALLENGE)
    assert answers.shows_challenge({}, "Kennwort: <B> 9A2C41D07B3E55F8 </B>".encode("utf-16-le"))
    assert not answers.shows_challenge({}, pages.GENERAL)


@pytest.mark.parametrize("charset", ["punycode", "idna", "base64", "nonsense", "unicode_escape", "utf-7"])
def test_only_a_plain_charset_is_believed(charset: str) -> None:
    assert answers.text({"content-type": f"text/html; charset={charset}"}, b"\xff<title>x</title>")[1] == "utf-8"


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Mon, 99 Foo 2026 00:00:00 GMT", "Mon, 01 Jan 0000 0:0:0 +9999", "1" * 90]
)
def test_a_date_that_is_none_is_none(date: str) -> None:
    assert answers.date({"date": date}) is None


def test_a_date_is_read() -> None:
    assert answers.date({"date": "Sat, 21 Nov 2026 10:00:00 GMT"}) == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert answers.date({"date": "Sat, 21 Nov 2026 10:00:00 -0000"}) == datetime(2026, 11, 21, 10, tzinfo=UTC)


@given(
    st.integers(100, 599),
    st.dictionaries(
        st.sampled_from(["server", "location", "date", "content-type", "x-ms-proxy-a", "via", "www-authenticate"]),
        st.text(max_size=300),
    ),
    st.binary(max_size=3_000),
)
def test_whatever_comes_is_read(status: int, headers: dict[str, str], body: bytes) -> None:
    assert answers.word(status, headers, body)
    assert (found := answers.title(headers, body)) is None or 0 < len(found) <= 200
    answers.proxy_error(headers, body)
    answers.shows_challenge(headers, body)
    told = answers.date(headers)
    assert told is None or told.tzinfo is not None


@given(st.text(max_size=5_000))
def test_foreign_words_are_cut_to_one_visible_line(foreign: str) -> None:
    shown = answers.cut(foreign)
    assert len(shown) <= 200
    assert shown.isprintable()


def test_a_page_without_end_is_read_only_at_its_start() -> None:
    body = b"<title>" + b"a<" * 5_000_000
    assert answers.title({}, body) == "a"
    assert answers.word(200, {}, body) == "200_other"
