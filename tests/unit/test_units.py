"""Times, distances, paces, colours: what is read, what is refused, and that writing undoes reading."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacerail.model.units import (
    colour_hex,
    colour_word,
    format_distance,
    format_time,
    parse_colour,
    parse_distance_m,
    parse_pace_mps,
    parse_time_s,
)


@pytest.mark.parametrize(
    ("text", "time_s"),
    [
        ("3:59.99", 239.99),
        ("59.6", 59.6),
        ("1:02:03.4", 3723.4),
        ("0:30", 30.0),
        ("90", 90.0),
        ("75:00", 4500.0),
        (" 64 s ", 64.0),
        ("64s", 64.0),
        (240, 240.0),
        (59.65, 59.65),
    ],
)
def test_times_are_read(text: object, time_s: float) -> None:
    assert parse_time_s(text) == pytest.approx(time_s, abs=1e-9)


@pytest.mark.parametrize(
    "bad",
    [
        "3:60",
        "1:60:00",
        "59,6",
        "",
        ":30",
        "3:",
        "-5",
        "1e3",
        "nan",
        "inf",
        "٣:٥٩",
        "3:59.99.1",
        "25:00:00",
        -1,
        math.nan,
        math.inf,
        True,
        None,
        [1],
        pytest.param(10**400, id="401 digits"),
        pytest.param(0xF << 40000, id="12000 digits"),
    ],
)
def test_what_is_no_time_says_what_was_expected(bad: object) -> None:
    with pytest.raises(ValueError, match=r"; expected .*") as caught:
        parse_time_s(bad)
    assert len(str(caught.value)) < 200 and "\n" not in str(caught.value)


@settings(derandomize=True, max_examples=100)
@given(st.integers(0, 24 * 360_000))
def test_a_time_written_and_read_again_is_the_same(hundredths: int) -> None:
    assert parse_time_s(format_time(hundredths / 100)) == pytest.approx(hundredths / 100, abs=1e-9)


@pytest.mark.parametrize(
    ("time_s", "decimals", "text"),
    [
        (239.99, 2, "3:59.99"),
        (59.6, 2, "59.60"),
        (59.999, 2, "1:00.00"),
        (3599.9999, 2, "1:00:00.00"),
        (3723.4, 1, "1:02:03.4"),
        (-0.49, 2, "-0.49"),
        (-0.001, 2, "0.00"),
        (600.0, 0, "10:00"),
    ],
)
def test_times_are_written(time_s: float, decimals: int, text: str) -> None:
    assert format_time(time_s, decimals) == text


@pytest.mark.parametrize(
    ("text", "distance_m"),
    [
        ("1 mile", 1609.344),
        ("1500 m", 1500.0),
        ("440 yd", 402.336),
        ("5 km", 5000.0),
        ("10,000 m", 10_000.0),
        ("10,000.5 m", 10_000.5),
        ("809.344m", 809.344),
        ("2 Miles", 3218.688),
        ("1500", 1500.0),
        (1500, 1500.0),
        (809.344, 809.344),
    ],
)
def test_distances_are_read(text: object, distance_m: float) -> None:
    assert parse_distance_m(text) == pytest.approx(distance_m, abs=1e-9)


@pytest.mark.parametrize(
    "bad", ["", "mile", "1 lap", "400 s", "-400 m", "4 00 m", "1,50 m", "101 km", math.nan, -1, False, {}]
)
def test_what_is_no_distance_says_what_was_expected(bad: object) -> None:
    with pytest.raises(ValueError, match="; expected a distance such as"):
        parse_distance_m(bad)


def test_four_quarters_of_440_yards_are_a_mile() -> None:
    assert 4 * parse_distance_m("440 yd") == pytest.approx(parse_distance_m("1 mile"), abs=1e-9)


@pytest.mark.parametrize(
    ("text", "pace_mps"),
    [
        ("60.0/400 m", 400 / 60),
        ("2:30/km", 1000 / 150),
        ("4:00/mile", 1609.344 / 240),
        ("6.7 m/s", 6.7),
        ("24.12 km/h", 6.7),
        ("60 / 400m", 400 / 60),
    ],
)
def test_paces_are_read(text: str, pace_mps: float) -> None:
    assert parse_pace_mps(text) == pytest.approx(pace_mps)


@pytest.mark.parametrize(
    "bad", ["60", "60/", "/km", "0/400 m", "60/0 m", "0 m/s", "6.7 mph", "fast", 60, None, "1/1/1"]
)
def test_what_is_no_pace_says_what_was_expected(bad: object) -> None:
    with pytest.raises(ValueError, match="; expected a pace such as"):
        parse_pace_mps(bad)


def test_colours_are_linear_values_as_written() -> None:
    assert parse_colour("#00ff40") == (0, 255, 64)
    assert parse_colour("#80FF00") == (128, 255, 0)
    assert parse_colour("Red") == (255, 0, 0)


@pytest.mark.parametrize("bad", ["#00ff4", "00ff40", "#00ff4g", "greenish", "", 0x00FF40, None])
def test_what_is_no_colour_says_what_was_expected(bad: object) -> None:
    with pytest.raises(ValueError, match='expected "#rrggbb" or one of blue, '):
        parse_colour(bad)


@settings(derandomize=True, max_examples=50)
@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_a_colour_written_and_read_again_is_the_same(colour: tuple[int, int, int]) -> None:
    assert parse_colour(colour_hex(colour)) == colour


@pytest.mark.parametrize(
    ("colour", "word"), [("#00ff40", "green"), ("#0040ff", "blue"), ("#808080", "white"), ("#200000", "red")]
)
def test_colours_have_words(colour: str, word: str) -> None:
    assert colour_word(parse_colour(colour)) == word


def test_distances_are_written_short() -> None:
    assert [format_distance(d) for d in (1609.344, 400.0, 809.344, 0.5)] == ["1 mile", "400 m", "809.344 m", "0.5 m"]
