"""Orders typed at a race on real ports: recall, a new start, a change, stop; and what is refused on the way."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import IO

import pytest

from tests.rail.conftest import COMMAND, pacerail
from tests.rail.consoleboard import console_board
from tests.rail.test_real_ports import boards, rail_file, short_plan

LONG = """\
title    = "long"
distance = "400 m"
[[wave]]
name   = "target"
colour = "green"
target = "60"
"""


def until(said: IO[str], words: str) -> str:
    """Read on until a line has these words; all that was read."""
    read = ""
    for line in said:
        read += line
        if words in line:
            return read
    raise AssertionError(f"never said {words!r}:\n{read}")


def test_a_race_by_typed_orders(tmp_path: Path) -> None:
    plan = tmp_path / "long.toml"
    plan.write_text(LONG)
    first, second = boards()
    with console_board(first, tmp_path) as one, console_board(second, tmp_path) as two:
        rail = rail_file(tmp_path, [one, two])
        words = [COMMAND, "race", plan, "--rail", rail, "--headless", "--orders", "-"]
        with subprocess.Popen(
            list(map(str, words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as race:
            assert race.stderr is not None and race.stdout is not None and race.stdin is not None

            def order(text: str, answer: str) -> str:
                assert race.stdin is not None and race.stderr is not None
                race.stdin.write(text + "\n")
                race.stdin.flush()
                return until(race.stderr, answer)

            until(race.stderr, "armed: every board waits")
            order("help", "force ORDER")
            order("jump", "'jump' is no order")
            order("undo", "there is nothing to undo")
            order("start", "gun: key")
            order("arm", "cannot arm: the race is running")
            order("shift target +3 m", "3 m further ahead")
            order("shift target -5 m at once", "backwards")
            order("shift nobody 2 m", "no wave is called")
            order("recall", "ready to be armed again")
            order("shift target 1 m", "nothing to change: the race is ready")
            order("arm", "armed: every board waits")
            order("start ago 3.2", "gun: ago, 3.2")
            order("stop", "stopped: dark")
            rest, out = race.stderr.read(), race.stdout.read()
        assert race.returncode == 0, rest
        assert "Traceback" not in rest
    report = json.loads(out)
    assert report["phase"] == "stopped" and report["gun"]["source"] == "ago" and report["changes"] == []


def test_a_race_that_is_on_already_is_lit_in_its_place(tmp_path: Path) -> None:
    """--ago: the gun went while the laptop was still being carried to the track."""
    first, second = boards()
    with console_board(first, tmp_path) as one, console_board(second, tmp_path) as two:
        rail = rail_file(tmp_path, [one, two])
        run = pacerail("race", short_plan(tmp_path), "--rail", rail, "--headless", "--ago", "0.5", timeout_s=60)
    assert run.exit_code == 0, run.err
    assert run.report["gun"]["source"] == "ago" and run.report["phase"] == "finished"


def test_a_stop_while_clocks_are_being_set_is_the_end_of_it(tmp_path: Path) -> None:
    """Never "dark", and then a race."""
    first, second = boards()
    with console_board(first, tmp_path) as one, console_board(second, tmp_path) as two:
        rail = rail_file(tmp_path, [one, two])
        words = [COMMAND, "race", short_plan(tmp_path), "--rail", rail, "--headless", "--go-in", "1", "--orders", "-"]
        with subprocess.Popen(
            list(map(str, words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as race:
            assert race.stderr is not None and race.stdout is not None and race.stdin is not None
            until(race.stderr, "is on every board")
            race.stdin.write("stop\n")
            race.stdin.flush()
            rest, out = race.stderr.read(), race.stdout.read()
    assert race.returncode == 0 and json.loads(out)["phase"] == "stopped", rest
    assert "stopped: dark" in rest and "gun:" not in rest and "armed" not in rest


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "nothing says when the gun goes; expected --go-in, --ago, --gun or --orders"),
        (["--gun", "horn"], "--gun horn: no such source; expected pin, or lynx=URL"),
        (["--gun", "lynx=http://x"], "--gun lynx=http://x: "),
        (["--ago", "soon"], "--ago"),
        (["--ago", "3", "--go-in", "5"], "expected one of them"),
        (["--ago", "300"], "the race is over after 4 s"),
        (["--orders", "not-there.txt"], "not-there.txt: cannot be read"),
    ],
)
def test_what_is_wrong_with_the_start_is_said_before_any_port_is_opened(
    tmp_path: Path, options: list[str], words: str
) -> None:
    rail = rail_file(tmp_path, ["/dev/not-there", "/dev/not-there-either"])
    run = pacerail("race", short_plan(tmp_path), "--rail", rail, "--headless", *options, timeout_s=30)
    assert (run.exit_code, run.out) == (2, "")
    assert words in run.err
