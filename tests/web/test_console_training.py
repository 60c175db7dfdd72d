"""Groups of a training plan from the page, and the athlete's marks: missed, likelier, typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.web.conftest import HEIGHTS, Desk, hold, running, says
from tests.web.fake_race import FakeRace, three_groups

Shot = Callable[[Any, str], None]


def training(race: FakeRace) -> None:
    running(race, 30.0)
    race.waves = three_groups()


def row(page: Any, name: str) -> Any:
    return page.locator(f"#waves-rows tr[data-name='{name}']")


def test_a_group_is_begun_by_a_click_with_the_countdown_and_ended_by_holding(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(training)
    red, blue = row(page, "red"), row(page, "blue group")
    assert row(page, "pace").locator(".begin").is_hidden()
    assert red.locator(".group-words").inner_text() == "waits to be begun; button on b03"
    assert red.locator(".begin").inner_text().startswith("Begin in 10 s")
    red.locator(".begin").click()
    desk.order("begin red in 10")
    page.wait_for_function(
        "/^begins in (10|9) s; button on b03$/"
        ".test(document.querySelector('#waves-rows tr[data-name=red] .group-words').textContent)"
    )
    assert red.locator(".begin").get_attribute("aria-disabled") == "true"
    red.locator(".begin").click(force=True)
    says(page, "answer", "Begin red: red is on its run; end it first")
    page.fill("#countdown", "0")
    page.evaluate("document.activeElement.blur()")
    blue.locator(".begin").click()
    desk.order('begin "blue group"')
    red.locator(".end").click()
    says(page, "answer", "End red: hold it for 0.8 s")
    red.locator(".end").hover()
    page.mouse.down()
    desk.order("end red")
    page.mouse.up()


@pytest.mark.parametrize("text", ["", "soon", "1;5"])
def test_a_countdown_that_is_no_time_begins_nothing(desk: Desk, text: str) -> None:
    page = desk.screen(control=True)
    desk.set(training)
    page.fill("#countdown", text)
    row(page, "red").locator(".begin").click()
    says(page, "answer", "expected")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("z")
    says(page, "answer", "Begin all groups")
    assert desk.orders() == []
    assert "expected" in page.locator("#groups .wrong").inner_text()


def test_begin_all_and_the_keys_in_a_groups_panel(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(training)
    page.keyboard.press("z")
    desk.order("begin all in 10")
    desk.set(training)
    page.keyboard.press("2")
    page.wait_for_selector("#panel[data-id=change]")
    page.keyboard.press("b")
    desk.order('begin "blue group" in 10')
    page.wait_for_selector("#panel", state="hidden")
    page.wait_for_function("window.pacerail.page.state.waves[1].group.end === null")
    page.keyboard.press("2")
    hold(page, "e")
    desk.order('end "blue group"')
    page.wait_for_selector("#panel", state="hidden")
    page.keyboard.press("3")
    assert page.locator("#panel [aria-label=Group]").count() == 0


def test_a_group_is_begun_while_a_change_is_under_way_and_a_shift_waits(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(lambda race: (training(race), setattr(race, "busy", "changing")))
    row(page, "red").locator(".begin").click()
    desk.order("begin red in 10")
    page.keyboard.press("f")
    says(page, "answer", "Freeze all: busy: changing")
    page.keyboard.press("2")
    page.keyboard.press("b")
    desk.order('begin "blue group" in 10')


def test_without_groups_there_is_nothing_to_begin(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    assert page.locator("#groups").is_hidden()
    assert page.locator("#waves-rows .begin:visible").count() == 0
    page.keyboard.press("z")
    says(page, "answer", "Begin all groups: the plan has no groups")


def test_two_equal_changes_are_two_rows(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(lambda race: (running(race), setattr(race, "changes", ["1:02 target: freeze"] * 2 + ["1:03 x"])))
    assert page.locator("#changes li").all_inner_texts() == ["1:02 target: freeze", "1:02 target: freeze", "1:03 x"]
    desk.set(lambda race: setattr(race, "changes", ["1:02 target: freeze"]))
    assert page.locator("#changes li").count() == 1


def test_a_missed_mark_and_the_offer_of_a_later_one(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(lambda race: running(race, 121.0))
    assert page.locator("#likeliest").is_hidden()
    page.keyboard.press("Enter")
    says(page, "answer", "no other mark is likelier")
    desk.set(lambda race: setattr(race, "likeliest_m", 800.0))
    offer = page.locator("#do-split_likeliest")
    assert offer.inner_text().startswith("That was 800 m")
    page.keyboard.press("Enter")
    told = desk.fake.wait_for(lambda told: told["type"] == "split")
    assert told["distance_m"] == 800.0 and "at_ms" in told
    page.wait_for_function("document.querySelectorAll('#athlete-rows tr').length === 2")
    rows = [text.split("\t")[:2] for text in page.locator("#athlete-rows tr").all_inner_texts()]
    assert rows[0][0] == "800 m" and rows[1] == ["400 m", "missed"]
    assert page.locator("#likeliest").is_hidden()
    page.keyboard.press("-")
    desk.fake.wait_for(lambda told: told["type"] == "split_miss")
    says(page, "athlete-last", "Missed since: 1200 m.")
    page.keyboard.press("Backspace")
    desk.fake.wait_for(lambda told: told["type"] == "split_undo")


def test_each_button_of_the_athlete_has_its_own_reason(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(lambda race: (running(race), race.passes(400.0, 60.2), setattr(race, "phase", "stopped")))
    dead = {
        id: page.locator(f"#do-{id}").get_attribute("aria-disabled") for id in ("split", "split_miss", "split_undo")
    }
    assert dead == {"split": "true", "split_miss": "true", "split_undo": None}
    assert page.locator("#marks").is_enabled()


def test_a_time_that_is_not_the_keys_says_where_it_is_from(desk: Desk) -> None:
    page = desk.screen(control=True)

    def act(race: FakeRace) -> None:
        running(race)
        race.passes(400.0, 59.0)
        race.rows[-1]["source"] = "typed"
        race.passes(800.0, 118.0)
        race.rows[-1]["source"] = "feed"

    desk.set(act)
    page.wait_for_selector("#athlete-rows tr")
    rows = [text.split("\t")[1] for text in page.locator("#athlete-rows tr").all_inner_texts()]
    assert rows == ["1:58.00 by the timing", "59.00 typed"]
    # 118 - 800 * 239.99 / 1609.344 = -1.30 s: ahead
    says(page, "athlete-last", "ahead of target")


@pytest.mark.parametrize("width", list(HEIGHTS))
def test_groups_fit_on_every_screen(desk: Desk, shot: Shot, width: int) -> None:
    page = desk.screen(width, control=True)

    def act(race: FakeRace) -> None:
        training(race)
        race.waves[1].begun_s = 38.0
        race.rows, race.likeliest_m = [], 800.0

    desk.set(act)
    shot(page, f"training-{width}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = page.evaluate("(s => s.scrollWidth <= s.clientWidth)(document.querySelector('#waves .scroll'))")
    assert box, "the waves are wider than their box"
    page.keyboard.press("1")
    shot(page, f"training-panel-{width}")
