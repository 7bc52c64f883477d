"""The cards in Microsoft's own renderer: it finds nothing wrong, and a person sees and presses what is meant."""

import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.types import Answer, Choices, Fold, Piece, Quote, Text
from connectors.render import teams
from connectors.render.teams import TeamsMessage, render
from tests.browser.test_playground_page import ARGUMENTS, CHROMIUM
from tests.npm import installed
from tests.render.goldens import FOLDER
from tests.render.teams_limits import visible
from tests.render.test_teams import MARKUP, drawn, everywhere, ids
from tests.render.test_text import EVERY_KIND

PACKAGES = ("adaptivecards@3.0.6", "markdown-it@14.1.0")
"""Microsoft's renderer, and the reader of Markdown that it is used with (both MIT): installed for the tests alone."""
FILES = ("adaptivecards/dist/adaptivecards.min.js", "markdown-it/dist/markdown-it.min.js")

# One browser for the whole file: every fixture and test shares this event loop.
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not CHROMIUM.exists() and not os.environ.get("CI"), reason=f"needs chromium at {CHROMIUM}"),
]

DRAW = """([payload, config]) => {
    const {AdaptiveCard, HostConfig, SerializationContext} = AdaptiveCards;
    const reader = markdownit({linkify: true});
    AdaptiveCard.onProcessMarkdown = (text, result) => {
        result.outputHtml = reader.render(text);
        result.didProcess = true;
    };
    const card = new AdaptiveCard(), context = new SerializationContext();
    window.pressed = [];
    card.onExecuteAction = (action) =>
        pressed.push({kind: action.getJsonTypeName(), verb: action.verb, data: action.data, url: action.url});
    card.hostConfig = new HostConfig(config);
    card.parse(payload, context);
    const found = card.validateProperties().validationEvents;
    const told = [...Array(context.eventCount).keys()].map((at) => context.getEventAt(at));
    document.body.style.background = config.containerStyles.default.backgroundColor;
    document.querySelector("main").replaceChildren(card.render());
    return [...told, ...found].map((event) => event.message);
}"""
STUMBLES = 'Invalid value "en" for property "lang".'
"""The renderer's own slip: its pattern for `lang` remembers where it stopped, and refuses every second card."""
SIZES = {
    "fontSizes": {"small": 12, "default": 14, "medium": 16, "large": 18, "extraLarge": 24},
    "fontWeights": {"lighter": 200, "default": 400, "bolder": 600},
}


def ground(background: str, words: str, subtle: str, accent: str) -> dict[str, Any]:
    """The colours of one container."""

    def both(colour: str) -> dict[str, Any]:
        shine = "#ffe08a" if words < "#8" else "#6b5300"
        marked = {"default": shine, "subtle": shine}
        return {"default": colour, "subtle": subtle, "highlightColors": marked}

    names = ("default", "dark", "light", "good", "warning", "attention")
    return {
        "backgroundColor": background,
        "foregroundColors": {**{name: both(words) for name in names}, "accent": both(accent)},
    }


def theme(words: str, subtle: str, link: str, /, **grounds: str) -> dict[str, Any]:
    """A host that does as Teams does: six buttons, its sizes and its margins."""
    return {
        "supportsInteractivity": True,
        "fontTypes": {
            "default": {"fontFamily": "'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif", **SIZES},
            "monospace": {"fontFamily": "'Cascadia Mono', 'DejaVu Sans Mono', monospace", **SIZES},
        },
        "spacing": {"small": 4, "default": 8, "medium": 16, "large": 24, "extraLarge": 32, "padding": 12},
        "separator": {"lineThickness": 1, "lineColor": subtle},
        "actions": {"maxActions": 6, "spacing": "default", "buttonSpacing": 8, "actionsOrientation": "horizontal"},
        "containerStyles": {name: ground(colour, words, subtle, link) for name, colour in grounds.items()},
    }


THEMES = {
    "light": theme(
        "#242424",
        "#616161",
        "#3b3f8f",
        default="#ffffff",
        emphasis="#f0f0f0",
        accent="#e8ebfa",
        good="#e7f2da",
        attention="#fcf4f6",
        warning="#fbf6d9",
    ),
    "dark": theme(
        "#ffffff",
        "#c8c8c8",
        "#aab0f8",
        default="#292929",
        emphasis="#3d3d3d",
        accent="#2f2f4a",
        good="#14301b",
        attention="#3b1519",
        warning="#463100",
    ),
}
"""Two looks of Teams, drawn after its own."""

# A message list breaks words that are too long for it; everything inside inherits that.
STYLE = """
    body { margin: 8px; overflow-wrap: break-word }
    .ac-pushButton { font: 14px sans-serif; padding: 5px 12px; border: 1px solid #888; border-radius: 4px }
    .ac-pushButton { background: none; color: #777; max-width: 100%; overflow: hidden; text-overflow: ellipsis }
    .ac-textBlock p { margin: 0 } .ac-input { width: 100%; box-sizing: border-box; font: inherit }
"""


@pytest.fixture(scope="module")
def packages(request: pytest.FixtureRequest) -> list[Path]:
    """The scripts of both packages."""
    cache = request.config.cache
    assert cache
    modules = installed(cache, *PACKAGES, left_out="the cards in Microsoft's renderer")
    return [modules / name for name in FILES]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, packages: list[Path]) -> AsyncIterator[Page]:
    """An empty page with the renderer; whatever it complains of, or asks of a network, fails the test."""
    complaints: list[str] = []
    page = await browser.new_page(viewport={"width": 640, "height": 900})
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda asked: complaints.append(asked.url))
    await page.set_content(f"<!doctype html><html lang=en><style>{STYLE}</style><body><main></main></body></html>")
    for file in packages:
        await page.add_script_tag(content=file.read_text(encoding="utf-8"))
    yield page
    await page.close()
    assert complaints == []


async def draw(page: Page, card: dict[str, Any], look: str = "light") -> None:
    """Draw a card; the renderer must find nothing wrong with it."""
    told = await page.evaluate(DRAW, [card, THEMES[look]])
    assert [words for words in told if words != STUMBLES] == []


def golden() -> list[str]:
    return sorted(file.stem for file in FOLDER.glob("teams-*.json"))


def message_of(name: str) -> TeamsMessage:
    said = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return TeamsMessage(said["text"], tuple(said["cards"]))


async def unfold(page: Page) -> None:
    """Open every fold that is closed."""
    while await (closed := page.get_by_text(re.compile("Show ▾$")).locator("visible=true")).count():
        await closed.first.click()


UNSEEN = re.compile(r"^(?:https://|Open https://|Show or hide: )|Show ▾$")
"""What is there for pointing, for ears, and for folds that are open by now."""


@pytest.mark.parametrize("name", golden())
async def test_a_real_answer_is_drawn_and_every_word_of_it_is_seen(page: Page, name: str) -> None:
    message = message_of(name)
    for card in message.cards:
        await draw(page, card)
        await unfold(page)
        pictures = "".join([await picture.get_attribute("alt") or "" for picture in await page.locator("img").all()])
        shown = "".join(f"{await page.inner_text('main')}{pictures}".split())
        said = [line for line in visible(TeamsMessage("", (card,))).splitlines() if not UNSEEN.search(line)]
        assert [line for line in said if "".join(line.split()) not in shown] == []


async def test_every_kind_of_block_is_drawn(page: Page) -> None:
    (card,) = render(EVERY_KIND, ids()).cards
    await draw(page, card)


async def test_a_hit_of_a_search_is_drawn(page: Page) -> None:
    await draw(page, teams.hit("The pool is stopped", "Why `w3wp` ends", "explain x", ids())["content"])
    await expect(page.get_by_role("button", name="Show all of it")).to_be_visible()


async def test_a_fold_opens_and_closes_with_mouse_and_keyboard(page: Page) -> None:
    await draw(page, drawn(Fold("A closed one", "hint", (Text("words inside"),))))
    inside, row = page.get_by_text("words inside"), page.get_by_role("button", name="Show or hide: A closed one")
    await expect(inside).to_be_hidden()
    await row.click()
    await expect(inside).to_be_visible()
    await expect(page.get_by_text("Hide ▴")).to_be_visible()
    await row.focus()
    await page.keyboard.press("Enter")
    await expect(inside).to_be_hidden()


async def test_a_pressed_choice_sends_its_opaque_id(page: Page) -> None:
    await draw(page, drawn(Choices("Which?", (("This", "explain this"), ("That", "explain that")))))
    await page.get_by_role("button", name="That").click()
    (sent,) = await page.evaluate("pressed")
    assert (sent["kind"], sent["verb"], sent["data"]) == ("Action.Execute", "press", {"press": "id-2"})


async def test_a_choice_from_a_list_sends_its_opaque_id_and_a_button_beside_it_its_own(page: Page) -> None:
    many = tuple((f"Server {n}", f"check {n}") for n in range(1, 21))
    await draw(page, drawn(Choices("Which?", many), Choices("And which?", many)))
    send, field = page.get_by_role("button", name="Go on with this choice"), page.get_by_label("More choices")
    await field.first.select_option("Server 17")
    await send.first.click()
    await field.last.select_option("Server 18")
    await send.last.click()
    await page.get_by_role("button", name="Server 3", exact=True).click()
    sent = [teams.pressed(one["data"]) for one in await page.evaluate("pressed")]
    assert sent == ["id-17", "id-38", "id-3"]


@pytest.mark.parametrize("word", MARKUP)
async def test_foreign_words_become_no_markup(page: Page, word: str) -> None:
    for card in render(Answer(word, "info", everywhere(word)), ids()).cards:
        await draw(page, card)
        await unfold(page)
        assert await page.locator("main :is(img, script, b, strong, em, s, li, code, h1, at)").count() == 0
        links = await page.locator("main a").evaluate_all("(links) => links.map((link) => link.href)")
        assert [link for link in links if link and not link.startswith("https://x.example/")] == []


async def test_foreign_words_are_seen_letter_by_letter(page: Page) -> None:
    for word in MARKUP:
        await draw(page, drawn(Quote((Piece(word, True),))))
        assert word in await page.inner_text("main")


async def test_in_an_old_client_a_button_becomes_one_it_knows(page: Page) -> None:
    card = json.loads(
        json.dumps(drawn(Choices("Which?", (("This", "a"),)))).replace("Action.Execute", "Action.Unknown")
    )
    assert any("Unknown" in told for told in await page.evaluate(DRAW, [card, THEMES["light"]]))
    await page.get_by_role("button", name="This").click()
    (sent,) = await page.evaluate("pressed")
    assert (sent["kind"], sent["data"]) == ("Action.Submit", {"press": "id-1"})


@pytest.mark.parametrize("width", [360, 640])
@pytest.mark.parametrize("name", golden())
async def test_nothing_is_wider_than_the_message(page: Page, name: str, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 900})
    for card in message_of(name).cards:
        await draw(page, card, "dark")
        await unfold(page)
        if folder := os.environ.get("SCREENSHOTS"):
            for look in THEMES:
                await draw(page, card, look)
                await page.screenshot(path=f"{folder}/{name}-{width}-{look}.png", full_page=True)
        assert await page.evaluate("document.scrollingElement.scrollWidth") <= width


async def test_what_is_read_out_has_names(page: Page) -> None:
    await draw(page, message_of("teams-paste-with-quote").cards[0])
    heading = page.get_by_role("heading", name="403.16 on VerifyRequest")
    await expect(heading).to_be_visible()
    for part in await page.locator("main [role=button], main button, main [role=link]").all():
        assert await part.get_attribute("aria-label") or await part.inner_text()
