"""Does the claimed bound hold over hours, on crystals that wander? Every ten seconds, and for minutes ahead.

Exchanges once a second, as in a race; the estimator is looked at as it goes along and not only at the end. The rate
walks at random all the time, by what the estimator takes it to be (0.01 ppm in a second) and by more. "held" is the
share of looks at which the truth was within the bound, now and so much later; the bound is meant for 99.9 %.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace

import numpy as np

from pacerail.bench.traces import MODELS, simulate
from pacerail.sync import Estimator

AHEAD_S = (0, 5, 60, 300)
_MOST_SAMPLES = 240  # what a race keeps
_LOOK_EVERY = 10
_LATEST_S = max(AHEAD_S)


def looks(name: str, wander_ppm: float, hours: float, traces: int) -> tuple[np.ndarray, np.ndarray]:
    """Errors and bounds in us, each (looks, AHEAD_S)."""
    model = replace(MODELS[name], duration_s=hours * 3600, per_s=1.0, wander_ppm=wander_ppm)
    errors: list[list[float]] = []
    bounds: list[list[float]] = []
    for seed in range(traces):
        trace = simulate(seed, model, holdover_s=_LATEST_S, steady_holdover=False)
        estimator = Estimator(trust_us=math.inf, most=_MOST_SAMPLES)
        for count, sample in enumerate(trace.samples, 1):
            estimator.add(sample)
            if count % _LOOK_EVERY == 0 and (line := estimator.line()) is not None:
                times = [sample.t4_host_us + ahead_s * 1_000_000 for ahead_s in AHEAD_S]
                errors.append([abs(line.tick_at(time) - trace.tick_at(time)) for time in times])
                bounds.append([line.error_at_us(time) for time in times])
    return np.array(errors), np.array(bounds)


def main() -> None:
    """Print a line for each link and wander."""
    parser = argparse.ArgumentParser(description="The clock's bound over hours of wander.")
    parser.add_argument("--traces", type=int, default=10)
    parser.add_argument("--hours", type=float, default=1.0)
    options = parser.parse_args()
    print(
        f"{options.traces} traces of {options.hours:g} h each;   now, then " + ", ".join(f"+{s} s" for s in AHEAD_S[1:])
    )
    for name in ("usb", "both ways", "lopsided"):
        for wander_ppm in (0.0, 0.01, 0.02):
            errors, bounds = looks(name, wander_ppm, options.hours, options.traces)
            held = "  ".join(f"{share:8.3%}" for share in np.mean(errors <= bounds, axis=0))
            p99 = "  ".join(f"{error:6.0f}" for error in np.quantile(errors, 0.99, axis=0))
            ratio = "  ".join(f"{value:4.1f}" for value in np.median(bounds, axis=0) / np.median(errors, axis=0))
            print(f"{name:10} {wander_ppm:4.2f} ppm  held {held}   error p99 us {p99}   bound over error {ratio}")


if __name__ == "__main__":
    main()
