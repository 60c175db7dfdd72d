"""Strips of every kind on the emulated chip: what their pins, or the SPI, showed of frames that a script submits."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from pacerail_node.messages import TEMPERATURE_BIAS
from tests.rp2040.emulated import EmulatedBoard
from tests.rp2040.test_on_the_chip import PINS, built

FRAMES = 40
SCRIPT = """\
import json, micropython, time
from pacerail_node import kernels
from pacerail_node.hardware.rp2 import Board
config = json.load(open("board.json"))
config["watchdog_ms"] = 0
board = Board(config)
strip = board.strip
px = strip.buffer
LIMIT
t = board.ticks_us
starts = [0] * FRAMES
frames = []
seed = 1
for k in range(FRAMES):
    frames.append(bytearray(len(px)))
    for j in range(k * 3):
        seed = seed * 75 % 65537
        frames[k][seed % len(px)] = seed >> 8
def run():
    for k in range(FRAMES):
        while not strip.ready(t()):
            pass
        kernels.move(px, 0, frames[k], 0, len(px))
        start = time.ticks_add(starts[k - 1], strip.wire_us) if k else time.ticks_add(t(), 3000)
        starts[k] = strip.submit(start, 0)
        if k == 25:
            time.sleep_ms(20)
micropython.heap_lock()
run()
micropython.heap_unlock()
print(json.dumps({"starts": starts, "wire_us": strip.wire_us, "pixels": strip.pixels, "dimmed": strip.dimmed,
                  "temperature_dc": board.temperature_dc(), "supply_mv": board.supply_mv()}))
print("DONE")
"""


def pictures(pixels: int) -> list[bytes]:
    """The linear RGB of each frame that SCRIPT draws."""
    found: list[bytes] = []
    seed = 1
    for k in range(FRAMES):
        px = bytearray(3 * pixels)
        for _ in range(k * 3):
            seed = seed * 75 % 65537
            px[seed % len(px)] = seed >> 8
        found.append(bytes(px))
    return found


def ran(scratch: Path, outputs: tuple[int, ...], changes: dict[str, Any], limit: str = "") -> tuple[EmulatedBoard, Any]:
    """The board after SCRIPT, and what it printed."""
    files = built(outputs)
    script = SCRIPT.replace("LIMIT", limit).replace("FRAMES", str(FRAMES))
    config = json.loads(files["board.json"]) | changes
    files |= {
        "board.json": json.dumps(config).encode(),
        "main.py": script.encode(),
    }
    board = EmulatedBoard(files, scratch, PINS[: len(outputs)])
    try:
        while b"DONE" not in board.heard and board.now_ns < 6e9 and not board.heard.endswith(b">>> "):
            board.run_for(0.05)
        board.run_for(0.05)
    finally:
        board.close()
    text = board.heard.decode(errors="replace")
    assert "DONE" in text, text
    return board, json.loads(text.splitlines()[-2] if text.endswith("\n") else text.splitlines()[0])


@pytest.mark.parametrize(
    "kinds",
    [("ws2812b", "sk6812w", "ws2815", "sk6812w"), ("sk6812w", "sk6812", "ws2811")],
    ids=["four", "three"],
)
def test_strips_of_unlike_kinds_show_one_picture_together(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    """Every bit of every frame, within its data sheet; all outputs end together, each frame at its tick."""
    outputs = (20, 23, 9, 8)[: len(kinds)]
    orders = ["GRBW" if kind == "sk6812w" else "GRB" for kind in kinds]
    board, said = ran(tmp_path, outputs, {"strips": list(kinds), "orders": orders})
    longest_us = max(n * (40 if kind == "sk6812w" else 30) for n, kind in zip(outputs, kinds, strict=True))
    assert said["wire_us"] == longest_us + 300
    wanted = pictures(sum(outputs))
    shown = [[s for s in board.shown if s.pin == pin] for pin in PINS[: len(outputs)]]
    assert [len(frames) for frames in shown] == [FRAMES] * len(outputs)
    first = 0
    for frames, leds, kind in zip(shown, outputs, kinds, strict=True):
        white = kind == "sk6812w"
        for frame, picture in zip(frames, wanted, strict=True):
            part = picture[3 * first : 3 * (first + leds)]
            assert frame.data == b"".join(
                bytes((part[i + 1], part[i], part[i + 2])) + b"\0" * white for i in range(0, len(part), 3)
            )
            assert frame.bits == leds * (32 if white else 24)
            assert frame.high0_ns[0] >= 300 and frame.high0_ns[1] <= 330
            if frame.high1_ns[1]:
                assert frame.high1_ns[0] >= 600 and frame.high1_ns[1] <= (900 if kind == "ws2815" else 700)
            assert frame.period_ns[0] >= 1240 and frame.period_ns[1] <= 1260
        first += leds
    for frames in zip(*shown, strict=True):
        ends = [frame.end_ns for frame in frames]
        assert max(ends) - min(ends) < 700
    ends_us = [frames[0].end_ns / 1000 for frames in zip(*shown, strict=True)]
    took_us = [(b - a) for a, b in itertools.pairwise(ends_us)]
    for k, (a, b) in enumerate(itertools.pairwise(said["starts"])):
        assert took_us[k] == pytest.approx(b - a, abs=2.5), k
    assert sum(abs(us - said["wire_us"]) < 1.5 for us in took_us) >= FRAMES - 3, "one frame right behind the other"


def test_the_current_limit_dims_the_whole_board(tmp_path: Path) -> None:
    """Two outputs, one with a small supply: by the same factor, counted, and below the limit."""
    limit = 'from array import array\nstrip.limit(array("H", [20, 40, 5500, 0, 10, 3000, 5500, 0]))'
    board, said = ran(tmp_path, (20, 10), {}, limit)
    wanted = pictures(30)
    shown = [[s for s in board.shown if s.pin == pin] for pin in PINS[:2]]
    dimmed = 0
    for k, (one, other) in enumerate(zip(*shown, strict=True)):
        total = sum(wanted[k][:60])
        most = (40 - 20) * 100 * 765 // 5500
        factor = 256 if total <= most else most * 256 // total
        dimmed += factor < 256
        assert sorted(one.data + other.data) == sorted(level * factor >> 8 for level in wanted[k])
        assert sum(one.data) * 55 / 765 + 20 <= 40
    assert said["dimmed"] == dimmed > 10


@pytest.mark.parametrize("baud", [4_000_000, 8_000_000])
def test_an_apa102_strip_by_spi(tmp_path: Path, baud: int) -> None:
    """Start frame, brightness, colours, end frame; each frame at its tick, and no gap between its bytes."""
    spi = {"id": 0, "sck": 2, "mosi": 3, "baud": baud}
    changes = {"strips": ["apa102"], "orders": ["BGR"], "spi": spi, "brightness": 100}
    board, said = ran(tmp_path, (100,), changes)
    frames = [sent for sent in board.sent if sent.number == 0]
    assert len(frames) == FRAMES
    share = 13  # of 31: 100 of 256, rounded up
    wanted = pictures(100)
    for frame, picture in zip(frames, wanted, strict=True):
        head, body, tail = frame.data[:4], frame.data[4:404], frame.data[404:]
        assert head == bytes(4)
        assert tail == bytes(len(tail)) and 8 * len(tail) >= 32 + 50
        levels = [level * (100 * 31 // share) // 256 for level in picture]
        assert body == b"".join(
            bytes((0xE0 | share, levels[i + 2], levels[i + 1], levels[i])) for i in range(0, 300, 3)
        )
        assert 0 <= said["wire_us"] - (frame.end_ns - frame.begin_ns) / 1000 < 4
    took_us = [(b.begin_ns - a.begin_ns) / 1000 for a, b in itertools.pairwise(frames)]
    for k, (a, b) in enumerate(itertools.pairwise(said["starts"])):
        assert took_us[k] == pytest.approx(b - a, abs=2.5), k


def test_the_chips_own_measures(tmp_path: Path) -> None:
    """27 C and 5 V, as the emulated ADC has them."""
    _, said = ran(tmp_path, (5,), {})
    assert abs(said["temperature_dc"] - (TEMPERATURE_BIAS + 270)) <= 3
    assert abs(said["supply_mv"] - 5000) <= 5
