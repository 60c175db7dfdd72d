"""The athlete in a race: presses, missed marks, times of the feed, the zero of the gun moved, and what the log says."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.lynx_streams import SCRIPT

from pacerail.errors import RailError
from pacerail.fleet import Fleet
from pacerail.gun import Gun, ago, key_press, scheduled
from pacerail.gunsources import LynxSource
from pacerail.lynx import Chunk
from pacerail.lynxfeed import Ears
from pacerail.lynxsplits import LynxSplit
from pacerail.model.against import rows
from pacerail.model.amended import Amended
from pacerail.model.athlete import Passing, Passings, TooSoon, race_time_s
from pacerail.model.athletefile import from_csv, from_json, to_csv, to_json
from pacerail.model.changes import Freeze, Resume, Retarget
from pacerail.model.feedmark import feed_mark_m
from pacerail.model.human import record_mps
from pacerail.model.marks import line_marks, marks_every
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.race.join import read_athlete, save_journal
from pacerail.race.prepare import forget_guns
from pacerail.race.splits import Splits
from pacerail.race.start import take
from pacerail.race.state import Level, Race
from pacerail.race.timing import Timing

RAIL = even_rail(boards=1, leds=10)
PLAN = load_plan("breaking4-3-59", RAIL.track)
MILE_M = 1609.344
MILE = Passings(marks_every(MILE_M, 400), marks="400 m")
LINE_M = line_marks(PLAN, RAIL.track)
ZERO_US = 7_000_000_000
LAST_RECORD_S = 0.6 * 400 / record_mps(400)

steady = settings(derandomize=True, deadline=None, max_examples=80)


class Clockwork:
    """A race of nobody, with its athlete, whose fleet time the test sets."""

    def __init__(self) -> None:
        self.now_us = ZERO_US
        self.said: list[tuple[Level, str]] = []
        self.kept: list[Race] = []
        self.race = Race(PLAN, RAIL, Fleet((), lambda: self.now_us), phase="armed")
        self.timing = Timing(self.note, self.kept.append)
        self.timing.splits = Splits(PLAN, RAIL.track)
        self.timing.begin(self.race)

    def note(self, words: str, board: str | None = None, level: Level = "info") -> None:
        self.said.append((level, words))

    @property
    def splits(self) -> Splits:
        assert self.timing.splits is not None
        return self.timing.splits

    @property
    def noted(self) -> list[tuple[float, float | None, str]]:
        return [(round(p.distance_m, 1), p.time_s, p.source) for p in self.splits.passings.passed]

    def gun(self, gun: Gun | None = None) -> None:
        assert take(self.race, gun or key_press(ZERO_US), at_once=True)

    def press(self, race_s: float, distance_m: float | None = None, late_s: float = 0.0) -> str:
        """At a race time by the first zero. What the log says."""
        us = ZERO_US + round(race_s * 1e6)
        self.now_us = us + round(late_s * 1e6)
        if not self.timing.heard_already(self.race, us, distance_m):
            self.timing.press(self.race, us, distance_m)
        return self.said[-1][1]

    def feed(self, race_s: float, error_s: float = 0.01, *, final: bool = False, late_s: float = 0.1) -> str:
        self.now_us = ZERO_US + round((race_s + late_s) * 1e6)
        self.timing.hear(self.race, LynxSplit(race_s, error_s, final))
        return self.said[-1][1]


def begun(marks: str | None = None) -> Clockwork:
    made = Clockwork()
    if marks is not None:
        made.timing.marks(marks)
    made.gun()
    return made


# -- a light that stands


def frozen_all(at_s: float) -> Amended:
    return Amended(PLAN).with_change(Freeze(None), at_s)


def test_a_press_while_every_light_stands_is_taken() -> None:
    """From 400 to 800 m a record's pace, 43.03 s for 400 m, decides then: 25.8 s is the least."""
    once = MILE.with_press(60.20, PLAN)
    stands = frozen_all(70.0).plan
    assert once.with_press(120.75, stands).next_mark_m == 1200
    assert once.with_press(60.20 + LAST_RECORD_S + 0.01, stands).next_mark_m == 1200
    with pytest.raises(TooSoon, match=r"expected 25\.8 s"):
        once.with_press(60.30, stands)
    late = MILE.with_press(60.20, stands).with_press(120.75, stands).with_press(181.84, stands)
    assert late.with_press(246.42, stands).next_mark_m is None


@pytest.mark.parametrize("end", ["resumed", "undone"])
def test_a_press_after_the_lights_stood_is_taken(end: str) -> None:
    """They stood for a minute between 400 and 800 m: that is no measure of who ran on."""
    amended = frozen_all(70.0)
    amended = amended.with_change(Resume(None), 130.0) if end == "resumed" else amended.undo(130.0)
    once = MILE.with_press(60.20, amended.plan)
    assert once.with_press(120.75, amended.plan).next_mark_m == 1200
    with pytest.raises(TooSoon):
        once.with_press(61.0, amended.plan)
    # where they run as before, or not at all in a way of people, the rule is the same
    assert once.with_press(120.75, amended.plan).with_press(181.84, amended.plan).next_mark_m == MILE_M


def test_one_light_that_stands_leaves_the_smaller_of_the_others_and_the_record() -> None:
    one = Amended(PLAN).with_change(Freeze("target"), 70.0).plan
    with pytest.raises(TooSoon, match=r"expected 25\.8 s"):
        MILE.with_press(60.20, one).with_press(61.0, one)
    # a light that was only made slower still counts as it is
    slower = Amended(PLAN).with_change(Retarget(None, 300.0), 60.0).plan
    with pytest.raises(TooSoon, match=r"expected 4\d\.\d s"):
        MILE.with_press(60.20, slower).with_press(61.0, slower)


# -- missed marks, and presses that come late


def test_a_missed_mark_and_a_later_one_pressed() -> None:
    race = begun()
    assert race.press(60.20) == "athlete: 400 m in 1:00.20"
    assert race.press(181.84, 1200) == "athlete: 1200 m in 3:01.84; missed: 800 m"
    assert race.noted == [(400, 60.20, "key"), (800, None, "missed"), (1200, 181.84, "key")]
    race.timing.undo()
    assert race.said[-1][1] == "athlete: taken back: 1200 m in 3:01.84; missed: 800 m"
    assert race.noted == [(400, 60.20, "key")]
    race.timing.miss()
    assert race.said[-1][1] == "athlete: 800 m missed" and race.splits.passings.next_mark_m == 1200
    assert race.press(121.0, 800) == "athlete: 800 m in 2:01.00"  # it was not missed after all
    with pytest.raises(RailError, match="1000 m is no mark; expected one of 400 m, 800 m, 1200 m, 1 mile"):
        race.press(150.0, 1000)
    with pytest.raises(RailError, match=r"where 2:01\.00 is noted"):
        race.press(122.0, 800)
    with pytest.raises(RailError, match="too soon for the finish"):
        race.press(182.0, MILE_M)


def test_a_press_that_comes_late_is_for_the_mark_of_its_time() -> None:
    race = begun("line")
    assert "by the feed" in race.feed(122.2)
    assert race.noted == [(409.3, None, "missed"), (809.3, 122.2, "feed")]
    assert race.press(61.6, late_s=62.0) == "athlete: 409.346 m in 1:01.60"
    assert [p.time_s for p in race.splits.passings.passed] == [61.6, 122.2]
    with pytest.raises(RailError, match="double press"):
        race.press(62.0, late_s=62.0)


def test_the_likeliest_mark_once_the_next_one_is_clearly_overdue() -> None:
    """400 m in 60.20: due again at 120.40; 15 s are granted, and 600 m more have to be nearer to 1200 m: 150.5 s."""
    once = MILE.with_press(60.20, PLAN)
    assert once.skipped_to_m(121.0, PLAN) is None and once.skipped_to_m(150.0, PLAN) is None
    assert once.skipped_to_m(151.0, PLAN) == 1200
    assert once.with_miss().skipped_to_m(151.0, PLAN) is None  # 1200 m is the next one now
    near = Passings((400, 460, MILE_M)).with_press(60.20, PLAN)  # 460 m is due after 9.03 s
    assert near.skipped_to_m(60.20 + 11.0, PLAN) is None
    done = near.with_time(MILE_M, 246.0)
    assert done.skipped_to_m(300.0, PLAN) is None and Passings((400,)).skipped_to_m(500.0, PLAN) is None


# -- undo, and a change of marks


def test_undo_of_marks_and_of_passings_step_by_step() -> None:
    race = begun()
    race.press(60.20)
    race.timing.marks("200 m")
    race.press(90.5)
    assert race.noted[-1] == (600, 90.5, "key") and race.splits.every == "200 m"
    said: list[str] = []
    for every, passed in (("200 m", 1), ("400 m", 1), ("400 m", 0)):
        race.timing.undo()
        said.append(race.said[-1][1])
        assert race.splits.every == every and len(race.noted) == passed
        assert race.splits.passings.marks_m == marks_every(MILE_M, float(every.split()[0]))
    assert said == [
        "athlete: taken back: 600 m in 1:30.50",
        "athlete: taken back: marks 200 m; marks: 400 m",
        "athlete: taken back: 400 m in 1:00.20",
    ]
    with pytest.raises(RailError, match="nothing to undo"):
        race.timing.undo()
    with pytest.raises(RailError, match=r'expected such as "400 m", or line'):
        race.timing.marks("often")


def test_marks_that_were_chosen_before_the_gun_stay() -> None:
    race = Clockwork()
    race.timing.marks(" 200 m ")
    race.timing.clear()
    race.gun()
    assert race.splits.every == "200 m" and race.splits.passings.next_mark_m == 200
    race.timing.undo()
    assert race.said[-1][1] == "athlete: taken back: marks 200 m; marks: 400 m"


# -- the zero of the gun moves


@steady
@given(
    st.lists(st.integers(0, 4_000_000), min_size=1, max_size=4),
    st.lists(st.integers(-40_000, 40_000).map(lambda hundredths: 10_000 * hundredths), min_size=1, max_size=4),
)
def test_passings_after_a_move_of_d_are_those_before_minus_d(jitter_us: list[int], moves_us: list[int]) -> None:
    """To the hundredth, whatever the moves were on the way; and those that go before the gun come back with it."""
    before = MILE
    zero_us = ZERO_US
    for k, us in enumerate(jitter_us):
        fleet_us = zero_us + 62_000_000 * (k + 1) + us
        before = before.with_press(race_time_s(fleet_us, zero_us), PLAN, fleet_us=fleet_us)
    after = before
    for d_us in moves_us:
        zero_us += d_us
        after = after.rebased(zero_us)
        moved = [(p.distance_m, round(p.time_s - (zero_us - ZERO_US) / 1e6, 2)) for p in before.timed if p.time_s]
        assert [(p.distance_m, p.time_s) for p in after.passed] == [one for one in moved if one[1] > 0]
    assert after.rebased(ZERO_US) == before


@steady
@given(st.integers(-(10**7), 10**7), st.integers(-(10**6), 10**6))
def test_a_race_time_is_to_the_nearest_hundredth(us: int, d_us: int) -> None:
    assert abs(race_time_s(ZERO_US + us, ZERO_US) - us / 1e6) <= 0.005 + 1e-9
    assert race_time_s(ZERO_US + us + d_us, ZERO_US + d_us) == race_time_s(ZERO_US + us, ZERO_US)


def test_start_ago_and_a_chosen_source_move_what_was_pressed_and_not_what_finishlynx_timed() -> None:
    """Lynx says that the gun was 0.49 s before the key (4:06.91 against 4:06.42 at Breaking4)."""
    race = begun("line")
    race.press(61.0)
    assert race.feed(122.5).endswith("809.346 m in 2:02.50 by the feed, to 0.01 s")
    race.race.heard["lynx"] = Gun("lynx", ZERO_US - 490_000, 15_000)
    assert take(race.race, race.race.heard["lynx"], at_once=True)
    assert race.noted == [(409.3, 61.49, "key"), (809.3, 122.5, "feed")]
    said = race.said[-1][1]
    assert said == (
        "athlete: 1 passing pressed, counted from the new zero (+0.49 s); by another clock, and as before: 1 passing"
    )
    assert race.race.athlete == race.splits.passings and race.kept[-1] is race.race
    race.timing.undo()  # what was noted before is counted from the new zero, too
    assert race.noted == [(409.3, 61.49, "key")]
    take(race.race, ago(race.now_us, 61.0), at_once=True)
    assert race.noted == [] and "left out: 409.346 m" in race.said[-1][1]
    take(race.race, ago(race.now_us, 122.6), at_once=True)
    assert race.noted == [(409.3, 61.0, "key")]


@pytest.mark.parametrize("then", ["prepare", "recall"])
def test_undo_once_the_race_is_no_more_counts_from_its_last_zero(then: str) -> None:
    race = begun()
    race.press(60.20)
    race.timing.marks("200 m")
    race.press(120.75)
    take(race.race, ago(race.now_us, 122.75), at_once=True)
    assert [time_s for _, time_s, _ in race.noted if time_s] == [62.20, 122.75]
    if then == "recall":
        forget_guns(race.race)
    else:
        race.race = Race(PLAN, RAIL, Fleet((), lambda: race.now_us), phase="ready")
        race.timing.begin(race.race)
    race.timing.undo()
    assert race.noted == [(400, 62.20, "key")]
    race.timing.undo()
    assert race.noted == [(400, 62.20, "key")] and race.splits.every == "400 m"
    race.race.armed_us = ZERO_US
    race.timing.clear()  # the next race's zero is another one's
    race.race.phase = "armed"
    race.now_us = ZERO_US
    race.gun(key_press(ZERO_US))
    race.press(61.0)
    race.press(122.0)
    forget_guns(race.race)
    race.timing.undo()
    assert race.noted == [(400, 61.0, "key")]


def test_a_press_counts_from_the_zero_as_it_is_then() -> None:
    race = begun()
    race.press(60.20)
    take(race.race, scheduled(ZERO_US - 1_000_000, 0.0), at_once=True)
    assert race.press(120.75) == "athlete: 800 m in 2:01.75"
    assert [time_s for _, time_s, _ in race.noted] == [61.20, 121.75]


# -- the FinishLynx feed


def test_splits_of_the_feed_find_their_marks() -> None:
    """Breaking4's own times at the line, at 6.7 m/s behind the marks of 400 m."""
    race = begun()
    race.press(60.20)
    assert race.feed(61.62) == "athlete: 409.346 m in 1:01.62 by the feed, to 0.01 s"
    race.press(120.75)
    race.feed(122.16)
    assert race.feed(246.42, 0.1, final=True) == (
        "athlete: the finish (1 mile) in 4:06.42 by the feed, to 0.1 s; missed: 1200 m"
    )
    assert race.noted == [
        (400, 60.20, "key"), (409.3, 61.62, "feed"), (800, 120.75, "key"), (809.3, 122.16, "feed"),
        (1200, None, "missed"), (1609.3, 246.42, "feed"),
    ]  # fmt: skip
    assert race.splits.passings.passed[-1].error_s == 0.1
    table = rows(race.splits.passings, PLAN)
    # 9.344 m say nothing of the pace: it is taken from the passing before
    assert (table[1].split_m, table[1].split_s) == (pytest.approx(409.346), 61.62)
    assert (table[3].split_m, table[3].split_s) == (pytest.approx(400), pytest.approx(60.54))


@pytest.mark.parametrize("key_first", [True, False])
def test_a_key_and_the_feed_at_the_same_mark(key_first: bool) -> None:
    race = begun("line")
    for todo in ("key", "feed") if key_first else ("feed", "key"):
        said = race.press(61.80) if todo == "key" else race.feed(61.62)
    assert said == "athlete: 409.346 m in 1:01.62 by the feed, which stands; the key says 1:01.80, 0.18 s later"
    assert race.noted == [(409.3, 61.62, "feed")]
    race.timing.undo()
    assert race.noted == ([(409.3, 61.80, "key")] if key_first else [])


def test_the_feed_at_a_mark_that_is_at_the_line_to_the_centimetre() -> None:
    """A lap of the track file is 399.998 m: the line of an 800 m is passed after 400.002 m, and the mark is 400 m."""
    plan = replace(PLAN, distance_m=10_000.0)
    line_m = line_marks(plan, RAIL.track)
    assert any(abs(line - mark) > 0.01 for line, mark in zip(line_m, marks_every(10_000, 400), strict=True))
    passings = Passings(marks_every(10_000, 400)).with_press(66.0, PLAN)
    assert feed_mark_m(passings, PLAN, line_m, 66.1) == 400
    assert feed_mark_m(passings, PLAN, line_m, 132.1) == 800
    assert feed_mark_m(passings, PLAN, line_m, 66.0 * 24) == 9600


def test_a_key_at_the_finish_that_the_feed_has_already() -> None:
    race = begun("line")
    for time_s in (61.62, 122.16, 183.26, 246.42):
        race.feed(time_s)
    assert "earlier" in race.press(246.30) and race.noted[-1] == (1609.3, 246.42, "feed")
    assert race.press(246.60, MILE_M).endswith("the key says 4:06.60, 0.18 s later")


@pytest.mark.parametrize(
    ("time_s", "final", "late_s", "why"),
    [
        (90.0, False, 0.1, "1:30.00 fits no passing; expected about 1:01.0"),
        (20.0, False, 0.1, "fits no passing"),
        (61.6, True, 0.1, "fits no passing; expected about 3:59.99 for the finish"),
        (61.6, False, 90.0, "a time of another race, or of another gun"),
        (70.0, False, -9.0, "a time of another race, or of another gun"),
    ],
)
def test_a_time_that_fits_nothing_is_logged_and_dropped(time_s: float, final: bool, late_s: float, why: str) -> None:
    race = begun()
    said = race.feed(time_s, final=final, late_s=late_s)
    assert said.startswith("FinishLynx split ") and ": not taken: " in said and why in said and "\n" not in said
    assert race.said[-1][0] == "warn" and race.noted == [] and race.kept == []


def test_the_feed_before_the_gun_and_twice_at_a_line() -> None:
    race = Clockwork()
    assert race.feed(61.6).endswith("not taken: the gun has not gone")
    race.gun()
    race.feed(61.62)
    assert "not taken: 1:02.90 fits no passing" in race.feed(62.9)  # the second runner
    for time_s in (122.16, 183.26, 246.42):
        race.feed(time_s)
    assert race.feed(247.9, final=True).endswith("the finish (1 mile) has its time already; expected none any more")
    assert [time_s for _, time_s, source in race.noted if source == "feed"] == [61.62, 122.16, 183.26, 246.42]


@steady
@given(
    st.floats(0.85, 1.15),
    st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(-0.3, 0.6), st.floats(-1, 1)), min_size=4, max_size=4),
)
def test_whatever_was_pressed_the_feed_finds_the_line(
    share: float, laps: list[tuple[bool, bool, float, float]]
) -> None:
    """An athlete 15 % off the light, 3 % uneven; presses that are late or left out; pauses that are left out."""
    passings = Passings(LINE_M, marks="line")
    for mark_m, (pressed, paused, hand_s, uneven) in zip(LINE_M, laps, strict=True):
        true_s = 239.99 * share * mark_m / MILE_M + 2 * uneven
        if pressed and passings.next_mark_m == mark_m:
            passings = passings.with_press(true_s + hand_s, PLAN)
        elif not paused:
            continue
        if paused:
            assert feed_mark_m(passings, PLAN, LINE_M, true_s) == mark_m
            passings = passings.with_feed(mark_m, true_s, 0.01)
    assert all(p.source != "feed" or p.error_s == 0.01 for p in passings.timed)


def test_a_lynx_source_hands_its_splits_on() -> None:
    """Section by section as FinishLynx sends them: each once."""
    told: list[LynxSplit] = []

    async def heard() -> None:
        ears: list[Ears] = []

        class Open:
            address = "here"

            async def close(self) -> None:
                return

        async def opened(to: Ears) -> Open:
            ears.append(to)
            return Open()

        source = LynxSource(opened, lambda: ZERO_US)
        source.on_split = told.append
        task = asyncio.ensure_future(source.watch(lambda gun: None))
        await asyncio.sleep(0)
        for section, time in (
            ("TimeArmed", "0.0"), ("TimeRunning", "1:00.1"), ("TimePaused", "1:01.62"), ("TimePaused", "1:01.62"),
            ("TimeStopped", "4:06.42"),
        ):  # fmt: skip
            ears[0].on_chunk(Chunk(SCRIPT.send(section, time), ZERO_US, "finishlynx"))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(heard())
    assert told == [LynxSplit(61.62, 0.01, False), LynxSplit(246.42, 0.1, True)]


# -- the journal and the files


def test_the_journal_keeps_the_passings(tmp_path: Path) -> None:
    race = begun("line")
    race.press(61.0)
    race.feed(122.5)
    race.timing.miss()
    path = tmp_path / "state" / "race.json"
    save_journal(race.race, path)
    assert not path.with_suffix(".new").exists()
    found = read_athlete(PLAN, path, ZERO_US + 1000)
    assert found == race.splits.passings and found is not None
    assert [p.fleet_us for p in found.passed] == [ZERO_US + 61_000_000, None, None]
    later = begun()
    later.race.athlete = found
    later.timing.taken_over(later.race)
    assert later.noted == race.noted and later.splits.every == "line"
    take(later.race, key_press(ZERO_US - 1_000_000), at_once=True)
    assert [time_s for _, time_s, _ in later.noted] == [62.0, 122.5, None]
    for left in (2, 1, 0):
        later.timing.undo()
        assert len(later.noted) == left
    # the race of an hour ago, another plan's, one that is broken, one of before there were any
    assert read_athlete(PLAN, path, ZERO_US + 3_600_000_000) is None
    assert read_athlete(load_plan("bannister-3-59-4", RAIL.track), path, ZERO_US) is None
    said = json.loads(path.read_text())
    for odd in ({"passings": [{"boom": 1}]}, {"marks_m": [5, 4]}, {"zero_us": "x"}, {"passings": None}):
        path.write_text(json.dumps({**said, "athlete": {**said["athlete"], **odd}}))
        assert read_athlete(PLAN, path, ZERO_US) is None
    del said["athlete"]
    path.write_text(json.dumps(said))
    assert read_athlete(PLAN, path, ZERO_US) is None
    assert read_athlete(PLAN, tmp_path / "none.json", ZERO_US) is None


def test_the_journal_keeps_what_is_set_aside_until_the_zero_comes_back(tmp_path: Path) -> None:
    race = begun()
    race.press(60.20)
    race.press(120.75)
    take(race.race, ago(race.now_us, 60.0), at_once=True)  # the first press was before this gun
    assert race.noted == [(800, 60.0, "key")]
    path = tmp_path / "race.json"
    save_journal(race.race, path)
    assert race.race.gun is not None
    found = read_athlete(PLAN, path, race.race.gun.zero_us)
    assert found is not None and [one.distance_m for one in found.aside] == [400]
    later = begun()
    take(later.race, race.race.gun, at_once=True)
    later.race.athlete = found
    later.timing.taken_over(later.race)
    assert later.noted == [(800, 60.0, "key")]
    later.now_us = race.now_us
    take(later.race, ago(later.now_us, 120.75), at_once=True)
    assert later.noted == [(400, 60.20, "key"), (800, 120.75, "key")]
    said = json.loads(path.read_text())
    del said["athlete"]["aside"]  # of an older program
    path.write_text(json.dumps(said))
    older = read_athlete(PLAN, path, race.race.gun.zero_us)
    assert older == found and older is not None and older.aside == ()


def test_files_name_the_source_and_keep_what_was_missed() -> None:
    race = begun("line")
    race.press(61.0)
    race.feed(183.3)
    passings = replace(race.splits.passings.with_time(1500, 229.1), athlete="F. Kipyegon")
    told = json.loads(to_json(passings, PLAN))["passings"]
    assert [(one["source"], one["time_s"], one["error_s"]) for one in told] == [
        ("key", 61.0, None), ("missed", None, None), ("feed", 183.3, 0.01), ("typed", 229.1, None),
    ]  # fmt: skip
    assert told[1]["waves"] == []
    assert from_json(to_json(passings, PLAN), "x.json") == passings
    text = to_csv(passings, PLAN)
    assert from_csv(text, "x.csv", "F. Kipyegon") == passings
    assert [line.split(",")[2] for line in text.splitlines()[1:]] == ["key", "missed", "feed", "typed", "to come"]
    plain = "distance_m,mark,source,time\n400,yes,key,1:00.20\n1609.344,yes,to come,\n"  # written before error_s was
    assert from_csv(plain, "x.csv").passed == (Passing(400, 60.2, "key"),)
