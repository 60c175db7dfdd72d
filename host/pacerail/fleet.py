"""All the boards of a rail at once: the same step on each, side by side, with what went wrong kept by board."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from pacerail.board import BoardClient, Identity, Status
from pacerail.errors import RailError
from pacerail.link import HostClock, NoAnswer
from pacerail.model.rail import Board
from pacerail.sync import Estimator, Sample

_MOST_SAMPLES = 240  # four minutes at one a second; more cost time and teach nothing
_MISSES = 3  # clock exchanges in a row without an answer: the board is lost
_JUMP_US = 500_000  # no delay and no crystal does that between two exchanges


def new_estimator() -> Estimator:
    """An estimator as a race uses it."""
    return Estimator(most=_MOST_SAMPLES)


@dataclass(eq=False)
class Member:
    """A board of the fleet: how to talk to it, what the rail file says of it, and what is known of it now."""

    client: BoardClient
    board: Board
    table: bytes
    estimator: Estimator = field(default_factory=new_estimator)
    identity: Identity | None = None
    status: Status | None = None
    lost: bool = False
    """It did not answer when it was last asked."""
    restarted: bool = False
    """Its ticks have jumped: it has started anew."""
    misses: int = 0
    """Clock exchanges in a row that it did not answer."""
    last_sample: Sample | None = None
    quickest_us: int = 1 << 40
    """The quickest round trip so far, without the board's own turn-round."""
    shown_before: tuple[int, int] = (0, 0)
    """Its counts of frames, shown and late, when it was armed."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while something is sent in several messages that belong together."""

    @property
    def name(self) -> str:
        """Its name on the rail."""
        return self.board.name


Step = Callable[[Member], Awaitable[None]]


class Fleet:
    """The boards of one rail, in its order."""

    def __init__(self, members: Sequence[Member], clock: HostClock) -> None:
        self.members = tuple(members)
        self.clock = clock

    async def try_each(self, step: Step, members: Sequence[Member] | None = None) -> dict[str, RailError]:
        """Take a step on each board at once; returns what went wrong, by board."""
        chosen = self.members if members is None else members
        results = await asyncio.gather(*(step(member) for member in chosen), return_exceptions=True)
        failed: dict[str, RailError] = {}
        for member, result in zip(chosen, results, strict=True):
            if isinstance(result, RailError):
                failed[member.name] = result
            elif isinstance(result, BaseException):
                raise result
        return failed

    async def each(self, what: str, step: Step) -> None:
        """Take a step on each board at once. Raises RailError naming every board on which it failed, and why."""
        failed = await self.try_each(step)
        if failed:
            lines = "".join(f"\n  {name}: {error}" for name, error in failed.items())
            raise RailError(f"{what} failed on {len(failed)} of {len(self.members)} boards:{lines}")

    async def sample(self) -> None:
        """One clock exchange with each board; a board that does not answer is marked lost."""
        await self.try_each(sample_one)


async def sample_one(member: Member) -> None:
    """One clock exchange with a board. A message may get lost; raises RailError when the third in a row does."""
    try:
        sample, again = await member.client.sample()
    except NoAnswer:
        member.misses += 1
        if member.misses < _MISSES:
            return
        member.lost = True
        raise
    member.misses = 0
    last, member.last_sample = member.last_sample, sample
    if last is not None:
        ticks, host_us = sample.t2_tick - last.t2_tick, sample.t1_host_us - last.t1_host_us
        member.restarted = member.restarted or abs(ticks - host_us) > _JUMP_US
    member.lost = False
    trip_us = sample.t4_host_us - sample.t1_host_us - (sample.t3_tick - sample.t2_tick)
    member.quickest_us = min(member.quickest_us, trip_us)
    member.estimator.add(sample, again)


async def check_one(member: Member) -> None:
    """Ask a board who it is and hold it against the rail file. Raises RailError if it is another one."""
    identity = await member.client.hello()
    board = member.board
    pixels = tuple(output.leds for output in board.outputs)
    if board.uid is not None:
        if identity.uid != board.uid:
            raise RailError(f"this is the board with id {identity.uid}, the rail file says {board.uid}; see its port")
    elif identity.name != board.name:
        raise RailError(f"this is the board named {identity.name}; see its port in the rail file, or give it its uid")
    if identity.outputs != pixels:
        raise RailError(f"it drives {list(identity.outputs)} LEDs, the rail file says {list(pixels)}")
    member.identity = identity


async def upload_one(member: Member, table: bytes | None = None) -> None:
    """Give a board a pace table, by default its own, unless it has that very table already."""
    async with member.turn:
        wanted = member.table if table is None else table
        member.status = await member.client.status()
        if member.status.table_hash != wanted[-8:]:
            await member.client.upload(wanted)
            member.status = await member.client.status()
