"""The WebSockets and the event stream of the server: what goes out as fast as each viewer takes it, and no faster.

A viewer that takes nothing for DROP_S is dropped: its page comes back by itself when it can. Nobody waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from aiohttp import WSMsgType, web

from pacerail.console import messages as m
from pacerail.console.hub import Hub, Seat
from pacerail.console.places import Places

DROP_S = 5.0
"""A viewer that takes nothing for so long is dropped; so is one that does not answer a ping."""
_PING_S = 6.0
_GOODBYE_S = 0.5
_BUFFER = 1 << 16  # bytes that the system may hold for a viewer: what is in it is old by the time it is read
_UNRULY = 1008  # WebSocket: the other end broke the rules
_STALLED = "it took nothing for too long"


class Sockets:
    """Serves a hub's viewers, as many as there are `places`. Raises Full to those for whom there is none."""

    def __init__(self, hub: Hub, places: Places) -> None:
        self._hub = hub
        self._places = places
        self._tasks: set[asyncio.Task[None]] = set()  # what was asked for goes on when the page is gone
        self._open: set[web.WebSocketResponse] = set()

    async def console(self, request: web.Request, role: str) -> web.StreamResponse:
        """A console's page: it gets everything, and may ask for things as its role allows."""
        with self._places.viewer(role, request.remote or "", time.monotonic()):
            return await self._console(request, role)

    async def _console(self, request: web.Request, role: str) -> web.StreamResponse:
        ws = await self._accept(request, m.LONGEST)
        wake = asyncio.Event()
        seat = self._hub.join(role, wake.set, lambda: _abort(request))
        sender = asyncio.ensure_future(self._send(request, ws, wake, lambda: self._next(ws, seat)))
        try:
            async for message in ws:
                if message.type != WSMsgType.TEXT:
                    await ws.close(code=_UNRULY, message=b"text was expected")
                    break
                self._start(self._hub.hear(seat, message.data, time.monotonic()))
        finally:
            self._open.discard(ws)
            self._hub.leave(seat)
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await sender
        return ws

    async def feed(self, request: web.Request, role: str) -> web.StreamResponse:
        """The feed for television as a WebSocket: the newest, as often as it is taken."""
        with self._places.feed(role, request.remote or "", time.monotonic()):
            return await self._feed(request)

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        ws = await self._accept(request, 64)
        wake = asyncio.Event()
        self._hub.feed_wakes.add(wake.set)
        wake.set()

        async def next_one() -> bool:
            if self._hub.feed is not None:
                await ws.send_frame(self._hub.feed, WSMsgType.TEXT)
            return False

        sender = asyncio.ensure_future(self._send(request, ws, wake, next_one))
        try:
            async for _ in ws:  # it has nothing to say
                pass
        finally:
            self._open.discard(ws)
            self._hub.feed_wakes.discard(wake.set)
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await sender
        return ws

    async def events(self, request: web.Request, role: str) -> web.StreamResponse:
        """The same as server-sent events."""
        with self._places.feed(role, request.remote or "", time.monotonic()):
            return await self._events(request)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        _small_buffer(request)
        wake = asyncio.Event()
        self._hub.feed_wakes.add(wake.set)
        wake.set()
        try:
            while True:
                await wake.wait()
                wake.clear()
                if self._hub.feed is not None:
                    async with asyncio.timeout(DROP_S):
                        await stream.write(b"data: " + self._hub.feed + b"\n\n")
        except (TimeoutError, ConnectionError):
            _abort(request)
        finally:
            self._hub.feed_wakes.discard(wake.set)
        return stream

    async def close(self) -> None:
        """Say goodbye to every viewer."""
        for ws in list(self._open):
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_GOODBYE_S):
                    await ws.close(code=1001, message=b"the program ends")

    async def _accept(self, request: web.Request, longest: int) -> web.WebSocketResponse:
        # no compression: what is sent is small, and each viewer would cost as much as the race
        ws = web.WebSocketResponse(
            heartbeat=_PING_S, max_msg_size=longest * 4, compress=False, writer_limit=_BUFFER, timeout=1.0
        )
        await ws.prepare(request)
        _small_buffer(request)
        self._open.add(ws)
        return ws

    async def _next(self, ws: web.WebSocketResponse, seat: Seat) -> bool:
        if seat.outbox.overfull:
            raise TimeoutError(_STALLED)
        item = seat.outbox.take()
        if item is None:
            return False
        data, is_text = item
        await ws.send_frame(data, WSMsgType.TEXT if is_text else WSMsgType.BINARY)
        return True

    async def _send(
        self,
        request: web.Request,
        ws: web.WebSocketResponse,
        wake: asyncio.Event,
        send_one: Callable[[], Awaitable[bool]],
    ) -> None:
        """Send while there is something, then wait. `send_one` returns whether there may be more."""
        try:
            while not ws.closed:
                await wake.wait()
                wake.clear()
                more = True
                while more:
                    async with asyncio.timeout(DROP_S):
                        more = await send_one()
        except (TimeoutError, ConnectionError):
            _abort(request)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """What was asked for goes on to its end, whatever becomes of the page that asked."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()


def _small_buffer(request: web.Request) -> None:
    """Hold little for a viewer that does not read: it is noticed soon, and what it gets then is new."""
    transport = request.transport
    if transport is None:
        return
    with contextlib.suppress(NotImplementedError):
        transport.set_write_buffer_limits(_BUFFER)
    raw = transport.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
