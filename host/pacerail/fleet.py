"""All the boards of a rail at once: the same step on each, side by side, with what went wrong kept by board."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
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
    spared: bool = False
    """A person has said that the race may do without it: it is not waited for, and taken in when it comes."""
    taken: bool = False
    """It was armed for this start, or runs this race: if it is lost it may be lit."""
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


class BoardsFailed(RailError):
    """The rail cannot go on, because of these boards."""

    def __init__(self, words: str, names: Collection[str]) -> None:
        self.names = tuple(names)
        super().__init__(words)


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

    @property
    def counted(self) -> tuple[Member, ...]:
        """The boards that are needed, or may be lit: all but those that are spared, lost, and not in this race."""
        return tuple(member for member in self.members if not (member.spared and member.lost and not member.taken))

    @property
    def counted_words(self) -> str:
        """How many boards that is: "every board", "15 of 16 boards"."""
        counted = len(self.counted)
        return "every board" if counted == len(self.members) else f"{counted} of {len(self.members)} boards"

    async def each(self, what: str, step: Step) -> dict[str, RailError]:
        """Take a step on each board that counts, at once. Raises BoardsFailed, which says of each why it failed.

        Returns what went wrong on boards that are spared, by board: they are lost from here on.
        """
        failed = await self.try_each(step, self.counted)
        spared = [member for member in self.members if member.spared and member.name in failed]
        for member in spared:
            member.lost = True
        without = {member.name: failed.pop(member.name) for member in spared}
        if failed:
            lines = "".join(f"\n  {name}: {error}" for name, error in failed.items())
            raise BoardsFailed(f"{what} failed on {len(failed)} of {len(self.members)} boards:{lines}", failed)
        return without

    def leave_out(self, names: Collection[str]) -> bool:
        """Take these boards for lost, if each of them is spared; returns whether that is so."""
        members = [member for member in self.members if member.name in names]
        if not all(member.spared for member in members):
            return False
        for member in members:
            member.lost = True
        return True

    async def sample(self) -> None:
        """One clock exchange with each board that counts; one that does not answer is marked lost."""
        await self.try_each(sample_one, self.counted)


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


async def check_one(member: Member, tries: int = 5) -> None:
    """Ask a board who it is and hold it against the rail file. Raises RailError if it is another one."""
    identity = await member.client.hello(tries)
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


def spare(members: Sequence[Member], names: Collection[str]) -> None:
    """Say which boards the race may do without. Raises RailError for a name that no board has, and for all of them."""
    reason = why_not_spared(names, [member.name for member in members])
    if reason is not None:
        raise RailError(reason)
    for member in members:
        member.spared = member.name in names


def why_not_spared(names: Collection[str], known: Sequence[str]) -> str | None:
    """Why a rail with boards of the `known` names cannot do without those; None if it can."""
    strange = next((name for name in names if name not in known), None)
    if strange is not None:
        return f"without {strange}: no board is called that; expected one of {', '.join(known)}"
    return "every board is to be done without; expected one that is not" if set(names) >= set(known) else None
