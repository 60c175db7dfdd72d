"""Recorded clock exchanges: a CSV trace read, its ticks extended, and the clock worked out again from it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from pacerail.errors import InputError
from pacerail.sync import Estimator, Line, Sample

HEADER = "t1_host_us,t2_tick,t3_tick,t4_host_us"
"""The columns of a trace: host times and board ticks in us."""

_WRAP = 1 << 30  # a board's raw ticks
_WRAP_SLACK_US = 1_000_000  # a wrap is told from a reboot by how well it fits the host's clock


def replay(path: str | Path) -> Line:
    """Return the line at the end of a recorded trace (TRACE.csv of the contract), however wide its bound.

    Ticks may be extended (64 bit) or a board's raw ones, which wrap at 2**30; the line then counts on from the first.
    Raises InputError when the file cannot be read, is malformed or has too few samples for a line.
    """
    estimator = Estimator(trust_us=math.inf, most=4096)
    for count, sample in enumerate(_unwrapped(read_trace(path)), 1):
        estimator.add(sample)
        if count % 64 == 0:
            estimator.line()  # a line on the way lets smaller steps be recognised
    line = estimator.line()
    if line is None:
        raise InputError(f"{path}:1: no line can be had from this trace: {estimator.why_not()}; expected more samples")
    return line


def read_trace(path: str | Path) -> list[Sample]:
    """Read TRACE.csv: a header that names t1_host_us, t2_tick, t3_tick and t4_host_us, and a line for each exchange.

    Raises InputError with a line for each mistake.
    """
    columns = ("t1_host_us", "t2_tick", "t3_tick", "t4_host_us")
    if Path(path).exists() and not Path(path).is_file():
        raise InputError(f"{path}:1: this is a folder or a device; expected a trace as CSV")
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(f"{path}:1: cannot be read: {reason}; expected a trace as CSV") from error
    names = [name.strip() for name in lines[0].split(",")] if lines else []
    if any(names.count(column) != 1 for column in columns):
        raise InputError(f"{path}:1: not the header of a trace; expected {','.join(columns)}")
    places = [names.index(column) for column in columns]
    samples: list[Sample] = []
    mistakes: list[str] = []
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        cells = line.split(",")
        if len(cells) != len(names):
            mistakes.append(f"{path}:{number}: {len(cells)} values; expected {len(names)}")
            continue
        try:
            samples.append(Sample(*(_whole_us(cells[place]) for place in places)))
        except ValueError as error:
            mistakes.append(f"{path}:{number}: {error}; expected whole us")
    if mistakes:
        raise InputError(mistakes)
    return samples


def _whole_us(cell: str) -> int:
    text = cell.strip()
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return round(float(text))
    except (ValueError, OverflowError):  # not a number; not a finite one
        raise ValueError(f"{text!r} is not a time") from None


def _unwrapped(samples: list[Sample]) -> Iterator[Sample]:
    """Extend raw ticks that wrap at 2**30; leave extended ones, and a board that rebooted, as they are."""
    raw = all(0 <= tick < _WRAP for s in samples for tick in (s.t2_tick, s.t3_tick))
    before: Sample | None = None
    for s in samples:
        if raw and before is not None:
            host = s.t1_host_us - before.t1_host_us
            s = Sample(s.t1_host_us, _extend(s.t2_tick, before.t2_tick, host), s.t3_tick, s.t4_host_us)
        if raw:
            s = Sample(s.t1_host_us, s.t2_tick, _extend(s.t3_tick, s.t2_tick, 0), s.t4_host_us)
        yield s
        before = s


def _extend(tick: int, before: int, host_us: int) -> int:
    """Return `tick` with the wraps that make it follow `before` by about `host_us`, or as it is if none do."""
    wraps = round((before + host_us - tick) / _WRAP)
    extended = tick + wraps * _WRAP
    slack = _WRAP_SLACK_US + abs(host_us) // 1000
    return extended if abs(extended - before - host_us) <= slack else tick
