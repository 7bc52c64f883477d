"""The Dockerfile built and run without an engine: this computer's own files stand in for the base image.

Each stage is an overlay over `/`, in a mount namespace that ends with this process; pip downloads what is not in its
cache. Prints what happened as JSON; ends with 77 where this user may not mount.

    python -m tests.image
"""

import ctypes
import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
NOT_PERMITTED = 77
_NEW_MOUNTS, _NEW_NETWORK = 0x20000, 0x40000000  # CLONE_NEWNS, CLONE_NEWNET
_SETTINGS = """
[teams]
app_id = "00000000-0000-4000-8000-000000000001"
app_type = "managed-identity"
tenant = "00000000-0000-4000-8000-000000000002"
emulator = true
"""


def instructions(text: str) -> list[tuple[str, str]]:
    """The lines of a Dockerfile: what to do, and with what."""
    lines = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return [(word.upper(), rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in lines) if word]


def sent(dockerignore: str) -> set[str]:
    """The names at the top that reach a build, for a file that begins with `*`."""
    return {line[1:] for line in dockerignore.splitlines() if line.startswith("!")}


@dataclass
class Stage:
    """A file system, and how programs are run in it."""

    root: Path
    env: dict[str, str]
    folder: str = "/"
    user: str = "0:0"
    said: dict[str, str] = field(default_factory=dict)

    def command(self, *words: str) -> list[str]:
        env = [f"{name}={value}" for name, value in self.env.items()]
        there = ["sh", "-c", 'cd "$0" && exec "$@"', self.folder, *words]
        return ["chroot", f"--userspec={self.user}", "--groups=", str(self.root), "env", "-i", *env, *there]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*words), capture_output=True, text=True)

    def inside(self, path: str) -> Path:
        return self.root / path.lstrip("/")


def built(text: str, context: Path, folder: Path) -> Stage:
    """The last stage. Raises `RuntimeError` naming the step that fails."""
    stages: dict[str, Stage] = {}
    for number, (word, rest) in enumerate(instructions(text)):
        match word:
            case "FROM":
                image, _, name = rest.partition(" AS ")
                stage = stages[name] = _base(folder / f"stage{number}", image)
            case "RUN":
                told = stage.run("sh", "-c", _with_caches(rest, stage))
                if told.returncode:
                    raise RuntimeError(f"RUN {rest}\n{told.stdout[-2000:]}\n{told.stderr[-4000:]}")
            case "COPY":
                _copy(rest, stage, stages, context)
            case "ENV":
                stage.env |= dict(part.split("=", 1) for part in shlex.split(rest))
            case "WORKDIR":
                stage.folder = rest
                stage.inside(rest).mkdir(parents=True, exist_ok=True)
            case "USER":
                stage.user = rest
            case "VOLUME" | "EXPOSE" | "STOPSIGNAL" | "HEALTHCHECK" | "ENTRYPOINT" | "CMD":
                stage.said[word] = rest
            case _:
                raise RuntimeError(f"{word} is not understood here")
    return stage


def _base(folder: Path, image: str) -> Stage:
    python = _python(image)
    for part in ("up", "work", "root"):
        (folder / part).mkdir(parents=True)
    root = folder / "root"
    _mount("overlay", root, "-t", "overlay", "-o", f"lowerdir=/,upperdir={folder}/up,workdir={folder}/work")
    _mount("proc", root / "proc", "-t", "proc")
    _mount("/dev", root / "dev", "--rbind")
    _mount("tmpfs", root / "tmp", "-t", "tmpfs")
    _mount("tmpfs", root / str(ROOT).lstrip("/"), "-t", "tmpfs")  # what is built must not need the source
    for above in python.parents:
        inside = root / str(above).lstrip("/")
        inside.chmod(inside.stat().st_mode | 0o055)
    here = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.endswith("_proxy")}
    return Stage(
        root, {**here, "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/root"}
    )


def _python(image: str) -> Path:
    """An interpreter of the version that the image has, or the one that runs this."""
    (version,) = re.findall(r"^python:(3\.\d+)-slim-bookworm$", image)
    found = [*Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}")]
    found += [Path(path) for path in [shutil.which(f"python{version}", path="/usr/local/bin:/usr/bin")] if path]
    return found[0] if found else Path(sys._base_executable).resolve()  # type: ignore[attr-defined]


def _copy(rest: str, stage: Stage, stages: Mapping[str, Stage], context: Path) -> None:
    *what, to = rest.split()
    if what[0].startswith("--from="):
        stage.inside(to).mkdir(parents=True)
        _mount(str(stages[what[0].removeprefix("--from=")].inside(what[1])), stage.inside(to), "--bind")
        return
    target = stage.inside(stage.folder) / to
    for name in what:
        if (context / name).is_dir():
            shutil.copytree(context / name, target)
        else:
            shutil.copy(context / name, target)


def _with_caches(rest: str, stage: Stage) -> str:
    """A step without its cache mounts; pip's own cache takes their place."""
    ours = Path.home() / ".cache" / "pip"
    for target in re.findall(r"--mount=type=cache,target=(\S+)", rest):
        if ours.is_dir() and not os.path.ismount(stage.inside(target)):
            stage.inside(target).mkdir(parents=True, exist_ok=True)
            _mount(str(ours), stage.inside(target), "--bind")
    return re.sub(r"--mount=\S+\s*", "", rest)


def _mount(what: str, where: Path, *options: str) -> None:
    subprocess.run(["mount", *options, what, str(where)], check=True)


# --- what is tried ----------------------------------------------------------------------------


def tried(stage: Stage) -> dict[str, Any]:
    """The image run as it will be: its root read-only, no network but its own."""
    stage.inside("/etc/ndesbot").mkdir(parents=True)
    stage.inside("/etc/ndesbot/ndesbot.toml").write_text(_SETTINGS)
    uid = stage.user.partition(":")[0]
    _mount("tmpfs", stage.inside(stage.said["VOLUME"]), "-t", "tmpfs", "-o", f"uid={uid},gid={uid},mode=0700")
    for part in (stage.root, stage.inside("/opt/ndesbot")):
        _mount("none", part, "-o", "remount,ro" if part == stage.root else "remount,bind,ro")
    _apart()
    program = json.loads(stage.said["ENTRYPOINT"])
    told: dict[str, Any] = {
        "id": stage.run("id", "-u").stdout.strip(),
        "may write": [path for path in ("/", "/etc", "/opt/ndesbot", "/var/cache/ndesbot") if _writes(stage, path)],
        "doctor": _told(stage.run(*program, "doctor", "--json")),
        "explain": _told(stage.run(*program, "explain", "12175")),
        "manifest": _told(stage.run(*program, "manifest", "teams", "--out", "/tmp/teams.zip")),
        "tools": _told(stage.run("python", "-m", "hatchling", "--version")),
    }
    return {**told, **_served(stage, [*program, *json.loads(stage.said["CMD"])])}


def _writes(stage: Stage, path: str) -> bool:
    return stage.run("touch", f"{path}/x").returncode == 0


def _served(stage: Stage, command: list[str]) -> dict[str, Any]:
    """Serve until it is healthy, then stop it as an engine does."""
    health = json.loads(stage.said["HEALTHCHECK"].partition(" CMD ")[2])
    before = stage.run(*health).returncode
    with subprocess.Popen(
        stage.command(*command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as serving:
        try:
            assert serving.stdout
            first = serving.stdout.readline()
            while (healthy := stage.run(*health).returncode) and serving.poll() is None:
                time.sleep(0.2)
            serving.send_signal(signal.Signals[stage.said["STOPSIGNAL"]])
            _, err = serving.communicate(timeout=60)
        finally:
            serving.kill()
    return {"before": before, "first line": first, "healthy": healthy, "ended": serving.returncode, "log": err}


def _told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr}


def _apart() -> None:
    """From here on a network of its own, with nothing but this computer in it."""
    _unshare(_NEW_NETWORK)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: up and running


def _unshare(what: int) -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(what):
        raise PermissionError(ctypes.get_errno(), "unshare")


def main() -> None:
    """Build, try, and tell."""
    folder = Path(tempfile.mkdtemp(prefix="ndesbot-image-"))
    try:
        try:
            _unshare(_NEW_MOUNTS)
            subprocess.run(["mount", "--make-rprivate", "/"], check=True, capture_output=True)
            _mount("tmpfs", folder, "-t", "tmpfs")
        except (OSError, subprocess.CalledProcessError):
            sys.exit(NOT_PERMITTED)
        context = folder / "context"
        context.mkdir()
        for name in sent((ROOT / ".dockerignore").read_text()):
            one = ROOT / name
            waste = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(one, context / name, ignore=waste) if one.is_dir() else shutil.copy(one, context)
        stage = built((ROOT / "Dockerfile").read_text(), context, folder)
        json.dump(tried(stage), sys.stdout)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
