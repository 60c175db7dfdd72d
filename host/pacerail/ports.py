"""Real ports: any that pyserial opens, by device path, URL or USB serial number.

A thread for each port reads, and stamps the bytes as they come; everything else happens in the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

import serial
from serial.tools import list_ports

from pacerail.errors import RailError
from pacerail.link import OnBytes

BAUD = 115_200
_POLL_S = 0.2


def host_clock_us() -> int:
    """The host's monotonic clock in us: CLOCK_MONOTONIC_RAW where there is one, since NTP bends the other."""
    if hasattr(time, "CLOCK_MONOTONIC_RAW"):
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) // 1000
    return time.monotonic_ns() // 1000


def device_of(port: str) -> str:
    """The device path or URL of a `port` in a rail file; a USB serial number is looked up.

    Raises RailError if no port has that serial number.
    """
    if "://" in port or "/" in port or port.upper().startswith("COM"):
        return port
    for found in list_ports.comports():
        if found.serial_number == port:
            return str(found.device)
    known = ", ".join(f"{p.device} {p.serial_number or ''}".strip() for p in list_ports.comports()) or "none"
    raise RailError(f"no port with USB serial number {port}; the ports here are: {known}")


class SerialPort:
    """An open port. Raises RailError if it cannot be opened."""

    def __init__(self, port: str, loop: asyncio.AbstractEventLoop) -> None:
        self._device = device_of(port)
        self._loop = loop
        self._on_bytes: OnBytes | None = None
        self._closing = False
        try:
            self._serial = serial.serial_for_url(self._device, baudrate=BAUD, timeout=_POLL_S, write_timeout=2.0)
        except (serial.SerialException, ValueError, OSError) as error:
            raise RailError(
                f"{port}: cannot open it ({error}); is it plugged in, and does nothing else use it?"
            ) from error
        low_latency = getattr(self._serial, "set_low_latency_mode", None)
        if low_latency is not None:  # FTDI chips hold bytes back for 16 ms otherwise; other drivers refuse
            with contextlib.suppress(OSError, ValueError, NotImplementedError):
                low_latency(True)
        self._thread = threading.Thread(target=self._read, name=f"port {port}", daemon=True)

    def listen(self, on_bytes: OnBytes) -> None:
        """Say who gets the bytes that come in (called in the event loop), and start to read."""
        self._on_bytes = on_bytes
        self._thread.start()

    def write(self, data: bytes) -> int:
        """Send bytes; returns the host time in us just before. Raises OSError if the port has gone."""
        now_us = host_clock_us()
        self._serial.write(data)
        return now_us

    def close(self) -> None:
        """Stop reading and close the port; a port that has gone already is no error."""
        self._closing = True
        with contextlib.suppress(OSError, serial.SerialException):
            self._serial.cancel_read()
        if self._thread.is_alive():
            self._thread.join(2 * _POLL_S)
        with contextlib.suppress(OSError, serial.SerialException):
            self._serial.close()

    def _read(self) -> None:
        while not self._closing:
            try:
                data = self._serial.read(1)
                now_us = host_clock_us()
                if data and self._serial.in_waiting:
                    data += self._serial.read(self._serial.in_waiting)
            except (OSError, TypeError, serial.SerialException):
                return  # unplugged, or closed under the read: requests then end without an answer
            if data and self._on_bytes is not None:
                self._loop.call_soon_threadsafe(self._on_bytes, data, now_us)
