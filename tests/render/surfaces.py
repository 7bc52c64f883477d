"""Every surface that an answer can be shown on: what it sends, and which words of that reach a person."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from html.parser import HTMLParser
from io import StringIO
from typing import Any

from rich.console import Console

from bot.types import Answer
from connectors.render import html, slack, teams, terminal, text
from tests.render.teams_limits import visible


def press(say: str) -> str:
    """An opaque id for what an option says, the same in each run."""
    return f"id-{sum(say.encode('utf-8', 'replace')) % 10_000:04}"


@dataclass(frozen=True, slots=True)
class Surface:
    """`sends` is the payload as a file, `shows` the words of it; both of one answer."""

    ending: str
    sends: Callable[[Answer], str]
    shows: Callable[[Answer], str]


def as_json(payload: Any) -> str:
    """A payload as one can read it."""
    return json.dumps(payload, indent=1, ensure_ascii=False, default=lambda png: b64encode(png).decode()) + "\n"


# --- html ------------------------------------------------------------------------------------


class _Page(HTMLParser):
    """The words of a fragment, and those that stand up when a pointer or a reader comes by."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.words = ""
        self.aside = ""
        self.feed(fragment)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.aside += "".join(value or "" for name, value in attrs if name in ("title", "href", "alt", "aria-label"))

    def handle_data(self, data: str) -> None:
        self.words += data


def _html_shows(answer: Answer) -> str:
    page = _Page(html.render(answer))
    return page.words + page.aside


# --- terminal --------------------------------------------------------------------------------


def _terminal(answer: Answer, width: int) -> str:
    file = StringIO()
    terminal.show(answer, Console(file=file, width=width, color_system=None, legacy_windows=False))
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().split("\n"))


# --- slack -----------------------------------------------------------------------------------


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("text", "url") and isinstance(inner, str):
                yield inner
            else:
                yield from _strings(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _strings(inner)


def _slack_sends(answer: Answer) -> str:
    return as_json(_without_files(asdict(slack.render(answer, press))))


def _slack_shows(answer: Answer) -> str:
    message = slack.render(answer, press)
    return "".join(_strings(message.blocks)) + (message.rest or "")


def _teams_sends(answer: Answer) -> str:
    return as_json(_without_files(asdict(teams.render(answer, press))))


def _without_files(sent: dict[str, Any]) -> dict[str, Any]:
    """Most answers have none, and need not say so."""
    return {name: value for name, value in sent.items() if value or name not in ("pictures", "documents")}


SURFACES = {
    "html": Surface("html", html.render, _html_shows),
    "terminal": Surface("txt", lambda answer: _terminal(answer, 100), lambda answer: _terminal(answer, 2000)),
    "text": Surface("txt", text.render, text.render),
    "slack": Surface("json", _slack_sends, _slack_shows),
    "teams": Surface("json", _teams_sends, lambda a: visible(teams.render(a, press))),
}
"""The one table of surfaces: what is not in it is judged by nobody."""
