"""Events: what is said where the bot is, and what is opened or linked."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from slack_bolt.async_app import AsyncApp

from bot.types import Answer, Message, Place
from connectors.chat.slack.assistant import Assistant
from connectors.chat.slack.calls import Calls
from connectors.chat.slack.desk import Desk, Identity
from connectors.chat.slack.home import Home
from connectors.chat.slack.people import People
from connectors.chat.slack.threads import Threads
from connectors.chat.slack.uploads import attached
from connectors.chat.slack.words import all_words, mentions, mentions_others
from connectors.render.slack import unfurl

EVENTS: Final = (
    "app_mention",
    "message",
    "app_home_opened",
    "link_shared",
    "assistant_thread_started",
    "assistant_thread_context_changed",
)
"""What Slack may tell us of, beside the step of a workflow; `manifest/slack.yaml` subscribes to these."""
_SAID: Final = {None, "file_share", "thread_broadcast", "me_message"}
"""Subtypes of messages that somebody wrote. All others tell of edits, of removals, of joins, or of other bots."""
_LINKS = 5  # of one message that get a card
_ENTRY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+){1,20}")


EntryOf = Callable[[str], Answer | None]
"""The page of a knowledge entry by its id, None where there is none."""


class Events:
    """Listens to what happens in the workspace."""

    def __init__(
        self,
        surface: str,
        *,
        me: Callable[[], Identity],
        overheard: frozenset[str],
        desk: Desk,
        people: People,
        threads: Threads,
        assistant: Assistant,
        home: Home,
        calls: Calls,
        entry: EntryOf,
    ) -> None:
        self._surface = surface
        self._me = me
        self._overheard = overheard
        self._desk = desk
        self._people = people
        self._threads = threads
        self._assistant = assistant
        self._home = home
        self._calls = calls
        self._entry = entry

    def listen(self, bolt: AsyncApp) -> None:
        """Begin to listen."""
        bolt.event("app_mention")(self._said)
        bolt.event("message")(self._said)
        bolt.event("app_home_opened")(self._home_opened)
        bolt.event("link_shared")(self._linked)
        bolt.event("assistant_thread_started")(self._pane_opened)
        bolt.event("assistant_thread_context_changed")(self._moved_on)

    # --- messages ----------------------------------------------------------------------------

    async def _said(self, event: dict[str, Any]) -> None:
        """A message. Where the bot is named, Slack tells of it twice, as a mention and as a message: its id is
        that of the message, so either may come first."""
        if not self._by_a_person(event):
            return
        channel, person = event["channel"], event["user"]
        direct = event.get("channel_type") == "im" or channel.startswith("D")
        addressed = direct or await self._asks_the_bot(event)
        if not addressed and channel not in self._overheard:
            return
        if not await self._people.may_talk(person):
            return
        thread = event.get("thread_ts")
        if direct and thread:
            self._assistant.at_work(channel, thread)
        place = Place(self._surface, channel, thread or (None if direct else event["ts"]))
        files = attached(event.get("files"))
        message = Message(f"{channel} {event['ts']}", place, person, all_words(event), addressed, files=files)
        await self._desk.take(message)

    def _by_a_person(self, event: Mapping[str, Any]) -> bool:
        if event.get("bot_id") or event.get("app_id") or event.get("edited") or event.get("hidden"):
            return False
        known = all(isinstance(event.get(name), str) for name in ("channel", "user", "ts"))
        return known and event.get("subtype") in _SAID and event["user"] != self._me().user

    async def _asks_the_bot(self, event: Mapping[str, Any]) -> bool:
        text, thread, me = str(event.get("text") or ""), event.get("thread_ts"), self._me().user
        if mentions(text, me):
            return True
        if not thread or mentions_others(text, me):
            return False
        return await self._threads.ours(event["channel"], thread, me)

    # --- pages and panes ---------------------------------------------------------------------

    async def _home_opened(self, event: dict[str, Any]) -> None:
        person = str(event.get("user", ""))
        if event.get("tab") == "home" and await self._people.may_talk(person):
            self._desk.errand(self._home.publish(person), "showing the home page")

    async def _pane_opened(self, event: dict[str, Any]) -> None:
        thread = event.get("assistant_thread")
        if isinstance(thread, Mapping) and await self._people.may_talk(str(thread.get("user_id", ""))):
            self._desk.errand(self._assistant.greet(thread), "offering the prompts")

    async def _moved_on(self) -> None:
        """Which channel somebody looks at beside the pane is nothing to us."""

    # --- links -------------------------------------------------------------------------------

    async def _linked(self, event: dict[str, Any]) -> None:
        if await self._people.may_talk(str(event.get("user", ""))):
            self._desk.errand(self._show_cards(event), "showing a card below a link")

    async def _show_cards(self, event: Mapping[str, Any]) -> None:
        addresses = [link.get("url") for link in event.get("links") or () if isinstance(link, Mapping)]
        pages = {address: self._page(address) for address in addresses[:_LINKS] if isinstance(address, str)}
        cards = {address: unfurl(page) for address, page in pages.items() if page}
        if cards:
            about = {"unfurl_id": event.get("unfurl_id"), "source": event.get("source")}
            await self._calls.post("chat.unfurl", unfurls=cards, **about)

    def _page(self, address: str) -> Answer | None:
        """The entry that an address names at its end: Slack tells only of addresses in the domain of the app."""
        try:
            parts = urlsplit(address)
        except ValueError:
            return None
        name = (parts.fragment or parts.path.rstrip("/").rpartition("/")[2]).removesuffix(".html")
        return self._entry(name) if _ENTRY.fullmatch(name) else None
