"""The udev rules for the boards' serial ports on Linux: what they say, and how they get where they count."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from pacerail.errors import RailError
from pacerail.resources import folder

NAME = "60-pacerail.rules"
WHERE = Path("/etc/udev/rules.d")
RELOAD = (("udevadm", "control", "--reload-rules"), ("udevadm", "trigger", "--subsystem-match=tty", "--action=add"))

Run = Callable[[Sequence[str]], int]
"""Runs a command and returns its exit code. Raises OSError if there is none such."""


def rules_path() -> Path:
    """The file that ships with Pacerail."""
    return folder("udev") / NAME


def install_command() -> str:
    """What to type to install the rules."""
    reload = " && ".join("sudo " + " ".join(command) for command in RELOAD)
    return f"sudo install -m 644 '{rules_path()}' {WHERE / NAME} && {reload}"


def run(command: Sequence[str]) -> int:
    """Run a command, its output to this process's."""
    return subprocess.run(command, check=False, timeout=30).returncode


def install(where: Path = WHERE, run: Run = run) -> Path:
    """Put the rules in place and have udev read them; returns the file. Raises RailError if that cannot be done."""
    target = where / NAME
    fresh = where / f".{NAME}.new"
    try:
        shutil.copyfile(rules_path(), fresh)
        fresh.chmod(0o644)
        os.replace(fresh, target)
    except OSError as error:
        raise RailError(
            f"{target}: cannot be written ({error.strerror}); on Linux, as root: {install_command()}"
        ) from error
    for command in RELOAD:
        try:
            failed = run(command) != 0
        except OSError:
            failed = True
        if failed:
            raise RailError(f"{target} is written, but `{' '.join(command)}` failed; start the computer again")
    return target
