"""What a board runs: our firmware, which is asked to leave, or MicroPython's console, or nothing that answers."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from pacerail.errors import RailError
from pacerail.flash.system import GONE
from pacerail.link import Link, NoAnswer, OnBytes, Port, Refused
from pacerail.ports import SerialPort
from pacerail_node import messages, wire

_ERROR = re.compile(rb"^(\w*(?:Error|Exception|Interrupt)\b[^\r\n]*)", re.MULTILINE)
_REMEMBERED = 4096
ASK_S = 0.15
"""For one answer: a board gives it within a few ms, and a frame takes less than 20 ms on the slowest pair."""


@dataclass(frozen=True)
class Running:
    """What a board with our firmware says of itself."""

    version: str
    name: str
    type: str
    uid: str
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Line:
    """How to talk to a board's firmware: the port, the key of its rail, and its address where others share the port."""

    port: str
    key: bytes | None = None
    address: int = wire.ANY


class _Listening:
    """A port that remembers what came in, so that a board's last words can be told."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self.heard = b""

    def listen(self, on_bytes: OnBytes) -> None:
        def both(data: bytes, now_us: int) -> None:
            self.heard = (self.heard + data)[-_REMEMBERED:]
            on_bytes(data, now_us)

        self._port.listen(both)

    def write(self, data: bytes) -> int:
        return self._port.write(data)

    def close(self) -> None:
        self._port.close()

    @property
    def last_error(self) -> str | None:
        """The last exception that MicroPython printed."""
        found = _ERROR.findall(self.heard)
        return found[-1].decode(errors="replace") if found else None


def running(line: Line, tries: int = 4, timeout_s: float = ASK_S) -> Running | None:
    """Ask a port for our firmware; None if none answers. Raises RailError if the port cannot be opened."""
    return asyncio.run(_with_keys(line, tries, timeout_s, leave=False))


def ask_to_leave(line: Line, tries: int = 4, timeout_s: float = ASK_S) -> Running | None:
    """Ask our firmware for the console; None if none answers.

    Raises RailError if it refuses, as it does while it is armed.
    """
    return asyncio.run(_with_keys(line, tries, timeout_s, leave=True))


def _open(port: str) -> SerialPort:
    """A port, in the running event loop. Raises RailError if it cannot be opened, or goes under our hands."""
    try:
        return SerialPort(port, asyncio.get_running_loop())
    except GONE as error:
        raise RailError(f"{port} has gone ({error}); plug the board in again") from error


async def _with_keys(line: Line, tries: int, timeout_s: float, *, leave: bool) -> Running | None:
    # a board of another rail, or one before it was given a key, has no key or an unknown one
    for key in dict.fromkeys((line.key, None)):
        link = Link(_open(line.port), key, time.time_ns() // 1_000_000)
        try:
            said = await _hello(link, line.address, tries, timeout_s)
            if leave:
                await link.request(messages.CONSOLE, to=line.address, timeout_s=timeout_s, tries=tries)
            return said
        except NoAnswer:
            continue
        except Refused as error:
            raise RailError(f"it stays as it is: {error} (pacerail stop puts the lights out)") from error
        finally:
            link.close()
    return None


async def _hello(link: Link, address: int, tries: int, timeout_s: float) -> Running:
    """Who it is, of whatever version: newer and older ones are flashed too."""
    answer = await link.request(messages.HELLO, to=address, timeout_s=timeout_s, tries=tries)
    try:
        said = cast(dict[str, Any], json.loads(answer.payload))
        outputs = tuple(int(leds) for leds in said.get("outputs", ()))
        version, name, kind, uid = (str(said.get(key, "")) for key in ("version", "name", "type", "uid"))
    except (ValueError, TypeError, AttributeError):
        return Running("", "", "", "", ())
    return Running(version, name, kind, uid, outputs)


@dataclass(frozen=True)
class Waited:
    """How a wait for our firmware ended: what it said, or the error on its console if one was seen."""

    said: Running | None
    error: str | None


def wait_for(line: Line, limit_s: float, now_s: Callable[[], float], sleep: Callable[[float], None]) -> Waited:
    """Ask until our firmware answers, through ports that go and come; no longer than `limit_s`."""
    until_s = now_s() + limit_s
    while True:
        try:
            return asyncio.run(_wait(line, until_s, now_s))
        except RailError:  # its port is not there yet
            if now_s() >= until_s:
                return Waited(None, None)
            sleep(0.1)


async def _wait(line: Line, until_s: float, now_s: Callable[[], float]) -> Waited:
    port = _Listening(_open(line.port))
    try:
        link = Link(port, line.key, time.time_ns() // 1_000_000)
        while True:
            try:
                return Waited(await _hello(link, line.address, 1, ASK_S), None)
            except (NoAnswer, Refused):
                if port.last_error is not None and b">>> " in port.heard:
                    return Waited(None, port.last_error)  # it has ended in the console; more time changes nothing
                if now_s() >= until_s:
                    return Waited(None, port.last_error)
                await asyncio.sleep(0.05)
    finally:
        port.close()
