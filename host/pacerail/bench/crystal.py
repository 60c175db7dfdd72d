"""A board's crystal: how its ticks follow true time."""

from __future__ import annotations

from bisect import bisect_right
from random import Random

TICK_MASK = (1 << 30) - 1
WANDER_PPB = 10
"""How far the rate walks in a second (standard deviation): temperature, 0.01 ppm."""

_SECOND_NS = 1_000_000_000
_ONE = 1_000_000_000_000  # parts of a tick that are counted: a rate of 1 ppb is 1000 of them in a us


class Crystal:
    """Ticks since the board's start: boot_tick at boot_ns, then 1 us each, too fast by a rate that walks at random.

    The rate starts at `rate_ppb` and takes a step each second. Whole numbers throughout, so that a race is the same on
    every machine. Ticks here do not wrap; a board sees them modulo 2^30.
    """

    def __init__(self, boot_ns: int, boot_tick: int, rate_ppb: int, wander_ppb: int = 0, seed: str = "") -> None:
        self.boot_ns = boot_ns
        self.boot_tick = boot_tick
        self._wander_ppb = wander_ppb
        self._random = Random(seed)
        self._rates_ppb = [rate_ppb]  # in each second since the start
        self._begins = [0]  # parts of ticks gone at the beginning of each second

    @property
    def rate_ppb(self) -> int:
        """The rate in the last second looked at."""
        return self._rates_ppb[-1]

    def tick_at(self, true_ns: int) -> int:
        """The tick that stands at a true time: the last one that has begun."""
        gone_ns = true_ns - self.boot_ns
        second = max(0, gone_ns // _SECOND_NS)
        while len(self._begins) <= second:
            self._walk()
        parts = self._begins[second] + (gone_ns - second * _SECOND_NS) * (_SECOND_NS + self._rates_ppb[second])
        return self.boot_tick + parts // _ONE

    def true_ns(self, tick: int) -> int:
        """The true time at which a tick begins."""
        parts = (tick - self.boot_tick) * _ONE
        while self._begins[-1] <= parts:
            self._walk()
        second = max(0, bisect_right(self._begins, parts) - 1)
        within_ns = -((self._begins[second] - parts) // (_SECOND_NS + self._rates_ppb[second]))
        return self.boot_ns + second * _SECOND_NS + within_ns

    @staticmethod
    def unwrap_near(tick: int, near: int) -> int:
        """The whole tick of which a board sees `tick`: the one nearest to another whole tick."""
        return near + ((tick - near + (1 << 29)) & TICK_MASK) - (1 << 29)

    def _walk(self) -> None:
        self._begins.append(self._begins[-1] + _SECOND_NS * (_SECOND_NS + self._rates_ppb[-1]))
        step_ppb = round(self._random.gauss(0, self._wander_ppb)) if self._wander_ppb else 0
        self._rates_ppb.append(self._rates_ppb[-1] + step_ppb)
