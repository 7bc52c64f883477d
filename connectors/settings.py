"""The only reader of the environment."""

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """Where what can be computed again may be kept: the user's own cache folder."""
    if named := os.environ.get("NDESBOT_CACHE"):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "ndesbot"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ndesbot"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ndesbot"
