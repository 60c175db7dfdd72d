"""Who keeps a race is let go of whole, whatever breaks that off: the boards of the next race are another's to keep."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pacerail.bench.night import BenchNight
from pacerail.errors import RailError
from pacerail.race.keeper import Keeper
from pacerail.race.night import Night
from tests.rail.nightbench import played, running, said, states


def test_stop_prepare_and_stop_leave_nobody_who_stops_the_next_race(tmp_path: Path) -> None:
    """b02 is gone: it takes seconds until the end of the race is told, and the second stop falls into them."""

    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night, "short", for_s=3.0)
        bench.world.links[1].cut = True
        await night.order("stop")
        preparing = asyncio.ensure_future(night.ready())
        await asyncio.sleep(0.5)
        assert night.busy == "making ready"
        await night.order("stop")
        with pytest.raises(RailError, match="broken off"):
            await preparing
        bench.world.links[1].cut = False
        await asyncio.sleep(5.0)
        await night.ready()
        await night.order("arm")
        await night.order("start")
        await asyncio.sleep(8.0)
        assert await states(night) == ["running", "running"], said(night)
        assert "was still running: stopped" not in said(night)

    played(tmp_path, scenario)


def test_a_letting_go_that_is_cancelled_leaves_no_task(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night, "short", for_s=3.0)
        bench.world.links[1].cut = True
        await night.order("stop")
        keeper: Keeper = night._keeper
        before = asyncio.all_tasks()
        task = keeper._task
        assert task is not None and not task.done()
        letting_go = asyncio.ensure_future(keeper.let_go())
        await asyncio.sleep(0.2)
        letting_go.cancel()
        await asyncio.wait([letting_go, task], timeout=2.0)
        await asyncio.sleep(0)
        assert task.cancelled() and not asyncio.all_tasks() - before

    played(tmp_path, scenario)
