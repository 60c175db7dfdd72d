"""A race night on two simulated boards, for tests: faults, ends at the wrong moment, orders that come late."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import Any

from pacerail.bench.loop import WorldLoop
from pacerail.bench.night import BenchNight, bench_night
from pacerail.bench.run import Settings
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.race.night import Night

RAIL = even_rail(boards=2, leds=60)
PLAN = """\
title    = "two laps"
distance = "800 m"
[[wave]]
name     = "target"
colour   = "#00ff40"
length_m = 30
target   = "1:59.0"
"""
GROUPS = """\
title = "a group"
[[wave]]
name      = "red"
colour    = "#ff0000"
length_m  = 20
starts    = "order"
stretches = [{ run = "100 m", in = "20" }]
"""


@contextlib.contextmanager
def night_of(folder: Path) -> Generator[tuple[BenchNight, WorldLoop]]:
    """A night whose plans are p.toml, of two laps, short.toml, of one, and g.toml, of a group."""
    texts = {"p": PLAN, "short": PLAN.replace("800 m", "400 m").replace("1:59.0", "59.0"), "g": GROUPS}
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text)
    settings = Settings(speed=None, ppm=40)
    with bench_night(RAIL, settings, lambda name: load_plan(folder / f"{name}.toml", RAIL.track)) as both:
        yield both


def played(folder: Path, scenario: Callable[[BenchNight, Night], Coroutine[Any, Any, None]]) -> BenchNight:
    """Play a scenario to its end, and close the night."""
    with night_of(folder) as (bench, loop):

        async def whole() -> None:
            try:
                await scenario(bench, bench.night)
            finally:
                await bench.close()

        loop.run_until_complete(whole())
    return bench


async def made_ready(night: Night, name: str = "p") -> None:
    """Loaded, confirmed, prepared."""
    plan = await night.load(name)
    night.confirm(plan.hash)
    await night.ready()


async def armed(night: Night, name: str = "p") -> None:
    """And armed."""
    await made_ready(night, name)
    await night.order("arm")


async def running(night: Night, name: str = "p", for_s: float = 5.0) -> None:
    """And for so long after the gun."""
    await armed(night, name)
    await night.order("start")
    await asyncio.sleep(for_s)


async def states(night: Night) -> list[str]:
    """What each board says that it is."""
    return [(await member.client.status()).state for member in night.fleet.members]


def said(night: Night) -> str:
    """The log."""
    return "\n".join(f"{event.board or 'rail'}: {event.words}" for event in night.events)
