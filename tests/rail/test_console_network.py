"""The console on a network: headers on everything, methods that are none, crowds that look, tunnels, and idle lines."""

from __future__ import annotations

import asyncio
import contextlib
import json
import select
import socket
import time
from pathlib import Path

import aiohttp
import pytest

from pacerail.bench.night import BenchNight
from pacerail.console.access import Access
from pacerail.console.connections import Connections, Limits
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


def gone(lines: list[socket.socket]) -> int:
    """How many of these lines the server has broken off."""
    return len(select.select(lines, [], [], 0)[0])


def test_idle_lines_take_no_more_than_their_share() -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        lines = [socket.create_connection(("127.0.0.1", door.access.port)) for _ in range(200)]
        async with asyncio.timeout(20):
            while gone(lines) < 200 - 20:
                await asyncio.sleep(0.05)
        assert await ana.ask("take") is None  # who is there stays
        await ana.until(lambda v: v.said("somebody at 127.0.0.1 was turned away: there are 20 connections"))
        assert len([event for event in ana.events if "turned away" in event["words"]]) <= 4
        for line in lines:
            line.close()
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    await door.view()
                    break
                await asyncio.sleep(0.05)

    played(scenario, FAST, limits=Limits(connections=20, idle_s=1000.0))


def test_idle_lines_make_room_by_themselves_and_those_that_are_served_stay() -> None:
    """Every place is taken by lines that ask for nothing, or for half of something: a page can come all the same."""
    beginnings = (b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET")

    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        stream = await door.session.get(door.url("/events"))
        feed = await door.session.ws_connect(door.url("/feed"))
        lines = [socket.create_connection(("127.0.0.1", door.access.port)) for _ in range(40)]
        for k, line in enumerate(lines):
            with contextlib.suppress(ConnectionError):  # turned away
                line.sendall(beginnings[k % len(beginnings)])
        async with asyncio.timeout(20):
            ben = None
            while ben is None:
                with contextlib.suppress(aiohttp.ClientError):
                    ben = await door.view()
                await asyncio.sleep(0.05)
            ended: set[socket.socket] = set()
            while len(ended) < len(lines):
                for line in select.select([line for line in lines if line not in ended], [], [], 0)[0]:
                    with contextlib.suppress(ConnectionError):
                        if line.recv(65536):
                            continue
                    ended.add(line)
                await asyncio.sleep(0.05)
        assert await ana.ask("take") is None and await ben.ask("name", name="Ben") is None
        seen: list[dict[str, object]] = []
        for _ in range(3):
            seen.append(json.loads((await feed.receive()).data))
            seen.append(json.loads((await stream.content.readuntil(b"\n\n"))[6:]))
        assert all(told["format"] == "pacerail-feed/1" for told in seen)
        for line in lines:
            line.close()

    played(scenario, FAST, limits=Limits(connections=20, idle_s=1.5))


def test_an_answer_that_nobody_takes_is_not_kept_for_ever() -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", door.access.port))
        line.setblocking(False)
        asked = b"GET /uplot.esm.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 50
        ended, begun_s = False, time.monotonic()
        async with asyncio.timeout(20):
            while not ended:  # it asks again and again, and reads nothing
                with contextlib.suppress(BlockingIOError):
                    try:
                        line.send(asked)
                    except ConnectionError:
                        ended = True
                await asyncio.sleep(0.02)
        assert time.monotonic() - begun_s > 2  # a slow line has its time
        assert await ana.ask("take") is None

    played(scenario, FAST, limits=Limits(idle_s=1.0, take_s=2.5))


def test_one_address_has_its_share_and_this_computer_all_of_it() -> None:
    notes: list[str] = []

    async def counted() -> list[int]:
        limits = Limits(connections=100, of_one=3)
        many = Connections(asyncio.Protocol, limits, lambda words, level: notes.append(words))
        opened: list[tuple[asyncio.Protocol, Transport]] = []

        def come(address: str, times: int) -> int:
            before = len(opened)
            for _ in range(times):
                made, transport = many(), Transport(address)
                made.connection_made(transport)
                if transport.is_closing():
                    made.connection_lost(None)
                else:
                    opened.append((made, transport))
            return len(opened) - before

        came = [come(address, 5) for address in ("10.0.0.7", "10.0.0.8", "fe80::1%eth0", "::ffff:10.0.0.9")]
        came += [come(address, 5) for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1")]
        opened[0][0].connection_lost(None)  # one has gone: there is one place
        came += [come("10.0.0.7", 2), come("127.0.0.1", 100)]
        for made, _ in opened[1:]:
            made.connection_lost(None)
        return [*came, come("127.0.0.1", 200)]

    assert asyncio.run(counted()) == [3, 3, 3, 3, 5, 5, 5, 1, 73, 100]
    assert notes[0] == "somebody at 10.0.0.7 was turned away: it has 3 connections" and len(notes) <= 4


class Transport(asyncio.Transport):
    """A connection from an address, with nothing behind it."""

    def __init__(self, address: str) -> None:
        super().__init__({"peername": (address, 50_000)})
        self._aborted = False

    def abort(self) -> None:
        self._aborted = True

    def is_closing(self) -> bool:
        return self._aborted


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
