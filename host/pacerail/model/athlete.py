"""An athlete's passings: at which race time which mark was passed, as a key, a timing system or a person says it.

A mark is a distance from the start line. The next one is always known, so that a key press at a race time is enough:
"passed 800 m at 2:00.75". Every change makes a new value, which knows the one before it: that is where undo leads.
Which marks there are: `model.marks`; which of them a timing system means: `model.feedmark`; against the lights:
`model.against`; as files: `model.athletefile`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pacerail.model.fastest import fastest_s
from pacerail.model.human import record_mps
from pacerail.model.plan import Plan
from pacerail.model.units import format_distance, format_time

Source = Literal["key", "feed", "typed", "missed"]
"""Who said so: a key press, a timing system, a person who typed it; "missed": nobody, it has no time."""

TOO_SOON = 0.6
"""A press within this share of what the fastest light needs from the last mark to the next is a second press of one."""
STEADY_M = 100.0
"""How fast an athlete runs is taken over so much at least: a hand on a key is 0.2 s off, which is 2 % of that."""
OVERDUE = 0.25
"""A mark is overdue when it takes so much longer than at the speed so far, of the time from the mark before."""
_OVERDUE_S = 3.0  # and so long at least
_SAME_M = 0.0005
_STEP_US = 10_000  # passings are noted to 1/100 s


class TooSoon(ValueError):
    """A press that comes so early after the last mark that it is a double one."""


@dataclass(frozen=True, slots=True)
class Passing:
    """A mark that was passed, or missed."""

    distance_m: float
    """From the start line, to the mm."""
    time_s: float | None
    """Race time to 1/100 s; None: missed."""
    source: Source
    error_s: float | None = None
    """By how much the time may be off, where the source says."""
    fleet_us: int | None = field(default=None, compare=False)
    """When it was pressed, in fleet time: the race time follows from it when the gun's zero is moved. None for a time
    by another clock than the light's, which stays as it is."""


@dataclass(frozen=True)
class Passings:
    """What one athlete has passed so far; `Passings(marks)` is the race before its first mark.

    Values are equal when marks, passings and athlete are: how they came about does not count.
    """

    marks_m: tuple[float, ...]
    """Rising; the last is the finish."""
    passed: tuple[Passing, ...] = ()
    """Rising in distance and in time; those typed at other distances than marks are among them."""
    athlete: str = ""
    marks: str = field(default="", compare=False)
    """What a person calls the marks: "400 m", "line"."""
    before: Passings | None = field(default=None, compare=False, repr=False)
    """The value that undo goes back to."""
    step: str = field(default="", compare=False, repr=False)
    """What undo takes back: "800 m in 2:00.75"."""
    aside: tuple[Passing, ...] = field(default=(), compare=False, repr=False)
    """Pressed, but by the zero of the gun as it is now not in order: before the gun, or overtaken (see `rebased`)."""

    def __post_init__(self) -> None:
        """Raises ValueError ("what is wrong; expected what") for marks or passings out of order."""
        object.__setattr__(self, "marks_m", tuple(round(mark_m, 3) for mark_m in self.marks_m))
        if not self.marks_m or not self.marks_m[0] > 0 or not _rise(self.marks_m):
            raise ValueError("the marks are not in order; expected distances above 0 that rise, the finish last")
        if not _rise([passing.distance_m for passing in self.passed]):
            raise ValueError("the passings are not in order; expected distances that rise")
        for passing in self.passed:
            if not 0 < passing.distance_m <= self.distance_m + _SAME_M:
                raise ValueError(
                    f"{format_distance(passing.distance_m)} is not on the way; expected above 0 m, and "
                    f"{format_distance(self.distance_m)} at most"
                )
        for one, other in itertools.pairwise(self.timed):
            if not _time_s(one) < _time_s(other):
                raise ValueError(
                    f"{format_time(_time_s(other))} at {self.name(other.distance_m)} is not after "
                    f"{format_time(_time_s(one))} at {self.name(one.distance_m)}; expected times that rise"
                )

    @property
    def distance_m(self) -> float:
        """Of the race: where the last mark is."""
        return self.marks_m[-1]

    @property
    def timed(self) -> tuple[Passing, ...]:
        """The passings that have a time."""
        return tuple(passing for passing in self.passed if passing.time_s is not None)

    @property
    def last(self) -> tuple[float, float]:
        """(distance_m, time_s) of the last passing with a time; the start line at 0 before there is one."""
        timed = self.timed
        return (timed[-1].distance_m, _time_s(timed[-1])) if timed else (0.0, 0.0)

    @property
    def next_mark_m(self) -> float | None:
        """The first mark behind everything that was passed or missed; None after the finish."""
        reached_m = self.passed[-1].distance_m if self.passed else 0.0
        return next((mark_m for mark_m in self.marks_m if mark_m > reached_m + _SAME_M), None)

    def name(self, distance_m: float) -> str:
        """A distance as it is called here: "800 m", "the finish (1 mile)"."""
        distance = format_distance(distance_m)
        return f"the finish ({distance})" if abs(distance_m - self.distance_m) <= _SAME_M else distance

    def with_press(
        self,
        time_s: float,
        plan: Plan,
        source: Source = "key",
        *,
        distance_m: float | None = None,
        fleet_us: int | None = None,
    ) -> Passings:
        """A mark passed at a race time: the next one, or that at ``distance_m``; those skipped by that are missed.

        A press that comes late, with the time of then, is for the mark that was next at that time. ``fleet_us`` is when
        it was pressed. Raises TooSoon for a press sooner after the passing before than TOO_SOON of what the fastest of
        ``plan``'s lights needs from there to the mark, and ValueError after the finish and for what is no mark.
        """
        so_far = self.until(time_s)
        mark_m = so_far._next() if distance_m is None else self._mark(distance_m)
        noted = self.at(mark_m)
        if noted is not None and noted.time_s is not None:
            raise TooSoon(
                f"{format_time(time_s)} would be for {self.name(mark_m)}, where {format_time(noted.time_s)} is noted; "
                "expected one press for a mark: it counts as a double press"
            )
        from_m, from_s = (so_far if distance_m is None else self.short_of(mark_m)).last
        least_s = TOO_SOON * fastest_s(plan, from_m, mark_m)
        if time_s - from_s < least_s:
            after = self.name(from_m) if from_m else "the gun"
            raise TooSoon(
                f"{format_time(time_s)} is {time_s - from_s:.2f} s after {after}, too soon for {self.name(mark_m)}; "
                f"expected {least_s:.1f} s at least: it counts as a double press"
            )
        return self._passed(Passing(mark_m, _hundredths(time_s), source, fleet_us=fleet_us))

    def with_feed(self, distance_m: float, time_s: float, error_s: float) -> Passings:
        """A time that a timing system took, with its error in s, at a mark or between marks; it overrules a key's.

        Marks that were skipped by that are missed. Raises ValueError for a time that does not fit its neighbours'.
        """
        return self._passed(Passing(round(distance_m, 3), _hundredths(time_s), "feed", error_s))

    def with_miss(self) -> Passings:
        """The next mark was missed: the next press is for the one behind it. Raises ValueError after the finish."""
        passing = Passing(self._next(), None, "missed")
        return self._with(self._words(passing), passing)

    def with_marks(self, marks_m: Sequence[float], marks: str) -> Passings:
        """Other marks, and what they are called; what was passed stays. Raises ValueError for marks out of order."""
        return replace(self, marks_m=tuple(marks_m), marks=marks, before=self, step=f"marks {marks}")

    def with_time(self, distance_m: float, time_s: float, source: Source = "typed") -> Passings:
        """A passing put in, or the one at that distance changed; a mark, or anywhere up to the finish.

        Raises ValueError for a distance that is not on the way, and a time that does not fit between its neighbours'.
        """
        passing = Passing(round(distance_m, 3), _hundredths(time_s), source)
        return self._with(self._words(passing), passing)

    def without(self, distance_m: float) -> Passings:
        """The passing at a distance taken out. Raises ValueError if there is none."""
        left = tuple(passing for passing in self.passed if abs(passing.distance_m - distance_m) > _SAME_M)
        if len(left) == len(self.passed):
            there = ", ".join(self.name(passing.distance_m) for passing in self.passed) or "none so far"
            raise ValueError(f"no passing at {format_distance(distance_m)}; expected one of those noted: {there}")
        return replace(self, passed=left, before=self, step=f"{self.name(distance_m)} taken out")

    def undo(self) -> Passings:
        """The value before the last step, whichever it was. Raises ValueError when there was none."""
        if self.before is None:
            raise ValueError("there is nothing to undo; expected a press, a miss or a change before it")
        return self.before

    def rebased(self, zero_us: int) -> Passings:
        """The same with the zero of the gun at a fleet time in us, which is no step of its own.

        What was pressed gets the race time that it would have been given; a time by another clock stays. What is not in
        order by that, such as a press before the gun, is set `aside` and comes back when the zero does.
        """
        noted = sorted((*self.passed, *self.aside), key=lambda passing: passing.distance_m)
        kept: list[Passing] = []
        aside: list[Passing] = []
        last_s = 0.0
        for passing in noted:
            now = passing
            if passing.fleet_us is not None:
                now = replace(passing, time_s=race_time_s(passing.fleet_us, zero_us))
            if now.time_s is None:
                kept.append(now)
            elif now.time_s > last_s:
                last_s = now.time_s
                kept.append(now)
            else:
                aside.append(now)
        return replace(self, passed=tuple(kept), aside=tuple(aside))

    def as_steps(self) -> Passings:
        """The same, as if every passing had been noted by itself, in order: after a file was read there is no undo."""
        steps = replace(self, passed=(), before=None, step="")
        for passing in self.passed:
            steps = steps._with(self._words(passing), passing)
        return steps

    def at(self, distance_m: float) -> Passing | None:
        """What is noted at a distance, a mark or another; None: nothing."""
        return next((each for each in self.passed if abs(each.distance_m - distance_m) <= _SAME_M), None)

    def until(self, time_s: float) -> Passings:
        """As it was at a race time: if a passing is later than that, without it and all behind the one before it."""
        later = any(_time_s(each) > time_s for each in self.timed)
        reached_m = max((each.distance_m for each in self.timed if _time_s(each) <= time_s), default=0.0)
        return self.short_of(reached_m + 2 * _SAME_M) if later else self

    def short_of(self, distance_m: float) -> Passings:
        """What was noted before a distance."""
        passed = tuple(each for each in self.passed if each.distance_m < distance_m - _SAME_M)
        return self if len(passed) == len(self.passed) else replace(self, passed=passed)

    def speed_mps(self, plan: Plan) -> float:
        """How fast the athlete is taken to run on: as over the last split, or the last ones if they are short.

        That is STEADY_M at least, or from the gun on. Before the first passing as fast as the plan's first light that
        runs, on average; without one at a world record's pace.
        """
        timed = self.timed
        if not timed:
            runs = (wave.finish_m / (wave.finish_s - wave.begun_s) for wave in plan.waves if not wave.stands)
            return next(runs, record_mps(self.distance_m))
        at_m, at_s = self.last
        from_m, from_s = next(
            ((p.distance_m, _time_s(p)) for p in reversed(timed) if p.distance_m <= at_m - STEADY_M), (0.0, 0.0)
        )
        return (at_m - from_m) / (at_s - from_s)

    def likeliest_mark_m(self, time_s: float, plan: Plan, marks_m: Sequence[float] | None = None) -> float | None:
        """Which of the marks to come is the likeliest one to be passed at a race time; None after the finish.

        The athlete is taken to run on at `speed_mps`. If it is not `next_mark_m`, a mark was probably missed: ask.
        ``marks_m`` are others to choose from, such as `line_marks`, for a photo eye that stands at the finish line.
        """
        from_m, from_s = self.last
        to_come = [mark_m for mark_m in (marks_m or self.marks_m) if mark_m > from_m + _SAME_M]
        if not to_come:
            return None
        there_m = from_m + self.speed_mps(plan) * (time_s - from_s)
        return min(to_come, key=lambda mark_m: abs(mark_m - there_m))

    def skipped_to_m(self, time_s: float, plan: Plan) -> float | None:
        """The mark that is likelier to come up at a race time than the next one, once that is clearly overdue.

        None as long as it may still come: OVERDUE of the time from the passing before, and 3 s, are granted.
        """
        next_m, likeliest_m = self.next_mark_m, self.likeliest_mark_m(time_s, plan)
        if next_m is None or likeliest_m is None or likeliest_m <= next_m + _SAME_M:
            return None
        from_m, from_s = self.last
        needs_s = (next_m - from_m) / self.speed_mps(plan)
        granted_s = needs_s + max(OVERDUE * needs_s, _OVERDUE_S)
        return likeliest_m if time_s - from_s > granted_s else None

    def _next(self) -> float:
        mark_m = self.next_mark_m
        if mark_m is None:
            raise ValueError(f"{self.name(self.distance_m)} is passed; expected a change of what is noted, or undo")
        return mark_m

    def _mark(self, distance_m: float) -> float:
        found = next((mark_m for mark_m in self.marks_m if abs(mark_m - distance_m) <= _SAME_M), None)
        if found is None:
            marks = ", ".join(format_distance(mark_m) for mark_m in self.marks_m)
            raise ValueError(f"{format_distance(distance_m)} is no mark; expected one of {marks}")
        return found

    def _passed(self, passing: Passing) -> Passings:
        """With a passing that has a time, and with the marks missed that nobody noted between it and the one before."""
        before = self.short_of(passing.distance_m).passed
        reached_m = before[-1].distance_m if before else 0.0
        skipped = [m for m in self.marks_m if reached_m + _SAME_M < m < passing.distance_m - _SAME_M]
        missed = (Passing(mark_m, None, "missed") for mark_m in skipped)
        said = f"; missed: {', '.join(map(self.name, skipped))}" if skipped else ""
        return self._with(self._words(passing) + said, passing, *missed)

    def _words(self, passing: Passing) -> str:
        name = self.name(passing.distance_m)
        if passing.time_s is None:
            return f"{name} missed"
        by = f" by the feed, to {passing.error_s:g} s" if passing.source == "feed" and passing.error_s else ""
        return f"{name} in {format_time(passing.time_s)}{by}"

    def _with(self, step: str, *passings: Passing) -> Passings:
        def others(noted: Sequence[Passing]) -> list[Passing]:
            return [old for old in noted if all(abs(old.distance_m - new.distance_m) > _SAME_M for new in passings)]

        passed = sorted((*others(self.passed), *passings), key=lambda each: each.distance_m)
        return replace(self, passed=tuple(passed), aside=tuple(others(self.aside)), before=self, step=step)


def race_time_s(fleet_us: int, zero_us: int) -> float:
    """The race time, to 1/100 s, of a fleet time in us. Rounded in whole numbers: a zero moved by d moves it by d."""
    return (fleet_us - zero_us + _STEP_US // 2) // _STEP_US / 100


def _rise(values: Sequence[float]) -> bool:
    return all(one < other for one, other in itertools.pairwise(values))


def _time_s(passing: Passing) -> float:
    assert passing.time_s is not None
    return passing.time_s


def _hundredths(time_s: float) -> float:
    """A race time to 1/100 s, which is what is noted and told: the gaps are those of the time that people read."""
    rounded = round(time_s, 2)
    if not 0 < rounded < math.inf:
        raise ValueError(f"{time_s:g} s is no time of a passing; expected one after the gun")
    return rounded
