"""An athlete against the lights: marks, presses, gaps, projections, and the files that keep them."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.lynx_streams import SCRIPT

from pacerail.errors import InputError
from pacerail.lynx import Kind, Message, Parser
from pacerail.lynxsplits import LynxSplit, LynxSplits
from pacerail.model.against import Row, gap, rows, words
from pacerail.model.amended import Amended
from pacerail.model.athlete import Passing, Passings, TooSoon
from pacerail.model.athletefile import from_csv, from_json, to_csv, to_json
from pacerail.model.changes import Freeze, Retarget
from pacerail.model.marks import line_marks, marks_every
from pacerail.model.planfile import load_plan
from pacerail.model.track import standard_track

MILE_M = 1609.344
TRACK = standard_track()
PLAN = load_plan("breaking4-3-59", TRACK)
MILE = Passings(marks_every(MILE_M, 400))
BREAKING4 = ((400.0, 60.20), (800.0, 120.75), (1200.0, 181.84), (MILE_M, 246.42))

steady = settings(derandomize=True, deadline=None, max_examples=60)


def breaking4() -> Passings:
    passings = MILE
    for _, time_s in BREAKING4:
        passings = passings.with_press(time_s, PLAN)
    return passings


def against(row: Row, name: str) -> tuple[float, float]:
    found = next(each for each in row.gaps if each.wave == name)
    assert found.behind_s is not None and found.behind_m is not None
    return found.behind_s, found.behind_m


def test_breaking4_against_its_target() -> None:
    """The target runs 1609.344 m in 239.99 s: v = 1609.344 / 239.99 = 6.705879 m/s, 59.64915 s for 400 m.

    400 m:  60.20 - 59.64915         = 0.55085 s;  0.55085 x 6.705879 =  3.6939 m
    800 m:  120.75 - 2 x 59.64915    = 1.45170 s;  1.45170 x 6.705879 =  9.7349 m
    1200 m: 181.84 - 3 x 59.64915    = 2.89255 s;  2.89255 x 6.705879 = 19.3971 m
    finish: 246.42 - 239.99          = 6.43 s;     6.43    x 6.705879 = 43.1188 m, as if the light had run on
    """
    table = rows(breaking4(), PLAN)
    expected = [(0.55085, 3.6939), (1.45170, 9.7349), (2.89255, 19.3971), (6.43, 43.1188)]
    for row, (behind_s, behind_m) in zip(table, expected, strict=True):
        assert against(row, "target") == (pytest.approx(behind_s, abs=2e-5), pytest.approx(behind_m, abs=2e-4))


def test_breaking4_against_the_record_and_the_pacer() -> None:
    """The record passed 800 m at 2:04.60 and finished in 4:07.64: 3.85 s and 1.22 s behind her.

    The pacer's light is 3 m ahead of the target, so 3 / 6.705879 = 0.44737 s more: 800 m 1.89907 s and 12.7349 m.
    """
    table = rows(breaking4(), PLAN)
    assert against(table[1], "record")[0] == pytest.approx(-3.85, abs=1e-6)
    assert against(table[3], "record")[0] == pytest.approx(-1.22, abs=1e-6)
    assert against(table[1], "lead") == (pytest.approx(1.89907, abs=2e-5), pytest.approx(12.7349, abs=2e-4))


def test_breaking4_splits_projections_and_what_was_needed() -> None:
    """At 1200 m: 61.09 for the last 400 m. Held: 181.84 + 409.344 x 61.09 / 400 = 181.84 + 62.51706 = 244.35706.
    Mean: 181.84 x 1609.344 / 1200 = 243.86926; the target's own shape is even, so scaled it is the same.
    Needed for 3:59.99: 409.344 m in 58.15 s, 7.039450 m/s, 56.82262 for 400 m.
    Needed after the finish: nothing to be said.
    """
    table = rows(breaking4(), PLAN)
    at = table[2]
    assert (at.split_m, at.split_s) == (400, pytest.approx(61.09))
    assert at.pace_s == pytest.approx(61.09)
    assert at.held_s == pytest.approx(244.35706, abs=1e-5)
    assert at.mean_s == pytest.approx(243.86926, abs=1e-5)
    target = at.gaps[0]
    assert target.shaped_s == pytest.approx(243.86926, abs=1e-5)
    assert target.needed_mps is not None and 400 / target.needed_mps == pytest.approx(56.82262, abs=1e-4)
    assert table[3].gaps[0].needed_mps is None and table[3].held_s == pytest.approx(246.42)


def test_the_record_shape_projects_what_was_run_when_it_is_run() -> None:
    """An athlete exactly on the record at 1000 m (2:35.60) is on for the record in its own shape, 4:07.64."""
    row = rows(MILE.with_time(1000, 155.60), PLAN)[0]
    record = row.gaps[1]
    assert record.behind_s == pytest.approx(0, abs=1e-6)
    assert record.shaped_s == pytest.approx(247.64, abs=1e-5)
    assert row.mean_s == pytest.approx(155.60 * 1.609344)


def test_what_is_said_of_a_passing() -> None:
    passings = breaking4()
    table = rows(passings, PLAN)
    assert words(table[1], passings)[:2] == [
        "800 m in 2:00.75, the last 400 m in 1:00.55; at this pace 4:03.26.",
        "target: 1.45 s, 9.7 m behind; needs 58.93 for 400 m from here.",
    ]
    assert words(table[3], passings)[:2] == [
        "The finish (1 mile) in 4:06.42, the last 409.344 m in 1:04.58.",
        "target: 6.43 s, 43.1 m behind.",
    ]
    missed = MILE.with_miss()
    assert words(rows(missed, PLAN)[0], missed) == ["400 m: missed."]


def test_marks() -> None:
    assert marks_every(MILE_M, 400) == (400, 800, 1200, MILE_M)
    assert marks_every(MILE_M, 200) == (200, 400, 600, 800, 1000, 1200, 1400, MILE_M)
    assert marks_every(10_000, 400)[-2:] == (9600, 10_000)
    assert marks_every(100, 400) == (100,)
    with pytest.raises(ValueError, match="expected 1 m at least"):
        marks_every(1500, 0)


def test_marks_of_the_finish_line_and_of_any_other() -> None:
    """A mile passes the finish line after 9.34 m, which is no mark, and then every lap of 399.999 m."""
    line = line_marks(PLAN, TRACK)
    assert line == (pytest.approx(409.344, abs=0.005), pytest.approx(809.344, abs=0.005),
                    pytest.approx(1209.344, abs=0.005), MILE_M)  # fmt: skip
    assert line_marks(PLAN, TRACK, first_m=1.0)[0] == pytest.approx(9.344, abs=0.005)
    kerb_m = 42.0
    marks = line_marks(PLAN, TRACK, float(TRACK.kerb_to_track(kerb_m)))
    start_m = PLAN.start_track_m(TRACK)
    assert len(marks) == 4 and marks[-1] == MILE_M
    for mark_m in marks[:-1]:
        assert TRACK.track_to_kerb(TRACK.wrap(start_m + mark_m)) == pytest.approx(kerb_m, abs=0.002)
    ten = load_plan("10000m-27-00", TRACK)
    assert len(line_marks(ten, TRACK)) == 25


def test_a_double_press_is_refused_and_a_true_one_is_not() -> None:
    """From 400 m to 800 m the fastest light needs 59.65 s: 35.8 s is the least."""
    once = MILE.with_press(60.20, PLAN)
    with pytest.raises(TooSoon, match=r"1:00.30 is 0.10 s after 400 m, too soon for 800 m; expected 35.8 s"):
        once.with_press(60.30, PLAN)
    with pytest.raises(TooSoon):
        once.with_press(60.20 + 0.6 * 59.64 - 0.01, PLAN)
    assert once.with_press(60.20 + 0.6 * 59.65 + 0.01, PLAN).next_mark_m == 1200
    with pytest.raises(TooSoon, match="after the gun, too soon for 400 m"):
        MILE.with_press(3.0, PLAN)
    for nonsense in (math.nan, -1.0):
        with pytest.raises(ValueError, match="expected"):
            MILE.with_press(nonsense, PLAN)


def test_a_missed_mark_leaves_no_time_and_no_gap() -> None:
    passings = MILE.with_press(60.20, PLAN).with_miss().with_press(181.84, PLAN)
    assert [(p.distance_m, p.time_s, p.source) for p in passings.passed] == [
        (400, 60.20, "key"), (800, None, "missed"), (1200, 181.84, "key"),
    ]  # fmt: skip
    table = rows(passings, PLAN)
    assert table[1].gaps == () and table[1].held_s is None
    assert (table[2].split_m, table[2].split_s) == (800, pytest.approx(121.64))
    found = passings.with_time(800, 120.75)
    assert rows(found, PLAN)[1].split_s == pytest.approx(60.55)


def test_the_likeliest_mark_tells_that_one_was_missed() -> None:
    once = MILE.with_press(60.20, PLAN)
    assert once.likeliest_mark_m(121.0, PLAN) == once.next_mark_m == 800
    assert once.likeliest_mark_m(181.0, PLAN) == 1200
    assert MILE.likeliest_mark_m(58.0, PLAN) == 400
    assert once.likeliest_mark_m(122.2, PLAN, line_marks(PLAN, TRACK)) == pytest.approx(809.345, abs=0.005)
    assert breaking4().likeliest_mark_m(250.0, PLAN) is None


def test_edit_insert_and_take_out() -> None:
    passings = breaking4()
    edited = passings.with_time(800, 120.80)
    assert [p.time_s for p in edited.passed] == [60.20, 120.80, 181.84, 246.42] and edited.passed[1].source == "typed"
    inserted = passings.with_time(1500, 229.1)
    assert [p.distance_m for p in inserted.passed] == [400, 800, 1200, 1500, MILE_M]
    assert inserted.without(1500) == passings
    assert inserted.without(1500).undo() == inserted
    early = MILE.with_time(1200, 181.84)
    assert early.next_mark_m == MILE_M
    assert early.with_time(800, 120.75).passed[0].distance_m == 800


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p.with_time(800, 190.0), "3:01.84 at 1200 m is not after 3:10.00 at 800 m; expected times"),
        (lambda p: p.with_time(1700, 300.0), "1700 m is not on the way; expected above 0 m, and 1 mile at most"),
        (lambda p: p.with_time(0, 1.0), "0 m is not on the way"),
        (lambda p: p.with_time(800, 0.0), "expected one after the gun"),
        (lambda p: p.with_time(800, math.inf), "expected one after the gun"),
        (lambda p: p.without(700), "no passing at 700 m; expected one of those noted: 400 m, 800 m, 1200 m"),
        (lambda p: p.with_press(300.0, PLAN), r"the finish \(1 mile\) is passed"),
        (lambda p: p.with_miss(), "is passed"),
        (lambda p: MILE.undo(), "nothing to undo"),
        (lambda p: Passings((800, 400)), "expected distances above 0 that rise"),
        (lambda p: Passings(()), "expected distances above 0"),
        (lambda p: Passings((400,), (Passing(400, 60.0, "key"), Passing(400, 61.0, "key"))), "not in order"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_line(change: Callable[[Passings], object], said: str) -> None:
    passings = breaking4()
    with pytest.raises(ValueError, match=said):
        change(passings)
    assert passings == breaking4()


def test_lights_that_stop_step_off_or_change_in_mid_race() -> None:
    """A pacer that ends at 800 m is no measure at 1200 m; a light made to stand has a place and no time beyond it."""
    frozen = Amended(PLAN).with_change(Freeze("target"), 100.0).plan
    at = gap(frozen.waves[0], frozen, 800.0, 120.75)
    stands_m = frozen.waves[0].motion.distance_m(200.0)
    assert at.light_s is None and at.behind_s is None and at.behind_m == pytest.approx(stands_m - 800)
    assert at.needed_mps is None and at.shaped_s is None
    slower = Amended(PLAN).with_change(Retarget("target", 246.42), 120.75).plan
    assert gap(slower.waves[0], slower, 800.0, 120.75).behind_s == pytest.approx(1.4517, abs=1e-4)
    after = gap(slower.waves[0], slower, MILE_M, 246.42)
    assert after.behind_s == pytest.approx(0, abs=1e-5) and after.behind_m == pytest.approx(0, abs=1e-4)


def test_a_light_that_stepped_off(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(
        'distance = "1 mile"\n[[wave]]\nname = "pacer"\ncolour = "red"\ntarget = "4:00"\nends_at = "800 m"\n'
    )
    plan = load_plan(path, TRACK)
    table = rows(breaking4(), plan)
    assert table[1].gaps[0].behind_s is not None and table[1].gaps[0].shaped_s is None
    assert table[2].gaps[0].behind_s is None and table[2].gaps[0].behind_m is None
    assert words(table[2], breaking4())[1] == "pacer: no light at this mark."
    # no light is left: the world record's pace decides what is a double press
    with pytest.raises(TooSoon):
        Passings((400, 800, 1200, MILE_M), breaking4().passed[:2]).with_press(125.0, plan)


def test_a_group_that_has_not_begun_is_no_measure(tmp_path: Path) -> None:
    """No gap, no projection; a press is held against the world record's pace, and it has no next mark of its own."""
    path = tmp_path / "p.toml"
    path.write_text('distance = 1600\n[[wave]]\nname = "a"\ncolour = "red"\ntarget = "5:00"\nstarts = "order"\n')
    plan = load_plan(path, TRACK)
    passings = Passings(marks_every(1600, 400)).with_press(70.0, plan)
    (found,) = rows(passings, plan)[0].gaps
    assert (found.light_s, found.behind_s, found.behind_m, found.shaped_s) == (None, None, None, None)
    assert passings.likeliest_mark_m(141.0, plan) == 800
    assert Passings(marks_every(1600, 400)).likeliest_mark_m(60.0, plan) == 400


Step = tuple[str, float]
steps = st.lists(
    st.tuples(st.sampled_from(["press", "miss", "time", "without", "undo"]), st.floats(0.01, 400, allow_nan=False)),
    max_size=12,
)


def taken(passings: Passings, step: Step) -> Passings:
    what, number = step
    match what:
        case "press":
            return passings.with_press(number, PLAN)
        case "miss":
            return passings.with_miss()
        case "time":
            return passings.with_time(round(number * 4, 1), number)
        case "without":
            return passings.without(passings.passed[0].distance_m if passings.passed else 1.0)
        case _:
            return passings.undo()


@steady
@given(steps)
def test_undo_leads_to_the_value_before_whatever_was_pressed(todo: list[Step]) -> None:
    passings = MILE
    for step in todo:
        try:
            after = taken(passings, step)
        except ValueError as error:
            assert "expected" in str(error) and "\n" not in str(error)
            continue
        assert step[0] == "undo" or (after.undo() is passings and after.before is passings)
        passings = after


@steady
@given(steps)
def test_gaps_are_consistent_and_files_agree(todo: list[Step]) -> None:
    """On an even light seconds x speed = metres; and what is exported comes back the same."""
    passings = replace(MILE, athlete="Čeruiyot 日本")
    for step in todo:
        try:
            passings = taken(passings, step)
        except ValueError:
            continue
    v_mps = MILE_M / 239.99
    for row in rows(passings, PLAN):
        if row.passing.time_s is None:
            continue
        behind_s, behind_m = against(row, "target")
        assert behind_s * v_mps == pytest.approx(behind_m, abs=1e-6)
        assert behind_s == pytest.approx(row.passing.time_s - row.passing.distance_m / v_mps, abs=1e-6)
        assert row.gaps[0].needed_mps is None or row.gaps[0].needed_mps > 0
    assert from_json(to_json(passings, PLAN), "x.json") == passings
    assert from_csv(to_csv(passings, PLAN), "x.csv", passings.athlete) == passings


def test_the_json_of_breaking4() -> None:
    told = json.loads(to_json(breaking4(), PLAN))
    assert list(told) == ["format", "athlete", "title", "plan_hash", "distance_m", "marks_m", "passings"]
    assert told["plan_hash"] == PLAN.hash
    third = told["passings"][2]
    assert {key: third[key] for key in third if key != "waves"} == {
        "distance_m": 1200, "source": "key", "time_s": 181.84, "error_s": None, "split_m": 400, "split_s": 61.09,
        "pace_s_400m": 61.09, "finish_held_s": 244.36, "finish_mean_s": 243.87,
    }  # fmt: skip
    assert third["waves"][0] == {
        "name": "target", "light_s": 178.95, "behind_s": 2.89, "behind_m": 19.4, "needed_pace_s_400m": 56.82,
        "finish_shaped_s": 243.87,
    }  # fmt: skip


def test_the_csv_of_breaking4() -> None:
    text = to_csv(breaking4().undo(), PLAN)
    table = list(csv.DictReader(io.StringIO(text)))
    assert [row["distance_m"] for row in table] == ["400", "800", "1200", "1609.344"]
    assert [row["source"] for row in table] == ["key", "key", "key", "to come"]
    assert table[1]["time"] == "2:00.75" and table[1]["target: behind_s"] == "1.45"
    assert table[1]["target: behind_m"] == "9.73" and table[1]["record: behind_s"] == "-3.85"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "x:1: this is not JSON"),
        ("[]", "x:1: the file is []; expected an object"),
        ("{}", 'format is None; expected "pacerail-athlete/1"'),
        ('{"format": "pacerail-athlete/1", "marks_m": [400, "x"]}', 'a mark is "x"; expected a number above 0'),
        ('{"format": "pacerail-athlete/1", "marks_m": [NaN], "passings": []}', "a mark is nan"),
        ('{"format": "pacerail-athlete/1", "marks_m": [400], "passings": [{"source": "us"}]}', "expected one of key"),
        ('{"format": "pacerail-athlete/1", "marks_m": [400], "passings": [{"source": "key", "distance_m": 1}]}',
         "expected a time"),
        ("[" * 100_000, "this is not JSON"),
    ],
)  # fmt: skip
def test_bad_json_is_one_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        from_json(text, "x")
    (message,) = caught.value.messages
    assert said in message and message.startswith("x:") and "expected" in message and "\n" not in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "x:1: no column distance_m, mark, source, time"),
        ("distance_m,mark,source,time\n400,yes,key,1:60\n", "x:2: "),
        ("distance_m,mark,source,time\n400,yes,key,\n", "x:2: time is None of one that is key"),
        ("distance_m,mark,source,time\n400,maybe,key,1:00\n", 'x:2: mark is "maybe"; expected yes or no'),
        ("distance_m,mark,source,time\n\n400 m,yes,key,1:00\n", 'x:3: distance_m is "400 m"'),
        ("distance_m,mark,source,time\n400,no,key,1:00\n", "expected distances above 0"),
    ],
)
def test_bad_csv_is_one_line_with_its_number(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        from_csv(text, "x")
    (message,) = caught.value.messages
    assert said in message and "\n" not in message


def sent(*lines: tuple[str, str]) -> list[Message]:
    """The messages of what FinishLynx sends with the shipped script, section by section."""
    parser = Parser()
    return [
        message
        for i, (section, time) in enumerate(lines)
        for message in parser.take(SCRIPT.send(section, time), i * 100_000)
    ]


def test_splits_from_finishlynx_go_to_the_passings() -> None:
    """The operator pauses the clock for each split and it says so more than once; the finish stops it."""
    splits = LynxSplits()
    feed = sent(
        ("TimeArmed", "0.0"), ("TimeRunning", "1:00.1"), ("TimeBreak", "1:00.20"), ("TimePaused", "1:00.20"),
        ("TimePaused", "1:00.20"), ("TimeUpdate", "1:03.0"), ("TimePaused", "2:00.75"), ("TimeRunning", "2:05.0"),
        ("TimeStopped", "4:06.42"), ("TimeStopped", "4:06.42"),
    )  # fmt: skip
    told = [split for message in feed if (split := splits.take(message)) is not None]
    assert told == [LynxSplit(60.20, 0.01, False), LynxSplit(120.75, 0.01, False), LynxSplit(246.42, 0.1, True)]
    passings = MILE
    for split in told[:2]:
        passings = passings.with_press(split.time_s, PLAN, "feed")
    assert [(p.distance_m, p.time_s, p.source) for p in passings.passed] == [(400, 60.2, "feed"), (800, 120.75, "feed")]


def test_the_same_split_in_another_race_is_a_new_one() -> None:
    splits = LynxSplits()
    one = ("TimePaused", "1:00.20")
    told = [splits.take(message) for message in sent(one, one, ("TimeArmed", "0.0"), one)]
    assert [split is not None for split in told] == [True, False, False, True]
    assert splits.take(Message(Kind.STOPPED, 0, 100_000, 0)) is None
