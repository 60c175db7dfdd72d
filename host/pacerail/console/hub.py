"""The server's side of the console: every viewer, what each is still to get, and what each may say. No sockets here.

It lives in the server's event loop. The race's side is reached through `Rail` alone, which never blocks.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from pacerail.console import messages as m
from pacerail.console.control import Allowance, Control, NotAllowed, Viewer
from pacerail.console.mailbox import Mail
from pacerail.console.outbox import Outbox, Rows
from pacerail.errors import RailError

LOG_LINES = 200
"""Lines of the log that a new page gets."""
_AT_ONCE, _A_SECOND = 40, 15  # messages that a page may send
_NOTES_AT_ONCE, _NOTES_A_SECOND = 10, 1  # refusals of a page that get into the log


class RailSide(Protocol):
    """The race's side."""

    def act(self, who: str, wish: m.Wish, at_s: float) -> Awaitable[None]:
        """Do what was asked for. Raises RailError for what is refused."""
        ...

    def note(self, words: str) -> None:
        """A line for the log."""
        ...


@dataclass
class Seat:
    """A viewer at the server: who, and what is still to be sent. `wake` says that there is something."""

    viewer: Viewer
    wake: Callable[[], None]
    outbox: Outbox = field(default_factory=Outbox)
    allowance: Allowance = field(default_factory=lambda: Allowance(_AT_ONCE, _A_SECOND))
    notes: Allowance = field(default_factory=lambda: Allowance(_NOTES_AT_ONCE, _NOTES_A_SECOND))
    last_id: int = -1


class Hub:
    """All viewers. `hello` makes the first message of a viewer."""

    def __init__(self, rail: RailSide, hello: Callable[[Viewer], bytes]) -> None:
        self.control = Control()
        self.feed: bytes | None = None
        self.feed_wakes: set[Callable[[], None]] = set()
        self.seats: dict[str, Seat] = {}
        self._rail = rail
        self._hello = hello
        self._state: bytes | None = None
        self._plan: bytes | None = None
        self._rows: Rows = {}
        self._log: deque[bytes] = deque(maxlen=LOG_LINES)

    def take(self, mail: Mail) -> None:
        """Pass on what the race has published."""
        self._log.extend(mail.events)
        self._rows.update(mail.rows)
        self._plan = mail.plan if mail.plan is not None else self._plan
        if mail.feed is not None:
            self.feed = mail.feed
            for wake in list(self.feed_wakes):
                wake()
        if mail.state is not None:
            self._state = mail.state
        for seat in self.seats.values():
            for event in mail.events:
                seat.outbox.put_words(event)
            if mail.plan is not None:
                seat.outbox.put_plan(mail.plan)
            if mail.rows:
                seat.outbox.put_rows(mail.rows)
        if mail.state is not None:
            self._tell_state()
        for seat in self.seats.values():
            seat.wake()

    def join(self, role: str, wake: Callable[[], None]) -> Seat:
        """A page has come."""
        seat = Seat(self.control.join(role), wake)
        self.seats[seat.viewer.id] = seat
        seat.outbox.put_words(self._hello(seat.viewer))
        for event in self._log:
            seat.outbox.put_words(event)
        if self._plan is not None:
            seat.outbox.put_plan(self._plan)
        seat.outbox.put_rows(self._rows)
        self._tell_state()
        wake()
        return seat

    def leave(self, seat: Seat) -> None:
        """A page has gone. If it was in control, control is free; nothing else happens."""
        self.seats.pop(seat.viewer.id, None)
        words = self.control.leave(seat.viewer)
        if words is not None:
            self._rail.note(words)
        self._tell_state()

    async def hear(self, seat: Seat, text: str, at_s: float) -> None:
        """Take a message that a page sent, at a time of time.monotonic(), and answer it."""
        allowed = seat.allowance.take(at_s)
        try:
            number, message = m.parse(text)
        except m.Malformed as error:
            self._refuse(seat, error.id, str(error), at_s)
            return
        if not allowed:
            self._refuse(seat, number, f"more than {_A_SECOND} messages a second", at_s)
            return
        if number <= seat.last_id:
            self._refuse(seat, number, f"id {number} comes after {seat.last_id}; expected ids that rise", at_s)
            return
        seat.last_id = number
        try:
            if isinstance(message, m.Name):
                seat.viewer.name = message.name
                self._tell_state()
            elif isinstance(message, m.Take):
                self._moved(self.control.take(seat.viewer))
            elif isinstance(message, m.Hand):
                self._moved(self.control.hand(seat.viewer, message.to))
            else:
                self.control.must_be(seat.viewer)
                await self._rail.act(seat.viewer.words, message, at_s)
        except NotAllowed as error:
            self._refuse(seat, number, str(error), at_s, m.words(message))
        except RailError as error:  # it is in the log already
            self._answer(seat, {"type": "refused", "id": number, "why": str(error)})
        else:
            self._answer(seat, {"type": "done", "id": number})

    def note(self, words: str) -> None:
        """A line for the log of the night."""
        self._rail.note(words)

    def state_for(self, seat: Seat) -> bytes | None:
        """The state as one viewer gets it; None before there is one."""
        if self._state is None:
            return None
        told = dict(self.control.told(), you=self.control.by == seat.viewer.id)
        return self._state + b',"control":' + _json(told) + b',"viewers":%d}' % len(self.seats)

    def _moved(self, words: str) -> None:
        self._rail.note(words)
        self._tell_state()

    def _tell_state(self) -> None:
        for seat in self.seats.values():
            state = self.state_for(seat)
            if state is not None:
                seat.outbox.put_state(state)
                seat.wake()

    def _refuse(self, seat: Seat, number: int | None, why: str, at_s: float, what: str = "a message") -> None:
        if seat.notes.take(at_s):
            self._rail.note(f"{seat.viewer.words}: {what}: refused: {why}")
        self._answer(seat, {"type": "refused", "id": number, "why": why})

    def _answer(self, seat: Seat, told: dict[str, Any]) -> None:
        seat.outbox.put_words(_json(told))
        seat.wake()


def _json(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
