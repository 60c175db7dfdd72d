"""Boards in a race that this program did not start: it is told of at once, true as long as it is so, and left alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pacerail.bench.night import BenchNight
from pacerail.console.trouble import warnings
from pacerail.errors import RailError
from pacerail.fleet import Fleet, Member
from pacerail.model.planfile import load_plan
from pacerail.race.actions import can
from pacerail.race.join import join
from pacerail.race.night import Night
from tests.rail.consoleviewer import PLAN
from tests.rail.test_training_night import RAIL, armed, evening, until


@pytest.fixture
def plan(tmp_path: Path) -> str:
    path = tmp_path / "p.toml"
    path.write_text(PLAN)
    return str(path)


def another(bench: BenchNight) -> Night:
    """A program that is started anew, and knows nothing."""
    fleet = bench.night.fleet
    members = [Member(m.client, m.board, b"") for m in fleet.members]
    return Night(RAIL, Fleet(members, fleet.clock), lambda name: load_plan(name, RAIL.track))


def texts(night: Night) -> list[str]:
    return [f"{w['text']} / {w['do']}" for w in warnings(night) if "not started from here" in w["text"]]


def test_a_race_of_another_program_is_told_of_until_it_is_over(plan: str) -> None:
    async def scenario(bench: BenchNight) -> None:
        await armed(bench, plan)
        night = another(bench)
        assert texts(night) == [] and night.situation.strangers is None  # nobody has looked yet
        night.strangers.called = {load_plan(plan, RAIL.track).hash: "two laps"}.get
        night.strangers.begin()
        await asyncio.sleep(0.5)
        (text,) = texts(night)
        assert text.startswith("b01, b02: in a race that was not started from here, of plan ") and "(two laps)" in text
        assert "--join" not in text  # a race without a gun cannot be taken over
        await bench.night.order("start")
        await asyncio.sleep(3.0)
        assert "Stop ends it, pacerail console with its plan and --join takes it over." in texts(night)[0]
        now = can(night.situation)
        for action in ("prepare", "arm", "start", "ago", "recall", "change", "begin", "undo", "show"):
            assert "in a race that was not started from here" in str(now[action])
        assert now["stop"] is None and now["load"] is None
        await night.load(plan)
        with pytest.raises(RailError, match="not started from here"):
            await night.ready()
        assert [(await m.client.status()).state for m in night.fleet.members] == ["running", "running"]
        await bench.night.order("stop")
        await asyncio.sleep(3.0)
        assert texts(night) == [] and can(night.situation)["prepare"] is None
        assert night.events[-1].words == "the race that was not started from here is over"
        await night.ready()
        assert night.phase == "ready"
        await night.close()

    evening(scenario)


def test_stop_ends_it_from_here(plan: str) -> None:
    async def scenario(bench: BenchNight) -> None:
        await armed(bench, plan)
        await bench.night.order("start")
        await bench.night.close()  # that program is gone
        night = another(bench)
        night.strangers.begin()
        await asyncio.sleep(0.5)
        assert texts(night)
        await night.order("stop")
        assert texts(night) == [] and can(night.situation)["show"] is None
        assert [(await m.client.status()).state for m in night.fleet.members] == ["loaded", "loaded"]
        await night.close()

    evening(scenario)


def test_prepare_finds_a_race_that_began_since(plan: str) -> None:
    async def scenario(bench: BenchNight) -> None:
        night = another(bench)
        night.strangers.begin()
        await asyncio.sleep(1.0)
        assert texts(night) == []
        await armed(bench, plan)
        await night.load(plan)
        with pytest.raises(RailError, match=r"not started from here; stop ends it$"):
            await night.ready()
        assert texts(night)
        await night.close()

    evening(scenario)


def test_to_join_with_another_plan_is_refused_by_name(plan: str) -> None:
    async def scenario(bench: BenchNight) -> None:
        await armed(bench, plan)
        await bench.night.order("start in 1")
        await until(bench, 2.0)
        assert bench.night.plan is not None
        runs = bench.night.plan.hash
        night = another(bench)
        other = await night.load("breaking4-3-59")
        expected = f"no board runs plan {other.hash}, but they run plan {runs} \\(two laps\\): give that one"
        with pytest.raises(RailError, match=expected):
            await night.take_over(lambda race: join(race, called={runs: "two laps"}.get))
        with pytest.raises(RailError, match=f"they run plan {runs}: give that one"):
            await night.take_over(join)
        assert [(await m.client.status()).state for m in night.fleet.members] == ["running", "running"]
        await night.close()

    evening(scenario)
