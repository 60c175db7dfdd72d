"""An RS-485 pair that several simulated boards share: half duplex, and everyone hears everything.

The host polls one board at a time and a board never speaks first, so nothing collides as long as answers come in time.
One that comes after the host has given up may run into the next request: then both are garbled, for everybody.

What is under way on the wires is a `_Burst`. A board is let run only to just before the last bytes of what it hears:
by then everybody who might have spoken into it has been run as far, and whether it is garbled is known.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from pacerail.bench.delays import Link as LinkModel
from pacerail.bench.delays import Pair
from pacerail.bench.world import ANSWER_NS, BoardEnd, SimLink, World
from pacerail.errors import RailError
from pacerail.link import Link, OnBytes
from pacerail.model.rail import Board
from pacerail_node import kernels, wire

_FIFO_TIMEOUT_BITS = 32
_OLD_NS = 1_000_000_000  # nothing that began so long ago is still on the wires: the longest frame takes 25 ms
_GARBLE = 0x55  # what a byte is changed by where two drivers fought over it


@dataclass(eq=False)
class _Burst:
    """One driver's bytes on the wires, from when it is switched on until it is off again."""

    on_ns: int
    begin_ns: int
    end_ns: int
    off_ns: int
    data: bytes
    sender: Tap | None
    """None: the host."""
    bus: Bus
    garbled: bool = False

    def overlaps(self, other: _Burst) -> bool:
        """Whether both drivers are on at once."""
        return self.sender is not other.sender and self.on_ns < other.off_ns and other.on_ns < self.off_ns

    def to_host(self, data: bytes, now_us: int) -> None:
        """It has come through the bridge."""
        self.bus.hand_over(bytes(byte ^ _GARBLE for byte in data) if self.garbled else data, now_us)


class Bus:
    """The host's port to a pair. `byte_ns` is what a byte takes on it."""

    def __init__(self, world: World, model: LinkModel, pair: Pair, seed: str) -> None:
        self.taps: list[Tap] = []
        self.byte_ns = model.byte_ns
        self.collisions = 0
        """How often two spoke at once."""
        self._world = world
        self._model = model
        self._pair = pair
        self._random_out = Random(seed + "/in")
        self._random_back = Random(seed + "/out")
        self._on_bytes: OnBytes | None = None
        self._bursts: list[_Burst] = []
        self._last_sent_ns = 0
        self._last_heard_ns = 0

    def add(self, address: int) -> Tap:
        """Put a board on the pair."""
        tap = Tap(self._world, self, address, self._pair.fifo_bytes)
        self.taps.append(tap)
        return tap

    def listen(self, on_bytes: OnBytes) -> None:
        """Say who gets the bytes that come in."""
        self._on_bytes = on_bytes

    def close(self) -> None:
        """Nothing to let go of."""

    def write(self, data: bytes) -> int:
        """Send bytes to all boards of the pair; returns the host's time in us."""
        world = self._world
        on_ns = world.now_ns + self._model.to_board.delay_ns(self._random_out, 0)
        data = self._model.to_board.through_noise(self._random_out, data)
        if data and not all(tap.cut for tap in self.taps):
            burst = self._speak(max(on_ns, self._last_sent_ns), data, None)
            self._last_sent_ns = burst.off_ns
            to = _addressee(data)
            for tap in self.taps:
                if to in (None, wire.ANY, tap.address):
                    tap.await_answer(burst.end_ns + ANSWER_NS)
        return world.host_clock_us()

    def from_tap(self, tap: Tap, true_ns: int, data: bytes) -> None:
        """A board has sent bytes at a true time."""
        delay_ns = self._model.to_host.delay_ns(self._random_back, 0)
        data = self._model.to_host.through_noise(self._random_back, data)
        if data and not tap.cut:
            burst = self._speak(true_ns, data, tap)
            self._last_heard_ns = max(self._last_heard_ns + 1000, burst.end_ns + delay_ns)
            self._world.deliver(self._last_heard_ns, burst, data)

    def hand_over(self, data: bytes, now_us: int) -> None:
        """Bytes have come to the host."""
        if self._on_bytes is not None and not all(tap.cut for tap in self.taps):
            self._on_bytes(data, now_us)

    def _speak(self, on_ns: int, data: bytes, sender: Tap | None) -> _Burst:
        turn_ns = self._pair.turn_us * 1000
        begin_ns = on_ns + turn_ns
        end_ns = begin_ns + len(data) * self.byte_ns
        burst = _Burst(on_ns, begin_ns, end_ns, end_ns + turn_ns, data, sender, self)
        self._bursts = [other for other in self._bursts if other.off_ns > on_ns - _OLD_NS]
        for other in self._bursts:
            if burst.overlaps(other):
                burst.garbled = other.garbled = True
                self.collisions += 1
        self._bursts.append(burst)
        for tap in self.taps:
            if tap is not sender:
                tap.hear(burst)
        return burst


class Tap:
    """A board's place on a pair."""

    def __init__(self, world: World, bus: Bus, address: int, fifo_bytes: int) -> None:
        self.cut = False
        """Unplugged: nothing passes."""
        self.powered = True
        """Its board has power: what comes while it has none is lost."""
        self.address = address
        self._world = world
        self.bus = bus
        self._fifo_bytes = fifo_bytes
        self._awaited_until_ns = 0
        self._inbox: list[tuple[int, int, bytes, _Burst, bool]] = []  # due, place, bytes, of what, the last of it
        self._count = 0

    @property
    def awaited(self) -> bool:
        """Something was said to this board, and the answer may still come."""
        return self._world.now_ns < self._awaited_until_ns

    def await_answer(self, until_ns: int) -> None:
        """The board was asked something: its answer may come until a true time."""
        if self.powered and not self.cut:
            self._awaited_until_ns = until_ns

    def hear(self, burst: _Burst) -> None:
        """Somebody else speaks: the bytes come in lumps, as the UART's FIFO fills, or when no more follow."""
        if not self.powered or self.cut:
            return
        byte_ns, size = self.bus.byte_ns, self._fifo_bytes
        for at in range(0, len(burst.data), size):
            lump = burst.data[at : at + size]
            due_ns = burst.begin_ns + (at + len(lump)) * byte_ns
            if len(lump) < size:
                due_ns += byte_ns * _FIFO_TIMEOUT_BITS // 10
            self._count += 1
            insort(self._inbox, (due_ns, self._count, lump, burst, at + size >= len(burst.data)))

    def horizon_ns(self, reached_ns: int, until_ns: int) -> int:
        """Not beyond the last bytes of what is being said now: somebody may still speak into it."""
        settled_ns = max(self._world.now_ns, reached_ns + 1)
        for due_ns, _, _, _, last in self._inbox:
            if last and due_ns > settled_ns:
                return min(until_ns, due_ns - 1)
        return until_ns

    def take(self, until_ns: int) -> list[tuple[int, bytes]]:
        """What arrives at the board up to a true time."""
        due = [item for item in self._inbox if item[0] <= until_ns]
        self._inbox = self._inbox[len(due) :]
        return [(due_ns, _as_heard(lump, burst, last)) for due_ns, _, lump, burst, last in due]

    def forget(self) -> None:
        """The board has lost its power: what was on its way to it is lost."""
        self._inbox.clear()
        self._awaited_until_ns = 0

    def from_board(self, true_ns: int, data: bytes) -> None:
        """The board has sent bytes at a true time."""
        self._awaited_until_ns = 0
        self.bus.from_tap(self, true_ns, data)


def lay_links(
    world: World, model: LinkModel, seed: str, boards: Sequence[Board], key: bytes | None
) -> list[tuple[Link, BoardEnd]]:
    """The host's link to each board and the board's end of it: one each, or pairs shared by so many as the model says.

    Raises RailError for boards of one pair that have the same address.
    """
    laid: list[tuple[Link, BoardEnd]] = []
    pair = model.pair
    if pair is None:
        for board in boards:
            port = SimLink(world, model, f"{seed}/{board.name}")
            laid.append((Link(port, key, byte_ns=model.byte_ns), port))
        return laid
    for at in range(0, len(boards), pair.boards):
        bus = Bus(world, model, pair, f"{seed}/pair {at // pair.boards + 1}")
        link = Link(bus, key, byte_ns=model.byte_ns)
        for board in boards[at : at + pair.boards]:
            for before in bus.taps:
                if before.address == board.address:
                    raise RailError(f"{board.name} has address {board.address}, as another board on its pair of wires")
            laid.append((link, bus.add(board.address)))
    return laid


def _as_heard(lump: bytes, burst: _Burst, last: bool) -> bytes:
    """What is heard of the last bytes when two spoke at once: something else, so that the checksum is wrong."""
    if not (burst.garbled and last):
        return lump
    return bytes([lump[0] ^ _GARBLE, *lump[1:]])


def _addressee(data: bytes) -> int | None:
    """The board that a frame is for: only that one may answer, so only it is waited for. None if it cannot be told."""
    frame = bytearray(data.strip(b"\0"))
    if kernels.unstuff(frame, len(frame)) < wire.HEAD:  # pyright: ignore[reportUnknownMemberType]
        return None
    return frame[1]
