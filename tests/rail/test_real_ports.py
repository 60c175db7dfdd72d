"""The race through real serial ports: pyserial, a pseudo-terminal, and real MicroPython in real time behind it."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

from pacerail.model.rail import Board, even_rail
from pacerail_node import VERSION
from tests.rail.conftest import COMMAND, pacerail
from tests.rail.consoleboard import console_board

SHORT = """\
title    = "short"
distance = "20 m"
[[wave]]
name   = "target"
colour = "green"
target = "3.0"
hold_s = 0.5
"""


def rail_file(folder: Path, ports: list[str], leds: int = 30) -> Path:
    """A rail of so many boards behind these ports."""
    rail = even_rail(boards=len(ports), leds=leds)
    text = 'title = "ports"\ntrack = "standard-400"\n'
    for board, port in zip(rail.boards, ports, strict=True):
        output = board.outputs[0]
        to_m = (output.from_m + output.length_m) % rail.track.kerb_lap_m
        text += f'[[board]]\nname = "{board.name}"\nport = "{port}"\ntype = "sim"\n'
        text += f"[[board.output]]\nleds = {leds}\nfrom_m = {output.from_m:.4f}\nto_m = {to_m:.4f}\n"
    path = folder / "rail.toml"
    path.write_text(text)
    return path


def short_plan(folder: Path) -> Path:
    """A race of three seconds."""
    path = folder / "short.toml"
    path.write_text(SHORT)
    return path


def boards(leds: int = 30) -> tuple[Board, ...]:
    """Two boards."""
    return even_rail(boards=2, leds=leds).boards


def test_a_race_over_two_ports(tmp_path: Path) -> None:
    """From connection to report; both boards do their part."""
    first, second = boards()
    with console_board(first, tmp_path) as one, console_board(second, tmp_path) as two:
        rail = rail_file(tmp_path, [one, two])
        run = pacerail("race", short_plan(tmp_path), "--rail", rail, "--headless", "--go-in", "1", timeout_s=60)
    assert run.exit_code == 0, run.err
    assert run.report["phase"] == "finished"
    assert run.report["boards"] == 2
    assert run.report["frames"] > 0
    assert all(0 < bound_us < 2000 for bound_us in run.report["clock_bound_us"].values())
    assert run.report["gun"]["source"] == "scheduled"
    assert run.report["firmware"] == {"b01": VERSION, "b02": VERSION}


def test_what_is_wrong_with_a_board_is_said_by_name(tmp_path: Path) -> None:
    """Another number of LEDs than the rail file says, and a port that is not there: exit 1, nothing started."""
    first, second = boards(leds=20)
    with console_board(first, tmp_path) as one, console_board(second, tmp_path) as two:
        rail = rail_file(tmp_path, [one, two], leds=30)
        run = pacerail("race", short_plan(tmp_path), "--rail", rail, "--headless", "--go-in", "1", timeout_s=60)
    assert (run.exit_code, run.out) == (1, "")
    assert "b01: it drives [20] LEDs, the rail file says [30]" in run.err
    assert "b02: it drives [20] LEDs" in run.err

    run = pacerail("race", short_plan(tmp_path), "--rail", rail_file(tmp_path, ["/dev/not-there", "NOSERIAL"]),
                   "--headless", "--go-in", "1", timeout_s=60)  # fmt: skip
    assert (run.exit_code, run.out) == (1, "")
    assert "b01: /dev/not-there: cannot open it" in run.err
    assert "b02: no port with USB serial number NOSERIAL" in run.err


def test_a_board_with_other_firmware_is_named_and_refused(tmp_path: Path) -> None:
    """One that speaks another protocol, and a MicroPython console with nothing on it."""
    first, second = boards()
    other = {"pacerail_node/messages.py": (b"PROTOCOL = 1\n", b"PROTOCOL = 9\n")}
    bare = {"main.py": (None, b"import sys\nwhile sys.stdin.readline(): print('>>>')\n")}
    with console_board(first, tmp_path, other) as one, console_board(second, tmp_path, bare) as two:
        rail = rail_file(tmp_path, [one, two])
        run = pacerail("race", short_plan(tmp_path), "--rail", rail, "--headless", "--go-in", "1", timeout_s=60)
    assert (run.exit_code, run.out) == (1, "")
    assert "b01: board b01 runs firmware" in run.err and "protocol 9" in run.err
    assert "b02: no answer" in run.err


def test_the_sync_commands(tmp_path: Path) -> None:
    """Set the clocks, watch them, record a trace and work it out again; a bound that cannot be met is exit 1."""
    first, second = boards()
    trace = tmp_path / "trace.csv"
    with console_board(first, tmp_path) as one, console_board(second, tmp_path) as two:
        rail = rail_file(tmp_path, [one, two])
        done = pacerail("sync", "--rail", rail, "--residuals", timeout_s=60)
        assert done.exit_code == 0, done.err
        assert [line.split()[0] for line in done.out.splitlines()[:3]] == ["board", "b01", "b02"]
        assert "b02: delay in us" in done.out
        watched = pacerail("sync", "watch", "--rail", rail, "--rounds", 2, timeout_s=60)
        assert watched.exit_code == 0 and watched.out.count("b01") == 2
        recorded = pacerail("sync", "record", trace, "--rail", rail, "--board", "b02", "--seconds", 1.5, timeout_s=60)
        assert recorded.exit_code == 0 and recorded.out == ""
        refused = pacerail("sync", "record", trace, "--rail", rail, "--board", "b07", timeout_s=60)
        assert refused.exit_code == 2 and "expected one of b01, b02" in refused.err
    assert trace.read_text().startswith("t1_host_us,t2_tick,t3_tick,t4_host_us\n")
    line = json.loads(pacerail("sync", "replay", trace, "--json", timeout_s=60).out)
    assert set(line) == {"ref_host_us", "ref_tick", "rate_ppb", "error_us"}
    assert line["error_us"] < 2000


def test_ctrl_c_leaves_the_rail_alone_and_stop_ends_it(tmp_path: Path) -> None:
    """The host goes; boards that have their gun keep it, until somebody stops them."""
    first, second = boards()
    with console_board(first, tmp_path) as one, console_board(second, tmp_path) as two:
        rail = rail_file(tmp_path, [one, two])
        words = [COMMAND, "race", short_plan(tmp_path), "--rail", rail, "--headless", "--go-in", "60"]
        with subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as race:
            assert race.stderr is not None and race.stdout is not None
            for line in race.stderr:
                if "gun: scheduled" in line:
                    break
            race.send_signal(signal.SIGINT)
            rest, out = race.stderr.read(), race.stdout.read()
        assert race.returncode == 130
        assert "the lights run on by themselves; pacerail stop" in rest and "Traceback" not in rest
        assert json.loads(out)["phase"] == "left"
        stopped = pacerail("stop", "--rail", rail, timeout_s=30)
        assert (stopped.exit_code, stopped.err) == (0, "boards stopped: 2\n")
        again = pacerail("race", short_plan(tmp_path), "--rail", rail, "--headless", "--go-in", "1", timeout_s=60)
        assert again.exit_code == 0 and "was still" not in again.err


def test_a_board_is_done_without_until_it_comes(tmp_path: Path) -> None:
    """Refused without a word; run without it when a person says so; and it is lit as soon as it is plugged in."""
    first, second = boards()
    later = tmp_path / "later"
    words = ["race", short_plan(tmp_path), "--rail", rail_file(tmp_path, ["socket://127.0.0.1:1", str(later)])]
    for name, reason in (("b07", "no board is called that; expected one of b01, b02"), ("b01", "every board")):
        refused = pacerail(*words, "--go-in", 1, "--without", name, "--without", "b02")
        assert refused.exit_code == 2 and reason in refused.err

    with console_board(first, tmp_path) as one, console_board(second, tmp_path) as two:
        words = ["race", short_plan(tmp_path), "--rail", rail_file(tmp_path, [one, str(later)]), "--headless"]
        refused = pacerail(*words, "--go-in", 1, timeout_s=60)
        assert refused.exit_code == 1 and "b02: " in refused.err and "cannot open it" in refused.err
        stopped = pacerail("stop", "--rail", tmp_path / "rail.toml", timeout_s=30)
        assert stopped.exit_code == 1 and stopped.err.startswith("boards stopped: 1\nb02 may still show its lights: ")

        command = [COMMAND, *words, "--go-in", "2.5", "--without", "b02"]
        with subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as race:
            assert race.stderr is not None and race.stdout is not None
            told: list[str] = []
            for line in race.stderr:
                told.append(line.partition("  ")[2].strip())
                if told[-1].startswith("rail: armed"):
                    later.symlink_to(two)
            report = json.loads(race.stdout.read())
    assert race.returncode == 0, told
    assert any(line.startswith("b02: the race is made ready without it") for line in told)
    assert "b02: answers now: it is taken in" in told
    assert any(line.startswith("b02: is back in the race") for line in told)
    assert report["phase"] == "finished" and set(report["firmware"]) == {"b01", "b02"}
