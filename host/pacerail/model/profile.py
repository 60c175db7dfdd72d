"""A profile: how far along one is at what time, as pieces of polynomials up to cubic.

Pieces are what both sides can do exactly: the host evaluates them with floats, a board with integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Profile:
    """Distance over time, never falling within a piece; from one to the next it jumps only by a change in mid-race.

    ``breaks_s`` (n + 1,) rising; ``coeffs`` (n, 4): on piece i the distance in m is
    c0 + c1 u + c2 u^2 + c3 u^3 with u = t - breaks_s[i]. Before the first break the first value holds, after the
    last break the last value holds; the speed is 0 there.
    """

    breaks_s: Array
    coeffs: Array

    def __post_init__(self) -> None:
        self.breaks_s.setflags(write=False)
        self.coeffs.setflags(write=False)

    @overload
    def distance_m(self, t_s: float) -> float: ...
    @overload
    def distance_m(self, t_s: Array) -> Array: ...
    def distance_m(self, t_s: float | Array) -> float | Array:
        """Distance in m at a time in s; a float or an array of any shape."""
        t = np.clip(t_s, self.breaks_s[0], self.breaks_s[-1])
        piece = self._piece(t)
        u = t - self.breaks_s[piece]
        c = self.coeffs[piece]
        d = c[..., 0] + u * (c[..., 1] + u * (c[..., 2] + u * c[..., 3]))
        return d if isinstance(t_s, np.ndarray) else float(d)

    @overload
    def speed_mps(self, t_s: float) -> float: ...
    @overload
    def speed_mps(self, t_s: Array) -> Array: ...
    def speed_mps(self, t_s: float | Array) -> float | Array:
        """Speed in m/s at a time in s (at a break: of the piece that begins there); 0 outside the pieces."""
        t = np.clip(t_s, self.breaks_s[0], self.breaks_s[-1])
        piece = self._piece(t)
        u = t - self.breaks_s[piece]
        c = self.coeffs[piece]
        v = c[..., 1] + u * (2 * c[..., 2] + u * 3 * c[..., 3])
        v = np.where((np.asarray(t_s) < self.breaks_s[0]) | (np.asarray(t_s) >= self.breaks_s[-1]), 0.0, v)
        v = np.maximum(v, 0.0)
        return v if isinstance(t_s, np.ndarray) else float(v)

    @overload
    def time_s(self, distance_m: float) -> float: ...
    @overload
    def time_s(self, distance_m: Array) -> Array: ...
    def time_s(self, distance_m: float | Array) -> float | Array:
        """The first time in s at which a distance in m is reached.

        The first break for a distance already behind at the beginning, infinity for one that is never reached.
        """
        d = np.asarray(distance_m, dtype=np.float64)
        flat = d.ravel()
        ends = self._piece_ends_m()
        piece = np.minimum(np.searchsorted(ends, flat, side="left"), len(ends) - 1)
        c = self.coeffs[piece]
        longest = self.breaks_s[piece + 1] - self.breaks_s[piece]
        linear = (c[:, 2] == 0) & (c[:, 3] == 0) & (c[:, 1] > 0)
        exact = (flat - c[:, 0]) / np.where(c[:, 1] > 0, c[:, 1], 1.0)
        u = np.clip(exact, 0.0, longest)
        if not np.all(linear):
            low, high = np.zeros(flat.shape), longest
            # bisection: certain whatever the slope, and 60 halvings leave nothing of a day
            for _ in range(60):
                middle = (low + high) / 2
                short = c[:, 0] + middle * (c[:, 1] + middle * (c[:, 2] + middle * c[:, 3])) < flat
                low, high = np.where(short, middle, low), np.where(short, high, middle)
            u = np.where(linear, u, high)
        t = self.breaks_s[piece] + u
        t = np.where(flat <= self.start_m, self.breaks_s[0], np.where(flat > ends[-1], np.inf, t))
        t = t.reshape(d.shape)
        return t if isinstance(distance_m, np.ndarray) else float(t)

    @property
    def start_s(self) -> float:
        """Time of the first break."""
        return float(self.breaks_s[0])

    @property
    def end_s(self) -> float:
        """Time of the last break."""
        return float(self.breaks_s[-1])

    @property
    def start_m(self) -> float:
        """Distance at and before the first break."""
        return float(self.coeffs[0, 0])

    @property
    def end_m(self) -> float:
        """Distance at and after the last break."""
        return self.distance_m(self.end_s)

    @property
    def end_speed_mps(self) -> float:
        """Speed with which the last piece arrives."""
        u = self.breaks_s[-1] - self.breaks_s[-2]
        c = self.coeffs[-1]
        return max(0.0, float(c[1] + u * (2 * c[2] + u * 3 * c[3])))

    @property
    def max_speed_mps(self) -> float:
        """The highest speed anywhere: at a joint, or where a cubic's acceleration is 0."""
        u = np.diff(self.breaks_s)
        c1, c2, c3 = self.coeffs[:, 1], self.coeffs[:, 2], self.coeffs[:, 3]
        peak = np.where(c3 < 0, -c2 / np.where(c3 < 0, 3 * c3, 1.0), 0.0)
        peak = np.clip(peak, 0.0, u)
        speeds = [c1 + v * (2 * c2 + v * 3 * c3) for v in (np.zeros(u.shape), u, peak)]
        return float(np.max(speeds))

    @property
    def max_acceleration_mps2(self) -> float:
        """The fastest change of speed within a piece, up or down; jumps between pieces apart."""
        u = np.diff(self.breaks_s)
        c2, c3 = self.coeffs[:, 2], self.coeffs[:, 3]
        return float(np.max(np.abs([2 * c2, 2 * c2 + 6 * c3 * u])))

    def _piece(self, t: Array) -> NDArray[np.intp]:
        return np.clip(np.searchsorted(self.breaks_s, t, side="right") - 1, 0, len(self.coeffs) - 1)

    def _piece_ends_m(self) -> Array:
        u = np.diff(self.breaks_s)
        c = self.coeffs
        ends = c[:, 0] + u * (c[:, 1] + u * (c[:, 2] + u * c[:, 3]))
        # rounding may leave a piece's end a hair off its neighbour's start: a search needs them in order
        return np.maximum.accumulate(ends)
