"""A night with its console: the desk beside the races, the server in its thread, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Awaitable, Callable, Generator
from typing import Any

from pacerail.console.access import Access
from pacerail.console.desk import Desk
from pacerail.console.server import ConsoleServer


async def serve(desk: Desk, server: ConsoleServer, first: Callable[[], Awaitable[None]] | None = None) -> None:
    """Serve until Ctrl-C, or until this is cancelled; `first` is done at the beginning.

    The server listens already. It is closed at the end, and the boards are let go of, as they are. A stop that is on
    its way to them is waited for, and boards that were being armed are unarmed: some seconds at most, in which a second
    Ctrl-C is only answered, and a third one ends the program at once.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    server.attend(desk, loop)
    publishing = asyncio.create_task(desk.run())
    with _interrupts(loop, task, desk):
        try:
            if first is not None:
                await first()
            await publishing
        except asyncio.CancelledError:
            pass
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)
            await desk.night.close()
            server.close()


@contextlib.contextmanager
def _interrupts(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any], desk: Desk) -> Generator[None]:
    """Ctrl-C cancels `task`, once, and then what it does at its end is left to come to its end."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    pressed = 0

    def release() -> None:
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
            for number in numbers:
                loop.remove_signal_handler(number)

    def press() -> None:
        nonlocal pressed
        pressed += 1
        if pressed == 1:
            task.cancel()
        else:
            desk.night.note("the program is ending, a few seconds at most; Ctrl-C once more ends it at once")
            release()

    with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):  # no signals off the main thread
        for number in numbers:
            loop.add_signal_handler(number, press)
    try:
        yield
    finally:
        release()


def links(access: Access) -> list[str]:
    """What to print of where the page is, a line each."""
    if access.control_token is None:
        return [f"the console: {access.url()}"]
    first, *others = access.hosts
    said = [
        f"the console, for whoever may be in control: {access.url(host=first)}",
        f"for looking only:                           {access.url(view=True, host=first)}",
        f"for television:                             {access.url('/overlay', view=True, host=first)}",
        "who has the first link can start and stop the lights: give it to nobody else",
    ]
    if others:
        said.append(f"if a link does not open, put this in the place of {first}: {' or '.join(others)}")
    return said


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
