"""The pace table in flash: written beside the old one, read back, and only then put in its place.

A rename is atomic on littlefs, so whenever the power goes there is the old table or the new one, whole. A file system
that is empty, full or broken stops nothing: the board then runs without a stored table and says so.
"""

import os

_TABLE = "table.pace"
_FRESH = "table.new"
_PIECE = 256


def load():
    """The stored pace table's bytes, good or bad (that is for PaceTable to say), or None if none can be read.

    Raises MemoryError for a file that cannot be a pace table.
    """
    try:
        with open(_TABLE, "rb") as file:
            return file.read()
    except OSError:
        return None


def save(blob):
    """Keep a pace table. Raises OSError if flash does not take it or does not give it back; then the old one stands."""
    try:
        with open(_FRESH, "wb") as file:
            file.write(blob)
        _compare(blob)
        os.rename(_FRESH, _TABLE)
    except OSError:
        try:  # noqa: SIM105 - MicroPython has no contextlib
            os.remove(_FRESH)  # what is there of it would only take up room
        except OSError:
            pass
        raise


def _compare(blob):
    """By small pieces: a board's memory has no room for a third copy of a long table."""
    piece = bytearray(_PIECE)
    with open(_FRESH, "rb") as file:
        at = 0
        while True:
            count = file.readinto(piece)
            if not count:
                break
            if piece[:count] != blob[at : at + count]:
                raise OSError("read back differs")
            at += count
    if at != len(blob):
        raise OSError("read back is short")
