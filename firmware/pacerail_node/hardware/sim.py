"""The simulated board: its time, its link and its LEDs are a conversation with the world over stdin and stdout.

The world (pacerail.bench.world) grants time: "you may run until this tick, and these bytes arrive at these ticks". The
board runs on alone until its time is used up, and sends what it did, with the ticks at which it did it, before it asks
for more. So a race is the same whatever the machine's load, and the boards run beside each other.

    world to board   horizon (4), length of what follows (4); then for each input: tick (4), count (2), bytes.
                     With a count of 0 it is an edge on the gun pin
    board to world   "F" start tick (4), race_10us + RACE_BIAS (4), 3 bytes a pixel: a frame
                     "T" tick (4), count (2), bytes: sent on the link
                     "W" block (4), 4096 bytes: written to flash (by boards/sim/boot.py)
                     "P" tick (4): paused, no time left

Python takes time on a board: `costs` says what drawing and messages cost, in us, and the board's time moves on by it.
"""

import struct
import sys

from pacerail_node.fault import NoStrip
from pacerail_node.ticks import ticks_add, ticks_diff

_FRAME, _SENT, _PAUSED = b"FTP"
_OLD_US = 5_000_000  # an edge that nobody wanted for so long is forgotten, before ticks wrap
MANY = 64  # see links.uart
RACE_BIAS = 1 << 28  # added to the race time of a frame, which may lie before the gun


class World:
    """The board's end of the pipe: time, and everything that goes out, in order."""

    def __init__(self):
        self._inputs = []
        self._edges = []
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._pending = bytearray()
        self.now, _ = struct.unpack("<II", self._read(8))  # the first grant is the tick at which the board starts
        self._horizon = self.now
        self._busy_until = self.now
        self.quiet_us = 0  # bytes are there for the reader when none have followed for so long

    def ticks_us(self):
        return self.now

    def spend(self, us):
        """Python was busy for so long."""
        self.now = self._busy_until = ticks_add(self.now, us)

    def idle(self, until):
        """Let time pass up to a tick, or to the next byte that comes."""
        while True:
            self._catch_up()
            if self._inputs and ticks_diff(due := self._due(), until) < 0:
                until = due
            if ticks_diff(until, self.now) <= 0:
                return
            if ticks_diff(until, self._horizon) <= 0:
                self.now = until
                return
            self.now = self._horizon
            self._ask()

    def arrived(self):
        """Whether bytes have come by now that are to be read."""
        self._catch_up()
        return bool(self._inputs) and ticks_diff(self._due(), self.now) <= 0

    def noticed(self):
        """The tick at which the last of them came, or at which Python was free to see them."""
        last = self._busy_until
        for tick, _ in self._inputs:
            if ticks_diff(tick, self.now) > 0:
                break
            if ticks_diff(tick, last) > 0:
                last = tick
        return last

    def _due(self):
        """The tick at which the bytes at hand are to be read: no more follow, or they are many."""
        if not self.quiet_us:
            return self._inputs[0][0]
        count = 0
        end = self._inputs[0][0]
        for tick, data in self._inputs:
            if ticks_diff(tick, end) > self.quiet_us:
                break
            end = tick
            count += len(data)
            if count >= MANY:
                return end
        return ticks_add(end, self.quiet_us)

    def take(self):
        """The bytes that have come by now."""
        data = self._inputs.pop(0)[1]
        while self._inputs and ticks_diff(self._inputs[0][0], self.now) <= 0:
            data += self._inputs.pop(0)[1]
        return data

    def edge(self, since):
        """The tick of the first edge from a tick on that has been by now; -1 if there was none."""
        edges = self._edges
        while edges and ticks_diff(edges[0], since) < 0:
            edges.pop(0)
        if edges and ticks_diff(edges[0], self.now) <= 0:
            return edges.pop(0)
        return -1

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
        while self._edges and ticks_diff(self.now, self._edges[0]) > _OLD_US:
            self._edges.pop(0)
        data = self._read(length)
        at = 0
        while at < length:
            tick, count = struct.unpack_from("<IH", data, at)
            if count:
                self._inputs.append((tick, data[at + 6 : at + 6 + count]))
            else:
                self._edges.append(tick)
            at += 6 + count

    def _read(self, count):
        data = b""
        while len(data) < count:
            more = self._in.read(count - len(data))
            if not more:
                raise SystemExit  # the world has gone
            data += more
        return data


class Gun:
    """Catches edges on the gun pin, as the world has them (see `guns`)."""

    late_us = 2

    def __init__(self, world):
        self._world = world
        self._since = 0
        self._armed = False

    def arm(self, tick):
        self._since = tick
        self._armed = True

    def disarm(self):
        self._armed = False

    def take(self):
        tick = self._world.edge(self._since) if self._armed else -1
        if tick >= 0:
            self._armed = False
        return tick


class Link:
    """The serial link, as the world delivers it. Bytes may come in lumps: the end of a frame costs a message."""

    def __init__(self, world, byte_ns, message_us, read_us, quiet_us):
        self._world = world
        world.quiet_us = quiet_us
        self.arrived = world.noticed
        self._byte_ns = byte_ns
        self._message_us = message_us
        self._read_us = read_us

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
        ends = b"\0" in data[1:count] or data == b"\0"  # a frame begins with a zero too
        world.spend((self._message_us if ends else self._read_us) + count * self._byte_ns // 1000)
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

    def limit(self, outputs):
        """Does nothing: the world records linear light before any limit."""

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
    """A simulated board. config: {"outputs", "costs": {"frame_us", "pixel_ns", "message_us", "read_us", "byte_ns"}}."""

    def __init__(self, config):
        costs = config["costs"]
        sum(config["outputs"])  # what is wrong with them comes out before the world is asked for the time
        world = World()
        self.ticks_us = world.ticks_us
        self.idle = world.idle
        self.reset_cause = 1
        self.gun = Gun(world) if config.get("pins", {}).get("gun") is not None else None
        if "fault" in config:
            self.strip = NoStrip()
        else:
            self.strip = Strip(world, config["outputs"], costs["frame_us"], costs["pixel_ns"])
        self.link = Link(world, costs["byte_ns"], costs["message_us"], costs["read_us"], config.get("quiet_us", 0))

    def close(self):
        pass

    def temperature_dc(self):
        return 0

    def supply_mv(self):
        return 0
