"""From a pace table and a race time to pixels: linear RGB, 3 bytes each, before any brightness or power limit.

The buffers are made once, when a table is loaded; drawing a frame then allocates nothing.
"""

from array import array

from pacerail_node.kernels import clear, locate, paint
from pacerail_node.pacetable import DARK

NEVER_MS = 0x0FFFFFFF


class Renderer:
    """Draws frames of one pace table. `heads[w]` is where wave w stood in the last, in 100um from the finish line."""

    def __init__(self, table):
        self.table = table
        count = table.wave_count
        self.heads = array("I", [DARK] * count)
        self._cursor = array("I", [0] * count)
        self._covers = array("I", [0] * (4 * count))
        self._sizes = array("I", [count, table.lap_100um])
        self._count = count
        self._lap_100um = table.lap_100um
        self._bytes = 3 * table.pixels

    def draw(self, pixels, race_10us):
        """Fill `pixels`, a bytearray of 3 bytes a pixel, with the picture at a race time: how many cells got light."""
        table = self.table
        waves = table.waves
        heads = self.heads
        clear(pixels, self._bytes)
        lit = locate(
            waves, table.pieces, table.windows, self._cursor, heads, self._count, race_10us, self._lap_100um
        )  # fmt: skip
        if lit == 0:
            return 0
        touched = 0
        for run in table.runs:
            touched += paint(pixels, table.edges, table.pixmap, run, waves, heads, self._covers, self._sizes)
        return touched

    def quiet_ms(self, race_10us):
        """How long it stays dark for sure from a race time at which nothing was lit here: a lower bound, in ms.

        A lit wave comes no faster than its top speed; a dark one not before its next window opens.
        """
        table = self.table
        soonest = NEVER_MS
        for w in range(table.wave_count):
            base = 8 * w
            if self.heads[w] == DARK:
                first = table.waves[base + 4]
                for i in range(2 * first, 2 * (first + table.waves[base + 5]), 2):
                    on = table.windows[i]
                    if race_10us < on:
                        soonest = min(soonest, (on - race_10us) // 100)
                        break
            else:
                for run in table.runs:
                    gap = run[0] - self.heads[w]
                    if gap < 0:
                        gap += table.lap_100um
                    top = table.waves[base + 6]  # mm/s
                    if top:
                        soonest = min(soonest, gap * 10 // top * 10)  # gap * 100 would pass 2^30 on a lap of 1.1 km
        return soonest
