"""The pages have the lengths of the real ones, their words, and their headers in order."""

import pytest

from connectors.lab.pages import ANSWERS, bytes_of, through_app_proxy
from knowledge.answers import word

DATE = "Sat, 21 Nov 2026 12:00:00 GMT"
LENGTHS = {
    "iis-401": 1293,
    "iis-403": 1233,
    "iis-404": 1245,
    "iis-405": 1293,
    "iis-500": 1208,
    "iis-welcome": 703,
    "httpsys-503": 326,
    "httpsys-404": 315,
    "httpsys-400-hostname": 334,
    "httpsys-400-url": 324,
    "httpsys-400-headers": 346,
    "httpsys-400-verb": 326,
    "httpsys-400": 311,
    "httpsys-414": 329,
}
WORDS = {
    "iis-401": "401_iis",
    "iis-403": "403_iis",
    "iis-404": "404_iis",
    "iis-500": "500_iis",
    "httpsys-503": "503_httpsys",
    "httpsys-503-nameless": "503_httpsys",
    "httpsys-400-headers": "400_httpsys",
    "httpsys-414": "414_httpsys",
    "ndes-general": "200_general",
    "appproxy-302": "302_login",
    "appproxy-302-v2": "302_login",
    "appproxy-502": "502_appproxy",
    "appproxy-504": "504_appproxy",
    "gateway-403": "403_other",
}


@pytest.mark.parametrize(("name", "length"), LENGTHS.items())
def test_a_page_is_as_long_as_the_real_one(name: str, length: int) -> None:
    assert len(ANSWERS[name].body) == length


@pytest.mark.parametrize("name", [name for name in LENGTHS if name != "iis-welcome"])
def test_lines_end_as_windows_ends_them(name: str) -> None:
    body = ANSWERS[name].body
    assert body.endswith(b"\r\n")
    assert body.count(b"\n") == body.count(b"\r\n")


@pytest.mark.parametrize(("name", "said"), WORDS.items())
def test_a_reader_of_answers_knows_who_wrote_it(name: str, said: str) -> None:
    answer = ANSWERS[name]
    if name.startswith("appproxy"):
        answer = through_app_proxy(answer)
    headers = {key.lower(): value for key, value in answer.headers}
    assert word(answer.status, headers, answer.body) == said


@pytest.mark.parametrize("name", ["iis-403", "iis-404", "iis-500", "ndes-caps", "ndes-general"])
def test_headers_of_iis_come_in_the_order_of_iis(name: str) -> None:
    assert _order(name) == ["Content-Type", "Server", "X-Powered-By", "Date", "Content-Length"]


def test_a_sign_in_is_offered_twice_behind_the_servers_name() -> None:
    assert _order("iis-401") == [
        "Content-Type",
        "Server",
        "WWW-Authenticate",
        "WWW-Authenticate",
        "X-Powered-By",
        "Date",
        "Content-Length",
    ]
    assert [value for name, value in ANSWERS["iis-401"].headers if name == "WWW-Authenticate"] == ["Negotiate", "NTLM"]


@pytest.mark.parametrize("name", ["httpsys-503", "httpsys-400-headers", "httpsys-414"])
def test_headers_of_http_sys_come_in_its_order_and_end_the_connection(name: str) -> None:
    assert _order(name) == ["Content-Type", "Server", "Date", "Connection", "Content-Length"]
    assert ANSWERS[name].closes


def test_http_sys_may_hide_its_name() -> None:
    assert "Server" not in _order("httpsys-503-nameless")
    assert ANSWERS["httpsys-503-nameless"].body == ANSWERS["httpsys-503"].body


def test_the_pages_of_ndes_are_utf_16_without_a_mark() -> None:
    for name, words in (("ndes-general", "used by network devices"), ("ndes-challenge", "challenge password is: <B>")):
        body = ANSWERS[name].body
        assert body.startswith(b"<\0")
        assert words in body.decode("utf-16-le")
        assert 1_900 < len(body) < 2_700


def test_the_cloud_answers_alone_without_a_connector() -> None:
    alone, together = (dict(through_app_proxy(ANSWERS[name]).headers) for name in ("appproxy-504", "appproxy-502"))
    assert "x-ms-proxy-connector-id" not in alone
    assert "x-ms-proxy-connector-id" in together
    for headers in (alone, together):
        assert {"x-ms-proxy-app-id", "x-ms-proxy-transaction-id", "x-ms-proxy-service-name", "Nel"} <= headers.keys()


def test_each_answer_through_the_proxy_has_a_transaction_of_its_own() -> None:
    first, second = (dict(through_app_proxy(ANSWERS["iis-403"]).headers) for _ in range(2))
    assert first["x-ms-proxy-transaction-id"] != second["x-ms-proxy-transaction-id"]


def test_an_answer_on_the_wire_says_its_date_and_its_length() -> None:
    sent = bytes_of(ANSWERS["iis-403"], DATE)
    assert sent.startswith(b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n")
    assert f"Date: {DATE}\r\nContent-Length: 1233\r\n\r\n<!DOCTYPE".encode() in sent


def test_without_a_body_the_length_is_told_all_the_same() -> None:
    sent = bytes_of(ANSWERS["iis-403"], DATE, with_body=False)
    assert sent.endswith(b"Content-Length: 1233\r\n\r\n")


def _order(name: str) -> list[str]:
    return [header for header, _ in ANSWERS[name].headers]
