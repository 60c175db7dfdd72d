"""Shows: what the rail shows when no race is on, as the payloads that boards understand. Pure: no port, no clock.

A `Show` is for one board. `named` gives those that people ask for by name, one for each board of a rail.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pacerail.model.rail import Board, Rail
from pacerail_node import shows as node_shows

WHITE, RED, GREEN, BLUE = 0xFFFFFF, 0xFF0000, 0x00FF00, 0x0000FF
LONGEST_S = node_shows.LONGEST_MS / 1000
IDLE_LED_MA = 1.0
"""What an LED takes when it is dark: a WS2812B's chip, as WLED reckons it."""

_FLASH_S = 0.6
_PAUSE_FLASHES = 3
_SWEEP_M = 8.0
_SAMPLES = 24


@dataclass(frozen=True, slots=True)
class Show:
    """What one board shows: see `pacerail_node.shows` for what each kind does with its numbers."""

    kind: int
    colour: int = WHITE
    """0xRRGGBB."""
    second: int = 0
    level: int = 255
    """What full is, 1 to 255."""
    count: int = 0
    period_s: float = 1.0
    duration_s: float = 60.0
    phase_s: float = 0.0
    cross_s: float = 1.0
    outputs: tuple[int, ...] = ()
    """The outputs it is on; none: all of them."""
    against: tuple[int, ...] = ()
    """Outputs whose data runs against the running direction."""

    def payload(self, start_us: int | None = None) -> bytes:
        """The payload of a SHOW message, to begin at a fleet time in us or at once."""
        head = struct.pack("<4B", self.kind, self.level, self.count, 0 if start_us is None else node_shows.AT_START)
        return head + struct.pack(
            "<10I",
            self.colour,
            self.second,
            round(self.period_s * 1000),
            max(1, round(self.duration_s * 1000)),
            *divmod(start_us or 0, 1_000_000),
            round(self.phase_s * 1000),
            max(1, round(self.cross_s * 1000)),
            sum(1 << output for output in self.outputs),
            sum(1 << output for output in self.against),
        )


DARK = Show(node_shows.OFF, duration_s=1.0)


def number(count: int, duration_s: float, level: int = 160) -> Show:
    """A number from 1 to 199 to count on the rail: its tens as blue flashes, its ones as white ones, a pause, again."""
    return Show(
        node_shows.BLINK, WHITE, BLUE, level, count, period_s=_FLASH_S, duration_s=duration_s
    )  # fmt: skip


def number_s(count: int) -> float:
    """How long it takes to show a number once, with the pause behind it, in s."""
    tens, ones = divmod(count, 10)
    return _FLASH_S * (tens + ones + (1 if tens and ones else 0) + _PAUSE_FLASHES)


def fill(colour: int = WHITE, level: int = 64, duration_s: float = 600.0) -> Show:
    """All LEDs in one colour."""
    return Show(node_shows.SOLID, colour, level=level, duration_s=duration_s)


def chase(level: int = 255, duration_s: float = 600.0, period_s: float = 4.0) -> Show:
    """One LED runs along each output in the order of its data."""
    return Show(node_shows.CHASE, level=level, period_s=period_s, duration_s=duration_s)


def tenths(level: int = 128, duration_s: float = 600.0) -> Show:
    """LEDs 0, 10, 20 ... white and every hundredth blue, counted from 0 as in a rail file."""
    return Show(node_shows.TENTHS, WHITE, BLUE, level, duration_s=duration_s)


def ends(level: int = 255, duration_s: float = 600.0) -> Show:
    """The first LED of each output green, the last red."""
    return Show(node_shows.ENDS, GREEN, RED, level, duration_s=duration_s)


def order(level: int = 96, duration_s: float = 600.0) -> Show:
    """A third red, a third green, a third blue: shows a wrong colour order at once."""
    return Show(node_shows.ORDER, level=level, duration_s=duration_s)


def on_output(show: Show, output: int) -> Show:
    """The same show on one output alone."""
    return replace(show, outputs=(output,))


def _all(show: Show) -> Callable[[Rail, float], tuple[Show, ...]]:
    return lambda rail, duration_s: (replace(show, duration_s=duration_s),) * len(rail.boards)


def sweep(rail: Rail, duration_s: float, lap_s: float = 8.0, colour: int = WHITE, second: int = 0x000030) -> list[Show]:
    """A light of 8 m that runs round the whole rail once in `lap_s`, on a dim background; one show for each board.

    Each board is told when in the lap the light comes to it, and how long it takes to cross it. A board's outputs are
    taken in the order of the rail file, so those of one board are best listed in running order.
    """
    lap_m = rail.track.kerb_lap_m
    made: list[Show] = []
    for index, board in enumerate(rail.boards):
        length_m = sum(output.length_m for output in board.outputs)
        leds = rail.leds_of(index)
        begin_m = leds[0].kerb_m if leds else board.outputs[0].from_m
        made.append(
            Show(
                node_shows.SWEEP,
                colour,
                second,
                count=max(1, min(255, round(_SWEEP_M * board.pixels / length_m))),
                period_s=lap_s,
                duration_s=duration_s,
                phase_s=lap_s * (1 - begin_m % lap_m / lap_m),
                cross_s=lap_s * length_m / lap_m,
                against=tuple(k for k, output in enumerate(board.outputs) if output.reverse),
            )
        )
    return made


def clap(rail: Rail, duration_s: float, beats_a_minute: float = 100.0) -> tuple[Show, ...]:
    """The whole rail pulses in a tempo, from 1 to 600 beats a minute, for people to clap along."""
    beat = Show(node_shows.CLAP, 0xFFC060, period_s=60.0 / beats_a_minute, duration_s=duration_s)
    return (beat,) * len(rail.boards)


NAMED: dict[str, Callable[[Rail, float], tuple[Show, ...]]] = {
    "athlete presentation": lambda rail, duration_s: tuple(sweep(rail, duration_s)),
    "clap-along": clap,
    "all-dark": _all(DARK),
    "all-white for maintenance": _all(fill(WHITE, 48)),
    "false-start red": _all(Show(node_shows.BLINK, RED, period_s=0.5)),
}
"""The shows that people ask for by name: called with the rail and how long they last in s, they give one a board."""


def named(name: str, rail: Rail, duration_s: float = 600.0) -> tuple[Show, ...]:
    """A show by its name, for each board of a rail, within its limits. Raises KeyError for a name not in NAMED."""
    made = NAMED[name](rail, duration_s)
    return tuple(within(show, board) for show, board in zip(made, rail.boards, strict=True))


def current_ma(show: Show, board: Board) -> list[float]:
    """The most that each output of a board takes while it shows this, in mA, before any limit.

    What is drawn is drawn by the board's own code. An LED takes led_ma at full white, in proportion to the sum of its
    three colours, and 1 mA when dark (WLED's rule).
    """
    outputs = [output.leds for output in board.outputs]
    most = [0.0] * len(outputs)
    for sample in range(_SAMPLES):
        node: Any = node_shows.Show(outputs)
        at_us = round(sample * show.period_s * 1e6 / _SAMPLES)
        node.begin(replace(show, duration_s=LONGEST_S).payload(), 0, 0, _NoClock)
        pixels = bytearray(3 * sum(outputs))
        if node.on:
            node.draw(pixels, at_us, _NoClock)
        first = 0
        for k, output in enumerate(board.outputs):
            light = sum(pixels[3 * first : 3 * (first + output.leds)])
            most[k] = max(most[k], light * output.led_ma / (3 * 255) + IDLE_LED_MA * output.leds)
            first += output.leds
    return most


def within(show: Show, board: Board) -> Show:
    """The same show at a level at which no output takes more than its limit, or at the lowest there is.

    A board has its limits from its pace table, and shows must do without one.
    """
    idle_ma = [IDLE_LED_MA * output.leds for output in board.outputs]
    share = 1.0
    for need, idle, output in zip(current_ma(show, board), idle_ma, board.outputs, strict=True):
        if need > output.limit_ma:
            share = min(share, (output.limit_ma - idle) / (need - idle))
    fitting = replace(show, level=max(1, int(show.level * share)))
    # a level is rounded to whole steps on each colour, so one step may still be too much
    while fitting.level > 1 and any(
        need > output.limit_ma for need, output in zip(current_ma(fitting, board), board.outputs, strict=True)
    ):
        fitting = replace(fitting, level=fitting.level - 1)
    return fitting


class _NoClock:
    """A show without a clock goes by its ticks."""

    valid = False
