"""Arithmetic on ticks, which wrap at 2^30 us (17.9 min): as `time.ticks_diff` of a board, and the same everywhere.

Written so that nothing passes 2^30 on the way: a larger int would allocate on a board.
"""

TICK_MASK = 0x3FFFFFFF
_HALF = 0x20000000


def ticks_diff(a, b):
    """Microseconds from tick b to tick a, in [-2^29, 2^29): right while they are less than 8.9 min apart."""
    d = a - b
    if d >= _HALF:
        return d - _HALF - _HALF
    if d < -_HALF:
        return d + _HALF + _HALF
    return d


def ticks_add(tick, us):
    """The tick `us` microseconds after a tick, 0 <= us < 2^29."""
    room = TICK_MASK - tick
    return tick + us if us <= room else us - room - 1
