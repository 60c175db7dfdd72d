"""Compare the clock estimator with three usual ones on the same simulated traces. Run by `make benchmark`.

For each trace: how far each line is from the true tick at the end of 60 s at 10 samples a second, and 5 minutes later
with a steady crystal. The ratio is another's 99th percentile over ours, from this one run.

The others were written for this comparison from their descriptions:
  minimum round trip   of every 8 samples the quickest one counts (NTP's clock filter); a line through those midpoints
  midpoint regression  least squares through the midpoints of all samples
  weighted regression  exponentially weighted (1/30 a sample) through the sending times, outliers by variance rejected,
                       half the least round trip taken off (the way of the 3D printer firmware Klipper)
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np

from pacerail.bench.traces import MODELS, Model, Trace, simulate
from pacerail.sync import Estimator, Sample

Predict = Callable[[float], float]  # host us to tick

HOLDOVER_US = 300_000_000


def ours(samples: Sequence[Sample]) -> tuple[Predict, float]:
    """Return the estimator's line and its bound at the end."""
    estimator = Estimator(trust_us=float("inf"))
    for sample in samples:
        estimator.add(sample)
    line = estimator.line()
    assert line is not None
    return (lambda host: float(line.tick_at(int(host)))), line.error_us


def _regression(samples: Sequence[Sample]) -> Predict:
    base_host, base_tick = samples[-1].t4_host_us, samples[-1].t3_tick
    hosts = np.array([(s.t1_host_us + s.t4_host_us) / 2 - base_host for s in samples])
    ticks = np.array([(s.t2_tick + s.t3_tick) / 2 - base_tick for s in samples])
    mean = float(hosts.mean())
    x, y = hosts - mean, ticks - hosts
    slope = float((x * y).sum() / (x * x).sum())
    offset = float(y.mean())
    return lambda host: base_tick + (host - base_host) + offset + slope * (host - base_host - mean)


def minimum_round_trip(samples: Sequence[Sample]) -> Predict:
    """Regress over the quickest of every 8."""

    def trip(s: Sample) -> int:
        return s.t4_host_us - s.t1_host_us - (s.t3_tick - s.t2_tick)

    return _regression([min(samples[i : i + 8], key=trip) for i in range(0, len(samples), 8)])


def weighted_regression(samples: Sequence[Sample], decay: float = 1 / 30) -> Predict:
    """Regress over sending times with exponential weights, without outliers."""
    base_host, base_tick = samples[0].t1_host_us, samples[0].t2_tick
    half_trip, half_trip_at = 1e9, 0.0
    mean_x = mean_y = covariance = 0.0
    variance, spread, last_good = 1e6, 1000.0**2, 0.0
    slope = 1.0
    for s in samples:
        x, y = float(s.t1_host_us - base_host), float(s.t2_tick - base_tick)
        half = (s.t4_host_us - s.t1_host_us) / 2
        if half < half_trip + (x - half_trip_at) * 1e-5:  # the least one ages, for it may have been luck
            half_trip, half_trip_at = half, x
        off = y - (mean_y + slope * (x - mean_x))
        if off * off > 25 * spread and abs(off) > 500.0:
            if off > 0 and x < last_good + 10e6:
                continue
            spread = 1000.0**2
        else:
            last_good = x
            spread = (1 - decay) * (spread + off * off * decay)
        dx, dy = x - mean_x, y - mean_y
        mean_x += decay * dx
        mean_y += decay * dy
        variance = (1 - decay) * (variance + dx * dx * decay)
        covariance = (1 - decay) * (covariance + dx * dy * decay)
        if variance > 1e11:  # a slope needs some tenths of a second
            slope = covariance / variance
    return lambda host: base_tick + mean_y + slope * (host - base_host - mean_x - half_trip)


def errors_us(trace: Trace, predict: Predict) -> tuple[float, float]:
    """Return the absolute errors at the end and after the holdover."""
    end, later = trace.end_host_us, trace.end_host_us + HOLDOVER_US
    return abs(predict(end) - trace.tick_at(end)), abs(predict(later) - trace.tick_at(later))


def compare(name: str, model: Model, count: int) -> None:
    """Print the table of one model."""
    others = {
        "minimum round trip": minimum_round_trip,
        "midpoint regression": _regression,
        "weighted regression": weighted_regression,
    }
    found: dict[str, list[tuple[float, float]]] = {"pacerail": [], **{other: [] for other in others}}
    held = 0
    bounds: list[float] = []
    for seed in range(count):
        trace = simulate(seed, model)
        predict, bound = ours(trace.samples)
        found["pacerail"].append(errors_us(trace, predict))
        bounds.append(bound)
        held += found["pacerail"][-1][0] <= bound
        for other, make in others.items():
            found[other].append(errors_us(trace, make(trace.samples)))
    quantiles = {who: np.quantile(np.array(pairs), (0.5, 0.99), axis=0) for who, pairs in found.items()}
    base = quantiles["pacerail"]
    print(f"{name}: {count} traces; our bound (median {np.median(bounds):.0f} us) held in {held}")
    print(f"  {'':20} {'end: p50':>10} {'p99 us':>8} {'ratio':>7}   {'+5 min: p50':>12} {'p99 us':>8} {'ratio':>7}")
    for who, q in quantiles.items():
        end = f"{q[0, 0]:>10.1f} {q[1, 0]:>8.1f} {q[1, 0] / base[1, 0]:>7.1f}"
        print(f"  {who:20} {end}   {q[0, 1]:>12.0f} {q[1, 1]:>8.0f} {q[1, 1] / base[1, 1]:>7.1f}")


def main() -> None:
    """Print a table for each model asked for."""
    parser = argparse.ArgumentParser(description="The clock estimator beside others, on the same traces.")
    parser.add_argument("--traces", type=int, default=200)
    parser.add_argument("--models", nargs="*", choices=sorted(MODELS), default=["usb", "both ways"])
    options = parser.parse_args()
    for name in options.models:
        compare(name, MODELS[name], options.traces)


if __name__ == "__main__":
    main()
