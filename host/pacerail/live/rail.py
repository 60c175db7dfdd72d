"""The rail seen from above, as pixels: the track's own shape to scale, and the light on it.

Pixels are half a character cell each, about square. All sums are in linear light; only the end is encoded for the
screen. What stands still is drawn once for a size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pacerail.live.canvas import Colour
from pacerail.model.rail import Rail
from pacerail.model.track import Straight, Track

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
_ToPixels = Callable[[Floats, Floats], tuple[Floats, Floats]]

LANES_M = 6.10
"""Five lanes of 1.22 m are drawn, so that it looks like a track."""
_BEYOND_M = LANES_M + 0.5
BACKGROUND: Colour = (11, 14, 20)
_INFIELD: Colour = (13, 25, 19)
_SURFACE: Colour = (88, 40, 30)
_KERB: tuple[Colour, Colour] = ((104, 108, 116), (78, 82, 90))  # boards in turn, so that one sees where they meet
_KERB_LOST: Colour = (190, 20, 30)
_LINE: Colour = (225, 225, 225)
_KERB_STEP_M = 0.25
_KERB_WIDE = 1.4  # of a pixel
_GAIN = 1.5  # a light one pixel wide spreads over two rows of pixels
_SCREEN_STEPS = 4096
_NEAR = np.mgrid[-2:3, -2:3].reshape(2, 25)
_NEAR_PART = 0.075 * np.exp(-(_NEAR**2).sum(axis=0) / 2.5)
"""How much of a pixel's light falls on those around it: the glow."""


def linear(colour: Colour) -> Floats:
    """Screen colour to linear light, 0 to 1 (IEC 61966-2-1)."""
    c = np.array(colour, dtype=np.float64) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def screen_table() -> Bytes:
    """Linear light in steps of 1 / 4095 to the screen's 0 to 255 (IEC 61966-2-1)."""
    c = np.arange(_SCREEN_STEPS) / (_SCREEN_STEPS - 1)
    return np.rint(255 * np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055)).astype(np.uint8)


_SCREEN = screen_table()


def screen_colour(light: tuple[int, int, int]) -> Colour:
    """The screen's colour for an LED's linear light, 0 to 255."""
    r, g, b = (int(_SCREEN[c * (_SCREEN_STEPS - 1) // 255]) for c in light)
    return r, g, b


def kerb_places(track: Track, kerb_m: Floats) -> tuple[Floats, Floats, Floats]:
    """(x_m, y_m, heading_rad) of kerb coordinates, from above: the finish line at (0, 0), running to the right."""
    kerb_m = np.mod(kerb_m, track.kerb_lap_m)
    places = np.zeros((3, len(kerb_m)))
    x = y = heading = 0.0
    for segment, begin_m, end_m in zip(track.segments, track.kerb_edges_m[:-1], track.kerb_edges_m[1:], strict=True):
        here = (kerb_m >= begin_m) & (kerb_m <= end_m)
        for along, index in ((kerb_m[here] - begin_m, here), (np.array([end_m - begin_m]), None)):
            if isinstance(segment, Straight):
                found = (x + along * math.cos(heading), y + along * math.sin(heading), np.full(along.shape, heading))
            else:
                turned = heading + along / segment.kerb_radius_m
                found = (
                    x + segment.kerb_radius_m * (np.sin(turned) - math.sin(heading)),
                    y - segment.kerb_radius_m * (np.cos(turned) - math.cos(heading)),
                    turned,
                )
            if index is not None:
                places[:, index] = found
            else:
                x, y, heading = (float(f[0]) for f in found)
    return places[0], places[1], places[2]


@dataclass(frozen=True, eq=False)
class Oval:
    """A track drawn into `cols` x `rows` cells: all that does not move."""

    track: Track
    cols: int
    rows: int
    pixel_m: float
    left_m: float
    top_m: float
    still: Floats
    """(2 rows x cols, 3) linear light without any lamp."""
    lost: Floats
    """The same with every board lost."""
    free: NDArray[np.bool_]
    """(rows, cols): cells well inside the kerb, where words may stand."""
    led_pixels: NDArray[np.intp]
    """(LEDs, 4) the four pixels that an LED's light falls into, and with which weights:"""
    led_weights: Floats
    kerb_pixels: tuple[NDArray[np.intp], ...]
    """By board, the pixels of its kerb."""

    @cached_property
    def still_screen(self) -> Bytes:
        """(2 rows x cols, 3) `still` as the screen takes it."""
        return _encode(self.still)

    def cell(self, x_m: float, y_m: float) -> tuple[float, float]:
        """(row, column) of a place, as fractions."""
        return (self.top_m - y_m) / self.pixel_m / 2, (x_m - self.left_m) / self.pixel_m

    def beside(self, kerb_m: float, out_m: float) -> tuple[float, float, float]:
        """(row, column, x of the outward direction) of a place `out_m` outside the kerb (below 0: in the field)."""
        x, y, heading = (float(v[0]) for v in kerb_places(self.track, np.array([kerb_m])))
        row, col = self.cell(x + out_m * math.sin(heading), y - out_m * math.cos(heading))
        return row, col, math.sin(heading)


def extent_m(track: Track) -> tuple[float, float, float, float]:
    """(left, right, bottom, top) of the drawn track, in m."""
    x, y, _ = kerb_places(track, np.linspace(0, track.kerb_lap_m, 800))
    out = _BEYOND_M
    return float(x.min()) - out, float(x.max()) + out, float(y.min()) - out, float(y.max()) + out


def fit(track: Track, cols: int, rows: int, side_cols: int, side_rows: int) -> float:
    """Metres a pixel at which a track, with margins all round in cells, fits into so many cells; inf if it cannot."""
    left, right, bottom, top = extent_m(track)
    room_cols, room_rows = cols - 2 * side_cols, rows - 2 * side_rows
    if room_cols < 1 or room_rows < 1:
        return math.inf
    return max((right - left) / room_cols, (top - bottom) / (2 * room_rows))


def draw_oval(rail: Rail, start_m: float, cols: int, rows: int, side_cols: int = 0, side_rows: int = 0) -> Oval:
    """Draw a rail's track into so many cells; `start_m` is the track coordinate of the start line."""
    track = rail.track
    left, right, bottom, top = extent_m(track)
    # the kerb's lowest and highest edge each on a row of pixels: straights lie there, and are sharp so
    apart_m = top - bottom - 2 * _BEYOND_M
    apart = max(1, math.floor(apart_m / fit(track, cols, rows, side_cols, side_rows)))
    pixel_m = apart_m / apart
    left_m = (left + right) / 2 - cols * pixel_m / 2
    top_m = bottom + _BEYOND_M + (rows + apart // 2 + (apart % 2) + 0.5) * pixel_m
    size = (2 * rows, cols)

    def at(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        return (x - left_m) / pixel_m, (top_m - y) / pixel_m

    step_m = pixel_m / 4
    along = np.arange(0, track.kerb_lap_m, step_m)
    x, y, heading = kerb_places(track, along)
    still = np.empty((*size, 3))
    still[:] = linear(BACKGROUND)
    inside = _inside(*at(x[::8], y[::8]), size)
    still[inside] = linear(_INFIELD)
    # the lanes, each point for a little more than its share, so that no seam shows
    out = np.arange(step_m / 2, LANES_M, step_m)
    lanes = _cover(*at(_outside(x, np.sin(heading), out), _outside(y, -np.cos(heading), out)), size, 1 / 12)
    still += lanes[..., None] * (linear(_SURFACE) - still)
    # start and finish line, across the lanes
    across = np.arange(step_m / 2, LANES_M - pixel_m / 4, step_m)
    for line_m in sorted({0.0, start_m}):
        lx, ly, turn = kerb_places(track, np.array([track.track_to_kerb(line_m)]))
        px, py = at(lx + across * np.sin(turn), ly - across * np.cos(turn))
        line = np.clip(_cover(px, py, size, 0.30), 0, 1)
        still += line[..., None] * (linear(_LINE) - still)
    alone, lost, kerb_pixels = _with_kerb(rail, still, at, size)
    lx, ly, _ = kerb_places(track, np.array([led.kerb_m for led in rail.leds]))
    pixels, weights = _splat(*at(lx, ly), size)
    pitch_m = track.kerb_lap_m / max(1, len(rail.leds))
    weights *= min(1.0, pitch_m / pixel_m) * _GAIN
    free = _free_cells(inside)
    return Oval(track, cols, rows, pixel_m, left_m, top_m, alone, lost, free, pixels, weights, kerb_pixels)


def oval_pixels(oval: Oval, leds: Bytes, lost: Sequence[int] = ()) -> Bytes:
    """(2 rows, cols, 3) for the screen: the still picture, the kerb of lost boards red, and the LEDs' own light."""
    still = oval.still
    if lost:
        still = still.copy()
        for board in lost:
            still[oval.kerb_pixels[board]] = oval.lost[oval.kerb_pixels[board]]
    shown = _encode(still) if lost else oval.still_screen.copy()
    lit = np.flatnonzero(leds.any(axis=1))
    if len(lit):
        weights = oval.led_weights[lit][:, :, None] * (leds[lit][:, None, :] / 255)
        pixels, core = _summed(oval.led_pixels[lit].ravel(), weights.reshape(-1, 3))
        peak = core.max(axis=1, keepdims=True)
        core /= np.maximum(peak, 1.0)  # too much light keeps its colour
        # a little of it falls on everything within two pixels
        down, right = pixels // oval.cols, pixels % oval.cols
        near_down = (down[:, None] + _NEAR[0][None, :]).ravel()
        near_right = (right[:, None] + _NEAR[1][None, :]).ravel()
        keep = (near_down >= 0) & (near_down < 2 * oval.rows) & (near_right >= 0) & (near_right < oval.cols)
        glow = (core[:, None, :] * _NEAR_PART[None, :, None]).reshape(-1, 3)[keep]
        around, light = _summed((near_down * oval.cols + near_right)[keep], glow)
        light += still[around]
        where = np.searchsorted(around, pixels)  # every one is among those around
        covered = np.clip(peak * 1.5, 0.0, 1.0)
        light[where] += core - still[pixels] * covered
        shown[around] = _encode(light)
    return shown.reshape(2 * oval.rows, oval.cols, 3)


def strip_pixels(rail: Rail, leds: Bytes, cols: int, lost: Sequence[int] = ()) -> Bytes:
    """(2, cols, 3) for the screen: the rail unrolled from the finish line on, for a terminal with no room for more."""
    places = np.array([led.track_m for led in rail.leds]) / rail.track.lap_m * cols
    boards = np.array([led.board for led in rail.leds])
    at = np.clip(places.astype(np.intp), 0, cols - 1)
    light = np.zeros((cols, 3))
    light[at] = np.array([linear(shade) for shade in _KERB])[boards % 2]
    for board in lost:
        light[at[boards == board]] = linear(_KERB_LOST)
    lit = np.flatnonzero(leds.any(axis=1))
    light[at[lit]] = leds[lit] / 255  # where several fall together the one ahead is seen
    return np.repeat(_encode(light)[None], 2, axis=0)


def _summed(pixels: NDArray[np.intp], light: Floats) -> tuple[NDArray[np.intp], Floats]:
    """The distinct pixels, in order, and all the light that falls on each."""
    distinct, which = np.unique(pixels, return_inverse=True)
    total = np.zeros((len(distinct), 3))
    np.add.at(total, which.ravel(), light)
    return distinct, total


def _encode(light: Floats) -> Bytes:
    steps = np.clip(light, 0, 1) * (_SCREEN_STEPS - 1)
    return _SCREEN[steps.astype(np.intp)]


def _outside(places: Floats, direction: Floats, out_m: Floats) -> Floats:
    return (places[:, None] + direction[:, None] * out_m[None, :]).ravel()


def _cover(px: Floats, py: Floats, size: tuple[int, int], each: float) -> Floats:
    """How much of each pixel is covered by points that stand for `each` of a pixel's area."""
    col, row = np.floor(px).astype(np.intp), np.floor(py).astype(np.intp)
    keep = (col >= 0) & (col < size[1]) & (row >= 0) & (row < size[0])
    counts = np.bincount(row[keep] * size[1] + col[keep], minlength=size[0] * size[1]).astype(np.float64)
    return np.clip(counts.reshape(size) * each, 0.0, 1.0)


def _splat(px: Floats, py: Floats, size: tuple[int, int]) -> tuple[NDArray[np.intp], Floats]:
    """The four pixels around each point, and its weight in each."""
    left, upper = np.floor(px - 0.5), np.floor(py - 0.5)
    right_part, lower_part = px - 0.5 - left, py - 0.5 - upper
    pixels: list[NDArray[np.intp]] = []
    weights: list[Floats] = []
    for down in (0, 1):
        for right in (0, 1):
            row = np.clip(upper + down, 0, size[0] - 1).astype(np.intp)
            col = np.clip(left + right, 0, size[1] - 1).astype(np.intp)
            pixels.append(row * size[1] + col)
            weights.append((right_part if right else 1 - right_part) * (lower_part if down else 1 - lower_part))
    return np.stack(pixels, axis=1), np.stack(weights, axis=1)


def _with_kerb(
    rail: Rail, still: Floats, at: _ToPixels, size: tuple[int, int]
) -> tuple[Floats, Floats, tuple[NDArray[np.intp], ...]]:
    """(pixels, 3) with the kerb in its colours, the same with all boards lost, and by board the pixels of its kerb."""
    flat = still.reshape(-1, 3)
    weight_sum, colour_sum = np.zeros(len(flat)), np.zeros((len(flat), 3))
    by_board: list[NDArray[np.intp]] = []
    for index, board in enumerate(rail.boards):
        spans = [np.arange(o.from_m, o.from_m + o.length_m, _KERB_STEP_M) for o in board.outputs]
        x, y, _ = kerb_places(rail.track, np.concatenate(spans))
        pixels, weights = _splat(*at(x, y), size)
        where, part = pixels.ravel(), weights.ravel()
        np.add.at(weight_sum, where, part)
        np.add.at(colour_sum, where, part[:, None] * linear(_KERB[index % 2]))
        by_board.append(np.unique(where[part > 0.1]))
    x0, x1 = at(np.array([0.0, _KERB_STEP_M]), np.zeros(2))[0]
    cover = np.clip(weight_sum * (x1 - x0) * _KERB_WIDE, 0.0, 1.0)[:, None]
    shade = colour_sum / np.maximum(weight_sum, 1e-9)[:, None]
    return flat + cover * (shade - flat), flat + cover * (linear(_KERB_LOST) - flat), tuple(by_board)


def _inside(px: Floats, py: Floats, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Which pixels' middles lie inside a closed outline."""
    rows, cols = np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5
    inside = np.zeros(size, dtype=np.bool_)
    for x0, y0, x1, y1 in zip(px, py, np.roll(px, -1), np.roll(py, -1), strict=True):
        crossed = (y0 > rows) != (y1 > rows)
        if crossed.any():
            x = x0 + (rows - y0) * (x1 - x0) / (y1 - y0)
            inside ^= crossed[:, None] & (cols[None, :] < x[:, None])
    return inside


def _free_cells(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    cells = inside[0::2] & inside[1::2]
    free = cells.copy()
    free[1:] &= cells[:-1]
    free[:-1] &= cells[1:]
    free[:, 3:] &= cells[:, :-3]
    free[:, :-3] &= cells[:, 3:]
    free[[0, -1]] = False
    return free
