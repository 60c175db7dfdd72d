"""What pages are told ten times a second, and what television gets: plain data for JSON, of the night as it is."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pacerail.console.geometry import on_kerb
from pacerail.console.trouble import warnings
from pacerail.fleet import Member
from pacerail.gun import Gun, words_for
from pacerail.live.state import wave_states
from pacerail.model.against import rows
from pacerail.model.amended import Amended
from pacerail.model.modes import modes
from pacerail.model.plan import Plan
from pacerail.model.units import colour_hex
from pacerail.race.actions import can
from pacerail.race.groupnow import GroupNow, groups_now
from pacerail.race.night import Night
from pacerail.race.splits import Splits

FEED = "pacerail-feed/1"
_BEFORE_S = -1e-9


@dataclass(frozen=True, slots=True)
class Moment:
    """What was told of one moment: to the console's pages, and to television."""

    state: dict[str, Any]
    feed: dict[str, Any]


def moment(night: Night, seq: int, rate: float) -> Moment:
    """The state of a night now. `rate` is virtual seconds in a second."""
    race, now_us = night.race, night.fleet.clock()
    plan = night.plan if race is None else race.plan_now
    race_s = None if race is None or race.gun is None else round((now_us - race.gun.zero_us) / 1e6, 6)
    gun = None if race is None or race.gun is None else _gun(race.gun)
    allowed = can(night.situation)
    waves = [] if plan is None else _waves(plan, night, race_s, allowed)
    passed, splits = night.athlete.passed, night.athlete.splits
    athlete = None if splits is None or passed is None else _athlete(splits, passed[1], race_s)
    shown = night.showing if night.showing is not None and night.showing.end_us > now_us else None
    state: dict[str, Any] = {
        "type": "state",
        "seq": seq,
        "fleet_us": now_us,
        "rate": rate,
        "phase": night.phase,
        "race_s": race_s,
        "gun": gun,
        "heard": _heard(night),
        "waves": waves,
        "boards": [_board(member, now_us) for member in night.fleet.members],
        "missing": list(night.missing),
        "warnings": warnings(night),
        "can": allowed,
        "busy": night.busy,
        "changes": [] if race is None else list(race.amended.words),
        "show": None if shown is None else {"name": shown.name, "left_s": round((shown.end_us - now_us) / 1e6, 1)},
        "athlete": athlete,
    }
    feed: dict[str, Any] = {
        "format": FEED,
        "t": round(time.time(), 3),
        "phase": night.phase,
        "race_s": race_s,
        "rate": rate,
        "lap_m": night.rail.track.lap_m,
        "plan": None if plan is None else {"title": plan.title, "hash": plan.hash, "distance_m": plan.distance_m},
        "waves": [{key: wave[key] for key in _FEED_WAVE} for wave in waves],
        "athlete": _athlete_feed(athlete),
        "gun": gun,
    }
    return Moment(state, feed)


_FEED_WAVE = ("name", "colour", "visible", "distance_m", "track_m", "x", "y", "speed_mps", "finish_s")


def _waves(plan: Plan, night: Night, race_s: float | None, allowed: Mapping[str, str | None]) -> list[dict[str, Any]]:
    race, track = night.race, night.rail.track
    start_m = plan.start_track_m(track)
    at_s = _BEFORE_S if race_s is None else race_s
    on = race is not None and race.phase in ("running", "finished", "interrupted")
    amended = Amended(plan) if race is None else race.amended
    doing = modes(amended, race_s)
    groups = groups_now(amended, race_s, begin=allowed["begin"], end=allowed["change"])
    told: list[dict[str, Any]] = []
    for wave, now in zip(plan.waves, wave_states(plan, track.lap_m, at_s), strict=True):
        track_m = track.wrap(start_m + now.distance_m)
        x, y = on_kerb(track, track_m)
        split = now.split
        told.append(
            {
                "name": wave.name,
                "colour": colour_hex(wave.colour),
                "visible": now.lit and on,
                "distance_m": round(now.distance_m, 3),
                "track_m": round(track_m, 3),
                "x": x,
                "y": y,
                "lap": round(now.laps, 3),
                "speed_mps": round(now.speed_mps, 4),
                "pace_s_per_400": None if now.pace_s is None else round(now.pace_s, 2),
                "next_split": None
                if split is None
                else {
                    "distance_m": round(split.distance_m, 3),
                    "time_s": round(split.time_s, 3),
                    "in_s": round(split.in_s, 3),
                },
                "finish_s": None if wave.stands else round(wave.finish_s, 3),
                "mode": doing[wave.name],
                "group": _group(groups[wave.name], night, wave.name) if wave.name in groups else None,
            }
        )
    return told


def _group(now: GroupNow, night: Night, name: str) -> dict[str, Any]:
    buttons = [button.board for button in night.buttons if button.wave == name]
    return {"begin": now.begin, "end": now.end, "in_s": now.in_s, "buttons": buttons}


def _gun(gun: Gun) -> dict[str, Any]:
    exact = "exact" if gun.bound_us == 0 else f"to {gun.bound_us / 1000:.3g} ms"
    return {"source": gun.source, "bound_us": gun.bound_us, "words": f"{words_for(gun)}, {exact}"}


def _heard(night: Night) -> list[dict[str, Any]]:
    """Every source that is listened to and how it stands; then those that a person gave."""
    told = [{"source": source.name, "words": source.words()} for source in night.sources]
    names = {source.name for source in night.sources}
    heard = {} if night.race is None else night.race.heard
    return told + [{"source": name, "words": _gun(gun)["words"]} for name, gun in heard.items() if name not in names]


def _board(member: Member, now_us: int) -> dict[str, Any]:
    status, sample = member.status, member.last_sample
    told: dict[str, Any] = {
        "name": member.name,
        "state": "unknown",
        "lost": member.lost,
        "bound_us": None,
        "holdover_s": None,
        "trip_ms": None,
        "late": 0,
        "dimmed": 0,
        "temperature_c": None,
        "supply_v": None,
        "seen_s": None,
    }
    if sample is not None:
        trip_us = sample.t4_host_us - sample.t1_host_us - (sample.t3_tick - sample.t2_tick)
        told["trip_ms"] = round(trip_us / 1000, 2)
        told["seen_s"] = round((now_us - sample.t4_host_us) / 1e6, 1)
    if status is not None:
        told["state"] = status.state
        told["late"] = max(0, status.late - member.shown_before[1])
        told["dimmed"] = status.dimmed
        told["temperature_c"], told["supply_v"] = status.temperature_c, status.supply_v
        if status.clock_valid:
            told["bound_us"], told["holdover_s"] = status.bound_us, round(status.holdover_s, 1)
    return told


def _athlete(splits: Splits, plan: Plan, race_s: float | None) -> dict[str, Any]:
    passings = splits.passings
    next_m = passings.next_mark_m
    likeliest_m = None if race_s is None or race_s < 0 else passings.skipped_to_m(race_s, plan)
    return {
        "marks": splits.every,
        "next": None if next_m is None else {"distance_m": next_m},
        "likeliest": None if likeliest_m is None else {"distance_m": likeliest_m},
        "rows": [
            {
                "distance_m": row.passing.distance_m,
                "time_s": row.passing.time_s,
                "source": row.passing.source,
                "gaps": [
                    {"wave": gap.wave, "s": _hundredths(gap.behind_s), "m": _hundredths(gap.behind_m)}
                    for gap in row.gaps
                ],
                "split_s": _hundredths(row.split_s),
                "projected_s": _hundredths(row.held_s),
            }
            for row in rows(passings, plan)
        ],
    }


def _athlete_feed(told: dict[str, Any] | None) -> dict[str, Any] | None:
    """The last passing that has a time; None before there is one."""
    timed = [] if told is None else [row for row in told["rows"] if row["time_s"] is not None]
    return {key: timed[-1][key] for key in ("distance_m", "time_s", "gaps", "projected_s")} if timed else None


def _hundredths(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 2) + 0.0
