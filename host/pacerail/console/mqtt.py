"""The feed for a broker: the same object as /feed, published to one topic. Needs the extra `pacerail[mqtt]`."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from pacerail.console.allowance import Allowance
from pacerail.console.hub import Hub
from pacerail.errors import InputError
from pacerail.race.state import Level

TOPIC = "pacerail"
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_KEEP_ALIVE_S = 20
_RETRY_MOST_S = 10
_LINES_AT_ONCE, _LINES_A_SECOND = 10, 0.05  # of a broker that comes and goes


@dataclass(frozen=True)
class Broker:
    """Where to publish, and how often at most."""

    host: str
    port: int
    topic: str
    hz: float
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def parse_broker(url: str, topic: str = TOPIC, hz: float = 10.0) -> Broker:
    """The broker of "mqtt://[user:password@]host[:port]", or mqtts://. Raises InputError for what is none.

    What it raises holds no part of the URL but a host's name: a password may be anywhere in one that has a slip in it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    more = parts.path not in ("", "/") or parts.query or parts.fragment
    if parts.scheme not in _PORTS or not parts.hostname or port == 0 or more or not url.isprintable():
        raise InputError(
            "--mqtt: no broker's address; expected mqtt://HOST, mqtt://USER:PASSWORD@HOST:PORT, or mqtts://"
        )
    if not _is_name(parts.hostname):
        raise InputError(f'--mqtt: "{parts.hostname}" cannot be a host\'s name; expected one such as broker.example')
    if not topic or len(topic) > 200 or any(sign in topic for sign in "+#") or not topic.isprintable():
        raise InputError(f"--mqtt-topic {topic!a}: expected a topic to publish to, in one line, without + and #")
    if importlib.util.find_spec("paho") is None:
        raise InputError("--mqtt needs a library that is not installed; expected: pip install 'pacerail[mqtt]'")
    user = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else unquote(parts.password)
    return Broker(parts.hostname, port or _PORTS[parts.scheme], topic, hz, parts.scheme == "mqtts", user, password)


def _is_name(host: str) -> bool:
    """Whether a name can be looked up at all: sockets put it into IDNA (RFC 3490), or raise UnicodeError."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return not any(sign.isspace() for sign in host)


async def publish(hub: Hub, broker: Broker) -> None:
    """Publish the feed until cancelled. A broker that is away misses what is said meanwhile, and is tried again."""
    wake = asyncio.Event()
    standing = Standing()
    client = _client(broker, standing)
    hub.feed_wakes.add(wake.set)
    next_s = 0.0
    try:
        client.connect_async(broker.host, broker.port, _KEEP_ALIVE_S)
        client.loop_start()
        while True:
            await wake.wait()
            wake.clear()
            now_s = time.monotonic()
            line = standing.line(now_s)
            if line is not None:
                hub.note(*line)
            if hub.feed is not None and now_s >= next_s and client.is_connected():
                next_s = now_s + 0.9 / broker.hz
                client.publish(broker.topic, hub.feed, qos=0)
    finally:
        hub.feed_wakes.discard(wake.set)
        client.disconnect()
        # beside: its thread may be waiting for a broker that does not answer
        threading.Thread(target=client.loop_stop, name="mqtt-ends", daemon=True).start()


class Standing:
    """How it stands with a broker, for the log: a line for each change, and few of a broker that comes and goes."""

    def __init__(self) -> None:
        self._now: tuple[str, Level] | None = None
        self._told: tuple[str, Level] | None = None
        self._allowance = Allowance(_LINES_AT_ONCE, _LINES_A_SECOND)

    def put(self, words: str, level: Level) -> None:
        """It stands so now. May be called from any thread."""
        self._now = f"MQTT: {words}", level

    def line(self, now_s: float) -> tuple[str, Level] | None:
        """What is to be said of it now, if it has changed since the last line."""
        now = self._now
        if now is None or now == self._told or not self._allowance.take(now_s):
            return None
        self._told = now
        return now


def why_not(error: OSError) -> str:
    """Why a broker cannot be reached, in plain words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS: {error.strerror or error}; is it mqtt:// without s, or another port?"
    if isinstance(error, socket.gaierror):
        return "no such name"
    if isinstance(error, TimeoutError):
        return "no answer"
    return str(error.strerror or error)


def _client(broker: Broker, standing: Standing) -> Any:
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    where = f"{broker.host}:{broker.port}"

    class Client(paho.Client):
        """Says why it cannot connect: paho's own callback does not."""

        def reconnect(self) -> Any:
            try:
                return super().reconnect()
            except OSError as error:
                standing.put(f"{where} cannot be reached: {why_not(error)}; it is tried again", "warn")
                raise

    def on_connect(*args: Any) -> None:
        if args[3].is_failure:
            standing.put(f"{where} refused: {args[3]}; it is tried again", "warn")
        else:
            standing.put(f"{broker.topic} is published to {where}", "info")
            connected.set()

    def on_disconnect(*args: Any) -> None:
        if connected.is_set():
            connected.clear()
            standing.put(f"the connection to {where} was lost; it is tried again", "warn")

    connected = threading.Event()
    client: Any = Client(CallbackAPIVersion.VERSION2)
    client.on_connect = on_connect
    client.on_disconnect = on_disconnect
    client.reconnect_delay_set(1, _RETRY_MOST_S)
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    if broker.tls:
        client.tls_set()
    return client
