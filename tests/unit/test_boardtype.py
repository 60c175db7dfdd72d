"""Board types: the shipped ones, and one clear line for everything that is wrong in one's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacerail.errors import InputError
from pacerail.model import boardtype
from pacerail.model.boardtype import BoardType, board_types, load_board_type, pin_list
from pacerail.model.railfile import load_rail
from pacerail.resources import folder

BOARDS = folder("boards")
DOCS = Path(__file__).parents[2] / "docs"
PICO = (BOARDS / "pico.toml").read_text()
ESP32 = (BOARDS / "esp32.toml").read_text()
ARCH_OF = {"RP2040": "armv6m", "RP2350": "armv7emsp", "ESP32": "xtensawin", "ESP32-S3": "xtensawin"}


def wrong(tmp_path: Path, text: str) -> list[str]:
    """The messages of a board file, each checked to have its file, its line and what was expected."""
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_board_type(str(path))
    for line in caught.value.messages:
        assert re.match(rf"{re.escape(str(path))}:\d+: .*expected", line), line
    return list(caught.value.messages)


def test_the_types_that_ship() -> None:
    """Six; the simulated one is no hardware."""
    assert board_types() == ("esp32", "esp32-s3", "pico", "pico-w", "pico2", "pico2-w")


@pytest.mark.parametrize("name", board_types())
def test_a_type_that_ships_is_whole(name: str) -> None:
    """Processor, image, flashing and pins agree with each other."""
    kind = load_board_type(name)
    assert kind.name == name and kind.arch == ARCH_OF[kind.chip]
    assert kind.image.url.startswith("https://micropython.org/resources/firmware/" + kind.image.name + "-20")
    assert f"-v{kind.image.version}." in kind.image.url and kind.image.mpy_version == 6
    if kind.flash.method == "uf2":
        assert kind.image.url.endswith(".uf2")
        assert kind.flash.family == {"RP2040": 0xE48BFF56, "RP2350": 0xE48BFF59}[kind.chip]
        assert kind.flash.drive == {"RP2040": "RPI-RP2", "RP2350": "RP2350"}[kind.chip]
    else:
        assert kind.image.url.endswith(".bin")
        assert (kind.flash.chip, kind.flash.offset) in (("esp32", 0x1000), ("esp32s3", 0x0))
    assert kind.max_outputs == len(kind.output_pins) == (8 if kind.chip.startswith("RP") else 4)
    wired = [*kind.output_pins, kind.safe_pin, kind.gun_pin, kind.link.tx, kind.link.rx, kind.link.de]
    assert len(set(wired)) == len(wired) and None not in wired
    assert kind.link.kind == "usb" and kind.link.pins == ()
    assert kind.wiring and all(note.endswith(".") for note in kind.wiring)


RESERVED = {
    "RP2040": {23, 24, 25, 29},
    "RP2350": {23, 24, 25, 29},
    "ESP32": {0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 15, 34, 35, 36, 37, 38, 39},
    "ESP32-S3": {0, 3, 19, 20, *range(22, 38), 45, 46},
}


@pytest.mark.parametrize("name", board_types())
def test_pins_that_do_harm_are_not_allowed(name: str) -> None:
    """What the board itself uses, what flash hangs on, what decides how the chip starts, what is input only."""
    kind = load_board_type(name)
    assert not RESERVED[kind.chip] & set(kind.pins_allowed)
    assert set(kind.pins_input) == ({34, 35, 36, 37, 38, 39} if kind.chip == "ESP32" else set())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('arch     = "armv6m"', 'arch = "z80"', 'arch: "z80" is not known; expected "armv6m" or'),
        ('arch     = "armv6m"', "", "no arch; expected such as"),
        ('chip     = "RP2040"', "", "no chip; expected such as"),
        ('hardware = "rp2"', 'hardware = "rp9"', 'hardware: "hardware/rp9" is not there'),
        ('"links/usb", "links', '"links/usd", "links', 'modules: "links/usd" is not there'),
        ('allowed = ["0-22", "26-28"]', "allowed = [0, 77]", "allowed: 77 does not do; expected GPIOs of 0 to 48"),
        ('allowed = ["0-22", "26-28"]', 'allowed = ["9-2"]', 'allowed: "9-2" does not do'),
        ('allowed = ["0-22", "26-28"]', "allowed = []", "allowed: no GPIO; expected such as"),
        ("[2, 3, 4, 5, 6, 7, 8, 9]", "[2, 2]", "outputs: expected 1 to 8 different GPIO numbers"),
        ("[2, 3, 4, 5, 6, 7, 8, 9]", "[2, 24]", "outputs: GPIO 24 does not do; expected one of 0 to 22, 26 to 28"),
        ("[2, 3, 4, 5, 6, 7, 8, 9]", "[2, 16]", "outputs: GPIO 16 is a pin of the link too"),
        ("safe    = 22", "safe = 2", "safe: GPIO 2 is an output too"),
        ("gun     = 21", "gun = 22", "gun: GPIO 22 is the safe pin too"),
        ("gun     = 21", "gun = true", "gun: GPIO True does not do"),
        ('kind     = "ws2812b"', 'kind = "ws2899"', 'kind: "ws2899" is not known'),
        ('kinds    = ["ws2811"', 'kinds = ["ws9999"', 'kinds: "ws9999" is not known'),
        ('order    = "GRB"', 'order = "GRRB"', 'order: "GRRB" is no colour order; expected such as "GRB"'),
        ("[image]", "[imag]", 'unknown key "imag"; expected "image"?'),
        ("url         =", "page =", 'no url; expected url = "..."'),
        ("https://micropython.org/res", "ftp://micropython.org/res", "url: "),
        ("mpy_version = 6", "mpy_version = 5", "mpy_version: 5 does not do"),
        ('# sha256    = "..."', 'sha256 = "12ab"', 'sha256: "12ab" is no SHA-256; expected 64 hex digits'),
        ('method = "uf2"', 'method = "jtag"', 'method: "jtag" is not known; expected "uf2" or "esptool"'),
        ('method = "uf2"', 'method = "esptool"', "no chip; expected such as chip ="),
        ('drive  = "RPI-RP2"', "", "no drive; expected such as drive ="),
        ('kind = "usb"', 'kind = "wifi"', 'kind: "wifi" is not known; expected "usb" or "uart" or "rs485"'),
        ("baud = 250_000", "baud = 3_000_000", "baud: 3000000 does not do"),
        ("sck  = 2", "", "no sck; expected what boards/pico.toml has there"),
        ("watchdog_ms    = 4000", "watchdog_ms = 9000", "watchdog_ms: 9000 does not do; expected a whole number"),
    ],
)
def test_a_wrong_board_file_is_named_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    """FILE:LINE: what is wrong; what was expected."""
    assert old in PICO
    assert any(said in line for line in wrong(tmp_path, PICO.replace(old, new, 1)))


def test_the_line_is_the_one(tmp_path: Path) -> None:
    """Where the mistake stands."""
    lines = PICO.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("safe"))
    lines[at] = "safe = 2"
    assert wrong(tmp_path, "\n".join(lines))[0].startswith(f"{tmp_path / 'mine.toml'}:{at + 1}: safe: ")


def test_an_input_only_pin_is_no_output_and_a_gun(tmp_path: Path) -> None:
    """GPIO 34 to 39 of an ESP32."""
    path = tmp_path / "mine.toml"
    path.write_text(ESP32.replace("gun     = 27", "gun = 34"))
    assert load_board_type(str(path)).gun_pin == 34
    said = wrong(tmp_path, ESP32.replace("outputs = [18,", "outputs = [34,"))
    assert any("outputs: GPIO 34 does not do; expected one of 4 to 5, 13 to 14" in line for line in said)


def test_an_unknown_name_says_which_there_are() -> None:
    """No file, no traceback."""
    with pytest.raises(InputError, match="picoo: no such board type; expected esp32, esp32-s3, pico"):
        load_board_type("picoo")


@given(st.sets(st.integers(0, 48)))
def test_pins_in_few_words_are_all_of_them(pins: set[int]) -> None:
    """Ranges and single ones."""
    found: set[int] = set()
    text = pin_list(sorted(pins))
    for part in text.split(", ") if pins else []:
        low, _, high = part.partition(" to ")
        found.update(range(int(low), int(high or low) + 1))
    assert found == pins and (text == "none") == (not pins)


def test_every_key_is_explained() -> None:
    """docs/boards.md has each with an example."""
    text = (DOCS / "boards.md").read_text(encoding="utf-8")
    keys = (
        *boardtype.KEYS, *boardtype.IMAGE_KEYS, *boardtype.FLASH_KEYS, *boardtype.PIN_KEYS, *boardtype.LINK_KEYS,
        *boardtype.STRIP_KEYS, *boardtype.SPI_KEYS, *boardtype.START_KEYS, "notes",
    )  # fmt: skip
    assert [key for key in keys if not re.search(rf"(\b{key} *= |\[{key}\])", text)] == []


RAIL = """max_gap_m = 10
[[board]]
name = "a"
type = "pico"
port = "/dev/ttyUSB0"
[[board.output]]
leds = 1000
from_m = 0.0
to_m = 0.0
"""


def test_a_rail_of_a_known_type_is_taken(tmp_path: Path) -> None:
    """Also one whose type is a file beside it."""
    path = tmp_path / "r.toml"
    path.write_text(RAIL)
    assert load_rail(path).boards[0].type == "pico"
    (tmp_path / "ours.toml").write_text(PICO)
    path.write_text(RAIL.replace('"pico"', '"ours.toml"'))
    board = load_rail(path).boards[0]
    kind: BoardType = load_board_type(board.type)
    assert kind.name == "ours"


LINK = '"pico"\nlink = { kind = "rs485" }'


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('"pico"', '"pikko"', 4, 'type: "pikko" is no board type; expected one of sim, esp32,'),
        ('"pico"', '"gone.toml"', 4, "type: gone.toml: no such file"),
        ("leds = 1000", "leds = 2401", 6, "2401 LEDs on one board; expected at most 2400 on a Raspberry Pi Pico"),
        ("leds = 1000", 'leds = 1000\nstrip = "ws99"', 8, 'strip: "ws99" is not known'),
        ("leds = 1000", "leds = 1000\npin = 24", 8, "GPIO 24 cannot be output 1; expected one of 0 to 22"),
        ("leds = 1000", 'leds = 1000\norder = "GRBW"', 8, '"GRBW" is no order of ws2812b; expected three letters'),
        ('"pico"', '"pico"\ngun = 24', 5, "GPIO 24 cannot be the gun pin; expected one of"),
        ('"pico"', '"pico"\ngun = "yes"', 5, 'gun: "yes" does not do; expected a whole number'),
        ('"pico"', '"pico"\nwhite = [256, 256]', 5, "white: "),
        ('"pico"', '"pico"\nbrightness = 0', 5, "brightness: 0 does not do; expected a whole number from 1 to 256"),
        ('"pico"', '"pico"\ngamma = 9', 5, "gamma: 9 does not do; expected a number from 1 to 4"),
        ('"pico"', '"pico"\nlink = { kind = "rs485", tx = 24 }', 5, "tx: GPIO 24 does not do"),
        ('"pico"', '"pico"\nlink = { kind = "rs485", tx = 4 }', 5, "GPIO 4 cannot be tx of UART 0 on a RP2040"),
        ('"pico"', '"pico"\nlink = { kind = "rs485", speed = 4 }', 5, 'unknown key "speed"'),
        ('"pico"', LINK, 6, 'opened at 115200 baud, the board talks at 250000; expected port = "/dev/ttyUSB0?baud='),
        ('"pico"', '"esp32"', 6, "1000 LEDs on one board; expected at most 240 on a ESP32"),
    ],
)
def test_a_rail_asks_for_what_its_boards_can_do(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    """One FILE:LINE message each."""
    path = tmp_path / "r.toml"
    path.write_text(RAIL.replace(old, new))
    with pytest.raises(InputError) as caught:
        load_rail(path)
    found = [message for message in caught.value.messages if said in message]
    assert found and found[0].startswith(f"{path}:{line}: "), caught.value.messages


def test_too_many_outputs_and_a_shared_port(tmp_path: Path) -> None:
    """Nine outputs on a Pico; two boards at one USB port."""
    path = tmp_path / "r.toml"
    outputs = "".join(
        f"[[board.output]]\nleds = 10\nfrom_m = {40.0 * k}\nto_m = {40.0 * (k + 1) if k < 8 else 0.0}\n"
        for k in range(9)
    )
    path.write_text(f'max_gap_m = 10\n[[board]]\nname = "a"\ntype = "pico"\n{outputs}')
    with pytest.raises(InputError, match="9 outputs; expected 1 to 8 on a Raspberry Pi Pico"):
        load_rail(path)
    halves = RAIL.replace("to_m = 0.0", "to_m = 200.0") + RAIL.split("\n", 1)[1].replace('"a"', '"b"').replace(
        "from_m = 0.0", "from_m = 200.0"
    )
    path.write_text(halves)
    with pytest.raises(InputError, match="another board has this port too; expected link = "):
        load_rail(path)
    path.write_text(halves.replace('"pico"', LINK).replace("USB0", "USB0?baud=250000"))
    assert [board.address for board in load_rail(path).boards] == [1, 2]
