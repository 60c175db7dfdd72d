"""What happened on this board: every change of state with fleet time and cause, in a ring in RAM, made once."""

from array import array

ENTRIES = 64


class Log:
    """The last ENTRIES changes of state; `written` counts all that ever were."""

    def __init__(self):
        self.written = 0
        self._entries = array("I", [0] * (3 * ENTRIES))

    def add(self, state, cause, fleet):
        """Note a state entered for a cause at a fleet time (seconds, microseconds)."""
        at = 3 * (self.written % ENTRIES)
        self._entries[at] = state | (cause << 8)
        self._entries[at + 1] = fleet[0]
        self._entries[at + 2] = fleet[1]
        self.written += 1

    def oldest(self):
        """The number of the oldest entry that is still there."""
        return max(0, self.written - ENTRIES)

    def word(self, number, field):
        """Field 0 (state + 256 * cause), 1 (seconds) or 2 (microseconds) of an entry that is still there."""
        return self._entries[3 * (number % ENTRIES) + field]
