"""The pace table: the compiled plan for one board. What is in it, and how a board reads it.

Little-endian, every section a multiple of 4 bytes, so that a board uses it where it lies:

    header   40 bytes: "PACE", version, waves, runs, outputs, length, lap_100um, start_100um, plan hash (8 bytes),
             pixels, pieces, windows, LEDs (16 bit each), bytes of names, 0
    outputs  8 bytes each: pixels, limit_ma, led_10ua (an LED at full white, in 10 uA), 0 (16 bit each)
    runs     16 bytes each: origin_100um, LEDs, first LED, first edge
    waves    32 bytes each, highest priority first (see kernels)
    pieces   16 bytes each (see kernels)
    windows  8 bytes each: on_10us, off_10us: a wave is lit at on <= race time < off
    edges    4 bytes each: the LEDs' cells in 100um from the run's origin, LEDs + 1 of them in each run
    pixmap   2 bytes each: the pixel of each LED, padded to a multiple of 4
    names    for each wave a length byte and UTF-8, padded to a multiple of 4
    hash     8 bytes: the first of SHA-256 over all before

Units: `_100um` tenths of a millimetre along the running line; `_10us` tens of microseconds of race time.
"""

import struct
from array import array
from hashlib import sha256

MAGIC = b"PACE"
VERSION = 1
HEADER = "<4sBBBBIII8sHHHHHH"
HEADER_SIZE = 40
DARK = 0x3FFFFFFF  # a head that is nowhere
LONGEST_LAP = 1 << 26  # 6.7 km: ten times a lap is still below 2^30
SPEED_BITS = 28  # a piece's speed is in 2^-28 of 100um per 10us, that is of 10 m/s
BEND_BITS = 46  # a piece's half acceleration is in 2^-46 of 100um per (10us)^2
BEND_BIAS = 1 << 29  # added to it, since nothing negative is stored
LONGEST_S = 10_000  # race time counts to here
LONGEST_TABLE = 65_536  # bytes


class BadTable(ValueError):
    """The bytes are no pace table that this version reads; the text says why."""


class PaceTable:
    """A pace table's sections as arrays. Raises BadTable if the bytes are cut, changed or of another version."""

    def __init__(self, blob):
        if len(blob) < HEADER_SIZE + 8:
            raise BadTable("shorter than a header")
        (magic, version, waves, runs, outputs, length, self.lap_100um, self.start_100um, self.plan_hash) = (
            struct.unpack_from("<4sBBBBIII8s", blob, 0)
        )
        pixels, pieces, windows, leds, names, _ = struct.unpack_from("<HHHHHH", blob, 28)
        if magic != MAGIC:
            raise BadTable("no pace table")
        if version != VERSION:
            raise BadTable("version %d, this firmware reads %d" % (version, VERSION))
        if length != len(blob):
            raise BadTable("%d bytes long, says %d" % (len(blob), length))
        view = memoryview(blob)
        if sha256(view[: length - 8]).digest()[:8] != bytes(view[length - 8 :]):
            raise BadTable("hash does not match")
        self.hash = bytearray(view[length - 8 :])
        self.wave_count = waves
        self.pixels = pixels
        sizes = (8 * outputs, 16 * runs, 32 * waves, 16 * pieces, 8 * windows, 4 * (leds + runs), (2 * leds + 3) & ~3)
        at = HEADER_SIZE
        if at + sum(sizes) + names + 8 != length:
            raise BadTable("sections do not add up")
        parts = []
        for code, size in zip("HIIIIIH", sizes):
            parts.append(array(code, bytes(view[at : at + size])))
            at += size
        self.outputs, runs_flat, self.waves, self.pieces, self.windows, self.edges, self.pixmap = parts
        self.runs = [runs_flat[i : i + 4] for i in range(0, 4 * runs, 4)]
        self.names = []
        for _ in range(waves):
            size = blob[at]
            if at + 1 + size > length - 8:
                raise BadTable("names do not add up")
            try:
                self.names.append(str(bytes(view[at + 1 : at + 1 + size]), "utf-8"))
            except UnicodeError:
                raise BadTable("a name is no UTF-8") from None
            at += 1 + size
        self._check(pieces, windows, leds)

    def _check(self, pieces, windows, leds):
        """Every index inside its section: the kernels check nothing."""
        if not 0 < self.lap_100um < LONGEST_LAP or self.start_100um >= self.lap_100um:
            raise BadTable("no lap")
        for at in range(0, len(self.waves), 8):
            first, count, window, wins = (self.waves[at + i] for i in (2, 3, 4, 5))
            if count == 0 or first + count > pieces or window + wins > windows or self.waves[at + 1] >= self.lap_100um:
                raise BadTable("wave %d points outside" % (at // 8))
        for run in self.runs:
            if run[1] == 0 or run[2] + run[1] > leds or run[3] + run[1] >= len(self.edges):
                raise BadTable("run points outside")
            if run[0] >= self.lap_100um or self.edges[run[3]] != 0 or self.edges[run[3] + run[1]] > DARK:
                raise BadTable("run is nowhere")
            for i in range(run[3], run[3] + run[1]):
                if self.edges[i] >= self.edges[i + 1]:
                    raise BadTable("cells do not rise")
        for i in range(leds):
            if self.pixmap[i] >= self.pixels:
                raise BadTable("pixel outside")
        for part in (self.pieces, self.windows):
            for value in part:
                if value > DARK:
                    raise BadTable("piece or window out of range")
