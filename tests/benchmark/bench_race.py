"""The mile on 16 simulated boards as fast as it goes: wall time, frames, light. And what the judge and record cost."""

from __future__ import annotations

import io
import os
import time

from pacerail.bench.run import Settings, run_bench
from pacerail.compile import compile_tables
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail_node.pacetable import PaceTable
from pacerail_node.render import Renderer


def main() -> None:
    """Print a small table."""
    rail = even_rail()
    plan = load_plan("breaking4-3-59", rail.track)
    print(f"{os.cpu_count()} cores; breaking4-3-59, 16 boards of 150 LEDs, +-40 ppm, seed 7")
    with open(os.devnull, "w") as nowhere:
        for name, record in (("judged", None), ("judged and recorded", nowhere)):
            assert record is None or isinstance(record, io.TextIOBase)
            _, report = run_bench(plan, rail, Settings(speed=None, seed=7, ppm=40, record=record))
            light = report.light_error_mm
            print(
                f"{name:22}{report.wall_s:6.1f} s for {report.virtual_s:.0f} s "
                f"({report.virtual_s / report.wall_s:.0f} times real time), {report.frames} frames, light p99 "
                f"{light.p99} mm, max {light.max} mm, skew p99 {report.board_skew_us.p99} us, dropped {report.dropped}"
            )
    renderer = Renderer(PaceTable(compile_tables(plan, rail)[3]))
    pixels = bytearray(450)
    begun = time.perf_counter()
    for k in range(2000):
        renderer.draw(pixels, 2_000_000 + 500 * k)
    print(f"host preview of one board   {(time.perf_counter() - begun) / 2000 * 1e6:6.0f} us a frame, in plain Python")


if __name__ == "__main__":
    main()
