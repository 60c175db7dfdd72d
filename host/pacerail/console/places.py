"""How many may look at once, so that those who only look cannot take the places of those who run the race. No I/O."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from pacerail.console.allowance import Allowances
from pacerail.console.control import VIEW

MOST_VIEWERS = 100
"""Pages at once."""
MOST_LOOKERS = 80
"""Of them by the link for looking: the other places are kept for who may be in control."""
MOST_FEEDS = 50
"""Of /feed and /events together."""
_JOINS_AT_ONCE, _JOINS_A_SECOND = 30, 2  # by the link for looking, from one address
_ASKS_AT_ONCE, _ASKS_A_SECOND = 30, 5  # for sheets, reports and exports, from one address: each costs the race a little


class Full(Exception):
    """There is no place now; the text says why."""


class Places:
    """The places at a server. `address` is where somebody comes from; times are in s, of any clock."""

    def __init__(self) -> None:
        self.viewers = self.lookers = self.feeds = 0
        self._joins = Allowances(_JOINS_AT_ONCE, _JOINS_A_SECOND)
        self._asks = Allowances(_ASKS_AT_ONCE, _ASKS_A_SECOND)

    @contextlib.contextmanager
    def viewer(self, role: str, address: str, now_s: float) -> Generator[None]:
        """A place for a page, for as long as this is open. Raises Full."""
        looks = role == VIEW
        self._may_join(role, address, now_s)
        if self.viewers >= MOST_VIEWERS or (looks and self.lookers >= MOST_LOOKERS):
            raise Full("too many viewers")
        self.viewers += 1
        self.lookers += looks
        try:
            yield
        finally:
            self.viewers -= 1
            self.lookers -= looks

    @contextlib.contextmanager
    def feed(self, role: str, address: str, now_s: float) -> Generator[None]:
        """A place for a feed, for as long as this is open. Raises Full."""
        self._may_join(role, address, now_s)
        if self.feeds >= MOST_FEEDS:
            raise Full("too many feeds")
        self.feeds += 1
        try:
            yield
        finally:
            self.feeds -= 1

    def ask(self, address: str, now_s: float) -> None:
        """A document is asked for. Raises Full for one too many."""
        if not self._asks.take(address, now_s):
            raise Full("asked too often")

    def _may_join(self, role: str, address: str, now_s: float) -> None:
        if role == VIEW and not self._joins.take(address, now_s):
            raise Full("came too often")
