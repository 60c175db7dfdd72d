"""The simulated board: its time, its link and its LEDs are a conversation with the world over stdin and stdout.

The world (pacerail.bench.world) grants time: "you may run until this tick, and these bytes arrive at these ticks". The
board runs on alone until its time is used up, and sends what it did, with the ticks at which it did it, before it asks
for more. So a race is the same whatever the machine's load, and the boards run beside each other.

    world to board   horizon (4), length of what follows (4); then for each input: tick (4), count (2), bytes
    board to world   "F" start tick (4), race_10us + RACE_BIAS (4), 3 bytes a pixel: a frame
                     "T" tick (4), count (2), bytes: sent on the link
                     "W" block (4), 4096 bytes: written to flash (by boards/sim/boot.py)
                     "P" tick (4): paused, no time left

Python takes time on a board: `costs` says what drawing and messages cost, in us, and the board's time moves on by it.
"""

import struct
import sys

from pacerail_node.ticks import ticks_add, ticks_diff

_FRAME, _SENT, _PAUSED = b"FTP"
RACE_BIAS = 1 << 28  # added to the race time of a frame, which may lie before the gun


class World:
    """The board's end of the pipe: time, and everything that goes out, in order."""

    def __init__(self):
        self._inputs = []
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._pending = bytearray()
        self.now, _ = struct.unpack("<II", self._read(8))  # the first grant is the tick at which the board starts
        self._horizon = self.now

    def ticks_us(self):
        return self.now

    def spend(self, us):
        """Python was busy for so long."""
        self.now = ticks_add(self.now, us)

    def idle(self, until):
        """Let time pass up to a tick, or to the next byte that comes."""
        while True:
            self._catch_up()
            if self._inputs and ticks_diff(self._inputs[0][0], until) < 0:
                until = self._inputs[0][0]
            if ticks_diff(until, self.now) <= 0:
                return
            if ticks_diff(until, self._horizon) <= 0:
                self.now = until
                return
            self.now = self._horizon
            self._ask()

    def arrived(self):
        """Whether bytes have come by now."""
        self._catch_up()
        return bool(self._inputs) and ticks_diff(self._inputs[0][0], self.now) <= 0

    def take(self):
        """The bytes that came first."""
        return self._inputs.pop(0)[1]

    def put_back(self, tick, data):
        """Bytes that did not fit the reader's buffer."""
        self._inputs.insert(0, (tick, data))

    def send(self, *parts):
        """Tell the world; it hears it with the next pause."""
        for part in parts:
            self._pending.extend(part)
        if len(self._pending) > 60_000:
            self.flush()

    def wait(self):
        """Ask before time goes on: after an answer, the next message may follow at once."""
        self._horizon = self.now

    def flush(self):
        self._out.write(self._pending)
        self._pending = bytearray()

    def _catch_up(self):
        while ticks_diff(self.now, self._horizon) > 0:
            self._ask()

    def _ask(self):
        self.send(struct.pack("<BI", _PAUSED, self.now))
        self.flush()
        self._horizon, length = struct.unpack("<II", self._read(8))
        data = self._read(length)
        at = 0
        while at < length:
            tick, count = struct.unpack_from("<IH", data, at)
            self._inputs.append((tick, data[at + 6 : at + 6 + count]))
            at += 6 + count

    def _read(self, count):
        data = b""
        while len(data) < count:
            more = self._in.read(count - len(data))
            if not more:
                raise SystemExit  # the world has gone
            data += more
        return data


class Link:
    """The serial link, as the world delivers it."""

    def __init__(self, world, byte_ns, message_us):
        self._world = world
        self._byte_ns = byte_ns
        self._message_us = message_us

    def any(self):
        return self._world.arrived()

    def readinto(self, buffer):
        world = self._world
        tick = world.now
        data = world.take()
        count = min(len(data), len(buffer))
        buffer[:count] = data[:count]
        if count < len(data):
            world.put_back(tick, data[count:])
        world.spend(self._message_us + count * self._byte_ns // 1000)
        return count

    def write(self, buffer, count):
        world = self._world
        world.send(struct.pack("<BIH", _SENT, world.now, count), memoryview(buffer)[:count])
        world.wait()


class Strip:
    """All the board's outputs: 30 us a pixel of the longest, and 300 us to latch (WS2812B data sheet)."""

    def __init__(self, world, outputs, frame_us, pixel_ns):
        self.pixels = sum(outputs)
        self.buffer = bytearray(3 * self.pixels)
        self.dimmed = 0
        self.wire_us = 30 * max(outputs) + 300
        self._world = world
        self._cost_us = frame_us + self.pixels * pixel_ns // 1000
        self._start = world.now  # of the frame submitted last

    def ready(self, tick):
        return ticks_diff(tick, self._start) >= 0

    def ready_tick(self, tick):
        return tick if self.ready(tick) else self._start

    def submit(self, start_tick, race_10us):
        world = self._world
        world.spend(self._cost_us)
        if ticks_diff(world.now, start_tick) > 0:
            start_tick = world.now  # drawing took longer than there was time
        self._start = start_tick
        world.send(struct.pack("<BII", _FRAME, start_tick, race_10us + RACE_BIAS), self.buffer)
        return start_tick


class Board:
    """A simulated board. config: {"outputs", "costs": {"frame_us", "pixel_ns", "message_us", "byte_ns"}}."""

    def __init__(self, config):
        costs = config["costs"]
        world = World()
        self.ticks_us = world.ticks_us
        self.idle = world.idle
        self.reset_cause = 1
        self.gun = None
        self.strip = Strip(world, config["outputs"], costs["frame_us"], costs["pixel_ns"])
        self.link = Link(world, costs["byte_ns"], costs["message_us"])

    def close(self):
        pass

    def temperature_dc(self):
        return 0

    def supply_mv(self):
        return 0
