"""Does the certificate registration point, which the policy module calls, answer as it should?"""

from datetime import datetime
from urllib.parse import urljoin

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Value, Verdict
from bot.ports import Check, Wire
from knowledge import answers

_CUT = "The site cuts the connection for the certificate registration point too, not for SCEP alone."
_SILENT = {
    "dropped": _CUT,
    "reset": _CUT,
    "timeout": "The certificate registration point does not answer in time, which the SCEP pool has no part in.",
}
"""What it means where nothing comes back: another application pool serves it."""


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Ask `/CertificateRegistrationSvc/` without a client certificate. Evidence: status, who answered.

    The connector until 2021 put an application there, which refuses strangers with 403; with the
    present one nothing needs to be there.
    """
    try:
        reply = await wire.get(urljoin(target.url, "/CertificateRegistrationSvc/"))
    except ProbeError as error:
        if error.trouble not in _SILENT:
            raise
        evidence: dict[str, Value] = {"trouble": error.trouble}
        return Finding(CHECK.id, "unknown", _SILENT[error.trouble], evidence, (("crp", error.trouble),))
    word = answers.word(reply.status, reply.headers, reply.body)
    verdict, said = _judged(word, target)
    evidence = {
        "status": reply.status,
        "written_by": answers.author(reply.status, reply.headers, reply.body),
        "www_authenticate": answers.cut(reply.headers.get("www-authenticate", "")),
    }
    # An application proxy usually publishes the SCEP URL only, so what is absent there may well exist inside.
    hidden = word.startswith("404_") and target.front == "app-proxy"
    return Finding(CHECK.id, verdict, said, evidence, () if hidden else (("crp", word),))


def _judged(word: str, target: Server) -> tuple[Verdict, str]:
    status = word.partition("_")[0]
    if word == "403_iis":
        return "ok", "The certificate registration point refuses strangers with 403, as it should."
    if status == "404":
        return _absent(target)
    if status == "401":
        return "fail", "The certificate registration point asks for a Windows sign-in, which NDES cannot give."
    if status == "500":
        return "fail", "The certificate registration point fails with HTTP 500, so NDES can verify no request."
    if status == "503":
        return "fail", "The certificate registration point is not served (HTTP 503): its application pool is stopped."
    if word == "302_login":
        return "unknown", "Something in front wants a sign-in, so the certificate registration point cannot be seen."
    return "unknown", f"HTTP {status} tells nothing about the certificate registration point."


def _absent(target: Server) -> tuple[Verdict, str]:
    if target.module != "intune" or target.connector == "new":
        return "ok", "There is no certificate registration point at the old path, and none is needed."
    if target.front == "app-proxy":
        return "unknown", "The certificate registration point is not published, so it cannot be seen from here."
    if target.connector == "old":
        return "fail", "The certificate registration point of the old connector is missing: NDES can verify no request."
    return "unknown", "There is no certificate registration point at the old path; newer connectors usually have none."


CHECK = Check(id="crp", catalogue="R25", asks="Does the certificate registration point answer?", run=run)
