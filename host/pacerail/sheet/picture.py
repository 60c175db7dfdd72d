"""The pictures of the sheet: the pace of every light over the distance, the track, and the lights at the gun."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pacerail.model.plan import Wave
from pacerail.model.track import Straight, Track
from pacerail.model.units import format_distance, format_time
from pacerail.readback import PACE_M, place
from pacerail.sheet.canvas import FAINT, GREY, INK, PALE, Anchor, Page, Point
from pacerail.sheet.content import Light, Sheet

_BINS = 240
_NICE_S = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
_NICE_M = (
    1.0,
    2.0,
    5.0,
    10.0,
    20.0,
    25.0,
    50.0,
    100.0,
    200.0,
    400.0,
    500.0,
    1000.0,
    2000.0,
    5000.0,
    10_000.0,
    20_000.0,
)


@dataclass(frozen=True)
class Box:
    """A place on the page."""

    x_mm: float
    y_mm: float
    w_mm: float
    h_mm: float


def tag(page: Page, x_mm: float, y_mm: float, light: Light, radius_mm: float = 1.9) -> None:
    """A light's letter in a ring of its colour, centred there."""
    page.disc(x_mm, y_mm, radius_mm, fill="#ffffff", stroke=light.ink, width_mm=0.45)
    size_pt = radius_mm * 3.7
    page.text(x_mm, y_mm + size_pt * 0.126, light.letter, size_pt, bold=True, anchor="middle")


def pace_s(wave: Wave, distance_m: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Along the distance in _BINS steps: (their middles in m, the mean pace over each in s for 400 m).

    NaN where the light rests, gets going, jumps, or is not there: that is no pace, and would flatten all the rest.
    """
    edges_m = np.linspace(0.0, distance_m, _BINS + 1)
    edges_m = edges_m[edges_m <= wave.finish_m + 1e-6]
    times_s = wave.motion.time_s(np.minimum(edges_m, wave.finish_m))
    if not wave.stands:  # rounding may put the finish a hair beyond the movement's end
        times_s = np.where(edges_m > wave.finish_m - 1e-6, wave.finish_s, times_s)
    with np.errstate(invalid="ignore"):
        paces = np.diff(times_s) / np.diff(edges_m) * PACE_M
    paces[~np.isfinite(paces) | (edges_m[:-1] < wave.motion.start_m)] = np.nan
    for begin_m, end_m in _run_ups_m(wave):
        paces[(edges_m[1:] > begin_m) & (edges_m[:-1] <= end_m)] = np.nan
    if np.any(np.isfinite(paces)):
        usual = np.nanmedian(paces)
        paces[(paces > 2.5 * usual) | (paces < 0.4 * usual)] = np.nan
    return (edges_m[:-1] + edges_m[1:]) / 2, paces


def draw_pace(page: Page, sheet: Sheet, box: Box) -> None:
    """Pace over distance, faster is higher; each light in its colour, its kind of line and with its letter."""
    left, top, right, bottom = box.x_mm + 10, box.y_mm + 5.5, box.x_mm + box.w_mm - 1, box.y_mm + box.h_mm - 7
    distance_m = sheet.plan.distance_m
    curves = [pace_s(light.wave, distance_m) for light in sheet.lights]
    every = np.concatenate([paces[np.isfinite(paces)] for _, paces in curves])
    if not len(every):
        return
    fast_s, slow_s = float(every.min()), float(every.max())
    middle_s, half_s = (fast_s + slow_s) / 2, max((slow_s - fast_s) / 2 * 1.12, 2.0)
    fast_s, slow_s = max(0.0, middle_s - half_s), middle_s + half_s

    def x_of(at_m: float) -> float:
        return left + (right - left) * at_m / distance_m

    def y_of(pace: float) -> float:
        return top + (bottom - top) * (min(max(pace, fast_s), slow_s) - fast_s) / (slow_s - fast_s)

    page.text(box.x_mm, box.y_mm + 2.2, f"Pace for {PACE_M:g} m over the distance; faster is higher", 7, colour=GREY)
    page.rect(left, top, right - left, bottom - top, fill=FAINT)
    for pace in _ticks(fast_s, slow_s, _NICE_S, 6):
        page.line([(left, y_of(pace)), (right, y_of(pace))], PALE, 0.15)
        decimals = 0 if pace == round(pace) else 1
        page.text(left - 1.2, y_of(pace) + 0.9, format_time(pace, decimals), 6.5, colour=GREY, anchor="end")
    last_mm = page.text(right, bottom + 3.6, format_distance(distance_m), 6.5, bold=True, anchor="end")
    ticks_m = _ticks(0.0, distance_m, _NICE_M, 9)
    for at_m in ticks_m:
        page.line([(x_of(at_m), bottom), (x_of(at_m), bottom + 0.9)], GREY, 0.2)
        if x_of(at_m) + page.faces.width_mm(f"{at_m:g}", 6.5) / 2 < right - last_mm - 1.5:
            page.text(x_of(at_m), bottom + 3.6, f"{at_m:g}", 6.5, colour=GREY, anchor="middle")
    page.line([(right, top), (right, bottom + 0.9)], INK, 0.3)
    page.text(left, bottom + 6.4, "distance in m", 6.5, colour=GREY)
    for light, (at_m, paces) in zip(sheet.lights, curves, strict=True):
        for stretch in _unbroken(paces):
            points = [(x_of(float(at_m[i])), y_of(float(paces[i]))) for i in stretch]
            half_mm = (right - left) / _BINS / 2
            points = [(points[0][0] - half_mm, points[0][1]), *points, (points[-1][0] + half_mm, points[-1][1])]
            page.line(_thinned(points), light.ink, 0.55, light.dash_mm)
    # apart along the line, so that lights of one pace can be told from each other
    for i, (light, (at_m, paces)) in enumerate(zip(sheet.lights, curves, strict=True)):
        there = np.flatnonzero(np.isfinite(paces))
        if len(there):
            pick = int(there[int(len(there) * (i + 0.6) / (len(sheet.lights) + 0.2))])
            y_mm = min(max(y_of(float(paces[pick])), top + 2), bottom - 2)
            tag(page, x_of(float(at_m[pick])), y_mm, light)


def draw_track(page: Page, sheet: Sheet, box: Box) -> None:
    """The track to scale, the home straight below: start and finish line, the way round, each light at the gun."""
    track, plan = sheet.track, sheet.plan
    around = [point(track, at_m) for at_m in np.linspace(0.0, track.lap_m, 240, endpoint=False)]
    xs, ys = [x for x, _ in around], [y for _, y in around]
    edge_mm = 7.0
    scale = min(
        (box.w_mm - 2 * edge_mm) / (max(xs) - min(xs)), (box.h_mm - 2 * edge_mm) / (max(ys) - min(ys))
    )  # mm of paper a metre
    x_mm = box.x_mm + box.w_mm / 2 - scale * (max(xs) + min(xs)) / 2
    y_mm = box.y_mm + box.h_mm / 2 + scale * (max(ys) + min(ys)) / 2

    def on(at_m: float, out_mm: float = 0.0) -> Point:
        x_m, y_m = point(track, at_m, out_mm / scale)
        return x_mm + scale * x_m, y_mm - scale * y_m

    loop = [on(float(at_m)) for at_m in np.linspace(0.0, track.lap_m, 360, endpoint=False)]
    page.loop(loop, PALE, 2.6)
    page.loop([on(float(at_m), -1.3) for at_m in np.linspace(0.0, track.lap_m, 360, endpoint=False)], GREY, 0.35)
    for k in range(8):  # arrows, the way round
        at_m = track.lap_m * (k + 0.5) / 8
        tip, wing = on(at_m + 1.0 / scale), at_m - 0.6 / scale
        page.line([on(wing, 0.9), tip, on(wing, -0.9)], "#ffffff", 0.5)
    start_m = plan.start_track_m(track)
    together = min(track.wrap(start_m), track.lap_m - track.wrap(start_m)) * scale < 0.4
    page.line([on(0.0, -2.2), on(0.0, 1.9)], INK, 0.9)
    if not together:
        page.line([on(start_m, -2.2), on(start_m, 1.9)], INK, 0.45, (0.7, 0.5))
    _lights_at_gun(page, sheet, on, box)
    middle_x, middle_y = x_mm + scale * (max(xs) + min(xs)) / 2, y_mm - scale * (max(ys) + min(ys)) / 2
    inside_mm = scale * (max(xs) - min(xs)) - 14
    lines = ["thick line: start and finish"]
    if not together:
        lines = ["thick line: finish", "dotted line: start,", place(start_m, track)]
    for i, line in enumerate(lines):
        page.text(middle_x, middle_y - 1.2 + 3.1 * (i - len(lines) / 2), line, 6.8, anchor="middle", most_mm=inside_mm)
    bar_m = next(nice for nice in reversed(_NICE_M) if nice <= (max(xs) - min(xs)) / 3)
    bar_y = middle_y + 5.2
    page.line([(middle_x - scale * bar_m / 2, bar_y), (middle_x + scale * bar_m / 2, bar_y)], GREY, 0.4)
    page.text(middle_x, bar_y + 2.9, f"{bar_m:g} m", 6.5, colour=GREY, anchor="middle")


def _lights_at_gun(page: Page, sheet: Sheet, on: Callable[[float, float], Point], box: Box) -> None:
    """The letters of the lights outside the track; those that would lie on each other stand in one group."""
    start_m = sheet.plan.start_track_m(sheet.track)
    heads = sorted(
        ((start_m + light.wave.motion.distance_m(0.0), light) for light in sheet.lights), key=lambda head: head[0]
    )
    groups = [_Group(page, on, box, [head]) for head in heads]
    i = 0
    while i + 1 < len(groups):
        if groups[i].meets(groups[i + 1]):
            groups[i : i + 2] = [_Group(page, on, box, groups[i].heads + groups[i + 1].heads)]
            i = max(0, i - 1)
        else:
            i += 1
    for group in groups:
        page.line([group.foot, (min(max(group.foot[0], group.left), group.left + group.wide), group.y)], GREY, 0.2)
        for k, (head_m, light) in enumerate(group.heads):
            page.disc(*on(head_m, 0.0), 0.75, fill=light.ink, stroke="#ffffff", width_mm=0.2)
            tag(page, group.left + group.each * (k + 0.5), group.y, light, group.each * 0.46)


class _Group:
    """Lights whose letters stand in one row, level, off the track."""

    def __init__(
        self, page: Page, on: Callable[[float, float], Point], box: Box, heads: list[tuple[float, Light]]
    ) -> None:
        self.heads = heads
        middle_m = sum(head_m for head_m, _ in heads) / len(heads)
        self.foot, (x_mm, self.y) = on(middle_m, 2.2), on(middle_m, 5.0)
        self.each = min(3.9, box.w_mm / len(heads))
        self.wide = self.each * len(heads)
        away = x_mm - self.foot[0]
        if abs(away) > 1.5:  # where the track runs up or down the row begins beside it
            x_mm += math.copysign((self.wide - self.each) / 2, away)
        self.left = min(max(x_mm - self.wide / 2, box.x_mm), box.x_mm + box.w_mm - self.wide)

    def meets(self, other: _Group) -> bool:
        """Whether the two rows would touch."""
        apart = self.left > other.left + other.wide or other.left > self.left + self.wide
        return not apart and abs(self.y - other.y) < 4.0


def draw_gun(page: Page, sheet: Sheet, box: Box) -> None:
    """The rail around the start line at the gun, to a larger scale: a line for each light, what of it is lit."""
    heads_m = [light.wave.motion.distance_m(0.0) for light in sheet.lights]
    tails_m = [head - light.wave.length_m for head, light in zip(heads_m, sheet.lights, strict=True)]
    low_m, high_m = min(*tails_m, 0.0) if tails_m else 0.0, max([*heads_m, 0.0])
    span_m = max(high_m - low_m, 4.0)
    low_m, high_m = low_m - 0.06 * span_m, high_m + 0.12 * span_m
    page.text(box.x_mm, box.y_mm + 2.2, "At the gun, around the start line; they run to the right", 7, colour=GREY)
    left, right, top, bottom = box.x_mm + 5.5, box.x_mm + box.w_mm - 1, box.y_mm + 4.2, box.y_mm + box.h_mm - 4.4
    row_mm = min(4.6, (bottom - top) / len(sheet.lights))
    bottom = top + row_mm * len(sheet.lights)

    def x_of(at_m: float) -> float:
        return left + (right - left) * (at_m - low_m) / (high_m - low_m)

    page.rect(left, top, right - left, bottom - top, fill=INK, radius_mm=0.8)
    for i, light in enumerate(sheet.lights):
        middle = top + row_mm * (i + 0.5)
        tag(page, box.x_mm + 2, middle, light, min(1.9, row_mm * 0.46))
        lit = light.lit_at_gun
        x_tail, x_head = x_of(tails_m[i]), x_of(heads_m[i])
        bar_mm = row_mm * 0.5
        page.rect(
            x_tail,
            middle - bar_mm / 2,
            max(0.3, x_head - x_tail),
            bar_mm,
            fill=light.glow if lit else None,
            stroke=None if lit else light.glow,
            width_mm=0.2,
            radius_mm=min(0.5, bar_mm / 2),
        )
        told = f"{_signed(heads_m[i])} m" if abs(heads_m[i]) >= 0.005 else ""
        told = " ".join(word for word in (told, "" if lit else "dark") if word)
        x_text = x_head + 1.2
        width_mm = page.faces.width_mm(told, 6.2, bold=True)
        if x_text + width_mm > right - 0.6:
            x_text = max(left + 0.6, x_tail - 1.2 - width_mm)
        page.text(x_text, middle + 0.8, told, min(6.2, row_mm * 1.7), bold=True, colour="#ffffff")
    page.line([(x_of(0.0), top - 0.8), (x_of(0.0), bottom + 0.8)], INK, 0.5)
    page.line([(x_of(0.0), top), (x_of(0.0), bottom)], "#ffffff", 0.5)
    page.text(x_of(0.0), bottom + 3.4, "start line", 6.5, bold=True, anchor=_anchor(x_of(0.0), left, right))
    bar_m = next(nice for nice in reversed(_NICE_M) if nice <= max(1.0, (high_m - low_m) / 4))
    end = right if x_of(0.0) < (left + right) / 2 else left + (right - left) * bar_m / (high_m - low_m)
    begin = end - (right - left) * bar_m / (high_m - low_m)
    page.line([(begin, bottom + 1.6), (end, bottom + 1.6)], GREY, 0.4)
    page.text((begin + end) / 2, bottom + 4.4, f"{bar_m:g} m", 6.5, colour=GREY, anchor="middle")


def point(track: Track, track_m: float, out_m: float = 0.0) -> Point:
    """(x, y) in m of a place on the running line, ``out_m`` further out; y is up, the finish line at (0, about 0)."""
    at_m = track.wrap(track_m)
    x, y, heading = 0.0, 0.0, 0.0
    for segment in track.segments:
        share = min(max(at_m / segment.run_m, 0.0), 1.0)
        last = at_m <= segment.run_m
        if isinstance(segment, Straight):
            offset_m = 0.3
            x += segment.length_m * share * math.cos(heading)
            y += segment.length_m * share * math.sin(heading)
        else:
            offset_m = segment.offset_m
            turned = heading + math.radians(segment.angle_deg) * share
            x += segment.kerb_radius_m * (math.sin(turned) - math.sin(heading))
            y -= segment.kerb_radius_m * (math.cos(turned) - math.cos(heading))
            heading = turned
        if last:
            away_m = offset_m + out_m
            return x + away_m * math.sin(heading), y - away_m * math.cos(heading)
        at_m -= segment.run_m
    return x, y


def _run_ups_m(wave: Wave) -> list[tuple[float, float]]:
    """Where the light rests, or gets going from rest: from and to in m."""
    motion = wave.motion
    from_rest = np.flatnonzero((motion.coeffs[:, 1] <= 0) & (motion.breaks_s[:-1] < wave.finish_s))
    breaks_m = motion.distance_m(motion.breaks_s)
    return [(float(breaks_m[i]), float(breaks_m[i + 1])) for i in from_rest]


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else '-'}{abs(value):.2f}"


def _anchor(x_mm: float, left: float, right: float) -> Anchor:
    if x_mm - left < 6:
        return "start"
    return "end" if right - x_mm < 6 else "middle"


def _ticks(low: float, high: float, nice: tuple[float, ...], most: int) -> list[float]:
    step = next((step for step in nice if (high - low) / step <= most), nice[-1])
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step + 1e-9) + 1)]


def _unbroken(values: NDArray[np.float64]) -> list[list[int]]:
    """The indices of finite values, in stretches without a gap."""
    found: list[list[int]] = []
    for i in np.flatnonzero(np.isfinite(values)):
        if found and found[-1][-1] == i - 1:
            found[-1].append(int(i))
        else:
            found.append([int(i)])
    return found


def _thinned(points: list[Point]) -> list[Point]:
    """Without those between two of the same height: dashes run on, and files stay small."""
    keep = [
        here
        for before, here, after in zip(points, points[1:], points[2:], strict=False)
        if not abs(before[1] - here[1]) < 0.005 > abs(after[1] - here[1])
    ]
    return [points[0], *keep, points[-1]]
