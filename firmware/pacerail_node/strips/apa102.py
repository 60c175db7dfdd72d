"""APA102 and SK9822 strips: a clock and a data line, by the chip's SPI. One output a board, and nothing beside it.

A frame (data sheets of APA102C and SK9822; what they leave out: cpldcpu.wordpress.com, "Understanding the APA102"):

    start    32 zeros
    pixels   a byte 0b111 and five bits of brightness for all three colours; the colours in the order of the strip
    end      32 zeros, on which an SK9822 shows what it got, and then half a clock for each pixel, since each passes the
             data on half a clock late. Zeros and not the ones of the data sheet: those light one pixel too many.

A board's brightness is shared out: as much of it as the five bits take, rounded up, the rest by the levels, which keep
most of their 256 steps so on a rail that is dimmed for the night.

What sends a frame depends on the chip: a feed, made of (words, places, size, spi), the words of two frames, in which
byte each begins, the bytes of one and the config's "spi": {"id", "sck", "mosi", "baud"}. It has

    baud              of the clock as it really is
    spare_us          0; or the time that it wants from the end of one frame to the start of the next, because sending
                      keeps Python waiting
    send(odd, start)  send a frame from tick `start` on; returns the tick at which it really starts
"""

# a table holds numbers or, under CPython, buffers
# pyright: reportCallIssue=false, reportArgumentType=false

import time
from array import array

from pacerail_node import outgoing
from pacerail_node.ticks import ticks_diff

KINDS = ("apa102", "sk9822")


def actual_baud(spi):
    """The clock that a machine.SPI says it has."""
    words = str(spi)
    at = words.index("baudrate=") + len("baudrate=")
    return int(words[at : words.index(",", at)])


def frame_us(size, baud):
    """How long a frame of `size` bytes takes, and a little more, so that one never runs into the next."""
    return -(-8 * size * 10_000 // (baud // 100)) + 2


class BlockingFeed:
    """By machine.SPI.write, which returns when all is sent: for chips whose MicroPython cannot do better.

    Python waits for the tick and then for as long as the frame takes; the light computed for it is still right, and
    fewer frames are shown.
    """

    def __init__(self, words, places, size, spi, ticks_us=None):
        from machine import SPI, Pin

        self._spi = SPI(
            spi["id"], baudrate=spi["baud"], polarity=1, phase=1, sck=Pin(spi["sck"]), mosi=Pin(spi["mosi"])
        )
        self.baud = actual_baud(self._spi)
        self.spare_us = 2500
        view = memoryview(words)
        self._frames = [_bytes(view, place, size) for place in places]
        self._ticks_us = ticks_us or time.ticks_us

    def send(self, odd, start):
        ticks_us = self._ticks_us
        while ticks_diff(start, ticks_us()) > 0:
            pass
        start = ticks_us()
        self._spi.write(self._frames[odd])
        return start


def _bytes(words, place, size):
    return words[place // 4 : (place + size) // 4]


class Strip:
    """The board's only output. order: "BGR" and the like; brightness, white, gamma_x10: as in `outgoing.levels`.

    Raises ValueError for what cannot be.
    """

    def __init__(self, outputs, order, feed, spi, brightness=256, white=(256, 256, 256), gamma_x10=10):
        if len(outputs) != 1 or outputs[0] < 1:
            raise ValueError("a board drives one output of apa102, and nothing beside it")
        if not 1 <= brightness <= 256:
            raise ValueError("brightness is 1 to 256")
        pixels = self.pixels = outputs[0]
        self.buffer = bytearray(3 * pixels)
        self.dimmed = 0
        self._share = (brightness * 31 + 255) // 256  # of 31, by the LEDs themselves
        self._sent = outgoing.levels(brightness * 31 // self._share, white, gamma_x10)
        dark = 0xE0 | self._share  # the first byte of a pixel is the lowest of its word
        length = 3 + pixels + (pixels + 63) // 64  # a word for the table, start, pixels, end
        self._words = array("I", [0] * (2 * length))
        for i in range(2 * length):
            if 2 <= i % length < 2 + pixels:
                self._words[i] = dark
        table = self._table = outgoing.new_table(outputs, self.buffer, self._sent)
        table[1] = outgoing.address(self._words)
        row = self._row = outgoing.HEAD
        table[row + 1] = 0x3FFFFFFF  # no ring: two frames by turns
        table[row + 8] = dark
        outgoing.place_colours(table, 0, order, (8, 16, 24))
        self._length = length
        size = 4 * (length - 1)
        self._feed = feed(self._words, (4, 4 + 4 * length), size, spi)
        self._spare_us = self._feed.spare_us
        self.wire_us = self._spare_us + frame_us(size, self._feed.baud)
        self._odd = 0
        self._start = time.ticks_us()

    def limit(self, outputs):
        outgoing.set_limits(self._table, outputs, self._share, 31)

    def ready(self, tick):
        return ticks_diff(tick, self._start) >= 0

    def ready_tick(self, tick):
        return tick if self.ready(tick) else self._start

    def submit(self, start_tick, race_10us):
        table = self._table
        factor = outgoing.pack(table)
        if factor < 256:
            outgoing.dim(table, factor)
            self.dimmed += 1
        odd = self._odd
        self._start = self._feed.send(odd, (start_tick + self._spare_us) & 0x3FFFFFFF)
        self._odd = 1 - odd
        table[self._row + 2] = 0 if odd else self._length
        return self._start
