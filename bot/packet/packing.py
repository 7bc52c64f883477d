"""A case becomes one zip of a page for people and a document for programs; the same case gives the same bytes."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Final

from pydantic import TypeAdapter

from bot.packet.case import Case
from bot.packet.cleaning import bounded, cleaned
from bot.packet.markdown import page

FORMAT: Final = "ndesbot packet"
EDITION: Final = 1
"""Raised when a reader of today could not read it; what is only added does not raise it."""
MOST: Final = 2_000_000
"""Bytes of a packet, at most."""

_CHARACTERS: Final = 2_000  # of one text
_SHORTEST: Final = 20
_ITEMS: Final = 200  # of one list
_CASE: Final = TypeAdapter(Case)


def packed(case: Case) -> bytes:
    """The packet: a zip with `packet.md` and `packet.json`, every text in it redacted once more, `MOST` bytes at most.

    The JSON, edition 1 (times are ISO 8601; keys are added, never changed):

    * `format`: "ndesbot packet"; `edition`; `cut`: whether parts were left out for their size; `at`: as of when
    * `story`: null, or what the logs told (`bot.timeline.outline.Outline`): `summary`, `enrolments`, `stopped`,
      `at_least`, `reached` [[step, enrolments]], `stops`, `unknown`, `logs`, `notes`
    * `questions`: [{`at`, `person`, `text`, `entry`, `title`, `helped`, `not_helped`}]
    * `servers`: [{`server`, `url`, `front`, `module`, `connector`, `at`, `verdict`, `findings` [{`check`, `verdict`,
      `summary`, `evidence`, `outcomes`, `took_ms`}], `suspects` [{`cause`, `entry`, `standing`, `why`, `command`,
      `visible`}], `past` [{`at`, `verdict`}]}]
    * `tried`: [{`at`, `person`, `command`, `server`}]; `versions`: {name: version}
    """
    clean = cleaned(bounded(case, 4 * _CHARACTERS, _ITEMS), _CHARACTERS)
    share = 1
    while True:  # in the end all lists are empty
        fits = bounded(clean, max(_CHARACTERS // share, _SHORTEST), _ITEMS // share)
        packet = _zipped(_written(fits, cut=fits != clean))
        if len(packet) <= MOST:
            return packet
        share *= 2


def _written(case: Case, *, cut: bool) -> Mapping[str, bytes]:
    document = {"format": FORMAT, "edition": EDITION, "cut": cut, **_CASE.dump_python(case, mode="json")}
    told = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    return {"packet.md": page(case, cut=cut).encode(), "packet.json": f"{told}\n".encode()}


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """Not compressed: what a compressor makes of the same bytes differs from version to version."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as packet:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)  # of 1980, whenever it is made
            entry.create_system = 3  # wherever it is made
            entry.external_attr = 0o600 << 16
            packet.writestr(entry, data)
    return whole.getvalue()
