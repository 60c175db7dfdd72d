"""Requests and answers over one port: frames, sequence numbers, timeouts and retries.

A port is anything that takes bytes and gives bytes with the host time at which they came (`SerialPort` in `ports`, the
simulated link in `bench`). One request is under way at a time, so that it works on a shared RS-485 pair too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pacerail.errors import RailError
from pacerail_node import messages, wire

HostClock = Callable[[], int]
"""Fleet time now, in us: the host's monotonic clock, or the simulated world's true time."""

OnBytes = Callable[[bytes, int], None]
"""Called with bytes and the host time in us at which they came."""


class Port(Protocol):
    """A byte stream to one board, or to the boards on one pair of wires."""

    def listen(self, on_bytes: OnBytes) -> None:
        """Say who gets the bytes that come in."""
        ...

    def write(self, data: bytes) -> int:
        """Send bytes; returns the host time in us just before. Raises OSError if the port has gone."""
        ...

    def close(self) -> None:
        """Let go of the port."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the payload, host times in us of request and answer, and how often it had to be asked."""

    payload: bytes
    sent_us: int
    received_us: int
    tries: int


class NoAnswer(RailError):
    """The board did not answer in time, or its port has gone."""


class Refused(RailError):
    """The board answered that it will not, and why."""

    def __init__(self, code: int, words: str) -> None:
        self.code = code
        super().__init__(words)


class Link:
    """One port's requests. `bad_frames` counts what came in damaged."""

    def __init__(self, port: Port, key: bytes | None = None, counter: int = 0) -> None:
        self._port = port
        self._framer = wire.Framer(key, counter)
        self._sender = wire.Framer(key, counter)
        self._sequence = 0
        self._turn = asyncio.Lock()
        self._waiting: tuple[int, int, asyncio.Future[tuple[int, bytes, int]]] | None = None
        port.listen(self._take)

    @property
    def bad_frames(self) -> int:
        """Frames that came in and were thrown away."""
        return self._framer.bad

    def close(self) -> None:
        """Let go of the port."""
        self._port.close()

    async def request(
        self, kind: int, payload: bytes = b"", *, to: int = wire.ANY, timeout_s: float = 0.25, tries: int = 5
    ) -> Answer:
        """Ask and wait for the answer; ask again, with the same sequence number, when none comes in time.

        Raises NoAnswer after the last try and Refused when the board says no.
        """
        async with self._turn:
            self._sequence = self._sequence % 255 + 1
            for attempt in range(1, tries + 1):
                answered = asyncio.get_running_loop().create_future()
                self._waiting = (self._sequence, kind, answered)
                try:
                    sent_us = self._send(to, self._sequence, kind, payload)
                    got, body, received_us = await asyncio.wait_for(answered, timeout_s)
                except TimeoutError:
                    continue
                except OSError as error:
                    raise NoAnswer(f"the port takes nothing ({error}): is it plugged in, does it run?") from error
                finally:
                    self._waiting = None
                if got == messages.REFUSED:
                    raise Refused(body[0] if body else 0, body[1:].decode(errors="replace"))
                return Answer(body, sent_us, received_us, attempt)
        raise NoAnswer(f"no answer in {tries} tries of {timeout_s:g} s")

    def _send(self, to: int, sequence: int, kind: int, payload: bytes) -> int:
        sender = self._sender
        sender.body[wire.HEAD : wire.HEAD + len(payload)] = payload
        length = sender.pack(to, wire.HOST, sequence, kind, len(payload))
        return self._port.write(bytes(sender.out[:length]))

    def _take(self, data: bytes, received_us: int) -> None:
        framer = self._framer
        at = 0
        while at < len(data):
            at = framer.accept(data, at, len(data))
            if framer.ready and self._waiting is not None:
                sequence, kind, answered = self._waiting
                fits = framer.kind in (kind | messages.REPLY, messages.REFUSED)
                if framer.destination == wire.HOST and framer.sequence == sequence and fits and not answered.done():
                    body = bytes(framer.frame[wire.HEAD : wire.HEAD + framer.length])
                    answered.set_result((framer.kind, body, received_us))
