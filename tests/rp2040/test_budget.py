"""What a Pico has to spare with 600 LEDs on four outputs, three lights and a 10,000 m: memory, time, interrupts."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from pacerail.compile import compile_tables
from pacerail.model.planfile import load_plan
from pacerail.model.railfile import load_rail
from tests.rp2040.emulated import EmulatedBoard
from tests.rp2040.test_on_the_chip import built

OUTPUTS = (150, 150, 150, 150)
WIRE_US = 30 * 150 + 300
EDGE_PIN, ANSWER_PIN = 16, 17

COMMON = """\
import gc, json, micropython, struct, time
from pacerail_node import messages as m
from pacerail_node import node as node_module
from pacerail_node import outgoing, wire
from pacerail_node.hardware import rp2

class Board(rp2.Board):
    def idle(self, until):
        go(self, made[0])

class Node(node_module.Node):
    def __init__(self, *rest):
        node_module_init(self, *rest)
        made.append(self)

made = []
node_module_init = node_module.Node.__init__
node_module.Node.__init__ = Node.__init__

def ask(board, node, kind, payload=b""):
    sender = wire.Framer()
    framer = node.framer
    sender.body[wire.HEAD : wire.HEAD + len(payload)] = payload
    count = sender.pack(wire.ANY, wire.HOST, 1 + kind, kind, len(payload))
    at = 0
    while at < count:
        at = framer.accept(sender.out, at, count)
    node.handle(board.ticks_us())
    assert node._answer == kind | m.REPLY, (kind, bytes(framer.body[5:60]))

def go(board, node):
    node.step(board.ticks_us())
    if UPLOAD:
        table = open("table.pace", "rb").read()
        ask(board, node, m.TABLE_BEGIN, struct.pack("<I", len(table)) + table[-8:])
        for at in range(0, len(table), 240):
            ask(board, node, m.TABLE_DATA, struct.pack("<I", at) + table[at : at + 240])
        table = None
        ask(board, node, m.TABLE_END)
    line = struct.pack("<6I", node.clock.wraps, board.ticks_us(), 2000, 0, m.RATE_BIAS, 10)
    ask(board, node, m.LINE, line)
    ask(board, node, m.ARM, node.renderer.table.plan_hash)
    gc.collect()
    free = gc.mem_free()
    ask(board, node, m.GO, struct.pack("<2I", 2000 - RACE_S, 0))
    measure(board, node, node.strip, board.ticks_us, free)
    print("DONE")
    time.sleep(20)

"""

MEASURE = """\
drawn, packed, shown = [0] * 200, [0] * 200, [0] * 200
totals = [0, 0, 0, RACE_S * 100_000]

def run(board, node, strip, t):
    lit = 0
    race = totals[3]
    for k in range(200):
        race += 480
        begin = t()
        cells = node.renderer.draw(strip.buffer, race)
        middle = t()
        outgoing.pack(strip._table)
        end = t()
        lit = max(lit, cells)
        drawn[k] = time.ticks_diff(middle, begin)
        packed[k] = time.ticks_diff(end, middle)
    frames = node.frames
    while node.frames < frames + 5:
        node.step(t())
    late = node.late
    frames = node.frames
    begin = t()
    while node.frames < frames + 200:
        now = t()
        before = node.frames
        until = node.step(now)
        if node.frames != before:
            shown[node.frames - frames - 1] = time.ticks_diff(t(), now)
        rp2.Board.idle(board, until)
    took = time.ticks_diff(t(), begin)
    totals[3] = race
    totals[0] = lit
    totals[1] = node.late - late
    totals[2] = took

def measure(board, node, strip, t, free):
    micropython.heap_lock()
    try:
        run(board, node, strip, t)
        run(board, node, strip, t)  # the first time, rings and caches are not yet as they will be
    finally:
        micropython.heap_unlock()
    lit, late, took, _ = totals
    print(json.dumps({"free": free, "drawn": drawn, "packed": packed, "shown": shown, "late": late, "took": took,
                      "lit": lit, "waves": node.renderer.table.wave_count, "dimmed": strip.dimmed}))
"""

ANSWER = """\
from machine import Pin

@micropython.viper
def answer(pin):
    port = ptr32(0xD0000000)
    port[5] = 1 << ANSWER_PIN
    port[6] = 1 << ANSWER_PIN

def measure(board, node, strip, t, free):
    Pin(ANSWER_PIN, Pin.OUT, value=0)
    Pin(EDGE_PIN, Pin.IN, Pin.PULL_DOWN).irq(answer, Pin.IRQ_RISING, hard=True)
    print("IDLE")
    time.sleep_ms(600)
    print("BUSY")
    begin = t()
    frames = node.frames
    while time.ticks_diff(t(), begin) < 600_000:
        rp2.Board.idle(board, node.step(t()))
    print(node.frames - frames, "frames")
"""


def plan_10_000_m(folder: Path) -> Path:
    """Three lights with a split at each lap, two of them without a jump of speed."""
    waves: list[str] = []
    for name, colour, lap_s, profile in (
        ("target", "#00ff40", 64.8, "smooth"),
        ("record", "#ff0000", 62.84, "smooth"),
        ("pacer", "#ffffff", 64.0, "linear"),
    ):
        marks = [round(lap_s * lap + (lap * 7 % 5 - 2) * 0.3, 2) for lap in range(1, 26)]
        splits = ", ".join(
            f'["{400 * (lap + 1)} m", "{int(mark // 60)}:{mark % 60:05.2f}"]' for lap, mark in enumerate(marks)
        )
        waves.append(
            f'[[wave]]\nname = "{name}"\ncolour = "{colour}"\nlength_m = 5.0\nprofile = "{profile}"\n'
            f"splits = [{splits}]\n"
        )
    path = folder / "ten.toml"
    path.write_text('title = "ten"\ndistance = "10000 m"\n' + "\n".join(waves))
    return path


def files(folder: Path, script: str, race_s: int = 30, upload: int = 0) -> dict[str, bytes]:
    """A board with that plan's table in its flash. It starts as any other; then a script has it armed and started."""
    rail = load_rail("four-outputs-600")
    table = compile_tables(load_plan(plan_10_000_m(folder), rail.track), rail)[0]
    files = built(OUTPUTS)
    config = json.loads(files["board.json"]) | {"hardware": "measure", "watchdog_ms": 0}
    return files | {
        "table.pace": table,
        "board.json": json.dumps(config).encode(),
        "pacerail_node/hardware/measure.py": (COMMON + script)
        .replace("UPLOAD", str(upload))
        .replace("RACE_S", str(race_s))
        .encode(),
    }


@pytest.mark.parametrize(("race_s", "upload"), [(60, 0), (1200, 1)], ids=["stored", "uploaded once more"])
def test_memory_and_time_are_to_spare(tmp_path: Path, race_s: int, upload: int) -> None:
    """80 KB free once armed; a frame drawn and packed in a tenth of its wire time; none late; nothing allocated."""
    board = EmulatedBoard(files(tmp_path, MEASURE, race_s, upload), tmp_path, (2,))
    try:
        while b"DONE" not in board.heard and board.now_ns < 20e9 and not board.heard.endswith(b">>> "):
            board.run_for(0.1)
    finally:
        board.close()
    text = board.heard.decode(errors="replace")
    assert "DONE" in text, text
    said = json.loads(text.splitlines()[0])
    both = sorted(a + b for a, b in zip(said["drawn"], said["packed"], strict=True))
    shown = sorted(said["shown"])
    print(f"free {said['free']} B; {said['lit']} cells lit of {said['waves']} lights")
    print(f"draw + pack: median {both[100]} us, worst {both[-1]} us")
    print(f"step with a frame: median {shown[100]} us, worst {shown[-1]} us")
    assert said["waves"] == 3 and said["lit"] >= 20 and said["dimmed"] == 0
    assert said["free"] >= 80_000
    assert both[-1] < WIRE_US / 10
    assert said["late"] == 0
    assert said["took"] == pytest.approx(200 * WIRE_US, rel=0.01)


def test_no_interrupt_waits_for_the_lights(tmp_path: Path) -> None:
    """A pin's interrupt is answered while frames go out as fast as the wire takes them: within 50 us of what it takes
    while the board sleeps. 80 edges each, at times by chance."""
    script = ANSWER.replace("ANSWER_PIN", str(ANSWER_PIN)).replace("EDGE_PIN", str(EDGE_PIN))
    board = EmulatedBoard(files(tmp_path, script), tmp_path, (2, ANSWER_PIN))
    chance = random.Random(5)
    waits_us: dict[str, list[float]] = {}
    try:
        for word in ("IDLE", "BUSY"):
            while word.encode() not in board.heard:
                assert board.now_ns < 20e9 and not board.heard.endswith(b">>> "), board.heard.decode()
                board.run_for(0.005)
            board.run_for(0.05)
            board.driven_ns.clear()
            since = len(board.shown)
            for _ in range(80):
                board.drive(EDGE_PIN, level=True)
                board.run_for(0.002 + 0.003 * chance.random())
                rose = len(board.driven_ns)
                board.drive(EDGE_PIN, level=False)
                board.run_for(0.0005)
                del board.driven_ns[rose:]
            answers = [shown.begin_ns for shown in board.shown[since:] if shown.pin == ANSWER_PIN]
            assert len(answers) == len(board.driven_ns) == 80
            waits_us[word] = [(b - a) / 1000 for a, b in zip(board.driven_ns, answers, strict=True)]
        while b"DONE" not in board.heard:
            board.run_for(0.05)
    finally:
        board.close()
    frames = int(board.heard.split(b" frames")[0].split()[-1])
    assert frames > 0.95 * 600_000 / WIRE_US, "it was busy indeed"
    idle_us, busy_us = max(waits_us["IDLE"]), max(waits_us["BUSY"])
    print(f"answered within {idle_us:.1f} us at rest, {busy_us:.1f} us while {frames} frames went out")
    assert min(min(waits) for waits in waits_us.values()) > 0
    assert busy_us < idle_us + 50
