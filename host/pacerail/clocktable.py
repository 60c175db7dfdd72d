"""The clocks of a fleet as tables and traces, for people and for `sync replay`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TextIO

from pacerail.clocks import BURST_PERIOD_S, set_clock, settle
from pacerail.errors import RailError
from pacerail.fleet import Fleet, Member, check_one, sample_one
from pacerail.link import NoAnswer
from pacerail.trace import HEADER

_BARS = 40


async def sync_once(fleet: Fleet, bound_us: float) -> list[str]:
    """Check the boards, exchange times until each clock is known within a bound, set them; a table of lines.

    Raises RailError for a board that is wrong, or whose clock stays wider than the bound.
    """
    await fleet.each("check", check_one)
    await settle(fleet, bound_us)
    await fleet.each("setting the clocks", lambda member: set_clock(fleet, member))
    return table(fleet)


def table(fleet: Fleet) -> list[str]:
    """A line for each board: rate, bound, exchanges, quickest round trip."""
    lines = ["board       rate ppm   bound us   exchanges   quickest us"]
    now_us = fleet.clock()
    for member in fleet.members:
        line = member.estimator.line()
        if line is None:
            lines.append(f"{member.name:10}  {member.estimator.why_not() or 'no answer'}")
            continue
        counts = member.estimator.counts
        lines.append(
            f"{member.name:10} {line.rate_ppb / 1000:+9.3f} {line.error_at_us(now_us):10.0f}"
            f" {counts.accepted:11d} {member.quickest_us:13d}"
        )
    return lines


def residuals(member: Member) -> list[str]:
    """How late each exchange was, to the board and back, against the line: a histogram of both in bars.

    The line lies where the quickest of both directions meet; what is slower than that was held up.
    """
    line = member.estimator.line()
    if line is None:
        return [f"{member.name}: {member.estimator.why_not() or 'no line yet'}"]
    samples = member.estimator.samples
    there = [s.t2_tick - line.tick_at(s.t1_host_us) for s in samples]
    back = [line.tick_at(s.t4_host_us) - s.t3_tick for s in samples]
    top_us = max(1, sorted(there + back)[int(0.95 * (len(there + back) - 1))])
    lines = [f"{member.name}: delay in us, exchanges to the board (>) and back (<)"]
    step_us = max(1, -(-top_us // 10))
    for lo_us in range(0, 10 * step_us, step_us):
        counts = [sum(lo_us <= d < lo_us + step_us for d in delays) for delays in (there, back)]
        bars = [mark * round(_BARS * count / len(samples)) for mark, count in zip("><", counts, strict=True)]
        lines.append(f"{lo_us:8d} {bars[0]}{bars[1]}")
    return lines


async def watch(fleet: Fleet, tell: Callable[[str], None], rounds: int | None = None, period_s: float = 0.98) -> None:
    """Check the boards, then exchange times and tell the table, round after round, until cancelled."""
    await fleet.each("check", check_one)
    done = 0
    while rounds is None or done < rounds:
        await fleet.sample()
        for line in table(fleet):
            tell(line)
        done += 1
        await asyncio.sleep(period_s)


async def record(member: Member, file: TextIO, seconds: float) -> int:
    """Write exchanges with one board as a trace; returns how many. Raises RailError if it never answers."""
    await check_one(member)
    file.write(HEADER + "\n")
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    count = 0
    while loop.time() < ends:
        before = member.last_sample
        try:
            await sample_one(member)
        except NoAnswer as error:
            raise RailError(f"{member.name} stopped answering after {count} exchanges: {error}") from error
        sample = member.last_sample
        if sample is not None and sample is not before:
            file.write(f"{sample.t1_host_us},{sample.t2_tick},{sample.t3_tick},{sample.t4_host_us}\n")
            count += 1
        await asyncio.sleep(2 * BURST_PERIOD_S)
    return count
