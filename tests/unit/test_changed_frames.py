"""A thousand races with changes by chance, as a board shows them: its own code, fed with what goes over the wire."""

from __future__ import annotations

import math
import struct
import zlib
from array import array
from dataclasses import dataclass
from random import Random

from pacerail.compile import PER_M, PER_S, compile_tables, movement_of, with_movement
from pacerail.model.amended import Amended, recent
from pacerail.model.changes import Change, Freeze, Hide, Resume, Retarget, Shift, Show
from pacerail.model.plan import Plan
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail_node import kernels
from pacerail_node.amend import Amendment
from pacerail_node.pacetable import DARK, PaceTable

RAIL = even_rail(boards=1, leds=40)
LAP = round(RAIL.track.lap_m * PER_M)
RACES = 1000
ROUNDING_M = 0.0015
"""A piece's beginning and end are each rounded to 0.1 mm, and a board's quadratic may stray 0.1 mm from the plan."""
FASTEST_MPS = 19.5


@dataclass
class Board:
    """What a board does with a table and with changes of it."""

    table: PaceTable
    amendment: Amendment
    heads: array[int]
    cursor: array[int]

    def amend(self, table: bytes, movement: bytes, counts: tuple[int, int, int], settled_s: float) -> None:
        """Take a change as the messages bring it."""
        begin = struct.pack("<4I", len(movement), counts[1], counts[2], round(settled_s * PER_S))
        assert self.amendment.begin(begin + struct.pack("<I", zlib.crc32(movement)) + table[-8:], 0) is None
        for at in range(0, len(movement), 240):
            part = movement[at : at + 240]
            assert self.amendment.data(at, part, 0, len(part)) is None
        assert self.amendment.end() is None
        assert bytes(self.table.hash) == table[-8:]

    def heads_m(self, race_10us: int) -> list[float | None]:
        """Where the waves stand on the lap; None for those that are dark."""
        table = self.table
        kernels.locate(
            table.waves, table.pieces, table.windows, self.cursor, self.heads, table.wave_count, race_10us, LAP
        )
        return [None if head == DARK else head / PER_M for head in self.heads]


def board_with(table_bytes: bytes) -> Board:
    table = PaceTable(table_bytes)
    waves = table.wave_count
    return Board(table, Amendment(table), array("I", [DARK] * waves), array("I", [0] * waves))


def by_chance(random: Random, plan: Plan) -> Change:
    name = random.choice([*(wave.name for wave in plan.waves), None])
    kind = random.randrange(9)
    if kind < 3:
        unit, most = random.choice([("m", 15.0), ("s", 2.5)])
        over_s = random.choice([0.0, 5.0, 5.0, 12.0])
        return Shift(name, random.uniform(-most, most), "m" if unit == "m" else "s", over_s)
    if kind < 5:
        return Retarget(plan.waves[0].name if name is None else name, random.uniform(40, 260))
    return (Freeze(name), Resume(name), Hide(name), Show(name))[kind - 5]


def jump_allowed_m(change: Change | None, forced: bool) -> float:
    """How far a light may go forward in no time: as far as a shift that is to happen at once asks for."""
    if forced:
        return math.inf
    if isinstance(change, Shift) and change.over_s == 0:
        return abs(change.amount) * (1.0 if change.unit == "m" else FASTEST_MPS)
    return 0.0


def test_no_frame_of_a_thousand_races_moves_a_light_back_or_makes_it_jump() -> None:
    plans = [load_plan(name, RAIL.track) for name in ("breaking4-3-59", "bannister-3-59-4", "record-4-07-64")]
    tables = [compile_tables(plan, RAIL)[0] for plan in plans]
    taken = refused = frames = 0
    for seed in range(RACES):
        random = Random(seed)
        which = random.randrange(len(plans))
        plan, loaded = plans[which], tables[which]
        board = board_with(loaded)
        amended = Amended(plan)
        heads: list[float | None] = [None] * len(plan.waves)
        seen_10us = 0
        at_s = random.uniform(0, 20)
        for _ in range(random.randint(1, 4)):
            at_s += random.uniform(0.3, 25)
            change, forced = by_chance(random, plan), random.random() < 0.15
            undo = bool(amended.steps) and random.random() < 0.2
            try:
                after = (
                    amended.undo(at_s, forced=forced)
                    if undo
                    else amended.with_change(change, at_s, forced=forced)
                )  # fmt: skip
            except ValueError:
                refused += 1
                continue
            amended = after
            taken += 1
            movement = movement_of(recent(amended.plan, at_s - 60), RAIL.track)
            # it comes while the old movement is shown, up to a second before its time
            heard_10us = max(seen_10us, int((at_s - random.uniform(0.05, 1.0)) * PER_S))
            changes_10us = math.ceil(amended.steps[-1].at_s * PER_S - 1e-3)
            allowed_m = jump_allowed_m(None if undo else change, forced)
            ends_10us = int((at_s + 14) * PER_S)
            t = seen_10us
            told = False
            while t < ends_10us:
                step = 480 if abs(t - changes_10us) < 20_000 else random.randrange(10_000, 60_000)
                t += step
                if not told and t >= heard_10us:
                    board.amend(with_movement(loaded, movement), movement.whole, movement.counts, at_s)
                    told = True
                now = board.heads_m(t)
                frames += 1
                for before_m, now_m in zip(heads, now, strict=True):
                    if before_m is None or now_m is None:
                        continue
                    moved_m = math.remainder(now_m - before_m, RAIL.track.lap_m)
                    at_the_change = t - step < changes_10us <= t
                    most_m = FASTEST_MPS * step / PER_S + ROUNDING_M + (allowed_m if at_the_change else 0.0)
                    if not (forced and at_the_change):
                        assert -ROUNDING_M <= moved_m <= most_m, (seed, change, t, moved_m)
                heads = now
            seen_10us = t
            at_s = max(at_s, t / PER_S)
    assert taken > 1500 and refused > 200 and frames > 200_000, (taken, refused, frames)
