"""What can be done with each group of a training plan now, and if not, why: pure words, for whoever has a page of them.

The rules themselves are in `model.course`; here they are said before anybody asks.
"""

from __future__ import annotations

from dataclasses import dataclass

from pacerail.model.amended import Amended
from pacerail.model.course import Course
from pacerail.model.units import format_time
from pacerail.race.change import NOTICE_S


@dataclass(frozen=True, slots=True)
class GroupNow:
    """How a group stands."""

    begin: str | None
    """Why it cannot be begun now; None if it can."""
    end: str | None
    """Why its run cannot be ended now; None if it can."""
    in_s: float | None
    """Seconds left of its countdown; None while it is not in one, and while nobody knows the gun."""


def groups_now(
    amended: Amended, race_s: float | None, *, begin: str | None = None, end: str | None = None
) -> dict[str, GroupNow]:
    """For each group of a plan, by its name, what can be done at a race time in s; None: there is no gun yet.

    `begin` and `end` are why nothing can be begun, or changed, in the whole race (see `actions.can`).
    """
    return {
        course.wave.name: _now(course, amended, race_s, begin, end)
        for course in amended.courses
        if course.wave.spec.by_order
    }


def _now(course: Course, amended: Amended, race_s: float | None, begin: str | None, end: str | None) -> GroupNow:
    wave = course.wave
    if wave.waits:
        return GroupNow(begin, end or "it waits on its line already", None)
    last_s = amended.steps[-1].at_s if amended.steps else 0.0
    soon_s = max(0.0, last_s, 0.0 if race_s is None else race_s + NOTICE_S)  # when an order of now takes effect
    left_s = None if race_s is None else wave.begun_s - race_s
    in_s = left_s if left_s is not None and left_s > 0 else None
    if begin is None and soon_s < wave.finish_s:
        begin = f"{_doing(course, left_s)}; end it first"
    return GroupNow(begin, end, None if in_s is None else round(in_s, 3))


def _doing(course: Course, left_s: float | None) -> str:
    wave = course.wave
    if left_s is None:
        return f"it begins {format_time(wave.begun_s)} after the gun" if wave.begun_s else "it begins with the gun"
    if left_s > 0:
        return "its countdown is on"
    return "it stands" if course.stand is not None else f"it runs until {format_time(wave.finish_s)}"
