"""Which paces a person can run: enough to notice a slip of the pen, not to judge an athlete."""

from __future__ import annotations

import math

import numpy as np

WALK_MPS = 1.2
"""Slower than this is a stroll."""

# (distance m, time s): men's outdoor world records as of 2025, worldathletics.org
_RECORDS = (
    (100.0, 9.58),
    (200.0, 19.19),
    (400.0, 43.03),
    (800.0, 100.91),
    (1000.0, 131.96),
    (1500.0, 206.00),
    (1609.344, 223.13),
    (3000.0, 437.55),
    (5000.0, 755.36),
    (10_000.0, 1571.00),
    (42_195.0, 7235.0),
)


def record_mps(distance_m: float) -> float:
    """Mean speed in m/s of the world record over a distance in m, interpolated over the log of the distance."""
    logs = [math.log(d) for d, _ in _RECORDS]
    speeds = [d / t for d, t in _RECORDS]
    return float(np.interp(math.log(max(distance_m, 1.0)), logs, speeds))


def odd_pace(run_m: float, in_s: float) -> str | None:
    """What is odd about ``run_m`` metres in ``in_s`` s, "what; expected ...", or None when a person may run it."""
    speed_mps, record = run_m / in_s, record_mps(run_m)
    what = f"{run_m:g} m in {in_s:g} s is {speed_mps:.2f} m/s"
    if speed_mps > record + 0.005:
        return f"{what}, faster than anyone has run; expected at most {record:.2f} m/s over that distance"
    if speed_mps < WALK_MPS:
        return f"{what}, slower than walking; expected at least {WALK_MPS:g} m/s"
    return None
