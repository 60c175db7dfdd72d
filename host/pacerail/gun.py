"""Where the zero of a race comes from, and which of several sources to believe.

Best first: an edge on a pin of a board, the FinishLynx feed (`lynxzero`), a time agreed on before, a person's word
("the gun was 3.2 s ago"), a key. All are a fleet time in us with a bound on its error, so that late news costs nothing.
At Breaking4 the gun clock said 4:06.91 and the announcement 4:06.42: that is 3.3 m of light. So where two sources are
heard, the difference is told, and that they cannot both be right if it is more than their bounds allow.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from pacerail.sync import Line

PIN, LYNX, SCHEDULED, AGO, KEY, FOUND = "pin", "lynx", "scheduled", "ago", "key", "found"
SOURCES = (FOUND, PIN, LYNX, SCHEDULED, AGO, KEY)
"""The names of the sources, best first."""

PIN_CAPTURE_US = 100
"""Between an edge and the tick that a board notes for it at most, where the board does not say.

A board says (see `Edges.late_us`): 3 us where a state machine of the PIO catches it, 100 us for a hard interrupt. On an
emulated RP2040 under load the first was off by less than 1 us, the second took 10 to 82 us (firmware: guns)."""
KEY_BOUND_US = 300_000
"""A hand on a key: people press 0.15 to 0.3 s after a gun that they hear, and before one that they expect."""
AGO_BOUND_US = 300_000
"""A stopwatch in a hand, unless the caller knows better."""

_WORDS = {
    PIN: "the pin",
    LYNX: "Lynx",
    SCHEDULED: "the schedule",
    AGO: "the operator's word",
    KEY: "the key",
    FOUND: "the race as the boards run it",
}


@dataclass(frozen=True, slots=True)
class Gun:
    """The zero of a race: who says so, the fleet time in us, and how far off that may be."""

    source: str
    zero_us: int
    bound_us: int


@dataclass(frozen=True, slots=True)
class Difference:
    """How another source differs from the one that was chosen; `conflict` when they cannot both be right."""

    other: Gun
    later_us: int
    conflict: bool
    words: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The gun to go by, and what the other sources say."""

    gun: Gun
    differences: tuple[Difference, ...]

    @property
    def conflict(self) -> bool:
        """Tell whether any other source contradicts the chosen one."""
        return any(difference.conflict for difference in self.differences)


def scheduled(now_us: int, go_in_s: float) -> Gun:
    """A start at a time agreed on before: exact by definition."""
    return Gun(SCHEDULED, now_us + round(go_in_s * 1e6), 0)


def ago(now_us: int, seconds: float, bound_us: int = AGO_BOUND_US) -> Gun:
    """Say at `now_us` that the gun was so many seconds ago. Raises ValueError for a time to come, or not a number."""
    if not 0.0 <= seconds < math.inf:
        raise ValueError(f"{seconds:g} s ago is not a time that has been; expected seconds, 0 or more")
    return Gun(AGO, now_us - round(seconds * 1e6), bound_us)


def key_press(now_us: int, bound_us: int = KEY_BOUND_US) -> Gun:
    """A key pressed at the gun. The press is taken as it is: no reaction time is guessed at."""
    return Gun(KEY, now_us, bound_us)


def pin_edge(tick: int, line: Line, capture_us: int = PIN_CAPTURE_US) -> Gun:
    """An edge that a board caught at its (extended) `tick`, by the line that gives its clock.

    The bound is the line's at that moment and the time the capture may take. When the news arrives does not matter.
    """
    zero_us = line.host_at(tick)
    return Gun(PIN, zero_us, math.ceil(line.error_at_us(zero_us)) + capture_us)


def choose(guns: Iterable[Gun], speed_mps: float | None = None) -> Choice | None:
    """The best gun of those heard, and how the others differ from it; None if there are none.

    The source decides (`SOURCES`), and among guns of one source the bound. `speed_mps`, the light's speed, adds to the
    words what the difference is in metres.
    """
    ranked = sorted(guns, key=lambda gun: (_rank(gun), gun.bound_us, gun.zero_us))
    if not ranked:
        return None
    best = ranked[0]
    return Choice(best, tuple(difference(best, other, speed_mps) for other in ranked[1:]))


def difference(best: Gun, other: Gun, speed_mps: float | None = None) -> Difference:
    """How `other` differs from `best`: "Lynx says 0.49 s later than the pin (3.3 m of light at 6.71 m/s)"."""
    later_us = other.zero_us - best.zero_us
    conflict = abs(later_us) > best.bound_us + other.bound_us
    if later_us == 0:
        words = f"{words_for(other)} says the same as {words_for(best)}"
    else:
        way = "later" if later_us > 0 else "earlier"
        words = f"{words_for(other)} says {_span(abs(later_us))} {way} than {words_for(best)}"
        if speed_mps is not None:
            words += f" ({_metres(abs(later_us) * 1e-6 * speed_mps)} of light at {speed_mps:.2f} m/s)"
    if conflict:
        words += f": more than their bounds of {_span(best.bound_us)} and {_span(other.bound_us)} allow"
    return Difference(other, later_us, conflict, words)


def words_for(gun: Gun) -> str:
    """What the source of a gun is called in a sentence."""
    return _WORDS.get(gun.source, gun.source)


def _rank(gun: Gun) -> int:
    return SOURCES.index(gun.source) if gun.source in SOURCES else len(SOURCES)


def _span(us: int) -> str:
    if us < 1000:
        return f"{us} us"
    return f"{us / 1e3:.1f} ms" if us < 100_000 else f"{us / 1e6:.2f} s"


def _metres(metres: float) -> str:
    return f"{metres * 1000:.0f} mm" if metres < 0.1 else f"{metres:.1f} m"
