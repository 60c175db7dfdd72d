"""The loop of the shows: viper on a board, plain Python under CPython (see `kernels`)."""

# pyright: reportInvalidTypeForm=false, reportIndexIssue=false
try:
    import micropython
except ImportError:
    from pacerail_node.plain import micropython, ptr8


@micropython.viper
def dots(px: ptr8, first: int, end: int, step: int, colour: int):
    """Pixels first, first + step, ... below end to a colour 0xRRGGBB."""
    red = (colour >> 16) & 255
    green = (colour >> 8) & 255
    blue = colour & 255
    i = 3 * first
    stop = 3 * end
    by = 3 * step
    while i < stop:
        px[i] = red
        px[i + 1] = green
        px[i + 2] = blue
        i += by
