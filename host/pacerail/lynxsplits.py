"""Intermediate times from a FinishLynx feed: what its running clock shows while it stands.

The operator's Pause (Alt-P) makes the scoreboard's clock stand at the next break of the photo eye, to show a split, and
run on after the pause time; Finish (Alt-F) makes it stop at the next break; Stop (Alt-S) stops it by hand, right to
1/10 only (help.finishlynx.com, Scoreboard Operations). So a feed with our script says PAUSE or STOP and the time: that
is what is taken here. BREAK, one for every break of the photo eye, is not: everybody who runs through it makes one,
and whether its time is that of the break or of the clock's last step is said nowhere.

The eye stands at a line of the track and knows no distance: `Passings.likeliest_mark_m` of `line_marks` finds it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pacerail.lynx import Kind, Message

_BY_HAND_US = 100_000


@dataclass(frozen=True, slots=True)
class LynxSplit:
    """A time that FinishLynx showed standing."""

    time_s: float
    """Race time by the clock of FinishLynx."""
    error_s: float
    """What its last digit is worth; 0.1 at least for a clock that was stopped, since that may have been by hand."""
    final: bool
    """The clock was stopped, not paused: the finish, or a stop by hand."""


class LynxSplits:
    """Hand it every message of a feed (`LynxGun`'s on_message): it tells each split once."""

    def __init__(self) -> None:
        self._told_us: int | None = None

    def take(self, message: Message) -> LynxSplit | None:
        """The split that a message tells, if it does.

        The same time said again is the same split, until the clock is armed or back before it.
        """
        if message.kind is Kind.ARMED or (
            message.race_us is not None and self._told_us is not None and message.race_us < self._told_us
        ):
            self._told_us = None
        if message.kind not in (Kind.PAUSED, Kind.STOPPED) or not message.race_us or message.race_us == self._told_us:
            return None
        self._told_us = message.race_us
        final = message.kind is Kind.STOPPED
        error_us = max(message.step_us, _BY_HAND_US) if final else message.step_us
        return LynxSplit(message.race_us / 1e6, error_us / 1e6, final)
