"""Splits on a line that breaks, that is only just back, and on a page that is loaded anew: none is lost."""

from __future__ import annotations

from typing import Any

from tests.web.conftest import Desk, hold, running, says
from tests.web.fake_race import FakeRace


def control_again(page: Any) -> None:
    page.wait_for_function("!window.pacerail.page.lost && window.pacerail.page.state.control.you")


def passed(page: Any, count: int) -> None:
    page.wait_for_function("n => window.pacerail.page.state?.athlete.rows.length === n", arg=count)


def test_a_split_that_was_not_answered_is_sent_again_with_its_moment(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    desk.fake.deaf_to = {"split"}
    page.keyboard.press(" ")
    first = desk.fake.wait_for(lambda told: told["type"] == "split")
    desk.break_line(page)
    says(page, "answer", "split: kept")
    # and once more: the line that it is sent on breaks too
    desk.fake.closed_to_all = False
    second = desk.fake.wait_for(lambda told: told["type"] == "split")
    desk.break_line(page)
    says(page, "answer", "split: kept")
    desk.fake.deaf_to, desk.fake.closed_to_all = set(), False
    third = desk.fake.wait_for(lambda told: told["type"] == "split")
    assert first["at_ms"] == second["at_ms"] == third["at_ms"]
    says(page, "answer", "1 kept split: 1 noted")
    passed(page, 1)


def test_until_control_is_back_a_split_is_kept_and_nobody_is_told_to_take_it(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    desk.break_line(page)
    desk.fake.deaf_to, desk.fake.closed_to_all = {"resume"}, False
    says(page, "lost-words", "control is on its way back to this page")
    page.wait_for_function("window.pacerail.page.state && !window.pacerail.page.state.control.you")
    page.keyboard.press(" ")
    says(page, "answer", "split: kept")
    page.keyboard.press("f")
    says(page, "answer", "Freeze all: control is on its way back to this page")
    desk.fake.hear_waiting()
    says(page, "answer", "1 kept split: 1 noted")
    control_again(page)
    passed(page, 1)
    assert page.locator("#lost").is_hidden()


def test_control_that_was_taken_meanwhile_is_said_at_once(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    desk.break_line(page)
    desk.fake.deaf_to, desk.fake.closed_to_all = {"resume"}, False
    page.wait_for_function("window.pacerail.page.state && !window.pacerail.page.state.control.you")
    other = desk.screen()
    other.keyboard.press("t")
    other.wait_for_function("window.pacerail.page.state.control.you")
    desk.fake.hear_waiting()
    page.wait_for_selector("#lost", state="hidden")
    page.keyboard.press("f")
    says(page, "answer", "is in control: ask with T")


def test_of_several_kept_splits_every_answer_is_told(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(lambda race: (running(race), setattr(race, "marks", "400 m")))
    desk.break_line(page)
    for _ in range(3):
        page.keyboard.press(" ")
    says(page, "answer", "3 so far")

    def two_are_left(race: FakeRace) -> None:
        for at_m in (400.0, 800.0):
            race.passes(at_m, at_m * 0.15)

    desk.fake.call(lambda: two_are_left(desk.race))
    desk.fake.closed_to_all = False
    says(page, "answer", "3 kept splits: 2 noted, refused: no mark is left")
    assert page.locator("#answer.bad").count() == 1


def test_kept_splits_outlive_a_page_that_is_loaded_anew(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    desk.fake.silent = True
    page.wait_for_function("window.pacerail.page.lost")
    page.keyboard.press(" ")
    says(page, "answer", "split: kept")
    page.reload()
    desk.fake.silent = False
    told = desk.fake.wait_for(lambda told: told["type"] == "split")
    assert "at_ms" in told
    passed(page, 1)
    control_again(page)
    page.reload()
    control_again(page)
    assert not [told for told in desk.fake.received if told["type"] == "split"]


def test_what_takes_long_is_waited_for_as_long_as_the_program_is_busy(desk: Desk) -> None:
    page = desk.screen()
    seen = page.evaluate(
        """async () => {
          const { Link } = await import('/link.js');
          const later = [], plain = window.setTimeout;
          window.setTimeout = (act, ms) => ms === 20000 ? later.push(act) : plain(act, ms);
          let busy = true, answer = 'none';
          const link = Object.create(Link.prototype);
          Object.assign(link, {
            open: true, last_id: 0, waiting: new Map(), handlers: { busy: () => busy }, socket: { send() {} },
          });
          link.send({ type: 'prepare' }).then(why => (answer = why));
          const seen = [];
          for (const is of [true, true, false]) {
            busy = is;
            later.shift()();
            await Promise.resolve();
            seen.push(answer);
          }
          window.setTimeout = plain;
          return seen;
        }"""
    )
    assert seen == ["none", "none", "no answer from the program yet; look at the event log"]


def test_a_stop_that_was_not_answered_is_sent_again_with_its_moment(desk: Desk) -> None:
    page = desk.screen(control=True)
    desk.set(running)
    desk.fake.deaf_to = {"order"}
    hold(page, "x")
    first = desk.fake.wait_for(lambda told: told["type"] == "order")
    desk.break_line(page)
    says(page, "answer", "stop: the connection broke")
    desk.fake.deaf_to, desk.fake.closed_to_all = set(), False
    again = desk.fake.wait_for(lambda told: told["type"] == "order")
    assert (again["order"], again["at_ms"]) == ("stop", first["at_ms"])
    says(page, "answer", "stop: done")
    control_again(page)
    page.wait_for_function("window.pacerail.page.state.phase === 'stopped'")
