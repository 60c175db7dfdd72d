"""A change of plan in mid-race: a table's waves, pieces and windows again, taken whole between two frames.

The new movement is the old one up to the instant of the change and differs after it, so that it does not matter when
it comes, as long as it is there by then. It is collected in room that was made when the table was loaded, checked, and
swapped in: nothing is allocated, and a frame sees the old movement or the new.
"""

from array import array

from pacerail_node import kernels, wire

SPARE_PIECES = 128  # a changed plan may have so many more than the plan as it was loaded,
SPARE_WINDOWS = 32  # and so many more windows


class Amendment:
    """The room for changes of one pace table. `begin`, `data` and `end` return None, or why not."""

    def __init__(self, table):
        table.pieces.extend(array("I", bytes(16 * SPARE_PIECES)))
        table.windows.extend(array("I", bytes(8 * SPARE_WINDOWS)))
        self.settled_10us = 0  # race time of the last change begun
        self._table = table
        self._waves = array("I", bytes(4 * len(table.waves)))
        self._pieces = array("I", bytes(4 * len(table.pieces)))
        self._windows = array("I", bytes(4 * len(table.windows)))
        self._staged = bytearray(4 * (len(table.waves) + len(table.pieces) + len(table.windows)))
        self._sum = bytearray(4)
        self._hash = bytearray(8)
        self._length = self._have = 0
        self._piece_words = self._window_words = 0

    def drop(self):
        """Forget what was begun: it belongs to another race."""
        self._length = 0

    def begin(self, frame, at):
        """Make ready for what AMEND_BEGIN announces at frame[at:]."""
        self._length = 0
        length = kernels.get32(frame, at)
        pieces = kernels.get32(frame, at + 4)
        windows = kernels.get32(frame, at + 8)
        settled = kernels.get32(frame, at + 12)
        if pieces < 1 or windows < 0 or settled < 0:
            return b"a number of the change is out of range"
        if 4 * pieces > len(self._pieces) or 2 * windows > len(self._windows):
            return b"no room for so many pieces or windows"
        if length != 4 * len(self._waves) + 16 * pieces + 8 * windows:
            return b"another number of waves than in the table"
        self._length = length
        self._have = 0
        self._piece_words = 4 * pieces
        self._window_words = 2 * windows
        self.settled_10us = settled
        kernels.move(self._sum, 0, frame, at + 16, 4)
        kernels.move(self._hash, 0, frame, at + 20, 8)
        return None

    def data(self, offset, frame, at, count):
        """Take the next bytes, frame[at : at + count]; a part that came already may come again."""
        if count < 1 or not 0 <= offset <= self._have or offset + count > self._length:
            return b"not the next part of the change begun"
        kernels.move(self._staged, offset, frame, at, count)
        self._have = max(self._have, offset + count)
        return None

    def end(self):
        """Check what was collected and put it in the table's place."""
        length = self._length
        self._length = 0
        if not length or self._have != length:
            return b"the change is not complete"
        if not wire.checksum(self._staged, length, self._sum, 0):
            return b"not the change that was begun"
        table = self._table
        waves = self._waves
        at = 4 * len(waves)
        good = kernels.words(waves, self._staged, 0, len(waves))
        good &= kernels.words(self._pieces, self._staged, at, self._piece_words)
        at += 4 * self._piece_words
        good &= kernels.words(self._windows, self._staged, at, self._window_words)
        i = 0
        while i < len(waves):
            if (
                waves[i + 3] == 0
                or 4 * (waves[i + 2] + waves[i + 3]) > self._piece_words
                or 2 * (waves[i + 4] + waves[i + 5]) > self._window_words
                or waves[i + 1] >= table.lap_100um
            ):
                good = 0
            i += 8
        if not good:
            return b"the change points outside of itself"
        self._waves = table.waves
        table.waves = waves
        spare = self._pieces
        self._pieces = table.pieces
        table.pieces = spare
        spare = self._windows
        self._windows = table.windows
        table.windows = spare
        kernels.move(table.hash, 0, self._hash, 0, 8)
        return None
