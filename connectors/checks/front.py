"""Who stands in front of NDES, and what does the application proxy say went wrong?"""

from datetime import datetime

from bot.findings import Finding, Past, Server
from bot.ports import Check, Reply, Wire
from connectors.checks import scep_base
from knowledge import answers


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Read the headers of the bare URL's answer. Evidence: server, via, the proxy's headers, its connector."""
    reply = await scep_base.ask(target, wire)
    headers = reply.headers
    error = answers.proxy_error(headers, reply.body)
    evidence = {
        "server": answers.cut(reply.server),
        "via": answers.cut(headers.get("via", "")),
        "proxy": answers.proxy_headers(headers),
        "connector": answers.connector(headers),
        "proxy_error": error,
    }
    if error:
        said = f"The application proxy reports {error}: {_meaning(error)}"
        return Finding(CHECK.id, "fail", said, evidence, (("ap_error", error),))
    proxied = answers.through_app_proxy(headers)
    if proxied and target.front == "direct":
        said = "The answer came through an application proxy, although the server is registered without one."
        return Finding(CHECK.id, "warn", said, evidence)
    if not proxied and target.front == "app-proxy":
        said = "The server is registered behind an application proxy, but the answer shows no trace of one."
        return Finding(CHECK.id, "warn", said, evidence)
    return Finding(CHECK.id, "ok", _path(reply), evidence)


def _meaning(error: str) -> str:
    if error.startswith("Backend"):
        return "its connector runs but gets no good answer from NDES."
    return "no connector of its group took the request."


def _path(reply: Reply) -> str:
    """The way that the answer came, in words."""
    if not answers.through_app_proxy(reply.headers):
        named = reply.headers.get("via")
        return "The answer came through a proxy that names itself." if named else "No proxy shows itself in the answer."
    if answers.connector(reply.headers):
        return "The answer came through the application proxy and one of its connectors."
    if answers.author(reply.status, reply.headers, reply.body) in ("iis", "httpsys", "general"):
        return "The answer came through the application proxy, which names no connector."
    return "The application proxy usually answered alone, as no connector is named in the answer."


CHECK = Check(
    id="front",
    catalogue="R08",
    asks="Who stands in front of NDES?",
    run=run,
    deadline=scep_base.LONGEST,
)
