"""How old a press may be: what comes late was meant for what stood on the page then, and not for now. No I/O."""

from __future__ import annotations

from pacerail.console import messages as m

PRESS_S = 1.5
"""A press may be so old; a line that stalls delivers everything at once, when it is no longer meant."""
END_S = 10.0
"""Stop and recall may be so old: what they end is what was meant. Unless it was armed since; the race looks at that."""
SPLIT_S = 60.0
"""The athlete's passings may be so old: the time is right, that is the point."""
AHEAD_S = 5.0
"""A press may be so far ahead; a page that says more does not know this computer's clock."""
TOLD_AHEAD_S = 0.25
"""From here on the log says that a press was ahead."""
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


def ahead_s(said: m.Said, came_s: float) -> float:
    """How far ahead of when it came in a message says that it was pressed, in s; 0 for one that is not.

    Pages are ahead when this computer stood still: its clock did too, and theirs went on. They know after 30 s or so.
    """
    return 0.0 if said.at_ms is None else max(0.0, said.at_ms / 1000 - came_s)


def pressed_s(said: m.Said, came_s: float) -> float:
    """When a message was pressed, by the clock by which it came in (s of time.monotonic()), and not after that.

    One that is ahead counts from when it came in: it was pressed by then, and looks newer than it is by no more than
    the page's reckoning is off. Stop and recall always do. Raises Malformed for any other that is more than AHEAD_S
    ahead.
    """
    if said.at_ms is None:
        age_ms = said.message.age_ms if isinstance(said.message, m.Split) else 0.0
        return came_s - age_ms / 1000
    early_s = ahead_s(said, came_s)
    if early_s > AHEAD_S and not _ends(said.message):
        wrong = f"pressed {early_s:.1f} s from now by this page's clock, which is wrong"
        raise m.Malformed(f"{wrong}: load the page anew and press again", said.id)
    return min(said.at_ms / 1000, came_s)


def _ends(message: m.Message) -> bool:
    return isinstance(message, m.Order) and message.order.split()[:1] in ([word] for word in _ENDS)
