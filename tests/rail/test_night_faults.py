"""Faults of this program in mid-race: the race goes on as it was, and nobody puts out lights that run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pacerail.bench.night import BenchNight
from pacerail.console.trouble import warnings
from pacerail.errors import RailError
from pacerail.fleet import Member
from pacerail.race import keep, keeper
from pacerail.race.night import Night
from pacerail.race.state import Race
from tests.rail.nightbench import armed, played, running, said, states


async def refused_as_in_a_race(night: Night) -> None:
    """Nothing that would put out lights that run."""
    for asked in (night.load("short"), night.ready(), night.show("all-white for maintenance", 60)):
        with pytest.raises(RailError, match=r"stop first|no shows before it is over"):
            await asked


def test_a_fault_in_looking_after_a_board_leaves_the_race_and_the_other_boards_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = keep._look_after
    wrong: list[str] = []

    async def broken(race: Race, member: Member) -> None:
        if member.name == "b01" and race.phase == "running" and not wrong:
            wrong.append(member.name)
            raise ZeroDivisionError("injected")
        await real(race, member)

    monkeypatch.setattr(keep, "_look_after", broken)

    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night, for_s=8.0)
        assert night.phase == "running" and night.race is not None and not night.race.unkept
        assert said(night).count("FAULT") == 1 and "b01: FAULT" in said(night)
        client = night.fleet.members[0].client
        await client.stop()
        await client.arm(night.race.plan.hash)
        await asyncio.sleep(8.0)
        assert "b01: had missed the gun: is in the race now" in said(night)
        assert await states(night) == ["running", "running"]

    played(tmp_path, scenario)


def test_a_board_that_cannot_be_looked_after_is_told_of_and_the_others_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = keep._look_after

    async def broken(race: Race, member: Member) -> None:
        if member.name == "b02" and race.phase == "running":
            raise ZeroDivisionError("injected")
        await real(race, member)

    monkeypatch.setattr(keep, "_look_after", broken)

    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night, for_s=20.0)
        assert night.phase == "running" and night.race is not None and night.race.unkept == {"b02"}
        told = warnings(night)
        assert told[0]["text"] == "b02: not looked after any more, by a fault of this program"
        assert "--join" in told[0]["do"]
        await refused_as_in_a_race(night)
        await night.order("shift target +3 m")
        await asyncio.sleep(2.0)
        await night.order("recall")
        assert await states(night) == ["loaded", "loaded"]

    played(tmp_path, scenario)


@pytest.mark.parametrize("phase", ["armed", "running"])
def test_a_keeper_with_a_fault_is_begun_anew_and_the_phase_is_kept(tmp_path: Path, phase: str) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await (armed(night) if phase == "armed" else running(night))
        race = night.race
        assert race is not None and night.phase == phase
        real = race.wait

        async def broken(seconds: float | None = None) -> None:
            race.wait = real  # type: ignore[method-assign]
            raise ZeroDivisionError("injected")

        race.wait = broken  # type: ignore[method-assign]
        race.woke()
        await asyncio.sleep(0.05)
        assert "The boards are looked after anew" in said(night)
        assert night.phase == phase
        await refused_as_in_a_race(night)
        await asyncio.sleep(2.0)
        assert len([m for m in race.watchers if not m.done()]) == 2
        if phase == "armed":
            await night.order("start")
        await night.order("recall")
        assert night.phase == "ready" and await states(night) == ["loaded", "loaded"]

    played(tmp_path, scenario)


def test_with_no_keeper_at_all_recall_stop_and_changes_still_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(race: Race, until_s: float | None = None) -> None:
        raise ZeroDivisionError("injected")

    monkeypatch.setattr(keeper, "follow", broken)

    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night, for_s=15.0)
        assert night.race is not None and night.race.unkept == {"b01", "b02"} and night.phase == "running"
        assert said(night).count("FAULT") == 4 and "Start the program again with --join" in said(night)
        assert warnings(night)[0]["text"] == "b01, b02: not looked after any more, by a fault of this program"
        await refused_as_in_a_race(night)
        await night.order("shift target +3 m")
        assert len(night.race.amended.steps) == 1
        await night.order("recall")
        assert night.phase == "ready" and await states(night) == ["loaded", "loaded"]
        await night.order("arm")
        await night.order("start")
        assert await states(night) == ["running", "running"]
        await night.order("stop")
        await asyncio.sleep(0.3)  # it holds on all boards at once, a tenth of a second after it was asked for
        assert night.phase == "stopped" and await states(night) == ["loaded", "loaded"]
        monkeypatch.undo()
        await night.ready()
        assert night.phase == "ready" and not night.race.unkept

    played(tmp_path, scenario)


def test_boards_that_wait_for_the_gun_cannot_be_joined_so_that_is_not_what_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(race: Race, until_s: float | None = None) -> None:
        raise ZeroDivisionError("injected")

    monkeypatch.setattr(keeper, "follow", broken)

    async def scenario(bench: BenchNight, night: Night) -> None:
        await armed(night)
        await asyncio.sleep(15.0)
        assert night.phase == "armed"
        do = warnings(night)[0]["do"]
        assert do.startswith("Stop and prepare again") and "--join" not in do
        await night.order("start")
        assert await states(night) == ["running", "running"] and "--join" in warnings(night)[0]["do"]

    played(tmp_path, scenario)


def test_a_report_that_cannot_be_made_does_not_end_the_keeping(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        def over(race: Race) -> None:
            raise OSError("disk full")

        night._over = over
        await running(night)
        await night.order("stop")
        await asyncio.sleep(1.0)
        assert "the end of the race is not told: OSError('disk full')" in said(night)
        assert "looked after anew" not in said(night)
        await night.ready()

    played(tmp_path, scenario)


def test_a_fault_while_it_is_made_ready_is_no_race_that_is_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(race: Race) -> None:
        race.enter("syncing")
        raise ZeroDivisionError("injected")

    monkeypatch.setattr("pacerail.race.night._made_ready", broken)

    async def scenario(bench: BenchNight, night: Night) -> None:
        await night.load("p")
        with pytest.raises(ZeroDivisionError):
            await night.ready()
        assert night.phase == "idle"
        await night.load("short")

    played(tmp_path, scenario)


def test_something_beside_the_race_that_goes_wrong_is_in_the_log(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await armed(night)
        assert night.race is not None

        async def wrong() -> None:
            raise ZeroDivisionError("injected")

        night.race.soon(wrong())
        await asyncio.sleep(0.1)
        assert "FAULT of this program: ZeroDivisionError('injected')" in said(night)

    played(tmp_path, scenario)
