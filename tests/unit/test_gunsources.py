"""The sources of the gun: pins of boards that answer as boards do, and a FinishLynx feed over real ports."""

from __future__ import annotations

import asyncio
import os
import pty
import random
import socket
import tty
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.lynx_streams import SCRIPT, ZERO_US, Timed, chopped, running

from pacerail.board import Edges, Identity
from pacerail.errors import InputError, RailError
from pacerail.fleet import Fleet
from pacerail.gun import Gun
from pacerail.gunsources import LynxSource, PinEdges, PinSource, parse_source
from pacerail.link import NoAnswer
from pacerail.lynxfeed import Ears, Feed, open_feed
from pacerail.sync import Estimator, Line, Sample

HOST = "127.0.0.1"
NOW_US = 5_000_000_000
Send = Callable[[bytes], Awaitable[None]]


def estimator(off_ticks: int = 1_000_000, delay_us: int = 100, until_us: int = NOW_US, ppm: float = 0.0) -> Estimator:
    """A board's clock as an estimator knows it after 60 exchanges, up to a host time: tick = host + off, and a rate."""
    made = Estimator()
    more_exchanges(made, off_ticks, delay_us, until_us, ppm)
    return made


def more_exchanges(to: Estimator, off_ticks: int, delay_us: int, until_us: int, ppm: float = 0.0) -> None:
    """Sixty more, 100 ms apart, the last one at a host time; delays are the same both ways, and hardly vary."""
    rng = random.Random(off_ticks)

    def tick(host_us: int) -> int:
        return host_us + off_ticks + round((host_us - NOW_US) * ppm * 1e-6)

    for k in range(59, -1, -1):
        sent_us = until_us - 100_000 * k
        there_us = sent_us + delay_us + rng.randrange(20)
        back_us = there_us + 300 + delay_us + rng.randrange(20)
        to.add(Sample(sent_us, tick(there_us), tick(there_us + 300), back_us))


def edges(*ticks: int, late_us: int = 3) -> Edges:
    """What a board answers: edges at these ticks, all kept."""
    return Edges(len(ticks), late_us, tuple(enumerate(ticks, 1)))


# -- which source is meant


def no_boards() -> Fleet:
    """A fleet of nobody."""
    return Fleet((), lambda: NOW_US)


def test_sources_by_name() -> None:
    """As `--gun` names them."""
    assert parse_source("pin", no_boards()).name == "pin"
    source = parse_source("lynx=tcp-listen://:9999", no_boards())
    assert source.name == "lynx" and source.words() == "tcp-listen://:9999, nothing heard yet"


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "expected pin, or lynx=URL"), ("pins", "expected pin, or lynx=URL"), ("pin=3", "expected pin, or lynx=URL"),
     ("lynx", "expected tcp-listen"), ("lynx=9999", "expected tcp-listen"), ("lynx=udp://:x", "expected something"),
     ("lynx=serial://", "expected tcp-listen"), ("lynx=udp://:1?form=2", "form is no option")],
)  # fmt: skip
def test_what_is_no_source(text: str, words: str) -> None:
    """One line that says what was expected, before any port is opened."""
    with pytest.raises(InputError, match=words) as raised:
        parse_source(text, no_boards())
    assert str(raised.value).startswith(f"--gun {text}: ") and "\n" not in str(raised.value)


# -- pins


@given(
    late_s=st.floats(0, 200), off=st.integers(-(1 << 29), 1 << 45), ppm=st.floats(-40, 40), ago_s=st.floats(0.0, 5.0)
)
def test_an_edge_is_placed_however_late_its_news(late_s: float, off: int, ppm: float, ago_s: float) -> None:
    """The zero is within its bound, and the bound says what the clock says."""
    pins = PinEdges()
    zero_us = NOW_US - round(ago_s * 1e6)
    tick = zero_us + off + round((zero_us - NOW_US) * ppm * 1e-6)
    known = estimator(off, ppm=ppm)
    pins.take("b01", edges(tick + 2), known, NOW_US + round(late_s * 1e6))
    best = pins.best()
    line = known.line()
    assert best is not None and line is not None and best[0] == "b01"
    assert abs(best[1].zero_us - zero_us) <= best[1].bound_us
    assert abs(best[1].zero_us - zero_us) < 60
    assert best[1].bound_us >= line.error_at_us(zero_us) + 3


def test_the_pin_that_is_known_best_wins_among_those_that_agree() -> None:
    """And one that says something else is told of, and not believed."""
    pins = PinEdges()
    coarse, fine, odd = estimator(5_000, 900), estimator(70_000, 50), estimator(900, 10)
    gun_us = NOW_US - 400_000
    pins.take("b02", edges(gun_us + 5_000), coarse, NOW_US)
    first = pins.best()
    assert first is not None and first[0] == "b02"
    pins.take("b05", edges(gun_us + 70_000), fine, NOW_US)
    best = pins.best()
    assert best is not None and best[0] == "b05" and best[1].bound_us < first[1].bound_us
    pins.take("b07", edges(gun_us + 250_000 + 900), odd, NOW_US)
    assert pins.best() == best
    assert (
        pins.words() == f"edge on b05, known to {best[1].bound_us} us; b02 agrees; b07 says +0.250 s: not the same gun"
    )


def test_later_edges_are_counted_and_change_nothing() -> None:
    """The recall shot, the release of the contact: also when the first edge is told again with them."""
    pins, known = PinEdges(), estimator()
    gun_tick = NOW_US + 1_000_000 - 300_000
    pins.take("b01", edges(gun_tick), known, NOW_US)
    best = pins.best()
    pins.take(
        "b01", Edges(9, 3, ((1, gun_tick), (7, gun_tick + 7), (8, gun_tick + 8), (9, gun_tick + 9))), known, NOW_US
    )
    assert pins.best() == best
    assert pins.words().endswith("; 8 more since")


def test_a_better_clock_makes_a_better_zero_and_a_worse_one_none() -> None:
    """The tick stays; of the zeros made of it the one with the least bound counts."""
    pins, known = PinEdges(), estimator(0, 800)
    pins.take("b01", edges(NOW_US - 200_000), known, NOW_US)
    rough = pins.best()
    more_exchanges(known, 0, 60, NOW_US + 6_000_000)
    pins.take("b01", edges(NOW_US - 200_000), known, NOW_US + 6_000_000)
    fine = pins.best()
    assert rough is not None and fine is not None and fine[1].bound_us < rough[1].bound_us
    more_exchanges(known, 0, 60, NOW_US + 250_000_000)  # long after: the rate was wandering all the time
    pins.take("b01", edges(NOW_US - 200_000), known, NOW_US + 250_000_000)
    assert pins.best() == fine


def test_a_board_that_starts_anew_does_not_move_its_gun() -> None:
    """Its ticks are others now; the edge was one of the old ticks."""
    pins, known = PinEdges(), estimator(0, 800)
    pins.take("b01", edges(NOW_US - 200_000), known, NOW_US)
    best = pins.best()
    more_exchanges(known, -3_000_000_000, 30, NOW_US + 8_000_000)
    assert known.counts.steps == 1
    pins.take("b01", edges(NOW_US - 200_000), known, NOW_US + 8_000_000)  # a late answer from before
    assert pins.best() == best
    pins.take("b01", Edges(0, 3, ()), known, NOW_US + 9_000_000)
    assert pins.best() is None and pins.words() == "waits for an edge"


def test_armed_again_the_next_edge_is_the_next_gun() -> None:
    """Also when nobody looked in between."""
    for looked in (True, False):
        pins, known = PinEdges(), estimator(0)
        pins.take("b01", edges(NOW_US - 900_000), known, NOW_US)
        if looked:
            pins.take("b01", Edges(0, 3, ()), known, NOW_US)
        pins.take("b01", edges(NOW_US - 100_000), known, NOW_US)
        best = pins.best()
        assert best is not None and abs(best[1].zero_us - (NOW_US - 100_000)) < 50


def test_an_edge_in_the_future_is_of_another_clock() -> None:
    """No board has caught what is still to come."""
    pins = PinEdges()
    pins.take("b01", edges(NOW_US + 900_000), estimator(0), NOW_US)
    assert pins.best() is None


def test_no_zero_before_the_clock_is_known() -> None:
    """The edge is kept until then."""
    pins, known = PinEdges(), Estimator()
    pins.take("b01", edges(NOW_US - 900_000), known, NOW_US)
    assert pins.best() is None
    more_exchanges(known, 0, 100, NOW_US)
    pins.take("b01", edges(NOW_US - 900_000), known, NOW_US)
    assert pins.best() is not None


@dataclass
class Client:
    """Answers as the script says: an Edges, or an error; the last answer again and again."""

    script: list[Edges | RailError]
    asked: int = 0

    async def edges(self, tries: int = 5) -> Edges:
        """The next answer."""
        answer = self.script[min(self.asked, len(self.script) - 1)]
        self.asked += 1
        if isinstance(answer, RailError):
            raise answer
        return answer


@dataclass
class PinMember:
    """A board of the fleet, as far as a source looks at it."""

    name: str
    client: Client
    estimator: Estimator
    identity: Identity | None
    status: Any = None
    lost: bool = False


def pin_member(name: str, *script: Edges | RailError, gun: bool = True) -> PinMember:
    """A board that has a gun pin, or none."""
    identity = Identity(1, "1", name, "x", "sim", 1, (50,), gun)
    return PinMember(name, Client(list(script)), estimator(0), identity)


def pin_source(*members: PinMember) -> PinSource:
    """A source that polls without waiting."""
    fleet: Any = Fleet(members, lambda: NOW_US)  # type: ignore[arg-type]
    return PinSource(fleet, poll_s=0.0)


def heard_by(source: PinSource, count: int) -> list[Gun]:
    """The first guns that it hands over."""
    guns: list[Gun] = []

    async def play() -> None:
        enough = asyncio.Event()

        def heard(gun: Gun) -> None:
            guns.append(gun)
            if len(guns) == count:
                enough.set()

        task = asyncio.ensure_future(source.watch(heard))
        async with asyncio.timeout(5):
            await enough.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(play())
    return guns


def test_the_pin_is_asked_until_it_says_something() -> None:
    """Lost answers and boards without a pin do no harm; an edge is handed over once."""
    none = Edges(0, 3, ())
    member = pin_member("b02", none, NoAnswer("lost"), none, none, RailError("what?"), edges(NOW_US - 50_000))
    other = pin_member("b01", gun=False)
    source = pin_source(other, member)
    assert source.words() == "pin of b02: waits for an edge"
    (gun,) = heard_by(source, 1)
    assert abs(gun.zero_us - (NOW_US - 50_000)) < 50 and gun.source == "pin"
    assert member.client.asked == 6 and other.client.asked == 0
    assert source.words() == f"pin of b02: edge on b02, known to {gun.bound_us} us"


def test_a_board_that_comes_late_is_asked_from_then_on() -> None:
    """It did not answer when the race was made ready, and it has the only pin."""
    late = pin_member("b02", edges(NOW_US - 50_000))
    identity, late.identity = late.identity, None
    source = pin_source(pin_member("b01", gun=False), late)
    assert source.words() == "no board that is there has a gun pin; not there yet: b02"
    guns: list[Gun] = []

    async def play() -> None:
        task = asyncio.ensure_future(source.watch(guns.append))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not task.done() and late.client.asked == 0
        late.identity = identity
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(play())
    assert late.client.asked >= 1 and [gun.source for gun in guns] == ["pin"]
    assert source.words().startswith("pin of b02: edge on b02")


def test_that_there_is_no_pin_is_said_once_every_board_has_been_there() -> None:
    late = pin_member("b02", gun=False)
    identity, late.identity = late.identity, None
    source = pin_source(pin_member("b01", gun=False), late)

    async def play() -> None:
        task = asyncio.ensure_future(source.watch(lambda gun: None))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not task.done()
        late.identity = identity
        with pytest.raises(RailError, match="no board has a gun pin"):
            await task

    asyncio.run(play())


def test_no_pin_no_source() -> None:
    """Said at once, and not at the gun."""
    source = pin_source(pin_member("b01", gun=False))
    assert source.words() == "no board has a gun pin"
    with pytest.raises(RailError, match=r"no board has a gun pin; expected"):
        asyncio.run(source.watch(lambda gun: None))


# -- FinishLynx


@dataclass
class Room:
    """A source on a real port, with a clock that shows what the test sets."""

    url: str
    now_us: int = 0
    guns: list[Gun] = field(default_factory=list[Gun])
    feed: Feed | None = None
    seen: int = 0
    gone: int = 0

    def __post_init__(self) -> None:
        self.source = LynxSource(self.open, lambda: self.now_us, self.url)
        self.news = asyncio.Event()

    async def open(self, ears: Ears) -> Feed:
        """The real feed; what it brings is counted on its way."""

        def chunk(chunk: Any) -> None:
            ears.on_chunk(chunk)
            self.seen += len(chunk.data)
            self.news.set()

        def hang_up(sender: str) -> None:
            ears.on_hang_up(sender)
            self.gone += 1
            self.news.set()

        self.feed = await open_feed(self.url, Ears(chunk, hang_up, ears.clock, retry_s=0.01))
        self.news.set()
        return self.feed

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait until something is so, which it must be soon."""
        async with asyncio.timeout(5):
            while not met():
                self.news.clear()
                await self.news.wait()

    async def port(self) -> int:
        """The port that the system chose."""
        await self.until(lambda: self.feed is not None)
        assert self.feed is not None
        return int(self.feed.address.rpartition(":")[2])

    async def hears(self, feed: Timed, send: Send) -> None:
        """Send a feed at its own times."""
        for data, host_us in feed:
            self.now_us = host_us
            before = self.seen
            if data:
                await send(data)
                await self.until(lambda before=before, data=data: self.seen == before + len(data))

    def no_wrong_zero(self, *zeros_us: int) -> None:
        """Whatever it handed over was one of the true zeros, within its bound."""
        for gun in self.guns:
            assert any(abs(gun.zero_us - zero_us) <= gun.bound_us for zero_us in zeros_us), gun


def with_source(url: str, play: Callable[[Room], Awaitable[None]]) -> Room:
    """A source that watches while `play` is played; its port is free again afterwards."""
    rooms: list[Room] = []

    async def run() -> None:
        room = Room(url)
        rooms.append(room)
        task = asyncio.ensure_future(room.source.watch(room.guns.append))
        try:
            await play(room)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
    return rooms[0]


async def connected(room: Room) -> Send:
    """FinishLynx connects to a listening feed."""
    _, writer = await asyncio.open_connection(HOST, await room.port())

    async def send(data: bytes) -> None:
        writer.write(data)
        await writer.drain()

    return send


def says(section: str, host_us: int, time: str = "") -> Timed:
    """One event of the clock."""
    return [(SCRIPT.send(section, time), host_us)]


def found(room: Room, zero_us: int = ZERO_US, within_us: int = 40_000) -> None:
    """It handed over the gun, known well."""
    assert room.guns and abs(room.guns[-1].zero_us - zero_us) <= min(room.guns[-1].bound_us, within_us)


def test_tcp_listening() -> None:
    """From armed to a zero that gets better and is not told at every message."""

    async def play(room: Room) -> None:
        send = await connected(room)
        assert room.source.words().startswith(f"TCP, listening on {HOST}:")
        assert room.source.words().endswith(", nothing heard yet")
        await room.hears(says("TimeArmed", ZERO_US - 9_000_000, "0.0"), send)
        assert "armed: no running time has come" in room.source.words()
        assert not room.guns
        await room.hears(running(random.Random(3), 60.0), send)
        assert "the gun is known to" in room.source.words()

    room = with_source(f"tcp-listen://{HOST}:0", play)
    found(room, within_us=10_000)
    room.no_wrong_zero(ZERO_US)
    assert len(room.guns) < 15


def test_tcp_connecting() -> None:
    """FinishLynx listens, goes away and comes back: the zero stays the same."""

    async def play(room: Room) -> None:
        came: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        server = await asyncio.start_server(lambda _, writer: came.put_nowait(writer), HOST, port)
        for number in (0, 1):
            async with asyncio.timeout(5):
                writer = await came.get()

            async def send(data: bytes, writer: asyncio.StreamWriter = writer) -> None:
                writer.write(data)
                await writer.drain()

            await room.hears(running(random.Random(number), number * 5 + 4.0, from_s=number * 5.0), send)
            writer.close()
            await room.until(lambda number=number: room.gone == number + 1)
        server.close()

    with socket.socket() as reserved:
        reserved.bind((HOST, 0))
        port = int(reserved.getsockname()[1])
    room = with_source(f"tcp://{HOST}:{port}", play)
    found(room)
    room.no_wrong_zero(ZERO_US)


def test_udp() -> None:
    """Datagrams."""

    async def play(room: Room) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            sender.connect((HOST, await room.port()))

            async def send(data: bytes) -> None:
                sender.send(data)

            await room.hears(running(random.Random(5), 4.0), send)

    found(with_source(f"udp://{HOST}:0", play))


def test_serial(tmp_path: Path) -> None:
    """A pseudo-terminal for a COM port."""
    master, slave = pty.openpty()
    tty.setraw(slave)

    async def play(room: Room) -> None:
        async def send(data: bytes) -> None:
            os.write(master, data)

        while room.seen == 0:  # opening a port throws away what came before
            os.write(master, b"\n")
            await asyncio.sleep(0.01)
        os.write(master, b"\x02")
        count = -1
        while count != room.seen:  # all of it has come
            count = room.seen
            await asyncio.sleep(0.02)
        await room.hears(running(random.Random(6), 4.0), send)

    try:
        found(with_source(f"serial://{os.ttyname(slave)}", play))
    finally:
        os.close(master)
        os.close(slave)


def test_a_forced_restart_is_another_gun_and_never_a_wrong_one() -> None:
    """Run, set back by the operator, and a second start: two zeros, each handed over, nothing in between."""
    second_us = ZERO_US + 20_000_000

    async def play(room: Room) -> None:
        send = await connected(room)
        await room.hears(running(random.Random(1), 6.0), send)
        first = list(room.guns)
        assert first
        await room.hears(says("TimeStopped", ZERO_US + 6_100_000, "6.1"), send)
        await room.hears(says("TimeArmed", ZERO_US + 12_000_000, "0.0"), send)
        assert room.guns == first
        await room.hears(running(random.Random(2), 6.0, zero_us=second_us), send)
        assert room.guns[: len(first)] == first

    room = with_source(f"tcp-listen://{HOST}:0", play)
    room.no_wrong_zero(ZERO_US, second_us)
    found(room, second_us)


def test_a_pause_and_a_clock_forced_to_another_time() -> None:
    """A clock that stands says nothing; one that was forced on is another zero, told with a warning."""
    moved_us = ZERO_US - 30_000_000

    async def play(room: Room) -> None:
        send = await connected(room)
        await room.hears(running(random.Random(1), 5.0), send)
        first = list(room.guns)
        for k in range(40):
            await room.hears(says("TimeRunning", ZERO_US + 5_100_000 + 100_000 * k, "5.0"), send)
        await room.hears(says("TimePaused", ZERO_US + 9_200_000, "5.0"), send)
        assert room.guns == first
        await room.hears(running(random.Random(2), 45.0, zero_us=moved_us, from_s=40.0), send)
        assert "the clock now says that the gun was 29.99 s earlier" in room.source.words()

    room = with_source(f"tcp-listen://{HOST}:0", play)
    room.no_wrong_zero(ZERO_US, moved_us)
    found(room, moved_us)


@pytest.mark.parametrize("seed", range(6))
def test_hostile_bytes_are_counted_and_never_a_zero(seed: int) -> None:
    """Garbage, half lines, two clocks that contradict each other, a stranger's clock: no zero but the true one."""
    rng = random.Random(seed)
    stranger_us = ZERO_US - 90_000_000
    feed = running(rng, 8.0)
    junk: Timed = []
    for data, host_us in chopped(rng, feed):
        junk.append((data, host_us))
        if rng.random() < 0.3:
            junk.append((bytes(rng.randrange(256) for _ in range(rng.randrange(1, 40))) + b"\r\n", host_us))
        if rng.random() < 0.1:
            junk.append((SCRIPT.send("TimeRunning", f"{rng.randrange(59)}.{rng.randrange(9)}"), host_us))

    async def play(room: Room) -> None:
        send = await connected(room)
        other = await connected(room)
        await room.hears(junk[:10], send)
        late = running(rng, 120.0, zero_us=stranger_us, from_s=92.0)[:50]
        mixed = sorted([(us, 0, data) for data, us in junk[10:]] + [(us, 1, data) for data, us in late])
        for host_us, who, data in mixed:
            await room.hears([(data, host_us)], other if who else send)
        assert "not used: " in room.source.words()

    room = with_source(f"tcp-listen://{HOST}:0", play)
    room.no_wrong_zero(ZERO_US)
    assert sum(room.source.lynx.ignored.values()) > 3


def test_a_port_that_is_taken_is_an_error_with_words() -> None:
    """Before the race and not at the gun."""
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        source = parse_source(f"lynx=tcp-listen://{HOST}:{other.getsockname()[1]}", no_boards())
        with pytest.raises(RailError, match="cannot listen there"):
            asyncio.run(source.watch(lambda gun: None))


def test_a_line_is_what_pin_edge_wants() -> None:
    """The estimator of these tests knows the clock that they mean."""
    line = estimator(123_456, ppm=20).line()
    assert isinstance(line, Line) and abs(line.tick_at(NOW_US) - NOW_US - 123_456) < 30
