"""The few loops that decide whether a frame is ready in time: viper on a board, plain Python under CPython.

Written in the part of Python that is the same in both: ints, while loops, buffers made elsewhere. Viper's ints are
32 bit on a board and 64 bit on a PC, and its 32-bit loads keep the sign on one and lose it on the other, so nothing
negative is ever stored in a buffer, no product passes 2^31, and no bit above 31 is looked at. `reference` holds the
same laws written for reading; a test holds the two to each other.

Units: positions are tenths of a millimetre (`_100um`), race times tens of microseconds (`_10us`). Both keep a
10,000 m race and two hours inside the 31-bit ints that MicroPython handles without allocating.
"""

# pyright: reportInvalidTypeForm=false, reportIndexIssue=false, reportPossiblyUnboundVariable=false
# pyright: reportRedeclaration=false
try:
    import micropython
except ImportError:
    from pacerail_node.plain import micropython, ptr8, ptr16, ptr32

# Words of a wave's record, of a piece's record and of a run's record in the pace table (see pacetable).
#   wave:  0 colour 0xRRGGBB  1 length_100um  2 first piece  3 pieces  4 first window  5 windows  6 top speed  7 -
#   piece: 0 start_10us  1 position_100um  2 speed (2^-28 of 100um per 10us)  3 half acceleration (2^-46) + 2^29
#   run:   0 origin_100um  1 LEDs  2 first LED  3 first edge


@micropython.viper
def locate(
    waves: ptr32, pieces: ptr32, windows: ptr32, cursor: ptr32, heads: ptr32, count: int, t: int, lap: int
) -> int:
    """Where each wave's head stands on the lap at race time `t` (10us): into `heads`, 2^30 - 1 where it is dark.

    Returns how many are lit. `cursor` remembers each wave's piece of the last call, since time mostly goes on.
    """
    lit = 0
    w = 0
    while w < count:
        base = w << 3
        heads[w] = 0x3FFFFFFF
        i = int(waves[base + 4]) << 1
        stop = i + (int(waves[base + 5]) << 1)
        while i < stop:
            if t >= int(windows[i]) and t < int(windows[i + 1]):
                break
            i += 2
        if i < stop:
            first = int(waves[base + 2])
            last = first + int(waves[base + 3]) - 1
            p = int(cursor[w])
            if p < first or p > last or t < int(pieces[p << 2]):
                p = first
            while p < last and t >= int(pieces[(p + 1) << 2]):
                p += 1
            cursor[w] = p
            q = p << 2
            # distance = d0 + dt * (v + dt * a), each product in 15-bit halves so that it fits 31 bits:
            # dt < 2^28, v < 2^29, |a| < 2^29, and what a adds to v is below 2^29 (the compiler sees to all four).
            dt = t - int(pieces[q])
            dh = dt >> 15
            dl = dt & 0x7FFF
            a = int(pieces[q + 3]) - 0x20000000
            h = a >> 15
            m = a & 0x7FFF
            v = int(pieces[q + 2]) + ((dh * h) << 12) + ((dh * m + dl * h + ((dl * m) >> 15)) >> 3)
            h = v >> 15
            m = v & 0x7FFF
            heads[w] = (int(pieces[q + 1]) + ((dh * h) << 2) + ((dh * m + dl * h + ((dl * m) >> 15)) >> 13)) % lap
            lit += 1
        w += 1
    return lit


@micropython.viper
def paint(
    px: ptr8, edges: ptr32, pixmap: ptr16, run: ptr32, waves: ptr32, heads: ptr32, covers: ptr32, sizes: ptr32
) -> int:
    """Add the lit waves to the pixels of one run of LEDs: each LED gets what its cell shows, as a fraction of its cell.

    A wave is lit on [head - length, head); where waves overlap, the one of higher priority (lower index) is seen. So a
    cell holding the edges of two waves shows the true mixture of both and not a blend of blends.
    `edges[i]..edges[i+1]` is the cell of LED i in 100um from the run's origin; `pixmap[i]` its pixel; `covers` is
    scratch for 4 words a wave; `sizes` = (waves, lap_100um). Returns the number of cells that got light.
    """
    count = int(sizes[0])
    lap = int(sizes[1])
    leds = int(run[1])
    led0 = int(run[2])
    edge0 = int(run[3])
    length = int(edges[edge0 + leds])
    taken = 0
    touched = 0
    w = 0
    while w < count:
        head = int(heads[w])
        if head != 0x3FFFFFFF:
            colour = int(waves[w << 3])
            red = (colour >> 16) & 255
            green = (colour >> 8) & 255
            blue = colour & 255
            head -= int(run[0])
            if head < 0:
                head += lap
            image = 0
            before = taken
            while image < 2:  # the lap is a ring: the same wave seen once, and once a lap further on
                end = head
                if image:
                    end += lap
                pos = end - int(waves[(w << 3) + 1])
                if end > length:
                    end = length
                if pos < 0:
                    pos = 0
                if pos < end:
                    covers[taken] = pos
                    covers[taken + 1] = end
                    taken += 2
                while pos < end:
                    # the next stretch from pos on that no wave above has taken
                    stop = end
                    hidden = 0
                    c = 0
                    while c < before:
                        lo = int(covers[c])
                        hi = int(covers[c + 1])
                        if lo <= pos and pos < hi:
                            hidden = hi
                            c = before
                        elif pos < lo and lo < stop:
                            stop = lo
                        c += 2
                    if hidden:
                        pos = hidden
                    else:
                        lo = 0  # the cell that holds pos, by halving
                        hi = leds - 1
                        while lo < hi:
                            mid = (lo + hi) >> 1
                            if int(edges[edge0 + mid + 1]) > pos:
                                hi = mid
                            else:
                                lo = mid + 1
                        while lo < leds and int(edges[edge0 + lo]) < stop:
                            left = int(edges[edge0 + lo])
                            right = int(edges[edge0 + lo + 1])
                            at = int(pixmap[led0 + lo]) * 3
                            if pos <= left and right <= stop:
                                px[at] = red
                                px[at + 1] = green
                                px[at + 2] = blue
                            else:
                                wide = right - left
                                half = wide >> 1
                                if left < pos:
                                    left = pos
                                if right > stop:
                                    right = stop
                                part = right - left
                                level = int(px[at]) + (red * part + half) // wide
                                if level > 255:
                                    level = 255
                                px[at] = level
                                level = int(px[at + 1]) + (green * part + half) // wide
                                if level > 255:
                                    level = 255
                                px[at + 1] = level
                                level = int(px[at + 2]) + (blue * part + half) // wide
                                if level > 255:
                                    level = 255
                                px[at + 2] = level
                            touched += 1
                            lo += 1
                        pos = stop
                image += 1
        w += 1
    return touched


@micropython.viper
def fill(px: ptr8, pixels: int, red: int, green: int, blue: int):
    """All pixels to one colour."""
    i = 0
    stop = pixels * 3
    fours = stop - 11
    while i < fours:  # four at a time: the loop costs more than the stores
        px[i] = red
        px[i + 1] = green
        px[i + 2] = blue
        px[i + 3] = red
        px[i + 4] = green
        px[i + 5] = blue
        px[i + 6] = red
        px[i + 7] = green
        px[i + 8] = blue
        px[i + 9] = red
        px[i + 10] = green
        px[i + 11] = blue
        i += 12
    while i < stop:
        px[i] = red
        px[i + 1] = green
        px[i + 2] = blue
        i += 3


if micropython.__name__ == "micropython" and hasattr(micropython, "mem_info"):

    @micropython.viper
    def clear(px: ptr32, count: int):
        """px[:count] = zeros: 16 words at a time, since stores at fixed places cost least."""
        zero = 0  # in a register, as are the two above
        while count >= 64:
            px[0] = zero
            px[1] = zero
            px[2] = zero
            px[3] = zero
            px[4] = zero
            px[5] = zero
            px[6] = zero
            px[7] = zero
            px[8] = zero
            px[9] = zero
            px[10] = zero
            px[11] = zero
            px[12] = zero
            px[13] = zero
            px[14] = zero
            px[15] = zero
            px = ptr32(int(px) + 64)
            count -= 64
        b = ptr8(px)
        while count > 0:
            count -= 1
            b[count] = zero

else:

    def clear(px, count):
        """The same under CPython, where there are no pointers to step on."""
        px[:count] = bytes(count)


@micropython.viper
def gather(frame: ptr8, have: int, room: int, chunk: ptr8, at: int, stop: int) -> int:
    """Copy chunk[at:stop] up to its first zero onto frame[have:]; the index in chunk at which it stopped.

    What does not fit in `room` is passed over (the caller sees by the length that the frame is too long).
    """
    while at < stop:
        byte = int(chunk[at])
        if byte == 0:
            return at
        if have < room:
            frame[have] = byte
        have += 1
        at += 1
    return at


@micropython.viper
def crc32(data: ptr8, count: int, table: ptr32, out: ptr8, at: int) -> int:
    """CRC-32 (IEEE 802.3) of data[:count]: written little-endian to out[at:at+4]; returns 1 if it stood there already.

    By half bytes, with 16 words of table; the result never leaves as an int, since one past 2^30 would allocate.
    """
    crc = 0x3FFFFFFF
    crc = (crc << 2) | 3
    i = 0
    while i < count:
        byte = int(data[i])
        crc = ((crc >> 4) & 0x0FFFFFFF) ^ int(table[(crc ^ byte) & 15])
        crc = ((crc >> 4) & 0x0FFFFFFF) ^ int(table[(crc ^ (byte >> 4)) & 15])
        i += 1
    same = 1
    i = 0
    while i < 4:
        byte = ((crc >> (i << 3)) & 255) ^ 255
        if int(out[at + i]) != byte:
            same = 0
        out[at + i] = byte
        i += 1
    return same


@micropython.viper
def stuff(out: ptr8, at: int, data: ptr8, count: int) -> int:
    """Encode data[:count] to out[at:] without the bytes 0x00, 0x01 and 0x03; the index after its last byte.

    Consistent-overhead stuffing (COBS, Cheshire and Baker 1997) of three bytes instead of one: a code byte
    4 + 3n + k says "n plain bytes follow, then byte k of (0x00, 0x01, 0x03)"; 255 says "83 plain bytes and no more".
    The end of the data counts as a 0x00. One byte in 84 more at the worst.
    """
    code = at
    at += 1
    n = 0
    i = 0
    while i <= count:
        byte = 0
        if i < count:
            byte = int(data[i])
        if byte == 0 or byte == 1 or byte == 3:
            kind = byte
            if byte == 3:
                kind = 2
            out[code] = 4 + 3 * n + kind
            code = at
            at += 1
            n = 0
        else:
            out[at] = byte
            at += 1
            n += 1
            if n == 83:
                out[code] = 255
                code = at
                at += 1
                n = 0
        i += 1
    return at - 1


@micropython.viper
def unstuff(data: ptr8, count: int) -> int:
    """Decode what `stuff` wrote, in place; the decoded length, or -1 if data[:count] is nothing that it writes."""
    i = 0
    at = 0
    if count == 0:
        return -1
    while i < count:
        code = int(data[i])
        i += 1
        n = 83
        kind = 0
        if code == 255:
            kind = 3
        else:
            code -= 4
            if code < 0:
                return -1
            n = code // 3
            kind = code - n * 3
        if i + n > count:
            return -1
        while n > 0:
            data[at] = data[i]
            at += 1
            i += 1
            n -= 1
        if kind == 3:
            if i == count:
                return -1
        else:
            data[at] = kind + (kind >> 1)
            at += 1
    if at == 0 or int(data[at - 1]) != 0:
        return -1
    return at - 1


@micropython.viper
def get32(data: ptr8, at: int) -> int:
    """The little-endian 32-bit number at data[at:], or -1 if it is 2^30 or more: `struct.unpack` would allocate."""
    high = int(data[at + 3])
    if high > 63:
        return -1
    return int(data[at]) | (int(data[at + 1]) << 8) | (int(data[at + 2]) << 16) | (high << 24)


@micropython.viper
def move(to: ptr8, at: int, source: ptr8, start: int, count: int):
    """Copy source[start : start + count] to to[at:]: a slice would allocate."""
    i = 0
    while i < count:
        to[at + i] = source[start + i]
        i += 1


@micropython.viper
def words(to: ptr32, source: ptr8, start: int, count: int) -> int:
    """Read `count` little-endian words of source[start:] into `to`; 1 if all are below 2^30, 0 if one is not."""
    good = 1
    i = 0
    while i < count:
        at = start + (i << 2)
        high = int(source[at + 3])
        if high > 63:
            good = 0
            high = 63
        to[i] = int(source[at]) | (int(source[at + 1]) << 8) | (int(source[at + 2]) << 16) | (high << 24)
        i += 1
    return good


@micropython.viper
def put32(data: ptr8, at: int, value: int):
    """Write a number, 0 <= value < 2^30, little-endian to data[at:at+4]."""
    data[at] = value & 255
    data[at + 1] = (value >> 8) & 255
    data[at + 2] = (value >> 16) & 255
    data[at + 3] = (value >> 24) & 255
