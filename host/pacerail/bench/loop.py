"""An asyncio event loop whose time is the simulated world's: host code written for real ports runs in it unchanged."""

from __future__ import annotations

import asyncio
import math
import selectors
import time

from pacerail.bench.world import World


class WorldLoop(asyncio.SelectorEventLoop):
    """Where an ordinary loop waits for its sockets, this one lets the world's time pass.

    `speed` is how fast it passes, 1 being that of the wall clock; None is as fast as it goes.
    """

    def __init__(self, world: World, speed: float | None) -> None:
        self._world = world
        self._pace = _WorldSelector(world, speed)
        super().__init__(self._pace)

    def restart_pace(self) -> None:
        """Wall clock and world start from here."""
        self._pace.restart()

    def world_us_at(self, wall_s: float) -> int:
        """The world's time in us at a time of time.monotonic() that has been: not after now.

        While the loop waits for the wall clock the world stands a little ahead of it, at what comes next.
        """
        return min(self._pace.world_ns_at(wall_s), self._world.now_ns) // 1000

    def time(self) -> float:
        """The world's time in s."""
        return self._world.now_ns / 1e9


class _WorldSelector(selectors.DefaultSelector):
    def __init__(self, world: World, speed: float | None) -> None:
        super().__init__()
        self._world = world
        self._speed = speed
        self.restart()

    def restart(self) -> None:
        self._wall_begun = time.monotonic()
        self._world_begun_ns = self._world.now_ns

    def world_ns_at(self, wall_s: float) -> int:
        """The true time at a time of the wall clock, if the world keeps up."""
        if self._speed is None:
            return self._world.now_ns
        return self._world_begun_ns + round((wall_s - self._wall_begun) * self._speed * 1e9)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)  # signals and wake-ups of the loop itself
        if ready or timeout == 0:
            return ready
        world = self._world
        until_ns = None if timeout is None else world.now_ns + math.ceil(timeout * 1e9)
        world.advance(until_ns)
        if self._speed is not None:
            ahead_s = (world.now_ns - self._world_begun_ns) / 1e9 / self._speed
            left_s = self._wall_begun + ahead_s - time.monotonic()
            if left_s > 0:
                return super().select(left_s)
        return super().select(0)
