"""Every key of the console, what is held, what is refused: in a real browser, against a made-up race."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Desk, armed, hold, loaded, ready, running, says
from tests.web.fake_race import HASH, FakeRace


@pytest.mark.parametrize(
    ("key", "given", "wanted"),
    [
        ("p", lambda race: setattr(race, "confirmed", True), {"type": "prepare"}),
        ("a", ready, {"type": "order", "order": "arm"}),
        ("f", running, {"type": "order", "order": "freeze all"}),
        ("o", running, {"type": "order", "order": "resume all"}),
        ("u", lambda race: race.changes.append("x"), {"type": "order", "order": "undo"}),
        ("d", ready, {"type": "dark"}),
        ("m", running, {"type": "split"}),
        (" ", running, {"type": "split"}),
    ],
)  # fmt: skip
def test_a_key_sends(desk: Desk, key: str, given: Any, wanted: dict[str, str]) -> None:
    page = desk.screen(control=True)
    desk.set(lambda race: (loaded(race), given(race)))
    page.keyboard.press(key)
    told = desk.fake.wait_for(lambda told: told["type"] == wanted["type"])
    assert {name: told[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("key", "panel"),
    [
        ("l", "load"), ("c", "read"), ("s", "start"), ("1", "change"), ("0", "change"), ("w", "show"), ("n", "name"),
        ("?", "help"),
    ],
)  # fmt: skip
def test_a_key_opens_its_panel_and_escape_closes_it(desk: Desk, key: str, panel: str) -> None:
    page = desk.screen(control=True)
    desk.set(running if key in "s10" else ready)
    page.keyboard.press(key)
    page.wait_for_selector(f"#panel[data-id={panel}]:not([hidden])")
    assert page.evaluate("document.querySelector('#panel').contains(document.activeElement)")
    page.keyboard.press("Escape")
    page.wait_for_selector("#panel", state="hidden")


@pytest.mark.parametrize(("key", "place"), [("k", "marks"), ("b", "boards-scroll"), ("i", "log-scroll")])
def test_a_key_goes_to_its_place(desk: Desk, key: str, place: str) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    page.keyboard.press(key)
    page.wait_for_function("place => document.activeElement.id === place", arg=place)


def test_every_action_has_a_key_of_its_own_and_stands_in_the_list(desk: Desk) -> None:
    page = desk.screen(control=True)
    keys = page.evaluate("import('/actions.js').then(m => m.ACTIONS.map(a => [a.key, a.label]))")
    assert len({key for key, _ in keys}) == len(keys)
    page.keyboard.press("?")
    listed = page.locator("#panel").inner_text()
    assert all(label in listed for _, label in keys)


@pytest.mark.parametrize(
    ("key", "button", "given", "order"),
    [
        ("g", "do-start", armed, "start"),
        ("r", "do-recall", running, "recall"),
        ("x", "do-stop", running, "stop"),
    ],
)
def test_what_is_held_goes_by_key_and_by_mouse_and_not_when_let_go_early(
    desk: Desk, key: str, button: str, given: Any, order: str
) -> None:
    page = desk.screen(control=True)
    desk.set(given)
    page.keyboard.press(key)
    page.click(f"#{button}")
    page.wait_for_function("document.querySelector('#answer').textContent.includes('hold it')")
    page.focus(f"#{button}")
    page.keyboard.press("Enter")
    assert not [told for told in desk.fake.received if told["type"] == "order"]
    page.evaluate("document.activeElement.blur()")
    hold(page, key)
    desk.order(order)
    desk.set(given)
    page.hover(f"#{button}")
    page.mouse.down()
    desk.order(order)
    page.mouse.up()
    desk.set(given)
    page.focus(f"#{button}")
    hold(page, " ")
    desk.order(order)


def test_gun_heard_counts_from_the_press(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(armed)
    hold(page, "h")
    told = desk.fake.wait_for(lambda told: told["type"] == "order")
    words = told["order"].split()
    assert words[:2] == ["start", "ago"]
    assert 0.8 <= float(words[2]) < 3  # it is held for 0.8 s, or longer on a busy machine


def test_what_cannot_be_now_says_why_and_sends_nothing(desk: Desk) -> None:
    page = desk.screen(control=True)
    button = page.locator("#do-arm")
    assert button.get_attribute("aria-disabled") == "true"
    why = page.locator(f"#{button.get_attribute('aria-describedby')}").text_content()
    assert why == "the race is idle; expected it ready"
    assert "Arm: the race is idle; expected it ready" in page.locator("#steps .whys").inner_text()
    page.keyboard.press("a")
    page.wait_for_function(
        "document.querySelector('#answer').textContent === 'Arm: the race is idle; expected it ready'"
    )
    button.click(force=True)
    hold(page, "g")
    assert [told["type"] for told in desk.fake.received] == ["take"]


def test_no_wave_can_be_changed_when_no_race_is_on(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(ready)
    assert page.locator("#waves-rows .do-change button:not([aria-disabled])").count() == 0
    page.keyboard.press("1")
    says(page, "answer", "Change target: the race is ready")
    desk.set(running)
    assert page.locator("#waves-rows .do-change button:not([aria-disabled])").count() == 3
    page.keyboard.press("7")
    says(page, "answer", "There is no wave 7.")
    desk.fake.silent = True
    page.wait_for_selector("#lost", state="visible")
    assert page.locator("#waves-rows .do-change button:not([aria-disabled])").count() == 0
    page.keyboard.press("1")
    says(page, "answer", "Change target: no word from the program")
    desk.fake.silent = False


def test_load_read_back_and_confirm_by_keyboard_alone(desk: Desk) -> None:
    page = desk.screen(control=True)
    page.keyboard.press("l")
    page.wait_for_selector("#panel[data-id=load]")
    page.keyboard.press("Enter")
    assert desk.fake.wait_for(lambda told: told["type"] == "load")["plan"] == "breaking4-3-59"
    page.wait_for_function("window.pacerail.page.plan")
    page.wait_for_selector("#panel", state="hidden")
    page.keyboard.press("c")
    panel = page.locator("#panel")
    assert "d183 d54b 4eaa 5bfb" in panel.inner_text()
    assert "target runs 3:59.99, 59.65 a lap" in panel.inner_text()
    assert panel.locator(".chart canvas").bounding_box()["width"] > 200
    assert panel.locator(".scroll tbody tr").count() == 5
    for _ in range(6):
        if page.evaluate("document.activeElement.id") == "confirm":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert desk.fake.wait_for(lambda told: told["type"] == "confirm")["hash"] == HASH
    page.wait_for_function("document.querySelector('#plan-confirmed').textContent.includes('✓')")


def test_a_refused_load_says_why_and_stays_open(desk: Desk) -> None:
    page = desk.screen(control=True)
    page.keyboard.press("l")
    page.fill("#panel input", "nowhere.toml")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "document.querySelector('#panel .answer').textContent.startsWith('nowhere.toml: no such plan')"
    )


@pytest.mark.parametrize(
    ("fill", "words", "order"),
    [
        (("3", "m", "back", "10"), "lead pacer: 3 m further back, eased over 10 s",
         'shift "lead pacer" 3 m back over 10 s'),
        (("1.5", "s", "earlier", "0"), "lead pacer: 1.5 s earlier, at once",
         'shift "lead pacer" 1.5 s earlier at once'),
    ],
)  # fmt: skip
def test_a_shift_is_read_back_before_it_goes(desk: Desk, fill: tuple[str, ...], words: str, order: str) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    page.keyboard.press("3")
    form = page.locator("#panel form[aria-label=Shift]")
    form.locator("input").first.fill(fill[0])
    form.locator("select").first.select_option(fill[1])
    form.locator("select").last.select_option(fill[2])
    form.locator("input").last.fill(fill[3])
    assert form.locator(".read").inner_text() == words
    page.keyboard.press("Enter")
    desk.order(order)


def test_the_words_of_a_change_are_the_races_own(desk: Desk) -> None:
    from pacerail.model.changes import parse_change
    from pacerail.model.changes import words as race_words

    page = desk.screen(control=True)
    for order, given in (
        ("shift target 2 m ahead over 5 s", ("shift", {"amount": "2", "unit": "m", "way": "ahead", "over_s": 5})),
        ("shift target 1.5 s later at once", ("shift", {"amount": "1.5", "unit": "s", "way": "later", "over_s": 0})),
        ("retarget target 4:01.50", ("retarget", {"finish": "4:01.50"})),
        *((f"{verb} target", (verb, {})) for verb in ("freeze", "resume", "hide", "show")),
    ):
        said = page.evaluate("g => import('/words.js').then(m => m.changeWords('target', ...g))", list(given))
        assert said == race_words(parse_change(order))


def test_a_jump_backwards_is_refused_and_can_be_forced_by_holding(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    page.keyboard.press("1")
    form = page.locator("#panel form[aria-label=Shift]")
    form.locator("select").last.select_option("back")
    form.locator("input").last.fill("0")
    page.keyboard.press("Enter")
    force = page.locator("#panel button.danger")
    force.wait_for(state="visible")
    assert "shift target 2 m back at once" in force.inner_text()
    form.locator("input").first.fill("1")  # what would be forced is not what the form says any more
    force.wait_for(state="hidden")
    form.locator("input").first.fill("2")
    page.keyboard.press("Enter")
    force.wait_for(state="visible")
    force.hover()
    page.mouse.down()
    desk.order("force shift target 2 m back at once")
    page.mouse.up()
    page.wait_for_selector("#panel", state="hidden")


def test_retarget_start_in_ago_and_shows(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    page.keyboard.press("1")
    page.fill("#panel form[aria-label=Re-target] input", "4:01.5")
    page.keyboard.press("Enter")
    desk.order("retarget target 4:01.50")
    desk.set(armed)
    page.keyboard.press("s")
    page.fill("#panel form:nth-of-type(1) input", "7")
    page.focus("#panel form:nth-of-type(1) button")
    hold(page, "Enter")
    desk.order("start in 7")
    desk.set(armed)
    page.keyboard.press("s")
    page.fill("#panel form:nth-of-type(2) input", "3.2")
    page.focus("#panel form:nth-of-type(2) button")
    hold(page, "Enter")
    told = desk.fake.wait_for(lambda told: str(told.get("order")).startswith("start ago"))
    assert 4.0 <= float(told["order"].split()[2]) < 6
    desk.set(ready)
    page.keyboard.press("w")
    page.click("#panel form[aria-label=clap-along] button")
    assert desk.fake.wait_for(lambda told: told["type"] == "show")["name"] == "clap-along"


def test_the_athletes_splits_by_key_undo_and_export(desk: Desk) -> None:
    page = desk.screen(control=True)

    def breaking4(race: FakeRace) -> None:
        running(race)
        race.rows = []
        for at_m, time_s in ((400.0, 60.20), (800.0, 120.75), (1200.0, 181.84)):
            race.passes(at_m, time_s)

    desk.set(breaking4)
    page.wait_for_selector("#athlete-rows tr")
    rows = page.locator("#athlete-rows tr").all_inner_texts()
    assert [row.split("\t")[:3] for row in rows] == [
        ["1200 m", "3:01.84", "1:01.09"], ["800 m", "2:00.75", "1:00.55"], ["400 m", "1:00.20", "1:00.20"],
    ]  # fmt: skip
    # 181.84 - 1200 * 239.99 / 1609.344 = 2.89 s; 2.8926 * 6.7059 m/s = 19.4 m
    assert "2.89 s, 19.4 m behind" in rows[0]
    page.keyboard.press("Backspace")
    desk.fake.wait_for(lambda told: told["type"] == "split_undo")
    page.wait_for_function("document.querySelectorAll('#athlete-rows tr').length === 2")
    page.select_option("#marks", "200 m")
    assert desk.fake.wait_for(lambda told: told["type"] == "marks")["every"] == "200 m"
    page.evaluate("document.activeElement.blur()")
    for key, name in (("e", "athlete.csv"), ("j", "export.json"), ("q", "report.json")):
        with page.expect_download() as download:
            page.keyboard.press(key)
        assert download.value.suggested_filename == name
    with page.expect_popup() as sheet:
        page.keyboard.press("v")
    sheet.value.wait_for_load_state()
    assert sheet.value.title() == "sheet"


def test_a_mouse_click_does_not_take_the_space_key_from_the_split(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    page.click("#do-freeze")
    desk.order("freeze all")
    page.keyboard.press(" ")
    desk.fake.wait_for(lambda told: told["type"] == "split")
    assert not [told for told in desk.fake.received if told.get("order") == "freeze all"]


def test_one_key_cannot_move_the_zero_of_a_race_that_is_on_but_words_can(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    hold(page, "h")
    assert "the gun has gone" in page.locator("#answer").inner_text()
    page.keyboard.press("s")
    page.focus("#panel form:nth-of-type(1) button")
    hold(page, "Enter")
    assert "the gun has gone" in page.locator("#panel .answer").inner_text()
    assert [told["type"] for told in desk.fake.received] == ["take"]
    page.focus("#panel form:nth-of-type(2) button")
    hold(page, "Enter")
    desk.fake.wait_for(lambda told: str(told.get("order")).startswith("start ago"))


def test_a_board_that_is_not_there_is_done_without_when_a_person_says_so(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(loaded)
    desk.set(lambda race: setattr(race, "confirmed", True))
    assert page.locator("#without").is_hidden()
    page.keyboard.press(".")
    says(page, "answer", "Prepare without the boards that fail: no board has failed")
    desk.set(lambda race: race.missing.extend(["b07", "b09"]))
    page.wait_for_function(
        "document.getElementById('do-prepare_without').innerText.startsWith('Prepare without b07, b09')"
    )
    page.keyboard.press("p")
    says(page, "answer", "check failed on 2 of 16 boards: b07, b09: no answer")
    page.click("#do-prepare_without")
    says(page, "answer", "prepare without b07, b09: done")
    page.wait_for_selector("#without", state="hidden")
    assert page.evaluate("window.pacerail.page.state.phase") == "ready"
