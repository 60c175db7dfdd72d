"""The server's pages and files: which there are, who gets them, and the headers that keep other sites out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from pacerail.console.access import Access
from pacerail.console.allowance import Allowance
from pacerail.console.places import Full, Places
from pacerail.console.sockets import Sockets
from pacerail.model.athlete import Passings
from pacerail.model.athletefile import to_csv, to_json
from pacerail.model.plan import Plan
from pacerail.model.track import Track
from pacerail.race.state import Level

PAGE = Path(__file__).parent / "page"
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain",
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_SHEET_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'"
_NOTES_AT_ONCE, _NOTES_A_SECOND = 10, 0.2  # refusals that get into the log
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Documents:
    """What the race's side is asked for, when somebody wants it."""

    athlete: Callable[[], Awaitable[tuple[Passings, Plan] | None]]
    report: Callable[[], Awaitable[str | None]]
    """As JSON."""


class Routes:
    """All paths of the server. `access` says how it may be reached; its port is known once it serves.

    `note` gets a line for the log about who was refused.
    """

    def __init__(
        self,
        access: Callable[[], Access],
        sockets: Sockets,
        places: Places,
        documents: Documents,
        track: Track,
        note: Callable[[str, Level], None],
    ) -> None:
        self._access = access
        self._sockets = sockets
        self._places = places
        self._sheets: tuple[Plan, str] | None = None
        self._drawing = asyncio.Lock()
        self._documents = documents
        self._track = track
        self._note = note
        self._notes = Allowance(_NOTES_AT_ONCE, _NOTES_A_SECOND)

    def app(self) -> web.Application:
        """The application that serves them."""
        app = web.Application(middlewares=[self._guard], client_max_size=4096)
        app.on_response_prepare.append(_with_headers)
        for path, stream in (("/ws", self._ws), ("/feed", self._feed), ("/events", self._events)):
            app.router.add_get(path, stream, allow_head=False)  # it would never end
        app.router.add_get("/sheet", self._sheet)
        app.router.add_get("/export.csv", self._csv)
        app.router.add_get("/export.json", self._json)
        app.router.add_get("/report.json", self._report)
        app.router.add_get("/", self._file("index.html"))
        app.router.add_get("/overlay", self._file("overlay.html"))
        app.router.add_get("/{name:[A-Za-z0-9_-][A-Za-z0-9._-]*}", self._named)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Only requests that name this server; and who is refused gets into the log, within an allowance."""
        if not self._access().knows_host(request.headers.get("Host", "")):
            self._refused(request, "another name than this server's")
            return web.Response(status=421, text="this server goes by its address; a name that points here is not it\n")
        try:
            return await handler(request)
        except Full as full:
            self._refused(request, str(full))
            raise web.HTTPServiceUnavailable(text=f"{full}\n", headers={"Retry-After": "5"}) from None
        except web.HTTPForbidden as error:
            self._refused(request, (error.text or "").strip())
            raise

    def _refused(self, request: web.Request, why: str) -> None:
        if self._notes.take(time.monotonic()):
            self._note(f"somebody at {request.remote} was refused {_shown(request.path)}: {why}", "warn")

    def _role(self, request: web.Request) -> str:
        role = self._access().role(request.query.get("token"))
        if role is None:
            raise web.HTTPForbidden(text="no token, or a wrong one: use the link that the program printed\n")
        return role

    def _same_site(self, request: web.Request, *, browser_only: bool) -> None:
        """A page of another site may not open a socket here. Programs send no Origin, and may have the feed."""
        origin = request.headers.get("Origin")
        if origin is None and browser_only:
            return
        if not self._access().knows_origin(origin, request.headers.get("Host", "")):
            raise web.HTTPForbidden(text="only this server's own page may do that\n")

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        self._same_site(request, browser_only=False)
        return await self._sockets.console(request, self._role(request))

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        self._same_site(request, browser_only=True)
        return await self._sockets.feed(request, self._role(request))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self._same_site(request, browser_only=True)
        return await self._sockets.events(request, self._role(request))

    def _may_ask(self, request: web.Request) -> None:
        self._role(request)
        self._places.ask(request.remote or "", time.monotonic())

    async def _sheet(self, request: web.Request) -> web.StreamResponse:
        self._may_ask(request)
        found = await self._documents.athlete()
        if found is None:
            raise web.HTTPNotFound(text="no plan is loaded yet\n")
        plan = found[1]
        async with self._drawing:  # once for all who want it: it takes the race's computer a while
            if self._sheets is None or self._sheets[0] is not plan:
                self._sheets = plan, await asyncio.to_thread(_sheet_html, plan, self._track)
            html = self._sheets[1]
        return web.Response(text=html, content_type="text/html", headers={"Content-Security-Policy": _SHEET_POLICY})

    async def _csv(self, request: web.Request) -> web.StreamResponse:
        return await self._export(request, to_csv, "text/csv", "athlete.csv")

    async def _json(self, request: web.Request) -> web.StreamResponse:
        return await self._export(request, to_json, "application/json", "athlete.json")

    async def _export(
        self, request: web.Request, write: Callable[[Passings, Plan], str], kind: str, name: str
    ) -> web.StreamResponse:
        self._may_ask(request)
        found = await self._documents.athlete()
        if found is None:
            raise web.HTTPNotFound(text="no plan is loaded yet\n")
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(text=write(*found), content_type=kind, headers=headers)

    async def _report(self, request: web.Request) -> web.StreamResponse:
        self._may_ask(request)
        report = await self._documents.report()
        if report is None:
            raise web.HTTPNotFound(text="no race is over yet\n")
        return web.Response(text=report, content_type="application/json")

    def _file(self, name: str) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            return _page_file(name)

        return handler

    async def _named(self, request: web.Request) -> web.StreamResponse:
        return _page_file(request.match_info["name"])


async def _with_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Every answer has them, a stream too, and one that is an error."""
    for key, value in _HEADERS.items():
        response.headers.setdefault(key, value)


def _shown(path: str) -> str:
    """A path for the log: short, and of characters that can be seen."""
    return "".join(sign if sign.isprintable() else "?" for sign in path[:60])


def _page_file(name: str) -> web.Response:
    """A file of the page. They are no secret: they are the same everywhere, and hold nothing of the race."""
    path = PAGE / name
    kind = _TYPES.get(path.suffix)
    if kind is None or not path.is_file():
        raise web.HTTPNotFound(text="there is no such page\n")
    return web.Response(body=path.read_bytes(), content_type=kind, charset=None if kind == "image/png" else "utf-8")


def _sheet_html(plan: Plan, track: Track) -> str:
    from pacerail.sheet.content import sheet_of
    from pacerail.sheet.fonts import faces_for
    from pacerail.sheet.html import to_html
    from pacerail.sheet.page import lay_out

    sheet = sheet_of(plan, track)
    return to_html(lay_out(sheet, faces_for(sheet.all_text)), plan.title)
