"""The bench with its live view, as a person runs it: in a terminal, ended by Ctrl-C, and with no terminal at all."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")

LIMIT_S = 30.0
COMMAND = [sys.executable, "-c", "from pacerail.cli import main; main()", "bench"]
PLAN = """
title    = "A short one"
distance = "60 m"

[[wave]]
name     = "target"
colour   = "#00ff40"
target   = "9.0"
"""


@dataclass
class Ran:
    """What a run in a terminal left behind."""

    screen: str
    report: str
    code: int
    children: list[int]


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "short.toml"
    path.write_text(PLAN)
    return path


def children_of(pid: int) -> list[int]:
    lines = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [line.split() for line in lines.splitlines()]
    return [int(child) for child, parent in pairs if int(parent) == pid]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def run_in_terminal(arguments: list[str], at: str = "", send: int | None = None, rows: int = 30) -> Ran:
    """Run the bench with stderr on a terminal and stdout in a pipe; `send` goes out when `at` is on the screen.

    SIGINT is sent as a terminal does it: by the key.
    """
    report_end, write_end = os.pipe()
    pid, terminal = pty.fork()
    if pid == 0:
        os.dup2(write_end, 1)
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.environ.pop("NO_COLOR", None)
        os.execv(COMMAND[0], [*COMMAND, *arguments])
    os.close(write_end)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 100, 0, 0))
    said = {terminal: b"", report_end: b""}
    open_ends = [terminal, report_end]
    children: list[int] = []
    until = time.monotonic() + LIMIT_S
    while open_ends:
        assert time.monotonic() < until, said[terminal][-2000:]
        for end in select.select(open_ends, [], [], 0.2)[0]:
            try:
                data = os.read(end, 1 << 16)
            except OSError:  # what a terminal without anybody on its other side says
                data = b""
            if not data:
                open_ends.remove(end)
            said[end] += data
        if send is not None and at.encode() in said[terminal]:
            children = children_of(pid)
            if send == signal.SIGINT:
                os.write(terminal, b"\x03")
            else:
                os.kill(pid, send)
            send = None
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    os.close(report_end)
    return Ran(said[terminal].decode(), said[report_end].decode(), code, children)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ended_by_hand(plan: Path, sent: int) -> None:
    ran = run_in_terminal([str(plan), "--boards", "3", "--leds", "40", "--speed", "10"], "to the gun", sent)
    assert ran.code == 130
    assert "interrupted" in ran.report and "Ended " in ran.report
    assert "Traceback" not in ran.screen + ran.report and "Error" not in ran.screen
    assert ran.screen.index("\x1b[?1049h") < ran.screen.index("\x1b[?1049l")
    assert ran.screen.rindex("\x1b[?25h") > ran.screen.rindex("\x1b[?25l")
    assert re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", ran.screen.rpartition("\x1b[?1049l")[2]).strip() == ""
    assert len(ran.children) >= 3
    assert not any(alive(child) for child in ran.children)


def test_to_the_end_in_a_terminal(plan: Path) -> None:
    ran = run_in_terminal([str(plan), "--boards", "3", "--leds", "40", "--speed", "max"])
    assert ran.code == 0
    assert "The light stood within" in ran.report and "finished" in ran.report
    assert "\x1b[?1049l" in ran.screen and "\x1b" not in ran.report
    assert "▀" in ran.screen and "target" in ran.screen


def test_without_a_terminal_and_the_same_record_with_and_without_view(plan: Path, tmp_path: Path) -> None:
    arguments = [*COMMAND, str(plan), "--boards", "3", "--leds", "40", "--speed", "max", "--seed", "5"]
    records = [tmp_path / "with.jsonl", tmp_path / "without.jsonl"]
    shown = subprocess.run([*arguments, "--record", str(records[0])], capture_output=True, text=True, timeout=LIMIT_S)
    assert shown.returncode == 0
    lines = shown.stderr.splitlines()
    assert "\x1b" not in shown.stderr + shown.stdout
    assert any(line.endswith("syncing") for line in lines) and any("target at 60 m" in line for line in lines)
    assert "The light stood within" in shown.stdout
    quiet = subprocess.run(
        [*arguments, "--headless", "--record", str(records[1])], capture_output=True, text=True, timeout=LIMIT_S
    )
    assert quiet.returncode == 0 and quiet.stdout.startswith("{")
    assert records[0].read_bytes() == records[1].read_bytes()
