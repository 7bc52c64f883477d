"""Programs of other people that tests want: found, run, or left out with the reason."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

PATIENCE = 60.0
"""Seconds that one of them may take."""
_BESIDES = ("/usr/sbin", "/usr/lib/certmonger", "/usr/libexec/certmonger")


def program(name: str, package: str) -> str:
    """The path of a program. Leaves the test out where it is missing; in CI, where it must be there, fails it."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *_BESIDES)))
    if found is None:
        missing(f"{name} is not installed (Debian's package {package})")
    return str(found)


def missing(what: str) -> None:
    """Leave the test out for want of something, or fail it in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have it: {what}")
    pytest.skip(what)


async def run(*command: str, folder: Path, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Exit code and all that was said."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, said.decode("utf-8", "replace")
