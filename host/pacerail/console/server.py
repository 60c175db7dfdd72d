"""The console's server: aiohttp in a thread and an event loop of its own, so that no viewer can hold up the race."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from aiohttp import web

from pacerail import __version__
from pacerail.console.access import Access
from pacerail.console.connections import USUAL, Connections, Limits
from pacerail.console.control import Viewer
from pacerail.console.desk import Desk
from pacerail.console.faults import Faults
from pacerail.console.hub import Hub
from pacerail.console.mailbox import Mailbox
from pacerail.console.messages import Wish
from pacerail.console.places import Places
from pacerail.console.routes import Documents, Routes
from pacerail.console.sockets import Sockets
from pacerail.console.told import rail_told
from pacerail.errors import InputError, RailError
from pacerail.model.rail import Rail
from pacerail.race.state import Level

T = TypeVar("T")
_STOP_S = 3.0


@dataclass(frozen=True)
class Offer:
    """What a page is told of this program when it comes."""

    simulated: bool
    plans: Sequence[str]
    """Names of plans to choose from."""


Beside = Callable[[Hub], Coroutine[Any, Any, None]]


class ConsoleServer:
    """Serves one night. Made in the race's thread; `mailbox` is where the desk publishes to.

    What is `beside` runs in the server's loop as long as it serves.
    """

    def __init__(
        self, access: Access, rail: Rail, offer: Offer, beside: Sequence[Beside] = (), limits: Limits = USUAL
    ) -> None:
        self.access = access
        """With the real port, once it serves."""
        self.mailbox = Mailbox(self._wake)
        self._rail = rail
        self._offer = offer
        self._beside = beside
        self._limits = limits
        self._rail_json = json.dumps(rail_told(rail), separators=(",", ":")).encode()
        self._desk: Desk | None = None
        self._early: deque[tuple[str, Level]] = deque(maxlen=100)  # for the log, before there is one
        self._race_loop: asyncio.AbstractEventLoop | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="console", daemon=True)
        self._up: Future[None] = Future()
        self._stop = asyncio.Event()
        self._hub = Hub(self, self._hello)

    def start(self) -> None:
        """Listen. Raises InputError if the address cannot be had."""
        self._thread.start()
        try:
            self._up.result()
        except OSError as error:
            self._thread.join()
            where = f"{self.access.host}:{self.access.port}"
            why = "something else uses it already" if error.errno == errno.EADDRINUSE else str(error.strerror or error)
            raise InputError(
                f"cannot serve the page at {where}: {why}; expected a free one, such as --listen 127.0.0.1:8360"
            ) from error

    def attend(self, desk: Desk, loop: asyncio.AbstractEventLoop) -> None:
        """Say who does what is asked for, and in which event loop."""
        self._race_loop, self._desk = loop, desk
        while self._early:
            self.note(*self._early.popleft())

    def close(self) -> None:
        """Say goodbye to every viewer and end the thread. Whatever hangs in there is left behind."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    # -- what the hub asks of the race's side

    def act(self, who: str, wish: Wish, at_s: float) -> Awaitable[None]:
        """Have it done in the race's loop."""
        desk = self._desk
        if desk is None:
            raise RailError("the program is not ready yet")
        return self._over_there(lambda: desk.act(who, wish, at_s))

    def note(self, words: str, level: Level = "info") -> None:
        """A line for the log of the night."""
        desk, loop = self._desk, self._race_loop
        if desk is None or loop is None:
            self._early.append((words, level))
        else:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(desk.note, words, level)

    async def _over_there(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run something in the race's loop and wait for it here. Raises RailError when that loop is gone."""
        loop = self._race_loop
        if loop is None or loop.is_closed():
            raise RailError("the program is ending")
        doing = work()
        try:
            future = asyncio.run_coroutine_threadsafe(doing, loop)
        except RuntimeError as error:
            doing.close()
            raise RailError("the program is ending") from error
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if future.cancelled():
                raise RailError("the program is ending") from None
            raise
        except RailError:
            raise
        except Exception as error:
            self.note(f"FAULT of this program: {error!r}", "bad")
            raise RailError(f"a fault of this program: {error!r}") from error

    # -- in the server's thread

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # it has been closed
            self._loop.call_soon_threadsafe(self._take_mail)

    def _take_mail(self) -> None:
        self._hub.take(self.mailbox.take())

    def _hello(self, viewer: Viewer) -> bytes:
        told = {
            "type": "hello",
            "version": __version__,
            "role": viewer.role,
            "id": viewer.id,
            "resume": viewer.key,
            "rate": 1.0 if self._desk is None else self._desk.rate,
            "simulated": self._offer.simulated,
            "plans": list(self._offer.plans),
        }
        return json.dumps(told, separators=(",", ":")).encode()[:-1] + b',"rail":' + self._rail_json + b"}"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            with contextlib.suppress(Exception):
                self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _serve(self) -> None:
        places = Places()
        sockets = Sockets(self._hub, places)
        routes = Routes(lambda: self.access, sockets, places, self._documents(), self._rail.track, self.note)
        faults = Faults(self.note)
        self._loop.set_exception_handler(faults.heard)

        def serves() -> asyncio.Protocol:
            assert runner.server is not None
            return runner.server()

        connections = Connections(serves, self._limits, self.note)
        app = routes.app()
        app.middlewares.insert(0, connections.middleware)
        runner = web.AppRunner(app, access_log=None, logger=faults.logger, handle_signals=False, shutdown_timeout=0.5)
        try:
            await runner.setup()
            listening = await self._loop.create_server(connections, self.access.host, self.access.port)
            self.access = replace(self.access, port=listening.sockets[0].getsockname()[1])
            self._up.set_result(None)
        except BaseException as error:
            await runner.cleanup()
            self._up.set_exception(error)
            return
        others = [asyncio.create_task(beside(self._hub)) for beside in self._beside]
        others.append(asyncio.create_task(connections.watch()))
        await self._stop.wait()
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        listening.close()
        await sockets.close()
        await runner.cleanup()

    def _documents(self) -> Documents:
        async def athlete() -> Any:
            return None if self._desk is None else self._desk.athlete()

        async def report() -> str | None:
            return None if self._desk is None else self._desk.report()

        return Documents(lambda: self._over_there(athlete), lambda: self._over_there(report))
