"""Is the password page closed to strangers, and does its application pool run?"""

from datetime import datetime
from urllib.parse import urljoin

from bot.findings import Finding, Past, Server, Verdict
from bot.ports import Check, Reply, Wire
from connectors.checks import scep_base
from knowledge import answers


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Ask `mscep_admin` without signing in, ever: each sign-in takes a place in NDES's password cache.

    Evidence: status, who answered, what kind of sign-in is asked. A password that is shown is not kept.
    """
    reply = await wire.get(urljoin(target.url, "/certsrv/mscep_admin/"))
    word = _outcome(reply)
    verdict, said = _judged(word, reply)
    evidence = {
        "status": reply.status,
        "written_by": answers.author(reply.status, reply.headers, reply.body),
        "www_authenticate": answers.cut(reply.headers.get("www-authenticate", "")),
    }
    return Finding(CHECK.id, verdict, said, evidence, (("admin", word),))


def _outcome(reply: Reply) -> str:
    if reply.status == 401 and answers.asks_windows(reply.headers):
        return "401_ntlm"
    if reply.status == 200 and answers.shows_challenge(reply.headers, reply.body):
        return "200_challenge"
    return answers.word(reply.status, reply.headers, reply.body)


def _judged(word: str, reply: Reply) -> tuple[Verdict, str]:
    if word == "401_ntlm":
        return "ok", "The password page asks for a Windows sign-in, so IIS serves the SCEP application."
    if word == "200_challenge":
        return "fail", "Anybody can fetch a challenge password here without signing in: switch anonymous access off."
    if word == "503_httpsys":
        return "fail", "No process serves the password page: the SCEP application pool is stopped."
    if reply.status in (403, 404):
        return "ok", "The password page cannot be reached from here, which is well."
    if reply.status == 200:
        return "warn", "The password page opens without a sign-in, though it shows no password."
    if reply.status == 500:
        return "warn", "The password page answers HTTP 500 even before anybody signed in."
    return "unknown", f"The password page answers HTTP {reply.status}, which tells nothing about NDES."


CHECK = Check(
    id="admin",
    catalogue="R24",
    asks="Is the password page closed to strangers?",
    run=run,
    deadline=scep_base.COLD + 12,
)
