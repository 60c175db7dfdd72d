"""The gun: who says that it went, which of them is believed, and how the boards get it."""

from __future__ import annotations

import numpy as np

from pacerail.fleet import Member
from pacerail.gun import LYNX, PIN, Gun, choose, words_for
from pacerail.model.plan import Plan
from pacerail.race.state import Race

SETTLED_US = 5_000_000
"""So long after the gun a better source still moves the zero; later the light stays, and the difference is told."""
_BEFORE_US = 500_000  # a gun may have gone so long before the last board was armed
_MOVES_US = 200  # a zero that moves by less is not worth a word: 1.3 mm of light
_SPEEDS = 1000  # looked at over a run, for the mean
_STANDS_MPS = 0.05
_BETTER = 0.7  # nor is one of the same source whose bound is not that much narrower worth a jump of the light


def light_mps(plan: Plan) -> float | None:
    """The speed in m/s by which a difference between two zeros is told in metres: of the first light that they move.

    It is the mean over the time in which that light moves. None where the gun moves none: a group of a training plan
    that waits for its order begins at a time of its own.
    """
    for wave in plan.waves_by_priority():
        run = wave.run
        speeds = run.speed_mps(np.linspace(run.start_s, min(run.end_s, wave.finish_s), _SPEEDS))
        moving = speeds[speeds > _STANDS_MPS]
        if len(moving):
            return float(np.mean(moving))
    return None


def hear(race: Race, gun: Gun) -> bool:
    """A source says when the gun went. Returns whether the boards must be told (`tell`).

    The best source so far gives the zero (see gun.choose). What the others say is logged.
    """
    if race.phase == "arming":
        race.early[gun.source] = gun  # heard again when all are armed
    if race.phase not in ("armed", "running"):
        return False
    if gun.zero_us < race.armed_us - _BEFORE_US and gun.source in (PIN, LYNX):
        if gun.source not in race.stale:
            race.note(
                f"{words_for(gun)} tells of a gun before the lights were armed: not taken (gun {gun.source} does)",
                level="warn",
            )
        race.stale[gun.source] = gun
        return False
    first = gun.source not in race.heard
    race.heard[gun.source] = gun
    choice = choose(race.heard.values(), light_mps(race.plan_now))
    if choice is None:
        return False
    for difference in choice.differences:
        if first and gun.source in (difference.other.source, choice.gun.source):
            words = ("CONFLICT: " if difference.conflict else "") + difference.words
            race.note(words, level="bad" if difference.conflict else "warn")
    if race.chosen is None:
        return take(race, choice.gun)
    return gun.source == race.chosen and take(race, gun)


def take(race: Race, gun: Gun, *, at_once: bool = False) -> bool:
    """Make it the race's gun, if it is a new one, and the race is young enough.

    `at_once`: a person wants it, at whatever moment; from then on no other source takes the gun from this one.
    """
    if race.phase not in ("armed", "running"):
        return False
    if at_once:
        race.chosen = gun.source
    before = race.gun
    if before is not None:
        moved_us = abs(before.zero_us - gun.zero_us)
        better = before.source != gun.source or gun.bound_us < _BETTER * before.bound_us
        if moved_us < _MOVES_US or not (better or at_once):
            return False
        if not at_once and race.fleet.clock() - before.zero_us > SETTLED_US:
            if gun.source not in race.left_alone:
                race.left_alone.add(gun.source)
                race.note(
                    f"{words_for(gun)} has a better zero by now; the light stays as it is (gun {gun.source} takes it)",
                    level="warn",
                )
            return False
    race.gun = gun
    race.told_us = race.fleet.clock()
    race.enter("running")
    seconds = (race.fleet.clock() - gun.zero_us) / 1e6
    when = f"{seconds:.3f} s ago" if seconds >= 0 else f"in {-seconds:.3f} s"
    race.note(f"gun: {gun.source}, {when}, known to {gun.bound_us / 1000:.1f} ms")
    race.zero_moved(before)
    return True


async def tell(race: Race) -> None:
    """Give every board the gun. One that misses it is brought back while the race is kept."""
    gun = race.gun
    if gun is None:
        return

    async def give(member: Member) -> None:
        await member.client.go(gun.zero_us)

    missed = await race.fleet.try_each(give, race.fleet.counted)
    for name, error in missed.items():
        race.note(f"did not take the gun: {error}", name, "warn")
