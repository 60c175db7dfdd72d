"""A race under way: its phase, its gun, its plan as changed so far, and the log of what happened."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from pacerail.compile import Movement, movement_of
from pacerail.errors import RailError
from pacerail.fleet import Fleet, Member
from pacerail.gun import Gun
from pacerail.model.amended import Amended
from pacerail.model.plan import Plan
from pacerail.model.rail import Rail

OVER = ("finished", "stopped")
_STEP_S = 1e-5


@dataclass(frozen=True, slots=True)
class Event:
    """Something a person may want to know of: when (fleet time), which board if one, and in words."""

    fleet_us: int
    board: str | None
    words: str


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
    """Called after every change of plan."""
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
        self.called_off = False  # stopped for good, whatever is still under way
        self.refused: list[str] = []  # orders of a script that were not carried out, and why
        self.slept = False  # this computer's clock has stood still: it is not the race's any more
        self.told_us = 0  # fleet time at which the gun was last made known or moved
        self._moved = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def plan_now(self) -> Plan:
        """The plan with every change so far: what the light shows, and has shown."""
        return self.amended.plan

    def note(self, words: str, board: str | None = None) -> None:
        """Add to the log."""
        event = Event(self.fleet.clock(), board, words)
        self.events.append(event)
        with contextlib.suppress(Exception):  # a log that cannot be shown is no reason not to recall
            self.observer(event)

    def loaded_table(self, member: Member) -> bytes:
        """A board's pace table of the plan as it was read back."""
        return self.tables[self.fleet.members.index(member)]

    def race_s(self) -> float | None:
        """Race time now, in s; below 0 before the gun, None when there is no gun yet."""
        return None if self.gun is None else (self.fleet.clock() - self.gun.zero_us) / 1e6

    def enter(self, phase: str) -> None:
        """Go on to a phase, and wake who waits for one. Raises CalledOff if the race was stopped meanwhile."""
        if self.called_off and phase not in (*OVER, "interrupted", "left"):
            raise CalledOff("stopped by an order")
        self.phase = phase
        self.woke()

    def soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside all else."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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
