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
_RATE_LIMIT_PPM = 250  # two crystals are within 100 ppm of each other
_LAGS = 8  # rates are looked at over an eighth of the trace: a reboot in it spoils few of these
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

    Raises InputError with a line for each mistake: what is no number, times out of order, ticks at no crystal's rate.
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
    numbers: list[int] = []
    mistakes: list[tuple[int, str]] = []
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        cells = line.split(",")
        if len(cells) != len(names):
            mistakes.append((number, f"{len(cells)} values; expected {len(names)}"))
            continue
        try:
            samples.append(Sample(*(_whole_us(cells[place]) for place in places)))
            numbers.append(number)
        except ValueError as error:
            mistakes.append((number, f"{error}; expected whole us"))
    mistakes += [(numbers[k], words) for k, words in _nonsense(samples)]
    if mistakes:
        raise InputError([f"{path}:{number}: {words}" for number, words in sorted(mistakes)])
    return samples


def _nonsense(samples: list[Sample]) -> Iterator[tuple[int, str]]:
    """What no exchanges with a board can look like: (index of the row, what is wrong; what was expected).

    A board may start anew, and the host may sleep; a delay may be of any length. But causes come before their effects,
    exchanges one after another, and most of a trace has the rate of a crystal.
    """
    fine = True
    extended = list(_unwrapped(samples))
    for k, (s, whole) in enumerate(zip(samples, extended, strict=True)):
        before = samples[k - 1] if k else None
        words = None
        if s == before:
            words = "the same exchange as the row before; expected each once"
        elif before is not None and s.t1_host_us <= before.t1_host_us:
            words = f"t1_host_us {s.t1_host_us} is not after the {before.t1_host_us} of the row before; "
            words += "expected the order in which they were sent"
        elif s.t4_host_us < s.t1_host_us:
            words = (
                f"t4_host_us {s.t4_host_us} is before t1_host_us {s.t1_host_us}; expected the answer after the request"
            )
        elif whole.t3_tick < whole.t2_tick:
            words = f"t3_tick {s.t3_tick} is before t2_tick {s.t2_tick}; expected departure after arrival"
        if words is not None:
            fine = False
            yield k, words
    if fine:
        yield from _no_crystal(extended)


def _no_crystal(samples: list[Sample]) -> Iterator[tuple[int, str]]:
    """The first of the rows between which ticks and host time differ by more than delays explain, if most are such."""
    lag = max(1, len(samples) // _LAGS)
    pairs = list(zip(samples, samples[lag:], strict=False))
    wrong: list[int] = []
    for k, (a, b) in enumerate(pairs):
        # a request arrived after it was sent, and before the answer came less the turn-round
        ticks = b.t2_tick - a.t2_tick
        least_us = b.t1_host_us - (a.t4_host_us - (a.t3_tick - a.t2_tick))
        most_us = b.t4_host_us - (b.t3_tick - b.t2_tick) - a.t1_host_us
        slack_us = most_us * _RATE_LIMIT_PPM * 1e-6 + 2
        if not least_us - slack_us <= ticks <= most_us + slack_us:
            wrong.append(k)
    if 2 * len(wrong) > len(pairs):
        a, b = pairs[wrong[0]]
        ratio = (b.t2_tick - a.t2_tick) / (b.t1_host_us - a.t1_host_us)
        yield (
            wrong[0] + lag,
            f"the board's ticks run at {ratio:.6g} of the host's time; "
            f"expected us in all columns, and a rate within {_RATE_LIMIT_PPM} ppm",
        )


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
