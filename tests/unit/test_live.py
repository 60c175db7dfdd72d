"""The live view: what a picture says, what is drawn of it at any size, and what is sent to the terminal."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.color import ColorSystem
from rich.console import Console

from pacerail.board import Status
from pacerail.fleet import Fleet, Member
from pacerail.gun import Gun
from pacerail.live.canvas import Canvas, Span, clipped
from pacerail.live.draw import Stage, draw, make_stage
from pacerail.live.plain import progress
from pacerail.live.rail import kerb_places, screen_colour
from pacerail.live.screen import changes, colour_system
from pacerail.live.state import Picture, clock_text, led_order, leds_of, picture_of, wave_states
from pacerail.model.plan import Plan
from pacerail.model.planfile import load_plan
from pacerail.model.rail import Rail, even_rail
from pacerail.model.railfile import load_rail
from pacerail.model.track import standard_track
from pacerail.model.trackfile import load_track
from pacerail.race.state import Race
from pacerail.report import Report, Spread
from pacerail.summary import sentence, summary

SIZES = [(40, 10), (80, 24), (120, 40), (250, 80), (200, 30), (60, 50), (1, 1), (7, 3), (20, 5)]
ZERO_US = 5_000_000_000
GREEN, DARK = (0, 255, 64), (0, 0, 0)


def status_of(state: str, bound_us: int = 21, late: int = 0) -> Status:
    return Status(state, True, 0, bound_us, 1.5, 0, 1234, late, 0, 0, 0, 0, 0, 0, None, None, "", b"")


def race_at(plan: Plan, rail: Rail, race_s: float | None, phase: str = "running") -> Race:
    """A race at a moment, without any boards behind it."""
    now_us = ZERO_US + round((race_s or 0.0) * 1e6)
    members = [Member(cast(Any, None), board, b"") for board in rail.boards]
    for member in members:
        member.status = status_of("running")
    race = Race(plan, rail, Fleet(members, lambda: now_us), phase=phase)
    race.gun = None if race_s is None else Gun("scheduled", ZERO_US, 0)
    race.note("clocks are set")
    return race


def lights(plan: Plan, rail: Rail, race_s: float) -> NDArray[np.uint8]:
    """The LEDs as the plan has them, whole cells only."""
    shown = np.zeros((len(rail.leds), 3), dtype=np.uint8)
    track_m = np.array([led.track_m for led in rail.leds])
    for wave in reversed(plan.waves_by_priority()):
        head_m = plan.start_track_m(rail.track) + wave.motion.distance_m(race_s)
        if wave.visible(race_s):
            shown[(head_m - track_m) % rail.track.lap_m < wave.length_m] = wave.colour
    return shown


def staged(picture: Picture, plan: Plan, rail: Rail, width: int, height: int) -> tuple[Stage, Canvas]:
    stage = make_stage(picture, rail, plan.start_track_m(rail.track), width, height)
    return stage, draw(picture, stage)


@pytest.fixture(scope="module")
def rail() -> Rail:
    return even_rail()


@pytest.fixture(scope="module")
def plan(rail: Rail) -> Plan:
    return load_plan("breaking4-3-59", rail.track)


def test_the_clock_is_cut_off_to_tenths() -> None:
    assert [clock_text(t) for t in (None, -2.41, -0.01, 0.0, 9.99, 178.3, 239.99)] == [
        "-:--.-", "-2.5", "-0.1", "0.0", "9.9", "2:58.3", "3:59.9",
    ]  # fmt: skip


def test_a_picture_against_arithmetic(plan: Plan, rail: Rail) -> None:
    picture = picture_of(race_at(plan, rail, 178.0), rail, lights(plan, rail, 178.0))
    target, record, lead = picture.waves
    mps = 1609.344 / 239.99
    assert target.distance_m == pytest.approx(178 * mps) and target.speed_mps == pytest.approx(mps)
    assert target.laps == pytest.approx(178 * mps / rail.track.lap_m)
    assert picture.total_laps == pytest.approx(1609.344 / rail.track.lap_m)
    assert target.pace_s == pytest.approx(400 / mps)
    assert target.gap is None and target.lit and not target.finished
    assert target.split is not None
    assert (target.split.distance_m, target.split.time_s) == (1200, pytest.approx(1200 / mps))
    assert target.split.in_s == pytest.approx(1200 / mps - 178) and target.split.in_m == pytest.approx(1200 - 178 * mps)
    assert record.gap is not None and record.gap.other == "target"
    assert record.gap.ahead_m == pytest.approx(record.distance_m - target.distance_m)
    assert record.gap.ahead_s == pytest.approx(record.distance_m / mps - 178)
    assert record.gap.ahead_s is not None and record.gap.ahead_s < 0
    assert lead.gap is not None and lead.gap.ahead_m == pytest.approx(3.0)
    assert lead.gap.ahead_s == pytest.approx(3.0 / mps)
    assert [p.distance_m for p in picture.passed] == [400, 800]
    assert picture.passed[1].times_s == pytest.approx((800 / mps, 124.6, 797 / mps), abs=1e-6)


def test_before_the_gun_and_after_the_finish(plan: Plan, rail: Rail) -> None:
    dark = np.zeros((len(rail.leds), 3), dtype=np.uint8)
    early = picture_of(race_at(plan, rail, None, "syncing"), rail, dark)
    assert early.clock == "-:--.-" and early.gun is None and not any(wave.lit for wave in early.waves)
    assert all(wave.pace_s is None for wave in early.waves)
    after = wave_states(plan, rail.track.lap_m, 300.0)
    assert all(wave.finished and wave.split is None and wave.gap is None for wave in after)


def test_leds_come_in_the_order_of_the_rail() -> None:
    rail = load_rail("four-outputs-600")
    rgb = [bytes(k // 3 % 251 for k in range(3 * board.pixels)) for board in rail.boards]
    shown = leds_of(rgb, led_order(rail))
    for k in (0, 1, 300, len(rail.leds) - 1):
        assert shown[k, 0] == rail.leds[k].pixel % 251


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("race_s", [None, -2.41, 0.0, 178.0, 400.0])
def test_it_draws_at_any_size(plan: Plan, rail: Rail, width: int, height: int, race_s: float | None) -> None:
    race = race_at(plan, rail, race_s)
    race.fleet.members[6].lost = True
    picture = picture_of(race, rail, lights(plan, rail, race_s or 0.0), "real time", "light within 0.4 mm of the plan")
    _, canvas = staged(picture, plan, rail, width, height)
    rows = canvas.rows()
    assert len(rows) == height and all(len(row) == width for row in rows)
    assert changes(None, canvas, ColorSystem.TRUECOLOR)


@pytest.mark.parametrize("name", ["indoor-200", "lights-400x1m", "four-outputs-600"])
@pytest.mark.parametrize("plan_name", ["training-10x400", "10000m-27-00"])
def test_any_rail_and_plan(name: str, plan_name: str) -> None:
    rail = load_rail(name)
    plan = load_plan(plan_name, rail.track)
    picture = picture_of(race_at(plan, rail, 61.0), rail, lights(plan, rail, 61.0))
    for width, height in SIZES:
        staged(picture, plan, rail, width, height)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (250, 80), (200, 30)])
def test_the_words(plan: Plan, rail: Rail, width: int, height: int) -> None:
    race = race_at(plan, rail, 178.0)
    race.fleet.members[6].lost = True
    picture = picture_of(race, rail, lights(plan, rail, 178.0))
    _, canvas = staged(picture, plan, rail, width, height)
    text = "\n".join(canvas.rows())
    mps = 1609.344 / 239.99
    assert f"{178 * mps:.1f} m" in text
    assert f"{178 * mps / rail.track.lap_m:.2f} of 4.02" in text
    assert f"1200 m 2:58.95 in {1200 / mps - 178:.2f} s, {1200 - 178 * mps:.1f} m" in text
    assert "15 running" in text and "lost: b07" in text and "LOST" in text
    assert "gun: scheduled, exact" in text and "start" in text and "finish" in text


@pytest.mark.parametrize("track_name", ["standard-400", "indoor-200", "double-bend-400"])
def test_a_lit_led_is_seen_where_it_is(track_name: str) -> None:
    track = load_track(track_name)
    rail = even_rail(track, boards=8, leds=100)
    plan = load_plan("breaking4-3-59", track)
    for lit in (0, 131, 402, 660, 799):
        leds = np.zeros((len(rail.leds), 3), dtype=np.uint8)
        leds[max(0, lit - 4) : lit + 5] = GREEN
        picture = picture_of(race_at(plan, rail, 10.0), rail, leds)
        stage, canvas = staged(picture, plan, rail, 120, 40)
        assert stage.oval is not None
        x, y, _ = kerb_places(track, np.array([rail.leds[lit].kerb_m]))
        row, col = stage.oval.cell(float(x[0]), float(y[0]))
        r, c = stage.track.row + int(row), stage.track.col + int(col)
        around = (slice(max(0, r - 1), r + 2), slice(c - 1, c + 2))
        seen = np.concatenate((canvas.fore[around].reshape(-1, 3), canvas.back[around].reshape(-1, 3))).astype(int)
        assert (seen[:, 1] - seen[:, 0]).max() > 150, lit  # green, not the grey of the kerb
        far = canvas.fore[stage.track.row + stage.track.rows - int(row) - 1, -int(col) - 1].astype(int)
        assert far[1] - far[0] < 50


def test_the_kerb_closes_and_runs_left_about() -> None:
    track = standard_track()
    x, y, heading = kerb_places(track, np.array([0.0, track.kerb_lap_m / 4, track.kerb_lap_m / 2]))
    assert (x[0], y[0], heading[0]) == pytest.approx((0, 0, 0))
    assert y[2] == pytest.approx(73.0) and x[2] == pytest.approx(-84.389)
    assert x[1] < 36.6 and y[1] > 36.0


def test_a_lost_board_is_red_on_the_rail(plan: Plan, rail: Rail) -> None:
    race = race_at(plan, rail, 178.0)
    dark = np.zeros((len(rail.leds), 3), dtype=np.uint8)
    _, before = staged(picture_of(race, rail, dark), plan, rail, 120, 40)
    race.fleet.members[2].lost = True
    stage, after = staged(picture_of(race, rail, dark), plan, rail, 120, 40)
    area = stage.track
    part = (slice(area.row, area.row + area.rows), slice(area.col, area.col + area.cols))
    changed = (before.fore[part].astype(int) - after.fore[part]).any(axis=2)
    assert 4 < changed.sum() < 60
    assert (after.fore[part][changed][:, 0] >= before.fore[part][changed][:, 0]).all()


def test_only_what_changed_is_sent(plan: Plan, rail: Rail) -> None:
    def canvas_at(race_s: float) -> Canvas:
        picture = picture_of(race_at(plan, rail, race_s), rail, lights(plan, rail, race_s))
        return staged(picture, plan, rail, 120, 40)[1]

    first, second = canvas_at(178.0), canvas_at(178.05)
    everything = changes(None, first, ColorSystem.TRUECOLOR)
    some = changes(first, second, ColorSystem.TRUECOLOR)
    assert 0 < len(some) < len(everything) / 3
    assert changes(first, first, ColorSystem.TRUECOLOR) == ""
    assert "38;2;" not in changes(None, first, ColorSystem.EIGHT_BIT)


def test_what_people_write_cannot_act_on_the_terminal() -> None:
    canvas = Canvas(20, 2)
    canvas.line(0, 0, [Span("a\x1b[2Jb\n", (255, 255, 255)), Span("赛é", (255, 255, 255))])
    assert canvas.rows()[0].rstrip() == "a?[2Jb??é"
    assert "\x1b[2J" not in changes(Canvas(20, 2), canvas, ColorSystem.TRUECOLOR)
    canvas.text(1, -2, "abcdef", (1, 2, 3))
    canvas.text(5, 0, "below", (1, 2, 3))
    canvas.figures(1, 17, "88", (1, 2, 3), 2)
    assert canvas.rows()[1].startswith("cdef")
    assert clipped("abcdef", 4) == "abc…" and clipped("abc", 0) == ""


def test_linear_light_is_encoded_for_the_screen() -> None:
    assert screen_colour((255, 0, 64)) == (255, 0, 137)  # 64/255 is 0.25 of the light: sRGB 0.537


def test_where_the_view_cannot_be_shown() -> None:
    assert colour_system(Console(file=io.StringIO())) is None
    assert colour_system(Console(file=io.StringIO(), force_terminal=True, no_color=True)) is None


def test_plain_lines(plan: Plan, rail: Rail) -> None:
    race = race_at(plan, rail, None, "syncing")
    lines = progress(race)
    assert lines() == ["          syncing", "          rail: clocks are set"]
    assert lines() == []
    race.gun = Gun("scheduled", ZERO_US, 0)
    race.phase = "running"
    for race_s, expected in ((59.0, 5), (60.0, 3), (60.5, 0), (62.7, 1)):
        now_us = ZERO_US + round(race_s * 1e6)
        race.fleet.clock = lambda now_us=now_us: now_us
        new = lines()
        if race_s == 60.0:
            assert new[:2] == ["   59.20  lead at 400 m", "   59.65  target at 400 m"]
            assert "target 402.4 m, record" in new[2] and "16 boards, clocks to 21 us" in new[2]
        assert len(new) == expected, new


def report_with(**changed: Any) -> Report:
    clock_us = {"p50": 4.0, "p99": 18.5, "max": 64.0}
    more = {"phase": "finished", "stray_cells": 0, "frames_of_wire": 1.0, "clock_error_us": clock_us}
    light, skew = Spread(0.158, 0.433, 0.637), Spread(21.0, 64.0, 77.0)
    report = Report("d183d54b4eaa5bfb", 16, 2400, 111615, 0, light, skew, 262.75, 21.9, (), more)
    return replace(report, **changed)


def printed(report: Report, plan: Plan, race_s: float | None = None) -> str:
    console = Console(file=io.StringIO(), width=110)
    console.print(summary(report, plan, race_s))
    return cast(io.StringIO, console.file).getvalue()


def test_the_report_for_people(plan: Plan) -> None:
    text = printed(report_with(), plan)
    assert "The light stood within 0.64 mm of the plan on all 111,615 frames." in text
    assert "✗" not in text and text.count("✓ ok") == 5
    assert "12.0 times as fast" in text
    bad = report_with(
        light_error_mm=Spread(1, 6, 14),
        dropped=3,
        faults=("b03 did not answer at the end",),
        more={"phase": "finished"},
    )
    text = printed(bad, plan)
    assert text.count("✗ no") == 2 and "• b03 did not answer at the end" in text
    assert "but 3 frames never came, with 1 fault on the way." in sentence(bad, plan)
    assert "more than the 15 mm" in sentence(report_with(light_error_mm=Spread(1, 2, 16)), plan)


def test_the_report_on_a_race_that_was_broken_off(plan: Plan) -> None:
    broken = report_with(more={"phase": "interrupted"}, faults=("b01 was running at the end",))
    assert sentence(broken, plan, 62.5).startswith("Ended at 1:02.50 of 4:")
    assert "b01" in printed(broken, plan, 62.5) and "b01" not in printed(broken, plan, -1.0)
    assert sentence(broken, plan, None) == "Ended before the gun: nothing was shown."
    nothing = report_with(light_error_mm=Spread(None, None, None), board_skew_us=Spread(None, None, None))
    assert "measured on the bench only" in printed(nothing, plan)
