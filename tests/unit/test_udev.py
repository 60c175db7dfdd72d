"""The udev rules: what they cover, how they are installed, and what is said where that cannot be."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from pacerail import udev
from pacerail.cli import cli
from pacerail.errors import RailError


def test_every_line_is_a_rule_that_udev_reads() -> None:
    """KEY operator "value", with commas between; every jump has its label, and they come before seats are given out."""
    text = udev.rules_path().read_text()
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    term = r'[A-Z_]+(\{\w+\})?(==|!=|\+=|=)"[^"]*"'
    for line in lines:
        assert re.fullmatch(rf"{term}(, {term})*", line), line
    assert set(re.findall(r'GOTO="(\w+)"', text)) == set(re.findall(r'LABEL="(\w+)"', text))
    assert udev.NAME < "73-seat-late.rules"


@pytest.mark.parametrize("vendor", ["2e8a", "303a", "10c4", "1a86", "0403"])
def test_every_vendor_of_a_board_or_a_bridge_is_there(vendor: str) -> None:
    """Raspberry Pi, Espressif, Silicon Labs, WCH, FTDI."""
    assert f'ATTRS{{idVendor}}=="{vendor}"' in udev.rules_path().read_text()


def test_the_rules_are_printed_and_the_command_is_said() -> None:
    """The rules alone on standard output, so that they can go into a file."""
    done = CliRunner().invoke(cli, ["firmware", "udev"])
    assert done.exit_code == 0 and done.stdout == udev.rules_path().read_text()
    assert "sudo install -m 644" in done.stderr and "/etc/udev/rules.d/60-pacerail.rules" in done.stderr


def test_they_are_put_in_place_and_udev_is_told(tmp_path: Path) -> None:
    """Whole or not at all, readable by all, again and again."""
    told: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> int:
        told.append(command)
        return 0

    for _ in range(2):
        target = udev.install(tmp_path, run)
    assert [path.name for path in tmp_path.iterdir()] == ["60-pacerail.rules"]
    assert target.read_bytes() == udev.rules_path().read_bytes() and target.stat().st_mode & 0o777 == 0o644
    assert told == [*udev.RELOAD, *udev.RELOAD]


def test_where_it_cannot_be_done_it_says_what_to_type(tmp_path: Path) -> None:
    """No folder (not Linux, or no root); no udevadm."""
    with pytest.raises(RailError, match="as root: sudo install"):
        udev.install(tmp_path / "none", lambda command: 0)
    with pytest.raises(RailError, match=r"is written, but `udevadm control"):
        udev.install(tmp_path, lambda command: 1)

    def gone(command: Sequence[str]) -> int:
        raise FileNotFoundError(command[0])

    with pytest.raises(RailError, match="start the computer again"):
        udev.install(tmp_path, gone)
    assert os.listdir(tmp_path) == ["60-pacerail.rules"]
