"""A race from connection to report: check, upload, sync, arm, go, follow.

It asks the boards and decides; ports and time are handed in, so that the same race runs on the rail and on the bench.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from pacerail.clocks import set_clock, settle
from pacerail.errors import RailError
from pacerail.fleet import Fleet, Member, check_one, sample_one, upload_one
from pacerail.gun import Gun, scheduled
from pacerail.model.plan import Plan

SYNC_PERIOD_S = 0.98
"""Between two clock exchanges in a race; odd, so that it does not beat with what else goes on once a second."""
_EARLY_PERIOD_S = 0.245
_EARLY_S = 30.0  # after arming the exchanges go on faster: what a short burst leaves open is the rate
_LINE_PERIOD_S = 4.9  # between two settings of a board's clock, and two looks at its state
_REJOIN_PERIOD_S = 0.03
_REJOIN_SAMPLES = 16
_LOST_PERIOD_S = 0.2
_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something a person may want to know of: when (fleet time), which board if one, and in words."""

    fleet_us: int
    board: str | None
    words: str


Observer = Callable[[Event], None]


@dataclass
class Race:
    """A race under way, and what is known of it. `gun` is None until it is armed."""

    plan: Plan
    fleet: Fleet
    observer: Observer = lambda event: None
    phase: str = "connecting"
    gun: Gun | None = None
    events: list[Event] = field(default_factory=list[Event])

    def note(self, words: str, board: str | None = None) -> None:
        """Add to the log."""
        event = Event(self.fleet.clock(), board, words)
        self.events.append(event)
        self.observer(event)

    def race_s(self) -> float | None:
        """Race time now, in s; below 0 before the gun, None when there is no gun yet."""
        return None if self.gun is None else (self.fleet.clock() - self.gun.zero_us) / 1e6


async def prepare(race: Race) -> None:
    """Connect, check and upload. Raises RailError naming the boards that are wrong."""
    fleet = race.fleet
    race.phase = "connecting"
    await fleet.each("check", check_one)
    race.note("every board of the rail answers, and is the one that the rail file says")
    race.phase = "uploading"
    await fleet.each("upload", upload_one)
    race.note(f"plan {race.plan.hash} is on all boards")


async def synchronise(race: Race) -> None:
    """Exchange times until every clock can be trusted, and set them. Raises RailError if one cannot be in 20 s."""
    fleet = race.fleet
    race.phase = "syncing"
    await settle(fleet)
    await fleet.each("setting the clocks", lambda member: set_clock(fleet, member))
    bounds = [line.error_us for m in fleet.members if (line := m.estimator.line()) is not None]
    race.note(f"clocks are set, to {max(bounds):.0f} us or better")


async def start(race: Race, go_in_s: float) -> None:
    """Arm all boards and give them a gun that goes in so many seconds."""
    fleet = race.fleet
    race.phase = "arming"
    await fleet.each("arming", lambda member: member.client.arm(race.plan.hash))
    race.gun = scheduled(fleet.clock(), go_in_s)
    gun = race.gun
    await fleet.each("start", lambda member: member.client.go(gun.zero_us))
    race.phase = "running"
    race.note(f"gun: {gun.source}, in {go_in_s:g} s")


async def follow(race: Race, until_s: float | None = None) -> None:
    """Keep the clocks, watch the boards and bring back those that were lost, until the last wave is dark.

    `until_s` ends it earlier, at a race time; the lights are then stopped.
    """
    fleet = race.fleet
    end_s = race.plan.end_s + _AFTER_S
    stop_s = end_s if until_s is None else min(until_s, end_s)
    watchers = [asyncio.ensure_future(_watch(race, member)) for member in fleet.members]
    try:
        while (left_s := stop_s - (race.race_s() or 0.0)) > 0:
            done, _ = await asyncio.wait(watchers, timeout=left_s, return_when=asyncio.FIRST_EXCEPTION)
            for watcher in done:
                watcher.result()
    finally:
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
    await fleet.try_each(_last_status)
    if stop_s < end_s:
        await fleet.try_each(lambda member: member.client.stop())
        race.phase = "stopped"
    else:
        race.phase = "finished"
    race.note(race.phase)


async def run(race: Race, go_in_s: float, until_s: float | None = None) -> None:
    """The whole race. Raises RailError when the rail says no before the start."""
    await prepare(race)
    await synchronise(race)
    await start(race, go_in_s)
    await follow(race, until_s)


def shortcomings(race: Race) -> list[str]:
    """What boards did not do their part, and why: empty after a good race."""
    wanted = "finished" if race.phase == "finished" else "running"
    found: list[str] = []
    for member in race.fleet.members:
        status = member.status
        if member.lost or status is None:
            found.append(f"{member.name} did not answer at the end")
        elif status.state != wanted:
            found.append(f"{member.name} was {status.state} at the end")
    return found


async def _watch(race: Race, member: Member) -> None:
    """Look after one board for the length of a race."""
    clock = race.fleet.clock
    begun_us = told_us = clock()
    while True:
        try:
            await sample_one(member)
            if member.restarted or clock() - told_us > _LINE_PERIOD_S * 1e6:
                told_us = clock()
                await _look_after(race, member)
            early = clock() - begun_us < _EARLY_S * 1e6
            await asyncio.sleep(_EARLY_PERIOD_S if early else SYNC_PERIOD_S)
        except RailError as error:
            member.lost = True
            race.note(f"lost: {error}", member.name)
            await _until_it_answers(member)
            race.note("answers again", member.name)
            begun_us, told_us = clock(), 0  # look after it at once


async def _look_after(race: Race, member: Member) -> None:
    member.status = await member.client.status()
    if member.status.state in ("idle", "loaded", "fault"):
        await _rejoin(race, member)
    else:
        await set_clock(race.fleet, member)


async def _until_it_answers(member: Member) -> None:
    while True:
        try:
            member.status = await member.client.status(tries=1)
        except RailError:
            await asyncio.sleep(_LOST_PERIOD_S)
        else:
            member.lost = False
            return


async def _rejoin(race: Race, member: Member) -> None:
    """Bring a board back that has started anew: its table if it lost it, its clock, and the gun that went."""
    if race.gun is None:
        return
    race.note("has started anew: back into the race", member.name)
    member.restarted = False  # its estimator sees the jump too, and keeps what it knows of the crystal's rate
    await upload_one(member)
    for _ in range(_REJOIN_SAMPLES):
        await sample_one(member)
        await asyncio.sleep(_REJOIN_PERIOD_S)
    await set_clock(race.fleet, member)
    await member.client.arm(race.plan.hash)
    await member.client.go(race.gun.zero_us)
    race.note("is back in the race", member.name)


async def _last_status(member: Member) -> None:
    try:
        member.status = await member.client.status()
        member.lost = False
    except RailError:
        member.lost = True
        raise
