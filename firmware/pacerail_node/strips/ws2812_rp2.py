"""WS2811, WS2812B, WS2813 and WS2815 strips on RP2040 and RP2350: a PIO state machine an output, fed by DMA.

A frame of an output is a row of 32-bit words:

    delay    us from the end of the frame before, or from the trigger, to the start of this one, less 2
    bits - 1
    pixels   24 bits each in the order of the strip, in the upper three bytes

The state machine counts the delay itself, so a frame starts at its tick to the microsecond, whatever Python does then.
An output with fewer pixels than the longest waits longer: all end, and so latch, together.

While a frame is on the wire the next one is already written, and follows without Python:

    rings    each output's words lie in a ring of two frames and its DMA channel only ever reads on, so nothing has to
             be set for the next frame but a trigger
    gates    when the longest output's channel has read its frame, it starts one more channel, the gatekeeper, which
             copies the gates of that frame to the register that triggers channels. All gates but the last are 0, which
             triggers nothing and only takes time, until the other outputs' channels have surely ended too. The last is
             0 as well, or, once the next frame is written, the mask of all outputs: then they all start at once.

Interrupts stay on, nothing is allocated for a frame, and the pixel buffer is free as soon as `submit` returns.
"""

# the words of PIO assembly are put there by the decorator; the stubs lack DMA.channel
# ruff: noqa: F821
# pyright: reportUndefinedVariable=false, reportAttributeAccessIssue=false, reportArgumentType=false

import sys
import time
from array import array

import rp2
import uctypes
from machine import Pin

from pacerail_node.strips import rp2_kernels as kernels
from pacerail_node.ticks import ticks_add, ticks_diff

PIO_HZ = 16_000_000  # 62.5 ns: 20 cycles a bit, 30 us a pixel
PIXEL_US = 30
LATCH_US = 300
_GATES = 128  # DMA transfers of a cycle or more, while outputs that end together differ by a third of a microsecond
MAX_OUTPUTS = 8
_DMA = 0x5000_0000  # of both chips, as far as it is used here
_ROW = 10  # words of a row of the kernels' table

# Cycles of a bit: high for both, high for a 1 only, low for both. The first row is within the data sheets of WS2811
# (fast mode), WS2812B and SK6812; the second within those of WS2813, WS2815 and WS2812B-V5, which want a short low.
T1 = 5
TIMINGS = {"ws2811": (6, 9), "ws2812b": (6, 9), "ws2813": (9, 6), "ws2815": (9, 6)}


def program(high, low, both=T1):
    """The PIO program for a bit of `both` + `high` + `low` cycles. The assembler hides this module's names from it."""

    @rp2.asm_pio(
        sideset_init=rp2.PIO.OUT_LOW,
        out_shiftdir=rp2.PIO.SHIFT_LEFT,
        autopull=True,
        pull_thresh=24,
        fifo_join=rp2.PIO.JOIN_TX,
    )
    def send():
        wrap_target()
        label("frame")
        out(x, 32).side(0)  # the delay; waits here, low, for the next frame
        label("delay")
        jmp(x_dec, "delay").side(0)[15]  # 16 cycles: 1 us
        out(y, 32).side(0)[13]  # bits - 1; with the rest below, 2 us a frame
        label("bit")
        out(x, 1).side(0)[low - 1]
        jmp(not_x, "zero").side(1)[both - 1]
        jmp(y_dec, "bit").side(1)[high - 1]
        jmp("frame").side(0)
        label("zero")
        jmp(y_dec, "bit").side(0)[high - 1]
        nop().side(0)  # as long as the jump above: a frame takes the same time whatever its last bit is
        wrap()

    return send


def lay_out(outputs, orders, brightness):
    """The kernels' table for these outputs, and how many words their rings take, the largest ring first."""
    table = array("I", bytes(4 * _ROW * len(outputs)))
    longest = max(outputs)
    total = first = 0
    for i in sorted(range(len(outputs)), key=lambda i: -outputs[i]):
        ring = 1
        while ring < 2 * (outputs[i] + 2):
            ring *= 2
        row = _ROW * i
        table[row] = total
        table[row + 1] = ring - 1
        total += ring
    for i in range(len(outputs)):
        if sorted(orders[i]) != ["B", "G", "R"]:
            raise ValueError("a colour order has R, G and B, each once")
        row = _ROW * i
        table[row + 3] = outputs[i]
        table[row + 4] = first
        for j in range(3):
            table[row + 5 + "RGB".index(orders[i][j])] = 24 - 8 * j
        table[row + 8] = brightness
        table[row + 9] = PIXEL_US * (longest - outputs[i])
        first += outputs[i]
    return table, total


class Strip:
    """All outputs of a board.

    outputs: pixels of each; pins: the GPIO of each; kinds: a key of TIMINGS each; orders: "GRB" and the like each;
    brightness: 1 to 256, which is full.
    """

    def __init__(self, outputs, pins, kinds, orders, brightness=256):
        count = len(outputs)
        if not 0 < count <= MAX_OUTPUTS or min(outputs) < 1:
            raise ValueError("a board has 1 to %d outputs of 1 pixel and more" % MAX_OUTPUTS)
        if not len(pins) == len(kinds) == len(orders) == count:
            raise ValueError("each output has a pin, a kind of strip and a colour order")
        longest = outputs.index(max(outputs))
        second = "RP2350" in sys.implementation._machine
        self.pixels = sum(outputs)
        self.buffer = bytearray(3 * self.pixels)
        self.dimmed = 0
        self.wire_us = PIXEL_US * outputs[longest] + LATCH_US
        self._count = count
        self._data_us = PIXEL_US * outputs[longest]
        trigger = _DMA + (0x450 if second else 0x430)  # MULTI_CHAN_TRIGGER
        self._table, total = lay_out(outputs, orders, brightness)
        # a ring lies at a multiple of its size: the largest first, and some words before it to get there
        ring = self._table[_ROW * longest + 1] + 1
        self._words = array("I", bytes(4 * (total + ring)))
        skip = -(uctypes.addressof(self._words) // 4) % ring
        for i in range(count):
            self._table[_ROW * i] += skip
        self._gates = array("I", bytes(16 * _GATES))
        self._gate = -(uctypes.addressof(self._gates) // 4) % (2 * _GATES) + _GATES - 1  # of even frames
        self._odd = 0  # whether the next frame is
        keeper = rp2.DMA()
        channels = []
        programs = {}
        self._machines = []
        for i in range(count):
            kind = TIMINGS[kinds[i]]
            if kind not in programs:  # each takes room in the PIO once
                programs[kind] = program(*kind)
            self._machines.append(rp2.StateMachine(i, programs[kind], freq=PIO_HZ, sideset_base=Pin(pins[i])))
            channels.append(rp2.DMA())
        for i in range(count):
            ring = self._table[_ROW * i + 1] + 1
            channel = channels[i]
            ctrl = channel.pack_ctrl(
                size=2, inc_write=False, treq_sel=((i >> 2) << 3) + (i & 3), ring_size=_log2(4 * ring), ring_sel=False,
                chain_to=(keeper if i == longest else channel).channel,
            )  # fmt: skip
            channel.config(read=self._address(i), write=self._machines[i], count=outputs[i] + 2, ctrl=ctrl)
        keeper.config(
            read=uctypes.addressof(self._gates) + 4 * (self._gate + 1 - _GATES), write=trigger, count=_GATES,
            ctrl=keeper.pack_ctrl(size=2, inc_write=False, ring_size=_log2(8 * _GATES), ring_sel=False),
        )  # fmt: skip
        self._channels = channels
        self._keeper = keeper
        mask = 0
        for channel in channels:
            mask |= 1 << channel.channel
        self._chip = array("I", bytes(32))
        self._chip[0] = 0x400B_0028 if second else 0x4005_4028  # TIMERAWL
        self._chip[1] = trigger
        self._chip[2] = mask
        self._chip[3] = _DMA + 0x40 * channels[longest].channel
        self._chip[4] = _DMA + 0x40 * keeper.channel
        self._chip[5] = uctypes.addressof(self._gates)
        self._chip[6] = longest
        self._chip[7] = uctypes.addressof(self._words)
        self._start = time.ticks_us()  # of the frame submitted last
        self._end = self._start  # when the last of its bits has left
        for machine in self._machines:
            machine.active(1)

    def _address(self, output):
        """Where the next frame of an output begins."""
        row = _ROW * output
        return uctypes.addressof(self._words) + 4 * (self._table[row] + self._table[row + 2])

    def ready(self, tick):
        return ticks_diff(tick, self._start) >= 0

    def ready_tick(self, tick):
        return tick if self.ready(tick) else self._start

    def submit(self, start_tick, race_10us):
        self._gates[self._gate + _GATES * self._odd] = 0  # what comes after this frame is not there yet
        kernels.pack(self._words, self._table, self._count, self.buffer, self.buffer)
        gate = self._gate + _GATES * (1 - self._odd)
        self._start = kernels.send(
            self._words, self._table, self._chip, self._count, start_tick, self._end, gate
        )  # fmt: skip
        self._end = ticks_add(self._start, self._data_us)
        kernels.advance(self._table, self._count)
        self._odd = 1 - self._odd
        return self._start


def _log2(number):
    """Of a power of two."""
    bits = 0
    while number > 1:
        number >>= 1
        bits += 1
    return bits
