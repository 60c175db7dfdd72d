"""What the LEDs show, for the page's picture of the rail: one `Light` for a real rail, the bench has its own."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from pacerail.fleet import Member
from pacerail.preview import Preview
from pacerail.race.night import Night
from pacerail.shows import Show
from pacerail_node import shows as node_shows

_FLASH_S = 0.25
_RED = (255, 0, 0)
_SHOW_EVERY_US = 100_000  # shows are drawn by the boards' own code, which costs


class Light(Protocol):
    """What every board shows now."""

    def rows(self) -> list[bytes]:
        """For each board of the rail 3 bytes for each of its live LEDs, in running order, in linear light."""
        ...


class PreviewLight:
    """What the boards of a real rail show, as far as can be known from here: it is computed, and not seen.

    A board that is lost runs on; one that started anew, or that is not in the race, is dark.
    """

    def __init__(self, night: Night) -> None:
        self._night = night
        self._preview = Preview(night.rail)
        self._dark = [bytes(3 * len(places)) for places in self._preview.boards]
        self._red = [bytes(_RED) * len(places) for places in self._preview.boards]
        self._red_since_us: int | None = None
        self._pixels = [[led.pixel for led in night.rail.leds_of(b)] for b in range(len(night.rail.boards))]
        self._drawn_us = 0
        self._drawn = self._dark

    def rows(self) -> list[bytes]:
        """For each board 3 bytes for each of its live LEDs, in running order."""
        night, race = self._night, self._night.race
        now_us = night.fleet.clock()
        if race is not None and race.phase == "recalled":
            self._red_since_us = now_us if self._red_since_us is None else self._red_since_us
            half = int((now_us - self._red_since_us) / 1e6 / _FLASH_S)
            return self._red if half % 2 == 0 else self._dark
        self._red_since_us = None
        race_s = None if race is None else race.race_s()
        if race is not None and race.phase in ("running", "interrupted") and race_s is not None:
            picture = self._preview.picture(race.plan_now, race_s)
            return [
                picture[places].tobytes() if in_race(member) else dark
                for member, places, dark in zip(night.fleet.members, self._preview.boards, self._dark, strict=True)
            ]
        return self._show(now_us)

    def _show(self, now_us: int) -> list[bytes]:
        shown = self._night.showing
        if shown is None or not 0 <= now_us - shown.begin_us < shown.end_us - shown.begin_us:
            return self._dark
        if abs(now_us - self._drawn_us) >= _SHOW_EVERY_US:
            self._drawn_us = now_us
            self._drawn = [
                self._draw(index, show, (now_us - shown.begin_us) // 1000) for index, show in enumerate(shown.shows)
            ]
        return self._drawn

    def _draw(self, index: int, show: Show, gone_ms: int) -> bytes:
        board = self._night.rail.boards[index]
        node: Any = node_shows.Show([output.leds for output in board.outputs])
        pixels = bytearray(3 * board.pixels)
        if node.begin(show.payload(), 0, 0, _NoClock) is None and node.on:
            node.draw(pixels, gone_ms * 1000, _NoClock)
        return np.frombuffer(bytes(pixels), dtype=np.uint8).reshape(-1, 3)[self._pixels[index]].tobytes()


def in_race(member: Member) -> bool:
    """Whether a board shows the race, by what it said last."""
    status = member.status
    return not member.restarted and status is not None and status.state in ("armed", "running", "finished")


class _NoClock:
    """A show without a clock goes by its ticks."""

    valid = False
