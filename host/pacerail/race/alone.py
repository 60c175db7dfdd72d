"""One thing at a time: what is under way, what is begun next, and what breaks it off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from pacerail.errors import RailError

T = TypeVar("T")


class Alone:
    """Does one thing at a time; `note` is told when one breaks off the one before.

    Whether something may begin is for the caller to say: what is let in here breaks off what is under way.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self.busy: str | None = None
        """What is under way, in words: "arming"."""
        self._note = note
        self._task: asyncio.Future[Any] | None = None

    async def do(self, doing: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do one thing to its end. Raises what it raises, and RailError if something else broke it off."""
        before = self._task
        self.busy = doing
        # taken at once: nothing else begins while what was under way is broken off
        task = self._task = asyncio.ensure_future(self._after(before, doing, work))
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            if self._task is task:
                self._task = self.busy = None
        if task.cancelled():
            raise RailError(f"broken off while {doing}")
        return task.result()

    async def close(self) -> None:
        """Break off what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _after(
        self, before: asyncio.Future[Any] | None, doing: str, work: Callable[[], Coroutine[Any, Any, T]]
    ) -> T:
        if before is not None and not before.done():
            before.cancel()
            await asyncio.wait([before])
            self._note(f"{doing}: what was under way is broken off")
        return await work()
