"""What the console costs: the picture of a big rail, the state, and the server with viewers; and how old the page is.

Not a test of time: it prints figures. 64 boards of 150 LEDs, a race that is on, ten viewers who read all.
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import threading
import time
from typing import Any

import aiohttp

from pacerail.board import BoardClient, Status
from pacerail.console.access import Access
from pacerail.console.desk import Desk, real_pace
from pacerail.console.light import PreviewLight
from pacerail.console.run import serve
from pacerail.console.server import ConsoleServer, Offer
from pacerail.fleet import Fleet, Member
from pacerail.gun import scheduled
from pacerail.model.planfile import load_plan
from pacerail.model.rail import Rail, even_rail
from pacerail.ports import host_clock_us
from pacerail.preview import Preview
from pacerail.race.night import Night
from pacerail.race.state import Race

SECONDS = 10.0
VIEWERS = 10
STATUS = Status("running", True, 0, 40, 1.0, 0, 900, 0, 0, 0, 5, 90_000, 0, 0, 31.0, 5.0, "", b"")


class NoBoard:
    """Stands for a link: nobody asks these boards anything."""


def night_of(rail: Rail) -> Night:
    """A night whose race is on; no board is asked, as the race's own work is not what is measured."""
    link: Any = NoBoard()
    members = [Member(BoardClient(board.name, link), board, b"") for board in rail.boards]
    for member in members:
        member.status = STATUS
    fleet = Fleet(members, host_clock_us)
    night = Night(rail, fleet, lambda name: load_plan(name, rail.track))
    plan = load_plan("breaking4-3-59", rail.track)
    night.plan = plan
    night.race = Race(plan, rail, fleet)
    night.race.gun = scheduled(fleet.clock(), -60.0)
    night.race.phase = "running"
    return night


async def look(url: str, origin: str, ages_ms: list[float], sizes: list[int], until_s: float) -> None:
    """A viewer that reads all, and notes how old the clock is that it is told."""
    async with aiohttp.ClientSession() as session, session.ws_connect(url, headers={"Origin": origin}) as ws:
        while time.monotonic() < until_s:
            message = await ws.receive()
            sizes.append(len(message.data))
            if message.type == aiohttp.WSMsgType.TEXT:
                told = json.loads(message.data)
                if told["type"] == "state":
                    ages_ms.append((host_clock_us() - told["fleet_us"]) / 1000)


def looking(access: Access, ages_ms: list[float], sizes: list[int], cpu_s: list[float]) -> None:
    """All viewers, in a thread of their own; their own cost is taken off."""

    async def whole() -> None:
        here = f"127.0.0.1:{access.port}"
        until_s = time.monotonic() + SECONDS
        each = (look(f"http://{here}/ws", f"http://{here}", ages_ms, sizes, until_s) for _ in range(VIEWERS))
        await asyncio.gather(*each)

    begun_s = time.thread_time()
    asyncio.run(whole())
    cpu_s.append(time.thread_time() - begun_s)


async def measured(rail: Rail) -> None:
    """Serve the night to the viewers, and print what it took."""
    night = night_of(rail)
    server = ConsoleServer(Access("127.0.0.1", 0), rail, Offer(False, []))
    server.start()
    desk = Desk(night, PreviewLight(night), real_pace(host_clock_us), server.mailbox)
    ages_ms: list[float] = []
    sizes: list[int] = []
    theirs_s: list[float] = []
    serving = asyncio.create_task(serve(desk, server))
    await asyncio.sleep(0.5)
    viewers = threading.Thread(target=looking, args=(server.access, ages_ms, sizes, theirs_s))
    before, here_s, wall_s = resource.getrusage(resource.RUSAGE_SELF), time.thread_time(), time.monotonic()
    viewers.start()
    while viewers.is_alive():
        await asyncio.sleep(0.1)
    wall_s = time.monotonic() - wall_s
    after = resource.getrusage(resource.RUSAGE_SELF)
    desk_s = time.thread_time() - here_s
    all_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime - theirs_s[0]
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    print(f"race's side (picture, state): {desk_s / wall_s:.1%} of a core")
    print(f"server's side, {VIEWERS} viewers: {(all_s - desk_s) / wall_s:.1%} of a core")
    each = VIEWERS * wall_s
    print(f"messages to each viewer: {len(sizes) / each:.0f} a second, {sum(sizes) / each:,.0f} bytes")
    ages_ms.sort()
    late_ms = ages_ms[int(0.99 * len(ages_ms))]
    print(f"age of the clock a viewer is told: median {statistics.median(ages_ms):.1f} ms, 99 % {late_ms:.1f} ms")


def main() -> None:
    """Print the figures."""
    rail = even_rail(boards=64, leds=150)
    plan = load_plan("breaking4-3-59", rail.track)
    preview = Preview(rail)
    begun_s = time.process_time()
    for frame in range(900):
        preview.picture(plan, 60 + frame / 30)
    took_s = (time.process_time() - begun_s) / 900
    print(f"a picture of {len(rail.leds):,} LEDs: {took_s * 1e3:.2f} ms, {took_s * 30:.1%} of a core at 30 a second")
    asyncio.run(measured(rail))


if __name__ == "__main__":
    main()
