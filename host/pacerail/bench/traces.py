"""Simulated clock traces: four-timestamp exchanges over a link of known delays, with the truth kept beside them.

One seed makes one trace. Times are in us, rates in ppm. The clock tests and the benchmark judge by these traces; the
live rail has its own links (`world`).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pacerail.sync import Sample
from pacerail.trace import HEADER

_STEP_US = 100_000  # the crystal's rate takes a step of its random walk this often

Jitter = tuple[str, float]  # shape and scale in us: ("uniform", top), ("exponential", mean), ("gamma", mean), ...


@dataclass(frozen=True)
class Model:
    """The link and the crystals of a trace."""

    duration_s: float = 60.0
    per_s: float = 10.0
    ppm: float = 40.0  # the rate is uniform within +- this
    wander_ppm: float = 0.01  # random walk of the rate: standard deviation after 1 s
    forward_min_us: float = 120.0  # least delay host to board
    reverse_min_us: float = 120.0
    forward: tuple[Jitter, ...] = (("uniform", 1500.0), ("exponential", 40.0))  # the frame loop; the host's USB
    reverse: tuple[Jitter, ...] = (("exponential", 60.0),)
    turn_us: float = 300.0  # the board's least turn-round, t2 to t3
    stalled: float = 0.065  # share of exchanges held up in either direction
    stall_us: float = 8000.0  # mean of a stall


USB = Model()
MODELS: dict[str, Model] = {
    "usb": USB,
    "steady": Model(wander_ppm=0.0),
    "exponential": Model(forward=(("exponential", 500.0),), reverse=(("exponential", 60.0),)),
    "both ways": Model(forward=(("uniform", 1500.0),), reverse=(("uniform", 1500.0),)),
    "beat": Model(forward=(("beat", 1500.0), ("exponential", 40.0))),
    "soft floor": Model(forward=(("gamma", 400.0),), reverse=(("gamma", 100.0),)),
    "USB frames": Model(forward=(("uniform", 1500.0), ("uniform", 1000.0)), reverse=(("uniform", 1000.0),)),
    "lopsided": Model(forward_min_us=300.0, reverse_min_us=60.0),
    "no least delay": Model(forward_min_us=0.0, reverse_min_us=0.0),
}


@dataclass(frozen=True)
class Trace:
    """The samples and the truth: `tick_at(host_us)` holds to 5 minutes past the last sample."""

    samples: tuple[Sample, ...]
    end_host_us: int
    tick_at: Callable[[float], float]


class _Crystal:
    """A board's ticks against host time: an offset, a rate, and a random walk of the rate (none after `walk_us`)."""

    def __init__(self, rng: random.Random, start_us: int, model: Model, walk_us: int, last_us: int) -> None:
        self._start_us = start_us
        self._offset = rng.randrange(-(1 << 20), 1 << 44)
        rate = rng.uniform(-model.ppm, model.ppm)
        self._error = [0.0]  # us gained since the start, at each step
        for step in range(last_us // _STEP_US + 2):
            self._error.append(self._error[-1] + rate * _STEP_US * 1e-6)
            if step * _STEP_US < walk_us:
                rate += rng.gauss(0.0, model.wander_ppm * (_STEP_US * 1e-6) ** 0.5)

    def tick_at(self, host_us: float) -> float:
        since = host_us - self._start_us
        step = min(max(int(since // _STEP_US), 0), len(self._error) - 2)
        low, high = self._error[step], self._error[step + 1]
        return self._offset + since + low + (high - low) * (since / _STEP_US - step)


def simulate(seed: int, model: Model = USB, *, holdover_s: float = 300.0, steady_holdover: bool = True) -> Trace:
    """Return the trace of one seed; the crystal holds its rate after the last sample if `steady_holdover`."""
    rng = random.Random(seed)
    start_us = rng.randrange(0, 1 << 44)
    length_us = int(model.duration_s * 1e6)
    last_us = length_us + int(holdover_s * 1e6) + 10_000_000
    crystal = _Crystal(rng, start_us, model, length_us if steady_holdover else last_us, last_us)
    period = 1e6 / model.per_s * 1.0037  # odd, so as not to keep step with the frames for long
    samples: list[Sample] = []
    at = float(start_us)
    while at < start_us + length_us:
        stall_out, stall_back = _stalls(rng, model)
        received = at + model.forward_min_us + _delay(rng, model.forward, at) + stall_out
        sent = received + model.turn_us + rng.expovariate(1 / 50.0)
        back = sent + model.reverse_min_us + _delay(rng, model.reverse, sent) + stall_back
        samples.append(Sample(int(at), int(crystal.tick_at(received)), int(crystal.tick_at(sent)), int(back)))
        at = max(at + period, back + 200.0)
    return Trace(tuple(samples), samples[-1].t4_host_us, crystal.tick_at)


def write_csv(trace: Trace, path: Path) -> None:
    """Write the samples as the TRACE.csv of the contract."""
    rows = [f"{s.t1_host_us},{s.t2_tick},{s.t3_tick},{s.t4_host_us}" for s in trace.samples]
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")


def _stalls(rng: random.Random, model: Model) -> tuple[float, float]:
    if rng.random() >= model.stalled:
        return 0.0, 0.0
    stall = 1000.0 + rng.expovariate(1.0 / model.stall_us)
    return (stall, 0.0) if rng.random() < 0.5 else (0.0, stall)


def _delay(rng: random.Random, parts: tuple[Jitter, ...], at_us: float) -> float:
    total = 0.0
    for shape, scale in parts:
        if shape == "uniform":
            total += rng.uniform(0.0, scale)
        elif shape == "exponential":
            total += rng.expovariate(1.0 / scale)
        elif shape == "gamma":  # no sharp floor
            total += rng.gammavariate(2.0, scale / 2.0)
        elif shape == "beat":  # waits for the next pass of a loop of this period: slowly drifting phase
            total += -at_us % scale
        else:
            raise ValueError(f"unknown jitter {shape!r}")
    return total
