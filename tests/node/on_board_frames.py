"""main.py's loop with the heap locked: 10,000 frames and the host's messages between them, and nothing is allocated.

Under MicroPython only, on a real pace table whose file is named on the command line: see test_under_micropython. A
collection takes up to 200 ms on a board, and the light would stand still for as long.
"""

import sys

import micropython
from node_fakes import Store, change_messages

from pacerail_node import messages as m
from pacerail_node import node as node_module
from pacerail_node import wire
from pacerail_node.pacetable import PaceTable
from pacerail_node.ticks import TICK_MASK, ticks_diff

FRAMES = 10_000
GUN_US = 500_000_000


def main_run():
    """`run` of the firmware's main.py, without the line at its end that starts the board."""
    with open(sys.argv[1] + "/main.py") as file:
        source = file.read()
    assert source.rstrip().endswith("\nmain()")
    names = {"__name__": "main", "__file__": sys.argv[1] + "/main.py"}
    exec(source.rstrip()[: -len("main()")], names)
    return names["run"]


class Strip:
    """LEDs that forget: a driver of a board hands its buffer to the hardware and allocates nothing either."""

    def __init__(self, pixels, now):
        self.pixels = pixels
        self.dimmed = 0
        self.buffer = bytearray(3 * pixels)
        self.wire_us = 30 * pixels + 300
        self.frames = 0
        self.lit = 0
        self._start = now

    def limit(self, outputs):
        pass

    def ready(self, tick):
        return ticks_diff(tick, self._start) >= 0

    def ready_tick(self, tick):
        return tick if self.ready(tick) else self._start

    def submit(self, start_tick, race_10us):
        self._start = start_tick
        self.frames += 1
        i = 0
        while i < len(self.buffer):
            if self.buffer[i]:
                self.lit += 1
                return start_tick
            i += 1
        return start_tick


class Link:
    """The host: `say` puts a request in; what comes back is kept in `heard`. Both move bytes one by one."""

    def __init__(self):
        self.inbox = bytearray(400)
        self.count = 0
        self.heard = bytearray(400)
        self.heard_count = 0
        self.sender = wire.Framer()
        self.listener = wire.Framer()
        self.sequence = 0

    def say(self, kind, payload=b""):
        self.sequence = self.sequence % 255 + 1
        self.sender.body[wire.HEAD : wire.HEAD + len(payload)] = payload
        self.count = self.sender.pack(wire.ANY, wire.HOST, self.sequence, kind, len(payload))
        self.inbox[: self.count] = self.sender.out[: self.count]

    def answer(self):
        """(type, payload) of what the board answered."""
        at = 0
        while at < self.heard_count:
            at = self.listener.accept(self.heard, at, self.heard_count)
            if self.listener.ready:
                self.heard_count = 0
                return self.listener.kind, bytes(self.listener.frame[wire.HEAD : wire.HEAD + self.listener.length])
        raise AssertionError("no answer")

    def any(self):
        return self.count > 0

    def readinto(self, buffer):
        count = min(self.count, len(buffer))
        i = 0
        while i < count:
            buffer[i] = self.inbox[i]
            i += 1
        while i < self.count:
            self.inbox[i - count] = self.inbox[i]
            i += 1
        self.count -= count
        return count

    def write(self, buffer, count):
        i = 0
        while i < count:
            self.heard[i] = buffer[i]
            i += 1
        self.heard_count = count


class Board:
    """A board whose `idle` is the only place where the heap is not locked: there the host's next message is made."""

    def __init__(self, table):
        self.now = GUN_US - 10_000_000
        self.reset_cause = 0
        self.gun = None
        self.strip = Strip(PaceTable(table).pixels, self.now)
        self.link = Link()
        self.table = table
        self.locked = False
        self.asked = None
        self.messages = 0
        self.worst = 0
        self.script = self.host()

    def temperature_dc(self):
        return 0

    def supply_mv(self):
        return 0

    def ticks_us(self):
        return self.now & TICK_MASK

    def close(self):
        pass

    def idle(self, until):
        if self.locked:
            micropython.heap_unlock()
            self.locked = False
        if self.asked is not None and self.link.count == 0:
            got, body = self.link.answer()
            assert got == self.asked | m.REPLY, (self.asked, got, body)
            self.asked = None
        if self.asked is None:
            self.asked = next(self.script)
        wait = ticks_diff(until, self.ticks_us())
        assert wait >= 0
        self.now += min(wait, 50_000)
        self.locked = True
        micropython.heap_lock()

    def line(self, off_us):
        fleet = self.now + off_us
        words = (self.now >> 30, self.now & TICK_MASK, fleet // 1_000_000, fleet % 1_000_000, m.RATE_BIAS + 9999, 40)
        return b"".join([word.to_bytes(4, "little") for word in words])

    def host(self):
        """What the host says, one message a turn; None where it lets the board run."""

        def say(kind, payload=b""):
            self.messages += 1
            self.link.say(kind, payload)
            return kind

        yield say(m.LINE, self.line(0))
        yield say(m.ARM, PaceTable(self.table).plan_hash)
        for _ in range(40):  # armed, and dark
            yield say(m.SYNC)
            yield None
            yield say(m.STATUS)
        yield say(m.GO, (GUN_US // 1_000_000).to_bytes(4, "little") + bytes(4))
        k = 0
        while self.strip.frames < FRAMES:
            k += 1
            if k % 17 == 0:
                yield say(m.SYNC)
            elif k % 111 == 0:
                yield say(m.LINE, self.line((300, -250)[k % 2]))
            elif k % 97 == 0:
                yield say(m.STATUS)
            elif k % 501 == 0:
                yield say(m.LOG, bytes(4))
            elif k % 703 == 0:
                yield say(m.HELLO)
            elif k % 999 == 0:
                yield say(m.GO, (GUN_US // 1_000_000).to_bytes(4, "little") + bytes(4))
            elif k % 1501 == 0:  # a change of plan, which changes nothing but is taken as any other
                for kind, payload in change_messages(self.table):
                    yield say(kind, payload)
            else:
                yield None
        yield say(m.RECALL)
        for _ in range(200):
            yield None
        yield say(m.ARM, PaceTable(self.table).plan_hash)
        yield say(m.STOP)
        yield say(m.CONSOLE)
        while True:
            yield None


def test_ten_thousand_frames_allocate_nothing():
    with open(sys.argv[3], "rb") as file:
        table = file.read()
    board = Board(table)
    node_module.store = Store(table)
    config = {"name": "b01", "uid": "x", "type": "sim", "address": 1, "outputs": [board.strip.pixels]}
    run = main_run()
    try:
        run(board, config)
    finally:
        if board.locked:
            micropython.heap_unlock()
    assert board.strip.frames >= FRAMES and board.strip.lit > FRAMES // 4, (board.strip.frames, board.strip.lit)
    assert board.messages > 500
    print("    frames:", board.strip.frames, "lit:", board.strip.lit, "messages:", board.messages)


def test_the_lock_would_have_seen_it():
    """The heap lock must be one that is felt: a list made under it raises."""
    micropython.heap_lock()
    try:
        seen = [board for board in (1, 2)]  # noqa: C416
    except MemoryError:
        seen = None
    micropython.heap_unlock()
    assert seen is None
