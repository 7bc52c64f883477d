"""How far does a request without a challenge get? Nobody may be granted one, and it must not kill the worker."""

import asyncio
from datetime import datetime
from secrets import token_bytes

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Value
from bot.ports import Check, Reply, Wire
from connectors.checks import scep_base, scep_caps, scep_poll
from knowledge import answers
from knowledge.certificates import ScepError
from knowledge.scep import Bundle, CertRep, read_certrep
from knowledge.scep_requests import SUBJECT, poisoned_request, transaction_id


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Send a PKCSReq without a challenge, for a key that nobody holds. Evidence as `scep-poll`.

    Only against what is plainly IIS with a policy module at work: other servers issue. It leaves a line in the
    log of IIS, an event of NDES or of the connector, and perhaps a failed request at the CA.
    """
    if target.module != "intune":
        return _skipped("the server is not registered with the Intune policy module, which refuses such requests")
    base = await scep_base.ask(target, wire)
    if scep_base.outcome(base) != "403_iis" or "microsoft-iis" not in base.server.lower():
        return _skipped("the bare SCEP URL does not answer 403 by IIS, so it is not sure that a policy module refuses")
    caps = await scep_caps.known(target, wire)
    bundle = await scep_poll.handed_out(target, wire)
    if caps is None or bundle is None:
        return _skipped("GetCACaps or GetCACert does not answer, so NDES is not at work")
    random = token_bytes(32)
    try:
        message = await asyncio.to_thread(poisoned_request, bundle, now, random, caps)
        reply = await scep_poll.post(message, target, wire)
    except ScepError as error:
        return Finding(CHECK.id, "unknown", f"No request can be written: {answers.cut(str(error)).rstrip('.')}.")
    except ProbeError as error:
        if error.trouble not in scep_poll.BROKE:
            raise
        said = "The connection is lost on a request: the NDES process usually dies when it asks the policy module."
        return Finding(CHECK.id, "fail", said, {"trouble": error.trouble}, (("request", error.trouble),))
    return _read(reply, bundle, transaction_id(random))


def _skipped(why: str) -> Finding:
    return Finding("scep-request", "skipped", f"No request was sent: {why}.")


def _read(reply: Reply, bundle: Bundle, transaction: str) -> Finding:
    try:
        answer = read_certrep(reply.body, bundle) if reply.status == 200 else None
    except ScepError:
        answer = None
    if answer is None:
        said = f"A request gets HTTP {reply.status} and no SCEP answer: NDES usually fails asking the policy module."
        return Finding(CHECK.id, "fail" if reply.status >= 500 else "unknown", said, scep_base.evidence(reply))
    return _judged(answer, scep_poll.evidence(reply, answer, bundle), transaction)


def _judged(answer: CertRep, evidence: dict[str, Value], transaction: str) -> Finding:
    """Whoever signed it: an answer that grants anything is an alarm."""
    if answer.status == 0:
        said = f"ALARM: the server issues certificates without a challenge; revoke the one of CN={SUBJECT} at the CA."
        return Finding(CHECK.id, "fail", said, {**evidence, "alarm": True})
    if answer.status == 3:
        said = (
            f"ALARM: the server accepts requests without a challenge; deny the pending one of CN={SUBJECT} at the CA."
        )
        return Finding(CHECK.id, "fail", said, {**evidence, "alarm": True})
    if answer.status == 2 and scep_poll.is_ours(answer, transaction):
        said = "NDES refuses a request without a challenge, as it must; this does not show whether good ones pass."
        return Finding(CHECK.id, "ok", said, evidence, (("request", scep_poll.outcome(answer)),))
    said = "The SCEP answer to a request is not signed as it should be, or says nothing, so it proves nothing."
    return Finding(CHECK.id, "warn", said, evidence)


CHECK = Check(
    id="scep-request",
    catalogue="R33",
    asks="Is a request without a challenge refused?",
    run=run,
    usual=False,
    deadline=scep_poll.DEADLINE,
)
