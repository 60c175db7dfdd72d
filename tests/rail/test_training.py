"""Training on the simulated rail: groups begun one by one, by orders and by buttons; judged frame by frame."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from pacerail.bench.faults import Fault
from pacerail.bench.guns import SimGun
from pacerail.bench.run import Bench, Settings, run_bench
from pacerail.compile import movement_of
from pacerail.gun import SCHEDULED
from pacerail.model.modes import modes
from pacerail.model.plan import Plan
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.race.change import stop
from pacerail.race.groups import Button, watch_buttons
from pacerail.race.join import join, save_journal
from pacerail.race.keep import kept
from pacerail.race.orders import obey
from pacerail.race.script import load_script
from pacerail.report import Report
from tests.rail.conftest import pacerail
from tests.rail.consoleboard import console_board
from tests.rail.test_join import another, begun, rail
from tests.rail.test_real_ports import boards, rail_file

RAIL = even_rail(boards=3, leds=60)
PLAN = """\
title     = "two groups"
[[wave]]
name      = "red"
colour    = "#ff0000"
length_m  = 20
starts    = "order"
start     = "standing"
stretches = [{ run = "60 m", in = "10", rest = "4", repeat = 2 }]
hold_s    = 1
[[wave]]
name      = "blue"
colour    = "#0000ff"
length_m  = 30
starts    = "order"
stretches = [{ run = "150 m", in = "25" }]
hold_s    = 1
"""


def planned(tmp_path: Path, text: str = PLAN) -> Plan:
    path = tmp_path / "p.toml"
    path.write_text(text)
    return load_plan(path, RAIL.track)


def played(plan: Plan, tmp_path: Path, orders: str, *faults: Fault) -> tuple[Bench, Report]:
    script = tmp_path / "orders.txt"
    script.write_text(orders)
    return run_bench(plan, RAIL, Settings(speed=None, ppm=40, orders=load_script(script), faults=faults))


def said(bench: Bench) -> str:
    return "\n".join(f"{event.board or 'rail'}: {event.words}" for event in bench.race.events)


def test_groups_begin_at_their_own_times_and_one_of_them_again(tmp_path: Path) -> None:
    """Red at once, blue after a countdown, red once more from its line; blue is broken off and begun anew."""
    orders = """\
3   begin red
8   begin blue in 4          # stands at its line until 12 s
33  begin red
35  begin blue               # refused: it runs until 37 s
36  end blue
+3  begin all                # blue alone: red runs
52  shift blue +2 m
66  stop
"""
    bench, report = played(planned(tmp_path), tmp_path, orders)
    assert report.failures == () and report.dropped == 0, (report.failures, report.dropped)
    assert report.more["stray_cells"] == 0 and report.more["edges_measured"] > 10_000
    assert len(report.more["changes"]) == 6, said(bench)
    assert "(without red)" in report.more["changes"][4]
    red, blue = bench.race.plan_now.waves
    assert red.begun_s == pytest.approx(33.0, abs=0.1) and blue.begun_s == pytest.approx(39.0, abs=0.2)
    assert 'begin blue: wave "blue": it was begun at 12.0' in said(bench)
    assert bench.race.phase == "stopped"  # it was not over before that
    assert modes(bench.race.amended, 65.9) == {"red": "finished", "blue": "finished"}


def test_two_begun_at_one_time_by_a_script_on_a_slow_pair_have_that_time_both(tmp_path: Path) -> None:
    """The second order waits until the boards have the first; its group's zero does not."""
    script = tmp_path / "orders.txt"
    script.write_text("3 begin red in 10\n3 begin blue in 10\n70 stop\n")
    settings = Settings(speed=None, ppm=40, orders=load_script(script), link="rs485-115200")
    bench, report = run_bench(load_plan("training-3-groups", RAIL.track), RAIL, settings)
    assert report.failures == () and report.more["stray_cells"] == 0, report.failures
    red, blue, green = bench.race.plan_now.waves
    assert red.begun_s == pytest.approx(13.0, abs=0.001) and blue.begun_s == pytest.approx(13.0, abs=0.001)
    assert green.waits


def test_a_board_that_starts_anew_is_back_in_the_session(tmp_path: Path) -> None:
    power = Fault(9.0, "power", 1, 2.0)
    bench, report = played(planned(tmp_path), tmp_path, "3 begin red\n5 begin blue\n34 stop\n", power)
    assert "b02: is back in the race" in said(bench)
    assert report.failures == (), report.failures


def test_a_button_begins_its_group_when_it_was_pressed_and_again_after_its_finish(tmp_path: Path) -> None:
    """All groups dark: every board is done with its light before the first press, and hears it all the same."""
    plan = planned(tmp_path, PLAN.replace('starts    = "order"', 'starts    = "order"\nwaits = "dark"'))
    gun = SimGun(SCHEDULED, "7")
    gun.board = 1  # where the wire of the button is; the gun itself comes by the clock
    presses_s = (6.3, 6.9, 40.123)  # the second is the contact let go
    zeros: list[float] = []

    async def people(bench: Bench) -> None:
        watch = asyncio.ensure_future(watch_buttons(bench.race, [Button("b02", "red")]))
        while bench.race.gun is None:
            await asyncio.sleep(0.01)
        zero_ns = bench.race.gun.zero_us * 1000
        for press_s in presses_s:
            bench.world.boards[1].edge(zero_ns + round(press_s * 1e9))
        for look_s in (10.0, 45.0):
            await asyncio.sleep((zero_ns + look_s * 1e9 - bench.world.now_ns) / 1e9)
            zeros.append(bench.race.plan_now.waves[0].begun_s)
        await asyncio.sleep(25.0)
        await stop(bench.race)
        await watch

    bench, report = run_bench(plan, RAIL, Settings(speed=None, ppm=40, gun=gun), people)
    assert report.failures == () and report.more["stray_cells"] == 0, (report.failures, said(bench))
    assert zeros == [pytest.approx(6.3, abs=3e-4), pytest.approx(40.123, abs=3e-4)], said(bench)
    assert len(bench.race.amended.steps) == 2
    assert bench.race.plan_now.waves[1].waits


def test_a_press_from_before_its_run_was_ended_begins_nothing(tmp_path: Path) -> None:
    """The program that hears of it is another one by then, as after a takeover."""
    gun = SimGun(SCHEDULED, "7")
    gun.board = 1

    async def people(bench: Bench) -> None:
        race = bench.race
        watch = asyncio.ensure_future(watch_buttons(race, [Button("b02", "red")]))
        while race.gun is None:
            await asyncio.sleep(0.01)
        bench.world.boards[1].edge(race.gun.zero_us * 1000 + 5_000_000_000)
        await asyncio.sleep(11.0)
        assert not race.plan_now.waves[0].waits, said(bench)
        await obey(race, "end red")
        watch.cancel()
        await asyncio.sleep(2.0)
        again = asyncio.ensure_future(watch_buttons(race, [Button("b02", "red")]))
        await asyncio.sleep(2.0)
        await stop(race)
        await again

    bench, report = run_bench(planned(tmp_path), RAIL, Settings(speed=None, ppm=40, gun=gun), people)
    assert report.failures == () and len(bench.race.amended.steps) == 2, said(bench)


def test_a_board_without_a_pin_says_so(tmp_path: Path) -> None:
    async def people(bench: Bench) -> None:
        await watch_buttons(bench.race, [Button("b02", "red")])
        await stop(bench.race)

    bench, _ = run_bench(planned(tmp_path), RAIL, Settings(speed=None), people)
    assert "b02: has no gun pin: its button is not heard" in said(bench)


def test_the_shipped_plan_on_a_whole_rail(tmp_path: Path) -> None:
    """The command itself; each group a part of its first run."""
    script = tmp_path / "o.txt"
    script.write_text("2 begin red in 3\n+5 begin blue\n+3 begin green\n30 stop\n")
    done = pacerail(
        "bench", "training-3-groups", "--headless", "--speed", "max", "--boards", 4, "--leds", 50, "--orders", script
    )  # fmt: skip
    assert done.exit_code == 0, done.err
    assert done.report["dropped"] == 0 and len(done.report["changes"]) == 3
    assert "NaN" not in done.out


def test_a_session_too_long_for_a_board_leaves_out_its_past_and_is_taken_over(tmp_path: Path) -> None:
    """Twice twelve runs from a standing start, 205 pieces each time, in room for 334; then this program dies."""
    plan = planned(
        tmp_path,
        '[[wave]]\nname = "red"\ncolour = "red"\nstarts = "order"\nstart = "standing"\n'
        'stretches = [{ run = "20 m", in = "4", rest = "1", repeat = 12 }]\n',
    )
    journal = tmp_path / "race.json"
    with rail(plan) as (bench, loop):
        race = bench.race
        race.changed = lambda race: save_journal(race, journal)

        async def first() -> None:
            await begun(race, "begin red")
            async with kept(race):
                await asyncio.sleep(70.0)
                await obey(race, "begin red")
                await asyncio.sleep(3.0)

        loop.run_until_complete(first())
        assert movement_of(race.plan_now, RAIL.track).counts[1] > race.movement.counts[1] > 205
        following = another(bench, plan)
        following.changed = lambda race: setattr(bench.race, "amended", race.amended)  # the judge follows it

        async def second() -> None:
            await join(following, journal)
            async with kept(following):
                await obey(following, "end red")
                await asyncio.sleep(3.0)
                await obey(following, "stop")

        loop.run_until_complete(second())
        assert [step.words.split(": ")[1][:6] for step in following.amended.steps] == ["begins", "begins", "ends i"]
        bench.world.catch_up()
        assert bench.tally.judge.stray_cells == 0 and bench.tally.judge.errors_mm().max() < 40


def test_a_session_over_real_ports(tmp_path: Path) -> None:
    """Real time, pseudo-terminals, real MicroPython: begun, begun again, stopped; a button on a board without a pin."""
    first, second = boards()
    plan, script = tmp_path / "plan.toml", tmp_path / "orders.txt"
    plan.write_text(PLAN.replace("150 m", "10 m").replace('"25"', '"1.5"'))
    script.write_text("0.2 begin blue\n0.3 begin red in 2\n3 begin blue\n5 stop\n")
    with console_board(first, tmp_path) as one, console_board(second, tmp_path) as two:
        words = (
            "--rail",
            rail_file(tmp_path, [one, two]),
            "--headless",
            "--go-in",
            1,
            "--orders",
            script,
            "--button",
            "b01=red",
        )
        done = pacerail("race", plan, *words, timeout_s=60)
    assert done.exit_code == 0, done.err
    assert done.report["phase"] == "stopped" and "has no gun pin" in done.err
    assert len(re.findall(r"rail: \S+ (?:red|blue): begins, its own time is 0 at", done.err)) == 3, done.err


def test_what_is_no_button_is_refused_before_anything_is_done() -> None:
    for words, message in (
        (("--button", "b99=red"), 'no board is called "b99"'),
        (("--button", "b03=pink"), "no group is called"),
        (("--button", "b03=red", "--gun", "pin"), "expected --go-in"),
    ):
        done = pacerail("race", "training-3-groups", "--headless", "--go-in", 1, *words)
        assert done.exit_code == 2 and message in done.err and done.err.count("\n") == 1, done.err
