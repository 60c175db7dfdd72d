"""Tracks: the standard numbers, the mapping to the kerb, and shapes that are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacerail.errors import InputError
from pacerail.model.track import Arc, Straight, Track, standard_track
from pacerail.model.trackfile import load_track

SHIPPED = ("standard-400", "indoor-200", "double-bend-400")


def test_the_standard_track_has_the_numbers_of_the_rules() -> None:
    track = standard_track()
    assert track.lap_m == pytest.approx(399.99922, abs=1e-5)
    assert track.kerb_lap_m == pytest.approx(398.11426, abs=1e-5)


def test_the_shipped_standard_track_is_the_built_in_one() -> None:
    assert load_track("standard-400").segments == standard_track().segments
    assert load_track("standard-400").hash == standard_track().hash


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_tracks_close_and_are_as_long_as_they_say(name: str) -> None:
    track = load_track(name)
    x_m, y_m, heading_deg = track.end_of_kerb()
    assert abs(x_m) < 0.001 and abs(y_m) < 0.001 and heading_deg == pytest.approx(360)
    assert abs(track.lap_m - round(track.lap_m)) < 0.001
    assert track.problems(round(track.lap_m)) == []


def test_bends_shrink_and_straights_do_not() -> None:
    track = standard_track()
    bend_m = np.pi * 36.80
    assert track.track_to_kerb(50.0) == pytest.approx(50.0 * 36.50 / 36.80)
    # on the back straight kerb and running line keep step
    assert track.track_to_kerb(bend_m + 60) - track.track_to_kerb(bend_m + 20) == pytest.approx(40.0)


def test_one_factor_over_the_lap_would_be_wrong_by_40_cm() -> None:
    """The reason for the piecewise mapping, as the design states it: up to 0.40 m."""
    track = standard_track()
    at = np.linspace(0, track.lap_m, 4001)
    wrong = np.abs(at * track.kerb_lap_m / track.lap_m - track.track_to_kerb(at))
    assert wrong.max() == pytest.approx(0.40, abs=0.01)


@pytest.mark.parametrize("name", SHIPPED)
@settings(derandomize=True, max_examples=60)
@given(position_m=st.floats(-2000, 20_000))
def test_the_mapping_undoes_itself_any_number_of_laps_on(name: str, position_m: float) -> None:
    track = load_track(name)
    assert track.kerb_to_track(track.track_to_kerb(position_m)) == pytest.approx(position_m, abs=1e-6)


@settings(derandomize=True, max_examples=60)
@given(a=st.floats(-500, 900), b=st.floats(-500, 900))
def test_further_on_the_running_line_is_further_on_the_kerb(a: float, b: float) -> None:
    track = load_track("double-bend-400")
    low, high = min(a, b), max(a, b)
    step_m = track.track_to_kerb(high) - track.track_to_kerb(low)
    assert -1e-9 <= step_m <= high - low + 1e-9
    assert step_m >= (high - low) * 34.0 / 34.3 - 1e-9


def test_arrays_and_floats_agree() -> None:
    track = standard_track()
    at = np.array([-1.0, 0.0, 10.0, 399.999, 400.0, 850.0])
    assert track.track_to_kerb(at).tolist() == [track.track_to_kerb(float(x)) for x in at]
    assert isinstance(track.track_to_kerb(1.0), float)


@settings(derandomize=True, max_examples=60)
@given(st.floats(-1e5, 1e5))
def test_wrap_stays_below_the_lap(position_m: float) -> None:
    track = standard_track()
    assert 0 <= track.wrap(position_m) < track.lap_m
    assert track.wrap(-1e-18) == 0.0


def write(folder: Path, text: str) -> Path:
    path = folder / "track.toml"
    path.write_text(text)
    return path


def mistakes(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_track(path)
    return [message.removeprefix(f"{path}:") for message in caught.value.messages]


def test_a_track_that_does_not_close_is_refused(tmp_path: Path) -> None:
    bend, straight, short = "kerb_radius_m = 36.5\nangle_deg = 180", "straight_m = 84.389", "straight_m = 84.0"
    text = 'name = "x"\nlap_m = 399.61\n' + "".join(f"[[segment]]\n{s}\n" for s in (bend, straight, bend, short))
    assert mistakes(write(tmp_path, text)) == [
        "3: the kerb ends 0.389 m from where it began; expected it closed within 0.01 m"
    ]


def test_a_track_that_turns_too_little_is_refused() -> None:
    track = Track("x", (Arc(36.5, 180), Straight(84.389), Arc(36.5, 179), Straight(84.389)))
    assert track.problems() == ["the bends turn 359.000 degrees in all; expected 360"]


def test_a_track_of_another_length_than_stated_is_refused(tmp_path: Path) -> None:
    text = 'name = "x"\n\nlap_m = 402.0\n[[segment]]\nkerb_radius_m = 63.36\nangle_deg = 360\n'
    assert mistakes(write(tmp_path, text)) == [
        "3: the running line is 399.988 m long, lap_m says 402; expected them equal within 0.01 m"
    ]


def test_all_mistakes_of_a_track_come_at_once(tmp_path: Path) -> None:
    text = 'name = "x"\nlap = 400\n[[segment]]\nradius = 36.5\n[[segment]]\nstraight_m = -3\n'
    found = mistakes(write(tmp_path, text))
    assert [int(line.split(":")[0]) for line in found] == sorted(int(line.split(":")[0]) for line in found)
    assert any(line.startswith('2: unknown key "lap"; expected "lap_m"?') for line in found)
    assert any(line.startswith('4: unknown key "radius"; expected "kerb_radius_m"?') for line in found)
    assert any(line.startswith("6: straight_m: -3 does not do; expected a number from") for line in found)
