"""Requests and answers over a port that a test plays: what is answered, late, twice, by another, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacerail.link import Link, NoAnswer, OnBytes, Refused
from pacerail_node import messages, wire

Reply = Callable[[wire.Framer], list[tuple[int, int, bytes]]]
"""From a request to answers (sequence, type, payload)."""


class FakePort:
    """Answers each request at once with what `reply` says; counts them."""

    def __init__(self, reply: Reply, key: bytes | None = None) -> None:
        self.requests: list[tuple[int, int, bytes]] = []
        self.bytes_out = self.bytes_back = 0
        self._reply = reply
        self._reader = wire.Framer(key)
        self._writer = wire.Framer(key)
        self._on_bytes: OnBytes = lambda data, now_us: None

    def listen(self, on_bytes: OnBytes) -> None:
        self._on_bytes = on_bytes

    def hear(self, data: bytes) -> None:
        self._on_bytes(data, 3000)

    def write(self, data: bytes) -> int:
        self.bytes_out = len(data)
        at = 0
        while at < len(data):
            at = self._reader.accept(data, at, len(data))
            if self._reader.ready:
                payload = bytes(self._reader.frame[wire.HEAD : wire.HEAD + self._reader.length])
                self.requests.append((self._reader.sequence, self._reader.kind, payload))
                for sequence, kind, body in self._reply(self._reader):
                    self._writer.body[wire.HEAD : wire.HEAD + len(body)] = body
                    length = self._writer.pack(wire.HOST, 1, sequence, kind, len(body))
                    chunk = bytes(self._writer.out[:length])
                    self.bytes_back = len(chunk)
                    asyncio.get_running_loop().call_soon(self._on_bytes, chunk, 2000 + len(self.requests))
        return 1000 + len(self.requests)

    def close(self) -> None:
        pass


def ask(reply: Reply, **options: float) -> tuple[FakePort, object]:
    """One request of type SYNC; the answer, or the error raised."""
    port = FakePort(reply)

    async def request() -> object:
        try:
            return await Link(port).request(messages.SYNC, b"abc", timeout_s=0.01, **options)  # type: ignore[arg-type]
        except (NoAnswer, Refused) as error:
            return error

    return port, asyncio.run(request())


def test_an_answer_comes_with_both_times() -> None:
    port, answer = ask(lambda f: [(f.sequence, f.kind | messages.REPLY, b"xyz")])
    assert port.requests == [(1, messages.SYNC, b"abc")]
    assert (answer.payload, answer.sent_us, answer.received_us, answer.tries) == (b"xyz", 1001, 2001, 1)  # type: ignore[attr-defined]


def test_a_cancel_that_meets_the_answer_is_not_lost() -> None:
    """Who looks after a board is cancelled when a race is over: if it went on, the race would never end."""
    port = FakePort(lambda f: [])
    link = Link(port)
    went_on: list[object] = []

    async def asks() -> None:
        went_on.append(await link.request(messages.SYNC))

    async def both_at_once() -> None:
        task = asyncio.ensure_future(asks())
        await asyncio.sleep(0)
        writer = wire.Framer()
        length = writer.pack(wire.HOST, 1, port.requests[0][0], messages.SYNC | messages.REPLY, 0)
        port.hear(bytes(writer.out[:length]))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(both_at_once())
    assert went_on == []


def test_a_lost_request_goes_out_again_with_its_number() -> None:
    asked: list[int] = []

    def second_time(f: wire.Framer) -> list[tuple[int, int, bytes]]:
        asked.append(f.sequence)
        return [(f.sequence, f.kind | messages.REPLY, b"")] if len(asked) == 2 else []

    port, answer = ask(second_time)
    assert [request[0] for request in port.requests] == [1, 1]
    assert answer.tries == 2  # type: ignore[attr-defined]


def test_silence_is_no_answer_after_the_last_try() -> None:
    port, error = ask(lambda f: [], tries=3)
    assert isinstance(error, NoAnswer)
    assert len(port.requests) == 3


def test_answers_to_other_questions_are_none() -> None:
    """Another sequence number, another type."""
    _port, error = ask(
        lambda f: [(f.sequence + 1, f.kind | messages.REPLY, b""), (f.sequence, messages.HELLO | messages.REPLY, b"")],
        tries=1,
    )
    assert isinstance(error, NoAnswer)


def test_a_refusal_carries_its_words() -> None:
    _, error = ask(lambda f: [(f.sequence, messages.REFUSED, bytes([messages.WRONG_STATE]) + b"not armed")])
    assert isinstance(error, Refused)
    assert (error.code, str(error)) == (messages.WRONG_STATE, "not armed")


def test_a_port_that_has_gone_is_no_answer() -> None:
    class Gone(FakePort):
        def write(self, data: bytes) -> int:
            raise OSError("unplugged")

    async def request() -> None:
        await Link(Gone(lambda f: [])).request(messages.HELLO)

    with pytest.raises(NoAnswer, match="is it plugged in"):
        asyncio.run(request())


def test_requests_wait_for_their_turn() -> None:
    """Ten at once over one port: each gets its own answer."""
    port = FakePort(lambda f: [(f.sequence, f.kind | messages.REPLY, bytes([f.sequence]))])

    async def all_at_once() -> list[bytes]:
        link = Link(port)
        return [a.payload for a in await asyncio.gather(*(link.request(messages.STATUS) for _ in range(10)))]

    assert asyncio.run(all_at_once()) == [bytes([k]) for k in range(1, 11)]


@given(
    st.binary(max_size=wire.MAX_PAYLOAD),
    st.binary(max_size=wire.MAX_PAYLOAD),
    st.sampled_from([9600, 115_200, 250_000, 1_000_000]),
    st.sampled_from([None, bytes(range(32))]),
)
def test_times_are_those_at_the_far_end_of_the_wire(asked: bytes, said: bytes, baud: int, key: bytes | None) -> None:
    """Moved by what the bytes take, whatever is in them: by 1.5 % less or 3 bytes at the most, and never by more."""
    port = FakePort(lambda f: [(f.sequence, f.kind | messages.REPLY, said)], key)

    async def request() -> tuple[int, int]:
        answer = await Link(port, key, byte_ns=10_000_000_000 // baud).request(messages.STATUS, asked)
        return answer.sent_us, answer.received_us

    sent_us, received_us = asyncio.run(request())
    byte_us = 1e7 / baud
    for moved_us, count in ((sent_us - 1001, port.bytes_out), (2001 - received_us, port.bytes_back)):
        assert 0.985 * (count - 3) * byte_us - 1 <= moved_us <= count * byte_us


def test_times_are_left_alone_where_the_wire_is_not_known() -> None:
    _, answer = ask(lambda f: [(f.sequence, f.kind | messages.REPLY, b"xyz")])
    assert (answer.sent_us, answer.received_us) == (1001, 2001)  # type: ignore[attr-defined]
