"""A chip's `time`, `machine` and `esp32` as far as the UART link and ESP32's strips need them; under MicroPython too.

`take_over` puts them in the place of the modules of these names while a driver is imported. Time stands still but for
what costs time; nothing here allocates once it is made, so that a driver can be run with the heap locked.
"""

import sys


class Clock:
    """The module `time`. A look at it costs a microsecond."""

    def __init__(self):
        self.now = 5000

    def ticks_us(self):
        self.now = (self.now + 1) & 0x3FFFFFFF
        return self.now

    def sleep_ms(self, ms):
        self.now = (self.now + 1000 * ms) & 0x3FFFFFFF


clock = Clock()


class Pin:
    """machine.Pin. `made` has the pin of each number that was made last."""

    IN, OUT, PULL_UP, PULL_DOWN = 1, 3, 2, 4
    IRQ_RISING, IRQ_FALLING = 1, 2
    low = ()  # numbers of those that something holds low
    made = {}  # noqa: RUF012 - MicroPython has no ClassVar

    def __init__(self, number, mode=None, pull=None, value=None):
        self.number = number
        self.pull = pull
        self.level = value
        self.changes = [0] * 8
        self.changed = 0
        if mode is not None:
            self.made[number] = self

    def value(self):
        return 0 if self.number in self.low else 1

    def irq(self, handler, trigger):
        self.handler = handler
        return self

    def trigger(self, mask):
        self.armed = mask

    def __call__(self, level):
        if level != self.level:
            self.changes[self.changed] = clock.now
            self.changed += 1
        self.level = level


class Uart:
    """machine.UART: bytes take their time, and for `lag` us after a write it says that nothing is being sent yet."""

    made = []  # noqa: RUF012

    def __init__(self, number, **settings):
        self.number = number
        self.settings = settings
        self.byte_us = 10_000_000 // settings["baudrate"]
        self.come = 0  # bytes that wait to be read
        self.sent = 0
        self.begun = self.gone = clock.now
        self.lag = 3
        self.stuck = False
        self.made.append(self)

    def any(self):
        clock.now += 1
        return self.come

    def readinto(self, buffer, count):
        assert count <= self.come, "would wait"
        self.come -= count
        return count

    def write(self, buffer, count):
        clock.now += 20
        self.sent += count
        self.begun = clock.now
        self.gone = clock.now + count * 10_000_000 // self.settings["baudrate"]
        return count

    def txdone(self):
        clock.now += 2
        if clock.now - self.begun < self.lag:
            return True
        return clock.now >= self.gone and not self.stuck


class Rmt:
    """esp32.RMT: write_pulses waits for the frame before, copies the list, which takes time, and comes back."""

    made = []  # noqa: RUF012
    slow_us = 3  # for a pixel
    hiccup_us = 0

    def __init__(self, number, pin, resolution_hz, num_symbols):
        self.pin = pin
        self.ticks_us = resolution_hz // 1_000_000
        self.num_symbols = num_symbols
        self.pulses = None
        self.waited = 0
        self.started = self.gone = clock.now
        self.made.append(self)

    def active(self):
        clock.now += 1
        return clock.now < self.gone

    def write_pulses(self, pulses, level):
        assert level is False and len(pulses) & 1, "begins and ends low"
        if clock.now < self.gone:
            self.waited += self.gone - clock.now
            clock.now = self.gone
        clock.now += self.slow_us * (len(pulses) // 48) + self.hiccup_us
        self.pulses = pulses
        self.started = clock.now + pulses[0] // self.ticks_us
        total = 0
        for pulse in pulses:
            assert 0 < pulse < 32768
            total += pulse
        self.gone = clock.now + total // self.ticks_us


class Wdt:
    """machine.WDT. `timeouts_ms` has what it was set to."""

    timeouts_ms = []  # noqa: RUF012

    def __init__(self, timeout):
        self.timeouts_ms.append(timeout)
        self.fed = 0

    def feed(self):
        self.fed += 1


class Machine:
    """The module `machine`."""

    Pin = Pin
    UART = Uart
    WDT = Wdt
    hz = 160_000_000

    @staticmethod
    def freq(hz):
        Machine.hz = hz

    @staticmethod
    def reset_cause():
        return 3

    @staticmethod
    def unique_id():
        return b"\x01\x02\x03\x04\x05\x06"


class Esp32:
    """The module `esp32`."""

    RMT = Rmt

    @staticmethod
    def mcu_temperature():
        return 41


def take_over(module):
    """Import a driver anew on this chip; MicroPython's own uctypes stays where there is one."""
    fakes = {"time": clock, "machine": Machine, "esp32": Esp32}
    if sys.implementation.name != "micropython":
        fakes["uctypes"] = None
    before = {name: sys.modules.get(name) for name in fakes}
    Uart.made.clear()
    Rmt.made.clear()
    sys.modules.pop(module, None)
    try:
        for name, fake in fakes.items():
            sys.modules[name] = fake if fake is not None else clock
        found = __import__(module, None, None, ("Strip",))
    finally:
        for name, real in before.items():
            if real is None:
                sys.modules.pop(name)
            else:
                sys.modules[name] = real
        sys.modules.pop(module, None)
    return found
