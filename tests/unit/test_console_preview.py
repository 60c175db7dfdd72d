"""The picture of the whole rail: the same as the boards draw from their pace tables, to a grey level."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacerail.compile import compile_tables
from pacerail.model.plan import Plan
from pacerail.model.planfile import load_plan
from pacerail.model.rail import Rail, even_rail
from pacerail.model.railfile import load_rail
from pacerail.preview import Preview
from pacerail_node.pacetable import PaceTable
from pacerail_node.render import Renderer

OVERLAPPING = """\
distance = "800 m"
[[wave]]
name     = "under"
colour   = "#ff8000"
length_m = 60
target   = "1:59.0"
visible  = ["10 s", "90 s"]
[[wave]]
name     = "inside"
colour   = "#0040ff"
length_m = 3
target   = "1:59.4"
[[wave]]
name     = "over"
colour   = "#00ff40"
length_m = 7.3
priority = 5
target   = "1:58.2"
ahead_m  = 2
"""
RAILS = [even_rail(boards=5, leds=61), load_rail("four-outputs-600"), load_rail("indoor-200")]


@pytest.fixture(scope="module")
def plan_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plans") / "p.toml"
    path.write_text(OVERLAPPING)
    return path


def drawn_by_boards(plan: Plan, rail: Rail, race_s: float) -> list[np.ndarray]:
    """(LEDs, 3) for each board, in running order, by the boards' own code."""
    found: list[np.ndarray] = []
    for index, table in enumerate(compile_tables(plan, rail)):
        pixels = bytearray(3 * rail.boards[index].pixels)
        Renderer(PaceTable(table)).draw(pixels, round(race_s * 100_000))
        shown = np.frombuffer(bytes(pixels), dtype=np.uint8).reshape(-1, 3)
        found.append(shown[[led.pixel for led in rail.leds_of(index)]])
    return found


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, len(RAILS) - 1), st.integers(-100_000, 12_500_000))
def test_as_the_boards_draw_it(plan_path: Path, which: int, race_10us: int) -> None:
    rail = RAILS[which]
    plan = load_plan(plan_path, rail.track)
    preview = Preview(rail)
    picture = preview.picture(plan, race_10us / 100_000)
    for places, wanted in zip(preview.boards, drawn_by_boards(plan, rail, race_10us / 100_000), strict=True):
        difference = picture[places].astype(int) - wanted
        # a cell with the edges of three waves is a sum of as many roundings on a board
        assert np.abs(difference).max(initial=0) <= 2
        assert (np.abs(difference) > 1).sum() <= 2


def test_light_is_there_at_all(plan_path: Path) -> None:
    plan = load_plan(plan_path, RAILS[0].track)
    picture = Preview(RAILS[0]).picture(plan, 60.0)
    assert picture.any(axis=1).sum() > 30
    assert not Preview(RAILS[0]).picture(plan, -1.0).any()
    assert not Preview(RAILS[0]).picture(plan, 500.0).any()
