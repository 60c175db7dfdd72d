"""Orders typed one upon the other: what is under way comes to its end, or is broken off, as it must."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pacerail.bench.night import BenchNight
from pacerail.cli.typed import Lines, obey_lines
from pacerail.race.night import Night
from tests.rail.nightbench import played, running, said, states


async def typed(night: Night, *lines: str, gap_s: float = 0.4) -> list[str]:
    """Type lines, each so long after the one before; what was answered."""
    race = night.race
    assert race is not None
    answers: list[str] = []
    typing: Lines = asyncio.Queue()
    obeying = asyncio.ensure_future(obey_lines(race, typing, answers.append))
    for line in lines:
        typing.put_nowait((line + "\n", race.fleet.clock()))
        await asyncio.sleep(gap_s)
    typing.put_nowait(None)
    await obeying
    return answers


def test_recall_typed_twice_is_one_recall(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night, for_s=4.0)
        assert await typed(night, "recall", "recall") == ["recall: it is under way already"]
        assert night.phase == "ready" and await states(night) == ["loaded", "loaded"], said(night)
        assert (await typed(night, "recall"))[0].startswith("nothing to recall: the race is ready")
        await night.order("arm")
        assert await states(night) == ["armed", "armed"]

    played(tmp_path, scenario)


def test_a_stop_behind_two_recalls_waits_for_neither(tmp_path: Path) -> None:
    async def scenario(bench: BenchNight, night: Night) -> None:
        await running(night, for_s=4.0)
        begun_us = night.fleet.clock()
        await typed(night, "recall", "recall", "stop", gap_s=0.2)
        assert night.phase == "stopped" and night.fleet.clock() - begun_us < 1_400_000
        await asyncio.sleep(0.5)
        assert await states(night) == ["loaded", "loaded"]

    played(tmp_path, scenario)
