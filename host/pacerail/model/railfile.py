"""Rails as files: TOML to a Rail, with every mistake named by file and line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pacerail.errors import InputError
from pacerail.model.boardkeys import (
    LIGHT_KEYS,
    Kinds,
    read_gun,
    read_light,
    read_link,
    read_strip,
    read_type,
    type_faults,
)  # fmt: skip
from pacerail.model.document import Table, read_document
from pacerail.model.outputfile import OUTPUT_KEYS, read_outputs
from pacerail.model.rail import LED_MA, LIMIT_MA, Board, Rail, even_rail
from pacerail.model.railcheck import GAP_M, rail_problems
from pacerail.model.track import Track, standard_track
from pacerail.model.trackfile import load_track
from pacerail.model.units import quoted

KEYS = ("title", "track", "key", "max_gap_m", "even", "board")
EVEN_KEYS = ("boards", "leds", "outputs", "type", "limit_ma", "led_ma", "ports", "uids", *LIGHT_KEYS, "link")
BOARD_KEYS = ("name", "type", "uid", "port", "address", *LIGHT_KEYS, "gun", "link", "output")
EVEN_NAMES = {"output": "leds", "port": "ports", "pin": "outputs"}
"""Where [even] says what a board says under another name."""
MAX_BOARDS = 200
MAX_LEDS = 5000
"""The most LEDs of a board."""
MAX_ADDRESS = 250


def load_rail(path_or_name: str | Path, whole: bool = True) -> Rail:
    """The rail of a file, or of a shipped name ("default-400").

    Raises InputError with all mistakes of the file, each "FILE:LINE: what is wrong; expected ...": keys and values,
    gaps, overlaps, and more LEDs than the kerb has room for. With `whole` False a rail that is still being surveyed
    will do, whose boards do not fit the kerb yet.
    """
    document = read_document("rails", path_or_name)
    root = document.root
    root.only(KEYS)
    title = root.text("title", Path(document.name).stem[:100] or "rail")
    track = _track(root, document.name)
    key = root.parsed("key", _key, None) if "key" in root else None
    gap_m = root.number("max_gap_m", GAP_M, 0.0, 10.0)
    if ("even" in root) == ("board" in root):
        document.mistake((), "no rail; expected either [even] or [[board]] tables, and not both")
    even = root.table("even")
    kinds: Kinds = {}
    boards = _even_boards(even, track, kinds) if even else _boards(root, track, kinds)
    document.check()
    rail = Rail(title, track, boards, key)
    for problem in rail_problems(rail, gap_m) if whole else ():
        path = ("even", "leds") if even else ("board", problem.board, "output", problem.output)
        document.mistake(path, problem.text)
    if not any(output.leds > len(set(output.dead)) for board in boards for output in board.outputs):
        document.mistake((), "every LED is dead; expected some light")
    for b, key, output, text in type_faults(rail, kinds):
        inner = ("output", output, key) if output is not None else (key,)
        document.mistake(("even", EVEN_NAMES.get(key, key)) if even else ("board", b, *inner), text)
    document.check()
    return rail


def _track(root: Table, file_name: str) -> Track:
    """The track named in the file: a shipped name, or a path, seen from the rail file's own folder first."""
    if "track" not in root:
        return standard_track()
    name = root.text("track", "", limit=300)
    if not name:
        return standard_track()
    beside = Path(file_name).parent / name
    try:
        return load_track(beside if beside.is_file() else name)
    except InputError as error:
        for line in error.messages:
            root.mistake("track", line)
    except OSError:
        root.mistake("track", f"{quoted(name)} cannot be looked up; expected a track file")
    return standard_track()


def _key(value: object) -> bytes:
    if not isinstance(value, str) or not re.fullmatch(r"(?:[0-9a-fA-F]{2}){16,64}", value):
        # the value itself is a secret, so it is not repeated
        raise ValueError("this is not a key; expected 32 to 128 hex digits in quotes")
    return bytes.fromhex(value)


def _even_boards(table: Table, track: Track, kinds: Kinds) -> tuple[Board, ...]:
    table.only(EVEN_KEYS)
    for key in ("boards", "leds"):
        if key not in table:
            table.document.mistake(table.path, f"no {key}; expected boards = 16 and leds = 150 (LEDs a board)")
    count = table.integer("boards", 1, 1, MAX_BOARDS)
    leds = table.integer("leds", 1, 1, MAX_LEDS)
    outputs = table.integer("outputs", 1, 1, 16)
    type_ = read_type(table, kinds)
    light = read_light(table)
    link = read_link(table, kinds.get(type_))
    strip, order = read_strip(table)
    limit_ma = table.integer("limit_ma", LIMIT_MA, 1, 65_000)
    led_ma = table.integer("led_ma", LED_MA, 1, 600)
    ports = _names(table, "ports", count)
    uids = _names(table, "uids", count)
    if table.document.mistakes:
        return ()
    try:
        rail = even_rail(track, count, leds, type_, outputs)
    except ValueError as error:
        table.mistake("leds", str(error))
        return ()
    return tuple(
        Board(
            board.name,
            tuple(replace(o, limit_ma=limit_ma, led_ma=led_ma, strip=strip, order=order) for o in board.outputs),
            type_,
            uids[index] if uids else None,
            ports[index] if ports else None,
            board.address,
            link=link,
            **light,
        )
        for index, board in enumerate(rail.boards)
    )


def _names(table: Table, key: str, count: int) -> list[str]:
    """A list of one different text a board; empty where there is none."""
    items = table.items(key)
    names = [item for item in items if isinstance(item, str) and item.strip()]
    if items and (len(names) != len(items) or len(names) != count):
        table.mistake(key, f"{len(names)} texts; expected {count}, one a board")
        return []
    if len(set(names)) != len(names):
        table.mistake(key, "one of them stands there twice; expected a different one for each board")
    return names


def _boards(root: Table, track: Track, kinds: Kinds) -> tuple[Board, ...]:
    tables = root.tables("board")
    if "board" in root and not tables and not root.document.mistakes:
        root.mistake("board", "there is none; expected one board at least")
    if len(tables) > MAX_BOARDS:
        root.mistake("board", f"{len(tables)} boards; expected at most {MAX_BOARDS}")
        return ()
    boards = [_board(table, index, track, kinds) for index, table in enumerate(tables)]
    _all_different(tables, "name", [board.name for board in boards])
    _all_different(tables, "uid", [board.uid or "" for board in boards])
    # boards may share a port (RS-485), or an address (each on its own port), but not both
    _all_different(tables, "address", [f"{board.address} at port {board.port}" for board in boards])
    return tuple(boards)


def _board(table: Table, index: int, track: Track, kinds: Kinds) -> Board:
    table.only(BOARD_KEYS)
    if "output" not in table:
        example = ", ".join(OUTPUT_KEYS[:3])
        table.document.mistake(table.path, f"no [[board.output]]; expected one at least, with {example}")
    strip, order = read_strip(table)
    outputs = tuple(
        replace(output, strip=output.strip or strip, order=output.order or order)
        for output in read_outputs(table, track)
    )
    type_ = read_type(table, kinds)
    pixels = sum(output.leds for output in outputs)
    if pixels > MAX_LEDS:
        table.mistake("output", f"{pixels} LEDs on one board; expected at most {MAX_LEDS}")
    return Board(
        name=table.text("name", "", required=True, limit=30),
        outputs=outputs,
        type=type_,
        uid=table.text("uid", "") or None,
        port=table.text("port", "", limit=300) or None,
        address=table.integer("address", min(index + 1, MAX_ADDRESS), 1, MAX_ADDRESS),
        gun=read_gun(table),
        link=read_link(table, kinds.get(type_)),
        **read_light(table),
    )


def _all_different(tables: Sequence[Table], key: str, values: Sequence[str]) -> None:
    seen: set[str] = set()
    for table, value in zip(tables, values, strict=True):
        if value and value in seen:
            table.mistake(key, f"{quoted(value)} is another board's too; expected one of its own")
        seen.add(value)
