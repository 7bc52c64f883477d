"""The step "Run NDES check" of Slack's Workflow Builder: a surface of its own, for its answer goes to the workflow."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from math import inf
from typing import Any, Final

from slack_bolt.async_app import AsyncApp

from bot.errors import BadRequest
from bot.ports import Press, Receive
from bot.types import Answer, Attached, Message, Place, Role
from connectors.chat.slack.calls import Calls, Refused
from connectors.chat.slack.desk import Desk
from connectors.chat.slack.people import People
from connectors.render import text

CALLBACK: Final = "run_ndes_check"
EVENT: Final = "function_executed"
_LONGEST = 3000  # characters of an output: it may end up in one block of a message
_OVER: Final = {"execution_not_in_running_state", "function_execution_not_found"}
"""What Slack says of a step that was completed before, or cancelled: there is nothing left to be told."""
_SERVER = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")


class Steps:
    """A step is a conversation of one question; its id is the conversation, and it is answered once.

    Telling Slack a second time does no harm, so what a dead process left is simply told again.
    """

    name: Final = "slack-step"
    pause: Final = inf
    looks_up: Final = True
    connected: Final = True

    def __init__(self, calls: Calls, people: People, desk: Desk) -> None:
        self._calls = calls
        self._people = people
        self._desk = desk

    def listen(self, bolt: AsyncApp) -> None:
        """Begin to listen, beside the surface for people."""
        bolt.function(CALLBACK)(self._begun)

    async def serve(self, receive: Receive) -> None:
        """Steps come in with everything else of Slack; this only waits."""
        await asyncio.Event().wait()

    def role_of(self, message: Message) -> Role:
        """What the person may do who began the workflow."""
        return self._people.role_of(message.sender)

    async def _begun(self, event: dict[str, Any]) -> None:
        said = event.get("inputs")
        inputs = said if isinstance(said, Mapping) else {}
        step, person = str(event["function_execution_id"]), _person(inputs.get("person"))
        server = str(inputs.get("server") or "").strip().lower()
        if not person or not await self._people.may_talk(person):
            self._desk.errand(self._fail(step, "This step must be begun by a member of this workspace."), "a step")
        elif not _SERVER.fullmatch(server):
            self._desk.errand(self._fail(step, "Give the name of one registered server."), "a step")
        else:
            await self._desk.take(Message(step, Place(self.name, step), person, f"check {server}"))

    # --- telling the workflow ----------------------------------------------------------------

    async def send(self, place: Place, answer: Answer, press: Press, *, key: str, reader: str | None = None) -> str:
        """Complete the step; with an error where the answer is no report of a check."""
        told = text.render(answer)[:_LONGEST]
        if answer.tone == "unknown" and len(answer.blocks) < 2:
            await self._fail(place.conversation, told)
            return place.conversation
        outputs = {"title": answer.title, "verdict": text.TONES[answer.tone], "report": told}
        await self._tell("functions.completeSuccess", place.conversation, outputs=outputs)
        return place.conversation

    async def edit(self, place: Place, sent: str, answer: Answer, press: Press) -> None:
        """A step that was completed stays as it is."""

    async def find(self, place: Place, key: str) -> str | None:
        """It cannot be seen whether a step was completed; to complete it again does no harm."""
        return None

    def fetch(self, file: Attached) -> AsyncIterator[bytes]:
        """Nothing hangs on a step."""
        raise BadRequest("A step of a workflow has no files.")

    async def _fail(self, step: str, why: str) -> None:
        await self._tell("functions.completeError", step, error=why)

    async def _tell(self, method: str, step: str, **said: Any) -> None:
        try:
            await self._calls.post(method, function_execution_id=step, **said)
        except Refused as refused:
            if refused.code not in _OVER:
                raise


def _person(said: Any) -> str:
    """Who began the workflow. Slack fills in this object itself; a plain id whoever built the workflow could choose."""
    found = said.get("id") if isinstance(said, Mapping) else None
    return found if isinstance(found, str) else ""
