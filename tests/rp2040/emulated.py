"""An emulated Pico as a port and as the time in which host code runs.

PACERAIL_RP2040 names a folder with what runs it: pico.mjs and its modules, node_modules/rp2040js, image.bin or
image.uf2 (stock MicroPython for the Pico), bootrom.bin (B1).
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from littlefs import LittleFS

from pacerail.link import OnBytes

_FS_BLOCKS = 352  # 1408 KiB, as the image has it
_PIECE_NS = 20_000_000


def folder_or_skip() -> Path:
    """The folder of PACERAIL_RP2040; skips the test with the reason where it, or a part of it, is not there."""
    name = os.environ.get("PACERAIL_RP2040")
    if not name:
        pytest.skip("PACERAIL_RP2040 is not set: no emulated RP2040 and MicroPython image at hand")
    folder = Path(name)
    for part in ("pico.mjs", "node_modules/rp2040js", "bootrom.bin"):
        if not (folder / part).exists():
            pytest.skip(f"PACERAIL_RP2040: {folder / part} is not there")
    if shutil.which("node") is None:
        pytest.skip("node is not installed: the emulated RP2040 runs in it")
    return folder


@dataclass(frozen=True)
class Shown:
    """A frame as decoded from a pin; times in ns since the board's power came."""

    pin: int
    begin_ns: float
    end_ns: float
    bits: int
    high0_ns: tuple[float, float]
    high1_ns: tuple[float, float]
    period_ns: tuple[float, float]
    data: bytes


@dataclass(frozen=True)
class Sent:
    """Bytes that an SPI sent without a pause; times in ns since the board's power came."""

    number: int
    begin_ns: float
    end_ns: float
    data: bytes


class EmulatedBoard:
    """The board, its port, and the world of a `WorldLoop`: `now_ns` is the time on its crystal."""

    def __init__(
        self,
        files: dict[str, bytes] | bytes,
        scratch: Path,
        pins: tuple[int, ...],
        xip_miss: int = 46,
        low: int | None = None,
    ) -> None:
        folder = folder_or_skip()
        image = scratch / "fs.img"
        image.write_bytes(files if isinstance(files, bytes) else file_system(files))
        firmware = next(path for path in (folder / "image.bin", folder / "image.uf2") if path.exists())
        environment = os.environ | {
            "RP2040JS": str(folder / "node_modules" / "rp2040js"),
            "RP2_FIRMWARE": str(firmware),
            "RP2_BOOTROM": str(folder / "bootrom.bin"),
        }
        command = ["node", str(Path(__file__).with_name("board.mjs")), str(folder), str(image),
                   ",".join(map(str, pins)), str(xip_miss), *([] if low is None else [str(low)])]  # fmt: skip
        self._node = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, cwd=folder
        )
        self.now_ns = 0
        self.shown: list[Shown] = []
        self.sent: list[Sent] = []
        self.heard = b""
        """Everything that the board ever sent."""
        self._on_bytes: OnBytes | None = None
        self._unsent = b""
        self._driven: list[tuple[int, bool]] = []
        self.driven_ns: list[float] = []
        """When `drive` has changed a pin."""

    def host_clock_us(self) -> int:
        """The host's clock runs with the board's crystal, and starts with it."""
        return self.now_ns // 1000

    def advance(self, until_ns: int | None) -> None:
        """Let time pass, or up to the first bytes that the board sends."""
        assert until_ns is not None, "nothing is left to happen"
        heard = len(self.heard)
        while self.now_ns < until_ns and len(self.heard) == heard:
            self._run(min(until_ns, self.now_ns + _PIECE_NS))

    def run_for(self, seconds: float) -> None:
        """Let time pass, whatever the board sends."""
        until_ns = self.now_ns + round(seconds * 1e9)
        while self.now_ns < until_ns:
            self.advance(until_ns)

    def drive(self, pin: int, level: bool) -> None:
        """Pull a pin to a level from now on; `driven_ns` then says when that was."""
        self._driven.append((pin, level))

    def _run(self, to_ns: int) -> None:
        assert self._node.stdin is not None and self._node.stdout is not None
        self._node.stdin.write(json.dumps({"to": to_ns, "send": self._unsent.hex(), "set": self._driven}) + "\n")
        self._node.stdin.flush()
        self._unsent = b""
        answer: dict[str, Any] = json.loads(self._node.stdout.readline())
        assert not answer["halted"], "the emulated chip has crashed"
        self.driven_ns += [answer["begun"]] * len(self._driven)
        self._driven = []
        self.now_ns = math.floor(answer["ns"]) if answer["out"] else max(to_ns, self.now_ns)
        for f in answer["frames"]:
            self.shown.append(Shown(f["pin"], f["t0"], f["t1"], f["bits"], tuple(f["t0h"]), tuple(f["t1h"]),
                                    tuple(f["per"]), bytes.fromhex(f["bytes"])))  # fmt: skip
        self.sent += [Sent(s["number"], s["t0"], s["t1"], bytes.fromhex(s["bytes"])) for s in answer["spi"]]
        for _, data in answer["out"]:
            self.heard += bytes.fromhex(data)
            if self._on_bytes is not None:
                self._on_bytes(bytes.fromhex(data), self.host_clock_us())

    def listen(self, on_bytes: OnBytes) -> None:
        """Say who gets the bytes that come in."""
        self._on_bytes = on_bytes

    def write(self, data: bytes) -> int:
        """Send bytes to the board; returns the host's time in us."""
        self._unsent += data
        return self.host_clock_us()

    def close(self) -> None:
        """Take the power away."""
        self._node.kill()
        self._node.wait()


def file_system(files: dict[str, bytes]) -> bytes:
    """The board's flash with these files; littlefs.LittleFSError where they are too many."""
    disk: Any = LittleFS(block_size=4096, block_count=_FS_BLOCKS, prog_size=256, read_size=32, lookahead_size=32,
                         cache_size=1024)  # fmt: skip
    for name, data in files.items():
        parent = str(Path(name).parent)
        if parent != ".":
            disk.makedirs(parent, exist_ok=True)
        with disk.open(name, "wb") as file:
            file.write(data)
    return bytes(disk.context.buffer)
