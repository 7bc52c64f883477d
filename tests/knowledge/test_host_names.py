"""A certificate speaks for the hosts that it names, and for nobody else."""

import pytest

from knowledge.host_names import covers


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("ndes.corp.example", "ndes.corp.example"),
        ("NDES.Corp.Example", "ndes.corp.EXAMPLE"),
        ("ndes.corp.example.", "ndes.corp.example"),
        ("*.corp.example", "ndes.corp.example"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:0::7", "2001:db8::7"),
    ],
)
def test_a_name_covers_its_host(name: str, host: str) -> None:
    assert covers(["other.example", name], host)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("ndes.corp.example", "corp.example"),
        ("corp.example", "ndes.corp.example"),
        ("*.corp.example", "corp.example"),
        ("*.corp.example", "a.b.corp.example"),
        ("n*.corp.example", "ndes.corp.example"),
        ("ndes.*.example", "ndes.corp.example"),
        ("*.example", "corp.example"),
        ("*", "ndes"),
        ("*.0.2.7", "192.0.2.7"),
        ("192.0.2.7", "192.0.2.70"),
        ("", "ndes.corp.example"),
    ],
)
def test_a_name_covers_no_other_host(name: str, host: str) -> None:
    assert not covers([name], host)


def test_no_name_covers_nothing() -> None:
    assert not covers([], "ndes.corp.example")
