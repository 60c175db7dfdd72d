"""The athlete in a race: which marks are noted, and each passing at the race time at which it was pressed or timed."""

from __future__ import annotations

from pacerail.errors import RailError
from pacerail.lynxsplits import LynxSplit
from pacerail.model.athlete import Passing, Passings, race_time_s
from pacerail.model.feedmark import feed_mark_m
from pacerail.model.marks import line_marks, marks_every
from pacerail.model.plan import Plan
from pacerail.model.track import Track
from pacerail.model.units import format_time, parse_distance_m
from pacerail.race.state import Race

USUAL = "400 m"
LINE = "line"
"""Marks at every passing of the finish line."""
SAME_PRESS_S = 1.5
"""A key so soon before or after a time of the feed, at a mark, is the same passing: a slow hand is 1 s late."""
_FEED_AHEAD_S = 2.0  # FinishLynx's zero may be another one than the light's, but not by more
_FEED_LATE_S = 60.0
_SAME_M = 0.0005


def marks_of(every: str, plan: Plan, track: Track) -> tuple[float, ...]:
    """The marks that words name: "200 m" (every 200 m from the start), or "line". Raises RailError for others."""
    if every.strip() == LINE:
        return line_marks(plan, track)
    try:
        return marks_every(plan.distance_m, parse_distance_m(every))
    except ValueError as error:
        raise RailError(f'marks {every}: {error}; expected such as "400 m", or line') from error


class Splits:
    """What one athlete has passed in the race that is on. Every method that changes something says so, for the log."""

    def __init__(self, plan: Plan, track: Track, every: str = USUAL) -> None:
        self._plan = plan
        self._track = track
        self._line_m = line_marks(plan, track)
        self.passings = Passings(marks_of(every, plan, track), marks=every)
        self._zero_us: int | None = None
        """Of the gun by which they are counted now, if it is another one than when they were noted."""

    @property
    def every(self) -> str:
        """What the marks are called: "400 m", "line"."""
        return self.passings.marks

    def clear(self) -> None:
        """A new start: nothing is passed yet. The marks stay."""
        now, self._zero_us = self.passings, None
        if now.passed or now.aside:
            self.passings = Passings(now.marks_m, athlete=now.athlete, marks=now.marks)

    def restore(self, passings: Passings, race: Race) -> str:
        """What was noted before this program took the race over; undo takes it back passing by passing."""
        kept = passings
        if race.gun is not None:
            self._zero_us = race.gun.zero_us
            kept = passings.rebased(race.gun.zero_us)
        self.passings = kept.as_steps()
        return f"athlete: {_count(len(kept.timed))} noted before"

    def mark_every(self, every: str) -> str:
        """Other marks from here on; what was passed stays. Raises RailError for words that name none."""
        try:
            self.passings = self.passings.with_marks(marks_of(every, self._plan, self._track), every.strip())
        except ValueError as error:
            raise RailError(f"marks {every}: {error}") from error
        return f"marks: {self.every}"

    def press(self, race: Race, fleet_us: int, distance_m: float | None = None) -> str:
        """The next mark, or that at a distance, was passed at a fleet time. Raises RailError if it cannot have been."""
        time_s = _race_s(race, fleet_us)
        try:
            after = self.passings.with_press(time_s, race.plan_now, distance_m=distance_m, fleet_us=fleet_us)
        except ValueError as error:
            raise RailError(str(error)) from error
        return self._noted(after)

    def echo(self, race: Race, fleet_us: int, distance_m: float | None = None) -> str | None:
        """What to say of a press for a mark that the feed has timed already: its time stands. None for any other."""
        if race.gun is None:
            return None
        time_s = _race_s(race, fleet_us)

        def meant(one: Passing) -> bool:
            if one.source != "feed" or one.time_s is None or one.distance_m not in self.passings.marks_m:
                return False
            if distance_m is not None and abs(one.distance_m - distance_m) > _SAME_M:
                return False
            return abs(one.time_s - time_s) <= SAME_PRESS_S

        found = next((one for one in self.passings.timed if meant(one)), None)
        if found is None or found.time_s is None:
            return None
        return _both(self.passings, found.distance_m, found.time_s, time_s)

    def miss(self) -> str:
        """The next mark was missed. Raises RailError after the finish."""
        try:
            return self._noted(self.passings.with_miss())
        except ValueError as error:
            raise RailError(str(error)) from error

    def hear(self, race: Race, split: LynxSplit) -> str:
        """A timing system took a time. Raises RailError for one that fits no passing of the line, or not this race."""
        now_s = race.race_s()
        if now_s is None or now_s < 0:
            raise RailError("the gun has not gone")
        if not now_s - _FEED_LATE_S <= split.time_s <= now_s + _FEED_AHEAD_S:
            raise RailError(f"it is {format_time(now_s)} by the gun: a time of another race, or of another gun")
        before, plan = self.passings, race.plan_now
        try:
            mark_m = feed_mark_m(before, plan, self._line_m, split.time_s, final=split.final)
            after = before.with_feed(mark_m, split.time_s, split.error_s)
        except ValueError as error:
            raise RailError(str(error)) from error
        by_key = before.at(mark_m)
        said = self._noted(after)
        if by_key is None or by_key.time_s is None:
            return said
        return _both(after, mark_m, split.time_s, by_key.time_s)

    def undo(self, race: Race | None) -> str:
        """The last step is taken back, whether a press, a miss, a time of the feed, or a choice of marks.

        What is left is counted from the gun's last zero, also once the race has no gun any more. Raises RailError when
        there is none.
        """
        taken = self.passings
        try:
            before = taken.undo()
        except ValueError as error:
            raise RailError(str(error)) from error
        zero_us = self._zero_us if race is None or race.gun is None else race.gun.zero_us
        self.passings = before if zero_us is None else before.rebased(zero_us)
        now = f"; marks: {before.marks}" if before.marks != taken.marks else ""
        return f"athlete: taken back: {taken.step}{now}"

    def zero_moved(self, race: Race, by_us: int) -> str | None:
        """The gun's zero was moved by so many us: what was pressed moves with it. Returns what to say, if anything."""
        if race.gun is None:
            return None
        self._zero_us = race.gun.zero_us
        if not (self.passings.passed or self.passings.aside):
            return None
        self.passings = now = self.passings.rebased(race.gun.zero_us)
        pressed = [one for one in now.timed if one.fleet_us is not None]
        said = f"athlete: {_count(len(pressed))} pressed, counted from the new zero ({-by_us / 1e6:+.2f} s)"
        if stays := len(now.timed) - len(pressed):
            said += f"; by another clock, and as before: {_count(stays)}"
        if now.aside:
            said += f"; not in order by it, and left out: {', '.join(now.name(one.distance_m) for one in now.aside)}"
        return said

    def _noted(self, after: Passings) -> str:
        """Take another value; what is to be said of it."""
        self.passings = after
        return f"athlete: {after.step}"


def _race_s(race: Race, fleet_us: int) -> float:
    if race.gun is None:
        raise RailError("the gun has not gone: there is no race time yet")
    return race_time_s(fleet_us, race.gun.zero_us)


def _both(passings: Passings, mark_m: float, feed_s: float, key_s: float) -> str:
    apart_s = key_s - feed_s
    way = "later" if apart_s >= 0 else "earlier"
    return (
        f"athlete: {passings.name(mark_m)} in {format_time(feed_s)} by the feed, which stands; the key says "
        f"{format_time(key_s)}, {abs(apart_s):.2f} s {way}"
    )


def _count(number: int) -> str:
    return "1 passing" if number == 1 else f"{number} passings"
