"""A board in real time behind a pseudo-terminal: real MicroPython, reached through a real serial port."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tomllib
from collections.abc import Generator, Mapping
from pathlib import Path

from pacerail.bench.image import build_image, firmware_files
from pacerail.bench.run import board_config
from pacerail.bench.simboard import find_micropython
from pacerail.model.rail import Board
from pacerail.resources import folder


@contextlib.contextmanager
def console_board(
    board: Board, scratch: Path, patches: Mapping[str, tuple[bytes | None, bytes]] | None = None
) -> Generator[str]:
    """Start a board; gives the device path of its port.

    patches: path on the board to (old, new) bytes in that file; old None replaces the whole file.
    """
    sim = folder("boards") / "sim"
    config = {**board_config(board, tomllib.loads((sim / "sim.toml").read_text())), "hardware": "console"}
    files = {**firmware_files(), "pacerail_node/hardware/console.py": (sim / "console.py").read_bytes()}
    for path, (old, new) in (patches or {}).items():
        assert old is None or old in files[path]
        files[path] = new if old is None else files[path].replace(old, new)
    image = scratch / f"{board.name}.img"
    image.write_bytes(build_image(files, config, 256))
    master, slave = os.openpty()
    process = subprocess.Popen(
        [find_micropython(), "-X", "heapsize=1024K", str(sim / "boot.py"), str(image), "quiet"],
        stdin=master, stdout=master, stderr=subprocess.DEVNULL, start_new_session=True, cwd="/",
    )  # fmt: skip
    try:
        yield os.ttyname(slave)
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)
