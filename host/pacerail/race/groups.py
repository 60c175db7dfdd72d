"""Buttons at the track: a press on a board's gun pin begins a group of a training plan.

The board notes the tick of the press, so the group's time starts with the press itself, whenever the news of it comes.
After the bounce a board's pin is open again; so the same button begins the next set once the group has finished. What
comes while the group runs (the contact let go, a second press) does nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pacerail.board import Edges
from pacerail.errors import InputError, RailError
from pacerail.fleet import Member
from pacerail.gun import Gun, pin_edge
from pacerail.model.changes import MAX_COUNTDOWN_S, Begin
from pacerail.model.plan import Plan
from pacerail.model.rail import Rail
from pacerail.model.units import format_time, parse_time_s, quoted
from pacerail.race.change import change
from pacerail.race.state import OVER, Race

POLL_S = 0.2
"""Between two looks at a button: the light is there a second after the press anyway."""
_FORM = "expected such as b03=red, or b03=red+5 for a countdown of 5 s"

Beginning = Callable[[Race, Begin], Awaitable[None]]


@dataclass(frozen=True)
class Button:
    """A board's gun pin, and the group that it begins; `in_s` after the press."""

    board: str
    wave: str
    in_s: float = 0.0


def board_of(text: str, rail: Rail) -> str:
    """The board of the words of `--button`, which is known without a plan. Raises InputError for one that is none."""
    board, equals, rest = text.strip().partition("=")
    if not equals or not rest.strip():
        raise InputError(f"--button {text}: no board and group; {_FORM}")
    if board.strip() not in (known := [b.name for b in rail.boards]):
        raise InputError(f"--button {text}: no board is called {quoted(board.strip())}; expected one of {_list(known)}")
    return board.strip()


def parse_button(text: str, plan: Plan, rail: Rail) -> Button:
    """The words of `--button`: "b03=red", "b03=red+5". Raises InputError for a board or a group that is not there."""
    board = board_of(text, rail)
    names = [wave.name for wave in plan.waves if wave.spec.by_order]
    if not names:
        raise InputError(
            f'--button {text}: {plan.title} has no group; expected a plan with a wave that starts = "order"'
        )
    wave, in_s = text.partition("=")[2].strip(), 0.0
    match = re.fullmatch(r"(.*\S)\s*\+\s*([0-9:.]+)\s*s?", wave)
    if wave not in names and match is not None:
        wave, in_s = match[1], _countdown_s(text, match[2])
    if wave not in names:
        raise InputError(f"--button {text}: no group is called {quoted(wave)}; expected one of {_list(names)}")
    return Button(board, wave, in_s)


def fitting(texts: Sequence[str], plan: Plan, rail: Rail) -> tuple[tuple[Button, ...], tuple[str, ...]]:
    """The buttons that fit the groups of a plan, and for each of the others why it does not."""
    buttons: list[Button] = []
    why: list[str] = []
    for text in texts:
        try:
            buttons.append(parse_button(text, plan, rail))
        except InputError as error:
            why += error.messages
    return tuple(buttons), tuple(why)


def check_buttons(boards: Sequence[str], sources: Sequence[str]) -> None:
    """Raises InputError for a board with two buttons, and for `--gun pin` beside buttons: a pin is one or the other."""
    twice = next((board for board in boards if boards.count(board) > 1), None)
    if twice is not None:
        raise InputError(f"--button: board {twice} has two; expected one a board, for it has one gun pin")
    if boards and "pin" in (source.strip() for source in sources):
        raise InputError("--button and --gun pin: a press would be taken for the gun; expected --go-in, --ago or lynx")


class Presses:
    """Which edges of one board's pin are presses that nobody has seen yet. No I/O.

    A board that started anew counts from 1 again.
    """

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def new(self, edges: Edges) -> list[int]:
        """The ticks of edges that were not there before, in order."""
        if edges.count < max(self._seen, default=0) or any(
            tick != self._seen.get(number, tick) for number, tick in edges.kept
        ):
            self._seen.clear()
        fresh = [(number, tick) for number, tick in edges.kept if number not in self._seen]
        self._seen.update(fresh)
        return [tick for _, tick in sorted(fresh)]


def begins(text: str) -> bool:
    """Whether an order is to begin a group: its own time counts from when it was given, not from when it is obeyed."""
    return text.split()[:2] == ["force", "begin"] or text.split()[:1] == ["begin"]


async def watch_buttons(race: Race, buttons: Sequence[Button], begin: Beginning = change) -> None:
    """Begin groups as their buttons are pressed, until the race is over or this is cancelled.

    `begin` is what begins one; it raises RailError if that cannot be now.
    """
    members = {member.name: member for member in race.fleet.members}
    async with asyncio.TaskGroup() as tasks:
        for button in buttons:
            tasks.create_task(_heard(race, members[button.board], button, begin))


async def _heard(race: Race, member: Member, button: Button, begin: Beginning) -> None:
    try:
        await _watch(race, member, button, begin)
    except Exception as error:  # the race goes on without it, and so do the other buttons
        words = f"FAULT of this program, the button for {button.wave} is not heard any more: {error!r}"
        race.note(words, member.name, "bad")


async def _watch(race: Race, member: Member, button: Button, begin: Beginning) -> None:
    presses = Presses()
    while race.armed_us == 0 and race.phase not in OVER:
        await asyncio.sleep(POLL_S)
    if member.identity is not None and not member.identity.gun:
        race.note("has no gun pin: its button is not heard (see docs/gun.md)", member.name, "warn")
        return
    waiting: list[tuple[int, int]] = []  # ticks, and how late they were noted at most
    while race.phase not in OVER:
        try:
            edges = await member.client.edges(tries=1)
            waiting += [(tick, edges.late_us) for tick in presses.new(edges)]
        except RailError:  # lost on the way, or the board is gone: the race sees to that
            pass
        line = member.estimator.line()
        if waiting and line is not None and race.gun is not None:
            for tick, late_us in waiting:
                await _pressed(race, button, pin_edge(tick, line, late_us), begin)
            waiting.clear()
        await asyncio.sleep(POLL_S)


async def _pressed(race: Race, button: Button, edge: Gun, begin: Beginning) -> None:
    assert race.gun is not None
    press_s = (edge.zero_us - race.gun.zero_us) / 1e6
    if press_s < 0:
        race.note(f"button for {button.wave}, {-press_s:.1f} s before the gun: nothing was begun", button.board, "warn")
        return
    course = next(course for course in race.amended.courses if course.wave.name == button.wave)
    wave, begun = course.wave, course.begun
    if not wave.waits and press_s < wave.finish_s:
        return  # it runs: the contact was let go, or somebody pressed again
    if begun is not None and press_s < begun.from_s:
        return  # of before it was ended, and heard of late
    race.note(f"button for {button.wave} at {format_time(press_s)}, known to {edge.bound_us} us", button.board)
    try:
        await begin(race, Begin(button.wave, button.in_s, press_s + button.in_s))
    except RailError as error:
        race.note(f"button for {button.wave}: {error}", button.board, "warn")
    except Exception as error:  # the other buttons are heard on
        race.note(f"button for {button.wave}: FAULT of this program: {error!r}", button.board, "bad")


def _countdown_s(text: str, number: str) -> float:
    try:
        in_s = parse_time_s(number)
    except ValueError as error:
        raise InputError(f"--button {text}: {error}") from error
    if in_s > MAX_COUNTDOWN_S:
        raise InputError(f"--button {text}: {quoted(number)} is long to wait; expected {MAX_COUNTDOWN_S:g} s at most")
    return in_s


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names[:20])
    return shown + (", ..." if len(names) > 20 else "")
