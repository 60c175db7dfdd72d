"""A simulated board's flash: a littlefs image with the firmware and the board's config on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from littlefs import LittleFS

from pacerail.resources import folder

_BLOCK = 4096
LEFT_OUT = ("reference.py", "plain.py")
"""Modules of the node that only the host and the tests use."""


def firmware_files() -> dict[str, bytes]:
    """The firmware as it lies on a simulated board, without other chips' drivers: path on the board to contents."""
    root = folder("firmware")
    node = root / "pacerail_node"
    paths = [
        root / "main.py",
        *sorted(node.glob("*.py")),
        *sorted(node.glob("*/__init__.py")),
        node / "hardware/sim.py",
    ]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths if path.name not in LEFT_OUT}


def build_image(files: Mapping[str, bytes], config: Mapping[str, Any], size_kib: int) -> bytes:
    """A littlefs image of `size_kib` with these files and board.json."""
    disk: Any = LittleFS(block_size=_BLOCK, block_count=size_kib * 1024 // _BLOCK)
    for name, data in {**files, "board.json": json.dumps(config).encode()}.items():
        parent = str(Path(name).parent)
        if parent != ".":
            disk.makedirs(parent, exist_ok=True)
        with disk.open(name, "wb") as file:
            file.write(data)
    return bytes(disk.context.buffer)
