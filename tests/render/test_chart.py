"""The chart of a digest: small, readable without colours and in the dark, with the same in words."""

import subprocess
import sys
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, ImageColor, ImageOps

from bot.diary import Expiry, Health, Pages, Run
from bot.digest import compose
from bot.findings import Verdict
from bot.types import Answer, Picture
from connectors.render import teams, text
from connectors.render.chart import COLOURS, HEIGHTS, LARGEST, chart
from connectors.render.pens import GROUND, INK, WIDTH
from tests.bot.digests import BAD_WEEK, DAY, DUE, HOUR, SITUATIONS, ends, pages


def drawn(given: Pages) -> Picture:
    found = chart(given)
    assert found
    return found


def crowded() -> Pages:
    """A hundred servers that all went up and down for a week, and forty certificates of long names."""
    names = tuple(f"ndes-{number:03}-of-a-long-name-indeed" for number in range(100))
    verdicts: tuple[Verdict, ...] = ("ok", "fail", "warn", "unknown")
    runs = [
        Run(name, DUE - hours * HOUR, verdicts[(hours + n) % 4], {})
        for n, name in enumerate(names)
        for hours in range(168, 0, -3)
    ]
    expiries = [ends(name, "tls", f"{name}.contoso.example" * 3, number) for number, name in enumerate(names[:40])]
    health = {name: Health(name, verdicts[n % 3], DUE - DAY) for n, name in enumerate(names)}
    return pages(servers=names, runs=tuple(runs), expiries=tuple(expiries), health=health)


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_chart_is_a_small_picture(name: str) -> None:
    found = drawn(SITUATIONS[name])
    image = Image.open(BytesIO(found.png))
    assert (image.format, image.width) == ("PNG", WIDTH)
    assert len(found.png) <= LARGEST
    assert found == chart(SITUATIONS[name])


def test_the_fullest_chart_is_small_too() -> None:
    found = drawn(crowded())
    assert len(found.png) <= LARGEST
    assert Image.open(BytesIO(found.png)).height < 1.2 * WIDTH
    assert len(found.alt) <= 1800
    assert "90 servers more" in found.alt


def test_every_chart_fits_into_a_card_of_teams() -> None:
    for given in (crowded(), *SITUATIONS.values()):
        (card,) = teams.render(Answer("NDES digest", "info", (drawn(given),)), str).cards
        assert [part for part in card["body"] if part["type"] == "Image"]


def test_what_the_picture_shows_stands_beside_it_in_words() -> None:
    found = drawn(BAD_WEEK)
    for words in ("ndes01 broken (broken 20 h)", "scep-dmz needs a look", "ndes03 well (broken 4 h)", "up and down"):
        assert words in found.alt
    assert (
        "5 servers: CRL of Contoso Root CA in 9 days; ndes02: TLS certificate of ndes02.contoso.example in" in found.alt
    )
    answer = compose(BAD_WEEK)
    assert answer
    told = text.render(answer)
    for name in ("ndes01", "ndes03", "scep-dmz", "scep-emea", "CRL of Contoso Root CA", "both RA certificates"):
        assert name in told


def _light(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    parts = [part / 255 for part in ImageColor.getrgb(colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", [INK, *COLOURS.values()])
def test_every_word_stands_out_from_the_ground(colour: str) -> None:
    assert (_light(GROUND) + 0.05) / (_light(colour) + 0.05) >= 4.5


def test_the_states_differ_without_colours() -> None:
    assert len(set(HEIGHTS.values())) == len(HEIGHTS)
    pictures = []
    for verdict in ("ok", "warn", "fail", "unknown"):
        health = {"ndes01": Health("ndes01", "ok", DUE - DAY)}
        runs = (Run("ndes01", DUE - 20 * DAY, verdict, {}),)
        found = drawn(pages(servers=("ndes01",), health=health, runs=runs))
        grey = ImageOps.grayscale(Image.open(BytesIO(found.png)).convert("RGB"))
        pictures.append(grey.point(lambda light: 255 if light > 200 else 0).tobytes())
    assert len(set(pictures)) == 4


def test_the_ground_is_drawn_with_it_so_that_dark_chats_do_not_matter() -> None:
    image = Image.open(BytesIO(drawn(BAD_WEEK).png)).convert("RGBA")
    assert image.getchannel("A").getextrema() == (255, 255)


def test_a_server_or_an_expiry_is_enough_and_nothing_is_no_picture() -> None:
    assert chart(pages(servers=())) is None
    assert drawn(pages(servers=("ndes01",))).alt.endswith("Runs out within 90 days: nothing that is known.")


def test_names_are_only_letters_to_it() -> None:
    hostile = Expiry("ndes01", "crl", "CRL of \u202e\x1b[31m漢字\n<b>" * 9, DUE + 5 * DAY, DUE)
    found = drawn(pages(expiries=(hostile,)))
    assert found.alt.isprintable()


def test_a_short_fault_can_be_seen() -> None:
    runs = (Run("ndes01", DUE - 20 * DAY, "ok", {}), Run("ndes01", DUE - 3 * DAY, "fail", {}))
    runs = (*runs, Run("ndes01", DUE - 3 * DAY + HOUR / 60, "ok", {}))
    broken = drawn(pages(servers=("ndes01",), runs=runs))
    well = drawn(pages(servers=("ndes01",), runs=runs[:1]))
    assert broken.png != well.png


def test_pillow_is_loaded_only_when_a_picture_is_drawn() -> None:
    said = "import sys, connectors.render.chart; print('PIL' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_other_channels_servers_are_not_in_it() -> None:
    found = drawn(replace(BAD_WEEK, servers=("ndes02",)))
    assert "ndes01" not in found.alt
