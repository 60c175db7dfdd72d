"""What was found, held against the rail file: which board is which, and what is missing or there twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pacerail.boards.probe import Found
from pacerail.model.rail import Board, Rail
from pacerail_node import wire


@dataclass(frozen=True, slots=True)
class Row:
    """A thing found, and the board of the rail that it is."""

    found: Found
    board: Board | None
    words: str
    """What is odd about it, or what it is if it is no board."""


@dataclass(frozen=True, slots=True)
class Listing:
    """All that was found. `missing` and `double` are whole lines."""

    rows: tuple[Row, ...]
    missing: tuple[str, ...]
    double: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Every board of the rail is there, once."""
        return not self.missing and not self.double

    def as_dict(self) -> dict[str, object]:
        """For --json."""
        return {"boards": [_row_dict(row) for row in self.rows], "missing": self.missing, "double": self.double}

    def lines(self) -> list[str]:
        """A table for people."""
        head = ("port", "on the rail", "name", "id", "type", "firmware", "LEDs", "state")
        cells = [head, *(_cells(row) for row in self.rows)]
        widths = [max(len(line[k]) for line in cells) for k in range(len(head))]
        table: list[str] = []
        for line, words in zip(cells, ["", *(row.words for row in self.rows)], strict=True):
            text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            table.append(f"{text}  {words}".rstrip())
        return table


def listing(found: Sequence[Found], rail: Rail | None) -> Listing:
    """Match what was found with the boards of a rail: by id, else by port, else by name."""
    boards = rail.boards if rail else ()
    rows = [_row(one, boards) for one in found]
    double: list[str] = []
    for board in boards:
        here = [row.found for row in rows if row.board is board and row.found.identity]
        if len(here) > 1:
            places = " and ".join(one.candidate.port for one in here)
            double.append(
                f"{board.name}: there are two, at {places}; give it the uid of the right one in the rail file"
            )
    names = [one.identity.name for one in found if one.identity and not identified(one, boards)]
    for name in dict.fromkeys(n for n in names if names.count(n) > 1):
        double.append(f"{name}: {names.count(name)} boards are flashed with this name; flash each with one of its own")
    there = [row.board for row in rows if row.found.identity]
    missing = [f"{board.name}: {_why_missing(board, rows)}" for board in boards if board not in there]
    return Listing(tuple(rows), tuple(missing), tuple(double))


def board_of(found: Found, boards: Sequence[Board]) -> Board | None:
    """The board of a rail that a thing found is, or would be at this port; None for none of them."""
    return identified(found, boards) or next((b for b in boards if _at_its_port(found, b)), None)


def identified(found: Found, boards: Sequence[Board]) -> Board | None:
    """The board of the rail that a board found is: its uid decides; without one, its port, then its name."""
    said = found.identity
    if said is None:
        return None
    by_uid = next((b for b in boards if b.uid is not None and b.uid == said.uid), None)
    if by_uid is not None:
        return by_uid
    free = [b for b in boards if b.uid is None]
    return next((b for b in free if _at_its_port(found, b)), None) or next(
        (b for b in free if b.name == said.name), None
    )


def _at_its_port(found: Found, board: Board) -> bool:
    place = found.candidate
    same = board.port is not None and board.port in (place.port, place.device, place.serial_number)
    # on a port that several boards share, each was asked by its address
    return same and (found.identity is None or found.address in (board.address, wire.ANY))


def _row(found: Found, boards: Sequence[Board]) -> Row:
    said = found.identity
    board = identified(found, boards)
    if said is None:
        return Row(found, board_of(found, boards), found.words)
    odd = [found.words] if found.words else []
    if board is None:
        at = board_of(found, boards)
        if at is not None:
            odd.append(f"at the port of {at.name}, which has id {at.uid}: pacerail boards replace {at.name} {said.uid}")
        elif boards:
            odd.append("a spare: not in the rail file")
        return Row(found, None, "; ".join(odd))
    leds = tuple(output.leds for output in board.outputs)
    if said.outputs != leds:
        odd.append(f"drives {list(said.outputs)} LEDs, the rail file says {list(leds)}: flash it as {board.name}")
    if board.uid is None and said.name != board.name:
        odd.append("flashed with another name: give it its uid in the rail file")
    if board.uid is not None and board.port is not None and not _at_its_port(found, board):
        odd.append(f"the rail file looks for it at port {board.port}")
    return Row(found, board, "; ".join(odd))


def _why_missing(board: Board, rows: Sequence[Row]) -> str:
    here = next((row for row in rows if row.board is board or _at_its_port(row.found, board)), None)
    if here is not None and here.found.identity is None:
        return f"{here.found.candidate.port}: {here.found.words}"
    if here is not None:
        return f"another board is at its port, id {here.found.identity.uid if here.found.identity else ''}"
    return "no board of this id or name answers" if board.port is None else f"nothing answers at port {board.port}"


def _cells(row: Row) -> tuple[str, ...]:
    said, status = row.found.identity, row.found.status
    name = row.board.name if row.board else "-"
    port = row.found.candidate.port
    if said is None:
        return (port, name, "-", row.found.candidate.serial_number or "-", "-", "-", "-", row.found.what)
    leds = "+".join(map(str, said.outputs))
    return (port, name, said.name, said.uid, said.type, said.version, leds, status.state if status else "?")


def _row_dict(row: Row) -> dict[str, object]:
    said, status, place = row.found.identity, row.found.status, row.found.candidate
    return {
        "port": place.device,
        "usb_serial": place.serial_number,
        "what": row.found.what,
        "rail_name": row.board.name if row.board else None,
        "name": said.name if said else None,
        "uid": said.uid if said else None,
        "type": said.type if said else None,
        "firmware": said.version if said else None,
        "address": said.address if said else None,
        "leds": list(said.outputs) if said else None,
        "state": status.state if status else None,
        "words": row.words,
    }
