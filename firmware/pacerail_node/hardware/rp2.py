"""RP2040 and RP2350: Raspberry Pi Pico, Pico W, Pico 2, Pico 2 W, with stock MicroPython.

board.json, besides what every board has: "pins": {"outputs": [GPIO, ...], "safe": GPIO or none, "gun": GPIO or none,
"gun_edge": "fall" (a contact to ground; the default) or "rise"}; "strips" and "orders", a word an
output ("ws2812b", "GRB"); "brightness" (1 to 256), "white" ([r, g, b], each 0 to 256) and "gamma_x10": see `outgoing`;
"watchdog_ms" (0: none); "boot_window_ms". With an apa102 strip "spi": {"id", "sck", "mosi", "baud"} instead of its pin.
"""

import sys
import time

import machine

from pacerail_node import outgoing
from pacerail_node.fault import NoStrip
from pacerail_node.guns import irq, pio_rp2
from pacerail_node.links import open_link
from pacerail_node.messages import TEMPERATURE_BIAS
from pacerail_node.strips import apa102, apa102_rp2
from pacerail_node.strips.ws2812_rp2 import Strip
from pacerail_node.ticks import TICK_MASK, ticks_diff

_ENABLE = 1 << 30  # of the watchdog's CTRL
_CLEAR = 0x3000  # from a register to its alias that clears bits


def _strip(config):
    """The driver of the strips that the config names. Raises ValueError, KeyError or TypeError for what cannot be."""
    outputs, kinds, orders = config["outputs"], config["strips"], config["orders"]
    light = (config.get("brightness", 256), config.get("white", (256, 256, 256)), config.get("gamma_x10", 10))
    if any(kind in apa102.KINDS for kind in kinds):
        return apa102.Strip(outputs, orders[0], apa102_rp2.Feed, config["spi"], *light)
    return Strip(outputs, config["pins"]["outputs"], kinds, orders, outgoing.levels(*light))


class Board:
    """A Pico with this config. Raises RuntimeError, which leads to the console, if the safe-mode pin is held low."""

    def __init__(self, config):
        broken = "fault" in config  # then there is only a link
        pins = {} if broken else config["pins"]
        safe = pins.get("safe")
        if safe is not None and machine.Pin(safe, machine.Pin.IN, machine.Pin.PULL_UP).value() == 0:
            raise RuntimeError("safe mode: GPIO %d is low" % safe)
        # until the link is made, 0x03 from a tool stops this and gives the console, whatever else is wrong
        time.sleep_ms(config.get("boot_window_ms", 500))
        if not config.get("uid"):
            config["uid"] = machine.unique_id().hex()
        self.reset_cause = machine.reset_cause()
        self.ticks_us = time.ticks_us
        self.gun = None if broken else _gun(pins, len(config["outputs"]))
        self.strip = NoStrip() if broken else _strip(config)
        self.link = open_link(config.get("link"))
        self._any = self.link.any
        self._looked = self.ticks_us()
        self._known = False
        self._temperature_dc = self._supply_mv = 0
        self._core = machine.ADC(machine.ADC.CORE_TEMP)
        # a Pico W has its radio at GPIO29, and of other boards it is not known what they have there
        name = sys.implementation._machine
        plain = name.startswith(("Raspberry Pi Pico with", "Raspberry Pi Pico 2 with"))
        self._supply = machine.ADC(machine.Pin(29)) if plain else None
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
        self._look()
        return self._temperature_dc

    def supply_mv(self):
        self._look()
        return self._supply_mv

    def _look(self):
        """Once a second at most; it takes some 60 us."""
        now = self.ticks_us()
        if self._known and (ticks_diff(now, self._looked) & TICK_MASK) < 1_000_000:
            return
        self._looked = now
        self._known = True
        self._temperature_dc = temperature_dc(self._core.read_u16())
        if self._supply is not None:
            self._supply_mv = supply_mv(self._supply.read_u16())


def temperature_dc(reading):
    """Of the chip, in 0.1 C + TEMPERATURE_BIAS, from 16 bits of the ADC: T = 27 - (V - 0.706) / 0.001721, with 3.3 V
    at full scale (RP2040 data sheet, 4.9.5; RP2350 data sheet, 12.4.6). Good to a few degrees; 0 if it cannot be."""
    volts_10uv = reading * 10_071 // 2000
    found = 270 - (volts_10uv - 70_600) * 100 // 1721
    return TEMPERATURE_BIAS + found if -400 <= found <= 1300 else 0


def supply_mv(reading):
    """VSYS of a Pico, in mV: a third of it is at GPIO29 (Pico data sheet, 4.4)."""
    return reading * 660 // 4369  # 3 * 3300 / 65535


def _gun(pins, outputs):
    """What catches an edge on the gun pin: a state machine of the PIO if one is left, else an interrupt."""
    gpio = pins.get("gun")
    if gpio is None:
        return None
    rise = pins.get("gun_edge", "fall") == "rise"
    pin = machine.Pin(gpio, machine.Pin.IN, machine.Pin.PULL_DOWN if rise else machine.Pin.PULL_UP)
    number = pio_rp2.free_machine(outputs)
    if number >= 0 and gpio < 32:  # beyond, a block of the PIO would have to be moved there
        return pio_rp2.Capture(pin, 1 if rise else 0, number)
    return irq.Capture(pin, machine.Pin.IRQ_RISING if rise else machine.Pin.IRQ_FALLING, time.ticks_us, True)
