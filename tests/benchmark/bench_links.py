"""How good the clocks are on every link of the bench, by the true time: the claimed bound, the error, the light.

One mile on 16 boards for each link, crystals up to +-40 ppm off. "held" is the share of looks, one a second at each
board, at which the true error was within the bound that the host claimed then; "error" is that of the host's line, and
"skew" the spread of the boards' own clocks. "ratio" is the median bound over the median error: how much too careful.
"""

from __future__ import annotations

import argparse
import asyncio

import numpy as np

from pacerail.bench.delays import LINKS
from pacerail.bench.run import Bench, Settings, run_bench
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail

HEAD = (
    "link          boards   held     bound us        error us            ratio  light mm     skew us  set up  wall\n"
    "              a pair            p50   max    p50   p99   max              p99   max     p99       s      s"
)


class Truth:
    """Looks once a second at each board's line, its claimed bound and its crystal."""

    def __init__(self) -> None:
        self.errors_us: list[int] = []
        self.bounds_us: list[float] = []
        self.armed_s = 0.0

    async def __call__(self, bench: Bench) -> None:
        begun_ns = bench.world.now_ns
        while True:
            await asyncio.sleep(1.0)
            if not self.armed_s and bench.race.gun is not None:
                self.armed_s = (bench.world.now_ns - begun_ns) / 1e9
            now_us = bench.world.host_clock_us()
            for member, board in zip(bench.race.fleet.members, bench.world.boards, strict=True):
                line = member.estimator.line()
                if line is not None:
                    self.errors_us.append(abs(line.tick_at(now_us) - board.crystal.tick_at(now_us * 1000)))
                    self.bounds_us.append(line.error_at_us(now_us))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="The clocks on every simulated link, held against the true time.")
    parser.add_argument("--links", nargs="*", choices=list(LINKS), default=list(LINKS))
    parser.add_argument("--boards", type=int, default=16)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    rail = even_rail(boards=options.boards, leds=150)
    plan = load_plan("breaking4-3-59", rail.track)
    print(HEAD)
    for name in options.links:
        truth = Truth()
        _, report = run_bench(plan, rail, Settings(speed=None, seed=options.seed, ppm=40, link=name), truth)
        errors, bounds = np.array(truth.errors_us), np.array(truth.bounds_us)
        pair = LINKS[name].pair
        middle_error, middle_bound = float(np.median(errors)), float(np.median(bounds))
        light = report.light_error_mm
        print(
            f"{name:14}{pair.boards if pair else 1:4}   {np.mean(errors <= bounds):8.3%}"
            f"{middle_bound:7.0f}{bounds.max():7.0f}"
            f"{middle_error:6.0f}{np.quantile(errors, 0.99):6.0f}{errors.max():6.0f}"
            f"{middle_bound / max(middle_error, 1):11.1f}{light.p99:9}{light.max:7}{report.board_skew_us.p99:9}"
            f"{truth.armed_s:8.0f}{report.wall_s:7.1f}"
        )


if __name__ == "__main__":
    main()
