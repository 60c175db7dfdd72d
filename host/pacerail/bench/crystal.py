"""A board's crystal: how its ticks follow true time."""

from __future__ import annotations

from dataclasses import dataclass

TICK_MASK = (1 << 30) - 1


@dataclass(frozen=True, slots=True)
class Crystal:
    """Ticks since the board's start: boot_tick at boot_ns, then 1 us each, too fast by `rate_ppb`.

    Whole numbers throughout, so that a race is the same on every machine. Ticks here do not wrap; a board sees them
    modulo 2^30.
    """

    boot_ns: int
    boot_tick: int
    rate_ppb: int

    def tick_at(self, true_ns: int) -> int:
        """The tick that stands at a true time: the last one that has begun."""
        return self.boot_tick + (true_ns - self.boot_ns) * (1_000_000_000 + self.rate_ppb) // 1_000_000_000_000

    def true_ns(self, tick: int) -> int:
        """The true time at which a tick begins."""
        gone = (tick - self.boot_tick) * 1_000_000_000_000
        return self.boot_ns - (-gone // (1_000_000_000 + self.rate_ppb))

    @staticmethod
    def unwrap_near(tick: int, near: int) -> int:
        """The whole tick of which a board sees `tick`: the one nearest to another whole tick."""
        return near + ((tick - near + (1 << 29)) & TICK_MASK) - (1 << 29)
