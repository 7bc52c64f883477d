"""Does the bare SCEP URL give the answer of a healthy NDES, and if not, who wrote the other one?"""

from datetime import datetime

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Value
from bot.ports import Check, Reply, Wire
from knowledge import answers

COLD = 30.0
"""Seconds for the first answer: an idle NDES starts and fetches CRLs before it says anything [likely]."""
SLOW_PROXY = 95.0
"""The same behind an application proxy, which waits 85 s for its server before it gives up [likely]."""
LONGEST = SLOW_PROXY + 2
"""Deadline of every check that waits for this answer; for a server without a proxy `COLD` ends it earlier."""

DIED = ("dropped", "reset", "truncated")

_SAID = {
    "200_general": "NDES shows its general page, so no policy module is at work: Intune requests cannot be verified.",
    "403_other": "Access is refused, but not by IIS: a firewall or proxy in front of NDES wrote this 403.",
    "403_httpsys": "Access is refused before the request reached IIS: the web listener of Windows wrote this 403.",
    "500_iis": "NDES answers HTTP 500: it usually could not start (RA certificates, CA, CRL or service account).",
    "503_httpsys": "No process serves the SCEP application pool: it is stopped, usually after it crashed repeatedly.",
    "503_iis": "IIS answers HTTP 503: the SCEP application is overloaded or not available.",
    "502_appproxy": "The application proxy cannot reach NDES: the internal URL, IIS or its certificate is wrong.",
    "504_appproxy": "The application proxy got no answer: its connector is stopped or offline, or NDES is too slow.",
    "302_login": "Devices are sent to a sign-in page: pre-authentication must be Passthrough, as they cannot sign in.",
    "404_iis": "IIS does not know this path: the NDES role or the path of the URL is wrong.",
    "404_httpsys": "Nothing is registered for this path on the web server: the name or path of the URL is wrong.",
    "404_appproxy": "The application proxy publishes nothing at this address.",
    "dropped": "The connection is closed without an answer: the NDES process usually dies on the request.",
    "reset": "The connection is cut instead of answered: the NDES process or something in front breaks it off.",
    "truncated": "The answer ends in the middle: the NDES process or something in front breaks it off.",
    "timeout": "No answer within {:.0f} s to the bare SCEP URL: NDES hangs or something in front swallows it.",
}


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Ask `mscep.dll` and nothing else. 403 of IIS is health with a policy module, the general page without."""
    try:
        reply = await ask(target, wire)
    except ProbeError as error:
        if error.trouble not in (*DIED, "timeout"):
            raise
        said = _SAID[error.trouble].format(patience(target))
        return Finding(CHECK.id, "fail", said, {"trouble": error.trouble}, (("base", error.trouble),))
    word = outcome(reply)
    healthy = word == ("403_iis" if target.module == "intune" else "200_general")
    said = _healthy(target) if healthy else _unhealthy(word, reply)
    return Finding(CHECK.id, "ok" if healthy else "fail", said, evidence(reply), (("base", word),))


async def ask(target: Server, wire: Wire) -> Reply:
    """The answer of the bare URL, the same one for every check that reads it."""
    return await wire.get(target.url, deadline=patience(target))


def patience(target: Server) -> float:
    """Seconds to wait for the first answer."""
    return SLOW_PROXY if target.front == "app-proxy" else COLD


def outcome(reply: Reply) -> str:
    """The word of the answer. Every 403 that neither IIS nor the application proxy wrote is `403_other`."""
    word = answers.word(reply.status, reply.headers, reply.body)
    return "403_other" if word == "403_httpsys" else word


def evidence(reply: Reply) -> dict[str, Value]:
    """What the answer looked like."""
    headers = reply.headers
    return {
        "status": reply.status,
        "server": answers.cut(reply.server),
        "written_by": answers.author(reply.status, headers, reply.body),
        "length": len(reply.body),
        "title": answers.title(headers, reply.body),
        "encoding": answers.text(headers, reply.body)[1],
        "location": answers.cut(headers.get("location", "")),
        "www_authenticate": answers.cut(headers.get("www-authenticate", "")),
    }


def _healthy(target: Server) -> str:
    if target.module == "intune":
        return "IIS refuses the bare SCEP URL with 403, as it does where NDES and the policy module are at work."
    return "NDES shows its general page, as it does where it runs without a policy module."


def _unhealthy(word: str, reply: Reply) -> str:
    if word == "403_iis":
        return "IIS answers 403, but this server has no policy module and should show the general page: a rule refuses."
    if word.startswith("401_"):
        return "The SCEP URL asks for a sign-in: anonymous access is off, and devices cannot sign in."
    if word in _SAID:
        return _SAID[word]
    return f"The bare SCEP URL answers HTTP {reply.status}, which no healthy NDES does."


CHECK = Check(
    id="scep-base",
    catalogue="R10",
    asks="What does the bare SCEP URL answer, and who wrote that answer?",
    run=run,
    deadline=LONGEST,
)
