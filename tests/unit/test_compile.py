"""Pace tables against the plan's own floats: the profile to 1 mm, the LEDs to 1 mm, over any distance."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from pacerail import resources
from pacerail.compile import PER_M, PER_S, compile_tables
from pacerail.errors import InputError
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.model.railfile import load_rail
from pacerail_node.pacetable import DARK, BadTable, PaceTable
from pacerail_node.render import NEVER_MS, Renderer


@pytest.mark.parametrize("name", sorted(path.stem for path in resources.folder("plans").glob("*.toml")))
def test_the_boards_profile_is_the_plans_within_a_millimetre(name: str) -> None:
    """At 2000 times over the whole race, laps and all."""
    rail = even_rail()
    plan = load_plan(name, rail.track)
    renderer = Renderer(PaceTable(compile_tables(plan, rail)[0]))
    pixels = bytearray(450)
    waves = plan.waves_by_priority()
    seen = 0
    for race_10us in np.linspace(0, plan.end_s * PER_S, 2000).astype(int):
        renderer.draw(pixels, int(race_10us))
        for wave, head in zip(waves, renderer.heads, strict=True):
            race_s = int(race_10us) / PER_S
            near_switch = any(abs(race_s - t) < 2e-5 for window in wave.windows_s for t in window)
            assert near_switch or (head != DARK) == wave.visible(race_s)
            if head != DARK:
                exact_m = plan.start_track_m(rail.track) + wave.motion.distance_m(race_s)
                off_m = math.remainder(head / PER_M - exact_m, rail.track.lap_m)
                assert abs(off_m) < 0.001
                seen += 1
    assert seen > 1000


@settings(derandomize=True, max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.floats(20, 3000), st.floats(4.0, 9.5)), min_size=1, max_size=8),
    smooth=st.booleans(),
    standing=st.booleans(),
    ahead_m=st.floats(-20, 15),
    at=st.floats(0, 1),
)
def test_any_profile_is_kept_to_a_millimetre(
    tmp_path: Path, steps: list[tuple[float, float]], smooth: bool, standing: bool, ahead_m: float, at: float
) -> None:
    """Splits at any paces, smooth or not, from a standing or a flying start."""
    distance_m = time_s = 0.0
    splits: list[str] = []
    for length_m, speed_mps in steps:
        distance_m += length_m
        time_s += length_m / speed_mps
        splits.append(f"[{distance_m:.3f}, {time_s:.4f}]")
    path = tmp_path / "p.toml"
    path.write_text(
        f'distance = {distance_m:.3f}\n[[wave]]\nname = "w"\ncolour = "white"\nsplits = [{", ".join(splits)}]\n'
        f'profile = "{"smooth" if smooth else "linear"}"\nstart = "{"standing" if standing else "flying"}"\n'
        f"ahead_m = {ahead_m:.3f}\n"
    )
    rail = even_rail(boards=1, leds=40)
    try:
        plan = load_plan(path, rail.track)
    except InputError as error:
        assert "changes its speed by" in str(error)  # nobody runs that, and no light is sent there
        reject()
    renderer = Renderer(PaceTable(compile_tables(plan, rail)[0]))
    pixels = bytearray(120)
    wave = plan.waves[0]
    for share in (at, 1 - at, 0.0, 0.999):
        race_10us = int(wave.finish_s * share * PER_S)
        renderer.draw(pixels, race_10us)
        exact_m = plan.start_track_m(rail.track) + wave.motion.distance_m(race_10us / PER_S)
        assert abs(math.remainder(renderer.heads[0] / PER_M - exact_m, rail.track.lap_m)) < 0.001


@pytest.mark.parametrize("name", sorted(path.stem for path in resources.folder("rails").glob("*.toml")))
def test_the_boards_cells_are_the_rails_within_a_millimetre(name: str) -> None:
    rail = load_rail(name)
    plan = load_plan("breaking4-3-59", rail.track)
    lap_m = rail.track.lap_m
    for index, blob in enumerate(compile_tables(plan, rail)):
        table = PaceTable(blob)
        leds = rail.leds_of(index)
        assert list(table.pixmap[: len(leds)]) == [led.pixel for led in leds]
        at = 0
        for run in table.runs:
            for k in range(run[1]):
                lo_m = (run[0] + table.edges[run[3] + k]) / PER_M
                hi_m = (run[0] + table.edges[run[3] + k + 1]) / PER_M
                assert abs(math.remainder(lo_m - leds[at].cell_lo_m, lap_m)) < 0.001
                assert abs(math.remainder(hi_m - leds[at].cell_hi_m, lap_m)) < 0.001
                at += 1
        assert at == len(leds)


def test_a_board_sleeps_no_longer_than_it_stays_dark() -> None:
    """What `quiet_ms` promises: nothing is lit on the board until then; and at last, never again."""
    rail = even_rail()
    plan = load_plan("breaking4-3-59", rail.track)
    for index in (0, 7, 15):
        renderer = Renderer(PaceTable(compile_tables(plan, rail)[index]))
        pixels = bytearray(450)
        for race_10us in range(-300_000, int(plan.end_s * PER_S), 731_003):
            if renderer.draw(pixels, race_10us):
                continue
            quiet_ms = renderer.quiet_ms(race_10us)
            if quiet_ms != NEVER_MS:
                for share in (0.25, 0.5, 0.9, 0.999):
                    assert renderer.draw(pixels, race_10us + int(quiet_ms * 100 * share)) == 0
        renderer.draw(pixels, int((plan.end_s + 1) * PER_S))
        assert renderer.quiet_ms(int((plan.end_s + 1) * PER_S)) == NEVER_MS


def test_a_changed_table_is_refused() -> None:
    """Any single byte changed, any end cut off."""
    rail = even_rail(boards=2, leds=20)
    blob = compile_tables(load_plan("breaking4-3-59", rail.track), rail)[0]
    PaceTable(blob)
    for at in range(len(blob)):
        changed = bytearray(blob)
        changed[at] ^= 0x10
        with pytest.raises(BadTable):
            PaceTable(changed)
    for length in range(0, len(blob), 7):
        with pytest.raises(BadTable):
            PaceTable(blob[:length])
