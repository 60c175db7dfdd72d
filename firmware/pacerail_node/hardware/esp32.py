"""ESP32 and ESP32-S3 with stock MicroPython.

board.json as for `rp2`; an output's strip is one of strips.ws2812_esp32.TIMINGS, or an apa102.

"usb" as the link's kind is MicroPython's console: the chip's own USB port on the S3, and on the ESP32 the UART behind
the USB-serial chip, which MicroPython keeps at 115,200 baud. There an answer of more than 128 bytes waits for the
ESP32's FIFO, 10 ms at a time; SYNC and STATUS, all that is asked while a race is on, are shorter. An S3 whose host
holds the port open and does not read waits for it up to half a second, as MicroPython does at any print.
"""

# the stubs lack mcu_temperature, which the S3 has
# pyright: reportAttributeAccessIssue=false

import sys
import time

import esp32
import machine

from pacerail_node import outgoing
from pacerail_node.fault import NoStrip
from pacerail_node.guns import irq
from pacerail_node.links import open_link
from pacerail_node.messages import TEMPERATURE_BIAS
from pacerail_node.strips import apa102
from pacerail_node.strips.ws2812_esp32 import Strip
from pacerail_node.ticks import ticks_diff

_CPU_HZ = 240_000_000  # MicroPython starts at 160 MHz
_A_DAY_MS = 86_400_000


class Board:
    """An ESP32 with this config. Raises RuntimeError, which leads to the console, if the safe-mode pin is held low."""

    def __init__(self, config):
        broken = "fault" in config  # then there is only a link
        pins = {} if broken else config["pins"]
        safe = pins.get("safe")
        if safe is not None and machine.Pin(safe, machine.Pin.IN, machine.Pin.PULL_UP).value() == 0:
            raise RuntimeError("safe mode: GPIO %d is low" % safe)
        # until the link is made, 0x03 from a tool stops this and gives the console, whatever else is wrong
        time.sleep_ms(config.get("boot_window_ms", 500))
        machine.freq(_CPU_HZ)
        if not config.get("uid"):
            config["uid"] = machine.unique_id().hex()
        self.reset_cause = machine.reset_cause()
        self.ticks_us = time.ticks_us
        self.gun = None if broken else _gun(pins)
        self.strip = NoStrip() if broken else _strip(config)
        self.link = open_link(config.get("link"))
        self._any = self.link.any
        self._celsius = None if "ESP32S3" not in sys.implementation._machine else esp32.mcu_temperature
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
        """The console takes over: nobody feeds the watchdog any more. It cannot be stopped, but be given a day."""
        if self._watchdog is not None:
            machine.WDT(timeout=_A_DAY_MS)

    def temperature_dc(self):
        """Of the chip, to 1 C. The ESP32 before the S3 has a sensor that is nowhere near."""
        return 0 if self._celsius is None else self._celsius() * 10 + TEMPERATURE_BIAS

    def supply_mv(self):
        return 0


def _strip(config):
    """The driver of the strips that the config names. Raises ValueError, KeyError or TypeError for what cannot be."""
    outputs, kinds, orders = config["outputs"], config["strips"], config["orders"]
    light = (config.get("brightness", 256), config.get("white", (256, 256, 256)), config.get("gamma_x10", 10))
    if any(kind in apa102.KINDS for kind in kinds):
        return apa102.Strip(outputs, orders[0], apa102.BlockingFeed, config["spi"], *light)
    return Strip(outputs, config["pins"]["outputs"], kinds, orders, outgoing.levels(*light))


def _gun(pins):
    """What catches an edge on the gun pin: an interrupt, which on this chip waits for Python."""
    gpio = pins.get("gun")
    if gpio is None:
        return None
    rise = pins.get("gun_edge", "fall") == "rise"
    if gpio in (34, 35, 36, 37, 38, 39) and "ESP32S3" not in sys.implementation._machine:
        pin = machine.Pin(gpio, machine.Pin.IN)  # these have no pull-up; a resistor outside has to do it
    else:
        pin = machine.Pin(gpio, machine.Pin.IN, machine.Pin.PULL_DOWN if rise else machine.Pin.PULL_UP)
    return irq.Capture(pin, machine.Pin.IRQ_RISING if rise else machine.Pin.IRQ_FALLING, time.ticks_us, False)
