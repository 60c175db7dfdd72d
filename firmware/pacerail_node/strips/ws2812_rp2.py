"""WS2811, WS2812B, WS2813, WS2815, SK6812 and SK6812 RGBW strips on RP2040 and RP2350: a PIO state machine an output,
fed by DMA.

A frame of an output is a row of 32-bit words:

    delay    us from the end of the frame before, or from the trigger, to the start of this one, less 2
    bits - 1
    pixels   24 bits each in the order of the strip, in the upper three bytes; 32 bits where there is white

The state machine counts the delay itself, so a frame starts at its tick to the microsecond, whatever Python does then.
An output that takes less time than the longest waits longer: all end, and so latch, together.

While a frame is on the wire the next one is already written, and follows without Python:

    rings    each output's words lie in a ring of two frames and its DMA channel only ever reads on, so nothing has to
             be set for the next frame but a trigger
    gates    when the channel that ends last has read its frame, it starts one more channel, the gatekeeper, which
             copies the gates of that frame to the register that triggers channels. All gates but the last are 0, which
             triggers nothing and only takes time, until the other outputs' channels have surely ended too. The last is
             0 as well, or, once the next frame is written, the mask of all outputs: then they all start at once.
             A channel ends when the last eight pixels lie in its state machine's FIFO. With white they take longer
             than without, so on a board with both it is an output without that ends last.

Interrupts stay on, nothing is allocated for a frame, and the pixel buffer is free as soon as `submit` returns.
"""

# the words of PIO assembly are put there by the decorator; the stubs lack DMA.channel
# ruff: noqa: F821
# pyright: reportUndefinedVariable=false, reportAttributeAccessIssue=false, reportArgumentType=false
# pyright: reportCallIssue=false

import sys
import time
from array import array

import rp2
import uctypes
from machine import Pin

from pacerail_node import outgoing
from pacerail_node.strips import rp2_kernels as kernels
from pacerail_node.ticks import ticks_diff

PIO_HZ = 16_000_000  # 62.5 ns: 20 cycles a bit
LATCH_US = 300
_GATES = 128  # DMA transfers of a cycle or more, while outputs that end together differ by a third of a microsecond
MAX_OUTPUTS = 8
_DMA = 0x5000_0000  # of both chips, as far as it is used here
_FIFO = 8  # words that a state machine holds

# Cycles of a bit: high for both, high for a 1 only, low for both. The first row is within the data sheets of WS2811
# (fast mode), WS2812B and SK6812; the second within those of WS2813, WS2815 and WS2812B-V5, which want a short low.
T1 = 5
TIMINGS = {
    "ws2811": (6, 9), "ws2812b": (6, 9), "sk6812": (6, 9), "sk6812w": (6, 9), "ws2813": (9, 6), "ws2815": (9, 6),
}  # fmt: skip


def pixel_bits(kind):
    """What a pixel of this kind takes on the wire: the kind with a white LED has a fourth byte."""
    return 32 if kind == "sk6812w" else 24


def program(high, low, bits=24, both=T1):
    """The PIO program for a bit of `both` + `high` + `low` cycles and words of so many bits.

    The assembler hides this module's names from it.
    """

    @rp2.asm_pio(
        sideset_init=rp2.PIO.OUT_LOW,
        out_shiftdir=rp2.PIO.SHIFT_LEFT,
        autopull=True,
        pull_thresh=bits,
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


def lay_out(outputs, kinds, orders, px, sent):
    """The table of `outgoing` for these outputs, and how many words their rings take, the largest ring first."""
    table = outgoing.new_table(outputs, px, sent)
    times_us = [outputs[i] * pixel_bits(kinds[i]) * 5 // 4 for i in range(len(outputs))]
    total = 0
    for i in sorted(range(len(outputs)), key=lambda i: -outputs[i]):
        ring = 1
        while ring < 2 * (outputs[i] + 2):
            ring *= 2
        row = _row(i)
        table[row] = total
        table[row + 1] = ring - 1
        total += ring
        bits = pixel_bits(kinds[i])
        outgoing.place_colours(table, i, orders[i], (24, 16, 8, 0)[: bits // 8])
        table[row + 9] = max(times_us) - times_us[i]
        table[row + 10] = outputs[i] * bits - 1
    return table, total


def ends_last(outputs, kinds):
    """The output whose DMA channel is the last to end, of those that end their frames together."""

    def left(i):
        # A channel with more than the FIFO takes ends when the last of it lies there: that many pixels and one before
        # the end. A shorter frame lies there before its first bit leaves, and of those the longest is the last.
        return (_FIFO + 1) * pixel_bits(kinds[i]) if outputs[i] > _FIFO else 10_000

    return min(range(len(outputs)), key=lambda i: (left(i), -outputs[i]))


class Strip:
    """All outputs of a board.

    outputs: pixels of each; pins: the GPIO of each; kinds: a key of TIMINGS each; orders: "GRB" and the like each,
    "GRBW" where there is white; sent: what `outgoing.levels` makes. Raises ValueError for what cannot be.
    """

    def __init__(self, outputs, pins, kinds, orders, sent):
        count = len(outputs)
        if not 0 < count <= MAX_OUTPUTS or min(outputs) < 1:
            raise ValueError("a board has 1 to %d outputs of 1 pixel and more" % MAX_OUTPUTS)
        if not len(pins) == len(kinds) == len(orders) == count:
            raise ValueError("each output has a pin, a kind of strip and a colour order")
        for kind in kinds:
            if kind not in TIMINGS:
                raise ValueError("strip %r: expected one of %s" % (kind, ", ".join(sorted(TIMINGS))))
        last = ends_last(outputs, kinds)
        second = "RP2350" in sys.implementation._machine
        self.pixels = sum(outputs)
        self.buffer = bytearray(3 * self.pixels)
        self.dimmed = 0
        self._sent = sent
        self._data_us = max([outputs[i] * pixel_bits(kinds[i]) * 5 // 4 for i in range(count)])
        self.wire_us = self._data_us + LATCH_US
        trigger = _DMA + (0x450 if second else 0x430)  # MULTI_CHAN_TRIGGER
        self._table, total = lay_out(outputs, kinds, orders, self.buffer, sent)
        # a ring lies at a multiple of its size: the largest first, and some words before it to get there
        ring = max([self._table[_row(i) + 1] for i in range(count)]) + 1
        self._words = array("I", bytes(4 * (total + ring)))
        skip = -(uctypes.addressof(self._words) // 4) % ring
        for i in range(count):
            self._table[_row(i)] += skip
        self._table[1] = outgoing.address(self._words)
        self._gates = array("I", bytes(16 * _GATES))
        gate = -(uctypes.addressof(self._gates) // 4) % (2 * _GATES) + _GATES - 1  # the last of even frames
        keeper = rp2.DMA()
        channels = []
        programs = {}
        self._machines = []
        for i in range(count):
            kind = TIMINGS[kinds[i]] + (pixel_bits(kinds[i]),)  # MicroPython knows no (*a, b)
            if kind not in programs:  # each takes room in the PIO once
                programs[kind] = program(*kind)
            self._machines.append(rp2.StateMachine(i, programs[kind], freq=PIO_HZ, sideset_base=Pin(pins[i])))
            channels.append(rp2.DMA())
        for i in range(count):
            ring = self._table[_row(i) + 1] + 1
            channel = channels[i]
            ctrl = channel.pack_ctrl(
                size=2, inc_write=False, treq_sel=((i >> 2) << 3) + (i & 3), ring_size=_log2(4 * ring), ring_sel=False,
                chain_to=(keeper if i == last else channel).channel,
            )  # fmt: skip
            channel.config(read=self._address(i), write=self._machines[i], count=outputs[i] + 2, ctrl=ctrl)
        keeper.config(
            read=uctypes.addressof(self._gates) + 4 * (gate + 1 - _GATES), write=trigger, count=_GATES,
            ctrl=keeper.pack_ctrl(size=2, inc_write=False, ring_size=_log2(8 * _GATES), ring_sel=False),
        )  # fmt: skip
        self._channels = channels
        self._keeper = keeper
        mask = 0
        for channel in channels:
            mask |= 1 << channel.channel
        self._start = time.ticks_us()  # of the frame submitted last
        self._chip = outgoing.addresses(
            0x400B_0028 if second else 0x4005_4028,  # TIMERAWL
            trigger, mask, _DMA + 0x40 * channels[last].channel, _DMA + 0x40 * keeper.channel,
            outgoing.address(self._gates), _row(last), uctypes.addressof(self._words), self._table[1],
            outgoing.address(self._table), self._start, self._data_us, gate, 0,
        )  # fmt: skip
        for machine in self._machines:
            machine.active(1)

    def _address(self, output):
        """Where the next frame of an output begins."""
        row = _row(output)
        return uctypes.addressof(self._words) + 4 * (self._table[row] + self._table[row + 2])

    def limit(self, outputs):
        outgoing.set_limits(self._table, outputs)

    def ready(self, tick):
        return ticks_diff(tick, self._start) >= 0

    def ready_tick(self, tick):
        return tick if self.ready(tick) else self._start

    def submit(self, start_tick, race_10us):
        factor = outgoing.pack(self._table)
        if factor < 256:
            outgoing.dim(self._table, factor)
            self.dimmed += 1
        start = kernels.send(self._chip, start_tick)
        self._start = start
        return start


def _row(output):
    return outgoing.HEAD + outgoing.ROW * output


def _log2(number):
    """Of a power of two."""
    bits = 0
    while number > 1:
        number >>= 1
        bits += 1
    return bits
