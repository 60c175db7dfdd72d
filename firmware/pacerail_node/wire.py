"""The frame that goes over every link: USB serial, RS-485, a socket, a pipe.

    version  destination  source  sequence  type  payload ...  [counter (8)  tag (8)]  CRC-32 (4)

stuffed so that it holds no 0x00, 0x01 or 0x03, and a 0x00 before and after it. 0x00 is the delimiter; 0x01 and 0x03
would enter the raw REPL of a board that is not running the firmware, or interrupt one that is just starting it.
With a key, the version's top bit is set and counter and tag are there: the tag is the first 8 bytes of
HMAC-SHA-256 (RFC 2104) over all before it, and the counter only rises, so that a recorded frame cannot be played again.
All numbers are little-endian. Nothing here allocates once a `Framer` is made, but for the HMAC.
"""

import struct
import sys
from array import array
from hashlib import sha256

from pacerail_node import kernels

VERSION = 1
HOST = 0  # the host's address
EVERYONE = 255  # destination of a broadcast
ANY = 254  # destination "whoever is at the other end": a board on a link of its own
MAX_PAYLOAD = 256
HEAD = 5
_KEYED = 0x80
_TRAILER = 16  # counter and tag
_MAX_FRAME = HEAD + MAX_PAYLOAD + _TRAILER + 4
MAX_STUFFED = _MAX_FRAME + _MAX_FRAME // 83 + 2
_ON_BOARD = sys.implementation.name == "micropython"


def _crc_table():
    table = array("I", [0] * 16)
    for i in range(16):
        crc = i
        for _ in range(4):
            crc = (crc >> 1) ^ (0xEDB88320 if crc & 1 else 0)
        table[i] = crc
    return table


_TABLE = _crc_table()

if _ON_BOARD:

    def checksum(data, count: int, out, at: int) -> int:
        """CRC-32 of data[:count] to out[at:]; 1 if it stood there already (see kernels)."""
        return kernels.crc32(data, count, _TABLE, out, at)

else:
    from pacerail_node.reference import crc32 as _fast_crc32

    def checksum(data, count: int, out, at: int) -> int:  # the same law as the kernel, by the standard library's C
        want = _fast_crc32(bytes(data[:count])).to_bytes(4, "little")
        same = 1 if bytes(out[at : at + 4]) == want else 0
        out[at : at + 4] = want
        return same


def pad_key(key, byte):
    """A key of at most 64 bytes, filled up and masked as HMAC (RFC 2104) wants it: byte 0x36 inside, 0x5c outside."""
    return bytes([b ^ byte for b in key] + [byte] * (64 - len(key)))


def hmac_sha256(inside, outside, message):
    """HMAC-SHA-256 (RFC 2104) of bytes, with the key's two pads."""
    inner = sha256(inside)
    inner.update(message)
    outer = sha256(outside)
    outer.update(inner.digest())
    return outer.digest()


class Framer:
    """Both directions of one link. `accept` finds frames in what comes in; `pack` makes one to go out.

    After an `accept` that set `ready`: `version, destination, source, sequence, kind`, and the payload in
    `frame[HEAD : HEAD + length]`. To send, write the payload to `body[HEAD:]` and call `pack`; what goes out is then
    `out[:n]`. `bad` counts what was thrown away: cut, damaged, too long, forged or played again.
    With a key, the host gives its `counter` a start that rises from day to day (milliseconds since 1970); a board
    answers with the counter of the request (`echo`).
    """

    def __init__(self, key=None, counter=0, echo=False):
        self.key = key
        if key is not None:
            self._inside, self._outside = pad_key(key, 0x36), pad_key(key, 0x5C)
        self.bad = 0
        self.ready = False
        self.frame = bytearray(MAX_STUFFED)
        self.body = bytearray(_MAX_FRAME)
        self.out = bytearray(MAX_STUFFED + 2)
        self.version = self.destination = self.source = self.sequence = self.kind = self.length = 0
        self._have = 0
        self._sent = counter
        self._seen = 0 if echo else counter  # the host takes no answer to a request of an earlier day
        self._echo = echo

    def accept(self, chunk: bytes | bytearray, at: int, stop: int) -> int:
        """Take bytes chunk[at:stop] up to the end of the next good frame; returns the index reached.

        `ready` says whether a frame is there. Call again from that index for the rest.
        """
        self.ready = False
        while at < stop:
            end = kernels.gather(self.frame, self._have, MAX_STUFFED, chunk, at, stop)
            self._have += end - at
            at = end
            if end < stop:  # a delimiter
                at += 1
                have = self._have
                self._have = 0
                if have:
                    if self._open(have):
                        self.ready = True
                        return at
                    self.bad += 1
        return at

    def _open(self, have):
        rx = self.frame
        count = (kernels.unstuff(rx, have) if have <= MAX_STUFFED else 0) - 4
        if count < HEAD or not checksum(rx, count, rx, count):
            return False
        if self.key is not None:
            count -= _TRAILER
            if count < HEAD or not self._genuine(count):
                return False
        elif rx[0] & _KEYED:
            return False  # the signature would be read as a part of the payload
        self.version = rx[0] & 0x7F
        self.destination = rx[1]
        self.source = rx[2]
        self.sequence = rx[3]
        self.kind = rx[4]
        self.length = count - HEAD
        return self.length <= MAX_PAYLOAD

    def _genuine(self, count):
        rx = self.frame
        counter = struct.unpack_from("<Q", rx, count)[0]
        tag = hmac_sha256(self._inside, self._outside, bytes(rx[: count + 8]))[:8]
        if not rx[0] & _KEYED or tag != bytes(rx[count + 8 : count + 16]) or counter <= self._seen:
            return False
        self._seen = counter
        return True

    def pack(self, destination: int, source: int, sequence: int, kind: int, length: int, version: int = VERSION) -> int:
        """Make a frame of the payload in `body[HEAD : HEAD + length]`; returns its length in `out`, with delimiters.

        Raises ValueError for a payload longer than MAX_PAYLOAD.
        """
        if length > MAX_PAYLOAD:
            raise ValueError("payload too long")
        tx = self.body
        tx[0] = version if self.key is None else version | _KEYED
        tx[1] = destination
        tx[2] = source
        tx[3] = sequence
        tx[4] = kind
        count = HEAD + length
        if self.key is not None:
            self._sent = self._seen if self._echo else self._sent + 1
            struct.pack_into("<Q", tx, count, self._sent)
            tx[count + 8 : count + 16] = hmac_sha256(self._inside, self._outside, bytes(tx[: count + 8]))[:8]
            count += _TRAILER
        checksum(tx, count, tx, count)
        self.out[0] = 0
        end = kernels.stuff(self.out, 1, tx, count + 4)
        self.out[end] = 0
        return end + 1
