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
from pacerail.console.ages import TOLD_AHEAD_S, ahead_s, pressed_s, too_old
from pacerail.console.allowance import Allowance
from pacerail.console.control import VIEW, Control, NotAllowed, Viewer
from pacerail.console.mailbox import Mail
from pacerail.console.outbox import Outbox, Rows
from pacerail.errors import RailError
from pacerail.race.state import Level

LOG_LINES = 200
"""Lines of the log that a new page gets."""
_AT_ONCE, _A_SECOND = 40, 15  # messages that a page may send
_NOTES_AT_ONCE, _NOTES_A_SECOND = 10, 1  # refusals of a page that get into the log
_VIEW_NOTES_AT_ONCE, _VIEW_NOTES_A_SECOND = 10, 0.2  # and of all together that only look: one comes back at will


class RailSide(Protocol):
    """The race's side."""

    def act(self, who: str, wish: m.Wish, at_s: float) -> Awaitable[None]:
        """Do what was asked for at a time of time.monotonic(). Raises RailError for what is refused."""
        ...

    def note(self, words: str, level: Level = "info") -> None:
        """A line for the log."""
        ...


@dataclass
class Seat:
    """A viewer at the server: who, and what is still to be sent.

    `wake` says that there is something; `end` breaks its line off.
    """

    viewer: Viewer
    wake: Callable[[], None]
    end: Callable[[], None] = lambda: None
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
        self._view_notes = Allowance(_VIEW_NOTES_AT_ONCE, _VIEW_NOTES_A_SECOND)

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

    def join(self, role: str, wake: Callable[[], None], end: Callable[[], None] = lambda: None) -> Seat:
        """A page has come. The others are told with the next state: pages that come and go cost them nothing."""
        seat = Seat(self.control.join(role), wake, end)
        if role == VIEW:
            seat.notes = self._view_notes
        self.seats[seat.viewer.id] = seat
        seat.outbox.put_words(self._hello(seat.viewer))
        for event in self._log:
            seat.outbox.put_words(event)
        if self._plan is not None:
            seat.outbox.put_plan(self._plan)
        seat.outbox.put_rows(self._rows)
        state = self.state_for(seat)
        if state is not None:
            seat.outbox.put_state(state)
        wake()
        return seat

    def leave(self, seat: Seat) -> None:
        """A page has gone. If it was in control, who asked first has it, or nobody; nothing else happens."""
        if self.seats.pop(seat.viewer.id, None) is None:
            return  # another page came in its place
        before = self.control.told()
        words = self.control.leave(seat.viewer)
        if words is not None:
            self._rail.note(words, "warn" if self.control.by is None else "info")
        self._tell_if_other_than(before)

    async def hear(self, seat: Seat, text: str, at_s: float) -> None:
        """Take a message that a page sent, at a time of time.monotonic(), and answer it."""
        if self.seats.get(seat.viewer.id) is not seat:
            return  # its line is broken off: what still comes out of it is old
        allowed = seat.allowance.take(at_s)
        try:
            said = m.parse(text)
            pressed_at_s = pressed_s(said, at_s)
        except m.Malformed as error:
            self._refuse(seat, error.id, str(error), at_s)
            return
        number, message = said.id, said.message
        if not allowed:
            self._refuse(seat, number, f"more than {_A_SECOND} messages a second", at_s)
            return
        if number <= seat.last_id:
            self._refuse(seat, number, f"id {number} comes after {seat.last_id}; expected ids that rise", at_s)
            return
        first, seat.last_id = seat.last_id < 0, number
        if isinstance(message, m.Resume):
            self._resume(seat, number, message.key, first=first)
            return
        try:
            await self._do(seat, said, pressed_at_s, at_s)
        except NotAllowed as error:
            self._refuse(seat, number, str(error), at_s, m.words(message))
        except RailError as error:  # it is in the log already
            self._answer(seat, {"type": "refused", "id": number, "why": str(error)})
        else:
            self._answer(seat, {"type": "done", "id": number})

    def note(self, words: str, level: Level = "info") -> None:
        """A line for the log of the night."""
        self._rail.note(words, level)

    def state_for(self, seat: Seat) -> bytes | None:
        """The state as one viewer gets it; None before there is one."""
        if self._state is None:
            return None
        told = dict(self.control.told(), you=self.control.by == seat.viewer.id)
        return self._state + b',"control":' + _json(told) + b',"viewers":%d}' % len(self.seats)

    async def _do(self, seat: Seat, said: m.Said, pressed_at_s: float, at_s: float) -> None:
        """Do what a message asks for. Raises NotAllowed, or RailError for what is in the log already."""
        before, message = self.control.told(), said.message
        if isinstance(message, m.Name):
            seat.viewer.name = message.name
        elif isinstance(message, m.Take | m.Hand):
            why = too_old(message, at_s - pressed_at_s)
            if why is not None:
                raise NotAllowed(why)
            control, viewer = self.control, seat.viewer
            words = control.hand(viewer, message.to) if isinstance(message, m.Hand) else control.take(viewer)
            if control.told() != before:  # to ask again and again is not worth a line each
                self._rail.note(words)
        elif not isinstance(message, m.Resume):
            self.control.must_be(seat.viewer)
            self._tell_if_ahead(seat, said, at_s)
            await self._rail.act(seat.viewer.words, message, pressed_at_s)
            return
        self._tell_if_other_than(before)

    def _tell_if_ahead(self, seat: Seat, said: m.Said, at_s: float) -> None:
        """A split, say, may then be later than its press by what the line took: who reads the log is to know."""
        early_s = ahead_s(said, at_s)
        if early_s > TOLD_AHEAD_S and seat.notes.take(at_s):
            what = f"{seat.viewer.words}: {m.words(said.message)}"
            self._rail.note(f"{what}: its page's clock is {early_s:.1f} s ahead: counted from when it came in", "warn")

    def _resume(self, seat: Seat, number: int, key: str, *, first: bool) -> None:
        """A page is an earlier one come back. One that is not known is nobody's fault, and not worth a line."""
        before = self.control.told()
        try:
            if not first:
                raise NotAllowed("expected as the first message of a page")
            old, words = self.control.resume(seat.viewer, key)
        except NotAllowed as error:
            self._answer(seat, {"type": "refused", "id": number, "why": str(error)})
            return
        ghost = self.seats.pop(old.id, None)
        if ghost is not None:
            ghost.end()
        if words is not None:
            self._rail.note(words)
        self._tell_if_other_than(before)
        self._answer(seat, {"type": "done", "id": number})

    def _tell_if_other_than(self, before: dict[str, object]) -> None:
        if self.control.told() != before:
            self._tell_state()

    def _tell_state(self) -> None:
        for seat in self.seats.values():
            state = self.state_for(seat)
            if state is not None:
                seat.outbox.put_state(state)
                seat.wake()

    def _refuse(self, seat: Seat, number: int | None, why: str, at_s: float, what: str = "a message") -> None:
        if seat.notes.take(at_s):
            self._rail.note(f"{seat.viewer.words}: {what}: refused: {why}", "warn")
        self._answer(seat, {"type": "refused", "id": number, "why": why})

    def _answer(self, seat: Seat, told: dict[str, Any]) -> None:
        seat.outbox.put_words(_json(told))
        seat.wake()


def _json(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
