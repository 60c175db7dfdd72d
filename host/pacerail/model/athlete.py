"""An athlete's passings: at which race time which mark was passed, as a key, a timing system or a person says it.

A mark is a distance from the start line. The next one is always known, so that a key press at a race time is enough:
"passed 800 m at 2:00.75". Every change makes a new value, which knows the one before it: that is where undo leads.
Against the lights: `model.against`; as files: `model.athletefile`.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pacerail.model.human import record_mps
from pacerail.model.plan import Plan
from pacerail.model.track import Track
from pacerail.model.units import format_distance, format_time

Source = Literal["key", "feed", "typed", "missed"]
"""Who said so: a key press, a timing system, a person who typed it; "missed": nobody, it has no time."""

TOO_SOON = 0.6
"""A press within this share of what the fastest light needs from the last mark to the next is a second press of one."""
LAST_STEP_M = 50.0
"""A mark nearer to the finish than this is none: who presses for the finish of a mile must not be taken for 1600 m."""
FIRST_LINE_M = 100.0
"""A passing of the finish line nearer to the start line than this is no mark: a mile has one after 9.344 m."""
_SAME_M = 0.0005


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
    before: Passings | None = field(default=None, compare=False, repr=False)
    """The value that undo goes back to."""

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

    def with_press(self, time_s: float, plan: Plan, source: Source = "key") -> Passings:
        """The next mark passed at a race time.

        Raises TooSoon for a press sooner after the last passing than TOO_SOON of what the fastest of ``plan``'s lights
        needs from there to the next mark, and ValueError after the finish.
        """
        mark_m = self._next()
        from_m, from_s = self.last
        noted_s = _hundredths(time_s)
        least_s = TOO_SOON * fastest_s(plan, from_m, mark_m)
        if time_s - from_s < least_s:
            after = self.name(from_m) if from_m else "the gun"
            raise TooSoon(
                f"{format_time(time_s)} is {time_s - from_s:.2f} s after {after}, too soon for {self.name(mark_m)}; "
                f"expected {least_s:.1f} s at least: it counts as a double press"
            )
        return self._with(Passing(mark_m, noted_s, source))

    def with_miss(self) -> Passings:
        """The next mark was missed: the next press is for the one behind it. Raises ValueError after the finish."""
        return self._with(Passing(self._next(), None, "missed"))

    def with_time(self, distance_m: float, time_s: float, source: Source = "typed") -> Passings:
        """A passing put in, or the one at that distance changed; a mark, or anywhere up to the finish.

        Raises ValueError for a distance that is not on the way, and a time that does not fit between its neighbours'.
        """
        return self._with(Passing(round(distance_m, 3), _hundredths(time_s), source))

    def without(self, distance_m: float) -> Passings:
        """The passing at a distance taken out. Raises ValueError if there is none."""
        left = tuple(passing for passing in self.passed if abs(passing.distance_m - distance_m) > _SAME_M)
        if len(left) == len(self.passed):
            there = ", ".join(self.name(passing.distance_m) for passing in self.passed) or "none so far"
            raise ValueError(f"no passing at {format_distance(distance_m)}; expected one of those noted: {there}")
        return replace(self, passed=left, before=self)

    def undo(self) -> Passings:
        """The value before the last step, whichever it was. Raises ValueError when there was none."""
        if self.before is None:
            raise ValueError("there is nothing to undo; expected a press, a miss or a change before it")
        return self.before

    def likeliest_mark_m(self, time_s: float, plan: Plan, marks_m: Sequence[float] | None = None) -> float | None:
        """Which of the marks to come is the likeliest one to be passed at a race time; None after the finish.

        The athlete is taken to run on as over the last split, before the first one as fast as the plan's first light
        that runs, on average. If it is not `next_mark_m`, a mark was probably missed: ask. ``marks_m`` are others to
        choose from, such as `line_marks`, for a photo eye that stands at the finish line.
        """
        from_m, from_s = self.last
        to_come = [mark_m for mark_m in (marks_m or self.marks_m) if mark_m > from_m + _SAME_M]
        if not to_come:
            return None
        runs = (wave.finish_m / (wave.finish_s - wave.begun_s) for wave in plan.waves if not wave.stands)
        speed_mps = next(runs, record_mps(self.distance_m))
        timed = self.timed
        if timed:
            before_m, before_s = (timed[-2].distance_m, _time_s(timed[-2])) if len(timed) > 1 else (0.0, 0.0)
            speed_mps = (from_m - before_m) / (from_s - before_s)
        there_m = from_m + speed_mps * (time_s - from_s)
        return min(to_come, key=lambda mark_m: abs(mark_m - there_m))

    def _next(self) -> float:
        mark_m = self.next_mark_m
        if mark_m is None:
            raise ValueError(f"{self.name(self.distance_m)} is passed; expected a change of what is noted, or undo")
        return mark_m

    def _with(self, passing: Passing) -> Passings:
        others = [old for old in self.passed if abs(old.distance_m - passing.distance_m) > _SAME_M]
        bisect.insort(others, passing, key=lambda old: old.distance_m)
        return replace(self, passed=tuple(others), before=self)


def marks_every(distance_m: float, every_m: float) -> tuple[float, ...]:
    """Marks at every multiple of ``every_m`` from the start line, and at the finish. Raises ValueError below 1 m.

    A multiple less than LAST_STEP_M (or half a step, if that is less) before the finish is left out.
    """
    if not every_m >= 1:
        raise ValueError(f"marks every {every_m:g} m; expected 1 m at least")
    steps = range(1, math.floor((distance_m - min(LAST_STEP_M, every_m / 2)) / every_m) + 1)
    return (*(round(k * every_m, 3) for k in steps), round(distance_m, 3))


def line_marks(plan: Plan, track: Track, at_m: float = 0.0, *, first_m: float = FIRST_LINE_M) -> tuple[float, ...]:
    """Marks at every passing of one place of the track, and at the finish.

    ``at_m`` is its track coordinate (0: the finish line; of a mark on the kerb: `Track.kerb_to_track`). Passings less
    than ``first_m`` from the start line, and so close before the finish, are none.
    """
    first = track.wrap(at_m - plan.start_track_m(track))
    laps = range(math.ceil(plan.distance_m / track.lap_m) + 1)
    # a lap is as long as it says only to some mm, which 25 laps make a tenth of a metre
    last_m = plan.distance_m - max(_SAME_M, min(first_m, 1.0))
    passings = [round(first + k * track.lap_m, 3) for k in laps]
    return (*(at for at in passings if first_m <= at < last_m and at > 0), round(plan.distance_m, 3))


def fastest_s(plan: Plan, from_m: float, to_m: float) -> float:
    """What the fastest light needs from one distance to another, in s; where none goes there, a world record's pace."""
    there = [wave for wave in plan.waves if wave.finish_m >= to_m - _SAME_M and not wave.waits]
    needs_s = [min(wave.finish_s, wave.motion.time_s(to_m)) - wave.motion.time_s(from_m) for wave in there]
    real = [need_s for need_s in needs_s if 0 < need_s < math.inf]
    return min(real) if real else (to_m - from_m) / record_mps(to_m - from_m)


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
