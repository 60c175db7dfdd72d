"""Faults on a script: power cuts and pulled plugs at stated race times, and what came of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal

from pacerail.bench.crystal import TICK_MASK, WANDER_PPB, Crystal
from pacerail.bench.simboard import Frame
from pacerail.bench.world import World
from pacerail.model.document import Table, read_document
from pacerail.model.rail import Rail
from pacerail.model.units import format_time, parse_time_s
from pacerail.race.state import Race
from pacerail_node.clock import BEFORE_10US

Kind = Literal["power", "link", "host"]
GRACE_S = 3.0
"""A board whose power comes back is lit and right again within so long, or it is counted as wrong."""


@dataclass(frozen=True)
class Fault:
    """At a race time a board loses its power or its link, or the host all its links, for so long."""

    at_s: float
    kind: Kind
    board: int
    """Its place on the rail; -1 for the host."""
    for_s: float


@dataclass
class Outage:
    """A board was without power from a race time on, came back at another, and showed the race again at a third."""

    board: int
    off_s: float
    back_s: float
    again_s: float | None = None

    @property
    def excused_until_s(self) -> float:
        """Until when what the board shows is this outage's fault."""
        allowed_s = self.back_s + GRACE_S
        return allowed_s if self.again_s is None else min(self.again_s, allowed_s)


@dataclass
class Faults:
    """The faults of a bench, and the outages that came of them."""

    script: tuple[Fault, ...] = ()
    outages: list[Outage] = field(default_factory=list[Outage])

    def excused_spans(self, board: int) -> list[tuple[float, float]]:
        """The race times in which a board is not judged."""
        return [(outage.off_s, outage.excused_until_s) for outage in self.outages if outage.board == board]

    def excuse(self, board: int, race_s: float) -> bool:
        """Whether a board is not judged at a race time."""
        return any(off_s <= race_s < until_s for off_s, until_s in self.excused_spans(board))

    def watch(self, frame: Frame, race_s: float) -> None:
        """Take note of a frame: the first one of the race after an outage ends it."""
        for outage in self.outages:
            waiting = outage.board == frame.board and outage.again_s is None and race_s >= outage.back_s
            if waiting and frame.race_10us > BEFORE_10US:
                outage.again_s = race_s

    def words(self, rail: Rail) -> list[str]:
        """What happened, one line each."""
        lines: list[str] = []
        for fault in self.script:
            who = "the host" if fault.board < 0 else rail.boards[fault.board].name
            what = "lost power" if fault.kind == "power" else "lost its link" if fault.board >= 0 else "was unplugged"
            line = f"{who} {what} at {format_time(fault.at_s)} for {fault.for_s:g} s"
            for outage in self.outages:
                if fault.kind == "power" and outage.board == fault.board and abs(outage.off_s - fault.at_s) < 0.01:
                    again = "never came back into the race"
                    if outage.again_s is not None:
                        again = f"was back in the race {outage.again_s - outage.back_s:.2f} s after its power"
                    line += f", {again}"
            lines.append(line)
        return lines


def load_faults(path: str | Path, rail: Rail, end_s: float) -> tuple[Fault, ...]:
    """The faults of a TOML file, in the order of their times, all of them before a race time at which it is over.

    A list of [[fault]] with at (race time), kind ("power", "link", "host"), board (its name; not for "host") and
    for_s. Raises InputError with every mistake.
    """
    document = read_document("faults", path)
    document.root.only(("fault",))
    if not document.root.tables("fault"):
        document.mistake((), "no [[fault]]; expected at least one, with at, kind, board and for_s")
    faults = [_fault(table, rail) for table in document.root.tables("fault")]
    for k, fault in enumerate(faults):
        if fault.at_s >= end_s:
            document.mistake(("fault", k, "at"), f"the race is over at {format_time(end_s)}; expected it before that")
    for k, fault in enumerate(faults):
        if any(_overlap(fault, other) for other in faults[:k]):
            document.mistake(("fault", k), f"its board has no power then already; expected {GRACE_S:g} s in between")
    document.check()
    return tuple(sorted(faults, key=lambda fault: fault.at_s))


def _overlap(one: Fault, other: Fault) -> bool:
    """Two power cuts of one board, the second before it is back in the race from the first."""
    if not (one.kind == other.kind == "power" and one.board == other.board):
        return False
    return one.at_s < other.at_s + other.for_s + GRACE_S and other.at_s < one.at_s + one.for_s + GRACE_S


def _fault(table: Table, rail: Rail) -> Fault:
    table.only(("at", "kind", "board", "for_s"))
    for key in ("at", "kind"):
        if key not in table:
            table.document.mistake(table.path, f"no {key}; expected at, kind, board and for_s")
    kind = table.choice("kind", ("power", "link", "host"), "power")
    names = [board.name for board in rail.boards]
    board = -1
    if kind != "host":
        name = table.choice("board", names, names[0])
        if "board" not in table:
            table.document.mistake(table.path, "no board; expected the name of one on the rail, such as b05")
        board = names.index(name)
    elif "board" in table:
        table.mistake("board", 'a "host" fault is of no board; expected no board')
    return Fault(
        at_s=table.parsed("at", parse_time_s, 0.0),
        kind="power" if kind == "power" else "link" if kind == "link" else "host",
        board=board,
        for_s=table.number("for_s", 1.0, 0.01, 100_000),
    )


async def play(faults: Faults, race: Race, world: World, seed: str, boot_ms: int) -> None:
    """Bring the faults about, once there is a gun to count from. Ends with the last one's end."""
    while race.gun is None:
        await asyncio.sleep(0.1)
    zero_us = race.gun.zero_us  # of the first start: a recall does not mend a cable
    await asyncio.gather(*(_bring_about(faults, fault, race, world, seed, boot_ms, zero_us) for fault in faults.script))


async def _bring_about(
    faults: Faults, fault: Fault, race: Race, world: World, seed: str, boot_ms: int, zero_us: int
) -> None:
    await _until(race, fault.at_s, zero_us)
    if fault.kind == "power":
        world.catch_up()
        outage = Outage(fault.board, race.race_s() or 0.0, fault.at_s + fault.for_s)
        faults.outages.append(outage)
        board, link = world.boards[fault.board], world.links[fault.board]
        board.power_off()
        link.powered = False
        link.forget()
        world.show_dark(fault.board)
        await _until(race, outage.back_s, zero_us)
        again = f"{seed}/{fault.board}/{fault.at_s}"
        board.power_on(
            Crystal(
                world.now_ns + boot_ms * 1_000_000,
                Random(again).randrange(TICK_MASK + 1),
                board.crystal.rate_ppb,
                WANDER_PPB,
                again + "/wander",
            )
        )
        board.await_start()
        link.powered = True
        return
    links = world.links if fault.board < 0 else [world.links[fault.board]]
    for link in links:
        link.cut = True
        link.forget()
    await _until(race, fault.at_s + fault.for_s, zero_us)
    for link in links:
        link.cut = False


async def _until(race: Race, race_s: float, zero_us: int) -> None:
    while (left_s := race_s - (race.fleet.clock() - zero_us) / 1e6) > 1e-6:
        await asyncio.sleep(left_s)
