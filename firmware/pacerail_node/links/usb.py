"""The USB serial port of RP2040 and RP2350, which is also MicroPython's console.

Reading a byte at a time takes longer than the bytes do, and reading more waits until they are there. So while a block
is read, a second terminal with nothing but filler on it is attached: MicroPython takes what USB has, and then filler,
and never waits. The filler is 0x01, which no frame contains (see `wire`), and is taken out again.
"""

# the stubs lack BytesIO.seek
# pyright: reportAttributeAccessIssue=false

import io
import os
import select
import sys

import micropython

from pacerail_node.links.usb_kernel import take

_BLOCK = 32  # a filler takes as long as six bytes that have come, and a block as long as twenty


class Link:
    """The console as a link. From here on 0x03 is a byte like any other; the console itself sees to it again."""

    def __init__(self):
        micropython.kbd_intr(-1)
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._poll = select.poll()
        self._poll.register(self._in, select.POLLIN)
        self._can_write = select.poll()
        self._can_write.register(self._out, select.POLLOUT)
        self._block = bytearray(_BLOCK)
        self._filler = io.BytesIO(b"\x01" * _BLOCK)

    def any(self):
        """Whether bytes have come."""
        for _ in self._poll.ipoll(0):
            return True
        return False

    def readinto(self, buffer):
        count = 0
        while count + _BLOCK <= len(buffer) and self.any():
            self._filler.seek(0)
            os.dupterm(self._filler)
            self._in.readinto(self._block)
            os.dupterm(None)
            before = count
            count = take(buffer, count, self._block, _BLOCK)
            if count < before + _BLOCK:
                break
        return count

    def write(self, buffer, count):
        """Send buffer[:count], or nothing if the host lets the port fill up: waiting would stop the light."""
        for _ in self._can_write.ipoll(0):
            self._out.write(buffer, count)
            return
