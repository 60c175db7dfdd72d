"""Where the zero comes from: each source, which one wins, and what is said of the others."""

from __future__ import annotations

import math
import random

import pytest

from pacerail.gun import AGO_BOUND_US, KEY_BOUND_US, Gun, ago, choose, key_press, pin_edge, scheduled
from pacerail.sync import Line

NOW_US = 3_000_000_000


def test_a_schedule_is_exact_and_a_persons_word_is_not() -> None:
    """Zero and bound of the sources that need no instrument."""
    assert scheduled(NOW_US, 5) == Gun("scheduled", NOW_US + 5_000_000, 0)
    assert ago(NOW_US, 3.2) == Gun("ago", NOW_US - 3_200_000, AGO_BOUND_US)
    assert ago(NOW_US, 0.0, 50_000) == Gun("ago", NOW_US, 50_000)
    assert key_press(NOW_US) == Gun("key", NOW_US, KEY_BOUND_US)


@pytest.mark.parametrize("seconds", [-0.1, math.nan, math.inf])
def test_a_gun_that_has_not_been(seconds: float) -> None:
    """`ago` takes what has been, and only numbers."""
    with pytest.raises(ValueError, match="expected seconds, 0 or more"):
        ago(NOW_US, seconds)


def test_an_edge_is_where_the_boards_clock_says() -> None:
    """Any rate, any offset, however late the news: within the bound, which is the line's and the capture's."""
    for seed in range(50):
        rng = random.Random(seed)
        rate_ppb, tick = rng.uniform(-40_000, 40_000), rng.randrange(2**40)
        line = Line(NOW_US, tick, rate_ppb, error_us=20.0, rate_error_ppb=50.0)
        true_us = NOW_US - rng.randrange(300_000_000)
        caught = tick + round((true_us - NOW_US) * (1 + rate_ppb / 1e9)) + rng.randrange(50)
        gun = pin_edge(caught, line)
        assert gun.source == "pin" and abs(gun.zero_us - true_us) <= 52
        assert gun.bound_us >= line.error_at_us(true_us) + 50
    assert pin_edge(tick, line, capture_us=3).bound_us == math.ceil(line.error_us) + 3


def test_the_better_source_wins_whatever_the_order() -> None:
    """Pin, Lynx, schedule, a person's word, key; among guns of one source the bound."""
    guns = [Gun("pin", 10, 90), Gun("pin", 20, 120), Gun("lynx", 30, 60_000), Gun("scheduled", 40, 0),
            Gun("ago", 50, 1), Gun("key", 60, 1), Gun("telepathy", 70, 0)]  # fmt: skip
    for seed in range(20):
        mixed = random.Random(seed).sample(guns, len(guns))
        choice = choose(mixed)
        assert choice is not None and choice.gun == guns[0]
        assert [difference.other for difference in choice.differences] == guns[1:]
    assert choose([]) is None


def test_two_zeros_as_at_breaking4() -> None:
    """0.49 s between two clocks is 3.3 m of light, and is not to be explained by their bounds."""
    choice = choose([Gun("lynx", NOW_US + 490_000, 120_000), Gun("pin", NOW_US, 80)], speed_mps=6.7059)
    assert choice is not None and choice.conflict and choice.gun.source == "pin"
    (difference,) = choice.differences
    assert difference.later_us == 490_000
    assert difference.words == ("Lynx says 0.49 s later than the pin (3.3 m of light at 6.71 m/s): "
                                "more than their bounds of 80 us and 0.12 s allow")  # fmt: skip


@pytest.mark.parametrize(
    ("other", "words"),
    [(Gun("lynx", NOW_US - 12_300, 40_000), "Lynx says 12.3 ms earlier than the pin (82 mm of light at 6.70 m/s)"),
     (Gun("key", NOW_US - 1_500_000, 2_000_000),
      "the key says 1.50 s earlier than the pin (10.1 m of light at 6.70 m/s)"),
     (Gun("pin", NOW_US + 150, 90), "the pin says 150 us later than the pin (1 mm of light at 6.70 m/s)"),
     (Gun("ago", NOW_US, 300_000), "the operator's word says the same as the pin")],
)  # fmt: skip
def test_differences_in_words(other: Gun, words: str) -> None:
    """In units that a person can judge, and no alarm as long as both may be right."""
    choice = choose([other, Gun("pin", NOW_US, 80)], speed_mps=6.70)
    assert choice is not None and not choice.conflict
    assert [difference.words for difference in choice.differences] == [words]


def test_a_conflict_begins_where_the_bounds_end() -> None:
    """To the us."""
    for late_us, conflict in ((280, False), (281, True)):
        choice = choose([Gun("pin", NOW_US, 80), Gun("lynx", NOW_US + late_us, 200)])
        assert choice is not None and choice.conflict is conflict
        assert ("allow" in choice.differences[0].words) is conflict
