"""What a race or a bench leaves behind: the report of the contract, as JSON and for people."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacerail.gun import Gun
from pacerail.model.rail import Rail
from pacerail.race.state import Race

LIGHT_P99_MM, LIGHT_MAX_MM = 5.0, 15.0
"""How far off the plan 99 % of the light, and all of it, may be."""
SKEW_P99_US = 100.0
"""How far apart the boards' clocks may be, 99 % of the time."""
WIRE_SHARE = 0.95
"""How many of the frames that the LEDs' wire allows are shown at least."""


@dataclass(frozen=True)
class Spread:
    """The 50th and 99th percentile and the highest of some figures; all None where there were none."""

    p50: float | None
    p99: float | None
    max: float | None

    @staticmethod
    def of(figures: NDArray[np.float64]) -> Spread:
        """The spread of an array."""
        if not len(figures):
            return Spread(None, None, None)
        p50, p99 = np.percentile(figures, [50, 99])
        return Spread(round(float(p50), 3), round(float(p99), 3), round(float(np.max(figures)), 3))

    def words(self, unit: str) -> str:
        """ "median 0.4, 99 % within 1.2, never more than 3.0 mm"."""
        if self.max is None:
            return "not measured"
        return f"median {self.p50:.2f}, 99 % within {self.p99:.2f}, never more than {self.max:.2f} {unit}"


@dataclass(frozen=True)
class Report:
    """The figures of one race. `light_error_mm` and `board_skew_us` can be measured on the bench only."""

    plan_hash: str
    boards: int
    leds: int
    frames: int
    dropped: int
    light_error_mm: Spread
    board_skew_us: Spread
    virtual_s: float
    wall_s: float
    faults: tuple[str, ...] = ()
    """What was done to the rail on purpose, and what came of it."""
    more: dict[str, Any] = field(default_factory=dict[str, Any])
    """Further figures, under their own keys."""
    failures: tuple[str, ...] = ()
    """What was not as it should be; in the JSON they follow the faults."""

    @property
    def troubles(self) -> tuple[str, ...]:
        """Faults, then failures."""
        return (*self.faults, *self.failures)

    def as_dict(self) -> dict[str, Any]:
        """The shape of the contract, with the further figures after it."""
        return {
            "plan_hash": self.plan_hash,
            "boards": self.boards,
            "leds": self.leds,
            "frames": self.frames,
            "dropped": self.dropped,
            "light_error_mm": vars(self.light_error_mm),
            "board_skew_us": vars(self.board_skew_us),
            "virtual_s": round(self.virtual_s, 3),
            "wall_s": round(self.wall_s, 3),
            "faults": list(self.troubles),
            **self.more,
        }

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(self.as_dict(), indent=2) + "\n")


def race_report(race: Race, rail: Rail, wall_s: float) -> Report:
    """The report on a race on a real rail: what the boards say of themselves. Light is measured on the bench only."""
    nothing = Spread(None, None, None)
    return Report(
        plan_hash=race.plan.hash,
        boards=len(rail.boards),
        leds=len(rail.leds),
        frames=sum(m.status.frames - m.shown_before[0] for m in race.fleet.members if m.status is not None),
        dropped=sum(m.status.late - m.shown_before[1] for m in race.fleet.members if m.status is not None),
        light_error_mm=nothing,
        board_skew_us=nothing,
        virtual_s=wall_s,
        wall_s=wall_s,
        failures=tuple(race.shortcomings),
        more={
            "phase": race.phase,
            "gun": None if race.gun is None else gun_json(race.gun),
            "changes": list(race.amended.words),
            "refused": list(race.refused),
            "firmware": {m.name: m.identity.version for m in race.fleet.members if m.identity is not None},
            "clock_bound_us": {m.name: m.status.bound_us for m in race.fleet.members if m.status is not None},
        },
    )


def gun_json(gun: Gun) -> dict[str, Any]:
    """A gun as JSON takes it."""
    return {"source": gun.source, "zero_us": gun.zero_us, "bound_us": gun.bound_us}
