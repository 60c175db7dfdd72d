"""The console over its WebSocket, against the simulated rail: a whole evening, and everything that is refused."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from pacerail.bench.night import BenchNight
from pacerail.bench.run import Settings
from pacerail.console.access import Access
from pacerail.console.hub import LOG_LINES
from tests.rail.consoleviewer import FAST, PLAN, SHORT, Door, Viewer, make_ready, played


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "p.toml"
    path.write_text(PLAN)
    return path


@pytest.fixture
def short(tmp_path: Path) -> Path:
    path = tmp_path / "short.toml"
    path.write_text(SHORT)
    return path


def test_a_whole_evening(plan: Path, short: Path) -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        assert ana.hello["role"] == "control" and ana.hello["simulated"] and 0 < ana.hello["rate"] <= 20.0
        assert ana.state is not None and ana.state["phase"] == "idle"
        assert 1 < ana.state["rate"] <= 20.0  # as fast as this computer can, 20 at most
        assert ana.state["can"]["load"] is None and ana.state["can"]["arm"] == "no plan is loaded"
        assert await ana.ask("name", name="Ana, timing hut") is None
        assert await ana.ask("take") is None
        assert await ana.ask("load", plan=str(plan)) is None
        await ana.until(lambda v: v.plan is not None)
        assert ana.plan is not None and not ana.plan["confirmed"]
        assert any("target" in line for line in ana.plan["words"])
        assert await ana.ask("prepare") is None
        await ana.phase("ready")
        refused = await ana.ask("order", order="arm")
        assert refused is not None and "confirmed" in refused
        assert ana.state["phase"] == "ready"
        assert "read it back again" in (await ana.ask("confirm", hash="0" * 16) or "")
        assert await ana.ask("confirm", hash=ana.plan["hash"]) is None
        await ana.until(lambda v: v.plan is not None and v.plan["confirmed"])
        assert await ana.ask("order", order="arm") is None
        assert await ana.ask("order", order="start in 2") is None
        await ana.until(lambda v: v.state is not None and (v.state["race_s"] or -1) > 5)
        assert ana.state["waves"][0]["mode"] == "running" and ana.state["waves"][0]["visible"]
        await ana.until(lambda v: any(any(row) for row in v.rows.values()))
        assert await ana.ask("order", order="shift target +2 m") is None
        await ana.until(lambda v: v.state is not None and len(v.state["changes"]) == 1)
        await ana.until(lambda v: v.state is not None and v.state["race_s"] > 20)
        assert await ana.ask("order", order="recall") is None
        await ana.phase("ready")
        assert ana.state["changes"] == []
        assert await ana.ask("order", order="arm") is None
        assert await ana.ask("order", order="start") is None
        await ana.phase("running")
        assert ana.state["gun"]["source"] == "key"
        assert await ana.ask("order", order="stop") is None
        await ana.phase("stopped")
        # another plan, and a race to its end, without starting the program anew
        before = ana.plan["hash"]
        assert await ana.ask("load", plan=str(short)) is None
        await ana.until(lambda v: v.plan is not None and v.plan["hash"] != before)
        assert await ana.ask("confirm", hash=ana.plan["hash"]) is None
        assert await ana.ask("prepare") is None
        assert await ana.ask("order", order="arm") is None
        assert await ana.ask("order", order="start in 1") is None
        await ana.phase("finished")
        async with door.session.get(door.url("/report.json")) as answer:
            assert answer.status == 200 and (await answer.json())["plan_hash"] == ana.plan["hash"]

    bench, reports = played(scenario, FAST)
    assert [report.more["phase"] for report in reports] == ["stopped", "finished"]
    assert reports[1].failures == () and reports[1].dropped == 0
    assert reports[0].more["stray_cells"] == 0
    assert bench.night.phase == "finished"


def test_what_is_refused_is_logged_and_changes_nothing(plan: Path) -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        ana, ben = await door.view(), await door.view()
        await make_ready(ana, plan)
        assert await ana.ask("order", order="arm") is None
        assert await ben.ask("order", order="start") == "not in control: k1 is"
        why = await ana.ask("load", plan="breaking4-3-59")
        assert why == "the boards are armed: stop first"
        why = await ana.ask("show", name="clap-along", seconds=5)
        assert why is not None and "armed" in why
        why = await ana.ask("order", order="jump target")
        assert why is not None and "is no order" in why
        why = await ana.ask("order", order="undo")
        assert why == "nothing was changed"
        assert await ana.ask("order", order="arm") == "the boards are armed"
        why = await ana.ask("split", age_ms=5)
        assert why == "the gun has not gone"
        for text, words in (
            ("nonsense", "no JSON"),
            ("[1]", "no object"),
            ('{"type":"order","order":"start"}', "no id"),
            ('{"type":"order","id":true,"order":"start"}', "no id"),
        ):
            said = await ana.raw(text)
            assert said is not None and words in said
        assert "rise" in (await _again(ana) or "")
        assert bench.night.race is not None and bench.night.race.phase == "armed" and bench.night.race.gun is None
        await ana.until(lambda v: v.said("k2: start: refused: not in control: k1 is"))
        await ana.until(lambda v: v.said("k1: load breaking4-3-59: refused: the boards are armed: stop first"))
        assert any(event["level"] == "warn" for event in ana.events if "refused" in event["words"])

    played(scenario, FAST)


async def _again(viewer: Viewer) -> str | None:
    """The same id once more."""
    answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
    viewer._answers[1] = answer
    await viewer.ws.send_str(json.dumps({"type": "order", "id": 1, "order": "stop"}))
    return await answer


def test_one_thing_at_a_time_and_stop_breaks_it_off(plan: Path) -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        await make_ready(ana, plan)
        making = ana.sent("prepare")
        twice = ana.sent("prepare")
        load = ana.sent("load", plan="breaking4-3-59")
        assert await twice == "busy: making ready" and await load == "busy: making ready"
        stopping = ana.sent("order", order="stop")
        assert await making == "broken off while making ready"
        assert await stopping is None
        await ana.phase("stopped")
        assert await ana.ask("prepare") is None
        await ana.phase("ready")

    played(scenario, replace(FAST, speed=2.0))  # slow enough that it is under way until the others have come


def test_tokens_origin_and_host(plan: Path) -> None:
    access = Access("127.0.0.1", 0, "c" * 32, "v" * 32)

    async def scenario(door: Door, bench: BenchNight) -> None:
        for token in (None, "x" * 32, "", "c" * 31):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await door.view(token)
            assert refused.value.status == 403
        for origin in ("http://evil.example", "null", None, f"https://127.0.0.1:{door.access.port + 1}"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await door.view("c" * 32, origin)
            assert refused.value.status == 403
        async with door.session.get(door.url("/report.json")) as answer:
            assert answer.status == 403
        async with door.session.get(door.url("/export.csv"), headers={"Host": "evil.example"}) as answer:
            assert answer.status == 421
        looker, ana = await door.view("v" * 32), await door.view("c" * 32)
        assert looker.hello["role"] == "view"
        await looker.until(lambda v: v.said("was refused /ws: no token") and v.said("another name than this server's"))
        await looker.until(lambda v: v.said("was refused /ws: only this server's own page"))
        assert await looker.ask("take") == "this link is for looking only"
        assert await looker.ask("order", order="stop") == "this link is for looking only"
        await make_ready(ana, plan)
        assert await looker.ask("order", order="arm") == "this link is for looking only"
        assert bench.night.phase == "ready"
        async with door.session.get(door.url("/export.csv", "v" * 32)) as answer:
            assert answer.status == 200
            assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
            assert "Access-Control-Allow-Origin" not in answer.headers

    played(scenario, FAST, access=access)


def test_control_is_lost_and_taken_and_handed_over(plan: Path) -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        ana, ben = await door.view(), await door.view()
        await make_ready(ana, plan)
        assert await ana.ask("order", order="arm") is None
        assert await ana.ask("order", order="start in 1") is None
        await ben.phase("running")
        assert ben.state is not None and ben.state["control"]["by"] == "k1" and not ben.state["control"]["you"]
        await ana.ws.close()
        await ben.until(lambda v: v.state is not None and v.state["control"]["by"] is None)
        await ben.until(lambda v: v.said("k1 has gone: nobody is in control"))
        assert bench.night.phase == "running"
        assert await ben.ask("order", order="stop") == "not in control: take it first"
        assert await ben.ask("take") is None
        await ben.until(lambda v: v.state is not None and v.state["control"]["you"])
        cem = await door.view()
        assert await cem.ask("name", name="Cem") is None
        assert await cem.ask("take") is None
        await ben.until(lambda v: v.state is not None and v.state["control"]["asked"] == [{"id": "k3", "name": "Cem"}])
        assert await cem.ask("order", order="stop") == "not in control: k2 is"
        assert await cem.ask("hand", to="k3") == "not in control: k2 is"
        assert await ben.ask("hand", to="k9") is not None
        assert await ben.ask("hand", to="k3") is None
        assert await ben.ask("order", order="stop") == "not in control: k3 (Cem) is"
        assert await cem.ask("order", order="stop") is None
        await cem.phase("stopped")

    played(scenario, replace(FAST, speed=5.0))


def test_splits_of_the_athlete(plan: Path) -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        await make_ready(ana, plan)
        assert await ana.ask("marks", every="200 m") is None
        assert "expected" in (await ana.ask("marks", every="often") or "")
        await ana.ask("order", order="arm")
        assert await ana.ask("order", order="start ago 27") is None
        await ana.until(lambda v: v.state is not None and (v.state["race_s"] or 0) > 28)
        assert await ana.ask("split") is None
        why = await ana.ask("split")
        assert why is not None and "double press" in why
        await ana.until(lambda v: v.state is not None and len(v.state["athlete"]["rows"]) == 1)
        assert ana.state is not None
        row = ana.state["athlete"]["rows"][0]
        assert row["distance_m"] == 200 and 28 < row["time_s"] < 40
        assert {gap["wave"] for gap in row["gaps"]} == {"target", "record"}
        async with door.session.get(door.url("/export.json")) as answer:
            told = json.loads(await answer.text())
            assert told["passings"][0]["time_s"] == row["time_s"]
        async with door.session.get(door.url("/export.csv")) as answer:
            assert (await answer.text()).startswith("distance_m,")
        assert await ana.ask("split_undo") is None
        await ana.until(lambda v: v.state is not None and v.state["athlete"]["rows"] == [])
        async with door.session.get(door.url("/sheet")) as answer:
            assert answer.status == 200 and "two laps" in await answer.text()

    played(scenario, replace(FAST, speed=2.0))


def test_shows_when_no_race_is_on() -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        assert await ana.ask("take") is None
        assert await ana.ask("show", name="all-white for maintenance", seconds=600) is None
        await ana.until(lambda v: all(any(row) for row in v.rows.values()) and len(v.rows) == 2)
        assert ana.state is not None
        await ana.until(lambda v: v.state is not None and v.state["show"] is not None)
        assert "no such show" in (await ana.ask("show", name="fireworks", seconds=5) or "")
        assert await ana.ask("dark") is None
        await ana.until(lambda v: not any(any(row) for row in v.rows.values()))

    played(scenario, FAST)


def test_the_feed_as_socket_and_as_events(short: Path) -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        ws = await door.session.ws_connect(door.url("/feed"))
        phases: list[str] = []
        told = {}
        async for message in ws:
            told = json.loads(message.data)
            phases.append(told["phase"])
            if told["phase"] == "finished":
                break
        assert told["format"] == "pacerail-feed/1" and told["plan"]["distance_m"] == 60.0
        assert told["waves"][0]["distance_m"] == 60.0
        assert "running" in phases
        async with door.session.get(door.url("/events")) as stream:
            line = await stream.content.readline()
            assert line.startswith(b"data: ") and json.loads(line[6:])["phase"] == "finished"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await door.session.ws_connect(door.url("/feed"), headers={"Origin": "http://evil.example"})

    played(scenario, replace(FAST, speed=5.0), by_itself=short)


@pytest.mark.parametrize("viewers", [10])
def test_viewers_change_nothing_on_the_rail(short: Path, tmp_path: Path, viewers: int) -> None:
    """The same seed, the same frames: with nobody, and with ten of whom one reads nothing."""

    def recorded(name: str, crowd: int) -> bytes:
        async def scenario(door: Door, bench: BenchNight) -> None:
            lookers = [await door.view(read=k > 0) for k in range(crowd)]
            while bench.report is None:
                await asyncio.sleep(0.02)
            for looker in lookers[1:]:
                await looker.phase("finished")
            assert sum(looker.pictures for looker in lookers) >= len(lookers[1:])

        path = tmp_path / name
        with path.open("w") as record:
            played(scenario, Settings(speed=None, seed=5, ppm=40, record=record), by_itself=short)
        return path.read_bytes()

    alone, watched = recorded("alone.jsonl", 0), recorded("watched.jsonl", viewers)
    assert len(alone.splitlines()) > 1000
    assert alone == watched


def test_a_page_that_says_too_much_is_held_back() -> None:
    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        answers = await asyncio.gather(*(ana.ask("name", name=f"Ana {k}") for k in range(120)))
        assert answers[0] is None and answers.count(None) < 80
        await ana.until(lambda v: len([event for event in v.events if "refused" in event["words"]]) > 3)
        assert len([event for event in ana.events if "refused" in event["words"]]) < 20
        await ana.ws.send_str("x" * 100_000)
        await ana.until(lambda v: v.ws.closed)
        assert len(bench.night.events) < LOG_LINES

    played(scenario, FAST)
