"""The athlete in a race: which marks are noted, and each passing at the race time at which it was pressed."""

from __future__ import annotations

from dataclasses import replace

from pacerail.errors import RailError
from pacerail.model.athlete import Passings, line_marks, marks_every
from pacerail.model.plan import Plan
from pacerail.model.track import Track
from pacerail.model.units import format_distance, format_time, parse_distance_m
from pacerail.race.state import Race

USUAL = "400 m"
LINE = "line"
"""Marks at every passing of the finish line."""


def marks_of(every: str, plan: Plan, track: Track) -> tuple[float, ...]:
    """The marks that words name: "200 m" (every 200 m from the start), or "line". Raises RailError for others."""
    if every.strip() == LINE:
        return line_marks(plan, track)
    try:
        return marks_every(plan.distance_m, parse_distance_m(every))
    except ValueError as error:
        raise RailError(f'marks {every}: {error}; expected such as "400 m", or line') from error


class Splits:
    """What one athlete has passed in the race that is on."""

    def __init__(self, plan: Plan, track: Track, every: str = USUAL) -> None:
        self._plan = plan
        self._track = track
        self.every = every
        self.passings = Passings(marks_of(every, plan, track))

    def clear(self) -> None:
        """A new start: nothing is passed yet."""
        self.passings = Passings(self.passings.marks_m, athlete=self.passings.athlete)

    def mark_every(self, every: str) -> str:
        """Other marks from here on; what was passed stays. Raises RailError for words that name none."""
        marks_m = marks_of(every, self._plan, self._track)
        try:
            self.passings = replace(self.passings, marks_m=marks_m, before=self.passings)
        except ValueError as error:
            raise RailError(f"marks {every}: {error}") from error
        self.every = every
        return f"marks: {every}"

    def press(self, race: Race, fleet_us: int) -> str:
        """The next mark was passed at a fleet time. Raises RailError for a press that cannot be one."""
        if race.gun is None:
            raise RailError("the gun has not gone: there is no race time yet")
        time_s = (fleet_us - race.gun.zero_us) / 1e6
        mark_m = self.passings.next_mark_m
        try:
            self.passings = self.passings.with_press(time_s, race.plan_now)
        except ValueError as error:
            raise RailError(str(error)) from error
        return f"athlete: {format_distance(mark_m or 0.0)} in {format_time(self.passings.last[1])}"

    def undo(self) -> str:
        """The last step is taken back. Raises RailError when there is none."""
        try:
            self.passings = self.passings.undo()
        except ValueError as error:
            raise RailError(str(error)) from error
        return "athlete: the last press is taken back"
