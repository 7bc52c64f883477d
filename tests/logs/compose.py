"""Whole sets of logs of one site with a known fault: which step, which first bad line, how many enrolments."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.logs.faults import FAULTS
from tests.logs.site import AGENTS, START, Device, Site, s


@dataclass(slots=True)
class Composed:
    """A set of logs. `step` and `bad` (file, line) are None where all is well; `stopped` of `total` enrolments fail."""

    name: str
    files: dict[str, bytes]
    step: int | None
    bad: tuple[str, int] | None
    total: int
    stopped: int
    lines: int = 0


ZONES = (0, 2, -5, 1, 5.5, -8, 2, 10)
"""Hours that the local clocks of a variant are ahead of UTC."""
VARIANTS = len(ZONES)
LANGUAGES = ("en", "de", "en", "fr", "es", "en", "de", "en")
EVENTS = ("events-csv", "events-list", "events-xml", "events-tabs", "events-format-list")
FIELDS = ("default", "bytes", "odd", "default")
ALONE, RECOVERED, HERRING, SKEWED = 4, 5, 6, 7
"""Variants in which there is only the log that shows the fault; the fault is mended again; another device has a trouble
of its own before; the clocks of the devices are wrong."""


def compose(fault: str, variant: int) -> Composed:
    """A set with a fault from some enrolment on (`healthy`: none). The same arguments give the same bytes."""
    step, connector, platform, writes = FAULTS[fault]
    chance = random.Random(f"{fault}-{variant}")
    site = Site(chance, connector)
    _open_logs(site, fault, variant)
    total = chance.choice([6, 14, 40, 80])
    first = total if step is None else chance.choice([0, total // 3, total - 2])
    last = total - 2 if variant == RECOVERED and first < total - 2 else total
    begins = START + s(chance.randrange(3600))
    for i in range(total):
        begins += s(chance.choice([2.5, 9, 31, 70]) * (1 + chance.random()))
        kind = platform if platform != "any" else chance.choice(list(AGENTS))
        device = Device(f"10.0.{chance.randrange(4)}.{10 + i}", kind, begins)
        writes(site, device) if first <= i < last else site.enrols(device)
    if variant == HERRING:
        site.herring(START - s(1200), fails=step is not None)
    site.noise(begins + s(60), much=60)
    if variant == ALONE and step:
        site.keep_only_what_shows_it()
    return _written(site, f"{fault}-{variant}", step, total, max(0, last - first) if step else 0)


def _open_logs(site: Site, fault: str, variant: int) -> None:
    chance = site.chance
    zone = timedelta(hours=ZONES[variant])
    local = {"zone": zone, "language": LANGUAGES[variant]}
    form = EVENTS[(variant + len(fault)) % len(EVENTS)]
    headers = "yes" if variant == 3 else ""
    site.log("iis", "u_ex260514.log", "iis", fields=FIELDS[variant % 4], headers=headers)
    if site.connector == "old":
        site.log("plugin", "NDESPlugin.log", "ndesplugin", zone)
        site.log("svclog", "CertificateRegistrationPoint.svclog", "svclog", cut="yes" if variant == 1 else "")
    if site.connector == "new":
        site.log("connector", "connector-admin.txt", EVENTS[variant % len(EVENTS)], **local)
    site.log("events", "application.txt", form, **local)
    if chance.random() < 0.6 or fault.startswith("pool"):
        site.log("httperr", "httperr1.log", "httperr")
    if chance.random() < 0.5 or fault.startswith("template"):
        site.log("ca", "ca-application.txt", form, **local)
    skew = s(1000) if variant == SKEWED else s(0)
    if FAULTS[fault][2] == "windows":
        site.log("mdm", "mdm.txt", form, **local)
    if FAULTS[fault][2] == "android":
        site.log("omadm", "OMADM.log", "omadm", skew)
    if FAULTS[fault][2] == "ios":
        site.log("ios", "console.txt", "ios", zone)


def large_healthy(seed: int) -> Composed:
    """A good day: every kind of log, and much noise."""
    site = Site(random.Random(seed), ("old", "new")[seed % 2])
    _open_logs(site, "healthy", seed)
    for key, name, form in (
        ("mdm", "mdm.txt", "events-csv"),
        ("omadm", "OMADM.log", "omadm"),
        ("ios", "ios.txt", "ios"),
    ):
        site.log(key, name, form)
    site.log("macos", "macos.txt", "macos")
    site.log("httperr", "httperr1.log", "httperr")
    begins = START
    for i in range(400):
        begins += s(site.chance.choice([1.5, 9, 31]) * (1 + site.chance.random()))
        site.enrols(Device(f"10.{i % 7}.{i % 5}.{i % 250}", site.chance.choice(list(AGENTS)), begins))
    site.noise(begins, much=1_500)
    return _written(site, f"large-{seed}", None, 400, 0)


def _written(site: Site, name: str, step: int | None, total: int, stopped: int) -> Composed:
    files: dict[str, bytes] = {}
    bad: list[tuple[datetime, str, int]] = []
    lines = 0
    for i, log in enumerate(log for log in site.logs.values() if log.records):
        text, places = log.text()
        bad += [(record.at, log.name, line) for record, line in places if record.bad]
        encoding = "utf-16" if log.form.startswith("events") and i % 2 else "utf-8"
        files[log.name] = text.replace("\n", "\r\n" if i % 3 else "\n").encode(encoding)
        lines += text.count("\n")
    first = min(bad, default=None)
    return Composed(name, files, step, first[1:] if first else None, total, stopped, lines)
