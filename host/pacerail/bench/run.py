"""One bench: boards are built and powered, the real race is run over their simulated links, the light is judged."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
import tomllib
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TextIO

from pacerail.bench.bus import lay_links
from pacerail.bench.delays import LINKS
from pacerail.bench.faults import Fault, Faults, play
from pacerail.bench.guns import SimGun, Stage
from pacerail.bench.image import build_image, firmware_files
from pacerail.bench.loop import WorldLoop
from pacerail.bench.record import Recorder
from pacerail.bench.simboard import SimBoard
from pacerail.bench.tally import Tally
from pacerail.bench.world import World, draw_crystal
from pacerail.board import BoardClient
from pacerail.compile import compile_tables
from pacerail.fleet import Fleet, Member
from pacerail.model.plan import Plan
from pacerail.model.rail import Board, Rail
from pacerail.race import script as scripts
from pacerail.race.run import run, start
from pacerail.race.script import Timed
from pacerail.race.state import Race
from pacerail.report import Report
from pacerail.resources import folder

START_NS = 3_600_000_000_000  # the host has been up for an hour
_UP_FOR_MS = 60_000  # boards were powered at some time in the minute before


@dataclass(frozen=True)
class Settings:
    """What a bench is run with."""

    speed: float | None = 1.0
    """Virtual seconds in a second; None: as fast as it goes."""
    seed: int = 1
    ppm: float = 20.0
    """Crystals are off by up to so much either way."""
    go_in_s: float = 3.0
    record: TextIO | None = None
    faults: tuple[Fault, ...] = ()
    orders: tuple[Timed, ...] = ()
    link: str = "usb"
    """One of delays.LINKS."""
    loss_share: float = 0.0
    """Messages that are lost or damaged on the links."""
    gun: SimGun | None = None
    """Where the gun comes from; None: it goes `go_in_s` after arming."""


@dataclass
class Bench:
    """A bench under way."""

    plan: Plan
    rail: Rail
    settings: Settings
    world: World
    race: Race
    tally: Tally
    faults: Faults


View = Callable[[Bench], Awaitable[None]]
"""Shows a bench while it runs; cancelled when it is over."""


def run_bench(plan: Plan, rail: Rail, settings: Settings, view: View | None = None) -> tuple[Bench, Report]:
    """Run a plan on the simulated rail. Raises RailError when the rail says no.

    Ctrl-C ends the race; the report is then on what was run until there, and its phase "interrupted".
    """
    wall_begun = time.monotonic()
    tables = compile_tables(plan, rail)
    world = World(START_NS)
    loop = WorldLoop(world, settings.speed)
    asyncio.set_event_loop(loop)
    try:
        with interrupts_noted() as interrupted:  # C code that writes flash images would swallow a KeyboardInterrupt
            bench = build_bench(plan, rail, settings, world, tables)
        if interrupted:
            raise KeyboardInterrupt
        loop.restart_pace()
        loop.run_until_complete(_run(bench, view))
        world.catch_up()
    finally:
        world.close()
        asyncio.set_event_loop(None)
        loop.close()
    virtual_s = (world.now_ns - START_NS) / 1e9
    return bench, bench.tally.report(virtual_s, time.monotonic() - wall_begun)


@contextlib.contextmanager
def interrupts_noted() -> Generator[list[int]]:
    """Ctrl-C adds to the list it gives, and raises nothing until it is looked at."""
    noted: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: noted.append(number))
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


def build_bench(plan: Plan, rail: Rail, settings: Settings, world: World, tables: Sequence[bytes]) -> Bench:
    """Boards built and powered, links laid, a race ready to be run in the world's event loop."""
    race = Race(plan, rail, build_fleet(rail, settings, world, tables))
    recorder = Recorder(settings.record, rail) if settings.record is not None else None
    faults = Faults(settings.faults)
    tally = Tally(plan, rail, race, recorder, faults)
    world.on_frames = tally.take
    return Bench(plan, rail, settings, world, race, tally, faults)


def build_fleet(rail: Rail, settings: Settings, world: World, tables: Sequence[bytes]) -> Fleet:
    """The boards of a rail, built and powered, and links laid to them; `tables` are what the host is to upload."""
    sim = sim_board()
    files = firmware_files()
    members: list[Member] = []
    gun = settings.gun
    model = LINKS[settings.link].losing(settings.loss_share)
    laid = lay_links(world, model, str(settings.seed), rail.boards, rail.key)
    for index, (board, (link, end)) in enumerate(zip(rail.boards, laid, strict=True)):
        seed = f"{settings.seed}/{board.name}"
        config = board_config(board, sim, rail.key, model.quiet_us, gun is not None and gun.board == index)
        flash = build_image(files, config, int(sim["flash_kib"]))
        wire_us = 30 * max(output.leds for output in board.outputs) + 300
        simulated = SimBoard(index, flash, wire_us, int(sim["heap_kib"]), board.pixels)
        world.add(simulated, end)
        booted_ns = START_NS - Random(seed + "/boot").randrange(1, _UP_FOR_MS) * 1_000_000
        simulated.power_on(draw_crystal(seed + "/crystal", booted_ns, settings.ppm))
        client = BoardClient(board.name, link, board.address)
        members.append(Member(client, board, tables[index]))
    for simulated in world.boards:
        simulated.await_start()
    return Fleet(members, world.host_clock_us)


def sim_board() -> dict[str, Any]:
    """What boards/sim/sim.toml says."""
    return tomllib.loads((folder("boards") / "sim" / "sim.toml").read_text())


def board_config(
    board: Board, sim: dict[str, Any], key: bytes | None = None, quiet_us: int = 0, gun: bool = False
) -> dict[str, Any]:
    """What board.json of a simulated board says; `gun`: it has a gun pin."""
    return {
        **({"key": key.hex()} if key is not None else {}),
        "hardware": sim["hardware"],
        "name": board.name,
        "uid": board.uid or f"sim-{board.name}",
        "type": board.type,
        "address": board.address,
        "outputs": [output.leds for output in board.outputs],
        "costs": sim["costs"],
        "quiet_us": quiet_us,
        **({"pins": {"gun": 0}} if gun else {}),
    }


async def _run(bench: Bench, view: View | None) -> None:
    race, gun = bench.race, bench.settings.gun
    if gun is None:
        task = asyncio.ensure_future(run(race, bench.settings.go_in_s))
    else:
        task = asyncio.ensure_future(run(race, sources=gun.sources(race.fleet)))
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError, ValueError):  # no signals off the main thread
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
    beside: list[Awaitable[None]] = []
    if gun is not None:
        beside.append(gun.play(Stage(bench.world, lambda: race.phase == "armed", lambda heard: start(race, heard))))
    if bench.faults.script:
        boot_ms = int(sim_board()["power"]["boot_ms"])
        beside.append(play(bench.faults, bench.race, bench.world, str(bench.settings.seed), boot_ms))
    if bench.settings.orders:
        beside.append(scripts.play(bench.race, bench.settings.orders))
    if view is not None:
        beside.append(view(bench))
    others = [asyncio.ensure_future(other) for other in beside]
    try:
        await task
    except asyncio.CancelledError:
        bench.race.enter("interrupted")
    finally:
        with contextlib.suppress(NotImplementedError, ValueError):
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
        for other in others:
            other.cancel()
        for ended in await asyncio.gather(*others, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
