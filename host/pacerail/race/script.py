"""Orders on a script: at a race time, or so long after the order before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pacerail.errors import InputError, RailError
from pacerail.model.units import parse_time_s
from pacerail.race.groups import begins
from pacerail.race.orders import check_order, obey
from pacerail.race.state import OVER, Race

_LOOK_S = 0.05


@dataclass(frozen=True)
class Timed:
    """An order and when it is given: at a race time, or `after` the one before."""

    text: str
    seconds: float
    after: bool
    line: int = 0


def load_script(path: str | Path) -> tuple[Timed, ...]:
    """The orders of a file, one a line: "1:02.5 shift target +2 m", or "+2 arm" 2 s after the line before.

    Empty lines and what follows a # are passed over. Raises InputError with every mistake.
    """
    try:
        lines = Path(path).read_text().splitlines()
    except (OSError, UnicodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); expected a file of orders") from error
    found: list[Timed] = []
    wrong: list[str] = []
    for number, line in enumerate(lines, 1):
        when, _, text = line.partition("#")[0].strip().partition(" ")
        if not when:
            continue
        try:
            found.append(Timed(text.strip(), parse_time_s(when.removeprefix("+")), when.startswith("+"), number))
            check_order(text)
        except (ValueError, InputError) as error:
            wrong.append(f"{path}:{number}: {error}")
    wrong += _out_of_order(path, found)
    if wrong:
        raise InputError(wrong)
    return tuple(found)


def _out_of_order(path: str | Path, found: Sequence[Timed]) -> list[str]:
    """Lines whose race time lies before that of a line above, but for a new start in between."""
    wrong: list[str] = []
    last_s = 0.0
    for order in found:
        if order.text == "arm":
            last_s = 0.0
        elif not order.after:
            if order.seconds < last_s:
                wrong.append(
                    f"{path}:{order.line}: {order.seconds:g} s is before the line above; expected rising times"
                )
            last_s = max(last_s, order.seconds)
    return wrong


async def play(race: Race, script: Sequence[Timed]) -> None:
    """Give the orders when they are due. What is refused is logged."""
    while race.armed_us == 0:
        await race.wait(_LOOK_S)
    for order in script:
        if order.after:
            await asyncio.sleep(order.seconds)
        else:
            while (race_s := race.race_s()) is None or race_s < order.seconds:
                if race_s is None and race.phase not in ("arming", "armed"):
                    break
                await race.wait(_LOOK_S if race_s is None else order.seconds - race_s)
        if not order.after and race.race_s() is None:
            _refused(race, order.text, f"there is no race time {order.seconds:g} s: the race is {race.phase}")
            continue
        due_us = None  # it may come late, behind an order that is still on its way to the boards
        if not order.after and race.gun is not None and begins(order.text):
            due_us = race.gun.zero_us + round(order.seconds * 1e6)
        try:
            await obey(race, order.text, due_us)
        except (InputError, RailError) as error:
            _refused(race, order.text, str(error))
        except Exception as error:  # the orders that follow may be recall and stop
            _refused(race, order.text, f"FAULT of this program: {error!r}")
    if race.phase == "ready":
        race.enter(OVER[1])  # nobody is left to start it


def _refused(race: Race, text: str, why: str) -> None:
    race.refused.append(f"{text}: {why}")
    race.note(f"{text}: {why}", level="warn")
