"""Boards that share an RS-485 pair, and a UART behind a bridge: races, true clock errors, and two who speak at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from pacerail.bench.bus import Tap
from pacerail.bench.delays import LINKS
from pacerail.bench.faults import Fault
from pacerail.bench.loop import WorldLoop
from pacerail.bench.run import Bench, Settings, build_bench, run_bench
from pacerail.bench.world import World
from pacerail.clocks import held_back, settle
from pacerail.compile import compile_tables
from pacerail.link import NoAnswer
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.report import Report
from pacerail_node import messages

KEY = bytes(range(32))
SKEW_US = 200
"""A bridge that answers once a millisecond says less of the time in a minute than USB does; in a mile it is 100 us."""


class Truth:
    """Looks once a second at how far each board's line is from its crystal, and at the bound that is claimed."""

    def __init__(self) -> None:
        self.errors_us: list[int] = []
        self.bounds_us: list[float] = []

    async def __call__(self, bench: Bench) -> None:
        while True:
            await asyncio.sleep(1.0)
            now_us = bench.world.host_clock_us()
            for member, board in zip(bench.race.fleet.members, bench.world.boards, strict=True):
                line = member.estimator.line()
                if line is not None:
                    self.errors_us.append(abs(line.tick_at(now_us) - board.crystal.tick_at(now_us * 1000)))
                    self.bounds_us.append(line.error_at_us(now_us))


def within_budget(report: Report) -> None:
    """Light, boards and frames as the budgets want them."""
    light, skew = report.light_error_mm, report.board_skew_us
    assert report.failures == ()
    assert light.p99 is not None and light.max is not None and light.p99 <= 5 and light.max <= 15
    assert skew.p99 is not None and skew.p99 <= SKEW_US
    assert report.dropped == 0 and report.more["stray_cells"] == 0


@pytest.mark.parametrize(("link", "boards"), [("rs485-115200", 8), ("rs485-1m", 8), ("ftdi-1ms", 2)])
def test_a_race_and_the_truth_about_its_clocks(link: str, boards: int, one_lap: Path) -> None:
    """The budgets, and every clock within its bound and within 100 us: that bytes take time is no error of theirs."""
    rail = even_rail(boards=boards, leds=150)
    truth = Truth()
    settings = Settings(speed=None, seed=4, ppm=40, link=link)
    bench, report = run_bench(load_plan(one_lap, rail.track), rail, settings, truth)
    within_budget(report)
    assert len(truth.errors_us) > 50 * boards
    assert all(error <= bound for error, bound in zip(truth.errors_us, truth.bounds_us, strict=True))
    late = truth.errors_us[len(truth.errors_us) // 3 :]  # the first burst leaves the rate open
    assert max(late) < 100
    pair = LINKS[link].pair
    assert pair is not None
    buses = {id(tap.bus) for tap in bench.world.links if isinstance(tap, Tap)}
    assert len(buses) == -(-boards // pair.boards)


def test_a_board_of_a_pair_loses_its_power(one_lap: Path) -> None:
    """It is back within 3 s, and those that share its wires have not noticed. Frames are signed."""
    rail = replace(even_rail(boards=4, leds=150), key=KEY)
    fault = Fault(at_s=20.0, kind="power", board=1, for_s=0.5)
    settings = Settings(speed=None, seed=5, ppm=40, link="rs485-115200", faults=(fault,))
    bench, report = run_bench(load_plan(one_lap, rail.track), rail, settings)
    within_budget(report)
    (outage,) = bench.faults.outages
    assert outage.again_s is not None and outage.again_s - outage.back_s < 3.0


@pytest.mark.parametrize(("link", "said"), [("ftdi-16ms", 2), ("ftdi-1ms", 0), ("rs485-115200", 0), ("usb", 0)])
def test_a_bridge_that_holds_answers_back_is_noticed(link: str, said: int) -> None:
    rail = even_rail(boards=2, leds=30)
    plan = load_plan("breaking4-3-59", rail.track)
    world = World(3_600_000_000_000)
    loop = WorldLoop(world, None)
    try:
        bench = build_bench(plan, rail, Settings(speed=None, link=link), world, compile_tables(plan, rail))
        loop.run_until_complete(settle(bench.race.fleet))
        hints = held_back(bench.race.fleet)
    finally:
        world.close()
        loop.close()
    assert len(hints) == said
    assert all("latency timer" in hint for hint in hints)


async def ask_too_early(bench: Bench) -> tuple[int, int, str, str]:
    """Give up on one board before it has answered, and ask another: (collisions, tries needed, both states)."""
    one, two = (member.client for member in bench.race.fleet.members)
    tap = bench.world.links[0]
    assert isinstance(tap, Tap) and tap.bus.collisions == 0
    with pytest.raises(NoAnswer):
        await one.link.request(messages.STATUS, to=1, timeout_s=0.004, tries=1)
    answer = await two.link.request(messages.STOP, to=2)
    return tap.bus.collisions, answer.tries, (await one.status()).state, (await two.status()).state


def test_a_late_answer_runs_into_the_next_request() -> None:
    """Both are garbled, nobody acts on either, and asking again mends it."""
    rail = even_rail(boards=2, leds=30)
    plan = load_plan("breaking4-3-59", rail.track)
    world = World(3_600_000_000_000)
    loop = WorldLoop(world, None)
    try:
        bench = build_bench(plan, rail, Settings(speed=None, link="rs485-115200"), world, compile_tables(plan, rail))
        collisions, tries, *states = loop.run_until_complete(ask_too_early(bench))
        bad = bench.race.fleet.members[0].client.link.bad_frames
    finally:
        world.close()
        loop.close()
    assert collisions == 1
    assert tries == 2
    assert bad >= 1
    assert states == ["idle", "idle"]
