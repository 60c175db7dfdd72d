"""A race under way: its phase, its gun, its plan as changed so far, and the log of what happened."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from pacerail.compile import Movement, movement_of
from pacerail.errors import RailError
from pacerail.fleet import Fleet, Member
from pacerail.gun import Gun
from pacerail.model.amended import Amended
from pacerail.model.athlete import Passings
from pacerail.model.plan import Plan
from pacerail.model.rail import Rail

T = TypeVar("T")
OVER = ("finished", "stopped")
_STEP_S = 1e-5
Level = Literal["info", "warn", "bad"]
"""How bad a line of the log is: to be read, to be looked at, to be done something about."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something a person may want to know of: when (fleet time), which board if one, and in words."""

    fleet_us: int
    board: str | None
    words: str
    level: Level = "info"


class CalledOff(RailError):
    """The race was stopped while it was being made ready."""


Observer = Callable[[Event], None]


@dataclass
class Race:
    """A race, and what is known of it.

    `phase` goes connecting, uploading, syncing, ready, arming, armed, running, finished; recalled leads back to ready;
    stopped, interrupted and left end it. `gun` is None until there is one.
    """

    plan: Plan
    """As it was read back."""
    rail: Rail
    fleet: Fleet
    observer: Observer = lambda event: None
    changed: Callable[[Race], None] = lambda race: None
    """Called after every change of plan, and of what the athlete has passed."""
    armed: Callable[[Race], None] = lambda race: None
    """Called whenever all boards have been armed."""
    phase: str = "connecting"
    gun: Gun | None = None
    heard: dict[str, Gun] = field(default_factory=dict[str, Gun])
    """The latest gun of each source since it was armed."""
    armed_us: int = 0
    events: list[Event] = field(default_factory=list[Event])
    shortcomings: list[str] = field(default_factory=list[str])
    """What boards did not do their part, and why; known when it is over."""

    def __post_init__(self) -> None:
        self.amended = Amended(self.plan)
        self.movement: Movement = movement_of(self.plan, self.rail.track)
        self.settled_s = 0.0  # race time of the last change
        self.tables = [member.table for member in self.fleet.members]  # of the plan as it was read back
        self.changes_unknown = False  # boards run a changed plan that this computer does not know
        self.watchers: list[asyncio.Task[None]] = []
        self.left_alone: set[str] = set()  # sources whose better zero came too late to move the light by itself
        self.chosen: str | None = None  # the source that a person chose: others do not take the gun from it
        self.early: dict[str, Gun] = {}  # guns heard while boards were still being armed
        self.stale: dict[str, Gun] = {}  # guns of before the lights were armed, by source
        self.ended_us = 0  # fleet time from which a recall or stop holds
        self.elsewhere: set[str] = set()  # boards that another program has stopped
        self.unready: set[str] = set()  # boards that came late, and whose clock is not known well enough yet
        self.called_off = False  # stopped for good, whatever is still under way
        self.refused: list[str] = []  # orders of a script that were not carried out, and why
        self.slept = False  # this computer's clock has stood still: it is not the race's any more
        self.told_us = 0  # fleet time at which the gun was last made known or moved
        self.arming_us = 0  # fleet time at which the arming began that is under way, or was the last
        self.unkept: set[str] = set()  # boards that are not looked after any more: this program has a fault
        self.athlete: Passings | None = None  # what was noted of the athlete, for the journal
        # told when a race that runs already is known: its gun, its changes, its athlete
        self.taken_over: Callable[[], None] = lambda: None
        # told the gun of before, when it is another
        self.zero_moved: Callable[[Gun | None], None] = lambda before: None
        self._moved = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._through: set[asyncio.Task[Any]] = set()

    @property
    def plan_now(self) -> Plan:
        """The plan with every change so far: what the light shows, and has shown."""
        return self.amended.plan

    def note(self, words: str, board: str | None = None, level: Level = "info") -> None:
        """Add to the log."""
        event = Event(self.fleet.clock(), board, words, level)
        self.events.append(event)
        with contextlib.suppress(Exception):  # a log that cannot be shown is no reason not to recall
            self.observer(event)

    def loaded_table(self, member: Member) -> bytes:
        """A board's pace table of the plan as it was read back."""
        return self.tables[self.fleet.members.index(member)]

    def race_s(self, at_us: int | None = None) -> float | None:
        """Race time now, or at a fleet time, in s; below 0 before the gun, None when there is no gun yet."""
        if self.gun is None:
            return None
        return ((self.fleet.clock() if at_us is None else at_us) - self.gun.zero_us) / 1e6

    def enter(self, phase: str) -> None:
        """Go on to a phase, and wake who waits for one. Raises CalledOff if the race was stopped meanwhile."""
        if self.called_off and phase not in (*OVER, "interrupted", "left"):
            raise CalledOff("stopped by an order")
        self.phase = phase
        self.woke()

    def soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside all else. What goes wrong in it is logged."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done_beside)

    async def through(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something to its end, also if who waits for it is broken off: what the boards must hear."""
        task = asyncio.ensure_future(work)
        self._through.add(task)
        task.add_done_callback(self._through.discard)
        return await asyncio.shield(task)

    async def heard_through(self, at_most_s: float = 3.0) -> None:
        """Wait until the boards have heard what they must hear, for so long at most."""
        if self._through:
            await asyncio.wait(self._through, timeout=at_most_s)

    def _done_beside(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.note(f"FAULT of this program: {error!r}", level="bad")

    def woke(self) -> None:
        """Something has changed that a waiter may wait for."""
        self._moved.set()

    async def wait(self, seconds: float | None = None) -> None:
        """Wait until something has changed, or for so long; 10 us at least, since race time goes on in steps."""
        self._moved.clear()
        try:
            async with asyncio.timeout(None if seconds is None else max(seconds, _STEP_S)):
                await self._moved.wait()
        except TimeoutError:
            return
