"""Real ports: any that pyserial opens, by device path, URL or USB serial number.

A thread for each port reads, and stamps the bytes as they come; everything else happens in the event loop. A port that
goes away, since its cable was pulled or its board started anew, is opened again as soon as it is back.

A `port` may end in ?baud=N: a UART is at the other end, at this baud, and what its bytes take is known to the clocks
(see `link`). Without it the baud is 115200, and counts as known where the port is a UART's for certain: one of this
computer's own, or a bridge by its USB vendor. A board's own USB port takes a baud too, and means nothing by it.

FTDI bridges hold what has come for up to 16 ms. On Linux that is set to 1 ms here. Windows and macOS have no call for
it: there it is a setting of the driver (docs/protocol.md says where).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import threading
import time
from typing import Any

import serial
from serial.tools import list_ports

from pacerail.errors import RailError
from pacerail.link import HostClock, OnBytes

try:
    from termios import error as _termios_error

    _terminal_errors: tuple[type[Exception], ...] = (_termios_error,)
except ImportError:  # Windows
    _terminal_errors = ()

BAUD = 115_200
_BAUD_OPTION = "?baud="
_BAUDS = range(1200, 12_000_001)
_BRIDGES = (0x0403, 0x10C4, 0x1A86, 0x067B)  # USB vendors: FTDI, Silicon Labs, WCH, Prolific
_OWN_UARTS = ("ttyS", "ttyAMA")
_POLL_S = 0.2
_WRITE_S = 0.05  # a board that does not read may hold up all others for so long
_REOPEN_S = 0.3
_LOOKS = 3


def host_clock_us() -> int:
    """The host's monotonic clock in us: CLOCK_MONOTONIC_RAW where there is one, since NTP bends the other."""
    if hasattr(time, "CLOCK_MONOTONIC_RAW"):
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) // 1000
    return time.monotonic_ns() // 1000


class FleetTime:
    """Fleet time: the host's clock, `ahead_us` set forward when a race of another host is taken over."""

    def __init__(self) -> None:
        self.ahead_us = 0

    def __call__(self) -> int:
        """Fleet time now, in us."""
        return host_clock_us() + self.ahead_us


def device_of(port: str) -> str:
    """The device path or URL of a `port` in a rail file; a USB serial number is looked up.

    Raises RailError if no port has that serial number.
    """
    port = port.partition(_BAUD_OPTION)[0]
    if "://" in port or "/" in port or port.upper().startswith("COM"):
        return port
    here = _ports_here()
    for found in here:
        if found.serial_number == port:
            return str(found.device)
    known = ", ".join(f"{p.device} {p.serial_number or ''}".strip() for p in here) or "none"
    raise RailError(f"no port with USB serial number {port}; the ports here are: {known}")


def baud_of(port: str) -> tuple[int, bool]:
    """The baud of a `port` in a rail file, and whether the bytes really take what they take at this baud.

    Raises RailError for a ?baud= that is none, or if no port has that serial number.
    """
    said = _check_baud(port)
    if said is not None:
        return said, True
    named = device_of(port)
    if "://" in named:
        return BAUD, False
    device = os.path.realpath(named)
    if os.path.basename(device).startswith(_OWN_UARTS):
        return BAUD, True
    return BAUD, any(found.device == device and found.vid in _BRIDGES for found in _ports_here())


def _ports_here() -> list[Any]:
    """The ports of this computer; none if they cannot be listed.

    Over one that vanishes while it is looked at pyserial stumbles, with a TypeError: it is gone at the next look.
    """
    for _ in range(_LOOKS):
        with contextlib.suppress(Exception):
            return list(list_ports.comports())
    return []


def _check_baud(port: str) -> int | None:
    """The baud that a `port` says; None if it says none. Raises RailError for one that is no baud."""
    _, option, said = port.partition(_BAUD_OPTION)
    if not option:
        return None
    if not said.isdecimal() or int(said) not in _BAUDS:
        raise RailError(f"{port}: {said!r} is no baud; expected ?baud=115200 or another from 1200 to 12000000")
    return int(said)


def _is_there(error: OSError) -> bool:
    """Whether a port that cannot be opened is there all the same: it is another program's, or not for this user."""
    return error.errno in (errno.EAGAIN, errno.EBUSY, errno.EACCES, errno.EPERM) or "lock" in str(error)


def _open(port: str, alone: bool = False) -> Any:
    """A pyserial port; `alone` only if no other program holds it locked.

    Raises RailError if there is none of that serial number, OSError if it cannot be opened.
    """
    try:
        opened: Any = serial.serial_for_url(
            device_of(port),
            baudrate=_check_baud(port) or BAUD,
            timeout=_POLL_S,
            write_timeout=_WRITE_S,
            exclusive=True if alone else None,
        )
    except _terminal_errors as error:  # pyserial lets it through, and it is no OSError
        raise OSError(str(error)) from error
    low_latency = getattr(opened, "set_low_latency_mode", None)
    if low_latency is not None:  # FTDI chips hold bytes back for 16 ms otherwise; other drivers refuse
        with contextlib.suppress(OSError, ValueError, NotImplementedError):
            low_latency(True)
    return opened


class SerialPort:
    """An open port. Raises RailError if it cannot be opened at first; `alone`: or if another program locks it.

    `patient`: one that is not there yet is opened as soon as it is, and `absent` says until then what is wrong.
    """

    def __init__(
        self,
        port: str,
        loop: asyncio.AbstractEventLoop,
        alone: bool = False,
        clock: HostClock = host_clock_us,
        patient: bool = False,
    ) -> None:
        self._port = port
        self._clock = clock
        self._alone = alone
        self._loop = loop
        self._on_bytes: OnBytes | None = None
        self._closing = threading.Event()
        self.byte_ns = 0
        """What a byte takes on the wire: a start bit, eight, and a stop bit. 0 if it is not known.

        It stays what it was found to be when the port was opened before.
        """
        self.absent: str | None = None
        """Why it is not open yet; None once it was."""
        self._serial: Any = None
        _check_baud(port)
        try:
            self._open()
        except (serial.SerialException, ValueError, OSError, RailError) as error:
            words = f"{port}: cannot open it ({error}); is it plugged in, and does nothing else use it?"
            self.absent = str(error) if isinstance(error, RailError) else words
            if not patient or isinstance(error, ValueError) or (isinstance(error, OSError) and _is_there(error)):
                raise RailError(self.absent) from error
        self._thread = threading.Thread(target=self._read, name=f"port {port}", daemon=True)

    def listen(self, on_bytes: OnBytes) -> None:
        """Say who gets the bytes that come in (called in the event loop), and start to read."""
        self._on_bytes = on_bytes
        self._thread.start()

    def write(self, data: bytes) -> int:
        """Send bytes; returns the host time in us just before. Raises OSError if the port does not take them."""
        port = self._serial
        if port is None:
            raise OSError(self.absent or f"{self._port} is unplugged")
        now_us = self._clock()
        port.write(data)
        return now_us

    def close(self) -> None:
        """Stop reading and close the port; a port that has gone already is no error."""
        self._closing.set()
        with contextlib.suppress(OSError, AttributeError):  # not every kind of port can cancel a read
            self._serial.cancel_read()
        if self._thread.is_alive():
            self._thread.join(2 * _POLL_S + _REOPEN_S)
        self._drop()

    def _open(self) -> None:
        opened = _open(self._port, self._alone)
        if not self.byte_ns:  # to list the ports takes a while: only for one that is there, and until it is known
            with contextlib.suppress(RailError, OSError):  # it is open already
                baud, known = baud_of(self._port)
                self.byte_ns = 10_000_000_000 // baud if known else 0
        self._serial = opened
        self.absent = None

    def _drop(self) -> None:
        gone, self._serial = self._serial, None
        if gone is not None:
            with contextlib.suppress(OSError):  # SerialException is one; a vanished port fails to close as well
                gone.close()

    def _read(self) -> None:
        while not self._closing.is_set():
            port = self._serial
            try:
                data = port.read(1)
                more = port.in_waiting if data else 0
                now_us = self._clock()  # all that is counted had come by now
                if more:
                    data += port.read(more)
            except (OSError, TypeError, AttributeError):  # unplugged, or closed under the read
                self._drop()
                self._reopen()
                continue
            if data and self._on_bytes is not None:
                with contextlib.suppress(RuntimeError):  # the loop has been closed
                    self._loop.call_soon_threadsafe(self._on_bytes, data, now_us)

    def _reopen(self) -> None:
        while not self._closing.wait(_REOPEN_S):
            with contextlib.suppress(Exception):  # whatever pyserial makes of one that is just going, or coming
                self._open()
                return
