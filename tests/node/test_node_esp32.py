"""ESP32's strips: the pulses that go out, when they do, and that the frame loop neither allocates nor waits."""

import sys
from array import array

from serial_fakes import Machine, Pin, Rmt, Wdt, clock, take_over

from pacerail_node import outgoing
from pacerail_node.ticks import ticks_add, ticks_diff

MICROPYTHON = sys.implementation.name == "micropython"

# high for a 0, high for a 1, low for a 0, low for a 1, in ns: (least, most), from the data sheets
SHEETS = {
    "ws2811": ((100, 400), (450, 750), (850, 1150), (500, 800)),
    "ws2812b": ((250, 550), (650, 950), (700, 1000), (300, 600)),
    "sk6812": ((150, 450), (450, 750), (750, 1050), (450, 750)),
    "sk6812w": ((150, 450), (450, 750), (750, 1050), (450, 750)),
    "ws2813": ((220, 380), (580, 1000), (580, 1000), (220, 420)),
    "ws2815": ((220, 380), (580, 1000), (580, 1000), (220, 420)),
}


class Slots:
    """A list's memory as CPython cannot give it: what is written there has MicroPython's tag bit."""

    def __init__(self, items):
        self.items = items

    def __setitem__(self, slot, value):
        assert value & 1
        self.items[slot] = value >> 1


class Outgoing:
    """`outgoing` without the addresses, which have 64 bits in MicroPython's Unix build: full brightness, no limit."""

    HEAD = outgoing.HEAD
    ROW = outgoing.ROW
    set_limits = staticmethod(outgoing.set_limits)
    place_colours = staticmethod(outgoing.place_colours)

    def __init__(self):
        self.words = self.px = None

    def new_table(self, outputs, px, sent):
        table = array("I", [0] * (self.HEAD + self.ROW * len(outputs)))
        first = 0
        for i in range(len(outputs)):
            table[self.HEAD + self.ROW * i + 3] = outputs[i]
            table[self.HEAD + self.ROW * i + 4] = first
            first += outputs[i]
        self.px = px
        return table

    def address(self, words):
        self.words = words
        return 0

    def pack(self, table):
        row = self.HEAD
        px = self.px
        while row < len(table):
            i = 0
            while i < table[row + 3]:
                at = 3 * (table[row + 4] + i)
                self.words[table[row] + ((table[row + 2] + 2 + i) & table[row + 1])] = (
                    (px[at] << table[row + 5]) | (px[at + 1] << table[row + 6]) | (px[at + 2] << table[row + 7])
                )
                i += 1
            row += self.ROW
        return 256


def strip(outputs=(4,), kinds=None, orders=None, sent=None):
    if not MICROPYTHON and not hasattr(sys.implementation, "_machine"):
        sys.implementation._machine = "a test"  # no S3: eight channels
    driver = take_over("pacerail_node.strips.ws2812_esp32")
    if not MICROPYTHON:
        driver.slots_of = lambda items: (Slots(items), 1)
    else:
        driver.outgoing = Outgoing()
    kinds = kinds or ["ws2812b"] * len(outputs)
    orders = orders or ["GRBW" if kind == "sk6812w" else "GRB" for kind in kinds]
    pins = [18, 19, 21, 22, 25, 26, 27, 32][: len(outputs)]
    return driver.Strip(list(outputs), pins, kinds, orders, sent or outgoing.levels()), driver


def bytes_of(rmt, kind):
    """The bytes of a frame by its pulses, each checked against the data sheet."""
    pulses = rmt.pulses
    low0, low1 = SHEETS[kind][2:]
    high0, high1 = SHEETS[kind][:2]
    found = bytearray()
    byte = bits = 0
    for i in range(1, len(pulses), 2):
        high = pulses[i] * 1000 // rmt.ticks_us
        low = pulses[i + 1] * 1000 // rmt.ticks_us
        one = high > 450 or (high > high0[1])
        sheet_high, sheet_low = (high1, low1) if one else (high0, low0)
        assert sheet_high[0] <= high <= sheet_high[1] and sheet_low[0] <= low <= sheet_low[1], (kind, high, low)
        byte = byte * 2 + one
        bits += 1
        if bits == 8:
            found.append(byte)
            byte = bits = 0
    assert bits == 0
    return bytes(found)


def test_every_kind_of_strip_gets_its_bits_in_its_order():
    for kind in sorted(SHEETS):
        made, driver = strip((3,), [kind])
        assert sorted(driver.TIMINGS) == sorted(SHEETS)
        white = b"\x00" if kind == "sk6812w" else b""
        assert bytes_of(Rmt.made[0], kind) == (b"\x00\x00\x00" + white) * 3, "dark from the start"
        for colours in ((1, 2, 3, 250, 128, 7, 0, 0, 0), (0, 0, 0, 0, 255, 0, 85, 170, 1), (9, 9, 9) * 3):
            for i in range(9):
                made.buffer[i] = colours[i]
            while not made.ready(clock.now):
                clock.now += 10
            made.submit(clock.now, 0)
            want = b""
            for i in range(0, 9, 3):
                want += bytes((colours[i + 1], colours[i], colours[i + 2])) + white
            assert bytes_of(Rmt.made[0], kind) == want, (kind, colours)


def test_outputs_of_unlike_length_and_kind_end_together_at_the_tick_that_submit_returns():
    """Whatever they take to be started one after the other."""
    made, driver = strip((50, 10, 30, 1), ["ws2812b", "ws2815", "sk6812w", "ws2811"])
    assert made.pixels == 91 and len(made.buffer) == 273
    for _ in range(20):
        while not made.ready(clock.now):
            clock.now += 10
        asked = ticks_add(clock.now, 200)
        start = made.submit(asked, 0)
        seen = start + made.wire_us
        assert 0 <= start - asked <= 5
        for rmt in Rmt.made:
            assert rmt.waited == 0
            assert abs(rmt.gone + driver.LATCH_US - seen) <= 8, (rmt.gone, seen)


def test_a_frame_that_comes_too_late_says_when_it_really_starts():
    made, driver = strip((100,))
    while not made.ready(clock.now):
        clock.now += 10
    asked = clock.now - 3000
    start = made.submit(asked, 0)
    assert start > asked
    assert abs(Rmt.made[0].gone + driver.LATCH_US - start - made.wire_us) <= 8


def test_an_interrupt_on_the_way_is_seen_and_not_learnt_from_too_much():
    made, driver = strip((100,))
    for hiccup in (400, 0, 0):
        while not made.ready(clock.now):
            clock.now += 10
        Rmt.hiccup_us = hiccup
        asked = ticks_add(clock.now, 300)
        start = made.submit(asked, 0)
        Rmt.hiccup_us = 0
        assert abs(Rmt.made[0].gone + driver.LATCH_US - start - made.wire_us) <= 60
        assert start - asked <= hiccup + 8


def test_it_is_not_ready_before_the_frame_has_left():
    """Nothing can be queued: RMT.write_pulses would wait."""
    made, _ = strip((100,))
    while not made.ready(clock.now):
        clock.now += 10
    made.submit(clock.now, 0)
    gone = Rmt.made[0].gone
    assert not made.ready(clock.now)
    until = made.ready_tick(clock.now)
    assert abs(until - gone) <= 8
    assert made.ready(ticks_add(until, 1)) and made.ready_tick(ticks_add(until, 1)) == ticks_add(until, 1)


def test_it_waits_only_for_what_is_further_away_than_a_pulse_is_long():
    made, driver = strip((10,))
    while not made.ready(clock.now):
        clock.now += 10
    before = clock.now
    asked = ticks_add(before, 10_000)
    start = made.submit(asked, 0)
    assert abs(start - asked) <= 8
    assert clock.now < ticks_add(asked, made.wire_us) - made.wire_us + 10_000
    assert Rmt.made[0].started - clock.now >= driver.LONGEST_DELAY_US - 200


def test_the_ticks_may_wrap():
    made, _ = strip((20,))
    clock.now = made._end = (1 << 30) - 400
    Rmt.made[0].gone = clock.now
    asked = ticks_add(clock.now, 1000)
    start = made.submit(asked, 0)
    clock.now = 5000
    assert abs(ticks_diff(start, asked)) <= 8 and asked < 1000


def test_frames_dimmed_by_the_limit_are_counted():
    if MICROPYTHON:
        return  # see Outgoing
    made, _ = strip((10,))
    made.limit([10, 100, 5500, 0])
    for i in range(30):
        made.buffer[i] = 255
    while not made.ready(clock.now):
        clock.now += 10
    made.submit(clock.now, 0)
    assert made.dimmed == 1
    assert max(bytes_of(Rmt.made[0], "ws2812b")) < 80


def board(**config):
    """The hardware's Board with a config; its drivers are made for the same chip."""
    sys.modules.pop("pacerail_node.strips.ws2812_esp32", None)
    sys.modules.pop("pacerail_node.links.uart", None)
    if not MICROPYTHON and not hasattr(sys.implementation, "_machine"):
        sys.implementation._machine = "a test"
    hardware = take_over("pacerail_node.hardware.esp32")
    driver = sys.modules.pop("pacerail_node.strips.ws2812_esp32")
    if not MICROPYTHON:
        driver.slots_of = lambda items: (Slots(items), 1)
    else:
        driver.outgoing = Outgoing()
    uart = take_over("pacerail_node.links.uart")
    hardware.open_link = lambda spec: uart.Link(spec)
    pins = {"outputs": [18], "safe": 23, "gun": 34}
    link = {"kind": "rs485", "uart": 2, "tx": 25, "rx": 26, "de": 33, "baud": 250_000}
    said = {"outputs": [5], "pins": pins, "strips": ["ws2815"], "orders": ["RGB"], "link": link, "watchdog_ms": 4000}
    said.update(config)
    return hardware.Board(said), said


def test_a_board_starts_as_its_config_says():
    """At full speed, with id, strip, link and gun; the watchdog bites after 4 s, and in the console after a day."""
    Wdt.timeouts_ms.clear()
    made, said = board()
    assert Machine.hz == 240_000_000 and said["uid"] == "010203040506" and made.reset_cause == 3
    assert made.strip.pixels == 5 and Pin.made[33].level == 0 and Pin.made[34].pull is None
    assert made.temperature_dc() == 0 and made.supply_mv() == 0, "no S3: no thermometer to go by"
    made.gun.arm(clock.now)
    Pin.made[34].handler(None)
    assert made.gun.take() > 0 and made.gun.take() == -1
    before = clock.now
    made.idle(before + 500)
    assert 500 <= clock.now - before < 520 and Wdt.timeouts_ms == [4000]
    made.close()
    assert Wdt.timeouts_ms == [4000, 86_400_000]


def test_a_safe_pin_held_low_gives_the_console():
    Pin.low = (23,)
    try:
        board()
    except RuntimeError as error:
        assert "safe mode" in str(error)
    else:
        raise AssertionError("it started")
    finally:
        Pin.low = ()


def test_a_board_with_a_fault_has_only_a_link():
    made, _ = board(fault="no such pin", pins={})
    assert made.gun is None and made.strip.pixels == 0 and not Rmt.made and made.link.any() == 0


def test_what_cannot_be_is_refused():
    for outputs, kinds in (((1,) * 9, None), ((0,), None), ((5,), ["apa102"]), ((), None)):
        try:
            strip(outputs, kinds)
        except ValueError:
            continue
        raise AssertionError(str(outputs) + " was taken")


def test_nothing_is_allocated():
    if not MICROPYTHON:
        return
    import micropython

    made, _ = strip((60, 30))
    for k in range(20):
        for i in range(270):
            made.buffer[i] = (i * k) & 255
        while not made.ready(clock.now):
            clock.now += 10
        now = clock.now
        micropython.heap_lock()
        try:
            made.submit(now, 0)
            made.ready(now)
            made.ready_tick(now)
        finally:
            micropython.heap_unlock()
