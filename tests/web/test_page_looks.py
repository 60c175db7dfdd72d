"""How the page looks and fits: three widths, axe-core, focus, reduced motion, and how fast it draws."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import HEIGHTS, Desk, armed, loaded, ready, running
from tests.web.fake_race import FakeRace

axe_playwright_python = pytest.importorskip(
    "axe_playwright_python", reason="axe is not installed: pip install -e '.[dev]'"
)
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
Shot = Callable[[Any, str], None]


def busy_race(race: FakeRace) -> None:
    running(race, 181.84)
    race.marks, race.rows, race.lost = "200 m", [], {6}
    for at_m, time_s in ((200.0, 30.1), (400.0, 60.2), (600.0, 90.4), (800.0, 120.75)):
        race.passes(at_m, time_s)
    race.changes = ["1:02.00 target: 2 m further ahead, eased over 5 s"]


STATES: dict[str, tuple[Callable[[FakeRace], object], str]] = {
    "idle": (lambda race: None, ""),
    "load": (lambda race: None, "l"),
    "read-back": (loaded, "c"),
    "ready": (ready, ""),
    "armed": (armed, ""),
    "another-start": (armed, "s"),
    "running": (busy_race, ""),
    "change": (busy_race, "1"),
    "recalled": (lambda race: (ready(race), setattr(race, "phase", "recalled")), ""),
    "stopped": (lambda race: (running(race), setattr(race, "phase", "stopped")), ""),
    "keys": (ready, "?"),
}


@pytest.mark.parametrize("width", list(HEIGHTS))
def test_it_fits_and_axe_finds_nothing_serious(desk: Desk, shot: Shot, width: int) -> None:
    page = desk.screen(width, control=True, reduced_motion="reduce")
    for name, (given, key) in STATES.items():
        desk.set(given)
        if key:
            page.keyboard.press(key)
            page.wait_for_selector("#panel:not([hidden])")
        shot(page, f"{name}-{width}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name}: wider than the screen"
        assert page.evaluate(IN_REACH, ["do-recall", "do-stop"]) == [], name
        found = page.evaluate(f"{AXE}; axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes[0].html]))")
        assert [v for v in found if v[0] in ("serious", "critical")] == [], name
        if key:
            page.keyboard.press("Escape")
    desk.fake.silent = True
    page.wait_for_selector("#lost", state="visible")
    shot(page, f"no-word-{width}")


IN_REACH = """ids => ids.filter(id => {
  const box = document.getElementById(id).getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return !top || !top.closest('#' + id);
})"""
"""Those of these buttons that are not on the screen, or have something over them."""


@pytest.mark.parametrize("width", list(HEIGHTS))
def test_recall_and_stop_stay_in_reach_however_far_one_scrolls(desk: Desk, width: int) -> None:
    page = desk.screen(width, control=True)
    desk.set(busy_race)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function("scrollY + innerHeight >= document.body.scrollHeight - 2")
    assert page.evaluate(IN_REACH, ["do-recall", "do-stop"]) == []


def test_every_control_can_be_reached_by_tab_and_shows_its_focus(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(busy_race)
    names = "n => n.id || n.textContent"
    all_of = "[...document.querySelectorAll('button, a[href], select, summary')].filter(n => n.offsetParent)"
    wanted = set(page.evaluate(f"{all_of}.map({names})"))
    seen: set[str] = set()
    for _ in range(90):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            f"[({names})(document.activeElement), getComputedStyle(document.activeElement).outlineWidth]"
        )
        if name in wanted:
            assert outline == "3px", name
            seen.add(name)
    assert wanted - seen == set()


def test_a_late_race_has_big_figures_and_a_ring_with_letters(desk: Desk) -> None:
    page = desk.screen()
    desk.set(busy_race)
    size = page.evaluate("parseFloat(getComputedStyle(document.getElementById('race')).fontSize)")
    assert size >= 80
    assert "tabular-nums" in page.evaluate("getComputedStyle(document.getElementById('race')).fontVariantNumeric")
    shown = page.evaluate("import('/boardlook.js').then(m => m.legend.map(l => [l.shape, l.letter]))")
    assert len({shape for shape, _ in shown}) == len(shown) == len({letter for _, letter in shown})


def test_64_boards_and_9600_leds_are_drawn_fast(browser: Any, record_property: Callable[[str, object], None]) -> None:
    """Measured and printed (pytest -s); the limit here only catches a page that hardly moves on a busy machine."""
    from tests.web.fake_console import FakeConsole

    with FakeConsole(FakeRace(time.monotonic, boards=64, leds=150)) as fake:
        desk = Desk(browser, fake)
        page = desk.screen()
        desk.set(lambda race: running(race, 10.0))
        page.wait_for_function("window.pacerail.rail.leds.rgb.some(v => v > 0)")
        shown = page.evaluate(MEASURE)
        desk.close()
    fps, own_ms = shown["fps"], shown["own_ms"]
    print(f"\n64 boards, 9,600 LEDs, 1440 px: {fps:.1f} frames/s, our own part of a frame {own_ms:.2f} ms")
    record_property("fps", shown["fps"])
    assert shown["fps"] > 10


MEASURE = """() => new Promise(done => {
  const { rail } = window.pacerail, draw = rail.frame.bind(rail);
  let own = 0;
  rail.frame = ahead => { const t = performance.now(); draw(ahead); own += performance.now() - t; };
  const from = performance.now(), first = rail.frames;
  const look = () => {
    const took = performance.now() - from, frames = rail.frames - first;
    if (took < 3000) requestAnimationFrame(look);
    else done({ fps: frames / took * 1000, own_ms: own / frames });
  };
  requestAnimationFrame(look);
})"""
