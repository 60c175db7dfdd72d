"""What host and boards say to each other: the types of frames and where the fields of their payloads lie.

A request of type t is answered by type t | REPLY, or by REFUSED with a code and words. The host asks, a board answers;
a board never speaks first, so that the same messages work on a shared RS-485 pair. Numbers are 32 bit little-endian
below 2^30 unless stated, so that a board reads them without allocating; fleet time is seconds and microseconds.
"""

PROTOCOL = 1
REPLY = 0x80
REFUSED = 0xFF  # code (1 byte), words in UTF-8

HELLO = 1  # -> who it is: JSON, see node.identity
STATUS = 2  # -> see STATUS_FIELDS
SYNC = 3  # -> arrival wraps, tick; departure wraps, tick
LINE = 4  # ref wraps, ref tick, fleet s, fleet us, rate + RATE_BIAS (2^-30), bound us
TABLE_BEGIN = 5  # length in bytes, hash of the pace table (8 bytes)
TABLE_DATA = 6  # offset, bytes
TABLE_END = 7  # -> once checked, kept in flash and in use
ARM = 8  # plan hash (8 bytes)
GO = 9  # gun: fleet s, us. Sets or moves the zero of the race
RECALL = 10  # false start: flash red, then loaded again. At once, or from a time on: fleet s, us
STOP = 11  # dark, loaded again. At once, or from a time on: fleet s, us
LOG = 12  # number of the first entry wanted -> see LOG_ENTRY
CONSOLE = 13  # leave the firmware: the MicroPython console takes the link
EDGES = 14  # -> edges on the gun pin since armed, how late they are noted at most in us; for each kept: see gunpin
AMEND_BEGIN = 15  # length, pieces, windows, settled_10us, CRC-32 (4 bytes), hash of the table with it (8 bytes)
AMEND_DATA = 16  # offset, bytes: waves, pieces and windows as in a pace table
AMEND_END = 17  # -> once checked, in use: a change of plan in mid-race
SHOW = 18  # a light when no race is on: payload in shows.py

RATE_BIAS = 1 << 28
SLEW_BIAS = 1 << 29

# Reasons of REFUSED
BAD_VERSION = 1
UNKNOWN_TYPE = 2
BAD_PAYLOAD = 3
WRONG_STATE = 4
BAD_TABLE = 5
NO_CLOCK = 6
WRONG_PLAN = 7
NO_FLASH = 8

IDLE = 0
LOADED = 1
ARMED = 2
RUNNING = 3
FINISHED = 4
RECALLED = 5
FAULT = 6
STATES = ("idle", "loaded", "armed", "running", "finished", "recalled", "fault")

# STATUS: state (1), clock valid (1), reset cause (1), 0, then words:
# wraps, tick, fleet s, fleet us, bound us, 2^20 us since the last line, slew us + SLEW_BIAS, frames shown, frames late,
# frames damaged on the link, gun s, gun us, log entries written, free heap, frames dimmed by the current limit,
# edges on the gun pin since armed, temperature in 0.1 C + TEMPERATURE_BIAS, supply in mV (0 of either: not known);
# then plan hash (8), table hash (8)
STATUS_WORDS = 18
STATUS_HASHES = 4 + 4 * 18
STATUS_SIZE = 4 + 4 * 18 + 16
TEMPERATURE_BIAS = 1000

# LOG: number of the first entry that follows, then for each: state (1), cause (1), 0, 0, fleet s, fleet us
LOG_ENTRY = 12
CAUSES = ("start", "table", "arm", "go", "finish", "recall", "stop", "recalled", "fault", "restored", "change")
START, TABLE, ARMED_BY, GUN, FINISH, FALSE_START, STOPPED, TAKEN_BACK, BROKEN, RESTORED, CHANGED = range(11)
