"""A real browser for the page's tests: Debian's Chromium through Playwright, and a console with a made-up race.

PACERAIL_SHOTS=FOLDER: screenshots of what the tests see are written there, for a person to look at.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.fake_console import FakeConsole
from tests.web.fake_race import FakeRace

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[dev]'")

HEIGHTS = {1440: 900, 1024: 768, 390: 844}
SHORT = {844: 390, 720: 450}
"""A phone held sideways, and a laptop's page at twice its size."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    path = os.environ.get("PACERAIL_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


class Desk:
    """A fake console, and the screens that are open on it. Every screen is watched for errors and for where it asks."""

    def __init__(self, browser: Any, fake: FakeConsole) -> None:
        self.browser, self.fake, self.race = browser, fake, fake.race
        self.errors: list[str] = []
        self.expected: list[str] = []
        """What a test breaks on purpose may complain in the browser's console."""
        self.contexts: list[Any] = []

    def screen(
        self, width: int = 1440, path: str = "/", *, control: bool = False, wait: bool = True, **options: Any
    ) -> Any:
        # what tests wait for is evaluated in the page, which its own policy forbids; one test looks at the policy
        options = {"bypass_csp": True, **options}
        context = self.browser.new_context(
            viewport={"width": width, "height": (HEIGHTS | SHORT).get(width, 900)}, **options
        )
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))
        page.goto(self.fake.url + path)
        if path.startswith("/overlay") or not wait:
            return page
        page.wait_for_function("window.pacerail?.page.state && !window.pacerail.page.lost")
        if control:
            page.keyboard.press("t")
            page.wait_for_function("window.pacerail.page.state.control.you")
        return page

    def _asked(self, url: str) -> None:
        if not url.startswith((self.fake.url, self.fake.url.replace("http", "ws"), "data:", "blob:")):
            self.errors.append(f"asked another machine: {url}")

    def set(self, act: Callable[[FakeRace], object]) -> None:
        """Change the race, and let every screen have heard of it."""
        self.fake.call(lambda: (act(self.race), self.fake.tell_plan()))
        seq = self.fake.call(lambda: self.fake.seq)
        for context in self.contexts:
            for page in context.pages:
                page.wait_for_function(
                    "seq => !window.pacerail?.page || window.pacerail.page.state.seq > seq", arg=seq + 1
                )

    def orders(self) -> list[str]:
        """The orders that came and were not waited for."""
        return self.fake.call(lambda: [told["order"] for told in self.fake.received if told["type"] == "order"])

    def break_line(self, page: Any) -> None:
        """Break every connection and let none come back; the page has noticed."""
        self.expected = ["WebSocket connection", "Failed to load resource"]
        self.fake.closed_to_all = True
        self.fake.drop()
        page.wait_for_function("window.pacerail.page.broken")

    def order(self, text: str) -> None:
        """An order with these words came."""
        self.fake.wait_for(lambda told: told.get("order") == text)

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        unexpected = [error for error in self.errors if not any(part in error for part in self.expected)]
        assert not unexpected, unexpected


@pytest.fixture
def desk(browser: Any) -> Iterator[Desk]:
    with FakeConsole(FakeRace(time.monotonic)) as fake:
        made = Desk(browser, fake)
        yield made
        made.close()


def hold(page: Any, key: str) -> None:
    """Hold a key until its bar is full."""
    page.keyboard.down(key)
    page.wait_for_function("!document.querySelector('.holding')")
    page.keyboard.up(key)


def says(page: Any, id: str, words: str) -> None:
    """Wait until an element says this, or something with this in it."""
    page.wait_for_function("([id, words]) => document.getElementById(id).textContent.includes(words)", arg=[id, words])


@pytest.fixture
def shot() -> Callable[[Any, str], None]:
    """Write a screenshot, if a folder for them was named."""
    folder = os.environ.get("PACERAIL_SHOTS")

    def take(page: Any, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(folder) / f"{name}.png"))

    return take


def loaded(race: FakeRace) -> None:
    race.plan, race.confirmed, race.phase = "breaking4-3-59", False, "idle"


def ready(race: FakeRace) -> None:
    loaded(race)
    race.confirmed, race.phase = True, "ready"
    race.gun_s = race.gun = None


def armed(race: FakeRace) -> None:
    ready(race)
    race.phase = "armed"


def running(race: FakeRace, race_s: float = 121.0) -> None:
    ready(race)
    race.phase, race.gun_s = "running", race.fleet_s() - race_s
    race.gun = {"source": "pin", "bound_us": 45, "words": "start contact on b01"}
