"""What a board does with each message in each state, and what it answers: a host must always learn what happened."""

import json
import struct

from node_fakes import PLAN, Board, Random, even_run, even_wave, expect, line_payload, seal, table_bytes

from pacerail_node import VERSION, wire
from pacerail_node import messages as m
from pacerail_node.commands import ACTIONS

GREEN = 0x00FF40


def table(plan_hash=PLAN, until_s=240, leds=50):
    """One wave that begins at the board's first LED at the gun."""
    wave = even_wave(GREEN, 50_000, 6.7, start_100um=1000, until_s=until_s, name="target")
    return table_bytes([wave], [even_run(0, leds, 1665)], plan_hash=plan_hash)


TABLE = table()
OTHER = table(b"another!")


def in_state(state):
    """A board that has come to a state as boards do."""
    if state == m.FAULT:
        board = Board(stored=TABLE[:-1] + b"?")
        board.line()
        return board
    board = Board()
    board.line()
    if state == m.IDLE:
        return board
    board.armed(TABLE)
    if state == m.LOADED:
        board.done(m.STOP)
    elif state == m.RUNNING:
        board.go(board.now - 1_000_000)
    elif state == m.FINISHED:
        board.go(board.now - 239_500_000)
        board.run(1_000_000)
    elif state == m.RECALLED:
        board.done(m.RECALL)
    assert board.node.state == state, (board.node.state, state)
    return board


EVERY_STATE = (m.IDLE, m.LOADED, m.ARMED, m.RUNNING, m.FINISHED, m.RECALLED, m.FAULT)
WRONG = m.WRONG_STATE
GUN = struct.pack("<2I", 4, 500_000)
SHOW = struct.pack("<4B10I", 1, 255, 0, 0, GREEN, 0, 1000, 5000, 0, 0, 0, 1, 0, 0)  # the rail green for 5 s
BEGIN = struct.pack("<I", len(TABLE)) + TABLE[-8:]
# message: payload, then for each state of EVERY_STATE the state it leads to, or (code,) when it is refused
AMEND = bytes(28)  # a change of no length
LAW = {
    m.HELLO: (b"", EVERY_STATE),
    m.STATUS: (b"", EVERY_STATE),
    m.SYNC: (b"", EVERY_STATE),
    m.LOG: (struct.pack("<I", 0), EVERY_STATE),
    m.EDGES: (b"", EVERY_STATE),
    m.LINE: (None, EVERY_STATE),
    m.TABLE_BEGIN: (BEGIN, (m.IDLE, m.LOADED, (WRONG,), (WRONG,), m.FINISHED, (WRONG,), m.FAULT)),
    m.TABLE_DATA: (
        b"\0\0\0\0x",
        ((m.BAD_PAYLOAD,), (m.BAD_PAYLOAD,), (WRONG,), (WRONG,), (m.BAD_PAYLOAD,), (WRONG,), (m.BAD_PAYLOAD,)),
    ),
    m.TABLE_END: (b"", ((WRONG,),) * 7),
    m.ARM: (PLAN, ((WRONG,), m.ARMED, m.ARMED, m.RUNNING, m.ARMED, (WRONG,), (WRONG,))),
    m.GO: (GUN, ((WRONG,), (WRONG,), m.RUNNING, m.RUNNING, m.RUNNING, (WRONG,), (WRONG,))),
    m.RECALL: (b"", (m.IDLE, m.LOADED, m.RECALLED, m.RECALLED, m.FINISHED, m.RECALLED, m.FAULT)),
    m.STOP: (b"", (m.IDLE, m.LOADED, m.LOADED, m.LOADED, m.LOADED, m.LOADED, m.FAULT)),
    m.CONSOLE: (b"", (m.IDLE, m.LOADED, (WRONG,), (WRONG,), m.FINISHED, (WRONG,), m.FAULT)),
    m.AMEND_BEGIN: (
        AMEND,
        (
            (WRONG,),
            (WRONG,),
            (m.BAD_PAYLOAD,),
            (m.BAD_PAYLOAD,),
            (m.BAD_PAYLOAD,),
            (WRONG,),
            (WRONG,),
        ),
    ),
    m.AMEND_DATA: (
        b"\0\0\0\0x",
        ((WRONG,), (m.BAD_PAYLOAD,), (m.BAD_PAYLOAD,), (m.BAD_PAYLOAD,), (m.BAD_PAYLOAD,), (m.BAD_PAYLOAD,), (WRONG,)),
    ),
    m.AMEND_END: (
        b"",
        ((WRONG,), (WRONG,), (m.BAD_TABLE,), (m.BAD_TABLE,), (m.BAD_TABLE,), (WRONG,), (WRONG,)),
    ),
    m.SHOW: (SHOW, (m.IDLE, m.LOADED, (WRONG,), (WRONG,), m.FINISHED, (WRONG,), m.FAULT)),
}


def test_every_message_in_every_state():
    for kind, (payload, outcomes) in LAW.items():
        for i, state in enumerate(EVERY_STATE):
            outcome = outcomes[i]
            board = in_state(state)
            saves = len(board.store.saved)
            entries = board.node.log.written
            body = line_payload(board, board.now) if payload is None else payload
            if isinstance(outcome, tuple):
                board.refused(outcome[0], kind, body)
                outcome = state
            else:
                board.done(kind, body)
            assert board.node.state == outcome, (kind, m.STATES[state], m.STATES[board.node.state])
            assert len(board.store.saved) == saves
            assert board.node.log.written == entries + (outcome != state), "a change of state is logged once"
            assert board.node.leaving == (kind == m.CONSOLE and not isinstance(outcomes[i], tuple))


def test_the_law_names_every_message():
    kinds = [
        value for name, value in m.__dict__.items()
        if name.isupper() and isinstance(value, int) and 0 < value < 0x80 and name in ALL_MESSAGES
    ]  # fmt: skip
    assert sorted(kinds) == sorted(LAW) == sorted(ACTIONS)


ALL_MESSAGES = (
    "HELLO", "STATUS", "SYNC", "LINE", "TABLE_BEGIN", "TABLE_DATA", "TABLE_END", "ARM", "GO", "RECALL", "STOP", "LOG",
    "CONSOLE", "EDGES", "AMEND_BEGIN", "AMEND_DATA", "AMEND_END", "SHOW",
)  # fmt: skip


def test_unknown_types_are_answered_with_words():
    board = in_state(m.LOADED)
    for kind in (0, 19, 77, 0x7F, m.HELLO | m.REPLY, 0xFF):
        assert "knows no such" in board.refused(m.UNKNOWN_TYPE, kind)
    assert board.node.state == m.LOADED


def test_another_version_is_answered_and_not_acted_on():
    board = in_state(m.RUNNING)
    for version in (0, 2, 127):
        got, body = board.ask(m.STOP, version=version)
        assert got == m.REFUSED and body[0] == m.BAD_VERSION and b"version 1" in body
    assert board.node.state == m.RUNNING


def test_frames_for_another_board_are_left_alone():
    board = in_state(m.RUNNING)
    assert board.ask(m.STOP, to=8) is None
    assert board.ask(m.STOP, to=wire.HOST) is None
    assert board.node.state == m.RUNNING
    assert board.ask(m.STOP, to=7) == (m.STOP | m.REPLY, b"")


def test_a_broadcast_is_acted_on_and_not_answered():
    """On a shared pair all would answer at once."""
    board = in_state(m.RUNNING)
    assert board.ask(m.STOP, to=wire.EVERYONE) is None
    assert board.node.state == m.LOADED
    assert board.ask(77, to=wire.EVERYONE) is None
    assert board.ask(m.STOP, to=wire.EVERYONE, version=9) is None


def test_a_retry_is_answered_alike_and_not_acted_on_twice():
    board = in_state(m.LOADED)
    for kind, payload in ((m.HELLO, b""), (m.ARM, PLAN), (m.GO, GUN), (m.GO, b"?"), (m.STOP, b""), (77, b"")):
        first = board.raw(kind, payload)
        state, written = board.node.state, board.node.log.written
        # something that the answer must not depend on happens in between
        board.now += 5000
        board.raw(kind, payload, to=99, sequence=1)
        board.node.enter(m.RUNNING, m.GUN)
        assert board.raw(kind, payload, sequence=board.sequence) == first
        assert board.node.state == m.RUNNING and board.node.log.written == written + 1
        board.node.state = state


def test_a_retry_of_an_upload_does_not_end_it_twice():
    board = in_state(m.IDLE)
    assert board.upload(TABLE) == (m.TABLE_END | m.REPLY, b"")
    assert board.ask(m.TABLE_END, sequence=board.sequence) == (m.TABLE_END | m.REPLY, b"")
    assert board.store.saved == [TABLE] and board.states()[-1] == ("loaded", "table")


def test_a_new_session_with_the_same_number_is_no_retry():
    """A host that starts again counts from 1 again: only the very same request is a retry."""
    board = in_state(m.ARMED)
    board.ask(m.GO, struct.pack("<2I", 1, 0), sequence=1)
    board.ask(m.GO, struct.pack("<2I", 2, 0), sequence=1)
    assert board.node.gun_s == 2
    board.ask(m.STOP, sequence=1)
    board.refused(m.WRONG_PLAN, m.ARM, b"12345678")
    assert board.ask(m.ARM, PLAN, sequence=board.sequence) == (m.ARM | m.REPLY, b"")
    # another version, or another address, is another request
    assert board.ask(m.HELLO, sequence=9)[0] == m.HELLO | m.REPLY
    assert board.ask(m.HELLO, sequence=9, version=2)[0] == m.REFUSED


def test_what_changes_by_itself_is_read_anew():
    """Status, clock and log are asked for again and again: an answer from before would be a lie."""
    board = in_state(m.RUNNING)
    for kind, payload in ((m.STATUS, b""), (m.SYNC, b""), (m.LOG, struct.pack("<I", 0))):
        before = board.ask(kind, payload, sequence=5)
        board.run(10_000)
        board.node.enter(m.RUNNING, m.GUN)
        assert board.ask(kind, payload, sequence=5) != before


def test_a_broadcast_is_acted_on_each_time():
    """Nobody answers it, so it is sent several times; and a stop must not be taken for the one of an hour ago."""
    board = in_state(m.RUNNING)
    hello = board.raw(m.HELLO, sequence=3)
    for _ in range(3):
        assert board.raw(m.STOP, to=wire.EVERYONE, sequence=4) is None
        assert board.node.state == m.LOADED
        board.node.enter(m.RUNNING, m.GUN)
    assert board.raw(m.HELLO, sequence=3) == hello


def test_it_says_who_it_is():
    said = json.loads(Board(address=9).done(m.HELLO))
    assert said == {
        "pacerail": m.PROTOCOL, "version": VERSION, "name": "b07", "uid": "sim-b07", "type": "sim", "address": 9,
        "outputs": [50],
    }  # fmt: skip
    assert json.loads(Board(name='bend "1"\\ü').done(m.HELLO))["name"] == 'bend "1"\\ü'
    expect(ValueError, Board, 50, None, 5, 7, None, "n" * 300)


def test_arming_takes_the_right_plan_and_a_clock():
    board = Board()
    board.upload(TABLE)
    assert "clock" in board.refused(m.NO_CLOCK, m.ARM, PLAN)
    board.line()
    assert "another plan" in board.refused(m.WRONG_PLAN, m.ARM, b"another!")
    # a payload that is too short must not be filled up with what lay in the buffer before
    for short in (b"", PLAN[:7]):
        board.refused(m.BAD_PAYLOAD, m.ARM, short)
    assert board.node.state == m.LOADED
    board.done(m.ARM, PLAN)


def test_payloads_of_the_wrong_size_or_range_are_refused():
    board = in_state(m.ARMED)
    gun = struct.pack("<2I", 5, 0)
    line = line_payload(board, 1_000_000)
    cases = [
        (m.GO, gun[:7]),
        (m.GO, gun + b"x"),
        (m.GO, b""),
        (m.LINE, line[:-1]),
        (m.LINE, line + b"x"),
        (m.LINE, b""),
    ]
    cases += [(m.GO, struct.pack("<2I", 1 << 30, 0)), (m.GO, struct.pack("<2I", 0xFFFFFFFF, 0))]
    cases += [(m.GO, struct.pack("<2I", 5, 1_000_000)), (m.LOG, b""), (m.LOG, b"\xff\xff\xff\xff")]
    for i in range(6):
        cases.append((m.LINE, line[: 4 * i] + b"\xff\xff\xff\xff" + line[4 * i + 4 :]))
    for kind, payload in cases:
        board.refused(m.BAD_PAYLOAD, kind, payload)
    assert board.node.state == m.ARMED and not board.node.has_gun


def test_a_refused_line_says_why_and_leaves_the_clock():
    board = in_state(m.LOADED)
    stale = line_payload(board, board.now)
    board.now += 20_000_000
    board.run(1)
    assert "too far" in board.refused(m.BAD_PAYLOAD, m.LINE, stale)
    board.run(1000)
    status = board.done(m.STATUS)
    fleet = struct.unpack_from("<14I", status, 4)
    assert abs(fleet[2] * 1_000_000 + fleet[3] - board.now) <= 2


def test_a_table_that_is_not_what_was_begun_keeps_the_old_one():
    for spoil in (
        lambda t: t[:100] + b"?" + t[101:],  # damaged, so that its hash is wrong
        lambda t: seal(t[:4] + b"\x09" + t[5:-8]),  # another version of the format, whole
        lambda t: seal(b"PAST" + t[4:-8]),
        lambda t: seal(t[:-9]),
        lambda t: table(b"too long", leds=51),  # another board's
    ):
        board = in_state(m.LOADED)
        before = board.done(m.STATUS)
        got, body = board.upload(spoil(OTHER))
        assert got == m.REFUSED and body[0] == m.BAD_TABLE and len(body) > 9
        after = board.done(m.STATUS)
        assert after[m.STATUS_HASHES :] == before[m.STATUS_HASHES :] and after[0] == m.LOADED
        assert board.store.stored == TABLE
        board.done(m.ARM, PLAN)


def test_a_table_with_holes_is_refused():
    board = in_state(m.LOADED)
    board.done(m.TABLE_BEGIN, struct.pack("<I", len(OTHER)) + OTHER[-8:])
    board.done(m.TABLE_DATA, struct.pack("<I", 50) + OTHER[50:250])
    board.refused(m.BAD_TABLE, m.TABLE_END)
    board.done(m.TABLE_BEGIN, struct.pack("<I", len(OTHER)) + b"8 others")
    for at in range(0, len(OTHER), 200):
        board.done(m.TABLE_DATA, struct.pack("<I", at) + OTHER[at : at + 200])
    assert "not the table" in board.refused(m.BAD_TABLE, m.TABLE_END)
    assert "no table begun" in board.refused(m.WRONG_STATE, m.TABLE_END)
    assert board.store.stored == TABLE


def test_uploads_stay_inside_their_table():
    board = in_state(m.LOADED)
    for length in (0, 65_537, (1 << 30) - 1, 0x80000000, 0xFFFFFFFF):
        board.refused(m.BAD_PAYLOAD, m.TABLE_BEGIN, struct.pack("<I", length) + bytes(8))
    board.refused(m.BAD_PAYLOAD, m.TABLE_BEGIN, struct.pack("<I", 100))
    board.done(m.TABLE_BEGIN, struct.pack("<I", 100) + bytes(8))
    for offset, data in ((100, b"x"), (99, b"xy"), (0x7FFFFFFF, b"x"), (0xFFFFFFFF, b"x"), (0, b""), (0, b"x" * 101)):
        board.refused(m.BAD_PAYLOAD, m.TABLE_DATA, struct.pack("<I", offset) + data)
    board.refused(m.BAD_PAYLOAD, m.TABLE_DATA, b"\0\0")
    board.done(m.TABLE_DATA, struct.pack("<I", 99) + b"x")


def test_nothing_of_an_upload_gets_through_once_armed():
    """Begun before and ended after: it would write flash in the race and take the plan away."""
    for then in (m.ARMED, m.RUNNING, m.RECALLED):
        board = in_state(m.LOADED)
        board.done(m.TABLE_BEGIN, struct.pack("<I", len(OTHER)) + OTHER[-8:])
        for at in range(0, len(OTHER), 200):
            board.done(m.TABLE_DATA, struct.pack("<I", at) + OTHER[at : at + 200])
        board.done(m.ARM, PLAN)
        if then == m.RUNNING:
            board.go(board.now)
        elif then == m.RECALLED:
            board.done(m.RECALL)
        board.refused(m.WRONG_STATE, m.TABLE_BEGIN, BEGIN)
        board.refused(m.WRONG_STATE, m.TABLE_DATA, struct.pack("<I", 0) + OTHER[:1])
        board.refused(m.WRONG_STATE, m.TABLE_END)
        assert board.node.state == then and board.store.stored == TABLE
        board.done(m.STOP)
        board.refused(m.WRONG_STATE, m.TABLE_END)  # and it does not lie in wait


def test_flash_that_is_full_is_reported_and_the_table_still_used():
    board = in_state(m.IDLE)
    board.store.full = True
    got, body = board.upload(TABLE)
    assert got == m.REFUSED and body[0] == m.NO_FLASH and b"flash" in body
    assert board.node.state == m.LOADED
    board.done(m.ARM, PLAN)


def test_a_board_comes_back_with_its_stored_table():
    board = Board(stored=TABLE)
    assert board.node.state == m.LOADED
    assert board.states() == [("idle", "start"), ("loaded", "restored")]
    assert board.done(m.STATUS)[m.STATUS_HASHES :] == PLAN + TABLE[-8:]


def test_a_stored_table_that_is_broken_is_a_fault_and_no_end():
    random = Random(40)
    for k in range(60):
        spoilt = bytearray(TABLE)
        spoilt[random.below(len(spoilt))] ^= 1 << random.below(8)
        stored = (b"", b"\xff" * 4096, TABLE[: random.below(len(TABLE))], bytes(spoilt), table(leds=49))[k % 5]
        board = Board(stored=stored)
        assert board.states() == [("idle", "start"), ("fault", "fault")]
        board.done(m.HELLO)
        assert board.done(m.STATUS)[m.STATUS_HASHES :] == bytes(16)
        assert len(board.run(1_000_000)) >= 4, "a dark rail is still driven"
        board.line()
        assert board.upload(TABLE) == (m.TABLE_END | m.REPLY, b"")
        board.done(m.ARM, PLAN)


def test_the_log_tells_a_race():
    board = Board()
    board.line(77_000_000)
    board.armed(TABLE)
    board.go(board.now - 239_500_000)
    board.run(2_000_000)
    board.done(m.ARM, PLAN)
    board.done(m.RECALL)
    board.run(3_000_000)
    board.done(m.ARM, PLAN)
    board.done(m.STOP)
    assert board.states() == [
        ("idle", "start"), ("loaded", "table"), ("armed", "arm"), ("running", "go"), ("finished", "finish"),
        ("armed", "arm"), ("recalled", "recall"), ("loaded", "recalled"), ("armed", "arm"), ("loaded", "stop"),
    ]  # fmt: skip


def test_the_log_gives_times_and_forgets_the_oldest():
    board = in_state(m.LOADED)
    begun = board.node.log.written
    for _ in range(100):
        board.now += 1_000_000
        board.done(m.ARM, PLAN)
        board.done(m.STOP)
    written = board.node.log.written
    assert written == begun + 200
    number, entries = 0, []
    while True:
        body = board.done(m.LOG, struct.pack("<I", number))
        (first,) = struct.unpack_from("<I", body, 0)
        count = (len(body) - 4) // m.LOG_ENTRY
        if not count:
            break
        for i in range(count):
            word, s, us = struct.unpack_from("<3I", body, 4 + m.LOG_ENTRY * i)
            entries.append((first + i, word & 0xFF, word >> 8, s * 1_000_000 + us))
        number = first + count
    assert [entry[0] for entry in entries] == list(range(written - 64, written))
    for k, (_, state, cause, fleet_us) in enumerate(entries):
        assert (state, cause) == ((m.ARMED, m.ARMED_BY), (m.LOADED, m.STOPPED))[k % 2]
        assert abs(fleet_us - (board.now - (63 - k) // 2 * 1_000_000)) <= 2


def test_sync_gives_arrival_and_departure():
    """The turn-round is what it took, and from the second on the packing that follows the stamp is in it."""
    board = in_state(m.LOADED)
    for start in (board.now, (1 << 30) - 30, (3 << 30) - 100):
        while board.now < start:
            board.run(min(400_000_000, start - board.now))
        board.now = max(board.now, start)
        wraps, tick, wraps_out, tick_out = struct.unpack("<4I", board.done(m.SYNC))
        assert (wraps << 30) + tick == board.now
        assert 0 <= (wraps_out << 30) + tick_out - board.now <= 2000


def test_departure_counts_what_packing_took_last_time():
    board = in_state(m.LOADED)
    node = board.node
    arrived = (1 << 30) - 200 + board.now // (1 << 30) * (1 << 30)
    board.run(arrived - board.now)
    board.now = arrived
    board.done(m.SYNC)
    node.stamped = board.ticks_us()
    node.departing((board.now + 350) & 0x3FFFFFFF)
    wraps, tick, wraps_out, tick_out = struct.unpack("<4I", board.done(m.SYNC))
    assert (wraps_out << 30) + tick_out - ((wraps << 30) + tick) == 350


def test_status_tells_how_it_is():
    board = in_state(m.RUNNING)
    board.run(2_500_000)
    body = board.done(m.STATUS)
    assert len(body) == m.STATUS_SIZE and body[:4] == bytes([m.RUNNING, 1, 1, 0])
    words = struct.unpack_from("<14I", body, 4)
    assert (words[0] << 30) + words[1] == board.now
    assert abs(words[2] * 1_000_000 + words[3] - board.now) <= 2
    assert words[4] == 40 and words[5] == 2 and words[6] == m.SLEW_BIAS
    assert words[7] == len(board.strip.frames) and words[8] == board.node.late and words[9] == 0
    assert words[10] * 1_000_000 + words[11] == 499_000_000 and words[12] == board.node.log.written
    assert words[13] == 12_345
    assert body[m.STATUS_HASHES :] == PLAN + TABLE[-8:]


def test_a_line_in_a_race_is_slewed_to_and_otherwise_taken():
    for state, slews in (
        (m.LOADED, False),
        (m.ARMED, True),
        (m.RUNNING, True),
        (m.RECALLED, True),
        (m.FINISHED, False),
    ):
        board = in_state(state)
        board.line(board.now + 2000)
        assert (board.node.clock.slew_us != 0) == slews, state
