"""The marks at which an athlete is timed: every so many metres from the start line, or where a line is passed."""

from __future__ import annotations

import math

from pacerail.model.plan import Plan
from pacerail.model.track import Track

LAST_STEP_M = 50.0
"""A mark nearer to the finish than this is none: who presses for the finish of a mile must not be taken for 1600 m."""
FIRST_LINE_M = 100.0
"""A passing of the finish line nearer to the start line than this is no mark: a mile has one after 9.344 m."""
_LEAST_M = 0.0005


def marks_every(distance_m: float, every_m: float) -> tuple[float, ...]:
    """Marks at every multiple of ``every_m`` from the start line, and at the finish. Raises ValueError below 1 m.

    A multiple less than LAST_STEP_M (or half a step, if that is less) before the finish is left out.
    """
    if not every_m >= 1:
        raise ValueError(f"marks every {every_m:g} m; expected 1 m at least")
    steps = range(1, math.floor((distance_m - min(LAST_STEP_M, every_m / 2)) / every_m) + 1)
    return (*(round(k * every_m, 3) for k in steps), round(distance_m, 3))


def line_marks(plan: Plan, track: Track, at_m: float = 0.0, *, first_m: float = FIRST_LINE_M) -> tuple[float, ...]:
    """Marks at every passing of one place of the track, and at the finish.

    ``at_m`` is its track coordinate (0: the finish line; of a mark on the kerb: `Track.kerb_to_track`). Passings less
    than ``first_m`` from the start line, and so close before the finish, are none.
    """
    first = track.wrap(at_m - plan.start_track_m(track))
    laps = range(math.ceil(plan.distance_m / track.lap_m) + 1)
    # a lap is as long as it says only to some mm, which 25 laps make a tenth of a metre
    last_m = plan.distance_m - max(_LEAST_M, min(first_m, 1.0))
    passings = [round(first + k * track.lap_m, 3) for k in laps]
    return (*(at for at in passings if first_m <= at < last_m and at > 0), round(plan.distance_m, 3))
