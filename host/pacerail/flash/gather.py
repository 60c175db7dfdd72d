"""Which boards are to be flashed, and behind which port or on which boot drive each of them is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pacerail.errors import InputError, RailError
from pacerail.flash.chip import fits_drive, wait_for_port, write_drive
from pacerail.flash.drive import Drive, read_drive
from pacerail.flash.states import Line
from pacerail.flash.system import VENDORS, FoundPort
from pacerail.flash.target import Outcome, Target, Tools
from pacerail.model.boardtype import BoardType


@dataclass(frozen=True)
class Wanted:
    """A board that is to run this firmware, wherever it is."""

    name: str
    kind: BoardType
    files: Mapping[str, bytes]
    port: str | None = None
    """As in a rail file: USB serial number, device path or URL."""
    uid: str | None = None
    key: bytes | None = None
    bus: Line | None = None
    drive: Path | None = None
    """Its boot drive, where somebody named it."""


SayOf = Callable[[str, str, int, int], None]
"""Called with a board's name, the step in a few words, and what is done of how much."""


def is_drive(place: str) -> bool:
    """Whether a PORT of the command line is a boot drive's folder."""
    return Path(place).is_dir() and read_drive(Path(place)) is not None


def place_of(wanted: Wanted, ports: Sequence[FoundPort]) -> str | None:
    """The port of a board, if it is there: by what its rail file calls it, or by its unique id."""
    port = wanted.port
    if port is not None and "://" not in port:
        port = port.partition("?")[0]  # a baud may stand behind it; a console has its own
    if port is not None and ("://" in port or Path(port).exists() or any(found.device == port for found in ports)):
        return port
    for known in (port, wanted.uid):
        for found in ports:
            if known and found.serial_number and found.serial_number.lower() == known.lower():
                return found.serial_number
    return None


def likely_boards(ports: Sequence[FoundPort]) -> list[str]:
    """Ports behind which a board may be, by their USB vendor."""
    return [found.device for found in ports if found.vendor in VENDORS]


@dataclass(frozen=True)
class Gathered:
    """Boards with a port, and what is to be said of the others."""

    targets: tuple[Target, ...]
    outcomes: tuple[Outcome, ...]


def gather(boards: Sequence[Wanted], tools: Tools, say: SayOf) -> Gathered:
    """Find every board; blank ones, which are drives, get their image first, one after the other.

    So it is known which port belongs to which drive. Raises nothing: a board that is not there is an outcome.
    """
    placed = {board.name: place_of(board, tools.system.ports()) for board in boards if board.drive is None}
    outcomes: list[Outcome] = []
    missing = [board for board in boards if placed.get(board.name) is None]
    found = list(tools.system.drives()) if missing else []
    while missing:
        board = missing.pop(0)
        named = read_drive(board.drive) if board.drive is not None else None
        drive = named or next((drive for drive in found if fits_drive(board.kind, drive)), None)
        if drive is None:
            outcomes.append(Outcome(board.name, board.port or "", "not found", "", failed=_not_there(board)))
            continue
        found = [other for other in found if other.folder != drive.folder]
        if tools.dry_run:
            done = f"would get {board.kind.image.name} {board.kind.image.version} on {drive.folder}, then files"
            outcomes.append(Outcome(board.name, str(drive.folder), "blank, a boot drive", done))
            continue
        try:
            port = _from_drive(board, drive, tools, say)
            owner = _owner(port, board, missing)
        except (RailError, InputError) as error:
            why = str(error).splitlines()[0]
            outcomes.append(Outcome(board.name, str(drive.folder), "blank, a boot drive", "", failed=why))
            continue
        placed[owner.name] = port.serial_number or port.device
        if owner is not board:  # it was another one's drive
            missing = [board, *(other for other in missing if other is not owner)]
    targets = [
        Target(board.name, board.kind, board.files, port, board.key, board.bus)
        for board in boards
        if (port := placed.get(board.name)) is not None
    ]
    return Gathered(tuple(targets), tuple(outcomes))


def _from_drive(board: Wanted, drive: Drive, tools: Tools, say: SayOf) -> FoundPort:
    """Put the image onto a drive; gives the port of the board that then starts."""
    tools.check()
    before = {found.device for found in tools.system.ports()}
    write_drive(board.kind, drive, tools, lambda step, done, whole: say(board.name, step, done, whole))
    say(board.name, "starts anew", 0, 0)
    found = wait_for_port(tools, lambda port: port.device not in before)
    if found is None:
        raise RailError("has its image, but no port of it appeared; unplug it, plug it in and run this again")
    return found


def _owner(port: FoundPort, board: Wanted, missing: Sequence[Wanted]) -> Wanted:
    """Whose port it is that appeared: by its USB serial number, where the rail file knows one."""
    serial_number = (port.serial_number or "").lower()
    for one in (board, *missing):
        if serial_number and serial_number in [known.lower() for known in (one.port, one.uid) if known]:
            return one
    if serial_number and any((board.port, board.uid)) and board.drive is None:
        raise RailError(
            f"the blank board that got the image is {port.serial_number}, which no board of the rail file is; "
            f"make it the port of one, or plug in {board.name}, {board.uid or board.port}"
        )
    return board


def _not_there(board: Wanted) -> str:
    blank = f", nor a boot drive {board.kind.flash.drive}" if board.kind.flash.drive else ""
    if board.port is None and board.uid is None:
        return f"it has no port{blank}; give it one in the rail file, or a PORT with --name {board.name}"
    called = f"its port {board.port}" if board.port else f"the board with the unique id {board.uid}"
    return f"{called} is not here{blank}; plug it in, or give its PORT with --name {board.name}"


def at_places(boards: Sequence[Wanted], places: Sequence[str]) -> list[Wanted]:
    """Boards with the PORTs of the command line in their order. Raises InputError if the numbers differ."""
    if len(boards) != len(places):
        raise InputError(
            f"{len(places)} PORTs for {len(boards)} boards ({', '.join(board.name for board in boards)}); "
            "expected one --name for each PORT, in the same order"
        )
    return [
        replace(board, drive=Path(place), port=None) if is_drive(place) else replace(board, port=place, drive=None)
        for board, place in zip(boards, places, strict=True)
    ]
