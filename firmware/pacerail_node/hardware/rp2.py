"""RP2040 and RP2350: Raspberry Pi Pico, Pico W, Pico 2, Pico 2 W, with stock MicroPython.

board.json, besides what every board has: "pins": {"outputs": [GPIO, ...], "safe": GPIO or none}; "strips" and
"orders", a word an output ("ws2812b", "GRB"); "brightness" (1 to 256); "watchdog_ms" (0: none); "boot_window_ms".
"""

import sys
import time

import machine

from pacerail_node.links.usb import Link
from pacerail_node.strips.ws2812_rp2 import Strip
from pacerail_node.ticks import ticks_diff

_ENABLE = 1 << 30  # of the watchdog's CTRL
_CLEAR = 0x3000  # from a register to its alias that clears bits


class Board:
    """A Pico with this config. Raises RuntimeError, which leads to the console, if the safe-mode pin is held low."""

    def __init__(self, config):
        pins = config["pins"]
        safe = pins.get("safe")
        if safe is not None and machine.Pin(safe, machine.Pin.IN, machine.Pin.PULL_UP).value() == 0:
            raise RuntimeError("safe mode: GPIO %d is low" % safe)
        # until the link is made, 0x03 from a tool stops this and gives the console, whatever else is wrong
        time.sleep_ms(config.get("boot_window_ms", 500))
        if not config.get("uid"):
            config["uid"] = machine.unique_id().hex()
        self.reset_cause = machine.reset_cause()
        self.gun = None
        self.ticks_us = time.ticks_us
        self.strip = Strip(
            config["outputs"], pins["outputs"], config["strips"], config["orders"], config.get("brightness", 256)
        )
        self.link = Link()
        self._any = self.link.any
        watchdog_ms = config.get("watchdog_ms", 4000)
        self._watchdog = machine.WDT(timeout=watchdog_ms) if watchdog_ms else None

    def idle(self, until):
        """Wait for a tick or the next byte. Called in every turn, so that it is what feeds the watchdog."""
        if self._watchdog is not None:
            self._watchdog.feed()
        ticks_us = self.ticks_us
        while ticks_diff(until, ticks_us()) > 0:
            if self._any():
                return

    def close(self):
        """The console takes over: nobody feeds the watchdog any more."""
        if self._watchdog is not None:
            second = "RP2350" in sys.implementation._machine
            machine.mem32[(0x400D_8000 if second else 0x4005_8000) + _CLEAR] = _ENABLE

    def temperature_dc(self):
        return 0

    def supply_mv(self):
        return 0
