"""How old what a page says may be, and from when it counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacerail.console import messages as m
from pacerail.console.ages import AHEAD_S, most_age_s, pressed_s, too_old

ORDERS = ["arm", "start", "start ago 3", "start in 10", "shift target +2 m", "undo", "gun pin", "begin all", "stopp"]


def test_what_comes_late_is_refused_by_what_it_is() -> None:
    quick = [*map(m.Order, ORDERS), m.Load("p"), m.Confirm("h"), m.Prepare(), m.Show("x", 3), m.Dark(), m.Marks("line")]
    for message in [*quick, m.Take(), m.Hand("k2")]:
        assert too_old(message, 1.5) is None
        assert too_old(message, 5.1) == (
            "that was pressed 5.1 s ago and came late: look, and press again if it still holds"
        )
    for order in ("stop", "recall", "  stop "):
        assert too_old(m.Order(order), 10) is None and "pressed 10.1 s ago" in (too_old(m.Order(order), 10.1) or "")
    for told in m.ATHLETES:
        message = m.Split(0.0) if told is m.Split else told()
        assert too_old(message, 60) is None and too_old(message, 61) is not None


@given(
    st.floats(0, 1e9), st.floats(-100, AHEAD_S - 0.01), st.sampled_from([m.Prepare(), m.Order("start"), m.Split(40.0)])
)
def test_it_counts_from_the_press_and_never_from_later_than_it_came(came_s: float, off_s: float, what: m.Wish) -> None:
    at_ms = max(0.0, (came_s + off_s) * 1000)
    found_s = pressed_s(m.Said(1, at_ms, what), came_s)
    assert found_s <= came_s
    assert found_s == pytest.approx(min(at_ms / 1000, came_s), abs=1e-6)


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.sampled_from(["stop", "recall", " stop "]))
def test_what_ends_a_race_is_taken_however_far_ahead_a_page_is(came_s: float, off_s: float, order: str) -> None:
    found_s = pressed_s(m.Said(1, (came_s + off_s) * 1000, m.Order(order)), came_s)
    assert found_s == pytest.approx(came_s, abs=1e-6) and found_s <= came_s
    assert too_old(m.Order(order), came_s - found_s) is None


def test_without_a_time_it_counts_from_when_it_came() -> None:
    assert pressed_s(m.Said(1, None, m.Prepare()), 7.0) == 7.0
    assert pressed_s(m.Said(1, None, m.Split(500.0)), 7.0) == 6.5
    assert pressed_s(m.Said(1, 6900.0, m.Split(500.0)), 7.0) == 6.9  # one of them says when


def test_a_page_that_does_not_know_the_clock_is_told_what_to_do() -> None:
    assert pressed_s(m.Said(1, (7 + AHEAD_S) * 1000, m.Prepare()), 7.0) == 7.0
    for what in (m.Prepare(), m.Order("start"), m.Order("end red"), m.Split(0.0), m.Take()):
        with pytest.raises(m.Malformed, match=r"^pressed 5\.1 s from now by this page's clock") as refused:
            pressed_s(m.Said(9, 12_100.0, what), 7.0)
        assert refused.value.id == 9 and str(refused.value).endswith(": load the page anew and press again")


def test_every_kind_of_message_has_an_age() -> None:
    for kind in (m.Dark(), m.Name("x"), m.Resume("x"), m.SplitUndo()):
        assert 1 <= most_age_s(kind) <= 60
