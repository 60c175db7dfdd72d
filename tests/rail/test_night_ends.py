"""The program is ended, or something breaks something else off, at the worst moment: no board is left armed or lit."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from pacerail.bench.night import BenchNight
from pacerail.console.desk import Desk, Pace
from pacerail.console.mailbox import Mailbox
from pacerail.console.run import serve
from pacerail.errors import RailError
from pacerail.race.alone import Alone
from pacerail.race.night import Night
from pacerail.race.orders import obey
from pacerail.race.prepare import arm
from pacerail.race.run import run
from tests.rail.nightbench import armed, made_ready, played, running, said, states


async def half_armed(bench: BenchNight, night: Night) -> asyncio.Task[None]:
    """b01 is armed, and b02's link has been pulled; the order that arms them is still under way."""
    bench.world.links[1].cut = True
    arming = asyncio.ensure_future(night.order("arm"))
    await asyncio.sleep(0.4)
    assert night.phase == "arming" and (await night.fleet.members[0].client.status()).state == "armed"
    return arming


def test_ctrl_c_while_arming_leaves_no_board_armed(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await made_ready(night)
        arming = await half_armed(bench, night)
        closing = asyncio.ensure_future(night.close())
        await asyncio.sleep(0)
        bench.world.links[1].cut = False
        await closing
        with pytest.raises(RailError, match="broken off while arming"):
            await arming
        assert await states(night) == ["loaded", "loaded"]
        with pytest.raises(RailError, match="the program is ending"):
            await night.order("arm")

    played(tmp_path, scenario)


def test_ctrl_c_while_arming_waits_for_a_board_that_is_gone_only_for_a_while(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await made_ready(night)
        arming = await half_armed(bench, night)
        begun_us = night.fleet.clock()
        await night.close()
        assert night.fleet.clock() - begun_us < 4_000_000
        await asyncio.gather(arming, return_exceptions=True)
        assert "b02: may still be armed: no answer" in said(night)
        assert (await night.fleet.members[0].client.status()).state == "loaded"

    played(tmp_path, scenario)


def test_who_asked_for_the_arming_goes_away_and_no_board_stays_armed(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await made_ready(night)
        arming = await half_armed(bench, night)
        arming.cancel()
        bench.world.links[1].cut = False
        await asyncio.sleep(0.5)  # less than it takes until the boards are looked at the next time
        assert night.phase == "ready" and night.busy is None and await states(night) == ["loaded", "loaded"]

    played(tmp_path, scenario)


def test_stop_breaks_an_arming_off_and_every_board_is_unarmed(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await made_ready(night)
        arming = await half_armed(bench, night)
        bench.world.links[1].cut = False
        await night.order("stop")
        with pytest.raises(RailError, match="broken off while arming"):
            await arming
        await asyncio.sleep(0.3)
        assert night.phase == "stopped" and await states(night) == ["loaded", "loaded"]
        await asyncio.sleep(3.0)
        assert await states(night) == ["loaded", "loaded"]

    played(tmp_path, scenario)


def test_a_typed_recall_that_breaks_an_arming_off_leaves_no_board_armed(tmp_path: Path) -> None:
    """There is nothing to recall; but what was under way has been broken off by then."""

    async def scenario(bench: BenchNight, night: Night) -> None:
        await made_ready(night)
        race = night.race
        assert race is not None
        arming = asyncio.ensure_future(obey(race, "arm"))
        await asyncio.sleep(0.004)
        assert race.phase == "arming"
        arming.cancel()
        with pytest.raises(RailError, match="nothing to recall"):
            await obey(race, "recall")
        await asyncio.sleep(0.5)
        assert race.phase == "ready" and await states(night) == ["loaded", "loaded"]

    played(tmp_path, scenario)


def test_a_typed_stop_while_it_arms_for_the_first_time_leaves_no_board_armed(tmp_path: Path) -> None:
    """`pacerail race`: nobody looks after the boards yet, and the program ends then."""

    async def scenario(bench: BenchNight, night: Night) -> None:
        await made_ready(night)
        await night._keeper.let_go()
        race = night.race
        assert race is not None
        running = asyncio.ensure_future(run(race, 1.0, begin=arm))
        await asyncio.sleep(0.004)
        assert race.phase == "arming"
        await obey(race, "stop")
        await running
        await asyncio.sleep(0.5)
        assert race.phase == "stopped" and await states(night) == ["loaded", "loaded"]

    played(tmp_path, scenario)


@pytest.mark.parametrize("how", ["closed", "asker gone"])
def test_a_stop_that_is_on_its_way_reaches_the_boards_whoever_goes_away(tmp_path: Path, how: str) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night)
        bench.world.links[1].cut = True
        stopping = asyncio.ensure_future(night.order("stop"))
        await asyncio.sleep(0.1)
        if how == "closed":
            ending = asyncio.ensure_future(night.close())
        else:
            stopping.cancel()
            ending = asyncio.ensure_future(asyncio.sleep(1.5))
        await asyncio.sleep(0.3)
        bench.world.links[1].cut = False
        await ending
        await asyncio.gather(stopping, return_exceptions=True)
        assert await states(night) == ["loaded", "loaded"]
        assert night.race is not None and night.race.shortcomings == []

    played(tmp_path, scenario)


def test_a_typed_stop_that_is_on_its_way_is_waited_for(tmp_path: Path) -> None:
    """`pacerail race`: Ctrl-C breaks off everything that is typed, and then the ports are closed."""

    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night)
        await night._keeper.let_go()
        assert night.race is not None
        bench.world.links[1].cut = True
        stopping = asyncio.ensure_future(obey(night.race, "stop"))
        await asyncio.sleep(0.1)
        stopping.cancel()
        waiting = asyncio.ensure_future(night.race.heard_through())
        await asyncio.sleep(0.3)
        bench.world.links[1].cut = False
        await waiting
        await asyncio.sleep(0.2)
        assert await states(night) == ["loaded", "loaded"]

    played(tmp_path, scenario)


def test_a_second_ctrl_c_does_not_break_a_stop_off(tmp_path: Path) -> None:
    class NoServer:
        """Nobody looks."""

        def attend(self, desk: Desk, loop: asyncio.AbstractEventLoop) -> None:
            return

        def close(self) -> None:
            return

    async def scenario(bench: BenchNight, night: Night) -> None:
        desk = Desk(night, bench, Pace(None, bench.fleet_us_at, bench.catch_up), Mailbox(lambda: None))
        serving = asyncio.ensure_future(serve(desk, NoServer()))  # type: ignore[arg-type]
        await running(night)
        bench.world.links[1].cut = True
        stopping = asyncio.ensure_future(night.order("stop"))
        await asyncio.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.2)
        bench.world.links[1].cut = False
        await serving
        await asyncio.gather(stopping, return_exceptions=True)
        assert "the program is ending, a few seconds at most" in said(night)
        assert await states(night) == ["loaded", "loaded"]

    played(tmp_path, scenario)


def test_a_recall_that_is_on_its_way_reaches_the_boards_before_the_program_ends(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night)
        bench.world.links[1].cut = True
        recalling = asyncio.ensure_future(night.order("recall"))
        await asyncio.sleep(0.1)
        ending = asyncio.ensure_future(night.close())
        await asyncio.sleep(0.3)
        bench.world.links[1].cut = False
        await ending
        await asyncio.gather(recalling, return_exceptions=True)
        await asyncio.sleep(2.0)
        assert await states(night) == ["loaded", "loaded"]

    played(tmp_path, scenario)


def test_a_stop_of_boards_that_are_gone_does_not_hold_the_end_up_for_long(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night)
        for link in bench.world.links:
            link.cut = True
        stopping = asyncio.ensure_future(night.order("stop"))
        await asyncio.sleep(0.1)
        begun_us = night.fleet.clock()
        await night.close()
        assert night.fleet.clock() - begun_us < 9_000_000
        await asyncio.gather(stopping, return_exceptions=True)

    played(tmp_path, scenario)


@pytest.mark.parametrize("order", ["recall", "stop"])
def test_what_is_sent_to_the_boards_goes_before_what_is_said(tmp_path: Path, order: str) -> None:
    done: list[str] = []

    async def scenario(bench: BenchNight, night: Night) -> None:
        await armed(night)
        for link in bench.world.links:

            def noted(data: bytes, write: Callable[[bytes], int] = link.write) -> int:
                done.append("sent")
                return write(data)

            link.write = noted  # type: ignore[method-assign]
        night.observers.append(lambda event: done.append(event.words))
        done.clear()
        await night.order(order)

    played(tmp_path, scenario)
    assert done[:2] == ["sent", "sent"], done[:4]


def test_two_things_at_a_time() -> None:
    """What `Alone` promises, without a rail."""
    notes: list[str] = []

    async def whole() -> None:
        alone = Alone(notes.append)
        ended: list[str] = []

        async def lasting(name: str, seconds: float) -> str:
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                ended.append(f"{name} broken off")
                raise
            ended.append(name)
            return name

        changing = asyncio.ensure_future(alone.do("changing", lambda: lasting("a", 0.2)))
        await asyncio.sleep(0)
        assert await alone.beside("changing", lambda: lasting("b", 0.01)) == "b"
        assert alone.busy == "changing"
        beside = asyncio.ensure_future(alone.beside("changing", lambda: lasting("c", 0.2)))
        await asyncio.sleep(0)
        assert await alone.do("stopping", lambda: lasting("d", 0.01), lasting=True) == "d"
        assert sorted(ended) == ["a broken off", "b", "c broken off", "d"] and alone.busy is None
        for broken in (changing, beside):
            with pytest.raises(RailError, match="broken off while changing"):
                await broken
        assert notes == ["stopping: what was under way is broken off"]
        asyncio.ensure_future(alone.do("stopping", lambda: lasting("e", 5.0), lasting=True)).add_done_callback(
            lambda task: task.exception()
        )
        await asyncio.sleep(0)
        await alone.close(patience_s=0.02)
        assert ended[-1] == "e broken off" and alone.busy is None

    asyncio.run(whole())
