"""Payloads as they were last looked at. `RENEW_GOLDEN=1 .venv/bin/pytest tests/render` writes them anew: look at the
difference before you commit it."""

import os
from pathlib import Path

FOLDER = Path(__file__).with_name("golden")


def assert_golden(name: str, payload: str) -> None:
    """Whether a payload is the one that was looked at; `name` with its ending."""
    path = FOLDER / name
    if os.environ.get("RENEW_GOLDEN"):
        path.write_text(payload, encoding="utf-8")
    seen = path.read_text(encoding="utf-8") if path.exists() else ""
    assert payload == seen, f"{name} is not as it was last looked at; RENEW_GOLDEN=1 writes it anew"
