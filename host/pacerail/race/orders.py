"""Orders to a race in words, as a person types them and a script has them: "start in 10", "shift target +2 m"."""

from __future__ import annotations

from dataclasses import dataclass

from pacerail.errors import InputError, RailError
from pacerail.gun import Gun, ago, key_press, scheduled
from pacerail.model.changes import VERBS, Change, parse_change
from pacerail.model.units import parse_time_s
from pacerail.race.change import change, recall, stop, undo
from pacerail.race.prepare import arm
from pacerail.race.run import start
from pacerail.race.start import take, tell
from pacerail.race.state import Race

HELP = """\
arm                         arm again after a recall
start                       the gun goes now (a key: to about 0.3 s)
start in 10                 the gun goes in 10 s
start ago 3.2               the gun went 3.2 s ago; at any moment, also while the lights run
gun pin | lynx | ...        go by this source, whatever its rank
recall                      false start: red, then ready to be armed again
stop                        all dark; the race is over
shift WAVE +2 m [over 10 s] further ahead by metres or seconds (- for back), eased over 5 s
retarget WAVE 4:01.5        from here, at the finish in this time
freeze WAVE, resume WAVE    stand, and go on from there
hide WAVE, show WAVE        dark, and lit again
begin WAVE [in 10]          a group of a training plan begins now, or after a countdown of 10 s; all: every group
end WAVE                    its run is broken off; it waits at its start line
undo                        take the last change back
force ORDER                 do a change though a light jumps back
"""
_COUNTS = {"arm": (0,), "start": (0, 2), "gun": (1,), "recall": (0,), "stop": (0,), "undo": (0,)}
_CHANGES = VERBS
_FORCE = "force before a change, as in: force shift target -3 m at once"


@dataclass(frozen=True)
class Order:
    """An order that was understood."""

    verb: str
    rest: tuple[str, ...]
    forced: bool
    wanted: Change | None
    """Of a change."""


def check_order(text: str) -> Order:
    """Understand an order. Raises InputError, in one line, for one that is none."""
    words = text.split()
    if words in (["help"], ["?"]):
        raise InputError(
            f"help does nothing to a race; the orders are {', '.join((*_COUNTS, *_CHANGES))}, and {_FORCE}"
        )
    if words == ["force"]:
        raise InputError(f"force alone is no order; expected {_FORCE}")
    forced = words[:1] == ["force"]
    verb, *rest = (words[1:] if forced else words) or [""]
    if verb in _CHANGES:
        try:
            return Order(verb, tuple(rest), forced, parse_change(text.strip().removeprefix("force").strip()))
        except ValueError as error:
            raise InputError(str(error)) from error
    if verb not in _COUNTS:
        raise InputError(f"{verb!r} is no order; expected one of: {', '.join((*_COUNTS, *_CHANGES, 'force'))}")
    if forced and verb != "undo":
        raise InputError(f"force {verb}: expected a change behind force, as in: force shift target -3 m at once")
    if len(rest) not in _COUNTS[verb]:
        raise InputError(f"{text.strip()}: expected it as in:\n{_lines_of(verb)}")
    return Order(verb, tuple(rest), forced, None)


def check_age(race: Race, verb: str, at_us: int | None) -> None:
    """Raises RailError for an order that was pressed, at a fleet time, before the boards were armed this time.

    It was meant for the start before. A stop is for the arming itself too, and a recall only for what was armed.
    """
    since_us = race.armed_us if verb == "recall" else race.arming_us
    if at_us is not None and at_us < since_us:
        raise RailError(
            f"{verb} was pressed before the boards were armed this time: look, and press again if it still holds"
        )


async def obey(race: Race, text: str, at_us: int | None = None) -> None:
    """Do what an order says. Raises InputError for one that is none, RailError when it cannot be done now.

    `at_us` is the fleet time at which it was pressed, where that is known: a start and a group's begin count from then.
    What else is changed takes place a second after it is obeyed, whenever it was pressed.
    """
    order = check_order(text)
    verb, rest = order.verb, order.rest
    check_age(race, verb, at_us)
    if order.wanted is not None:
        await change(race, order.wanted, forced=order.forced, at_us=at_us)
    elif verb == "undo":
        await undo(race, forced=order.forced)
    elif verb == "arm":
        if race.phase != "ready":
            raise RailError(f"cannot arm: the race is {race.phase}; expected it ready, after a recall")
        await arm(race)
    elif verb == "recall":
        await recall(race)
    elif verb == "stop":
        await stop(race)
    elif verb == "start":
        now_us = race.fleet.clock()
        await _start(race, [word.removeprefix("--") for word in rest], now_us if at_us is None else min(at_us, now_us))
    else:
        if race.phase not in ("armed", "running"):
            raise RailError(f"no gun now: the race is {race.phase}; expected it armed or running")
        heard = {**race.stale, **race.heard}
        if rest[0] not in heard:
            raise RailError(f"no gun from {rest[0]}; heard so far: {', '.join(heard) or 'none'}")
        if take(race, heard[rest[0]], at_once=True):
            await tell(race)


async def _start(race: Race, how: list[str], at_us: int) -> None:
    if race.phase not in ("armed", "running"):
        raise RailError(f"cannot start: the race is {race.phase}; expected it armed")
    if not how:
        if race.gun is None:
            await start(race, key_press(at_us))
            return
        if race.gun.zero_us <= at_us:
            raise RailError("the gun has gone already; start ago 3.2 moves its time, gun SOURCE takes another source")
        await _instead(race, key_press(at_us))  # now, and not when the countdown is over
        return
    if how[0] not in ("in", "ago"):
        raise InputError(f"start {how[0]}: expected start, start in SECONDS, or start ago SECONDS")
    try:
        seconds = parse_time_s(how[1].removesuffix("s"))
        gun = ago(at_us, seconds) if how[0] == "ago" else scheduled(at_us, seconds)
    except ValueError as error:
        raise InputError(f"start {how[0]}: {error}") from error
    if how[0] == "in" and race.gun is not None and race.fleet.clock() > race.gun.zero_us:
        raise RailError("the race is on already; recall it first")
    if how[0] == "ago" and seconds > race.amended.over_s:
        raise RailError(
            f"the gun {seconds:g} s ago: the race is over after {race.amended.over_s:.0f} s; was that meant?"
        )
    await _instead(race, gun)


async def _instead(race: Race, gun: Gun) -> None:
    """A person says when the gun goes or went, whatever was heard or ordered before."""
    before = race.gun
    if before is not None and before.zero_us > race.fleet.clock():
        race.heard.pop(before.source, None)  # it never went, and contradicts nobody
    race.heard[gun.source] = gun
    if take(race, gun, at_once=True):
        _tell_of_another(race, before, gun)
        await tell(race)


def _tell_of_another(race: Race, before: Gun | None, gun: Gun) -> None:
    """A start that was still to come is another one now: whoever ordered it the first time must see that."""
    now_us = race.fleet.clock()
    if before is None or before.zero_us <= now_us:
        return
    left_s, was_s = (gun.zero_us - now_us) / 1e6, (before.zero_us - now_us) / 1e6
    now = f"is now in {_short(left_s)} s" if left_s > 0 else f"was {_short(abs(left_s))} s ago"
    race.note(f"the start {now}; it was to be in {_short(was_s)} s", level="warn")


def _short(seconds: float) -> str:
    return f"{seconds:.1f}".removesuffix(".0")


def _lines_of(verb: str) -> str:
    return "\n".join(line for line in HELP.splitlines() if line.startswith(verb))
