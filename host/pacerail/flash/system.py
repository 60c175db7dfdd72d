"""What the computer knows of ports: which there are, who holds one, and why one cannot be opened."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import serial
from serial.tools import list_ports

from pacerail.errors import RailError
from pacerail.flash.drive import Drive, find_drives

try:
    from termios import error as _termios_error
except ImportError:
    _termios_error = OSError

GONE: tuple[type[Exception], ...] = (OSError, _termios_error)
"""What a port that has gone raises: pyserial lets termios's own error through, which is no OSError."""
VENDORS = {0x2E8A: "Raspberry Pi", 0x303A: "Espressif", 0x10C4: "CP210x", 0x1A86: "CH340", 0x0403: "FTDI"}
"""USB vendors of boards, or of the serial chips on them."""


@dataclass(frozen=True)
class FoundPort:
    """A serial port that is there."""

    device: str
    serial_number: str | None = None
    vendor: int | None = None


def found_ports() -> list[FoundPort]:
    """Every serial port of this computer."""
    return [FoundPort(str(port.device), port.serial_number, port.vid) for port in list_ports.comports()]


@dataclass(frozen=True)
class System:
    """The computer, as flashing needs it; tests put others in its place."""

    ports: Callable[[], Sequence[FoundPort]] = found_ports
    drives: Callable[[], Sequence[Drive]] = find_drives
    now_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def holders(device: str, proc: Path = Path("/proc")) -> list[str]:
    """The programs that have a port open, as "name (process 123)"; Linux only, and only those that we may look at."""
    if not proc.is_dir():
        return []
    wanted = os.path.realpath(device)
    found: list[str] = []
    for process in proc.iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            if any(os.path.realpath(fd) == wanted for fd in (process / "fd").iterdir()):
                found.append(f"{(process / 'comm').read_text().strip()} (process {process.name})")
        except OSError:
            continue  # it ended, or is somebody else's
    return found


def _group_of(device: str) -> str:
    if sys.platform == "win32":
        return ""
    import grp

    try:
        return grp.getgrgid(os.stat(device).st_gid).gr_name
    except (OSError, KeyError):
        return ""


def why_not(device: str, error: Exception) -> str:
    """One line on why a port cannot be opened, with what to do."""
    number = getattr(error, "errno", None)
    text = str(error)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO) or "FileNotFoundError" in text:
        return f"{device} is not there; is the board plugged in?"
    if number in (errno.EACCES, errno.EPERM) and sys.platform != "win32":
        group = _group_of(device) or "dialout"
        return (
            f"{device}: no permission; run: sudo pacerail firmware udev --install, or: sudo usermod -aG {group} $USER, "
            "and log in again"
        )
    if number in (errno.EBUSY, errno.EAGAIN, errno.EACCES) or "exclusively lock" in text or "PermissionError" in text:
        by = ", ".join(holders(device)) or "another program"
        return f"{device} is in use by {by}; end that first"
    return f"{device} cannot be opened ({getattr(error, 'strerror', None) or text}); plug the board in again"


def check_port(device: str) -> None:
    """Open a port and close it again. Raises RailError saying who holds it, or what else is in the way."""
    try:
        port: Any = serial.serial_for_url(device, baudrate=115_200, timeout=0, exclusive=True)
    except (*GONE, ValueError) as error:  # SerialException is an OSError
        raise RailError(why_not(device, error)) from error
    port.close()
