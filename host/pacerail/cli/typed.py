"""Orders typed at a terminal while a race runs."""

from __future__ import annotations

import asyncio
import sys
import threading

import click

from pacerail.errors import InputError, RailError
from pacerail.race.orders import HELP, obey
from pacerail.race.state import Race


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
    while (line := await lines.get()) is not None:
        text = line.strip()
        if text in ("help", "?"):
            click.echo(HELP, err=True)
            continue
        try:
            await obey(race, text)
        except InputError as error:
            for message in error.messages:
                click.echo(message, err=True)
        except RailError as error:
            click.echo(str(error), err=True)
