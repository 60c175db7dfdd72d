"""Coming back: after a lost line, a page loaded anew, a program started anew, and with a link that is old."""

from __future__ import annotations

from typing import Any

from tests.web.conftest import Desk, loaded, ready, running, says
from tests.web.fake_race import FakeRace

OLD = "This link is not valid any more: use the one that the program printed."


def keys_do_nothing(desk: Desk, page: Any) -> None:
    desk.fake.received.clear()
    for key in ("t", "l", "a", "f", " ", "n"):
        page.keyboard.press(key)
    assert desk.fake.received == []
    assert page.locator("#panel").is_hidden()


def test_control_and_name_come_back_after_a_lost_line(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    key = page.evaluate("window.pacerail.page.hello.resume")
    desk.break_line(page)
    desk.fake.received.clear()
    desk.fake.closed_to_all = False
    assert desk.fake.wait_for(lambda told: True) == {"type": "resume", "id": 2, "key": key}
    page.wait_for_function("window.pacerail.page.state?.control.you")
    assert page.evaluate("window.pacerail.page.hello.resume") != key


def test_control_comes_back_when_the_page_is_loaded_anew(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    page.keyboard.press("n")
    page.fill("#panel input", "Ana")
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel", state="hidden")
    page.reload()
    page.wait_for_function("window.pacerail?.page.state?.control.you")
    page.wait_for_function("window.pacerail.page.state.control.name === 'Ana'")


def test_control_that_somebody_took_meanwhile_stays_there(desk: Desk) -> None:
    first = desk.screen(control=True)
    second = desk.screen()
    desk.set(running)
    desk.expected = ["WebSocket connection", "Failed to load resource"]
    first.context.set_offline(True)
    first.evaluate("window.pacerail.link.socket.close()")
    second.wait_for_function("window.pacerail.page.state.control.by === null")
    second.keyboard.press("t")
    second.wait_for_function("window.pacerail.page.state.control.you")
    first.context.set_offline(False)
    first.wait_for_function("!window.pacerail.page.lost && window.pacerail.page.state.viewers === 2")
    assert second.evaluate("window.pacerail.page.state.control.you")
    assert "You watch" in first.locator("#in-control").inner_text()


def test_a_program_started_anew_without_a_plan_shows_none(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    says(page, "plan-confirmed", "confirmed")
    page.keyboard.press("c")
    desk.break_line(page)

    def anew(race: FakeRace) -> None:
        race.plan, race.confirmed, race.phase, race.gun, race.gun_s = None, False, "idle", None, None

    desk.fake.call(lambda: anew(desk.race))
    desk.fake.closed_to_all = False
    says(page, "plan-title", "No plan is loaded")
    page.wait_for_function("!window.pacerail.page.lost")
    says(page, "confirm-why", "no plan is loaded any more")
    assert page.locator("#plan-confirmed").inner_text() == ""
    assert page.locator("#waves-rows tr").count() == 0
    assert page.locator("#race").inner_text() == "–:––.––"  # noqa: RUF001


def test_a_link_from_before_says_so_and_nothing_can_be_pressed(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(ready)
    desk.break_line(page)
    desk.fake.token = "new"
    desk.fake.closed_to_all = False
    says(page, "lost-words", OLD)
    assert page.locator("button:not([aria-disabled]):not(#do-help)").filter(visible=True).count() == 0
    assert "not valid" in page.locator("#controls-why").inner_text()
    keys_do_nothing(desk, page)
    page.keyboard.press("a")
    says(page, "answer", "Arm: this link is not valid any more")
    assert page.locator("a[data-token][href]").count() == 0


def test_a_page_that_is_opened_with_an_old_link_says_so(desk: Desk) -> None:
    desk.expected = ["WebSocket connection", "Failed to load resource"]
    desk.fake.token = "new"
    page = desk.screen(path="/?token=old", wait=False)
    says(page, "lost-words", OLD)
    assert page.locator("#do-take[aria-disabled=true]").count() == 1
    keys_do_nothing(desk, page)


def test_before_the_program_is_heard_no_button_looks_alive(desk: Desk) -> None:
    desk.expected = ["WebSocket connection", "Failed to load resource"]
    desk.fake.closed_to_all = True
    page = desk.screen(wait=False)
    says(page, "lost-words", "Connecting to the program")
    dead = ("take", "load", "prepare", "arm", "start", "heard", "recall", "stop", "split", "freeze", "show", "name")
    assert [id for id in dead if page.locator(f"#do-{id}[aria-disabled=true]").count() != 1] == []
    desk.fake.closed_to_all = False
    page.wait_for_function("window.pacerail.page.state && !window.pacerail.page.lost")
    assert page.locator("#do-take[aria-disabled]").count() == 0


def test_the_badge_says_whether_this_is_the_real_rail(desk: Desk) -> None:
    page = desk.screen()
    assert page.locator("#simulated").inner_text() == "simulated"
    desk.race.simulated = False
    real = desk.screen()
    assert real.locator("#simulated").inner_text() == "real rail"


def test_stop_is_sent_on_a_line_that_stands_though_nothing_is_heard(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    desk.fake.silent = True
    page.wait_for_function("window.pacerail.page.lost")
    page.keyboard.press("f")
    says(page, "answer", "no word from the program")
    page.keyboard.down("x")
    desk.order("stop")
    page.keyboard.up("x")
    desk.fake.silent = False


def test_what_is_loaded_can_be_prepared_before_it_is_confirmed(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(loaded)
    page.keyboard.press("l")
    words = page.locator("#panel").inner_text()
    assert "before the rail can be armed" in words and "can be prepared before that" in words


def test_a_show_after_a_stop_and_a_program_that_looks_after_nothing_are_told_as_they_are(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(lambda race: (ready(race), setattr(race, "phase", "stopped")))
    says(page, "phase", "Stopped: all dark")
    desk.set(lambda race: setattr(race, "show", {"name": "clap-along", "left_s": 20.0}))
    assert page.locator("#phase").inner_text() == "Show: clap-along"
    desk.set(lambda race: (setattr(race, "show", None), setattr(race, "phase", "interrupted")))
    assert page.locator("#phase").inner_text() == "Interrupted: the boards run on"
    assert "Recall and Stop reach them" in page.locator("#doing").inner_text()
