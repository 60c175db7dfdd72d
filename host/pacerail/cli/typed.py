"""Orders typed at a terminal while a race runs."""

from __future__ import annotations

import asyncio
import sys
import threading

import click

from pacerail.errors import InputError, RailError
from pacerail.race.orders import HELP, obey
from pacerail.race.state import Race

_AT_ONCE = ("stop", "recall")
"""These wait for no order before them."""


async def obey_typed(race: Race) -> None:
    """Obey every line of standard input, until it ends. A wrong one is answered, and nothing is done."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    def read() -> None:
        try:
            for line in sys.stdin:
                loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, None)
        except (RuntimeError, ValueError):  # the race is over: its loop, or standard input, is closed
            return

    threading.Thread(target=read, name="orders", daemon=True).start()
    click.echo("orders: start, recall, stop, shift WAVE +2 m, ... (help lists them)", err=True)
    under_way: asyncio.Task[None] | None = None
    try:
        while (line := await lines.get()) is not None:
            text = line.strip()
            if text in ("help", "?"):
                click.echo(HELP, err=True)
                continue
            if under_way is not None and text in _AT_ONCE:
                under_way.cancel()
            elif under_way is not None:
                await asyncio.wait([under_way])
            under_way = asyncio.create_task(_obey(race, text))
        if under_way is not None:
            await under_way
    finally:
        if under_way is not None:
            under_way.cancel()


async def _obey(race: Race, text: str) -> None:
    try:
        await obey(race, text)
    except InputError as error:
        for message in error.messages:
            click.echo(message, err=True)
    except RailError as error:
        click.echo(str(error), err=True)
    except Exception as error:  # the next order may be stop, and must be heard
        race.note(f"{text}: FAULT of this program: {error!r}")
