"""A track: straights and arcs, and the mapping between the running line and the kerb.

Races are measured on the running line, lights hang on the kerb. On a straight 1 m is 1 m; on a bend the kerb is
shorter, by kerb_radius / (kerb_radius + offset). So the mapping is piecewise, and exact.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CLOSED_WITHIN_M = 0.01
LAP_WITHIN_M = 0.01
OFFSET_KERB_M = 0.30
"""World Athletics Technical Rule 14.2: measured 0.30 m outward from a raised kerb."""


@dataclass(frozen=True)
class Straight:
    """A straight of ``length_m``; kerb and running line are of one length."""

    length_m: float

    @property
    def run_m(self) -> float:
        """Length along the running line."""
        return self.length_m

    @property
    def kerb_m(self) -> float:
        """Length along the kerb."""
        return self.length_m


@dataclass(frozen=True)
class Arc:
    """A left-hand bend of ``angle_deg`` with its kerb at ``kerb_radius_m``, measured ``offset_m`` outside the kerb."""

    kerb_radius_m: float
    angle_deg: float
    offset_m: float = OFFSET_KERB_M

    @property
    def run_m(self) -> float:
        """Length along the running line."""
        return math.radians(self.angle_deg) * (self.kerb_radius_m + self.offset_m)

    @property
    def kerb_m(self) -> float:
        """Length along the kerb."""
        return math.radians(self.angle_deg) * self.kerb_radius_m


Segment = Straight | Arc


@dataclass(frozen=True)
class Track:
    """A closed lap of segments in running direction, from the finish line on (track and kerb coordinate 0)."""

    name: str
    segments: tuple[Segment, ...]

    @cached_property
    def run_edges_m(self) -> Array:
        """(segments + 1,) running-line coordinates of the joints, 0 first and the lap last."""
        return np.concatenate(([0.0], np.cumsum([s.run_m for s in self.segments])))

    @cached_property
    def kerb_edges_m(self) -> Array:
        """(segments + 1,) kerb coordinates of the joints, 0 first and the kerb lap last."""
        return np.concatenate(([0.0], np.cumsum([s.kerb_m for s in self.segments])))

    @property
    def lap_m(self) -> float:
        """One lap along the running line."""
        return float(self.run_edges_m[-1])

    @property
    def kerb_lap_m(self) -> float:
        """One lap along the kerb."""
        return float(self.kerb_edges_m[-1])

    @overload
    def track_to_kerb(self, track_m: float) -> float: ...
    @overload
    def track_to_kerb(self, track_m: Array) -> Array: ...
    def track_to_kerb(self, track_m: float | Array) -> float | Array:
        """Kerb coordinate in m of a running-line coordinate in m; a float or an array, any number of laps on.

        Continuous past the lap: lap_m + x maps to kerb_lap_m + track_to_kerb(x).
        """
        return _along(track_m, self.run_edges_m, self.kerb_edges_m)

    @overload
    def kerb_to_track(self, kerb_m: float) -> float: ...
    @overload
    def kerb_to_track(self, kerb_m: Array) -> Array: ...
    def kerb_to_track(self, kerb_m: float | Array) -> float | Array:
        """Running-line coordinate in m of a kerb coordinate in m: the inverse of track_to_kerb."""
        return _along(kerb_m, self.kerb_edges_m, self.run_edges_m)

    @overload
    def wrap(self, track_m: float) -> float: ...
    @overload
    def wrap(self, track_m: Array) -> Array: ...
    def wrap(self, track_m: float | Array) -> float | Array:
        """A running-line coordinate brought into [0, lap)."""
        lap_m = self.lap_m
        wrapped = np.mod(track_m, lap_m)
        # the modulus of a tiny negative number rounds up to the lap itself
        wrapped = np.where(wrapped >= lap_m, 0.0, wrapped)
        return wrapped if isinstance(track_m, np.ndarray) else float(wrapped)

    def end_of_kerb(self) -> tuple[float, float, float]:
        """(x_m, y_m, heading_deg) of the kerb after one lap from (0, 0, 0); a closed track gives (0, 0, 360)."""
        x, y, heading = 0.0, 0.0, 0.0
        for segment in self.segments:
            if isinstance(segment, Straight):
                x += segment.length_m * math.cos(heading)
                y += segment.length_m * math.sin(heading)
                continue
            turned = heading + math.radians(segment.angle_deg)
            x += segment.kerb_radius_m * (math.sin(turned) - math.sin(heading))
            y -= segment.kerb_radius_m * (math.cos(turned) - math.cos(heading))
            heading = turned
        return x, y, math.degrees(heading)

    def problems(self, stated_lap_m: float | None = None) -> list[str]:
        """What is wrong with the shape, each "what is wrong; expected ...": closedness, lap as stated, monotony."""
        found: list[str] = []
        if np.any(np.diff(self.run_edges_m) <= 0) or np.any(np.diff(self.kerb_edges_m) <= 0):
            found.append("a segment has no length; expected every straight and bend longer than nothing")
        x, y, heading_deg = self.end_of_kerb()
        if abs(heading_deg - 360) > 0.001:
            found.append(f"the bends turn {heading_deg:.3f} degrees in all; expected 360")
        elif math.hypot(x, y) > CLOSED_WITHIN_M:
            found.append(
                f"the kerb ends {math.hypot(x, y):.3f} m from where it began; expected it closed within "
                f"{CLOSED_WITHIN_M:g} m"
            )
        if stated_lap_m is not None and abs(self.lap_m - stated_lap_m) > LAP_WITHIN_M:
            found.append(
                f"the running line is {self.lap_m:.3f} m long, lap_m says {stated_lap_m:g}; "
                f"expected them equal within {LAP_WITHIN_M:g} m"
            )
        return found

    @cached_property
    def hash(self) -> str:
        """16 hex digits over the segments to the micrometre: the geometry, not the name."""
        parts = [
            f"straight {s.length_m:.6f}"
            if isinstance(s, Straight)
            else f"arc {s.kerb_radius_m:.6f} {s.angle_deg:.9f} {s.offset_m:.6f}"
            for s in self.segments
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _along(position_m: float | Array, from_edges_m: Array, to_edges_m: Array) -> float | Array:
    position: Array = np.asarray(position_m, dtype=np.float64)
    laps: Array = np.floor(position / from_edges_m[-1])
    within: Array = np.clip(position - laps * from_edges_m[-1], 0.0, from_edges_m[-1])
    mapped: Array = np.asarray(np.interp(within, from_edges_m, to_edges_m), dtype=np.float64)
    mapped = mapped + laps * to_edges_m[-1]
    return mapped if isinstance(position_m, np.ndarray) else float(mapped)


def standard_track() -> Track:
    """The standard 400 m track: kerb radius 36.50 m, straights of 84.389 m (World Athletics Technical Rule 14).

    Bend 1 first, since coordinate 0 is the finish line at the end of the home straight.
    """
    bend, straight = Arc(36.50, 180.0), Straight(84.389)
    return Track("standard-400", (bend, straight, bend, straight))
