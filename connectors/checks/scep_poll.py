"""Can NDES use both its RA keys? A question for a request that never was shows it, and can yield no certificate."""

import asyncio
from datetime import datetime
from secrets import token_bytes

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Value, Verdict
from bot.ports import Check, Reply, Wire
from connectors.checks import scep_base, scep_cacert, scep_caps
from knowledge import answers
from knowledge.certificates import ScepError
from knowledge.scep import Bundle, CertRep, read_bundle, read_certrep
from knowledge.scep_requests import poll_message, transaction_id

DEADLINE = scep_caps.DEADLINE + 20
"""Of the checks that send a SCEP message: they wait for the bare URL, GetCACaps and GetCACert first."""
BROKE = ("dropped", "reset")
"""Troubles of the message that are weighed."""

_STATUSES = {0: "SUCCESS", 2: "FAILURE", 3: "PENDING"}
_REASONS = {0: "badAlg", 1: "badMessageCheck", 2: "badRequest", 3: "badTime", 4: "badCertId"}
_BAD_MESSAGE_CHECK = 1


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Send a CertPoll (RFC 8894, section 3.3.3). Evidence: pkiStatus, failInfo, who signed the answer, the digest.

    Only where an administrator allowed it: it leaves a line in the log of IIS and usually an event of NDES.
    """
    if not target.may_poll:
        return Finding(CHECK.id, "skipped", "Not asked: CertPoll is not allowed for this server (may_poll).")
    caps = await scep_caps.known(target, wire)
    bundle = await handed_out(target, wire)
    if caps is None or bundle is None:
        said = "Not asked: GetCACaps or GetCACert does not answer, so NDES is not at work."
        return Finding(CHECK.id, "skipped", said)
    random = token_bytes(32)
    try:
        message = await asyncio.to_thread(poll_message, bundle, now, random, caps)
        reply = await post(message, target, wire)
    except ScepError as error:
        return Finding(CHECK.id, "unknown", f"No CertPoll can be written: {answers.cut(str(error)).rstrip('.')}.")
    except ProbeError as error:
        if error.trouble not in BROKE:
            raise
        said = "The connection is lost on a SCEP message: the NDES process usually dies on it."
        return Finding(CHECK.id, "fail", said, {"trouble": error.trouble}, (("poll", error.trouble),))
    return _read(reply, bundle, transaction_id(random))


async def handed_out(target: Server, wire: Wire) -> Bundle | None:
    """The certificates of GetCACert as they are now; a remembered one may be encrypted to in vain."""
    reply = await scep_cacert.ask(target, wire)
    try:
        return read_bundle(reply.body) if reply.status == 200 else None
    except ScepError:
        return None


async def post(message: bytes, target: Server, wire: Wire) -> Reply:
    """Send a SCEP message. Every NDES takes PKIOperation by POST, whether it says so or not [likely]."""
    url = f"{target.url}?operation=PKIOperation"
    return await wire.post(url, message, content_type="application/x-pki-message")


def outcome(answer: CertRep) -> str:
    """The word of a CertRep, such as `certrep_FAILURE_badCertId`."""
    status = "NONE" if answer.status is None else _STATUSES[answer.status]
    reason = "" if answer.failinfo is None else f"_{_REASONS.get(answer.failinfo, 'other')}"
    return f"certrep_{status}{reason}"


def is_ours(answer: CertRep, transaction: str) -> bool:
    """Whether an answer is to the message with this transaction, and not plainly forged."""
    return answer.genuine is not False and (answer.transaction or "").upper() == transaction.upper()


def evidence(reply: Reply, answer: CertRep, bundle: Bundle) -> dict[str, Value]:
    """What the answer to a SCEP message says of itself."""
    return {
        "status": reply.status,
        "pki_status": answer.status,
        "fail_info": _REASONS.get(answer.failinfo) if answer.failinfo is not None else None,
        "signer_in_bundle": any(one.sha256 == answer.signer_sha256 for one in bundle.certificates),
        "genuine": answer.genuine,
        "digest": answers.cut(answer.digest),
        "ms": round(reply.took_ms, 1),
    }


def _read(reply: Reply, bundle: Bundle, transaction: str) -> Finding:
    try:
        answer = read_certrep(reply.body, bundle) if reply.status == 200 else None
    except ScepError:
        answer = None
    if answer is None:
        word = scep_base.outcome(reply)
        weighed = (("poll", word),) if word == "500_iis" else ()
        said = (
            f"A SCEP message gets HTTP {reply.status} and no SCEP answer, though GetCACaps and GetCACert are answered."
        )
        return Finding(CHECK.id, "fail" if reply.status >= 500 else "unknown", said, scep_base.evidence(reply), weighed)
    verdict, said = _judged(answer, transaction)
    found = evidence(reply, answer, bundle)
    return Finding(CHECK.id, verdict, said, found, (("poll", outcome(answer)),) if verdict == "ok" else ())


def _judged(answer: CertRep, transaction: str) -> tuple[Verdict, str]:
    if not is_ours(answer, transaction):
        return "warn", "The SCEP answer is not signed as it should be or not for this question, so it proves nothing."
    if answer.failinfo == _BAD_MESSAGE_CHECK:
        return "warn", "NDES could not open or verify a SCEP message: its RA certificates and keys may not fit."
    if answer.status == 2:
        return "ok", "NDES refuses a question for an unknown request, as it must: both its RA keys work."
    return "warn", "The server does not refuse a question for a request that never was, as NDES would."


CHECK = Check(
    id="scep-poll",
    catalogue="R32",
    asks="Can NDES use both its RA keys?",
    run=run,
    usual=False,
    deadline=DEADLINE,
)
