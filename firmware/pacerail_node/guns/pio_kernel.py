"""The look at the count of `pio_rp2`: viper on a board, plain Python under CPython (see `kernels`).

`chip` has 0 the timer's address, 1 the PIO block's, 2 the state machine's CLKDIV's, 3 the index of its receive FIFO's
register in the block, 4 the bit of FSTAT (register 1 of the block) that says that this FIFO is empty.
"""

# pyright: reportInvalidTypeForm=false, reportIndexIssue=false, reportPossiblyUnboundVariable=false
try:
    import micropython
except ImportError:
    from pacerail_node.plain import micropython, ptr32


@micropython.viper
def edge(chip: ptr32) -> int:
    """The tick of the edge; -1 if there was none, or if interrupts let no quick look through: then look again.

    The count is had by an instruction put to the state machine from outside (register 4, SMn_INSTR), between two looks
    at the timer. `in x, 32` also pushes, as the program is set up.
    """
    timer = ptr32(chip[0])
    pio = ptr32(chip[1])
    machine = ptr32(chip[2])
    fifo = int(chip[3])
    empty = int(chip[4])
    look = 0
    while look < 4:
        look += 1
        while (int(pio[1]) & empty) == 0:
            count = int(pio[fifo])  # left over from a look that gave up
        before = int(timer[0])
        machine[4] = 0x4020
        took = 0
        while (int(pio[1]) & empty) != 0 and took < 50:
            took = (int(timer[0]) - before) & 0x3FFFFFFF
        took = (int(timer[0]) - before) & 0x3FFFFFFF
        if took < 50:
            count = int(pio[fifo])
            if count == 0:
                return -1
            if took < 3:
                return (before - (((count ^ -1) & 0x3FFFFFFF) >> 3)) & 0x3FFFFFFF  # x is -1 - age
    return -1
