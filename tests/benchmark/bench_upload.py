"""A plan to all boards, in virtual time: 32 on USB, side by side against one by one; 16 on pairs that they share."""

from __future__ import annotations

import asyncio

from pacerail.bench.delays import LINKS
from pacerail.bench.loop import WorldLoop
from pacerail.bench.run import Settings, build_bench
from pacerail.bench.world import World
from pacerail.compile import compile_tables
from pacerail.fleet import upload_one
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail


def upload_s(boards: int, leds: int, link: str, side_by_side: bool = True) -> tuple[float, int]:
    """How long the upload takes, in virtual s, and how long a pace table is in bytes."""
    rail = even_rail(boards=boards, leds=leds)
    plan = load_plan("breaking4-3-59", rail.track)
    tables = compile_tables(plan, rail)
    world = World(3_600_000_000_000)
    loop = WorldLoop(world, None)
    try:
        bench = build_bench(plan, rail, Settings(speed=None, link=link), world, tables)
        fleet = bench.race.fleet
        begun_ns = world.now_ns
        if side_by_side:
            loop.run_until_complete(fleet.each("upload", upload_one))
        else:
            for member in fleet.members:
                loop.run_until_complete(upload_one(member))
        return (world.now_ns - begun_ns) / 1e9, len(tables[0])
    finally:
        world.close()
        asyncio.set_event_loop(None)
        loop.close()


def main() -> None:
    """Print the times and their ratios."""
    together_s, size = upload_s(32, 75, "usb")
    apart_s, _ = upload_s(32, 75, "usb", side_by_side=False)
    print(f"{size} bytes to each of 32 boards: {together_s:.3f} s side by side, {apart_s:.3f} s one by one")
    print(f"ratio {apart_s / together_s:.1f}; the budget is 1 s")
    for name, link in LINKS.items():
        if link.pair is not None and link.pair.boards > 1:
            took_s, size = upload_s(16, 150, name)
            floor_s = link.pair.boards * size * link.byte_ns / 1e9
            print(
                f"{size} bytes to each of 16 boards, {link.pair.boards} a pair, {name}: {took_s:.2f} s; "
                f"ratio to what the tables' bytes alone take on a pair: {took_s / floor_s:.1f}"
            )


if __name__ == "__main__":
    main()
