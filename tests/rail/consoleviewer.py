"""A console on a simulated rail for tests: the real server in its thread, and viewers that speak to it over sockets."""

from __future__ import annotations

import asyncio
import json
import struct
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from pacerail.bench.night import BenchNight, bench_night
from pacerail.bench.run import Settings
from pacerail.console.access import Access
from pacerail.console.connections import USUAL, Limits
from pacerail.console.desk import Desk, Pace
from pacerail.console.plans import loader
from pacerail.console.run import serve
from pacerail.console.server import Beside, ConsoleServer, Offer
from pacerail.model.rail import Rail, even_rail
from pacerail.report import Report

RAIL = even_rail(boards=2, leds=60)
PLAN = """\
title    = "two laps"
distance = "800 m"
[[wave]]
name     = "target"
colour   = "#00ff40"
length_m = 30
target   = "1:59.0"
[[wave]]
name     = "record"
colour   = "#ff0000"
length_m = 20
target   = "1:55.0"
"""
SHORT = """\
distance = "60 m"
[[wave]]
name   = "target"
colour = "#00ff40"
target = "9.0"
"""
FAST = Settings(speed=20.0, ppm=40)
PATIENCE_S = 30.0


@dataclass
class Viewer:
    """A page that is connected, and what it was told so far."""

    ws: aiohttp.ClientWebSocketResponse
    hello: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] | None = None
    state: dict[str, Any] | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[int, bytes] = field(default_factory=dict)
    pictures: int = 0
    _answers: dict[int | None, asyncio.Future[str | None]] = field(default_factory=dict)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)
    _count: int = 0

    async def read(self) -> None:
        """Take in what comes, until the connection ends."""
        async for message in self.ws:
            if message.type == aiohttp.WSMsgType.TEXT:
                self._take(json.loads(message.data))
            elif message.type == aiohttp.WSMsgType.BINARY:
                self.pictures += 1
                self.take_pixels(message.data)
            self._moved.set()
        self._moved.set()

    def take_pixels(self, data: bytes) -> None:
        """A binary message, by the contract."""
        assert data[0] == 1
        at = 1
        while at < len(data):
            (board,) = struct.unpack_from("<H", data, at)
            size = 3 * len(self.hello["rail"]["boards"][board]["leds"])
            self.rows[board] = data[at + 2 : at + 2 + size]
            at += 2 + size
        assert at == len(data)

    def _take(self, told: dict[str, Any]) -> None:
        kind = told["type"]
        if kind == "hello":
            self.hello = told
        elif kind == "plan":
            self.plan = told
        elif kind == "state":
            self.state = told
        elif kind == "event":
            self.events.append(told)
        else:
            answer = self._answers.pop(told["id"], None)
            if answer is not None:
                answer.set_result(told.get("why"))

    async def ask(self, kind: str, **fields: Any) -> str | None:
        """Send a message; None when it was done, else why it was refused."""
        return await self.sent(kind, **fields)

    def sent(self, kind: str, **fields: Any) -> asyncio.Task[str | None]:
        """Send a message; its answer is to be awaited."""
        self._count += 1
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._answers[self._count] = answer
        text = json.dumps({"type": kind, "id": self._count, **fields})

        async def whole() -> str | None:
            async with asyncio.timeout(PATIENCE_S):
                return await answer

        sending = asyncio.ensure_future(self.ws.send_str(text))
        task = asyncio.ensure_future(whole())
        task.add_done_callback(lambda _: sending.done())
        return task

    async def raw(self, text: str) -> str | None:
        """Send any text; why it was refused, where the answer has no id."""
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._answers[None] = answer
        await self.ws.send_str(text)
        async with asyncio.timeout(PATIENCE_S):
            return await answer

    async def until(self, true: Callable[[Viewer], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not true(self):
                self._moved.clear()
                await self._moved.wait()

    async def phase(self, *wanted: str) -> None:
        """Wait for a phase of the race."""
        await self.until(lambda v: v.state is not None and v.state["phase"] in wanted)

    @property
    def warned(self) -> list[dict[str, str]]:
        """The warnings of now."""
        return [] if self.state is None else self.state["warnings"]

    def said(self, words: str) -> bool:
        """Whether the log says it."""
        return any(words in event["words"] for event in self.events)


class Door:
    """Where viewers come in."""

    def __init__(self, access: Access, session: aiohttp.ClientSession) -> None:
        self.access = access
        self.session = session
        self._reading: list[asyncio.Task[None]] = []

    def url(self, path: str, token: str | None = None) -> str:
        """The address of a path."""
        query = "" if token is None else f"?token={token}"
        return f"http://127.0.0.1:{self.access.port}{path}{query}"

    async def view(self, token: str | None = None, origin: str | None = "", read: bool = True) -> Viewer:
        """A viewer, once it has been greeted."""
        if origin == "":
            origin = f"http://127.0.0.1:{self.access.port}"
        headers = {} if origin is None else {"Origin": origin}
        ws = await self.session.ws_connect(self.url("/ws", token), headers=headers, max_msg_size=0)
        viewer = Viewer(ws)
        if read:
            self._reading.append(asyncio.ensure_future(viewer.read()))
            await viewer.until(lambda v: v.state is not None)
        return viewer

    async def close(self) -> None:
        """All viewers leave."""
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)


Scenario = Callable[[Door, BenchNight], Awaitable[None]]


def played(
    scenario: Scenario,
    settings: Settings,
    *,
    rail: Rail = RAIL,
    access: Access | None = None,
    by_itself: Path | None = None,
    beside: tuple[Beside, ...] = (),
    limits: Limits = USUAL,
) -> tuple[BenchNight, list[Report]]:
    """Play a scenario in a thread of its own against a bench with its console; it ends with the scenario."""
    reports: list[Report] = []
    load = loader(rail.track, [], anywhere=True)
    server = ConsoleServer(access or Access("127.0.0.1", 0), rail, Offer(True, ["a"]), beside, limits)
    server.start()
    with bench_night(rail, settings, load, lambda report, race: reports.append(report)) as (bench, loop):

        async def whole() -> None:
            desk = Desk(bench.night, bench, Pace(settings.speed, bench.fleet_us_at, bench.catch_up), server.mailbox)
            desk.report = lambda: None if bench.report is None else json.dumps(bench.report.as_dict())

            async def first() -> None:
                if by_itself is not None:
                    await bench.run_by_itself(str(by_itself))

            await serve(desk, server, first)
            await bench.close()

        failed: list[BaseException] = []
        task = loop.create_task(whole())

        def in_thread() -> None:
            async def run() -> None:
                async with aiohttp.ClientSession() as session:
                    door = Door(server.access, session)
                    try:
                        await scenario(door, bench)
                    finally:
                        await door.close()

            try:
                asyncio.run(run())
            except BaseException as error:
                failed.append(error)
            finally:
                loop.call_soon_threadsafe(task.cancel)

        thread = threading.Thread(target=in_thread)
        thread.start()
        try:
            loop.run_until_complete(task)
        finally:
            thread.join()
        if failed:
            raise failed[0]
    return bench, reports


async def make_ready(viewer: Viewer, plan: Path) -> None:
    """In control, and the plan loaded, confirmed and on the boards."""
    assert await viewer.ask("take") is None
    assert await viewer.ask("load", plan=str(plan)) is None
    await viewer.until(lambda v: v.plan is not None)
    assert viewer.plan is not None
    assert await viewer.ask("confirm", hash=viewer.plan["hash"]) is None
    assert await viewer.ask("prepare") is None
