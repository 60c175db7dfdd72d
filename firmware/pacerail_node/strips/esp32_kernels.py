"""The loop of the strip driver for ESP32: viper on a board, plain Python under CPython (see `kernels`)."""

# pyright: reportInvalidTypeForm=false, reportIndexIssue=false
try:
    import micropython
except ImportError:
    from pacerail_node.plain import micropython, ptr32


@micropython.viper
def encode(slots: ptr32, words: ptr32, table: ptr32, row: int, shown: ptr32, wire: ptr32):
    """Write an output's packed frame into the slots of its list of pulse lengths, pixel by pixel where it changed.

    `words` and `table` are those of `outgoing`, a pixel's bits from bit 31 down; `row` is where its row begins.
    `shown` has the words that the list holds already. `wire`: 32-bit words of a slot; ticks that a 0 is high, that a 1
    is high, and that a bit takes; bits of a pixel. A slot takes a number as MicroPython keeps it in an object: twice
    the number, plus one. Slot 0, the delay, is left alone; each bit has two, high and low.
    """
    stride = int(wire[0])
    bits = int(wire[4])
    base = int(table[row])
    mask = int(table[row + 1])
    at = int(table[row + 2]) + 2
    pixels = int(table[row + 3])
    i = 0
    while i < pixels:
        word = int(words[base + ((at + i) & mask)])
        if word != int(shown[i]):
            shown[i] = word
            slot = stride + 2 * stride * bits * i
            bit = 31
            while bit > 31 - bits:
                high = int(wire[1])
                if (word >> bit) & 1:
                    high = int(wire[2])
                slots[slot] = high + high + 1
                slot += stride
                high = int(wire[3]) - high
                slots[slot] = high + high + 1
                slot += stride
                bit -= 1
        i += 1
