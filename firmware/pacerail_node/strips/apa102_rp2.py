"""The feed of an APA102 strip on RP2040 and RP2350: DMA into the SPI, begun by a PIO state machine at its tick.

The state machine counts the delay in microseconds, and then says a word. A DMA channel that waits for that word, the
starter, starts the channel that reads the frame. There are two pairs of them, for even and odd frames: while one frame
is on the wire the next one waits for its tick, and Python waits for neither.
"""

# the words of PIO assembly are put there by the decorator
# ruff: noqa: F821
# pyright: reportUndefinedVariable=false, reportAttributeAccessIssue=false, reportArgumentType=false

import sys
import time
from array import array

import rp2
import uctypes
from machine import SPI, Pin

from pacerail_node import outgoing
from pacerail_node.strips import apa102
from pacerail_node.strips.apa102_kernel import begin

_PIO = 0x5020_0000
_DMA = 0x5000_0000
_RX_REQUEST = 4  # of the first state machine's words


@rp2.asm_pio()
def wait_us():
    wrap_target()
    pull(block)
    mov(x, osr)
    label("delay")
    jmp(x_dec, "delay")[15]  # 16 cycles: 1 us
    push(block)
    wrap()


class Feed:
    """See apa102. Data and clock of `spi` must be pins of that SPI; the clock rests high (mode 3), in which the SPI
    sends byte after byte without a gap."""

    def __init__(self, words, places, size, spi):
        second = "RP2350" in sys.implementation._machine
        number = spi["id"]
        sender = SPI(
            number, baudrate=spi["baud"], polarity=1, phase=1, sck=Pin(spi["sck"]), mosi=Pin(spi["mosi"]), miso=None
        )
        self.baud = apa102.actual_baud(sender)
        self.spare_us = 0
        self._spi = sender
        data = ((0x4008_0000, 0x4008_8000) if second else (0x4003_C000, 0x4004_0000))[number] + 8  # SSPDR
        request = (24 if second else 16) + 2 * number
        self._machine = rp2.StateMachine(0, wait_us, freq=16_000_000)
        self._said = array("I", [0])
        first = uctypes.addressof(words)
        self._kept = []
        pairs = []
        for place in places:
            reader = rp2.DMA()
            reader.config(
                read=first + place, write=data, count=size,
                ctrl=reader.pack_ctrl(size=0, inc_write=False, treq_sel=request),
            )  # fmt: skip
            starter = rp2.DMA()
            starter.config(
                read=_PIO + 0x20, write=self._said, count=1,
                ctrl=starter.pack_ctrl(
                    size=2, inc_read=False, inc_write=False, treq_sel=_RX_REQUEST, chain_to=reader.channel
                ),
            )  # fmt: skip
            pairs += [_DMA + 0x40 * reader.channel, first + place, 1 << starter.channel]
            self._kept += [reader, starter]
        self._chip = outgoing.addresses(
            0x400B_0028 if second else 0x4005_4028,  # TIMERAWL
            _DMA + (0x450 if second else 0x430),  # MULTI_CHAN_TRIGGER
            _PIO + 0x10,  # TXF0
            time.ticks_us(),
            apa102.frame_us(size, self.baud),
            *pairs,
        )
        self._machine.active(1)

    def send(self, odd, start):
        return begin(self._chip, odd, start)
