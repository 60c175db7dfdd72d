"""An edge on the gun pin by interrupt: a handler notes the tick. For boards that have nothing better.

A hard handler runs within microseconds whatever Python does. A soft one (the only kind that ESP32 has) waits for the
bytecode that is under way, and so for a whole viper kernel.
"""

from pacerail_node.ticks import TICK_MASK

# Between edge and tick, on an emulated RP2040 at 125 MHz under bytecode, viper, gc and USB traffic, 60 edges each: 10
# to 16 us with no misses of the flash cache, 28 to 47 us at 46 cycles a miss, 46 to 82 us at 92.
HARD_LEAST_US = 10  # taken off every tick
HARD_LATE_US = 100  # what may be left, with some room
SOFT_LATE_US = 2000  # the longest kernel, with room; not measured on a board


class Capture:
    """Edges of a machine.Pin; `trigger` is its IRQ_FALLING or IRQ_RISING."""

    def __init__(self, pin, trigger, ticks_us, hard):
        self.late_us = HARD_LATE_US if hard else SOFT_LATE_US
        self._least_us = HARD_LEAST_US if hard else 0
        self._ticks_us = ticks_us
        self._trigger = trigger
        self._tick = -1
        self._armed = False
        self._set = abs  # does nothing: an edge may come before the next line is done
        self._irq = pin.irq(self._caught, trigger, hard=True) if hard else pin.irq(self._caught, trigger)
        self._set = self._irq.trigger  # made here: taking a method allocates, and the handler must not
        self._set(0)

    def _caught(self, pin):
        tick = self._ticks_us()
        self._set(0)
        if self._armed:  # a soft handler may be still to come when it was disarmed
            self._armed = False
            self._tick = tick

    def arm(self, tick):
        self._set(0)
        self._tick = -1
        self._armed = True
        self._set(self._trigger)

    def disarm(self):
        self._armed = False
        self._set(0)
        self._tick = -1

    def take(self):
        tick = self._tick
        if tick < 0:
            return -1
        self._tick = -1
        return (tick - self._least_us) & TICK_MASK
