"""Shows on the rail while no race is on: which one is on, and how it gets to the boards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pacerail.errors import InputError, RailError
from pacerail.fleet import Fleet
from pacerail.model.rail import Rail
from pacerail.race.state import Level
from pacerail.shows import DARK, LONGEST_S, NAMED, Show, named

_NOTICE_US = 300_000  # a show begins on all boards together, so long after it was asked for


@dataclass(frozen=True)
class Showing:
    """A show that is on: one for each board, and the fleet times in us at which it begins and ends."""

    name: str
    shows: tuple[Show, ...]
    begin_us: int
    end_us: int


def check_show(name: str, seconds: float) -> None:
    """Raises InputError for a show that is none, or one of no time or too much."""
    if name not in NAMED:
        raise InputError(f"show {name}: no such show; expected one of {', '.join(NAMED)}")
    if not 1 <= seconds <= LONGEST_S:
        raise InputError(f"show {name} for {seconds:g} s: expected 1 to {LONGEST_S:g} s")


class Shows:
    """What the rail shows while no race is on; `note(words, board, level)` adds to the log."""

    def __init__(self, rail: Rail, fleet: Fleet, note: Callable[[str, str | None, Level], None]) -> None:
        self.now: Showing | None = None
        """The one that was begun last, unless it was ended."""
        self._rail = rail
        self._fleet = fleet
        self._note = note

    async def begin(self, name: str, seconds: float, *, together: bool) -> None:
        """Begin a show on all boards: `together`, at one fleet time, if they have clocks; else as each hears of it.

        Raises RailError if no board takes it.
        """
        start_us = self._fleet.clock() + _NOTICE_US if together else None
        shows = named(name, self._rail, seconds)
        await self._give(shows, start_us)
        begin_us = start_us or self._fleet.clock()
        self.now = Showing(name, tuple(shows), begin_us, begin_us + round(seconds * 1e6))
        self._note(f"show: {name}, for {seconds:g} s", None, "info")

    async def dark(self) -> None:
        """End the show that is on. Raises RailError if no board does."""
        await self._give([DARK] * len(self._fleet.members), None)
        self.now = None
        self._note("dark", None, "info")

    async def _give(self, shows: Sequence[Show], start_us: int | None) -> None:
        members = self._fleet.members
        payloads = {member.name: show.payload(start_us) for member, show in zip(members, shows, strict=True)}
        failed = await self._fleet.try_each(lambda member: member.client.show(payloads[member.name]))
        if len(failed) == len(payloads):
            raise RailError(f"no board shows it: {next(iter(failed.values()))}")
        for name, error in failed.items():
            self._note(f"does not show it: {error}", name, "warn")
