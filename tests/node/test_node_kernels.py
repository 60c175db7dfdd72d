"""The viper kernels against the laws of `reference`: what a board draws and reads is what was meant."""

from array import array
from binascii import crc32

from node_fakes import Random

from pacerail_node import kernels, reference
from pacerail_node.pacetable import DARK

BIAS = 1 << 29


def place(pieces, windows, t, lap, cursor=None):
    """One wave's head by the kernel: None where it is dark."""
    waves = array("I", [0, 0, 0, len(pieces), 0, len(windows), 0, 0])
    flat = array("I", [word for piece in pieces for word in piece])
    lit = array("I", [word for window in windows for word in window])
    heads = array("I", [0])
    cursor = array("I", [0]) if cursor is None else cursor
    count = kernels.locate(waves, flat, lit, cursor, heads, 1, t, lap)
    assert count == (0 if heads[0] == DARK else 1)
    return None if heads[0] == DARK else heads[0]


def random_piece(random, dt):
    """Speed, bend and position by chance, anywhere in what the compiler may write for a piece that lasts `dt`."""
    while True:
        speed = random.below(1 << random.between(1, 29))
        bend = random.below(1 << random.between(1, 29))
        if random.below(2):
            bend = -bend
        gain = (dt * bend) >> 18
        if -(1 << 29) <= gain < 1 << 29 and 0 <= speed + gain < 1 << 29:
            gone = (dt * (speed + gain)) >> 28
            if gone < 1 << 30:
                return random.below((1 << 30) - gone), speed, bend


def test_locate_is_the_exact_product():
    """Split into 15-bit halves, the product must still be the one of whole numbers, to the last unit."""
    random = Random(1)
    for _ in range(3000):
        dt = random.below(1 << random.between(1, 28))
        start = random.below((1 << 30) - dt)
        position, speed, bend = random_piece(random, dt)
        pieces = [(start, position, speed, bend + BIAS)]
        lap = random.between(1, (1 << 30) - 2)
        got = place(pieces, [(0, 1 << 30)], start + dt, lap)
        exact = position + ((dt * (speed + ((dt * bend) >> 18))) >> 28)
        assert got == exact % lap, (pieces, dt, lap, got, exact % lap)
        assert 0 <= reference.position_100um(pieces, start + dt) - exact <= 1


def test_locate_at_the_ends_of_the_ranges():
    for dt in (0, 1, 0x7FFF, 0x8000, (1 << 28) - 1):
        for speed in (0, 1, 0x7FFF, 0x8000, (1 << 29) - 1):
            for bend in (0, 1, -1, 0x7FFF, -0x8000, (1 << 19) - 1, -(1 << 19), BIAS - 1, -BIAS):
                gain = (dt * bend) >> 18
                if -(1 << 29) <= gain < 1 << 29 and 0 <= speed + gain < 1 << 29:
                    exact = (dt * (speed + gain)) >> 28
                    piece = (5, 0, speed, bend + BIAS)
                    assert place([piece], [(0, 1 << 30)], 5 + dt, (1 << 30) - 2) == exact % ((1 << 30) - 2)


def test_locate_finds_its_piece_whichever_way_time_goes():
    """`cursor` only saves searching: forwards, backwards and from any junk that an older table left in it."""
    random = Random(2)
    starts = sorted([random.below(1_000_000) for _ in range(20)])
    pieces = [(start, 1000 * i, 0, BIAS) for i, start in enumerate(starts)]
    cursor = array("I", [0])
    for k in range(2000):
        t = random.below(1_000_000) if k % 3 else starts[random.below(20)]
        if k % 7 == 0:
            cursor[0] = random.below(1 << 20)
        want = max([1000 * i for i, start in enumerate(starts) if start <= t] or [0])
        assert place(pieces, [(0, 2_000_000)], t, 1 << 29, cursor) == want


def test_windows_open_at_their_beginning_and_close_at_their_end():
    windows = [(100, 200), (300, 301)]
    for t in range(-3, 400):
        lit = 100 <= t < 200 or t == 300
        got = place([(0, 42, 0, BIAS)], windows, t, 1000)
        assert got == (42 if lit else None), t
    assert place([(0, 42, 0, BIAS)], [], 5, 1000) is None


def test_locate_gives_every_wave_its_own_pieces_and_windows():
    random = Random(3)
    for _ in range(100):
        count = random.between(1, 6)
        waves, pieces, windows, want = [], [], [], []
        t = random.below(1000)
        for _ in range(count):
            own = [(200 * i, random.below(5000), 0, BIAS) for i in range(random.between(1, 5))]
            on = random.below(1000)
            waves += [0, 0, len(pieces) // 4, len(own), len(windows) // 2, 1, 0, 0]
            for piece in own:
                pieces += piece
            windows += [on, on + 400]
            want.append(reference.position_100um(own, t) % 4000 if on <= t < on + 400 else DARK)
        heads = array("I", [7] * count)
        lit = kernels.locate(
            array("I", waves), array("I", pieces), array("I", windows), array("I", [0] * count), heads, count, t, 4000
        )
        assert list(heads) == want
        assert lit == len([head for head in want if head != DARK])


def painted(cells, pixmap, waves, lap, pixels):
    """Pixels by the kernel. cells: (origin, edges); waves: (colour, length, head or None)."""
    px = bytearray(3 * pixels + 8)
    px[3 * pixels :] = b"\xa5" * 8
    origin, edges = cells
    # another run lies before ours in the shared sections, so that the offsets count too
    flat = array("I", [9, 99, 999])
    flat.extend(array("I", edges))
    places = array("H", [0, 0])
    places.extend(array("H", pixmap))
    run = array("I", [origin, len(edges) - 1, 2, 3])
    words = []
    for colour, length, _ in waves:
        words += [colour, length, 0, 0, 0, 0, 0, 0]
    heads = array("I", [DARK if head is None else head for _, _, head in waves])
    covers = array("I", [0] * (4 * len(waves)) + [0xC0FFEE])
    touched = kernels.paint(px, flat, places, run, array("I", words), heads, covers, array("I", [len(waves), lap]))
    assert covers[4 * len(waves)] == 0xC0FFEE and bytes(px[3 * pixels :]) == b"\xa5" * 8, "wrote beyond its buffers"
    return px[: 3 * pixels], touched


def shows(waves, lap, point):
    """The wave that a point of the kerb shows: the first that covers it."""
    for w, (_, length, head) in enumerate(waves):
        if head is not None and (head - 1 - point) % lap < length:
            return w
    return None


def check_paint(cells, pixmap, waves, lap, pixels):
    """The kernel's pixels against the law, to half a level for each stretch of light in a cell."""
    origin, edges = cells
    px, touched = painted(cells, pixmap, waves, lap, pixels)
    spans = [(origin + edges[i], origin + edges[i + 1]) for i in range(len(edges) - 1)]
    colours = [((c >> 16) & 255, (c >> 8) & 255, c & 255) for c, _, _ in waves]
    fractions = reference.levels(spans, [None if h is None else (h, length) for _, length, h in waves], lap)
    any_light = False
    for i, (lo, hi) in enumerate(spans):
        stretches, before = 0, None
        for point in range(lo, hi):
            now = shows(waves, lap, point)
            # the lap's seam and the ring's other image may cut a stretch in two
            if now is not None and (now != before or (point - origin) % lap == 0 or point % lap == 0):
                stretches += 1
            before = now
        any_light = any_light or stretches > 0
        want = reference.pixel(colours, fractions[i])
        for c in range(3):
            got = px[3 * pixmap[i] + c]
            assert abs(got - want[c]) <= 0.5 * stretches + 1e-9, (cells, waves, lap, i, c, got, want[c])
    assert (touched > 0) == any_light
    for pixel in range(pixels):
        if pixel not in pixmap:
            assert bytes(px[3 * pixel : 3 * pixel + 3]) == b"\0\0\0", "a dead LED was lit"


def random_cells(random, lap, whole):
    """A run of LEDs by chance; `whole` goes round the whole lap."""
    edges = [0]
    while True:
        edge = edges[-1] + random.between(1, 40)
        if edge >= lap or (len(edges) > 1 and not whole and random.below(12) == 0):
            break
        edges.append(edge)
    if whole or len(edges) == 1:
        edges.append(lap)
    return random.below(lap), edges


def test_paint_shows_what_the_law_says():
    """Waves that overlap, stand over the lap's seam, end in the midst of cells, are dark, or fill nearly the lap."""
    random = Random(4)
    for k in range(250):
        lap = random.between(30, 400)
        cells = random_cells(random, lap, k % 4 == 0)
        leds = len(cells[1]) - 1
        pixels = leds + random.below(4)
        free = list(range(pixels))
        pixmap = [free.pop(random.below(len(free))) for _ in range(leds)]
        waves = []
        for _ in range(random.between(1, 5)):
            length = random.below(lap) if random.below(3) == 0 else random.below(60) % lap
            head = None if random.below(5) == 0 else random.below(lap)
            colour = (0xFFFFFF, 0xFF8001, 0x00FF40, random.below(1 << 24))[random.below(4)]
            waves.append((colour, length, head))
        check_paint(cells, pixmap, waves, lap, pixels)


def test_paint_puts_several_waves_into_one_cell():
    """The 1 m rail: a cell as wide as the gaps between the pacers holds all their edges at once."""
    random = Random(5)
    for _ in range(60):
        lap = 600
        waves = [
            (random.below(1 << 24), random.between(1, 60), (150 + random.below(120)) % lap)
            for _ in range(random.between(2, 6))
        ]
        check_paint((100, [0, 100, 200]), [1, 0], waves, lap, 2)


def test_paint_keeps_the_higher_wave_over_the_lower():
    px, _ = painted((0, [0, 10, 20, 30]), [0, 1, 2], [(0xFF0000, 10, 20), (0x00FF00, 30, 30)], 100, 3)
    assert bytes(px) == b"\x00\xff\x00\xff\x00\x00\x00\xff\x00"


def test_paint_over_the_seam_of_the_lap():
    """A wave whose head has just passed the finish line is one light and not two."""
    px, touched = painted((0, [0, 10, 20, 30, 40]), [0, 1, 2, 3], [(0xFFFFFF, 15, 10)], 40, 4)
    assert bytes(px) == b"\xff\xff\xff" + b"\0" * 6 + b"\x80\x80\x80"
    assert touched == 2


def test_paint_on_a_lap_as_long_as_the_numbers_go():
    """Positions up to 2^30 add a lap to a head: 32-bit words must hold the sum and the products of a wide cell."""
    lap = (1 << 30) - 2
    wide = 8_000_000
    origin = lap - wide
    px, _ = painted((origin, [0, wide, 2 * wide]), [0, 1], [(0xFFFFFF, wide, wide // 2)], lap, 2)
    assert bytes(px) == b"\x80\x80\x80\x80\x80\x80"


def test_fill_writes_its_pixels_and_no_more():
    px = bytearray(b"\xa5" * 20)
    kernels.fill(px, 5, 1, 2, 255)
    assert bytes(px) == b"\x01\x02\xff" * 5 + b"\xa5" * 5
    kernels.fill(px, 0, 9, 9, 9)
    assert bytes(px) == b"\x01\x02\xff" * 5 + b"\xa5" * 5


def test_gather_stops_at_a_zero_and_at_the_room():
    random = Random(6)
    for _ in range(400):
        room = random.between(1, 30)
        frame = bytearray(b"\xa5" * (room + 4))
        have = random.below(40)
        chunk = bytes([random.between(0 if random.below(3) == 0 else 1, 255) for _ in range(random.between(1, 30))])
        at = random.below(len(chunk))
        end = kernels.gather(frame, have, room, chunk, at, len(chunk))
        zero = chunk.find(b"\0", at)
        assert end == (len(chunk) if zero < 0 else zero)
        kept = chunk[at:end][: max(0, room - have)]
        want = bytearray(b"\xa5" * (room + 4))
        want[have : have + len(kept)] = kept
        assert bytes(frame) == bytes(want)[: room + 4]


def stuffed(data):
    out = bytearray(b"\xa5" * (len(data) + len(data) // 83 + 10))
    end = kernels.stuff(out, 2, data, len(data))
    assert bytes(out[:2]) == b"\xa5\xa5" and bytes(out[end + 1 :]) == b"\xa5" * (len(out) - end - 1)
    return bytes(out[2:end])


def test_stuffing_hides_three_bytes_and_comes_back():
    random = Random(7)
    cases = [b"", b"\0", b"\1", b"\3", b"\0\1\3", b"\2" * 82, b"\2" * 83, b"\2" * 84, b"\2" * 166, b"\2" * 83 + b"\0"]
    cases += [random.bytes(random.below(300)) for _ in range(300)]
    for data in cases:
        out = stuffed(data)
        # the law writes the code byte that stands for the end too; the kernel stops before it only when it may
        assert out == reference.stuff(data)
        for byte in (0, 1, 3):
            assert byte not in out
        assert len(out) <= len(data) + len(data) // 83 + 1
        guarded = bytearray(out + b"\xa5" * 4)
        assert kernels.unstuff(guarded, len(out)) == len(data)
        assert bytes(guarded[: len(data)]) == data and bytes(guarded[len(out) :]) == b"\xa5" * 4


def test_unstuff_survives_any_junk():
    """What noise puts into the buffer must never be written beyond it: viper checks no bounds."""
    random = Random(8)
    good = 0
    for _ in range(3000):
        junk = bytearray(random.bytes(random.below(40)))
        if random.below(3) == 0 and junk:
            junk[0] = 255
        guarded = junk + b"\xa5" * 100
        size = kernels.unstuff(guarded, len(junk))
        assert -1 <= size < max(1, len(junk))
        assert bytes(guarded[len(junk) :]) == b"\xa5" * 100
        if size >= 0:
            good += 1
            assert stuffed(bytes(guarded[:size])) == bytes(junk), "two spellings of one frame"
    assert good > 5, "hardly any junk could be decoded: nothing was tested"


def test_unstuff_of_frames_cut_anywhere():
    random = Random(9)
    for _ in range(30):
        out = stuffed(random.bytes(random.between(1, 200)))
        for cut in range(len(out)):
            guarded = bytearray(out[:cut] + b"\xa5" * 100)
            assert kernels.unstuff(guarded, cut) < cut or cut == 0
            assert bytes(guarded[cut:]) == b"\xa5" * 100


def crc_table():
    table = array("I", [0] * 16)
    for i in range(16):
        crc = i
        for _ in range(4):
            crc = (crc >> 1) ^ (0xEDB88320 if crc & 1 else 0)
        table[i] = crc
    return table


def test_crc32_is_the_one_of_the_library():
    random = Random(10)
    table = crc_table()
    for length in range(0, 301, 11):
        data = random.bytes(length)
        want = (crc32(data) & 0xFFFFFFFF).to_bytes(4, "little")
        out = bytearray(b"\xa5" * 8)
        assert kernels.crc32(data, length, table, out, 2) == 0
        assert bytes(out) == b"\xa5\xa5" + want + b"\xa5\xa5"
        assert kernels.crc32(data, length, table, out, 2) == 1
        for i in range(4):
            out[2 + i] ^= 1 << random.below(8)
            assert kernels.crc32(data, length, table, out, 2) == 0
            assert bytes(out[2:6]) == want


def test_words_come_back_as_they_were_put():
    random = Random(11)
    buffer = bytearray(b"\xa5" * 8)
    for value in [0, 1, 255, 256, 65535, (1 << 30) - 1] + [random.below(1 << 30) for _ in range(200)]:
        kernels.put32(buffer, 2, value)
        assert bytes(buffer) == b"\xa5\xa5" + value.to_bytes(4, "little") + b"\xa5\xa5"
        assert kernels.get32(buffer, 2) == value
    for value in (1 << 30, (1 << 31) - 1, 1 << 31, 0xFFFFFFFF):
        buffer[2:6] = value.to_bytes(4, "little")
        assert kernels.get32(buffer, 2) == -1, "it would be another number on a board than on a PC"
