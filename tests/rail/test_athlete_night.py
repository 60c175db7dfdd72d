"""The athlete against the light through the console: keys, missed marks, a moved zero, FinishLynx, another program."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pacerail.bench.guns import SimGun
from pacerail.bench.night import BenchNight
from pacerail.bench.run import Settings
from pacerail.race.join import join, save_journal
from pacerail.race.night import Night
from pacerail.race.state import Race
from tests.rail.consoleviewer import FAST, PLAN, Door, Viewer, make_ready, played


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "p.toml"
    path.write_text(PLAN)
    return path


async def at(viewer: Viewer, race_s: float) -> None:
    """Wait for a race time."""
    await viewer.until(lambda v: v.state is not None and (v.state["race_s"] or -1.0) > race_s)


async def rows(viewer: Viewer, count: int) -> list[dict[str, Any]]:
    """The athlete's rows, once there are so many."""
    await viewer.until(lambda v: v.state is not None and len(v.state["athlete"]["rows"]) == count)
    assert viewer.state is not None
    return viewer.state["athlete"]["rows"]


def mono_ms(viewer: Viewer, race_s: float) -> float:
    """When it was a race time not long ago, by the server's clock."""
    assert viewer.state is not None
    return viewer.state["mono_ms"] - (viewer.state["race_s"] - race_s) / viewer.state["rate"] * 1000


def now_ms(viewer: Viewer) -> float:
    """When the newest state was made: a press of then is of that race time, however busy this machine is meanwhile."""
    assert viewer.state is not None
    return viewer.state["mono_ms"]


def allowed(viewer: Viewer) -> dict[str, str | None]:
    """What can be done of the athlete."""
    assert viewer.state is not None
    return {key: viewer.state["can"][key] for key in ("athlete", "miss", "split_undo", "marks")}


def test_marks_before_the_gun_presses_beside_lights_that_stand_and_a_finish_taken_back(plan: Path) -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        no_plan = "no plan is loaded"
        assert allowed(ana) == {"athlete": no_plan, "miss": no_plan, "split_undo": no_plan, "marks": no_plan}
        assert await ana.ask("take") is None
        assert await ana.ask("marks", every="200 m") == no_plan
        await make_ready(ana, plan)
        assert await ana.ask("marks", every="200 m") is None
        await ana.until(lambda v: v.state is not None and v.state["can"]["split_undo"] is None)
        not_gone = "the gun has not gone"
        assert allowed(ana) == {"athlete": not_gone, "miss": not_gone, "split_undo": None, "marks": None}
        assert await ana.ask("split_miss") == not_gone
        await ana.ask("order", order="arm")
        await ana.ask("order", order="start in 1")
        await at(ana, 29)
        assert await ana.ask("split", at_ms=now_ms(ana)) is None
        assert await ana.ask("order", order="freeze all") is None
        await at(ana, 56)
        pressed_ms = now_ms(ana)
        assert await ana.ask("split", at_ms=pressed_ms) is None  # every light stands at about 205 m
        assert "double press" in (await ana.ask("split", at_ms=pressed_ms + 20) or "")
        assert [(row["distance_m"], row["source"]) for row in await rows(ana, 2)] == [(200, "key"), (400, "key")]
        assert await ana.ask("split_miss") is None
        missed = (await rows(ana, 3))[2]
        assert (missed["distance_m"], missed["time_s"], missed["source"], missed["gaps"]) == (600, None, "missed", [])
        assert await ana.ask("order", order="undo") is None
        await at(ana, 110)
        assert ana.state is not None and ana.state["athlete"]["next"] == {"distance_m": 800}
        assert await ana.ask("split", at_ms=now_ms(ana)) is None
        await rows(ana, 4)
        await ana.until(lambda v: v.state is not None and v.state["can"]["athlete"] is not None)
        done = "every mark has been passed"
        assert allowed(ana) == {"athlete": done, "miss": done, "split_undo": None, "marks": None}
        assert await ana.ask("split_undo") is None
        await rows(ana, 3)
        await ana.until(lambda v: v.said("athlete: taken back: the finish (800 m) in 1:5"))
        for _ in range(3):
            assert await ana.ask("split_undo") is None
        assert await ana.ask("split_undo") is None
        await ana.until(lambda v: v.said("athlete: taken back: marks 200 m; marks: 400 m"))
        assert await ana.ask("split_undo") == "nothing was noted of the athlete"

    played(scenario, FAST)


def test_a_later_mark_pressed_late_and_the_zero_moved(plan: Path, tmp_path: Path) -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        await make_ready(ana, plan)
        assert await ana.ask("marks", every="200 m") is None
        await ana.ask("order", order="arm")
        await ana.ask("order", order="start")
        await at(ana, 29.5)
        assert ana.state is not None and ana.state["athlete"]["likeliest"] is None
        assert await ana.ask("split", at_ms=now_ms(ana)) is None
        first_s = (await rows(ana, 1))[0]["time_s"]
        await ana.until(lambda v: v.state is not None and v.state["athlete"]["likeliest"] == {"distance_m": 600})
        assert ana.state["race_s"] > first_s + 1.25 * first_s and ana.state["athlete"]["next"] == {"distance_m": 400}
        await at(ana, 92)
        pressed_ms, pressed_s = ana.state["mono_ms"], ana.state["race_s"]
        await at(ana, pressed_s + 6)  # the line is slow; the time is right
        assert await ana.ask("split", distance_m=600, at_ms=pressed_ms) is None
        told = await rows(ana, 3)
        assert [(row["distance_m"], row["source"]) for row in told] == [(200, "key"), (400, "missed"), (600, "key")]
        assert told[2]["time_s"] == pytest.approx(pressed_s, abs=1.0)
        why = await ana.ask("split", distance_m=700)
        assert why == "700 m is no mark; expected one of 200 m, 400 m, 600 m, 800 m"
        assert bench.night.race is not None and bench.night.race.gun is not None
        key_us = bench.night.race.gun.zero_us
        assert await ana.ask("order", order=f"start ago {ana.state['race_s'] + 4:.1f}") is None
        moved_s = (key_us - bench.night.race.gun.zero_us) / 1e6
        await ana.until(lambda v: v.said("counted from the new zero"))
        again = await rows(ana, 3)
        assert again[0]["time_s"] == pytest.approx(first_s + moved_s, abs=0.0101)
        assert again[2]["time_s"] == pytest.approx(told[2]["time_s"] + moved_s, abs=0.0101)
        async with door.session.get(door.url("/export.csv")) as answer:
            lines = [line.split(",") for line in (await answer.text()).splitlines()]
        assert [line[2] for line in lines] == ["source", "key", "missed", "key", "to come"]
        async with door.session.get(door.url("/export.json")) as answer:
            exported = json.loads(await answer.text())["passings"]
        assert [(one["source"], one["time_s"]) for one in exported] == [(row["source"], row["time_s"]) for row in again]

    played(scenario, FAST)


def test_finishlynx_splits_are_noted_by_themselves(plan: Path) -> None:
    """The lights are at 400 m after 59.5 s and at the finish after 1:59.0; all is dark after 2:05, and the athlete
    comes in at 2:12."""
    settings = Settings(speed=20.0, ppm=40, gun=SimGun("lynx", "1", splits_s=(30.0, 60.35, 132.02)))

    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        await make_ready(ana, plan)
        await ana.ask("order", order="arm")
        await at(ana, 61)
        (row,) = await rows(ana, 1)
        assert (row["distance_m"], row["time_s"], row["source"]) == (400, 60.35, "feed")
        target = next(gap for gap in row["gaps"] if gap["wave"] == "target")
        assert target["s"] == pytest.approx(60.35 - 59.5, abs=0.011)
        await ana.until(lambda v: v.said("FinishLynx split 30.00: not taken: 30.00 fits no passing"))
        assert await ana.ask("split", at_ms=mono_ms(ana, 60.8)) is None  # half a second after it: the log has both
        await ana.until(lambda v: v.said("400 m in 1:00.35 by the feed, which stands; the key says"))
        await ana.phase("finished")
        last = (await rows(ana, 2))[1]
        assert (last["distance_m"], last["time_s"], last["source"]) == (800, 132.02, "feed")
        assert ana.state is not None and ana.state["race_s"] > 132

    played(scenario, settings)


def test_another_program_takes_the_passings_over(plan: Path, tmp_path: Path) -> None:
    journal = tmp_path / "state" / "race.json"

    async def scenario(door: Door, bench: BenchNight) -> None:
        night = bench.night
        night.athlete.timing._changed = lambda race: save_journal(race, journal)
        ana = await door.view()
        await make_ready(ana, plan)
        assert await ana.ask("marks", every="line") is None
        await ana.ask("order", order="arm")
        await ana.ask("order", order="start")
        await at(ana, 60)
        assert await ana.ask("split") is None
        before = night.athlete.splits and night.athlete.splits.passings
        assert before is not None and len(before.passed) == 1
        saved: list[Race] = []
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        loop = bench._loop

        async def second() -> None:
            try:
                await night._let_go()
                another = Night(night.rail, night.fleet, night._load, changed=saved.append)
                await another.load(str(plan))
                await another.take_over(partial(join, journal=journal))
                assert another.athlete.splits is not None and another.athlete.splits.passings == before
                assert another.athlete.splits.every == "line"
                another.athlete.undo()
                assert another.athlete.splits.passings.passed == () and len(saved) == 1
                await another.close()
            except BaseException as error:
                door.session._loop.call_soon_threadsafe(done.set_exception, error)
            else:
                door.session._loop.call_soon_threadsafe(done.set_result, None)

        loop.call_soon_threadsafe(lambda: asyncio.ensure_future(second(), loop=loop))
        await done

    played(scenario, FAST)
