"""What a page may say, who may say it, and what each viewer still gets: the console's parts without a socket."""

from __future__ import annotations

import asyncio
import json
import struct
import unicodedata
from collections.abc import Awaitable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacerail.console import messages as m
from pacerail.console.allowance import Allowance
from pacerail.console.control import CONTROL, VIEW, Control, NotAllowed, Viewer
from pacerail.console.hub import Hub
from pacerail.console.mailbox import Mailbox
from pacerail.console.outbox import MOST_WORDS, Outbox, pixels_of
from pacerail.errors import RailError
from pacerail.race.state import Level

GOOD = [
    ({"type": "load", "plan": "breaking4-3-59"}, m.Load("breaking4-3-59")),
    ({"type": "confirm", "hash": "ab"}, m.Confirm("ab")),
    ({"type": "prepare"}, m.Prepare()),
    ({"type": "order", "order": " start in 10 "}, m.Order("start in 10")),
    ({"type": "show", "name": "clap-along", "seconds": 30}, m.Show("clap-along", 30.0)),
    ({"type": "dark"}, m.Dark()),
    ({"type": "split"}, m.Split(0.0)),
    ({"type": "split", "age_ms": 12.5}, m.Split(12.5)),
    ({"type": "split", "age_ms": 0, "distance_m": 1609.344}, m.Split(0.0, 1609.344)),
    ({"type": "split", "distance_m": None}, m.Split(0.0)),
    ({"type": "split_miss"}, m.SplitMiss()),
    ({"type": "split_undo"}, m.SplitUndo()),
    ({"type": "marks", "every": "line"}, m.Marks("line")),
    ({"type": "take"}, m.Take()),
    ({"type": "hand", "to": "k5"}, m.Hand("k5")),
    ({"type": "name", "name": "Ana, timing hut"}, m.Name("Ana, timing hut")),
    ({"type": "resume", "key": "abc-_9"}, m.Resume("abc-_9")),
]


@pytest.mark.parametrize(("told", "meaning"), GOOD)
def test_every_message_of_the_contract(told: dict[str, Any], meaning: m.Message) -> None:
    assert m.parse(json.dumps({**told, "id": 7})) == m.Said(7, None, meaning)
    assert m.parse(json.dumps({**told, "id": 7, "at_ms": 12.5})) == m.Said(7, 12.5, meaning)
    assert m.words(meaning)


@pytest.mark.parametrize(
    "told",
    [
        {"type": "load"},
        {"type": "load", "plan": 5},
        {"type": "load", "plan": ""},
        {"type": "load", "plan": "a\nb"},
        {"type": "load", "plan": "x" * 301},
        {"type": "order", "order": ["start"]},
        {"type": "show", "name": "x", "seconds": "30"},
        {"type": "show", "name": "x", "seconds": -1},
        {"type": "split", "age_ms": True},
        {"type": "split", "distance_m": "800 m"},
        {"type": "split", "distance_m": -1},
        {"type": "split", "age_ms": 1e9},
        {"type": "name", "name": "x" * 41},
        {"type": "prepare", "at_ms": "now"},
        {"type": "prepare", "at_ms": -1},
        {"type": "prepare", "at_ms": True},
        {"type": "prepare", "at_ms": 1e300},
        {"type": "resume"},
        {"type": "resume", "key": ["k"]},
        {"type": "explode"},
        {"type": None},
    ],
)
def test_malformed_messages_are_refused_with_their_number(told: dict[str, Any]) -> None:
    with pytest.raises(m.Malformed) as refused:
        m.parse(json.dumps({**told, "id": 3}))
    assert refused.value.id == 3


@given(st.text(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_nothing_else_is_taken(text: str) -> None:
    with pytest.raises(m.Malformed):
        m.parse(text)


def test_only_numbers_that_are_numbers() -> None:
    for text in ('{"type":"split","id":1,"age_ms":NaN}', '{"type":"take","id":1e400}', '{"type":"take","id":-1}'):
        with pytest.raises(m.Malformed):
            m.parse(text)
    with pytest.raises(m.Malformed):
        m.parse(json.dumps({"type": "take", "id": 1, "x": "y" * m.LONGEST}))
    with pytest.raises(m.Malformed):
        m.parse("[" * 4000)


@pytest.mark.parametrize(
    "odd",
    [
        "Ana\u202enimda",  # written from right to left from here on
        "Ana\u2066",
        "\u200bAna",  # without width
        "Ana\u200d",
        "Ana\ufeff",
        "Ana\u00ad",
        "Ana\u2028Ben",  # another line
        "Ana\x1b[2J",
        "Ana\x00",
        "Ana\ud800",  # half a character
        "\U000e0041na",
        " \u3000 ",
    ],
)
def test_names_of_characters_that_cannot_be_seen_are_refused(odd: str) -> None:
    for told in ({"type": "name", "name": odd}, {"type": "order", "order": odd}, {"type": "load", "plan": odd}):
        with pytest.raises(m.Malformed, match="expected text of 1 to"):
            m.parse(json.dumps({**told, "id": 1}))


@given(st.text(max_size=60))
def test_a_name_that_is_taken_is_one_line_of_what_can_be_seen(name: str) -> None:
    try:
        said = m.parse(json.dumps({"type": "name", "id": 1, "name": name})).message
    except m.Malformed:
        return
    assert isinstance(said, m.Name) and 1 <= len(said.name) <= 40
    assert not any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for sign in said.name)
    said.name.encode()


def test_control_is_taken_asked_for_and_handed_over() -> None:
    control = Control()
    ana, ben, tv = control.join(CONTROL), control.join(CONTROL), control.join(VIEW)
    with pytest.raises(NotAllowed, match="take it first"):
        control.must_be(ana)
    control.take(ana)
    control.must_be(ana)
    assert "asks k1" in control.take(ben)
    assert control.take(ben) and control.asked == ["k2"]
    with pytest.raises(NotAllowed):
        control.take(tv)
    with pytest.raises(NotAllowed):
        control.hand(ben, "k2")
    with pytest.raises(NotAllowed):
        control.hand(ana, "k3")
    control.hand(ana, "k2")
    assert control.by == "k2" and control.asked == []
    assert control.leave(ana) is None
    assert "nobody is in control" in (control.leave(ben) or "")
    assert control.by is None and control.told() == {"by": None, "name": None, "asked": []}


@given(
    st.lists(
        st.tuples(st.sampled_from(["join", "look", "take", "hand", "leave"]), st.integers(0, 5), st.integers(0, 5))
    )
)
def test_one_at_most_is_in_control_and_it_is_there(steps: list[tuple[str, int, int]]) -> None:
    control = Control()
    seats: list[Viewer] = []
    for what, one, other in steps:
        if what in ("join", "look"):
            seats.append(control.join(CONTROL if what == "join" else VIEW))
        if one < len(seats):
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
        assert control.by not in control.asked
        assert set(control.asked) <= set(control.viewers)


def test_an_allowance_fills_up_again() -> None:
    allowance = Allowance(3, 2)
    assert [allowance.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert allowance.take(0.5) and not allowance.take(0.5)
    assert [allowance.take(100.0) for _ in range(4)] == [True, True, True, False]


def test_a_slow_viewer_gets_the_newest_and_all_words() -> None:
    outbox = Outbox()
    outbox.put_words(b"a")
    for k in range(50):
        outbox.put_state(b"state %d" % k)
        outbox.put_rows({k % 3: bytes([k])})
    outbox.put_plan(b"old")
    outbox.put_plan(b"plan")
    outbox.put_words(b"b")
    taken = []
    while (item := outbox.take()) is not None:
        taken.append(item)
    rows = b"\x01" + struct.pack("<H", 0) + b"\x30" + struct.pack("<H", 1) + b"\x31" + struct.pack("<H", 2) + b"\x2f"
    assert taken == [(b"a", True), (b"b", True), (b"plan", True), (b"state 49", True), (rows, False)]
    for _ in range(MOST_WORDS):
        outbox.put_words(b"x")
    assert not outbox.overfull
    outbox.put_words(b"x")
    assert outbox.overfull


def test_pixels_are_as_the_contract_has_them() -> None:
    assert pixels_of({258: b"\x01\x02\x03", 1: b"\xff\x00\x00"}) == b"\x01\x01\x00\xff\x00\x00\x02\x01\x01\x02\x03"


def test_the_mailbox_wakes_once_and_keeps_the_newest() -> None:
    woken: list[int] = []
    box = Mailbox(lambda: woken.append(1))
    box.put_state(b"1", b"f1")
    box.put_state(b"2", b"f2")
    box.put_rows({0: b"a", 1: b"b"})
    box.put_rows({1: b"c"})
    for k in range(3000):
        box.put_event(b"%d" % k)
    assert woken == [1]
    mail = box.take()
    assert (mail.state, mail.feed, mail.rows) == (b"2", b"f2", {0: b"a", 1: b"c"})
    assert len(mail.events) == 1000 and mail.events[-1] == b"2999"
    box.put_plan(b"p")
    assert woken == [1, 1] and box.take().plan == b"p"


class FakeRail:
    """The race's side, which notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, m.Wish]] = []
        self.notes: list[str] = []

    def act(self, who: str, wish: m.Wish, at_s: float) -> Awaitable[None]:
        async def done() -> None:
            self.asked.append((who, wish))
            if wish == m.Order("arm"):
                raise RailError("not now")

        return done()

    def note(self, words: str, level: Level = "info") -> None:
        self.notes.append(words)


def test_the_hub_lets_only_who_is_in_control_at_the_rail() -> None:
    rail = FakeRail()
    hub = Hub(rail, lambda viewer: json.dumps({"type": "hello", "id": viewer.id}).encode())
    woken: list[str] = []
    ana, tv = hub.join(CONTROL, lambda: woken.append("ana")), hub.join(VIEW, lambda: woken.append("tv"))

    async def say(seat: Any, number: int, **told: Any) -> dict[str, Any]:
        while seat.outbox.take() is not None:
            pass
        await hub.hear(seat, json.dumps({"id": number, **told}), 0.0)
        answers = []
        while (item := seat.outbox.take()) is not None:
            answers.append(json.loads(item[0]))
        return next(answer for answer in answers if answer["type"] in ("done", "refused"))

    async def whole() -> None:
        assert (await say(ana, 1, type="order", order="stop"))["why"] == "not in control: take it first"
        assert (await say(ana, 2, type="take"))["type"] == "done"
        assert (await say(tv, 1, type="order", order="stop"))["why"] == "this link is for looking only"
        assert (await say(ana, 2, type="order", order="stop"))["type"] == "refused"
        assert rail.asked == []
        assert (await say(ana, 3, type="order", order="stop")) == {"type": "done", "id": 3}
        assert (await say(ana, 4, type="order", order="arm")) == {"type": "refused", "id": 4, "why": "not now"}
        assert [who for who, _ in rail.asked] == ["k1", "k1"]

    asyncio.run(whole())
    assert [note for note in rail.notes if "refused" in note] == [
        "k1: stop: refused: not in control: take it first",
        "k2: stop: refused: this link is for looking only",
        "k1: a message: refused: id 2 comes after 2; expected ids that rise",
    ]
