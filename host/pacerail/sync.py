"""The clock estimator: four-timestamp exchanges with a board go in, a line from host time to board ticks comes out.

No I/O and no clock of its own. Queueing only ever delays: a request is
received no earlier than the least delay after it was sent, and so is its answer. So t2 over t1 lies above the board's
true line and t3 over t4 below it, and the line is fitted between the two envelopes (`hull`), not through the middle of
the samples. The board's turn-round, t3 - t2, takes no part: each direction stands for itself.

What asymmetry can and cannot be seen. Delay that varies is seen, however lopsided, since the fast edge of each
direction is found by itself. The *least* delays of the two directions cannot be told apart: only their sum, the gap
between the envelopes, is measured. The line is put in the middle of it (equal least delays), and half the gap is
part of the bound, so the bound holds for any asymmetry; with unlike least delays the estimate is off by half their
difference. A constant asymmetry does not touch the rate. A step of a clock that is smaller than the gap looks like an
asymmetry and is not recognised until the window has passed over it.

So what is known of the least delays is taken out before: the time of the bytes on a UART (`link`), which is 1.0 ms
there and 2.4 ms back at 115200 baud, and the board's turn-round. What is left, by link:
  USB             the polling of both directions, which is alike
  FTDI bridge     answers are held back for up to its latency timer, from 0 on: that is jitter, which is seen
  RS-485          besides its bridge: the driver's turn-round before an answer, some 20 us, so an error of 10 us
  a UART's FIFO   a board that is told late of its bytes is always as late as that, and the error is half of it
  TCP             whatever the network does; nothing says that it does the same both ways

Crystals wander: the rate is taken to walk at random by 0.01 ppm in a second (as the square root of time). A sample's
constraint is loosened by the wander since it was taken, so old samples stop mattering by themselves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from pacerail.hull import Fit, Point, fit, wander_us

WANDER_PPM = 0.01  # standard deviation of the change of a crystal's rate in 1 s
TRUST_US = 2000.0  # no line with a wider bound is handed out: at mile pace 2 ms are 13 mm of light

_MIN_SAMPLES = 8
_MAX_SAMPLES = 600  # 60 s at the rate of a burst; ten minutes of the quiet rate
_KEEP_SAMPLES = 32  # however old: a board asked once a minute stays known
_CRYSTAL_PPM = 30.0  # scale of the first guess at a rate: two crystals of +-20 to +-40 ppm
_SAME_CRYSTAL_PPM = 2.0  # scale of the guess after a step: the crystal is still the one it was
_RATE_LIMIT_PPM = 250.0  # two samples that need more than this between them are not of one line
_SIGMAS = 4.5  # what makes the posterior's spread a bound for 99.9 %, with room for a model that is not quite so
_WANDER_SIGMAS = 3.5
_STAMP_US = 1.0  # time stamps are cut to whole us
_SUSPICION = 8  # a second contradicting sample within so many samples is a step, not an accident
_STEP_SLACK_US = 100.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One four-timestamp exchange: host times and extended (64 bit) board ticks, all in us."""

    t1_host_us: int  # host sent
    t2_tick: int  # board received
    t3_tick: int  # board sent
    t4_host_us: int  # host received


@dataclass(frozen=True, slots=True)
class Line:
    """A board's clock: tick = ref_tick + (host - ref_host_us) * (1 + rate_ppb / 1e9)."""

    ref_host_us: int
    ref_tick: int
    rate_ppb: float
    error_us: float  # bound on the error at ref_host_us; the truth lies within it in 99.9 % of cases
    rate_error_ppb: float = 0.0  # bound on the error of the rate at ref_host_us
    wander_ppm: float = WANDER_PPM  # how the rate may walk away from then on

    def tick_at(self, host_us: int) -> int:
        """Return the board's tick at a host time, to the nearest us."""
        since = host_us - self.ref_host_us
        return self.ref_tick + since + round(since * self.rate_ppb / 1e9)

    def host_at(self, tick: int) -> int:
        """Return the host time in us at which the board's counter shows `tick`, to the nearest us."""
        since = tick - self.ref_tick
        rate = self.rate_ppb / 1e9
        return self.ref_host_us + since - round(since * rate / (1.0 + rate))

    def error_at_us(self, host_us: int) -> float:
        """Return the bound at a host time: wider away from the reference, by the rate's error and the wander."""
        away_us = abs(host_us - self.ref_host_us)
        wander = _WANDER_SIGMAS * wander_us(away_us / 1e6, self.wander_ppm)
        return self.error_us + away_us * self.rate_error_ppb / 1e9 + wander


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the samples given to an estimator."""

    accepted: int = 0
    retransmitted: int = 0  # thrown away: which of the two requests was answered is not known
    impossible: int = 0  # thrown away: time ran backwards inside the exchange
    contradicting: int = 0  # thrown away: no line goes through it and the others
    steps: int = 0  # fresh starts: the board rebooted, the host slept


class Estimator:
    """The clock of one board. Give it samples in the order they were taken; ask it for a line at any time.

    `window_s` is how far back samples count, `wander_ppm` the crystal's random walk (standard deviation of the
    rate's change in 1 s), `trust_us` the widest bound with which a line is handed out, `most` how many samples are
    kept (a fit takes about 2 ms for 600).
    """

    def __init__(
        self,
        window_s: float = 300.0,
        wander_ppm: float = WANDER_PPM,
        trust_us: float = TRUST_US,
        most: int = _MAX_SAMPLES,
    ) -> None:
        self._window_us = int(window_s * 1e6)
        self._wander_ppm = wander_ppm
        self._trust_us = trust_us
        self._samples: deque[Sample] = deque(maxlen=most)
        self._suspect: Sample | None = None
        self._since_suspect = 0  # accepted since the suspect came
        self._prior = (0.0, _CRYSTAL_PPM)
        self._line: Line | None = None  # the last fit, trusted or not
        self._half_gap_us = 0.0
        self._stale = True
        self._accepted = self._retransmitted = self._impossible = self._contradicting = self._steps = 0

    @property
    def counts(self) -> Counts:
        """What became of the samples so far."""
        return Counts(self._accepted, self._retransmitted, self._impossible, self._contradicting, self._steps)

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The exchanges that count now, oldest first."""
        return tuple(self._samples)

    def add(self, sample: Sample, retransmitted: bool = False) -> None:
        """Take one exchange; what cannot be used is thrown away and counted."""
        if retransmitted:
            self._retransmitted += 1
            return
        turn = sample.t3_tick - sample.t2_tick
        trip = sample.t4_host_us - sample.t1_host_us
        if trip < 0 or turn < 0 or turn > trip * (1.0 + _RATE_LIMIT_PPM * 1e-6) + 2.0 * _STAMP_US:
            self._impossible += 1
            return
        if self._contradicts(sample):
            self._doubt(sample)
            return
        self._accepted += 1
        self._since_suspect += 1
        if self._since_suspect >= _SUSPICION:
            self._suspect = None
        self._samples.append(sample)
        oldest_us = sample.t1_host_us - self._window_us
        while len(self._samples) > _KEEP_SAMPLES and self._samples[0].t1_host_us < oldest_us:
            self._samples.popleft()
        self._stale = True

    def line(self) -> Line | None:
        """Return the best line with its bound, referred to the newest sample; None until it can be trusted."""
        line = self._fitted()
        return line if line is not None and line.error_us <= self._trust_us else None

    def why_not(self) -> str | None:
        """Return in plain words why there is no line yet; None when there is one."""
        line = self._fitted()
        if line is None:
            plural = "s" if self._steps > 1 else ""
            start = f"after {self._steps} fresh start{plural} (clock step{plural}), " if self._steps else ""
            return f"{start}{len(self._samples)} of the {_MIN_SAMPLES} samples that a first line needs"
        if line.error_us <= self._trust_us:
            return None
        text = f"the error bound is {line.error_us / 1000:.2f} ms, over the {self._trust_us / 1000:.2f} ms allowed"
        if self._half_gap_us > self._trust_us / 2:
            return f"{text}: the fastest round trip took {self._half_gap_us / 500:.2f} ms besides the board's own time"
        return f"{text}: more samples will narrow it"

    def _contradicts(self, sample: Sample) -> bool:
        """Tell whether no line of a crystal goes through this sample, the newest ones and the last line."""
        if any(_clash(old, sample) for old in islice(reversed(self._samples), _SUSPICION)):
            return True
        if self._line is None:
            return False
        slack = 1.5 * self._line.error_at_us(sample.t4_host_us) + _STEP_SLACK_US
        early = self._line.tick_at(sample.t1_host_us) - sample.t2_tick
        late = sample.t3_tick - self._line.tick_at(sample.t4_host_us)
        return max(early, late) > slack

    def _doubt(self, sample: Sample) -> None:
        """Set a contradicting sample aside; a second one soon after, of the same new line, is a step."""
        if self._suspect is None or _clash(self._suspect, sample):
            self._suspect, self._since_suspect = sample, 0
            self._contradicting += 1
            return
        count = self._since_suspect
        since = list(self._samples)[-count:] if count else []
        self._contradicting -= 1
        self._accepted += 2
        self._restart([self._suspect, *(s for s in since if not _clash(s, sample)), sample])

    def _restart(self, samples: Iterable[Sample]) -> None:
        """Begin afresh after a step, with what is known to come after it; of the past only the rate is kept."""
        self._steps += 1
        if self._line is not None:
            known = self._line.rate_error_ppb / 1000.0 / _SIGMAS
            self._prior = (self._line.rate_ppb / 1000.0, max(known, _SAME_CRYSTAL_PPM))
        self._samples = deque(samples, maxlen=self._samples.maxlen)
        self._suspect, self._line, self._stale = None, None, True

    def _fitted(self) -> Line | None:
        """Return the line through the samples at hand, fitted anew when there are new ones."""
        while self._stale and len(self._samples) >= _MIN_SAMPLES:
            ref = max(self._samples[-1].t4_host_us, self._samples[-2].t4_host_us)
            base = self._samples[-1].t3_tick - self._samples[-1].t4_host_us
            result = self._fit(ref, base)
            if result.infeasible_us > 2.0 * _STAMP_US:
                # No line fits: a step too small to be seen at once. What came after it is in the newer half.
                half = len(self._samples) // 2
                self._restart(list(self._samples)[-half:])
                continue
            self._half_gap_us = result.half_gap_us
            self._line = Line(
                ref_host_us=ref,
                ref_tick=base + ref + round(result.offset_us),
                rate_ppb=round(result.rate_ppm * 1000.0, 3),
                error_us=result.half_gap_us + _SIGMAS * result.offset_sd_us + _STAMP_US,
                rate_error_ppb=_SIGMAS * result.rate_sd_ppm * 1000.0,
                wander_ppm=self._wander_ppm,
            )
            self._stale = False
        return self._line if len(self._samples) >= _MIN_SAMPLES else None

    def _fit(self, ref_host_us: int, base: int) -> Fit:
        """Fit tick - host - base over host - ref: small numbers, so that floats are exact enough."""
        forward: list[Point] = []
        reverse: list[Point] = []
        for s in self._samples:
            forward.append(((s.t1_host_us - ref_host_us) * 1e-6, float(s.t2_tick - s.t1_host_us - base)))
            reverse.append(((s.t4_host_us - ref_host_us) * 1e-6, float(s.t3_tick - s.t4_host_us - base)))
        forward.sort()
        reverse.sort()
        return fit(forward, reverse, self._wander_ppm, *self._prior)


def _clash(a: Sample, b: Sample) -> bool:
    """Tell whether no line of a rate that a crystal can have passes both samples."""
    apart_us = max(abs(b.t4_host_us - a.t1_host_us), abs(a.t4_host_us - b.t1_host_us))
    slack = 2.0 * _STAMP_US + _RATE_LIMIT_PPM * 1e-6 * apart_us
    a_above, a_below = a.t2_tick - a.t1_host_us, a.t3_tick - a.t4_host_us
    b_above, b_below = b.t2_tick - b.t1_host_us, b.t3_tick - b.t4_host_us
    return a_below - b_above > slack or b_below - a_above > slack
