"""Of a log of any size the few lines that matter are read, wherever they stand."""

import random

import pytest

from knowledge.library import Library

BAD = (
    "2026-11-20 19:26:40 10.1.2.3 POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - ::1 "
    "NDES_Plugin - 403 16 2148204809 453"
)
EVENT = "Error\tNetworkDeviceEnrollmentService\t31\tThe service cannot submit the certificate request (0x80094012)."


def healthy(lines: int) -> list[str]:
    chance = random.Random(lines)
    return [
        f"2026-11-20 {chance.randrange(24):02}:{chance.randrange(60):02}:00 10.1.2.3 GET /certsrv/mscep/mscep.dll "
        f"operation=GetCACaps 443 - 10.{chance.randrange(9)}.{chance.randrange(250)}.{chance.randrange(250)} "
        f"Mozilla/4.0+(compatible;+Win32;+NDES+client+10.0) - 200 0 0 {chance.randrange(900)}"
        for _ in range(lines)
    ]


@pytest.mark.parametrize("place", [0, 10_000, 19_999])
def test_one_bad_line_is_found_wherever_it_stands_in_a_log(library: Library, place: int) -> None:
    lines = healthy(20_000)
    lines.insert(place, BAD)
    text = "\n".join(lines)
    first = library.match(text)[0]
    assert first.entry.id == "policy-module-403-16"
    assert all(text[start:end] == quote for quote, start, end in first.because)


def test_many_bad_lines_behind_a_long_healthy_time_are_not_good_news(library: Library) -> None:
    first = library.match("\n".join([*healthy(20_000), *[BAD] * 500]))[0]
    assert first.entry.id == "policy-module-403-16"


def test_one_failed_event_behind_many_good_ones_is_found(library: Library) -> None:
    good = "Information\tNetworkDeviceEnrollmentService\t1\tThe service started successfully.\n" * 40_000
    assert library.match(good + EVENT)[0].entry.id == "ca-0x80094012-template-denied"


def test_a_log_of_nothing_but_healthy_lines_has_no_problem(library: Library) -> None:
    assert all(match.entry.kind != "problem" for match in library.match("\n".join(healthy(3_000))))


@pytest.mark.parametrize("taken", [401, 403, 404, 413, 414, 500, 503, 5002, 12175, 36870])
@pytest.mark.parametrize("operation", ["GetCACaps", "PKIOperation"])
def test_the_time_that_a_request_took_is_no_status(library: Library, taken: int, operation: str) -> None:
    line = (
        f"2026-11-20 02:00:00 10.1.2.3 GET /certsrv/mscep/mscep.dll operation={operation} 443 - 10.0.1.1 x - 200 0 0 "
    )
    assert [m.entry.id for m in library.match(f"{line}{taken}")] == [m.entry.id for m in library.match(f"{line}15")]


@pytest.mark.parametrize("code", ["0x80070003", "0x800706d9", "0x00000000", "0x80090016"])
def test_one_code_is_no_misspelling_of_another(library: Library, code: str) -> None:
    for match in library.match(f"The Network Device Enrollment Service cannot be started ({code}). It failed."):
        assert match.confidence < 0.5 or code in repr(match.entry.signals) or code in " ".join(match.entry.samples.hit)
