"""Viewers that misbehave or are many, a broker, and whether what the page shows is what is lit at that moment."""

from __future__ import annotations

import asyncio
import functools
import json
import socket
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pacerail.bench.night import BenchNight, bench_night
from pacerail.bench.run import Settings
from pacerail.console import sockets
from pacerail.console.mqtt import parse_broker, publish
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.preview import Preview
from tests.rail.consoleviewer import PLAN, RAIL, SHORT, Door, played


@pytest.fixture
def short(tmp_path: Path) -> Path:
    path = tmp_path / "short.toml"
    path.write_text(SHORT)
    return path


def test_a_viewer_that_takes_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "DROP_S", 1.0)
    big = even_rail(boards=2, leds=2000)

    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        stalled = socket.socket()
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(("127.0.0.1", door.access.port))
        here = f"127.0.0.1:{door.access.port}"
        stalled.sendall(
            f"GET /ws HTTP/1.1\r\nHost: {here}\r\nOrigin: http://{here}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
        )
        await ana.until(lambda v: v.state is not None and v.state["viewers"] == 2)
        assert await ana.ask("take") is None
        # the whole rail changes with every frame: what is not taken piles up
        assert await ana.ask("show", name="clap-along", seconds=60) is None
        await ana.until(lambda v: v.state is not None and v.state["viewers"] == 1)
        pictures = ana.pictures
        await ana.until(lambda v: v.pictures > pictures + 3)
        stalled.close()

    played(scenario, Settings(speed=1.0), rail=big)


@pytest.mark.parametrize("speed", [1.0, 20.0])
def test_what_the_page_is_shown_is_what_the_plan_has_at_that_moment(tmp_path: Path, speed: float) -> None:
    """Caught up as the desk does, the light is that of now, less than a frame of the LEDs' wire old."""
    path = tmp_path / "p.toml"
    path.write_text(PLAN)
    plan = load_plan(path, RAIL.track)
    preview = Preview(RAIL)
    apart_s: list[float] = []

    # time passes as fast as it can, in the steps that the desk takes at this speed
    with bench_night(RAIL, Settings(speed=None, ppm=40), lambda name: plan) as (bench, loop):

        async def whole() -> None:
            await bench.run_by_itself("p")
            race = bench.night.race
            assert race is not None
            while (race.race_s() or -1.0) < 3:
                await asyncio.sleep(speed / 30)
            for _ in range(40):
                await asyncio.sleep(speed / 30)
                bench.catch_up()
                shown = np.concatenate([np.frombuffer(row, dtype=np.uint8) for row in bench.rows()]).astype(int)
                now_s = race.race_s() or 0.0
                off = []
                for age_ms in range(8):
                    picture = preview.picture(plan, now_s - age_ms / 1000)
                    wanted = np.concatenate([picture[places].ravel() for places in preview.boards])
                    off.append(int(np.abs(shown - wanted).max()))
                apart_s.append(int(np.argmin(off)) / 1000)
                assert min(off) <= 4, off
            await bench.close()

        loop.run_until_complete(whole())
    assert max(apart_s) <= 0.006


class Broker:
    """As much of an MQTT 3.1.1 broker as one publisher needs: it notes what is published."""

    def __init__(self) -> None:
        self.published: list[tuple[str, bytes]] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        try:
            link, _ = self._server.accept()
        except OSError:
            return
        with link, link.makefile("rb") as reader:
            while head := reader.read(1):
                length = shift = 0
                while True:
                    byte = reader.read(1)[0]
                    length |= (byte & 127) << shift
                    shift += 7
                    if byte < 128:
                        break
                body = reader.read(length)
                if head[0] >> 4 == 1:
                    link.sendall(b"\x20\x02\x00\x00")
                elif head[0] >> 4 == 3:
                    size = int.from_bytes(body[:2], "big")
                    self.published.append((body[2 : 2 + size].decode(), body[2 + size :]))


def test_the_feed_is_published_to_a_broker(short: Path) -> None:
    broker = Broker()
    wanted = parse_broker(f"mqtt://127.0.0.1:{broker.port}", "stadium/pace")

    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        await ana.phase("finished")
        await ana.until(lambda v: len(broker.published) > 3 and b'"finished"' in broker.published[-1][1])
        await ana.until(lambda v: v.said("MQTT: stadium/pace is published to 127.0.0.1"))

    played(scenario, Settings(speed=10.0), by_itself=short, beside=(functools.partial(publish, broker=wanted),))
    broker.close()
    assert {topic for topic, _ in broker.published} == {"stadium/pace"}
    told = [json.loads(body) for _, body in broker.published]
    assert all(one["format"] == "pacerail-feed/1" for one in told)


def test_a_broker_that_is_away_holds_nothing_up(short: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    wanted = parse_broker(f"mqtt://127.0.0.1:{port}")

    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        await ana.phase("finished")
        await ana.until(lambda v: v.said("cannot be reached: Connection refused; it is tried again"))

    beside = (functools.partial(publish, broker=wanted),)
    _, reports = played(scenario, replace(Settings(), speed=20.0), by_itself=short, beside=beside)
    assert reports[0].failures == ()
