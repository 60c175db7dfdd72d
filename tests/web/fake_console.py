"""The console's server as its contract has it, with a made-up race behind it: the double that page tests talk to.

Start it by hand to look at the page with nothing else: `python -m tests.web.fake_console --boards 64 --leds 150`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import WSCloseCode, WSMsgType, web

from tests.web.fake_orders import too_late, wish
from tests.web.fake_race import LAP_M, FakeRace

PAGE = Path(__file__).parents[2] / "host" / "pacerail" / "console" / "page"
POLICY = "default-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
"""The same as the real server's: what the page may load, and from where."""
T = TypeVar("T")


class Viewer:
    def __init__(self, id: str, role: str, ws: web.WebSocketResponse) -> None:
        self.id, self.role, self.ws = id, role, ws
        self.name: str | None = None
        self.key = secrets.token_urlsafe(12)
        self.frame: list[bytes | None] = []


class FakeConsole:
    """Serves the page and plays a race. Runs in a thread of its own; `call` runs a function inside it."""

    def __init__(self, race: FakeRace | None = None) -> None:
        self.race = race or FakeRace(time.monotonic)
        self.viewers: dict[str, Viewer] = {}
        self.by: str | None = None
        self.token: str | None = None
        """What a page must have in its address; None: nothing."""
        self.left: tuple[str, str | None, bool] | None = None
        """Key and name of who went last, and whether control is still waiting for them."""
        self.asked: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.received: list[dict[str, Any]] = []
        self._heard = threading.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self.lap_m = LAP_M
        self.silent = False
        self.deaf_to: set[str] = set()
        """Messages of these types come, and are not heard before `hear_waiting`."""
        self._unheard: list[tuple[Viewer, dict[str, Any]]] = []
        self.holds_answers = False
        self._answers: list[tuple[Viewer, dict[str, Any]]] = []
        self.closed_to_all = False
        self.role = "control"
        self.count = 0
        self.seq = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> FakeConsole:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def call(self, act: Callable[[], T]) -> T:
        """Run it in the server's thread and return what it gives."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(act())
            except BaseException as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result(10)

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], timeout_s: float = 8.0) -> dict[str, Any]:
        """The first message from a page, of all so far and to come, that is wanted. Forgets those up to it."""
        with self._heard:
            found = self._heard.wait_for(lambda: next(filter(wanted, self.received), None), timeout_s)
            assert found is not None, f"not among {self.received}"
            del self.received[: self.received.index(found) + 1]
            return found

    def drop(self) -> None:
        """Break every connection, as a pulled cable does."""

        def act() -> None:
            for viewer in self.viewers.values():
                if viewer.ws._req is not None and viewer.ws._req.transport is not None:  # pyright: ignore[reportPrivateUsage]
                    viewer.ws._req.transport.abort()  # pyright: ignore[reportPrivateUsage]

        self.call(act)

    def hear_waiting(self) -> None:
        """Hear now what it was deaf to."""

        def act() -> None:
            self.deaf_to = set()
            waiting, self._unheard = self._unheard, []
            for viewer, told in waiting:
                self._hear(viewer, told)

        self.call(act)

    def answer_waiting(self) -> None:
        """Send the answers that were held back."""

        def act() -> None:
            self.holds_answers = False
            waiting, self._answers = self._answers, []
            for viewer, told in waiting:
                self._later(viewer, told)

        self.call(act)

    def event(self, words: str, level: str = "info", board: str | None = None) -> None:
        race = self.race
        told = {
            "type": "event", "fleet_us": round(race.fleet_s() * 1e6), "race_s": race.race_s(), "board": board,
            "words": words, "level": level,
        }  # fmt: skip
        self.events.append(told)
        for viewer in list(self.viewers.values()):
            self._later(viewer, told)

    # what follows runs in the server's thread

    def _later(self, viewer: Viewer, told: dict[str, Any]) -> None:
        task = asyncio.ensure_future(self._send(viewer, json.dumps(told)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, viewer: Viewer, data: str | bytes) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            await (viewer.ws.send_str(data) if isinstance(data, str) else viewer.ws.send_bytes(data))

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main())

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        app = web.Application()
        app.router.add_get("/ws", self._ws)
        app.router.add_get("/feed", self._feed)
        for path in ("/sheet", "/export.csv", "/export.json", "/report.json"):
            app.router.add_get(path, self._document)
        app.router.add_get("/", self._file)
        app.router.add_get("/{name}", self._file)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = runner.addresses[0][1]
        tasks = [asyncio.create_task(self._tell()), asyncio.create_task(self._light())]
        self._ready.set()
        await self._stop.wait()
        for task in tasks:
            task.cancel()
        for viewer in list(self.viewers.values()):
            await viewer.ws.close(code=WSCloseCode.GOING_AWAY)
        await runner.cleanup()

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = {"": "index.html", "overlay": "overlay.html"}.get(request.path[1:], request.path[1:])
        path = PAGE / name
        if not path.is_file():
            raise web.HTTPNotFound
        kind = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}.get(path.suffix, "text/html")
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
        return web.Response(body=path.read_bytes(), content_type=kind, charset="utf-8", headers=headers)

    def _guard(self, request: web.Request) -> None:
        if self.token is not None and request.query.get("token") != self.token:
            raise web.HTTPForbidden(text="no token, or a wrong one: use the link that the program printed\n")

    async def _document(self, request: web.Request) -> web.StreamResponse:
        self._guard(request)
        if request.path == "/export.csv":
            timed = [row for row in self.race.rows if row["time_s"] is not None]
            lines = ["distance_m,time_s", *(f"{row['distance_m']:g},{row['time_s']:.2f}" for row in timed)]
            headers = {"Content-Disposition": 'attachment; filename="athlete.csv"'}
            return web.Response(text="\n".join(lines) + "\n", content_type="text/csv", headers=headers)
        if request.path == "/sheet":
            return web.Response(text=f"<title>sheet</title>Plan {self.race.hash}", content_type="text/html")
        return web.json_response({"rows": self.race.rows, "token": request.query.get("token")})

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        keys = ("name", "colour", "visible", "distance_m", "track_m", "x", "y", "speed_mps", "finish_s")
        with contextlib.suppress(ConnectionError):
            while not ws.closed:
                if self.silent:
                    await asyncio.sleep(0.1)
                    continue
                state = self.race.state()
                told = {
                    "format": "pacerail-feed/1", "t": time.time(), "phase": state["phase"], "race_s": state["race_s"],
                    "rate": self.race.rate, "lap_m": self.lap_m,
                    "plan": {"title": "Breaking4", "hash": self.race.hash, "distance_m": 1609.344}
                    if self.race.plan
                    else None,
                    "waves": [{key: wave[key] for key in keys} for wave in state["waves"]],
                    "athlete": self.race.rows[-1] if self.race.rows else None, "gun": state["gun"],
                }  # fmt: skip
                await ws.send_str(json.dumps(told))
                await asyncio.sleep(0.1)
        return ws

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        if self.closed_to_all:
            raise web.HTTPServiceUnavailable
        self._guard(request)
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        self.count += 1
        viewer = Viewer(f"k{self.count}", "view" if request.query.get("token") == "look" else self.role, ws)
        await self._send(viewer, json.dumps(self.race.hello(viewer.role, viewer.id) | {"resume": viewer.key}))
        if self.race.plan:
            await self._send(viewer, json.dumps(self.race.plan_told()))
        for told in self.events[-200:]:
            await self._send(viewer, json.dumps(told))
        self.viewers[viewer.id] = viewer
        try:
            async for message in ws:
                if message.type == WSMsgType.TEXT:
                    self._hear(viewer, json.loads(message.data))
        finally:
            self._leave(viewer)
        return ws

    def _leave(self, viewer: Viewer) -> None:
        if self.viewers.pop(viewer.id, None) is None:
            return
        self.asked = [id for id in self.asked if id != viewer.id]
        self.left = (viewer.key, viewer.name, self.by == viewer.id)
        if self.by == viewer.id:
            self.by = None

    def _resume(self, viewer: Viewer, key: str) -> str | None:
        """Give a page back what it had: the seat with its key, if it is there still, or was the last to go."""
        for old in [one for one in self.viewers.values() if one.key == key]:
            self._leave(old)
            task = asyncio.ensure_future(old.ws.close())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self.left is None or self.left[0] != key:
            return "that key is not known"
        _, viewer.name, had = self.left
        self.left = None
        if had and self.by is None:
            self.by = viewer.id
        return None

    def _hear(self, viewer: Viewer, told: dict[str, Any]) -> None:
        deaf = told["type"] in self.deaf_to
        why = None if deaf else self._do(viewer, told)
        with self._heard:
            self.received.append(told)
            self._heard.notify_all()
        if deaf:
            self._unheard.append((viewer, told))
            return
        if why:
            self.event(f"refused: {told.get('order', told['type'])}: {why}", "warn")
            self._answer(viewer, {"type": "refused", "id": told["id"], "why": why})
        else:
            self._answer(viewer, {"type": "done", "id": told["id"]})

    def _answer(self, viewer: Viewer, told: dict[str, Any]) -> None:
        if self.holds_answers:
            self._answers.append((viewer, told))
        else:
            self._later(viewer, told)

    def _do(self, viewer: Viewer, told: dict[str, Any]) -> str | None:
        kind = told["type"]
        if kind == "name":
            viewer.name = told["name"]
            return None
        if kind == "resume":
            return self._resume(viewer, told["key"])
        if viewer.role != "control":
            return "this link is for watching only"
        if kind == "take":
            if self.by is None:
                self.by = viewer.id
            elif viewer.id != self.by and viewer.id not in self.asked:
                self.asked.append(viewer.id)
            self.left = None
            return None
        if self.by != viewer.id:
            return "this page is not in control"
        if kind == "hand":
            self.by, self.asked = told["to"], [id for id in self.asked if id != told["to"]]
            return None
        why = too_late(told, time.monotonic() * 1000)
        if why:
            return why
        before = (self.race.plan, self.race.confirmed)
        why = wish(self.race, told)
        if why is None:
            self.event(told.get("order", kind))
        if (self.race.plan, self.race.confirmed) != before:
            self.tell_plan()
        return why

    def tell_plan(self) -> None:
        """The plan to every screen, if there is one."""
        for viewer in self.viewers.values() if self.race.plan else ():
            self._later(viewer, self.race.plan_told())

    def state(self, viewer: Viewer) -> dict[str, Any]:
        self.seq += 1
        names = {one.id: one.name for one in self.viewers.values()}
        control = {
            "by": self.by, "name": names.get(self.by or ""), "you": self.by == viewer.id,
            "asked": [{"id": id, "name": names.get(id)} for id in self.asked],
        }  # fmt: skip
        return self.race.state() | {
            "seq": self.seq, "mono_ms": time.monotonic() * 1000, "control": control, "viewers": len(self.viewers),
        }  # fmt: skip

    async def _tell(self) -> None:
        while True:
            race_s = self.race.race_s()
            if self.race.phase == "armed" and race_s is not None and race_s >= 0:
                self.race.phase = "running"
            if not self.silent:
                for viewer in list(self.viewers.values()):
                    await self._send(viewer, json.dumps(self.state(viewer)))
            await asyncio.sleep(0.1)

    async def _light(self) -> None:
        while True:
            if not self.silent:
                frame = self.race.frame()
                for viewer in list(self.viewers.values()):
                    viewer.frame = viewer.frame or [None] * len(frame)
                    parts = [b"\1"]
                    for board, pixels in enumerate(frame):
                        if viewer.frame[board] != pixels:
                            viewer.frame[board] = pixels
                            parts += [board.to_bytes(2, "little"), pixels]
                    if len(parts) > 1:
                        await self._send(viewer, b"".join(parts))
            await asyncio.sleep(1 / 30)


def main() -> None:
    parser = argparse.ArgumentParser(description="The page, with a made-up race.")
    parser.add_argument("--boards", type=int, default=16)
    parser.add_argument("--leds", type=int, default=150)
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--port", type=int, default=8765)
    given = parser.parse_args()
    fake = FakeConsole(FakeRace(time.monotonic, given.boards, given.leds, given.rate))
    fake.port = given.port
    with fake:
        print(fake.url)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
