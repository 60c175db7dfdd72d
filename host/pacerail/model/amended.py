"""A plan that is changed while its race runs: what was done when, and the plan that comes of it.

It is the plan that was read back, with its hash and its title; only the movement and the windows of the waves that
were changed are others, and up to the time of a change they are as they were.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pacerail.model import motion
from pacerail.model.bridge import Backwards
from pacerail.model.changes import Change, words
from pacerail.model.course import Course, NotNow, changed, course_of, taken_back
from pacerail.model.plan import Plan, Wave
from pacerail.model.units import format_time, quoted
from pacerail.model.wave import MAX_RACE_S

__all__ = ["Amended", "Backwards", "Displaced", "Step", "jump_m", "recent"]

_GRID = 100_000
"""Boards count race time in 10 us: a change takes place at a whole number of them."""
_TOGETHER_S = 0.001
"""What comes within a millisecond behind another change takes place with it."""


@dataclass(frozen=True)
class Step:
    """A change, or with None the undoing of the last one that stands; when it takes place; what the log says of it."""

    change: Change | None
    at_s: float
    forced: bool
    words: str


@dataclass(frozen=True, eq=False)
class _Standing:
    """A change that can be undone, and the plan before it."""

    change: Change
    at_s: float
    before: Amended


@dataclass(frozen=True, eq=False)
class Amended:
    """``base``, the plan as it was read back, and the steps so far. `Amended(plan)` is the plan itself.

    Every change makes a new value; one that is refused leaves no trace.
    """

    base: Plan
    steps: tuple[Step, ...] = ()
    _courses: tuple[Course, ...] = ()
    _undoable: tuple[_Standing, ...] = ()
    _since_s: float = 0.0

    @cached_property
    def plan(self) -> Plan:
        """The plan with all changes; waves that no change has touched are the very same objects as in ``base``."""
        return replace(self.base, waves=tuple(course.wave for course in self.courses)) if self._courses else self.base

    @property
    def words(self) -> tuple[str, ...]:
        """A line for each step, for the log."""
        return tuple(step.words for step in self.steps)

    @property
    def over_s(self) -> float:
        """Race time from which there is nothing left to see or to show: a wave that is hidden is still under way.

        Groups that an order begins can be begun again after they have finished: such a plan lasts until it is stopped.
        """
        if any(wave.spec.by_order for wave in self.base.waves):
            return MAX_RACE_S
        hidden = (course.wave.over_s for course in self.courses if course.mode == "dark")
        return max(self.plan.end_s, *hidden, 0.0)

    def with_change(self, change: Change, at_s: float, *, forced: bool = False) -> Amended:
        """The plan changed from race time ``at_s`` on, which is taken up to the next 10 us.

        At or before the gun (``at_s`` <= 0) it holds from the gun on, and nothing is eased. A change of every wave
        leaves out those for which it means nothing any more, such as a shift of one that has finished. Raises Backwards
        when a light would move backwards and it is not ``forced``; with ``forced`` it jumps back at once. Raises
        ValueError ("what was wrong; expected what") for a wave that is not there or has finished, a finish that is gone
        already, what is too fast for a board or beyond MAX_RACE_S, and a time before an earlier step's.
        """
        at_s = self._effect_s(at_s)
        wanted = [i for i, wave in enumerate(self.base.waves) if change.wave is None or wave.name == change.wave]
        if not wanted:
            names = ", ".join(quoted(wave.name) for wave in self.base.waves)
            raise ValueError(f"no wave is called {quoted(change.wave)}; expected one of {names}, or all")

        def act(course: Course) -> Course:
            return changed(course, change, at_s, forced=forced)

        ways, left_out = self._each(wanted, act, alone=change.wave is not None)
        said = f"{_when(at_s)} {words(change)}{_without(left_out)}{', forced' if forced else ''}"
        standing = _Standing(change, at_s, self)
        steps = (*self.steps, Step(change, at_s, forced, said))
        return Amended(self.base, steps, ways, (*self._undoable, standing), at_s)

    def undo(self, at_s: float, *, forced: bool = False) -> Amended:
        """The last change that stands is taken back from race time ``at_s`` on.

        If it has not taken effect by then it never does. Otherwise the light is brought back to the movement it had,
        eased over 5 s or as much longer as it takes. One after the other, all changes can be undone. Raises as
        `with_change` does, and ValueError when there is nothing to undo.
        """
        if not self._undoable:
            raise ValueError("there is nothing to undo; expected a change before it")
        *rest, last = self._undoable
        what = words(last.change)
        if self._since_s == last.at_s and self._rounded_s(at_s) <= last.at_s:
            step = Step(None, last.at_s, forced, f"{_when(last.at_s)} undone before it took effect: {what}")
            return replace(last.before, steps=(*self.steps, step))
        at_s = self._effect_s(at_s)
        before = last.before.courses
        touched = [i for i, (a, b) in enumerate(zip(self.courses, before, strict=True)) if a is not b]
        earlier = dict(zip((id(course) for course in self.courses), before, strict=True))

        def act(course: Course) -> Course:
            return taken_back(course, earlier[id(course)], at_s, forced=forced)

        ways, left_out = self._each(touched, act, alone=len(touched) == 1)
        said = f"{_when(at_s)} undone: {what}{_without(left_out)}{', forced' if forced else ''}"
        steps = (*self.steps, Step(None, at_s, forced, said))
        return Amended(self.base, steps, ways, tuple(rest), at_s)

    @cached_property
    def courses(self) -> tuple[Course, ...]:
        """How each wave came to be as it is now, in file order."""
        return self._courses or tuple(course_of(wave) for wave in self.base.waves)

    def _each(
        self, which: list[int], act: Callable[[Course], Course], *, alone: bool
    ) -> tuple[tuple[Course, ...], list[str]]:
        """The courses with some of them acted upon, and the names of those for which it means nothing now."""
        ways = list(self.courses)
        left_out: dict[str, NotNow] = {}
        for i in which:
            name = ways[i].wave.name
            try:
                ways[i] = act(ways[i])
            except NotNow as error:
                left_out[name] = error
                if alone or len(left_out) == len(which):
                    raise NotNow(f"wave {quoted(name)}: {error}") from None
            except ValueError as error:
                raise type(error)(f"wave {quoted(name)}: {error}") from None
        return tuple(ways), list(left_out)

    def _effect_s(self, at_s: float) -> float:
        """When a step takes place that is asked for at ``at_s``."""
        effect_s = self._rounded_s(at_s)
        if effect_s < self._since_s:
            raise ValueError(
                f"{format_time(at_s)} is before the last step, at {format_time(self._since_s)}; expected a later time"
            )
        return self._since_s if effect_s < self._since_s + _TOGETHER_S else effect_s

    def _rounded_s(self, at_s: float) -> float:
        if not at_s <= MAX_RACE_S:  # not a number, too
            raise ValueError(f"a change {at_s:g} s after the gun; expected {MAX_RACE_S:g} s at most")
        return max(0.0, math.ceil(round(max(at_s, 0.0) * _GRID, 3)) / _GRID)


@dataclass(frozen=True)
class Displaced:
    """By how much a change moves a light against where it would have been, in m; above 0 is ahead."""

    at_once_m: float
    """At the time of the change itself."""
    ahead_m: float
    """The most from there on, 0 or more, as long as it is under way before and after."""
    back_m: float
    """The least from there on, 0 or less."""


def jump_m(before: Plan, after: Plan, at_s: float) -> dict[str, Displaced]:
    """For each wave that a change at ``at_s`` moves, by its name: by how much."""
    found: dict[str, Displaced] = {}
    for old, new in zip(before.waves, after.waves, strict=True):
        if old.motion is new.motion:
            continue
        begin_s = max(at_s, 0.0)
        ends_s = max(begin_s, min(old.over_s, new.over_s))
        breaks_s = np.concatenate((old.motion.breaks_s, new.motion.breaks_s, [begin_s, ends_s]))
        breaks_s = np.unique(breaks_s[(breaks_s >= begin_s) & (breaks_s <= ends_s)])
        # between two breaks the difference is a cubic: a close look at each, and at what holds just before a jump
        shares = np.append(np.linspace(0.0, 1.0, 33)[:-1], 1 - 1e-12)
        times_s = (breaks_s[:-1, None] + np.diff(breaks_s)[:, None] * shares).ravel()
        times_s = np.concatenate((times_s, [begin_s]))
        apart_m = new.motion.distance_m(times_s) - old.motion.distance_m(times_s)
        found[new.name] = Displaced(float(apart_m[-1]), max(0.0, float(apart_m.max())), min(0.0, float(apart_m.min())))
    return found


def recent(plan: Plan, since_s: float) -> Plan:
    """The same plan without what was over at race time ``since_s``: for boards, when the room for pieces runs out.

    Every wave begins where it stood then; its splits, its finish and what is to come are as they were. A change takes 1
    to 4 pieces (a few more of a smooth wave) and at most one window, which boards keep when they are long past as well.
    Leave them out from a minute back on, so that a clock that is set late still finds the light in its place.
    """

    def cut(wave: Wave) -> Wave:
        windows_s = tuple((max(on, since_s), off) for on, off in wave.windows_s if off > since_s)
        return replace(wave, motion=motion.from_time(wave.motion, since_s), windows_s=windows_s)

    return plan if since_s <= 0 else replace(plan, waves=tuple(cut(wave) for wave in plan.waves))


def _when(at_s: float) -> str:
    return format_time(at_s) if at_s > 0 else "at the gun"


def _without(names: list[str]) -> str:
    return f" (without {', '.join(names)})" if names else ""
