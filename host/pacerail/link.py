"""Requests and answers over one port: frames, sequence numbers, timeouts and retries.

A port is anything that takes bytes and gives bytes with the host time at which they came (`SerialPort` in `ports`, the
simulated link in `bench`). One request is under way at a time, so that it works on a shared RS-485 pair too.

Times of a request and its answer. The port stamps a request just before the first byte is handed over, an answer when
its last byte is there. On a UART, and on RS-485 behind one, each byte takes ten bits at the baud: 2.4 ms for the answer
to a clock exchange at 115200, and 1.0 ms for its request. Half the difference would be an error of the clock that no
estimator can see, so where the baud is known (`byte_ns`) an `Answer` has both times moved to the board's end of the
wire: `sent_us` is when the request's last byte can have been there at the earliest, and `received_us` when the answer's
first byte must have left it. Half a percent of it is left out, since two bauds are never quite alike: a time moved too
far would be before its cause.
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

_LEAST_FRAME = wire.HEAD + 4 + 3  # a frame without its payload: head, checksum, two delimiters, one byte of stuffing
_TRAILER = 16  # counter and tag of a signed one
_BAUDS_AGREE = 995  # thousandths: a bridge's baud and a board's are both a divided clock


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
    """What came back: the payload, host times in us of request and answer, and how often it had to be asked.

    The times are those at the board's end of the wire, where the host knows how long bytes take on it.
    """

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
    """One port's requests. `byte_ns` is what a byte takes on the wire; 0 where that is unknown, or next to nothing.

    It is asked again and again where it is a function: a port that is plugged in later tells it then.
    """

    def __init__(
        self, port: Port, key: bytes | None = None, counter: int = 0, byte_ns: int | Callable[[], int] = 0
    ) -> None:
        self._port = port
        self._byte_ns = byte_ns if callable(byte_ns) else lambda: byte_ns
        self._framer = wire.Framer(key, counter)
        self._sender = wire.Framer(key, counter)
        self._sequence = 0
        self._turn = asyncio.Lock()
        self._overhead = _LEAST_FRAME + (_TRAILER if key is not None else 0)
        self._waiting: tuple[int, int, asyncio.Future[tuple[int, bytes, int]]] | None = None
        port.listen(self._take)

    @property
    def byte_ns(self) -> int:
        """What a byte takes on the wire; 0 where that is unknown, or next to nothing."""
        return self._byte_ns()

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
                    sent_us, request_bytes = self._send(to, self._sequence, kind, payload)
                    async with asyncio.timeout(timeout_s):  # wait_for (3.11) loses a cancel that meets the answer
                        got, body, received_us = await answered
                except TimeoutError:
                    continue
                except OSError as error:
                    raise NoAnswer(f"the port takes nothing ({error}): is it plugged in, does it run?") from error
                finally:
                    self._waiting = None
                if got == messages.REFUSED:
                    raise Refused(body[0] if body else 0, body[1:].decode(errors="replace"))
                there_us = sent_us + self._least_us(request_bytes)
                left_us = received_us - self._least_us(len(body) + self._overhead)
                return Answer(body, there_us, left_us, attempt)
        raise NoAnswer(f"no answer in {tries} tries of {timeout_s:g} s")

    def _send(self, to: int, sequence: int, kind: int, payload: bytes) -> tuple[int, int]:
        sender = self._sender
        sender.body[wire.HEAD : wire.HEAD + len(payload)] = payload
        length = sender.pack(to, wire.HOST, sequence, kind, len(payload))
        return self._port.write(bytes(sender.out[:length])), length

    def _least_us(self, count: int) -> int:
        """What so many bytes take on the wire at least."""
        return count * self._byte_ns() * _BAUDS_AGREE // 1_000_000

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
