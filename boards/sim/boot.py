# What a simulated board does before main.py, run by the Unix build of MicroPython: it takes its flash from the image
# file named on the command line, makes that its only file system, and starts the firmware from there. The host's disk
# is unmounted first, so nothing that a tool does to this board reaches a file of the host.
#
#     micropython boot.py IMAGE [quiet]
#
# Every block written to flash goes to the world on stdout as "W", block number (4 bytes), 4096 bytes: the world keeps
# the flash, so that a power cut can be put between any two writes. With "quiet" it stays in RAM.
import struct
import sys

import vfs

BLOCK = 4096
QUIET = "quiet" in sys.argv


class Flash:
    """A block device in RAM that tells the world of each write."""

    def __init__(self, image):
        self._image = image

    def readblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        buffer[:] = memoryview(self._image)[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=None):
        at = block * BLOCK + (offset or 0)
        self._image[at : at + len(buffer)] = buffer
        if QUIET:
            return
        whole = block * BLOCK
        sys.stdout.buffer.write(struct.pack("<BI", ord("W"), block))
        sys.stdout.buffer.write(memoryview(self._image)[whole : whole + BLOCK])

    def ioctl(self, op, arg):
        if op == 4:
            return len(self._image) // BLOCK
        if op == 5:
            return BLOCK
        return 0


with open(sys.argv[1], "rb") as file:
    flash = Flash(bytearray(file.read()))
vfs.umount("/")
vfs.mount(vfs.VfsLfs2(flash), "/")
sys.path[:] = ["/", ".frozen"]
__import__("main")
