"""Up to what length are URLs let through? Devices that send their request by GET need long ones."""

from datetime import datetime
from urllib.parse import urlsplit

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Value
from bot.ports import Check, Wire
from connectors.checks import scep_caps
from knowledge import answers

RUNGS = (2_300, 5_000, 17_500, 31_000)
"""Bytes of path and query: above 2,048 (a query in IIS), 4,096 (a path in IIS) and 16,384 (a request in http.sys),
and as long as the requests of devices become."""
WAIT = 10.0
"""Seconds for one length."""

_LOST = ("dropped", "reset", "truncated")
_BROKE = (*_LOST, "timeout", "malformed")
_FILTER = "IIS lets no URL of {} bytes through: maxQueryString and maxUrl of request filtering are too small."
_LISTENER = "Windows refuses a URL of {} bytes before IIS sees it: MaxFieldLength and MaxRequestBytes are too small."
_BETWEEN = "A URL of {} bytes does not get through: usually a proxy in front of NDES refuses it."


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Ask GetCACaps with padding: the shortest length, the longest, and where they differ those between, up to the
    first refusal. Evidence: what each length got that was asked. A length below one that passes passes too.
    """
    if await scep_caps.known(target, wire) is None:
        return Finding(CHECK.id, "skipped", "Not asked: GetCACaps does not even answer at its usual length.")
    evidence: dict[str, Value] = {}
    words = await _climbed(target.asking("GetCACaps"), wire, evidence)
    outcomes = tuple((f"url_{length}", word) for length, word in words.items())
    length, word = list(words.items())[-1]
    if word == "timeout":
        said = f"No answer came in time to a URL of {length} bytes, which may also be chance."
        return Finding(CHECK.id, "unknown", said, evidence, outcomes)
    if word != "ok":
        return Finding(CHECK.id, "fail", _refusal(word).format(length), evidence, outcomes)
    return Finding(CHECK.id, "ok", f"URLs of {length} bytes get through.", evidence, outcomes)


def padded(url: str, length: int) -> str:
    """The URL with as much padding in its last parameter as makes path and query this many bytes."""
    parts = urlsplit(url)
    return url + "x" * (length - len(parts.path) - 1 - len(parts.query))


async def _climbed(url: str, wire: Wire, evidence: dict[str, Value]) -> dict[int, str]:
    """The word of each length, in their order, up to the first refusal."""
    shortest, *between, longest = RUNGS
    words = {shortest: await _tried(url, shortest, wire, evidence)}
    if words[shortest] != "ok":
        return words
    last = await _tried(url, longest, wire, evidence)
    if last == "ok":
        return dict.fromkeys(RUNGS, "ok")
    if last not in _LOST:  # after a lost connection nothing more is asked
        for length in between:
            words[length] = await _tried(url, length, wire, evidence)
            if words[length] != "ok":
                return words
    return {**words, longest: last}


async def _tried(url: str, length: int, wire: Wire, evidence: dict[str, Value]) -> str:
    """The word of one length; a broken connection is one too."""
    try:
        reply = await wire.get(padded(url, length), deadline=WAIT)
    except ProbeError as error:
        if error.trouble not in _BROKE:
            raise
        evidence[f"url_{length}"] = error.trouble
        return error.trouble
    evidence[f"url_{length}"] = f"{reply.status} {answers.cut(reply.server, 60)}".strip()
    return "ok" if reply.status == 200 else answers.word(reply.status, reply.headers, reply.body)


def _refusal(word: str) -> str:
    status, _, wrote = word.partition("_")
    if status == "404" and wrote != "appproxy":
        return _FILTER
    return _LISTENER if wrote == "httpsys" and status in ("400", "414", "431") else _BETWEEN


CHECK = Check(
    id="url-length",
    catalogue="R21",
    asks="Are the long URLs of devices let through?",
    run=run,
    deadline=scep_caps.DEADLINE + len(RUNGS) * WAIT,
)
