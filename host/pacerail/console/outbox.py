"""What is still to be sent to one viewer: bounded, the newest of what only counts while it is new. No I/O."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Mapping

MOST_WORDS = 600
"""Answers and lines of the log that may wait; a viewer that is further behind takes nothing any more."""
PIXELS = b"\x01"
Rows = dict[int, bytes]
"""By board, what its LEDs show: 3 bytes each, in the order of hello's leds."""


class Outbox:
    """Words are kept in order and all are sent; of states, plans and pixels only the newest."""

    def __init__(self) -> None:
        self.overfull = False
        self._words: deque[bytes] = deque()
        self._plan: bytes | None = None
        self._state: bytes | None = None
        self._rows: Rows = {}

    def put_words(self, data: bytes) -> None:
        """An answer or a line of the log, as JSON."""
        if len(self._words) >= MOST_WORDS:
            self.overfull = True
            return
        self._words.append(data)

    def put_plan(self, data: bytes) -> None:
        """The plan as it is now, as JSON."""
        self._plan = data

    def put_state(self, data: bytes) -> None:
        """The state as it is now, as JSON."""
        self._state = data

    def put_rows(self, rows: Mapping[int, bytes]) -> None:
        """What some boards show now."""
        self._rows.update(rows)

    def take(self) -> tuple[bytes, bool] | None:
        """The next thing to send, and whether it is text; None when there is nothing."""
        if self._words:
            return self._words.popleft(), True
        if self._plan is not None:
            plan, self._plan = self._plan, None
            return plan, True
        if self._state is not None:
            state, self._state = self._state, None
            return state, True
        if self._rows:
            rows, self._rows = self._rows, {}
            return pixels_of(rows), False
        return None


def pixels_of(rows: Mapping[int, bytes]) -> bytes:
    """The binary message of some boards' pixels: 1, then for each its index (u16, little-endian) and its bytes."""
    parts = [PIXELS]
    for board in sorted(rows):
        parts += [struct.pack("<H", board), rows[board]]
    return b"".join(parts)
