"""The ports on which a FinishLynx feed comes in: TCP (either way round), UDP, serial. Bytes and their times, no more.

Every feed hands `Chunk`s to whoever listens, stamped with the host's clock as soon as they are read, comes back by
itself when the other end goes away, and closes cleanly. Addresses are URLs:

    tcp-listen://:9999            FinishLynx connects to us (its "Network (connect)")
    tcp://192.168.1.20:9999       we connect to FinishLynx (its "Network (listen)")
    udp://:9999                   FinishLynx sends datagrams (its "Network (UDP)")
    serial:///dev/ttyUSB0         a COM port; ?baud=9600 is the default

FinishLynx runs on another machine, so a listening feed without an address takes all of this one's: bound to 127.0.0.1
it would never hear anything, and on race night that looks like a broken cable. `udp://10.0.0.5:9999` binds to one, and
`?from=192.168.1.20` makes any listening feed deaf to everyone else, which a network shared with others needs: nothing
in the feed proves who sent it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import serial

from pacerail.errors import RailError
from pacerail.link import HostClock
from pacerail.lynx import Chunk
from pacerail.ports import device_of, host_clock_us

BAUD = 9600
RETRY_S = 1.0
_READ_S = 0.2
_CONNECT_S = 5.0
_SIZE = 4096

OnChunk = Callable[[Chunk], None]
OnHangUp = Callable[[str], None]


class Feed(Protocol):
    """A port that is open, or keeps trying to be."""

    @property
    def address(self) -> str:
        """Where it listens or what it is connected to, as a person would say it."""
        ...

    async def close(self) -> None:
        """Let go of the port; nothing is delivered any more."""
        ...


@dataclass(frozen=True, slots=True)
class Ears:
    """Who is told, always in the event loop, and how it is done."""

    on_chunk: OnChunk
    on_hang_up: OnHangUp = lambda sender: None
    clock: HostClock = host_clock_us
    retry_s: float = RETRY_S


@dataclass(frozen=True, slots=True)
class FeedUrl:
    """The parts of a feed's URL; `host` is empty, and `port` 0, where they do not matter."""

    scheme: str
    host: str
    port: int
    device: str
    baud: int
    only_from: str | None


def parse_url(url: str) -> FeedUrl:
    """Take a feed's URL (see above) apart. Raises RailError, with what was expected, if it is not one."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        options = {key: values[-1] for key, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
        baud = int(options.pop("baud", BAUD))
    except ValueError as error:
        raise RailError(f"{url}: {error}; expected something like tcp-listen://:9999") from error
    only_from = options.pop("from", None)
    if options:
        raise RailError(f"{url}: {', '.join(options)} is no option here; there are from and baud")
    if parts.scheme == "serial" and parts.netloc + parts.path:
        return FeedUrl("serial", "", 0, parts.netloc + parts.path, baud, only_from)
    if port is None or parts.scheme not in ("tcp", "tcp-listen", "udp") or (parts.scheme == "tcp" and not host):
        raise RailError(f"{url}: expected tcp-listen://:PORT, tcp://HOST:PORT, udp://:PORT or serial://DEVICE")
    return FeedUrl(parts.scheme, host or "", port, "", baud, only_from)


async def open_feed(url: str, ears: Ears) -> Feed:
    """Open the feed of a URL (see above). Raises RailError if it is not one, or if we cannot listen there.

    What is not there yet (a machine to connect to, a serial adapter) is no error: it is tried again, each second.
    """
    parts = parse_url(url)
    if parts.scheme == "serial":
        return SerialFeed(parts.device, parts.baud, ears)
    try:
        if parts.scheme == "tcp-listen":
            return await ListenFeed.open(parts.host or None, parts.port, parts.only_from, ears)
        if parts.scheme == "udp":
            return await UdpFeed.open(parts.host or "0.0.0.0", parts.port, parts.only_from, ears)
    except OSError as error:
        raise RailError(f"{url}: cannot listen there ({error}); does something else use that port?") from error
    return ConnectFeed(parts.host, parts.port, ears)


def _name(peer: Sequence[object] | None) -> tuple[str, str]:
    """A peer's address alone, and with its port."""
    if not peer or len(peer) < 2:
        return "unknown", "unknown"
    return str(peer[0]), f"{peer[0]}:{peer[1]}"


async def _deliver(reader: asyncio.StreamReader, sender: str, ears: Ears) -> None:
    """Hand on what a connection brings until it ends."""
    try:
        while data := await reader.read(_SIZE):
            ears.on_chunk(Chunk(data, ears.clock(), sender))
    except OSError:
        pass  # reset by the other end: as good as an end
    finally:
        ears.on_hang_up(sender)


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class ListenFeed:
    """TCP, FinishLynx connects to us; several may."""

    def __init__(self, only_from: str | None, ears: Ears) -> None:
        self._only_from = only_from
        self._ears = ears
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, host: str | None, port: int, only_from: str | None, ears: Ears) -> ListenFeed:
        """Listen. Raises OSError when the port is not to be had."""
        feed = cls(only_from, ears)
        feed._server = await asyncio.start_server(feed._connected, host or "0.0.0.0", port)
        return feed

    @property
    def address(self) -> str:
        """Where it listens."""
        sockets = self._server.sockets if self._server is not None else ()
        return "TCP, listening on " + ", ".join(_name(socket.getsockname())[1] for socket in sockets)

    async def close(self) -> None:
        """Stop listening, end all connections."""
        if self._server is not None:
            self._server.close()
        await _end(self._tasks)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, sender = _name(writer.get_extra_info("peername"))
        try:
            if self._only_from in (None, host):
                await _deliver(reader, sender, self._ears)
        finally:
            writer.close()


class ConnectFeed:
    """TCP, FinishLynx listens; connected to again whenever the connection ends."""

    def __init__(self, host: str, port: int, ears: Ears) -> None:
        self._host, self._port, self._ears = host, port, ears
        self._task = asyncio.ensure_future(self._run())

    @property
    def address(self) -> str:
        """What it connects to."""
        return f"TCP, to {self._host}:{self._port}"

    async def close(self) -> None:
        """End the connection."""
        await _end({self._task})

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CONNECT_S):
                    reader, writer = await asyncio.open_connection(self._host, self._port)
                try:
                    await _deliver(reader, f"{self._host}:{self._port}", self._ears)
                finally:
                    writer.close()
            await asyncio.sleep(self._ears.retry_s)


class UdpFeed(asyncio.DatagramProtocol):
    """UDP; a sender is an address and a port."""

    def __init__(self, only_from: str | None, ears: Ears) -> None:
        self._only_from = only_from
        self._ears = ears
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls, host: str, port: int, only_from: str | None, ears: Ears) -> UdpFeed:
        """Listen. Raises OSError when the port is not to be had."""
        loop = asyncio.get_running_loop()
        transport, feed = await loop.create_datagram_endpoint(lambda: cls(only_from, ears), local_addr=(host, port))
        feed._transport = transport
        return feed

    @property
    def address(self) -> str:
        """Where it listens."""
        name = None if self._transport is None else self._transport.get_extra_info("sockname")
        return f"UDP, listening on {_name(name)[1]}"

    async def close(self) -> None:
        """Stop listening."""
        if self._transport is not None:
            self._transport.close()
            await asyncio.sleep(0)  # the socket is closed in the loop's next round

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Called by asyncio."""
        host_us = self._ears.clock()
        host, sender = _name(addr)
        if self._only_from in (None, host):
            self._ears.on_chunk(Chunk(data, host_us, sender, datagram=True))


class SerialFeed:
    """A serial port, read and stamped in a thread; opened again whenever it goes away."""

    def __init__(self, port: str, baud: int, ears: Ears) -> None:
        self._port, self._baud, self._ears = port, baud, ears
        self._loop = asyncio.get_running_loop()
        self._closing = threading.Event()
        self._open: serial.Serial | None = None
        self._thread = threading.Thread(target=self._run, name=f"lynx {port}", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Which port."""
        return f"serial, {self._port} at {self._baud}"

    async def close(self) -> None:
        """Stop reading and close the port."""
        self._closing.set()
        with contextlib.suppress(OSError, serial.SerialException, AttributeError):
            if self._open is not None:
                self._open.cancel_read()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(OSError, TypeError, ValueError, serial.SerialException, RailError):
                device = device_of(self._port)
                with serial.serial_for_url(device, baudrate=self._baud, timeout=_READ_S) as self._open:
                    self._read(self._open)
            self._open = None
            self._closing.wait(self._ears.retry_s)

    def _read(self, port: serial.Serial) -> None:
        try:
            while not self._closing.is_set():
                data = port.read(1)
                host_us = self._ears.clock()
                if data:
                    data += port.read(port.in_waiting)
                    self._tell(partial(self._ears.on_chunk, Chunk(data, host_us, self._port)))
        finally:
            self._tell(partial(self._ears.on_hang_up, self._port))

    def _tell(self, tell: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._unless_closing, tell)

    def _unless_closing(self, tell: Callable[[], None]) -> None:
        if not self._closing.is_set():
            tell()
