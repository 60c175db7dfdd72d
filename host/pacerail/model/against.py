"""An athlete's passings against the lights of a plan: gaps, paces, where it leads to, what is still needed.

The plan is given each time, as it is now, since it may change in mid-race: what is past stays as it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pacerail.model.athlete import Passing, Passings
from pacerail.model.marks import LAST_STEP_M
from pacerail.model.plan import Plan, Wave
from pacerail.model.units import format_time

PACE_M = 400.0
"""Paces are told for 400 m, on a track of any lap, for that is what athletes know."""
_SAME_M = 0.0005


@dataclass(frozen=True, slots=True)
class Gap:
    """The athlete against one light, at one mark. All figures exact: round them once, where they are shown."""

    wave: str
    light_s: float | None
    """Race time at which the head of the light was at the mark, first; None if it never is."""
    behind_s: float | None
    """By how much the athlete passed it later than the light; below 0: ahead."""
    behind_m: float | None
    """How far the light was past the mark at the athlete's time; below 0: the athlete was ahead. A light that had
    finished is taken to run on as fast as it arrived."""
    needed_mps: float | None
    """The even speed from here that is at the light's finish when the light is; None when it is there already."""
    shaped_s: float | None
    """Projected finish if all that comes is as much slower, or faster, than the light as all that was."""


@dataclass(frozen=True, slots=True)
class Row:
    """What there is to say of one passing. Of a missed one there is no more than that."""

    passing: Passing
    split_m: float | None
    """From the last passing that has a time and is LAST_STEP_M away at least, or from the start line: 400 m by a key
    and 409 m by a photo eye say nothing of the pace between them."""
    split_s: float | None
    speed_mps: float | None
    """Over that split."""
    held_s: float | None
    """Projected finish if the speed of that split is held to the end. It is the one to tell: it is what a coach means
    by "on for", and it shows a change of pace at once."""
    mean_s: float | None
    """Projected finish at the mean speed since the gun: the calmer one, good where splits are short."""
    gaps: tuple[Gap, ...]
    """One a wave, in the plan's order; none of a missed mark."""

    @property
    def pace_s(self) -> float | None:
        """The split's pace, for 400 m."""
        return None if self.speed_mps is None else PACE_M / self.speed_mps


def rows(passings: Passings, plan: Plan) -> tuple[Row, ...]:
    """A row for each passing, in order."""
    found: list[Row] = []
    timed = [(0.0, 0.0)]
    for passing in passings.passed:
        if passing.time_s is None:
            found.append(Row(passing, None, None, None, None, None, ()))
            continue
        at_m, at_s = passing.distance_m, passing.time_s
        from_m, from_s = next((one for one in reversed(timed) if one[0] <= at_m - LAST_STEP_M), timed[0])
        split_m, split_s = at_m - from_m, at_s - from_s
        left_m = max(0.0, passings.distance_m - at_m)
        found.append(
            Row(
                passing=passing,
                split_m=split_m,
                split_s=split_s,
                speed_mps=split_m / split_s,
                held_s=at_s + left_m * split_s / split_m,
                mean_s=at_s + left_m * at_s / at_m,
                gaps=tuple(gap(wave, plan, at_m, at_s) for wave in plan.waves),
            )
        )
        timed.append((at_m, at_s))
    return tuple(found)


def gap(wave: Wave, plan: Plan, at_m: float, at_s: float) -> Gap:
    """One light against an athlete who is at a distance in m at a race time in s."""
    if wave.waits or at_m > wave.finish_m + _SAME_M:  # not begun yet, or it has stepped off before this mark
        return Gap(wave.name, None, None, None, None, None)
    light_s = passes_s(wave, at_m)
    left_m, left_s = wave.finish_m - at_m, wave.finish_s - at_s
    runs_on = left_m > _SAME_M and left_s > 0 and not wave.stands
    shaped_s = None
    if (
        light_s is not None
        and light_s > wave.begun_s
        and not wave.stands
        and abs(wave.finish_m - plan.distance_m) <= _SAME_M
    ):
        whole_s = wave.finish_s - wave.begun_s
        shaped_s = wave.begun_s + whole_s * (at_s - wave.begun_s) / (light_s - wave.begun_s)
    return Gap(
        wave=wave.name,
        light_s=light_s,
        behind_s=None if light_s is None else at_s - light_s,
        behind_m=head_m(wave, at_s) - at_m,
        needed_mps=left_m / left_s if runs_on else None,
        shaped_s=shaped_s,
    )


def passes_s(wave: Wave, at_m: float) -> float | None:
    """Race time at which the head of a light is at a distance in m, first; None where it never is."""
    if at_m > wave.finish_m + _SAME_M:
        return None
    if at_m >= wave.finish_m - _SAME_M and not wave.stands:
        return wave.finish_s  # rounding may put the finish a hair beyond the end of the movement
    time_s = wave.motion.time_s(at_m)
    return time_s if time_s < math.inf else None


def head_m(wave: Wave, time_s: float) -> float:
    """Where the head of a light is at a race time, in m; once it has finished, where it would be had it run on."""
    if time_s <= wave.finish_s:
        return wave.motion.distance_m(time_s)
    arrives_mps = wave.motion.speed_mps(math.nextafter(wave.finish_s, 0.0)) or wave.finish_m / wave.finish_s
    return wave.finish_m + arrives_mps * (time_s - wave.finish_s)


def words(row: Row, passings: Passings) -> list[str]:
    """What to say of a passing, a sentence a line: the passing and the pace, then each light."""
    where = passings.name(row.passing.distance_m)
    if row.passing.time_s is None or row.split_m is None or row.split_s is None or row.held_s is None:
        return [f"{where[:1].upper()}{where[1:]}: missed."]
    first = f"{where[:1].upper()}{where[1:]} in {format_time(row.passing.time_s)}"
    if abs(row.split_m - row.passing.distance_m) > _SAME_M:
        first += f", the last {row.split_m:.3f}".rstrip("0").rstrip(".") + f" m in {format_time(row.split_s)}"
    if row.passing.distance_m < passings.distance_m - _SAME_M:
        first += f"; at this pace {format_time(row.held_s)}"
    return [first + ".", *(_gap_words(each) for each in row.gaps)]


def _gap_words(each: Gap) -> str:
    if each.behind_m is None:
        return f"{each.wave}: no light at this mark."
    way = "behind" if each.behind_m >= 0 else "ahead"
    told = f"{abs(each.behind_m):.1f} m"
    if each.behind_s is not None:
        told = f"{abs(each.behind_s):.2f} s, {told}"
    needs = "" if each.needed_mps is None else f"; needs {format_time(PACE_M / each.needed_mps)} for 400 m from here"
    return f"{each.wave}: {told} {way}{needs}."
