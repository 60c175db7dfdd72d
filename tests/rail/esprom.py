"""The boot loader in an ESP32's ROM, behind a pseudo-terminal: what esptool needs of it to write flash without a stub.

From esptool's own documentation, "Serial Protocol": SLIP frames; a request is 0, command, length (2), checksum (4),
data; an answer is 1, command, length (2), value (4), data, status (4). Every register but the chip's mark reads 0.
"""

from __future__ import annotations

import hashlib
import os
import struct
import threading
import tty

_BEGIN, _DATA, _END = 0x02, 0x03, 0x04
_SYNC, _WRITE_REG, _READ_REG = 0x08, 0x09, 0x0A
_PARAMS, _ATTACH, _BAUD, _MD5 = 0x0B, 0x0D, 0x0F, 0x13
_MARK_AT = 0x4000_1000
MARKS = {"esp32": 0x00F0_1D83, "esp32s2": 0x0000_07C6}
_GOOD, _UNKNOWN = b"\x00\x00\x00\x00", b"\x01\x05\x00\x00"


class EspRom:
    """The chip: `port` is its device path, `flash` what was written to it; `spoil`: flash that keeps nothing."""

    def __init__(self, chip: str = "esp32", spoil: bool = False) -> None:
        self.flash = bytearray(b"\xff" * (1 << 21))
        self._mark = MARKS[chip]
        self._spoil = spoil
        self._at = 0
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let go of the port."""
        os.close(self._slave)
        self._thread.join()

    def _serve(self) -> None:
        pending = b""
        try:
            while True:
                pending += os.read(self._master, 4096)
                while pending.count(b"\xc0") >= 2:
                    _, frame, pending = pending.split(b"\xc0", 2)
                    request = frame.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
                    self._answer(request[1], request[8:])
        except OSError:
            return  # the other end has closed it
        finally:
            os.close(self._master)

    def _answer(self, command: int, data: bytes) -> None:
        value, body, status = 0, b"", _GOOD
        if command == _BEGIN:
            self._at = struct.unpack_from("<4I", data)[3]
        elif command == _DATA:
            size, number = struct.unpack_from("<2I", data)
            at = self._at + size * number
            self.flash[at : at + size] = bytes(size) if self._spoil else data[16 : 16 + size]
        elif command == _READ_REG:
            value = self._mark if struct.unpack_from("<I", data)[0] == _MARK_AT else 0
        elif command == _MD5:
            at, size = struct.unpack_from("<2I", data)
            body = hashlib.md5(self.flash[at : at + size]).hexdigest().encode()
        elif command == _SYNC:
            value = 0x2012_0707  # the stub answers 0
        elif command not in (_END, _WRITE_REG, _PARAMS, _ATTACH, _BAUD):
            status = _UNKNOWN
        whole = struct.pack("<BBHI", 1, command, len(body) + 4, value) + body + status
        frame = b"\xc0" + whole.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"
        os.write(self._master, frame * (8 if command == _SYNC else 1))
