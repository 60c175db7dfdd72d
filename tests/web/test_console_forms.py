"""What people type into the console's forms: read in one way, and refused in words by the field, never guessed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Desk, armed, hold, ready, running

NONSENSE = ["", "  ", "abc", "1:75", "3.2.1", "-1", "1e3", "NaN", "0x10", "1,000.5", "3 s", "1:2", ":30"]


def read(page: Any, text: str) -> float | None:
    return page.evaluate("text => import('/seconds.js').then(m => m.readSeconds(text))", text)


def test_seconds_are_read_in_one_way(desk: Desk) -> None:
    page = desk.screen()
    good = {"3.2": 3.2, "3,2": 3.2, " 10 ": 10, "0": 0, "1:02.5": 62.5, "1:02,5": 62.5, "27:00": 1620, "1:02:03": 3723}
    assert {text: read(page, text) for text in good} == pytest.approx(good)
    assert {text: read(page, text) for text in NONSENSE} == dict.fromkeys(NONSENSE)


@pytest.mark.parametrize("text", NONSENSE)
def test_a_gun_so_many_seconds_ago_is_never_guessed(desk: Desk, text: str) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    page.keyboard.press("s")
    form = page.locator("#panel form").nth(1)
    form.locator("input").fill(text)
    form.locator("button").focus()
    page.keyboard.down("Enter")
    assert "expected" in form.locator(".wrong").inner_text()
    assert page.locator(".holding").count() == 0
    page.keyboard.up("Enter")
    form.locator("input").fill("3,2")
    assert form.locator(".wrong").inner_text() == ""
    form.locator("button").focus()
    hold(page, "Enter")
    told = desk.fake.wait_for(lambda told: told["type"] == "order")["order"].split()
    assert told[:2] == ["start", "ago"]
    assert 4.0 <= float(told[2]) < 6


@pytest.mark.parametrize(("text", "order"), [("1:02.5", "start in 62.5"), ("7,25", "start in 7.25")])
def test_a_start_to_come(desk: Desk, text: str, order: str) -> None:
    page = desk.screen(control=True)
    desk.set(armed)
    page.keyboard.press("s")
    form = page.locator("#panel form").nth(0)
    for wrong in ("", "soon", "0"):
        form.locator("input").fill(wrong)
        form.locator("button").focus()
        hold(page, "Enter")
        assert "expected" in form.locator(".wrong").inner_text()
    form.locator("input").fill(text)
    form.locator("button").focus()
    hold(page, "Enter")
    assert desk.fake.wait_for(lambda told: told["type"] == "order")["order"] == order


def test_a_show_lasts_as_long_as_it_says_or_is_not_shown(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(ready)
    page.keyboard.press("w")
    form = page.locator("#panel form[aria-label=clap-along]")
    for wrong in ("abc", "0", "", "-5", "99999"):
        form.locator("input").fill(wrong)
        page.keyboard.press("Enter")
        assert "expected" in form.locator(".wrong").inner_text(), wrong
    form.locator("input").fill("12,5")
    page.keyboard.press("Enter")
    assert desk.fake.wait_for(lambda told: told["type"] == "show")["seconds"] == 12.5


def test_a_shift_with_a_comma_is_eased_and_one_with_nonsense_is_not_sent(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    page.keyboard.press("1")
    form = page.locator("#panel form[aria-label=Shift]")
    amount, over = form.locator("input").first, form.locator("input").last
    for by, over_s in (("2", "3;5"), ("2", ""), ("", "5"), ("two", "5"), ("0", "5"), ("2000", "5"), ("2", "601")):
        amount.fill(by)
        over.fill(over_s)
        page.keyboard.press("Enter")
        assert "expected" in form.locator(".wrong:not(:empty)").first.inner_text(), (by, over_s)
        if not (by and over_s) or ";" in over_s:
            assert form.locator(".read").inner_text() == ""
    amount.fill("1,5")
    over.fill("3,5")
    assert form.locator(".read").inner_text() == "target: 1.5 m further ahead, eased over 3.5 s"
    page.keyboard.press("Enter")
    assert desk.fake.wait_for(lambda told: told["type"] == "order")["order"] == "shift target 1.5 m ahead over 3.5 s"


def test_a_new_finish_is_read_back_as_the_race_will_say_it(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    page.keyboard.press("1")
    form = page.locator("#panel form[aria-label=Re-target]")
    for wrong in ("", "4:61", "later", "0"):
        form.locator("input").fill(wrong)
        form.locator("input").press("Enter")
        assert "expected" in form.locator(".wrong").inner_text(), wrong
    form.locator("input").fill("4:01,5")
    assert form.locator(".read").inner_text() == "target: from here to its finish at 4:01.50"
    page.keyboard.press("Enter")
    assert desk.fake.wait_for(lambda told: told["type"] == "order")["order"] == "retarget target 4:01.50"


def test_the_plan_that_is_confirmed_is_the_one_that_was_read(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(lambda race: setattr(race, "plan", "breaking4-3-59"))
    page.keyboard.press("c")
    assert "d183 d54b 4eaa 5bfb" in page.locator("#panel .hash").inner_text()
    desk.set(lambda race: setattr(race, "hash", "0a1b2c3d4e5f6071"))
    swapped = page.locator("#panel .swapped")
    swapped.wait_for()
    assert "Plan d183 d54b 4eaa 5bfb" in swapped.inner_text()
    assert "0a1b 2c3d 4e5f 6071" in page.locator("#panel .hash").inner_text()
    page.click("#confirm")
    assert not [told for told in desk.fake.received if told["type"] == "confirm"]
    assert page.locator("#confirm").inner_text() == "Yes: confirm plan 0a1b 2c3d"
    page.click("#confirm")
    assert desk.fake.wait_for(lambda told: told["type"] == "confirm")["hash"] == "0a1b2c3d4e5f6071"
    page.wait_for_selector("#panel", state="hidden")
