"""One board as the host sees it: every command, with plain values in and out."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any, cast

from pacerail.errors import RailError
from pacerail.link import Link
from pacerail.sync import Line, Sample
from pacerail_node import messages, wire

_CHUNK = 240
_STEP_S = (1 << 20) / 1e6
_RATE_ONE = 1 << 30


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a board is."""

    protocol: int
    version: str
    name: str
    uid: str
    type: str
    address: int
    outputs: tuple[int, ...]
    gun: bool = False
    """It has a gun pin."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a board is."""

    state: str
    clock_valid: bool
    fleet_us: int
    bound_us: int
    holdover_s: float
    slew_us: int
    frames: int
    late: int
    bad_frames: int
    gun_us: int
    log_entries: int
    free_heap: int
    dimmed: int
    """Frames dimmed by the current limit."""
    edges: int
    """Edges on the gun pin since it was armed."""
    temperature_c: float | None
    supply_v: float | None
    plan_hash: str
    table_hash: bytes


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A change of state, as the board noted it."""

    number: int
    state: str
    cause: str
    fleet_us: int


@dataclass(frozen=True, slots=True)
class Edges:
    """The edges on a board's gun pin since it was armed."""

    count: int
    late_us: int
    """A tick is at most so far from its edge."""
    kept: tuple[tuple[int, int], ...]
    """(number from 1, tick that does not wrap) of the first edge and of the last three."""


class BoardClient:
    """A board at an address behind a link. Every method raises NoAnswer or Refused (see link)."""

    def __init__(self, name: str, link: Link, address: int = wire.ANY) -> None:
        self.name = name
        self.link = link
        self._address = address

    async def hello(self, tries: int = 5) -> Identity:
        """Ask who it is. Raises RailError for a board with other firmware."""
        answer = await self.link.request(messages.HELLO, to=self._address, tries=tries)
        try:
            said = cast(dict[str, Any], json.loads(answer.payload))
            protocol = int(said["pacerail"])
            identity = Identity(
                protocol,
                str(said["version"]),
                str(said["name"]),
                str(said["uid"]),
                str(said["type"]),
                int(said["address"]),
                tuple(int(n) for n in said["outputs"]),
                bool(said.get("gun", False)),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise RailError(f"board {self.name} runs other firmware; flash it with this version") from error
        if protocol != messages.PROTOCOL:
            raise RailError(
                f"board {self.name} runs firmware {identity.version} with protocol {protocol}, "
                f"this tool speaks {messages.PROTOCOL}; flash it with this version"
            )
        return identity

    async def status(self, tries: int = 5) -> Status:
        """Ask how it is."""
        payload = (await self.link.request(messages.STATUS, to=self._address, tries=tries)).payload
        if len(payload) != messages.STATUS_SIZE:
            raise RailError(f"board {self.name} sent a status of {len(payload)} bytes; flash it with this version")
        state, valid = payload[0], payload[1]
        w = struct.unpack_from(f"<{messages.STATUS_WORDS}I", payload, 4)
        plan_hash = payload[messages.STATUS_HASHES : messages.STATUS_HASHES + 8]
        return Status(
            state=messages.STATES[state],
            clock_valid=bool(valid),
            fleet_us=w[2] * 1_000_000 + w[3],
            bound_us=w[4],
            holdover_s=w[5] * _STEP_S,
            slew_us=w[6] - messages.SLEW_BIAS,
            frames=w[7],
            late=w[8],
            bad_frames=w[9],
            gun_us=w[10] * 1_000_000 + w[11],
            log_entries=w[12],
            free_heap=w[13],
            dimmed=w[14],
            edges=w[15],
            temperature_c=(w[16] - messages.TEMPERATURE_BIAS) / 10 if w[16] else None,
            supply_v=w[17] / 1000 if w[17] else None,
            plan_hash=plan_hash.hex() if any(plan_hash) else "",
            table_hash=payload[messages.STATUS_HASHES + 8 :],
        )

    async def sample(self) -> tuple[Sample, bool]:
        """One four-timestamp exchange, and whether the request had to be sent again."""
        answer = await self.link.request(messages.SYNC, to=self._address, tries=1)
        wraps2, tick2, wraps3, tick3 = struct.unpack("<4I", answer.payload)
        sample = Sample(answer.sent_us, wraps2 << 30 | tick2, wraps3 << 30 | tick3, answer.received_us)
        return sample, answer.tries > 1

    async def edges(self, tries: int = 5) -> Edges:
        """The edges on its gun pin since it was armed."""
        payload = (await self.link.request(messages.EDGES, to=self._address, tries=tries)).payload
        if len(payload) < 8 or (len(payload) - 8) % 12:
            raise RailError(f"board {self.name} sent edges of {len(payload)} bytes; flash it with this version")
        count, late_us, *words = struct.unpack(f"<{len(payload) // 4}I", payload)
        kept = tuple((words[i], words[i + 1] << 30 | words[i + 2]) for i in range(0, len(words), 3))
        return Edges(count, late_us, kept)

    async def set_line(self, line: Line, now_us: int) -> None:
        """Give the board its clock: the line as it is now, with fleet time over ticks."""
        tick = line.tick_at(now_us)
        rate = 1.0 / (1.0 + line.rate_ppb / 1e9) - 1.0
        bound_us = min(round(line.error_at_us(now_us)), _RATE_ONE - 1)
        payload = struct.pack(
            "<6I",
            tick >> 30,
            tick & (_RATE_ONE - 1),
            now_us // 1_000_000,
            now_us % 1_000_000,
            round(rate * _RATE_ONE) + messages.RATE_BIAS,
            bound_us,
        )
        await self.link.request(messages.LINE, payload, to=self._address)

    async def upload(self, table: bytes) -> None:
        """Send a pace table; when this returns the board has checked it, keeps it in flash and uses it."""
        await self.link.request(messages.TABLE_BEGIN, struct.pack("<I", len(table)) + table[-8:], to=self._address)
        for at in range(0, len(table), _CHUNK):
            chunk = struct.pack("<I", at) + table[at : at + _CHUNK]
            await self.link.request(messages.TABLE_DATA, chunk, to=self._address)
        # flash may take its time; with the same sequence number a second request only repeats the answer
        await self.link.request(messages.TABLE_END, to=self._address, timeout_s=3.0)

    async def arm(self, plan_hash: str) -> None:
        """Ready for the gun, with the plan of this hash and no other."""
        await self.link.request(messages.ARM, bytes.fromhex(plan_hash), to=self._address)

    async def go(self, gun_us: int) -> None:
        """Give it the gun, as a fleet time in us: past or to come."""
        await self.link.request(messages.GO, _time(gun_us), to=self._address)

    async def amend(self, table: bytes, movement: bytes, counts: tuple[int, int, int], settled_s: float) -> None:
        """Change how the waves move while a race is on: to that of `table`, whose movement is given (see compile).

        Until `settled_s`, the race time of the change, the movement must be the one that the board has already.
        """
        begin = struct.pack("<4I", len(movement), counts[1], counts[2], round(settled_s * 1e5))
        begin += struct.pack("<I", zlib.crc32(movement)) + table[-8:]
        await self.link.request(messages.AMEND_BEGIN, begin, to=self._address)
        for at in range(0, len(movement), _CHUNK):
            chunk = struct.pack("<I", at) + movement[at : at + _CHUNK]
            await self.link.request(messages.AMEND_DATA, chunk, to=self._address)
        await self.link.request(messages.AMEND_END, to=self._address)

    async def recall(self, at_us: int | None = None) -> None:
        """False start: flash red, then loaded again; at once, or from a fleet time on, in step with other boards."""
        await self.link.request(messages.RECALL, _time(at_us), to=self._address)

    async def stop(self, at_us: int | None = None) -> None:
        """Dark, and loaded again; at once, or from a fleet time on."""
        await self.link.request(messages.STOP, _time(at_us), to=self._address)

    async def show(self, payload: bytes) -> None:
        """Show something while no race is on (see shows); refused while armed, running or recalled."""
        await self.link.request(messages.SHOW, payload, to=self._address)

    async def log(self, first: int = 0) -> list[LogEntry]:
        """The changes of state that it still remembers, from a number on."""
        entries: list[LogEntry] = []
        while True:
            payload = (await self.link.request(messages.LOG, struct.pack("<I", first), to=self._address)).payload
            (number,) = struct.unpack_from("<I", payload, 0)
            count = (len(payload) - 4) // messages.LOG_ENTRY
            for i in range(count):
                word, s, us = struct.unpack_from("<3I", payload, 4 + i * messages.LOG_ENTRY)
                state, cause = messages.STATES[word & 0xFF], messages.CAUSES[word >> 8]
                entries.append(LogEntry(number + i, state, cause, s * 1_000_000 + us))
            if count == 0:
                return entries
            first = number + count


def _time(fleet_us: int | None) -> bytes:
    """A fleet time as messages carry it; nothing for none."""
    return b"" if fleet_us is None else struct.pack("<2I", *divmod(fleet_us, 1_000_000))
