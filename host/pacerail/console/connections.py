"""Connections to the server: how many there may be, and how long one keeps its place without asking for anything.

Whoever can reach the port can connect, with no link at all. That must not keep out a page that comes back.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from pacerail.console.allowance import Allowance
from pacerail.race.state import Level

_NOTES_AT_ONCE, _NOTES_A_SECOND = 3, 0.05  # of those that were turned away


@dataclass(frozen=True)
class Limits:
    """What connections may take."""

    connections: int = 300
    """At once, whatever they want: files and ports that the race opens come out of the same purse."""
    of_one: int = 40
    """Of them from one address. This computer's own are not counted so: tunnels come out there."""
    idle_s: float = 10.0
    """Without a whole request: before the first one, and between two."""
    take_s: float = 60.0
    """For an answer that is not taken, a stream's apart."""


USUAL = Limits()
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Connections:
    """Those of one server. `make` makes what serves one; `note` gets a line for the log about who is turned away.

    Called, it makes the protocol of a connection, for `create_server`. `middleware` is the application's outermost: it
    says who has asked for something.
    """

    def __init__(
        self, make: Callable[[], asyncio.Protocol], limits: Limits, note: Callable[[str, Level], None]
    ) -> None:
        self._make = make
        self._limits = limits
        self._note = note
        self._notes = Allowance(_NOTES_AT_ONCE, _NOTES_A_SECOND)
        self._open: dict[asyncio.BaseTransport, _Connection] = {}
        self._of: Counter[str] = Counter()

    def __call__(self) -> asyncio.Protocol:
        return _Connection(self)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """While a request is being seen to its connection is not idle; a stream's is not as long as it runs."""
        connection = None if request.transport is None else self._open.get(request.transport)
        if connection is None:
            return await handler(request)
        connection.idle_from_s = None
        try:
            return await handler(request)
        finally:
            connection.idle_from_s = asyncio.get_running_loop().time()

    async def watch(self) -> None:
        """Break off those that are idle for too long, until cancelled."""
        while True:
            await asyncio.sleep(self._limits.idle_s / 4)
            now_s = asyncio.get_running_loop().time()
            for transport, connection in list(self._open.items()):
                if connection.idle_from_s is None or not isinstance(transport, asyncio.Transport):
                    continue
                most_s = self._limits.take_s if transport.get_write_buffer_size() else self._limits.idle_s
                if now_s - connection.idle_from_s > most_s:
                    transport.abort()

    def came(self, transport: asyncio.Transport, connection: _Connection) -> asyncio.Protocol | None:
        """What serves one that has come; None for one too many."""
        address = connection.address
        now_s = asyncio.get_running_loop().time()
        why = None
        if len(self._open) >= self._limits.connections:
            why = f"there are {len(self._open)} connections"
        elif self._of[address] >= self._limits.of_one and not is_here(address):
            why = f"it has {self._of[address]} connections"
        if why is not None:
            if self._notes.take(now_s):
                self._note(f"somebody at {address} was turned away: {why}", "warn")
            return None
        self._open[transport] = connection
        self._of[address] += 1
        connection.idle_from_s = now_s
        return self._make()

    def went(self, transport: asyncio.Transport) -> None:
        """One has gone, for good: its place is free."""
        connection = self._open.pop(transport, None)
        if connection is not None:
            self._of[connection.address] -= 1
            self._of += Counter()  # forgets those that have none


class _Connection(asyncio.Protocol):
    """A connection: turned away, or passed on as it is to what serves it."""

    def __init__(self, of: Connections) -> None:
        self.address = ""
        self.idle_from_s: float | None = None
        """Since when it has asked for nothing, by the loop's clock; None while it is being served."""
        self._all = of
        self._transport: asyncio.Transport | None = None
        self._serves: asyncio.Protocol | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        peer = transport.get_extra_info("peername")  # none if it has gone already
        self.address = str(peer[0]) if peer else ""
        self._transport = transport
        self._serves = self._all.came(transport, self)
        if self._serves is None:
            transport.abort()
        else:
            self._serves.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._serves is not None:
            self._serves.data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._serves is None else self._serves.eof_received()

    def pause_writing(self) -> None:
        if self._serves is not None:
            self._serves.pause_writing()

    def resume_writing(self) -> None:
        if self._serves is not None:
            self._serves.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._all.went(self._transport)
        if self._serves is not None:
            self._serves.connection_lost(exc)


def is_here(address: str) -> bool:
    """Whether it is this computer's own: 127.0.0.1, ::1, and as IPv6 has the first (RFC 4291, 2.5.5.2)."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (ip if mapped is None else mapped).is_loopback
