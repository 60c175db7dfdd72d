"""A night with its console: the desk beside the races, the server in its thread, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Awaitable, Callable

from pacerail.console.access import Access
from pacerail.console.desk import Desk
from pacerail.console.server import ConsoleServer


async def serve(desk: Desk, server: ConsoleServer, first: Callable[[], Awaitable[None]] | None = None) -> None:
    """Serve until Ctrl-C, or until this is cancelled; `first` is done at the beginning.

    The server listens already. It is closed at the end, and the boards are let go of, as they are.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    server.attend(desk, loop)
    publishing = asyncio.create_task(desk.run())
    with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):  # no signals off the main thread
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
    try:
        if first is not None:
            await first()
        await publishing
    except asyncio.CancelledError:
        pass
    finally:
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
        await desk.night.close()
        server.close()


def links(access: Access) -> list[str]:
    """What to print of where the page is, a line each."""
    if access.control_token is None:
        return [f"the console: {access.url()}"]
    return [
        f"the console, for whoever may be in control: {access.url()}",
        f"for looking only:                           {access.url(view=True)}",
        f"for television:                             {access.url('/overlay', view=True)}",
        "who has the first link can start and stop the lights: give it to nobody else",
    ]


def can_open_browser() -> bool:
    """Whether a browser can be opened here: a screen, and a person before it."""
    if os.environ.get("CI") or os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_browser(url: str) -> None:
    """Open the page in the browser, in a thread of its own: some browsers hold up who opens them."""

    def open_it() -> None:
        with contextlib.suppress(webbrowser.Error, OSError):
            webbrowser.open(url)

    threading.Thread(target=open_it, name="browser", daemon=True).start()
