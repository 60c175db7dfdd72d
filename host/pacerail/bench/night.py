"""A race night on the simulated rail: boards that stay on, and one race after the other, each judged by itself."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any

from pacerail.bench.faults import Faults, play
from pacerail.bench.guns import SimGun, Stage
from pacerail.bench.loop import WorldLoop
from pacerail.bench.record import Recorder
from pacerail.bench.run import START_NS, Settings, build_fleet, interrupts_noted, sim_board
from pacerail.bench.simboard import Frame
from pacerail.bench.tally import Tally
from pacerail.bench.world import World
from pacerail.gunsources import Source
from pacerail.model.plan import Plan
from pacerail.model.rail import Rail
from pacerail.race import script
from pacerail.race.night import Night
from pacerail.race.run import start
from pacerail.race.state import Race
from pacerail.report import Report

_UNJUDGED = ("stopped", "interrupted", "recalled")


class BenchNight:
    """The simulated rail, with power on, and the night that is run on it. To be made by `bench_night`.

    `told` gets each race's report when it is over. `rgb[b]` is what board b shows now, in data order.
    """

    def __init__(
        self,
        rail: Rail,
        settings: Settings,
        world: World,
        loop: WorldLoop,
        load: Callable[[str], Plan],
        told: Callable[[Report, Race], None],
    ) -> None:
        self.rail = rail
        self.settings = settings
        self.world = world
        self.tally: Tally | None = None
        """Of the race that is judged now; None between races."""
        self.rgb = [bytes(3 * board.pixels) for board in rail.boards]
        self.report: Report | None = None
        """Of the last race that is over."""
        self._loop = loop
        self._told = told
        self._recorder = Recorder(settings.record, rail) if settings.record is not None else None
        self._pixels = [[led.pixel for led in rail.leds_of(b)] for b in range(len(rail.boards))]
        self._in_order = [pixels == list(range(rail.boards[b].pixels)) for b, pixels in enumerate(self._pixels)]
        self._begun = (0, 0.0)
        self._races = 0
        self._gun = settings.gun
        self._tasks: list[tuple[Race, asyncio.Task[None]]] = []
        world.on_frames = self._take
        fleet = build_fleet(rail, settings, world, [b""] * len(rail.boards))
        self.night = Night(rail, fleet, load, self._sources, begun=self._begin, over=self._end)

    async def run_by_itself(self, plan_name: str) -> None:
        """The whole race, as a person would have it run: loaded, read back, made ready, armed and started.

        Raises RailError when the rail says no.
        """
        night = self.night
        plan = await night.load(plan_name)
        night.confirm(plan.hash)
        await night.ready()
        assert night.race is not None
        if self.settings.orders:
            self._beside(night.race, script.play(night.race, self.settings.orders))
        await night.order("arm")
        if self.settings.gun is None:
            await night.order(f"start in {self.settings.go_in_s:g}")

    def rows(self) -> list[bytes]:
        """What every board shows now: 3 bytes for each of its live LEDs, in running order, in linear light."""
        return [
            rgb if in_order else b"".join(rgb[3 * pixel : 3 * pixel + 3] for pixel in pixels)
            for rgb, in_order, pixels in zip(self.rgb, self._in_order, self._pixels, strict=True)
        ]

    def catch_up(self) -> None:
        """Let every board run up to now: what is shown then is what is seen at this moment."""
        self.world.catch_up()

    def fleet_us_at(self, wall_s: float) -> int:
        """The fleet time in us at a time of time.monotonic() that has been."""
        return self._loop.world_us_at(wall_s)

    def interrupt(self) -> None:
        """A race that is on ends here, as far as the bench goes; its report is made."""
        race = self.night.race
        if race is not None and self.tally is not None:
            race.enter("interrupted")
            self._end(race)

    async def close(self) -> None:
        """End what goes on beside the races."""
        await self.night.close()
        for _, task in self._tasks:
            task.cancel()
        await asyncio.gather(*(task for _, task in self._tasks), return_exceptions=True)

    def _take(self, frames: list[Frame]) -> None:
        tally, race = self.tally, self.night.race
        if tally is not None and race is not None and race.phase not in _UNJUDGED:
            tally.take(frames)
            self.rgb = tally.rgb
            return
        for frame in frames:
            self.rgb[frame.board] = frame.rgb

    def _begin(self, race: Race) -> None:
        self.world.catch_up()  # what was shown until here is the race's before
        faults = Faults(self.settings.faults)
        self.tally = Tally(race.plan, self.rail, race, self._recorder, faults)
        self.tally.rgb = list(self.rgb)
        self._begun = (self.world.now_ns, time.monotonic())
        self._races += 1
        for before, task in self._tasks:
            if before.gun is None:  # it waits for a race that is never run
                task.cancel()
        self._tasks = [(before, task) for before, task in self._tasks if not task.done()]
        if faults.script:
            boot_ms = int(sim_board()["power"]["boot_ms"])
            self._beside(race, play(faults, race, self.world, f"{self.settings.seed}/{self._races}", boot_ms))
        if self._gun is not None and self._races > 1:
            seed, splits_s = f"{self.settings.seed}/{self._races}", self._gun.splits_s
            self._gun = SimGun(self._gun.kind, seed, board=max(0, self._gun.board), splits_s=splits_s)

    def _sources(self) -> Sequence[Source]:
        gun, race, night = self._gun, self.night.race, self.night
        if gun is None or race is None:
            return ()
        stage = Stage(self.world, lambda: race.phase == "armed", lambda heard: start(race, heard))
        self._beside(race, gun.play(stage))
        return gun.sources(night.fleet)

    def _beside(self, race: Race, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append((race, asyncio.create_task(work)))

    def _end(self, race: Race) -> None:
        self.world.catch_up()
        tally, self.tally = self.tally, None
        if tally is None:
            return
        begun_ns, begun_s = self._begun
        self.report = tally.report((self.world.now_ns - begun_ns) / 1e9, time.monotonic() - begun_s)
        self._told(self.report, race)


@contextlib.contextmanager
def bench_night(
    rail: Rail,
    settings: Settings,
    load: Callable[[str], Plan],
    told: Callable[[Report, Race], None] = lambda report, race: None,
) -> Generator[tuple[BenchNight, WorldLoop]]:
    """The simulated rail with its boards on, and the event loop in which its time passes."""
    world = World(START_NS)
    loop = WorldLoop(world, settings.speed)
    asyncio.set_event_loop(loop)
    try:
        with interrupts_noted() as interrupted:
            made = BenchNight(rail, settings, world, loop, load, told)
        if interrupted:
            raise KeyboardInterrupt
        loop.restart_pace()
        yield made, loop
    finally:
        world.close()
        asyncio.set_event_loop(None)
        loop.close()
