"""A board's clock over days: wraps, hours without a host, and lines given now and then, while a race is on or not."""

from node_fakes import Random
from test_node_clock import PPM, WRAP, Line, fleet_us, started

from pacerail_node.ticks import TICK_MASK

DAY_US = 24 * 3600 * 1_000_000


def test_days_of_lines_wraps_and_holdover():
    """However the lines come: wraps are counted, time never runs backwards, and it ends up on the line that was given.

    Looked at from every 30 ms to every 8 minutes. A line in a race differs by up to 2 ms and is gone over to gently.
    """
    random = Random(31)
    for days in (1, 3):
        tick = random.below(WRAP)
        clock = started(tick)
        line = Line(tick, 1_000_000_000 + random.below(1 << 40), random.between(-40 * PPM, 40 * PPM))
        assert line.give(clock, False) is None
        end = tick + days * DAY_US
        settled_at = tick
        last = 0
        while tick < end:
            tick += random.between(1, 480_000_000 if random.below(4) else 30_000)
            clock.advance(tick & TICK_MASK)
            assert clock.wraps == tick >> 30
            now = fleet_us(clock, tick)
            assert now >= last
            last = now
            if tick > settled_at:
                off = (now << 30) - line.at(tick)
                assert -3 * WRAP < off < 3 * WRAP, off / WRAP
            if random.below(20) == 0:
                armed = random.below(2)
                step = random.between(-2000, 2000) if armed else random.below(2_000_000)
                rate = line.rate + random.between(-PPM // 10, PPM // 10)
                line = Line(tick, (line.at(tick) >> 30) + step, rate)
                assert line.give(clock, armed) is None
                assert armed or clock.slew_us == 0
                settled_at = tick + (6 << 20 if armed else 0)
                last = min(last, fleet_us(clock, tick))
