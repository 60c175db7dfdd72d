# A board to be flashed, run by the Unix build of MicroPython with -i: its flash is an image file that outlives it, its
# power can be cut at any write, and machine.reset() starts it anew. As with boards/sim/boot.py the host's disk is
# unmounted before anything else runs, so nothing that a tool does to this board reaches a file of the host.
#
#     micropython -i flash_boot.py IMAGE WRITES CUT
#
# WRITES gets each write to flash as block, offset, length (4 bytes each) and the bytes. CUT is how many writes there
# are before the power goes, -1 for never; the last of them gets only its first half onto flash.
import struct
import sys

import vfs

BLOCK = 4096


class Flash:
    def __init__(self, image, writes, cut):
        self._image = image
        self._writes = writes
        self._cut = cut
        self._blocks = image.seek(0, 2) // BLOCK

    def readblocks(self, block, buffer, offset=0):
        self._image.seek(block * BLOCK + offset)
        self._image.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        if self._cut == 0:
            raise SystemExit  # no power, no more
        self._cut -= 1
        data = bytes(buffer)
        if self._cut == 0:
            data = data[: len(data) // 2]
        self._writes.write(struct.pack("<III", block, offset, len(data)) + data)
        self._image.seek(block * BLOCK + offset)
        self._image.write(data)
        if self._cut == 0:
            raise SystemExit

    def ioctl(self, op, arg):
        if op == 4:
            return self._blocks
        if op == 5:
            return BLOCK
        return 0


class Machine:
    """What the tool asks of `machine`, which this build has none of."""

    @staticmethod
    def reset():
        raise SystemExit

    bootloader = reset

    @staticmethod
    def unique_id():
        return b"\x01\x02"


flash = Flash(open(sys.argv[1], "r+b"), open(sys.argv[2], "ab"), int(sys.argv[3]))  # noqa: SIM115 - they stay open
vfs.umount("/")
vfs.mount(vfs.VfsLfs2(flash), "/")
sys.path[:] = ["/", ".frozen"]
sys.modules["machine"] = Machine
try:
    __import__("main")
except ImportError as error:
    if "main" not in str(error):
        raise
