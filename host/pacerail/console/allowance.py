"""How often something may be done: so many at once, and so many a second from there on. No I/O."""

from __future__ import annotations

from collections import OrderedDict

_MOST_KEYS = 256


class Allowance:
    """So many at once, and so many a second from there on. Times are in s, of any clock."""

    def __init__(self, at_once: float, a_second: float) -> None:
        self._most = at_once
        self._a_second = a_second
        self._left = at_once
        self._at_s: float | None = None

    def take(self, now_s: float) -> bool:
        """Take one, if one is left."""
        if self._at_s is not None:
            self._left = min(self._most, self._left + (now_s - self._at_s) * self._a_second)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Allowances:
    """An allowance for each address. Of those that were not heard of for longest it forgets: its memory is bounded."""

    def __init__(self, at_once: float, a_second: float) -> None:
        self._at_once = at_once
        self._a_second = a_second
        self._of: OrderedDict[str, Allowance] = OrderedDict()

    def take(self, address: str, now_s: float) -> bool:
        """Take one of this address's, if one is left."""
        allowance = self._of.setdefault(address, Allowance(self._at_once, self._a_second))
        self._of.move_to_end(address)
        if len(self._of) > _MOST_KEYS:
            self._of.popitem(last=False)
        return allowance.take(now_s)
