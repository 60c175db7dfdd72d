"""The steps of trying a board out: what it shows, what one should see, and what current that takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pacerail import shows
from pacerail.board import Status
from pacerail.boards.hand import Boards
from pacerail.boards.probe import Found
from pacerail.model.rail import Board
from pacerail.shows import Show


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to look at."""

    name: str
    show: Show
    sees: str
    """What a person should see."""


def steps(leds: Sequence[int]) -> tuple[Step, ...]:
    """The steps for a board with so many LEDs on each output."""
    lights = ", ".join(f"{(n + 9) // 10} lights" for n in leds)
    blue = " and ".join(str((n + 99) // 100) for n in leds)
    each = "on each output: " if len(leds) > 1 else ""
    return (
        Step("fill", shows.fill(), "every LED dim white; a dark one is dead, a coloured one is half dead"),
        Step("chase", shows.chase(), "one light that runs along each output in 4 s, from where the data comes in"),
        Step("count", shows.tenths(), f"{each}{lights}, at LEDs 0, 10, 20 ...; {blue} of them blue, at every hundred"),
        Step("ends", shows.ends(), "the very first LED of each output green, the very last red, all others dark"),
        Step("colours", shows.order(), "a third red, then green, then blue, from where the data comes in"),
    )


def current_words(show: Show, board: Board) -> str:
    """What a board takes while it shows this, in words, by its rail file: LED current and limits."""
    fitting = shows.within(show, board)
    words = [
        f"output {number}: about {need_ma / 1000:.2f} A of {output.limit_ma / 1000:.2f} A"
        for number, (need_ma, output) in enumerate(zip(shows.current_ma(fitting, board), board.outputs, strict=True), 1)
    ]
    dimmed = f"; shown at {100 * fitting.level // show.level} % to keep to the limit" if fitting != show else ""
    return "; ".join(words) + dimmed


def report_words(before: Status, after: Status) -> str:
    """What a board says of the frames that it showed meanwhile."""
    frames, late = after.frames - before.frames, after.late - before.late
    dimmed, damaged = after.dimmed - before.dimmed, after.bad_frames - before.bad_frames
    words = f"{frames} frames, {late} late, {dimmed} dimmed by the current limit, {damaged} damaged messages"
    words += f", {after.temperature_c:.0f} C" if after.temperature_c is not None else ""
    return words + (f", supply {after.supply_v:.2f} V" if after.supply_v is not None else "")


class Trial:
    """One board through all steps; `board` has its LED currents and limits."""

    def __init__(self, boards: Boards, found: Found, board: Board) -> None:
        self.boards = boards
        self.found = found
        self.board = board

    def begin(self, step: Step) -> Status:
        """Show a step; how the board was before. Raises RailError."""
        before = self.boards.status(self.found)
        self.boards.show(self.found, step.show)
        return before

    def words(self, step: Step) -> str:
        """What to look for and what current it takes, in one line."""
        return f"{step.name}: you should see {step.sees} ({current_words(step.show, self.board)})"

    def end(self, before: Status) -> str:
        """What the board reports of a step. Raises RailError."""
        return report_words(before, self.boards.status(self.found))
