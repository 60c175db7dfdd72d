"""The live view of a bench: pictures in a terminal, or plain lines of progress where there is none."""

from __future__ import annotations

import asyncio
import contextlib
import time

import numpy as np
from rich.color import ColorSystem
from rich.console import Console

from pacerail.bench.run import Bench, View
from pacerail.live.canvas import Canvas
from pacerail.live.draw import draw, make_stage
from pacerail.live.plain import progress
from pacerail.live.screen import changes, colour_system, full_screen
from pacerail.live.state import Picture, led_order, leds_of, picture_of

_PICTURES_A_SECOND = 20
_SHARE = 0.12  # of a core, for pictures: on a slow machine there are fewer of them
_STEP_AT_MAX_S = 0.1
_JUDGE_EVERY_S = 2.0  # of wall time: reading off so far what the light's error is
_PLAIN_EVERY_S = 0.1


def live_view(console: Console) -> View:
    """The view for a terminal: full screen where it can be, else plain lines."""
    system = colour_system(console)

    async def watch(bench: Bench) -> None:
        with contextlib.suppress(OSError):  # a terminal that is gone ends the view only
            if system is None:
                await _tell(bench, console)
            else:
                await _show(bench, console, system)

    return watch


def bench_picture(bench: Bench, order: np.ndarray[tuple[int], np.dtype[np.intp]], light: str = "") -> Picture:
    """The picture of a bench at this moment."""
    return picture_of(bench.race, bench.rail, leds_of(bench.tally.rgb, order), speed_words(bench.settings.speed), light)


def light_words(bench: Bench) -> str:
    """What the judge has found so far."""
    errors_mm = bench.tally.judge.errors_mm()
    return f"light within {errors_mm.max():.2f} mm of the plan" if len(errors_mm) else ""


def speed_words(speed: float | None) -> str:
    """How fast a bench runs: "real time", "10 x real time"."""
    return "as fast as it goes" if speed is None else "real time" if speed == 1 else f"{speed:g} x real time"


async def _show(bench: Bench, console: Console, system: ColorSystem) -> None:
    order = led_order(bench.rail)
    start_m = bench.plan.start_track_m(bench.rail.track)
    speed = bench.settings.speed
    step_s = _STEP_AT_MAX_S if speed is None else speed / _PICTURES_A_SECOND
    shown: Canvas | None = None
    stage = None
    light, judged = "", time.monotonic()
    due = 0.0
    with full_screen(console):
        while True:
            begun = time.monotonic()
            if begun >= due:
                bench.world.catch_up()
                if begun - judged > _JUDGE_EVERY_S:
                    light, judged = light_words(bench), begun
                drawing = time.monotonic()
                picture = bench_picture(bench, order, light)
                width, height = console.size
                if stage is None or (stage.width, stage.height) != (width, height):
                    stage = make_stage(picture, bench.rail, start_m, width, height)
                canvas = draw(picture, stage)
                console.file.write(changes(shown, canvas, system))
                console.file.flush()
                shown = canvas
                took_s = time.monotonic() - drawing
                due = begun + max(0.9 / _PICTURES_A_SECOND, took_s / _SHARE)
            await asyncio.sleep(step_s)


async def _tell(bench: Bench, console: Console) -> None:
    lines = progress(bench.race)
    while True:
        for line in lines():
            console.file.write(line + "\n")
            console.file.flush()
        await asyncio.sleep(_PLAIN_EVERY_S)
