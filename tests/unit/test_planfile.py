"""Plan files: what they mean, and a line for every mistake."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pacerail import resources
from pacerail.errors import InputError
from pacerail.model.plan import Plan, Wave
from pacerail.model.planfile import load_plan
from pacerail.model.track import standard_track
from pacerail.model.trackfile import load_track
from pacerail.readback import in_own_time

TRACK = standard_track()
HEAD = 'distance = "1 mile"\n[[wave]]\nname = "a"\ncolour = "green"\n'
SHIPPED = sorted(resources.folder("plans").glob("*.toml"))


def load(tmp_path: Path, text: str | bytes) -> Plan:
    path = tmp_path / "p.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_plan(path, TRACK)


def wave(tmp_path: Path, lines: str) -> Wave:
    return load(tmp_path, HEAD + lines).waves[0]


def mistakes(tmp_path: Path, text: str | bytes) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    prefix = f"{tmp_path / 'p.toml'}:"
    assert all(message.startswith(prefix) and "\n" not in message for message in caught.value.messages)
    return [message.removeprefix(prefix) for message in caught.value.messages]


# what a plan means


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_plans_are_without_mistake_or_warning(path: Path) -> None:
    plan = load_plan(path.stem, TRACK)
    assert plan.warnings == ()
    for each in map(in_own_time, plan.waves):
        assert each.motion.distance_m(each.finish_s) == pytest.approx(each.finish_m, abs=1e-6)
        assert each.splits[-1] == (each.finish_m, each.finish_s)
        assert np.isfinite(each.windows_s).all()
        assert each.motion.start_s == 0.0 and each.motion.end_s >= each.dark_s


@pytest.mark.parametrize(
    ("name", "finish_s"),
    [
        ("breaking4-3-59", 239.99),
        ("record-4-07-64", 247.64),
        ("breaking4-4-06-42", 246.42),
        ("bannister-3-59-4", 239.4),
        ("elguerrouj-3-43-13", 223.13),
        ("hassan-4-12-33", 252.33),
        ("10000m-27-00", 1620.0),
        ("10000m-28-54-14", 1734.14),
    ],
)
def test_shipped_plans_finish_when_they_say(name: str, finish_s: float) -> None:
    assert load_plan(name, TRACK).waves[0].finish_s == pytest.approx(finish_s, abs=1e-6)


def test_the_attempt_at_a_minute() -> None:
    plan = load_plan("breaking4-3-59", TRACK)
    distance_m = plan.waves[0].motion.distance_m(60.0)
    track_m = TRACK.wrap(plan.start_track_m(TRACK) + distance_m)
    assert (distance_m, track_m, TRACK.track_to_kerb(track_m)) == pytest.approx((402.353, 393.005, 391.121), abs=0.002)
    assert [w.name for w in plan.waves] == ["target", "record", "lead"]
    assert plan.waves[2].motion.distance_m(60.0) - distance_m == pytest.approx(3.0)
    assert plan.waves_by_priority()[0].name == "target"


def test_a_mile_starts_before_the_finish_line_wherever_the_lap_ends() -> None:
    plan = load_plan("breaking4-3-59", TRACK)
    for name in ("standard-400", "indoor-200", "double-bend-400"):
        track = load_track(name)
        assert track.lap_m - plan.start_track_m(track) == pytest.approx(9.344, abs=0.004)


@pytest.mark.parametrize(("line", "track_m"), [('start = "1500 m start"', -1500.0), ("start_m = 120.0", 120.0)])
def test_a_start_line_of_its_own(tmp_path: Path, line: str, track_m: float) -> None:
    plan = load(tmp_path, line + "\n" + HEAD + 'target = "4:00"')
    assert plan.start_track_m(TRACK) == pytest.approx(TRACK.wrap(track_m))


def test_ahead_in_metres_finishes_early_and_behind_late(tmp_path: Path) -> None:
    speed_mps = 1609.344 / 240
    ahead = wave(tmp_path, 'target = "4:00"\nahead_m = 3.0')
    assert ahead.motion.distance_m(0.0) == 3.0
    assert ahead.finish_s == pytest.approx(240 - 3 / speed_mps)
    behind = wave(tmp_path, 'target = "4:00"\nahead_m = -3.0')
    assert behind.finish_s == pytest.approx(240 + 3 / speed_mps)
    assert behind.motion.distance_m(behind.finish_s) == pytest.approx(1609.344)


def test_ahead_in_seconds(tmp_path: Path) -> None:
    assert wave(tmp_path, 'target = "4:00"\nahead_s = 2').finish_s == pytest.approx(238)
    late = wave(tmp_path, 'target = "4:00"\nahead_s = -2')
    assert late.finish_s == pytest.approx(242)
    assert late.motion.distance_m(2.0) == 0.0


def test_what_it_does_at_the_finish(tmp_path: Path) -> None:
    held = wave(tmp_path, 'target = "4:00"')
    assert held.dark_s == pytest.approx(245.0)
    assert held.motion.distance_m(244.0) == pytest.approx(1609.344)
    assert held.visible(np.array([-0.001, 0.0, 244.999, 245.0])).tolist() == [False, True, True, False]
    off = wave(tmp_path, 'target = "4:00"\nat_finish = "off"')
    assert off.dark_s == pytest.approx(240.0)
    on = wave(tmp_path, 'target = "4:00"\nat_finish = "run on"\nrun_on_m = 10')
    assert on.motion.distance_m(on.dark_s) == pytest.approx(1619.344)
    assert on.motion.speed_mps(240.5) == pytest.approx(1609.344 / 240)


def test_a_pacer_steps_off(tmp_path: Path) -> None:
    pacer = wave(tmp_path, 'target = "4:00"\nends_at = "800 m"\nat_finish = "off"')
    assert (pacer.finish_m, pacer.finish_s) == pytest.approx((800.0, 800 * 240 / 1609.344))
    assert pacer.motion.end_m == pytest.approx(800.0)
    splits = wave(tmp_path, 'splits = [["400 m", "60"], ["800 m", "2:00"]]\nends_at = "800 m"')
    assert splits.finish_s == pytest.approx(120.0)


@pytest.mark.parametrize(
    ("visible", "windows_s"),
    [
        ('["400 m", "800 m"]', [(100.0, 200.0)]),
        ("[400, 800.0]", [(100.0, 200.0)]),
        ('["0:30", "90 s"]', [(30.0, 90.0)]),
        ('[["400 m", "800 m"], ["5:00", "6:00"]]', [(100.0, 200.0), (300.0, 360.0)]),
        ('[["400 m", "800 m"], ["3:00", "6:00"]]', [(100.0, 360.0)]),
        ('["1200 m", "1600 m"]', [(300.0, 405.0)]),
        ('["0 m", "400 m"]', [(0.0, 100.0)]),
    ],
)
def test_windows_by_distance_and_by_time(tmp_path: Path, visible: str, windows_s: list[tuple[float, float]]) -> None:
    text = f'distance = 1600\n[[wave]]\nname = "a"\ncolour = "red"\ntarget = "6:40"\nvisible = {visible}'
    found = load(tmp_path, text).waves[0].windows_s
    assert np.array(found) == pytest.approx(np.array(windows_s))


def test_paces(tmp_path: Path) -> None:
    paced = wave(tmp_path, 'paces = [["400 m", "60.0/400 m"], ["1 mile", "2:30/km"]]')
    assert paced.splits[0] == (400.0, pytest.approx(60.0))
    assert paced.finish_s == pytest.approx(60 + 1209.344 * 0.15)


def test_training_adds_up_to_its_distance(tmp_path: Path) -> None:
    text = """
    [[wave]]
    name = "a"
    colour = "red"
    stretches = [
        { repeat = 3, stretches = [{ run = "200 m", in = "30" }, { rest = "30" }] },
        { run = "400 m", pace = "64/400 m", rest = "1:00" },
    ]
    """
    plan = load(tmp_path, text)
    assert plan.distance_m == 1000.0
    assert plan.waves[0].splits == (
        (200.0, pytest.approx(30)),
        (400.0, pytest.approx(90)),
        (600.0, pytest.approx(150)),
        (1000.0, pytest.approx(244)),
    )
    # the rest behind the last run is no part of the training
    assert plan.waves[0].dark_s == pytest.approx(249)


def test_priorities_and_ties(tmp_path: Path) -> None:
    one = '[[wave]]\nname = "{}"\ncolour = "{}"\ntarget = "4:00"\npriority = {}\n'
    text = "distance = 1500\n" + one.format("a", "red", 0) + one.format("b", "green", 1) + one.format("c", "blue", 1)
    assert [w.name for w in load(tmp_path, text).waves_by_priority()] == ["b", "c", "a"]


def test_colours_that_nobody_can_tell_apart_are_a_warning(tmp_path: Path) -> None:
    text = HEAD + 'target = "4:00"\n[[wave]]\nname = "b"\ncolour = "#00ff00"\ntarget = "4:10"'
    assert ':8: colour: #00ff00 is the colour of "a" too; expected' in load(tmp_path, text).warnings[0]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('target = "3:00"', "faster than anyone has run"),
        ('target = "45:00"', "slower than walking"),
        ('splits = [["400 m", "60"], ["800 m", "1:42"],\n["1 mile", "4:00"]]', "400 m in 42 s is 9.52 m/s"),
        ('paces = [["1 mile", "9 m/s"]]', "faster than anyone has run"),
    ],
)
def test_paces_that_no_human_runs_are_a_warning(tmp_path: Path, line: str, says: str) -> None:
    warnings = load(tmp_path, HEAD + line).warnings
    assert len(warnings) == 1 and says in warnings[0] and "p.toml:5:" in warnings[0]


# the hash


SAME = [
    'distance = 1609.344\n[[wave]]\nname = "a"\ncolour = "green"\ntarget = "4:00"',
    'distance = "1 mile"\n# a comment\n\n[[wave]]\ntarget = 240\ncolour = "#00ff00"\nname = "a"',
    'wave = [{ colour = "#00FF00", target = "4:00.00", name = "a", priority = 0, length_m = 5 }]\ndistance = "1760 yd"',
    'distance = "1 mile"\n[[wave]]\nname = "a"\ncolour = "green"\nsplits = [["1 mile", "4:00"]]\nahead_m = -0.0',
]


def test_the_hash_does_not_see_how_it_is_written(tmp_path: Path) -> None:
    hashes = {load(tmp_path, 'title = "t"\n' + text).hash for text in SAME}
    assert len(hashes) == 1
    assert len(hashes.pop()) == 16


def test_the_hash_does_not_see_the_name_of_the_file(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(SAME[0])
    one, other = (load_plan(tmp_path / name, TRACK) for name in ("a.toml", "b.toml"))
    assert (one.title, other.title) == ("a", "b")
    assert one.hash == other.hash


CHANGES = [
    'target = "4:00.01"',
    'target = "4:00"\nlength_m = 5.1',
    'target = "4:00"\npriority = 1',
    'target = "4:00"\nprofile = "smooth"',
    'target = "4:00"\nstart = "standing"',
    'target = "4:00"\nahead_m = 1',
    'target = "4:00"\nahead_s = 1',
    'target = "4:00"\nvisible = [400, 800]',
    'target = "4:00"\nends_at = 800',
    'target = "4:00"\nat_finish = "off"',
    'target = "4:00"\nhold_s = 4',
    'target = "4:00"\nat_finish = "run on"',
    'splits = [["800 m", "2:00"], ["1 mile", "4:00"]]',
    'stretches = [{ run = "1 mile", in = "4:00" }]',
]


def test_every_change_of_meaning_changes_the_hash(tmp_path: Path) -> None:
    texts = [HEAD + line for line in CHANGES] + [
        HEAD + 'target = "4:00"',
        'title = "x"\n' + HEAD + 'target = "4:00"',
        "start_m = 5\n" + HEAD + 'target = "4:00"',
        HEAD.replace('"a"', '"b"') + 'target = "4:00"',
        HEAD.replace("green", "red") + 'target = "4:00"',
        HEAD.replace("1 mile", "1600 m") + 'target = "4:00"',
    ]
    hashes = [load(tmp_path, text).hash for text in texts]
    assert len(set(hashes)) == len(hashes)


def test_the_hash_of_a_shipped_plan_is_the_same_tomorrow() -> None:
    """A hash that moves with the code would void every read-back that was signed: change it knowingly."""
    assert load_plan("hassan-4-12-33", TRACK).hash == "3cbb82b7069da451"


# mistakes


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('target = "3:60"', '5: target: "3:60" has 60 seconds behind the minutes; expected less than 60'),
        ("target = nan", "5: target: nan is not a finite time; expected"),
        ("target = -3", "5: target: -3 is a negative time; expected"),
        ("target = 0", "5: target: 0 is nothing; expected more than 0"),
        ("target = true", "5: target: True is not a time; expected"),
        ("target = 1", '2: wave "a": it runs at 1609.3 m/s; expected 19 m/s at most'),
        (
            'target = "2:00:00"\nat_finish = "hold"\nhold_s = 3600',
            '2: wave "a": it is dark after 3:00:00; expected 2:46:40',
        ),
        (
            'splits = [["10 m", "1"], ["1 mile", "4:00"]]\nstart = "standing"',
            '2: wave "a": it changes its speed by 48.0 m/s in a',
        ),
        ('target = "4:00"\nspeed = 3', '6: unknown key "speed"; expected'),
        ('target = "4:00"\nlenght_m = 3', '6: unknown key "lenght_m"; expected "length_m"?'),
        ('target = "4:00"\nlength_m = 0.05', "6: length_m: 0.05 does not do; expected a number from 0.1"),
        ('target = "4:00"\nlength_m = 200', "6: length_m: 200 m is half the lap or more; expected less than 200"),
        ('target = "4:00"\npriority = 1.5', "6: priority: 1.5 does not do; expected a whole number"),
        ('target = "4:00"\nprofile = "curvy"', '6: profile: "curvy" is not known; expected "linear" or "smooth"'),
        ('target = "4:00"\nstart = "crouch"', '6: start: "crouch" is not known; expected "flying" or "standing"'),
        ('target = "4:00"\nat_finish = 3', '6: at_finish: 3 is not known; expected "hold" or "off" or "run on"'),
        ('target = "4:00"\nat_finish = "off"\nhold_s = 3', "7: hold_s: it means nothing here; expected it only with"),
        ('target = "4:00"\nrun_on_m = 3', "6: run_on_m: it means nothing here; expected it only with"),
        ('target = "4:00"\nahead_m = inf', "6: ahead_m: inf does not do; expected a number"),
        ('target = "4:00"\nahead_s = 300', '2: wave "a": the head is 1609.344 m along at the gun'),
        ('target = "4:00"\nends_at = "2 miles"', "6: ends_at: 3218.688 m lies beyond the finish; expected"),
        ('target = "4:00"\nsplits = []', "6: more than one pace (target and splits); expected exactly one of target"),
        ("", "2: no pace; expected exactly one of target, splits, paces, stretches"),
        ("splits = []", "5: splits: the list is empty; expected at least one"),
        ("splits = 3", "5: splits: 3 is not a list; expected"),
        ("splits = [3]", "5: splits: 3 is not a pair; expected"),
        ('splits = [["400 m"]]', "5: splits: ['400 m'] is not a pair; expected"),
        (
            'splits = [\n["400 m", "60"],\n["2 miles", "4:00"]]',
            '7: splits: "2 miles" lies beyond the distance of 1 mile',
        ),
        ('splits = [["400 m", "60"],\n["400 m", "61"]]', "6: splits: the distance goes from 400 m to 400 m; expected"),
        ('splits = [["400 m", "60"],\n["1 mile", "59"]]', "6: splits: the time goes from 60 s at 400 m to 59 s"),
        (
            'splits = [["400 m", "60"]]',
            "5: splits: the last is at 400 m, the wave ends at 1 mile; expected one at its end",
        ),
        ('splits = [["400 m", []]]', "5: splits: [] is not a time; expected"),
        ('paces = [["400 m", "60"]]', '5: paces: "60" is not a pace; expected'),
        ("stretches = []", "5: stretches: the list is empty; expected"),
        ("stretches = [4]", "5: stretches: 4 is not a table; expected"),
        ("stretches = [{}]", "5: no run and no rest; expected"),
        ('stretches = [{ rest = "60" }]', "5: stretches: there is no run; expected"),
        ('stretches = [{ run = "400 m" }]', "5: a run needs in"),
        ('stretches = [{ run = "400 m", in = "0" }]', '5: in: "0" is no time; expected'),
        ('stretches = [{ run = "2 miles", in = "9:00" }]', "5: stretches: the runs add up to 3218.69 m, the plan's"),
        ('stretches = [{ run = "1 m", in = "1", repeat = 1001 }]', "5: repeat: 1001 does not do; expected"),
        ('target = "4:00"\nvisible = []', "6: visible: the list is empty; expected"),
        ('target = "4:00"\nvisible = ["400 m"]', "6: visible: ['400 m'] is not a pair; expected"),
        ('target = "4:00"\nvisible = ["400 m", "1:30"]', '6: visible: "400 m" and "1:30" are a distance and a time'),
        ('target = "4:00"\nvisible = [\n[800, 400]]', "7: visible: it ends at 400, not behind 800; expected"),
        ('target = "4:00"\nvisible = ["2 km", "3 km"]', '6: visible: it begins at "2 km", the wave ends at 1 mile'),
        (
            'target = "4:00"\nvisible = ["8:00", "9:00"]',
            '2: wave "a": its window from 480 s to 540 s is never lit; expected',
        ),
    ],
)
def test_mistakes_of_a_wave(tmp_path: Path, line: str, says: str) -> None:
    found = mistakes(tmp_path, HEAD + line)
    assert len(found) == 1 and found[0].startswith(says), found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "1: the file is empty; expected a TOML file"),
        (" \n\n", "1: the file is empty; expected"),
        ("# nothing\n", "1: no [[wave]]; expected one light at least"),
        (b"a = 1\n\xff\xfe\x00\x01", "2: byte 0xff is not text; expected a TOML file in UTF-8"),
        (bytes(range(256)) * 10, "1: byte 0x00 is not text; expected"),
        (b"\x7fELF\x02\x01\x01\x00", "1: byte 0x00 is not text; expected"),
        ("title = \n", "1: not TOML: invalid value; expected"),
        ('a = 1\nb = "x\n', "2: not TOML: "),
        ("[wave]\n" + "a = " + "[" * 5000 + "]" * 5000, "1: nested too deep to read; expected"),
        ("a = " + "9" * 5000, "1: a value that no number holds; expected"),
        ("wave = 3", "1: wave: 3 is not a list; expected"),
        ("wave = [1]\ndistance = 3", "1: wave: 1 is not a table; expected"),
        ("title = 3\n" + HEAD + "target = 240", "1: title: 3 is not a text; expected it in quotes"),
        (HEAD.replace('"1 mile"', "-5") + "target = 240", "1: distance: -5 is a negative distance; expected"),
        (HEAD.replace('"1 mile"', "0.5") + "target = 240", "1: distance: 0.5 is too short for a race; expected"),
        (HEAD.replace('distance = "1 mile"', "") + "target = 240", "1: no distance; expected distance ="),
        ('start = "1 mile"\nstart_m = 3\n' + HEAD + "target = 240", "2: start_m: start is there too; expected one"),
        ('start = "here"\n' + HEAD + "target = 240", '1: start: "here" is not a distance; expected'),
        ("start_m = 500\n" + HEAD + "target = 240", "1: start_m: 500 does not do; expected a number from 0 to 399.999"),
        (HEAD.replace('"green"', '"#000000"') + "target = 240", "4: colour: black gives no light; expected a colour"),
    ],
)
def test_mistakes_of_a_file(tmp_path: Path, text: str | bytes, says: str) -> None:
    found = mistakes(tmp_path, text)
    assert len(found) == 1 and found[0].startswith(says), found


def test_all_mistakes_come_at_once_in_order(tmp_path: Path) -> None:
    text = HEAD + 'target = "3:60"\nlenght_m = 2\n[[wave]]\nname = "a"\nvisible = 3\n'
    lines = [int(line.split(":")[0]) for line in mistakes(tmp_path, text)]
    assert lines == [5, 6, 7, 7, 8, 9]


def test_a_byte_order_mark_and_windows_lines_are_no_mistake(tmp_path: Path) -> None:
    text = (HEAD + 'target = "4:00"\n').replace("\n", "\r\n")
    assert load(tmp_path, b"\xef\xbb\xbf" + text.encode()).waves[0].finish_s == pytest.approx(240)


def test_files_that_are_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    long = "x" * 5000
    for name, says in (
        (str(tmp_path), "this is a folder; expected a TOML file"),
        (str(tmp_path / "pipe"), "this is a device or a pipe; expected a TOML file"),
        (str(tmp_path / "no.toml"), "no such file, and no shipped plan of that name; expected"),
        ("breaking4-3-95", 'no such file, and no shipped plan of that name; expected "breaking4-3-59"?'),
        (long, "cannot be read (File name too long); expected a TOML file"),
        ("a\0b", "cannot be read (embedded null byte); expected a TOML file"),
    ):
        with pytest.raises(InputError) as caught:
            load_plan(name, TRACK)
        assert len(caught.value.messages) == 1
        assert caught.value.messages[0].startswith(f"{name}: {says}")


def test_ten_megabytes_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(b"a = 1\n" * 1_700_000)
    begun = time.perf_counter()
    with pytest.raises(InputError, match="10,200,000 bytes; expected a TOML file of at most 1,000,000 bytes"):
        load_plan(path, TRACK)
    assert time.perf_counter() - begun < 0.5


TOKENS = [
    *[
        "[[wave]]",
        "name",
        "splits",
        "visible",
        "stretches",
        "target",
        "=",
        '"',
        "[",
        "]",
        "{",
        "}",
        ",",
        "\n",
        "nan",
    ],
    *[
        '"4:00"',
        '"400 m"',
        "3",
        "-1",
        "distance",
        "run",
        "in",
        "repeat",
        "ahead_s",
        "1e400",
        "#",
        "true",
        "\x07",
        "é",
    ],
]


@settings(
    derandomize=True, max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=60) | st.lists(st.sampled_from(TOKENS), max_size=40).map(lambda t: " ".join(t).encode()))
def test_junk_is_a_mistake_and_never_a_crash(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(junk)
    with pytest.raises(InputError):
        load_plan(path, TRACK)


VALUES = [
    *[
        "3",
        "-1",
        "0",
        "nan",
        "inf",
        '""',
        '"x"',
        '"4:00"',
        '"400 m"',
        "[]",
        "{}",
        "[[]]",
        "true",
        "07:32:00",
        "1e300",
    ],
    *['[["400 m", "60"]]', "[[1, 2], [3, 4]]", "[{}]", '"hold"', '"smooth"', "1e-300", "0.0001", "1e5", "[0, 1]"],
]
WAVE_KEYS = [
    *["target", "splits", "paces", "stretches", "profile", "start", "ahead_m", "ahead_s", "visible", "ends_at"],
    *["at_finish", "hold_s", "run_on_m", "length_m", "priority", "colour", "name"],
]


@settings(
    derandomize=True, max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(st.sampled_from(WAVE_KEYS), st.sampled_from(VALUES), max_size=5), st.sampled_from(VALUES))
def test_any_value_at_any_key_is_a_plan_or_a_mistake(tmp_path: Path, keys: dict[str, str], distance: str) -> None:
    path = tmp_path / "p.toml"
    keys = {"name": '"a"', "colour": '"red"', "target": '"4:00"'} | keys
    path.write_text(f"distance = {distance}\n[[wave]]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()))
    try:
        plan = load_plan(path, TRACK)
    except InputError as error:
        assert all("; expected" in message or "expected one" in message for message in error.messages)
    else:
        assert np.isfinite(plan.waves[0].windows_s).all() and np.isfinite(plan.waves[0].motion.coeffs).all()
        assert np.diff(plan.waves[0].motion.breaks_s).min() > 0


def test_a_wrong_distance_does_not_hide_other_mistakes(tmp_path: Path) -> None:
    """All mistakes of a file at once, splits too."""
    path = tmp_path / "p.toml"
    path.write_text(
        'distance = "1 mle"\n[[wave]]\nname = "b"\ncolour = "blue"\n'
        'splits = [["400 m", "60"],\n["300 m", "50"],\n["2000 m", "nan"]]\n'
    )
    with pytest.raises(InputError) as caught:
        load_plan(path, standard_track())
    assert [line.split(":")[1] for line in caught.value.messages] == ["1", "6", "7"]
