"""The athlete's side of a night: what keys and the FinishLynx feed say goes to the splits, the log and the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from pacerail.errors import RailError
from pacerail.gun import Gun
from pacerail.gunsources import LynxSource, Source
from pacerail.lynxsplits import LynxSplit
from pacerail.model.units import format_time
from pacerail.race.run import listen
from pacerail.race.splits import Splits
from pacerail.race.state import Level, Race


class Note(Protocol):
    """Adds to the log."""

    def __call__(self, words: str, board: str | None = None, level: Level = "info") -> None:
        """Words, of the rail or of one board."""
        ...


class Timing:
    """Notes what the athlete passes in one race after the other; `changed` is told of the race after every step."""

    def __init__(self, note: Note, changed: Callable[[Race], None]) -> None:
        self.splits: Splits | None = None
        """For the plan in hand; None without one."""
        self._note = note
        self._changed = changed
        self._race: Race | None = None
        self._feeds: dict[int, asyncio.Task[None]] = {}

    def begin(self, race: Race) -> None:
        """This race is the one from now on. What was passed in the one before stays until `clear`."""
        self._race = race
        race.zero_moved = lambda before: self._zero_moved(race, before)

    def clear(self) -> None:
        """The boards are armed: nothing is passed yet. The marks stay."""
        if self.splits is not None:
            self.splits.clear()
            if self._race is not None:
                self._race.athlete = self.splits.passings

    def taken_over(self, race: Race) -> None:
        """Go on with what the journal had of a race that was taken over. What goes wrong must not become the race's."""
        try:
            if race.athlete is not None and self.splits is not None:
                self._note(self.splits.restore(race.athlete, race))
                race.athlete = self.splits.passings
        except Exception as error:
            self._note(f"FAULT of this program, the athlete's times are not taken over: {error!r}", level="bad")

    def heard_already(self, race: Race, fleet_us: int, distance_m: float | None) -> bool:
        """Whether a press is for a mark that the feed has timed: then the log has both, and that was all."""
        said = None if self.splits is None else self.splits.echo(race, fleet_us, distance_m)
        if said is not None:
            self._note(said)
        return said is not None

    def press(self, race: Race, fleet_us: int, distance_m: float | None = None) -> None:
        """A mark was passed at a fleet time. Raises RailError for a press that cannot be one."""
        self._noted(self._in_hand().press(race, fleet_us, distance_m))

    def miss(self) -> None:
        """The next mark was missed. Raises RailError after the finish."""
        self._noted(self._in_hand().miss())

    def undo(self) -> None:
        """The last step is taken back. Raises RailError when there is none."""
        self._noted(self._in_hand().undo(self._race))

    def marks(self, every: str) -> None:
        """At which marks the athlete is timed. Raises RailError for words that name none."""
        self._noted(self._in_hand().mark_every(every))

    def hear(self, race: Race, split: LynxSplit) -> None:
        """The feed has a time. One that is none of this race's is logged, and dropped."""
        try:
            if race is not self._race or self.splits is None:
                raise RailError("no race is on")
            self._noted(self.splits.hear(race, split))
        except RailError as error:
            self._note(f"FinishLynx split {format_time(split.time_s)}: not taken: {error}", level="warn")
        except Exception as error:  # the gun is heard on
            self._note(f"FAULT of this program, a FinishLynx split is not taken: {error!r}", level="bad")

    async def listen(self, race: Race, source: Source) -> None:
        """Hear a source of the gun, until cancelled; a feed is heard on until `let_go`.

        An athlete may finish long behind the lights, and a connection that was closed FinishLynx may not open again.
        """
        if not isinstance(source, LynxSource):
            await listen(race, source)
            return
        source.on_split = lambda split: self.hear(race, split)
        task = self._feeds.get(id(source))
        if task is None or task.done():
            task = self._feeds[id(source)] = asyncio.ensure_future(listen(race, source))
        await asyncio.shield(task)

    async def let_go(self) -> None:
        """Hear no feed any more, and have no race."""
        feeds, self._feeds, self._race = list(self._feeds.values()), {}, None
        for feed in feeds:
            feed.cancel()
        await asyncio.gather(*feeds, return_exceptions=True)

    def _in_hand(self) -> Splits:
        if self.splits is None:
            raise RailError("no plan is loaded")
        return self.splits

    def _noted(self, words: str) -> None:
        self._note(words)
        race = self._race
        if race is not None and self.splits is not None:
            race.athlete = self.splits.passings
            self._changed(race)

    def _zero_moved(self, race: Race, before: Gun | None) -> None:
        """The race has a gun, or another zero of it. What goes wrong here must not become the gun's."""
        try:
            if before is not None and race is self._race and self.splits is not None and race.gun is not None:
                words = self.splits.zero_moved(race, race.gun.zero_us - before.zero_us)
                if words is not None:
                    self._noted(words)
        except Exception as error:
            self._note(f"FAULT of this program, the athlete's times are not moved: {error!r}", level="bad")
