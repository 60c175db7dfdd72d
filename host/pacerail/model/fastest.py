"""What the fastest light of a plan needs from one distance to another: who comes much sooner has pressed twice."""

from __future__ import annotations

import numpy as np

from pacerail.model.human import WALK_MPS, record_mps
from pacerail.model.plan import Plan, Wave

_STANDS_S = 0.5  # a light that goes slower than a walk for so long stands
_SAME_M = 0.0005


def fastest_s(plan: Plan, from_m: float, to_m: float) -> float:
    """What the fastest light needs from one distance to another, in s; where none goes there, a world record's pace.

    A light that stands, or stood on that stretch, is no measure of a person: then it is the record's pace, if that is
    the faster one. So it is where a change in mid-race has left a light a movement that nobody runs.
    """
    record_s = (to_m - from_m) / record_mps(to_m - from_m)
    there = [wave for wave in plan.waves if wave.finish_m >= to_m - _SAME_M and not wave.waits]
    needs_s = [_needs_s(wave, from_m, to_m) for wave in there]
    if any(need_s is None for need_s in needs_s) or not needs_s:
        needs_s.append(record_s)
    return min(need_s for need_s in needs_s if need_s is not None)


def _needs_s(wave: Wave, from_m: float, to_m: float) -> float | None:
    """What a light needs from one distance to another, in s; None where it stands, or stood or crawled."""
    if wave.stands:
        return None
    begin_s, end_s = wave.motion.time_s(from_m), min(wave.finish_s, wave.motion.time_s(to_m))
    if not 0 < end_s - begin_s <= (to_m - from_m) / WALK_MPS:
        return None
    breaks_s = wave.motion.breaks_s
    at_s = np.concatenate(([begin_s], breaks_s[(breaks_s > begin_s) & (breaks_s < end_s)], [end_s]))
    lasts_s, goes_m = np.diff(at_s), np.diff(wave.motion.distance_m(at_s))
    if np.any((lasts_s >= _STANDS_S) & (goes_m < WALK_MPS * lasts_s)):
        return None
    return end_s - begin_s
