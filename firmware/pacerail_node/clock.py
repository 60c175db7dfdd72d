"""A board's clock: from the ticks of its own crystal to fleet time and race time, with small ints only.

Ticks wrap at 2^30 us and may be compared only within half of that, so the clock keeps an anchor, a tick and the fleet
time it stands for, and moves it on by 2^20 us whenever that much has gone by. The host gives the line (a reference
tick, its fleet time, the rate). A first line is taken as it is; a later one is slewed to while a race is on, by making
the clock a little faster or slower: fleet time never jumps and never runs backwards.

Units: ticks and `_us` are microseconds; fleet time is (seconds, microseconds); rates are in 2^-30, 0.93 ppb.
"""

from pacerail_node.ticks import ticks_add, ticks_diff

_STEP_US = 1 << 20
_MAX_SLEW_US = 500  # a step of 2^20 us is stretched by at most this: 0.05 % of the pace, nobody sees it
MAX_RATE = 400_000  # 373 ppm; a crystal is within 100 ppm. Keeps 1024 * (rate + slew) below 2^30
_REACH_S = 500  # how far a slew may go: what is left of it stays below 2^29 us
REACH_US = 1 << 24  # a line's reference lies within 16 s of now, which keeps its products small
BEFORE_10US = -50_000_000  # race time when the gun is further off than this: 500 s
AFTER_10US = 1_000_000_000  # and when it was longer ago than this: 10,000 s


class Clock:
    """Fleet time of one board. `advance` must be called at least every 8 minutes; all else goes by its last call."""

    def __init__(self, tick):
        self.wraps = 0  # how often the ticks have wrapped since the start
        self.valid = False  # whether a line was ever given
        self.bound_us = 0  # how good the host said its line was
        self.age_steps = 0  # steps of 2^20 us since that line: holdover
        self.slew_us = 0  # what is still to be made good
        self.last = tick  # the tick of the last `advance`
        self._anchor = tick
        self._anchor_wraps = 0
        self._s = 0
        self._us = 0
        self._part = 0  # the anchor's fraction of a microsecond, in 2^-10
        self._rate = 0
        self._step_rate = 0  # the rate and this step's share of the slew

    def advance(self, tick):
        """Take note of the time: count wraps and move the anchor on. A tick before the last one is passed over."""
        if ticks_diff(tick, self.last) < 0:
            return
        if tick < self.last:
            self.wraps += 1
        self.last = tick
        while ticks_diff(tick, self._anchor) >= _STEP_US:
            self._move_anchor(_STEP_US)
            self.age_steps += 1
            self._share_slew()

    def wraps_at(self, tick):
        """How often the ticks had wrapped at a tick of the last minutes, not after the last `advance`."""
        return self.wraps - 1 if tick > self.last else self.wraps

    def _move_anchor(self, by_us):
        part = self._part + (((by_us >> 10) * self._step_rate) >> 10)
        self._part = part & 0x3FF
        self._us += by_us + (part >> 10)
        while self._us >= 1_000_000:
            self._us -= 1_000_000
            self._s += 1
        anchor = ticks_add(self._anchor, by_us)
        if anchor < self._anchor:
            self._anchor_wraps += 1
        self._anchor = anchor

    def _share_slew(self):
        step = min(max(self.slew_us, -_MAX_SLEW_US), _MAX_SLEW_US)
        self.slew_us -= step
        self._step_rate = self._rate + (step << 10)

    def set_line(self, ref_wraps, ref_tick, fleet_s, fleet_us, rate, bound_us, slew):
        """Take the host's line: fleet time (fleet_s, fleet_us) at the extended tick, `rate` of fleet time to ticks - 1.

        With `slew`, a clock that is valid goes over to it gently. Returns None, or why the line is refused (bytes; then
        nothing changes). The reference must lie within 16 s of the last `advance`.
        """
        now = ticks_diff(self.last, self._anchor)
        ahead = now + ticks_diff(self._anchor, ref_tick)
        if not -REACH_US < ahead < REACH_US:
            return b"reference tick too far from now"
        wraps = self.wraps
        if ahead > 0 and self.last < ref_tick:
            wraps -= 1
        elif ahead < 0 and self.last > ref_tick:
            wraps += 1
        if ref_wraps != wraps:
            return b"reference tick of another start"
        if not -MAX_RATE < rate < MAX_RATE:
            return b"rate out of range"
        # ahead * rate in 2^-10 us, by whole steps and the rest, so that no product passes 2^30
        part = (ahead >> 20) * rate + ((((ahead & (_STEP_US - 1)) >> 10) * rate) >> 10)
        us = fleet_us + ahead + (part >> 10)
        s = fleet_s
        while us < 0:
            us += 1_000_000
            s -= 1
        while us >= 1_000_000:
            us -= 1_000_000
            s += 1
        slew = slew and self.valid
        if slew and not -_REACH_S < s - self._s < _REACH_S:
            return b"too far from this board's clock to go over to"
        # what was promised of this step's slew and is not yet done goes back; the clock's own time stands where it is
        self._move_anchor(now)
        self._rate = rate
        self.bound_us = bound_us
        self.age_steps = 0
        if slew:
            self.slew_us = (s - self._s) * 1_000_000 + us - self._us
        else:
            self._s = s
            self._us = us
            self._part = part & 0x3FF
            self.slew_us = 0
        self._share_slew()
        self.valid = True
        return None

    def race_10us(self, tick, gun_s, gun_us):
        """Race time in tens of microseconds at a tick near now, for a gun at fleet time (gun_s, gun_us).

        Stops at BEFORE_10US and AFTER_10US.
        """
        now = ticks_diff(tick, self._anchor)
        s = self._s - gun_s
        if s < -500:
            return BEFORE_10US
        if s >= 10_000:
            return AFTER_10US
        us = self._us - gun_us + now + (((now >> 10) * self._step_rate + (self._part << 10)) >> 20)
        return s * 100_000 + us // 10

    def fleet(self, tick, out):
        """Fleet time at a tick near now, into out[0] (seconds) and out[1] (microseconds)."""
        now = ticks_diff(tick, self._anchor)
        us = self._us + now + (((now >> 10) * self._step_rate + (self._part << 10)) >> 20)
        s = self._s
        while us < 0:
            us += 1_000_000
            s -= 1
        while us >= 1_000_000:
            us -= 1_000_000
            s += 1
        out[0] = s
        out[1] = us
