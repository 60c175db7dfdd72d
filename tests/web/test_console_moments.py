"""When something was pressed, in the server's time; splits that are pressed with no word from it; and holding."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.web.conftest import Desk, armed, hold, ready, running, says

EARLY_MS = 400
"""A state may be as old as this when the page first hears the server's clock."""


def mono_ms() -> float:
    return time.monotonic() * 1000


def settled(page: Any) -> None:
    page.wait_for_function("window.pacerail.page.server.heardOffsets.length >= 5")


def test_the_smallest_difference_of_the_last_30_s_is_kept(desk: Desk) -> None:
    page = desk.screen()
    seen = page.evaluate(
        """() => import('/moments.js').then(m => {
          const clock = new m.ServerClock(), seen = [clock.at(5)];
          const hear = (at, mono) => { clock.heard(mono, at); seen.push(clock.offset_ms); };
          hear(1000, 900); hear(2000, 1950); hear(3000, 2800); hear(32500, 32300);
          hear(60000, 50000); clock.forget(); seen.push(clock.at(5)); clock.heard(undefined, 9); seen.push(clock.at(5));
          return seen;
        })"""
    )
    assert seen == [None, 100, 50, 50, 200, 10000, None, None]


def test_every_press_says_when_it_was_in_the_servers_time(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    settled(page)
    for key, wanted, id in (
        ("f", "order", "freeze"), (" ", "split", "split"), ("-", "split_miss", "split_miss"),
        ("Backspace", "split_undo", "split_undo"),
    ):  # fmt: skip
        before = mono_ms()
        page.wait_for_function("id => !document.getElementById(id).hasAttribute('aria-disabled')", arg=f"do-{id}")
        page.keyboard.press(key)
        told = desk.fake.wait_for(lambda told, wanted=wanted: told["type"] == wanted)
        assert before - EARLY_MS <= told["at_ms"] <= mono_ms() + 1


def test_a_page_that_stands_still_does_not_make_a_split_late(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    settled(page)
    before = mono_ms()
    pressed_ms = page.evaluate(
        """() => {
          const pressed = new KeyboardEvent("keydown", { key: " ", code: "Space", bubbles: true, cancelable: true });
          while (performance.now() - pressed.timeStamp < 900);
          document.body.dispatchEvent(pressed);
          return window.pacerail.page.server.at(pressed.timeStamp);
        }"""
    )
    told = desk.fake.wait_for(lambda told: told["type"] == "split")
    assert mono_ms() - before > 900
    assert told["at_ms"] == pytest.approx(pressed_ms, abs=1.0)


def test_start_counts_from_the_end_of_the_hold_and_gun_heard_from_its_beginning(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(armed)
    settled(page)
    for key, words in (("g", "start"), ("h", "start ago")):
        desk.set(armed)
        before = mono_ms()
        hold(page, key)
        told = desk.fake.wait_for(lambda told: told["type"] == "order")
        assert told["order"].startswith(words)
        assert before + 800 - EARLY_MS <= told["at_ms"] <= mono_ms() + 1
        if words == "start ago":
            pressed_ms = told["at_ms"] - 1000 * float(told["order"].split()[2])
            assert before - EARLY_MS <= pressed_ms <= before + 750


@pytest.mark.parametrize("cut", [False, True])
def test_a_split_with_no_word_from_the_program_is_kept_and_sent_with_its_time(desk: Desk, cut: bool) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    settled(page)
    if cut:
        desk.break_line(page)
    desk.fake.silent = not cut
    page.wait_for_function("window.pacerail.page.lost")
    before = mono_ms()
    page.keyboard.press(" ")
    after = mono_ms()
    says(page, "answer", "kept")
    assert not [told for told in desk.fake.received if told["type"] == "split"]
    desk.fake.silent = desk.fake.closed_to_all = False
    told = desk.fake.wait_for(lambda told: told["type"] == "split")
    assert before - EARLY_MS <= told["at_ms"] <= after + 1
    page.wait_for_function("window.pacerail.page.state.athlete.rows.length === 1")


def test_a_kept_split_is_not_told_to_another_program(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    settled(page)
    desk.break_line(page)
    page.keyboard.press(" ")
    says(page, "answer", "kept")
    desk.fake.call(lambda: setattr(desk.fake, "left", None))
    desk.fake.closed_to_all = False
    says(page, "answer", "1 kept split is dropped")
    assert not [told for told in desk.fake.received if told["type"] == "split"]


END = {
    "another key": lambda page: page.keyboard.down("Shift"),
    "an action's key": lambda page: page.keyboard.down("f"),
    "its key as another letter": lambda page: page.evaluate(
        "document.dispatchEvent(new KeyboardEvent('keyup', { code: 'KeyG', key: '©', bubbles: true }))"
    ),
    "another window": lambda page: page.evaluate("window.dispatchEvent(new Event('blur'))"),
    "a hidden page": lambda page: page.evaluate("document.dispatchEvent(new Event('visibilitychange'))"),
    "Escape": lambda page: page.keyboard.press("Escape"),
}


@pytest.mark.parametrize("name", list(END))
def test_a_hold_ends_with_whatever_leaves_it_unsure(desk: Desk, name: str) -> None:
    page = desk.screen(control=True)
    desk.set(armed)
    page.keyboard.down("g")
    page.wait_for_selector(".holding")
    END[name](page)
    assert page.locator(".holding").count() == 0
    says(page, "answer", "Start now: hold it for 0.8 s" if name != "an action's key" else "freeze all")
    page.keyboard.up("g")
    for key in ("Shift", "f"):
        page.keyboard.up(key)
    hold(page, "g")
    desk.order("start")
    assert [order for order in desk.orders() if order == "start"] == []


def test_a_tap_takes_the_old_answer_away(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(armed)
    hold(page, "g")
    says(page, "answer", "start: done.")
    page.keyboard.press("x")
    says(page, "answer", "Stop: hold it for 0.8 s. Nothing was sent.")
    assert page.locator("#answer.bad").count() == 1


def test_after_a_held_button_and_a_chosen_mark_the_space_key_is_a_split_again(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(armed)
    page.hover("#do-start")
    page.mouse.down()
    desk.order("start")
    page.mouse.up()
    page.wait_for_function("window.pacerail.page.state.phase === 'running'")
    page.keyboard.press(" ")
    desk.fake.wait_for(lambda told: told["type"] == "split")


def test_what_cannot_be_done_any_more_when_the_bar_is_full_is_not_sent(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(armed)
    page.keyboard.down("g")
    desk.set(ready)
    says(page, "answer", "expected it armed")
    page.keyboard.up("g")
    assert desk.orders() == []
