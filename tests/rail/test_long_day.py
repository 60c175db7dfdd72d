"""A day of 26 hours on one board that is never started anew: three races, and nobody there for hours in between."""

from __future__ import annotations

import asyncio

from pacerail.bench.faults import Faults
from pacerail.bench.loop import WorldLoop
from pacerail.bench.run import Bench, Settings, build_bench
from pacerail.bench.tally import Tally
from pacerail.bench.world import World
from pacerail.board import LogEntry
from pacerail.compile import compile_tables
from pacerail.fleet import Fleet, Member
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.race.run import run
from pacerail.race.state import Race
from pacerail.report import Report

START_NS = 3_600_000_000_000
RACES = ((0.1, 3.0), (9.0, 3.0), (24.9, 2400.0))
"""When each is begun, in hours, and the time from being armed to the gun in s: the last board waits for 40 minutes."""
WRAP_US = 1 << 30


async def one_race(bench: Bench, table: bytes, go_in_s: float) -> Report:
    """A race as a host runs it that has just been plugged in: it knows nothing of the board's clock."""
    (before,) = bench.race.fleet.members
    fleet = Fleet([Member(before.client, before.board, table)], bench.world.host_clock_us)
    race = Race(bench.plan, bench.rail, fleet)
    tally = Tally(bench.plan, bench.rail, race, None, Faults())
    bench.world.on_frames = tally.take
    await run(race, go_in_s)
    bench.world.catch_up()
    bench.world.on_frames = lambda frames: None
    return tally.report(0.0, 0.0)


async def the_day(bench: Bench, table: bytes) -> tuple[list[Report], list[LogEntry], int, int]:
    """The reports; the board's log; how often its ticks wrapped; what they say then, less what they ought to, in us."""
    world = bench.world
    reports: list[Report] = []
    for begin_h, go_in_s in RACES:
        await asyncio.sleep(begin_h * 3600 - (world.now_ns - START_NS) / 1e9)
        reports.append(await one_race(bench, table, go_in_s))
    await asyncio.sleep(26 * 3600 - (world.now_ns - START_NS) / 1e9)
    client = bench.race.fleet.members[0].client
    sample, _ = await client.sample()
    crystal = world.boards[0].crystal
    early_us = sample.t2_tick - crystal.tick_at(sample.t1_host_us * 1000)
    return reports, await client.log(), sample.t2_tick // WRAP_US, early_us


def test_three_races_in_26_hours() -> None:
    """Every one within the budgets, after 87 wraps of the ticks, hours of holdover, and a crystal that wanders."""
    rail = even_rail(boards=1, leds=600)
    plan = load_plan("breaking4-3-59", rail.track)
    (table,) = compile_tables(plan, rail)
    world = World(START_NS)
    loop = WorldLoop(world, None)
    try:
        bench = build_bench(plan, rail, Settings(speed=None, seed=26, ppm=40), world, [table])
        reports, log, wraps, early_us = loop.run_until_complete(the_day(bench, table))
    finally:
        world.close()
        loop.close()
    for report in reports:
        assert report.failures == ()
        light = report.light_error_mm
        assert light.p99 is not None and light.max is not None
        assert light.p99 <= 5 and light.max <= 15, light
        assert report.more["edges_measured"] > 10_000
        assert report.dropped == 0
    assert wraps >= 87
    assert 0 <= early_us < 20_000, "its count of wraps is wrong"
    assert [entry.cause for entry in log].count("start") == 1, "it was started anew"
    assert [entry.state for entry in log].count("finished") == 3
