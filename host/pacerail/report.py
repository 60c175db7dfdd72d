"""What a race or a bench leaves behind: the report of the contract, as JSON and for people."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
    more: dict[str, Any] = field(default_factory=dict[str, Any])
    """Further figures, under their own keys."""

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
            "faults": list(self.faults),
            **self.more,
        }

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(self.as_dict(), indent=2) + "\n")
