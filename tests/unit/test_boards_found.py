"""Which ports are asked, what a console says of itself, and how what is found is held against a rail file."""

from __future__ import annotations

from dataclasses import replace

from pacerail.board import Identity
from pacerail.boards.candidates import Candidate, Usb, candidates
from pacerail.boards.listing import listing
from pacerail.boards.probe import Found, banner_of
from pacerail.boards.scan import addresses_at
from pacerail.model.rail import Board, Output, Rail
from pacerail.model.track import standard_track
from pacerail_node import wire

PICO = Usb("/dev/ttyACM0", "E661", 0x2E8A, 0x0005, "Board in FS mode")
PROBE = Usb("/dev/ttyACM1", "E662", 0x2E8A, 0x000C, "Debug Probe")
ADAPTER = Usb("/dev/ttyUSB0", None, 0x1A86, 0x7523, "USB Serial")
MODEM = Usb("/dev/ttyACM2", "X", 0x12D1, 0x1001, "modem")
MAINBOARD = Usb("/dev/ttyS0")


def test_only_known_boards_and_what_is_named_are_asked() -> None:
    usb = [PICO, PROBE, ADAPTER, MODEM, MAINBOARD]
    asked = {c.device: c.ask for c in candidates(usb, [])}
    assert asked == {"/dev/ttyACM0": True, "/dev/ttyACM1": False, "/dev/ttyUSB0": False, "/dev/ttyACM2": False}
    asked = {c.device: c.ask for c in candidates(usb, ["/dev/ttyUSB0", "socket://h:1"])}
    assert asked["/dev/ttyUSB0"] and asked["socket://h:1"] and not asked["/dev/ttyACM1"]


def test_a_port_is_there_once_however_it_is_called() -> None:
    found = candidates([PICO], ["E661", "/dev/ttyACM0", "E661"])
    assert [(c.port, c.device, c.lasting) for c in found] == [("E661", "/dev/ttyACM0", "E661")]
    slow = candidates([ADAPTER, PICO], ["/dev/ttyUSB0?baud=57600", "E661?baud=9600"])
    assert [(c.device, c.ask, c.lasting) for c in slow] == [
        ("/dev/ttyUSB0", True, "/dev/ttyUSB0?baud=57600"), ("/dev/ttyACM0", True, "E661?baud=9600"),
    ]  # fmt: skip
    gone = candidates([PICO], ["E999"])
    assert [(c.device, c.ask) for c in gone] == [("E999", True), ("/dev/ttyACM0", True)]


def test_what_a_console_says() -> None:
    said = b'\r\nMicroPython v1.28.0 on 2026-04-06; Raspberry Pi Pico with RP2040\r\nType "help()" ...\r\n>>> '
    assert banner_of(said) == "MicroPython v1.28.0 on a Raspberry Pi Pico with RP2040"
    assert banner_of(b"\r\nraw REPL; CTRL-B to exit\r\n>") == "MicroPython"
    assert banner_of(b"$GPGGA,,,,\r\n\xff\xfe") == ""


def board(name: str, **values: object) -> Board:
    """A board of 10 LEDs."""
    return replace(Board(name, (Output(10, 0.0, 0.1),)), **values)  # pyright: ignore[reportArgumentType]


def rail(*boards: Board) -> Rail:
    """A rail of these."""
    return Rail("r", standard_track(), boards)


def found(port: str, name: str, uid: str, leds: int = 10, serial: str | None = None, address: int = wire.ANY) -> Found:
    """A board that answered."""
    said = Identity(1, "0.1.0", name, uid, "pico", 1 if address == wire.ANY else address, (leds,))
    return Found(Candidate(port, port, serial, "pico", True), "board", "", said, None, address)


def test_the_id_decides_then_the_port_then_the_name() -> None:
    one = rail(board("b01", uid="A"), board("b02", port="/dev/b"), board("b03"))
    rows = listing([found("/dev/x", "b03", "A"), found("/dev/b", "x", "B"), found("/dev/c", "b03", "C")], one)
    assert [row.board.name if row.board else None for row in rows.rows] == ["b01", "b02", "b03"]
    assert rows.complete
    assert "give it its uid" in rows.rows[1].words


def test_what_is_missing_double_or_odd_is_said() -> None:
    one = rail(board("b01", uid="A", port="S1"), board("b02"), board("b03", port="/dev/c"))
    silent = Found(Candidate("/dev/c", "/dev/c", None, "port", True), "silent", "no answer")
    seen = [
        found("/dev/x", "b01", "B", serial="S1"), found("/dev/y", "b02", "C", leds=9), found("/dev/z", "b02", "D"),
        found("/dev/u", "s", "E"), found("/dev/v", "s", "F"), silent,
    ]  # fmt: skip
    said = listing(seen, one)
    assert said.missing == ("b01: another board is at its port, id B", "b03: /dev/c: no answer")
    assert [line.split(":")[0] for line in said.double] == ["b02", "s"]
    assert "pacerail boards replace b01 B" in said.rows[0].words
    assert "drives [9] LEDs, the rail file says [10]" in said.rows[1].words
    assert "a spare" in said.rows[3].words
    lines = said.lines()
    assert len(lines) == 7 and lines[0].startswith("port") and "silent" in lines[-1]


def test_boards_on_one_pair_are_asked_by_their_addresses() -> None:
    shared = [board("b01", port="P", address=4), board("b02", port="P", address=9), board("b03", port="Q")]
    assert addresses_at(Candidate("P", "/dev/p", None, "", True), shared) == (4, 9)
    assert addresses_at(Candidate("Q", "/dev/q", None, "", True), shared) == (wire.ANY,)
    rows = listing([found("P", "b02", "B", address=9), found("P", "b01", "A", address=4)], rail(*shared[:2]))
    assert [row.board.name for row in rows.rows if row.board] == ["b02", "b01"] and rows.complete
