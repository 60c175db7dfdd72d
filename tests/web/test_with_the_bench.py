"""A whole race night from the page, with the real server and the simulated rail at speed 10, in a real browser."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Shot = Callable[[Any, str], None]


@pytest.fixture
def console() -> Iterator[str]:
    """The address of a console on a simulated rail of 4 boards."""
    command = [sys.executable, "-c", "from pacerail.entry import main; main()"]
    given = ["console", "breaking4-3-59", "--simulated", "--speed", "10", "--no-browser", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen([*command, *given], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said: list[str] = []
    for line in process.stderr:
        said.append(line)
        if found := re.search(r"http://\S+", line):
            yield found[0]
            break
    else:
        pytest.fail("".join(said))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 0


def in_phase(page: Any, phase: str) -> None:
    page.wait_for_function(
        "phase => window.pacerail.page.state.phase === phase && !window.pacerail.page.state.busy", arg=phase
    )


def hold(page: Any, key: str) -> None:
    page.keyboard.down(key)
    page.wait_for_function("!document.querySelector('.holding')")
    page.keyboard.up(key)


def test_a_race_night_by_keyboard(browser: Any, console: str, shot: Shot) -> None:
    errors: list[str] = []
    context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(180_000)
    page.on("console", lambda m: errors.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(console)
    page.wait_for_function("window.pacerail?.page.state && !window.pacerail.page.lost")
    page.keyboard.press("t")
    page.wait_for_function("window.pacerail.page.state.control.you")
    page.keyboard.press("c")
    shot(page, "bench-read-back")
    page.focus("#confirm")
    page.keyboard.press("Enter")
    page.wait_for_function("window.pacerail.page.plan.confirmed")
    page.keyboard.press("p")
    in_phase(page, "ready")
    page.keyboard.press("a")
    in_phase(page, "armed")
    shot(page, "bench-armed")
    hold(page, "g")
    in_phase(page, "running")
    page.wait_for_function("window.pacerail.page.state.race_s > 100")
    shot(page, "bench-running")
    lit = page.evaluate("window.pacerail.rail.leds.rgb.reduce((lit, level) => lit + (level > 0), 0)")
    assert lit > 20
    page.keyboard.press(" ")
    page.wait_for_selector("#athlete-rows tr")
    page.keyboard.press("1")
    page.fill("#panel form[aria-label=Re-target] input", "4:01.5")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "document.querySelector('#changes').textContent.includes('target: from here to its finish at 4:01.50')"
    )
    hold(page, "r")
    in_phase(page, "ready")
    page.keyboard.press("a")
    in_phase(page, "armed")
    hold(page, "g")
    in_phase(page, "running")
    in_phase(page, "finished")
    shot(page, "bench-finished")
    for key in ("e", "q"):
        with page.expect_download() as download:
            page.keyboard.press(key)
        assert download.value.path().stat().st_size > 20
    assert errors == []
    context.close()
