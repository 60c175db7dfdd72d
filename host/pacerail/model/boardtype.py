"""A type of board, as its file in boards/ says: chip, image, how to flash it, pins, link and strips."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pacerail.errors import InputError
from pacerail.model.document import Document, Table, read_document
from pacerail.model.units import quoted
from pacerail.resources import folder

ARCHS = ("armv6m", "armv7emsp", "xtensawin", "rv32imc")
"""What mpy-cross makes machine code for: RP2040; RP2350; ESP32 and ESP32-S3; ESP32-C3."""
STRIPS = ("ws2811", "ws2812b", "ws2813", "ws2815", "sk6812", "sk6812w", "apa102", "sk9822")
CLOCKED = ("apa102", "sk9822")
"""Strips with a clock line beside the data line."""
LINKS = ("usb", "uart", "rs485")
METHODS = ("uf2", "esptool")
HIGHEST_PIN = 48
KEYS = (
    "title",
    "chip",
    "arch",
    "hardware",
    "modules",
    "image",
    "flash",
    "pins",
    "link",
    "strip",
    "spi",
    "start",
    "wiring",
)
IMAGE_KEYS = ("name", "version", "mpy_version", "url", "sha256")
FLASH_KEYS = ("method", "family", "drive", "chip", "offset")
PIN_KEYS = ("allowed", "inputs", "outputs", "safe", "gun")
LINK_KEYS = ("kind", "uart", "tx", "rx", "de", "baud")
SPI_KEYS = ("id", "sck", "mosi", "baud")
STRIP_KEYS = ("kind", "kinds", "order", "max_leds")
START_KEYS = ("boot_window_ms", "watchdog_ms")


@dataclass(frozen=True)
class ImageSpec:
    """The MicroPython image that the compiled files fit."""

    name: str
    """As micropython.org calls it: "RPI_PICO"."""
    version: str
    mpy_version: int
    url: str
    sha256: str | None = None
    """64 hex digits of the file behind the URL; None where it is not known."""


@dataclass(frozen=True)
class FlashSpec:
    """How the image gets onto the board."""

    method: str
    """"uf2": copied to the drive that the board becomes; "esptool": over its serial port."""
    family: int | None = None
    """UF2 family id of the chip."""
    drive: str | None = None
    """What Board-ID in the drive's INFO_UF2.TXT begins with."""
    chip: str | None = None
    """esptool's name of the chip."""
    offset: int = 0
    """Where in flash esptool writes the image."""


@dataclass(frozen=True)
class LinkSpec:
    """What a board talks to the host through: its USB port, a UART, or a UART with an RS-485 driver behind it."""

    kind: str = "usb"
    uart: int | None = None
    tx: int | None = None
    rx: int | None = None
    de: int | None = None
    """Driver enable; None: the RS-485 module switches by itself."""
    baud: int = 115_200

    @property
    def pins(self) -> tuple[int, ...]:
        """The GPIOs that it takes; none over USB."""
        return () if self.kind == "usb" else tuple(pin for pin in (self.tx, self.rx, self.de) if pin is not None)


@dataclass(frozen=True)
class SpiSpec:
    """What a strip with a clock line is sent through."""

    id: int
    sck: int
    """GPIO of the clock."""
    mosi: int
    """GPIO of the data."""
    baud: int


@dataclass(frozen=True)
class BoardType:
    """A type of board. `hardware` and `modules` are files of firmware/pacerail_node, without .py."""

    name: str
    title: str
    chip: str
    arch: str
    hardware: str
    modules: tuple[str, ...]
    image: ImageSpec
    flash: FlashSpec
    pins_allowed: tuple[int, ...]
    pins_input: tuple[int, ...]
    """GPIOs that can be inputs and nothing else; not among the allowed ones."""
    output_pins: tuple[int, ...]
    """GPIO of each output where nothing else is said; as many outputs as there are can be had."""
    safe_pin: int | None
    gun_pin: int | None
    link: LinkSpec
    """What it has where nothing else is said; its UART and pins are those of `rs485` and `uart` in a rail file too."""
    strip: str
    strips: tuple[str, ...]
    """Kinds that its drivers send."""
    order: str
    spi: SpiSpec | None
    """Of apa102 and sk9822; None: it has no such strips."""
    max_leds: int
    """LEDs of all outputs together: what its memory holds, with the pace table."""
    boot_window_ms: int
    watchdog_ms: int
    wiring: tuple[str, ...]

    @property
    def max_outputs(self) -> int:
        """How many outputs it drives at once."""
        return len(self.output_pins)

    @property
    def pins_readable(self) -> tuple[int, ...]:
        """GPIOs that can be inputs."""
        return self.pins_allowed + self.pins_input


def pin_list(pins: Sequence[int]) -> str:
    """GPIO numbers in few words: "0 to 22, 26"."""
    words: list[str] = []
    for pin in sorted(pins):
        if words and pin - 1 in pins:
            first = words[-1].split(" to ")[0]
            words[-1] = f"{first} to {pin}"
        else:
            words.append(str(pin))
    return ", ".join(words) or "none"


def board_types() -> tuple[str, ...]:
    """The names of the board types that ship with Pacerail."""
    return tuple(sorted(path.stem for path in folder("boards").glob("*.toml")))


def load_board_type(path_or_name: str | Path) -> BoardType:
    """The board type of a file, or of a shipped name ("pico"). Raises InputError with every mistake."""
    given = str(path_or_name)
    if not given.endswith(".toml") and "/" not in given and given not in board_types() and not Path(given).is_file():
        raise InputError(f"{given}: no such board type; expected {', '.join(board_types())}, or a file")
    document = read_document("boards", path_or_name)
    kind = _board_type(document, Path(given).stem)
    document.check()
    return kind


def read_order(table: Table, key: str, default: str) -> str:
    """A colour order: R, G and B, and a W for LEDs that have a white one too, each once."""

    return table.parsed(key, parse_order, default)


def parse_order(value: object) -> str:
    """A colour order. Raises ValueError for what is none."""
    if not isinstance(value, str) or "".join(sorted(value)) not in ("BGR", "BGRW"):
        raise ValueError(f'{quoted(value)} is no colour order; expected such as "GRB", or "GRBW" with a white LED')
    return value


def _board_type(document: Document, name: str) -> BoardType:
    root = document.root
    root.only(KEYS)
    parts: dict[str, Table] = {}
    for key, known in (
        ("image", IMAGE_KEYS), ("flash", FLASH_KEYS), ("pins", PIN_KEYS), ("link", LINK_KEYS), ("strip", STRIP_KEYS),
        ("spi", SPI_KEYS), ("start", START_KEYS), ("wiring", ("notes",)),
    ):  # fmt: skip
        if key not in root and key not in ("link", "spi", "start", "wiring"):
            document.mistake((), f"no [{key}]; expected what boards/pico.toml has there")
        parts[key] = root.table(key) or Table(document, (), {})
        parts[key].only(known)
    for key, example in (("chip", "RP2040"), ("arch", "armv6m"), ("hardware", "rp2")):
        if key not in root:
            document.mistake((), f'no {key}; expected such as {key} = "{example}"')
    hardware = root.text("hardware", "")
    modules = _texts(root, "modules")
    for key, module in (("hardware", f"hardware/{hardware}"), *(("modules", module) for module in modules)):
        if key in root and not (folder("firmware") / "pacerail_node" / f"{module}.py").is_file():
            root.mistake(key, f"{quoted(module)} is not there; expected a module of firmware/pacerail_node, no .py")
    start = parts["start"]
    pins = parts["pins"]
    allowed = _pins(pins, "allowed", required=True)
    inputs = _pins(pins, "inputs")
    outputs = _output_pins(pins, allowed)
    safe = read_pin(pins, "safe", allowed + inputs)
    gun = read_pin(pins, "gun", allowed + inputs)
    link = read_link(parts["link"], LinkSpec(), allowed, inputs)
    _all_free(pins, outputs, safe, gun, link)
    strips, strip = _strip(parts["strip"])
    return BoardType(
        name=name,
        title=root.text("title", name, required=True),
        chip=root.text("chip", ""),
        arch=root.choice("arch", ARCHS, ARCHS[0]),
        hardware=hardware,
        modules=modules,
        image=_image(parts["image"]) if "image" in root else ImageSpec("", "", 0, ""),
        flash=_flash(parts["flash"]) if "flash" in root else FlashSpec("uf2"),
        pins_allowed=allowed,
        pins_input=inputs,
        output_pins=outputs,
        safe_pin=safe,
        gun_pin=gun,
        link=link,
        strip=strip,
        strips=strips,
        order=read_order(parts["strip"], "order", "GRB"),
        spi=_spi(parts["spi"], allowed) if "spi" in root else None,
        max_leds=parts["strip"].integer("max_leds", 1000, 1, 5000),
        boot_window_ms=start.integer("boot_window_ms", 500, 0, 10_000),
        watchdog_ms=start.integer("watchdog_ms", 4000, 0, 8388),
        wiring=_texts(parts["wiring"], "notes"),
    )


def _image(table: Table) -> ImageSpec:
    url = table.text("url", "", required=True, limit=300)
    if url and not re.fullmatch(r"https://\S+\.(uf2|bin)", url):
        table.mistake("url", f"{quoted(url)} does not do; expected https://... of a .uf2 or .bin file")
    sha256 = table.text("sha256", "") or None
    if sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        table.mistake("sha256", f"{quoted(sha256)} is no SHA-256; expected 64 hex digits, or no such key")
    return ImageSpec(
        name=table.text("name", "", required=True),
        version=table.text("version", "", required=True),
        mpy_version=table.integer("mpy_version", 6, 6, 6),
        url=url,
        sha256=sha256,
    )


def _flash(table: Table) -> FlashSpec:
    if "method" not in table:
        table.document.mistake(table.path, 'no method; expected method = "uf2" or "esptool"')
    method = table.choice("method", METHODS, "")
    needed = {"uf2": ("family", "drive"), "esptool": ("chip", "offset")}.get(method, ())
    examples = {"family": "0xe48bff56", "drive": '"RPI-RP2"', "chip": '"esp32"', "offset": "0x1000"}
    for key in needed:
        if key not in table:
            table.document.mistake(table.path, f"no {key}; expected such as {key} = {examples[key]}")
    family = table.integer("family", 0, 0, 0xFFFFFFFF) if "family" in table else None
    offset = table.integer("offset", 0, 0, 0xFFFFFF)
    return FlashSpec(method, family, table.text("drive", "") or None, table.text("chip", "") or None, offset)


def _spi(table: Table, allowed: Sequence[int]) -> SpiSpec:
    for key in SPI_KEYS:
        if key not in table:
            table.document.mistake(table.path, f"no {key}; expected what boards/pico.toml has there")
    sck, mosi = read_pin(table, "sck", allowed), read_pin(table, "mosi", allowed)
    baud = table.integer("baud", 8_000_000, 1_000_000, 20_000_000)
    return SpiSpec(table.integer("id", 0, 0, 2), sck or 0, mosi or 0, baud)


def _strip(table: Table) -> tuple[tuple[str, ...], str]:
    """The kinds that can be sent, and the one that is where nothing else is said."""
    kinds = _texts(table, "kinds") or STRIPS[:4]
    for kind in kinds:
        if kind not in STRIPS:
            table.mistake("kinds", f"{quoted(kind)} is not known; expected some of {', '.join(STRIPS)}")
    return kinds, table.choice("kind", kinds, kinds[0])


def read_link(table: Table, default: LinkSpec, allowed: Sequence[int], inputs: Sequence[int]) -> LinkSpec:
    """A [link] table; what it does not say is the default's. Notes every mistake."""
    spec = LinkSpec(
        kind=table.choice("kind", LINKS, default.kind),
        uart=table.integer("uart", 0, 0, 2) if "uart" in table else default.uart,
        tx=read_pin(table, "tx", allowed) if "tx" in table else default.tx,
        rx=read_pin(table, "rx", (*allowed, *inputs)) if "rx" in table else default.rx,
        de=read_pin(table, "de", allowed) if "de" in table else default.de,
        baud=table.integer("baud", default.baud, 115_200, 1_000_000),
    )
    if spec.kind != "usb":
        for key, value in (("uart", spec.uart), ("tx", spec.tx), ("rx", spec.rx)):
            if value is None and key not in table:
                table.document.mistake(table.path, f'no {key}; expected one for a link of kind "{spec.kind}"')
    return spec


def _output_pins(pins: Table, allowed: tuple[int, ...]) -> tuple[int, ...]:
    found = [pin for item in pins.items("outputs") if (pin := _pin(pins, "outputs", item, allowed)) is not None]
    if not 1 <= len(found) <= 8 or len(set(found)) < len(found):
        pins.mistake("outputs", "expected 1 to 8 different GPIO numbers")
    return tuple(found)


def _all_free(pins: Table, outputs: Sequence[int], safe: int | None, gun: int | None, link: LinkSpec) -> None:
    """Note every pin that is taken twice."""
    taken = dict.fromkeys(outputs, "an output")
    uart = {pin: "a pin of the link" for pin in (link.tx, link.rx, link.de) if pin is not None}
    for pin in sorted(set(taken) & set(uart)):
        pins.mistake("outputs", f"GPIO {pin} is a pin of the link too; expected one that is free")
    taken |= uart
    for key, pin in (("safe", safe), ("gun", gun)):
        if pin is not None and pin in taken:
            pins.mistake(key, f"GPIO {pin} is {taken[pin]} too; expected one that is free")
        elif pin is not None:
            taken[pin] = f"the {key} pin"


def read_pin(table: Table, key: str, allowed: Sequence[int]) -> int | None:
    """A GPIO number; None, with a mistake noted, for one that is not allowed."""
    return _pin(table, key, table.value(key), allowed) if key in table else None


def _pin(table: Table, key: str, value: object, allowed: Sequence[int]) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value in allowed:
        return value
    table.mistake(key, f"GPIO {quoted(value)} does not do; expected one of {pin_list(allowed)}")
    return None


def _pins(pins: Table, key: str, *, required: bool = False) -> tuple[int, ...]:
    """GPIO numbers and ranges of them, such as [2, "4-22"], in rising order."""
    found: set[int] = set()
    for item in pins.items(key):
        ends = re.fullmatch(r"(\d{1,2})(?:-(\d{1,2}))?", str(item)) if isinstance(item, str | int) else None
        low, high = (int(ends[1]), int(ends[2] or ends[1])) if ends and not isinstance(item, bool) else (1, 0)
        if not 0 <= low <= high <= HIGHEST_PIN:
            pins.mistake(key, f'{quoted(item)} does not do; expected GPIOs of 0 to {HIGHEST_PIN}, such as 2 or "4-22"')
        found.update(range(low, high + 1))
    if required and not found:
        pins.mistake(key, 'no GPIO; expected such as ["0-22", 26]')
    return tuple(sorted(found))


def _texts(table: Table, key: str) -> tuple[str, ...]:
    found: list[str] = []
    for index, value in enumerate(table.items(key)):
        if isinstance(value, str) and value.strip():
            found.append(value)
        else:
            table.document.mistake((*table.at(key), index), f"{key}: {quoted(value)} is not a text; expected one")
    return tuple(found)
