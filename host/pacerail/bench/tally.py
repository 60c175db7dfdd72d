"""Keeps count of what a bench shows, and makes the report of it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pacerail.bench.faults import Faults
from pacerail.bench.judge import LightJudge, expected_gaps
from pacerail.bench.record import Recorder
from pacerail.bench.simboard import Frame
from pacerail.model.plan import Plan
from pacerail.model.rail import Rail
from pacerail.race.state import Race
from pacerail.report import LIGHT_MAX_MM, LIGHT_P99_MM, WIRE_SHARE, Report, Spread, gun_json

Floats = NDArray[np.float64]
_SKEW_BIN_S = 0.5  # in which every board shows a frame: dark ones are sent again 4 times a second
_LIT_STEP_S = 0.002
_TOLD_US = 500_000  # a board that has not heard of the gun so long after it was told is wrong, and not late
_OTHER_ZERO_US = 1_000  # no clock is as far off: the frame was drawn for another zero, or for none


class Tally:
    """Takes every frame that becomes visible. `rgb[b]` is what board b shows now."""

    def __init__(self, plan: Plan, rail: Rail, race: Race, recorder: Recorder | None, faults: Faults) -> None:
        self.rgb = [bytes(3 * board.pixels) for board in rail.boards]
        self.changed = 0
        self.judge = LightJudge(plan, rail)
        self._plan = plan
        self._plan_now = plan
        self._gun_us: int | None = None
        self._rail = rail
        self._race = race
        self._recorder = recorder
        self._faults = faults
        self._heard_s = [0.0] * len(rail.boards)  # race time of the first frame for which a board knew the gun
        self._waits = [False] * len(rail.boards)
        self._shown_s: list[list[float]] = [[] for _ in rail.boards]
        self._clock_error_us: list[list[float]] = [[] for _ in rail.boards]

    def take(self, frames: list[Frame]) -> None:
        """Frames have become visible, in this order."""
        gun = self._race.gun
        self._keep_up()
        ended = self._race.phase == "stopped" and self._race.ended_us > 0
        changed: list[Frame] = []
        for frame in frames:
            race_s = -1.0 if gun is None else (frame.visible_ns - gun.zero_us * 1000) / 1e9
            if ended and frame.visible_ns >= self._race.ended_us * 1000:
                race_s = -1.0  # it was stopped: dark is right
            if race_s >= 0:
                self._shown_s[frame.board].append(race_s)
                self._faults.watch(frame, race_s)
                error_us = frame.race_10us * 10 - race_s * 1e6
                if self._unheard(frame, error_us):
                    self._waits[frame.board] = True
                    error_us = math.nan
                elif self._waits[frame.board]:  # the first frame since it was told
                    self._waits[frame.board] = False
                    self._heard_s[frame.board] = race_s
                elif self._faults.excuse(frame.board, race_s):
                    error_us = math.nan
                self._clock_error_us[frame.board].append(error_us)
                # a frame that changed nothing is judged as well: light that stands still is off the plan too
                if not math.isnan(error_us):
                    self.judge.add(frame, race_s)
            if frame.rgb != self.rgb[frame.board]:
                self.rgb[frame.board] = frame.rgb
                changed.append(frame)
        self.changed += len(changed)
        if self._recorder is not None and gun is not None:
            self._recorder.write(changed, gun.zero_us * 1000)

    def _keep_up(self) -> None:
        """The race may have another plan by now, or have been recalled and begun anew."""
        race = self._race
        if race.plan_now is not self._plan_now:
            self._plan_now = race.plan_now
            self.judge.follow(race.plan_now)
        if race.gun is not None and self._gun_us is None:
            for kept in (*self._shown_s, *self._clock_error_us):
                kept.clear()
            self._heard_s = [0.0] * len(self.rgb)
        self._gun_us = None if race.gun is None else race.gun.zero_us

    def _unheard(self, frame: Frame, error_us: float) -> bool:
        """Whether a frame was drawn before its board was told of the gun, or of where its zero is now."""
        told_ns = (self._race.told_us + _TOLD_US) * 1000
        return abs(error_us) > _OTHER_ZERO_US and frame.visible_ns < told_ns

    def report(self, virtual_s: float, wall_s: float) -> Report:
        """The report on everything seen so far."""
        end_s = max((shown[-1] for shown in self._shown_s if shown), default=0.0)
        frames = dropped = 0
        possible = 0.0
        for index, board in enumerate(self._rail.boards):
            period_s = (30 * max(output.leds for output in board.outputs) + 300) / 1e6
            spans = self._lit_spans(index, end_s)
            seen, missing = expected_gaps(np.array(self._shown_s[index]), spans, period_s)
            frames += seen
            dropped += missing
            possible += sum(off - on for on, off in spans) / period_s
        errors_mm = self.judge.errors_mm()
        light = Spread.of(errors_mm)
        clock_us = np.concatenate([np.array(errors) for errors in self._clock_error_us])
        clock_us = clock_us[~np.isnan(clock_us)]
        return Report(
            plan_hash=self._plan.hash,
            boards=len(self._rail.boards),
            leds=len(self._rail.leds),
            frames=self.changed,
            dropped=dropped,
            light_error_mm=light,
            board_skew_us=Spread.of(self._skews_us(end_s)),
            virtual_s=virtual_s,
            wall_s=wall_s,
            faults=tuple(self._faults.words(self._rail)),
            failures=(*self._race.shortcomings, *self._failures(light, frames / possible if possible else 1.0)),
            more={
                "phase": self._race.phase,
                "gun": None if self._race.gun is None else gun_json(self._race.gun),
                "gun_known_s": round(max(self._heard_s), 3),
                "changes": list(self._race.amended.words),
                "refused": list(self._race.refused),
                "edges_measured": len(errors_mm),
                "stray_cells": self.judge.stray_cells,
                "frames_lit": frames,
                "frames_of_wire": round(frames / possible, 4) if possible else None,
                "clock_error_us": vars(Spread.of(np.abs(clock_us))),
            },
        )

    def _failures(self, light: Spread, share: float) -> list[str]:
        """What is beyond the budgets; LEDs too coarse for them are allowed a grey level or two of their cells."""
        level_mm = max(led.cell_hi_m - led.cell_lo_m for led in self._rail.leds) * 1000 / 255
        p99_mm, max_mm = max(LIGHT_P99_MM, level_mm), max(LIGHT_MAX_MM, 2 * level_mm)
        found: list[str] = []
        if light.p99 is not None and light.max is not None and (light.p99 > p99_mm or light.max > max_mm):
            found.append(
                f"the light was off the plan: 99 % within {light.p99:.1f} mm, worst {light.max:.1f} mm; "
                f"{p99_mm:.1f} and {max_mm:.1f} mm are allowed"
            )
        if self.judge.stray_cells:
            found.append(f"LEDs lit or dark where the plan has something else: {self.judge.stray_cells}")
        if share < WIRE_SHARE:
            found.append(f"only {share:.1%} of the frames that the wire allows were shown")
        return found

    def _lit_spans(self, board: int, end_s: float) -> list[tuple[float, float]]:
        """When the plan has light on a board, within 2 ms: never longer than it has."""
        times = np.arange(0.0, end_s, _LIT_STEP_S)
        lit = self.judge.lit_on(board, times)
        lit[times < self._heard_s[board]] = False
        for off_s, until_s in self._faults.excused_spans(board):
            lit[(times >= off_s) & (times < until_s)] = False
        lit = np.concatenate(([False], lit, [False]))
        changes = np.flatnonzero(lit[1:] != lit[:-1])
        return [(float(times[on]), float(times[off - 1])) for on, off in zip(changes[::2], changes[1::2], strict=True)]

    def _skews_us(self, end_s: float) -> Floats:
        """The spread of all boards' clocks, fastest less slowest, in each half second."""
        bins = int(end_s / _SKEW_BIN_S)
        table = np.full((len(self._shown_s), bins), np.nan)
        for board, (shown, errors) in enumerate(zip(self._shown_s, self._clock_error_us, strict=True)):
            where = (np.array(shown) / _SKEW_BIN_S).astype(int)
            keep = where < bins
            table[board, where[keep]] = np.array(errors)[keep]
        known = table[:, (~np.isnan(table)).sum(axis=0) >= 2]
        return np.nanmax(known, axis=0) - np.nanmin(known, axis=0) if known.size else np.zeros(0)
