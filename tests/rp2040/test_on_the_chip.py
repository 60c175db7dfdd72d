"""The firmware as it is built, on stock MicroPython on an emulated RP2040: a race, and what the LEDs' pins showed."""

from __future__ import annotations

import asyncio
import itertools
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacerail import firmware
from pacerail.bench.loop import WorldLoop
from pacerail.board import BoardClient
from pacerail.compile import compile_tables
from pacerail.fleet import Fleet, Member
from pacerail.link import Link
from pacerail.model.planfile import load_plan
from pacerail.model.rail import Rail
from pacerail.model.railfile import load_rail
from pacerail.race.run import run
from pacerail.race.state import Race
from pacerail_node.pacetable import PaceTable
from pacerail_node.render import Renderer
from tests.rp2040.emulated import EmulatedBoard, Shown, folder_or_skip

PLAN = """\
title    = "two waves"
distance = "20 m"
[[wave]]
name     = "target"
colour   = "#20ff80"
length_m = 9.0
target   = "3.0"
hold_s   = 0.5
[[wave]]
name     = "record"
colour   = "#ff0040"
length_m = 12.0
target   = "3.4"
ahead_m  = 4.0
"""
LATCH_US = 300
PINS = firmware.load_board_type("pico").output_pins


def rail_of(folder: Path, outputs: tuple[int, ...]) -> Rail:
    """One board round the lap, its outputs one behind the other, all LEDs at the same pitch."""
    kerb_m = 398.1143
    pitch_m = kerb_m / sum(outputs)
    text = 'title = "chip"\n[[board]]\nname = "b01"\ntype = "pico"\nport = "none"\n'
    at_m = 0.0
    for leds in outputs:
        to_m = (at_m + leds * pitch_m) % kerb_m
        text += f"[[board.output]]\nleds = {leds}\nfrom_m = {at_m:.4f}\nto_m = {0.0 if to_m < 0.001 else to_m:.4f}\n"
        at_m = to_m
    path = folder / "rail.toml"
    path.write_text(text)
    return load_rail(path)


def built(outputs: tuple[int, ...]) -> dict[str, bytes]:
    """The files of a board with these outputs."""
    kind = firmware.load_board_type("pico")
    return firmware.build(kind, firmware.board_config(kind, firmware.BoardSettings("b01", outputs)))


LOCKED = b"""\
import micropython
from pacerail_node import node

def go(self, _go=node.ACTIONS[9]):
    answer = _go(self)
    micropython.heap_lock()
    return answer

node.ACTIONS[9] = go
import pacerail_start
"""


class Ran:
    """A race that was run on the emulated board. From the gun's time on an allocation would end its firmware."""

    def __init__(self, outputs: tuple[int, ...], scratch: Path) -> None:
        self.outputs = outputs
        path = scratch / "plan.toml"
        path.write_text(PLAN)
        rail = rail_of(scratch, outputs)
        plan = load_plan(path, rail.track)
        self.table = compile_tables(plan, rail)[0]
        self.board = EmulatedBoard(built(outputs) | {"main.py": LOCKED}, scratch, PINS[: len(outputs)])
        loop = WorldLoop(self.board, None)  # pyright: ignore[reportArgumentType] - as much of a world as it needs
        try:
            self.board.run_for(1.5)
            assert self.board.heard == b"", self.board.heard.decode(errors="replace")
            link = Link(self.board)
            member = Member(BoardClient("b01", link), rail.boards[0], self.table)
            self.race = Race(plan, rail, Fleet([member], self.board.host_clock_us))
            asyncio.set_event_loop(loop)
            loop.run_until_complete(run(self.race, 1.0))
            self.board.run_for(0.6)
            self.status = loop.run_until_complete(member.client.status())
        finally:
            asyncio.set_event_loop(None)
            loop.close()
            self.board.close()
        assert self.race.gun is not None
        self.gun_us = self.race.gun.zero_us

    def frames(self) -> list[tuple[Shown, ...]]:
        """For each instant the frames of all outputs."""
        pins = PINS[: len(self.outputs)]
        lists = [[shown for shown in self.board.shown if shown.pin == pin] for pin in pins]
        return list(zip(*lists, strict=True))


@pytest.fixture(scope="module", params=[(60,), (40, 25, 1)], ids=["60", "40+25+1"])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """A race on one output, and on three unlike ones."""
    folder_or_skip()
    yield Ran(request.param, tmp_path_factory.mktemp("rp2040"))


def test_the_board_does_its_part(ran: Ran) -> None:
    """From upload to the end; nothing damaged on the way, heap to spare."""
    assert ran.race.phase == "finished"
    assert ran.status.state == "finished"
    assert ran.status.bad_frames == 0
    assert ran.status.free_heap > 120_000


def test_bit_times_are_within_the_data_sheet(ran: Ran) -> None:
    """WS2812B: high 0.25 to 0.55 us for a 0, 0.65 to 0.95 us for a 1, 1.25 us a bit."""
    for shown in ran.board.shown:
        low, high = shown.high0_ns
        assert low >= 250 and high <= 550
        if shown.high1_ns[1]:
            assert shown.high1_ns[0] >= 650 and shown.high1_ns[1] <= 950
        assert shown.period_ns[0] >= 1200 and shown.period_ns[1] <= 1300
        assert shown.bits == 24 * ran.outputs[PINS.index(shown.pin)]


def test_all_outputs_end_together(ran: Ran) -> None:
    """Whatever their lengths, within two thirds of a microsecond (the last bit's own length is 0.4 of it)."""
    for frames in ran.frames():
        ends = [shown.end_ns for shown in frames]
        assert max(ends) - min(ends) < 700


def test_frames_are_as_fast_as_the_wire_and_never_run_together(ran: Ran) -> None:
    """While a light moves: one frame every data and latch time, and never less than 280 us of latch."""
    longest = ran.outputs.index(max(ran.outputs))
    frames = [frames[longest] for frames in ran.frames()]
    wire_us = 30 * max(ran.outputs) + LATCH_US
    gaps_us = [(b.begin_ns - a.end_ns) / 1000 for a, b in itertools.pairwise(frames)]
    assert min(gaps_us) > 280
    lit = [
        shown for shown, all_outputs in zip(frames, ran.frames(), strict=True) if any(any(s.data) for s in all_outputs)
    ]
    periods_us = [(b.begin_ns - a.begin_ns) / 1000 for a, b in itertools.pairwise(lit)]
    assert len(lit) > 1000
    assert statistics.median(periods_us) == pytest.approx(wire_us, abs=0.1)
    assert sum(period > 1.5 * wire_us for period in periods_us) < 0.03 * len(lit)


def test_every_frame_is_the_hosts_preview_of_its_instant(ran: Ran) -> None:
    """Byte for byte, at a race time that differs from the true one by no more than the clock's error."""
    table = PaceTable(ran.table)
    renderer = Renderer(table)
    pixels = bytearray(3 * table.pixels)
    longest = ran.outputs.index(max(ran.outputs))

    def preview(race_10us: int) -> bytes:
        renderer.draw(pixels, race_10us)
        return b"".join(bytes((pixels[i + 1], pixels[i], pixels[i + 2])) for i in range(0, len(pixels), 3))

    last = 0
    errors_us: list[int] = []
    for frames in ran.frames():
        visible_us = frames[longest].begin_ns / 1000 + 30 * max(ran.outputs) + LATCH_US
        true_10us = round((visible_us - ran.gun_us) / 10)
        data = b"".join(shown.data for shown in frames)
        if not any(data):
            continue
        tries = sorted(range(-150, 151), key=lambda off, last=last: abs(off - last))
        off = next((off for off in tries if preview(true_10us + off) == data), None)
        assert off is not None, f"no preview within 1.5 ms of {true_10us / 100_000} s has these bytes"
        last = off
        errors_us.append(10 * abs(off))
    assert len(errors_us) > 1000
    errors_us.sort()
    assert errors_us[len(errors_us) // 2] <= 200
    assert errors_us[int(0.99 * len(errors_us))] <= 500  # 3 mm of light
