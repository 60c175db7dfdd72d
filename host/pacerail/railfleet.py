"""The fleet of a real rail: every board of the rail file behind its port."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Generator, Sequence

from pacerail.board import BoardClient
from pacerail.errors import InputError, RailError
from pacerail.fleet import Fleet, Member
from pacerail.link import HostClock, Link
from pacerail.model.rail import Rail
from pacerail.ports import SerialPort, host_clock_us
from pacerail_node import wire


@contextlib.contextmanager
def open_fleet(
    rail: Rail,
    loop: asyncio.AbstractEventLoop,
    tables: Sequence[bytes] | None = None,
    clock: HostClock = host_clock_us,
    alone: bool = False,
    patient: bool = False,
) -> Generator[Fleet]:
    """Open every port of a rail once; boards that share one (RS-485) are told apart by their address.

    Without tables it is for looking and syncing only. Raises InputError for a rail of which no board has a port, and
    RailError naming every board without one and every port that cannot be opened; `alone`: or that another program
    holds for itself. `patient`: ports that are not there yet are opened as soon as they are, and their boards do not
    answer until then.
    """
    if all(board.port is None for board in rail.boards):
        raise InputError(f"{rail.title}: no board has a port; expected a rail file with port = ... for each (--rail)")
    links: dict[str, Link] = {}
    problems: list[str] = []
    shared = [board.port for board in rail.boards]
    members: list[Member] = []
    counter = time.time_ns() // 1_000_000  # rises from day to day, as the counter of signed frames must
    try:
        for board, table in zip(rail.boards, tables or [b""] * len(rail.boards), strict=True):
            if board.port is None:
                problems.append(f"{board.name} has no port: give it one in the rail file")
                continue
            if board.port not in links:
                try:
                    port = SerialPort(board.port, loop, alone, clock, patient)
                    links[board.port] = Link(port, rail.key, counter, _wire_time(port))
                except RailError as error:
                    problems.append(f"{board.name}: {error}")
                    continue
            address = board.address if shared.count(board.port) > 1 else wire.ANY
            members.append(Member(BoardClient(board.name, links[board.port], address), board, table))
        if problems:
            raise RailError("\n  ".join(["not every board can be reached:", *problems]))
        yield Fleet(members, clock)
    finally:
        for link in links.values():
            link.close()


def _wire_time(port: SerialPort) -> Callable[[], int]:
    return lambda: port.byte_ns
