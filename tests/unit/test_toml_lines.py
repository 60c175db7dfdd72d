"""The line of every key: against texts made with known lines, and against all that tomllib finds in a text."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacerail import resources
from pacerail.model.toml_lines import KeyPath, key_lines


def paths_of(value: object, path: KeyPath = ()) -> list[KeyPath]:
    """Every path that tomllib's result holds."""
    found: list[KeyPath] = [path]
    if isinstance(value, dict):
        for key, inner in cast(dict[str, object], value).items():
            found += paths_of(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(cast(list[object], value)):
            found += paths_of(inner, (*path, index))
    return found


# MULTI and RAW stand for the two kinds of triple quotes, which one Python text cannot hold both
HARD = (
    """\
# a comment with "quotes" and [brackets]
a = 1 # [not, a, table]
"b.c" = MULTI
[[wave]]
x = 1 \\"MULTI still text
MULTI
d.e = 'its'
[t] # table
"q\\u0041" = [ # in the array
  1, [2,
  3], "]", '#',
  { k = "v}", l = [4] },
]
m = RAW
] } [[wave]]RAW
[[wave]]
name = "first"
[wave.deep]
z = 1979-05-27T07:32:00Z
[[wave]]
name = 'C:\\'
[[wave.sub]]
n = {}
[[wave.sub]]
n = [ ]
""".replace('\\"MULTI', '\\"\\"\\"')
    .replace("MULTI", '"' * 3)
    .replace("RAW", "'" * 3)
)


def test_hard_cases_by_hand() -> None:
    tomllib.loads(HARD)
    lines = key_lines(HARD)
    expected: dict[KeyPath, int] = {
        ("a",): 2,
        ("b.c",): 3,
        ("d",): 7,
        ("d", "e"): 7,
        ("t",): 8,
        ("t", "qA"): 9,
        ("t", "qA", 0): 10,
        ("t", "qA", 1): 10,
        ("t", "qA", 1, 1): 11,
        ("t", "qA", 2): 11,
        ("t", "qA", 4): 12,
        ("t", "qA", 4, "l", 0): 12,
        ("t", "m"): 14,
        ("wave",): 16,
        ("wave", 0): 16,
        ("wave", 0, "name"): 17,
        ("wave", 0, "deep", "z"): 19,
        ("wave", 1): 20,
        ("wave", 1, "name"): 21,
        ("wave", 1, "sub", 0): 22,
        ("wave", 1, "sub", 1, "n"): 25,
    }
    assert {path: lines.get(path) for path in expected} == expected


SHIPPED = [path for kind in ("plans", "rails", "tracks") for path in sorted(resources.folder(kind).glob("*.toml"))]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_key_of_the_shipped_files_has_the_line_it_stands_on(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    rows = text.split("\n")
    lines = key_lines(text)
    for key_path in paths_of(tomllib.loads(text)):
        assert key_path in lines
        names = [part for part in key_path if isinstance(part, str)]
        if key_path and isinstance(key_path[-1], str):
            assert names[-1] in rows[lines[key_path] - 1]


KEYS = st.text("abcXYZ019-_", min_size=1, max_size=6) | st.sampled_from(['"a b"', '"x#y"', "'[z]'", '"\\u00e9."', '""'])
SCALARS = st.sampled_from(
    [
        "1",
        "-2.5e3",
        "true",
        "nan",
        '"s"',
        "'#'",
        '"a\\"]"',
        '"""x\n\n] = "" y"""',
        "'''\n[[k]]\n'''",
        '"""ends in quotes"""""',
        "07:32:00",
        '""',
        "''",
    ]
)
BLANKS = st.sampled_from(["", "\n", '# note ] } "\n', "\n\n", "  \n"])


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    kind = draw(st.sampled_from(["scalar", "array", "inline"])) if depth else "scalar"
    if kind == "array":
        items = draw(st.lists(values(depth - 1), max_size=3))
        return "[" + "".join(f"{draw(BLANKS)} {item},{draw(BLANKS)}" for item in items) + draw(BLANKS) + "]"
    if kind == "inline":
        keys = draw(st.lists(KEYS, max_size=3, unique_by=lambda key: key.strip("\"'")))
        return "{" + ", ".join(f"{key} = {draw(values(depth - 1))}" for key in keys) + "}"
    return draw(SCALARS)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[KeyPath, int]]:
    """A TOML text and the line on which each of its tables and keys was put."""
    text, expected = "", cast(dict[KeyPath, int], {})
    tables = draw(st.integers(0, 4))
    for index in range(-1, tables):
        path: KeyPath = ()
        if index >= 0:
            text += draw(BLANKS)
            path = ("wave", index)
            expected[path] = text.count("\n") + 1
            text += "[[ wave ]]  # one more\n"
        for key in draw(st.lists(KEYS, max_size=4, unique_by=lambda key: key.strip("\"'"))):
            name = str(next(iter(tomllib.loads(f"{key} = 1"))))
            if index < 0 and name == "wave":
                continue
            text += draw(BLANKS)
            expected[(*path, name)] = text.count("\n") + 1
            text += f"{key}\t= {draw(values())} # end\n"
    return text, expected


@settings(derandomize=True, max_examples=200, deadline=None)
@given(documents(), st.booleans())
def test_made_texts(made: tuple[str, dict[KeyPath, int]], windows: bool) -> None:
    text, expected = made
    text = text.replace("\n", "\r\n") if windows else text
    parsed = tomllib.loads(text)
    lines = key_lines(text)
    assert {path: lines.get(path) for path in expected} == expected
    assert [path for path in paths_of(parsed) if path not in lines] == []
