"""Training: groups that are begun one by one, on one rail; what the light does, and that boards follow it."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacerail.board import Edges
from pacerail.compile import PER_M, PER_S, compile_tables, loaded_movement, movement_of
from pacerail.errors import InputError
from pacerail.model.amended import Amended, Backwards, recent
from pacerail.model.changes import (
    Begin,
    Change,
    End,
    Freeze,
    Hide,
    Resume,
    Retarget,
    Shift,
    Show,
    parse_change,
    words,
)
from pacerail.model.modes import modes
from pacerail.model.motion import Stretch
from pacerail.model.plan import Plan, Wave
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.model.wave import MAX_RACE_S, build_wave, own_wave
from pacerail.model.wavespec import Starts, Waits, WaveSpec, Window
from pacerail.race.groups import Button, Presses, check_buttons, parse_button
from pacerail.race.orders import check_order
from pacerail.race.script import load_script
from pacerail.readback import plan_json, read_back
from pacerail_node.amend import SPARE_PIECES, SPARE_WINDOWS
from pacerail_node.pacetable import DARK, PaceTable
from pacerail_node.render import Renderer

RAIL = even_rail(boards=1, leds=400)
LAP_M = RAIL.track.lap_m
DOCS = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
REPS = (Stretch(400.0, 64.0), Stretch(0.0, 60.0)) * 3


def group(
    name: str = "red",
    stretches: tuple[Stretch, ...] = REPS[:-1],
    *,
    colour: tuple[int, int, int] = (255, 0, 0),
    starts: Starts = "order",
    waits: Waits = "lit",
    standing: bool = False,
    windows: tuple[Window, ...] = (),
    priority: int = 0,
) -> Wave:
    return build_wave(
        WaveSpec(
            name=name,
            colour=colour,
            length_m=5.0,
            priority=priority,
            marks=(),
            stretches=stretches,
            smooth=False,
            standing=standing,
            ahead_m=0.0,
            ahead_s=0.0,
            windows=windows,
            ends_m=sum(s.run_m for s in stretches),
            at_finish="hold",
            hold_s=5.0,
            run_on_m=20.0,
            starts=starts,
            waits=waits,
        )
    )


def plan(*waves: Wave) -> Plan:
    return Plan("training", max(w.finish_m for w in waves), tuple(waves), "0123456789abcdef")


def one(amended: Amended, name: str = "red") -> Wave:
    return next(w for w in amended.plan.waves if w.name == name)


TWO = plan(group(), group("blue", (Stretch(200.0, 40.0), Stretch(0.0, 30.0), Stretch(200.0, 36.0)), colour=(0, 0, 255)))


def heads_m(changed: Plan, race_s: float) -> list[float | None]:
    """What a board makes of the compiled plan: the heads in m from the start line within a lap; None: dark. File order.

    At `race_s` taken to the board's 10 us.
    """
    renderer = Renderer(PaceTable(compile_tables(changed, RAIL)[0]))
    renderer.draw(bytearray(3 * 400), round(race_s * PER_S))
    found = {
        wave.name: None if head == DARK else (head / PER_M - changed.start_track_m(RAIL.track)) % LAP_M
        for wave, head in zip(changed.waves_by_priority(), renderer.heads, strict=True)
    }
    return [found[wave.name] for wave in changed.waves]


def colours(changed: Plan, race_s: float) -> set[bytes]:
    """The colours of the LEDs that are lit at all on a board that is the whole lap."""
    renderer = Renderer(PaceTable(compile_tables(changed, RAIL)[0]))
    pixels = bytearray(3 * 400)
    renderer.draw(pixels, round(race_s * PER_S))
    full = [bytes(pixels[i : i + 3]) for i in range(0, len(pixels), 3)]
    return {pixel for pixel in full if max(pixel) == 255}


# what a plan says


def load(tmp_path: Path, text: str) -> Plan:
    path = tmp_path / "p.toml"
    path.write_text(text)
    return load_plan(path, RAIL.track)


WAVE = '[[wave]]\nname = "red"\ncolour = "red"\nstretches = [{ run = "400 m", in = "64" }]\n'


def test_a_group_is_a_wave_that_starts_by_an_order(tmp_path: Path) -> None:
    by_gun = load(tmp_path, 'title = "t"\n' + WAVE)
    written = load(tmp_path, 'title = "t"\n' + WAVE + 'starts = "gun"\n')
    lit = load(tmp_path, 'title = "t"\n' + WAVE + 'starts = "order"\n')
    dark = load(tmp_path, 'title = "t"\n' + WAVE + 'starts = "order"\nwaits = "dark"\n')
    assert by_gun.hash == written.hash
    assert len({by_gun.hash, lit.hash, dark.hash}) == 3
    assert not by_gun.waves[0].waits and lit.waves[0].waits
    assert lit.waves[0].visible(9_000.0) and not dark.waves[0].visible(9_000.0)
    at_m = heads_m(lit, 500.0)[0]
    assert at_m is not None and abs(math.remainder(at_m, LAP_M)) < 0.001 and heads_m(dark, 500.0) == [None]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('waits = "dark"', 'it means nothing here; expected it only with starts = "order"'),
        ('starts = "whistle"', 'expected "gun" or "order"'),
        ('starts = "order"\nwaits = "red"', 'expected "lit" or "dark"'),
        ('starts = "order"\nvisible = ["2:00", "3:00"]', "is never lit"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(InputError) as wrong:
        load(tmp_path, WAVE + line + "\n")
    assert re.fullmatch(rf"{re.escape(str(tmp_path / 'p.toml'))}:\d+: .*", wrong.value.messages[0])
    assert message in wrong.value.messages[0]


def test_groups_are_read_back_in_their_own_time() -> None:
    shipped = load_plan("training-3-groups", RAIL.track)
    said = "\n".join(read_back(shipped, RAIL.track))
    assert "begun by an order" in said and "5 rests, 7:30 in all" in said and "until it is stopped" in said
    told = plan_json(shipped)["waves"]
    assert isinstance(told, list)
    assert told[0]["finish_s"] == 6 * 62 + 5 * 90 and len(told[0]["splits"]) == 6 and told[0]["starts"] == "order"


# what people type


@pytest.mark.parametrize(
    ("text", "change", "said"),
    [
        ("begin red", Begin("red"), "red: begins now"),
        ("begin red now", Begin("red"), "red: begins now"),
        ("begin red in 5", Begin("red", 5.0), "red: begins in 5 s"),
        ("begin all in 10 s", Begin(None, 10.0), "every wave: begins in 10 s"),
        ('begin "group one" in 0:30', Begin("group one", 30.0), "group one: begins in 30 s"),
        ("end red", End("red"), "red: ends its run, and waits at its start line"),
    ],
)
def test_what_a_line_says(text: str, change: Change, said: str) -> None:
    assert parse_change(text) == change and words(change) == said
    assert check_order(text).wanted == change


@pytest.mark.parametrize(
    "text", ["begin", "begin red soon", "begin red in", "begin red in x", "begin red in 2:00:00", "end"]
)
def test_what_is_no_order_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+expected [^\n]+$"):
        parse_change(text)


def test_the_orders_in_the_docs_are_orders(tmp_path: Path) -> None:
    orders, script = re.findall(r"## Orders.*?```\n(.*?)```.*?```\n(.*?)```", DOCS, re.DOTALL)[0]
    assert [check_order(line.split("  ")[0]).verb for line in orders.splitlines()] == ["begin", "begin", "begin", "end"]
    path = tmp_path / "orders.txt"
    path.write_text(script)
    assert [timed.text for timed in load_script(path)][-1] == "stop"


def test_the_plan_in_the_docs_is_a_plan(tmp_path: Path) -> None:
    loaded = load(tmp_path, re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)[0])
    assert [wave.waits for wave in loaded.waves] == [True, True] and loaded.warnings == ()


# what the light does


def test_a_group_waits_at_its_line_and_then_runs_in_its_own_time() -> None:
    begun = Amended(TWO).with_change(Begin("red", zero_s=99.0), 100.0)
    red, own = one(begun), own_wave(TWO.waves[0].spec)
    assert one(begun, "blue") is TWO.waves[1]
    assert red.motion.distance_m(99.999) == 0.0 and red.visible(50.0)
    for t in np.linspace(1.0, own.over_s - 0.01, 100):
        assert red.motion.distance_m(99.0 + t) == pytest.approx(own.motion.distance_m(t), abs=1e-9)
    assert red.finish_s == pytest.approx(99.0 + own.finish_s)
    assert red.splits == tuple((d, pytest.approx(99.0 + t)) for d, t in own.splits)
    assert not red.visible(red.over_s + 1.0)
    assert begun.over_s == Amended(TWO).over_s == MAX_RACE_S  # groups can be begun again: until it is stopped


@pytest.mark.parametrize("waits", ["lit", "dark"])
@pytest.mark.parametrize("windows", [(), (Window("m", 100.0, 1e9),), (Window("s", 30.0, 90.0),)])
def test_in_a_countdown_it_stands_lit_at_its_line(waits: Waits, windows: tuple[Window, ...]) -> None:
    base = plan(group(waits=waits, windows=windows))
    red = one(Amended(base).with_change(Begin("red", zero_s=110.0), 101.0))
    assert red.visible(100.9) == (waits == "lit")
    assert red.visible(101.1) and red.visible(109.9) and red.motion.distance_m(109.9) == 0.0
    own = own_wave(base.waves[0].spec)
    t = np.linspace(0.01, own.over_s + 5, 1000)
    assert np.array_equal(red.visible(110.0 + t), own.visible(t))


def test_before_the_gun_it_begins_with_the_gun_or_so_long_after_it() -> None:
    red = one(Amended(TWO).with_change(Begin("red"), -3.0))
    assert red.begun_s == 0.0 and red.motion.distance_m(32.0) == pytest.approx(200.0)
    red = one(Amended(TWO).with_change(Begin("red", 10.0), 0.0))
    assert red.begun_s == 10.0 and red.motion.distance_m(42.0) == pytest.approx(200.0)


def test_it_is_begun_again_after_its_finish_and_the_first_set_stays_as_it_was() -> None:
    first = Amended(TWO).with_change(Begin("blue", zero_s=10.0), 11.0)
    with pytest.raises(ValueError, match=r"it was begun at 10\.00 and runs until 1:56\.00; expected"):
        first.with_change(Begin("blue", zero_s=50.0), 51.0)
    again = first.with_change(Begin("blue", zero_s=200.0), 201.0)
    old, new = one(first, "blue"), one(again, "blue")
    t = np.linspace(0.0, 200.9, 500)
    assert np.array_equal(old.visible(t), new.visible(t))
    assert new.motion.distance_m(t) == pytest.approx(old.motion.distance_m(t), abs=1e-9)
    assert new.motion.distance_m(220.0) == pytest.approx(100.0) and new.visible(220.0)
    assert new.splits == ((200.0, pytest.approx(240.0)), (400.0, pytest.approx(306.0)))
    forced = first.with_change(Begin("blue", zero_s=50.0), 51.0, forced=True)
    assert one(forced, "blue").motion.distance_m(60.0) == pytest.approx(50.0)


def test_begin_all_leaves_out_those_that_run_and_those_that_go_with_the_gun() -> None:
    base = plan(*TWO.waves, group("pacer", starts="gun", colour=(255, 255, 255)))
    first = Amended(base).with_change(Begin("red", zero_s=10.0), 11.0)
    every = first.with_change(Begin(None, zero_s=20.0), 21.0)
    assert "(without red, pacer)" in every.words[-1]
    assert [w.begun_s for w in every.plan.waves] == [10.0, 20.0, 0.0]
    with pytest.raises(ValueError, match=r'wave "pacer": it starts with the gun; expected a group'):
        first.with_change(Begin("pacer"), 30.0)


def test_undo_before_it_moves_is_as_if_it_had_not_been_begun() -> None:
    begun = Amended(TWO).with_change(Begin("red", zero_s=20.0), 11.0)
    undone = begun.undo(15.0)
    assert one(undone).waits and one(undone).visible(1000.0) and one(undone).motion.distance_m(1000.0) == 0.0
    with pytest.raises(Backwards, match="expected end instead of undo, or it forced"):
        begun.undo(25.0)
    back = begun.undo(25.0, forced=True)
    assert one(back).motion.distance_m(24.0) == pytest.approx(25.0) and one(back).motion.distance_m(26.0) == 0.0
    never = begun.undo(10.9)
    assert never.plan is TWO


@pytest.mark.parametrize("waits", ["lit", "dark"])
def test_a_run_that_is_ended_goes_back_to_its_line(waits: Waits) -> None:
    base = plan(group(waits=waits), TWO.waves[1])
    ended = Amended(base).with_change(Begin("red", zero_s=10.0), 11.0).with_change(End("red"), 40.0)
    red = one(ended)
    assert red.waits and red.motion.distance_m(39.9) == pytest.approx(400.0 / 64.0 * 29.9)
    assert red.motion.distance_m(40.0) == 0.0 and red.visible(41.0) == (waits == "lit")
    assert one(ended.undo(50.0)).motion.distance_m(50.0) == pytest.approx(250.0)  # where it would be
    assert one(ended.with_change(Begin("red", zero_s=60.0), 61.0)).motion.distance_m(92.0) == pytest.approx(200.0)
    with pytest.raises(ValueError, match="waits at its start line already; expected"):
        ended.with_change(End("red"), 50.0)


def test_a_group_that_runs_is_changed_like_any_wave_and_one_that_waits_is_not() -> None:
    begun = Amended(TWO).with_change(Begin("red", zero_s=100.0), 101.0)
    own_finish_s = own_wave(TWO.waves[0].spec).finish_s
    assert one(begun.with_change(Freeze("red"), 120.0).with_change(Resume("red"), 130.0)).finish_s == pytest.approx(
        110.0 + own_finish_s
    )
    assert one(begun.with_change(Shift("red", 2.0, "s"), 120.0)).finish_s == pytest.approx(98.0 + own_finish_s)
    assert one(begun.with_change(Retarget("red", 300.0), 120.0)).finish_s == pytest.approx(400.0)  # of its own time
    hidden = begun.with_change(Hide("red"), 120.0)
    assert not one(hidden).visible(121.0) and one(hidden).visible(119.0)
    assert one(hidden.with_change(Show("red"), 130.0)).visible(131.0)
    for change in (Shift("blue", 2.0, "m"), Retarget("blue", 300.0), Freeze("blue"), Resume("blue")):
        with pytest.raises(ValueError, match=r'wave "blue": it waits at its start line; expected'):
            begun.with_change(change, 120.0)
    assert one(begun.with_change(Freeze(None), 120.0), "blue").waits


@pytest.mark.parametrize(
    ("change", "at_s", "message"),
    [
        (Begin("red", zero_s=-1.0), 5.0, "before the gun; expected"),
        (Begin("red", zero_s=1.0), 2000.0, "it would have finished at"),
        (Begin("red", zero_s=9900.0), 9901.0, "it is dark after 2:50:"),
        (Begin("green"), 5.0, "no wave is called"),
    ],
)
def test_what_cannot_be_begun_is_refused(change: Change, at_s: float, message: str) -> None:
    with pytest.raises(ValueError, match=r"[^\n]+; expected [^\n]+") as refused:
        Amended(TWO).with_change(change, at_s)
    assert message in str(refused.value)


def test_the_topmost_colour_on_the_line_is_the_next_to_go() -> None:
    red, blue = bytes((255, 0, 0)), bytes((0, 0, 255))
    waiting = Amended(TWO)
    assert colours(waiting.plan, 10.0) == {red}
    begun = waiting.with_change(Begin("red", zero_s=20.0), 21.0)
    assert colours(begun.plan, 30.0) == {red, blue}
    both = begun.with_change(Begin("blue", zero_s=30.0), 31.0)
    # red waits at 400 m from 84 s to 144 s; blue is at the same line after 200 m and a rest, at 100 + 36 s
    assert colours(both.plan, 136.0) == {red}
    other = plan(TWO.waves[0], group("blue", TWO.waves[1].spec.stretches, colour=(0, 0, 255), priority=1))
    assert colours(other, 10.0) == {blue}


def test_modes() -> None:
    base = plan(*TWO.waves, group("pacer", (Stretch(400.0, 60.0),), starts="gun", colour=(255, 255, 255)))
    now = Amended(base)
    assert set(modes(now, None).values()) == set(modes(now, -2.0).values()) == {"waiting"}
    assert modes(now, 5.0) == {"red": "waiting", "blue": "waiting", "pacer": "running"}
    now = now.with_change(Begin("blue", zero_s=10.0), 11.0).with_change(Begin("red", zero_s=20.0), 15.0)
    assert modes(now, 14.0) == {"red": "waiting", "blue": "running", "pacer": "running"}
    assert modes(now, 19.9)["red"] == "waiting" and modes(now, 20.1)["red"] == "running"
    frozen = now.with_change(Freeze("red"), 30.0)
    assert modes(frozen, 29.0)["red"] == "running" and modes(frozen, 31.0)["red"] == "frozen"
    hidden = now.with_change(Hide("blue"), 30.0)
    assert modes(hidden, 29.0)["blue"] == "running" and modes(hidden, 31.0)["blue"] == "hidden"
    assert modes(now, 117.0) == {"red": "running", "blue": "finished", "pacer": "finished"}
    again = now.with_change(Begin("blue", zero_s=120.0), 121.0)
    assert modes(again, 120.5)["blue"] == "finished" and modes(again, 121.0)["blue"] == "running"
    ended = again.with_change(End("blue"), 130.0)
    assert modes(ended, 129.0)["blue"] == "running" and modes(ended, 131.0)["blue"] == "waiting"


# laws


STRETCHES = st.lists(st.tuples(st.floats(50, 800), st.floats(3.0, 8.0), st.floats(5, 90)), min_size=1, max_size=4).map(
    lambda reps: tuple(itertools.chain(*((Stretch(d, d / v), Stretch(0.0, r)) for d, v, r in reps)))[:-1]
)


@st.composite
def sessions(draw: st.DrawFn) -> Plan:
    """Two or three groups of any kind."""
    return plan(
        *(
            group(
                name,
                draw(STRETCHES),
                colour=colour,
                waits=draw(st.sampled_from(["lit", "dark"])),
                standing=draw(st.booleans()),
                priority=draw(st.integers(0, 1)),
            )
            for name, colour in (("red", (255, 0, 0)), ("blue", (0, 0, 255)), ("green", (0, 255, 0)))[
                : draw(st.integers(2, 3))
            ]
        )
    )


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    sessions(),
    st.lists(st.tuples(st.sampled_from(["red", "blue", "green"]), st.floats(1, 300)), min_size=1, max_size=6),
    st.lists(st.floats(0, 1), min_size=6, max_size=6),
)
def test_each_group_runs_its_intervals_at_its_own_times(
    base: Plan, begins: list[tuple[str, float]], shares: list[float]
) -> None:
    """On the compiled tables, to a millimetre, whatever the others do."""
    now, at_s = Amended(base), 0.0
    zeros: dict[str, float] = {}
    for name, after_s in begins:
        at_s += after_s
        before = now
        try:
            now = now.with_change(Begin(name, zero_s=at_s - 1.0 if at_s > 1.0 else 0.0), at_s)
        except ValueError as refused:
            assert "expected" in str(refused)
            continue
        zeros[name] = one(now, name).begun_s
        for old, new in zip(before.plan.waves, now.plan.waves, strict=True):
            assert (old is new) == (old.name != name)  # no group disturbs another
    end_s = max((w.over_s for w in now.plan.waves if not w.waits), default=100.0)
    for race_s in [at_s + share * (end_s + 10.0 - at_s) for share in shares]:
        race_s = math.ceil(race_s * PER_S) / PER_S
        for wave, head_m in zip(now.plan.waves, heads_m(now.plan, race_s), strict=True):
            own = own_wave(wave.spec)
            own_s = race_s - zeros.get(wave.name, math.inf)
            if abs(own_s - own.over_s) < 1e-4:
                continue
            waits = wave.name not in zeros
            lit = wave.spec.waits == "lit" if waits else own_s < own.over_s
            assert (head_m is not None) == lit
            if head_m is not None:
                exact_m = 0.0 if waits else own.motion.distance_m(own_s)
                assert abs(math.remainder(head_m - exact_m, LAP_M)) < 0.001


NAMES = st.sampled_from(["red", "blue", None])
CHANGES = st.one_of(
    st.builds(Begin, NAMES, st.sampled_from([0.0, 0.0, 5.0, 20.0])),
    st.builds(Begin, NAMES, st.just(0.0), st.floats(0, 400)),
    st.builds(End, NAMES),
    st.builds(Shift, NAMES, st.floats(-20, 20).filter(bool), st.sampled_from(["m", "s"]), st.sampled_from([0.0, 5.0])),
    st.builds(Retarget, st.sampled_from(["red", "blue"]), st.floats(30, 900)),
    st.builds(Freeze, NAMES),
    st.builds(Resume, NAMES),
    st.builds(Hide, NAMES),
    st.builds(Show, NAMES),
    st.none(),
)
ASKS = st.lists(st.tuples(st.floats(0, 60), CHANGES, st.booleans()), min_size=2, max_size=10)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(sessions(), ASKS)
def test_any_orders_keep_the_past_and_what_is_shown_is_whole(
    base: Plan, asks: list[tuple[float, Change | None, bool]]
) -> None:
    now, at_s = Amended(base), -20.0
    for after_s, change, forced in asks:
        at_s += after_s
        try:
            after = now.undo(at_s, forced=forced) if change is None else now.with_change(change, at_s, forced=forced)
        except ValueError as refused:
            assert re.fullmatch(r"[^\n]+; expected [^\n]+", str(refused)), str(refused)
            assert not (forced and isinstance(refused, Backwards))
            continue
        step = after.steps[-1]
        for old, new in zip(now.plan.waves, after.plan.waves, strict=True):
            if old is new or "before it took effect" in step.words:
                continue
            then = np.linspace(0.0, step.at_s - 3e-5, 200) if step.at_s > 0.1 else np.array([])
            assert np.abs(new.motion.distance_m(then) - old.motion.distance_m(then)).max(initial=0.0) < 1e-9
            edges = np.array([edge for window in (*old.windows_s, *new.windows_s) for edge in window])
            apart = then[old.visible(then) != new.visible(then)]
            assert all(np.abs(edges - t).min() < 2e-5 for t in apart)
            assert new.spec is old.spec and new.over_s <= MAX_RACE_S
            assert all(on < off for on, off in new.windows_s)
            assert all(a[1] < b[0] for a, b in itertools.pairwise(new.windows_s))
            later = np.linspace(step.at_s, min(new.over_s, step.at_s + 900), 2000)
            assert np.diff(new.motion.distance_m(later)).min(initial=0.0) > -1e-7  # back only at the time of a step
        now = after
        assert set(modes(now, max(0.0, at_s))) == {wave.name for wave in base.waves}
        for wave in now.plan.waves:  # a board follows it, and the part of it that is not long past
            for shown in (now.plan, recent(now.plan, step.at_s - 60.0)):
                assert movement_of(shown, RAIL.track).counts[0] == len(base.waves)
            assert wave.waits or wave.finish_s >= wave.begun_s


def test_a_long_session_fits_into_a_boards_room() -> None:
    """Three groups, 6 x 400 m each from a standing start, all begun four times over."""
    base = load_plan("training-3-groups", RAIL.track)
    room = loaded_movement(base, RAIL.track).counts
    table = PaceTable(compile_tables(base, RAIL)[0])
    assert len(table.pieces) // 4 == room[1] and len(table.windows) // 2 == room[2]
    now = Amended(base)
    for k in range(4):
        for j, name in enumerate(("red", "blue", "green")):
            at_s = 1000.0 * k + 40.0 * j + 10.0
            now = now.with_change(Begin(name, 10.0, at_s + 9.0), at_s)
            shown = movement_of(recent(now.plan, at_s - 60.0), RAIL.track).counts
            assert shown[1] <= room[1] + SPARE_PIECES and shown[2] <= room[2] + SPARE_WINDOWS
            assert movement_of(now.plan, RAIL.track).counts[2] <= room[2] + SPARE_WINDOWS
    assert movement_of(now.plan, RAIL.track).counts[1] > room[1]  # so the past is left out, and had to be


def test_a_plan_without_groups_is_as_large_as_it_was() -> None:
    base = load_plan("training-10x400", RAIL.track)
    assert loaded_movement(base, RAIL.track) == movement_of(base, RAIL.track)


# buttons


def test_what_a_button_says() -> None:
    rail = even_rail(boards=3, leds=10)
    assert parse_button("b03=red", TWO, rail) == Button("b03", "red")
    assert parse_button(" b03 = red + 5 ", TWO, rail) == Button("b03", "red", 5.0)
    plus = plan(group("a+5"), group("a"))
    assert parse_button("b01=a+5", plus, rail) == Button("b01", "a+5")
    assert parse_button("b01=a+5+5", plus, rail) == Button("b01", "a+5", 5.0)
    by_gun = plan(replace(TWO.waves[0], spec=replace(TWO.waves[0].spec, starts="gun")))
    for text, on, message in (
        ("b04=red", TWO, 'no board is called "b04"; expected one of b01'),
        ("b03=green", TWO, 'no group is called "green"; expected one of red, blue'),
        ("b03", TWO, "no board and group; expected such as b03=red"),
        ("b03=red+9:00:00", TWO, "is long to wait; expected"),
        ("b03=red", by_gun, "has no group; expected"),
    ):
        with pytest.raises(InputError, match=re.escape(message)):
            parse_button(text, on, rail)
    with pytest.raises(InputError, match="board b03 has two"):
        check_buttons(["b03", "b03"], ())
    with pytest.raises(InputError, match="taken for the gun"):
        check_buttons(["b03"], ("pin",))
    check_buttons(["b03", "b02"], ("lynx=tcp-listen://:9999",))


@settings(derandomize=True, max_examples=200)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=20), st.integers(0, 20))
def test_each_press_is_seen_once(counts: list[int], restart: int) -> None:
    """A board keeps the first edge and the last three; looked at often enough, none is lost, and none counts twice."""
    presses, seen, pressed = Presses(), list[int](), list[int]()
    edges: list[tuple[int, int]] = []
    tick = 1000
    for k, count in enumerate(counts):
        if k == restart:
            edges = []
        for _ in range(count):
            tick += 77_777
            edges.append((len(edges) + 1, tick))
            pressed.append(tick)
        kept = tuple(edges[:1] + [edge for edge in edges[1:] if edge[0] > len(edges) - 3])
        seen += presses.new(Edges(len(edges), 3, kept))
        seen += presses.new(Edges(len(edges), 3, kept))
    assert seen == pressed
