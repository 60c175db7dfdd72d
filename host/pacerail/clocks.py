"""The clocks of a fleet: exchanges until they can be trusted, and setting them."""

from __future__ import annotations

import asyncio
from statistics import median

from pacerail.fleet import BoardsFailed, Fleet, Member

BURST_PERIOD_S = 0.05
BURST_S = 6.0
"""What a first look takes at least: the rate wants time, not samples."""
GIVE_UP_S = 20.0
READY_BOUND_US = 2000.0
"""A board whose clock bound is wider than this is not armed: at mile pace 2 ms are 13 mm of light."""

HELD_BACK_US = 4000.0
"""Answers that are as late as this in the middle are held back: a bridge as it comes does so for 8 ms, USB for 0.5."""


async def settle(
    fleet: Fleet, bound_us: float = READY_BOUND_US, at_least_s: float = BURST_S, at_most_s: float = GIVE_UP_S
) -> None:
    """Exchange times with all boards at once until each clock is known within `bound_us`.

    After `at_most_s` those that are spared are done without; raises BoardsFailed, naming each board and why, if there
    are others.
    """
    begun_us = fleet.clock()
    wide: dict[str, str] = {}
    while True:
        await fleet.sample()
        gone_s = (fleet.clock() - begun_us) / 1e6
        if gone_s >= at_least_s and not (wide := too_wide(fleet, bound_us)):
            return
        if gone_s >= at_most_s and not fleet.leave_out(wide):
            reasons = "; ".join(f"{name}: {why}" for name, why in wide.items())
            raise BoardsFailed(f"no clock good enough after {gone_s:.0f} s: {reasons}", wide)
        await asyncio.sleep(BURST_PERIOD_S)


def too_wide(fleet: Fleet, bound_us: float) -> dict[str, str]:
    """The boards that count whose clock is not known within a bound now, and why."""
    whys = {member.name: why_wide(member, fleet.clock(), bound_us) for member in fleet.counted}
    return {name: why for name, why in whys.items() if why is not None}


def why_wide(member: Member, now_us: int, bound_us: float = READY_BOUND_US) -> str | None:
    """Why a board's clock is not known within a bound now; None if it is."""
    line = member.estimator.line()
    if line is None:
        return member.estimator.why_not() or "no line yet"
    error_us = line.error_at_us(now_us)
    return f"known to {error_us:.0f} us only, {bound_us:.0f} us are wanted" if error_us > bound_us else None


def held_back_us(member: Member) -> float | None:
    """How late the middle one of a board's answers came, against its line, in us; None while there is no line."""
    line = member.estimator.line()
    if line is None:
        return None
    return median(line.tick_at(s.t4_host_us) - s.t3_tick for s in member.estimator.samples)


def held_back(fleet: Fleet) -> list[str]:
    """In words, the boards whose answers something holds back, as the latency timer of an FTDI bridge does."""
    lines: list[str] = []
    for member in fleet.members:
        late_us = held_back_us(member)
        if late_us is not None and late_us > HELD_BACK_US:
            lines.append(
                f"{member.name}: its answers are held back, half of them for {late_us / 1000:.1f} ms or more; "
                "on a USB adapter, set its latency timer to 1 ms (docs/protocol.md)"
            )
    return lines


async def set_clock(fleet: Fleet, member: Member) -> None:
    """Give a board its clock, if there is a line for it."""
    line = member.estimator.line()
    if line is not None:
        await member.client.set_line(line, fleet.clock())
