"""The edges on a board's gun pin since it was armed: numbered, with ticks that do not wrap. No hardware in it.

What catches an edge is a Capture of `guns`. The first edge is the gun and is kept whatever comes after it; of the later
ones (a recall shot, the release of a contact) the last three are. What follows an edge within 50 ms is its bounce, and
up to 50 ms more may pass before the pin is open again: a capture is deaf until somebody has looked.
"""

from array import array

from pacerail_node.ticks import ticks_add, ticks_diff

BOUNCE_US = 50_000
KEPT = 4


class GunPin:
    """The gun pin of a board, or of one that has none: `capture` is None then, and nothing ever comes.

    `clock` is the node's: the time is that of its last `advance`, and `look` must be called at least every 8 minutes.
    """

    def __init__(self, capture, clock):
        self.count = 0  # edges since armed
        self.late_us = capture.late_us if capture is not None else 0
        self._capture = capture
        self._clock = clock
        self._kept = array("I", [0] * (3 * KEPT))
        self._armed = False
        self._deaf = False  # until the bounce is over
        self._open_at = 0

    def arm(self):
        """From now on, and none from before."""
        self.count = 0
        if self._capture is not None:
            self._armed = True
            self._deaf = False
            self._capture.arm(self._clock.last)

    def disarm(self):
        """No more; what is kept stays."""
        if self._armed:
            self._armed = False
            self._capture.disarm()

    def look(self):
        """Take what was caught."""
        if not self._armed:
            return
        if not self._deaf:
            tick = self._capture.take()
            if tick < 0:
                return
            self._keep(tick)
            self._deaf = True
            self._open_at = ticks_add(tick, BOUNCE_US)
        if ticks_diff(self._clock.last, self._open_at) >= 0:
            self._deaf = False
            self._capture.arm(self._clock.last)

    def due(self, until):
        """When to look again at the latest: at tick `until`, or before that, so that it is not deaf for long."""
        if not self._armed:
            return until
        soon = self._open_at if self._deaf else ticks_add(self._clock.last, BOUNCE_US)
        return soon if ticks_diff(soon, until) < 0 else until

    def _keep(self, tick):
        last = self._clock.last
        wraps = self._clock.wraps
        ago = ticks_diff(last, tick)
        if ago >= 0 and tick > last:  # before the wrap
            wraps -= 1
        elif ago < 0 and tick < last:  # an edge since `advance`, and a wrap in between
            wraps += 1
        self.count += 1
        at = 3 * self._slot(self.count)
        self._kept[at] = self.count
        self._kept[at + 1] = wraps
        self._kept[at + 2] = tick

    @staticmethod
    def _slot(number):
        return 0 if number == 1 else 1 + (number - 2) % (KEPT - 1)

    def next_kept(self, number):
        """The number, counted from 1, of the first edge after `number` that is still known; 0 if there is none."""
        number = 1 if number == 0 else max(number + 1, self.count - KEPT + 2)
        return number if number <= self.count else 0

    def word(self, number, field):
        """Field 0 (number), 1 (wraps) or 2 (tick) of an edge that is still known."""
        return self._kept[3 * self._slot(number) + field]
