"""What is a broker, and what the log says of one, and how often."""

from __future__ import annotations

import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacerail.console.mqtt import Standing, parse_broker, why_not
from pacerail.errors import InputError


@pytest.mark.parametrize(
    "url", ["broker", "http://broker", "mqtt://", "mqtt://b/topic", "mqtt://b:x", "mqtt://[", "mqtt:b"]
)
def test_a_broker_that_is_none(url: str) -> None:
    with pytest.raises(InputError):
        parse_broker(url)


def test_brokers() -> None:
    broker = parse_broker("mqtts://a%40b:c@tv.example", "track/1", 1.0)
    assert (broker.host, broker.port, broker.tls, broker.user, broker.password) == (
        "tv.example",
        8883,
        True,
        "a@b",
        "c",
    )
    with pytest.raises(InputError):
        parse_broker("mqtt://b", "a/#")


def test_a_line_for_each_change() -> None:
    standing = Standing()
    assert standing.line(0.0) is None
    standing.put("b cannot be reached: no answer", "warn")
    assert standing.line(0.0) == ("MQTT: b cannot be reached: no answer", "warn")
    for k in range(100):
        standing.put("b cannot be reached: no answer", "warn")
        assert standing.line(k) is None
    standing.put("b refused: Not authorized", "warn")
    assert standing.line(101.0) == ("MQTT: b refused: Not authorized", "warn")
    standing.put("x is published to b", "info")
    assert standing.line(102.0) == ("MQTT: x is published to b", "info")
    assert standing.line(103.0) is None


@given(st.lists(st.tuples(st.floats(0, 5), st.booleans()), max_size=200))
def test_a_broker_that_comes_and_goes_fills_no_log(steps: list[tuple[float, bool]]) -> None:
    standing, now_s, said = Standing(), 0.0, list[str]()
    for step_s, there in steps:
        now_s += step_s
        standing.put("there" if there else "lost", "info")
        line = standing.line(now_s)
        if line is not None:
            assert line[0] == f"MQTT: {'there' if there else 'lost'}" and (not said or said[-1] != line[0])
            said.append(line[0])
    assert len(said) <= 10 + now_s * 0.05 + 1
    # and what it came to is told in the end
    last = standing.line(now_s + 1000) or (said[-1] if said else None,)
    assert last[0] == (f"MQTT: {'there' if steps[-1][1] else 'lost'}" if steps else None)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
        (socket.gaierror(-2, "Name or service not known"), "no such name"),
        (TimeoutError("timed out"), "no answer"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "no TLS"),
    ],
)
def test_why_it_cannot_be_reached(error: OSError, words: str) -> None:
    assert words in why_not(error)
