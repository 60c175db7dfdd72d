"""Training: a group's wave, which waits at its start line until an order begins it, and may be begun again.

A group has a time of its own, 0 when it begins; its run, its splits and its windows by time count from there. What it
was before it began is kept in front of its movement, so that the past stays as it was shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pacerail.model import motion
from pacerail.model.plan import Wave
from pacerail.model.profile import Profile
from pacerail.model.wave import complete_wave
from pacerail.model.wavespec import WaveSpec, Window
from pacerail.model.windows import Lighting, Span


@dataclass(frozen=True, eq=False)
class Begun:
    """What a group does from a race time on, and what it was before."""

    zero_s: float | None
    """Race time at which its own time is 0; None: it waits."""
    from_s: float
    """Race time from which this holds: sooner than its zero in a countdown, mostly a second later without one."""
    before: Wave | None
    """Its wave up to `from_s`; None: there is nothing before."""

    def runs(self, race_s: float) -> bool:
        """Whether it has left its line by a race time."""
        return self.zero_s is not None and race_s > self.zero_s


def waits_dark(spec: WaveSpec, from_s: float) -> tuple[Lighting, ...]:
    """What of its lighting is changed for a group that waits from a race time on."""
    return ((from_s, "dark"),) if spec.waits == "dark" else ()


def group_wave(spec: WaveSpec, run: Profile, lighting: Sequence[Lighting], begun: Begun) -> Wave:
    """The wave of a group: as it was up to ``begun.from_s``, and behind that as ``run`` says (in race time).

    In a countdown it is lit, standing at its line. Raises as `complete_wave` does.
    """
    zero_s, from_s = begun.zero_s, begun.from_s
    wave = complete_wave(replace(spec, windows=_windows(spec, begun)), run, lighting)
    behind = motion.from_time(wave.motion, from_s)
    spans: list[Span] = [(max(on_s, from_s), off_s) for on_s, off_s in wave.windows_s if off_s > from_s]
    before = begun.before
    if before is not None and from_s > motion.SLIVER_S:
        behind = motion.merged(motion.joined([motion.until_exactly(before.motion, from_s), behind]))
        past = [(on_s, min(off_s, from_s)) for on_s, off_s in before.windows_s if on_s < from_s]
        if past and spans and spans[0][0] - past[-1][1] < motion.SLIVER_S:
            spans[0] = past.pop()[0], spans[0][1]
        spans = past + spans
    return replace(
        wave,
        motion=behind,
        windows_s=tuple(span for span in spans if span[1] - span[0] > motion.SLIVER_S),
        spec=spec,
        waits=zero_s is None,
        begun_s=zero_s or 0.0,
    )


def _windows(spec: WaveSpec, begun: Begun) -> tuple[Window, ...]:
    """The windows of its plan in race time, and the countdown; none while it waits: it is then lit or dark."""
    if begun.zero_s is None or not spec.windows:
        return ()
    by = begun.zero_s
    shifted = tuple(w if w.unit == "m" else Window("s", w.begin + by, w.end + by) for w in spec.windows)
    return (*shifted, Window("s", begun.from_s, by)) if by > begun.from_s else shifted
