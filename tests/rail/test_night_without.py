"""A board that is not there when the rail is made ready: named, done without if a person says so, and taken in late."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pacerail.bench.night import BenchNight
from pacerail.console.state import moment
from pacerail.console.trouble import warnings
from pacerail.errors import RailError
from pacerail.race import keep
from pacerail.race.night import Night
from tests.rail.nightbench import played, said, states


async def confirmed(night: Night, name: str = "short") -> None:
    night.confirm((await night.load(name)).hash)


async def started_without(night: Night, board: str) -> None:
    await night.ready(without=[board])
    await night.order("arm")
    await night.order("start")


async def comes_in(bench: BenchNight, night: Night) -> None:
    """The second board's cable is mended: both run the plan in hand, from the same gun."""
    await asyncio.sleep(4)
    bench.world.links[1].cut = False
    await asyncio.sleep(6)
    assert await states(night) == ["running", "running"], said(night)
    first, second = [await member.client.status() for member in night.fleet.members]
    assert night.plan is not None and first.plan_hash == second.plan_hash == night.plan.hash
    assert first.gun_us == second.gun_us


def test_a_race_without_a_board_and_the_board_that_comes_late(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        bench.world.links[1].cut = True
        await confirmed(night)
        assert moment(night, 1, 1.0).state["missing"] == []
        with pytest.raises(RailError, match=r"check failed on 1 of 2 boards:\n  b02: no answer"):
            await night.ready()
        told = moment(night, 2, 1.0).state
        assert told["missing"] == ["b02"] and night.phase == "idle"
        assert told["warnings"][0]["text"] == "b02: the rail could not be made ready because of this"

        await night.ready(without=["b02"])
        assert night.missing == () and "b02: the race is made ready without it" in said(night)
        await night.order("arm")
        await night.order("start")
        await asyncio.sleep(5)
        assert night.phase == "running" and [member.lost for member in night.fleet.members] == [False, True]
        assert [told["text"] for told in warnings(night)] == ["b02: done without, dark"]
        assert bench.rgb[1] == bytes(3 * 60)

        bench.world.links[1].cut = False
        await asyncio.sleep(5)
        assert "b02: answers now: it is taken in" in said(night)
        assert await states(night) == ["running", "running"]
        first, second = (member.status for member in night.fleet.members)
        assert first is not None and second is not None and first.gun_us == second.gun_us
        await asyncio.sleep(60)
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


def test_a_board_that_was_stopped_in_the_race_before_comes_in(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await confirmed(night)
        await night.ready()
        await night.order("arm")
        await night.order("start")
        await asyncio.sleep(3)
        await night.order("stop")
        bench.world.links[1].cut = True
        await started_without(night, "b02")
        await comes_in(bench, night)

    played(tmp_path, scenario)


@pytest.mark.parametrize("ends", [True, False])
def test_a_board_that_shows_the_race_before_gets_the_plan_of_this_one(tmp_path: Path, ends: bool) -> None:
    """It has finished it, or missed its stop and runs it still: another plan, another gun."""

    async def scenario(bench: BenchNight, night: Night) -> None:
        await confirmed(night)
        await night.ready()
        await night.order("arm")
        await night.order("start")
        await asyncio.sleep(72 if ends else 3)
        bench.world.links[1].cut = True
        if not ends:
            await night.order("stop")
        await confirmed(night, "p")
        await started_without(night, "b02")
        await comes_in(bench, night)

    played(tmp_path, scenario)


def test_recall_and_stop_do_not_wait_for_a_board_that_is_away(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        bench.world.links[1].cut = True
        await confirmed(night)
        await started_without(night, "b02")
        assert [member.identity is None for member in night.fleet.members] == [False, True]
        await asyncio.sleep(3)
        asked_us = night.fleet.clock()
        await night.order("recall")
        assert night.phase == "ready" and night.fleet.clock() - asked_us < 2_000_000
        assert "may still be lit" not in said(night)
        await night.order("arm")
        assert "armed: 1 of 2 boards wait for the gun, without b02" in said(night)
        asked_us = night.fleet.clock()
        await night.order("stop")
        assert night.fleet.clock() - asked_us < 300_000
        await asyncio.sleep(1)
        assert night.race is not None and night.race.shortcomings == []

    played(tmp_path, scenario)


def test_a_late_board_is_not_lit_before_its_clock_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    why: list[str] = ["known to 9000 us only, 2000 us are wanted"]
    monkeypatch.setattr(keep, "why_wide", lambda member, now_us: why[0] if why else None)

    async def scenario(bench: BenchNight, night: Night) -> None:
        bench.world.links[1].cut = True
        await confirmed(night)
        await started_without(night, "b02")
        bench.world.links[1].cut = False
        await asyncio.sleep(8)
        assert said(night).count("b02: is not lit yet, because of its clock: known to 9000 us only") == 1
        assert (await states(night))[1] == "loaded"
        why.clear()
        await asyncio.sleep(6)
        assert await states(night) == ["running", "running"]

    played(tmp_path, scenario)
