"""From what a plan says of a wave to its complete movement, windows and splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pacerail.model import motion
from pacerail.model.motion import Mark, Stretch
from pacerail.model.plan import Split, Wave
from pacerail.model.profile import Profile
from pacerail.model.units import format_distance, format_time

SHOW_EVERY_M = 400.0
"""Splits of an even-paced wave are shown at every multiple of this, and at the finish."""

MAX_SPEED_MPS = 19.0
"""What no person runs is a warning; half as fast again is beyond what a board's numbers hold (20 m/s)."""
MAX_ACCELERATION_MPS2 = 14.0
"""Likewise: a sprinter leaves the blocks with 10."""
MAX_RACE_S = 10_000.0
"""A board counts race time to here, 2 h 46 min."""

AtFinish = Literal["hold", "off", "run on"]


@dataclass(frozen=True)
class Window:
    """Lit from ``begin`` to ``end``: metres of the head from the start line, or seconds of race time."""

    unit: Literal["m", "s"]
    begin: float
    end: float


@dataclass(frozen=True)
class WaveSpec:
    """A wave as its plan says it, every value in m, s and m/s, every default filled in."""

    name: str
    colour: tuple[int, int, int]
    length_m: float
    priority: int
    marks: tuple[Mark, ...]
    """(distance_m, time_s), rising; of a target one, at the plan's distance. Empty when there are stretches."""
    stretches: tuple[Stretch, ...]
    smooth: bool
    standing: bool
    ahead_m: float
    ahead_s: float
    windows: tuple[Window, ...]
    """Empty: lit all the way."""
    ends_m: float
    """Where it steps off, m from the start line."""
    at_finish: AtFinish
    hold_s: float
    run_on_m: float

    def meaning(self) -> list[object]:
        """All that shows, in one canonical form to the micrometre and the microsecond, for the plan's hash."""
        return [
            self.name,
            list(self.colour),
            _fixed(self.length_m),
            self.priority,
            [[_fixed(d), _fixed(t)] for d, t in self.marks],
            [[_fixed(s.run_m), _fixed(s.in_s)] for s in self.stretches],
            self.smooth,
            self.standing,
            _fixed(self.ahead_m),
            _fixed(self.ahead_s),
            [[w.unit, _fixed(w.begin), _fixed(w.end)] for w in self.windows],
            _fixed(self.ends_m),
            self.at_finish,
            _fixed(self.hold_s) if self.at_finish == "hold" else "",
            _fixed(self.run_on_m) if self.at_finish == "run on" else "",
        ]


def build_wave(spec: WaveSpec) -> Wave:
    """The wave of a spec.

    Head starts and offsets are in its motion: ``ahead_m`` moves the head that far along from the gun on, ``ahead_s``
    moves it earlier (below 0: it waits on the start line so long). A head that would end short of its finish, since it
    runs behind its own profile, goes on to it at its last speed. Raises ValueError ("what is wrong; expected ...") for
    a wave that is at its finish before the gun, that is beyond MAX_SPEED_MPS, MAX_ACCELERATION_MPS2 or MAX_RACE_S, or
    of which no window is ever lit.
    """
    base = base_profile(spec)
    if base.max_speed_mps > MAX_SPEED_MPS:
        raise ValueError(f"it runs at {base.max_speed_mps:.1f} m/s; expected {MAX_SPEED_MPS:g} m/s at most")
    if base.max_acceleration_mps2 > MAX_ACCELERATION_MPS2:
        raise ValueError(
            f"it changes its speed by {base.max_acceleration_mps2:.1f} m/s in a second; expected "
            f'{MAX_ACCELERATION_MPS2:g} at most: set marks further apart, or profile = "linear"'
        )
    missing_m = spec.ends_m - (base.end_m + spec.ahead_m)
    if missing_m > 0:
        base = motion.run_on(base, missing_m)
    moved = motion.moved(base, by_m=spec.ahead_m, earlier_s=spec.ahead_s)
    if moved.start_m > spec.ends_m - 0.1:
        raise ValueError(
            f"the head is {moved.start_m:.3f} m along at the gun, its finish is at {spec.ends_m:g} m; "
            "expected it short of its finish by 0.1 m at least"
        )
    finish_s = moved.time_s(min(spec.ends_m, moved.end_m))
    ran = motion.until_time(moved, finish_s)
    complete = _after_finish(ran, spec)
    if complete.end_s > MAX_RACE_S:
        raise ValueError(
            f"it is dark after {format_time(complete.end_s, 0)}; expected {format_time(MAX_RACE_S, 0)} at most, "
            "which is what a board counts to"
        )
    return Wave(
        name=spec.name,
        colour=spec.colour,
        length_m=spec.length_m,
        priority=spec.priority,
        motion=complete,
        windows_s=_windows_s(spec, complete),
        finish_m=spec.ends_m,
        finish_s=finish_s,
        splits=_splits(spec, ran, finish_s),
        notes=_notes(spec),
    )


def base_profile(spec: WaveSpec) -> Profile:
    """The wave's own profile, before it is moved ahead and cut at its finish."""
    if spec.stretches:
        return motion.from_stretches(spec.stretches, smooth=spec.smooth, standing=spec.standing)
    return motion.from_marks(spec.marks, smooth=spec.smooth, standing=spec.standing)


def _after_finish(ran: Profile, spec: WaveSpec) -> Profile:
    if spec.at_finish == "hold":
        return motion.hold(ran, spec.hold_s)
    if spec.at_finish == "run on":
        return motion.run_on(ran, spec.run_on_m)
    return ran


def _windows_s(spec: WaveSpec, complete: Profile) -> tuple[tuple[float, float], ...]:
    end_s = complete.end_s
    spans: list[tuple[float, float]] = []
    for window in spec.windows or (Window("s", 0.0, end_s),):
        if window.unit == "s":
            span = window.begin, min(window.end, end_s)
        else:
            # a window up to the finish takes in what the light does there
            off_s = end_s if window.end >= spec.ends_m - 1e-6 else complete.time_s(window.end)
            span = max(0.0, complete.time_s(window.begin)), off_s
        if span[1] - span[0] > motion.SLIVER_S:
            spans.append(span)
        elif spec.windows:
            begin, end = (f"{at:g} {window.unit}" for at in (window.begin, window.end))
            raise ValueError(
                f"its window from {begin} to {end} is never lit; expected it between the gun and {format_time(end_s)}, "
                "when the wave is dark"
            )
    merged: list[tuple[float, float]] = []
    for on_s, off_s in sorted(spans):
        if merged and on_s <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], off_s)
        else:
            merged.append((on_s, off_s))
    if not merged:
        raise ValueError("it is never lit; expected a window between the gun and its end")
    return tuple(merged)


def _splits(spec: WaveSpec, ran: Profile, finish_s: float) -> tuple[Split, ...]:
    if spec.stretches:
        shown = _run_ends_m(spec.stretches)
    elif len(spec.marks) == 1:
        shown = [SHOW_EVERY_M * k for k in range(1, int(spec.ends_m / SHOW_EVERY_M) + 1)]
    else:
        shown = [mark[0] for mark in spec.marks]
    inside = [d for d in shown if ran.start_m < d < spec.ends_m - 0.001]
    return (*((d, ran.time_s(d)) for d in inside), (spec.ends_m, finish_s))


def _run_ends_m(stretches: tuple[Stretch, ...]) -> list[float]:
    ends: list[float] = []
    distance_m = 0.0
    for stretch in stretches:
        if stretch.run_m > 0:
            distance_m += stretch.run_m
            ends.append(distance_m)
    return ends


def _notes(spec: WaveSpec) -> tuple[str, ...]:
    notes: list[str] = []
    if spec.ahead_m:
        notes.append(f"{abs(spec.ahead_m):g} m {'ahead of' if spec.ahead_m > 0 else 'behind'} its own profile")
    if spec.ahead_s:
        notes.append(f"{abs(spec.ahead_s):g} s {'ahead of' if spec.ahead_s > 0 else 'behind'} its own profile")
    if spec.standing:
        notes.append("from a standing start")
    if spec.smooth:
        notes.append("with smooth changes of pace")
    rests = [stretch.in_s for stretch in spec.stretches if stretch.run_m == 0]
    if rests:
        notes.append(f"with {len(rests)} rests, {format_time(sum(rests), 0)} in all")
    if spec.at_finish == "hold":
        there = f"then stands for {spec.hold_s:g} s" if spec.hold_s else "then goes dark"
    elif spec.at_finish == "off":
        there = "then goes dark"
    else:
        there = f"then runs on for {spec.run_on_m:g} m"
    notes.append(f"{there} at {format_distance(spec.ends_m)}" if "runs on" not in there else there)
    return tuple(notes)


def _fixed(value: float) -> str:
    text = f"{value:.6f}"
    return "0.000000" if text == "-0.000000" else text
