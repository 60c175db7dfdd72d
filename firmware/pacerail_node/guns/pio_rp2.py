"""An edge on the gun pin of RP2040 and RP2350 by a PIO state machine: to 2 us, whatever Python does.

The state machine waits for the edge and from then on counts the time that goes by, in eighths of a microsecond. Python
looks at the count when it has time, within two minutes: the edge was so long ago. No interrupt, and nothing for a
chattering contact to interrupt.

On an emulated RP2040 with light running, messages coming and contacts bouncing, at 0 and 92 cycles a miss of the flash
cache: the tick is off by -0.6 to 0.8 us (tests/rp2040/test_gun_pin.py; an interrupt's: 10 to 82 us late, see `irq`).
"""

# the words of PIO assembly are put there by the decorator
# ruff: noqa: F821
# pyright: reportUndefinedVariable=false, reportArgumentType=false, reportCallIssue=false

import sys
from array import array

import rp2

from pacerail_node.guns.pio_kernel import edge

LATE_US = 3
_COUNT_HZ = 8_000_000  # so that a first touch of an eighth of a microsecond is seen


def program(level):
    """The PIO program that waits until the pin goes to a level, 0 or 1, and then counts. It needs room for five."""

    @rp2.asm_pio(autopush=True, push_thresh=32)
    def count():
        set(x, 0)  # no edge yet
        wait(1 - level, pin, 0)
        wait(level, pin, 0)
        mov(x, invert(null))
        label("age")
        jmp(x_dec, "age")  # a cycle each: x is -1 - the time since the edge

    return count


def free_machine(outputs):
    """A state machine that a strip driver with so many outputs leaves free; -1 if there is none.

    It takes them from 0 on, up to 8. RP2040 has 8, RP2350 has 12.
    """
    if "RP2350" in sys.implementation._machine:
        return 8
    return 7 if outputs < 8 else -1


class Capture:
    """Edges of a machine.Pin to `level`, on a state machine that nothing else uses."""

    def __init__(self, pin, level, number):
        second = "RP2350" in sys.implementation._machine
        block = 0x5020_0000 + 0x10_0000 * (number >> 2)
        self.late_us = LATE_US
        self._chip = array("I", [0] * 5)
        self._chip[0] = 0x400B_0028 if second else 0x4005_4028  # TIMERAWL
        self._chip[1] = block
        self._chip[2] = block + 0xC8 + 0x18 * (number & 3)
        self._chip[3] = 8 + (number & 3)  # words from the block to its RXF
        self._chip[4] = 0x100 << (number & 3)  # in FSTAT: that is empty
        self._machine = rp2.StateMachine(number, program(level), freq=_COUNT_HZ, in_base=pin)
        self._armed = False

    def arm(self, tick):
        self._machine.active(0)
        self._machine.restart()  # to the first instruction
        self._machine.active(1)
        self._armed = True

    def disarm(self):
        self._machine.active(0)
        self._armed = False

    def take(self):
        if not self._armed:
            return -1
        tick = edge(self._chip)
        if tick >= 0:
            self.disarm()
        return tick
