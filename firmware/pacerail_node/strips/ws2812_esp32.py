"""WS2811, WS2812B, WS2813, WS2815, SK6812 and SK6812 RGBW strips on ESP32 and ESP32-S3: an RMT channel an output.

MicroPython 1.28 offers two ways (ports/esp32/machine_bitstream.c and esp32_rmt.c). `machine.bitstream` waits until all
has left: 4.5 ms for 150 pixels, output after output, in which no message is stamped. `RMT.write_pulses` comes back at
once, but wants a list with the length of every pulse, and there is no way to queue a second frame: it would wait for
the first. This driver takes the second. So:

    lists     of 48 numbers a pixel, made once. A number below 2^30 lies in the list itself, so writing one allocates
              nothing; viper writes them straight into the list's memory. It takes 300 bytes a pixel, which is what
              limits how many there can be.
    delay     the first pulse is low and lasts until the frame is to begin, at most 4 ms. So the outputs begin at unlike
              times and end together, though they are started one after the other.
    starting  `write_pulses` copies the list, which takes a few microseconds a pixel, before the delay begins to count.
              How long is measured on this very board when it starts, and again with each frame. What it differs by
              from the last ones moves the frame; `submit` returns where it really began.
    no queue  a frame is drawn when the one before has left, and not while it is on the wire. `wire_us` has the time for
              that in it: a strip of 150 should get some 140 frames a second instead of 200. A message that takes
              long to handle makes a frame late, where RP2040 and RP2350 have the next one waiting already.

Interrupts stay on. The RMT is refilled by one, and what held it up for 40 us would garble a frame; writing flash would,
which an armed board never does. Waiting: `submit` waits only where a frame is to begin in more than 4 ms, until that is
4 ms away. No board has run this yet.
"""

# pyright: reportCallIssue=false, reportArgumentType=false
# (a table holds numbers or, under CPython, buffers)

import struct
import sys
import time
from array import array

import esp32
import uctypes
from machine import Pin

from pacerail_node import outgoing
from pacerail_node.strips.esp32_kernels import encode
from pacerail_node.ticks import TICK_MASK, ticks_add, ticks_diff

RMT_HZ = 8_000_000
TICKS_US = 8
LONGEST_DELAY_US = 32_767 // TICKS_US  # a pulse's length has 15 bits
LATCH_US = 300
_HEAD = outgoing.HEAD
_ROW = outgoing.ROW

# Ticks of 125 ns that a 0 is high, that a 1 is high, and that a bit takes: within the data sheets.
TIMINGS = {
    "ws2811": (2, 5, 10), "ws2812b": (3, 6, 10), "sk6812": (3, 5, 10), "sk6812w": (3, 5, 10), "ws2813": (2, 6, 9),
    "ws2815": (2, 6, 9),
}  # fmt: skip


def slots_of(items):
    """A list's own memory, and how many 32-bit words a slot has. The list must never grow."""
    word = struct.calcsize("P")
    place = int.from_bytes(uctypes.bytearray_at(id(items) + 3 * word, word), "little")  # type, room, length, items
    return uctypes.bytearray_at(place, word * len(items)), word // 4


class Strip:
    """All outputs of a board.

    outputs: pixels of each; pins: the GPIO of each; kinds: a key of TIMINGS each; orders: "GRB" and the like each,
    "GRBW" where there is white; sent: what `outgoing.levels` makes. Raises ValueError for what cannot be.
    """

    def __init__(self, outputs, pins, kinds, orders, sent):
        count = len(outputs)
        channels, symbols = (4, 48) if "ESP32S3" in sys.implementation._machine else (8, 64)
        if not 0 < count <= channels or min(outputs) < 1:
            raise ValueError("a board of this chip has 1 to %d outputs of 1 pixel and more" % channels)
        if not len(pins) == len(kinds) == len(orders) == count:
            raise ValueError("each output has a pin, a kind of strip and a colour order")
        for kind in kinds:
            if kind not in TIMINGS:
                raise ValueError("strip %r: expected one of %s" % (kind, ", ".join(sorted(TIMINGS))))
        self.pixels = sum(outputs)
        self.buffer = bytearray(3 * self.pixels)
        self.dimmed = 0
        self._sent = sent  # the table has its address
        self._count = count
        self._table = outgoing.new_table(outputs, self.buffer, sent)
        self._lists = []
        self._slots = []
        self._wires = []
        self._shown = []
        self._times_us = []
        total = 0
        for i in range(count):
            row = _HEAD + _ROW * i
            high0, high1, ticks = TIMINGS[kinds[i]]
            bits = 32 if kinds[i] == "sk6812w" else 24
            ring = 1
            while ring < 2 * (outputs[i] + 2):
                ring *= 2
            self._table[row] = total
            self._table[row + 1] = ring - 1
            total += ring
            outgoing.place_colours(self._table, i, orders[i], (24, 16, 8, 0)[: bits // 8])
            pulses = [0] * (2 * bits * outputs[i] + 1)
            slots, stride = slots_of(pulses)
            self._lists.append(pulses)
            self._slots.append(slots)
            self._wires.append(array("I", [stride, high0, high1, ticks, bits]))
            self._shown.append(array("I", [1] * outputs[i]))  # no word: all is yet to be written
            self._times_us.append(outputs[i] * bits * ticks // TICKS_US)
        self._words = array("I", [0] * total)
        self._table[1] = outgoing.address(self._words)
        for pulses in self._lists:
            pulses[0] = TICKS_US
        self._check()
        data_us = max(self._times_us)
        self._leads_us = [data_us - us for us in self._times_us]  # what each begins after the longest
        self._longest = self._times_us.index(data_us)
        self._data_us = data_us
        blocks = channels // count  # of RMT memory: the more, the longer a late interrupt does no harm
        made = [
            esp32.RMT(i, pin=Pin(pins[i]), resolution_hz=RMT_HZ, num_symbols=blocks * symbols) for i in range(count)
        ]
        self._writes = [rmt.write_pulses for rmt in made]
        self._actives = [rmt.active for rmt in made]
        self._costs_us = array("I", [0] * count)
        self._get_ready_us = self._measure() + 500 + self.pixels  # the last two: to draw, at 1 us a pixel
        self.wire_us = self._get_ready_us + data_us + LATCH_US
        self._end = time.ticks_us()  # when the last of the frame's bits has left

    def _check(self):
        """Whether lists lie in memory as the kernel takes them to: the first pixel's bits, there and back."""
        for value in (0xFFFFFF00, 0):
            self._words[2] = value
            encode(self._slots[0], self._words, self._table, _HEAD, self._shown[0], self._wires[0])
            wire = self._wires[0]
            high = wire[2] if value else wire[1]
            if self._lists[0][1:3] != [high, wire[3] - high]:
                raise RuntimeError("this MicroPython keeps lists in another way: flash the image of the board type")

    def _measure(self):
        """How long it takes to get a frame under way in which every pixel changed; leaves all outputs dark."""
        begun = time.ticks_us()
        for i in range(self._count):
            row = _HEAD + _ROW * i
            for value in (0xFFFFFF00, 0):
                for at in range(self._table[row + 3]):
                    self._words[self._table[row] + 2 + at] = value
                if value == 0:
                    begun = time.ticks_us()
                encode(self._slots[i], self._words, self._table, row, self._shown[i], self._wires[i])
            self._costs_us[i] = ticks_diff(time.ticks_us(), begun)
        encode_us = sum(self._costs_us)
        for _ in range(2):  # the first time it makes what it needs
            for i in range(self._count):
                begun = time.ticks_us()
                self._writes[i](self._lists[i], False)
                self._costs_us[i] = ticks_diff(time.ticks_us(), begun)
            for i in range(self._count):
                while self._actives[i]():
                    pass
            time.sleep_ms(1)  # latched
        return encode_us + sum(self._costs_us)

    def limit(self, outputs):
        outgoing.set_limits(self._table, outputs)

    def ready(self, tick):
        return ticks_diff(tick, self._end) >= 0

    def ready_tick(self, tick):
        return tick if self.ready(tick) else self._end

    def submit(self, start_tick, race_10us):
        table = self._table
        count = self._count
        costs = self._costs_us
        factor = outgoing.pack(table)
        if factor < 256:
            outgoing.dim(table, factor)
            self.dimmed += 1
        need = 1
        i = 0
        while i < count:
            row = _HEAD + _ROW * i
            encode(self._slots[i], self._words, table, row, self._shown[i], self._wires[i])
            table[row + 2] = (table[row + 2] + table[row + 3] + 2) & table[row + 1]
            need += costs[i]
            i += 1
        begin = ticks_add(start_tick, self._get_ready_us)
        short = need - ticks_diff(begin, time.ticks_us())
        if short > 0:
            begin = ticks_add(begin, short)
        off = 0
        i = 0
        while i < count:
            due = ticks_add(begin, self._leads_us[i])
            now = time.ticks_us()
            delay = ticks_diff(due, now) - costs[i]
            while delay > LONGEST_DELAY_US:
                now = time.ticks_us()
                delay = ticks_diff(due, now) - costs[i]
            if delay < 1:
                delay = 1
            self._lists[i][0] = delay * TICKS_US
            self._writes[i](self._lists[i], False)
            took = ticks_diff(time.ticks_us(), now)
            if i == self._longest:
                off = took + delay - ticks_diff(due, now)  # that it really begins after it was due
            costs[i] += (took - costs[i]) // 8
            i += 1
        if off < 0:
            off = 0
        self._end = ticks_add(begin, off + self._data_us)
        return (self._end - self._data_us - self._get_ready_us) & TICK_MASK
