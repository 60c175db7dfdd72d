"""The whole firmware on a simulated board's flash, as it starts: with what it kept, and with what is broken."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from littlefs import LittleFS, LittleFSError
from node_fakes import PLAN, even_run, even_wave, table_bytes

from pacerail.bench.crystal import Crystal
from pacerail.bench.image import build_image, firmware_files
from pacerail.bench.simboard import SimBoard
from pacerail.errors import RailError
from pacerail_node import messages as m
from pacerail_node import wire

PIXELS = 20
BLOCKS = 96
CONFIG = {
    "hardware": "sim", "name": "b01", "uid": "x", "type": "sim", "address": 1, "outputs": [PIXELS],
    "costs": {"frame_us": 250, "pixel_ns": 1000, "message_us": 300, "read_us": 60, "byte_ns": 4000},
}  # fmt: skip
TABLE = table_bytes([even_wave(0x00FF40, 50_000, 6.7)], [even_run(0, PIXELS, 1665)])


def image(**extra: bytes) -> bytes:
    """The flash of a new board, with files of its own."""
    files = {**firmware_files(), **{name.replace("_", "."): data for name, data in extra.items()}}
    return build_image(files, CONFIG, 4 * BLOCKS)


def without(name: str, instead: bytes | None = None) -> bytes:
    """The flash of a new board on which one file is not there, or is another."""
    disk = LittleFS(block_size=4096, block_count=BLOCKS, mount=False)
    disk.context.buffer = bytearray(image())
    disk.mount()
    disk.remove(name)
    if instead is not None:
        with disk.open(name, "wb") as file:
            file.write(instead)
    return bytes(disk.context.buffer)


class Host:
    """Asks a simulated board and hears what it answers."""

    def __init__(self, board: SimBoard) -> None:
        self.board = board
        self.now_ns = 2_000_000_000
        self.heard = b""
        self.sequence = 0
        board.on_send = self.hear

    def hear(self, true_ns: int, data: bytes) -> None:
        self.heard += data

    def ask(self, kind: int, payload: bytes = b"") -> tuple[int, bytes]:
        """The type and payload of the answer."""
        self.sequence += 1
        sender, listener = wire.Framer(), wire.Framer()
        sender.body[wire.HEAD : wire.HEAD + len(payload)] = payload
        length = sender.pack(wire.ANY, wire.HOST, self.sequence, kind, len(payload))
        self.heard = b""
        # the board pauses after each answer, so that what it says to it may follow at once
        self.board.grant(self.now_ns + 10_000_000, [(self.now_ns, bytes(sender.out[:length]))])
        for _ in range(3):
            self.board.collect()
            self.now_ns += 20_000_000
            self.board.grant(self.now_ns, [])
        self.board.collect()
        self.now_ns += 20_000_000
        at = 0
        while at < len(self.heard) and not listener.ready:
            at = listener.accept(self.heard, at, len(self.heard))
        assert listener.ready, "no answer"
        return listener.kind, bytes(listener.frame[wire.HEAD : wire.HEAD + listener.length])

    def state(self) -> str:
        return m.STATES[self.ask(m.STATUS)[1][0]]

    def upload(self) -> tuple[int, bytes]:
        self.ask(m.TABLE_BEGIN, struct.pack("<I", len(TABLE)) + TABLE[-8:])
        for at in range(0, len(TABLE), 240):
            self.ask(m.TABLE_DATA, struct.pack("<I", at) + TABLE[at : at + 240])
        return self.ask(m.TABLE_END)


@contextmanager
def powered(flash: bytes) -> Iterator[Host]:
    """A board with this flash, started."""
    board = SimBoard(0, flash, 30 * PIXELS + 300, 1024, PIXELS)
    try:
        board.power_on(Crystal(1_000_000_000, 77, 0))
        board.collect()
        yield Host(board)
    finally:
        board.power_off()


def test_a_table_survives_a_restart() -> None:
    with powered(image()) as host:
        assert host.state() == "idle"
        assert json.loads(host.ask(m.HELLO)[1])["name"] == "b01"
        assert host.upload() == (m.TABLE_END | m.REPLY, b"")
        flash = bytes(host.board.flash)
    with powered(flash) as host:
        assert host.state() == "loaded"
        assert host.ask(m.STATUS)[1][m.STATUS_HASHES :] == PLAN + TABLE[-8:]


@pytest.mark.parametrize(
    "stored", [b"", b"\xff" * 70_000, TABLE[:-1], b"\0" * 500], ids=["empty", "giant", "cut", "zeros"]
)
def test_a_broken_table_is_a_fault_that_an_upload_mends(stored: bytes) -> None:
    with powered(image(table_pace=stored)) as host:
        assert json.loads(host.ask(m.HELLO)[1])["name"] == "b01"
        assert host.state() == "fault"
        assert host.upload() == (m.TABLE_END | m.REPLY, b"")
        assert host.state() == "loaded"


def full() -> bytes:
    """The flash of a new board without room for one more file of a block."""
    for blocks in range(BLOCKS, 0, -1):
        with suppress(LittleFSError):
            return image(filler=bytes(4096 * blocks))
    raise AssertionError("no room for the firmware")


def test_a_full_flash_is_said_and_the_table_is_used() -> None:
    with powered(full()) as host:
        got, body = host.upload()
        assert got == m.REFUSED and body[0] == m.NO_FLASH, body
        assert host.state() == "loaded"


@pytest.mark.parametrize(
    "instead",
    [None, b"", b"not json", b"[]", b"{}", b'{"hardware": "no_such_chip"}'],
    ids=["missing", "empty", "junk", "a list", "nothing in it", "unknown hardware"],
)
def test_a_board_without_its_config_says_so_on_its_console(instead: bytes | None) -> None:
    """It knows neither its link nor its pins: all it can do is leave the console to the tool that flashes it."""
    with pytest.raises(RailError, match=r"board\.json is missing or broken"), powered(without("board.json", instead)):
        pass


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("outputs", None, "board.json: no outputs; flash this board again"),
        ("outputs", "150", "board.json: outputs: '150'; expected another type; flash this board again"),
        ("outputs", ["150"], "board.json: "),
        ("name", 7, "board.json: name: 7; expected another type; flash this board again"),
        ("address", None, "board.json: no address; flash this board again"),
    ],
)
def test_a_config_that_is_wrong_for_the_lights_is_said_over_the_link(key: str, value: object, words: str) -> None:
    """Who it is, as far as it knows; state fault; and each command is refused with what is wrong."""
    config = {name: thing for name, thing in {**CONFIG, key: value}.items() if thing is not None}
    with powered(without("board.json", json.dumps(config).encode())) as host:
        said = json.loads(host.ask(m.HELLO)[1])
        assert said["fault"].startswith(words)
        assert said["name"] == ("b01" if key != "name" else "no name")
        assert host.state() == "fault"
        assert host.ask(m.SYNC)[0] == m.SYNC | m.REPLY
        for kind in (m.TABLE_BEGIN, m.TABLE_END, m.ARM, m.GO, m.STOP, m.RECALL, m.LINE, 99):
            got, body = host.ask(kind, bytes(12))
            assert got == m.REFUSED and body[0] == m.WRONG_STATE
            assert body[1:].decode() == said["fault"]
        assert host.ask(m.CONSOLE)[0] == m.CONSOLE | m.REPLY


def test_a_fault_is_said_whatever_table_is_stored() -> None:
    """A table of better days changes nothing about it."""
    config = {**CONFIG, "outputs": "150"}
    disk = LittleFS(block_size=4096, block_count=BLOCKS, mount=False)
    disk.context.buffer = bytearray(image(table_pace=TABLE))
    disk.mount()
    with disk.open("board.json", "wb") as file:
        file.write(json.dumps(config).encode())
    with powered(bytes(disk.context.buffer)) as host:
        assert host.state() == "fault"
        assert "fault" in json.loads(host.ask(m.HELLO)[1])


@pytest.mark.parametrize("flash", [bytes(65536), b"\xff" * 65536], ids=["zeros", "erased"])
def test_a_flash_with_no_file_system_has_nothing_to_run(flash: bytes) -> None:
    """The firmware lies on it. MicroPython's own start-up makes a new file system, and the board is flashed again."""
    with pytest.raises(RailError, match="died"), powered(flash):
        pass
