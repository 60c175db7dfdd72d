"""A spare takes over a board's stretch of the rail.

What can be done over the wire alone: the rail file gets the spare's id and port, and the spare gets the pace table. Its
name, LED counts, key and address lie in its board.json, which only flashing writes. Another name does no harm, since a
rail file with an id goes by the id; other LEDs, or another address on a pair that boards share, need flashing.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from pacerail.board import BoardClient
from pacerail.boards.hand import name_of
from pacerail.boards.listing import identified
from pacerail.boards.probe import Found, OpenPort, one_line, open_alone
from pacerail.boards.scan import port_counter
from pacerail.compile import compile_tables
from pacerail.errors import InputError, RailError
from pacerail.fleet import Member, check_one, upload_one
from pacerail.link import Link
from pacerail.model.plan import Plan
from pacerail.model.rail import Board, Rail
from pacerail.model.railedit import RailEdit
from pacerail.model.railfile import load_rail
from pacerail_node import wire


def check_spare(rail: Rail, old: str, found: Found) -> int:
    """The index of the board OLD, if what was found can take its place. Raises InputError or RailError, saying why not.

    RailError where only flashing helps.
    """
    names = [board.name for board in rail.boards]
    if old not in names:
        raise InputError(f"{old}: no board of this rail; expected one of {', '.join(names)}")
    board = rail.boards[names.index(old)]
    said = found.identity
    if said is None:
        raise RailError(f"{found.candidate.port}: {found.words}")
    owner = identified(found, rail.boards)
    if owner is not None and owner.name != old:
        raise RailError(f"{found.candidate.port}: this is {owner.name}, which has its own stretch; it is no spare")
    flash = f"flash it for this place: pacerail flash {found.candidate.port} --rail ... --name {old}"
    leds = [output.leds for output in board.outputs]
    if list(said.outputs) != leds:
        raise RailError(f"{name_of(found)} drives {list(said.outputs)} LEDs, {old} needs {leds}; {flash}")
    if shares_port(board, rail) and said.address != board.address:
        raise RailError(
            f"{name_of(found)} has address {said.address} on the pair, {old} needs {board.address}; {flash}"
        )
    return names.index(old)


def shares_port(board: Board, rail: Rail) -> bool:
    """Whether other boards are on the same pair of wires."""
    return board.port is not None and [b.port for b in rail.boards].count(board.port) > 1


def write_exchange(path: Path, rail: Rail, index: int, found: Found) -> tuple[Rail, Path]:
    """Put the spare's id and port into the rail file; the new rail, and the copy of the old file beside it.

    Raises InputError with the file as it was.
    """
    said = found.identity
    assert said is not None
    board = rail.boards[index]
    edit = RailEdit(path)
    if edit.is_even and not edit.lists_boards():
        raise InputError(f"{path}:1: [even] says of no board which it is; expected uids = [...] and ports = [...]")
    edit.identify(index, said.uid, None if shares_port(board, rail) else found.candidate.lasting)
    copy = path.with_name(f"{path.name}.before-{board.name}")
    try:
        shutil.copy2(path, copy)
    except OSError as error:
        raise InputError(f"{copy}: cannot be written ({error.strerror}); nothing was changed") from error
    edit.save()
    return load_rail(path), copy


async def verify(rail: Rail, index: int, found: Found, plan: Plan | None, open_port: OpenPort = open_alone) -> str:
    """Ask the spare as a race would, and give it the pace table. Raises RailError; returns in words how it is."""
    board = rail.boards[index]
    tables = compile_tables(plan, rail) if plan is not None else None
    port = await asyncio.to_thread(open_port, found.port, asyncio.get_running_loop())
    link = Link(port, rail.key, port_counter())
    try:
        address = board.address if shares_port(board, rail) else wire.ANY
        member = Member(BoardClient(board.name, link, address), board, tables[index] if tables else b"")
        await check_one(member)
        if tables is None:
            return "no pace table given to it: a race uploads it, or --plan does now"
        await upload_one(member)
        return (
            f"it has the pace table of plan {plan.hash if plan else ''}, and is {member.status and member.status.state}"
        )
    finally:
        await asyncio.to_thread(link.close)


def exchange(path: Path, old: str, found: Found, plan: Plan | None, runner: asyncio.Runner) -> list[str]:
    """The whole exchange: checked, written, verified. Returns what was done, in lines.

    Raises InputError or RailError; the rail file is then as it was before.
    """
    rail = load_rail(path)
    index = check_spare(rail, old, found)
    said = found.identity
    assert said is not None
    before = rail.boards[index]
    fresh, copy = write_exchange(path, rail, index, found)
    try:
        state = runner.run(verify(fresh, index, found, plan))
    except BaseException as error:
        shutil.copy2(copy, path)
        copy.unlink(missing_ok=True)
        if isinstance(error, RailError):
            raise RailError(f"{old} was not exchanged, {path} is as it was: {one_line(error)}") from error
        raise
    copy.unlink(missing_ok=True)
    now = fresh.boards[index]
    lines = [
        f"{old}: id {before.uid or 'none'} -> {now.uid or 'none'}",
        f"{old}: port {before.port or 'none'} -> {now.port or 'none'}",
        f"{old}: {state}",
    ]
    if said.type != Path(before.type).stem:
        lines.append(f"{old}: it was flashed as type {said.type}, the rail file says {before.type}: mend one of them")
    if said.name != old:
        lines.append(f'{old}: it still calls itself "{said.name}"; no harm, the rail file knows it by its id')
    return lines
