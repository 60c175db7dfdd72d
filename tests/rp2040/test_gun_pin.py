"""An edge on the gun pin of the emulated chip, at any moment of a race that is on: how far off is its tick?"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from pacerail import firmware
from pacerail.bench.loop import WorldLoop
from pacerail.board import BoardClient, Edges
from pacerail.compile import compile_tables
from pacerail.fleet import new_estimator
from pacerail.link import Link
from pacerail.model.planfile import load_plan
from pacerail_node.guns import irq
from tests.rp2040.emulated import EmulatedBoard
from tests.rp2040.test_on_the_chip import LOCKED, PINS, PLAN, rail_of

GUN_PIN = 21
PIO_LATE_US = 3
OUTPUTS = {"a state machine": (60, 20), "an interrupt: strips have all state machines": (8,) * 8}


class Armed:
    """A board that is armed, with its clock set; from `go` on an allocation would end its firmware."""

    def __init__(self, outputs: tuple[int, ...], xip_miss: int, scratch: Path) -> None:
        kind = firmware.load_board_type("pico")
        config = firmware.board_config(kind, firmware.BoardSettings("b01", outputs, gun_pin=GUN_PIN))
        self.board = EmulatedBoard(
            firmware.build(kind, config) | {"main.py": LOCKED}, scratch, PINS[: len(outputs)], xip_miss
        )
        self.loop = WorldLoop(self.board, None)  # pyright: ignore[reportArgumentType] - as much of a world as it needs
        asyncio.set_event_loop(self.loop)
        self.board.run_for(1.5)
        assert self.board.heard == b"", self.board.heard.decode(errors="replace")
        self.client = BoardClient("b01", Link(self.board))
        path = scratch / "plan.toml"
        path.write_text(PLAN)
        rail = rail_of(scratch, outputs)
        plan = load_plan(path, rail.track)
        estimator = new_estimator()
        assert self.do(self.client.hello()).gun
        self.do(self.client.upload(compile_tables(plan, rail)[0]))
        for _ in range(20):
            sample, again = self.do(self.client.sample())
            estimator.add(sample, again)
            self.board.run_for(0.02)
        line = estimator.line()
        assert line is not None
        self.do(self.client.set_line(line, self.board.host_clock_us()))
        self.do(self.client.arm(plan.hash))

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Talk to the board."""
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        """Power off."""
        self.board.close()
        asyncio.set_event_loop(None)
        self.loop.close()

    def edge(self, rng: random.Random, bounces: int) -> float:
        """Close the contact, with bounces, while a message is on its way or not, and open it; its true us."""
        if rng.random() < 0.5:
            self.board.write(bytes(30))  # delimiters only: traffic that asks for nothing
        self.board.run_for(rng.random() * 0.001)
        self.board.drive(GUN_PIN, False)
        for _ in range(bounces):
            for level in (True, False):
                self.board.run_for(rng.random() * 0.0005)
                self.board.drive(GUN_PIN, level)
        self.board.run_for(0.06)
        self.board.drive(GUN_PIN, True)
        self.board.run_for(0.06 + rng.random() * 0.03)
        return self.board.driven_ns[-2 - 2 * bounces] / 1000


@pytest.mark.parametrize("xip_miss", [0, 92])
@pytest.mark.parametrize("outputs", OUTPUTS.values(), ids=OUTPUTS)
def test_an_edge_is_where_it_was(outputs: tuple[int, ...], xip_miss: int, tmp_path: Path) -> None:
    """Dark and armed, and with the light running; with a flash cache that never misses, and one that misses dearly.

    The emulated timer starts with the chip, so a tick is the emulated time in us.
    """
    armed = Armed(outputs, xip_miss, tmp_path)
    errors_us: list[float] = []
    try:
        late_us = armed.do(armed.client.edges()).late_us
        assert late_us == (PIO_LATE_US if len(outputs) < 8 else irq.HARD_LATE_US)
        rng = random.Random(xip_miss)
        for k in range(24):
            if k == 6:
                armed.do(armed.client.go(armed.board.host_clock_us()))
            true_us = armed.edge(rng, bounces=k % 3)
            edges: Edges = armed.do(armed.client.edges())
            assert edges.count == k + 1 and edges.kept[-1][0] == k + 1 and edges.kept[0][0] == 1
            errors_us.append(edges.kept[-1][1] - true_us)
        status = armed.do(armed.client.status())
        assert status.edges == 24 and status.state == "running"
    finally:
        armed.close()
    errors_us.sort()
    print(f"{len(outputs)} outputs, miss {xip_miss}: {errors_us[0]:.1f} {errors_us[12]:.1f} {errors_us[-1]:.1f} us")
    assert errors_us[0] >= -2 and errors_us[-1] <= late_us


def test_a_loose_wire_costs_no_frames(tmp_path: Path) -> None:
    """500 edges in half a second while the light runs: the board goes on as if nothing were."""
    armed = Armed((60,), 46, tmp_path)
    try:
        armed.do(armed.client.go(armed.board.host_clock_us()))
        armed.board.run_for(0.5)
        before = armed.do(armed.client.status())
        armed.board.run_for(0.5)
        calm = armed.do(armed.client.status())
        for _ in range(500):
            armed.board.drive(GUN_PIN, False)
            armed.board.run_for(0.0005)
            armed.board.drive(GUN_PIN, True)
            armed.board.run_for(0.0005)
        loose = armed.do(armed.client.status())
    finally:
        armed.close()
    assert 5 <= loose.edges <= 10
    assert loose.frames - calm.frames >= calm.frames - before.frames - 3
    assert loose.late - calm.late <= 2
