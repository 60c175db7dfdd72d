"""Looking after the boards while they are armed and while they run: clocks, lost boards, boards that started anew."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from pacerail.clocks import set_clock
from pacerail.errors import RailError
from pacerail.fleet import Member, sample_one, upload_one
from pacerail.link import Refused
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
_SLEPT_US = 200_000


@contextlib.asynccontextmanager
async def kept(race: Race) -> AsyncGenerator[None]:
    """All boards are looked after inside. An error that is none of the rail's comes out at the end."""
    watchers = [asyncio.create_task(_watch(race, member)) for member in race.fleet.members]
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
    heard_us = race.fleet.clock()  # what follows may take seconds on a shared link
    member.restarted = False
    gun = race.gun
    if race.phase == "running" and gun is not None:
        if status.state == "armed" or (status.state in ("running", "finished") and status.gun_us != gun.zero_us):
            await member.client.go(gun.zero_us)
            race.note("had missed the gun: is in the race now", member.name)
        elif status.state not in ("running", "finished"):
            await _rejoin(race, member)
            return
        if status.table_hash != member.table[-8:] and not race.changes_unknown:
            await amend_one(race, member)
            race.note("has the change of plan now", member.name)
    elif race.phase == "armed" and status.state != "armed":
        await _rejoin(race, member)
        return
    elif race.phase in ("recalled", "ready", "stopped") and status.state in ("armed", "running"):
        await member.client.stop()
        race.note("was still running: stopped", member.name)
    if status.clock_valid and abs(status.fleet_us - heard_us) > _SLEPT_US:
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


async def _rejoin(race: Race, member: Member) -> None:
    """Bring a board into the race: its table if it lost it, its clock, and the gun if it went.

    Its estimator has seen the jump of its ticks, and keeps what it knows of the crystal's rate.
    """
    race.note("is not in the race: bringing it back", member.name)
    await upload_one(member)
    for _ in range(_REJOIN_SAMPLES):
        await sample_one(member)
        await asyncio.sleep(_REJOIN_PERIOD_S)
    member.restarted = False
    await set_clock(race.fleet, member)
    if race.phase not in ("armed", "running"):
        return
    await member.client.arm(race.plan.hash)
    if race.gun is not None:
        await member.client.go(race.gun.zero_us)
    race.note("is back in the race", member.name)
