"""Which mark a timing system's time is of: a photo eye stands at a line, and knows no distance."""

from __future__ import annotations

from collections.abc import Sequence

from pacerail.model.athlete import Passings
from pacerail.model.plan import Plan
from pacerail.model.units import format_time

FITS = (0.75, 1.3)
"""A time fits a mark that is between these shares of the way probably run since the passing before.

A lap of 65 s and a last one of 53 s do fit; who is half a lap off fits none, after one lap and after two."""
_TOGETHER_S = 5.0  # two passings are never so close on a track: what is, is the same one noted twice
_SAME_M = 0.0005
_NEAR_M = 0.1  # 25 laps of a track are some cm more or less than 25 times 400 m: that is no other mark


def feed_mark_m(
    passings: Passings, plan: Plan, line_m: Sequence[float], time_s: float, *, final: bool = False
) -> float:
    """The likeliest of the passings of a line (`line_marks`) to have been at a race time in s, as a distance in m.

    It may be one that has a key's time; where a mark lies at the line, it is that mark. ``final``: the clock was
    stopped, so that it can only be the finish. Raises ValueError ("what is wrong; expected what") when none fits.
    """
    before = passings.until(time_s - _TOGETHER_S)
    from_m, from_s = before.last
    ran_m = before.speed_mps(plan) * (time_s - from_s)
    wanted = [passings.distance_m] if final else [_mark_m(passings, each) for each in line_m]
    free = [mark_m for mark_m in wanted if mark_m > from_m + _SAME_M and not _taken(passings, mark_m)]
    if not free:
        where = passings.name(passings.distance_m) if final else "every passing of the line"
        raise ValueError(f"{where} has its time already; expected none any more")
    mark_m = min(free, key=lambda each: abs(each - from_m - ran_m))
    least, most = FITS
    if not least * ran_m <= mark_m - from_m <= most * ran_m:
        due_s = from_s + (mark_m - from_m) / before.speed_mps(plan)
        raise ValueError(
            f"{format_time(time_s)} fits no passing; expected about {format_time(due_s)} for {passings.name(mark_m)}"
        )
    return mark_m


def _mark_m(passings: Passings, line_m: float) -> float:
    """The mark at the line, if there is one, else the passing of the line itself."""
    return next((mark_m for mark_m in passings.marks_m if abs(mark_m - line_m) <= _NEAR_M), line_m)


def _taken(passings: Passings, mark_m: float) -> bool:
    """Whether there is a time at a mark that a timing system does not overrule."""
    noted = passings.at(mark_m)
    return noted is not None and noted.source in ("feed", "typed")
