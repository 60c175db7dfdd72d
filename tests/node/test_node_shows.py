"""What a board shows when no race is on: flashes to count, patterns to check a strip by, and how they end."""

import struct

from node_fakes import PLAN, Board, Random, even_run, even_wave, table_bytes

from pacerail_node import messages as m
from pacerail_node import reference, shows
from pacerail_node.shows import Show, scaled
from pacerail_node.shows_kernel import dots

TABLE = table_bytes([even_wave(0x00FF40, 50_000, 6.7, start_100um=1000)], [even_run(0, 50, 1665)])
WHITE = 0xFFFFFF
BLUE = 0x0000FF


def show(
    kind, colour=WHITE, second=0, period_ms=600, duration_ms=10_000, level=255, count=0, start_us=None, phase_ms=0,
    cross_ms=1000, only=0, against=0,
):  # fmt: skip
    """The payload of a SHOW."""
    start = (0, 0) if start_us is None else (start_us // 1_000_000, start_us % 1_000_000)
    head = struct.pack("<4B", kind, level, count, 0 if start_us is None else shows.AT_START)
    return head + struct.pack(
        "<10I", colour, second, period_ms, duration_ms, start[0], start[1], phase_ms, cross_ms, only, against
    )


class Clock:
    """No clock: a show goes by its ticks."""

    valid = False


def picture(payload, outputs, at_ms=0):
    """The colours 0xRRGGBB of all pixels at a time after the start."""
    one = Show(outputs)
    assert one.begin(payload, 0, 5000, Clock) is None
    pixels = bytearray(3 * sum(outputs))
    tick = 5000
    while at_ms >= 100:  # as frames come
        one.draw(bytearray(len(pixels)), tick + 100_000, Clock)
        tick += 100_000
        at_ms -= 100
    one.draw(pixels, tick + 1000 * at_ms, Clock)
    return [pixels[i] << 16 | pixels[i + 1] << 8 | pixels[i + 2] for i in range(0, len(pixels), 3)]


def lit(colours):
    return [i for i in range(len(colours)) if colours[i]]


def shown(frame):
    """Of a frame of a fake strip: the set of colours on it."""
    rgb = frame[2]
    return {rgb[i] << 16 | rgb[i + 1] << 8 | rgb[i + 2] for i in range(0, len(rgb), 3)}


def flashes(frames):
    """The colours of flashes one after the other, and how long each lasted in us."""
    said = []
    last = {0}
    since = 0
    for frame in frames:
        now = shown(frame)
        if now != last:
            if last != {0}:
                said.append((max(last), frame[0] - since))
            since = frame[0]
            last = now
    return said


def test_dots_against_the_reference():
    chance = Random(7)
    for _ in range(300):
        pixels = chance.between(1, 40)
        px = bytearray(chance.bytes(3 * pixels))
        first = chance.below(pixels)
        end = chance.between(first, pixels)
        step = chance.between(1, 12)
        colour = chance.below(1 << 24)
        expected = reference.dots(px, first, end, step, colour)
        dots(px, first, end, step, colour)
        assert px == expected, (pixels, first, end, step, colour)


def test_scaled_rounds_and_never_exceeds():
    for level in range(1, 256):
        for part in range(0, 256, 5):
            got = scaled(part << 16 | part << 8 | part, level)
            assert got >> 16 == got >> 8 & 255 == got & 255 == int(part * level / 255 + 0.5)


def test_all_leds_in_a_colour_at_a_level():
    assert picture(show(shows.SOLID, 0xFF8000, level=51), [4, 3]) == [0x331A00] * 7


def test_a_light_runs_along_each_output_in_the_order_of_its_data():
    payload = show(shows.CHASE, period_ms=1000)
    for at_ms in (0, 333, 999, 1000, 1501):
        along = at_ms % 1000
        assert lit(picture(payload, [40, 10], at_ms)) == [along * 40 // 1000, 40 + along * 10 // 1000]


def test_every_tenth_led_and_every_hundredth_in_another_colour():
    colours = picture(show(shows.TENTHS, WHITE, BLUE), [250, 15])
    assert lit(colours) == list(range(0, 270, 10))
    assert [i for i in range(265) if colours[i] == BLUE] == [0, 100, 200, 250]


def test_the_ends_of_each_output():
    colours = picture(show(shows.ENDS, 0x00FF00, 0xFF0000), [5, 3, 1])
    assert lit(colours) == [0, 4, 5, 7, 8]
    assert [colours[i] for i in (0, 4, 5, 7, 8)] == [0x00FF00, 0xFF0000, 0x00FF00, 0xFF0000, 0x00FF00]


def test_the_order_of_colours_by_thirds():
    assert picture(show(shows.ORDER, level=100), [7]) == [0x640000] * 2 + [0x006400] * 3 + [0x000064] * 2


def test_one_output_of_several():
    assert lit(picture(show(shows.SOLID, only=0b010), [2, 3, 2])) == [2, 3, 4]


def test_clapping_is_brightest_on_the_beat():
    levels = [picture(show(shows.CLAP, period_ms=500), [1], at_ms)[0] & 255 for at_ms in range(0, 1000, 50)]
    assert levels[0] == levels[10] == 255
    assert levels[:10] == levels[10:] == sorted(levels[:10])[::-1]
    assert 20 < levels[9] < 40


def test_a_sweep_runs_over_all_outputs_and_off_the_end():
    payload = show(shows.SWEEP, count=3, period_ms=2000, cross_ms=1000, against=0b01)
    expected = {0: [], 100: [8, 9], 300: [4, 5, 6], 1000: [17, 18, 19], 1100: [19], 1200: [], 2300: [4, 5, 6]}
    for at_ms in expected:
        assert lit(picture(payload, [10, 10], at_ms)) == expected[at_ms], at_ms
    # a board further round the track is further back in the period
    assert lit(picture(show(shows.SWEEP, count=1, period_ms=2000, phase_ms=1500), [10], 600)) == [0]
    background = picture(show(shows.SWEEP, WHITE, BLUE, count=2, period_ms=2000), [4], 500)
    assert background == [WHITE, WHITE, BLUE, BLUE]


def test_a_number_can_be_counted_on_the_rail():
    """23: two flashes in the second colour, a gap, three in the first, a pause; and again."""
    board = Board()
    board.done(m.SHOW, show(shows.BLINK, WHITE, BLUE, count=23, duration_ms=60_000))
    said = flashes(board.run(2 * 9 * 600_000))
    assert [colour for colour, _ in said] == 2 * ([BLUE] * 2 + [WHITE] * 3)
    assert all(abs(us - 300_000) < 5000 for _, us in said), said
    for count, expected in ((3, [WHITE] * 3), (20, [BLUE] * 2)):
        board.done(m.SHOW, show(shows.BLINK, WHITE, BLUE, count=count, duration_ms=60_000))
        said = flashes(board.run((len(expected) + 3) * 600_000))
        assert [colour for colour, _ in said] == expected
    board.done(m.SHOW, show(shows.BLINK, WHITE, 0, count=12, duration_ms=60_000))
    assert len(flashes(board.run(15 * 600_000))) == 12


def test_a_show_needs_no_table_and_no_clock_and_ends_by_itself():
    board = Board()
    begun = board.now
    board.done(m.SHOW, show(shows.SOLID, duration_ms=1500))
    frames = board.run(3_000_000)
    bright = [start for start, _, _ in frames if shown((0, 0, frames[0][2])) == {WHITE}]
    assert bright[0] - begun < 3000
    changes = [frame for frame in frames if shown(frame) == {WHITE}]
    assert abs(changes[-1][0] - begun - 1_500_000) < 10_000
    assert shown(frames[-1]) == {0}
    assert not board.node.show.on and board.node.state == m.IDLE


def test_it_lasts_longer_than_ticks_can_be_compared():
    board = Board(start=(1 << 30) - 2_000_000)
    board.done(m.SHOW, show(shows.SOLID, duration_ms=1_200_000))
    board.run(1_190_000_000)
    assert board.node.show.on
    board.run(20_000_000)
    assert not board.node.show.on


def test_boards_with_clocks_are_in_step():
    """Their ticks and the moments at which the message comes differ, and so do the lengths of their outputs."""
    starts = []
    for ticks, pixels, late_us in ((0, 50, 0), (777_777_777, 20, 130_000)):
        board = Board(start=ticks, pixels=pixels)
        board.line(fleet_us=90_000_000)
        offset = 90_000_000 - board.now
        board.run(late_us + 10)
        board.done(m.SHOW, show(shows.BLINK, count=2, start_us=90_500_000))
        frames = board.run(5_000_000)
        up = [
            frames[i][0] + offset + board.strip.wire_us
            for i in range(1, len(frames))
            if shown(frames[i]) == {WHITE} and shown(frames[i - 1]) == {0}
        ]
        assert len(up) == 4, len(up)
        starts.append(up)
    for i in range(4):
        assert abs(starts[0][i] - starts[1][i]) < 4000, starts
    for i in range(2):
        assert 0 <= starts[0][i] - 90_500_000 - 600_000 * i < 4000, starts


def test_a_start_without_a_clock_is_now():
    board = Board()
    board.done(m.SHOW, show(shows.SOLID, start_us=90_000_000_000))
    assert shown(board.run(20_000)[-1]) == {WHITE}


def test_a_clock_set_during_a_show_does_not_end_it():
    board = Board()
    board.done(m.SHOW, show(shows.SOLID))
    board.line(fleet_us=777_000_000_000)
    assert shown(board.run(500_000)[-1]) == {WHITE}


def test_what_ends_a_show():
    endings = (
        lambda board: board.done(m.STOP),
        lambda board: board.done(m.SHOW, show(shows.OFF)),
        lambda board: board.upload(TABLE),
        lambda board: board.armed(TABLE),
    )
    for end in endings:
        board = Board()
        board.line()
        board.done(m.SHOW, show(shows.SOLID, duration_ms=60_000))
        board.run(300_000)
        end(board)
        assert not board.node.show.on
        assert shown(board.run(20_000)[-1]) == {0}, end
    board = Board()
    board.done(m.SHOW, show(shows.SOLID, 0xFF0000, duration_ms=60_000))
    board.done(m.SHOW, show(shows.SOLID, 0x00FF00, duration_ms=60_000))
    assert shown(board.run(20_000)[-1]) == {0x00FF00}


def test_no_show_in_a_race():
    board = Board().armed(TABLE)
    for go_on in (lambda: board.go(board.now), lambda: board.done(m.RECALL)):
        assert "race is on" in board.refused(m.WRONG_STATE, m.SHOW, show(shows.SOLID))
        go_on()
    assert "race is on" in board.refused(m.WRONG_STATE, m.SHOW, show(shows.SOLID))
    assert not board.node.show.on


def test_a_race_after_a_show_is_as_any():
    board = Board()
    board.line()
    board.done(m.SHOW, show(shows.SWEEP, count=5))
    board.run(300_000)
    board.armed(TABLE)
    board.go(board.now + 100_000)
    board.run(1_000_000)
    assert board.node.state == m.RUNNING
    assert board.node.renderer.table.plan_hash == PLAN
    assert 0 < len(lit([max(board.strip.frames[-1][2][i : i + 3]) for i in range(0, 150, 3)])) < 50


def test_moving_shows_are_drawn_at_full_rate_and_still_ones_seldom():
    board = Board()
    board.done(m.SHOW, show(shows.CHASE))
    frame_us = board.strip.wire_us
    assert len(board.run(1_000_000)) > 0.9 * 1_000_000 / frame_us
    assert board.node.late == 0
    board.done(m.SHOW, show(shows.SOLID))
    assert 3 <= len(board.run(1_000_000)) <= 8


def test_what_is_no_show_is_refused_with_words_and_changes_nothing():
    board = Board()
    board.line(fleet_us=90_000_000)
    board.done(m.SHOW, show(shows.SOLID))
    wrong = (
        show(shows.KINDS),
        show(shows.SOLID, level=0),
        show(shows.SOLID, 0x1000000),
        show(shows.SOLID, WHITE, 0xFFFFFFFF),
        show(shows.BLINK, period_ms=99),
        show(shows.BLINK, period_ms=60_001),
        show(shows.SOLID, duration_ms=0),
        show(shows.SOLID, duration_ms=7_200_001),
        show(shows.SWEEP, cross_ms=0),
        show(shows.SWEEP, phase_ms=3_600_001),
        show(shows.SOLID, only=0x40000000),
        show(shows.SOLID, start_us=500_000_000),
        show(shows.SOLID, start_us=79_000_000),
        show(shows.SOLID)[:-1],
        b"",
    )
    for payload in wrong:
        board.refused(m.BAD_PAYLOAD, m.SHOW, payload)
        assert board.node.show.on
    assert shown(board.run(20_000)[-1]) == {WHITE}


def test_every_number_that_is_taken_is_drawn():
    """Nothing outside the buffer and no number too large, whatever the payload says."""
    chance = Random(18)
    for _ in range(200):
        outputs = [chance.between(1, 60) for _ in range(chance.between(1, 4))]
        payload = show(
            chance.below(shows.KINDS), chance.below(1 << 24), chance.below(1 << 24), chance.between(100, 60_000),
            7_200_000, chance.between(1, 255), chance.below(256), None, chance.below(3_600_001),
            chance.between(1, 60_000), chance.below(16), chance.below(16),
        )  # fmt: skip
        for at_ms in (0, chance.below(3000)):
            assert len(picture(payload, outputs, at_ms)) == sum(outputs)


def test_frames_of_a_show_allocate_nothing():
    """Held to it under MicroPython, where memory is counted; elsewhere it only draws."""
    try:
        from micropython import heap_lock, heap_unlock
    except ImportError:

        def heap_lock():
            pass

        heap_unlock = heap_lock
    one = Show([50, 13])
    pixels = bytearray(3 * 63)
    for kind in range(shows.KINDS):
        payload = show(kind, WHITE, BLUE, period_ms=500, count=23, duration_ms=60_000, against=2)
        assert one.begin(payload, 0, 5000, Clock) is None
        tick = 5000
        one.draw(pixels, tick, Clock)
        heap_lock()
        try:
            for _ in range(300):
                tick += 1877
                one.draw(pixels, tick, Clock)
        finally:
            heap_unlock()
        assert one.on == (kind != shows.OFF)
