"""The judge: it must find the error that is there, and no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pacerail.bench.judge import LightJudge, expected_gaps
from pacerail.bench.simboard import Frame
from pacerail.model.plan import Plan
from pacerail.model.planfile import load_plan
from pacerail.model.rail import Rail, even_rail

RAIL = even_rail(boards=4, leds=100)
PLAN = """\
distance = "1000 m"
[[wave]]
name = "top"
colour = "#00ff40"
target = "2:30"
[[wave]]
name = "under"
colour = "#ff8000"
target = "2:30"
ahead_m = 3.0
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    path: Path = tmp_path_factory.mktemp("judge") / "p.toml"
    path.write_text(PLAN)
    return load_plan(path, RAIL.track)


def painted(plan: Plan, rail: Rail, board: int, race_s: float, ahead_m: float) -> Frame:
    """A frame as it should be, but with all light moved ahead: by counting points 5 mm apart in each cell."""
    lap_m, start_m = rail.track.lap_m, plan.start_track_m(rail.track)
    rgb = np.zeros((rail.boards[board].pixels, 3))
    for led in rail.leds_of(board):
        points = np.linspace(led.cell_lo_m, led.cell_hi_m, 401)
        points = (points[1:] + points[:-1]) / 2
        colours = np.zeros((400, 3))
        for wave in reversed(plan.waves_by_priority()):
            head_m = start_m + wave.motion.distance_m(race_s) + ahead_m
            colours[(head_m - points) % lap_m <= wave.length_m] = wave.colour
        rgb[led.pixel] = np.rint(colours.mean(axis=0))
    return Frame(board, 0, 0, rgb.astype(np.uint8).tobytes())


@settings(derandomize=True, max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(1, 149), st.floats(-1.5, 1.5))
def test_the_error_found_is_the_error_made(plan: Plan, race_s: float, ahead_m: float) -> None:
    """Within two grey levels and the painter's own coarseness (a cell of 1 m: 4 mm, 2.5 mm)."""
    judge = LightJudge(plan, RAIL)
    for board in range(4):
        frame = painted(plan, RAIL, board, race_s, ahead_m)
        if any(frame.rgb):
            judge.add(frame, race_s)
    errors = judge.errors_mm()
    if len(errors):
        # an edge near the end of a board may have left it: what is read there is less than the truth, never more
        assert errors.max() == pytest.approx(abs(ahead_m) * 1000, abs=12)
    if ahead_m == 0:
        assert judge.stray_cells == 0


def test_light_where_none_should_be_is_counted(plan: Plan) -> None:
    judge = LightJudge(plan, RAIL)
    frame = painted(plan, RAIL, 0, 70.0, 0.0)
    wrong = bytearray(frame.rgb)
    dark = next(i for i in range(0, 300, 3) if not any(wrong[max(0, i - 9) : i + 12]))
    wrong[dark] = 200
    judge.add(frame._replace(rgb=bytes(wrong)), 70.0)
    judge.errors_mm()
    assert judge.stray_cells == 1


def test_gaps_between_frames_are_dropped_frames() -> None:
    """200 frames a second, five taken out in the middle, one at the end."""
    shown = np.delete(np.arange(0, 1.0, 0.005), [100, 101, 102, 103, 104, 199])
    assert expected_gaps(shown, [(0.0, 0.994)], 0.005) == (194, 5)
    assert expected_gaps(shown, [(0.0, 1.01)], 0.005) == (194, 5 + 3)
    assert expected_gaps(np.zeros(0), [(0.2, 0.4)], 0.005) == (0, 39)
