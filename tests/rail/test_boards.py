"""Knowing the boards: real MicroPython behind real serial ports, asked, lit, exchanged and surveyed by the command."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import termios
import tty
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
import serial

from pacerail.bench.simboard import find_micropython
from pacerail.model.rail import Board, even_rail
from pacerail.model.railfile import load_rail
from pacerail_node import VERSION
from tests.rail.conftest import COMMAND, Run, pacerail
from tests.rail.consoleboard import console_board
from tests.rail.test_real_ports import rail_file, short_plan

FIRST, SECOND = even_rail(boards=2, leds=30).boards


def asked(*words: str | Path | float, said: str = "", timeout_s: float = 60) -> Run:
    """The command with answers typed at its questions."""
    command = [COMMAND, *map(str, words)]
    done = subprocess.run(command, input=said, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return Run(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def bare_console() -> Generator[str]:
    """MicroPython with nothing on it: its console behind a port."""
    master, slave = os.openpty()
    tty.setraw(slave, termios.TCSANOW)
    process = subprocess.Popen([find_micropython()], stdin=master, stdout=master, stderr=master, cwd="/",
                               start_new_session=True)  # fmt: skip
    try:
        yield os.ttyname(slave)
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


def test_who_is_there(tmp_path: Path) -> None:
    """A board of the rail, a console, a port that nobody answers, one that is not there, and one that is busy."""
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(console_board(FIRST, tmp_path))
        busy = stack.enter_context(console_board(replace(SECOND, name="b09"), tmp_path))
        console = stack.enter_context(bare_console())
        master, slave = os.openpty()
        silent = os.ttyname(slave)
        lock = stack.enter_context(serial.Serial(busy, exclusive=True))
        assert lock.is_open
        rail = rail_file(tmp_path, [one, "/dev/not-there"])
        run = pacerail("boards", "list", "--rail", rail, "--json", console, silent, busy, timeout_s=30)
        os.close(master)
        os.close(slave)
    assert run.exit_code == 1
    rows = {row["port"]: row for row in run.report["boards"]}
    board = rows[one]
    assert (board["what"], board["rail_name"], board["name"]) == ("board", "b01", "b01")
    assert (board["uid"], board["firmware"], board["state"], board["leds"]) == ("sim-b01", VERSION, "idle", [30])
    assert rows[console]["what"] == "console" and "MicroPython" in rows[console]["words"]
    assert rows[silent]["what"] == "silent" and "no answer" in rows[silent]["words"]
    assert rows[busy]["what"] == "closed" and "does nothing else use it" in rows[busy]["words"]
    assert rows["/dev/not-there"]["what"] == "closed"
    assert "missing: b02: /dev/not-there: " in run.err


def test_the_console_works_after_it_was_asked() -> None:
    """No program was stopped, nothing is left in its input line."""
    with bare_console() as port:
        for _ in range(2):
            run = pacerail("boards", "list", port, timeout_s=30)
            assert run.exit_code == 0 and "at its console" in run.out
        with serial.Serial(port, timeout=2) as console:
            console.write(b"print(6 * 7)\r")
            assert console.read_until(b"\n>>> ") == b"print(6 * 7)\r\n42\n>>> "


def test_boards_are_told_apart_by_their_ids(tmp_path: Path) -> None:
    """Two of the same name are double; a rail file with ids knows which is which, wherever they are plugged in."""
    twin = replace(SECOND, name="b01", uid="id-of-the-twin")
    (tmp_path / "twin").mkdir()
    with console_board(FIRST, tmp_path) as one, console_board(twin, tmp_path / "twin") as two:
        rail = rail_file(tmp_path, [one])
        run = pacerail("boards", "list", "--rail", rail, two, timeout_s=30)
        assert run.exit_code == 1 and "double: b01: there are two" in run.err
        text = rail.read_text().replace('name = "b01"', 'name = "b01"\nuid = "id-of-the-twin"')
        rail.write_text(text)
        run = pacerail("boards", "list", "--rail", rail, two, "--json", timeout_s=30)
        rows = {row["port"]: row for row in run.report["boards"]}
        assert run.exit_code == 0
        assert rows[two]["rail_name"] == "b01" and "looks for it at port" in rows[two]["words"]
        assert rows[one]["rail_name"] is None and "replace b01 sim-b01" in rows[one]["words"]


def test_identify_and_test(tmp_path: Path) -> None:
    """Boards blink and go through their steps; the board reports frames of each."""
    with console_board(FIRST, tmp_path) as one, console_board(SECOND, tmp_path) as two:
        rail = rail_file(tmp_path, [one, two])
        run = pacerail("boards", "identify", "--rail", rail, "--seconds", 0.5, timeout_s=30)
        assert run.exit_code == 0 and "b01 blinks 1\n" in run.err and "b02 blinks 2\n" in run.err, run.err
        run = pacerail("boards", "identify", two, "--together", "--seconds", 0.5, timeout_s=30)
        assert run.exit_code == 0 and f"1  b02, {two}" in run.err
        run = pacerail("boards", "identify", "b07", "--rail", rail, timeout_s=30)
        assert run.exit_code == 1 and "b07: no such board answers" in run.err
        run = pacerail("boards", "test", "b02", "--rail", rail, "--auto", 0.4, timeout_s=30)
        assert run.exit_code == 0, run.err
        assert [line.split(":")[0].strip() for line in run.out.splitlines()[1::2]] == [
            "fill", "chase", "count", "ends", "colours",
        ]  # fmt: skip
        assert "3 lights" in run.out and "output 1: about 0.44 A of 3.00 A" in run.out
        frames = [int(line.split("reports ")[1].split()[0]) for line in run.out.splitlines() if "reports" in line]
        assert len(frames) == 5 and frames[1] > 100 and frames[0] < 20, frames
        by_hand = asked("boards", "test", "b01", "--rail", rail, said="\n" * 5)
        assert by_hand.exit_code == 0 and by_hand.err.count("Enter goes on") == 5


def test_no_blinking_in_a_race(tmp_path: Path) -> None:
    """A board with a race on says so."""
    with console_board(FIRST, tmp_path) as one:
        rail = rail_file(tmp_path, [one])
        words = [COMMAND, "race", short_plan(tmp_path), "--rail", rail, "--headless", "--go-in", "60"]
        with subprocess.Popen(list(map(str, words)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as r:
            assert r.stderr is not None
            for line in r.stderr:
                if "gun: scheduled" in line:
                    break
            r.terminate()
        run = pacerail("boards", "identify", "b01", "--rail", rail, timeout_s=30)
        assert run.exit_code == 1 and "b01: a race is on" in run.err
        assert pacerail("stop", "--rail", rail, timeout_s=30).exit_code == 0
        run = pacerail("boards", "identify", "b01", "--rail", rail, "--seconds", 0.5, timeout_s=30)
        assert run.exit_code == 0


def spare(name: str, leds: int = 30) -> Board:
    """A board that is not in the rail file."""
    return replace(even_rail(boards=1, leds=leds).boards[0], name=name, uid=f"id-of-{name}")


def test_a_spare_takes_over(tmp_path: Path) -> None:
    """The rail file gets its id and port, comments kept; it has the pace table; and the race is run with it."""
    with contextlib.ExitStack() as stack:
        one, fresh = (stack.enter_context(console_board(b, tmp_path)) for b in (FIRST, spare("s1")))
        rail = rail_file(tmp_path, [one, "/dev/gone"])
        rail.write_text("# our rail\n" + rail.read_text().replace('port = "/dev/gone"', 'port = "/dev/gone"  # home'))
        plan = short_plan(tmp_path)
        run = pacerail("boards", "replace", "b02", fresh, "--rail", rail, "--plan", plan, timeout_s=30)
        assert run.exit_code == 0, run.err
        assert "b02: id none -> id-of-s1" in run.err and 'calls itself "s1"' in run.err
        text = rail.read_text()
        assert text.startswith("# our rail\n") and f'port = "{fresh}"  # home' in text
        board = load_rail(rail).boards[1]
        assert (board.name, board.uid, board.port) == ("b02", "id-of-s1", fresh)
        assert list(tmp_path.glob("*before*")) == [] and list(tmp_path.glob(".*")) == []
        listed = pacerail("boards", "list", "--rail", rail, "--json", timeout_s=30)
        assert [row["state"] for row in listed.report["boards"]] == ["idle", "loaded"]
        race = pacerail("race", plan, "--rail", rail, "--headless", "--go-in", "1", timeout_s=60)
        assert race.exit_code == 0 and race.report["phase"] == "finished", race.err


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        (
            "b02",
            "short",
            1,
            "short drives [20] LEDs, b02 needs [30]; flash it for this place: pacerail flash ",
        ),
        ("b02", "b01", 1, "this is b01, which has its own stretch"),
        ("b02", "nobody", 1, "nobody: no such board answers"),
        ("b07", "short", 2, "b07: no board of"),
    ],
)
def test_what_cannot_take_over_changes_nothing(tmp_path: Path, old: str, new: str, code: int, said: str) -> None:
    """Every reason in words, and the rail file as it was."""
    with console_board(FIRST, tmp_path) as one, console_board(spare("short", 20), tmp_path) as two:
        rail = rail_file(tmp_path, [one, "/dev/gone"])
        before = rail.read_text()
        where = {"short": two, "b01": one}.get(new, new)
        run = pacerail("boards", "replace", old, where, "--rail", rail, timeout_s=30)
    assert run.exit_code == code and said in run.err, run.err
    assert rail.read_text() == before and list(tmp_path.glob("*before*")) == []


def test_a_survey_finds_the_rail(tmp_path: Path) -> None:
    """Left in the middle and taken up again: places, directions and dead LEDs are in the file, with its comments."""
    with console_board(FIRST, tmp_path) as one, console_board(spare("s1"), tmp_path) as two:
        rail = rail_file(tmp_path, [one, "/dev/gone"])
        rail.write_text(rail.read_text().replace('name = "b02"', 'name = "b02"  # the far side'))
        # the first is b01, its data runs against the runners, LEDs 3 and 17 are dead; then the battery is empty
        run = asked("rail", "survey", rail, "--ports", two, said="nonsense\nb01\nn\ny\n3 99\n17, 3\n")
        assert run.exit_code == 130, run.err
        assert "'nonsense' does not do; expected a name (b01, b02)" in run.err
        assert "expected numbers from 0 to 29" in run.err
        text = rail.read_text()
        assert 'uid = "sim-b01"    # surveyed: place, direction, LEDs' in text and 'direction = "reverse"' in text
        assert "dead = [3, 17]" in text
        run = asked("rail", "survey", rail, "--ports", two, said="b02\ny\ny\n\n")
        assert run.exit_code == 0, run.err
        assert "b01 at" in run.err and "is surveyed" in run.err and "is complete" in run.err
        found = load_rail(rail)
        assert [board.uid for board in found.boards] == ["sim-b01", "id-of-s1"]
        assert found.boards[0].outputs[0].reverse and found.boards[0].outputs[0].dead == (3, 17)
        assert not found.boards[1].outputs[0].reverse and found.boards[1].port == two
        assert "# the far side" in rail.read_text() and (tmp_path / "rail.toml.before-survey").is_file()
        read = pacerail("rail", "check", rail, timeout_s=30)
        assert read.exit_code == 0 and "data against the runners, dead: 3, 17" in read.out


def test_a_survey_writes_a_new_file(tmp_path: Path) -> None:
    """Two boards, typed by kerb metres; what still lacks is said until they fill the kerb."""
    path = tmp_path / "new.toml"
    with console_board(FIRST, tmp_path) as one, console_board(SECOND, tmp_path) as two:
        words = ("rail", "survey", path, "--ports", one, "--ports", two, "--track", "indoor-200")
        run = asked(*words, said="0 400\n0 98.5\ny\ny\n\nq\n")
        assert run.exit_code == 130, run.err
        assert "two numbers from 0 to 198.11" in run.err and "m of kerb without LEDs" in run.err
        lap_m = load_rail(path, whole=False).track.kerb_lap_m
        run = asked(*words, said=f"98.5 {lap_m:.4f}\ny\ny\n\n")
        assert run.exit_code == 0, run.err
    rail = load_rail(path)
    assert [(b.name, b.uid, b.port) for b in rail.boards] == [("b01", "sim-b01", one), ("b02", "sim-b02", two)]
    assert json.dumps(rail.boards[1].outputs[0].from_m) == "98.5"


def test_nobody_answers(tmp_path: Path) -> None:
    """One line, exit 1, no file."""
    run = asked("rail", "survey", tmp_path / "none.toml", "--ports", "/dev/not-there")
    assert run.exit_code == 1 and "no board answers" in run.err
    assert list(tmp_path.iterdir()) == []
    assert pacerail("boards", "replace", "b01", "x", "--rail", tmp_path / "none.toml").exit_code == 2
    assert pacerail("rail", "check", tmp_path / "none.toml").exit_code == 2
