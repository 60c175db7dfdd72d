"""The pace table in flash: written beside the old one, read back, and only then put in its place.

A rename is atomic on littlefs, so whenever the power goes there is the old table or the new one, whole. A file system
that is empty, full or broken stops nothing: the board then runs without a stored table and says so.
"""

import os

_TABLE = "table.pace"
_FRESH = "table.new"


def load():
    """The stored pace table's bytes, or None if there is none to be read. Whether they are good is for PaceTable to say."""
    try:
        with open(_TABLE, "rb") as file:
            return file.read()
    except OSError:
        return None


def save(blob):
    """Keep a pace table. Raises OSError if flash does not take it or does not give it back; then the old one stands."""
    with open(_FRESH, "wb") as file:
        file.write(blob)
    with open(_FRESH, "rb") as file:
        if file.read() != blob:
            raise OSError("read back differs")
    os.rename(_FRESH, _TABLE)
