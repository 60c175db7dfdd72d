"""Real ports over a local socket: bytes with their times, a cable pulled and put back, a port that cannot be had."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import serial
from serial.tools import list_ports

from pacerail.errors import RailError
from pacerail.ports import BAUD, SerialPort, baud_of, device_of, host_clock_us

WAIT_S = 10


def test_a_port_that_was_lost_is_opened_again() -> None:
    """The other end hangs up, and is there again: bytes go both ways as before."""

    async def whole() -> None:
        arrived: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        server = await asyncio.start_server(lambda r, w: arrived.put_nowait((r, w)), "127.0.0.1", 0)
        number = server.sockets[0].getsockname()[1]
        port = SerialPort(f"socket://127.0.0.1:{number}", asyncio.get_running_loop())
        got: asyncio.Queue[tuple[bytes, int]] = asyncio.Queue()
        port.listen(lambda data, now_us: got.put_nowait((data, now_us)))
        begun_us = host_clock_us()
        reader, writer = await asyncio.wait_for(arrived.get(), WAIT_S)
        writer.write(b"one")
        data, now_us = await asyncio.wait_for(got.get(), WAIT_S)
        assert b"one".startswith(data) and begun_us <= now_us <= host_clock_us()
        writer.close()

        reader, writer = await asyncio.wait_for(arrived.get(), WAIT_S)
        await asyncio.to_thread(_until, lambda: port._serial is not None)  # this end may hear of it a little later
        sent_us = port.write(b"ping")
        assert begun_us <= sent_us <= host_clock_us()
        assert await asyncio.wait_for(reader.readexactly(4), WAIT_S) == b"ping"
        while not got.empty():
            got.get_nowait()
        writer.write(b"two")
        assert b"two".startswith((await asyncio.wait_for(got.get(), WAIT_S))[0])
        port.close()
        with pytest.raises(OSError, match="unplugged"):
            port.write(b"nobody")
        writer.close()
        server.close()

    asyncio.run(whole())


class Wire:
    """A port as pyserial gives one; it is gone as soon as it is `pulled`."""

    in_waiting = 0

    def __init__(self) -> None:
        self.pulled = threading.Event()

    def read(self, size: int) -> bytes:
        if self.pulled.wait(0.01):
            raise OSError("device reports readiness to read but returned no data")
        return b""

    def write(self, data: bytes) -> None:
        return

    def close(self) -> None:
        return


class Cable:
    """What is plugged in, and what pyserial does meanwhile: `found` is what opening gives, or raises."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wire = Wire()
        self.found: list[Wire | Exception] = [self.wire]
        self.opened = threading.Event()
        self.listed = 0
        monkeypatch.setattr(serial, "serial_for_url", self._open)
        monkeypatch.setattr(list_ports, "comports", self._list)
        monkeypatch.setattr("pacerail.ports._REOPEN_S", 0.01)

    def _open(self, *args: object, **options: object) -> Wire:
        found = self.found.pop(0) if len(self.found) > 1 else self.found[0]
        if isinstance(found, Exception):
            raise found
        self.opened.set()
        return found

    def _list(self) -> list[SimpleNamespace]:
        self.listed += 1
        return [SimpleNamespace(device="/dev/ttyUSB7", serial_number="A50285BI", vid=0x0403)]

    def pulled_and_put_back(self, *meanwhile: Exception) -> None:
        """Pulled; then opening raises these, one after the other; then it is there again."""
        before, self.wire = self.wire, Wire()
        self.found = [*meanwhile, self.wire]
        self.opened.clear()
        before.pulled.set()


def test_a_port_comes_back_whatever_pyserial_says_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """int(None, 16), as of a USB device that vanishes while it is looked at, must not be the end of its reader."""

    async def whole() -> None:
        cable = Cable(monkeypatch)
        port = SerialPort("/dev/ttyUSB7", asyncio.get_running_loop())
        port.listen(lambda data, now_us: None)
        cable.pulled_and_put_back(TypeError("int() can't convert non-string with explicit base"), RuntimeError("?"))
        assert await asyncio.to_thread(cable.opened.wait, WAIT_S)
        await asyncio.to_thread(_until, lambda: port._serial is cable.wire)
        port.write(b"there")
        port.close()

    asyncio.run(whole())


def test_the_ports_are_not_listed_again_and_again_for_one_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async def whole() -> None:
        cable = Cable(monkeypatch)
        port = SerialPort("/dev/ttyUSB7", asyncio.get_running_loop())
        port.listen(lambda data, now_us: None)
        assert (port.byte_ns, cable.listed) == (86_805, 1)
        cable.pulled_and_put_back(*(FileNotFoundError(2, "no such port") for _ in range(20)))
        assert await asyncio.to_thread(cable.opened.wait, WAIT_S)
        await asyncio.to_thread(_until, lambda: port._serial is cable.wire)
        assert (port.byte_ns, cable.listed) == (86_805, 1)
        port.close()

        absent = Cable(monkeypatch)
        absent.found = [*(FileNotFoundError(2, "no such port") for _ in range(20)), absent.wire]
        port = SerialPort("/dev/ttyUSB7", asyncio.get_running_loop(), patient=True)
        port.listen(lambda data, now_us: None)
        await asyncio.to_thread(_until, lambda: port._serial is absent.wire)
        assert (port.byte_ns, absent.listed) == (86_805, 1)
        port.close()

    asyncio.run(whole())


def test_one_that_vanishes_while_the_ports_are_listed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [SimpleNamespace(device="/dev/ttyACM0", serial_number="E66138935F", vid=0x2E8A)]
    stumbles = 0

    def listing() -> list[SimpleNamespace]:
        nonlocal stumbles
        if stumbles:
            stumbles -= 1
            raise TypeError("int() can't convert non-string with explicit base")
        return found

    monkeypatch.setattr(list_ports, "comports", listing)
    stumbles = 1
    assert device_of("E66138935F") == "/dev/ttyACM0"
    stumbles = 99
    with pytest.raises(RailError, match="no port with USB serial number E66138935F; the ports here are: none"):
        device_of("E66138935F")
    assert baud_of("/dev/ttyACM0") == (BAUD, False)


def _until(met: Callable[[], bool]) -> None:
    until_s = time.monotonic() + WAIT_S
    while not met():
        assert time.monotonic() < until_s
        time.sleep(0.005)


def test_what_cannot_be_opened_is_said_in_words() -> None:
    async def opening(port: str) -> None:
        SerialPort(port, asyncio.get_running_loop())

    for port in ("/dev/not-there", "socket://127.0.0.1:1", "socket://nowhere", "nonsense://x"):
        with pytest.raises(RailError, match="cannot open it"):
            asyncio.run(opening(port))


def test_a_serial_number_is_looked_up_and_a_path_is_not() -> None:
    assert device_of("/dev/ttyACM3") == "/dev/ttyACM3"
    assert device_of("COM7") == "COM7"
    assert device_of("socket://10.0.0.7:5555") == "socket://10.0.0.7:5555"
    with pytest.raises(RailError, match="no port with USB serial number E66138935F"):
        device_of("E66138935F")


def test_a_baud_that_is_stated_is_a_wires(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a bridge, or a UART of this computer, a baud is real; at a board's own USB it means nothing."""
    found = [
        SimpleNamespace(device="/dev/ttyUSB0", serial_number="A50285BI", vid=0x0403),
        SimpleNamespace(device="/dev/ttyACM0", serial_number="E66138935F", vid=0x2E8A),
    ]
    monkeypatch.setattr(list_ports, "comports", lambda: found)
    assert device_of("A50285BI?baud=1000000") == "/dev/ttyUSB0"
    assert baud_of("A50285BI?baud=1000000") == (1_000_000, True)
    assert baud_of("socket://10.0.0.7:5555?baud=250000") == (250_000, True)
    assert baud_of("A50285BI") == baud_of("/dev/ttyUSB0") == baud_of("/dev/ttyAMA0") == (BAUD, True)
    assert baud_of("E66138935F") == baud_of("/dev/ttyACM0") == baud_of("socket://10.0.0.7:5555") == (BAUD, False)


@pytest.mark.parametrize("said", ["fast", "", "0", "-9600", "1e6", "99999999999"])
def test_a_baud_that_is_none_is_said_in_words(said: str) -> None:
    async def opening() -> None:
        SerialPort(f"/dev/ttyUSB0?baud={said}", asyncio.get_running_loop())

    with pytest.raises(RailError, match=r"is no baud; expected \?baud=115200"):
        asyncio.run(opening())


def test_a_port_knows_what_its_bytes_take() -> None:
    async def whole() -> tuple[int, int]:
        server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
        url = f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        known = SerialPort(f"{url}?baud=115200", asyncio.get_running_loop())
        plain = SerialPort(url, asyncio.get_running_loop())
        known.close()
        plain.close()
        server.close()
        return known.byte_ns, plain.byte_ns

    assert asyncio.run(whole()) == (86_805, 0)
