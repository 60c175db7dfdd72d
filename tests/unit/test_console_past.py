"""The fleet time of a press that is past, where time goes as it should, and where a simulation is behind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacerail.console.past import Past


class Simulated:
    """A simulation of so many seconds in a second that is behind for a while, and then makes up for it."""

    def __init__(self, rate: float, stalls: tuple[float, float] = (0.0, 0.0)) -> None:
        self.rate = rate
        self.stalls = stalls
        self.now_s = 0.0

    def truly_us(self, at_s: float) -> int:
        """What was to be seen."""
        from_s, to_s = self.stalls
        return round((from_s if from_s <= at_s < to_s else at_s) * self.rate * 1e6)

    def would_be(self, at_s: float) -> int:
        """As the bench has it."""
        return min(round(at_s * self.rate * 1e6), self.truly_us(self.now_s))


def seen(world: Simulated, until_s: float) -> Past:
    past = Past(world.would_be)
    while world.now_s < until_s:
        past.see(world.now_s)
        world.now_s += 1 / 10
    past.see(world.now_s)
    return past


@given(st.floats(0, 8), st.sampled_from([0.5, 1.0, 20.0]))
def test_exact_where_it_keeps_up(at_s: float, rate: float) -> None:
    assert seen(Simulated(rate), 8.2).fleet_us_at(at_s) == round(at_s * rate * 1e6)


@pytest.mark.parametrize("at_s", [3.2, 3.9, 4.4])
def test_what_was_seen_counts_where_it_was_behind(at_s: float) -> None:
    world = Simulated(20.0, (3.0, 4.5))
    past = seen(world, 9.0)
    assert world.would_be(at_s) - 60e6 > 3e6  # far from what anybody saw
    assert past.fleet_us_at(at_s) == pytest.approx(60e6, abs=2.1e6)  # a tenth of a second of 20


@given(st.lists(st.floats(0, 12), min_size=2, max_size=20))
def test_it_never_goes_back(times: list[float]) -> None:
    past = seen(Simulated(20.0, (3.0, 4.5)), 12.0)
    found = [past.fleet_us_at(at_s) for at_s in sorted(times)]
    assert found == sorted(found)


@given(st.floats(0.03, 0.3), st.floats(3.2, 3.5))
def test_a_moment_that_was_shown_late_is_that_moment(behind_s: float, at_s: float) -> None:
    """A press at a state that was made while the simulation was a little behind has that state's time."""
    now_s = 0.0

    def would_be(wall_s: float) -> int:
        shown_s = now_s - behind_s if now_s <= 3.5 else now_s
        return round(20e6 * min(wall_s, shown_s))

    past = Past(would_be)
    shown: list[tuple[float, int]] = []
    while now_s < 5:
        past.see(now_s)
        shown.append((now_s, would_be(now_s)))
        now_s += 0.1
    at_s, shown_us = min(shown, key=lambda state: abs(state[0] - at_s))
    assert past.fleet_us_at(at_s) == pytest.approx(shown_us, abs=20e6 * 0.021)


def test_what_is_long_past_is_forgotten() -> None:
    past = Past(lambda at_s: round(at_s * 1e6))
    for k in range(20_000):
        past.see(k / 10)
    assert len(past._seen_s) < 1000  # pyright: ignore[reportPrivateUsage]
    assert past.fleet_us_at(0.05) == 50_000 and past.fleet_us_at(1990.0) == 1_990_000_000
