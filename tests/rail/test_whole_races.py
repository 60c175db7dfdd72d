"""Whole races on the simulated rail, through the command line, held to the budgets."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.rail.conftest import pacerail

MAX = ("--headless", "--speed", "max")


def within_budget(report: dict[str, Any]) -> None:
    """Light, boards and frames as the budgets want them."""
    assert report["light_error_mm"]["p99"] <= 5
    assert report["light_error_mm"]["max"] <= 15
    assert report["edges_measured"] > 1000
    assert report["stray_cells"] == 0
    assert report["dropped"] == 0
    assert report["frames_of_wire"] >= 0.95
    if report["boards"] > 1:
        assert report["board_skew_us"]["p99"] <= 100


def test_the_attempt_and_that_its_record_can_be_read_by_anyone(tmp_path: Path) -> None:
    """The 3:59.99 mile of three waves, and the lead pacer's head found in the record by plain arithmetic.

    The reader below knows nothing of the tool: LEDs and levels from the record, an even pace, and that a light of
    #00ff40 is green = 255 when it is full.
    """
    record = tmp_path / "f.jsonl"
    run = pacerail(
        "bench", "breaking4-3-59", *MAX, "--boards", 16, "--ppm", 40, "--seed", 7, "--record", record,
        "--report", tmp_path / "r.json",
    )  # fmt: skip
    assert run.exit_code == 0, run.err
    assert json.loads((tmp_path / "r.json").read_text()) == run.report
    within_budget(run.report)
    assert {"plan_hash", "boards", "leds", "frames", "virtual_s", "wall_s", "faults"} <= set(run.report)
    assert (run.report["boards"], run.report["leds"]) == (16, 2400)

    with record.open() as lines:
        header = json.loads(next(lines))
        assert header["format"] == "pacerail-frames/1"
        lap_m = header["lap_m"]
        frames = [json.loads(line) for line in lines]
    assert [frame["t"] for frame in frames] == sorted(frame["t"] for frame in frames)
    assert len(frames) == run.report["frames"]
    boards = [[led[0] for led in board["leds"]] for board in header["boards"]]
    readings: list[list[float]] = [[] for _ in boards]
    for frame in frames[::17]:
        if not 5 < frame["t"] < 239:
            continue
        rgb, leds = bytes.fromhex(frame["rgb"]), boards[frame["b"]]
        assert len(rgb) == 3 * len(leds)
        target_m = (-1609.344 + 1609.344 * frame["t"] / 239.99) % lap_m
        # the LED at the tail of the target: pure green ahead of it, dark behind it (the record may lie there at first)
        tail_m = (target_m - 5.0) % lap_m
        index = min(range(len(leds)), key=lambda i: abs((leds[i] - tail_m + lap_m / 2) % lap_m - lap_m / 2))
        record_is_near = frame["t"] < 60
        if 3 < index < len(leds) - 3 and not record_is_near:
            assert rgb[3 * index - 6 : 3 * index - 3] == b"\0\0\0", "dark behind the target"
            assert rgb[3 * index + 6 : 3 * index + 9] == b"\x00\xff\x40", "the target's green ahead of its tail"
            cell_m = (leds[index + 1] - leds[index - 1]) / 2
            lit = sum(rgb[3 * i + 1] for i in (index - 1, index, index + 1)) / 255
            edge_m = (leds[index + 1] + leds[index + 2]) / 2 - lit * cell_m
            readings[frame["b"]].append(1000 * abs((edge_m - tail_m + lap_m / 2) % lap_m - lap_m / 2))
    assert all(len(board) > 30 for board in readings), [len(board) for board in readings]
    assert max(max(board) for board in readings) < 15


def test_same_seed_same_frames_whatever_the_speed(one_lap: Path, tmp_path: Path) -> None:
    """The record depends on the seed alone; another seed gives another one."""
    records: list[bytes] = []
    for speed, seed in (("max", 3), ("30", 3), ("max", 4)):
        path = tmp_path / f"{speed}-{seed}.jsonl"
        run = pacerail(
            "bench", one_lap, "--headless", "--speed", speed, "--boards", 4, "--seed", seed, "--record", path
        )
        assert run.exit_code == 0, run.err
        records.append(path.read_bytes())
    assert records[0] == records[1]
    assert records[0] != records[2]


def test_ten_thousand_metres_over_a_wrap_of_the_ticks() -> None:
    """27 minutes: every board's ticks wrap at least once."""
    run = pacerail("bench", "10000m-28-54-14", *MAX, "--boards", 4, "--leds", 600, "--ppm", 40, "--seed", 5)
    assert run.exit_code == 0, run.err
    assert run.report["virtual_s"] > 1734
    within_budget(run.report)


@pytest.mark.parametrize("rail", ["lights-400x1m", "indoor-200", "four-outputs-600"])
def test_other_rails(rail: str, one_lap: Path) -> None:
    """400 lights at 1 m, an indoor track, one board with four outputs."""
    run = pacerail("bench", one_lap, "--rail", rail, *MAX, "--ppm", 40, "--seed", 11)
    assert run.exit_code == 0, run.err
    within_budget(run.report)


def test_a_rail_of_reversed_crossing_and_damaged_strips(one_lap: Path, tmp_path: Path) -> None:
    """Data against the running direction, a board across the finish line, dead LEDs, outputs of unlike length."""
    lap_m = 2 * 84.389 + 2 * math.pi * 36.5
    cuts = [380.0, 100.0, 180.0, 300.0]
    text = 'title = "odd"\ntrack = "standard-400"\n'
    for name, (a, b) in zip("abcd", [*pairwise(cuts), (cuts[-1], cuts[0])], strict=True):
        length = (b - a) % lap_m
        first = length * 0.4
        leds = (round(first / 0.25), round((length - first) / 0.25))
        text += f'[[board]]\nname = "{name}"\ntype = "sim"\n'
        for k, (at, to) in enumerate(((a, a + first), (a + first, a + length))):
            text += f"[[board.output]]\nleds = {leds[k]}\nfrom_m = {at % lap_m:.4f}\nto_m = {to % lap_m:.4f}\n"
            text += f'direction = "{"reverse" if k else "forward"}"\ndead = [7, {leds[k] - 1}]\n'
    rail = tmp_path / "odd.toml"
    rail.write_text(text)
    run = pacerail("bench", one_lap, "--rail", rail, *MAX, "--ppm", 40, "--seed", 2)
    assert run.exit_code == 0, run.err
    within_budget(run.report)


def test_power_cuts_and_pulled_plugs(one_lap: Path, tmp_path: Path) -> None:
    """A board whose power was cut is back in the race and right within 3 s; without the host nothing changes."""
    script = tmp_path / "faults.toml"
    script.write_text(
        '[[fault]]\nat = "10"\nkind = "power"\nboard = "b01"\nfor_s = 0.5\n'
        '[[fault]]\nat = "20"\nkind = "link"\nboard = "b02"\nfor_s = 15\n'
        '[[fault]]\nat = "40"\nkind = "host"\nfor_s = 30\n'
    )
    run = pacerail("bench", one_lap, *MAX, "--boards", 3, "--ppm", 40, "--seed", 9, "--faults", script)
    report = run.report
    assert report["light_error_mm"]["max"] <= 15
    assert report["stray_cells"] == report["dropped"] == 0
    (back,) = [line for line in report["faults"] if "back in the race" in line]
    assert float(back.split("back in the race ")[1].split(" s")[0]) < 3
    # the host was still unplugged at the end, so it could not see the boards finish: that is said, with exit code 1
    assert run.exit_code == 1
    assert sum("did not answer at the end" in line for line in report["faults"]) == 3


@pytest.mark.parametrize("link", ["ftdi-16ms", "ftdi-1ms", "tcp"])
def test_other_links(link: str, one_lap: Path) -> None:
    """However slow the link: the light is right. Only how well the boards agree depends on it."""
    run = pacerail("bench", one_lap, *MAX, "--boards", 4, "--ppm", 40, "--seed", 8, "--link", link)
    assert run.exit_code == 0, run.err
    assert run.report["light_error_mm"]["p99"] <= 5
    assert run.report["light_error_mm"]["max"] <= 15
    assert run.report["stray_cells"] == run.report["dropped"] == 0
    # answers held back for up to 16 ms say little of the time in a minute: 90 to 530 us over sixteen runs
    assert run.report["board_skew_us"]["p99"] <= (600 if link == "ftdi-16ms" else 300)


def test_messages_lost_and_damaged_change_nothing(one_lap: Path) -> None:
    """One in ten: everything is asked again, and nothing is done twice."""
    run = pacerail("bench", one_lap, *MAX, "--boards", 4, "--ppm", 40, "--seed", 6, "--loss", 10)
    assert run.exit_code == 0, run.err
    assert run.report["light_error_mm"]["max"] <= 15
    assert run.report["stray_cells"] == run.report["dropped"] == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("bench", "no-such-plan"), "no-such-plan: no such file"),
        (("bench", "breaking4-3-59", "--speed", "fast"), "expected max or a number"),
        (("bench", "breaking4-3-59", "--rail", "indoor-200", "--boards", "3"), "expected them without --rail"),
        (("bench", "breaking4-3-59", "--boards", "200", "--leds", "2000"), "expected 5 mm at least"),
        (
            ("bench", "breaking4-3-59", "--report", "/no/such/folder/r.json"),
            "/no/such/folder/r.json: cannot be written",
        ),
        (("bench", "breaking4-3-59", "--record", "/no/such/folder/f.jsonl"), "/no/such/folder/f.jsonl: cannot be"),
        (("bench", "breaking4-3-59", "--faults", "no-such-file"), "no-such-file: no such file"),
        (("race", "breaking4-3-59"), "--go-in"),
        (("race", "breaking4-3-59", "--go-in", "5", "--until", "soon"), "--until"),
    ],
)
def test_wrong_input_is_one_clear_line_and_exit_2(words: tuple[str, ...], expected: str) -> None:
    """Nothing is started."""
    run = pacerail(*words, timeout_s=20)
    assert (run.exit_code, run.out) == (2, "")
    assert expected in run.err
