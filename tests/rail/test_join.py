"""Taking over a race whose program has died: by another program on the same computer, and by another computer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator
from pathlib import Path

import pytest

from pacerail.bench.loop import WorldLoop
from pacerail.bench.run import Bench, Settings, build_bench
from pacerail.bench.world import World
from pacerail.compile import compile_tables
from pacerail.errors import RailError
from pacerail.fleet import Fleet, Member
from pacerail.gun import scheduled
from pacerail.model.plan import Plan
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.ports import FleetTime
from pacerail.race.join import join, read_journal, save_journal
from pacerail.race.keep import kept
from pacerail.race.orders import obey
from pacerail.race.prepare import arm, prepare, synchronise
from pacerail.race.run import finish, follow, run, start
from pacerail.race.state import Race

RAIL = even_rail(boards=3, leds=60)
PLAN = """\
distance = "400 m"
[[wave]]
name     = "target"
colour   = "#00ff40"
length_m = 40
target   = "59.0"
hold_s   = 1.0
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    path = tmp_path / "p.toml"
    path.write_text(PLAN)
    return load_plan(path, RAIL.track)


@contextlib.contextmanager
def rail(plan: Plan) -> Generator[tuple[Bench, WorldLoop]]:
    world = World(3_600_000_000_000)
    loop = WorldLoop(world, None)
    asyncio.set_event_loop(loop)
    try:
        yield build_bench(plan, RAIL, Settings(speed=None, ppm=40), world, compile_tables(plan, RAIL)), loop
    finally:
        world.close()
        asyncio.set_event_loop(None)
        loop.close()


async def begun(race: Race, *orders: str) -> None:
    """A program starts a race, gives orders 5 s after the gun, and dies 8 s after it."""
    await prepare(race)
    await synchronise(race)
    await arm(race)
    async with kept(race):
        await start(race, scheduled(race.fleet.clock(), 2.0))
        await asyncio.sleep(7.0)
        for order in orders:
            await obey(race, order)
        await asyncio.sleep(3.0)


def another(bench: Bench, plan: Plan, clock: FleetTime | None = None) -> Race:
    """A new program that knows nothing of the race: its own links, its own estimators."""
    tables = compile_tables(plan, RAIL)
    members = [Member(m.client, m.board, table) for m, table in zip(bench.race.fleet.members, tables, strict=True)]
    return Race(plan, RAIL, Fleet(members, clock or bench.world.host_clock_us))


def said(race: Race) -> str:
    return "\n".join(f"{event.board or 'rail'}: {event.words}" for event in race.events)


def test_a_race_is_taken_over_with_its_changes(plan: Plan, tmp_path: Path) -> None:
    journal = tmp_path / "state" / "race.json"
    with rail(plan) as (bench, loop):
        bench.race.changed = lambda race: save_journal(race, journal)
        loop.run_until_complete(begun(bench.race, "shift target +6 m", "hide target", "undo"))
        race = another(bench, plan)

        def judged(changed: Race) -> None:
            bench.race.amended = changed.amended

        race.changed = judged  # the judge follows the one who is in charge

        async def second() -> None:
            await join(race, journal)
            async with kept(race):
                await obey(race, "shift target -3 m")
                await follow(race)
            await finish(race)

        loop.run_until_complete(second())
        assert bench.race.gun is not None and race.gun is not None
        assert race.gun.zero_us == bench.race.gun.zero_us and race.gun.source == "found"
        assert len(race.amended.steps) == 4 and "changed before: 7" not in said(race), said(race)
        assert "is not in the race" not in said(race) and race.shortcomings == []
        bench.world.catch_up()
        assert bench.tally.judge.stray_cells == 0
        assert bench.tally.judge.errors_mm().max() < 40  # LEDs 2.2 m apart: a grey level is 9 mm


def test_without_the_journal_the_boards_keep_their_changes(plan: Plan, tmp_path: Path) -> None:
    with rail(plan) as (bench, loop):
        loop.run_until_complete(begun(bench.race, "shift target +6 m"))
        race = another(bench, plan)

        async def second() -> None:
            await join(race, tmp_path / "none.json")
            async with kept(race):
                with pytest.raises(RailError, match="another computer has changed the plan"):
                    await obey(race, "shift target -3 m")
                await asyncio.sleep(8.0)
                hashes = [(await m.client.status()).table_hash for m in race.fleet.members]
                await obey(race, "recall")
                await obey(race, "arm")
            assert hashes == [m.table[-8:] for m in bench.race.fleet.members]

        loop.run_until_complete(second())
        assert race.phase == "armed" and "the boards keep it" in said(race)


def test_another_computer_takes_over_the_boards_time(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own clock began somewhere else: the light must not move by a millimetre for that."""
    with rail(plan) as (bench, loop):
        loop.run_until_complete(begun(bench.race))
        away_us = 987_654_321_000
        true_clock = bench.world.host_clock_us
        clock = FleetTime()
        monkeypatch.setattr("pacerail.ports.host_clock_us", lambda: true_clock() - away_us)
        bench.world.host_clock_us = clock  # type: ignore[method-assign]
        race = another(bench, plan, clock)

        async def second() -> None:
            await join(race, None, clock)
            async with kept(race):
                await follow(race)
            await finish(race)

        loop.run_until_complete(second())
        assert abs(clock.ahead_us - away_us) < 20_000
        assert "another computer started this race" in said(race) and race.shortcomings == []
        bench.world.catch_up()
        assert bench.tally.judge.errors_mm().max() < 60  # its time is the boards' to some milliseconds, slewed to


def test_there_must_be_a_race_to_join(plan: Plan) -> None:
    with rail(plan) as (bench, loop):
        with pytest.raises(RailError, match=r"no board runs plan .*leave out --join"):
            loop.run_until_complete(join(bench.race))
        loop.run_until_complete(run(bench.race, 1.0, until_s=1.0))


def test_a_journal_that_is_broken_or_another_plans_is_none(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "race.json"
    boom = '{"kind":"Boom","change":{}}'
    other = '{"format":"pacerail-journal/1","plan_hash":"x","steps":[]}'
    odd = f'{{"format":"pacerail-journal/1","plan_hash":"{plan.hash}","steps":[{boom}]}}'
    for text in ("", "{", "[]", other, odd):
        path.write_text(text)
        assert read_journal(plan, path).steps == ()
    assert read_journal(plan, tmp_path / "not-there").steps == ()
