"""What `plan check` accepts, the boards can run: every accepted plan and rail compiles into pace tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pacerail import resources
from pacerail.compile import compile_tables
from pacerail.errors import InputError
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.model.railfile import load_rail
from pacerail.model.trackfile import load_track
from pacerail_node.pacetable import PaceTable


@pytest.mark.parametrize("rail_name", sorted(path.stem for path in resources.folder("rails").glob("*.toml")))
@pytest.mark.parametrize("plan_name", sorted(path.stem for path in resources.folder("plans").glob("*.toml")))
def test_every_shipped_plan_on_every_shipped_rail(plan_name: str, rail_name: str) -> None:
    rail = load_rail(rail_name)
    tables = compile_tables(load_plan(plan_name, rail.track), rail)
    assert len(tables) == len(rail.boards)
    for table in tables:
        PaceTable(table)


numbers = st.floats(-1000, 1000).map(lambda value: f"{value:.9f}")
PACES = st.one_of(
    st.floats(1, 9000).map(lambda t: f"target = {t:.6f}"),
    st.lists(st.tuples(st.floats(0.2, 900), st.floats(0.02, 300)), min_size=1, max_size=5).map(
        lambda steps: (
            "splits = ["
            + "".join(
                f"[{sum(s[0] for s in steps[: k + 1]):.4f}, {sum(s[1] for s in steps[: k + 1]):.4f}], "
                for k in range(len(steps))
            )
            + "]"
        )
    ),
    st.lists(st.tuples(st.floats(1, 900), st.floats(0.1, 300), st.floats(0.1, 99)), min_size=1, max_size=4).map(
        lambda runs: (
            "stretches = [" + "".join(f"{{run = {d:.4f}, in = {t:.4f}, rest = {r:.4f}}}, " for d, t, r in runs) + "]"
        )
    ),
)
OTHER = st.fixed_dictionaries(
    {},
    optional={
        "profile": st.just('"smooth"'),
        "start": st.just('"standing"'),
        "ahead_m": numbers,
        "ahead_s": numbers,
        "ends_at": st.floats(0.1, 3000).map(str),
        "at_finish": st.sampled_from(['"off"', '"run on"']),
        "visible": st.tuples(st.floats(0, 3000), st.floats(0, 3000)).map(lambda w: f'["{w[0]:.6f} s", "{w[1]:.6f} s"]'),
    },
)


@settings(
    derandomize=True, max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(PACES, OTHER, st.sampled_from(["standard-400", "indoor-200"]))
def test_an_accepted_plan_compiles(tmp_path: Path, pace: str, other: dict[str, str], track_name: str) -> None:
    path = tmp_path / "p.toml"
    distance = 5000.0
    if pace.startswith("splits"):
        distance = float(pace.rsplit("[", 1)[1].split(",")[0])
    head = f'distance = {distance}\n[[wave]]\nname = "a"\ncolour = "red"\n'
    path.write_text(head + pace + "\n" + "".join(f"{key} = {value}\n" for key, value in other.items()))
    track = load_track(track_name)
    try:
        plan = load_plan(path, track)
    except InputError:
        return
    wave = plan.waves[0]
    assert wave.motion.distance_m(wave.finish_s) == pytest.approx(wave.finish_m, abs=0.001)
    assert np.diff(wave.motion.distance_m(np.linspace(0, plan.end_s, 200))).min() >= -1e-6
    for table in compile_tables(plan, even_rail(track, 2, 20)):
        PaceTable(table)
