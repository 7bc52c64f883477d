"""The playground's page in a real browser, over the real bot: what a person sees, hears and presses."""

import asyncio
import json
import os
import re
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Dialog, Page, async_playwright, expect

from bot.router import Router
from connectors.assembly import checker, wires
from connectors.chat.playground import Playground
from connectors.clock import now
from connectors.conversing import use_cases
from connectors.lab.server import Lab
from connectors.playing import remembering
from knowledge.codes import Codes
from knowledge.library import Library
from tests.fakes import FakeMail, FakeStore, cases_of
from tests.logs.compose import compose

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HEALTHY = "2026-03-11 08:14:02 10.20.0.11 GET /certsrv/mscep/mscep.dll - 443 - 10.20.0.40 - - 403 0 0 15"
REFUSED = (
    "2026-03-11 08:22:47 10.20.0.11 POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - "
    "10.20.0.11 NDES_Plugin - 403 16 2148204809 31"
)
HOSTILE = "<img src=x onerror=\"alert('in')\"><script>alert('in')</script> 403 16 2148204809 on VerifyRequest"

# One browser and one server for the whole file: every fixture and test shares this event loop.
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        not CHROMIUM.exists() and not os.environ.get("CI"), reason=f"needs Debian's chromium at {CHROMIUM}"
    ),
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def address(library: Library, codes: Codes) -> AsyncIterator[str]:
    store = FakeStore()
    async with Lab("healthy") as well, Lab("pool-stopped") as ill:
        for name, lab in (("lab-well", well), ("lab-ill", ill)):
            await store.register(lab.server(name))
        ports = {port for lab in (well, ill) for port in (lab.port, lab.crl_port)}
        use = checker(store, wires([ip_network("127.0.0.1/32")], ports=ports))
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        playground = Playground(0, ready.set_result)
        mail = FakeMail()
        kept = cases_of(store, library, mail, now)
        router = Router(
            use_cases({playground.name: playground}, library, codes, checker=use, store=store, kept=kept),
            lambda _: "admin",
        )
        serving = asyncio.create_task(playground.serve(remembering(router.handle, mail)))
        yield await asyncio.wait_for(ready, 10)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, address: str) -> AsyncIterator[Page]:
    """The opened page; an error in it, a breach of its content policy or a request to another server fails the test."""
    async with _opened(browser, address) as opened:
        yield opened


@asynccontextmanager
async def _opened(browser: Browser, address: str, **options: Any) -> AsyncIterator[Page]:
    context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"], **options)
    complaints: list[str] = []
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(address) else None)
    await page.goto(address)
    await expect(page.locator(".sample")).to_have_count(8)
    yield page
    await context.close()
    assert [words for words in complaints if "ERR_" not in words and "status of" not in words] == []


async def _say(page: Page, text: str) -> None:
    await page.get_by_label("Error, log line or event").fill(text)
    await page.keyboard.press("Enter")


# --- pastes -----------------------------------------------------------------------------------


async def test_a_paste_is_answered_with_its_deciding_words_marked(page: Page) -> None:
    await _say(page, REFUSED)
    answer = page.get_by_role("article", name="ndesbot")
    await expect(answer.get_by_role("heading", level=2)).to_contain_text("403.16")
    await expect(answer.locator("mark").filter(has_text="403 16 2148204809")).to_be_visible()
    await expect(answer.get_by_text("Problem", exact=True)).to_be_visible()
    await expect(page.get_by_role("article", name="You")).to_contain_text(REFUSED)


async def test_an_answer_shows_what_slack_and_teams_would_be_sent(page: Page) -> None:
    await _say(page, REFUSED)
    for name, key in (("Slack", "blocks"), ("Teams", "attachments")):
        await page.get_by_role("tab", name=name).click()
        said = json.loads(await page.get_by_role("tabpanel", name=name).locator("pre").first.inner_text())
        assert said[key]
        await expect(page.locator(".answer")).to_be_hidden()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Answer")).to_be_focused()
    await expect(page.locator(".answer")).to_be_visible()


async def test_a_healthy_line_is_said_to_be_well_in_words(page: Page) -> None:
    await _say(page, HEALTHY)
    await expect(page.locator(".bot .tone")).to_have_text("All is well")


async def test_a_long_paste_is_collapsed_until_asked_for(page: Page) -> None:
    await _say(page, "\n".join(f"line {i}" for i in range(300)) + f"\n{REFUSED}")
    own = page.get_by_role("article", name="You")
    await expect(own).not_to_contain_text("line 200")
    more = own.get_by_role("button", name="Show all (301 lines")
    await expect(more).to_have_attribute("aria-expanded", "false")
    await more.click()
    await expect(own).to_contain_text("line 200")
    await own.get_by_role("button", name="Show less").click()
    await expect(own).not_to_contain_text("line 200")


async def test_a_huge_paste_becomes_an_attachment(page: Page) -> None:
    await page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const paste = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
            document.getElementById("words").dispatchEvent(paste);
        }""",
        "filler line\n" * 20_000 + REFUSED,
    )
    await expect(page.locator("#attachment")).to_contain_text("Pasted text (235 KB")
    await page.keyboard.press("Enter")
    await expect(page.locator(".bot mark").filter(has_text="403 16 2148204809")).to_be_visible()


async def test_a_hostile_paste_does_nothing(page: Page) -> None:
    async def heard(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        await dialog.dismiss()

    dialogs: list[str] = []
    page.on("dialog", heard)
    await _say(page, HOSTILE)
    await expect(page.locator(".bot .answer")).to_be_visible()
    await page.wait_for_timeout(200)
    assert dialogs == []
    assert await page.locator(".log img, .log script").count() == 0
    await expect(page.get_by_role("article", name="You")).to_contain_text("<img src=x onerror=")


async def test_markup_in_the_quote_of_an_answer_is_shown_as_it_was_pasted(page: Page) -> None:
    await _say(page, f"{HOSTILE}\n{REFUSED}")
    await expect(page.locator(".bot .quote")).to_contain_text("403 16 2148204809")
    assert await page.locator(".log img, .log script").count() == 0


async def test_an_overheard_paste_that_is_not_sure_meets_silence(page: Page) -> None:
    await page.get_by_label("Overheard in a channel (speak only when sure)").check()
    await _say(page, "lunch at twelve?")
    await expect(page.get_by_role("article", name="ndesbot")).to_contain_text("(ndesbot stays silent)")


async def test_nothing_is_sent_where_nothing_was_written(page: Page) -> None:
    await _say(page, "  \n ")
    await expect(page.get_by_role("alert")).to_have_text("Paste or write something first.")
    await expect(page.get_by_role("article")).to_have_count(0)


# --- samples, choices, copies -----------------------------------------------------------------


async def test_a_sample_is_pasted_by_a_click(page: Page) -> None:
    await page.get_by_role("button", name="IIS log: GET mscep.dll 403").click()
    await expect(page.get_by_role("article", name="You")).to_contain_text("GET /certsrv/mscep/mscep.dll")
    await expect(page.locator(".bot h2")).to_contain_text("good answer")


async def test_a_choice_asks_further(page: Page) -> None:
    await _say(page, "12175")
    await expect(page.locator(".bot .tone")).to_have_text("Not sure")
    group = page.get_by_role("group", name=re.compile("Where did you see it"))
    choice = group.get_by_role("button").first
    said = await choice.get_attribute("data-say")
    assert said
    await choice.click()
    await expect(page.get_by_role("article", name="You").nth(1)).to_contain_text(said)
    await expect(page.get_by_role("article", name="ndesbot").nth(1).locator(".tone")).to_have_text("Problem")


async def test_a_choice_is_answered_in_an_overheard_channel_too(page: Page) -> None:
    await _say(page, "12175")
    await expect(page.locator(".bot .choice").first).to_be_visible()
    await page.get_by_label("Overheard in a channel").check()
    await page.locator(".bot .choice").first.click()
    await expect(page.locator(".bot .answer")).to_have_count(2)


async def test_a_step_is_copied_and_the_copy_is_announced(page: Page) -> None:
    await _say(page, REFUSED)
    button = page.get_by_role("button", name="Copy step 3").first
    copied = await button.get_attribute("data-copy")
    await button.click()
    await expect(button).to_have_text("Copied")
    await expect(page.get_by_role("status")).to_have_text(f"Copied: {copied}")
    assert await page.evaluate("navigator.clipboard.readText()") == copied
    await expect(button).to_have_text("Copy")


async def test_a_refused_copy_selects_the_step_instead(page: Page) -> None:
    await page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    await _say(page, REFUSED)
    button = page.get_by_role("button", name="Copy step 3").first
    await button.click()
    await expect(page.get_by_role("status")).to_contain_text("press Control C")
    assert await page.evaluate("getSelection().toString()") == await button.get_attribute("data-copy")


# --- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
async def test_a_chosen_file_is_read_whatever_windows_wrote_it_in(page: Page, encoding: str) -> None:
    content = f"Gerät Müller\r\n{REFUSED}".encode(encoding)
    await page.locator("#file").set_input_files({"name": "u_ex.log", "mimeType": "text/plain", "buffer": content})
    await expect(page.locator("#attachment")).to_contain_text("u_ex.log (")
    await page.get_by_role("button", name="Send").click()
    own = page.get_by_role("article", name="You")
    await expect(own).to_contain_text("u_ex.log")
    await expect(page.locator(".bot mark").filter(has_text="403 16 2148204809")).to_be_visible()
    await expect(page.locator("#attachment")).to_be_hidden()


async def test_a_file_can_be_dropped_anywhere(page: Page) -> None:
    data = await page.evaluate_handle(
        """(text) => {
            const data = new DataTransfer();
            data.items.add(new File([text], "dropped.log", {type: "text/plain"}));
            return data;
        }""",
        REFUSED,
    )
    await page.dispatch_event("header.top", "dragenter", {"dataTransfer": data})
    await expect(page.get_by_text("Drop the files here")).to_be_visible()
    await page.dispatch_event("header.top", "drop", {"dataTransfer": data})
    await expect(page.get_by_text("Drop the files here")).to_be_hidden()
    await expect(page.locator("#attachment")).to_contain_text("dropped.log")
    await page.keyboard.press("Enter")
    await expect(page.locator(".bot mark").first).to_be_visible()


async def test_a_file_can_be_taken_back(page: Page) -> None:
    await page.locator("#file").set_input_files({"name": "a.log", "mimeType": "text/plain", "buffer": b"x"})
    await page.get_by_role("button", name="Remove").click()
    await expect(page.locator("#attachment")).to_be_hidden()


async def test_an_empty_file_is_refused_in_words(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "security.evtx"
    file.write_bytes(b"")
    await page.locator("#file").set_input_files(file)
    await expect(page.get_by_role("alert")).to_contain_text("is empty")
    await expect(page.locator("#attachment")).to_be_hidden()


async def test_a_file_that_cannot_be_read_is_refused_in_words(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(bytes(range(32)) * 100)
    await page.locator("#file").set_input_files(file)
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("article", name="ndesbot")).to_contain_text("picture.png: this is not a text file")


async def test_a_set_of_logs_is_answered_with_a_time_line(page: Page, tmp_path: Path) -> None:
    files = []
    for name, data in compose("verify-403-16", 2).files.items():
        files.append(tmp_path / name)
        files[-1].write_bytes(data)
    await page.locator("#file").set_input_files(files)
    await page.get_by_role("button", name="Send").click()
    answer = page.get_by_role("article", name="ndesbot")
    await expect(answer.get_by_role("heading", level=2).first).to_contain_text("at step 3")
    await expect(answer.get_by_role("img", name=re.compile("enrolments began"))).to_be_visible()


async def test_a_case_is_packed_into_a_file_to_be_saved(page: Page) -> None:
    await _say(page, REFUSED)
    await page.get_by_role("button", name="Pack the case").click()
    async with page.expect_download() as saving:
        await page.get_by_role("link", name=re.compile(r"ndesbot-\w+\.zip")).click()
    saved = await (await saving.value).path()
    assert "packet.md" in zipfile.ZipFile(saved).namelist()


# --- the keyboard -----------------------------------------------------------------------------


async def test_the_message_box_has_the_focus_and_its_keys_work(page: Page) -> None:
    box = page.get_by_label("Error, log line or event")
    await expect(box).to_be_focused()
    await page.keyboard.type("first")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("second")
    await expect(box).to_have_value("first\nsecond")
    await page.keyboard.press("Escape")
    await expect(box).to_have_value("")
    await expect(box).to_be_focused()
    await expect(page.get_by_role("article")).to_have_count(0)


@pytest.mark.parametrize("keys", ["Enter", "Control+Enter", "Meta+Enter"])
async def test_a_paste_is_sent_by_keys(page: Page, keys: str) -> None:
    await page.keyboard.insert_text(REFUSED)
    await page.keyboard.press(keys)
    await expect(page.locator(".bot mark").first).to_be_visible()
    await expect(page.get_by_label("Error, log line or event")).to_have_value("")


async def test_everything_is_reached_with_tab_and_shows_where_it_is(page: Page) -> None:
    await _say(page, REFUSED)
    await expect(page.locator(".bot .answer")).to_be_visible()
    await page.evaluate("document.activeElement.blur()")
    reached: set[str] = set()
    for _ in range(60):
        await page.keyboard.press("Tab")
        seen: dict[str, Any] = await page.evaluate(
            """() => {
                const at = document.activeElement, style = getComputedStyle(at);
                return {what: `${at.tagName} ${at.id || at.className}`, body: at === document.body,
                        outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1};
            }"""
        )
        if not seen["body"]:
            assert seen["outlined"], seen["what"]
        reached.add(seen["what"])
    expected = {"A skip", "BUTTON sample", "DIV log", "BUTTON copy", "TEXTAREA words", "BUTTON send", "BUTTON choose"}
    assert expected | {"INPUT overheard", "SUMMARY ", "A "} <= reached


async def test_a_sample_and_a_fold_work_without_a_mouse(page: Page) -> None:
    await page.get_by_role("button", name="IIS log: VerifyRequest 403.16").focus()
    await page.keyboard.press("Enter")
    fold = page.locator(".bot details.fold").nth(1)
    await expect(fold).not_to_have_attribute("open", "")
    await fold.locator("summary").focus()
    await page.keyboard.press("Enter")
    await expect(fold).to_have_attribute("open", "")


# --- failures ---------------------------------------------------------------------------------


async def test_a_broken_connection_is_told_in_words_and_can_be_tried_again(page: Page) -> None:
    await page.route("**/api/message", lambda route: route.abort())
    await _say(page, REFUSED)
    answer = page.get_by_role("article", name="ndesbot")
    await expect(answer).to_contain_text("ndesbot cannot be reached")
    await page.unroute("**/api/message")
    await answer.get_by_role("button", name="Try again").click()
    await expect(answer.locator("mark").first).to_be_visible()
    await expect(page.get_by_role("article", name="You")).to_have_count(1)


@pytest.mark.parametrize(("status", "retries"), [(500, 1), (413, 0)])
async def test_a_refusal_of_the_server_is_shown_in_its_own_words(page: Page, status: int, retries: int) -> None:
    body = json.dumps({"error": "That went <b>wrong</b>."})
    await page.route("**/api/message", lambda route: route.fulfill(status=status, body=body))
    await _say(page, "x")
    await expect(page.locator(".failed")).to_contain_text("That went <b>wrong</b>.")
    await expect(page.get_by_role("button", name="Try again")).to_have_count(retries)


# --- looks ------------------------------------------------------------------------------------

PALE_WORDS = """() => {
    const canvas = Object.assign(document.createElement("canvas"), {width: 1, height: 1});
    const pen = canvas.getContext("2d", {willReadFrequently: true});
    const rgba = (colour) => {
        pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data];
    };
    const light = (colour) => {
        const [r, g, b] = rgba(colour).map((c) => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const ground = (at) => {
        for (; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (rgba(colour)[3] === 255) return colour;
        }
        return "white";
    };
    const pale = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let seen = 0;
    while (walker.nextNode()) {
        const at = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !at.checkVisibility()) continue;
        seen += 1;
        const [a, b] = [light(getComputedStyle(at).color), light(ground(at))];
        const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (contrast < 4.5) pale.push(`${at.className || at.tagName}: ${contrast.toFixed(2)}`);
    }
    return {seen, pale};
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("text", [REFUSED, HEALTHY, "12175", "lunch at twelve?"])
async def test_every_word_is_readable_in_light_and_dark(browser: Browser, address: str, scheme: str, text: str) -> None:
    async with _opened(browser, address, color_scheme=scheme) as page:
        await _say(page, text)
        await expect(page.locator(".bot .answer")).to_be_visible()
        await page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
        looked = await page.evaluate(PALE_WORDS)
        assert looked["seen"] > 30
        assert looked["pale"] == []


async def test_dark_is_dark_and_light_is_light(browser: Browser, address: str) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        async with _opened(browser, address, color_scheme=scheme) as page:
            grounds.append(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
    brightness = [sum(map(int, re.findall(r"\d+", ground))) for ground in grounds]
    assert brightness[0] > 600
    assert brightness[1] < 150


@pytest.mark.parametrize("width", [360, 1280])
async def test_nothing_is_wider_than_the_window(browser: Browser, address: str, width: int) -> None:
    async with _opened(browser, address, viewport={"width": width, "height": 740}) as page:
        for text in (REFUSED, "12175", "W" * 5_000, "explain 0x80094800"):
            await _say(page, text)
        await expect(page.locator(".bot .answer")).to_have_count(4)
        await page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
        wide = await page.evaluate(
            """() => [...document.querySelectorAll("html, body, .log, aside, .log *")]
                .filter((at) => !at.matches(".steps .name, summary::marker"))
                .filter((at) => at.getBoundingClientRect().right > innerWidth + 1 || at.matches("html, .log, aside")
                                && at.scrollWidth > at.clientWidth)
                .map((at) => `${at.tagName} ${at.className}`)"""
        )
        assert wide == []


async def test_only_the_conversation_scrolls_and_never_the_window(browser: Browser, address: str) -> None:
    async with _opened(browser, address, viewport={"width": 360, "height": 740}) as page:
        await _say(page, REFUSED)
        await expect(page.locator(".bot .answer")).to_have_count(1)
        assert await page.evaluate("[document.scrollingElement.scrollHeight - innerHeight, scrollY]") == [0, 0]


async def test_the_start_of_an_answer_is_in_sight(browser: Browser, address: str) -> None:
    async with _opened(browser, address, viewport={"width": 1000, "height": 700}) as page:
        for text in (HEALTHY, REFUSED):
            await _say(page, text)
            await expect(page.locator(".bot .answer").last.locator("mark").first).to_be_visible()
        await expect(page.locator(".bot h2").last).to_be_in_viewport()


# --- for ears ---------------------------------------------------------------------------------


async def test_the_conversation_is_a_polite_log_with_a_name(page: Page) -> None:
    log = page.get_by_role("log", name="Conversation")
    await expect(log).to_have_attribute("aria-live", "polite")


async def test_the_step_bar_says_where_it_stands(page: Page) -> None:
    await _say(page, REFUSED)
    bar = page.get_by_role("list", name="Step 3 of 6: NDES asks the policy module")
    await expect(bar.locator("[aria-current=step]")).to_contain_text("NDES asks the policy module")
    await expect(bar.get_by_role("listitem")).to_have_count(6)


async def test_every_control_has_a_name(page: Page) -> None:
    await _say(page, REFUSED)
    await expect(page.locator(".bot .answer")).to_be_visible()
    for role in ("button", "textbox", "checkbox", "link"):
        controls = page.get_by_role(role)
        assert await controls.count() == await page.get_by_role(role, name=re.compile(r"\w")).count() > 0


async def test_headings_go_down_without_a_gap(page: Page) -> None:
    await _say(page, REFUSED)
    await expect(page.locator(".bot .answer")).to_be_visible()
    levels: list[int] = await page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((heading) => Number(heading.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


# --- servers ----------------------------------------------------------------------------------


async def test_a_server_is_checked_by_two_clicks(page: Page) -> None:
    await page.locator("#list-servers").click()
    await page.get_by_role("button", name="lab-ill").click()
    answer = page.locator(".bot .answer").last
    await expect(answer.locator("h2")).to_contain_text("lab-ill: ")
    await expect(answer.locator("h2")).not_to_contain_text("Checking")
    await expect(answer).to_contain_text("Every check")
    await expect(page.get_by_role("button", name="I fixed it")).to_be_visible()


async def test_a_check_fills_in_where_its_answer_will_stand(page: Page) -> None:
    first = json.dumps({"silent": False, "html": "<article class='answer'>so far</article>", "final": False})
    last = json.dumps({"silent": False, "html": "<article class='answer'>the end</article>", "final": True})
    await page.route(
        "**/api/message",
        lambda route: route.fulfill(content_type="application/x-ndjson", body=f"{first}\n{last}\n"),
    )
    await _say(page, "check lab-well")
    await expect(page.locator(".bot")).to_have_count(1)
    await expect(page.locator(".bot .answer")).to_have_text("the end")


async def test_a_pasted_problem_is_proved_on_a_registered_server(page: Page) -> None:
    await _say(page, "503 Service Unavailable on https://ndes.example.org/certsrv/mscep/mscep.dll")
    await page.get_by_role("button", name="Prove it on lab-ill").click()
    await expect(page.locator(".bot .answer").last.locator("h2")).to_contain_text("lab-ill: ")


async def test_a_server_is_registered_by_the_form(page: Page) -> None:
    await page.get_by_text("Add a server").click()
    await page.get_by_label("Name", exact=True).fill("ndes77")
    await page.get_by_label("SCEP URL").fill("https://ndes.example.org/certsrv/mscep/mscep.dll")
    await page.get_by_label("In front").select_option("app-proxy")
    await page.get_by_label("Tags").fill("prod, emea")
    await page.get_by_role("button", name="Register").click()
    await expect(page.locator(".bot .answer").last).to_contain_text("behind application proxy")
    await expect(page.locator(".bot .answer").last).to_contain_text("prod, emea")
    await _say(page, "forget ndes77")
    await expect(page.locator(".bot h2").last).to_have_text("ndes77 is forgotten")
