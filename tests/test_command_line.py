"""`ndesbot` as a script sees it: what it prints, where, and how it ends."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

import knowledge
from connectors.texts import LARGEST

PROGRAM = Path(sys.executable).with_name("ndesbot")
VERIFY = (
    "2026-03-11 08:22:47 10.20.0.11 POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - 10.20.0.11 "
    "NDES_Plugin - 403 16 2148204809 31"
)
PLUGIN = "NDESPlugin Error 12175, WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID VerifyRequest ndes01.corp.contoso.com"


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


class Told:
    """What a run printed and how it ended; no run may ever show a traceback."""

    def __init__(self, run: subprocess.CompletedProcess[bytes], encoding: str = "utf-8") -> None:
        self.code = run.returncode
        self.out = run.stdout.decode(encoding)
        self.err = run.stderr.decode(encoding)
        assert "Traceback" not in self.out + self.err, self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def one_line(self) -> str:
        assert self.err.count("\n") == 1, self.err
        return self.err.strip()


class Shell:
    """Runs `ndesbot` with a cache of its own."""

    def __init__(self, cache: Path) -> None:
        self.env = {**os.environ, "NDESBOT_CACHE": str(cache)}

    def __call__(self, *arguments: str | Path, words: str | bytes = b"", **env: str) -> Told:
        data = words.encode() if isinstance(words, str) else words
        command = [PROGRAM, *map(str, arguments)]
        run = subprocess.run(command, input=data, capture_output=True, env={**self.env, **env}, timeout=120)
        return Told(run, env.get("PYTHONIOENCODING", "utf-8"))

    def line(self, line: str) -> Told:
        """Run a line of `sh`, for what only a shell can do to a program; `{program}` stands for `ndesbot`."""
        command = ["sh", "-c", line.replace("{program}", str(PROGRAM))]
        buffered = {name: value for name, value in self.env.items() if name != "PYTHONUNBUFFERED"}
        return Told(subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, env=buffered, timeout=120))


@pytest.fixture
def ndesbot(cache: Path) -> Shell:
    return Shell(cache)


# --- diagnose -------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_diagnose_reads_standard_input(ndesbot: Shell, arguments: tuple[str, ...]) -> None:
    told = ndesbot("diagnose", *arguments, words=VERIFY)
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("[Problem] 403.16")
    assert "\x1b" not in told.out


def test_diagnose_reads_a_file_and_several(ndesbot: Shell, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.log", tmp_path / "bad.log"
    good.write_text("nothing to see\n")
    bad.write_text(f"first line\n{VERIFY}\n")
    assert "403.16" in ndesbot("diagnose", bad).out
    told = ndesbot("diagnose", "--json", good, bad).json
    assert [file["path"] for file in told["files"]] == [str(good), str(bad)]
    assert [file["lines"] for file in told["files"]] == [1, 2]
    assert told["first_bad"] == {"file": str(bad), "line": 2}
    assert told["matches"][0]["entry"] == "policy-module-403-16"


def test_several_files_are_each_answered_under_their_name(ndesbot: Shell, tmp_path: Path) -> None:
    first, second, third = tmp_path / "first.log", tmp_path / "second.log", tmp_path / "thi\u202erd.log"
    first.write_text(f"{VERIFY}\n")
    second.write_text(f"{PLUGIN}\n")
    third.write_text("")
    told = ndesbot("diagnose", first, second, third, "-", words="who wants coffee?")
    assert (told.code, told.err) == (0, "")
    _, *parts = re.split("^== (.*) ==$", told.out, flags=re.MULTILINE)
    answers = dict(zip(parts[::2], parts[1::2], strict=True))
    assert list(answers) == [str(first), str(second), f"{tmp_path}/thi[U+202E]rd.log", "standard input"]
    starts = ["[Problem] 403.16", "[Problem] ", "[Unknown] Paste an error", "[Unknown] I do not know"]
    assert all(text.strip().startswith(start) for text, start in zip(answers.values(), starts, strict=True))
    assert "12175" in answers[str(second)]
    overheard = ndesbot("diagnose", "--overheard", first, third, "-", words="who wants coffee?")
    assert overheard.out.count("== ") == 1  # of the others there is nothing to say


def test_several_problems_of_one_paste_are_named_at_the_top(ndesbot: Shell) -> None:
    capi = "on the CA: The request was denied: Denied by Policy Module 0x80094012"
    shown = ndesbot("diagnose", words=f"{VERIFY}\n\n{capi}\n").out.splitlines()
    assert shown[0].startswith("[Problem] 403.16")
    assert shown[1] == "2 problems in this paste, one after the other:"
    titles = [line.partition(": ")[2] for line in shown[2:4]]
    assert shown[0] == f"[Problem] {titles[0]}"
    assert f"[Problem] {titles[1]}" in shown[4:]
    assert "problems in this paste" not in ndesbot("diagnose", words=VERIFY).out


def test_the_json_of_diagnose_has_the_promised_shape(ndesbot: Shell) -> None:
    told = ndesbot("diagnose", "--json", words=VERIFY)
    assert (told.code, told.err) == (0, "")
    assert {"silent", "matches", "step", "first_bad", "files", "enrolments"} <= told.json.keys()
    assert told.json["silent"] is False
    assert told.json["step"] == 3
    assert told.json["first_bad"] == {"file": "-", "line": 1}
    assert told.json["files"] == [{"path": "-", "kind": "iis", "lines": 1}]
    confidences = [match["confidence"] for match in told.json["matches"]]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= confidence <= 1 for confidence in confidences)
    for match in told.json["matches"]:
        assert {"entry", "confidence", "because"} <= match.keys()
        assert all(VERIFY[b["start"] : b["end"]] == b["quote"] for b in match["because"])


def test_a_healthy_log_has_no_first_bad_line(ndesbot: Shell) -> None:
    healthy = (
        "2026-03-11 08:14:02 10.0.0.1 GET /certsrv/mscep/mscep.dll operation=GetCACaps 443 - 10.0.0.4 - 200 0 0 15"
    )
    assert ndesbot("diagnose", "--json", words=healthy).json["first_bad"] is None


def test_overheard_small_talk_is_answered_with_silence(ndesbot: Shell) -> None:
    told = ndesbot("diagnose", "--overheard", words="who wants coffee?")
    assert (told.code, told.out, told.err) == (0, "", "")
    assert ndesbot("diagnose", "--overheard", "--json", words="12175").json["silent"] is True
    assert ndesbot("diagnose", "--overheard", "--json", words=VERIFY).json["silent"] is False


def test_empty_input_is_answered_and_not_refused(ndesbot: Shell) -> None:
    told = ndesbot("diagnose")
    assert (told.code, told.err) == (0, "")
    assert "Paste an error" in told.out
    assert ndesbot("diagnose", "--overheard").out == ""
    assert ndesbot("diagnose", "--json").json["matches"] == []


def test_an_answer_names_the_command_that_tells_more(ndesbot: Shell) -> None:
    assert re.search(r"->  ndesbot explain [a-z0-9-]+$", ndesbot("diagnose", words="12175").out, re.MULTILINE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_a_file_is_read_in_any_usual_encoding(ndesbot: Shell, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "paste.txt"
    path.write_bytes(f"Gerät für Müller\r\n{VERIFY}\r\n".encode(encoding))
    told = ndesbot("diagnose", "--json", path).json
    assert told["matches"][0]["entry"] == "policy-module-403-16"
    assert told["first_bad"]["line"] == 2


def test_bytes_that_are_no_utf_8_are_read_all_the_same(ndesbot: Shell) -> None:
    told = ndesbot("diagnose", "--json", words=b"\xff\xc3\x28 \xe9\n" + VERIFY.encode() + b"\n\xf0\x28")
    assert told.json["matches"][0]["entry"] == "policy-module-403-16"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes(range(32)) * 400, "not a text file"),
        (b"ElfFile\x00" + bytes(2000), "EVTX"),
        (b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 20, "not a text file"),
    ],
)
def test_a_binary_file_is_refused_in_one_line(ndesbot: Shell, tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "thing.bin"
    path.write_bytes(data)
    told = ndesbot("diagnose", path)
    assert (told.code, told.out) == (2, "")
    assert reason in told.one_line
    assert "thing.bin" in told.one_line


def test_a_zip_is_read_or_refused_in_one_line(ndesbot: Shell, tmp_path: Path) -> None:
    path = tmp_path / "logs.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("ndes.log", VERIFY)
    told = ndesbot("diagnose", path)
    if told.code == 0:
        assert "403.16" in told.out
    else:
        assert (told.code, told.out) == (2, "")
        assert "logs.zip" in told.one_line


@pytest.mark.parametrize("arguments", [("diagnose", "no-such.log"), ("diagnose", "--batch", "no-such.log")])
def test_a_missing_file_is_named_in_one_line(ndesbot: Shell, arguments: tuple[str, ...]) -> None:
    told = ndesbot(*arguments)
    assert (told.code, told.out) == (2, "")
    assert "no-such.log" in told.one_line
    assert "Errno" not in told.one_line


def test_a_folder_in_place_of_a_file_is_refused_in_one_line(ndesbot: Shell, tmp_path: Path) -> None:
    told = ndesbot("diagnose", tmp_path)
    assert told.code == 2
    assert str(tmp_path) in told.one_line


def test_a_file_without_a_name_is_refused_as_such(ndesbot: Shell) -> None:
    told = ndesbot("diagnose", "")
    assert (told.code, told.out) == (2, "")
    assert "no name" in told.one_line


@pytest.mark.parametrize("name", ["z\x1b[31mf", "z\x9b31mf", "z\nndesbot: all is well", "z\u202ef", "z\x07f"])
def test_a_name_of_a_file_cannot_command_the_terminal(ndesbot: Shell, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(bytes(range(32)) * 400)
    for told in (ndesbot("diagnose", path), ndesbot("diagnose", f"{path}x"), ndesbot(name), ndesbot("explain", name)):
        assert told.out == ""
        assert told.one_line.startswith("ndesbot: ")
        assert not set("\x1b\x9b\x07\u202e") & set(told.err)


def test_a_log_of_20_mb_is_read_to_its_end(ndesbot: Shell, tmp_path: Path) -> None:
    line = "2026-03-11 08:14:{:02} 10.0.0.1 GET /index.html - 443 - 10.0.0.4 Mozilla/5.0 - 200 0 0 15\n"
    path = tmp_path / "big.log"
    count = 20 * 1024 * 1024 // len(line)
    path.write_text("".join(line.format(i % 60) for i in range(count)) + VERIFY + "\n")
    told = ndesbot("diagnose", "--json", path).json
    assert told["matches"][0]["entry"] == "policy-module-403-16"
    assert told["first_bad"]["line"] == count + 1


@pytest.mark.parametrize("bit", ["a", "abc 403.16 ", "<![LOG[", "&amp;", "-----BEGIN A-----", "0x80094012"])
def test_one_line_of_5_mb_is_read_whatever_is_in_it(ndesbot: Shell, bit: str) -> None:
    told = ndesbot("diagnose", words=bit * (5_000_000 // len(bit)))
    assert told.code == 0
    assert len(told.out) < 100_000


def test_an_answer_is_printed_where_the_terminal_knows_few_characters(ndesbot: Shell) -> None:
    for encoding in ("ascii", "cp1252"):
        told = ndesbot("diagnose", words=f"{VERIFY} → so?", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
        assert (told.code, told.err) == (0, "")
        assert "403.16" in told.out


# --- batch ----------------------------------------------------------------------------------


def test_a_batch_answers_line_by_line(ndesbot: Shell, tmp_path: Path) -> None:
    texts = {"a": VERIFY, "b": "who wants coffee?", "c": f"Müller → {PLUGIN}", "d": "\U0001f600 " + VERIFY, "e": ""}
    asked = [{"id": key, "text": text, "addressed": key != "b"} for key, text in texts.items()]
    data = "".join(json.dumps(one) + "\n" for one in asked)
    path = tmp_path / "batch.jsonl"
    path.write_text(data + "\n\n")
    told = ndesbot("diagnose", "--batch", "-", words=data)
    assert (told.code, told.err) == (0, "")
    assert told.out == ndesbot("diagnose", "--batch", path).out
    answers = {answer["id"]: answer for answer in told.lines}
    assert answers.keys() == texts.keys()
    assert [key for key, answer in answers.items() if answer["silent"]] == ["b"]
    assert answers["a"]["matches"][0]["entry"] == answers["d"]["matches"][0]["entry"] == "policy-module-403-16"
    for key, answer in answers.items():
        assert answer.keys() == {"id", "silent", "matches"}
        for match in answer["matches"]:
            assert match.keys() == {"entry", "confidence", "because"}
            for because in match["because"]:
                assert because["quote"] == texts[key][because["start"] : because["end"]]


MALFORMED = [
    "{", "[]", "null", '"text"', "{}", '{"id": 1}', '{"id": 1, "text": 5}', '{"id": 1, "text": "x", "addressed": "no"}',
    "[" * 5000, '{"id": 1, "text": "x"} {"id": 2, "text": "y"}', "\x00", "9" * 6000,
]  # fmt: skip


@pytest.mark.parametrize("bad", MALFORMED, ids=lambda bad: bad[:30])
def test_a_malformed_line_is_told_and_the_others_answered(ndesbot: Shell, bad: str) -> None:
    good = json.dumps({"id": "good", "text": VERIFY, "addressed": True})
    told = ndesbot("diagnose", "--batch", "-", words=f"{good}\n{bad}\n{good}\n")
    assert told.code == 2
    first, error, last = told.lines
    assert first == last
    assert first["id"] == "good"
    assert error.keys() == {"id", "error"}
    assert error["id"] is None
    assert error["error"]


def test_a_batch_line_that_is_no_utf_8_does_not_stop_the_others(ndesbot: Shell) -> None:
    good = json.dumps({"id": "good", "text": VERIFY}).encode()
    told = ndesbot("diagnose", "--batch", "-", words=b'{"id": "\xff", "text": "\xfe\xff"}\n' + good + b"\n")
    assert [answer["id"] for answer in told.lines][1] == "good"


def test_a_batch_survives_half_a_character(ndesbot: Shell) -> None:
    good = json.dumps({"id": "good", "text": VERIFY})
    half = '{"id": "half", "text": "\\ud83d ' + VERIFY + '"}'
    told = ndesbot("diagnose", "--batch", "-", words=f'{half}\n{{"id": "\\ud800", "text": "12175"}}\n{good}\n')
    assert told.lines[-1]["id"] == "good"
    assert len(told.lines) == 3


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_a_batch_is_read_in_the_encodings_that_windows_writes(ndesbot: Shell, tmp_path: Path, encoding: str) -> None:
    lines = [json.dumps({"id": key, "text": f"Müller → {VERIFY}"}, ensure_ascii=False) for key in ("eins", "zwö")]
    data = "\r\n".join([*lines, ""]).encode(encoding)
    path = tmp_path / "batch.jsonl"
    path.write_bytes(data)
    for told in (ndesbot("diagnose", "--batch", "-", words=data), ndesbot("diagnose", "--batch", path)):
        assert (told.code, told.err) == (0, "")
        assert [answer["id"] for answer in told.lines] == ["eins", "zwö"]
        assert all(answer["matches"][0]["entry"] == "policy-module-403-16" for answer in told.lines)


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-Infinity", "1e999", "[NaN]", '{"a": -1e999}'])
def test_an_id_that_json_does_not_know_is_an_error(ndesbot: Shell, bad: str) -> None:
    good = '{"id": [1, {"a": null}], "text": "12175"}'
    told = ndesbot("diagnose", "--batch", "-", words=f'{{"id": {bad}, "text": "12175"}}\n{good}\n')
    assert told.code == 2
    error, answer = (json.loads(line, parse_constant=pytest.fail) for line in told.out.splitlines())
    assert error["id"] is None
    assert "JSON" in error["error"]
    assert answer["id"] == [1, {"a": None}]


def test_a_line_of_a_batch_has_the_bound_of_a_file(ndesbot: Shell) -> None:
    good = b'{"id": "good", "text": "12175"}\n'
    long = b'{"id": "long", "text": "' + b"x" * LARGEST + b'"}\n'
    told = ndesbot("diagnose", "--batch", "-", words=good + long + good)
    assert told.code == 2
    first, error, last = told.lines
    assert first == last
    assert error["id"] is None
    assert "64 million" in error["error"]


@pytest.mark.parametrize("beside", [("some.log",), ("--json",), ("--overheard",)])
def test_what_a_batch_would_ignore_is_refused(ndesbot: Shell, beside: tuple[str, ...]) -> None:
    told = ndesbot("diagnose", "--batch", "-", *beside, words='{"id": 1, "text": "x"}\n')
    assert (told.code, told.out) == (2, "")
    assert "--batch" in told.one_line


# --- explain and knowledge ------------------------------------------------------------------


@pytest.mark.parametrize("what", ["12175", "0x80072F8F", "80072f8f", "2147954575", "-2147012721"])
def test_explain_knows_a_number_in_every_notation(ndesbot: Shell, what: str) -> None:
    told = ndesbot("explain", what)
    assert (told.code, told.err) == (0, "")
    assert "ERROR_WINHTTP_SECURE_FAILURE" in told.out
    as_json = ndesbot("explain", what, "--json").json
    assert as_json["meanings"]
    assert any(match["entry"] == "policy-module-12175-cn-invalid" for match in as_json["matches"])


def test_explain_knows_an_entry_by_its_id(ndesbot: Shell) -> None:
    assert ndesbot("explain", "policy-module-403-16").out.startswith("[Problem] 403.16")
    assert ndesbot("explain", "policy-module-403-16", "--json").json["entry"]["id"] == "policy-module-403-16"


@pytest.mark.parametrize("arguments", [("nonsense",), ("nonsense", "--json"), ("0x123456789",), ("",)])
def test_explain_says_in_one_line_that_it_does_not_know(ndesbot: Shell, arguments: tuple[str, ...]) -> None:
    told = ndesbot("explain", *arguments)
    assert (told.code, told.out) == (1, "")
    assert "no entry" in told.one_line
    assert not arguments[0] or arguments[0] not in told.one_line  # it may be a secret


def test_the_knowledge_is_listed(ndesbot: Shell) -> None:
    rows = ndesbot("knowledge", "list", "--json").json
    files = {path.stem for path in (Path(knowledge.__file__).parent / "entries").glob("*.yaml")}
    assert {row["id"] for row in rows} == files
    assert {"id", "title", "kind", "step"} <= rows[0].keys()
    assert len(ndesbot("knowledge", "list").out.splitlines()) == len(files)


def test_the_knowledge_is_without_fault(ndesbot: Shell) -> None:
    told = ndesbot("knowledge", "check", "--json")
    assert told.json["faults"] == []
    assert told.json["entries"] > 100
    assert (told.code, told.err) == (0, "")


def test_a_reader_that_goes_away_is_no_error_to_shout_about(ndesbot: Shell) -> None:
    process = subprocess.Popen(
        [PROGRAM, "knowledge", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ndesbot.env
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read().decode()
    process.wait(30)
    process.stderr.close()
    assert "Traceback" not in said
    assert "Exception" not in said


COMMANDS = [
    "knowledge list",
    "diagnose",
    "diagnose --json",
    "diagnose --batch -",
    "explain 12175",
    "frobnicate",
    "play",
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&- >&-"])
def test_a_closed_output_ends_with_2_and_at_most_one_line(ndesbot: Shell, command: str, closed: str) -> None:
    told = ndesbot.line(f"echo x | {{program}} {command} {closed}")
    assert (told.code, told.out) == (2, "")
    assert told.err.count("\n") == (0 if "2>&-" in closed else 1)


@pytest.mark.parametrize("command", ["diagnose", "diagnose -", "diagnose --json", "diagnose --batch -"])
def test_a_closed_input_ends_with_2_and_one_line(ndesbot: Shell, command: str) -> None:
    told = ndesbot.line(f"{{program}} {command} <&-")
    assert (told.code, told.out) == (2, "")
    assert "input is closed" in told.one_line
    assert ndesbot.line("{program} explain 12175 <&-").code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("command", ["explain 12175", "knowledge list", "diagnose --json"])
def test_a_full_disk_is_told_in_one_line(ndesbot: Shell, command: str) -> None:
    told = ndesbot.line(f"echo x | {{program}} {command} >/dev/full")
    assert told.code == 2
    assert "No space" in told.one_line


@pytest.mark.parametrize("command", ["explain 12175", "knowledge list"])
def test_a_reader_that_hears_nothing_is_no_error_to_shout_about(ndesbot: Shell, command: str) -> None:
    told = ndesbot.line(f"{{ sleep 0.2; {{program}} {command}; }} | true")
    assert told.err == ""


def unread(pipe: IO[bytes]) -> int:
    """Bytes in a pipe that nobody has read yet."""
    from fcntl import ioctl
    from termios import FIONREAD

    return int.from_bytes(ioctl(pipe, FIONREAD, bytes(4)), sys.byteorder)


@pytest.mark.skipif(sys.platform == "win32", reason="there a process is not told by a signal")
def test_control_c_ends_quietly(ndesbot: Shell) -> None:
    # Whoever runs the tests in the background has the signal ignored, and a child would inherit that.
    heeded = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-c", heeded, str(PROGRAM), "diagnose"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, **pipes, env=ndesbot.env) as process:  # type: ignore[call-overload]
        process.stdin.write(b"what\n")
        process.stdin.flush()
        while unread(process.stdin):  # once it has that, it waits for more
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err.strip()) == (130, b"", b"")


# --- wrong use ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("explain",),
        ("diagnose", "--frob"),
        ("diagnose", "--batch"),
        ("play", "--port", "99999"),
        ("play", "--port", "x"),
        ("knowledge", "frob"),
        ("explain", "1", "2"),
    ],
)
def test_wrong_use_ends_with_2_and_one_clear_line(ndesbot: Shell, arguments: tuple[str, ...]) -> None:
    told = ndesbot(*arguments)
    assert (told.code, told.out) == (2, "")
    assert told.one_line.startswith("ndesbot: ")


def test_help_ends_with_0(ndesbot: Shell) -> None:
    told = ndesbot("--help")
    assert told.code == 0
    assert all(command in told.out for command in ("play", "diagnose", "explain", "knowledge"))


# --- a broken knowledge base, a broken cache ------------------------------------------------


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Path]:
    """A copy of the knowledge that a run uses in place of the shipped one."""
    source = Path(knowledge.__file__).parent
    shutil.copytree(source, tmp_path / "source" / "knowledge", ignore=shutil.ignore_patterns("__pycache__"))
    yield tmp_path / "source"


def run_copied(ndesbot: Shell, copied: Path, *arguments: str, words: str = "") -> Told:
    env = {**ndesbot.env, "PYTHONPATH": str(copied), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "connectors.main", *arguments]
    root = Path(__file__).parent.parent
    env["PYTHONPATH"] += os.pathsep + str(root)
    return Told(subprocess.run(command, input=words.encode(), capture_output=True, env=env, cwd=copied, timeout=120))


BREAKS = [
    ("kind: problem", "kind: nonsense", "kind"),
    ("kind: problem", "kind: problem\nkind: info", "twice"),
    ("kind: problem", "kind: problem\nsurprise: 1", "surprise"),
    ("kind: problem", "kind: [", "policy-module-403-16.yaml:"),
    ("id: policy-module-403-16", "id: something-else", "something-else"),
]


@pytest.mark.parametrize(("old", "new", "reason"), BREAKS)
@pytest.mark.parametrize("arguments", [("explain", "12175"), ("diagnose",), ("knowledge", "check")])
def test_a_broken_entry_stops_the_start_with_file_line_and_reason(
    ndesbot: Shell, copied: Path, old: str, new: str, reason: str, arguments: tuple[str, ...]
) -> None:
    path = copied / "knowledge" / "entries" / "policy-module-403-16.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    told = run_copied(ndesbot, copied, *arguments, words=VERIFY)
    assert told.out == ""
    assert told.code == 2
    assert "policy-module-403-16.yaml:" in told.one_line
    number = told.one_line.split("policy-module-403-16.yaml:")[1].split(":")[0]
    assert number.isdigit()
    assert reason in told.one_line


def test_a_file_that_is_no_entry_and_a_broken_table_stop_the_start(ndesbot: Shell, copied: Path) -> None:
    stray = copied / "knowledge" / "entries" / "notes.txt"
    stray.write_text("hello")
    assert "notes.txt:1" in run_copied(ndesbot, copied, "explain", "12175").one_line
    stray.unlink()
    table = copied / "knowledge" / "codes" / "iis.csv"
    table.write_text(table.read_text(encoding="utf-8") + "only-one-column\n", encoding="utf-8")
    told = run_copied(ndesbot, copied, "explain", "12175")
    assert told.code == 2
    assert "iis.csv:" in told.one_line


def test_an_entry_with_bytes_that_are_no_text_is_named(ndesbot: Shell, copied: Path) -> None:
    (copied / "knowledge" / "entries" / "policy-module-403-16.yaml").write_bytes(b"id: \xff\xfe\n")
    told = run_copied(ndesbot, copied, "explain", "12175")
    assert told.code == 2
    assert "policy-module-403-16.yaml" in told.one_line


def test_an_entry_that_changes_is_read_anew_though_a_cache_is_there(ndesbot: Shell, copied: Path) -> None:
    assert run_copied(ndesbot, copied, "explain", "policy-module-403-16").code == 0
    path = copied / "knowledge" / "entries" / "policy-module-403-16.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("kind: problem", "kind: nonsense"), encoding="utf-8")
    assert run_copied(ndesbot, copied, "explain", "policy-module-403-16").code == 2


def test_the_second_run_reads_the_cache_and_says_the_same(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "new" / "folder")
    first = shell("diagnose", words=VERIFY)
    (kept,) = (tmp_path / "new" / "folder").glob("*.json")
    at = kept.stat().st_mtime_ns
    assert shell("diagnose", words=VERIFY).out == first.out
    assert kept.stat().st_mtime_ns == at


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'[{"id": "x"}]', b"\xff\xfe\x00", b"[" * 100_000])
def test_a_corrupted_cache_costs_only_time(tmp_path: Path, content: bytes) -> None:
    shell = Shell(tmp_path)
    first = shell("explain", "12175")
    (kept,) = tmp_path.glob("*.json")
    kept.write_bytes(content)
    assert (told := shell("explain", "12175")).out == first.out
    assert (told.code, told.err) == (0, "")
    assert shell("explain", "12175").out == first.out


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    taken = tmp_path / "a-file"
    taken.write_text("in the way")
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    readonly = tmp_path / "readonly"
    assert Shell(readonly)("explain", "12175").code == 0
    for path in readonly.iterdir():
        path.chmod(0o400)
    readonly.chmod(0o500)
    for folder in (taken, taken / "below", locked, readonly, Path("/proc/nowhere")):
        told = Shell(folder)("explain", "12175")
        assert (told.code, told.err) == (0, "")
        assert "ERROR_WINHTTP_SECURE_FAILURE" in told.out
    assert taken.read_text() == "in the way"
    readonly.chmod(0o700)


def test_a_hand_made_cache_with_patterns_that_are_none_costs_only_time(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    first = shell("diagnose", words=VERIFY)
    (kept,) = tmp_path.glob("*.json")
    for broken in ({"pattern": ["(((("]}, {"pattern": [""], "text": [""]}):
        entries = json.loads(kept.read_bytes())
        for entry in entries:
            for one in entry["signals"]:
                one.update(broken)
        kept.write_text(json.dumps(entries))
        assert (told := shell("diagnose", words=VERIFY)).out == first.out
        assert (told.code, told.err) == (0, "")


# --- play -----------------------------------------------------------------------------------


def ask(url: str, text: str) -> dict[str, Any]:
    data = json.dumps({"text": text}).encode()
    request = urllib.request.Request(url + "api/message", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        told: dict[str, Any] = json.load(answer)
    return told


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_play_prints_its_address_answers_and_stops_when_told(ndesbot: Shell, name: str) -> None:
    process = subprocess.Popen(
        [PROGRAM, "play", "--port", "0", "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ndesbot.env,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:")
            with urllib.request.urlopen(url, timeout=20) as page:
                assert b"<html" in page.read().lower()
            told = ask(url, VERIFY)
            assert told["silent"] is False
            assert "403.16" in told["title"]
            process.send_signal(getattr(signal, name))
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, "", "")


def test_play_says_in_one_line_that_its_port_is_taken(ndesbot: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = ndesbot("play", "--no-browser", "--port", str(taken.getsockname()[1]))
    assert (told.code, told.out) == (2, "")
    assert told.one_line.startswith("ndesbot: ")


def test_the_log_of_play_is_a_line_with_id_and_kind_and_no_word_of_the_paste(ndesbot: Shell, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import bot.router, sys\n"
        "def broken(text, **_): raise ZeroDivisionError(text)\n"
        "bot.router.answer_paste = broken\n"
        "from connectors.main import run\n"
        "sys.argv[1:] = ['play', '--port', '0', '--no-browser']\n"
        "run()\n"
    )
    root = Path(__file__).parent.parent
    process = subprocess.Popen(
        [sys.executable, program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**ndesbot.env, "PYTHONPATH": str(root)},
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            told = ask(url, "my secret")
            number = int(url.rstrip("/").rsplit(":", 1)[1])
            with socket.create_connection(("127.0.0.1", number)) as client:
                client.sendall(b"\x16\x03\x01 my secret and no HTTP\r\n\r\n")
                assert client.recv(100)
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert told["title"] == "Something broke on my side"
    (number_told,) = re.findall("[0-9a-f]{32}", told["html"])
    assert err == f"ERROR a message was not answered id={number_told} kind=ZeroDivisionError\n"


def test_a_line_of_the_log_holds_nothing_that_was_pasted(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio, logging\n"
        "from connectors.telemetry.log import log_to_stderr\n"
        "from connectors.chat.playground import Playground\n"
        "log_to_stderr()\n"
        "async def fail(message, show): raise ZeroDivisionError(message.text)\n"
        "async def main():\n"
        "    serving = asyncio.create_task(Playground(0, lambda url: print(url, flush=True)).serve(fail))\n"
        "    await asyncio.to_thread(input)\n"
        "    logging.getLogger('asyncio').error('it quotes %s', 'my secret', exc_info=ValueError('my secret'))\n"
        "    serving.cancel()\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parent.parent
    with subprocess.Popen(
        [sys.executable, program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with pytest.raises(urllib.error.HTTPError, match="500") as failed:
            ask(url, "my secret")
        failed.value.close()
        _, err = process.communicate("\n", timeout=20)
    first, second = err.splitlines()
    assert re.fullmatch(
        r"ERROR a message of the playground was not answered id=[0-9a-f]{32} kind=ZeroDivisionError", first
    )
    assert second == "ERROR asyncio had trouble kind=ValueError"
