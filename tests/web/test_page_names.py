"""Long names, many boards, and what a plan has not: nothing lies on anything else, nothing is cut or empty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.web.conftest import HEIGHTS, SHORT, Desk, loaded, running, says
from tests.web.fake_race import FakeRace, three_groups

LONG = "the pace of Jakob Ingebrigtsen"
Shot = Callable[[Any, str], None]

CROSSING = """() => [...document.querySelectorAll('#waves-rows tr')].flatMap(row => {
  const cells = [...row.children].filter(cell => cell.offsetParent && cell.textContent.trim());
  const words = cells.map(cell => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return range.getBoundingClientRect();
  });
  return cells.flatMap((one, k) => cells.slice(k + 1).filter((_, m) => {
    const [a, b] = [words[k], words[k + 1 + m]];
    return a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  }).map(other => `${one.textContent} / ${other.textContent}`));
})"""
"""Cells of a wave's row whose words lie on each other."""


@pytest.mark.parametrize("width", [*HEIGHTS, *SHORT])
def test_long_names_lie_on_nothing(desk: Desk, shot: Shot, width: int) -> None:
    page = desk.screen(width)

    def act(race: FakeRace) -> None:
        running(race, 100.0)
        race.waves[0].name, race.waves[1].name = LONG, LONG.replace(" ", "-") + "s"
        race.gun = {"source": "pin", "bound_us": 45, "words": "start contact on " + "b01" * 40}
        race.rows = []
        race.passes(400.0, 60.2)
        race.passes(800.0, 120.2)

    desk.set(act)
    page.wait_for_selector("#gap-chart .u-legend")
    shot(page, f"names-{width}")
    assert page.evaluate(CROSSING) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    wide = "id => (n => n.scrollWidth > n.clientWidth + 1)(document.getElementById(id))"
    assert [id for id in ("clock", "athlete-last", "gap-chart") if page.evaluate(wide, id)] == []


@pytest.mark.parametrize("width", list(HEIGHTS))
def test_the_names_of_boards_on_the_ring_are_whole_and_apart(desk: Desk, width: int) -> None:
    desk.race.boards, desk.race.leds = 30, 20
    page = desk.screen(width)
    desk.set(lambda race: (running(race), race.lost.update({7, 8, 9, 20, 21, 22})))
    names = page.evaluate("window.pacerail.rail.ring.names")
    size = page.evaluate("window.pacerail.rail.parts.ring.width")
    assert {"b08", "b21"} <= {name["name"] for name in names}
    assert all(name["x"] >= 0 and name["x"] + name["w"] <= size for name in names)
    for k, a in enumerate(names):
        for b in names[k + 1 :]:
            beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
            assert beside or abs(a["y"] - b["y"]) >= a["h"], (a, b)


def test_without_many_boards_says_how_many(desk: Desk) -> None:
    page = desk.screen(390, control=True)
    desk.set(lambda race: (loaded(race), setattr(race, "confirmed", True)))
    desk.set(lambda race: race.missing.extend(f"b{k:02d}" for k in range(1, 21)))
    label = page.locator("#do-prepare_without .label")
    says(page, "do-prepare_without", "Prepare without 20 boards")
    assert page.locator("#without").bounding_box()["width"] > 300
    desk.set(lambda race: race.missing.__delitem__(slice(4, None)))
    assert label.inner_text() == "Prepare without b01, b02, b03, b04"


def test_a_plan_of_groups_has_no_empty_chart_and_no_empty_table(desk: Desk) -> None:
    page = desk.screen(control=True)

    def groups_alone(race: FakeRace) -> None:
        loaded(race)
        race.waves = three_groups()
        told = race.plan_told() | {"profile": [{"name": "red", "points": []}]}
        told["waves"] = [wave | {"splits": []} for wave in told["waves"]]
        race.plan_told = lambda: told  # type: ignore[method-assign]

    desk.set(groups_alone)
    page.keyboard.press("c")
    page.wait_for_selector("#panel[data-id=read] #confirm")
    assert page.locator("#panel h3").count() == page.locator("#panel .chart").count() == 0
    assert page.locator("#panel table").count() == 0
    page.keyboard.press("Escape")
    desk.fake.call(lambda: desk.race.__dict__.pop("plan_told"))
    desk.set(loaded)
    page.keyboard.press("c")
    page.wait_for_selector("#panel .chart canvas")
    assert page.locator("#panel h3").all_inner_texts() == ["Pace, for 400 m", "Splits"]


def test_a_chart_that_is_drawn_anew_leaves_nothing_behind(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(lambda race: (running(race), race.passes(400.0, 60.2), race.passes(800.0, 120.2)))
    page.wait_for_selector("#gap-chart canvas")
    # uPlot listens to the window for as long as a chart of its own is not destroyed
    page.evaluate(
        """() => {
          window.listening = 0;
          const [on, off] = [window.addEventListener, window.removeEventListener];
          const counted = (plain, by) => (...given) => {
            if (given[0] === 'dppxchange') window.listening += by;
            plain.apply(window, given);
          };
          window.addEventListener = counted(on, 1);
          window.removeEventListener = counted(off, -1);
        }"""
    )
    for at_m in (1200.0, 1600.0):
        desk.set(lambda race, at_m=at_m: race.passes(at_m, at_m * 0.15))
        page.wait_for_function("at => window.pacerail.page.state.athlete.rows.at(-1).distance_m === at", arg=at_m)
    for _ in range(3):
        page.keyboard.press("c")
        page.wait_for_selector("#panel .chart canvas")
        page.keyboard.press("Escape")
    # the chart of the gaps took the place of an older one, and one of the profile may stand
    assert page.evaluate("window.listening") <= 1
    canvas = page.query_selector("#gap-chart canvas")
    page.set_viewport_size({"width": 1440, "height": 500})
    page.wait_for_function("innerHeight === 500")
    desk.set(lambda race: None)
    assert canvas.is_visible(), "it was drawn anew though only the height is another one"


def test_what_is_read_aloud_does_not_change_with_every_figure(desk: Desk) -> None:
    page = desk.screen()
    desk.set(running)
    warn = "b07 holds its clock alone for {} s"
    desk.set(lambda race: race.warnings.append({"text": warn.format(61), "do": "Look at its cable."}))
    row = page.query_selector("#warnings-rows li")
    for seconds in (62, 63):
        desk.set(lambda race, s=seconds: race.warnings[0].update(text=warn.format(s)))
        says(page, "warnings-rows", warn.format(seconds))
    assert row.is_visible(), "another row took its place"
    desk.set(lambda race: race.warnings.append({"text": warn.format(9), "do": "Look at its cable."}))
    assert page.locator("#warnings-rows li").count() == 2
    page.evaluate(
        """() => {
          window.told = 0;
          const alert = document.querySelector('[role=alert]:has(#lost-words)');
          const all = { childList: true, characterData: true, subtree: true };
          new MutationObserver(() => (window.told += 1)).observe(alert, all);
        }"""
    )
    desk.fake.silent = True
    says(page, "lost-for", "for 3 s")
    assert page.evaluate("window.told") <= 2
