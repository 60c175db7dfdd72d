"""How old a press may be: what comes late was meant for what stood on the page then, and not for now. No I/O."""

from __future__ import annotations

from pacerail.console import messages as m

PRESS_S = 1.5
"""A press may be so old; a line that stalls delivers everything at once, when it is no longer meant."""
END_S = 10.0
"""Stop and recall may be so old: what they end is what was meant. Unless it was armed since; the race looks at that."""
SPLIT_S = 60.0
"""The athlete's passings may be so old: the time is right, that is the point."""
AHEAD_S = 0.25
"""A press that is further ahead than this is none: the page's reckoning of this computer's clock is wrong."""
_ENDS = ("stop", "recall")


def most_age_s(message: m.Message) -> float:
    """How old a message may be."""
    if isinstance(message, m.ATHLETES):
        return SPLIT_S
    return END_S if _ends(message) else PRESS_S


def too_old(message: m.Message, age_s: float) -> str | None:
    """Why a message of this age is refused; None if it is not."""
    if age_s <= most_age_s(message):
        return None
    return f"that was pressed {age_s:.1f} s ago and came late: look, and press again if it still holds"


def pressed_s(said: m.Said, came_s: float) -> float:
    """When a message was pressed, by the clock by which it came in (s of time.monotonic()), and not after that.

    Raises Malformed for a press that is yet to come.
    """
    if said.at_ms is None:
        age_ms = said.message.age_ms if isinstance(said.message, m.Split) else 0.0
        return came_s - age_ms / 1000
    if said.at_ms / 1000 > came_s + AHEAD_S:
        ahead_s = said.at_ms / 1000 - came_s
        raise m.Malformed(f"at_ms: {ahead_s:.1f} s from now; expected when it was pressed", said.id)
    return min(said.at_ms / 1000, came_s)


def _ends(message: m.Message) -> bool:
    return isinstance(message, m.Order) and message.order.split()[:1] in ([word] for word in _ENDS)
