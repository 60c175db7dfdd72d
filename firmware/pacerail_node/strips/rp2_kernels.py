"""The loops of the strip driver for RP2040 and RP2350: viper on a board, plain Python under CPython (see `kernels`).

`chip` has what `send` needs, all that is no number as an address:

    0 timer   microseconds                        7 words     of `outgoing`, as a number
    1 trigger of DMA channels, by mask            8 words
    2 mask    of all outputs' channels            9 table     of `outgoing`; a frame's first word is the delay before it
    3 channel registers of the one that ends     10 end       tick at which the last frame's last bit leaves, or left
              last                               11 data_us   of the longest output
    4 keeper  registers of the gatekeeper's      12 gate      the last gate of even frames
    5 gates                                      13 odd       whether the next frame is one of the odd
    6 row     in `table`, of the output whose channel ends last
"""

# pyright: reportInvalidTypeForm=false, reportIndexIssue=false, reportPossiblyUnboundVariable=false
try:
    import micropython
except ImportError:
    from pacerail_node.plain import micropython, ptr32


@micropython.viper
def send(chip: ptr32, start: int) -> int:
    """Start the packed frame at tick `start`, and go on to the next one's place in every ring.

    Returns the tick at which the longest output really starts: later than asked for if that was too soon.
    """
    timer = ptr32(chip[0])
    trigger = ptr32(chip[1])
    mask = int(chip[2])
    channel = ptr32(chip[3])
    keeper = ptr32(chip[4])
    gates = ptr32(chip[5])
    words = ptr32(chip[8])
    table = ptr32(chip[9])
    end = int(chip[10])
    gate = int(chip[12])
    odd = int(chip[13])
    stop = 11 + int(table[0]) * 15
    gates[gate + odd * 128] = 0  # what comes after this frame is not there yet
    late = (start - end - 285) & 0x3FFFFFFF
    if late > 0x1FFFFFFF:
        start = (end + 285) & 0x3FFFFFFF  # so that a frame that was late is made good bit by bit
    left = (end - int(timer[0])) & 0x3FFFFFFF
    if left < 0x20000000 and left > 100:
        # still on the wire: the delay counts from its end
        delay = ((start - end) & 0x3FFFFFFF) - 2
        row = 11
        while row < stop:
            words[int(table[row]) + int(table[row + 2])] = delay + int(table[row + 9])
            row += 15
        gates[gate + (1 - odd) * 128] = mask
        # Mostly that channel is still reading, and the gatekeeper will come by. If it has ended already, the
        # gatekeeper may have found the gate shut: then nothing has followed, and it is done here.
        if (int(channel[3]) & 0x1000000) == 0:
            while int(keeper[3]) & 0x1000000:
                pass  # a microsecond or two
            row = int(chip[6])
            slot = int(chip[7]) + ((int(table[row]) + int(table[row + 2])) << 2)
            if (int(channel[3]) & 0x1000000) == 0 and int(channel[0]) == slot:
                trigger[0] = mask
    else:
        while left < 0x20000000 and left > 0:
            left = (end - int(timer[0])) & 0x3FFFFFFF
        # all is still: the delay counts from now
        delay = (start - int(timer[0]) - 3 - (int(table[0]) >> 2)) & 0x3FFFFFFF
        if delay > 0x1FFFFFFF:
            delay = 0
        row = 11
        while row < stop:
            words[int(table[row]) + int(table[row + 2])] = delay + int(table[row + 9])
            row += 15
        start = int(timer[0])  # an interrupt may have come since it was looked at
        trigger[0] = mask
        start = (start + delay + 2) & 0x3FFFFFFF
    chip[10] = (start + int(chip[11])) & 0x3FFFFFFF
    chip[13] = 1 - odd
    row = 11
    while row < stop:
        table[row + 2] = (int(table[row + 2]) + int(table[row + 3]) + 2) & int(table[row + 1])
        row += 15
    return start
