"""What pages are told once: the rail they look at, and the plan whenever it changes. Plain data for JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from pacerail.console.geometry import led_places, on_kerb, outlines
from pacerail.model.plan import Plan, Wave
from pacerail.model.rail import Rail
from pacerail.model.units import colour_hex
from pacerail.readback import PACE_M, read_back

_PROFILE_POINTS = 160
_STANDS_MPS = 0.05


def rail_told(rail: Rail) -> dict[str, Any]:
    """The rail as `hello` has it."""
    track = rail.track
    boards: list[dict[str, Any]] = []
    for index, board in enumerate(rail.boards):
        leds = rail.leds_of(index)
        stretch = [leds[0].cell_lo_m, leds[-1].cell_hi_m] if leds else [0.0, 0.0]
        boards.append(
            {
                "name": board.name,
                "leds": led_places(rail, index),
                "track_m": [round(track.wrap(at_m), 3) for at_m in stretch],
                "uid": board.uid,
                "type": board.type,
            }
        )
    return {
        "title": rail.title,
        "lap_m": track.lap_m,
        "kerb_lap_m": track.kerb_lap_m,
        "leds": len(rail.leds),
        "outline": outlines(track),
        "boards": boards,
    }


def plan_told(plan: Plan, now: Plan, rail: Rail, *, confirmed: bool) -> dict[str, Any]:
    """The `plan` message: `plan` as it was read back, `now` with the changes so far."""
    track = rail.track
    start_m = plan.start_track_m(track)
    x, y = on_kerb(track, start_m)
    end_x, end_y = on_kerb(track, track.wrap(start_m + plan.distance_m))
    return {
        "type": "plan",
        "title": plan.title,
        "hash": plan.hash,
        "distance_m": plan.distance_m,
        "confirmed": confirmed,
        "start": {"x": x, "y": y, "track_m": round(start_m, 3)},
        "finish": {"x": end_x, "y": end_y},
        "words": read_back(plan, track),
        "warnings": list(plan.warnings),
        "waves": [
            {
                "name": wave.name,
                "colour": colour_hex(wave.colour),
                "length_m": wave.length_m,
                "finish_s": None if wave.stands else round(wave.finish_s, 3),
                "group": wave.spec.by_order,
                "splits": [{"distance_m": round(d, 3), "time_s": round(t, 3)} for d, t in wave.splits],
            }
            for wave in now.waves
        ],
        "profile": [{"name": wave.name, "points": _profile(wave)} for wave in now.waves],
    }


def _profile(wave: Wave) -> list[list[float]]:
    """[distance_m, pace for 400 m in s] along the run; where the light stands there is no point."""
    motion = wave.motion
    end_s = min(wave.finish_s, motion.end_s)
    # just beside each break as well, where the pace may jump
    breaks_s = motion.breaks_s[(motion.breaks_s > 0) & (motion.breaks_s < end_s)]
    times_s = np.unique(np.concatenate((np.linspace(0.0, end_s, _PROFILE_POINTS), breaks_s - 1e-3, breaks_s + 1e-3)))
    times_s = times_s[(times_s >= 0) & (times_s <= end_s - 1e-6)]
    distances_m, speeds_mps = motion.distance_m(times_s), motion.speed_mps(times_s)
    return [
        [round(float(d), 2), round(PACE_M / float(v), 2)]
        for d, v in zip(distances_m, speeds_mps, strict=True)
        if v > _STANDS_MPS
    ]
