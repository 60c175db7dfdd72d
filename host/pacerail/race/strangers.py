"""Boards that are in a race which this program did not start: found by asking how they are, and by nothing else.

The program that started them has died, or it is another one's race. Their lights are not to go out because somebody
here wants to be ready: who is at the page is told, and what to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from pacerail.fleet import Fleet, Member

LOOK_EVERY_S = 2.0
"""Between two looks, as long as there are any: their race may be over, or another program may stop it."""
_TRIES = 3
_SHOWN = 4

Called = Callable[[str], str | None]
"""The name of the plan that has a hash; None for one that nobody knows here."""


class Strangers:
    """Looks for them, until the boards are `ours`. `note` is told of what was found.

    A board that does not answer is taken for what it was when it was last asked.
    """

    def __init__(self, fleet: Fleet, ours: Callable[[], bool], note: Callable[[str], None]) -> None:
        self.called: Called = lambda plan_hash: None
        self._fleet = fleet
        self._ours = ours
        self._note = note
        self._task: asyncio.Task[None] | None = None

    @property
    def words(self) -> str | None:
        """Why nothing can be done with the boards; None if there are no strangers."""
        what = self._found()
        return None if what is None else f"{what}; {self._ways()}"

    @property
    def warning(self) -> tuple[str, str] | None:
        """What a person should know of, with the plan that they run, and what to do; None if there are no strangers."""
        what = self._found()
        if what is None:
            return None
        ways = self._ways()
        return f"{what}, of {plans_run(self._members, self.called)}", f"{ways[0].upper()}{ways[1:]}."

    async def look(self) -> None:
        """Ask every board how it is; where there are strangers, go on looking."""
        await self._fleet.try_each(_look_at)
        if self._found():
            self.begin()

    def begin(self) -> None:
        """Look now, beside all else, and again as long as there are any."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._watch())

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    @property
    def _members(self) -> list[Member]:
        return [m for m in self._fleet.members if m.status is not None and m.status.state in ("armed", "running")]

    def _found(self) -> str | None:
        names = [] if self._ours() else [member.name for member in self._members]
        shown = ", ".join(names) if len(names) <= _SHOWN else f"{', '.join(names[:3])} and {len(names) - 3} more"
        return f"{shown}: in a race that was not started from here" if names else None

    def _ways(self) -> str:
        """A race that nobody has started cannot be taken over."""
        if any(m.status is not None and m.status.state == "running" for m in self._members):
            return "stop ends it, pacerail console with its plan and --join takes it over"
        return "stop ends it"

    async def _watch(self) -> None:
        try:
            if not self._ours():
                await self._fleet.try_each(_look_at)
            if warning := self.warning:
                self._note(warning[0])
            while self._found():
                await asyncio.sleep(LOOK_EVERY_S)
                if self._found():
                    await self._fleet.try_each(_look_at)
                    if not self._ours() and not self._found():
                        self._note("the race that was not started from here is over")
        finally:
            self._task = None


def plans_run(members: Sequence[Member], called: Called) -> str:
    """The plans that boards had when they were last asked, the most frequent first: "plan 0123456789abcdef (mile)"."""
    hashes = [m.status.plan_hash for m in members if m.status is not None]
    named = [(plan_hash, called(plan_hash)) for plan_hash in sorted(set(hashes), key=hashes.count, reverse=True)]
    return " and ".join(f"plan {of}" if name is None else f"plan {of} ({name})" for of, name in named)


async def _look_at(member: Member) -> None:
    member.status = await member.client.status(tries=_TRIES)
