"""The clock estimator against simulated links, whose truth is known."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from pacerail.bench.traces import HEADER, MODELS, USB, Model, Trace, simulate, write_csv
from pacerail.cli.sync import sync
from pacerail.errors import InputError
from pacerail.hull import lower_hull
from pacerail.sync import Estimator, Line, Sample
from pacerail.trace import replay

HOLDOVER_US = 300_000_000
QUIET = Model(stalled=0.0, forward=(("uniform", 200.0),), reverse=(("uniform", 200.0),))


def line_of(samples: tuple[Sample, ...] | list[Sample]) -> Line:
    estimator = Estimator(trust_us=math.inf)
    for sample in samples:
        estimator.add(sample)
    line = estimator.line()
    assert line is not None
    return line


def judge(model: Model, seeds: range) -> tuple[np.ndarray, np.ndarray]:
    """Return errors (us) at the end and 5 minutes on, and the bounds for them: two columns each."""
    errors: list[tuple[float, float]] = []
    bounds: list[tuple[float, float]] = []
    for seed in seeds:
        trace = simulate(seed, model)
        line = line_of(trace.samples)
        at = (trace.end_host_us, trace.end_host_us + HOLDOVER_US)
        errors.append(
            (abs(line.tick_at(at[0]) - trace.tick_at(at[0])), abs(line.tick_at(at[1]) - trace.tick_at(at[1])))
        )
        bounds.append((line.error_at_us(at[0]), line.error_at_us(at[1])))
    return np.array(errors), np.array(bounds)


def shifted(sample: Sample, host_us: int = 0, ticks: int = 0) -> Sample:
    return Sample(
        sample.t1_host_us + host_us, sample.t2_tick + ticks, sample.t3_tick + ticks, sample.t4_host_us + host_us
    )


# --- what must hold ---------------------------------------------------------------------------------------------------


def test_usb_traces_are_within_the_budgets() -> None:
    errors, bounds = judge(USB, range(1000, 1200))
    assert np.quantile(errors[:, 0], 0.99) < 50.0
    assert np.quantile(errors[:, 1], 0.99) < 500.0
    assert (errors <= bounds).all()


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ("usb", "lopsided", "USB frames")])
def test_other_links_are_within_the_budgets(name: str) -> None:
    errors, bounds = judge(MODELS[name], range(30))
    assert errors[:, 0].max() < 50.0
    assert errors[:, 1].max() < 500.0
    assert (errors <= bounds).all()


def test_unlike_least_delays_are_inside_the_bound() -> None:
    errors, bounds = judge(MODELS["lopsided"], range(30))
    assert (errors <= bounds).all()
    assert abs(np.median(errors[:, 0]) - 120.0) < 15.0  # half of what the least delays differ by: it cannot be seen
    assert errors[:, 1].max() < 500.0  # and it does not touch the rate


def test_soft_floors_in_both_directions_are_inside_the_bound() -> None:
    errors, bounds = judge(MODELS["USB frames"], range(30))
    assert (errors <= bounds).all()
    assert np.median(errors[:, 0]) < 50.0


@pytest.mark.parametrize("name", ["usb", "both ways", "no least delay"])
@pytest.mark.parametrize(("duration_s", "per_s"), [(1.0, 10.0), (2.0, 10.0), (3.0, 4.0), (5.0, 10.0)])
def test_a_first_burst_gives_a_line_whose_bound_holds(name: str, duration_s: float, per_s: float) -> None:
    errors, bounds = judge(replace(MODELS[name], duration_s=duration_s, per_s=per_s), range(40))
    assert (errors <= bounds).all()
    assert np.median(errors[:, 0]) < 100.0
    assert np.median(bounds[:, 0]) < 800.0


def test_a_quiet_rate_for_an_hour_with_wander() -> None:
    errors, bounds = judge(replace(USB, duration_s=3600.0, per_s=1 / 5), range(10))
    assert errors[:, 0].max() < 60.0
    assert (errors <= bounds).all()


def test_a_board_stays_known_when_it_is_asked_once_a_minute() -> None:
    trace = simulate(3, replace(USB, duration_s=4 * 3600.0, per_s=1 / 60))
    estimator = Estimator()
    for number, sample in enumerate(trace.samples):
        estimator.add(sample)
        assert number < 20 or estimator.line() is not None
    assert estimator.counts.steps == 0


# --- what is refused, and why -----------------------------------------------------------------------------------------


def test_nothing_is_said_before_there_are_samples() -> None:
    estimator = Estimator()
    assert estimator.line() is None
    assert estimator.why_not() == "0 of the 8 samples that a first line needs"


def test_retransmitted_and_impossible_samples_are_counted_and_do_nothing() -> None:
    trace = simulate(5, QUIET)
    estimator = Estimator()
    for sample in trace.samples[:100]:
        estimator.add(sample)
    before = estimator.line()
    last = trace.samples[100]
    estimator.add(shifted(last, ticks=900_000), retransmitted=True)
    estimator.add(replace(last, t4_host_us=last.t1_host_us - 1))
    estimator.add(replace(last, t3_tick=last.t2_tick - 1))
    estimator.add(replace(last, t3_tick=last.t2_tick + 1_000_000))  # longer at the board than the whole round trip
    assert estimator.line() == before
    counts = estimator.counts
    assert (counts.accepted, counts.retransmitted, counts.impossible, counts.contradicting) == (100, 1, 3, 0)


def test_a_slow_link_is_not_trusted_and_says_so() -> None:
    trace = simulate(6, replace(QUIET, forward_min_us=8000.0, reverse_min_us=8000.0))
    estimator = Estimator()
    for sample in trace.samples:
        estimator.add(sample)
    assert estimator.line() is None
    reason = estimator.why_not()
    assert reason is not None
    assert "over the 2.00 ms allowed" in reason
    assert "round trip took 16.0" in reason


# --- steps ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host_us", "ticks"),
    [
        (0, -(10**9)),  # the board rebooted
        (0, 3_600_000_000),  # the host slept: its clock stood
        (86_400_000_000, 0),
        (0, 5_000),
        (0, -5_000),
        (0, 1 << 30),
    ],
)
def test_a_step_is_recognised_and_the_line_starts_afresh(host_us: int, ticks: int) -> None:
    trace = simulate(7, QUIET)
    estimator = Estimator()
    for sample in trace.samples[:300]:
        estimator.add(sample)
    assert estimator.line() is not None
    for sample in trace.samples[300:310]:
        estimator.add(shifted(sample, host_us, ticks))
    line = estimator.line()
    assert estimator.counts.steps == 1
    assert line is not None
    end = trace.samples[309].t4_host_us
    assert abs(line.tick_at(end + host_us) - (trace.tick_at(end) + ticks)) <= line.error_us
    assert line.rate_error_ppb < 40_000  # the crystal is still the one it was


def test_after_a_step_it_says_what_it_waits_for() -> None:
    trace = simulate(8, QUIET)
    estimator = Estimator()
    for sample in trace.samples[:100]:
        estimator.add(sample)
    for sample in trace.samples[100:103]:
        estimator.add(shifted(sample, ticks=-(10**8)))
    assert estimator.line() is None
    assert estimator.why_not() == "after 1 fresh start (clock step), 3 of the 8 samples that a first line needs"


def test_one_accident_is_no_step() -> None:
    trace = simulate(9, QUIET)
    estimator = Estimator()
    for number, sample in enumerate(trace.samples):
        estimator.add(shifted(sample, ticks=70_000 if number % 50 == 20 else 0))
    assert estimator.counts.steps == 0
    assert estimator.counts.contradicting == 12
    line = estimator.line()
    assert line is not None
    assert abs(line.tick_at(trace.end_host_us) - trace.tick_at(trace.end_host_us)) < 50.0


def test_a_trace_with_a_reboot_replays_to_the_last_line(tmp_path: Path) -> None:
    trace = simulate(10, USB)
    before, after = trace.samples[:300], trace.samples[300:]
    moved = Trace((*before, *(shifted(s, ticks=-(10**6)) for s in after)), trace.end_host_us, trace.tick_at)
    write_csv(moved, tmp_path / "t.csv")
    line = replay(tmp_path / "t.csv")
    assert abs(line.tick_at(trace.end_host_us) + 10**6 - trace.tick_at(trace.end_host_us)) < line.error_us


# --- properties -------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=25)
@given(st.integers(-(1 << 62), 1 << 62), st.integers(-(1 << 62), 1 << 62), st.integers(0, 20))
def test_where_the_clocks_began_does_not_matter(host_us: int, ticks: int, seed: int) -> None:
    samples = simulate(seed, replace(USB, duration_s=5.0), holdover_s=0.0).samples
    plain = line_of(samples)
    moved = line_of([shifted(s, host_us, ticks) for s in samples])
    assert moved.ref_host_us == plain.ref_host_us + host_us
    assert moved.ref_tick == plain.ref_tick + ticks
    assert moved.rate_ppb == plain.rate_ppb
    assert moved.error_us == plain.error_us


@given(
    st.integers(-(1 << 60), 1 << 60),
    st.integers(-(1 << 60), 1 << 60),
    st.floats(-200_000, 200_000),
    st.integers(-(10**11), 10**11),
)
def test_a_line_runs_both_ways(host_us: int, tick: int, rate_ppb: float, since: int) -> None:
    line = Line(host_us, tick, rate_ppb, 10.0)
    assert abs(line.host_at(line.tick_at(host_us + since)) - host_us - since) <= 1
    assert line.error_at_us(host_us + since) >= 10.0


@given(st.lists(st.tuples(st.integers(-100, 100), st.integers(-100, 100)), min_size=1))
def test_the_hull_is_convex_and_below_every_point(pairs: list[tuple[int, int]]) -> None:
    points = sorted((float(x), float(y)) for x, y in pairs)
    hull = lower_hull(points)
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(hull)]
    assert slopes == sorted(slopes)
    assert set(hull) <= set(points)
    floor = np.interp([x for x, _ in points], [x for x, _ in hull], [y for _, y in hull])
    assert all(y >= low - 1e-9 for (_, y), low in zip(points, floor, strict=True))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(*[st.integers(-5_000, 2_000_000)] * 4), max_size=40))
def test_no_samples_at_all_break_it(rows: list[tuple[int, int, int, int]]) -> None:
    estimator = Estimator()
    for t1, t2, t3, t4 in rows:
        estimator.add(Sample(t1, t2, t3, t4))
        line = estimator.line()
        assert (line is None) == (estimator.why_not() is not None)
        assert line is None or (math.isfinite(line.rate_ppb) and line.error_us > 0)


# --- replay -----------------------------------------------------------------------------------------------------------


def test_replay_of_a_written_trace(tmp_path: Path) -> None:
    trace = simulate(11)
    write_csv(trace, tmp_path / "t.csv")
    result = CliRunner().invoke(sync, ["replay", str(tmp_path / "t.csv"), "--json"])
    assert result.exit_code == 0
    line = json.loads(result.stdout)
    assert sorted(line) == ["error_us", "rate_ppb", "ref_host_us", "ref_tick"]
    assert line["ref_host_us"] == trace.end_host_us
    for after, allowed in ((0, line["error_us"]), (HOLDOVER_US, 500.0)):
        tick = line["ref_tick"] + after + after * line["rate_ppb"] / 1e9
        assert abs(tick - trace.tick_at(trace.end_host_us + after)) < allowed


def test_replay_for_a_reader(tmp_path: Path) -> None:
    write_csv(simulate(11), tmp_path / "t.csv")
    result = CliRunner().invoke(sync, ["replay", str(tmp_path / "t.csv"), "--at", "300"])
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 3
    assert "ppm, within" in result.stdout


@pytest.mark.parametrize("before_wrap_us", [0, 1, 30_000_000, 60_000_000])
def test_raw_ticks_are_extended(tmp_path: Path, before_wrap_us: int) -> None:
    trace = simulate(12)
    start = trace.samples[0].t2_tick
    raw_start = (1 << 30) - 1 - before_wrap_us
    rows = [
        (
            s.t1_host_us,
            (s.t2_tick - start + raw_start) % (1 << 30),
            (s.t3_tick - start + raw_start) % (1 << 30),
            s.t4_host_us,
        )
        for s in trace.samples
    ]
    path = tmp_path / "raw.csv"
    path.write_text("\n".join([HEADER, *(",".join(map(str, row)) for row in rows)]), encoding="utf-8")
    line = replay(path)
    assert abs(line.tick_at(trace.end_host_us) + start - raw_start - trace.tick_at(trace.end_host_us)) < 50.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.csv:1: not the header of a trace; expected t1_host_us,t2_tick,t3_tick,t4_host_us"),
        ("1,2,3,4\n", "t.csv:1: not the header of a trace; expected t1_host_us,t2_tick,t3_tick,t4_host_us"),
        (f"{HEADER}\n1,2,3\n", "t.csv:2: 3 values; expected 4"),
        (f"{HEADER}\n\n1,2,three,4\n", "t.csv:3: 'three' is not a time; expected whole us"),
        (f"{HEADER}\n1,2,,4\n", "t.csv:2: '' is not a time; expected whole us"),
        (f"{HEADER}\n1,2,nan,4\n", "t.csv:2: 'nan' is not a time; expected whole us"),
        (f"{HEADER}\n1,2,3,4\n", "1 of the 8 samples"),
    ],
)
def test_a_malformed_trace_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        replay(path)
    assert message in str(caught.value)


def rows_of(trace: Trace) -> list[list[int]]:
    return [[s.t1_host_us, s.t2_tick, s.t3_tick, s.t4_host_us] for s in trace.samples]


def replayed(path: Path, rows: list[list[int]]) -> str:
    """What is said of a trace with these rows; nothing if it is taken."""
    path.write_text("\n".join([HEADER, *(",".join(map(str, row)) for row in rows)]), encoding="utf-8")
    try:
        replay(path)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.insert(21, list(rows[20])), "t.csv:23: the same exchange as the row before; expected each"),
        (lambda rows: rows[20].__setitem__(3, rows[20][0] - 1), "t.csv:22: t4_host_us "),
        (lambda rows: rows[20].__setitem__(2, rows[20][1] - 1), "t.csv:22: t3_tick "),
        (lambda rows: rows.insert(10, rows.pop(20)), "t.csv:13: t1_host_us "),
        (lambda rows: rows[20].__setitem__(0, rows[19][0]), "t.csv:22: t1_host_us "),
    ],
)
def test_rows_that_cannot_be_are_refused_with_their_lines(tmp_path: Path, change: object, message: str) -> None:
    rows = rows_of(simulate(13, QUIET))
    change(rows)  # type: ignore[operator]
    assert message in replayed(tmp_path / "t.csv", rows)


@pytest.mark.parametrize("factor", [0.001, 0.99, 0.998, 1.002, 1.01, 2.0, 1000.0])
@pytest.mark.parametrize("model", [QUIET, USB, replace(QUIET, duration_s=5.0)])
def test_ticks_of_no_crystal_are_refused(tmp_path: Path, factor: float, model: Model) -> None:
    """Milliseconds or nanoseconds where microseconds belong; a rate that no crystal has."""
    rows = rows_of(simulate(14, model))
    first = rows[0][1]
    scaled = [[t1, *(first + int((t - first) * factor) for t in (t2, t3)), t4] for t1, t2, t3, t4 in rows]
    said = replayed(tmp_path / "t.csv", scaled)
    assert "the board's ticks run at" in said and "expected us in all columns" in said


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.parametrize(("duration_s", "per_s"), [(2.0, 10.0), (60.0, 10.0), (3600.0, 0.2)])
def test_traces_of_every_link_are_taken(tmp_path: Path, name: str, duration_s: float, per_s: float) -> None:
    """Reboots of the board and a host that slept are no nonsense either."""
    rows = rows_of(simulate(15, replace(MODELS[name], duration_s=duration_s, per_s=per_s), holdover_s=0.0))
    assert replayed(tmp_path / "t.csv", rows) == ""
    half = len(rows) // 2
    moved = [*rows[:half], *([t1 + 10**10, t2 - 10**6, t3 - 10**6, t4 + 10**10] for t1, t2, t3, t4 in rows[half:])]
    assert replayed(tmp_path / "t.csv", moved) == ""


def test_a_missing_trace_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv:1: cannot be read: No such file"):
        replay(tmp_path / "none.csv")
