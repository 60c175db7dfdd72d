"""A UART as the link: RS-485 with a driver enable, shared by boards, or a serial adapter of the board's own.

The USB port stays the MicroPython console, so 0x03 there stops the firmware as it stops any program.

Half duplex: the host asks, the board that is meant answers. Its driver is on from just before the first byte until the
last has left. `UART.txdone` is asked no sooner than that can be: on ESP32 the bytes wait in a buffer for a moment in
which nothing is being sent yet. What takes up to 3 ms is waited for: 75 bytes at 250 kbaud, any answer at 1 Mbaud. The
end of a longer one is looked for at every turn of the loop, so the pair may be held for as long as a frame takes to
draw.

Bytes come one by one, and reading takes longer than they do: whoever read the first ones at once would see the last one
late, and by how much nobody could tell. So they are left until no more follow, and the tick at which the last one was
seen is kept.
"""

# the stubs lack the count of UART.write (py/stream.c)
# pyright: reportCallIssue=false, reportOptionalCall=false

import time

import machine

from pacerail_node.ticks import ticks_add, ticks_diff

_BUFFER = 512  # more than a frame, so that writing never waits
_MANY = 64  # are read at once, though more follow
_QUIET_BYTES = 5  # no more follow: a UART that tells of its bytes by fours has had time for the next four
_PATIENCE_US = 3000
_STUCK_US = 20_000  # by then the driver goes off whatever the UART says, and leaves the pair to the others


class Link:
    """A UART. spec: {"uart", "tx", "rx", "baud"}, and "de" where a pin of the board switches the driver."""

    def __init__(self, spec):
        driver = spec.get("de")
        self._driver = None if driver is None else machine.Pin(driver, machine.Pin.OUT, value=0)
        machine.Pin(spec["rx"], machine.Pin.IN, machine.Pin.PULL_UP)  # nobody drives it while the board talks
        self._uart = machine.UART(
            spec["uart"],
            baudrate=spec["baud"],
            tx=machine.Pin(spec["tx"]),
            rx=machine.Pin(spec["rx"]),
            txbuf=_BUFFER,
            rxbuf=_BUFFER,
        )
        self._byte_ns = 1_000_000_000 // (spec["baud"] // 10)  # start, 8 bits, stop
        self._quiet_us = _QUIET_BYTES * self._byte_ns // 1000
        self._seen = 0  # bytes that have come
        self._seen_at = 0
        self._have = 0
        self._talking = False
        self._gone = 0  # tick at which the last byte has left, at the soonest

    def any(self):
        """How many bytes there are to read. `readinto` gives these and no later ones, so that they came before now."""
        if self._talking:
            self._listen_again()
        seen = self._uart.any()
        now = time.ticks_us()
        if seen != self._seen:
            self._seen = seen
            self._seen_at = now
        self._have = seen if seen >= _MANY or ticks_diff(now, self._seen_at) >= self._quiet_us else 0
        return self._have

    def arrived(self):
        """The tick at which the last of them was seen."""
        return self._seen_at

    def readinto(self, buffer):
        count = min(self._have, len(buffer))
        if count == 0:
            return 0
        self._have -= count
        self._seen -= count
        return self._uart.readinto(buffer, count) or 0

    def write(self, buffer, count):
        """Send buffer[:count]; see above for how long it waits."""
        if self._driver is not None:
            self._driver(1)
            self._talking = True
        self._uart.write(buffer, count)
        us = count * self._byte_ns // 1000
        self._gone = ticks_add(time.ticks_us(), us)
        if us <= _PATIENCE_US:
            while self._talking:
                self._listen_again()

    def _listen_again(self):
        """Switch the driver off if the last byte has left."""
        over = ticks_diff(time.ticks_us(), self._gone)
        if over >= 0 and (self._uart.txdone() or over > _STUCK_US):
            self._driver(0)
            self._talking = False
