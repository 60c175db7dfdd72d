"""A terminal that is stopped with Ctrl-S in mid-race: who wrote to it would wait; the race must not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import termios
import time
from collections.abc import Generator
from pathlib import Path

import aiohttp

from pacerail.console.access import Access
from tests.rail.conftest import COMMAND
from tests.rail.consoleboard import console_board
from tests.rail.consoleviewer import Door
from tests.rail.test_real_ports import boards, rail_file, short_plan
from tests.rail.test_typed_orders import LONG

LIMIT_S = 60.0


class Terminal:
    """What a program writes its messages to, and where it can be stopped."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        self.said = ""

    def until(self, words: str) -> str:
        """Read on until it says this."""
        until_s = time.monotonic() + LIMIT_S
        while words not in self.said:
            assert time.monotonic() < until_s, self.said
            self.said += os.read(self.master, 4096).decode().replace("\r\n", "\n")
        return self.said

    def stop(self) -> None:
        """Ctrl-S: what is written from here on waits."""
        termios.tcflow(self.slave, termios.TCOOFF)

    def go_on(self) -> None:
        """Ctrl-Q."""
        termios.tcflow(self.slave, termios.TCOON)


@contextlib.contextmanager
def terminal() -> Generator[Terminal]:
    made = Terminal()
    try:
        yield made
    finally:
        made.go_on()
        os.close(made.master)
        os.close(made.slave)


def test_a_typed_race_goes_on_and_ends(tmp_path: Path) -> None:
    first, second = boards()
    with console_board(first, tmp_path) as one, console_board(second, tmp_path) as two, terminal() as at:
        rail = rail_file(tmp_path, [one, two])
        words = [COMMAND, "race", short_plan(tmp_path), "--rail", rail, "--headless", "--orders", "-"]
        race = subprocess.Popen(
            list(map(str, words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=at.slave, text=True
        )
        try:
            at.until("armed: every board waits")
            at.stop()
            out, _ = race.communicate("help\njump\nstart\n", timeout=LIMIT_S)
        finally:
            race.kill()
            race.wait()
    assert race.returncode == 0
    report = json.loads(out)
    assert report["phase"] == "finished" and report["gun"]["source"] == "key"


def test_the_console_goes_on_and_says_the_rest_when_it_is_let_go_on(tmp_path: Path) -> None:
    plan = tmp_path / "long.toml"
    plan.write_text(LONG)

    async def visit(access: Access, at: Terminal) -> None:
        async with aiohttp.ClientSession() as session:
            door = Door(access, session)
            ana = await door.view()
            assert ana.plan is not None
            await ana.ask("take")
            await ana.ask("confirm", hash=ana.plan["hash"])
            at.stop()
            assert await ana.ask("prepare") is None
            assert await ana.ask("order", order="arm") is None
            assert await ana.ask("order", order="start") is None
            assert await ana.ask("order", order="recall") is None
            await ana.phase("ready")
            await ana.until(lambda v: v.said("recalled: ready to be armed again"))
            at.go_on()
            await door.close()

    first, second = boards()
    with console_board(first, tmp_path) as one, console_board(second, tmp_path) as two, terminal() as at:
        rail = rail_file(tmp_path, [one, two])
        words = [COMMAND, "console", plan, "--rail", rail, "--listen", "127.0.0.1:0", "--no-browser"]
        program = subprocess.Popen(list(map(str, words)), stdin=subprocess.DEVNULL, stderr=at.slave)
        try:
            at.until("the console: http://")
            found = re.search(r"127\.0\.0\.1:(\d+)/", at.until("/\n"))
            assert found is not None
            asyncio.run(visit(Access("127.0.0.1", int(found[1])), at))
            at.until("recalled: ready to be armed again")
            program.send_signal(signal.SIGINT)
            assert program.wait(LIMIT_S) == 130
            at.until("left: the rail was left as it is")
        finally:
            program.kill()
            program.wait()
    assert "Traceback" not in at.said
