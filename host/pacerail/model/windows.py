"""When a wave is lit: the windows of its plan, and what was changed of them in mid-race."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from pacerail.model import motion
from pacerail.model.profile import Profile
from pacerail.model.wavespec import WaveSpec, Window

Span = tuple[float, float]
"""Race times [on, off) in s."""
Mode = Literal["plan", "dark", "lit"]
Lighting = tuple[float, Mode]
"""From this race time on: lit as its plan says, dark, or lit whatever its plan says."""


def lit_s(spec: WaveSpec, moves: Profile, over_s: float, lighting: Sequence[Lighting] = ()) -> tuple[Span, ...]:
    """The race times at which a wave of this movement is lit until it is over, in order and apart.

    ``lighting`` rises in time; before its first the plan's windows hold.
    """
    windows = spec.windows or (Window("s", 0.0, over_s),)
    planned = _union([span for window in windows for span in window_s(window, spec.ends_m, moves, over_s)])
    if not lighting:
        return planned
    stages: list[Lighting] = [(0.0, "plan"), *lighting]
    spans: list[Span] = []
    for (begin_s, mode), (end_s, _) in itertools.pairwise([*stages, (over_s, "dark")]):
        if mode != "dark":
            lit = planned if mode == "plan" else ((begin_s, over_s),)
            spans += [(max(on, begin_s), min(off, end_s)) for on, off in lit]
    return _union(spans)


def window_s(window: Window, ends_m: float, moves: Profile, over_s: float) -> list[Span]:
    """The race times of one window: none if it is never lit, more than one if the head is put back into it."""
    if window.unit == "s":
        return _real([(window.begin, min(window.end, over_s))])
    # a window up to the finish takes in what the light does there
    to_the_end = window.end >= ends_m - 1e-6
    spans: list[Span] = []
    for part, from_s, until_s in _forwards(moves, over_s):
        on_s = max(from_s, part.time_s(window.begin))
        off_s = until_s if to_the_end else part.time_s(window.end)
        spans.append((on_s, min(off_s, until_s)))
    return _real(spans)


def _forwards(moves: Profile, over_s: float) -> list[tuple[Profile, float, float]]:
    """The movement between jumps back, each part with the times from and until which it holds."""
    ends_m = moves.distance_m(np.nextafter(moves.breaks_s[1:-1], -math.inf))
    cuts = [int(i) + 1 for i in np.flatnonzero(moves.coeffs[1:, 0] < ends_m - 1e-6)]
    parts: list[tuple[Profile, float, float]] = []
    for first, last in itertools.pairwise([0, *cuts, len(moves.coeffs)]):
        part = Profile(moves.breaks_s[first : last + 1].copy(), moves.coeffs[first:last].copy())
        from_s = 0.0 if first == 0 else part.start_s
        parts.append((part, from_s, over_s if last == len(moves.coeffs) else part.end_s))
    return parts


def _real(spans: Sequence[Span]) -> list[Span]:
    return [span for span in spans if span[1] - span[0] > motion.SLIVER_S]


def _union(spans: Sequence[Span]) -> tuple[Span, ...]:
    whole: list[Span] = []
    for on_s, off_s in sorted(_real(spans)):
        if whole and on_s <= whole[-1][1]:
            whole[-1] = whole[-1][0], max(whole[-1][1], off_s)
        else:
            whole.append((on_s, off_s))
    return tuple(whole)
