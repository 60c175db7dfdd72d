"""A plan to 32 boards at once, over simulated USB links: virtual time, all boards side by side against one by one."""

from __future__ import annotations

import asyncio

from pacerail.bench.loop import WorldLoop
from pacerail.bench.run import Settings, build_bench
from pacerail.bench.world import World
from pacerail.compile import compile_tables
from pacerail.fleet import upload_one
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail


def main() -> None:
    """Print both times and their ratio."""
    rail = even_rail(boards=32, leds=75)
    plan = load_plan("breaking4-3-59", rail.track)
    tables = compile_tables(plan, rail)
    times_s: list[float] = []
    for side_by_side in (True, False):
        world = World(3_600_000_000_000)
        loop = WorldLoop(world, None)
        try:
            bench = build_bench(plan, rail, Settings(speed=None), world, tables)
            fleet = bench.race.fleet
            begun_ns = world.now_ns
            if side_by_side:
                loop.run_until_complete(fleet.each("upload", upload_one))
            else:
                for member in fleet.members:
                    loop.run_until_complete(upload_one(member))
            times_s.append((world.now_ns - begun_ns) / 1e9)
        finally:
            world.close()
            asyncio.set_event_loop(None)
            loop.close()
    size = len(tables[0])
    print(f"{size} bytes to each of 32 boards: {times_s[0]:.3f} s side by side, {times_s[1]:.3f} s one by one")
    print(f"ratio {times_s[1] / times_s[0]:.1f}; the budget is 1 s")


if __name__ == "__main__":
    main()
