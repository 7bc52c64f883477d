"""What a person writes becomes a server, or a sentence that says what is wrong with it."""

import json

import pytest

from bot.errors import BadRequest
from bot.findings import Server, Thresholds
from bot.servers import as_fields, listed, server_from, words_to_fields

URL = "https://ndes.example.org/certsrv/mscep/mscep.dll"


def test_name_and_url_are_enough() -> None:
    assert server_from({"name": "ndes01", "url": URL}) == Server("ndes01", URL)


def test_a_line_of_words_is_read_with_its_fields() -> None:
    said = f"ndes01 {URL} front=app-proxy tags=prod,berlin tls_days=14 may_poll=true internal_name=ndes01.corp.example"
    server = server_from(words_to_fields(said))
    assert (server.front, server.tags, server.may_poll) == ("app-proxy", ("prod", "berlin"), True)
    assert server.thresholds == Thresholds(tls_days=14)


def test_a_server_survives_being_kept() -> None:
    server = Server("ndes01", URL, tags=("a",), nodes=("10.0.0.1",), thresholds=Thresholds(7, 8, 9), may_poll=True)
    assert server_from(json.loads(json.dumps(as_fields(server)))) == server


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"name": "ndes01"}, "url: "),
        ({"name": "NDES 01", "url": URL}, "name: use small letters"),
        ({"name": "a" * 64, "url": URL}, "name: use small letters"),
        ({"name": "x", "url": "ftp://ndes.example.org/mscep.dll"}, "url: give the SCEP URL"),
        ({"name": "x", "url": "https://user:word@ndes.example.org/mscep.dll"}, "url: give the SCEP URL"),
        ({"name": "x", "url": "https://ndes.example.org/certsrv"}, "url: it must end at mscep.dll"),
        ({"name": "x", "url": "https://nd es/mscep.dll"}, "url: its host"),
        ({"name": "x", "url": "https://[::1]/mscep.dll"}, "url: its host"),
        ({"name": "x", "url": "https://[::1/mscep.dll"}, "url: "),
        ({"name": "x", "url": URL, "front": "sideways"}, "front: "),
        ({"name": "x", "url": URL, "colour": "red"}, "colour: "),
        ({"name": "x", "url": URL, "internal_name": "a b"}, "internal_name: "),
        ({"name": "x", "url": URL, "thresholds": {"tls_days": "soon"}}, "thresholds.tls_days: "),
    ],
)
def test_a_wrong_server_is_refused_with_field_and_reason(said: dict[str, object], reason: str) -> None:
    with pytest.raises(BadRequest) as error:
        server_from(said)
    assert str(error.value).startswith(reason)


def test_a_word_that_is_no_field_is_named() -> None:
    with pytest.raises(BadRequest, match="'quickly' is not of the form field=value"):
        words_to_fields(f"ndes01 {URL} quickly")


def test_the_list_offers_a_check_only_to_those_who_may() -> None:
    servers = [Server("ndes01", URL), Server("ndes02", URL, front="app-proxy", tags=("prod",))]
    assert "check ndes01" in repr(listed(servers, may_check=True))
    assert "check ndes01" not in repr(listed(servers, may_check=False))
    assert "register ndes01" in repr(listed([], may_check=True))
