"""A race that runs is taken over by a new program: from when it is found on, stop, recall and splits work as ever."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from pacerail.bench.night import BenchNight
from pacerail.errors import RailError
from pacerail.fleet import new_estimator
from pacerail.ports import FleetTime
from pacerail.race.join import join, read_athlete, save_journal
from pacerail.race.night import Night
from tests.rail.nightbench import played, running, said, states


async def another(night: Night, journal: Path | None = None, name: str = "p") -> Night:
    """The program of a night dies; one that begins anew, and knows nothing of the race."""
    await night._let_go()
    for member in night.fleet.members:
        member.estimator = new_estimator()
        member.last_sample = member.identity = member.status = None
    made = Night(
        night.rail,
        night.fleet,
        night._load,
        changed=lambda race: None if journal is None else save_journal(race, journal),
    )
    await made.load(name)
    return made


async def found(night: Night) -> None:
    """Until the new program knows what the boards run. The clocks take some 6 s from then."""
    while night.phase != "running":
        await asyncio.sleep(0.01)


def test_a_clock_that_is_not_known_in_time_is_no_reason_to_give_the_race_up(tmp_path: Path) -> None:
    """b02's cable is pulled while the clocks are looked at, and comes back half a minute later."""

    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night, for_s=5.0)
        two = await another(night)
        taking = asyncio.ensure_future(two.take_over(join))
        await found(two)
        bench.world.links[1].cut = True
        await taking
        assert "no clock good enough after 20 s: b02: " in said(two) and two.phase == "running" and two.confirmed
        bench.world.links[1].cut = False
        await asyncio.sleep(5.0)
        assert "b02: answers again" in said(two) and await states(two) == ["running", "running"]
        await two.order("recall")
        assert two.phase == "ready" and await states(two) == ["loaded", "loaded"]
        await two.close()

    played(tmp_path, scenario)


@pytest.mark.parametrize("pressed", ["recall", "stop"])
def test_recall_and_stop_break_the_taking_over_off_and_the_boards_are_kept(tmp_path: Path, pressed: str) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night, for_s=5.0)
        two = await another(night)
        taking = asyncio.ensure_future(two.take_over(join))
        await found(two)
        assert two.busy == "taking over"
        if pressed == "recall":
            bench.world.links[1].cut = True  # it misses the recall
        await two.order(pressed)
        with pytest.raises(RailError, match="broken off while taking over"):
            await taking
        assert two.confirmed
        if pressed == "stop":
            await asyncio.sleep(0.5)
            assert two.phase == "stopped" and await states(two) == ["loaded", "loaded"]
        else:
            assert two.phase == "ready"
            bench.world.links[1].cut = False
            await asyncio.sleep(6.0)
            assert await states(two) == ["loaded", "loaded"], said(two)  # somebody looks after them
            await two.order("arm")
            assert await states(two) == ["armed", "armed"]
        await two.close()

    played(tmp_path, scenario)


def test_a_split_while_the_clocks_are_looked_at_is_noted_behind_those_of_before(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        journal = tmp_path / "race.json"
        night.athlete.timing._changed = lambda race: save_journal(race, journal)
        await running(night, for_s=60.0)
        night.athlete.split(night.fleet.clock())
        await asyncio.sleep(52.0)
        two = await another(night, journal)
        taking = asyncio.ensure_future(two.take_over(partial(join, journal=journal)))
        await found(two)
        two.athlete.split(two.fleet.clock())
        await taking
        assert two.athlete.splits is not None and two.race is not None and two.race.gun is not None
        passings = two.athlete.splits.passings
        assert [one.distance_m for one in passings.passed] == [400, 800]
        assert read_athlete(two.race.plan, journal, two.race.gun.zero_us) == passings
        await two.close()

    played(tmp_path, scenario)


def test_the_fleets_time_is_not_moved_for_a_race_that_is_not_taken_over(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night, for_s=5.0)
        two = await another(night, name="short")
        true_clock, time = night.fleet.clock, FleetTime()
        two.fleet.clock = lambda: true_clock() - 987_000_000 + time.ahead_us  # of another computer
        with pytest.raises(RailError, match="but they run plan"):
            await two.take_over(partial(join, time=time))
        assert time.ahead_us == 0 and two.phase == "idle" and "its time is taken over" not in said(two)
        await two.load("p")
        await two.take_over(partial(join, time=time))
        assert abs(time.ahead_us - 987_000_000) < 20_000 and two.phase == "running"
        await two.close()

    played(tmp_path, scenario)
