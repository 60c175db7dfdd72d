"""Orders that come late, or twice: what they count from, what is refused, and what the log says of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pacerail.bench.night import BenchNight
from pacerail.console.trouble import warnings
from pacerail.errors import RailError
from pacerail.gun import Gun
from pacerail.race.night import Night
from pacerail.race.orders import obey
from pacerail.race.run import start
from tests.rail.nightbench import armed, played, running, said, states


@pytest.mark.parametrize(
    ("order", "source", "after_press_us"),
    [("start", "key", 0), ("start ago 3.2", "ago", -3_200_000), ("start in 10", "scheduled", 10_000_000)],
)
def test_a_start_counts_from_when_it_was_pressed(tmp_path: Path, order: str, source: str, after_press_us: int) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await armed(night)
        await asyncio.sleep(2.0)
        pressed_us = night.fleet.clock()
        await asyncio.sleep(1.3)
        await night.order(order, pressed_us)
        assert night.race is not None and night.race.gun is not None
        assert night.race.gun.source == source
        assert night.race.gun.zero_us == pressed_us + after_press_us
        for member in night.fleet.members:
            assert (await member.client.status()).gun_us == night.race.gun.zero_us

    played(tmp_path, scenario)


def test_a_start_without_a_time_counts_from_now(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await armed(night)
        before_us = night.fleet.clock()
        await night.order("start")
        assert night.race is not None and night.race.gun is not None
        assert before_us <= night.race.gun.zero_us <= night.fleet.clock()

    played(tmp_path, scenario)


def test_a_group_begins_as_of_when_it_was_pressed(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night, "g")
        race = night.race
        assert race is not None and race.gun is not None
        pressed_us = night.fleet.clock()
        await asyncio.sleep(1.2)
        await night.order("begin red in 4", pressed_us)
        begun = race.amended.courses[0].begun
        assert begun is not None
        assert begun.zero_s == pytest.approx((pressed_us - race.gun.zero_us) / 1e6 + 4.0, abs=1e-6)

    played(tmp_path, scenario)


@pytest.mark.parametrize("order", ["recall", "stop", "start ago 1", "shift target +2 m"])
def test_what_was_pressed_before_the_boards_were_armed_anew_is_refused(tmp_path: Path, order: str) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night)
        pressed_us = night.fleet.clock()
        await night.order("recall")
        await night.order("arm")
        await night.order("start in 5")
        race = night.race
        assert race is not None
        for asked in (night.order(order, pressed_us), obey(race, order, pressed_us)):
            with pytest.raises(RailError, match="was pressed before the boards were armed this time"):
                await asked
        assert night.phase == "running" and race.amended.steps == ()
        assert race.gun is not None and race.gun.source == "scheduled"
        assert await states(night) == ["running", "running"]
        await asyncio.sleep(1.0)
        await night.order("stop", night.fleet.clock() - 500_000)
        assert night.phase == "stopped"

    played(tmp_path, scenario)


def test_a_stop_that_was_pressed_while_the_boards_were_being_armed_holds(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await armed(night)
        race = night.race
        assert race is not None and race.arming_us < race.armed_us
        with pytest.raises(RailError, match="recall was pressed before"):
            await night.order("recall", race.armed_us - 1)
        await night.order("stop", race.arming_us + 1)
        assert night.phase == "stopped"

    played(tmp_path, scenario)


def test_a_second_start_to_come_says_what_the_first_one_was(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await armed(night)
        await night.order("start in 10")
        await asyncio.sleep(6.0)
        await night.order("start in 10")
        assert "the start is now in 10 s; it was to be in 4 s" in said(night)
        await asyncio.sleep(2.5)
        await night.order("start ago 3.2")
        assert "the start was 3.2 s ago; it was to be in 7.5 s" in said(night)
        before = said(night).count("it was to be")
        await night.order("start ago 4")
        assert said(night).count("it was to be") == before  # it had gone: this is another zero, and told as such

    played(tmp_path, scenario)


def test_a_difference_is_told_in_metres_only_where_it_moves_a_light(tmp_path: Path) -> None:
    """The group stands at its line: two zeros half a second apart move nothing yet, and then 2.5 m at 5 m/s."""

    async def scenario(bench: BenchNight, night: Night) -> None:
        await armed(night, "g")
        race = night.race
        assert race is not None
        now_us = night.fleet.clock()
        await start(race, Gun("pin", now_us, 300))
        await start(race, Gun("lynx", now_us + 500_000, 1000))
        assert "Lynx says 0.50 s later than the pin: more than" in said(night)
        await night.order("begin red")
        await asyncio.sleep(3.0)
        race.heard.clear()
        await start(race, Gun("pin", now_us, 300))
        await start(race, Gun("lynx", now_us + 500_000, 1000))
        assert "(2.5 m of light at 5.00 m/s)" in said(night)

    played(tmp_path, scenario)


def test_start_now_holds_in_a_countdown(tmp_path: Path) -> None:
    """The starter was early: whoever presses now means now, and the countdown contradicts nobody."""

    async def scenario(bench: BenchNight, night: Night) -> None:
        await armed(night)
        await night.order("start in 10")
        await asyncio.sleep(4)
        pressed_us = night.fleet.clock()
        await night.order("start", pressed_us)
        assert night.race is not None and night.race.gun is not None
        assert (night.race.gun.source, night.race.gun.zero_us) == ("key", pressed_us)
        assert "the start was 0 s ago; it was to be in 6 s" in said(night)
        await asyncio.sleep(2)
        assert [(await member.client.status()).gun_us for member in night.fleet.members] == [pressed_us] * 2
        assert warnings(night) == []
        with pytest.raises(RailError, match="the gun has gone"):
            await night.order("start")

    played(tmp_path, scenario)


def test_a_light_that_stands_at_the_gun_is_told_of_before(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await armed(night)
        assert warnings(night) == []
        await night.order("freeze all")
        await asyncio.sleep(1)
        assert [told["text"] for told in warnings(night)] == ["target: frozen, and will not move at the gun"]
        await night.order("undo")
        assert warnings(night) == []

    played(tmp_path, scenario)
