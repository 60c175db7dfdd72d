"""Race night going wrong, on the simulated rail: messages missed at the worst moment, another host's leavings."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator
from pathlib import Path

import pytest

from pacerail.bench import run as bench_run
from pacerail.bench.loop import WorldLoop
from pacerail.bench.run import Bench, Settings, build_bench, run_bench
from pacerail.bench.world import World
from pacerail.compile import compile_tables
from pacerail.errors import RailError
from pacerail.fleet import upload_one
from pacerail.gun import Gun, scheduled
from pacerail.model.plan import Plan
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.race.keep import kept
from pacerail.race.orders import obey
from pacerail.race.prepare import arm, prepare, synchronise
from pacerail.race.run import finish, follow, run, start

RAIL = even_rail(boards=2, leds=60)
PLAN = """\
distance = "100 m"
[[wave]]
name     = "target"
colour   = "#00ff40"
target   = "14.9"
hold_s   = 0.5
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    path = tmp_path / "p.toml"
    path.write_text(PLAN)
    return load_plan(path, RAIL.track)


@contextlib.contextmanager
def rail(plan: Plan) -> Generator[tuple[Bench, WorldLoop]]:
    """Two boards with power, and an event loop in their world."""
    world = World(3_600_000_000_000)
    loop = WorldLoop(world, None)
    asyncio.set_event_loop(loop)
    try:
        yield build_bench(plan, RAIL, Settings(speed=None, ppm=40), world, compile_tables(plan, RAIL)), loop
    finally:
        world.close()
        asyncio.set_event_loop(None)
        loop.close()


def states(bench: Bench, loop: WorldLoop) -> list[str]:
    """What each board says that it is."""
    return [loop.run_until_complete(m.client.status()).state for m in bench.race.fleet.members]


def said(bench: Bench) -> str:
    """The race's log."""
    return "\n".join(f"{event.board}: {event.words}" for event in bench.race.events)


async def started(bench: Bench, go_in_s: float) -> None:
    """Armed, and given a gun."""
    await arm(bench.race)
    await start(bench.race, scheduled(bench.race.fleet.clock(), go_in_s))


async def followed(bench: Bench, until_s: float | None = None) -> None:
    """Looked after to its end."""
    async with kept(bench.race):
        await follow(bench.race, until_s)
    await finish(bench.race)


async def ready(bench: Bench) -> None:
    """Checked, uploaded, synchronised."""
    await prepare(bench.race)
    await synchronise(bench.race)


def test_a_board_that_misses_the_gun_is_brought_into_the_race(plan: Plan) -> None:
    with rail(plan) as (bench, loop):

        async def whole() -> None:
            await ready(bench)
            link = bench.world.links[1]
            member = bench.race.fleet.members[1]
            go = member.client.go

            async def deaf(gun_us: int) -> None:
                link.cut = True
                await go(gun_us)

            member.client.go = deaf  # type: ignore[method-assign]
            await started(bench, 2.0)
            member.client.go = go  # type: ignore[method-assign]
            link.cut = False
            await followed(bench)

        loop.run_until_complete(whole())
        assert "b02: did not take the gun" in said(bench)
        assert "b02: had missed the gun: is in the race now" in said(bench)
        assert bench.race.shortcomings == []
        bench.world.catch_up()
        assert bench.tally.judge.errors_mm().max() < 15


def test_a_rejoin_that_is_cut_short_is_tried_again(plan: Plan) -> None:
    """Armed again but without the gun, since the link went just then: armed and dark must not be the end of it."""
    with rail(plan) as (bench, loop):

        async def whole() -> None:
            await ready(bench)
            await started(bench, 1.0)
            member = bench.race.fleet.members[0]
            await member.client.stop()
            await member.client.arm(plan.hash)
            await followed(bench)

        loop.run_until_complete(whole())
        assert "b01: had missed the gun: is in the race now" in said(bench)
        assert bench.race.shortcomings == []


def test_arming_that_fails_on_one_board_leaves_none_armed(plan: Plan) -> None:
    with rail(plan) as (bench, loop):
        loop.run_until_complete(ready(bench))
        bench.world.links[1].cut = True
        with pytest.raises(RailError, match="b02"):
            loop.run_until_complete(started(bench, 1.0))
        bench.world.links[1].cut = False
        assert states(bench, loop) == ["loaded", "loaded"]


def test_what_another_host_left_running_is_stopped_first(plan: Plan) -> None:
    """Its boards would only slew to this host's clock, half a millisecond in a second."""
    with rail(plan) as (bench, loop):

        async def left_alone() -> None:
            await ready(bench)
            await started(bench, 30.0)

        loop.run_until_complete(left_alone())
        assert states(bench, loop) == ["running", "running"]
        bench.race.gun = None
        loop.run_until_complete(run(bench.race, 1.0))
        assert "b01: was still running from before: stopped" in said(bench)
        assert bench.race.shortcomings == []
        bench.world.catch_up()
        assert bench.tally.judge.errors_mm().max() < 15


def test_a_computer_that_slept_does_not_pull_the_light_along(plan: Plan) -> None:
    """A host clock that stands still for 5 s in the race: the boards keep their own."""
    with rail(plan) as (bench, loop):
        asleep_us = 0

        def clock_us() -> int:
            return bench.world.now_ns // 1000 - asleep_us

        async def whole() -> None:
            nonlocal asleep_us
            await ready(bench)
            await started(bench, 1.0)
            following = asyncio.ensure_future(followed(bench, until_s=14.0))
            await asyncio.sleep(4.0)
            asleep_us = 5_000_000
            bench.race.fleet.clock = clock_us
            bench.world.host_clock_us = clock_us  # type: ignore[method-assign]
            await following

        loop.run_until_complete(whole())
        assert "did the computer sleep" in said(bench)
        bench.world.catch_up()
        assert bench.tally.judge.errors_mm().max() < 15


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (b"self.buffer)", b"bytes(len(self.buffer)))"),  # every frame black
        (b"self.buffer)", b"self.buffer[1:] + self.buffer[:1])"),  # red, green and blue mixed up
    ],
)
def test_light_that_is_missing_or_wrong_is_a_failure(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, fault: bytes, words: bytes
) -> None:
    """A driver that shows something else, at full rate: the judge looks at the light and not at the board's word."""
    files = bench_run.firmware_files()
    path = "pacerail_node/hardware/sim.py"
    assert files[path].count(fault) == 1
    files[path] = files[path].replace(fault, words)
    monkeypatch.setattr(bench_run, "firmware_files", lambda: files)
    _, report = run_bench(plan, RAIL, Settings(speed=None, ppm=40))
    assert report.dropped == 0
    assert any("the light was off the plan" in failure for failure in report.failures)


def test_what_another_program_stopped_stays_dark(plan: Plan) -> None:
    """`pacerail stop` from a second terminal, while this program looks after the boards."""
    with rail(plan) as (bench, loop):

        async def whole() -> None:
            await ready(bench)
            await started(bench, 1.0)
            async with kept(bench.race):
                await asyncio.sleep(4.0)
                for member in bench.race.fleet.members:
                    await member.client.stop()
                await asyncio.sleep(6.0)

        loop.run_until_complete(whole())
        assert states(bench, loop) == ["loaded", "loaded"]
        assert said(bench).count("was stopped by another program: left as it is") == 2


def test_a_gun_that_a_person_chose_is_not_taken_back(plan: Plan) -> None:
    """A false edge on the pin, and somebody who knows better; then the pin's clock gets known better still."""
    with rail(plan) as (bench, loop):
        race = bench.race

        async def whole() -> None:
            await ready(bench)
            await arm(race)
            now_us = race.fleet.clock()
            await start(race, Gun("pin", now_us, 300))
            await asyncio.sleep(2.0)
            await obey(race, "start ago 1")
            chosen = race.gun
            assert chosen is not None and chosen.source == "ago"
            await start(race, Gun("pin", now_us + 400, 20))
            assert race.gun is chosen
            await obey(race, "gun pin")
            assert race.gun is not None and race.gun.source == "pin"
            await obey(race, "recall")
            with pytest.raises(RailError, match="no gun now: the race is ready"):
                await obey(race, "gun pin")
            assert race.phase == "ready" and race.heard == {}

        loop.run_until_complete(whole())


def test_a_gun_heard_while_boards_are_still_being_armed_is_taken_then(plan: Plan) -> None:
    with rail(plan) as (bench, loop):
        race = bench.race

        async def whole() -> None:
            await ready(bench)
            arming = asyncio.ensure_future(arm(race))
            await asyncio.sleep(0.001)
            assert race.phase == "arming"
            await start(race, Gun("pin", race.fleet.clock(), 100))
            await arming
            await asyncio.sleep(0.5)

        loop.run_until_complete(whole())
        assert race.phase == "running" and states(bench, loop) == ["running", "running"]


def test_a_change_that_a_board_missed_while_armed_is_made_good_before_the_gun(plan: Plan) -> None:
    with rail(plan) as (bench, loop):
        race = bench.race

        async def whole() -> None:
            await ready(bench)
            await arm(race)
            async with kept(race):
                await asyncio.sleep(1.0)
                bench.world.links[1].cut = True
                await obey(race, "shift target +3 m")
                bench.world.links[1].cut = False
                await asyncio.sleep(4.0)

        loop.run_until_complete(whole())
        assert race.phase == "armed" and "b02: has the change of plan now" in said(bench)


def test_a_board_that_started_anew_has_room_for_every_later_change(plan: Plan) -> None:
    """It gets the plan as it was read back, and the change on top: its spare room is that of the others."""
    with rail(plan) as (bench, loop):
        race = bench.race

        async def whole() -> None:
            await ready(bench)
            await arm(race)
            async with kept(race):
                for _ in range(20):
                    await obey(race, "shift target +0.1 m")
                member = race.fleet.members[0]
                await member.client.stop()
                await upload_one(member, race.loaded_table(member))
                await member.client.arm(plan.hash)
                await asyncio.sleep(4.0)
                assert (await member.client.status()).table_hash == member.table[-8:]
            assert race.loaded_table(member) != member.table

        loop.run_until_complete(whole())
