"""What the node's tests share, in the part of Python that MicroPython has: chance, pace tables, a board without a chip.

The tests of this folder run under CPython (where the host runs the same modules) and under MicroPython (where the
boards do), so they use nothing but asserts and this file.
"""

import struct
from binascii import crc32
from hashlib import sha256

from pacerail_node import commands as commands_module
from pacerail_node import messages as m
from pacerail_node import node as node_module
from pacerail_node import pacetable, wire
from pacerail_node.node import Node
from pacerail_node.ticks import TICK_MASK, ticks_diff

BIAS = pacetable.BEND_BIAS
LAP = 4_000_000  # 400 m
PLAN = b"the plan"


class Random:
    """Numbers by chance, the same on every machine and in every Python (Knuth's MMIX generator)."""

    def __init__(self, seed):
        self._state = seed
        self.below(2)

    def below(self, n):
        """A number in [0, n), n < 2^40."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return (self._state >> 24) % n

    def between(self, low, high):
        """A number in [low, high]."""
        return low + self.below(high - low + 1)

    def bytes(self, count):
        """`count` bytes; every other time rich in those that the stuffing must hide."""
        if self.below(2):
            return bytes([self.below(256) for _ in range(count)])
        return bytes([self.below(5) for _ in range(count)])


def expect(error, function, *args):
    """Call a function that must raise `error`; returns what it raised."""
    try:
        function(*args)
    except error as raised:
        return raised
    raise AssertionError("did not raise")


def even_wave(colour, length_100um, mps, start_100um=0, until_s=240, windows_s=None, name="wave"):
    """A wave of even pace: what table_bytes takes."""
    speed = int(mps * (1 << pacetable.SPEED_BITS) / 10)
    end = start_100um + int(mps * until_s * 10_000)
    pieces = [(0, start_100um, speed, BIAS), (until_s * 100_000, end, 0, BIAS)]
    windows = [(int(on * 100_000), int(off * 100_000)) for on, off in (windows_s or [(0, until_s)])]
    return (colour, length_100um, pieces, windows, int(mps * 1000) + 2, name)


def even_run(origin_100um, leds, cell_100um):
    """A run of LEDs of even pitch: what table_bytes takes."""
    return (origin_100um, [i * cell_100um for i in range(leds + 1)])


def table_bytes(waves, runs, lap_100um=LAP, plan_hash=PLAN, pixmap=None, pixels=None):
    """A pace table written by hand, with its hash: the host's compiler needs what MicroPython has not."""
    leds = sum([len(edges) - 1 for _, edges in runs])
    pixmap = list(range(leds)) if pixmap is None else pixmap
    pixels = leds if pixels is None else pixels
    outputs = struct.pack("<4H", pixels, 60_000, 1000, 0)
    run_part = wave_part = piece_part = window_part = edge_part = names = b""
    led = edge = 0
    for origin, edges in runs:
        run_part += struct.pack("<4I", origin, len(edges) - 1, led, edge)
        edge_part += struct.pack("<" + str(len(edges)) + "I", *edges)
        led += len(edges) - 1
        edge += len(edges)
    piece = window = 0
    for colour, length, pieces, windows, top, name in waves:
        wave_part += struct.pack("<8I", colour, length, piece, len(pieces), window, len(windows), top, 0)
        for words in pieces:
            piece_part += struct.pack("<4I", *words)
        for words in windows:
            window_part += struct.pack("<2I", *words)
        piece += len(pieces)
        window += len(windows)
        names += bytes([len(name)]) + name.encode()
    names += b"\0" * (-len(names) % 4)
    pixel_part = struct.pack("<" + str(leds) + "H", *pixmap)
    pixel_part += b"\0" * (-len(pixel_part) % 4)
    body = outputs + run_part + wave_part + piece_part + window_part + edge_part + pixel_part + names
    head = struct.pack(
        pacetable.HEADER, pacetable.MAGIC, pacetable.VERSION, len(waves), len(runs), 1,
        pacetable.HEADER_SIZE + len(body) + 8, lap_100um, 0, plan_hash, pixels, piece, window, leds, len(names), 0,
    )  # fmt: skip
    return seal(head + body)


def movement_in(table):
    """The waves, pieces and windows of a table's bytes, and how many pieces and windows there are."""
    waves, runs, outputs = table[5], table[6], table[7]
    pieces, windows = struct.unpack_from("<HH", table, 30)
    begin = pacetable.HEADER_SIZE + 8 * outputs + 16 * runs
    return table[begin : begin + 32 * waves + 16 * pieces + 8 * windows], pieces, windows


def change_messages(table, settled_10us=0, chunk=100):
    """The messages, (type, payload), that change a board's movement to that of another table."""
    movement, pieces, windows = movement_in(table)
    begin = struct.pack("<4I", len(movement), pieces, windows, settled_10us)
    messages = [(m.AMEND_BEGIN, begin + struct.pack("<I", crc32(movement)) + table[-8:])]
    for at in range(0, len(movement), chunk):
        messages.append((m.AMEND_DATA, struct.pack("<I", at) + movement[at : at + chunk]))
    messages.append((m.AMEND_END, b""))
    return messages


def seal(body):
    """A table's bytes with the hash behind them."""
    return body + sha256(body).digest()[:8]


class Strip:
    """LEDs that only remember: `frames` has (start, race, pixels) of each frame, with ticks that do not wrap."""

    def __init__(self, board, pixels, cost_us=0):
        self.pixels = pixels
        self.buffer = bytearray(3 * pixels)
        self.wire_us = 30 * pixels + 300
        self.frames = []
        self.dimmed = 0
        self.cost_us = cost_us
        self._board = board
        self._start = board.ticks_us()

    def limit(self, outputs):
        pass

    def ready(self, tick):
        return ticks_diff(tick, self._start) >= 0

    def ready_tick(self, tick):
        return tick if self.ready(tick) else self._start

    def submit(self, start_tick, race_10us):
        board = self._board
        board.now += self.cost_us
        start = board.now + ticks_diff(start_tick, board.now & TICK_MASK)
        assert start >= board.now, "submitted for a time that is over"
        self._start = start_tick
        self.frames.append((start, race_10us, bytes(self.buffer)))
        return start_tick


class Store:
    """Flash that only remembers. `full` refuses; `saved` lists what was kept."""

    def __init__(self, stored=None):
        self.stored = stored
        self.saved = []
        self.full = False

    def load(self):
        return self.stored

    def save(self, blob):
        if self.full:
            raise OSError(28)
        self.stored = bytes(blob)
        self.saved.append(self.stored)


class Board:
    """A node with its time, strip, flash and host. `now` is its tick, which does not wrap; the node sees it wrapped."""

    def __init__(self, pixels=50, stored=None, start=500_000_000, address=7, key=None, name="b07"):
        self.now = start
        self.store = Store(stored)
        node_module.store = commands_module.store = self.store
        self.strip = Strip(self, pixels)
        self.framer = wire.Framer(key, echo=True)
        self.reset_cause = 1
        self.gun = None
        config = {"name": name, "uid": "sim-b07", "type": "sim", "address": address, "outputs": [pixels]}
        self.node = Node(config, self, self.framer, self.free_heap)
        self.sender = wire.Framer(key)
        self.listener = wire.Framer(key)
        self.sequence = 0

    def ticks_us(self):
        return self.now & TICK_MASK

    def free_heap(self):
        return 12_345

    def temperature_dc(self):
        return m.TEMPERATURE_BIAS + 215

    def supply_mv(self):
        return 0

    def raw(self, kind, payload=b"", to=wire.ANY, sequence=None, version=wire.VERSION):
        """Deliver a request; the bytes of the answer, or None when there is none."""
        if sequence is None:
            self.sequence = self.sequence % 255 + 1
            sequence = self.sequence
        self.sender.body[wire.HEAD : wire.HEAD + len(payload)] = payload
        length = self.sender.pack(to, wire.HOST, sequence, kind, len(payload), version)
        at = 0
        while at < length:
            at = self.framer.accept(self.sender.out, at, length)
            if self.framer.ready:
                node_module.store = commands_module.store = self.store
                answer = self.node.handle(self.ticks_us())
                self.node.departing(self.ticks_us())
                return bytes(self.framer.out[:answer]) if answer else None
        raise AssertionError("the request was not taken for a frame")

    def ask(self, kind, payload=b"", to=wire.ANY, sequence=None, version=wire.VERSION):
        """Deliver a request; (type, payload) of the answer, or None."""
        out = self.raw(kind, payload, to, sequence, version)
        if out is None:
            return None
        at = self.listener.accept(out, 0, len(out))
        at = at if self.listener.ready else self.listener.accept(out, at, len(out))
        assert self.listener.ready, "the answer is no frame"
        assert self.listener.source == self.node.address and self.listener.destination == wire.HOST
        return self.listener.kind, bytes(self.listener.frame[wire.HEAD : wire.HEAD + self.listener.length])

    def done(self, kind, payload=b""):
        """Ask for something that must be granted; the answer's payload."""
        got, body = self.ask(kind, payload)
        assert got == kind | m.REPLY, body
        return body

    def refused(self, code, kind, payload=b""):
        """Ask for something that must be refused with a code and words; the words."""
        got, body = self.ask(kind, payload)
        assert got == m.REFUSED and body[0] == code, (got, body)
        words = str(body[1:], "utf-8")
        assert len(words) >= 8, "refused without words"
        return words

    def line(self, fleet_us=None, rate=0):
        """Give it a clock; by default fleet time is the tick that does not wrap."""
        fleet_us = self.now if fleet_us is None else fleet_us
        return self.done(m.LINE, line_payload(self, fleet_us, rate))

    def upload(self, table, chunk=100):
        """Send a pace table; the answer to TABLE_END."""
        self.done(m.TABLE_BEGIN, struct.pack("<I", len(table)) + table[-8:])
        for at in range(0, len(table), chunk):
            self.done(m.TABLE_DATA, struct.pack("<I", at) + table[at : at + chunk])
        return self.ask(m.TABLE_END)

    def go(self, gun_us):
        return self.done(m.GO, struct.pack("<2I", gun_us // 1_000_000, gun_us % 1_000_000))

    def armed(self, table):
        """Loaded, clocked and armed."""
        assert self.upload(table) == (m.TABLE_END | m.REPLY, b"")
        self.line()
        self.done(m.ARM, PLAN)
        return self

    def run(self, us, late_us=0):
        """Let it run for a time; each step comes `late_us` after it is due. Returns the frames of that time."""
        before = len(self.strip.frames)
        end = self.now + us
        while self.now < end:
            until = self.node.step(self.ticks_us())
            wait = ticks_diff(until, self.ticks_us())
            assert wait >= 0
            if wait > 0:
                self.now = min(end, self.now + wait + late_us)
        return self.strip.frames[before:]

    def states(self):
        """What the log says: (state, cause) by name, oldest first."""
        body = self.done(m.LOG, struct.pack("<I", 0))
        said = []
        for at in range(4, len(body), m.LOG_ENTRY):
            said.append((m.STATES[body[at]], m.CAUSES[body[at + 1]]))
        return said


def line_payload(board, fleet_us, rate=0):
    return struct.pack(
        "<6I", board.node.clock.wraps, board.ticks_us(), fleet_us // 1_000_000, fleet_us % 1_000_000,
        rate + m.RATE_BIAS, 40,
    )  # fmt: skip
