"""Two screens, lost connections, the clock between messages, and what the rail shows: in a real browser."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Desk, armed, ready, running
from tests.web.fake_race import LAP_M, START_TRACK_M, FakeRace, place


def words(page: Any, id: str) -> str:
    return str(page.locator(f"#{id}").text_content())


def test_one_is_in_control_the_other_asks_and_is_given_it(desk: Desk) -> None:
    first = desk.screen(control=True)
    second = desk.screen()
    desk.set(ready)
    assert words(second, "in-control") == "k1 is in control. You watch."
    second.keyboard.press("n")
    second.fill("#panel input", "Ana, timing hut")
    second.keyboard.press("Enter")
    second.wait_for_selector("#panel", state="hidden")
    second.keyboard.press("a")
    second.wait_for_function("document.querySelector('#answer').textContent === 'Arm: k1 is in control: ask with T'")
    assert words(second, "controls-why") == "k1 is in control: ask with T"
    second.keyboard.press("t")
    second.wait_for_function("document.querySelector('#asking').textContent === 'You have asked for control.'")
    first.wait_for_function(
        "document.querySelector('#asked-words').textContent === 'Ana, timing hut asks for control.'"
    )
    first.keyboard.press("y")
    second.wait_for_function("document.querySelector('#in-control').textContent === 'You are in control.'")
    first.wait_for_function(
        "document.querySelector('#in-control').textContent === 'Ana, timing hut is in control. You watch.'"
    )
    assert words(second, "viewers") == "2 screens"
    second.keyboard.press("a")
    desk.order("arm")


def test_a_link_for_watching_can_do_nothing(desk: Desk) -> None:
    page = desk.screen(path="/?token=look")
    desk.set(ready)
    assert words(page, "in-control") == "Watching only. Nobody is in control."
    for key in ("t", "a", "l", "x"):
        page.keyboard.press(key)
    assert words(page, "controls-why") == "this link is for watching only"
    assert desk.fake.received == []
    assert page.locator("#link-export-csv").get_attribute("href").endswith("/export.csv?token=look")


def test_a_silent_program_is_shown_big_and_what_it_says_next_is_taken(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    desk.fake.silent = True
    page.wait_for_selector("#lost", state="visible")
    page.wait_for_function(
        """document.querySelector('#lost-words').textContent === 'No word from the program; the rail runs on.'
          && /^for [1-9][0-9]* s$/.test(document.querySelector('#lost-for').textContent)"""
    )
    assert page.locator("#lost").bounding_box()["height"] > 50
    before = page.evaluate("window.pacerail.page.clock.race_s(performance.now())")
    page.wait_for_function("before => window.pacerail.page.clock.race_s(performance.now()) > before + 0.2", arg=before)
    page.keyboard.press("f")
    page.wait_for_function("document.querySelector('#answer').textContent === 'Freeze all: no word from the program'")
    desk.fake.silent = False
    page.wait_for_selector("#lost", state="hidden")


def test_a_broken_connection_comes_back_by_itself_and_shows_no_event_twice(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    desk.fake.call(lambda: desk.fake.event("b07: lost: no answer", "bad", "b07"))
    page.wait_for_function("document.querySelectorAll('#log-rows li').length >= 1")
    desk.break_line(page)
    page.wait_for_selector("#lost", state="visible")
    page.wait_for_function("document.querySelector('#lost-more').textContent.startsWith('The connection is broken.')")
    desk.fake.closed_to_all = False
    page.wait_for_selector("#lost", state="hidden")
    page.wait_for_function("window.pacerail.page.state?.control.you")
    assert page.locator("#log-rows li", has_text="b07: lost").count() == 1


@pytest.mark.parametrize("rate", [1.0, 10.0])
def test_the_clock_and_the_light_are_within_50_ms_of_the_truth(desk: Desk, rate: float) -> None:
    desk.race.rate = rate
    page = desk.screen()
    desk.set(lambda race: running(race, 40.0))
    page.wait_for_function("window.pacerail.page.clock.offsets_s.length >= 5")
    errors_ms: list[float] = []
    off_m: list[float] = []
    for _ in range(20):
        before_s = desk.race.race_s()
        seen = page.evaluate(
            """() => {
              const { page, rail } = window.pacerail, at = performance.now();
              const wave = page.state.waves[0];
              const along_m = rail.place(wave, page.ahead_m(wave, at)).along_m;
              return [page.clock.race_s(at), along_m / rail.rail.running.length_m];
            }"""
        )
        after_s = desk.race.race_s()
        assert before_s is not None and after_s is not None
        # the page looked at some moment between the two: only what lies outside is an error for sure
        errors_ms.append(max(before_s - seen[0], seen[0] - after_s, 0.0) / rate * 1000)
        lo_m, hi_m = (START_TRACK_M + desk.race.waves[0].distance_m(s) for s in (before_s, after_s))
        at_m = seen[1] * LAP_M + LAP_M * round((lo_m - seen[1] * LAP_M) / LAP_M)
        off_m.append(max(lo_m - at_m, at_m - hi_m, 0.0))
    assert max(errors_ms) < 50
    assert max(off_m) < 0.050 * rate * 6.71 + 0.1


def lit(page: Any, x: float, y: float) -> list[int]:
    """The light layer's colour at a place in m."""
    return page.evaluate(
        """([x, y]) => {
          const { fit, light } = window.pacerail.rail;
          return [...light.context.getImageData(Math.floor(fit.x(x)), Math.floor(fit.y(y)), 1, 1).data];
        }""",
        [x, y],
    )


def test_every_led_is_lit_as_it_is_in_screen_light(desk: Desk) -> None:
    page = desk.screen()
    desk.expected = ["willReadFrequently"]  # said of a test that reads the canvas; the page never does
    leds = desk.race.boards * desk.race.leds

    def frame_of(race: FakeRace) -> None:
        made = bytearray(3 * leds)
        for led in range(600, 900):
            made[3 * led : 3 * led + 3] = bytes((55, 0, 0))
        race.frame = lambda: [bytes(made[450 * b : 450 * (b + 1)]) for b in range(race.boards)]  # type: ignore[method-assign]

    desk.set(frame_of)
    page.wait_for_function("window.pacerail.rail.leds.rgb[3 * 750] === 55 && !window.pacerail.rail.light.dirty")
    # linear 55 of 255 is 0.2157, and that is 128 on an sRGB screen: 255 * (1.055 * 0.2157 ** (1 / 2.4) - 0.055)
    r, g, b, a = lit(page, *place((750.5) * LAP_M / leds))
    assert (round(r * a / 255), g, b) == (pytest.approx(128, abs=2), 0, 0)
    assert lit(page, *place(1500.5 * LAP_M / leds))[3] == 0


def test_the_waves_the_figures_and_the_boards_are_shown(desk: Desk) -> None:
    page = desk.screen()

    def act(race: FakeRace) -> None:
        running(race, 60.0)
        race.lost = {6}
        race.changes = ["1:02.00 target: 2 m further ahead, eased over 5 s"]

    desk.set(act)
    page.wait_for_selector("#boards-rows tr")
    page.wait_for_function("document.querySelector('#boards-rows tr').textContent.includes('b07')")
    assert "lost" in page.locator("#boards-rows tr").first.inner_text()
    assert words(page, "boards-sum") == "15 of 16 well, 1 lost"
    assert words(page, "phase") == "Running"
    assert words(page, "gun") == "gun: start contact on b01"
    assert words(page, "gun-bound") == "±45 µs"
    assert words(page, "changes") == "1:02.00 target: 2 m further ahead, eased over 5 s"
    assert "b07 is lost: no answer" in words(page, "warnings-rows")
    row = page.locator("#waves-rows tr").first.inner_text()
    assert "59.65" in row and "800 m at 1:59.30" in row and "3:59.99" in row
    assert page.locator(".tag").all_inner_texts() == ["target", "record", "lead pacer"]
    desk.set(lambda race: race.lost.clear())
    page.wait_for_function("document.querySelector('#boards-sum').textContent === 'all 16 well'")
    assert words(page, "warnings-none") == "No warnings."


def test_the_words_of_a_plan_can_do_nothing_but_be_shown(desk: Desk) -> None:
    page = desk.screen(control=True)

    def act(race: FakeRace) -> None:
        running(race)
        race.waves[0].name = "<img src=x onerror=alert(1)>"

    desk.set(act)
    page.wait_for_function("document.querySelector('#waves-rows').textContent.includes('<img src=x')")
    assert page.locator("img").count() == 0


def test_the_page_keeps_to_its_own_policy(desk: Desk) -> None:
    desk.fake.call(lambda: armed(desk.race))
    context = desk.browser.new_context()
    desk.contexts.append(context)
    page = context.new_page()
    page.on("console", lambda m: desk.errors.append(m.text) if m.type in ("error", "warning") else None)
    page.goto(desk.fake.url)
    page.wait_for_selector("#waves-rows tr")
    page.keyboard.press("c")
    page.wait_for_selector("#panel .chart canvas")
