"""Profiles: they meet their marks, never go back, have no jump of speed when smooth, and invert."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacerail.model import motion
from pacerail.model.motion import Mark, Stretch
from pacerail.model.profile import Profile

RECORD = [(100.0 * (k + 1), t) for k, t in enumerate([15.5, 31.6, 46.9, 62.6, 78.1, 93.5, 109.1, 124.6])]


@st.composite
def marks(draw: st.DrawFn) -> list[Mark]:
    steps = draw(st.lists(st.tuples(st.floats(0.1, 500), st.floats(0.01, 200)), min_size=1, max_size=8))
    d = np.cumsum([s[0] for s in steps])
    t = np.cumsum([s[1] for s in steps])
    return [(float(a), float(b)) for a, b in zip(d, t, strict=True)]


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    made = motion.from_marks(draw(marks()), smooth=draw(st.booleans()), standing=draw(st.booleans()))
    made = motion.moved(made, by_m=draw(st.floats(-50, 50)), earlier_s=draw(st.floats(-30, 30)))
    if draw(st.booleans()):
        made = motion.run_on(made, draw(st.floats(0.1, 100))) if made.end_m > made.start_m else made
    return motion.hold(made, draw(st.floats(0, 10)))


@settings(derandomize=True, max_examples=150, deadline=None)
@given(marks(), st.booleans(), st.booleans())
def test_every_mark_is_met(given_marks: list[Mark], smooth: bool, standing: bool) -> None:
    made = motion.from_marks(given_marks, smooth=smooth, standing=standing)
    for distance_m, time_s in given_marks:
        assert made.distance_m(time_s) == pytest.approx(distance_m, abs=1e-6)
    assert made.distance_m(0.0) == pytest.approx(0.0, abs=1e-12)
    assert made.end_s == given_marks[-1][1]


@settings(derandomize=True, max_examples=150, deadline=None)
@given(profiles())
def test_no_profile_ever_goes_back(made: Profile) -> None:
    t = np.sort(np.concatenate((np.linspace(-1, made.end_s + 1, 700), made.breaks_s, np.nextafter(made.breaks_s, 0))))
    assert np.diff(made.distance_m(t)).min() >= -1e-7
    assert made.speed_mps(t).min() >= 0


@settings(derandomize=True, max_examples=100, deadline=None)
@given(profiles(), st.floats(0, 1))
def test_time_of_a_distance_is_the_first_time_there(made: Profile, share: float) -> None:
    distance_m = made.start_m + share * (made.end_m - made.start_m)
    time_s = made.time_s(distance_m)
    assert made.distance_m(time_s) == pytest.approx(distance_m, abs=1e-6)
    assert made.distance_m(time_s - 0.001) <= distance_m + 1e-7


@settings(derandomize=True, max_examples=100, deadline=None)
@given(profiles())
def test_the_highest_speed_is_never_passed(made: Profile) -> None:
    t = np.linspace(0, made.end_s, 500)
    assert made.speed_mps(t).max() <= made.max_speed_mps + 1e-9


@settings(derandomize=True, max_examples=100, deadline=None)
@given(marks(), st.booleans())
def test_smooth_profiles_have_no_jump_of_speed(given_marks: list[Mark], standing: bool) -> None:
    made = motion.from_marks(given_marks, smooth=True, standing=standing)
    u = np.diff(made.breaks_s)
    c = made.coeffs
    arrives = c[:, 1] + u * (2 * c[:, 2] + 3 * u * c[:, 3])
    assert arrives[:-1] == pytest.approx(c[1:, 1], rel=1e-6, abs=1e-6)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(profiles())
def test_pieces_join_and_none_is_shorter_than_a_tick(made: Profile) -> None:
    u = np.diff(made.breaks_s)
    c = made.coeffs
    ends = c[:, 0] + u * (c[:, 1] + u * (c[:, 2] + u * c[:, 3]))
    assert ends[:-1] == pytest.approx(c[1:, 0], abs=1e-3)
    assert u.min() >= motion.SLIVER_S * 0.5
    assert made.start_s == 0.0


def test_linear_is_one_speed_between_marks() -> None:
    made = motion.from_marks([(400.0, 60.0), (800.0, 122.0)])
    assert made.speed_mps(30.0) == pytest.approx(400 / 60)
    assert made.speed_mps(60.0) == pytest.approx(400 / 62)
    assert made.distance_m(91.0) == pytest.approx(600.0)


def test_a_smooth_profile_of_even_marks_is_even() -> None:
    made = motion.from_marks([(100.0, 15.0), (200.0, 30.0), (300.0, 45.0)], smooth=True)
    assert made.speed_mps(np.linspace(0, 44.9, 50)) == pytest.approx(100 / 15)


def test_a_standing_start_ramps_from_nothing_and_meets_the_mark() -> None:
    made = motion.even(1609.344, 239.99, standing=True)
    assert made.speed_mps(0.0) == 0.0
    full_mps = made.speed_mps(100.0)
    assert made.speed_mps(1.5) == pytest.approx(full_mps * 0.75)  # 2w - w^2 at w = 1/2
    assert made.speed_mps(motion.STANDING_RAMP_S) == pytest.approx(full_mps)
    assert made.distance_m(239.99) == pytest.approx(1609.344)
    # a flying start of the same time is ahead of it at first, by a third of the ramp at full speed
    assert 6.0 < motion.even(1609.344, 239.99).distance_m(3.0) - made.distance_m(3.0) < 7.0


def test_before_the_first_and_after_the_last_break_it_stands() -> None:
    made = motion.even(400.0, 60.0)
    assert (made.distance_m(-5.0), made.speed_mps(-5.0)) == (0.0, 0.0)
    assert (made.distance_m(70.0), made.speed_mps(70.0)) == (pytest.approx(400.0), 0.0)


def test_a_distance_never_reached_takes_for_ever() -> None:
    made = motion.even(400.0, 60.0)
    assert made.time_s(400.1) == np.inf
    assert made.time_s(-1.0) == 0.0
    assert made.time_s(np.array([0.0, 200.0, 500.0])).tolist() == [0.0, 30.0, np.inf]


def test_rests_stand_still_and_count() -> None:
    made = motion.from_stretches([Stretch(400, 64), Stretch(0, 60), Stretch(200, 30)])
    assert made.distance_m(np.array([64.0, 100.0, 124.0, 139.0, 154.0])).tolist() == [400.0, 400.0, 400.0, 500.0, 600.0]
    assert made.speed_mps(90.0) == 0.0
    assert made.time_s(400.0) == 64.0  # the first time, not the end of the rest


def test_standing_training_starts_every_run_from_rest() -> None:
    made = motion.from_stretches([Stretch(400, 64), Stretch(0, 60), Stretch(400, 64)], standing=True)
    assert made.speed_mps(0.0) == 0.0 and made.speed_mps(124.0) == 0.0
    assert made.distance_m(188.0) == pytest.approx(800.0)


def test_paces_become_marks() -> None:
    assert motion.marks_from_paces([(400.0, 400 / 60), (1000.0, 5.0)]) == [
        (400.0, pytest.approx(60.0)),
        (1000.0, pytest.approx(180.0)),
    ]


def test_ahead_in_metres_and_in_seconds() -> None:
    even = motion.even(400.0, 80.0)
    assert motion.moved(even, by_m=3.0).distance_m(10.0) == pytest.approx(53.0)
    assert motion.moved(even, earlier_s=2.0).distance_m(0.0) == pytest.approx(10.0)
    late = motion.moved(even, earlier_s=-2.0)
    assert late.distance_m(np.array([0.0, 2.0, 4.0])) == pytest.approx([0.0, 0.0, 10.0])
    behind = motion.moved(even, by_m=-3.0)
    assert behind.distance_m(0.0) == -3.0 and behind.speed_mps(0.0) == pytest.approx(5.0)


@settings(derandomize=True, max_examples=80, deadline=None)
@given(marks(), st.booleans(), st.floats(0.0, 0.99))
def test_cutting_off_the_beginning_changes_nothing_behind_it(
    given_marks: list[Mark], smooth: bool, share: float
) -> None:
    whole = motion.from_marks(given_marks, smooth=smooth)
    cut = motion.from_time(whole, whole.end_s * share)
    t = np.linspace(whole.end_s * share, whole.end_s, 60)
    assert cut.distance_m(t) == pytest.approx(whole.distance_m(t), abs=1e-3)


def test_run_on_keeps_the_speed() -> None:
    made = motion.run_on(motion.even(400.0, 80.0), 20.0)
    assert made.end_m == pytest.approx(420.0) and made.end_s == pytest.approx(84.0)


@pytest.mark.parametrize("bad", [[], [(400.0, 60.0), (300.0, 70.0)], [(400.0, 60.0), (800.0, 60.0)], [(0.0, 1.0)]])
def test_marks_that_do_not_rise_are_refused(bad: list[Mark]) -> None:
    with pytest.raises(ValueError, match="the marks do not rise; expected"):
        motion.from_marks(bad)


def test_profiles_cannot_be_changed() -> None:
    made = motion.from_marks(RECORD, smooth=True)
    with pytest.raises(ValueError, match="read-only"):
        made.coeffs[0, 0] = 5.0
