"""`pacerail console` and the page of `pacerail bench`, as commands: real ports, real signals, real sockets."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from pacerail.console.access import Access
from tests.rail.conftest import COMMAND, pacerail
from tests.rail.consoleboard import console_board
from tests.rail.consoleviewer import SHORT, Door
from tests.rail.test_real_ports import boards, rail_file, short_plan

LIMIT_S = 60.0


class Program:
    """A command that serves a page, until it is ended."""

    def __init__(self, *words: str | Path) -> None:
        self.process = subprocess.Popen(
            [COMMAND, *map(str, words), "--listen", "127.0.0.1:0", "--no-browser"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.said = ""
        while (found := re.search(r"the console: http://127\.0\.0\.1:(\d+)/", self.said)) is None:
            line = self.process.stderr.readline()
            assert line, self.said
            self.said += line
        self.access = Access("127.0.0.1", int(found[1]))

    def end(self) -> tuple[int, str, str]:
        """Ctrl-C: the exit code, standard output and standard error."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode, out, self.said + err


def visited(program: Program, visit: Callable[[Door], Awaitable[None]]) -> tuple[int, str, str]:
    """Visit the page, then end the program."""

    async def whole() -> None:
        async with aiohttp.ClientSession() as session:
            door = Door(program.access, session)
            try:
                await visit(door)
            finally:
                await door.close()

    try:
        asyncio.run(whole())
        return program.end()
    finally:
        program.process.kill()
        program.process.wait()


def test_a_race_on_real_ports_from_the_page(tmp_path: Path) -> None:
    async def visit(door: Door) -> None:
        ana = await door.view()
        assert ana.hello["simulated"] is False and ana.hello["rate"] == 1.0
        assert ana.plan is not None  # it was given on the command line
        assert await ana.ask("take") is None
        assert await ana.ask("confirm", hash=ana.plan["hash"]) is None
        assert await ana.ask("prepare") is None
        assert await ana.ask("order", order="arm") is None
        assert await ana.ask("order", order="start in 1") is None
        await ana.until(lambda v: any(any(row) for row in v.rows.values()))
        await ana.phase("finished")
        assert ana.state is not None and all(board["state"] == "finished" for board in ana.state["boards"])
        async with door.session.get(door.url("/report.json")) as answer:
            report = json.loads(await answer.text())
            assert report["phase"] == "finished" and report["faults"] == []

    first, second = boards()
    with console_board(first, tmp_path) as one, console_board(second, tmp_path) as two:
        program = Program("console", short_plan(tmp_path), "--rail", rail_file(tmp_path, [one, two]))
        code, out, err = visited(program, visit)
    assert (code, out) == (130, "")
    assert "left: the rail was left as it is" in err and "Traceback" not in err


def test_ctrl_c_leaves_a_race_alone_and_it_can_be_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = tmp_path / "lap.toml"
    plan.write_text(SHORT.replace('"60 m"', '"400 m"').replace('"9.0"', '"60.0"'))
    other = "breaking4-3-59"

    async def visit(door: Door) -> None:
        ana = await door.view()
        assert ana.plan is not None
        await ana.ask("take")
        await ana.ask("confirm", hash=ana.plan["hash"])
        assert await ana.ask("prepare") is None
        assert await ana.ask("order", order="arm") is None
        assert await ana.ask("order", order="start") is None
        await ana.phase("running")

    async def come_back(door: Door) -> None:
        """The program was started anew: the race is not to be stopped by who wants to be ready."""
        ana = await door.view()
        await ana.until(lambda v: v.state is not None and any("not started from here" in w["text"] for w in v.warned))
        assert ana.state is not None and ana.plan is not None
        (warned,) = [w for w in ana.warned if "not started from here" in w["text"]]
        assert warned["text"].startswith("b01, b02: in a race")
        assert f"of plan {ana.plan['hash']} ({plan})" in warned["text"] and "--join" in warned["do"]
        for action in ("prepare", "recall", "start", "show", "change"):
            assert "in a race that was not started from here" in ana.state["can"][action], action
        assert ana.state["can"]["stop"] is None and ana.state["can"]["load"] is None
        await ana.ask("take")
        why = await ana.ask("prepare")
        assert why is not None and "in a race that was not started from here" in why
        # it goes on by itself, and was only looked at
        assert [board["state"] for board in ana.state["boards"]] == ["running", "running"]

    async def take_over(door: Door) -> None:
        """The page is there as soon as the race is found, some 6 s before the clocks are."""
        ana = await door.view()
        await ana.phase("running")
        assert ana.state is not None and ana.state["race_s"] > 0 and ana.state["can"]["recall"] is None
        assert ana.state["can"]["change"] == "busy: taking over"
        await ana.ask("take")
        await ana.until(lambda v: v.state is not None and v.state["can"]["change"] is None)
        assert ana.plan is not None and ana.plan["confirmed"]
        assert await ana.ask("order", order="shift target +3 m") is None
        await ana.until(lambda v: v.state is not None and len(v.state["changes"]) == 1)
        await ana.until(lambda v: any(any(row) for row in v.rows.values()))

    async def recall_at_once(door: Door) -> None:
        """The program goes on with the race that was recalled: it does not end because that broke something off."""
        ana = await door.view()
        await ana.phase("running")
        await ana.ask("take")
        assert await ana.ask("order", order="recall") is None
        await ana.phase("ready")
        await ana.until(lambda v: v.said("recalled: ready to be armed again"))
        await ana.until(lambda v: v.state is not None and v.state["can"]["arm"] is None)

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    first, second = boards()
    with console_board(first, tmp_path) as one, console_board(second, tmp_path) as two:
        rail = rail_file(tmp_path, [one, two])
        code, _, err = visited(Program("console", plan, "--rail", rail), visit)
        assert code == 130 and "stay in it by themselves; pacerail stop ends it" in err
        visited(Program("console", plan, "--rail", rail), come_back)
        wrong = pacerail("console", other, "--rail", rail, "--join", "--listen", "127.0.0.1:0", timeout_s=60)
        assert wrong.exit_code == 1 and re.search(r"no board runs plan \w+, but they run plan \w{16}", wrong.err)
        monkeypatch.chdir(tmp_path)  # where the plan is one of those to choose from
        wrong = pacerail("console", other, "--rail", rail, "--join", "--listen", "127.0.0.1:0", timeout_s=60)
        assert "(lap.toml): give that one" in wrong.err, wrong.err
        code, _, err = visited(Program("console", plan, "--rail", rail, "--join"), take_over)
        assert code == 130 and "stay in it by themselves" in err
        code, _, err = visited(Program("console", plan, "--rail", rail, "--join"), recall_at_once)
        assert code == 130 and "the rail was left as it is" in err
        none = pacerail("console", plan, "--rail", rail, "--join", "--listen", "127.0.0.1:0", timeout_s=60)
    assert none.exit_code == 1 and "no board runs plan" in none.err and "Traceback" not in none.err


def test_the_bench_runs_by_itself_before_the_page(tmp_path: Path) -> None:
    plan = tmp_path / "short.toml"
    plan.write_text(SHORT)
    report = tmp_path / "r.json"

    async def visit(door: Door) -> None:
        ana = await door.view()
        assert ana.hello["simulated"] and 0 < ana.hello["rate"] <= 10.0
        await ana.phase("running")
        await ana.phase("finished")
        while not report.exists():  # made when the boards have been asked how it ended
            assert time.monotonic() < until_s
            await asyncio.sleep(0.05)

    until_s = time.monotonic() + LIMIT_S
    words = ("bench", plan, "--speed", "10", "--boards", "2", "--leds", "40", "--report", report)
    code, out, err = visited(Program(*words), visit)
    assert code == 0, err
    assert "The light stood within" in out and "Traceback" not in err
    assert json.loads(report.read_text())["phase"] == "finished"


def test_a_simulated_console_begins_without_a_plan(tmp_path: Path) -> None:
    """One is loaded from the page; no race runs by itself."""

    async def visit(door: Door) -> None:
        ana = await door.view()
        assert ana.hello["simulated"]
        assert ana.state is not None and ana.state["phase"] == "idle" and ana.state["waves"] == []
        assert ana.state["can"]["prepare"] == "no plan is loaded"
        await ana.ask("take")
        assert await ana.ask("load", plan="training-3-groups") is None
        await ana.until(lambda v: v.plan is not None and v.state is not None and len(v.state["waves"]) == 3)
        assert ana.plan is not None and [wave["group"] for wave in ana.plan["waves"]] == [True] * 3
        assert ana.state["phase"] == "idle" and ana.state["waves"][0]["group"]["begin"] == "no race is on"

    code, out, err = visited(Program("console", "--simulated"), visit)
    assert (code, out) == (0, "")
    assert "Traceback" not in err


def test_buttons_are_heard_on_race_night(tmp_path: Path) -> None:
    """A board without a gun pin says so; with another plan from the page the button is told of, and not heard."""

    async def visit(door: Door) -> None:
        ana = await door.view()
        await ana.ask("take")
        assert await ana.ask("load", plan=str(short)) is None
        await ana.until(lambda v: v.said("not heard with this plan: --button b01=red"))
        assert await ana.ask("load", plan="training-3-groups") is None
        await ana.until(lambda v: v.plan is not None and v.plan["title"].startswith("Training"))
        assert ana.state is not None and ana.plan is not None
        await ana.until(lambda v: v.state is not None and len(v.state["waves"]) == 3)
        assert ana.state["waves"][0]["group"]["buttons"] == ["b01"]
        assert await ana.ask("confirm", hash=ana.plan["hash"]) is None
        assert await ana.ask("prepare") is None
        assert await ana.ask("order", order="arm") is None
        await ana.until(lambda v: v.said("has no gun pin: its button is not heard"))
        assert await ana.ask("order", order="start") is None
        begun = [ana.sent("order", order=f"begin {name}") for name in ("red", "blue")]
        assert await asyncio.gather(*begun) == [None, None]
        await ana.until(lambda v: v.state is not None and len(v.state["changes"]) == 2)
        assert await ana.ask("order", order="stop") is None

    short = short_plan(tmp_path)
    first, second = boards()
    with console_board(first, tmp_path) as one, console_board(second, tmp_path) as two:
        rail = rail_file(tmp_path, [one, two])
        code, _, err = visited(Program("console", "--rail", rail, "--button", "b01=red"), visit)
    assert code == 130 and "Traceback" not in err, err


def test_the_bench_ended_in_mid_race(tmp_path: Path) -> None:
    async def visit(door: Door) -> None:
        ana = await door.view()
        await ana.phase("running")

    words = ("bench", "breaking4-3-59", "--speed", "20", "--boards", "2", "--leds", "40")
    code, out, err = visited(Program(*words), visit)
    assert code == 130 and "interrupted" in out and "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("console", "no-such-plan"), "no-such-plan"),
        (("console", "breaking4-3-59"), "no board has a port"),
        (("console", "no-such-plan", "--simulated"), "no-such-plan: no such file, and no shipped plan"),
        (("console", "--join"), "expected its plan"),
        (("console", "training-3-groups", "--button", "b03=pink"), "no group is called"),
        (("console", "--button", "b99=red"), 'no board is called "b99"'),
        (("console", "--button", "b03=red", "--button", "b03=blue"), "board b03 has two"),
        (("console", "--button", "b03=red", "--gun", "pin"), "would be taken for the gun"),
        (("console", "--simulated", "--button", "b03=red"), "expected it without --simulated"),
        (("console", "--gun", "horn"), "no such source"),
        (("console", "breaking4-3-59", "--simulated", "--gun", "pin"), "expected it without --simulated"),
        (("console", "breaking4-3-59", "--simulated", "--listen", "nowhere"), "expected HOST:PORT"),
        (("console", "breaking4-3-59", "--simulated", "--mqtt", "http://b"), "expected mqtt://HOST"),
        (("bench", "breaking4-3-59", "--headless", "--by-hand"), "expected one of them"),
    ],
)
def test_what_is_wrong_is_one_line(words: tuple[str, ...], said: str) -> None:
    run = pacerail(*words, timeout_s=60)
    assert run.exit_code == 2 and said in run.err and len(run.err.strip().splitlines()) == 1, run.err


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        run = pacerail("console", "breaking4-3-59", "--simulated", "--listen", address, timeout_s=60)
    assert run.exit_code == 2
    assert run.err.startswith(f"cannot serve the page at {address}: something else uses it already; expected")
    assert len(run.err.strip().splitlines()) == 1


def test_off_this_computer_the_links_hold_tokens(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [COMMAND, "bench", "breaking4-3-59", "--by-hand", "--no-browser", "--listen", "0.0.0.0:0", "--boards", "1"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines = [process.stderr.readline() for _ in range(4)]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LIMIT_S)
    tokens = [re.search(r"\?token=([\w-]{32,})", line) for line in lines[:2]]
    assert tokens[0] is not None and tokens[1] is not None and tokens[0][1] != tokens[1][1]
    assert "for looking only" in lines[1]
