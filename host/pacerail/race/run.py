"""A race from connection to report: prepare, arm, hear the gun, follow it to its end.

It asks the boards and decides; ports and time are handed in, so that the same race runs on the rail and on the bench.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from pacerail.errors import RailError
from pacerail.fleet import Member
from pacerail.gun import Gun, scheduled
from pacerail.gunsources import Source
from pacerail.race.change import stop
from pacerail.race.keep import kept
from pacerail.race.prepare import arm, prepare, synchronise
from pacerail.race.start import hear, tell
from pacerail.race.state import OVER, CalledOff, Race

_AFTER_S = 1.0
_STANDS_S = 3.0  # after which a source says how it stands: an adapter that is not there is nowhere else to be seen


async def run(
    race: Race,
    go_in_s: float | None = None,
    until_s: float | None = None,
    sources: Sequence[Source] = (),
    gone: Gun | None = None,
    begin: Callable[[Race], Awaitable[None]] | None = None,
) -> None:
    """The whole race. Raises RailError when the rail says no before the start.

    The gun comes from `sources`, in `go_in_s` seconds once all is armed, has `gone` already, or comes by an order.
    `until_s` ends it at a race time; the lights are then stopped. `begin` comes in the place of preparing and arming.
    """
    try:
        await (begin or _armed)(race)
    except CalledOff:
        return
    async with kept(race):
        listening = [asyncio.ensure_future(listen(race, source)) for source in sources]
        try:
            if go_in_s is not None:
                await start(race, scheduled(race.fleet.clock(), go_in_s))
            if gone is not None:
                await start(race, gone)
            await follow(race, until_s)
        finally:
            for listener in listening:
                listener.cancel()
            await asyncio.gather(*listening, return_exceptions=True)
    await finish(race)


async def _armed(race: Race) -> None:
    await prepare(race)
    await synchronise(race)
    await arm(race)


async def start(race: Race, gun: Gun) -> None:
    """Give the race a gun, if there is no better one, and the boards too."""
    if hear(race, gun):
        await tell(race)


async def listen(race: Race, source: Source) -> None:
    """Hear a source of the gun until this is cancelled. What it cannot do is logged, and ends it alone."""

    def heard(gun: Gun) -> None:
        if hear(race, gun):
            race.soon(tell(race))

    async def tell_how_it_stands() -> None:
        await asyncio.sleep(_STANDS_S)
        race.note(f"{source.name}: {source.words()}")

    race.soon(tell_how_it_stands())
    try:
        await source.watch(heard)
    except RailError as error:
        race.note(f"{source.name} gives no gun: {error}", level="warn")
    except Exception as error:  # the race goes on without it
        race.note(f"FAULT of this program, {source.name} is not heard any more: {error!r}", level="bad")


async def follow(race: Race, until_s: float | None = None) -> None:
    """Wait until the last wave is dark, or it was stopped, or until a race time."""
    while race.phase not in OVER:
        for watcher in race.watchers:
            if watcher.done():
                watcher.result()
        race_s = race.race_s()
        left_s = None if race_s is None else _end_s(race, until_s) - race_s
        if left_s is not None and left_s <= 0:
            return
        await race.wait(left_s)


async def finish(race: Race) -> None:
    """Ask every board how it ended. A race that is not over is stopped."""
    await race.fleet.try_each(_last_status, race.fleet.counted)
    race.shortcomings += _shortcomings(race)
    if race.phase == "running" and (race.race_s() or 0.0) < _end_s(race, None):
        await stop(race)
    elif race.phase not in OVER:
        race.enter("finished")
        race.note("finished")


def _end_s(race: Race, until_s: float | None) -> float:
    end_s = race.amended.over_s + _AFTER_S
    return end_s if until_s is None else min(until_s, end_s)


def _shortcomings(race: Race) -> list[str]:
    """What boards did not do their part, and why: empty after a good race."""
    found: list[str] = []
    over = (race.race_s() or 0.0) >= _end_s(race, None)
    for member in race.fleet.members:
        status = member.status
        if member.spared and (member.lost or status is None):
            race.note("was not in the race, and was not waited for", member.name, "warn")
        elif member.lost or status is None:
            found.append(f"{member.name} did not answer at the end")
        elif race.phase == "running" and status.state != "finished" and (over or status.state != "running"):
            found.append(f"{member.name} was {status.state} at the end")
    return found


async def _last_status(member: Member) -> None:
    try:
        member.status = await member.client.status()
        member.lost = False
    except RailError:
        member.lost = True
        raise
