"""Ways to MicroPython's console and back, on the emulated chip: a tool must always get in, and noise must not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pacerail_node import messages, wire
from tests.rp2040.emulated import EmulatedBoard
from tests.rp2040.test_on_the_chip import built

PROMPT = b">>> "


@pytest.fixture
def board(tmp_path: Path):
    """A board of 30 LEDs that is up."""
    board = EmulatedBoard(built((30,)), tmp_path, (2,))
    yield board
    board.close()


def frame(kind: int, payload: bytes = b"", sequence: int = 1) -> bytes:
    """A request as it goes over the port."""
    framer = wire.Framer()
    framer.body[wire.HEAD : wire.HEAD + len(payload)] = payload
    return bytes(framer.out[: framer.pack(wire.ANY, wire.HOST, sequence, kind, len(payload))])


def answers(board: EmulatedBoard, since: int = 0) -> list[tuple[int, bytes]]:
    """(type, payload) of every good frame that the board sent."""
    framer = wire.Framer()
    data = board.heard[since:]
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data):
        at = framer.accept(data, at, len(data))
        if framer.ready:
            found.append((framer.kind, bytes(framer.frame[wire.HEAD : wire.HEAD + framer.length])))
    return found


def test_noise_is_survived_and_bytes_that_mean_things_to_a_console_too(board: EmulatedBoard) -> None:
    """A modem manager that types, 0x03 and 0x01 by the dozen, half a frame: then it answers as if nothing had been."""
    board.run_for(1.5)
    for noise in (
        b"AT\r",
        b"ATE1 E0\r",
        b"\x03\x03\x01\x02\x04" * 20,
        frame(messages.HELLO)[:7],
        bytes(range(256)) * 3,
    ):
        board.write(noise)
        board.run_for(0.1)
    assert answers(board) == []
    board.write(frame(messages.HELLO))
    board.run_for(0.1)
    ((kind, payload),) = answers(board)
    assert kind == messages.HELLO | messages.REPLY
    said = json.loads(payload)
    assert (said["name"], said["outputs"], said["type"]) == ("b01", [30], "pico")
    assert len(said["uid"]) == 16


def test_the_console_command_gives_the_console_for_good(board: EmulatedBoard) -> None:
    """Prompt, interrupts and all; the watchdog, which nobody feeds there, does not bite."""
    board.run_for(1.5)
    board.write(frame(messages.CONSOLE))
    board.run_for(0.3)
    assert answers(board)[0][0] == messages.CONSOLE | messages.REPLY
    assert board.heard.endswith(PROMPT)
    board.run_for(6.0)
    heard = len(board.heard)
    board.write(b"print(6 * 7)\r")
    board.run_for(0.2)
    assert b"\r\n42\r\n" in board.heard[heard:]
    board.write(b"while True: pass\r\r")
    board.run_for(0.2)
    heard = len(board.heard)
    board.write(b"\x03")
    board.run_for(0.2)
    assert b"KeyboardInterrupt" in board.heard[heard:] and board.heard.endswith(PROMPT)
    board.write(b"\x04")  # a soft reset starts the firmware again
    board.run_for(1.5)
    heard = len(board.heard)
    board.write(frame(messages.HELLO))
    board.run_for(0.1)
    assert [kind for kind, _ in answers(board, heard)] == [messages.HELLO | messages.REPLY]


def test_a_tool_gets_in_while_the_board_starts(board: EmulatedBoard) -> None:
    """0x03 in the boot window."""
    board.run_for(0.6)
    board.write(b"\r\x03\x03")
    board.run_for(1.0)
    assert b"KeyboardInterrupt" in board.heard and board.heard.endswith(PROMPT)


def test_the_safe_mode_pin_gives_the_console(tmp_path: Path) -> None:
    """Held low at the start: no firmware, and words that say why."""
    board = EmulatedBoard(built((30,)), tmp_path, (2,), low=22)
    try:
        board.run_for(1.5)
        assert b"safe mode: GPIO 22 is low" in board.heard and board.heard.endswith(PROMPT)
    finally:
        board.close()


@pytest.mark.parametrize("text", [b"", b"{", b'{"hardware": "nothing"}', b"[]"])
def test_a_broken_config_leads_to_the_console_with_words(tmp_path: Path, text: bytes) -> None:
    """It says what is wrong, and takes commands."""
    board = EmulatedBoard(built((30,)) | {"board.json": text}, tmp_path, (2,))
    try:
        board.run_for(1.0)
        board.write(b"\r\n")
        board.run_for(0.1)
        assert b"board.json is missing or broken" in board.heard or b"KeyError" in board.heard
        assert board.heard.endswith(PROMPT)
    finally:
        board.close()


def test_a_firmware_that_hangs_is_started_again(tmp_path: Path) -> None:
    """By the watchdog: after 4 s it answers, and says so."""
    files = built((30,))
    files["main.py"] = (
        b"import machine\nfrom pacerail_node import node\n"
        b"def hang(self):\n    while True: pass\n"
        b"if machine.reset_cause() == machine.PWRON_RESET:\n    node.ACTIONS[12] = hang\n"
        b"import pacerail_start\n"
    )
    board = EmulatedBoard(files, tmp_path, (2,))
    try:
        board.run_for(1.5)
        board.write(frame(messages.LOG, bytes(4)))
        board.run_for(6.5)
        board.write(frame(messages.STATUS))
        board.run_for(0.2)
        ((kind, payload),) = answers(board)
        assert kind == messages.STATUS | messages.REPLY
        assert payload[2] == 3, "machine.WDT_RESET"
    finally:
        board.close()
