"""The link over USB without the chip: what it makes of a console that waits for bytes and of a terminal with filler."""

from __future__ import annotations

import importlib
import io
import os
import select
import sys
import types
from typing import Any

import pytest

from pacerail_node.links import usb_kernel  # before there is a `micropython` to import


class Console:
    """MicroPython's stdin.buffer: the bytes that have come, then those of a second terminal; else it waits."""

    def __init__(self) -> None:
        self.come = bytearray()
        self.second: io.BytesIO | None = None
        self.sent = b""
        self.room = True
        self.reads = 0
        self.link: Any = None

    def dupterm(self, stream: io.BytesIO | None) -> None:
        """os.dupterm."""
        self.second = stream

    def readinto(self, block: bytearray) -> int:
        """All of the block, whatever there is."""
        self.reads += 1
        for i in range(len(block)):
            if self.come:
                block[i] = self.come.pop(0)
            else:
                assert self.second is not None, "the board hangs: it waits for a byte"
                (block[i],) = self.second.read(1)
        return len(block)

    def write(self, buffer: bytearray, count: int) -> None:
        """Send."""
        assert self.second is None, "the filler's terminal would get it too"
        self.sent += bytes(buffer[:count])

    def ipoll(self, write: bool) -> list[int]:
        """What select.poll says of it."""
        return [1] if (self.room if write else self.come) else []


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Console:
    """A console in the place of this process's own."""
    console = Console()

    class Poll:
        def register(self, stream: object, flags: int) -> None:
            self.write = flags == 4

        def ipoll(self, timeout: int) -> list[int]:
            return console.ipoll(self.write)

    micropython: Any = types.ModuleType("micropython")
    micropython.kbd_intr = lambda char: None
    monkeypatch.setitem(sys.modules, "micropython", micropython)
    monkeypatch.delitem(sys.modules, "pacerail_node.links.usb", raising=False)
    monkeypatch.setattr(os, "dupterm", console.dupterm, raising=False)
    monkeypatch.setattr(select, "poll", Poll, raising=False)
    monkeypatch.setattr(select, "POLLIN", 1, raising=False)
    monkeypatch.setattr(select, "POLLOUT", 4, raising=False)
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=console))
    monkeypatch.setattr(sys, "stdout", types.SimpleNamespace(buffer=console))
    console.link = importlib.import_module("pacerail_node.links.usb").Link()
    return console


@pytest.mark.parametrize("count", [1, 12, 31, 32, 33, 64, 96, 97, 128, 200, 300])
def test_everything_that_has_come_is_read_and_nothing_is_waited_for(console: Console, count: int) -> None:
    """In blocks, up to what the buffer takes."""
    link = console.link
    data = bytes(2 + i % 254 for i in range(count))
    buffer = bytearray(128)
    assert not link.any() and link.readinto(buffer) == 0 and console.reads == 0
    console.come += data
    got = b""
    while link.any():
        some = link.readinto(buffer)
        assert some > 0
        got += bytes(buffer[:some])
    assert got == data
    assert console.second is None, "the console has its own way of reading again"
    assert console.reads <= count // 32 + 1


def test_filler_bytes_that_really_came_are_lost_and_nothing_else(console: Console) -> None:
    """0x01 stands in no frame."""
    link = console.link
    console.come += b"\x00a\x01b\x03\x01\x00"
    buffer = bytearray(128)
    assert bytes(buffer[: link.readinto(buffer)]) == b"\x00ab\x03\x00"


def test_a_host_that_does_not_read_stops_nothing(console: Console) -> None:
    """What cannot be sent now is not sent."""
    link = console.link
    link.write(bytearray(b"answer and more"), 6)
    console.room = False
    link.write(bytearray(b"never"), 5)
    assert console.sent == b"answer"


def test_take_leaves_the_rest_of_the_buffer_alone() -> None:
    """It writes what it copies."""
    buffer = bytearray(b"........")
    assert usb_kernel.take(buffer, 2, bytearray(b"x\x01y\x01z"), 4) == 4
    assert buffer == b"..xy...."
