"""The judge: where the light stood against where the plan says, from the pixels themselves and the true time.

It knows the plan and the rail as the model has them, in floats, and nothing of pace tables. For each edge of light that
the plan puts on a board (the head or the tail of a wave, where it is not hidden under another) it reads from the
levels of the LEDs around where that edge really was:

    with the colour L left of the edge and R right of it, a cell with pixel p is lit to f = (p - R).(L - R) / |L - R|^2
    by the left colour, so the sum of f x width over some cells around the edge is how far into them the edge has come

which is exact as long as the edge is among those cells; if it is not, the error shows as the width of what was looked
at, a few pitches. All other cells must show exactly what the plan has there; those that do not are counted as stray.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from pacerail.bench.simboard import Frame
from pacerail.model.plan import Plan, Wave
from pacerail.model.rail import Rail
from pacerail.model.runs import edges_m, runs_of

Floats = NDArray[np.float64]
Levels = NDArray[np.int16]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
_REACH = 3  # cells looked at on either side of an edge
_HAIR_M = 1e-6
_JUMP_M = 0.001
_STRAY_LEVELS = 1
_BATCH = 1000
_SWITCH_S = 0.001
"""So close to the instant at which a wave is switched or jumps, a board's clock decides which side a frame shows."""


@dataclass(frozen=True)
class _Stretch:
    """One run of cells of one board: their edges in m from its begin, and their pixels."""

    origin_m: float
    edges_m: Floats
    pixels: NDArray[np.intp]


@dataclass(frozen=True)
class _Scene:
    """What the plan shows on each frame: the heads in m from a stretch's begin, in [0, lap), and which are lit.

    Both (frames, waves), topmost wave first.
    """

    heads_m: Floats
    lit: Mask


@dataclass(frozen=True)
class _Edges:
    """The edges of light on each frame, (frames, edges) each."""

    at_m: Floats
    cell: Indices
    low: Indices
    """First cell that may be looked at: nothing but this edge is in the cells from there to `high`."""
    high: Indices
    left: Indices
    """Index of the colour on its left, and on its right."""
    right: Indices
    seen: Mask
    """It is on the stretch, lit, and not hidden under another wave."""
    shared: Mask
    """Another seen edge lies in the same cell."""


class LightJudge:
    """Measures frames as they come. `errors_mm` are absolute errors, one for each edge of light on each frame."""

    def __init__(self, plan: Plan, rail: Rail) -> None:
        self.stray_cells = 0
        self._track = rail.track
        self._lap_m = rail.track.lap_m
        self._stretches: list[list[_Stretch]] = []
        for index in range(len(rail.boards)):
            runs = runs_of(rail.leds_of(index), self._lap_m)
            stretches: list[_Stretch] = []
            for run in runs:
                edges = np.array(edges_m(run, self._lap_m))
                pixels = np.array([led.pixel for led in run])
                stretches.append(_Stretch(float(edges[0]), edges - edges[0], pixels))
            self._stretches.append(stretches)
        self._waiting: list[list[tuple[float, bytes]]] = [[] for _ in rail.boards]
        self._errors: list[Floats] = []
        self.follow(plan)

    def follow(self, plan: Plan) -> None:
        """Judge by another plan from here on; what came before is measured first."""
        for board in range(len(self._waiting)):
            self._measure(board)
        self._waves = plan.waves_by_priority()
        self._start_m = plan.start_track_m(self._track)
        self._lengths = np.array([wave.length_m for wave in self._waves])
        # the last "colour" is the dark between the waves
        self._colours = np.array([*(wave.colour for wave in self._waves), (0, 0, 0)], dtype=np.float64)
        self._levels = self._colours.astype(np.int16)
        self._switches_s = np.array(sorted({t for wave in self._waves for t in _switches_s(wave)}))

    def add(self, frame: Frame, race_s: float) -> None:
        """Take a frame that became visible at a true race time."""
        waiting = self._waiting[frame.board]
        waiting.append((race_s, frame.rgb))
        if len(waiting) >= _BATCH:
            self._measure(frame.board)

    def errors_mm(self) -> Floats:
        """All errors so far."""
        for board in range(len(self._waiting)):
            self._measure(board)
        self._errors = [np.concatenate(self._errors)] if self._errors else []
        return self._errors[0] if self._errors else np.zeros(0)

    def heads_m(self, race_s: Floats) -> tuple[Floats, Mask]:
        """Track coordinates of the heads by the plan, topmost wave first, and which are lit: (times, waves) each."""
        heads = np.stack([wave.motion.distance_m(race_s) for wave in self._waves], axis=1)
        lit = np.stack([wave.visible(race_s) for wave in self._waves], axis=1)
        return (self._start_m + heads) % self._lap_m, lit

    def lit_on(self, board: int, race_s: Floats) -> Mask:
        """Whether the plan has any light on a board, at each of some race times."""
        heads, lit = self.heads_m(race_s)
        found = np.zeros(race_s.shape, dtype=np.bool_)
        for stretch in self._stretches[board]:
            # the head is on the stretch, or has left it by less than the wave's length
            past = (heads - stretch.origin_m) % self._lap_m
            found |= (lit & (past < stretch.edges_m[-1] + self._lengths)).any(axis=1)
        return found

    def _measure(self, board: int) -> None:
        taken, self._waiting[board] = self._waiting[board], []
        if not taken:
            return
        near = np.searchsorted(self._switches_s, [[t - _SWITCH_S, t + _SWITCH_S] for t, _ in taken])
        waiting = [frame for frame, (before, after) in zip(taken, near, strict=True) if before == after]
        if not waiting:
            return
        race_s = np.array([t for t, _ in waiting])
        pixels = np.frombuffer(b"".join(rgb for _, rgb in waiting), dtype=np.uint8).reshape(len(waiting), -1, 3)
        heads, lit = self.heads_m(race_s)
        for stretch in self._stretches[board]:
            self._measure_stretch(stretch, heads, lit, pixels[:, stretch.pixels, :].astype(np.int16))

    def _measure_stretch(self, stretch: _Stretch, heads: Floats, lit: Mask, pixels: Levels) -> None:
        scene = _Scene((heads - stretch.origin_m) % self._lap_m, lit)
        edges = self._edges_of_light(stretch, scene)
        self._read_edges(stretch, edges, pixels)
        self._check_rest(stretch, scene, edges, pixels)

    def _edges_of_light(self, stretch: _Stretch, scene: _Scene) -> _Edges:
        """Heads, then tails, of all waves on each frame, and which cells may be looked at to read each of them."""
        lap, length_m = self._lap_m, stretch.edges_m[-1]
        cells = len(stretch.edges_m) - 1
        at = np.concatenate((scene.heads_m, scene.heads_m - self._lengths), axis=1)
        at = (at - length_m / 2 + lap / 2) % lap - lap / 2 + length_m / 2  # as it lies around the middle of the stretch
        left = self._colour_at(at - _HAIR_M, scene)
        right = self._colour_at(at + _HAIR_M, scene)
        seen = np.concatenate((scene.lit, scene.lit), axis=1) & (at > 0) & (at < length_m)
        seen &= (self._colours[left] != self._colours[right]).any(axis=2)
        place = np.asarray(np.searchsorted(stretch.edges_m, at, side="right"), dtype=np.intp)
        cell: Indices = np.minimum(np.maximum(place - 1, 0), cells - 1)
        low: Indices = np.maximum(cell - _REACH, 0)
        high: Indices = np.minimum(cell + _REACH, cells - 1)
        shared = np.zeros(seen.shape, dtype=np.bool_)
        for e, o in permutations(range(at.shape[1]), 2):  # every edge, and every other one that may be in its way
            both: Mask = seen[:, e] & seen[:, o]
            gap: Indices = cell[:, o] - cell[:, e]
            shared[:, e] |= both & (gap == 0)
            low[:, e] = np.where(both & (gap < 0), np.maximum(low[:, e], cell[:, o] + 1), low[:, e])
            high[:, e] = np.where(both & (gap > 0), np.minimum(high[:, e], cell[:, o] - 1), high[:, e])
        return _Edges(at, cell, low, high, left, right, seen, shared)

    def _read_edges(self, stretch: _Stretch, edges: _Edges, pixels: Levels) -> None:
        frame, edge = np.nonzero(edges.seen & ~edges.shared)
        widths = np.diff(stretch.edges_m)
        centre = edges.cell[frame, edge]
        looked = centre[:, None] + np.arange(-_REACH, _REACH + 1)[None, :]
        inside = (looked >= edges.low[frame, edge][:, None]) & (looked <= edges.high[frame, edge][:, None])
        looked = np.clip(looked, 0, len(widths) - 1)
        before, behind = self._colours[edges.left[frame, edge]], self._colours[edges.right[frame, edge]]
        contrast = before - behind
        level = ((pixels[frame[:, None], looked] - behind[:, None, :]) * contrast[:, None, :]).sum(axis=2)
        level /= (contrast * contrast).sum(axis=1)[:, None]
        wide = np.where(inside, widths[looked], 0.0)
        measured = (level * wide).sum(axis=1)
        expected = np.where(looked < centre[:, None], wide, 0.0).sum(axis=1)
        expected += edges.at_m[frame, edge] - stretch.edges_m[centre]
        self._errors.append(np.abs(measured - expected) * 1000)

    def _check_rest(self, stretch: _Stretch, scene: _Scene, edges: _Edges, pixels: Levels) -> None:
        """Cells without an edge show one colour; cells with several are held against their exact mixture."""
        cells = len(stretch.edges_m) - 1
        middles = np.broadcast_to((stretch.edges_m[:-1] + stretch.edges_m[1:]) / 2, (len(pixels), cells))
        wanted = self._levels[self._colour_at(middles, scene)]
        near = np.zeros((len(pixels), cells), dtype=np.bool_)
        frame, edge = np.nonzero(edges.seen)
        for step in (-1, 0, 1):
            near[frame, np.clip(edges.cell[frame, edge] + step, 0, cells - 1)] = True
        wrong = (np.abs(pixels - wanted).max(axis=2) > _STRAY_LEVELS) & ~near
        self.stray_cells += int(wrong.sum())
        for f, e in zip(*np.nonzero(edges.shared), strict=True):
            index = int(edges.cell[f, e])
            lo, hi = float(stretch.edges_m[index]), float(stretch.edges_m[index + 1])
            cuts = np.array([lo, *sorted(x for x in edges.at_m[f][edges.seen[f]] if lo < x < hi), hi])
            alone = _Scene(scene.heads_m[f : f + 1], scene.lit[f : f + 1])
            shown = self._colour_at(((cuts[:-1] + cuts[1:]) / 2)[None, :], alone)[0]
            mixture = (self._colours[shown] * np.diff(cuts)[:, None]).sum(axis=0) / (hi - lo)
            off = np.abs(pixels[f, index] - mixture).max() / max(1.0, float(self._colours[shown].max()))
            self._errors.append(np.array([off * (hi - lo) * 1000]))

    def _colour_at(self, points_m: Floats, scene: _Scene) -> Indices:
        """Index of the wave seen at points (frames, points), the number of waves where it is dark."""
        waves = scene.heads_m.shape[1]
        found = np.full(points_m.shape, waves, dtype=np.intp)
        for wave in range(waves - 1, -1, -1):
            behind = scene.heads_m[:, wave, None] - points_m
            np.add(behind, self._lap_m, out=behind, where=behind < 0)
            found[scene.lit[:, wave, None] & (behind <= self._lengths[wave])] = wave
        return found


def _switches_s(wave: Wave) -> list[float]:
    """When a wave goes on or off, or jumps, by the plan."""
    motion = wave.motion
    u = np.diff(motion.breaks_s)[:-1]
    c = motion.coeffs
    ends_m = c[:-1, 0] + u * (c[:-1, 1] + u * (c[:-1, 2] + u * c[:-1, 3]))
    jumps = np.abs(c[1:, 0] - ends_m) > _JUMP_M
    return [*(t for window in wave.windows_s for t in window), *(float(t) for t in motion.breaks_s[1:-1][jumps])]


def expected_gaps(shown_s: Floats, lit_s: Sequence[tuple[float, float]], period_s: float) -> tuple[int, int]:
    """(frames while lit, frames dropped): over the spans in which a board is lit, from when its frames were seen.

    A frame is dropped where the picture stood for more than one and a half periods of the wire.
    """
    frames = dropped = 0
    for on_s, off_s in lit_s:
        first, last = np.searchsorted(shown_s, [on_s, off_s])
        frames += int(last - first)
        gaps = np.diff(np.concatenate(([on_s], shown_s[first:last], [off_s])))
        dropped += int(np.sum(np.where(gaps > 1.5 * period_s, np.rint(gaps / period_s) - 1, 0)))
    return frames, dropped
