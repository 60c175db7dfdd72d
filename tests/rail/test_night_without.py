"""A board that is not there when the rail is made ready: named, done without if a person says so, and taken in late."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pacerail.bench.night import BenchNight
from pacerail.console.state import moment
from pacerail.errors import RailError
from pacerail.race.night import Night
from tests.rail.nightbench import played, said, states


async def confirmed(night: Night) -> None:
    night.confirm((await night.load("short")).hash)


def test_a_race_without_a_board_and_the_board_that_comes_late(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        bench.world.links[1].cut = True
        await confirmed(night)
        assert moment(night, 1, 1.0).state["missing"] == []
        with pytest.raises(RailError, match=r"check failed on 1 of 2 boards:\n  b02: no answer"):
            await night.ready()
        assert moment(night, 2, 1.0).state["missing"] == ["b02"] and night.phase == "idle"

        await night.ready(without=["b02"])
        assert night.missing == () and "b02: the race is made ready without it" in said(night)
        await night.order("arm")
        await night.order("start")
        await asyncio.sleep(5)
        assert night.phase == "running" and [member.lost for member in night.fleet.members] == [False, True]
        assert bench.rgb[1] == bytes(3 * 60)

        bench.world.links[1].cut = False
        await asyncio.sleep(5)
        assert "b02: answers now: it is taken in" in said(night)
        assert await states(night) == ["running", "running"]
        first, second = (member.status for member in night.fleet.members)
        assert first is not None and second is not None and first.gun_us == second.gun_us
        await asyncio.sleep(55)
        assert night.phase == "finished" and night.race is not None and night.race.shortcomings == []

    played(tmp_path, scenario)


def test_without_holds_for_one_race_and_only_for_boards_that_there_are(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        bench.world.links[1].cut = True
        await confirmed(night)
        for names, why in ((["b09"], "no board is called that"), (["b01", "b02"], "every board")):
            with pytest.raises(RailError, match=why):
                await night.ready(without=names)
        assert night.race is None
        await night.ready(without=["b02"])
        await night.order("stop")
        with pytest.raises(RailError, match="b02: no answer"):
            await night.ready()

    played(tmp_path, scenario)


def test_a_board_that_stays_away_is_no_fault_of_the_race_but_is_told(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        bench.world.links[0].cut = True
        await confirmed(night)
        await night.ready(without=["b01"])
        await night.order("arm")
        await night.order("start")
        await asyncio.sleep(70)
        assert night.phase == "finished" and night.race is not None and night.race.shortcomings == []
        assert "b01: was not in the race, and was not waited for" in said(night)

    played(tmp_path, scenario)
