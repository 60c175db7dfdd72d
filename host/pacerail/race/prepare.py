"""Before the gun: connect, check, upload, sync, arm."""

from __future__ import annotations

import asyncio

from pacerail.clocks import READY_BOUND_US, set_clock, settle, too_wide
from pacerail.compile import movement_of
from pacerail.errors import RailError
from pacerail.fleet import BoardsFailed, Member, check_one, upload_one
from pacerail.model.amended import Amended
from pacerail.race.start import hear, tell
from pacerail.race.state import Race

_UNARM_S = 3.0
_SLEW_LEFT_US = 1000  # an armed board's clock may have so much still to make good


async def prepare(race: Race) -> None:
    """Connect, check, stop what an earlier host left running, and upload. Raises RailError naming the wrong boards."""
    fleet = race.fleet
    race.enter("connecting")
    for member in fleet.members:
        member.lost = member.taken = False
        member.identity = None
    without = await fleet.each("check", check_one)
    for name, error in without.items():
        race.note(f"the race is made ready without it, as was asked for: {error}", name)
    answers = "answer, and are those" if without else "of the rail answers, and is the one"
    race.note(f"{fleet.counted_words} {answers} that the rail file says")
    await fleet.each("stopping what was left from before", lambda member: _stop_left_over(race, member))
    race.enter("uploading")
    await fleet.each("upload", upload_one)
    race.note(f"plan {race.plan.hash} is on {fleet.counted_words}")


async def synchronise(race: Race) -> None:
    """Exchange times until every clock can be trusted, and set them. Raises RailError if one cannot be in 20 s."""
    fleet = race.fleet
    race.enter("syncing")
    await settle(fleet)
    await fleet.each("setting the clocks", lambda member: set_clock(fleet, member))
    bounds = [line.error_us for m in fleet.members if (line := m.estimator.line()) is not None]
    race.note(f"clocks are set, to {max(bounds):.0f} us or better")
    race.enter("ready")


async def arm(race: Race) -> None:
    """Arm all boards: they wait for the gun. Raises RailError, with every board unarmed again, if one cannot be."""
    fleet = race.fleet
    for member in fleet.members:
        member.taken = False
    wide = too_wide(fleet, READY_BOUND_US)
    if not fleet.leave_out(wide):
        reasons = "".join(f"\n  {name}: {why}" for name, why in wide.items())
        raise BoardsFailed(f"not armed: the clocks of {len(wide)} boards are not known well enough:{reasons}", wide)
    race.enter("arming")
    race.arming_us = fleet.clock()
    try:
        unchanged(race)
        forget_guns(race)
        race.elsewhere.clear()
        race.unready.clear()
        race.shortcomings.clear()
        await fleet.each("arming", lambda member: arm_one(race, member))
        race.armed_us = fleet.clock()
        race.enter("armed")
    except BaseException:  # also where it was broken off: no board is to wait for a gun that nobody gives it
        try:
            await race.through(_unarm(race))
        finally:
            if not race.called_off:
                race.enter("ready")
        raise
    race.armed(race)
    without = [member.name for member in fleet.members if not member.taken]
    waits = f"wait for the gun, without {', '.join(without)}" if without else "waits for the gun"
    race.note(f"armed: {fleet.counted_words} {waits}")
    for gun in race.early.values():
        if hear(race, gun):
            race.soon(tell(race))


async def arm_one(race: Race, member: Member) -> None:
    """Arm one board, with the plan as it was read back."""
    await upload_one(member)
    await member.client.arm(race.plan.hash)
    member.status = await member.client.status()
    if abs(member.status.slew_us) > _SLEW_LEFT_US:
        raise RailError(f"its clock is still {member.status.slew_us / 1000:.1f} ms off; stop it and start again")
    member.taken = True
    member.shown_before = member.status.frames, member.status.late


async def _unarm(race: Race) -> None:
    """Stop all boards: the arming has failed, or was broken off. Bounded, whatever does not answer."""
    try:
        async with asyncio.timeout(_UNARM_S):
            failed = await race.fleet.try_each(lambda member: member.client.stop(), race.fleet.counted)
    except TimeoutError:
        race.note("not armed, but some boards may still be; pacerail stop unarms them", level="bad")
        return
    for name, error in failed.items():
        race.note(f"may still be armed: {error}; pacerail stop unarms it", name, "warn")


def forget_guns(race: Race) -> None:
    """What was heard belongs to the start before."""
    race.gun = race.chosen = None
    for heard in (race.heard, race.stale, race.early):
        heard.clear()
    race.left_alone.clear()


def unchanged(race: Race) -> None:
    """Forget every change: the next race is run by the plan that was read back."""
    race.amended = Amended(race.plan)
    race.movement = movement_of(race.plan, race.rail.track)
    race.settled_s = 0.0
    race.changes_unknown = False
    race.changed(race)
    for member, table in zip(race.fleet.members, race.tables, strict=True):
        member.table = table


async def _stop_left_over(race: Race, member: Member) -> None:
    """A board that is still in another host's race would only slew to this host's clock, and slowly."""
    status = await member.client.status()
    if status.state in ("armed", "running", "recalled"):
        race.note(f"was still {status.state} from before: stopped", member.name, "warn")
        await member.client.stop()
