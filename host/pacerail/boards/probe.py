"""Who is at a port: a board of ours, a MicroPython console, or nobody who says so.

First a HELLO in our frames. A MicroPython console takes its second byte (0x05) for the beginning of a paste and says
"paste mode", which Ctrl-C ends; where nothing came, Ctrl-B makes a console print its banner and does nothing more.
Neither stops a program or starts anything anew.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from pacerail.board import BoardClient, Identity, Status
from pacerail.boards.candidates import Candidate
from pacerail.errors import RailError
from pacerail.link import Link, NoAnswer, OnBytes, Port
from pacerail.ports import SerialPort
from pacerail_node import wire

_TRIES = 3
_LISTEN_S = 0.4

OpenPort = Callable[[str, asyncio.AbstractEventLoop], Port]
"""Opens a port by its name. Raises RailError if it cannot be."""


def open_alone(port: str, loop: asyncio.AbstractEventLoop) -> Port:
    """A real port, if no other program has locked it."""
    return SerialPort(port, loop, alone=True)


@dataclass(frozen=True, slots=True)
class Found:
    """What is at a port, at one address of it.

    `what` is "board"; "other" for one with other firmware of ours; "console" for MicroPython alone; "drive" for a boot
    drive; "silent", "closed" for a port that cannot be opened, "unasked" for one that is better left alone.
    """

    candidate: Candidate
    what: str
    words: str
    """In one line, for a person."""
    identity: Identity | None = None
    status: Status | None = None
    address: int = wire.ANY

    @property
    def port(self) -> str:
        """What to open."""
        return self.candidate.port


class _Tap:
    """A port that also keeps what comes in."""

    def __init__(self, port: Port) -> None:
        self.port = port
        self.heard = bytearray()

    def listen(self, on_bytes: OnBytes) -> None:
        def both(data: bytes, at_us: int) -> None:
            self.heard += data[: 4096 - len(self.heard)]
            on_bytes(data, at_us)

        self.port.listen(both)

    def write(self, data: bytes) -> int:
        return self.port.write(data)

    def close(self) -> None:
        self.port.close()


async def probe(
    candidate: Candidate,
    addresses: tuple[int, ...] = (wire.ANY,),
    key: bytes | None = None,
    counter: int = 0,
    open_port: OpenPort = open_alone,
) -> list[Found]:
    """Ask who is at each address of a port. Raises nothing: what goes wrong is said in `words`."""
    if not candidate.ask:
        return [Found(candidate, "unasked", "not asked: it may be any device. If it is a board, give its port")]
    try:
        port = await asyncio.to_thread(open_port, candidate.port, asyncio.get_running_loop())
    except RailError as error:
        return [Found(candidate, "closed", one_line(error))]
    tap = _Tap(port)
    link = Link(tap, key, counter)
    try:
        found = [await _ask(candidate, link, address) for address in addresses]
        if all(one.what == "silent" for one in found) and (banner := await _console(tap)):
            return [Found(candidate, "console", f"{banner}, at its console: no firmware of ours runs")]
        return found
    finally:
        await asyncio.to_thread(link.close)


async def _ask(candidate: Candidate, link: Link, address: int) -> Found:
    client = BoardClient(candidate.port, link, address)
    try:
        identity = await client.hello(tries=_TRIES)
    except NoAnswer as error:
        words = "no answer: other firmware, or a board with a key (give --rail)"
        return Found(candidate, "silent", words if "tries" in str(error) else one_line(error), address=address)
    except RailError as error:
        return Found(candidate, "other", one_line(error), address=address)
    try:
        status = await client.status()
    except RailError as error:
        return Found(candidate, "board", one_line(error), identity, address=address)
    return Found(candidate, "board", "", identity, status, address)


async def _console(tap: _Tap) -> str:
    """The banner of a MicroPython console; nothing if there is none."""
    try:
        if b"paste mode" in tap.heard:
            tap.write(b"\x03")
        tap.write(b"\x02")
        await asyncio.sleep(_LISTEN_S)
    except OSError:
        return ""
    return banner_of(bytes(tap.heard))


def banner_of(heard: bytes) -> str:
    """What a console says of itself in what was heard; "" for what is no console."""
    text = heard.decode("utf-8", "replace")
    match = re.search(r"(MicroPython [^\r\n;]+)(?:; ([^\r\n]+))?", text)
    if match:
        board = re.sub(r" version$", "", match[2] or "")
        return f"{match[1].split(' on ')[0]}{f' on a {board}' if board else ''}"
    return "MicroPython" if ">>> " in text or "raw REPL" in text else ""


def one_line(error: Exception) -> str:
    """An error's words without line ends."""
    return " ".join(str(error).split())
