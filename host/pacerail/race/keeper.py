"""Who keeps a race of the night: its boards looked after, its guns heard, and its end told. A fault does not end it.

What goes wrong in this program must not become the race's: whoever keeps it is begun anew, and the race goes on as it
was. If that does not help it is said so, and the lights run on: recall, stop and changes need nobody who keeps them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from pacerail.race.keep import AGAIN_S, LIVED_US, kept, unkept
from pacerail.race.run import finish, follow
from pacerail.race.state import OVER, Race

Beside = Callable[[Race], Sequence[Coroutine[Any, Any, None]]]

_LOOK_S = 0.05
_END_S = 5.0


class Keeper:
    """Keeps one race at a time.

    `beside` gives what goes on as long as a race does, such as listening to its guns; it is asked again after a fault.
    `ended` is told of a race that is over; `stopping` says whether a stop is still on its way to the boards.
    """

    def __init__(self, beside: Beside, ended: Callable[[Race], None], stopping: Callable[[], bool]) -> None:
        self._beside = beside
        self._ended = ended
        self._stopping = stopping
        self._race: Race | None = None
        self._task: asyncio.Task[None] | None = None
        self._told_over = asyncio.Event()

    def begin(self, race: Race) -> None:
        """Keep this race from now on."""
        self._told_over.clear()
        self._race = race
        self._task = asyncio.ensure_future(self._keep_on(race))

    async def let_go(self) -> None:
        """Keep nothing any more; what the boards show is left alone. How a race that is over ended is still told."""
        task, self._task = self._task, None
        if task is None or task.done():
            return
        try:
            if self._race is not None and self._race.phase in OVER:
                await self._until_told(task)
        finally:
            task.cancel()  # also if this is broken off: it would stop the boards of the next race
        await asyncio.wait([task])

    async def _until_told(self, task: asyncio.Task[None]) -> None:
        """Wait until the end is told, or nobody is there who could; some seconds at most."""
        waiting = asyncio.ensure_future(self._told_over.wait())
        try:
            await asyncio.wait([waiting, task], timeout=_END_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()

    async def _keep_on(self, race: Race) -> None:
        """Begun anew after a fault, a few times in a row."""
        faults = 0
        while True:
            begun_us = race.fleet.clock()
            try:
                await self._keep(race)
            except Exception as error:
                faults = 1 if race.fleet.clock() - begun_us > LIVED_US else faults + 1
                if faults > len(AGAIN_S):
                    race.unkept.update(member.name for member in race.fleet.members)
                    _, what_to_do = unkept(race) or ("", "")
                    race.note(
                        f"FAULT of this program, again and again: {error!r}. The boards are not looked after any more, "
                        f"and no gun is heard but an order's. {what_to_do}",
                        level="bad",
                    )
                    return
                race.note(f"FAULT of this program: {error!r}. The boards are looked after anew", level="bad")
                await asyncio.sleep(AGAIN_S[faults - 1])

    async def _keep(self, race: Race) -> None:
        async with kept(race):
            if not self._told_over.is_set():
                await self._to_its_end(race)
            await asyncio.get_running_loop().create_future()  # after its end as well, until it is let go of

    async def _to_its_end(self, race: Race) -> None:
        beside = [asyncio.ensure_future(work) for work in self._beside(race)]
        try:
            await follow(race)
            while self._stopping():  # it is still on its way to the boards
                await asyncio.sleep(_LOOK_S)
        finally:
            for work in beside:
                work.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        found, race.shortcomings = race.shortcomings, []
        try:
            await finish(race)
        finally:
            race.shortcomings[:0] = found
        try:
            self._ended(race)
        except Exception as error:  # such as a report that cannot be written: the boards are kept on
            race.note(f"FAULT of this program, the end of the race is not told: {error!r}", level="bad")
        self._told_over.set()
