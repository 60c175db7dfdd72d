"""A board to be flashed: real MicroPython behind a pseudo-terminal, which starts anew when told and keeps its flash."""

from __future__ import annotations

import os
import struct
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from littlefs import LittleFS

from pacerail.bench.simboard import find_micropython

BLOCK = 4096
_BOOT = Path(__file__).with_name("flash_boot.py")
_HEAD = struct.Struct("<III")


def disk_of(image: bytearray) -> LittleFS:
    """A flash image as a file system; not a copy of it."""
    disk = LittleFS(block_size=BLOCK, block_count=len(image) // BLOCK, mount=False)
    disk.context.buffer = image
    disk.mount()
    return disk


def image_with(files: Mapping[str, bytes], size_kib: int = 768) -> bytes:
    """A flash image with these files."""
    disk = LittleFS(block_size=BLOCK, block_count=size_kib * 1024 // BLOCK)
    for name, data in files.items():
        if "/" in name:
            disk.makedirs(name.rpartition("/")[0], exist_ok=True)
        with disk.open(name, "wb") as file:
            file.write(data)
    return bytes(disk.context.buffer)


def tree_of(image: bytes | bytearray) -> dict[str, bytes]:
    """Every file of a flash image."""
    disk = disk_of(image if isinstance(image, bytearray) else bytearray(image))
    found: dict[str, bytes] = {}
    for top, _, names in disk.walk("/"):
        for name in names:
            path = f"{top.rstrip('/')}/{name}"
            with disk.open(path, "rb") as file:
                found[path.lstrip("/")] = file.read()
    return found


class FlashBoard:
    """The board: `port` is its device path. Cut power hangs up its port; a reset does not."""

    def __init__(self, scratch: Path, name: str, image: bytes, cut: int = -1) -> None:
        self.image_path = scratch / f"{name}.img"
        self.writes_path = scratch / f"{name}.writes"
        self.image_path.write_bytes(image)
        self.writes_path.write_bytes(b"")
        self.starts = 0
        self._cut = cut
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def image(self) -> bytes:
        """What is on its flash now."""
        return self.image_path.read_bytes()

    @property
    def writes(self) -> list[tuple[int, bytes]]:
        """Every write to flash so far: where, and what."""
        log, at = self.writes_path.read_bytes(), 0
        found: list[tuple[int, bytes]] = []
        while at < len(log):
            block, offset, length = _HEAD.unpack_from(log, at)
            at += _HEAD.size
            found.append((block * BLOCK + offset, log[at : at + length]))
            at += length
        return found

    @contextmanager
    def powered(self, cut: int | None = None) -> Iterator[FlashBoard]:
        """With its power on; `cut`: until so many more writes."""
        self._cut = self._cut if cut is None else cut
        self._ended.clear()
        master, slave = os.openpty()
        self.port = os.ttyname(slave)
        self._start(master)
        self._thread = threading.Thread(target=self._keep, args=(master,), daemon=True)
        self._thread.start()
        try:
            yield self
        finally:
            self.pull()
            self._thread.join()
            os.close(slave)

    def pull(self) -> None:
        """Cut its power now."""
        with self._lock:
            self._ended.set()
            self._process.kill()

    def _start(self, master: int) -> None:
        before = len(self.writes)
        left = -1 if self._cut < 0 else max(0, self._cut - before)
        self.starts += 1
        words = [find_micropython(), "-X", "heapsize=2M", "-i", _BOOT, self.image_path, self.writes_path, left]
        self._process = subprocess.Popen(
            list(map(str, words)),
            stdin=master, stdout=master, stderr=subprocess.DEVNULL, start_new_session=True, cwd="/",
        )  # fmt: skip

    def _keep(self, master: int) -> None:
        """Start it anew when it ends, as a reset does, until its power is cut."""
        while True:
            self._process.wait()
            with self._lock:
                if self._ended.is_set() or 0 <= self._cut <= len(self.writes):
                    break
                self._start(master)
        os.close(master)
