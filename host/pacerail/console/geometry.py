"""The track from above, in metres: the finish line at the origin, the home straight running to the right, y upwards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pacerail.live.rail import kerb_places
from pacerail.model.rail import Rail
from pacerail.model.track import OFFSET_KERB_M, Track

Floats = NDArray[np.float64]
Point = tuple[float, float]
_OUTLINE_STEP_M = 1.5


def on_kerb(track: Track, track_m: float) -> Point:
    """Where on the kerb a track coordinate lies."""
    x, y, _ = kerb_places(track, np.array([track.track_to_kerb(track_m)]))
    return _rounded(float(x[0]), float(y[0]))


def outlines(track: Track) -> dict[str, list[Point]]:
    """The kerb and the running line as closed polygons of some hundred points."""
    kerb_m = np.linspace(0.0, track.kerb_lap_m, round(track.kerb_lap_m / _OUTLINE_STEP_M), endpoint=False)
    x, y, heading = kerb_places(track, kerb_m)
    # the running line lies to the right of who runs along the kerb
    out_x, out_y = x + OFFSET_KERB_M * np.sin(heading), y - OFFSET_KERB_M * np.cos(heading)
    return {"kerb": _points(x, y), "running": _points(out_x, out_y)}


def led_places(rail: Rail, board: int) -> list[Point]:
    """Where a board's LEDs are on the kerb, in running order."""
    x, y, _ = kerb_places(rail.track, np.array([led.kerb_m for led in rail.leds_of(board)]))
    return _points(x, y)


def _points(x: Floats, y: Floats) -> list[Point]:
    return [_rounded(float(a), float(b)) for a, b in zip(x, y, strict=True)]


def _rounded(x: float, y: float) -> Point:
    return round(x, 3), round(y, 3)
