"""The loop of the USB link: viper on a board, plain Python under CPython (see `kernels`)."""

# pyright: reportInvalidTypeForm=false, reportIndexIssue=false
try:
    import micropython
except ImportError:
    from pacerail_node.plain import micropython, ptr8


@micropython.viper
def take(buffer: ptr8, at: int, block: ptr8, count: int) -> int:
    """Copy block[:count] without the filler to buffer[at:]; the index after the last byte."""
    i = 0
    while i < count:
        byte = int(block[i])
        if byte != 1:
            buffer[at] = byte
            at += 1
        i += 1
    return at
