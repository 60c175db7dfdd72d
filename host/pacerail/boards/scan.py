"""Everything that is plugged in, asked at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from pacerail.boards.candidates import Candidate, Usb, candidates, usb_ports
from pacerail.boards.probe import Found, OpenPort, open_alone, probe
from pacerail.flash.drive import Drive, find_drives
from pacerail.model.rail import Board, Rail
from pacerail_node import wire


def port_counter() -> int:
    """Where the counter of signed frames begins: it must rise from one run to the next."""
    return time.time_ns() // 1_000_000


async def scan(
    rail: Rail | None = None,
    ports: Sequence[str] = (),
    *,
    usb: Sequence[Usb] | None = None,
    drives: Sequence[Drive] | None = None,
    open_port: OpenPort = open_alone,
) -> list[Found]:
    """Ask every port of this computer that may be asked, those of the rail file and those given, all side by side."""
    usb = usb_ports() if usb is None else usb
    drives = find_drives() if drives is None else drives
    boards = rail.boards if rail else ()
    named = [*(board.port for board in boards if board.port is not None), *ports]
    counter = port_counter()
    asked = candidates(usb, named)
    answers = await asyncio.gather(
        *(
            probe(candidate, addresses_at(candidate, boards), rail.key if rail else None, counter, open_port)
            for candidate in asked
        )
    )
    found = [one for answer in answers for one in answer]
    for drive in drives:
        place = Candidate(str(drive.folder), str(drive.folder), None, "boot drive", False)
        words = f"{drive.model or drive.board_id} as a boot drive: no MicroPython on it yet (pacerail flash)"
        found.append(Found(place, "drive", words))
    return found


def addresses_at(candidate: Candidate, boards: Sequence[Board]) -> tuple[int, ...]:
    """The addresses to ask at a port: those of the boards that share it, or whoever is there."""
    here = [board for board in boards if board.port in (candidate.port, candidate.device, candidate.serial_number)]
    return tuple(board.address for board in here) if len(here) > 1 else (wire.ANY,)
