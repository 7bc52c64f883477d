"""Does NDES say what it can do? A server that answers this has its SCEP application at work."""

from datetime import datetime

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Value
from bot.ports import Check, Reply, Wire
from connectors.checks import scep_base
from knowledge import answers
from knowledge.scep import Caps, read_caps

DEADLINE = scep_base.COLD + 12
"""Of every check that asks one SCEP operation: the bare URL is always asked first."""
BROKE = ("dropped", "reset", "truncated", "timeout", "malformed", "too-large")
"""Troubles that are the operation's own and not of the way to the server."""

_BROKEN = {
    "dropped": "the connection is closed without an answer",
    "reset": "the connection is cut",
    "truncated": "the answer ends in the middle",
    "timeout": "no answer comes in time",
    "malformed": "the answer is not readable as HTTP",
    "too-large": "the answer is far too large",
}


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Ask GetCACaps. Evidence: the keywords (RFC 8894, section 3.5.2), and which of those that matter are among them.

    NDES answers this to everybody, also where its policy module refuses the bare URL with 403.
    """
    try:
        reply = await ask(target, wire)
    except ProbeError as error:
        if error.trouble not in BROKE:
            raise
        said = f"GetCACaps fails: {broken(error)}."
        return Finding(CHECK.id, "fail", said, {"trouble": error.trouble}, (("caps", error.trouble),))
    word, caps = outcome(reply), read_caps(reply.body)
    if word != "200_caps":
        evidence = scep_base.evidence(reply)
        return Finding(CHECK.id, "fail", _unhealthy(word, reply), evidence, (("caps", word),))
    said = "NDES says what it can do, so its SCEP application runs and answers."
    return Finding(CHECK.id, "ok", said, _evidence(reply, caps), (("caps", word),))


async def ask(target: Server, wire: Wire) -> Reply:
    """The answer to GetCACaps, the same one for every check that reads it."""
    return await wire.get(target.asking("GetCACaps"))


def outcome(reply: Reply) -> str:
    """The word of the answer: `200_caps` where it names something that SCEP knows."""
    if reply.status == 200 and read_caps(reply.body).known:
        return "200_caps"
    return scep_base.outcome(reply)


async def known(target: Server, wire: Wire) -> Caps | None:
    """What the server can do; None where it does not say. Raises `ProbeError`."""
    reply = await ask(target, wire)
    return read_caps(reply.body) if outcome(reply) == "200_caps" else None


def broken(error: ProbeError) -> str:
    """What happened to the connection, as the end of a sentence."""
    return _BROKEN.get(error.trouble, "there is no answer")


def _evidence(reply: Reply, caps: Caps) -> dict[str, Value]:
    able = {*caps.known, *(("AES", "SHA-256", "POSTPKIOperation") if "SCEPStandard" in caps.known else ())}
    return {
        "status": reply.status,
        "keywords": [answers.cut(word) for word in caps.words[:20]],
        "post": "POSTPKIOperation" in able,
        "sha2": bool({"SHA-256", "SHA-512"} & able),
        "aes": "AES" in able,
        "renewal": "Renewal" in able,
    }


def _unhealthy(word: str, reply: Reply) -> str:
    status, _, wrote = word.partition("_")
    if word == "302_login":
        return "GetCACaps leads to a sign-in page: pre-authentication must be Passthrough, as devices cannot sign in."
    if status == "403":
        by = "IIS refuses" if wrote == "iis" else "something in front of NDES refuses"
        return f"GetCACaps, which NDES answers to everybody, gets HTTP 403: {by} by a rule for the whole path."
    if word == "503_httpsys":
        return "GetCACaps gets HTTP 503: no process serves the SCEP application pool."
    if status == "500":
        return "GetCACaps fails with HTTP 500: NDES usually could not start."
    if status == "200":
        return "GetCACaps gets an answer that names nothing SCEP knows: usually it is not NDES that answers."
    return f"GetCACaps gets HTTP {reply.status} instead of keywords, so devices cannot talk to NDES."


CHECK = Check(
    id="scep-caps",
    catalogue="R12",
    asks="Does NDES say what it can do?",
    run=run,
    deadline=DEADLINE,
)
