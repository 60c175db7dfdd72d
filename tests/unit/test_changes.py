"""Changes in mid-race: what a line says, what the light then does, and that boards follow it."""

from __future__ import annotations

import contextlib
import itertools
import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacerail.compile import PER_M, PER_S, compile_tables
from pacerail.model.amended import Amended, Backwards, jump_m, recent
from pacerail.model.bridge import MAX_SPEED_MPS
from pacerail.model.changes import (
    FORMS,
    Change,
    Freeze,
    Hide,
    Resume,
    Retarget,
    Shift,
    Show,
    parse_change,
    words,
)
from pacerail.model.motion import Mark, Stretch
from pacerail.model.plan import Plan, Wave
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.model.wave import MAX_RACE_S, build_wave
from pacerail.model.wavespec import AtFinish, WaveSpec, Window
from pacerail_node.amend import SPARE_PIECES, SPARE_WINDOWS
from pacerail_node.pacetable import DARK, PaceTable
from pacerail_node.render import Renderer

DOCS = (Path(__file__).parents[2] / "docs" / "changes.md").read_text(encoding="utf-8")
V_MPS = 1609.344 / 239.99
RAIL = even_rail(boards=1, leds=40)


def wave(
    name: str = "target",
    marks: tuple[Mark, ...] = ((1609.344, 239.99),),
    *,
    smooth: bool = False,
    standing: bool = False,
    at_finish: AtFinish = "hold",
    windows: tuple[Window, ...] = (),
    stretches: tuple[Stretch, ...] = (),
    ends_m: float | None = None,
    ahead_m: float = 0.0,
) -> Wave:
    end_m = sum(s.run_m for s in stretches) if stretches else marks[-1][0]
    return build_wave(
        WaveSpec(
            name=name,
            colour=(0, 255, 0),
            length_m=5.0,
            priority=0,
            marks=() if stretches else marks,
            stretches=stretches,
            smooth=smooth,
            standing=standing,
            ahead_m=ahead_m,
            ahead_s=0.0,
            windows=windows,
            ends_m=end_m if ends_m is None else ends_m,
            at_finish=at_finish,
            hold_s=5.0,
            run_on_m=20.0,
        )
    )


def plan(*waves: Wave) -> Plan:
    return Plan("race", max(w.finish_m for w in waves), tuple(waves), "0123456789abcdef")


def one(amended: Amended, name: str = "target") -> Wave:
    return next(w for w in amended.plan.waves if w.name == name)


EVEN = plan(wave())
SMOOTH = plan(wave(marks=((400.0, 62.0), (800.0, 121.0), (1200.0, 183.0), (1609.344, 239.99)), smooth=True))


# what people type


@pytest.mark.parametrize(
    ("text", "change", "said"),
    [
        ("shift target +2 m", Shift("target", 2, "m"), "target: 2 m further ahead, eased over 5 s"),
        ("shift target -1.5 s", Shift("target", -1.5, "s"), "target: 1.5 s later, eased over 5 s"),
        ("shift target 3 m over 10 s", Shift("target", 3, "m", 10), "target: 3 m further ahead, eased over 10 s"),
        ("SHIFT target 3m AT ONCE", Shift("target", 3, "m", 0), "target: 3 m further ahead, at once"),
        ('shift "lead pacer" 3.25 m back', Shift("lead pacer", -3.25, "m"), None),
        ("shift target 2 s earlier over 0:08", Shift("target", 2, "s", 8), "target: 2 s earlier, eased over 8 s"),
        ("shift target \u22122 s", Shift("target", -2, "s"), "target: 2 s later, eased over 5 s"),
        ("shift all 2 s later", Shift(None, -2, "s"), "every wave: 2 s later, eased over 5 s"),
        ('hide "all"', Hide("all"), "all: dark from here on"),
        ("retarget target 4:01.5", Retarget("target", 241.5), "target: from here to its finish at 4:01.50"),
        ("freeze all", Freeze(None), "every wave: stands where it is, until it is resumed"),
        ("resume target", Resume("target"), "target: goes on from where it stands"),
        ("show record", Show("record"), "record: lit from here on"),
    ],
)
def test_what_a_line_says(text: str, change: Change, said: str | None) -> None:
    assert parse_change(text) == change
    assert said is None or words(change) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "shift",
        "shift target",
        "shift target 2",
        "shift target two m",
        "shift target 2 m sideways",
        "shift target +2 m back",
        "shift target 2 m later",
        "shift target 2 s back",
        "shift target 0 m",
        '""',
        "shift target 9999 m",
        "shift target 2 m over 20 min",
        "shift target 2 m over",
        "shift target 2 m at twice",
        "retarget all 4:00",
        "retarget target",
        "retarget target fast",
        "retarget target 0",
        "retarget target 4,01",
        "freeze",
        'freeze "target',
        "freeze lead pacer",
        "hide target now",
        "stop target",
        'hide ""',
        "\x00",
        "shift 2 m",
    ],
)
def test_what_is_no_change_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+[;?] expected [^\n]+$"):
        parse_change(text)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=30), st.lists(st.sampled_from([*" ".join(FORMS).split(), "1e9", '"', "∞"]))))
def test_any_text_is_a_change_or_one_line(text: str | list[str]) -> None:
    try:
        assert words(parse_change(text if isinstance(text, str) else " ".join(text)))
    except ValueError as error:
        assert "expected" in str(error)
        assert "\n" not in str(error)


def test_the_examples_in_the_docs_are_changes() -> None:
    examples = re.findall(r"^(?:shift|retarget|freeze|resume|hide|show) [^\n]*$", DOCS, re.MULTILINE)
    assert len({parse_change(example.split("  ")[0]) for example in examples}) >= 8
    read_back = dict(re.findall(r"^((?:shift|retarget|freeze|resume|hide|show) .*?)  +(\S.*)$", DOCS, re.MULTILINE))
    assert len(read_back) >= 8
    for example, said in read_back.items():
        assert words(parse_change(example)) == said
    for form in FORMS:
        parse_change(form)


# what the light does


@pytest.mark.parametrize("base", [EVEN, SMOOTH])
@pytest.mark.parametrize(("amount", "over_s"), [(2.0, 5.0), (-2.0, 5.0), (10.0, 5.0), (-8.0, 12.5), (3.0, 0.0)])
def test_a_shift_in_metres_is_that_many_metres(base: Plan, amount: float, over_s: float) -> None:
    after = one(Amended(base).with_change(Shift("target", amount, "m", over_s), 100.0))
    t = np.linspace(100.0 + over_s, min(after.finish_s, 239.99) - 0.001, 500)
    assert after.motion.distance_m(t) - one(Amended(base)).run.distance_m(t) == pytest.approx(amount, abs=1e-9)
    assert after.finish_m == 1609.344
    assert after.motion.distance_m(after.finish_s + 1.0) == pytest.approx(1609.344, abs=1e-9)
    assert after.motion.end_s == pytest.approx(after.finish_s + 5.0)
    assert np.sign(after.finish_s - 239.99) == -np.sign(amount)


@pytest.mark.parametrize("base", [EVEN, SMOOTH])
@pytest.mark.parametrize("seconds", [1.5, -1.5])
def test_a_shift_in_seconds_is_that_much_earlier(base: Plan, seconds: float) -> None:
    after = one(Amended(base).with_change(Shift("target", seconds, "s"), 100.0))
    t = np.linspace(105.0, after.finish_s, 500)
    assert after.motion.distance_m(t) == pytest.approx(base.waves[0].motion.distance_m(t + seconds), abs=1e-6)
    assert after.finish_s == pytest.approx(239.99 - seconds, abs=1e-9)
    assert dict(after.splits)[800.0] == pytest.approx(dict(base.waves[0].splits)[800.0] - seconds, abs=1e-9)
    assert dict(after.splits)[400.0] == pytest.approx(dict(base.waves[0].splits)[400.0], abs=1e-12)


def test_an_even_wave_takes_its_new_pace_at_once_when_retargeted() -> None:
    after = one(Amended(EVEN).with_change(Retarget("target", 241.5), 120.0))
    assert after.finish_s == pytest.approx(241.5, abs=1e-9)
    rest_mps = (1609.344 - 120 * V_MPS) / 121.5
    assert after.motion.speed_mps(120.0) == pytest.approx(rest_mps)
    assert after.motion.speed_mps(119.99) == pytest.approx(V_MPS)


def test_a_smooth_wave_keeps_its_speed_without_a_jump_when_retargeted() -> None:
    after = one(Amended(SMOOTH).with_change(Retarget("target", 230.0), 120.0))
    assert after.finish_s == pytest.approx(230.0, abs=1e-9)
    t = np.linspace(1.0, 229.9, 200_001)
    assert np.abs(np.diff(after.motion.speed_mps(t))).max() < 14 * (t[1] - t[0])


@pytest.mark.parametrize("base", [EVEN, SMOOTH])
def test_a_frozen_wave_stands_lit_and_goes_on_as_much_later(base: Plan) -> None:
    frozen = Amended(base).with_change(Freeze("target"), 100.0)
    stands = one(frozen)
    assert stands.stands
    place_m = stands.motion.distance_m(101.0)
    assert 0 <= place_m - base.waves[0].motion.distance_m(100.0) < 3.6
    assert stands.motion.distance_m(np.array([200.0, 9999.0])) == pytest.approx(place_m, abs=1e-9)
    assert stands.visible(9999.0)
    assert all(d < place_m for d, _ in stands.splits)
    after = one(frozen.with_change(Resume("target"), 130.0))
    assert after.finish_s == pytest.approx(239.99 + 30.0, abs=1e-9)
    t = np.linspace(131.0, 269.0, 100)
    assert after.motion.distance_m(t) == pytest.approx(base.waves[0].motion.distance_m(t - 30.0), abs=1e-6)
    assert after.motion.distance_m(130.0) == pytest.approx(place_m, abs=1e-9)
    with pytest.raises(ValueError, match=r"stands since 1:40\.00"):
        frozen.with_change(Freeze("target"), 140.0)
    with pytest.raises(ValueError, match="resume it first"):
        frozen.with_change(Retarget("target", 250.0), 140.0)


def test_a_smooth_wave_stops_without_a_jump_of_speed() -> None:
    after = one(Amended(SMOOTH).with_change(Freeze("target"), 100.0).with_change(Resume("target"), 103.0))
    t = np.linspace(95.0, 110.0, 100_001)
    assert np.abs(np.diff(after.motion.speed_mps(t))).max() < 14.01 * (t[1] - t[0])


def test_a_frozen_wave_can_be_moved_and_goes_on_from_there() -> None:
    amended = Amended(EVEN).with_change(Freeze("target"), 100.0).with_change(Shift("target", 4.0, "m"), 110.0)
    assert one(amended).motion.distance_m(120.0) == pytest.approx(100 * V_MPS + 4.0)
    after = one(amended.with_change(Resume("target"), 120.0))
    assert after.motion.distance_m(150.0) == pytest.approx(130 * V_MPS + 4.0)
    with pytest.raises(Backwards, match=r"backwards by 4\.0 m; expected it forced"):
        amended.undo(130.0)
    assert one(amended.undo(130.0, forced=True)).motion.distance_m(140.0) == pytest.approx(100 * V_MPS)


def test_hidden_and_shown() -> None:
    base = plan(wave("a", windows=(Window("m", 400.0, 800.0),)), wave("b"))
    assert one(Amended(base), "a").windows_s == ((400 / V_MPS, 800 / V_MPS),)
    hidden = Amended(base).with_change(Hide("a"), 70.0)
    assert one(hidden, "a").windows_s == ((400 / V_MPS, 70.0),)
    shown = hidden.with_change(Show("a"), 150.0)
    assert one(shown, "a").windows_s == ((400 / V_MPS, 70.0), (150.0, 244.99))
    moved = shown.with_change(Shift("a", -2.0, "s"), 160.0)
    assert one(moved, "a").windows_s == ((400 / V_MPS, 70.0), (150.0, pytest.approx(246.99)))
    assert one(shown.undo(155.0), "a").windows_s == ((400 / V_MPS, 70.0), (150.0, 155.0))
    assert one(hidden.undo(80.0), "a").windows_s == ((400 / V_MPS, 70.0), (80.0, 800 / V_MPS))
    assert one(moved, "b") is base.waves[1]


def test_windows_by_distance_move_with_the_light_and_by_time_stay() -> None:
    by_m = plan(wave(windows=(Window("m", 800.0, 1200.0),)))
    by_s = plan(wave(windows=(Window("s", 110.0, 170.0),)))
    change = Shift("target", -2.0, "s")
    later = ((800 / V_MPS + 2, 1200 / V_MPS + 2),)
    assert np.allclose(one(Amended(by_m).with_change(change, 100.0)).windows_s, later, atol=1e-9)
    assert one(Amended(by_s).with_change(change, 100.0)).windows_s == ((110.0, 170.0),)
    # put back into its window it is lit again
    late = one(Amended(by_m).with_change(Shift("target", -20.0, "m", 0.0), 1205 / V_MPS, forced=True))
    assert len(late.windows_s) == 2
    assert late.windows_s[0] == by_m.waves[0].windows_s[0]
    assert late.motion.distance_m(late.windows_s[1][1]) == pytest.approx(1200.0)
    # and a window that it jumps over is none
    assert one(Amended(by_m).with_change(Shift("target", 500.0, "m", 0.0), 110.0)).windows_s == ()


@pytest.mark.parametrize(("at_finish", "dark_after_s"), [("hold", 5.0), ("off", 0.0), ("run on", 20.0 / V_MPS)])
def test_a_jump_over_the_finish_ends_there(at_finish: AtFinish, dark_after_s: float) -> None:
    base = plan(wave(at_finish=at_finish))
    after = one(Amended(base).with_change(Shift("target", 500.0, "m", 0.0), 200.0))
    assert after.finish_s == 200.0
    assert after.dark_s == pytest.approx(200.0 + dark_after_s)
    assert after.splits[2:] == ((1200.0, 1200 / V_MPS), (1600.0, 200.0), (1609.344, 200.0))
    if at_finish != "off":
        assert after.motion.distance_m(200.0) == pytest.approx(1609.344)
    if at_finish == "run on":
        assert after.motion.distance_m(200.0 + dark_after_s) == pytest.approx(1629.344)


def test_before_the_gun_a_change_is_a_head_start() -> None:
    ahead = one(Amended(EVEN).with_change(Shift("target", 3.0, "m"), -20.0))
    assert ahead.motion.start_m == 3.0
    assert ahead.finish_s == pytest.approx((1609.344 - 3) / V_MPS)
    behind = one(Amended(EVEN).with_change(Shift("target", -3.0, "m"), -20.0))
    assert behind.motion.start_m == -3.0
    waits = one(Amended(EVEN).with_change(Shift("target", -2.0, "s"), 0.0))
    assert waits.motion.distance_m(np.array([1.9, 12.0])) == pytest.approx([0.0, 10 * V_MPS])
    assert one(Amended(SMOOTH).with_change(Retarget("target", 260.0), -1.0)).motion.speed_mps(0.0) == pytest.approx(
        SMOOTH.waves[0].motion.speed_mps(0.0) * 239.99 / 260.0
    )
    never = Amended(EVEN).with_change(Freeze("target"), -9.0).undo(-5.0)
    assert never.plan.waves[0] is EVEN.waves[0]
    held = Amended(EVEN).with_change(Freeze("target"), -9.0)
    assert one(held.with_change(Resume("target"), 20.0)).finish_s == pytest.approx(259.99)
    with pytest.raises(ValueError, match="short of its finish"):
        Amended(plan(wave(marks=((400.0, 60.0),)))).with_change(Shift("target", 500.0, "m"), -1.0)


def test_undo_leads_back_step_by_step() -> None:
    first = Amended(EVEN).with_change(Shift("target", 6.0, "m"), 50.0)
    second = first.with_change(Retarget("target", 250.0), 80.0)
    once = second.undo(120.0)
    twice = once.undo(150.0)
    t = np.linspace(140.0, 149.9, 20)
    assert one(once).motion.distance_m(t) == pytest.approx(one(first).motion.distance_m(t), abs=1e-9)
    t = np.linspace(160.0, 239.0, 20)
    assert one(twice).motion.distance_m(t) == pytest.approx(EVEN.waves[0].motion.distance_m(t), abs=1e-9)
    assert one(twice).finish_s == pytest.approx(239.99)
    with pytest.raises(ValueError, match="nothing to undo"):
        twice.undo(160.0)
    assert twice.words == (
        "50.00 target: 6 m further ahead, eased over 5 s",
        "1:20.00 target: from here to its finish at 4:10.00",
        "2:00.00 undone: target: from here to its finish at 4:10.00",
        "2:30.00 undone: target: 6 m further ahead, eased over 5 s",
    )


def test_undone_before_it_takes_effect_it_never_happens() -> None:
    first = Amended(EVEN).with_change(Shift("target", 6.0, "m"), 50.0)
    never = first.with_change(Freeze("target"), 80.0).undo(79.5)
    assert one(never) is one(first)
    assert "before it took effect" in never.words[-1]
    assert one(never.undo(60.0)).finish_s == pytest.approx(239.99)


def test_an_undone_freeze_catches_up() -> None:
    after = one(Amended(EVEN).with_change(Freeze("target"), 100.0).undo(110.0))
    assert after.finish_s == pytest.approx(239.99)
    assert after.motion.max_speed_mps <= MAX_SPEED_MPS
    resumed = Amended(EVEN).with_change(Freeze("target"), 100.0).with_change(Resume("target"), 110.0)
    with pytest.raises(Backwards):
        resumed.undo(120.0)


@pytest.mark.parametrize(
    ("change", "at_s", "message"),
    [
        (Shift("target", 2, "m"), 240.0, "finished at 3:59.99; expected a wave that still runs"),
        (Hide("target"), 245.0, "is over since 4:04.99; expected a wave that still runs"),
        (Shift("lead", 2, "m"), 1.0, 'no wave is called "lead"; expected one of "target", or all'),
        (Retarget("target", 100.0), 120.0, "1:40.00 is gone when this takes place, at 2:00.00; expected a later"),
        (Retarget("target", 130.0), 120.0, "80.5 m/s; expected 19 m/s at most"),
        (Retarget("target", 10_001.0), 120.0, "too late; expected 2:46:40.00 at most"),
        (Shift("target", 100, "m"), 120.0, "28.5 m/s, 19 m/s is the most; expected over 10 s at least"),
        (Shift("target", 2, "m", 0.5), 120.0, "m/s in a second, 14 is the most; expected over 1 s at least"),
        (Resume("target"), 120.0, "does not stand; expected"),
        (Shift("target", 2, "m"), math.nan, "expected 10000 s at most"),
        (Shift("target", 2, "m"), 10_001.0, "expected 10000 s at most"),
    ],
)
def test_what_cannot_be_is_refused(change: Change, at_s: float, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        Amended(EVEN).with_change(change, at_s)
    assert not isinstance(refused.value, Backwards)
    assert "\n" not in str(refused.value)


def test_backwards_only_when_forced() -> None:
    with pytest.raises(Backwards, match=r'"target": it would move backwards by 3.0 m; expected over [\d.]+ s at least'):
        Amended(EVEN).with_change(Shift("target", -3.0, "m", 0.0), 100.0)
    with pytest.raises(Backwards, match=r"backwards by 18.2 m; expected over 8.5 s at least or it forced"):
        Amended(EVEN).with_change(Shift("target", -50.0, "m"), 100.0)
    assert Amended(EVEN).with_change(Shift("target", -50.0, "m", 8.5), 100.0)
    for change in (Shift("target", -50.0, "m"), Shift("target", -50.0 / V_MPS, "s"), Shift("target", -50.0, "m", 0.0)):
        after = one(Amended(EVEN).with_change(change, 100.0, forced=True))
        assert after.motion.distance_m(100.0) == pytest.approx(100 * V_MPS - 50.0)
        assert after.motion.distance_m(200.0) == pytest.approx(200 * V_MPS - 50.0)
        assert after.splits[0] == (400.0, 400 / V_MPS)
    with pytest.raises(ValueError, match="behind where it started"):
        Amended(EVEN).with_change(Shift("target", -50.0, "m", 0.0), 5.0, forced=True)


def test_all_leaves_out_what_has_finished() -> None:
    base = plan(wave(), wave("record", ((1609.344, 230.0),)))
    after = Amended(base).with_change(Shift(None, 1.0, "m", 0.0), 231.0)
    assert after.words == ("3:51.00 every wave: 1 m further ahead, at once (without record)",)
    assert one(after, "record") is base.waves[1]
    with pytest.raises(ValueError, match='wave "record": it finished'):
        Amended(base).with_change(Shift("record", 1.0, "m"), 235.0)
    with pytest.raises(ValueError, match="finished at"):
        Amended(base).with_change(Shift(None, 1.0, "m"), 240.5)
    assert one(after.undo(233.0), "target").finish_s == pytest.approx(239.99)
    assert after.undo(233.0).words[-1] == "3:53.00 undone: every wave: 1 m further ahead, at once"
    with pytest.raises(ValueError, match='wave "target": it finished'):  # nothing left of it to be undone
        after.undo(242.0)
    assert after.plan.hash == base.hash
    assert after.plan.title == base.title


def test_a_hidden_race_is_not_over() -> None:
    hidden = Amended(EVEN).with_change(Hide(None), 100.0)
    assert hidden.plan.end_s == 100.0
    assert hidden.over_s == pytest.approx(244.99)
    assert Amended(EVEN).over_s == pytest.approx(244.99)


def test_times_are_taken_to_the_grid_of_the_boards_and_in_order() -> None:
    amended = Amended(EVEN).with_change(Shift("target", 1.0, "m"), 100.000001)
    assert amended.steps[0].at_s == 100.00001
    assert amended.with_change(Shift("target", 1.0, "m"), 100.0005).steps[1].at_s == 100.00001
    with pytest.raises(ValueError, match="before the last step"):
        amended.with_change(Shift("target", 1.0, "m"), 99.0)


def test_changes_at_the_same_time_follow_one_another() -> None:
    jumped = Amended(EVEN).with_change(Shift("target", 3.0, "m", 0.0), 100.0)
    stands = one(jumped.with_change(Freeze("target"), 100.0))
    assert stands.motion.distance_m(np.array([99.9, 100.0, 500.0])) == pytest.approx(
        [99.9 * V_MPS, 100 * V_MPS + 3, 100 * V_MPS + 3]
    )
    again = jumped.with_change(Freeze("target"), 100.0).with_change(Resume("target"), 100.0)
    assert one(again).finish_s == pytest.approx(one(jumped).finish_s)


def test_a_run_a_hair_short_of_its_finish_is_there() -> None:
    base = plan(wave(ahead_m=-6.1e-5))
    assert not base.waves[0].stands
    assert base.waves[0].finish_s == pytest.approx(239.99, abs=2e-5)
    after = one(Amended(base).with_change(Shift("target", -1.0, "m"), 100.0))
    assert after.finish_s == pytest.approx(239.99 + 1 / V_MPS, abs=2e-5)


def test_how_far_a_change_moves_a_light() -> None:
    after = Amended(EVEN).with_change(Shift("target", 2.0, "m"), 100.0)
    moved = jump_m(EVEN, after.plan, 100.0)["target"]
    assert (moved.at_once_m, moved.ahead_m, moved.back_m) == pytest.approx((0.0, 2.0, 0.0), abs=1e-6)
    back = Amended(EVEN).with_change(Shift("target", -9.0, "m", 0.0), 100.0, forced=True)
    moved = jump_m(EVEN, back.plan, 100.0)["target"]
    assert (moved.at_once_m, moved.ahead_m, moved.back_m) == pytest.approx((-9.0, 0.0, -9.0))
    assert jump_m(EVEN, Amended(EVEN).with_change(Hide("target"), 3.0).plan, 3.0) == {}


# whatever is done in whatever order


@dataclass(frozen=True)
class Ask:
    """A step as drawn: so long after the one before it, with or without force; None undoes."""

    after_s: float
    change: Change | None
    forced: bool


RUNS = st.lists(st.tuples(st.floats(100, 600), st.floats(3.0, 8.0)), min_size=1, max_size=4)
WINDOWS = st.sampled_from([(), (), (Window("m", 200.0, 700.0),), (Window("s", 30.0, 90.0), Window("m", 500.0, 1e9))])


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Two waves of any kind."""
    waves: list[Wave] = []
    for name in ("target", "record"):
        runs = [Stretch(d, d / v) for d, v in draw(RUNS)]
        rest_s, training = draw(st.floats(5, 60)), draw(st.booleans())
        d, t = np.cumsum([run.run_m for run in runs]), np.cumsum([run.in_s for run in runs])
        marks = tuple((float(a), float(b)) for a, b in zip(d, t, strict=True))
        made = wave(
            name,
            marks,
            smooth=draw(st.booleans()),
            standing=draw(st.booleans()),
            at_finish=draw(st.sampled_from(["hold", "off", "run on"])),
            stretches=tuple(x for run in runs for x in (run, Stretch(0.0, rest_s)))[:-1] if training else (),
            ends_m=None if training else marks[-1][0] * draw(st.floats(0.7, 1.0)),
            ahead_m=draw(st.floats(-10, 10)),
        )
        with contextlib.suppress(ValueError):  # never lit: leave it lit all the way
            made = build_wave(replace(made.spec, windows=draw(WINDOWS)))
        waves.append(made)
    return plan(*waves)


NAMES = st.sampled_from(["target", "target", "record", None])
CHANGES = st.one_of(
    st.builds(
        Shift, NAMES, st.floats(-40, 40).filter(bool), st.just("m"), st.sampled_from([0.0, 2.0, 5.0, 5.0, 12.0, 40.0])
    ),
    st.builds(Shift, NAMES, st.floats(-9, 9).filter(bool), st.just("s"), st.sampled_from([0.0, 5.0, 12.0, 40.0])),
    st.builds(Retarget, st.sampled_from(["target", "record"]), st.floats(30, 900)),
    st.builds(Freeze, NAMES),
    st.builds(Resume, NAMES),
    st.just(Resume(None)),
    st.builds(Hide, NAMES),
    st.builds(Show, NAMES),
    st.none(),
)
GAPS_S = st.one_of(st.floats(0, 40), st.sampled_from([0.0, 0.5, 3.0, 10.0, 11.0, 20.0, 30.0, -5.0]))
ASKS = st.lists(st.builds(Ask, GAPS_S, CHANGES, st.sampled_from([False, False, True])), min_size=2, max_size=9)


def taken(base: Plan, asks: list[Ask]) -> list[Amended]:
    """The plans that come of what is asked for; what is refused says so in one line and changes nothing."""
    states = [Amended(base)]
    at_s = -10.0
    for ask in asks:
        at_s += ask.after_s
        try:
            now = states[-1]
            after = (
                now.undo(at_s, forced=ask.forced)
                if ask.change is None
                else now.with_change(ask.change, at_s, forced=ask.forced)
            )
        except ValueError as refused:
            assert re.fullmatch(r"[^\n]+; expected [^\n]+", str(refused)), str(refused)
            assert not (ask.forced and isinstance(refused, Backwards))
        else:
            states.append(after)
    return states


@settings(derandomize=True, max_examples=200, deadline=None)
@given(plans(), ASKS)
def test_any_changes_keep_the_past_and_never_run_backwards_unasked(base: Plan, asks: list[Ask]) -> None:
    states = taken(base, asks)
    for before, after in itertools.pairwise(states):
        step = after.steps[-1]
        assert after.plan.hash == base.hash
        at_s = step.at_s
        for old, new in zip(before.plan.waves, after.plan.waves, strict=True):
            if old is new or "before it took effect" in step.words:
                continue
            then = np.linspace(0.0, at_s - 3e-5, 300) if at_s > 0.1 else np.array([])
            assert np.abs(new.motion.distance_m(then) - old.motion.distance_m(then)).max(initial=0.0) < 1e-9
            lit_apart = old.visible(then) != new.visible(then)
            edges = np.array([edge for window in (*old.windows_s, *new.windows_s) for edge in window])
            assert all(np.abs(edges - t).min() < 2e-5 for t in then[lit_apart])
            passed = [split for split in old.splits if split[1] < at_s - 3e-5]
            assert np.array(new.splits[: len(passed)]) == pytest.approx(np.array(passed), abs=1e-9)
            times = [t for _, t in new.splits]
            assert times == sorted(times)
            later = np.unique(
                np.concatenate((new.motion.breaks_s, np.linspace(at_s, min(new.over_s, at_s + 900), 2000)))
            )
            later = later[later >= at_s]
            steps_m = np.diff(new.motion.distance_m(later))
            assert steps_m.min(initial=0.0) > -1e-7  # only at the very time of a change that was forced
            if at_s > 0:
                jumped_m = new.motion.distance_m(at_s) - old.motion.distance_m(at_s)
                at_once = isinstance(step.change, Shift) and step.change.over_s == 0
                assert jumped_m > -1e-7 or step.forced
                assert abs(jumped_m) < 1e-6 or at_once or step.forced
            assert new.motion.max_speed_mps < MAX_SPEED_MPS + 0.01
            assert new.over_s <= MAX_RACE_S
            assert new.finish_s >= at_s or isinstance(step.change, Hide | Show | None)
            if not new.stands:
                assert new.splits[-1] == (new.finish_m, new.finish_s)
                assert new.motion.distance_m(np.nextafter(new.finish_s, 1e9)) >= new.finish_m - 1e-4 or (
                    new.spec.at_finish == "off"
                )
            assert all(on < off for on, off in new.windows_s)
            assert all(a[1] < b[0] for a, b in itertools.pairwise(new.windows_s))


@settings(derandomize=True, max_examples=150, deadline=None)
@given(plans(), ASKS, st.floats(0, 60), CHANGES, st.floats(0, 30))
def test_after_any_changes_one_more_keeps_its_promise_and_is_undone(
    base: Plan, asks: list[Ask], gap_s: float, change: Change | None, then_s: float
) -> None:
    now = taken(base, asks)[-1]
    at_s = max(0.01, now.steps[-1].at_s + gap_s if now.steps else gap_s)
    if change is None:
        return
    try:
        after = now.with_change(change, at_s)
    except ValueError:
        return
    at_s = after.steps[-1].at_s
    for old, new in zip(now.plan.waves, after.plan.waves, strict=True):
        if old is new:
            continue
        settled_s = at_s + (change.over_s if isinstance(change, Shift) else 0.0)
        t = np.linspace(settled_s, new.finish_s, 50)[:-1]
        if isinstance(change, Shift) and settled_s < new.finish_s and not old.stands:
            run = old.run.distance_m(t + change.amount) if change.unit == "s" else old.run.distance_m(t) + change.amount
            ran = t + change.amount < old.run.end_s if change.unit == "s" else t < old.run.end_s
            # later by more than it is since then: it stands first, and is not sent through the past again
            ran &= (change.unit == "m") | (t + change.amount >= at_s)
            assert new.motion.distance_m(t)[ran] == pytest.approx(run[ran], abs=1e-6)
        elif isinstance(change, Retarget):
            assert new.finish_s == pytest.approx(change.finish_s, abs=1e-6)
        elif isinstance(change, Hide):
            assert not any(off > at_s for _, off in new.windows_s)
        elif isinstance(change, Show):
            assert new.windows_s[-1] == (pytest.approx(new.windows_s[-1][0]), new.over_s)
            assert new.visible(at_s)
    undo_s = at_s + 0.01 + then_s
    try:
        undone = after.undo(undo_s)
    except ValueError:
        return
    for old, new in zip(now.plan.waves, undone.plan.waves, strict=True):
        t = np.linspace(undo_s + 620.0, undo_s + 1500.0, 20)
        if old.stands:
            assert new.motion.distance_m(t) == pytest.approx(old.motion.distance_m(t), abs=1e-6)
        elif new.finish_s > undo_s + 620.0:
            assert new.finish_s == pytest.approx(old.finish_s, abs=1e-6)


@settings(derandomize=True, max_examples=80, deadline=None)
@given(plans(), ASKS, st.lists(st.floats(0, 1), min_size=12, max_size=12))
def test_boards_follow_any_changed_plan(base: Plan, asks: list[Ask], shares: list[float]) -> None:
    """The boards' own code, given the changed tables, within a millimetre; and as lit as the plan says."""
    last = taken(base, asks)[-1]
    since_s = last.steps[-1].at_s - 60.0 if last.steps else 0.0
    for changed, from_s in ((last.plan, 0.0), (recent(last.plan, since_s), max(0.0, since_s))):
        renderer = Renderer(PaceTable(compile_tables(changed, RAIL)[0]))
        pixels = bytearray(120)
        edges = [t for w in changed.waves for window in w.windows_s for t in window]
        ends_s = min(MAX_RACE_S - 1, changed.end_s)
        steps_s = [step.at_s + d for step in last.steps for d in (0.0, 1e-5, 0.5, 2.5, 4.9)]
        for race_s in [*(from_s + share * (ends_s - from_s) for share in shares), *steps_s]:
            race_10us = math.ceil(race_s * PER_S - 1e-3)
            race_s = race_10us / PER_S
            if race_s < from_s or any(abs(race_s - t) < 2e-5 for t in edges):
                continue
            renderer.draw(pixels, race_10us)
            for w, head in zip(changed.waves_by_priority(), renderer.heads, strict=True):
                assert (head != DARK) == w.visible(race_s)
                if head == DARK:
                    continue
                exact_m = changed.start_track_m(RAIL.track) + w.motion.distance_m(race_s)
                assert abs(math.remainder(head / PER_M - exact_m, RAIL.track.lap_m)) < 0.001


def test_a_night_of_changes_fits_into_a_boards_room() -> None:
    """Twenty changes of the light that matters, in the shipped plan with the most pieces of them all."""
    for name in ("breaking4-3-59", "record-4-07-64"):
        base = load_plan(name, RAIL.track)
        who = base.waves[0].name
        amended = Amended(base)
        for k in range(20):
            change = (
                Shift(who, 2.0, "m"), Shift(who, -0.4, "s"), Retarget(who, 241.0 + k), Hide(who), Show(who)
            )[k % 5]  # fmt: skip
            amended = amended.with_change(change, 10.0 * (k + 1))
        counts = [_counts(compile_tables(p, RAIL)[0]) for p in (base, amended.plan, recent(amended.plan, 140.0))]
        assert counts[1][0] - counts[0][0] < SPARE_PIECES
        assert counts[1][1] - counts[0][1] < SPARE_WINDOWS
        assert counts[2][0] < counts[1][0]
        assert amended.with_change(Freeze(who), 205.0).plan.waves[0].stands


def _counts(blob: bytes) -> tuple[int, int]:
    table = PaceTable(blob)
    return len(table.pieces) // 4, len(table.windows) // 2
