"""What the whole rail shows at a race time, as a picture: for screens, from the plan, with no board asked.

The law is the boards' own (see the node's kernels and render): an LED shows of each wave the share of its cell that the
wave covers and no wave above it does, in linear light. Boards count in 0.1 mm and round each colour; here it is floats,
so the two agree to a grey level.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pacerail.model.plan import Plan
from pacerail.model.rail import Rail

Pixels = NDArray[np.uint8]
Span = tuple[float, float]


class Preview:
    """Pictures of one rail. `boards[b]` are the places of board b's LEDs, in running order, in a picture's rows."""

    def __init__(self, rail: Rail) -> None:
        self.rail = rail
        place = {(led.board, led.pixel): k for k, led in enumerate(rail.leds)}
        self.boards = [
            np.array([place[led.board, led.pixel] for led in rail.leds_of(b)], dtype=np.intp)
            for b in range(len(rail.boards))
        ]
        self._lap_m = rail.track.lap_m
        # cells rise along the lap, the first may begin before the finish line and the last end behind it
        self._lo_m = np.array([led.cell_lo_m for led in rail.leds])
        self._hi_m = np.array([led.cell_hi_m for led in rail.leds])

    def dark(self) -> Pixels:
        """(LEDs, 3) of nothing, in the order of Rail.leds."""
        return np.zeros((len(self._lo_m), 3), dtype=np.uint8)

    def picture(self, plan: Plan, race_s: float) -> Pixels:
        """(LEDs, 3) linear light at a race time in s, in the order of Rail.leds, before any limit or brightness."""
        light = np.zeros((len(self._lo_m), 3))
        taken: list[Span] = []
        for wave in plan.waves_by_priority():
            if not wave.visible(race_s):
                continue
            head_m = (plan.start_track_m(self.rail.track) + wave.motion.distance_m(race_s)) % self._lap_m
            colour = np.array(wave.colour, dtype=np.float64)
            for span in _uncovered((head_m - wave.length_m, head_m), taken, self._lap_m):
                self._add(light, span, colour)
            taken.append((head_m - wave.length_m, head_m))
        return np.minimum(np.rint(light), 255).astype(np.uint8)

    def _add(self, light: NDArray[np.float64], span: Span, colour: NDArray[np.float64]) -> None:
        """Light a stretch of the lap: each cell by the share of it that lies in the stretch."""
        for lap_m in (-self._lap_m, 0.0, self._lap_m):  # cells around the finish line are met from both sides
            begin_m, end_m = span[0] + lap_m, span[1] + lap_m
            first = int(np.searchsorted(self._hi_m, begin_m, side="right"))
            last = int(np.searchsorted(self._lo_m, end_m, side="left"))
            if first < last:
                lo_m, hi_m = self._lo_m[first:last], self._hi_m[first:last]
                share = (np.minimum(hi_m, end_m) - np.maximum(lo_m, begin_m)) / (hi_m - lo_m)
                light[first:last] += share[:, None] * colour


def _uncovered(span: Span, taken: list[Span], lap_m: float) -> list[Span]:
    """What of a stretch is under none of others; all are stretches of a ring, each at most half a lap long."""
    left = [span]
    for begin_m, end_m in taken:
        for shift_m in (-lap_m, 0.0, lap_m):
            lo_m, hi_m = begin_m + shift_m, end_m + shift_m
            rest: list[Span] = []
            for a_m, b_m in left:
                if hi_m <= a_m or lo_m >= b_m:
                    rest.append((a_m, b_m))
                    continue
                if a_m < lo_m:
                    rest.append((a_m, lo_m))
                if hi_m < b_m:
                    rest.append((hi_m, b_m))
            left = rest
    return left
