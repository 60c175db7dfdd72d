"""From one movement over to another in mid-race, eased or at once, and never backwards unasked.

An eased bridge is three pieces: the speed goes in straight lines from the old movement's to one in the middle, which
makes the distance right, and on to the new movement's. That is less of a change of speed than a cubic through the same
ends, and boards hold such pieces as they are, where a cubic takes them a dozen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from pacerail.model import motion
from pacerail.model.profile import Profile

MAX_SPEED_MPS = 19.0
"""What no person runs is a warning; half as fast again is beyond what a board's numbers hold (20 m/s)."""
MAX_ACCELERATION_MPS2 = 14.0
"""Likewise: a sprinter leaves the blocks with 10."""
MAX_OVER_S = 600.0
_RAMPS = (1 / 3, 1 / 6, 1 / 12)  # of the bridge, for each of the two changes of speed: the gentlest that will do
_HAIR = 1e-9


class Backwards(ValueError):
    """A light would move backwards; the text says by how much, and what to do."""


class TooFast(ValueError):
    """A light would have to move, or change its speed, faster than a board's numbers hold."""


def ease(old: Profile, new: Profile, at_s: float, over_s: float) -> Profile:
    """``old`` up to ``at_s``, ``new`` from ``at_s + over_s`` on, its speed without a jump in between.

    Raises Backwards or TooFast, with the least time that would do, when it cannot be done in ``over_s``.
    """
    try:
        return _eased(old, new, at_s, over_s)
    except (Backwards, TooFast) as error:
        least_s = next((t for t in _longer(over_s) if _fits(old, new, at_s, t)), None)
        hint = "" if least_s is None else f"over {least_s:g} s at least"
        raise type(error)(_advice(str(error), hint, isinstance(error, Backwards))) from None


def ease_soonest(old: Profile, new: Profile, at_s: float, over_s: float) -> Profile:
    """As `ease`, over ``over_s`` or the least time above it that will do. Raises Backwards or TooFast if none does."""
    for longer_s in (over_s, *_longer(over_s)):
        if _fits(old, new, at_s, longer_s):
            return _eased(old, new, at_s, longer_s)
    return ease(old, new, at_s, over_s)


def jump(old: Profile, new: Profile, at_s: float, *, forced: bool) -> Profile:
    """``old`` up to ``at_s``, ``new`` from there on, at once.

    Raises Backwards when that is a jump back and not ``forced``, and ValueError when it is one to a place behind the
    start line, or behind where the light stood at the gun.
    """
    back_m = old.distance_m(at_s) - new.distance_m(at_s)
    if back_m > _HAIR and not forced:
        least_s = next((t for t in _longer(0.0) if _fits(old, new, at_s, t)), None)
        hint = "" if least_s is None else f"over {least_s:g} s at least"
        raise Backwards(_advice(f"it would move backwards by {_metres(back_m)}", hint, True))
    lowest_m = min(0.0, old.start_m)
    if new.distance_m(at_s) < lowest_m - _HAIR:
        raise ValueError(
            f"it would stand {_metres(lowest_m - new.distance_m(at_s))} behind where it started; expected less"
        )
    return motion.joined([motion.until_exactly(old, at_s), motion.from_time(new, at_s)])


def _eased(old: Profile, new: Profile, at_s: float, over_s: float) -> Profile:
    end_s = at_s + over_s
    begin_m, begin_mps = old.distance_m(at_s), old.speed_mps(at_s)
    end_m, end_mps = new.distance_m(end_s), new.speed_mps(end_s)
    problem: ValueError | None = None
    for share in _RAMPS:
        ramp_s = share * over_s
        steady_s = over_s - ramp_s
        middle_mps = (end_m - begin_m - ramp_s * (begin_mps + end_mps) / 2) / steady_s
        if middle_mps * steady_s < -_HAIR:  # a hair of distance: of speed it would be a jump at the end
            back_m = _back_m(begin_mps, middle_mps, end_mps, ramp_s, over_s)
            problem = Backwards(f"it would move backwards by {_metres(back_m)}")
            continue
        change_mps2 = max(abs(middle_mps - begin_mps), abs(middle_mps - end_mps)) / ramp_s
        if middle_mps > MAX_SPEED_MPS:
            problem = TooFast(f"it would move at {middle_mps:.1f} m/s, {MAX_SPEED_MPS:g} m/s is the most")
        elif change_mps2 > MAX_ACCELERATION_MPS2:
            problem = problem or TooFast(
                f"it would change its speed by {change_mps2:.0f} m/s in a second, {MAX_ACCELERATION_MPS2:g} is the most"
            )
        else:
            middle_mps = max(0.0, middle_mps)
            break
    else:
        raise problem or AssertionError
    up, down = (middle_mps - begin_mps) / 2 / ramp_s, (end_mps - middle_mps) / 2 / ramp_s
    after_m = begin_m + ramp_s * (begin_mps + middle_mps) / 2
    before_m = end_m - ramp_s * (middle_mps + end_mps) / 2
    breaks_s = np.array([at_s, at_s + ramp_s, end_s - ramp_s, end_s])
    coeffs = np.array(
        [[begin_m, begin_mps, up, 0.0], [after_m, middle_mps, 0.0, 0.0], [before_m, middle_mps, down, 0.0]]
    )
    bridge = Profile(breaks_s, coeffs)
    return motion.joined([motion.until_exactly(old, at_s), bridge, motion.from_time(new, end_s)])


def _fits(old: Profile, new: Profile, at_s: float, over_s: float) -> bool:
    try:
        _eased(old, new, at_s, over_s)
    except (Backwards, TooFast):
        return False
    return True


def _longer(over_s: float) -> Iterator[float]:
    """The times above ``over_s`` that are tried: round ones."""
    for first, last, step in ((0.5, 20.0, 0.5), (21.0, 120.0, 1.0), (125.0, MAX_OVER_S, 5.0)):
        for k in range(round((last - first) / step) + 1):
            if first + k * step > over_s:
                yield first + k * step


def _back_m(begin_mps: float, middle_mps: float, end_mps: float, ramp_s: float, over_s: float) -> float:
    """How far a bridge with a middle speed below 0 goes back."""
    slow_mps = -middle_mps
    ramps_m = sum(ramp_s * slow_mps**2 / 2 / (mps + slow_mps) for mps in (begin_mps, end_mps))
    return slow_mps * (over_s - 2 * ramp_s) + ramps_m


def _metres(metres: float) -> str:
    return f"{metres:.1f} m" if metres >= 0.05 else f"{max(1, math.ceil(metres * 1000))} mm"


def _advice(what: str, hint: str, may_force: bool) -> str:
    ways = [way for way in (hint, "it forced" if may_force else "") if way]
    return f"{what}; expected {' or '.join(ways) or 'less of a change'}"
