"""Between the race's thread and the server's: what was published and not taken yet, bounded, the newest of each."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

MOST_EVENTS = 1000


@dataclass
class Mail:
    """What was published since the last time. None and empty where there was nothing."""

    state: bytes | None = None
    feed: bytes | None = None
    plan: bytes | None = None
    events: deque[bytes] = field(default_factory=lambda: deque[bytes](maxlen=MOST_EVENTS))
    rows: dict[int, bytes] = field(default_factory=dict[int, bytes])


class Mailbox:
    """Takes what is published (an `Outlet`), and wakes the server once for all that it has not taken yet.

    A server that takes nothing costs the race nothing: what it missed is replaced by what is newer.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._mail = Mail()
        self._woken = False

    def put_state(self, state: bytes, feed: bytes) -> None:
        """The newest state, for pages and for the feed."""
        with self._lock:
            self._mail.state, self._mail.feed = state, feed
        self._call()

    def put_plan(self, data: bytes) -> None:
        """The newest plan."""
        with self._lock:
            self._mail.plan = data
        self._call()

    def put_event(self, data: bytes) -> None:
        """A line of the log."""
        with self._lock:
            self._mail.events.append(data)
        self._call()

    def put_rows(self, rows: Mapping[int, bytes]) -> None:
        """What some boards show now."""
        with self._lock:
            self._mail.rows.update(rows)
        self._call()

    def take(self) -> Mail:
        """All that was published since the last time."""
        with self._lock:
            mail, self._mail = self._mail, Mail()
            self._woken = False
        return mail

    def _call(self) -> None:
        with self._lock:
            if self._woken:
                return
            self._woken = True
        self._wake()
