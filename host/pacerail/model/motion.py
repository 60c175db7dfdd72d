"""Ways to make a profile: even, splits (linear or smooth), paces, stretches with rests; starts; shifts and ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pacerail.model.profile import Profile

Array = NDArray[np.float64]
Mark = tuple[float, float]
"""(distance_m, time_s): the distance is reached at the time."""

SLIVER_S = 2e-5
"""A piece as short as the 10 us in which a board counts race time is rounding, not movement: none is made."""
STANDING_RAMP_S = 3.0
"""From a standing start the full speed is reached after this time; distance runners are there within 20 m or so."""


@dataclass(frozen=True)
class Stretch:
    """Training: ``run_m`` metres in ``in_s`` seconds, or with ``run_m`` 0 a rest of ``in_s`` seconds."""

    run_m: float
    in_s: float


def even(distance_m: float, time_s: float, *, standing: bool = False) -> Profile:
    """One speed from (0 s, 0 m) to (time_s, distance_m)."""
    return from_marks([(distance_m, time_s)], standing=standing)


def from_marks(
    marks: Sequence[Mark], *, smooth: bool = False, standing: bool = False, at: Mark = (0.0, 0.0)
) -> Profile:
    """A profile from ``at`` through every mark (distance_m, time_s), which must rise in both.

    Linear: one speed between two marks. Smooth: a monotone cubic with no jump of speed at a mark (see _slopes).
    Standing: the speed ramps from 0 as V(2w - w^2), w = t / STANDING_RAMP_S, to the speed V that still meets the first
    mark. Raises ValueError when the marks do not rise.
    """
    t = np.array([at[1], *(mark[1] for mark in marks)])
    d = np.array([at[0], *(mark[0] for mark in marks)])
    if len(marks) == 0 or np.any(np.diff(t) <= 0) or np.any(np.diff(d) <= 0):
        raise ValueError("the marks do not rise; expected every distance and time greater than the one before")
    if not standing:
        return _cubic(t, d, _slopes(t, d)) if smooth else _linear(t, d)
    ramp_s = min(STANDING_RAMP_S, (t[1] - t[0]) / 2)
    # over the ramp V(2w - w^2) covers 2/3 V ramp_s, so V = d1 / (t1 - ramp_s / 3)
    full_mps = (d[1] - d[0]) / (t[1] - t[0] - ramp_s / 3)
    after_t = np.concatenate(([t[0] + ramp_s], t[1:]))
    after_d = np.concatenate(([d[0] + full_mps * ramp_s * 2 / 3], d[1:]))
    ramp = Profile(
        np.array([t[0], t[0] + ramp_s]),
        np.array([[d[0], 0.0, full_mps / ramp_s, -full_mps / (3 * ramp_s**2)]]),
    )
    if smooth:
        slopes = _slopes(after_t, after_d)
        slopes[0] = full_mps  # the ramp arrives with it; it is the first interval's own mean, so still monotone
        rest = _cubic(after_t, after_d, slopes)
    else:
        rest = _linear(after_t, after_d)
    return joined([ramp, rest])


def marks_from_paces(paces: Sequence[tuple[float, float]]) -> list[Mark]:
    """Marks (distance_m, time_s) from (to_distance_m, pace_mps) pairs, the first from the start line."""
    marks: list[Mark] = []
    distance_m = time_s = 0.0
    for to_m, pace_mps in paces:
        time_s += (to_m - distance_m) / pace_mps
        distance_m = to_m
        marks.append((distance_m, time_s))
    return marks


def from_stretches(stretches: Sequence[Stretch], *, smooth: bool = False, standing: bool = False) -> Profile:
    """Training: stretches run one after the other; the light stands through a rest.

    Smooth and standing apply to each group of runs between two rests. Raises ValueError without a run.
    """
    parts: list[Profile] = []
    group: list[Mark] = []
    start: Mark = (0.0, 0.0)
    here: Mark = (0.0, 0.0)
    for stretch in [*stretches, Stretch(0.0, 0.0)]:
        if stretch.run_m > 0:
            here = (here[0] + stretch.run_m, here[1] + stretch.in_s)
            group.append(here)
            continue
        if group:
            parts.append(from_marks(group, smooth=smooth, standing=standing, at=start))
            group = []
        if stretch.in_s > 0:
            parts.append(_linear(np.array([here[1], here[1] + stretch.in_s]), np.array([here[0], here[0]])))
            here = (here[0], here[1] + stretch.in_s)
        start = here
    if not any(stretch.run_m > 0 for stretch in stretches):
        raise ValueError("there is no run in the stretches; expected at least one")
    return joined(parts)


def moved(profile: Profile, *, by_m: float = 0.0, earlier_s: float = 0.0) -> Profile:
    """The same movement ``by_m`` metres further on and ``earlier_s`` seconds earlier, over race times from 0 on.

    Moved earlier, what would lie before the gun is cut off; moved later, it waits at its first value from 0 on.
    """
    coeffs = profile.coeffs.copy()
    coeffs[:, 0] += by_m
    shifted = Profile(profile.breaks_s - earlier_s, coeffs)
    return from_time(shifted, 0.0)


def from_time(profile: Profile, time_s: float) -> Profile:
    """The part of a profile from ``time_s`` on, its first break there; it waits first if it begins later."""
    if profile.start_s > time_s + SLIVER_S:
        wait = _linear(np.array([time_s, profile.start_s]), np.array([profile.start_m, profile.start_m]))
        return joined([wait, profile])
    if time_s >= profile.end_s - SLIVER_S:
        return _linear(np.array([time_s, time_s + 1.0]), np.array([profile.end_m, profile.end_m]))
    first = int(np.searchsorted(profile.breaks_s, time_s + SLIVER_S, side="right")) - 1
    u = time_s - profile.breaks_s[first]  # a hair below 0 where a sliver is left out
    c0, c1, c2, c3 = profile.coeffs[first]
    coeffs = profile.coeffs[first:].copy()
    # the polynomial about its new beginning (Taylor)
    coeffs[0] = [c0 + u * (c1 + u * (c2 + u * c3)), c1 + u * (2 * c2 + 3 * u * c3), c2 + 3 * u * c3, c3]
    return Profile(np.concatenate(([time_s], profile.breaks_s[first + 1 :])), coeffs)


def until_time(profile: Profile, time_s: float) -> Profile:
    """The part of a profile before ``time_s``, which must lie behind its first break."""
    if time_s >= profile.end_s - SLIVER_S:
        return profile
    count = max(1, int(np.searchsorted(profile.breaks_s, time_s - SLIVER_S, side="left")))
    return Profile(np.concatenate((profile.breaks_s[:count], [time_s])), profile.coeffs[:count].copy())


def until_exactly(profile: Profile, time_s: float) -> Profile:
    """The part of a profile before ``time_s``; a profile that ends sooner stands there until then."""
    if time_s - profile.end_s > SLIVER_S:
        return hold(profile, time_s - profile.end_s)
    part = until_time(profile, time_s)
    return Profile(np.concatenate((part.breaks_s[:-1], [time_s])), part.coeffs)


def later(profile: Profile, by_s: float) -> Profile:
    """The same movement ``by_s`` seconds later (below 0: earlier); before it, it stands at its first value."""
    return Profile(profile.breaks_s + by_s, profile.coeffs)


def stretched(profile: Profile, at_s: float, factor: float) -> Profile:
    """What lies behind ``at_s`` in ``factor`` times the time, from ``at_s`` on."""
    rest = from_time(profile, at_s)
    return Profile(at_s + (rest.breaks_s - at_s) * factor, rest.coeffs / factor ** np.arange(4.0))


def steady(at_s: float, at_m: float, speed_mps: float, seconds: float) -> Profile:
    """One speed from (at_s, at_m) on for so long; 0 stands."""
    return _linear(np.array([at_s, at_s + seconds]), np.array([at_m, at_m + speed_mps * seconds]))


def merged(profile: Profile) -> Profile:
    """The same movement, to 1e-10 m, with neighbours that are one polynomial joined into one piece."""
    keep = [0]
    for i in range(1, len(profile.coeffs)):
        first = keep[-1]
        u = profile.breaks_s[i : i + 2] - profile.breaks_s[first]
        c0, c1, c2, c3 = profile.coeffs[first]
        lengths = np.array([0.0, u[1] - u[0]])
        d0, d1, d2, d3 = profile.coeffs[i]
        off_m = c0 + u * (c1 + u * (c2 + u * c3)) - (d0 + lengths * (d1 + lengths * (d2 + lengths * d3)))
        alike = not (c2 or c3 or d2 or d3)  # straight pieces: their ends say all
        if not alike or float(np.max(np.abs(off_m))) > 1e-10:
            keep.append(i)
    return Profile(np.append(profile.breaks_s[keep], profile.breaks_s[-1]), profile.coeffs[keep])


def run_on(profile: Profile, metres: float) -> Profile:
    """The profile with ``metres`` more behind its end at the speed it arrives with.

    A profile that arrives (nearly) standing goes on with its mean speed instead, so that it does get there.
    """
    speed_mps = _speed_on_mps(profile)
    if metres / speed_mps < SLIVER_S:
        return profile
    end_s, end_m = profile.end_s, profile.end_m
    return joined([profile, _linear(np.array([end_s, end_s + metres / speed_mps]), np.array([end_m, end_m + metres]))])


def lasting(profile: Profile, until_s: float) -> Profile:
    """The profile run on, as `run_on` does, to the time ``until_s`` at least."""
    seconds = until_s - profile.end_s
    return profile if seconds < SLIVER_S else run_on(profile, seconds * _speed_on_mps(profile))


def _speed_on_mps(profile: Profile) -> float:
    mean_mps = (profile.end_m - profile.start_m) / (profile.end_s - profile.start_s)
    return profile.end_speed_mps if profile.end_speed_mps > 0.1 * mean_mps else mean_mps


def hold(profile: Profile, seconds: float) -> Profile:
    """The profile with ``seconds`` of standing still behind its end."""
    if seconds < SLIVER_S:
        return profile
    end_s, end_m = profile.end_s, profile.end_m
    return joined([profile, _linear(np.array([end_s, end_s + seconds]), np.array([end_m, end_m]))])


def _linear(t: Array, d: Array) -> Profile:
    coeffs = np.zeros((len(t) - 1, 4))
    coeffs[:, 0] = d[:-1]
    coeffs[:, 1] = np.diff(d) / np.diff(t)
    return Profile(t, coeffs)


def _cubic(t: Array, d: Array, slopes: Array) -> Profile:
    """Cubic Hermite pieces through (t, d) with the given slopes."""
    h = np.diff(t)
    secant = np.diff(d) / h
    m0, m1 = slopes[:-1], slopes[1:]
    coeffs = np.stack([d[:-1], m0, (3 * secant - 2 * m0 - m1) / h, (m0 + m1 - 2 * secant) / h**2], axis=1)
    return Profile(t, coeffs)


def _slopes(t: Array, d: Array) -> Array:
    """Slopes of a monotone cubic through (t, d).

    Inside: the weighted harmonic mean of the neighbouring secants (Fritsch and Butland, "A method for constructing
    local monotone piecewise cubic interpolants", SIAM J. Sci. Stat. Comput. 5, 1984). Ends: three-point, held within
    [0, 3] times the secant, the region in which a cubic stays monotone (Fritsch and Carlson, "Monotone piecewise
    cubic interpolation", SIAM J. Numer. Anal. 17, 1980).
    """
    h = np.diff(t)
    secant = np.diff(d) / h
    if len(h) == 1:
        return np.array([secant[0], secant[0]])
    slopes = np.zeros(len(t))
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    slopes[1:-1] = (w1 + w2) / (w1 / secant[:-1] + w2 / secant[1:])
    for end, near, far in ((0, 0, 1), (-1, -1, -2)):
        slope = ((2 * h[near] + h[far]) * secant[near] - h[near] * secant[far]) / (h[near] + h[far])
        slopes[end] = np.clip(slope, 0.0, 3 * secant[near])
    return slopes


def joined(parts: Sequence[Profile]) -> Profile:
    """Profiles one behind the other, each beginning when the one before ends."""
    breaks = np.concatenate([parts[0].breaks_s[:1], *(part.breaks_s[1:] for part in parts)])
    return Profile(breaks, np.concatenate([part.coeffs for part in parts]))
