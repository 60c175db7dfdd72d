"""What a plan says of one wave: the values of its file, before any movement is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pacerail.model.motion import Mark, Stretch

AtFinish = Literal["hold", "off", "run on"]
Starts = Literal["gun", "order"]
Waits = Literal["lit", "dark"]


@dataclass(frozen=True)
class Window:
    """Lit from ``begin`` to ``end``: metres of the head from the start line, or seconds of race time."""

    unit: Literal["m", "s"]
    begin: float
    end: float


@dataclass(frozen=True)
class WaveSpec:
    """A wave as its plan says it, every value in m, s and m/s, every default filled in."""

    name: str
    colour: tuple[int, int, int]
    length_m: float
    priority: int
    marks: tuple[Mark, ...]
    """(distance_m, time_s), rising; of a target one, at the plan's distance. Empty when there are stretches."""
    stretches: tuple[Stretch, ...]
    smooth: bool
    standing: bool
    ahead_m: float
    ahead_s: float
    windows: tuple[Window, ...]
    """Empty: lit all the way."""
    ends_m: float
    """Where it steps off, m from the start line."""
    at_finish: AtFinish
    hold_s: float
    run_on_m: float
    starts: Starts = "gun"
    """With "order" it is a group of its own: it waits at its start line until an order begins it."""
    waits: Waits = "lit"
    """What a group shows until then."""

    @property
    def by_order(self) -> bool:
        """Whether it is a group that an order begins."""
        return self.starts == "order"

    def meaning(self) -> list[object]:
        """All that shows, in one canonical form to the micrometre and the microsecond, for the plan's hash."""
        return [
            self.name,
            list(self.colour),
            _fixed(self.length_m),
            self.priority,
            [[_fixed(d), _fixed(t)] for d, t in self.marks],
            [[_fixed(s.run_m), _fixed(s.in_s)] for s in self.stretches],
            self.smooth,
            self.standing,
            _fixed(self.ahead_m),
            _fixed(self.ahead_s),
            [[w.unit, _fixed(w.begin), _fixed(w.end)] for w in self.windows],
            _fixed(self.ends_m),
            self.at_finish,
            _fixed(self.hold_s) if self.at_finish == "hold" else "",
            _fixed(self.run_on_m) if self.at_finish == "run on" else "",
            *((self.starts, self.waits) if self.by_order else ()),
        ]


def _fixed(value: float) -> str:
    text = f"{value:.6f}"
    return "0.000000" if text == "-0.000000" else text
