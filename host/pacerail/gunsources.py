"""The sources of the gun that are heard from outside: a pin of a board, the FinishLynx feed.

A source watches until it is cancelled, through recalls and new starts, and hands over a gun whenever it has a new one
or knows it better. It decides nothing: which source to believe, and whether a gun is too old, is the race's business.
Nothing here sends a board anything but a question. A schedule, a stopwatch and a key are functions of `gun`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from pacerail.board import Edges
from pacerail.errors import InputError, RailError
from pacerail.fleet import Fleet, Member
from pacerail.gun import LYNX, PIN, Gun, pin_edge
from pacerail.link import HostClock
from pacerail.lynx import Chunk, Message
from pacerail.lynxfeed import Ears, Feed, open_feed, parse_url
from pacerail.lynxgun import LynxGun
from pacerail.lynxsplits import LynxSplit, LynxSplits
from pacerail.sync import Estimator

POLL_S = 0.05
"""Between two looks at a gun pin that waits: all is dark then, and no frame is in a hurry."""
QUIET_POLL_S = 1.0
"""And at one that has had its edge, or whose board runs a race."""
_BETTER = 0.9  # a bound so much smaller is worth telling
_PIN_MOVED_US = 20  # so is a zero that has moved by so much, if its bound is no wider
_LYNX_MOVED_US = 3000
_LYNX_EVERY_US = 500_000  # but not oftener: the first messages move it back and forth
_LYNX_SHARE = 5  # nor than after a fifth of the race time so far: what is learnt later is less and less
_SOON_US = 10_000  # an edge further in the future than this is of another clock

Heard = Callable[[Gun], None]
OpenFeed = Callable[[Ears], Awaitable[Feed]]


class Source(Protocol):
    """Someone who says when the gun went."""

    @property
    def name(self) -> str:
        """What it is called in a log: "pin", "lynx"."""
        ...

    def words(self) -> str:
        """How it stands, for a person: where it listens, what it has heard."""
        ...

    async def watch(self, heard: Heard) -> None:
        """Watch until cancelled; `heard` gets each new or better gun. Raises RailError when it cannot watch at all."""
        ...


def check_source(text: str) -> None:
    """Raises InputError if the words of `--gun` name no source."""
    kind, equals, rest = text.strip().partition("=")
    if kind == LYNX:
        try:
            parse_url(rest)
        except RailError as error:
            raise InputError(f"--gun {text}: {error}") from error
    elif kind != PIN or equals:
        raise InputError(f"--gun {text}: no such source; expected pin, or lynx=URL such as lynx=tcp-listen://:9999")


def parse_source(text: str, fleet: Fleet) -> Source:
    """The source that the words of `--gun` name: pin, or lynx=URL (see lynxfeed). Raises InputError for any others."""
    check_source(text)
    kind, _, url = text.strip().partition("=")
    return PinSource(fleet) if kind == PIN else LynxSource(partial(open_feed, url), fleet.clock, url)


@dataclass(slots=True)
class _Edge:
    """The first edge on one board's pin since it was armed, and the best zero that could be made of it."""

    tick: int
    late_us: int
    estimator: Estimator
    steps: int  # of the estimator when the edge was seen: ticks of another start of the board are not this edge's
    gun: Gun | None = None


class PinEdges:
    """What the gun pins of a rail say together. No I/O.

    The first edge since arming is the gun; what comes later is counted and told. With pins on several boards the one
    that is known best gives the zero, among those that agree with the pin heard first.
    """

    def __init__(self) -> None:
        self._edges: dict[str, _Edge] = {}
        self._counts: dict[str, int] = {}

    def take(self, name: str, edges: Edges, estimator: Estimator, now_us: int) -> None:
        """Take a board's answer of now; its zero gets better as its clock gets known better."""
        self._counts[name] = edges.count
        first = next((tick for number, tick in edges.kept if number == 1), None)
        if first is None:
            self._edges.pop(name, None)  # armed anew, or started anew
            return
        edge = self._edges.get(name)
        if edge is None or edge.tick != first:
            self._edges.pop(name, None)  # it is heard after the others now
            edge = self._edges[name] = _Edge(first, edges.late_us, estimator, estimator.counts.steps)
        line = estimator.line()
        if line is None or estimator is not edge.estimator or estimator.counts.steps != edge.steps:
            return
        gun = pin_edge(edge.tick, line, edge.late_us)
        if gun.zero_us <= now_us + _SOON_US and (edge.gun is None or gun.bound_us <= edge.gun.bound_us):
            edge.gun = gun

    def best(self) -> tuple[str, Gun] | None:
        """The board whose edge gives the zero, and the gun; None before the first."""
        guns = self._guns()
        if not guns:
            return None
        _, first = guns[0]
        return min((item for item in guns if _agree(item[1], first)), key=lambda item: item[1].bound_us)

    def words(self) -> str:
        """What the pins have heard, in a sentence."""
        best = self.best()
        if best is None:
            return "waits for an edge"
        name, gun = best
        said = f"edge on {name}, known to {gun.bound_us} us"
        others = [(other, heard) for other, heard in self._guns() if other != name]
        for other, heard in others:
            if _agree(heard, gun):
                said += f"; {other} agrees"
            else:
                said += f"; {other} says {(heard.zero_us - gun.zero_us) / 1e6:+.3f} s: not the same gun"
        later = self._counts[name] - 1
        return said + (f"; {later} more since" if later else "")

    def _guns(self) -> list[tuple[str, Gun]]:
        """By board, in the order in which they were heard."""
        return [(name, edge.gun) for name, edge in self._edges.items() if edge.gun is not None]


class PinSource:
    """The gun pins of a rail: every board that says it has one is asked, often while it waits.

    A board that is not there yet is asked as soon as it has said who it is.
    """

    name = PIN

    def __init__(self, fleet: Fleet, poll_s: float = POLL_S) -> None:
        self._fleet = fleet
        self._poll_s = poll_s
        self._edges = PinEdges()
        self._given: Gun | None = None

    def words(self) -> str:
        """Which boards have a pin, and what they have heard."""
        names = [member.name for member in self._with_pin()]
        absent = [member.name for member in self._fleet.members if member.identity is None]
        if not names and absent:
            return f"no board that is there has a gun pin; not there yet: {', '.join(absent)}"
        if not names:
            return "no board has a gun pin"
        return f"pin of {', '.join(names)}: {self._edges.words()}"

    async def watch(self, heard: Heard) -> None:
        """Watch until cancelled. Raises RailError when no board of the rail has a gun pin."""
        async with asyncio.TaskGroup() as group:
            for member in self._fleet.members:
                group.create_task(self._watch(member, heard))
        raise RailError("no board has a gun pin; expected one that was built with it (see docs/gun.md)")

    def _with_pin(self) -> list[Member]:
        return [member for member in self._fleet.members if member.identity is not None and member.identity.gun]

    async def _watch(self, member: Member, heard: Heard) -> None:
        """Ends only for a board that has no pin."""
        while member.identity is None:
            await asyncio.sleep(self._poll_s)
        while member.identity.gun:
            waits = not member.lost and (member.status is None or member.status.state != "running")
            try:
                edges = await member.client.edges(tries=1)
            except RailError:  # lost on the way, or the board is gone: the race sees to that
                pass
            else:
                self._edges.take(member.name, edges, member.estimator, self._fleet.clock())
                waits = waits and edges.count == 0
                self._hand_over(heard)
            await asyncio.sleep(self._poll_s if waits else QUIET_POLL_S)

    def _hand_over(self, heard: Heard) -> None:
        best = self._edges.best()
        if best is not None and _worth_telling(best[1], self._given, _PIN_MOVED_US):
            self._given = best[1]
            heard(best[1])


class LynxSource:
    """A FinishLynx feed; `feed` opens it, and `where` says in words what it is before that. `clock` is fleet time.

    Besides the gun it hears intermediate times: `on_split` is told each of them, once.
    """

    name = LYNX

    def __init__(self, feed: OpenFeed, clock: HostClock, where: str = "feed") -> None:
        self._open = feed
        self._clock = clock
        self._where = where
        self._given: Gun | None = None
        self._given_us = 0
        self._given_run: int = -1
        self._splits = LynxSplits()
        self.on_split: Callable[[LynxSplit], None] = lambda split: None
        self.lynx = LynxGun(on_message=self._message)
        """What was heard so far, and what was wrong with it."""

    def words(self) -> str:
        """Where it listens and what it makes of what it hears."""
        lynx, gun = self.lynx, self.lynx.gun()
        if gun is not None:
            said = f"the gun is known to {gun.bound_us / 1000:.0f} ms"
        elif lynx.speaker is None and not lynx.ignored:
            said = "nothing heard yet"
        else:
            said = lynx.why_not() or ""
        if lynx.speaker is not None:
            said = f"hears {lynx.speaker}: {said}"
        if lynx.ignored:
            said += "; not used: " + ", ".join(f"{count} {reason}" for reason, count in sorted(lynx.ignored.items()))
        if lynx.zero.warnings:
            said += f"; {lynx.zero.warnings[-1][1]}"
        return f"{self._where}, {said}"

    async def watch(self, heard: Heard) -> None:
        """Watch until cancelled. Raises RailError when the feed cannot be opened."""

        def take(chunk: Chunk) -> None:
            self.lynx.take(chunk)
            self._hand_over(heard)

        feed = await self._open(Ears(take, self.lynx.hung_up, self._clock))
        self._where = feed.address
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await feed.close()

    def _message(self, message: Message) -> None:
        split = self._splits.take(message)
        if split is not None:
            self.on_split(split)

    def _hand_over(self, heard: Heard) -> None:
        gun, now_us = self.lynx.gun(), self._clock()
        run: int = self.lynx.zero.run
        if gun is None:
            return
        soon = now_us - self._given_us < max(_LYNX_EVERY_US, (now_us - gun.zero_us) // _LYNX_SHARE)
        if run == self._given_run and (soon or not _differs(gun, self._given, _LYNX_MOVED_US)):
            return
        self._given, self._given_us, self._given_run = gun, now_us, run
        heard(gun)


def _agree(one: Gun, other: Gun) -> bool:
    return abs(one.zero_us - other.zero_us) <= one.bound_us + other.bound_us


def _differs(gun: Gun, given: Gun | None, moved_us: int) -> bool:
    """Tell whether a gun is another one than was told, or is known better."""
    if given is None:
        return True
    return gun.bound_us < _BETTER * given.bound_us or abs(gun.zero_us - given.zero_us) >= moved_us


def _worth_telling(gun: Gun, given: Gun | None, moved_us: int) -> bool:
    """As `_differs`, for a zero whose estimate only gets worse as its bound does."""
    if given is None or not _agree(gun, given):
        return True
    return gun.bound_us <= given.bound_us and _differs(gun, given, moved_us)
