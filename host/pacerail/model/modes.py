"""What each wave of a race is doing, in one word: for screens and logs."""

from __future__ import annotations

from bisect import bisect_right
from typing import Literal

from pacerail.model.amended import Amended
from pacerail.model.course import Course

WaveMode = Literal["waiting", "running", "frozen", "hidden", "finished"]


def modes(amended: Amended, race_s: float | None) -> dict[str, WaveMode]:
    """For each wave, by its name, what it does at a race time in s; None: there is no gun yet.

    waiting: for the gun, or for the order that begins it, or in its countdown. hidden: by an order, not by the windows
    of its plan. finished: its head is at its finish, or beyond. What was asked for last counts from when it takes
    effect; of what is in the past only the latest is known, so ask for about now.
    """
    return {course.wave.name: _mode(course, race_s) for course in amended.courses}


def _mode(course: Course, race_s: float | None) -> WaveMode:
    wave = course.wave
    if race_s is None or race_s < 0:
        return "waiting"
    begun = course.begun
    if begun is not None and race_s < begun.from_s and begun.before is not None:
        wave = begun.before  # what was asked for has not taken effect yet
    if wave.waits:
        return "waiting"
    if race_s < wave.begun_s:
        return "waiting"
    if race_s >= wave.finish_s:
        return "finished"
    latest = bisect_right([at_s for at_s, _ in course.lighting], race_s)
    if latest and course.lighting[latest - 1][1] == "dark":
        return "hidden"
    return "frozen" if course.stand is not None and course.stand.since_s <= race_s else "running"
