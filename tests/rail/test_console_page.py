"""The real page in a real browser before the real server: it loads under the server's policy, and is told things."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.rail.consoleviewer import SHORT
from tests.rail.test_console_commands import Program

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


PHASE = "() => window.pacerail?.page.state?.phase"


def test_the_page_runs_under_its_policy_and_a_race_can_be_seen(tmp_path: Path) -> None:
    chromium = os.environ.get("PACERAIL_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    plan = tmp_path / "short.toml"
    plan.write_text(SHORT)
    program = Program("bench", plan, "--speed", "5", "--boards", "2", "--leds", "40")
    here = f"http://127.0.0.1:{program.access.port}"
    troubles: list[str] = []
    asked: list[str] = []

    def watched(page: Any) -> Any:
        page.on("console", lambda m: troubles.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("response", lambda r: troubles.append(f"{r.status} {r.url}") if r.status >= 400 else None)
        page.on("request", lambda r: asked.append(r.url))
        return page

    try:
        with sync_api.sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = watched(browser.new_page(viewport={"width": 1440, "height": 900}))
            page.goto(f"{here}/")
            until_s = time.monotonic() + 40
            while page.evaluate(PHASE) != "finished":
                assert time.monotonic() < until_s, troubles
                page.wait_for_timeout(100)
            for path in ("/sheet", "/overlay"):
                watched(browser.new_page()).goto(here + path)
            browser.close()
        code, _, err = program.end()
    finally:
        program.process.kill()
        program.process.wait()
    assert code == 0 and "Traceback" not in err
    assert troubles == []
    assert all(url.startswith((here, "data:")) for url in asked), asked
