"""A rail file changed in place: the value is new, every other character is as it was."""

from __future__ import annotations

import os
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacerail.errors import InputError
from pacerail.model.railedit import RailEdit
from pacerail.model.railfile import load_rail
from pacerail.model.railwords import rail_words
from pacerail.model.toml_edit import TomlText, Value, toml_value

RAIL = """\
# our rail
title = "two boards"  # in Paris

# the home straight
[[board]]
name = "home"   # by the stand
type = "sim"
# serial
port = "E66118604B4A3A21"

  [[board.output]]
  leds      = 600   # four reels
  from_m    = 350.0
  to_m      = 150.0            # over the finish line
  dead      = [17,
               18]  # since May

# the rest
[[board]]
name = "back"
uid = "abc" # a spare
port = "socket://127.0.0.1:5555"

[[board.output]]
leds    = 601
from_m  = 150.0
pitch_m = 0.3327
# the end
"""
EVEN = """\
# divided
title = "even"   # so
[even]
boards = 2      # two
leds = 300
# who they are
uids = ["a",
        "b"]   # ids
led_ma = 20
brightness = 100 # of 256
"""


def saved(tmp_path: Path, text: str = RAIL) -> RailEdit:
    path = tmp_path / "r.toml"
    path.write_text(text)
    return RailEdit(path)


def test_values_change_and_comments_stay(tmp_path: Path) -> None:
    edit = saved(tmp_path)
    edit.identify(0, "id0", "PORT0")
    edit.mark(0, "place", "direction")
    edit.identify(1, "id1")
    edit.mark(1, "place")
    edit.direction(0, 0, True)
    edit.dead(0, 0, [])
    edit.dead(1, 0, [3, 4])
    edit.place(1, 0, 601, 150.0, 349.95)
    edit.save()
    expected = (
        RAIL.replace('"E66118604B4A3A21"', '"PORT0"')
        .replace("by the stand\n", 'by the stand\nuid = "id0"    # surveyed: place, direction\n')
        .replace("  dead      = [17,\n               18]  # since May\n", '  direction = "reverse"\n')
        .replace('uid = "abc" # a spare', 'uid = "id1"    # a spare; surveyed: place')
        .replace("pitch_m = 0.3327\n", "dead = [3, 4]\nto_m = 349.95\n")
    )
    assert (tmp_path / "r.toml").read_text() == expected
    again = RailEdit(tmp_path / "r.toml")
    assert (again.done(0), again.done(1), again.boards) == (("place", "direction"), ("place",), 2)
    again.mark(1)
    assert 'uid = "id1"    # a spare\n' in again.text and again.done(1) == ()


def test_even_rails(tmp_path: Path) -> None:
    edit = saved(tmp_path, EVEN)
    edit.identify(1, "new", "no list of ports")
    assert edit.text == EVEN.replace('"b"', '"new"')
    before = load_rail(tmp_path / "r.toml")
    edit = RailEdit(tmp_path / "r.toml")
    edit.expand(before)
    edit.save()
    after = load_rail(tmp_path / "r.toml")
    assert "# divided" in edit.text and "# who they are" in edit.text and "[even]" not in edit.text
    assert [replace(b, outputs=()) for b in after.boards] == [replace(b, outputs=()) for b in before.boards]
    assert [b.outputs[0].led_ma for b in after.boards] == [20, 20] and edit.text.count("brightness = 100\n") == 2
    assert all(abs(x.track_m - y.track_m) < 0.001 for x, y in zip(after.leds, before.leds, strict=True))


def test_what_would_be_no_rail_is_not_saved(tmp_path: Path) -> None:
    edit = saved(tmp_path)
    edit.place(0, 0, 600, 350.0, 9999.0)
    with pytest.raises(InputError, match=rf"^{tmp_path}/r.toml:14: to_m: "):
        edit.save()
    assert (tmp_path / "r.toml").read_text() == RAIL and os.listdir(tmp_path) == ["r.toml"]
    with pytest.raises(InputError, match="no such file"):
        RailEdit(tmp_path / "none.toml")


def test_a_rail_that_does_not_fit_yet_is_read_and_read_back(tmp_path: Path) -> None:
    edit = saved(tmp_path)
    edit.place(1, 0, 601, 200.0, 340.0)
    edit.save()
    with pytest.raises(InputError, match="without LEDs"):
        load_rail(tmp_path / "r.toml")
    words = rail_words(load_rail(tmp_path / "r.toml", whole=False))
    assert words[0].startswith("two boards: track standard-400, 400.00 m a lap, its kerb 398.114 m round")
    assert words[2].startswith("back: kerb 200.000 to 340.000 m, 601 LEDs 232.9 mm apart, data with the runners")
    assert "over the finish line, dead: 17, 18; sim, id any, port E66118604B4A3A21" in words[3]


VALUES = st.one_of(
    st.integers(-10**9, 10**9), st.floats(allow_nan=False, allow_infinity=False), st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"])), st.lists(st.integers(0, 999)),
)  # fmt: skip
PATHS: list[tuple[str | int, ...]] = [
    ("title",), ("new",), ("board", 0, "uid"), ("board", 1, "uid"), ("board", 1, "port"),
    ("board", 0, "output", 0, "dead"), ("board", 1, "output", 0, "extra"),
]  # fmt: skip
INLINE = 'board = [ { name = "a", output = [ {leds = 3 , from_m = 1.0}, {} ] } ] # end\n'
INLINE_PATHS: list[tuple[str | int, ...]] = [
    ("board", 0, "name"), ("board", 0, "uid"), ("board", 0, "output", 0, "leds"), ("board", 0, "output", 1, "leds"),
]  # fmt: skip


def put(values: Any, path: tuple[str | int, ...], value: Any) -> None:
    for key in path[:-1]:
        values = values[key]
    if value is None:
        values.pop(path[-1], None)
    else:
        values[path[-1]] = value


@given(
    st.sampled_from([(RAIL, PATHS), (INLINE, INLINE_PATHS)]),
    st.lists(st.tuples(st.integers(0, 6), st.one_of(st.none(), VALUES)), max_size=6),
)
def test_every_change_means_what_it_should(
    text: tuple[str, list[tuple[str | int, ...]]], changes: list[tuple[int, Value | None]]
) -> None:
    """After any changes tomllib reads just those values; every comment is still there, apart from removed lines'."""
    toml, values = TomlText(text[0]), tomllib.loads(text[0])
    for number, value in changes:
        path = text[1][number % len(text[1])]
        if value is None:
            toml.remove(path)
        else:
            toml.set(path, value)
        put(values, path, value)
    assert tomllib.loads(toml.text) == values
    assert text[0] is INLINE or all(f"# {word}" in toml.text for word in ("our rail", "the rest", "the end", "serial"))


@given(VALUES)
def test_values_are_written_as_toml_reads_them(value: Value) -> None:
    assert tomllib.loads(f"k = {toml_value(value)}")["k"] == value
