"""When frames are drawn, for which instant, and what they show: the light must stand right whenever the news comes."""

from node_fakes import LAP, PLAN, Board, even_run, even_wave, line_payload, table_bytes

from pacerail_node import messages as m

WHITE = 0xFFFFFF
PITCH = 1665
LEDS = 50
DARK_FRAME = bytes(3 * LEDS)


def race_table(run_at_100um=1_000_000, mps=6.7, until_s=240, windows_s=None):
    """A white wave of 5 m that starts at 0; the board's LEDs begin at run_at_100um."""
    wave = even_wave(WHITE, 50_000, mps, until_s=until_s, windows_s=windows_s)
    return table_bytes([wave], [even_run(run_at_100um, LEDS, PITCH)])


def head_of(frame, run_at_100um=1_000_000):
    """Where the head stands by a frame's pixels, in 100um: the light is behind it, up to the last LED that is lit."""
    pixels = frame[2]
    lit = [i for i in range(LEDS) if pixels[3 * i]]
    last = lit[-1]
    return run_at_100um + PITCH * last + PITCH * pixels[3 * last] / 255


def visible_s(board, frame, gun_us):
    return (frame[0] + board.strip.wire_us - gun_us) / 1e6


def test_a_frame_shows_the_instant_at_which_it_is_seen():
    """Not the one at which it was drawn or sent: at 24 km/h the wire's 2 ms are 12 mm."""
    board = Board().armed(race_table())
    gun = board.now - 15_000_000
    board.go(gun)
    measured = 0
    for frame in board.run(6_000_000):
        if frame[2] != DARK_FRAME and frame[2][-1] == 0:
            want = 6.7 * visible_s(board, frame, gun) * 10_000
            assert abs(head_of(frame) - want) < PITCH / 255 + 2, (head_of(frame), want)
            assert abs(frame[1] - visible_s(board, frame, gun) * 100_000) < 1
            measured += 1
    assert measured > 300


def test_lit_frames_follow_each_other_at_the_rate_of_the_wire():
    board = Board().armed(race_table())
    board.go(board.now - 14_000_000)
    frames = board.run(5_000_000)
    lit = [i for i, frame in enumerate(frames) if frame[2] != DARK_FRAME]
    assert lit == list(range(lit[0], lit[-1] + 1))
    for i in lit[1:]:
        assert frames[i][0] - frames[i - 1][0] == board.strip.wire_us
    assert board.node.late == 0
    # 13.3 m of LEDs and light at 6.7 m/s
    assert len(lit) >= (LEDS * PITCH + 50_000) / 67_000 * 1e6 / board.strip.wire_us - 2


def test_the_first_lit_frame_is_not_late():
    """While it is dark a board rests; it must be back at full rate before the light comes."""
    for until_there_us in (3_000_000, 3_111_111, 2_987_654, 260_000, 100_000, 30_000):
        board = Board().armed(race_table())
        gun = board.now + until_there_us - int(1_000_000 / 67_000 * 1e6)
        board.go(gun)
        frames = board.run(until_there_us + 500_000)
        arrives = gun + 1_000_000 / 67_000 * 1e6
        first = next(i for i, frame in enumerate(frames) if frame[2] != DARK_FRAME)
        seen = frames[first][0] + board.strip.wire_us
        # no LED shows less than half a level of 255, which is 3 of 1665 units, or half a millisecond
        assert 0 <= seen - arrives <= board.strip.wire_us + 500, (seen - arrives, until_there_us)
        assert frames[first][0] - frames[first - 1][0] == board.strip.wire_us


def test_the_first_lit_frame_is_not_late_when_a_window_opens():
    board = Board().armed(race_table(0, 1.0, 240, [(1.0, 1.2), (3.0, 3.05)]))
    gun = board.now + 400_000
    board.go(gun)
    frames = board.run(4_000_000)
    for on, off in ((1.0, 1.2), (3.0, 3.05)):
        lit = [f for f in frames if f[2] != DARK_FRAME and on - 0.1 < visible_s(board, f, gun) < off + 0.1]
        assert 0 <= visible_s(board, lit[0], gun) - on <= board.strip.wire_us / 1e6
        assert 0 < off - visible_s(board, lit[-1], gun) <= board.strip.wire_us / 1e6
    # and the window's end is shown at once too
    for off in (1.2, 3.05):
        dark = [visible_s(board, f, gun) for f in frames if f[2] == DARK_FRAME]
        assert 0 <= min([t for t in dark if t >= off]) - off <= board.strip.wire_us / 1e6


def test_a_dark_rail_is_refreshed_four_times_a_second():
    """In every state, so that a spike on the data line does not stay lit; and no more, which would only cost power."""
    board = Board()
    for load in (None, "load", "arm", "go"):
        if load == "load":
            board.upload(race_table(1_000_000))
            board.line()
        elif load == "arm":
            board.done(m.ARM, PLAN)
        elif load == "go":
            board.go(board.now - 2_000_000)  # the light needs 15 s from there
        board.run(300_000)
        frames = board.run(5_000_000)
        assert 19 <= len(frames) <= 21, (load, len(frames))
        for frame in frames:
            assert frame[2] == DARK_FRAME
        for i in range(1, len(frames)):
            assert frames[i][0] - frames[i - 1][0] <= 260_000


def test_a_board_rests_until_the_light_is_near():
    """From the finish line to 100 m on, at 4 Hz but for the last instant before it comes."""
    board = Board().armed(race_table())
    board.go(board.now)
    frames = board.run(14_800_000)
    assert len([f for f in frames if f[2] != DARK_FRAME]) == 0
    assert len(frames) <= 14.8 * 4 + 20, len(frames)


def test_a_gun_that_was_3_2_s_ago_shows_the_right_picture_at_once():
    board = Board().armed(race_table(200_000))
    board.run(10_123_456)
    gun = board.now - 3_200_000
    before = board.now
    board.go(gun)
    frames = board.run(20_000)
    assert frames[0][0] + board.strip.wire_us - before < 2 * board.strip.wire_us + 2_000
    assert abs(head_of(frames[0], 200_000) - 67_000 * visible_s(board, frames[0], gun)) < 10


def test_a_moved_gun_moves_the_light():
    board = Board().armed(race_table(200_000))
    gun = board.now - 3_200_000
    board.go(gun)
    board.run(100_000)
    board.go(gun - 490_000)
    frame = board.run(30_000)[-1]
    assert abs(head_of(frame, 200_000) - 67_000 * visible_s(board, frame, gun - 490_000)) < 10
    assert board.states()[-1] == ("running", "go")


def test_the_light_is_right_over_a_wrap_of_the_ticks():
    for before_wrap in (0, 1, 700, 1800, 2500, 30_000):
        board = Board(start=(1 << 30) - 3_000_000).armed(race_table(0))
        board.run(2_000_000)
        gun = (1 << 30) - 800_000 - before_wrap
        board.go(gun)
        seen = 0
        for frame in board.run(1_900_000):
            at = visible_s(board, frame, gun)
            if 0.75 < at < 0.85:
                assert abs(head_of(frame, 0) - 67_000 * at) < 10
                seen += 1
        assert seen > 30 and board.node.late <= 1


def test_an_evening_of_waiting_changes_nothing():
    """Armed for 3 hours, then the gun: as right as at once."""
    board = Board().armed(race_table(0))
    for _ in range(3 * 60):
        board.now += 59_000_000
        board.run(1_000_000)
        board.line()
    gun = board.now - 700_000
    board.go(gun)
    frame = board.run(20_000)[-1]
    assert abs(head_of(frame, 0) - 67_000 * visible_s(board, frame, gun)) < 12


def test_a_recall_flashes_red_and_gives_the_plan_back():
    """At once, also on a board that rests in the dark with its next frame a quarter of a second away."""
    red = b"\xff\0\0" * LEDS
    for running in (True, False):
        board = Board().armed(race_table(0))
        board.run(1_100_000)
        if running:
            board.go(board.now - 700_000)
            board.run(100_000)
        recalled = board.now
        board.done(m.RECALL)
        frames = board.run(3_000_000)
        assert {frame[2] for frame in frames} == {red, DARK_FRAME}
        first = next(frame for frame in frames if frame[2] == red)
        assert first[0] + board.strip.wire_us - recalled <= 2 * board.strip.wire_us + 2_000
        for frame in frames:
            since = frame[0] + board.strip.wire_us - recalled
            # a change is shown within 25 ms and a frame
            if 0 <= since < 2_000_000 and since % 250_000 > 30_000:
                assert (frame[2] == red) == (since // 250_000 % 2 == 0), since
            elif since >= 2_000_000:
                assert frame[2] == DARK_FRAME
        assert board.node.state == m.LOADED
        board.done(m.ARM, PLAN)
        board.go(board.now - 700_000)
        assert board.run(20_000)[-1][2] != DARK_FRAME


def test_stop_is_dark_at_once():
    for recall in (False, True):
        board = Board().armed(race_table(0))
        board.go(board.now - 700_000)
        board.run(100_000)
        if recall:
            board.done(m.RECALL)
            board.run(100_000)
        assert board.strip.frames[-1][2] != DARK_FRAME
        stopped = board.now
        board.done(m.STOP)
        frames = board.run(2_000_000)
        assert {frame[2] for frame in frames} == {DARK_FRAME}
        assert frames[0][0] + board.strip.wire_us - stopped <= 2 * board.strip.wire_us + 2_000


def test_finished_is_reached_when_the_last_window_has_closed():
    board = Board().armed(race_table(0, 6.7, 20))
    gun = board.now
    board.go(gun)
    board.run(19_700_000)
    assert board.node.state == m.RUNNING
    board.run(900_000)
    assert board.node.state == m.FINISHED
    assert board.states()[-1] == ("finished", "finish")
    frames = board.run(2_000_000)
    assert {frame[2] for frame in frames} == {DARK_FRAME} and len(frames) <= 10


def test_late_counts_frames_that_missed_their_start():
    """The operator's sign that a board is too slow for what it is asked to do."""
    board = Board().armed(race_table(0))
    board.go(board.now - 500_000)
    board.run(200_000)
    assert board.node.late == 0
    frames = board.run(200_000, late_us=2_500)
    assert board.node.late >= len(frames) - 2 > 10
    late = board.node.late
    for frame in frames[2:]:  # late, but still right
        assert abs(head_of(frame, 0) - 0.67 * frame[1]) < 10
    board.run(3_000)
    after = board.node.late
    board.run(200_000)
    assert after - late <= 2 and board.node.late == after


def test_a_slow_message_costs_no_frame():
    """One frame is on the wire while the next waits: 1.5 ms of something else between steps is not seen."""
    board = Board().armed(race_table(0))
    board.go(board.now - 300_000)
    board.run(50_000)
    before = len(board.strip.frames)
    end = board.now + 300_000
    while board.now < end:
        until = board.node.step(board.ticks_us())
        wait = (until - board.ticks_us()) & 0x3FFFFFFF
        board.now += max(wait, 0)
        if wait:
            board.now += 1_500
    frames = board.strip.frames[before:]
    assert len(frames) > 50 and board.node.late == 0
    for i in range(1, len(frames)):
        assert frames[i][0] - frames[i - 1][0] == board.strip.wire_us


def test_a_slew_in_a_race_never_puts_the_light_back():
    board = Board().armed(race_table(0))
    board.go(board.now - 200_000)
    board.run(20_000)
    last = -1
    for k in range(100):
        off = (3000, -3000, 900, -40)[k % 4]
        board.done(m.LINE, line_payload(board, board.now + off, (k % 7 - 3) * 30_000))
        for frame in board.run(9_000):
            assert frame[1] > last
            last = frame[1]
    assert board.strip.frames[-1][2] != DARK_FRAME


def test_two_runs_and_a_lap_between_them():
    """A board with LEDs on both sides of the finish line: the light leaves by one run and comes back on the other."""
    wave = even_wave(WHITE, 20_000, 9.9, start_100um=LAP - 60_000, until_s=100)
    table = table_bytes([wave], [even_run(LAP - 50_000, 25, PITCH), even_run(100_000, 25, PITCH)])
    board = Board(pixels=50).armed(table)
    gun = board.now + 100_000
    board.go(gun)
    first, second = False, False
    for frame in board.run(4_000_000):
        at = 99_000 * visible_s(board, frame, gun) - 60_000
        if visible_s(board, frame, gun) < 0:
            assert frame[2] == bytes(150)
            continue
        a = -50_000 < at < 25 * PITCH - 30_000
        b = 100_000 < at < 120_000 + 25 * PITCH
        if abs(at - 100_000) > 300 and abs(at + 50_000) > 300:
            assert any(frame[2][:75]) == (-50_000 < at < -50_000 + 25 * PITCH + 20_000), at
            assert any(frame[2][75:]) == b, at
        first, second = first or a, second or b
    assert first and second
