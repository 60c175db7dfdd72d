"""The ports of a FinishLynx feed: real sockets and a pseudo-terminal, from a feed to the format to the zero.

The bytes go through the real port; their times come from the feed, so that nothing here waits for a clock.
"""

from __future__ import annotations

import asyncio
import os
import pty
import random
import socket
import termios
import tty
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.unit.lynx_streams import ZERO_US, Timed, running

from pacerail.errors import RailError
from pacerail.lynx import Chunk
from pacerail.lynxfeed import Ears, Feed, open_feed
from pacerail.lynxgun import LynxGun

HOST = "127.0.0.1"
Send = Callable[[bytes], Awaitable[None]]


@dataclass
class Listener:
    """Takes what a feed delivers; the clock shows what the test sets."""

    now_us: int = 0
    gun: LynxGun = field(default_factory=LynxGun)
    chunks: list[Chunk] = field(default_factory=list[Chunk])
    gone: list[str] = field(default_factory=list[str])
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def ears(self) -> Ears:
        """For `open_feed`."""
        return Ears(self.take, self.hung_up, lambda: self.now_us, retry_s=0.01)

    def take(self, chunk: Chunk) -> None:
        """A chunk came."""
        self.chunks.append(chunk)
        self.gun.take(chunk)
        self.news.set()

    def hung_up(self, sender: str) -> None:
        """A connection ended."""
        self.gone.append(sender)
        self.gun.hung_up(sender)
        self.news.set()

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait until something is so, which it must be soon."""
        async with asyncio.timeout(5):
            while not met():
                self.news.clear()
                await self.news.wait()

    async def hears(self, feed: Timed, send: Send) -> None:
        """Send a feed, line by line, at the feed's own times, and check the zero that comes of it."""
        size = sum(len(chunk.data) for chunk in self.chunks)
        for data, host_us in feed:
            self.now_us = host_us
            size += len(data)
            await send(data)
            await self.until(lambda size=size: sum(len(chunk.data) for chunk in self.chunks) == size)
        gun = self.gun.gun()
        assert gun is not None, self.gun.why_not()
        assert abs(gun.zero_us - ZERO_US) <= min(gun.bound_us, 40_000)
        assert not self.gun.ignored


@asynccontextmanager
async def opened(url: str, listener: Listener) -> AsyncIterator[Feed]:
    """A feed, closed again whatever happens."""
    feed = await open_feed(url, listener.ears())
    try:
        yield feed
    finally:
        async with asyncio.timeout(5):
            await feed.close()


def port_of(feed: Feed) -> int:
    """The port that the system chose."""
    return int(feed.address.rpartition(":")[2])


def a_feed(number: int = 1) -> Timed:
    """Three seconds of running clock, of the same race each time."""
    return running(random.Random(number), number * 5.0 + 3.0, from_s=number * 5.0)


def test_tcp_listening() -> None:
    """FinishLynx connects, hangs up and connects again; the zero outlives its connection."""

    async def play() -> None:
        listener = Listener()
        async with opened(f"tcp-listen://{HOST}:0", listener) as feed:
            for number in (1, 2):
                _, writer = await asyncio.open_connection(HOST, port_of(feed))

                async def send(data: bytes, writer: asyncio.StreamWriter = writer) -> None:
                    writer.write(data)
                    await writer.drain()

                await listener.hears(a_feed(number), send)
                writer.close()
                await listener.until(lambda number=number: len(listener.gone) == number)
                assert listener.gun.gun() is not None

    asyncio.run(play())


def test_tcp_connecting() -> None:
    """We connect, wait for a FinishLynx that is not there yet, and come back when it went away."""

    async def play() -> None:
        listener = Listener()
        with socket.socket() as reserved:
            reserved.bind((HOST, 0))
            port = int(reserved.getsockname()[1])
        came: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        async with opened(f"tcp://{HOST}:{port}", listener):
            server = await asyncio.start_server(lambda _, writer: came.put_nowait(writer), HOST, port)
            for number in (1, 2):
                async with asyncio.timeout(5):
                    writer = await came.get()

                async def send(data: bytes, writer: asyncio.StreamWriter = writer) -> None:
                    writer.write(data)
                    await writer.drain()

                await listener.hears(a_feed(number), send)
                writer.close()
                await listener.until(lambda number=number: len(listener.gone) == number)
            server.close()

    asyncio.run(play())


def test_udp() -> None:
    """Datagrams, one a message."""

    async def play() -> None:
        listener = Listener()
        async with opened(f"udp://{HOST}:0", listener) as feed:
            with socket.socket(type=socket.SOCK_DGRAM) as sender:
                sender.connect((HOST, port_of(feed)))

                async def send(data: bytes) -> None:
                    sender.send(data)

                await listener.hears(a_feed(), send)
            assert all(chunk.datagram for chunk in listener.chunks)

    asyncio.run(play())


def test_serial(tmp_path: Path) -> None:
    """A pseudo-terminal for a COM port; the plug is pulled, and another port is there instead."""

    async def play() -> None:
        listener = Listener()
        ends = [pty.openpty(), pty.openpty()]
        before = 0
        for _, slave in ends:
            tty.setraw(slave)
        link = tmp_path / "ttyLYNX"
        os.symlink(os.ttyname(ends[0][1]), link)
        async with opened(f"serial://{link}?baud=19200", listener) as feed:
            assert feed.address == f"serial, {link} at 19200"
            for number, (master, slave) in enumerate(ends, 1):

                async def send(data: bytes, master: int = master) -> None:
                    os.write(master, data)

                while len(listener.chunks) == before:  # opening a port throws away what came before
                    os.write(master, b"\n")
                    await asyncio.sleep(0.01)
                os.write(master, b"\x02")
                await listener.until(lambda: listener.chunks[-1].data.endswith(b"\x02"))
                await listener.hears(a_feed(number), send)
                assert termios.tcgetattr(slave)[4] == termios.B19200
                os.unlink(link)
                os.symlink(os.ttyname(ends[1][1]), link)
                os.close(slave)
                os.close(master)
                await listener.until(lambda number=number: len(listener.gone) == number)
                before = len(listener.chunks)

    asyncio.run(play())


def test_only_from_one_address() -> None:
    """What another machine sends is not even looked at."""

    async def play() -> None:
        listener = Listener()
        async with opened(f"udp://{HOST}:0?from=127.0.0.1", listener) as feed:
            with socket.socket(type=socket.SOCK_DGRAM) as stranger, socket.socket(type=socket.SOCK_DGRAM) as ours:
                stranger.bind(("127.0.0.2", 0))
                stranger.sendto(b"PACERAIL ARM\r\n", (HOST, port_of(feed)))
                ours.sendto(b"9.9\r\n", (HOST, port_of(feed)))
                await listener.until(lambda: bool(listener.chunks))
        assert [chunk.data for chunk in listener.chunks] == [b"9.9\r\n"]
        async with opened(f"tcp-listen://{HOST}:0?from=127.0.0.9", listener) as feed:
            reader, writer = await asyncio.open_connection(HOST, port_of(feed))
            async with asyncio.timeout(5):
                assert await reader.read() == b""  # hung up on
            writer.close()
        assert len(listener.chunks) == 1 and not listener.gone

    asyncio.run(play())


def test_a_closed_feed_delivers_nothing_and_frees_its_port() -> None:
    """Also with a connection that is still open."""

    async def play() -> None:
        listener = Listener()
        async with opened(f"tcp-listen://{HOST}:0", listener) as feed:
            port = port_of(feed)
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(b"1.0\r\n")
            await listener.until(lambda: bool(listener.chunks))
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        async with opened(f"tcp-listen://{HOST}:{port}", listener):
            pass
        assert len(listener.chunks) == 1

    asyncio.run(play())


@pytest.mark.parametrize(
    ("url", "words"),
    [("9999", "expected tcp-listen"), ("tcp://:9999", "expected tcp-listen"), ("udp://:port", "expected something"),
     ("udp://:99999", "expected something"), ("tcp-listen://", "expected tcp-listen"), ("http://x:1", "expected tcp"),
     ("udp://:0?form=1", "form is no option"), ("serial:///dev/x?baud=fast", "expected something"),
     ("udp://192.0.2.1:9999", "cannot listen there")],
)  # fmt: skip
def test_what_is_no_feed(url: str, words: str) -> None:
    """Said at once, with what was expected."""
    with pytest.raises(RailError, match=words):
        asyncio.run(open_feed(url, Listener().ears()))  # type: ignore[arg-type]
