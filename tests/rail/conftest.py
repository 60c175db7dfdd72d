"""Runs of the bench through the command line, shared by the tests that look at them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMMAND = str(Path(sys.executable).parent / "pacerail")
ONE_LAP = """\
title    = "a minute"
distance = "400 m"
[[wave]]
name   = "target"
colour = "#00ff40"
target = "59.65"
hold_s = 1.0
"""


@dataclass(frozen=True)
class Run:
    """A command that was run."""

    exit_code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The report on its standard output."""
        return json.loads(self.out)


def pacerail(*words: str | Path | float, timeout_s: float = 240) -> Run:
    """Run the command as a script does."""
    command = [COMMAND, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return Run(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def one_lap(tmp_path: Path) -> Path:
    """A plan of one wave over 400 m."""
    path = tmp_path / "lap.toml"
    path.write_text(ONE_LAP)
    return path
