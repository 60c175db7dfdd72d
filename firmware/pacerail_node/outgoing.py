"""The outgoing copy that a strip driver makes of the frame: colour order, brightness, white point, dimming curve and
current limit. The picture itself stays linear light; only what leaves the board is changed here.

The current of an output is reckoned as WLED does it (wled.me, "Brightness and current limiter"):

    mA = sum of all levels sent * mA of an LED at full white / (3 * 255) + 1 mA an LED

If any output is over its limit the whole frame of the board is dimmed by one factor, the smallest that an output needs:
so all stays in proportion and a light does not change its brightness where one strip ends and the next begins.

`words` holds the copies of all outputs. `table` has HEAD words for all outputs,

     0 outputs              4 what `levels` made                    8 whether the next frame is an odd one
     1 `words`              5 pixels                                9 words written for the last even frame
     2 pixel buffer         6 where in `words` light was written    10 and for the last odd frame
     3 the same by words    7 room there for one frame

of which 1 to 4 and 6 are addresses, and then a row of ROW words for each output:

     0 base   first word of its ring              7 blue
     1 mask   words of the ring - 1               8 dark    what is in a pixel's word beside its levels; one for all
     2 at     where in it the frame begins        9 lead    us that it starts after the longest output
     3 pixels                                    10 head    the word before the first pixel's
     4 first  its first pixel in the buffer      11 most    sum of levels that the limit allows
     5 red    bits to shift a level up to its    12 13      pixels [from, to) that hold all light of the last frame
     6 green  place in a pixel's word            14 sum     of its levels

A frame is two words, of which the first is the driver's own, and then one for each pixel.
"""

# pyright: reportInvalidTypeForm=false, reportIndexIssue=false, reportPossiblyUnboundVariable=false
# pyright: reportCallIssue=false, reportArgumentType=false
from array import array

try:
    import micropython
except ImportError:
    from pacerail_node.plain import Words, micropython, ptr8, ptr32

try:
    from uctypes import addressof
except ImportError:
    addressof = None  # CPython: a list with the buffers themselves does instead of an array with their addresses

from pacerail_node.pacetable import BadTable

HEAD = 11
ROW = 15
STANDBY_MA = 1  # of an LED that is dark
_NO_LIMIT = (1 << 22) - 1  # more than the levels of 4000 pixels add up to; 256 times it is still below 2^30


def levels(brightness=256, white=(256, 256, 256), gamma_x10=10):
    """What is sent for each level: 256 bytes for red, then for green, then for blue.

    brightness, white: 0 to 256, which is full. gamma_x10: ten times the exponent of the dimming curve; 10 is linear,
    and all that keeps the light of two LEDs that share an edge the light of one. Raises ValueError.
    """
    if not 1 <= brightness <= 256:
        raise ValueError("brightness is 1 to 256")
    if len(white) != 3 or min(white) < 0 or max(white) > 256:
        raise ValueError("white has three numbers, each 0 to 256")
    if not 10 <= gamma_x10 <= 40:
        raise ValueError("gamma_x10 is 10 to 40")
    table = bytearray(768)
    for level in range(256):
        sent = level if gamma_x10 == 10 else int(255 * (level / 255) ** (gamma_x10 / 10) + 0.5)
        for colour in range(3):
            table[256 * colour + level] = (sent * brightness * white[colour]) >> 16
    return table


def place_colours(table, output, order, shifts):
    """Write an output's colour order, "GRB" and the like, into its row; `shifts` has one for each of its letters.

    A white LED, W, stays dark. Made from what red, green and blue have in common it would add up wrongly where the
    edges of two waves meet in one pixel: light of one colour would turn into light of another LED.
    """
    if sorted(order) != sorted("RGBW"[: len(shifts)]):
        raise ValueError("colour order %r: expected the letters of %s, each once" % (order, "RGBW"[: len(shifts)]))
    for i in range(len(order)):
        if order[i] != "W":
            table[HEAD + ROW * output + 5 + "RGB".index(order[i])] = shifts[i]


def most_sum(pixels, limit_ma, led_10ua, share=1, of=1):
    """The sum of levels that an output may send: `led_10ua` is an LED's current at full white in 10 uA.

    share / of: the part of its full current that an LED takes at level 255, where the LEDs dim themselves.
    """
    if led_10ua == 0:
        return _NO_LIMIT
    return min(max(limit_ma - STANDBY_MA * pixels, 0) * 100 * 765 * of // (led_10ua * share), _NO_LIMIT)


def set_limits(table, outputs, share=1, of=1):
    """Take the limits of a pace table's `outputs`. Raises BadTable if that is for other outputs than the board has."""
    rows = range(HEAD, len(table), ROW)
    if list(outputs[i] for i in range(0, len(outputs), 4)) != [table[row + 3] for row in rows]:  # noqa: C400
        raise BadTable("made for outputs of other lengths than this board has")
    i = 0
    for row in rows:
        table[row + 11] = most_sum(outputs[i], outputs[i + 1], outputs[i + 2], share, of)
        i += 4


def new_table(outputs, px, sent):
    """The table for outputs of these many pixels, all but what depends on the kind of strip.

    px: the pixel buffer; sent: what `levels` made. The driver keeps both, and sets table[1] by `address`.
    """
    table = addresses(*[0] * (HEAD + ROW * len(outputs)))
    table[0] = len(outputs)
    table[2] = address(px)
    table[3] = table[2] if addressof is not None else Words(memoryview(px)[: len(px) & ~3].cast("I"))
    table[4] = address(sent)
    table[5] = sum(outputs)
    table[7] = sum(outputs) + 2 * len(outputs)
    table[6] = address(array("I", bytes(8 * table[7])))  # an address in a table keeps what lies there
    first = 0
    for i in range(len(outputs)):
        row = HEAD + ROW * i
        table[row + 3] = outputs[i]
        table[row + 4] = first
        table[row + 11] = _NO_LIMIT
        first += outputs[i]
    return table


def address(buffer):
    """What a table holds of a buffer."""
    return buffer if addressof is None else addressof(buffer)


def addresses(*words):
    """A table of numbers and addresses."""
    return list(words) if addressof is None else array("I", words)


@micropython.viper
def pack(table: ptr32) -> int:
    """Write the frame in the pixel buffer (linear RGB) into every output's ring, all but the first word.

    Most of a rail is dark, and the rings are kept so outside of the frame that is on its way: what was written for the
    frame before that one is put out, and only what is lit now is written. Returns by how much all has to be dimmed, in
    256ths (256: not at all).
    """
    # the first three variables of a viper function lie in registers: those of the loop that runs most
    four = ptr32(table[3])
    i = 0
    quads = ptr32(table[3])
    q = 0
    words = ptr32(table[1])
    px = ptr8(table[2])
    sent = ptr8(table[4])
    written = ptr32(table[6])
    odd = int(table[8])
    table[8] = 1 - odd
    dark = int(table[19])
    q = odd * int(table[7])
    stop = q + int(table[9 + odd])
    while q < stop:
        words[int(written[q])] = dark
        q += 1
    put = odd * int(table[7])
    row = 11
    stop = 11 + int(table[0]) * 15
    while row < stop:
        base = int(table[row])
        mask = int(table[row + 1])
        at = int(table[row + 2])
        written[put] = base + at
        at = base + ((at + 1) & mask)
        written[put + 1] = at
        put += 2
        words[at] = int(table[row + 10])
        table[row + 12] = 0
        table[row + 13] = 0
        table[row + 14] = 0
        row += 15
    base = mask = first = total = red_at = green_at = blue_at = 0
    row = 11 - 15
    stop = 0  # pixels of the output of `row`, and of those before it
    last = int(table[5])
    fours = last - 4
    more = last - 16
    i = 0
    while i < last:
        if (i & 3) == 0 and i <= fours:
            q = (i >> 2) * 3
            if (int(quads[q]) | int(quads[q + 1]) | int(quads[q + 2])) == 0:
                i += 4
                q += 3
                four = ptr32(int(quads) + (q << 2))  # loads at fixed places from a register cost least
                while i <= more and (
                    int(four[0]) | int(four[1]) | int(four[2]) | int(four[3]) | int(four[4]) | int(four[5])
                    | int(four[6]) | int(four[7]) | int(four[8]) | int(four[9]) | int(four[10]) | int(four[11])
                ) == 0:  # fmt: skip
                    i += 16
                    four = ptr32(int(four) + 48)
                continue
        byte = i * 3
        if (int(px[byte]) | int(px[byte + 1]) | int(px[byte + 2])) == 0:
            i += 1
            continue
        if i >= stop:
            while i >= stop:
                row += 15
                first = int(table[row + 4])
                stop = first + int(table[row + 3])
            base = int(table[row])
            mask = int(table[row + 1])
            red_at = int(table[row + 5])
            green_at = int(table[row + 6])
            blue_at = int(table[row + 7])
            table[row + 12] = i - first
            total = 0
        at = int(table[row + 2]) + 2 + i - first
        while i < stop:
            red = int(px[byte])
            green = int(px[byte + 1])
            blue = int(px[byte + 2])
            if (red | green | blue) == 0:
                break
            red = int(sent[red])
            green = int(sent[green + 256])
            blue = int(sent[blue + 512])
            total += red + green + blue
            q = base + (at & mask)
            words[q] = dark | (red << red_at) | (green << green_at) | (blue << blue_at)
            written[put] = q
            put += 1
            at += 1
            byte += 3
            i += 1
        table[row + 13] = i - first
        table[row + 14] = total
    table[9 + odd] = put - odd * int(table[7])
    factor = 256
    row = 11
    stop = 11 + int(table[0]) * 15
    while row < stop:
        if int(table[row + 14]) > int(table[row + 11]):
            need = (int(table[row + 11]) << 8) // int(table[row + 14])
            if need < factor:
                factor = need
        row += 15
    return factor


@micropython.viper
def dim(table: ptr32, factor: int):
    """Dim the frame packed last, in every output, to `factor` 256ths."""
    words = ptr32(table[1])
    row = 11
    last = 11 + int(table[0]) * 15
    while row < last:
        base = int(table[row])
        mask = int(table[row + 1])
        dark = int(table[row + 8])
        red = int(table[row + 5])
        green = int(table[row + 6])
        blue = int(table[row + 7])
        i = int(table[row + 2]) + 2 + int(table[row + 12])
        stop = int(table[row + 2]) + 2 + int(table[row + 13])
        while i < stop:
            at = base + (i & mask)
            word = int(words[at])
            words[at] = (
                dark
                | (((((word >> red) & 255) * factor) >> 8) << red)
                | (((((word >> green) & 255) * factor) >> 8) << green)
                | (((((word >> blue) & 255) * factor) >> 8) << blue)
            )
            i += 1
        row += 15
