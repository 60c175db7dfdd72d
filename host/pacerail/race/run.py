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
from pacerail.link import Refused
from pacerail.model.plan import Plan

SYNC_PERIOD_S = 0.98
"""Between two clock exchanges in a race; odd, so that it does not beat with what else goes on once a second."""
_EARLY_PERIOD_S = 0.245
_EARLY_S = 30.0  # after arming the exchanges go on faster: what a short burst leaves open is the rate
_EARLY_LINE_S = 0.98  # as long as each exchange still teaches much
_LINE_PERIOD_S = 4.9  # between two settings of a board's clock, and two looks at its state
_REJOIN_PERIOD_S = 0.03
_REJOIN_SAMPLES = 16
_LOST_PERIOD_S = 0.2
_AFTER_S = 1.0
_SLEW_LEFT_US = 1000  # an armed board's clock may have so much still to make good
_SLEPT_US = 200_000


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
    shortcomings: list[str] = field(default_factory=list[str])
    """What boards did not do their part, and why; known when it is over."""

    def note(self, words: str, board: str | None = None) -> None:
        """Add to the log."""
        event = Event(self.fleet.clock(), board, words)
        self.events.append(event)
        self.observer(event)

    def race_s(self) -> float | None:
        """Race time now, in s; below 0 before the gun, None when there is no gun yet."""
        return None if self.gun is None else (self.fleet.clock() - self.gun.zero_us) / 1e6


async def prepare(race: Race) -> None:
    """Connect, check, stop what an earlier host left running, and upload. Raises RailError naming the wrong boards."""
    fleet = race.fleet
    race.phase = "connecting"
    await fleet.each("check", check_one)
    race.note("every board of the rail answers, and is the one that the rail file says")
    await fleet.each("stopping what was left from before", lambda member: _stop_left_over(race, member))
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
    """Arm all boards and give them a gun that goes in so many seconds.

    Raises RailError, with every board unarmed again, if one cannot be armed. A board that then misses the gun does not
    stop the race: it is lost for now, and brought back while the race is followed.
    """
    fleet = race.fleet
    race.phase = "arming"
    try:
        await fleet.each("arming", lambda member: _arm(race, member))
    except RailError:
        await fleet.try_each(lambda member: member.client.stop())
        raise
    gun = race.gun = scheduled(fleet.clock(), go_in_s)
    missed = await fleet.try_each(lambda member: member.client.go(gun.zero_us))
    for name, error in missed.items():
        race.note(f"did not take the gun: {error}", name)
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
    race.shortcomings = _shortcomings(race)
    if stop_s < end_s:
        still_lit = await fleet.try_each(lambda member: member.client.stop())
        race.shortcomings += [f"{name} could not be stopped: {error}" for name, error in still_lit.items()]
    race.phase = "finished" if stop_s == end_s else "stopped"
    race.note(race.phase)


async def run(race: Race, go_in_s: float, until_s: float | None = None) -> None:
    """The whole race. Raises RailError when the rail says no before the start."""
    await prepare(race)
    await synchronise(race)
    await start(race, go_in_s)
    await follow(race, until_s)


def _shortcomings(race: Race) -> list[str]:
    """What boards did not do their part, and why: empty after a good race."""
    found: list[str] = []
    over = (race.race_s() or 0.0) >= race.plan.end_s + _AFTER_S
    for member in race.fleet.members:
        status = member.status
        if member.lost or status is None:
            found.append(f"{member.name} did not answer at the end")
        elif status.state != "finished" and (over or status.state != "running"):
            found.append(f"{member.name} was {status.state} at the end")
    return found


async def _stop_left_over(race: Race, member: Member) -> None:
    """A board that is still in another host's race would only slew to this host's clock, and slowly."""
    status = await member.client.status()
    if status.state in ("armed", "running", "recalled"):
        race.note(f"was still {status.state} from before: stopped", member.name)
        await member.client.stop()


async def _arm(race: Race, member: Member) -> None:
    await member.client.arm(race.plan.hash)
    member.status = await member.client.status()
    if abs(member.status.slew_us) > _SLEW_LEFT_US:
        raise RailError(f"its clock is still {member.status.slew_us / 1000:.1f} ms off; stop it and start again")
    member.shown_before = member.status.frames, member.status.late


async def _watch(race: Race, member: Member) -> None:
    """Look after one board for the length of a race."""
    clock = race.fleet.clock
    begun_us = clock()
    told_us = 0  # look after it at once: it may have missed the gun
    while True:
        try:
            await sample_one(member)
            early = clock() - begun_us < _EARLY_S * 1e6
            if member.restarted or clock() - told_us > (_EARLY_LINE_S if early else _LINE_PERIOD_S) * 1e6:
                told_us = clock()
                await _look_after(race, member)
            await asyncio.sleep(_EARLY_PERIOD_S if early else SYNC_PERIOD_S)
        except Refused as error:
            race.note(f"refuses: {error}", member.name)
            await asyncio.sleep(SYNC_PERIOD_S)
        except RailError as error:
            member.lost = True
            race.note(f"lost: {error}", member.name)
            await _until_it_answers(member)
            race.note("answers again", member.name)
            begun_us, told_us = clock(), 0


async def _look_after(race: Race, member: Member) -> None:
    status = member.status = await member.client.status()
    member.restarted = False
    gun = race.gun
    if gun is not None and (status.state not in ("running", "finished") or status.gun_us != gun.zero_us):
        await _rejoin(race, member, gun)
    elif status.clock_valid and abs(status.fleet_us - race.fleet.clock()) > _SLEPT_US:
        # no link is as slow as that, and no crystal as wrong: better the light that runs than a host that slept
        race.note("its clock and this computer's differ: did the computer sleep? The light keeps its own", member.name)
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


async def _rejoin(race: Race, member: Member, gun: Gun) -> None:
    """Bring a board into the race: its table if it lost it, its clock, and the gun that went.

    Its estimator has seen the jump of its ticks, and keeps what it knows of the crystal's rate.
    """
    race.note("is not in the race: bringing it back", member.name)
    await upload_one(member)
    for _ in range(_REJOIN_SAMPLES):
        await sample_one(member)
        await asyncio.sleep(_REJOIN_PERIOD_S)
    member.restarted = False
    await set_clock(race.fleet, member)
    await member.client.arm(race.plan.hash)
    await member.client.go(gun.zero_us)
    race.note("is back in the race", member.name)


async def _last_status(member: Member) -> None:
    try:
        member.status = await member.client.status()
        member.lost = False
    except RailError:
        member.lost = True
        raise
