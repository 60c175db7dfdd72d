"""What the athlete passed is there to be exported until the next race is armed, whatever is pressed before that."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pacerail.bench.night import BenchNight
from pacerail.errors import InputError, RailError
from pacerail.race.night import Night
from tests.rail.nightbench import RAIL, armed, made_ready, played, running

PASSED_M = 400.0


async def ran(night: Night) -> float:
    """A race in which the athlete passed 400 m, and the plan was changed; how far the light is ahead there now."""
    await running(night, for_s=30.0)
    await night.order("shift target +5 m")
    await asyncio.sleep(30.0)
    night.athlete.split(night.fleet.clock())
    assert night.race is not None
    return night.race.plan_now.waves[0].motion.distance_m(60.0)


def exported(night: Night) -> tuple[list[float], str, float]:
    """The distances passed, the plan's title, and where its light is 60 s after the gun."""
    assert night.athlete.passed is not None
    passings, plan = night.athlete.passed
    return [one.distance_m for one in passings.passed], plan.title, plan.waves[0].motion.distance_m(60.0)


@pytest.mark.parametrize("pressed", ["recall", "prepare", "load"])
def test_it_stays_until_the_next_race_is_armed(tmp_path: Path, pressed: str) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        at_m = await ran(night)
        assert exported(night) == ([PASSED_M], "two laps", at_m)
        if pressed == "recall":
            await night.order("recall")
        elif pressed == "prepare":
            await night.order("stop")
            await night.ready()
        else:
            await night.order("stop")
            await night.load("short")
        assert exported(night) == ([PASSED_M], "two laps", at_m)
        if pressed == "load":
            assert night.athlete.splits is not None and night.athlete.splits.passings.passed == ()
            night.confirm(night.plan.hash if night.plan else "")
            await night.ready()
            assert exported(night) == ([PASSED_M], "two laps", at_m)
        await night.order("arm")
        assert exported(night)[0] == []
        assert exported(night)[2] != at_m

    played(tmp_path, scenario)


def test_an_arming_that_fails_wipes_nothing(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        at_m = await ran(night)
        await night.order("recall")
        bench.world.links[1].cut = True
        with pytest.raises(RailError):
            await night.order("arm")
        bench.world.links[1].cut = False
        assert exported(night) == ([PASSED_M], "two laps", at_m)
        await asyncio.sleep(5.0)
        await night.order("arm")
        assert exported(night)[0] == []

    played(tmp_path, scenario)


def test_a_plan_that_cannot_be_loaded_wipes_nothing(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        at_m = await ran(night)
        await night.order("stop")
        (tmp_path / "short.toml").write_text("distance = 12")
        with pytest.raises(InputError):
            await night.load("short")
        assert night.athlete.splits is not None and night.athlete.splits.passings.passed != ()
        assert exported(night) == ([PASSED_M], "two laps", at_m)

    played(tmp_path, scenario)


def test_what_is_put_right_after_the_race_is_exported_so(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        at_m = await ran(night)
        await night.order("recall")
        night.athlete.undo()
        assert exported(night) == ([], "two laps", at_m)

    played(tmp_path, scenario)


def test_without_a_plan_there_is_nothing_and_a_fresh_one_has_no_passings(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        assert night.athlete.passed is None
        await made_ready(night)
        assert exported(night)[0] == []
        await night.load("short")
        assert exported(night)[:2] == ([], "two laps") and night.athlete.passed is not None
        assert night.athlete.passed[1].distance_m == 400 and night.rail is RAIL
        await armed(night, "short")

    played(tmp_path, scenario)
