"""Teams as a chat surface, whichever of Microsoft's libraries carries it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, ClassVar, Protocol

from aiohttp import web
from pydantic import SecretStr

from bot.errors import BadRequest, ConnectorError
from bot.ports import Clock, Mail, Press, Receive
from bot.types import Answer, Attached, Document, Message, Place, Role
from connectors.chat.teams_protocol import outgoing
from connectors.chat.teams_protocol.callers import Gate
from connectors.chat.teams_protocol.clouds import PUBLIC, Cloud
from connectors.chat.teams_protocol.credentials import VIRTUAL_MACHINE, Identity, Tokens, by_identity, by_secret
from connectors.chat.teams_protocol.delivery import Delivery
from connectors.chat.teams_protocol.door import PATH, Door
from connectors.chat.teams_protocol.extension import AnswerNow, Extension, Search
from connectors.chat.teams_protocol.files import Files
from connectors.chat.teams_protocol.governor import Governor, Pause
from connectors.chat.teams_protocol.heard import SURFACE
from connectors.chat.teams_protocol.keys import Keys
from connectors.chat.teams_protocol.library import Json, Library
from connectors.chat.teams_protocol.people import People
from connectors.chat.teams_protocol.reception import Reception
from connectors.chat.teams_protocol.references import is_personal
from connectors.chat.teams_protocol.standing import Standing
from connectors.chat.teams_protocol.way_out import WayOut
from connectors.render import text
from connectors.render.files import files_in
from connectors.render.teams import file_consent
from connectors.settings_file import Network, Teams

_log = logging.getLogger(__name__)


class Bind(Protocol):
    """Makes a library that sends by a way out."""

    def __call__(self, way_out: WayOut) -> Library:
        """The library; it makes no connection yet."""
        ...


class TeamsSurface:
    """The `ChatSurface` of Teams. Those that inherit say which library they `bind`."""

    name = SURFACE
    pause = 3.0
    looks_up = False
    connected = True
    bind: ClassVar[Bind]

    def __init__(
        self,
        settings: Teams,
        secret: SecretStr | None,
        *,
        network: Network,
        application: web.Application,
        listens_on: str,
        mail: Mail,
        clock: Clock,
        search: Search,
        answer_now: AnswerNow,
        cloud: Cloud = PUBLIC,
        identity: Identity = VIRTUAL_MACHINE,
        wait: Pause = asyncio.sleep,
    ) -> None:
        """Adds its route to `application`, which listens on the host `listens_on`, and closes with it.

        `secret` is the registration's, none for a managed identity. `search` and `answer_now` are for the message
        extension, which Teams gives five seconds. `cloud` and `identity` are Microsoft's doors, other ones in tests
        and in sovereign clouds; `wait` lets time pass. Raises `BadRequest` for settings that cannot work, or that
        would let anybody in.
        """
        self._way_out = WayOut(network, cloud, emulator=settings.emulator)
        self._way_out.tokens = _tokens(settings, secret, cloud, identity, self._way_out, clock)
        self._library = type(self).bind(self._way_out)
        keys = Keys(cloud, self._way_out.outside, clock)
        gate = Gate(settings, cloud, keys, clock, listens_on=listens_on)
        self._people = People(settings, self._library, clock)
        self._delivery = Delivery(self._library, mail, Governor(clock, wait), self._way_out.may_go)
        self._files = Files(cloud, self._way_out.outside)
        self._standing = Standing()
        self._drawing = asyncio.Lock()
        self._reception = Reception(
            people=self._people,
            delivery=self._delivery,
            files=self._files,
            standing=self._standing,
            extension=Extension(search, answer_now, mail, clock),
            overheard=settings.overheard,
        )
        self._door = Door(gate, self._library, self._reception.take)
        application.router.add_post(PATH, self._door.knock)
        application.on_cleanup.append(self._close)

    # --- the port ----------------------------------------------------------------------------

    async def serve(self, receive: Receive) -> None:
        """Let requests in until cancelled; before and after they hear 503."""
        self._reception.receive = receive
        self._door.open = True
        try:
            await asyncio.Event().wait()
        finally:
            self._door.open = False
            self._reception.receive = None

    def role_of(self, message: Message) -> Role:
        """What the sender may do here, by the Entra object id."""
        return self._people.role_of(message.sender)

    async def send(self, place: Place, answer: Answer, press: Press, *, key: str, reader: str | None = None) -> str:
        """Post an answer, as few messages as it takes; Teams shows none of them to one reader alone."""
        parts, asker = self._standing.begun(place, key), self._standing.asker(key)
        activities = await self._drawn(answer, press, asker)
        for activity in activities[len(parts) :]:
            parts.append(await self._post(place, activity))
        sent = self._standing.stands(place, key, parts)
        self._standing.asked(sent, asker or "")
        await self._offer_files(place, answer, long=len(parts) > 1)
        return sent

    async def edit(self, place: Place, sent: str, answer: Answer, press: Press) -> None:
        """Put another answer where one stands, of as many messages as it takes."""
        parts = self._standing.parts(place, sent)
        activities = await self._drawn(answer, press, self._standing.asker(sent))
        for activity, part in zip(activities, tuple(parts), strict=False):
            await self._delivery.update(place, part, activity)
            self._standing.show(place, part, activity)
        for activity in activities[len(parts) :]:
            parts.append(await self._post(place, activity))
        while len(parts) > len(activities):
            await self._delivery.delete(place, parts[-1])
            parts.pop()
        await self._offer_files(place, answer, long=False)  # of a long one, the first was offered when it was posted

    def fetch(self, file: Attached) -> AsyncIterator[bytes]:
        """The bytes of a file that hangs on a message."""
        return self._files.fetch(file)

    async def find(self, place: Place, key: str) -> str | None:
        """Teams lets a bot read nothing that was posted."""
        return None

    # --- how ---------------------------------------------------------------------------------

    async def _drawn(self, answer: Answer, press: Press, asker: str | None) -> list[dict[str, Any]]:
        """One answer at a time, with a pause behind it: drawing takes the processor, and requests must be heard."""
        async with self._drawing:
            activities = outgoing.activities(answer, press, asker)
            await asyncio.sleep(0)
        return activities

    async def _post(self, place: Place, activity: Json) -> str:
        sent = await self._delivery.post(place, activity)
        self._standing.show(place, sent, activity)
        return sent

    async def _offer_files(self, place: Place, answer: Answer, *, long: bool) -> None:
        """The files of an answer, and a long one as a file too, where Teams takes them: in personal chats."""
        documents = [one for one in files_in(answer.blocks) if isinstance(one, Document)]
        if not (documents or long):
            return
        try:
            kept = await self._delivery.known(place)
            if kept is None or not is_personal(kept):
                for document in documents:
                    await self._delivery.post(place, outgoing.plain(_elsewhere(document)))
                return
            if long:
                documents.append(Document("answer.txt", text.render(answer).encode("utf-8", "replace"), ""))
            for document in documents:
                await self._offer(place, document)
        except ConnectorError as error:  # the answer itself stands
            _log.info("a file was not offered", extra={"reason": str(error)})

    async def _offer(self, place: Place, document: Document) -> None:
        token = self._files.offer(document.name, document.data, place.conversation)
        consent = file_consent(document.name, len(document.data), token)
        await self._delivery.post(place, outgoing.with_attachments([consent], f"A file for you: {document.name}"))

    async def _close(self, _: web.Application) -> None:
        await self._reception.close()
        await self._library.close()
        await self._way_out.close()


def _elsewhere(document: Document) -> str:
    return (
        f"Teams lets a bot hand over files in personal chats only. For {document.name} write to me there: "
        f"{document.again}"
    )


def _tokens(
    settings: Teams, secret: SecretStr | None, cloud: Cloud, identity: Identity, way_out: WayOut, clock: Clock
) -> Tokens:
    if settings.app_type == "managed-identity":
        return Tokens(by_identity(way_out.inside, identity, settings.app_id, cloud.audience), clock)
    if secret is None or not secret.get_secret_value().strip():
        raise BadRequest("Teams' client secret is missing; set NDESBOT_TEAMS_SECRET, or app_type to managed-identity.")
    ask = by_secret(way_out.outside, cloud.login, settings.tenant, settings.app_id, secret, cloud.audience)
    return Tokens(ask, clock)
