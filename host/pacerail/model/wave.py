"""From what a plan says of a wave to its complete movement, windows and splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pacerail.model import motion
from pacerail.model.bridge import MAX_ACCELERATION_MPS2, MAX_SPEED_MPS
from pacerail.model.motion import Stretch
from pacerail.model.plan import Split, Wave
from pacerail.model.profile import Profile
from pacerail.model.units import format_distance, format_time
from pacerail.model.wavespec import WaveSpec
from pacerail.model.windows import Lighting, lit_s, window_s

SHOW_EVERY_M = 400.0
"""Splits of an even-paced wave are shown at every multiple of this, and at the finish."""

MAX_RACE_S = 10_000.0
"""A board counts race time to here, 2 h 46 min."""
THERE_M = 0.001
"""So near its finish a run is there: what is left takes less than a piece is long."""


def build_wave(spec: WaveSpec) -> Wave:
    """The wave of a spec, as it is when the gun goes: one that starts by an order waits. Raises as `own_wave` does."""
    wave = own_wave(spec)
    return waiting_wave(wave) if spec.by_order else wave


def own_wave(spec: WaveSpec) -> Wave:
    """The wave of a spec in its own time: as if it began with the gun.

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
    wave = complete_wave(spec, motion.moved(base, by_m=spec.ahead_m, earlier_s=spec.ahead_s))
    for window in spec.windows:
        if not window_s(window, spec.ends_m, wave.motion, wave.over_s):
            begin, end = (f"{at:g} {window.unit}" for at in (window.begin, window.end))
            raise ValueError(
                f"its window from {begin} to {end} is never lit; expected it between the gun and "
                f"{format_time(wave.over_s)}, when the wave is dark"
            )
    if not wave.windows_s:
        raise ValueError("it is never lit; expected a window between the gun and its end")
    return wave


def waiting_wave(own: Wave) -> Wave:
    """A group of which `own` is the wave in its own time, while it waits: it stands at its start line, lit or dark."""
    lighting: tuple[Lighting, ...] = () if own.spec.waits == "lit" else ((0.0, "dark"),)
    wave = complete_wave(replace(own.spec, windows=()), motion.steady(0.0, own.motion.start_m, 0.0, 1.0), lighting)
    return replace(wave, spec=own.spec, waits=True)


def complete_wave(spec: WaveSpec, run: Profile, lighting: Sequence[Lighting] = ()) -> Wave:
    """The wave whose head runs as ``run`` says up to its finish; with what it does there, its windows and its splits.

    A run that jumps over the finish is there at that time; one that ends short of it stands where it ends, until
    MAX_RACE_S. ``lighting`` is what was changed of when it is lit. Raises ValueError for a wave that is at its finish
    before the gun, or beyond MAX_RACE_S.
    """
    if run.start_m > spec.ends_m - 0.1:
        raise ValueError(
            f"the head is {run.start_m:.3f} m along at the gun, its finish is at {spec.ends_m:g} m; "
            "expected it short of its finish by 0.1 m at least"
        )
    stands = spec.ends_m - run.end_m > THERE_M
    if stands:
        complete, finish_s, over_s = run, MAX_RACE_S, MAX_RACE_S
    else:
        finish_s = run.time_s(min(spec.ends_m, run.end_m))
        complete = _after_finish(motion.until_time(run, finish_s), spec, run.speed_mps(finish_s))
        over_s = complete.end_s
    if over_s > MAX_RACE_S:
        raise ValueError(
            f"it is dark after {format_time(over_s, 0)}; expected {format_time(MAX_RACE_S, 0)} at most, "
            "which is what a board counts to"
        )
    return Wave(
        name=spec.name,
        colour=spec.colour,
        length_m=spec.length_m,
        priority=spec.priority,
        motion=complete,
        windows_s=lit_s(spec, complete, over_s, lighting),
        finish_m=spec.ends_m,
        finish_s=finish_s,
        splits=_splits(spec, run, finish_s, stands),
        run=run,
        spec=spec,
        stands=stands,
        notes=_notes(spec),
    )


def base_profile(spec: WaveSpec) -> Profile:
    """The wave's own profile, before it is moved ahead and cut at its finish."""
    if spec.stretches:
        return motion.from_stretches(spec.stretches, smooth=spec.smooth, standing=spec.standing)
    return motion.from_marks(spec.marks, smooth=spec.smooth, standing=spec.standing)


def _after_finish(ran: Profile, spec: WaveSpec, speed_mps: float) -> Profile:
    if spec.ends_m - ran.end_m > THERE_M:  # it was put beyond its finish, at once
        if spec.at_finish == "off" or (spec.at_finish == "hold" and spec.hold_s < motion.SLIVER_S):
            return ran
        if spec.at_finish == "hold":
            return motion.joined([ran, motion.steady(ran.end_s, spec.ends_m, 0.0, spec.hold_s)])
        mean_mps = spec.ends_m / ran.end_s
        on_mps = speed_mps if speed_mps > 0.1 * mean_mps else mean_mps
        return motion.joined([ran, motion.steady(ran.end_s, spec.ends_m, on_mps, spec.run_on_m / on_mps)])
    if spec.at_finish == "hold":
        return motion.hold(ran, spec.hold_s)
    if spec.at_finish == "run on":
        return motion.run_on(ran, spec.run_on_m)
    return ran


def _splits(spec: WaveSpec, run: Profile, finish_s: float, stands: bool) -> tuple[Split, ...]:
    if spec.stretches:
        shown = _run_ends_m(spec.stretches)
    elif len(spec.marks) == 1:
        shown = [SHOW_EVERY_M * k for k in range(1, int(spec.ends_m / SHOW_EVERY_M) + 1)]
    else:
        shown = [mark[0] for mark in spec.marks]
    inside = [(d, run.time_s(d)) for d in shown if run.start_m < d < spec.ends_m - 0.001]
    reached = [(d, min(t, finish_s)) for d, t in inside if t <= MAX_RACE_S]
    return tuple(reached) if stands else (*reached, (spec.ends_m, finish_s))


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
    if spec.by_order:
        notes.append("begun by an order" + ("" if spec.waits == "lit" else ", dark until then"))
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
