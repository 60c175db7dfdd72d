"""Changes in mid-race on the simulated rail, through the real race code; the judge follows the change."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pacerail.bench.faults import Fault
from pacerail.bench.loop import WorldLoop
from pacerail.bench.run import Bench, Settings, build_bench, run_bench
from pacerail.bench.simboard import Frame
from pacerail.bench.world import World
from pacerail.compile import compile_tables
from pacerail.errors import InputError
from pacerail.gun import scheduled
from pacerail.model.plan import Plan
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.race.keep import kept
from pacerail.race.orders import obey
from pacerail.race.prepare import arm, prepare, synchronise
from pacerail.race.run import start
from pacerail.race.script import load_script
from pacerail.report import Report

RAIL = even_rail(boards=3, leds=60)
PLAN = """\
title    = "changed"
distance = "400 m"
[[wave]]
name     = "target"
colour   = "#00ff40"
length_m = 40
target   = "60.0"
hold_s   = 2.0
[[wave]]
name     = "record"
colour   = "#ff0000"
length_m = 30
profile  = "smooth"
splits   = [["200 m", "28.0"], ["400 m", "57.0"]]
hold_s   = 2.0
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    path = tmp_path / "p.toml"
    path.write_text(PLAN)
    return load_plan(path, RAIL.track)


def played(plan: Plan, tmp_path: Path, orders: str, *faults: Fault, ppm: float = 40) -> tuple[Bench, Report]:
    script = tmp_path / "orders.txt"
    script.write_text(orders)
    return run_bench(plan, RAIL, Settings(speed=None, ppm=ppm, orders=load_script(script), faults=faults))


def said(bench: Bench) -> str:
    return "\n".join(f"{event.board or 'rail'}: {event.words}" for event in bench.race.events)


def when_s(bench: Bench, words: str) -> float:
    return next(event.fleet_us for event in bench.race.events if words in event.words) / 1e6


def well(report: Report) -> None:
    """The light within its budgets, nothing stray, every board did its part. LEDs 2.2 m apart: a level is 9 mm."""
    assert report.failures == (), report.failures
    assert report.dropped == 0


def test_every_kind_of_change_is_shown_as_it_was_asked_for(plan: Plan, tmp_path: Path) -> None:
    orders = """\
5    shift target +6 m          # eased
12   shift record -0.8 s over 8 s
22   hide record
25   show record
27   freeze target
30   resume target
32   retarget target 1:04
40   shift target +3 m at once
43   undo
"""
    bench, report = played(plan, tmp_path, orders)
    well(report)
    assert len(report.more["changes"]) == 9, said(bench)
    assert "undone" in report.more["changes"][-1]
    assert report.more["stray_cells"] == 0


def test_what_would_move_a_light_back_is_refused_unless_forced(plan: Plan, tmp_path: Path) -> None:
    bench, report = played(plan, tmp_path, "10 shift target -5 m at once\n20 force shift target -5 m at once\n")
    well(report)
    assert "backwards" in said(bench) and len(report.more["changes"]) == 1 and "forced" in report.more["changes"][0]


def test_a_board_that_starts_anew_comes_back_into_the_changed_race(plan: Plan, tmp_path: Path) -> None:
    power = Fault(15.0, "power", 1, 3.0)
    bench, report = played(plan, tmp_path, "8 shift target +20 m over 6 s\n16 retarget target 1:10\n", power)
    assert "b02: is back in the race" in said(bench)
    assert report.failures == (), report.failures
    assert "was back in the race" in " ".join(report.faults), report.faults


def test_a_board_that_hears_of_a_change_too_late_follows_it_then(plan: Plan, tmp_path: Path) -> None:
    """Its cable was out: until it is back it shows the plan that it knows, and the log says so."""
    cut = Fault(10.0, "link", 2, 6.0)
    bench, _ = played(plan, tmp_path, "11 hide record\n", cut)
    assert "b03: has the change of plan now" in said(bench)
    assert bench.race.shortcomings == []
    status = bench.race.fleet.members[2].status
    assert status is not None and status.table_hash == bench.race.fleet.members[2].table[-8:]


def test_recall_is_ready_again_within_two_seconds_and_starts_afresh(plan: Plan, tmp_path: Path) -> None:
    orders = """\
3   shift target +30 m at once
5   recall
+0  arm
+1  start in 2
20  shift record +1 m
"""
    bench, report = played(plan, tmp_path, orders)
    well(report)
    assert when_s(bench, "ready to be armed again") - when_s(bench, "recall: red") < 2.0
    # the second race is run by the plan that was read back
    assert report.more["changes"] == ["21.00 record: 1 m further ahead, eased over 5 s"]
    assert bench.race.phase == "finished"


@pytest.mark.parametrize("at_s", [2.5, 2.8, 2.9, 3.0, 3.1, 3.3])
def test_every_board_flashes_red_on_a_recall(plan: Plan, at_s: float) -> None:
    """At whatever moment of the watchers' round: none of them may take the red for a board left over."""
    world = World(3_600_000_000_000)
    loop = WorldLoop(world, None)
    asyncio.set_event_loop(loop)
    red: list[list[int]] = [[] for _ in RAIL.boards]
    try:
        bench = build_bench(plan, RAIL, Settings(speed=None, ppm=40), world, compile_tables(plan, RAIL))

        def see(frames: list[Frame]) -> None:
            for frame in frames:
                if frame.rgb == bytes([255, 0, 0]) * 60:
                    red[frame.board].append(frame.visible_ns)

        world.on_frames = see

        async def night() -> None:
            race = bench.race
            await prepare(race)
            await synchronise(race)
            await arm(race)
            async with kept(race):
                await start(race, scheduled(race.fleet.clock(), 1.0))
                await asyncio.sleep(at_s)
                await obey(race, "recall")

        loop.run_until_complete(night())
        world.catch_up()
    finally:
        world.close()
        asyncio.set_event_loop(None)
        loop.close()
    assert "was still running" not in said(bench)
    assert all(len(frames) >= 3 for frames in red), red
    first_ns = [frames[0] for frames in red]
    assert max(first_ns) - min(first_ns) < 5_000_000  # together


def test_start_ago_moves_the_zero_at_any_moment(plan: Plan, tmp_path: Path) -> None:
    """A gun by the schedule, and then somebody who knows better: 3.2 s ago at race time 5 s."""
    bench, report = played(plan, tmp_path, "5 start ago 3.2\n")
    assert bench.race.gun is not None and bench.race.gun.source == "ago"
    assert report.more["gun"]["bound_us"] == 300_000
    assert bench.tally.judge.stray_cells == 0 and report.failures == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x shift target 2 m", "expected"),
        ("5 jump target", "'jump' is no order; expected one of: arm, start"),
        ("5 shift target", "expected"),
        ("5 force stop", "expected a change behind force"),
        ("5 start in", "expected it as in"),
        ("5", "'' is no order"),
    ],
)
def test_a_script_that_is_wrong_is_refused_by_line(tmp_path: Path, line: str, words: str) -> None:
    script = tmp_path / "orders.txt"
    script.write_text(f"# first\n{line}\n")
    with pytest.raises(InputError) as wrong:
        load_script(script)
    assert wrong.value.messages[0].startswith(f"{script}:2: ") and words in wrong.value.messages[0]


def test_a_script_that_waits_for_a_race_time_after_a_recall_does_not_wait_for_ever(plan: Plan, tmp_path: Path) -> None:
    bench, report = played(plan, tmp_path, "4 recall\n5 hide target\n")
    assert bench.race.phase == "stopped"
    assert report.more["refused"] == ["hide target: there is no race time 5 s: the race is ready"]


def test_orders_that_were_refused_are_in_the_report(plan: Plan, tmp_path: Path) -> None:
    _, report = played(plan, tmp_path, "4 undo\n5 start ago 1000\n6 shift nobody 2 m\n7 stop\n")
    refused = "\n".join(report.more["refused"])
    assert "nothing to undo" in refused and "the race is over after" in refused and "no wave is called" in refused


def test_a_script_whose_times_fall_is_refused_by_line(tmp_path: Path) -> None:
    script = tmp_path / "orders.txt"
    script.write_text("5 hide target\n2 show target\n+1 recall\n+0 arm\n1 hide target\n")
    with pytest.raises(InputError) as wrong:
        load_script(script)
    assert list(wrong.value.messages) == [f"{script}:2: 2 s is before the line above; expected rising times"]
