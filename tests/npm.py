"""Packages from npm that judge what is made here: fetched for the tests alone, kept in pytest's own folder."""

import shutil
import subprocess
from pathlib import Path

import pytest


def installed(cache: pytest.Cache, *packages: str, left_out: str) -> Path:
    """The `node_modules` with these packages, each given as name@version. No script of a package is run.

    Skips the test where npm is absent or reaches no registry, naming what is left out.
    """
    folder = Path(cache.mkdir("-".join(package.split("/")[-1].split("@")[0] for package in packages)))
    stamp = folder / "installed"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != " ".join(packages):
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip(f"left out: {left_out}; there is no npm to fetch {packages[0]} with")
        wanted = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder), *packages]
        told = subprocess.run(wanted, cwd=folder, capture_output=True, text=True, timeout=240)
        if told.returncode:
            pytest.skip(f"left out: {left_out}; npm cannot fetch {packages[0]}: {told.stderr[-300:]}")
        stamp.write_text(" ".join(packages), encoding="utf-8")
    return folder / "node_modules"
