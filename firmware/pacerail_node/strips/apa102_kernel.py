"""What begins a frame of APA102 on RP2040 and RP2350: viper on a board, plain Python under CPython (see `kernels`).

`chip`:

    0 timer    microseconds                     5 6 7   even frames: registers of the channel that reads the frame,
    1 trigger  of DMA channels, by mask                 address of the frame, mask of the channel that starts it
    2 delay    of the state machine: its FIFO   8 9 10  the same for odd frames
    3 end      tick at which the last frame's last bit leaves, or left
    4 data_us  of a frame
"""

# pyright: reportInvalidTypeForm=false, reportIndexIssue=false, reportPossiblyUnboundVariable=false
try:
    import micropython
except ImportError:
    from pacerail_node.plain import micropython, ptr32


@micropython.viper
def begin(chip: ptr32, odd: int, start: int) -> int:
    """Let the frame begin at tick `start`, or when the one before has left. Returns the tick at which it does."""
    timer = ptr32(chip[0])
    trigger = ptr32(chip[1])
    fifo = ptr32(chip[2])
    end = int(chip[3])
    at = 5 + 3 * odd
    reader = ptr32(chip[at])
    if ((start - end) & 0x3FFFFFFF) > 0x1FFFFFFF:
        start = end
    reader[0] = int(chip[at + 1])
    trigger[0] = int(chip[at + 2])
    now = int(timer[0])
    delay = (start - now - 1) & 0x3FFFFFFF
    if delay > 0x1FFFFFFF:
        delay = 0
    fifo[0] = delay
    start = (now + delay + 1) & 0x3FFFFFFF
    chip[3] = (start + int(chip[4])) & 0x3FFFFFFF
    return start
