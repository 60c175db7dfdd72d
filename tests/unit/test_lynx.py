"""The FinishLynx feed: the shipped script, its lines however they are cut, and the zero that comes of them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.lynx_streams import SCRIPT, ZERO_US, Timed, chopped, dribbled, lan, running, shown

from pacerail.lynx import LINE_MAX, SLOW_US, Chunk, Kind, Message, Parser, parse_time
from pacerail.lynxgun import SENDERS_MAX, SILENT_US, LynxGun
from pacerail.lynxzero import LynxZero

REASONS = {"cut off", "too long", "too slow", "damaged", "not for Pacerail", "a time without the mark"}
ZERO_REASONS = {"standing", "late", "contradicting", "at zero"}

steady = settings(derandomize=True, deadline=None, max_examples=60)


def parsed(feed: Timed, parser: Parser | None = None) -> list[Message]:
    """All messages of a feed."""
    parser = parser or Parser()
    return [message for data, host_us in feed for message in parser.take(data, host_us)]


def heard(feed: Timed, zero: LynxZero | None = None) -> LynxZero:
    """The zero after a feed."""
    zero = zero or LynxZero()
    for message in parsed(feed):
        zero.take(message)
    return zero


def error_us(zero: LynxZero, true_us: int = ZERO_US) -> int:
    """How far off the zero is, which must be within its bound."""
    gun = zero.gun()
    assert gun is not None, zero.why_not()
    assert abs(gun.zero_us - true_us) <= gun.bound_us
    return abs(gun.zero_us - true_us)


# the script


def test_the_script_keeps_to_the_form_that_finishlynx_reads() -> None:
    """Groups and variables as the shipped scripts have them, one %s at most, one mark and one end a section."""
    time_sections = {"TimeArmed", "TimeRunning", "TimePaused", "TimeStopped", "TimeGun", "TimeBreak", "TimeUpdate",
                     "TimeOfDay"}  # fmt: skip
    assert set(SCRIPT.sections) == {"Initialization"} | time_sections
    for section, lines in SCRIPT.sections.items():
        for group, variable, text in lines:
            assert group == (0x11 if section in time_sections else 0x10)
            assert text.count(b"%") == text.count(b"%s") == (1 if variable else 0)
        whole = SCRIPT.send(section, "10:23.45")
        assert whole.startswith(b"PACERAIL ") and whole.count(b"PACERAIL") == 1
        assert whole.endswith(b"\r\n") and whole.count(b"\n") == 1
        assert len(SCRIPT.send(section, "1:10:23.456")) <= LINE_MAX


def test_each_section_is_understood() -> None:
    """Every event of the clock comes out as what it is, with the time that it shows."""
    kinds = {"Initialization": Kind.INITIALISED, "TimeArmed": Kind.ARMED, "TimeGun": Kind.GUN,
             "TimeRunning": Kind.RUNNING, "TimeUpdate": Kind.UPDATE, "TimePaused": Kind.PAUSED,
             "TimeStopped": Kind.STOPPED, "TimeBreak": Kind.BREAK, "TimeOfDay": Kind.TIME_OF_DAY}  # fmt: skip
    for section, kind in kinds.items():
        (message,) = Parser().take(SCRIPT.send(section, "10:23.45"), 5)
        expected = (None, 0) if section == "Initialization" else (623_450_000, 10_000)
        assert (message.kind, message.race_us, message.step_us, message.host_us) == (kind, *expected, 5)


def test_what_finishlynx_may_put_around_a_time() -> None:
    """Blanks for the digits that are not shown, no time when armed, a time of day in words."""
    parser = Parser()
    assert parser.take(SCRIPT.send("TimeRunning", "   9.8  "), 0)[0].race_us == 9_800_000
    assert parser.take(SCRIPT.send("TimeArmed", ""), 0)[0].kind is Kind.ARMED
    assert parser.take(SCRIPT.send("TimeOfDay", "2:23:05 PM"), 0)[0].race_us is None
    assert not parser.ignored


# times and lines


@pytest.mark.parametrize(
    ("text", "race_us", "step_us"),
    [("0.0", 0, 100_000), ("9", 9_000_000, 1_000_000), ("59.99", 59_990_000, 10_000), ("1:00.0", 60_000_000, 100_000),
     ("10:23,45", 623_450_000, 10_000), ("61:05.3", 3_665_300_000, 100_000), ("1:02:03.4567", 3_723_456_700, 100)],
)  # fmt: skip
def test_times(text: str, race_us: int, step_us: int) -> None:
    """What the clock shows, and what its last digit is worth."""
    assert parse_time(text.encode()) == (race_us, step_us)


@pytest.mark.parametrize(
    "text", ["", "60.0", "1:2.3", "1:60.0", "1:2:03.4", "1:60:03", ".5", "5.", "1.23456", "-1.0", "1e3", "1 2", ":05",
             "99:99:99", "25:00:00", "٣.٤", "1:02:03:04"]
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    """Anything that is not exactly a time."""
    assert parse_time(text.encode()) is None


@steady
@given(st.integers(0, 24 * 3600 * 10_000 - 1), st.integers(0, 4))
def test_a_time_is_read_as_it_was_written(tenths_of_ms: int, places: int) -> None:
    """Over a day and all precisions: what was cut off is less than a step."""
    read = parse_time(shown(tenths_of_ms * 100, places).encode())
    assert read is not None
    race_us, step_us = read
    assert 0 <= tenths_of_ms * 100 - race_us < step_us == 10 ** (6 - places)


def test_the_same_messages_however_they_are_cut() -> None:
    """TCP chunks, single bytes, one chunk for all, two bytes a character: always the same times."""
    feed = running(random.Random(1), 20.0)
    times = [message.race_us for message in parsed(feed)]
    assert len(times) == len(feed) > 150
    assert [m.race_us for m in parsed(chopped(random.Random(2), feed))] == times
    assert [m.race_us for m in parsed(dribbled(feed))] == times
    assert [m.race_us for m in parsed([(b"".join(data for data, _ in feed), 0)])] == times
    assert [m.race_us for m in parsed([(data.decode().encode("utf-16-le"), us) for data, us in feed])] == times
    datagrams = Parser()
    assert [m.race_us for data, us in feed for m in datagrams.take(data, us, datagram=True)] == times


def test_a_line_is_stamped_with_its_first_byte() -> None:
    """What a serial line takes for the rest of it is no delay."""
    feed = running(random.Random(1), 2.0)
    assert [m.host_us for m in parsed(dribbled(feed))] == [us for _, us in feed]
    (message,) = parsed([(b"\xff\xfe#", 10), (b"~PACE", 20), (b"RAIL RUN 1.0 1.0\n", 30)])
    assert message.host_us == 20


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"PACERAIL RUN 12.3 2.3\r\n", "damaged"), (b"PACERAIL RUN 12.3\r\n", "damaged"), (b"PACERAIL RUN\n", "damaged"),
     (b"PACERAIL RUN 12.3 12.3 12.3\r\n", "damaged"), (b"PACERAIL RAN 1.0 1.0\r\n", "damaged"),
     (b"PACERAIL RUN 61.0 61.0\r\n", "damaged"), (b"PACERAIL \r\n", "damaged"), (b"PACERAIL\r\n", "not for Pacerail"),
     (b"*CLOCKTICK,12.3\r\n", "not for Pacerail"), (b"\xff\x80\xfe\n", "not for Pacerail"),
     (b"14:23:05\r\n", "a time without the mark"), (b"x" * 1_000_000 + b"\n", "too long")],
)  # fmt: skip
def test_what_is_not_used_is_counted_by_reason(data: bytes, reason: str) -> None:
    """And the line after it is understood."""
    parser = Parser()
    assert parser.take(data, 0) == []
    assert parser.ignored == {reason: 1}
    assert len(parser.take(b"PACERAIL RUN 1.0 1.0\r\n", 0)) == 1


def test_half_a_line_does_not_wait_for_ever() -> None:
    """A line whose end comes too late would have too early a stamp; one that was cut off is forgotten."""
    parser = Parser()
    assert parser.take(b"PACERAIL RUN 1", 0) == []
    assert parser.take(b".0 1.0\r\n", SLOW_US + 1) == []
    assert parser.take(b"PACERAIL RU", 0) == []
    parser.cut()
    assert parser.take(b"N 1.0 1.0\r\n", 0) == []
    assert parser.ignored == {"too slow": 1, "cut off": 1, "not for Pacerail": 1}


def test_stock_scripts() -> None:
    """A time alone, padded, between control bytes, or a datagram with nothing else; not once the mark was seen."""
    parser = Parser()
    assert parser.take(b"\x01\x02        10:23.4\x03\x04", 0)[0].race_us == 623_400_000
    assert parser.take(b"10:23.5", 0, datagram=True)[0].race_us == 623_500_000
    assert parser.take(b"PACERAIL ARM 0.0 0.0\r\n", 0)[0].kind is Kind.ARMED
    assert parser.take(b"10:23.6\r\n", 0) == []
    assert Parser(plain=False).take(b"10:23.6\r\n", 0) == []


@steady
@given(st.lists(st.tuples(st.binary(max_size=300), st.integers(-(2**40), 2**40), st.booleans()), max_size=30))
def test_no_bytes_at_all_harm_the_parser(chunks: list[tuple[bytes, int, bool]]) -> None:
    """It never raises, keeps little, and its reasons are the known ones."""
    gun = LynxGun()
    parser = Parser()
    for data, host_us, datagram in chunks:
        parser.take(data, host_us, datagram)
        gun.take(Chunk(data, host_us, "a", datagram))
    assert set(parser.ignored) <= REASONS
    assert gun.gun() is None


# the zero


@pytest.mark.parametrize(("places", "within_us"), [(1, 10_000), (2, 4_000), (3, 4_000)])
def test_the_zero_of_a_good_feed(places: int, within_us: int) -> None:
    """Twenty seconds are enough, whatever the clock shows; the bound holds from the first gun on."""
    for seed in range(20):
        zero = LynxZero()
        for message in parsed(running(random.Random(seed), 20.0, places=places)):
            zero.take(message)
            assert zero.gun() is None or error_us(zero) <= 110_000
        assert error_us(zero) <= within_us
        assert zero.run == 0 and not zero.warnings


def test_a_clock_whose_hundredths_are_always_zero_is_taken_for_what_it_is() -> None:
    """It shows tenths: the bound must not pretend otherwise."""
    feed = running(random.Random(3), 20.0)
    zero = LynxZero()
    for message in parsed(feed):
        zero.take(Message(message.kind, message.race_us, 10_000, message.host_us))
    gun = zero.gun()
    assert gun is not None and gun.bound_us > 100_000
    error_us(zero)


def test_one_message_never_sets_a_zero() -> None:
    """Nor do nine, nor a hundred at once."""
    zero = LynxZero()
    for message in parsed(running(random.Random(1), 0.95)):
        zero.take(message)
        assert zero.gun() is None and zero.why_not()
    burst = LynxZero()
    for tenths in range(100):
        burst.take(Message(Kind.RUNNING, 5_000_000 + tenths * 100_000, 100_000, ZERO_US))
    assert burst.gun() is None


def test_a_feed_had_late_gives_the_same_zero_with_a_wider_bound() -> None:
    """Ten minutes into the race: the two clocks' rates may differ."""
    early, late = (heard(running(random.Random(4), from_s + 20.0, from_s=from_s)) for from_s in (0.0, 600.0))
    error_us(early), error_us(late)
    first, second = early.gun(), late.gun()
    assert first is not None and second is not None and second.bound_us > first.bound_us + 50_000


def test_a_stall_and_what_was_held_back_by_it_do_no_harm() -> None:
    """Five seconds with nothing, then all at once; then three seconds that are half a second late."""
    rng = random.Random(5)
    feed = running(rng, 10.0)
    feed += [(data, max(us, ZERO_US + 15_000_000)) for data, us in running(rng, 15.0, from_s=10.0)]
    feed += [(data, us + 500_000) for data, us in running(rng, 18.0, from_s=15.0)]
    feed += running(rng, 20.0, from_s=18.0)
    zero = heard(feed)
    assert error_us(zero) <= 10_000 and zero.run == 0
    assert zero.ignored["late"] > 50 and not zero.ignored["contradicting"]


def test_pause_stop_run_and_initialise() -> None:
    """The operator's keys: the zero stays, and is the same when the clock is made to run again."""
    rng = random.Random(6)
    zero = heard(running(rng, 10.0))
    still = [(SCRIPT.send(section, "10.0"), ZERO_US + 10_000_000 + i * 100_000)
             for i, section in enumerate(["TimePaused", "TimeBreak", *["TimeUpdate"] * 30, "TimeStopped",
                                          "Initialization"])]  # fmt: skip
    heard(still, zero)
    assert zero.state == "stopped" and error_us(zero) <= 10_000
    heard(running(rng, 20.0, from_s=14.0), zero)
    assert zero.state == "running" and error_us(zero) <= 10_000
    assert zero.run == 0 and not zero.warnings


def test_armed_and_false_starts_begin_anew() -> None:
    """After Armed, or a clock set back to 0, the next start is another zero; none is given in between."""
    rng = random.Random(7)
    second_us, third_us = ZERO_US + 60_000_000, ZERO_US + 90_000_000
    zero = heard(running(rng, 4.0))
    heard([(SCRIPT.send("TimeArmed", "0.0"), ZERO_US + 50_000_000)], zero)
    assert zero.gun() is None and zero.run == 1 and zero.state == "armed"
    heard(running(rng, 5.0, zero_us=second_us), zero)
    assert error_us(zero, second_us) <= 30_000
    heard([(SCRIPT.send("TimeUpdate", "0.0"), third_us - 10_000_000 + i) for i in range(2)], zero)
    assert zero.gun() is None and zero.warnings[-1][1] == "the clock was set back to 0"
    heard(running(rng, 5.0, zero_us=third_us), zero)
    assert error_us(zero, third_us) <= 30_000 and zero.run == 2


def test_a_clock_that_goes_back_without_a_word_is_another_zero() -> None:
    """None while it is in doubt, then the new one, with a warning; and never a mixture of the two."""
    rng = random.Random(8)
    new_us = ZERO_US + 42_000_000
    zero = heard(running(rng, 30.0))
    for message in parsed(running(rng, 10.0, zero_us=new_us)):
        zero.take(message)
        gun = zero.gun()
        assert gun is None or min(abs(gun.zero_us - ZERO_US), abs(gun.zero_us - new_us)) <= gun.bound_us
    assert error_us(zero, new_us) <= 20_000 and zero.run == 1
    assert "42.0" in zero.warnings[-1][1] and "later" in zero.warnings[-1][1]


def test_two_clocks_in_one_feed_give_no_zero() -> None:
    """Each is consistent; which one is the race's cannot be known."""
    rng = random.Random(9)
    mixed = running(rng, 30.0) + running(rng, 20.0, zero_us=ZERO_US + 10_500_000)
    zero = LynxZero()
    for message in parsed(sorted(mixed, key=lambda item: item[1])):
        zero.take(message)
        if message.host_us > ZERO_US + 13_000_000:
            assert zero.gun() is None
    assert "two clocks" in (zero.why_not() or "")


def test_a_wrong_first_message_is_overruled() -> None:
    """Whatever it says: ahead, behind, by a little or a lot."""
    for wrong in ("0.1", "2.5", "9.9", "15.0", "55:00.0", "1:00:00.0"):
        feed = [(f"PACERAIL RUN {wrong} {wrong}\r\n".encode(), ZERO_US + 5_000_000)]
        assert error_us(heard(feed + running(random.Random(10), 20.0, from_s=5.0))) <= 30_000


def damaged(rng: random.Random, feed: Timed, share: float) -> Timed:
    """The feed with lines cut short, bytes lost, changed and put in, old lines sent again, and garbage between."""
    out: Timed = []
    for i, (data, us) in enumerate(feed):
        body = bytearray(data)
        if rng.random() < share:
            match rng.randrange(6):
                case 0:
                    del body[rng.randrange(len(body)) :]
                case 1:
                    del body[rng.randrange(len(body))]
                case 2:
                    body[rng.randrange(len(body))] = rng.randrange(256)
                case 3:
                    body.insert(rng.randrange(len(body)), rng.randrange(256))
                case 4:
                    body += feed[rng.randrange(i + 1)][0]
                case _:
                    body += rng.randbytes(rng.randrange(200)) + b"\n"
        out.append((bytes(body), us))
    return out


@steady
@given(st.integers(0, 2**32), st.sampled_from([1, 2, 3]), st.floats(0.0, 0.5), st.booleans(), st.booleans())
def test_never_a_zero_off_by_more_than_its_bound(
    seed: int, places: int, share: float, serial: bool, plain: bool
) -> None:
    """Damaged feeds of all kinds: at every message, either no zero or one that its bound contains."""
    rng = random.Random(seed)
    share = min(share, 0.1) if plain else share  # without the mark and the second time, some damage cannot be seen
    feed = damaged(rng, running(rng, 15.0, places=places, plain=plain), share)
    parser, zero = Parser(), LynxZero()
    for data, us in dribbled(feed) if serial else chopped(rng, feed):
        for message in parser.take(data, us):
            zero.take(message)
            gun = zero.gun()
            assert gun is None or abs(gun.zero_us - ZERO_US) <= gun.bound_us
    assert set(parser.ignored) <= REASONS and set(zero.ignored) <= ZERO_REASONS
    if share < 0.1:
        assert zero.gun() is not None


hostile = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.builds(lambda us: f"PACERAIL RUN {shown(us)} {shown(us)}\r\n".encode(), st.integers(0, 3_000_000_000)),
        st.sampled_from([b"PACERAIL RUN ", b"\0\0", b"\r\n", b"PACERAIL STOP 9.9 9.9\r\n",
                         b"PACERAIL PAUSE 1.0 1.0\r\n", b"PACERAIL INIT\r\n", b"PACERAIL GUN 0.0 0.0\r\n",
                         b"PACERAIL DAY 9:59.9 9:59.9\r\n"]),
    ),
    max_size=40,
)  # fmt: skip


@steady
@given(st.integers(0, 2**32), hostile)
def test_forged_lines_do_not_move_a_zero(seed: int, forged: list[bytes]) -> None:
    """Forty forged lines among a hundred true ones, at any moment: none of them makes a zero of its own."""
    rng = random.Random(seed)
    feed = [*running(rng, 12.0), *((data, ZERO_US + rng.randrange(12_000_000)) for data in forged)]
    parser, zero = Parser(), LynxZero()
    for data, us in sorted(feed, key=lambda item: item[1]):
        for message in parser.take(data, us):
            zero.take(message)
            gun = zero.gun()
            assert gun is None or abs(gun.zero_us - ZERO_US) <= gun.bound_us


# who is listened to


def test_one_sender_at_a_time() -> None:
    """A second one is counted, until the first hangs up or is silent."""
    gun = LynxGun()
    rng = random.Random(11)
    ours = [Chunk(data, us, "ours") for data, us in running(rng, 5.0)]
    theirs = [Chunk(data, us, "theirs") for data, us in running(rng, 4.0, zero_us=ZERO_US + 500_000)]
    for chunk in sorted(ours + theirs, key=lambda chunk: chunk.host_us):
        gun.take(chunk)
    assert gun.speaker == "ours" and gun.ignored["from another sender"] == len(theirs)
    error_us(gun.zero)
    gun.hung_up("ours")
    assert gun.speaker is None and gun.gun() is not None
    gun.take(Chunk(SCRIPT.send("TimeArmed", "0.0"), ZERO_US + SILENT_US, "theirs"))
    assert gun.speaker == "theirs" and gun.gun() is None


def test_many_senders_do_not_fill_the_memory() -> None:
    """A flood from everywhere: a few are kept in mind, the silent ones give way."""
    gun = LynxGun()
    for i in range(1000):
        gun.take(Chunk(b"PACERAIL RU", i, f"sender {i}"))
    assert gun.ignored["too many senders"] == 1000 - SENDERS_MAX
    assert "script" in (gun.why_not() or "")
    for data, us in running(random.Random(12), 5.0):
        gun.take(Chunk(data, us, "ours"))
    error_us(gun.zero)


def test_serial_and_slow_networks() -> None:
    """USB adapters that hold back, and a network that scatters by more than a step: the bound follows."""
    for delay in (lambda rng: 1000 + rng.randrange(16_000), lambda rng: 2000 + int(rng.expovariate(1 / 15_000)), lan):
        for seed in range(10):
            error_us(heard(running(random.Random(seed), 15.0, places=2, delay=delay)))
