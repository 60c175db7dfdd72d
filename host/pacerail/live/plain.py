"""The live view where there is no terminal to draw on: lines of progress."""

from __future__ import annotations

import math
from collections.abc import Callable

from pacerail.live.state import clock_text
from pacerail.model.units import format_distance, format_time
from pacerail.race.state import Race

_EVERY_S = 10


def progress(race: Race) -> Callable[[], list[str]]:
    """A function that returns what is new since it was last asked, a line each.

    Phases, the log, each wave's splits as it passes them, and where the waves are every 10 s.
    """
    phase = ""
    told_events = 0
    told_s = -math.inf

    def lines() -> list[str]:
        nonlocal phase, told_events, told_s
        new: list[str] = []
        race_s = race.race_s()
        if race.phase != phase:
            phase = race.phase
            new.append(f"{'':>8}  {phase}")
        for event in race.events[told_events:]:
            since = "" if race.gun is None else clock_text((event.fleet_us - race.gun.zero_us) / 1e6)
            new.append(f"{since:>8}  {event.board or 'rail'}: {event.words}")
        told_events = len(race.events)
        if race_s is not None:
            new.extend(_splits(race, max(told_s, 0.0), race_s))
            if race_s >= 0 and race_s // _EVERY_S > max(told_s, -1.0) // _EVERY_S:
                new.append(_whereabouts(race, race_s))
            told_s = race_s
        return new

    return lines


def _splits(race: Race, after_s: float, until_s: float) -> list[str]:
    passed = [
        (time_s, f"{format_time(time_s):>8}  {wave.name} at {format_distance(round(distance_m, 3))}")
        for wave in race.plan_now.waves
        for distance_m, time_s in wave.splits
        if after_s < time_s <= until_s
    ]
    return [line for _, line in sorted(passed)]


def _whereabouts(race: Race, race_s: float) -> str:
    waves = ", ".join(
        f"{wave.name} {wave.motion.distance_m(race_s):.1f} m" if race_s < wave.finish_s else f"{wave.name} finished"
        for wave in race.plan_now.waves
    )
    members = race.fleet.members
    lost = [member.name for member in members if member.lost]
    bounds = [m.status.bound_us for m in members if m.status is not None and m.status.clock_valid and not m.lost]
    clocks = f", clocks to {max(bounds)} us" if bounds else ""
    boards = f"lost: {', '.join(lost)}" if lost else f"{len(members)} boards{clocks}"
    return f"{clock_text(race_s):>8}  {waves}; {boards}"
