"""The gun of a simulated race, and how the news of it comes to the host: an edge, a scoreboard feed, a hand on a key.

The world knows when it really went, so a bench can say how far off the zero of each source was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from pacerail.bench.world import SimLink, World
from pacerail.errors import InputError
from pacerail.fleet import Fleet
from pacerail.gun import KEY, LYNX, PIN, SCHEDULED, Gun, key_press, scheduled
from pacerail.gunsources import LynxSource, PinSource, Source
from pacerail.lynx import Chunk
from pacerail.lynxfeed import Ears

KINDS = (PIN, LYNX, KEY, SCHEDULED)
NOTICE_S = 1.0
"""A gun goes at least so long after it was set: boards may have run ahead of the host by less than that."""
REACTION_S = (0.15, 0.30)
"""From the sound of a gun to a finger on a key."""
_POLL_S = 0.01
_HELD_BEFORE_S = 0.02
_PERIOD_US = 100_000  # between two running times
_TURN_US = 15_600  # Windows looks at its timers so often
_STALL_AT_US = 1_700_000
_STALL_US = 400_000  # the network holds all back once, soon after the gun
_STANDS_US = 3_000_000  # the clock stands for a split, and runs on behind it
_BURST = 5  # lines that come at once when the clock starts


@dataclass(frozen=True)
class Stage:
    """What a simulated gun needs of the race around it."""

    world: World
    armed: Callable[[], bool]
    """Whether the rail waits for the gun."""
    give: Callable[[Gun], Awaitable[None]]
    """An operator gives the race a gun."""


class SimGun:
    """The gun of one race: from what source the host hears it, and with what delays.

    `go_in_s` after all is armed it goes; `board` is the place on the rail of the one with the gun pin. Its link, unless
    shared with others, holds the news back for `news_late_s`. `splits_s` are race times at which the operator of the
    scoreboard feed lets its clock stand. Raises InputError for a kind that is none of KINDS.
    """

    def __init__(
        self,
        kind: str,
        seed: str,
        go_in_s: float = 3.0,
        board: int = 0,
        news_late_s: float = 0.3,
        splits_s: Sequence[float] = (),
    ) -> None:
        if kind not in KINDS:
            raise InputError(f"--gun {kind}: the bench has no such gun; expected {', '.join(KINDS)}")
        self.kind = kind
        self.board = board if kind == PIN else -1
        self.true_ns: int | None = None
        """When it really went, or will; None before the rail is armed."""
        self.splits_s = tuple(splits_s)
        self._go_in_s = max(go_in_s, NOTICE_S)
        self._news_late_s = news_late_s
        self._random = Random(seed + "/gun")
        self._feed = SimFeed()

    def sources(self, fleet: Fleet) -> list[Source]:
        """The sources that the race is to listen to."""
        if self.kind == PIN:
            return [PinSource(fleet)]
        return [LynxSource(self._feed.open, fleet.clock)] if self.kind == LYNX else []

    def error_us(self, zero_us: int) -> float | None:
        """How much later than the gun a zero is; None before there is a gun."""
        return None if self.true_ns is None else zero_us - self.true_ns / 1000

    async def play(self, stage: Stage) -> None:
        """Wait until the rail is armed, let the gun go, and bring the news to the host. Cancelled at the race's end."""
        while not stage.armed():
            await asyncio.sleep(_POLL_S)
        world = stage.world
        # anywhere between two ticks, frames and polls
        self.true_ns = world.now_ns + round(self._go_in_s * 1e9) + self._random.randrange(50_000_000)
        if self.kind == SCHEDULED:
            gun = scheduled(world.host_clock_us(), self._go_in_s)
            self.true_ns = gun.zero_us * 1000
            await stage.give(gun)
        elif self.kind == PIN:
            await self._play_pin(world, self.true_ns)
        elif self.kind == KEY:
            reaction_ns = round(self._random.uniform(*REACTION_S) * 1e9)
            await _until(world, self.true_ns + reaction_ns)
            await stage.give(key_press(world.host_clock_us()))
        else:
            await self._play_feed(world, self.true_ns)

    async def _play_pin(self, world: World, true_ns: int) -> None:
        world.boards[self.board].edge(true_ns)
        link = world.links[self.board]
        await _until(world, true_ns - round(_HELD_BEFORE_S * 1e9))
        if isinstance(link, SimLink):
            link.hold_back(true_ns + round(self._news_late_s * 1e9))

    async def _play_feed(self, world: World, true_ns: int) -> None:
        for sent_ns, data in lynx_feed(self._random, true_ns, self.splits_s):
            await _until(world, sent_ns)
            self._feed.bring(data, world.host_clock_us())


class SimFeed:
    """A FinishLynx feed that is open as soon as it is wanted."""

    address = "TCP, the bench's FinishLynx"

    def __init__(self) -> None:
        self._ears: Ears | None = None

    async def open(self, ears: Ears) -> SimFeed:
        """For LynxSource."""
        self._ears = ears
        return self

    async def close(self) -> None:
        """Bring nothing any more."""
        self._ears = None

    def bring(self, data: bytes, host_us: int) -> None:
        """Bytes have come at a host time."""
        if self._ears is not None:
            self._ears.on_chunk(Chunk(data, host_us, "finishlynx"))


def lynx_feed(random: Random, zero_ns: int, splits_s: Sequence[float] = ()) -> Iterator[tuple[int, bytes]]:
    """What a feed brings, and at which true time, from arming on: armed, gun, then running times without an end.

    At each of `splits_s`, race times that rise, the clock stands for 3 s and shows it, to 1/100 s.

    Tenths are cut off, messages are jittered, stalled now and then, and once for 0.4 s; they stay in order, so what was
    stalled comes in a burst, as the first lines do.
    """
    yield zero_ns - 800_000_000, _line("ARM", 0)
    at_ns = zero_ns + 1_000 * _delay_us(random)
    yield at_ns, _line("GUN", 0) + _line("RUN", 0) * _BURST
    race_us = random.randrange(_PERIOD_US)
    stalled = False
    to_come_us = [round(split_s * 1e6) for split_s in splits_s]
    while True:
        if to_come_us and race_us >= to_come_us[0]:
            split_us = to_come_us.pop(0)
            at_ns = max(at_ns, zero_ns + 1000 * (split_us + _delay_us(random)))
            yield at_ns, _line("PAUSE", split_us, places=2)
            while race_us < split_us + _STANDS_US:
                race_us += _PERIOD_US + random.randrange(_TURN_US)
        delay_us = _delay_us(random)
        if not stalled and race_us >= _STALL_AT_US:
            stalled = True
            delay_us += _STALL_US
        at_ns = max(at_ns, zero_ns + 1000 * (race_us + delay_us))
        yield at_ns, _line("RUN", race_us)
        race_us += _PERIOD_US + random.randrange(_TURN_US)


async def _until(world: World, true_ns: int) -> None:
    while (left_ns := true_ns - world.now_ns) > 0:
        await asyncio.sleep(left_ns / 1e9)


def _delay_us(random: Random) -> int:
    """A wire: 0.3 ms and a little, now and then up to 200 ms."""
    return 300 + int(random.expovariate(1 / 1500)) + (random.randrange(200_000) if random.random() < 0.01 else 0)


def _line(word: str, race_us: int, places: int = 1) -> bytes:
    """As lynx/pacerail.lss has it sent: the time twice, to so many places, the rest cut off."""
    whole_s, rest = divmod(race_us // 10 ** (6 - places), 10**places)
    minutes, seconds = divmod(whole_s, 60)
    shown = (f"{minutes}:{seconds:02d}" if minutes else f"{seconds}") + f".{rest:0{places}d}"
    return f"PACERAIL {word} {shown} {shown}\r\n".encode()
