"""The loops of the strip driver for RP2040 and RP2350: viper on a board, plain Python under CPython (see `kernels`).

`table` has a row of 10 words for each output:

    0 base   first word of the output's ring     5 red    bits to shift a level up to its place in a word
    1 mask   words of the ring - 1, a 2^n - 1     6 green
    2 at     where in it the frame begins         7 blue
    3 pixels                                      8 scale  brightness, 256 is full
    4 first  its first pixel in the buffer        9 lead   us that it starts after the longest output

`chip` has the addresses and numbers that depend on it:

    0 timer   microseconds                        4 keeper   registers of the gatekeeper's
    1 trigger of DMA channels, by mask            5 gates    the first of them
    2 mask    of all outputs' channels            6 longest  number of that output
    3 channel registers of the longest output's   7 words    address of `words`
"""

# pyright: reportInvalidTypeForm=false, reportIndexIssue=false, reportPossiblyUnboundVariable=false
try:
    import micropython
except ImportError:
    from pacerail_node.plain import micropython, ptr8, ptr32


@micropython.viper
def pack(words: ptr32, table: ptr32, count: int, px: ptr8, quads: ptr32):
    """Write the frame in `px` (linear RGB) into every output's ring, all but the delays.

    `quads` is the same buffer by words of 32 bits: four pixels are three of them, and most of a rail is dark.
    """
    while count > 0:
        count -= 1
        row = count * 10
        base = int(table[row])
        mask = int(table[row + 1])
        at = int(table[row + 2]) + 1
        i = int(table[row + 4])
        stop = i + int(table[row + 3])
        red = int(table[row + 5])
        green = int(table[row + 6])
        blue = int(table[row + 7])
        scale = int(table[row + 8])
        words[base + (at & mask)] = int(table[row + 3]) * 24 - 1
        while i < stop:
            byte = i * 3
            if (i & 3) == 0 and i + 4 <= stop:
                q = byte >> 2
                if (int(quads[q]) | int(quads[q + 1]) | int(quads[q + 2])) == 0:
                    words[base + ((at + 1) & mask)] = 0
                    words[base + ((at + 2) & mask)] = 0
                    words[base + ((at + 3) & mask)] = 0
                    at += 4
                    words[base + (at & mask)] = 0
                    i += 4
                    continue
            at += 1
            words[base + (at & mask)] = (
                (((int(px[byte]) * scale) >> 8) << red)
                | (((int(px[byte + 1]) * scale) >> 8) << green)
                | (((int(px[byte + 2]) * scale) >> 8) << blue)
            )
            i += 1


@micropython.viper
def send(words: ptr32, table: ptr32, chip: ptr32, count: int, start: int, end: int, gate: int) -> int:
    """Start the packed frame at tick `start`; the one before leaves, or has left, at tick `end`.

    `gate` is the index of the gate that opens when the frame before has been read. Returns the tick at which the
    longest output really starts: later than asked for if that was too soon.
    """
    timer = ptr32(chip[0])
    trigger = ptr32(chip[1])
    mask = int(chip[2])
    channel = ptr32(chip[3])
    keeper = ptr32(chip[4])
    gates = ptr32(chip[5])
    late = (start - end - 285) & 0x3FFFFFFF
    if late > 0x1FFFFFFF:
        start = (end + 285) & 0x3FFFFFFF  # so that a frame that was late is made good bit by bit
    left = (end - int(timer[0])) & 0x3FFFFFFF
    if left < 0x20000000 and left > 100:
        # still on the wire: the delay counts from its end
        delay = ((start - end) & 0x3FFFFFFF) - 2
        i = 0
        while i < count:
            row = i * 10
            words[int(table[row]) + int(table[row + 2])] = delay + int(table[row + 9])
            i += 1
        gates[gate] = mask
        # Mostly the longest output's channel is still reading, and the gatekeeper will come by. If it has ended
        # already, the gatekeeper may have found the gate shut: then nothing has followed, and it is done here.
        if (int(channel[3]) & 0x1000000) == 0:
            while int(keeper[3]) & 0x1000000:
                pass  # a microsecond or two
            row = int(chip[6]) * 10
            slot = int(chip[7]) + ((int(table[row]) + int(table[row + 2])) << 2)
            if (int(channel[3]) & 0x1000000) == 0 and int(channel[0]) == slot:
                trigger[0] = mask
        return start
    while left < 0x20000000 and left > 0:
        left = (end - int(timer[0])) & 0x3FFFFFFF
    # all is still: the delay counts from now
    delay = (start - int(timer[0]) - 3 - (count >> 2)) & 0x3FFFFFFF
    if delay > 0x1FFFFFFF:
        delay = 0
    i = 0
    while i < count:
        row = i * 10
        words[int(table[row]) + int(table[row + 2])] = delay + int(table[row + 9])
        i += 1
    start = int(timer[0])  # an interrupt may have come since it was looked at
    trigger[0] = mask
    return (start + delay + 2) & 0x3FFFFFFF


@micropython.viper
def advance(table: ptr32, count: int):
    """On to the next frame's place in every ring."""
    while count > 0:
        count -= 1
        row = count * 10
        table[row + 2] = (int(table[row + 2]) + int(table[row + 3]) + 2) & int(table[row + 1])
