"""The console on a network: headers on everything, methods that are none, crowds that look, tunnels, and idle lines."""

from __future__ import annotations

import asyncio
import contextlib
import json
import select
import socket
from pathlib import Path

import aiohttp
import pytest

from pacerail.bench.night import BenchNight
from pacerail.console import server
from pacerail.console.access import Access
from pacerail.console.places import MOST_FEEDS, MOST_LOOKERS
from tests.rail.consoleviewer import FAST, PLAN, Door, make_ready, played

TOKENS = Access("127.0.0.1", 0, "c" * 32, "v" * 32)
POLICY = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "p.toml"
    path.write_text(PLAN)
    return path


@pytest.fixture
def crowds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowd comes from many addresses; here all have one."""
    monkeypatch.setattr("pacerail.console.places._JOINS_AT_ONCE", 1000)


def test_every_answer_has_the_headers_and_only_reading_is_known() -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        paths = [
            "/",
            "/overlay",
            "/nothing",
            "/report.json",
            "/export.csv",
            "/sheet",
            "/events",
            "/feed",
            "/ws",
            "/../x",
        ]
        for path in paths:
            async with door.session.get(door.url(path)) as answer:
                assert all(name in answer.headers for name in POLICY), path
                assert (
                    answer.headers["Cache-Control"] == "no-store"
                    and answer.headers["X-Content-Type-Options"] == "nosniff"
                )
                assert "Access-Control-Allow-Origin" not in answer.headers
                if path == "/events":
                    assert answer.status == 200 and answer.content_type == "text/event-stream"
                    line = await answer.content.readline()
                    assert json.loads(line[6:])["format"] == "pacerail-feed/1"
        # what is no WebSocket asks for one, or is a page of nobody
        for path, status in (("/feed", 400), ("/ws", 403)):
            async with door.session.get(door.url(path)) as answer:
                assert answer.status == status
        for path in paths[:-1]:
            for method in ("OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE"):
                async with door.session.request(method, door.url(path), data=b"x" * 10_000) as answer:
                    assert answer.status in (404, 405), (method, path)
                    assert POLICY[0] in answer.headers and "Access-Control-Allow-Methods" not in answer.headers
            async with door.session.head(door.url(path)) as answer:
                endless = path in ("/events", "/feed", "/ws")
                assert answer.status in ((404, 405) if endless else (200, 404)), path
        async with door.session.options(door.url("/"), headers={"Host": "evil.example"}) as answer:
            assert answer.status == 421 and POLICY[0] in answer.headers

    played(scenario, FAST)


def test_a_tunnel_from_another_port_and_a_name_that_was_rebound(plan: Path) -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        async def status(host: str, origin: str | None = None, path: str = "/") -> int:
            headers = {"Host": host} | ({} if origin is None else {"Origin": origin})
            async with door.session.get(door.url(path), headers=headers) as answer:
                return answer.status

        assert await status("127.0.0.1:9000") == await status("localhost:1") == await status("[::1]:9000") == 200
        assert await status("rebound.example:9000") == await status(f"rebound.example:{door.access.port}") == 421
        headers = {"Host": "localhost:9000", "Origin": "http://localhost:9000"}
        async with door.session.ws_connect(door.url("/ws"), headers=headers) as ws:
            assert json.loads((await ws.receive()).data)["type"] == "hello"
        for host, origin in (
            ("localhost:9000", "http://localhost:9001"),
            ("localhost:9000", "http://127.0.0.1:9000"),
            ("rebound.example:9000", "http://rebound.example:9000"),
        ):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await door.session.ws_connect(door.url("/ws"), headers={"Host": host, "Origin": origin})
            assert refused.value.status in (403, 421)

    played(scenario, FAST)


def test_a_crowd_that_looks_leaves_places_for_who_may_be_in_control(plan: Path, crowds: None) -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        looking = [await door.view("v" * 32, read=False) for _ in range(MOST_LOOKERS)]
        for _ in range(20):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await door.view("v" * 32)
            assert refused.value.status == 503
        ana, ben = await door.view("c" * 32), await door.view("c" * 32)
        await make_ready(ana, plan)
        await ben.until(lambda v: v.said("was refused /ws: too many viewers"))
        assert len([event for event in ben.events if "too many viewers" in event["words"]]) <= 12
        assert all(event["level"] == "warn" for event in ben.events if "too many viewers" in event["words"])
        await looking[0].ws.close()
        await ana.until(lambda v: v.state is not None and v.state["viewers"] == MOST_LOOKERS + 1)
        assert (await door.view("v" * 32)).hello["role"] == "view"
        for one in looking[1:]:
            await one.ws.close()

    played(scenario, FAST, access=TOKENS)


def test_feeds_are_limited_and_cost_pages_nothing() -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(door.session.close)
            streams = [
                await stack.enter_async_context(door.session.get(door.url("/events"))) for _ in range(MOST_FEEDS // 2)
            ]
            assert all(stream.status == 200 for stream in streams)
            left = MOST_FEEDS - len(streams)
            feeds = [await door.session.ws_connect(door.url("/feed")) for _ in range(left)]
            assert not any(feed.closed for feed in feeds)
            async with aiohttp.ClientSession() as other:
                for _ in range(20):
                    async with other.get(door.url("/events")) as one_more:
                        assert one_more.status == 503 and one_more.headers["Retry-After"]
                with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                    await other.ws_connect(door.url("/feed"))
                assert refused.value.status == 503
                await ana.until(lambda v: v.said("was refused /events: too many feeds"))
                assert len([event for event in ana.events if "too many feeds" in event["words"]]) <= 12
                async with asyncio.timeout(20):  # one that has gone gives its place back
                    streams[0].close()
                    while True:
                        async with other.get(door.url("/events")) as stream:
                            if stream.status == 200:
                                break
                        await asyncio.sleep(0.05)

    played(scenario, FAST)


def test_coming_again_and_again_over_the_view_link_fills_no_log(plan: Path) -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view("c" * 32)
        await make_ready(ana, plan)
        before = len(bench.night.events)
        came = refused = 0
        for k in range(150):
            try:
                ws = await door.session.ws_connect(
                    door.url("/ws", "v" * 32), headers={"Origin": f"http://127.0.0.1:{door.access.port}"}
                )
            except aiohttp.WSServerHandshakeError as error:
                assert error.status == 503
                refused += 1
                continue
            came += 1
            await ws.send_str(json.dumps({"type": "name", "id": 1, "name": f"Ana {k}"}))
            await ws.send_str(json.dumps({"type": "order", "id": 2, "order": "stop"}))
            await ws.send_str("nonsense")
            await ws.close()
        assert came >= 20 and refused >= 20
        assert await ana.ask("order", order="arm") is None  # who is in control notices nothing
        assert len(bench.night.events) - before < 45
        assert (await door.view("c" * 32)).hello["role"] == "control"

    played(scenario, FAST, access=TOKENS)


def test_documents_are_not_asked_for_without_end(plan: Path) -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        await make_ready(ana, plan)
        stati: list[int] = []
        for path in ("/sheet", "/export.csv", "/report.json", "/export.json") * 40:
            async with door.session.get(door.url(path)) as answer:
                stati.append(answer.status)
        assert stati[:4] == [200, 200, 404, 200] and stati.count(503) > 60

    played(scenario, FAST)


def test_idle_lines_take_no_more_than_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 20)

    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        lines = [socket.create_connection(("127.0.0.1", door.access.port)) for _ in range(200)]
        async with asyncio.timeout(20):  # those that are taken together count together: a hundred more at most
            while len(select.select(lines, [], [], 0)[0]) < 80:
                await asyncio.sleep(0.05)
        assert await ana.ask("take") is None  # who is there stays
        for line in lines:
            line.close()
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    await door.view()
                    break
                await asyncio.sleep(0.05)

    played(scenario, FAST)


def test_what_is_no_request_prints_nothing_and_is_no_fault(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    hello = bytes.fromhex("1603010200010001fc0303")  # as a browser begins that was told https

    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        for data in (
            hello + bytes(500),
            b"BREW / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/9\r\n\r\n",
            b"\x00" * 9000,
            b"GET /" * 9000,
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", door.access.port)
            writer.write(data)
            writer.write_eof()
            with contextlib.suppress(ConnectionError):
                async with asyncio.timeout(10):
                    await reader.read()
            writer.close()
        assert await ana.ask("take") is None
        assert not ana.said("FAULT")

    played(scenario, FAST)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "") and not caplog.records
