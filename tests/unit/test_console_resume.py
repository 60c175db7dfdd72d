"""A page whose line broke comes back: what it had is its own again, and nobody else gets it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pacerail.console import messages as m
from pacerail.console.control import CONTROL, VIEW, Control, NotAllowed, Viewer
from pacerail.console.hub import Hub, Seat
from pacerail.console.mailbox import Mail
from pacerail.race.state import Level


class FakeRail:
    """The race's side, which notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, m.Wish, float]] = []
        self.notes: list[str] = []

    def act(self, who: str, wish: m.Wish, at_s: float) -> Awaitable[None]:
        async def done() -> None:
            self.asked.append((who, wish, at_s))

        return done()

    def note(self, words: str, level: Level = "info") -> None:
        self.notes.append(words)


class Room:
    """A hub with pages, each of which says what it is told to."""

    def __init__(self) -> None:
        self.rail = FakeRail()
        self.hub = Hub(self.rail, lambda v: json.dumps({"type": "hello", "id": v.id, "resume": v.key}).encode())
        self.ended: list[str] = []
        self._count = 0

    def come(self, role: str = CONTROL) -> Seat:
        seat = self.hub.join(role, lambda: None, lambda: self.ended.append(seat.viewer.id))
        return seat

    def say(self, seat: Seat, kind: str, now_s: float = 100.0, **told: Any) -> dict[str, Any] | None:
        """The answer; None when there was none."""
        self._count += 1
        while seat.outbox.take() is not None:
            pass
        asyncio.run(self.hub.hear(seat, json.dumps({"type": kind, "id": self._count, **told}), now_s))
        answers: list[dict[str, Any]] = []
        while (item := seat.outbox.take()) is not None:
            answers.append(json.loads(item[0]))
        return next((answer for answer in answers if answer["type"] in ("done", "refused")), None)

    def done(self, seat: Seat, kind: str, **told: Any) -> bool:
        """Whether it was done."""
        answer = self.say(seat, kind, **told)
        return answer is not None and answer["type"] == "done"


def test_hello_has_a_secret_that_no_other_page_has() -> None:
    room = Room()
    keys: list[str] = []
    for role in (CONTROL, CONTROL, VIEW):
        item = room.come(role).outbox.take()
        assert item is not None
        keys.append(json.loads(item[0])["resume"])
    assert len(set(keys)) == 3 and all(len(key) >= 32 for key in keys)
    assert room.hub.control.viewers["k1"].key not in repr(room.hub.control.viewers["k1"])


def test_who_comes_back_before_its_ghost_is_dropped_has_control_at_once() -> None:
    room = Room()
    ana = room.come()
    assert room.done(ana, "name", name="Ana") and room.done(ana, "take")
    again = room.come()
    assert room.done(again, "resume", key=ana.viewer.key)
    assert room.ended == ["k1"] and room.hub.control.by == "k2" and again.viewer.words == "k2 (Ana)"
    assert room.done(again, "order", order="stop")
    # what still comes out of the broken line is not heard, and its end costs nobody anything
    assert room.say(ana, "order", order="start") is None and room.say(ana, "take") is None
    room.hub.leave(ana)
    assert room.hub.control.by == "k2" and list(room.hub.seats) == ["k2"]
    assert [wish for _, wish, _ in room.rail.asked] == [m.Order("stop")]
    assert room.rail.notes == ["k1 (Ana) is in control", "k1 is back as k2 (Ana), and in control"]


def test_who_comes_back_after_it_was_dropped_has_control_unless_somebody_took_it() -> None:
    room = Room()
    ana, ben = room.come(), room.come()
    room.done(ana, "take")
    room.hub.leave(ana)
    again = room.come()
    assert room.done(again, "resume", key=ana.viewer.key) and room.hub.control.by == again.viewer.id
    room.hub.leave(again)
    assert room.done(ben, "take")
    third = room.come()
    assert room.done(third, "resume", key=again.viewer.key) and room.hub.control.by == ben.viewer.id
    room.hub.leave(ben)  # it was Ben's last: it is nobody else's to have back
    fourth = room.come()
    assert room.done(fourth, "resume", key=third.viewer.key) and room.hub.control.by is None


def test_a_key_is_good_once_and_only_for_its_role_and_only_first() -> None:
    room = Room()
    ana = room.come()
    room.done(ana, "take")
    tv = room.come(VIEW)
    assert room.say(tv, "resume", key=ana.viewer.key) == {
        "type": "refused",
        "id": 2,
        "why": "not known here any more",
    }
    assert room.hub.control.by == ana.viewer.id and room.ended == []
    ben = room.come()
    assert not room.done(ben, "resume", key=tv.viewer.key)
    assert not room.done(ben, "resume", key=ana.viewer.key)  # it was not its first message any more
    assert room.hub.control.by == ana.viewer.id
    for key in ("x", "\u00fc" * 32, ana.viewer.key[:-1]):
        other = room.come()
        assert not room.done(other, "resume", key=key)
    # two pages with one key, as when a tab is doubled: the second one is a new one, and nobody's seat goes
    first, second = room.come(), room.come()
    assert room.done(first, "resume", key=ana.viewer.key) and not room.done(second, "resume", key=ana.viewer.key)
    assert room.ended == ["k1"] and room.hub.control.by == first.viewer.id
    assert not any("not known" in line or "resume" in line for line in room.rail.notes)


def test_a_view_page_that_comes_back_has_its_name_and_never_control() -> None:
    room = Room()
    tv = room.come(VIEW)
    room.done(tv, "name", name="Television")
    room.hub.leave(tv)
    for _ in range(500):  # nor can a crowd of them make others forgotten
        room.hub.leave(room.come(VIEW))
    ana = room.come()
    room.done(ana, "take")
    room.hub.leave(ana)
    for _ in range(500):
        room.hub.leave(room.come(VIEW))
    again = room.come(VIEW)
    assert not room.done(again, "resume", key=ana.viewer.key) and room.hub.control.by is None
    back = room.come()
    assert room.done(back, "resume", key=ana.viewer.key) and room.hub.control.by == back.viewer.id


def test_control_that_is_freed_goes_to_who_asked_first() -> None:
    room = Room()
    ana, ben, cem = room.come(), room.come(), room.come()
    for seat in (ana, cem, ben):
        room.done(seat, "take")
    room.hub.leave(ana)
    assert room.hub.control.by == cem.viewer.id and room.hub.control.asked == [ben.viewer.id]
    assert room.rail.notes[-1] == "k1 has gone: k3 is in control, the rail goes on as it is"
    again = room.come()
    assert room.done(again, "resume", key=ana.viewer.key) and room.hub.control.by == cem.viewer.id
    # one that asked and comes back before it is dropped has its place in the row
    ben2 = room.come()
    assert room.done(ben2, "resume", key=ben.viewer.key)
    room.done(again, "take")
    assert room.hub.control.asked == [ben2.viewer.id, again.viewer.id]


def test_old_presses_are_refused_and_who_moved_control_is_too() -> None:
    room = Room()
    ana, ben = room.come(), room.come()
    room.done(ana, "take")
    answer = room.say(ben, "take", at_ms=94_900)
    assert answer is not None and answer["why"].startswith("that was pressed 5.1 s ago and came late")
    assert room.hub.control.asked == []
    assert not room.done(ana, "hand", to="k2", at_ms=90_000) and room.hub.control.by == "k1"
    assert room.done(ana, "order", order="start", at_ms=99_000)
    answer = room.say(ana, "order", order="start", at_ms=105_300)
    assert answer is not None and "pressed 5.3 s from now" in answer["why"]
    assert room.rail.asked == [("k1", m.Order("start"), 99.0)]


def test_who_only_looks_cannot_fill_the_log_however_often_it_comes() -> None:
    room = Room()
    ana = room.come()
    room.done(ana, "take")
    for k in range(300):
        tv = room.come(VIEW)
        room.done(tv, "name", name=f"Ana {k}")
        room.done(tv, "order", order="stop")
        room.say(tv, "nonsense")
        room.hub.leave(tv)
    assert len(room.rail.notes) < 20
    for k in range(50):
        room.say(ana, "take", now_s=101.0 + k)  # nor by asking for what it has
    assert len(room.rail.notes) < 20
    assert len(room.hub.seats) == 1


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["join", "look", "take", "hand", "leave", "resume"]), st.integers(0, 7), st.integers(0, 7)
        ),
        max_size=60,
    )
)
def test_whatever_comes_and_goes_one_at_most_is_in_control_and_may_be(steps: list[tuple[str, int, int]]) -> None:
    control, seats, all_seen = Control(), list[Viewer](), list[Viewer]()
    for what, one, other in steps:
        if what in ("join", "look"):
            seats.append(control.join(CONTROL if what == "join" else VIEW))
            all_seen.append(seats[-1])
        elif what == "resume" and all_seen:
            new = control.join(CONTROL if one % 2 else VIEW)
            seats.append(new)
            all_seen.append(new)
            old = all_seen[other % len(all_seen)]
            had = control.by
            try:
                gone, _ = control.resume(new, old.key)
                assert gone is old and gone.role == new.role
                seats = [seat for seat in seats if seat is not gone]
                assert control.by in (had if had != gone.id else None, new.id)
            except NotAllowed:
                assert control.by == had
        elif one < len(seats):
            try:
                if what == "take":
                    control.take(seats[one])
                elif what == "hand" and other < len(seats):
                    control.hand(seats[one], seats[other].id)
                elif what == "leave":
                    control.leave(seats.pop(one))
            except NotAllowed:
                pass
        assert control.by is None or control.viewers[control.by].role == CONTROL
        assert control.by not in control.asked and set(control.asked) <= set(control.viewers)
        assert control.by is not None or not control.asked
        assert {seat.id for seat in seats} == set(control.viewers)


def test_the_others_hear_of_who_comes_and_goes_with_the_next_state() -> None:
    """A page that comes again and again would otherwise cost every other one a message each time."""
    room = Room()
    ana = room.come()
    room.hub.take(Mail(state=b'{"type":"state"'))
    while ana.outbox.take() is not None:
        pass
    for _ in range(5):
        room.hub.leave(room.come(VIEW))
    assert ana.outbox.take() is None
    tv = room.come(VIEW)
    told: list[bytes] = []
    while (item := tv.outbox.take()) is not None:
        told.append(item[0])
    assert any(b'"viewers":2' in one for one in told)
    room.hub.take(Mail(state=b'{"type":"state"'))
    item = ana.outbox.take()
    assert item is not None and json.loads(item[0])["viewers"] == 2


def test_after_a_standstill_presses_are_obeyed_and_the_log_says_what_they_count_from() -> None:
    """The server's clock stood still for 4 s; the page's went on."""
    room = Room()
    ana = room.come()
    assert room.done(ana, "take", now_s=100.0, at_ms=104_000.0)
    assert room.done(ana, "split", now_s=100.0, at_ms=104_000.0) and room.done(ana, "order", order="start")
    assert room.done(ana, "order", order="stop", now_s=100.0, at_ms=160_000.0)
    assert [(what, at_s) for _, what, at_s in room.rail.asked] == [
        (m.Split(0.0), 100.0), (m.Order("start"), 100.0), (m.Order("stop"), 100.0)
    ]  # fmt: skip
    assert [line for line in room.rail.notes if "ahead" in line] == [
        "k1: split: its page's clock is 4.0 s ahead: counted from when it came in",
        "k1: stop: its page's clock is 60.0 s ahead: counted from when it came in",
    ]
    answer = room.say(ana, "order", order="start", now_s=100.0, at_ms=106_000.0)
    assert answer is not None and answer["why"].endswith("load the page anew and press again")
