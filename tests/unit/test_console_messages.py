"""What a page may say, who may say it, and what each viewer still gets: the console's parts without a socket."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Awaitable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacerail.console import messages as m
from pacerail.console.access import access_for, split_host
from pacerail.console.control import CONTROL, VIEW, Allowance, Control, NotAllowed, Viewer
from pacerail.console.hub import Hub
from pacerail.console.mailbox import Mailbox
from pacerail.console.mqtt import parse_broker
from pacerail.console.outbox import MOST_WORDS, Outbox, pixels_of
from pacerail.console.plans import loader, plans_here
from pacerail.errors import InputError, RailError
from pacerail.model.track import standard_track

GOOD = [
    ({"type": "load", "plan": "breaking4-3-59"}, m.Load("breaking4-3-59")),
    ({"type": "confirm", "hash": "ab"}, m.Confirm("ab")),
    ({"type": "prepare"}, m.Prepare()),
    ({"type": "order", "order": " start in 10 "}, m.Order("start in 10")),
    ({"type": "show", "name": "clap-along", "seconds": 30}, m.Show("clap-along", 30.0)),
    ({"type": "dark"}, m.Dark()),
    ({"type": "split"}, m.Split(0.0)),
    ({"type": "split", "age_ms": 12.5}, m.Split(12.5)),
    ({"type": "split_undo"}, m.SplitUndo()),
    ({"type": "marks", "every": "line"}, m.Marks("line")),
    ({"type": "take"}, m.Take()),
    ({"type": "hand", "to": "k5"}, m.Hand("k5")),
    ({"type": "name", "name": "Ana, timing hut"}, m.Name("Ana, timing hut")),
]


@pytest.mark.parametrize(("told", "meaning"), GOOD)
def test_every_message_of_the_contract(told: dict[str, Any], meaning: m.Message) -> None:
    assert m.parse(json.dumps({**told, "id": 7})) == (7, meaning)
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
        {"type": "split", "age_ms": 1e9},
        {"type": "name", "name": "x" * 41},
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


def test_access_on_this_computer_and_beyond() -> None:
    here = access_for(None)
    assert here.role(None) == CONTROL and here.url() == "http://127.0.0.1:8359/"
    assert here.knows_host("127.0.0.1:8359") and here.knows_host("localhost:8359") and here.knows_host("[::1]:8359")
    for host in ("evil.example:8359", "127.0.0.1:80", "127.0.0.1.evil.example:8359", "192.168.1.7:8359", ""):
        assert not here.knows_host(host), host
    out = access_for("0.0.0.0:9000")
    assert out.control_token is not None and out.view_token is not None and out.control_token != out.view_token
    assert len(out.control_token) >= 32
    assert out.role(out.control_token) == CONTROL and out.role(out.view_token) == VIEW
    assert out.role(None) is None and out.role("") is None and out.role(out.control_token[:-1]) is None
    assert out.role("ü" * 32) is None
    assert out.control_token in out.url() and out.control_token not in out.url(view=True)
    assert out.knows_host("192.168.1.7:9000") and not out.knows_host("evil.example:9000")
    assert access_for("0.0.0.0:9000").control_token != out.control_token
    assert access_for("localhost:9000").control_token is None
    assert here.knows_origin("http://127.0.0.1:8359", "127.0.0.1:8359")
    for origin in (
        None,
        "null",
        "http://evil.example",
        "http://127.0.0.1:8360",
        "file://127.0.0.1:8359",
        "http://[",
        "",
    ):
        assert not here.knows_origin(origin, "127.0.0.1:8359"), origin


@pytest.mark.parametrize("listen", ["", "8359", "host", "host:", "host:x", "host:70000", ":8359", "host:-1"])
def test_an_address_that_is_none(listen: str) -> None:
    with pytest.raises(InputError) as wrong:
        access_for(listen)
    assert "expected HOST:PORT" in str(wrong.value)


def test_hosts_are_split() -> None:
    assert split_host("[::1]:80") == ("::1", 80)
    assert split_host("A.example:8359") == ("a.example", 8359)
    assert split_host("[::1]") == ("::1", None)


@pytest.mark.parametrize(
    "url", ["broker", "http://broker", "mqtt://", "mqtt://b/topic", "mqtt://b:x", "mqtt://[", "mqtt:b"]
)
def test_a_broker_that_is_none(url: str) -> None:
    with pytest.raises(InputError):
        parse_broker(url)


def test_brokers() -> None:
    broker = parse_broker("mqtts://a%40b:c@tv.example", "track/1", 1.0)
    assert (broker.host, broker.port, broker.tls, broker.user, broker.password) == (
        "tv.example",
        8883,
        True,
        "a@b",
        "c",
    )
    with pytest.raises(InputError):
        parse_broker("mqtt://b", "a/#")


def test_plans_offered(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tonight.toml").write_text('distance = "400 m"\n[[wave]]\nname="a"\ncolour="red"\ntarget="60"\n')
    (tmp_path / "rail.toml").write_text('title = "no plan"\n')
    offered = plans_here("breaking4-3-59")
    assert offered[:2] == ["breaking4-3-59", "tonight.toml"] and "rail.toml" not in offered
    assert offered.count("breaking4-3-59") == 1
    track = standard_track()
    assert loader(track, offered, anywhere=False)("tonight.toml").distance_m == 400
    with pytest.raises(InputError, match="not one of the plans"):
        loader(track, offered, anywhere=False)(str(tmp_path / "tonight.toml"))
    assert loader(track, offered, anywhere=True)(str(tmp_path / "tonight.toml")).distance_m == 400
    with pytest.raises(InputError, match=r"ends in \.toml"):
        loader(track, offered, anywhere=True)("/etc/passwd")


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

    def note(self, words: str) -> None:
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
