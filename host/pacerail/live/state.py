"""What the live view shows at one moment, computed from the race: plain frozen data, no terminal in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pacerail.fleet import Member
from pacerail.model.plan import Plan, Wave
from pacerail.model.rail import Rail
from pacerail.model.units import format_time
from pacerail.race.state import Race

Pixels = NDArray[np.uint8]
PACE_M = 400.0
"""Paces are told for 400 m, on a track of any lap, for that is what athletes know."""
_STANDS_MPS = 0.05
_HAIR_S = 1e-9


@dataclass(frozen=True, slots=True)
class NextSplit:
    """The split that a wave comes to next."""

    distance_m: float
    time_s: float
    in_m: float
    in_s: float


@dataclass(frozen=True, slots=True)
class Gap:
    """How far a wave is ahead of another (below 0: behind it), in m, and in s where both run over the same ground."""

    other: str
    ahead_m: float
    ahead_s: float | None


@dataclass(frozen=True, slots=True)
class WaveState:
    """Where a wave is."""

    name: str
    colour: tuple[int, int, int]
    """Linear light, 0 to 255."""
    lit: bool
    finished: bool
    finish_s: float
    distance_m: float
    laps: float
    """The distance in laps of this track: of distance, not of crossings of a line."""
    speed_mps: float
    pace_s: float | None
    """For 400 m at this speed; None when it stands."""
    split: NextSplit | None
    gap: Gap | None
    """To the first wave of the plan; None for that one itself and when either is dark for good."""


@dataclass(frozen=True, slots=True)
class BoardState:
    """How a board was when it was last asked."""

    name: str
    state: str
    lost: bool
    bound_us: int | None
    """Bound on its clock's error; None before it has a clock."""
    frames: int
    late: int
    holdover_s: float


@dataclass(frozen=True, slots=True)
class Passed:
    """A distance that a wave has passed."""

    distance_m: float
    times_s: tuple[float | None, ...]
    """When each wave was there, in the plan's order; None for one that is not there yet."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the log: when (s since the gun; since the log began while there is no gun), which board, what."""

    time_s: float
    board: str | None
    words: str


@dataclass(frozen=True, eq=False, slots=True)
class Picture:
    """Everything that the live view shows at one moment."""

    title: str
    plan_hash: str
    distance_m: float
    total_laps: float
    phase: str
    race_s: float | None
    """None as long as there is no gun."""
    gun: str | None
    """Where the zero comes from and how far off it may be, in words."""
    waves: tuple[WaveState, ...]
    boards: tuple[BoardState, ...]
    log: tuple[LogLine, ...]
    """Newest last."""
    passed: tuple[Passed, ...]
    """At the splits of the first wave, the newest last."""
    leds: Pixels
    """(LEDs, 3) linear light, in the order of Rail.leds."""
    pace: str
    """How fast time runs, in words."""
    light: str
    """What the judge has to say of the light so far, in words; empty when nobody judges it."""

    @property
    def clock(self) -> str:
        """The race clock, to a tenth and cut off as such clocks are: "2:58.3", "-2.5" before the gun."""
        return clock_text(self.race_s)


def clock_text(race_s: float | None) -> str:
    """A running clock: tenths, cut off and not rounded; dashes when there is no zero yet."""
    return "-:--.-" if race_s is None else format_time(math.floor(race_s * 10 + 1e-6) / 10, 1)


def led_order(rail: Rail) -> NDArray[np.intp]:
    """Where the pixel of each of Rail.leds lies among the pixels of all boards, one board behind the other."""
    firsts = np.concatenate(([0], np.cumsum([board.pixels for board in rail.boards])))
    return np.array([firsts[led.board] + led.pixel for led in rail.leds], dtype=np.intp)


def leds_of(rgb: Sequence[bytes], order: NDArray[np.intp]) -> Pixels:
    """(LEDs, 3) from what each board shows."""
    return np.frombuffer(b"".join(rgb), dtype=np.uint8).reshape(-1, 3)[order]


def picture_of(race: Race, rail: Rail, leds: Pixels, pace: str = "", light: str = "", log_lines: int = 60) -> Picture:
    """The picture of this moment."""
    race_s = race.race_s()
    return Picture(
        title=race.plan.title,
        plan_hash=race.plan.hash,
        distance_m=race.plan.distance_m,
        total_laps=race.plan.distance_m / rail.track.lap_m,
        phase=race.phase,
        race_s=race_s,
        gun=None if race.gun is None else _gun_words(race.gun.source, race.gun.bound_us),
        waves=wave_states(race.plan_now, rail.track.lap_m, -_HAIR_S if race_s is None else race_s),
        boards=tuple(_board_state(member) for member in race.fleet.members),
        log=_log(race, log_lines),
        passed=() if race_s is None else splits_passed(race.plan_now, race_s)[-log_lines:],
        leds=leds,
        pace=pace,
        light=light,
    )


def wave_states(plan: Plan, lap_m: float, race_s: float) -> tuple[WaveState, ...]:
    """Where every wave of a plan is at a race time in s, in the plan's order."""
    first = plan.waves[0]
    return tuple(_wave_state(wave, first, lap_m, race_s) for wave in plan.waves)


def splits_passed(plan: Plan, race_s: float) -> tuple[Passed, ...]:
    """When each wave was at the splits of the plan's first wave, as far as any has come by a race time in s."""
    found: list[Passed] = []
    for distance_m, _ in plan.waves[0].splits:
        times = [wave.motion.time_s(distance_m) for wave in plan.waves]
        passed = tuple(time_s if time_s <= race_s else None for time_s in times)
        if any(t is not None for t in passed):
            found.append(Passed(distance_m, passed))
    return tuple(found)


def _wave_state(wave: Wave, first: Wave, lap_m: float, race_s: float) -> WaveState:
    distance_m = wave.motion.distance_m(race_s)
    speed_mps = wave.motion.speed_mps(race_s)
    to_come = next(((d, t) for d, t in wave.splits if t > race_s + _HAIR_S), None)
    split = None if to_come is None else NextSplit(*to_come, to_come[0] - distance_m, to_come[1] - race_s)
    gap = None
    if wave is not first and race_s < min(wave.finish_s, first.finish_s):
        there_s = first.motion.time_s(distance_m)  # when the first wave is where this one is now
        known = math.isfinite(there_s) and distance_m >= first.motion.start_m
        gap = Gap(first.name, distance_m - first.motion.distance_m(race_s), there_s - race_s if known else None)
    return WaveState(
        name=wave.name,
        colour=wave.colour,
        lit=wave.visible(race_s),
        finished=race_s >= wave.finish_s,
        finish_s=wave.finish_s,
        distance_m=distance_m,
        laps=distance_m / lap_m,
        speed_mps=speed_mps,
        pace_s=PACE_M / speed_mps if speed_mps > _STANDS_MPS else None,
        split=split,
        gap=gap,
    )


def _board_state(member: Member) -> BoardState:
    status = member.status
    if status is None:
        return BoardState(member.name, "unknown", member.lost, None, 0, 0, 0.0)
    bound_us = status.bound_us if status.clock_valid else None
    holdover_s = status.holdover_s if status.clock_valid else 0.0
    return BoardState(member.name, status.state, member.lost, bound_us, status.frames, status.late, holdover_s)


def _gun_words(source: str, bound_us: int) -> str:
    return f"{source}, exact" if bound_us == 0 else f"{source}, to {bound_us / 1000:.3g} ms"


def _log(race: Race, lines: int) -> tuple[LogLine, ...]:
    if not race.events:
        return ()
    zero_us = race.events[0].fleet_us if race.gun is None else race.gun.zero_us
    return tuple(LogLine((e.fleet_us - zero_us) / 1e6, e.board, e.words) for e in race.events[-lines:])
