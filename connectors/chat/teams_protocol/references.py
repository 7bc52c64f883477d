"""How a conversation is addressed that somebody else began: a ConversationReference, which both libraries read."""

from typing import Any, Final

from connectors.chat.teams_protocol.heard import Origin
from connectors.chat.teams_protocol.library import Json

_KINDS: Final = {"personal": "personal", "group": "groupChat", "channel": "channel"}


def reference(at: Origin) -> dict[str, Any]:
    """Of the conversation as a whole, not of one thread or message in it; it names no person."""
    conversation = {
        "id": at.place.conversation,
        "conversationType": _KINDS[at.scope],
        "isGroup": at.scope != "personal",
        **({"tenantId": at.tenant} if at.tenant else {}),
    }
    bot = {"bot": {"id": at.bot}} if at.bot else {}
    return {"channelId": "msteams", "serviceUrl": at.service, "conversation": conversation, **bot}


def is_personal(kept: Json) -> bool:
    """Whether only one person is there."""
    return bool(kept.get("conversation", {}).get("conversationType") == "personal")
