"""The overlay for television: its options, that it is transparent, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import Desk, armed, running
from tests.web.fake_race import FakeRace

DOCS = Path(__file__).parents[2] / "docs" / "overlay.md"


def breaking4(race: FakeRace) -> None:
    running(race, 130.0)
    race.rows = []
    race.passes(400.0, 60.20)
    race.passes(800.0, 120.75)


def test_it_shows_light_against_record_against_athlete(desk: Desk, shot: Callable[[Any, str], None]) -> None:
    desk.fake.call(lambda: breaking4(desk.race))
    page = desk.screen(1920, "/overlay?athlete=Kipyegon&waves=target,record")
    page.wait_for_selector("#bars li")
    shot(page, "overlay-lap")
    rows = page.locator("#bars li").all_inner_texts()
    assert rows[0].split("\n")[0] == "record"
    assert rows[0].endswith("m behind")
    # 120.75 - 800 * 239.99 / 1609.344 = 1.45 s
    assert rows[1].split("\n") == ["Kipyegon at 800 m", "1.45 s behind"]
    assert page.locator("#athlete").inner_text() == "Kipyegon: 800 m in 2:00.75, on for 4:03.26"
    assert page.locator(".light b").all_inner_texts() == ["target", "record"]
    assert page.locator("#clock").inner_text().startswith("2:1")


def test_it_is_transparent_and_of_the_size_that_is_asked_for(desk: Desk) -> None:
    desk.fake.call(lambda: breaking4(desk.race))
    page = desk.screen(1280, "/overlay?w=1280&h=720&place=top&strip=race&show=clock,strip&back=0")
    page.wait_for_selector("#clock:not([hidden])")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
    assert page.locator("#frame").bounding_box() == {"x": 0, "y": 0, "width": 1280, "height": 720}
    assert page.locator("#board").bounding_box()["y"] < 100
    assert page.locator("#bars").is_hidden() and page.locator("#athlete").is_hidden()
    assert page.locator(".mark").all_inner_texts() == ["start", "1 mile"]


def test_no_name_is_cut(desk: Desk, shot: Callable[[Any, str], None]) -> None:
    def act(race: FakeRace) -> None:
        running(race, 58.0)
        race.waves[0].name = "the pace of the first pacer"
        race.rows = []
        race.passes(400.0, 58.20)
        race.rows[0]["distance_m"] = 809.344

    desk.fake.call(lambda: act(desk.race))
    page = desk.screen(1920, "/overlay?athlete=Faith%20Kipyegon", wait=False)
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.wait_for_selector("#bars li")
    shot(page, "overlay-long-names")
    cut = "[...document.querySelectorAll('#bars .name, #bars .gap')].filter(n => n.scrollWidth > n.clientWidth).length"
    assert page.evaluate(cut) == 0
    assert page.evaluate(
        """() => {
          const board = document.getElementById('board').getBoundingClientRect();
          return [...document.querySelectorAll('.light b')].every(name => {
            const box = name.getBoundingClientRect();
            return box.width > 0 && box.left >= board.left && box.right <= board.right;
          });
        }"""
    )


ERRORS = """() => {
  const { clock, waves } = window.pacerailOverlay, at = performance.now();
  return [clock.race_s(at), waves(at)[0].now_m];
}"""


def off_ms(desk: Desk, page: Any) -> tuple[float, float]:
    """How far the clock and the first light are from the truth now, in ms of real time, at the least."""
    race = desk.race
    before_s = race.race_s()
    race_s, at_m = page.evaluate(ERRORS)
    after_s = race.race_s()
    assert before_s is not None and after_s is not None and race_s is not None
    lo_m, hi_m = (race.waves[0].distance_m(s) for s in (before_s, after_s))
    speed_mps = 1609.344 / race.waves[0].finish_s
    clock_s = max(before_s - race_s, race_s - after_s, 0.0)
    light_s = max(lo_m - at_m, at_m - hi_m, 0.0) / speed_mps
    return 1000 * clock_s / race.rate, 1000 * light_s / race.rate


@pytest.mark.parametrize("rate", [1.0, 10.0])
def test_after_a_start_a_new_zero_and_at_the_gun_it_is_within_50_ms(desk: Desk, rate: float) -> None:
    def zero(race_s: float) -> None:
        desk.race.gun_s = desk.race.fleet_s() - race_s

    desk.race.rate = rate
    desk.fake.call(lambda: armed(desk.race))
    page = desk.screen(1920, "/overlay")
    page.wait_for_selector("#clock:not([hidden])")
    assert page.evaluate(ERRORS)[0] is None

    def within(race_s: float) -> bool:
        desk.fake.call(lambda: (running(desk.race), zero(race_s)))
        before = page.evaluate("performance.now()")
        page.wait_for_function("at => window.pacerailOverlay.heard_ms() > at + 120", arg=before)
        return max(max(off_ms(desk, page)) for _ in range(5)) < 50

    # the gun was so long ago; then it is put right, both ways. The first message may itself be late: then once more
    for race_s in (3.2, 4.5, 1.0):
        assert any(within(race_s) for _ in range(4)), race_s
    # armed, and the gun comes by the clock
    desk.fake.call(lambda: (armed(desk.race), zero(-0.6 * rate)))
    page.wait_for_function("window.pacerailOverlay.clock.race_s(performance.now()) < 0")
    page.wait_for_function("window.pacerailOverlay.clock.race_s(performance.now()) > 0")
    assert off_ms(desk, page)[0] < 50


def test_a_line_that_is_half_open_is_made_anew(desk: Desk) -> None:
    desk.fake.call(lambda: breaking4(desk.race))
    page = desk.screen(1920, "/overlay")
    page.wait_for_selector("#clock:not([hidden])")
    # the old line never says anything again, and is never closed
    page.evaluate(
        """() => {
          const old = window.pacerailOverlay.socket();
          old.onmessage = old.onclose = null;
        }"""
    )
    page.wait_for_selector("#board", state="hidden")
    page.wait_for_selector("#board", state="visible")


@pytest.mark.parametrize(("query", "lap_m"), [("", 200.0), ("?lap=400", 400.0)])
def test_the_strip_is_as_long_as_the_rails_lap_unless_it_is_told(desk: Desk, query: str, lap_m: float) -> None:
    desk.fake.lap_m = 200.0
    desk.fake.call(lambda: breaking4(desk.race))
    page = desk.screen(1920, f"/overlay{query}")
    page.wait_for_selector(".mark")
    assert page.locator("#strip").get_attribute("data-of").split()[1] == f"{lap_m:g}"


def test_without_a_plan_it_shows_nothing(desk: Desk) -> None:
    page = desk.screen(1920, "/overlay")
    page.wait_for_selector("#board", state="hidden")


@pytest.mark.parametrize("query", ["w=-3&h=x&scale=1e9&place=left&show=,,&back=NaN", "waves=nobody&athlete="])
def test_a_wrong_option_never_shows_an_error(desk: Desk, query: str) -> None:
    desk.fake.call(lambda: breaking4(desk.race))
    page = desk.screen(1920, f"/overlay?{query}")
    page.wait_for_selector("#clock:not([hidden])")


def test_every_option_stands_in_the_docs(desk: Desk) -> None:
    page = desk.screen(1920, "/overlay")
    options = page.evaluate("import('/overlayoptions.js').then(m => Object.keys(m.readOptions('')))")
    text = DOCS.read_text()
    named = {"lap_m": "lap"}
    assert [name for name in options if f"`{named.get(name, name)}`" not in text] == []
