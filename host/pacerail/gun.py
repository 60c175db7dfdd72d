"""Where the zero of a race comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gun:
    """The zero of a race: who says so, the fleet time in us, and how far off that may be."""

    source: str
    zero_us: int
    bound_us: int


def scheduled(now_us: int, go_in_s: float) -> Gun:
    """A start at a time agreed on before: exact by definition."""
    return Gun("scheduled", now_us + round(go_in_s * 1e6), 0)
