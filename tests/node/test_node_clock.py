"""A board's clock against exact arithmetic: right to the microsecond after any number of wraps, and never backwards."""

from array import array

from node_fakes import Random

from pacerail_node.clock import AFTER_10US, BEFORE_10US, MAX_RATE, REACH_US, Clock
from pacerail_node.ticks import TICK_MASK, ticks_add, ticks_diff

WRAP = 1 << 30
PPM = 1074  # 2^-30 in a millionth


class Line:
    """Fleet time over extended ticks, exactly: in 2^-30 us, so that nothing is ever rounded."""

    def __init__(self, ref_tick, fleet_us, rate):
        self.ref_tick = ref_tick
        self.fleet_us = fleet_us
        self.rate = rate

    def at(self, tick):
        return (self.fleet_us << 30) + (tick - self.ref_tick) * (WRAP + self.rate)

    def give(self, clock, slew):
        ref = self.ref_tick
        return clock.set_line(
            ref >> 30, ref & TICK_MASK, self.fleet_us // 1_000_000, self.fleet_us % 1_000_000, self.rate, 40, slew
        )


def fleet_us(clock, tick):
    out = array("I", [0, 0])
    clock.fleet(tick & TICK_MASK, out)
    assert out[1] < 1_000_000
    return out[0] * 1_000_000 + out[1]


def started(tick):
    """A clock of a board whose extended tick is now `tick`: it has counted the wraps until then."""
    clock = Clock(tick & TICK_MASK)
    clock.wraps = tick >> 30
    return clock


def rates(random, count):
    """Rates of crystals, the limits among them."""
    return [MAX_RATE - 1, 1 - MAX_RATE, 0] + [random.between(-100 * PPM, 100 * PPM) for _ in range(count)]


def test_ticks_are_a_ring():
    random = Random(20)
    for _ in range(2000):
        a, gap = random.below(WRAP), random.below(1 << 29)
        b = ticks_add(a, gap)
        assert b == (a + gap) & TICK_MASK
        assert ticks_diff(b, a) == gap
        assert ticks_diff(a, b) == -gap
    assert ticks_diff(0, 1 << 29) == -(1 << 29) == ticks_diff(1 << 29, 0)


def test_it_is_right_for_26_hours():
    """Armed in the morning, the gun on the next evening: 87 wraps, and looked at as seldom as every 8 minutes."""
    random = Random(21)
    for rate in (MAX_RATE - 1, 1 - MAX_RATE, random.between(-100 * PPM, 100 * PPM)):
        tick = random.below(WRAP)
        clock = started(tick)
        line = Line(tick, random.below(1 << 40), rate)
        assert line.give(clock, False) is None
        end = tick + 26 * 3600 * 1_000_000
        wraps = 0
        while tick < end:
            tick += random.between(1, 480_000_000 if random.below(4) else 30_000)
            clock.advance(tick & TICK_MASK)
            assert clock.wraps == tick >> 30
            wraps = clock.wraps
            for ahead in (0, random.below(40_000)):
                off = (fleet_us(clock, tick + ahead) << 30) - line.at(tick + ahead)
                assert -3 * WRAP // 2 < off < WRAP // 2, off / WRAP
        assert wraps >= 87


def test_a_line_may_lie_before_and_after_now():
    """The host's reference is up to 16 s from now, in the wrap before or after."""
    random = Random(22)
    for k in range(1500):
        rate = rates(random, 1)[random.below(4)]
        tick = (random.between(1, 5) << 30) + (random.between(-20_000_000, 20_000_000) if k % 2 else random.below(WRAP))
        clock = started(tick)
        clock.advance((tick + 500_000) & TICK_MASK)
        clock.wraps = (tick + 500_000) >> 30
        line = Line(tick + 500_000 + random.between(1 - REACH_US, REACH_US - 1), 10**9 + random.below(1 << 40), rate)
        assert line.give(clock, False) is None
        for ahead in (500_000, 520_000, 1_700_000):
            clock.advance((tick + ahead) & TICK_MASK)
            off = (fleet_us(clock, tick + ahead) << 30) - line.at(tick + ahead)
            assert -2 * WRAP < off < WRAP, off / WRAP


def test_a_stale_or_foreign_line_changes_nothing():
    """A line that was worked out before the board started anew must not set its clock."""
    random = Random(23)
    for _ in range(300):
        tick = (3 << 30) + random.below(WRAP)
        clock = started(tick)
        line = Line(tick, 77_000_000, 5000)
        assert line.give(clock, False) is None
        now = tick + random.below(3_000_000)
        clock.advance(now & TICK_MASK)
        before = (fleet_us(clock, now), clock.slew_us, clock.bound_us, clock.valid, fleet_us(clock, now + 900_000))
        bad = [
            (Line(now - REACH_US, 1, 0), b"reference tick too far from now"),
            (Line(now + REACH_US, 1, 0), b"reference tick too far from now"),
            (Line(now + (1 << 29), 1, 0), b"reference tick too far from now"),
            (Line(now - WRAP, 1, 0), b"reference tick of another start"),
            (Line(now + WRAP, 1, 0), b"reference tick of another start"),
            (Line(now - 3 * WRAP, 1, 0), b"reference tick of another start"),
            (Line(now, 1, MAX_RATE), b"rate out of range"),
            (Line(now, 1, -MAX_RATE), b"rate out of range"),
        ]
        for line, why in bad:
            for slew in (False, True):
                assert line.give(clock, slew) == why
        after = (fleet_us(clock, now), clock.slew_us, clock.bound_us, clock.valid, fleet_us(clock, now + 900_000))
        assert after == before


def test_a_line_too_far_off_to_slew_to_is_refused():
    """500 us a second would take months over ten minutes, and a jump would put the light backwards."""
    tick = 5_000_000
    for off in (600, -600, 100_000, -5000):
        clock = started(tick)
        assert Line(tick, 10_000_000_000, 0).give(clock, True) is None  # the first is taken as it is
        assert Line(tick, (10_000 + off) * 1_000_000, 0).give(clock, True) is not None
        assert fleet_us(clock, tick) == 10_000_000_000 and clock.slew_us == 0
        assert Line(tick, (10_000 + off) * 1_000_000, 0).give(clock, False) is None
        assert fleet_us(clock, tick) == (10_000 + off) * 1_000_000


def test_an_idle_clock_jumps_to_its_line():
    clock = started(1000)
    assert not clock.valid
    assert Line(1000, 50_000_000, 0).give(clock, True) is None  # there is nothing yet to slew from
    assert clock.valid and fleet_us(clock, 1000) == 50_000_000
    assert Line(1000, 49_000_000, 0).give(clock, False) is None
    assert fleet_us(clock, 1000) == 49_000_000 and clock.slew_us == 0


def test_a_slew_is_smooth_and_ends_on_the_line():
    """A new line in a race: 3 ms are made good within 7 s, at no more than 0.05 % of the pace, to the microsecond."""
    random = Random(24)
    for _ in range(40):
        tick = random.below(WRAP)
        clock = started(tick)
        assert Line(tick, 100_000_000, random.between(-40 * PPM, 40 * PPM)).give(clock, False) is None
        tick += random.below(5_000_000)
        clock.advance(tick & TICK_MASK)
        off = random.between(-3000, 3000)
        line = Line(tick, fleet_us(clock, tick) + off, random.between(-40 * PPM, 40 * PPM))
        before = fleet_us(clock, tick)
        assert line.give(clock, True) is None
        assert 0 <= fleet_us(clock, tick) - before <= 1, "a jump"
        end = tick + 7 * (1 << 20)
        last_tick, last = tick, fleet_us(clock, tick)
        while tick < end:
            tick += random.between(1, 50_000)
            clock.advance(tick & TICK_MASK)
            now = fleet_us(clock, tick)
            went, gone = now - last, tick - last_tick
            assert abs(went - gone) <= 2 + gone * 600 // 1_000_000
            last_tick, last = tick, now
        assert clock.slew_us == 0
        off = (last << 30) - line.at(tick)
        assert -3 * WRAP < off < 3 * WRAP, off / WRAP


def test_time_never_runs_backwards_whatever_the_lines():
    """Lines that contradict each other, given faster than they can be slewed to, at every phase of a step."""
    random = Random(25)
    for k in range(12):
        tick = WRAP - random.below(20_000_000)
        clock = started(tick)
        assert Line(tick, 5_000_000_000, 0).give(clock, False) is None
        last = fleet_us(clock, tick)
        last_race = clock.race_10us(tick & TICK_MASK, 4000, 5)
        for _ in range(1500):
            tick += random.below(3) if random.below(3) == 0 else random.below(30_000 if k % 2 else 2_000_000)
            clock.advance(tick & TICK_MASK)
            for _ in range(2):
                now = fleet_us(clock, tick)
                race = clock.race_10us(tick & TICK_MASK, 4000, 5)
                assert now >= last and race >= last_race
                last, last_race = now, race
                if random.below(3) == 0:
                    off = random.between(-400_000, 400_000)
                    rate = random.between(1 - MAX_RATE, MAX_RATE - 1)
                    ref = tick + random.between(-1_000_000, 1_000_000)
                    assert Line(ref, now + ref - tick + off, rate).give(clock, True) is None


def test_race_time_and_fleet_time_agree():
    random = Random(26)
    for _ in range(1000):
        tick = random.below(WRAP)
        clock = started(tick)
        now_us = random.between(2_000_000_000, 1 << 45)
        assert Line(tick, now_us, random.between(-100 * PPM, 100 * PPM)).give(clock, False) is None
        tick += random.below(3_000_000)
        clock.advance(tick & TICK_MASK)
        gun = now_us - random.between(-490_000_000, 9_990_000_000)
        seen = tick + random.below(40_000)
        race = clock.race_10us(seen & TICK_MASK, gun // 1_000_000, gun % 1_000_000)
        assert race == (fleet_us(clock, seen) - gun) // 10


def test_race_time_stops_at_its_ends():
    clock = started(0)
    assert Line(0, 20_000_000_000, 0).give(clock, False) is None
    assert clock.race_10us(0, 20_501, 0) == BEFORE_10US
    assert clock.race_10us(0, (1 << 30) - 1, 999_999) == BEFORE_10US
    assert clock.race_10us(0, 10_000, 0) == AFTER_10US
    assert clock.race_10us(0, 0, 0) == AFTER_10US
    assert clock.race_10us(0, 20_499, 0) == -49_900_000
    assert clock.race_10us(0, 10_001, 0) == 999_900_000


def test_holdover_is_counted_from_the_last_line():
    clock = started(0)
    assert Line(0, 1_000_000, 0).give(clock, False) is None
    clock.advance(10 << 20)
    assert clock.age_steps == 10 and clock.bound_us == 40
    assert Line(10 << 20, 11_000_000, 0).give(clock, False) is None
    assert clock.age_steps == 0


def test_a_tick_of_just_before_the_wrap_is_counted_with_those_before():
    """A UART stamps a frame a little before it is handed on, and the ticks may wrap in between."""
    clock = Clock(TICK_MASK - 100)
    clock.advance(TICK_MASK - 10)
    clock.advance(50)
    assert clock.wraps == 1
    assert clock.wraps_at(TICK_MASK - 5) == 0 and clock.wraps_at(30) == 1 and clock.wraps_at(50) == 1
