"""A race that the page is tested against: made up, but consistent. Even waves on a stadium of 400 m, boards, pixels.

No port, no board, no plan file: only what the page is told. Its clock is given to it, and runs as fast as it is told.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

STRAIGHT_M, RADIUS_M, OFFSET_M = 84.389, 36.50, 0.30
LAP_M = 2 * STRAIGHT_M + 2 * math.pi * (RADIUS_M + OFFSET_M)
KERB_LAP_M = 2 * STRAIGHT_M + 2 * math.pi * RADIUS_M
MILE_M = 1609.344
START_TRACK_M = (-MILE_M) % LAP_M
LOOK = "Its light runs on. Look at its cable; it comes back by itself."
HASH = "d183d54b4eaa5bfb"
HASHES = {"record-4-07-64": "0a1b2c3d4e5f6071"}
"""Of other plans; any that is not here has HASH."""
CAN = (
    "load", "confirm", "prepare", "arm", "start", "ago", "recall", "stop", "change", "begin", "undo", "show", "athlete",
    "miss", "split_undo", "marks",
)  # fmt: skip


def place(track_m: float, radius_m: float = RADIUS_M) -> tuple[float, float]:
    """(x, y) in m of a running-line coordinate: finish line at the origin, bend 1 first, to the left, y up."""
    bend_m = math.pi * (RADIUS_M + OFFSET_M)
    at_m = track_m % LAP_M
    out_m = radius_m - RADIUS_M
    if at_m < bend_m:
        angle = at_m / bend_m * math.pi
        return radius_m * math.sin(angle), RADIUS_M - radius_m * math.cos(angle)
    if at_m < bend_m + STRAIGHT_M:
        return -(at_m - bend_m), 2 * RADIUS_M + out_m
    if at_m < 2 * bend_m + STRAIGHT_M:
        angle = (at_m - bend_m - STRAIGHT_M) / bend_m * math.pi
        return -STRAIGHT_M - radius_m * math.sin(angle), RADIUS_M + radius_m * math.cos(angle)
    return at_m - 2 * bend_m - 2 * STRAIGHT_M, -out_m


@dataclass
class FakeWave:
    """A light at an even pace."""

    name: str
    colour: str
    finish_s: float
    length_m: float
    ahead_m: float = 0.0
    mode: str = "running"
    stands_m: float | None = None
    group: bool = False
    begun_s: float | None = None
    """Race time at which a group's own time is 0; None: it waits."""
    buttons: tuple[str, ...] = ()

    @property
    def rgb(self) -> tuple[int, int, int]:
        return int(self.colour[1:3], 16), int(self.colour[3:5], 16), int(self.colour[5:7], 16)

    def distance_m(self, race_s: float) -> float:
        if self.stands_m is not None:
            return self.stands_m
        if self.group:
            race_s = 0.0 if self.begun_s is None else race_s - self.begun_s
        return min(MILE_M, max(0.0, self.ahead_m + MILE_M * race_s / self.finish_s))


def usual_waves() -> list[FakeWave]:
    return [
        FakeWave("target", "#00ff40", 239.99, 5.0),
        FakeWave("record", "#ff0000", 247.64, 3.0),
        FakeWave("lead pacer", "#0040ff", 239.99, 1.5, ahead_m=3.0),
    ]


def three_groups() -> list[FakeWave]:
    return [
        FakeWave("red", "#ff0000", 270.0, 3.0, group=True, buttons=("b03",)),
        FakeWave("blue group", "#0060ff", 290.0, 3.0, group=True),
        FakeWave("pace", "#00ff40", 300.0, 3.0),
    ]


@dataclass
class FakeRace:
    """One race night. ``now_s`` is the real clock; ``rate`` virtual seconds a real one."""

    now_s: Callable[[], float]
    boards: int = 16
    leds: int = 150
    rate: float = 1.0
    phase: str = "idle"
    plan: str | None = None
    confirmed: bool = False
    gun_s: float | None = None
    """Fleet time in s."""
    gun: dict[str, Any] | None = None
    waves: list[FakeWave] = field(default_factory=usual_waves)
    changes: list[str] = field(default_factory=list[str])
    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    marks: str = "400 m"
    lost: set[int] = field(default_factory=set[int])
    warnings: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    show: dict[str, Any] | None = None
    refuse: dict[str, str] = field(default_factory=dict[str, str])
    """Reasons laid over `can` by a test."""
    busy: str | None = None
    hash: str = HASH
    likeliest_m: float | None = None
    heard: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    simulated: bool = True
    missing: list[str] = field(default_factory=list[str])
    """Boards because of which it could not be made ready."""

    def fleet_s(self) -> float:
        return 1000.0 + self.now_s() * self.rate

    def race_s(self) -> float | None:
        return None if self.gun_s is None else self.fleet_s() - self.gun_s

    def track_of(self, board: int, led: int) -> float:
        return (board * self.leds + led + 0.5) * LAP_M / (self.boards * self.leds)

    def hello(self, role: str, viewer: str) -> dict[str, Any]:
        steps = [k * LAP_M / 260 for k in range(260)]
        return {
            "type": "hello", "version": "0.1.0", "role": role, "id": viewer, "rate": self.rate,
            "simulated": self.simulated,
            "rail": {
                "title": f"{self.boards} boards of {self.leds} LEDs, standard-400",
                "lap_m": LAP_M, "kerb_lap_m": KERB_LAP_M, "leds": self.boards * self.leds,
                "outline": {
                    "kerb": [place(s) for s in steps],
                    "running": [place(s, RADIUS_M + OFFSET_M) for s in steps],
                },
                "boards": [
                    {
                        "name": f"b{b + 1:02d}",
                        "leds": [[round(v, 3) for v in place(self.track_of(b, k))] for k in range(self.leds)],
                        "track_m": [b * LAP_M / self.boards, (b + 1) * LAP_M / self.boards],
                        "uid": f"e66{b:05x}", "type": "sim",
                    }
                    for b in range(self.boards)
                ],
            },
            "plans": ["breaking4-3-59", "record-4-07-64", "training-10x400"],
        }  # fmt: skip

    def plan_told(self) -> dict[str, Any]:
        marks = [400.0, 800.0, 1200.0, 1600.0, MILE_M]
        x, y = place(START_TRACK_M)
        fx, fy = place(0.0)
        return {
            "type": "plan", "title": "Breaking4: 3:59.99", "hash": self.hash, "distance_m": MILE_M,
            "confirmed": self.confirmed,
            "start": {"x": x, "y": y, "track_m": START_TRACK_M}, "finish": {"x": fx, "y": fy},
            "words": [
                "Breaking4: 3:59.99. 1 mile on standard-400, 4.023 laps.",
                "Start: 9.35 m before the finish line. End: on the finish line.",
                *(
                    f"{wave.name} runs {int(wave.finish_s // 60)}:{wave.finish_s % 60:05.2f}, "
                    f"{wave.finish_s / MILE_M * 400:.2f} a lap, {wave.length_m:g} m lit behind its head."
                    for wave in self.waves
                ),
            ],
            "warnings": ["lead pacer is 3 m ahead of its own profile."],
            "waves": [
                {
                    "name": wave.name, "colour": wave.colour, "length_m": wave.length_m, "finish_s": wave.finish_s,
                    "group": wave.group,
                    "splits": [
                        {"distance_m": m, "time_s": (m - wave.ahead_m) * wave.finish_s / MILE_M} for m in marks
                    ],
                }
                for wave in self.waves
            ],
            "profile": [
                {"name": wave.name, "points": [[m, wave.finish_s / MILE_M * 400] for m in (0.0, *marks)]}
                for wave in self.waves
            ],
        }  # fmt: skip

    def can(self) -> dict[str, str | None]:
        phase, on = self.phase, self.phase in ("armed", "running")
        said: dict[str, str | None] = dict.fromkeys(CAN)
        if on:
            said["load"] = said["show"] = said["prepare"] = f"the race is {phase}; recall or stop it first"
        if self.plan is None:
            said["confirm"] = said["prepare"] = "no plan is loaded"
        elif self.confirmed:
            said["confirm"] = "it is confirmed"
        else:
            said["prepare"] = "the plan was not read back and confirmed"
        if phase != "ready":
            said["arm"] = f"the race is {phase}; expected it ready"
        if not on:
            said["start"] = said["ago"] = f"the race is {phase}; expected it armed"
            said["change"] = said["begin"] = said["recall"] = f"the race is {phase}"
        elif self.gun_s is not None:
            said["start"] = "the gun has gone; start ago moves its time"
        if not self.changes:
            said["undo"] = "nothing was changed"
        if phase not in ("running", "finished"):
            said["athlete"] = said["miss"] = "the race is not on"
        if not self.rows:
            said["split_undo"] = "no mark was passed yet"
        if self.plan is None:
            said["marks"] = "no plan is loaded"
        if not any(wave.group for wave in self.waves):
            said["begin"] = "the plan has no groups"
        if self.busy is not None:
            kept = ("stop", "recall", "begin", "start", "ago", "athlete", "miss", "split_undo", "marks")
            said |= {name: f"busy: {self.busy}" for name in CAN if name not in kept and said[name] is None}
        return said | self.refuse

    def state(self) -> dict[str, Any]:
        race_s = self.race_s()
        waves = [] if self.plan is None else [self._wave(wave, race_s) for wave in self.waves]
        return {
            "type": "state", "fleet_us": round(self.fleet_s() * 1e6), "phase": self.phase, "race_s": race_s,
            "gun": self.gun, "heard": self.heard, "waves": waves,
            "boards": [self._board(b) for b in range(self.boards)],
            "warnings": self.warnings
            + [
                {"text": f"b{b + 1:02d} is lost: no answer", "do": LOOK}
                for b in sorted(self.lost)
            ],
            "missing": self.missing, "can": self.can(), "busy": self.busy, "changes": self.changes, "show": self.show,
            "athlete": {
                "marks": self.marks,
                "next": None if self.next_m() is None else {"distance_m": self.next_m()},
                "rows": self.rows,
                "likeliest": None if self.likeliest_m is None else {"distance_m": self.likeliest_m},
            },
        }  # fmt: skip

    def _wave(self, wave: FakeWave, race_s: float | None) -> dict[str, Any]:
        distance_m = wave.distance_m(race_s or 0.0)
        track_m = (START_TRACK_M + distance_m) % LAP_M
        x, y = place(track_m)
        waits = wave.group and (wave.begun_s is None or race_s is None or race_s < wave.begun_s)
        mode = "waiting" if race_s is None or race_s < 0 or waits else "finished" if distance_m >= MILE_M else wave.mode
        moving = mode in ("running", "hidden")
        speed_mps = MILE_M / wave.finish_s if moving else 0.0
        split_m = next((m for m in (400.0, 800.0, 1200.0, 1600.0, MILE_M) if m > distance_m), None)
        split_s = None if split_m is None else (split_m - wave.ahead_m) * wave.finish_s / MILE_M
        return {
            "name": wave.name, "colour": wave.colour, "visible": mode in ("running", "frozen"),
            "distance_m": distance_m, "track_m": track_m, "x": x, "y": y, "lap": distance_m / LAP_M,
            "speed_mps": speed_mps, "pace_s_per_400": 400 / speed_mps if speed_mps else None,
            "next_split": None
            if split_s is None
            else {"distance_m": split_m, "time_s": split_s, "in_s": split_s - (race_s or 0.0)},
            "finish_s": wave.finish_s, "mode": mode, "group": self._group(wave, mode, race_s),
        }  # fmt: skip

    def _group(self, wave: FakeWave, mode: str, race_s: float | None) -> dict[str, Any] | None:
        if not wave.group:
            return None
        left_s = None if wave.begun_s is None or race_s is None else wave.begun_s - race_s
        on = wave.begun_s is not None and mode != "finished"
        return {
            "begin": f"{wave.name} is on its run; end it first" if on else None,
            "end": None if on else f"{wave.name} is not on a run",
            "in_s": left_s if left_s is not None and left_s > 0 else None,
            "buttons": list(wave.buttons),
        }

    def _board(self, index: int) -> dict[str, Any]:
        lost = index in self.lost
        named = {"running": "running", "armed": "armed", "finished": "finished", "recalled": "recalled"}
        return {
            "name": f"b{index + 1:02d}", "lost": lost,
            "state": named.get(self.phase, "loaded" if self.phase in ("ready", "arming") else "idle"),
            "bound_us": None if self.phase == "idle" else 20.0 + 3 * (index % 7), "holdover_s": 42.0 if lost else 0.8,
            "trip_ms": 1.0 + 0.1 * (index % 5), "late": 0, "dimmed": 0, "temperature_c": 21.0 + index % 4,
            "supply_v": 5.02 - 0.01 * (index % 6), "seen_s": 42.0 if lost else 0.3,
        }  # fmt: skip

    def next_m(self) -> float | None:
        every_m = float(self.marks.split()[0]) if self.marks[0].isdigit() else 400.0
        at_m = (self.rows[-1]["distance_m"] if self.rows else 0.0) + every_m
        if at_m > MILE_M - 50:
            return MILE_M if not self.rows or self.rows[-1]["distance_m"] < MILE_M else None
        return at_m

    def passes(self, at_m: float, time_s: float) -> None:
        """The athlete passed a mark: the gaps as arithmetic gives them; above 0 is behind."""
        timed = [row for row in self.rows if row["time_s"] is not None]
        before_m, before_s = (timed[-1]["distance_m"], timed[-1]["time_s"]) if timed else (0.0, 0.0)
        gaps: list[dict[str, Any]] = []
        for wave in self.waves:
            behind_s = time_s - (at_m - wave.ahead_m) * wave.finish_s / MILE_M
            gaps.append({"wave": wave.name, "s": behind_s, "m": behind_s * MILE_M / wave.finish_s})
        split_s = time_s - before_s
        self.rows.append({
            "distance_m": at_m, "time_s": time_s, "gaps": gaps, "split_s": split_s,
            "projected_s": time_s + (MILE_M - at_m) * split_s / (at_m - before_m), "source": "key",
        })  # fmt: skip

    def misses(self, at_m: float) -> None:
        """Nobody saw the athlete pass a mark."""
        self.rows.append({
            "distance_m": at_m, "time_s": None, "gaps": [], "split_s": None, "projected_s": None, "source": "missed",
        })  # fmt: skip

    def frame(self) -> list[bytes]:
        """The pixels of each board now, 3 bytes an LED, linear."""
        made = [bytearray(3 * self.leds) for _ in range(self.boards)]
        if self.show is not None:
            return [bytes([48, 48, 48] * self.leds)] * self.boards
        if self.phase == "recalled":
            red = 255 if int(self.now_s() * 4) % 2 else 0
            return [bytes([red, 0, 0] * self.leds)] * self.boards
        race_s = self.race_s()
        if race_s is None or self.phase != "running":
            return [bytes(one) for one in made]
        cell_m = LAP_M / (self.boards * self.leds)
        for wave in reversed(self.waves):
            if wave.mode == "hidden" or (wave.group and (wave.begun_s is None or race_s < wave.begun_s)):
                continue
            head_m = START_TRACK_M + wave.distance_m(race_s)
            first, last = math.floor((head_m - wave.length_m) / cell_m), math.floor(head_m / cell_m)
            for cell in range(first, last + 1):
                lo, hi = max(head_m - wave.length_m, cell * cell_m), min(head_m, (cell + 1) * cell_m)
                level = max(0.0, (hi - lo) / cell_m)
                board, led = divmod(cell % (self.boards * self.leds), self.leds)
                made[board][3 * led : 3 * led + 3] = bytes(round(c * level) for c in wave.rgb)
        return [bytes(one) for one in made]
