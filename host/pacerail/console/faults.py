"""What goes wrong inside the server: a line in the log of the night, and never a traceback on somebody's terminal."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from aiohttp.http_exceptions import HttpProcessingError

from pacerail.console.allowance import Allowance
from pacerail.race.state import Level

_AT_ONCE, _A_SECOND = 5, 0.1
_THEIRS = (HttpProcessingError, ConnectionError, TimeoutError)
"""No fault of this program: somebody sends what is no request, as a browser does that was told https, or has gone."""


class Faults(logging.Handler):
    """Notes what aiohttp and asyncio would print; `note` gets a line for the log."""

    def __init__(self, note: Callable[[str, Level], None]) -> None:
        super().__init__()
        self._note = note
        self._allowance = Allowance(_AT_ONCE, _A_SECOND)

    @property
    def logger(self) -> logging.Logger:
        """A logger that tells this alone."""
        made = logging.Logger("pacerail.console", logging.ERROR)
        made.addHandler(self)
        return made

    def emit(self, record: logging.LogRecord) -> None:
        """A record of the logger."""
        self._take(record.exc_info[1] if record.exc_info else None, record.getMessage())

    def heard(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """For an event loop: what came out of a task or a callback and nobody took."""
        self._take(context.get("exception"), context["message"])

    def _take(self, error: BaseException | None, words: str) -> None:
        if isinstance(error, _THEIRS) or not self._allowance.take(time.monotonic()):
            return
        told = words if error is None else repr(error)
        self._note("FAULT of this program, in the page's server: " + " ".join(told.split())[:300], "bad")
