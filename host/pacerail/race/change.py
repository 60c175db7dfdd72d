"""While it runs: changes of plan that every board takes at the same race time, recall, stop."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from pacerail.compile import Movement, loaded_movement, movement_of, with_movement
from pacerail.errors import InputError, RailError
from pacerail.fleet import Member, Step, upload_one
from pacerail.model.amended import Amended, recent
from pacerail.model.changes import Begin, Change
from pacerail.race.prepare import forget_guns, unchanged
from pacerail.race.state import Race
from pacerail_node.amend import SPARE_PIECES, SPARE_WINDOWS

NOTICE_S = 1.0
"""A change takes place so long after it was asked for: every board must have it by then."""
TOGETHER_S = 0.1
"""Likewise for recall and stop, which are a single message."""
_RED_S = 1.5  # how long boards flash on a recall (see the node)
_POLL_S = 0.05
_RECALL_MOST_S = 4.0
_MESSAGE_S = 0.006  # what a message takes besides the link's own delay
_CHUNK = 240
_FRAMING = 50  # bytes of a message and its answer besides what is sent
_LATER_S = 0.1
_REMEMBERED_S = (60.0, 30.0)  # what is longer over is left out when a board's room for pieces runs out


async def change(race: Race, wanted: Change, *, forced: bool = False, at_us: int | None = None) -> None:
    """Change the plan of the race that is on, soon and everywhere at once. A group begins as of now, not of then.

    `at_us`: or as of this fleet time, at which it was asked for. Raises RailError, and changes nothing, if it cannot be
    done or would move a light backwards (unless `forced`).
    """
    if isinstance(wanted, Begin) and wanted.zero_s is None:
        wanted = replace(wanted, zero_s=max(0.0, race.race_s(at_us) or 0.0) + wanted.in_s)
    await _take(race, _planned(race, lambda at_s: race.amended.with_change(wanted, at_s, forced=forced)))


async def undo(race: Race, *, forced: bool = False) -> None:
    """Take the last change back, soon and everywhere at once. Raises RailError as `change` does."""
    await _take(race, _planned(race, lambda at_s: race.amended.undo(at_s, forced=forced)))


async def amend_one(race: Race, member: Member) -> None:
    """Give one board the plan as it is now, if it has not got it. Of changes that wait for their turn one is sent."""
    async with member.turn:
        if race.phase not in ("armed", "running"):
            return  # it was stopped or recalled meanwhile
        member.status = await member.client.status()
        table, movement, settled_s = member.table, race.movement, race.settled_s
        if member.status.table_hash != table[-8:]:
            await member.client.amend(table, movement.whole, movement.counts, settled_s)


async def recall(race: Race) -> None:
    """False start: all lights flash red at the same time, the race is taken back, and the rail is ready again in 2 s.

    Raises RailError when there is nothing to be recalled.
    """
    if race.phase not in ("armed", "running", "interrupted"):
        raise RailError(f"nothing to recall: the race is {race.phase}; expected it armed or running")
    fleet = race.fleet
    at_us = fleet.clock() + round(TOGETHER_S * 1e6)
    race.ended_us = at_us
    race.enter("recalled")
    forget_guns(race)
    failed = await race.through(_told(race, lambda member: member.client.recall(at_us), "recall: red"))
    for name, error in failed.items():
        race.note(f"did not hear the recall: {error}", name, "bad")
    unchanged(race)
    await asyncio.sleep(max(0.0, (at_us - fleet.clock()) / 1e6 + _RED_S))
    give_up_us = fleet.clock() + round(_RECALL_MOST_S * 1e6)
    failed = await fleet.try_each(lambda member: _loaded_again(race, member, give_up_us), fleet.counted)
    for name, error in failed.items():
        race.note(f"is not ready again: {error}", name, "warn")
    race.enter("ready")
    if failed:
        race.note(f"recalled, but {', '.join(failed)} may still be lit: stopped as soon as they answer", level="bad")
    else:
        race.note("recalled: ready to be armed again")


async def stop(race: Race) -> None:
    """All lights dark, at the same time; the race is over. A board that cannot be told is in the shortcomings."""
    at_us = race.fleet.clock() + round(TOGETHER_S * 1e6)
    race.ended_us = at_us
    race.enter("stopped")
    race.called_off = True
    await race.through(_stop_each(race, at_us))


async def _stop_each(race: Race, at_us: int) -> None:
    still_lit = await race.fleet.try_each(lambda member: member.client.stop(at_us), race.fleet.counted)
    race.shortcomings += [
        f"{name} could not be stopped: {error}; pacerail stop tries again" for name, error in still_lit.items()
    ]
    race.note("stopped: dark")


async def _told(race: Race, step: Step, words: str) -> dict[str, RailError]:
    """Take a step on each board, and say so once the messages are on their way: nothing is to hold them up."""

    async def say() -> None:
        await asyncio.sleep(0)
        race.note(words, level="warn")

    failed, _ = await asyncio.gather(race.fleet.try_each(step, race.fleet.counted), say())
    return failed


async def _loaded_again(race: Race, member: Member, give_up_us: int) -> None:
    while (await member.client.status()).state == "recalled":
        if race.fleet.clock() > give_up_us:
            raise RailError("it still flashes")
        await asyncio.sleep(_POLL_S)
    await upload_one(member)  # if the plan had been changed


def _planned(race: Race, step: Callable[[float], Amended]) -> Amended:
    """The plan after a step, which is given the race time by which all boards can have heard of it."""
    try:
        at_s = _next_s(race, len(race.movement.whole))
        amended = step(at_s)
        # a group that begins is much more to be sent than one that waits
        later_s = _next_s(race, len(movement_of(amended.plan, race.rail.track).whole))
        return step(later_s) if later_s > at_s + _LATER_S else amended
    except InputError as error:
        raise RailError("; ".join(error.messages)) from error
    except ValueError as error:
        raise RailError(str(error)) from error


def _next_s(race: Race, length: int) -> float:
    """The race time at which a change of so many bytes takes place; 0 if the gun is to come later than that."""
    if race.phase not in ("armed", "running"):
        raise RailError(f"nothing to change: the race is {race.phase}; expected it armed or running")
    if race.slept:
        raise RailError("this computer slept, and its clock is not the race's any more: start again with --join")
    if race.changes_unknown:
        raise RailError("another computer has changed the plan, and this one does not know how: no changes from here")
    race_s = race.race_s()
    if race_s is None:
        return 0.0
    last_s = race.amended.steps[-1].at_s if race.amended.steps else 0.0
    return max(0.0, last_s, race_s + _notice_s(race, length))


def _notice_s(race: Race, length: int) -> float:
    """How long all boards need to hear of a change: those that share a link hear of it one after the other.

    Taken twice: links have bad moments, and a board that is still being told of the change before hears of that first.
    However many changes come together, it is one that goes before: see `amend_one`.
    """
    messages = math.ceil((length + 2 * _CHUNK) / _CHUNK) + 2
    needed_s: defaultdict[int, float] = defaultdict(float)
    for member in race.fleet.members:
        if not member.lost:
            link = member.client.link
            needed_s[id(link)] += messages * (min(member.quickest_us, 100_000) / 1e6 + _MESSAGE_S)
            needed_s[id(link)] += (length + _FRAMING * messages) * link.byte_ns / 1e9
    return max(NOTICE_S, 2 * max(needed_s.values(), default=0.0))


def movement_now(race: Race, amended: Amended) -> Movement:
    """What boards are told of a changed plan: all of it, or where that is too much, not what is a minute past.

    Or half a minute; before the last change, so that whoever takes the race over works out the same. Raises InputError.
    """
    movement = movement_of(amended.plan, race.rail.track)
    for remembered_s in _REMEMBERED_S:
        if _fits(race, movement):
            break
        movement = movement_of(recent(amended.plan, amended.steps[-1].at_s - remembered_s), race.rail.track)
    return movement


async def _take(race: Race, amended: Amended) -> None:
    try:
        movement = movement_now(race, amended)
    except InputError as error:
        raise RailError("; ".join(error.messages)) from error
    if not _fits(race, movement):
        raise RailError("too many changes in a minute: a board has no room for more; wait a little")
    race.amended, race.movement, race.settled_s = amended, movement, amended.steps[-1].at_s
    for member, table in zip(race.fleet.members, race.tables, strict=True):
        member.table = with_movement(table, movement)
    race.changed(race)
    race.note(amended.words[-1])
    race.woke()
    running = [member for member in race.fleet.members if not member.lost]
    failed = await race.fleet.try_each(lambda member: amend_one(race, member), running)
    for name, error in failed.items():
        race.note(f"did not take the change yet: {error}", name, "warn")


def _fits(race: Race, movement: Movement) -> bool:
    """Whether a board has room for a movement besides that of the plan as it was loaded."""
    loaded = loaded_movement(race.plan, race.rail.track).counts
    return movement.counts[1] <= loaded[1] + SPARE_PIECES and movement.counts[2] <= loaded[2] + SPARE_WINDOWS
