"""Training on a race night: what pages are told of groups, two begun at once, buttons, and a stop in between."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pacerail.bench.guns import SimGun
from pacerail.bench.night import BenchNight, bench_night
from pacerail.bench.run import Settings
from pacerail.console.state import moment
from pacerail.console.told import plan_told
from pacerail.errors import RailError
from pacerail.gun import SCHEDULED
from pacerail.model.planfile import load_plan
from pacerail.model.rail import Rail, even_rail
from pacerail.race.groups import fitting
from pacerail.report import Report

RAIL = even_rail(boards=2, leds=60)
PLAN = """\
title     = "two groups"
[[wave]]
name      = "red"
colour    = "#ff0000"
length_m  = 20
starts    = "order"
start     = "standing"
stretches = [{ run = "60 m", in = "10", rest = "4", repeat = 2 }]
[[wave]]
name      = "blue"
colour    = "#0000ff"
length_m  = 30
starts    = "order"
waits     = "dark"
stretches = [{ run = "150 m", in = "25" }]
"""


@pytest.fixture
def plan(tmp_path: Path) -> str:
    path = tmp_path / "p.toml"
    path.write_text(PLAN)
    return str(path)


def evening(
    scenario: Callable[[BenchNight], Awaitable[None]], settings: Settings | None = None, rail: Rail = RAIL
) -> list[Report]:
    """A night on the simulated rail, as fast as it goes; the reports of its races."""
    reports: list[Report] = []
    settings = settings or Settings(speed=None, ppm=40)
    with bench_night(
        rail, settings, lambda name: load_plan(name, rail.track), lambda report, race: reports.append(report)
    ) as (bench, loop):

        async def whole() -> None:
            try:
                await scenario(bench)
            finally:
                bench.interrupt()
                await bench.close()

        loop.run_until_complete(whole())
    return reports


def told(bench: BenchNight) -> dict[str, Any]:
    """The state now, as it goes over the wire; and the feed and the plan are whole too."""
    night = bench.night
    now = moment(night, 1, 1.0)
    feed = json.loads(json.dumps(now.feed, allow_nan=False))
    assert feed["lap_m"] == pytest.approx(400.0, abs=0.01) and feed["rate"] == 1.0
    if night.plan is not None:
        changed = night.plan if night.race is None else night.race.plan_now
        whole = json.loads(json.dumps(plan_told(night.plan, changed, night.rail, confirmed=True), allow_nan=False))
        assert [wave["group"] for wave in whole["waves"]] == [w.spec.by_order for w in night.plan.waves]
    return json.loads(json.dumps(now.state, allow_nan=False))


def group(bench: BenchNight, name: str) -> dict[str, Any]:
    return next(wave["group"] for wave in told(bench)["waves"] if wave["name"] == name)


def modes(bench: BenchNight) -> list[str]:
    return [wave["mode"] for wave in told(bench)["waves"]]


async def armed(bench: BenchNight, plan: str) -> None:
    night = bench.night
    night.confirm((await night.load(plan)).hash)
    await night.ready()
    await night.order("arm")


async def until(bench: BenchNight, race_s: float) -> None:
    """Until a race time."""
    race = bench.night.race
    assert race is not None and race.gun is not None
    await asyncio.sleep(race_s - (race.race_s() or 0.0))


@pytest.mark.parametrize("name", ["training-3-groups", "training-10x400"])
def test_the_state_is_whole_at_every_phase_of_a_session(name: str) -> None:
    groups = name == "training-3-groups"
    seen: list[str] = []

    async def scenario(bench: BenchNight) -> None:
        night = bench.night

        def look() -> list[str]:
            seen.append(told(bench)["phase"])
            return modes(bench)

        assert look() == []
        plan = await night.load(name)
        assert set(look()) == {"waiting"}
        night.confirm(plan.hash)
        await night.ready()
        look()
        await night.order("arm")
        assert set(look()) == {"waiting"}
        assert (told(bench)["can"]["begin"] is None) == groups
        await night.order("start in 2")
        assert set(look()) == {"waiting"}
        await until(bench, 5.0)
        if groups:
            assert look() == ["waiting"] * 3
            assert all(wave["finish_s"] is None and wave["speed_mps"] == 0 for wave in told(bench)["waves"])
            await night.order("begin red in 10")
            await until(bench, 20.0)
        assert look()[0] == "running"
        await night.order("freeze all")
        await until(bench, 30.0)
        assert look()[0] == "frozen"
        await night.order("recall")
        assert set(look()) == {"waiting"}
        await night.order("arm")
        await night.order("start")
        await asyncio.sleep(1.0)
        await night.order("stop")
        look()
        assert [row["mode"] for row in told(bench)["waves"]] != []

    evening(scenario)
    assert {"idle", "ready", "armed", "running", "stopped"} <= set(seen)


def test_a_groups_page_says_what_can_be_done_and_it_is_so(plan: str) -> None:
    async def scenario(bench: BenchNight) -> None:
        night = bench.night
        await night.load(plan)
        assert group(bench, "red") == {"begin": "no race is on", "end": "no race is on", "in_s": None, "buttons": []}
        await armed(bench, plan)
        await night.order("start in 1")
        await until(bench, 3.0)
        assert group(bench, "red") == {
            "begin": None,
            "end": "it waits on its line already",
            "in_s": None,
            "buttons": [],
        }
        with pytest.raises(RailError, match="waits at its start line already"):
            await night.order("end red")
        await night.order("begin red in 6")
        red = group(bench, "red")
        assert red["begin"] == "its countdown is on; end it first" and red["end"] is None
        assert 5.0 < red["in_s"] <= 6.0 and modes(bench) == ["waiting", "waiting"]
        await until(bench, 12.0)
        red = group(bench, "red")
        assert red["begin"].startswith("it runs until 33.") and red["in_s"] is None
        with pytest.raises(RailError, match="it was begun at"):
            await night.order("begin red")
        assert modes(bench) == ["running", "waiting"]
        await until(bench, 40.0)
        assert modes(bench)[0] == "finished" and group(bench, "red")["begin"] is None
        await night.order("begin red")
        await night.order("end red")
        await until(bench, 45.0)
        assert modes(bench)[0] == "waiting" and group(bench, "red")["begin"] is None
        await night.order("stop")
        assert group(bench, "red")["begin"] == "no race is on"

    evening(scenario)


@pytest.mark.parametrize(("link", "most_s"), [("usb", 1.01), ("rs485-1m", 1.01), ("rs485-115200", 4.0)])
def test_two_groups_begun_at_the_same_moment(plan: str, link: str, most_s: float) -> None:
    """Both are lit from their own zero, on links of their own and on a shared pair; judged frame by frame."""
    settings = Settings(speed=None, ppm=40, link=link)

    async def scenario(bench: BenchNight) -> None:
        night = bench.night
        await armed(bench, plan)
        await night.order("start in 1")
        await until(bench, 5.0)
        first = asyncio.ensure_future(night.order("begin red"))
        second = asyncio.ensure_future(night.order("begin blue"))
        await asyncio.sleep(0.001)
        assert night.busy == "changing" and told(bench)["can"]["begin"] is None
        assert told(bench)["can"]["change"] == "busy: changing"
        with pytest.raises(RailError, match="busy: changing"):
            await night.order("hide red")
        await asyncio.gather(first, second)
        assert night.race is not None
        red, blue = night.race.amended.plan.waves
        assert red.begun_s == pytest.approx(5.0, abs=0.05) and blue.begun_s == pytest.approx(5.0, abs=0.05)
        took_s = [step.at_s - 5.0 for step in night.race.amended.steps]
        assert max(took_s) < most_s, took_s
        hashes = {(await m.client.status()).table_hash == m.table[-8:] for m in night.fleet.members}
        assert hashes == {True}
        await until(bench, 45.0)
        await night.order("stop")

    (report,) = evening(scenario, settings, even_rail(boards=4, leds=60))
    assert report.failures == () and report.more["stray_cells"] == 0, report.failures
    assert report.more["edges_measured"] > 1000 and math.isfinite(report.more["edges_measured"])


def test_a_stop_breaks_off_what_begins(plan: str) -> None:
    async def scenario(bench: BenchNight) -> None:
        night = bench.night
        await armed(bench, plan)
        await night.order("start in 1")
        await until(bench, 3.0)
        begins = [asyncio.ensure_future(night.order(f"begin {name}")) for name in ("red", "blue")]
        await asyncio.sleep(0)
        await night.order("stop")
        ended = await asyncio.gather(*begins, return_exceptions=True)
        assert [str(error) for error in ended] == ["broken off while changing"] * 2
        assert night.busy is None and night.phase == "stopped"
        await asyncio.sleep(6.0)
        assert [(await m.client.status()).state for m in night.fleet.members] == ["loaded", "loaded"]

    evening(scenario)


def test_buttons_of_a_night_go_with_the_plan_in_hand(plan: str) -> None:
    gun = SimGun(SCHEDULED, "7")
    gun.board = 1  # the wire of the button is there

    async def scenario(bench: BenchNight) -> None:
        night = bench.night
        night._button_texts = ("b02=red", "b01=green+5")  # pyright: ignore[reportPrivateUsage]
        night.confirm((await night.load("breaking4-3-59")).hash)
        assert night.buttons == () and "not heard with this plan: --button b02=red: Breaking4" in said(bench)
        night.confirm((await night.load(plan)).hash)
        assert group(bench, "red")["buttons"] == ["b02"]
        assert '--button b01=green+5: no group is called "green"' in said(bench)
        await night.ready()
        await night.order("arm")
        await night.order("start in 1")
        await until(bench, 4.0)
        bench.world.boards[1].edge(bench.world.now_ns)
        await asyncio.sleep(2.0)
        assert night.race is not None
        red, blue = night.race.amended.plan.waves
        assert red.begun_s == pytest.approx(4.0, abs=0.01) and blue.waits
        assert "b02: button for red" in said(bench)
        await night.order("stop")

    evening(scenario, Settings(speed=None, ppm=40, gun=gun))


def said(bench: BenchNight) -> str:
    return "\n".join(f"{event.board or 'rail'}: {event.words}" for event in bench.night.events)


def test_a_button_that_fits_no_group_is_told_of_and_the_others_are_kept(plan: str) -> None:
    buttons, why = fitting(("b01=red", "b02=green", "b02=blue+5"), load_plan(plan, RAIL.track), RAIL)
    assert [(b.board, b.wave, b.in_s) for b in buttons] == [("b01", "red", 0.0), ("b02", "blue", 5.0)]
    assert len(why) == 1 and 'no group is called "green"' in why[0]
