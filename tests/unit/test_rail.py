"""Rails: where the LEDs are, their cells, and rails that do not fit the kerb."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pacerail import resources
from pacerail.errors import InputError
from pacerail.model.rail import Board, Output, Rail, even_rail
from pacerail.model.railcheck import rail_problems
from pacerail.model.railfile import load_rail
from pacerail.model.track import standard_track
from pacerail.model.trackfile import load_track

SHIPPED = sorted(resources.folder("rails").glob("*.toml"))
KERB_M = standard_track().kerb_lap_m


def check_cells(rail: Rail) -> None:
    """Every cell holds its LED, and all cells together are the lap, once."""
    leds = rail.leds
    track_m = np.array([led.track_m for led in leds])
    lo = np.array([led.cell_lo_m for led in leds])
    hi = np.array([led.cell_hi_m for led in leds])
    assert np.all(np.diff(track_m) > 0) and track_m[0] >= 0 and track_m[-1] < rail.track.lap_m
    assert np.all(lo < track_m) and np.all(track_m < hi)
    assert hi[:-1] == pytest.approx(lo[1:], abs=1e-9)
    assert hi[-1] - lo[0] == pytest.approx(rail.track.lap_m, abs=1e-9)


def test_the_even_rail() -> None:
    rail = even_rail()
    pitch_m = KERB_M / 2400
    assert [board.name for board in rail.boards] == [f"b{k:02d}" for k in range(1, 17)]
    assert [board.address for board in rail.boards] == list(range(1, 17))
    assert len(rail.leds) == 2400
    assert [led.kerb_m for led in rail.leds] == pytest.approx([(k + 0.5) * pitch_m for k in range(2400)])
    assert rail_problems(rail) == []
    check_cells(rail)


def test_the_shipped_default_is_the_built_in_one() -> None:
    assert load_rail("default-400").hash == even_rail().hash


@pytest.mark.parametrize(
    ("name", "boards", "leds"),
    [("default-400", 16, 2400), ("indoor-200", 8, 1200), ("lights-400x1m", 4, 400), ("four-outputs-600", 1, 600)],
)
def test_shipped_rails(name: str, boards: int, leds: int) -> None:
    rail = load_rail(name)
    assert (len(rail.boards), len(rail.leds)) == (boards, leds)
    check_cells(rail)
    assert sorted(path.stem for path in SHIPPED) == ["default-400", "four-outputs-600", "indoor-200", "lights-400x1m"]


def test_a_boards_leds_come_in_running_order_from_where_its_stretch_begins() -> None:
    quarter = KERB_M / 4
    # the first board crosses the finish line, and its data runs backwards
    boards = [
        Board(f"b{k}", (Output(100, (quarter * (k - 0.5)) % KERB_M, quarter / 100, reverse=k == 0),)) for k in range(4)
    ]
    rail = Rail("x", standard_track(), tuple(boards))
    assert rail_problems(rail) == []
    leds = rail.leds_of(0)
    assert [led.pixel for led in leds] == list(range(99, -1, -1))
    assert leds[0].track_m > 300 and leds[-1].track_m < 60
    assert [led.pixel for led in rail.leds_of(1)] == list(range(100))
    for k in range(4):
        stretch = np.array([led.cell_lo_m for led in rail.leds_of(k)])
        assert np.all(np.diff(np.unwrap(stretch, period=rail.track.lap_m)) > 0)
    check_cells(rail)


def test_pixels_run_on_from_output_to_output() -> None:
    rail = even_rail(boards=1, leds=600, outputs=4)
    assert [led.pixel for led in rail.leds_of(0)] == list(range(600))
    assert [led.output for led in rail.leds_of(0)] == [k // 150 for k in range(600)]
    assert rail.boards[0].pixels == 600
    assert rail_problems(rail) == []


def test_the_neighbours_of_a_dead_led_grow_to_meet() -> None:
    whole = even_rail(boards=1, leds=400)
    output = whole.boards[0].outputs[0]
    dead = Output(output.leds, output.from_m, output.pitch_m, dead=(100, 101))
    rail = Rail("x", whole.track, (Board("b", (dead,)),))
    assert len(rail.leds) == 398
    before, after = rail.leds[99], rail.leds[100]
    assert (before.pixel, after.pixel) == (99, 102)
    assert before.cell_hi_m == after.cell_lo_m == pytest.approx((before.track_m + after.track_m) / 2)
    check_cells(rail)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(
    st.sampled_from(["standard-400", "indoor-200", "double-bend-400"]),
    st.integers(1, 20),
    st.integers(1, 40),
    st.sets(st.integers(0, 39), max_size=5),
    st.booleans(),
    st.floats(0, 199),
)
def test_any_even_rail_tiles_its_lap(
    name: str, boards: int, leds: int, dead: set[int], reverse: bool, turned_m: float
) -> None:
    track = load_track(name)
    made = even_rail(track, boards, leds)
    kept = tuple(sorted(pixel for pixel in dead if 0 < pixel < leds))
    moved = [
        Board(b.name, tuple(Output(o.leds, o.from_m + turned_m, o.pitch_m, reverse, kept) for o in b.outputs))
        for b in made.boards
    ]
    rail = Rail("x", track, tuple(moved))
    assert rail_problems(rail) == []
    assert len(rail.leds) == boards * (leds - len(kept))
    check_cells(rail)
    assert sum(len(rail.leds_of(k)) for k in range(boards)) == len(rail.leds)


@pytest.mark.parametrize(("boards", "leds"), [(0, 10), (10, 0), (100, 1000)])
def test_no_even_rail_of_nothing_or_of_too_much(boards: int, leds: int) -> None:
    with pytest.raises(ValueError, match="; expected"):
        even_rail(boards=boards, leds=leds)


# rail files

BOARD = '[[board]]\nname = "{}"\n[[board.output]]\nleds = {}\nfrom_m = {}\n{}\n'


def load(tmp_path: Path, text: str) -> Rail:
    path = tmp_path / "r.toml"
    path.write_text(text)
    return load_rail(path)


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    prefix = f"{tmp_path / 'r.toml'}:"
    assert all(message.startswith(prefix) and "\n" not in message for message in caught.value.messages)
    return [message.removeprefix(prefix) for message in caught.value.messages]


def halves(second_from_m: float, first: str = "to_m = 199.0571", second: str = "to_m = 0.0") -> str:
    return BOARD.format("a", 1000, 0.0, first) + BOARD.format("b", 1000, second_from_m, second)


def test_two_halves_make_a_rail(tmp_path: Path) -> None:
    rail = load(tmp_path, halves(199.0571))
    assert [led.board for led in rail.leds] == [0] * 1000 + [1] * 1000
    check_cells(rail)


def test_a_gap_is_refused_with_its_numbers(tmp_path: Path) -> None:
    assert mistakes(tmp_path, halves(201.0)) == [
        "9: 1.943 m of kerb without LEDs between a output 1 and b output 1, from 199.057 to 201.000 m; "
        "expected at most 0.05 m"
    ]
    assert len(load(tmp_path, "max_gap_m = 2.0\n" + halves(201.0)).leds) == 2000


def test_an_overlap_is_refused_with_its_numbers(tmp_path: Path) -> None:
    assert mistakes(tmp_path, halves(198.0)) == [
        "9: a output 1 and b output 1 overlap by 1.057 m, from 198.000 to 199.057 m; expected each metre of kerb once "
        "(399.171 m of LEDs on 398.114 m of kerb)"
    ]


def test_a_rail_over_a_part_of_the_kerb_is_a_gap(tmp_path: Path) -> None:
    found = mistakes(tmp_path, BOARD.format("a", 100, 0.0, "to_m = 100.0"))
    assert len(found) == 1 and found[0].startswith("3: 298.114 m of kerb without LEDs between the ends of a output 1")


def test_more_leds_than_there_is_room_for_are_refused_with_the_numbers(tmp_path: Path) -> None:
    text = BOARD.format("a", 200, 0.0, "to_m = 0.5") + BOARD.format("b", 1000, 0.5, "to_m = 0.0")
    assert mistakes(tmp_path, text) == [
        "3: 200 LEDs on 0.500 m of kerb are 2.50 mm apart; expected 5 mm at least, so at most 100 LEDs"
    ]
    text = BOARD.format("a", 1000, 0.0, "to_m = 199.0571\npitch_m = 0.25") + BOARD.format(
        "b", 1000, 199.0571, "to_m = 0"
    )
    assert mistakes(tmp_path, text) == [
        "7: pitch_m: 1000 LEDs at 0.25 m need 250.000 m, the stretch from 0 to 199.057 m has 199.057 m; "
        "expected at most 796 LEDs"
    ]
    assert mistakes(tmp_path, BOARD.format("a", 2000, 0.0, "pitch_m = 0.2"))[0].startswith(
        "6: pitch_m: 2000 LEDs at 0.2 m need 400.000 m, the kerb is 398.114 m round; expected them to fit"
    )
    assert mistakes(tmp_path, "[even]\nboards = 100\nleds = 1000")[0].startswith(
        "3: leds: 100000 LEDs on 398.11 m of kerb are 3.98 mm apart; expected 5 mm at least, 79622 LEDs in all"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title = 'x'", "1: no rail; expected either [even] or [[board]] tables"),
        ("[even]\nboards = 2\nleds = 5\noutputs = 2", "3: leds: 5 LEDs on 2 outputs do not divide; expected"),
        ("[even]\nleds = 5", "1: no boards; expected boards = 16 and leds = 150"),
        ("[even]\nboards = 2\nleds = 50\nports = ['a']", "4: ports: 1 texts; expected 2, one a board"),
        ("[even]\nboards = 2\nleds = 50\nuids = ['a', 'a']", "4: uids: one of them stands there twice; expected"),
        (
            "track = 'standard-40'\n[even]\nboards = 2\nleds = 50",
            "1: track: standard-40: no such file, and no shipped",
        ),
        ("key = 'secret'\n[even]\nboards = 2\nleds = 50", "1: key: this is not a key; expected 32 to 128 hex digits"),
        ("board = []", "1: board: there is none; expected one board at least"),
        ("[[board]]\nname = 'a'", "1: no [[board.output]]; expected one at least, with leds, from_m, to_m"),
        (BOARD.format("a", 100, 0, ""), "3: no to_m and no pitch_m; expected one of them at least"),
        (BOARD.format("a", 100, 400, "to_m = 0"), "5: from_m: 400 does not do; expected a number from 0 to 398.114"),
        (BOARD.format("a", 10.5, 0, "to_m = 0"), "4: leds: 10.5 does not do; expected a whole number"),
        (
            BOARD.format("a", 10, 0, "to_m = 0\ndirection = 'back'"),
            '7: direction: "back" is not known; expected "forward"',
        ),
        (
            BOARD.format("a", 10, 0, "to_m = 0\ndead = [3,\n10]"),
            "8: dead: 10 is no LED; expected a whole number from 0 to 9",
        ),
        (BOARD.format("a", 10, 0, "to_m = 0\ndead = [3, 3]"), "7: dead: 3 stands there twice; expected it once"),
        (BOARD.format("a", 2, 0, "to_m = 0\ndead = [0, 1]"), "1: every LED is dead; expected some light"),
        (BOARD.format("a", 10, 0, "to_m = 0\nlimit = 5"), '7: unknown key "limit"; expected "limit_ma"?'),
        (halves(199.0571).replace('"b"', '"a"'), '8: name: "a" is another board\'s too; expected one of its own'),
        (
            halves(199.0571).replace('"b"', '"b"\naddress = 1'),
            '9: address: "1 at port None" is another board\'s too; expected one of its own',
        ),
    ],
)
def test_mistakes_of_a_rail(tmp_path: Path, text: str, says: str) -> None:
    found = mistakes(tmp_path, text)
    assert len(found) == 1 and found[0].startswith(says), found


def test_a_secret_is_not_repeated(tmp_path: Path) -> None:
    assert "hunter2" not in "".join(mistakes(tmp_path, "key = 'hunter2'\n[even]\nboards = 2\nleds = 50"))


def test_a_key_and_a_port_are_read_and_are_no_part_of_the_hash(tmp_path: Path) -> None:
    plain = load(tmp_path, "[even]\nboards = 2\nleds = 50")
    text = f"key = '{'0f' * 16}'\n[even]\nboards = 2\nleds = 50\nports = ['E661', 'socket://127.0.0.1:5555']"
    keyed = load(tmp_path, text)
    assert keyed.key == b"\x0f" * 16 and keyed.boards[1].port == "socket://127.0.0.1:5555"
    assert keyed.hash == plain.hash


def test_the_hash_sees_where_the_leds_are(tmp_path: Path) -> None:
    texts = [
        halves(199.0571),
        halves(199.06),
        halves(199.0571, "to_m = 199.0571\ndead = [4]"),
        halves(199.0571, "to_m = 199.0571\ndirection = 'reverse'"),
        halves(199.0571, "to_m = 199.0571\nlimit_ma = 2500"),
        "track = 'double-bend-400'\n" + halves(199.0571),
    ]
    assert len({load(tmp_path, text).hash for text in texts}) == len(texts)


def test_a_track_beside_the_rail_file(tmp_path: Path) -> None:
    source = (resources.folder("tracks") / "indoor-200.toml").read_text()
    (tmp_path / "hall.toml").write_text(source.replace("indoor-200", "our hall"))
    assert load(tmp_path, "track = 'hall.toml'\n[even]\nboards = 2\nleds = 50").track.name == "our hall"


VALUES = [
    "3",
    "-1",
    "0",
    "nan",
    "1e300",
    '""',
    '"x"',
    "[]",
    "{}",
    "[[]]",
    "true",
    "07:32:00",
    "398.2",
    "0.001",
    "[0]",
    "[{}]",
]
RAIL_KEYS = ["title", "track", "key", "max_gap_m", "even", "board"]
EVEN_KEYS = ["boards", "leds", "outputs", "type", "limit_ma", "led_ma", "ports", "uids"]
OUTPUT_KEYS = ["leds", "from_m", "to_m", "pitch_m", "direction", "dead", "limit_ma"]
some_values = st.sampled_from(VALUES)


@settings(
    derandomize=True, max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(st.sampled_from(RAIL_KEYS), some_values, max_size=2),
    st.dictionaries(st.sampled_from(EVEN_KEYS), some_values, max_size=3),
    st.dictionaries(st.sampled_from(OUTPUT_KEYS), some_values, max_size=4),
    st.booleans(),
)
def test_any_value_at_any_key_is_a_rail_or_a_mistake(
    tmp_path: Path, root: dict[str, str], even: dict[str, str], output: dict[str, str], evenly: bool
) -> None:
    def lines(keys: dict[str, str]) -> str:
        return "".join(f"{key} = {value}\n" for key, value in keys.items())

    path = tmp_path / "r.toml"
    if evenly:
        path.write_text(lines(root) + "[even]\n" + lines({"boards": "2", "leds": "10"} | even))
    else:
        given_output = {"leds": "10", "from_m": "0", "to_m": "0"} | output
        path.write_text(lines(root) + '[[board]]\nname = "a"\n[[board.output]]\n' + lines(given_output))
    try:
        rail = load_rail(path)
    except InputError as error:
        assert all("expected" in message or "not TOML" in message for message in error.messages)
    else:
        check_cells(rail)


@settings(
    derandomize=True, max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(st.sampled_from(["name", "lap_m", "offset_m", "segment"]), some_values, max_size=3),
    st.lists(
        st.dictionaries(
            st.sampled_from(["straight_m", "kerb_radius_m", "angle_deg", "offset_m"]), some_values, max_size=3
        ),
        max_size=3,
    ),
)
def test_any_value_at_any_key_of_a_track_is_a_mistake(
    tmp_path: Path, root: dict[str, str], segments: list[dict[str, str]]
) -> None:
    path = tmp_path / "t.toml"
    text = "".join(f"{key} = {value}\n" for key, value in root.items())
    for segment in segments:
        text += "[[segment]]\n" + "".join(f"{key} = {value}\n" for key, value in segment.items())
    path.write_text(text)
    with pytest.raises(InputError, match="expected"):
        load_track(path)


def test_a_limit_below_what_dark_leds_take_is_refused(tmp_path: Path) -> None:
    """The limiter would dim everything to nothing, and the rail would stay dark."""
    with pytest.raises(InputError, match=r"r\.toml:3: limit_ma = 500: 1000 LEDs take 1000 mA .*expected 1055 at least"):
        load(tmp_path, halves(199.0571, "to_m = 199.0571\nlimit_ma = 500"))
