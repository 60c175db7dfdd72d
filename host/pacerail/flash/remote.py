"""MicroPython's console as a tool sees it: mpremote's SerialTransport, which is used here and nowhere else.

mpremote promises nothing to those who use it as a library, so only a few of its calls are used, and whatever it raises
leaves this module as a RailError of one line.
"""

# mpremote has no types
# pyright: reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from pacerail.errors import RailError
from pacerail.flash.layout import Survey
from pacerail.flash.system import GONE

_BROKEN = (TransportError, *GONE, struct.error, IndexError, ValueError, SyntaxError, TypeError)
"""What mpremote raises when a board goes: the last ones, when an answer is cut short."""
_CHUNK = 2048  # three times as fast as mpremote's own 256
_SILENT_S = 3.0

_SURVEY = """
import os
def walk(path, deep):
    for entry in os.ilistdir(path or "/"):
        name = path + "/" + entry[0]
        if entry[1] == 0x4000:
            print("d", 0, name[1:])
            if deep or entry[0][:3] == "fw-" or entry[0] == "pacerail_node":
                walk(name, True)
        else:
            print("f", os.stat(name)[6], name[1:])
walk("", False)
space = os.statvfs("/")
print("s", space[1] * space[3], space[1])
"""
_COPY = """
def copy(old, new):
    piece = bytearray(1024)
    with open(old, "rb") as source:
        with open(new, "wb") as out:
            while True:
                count = source.readinto(piece)
                if not count:
                    break
                out.write(memoryview(piece)[:count])
"""
_ARCHS = ("", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp", "xtensa", "xtensawin",
          "rv32imc", "rv64imc")  # fmt: skip
"""Of native code, in the order of MicroPython's py/persistentcode.h."""


@dataclass(frozen=True)
class Implementation:
    """Which MicroPython a board runs."""

    version: str
    mpy_version: int
    arch: str
    machine: str
    uid: str


class Lost(RailError):
    """The board stopped answering: its cable, its power, or it hangs."""


@contextlib.contextmanager
def _one_line(doing: str) -> Generator[None]:
    try:
        yield
    except TransportExecError as error:
        lines = str(error.error_output).strip().splitlines()
        raise RailError(f"{doing} failed on the board: {lines[-1] if lines else 'no reason given'}") from error
    except _BROKEN as error:
        raise Lost(f"the board stopped answering while {doing}; plug it in again and run this again") from error


class Remote:
    """A board's raw REPL. Raises Lost if there is no console, or when it goes, and RailError if the board says no."""

    def __init__(self, device: str, silent_s: float = _SILENT_S) -> None:
        self._has_copy = False
        with _one_line("opening its console"):
            self._transport: Any = SerialTransport(device, timeout=silent_s)
        try:
            with _one_line("asking for its console"):
                self._transport.serial.write_timeout = silent_s
                # no soft reset: the firmware has put its parts away, and a board's own boot.py is not to run now
                self._transport.enter_raw_repl(soft_reset=False, timeout_overall=silent_s)
        except RailError:
            self.close()
            raise

    def close(self) -> None:
        """Leave the console and let go of the port; one that has gone already is no error."""
        transport = self._transport
        with contextlib.suppress(*_BROKEN):
            if transport.in_raw_repl:
                transport.exit_raw_repl()
        with contextlib.suppress(*_BROKEN):
            transport.close()
        with contextlib.suppress(*_BROKEN):
            transport.serial.close()

    def implementation(self) -> Implementation:
        """Which MicroPython this is."""
        code = (
            "import sys\ni = sys.implementation\ntry:\n import machine\n u = machine.unique_id().hex()\n"
            "except (ImportError, AttributeError):\n u = ''\n"
            "print(repr((i.name, tuple(i.version)[:3], getattr(i, '_mpy', 0), getattr(i, '_machine', ''), u)))"
        )
        with _one_line("asking what it runs"):
            self._transport.exec(code)
            name, version, mpy, machine, uid = self._transport.eval(
                "(i.name, tuple(i.version)[:3], getattr(i, '_mpy', 0), getattr(i, '_machine', ''), u)"
            )
        if name != "micropython":
            raise RailError(f"it runs {name}; expected MicroPython. Put the image of its board file on it first")
        arch = _ARCHS[mpy >> 10] if mpy >> 10 < len(_ARCHS) else "another"
        return Implementation(".".join(map(str, version)), mpy & 0xFF, arch, str(machine), str(uid))

    def survey(self) -> Survey:
        """Look at the file system; changes nothing."""
        with _one_line("looking at its flash"):
            lines = self._transport.exec(_SURVEY).decode().replace("\r", "").splitlines()
            files: dict[str, int] = {}
            folders: list[str] = []
            free = block = 0
            for line in lines:
                kind, number, name = line.split(" ", 2)
                if kind == "s":
                    free, block = int(number), int(name)
                    continue
                if kind == "f":
                    files[name] = int(number)
                else:
                    folders.append(name)
        main = None
        if "main.py" in files:
            with _one_line("reading main.py"):
                main = bytes(self._transport.fs_readfile("/main.py", chunk_size=_CHUNK))
        names = frozenset(name for name in (*files, *folders) if "/" not in name)
        return Survey(names, files, tuple(folders), main, free, block)

    def hash_of(self, path: str) -> bytes:
        """SHA-256 of a file, as the board reads it."""
        with _one_line(f"reading {path}"):
            return bytes(self._transport.fs_hashfile(f"/{path}", "sha256", chunk_size=1024))

    def write(self, path: str, data: bytes, progress: Callable[[int], None]) -> None:
        """Write a file; its folder must be there. `progress` gets the bytes done so far."""

        def so_far(done: int, _total: int) -> None:
            progress(done)

        with _one_line(f"writing {path}"):
            self._transport.fs_writefile(f"/{path}", data, chunk_size=_CHUNK, progress_callback=so_far)

    def copy(self, old: str, new: str) -> None:
        """Copy a file on the board."""
        with _one_line(f"copying {old}"):
            if not self._has_copy:
                self._transport.exec(_COPY)
                self._has_copy = True
            self._transport.exec(f"copy({'/' + old!r}, {'/' + new!r})")

    def rename(self, old: str, new: str) -> None:
        """Put a file in another one's place, at one stroke."""
        with _one_line(f"renaming {old}"):
            self._transport.exec(f"import os\nos.rename({'/' + old!r}, {'/' + new!r})")

    def remove(self, path: str) -> None:
        """Delete a file, or an empty folder."""
        with _one_line(f"removing {path}"):
            self._transport.exec(f"import os\nos.remove({'/' + path!r})")

    def make_folder(self, path: str) -> None:
        """Make a folder."""
        with _one_line(f"making {path}"):
            self._transport.fs_mkdir(f"/{path}")

    def restart(self) -> None:
        """Start the board anew, as at power on, and let go of the port."""
        self._leave("import machine\nmachine.reset()")

    def to_bootloader(self) -> None:
        """Make a Pico show its boot drive, and let go of the port."""
        self._leave("import machine\nmachine.bootloader()")

    def _leave(self, code: str) -> None:
        transport = self._transport
        try:
            with _one_line("starting it anew"):
                transport.exec_raw_no_follow(code)
                # until it says nothing more, or says why it will not
                said = transport.read_until(1, b"\x04", timeout=0.3)
        except Lost:
            said = b""  # it went before it had said so: what was wanted
        transport.in_raw_repl = False
        self.close()
        if b"Error" in said:
            raise RailError("it cannot start itself anew; unplug it and plug it in again")
