"""Which ports there are, and which may be asked: nothing is typed into a device that is not known to be a board.

A port is asked when its USB ids are MicroPython's own, when the rail file names it, or when a person does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from serial.tools import list_ports

OURS = {
    (0x2E8A, 0x0005): "MicroPython on an RP2040 or RP2350",
    (0x303A, 0x1001): "Espressif chip, its own USB",
    (0x303A, 0x4001): "MicroPython on an ESP32",
}
"""USB ids of boards that run MicroPython: github.com/raspberrypi/usb-pid and github.com/espressif/usb-pids."""

ADAPTERS = {
    (0x10C4, 0xEA60): "CP210x serial adapter",
    (0x1A86, 0x7523): "CH340 serial adapter",
    (0x1A86, 0x55D4): "CH9102 serial adapter",
    (0x0403, 0x6001): "FTDI serial adapter",
    (0x0403, 0x6015): "FTDI serial adapter",
}
"""What may be an ESP32 or an RS-485 pair, and may be anything else."""

_BAUD = "?baud="  # may stand behind a port (see ports)


@dataclass(frozen=True, slots=True)
class Usb:
    """A serial port as the system lists it."""

    device: str
    serial_number: str | None = None
    vid: int | None = None
    pid: int | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A port that may have a board behind it. `port` is how a person or the rail file calls it."""

    port: str
    device: str
    serial_number: str | None
    kind: str
    ask: bool

    @property
    def lasting(self) -> str:
        """What to write into a rail file: the USB serial number, which stays the same wherever it is plugged in."""
        return (self.serial_number or self.device) + "".join(self.port.partition(_BAUD)[1:])


def usb_ports() -> list[Usb]:
    """The serial ports of this computer."""
    found: Iterable[Any] = list_ports.comports()
    return [
        Usb(str(p.device), p.serial_number or None, p.vid, p.pid, str(p.product or p.description or "")) for p in found
    ]


def candidates(usb: Sequence[Usb], named: Sequence[str]) -> list[Candidate]:
    """Every port once: those named (a device path, a URL, a USB serial number) first, in their order."""
    made: list[Candidate] = []
    taken: set[str] = set()
    for name in dict.fromkeys(named):
        place = name.partition(_BAUD)[0]
        match = next((p for p in usb if place == p.serial_number or _same(place, p.device)), None)
        device = match.device if match else place
        if device not in taken:
            taken.add(device)
            kind = kind_of(match) if match else "port"
            made.append(Candidate(name, device, match.serial_number if match else None, kind, True))
    for port in usb:
        if port.device not in taken and port.vid is not None:  # without ids: a socket on the mainboard, not USB
            taken.add(port.device)
            ours = (port.vid, port.pid) in OURS
            made.append(Candidate(port.device, port.device, port.serial_number, kind_of(port), ours))
    return made


def kind_of(port: Usb) -> str:
    """What a port is by its USB ids."""
    ids = (port.vid or 0, port.pid or 0)
    return OURS.get(ids) or ADAPTERS.get(ids) or port.words or "port"


def is_port(word: str) -> bool:
    """Whether a word can only be a device path or a URL."""
    return "/" in word or "\\" in word or word.upper().startswith("COM")


def _same(name: str, device: str) -> bool:
    return name == device or ("://" not in name and os.path.realpath(name) == os.path.realpath(device))
