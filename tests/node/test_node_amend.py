"""A change of plan in mid-race: taken whole or not at all, and seen at its time however early it came."""

import struct

from node_fakes import LAP, PLAN, Board, change_messages, even_run, even_wave, movement_in, table_bytes

from pacerail_node import messages as m
from pacerail_node.amend import SPARE_PIECES, SPARE_WINDOWS

WHITE = 0xFFFFFF
PITCH = 1665
LEDS = 50
DARK_FRAME = bytes(3 * LEDS)
SPEED = int(6.7 * (1 << 28) / 10)
BIAS = 1 << 29


def table(pieces=None, windows_s=((0, 240),), run_at_100um=1_000_000, waves=1):
    """A white wave of 5 m; pieces are (start_10us, position_100um, speed, bend)."""
    colour, length, even, windows, top, name = even_wave(WHITE, 50_000, 6.7, windows_s=windows_s)
    wave = (colour, length, pieces or even, windows, top, name)
    return table_bytes([wave] * waves, [even_run(run_at_100um, LEDS, PITCH)])


def shifted(at_s, by_m):
    """The even wave, that much further on from a race time."""
    at_10us = int(at_s * 100_000)
    here = int(at_s * 67_000)
    end = 240 * 100_000
    return [
        (0, 0, SPEED, BIAS), (at_10us, here + int(by_m * 10_000), SPEED, BIAS),
        (end, 240 * 67_000 + int(by_m * 10_000), 0, BIAS),
    ]  # fmt: skip


def change(board, new, settled_10us=0):
    for kind, payload in change_messages(new, settled_10us):
        board.done(kind, payload)


def lit(frame):
    return [i for i in range(LEDS) if frame[2][3 * i]]


def hash_of(board):
    return board.done(m.STATUS)[m.STATUS_HASHES + 8 :]


def running(at_s, first=None):
    """A board whose gun went so long ago."""
    first = first or table()
    board = Board().armed(first)
    board.run(300_000)
    board.go(board.now - int(at_s * 1e6))
    return board


def seen_s(board, frame):
    gun = board.node.gun_s * 1_000_000 + board.node.gun_us
    return (frame[0] + board.strip.wire_us - gun) / 1e6


def test_the_light_changes_at_its_time_and_not_before():
    """2 m further on from 15.5 s after the gun; the board heard of it a second before."""
    board = running(14.0)
    board.run(500_000)
    change(board, table(shifted(15.5, 2.0)), 1_550_000)
    before = after = 0
    for frame in board.run(2_000_000):
        head = 100.0 + (lit(frame)[-1] + 1) * PITCH / 10_000 if lit(frame) else 0
        if head and frame[2][-1] == 0:
            on = seen_s(board, frame)
            want = 6.7 * on + (2.0 if on >= 15.5 else 0.0)
            assert abs(head - want) < 0.2, (on, head, want)
            before += on < 15.5
            after += on >= 15.5
    assert before > 200 and after > 100, (before, after)


def test_light_that_a_change_brings_from_far_away_is_not_late():
    """30 m further on at once: the board, dark and at rest, must be awake for it."""
    board = running(11.0)
    assert len(board.run(1_000_000)) < 8
    change(board, table(shifted(13.0, 15.0)), 1_300_000)
    frames = board.run(1_500_000)
    first = next(frame for frame in frames if frame[2] != DARK_FRAME)
    assert 0 <= seen_s(board, first) - 13.0 <= board.strip.wire_us / 1e6


def test_the_board_says_which_table_it_follows():
    first, second = table(), table(shifted(20.0, 1.0))
    board = running(5.0, first)
    assert hash_of(board) == first[-8:]
    change(board, second)
    assert hash_of(board) == second[-8:]
    change(board, first)  # and back: both fit
    assert hash_of(board) == first[-8:]
    assert ("running", "change") in board.states()


def test_a_change_that_is_not_whole_is_not_taken():
    first, second = table(), table(shifted(20.0, 1.0))
    messages = change_messages(second, chunk=16)
    for left_out in range(1, len(messages) - 1):
        board = running(5.0, first)
        for i in range(len(messages) - 1):
            if i != left_out:
                got, body = board.ask(*messages[i])
                assert got in (m.REFUSED, messages[i][0] | m.REPLY), body
        board.refused(m.BAD_TABLE, m.AMEND_END)
        assert hash_of(board) == first[-8:]
    board = running(5.0, first)
    board.refused(m.BAD_TABLE, m.AMEND_END)
    for kind, payload in messages[:-1]:
        board.done(kind, payload)
        board.done(kind, payload)  # a part may come twice
    board.done(m.AMEND_END)
    assert hash_of(board) == second[-8:]
    board.refused(m.BAD_TABLE, m.AMEND_END)  # it is over with


def test_a_change_with_a_wrong_sum_is_not_taken():
    board = running(5.0)
    messages = change_messages(table(shifted(20.0, 1.0)))
    kind, payload = messages[0]
    board.done(kind, payload[:16] + bytes([payload[16] ^ 1]) + payload[17:])
    for kind, payload in messages[1:-1]:
        board.done(kind, payload)
    before = hash_of(board)
    board.refused(m.BAD_TABLE, m.AMEND_END)
    assert hash_of(board) == before


def test_what_does_not_fit_is_refused_at_once():
    board = running(5.0)
    many = [(i * 1000, 0, 0, BIAS) for i in range(SPARE_PIECES + 3)]
    kind, payload = change_messages(table(many))[0]
    board.refused(m.BAD_PAYLOAD, kind, payload)
    windows = [(i, i + 0.5) for i in range(SPARE_WINDOWS + 2)]
    board.refused(m.BAD_PAYLOAD, m.AMEND_BEGIN, change_messages(table(windows_s=windows))[0][1])
    board.refused(m.BAD_PAYLOAD, m.AMEND_BEGIN, change_messages(table(waves=2))[0][1])
    board.refused(m.BAD_PAYLOAD, m.AMEND_BEGIN, b"")
    board.refused(m.BAD_PAYLOAD, m.AMEND_DATA, struct.pack("<I", 0) + b"abcd")
    # as many as there is room for are taken
    change(board, table(many[:-1]))


def test_what_points_outside_of_itself_is_refused():
    """The kernels check nothing."""
    good = bytearray(table(shifted(20.0, 1.0)))
    at = bytes(good).index(movement_in(bytes(good))[0])
    for word, value in ((2, 1), (3, 4), (3, 0), (4, 1), (5, 2), (1, LAP), (8, 1 << 30)):
        bad = bytearray(good)
        struct.pack_into("<I", bad, at + 4 * word, value)
        board = running(5.0)
        before = hash_of(board)
        messages = change_messages(bytes(bad))
        for kind, payload in messages[:-1]:
            board.done(kind, payload)
        board.refused(m.BAD_TABLE, m.AMEND_END)
        assert hash_of(board) == before, word


def test_only_while_a_race_is_on():
    board = Board()
    kind, payload = change_messages(table())[0]
    board.refused(m.WRONG_STATE, kind, payload)
    board.refused(m.WRONG_STATE, m.AMEND_DATA, bytes(8))
    board.refused(m.WRONG_STATE, m.AMEND_END)
    board.upload(table())
    board.refused(m.WRONG_STATE, kind, payload)
    board.line()
    board.done(m.ARM, PLAN)
    change(board, table(shifted(20.0, 1.0)))  # before the gun
    board.go(board.now)
    board.done(m.RECALL)
    board.refused(m.WRONG_STATE, kind, payload)


def test_a_light_that_was_hidden_and_gone_can_be_shown_again():
    """Hidden to the end the board takes the race for finished; a change brings it back."""
    board = running(15.0)
    change(board, table(windows_s=((0, 15.2),)), 1_520_000)
    board.run(1_000_000)
    assert board.node.state == m.FINISHED
    change(board, table(windows_s=((0, 15.2), (16.5, 240))), 1_650_000)
    assert board.node.state == m.RUNNING
    frames = board.run(1_000_000)
    first = next(frame for frame in frames if frame[2] != DARK_FRAME)
    assert 0 <= seen_s(board, first) - 16.5 <= board.strip.wire_us / 1e6


def test_recall_and_stop_take_place_at_their_time():
    for kind, state in ((m.RECALL, m.RECALLED), (m.STOP, m.LOADED)):
        board = running(15.5)
        board.run(100_000)
        at = board.now + 123_456
        payload = struct.pack("<2I", at // 1_000_000, at % 1_000_000)
        board.done(kind, payload)
        frames = board.run(120_000 - board.strip.wire_us)
        assert board.node.state == m.RUNNING and all(lit(frame) for frame in frames)
        frames = board.run(30_000)
        assert board.node.state == state
        first = next(frame for frame in frames if len(lit(frame)) in (0, LEDS))
        assert 0 <= first[0] + board.strip.wire_us - at <= board.strip.wire_us + 2
        board.done(kind, payload)  # said again it changes nothing
        assert board.node.state == state
        board.refused(m.BAD_PAYLOAD, kind, b"abc")


def test_boards_flash_red_together_whenever_they_hear_of_it():
    """And are loaded again within 2 s, ready to be armed."""
    phases = []
    for late_us in (0, 90_000, 400_000):
        board = running(5.0)
        at = board.now + 100_000
        board.run(late_us)
        board.done(m.RECALL, struct.pack("<2I", at // 1_000_000, at % 1_000_000))
        frames = board.run(at + 1_850_000 - board.now)
        assert board.node.state == m.LOADED
        edges = []
        for i in range(1, len(frames)):
            if frames[i][2] != frames[i - 1][2]:
                edges.append(frames[i][0] + board.strip.wire_us - at)
        phases.append([edge // 100_000 for edge in edges if edge > 500_000])
        board.done(m.ARM, PLAN)
    assert phases[0] == phases[1] == phases[2] and len(phases[0]) >= 4, phases


def test_a_new_zero_brings_a_race_back_that_was_over():
    """Every light was dark by the wrong zero; by the right one there is still something to come."""
    board = running(15.0, table(windows_s=((0, 15.2),)))
    board.run(1_000_000)
    assert board.node.state == m.FINISHED
    board.go(board.now - 15_000_000)
    assert board.node.state == m.RUNNING
    assert [frame for frame in board.run(150_000) if frame[2] != DARK_FRAME]
    board.run(1_000_000)
    assert board.node.state == m.FINISHED


def test_a_change_begun_in_one_race_cannot_end_in_the_next():
    board = running(5.0)
    messages = change_messages(table(shifted(20.0, 1.0)))
    for kind, payload in messages[:-1]:
        board.done(kind, payload)
    board.done(m.STOP)
    board.done(m.ARM, PLAN)
    before = hash_of(board)
    board.refused(m.BAD_TABLE, m.AMEND_END)
    assert hash_of(board) == before
