"""Orders typed at a terminal while a race runs."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable

from pacerail.errors import InputError, RailError
from pacerail.race.groups import begins
from pacerail.race.orders import HELP, obey
from pacerail.race.state import Race

_AT_ONCE = ("stop", "recall")
"""These wait for no order before them."""


Lines = asyncio.Queue[tuple[str, int] | None]
"""What is typed, line by line, each with the fleet time at which it was; None at the end."""


async def obey_typed(race: Race, say: Callable[[str], None]) -> None:
    """Obey every line of standard input, until it ends. A wrong one is answered (`say`), and nothing is done."""
    loop = asyncio.get_running_loop()
    lines: Lines = asyncio.Queue()

    def typed(line: str) -> None:
        lines.put_nowait((line, race.fleet.clock()))

    def read() -> None:
        try:
            for line in sys.stdin:
                loop.call_soon_threadsafe(typed, line)
            loop.call_soon_threadsafe(lines.put_nowait, None)
        except (RuntimeError, ValueError):  # the race is over: its loop, or standard input, is closed
            return

    threading.Thread(target=read, name="orders", daemon=True).start()
    say("orders: start, recall, stop, shift WAVE +2 m, ... (help lists them)")
    await obey_lines(race, lines, say)


async def obey_lines(race: Race, lines: Lines, say: Callable[[str], None]) -> None:
    """Obey each line in its turn, until the last."""
    under_way: asyncio.Task[None] | None = None
    doing = ""
    try:
        while (got := await lines.get()) is not None:
            text, at_us = got[0].strip(), got[1]
            if text in ("help", "?"):
                say(HELP)
                continue
            if under_way is not None and not under_way.done() and text == doing == "recall":
                say("recall: it is under way already")  # one that broke it off would find nothing to recall
                continue
            if under_way is not None and text in _AT_ONCE:
                under_way.cancel()
            elif under_way is not None:
                await asyncio.wait([under_way])
            under_way, doing = asyncio.create_task(_obey(race, text, at_us, say)), text
        if under_way is not None:
            await under_way
    finally:
        if under_way is not None:
            under_way.cancel()


async def _obey(race: Race, text: str, at_us: int, say: Callable[[str], None]) -> None:
    try:
        await obey(race, text, at_us if begins(text) else None)
    except InputError as error:
        for message in error.messages:
            say(message)
    except RailError as error:
        say(str(error))
    except Exception as error:  # the next order may be stop, and must be heard
        race.note(f"{text}: FAULT of this program: {error!r}", level="bad")
