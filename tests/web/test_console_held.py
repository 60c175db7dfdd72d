"""What is held, when its button goes away in the middle; and a click by something that cannot hold, in two steps."""

from __future__ import annotations

import pytest

from tests.web.conftest import Desk, armed, hold, running, says
from tests.web.fake_race import FakeRace, three_groups


def red_is_on(race: FakeRace) -> None:
    running(race, 30.0)
    race.waves = three_groups()
    race.waves[0].begun_s = 5.0


@pytest.mark.parametrize("by", ["mouse", "key"])
def test_a_hold_in_a_panel_that_an_answer_closes_is_let_go(desk: Desk, by: str) -> None:
    page = desk.screen(control=True)
    desk.set(red_is_on)
    page.keyboard.press("1")
    desk.fake.holds_answers = True
    page.click("#panel .choices button:has-text('Hide')")
    desk.order("hide red")
    if by == "mouse":
        page.hover("#panel button.hold:has-text('End')")
        page.mouse.down()
    else:
        page.keyboard.down("e")
    page.wait_for_selector("#panel .holding")
    desk.fake.answer_waiting()
    page.wait_for_selector("#panel", state="hidden")
    page.mouse.up() if by == "mouse" else page.keyboard.up("e")
    # as long as the hold would have taken, by the page's own clock
    page.evaluate("() => new Promise(done => setTimeout(done, 1000))")
    assert desk.orders() == []


def test_stop_is_still_held_when_a_panel_closes_beside_it(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    page.keyboard.press("1")
    desk.fake.holds_answers = True
    page.click("#panel .choices button:has-text('Hide')")
    desk.order("hide target")
    page.keyboard.down("x")
    page.wait_for_selector("#do-stop.holding")
    desk.fake.answer_waiting()
    desk.order("stop")
    page.keyboard.up("x")
    page.wait_for_selector("#panel", state="hidden")


def test_a_button_that_left_the_page_does_nothing_when_its_bar_is_full(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(red_is_on)
    page.hover("#waves-rows tr[data-name=red] .end")
    page.mouse.down()
    page.wait_for_selector(".holding")
    desk.set(lambda race: race.waves.pop(0))
    page.wait_for_selector("#waves-rows tr[data-name=red]", state="detached")
    page.evaluate("() => new Promise(done => setTimeout(done, 1000))")
    page.mouse.up()
    assert desk.orders() == []


def test_an_old_answer_leaves_another_panel_open_and_its_letters_are_no_orders(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(lambda race: (running(race), race.changes.append("x")))
    page.keyboard.press("1")
    desk.fake.holds_answers = True
    page.click("#panel form[aria-label=Shift] button")
    desk.order("shift target 2 m ahead over 5 s")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.wait_for_selector("#panel[data-id=name]")
    page.keyboard.type("Stefanie")
    desk.fake.answer_waiting()
    says(page, "answer", "shift target 2 m ahead over 5 s: done.")
    page.keyboard.type(", hut")
    assert page.locator("#panel[data-id=name] input").input_value() == "Stefanie, hut"
    assert desk.orders() == []
    page.keyboard.press("Enter")
    assert desk.fake.wait_for(lambda told: told["type"] == "name")["name"] == "Stefanie, hut"
    page.wait_for_selector("#panel", state="hidden")


CLICK = "id => document.getElementById(id).click()"
"""As a screen reader or a voice clicks: with no mouse, no finger, no key."""


def test_a_click_that_cannot_hold_asks_for_a_second_one(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    page.evaluate(CLICK, "do-stop")
    says(page, "answer", "Stop: click again within 3 s to do it")
    assert desk.orders() == []
    page.evaluate(CLICK, "do-stop")
    desk.order("stop")
    page.wait_for_function("window.pacerail.page.state.phase === 'stopped'")
    page.evaluate(CLICK, "do-recall")
    says(page, "answer", "Recall: the race is stopped")


def test_a_mouse_click_on_a_held_button_is_no_first_click(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    page.click("#do-stop")
    says(page, "answer", "Stop: hold it for 0.8 s. Nothing was sent.")
    page.click("#do-stop")
    page.keyboard.press("x")
    says(page, "answer", "Stop: hold it for 0.8 s. Nothing was sent.")
    assert desk.orders() == []


def test_a_second_click_that_comes_too_late_is_a_first_one(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    page.wait_for_function("performance.now() > 3300")
    page.evaluate(
        """id => {
          const click = at => {
            const event = new MouseEvent('click', { bubbles: true, cancelable: true, detail: 0 });
            Object.defineProperty(event, 'timeStamp', { value: at });
            document.getElementById(id).dispatchEvent(event);
          };
          const now = performance.now();
          click(now - 3200);
          click(now);
        }""",
        "do-stop",
    )
    says(page, "answer", "Stop: click again within 3 s to do it")
    assert desk.orders() == []


def test_start_is_the_next_step_only_where_no_gun_is_listened_to(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(armed)
    assert page.locator("[data-next] button").get_attribute("id") == "do-start"
    desk.set(lambda race: race.heard.append({"source": "pin", "words": "start contact: listening"}))
    assert page.locator("[data-next]").count() == 0
    hold(page, "g")
    desk.order("start")
