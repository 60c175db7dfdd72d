"""What fleet time was at a moment that is past, also where it is simulated and this computer was behind. No I/O."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

_EVERY_S = 0.02
_LATE_S = 0.02  # what a loop is late by all the time does not count as being behind
_KEPT_S = 70.0  # longer than the oldest press that is taken


class Past:
    """Fleet time in us at times in s of time.monotonic(), as it was seen then.

    `would_be` is what fleet time was if time went as was asked for: exact where this computer keeps up. What was seen
    counts where it was not that: a simulation that was behind showed people an earlier moment than it should have.
    """

    def __init__(self, would_be: Callable[[float], int]) -> None:
        self._would_be = would_be
        self._seen_s: list[float] = []
        self._seen_us: list[int] = []

    def see(self, now_s: float) -> None:
        """It is now; to be called often."""
        if self._seen_s and now_s - self._seen_s[-1] < _EVERY_S:
            return
        self._seen_s.append(now_s)
        self._seen_us.append(self._would_be(now_s))
        old = bisect_right(self._seen_s, now_s - _KEPT_S)
        if old > 100:
            del self._seen_s[:old], self._seen_us[:old]

    def fleet_us_at(self, at_s: float) -> int:
        """Fleet time at a moment that is past."""
        would_be_us = self._would_be(at_s)
        after = bisect_right(self._seen_s, at_s)
        if after in (0, len(self._seen_s)):
            return would_be_us
        from_us, to_us = self._seen_us[after - 1], self._seen_us[after]
        from_s, to_s = self._seen_s[after - 1], self._seen_s[after]
        due_from_us, due_to_us = self._would_be(from_s), self._would_be(to_s)
        late_us = (due_to_us - due_from_us) * _LATE_S / (to_s - from_s)
        if due_from_us - from_us <= late_us and due_to_us - to_us <= late_us:
            return min(max(would_be_us, from_us), to_us)
        return from_us + round((to_us - from_us) * (at_s - from_s) / (to_s - from_s))
