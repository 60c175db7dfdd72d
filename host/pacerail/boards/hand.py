"""Boards at hand: their ports stay open while a person looks at the rail and answers questions.

Questions are asked between calls, outside the event loop, so that Ctrl-C ends them at once; a board shows on by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Generator, Sequence
from typing import Any, Protocol, TypeVar

from pacerail.board import BoardClient, Status
from pacerail.boards.listing import board_of, identified
from pacerail.boards.probe import Found, OpenPort, one_line, open_alone
from pacerail.boards.scan import port_counter, scan
from pacerail.errors import RailError
from pacerail.link import Link
from pacerail.model.rail import Board, Output, Rail
from pacerail.shows import DARK, Show, within

T = TypeVar("T")


class Boards(Protocol):
    """What a walk along the rail asks of the boards."""

    def show(self, found: Found, show: Show) -> None:
        """Let a board show something. Raises RailError if it does not."""
        ...

    def status(self, found: Found) -> Status:
        """How a board is. Raises RailError if it does not say."""
        ...


class Hand:
    """Boards behind real ports, each opened when it is first spoken to."""

    def __init__(self, runner: asyncio.Runner, rail: Rail | None = None, open_port: OpenPort = open_alone) -> None:
        self._runner = runner
        self._rail = rail
        self._key = rail.key if rail else None
        self._open_port = open_port
        self._links: dict[str, Link] = {}
        self._lit: dict[str, Found] = {}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end."""
        return self._runner.run(work)

    def client(self, found: Found) -> BoardClient:
        """A board to speak to within `run`. Raises RailError if its port cannot be opened."""
        if found.port not in self._links:
            port = self._open_port(found.port, self._runner.get_loop())
            self._links[found.port] = Link(port, self._key, port_counter())
        return BoardClient(name_of(found), self._links[found.port], found.address)

    def show(self, found: Found, show: Show) -> None:
        """Let a board show something, within its current limits. Raises RailError if it does not."""
        fitting = within(show, as_board(found, self._rail))
        self.run(self.client(found).show(fitting.payload()))
        self._lit[f"{found.port} {found.address}"] = found

    def show_all(self, wanted: Sequence[tuple[Found, Show]]) -> dict[str, str]:
        """Let boards show something, all at once; what went wrong, by board."""
        failed: dict[str, str] = {}
        clients: list[tuple[Found, Show, BoardClient]] = []
        for found, show in wanted:
            try:
                clients.append((found, within(show, as_board(found, self._rail)), self.client(found)))
            except RailError as error:
                failed[name_of(found)] = one_line(error)

        async def whole() -> list[BaseException | None]:
            return await asyncio.gather(*(c.show(s.payload()) for _, s, c in clients), return_exceptions=True)

        for (found, _, _), result in zip(clients, self.run(whole()), strict=True):
            if isinstance(result, RailError):
                failed[name_of(found)] = one_line(result)
            elif result is not None:
                raise result
            else:
                self._lit[f"{found.port} {found.address}"] = found
        return failed

    def status(self, found: Found) -> Status:
        """How a board is. Raises RailError if it does not say."""
        return self.run(self.client(found).status())

    def pause(self, s: float) -> None:
        """Wait; Ctrl-C ends it."""
        self.run(asyncio.sleep(s))

    def close(self) -> None:
        """All dark, and let go of the ports."""
        with contextlib.suppress(RailError):
            self.show_all([(found, DARK) for found in self._lit.values()])
        for link in self._links.values():
            link.close()
        self._links.clear()


@contextlib.contextmanager
def at_hand(rail: Rail | None, ports: Sequence[str] = ()) -> Generator[tuple[Hand, list[Found]]]:
    """Scan, and keep what answers at hand; at the end all that was lit is dark again."""
    with asyncio.Runner() as runner:
        found = runner.run(scan(rail, ports))
        hand = Hand(runner, rail)
        try:
            yield hand, found
        finally:
            hand.close()


def as_board(found: Found, rail: Rail | None) -> Board:
    """The board as the rail file has it; else one with as many LEDs as it says, and the usual limits."""
    board = identified(found, rail.boards) if rail else None
    driven = found.identity.outputs if found.identity else ()
    if board is not None and tuple(output.leds for output in board.outputs) == driven:
        return board
    return Board(name_of(found), tuple(Output(leds, 0.0, 0.1) for leds in driven))


def name_of(found: Found) -> str:
    """What to call it: the name it was flashed with, else its port."""
    return found.identity.name if found.identity else found.candidate.port


def choose(words: Sequence[str], found: Sequence[Found], rail: Rail | None) -> list[Found]:
    """The boards that a person means by names on the rail, ids, ports, serial numbers or names they were flashed with.

    Raises RailError naming each that is not there, or is there twice.
    """
    boards = rail.boards if rail else ()
    chosen: list[Found] = []
    problems: list[str] = []
    answering = [one for one in found if one.identity is not None]
    for word in words:
        by_rail = [one for one in answering if (board := identified(one, boards)) is not None and board.name == word]
        matches = by_rail or [one for one in answering if _is_called(one, word)]
        if len(matches) == 1:
            chosen.append(matches[0])
        elif matches:
            places = " and ".join(one.candidate.port for one in matches)
            problems.append(f"{word}: that is the board at {places}; say which by its port or id")
        else:
            silent = next((one for one in found if _is_at(one, word, boards)), None)
            why = f"{silent.candidate.port}: {silent.words}" if silent else "no such board answers"
            problems.append(f"{word}: {why}; pacerail boards list shows what is there")
    if problems:
        raise RailError("\n  ".join(problems) if len(problems) == 1 else "\n  ".join(["", *problems]))
    return chosen


def _is_called(found: Found, word: str) -> bool:
    said = found.identity
    return _is_at(found, word, ()) or (said is not None and word in (said.uid, said.name))


def _is_at(found: Found, word: str, boards: Sequence[Board]) -> bool:
    board = board_of(found, boards)
    place = found.candidate
    return word in (place.port, place.device, place.serial_number) or (board is not None and board.name == word)
