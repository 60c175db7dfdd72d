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
    "url",
    [
        *("broker", "http://broker", "mqtt://", "mqtt://b/topic", "mqtt://b:x", "mqtt://[", "mqtt:b", "mqtt://b:0"),
        *("mqtt://b?x", "mqtt://b#x", "mqtt://b:\udcff@c"),
    ],
)
def test_a_broker_that_is_none(url: str) -> None:
    with pytest.raises(InputError, match=r"^--mqtt: no broker's address; expected mqtt://HOST"):
        parse_broker(url)


@pytest.mark.parametrize("host", ["a..b", ".a", "..", "x" * 64 + ".example", "a b"])
def test_a_host_that_no_name_can_be_is_refused_before_anything_runs(host: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_broker(f"mqtt://u:secret@{host}:1883")
    (line,) = refused.value.messages
    assert line == f'--mqtt: "{host}" cannot be a host\'s name; expected one such as broker.example'


@pytest.mark.parametrize(
    "url",
    [
        *("http://u:{}@b", "mqtt://u:{}@b:x", "mqtt://u:{}@b/topic", "mqtt://u:{}@[", "mqtt://u:{}@", "mqtt://u:{}"),
        *("mqtt://u:{}/d@h", "mqtt://u:{}?d@h", "mqtt://u:{}#d@h", "mqtt://u:a@{}..c/d@h", "mqtt:/u:{}@b", "u:{}@b"),
        *("mqtt://u:{}@a..b", "mqtt://u:{}@b:0", "mqtt://u:a@{}..c@b:99999", "mqtt://u:{}\x07@b"),
    ],
)
def test_no_message_holds_a_password(url: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_broker(url.format("s3cret"))
    assert "s3cret" not in str(refused.value.messages) and len(refused.value.messages) == 1
    assert "s3cret" not in repr(parse_broker("mqtt://u:s3cret@b"))


@pytest.mark.parametrize("url", ["mqtt://[::1]:5", "mqtt://bücher.example", "mqtt://b.local.", "mqtt://_b-1"])
def test_hosts_that_may_be(url: str) -> None:
    assert parse_broker(url).host in url


def test_brokers() -> None:
    broker = parse_broker("mqtts://a%40b:c@tv.example", "track/1", 1.0)
    assert (broker.host, broker.port, broker.tls, broker.user, broker.password) == (
        "tv.example",
        8883,
        True,
        "a@b",
        "c",
    )
    for topic in ("a/#", "a\nb", "\udcff", ""):
        with pytest.raises(InputError, match="--mqtt-topic"):
            parse_broker("mqtt://b", topic)


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
