"""What is declared to Teams: the commands there are, its published schema and limits, icons from their sources."""

import json
import os
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

from bot.commands import COMMANDS
from tests.browser.test_playground_page import ARGUMENTS, CHROMIUM
from tests.npm import installed

FOLDER = Path(__file__).parents[1] / "manifest" / "teams"
TEXT = (FOLDER / "manifest.json").read_text(encoding="utf-8")
SCHEMAS = "@microsoft/app-manifest@1.1.2"
"""The published schemas of all versions, with the program that reads them (MIT)."""
SIZES = {"color.png": 192, "outline.png": 32}
JUDGE = """
const [schema, manifest] = JSON.parse(require("fs").readFileSync(0));
const {default: Ajv} = require("ajv-draft-04");
const judge = new Ajv({strict: false, allErrors: true, logger: false}).compile(schema);
judge(manifest);
console.log(JSON.stringify(judge.errors ?? []));
"""


@pytest.fixture
def manifest() -> dict[str, Any]:
    """As Teams gets it, the id filled in."""
    said: dict[str, Any] = json.loads(TEXT.replace("${{APP_ID}}", "11111111-2222-3333-4444-555555555555"))
    return said


# --- what the bot is -------------------------------------------------------------------------


def test_the_menu_has_the_commands_of_everybody_who_is_no_administrator(manifest: dict[str, Any]) -> None:
    (bot,) = manifest["bots"]
    (listed,) = bot["commandLists"]
    offered = [
        one for one in COMMANDS if one.needs != "admin"
    ]  # Teams shows twelve at most, and shows all to everybody
    wanted = [
        {"title": one.name, "description": f"{one.takes}: {one.does}" if one.takes else one.does} for one in offered
    ]
    assert listed["commands"] == wanted
    assert listed["scopes"] == bot["scopes"] == ["personal", "team", "groupChat"]
    assert bot["supportsFiles"]


def test_one_id_is_to_be_filled_in_and_nothing_else(manifest: dict[str, Any]) -> None:
    assert set(re.findall(r"\$\{\{.*?\}\}", TEXT)) == {"${{APP_ID}}"}
    ids = {manifest["id"], *(part["botId"] for name in ("bots", "composeExtensions") for part in manifest[name])}
    assert ids == {"11111111-2222-3333-4444-555555555555"}


def test_the_message_extension_searches_and_diagnoses(manifest: dict[str, Any]) -> None:
    (extension,) = manifest["composeExtensions"]
    search, diagnose = extension["commands"]
    assert (search["id"], search["type"], search["context"]) == ("search", "query", ["compose", "commandBox"])
    assert search["initialRun"]
    assert (diagnose["id"], diagnose["type"], diagnose["context"]) == ("diagnose", "action", ["message"])
    assert diagnose["fetchTask"]


def test_it_asks_for_nothing_that_it_does_not_need(manifest: dict[str, Any]) -> None:
    assert manifest["validDomains"] == []
    asked = {"authorization", "permissions", "webApplicationInfo", "devicePermissions", "supportsChannelFeatures"}
    assert asked.isdisjoint(manifest)


# --- limits ----------------------------------------------------------------------------------


def test_it_has_what_every_manifest_needs_within_the_limits(manifest: dict[str, Any]) -> None:
    needed = {"$schema", "manifestVersion", "version", "id", "developer", "name", "description", "icons", "accentColor"}
    assert needed <= manifest.keys()
    assert f"/v{manifest['manifestVersion']}/" in manifest["$schema"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    assert re.fullmatch(r"#[0-9A-F]{6}", manifest["accentColor"])
    longest = {
        "name.short": 30,
        "name.full": 100,
        "description.short": 80,
        "description.full": 4000,
        "developer.name": 32,
    }
    for path, most in longest.items():
        part, name = path.split(".")
        assert 0 < len(manifest[part][name]) <= most, path
    pages = [manifest["developer"][name] for name in ("websiteUrl", "privacyUrl", "termsOfUseUrl")]
    assert all(page.startswith("https://") for page in pages)


def test_the_commands_are_within_the_limits(manifest: dict[str, Any]) -> None:
    commands = manifest["bots"][0]["commandLists"][0]["commands"]
    assert len(commands) <= 12
    assert all(len(one["title"]) <= 32 and len(one["description"]) <= 128 for one in commands)
    for one in manifest["composeExtensions"][0]["commands"]:
        assert len(one["title"]) <= 32
        assert len(one["description"]) <= 128
        for parameter in one.get("parameters", []):
            assert len(parameter["title"]) <= 32
            assert len(parameter["description"]) <= 128


def test_it_keeps_to_its_published_schema(manifest: dict[str, Any], request: pytest.FixtureRequest) -> None:
    cache = request.config.cache
    assert cache
    node = shutil.which("node")
    if node is None:
        pytest.skip("left out: Teams' manifest against its published schema; there is no node")
    modules = installed(cache, SCHEMAS, left_out="Teams' manifest against its published schema")
    version = f"v{manifest['manifestVersion']}"
    folder = modules / "@microsoft" / "app-manifest" / "build" / "json-schemas" / "teams" / version
    schema = json.loads((folder / "MicrosoftTeams.schema.json").read_text(encoding="utf-8"))
    assert _wrong(node, modules, schema, manifest) == []
    assert _wrong(node, modules, schema, {**manifest, "accentColor": "blue"}) != []
    assert _wrong(node, modules, schema, {**manifest, "bots": [{**manifest["bots"][0], "colour": "blue"}]}) != []


def _wrong(node: str, modules: Path, schema: Any, manifest: Any) -> list[Any]:
    asked = json.dumps([schema, manifest])
    told = subprocess.run([node, "-e", JUDGE], cwd=modules, input=asked, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr[-500:]
    found: list[Any] = json.loads(told.stdout)
    return found


# --- icons -----------------------------------------------------------------------------------


def pixels(png: bytes) -> tuple[int, list[tuple[int, ...]]]:
    """The width of a picture, and its pixels as (red, green, blue[, alpha]): eight bits a colour, not interlaced."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, colours, _, _, interlaced = struct.unpack(">IIBBBBB", png[16:29])
    assert (depth, interlaced) == (8, 0)
    each = {2: 3, 6: 4}[colours]
    packed, at = b"", 8
    while at < len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        packed += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    raw, before, rows = zlib.decompress(packed), bytes(width * each), []
    for y in range(height):
        line = raw[y * (width * each + 1) : (y + 1) * (width * each + 1)]
        before = _unfiltered(line[0], line[1:], before, each)
        rows += [tuple(before[x : x + each]) for x in range(0, len(before), each)]
    return width, rows


def _unfiltered(kind: int, line: bytes, above: bytes, each: int) -> bytes:
    """A line of a PNG as it was before one of the five filters."""
    plain = bytearray()
    for x, byte in enumerate(line):
        left = plain[x - each] if x >= each else 0
        corner = above[x - each] if x >= each else 0
        near = min((left, above[x], corner), key=lambda value: abs(left + above[x] - corner - value))
        plain.append((byte + (0, left, above[x], (left + above[x]) // 2, near)[kind]) % 256)
    return bytes(plain)


@pytest.mark.parametrize("name", SIZES)
def test_an_icon_has_the_size_that_teams_wants(name: str) -> None:
    width, dots = pixels((FOLDER / name).read_bytes())
    assert (width, len(dots)) == (SIZES[name], SIZES[name] ** 2)


def test_the_outline_is_white_on_nothing_and_the_other_icon_fills_its_square() -> None:
    _, outline = pixels((FOLDER / "outline.png").read_bytes())
    assert {dot[:3] for dot in outline if dot[3] > 16} == {(255, 255, 255)}
    assert outline[0][3] == 0
    _, colour = pixels((FOLDER / "color.png").read_bytes())
    assert colour[0][:3] == colour[-1][:3] == (0x1F, 0x5F, 0xBF)
    assert all(len(dot) == 3 or dot[3] == 255 for dot in colour)


@pytest.mark.skipif(not CHROMIUM.exists() and not os.environ.get("CI"), reason=f"needs chromium at {CHROMIUM}")
async def test_the_icons_are_drawn_from_their_sources() -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for name, size in SIZES.items():
            page = await browser.new_page(viewport={"width": size, "height": size})
            source = (FOLDER / name).with_suffix(".svg").read_text(encoding="utf-8")
            await page.set_content(f"<!doctype html><style>body{{margin:0}}svg{{display:block}}</style>{source}")
            drawn = await page.screenshot(omit_background=True)
            if os.environ.get("RENEW_GOLDEN"):
                (FOLDER / name).write_bytes(drawn)
            assert _distance(drawn, (FOLDER / name).read_bytes()) < 2, f"{name}: RENEW_GOLDEN=1 draws it anew"
        await browser.close()


def _distance(one: bytes, other: bytes) -> float:
    """How far two pictures are apart on average, of 255."""
    (_, left), (_, right) = pixels(one), pixels(other)
    gaps = [abs(a - b) for dot, dash in zip(left, right, strict=True) for a, b in zip(dot, dash, strict=True)]
    return sum(gaps) / len(gaps)
