"""Looking after the boards while they are armed and while they run: clocks, lost boards, boards that started anew."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from pacerail.board import Status
from pacerail.clocks import set_clock, why_wide
from pacerail.errors import RailError
from pacerail.fleet import Member, check_one, sample_one, upload_one
from pacerail.link import NoAnswer, Refused
from pacerail.race.change import amend_one
from pacerail.race.state import Race

SYNC_PERIOD_S = 0.98
"""Between two clock exchanges in a race; odd, so that it does not beat with what else goes on once a second."""
_EARLY_PERIOD_S = 0.245
_EARLY_S = 30.0  # after arming the exchanges go on faster: what a short burst leaves open is the rate
_EARLY_LINE_S = 0.98  # as long as each exchange still teaches much
_LINE_PERIOD_S = 4.9  # between two settings of a board's clock, and two looks at its state
_REJOIN_PERIOD_S = 0.03
_REJOIN_SAMPLES = 16
_LOST_PERIOD_S = 0.2
_AWAY_SHARED_PERIOD_S = 4.75  # of a board that was not there at the start, and would hold up those on its pair of wires
_ACTIVE = ("armed", "running", "finished", "recalled")
_SLEPT_US = 200_000
AGAIN_S = (0.2, 1.0, 5.0)
"""After a fault of this program what kept the race is begun anew, so long after it; after one more it is not."""
LIVED_US = 60_000_000
"""What went on for so long is not counted among those in a row."""
_HEARD_US = 500_000  # after the time of a recall or stop every board that was told has done it


@contextlib.asynccontextmanager
async def kept(race: Race) -> AsyncGenerator[None]:
    """All boards are looked after inside. An error that is none of the rail's comes out at the end."""
    watchers = [asyncio.create_task(_watch_on(race, member)) for member in race.fleet.members]
    for watcher in watchers:
        watcher.add_done_callback(lambda _: race.woke())
    race.watchers = watchers
    try:
        yield
    finally:
        for watcher in watchers:
            watcher.cancel()
        for ended in await asyncio.gather(*watchers, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended


def unkept(race: Race) -> tuple[str, str] | None:
    """What is to be said of boards that a fault of this program has left alone, and what to do; None if there are none.

    They run on. To recall them, to stop them and to change their plan needs nobody who looks after them.
    """
    if not race.unkept:
        return None
    names = [member.name for member in race.fleet.members if member.name in race.unkept]
    words = f"{', '.join(names)}: not looked after any more, by a fault of this program"
    if race.phase not in ("armed", "running"):
        return words, "Prepare again; if it comes back, start the program again."
    if race.phase == "armed":  # boards that have no gun cannot be joined
        return (
            words,
            "Stop and prepare again, or start them by an order if there is no time: they run on by themselves.",
        )
    return words, "Start the program again with --join. Until then they run on, and stop, recall and changes work."


async def _watch_on(race: Race, member: Member) -> None:
    """Look after one board; a fault of this program in that must not become the race's, nor the other boards'."""
    faults = 0
    while True:
        begun_us = race.fleet.clock()
        try:
            await _watch(race, member)
        except Exception as error:
            faults = 1 if race.fleet.clock() - begun_us > LIVED_US else faults + 1
            fault = f"FAULT of this program: {error!r}"
            if faults > len(AGAIN_S):
                race.unkept.add(member.name)
                race.note(
                    f"{fault}; again and again, so it is not looked after any more. It runs on", member.name, "bad"
                )
                return
            race.note(f"{fault}; it is looked after anew", member.name, "bad")
            await asyncio.sleep(AGAIN_S[faults - 1])


async def _watch(race: Race, member: Member) -> None:
    """Look after one board for the length of a race."""
    clock = race.fleet.clock
    begun_us = clock()
    told_us = 0  # look after it at once: it may have missed the gun
    if member.identity is None:  # it was not there when the others were checked
        await _until_it_is_known(race, member)
    while True:
        try:
            await sample_one(member)
            early = clock() - begun_us < _EARLY_S * 1e6
            if member.restarted or clock() - told_us > (_EARLY_LINE_S if early else _LINE_PERIOD_S) * 1e6:
                told_us = clock()
                await _look_after(race, member)
            await asyncio.sleep(_EARLY_PERIOD_S if early else SYNC_PERIOD_S)
        except Refused as error:
            race.note(f"refuses: {error}", member.name, "warn")
            await asyncio.sleep(SYNC_PERIOD_S)
        except RailError as error:
            member.lost = True
            race.note(f"lost: {error}", member.name, "bad")
            await _until_it_answers(member)
            race.note("answers again", member.name)
            begun_us, told_us = clock(), 0


async def _look_after(race: Race, member: Member) -> None:
    status = member.status = await member.client.status()
    heard_us = race.fleet.clock()  # what follows may take seconds on a shared link
    member.restarted = False
    apart = status.clock_valid and abs(status.fleet_us - heard_us) > _SLEPT_US
    try:
        if await _mend(race, member, status):
            return  # it has a new clock as well
    except Refused as error:
        race.note(f"refuses: {error}", member.name, "warn")
    if not apart:
        await set_clock(race.fleet, member)
    elif not race.slept:
        # no link is as slow as that, and no crystal as wrong: better the light that runs than a host that slept
        race.slept = True
        words = "its clock and this computer's differ: did the computer sleep? The lights keep theirs"
        race.note(words, member.name, "warn")


async def _mend(race: Race, member: Member, status: Status) -> bool:
    """Give a board what it lacks. Returns whether it was brought back into the race."""
    gun = race.gun
    if race.phase in ("armed", "running") and not member.taken and not _runs_it(race, status):
        return await _rejoin(race, member)
    member.taken = member.taken or race.phase in ("armed", "running")
    if race.phase in ("armed", "running") and status.state in ("loaded", "recalled"):
        return await _mend_loaded(race, member, status)
    if race.phase == "running" and gun is not None:
        if status.state == "armed" or (status.state in ("running", "finished") and status.gun_us != gun.zero_us):
            await member.client.go(gun.zero_us)
            race.note("had missed the gun: is in the race now", member.name, "warn")
        elif status.state not in ("running", "finished"):
            return await _rejoin(race, member)
        await _mend_plan(race, member, status)
    elif race.phase == "armed":
        if status.state != "armed":  # it missed a recall
            return await _rejoin(race, member)
        await _mend_plan(race, member, status)
    elif race.phase in ("recalled", "ready", "stopped") and status.state in ("armed", "running"):
        if race.fleet.clock() < race.ended_us + _HEARD_US:
            return False  # it may still have the word ahead of it
        await member.client.stop()
        race.note("was still running: stopped", member.name, "warn")
    return False


def _runs_it(race: Race, status: Status) -> bool:
    """Whether a board that nobody here has armed is in this race all the same: it was, when the race was taken over."""
    gun = race.gun
    ours = gun is not None and status.gun_us == gun.zero_us and status.plan_hash == race.plan.hash
    return ours and status.state in ("running", "finished")


async def _mend_plan(race: Race, member: Member, status: Status) -> None:
    another = status.table_hash != member.table[-8:]
    if another and not race.changes_unknown and not member.turn.locked():  # locked: a change is on its way to it
        await amend_one(race, member)
        race.note("has the change of plan now", member.name)


async def _mend_loaded(race: Race, member: Member, status: Status) -> bool:
    """It started anew, and is brought back; or another program stopped or recalled it, and that holds."""
    last = await member.client.log(max(0, status.log_entries - 1))
    if not last or last[-1].cause not in ("stop", "recall", "recalled"):
        return await _rejoin(race, member)
    if member.name not in race.elsewhere:
        race.elsewhere.add(member.name)
        race.note("was stopped by another program: left as it is", member.name, "warn")
    return False


async def _until_it_is_known(race: Race, member: Member) -> None:
    member.lost = True
    said = ""
    while member.identity is None:
        try:
            await check_one(member, tries=1)
        except NoAnswer:
            await asyncio.sleep(_AWAY_SHARED_PERIOD_S if _shares(race, member) else _LOST_PERIOD_S)
        except RailError as error:
            if said != str(error):
                said = str(error)
                race.note(f"is not taken in: {said}", member.name, "warn")
            await asyncio.sleep(SYNC_PERIOD_S)
    member.lost = False
    race.note("answers now: it is taken in", member.name)


def _shares(race: Race, member: Member) -> bool:
    """Whether other boards are on the same pair of wires: they wait while this one is asked."""
    return any(other.client.link is member.client.link for other in race.fleet.members if other is not member)


async def _until_it_answers(member: Member) -> None:
    while True:
        try:
            member.status = await member.client.status(tries=1)
        except RailError:
            await asyncio.sleep(_LOST_PERIOD_S)
        else:
            member.lost = False
            return


async def _rejoin(race: Race, member: Member) -> bool:
    """Bring a board into the race: its table if it lost it, its clock, and the gun if it went. Returns if it is in.

    Its estimator has seen the jump of its ticks, and keeps what it knows of the crystal's rate. One that was not armed
    with the others comes in when its clock is known as well as theirs had to be.
    """
    if member.taken:
        race.note("is not in the race: bringing it back", member.name, "warn")
    if member.status is not None and member.status.state in _ACTIVE:  # an earlier race, or a start before a recall
        await member.client.stop()
    await upload_one(member, race.loaded_table(member))
    for _ in range(_REJOIN_SAMPLES):
        await sample_one(member)
        await asyncio.sleep(_REJOIN_PERIOD_S)
    member.restarted = False
    why = None if member.taken else why_wide(member, race.fleet.clock())
    if why is not None:
        if member.name not in race.unready:
            race.unready.add(member.name)
            race.note(f"is not lit yet, because of its clock: {why}", member.name, "warn")
        return False
    await set_clock(race.fleet, member)
    if race.phase not in ("armed", "running"):
        return True
    await member.client.arm(race.plan.hash)
    if member.table is not race.loaded_table(member):
        await amend_one(race, member)  # before the gun: it is not to show the plan as it was
    if race.gun is not None:
        await member.client.go(race.gun.zero_us)
    member.taken = True
    unknown = ", by the plan as it was read back: how it was changed is not known" if race.changes_unknown else ""
    race.note(f"is back in the race{unknown}", member.name)
    return True
