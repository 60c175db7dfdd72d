"""Fit a line between two envelopes: the arithmetic under the clock estimator, with no notion of clocks or boards.

Points above the line (forward) can only be too high, points below it (reverse) only too low, by delays of which
nothing is known but that they are not negative and that the shortest ones recur. The line is therefore held by the
lower convex hull of the one set and the upper hull of the other; a plain average would follow the delays instead.

How: near its floor a delay's density is taken as constant, which makes the points near an envelope a Poisson process.
For a slope s and floors u(s), l(s) the likelihood is then exp(Df * (u + s * xf) - Dr * (l + s * xr)) on the feasible
lines and 0 elsewhere, with D the points per us of height near the floor and x their mean abscissa. D is measured from
the lowest points, with care for delays that begin softly (`floor_below`), and integrated over its own spread. That
leaves one integral, over s, of a function with a single peak: a few dozen evaluations on the corners of two hulls.
The result is the posterior's mean and spread, not one extreme line. For exponential delays the most likely line is
that of Moon, Skelly and Towsley, "Estimation and removal of clock skew from network delay measurements", INFOCOM
1999; here both directions share one slope, and a random walk of the slope loosens what is old.

Units: x in s, y in us, so slopes are in us/s, that is ppm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Point = tuple[float, float]

_QUADRATURE = 20  # evaluations of the posterior on either side of its peak
_DROP = 14.0  # the integral ends where the density has fallen by e**-14
_WIDEST_PPM = 1000.0  # a slope further out than this is no crystal
_LOWEST = 64  # heights over the floor that are looked at
_FALLS = tuple(0.001 * 1.6**i for i in range(15))  # where the floor may lie, of the reach of those heights: to 0.72
_POWERS = ((1.0, 0.4), (1.5, 0.2), (2.0, 0.3), (3.0, 0.1))  # how delays begin above their floor, and how likely
_MIN_REACH_US = 2.0  # the floor's thickness is never taken as less: time stamps are whole us


@dataclass(frozen=True, slots=True)
class Fit:
    """A line y = offset_us + rate_ppm * x, what the samples leave open, and the room between the envelopes."""

    offset_us: float
    offset_sd_us: float
    rate_ppm: float
    rate_sd_ppm: float
    half_gap_us: float  # half the least round trip: what an asymmetry of the least delays can hide
    infeasible_us: float  # > 0: no line fits between the envelopes, by so much


def lower_hull(points: Sequence[Point]) -> list[Point]:
    """Return the lower convex hull of points sorted by x, from left to right (Andrew's monotone chain)."""
    hull: list[Point] = []
    for x, y in points:
        while len(hull) > 1:
            x1, y1 = hull[-1]
            x0, y0 = hull[-2]
            if (x1 - x0) * (y - y0) > (x - x0) * (y1 - y0):
                break
            hull.pop()
        if hull and x <= hull[-1][0]:  # the same x twice: the lower one counts
            y = min(y, hull.pop()[1])
        hull.append((x, y))
    return hull


class _Side:
    """One direction, turned so that the line lies below its points: v >= floor + sign * slope * x."""

    def __init__(self, points: Sequence[Point], wander_ppm: float, sign: int) -> None:
        self.sign = sign
        per_s = wander_us(1.0, wander_ppm)
        self.loosen = [per_s * abs(x) ** 1.5 for x, _ in points]
        self.points = [(x, sign * y + g) for (x, y), g in zip(points, self.loosen, strict=True)]
        self.hull = lower_hull(self.points)
        self.density = self.fall = self.fall_var = 1.0
        self.freedom = 1.0
        self.centre = self.best = 0.0

    def floor(self, slope: float) -> float:
        """Return the highest floor that leaves every point above a line of this slope."""
        tilt = self.sign * slope
        return min([y - tilt * x for x, y in self.hull])

    def slopes(self) -> list[float]:
        """Return the slopes at which another corner of the hull takes over."""
        hull = self.hull
        return [self.sign * (hull[i + 1][1] - hull[i][1]) / (hull[i + 1][0] - hull[i][0]) for i in range(len(hull) - 1)]

    def measure(self, slope: float) -> None:
        """Estimate, at this slope, how far below its lowest points the floor lies and where along x they stand."""
        tilt, floor = self.sign * slope, self.floor(slope)
        heights = sorted([y - tilt * x - floor for x, y in self.points])
        # The lowest quarter shows the floor, whatever the tail is.
        lowest = heights[: min(max(len(heights) // 4, 4), _LOWEST)]
        self.fall, self.fall_var = floor_below(lowest)
        self.freedom = max(len(lowest) - 2.0, 1.0)  # two were spent on the line
        self.density = 1.0 / self.fall
        # A point blurred by more than the spacing of its neighbours says less about the floor.
        weights = [1.0 / (1.0 + g * self.density) for g in self.loosen]
        total = sum(weights)
        self.centre = sum([w * x for w, (x, _) in zip(weights, self.points, strict=True)]) / total
        self.best = max(self.floor(s) + self.sign * s * self.centre for s in (slope, *self.slopes()))

    def log_likelihood(self, slope: float) -> float:
        """Return the logarithm of the likelihood of a slope, up to a constant, with floor and density integrated out.

        The density is known from few points: over its gamma distribution exp(-D * short) becomes a power law.
        """
        short = self.best - self.floor(slope) - self.sign * slope * self.centre
        return -self.freedom * math.log1p(max(short, 0.0) * self.density / self.freedom)


def fit(
    forward: Sequence[Point], reverse: Sequence[Point], wander_ppm: float, prior_ppm: float, prior_scale_ppm: float
) -> Fit:
    """Fit the line under the forward points and over the reverse points (each sorted by x, neither empty).

    The line is wanted at x = 0, near the newest points; older ones are moved away from the line by as much as the clock
    may have wandered since. The prior on the slope is Student's t with 4 degrees of freedom: a crystal that is far out
    is unlikely, not impossible.
    """
    up = _Side(forward, wander_ppm, 1)
    down = _Side(reverse, wander_ppm, -1)
    candidates = [prior_ppm, *up.slopes(), *down.slopes()]

    def log_density(slope: float) -> float:
        z = (slope - prior_ppm) / prior_scale_ppm
        return up.log_likelihood(slope) + down.log_likelihood(slope) - 2.5 * math.log1p(z * z / 4.0)

    # First the widest corridor, then twice the likeliest slope with the densities seen from there.
    best = max(candidates, key=lambda slope: up.floor(slope) + down.floor(slope))
    infeasible = -(up.floor(best) + down.floor(best))
    for _ in range(2):
        up.measure(best)
        down.measure(best)
        best = max(candidates, key=log_density)
    peak = log_density(best)
    low, high = (_edge(log_density, best, peak, step) for step in (-0.01, 0.01))
    cubes = [(i / _QUADRATURE) ** 3 for i in range(1, _QUADRATURE + 1)]  # close together where the peak is
    slopes = sorted([best, *(best + (low - best) * c for c in cubes), *(best + (high - best) * c for c in cubes)])
    last = len(slopes) - 1
    masses: list[float] = []
    middles: list[float] = []
    gaps: list[float] = []
    for i, slope in enumerate(slopes):
        width = slopes[min(i + 1, last)] - slopes[max(i - 1, 0)]
        masses.append(width * math.exp(min(log_density(slope) - peak, 50.0)))
        floor_up, floor_down = up.floor(slope), down.floor(slope)
        middles.append((floor_up - up.fall - floor_down + down.fall) / 2.0)
        gaps.append(floor_up + floor_down)
    rate, rate_var = _moments(masses, slopes)
    offset, offset_var = _moments(masses, middles)
    gap, _ = _moments(masses, gaps)
    # Since the middle of the samples the rate has walked on.
    age = (abs(up.centre) + abs(down.centre)) / 2.0
    rate_wander, wander = wander_ppm * math.sqrt(age), wander_us(age, wander_ppm)
    return Fit(
        offset_us=offset,
        offset_sd_us=math.sqrt(offset_var + wander**2 + (up.fall_var + down.fall_var) / 4.0),
        rate_ppm=rate,
        rate_sd_ppm=math.sqrt(rate_var + rate_wander**2),
        half_gap_us=max(gap, 0.0) / 2.0,
        infeasible_us=infeasible,
    )


def wander_us(seconds: float, wander_ppm: float) -> float:
    """Return the standard deviation in us of a clock's error after so long on a rate once right (random walk)."""
    return wander_ppm * seconds**1.5 / math.sqrt(3.0)


def floor_below(heights: Sequence[float]) -> tuple[float, float]:
    """Return mean and variance of how far below the lowest of some sorted heights (us) the floor of all lies.

    The heights are the lowest part of a larger set. Their distribution above the floor is taken as a power of the
    height, of an exponent that is not known: 1 is a delay with a sharp floor (a uniform or an exponential one), 2 the
    sum of two such delays, whose least value is rarely met. Given the highest one, the logarithms of the others' height
    over the floor, relative to its own, are exponential with that exponent; the exponent and the fall are integrated
    over their priors on a grid.
    """
    top = max(heights[-1], _MIN_REACH_US)
    rest = heights[:-1]
    falls = [top * fraction for fraction in _FALLS]
    log_masses: list[list[float]] = []
    for fall in falls:
        spread = math.log(math.prod([(top + fall) / (h + fall) for h in rest]))  # 1001**63 is still a float
        log_masses.append(
            [
                math.log(prior * fall) + len(rest) * math.log(power / (top + fall)) - (power - 1.0) * spread
                for power, prior in _POWERS
            ]
        )
    peak = max(map(max, log_masses))
    masses = [sum([math.exp(value - peak) for value in row]) for row in log_masses]
    return _moments(masses, falls)


def _edge(log_density: Callable[[float], float], best: float, peak: float, step: float) -> float:
    """Return a slope on the side of `step` at which the density has fallen far enough to end the integral."""
    inner, outer = best, best + step
    while peak - log_density(outer) < _DROP and abs(outer - best) < _WIDEST_PPM:
        inner, outer = outer, best + 2.0 * (outer - best)
    for _ in range(4):
        middle = (inner + outer) / 2.0
        if peak - log_density(middle) < _DROP:
            inner = middle
        else:
            outer = middle
    return outer


def _moments(masses: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Return the weighted mean and variance."""
    total = sum(masses)
    mean = sum(m * v for m, v in zip(masses, values, strict=True)) / total
    return mean, sum(m * (v - mean) ** 2 for m, v in zip(masses, values, strict=True)) / total
