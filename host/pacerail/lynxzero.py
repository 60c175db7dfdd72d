"""The zero of a race from the running times that a scoreboard feed carries.

No I/O and no clock of its own. A message that shows the time t and arrives at a says two things. It was sent after the
clock reached t, and delays only add: the gun went no later than a - t. The clock shows whole steps and cuts off the
rest: the gun went no earlier than a - t - step - delay. So a - t is the zero plus what was cut off plus the delay, and
the lower edge of many messages bounds the zero from above:

    zero <= the third least a - t                  (third, so that one or two wrong messages cannot set it)
    zero >  that, less a step, less the delay of a prompt message

The second line rests on the one thing that no feed can tell: that its fastest three messages are prompt, `prompt_us`
from FinishLynx's look at its clock to here. Where half of the messages scatter by more than a step, the feed itself
shows that it is slower, and the bound is that much wider. A delay that is the same for all messages cannot be seen: a
relay that holds everything for a second puts the zero a second late, and only a pin can tell.

Both clocks are crystals; 100 ppm of the race time are allowed between them, so a zero had late is a little wider.

A single message never sets a zero: it takes ten that agree, over at least a second. A clock that goes back, jumps or
starts anew is believed when ten new ones agree and nothing of the old has come for a second; in between there is no
zero. Messages that go on from where the clock was, but later by less than ten seconds, are only late, however many:
delays add. A clock that stands (paused, stopped) is told by its unchanging time and does no harm to the zero.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import Counter, deque

from pacerail.gun import LYNX, Gun
from pacerail.lynx import RUNNING_KINDS, Kind, Message

PROMPT_US = 25_000
"""A prompt message's delay at most, all told: Windows looks at its timers every 15.6 ms, USB adapters every 16."""

_TYPICAL_US = 3_000  # the least delay of all in practice: where in its interval the zero most likely is
_RATE = 100e-6  # how much the host's clock and FinishLynx's may differ in rate
_AGREE = 10
_AGREE_US = 1_000_000
_RANK = 3
_MANY = 50
_NEAR_US = 300_000  # messages this far about the edge are of the same clock
_KEEP = 600  # a minute of them: more would narrow it no further
_RECENT = 20
_RECENT_SHARE = 0.6  # if fewer of the latest fit, something else is being heard as well
_RIVALS = 4  # other zeros than the run's that are kept in mind
_DELAY_US = 10_000_000  # a zero that moves later by less, while the clock goes on, is delay and not another race
_RESTART_US = 1_000_000  # a clock that showed at least so much and now 0 has been set back
_STEPS_US = (1_000_000, 100_000, 10_000, 1_000, 100)


class _Run:
    """Messages that agree on where the zero is. Offsets are a - t, in us."""

    def __init__(self) -> None:
        self.count = 0
        self._offsets: list[tuple[int, int]] = []  # sorted: offset, and how far the clocks may have drifted apart
        self._step_us = _STEPS_US[0]
        self._first: tuple[int, int] | None = None  # arrival and race time
        self._last = (0, 0)

    @property
    def established(self) -> bool:
        """Tell whether enough messages over enough time agree."""
        if self.count < _AGREE or self._first is None:
            return False
        arrived_us, ran_us = (last - first for first, last in zip(self._first, self._last, strict=True))
        return arrived_us >= _AGREE_US and ran_us >= _AGREE_US // 2

    @property
    def last_host_us(self) -> int:
        """When the newest message came."""
        return self._last[0]

    @property
    def last_race_us(self) -> int:
        """The newest race time."""
        return self._last[1]

    def edge_us(self) -> int:
        """The lower edge of the offsets."""
        return self._offsets[min(_RANK, len(self._offsets)) - 1][0]

    def fits(self, offset_us: int, step_us: int) -> bool:
        """Tell whether an offset is near the others' lower edge."""
        return not self._offsets or -_NEAR_US <= offset_us - self.edge_us() <= _NEAR_US + step_us

    def add(self, message: Message, race_us: int) -> None:
        """Take a message that fits."""
        self._first = self._first or (message.host_us, race_us)
        self._last = (message.host_us, race_us)
        self.count += 1
        if self.count > _KEEP:
            return
        insort(self._offsets, (message.host_us - race_us, math.ceil(race_us * _RATE)))
        # A clock may show a digit that is always 0: what its steps are is seen from the times, not from the digits.
        self._step_us = next((step for step in _STEPS_US if step <= self._step_us and race_us % step == 0), 100)

    def interval(self, prompt_us: int) -> tuple[int, int, int]:
        """The latest zero, the likeliest and the earliest."""
        step_us, count = self._step_us, len(self._offsets)
        edge_us, drift_us = self.edge_us(), max(drift_us for _, drift_us in self._offsets[:_RANK])
        scatter_us = self._offsets[(count - 1) // 2][0] - self._offsets[0][0]
        by_step_us = step_us * min(count, _MANY) // _MANY  # of few messages, all scatter is put down to delay
        earliest_us = edge_us - drift_us - step_us - prompt_us - max(0, scatter_us - by_step_us)
        # If the messages come at all phases of a step, the edge shows messages with nothing cut off; if always at one
        # phase, what is cut off is not known at all and the middle is the best guess.
        swept_us = min(step_us, 2 * scatter_us)
        cut_us = swept_us * _RANK // (count + 1) + (step_us - swept_us) // 2
        return edge_us + drift_us, edge_us - _TYPICAL_US - cut_us, earliest_us


class LynxZero:
    """The zero of a feed. Give it the messages in the order in which they came; ask for the gun at any time.

    `prompt_us` is the delay that the fastest messages do not exceed. `run` counts the zeros: it goes up whenever
    one is given up for another, so that a race can tell a better estimate of its gun from another gun.
    """

    def __init__(self, prompt_us: int = PROMPT_US) -> None:
        self._prompt_us = prompt_us
        self._run: _Run | None = None
        self._rivals: deque[_Run] = deque(maxlen=_RIVALS)  # messages that agree, but not with the run
        self._recent: deque[bool] = deque(maxlen=_RECENT)  # whether the latest messages fitted the run
        self._shown_us: int | None = None
        self._zeros = 0
        self.run = 0
        self.state = "no clock heard yet"
        self.ignored: Counter[str] = Counter()
        """How many running times were not used, by reason; the reasons are a fixed few."""
        self.warnings: deque[tuple[int, str]] = deque(maxlen=100)
        """What a person should know of: host time in us and words, the latest hundred."""

    def take(self, message: Message) -> None:
        """Take one message of the feed."""
        if message.kind in RUNNING_KINDS:
            if message.race_us is not None:
                self._running(message, message.race_us)
        elif message.kind is Kind.ARMED:
            self._begin_anew(None)
            self.state = "armed"
        elif message.kind in (Kind.PAUSED, Kind.STOPPED):
            self.state = message.kind.name.lower()

    def gun(self) -> Gun | None:
        """The zero with its bound, as of now; None while there is none to be had (`why_not`)."""
        if self._run is None or not self._run.established or self._doubtful():
            return None
        latest_us, likeliest_us, earliest_us = self._run.interval(self._prompt_us)
        return Gun(LYNX, likeliest_us, max(latest_us - likeliest_us, likeliest_us - earliest_us))

    def why_not(self) -> str | None:
        """Why there is no zero, in plain words; None when there is one."""
        if self._run is None:
            return f"{self.state}: no running time has come"
        if self._doubtful():
            return "the latest messages contradict each other: the clock was set back, or two clocks are heard"
        if not self._run.established:
            return f"{self._run.count} messages agree; it takes {_AGREE}, over {_AGREE_US / 1e6:g} s"
        return None

    def _running(self, message: Message, race_us: int) -> None:
        """Take one running time: of the run, of another clock, late, or of a clock that stands."""
        before_us, self._shown_us = self._shown_us, race_us
        if race_us == 0:
            self._at_zero(message)
            return
        self._zeros = 0
        if self._run is None:
            self._run = _Run()
        run, offset_us = self._run, message.host_us - race_us
        if run.fits(offset_us, message.step_us):
            self.state = "running"
            run.add(message, race_us)
            self._recent.append(True)
        elif race_us == before_us:
            self.ignored["standing"] += 1
        else:
            goes_on = run.established and race_us >= run.last_race_us and 0 < offset_us - run.edge_us() < _DELAY_US
            self.ignored["late" if goes_on else "contradicting"] += 1
            if not goes_on:
                self._recent.append(False)
                self._doubt(run, message, race_us)

    def _doubt(self, run: _Run, message: Message, race_us: int) -> None:
        """Keep a message that contradicts; enough of them that agree, and nothing else heard, are a new zero."""
        offset_us = message.host_us - race_us
        rival = next((rival for rival in self._rivals if rival.fits(offset_us, message.step_us)), None)
        if rival is None:
            rival = _Run()
            self._rivals.append(rival)
        rival.add(message, race_us)
        if rival.established and message.host_us - run.last_host_us >= _AGREE_US:
            if run.established:
                moved_s = (rival.edge_us() - run.edge_us()) / 1e6
                way = "later" if moved_s > 0 else "earlier"
                self._warn(message, f"the clock now says that the gun was {abs(moved_s):.2f} s {way} than before")
            self._begin_anew(rival)

    def _at_zero(self, message: Message) -> None:
        """Take a clock at 0: it is not running yet; one that ran before has been set back (a false start)."""
        self._zeros += 1
        self.ignored["at zero"] += 1
        if self._run is not None and self._zeros == 2:
            if self._run.established and self._run.last_race_us >= _RESTART_US:
                self._warn(message, "the clock was set back to 0")
            self._begin_anew(None)
            self.state = "at zero"

    def _begin_anew(self, run: _Run | None) -> None:
        if self._run is not None and self._run.established:
            self.run += 1
        self._run = run
        self._rivals.clear()
        self._recent.clear()

    def _doubtful(self) -> bool:
        recent = list(self._recent)
        return recent[-3:] == [False] * 3 or sum(recent) < len(recent) * _RECENT_SHARE

    def _warn(self, message: Message, words: str) -> None:
        self.warnings.append((message.host_us, words))
