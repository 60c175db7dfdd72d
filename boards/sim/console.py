"""A board in real time on MicroPython's Unix build: its link is the console, as over USB; its LEDs go nowhere.

With a pseudo-terminal or a socket in front of it, host tools talk to it through a real port. It goes on a simulated
board's flash as pacerail_node/hardware/console.py.
"""

import select
import sys
import time

from pacerail_node.ticks import TICK_MASK, ticks_diff


def ticks_us():
    """Microseconds that wrap at 2^30, as a board's do."""
    return time.ticks_us() & TICK_MASK


class Link:
    """stdin and stdout, unbuffered."""

    def __init__(self):
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._byte = bytearray(1)

    def any(self):
        return bool(self._poll.poll(0))

    def wait(self, ms):
        self._poll.poll(ms)

    def readinto(self, buffer):
        count = 0
        while count < len(buffer) and self.any():
            if self._in.readinto(self._byte) != 1:
                raise SystemExit  # hung up
            buffer[count] = self._byte[0]
            count += 1
        return count

    def write(self, buffer, count):
        self._out.write(memoryview(buffer)[:count])


class Strip:
    """All outputs: takes the time that LEDs take, and shows nothing."""

    def __init__(self, outputs):
        self.pixels = sum(outputs)
        self.buffer = bytearray(3 * self.pixels)
        self.dimmed = 0
        self.wire_us = 30 * max(outputs) + 300
        self._start = ticks_us()

    def limit(self, outputs):
        pass

    def ready(self, tick):
        return ticks_diff(tick, self._start) >= 0

    def ready_tick(self, tick):
        return tick if self.ready(tick) else self._start

    def submit(self, start_tick, race_10us):
        self._start = start_tick
        return start_tick


class Board:
    """The console board. config: {"outputs"}."""

    def __init__(self, config):
        self.ticks_us = ticks_us
        self.reset_cause = 1
        self.gun = None
        self.strip = Strip(config["outputs"])
        self.link = Link()

    def close(self):
        pass

    def temperature_dc(self):
        return 0

    def supply_mv(self):
        return 0

    def idle(self, until):
        wait_ms = ticks_diff(until, ticks_us()) // 1000
        if wait_ms > 0:
            self.link.wait(wait_ms)
