"""The kernels' laws written for reading, with floats and fractions allowed: what the tests hold the kernels to.

No frame is drawn with these; a board does not even carry this file.
"""

from binascii import crc32 as _crc32


def position_100um(pieces, race_10us):
    """Where a head stands by its pieces [(start_10us, position_100um, speed, biased half acceleration)]: exactly."""
    start, position, speed, bend = (
        [p for p in pieces if p[0] <= race_10us][-1:][0] if pieces[0][0] <= race_10us else pieces[0]
    )
    dt = race_10us - start
    return position + ((dt * ((speed << 18) + dt * (bend - (1 << 29)))) >> 46)


def levels(cells, waves, lap_100um):
    """What each cell shows: for each cell (lo, hi) on the unrolled lap a list with the lit fraction of each wave.

    waves: [(head_100um, length_100um) or None], the one of highest priority first; a point of the kerb shows the first
    wave that covers it. Counted point by point (1 point = 100um), so for small examples only.
    """
    shown = []
    for lo, hi in cells:
        counts = [0] * len(waves)
        for point in range(lo, hi):
            for w, wave in enumerate(waves):
                if wave is not None and (wave[0] - 1 - point) % lap_100um < wave[1]:
                    counts[w] += 1
                    break
        shown.append([count / (hi - lo) for count in counts])
    return shown


def pixel(colours, fractions):
    """The linear RGB of a cell: the mixture of the waves' colours by their fractions, 0 to 255 as floats."""
    return tuple(sum(c[i] * f for c, f in zip(colours, fractions)) for i in range(3))


def dots(px, first, end, step, colour):
    """Pixels first, first + step, ... below end to a colour 0xRRGGBB, in a copy of `px`."""
    out = bytearray(px)
    for i in range(first, end, step):
        out[3 * i : 3 * i + 3] = bytes([colour >> 16, colour >> 8 & 255, colour & 255])
    return out


def crc32(data):
    """CRC-32 (IEEE 802.3) as the standard library has it."""
    return _crc32(data) & 0xFFFFFFFF


def stuff(data):
    """Three-byte COBS by splitting: runs of at most 83 plain bytes, each ended by 0x00, 0x01, 0x03 or by its length."""
    out = bytearray()
    run = bytearray()
    for byte in bytes(data) + b"\x00":
        if byte in (0, 1, 3):
            out.append(4 + 3 * len(run) + (0, 1, 3).index(byte))
            out += run
            run = bytearray()
        else:
            run.append(byte)
            if len(run) == 83:
                out.append(255)
                out += run
                run = bytearray()
    return bytes(out)
