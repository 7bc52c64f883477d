"""Does the long form of the SCEP URL, which Windows devices use, answer as the short one does?"""

from datetime import datetime

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server
from bot.ports import Check, Wire
from connectors.checks import scep_base

_DIFFERS = ("dropped", "reset", "truncated", "timeout")


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Ask `mscep.dll/pkiclient.exe`. NDES ignores what stands behind `mscep.dll`; a rule of a proxy may not."""
    short = scep_base.outcome(await scep_base.ask(target, wire))
    try:
        reply = await wire.get(f"{target.url}/pkiclient.exe")
    except ProbeError as error:
        if error.trouble not in _DIFFERS:
            raise
        said = "The SCEP URL answers, but not with /pkiclient.exe behind it: a rule in front of NDES blocks that path."
        return Finding(CHECK.id, "fail", said, {"trouble": error.trouble, "same": False})
    evidence = {**scep_base.evidence(reply), "same": scep_base.outcome(reply) == short}
    if evidence["same"]:
        return Finding(CHECK.id, "ok", "The SCEP URL answers the same with /pkiclient.exe behind it.", evidence)
    said = "The SCEP URL answers differently with /pkiclient.exe behind it: usually a rule in front of NDES."
    return Finding(CHECK.id, "fail", said, evidence)


CHECK = Check(
    id="scep-pkiclient",
    catalogue="R11",
    asks="Does the long form of the SCEP URL answer as well?",
    run=run,
    deadline=scep_base.COLD + 12,
)
