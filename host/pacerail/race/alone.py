"""One thing at a time: what is under way, what is begun next, and what breaks it off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from pacerail.errors import RailError

T = TypeVar("T")
PATIENCE_S = 3.0
"""So long a stop that is on its way to the boards is waited for at the end of the program."""


class Alone:
    """Does one thing at a time; `note` is told when one breaks off the one before.

    Whether something may begin is for the caller to say: what is let in here breaks off what is under way.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self.busy: str | None = None
        """What is under way, in words: "arming"."""
        self._note = note
        self._task: asyncio.Future[Any] | None = None
        self._others: set[asyncio.Future[Any]] = set()
        self._lasting = False
        self._closing = False

    async def do(self, doing: str, work: Callable[[], Coroutine[Any, Any, T]], *, lasting: bool = False) -> T:
        """Do one thing to its end. Raises what it raises, and RailError if something else broke it off.

        A `lasting` one goes on though nobody waits for it any more, and is waited for by `close`. The others are broken
        off then.
        """
        if self._closing and not lasting:
            raise RailError("the program is ending")
        before = [task for task in (self._task, *self._others) if task is not None]
        self.busy, self._lasting = doing, lasting
        # taken at once: nothing else begins while what was under way is broken off
        task = self._task = asyncio.ensure_future(self._after(before, doing, work))
        task.add_done_callback(self._done)
        return await _end_of(task, doing, lasting=lasting)

    async def beside(self, doing: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do something beside what is under way, and not after it. What breaks that off breaks this off too.

        Raises what it raises, and RailError if it was broken off.
        """
        if self._closing:
            raise RailError("the program is ending")
        task = asyncio.ensure_future(work())
        self._others.add(task)
        self.busy = self.busy or doing
        task.add_done_callback(self._done)
        return await _end_of(task, doing)

    async def close(self, patience_s: float = PATIENCE_S) -> None:
        """Break off what is under way, but give a lasting one so long to come to its end; let nothing else begin."""
        self._closing = True
        while (task := self._task) is not None:
            if self._lasting:
                await asyncio.wait([task], timeout=patience_s)
            await _broken_off([task])
            await asyncio.sleep(0)  # one that is done is forgotten in the loop's next round only
        await _broken_off(list(self._others))

    def _done(self, task: asyncio.Future[Any]) -> None:
        self._others.discard(task)
        if self._task is task:
            self._task = None
        if self._task is None and not self._others:
            self.busy = None
        if not task.cancelled():
            task.exception()  # whoever asked for it may not wait any more

    async def _after(
        self, before: Sequence[asyncio.Future[Any]], doing: str, work: Callable[[], Coroutine[Any, Any, T]]
    ) -> T:
        if await _broken_off(before):
            self._note(f"{doing}: what was under way is broken off")
        return await work()


async def _end_of(task: asyncio.Future[T], doing: str, *, lasting: bool = False) -> T:
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        if not lasting:
            task.cancel()
        raise
    if task.cancelled():
        raise RailError(f"broken off while {doing}")
    return task.result()


async def _broken_off(tasks: Sequence[asyncio.Future[Any]]) -> bool:
    """Break off those that are not done, and wait until they are; returns whether there were any."""
    left = [task for task in tasks if not task.done()]
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left)
    return bool(left)
