"""One board as the host sees it: every command, with plain values in and out."""

from __future__ import annotations

import json
import struct
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


class BoardClient:
    """A board at an address behind a link. Every method raises NoAnswer or Refused (see link)."""

    def __init__(self, name: str, link: Link, address: int = wire.ANY) -> None:
        self.name = name
        self.link = link
        self._address = address

    async def hello(self) -> Identity:
        """Ask who it is. Raises RailError for a board with other firmware."""
        answer = await self.link.request(messages.HELLO, to=self._address)
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
        await self.link.request(messages.GO, struct.pack("<2I", *divmod(gun_us, 1_000_000)), to=self._address)

    async def recall(self) -> None:
        """False start: flash red, then loaded again."""
        await self.link.request(messages.RECALL, to=self._address)

    async def stop(self) -> None:
        """Dark, and loaded again."""
        await self.link.request(messages.STOP, to=self._address)

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
