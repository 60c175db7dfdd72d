"""The text that FinishLynx sends: bytes as a port delivers them go in, messages of its running clock come out.

No I/O and no clock of its own. `lynx/pacerail.lss` makes FinishLynx send lines as ``PACERAIL RUN 10:23.4 10:23.4``.
The mark is where a reader finds its feet again after garbage; the time stands there twice, because a serial line checks
nothing: a lost digit makes the two differ. A line that is nothing but a time is taken too, as stock scripts send it,
until the first line with the mark has come.

What is not understood is ignored and counted, by reason, in `Parser.ignored`. The form of the script's sections and
codes is from the headers of the scripts that ship with FinishLynx 8 (help.finishlynx.com, Scoreboard Operations).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import Enum

MARK = b"PACERAIL "
LINE_MAX = 96
"""A longer line is none of ours; it is thrown away as it comes, so that memory stays bounded."""
SLOW_US = 80_000
"""Between a line's first byte and its last: ours take 45 ms at 9600 baud, and USB adapters hold back for 16 ms."""
PLAIN_MAX_US = 3600 * 1_000_000
"""A time alone on its line is a race time only below an hour: any more may be the time of day."""
RACE_MAX_US = 24 * 3600 * 1_000_000

_ENDS = re.compile(rb"[\x01-\x1f\x7f]")
_TIME = re.compile(rb"(?:(?:(\d{1,2}):)?(\d{1,2}):)?(\d{1,2})(?:[.,](\d{1,4}))?")


class Kind(Enum):
    """What the clock did; the value is the word on the wire."""

    INITIALISED = "INIT"  # the operator had the scoreboard set up anew; says nothing of the clock
    ARMED = "ARM"
    GUN = "GUN"  # a start signal came; none on a manual start
    RUNNING = "RUN"
    UPDATE = "UPDATE"
    PAUSED = "PAUSE"
    STOPPED = "STOP"
    BREAK = "BREAK"  # the photo eye was broken
    TIME_OF_DAY = "DAY"


RUNNING_KINDS = (Kind.RUNNING, Kind.UPDATE)
_KINDS = {kind.value.encode(): kind for kind in Kind}
_TIMED = (*RUNNING_KINDS, Kind.PAUSED, Kind.STOPPED)  # of no use without a good time


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the feed.

    `race_us` is the time that it shows, in us, if it shows one; `step_us` what a step of its last digit is worth;
    `host_us` the host time at which its first byte came.
    """

    kind: Kind
    race_us: int | None
    step_us: int
    host_us: int


def parse_time(text: bytes) -> tuple[int, int] | None:
    """Read 23.4, 10:23.45 or 1:02:03.456 (a comma will do): the time and what its last digit is worth, both in us.

    None if it is not exactly such a time.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds, decimals = (group or b"" for group in found.groups())
    if int(seconds) > 59 or (minutes and len(seconds) != 2):
        return None
    if hours and (int(minutes) > 59 or len(minutes) != 2):
        return None
    whole_s = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)
    race_us = whole_s * 1_000_000 + int(decimals.ljust(6, b"0"))
    return (race_us, 10 ** (6 - len(decimals))) if race_us <= RACE_MAX_US else None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes as a port delivered them: from whom, at which host time in us, and whether they were one datagram."""

    data: bytes
    host_us: int
    sender: str
    datagram: bool = False


class Parser:
    """The lines of one sender. Give it bytes in the order in which they came.

    `plain` says whether a time alone on its line counts as a running clock.
    """

    def __init__(self, plain: bool = True) -> None:
        self._plain = plain
        self._line = bytearray()
        self._starts: list[tuple[int, int]] = []  # where in the line a chunk began, and the host time of it
        self._too_long = False
        self.marked = False
        """Whether a line with the mark has come."""
        self.ignored: Counter[str] = Counter()
        """How many lines were not used, by reason; the reasons are a fixed few."""

    def take(self, data: bytes, host_us: int, datagram: bool = False) -> list[Message]:
        """Take the bytes that came at a host time (us), however they were cut; returns the messages they complete.

        Never raises. NULs are dropped, so that FinishLynx's Unicode code set reads as single bytes; any other control
        byte ends a line. A datagram may also end a time that stands alone.
        """
        messages: list[Message] = []
        pieces = _ENDS.split(data.replace(b"\0", b""))
        for piece in pieces[:-1]:
            self._add(piece, host_us)
            self._end(host_us, messages)
        self._add(pieces[-1], host_us)
        if datagram and parse_time(bytes(self._line).strip()) is not None:
            self._end(host_us, messages)
        return messages

    def cut(self) -> None:
        """The connection has ended, or bytes were lost: what is left of a line is thrown away."""
        if self._line or self._too_long:
            self.ignored["cut off"] += 1
        self._line.clear()
        self._starts.clear()
        self._too_long = False

    def _add(self, piece: bytes, host_us: int) -> None:
        if not piece or self._too_long:
            return
        if len(self._line) + len(piece) > LINE_MAX:
            self._too_long = True
            self._line.clear()
            self._starts.clear()
            return
        self._starts.append((len(self._line), host_us))
        self._line += piece

    def _end(self, host_us: int, messages: list[Message]) -> None:
        line, starts = bytes(self._line), self._starts
        too_long, self._too_long = self._too_long, False
        self._line.clear()
        self._starts = []
        if too_long:
            self.ignored["too long"] += 1
        elif line.strip():
            read = self._read(line, starts, host_us)
            if isinstance(read, Message):
                messages.append(read)
            else:
                self.ignored[read] += 1

    def _read(self, line: bytes, starts: list[tuple[int, int]], host_us: int) -> Message | str:
        """The message of a line, or why there is none."""
        at = line.rfind(MARK)
        first_us = next(us for offset, us in reversed(starts) if offset <= max(at, 0))
        if not 0 <= host_us - first_us <= SLOW_US:
            return "too slow"
        if at < 0:
            return self._read_plain(line.strip(), first_us)
        self.marked = True
        _, word, *rest = [*line[at:].split(), b""]
        kind = _KINDS.get(word)
        if kind is None:
            return "damaged"
        texts = rest[:-1]
        shown = parse_time(texts[0]) if len(texts) == 2 and texts[0] == texts[1] else None
        if shown is None:
            return "damaged" if kind in _TIMED else Message(kind, None, 0, first_us)
        return Message(kind, *shown, first_us)

    def _read_plain(self, text: bytes, first_us: int) -> Message | str:
        shown = parse_time(text)
        if shown is None:
            return "not for Pacerail"
        if self.marked or not self._plain or shown[0] >= PLAIN_MAX_US:
            return "a time without the mark"
        return Message(Kind.RUNNING, *shown, first_us)
