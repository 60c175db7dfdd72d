"""The feed for a broker: the same object as /feed, published to one topic. Needs the extra `pacerail[mqtt]`."""

from __future__ import annotations

import asyncio
import importlib.util
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from pacerail.console.hub import Hub
from pacerail.errors import InputError

TOPIC = "pacerail"
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_KEEP_ALIVE_S = 20


@dataclass(frozen=True)
class Broker:
    """Where to publish, and how often at most."""

    host: str
    port: int
    topic: str
    hz: float
    tls: bool = False
    user: str | None = None
    password: str | None = None


def parse_broker(url: str, topic: str = TOPIC, hz: float = 10.0) -> Broker:
    """The broker of "mqtt://[user:password@]host[:port]", or mqtts://. Raises InputError for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise InputError(f"--mqtt {url}: expected mqtt://HOST, mqtt://USER:PASSWORD@HOST:PORT, or mqtts:// for TLS")
    if not topic or len(topic) > 200 or any(sign in topic for sign in "+#\0"):
        raise InputError(f"--mqtt-topic {topic}: expected a topic to publish to, without + and #")
    if importlib.util.find_spec("paho") is None:
        raise InputError("--mqtt needs a library that is not installed; expected: pip install 'pacerail[mqtt]'")
    user = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else unquote(parts.password)
    return Broker(parts.hostname, port or _PORTS[parts.scheme], topic, hz, parts.scheme == "mqtts", user, password)


async def publish(hub: Hub, broker: Broker) -> None:
    """Publish the feed until cancelled. A broker that is away misses what is said meanwhile, and is tried again."""
    client = _client(broker, hub)
    wake = asyncio.Event()
    hub.feed_wakes.add(wake.set)
    next_s = 0.0
    try:
        client.connect_async(broker.host, broker.port, _KEEP_ALIVE_S)
        client.loop_start()
        while True:
            await wake.wait()
            wake.clear()
            now_s = time.monotonic()
            if hub.feed is not None and now_s >= next_s and client.is_connected():
                next_s = now_s + 0.9 / broker.hz
                client.publish(broker.topic, hub.feed, qos=0)
    finally:
        hub.feed_wakes.discard(wake.set)
        client.disconnect()
        client.loop_stop()


def _client(broker: Broker, hub: Hub) -> Any:
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    loop = asyncio.get_running_loop()
    where = f"{broker.host}:{broker.port}"

    def on_connect(*args: Any) -> None:
        refused = args[3].is_failure
        words = f"MQTT: {where} refused: {args[3]}" if refused else f"MQTT: {broker.topic} is published to {where}"
        loop.call_soon_threadsafe(hub.note, words)

    def on_connect_fail(*args: Any) -> None:
        loop.call_soon_threadsafe(hub.note, f"MQTT: {where} is not there; it is tried again")
        client.on_connect_fail = None  # said once

    client: Any = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_connect = on_connect
    client.on_connect_fail = on_connect_fail
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    if broker.tls:
        client.tls_set()
    return client
