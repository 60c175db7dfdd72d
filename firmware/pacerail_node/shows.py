"""What a board shows when no race is on: its number as flashes, patterns to check a strip by, light for the crowd.

A show needs no pace table. With a clock it runs by fleet time, from a start that the host gives, so that all boards are
in step; without one it begins when the message comes. It ends by itself when its time is over. Nothing is allocated
for a frame.

The payload of SHOW, SHOW_SIZE bytes: kind, level (1 to 255: what full is), count, flags; then words of 32 bits:

    0 colour 0xRRGGBB   1 second colour   2 period_ms   3 duration_ms   4 start: fleet s   5 start: fleet us
    6 phase_ms: how far into the period the show is at its start   7 cross_ms   8 outputs to light, a bit each (0: all)
    9 outputs whose data runs against the running direction, a bit each
"""

from pacerail_node import kernels
from pacerail_node.shows_kernel import dots
from pacerail_node.ticks import ticks_add, ticks_diff

OFF = 0  # dark
SOLID = 1  # all LEDs in the colour
BLINK = 2  # tens of `count` in the second colour, ones in the colour, then a pause; count 0: on and off without end
CHASE = 3  # one LED runs along each output in the order of its data, once in a period
TENTHS = 4  # LEDs 0, 10, 20 ... in the colour, and 0, 100, 200 ... in the second
ENDS = 5  # the first LED of each output in the colour, the last in the second
ORDER = 6  # the first third of each output red, then green, then blue
CLAP = 7  # bright at the beginning of each period, then fading
SWEEP = 8  # `count` LEDs of the colour on the second: over all outputs in cross_ms, once in a period
KINDS = 9

SHOW_SIZE = 44
AT_START = 1  # flag: it begins at the start that is given, if the board has a clock
LONGEST_MS = 7_200_000
LONGEST_PERIOD_MS = 60_000
SHORTEST_PERIOD_MS = 100
LONGEST_PHASE_MS = 3_600_000
_SOONEST_MS = 60_000  # a start may lie so far ahead
_PAUSE = 3  # flashes that a pause is long
_STILL_MS = 250  # a picture that stands is sent again this often


def scaled(colour, level):
    """A colour 0xRRGGBB at level/255 of its light, rounded."""
    red = ((colour >> 16 & 255) * level + 127) // 255
    green = ((colour >> 8 & 255) * level + 127) // 255
    blue = ((colour & 255) * level + 127) // 255
    return red << 16 | green << 8 | blue


class Show:
    """The show of one board with these outputs (pixels of each). `on` while there is one."""

    def __init__(self, outputs):
        self.on = False
        self._outputs = outputs
        self._pixels = sum(outputs)
        self._timed = False  # by fleet time
        self._start_s = self._start_us = 0
        self._tick = self._gone_ms = 0  # else so long, at this tick
        self._kind = self._level = self._count = 0
        self._raw = self._colour = self._second = 0
        self._period_ms = self._duration_ms = self._phase_ms = self._cross_ms = 1
        self._only = self._against = 0
        self._tens = self._ones = 0

    def begin(self, frame, at, tick, clock):
        """Take the payload at frame[at:], which came at a tick, instead of what was shown before.

        Returns None, or why it is refused (bytes; then nothing changes).
        """
        kind = frame[at]
        level = frame[at + 1]
        word = kernels.get32
        at += 4
        colour = word(frame, at)
        second = word(frame, at + 4)
        period_ms = word(frame, at + 8)
        duration_ms = word(frame, at + 12)
        start_s = word(frame, at + 16)
        start_us = word(frame, at + 20)
        phase_ms = word(frame, at + 24)
        cross_ms = word(frame, at + 28)
        only = word(frame, at + 32)
        against = word(frame, at + 36)
        if kind >= KINDS:
            return b"this firmware knows no such show"
        if level < 1 or not 0 <= colour <= 0xFFFFFF or not 0 <= second <= 0xFFFFFF:
            return b"a level from 1 to 255 and colours of 24 bits were expected"
        if not SHORTEST_PERIOD_MS <= period_ms <= LONGEST_PERIOD_MS or not 1 <= duration_ms <= LONGEST_MS:
            return b"a show lasts two hours at most, its period is from 0.1 to 60 s"
        if not 0 <= phase_ms <= LONGEST_PHASE_MS or not 1 <= cross_ms <= LONGEST_PERIOD_MS or only < 0 or against < 0:
            return b"a number of the show is out of range"
        timed = clock.valid and (frame[at - 1] & AT_START) != 0
        if timed:
            if start_s < 0 or not 0 <= start_us < 1_000_000:
                return b"a start at no time that there is"
            gone_ms = clock.race_10us(tick, start_s, start_us) // 100
            if gone_ms < -_SOONEST_MS or gone_ms >= duration_ms:
                return b"a show begins within a minute and is not over before it begins: set the clock again"
        self._kind = kind
        self._level = level
        self._count = frame[at - 2]
        self._timed = timed
        self._start_s = start_s
        self._start_us = start_us
        self._tick = tick
        self._gone_ms = 0
        self._raw = colour
        self._colour = scaled(colour, level)
        self._second = scaled(second, level)
        self._period_ms = period_ms
        self._duration_ms = duration_ms
        self._phase_ms = phase_ms
        self._cross_ms = cross_ms
        self._only = only
        self._against = against
        self._tens = self._count // 10 if second else 0
        self._ones = self._count - 10 * self._tens
        self.on = kind != OFF
        return None

    def draw(self, pixels, seen, clock):
        """Add the show to dark `pixels` (3 bytes each) as it is seen at a tick; returns how long that stays, in ms.

        0 means that it moves. A show whose time is over is not `on` afterwards.
        """
        gone_ms = self._gone(seen, clock)
        if gone_ms < 0:
            return -gone_ms
        if gone_ms >= self._duration_ms:
            self.on = False
            return _STILL_MS
        stays_ms = self._draw(pixels, gone_ms + self._phase_ms)
        return min(stays_ms, self._duration_ms - gone_ms)

    def _gone(self, seen, clock):
        """How long it has been on, in ms; below 0 before its start."""
        if self._timed:
            return clock.race_10us(seen, self._start_s, self._start_us) // 100
        ms = max(0, ticks_diff(seen, self._tick)) // 1000
        self._tick = ticks_add(self._tick, 1000 * ms)
        self._gone_ms += ms
        return self._gone_ms

    def _draw(self, pixels, at_ms):
        kind = self._kind
        colour = self._colour
        stays_ms = _STILL_MS
        if kind == BLINK:
            half_ms = self._period_ms // 2
            colour = self._flash(at_ms // half_ms)
            stays_ms = half_ms - at_ms % half_ms
        elif kind == CLAP:
            left_ms = self._period_ms - at_ms % self._period_ms
            colour = scaled(self._raw, self._level * left_ms // self._period_ms)
            stays_ms = 0
        elif kind == CHASE or kind == SWEEP:  # noqa: SIM109 - a tuple would be made anew for each frame
            stays_ms = 0
        first = 0
        for i in range(len(self._outputs)):
            count = self._outputs[i]
            if self._only == 0 or self._only >> i & 1:
                if kind == SWEEP:
                    self._sweep(pixels, first, i, at_ms % self._period_ms)
                else:
                    self._output(pixels, first, count, colour, at_ms % self._period_ms)
            first += count
        return stays_ms

    def _flash(self, half):
        """The colour in the half-th half of a flash since the start: tens, a dark one, ones, a pause."""
        if self._count == 0:
            return 0 if half & 1 else self._colour
        gap = 1 if self._tens and self._ones else 0
        flash = half // 2 % (self._tens + gap + self._ones + _PAUSE)
        if half & 1:
            return 0
        if flash < self._tens:
            return self._second
        flash -= self._tens + gap
        return self._colour if 0 <= flash < self._ones else 0

    def _output(self, pixels, first, count, colour, in_period_ms):
        kind = self._kind
        end = first + count
        if kind == CHASE:
            at = first + in_period_ms * count // self._period_ms
            dots(pixels, at, at + 1, 1, colour)
        elif kind == TENTHS:
            dots(pixels, first, end, 10, colour)
            dots(pixels, first, end, 100, self._second)
        elif kind == ENDS:
            dots(pixels, end - 1, end, 1, self._second)
            dots(pixels, first, first + 1, 1, colour)
        elif kind == ORDER:
            third = count // 3
            dots(pixels, first, first + third, 1, scaled(0xFF0000, self._level))
            dots(pixels, first + third, end - third, 1, scaled(0x00FF00, self._level))
            dots(pixels, end - third, end, 1, scaled(0x0000FF, self._level))
        else:
            dots(pixels, first, end, 1, colour)

    def _sweep(self, pixels, first, output, in_period_ms):
        """Outputs follow each other in running order; where the data runs against it, pixels are counted backwards."""
        count = self._outputs[output]
        end = first + count
        head = in_period_ms * self._pixels // self._cross_ms
        low = min(max(head - self._count - first, 0), count)
        high = min(max(head - first, 0), count)
        if self._second:
            dots(pixels, first, end, 1, self._second)
        if self._against >> output & 1:
            dots(pixels, end - high, end - low, 1, self._colour)
        else:
            dots(pixels, first + low, first + high, 1, self._colour)
