"""One build, and a file system that is empty, full, damaged or not there: the board always answers, and says what is
wrong, if not by the firmware then at MicroPython's console."""

from __future__ import annotations

import json
import random
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from littlefs import LittleFSError

from pacerail.compile import compile_tables
from pacerail.model.planfile import load_plan
from pacerail_node import messages as m
from tests.rp2040.emulated import EmulatedBoard, file_system
from tests.rp2040.test_console import PROMPT, answers, frame
from tests.rp2040.test_on_the_chip import PLAN, built, rail_of

BLOCK = 4096


def table_for(folder: Path, leds: int) -> bytes:
    """A pace table for a board of so many LEDs."""
    (folder / "plan.toml").write_text(PLAN)
    rail = rail_of(folder, (leds,))
    return compile_tables(load_plan(folder / "plan.toml", rail.track), rail)[0]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A pace table for a board of 30 LEDs."""
    return table_for(tmp_path_factory.mktemp("plan"), 30)


class Asked:
    """A board that is asked one thing after the other."""

    def __init__(self, flash: dict[str, bytes] | bytes, scratch: Path) -> None:
        self.board = EmulatedBoard(flash, scratch, (2,))
        self.board.run_for(2.5)
        self.sequence = 0

    def ask(self, kind: int, payload: bytes = b"", wait_s: float = 0.05) -> tuple[int, bytes]:
        """The type and payload of the answer."""
        self.sequence += 1
        since = len(self.board.heard)
        self.board.write(frame(kind, payload, self.sequence))
        self.board.run_for(wait_s)
        found = answers(self.board, since)
        assert len(found) == 1, self.board.heard[since:]
        return found[0]

    def state(self) -> str:
        """By STATUS."""
        return m.STATES[self.ask(m.STATUS)[1][0]]

    def upload(self, table: bytes) -> tuple[int, bytes]:
        """The answer to TABLE_END."""
        self.ask(m.TABLE_BEGIN, struct.pack("<I", len(table)) + table[-8:])
        for at in range(0, len(table), 240):
            self.ask(m.TABLE_DATA, struct.pack("<I", at) + table[at : at + 240])
        return self.ask(m.TABLE_END, wait_s=1.5)

    def console(self, line: str) -> str:
        """What a line typed at MicroPython's console prints."""
        since = len(self.board.heard)
        self.board.write(line.encode() + b"\r")
        self.board.run_for(0.3)
        return self.board.heard[since:].decode()


@pytest.mark.parametrize("kind", ["erased", "zeros", "noise", "superblocks gone"])
def test_without_a_file_system_the_console_answers_and_there_is_a_new_one(tmp_path: Path, kind: str) -> None:
    """MicroPython's own start-up makes one: a tool finds room to put the firmware on again."""
    whole = file_system(built((30,)))
    flash = {
        "erased": b"\xff" * len(whole),
        "zeros": bytes(len(whole)),
        "noise": random.Random(1).randbytes(len(whole)),
        "superblocks gone": b"\0" * (2 * BLOCK) + whole[2 * BLOCK :],
    }[kind]
    asked = Asked(flash, tmp_path)
    try:
        assert asked.console("").endswith(">>> ")
        assert "\r\n[]\r\n" in asked.console("import os; os.listdir('/')")
        assert "\r\n3\r\n" in asked.console("open('x', 'w').write('abc')")
    finally:
        asked.board.close()


@pytest.mark.parametrize("kind", ["empty", "cut", "zeros", "giant", "half an upload"])
def test_a_damaged_table_is_said_and_mended_by_an_upload(tmp_path: Path, table: bytes, kind: str) -> None:
    """State fault, or no table at all; then loaded."""
    extra = {
        "empty": {"table.pace": b""},
        "cut": {"table.pace": table[:-1]},
        "zeros": {"table.pace": bytes(len(table))},
        "giant": {"table.pace": b"\xff" * 300_000},
        "half an upload": {"table.new": table[: len(table) // 2]},
    }[kind]
    asked = Asked(built((30,)) | extra, tmp_path)
    try:
        assert json.loads(asked.ask(m.HELLO)[1])["name"] == "b01"
        assert asked.state() == ("idle" if kind == "half an upload" else "fault")
        assert asked.upload(table) == (m.TABLE_END | m.REPLY, b"")
        assert asked.state() == "loaded"
    finally:
        asked.board.close()


def test_a_full_flash_is_said_and_the_table_is_used(tmp_path: Path) -> None:
    """No room for another block, and a table that is too long to lie in a folder's own."""
    files = built((150,))
    table = table_for(tmp_path, 150)
    assert len(table) > 1024
    for blocks in range(352, 0, -1):
        with suppress(LittleFSError, IndexError):
            flash = file_system(files | {"leftover": bytes(BLOCK * blocks)})
            break
    else:
        raise AssertionError("no room for the firmware")
    asked = Asked(flash, tmp_path)
    try:
        assert json.loads(asked.ask(m.HELLO)[1])["name"] == "b01"
        kind, payload = asked.upload(table)
        assert (kind, payload[0]) == (m.REFUSED, m.NO_FLASH)
        assert asked.state() == "loaded"
    finally:
        asked.board.close()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"strips": None}, "board.json: no strips"),
        ({"strips": ["ws2899"]}, "board.json: strip 'ws2899': expected one of"),
        ({"orders": ["GRBW"]}, "board.json: colour order 'GRBW'"),
        ({"pins": {"outputs": [99], "safe": 22}}, "board.json: "),
        ({"pins": None}, "board.json: no pins"),
        ({"outputs": "30"}, "board.json: outputs: '30'; expected another type"),
        ({"brightness": 999}, "board.json: brightness is 1 to 256"),
        ({"strips": ["apa102"]}, "board.json: no spi"),
    ],
)
def test_a_config_that_is_wrong_for_the_lights_is_said_over_the_link(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    """HELLO tells it, STATUS is fault, commands are refused with it, and the console is still to be had."""
    files = built((30,))
    config = json.loads(files["board.json"]) | changes
    config = {key: value for key, value in config.items() if value is not None}
    asked = Asked(files | {"board.json": json.dumps(config).encode()}, tmp_path)
    try:
        said = json.loads(asked.ask(m.HELLO)[1])
        assert said["name"] == "b01" and said["fault"].startswith(words), said
        assert asked.state() == "fault"
        kind, payload = asked.ask(m.TABLE_BEGIN, bytes(12))
        assert (kind, payload[0], payload[1:].decode()) == (m.REFUSED, m.WRONG_STATE, said["fault"])
        asked.ask(m.CONSOLE, wait_s=0.5)
        assert asked.board.heard.endswith(PROMPT)
    finally:
        asked.board.close()
