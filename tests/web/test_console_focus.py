"""Where the keys go: to the page, to a field, or to what has the focus."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Desk, armed, hold, running, says
from tests.web.fake_race import FakeRace, three_groups


def training(race: FakeRace) -> None:
    running(race, 30.0)
    race.waves = three_groups()


def is_split(desk: Desk, page: Any) -> None:
    desk.fake.received.clear()
    page.keyboard.press(" ")
    desk.fake.wait_for(lambda told: told["type"] == "split")


@pytest.mark.parametrize("key", ["x", "r"])
def test_stop_and_recall_go_on_in_a_field_for_a_time_and_leave_no_letter_there(desk: Desk, key: str) -> None:
    page = desk.screen(control=True)
    wanted = {"x": "stop", "r": "recall"}[key]
    desk.set(training)
    page.click("#countdown")
    hold(page, key)
    desk.order(wanted)
    assert page.locator("#countdown").input_value() == "10"
    page.evaluate("document.activeElement.blur()")
    desk.set(running)
    page.keyboard.press("1")
    field = page.locator("#panel form[aria-label=Shift] input").first
    field.focus()
    hold(page, key)
    desk.order(wanted)
    assert field.input_value() == "2"
    desk.set(running)
    page.focus("#marks")
    hold(page, key)
    desk.order(wanted)


def test_m_and_space_in_the_countdown_are_splits_and_begin_leaves_it(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(training)
    page.fill("#countdown", "5")
    for key in ("m", " "):
        page.keyboard.press(key)
        desk.fake.wait_for(lambda told: told["type"] == "split")
    assert page.locator("#countdown").input_value() == "5"
    page.locator("#waves-rows tr[data-name=red] .begin").click()
    desk.order("begin red in 5")
    assert page.evaluate("document.activeElement === document.body")
    page.click("#countdown")
    page.click("#do-begin_all")
    desk.order("begin all in 5")
    assert page.evaluate("document.activeElement === document.body")


def test_in_a_field_for_words_letters_are_letters(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    page.keyboard.press("n")
    page.keyboard.type("Max R m x")
    assert page.locator("#panel input").input_value() == "Max R m x"
    assert page.locator(".holding").count() == 0
    assert [told["type"] for told in desk.fake.received] == ["take"]


PLACES = [
    "#log-scroll", "#waves .scroll", "#boards-scroll", "#warnings-scroll", "#boards summary", "#link-export-csv",
    "#waves-rows tr:first-child .do-change button",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_after_a_click_anywhere_the_space_key_is_a_split(desk: Desk, place: str) -> None:
    page = desk.screen(control=True)
    desk.fake.call(lambda: desk.fake.event("a word for the log"))
    desk.set(running)
    page.wait_for_selector("#waves-rows tr")
    page.click(place)
    if "do-change" in place:
        page.wait_for_selector("#panel[data-id=change]")
        page.keyboard.press("Escape")
        page.wait_for_selector("#panel", state="hidden")
    is_split(desk, page)
    is_split(desk, page)
    assert page.locator("#panel").is_hidden()


def test_what_keys_went_to_takes_the_space_key(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    page.wait_for_selector("#waves-rows tr")
    page.focus("#boards summary")
    page.keyboard.press(" ")
    page.wait_for_selector("#boards details[open]")
    page.keyboard.press("0")
    page.wait_for_selector("#panel[data-id=change]")
    page.keyboard.press("Escape")
    page.keyboard.press(" ")
    page.wait_for_selector("#boards details:not([open])")
    assert not [told for told in desk.fake.received if told["type"] == "split"]


@pytest.mark.parametrize("button", ["split", "split_likeliest"])
def test_a_split_by_mouse_has_the_time_of_the_press(desk: Desk, button: str) -> None:
    page = desk.screen(control=True)
    desk.set(lambda race: (running(race), setattr(race, "likeliest_m", 800.0)))
    page.wait_for_function("window.pacerail.page.server.heardOffsets.length >= 5")
    page.hover(f"#do-{button}")
    page.evaluate(
        """() => document.addEventListener('pointerdown', event => {
          window.pressed_ms = window.pacerail.page.server.at(event.timeStamp);
        }, true)"""
    )
    page.mouse.down()
    page.evaluate("() => new Promise(done => setTimeout(done, 400))")
    page.mouse.up()
    told = desk.fake.wait_for(lambda told: told["type"] == "split")
    # what the page knows of the program's clock may have grown better meanwhile
    assert told["at_ms"] - page.evaluate("window.pressed_ms") < 200


def test_a_panel_shows_the_race_clock_and_what_the_race_does(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(lambda race: running(race, 121.0))
    page.keyboard.press("1")
    says(page, "panel-phase", "Running")
    says(page, "panel-race", "2:0")
    desk.set(armed)
    says(page, "panel-phase", "Armed")
    assert page.locator("#panel-race").inner_text() == ""
