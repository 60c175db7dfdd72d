"""A plan read back: in plain words for whoever must know what the lights will do, and as a table.

A light that is right with a plan that nobody has read back is the best-documented failure of such lights.
"""

from __future__ import annotations

import numpy as np
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pacerail.model.plan import Plan, Wave
from pacerail.model.profile import Profile
from pacerail.model.track import Track
from pacerail.model.units import colour_hex, colour_word, format_distance, format_time
from pacerail.model.wave import own_wave

PACE_M = 400.0
"""Paces are read back for 400 m, on a track of any lap, for that is what athletes know."""


def read_back(plan: Plan, track: Track) -> list[str]:
    """The plan in plain words, a sentence a line: the race, where it starts and ends, each wave, the hash."""
    start_m = plan.start_track_m(track)
    finish_m = track.wrap(start_m + plan.distance_m)
    lines = [
        f"{plan.title}. {format_distance(plan.distance_m)} on {track.name}, {plan.distance_m / track.lap_m:.3f} laps.",
        f"Start: {place(start_m, track)}. End: {place(finish_m, track)}.",
    ]
    topmost = plan.waves_by_priority()
    for wave in plan.waves:
        lines.extend(wave_lines(wave, plan, track))
    if len(topmost) > 1:
        lines.append("Where lights overlap, from the top: " + ", ".join(_who(wave) for wave in topmost) + ".")
    until = (
        "Lit until it is stopped: groups can be begun again."
        if any(wave.spec.by_order for wave in plan.waves)
        else f"Dark from {format_time(plan.end_s)}."
    )
    lines.append(f"{until} Plan {plan.hash}.")
    return lines


def place(track_m: float, track: Track) -> str:
    """A track coordinate in words: "on", "9.35 m before" or "120.00 m past" the finish line.

    To a centimetre, since a lap is as long as it says only to a centimetre.
    """
    behind_m = track.wrap(track_m)
    before_m = track.lap_m - behind_m
    if min(behind_m, before_m) < 0.05:  # some dozen laps, each a millimetre short
        return "on the finish line"
    if before_m < behind_m:
        # a start line is set out from the finish line, so it is told from there
        return f"{before_m:.2f} m before the finish line"
    return f"{behind_m:.2f} m past the finish line"


def plan_json(plan: Plan) -> dict[str, object]:
    """The plan as `plan show --json` writes it: times in s, of a group that an order begins in its own time."""
    return {
        "title": plan.title,
        "distance_m": _rounded(plan.distance_m),
        "hash": plan.hash,
        "waves": [
            {
                "name": wave.name,
                "colour": colour_hex(wave.colour),
                "finish_s": _rounded(own.finish_s),
                "splits": [{"distance_m": _rounded(d), "time_s": _rounded(t)} for d, t in own.splits],
                **({"starts": "order"} if wave.waits else {}),
            }
            for wave, own in ((wave, in_own_time(wave)) for wave in plan.waves)
        ],
    }


def plan_at(plan: Plan, track: Track, time_s: float) -> dict[str, object]:
    """Where every wave is at a race time, as `plan at --json` writes it: metres, m/s, and whether it is lit."""
    waves: list[dict[str, object]] = []
    for wave in plan.waves:
        distance_m, track_m, kerb_m = _whereabouts(wave, plan, track, time_s)
        waves.append(
            {
                "name": wave.name,
                "distance_m": _rounded(distance_m),
                "track_m": _rounded(track_m),
                "kerb_m": _rounded(kerb_m),
                "speed_mps": _rounded(wave.motion.speed_mps(time_s)),
                "visible": wave.visible(time_s),
            }
        )
    return {"time_s": time_s, "waves": waves}


def splits_table(plan: Plan) -> Table:
    """The splits of every wave side by side, a row a distance; of a group that an order begins, in its own time."""
    table = Table(title=escape(plan.title), caption=f"plan {plan.hash}", title_justify="left", caption_justify="left")
    table.add_column("distance", justify="right")
    waves = [in_own_time(wave) for wave in plan.waves]
    for wave in waves:
        table.add_column(Text(f"{wave.name}\n{colour_hex(wave.colour)}", style=_style(wave)), justify="right")
    distances = sorted({round(d, 3) for wave in waves for d, _ in wave.splits})
    for distance_m in distances:
        cells = [next((format_time(t) for d, t in wave.splits if round(d, 3) == distance_m), "") for wave in waves]
        table.add_row(format_distance(distance_m), *cells)
    return table


def at_table(plan: Plan, track: Track, time_s: float) -> Table:
    """Where every wave is at a race time, for people."""
    table = Table(title=f"{escape(plan.title)}   at {format_time(time_s)}", title_justify="left")
    for heading in ("wave", "distance m", "track m", "kerb m", "speed m/s", "lit"):
        table.add_column(heading, justify="left" if heading == "wave" else "right")
    for wave in plan.waves:
        distance_m, track_m, kerb_m = _whereabouts(wave, plan, track, time_s)
        numbers = [f"{number:.3f}" for number in (distance_m, track_m, kerb_m, wave.motion.speed_mps(time_s))]
        table.add_row(Text(wave.name, style=_style(wave)), *numbers, "yes" if wave.visible(time_s) else "no")
    return table


def _whereabouts(wave: Wave, plan: Plan, track: Track, time_s: float) -> tuple[float, float, float]:
    """(distance_m, track_m, kerb_m) of a wave's head at a race time."""
    distance_m = wave.motion.distance_m(time_s)
    track_m = track.wrap(plan.start_track_m(track) + distance_m)
    return distance_m, track_m, track.track_to_kerb(track_m)


def wave_lines(wave: Wave, plan: Plan, track: Track) -> list[str]:
    """What a wave does, in a sentence; then, each in a line that begins with blanks, its marks and when it is lit.

    Of a group that waits for an order: its run in its own time.
    """
    wave = in_own_time(wave)
    run = f"{_who(wave)} runs {format_time(wave.finish_s)}"
    if abs(wave.finish_m - plan.distance_m) > 0.001:
        run += f" for {format_distance(wave.finish_m)}"
    pace = _pace(wave, "a lap" if abs(track.lap_m - PACE_M) < 1 else "for 400 m")
    start = f"from the {format_distance(plan.distance_m)} start" if plan.start_m is None else "from the stated start"
    own_m = wave.motion.start_m
    if own_m:
        start += f", {abs(own_m):.2f} m {'past' if own_m > 0 else 'before'} the line"
    start += f", {place(plan.start_track_m(track) + own_m, track)}"
    lines = [f"{run}, {pace}, {start}; " + ", ".join((*wave.notes, f"{wave.length_m:g} m lit behind its head")) + "."]
    if len(wave.splits) > 1 and pace.startswith("between"):
        marks = ", ".join(f"{format_distance(d)} {format_time(t)}" for d, t in wave.splits[:20])
        lines.append(f"  Marks: {marks}{' ...' if len(wave.splits) > 20 else ''}.")
    if wave.windows_s != ((0.0, wave.motion.end_s),):
        spans = "; ".join(
            f"from {format_time(on)} ({_head(wave.motion, on)}) to {format_time(off)} ({_head(wave.motion, off)})"
            for on, off in wave.windows_s[:20]
        )
        lines.append(f"  Lit only {spans}.")
    return lines


def in_own_time(wave: Wave) -> Wave:
    """A group that waits for an order as its plan has it run, from 0 s on; any other wave as it is."""
    return own_wave(wave.spec) if wave.waits else wave


def _who(wave: Wave) -> str:
    return f"{colour_word(wave.colour)} ({wave.name})"


def _pace(wave: Wave, per: str) -> str:
    """ "59.65 a lap" (`per`: what 400 m are on this track) for one speed all the way, else the range of 400 m paces.

    Of mean speeds between two breaks; rests and the ramp of a standing start are no pace.
    """
    motion = wave.motion
    ends_m = motion.distance_m(motion.breaks_s)
    means = np.diff(ends_m) / np.diff(motion.breaks_s)
    runs = (motion.breaks_s[1:] <= wave.finish_s + 1e-9) & (motion.coeffs[:, 1] > 0) & (means > 0)
    if not np.any(runs):
        return "at no even pace"
    slow, fast = PACE_M / float(means[runs].min()), PACE_M / float(means[runs].max())
    if slow - fast < 0.005:
        return f"{format_time(fast)} {per}"
    return f"between {format_time(fast)} and {format_time(slow)} {per}"


def _head(profile: Profile, time_s: float) -> str:
    return f"head at {format_distance(round(profile.distance_m(time_s), 1))}"


def _style(wave: Wave) -> str:
    return f"bold {colour_hex(wave.colour)}"


def _rounded(value: float) -> float:
    """To the µm and the µs: what is behind it is rounding, and would make two machines' output differ."""
    return round(value, 6)
