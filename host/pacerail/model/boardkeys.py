"""What a rail file says of a board beside where its LEDs are: type, strips, brightness, gun, link."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pacerail.errors import InputError
from pacerail.model.boardcheck import Wanted, board_faults, order_of, port_fault
from pacerail.model.boardtype import (
    HIGHEST_PIN,
    LINK_KEYS,
    STRIPS,
    BoardType,
    LinkSpec,
    board_types,
    load_board_type,
    read_order,
)
from pacerail.model.boardtype import read_link as read_link_keys
from pacerail.model.document import Table, list_of
from pacerail.model.rail import Rail
from pacerail.model.units import quoted

LIGHT_KEYS = ("strip", "order", "brightness", "white", "gamma")

Kinds = dict[str, BoardType | None]
"""The board types that a rail file names; None for one that is wrong. The simulated one is not among them."""


def read_type(table: Table, kinds: Kinds) -> str:
    """A board's type: "sim", a shipped name, or a file, seen from the rail file's folder first. Notes it in `kinds`."""
    name = table.text("type", "sim", limit=300)
    beside = Path(table.document.name).parent / name
    if name.endswith(".toml") and beside.is_file():
        name = str(beside)
    if name == "sim" or name in kinds:
        return name
    kinds[name] = None
    if not name.endswith(".toml") and name not in board_types():
        known = ", ".join(("sim", *board_types()))
        table.mistake("type", f"{quoted(name)} is no board type; expected one of {known}, or a file (docs/boards.md)")
        return name
    try:
        kinds[name] = load_board_type(name)
    except InputError as error:
        for line in error.messages:
            table.mistake("type", line)
    return name


def read_light(table: Table) -> dict[str, Any]:
    """What is sent for each level: brightness, white point and dimming curve of a board."""

    def white(value: object) -> tuple[int, int, int]:
        shares = [share for share in list_of(value) if isinstance(share, int) and 0 <= share <= 256]
        if len(shares) != 3 or len(list_of(value)) != 3:
            raise ValueError(f"{quoted(value)} does not do; expected [red, green, blue], 0 to 256, as [256, 200, 180]")
        return shares[0], shares[1], shares[2]

    return {
        "brightness": table.integer("brightness", 256, 1, 256),
        "white": table.parsed("white", white, (256, 256, 256)),
        "gamma": table.number("gamma", 1.0, 1.0, 4.0),
    }


def read_strip(table: Table) -> tuple[str | None, str | None]:
    """The kind of strip and the colour order that a table names."""
    return table.choice("strip", STRIPS, "") or None, read_order(table, "order", "") or None


def read_gun(table: Table) -> Literal[True] | int | None:
    value = table.value("gun")
    if value is None or value is False:
        return None
    if value is True:
        return True
    return table.integer("gun", 0, 0, HIGHEST_PIN)


def read_link(table: Table, kind: BoardType | None) -> LinkSpec | None:
    """The link that a table asks for; what it does not say is the board type's."""
    link = table.table("link")
    if link is None:
        return None
    link.only(LINK_KEYS)
    if kind is None:
        pins = tuple(range(HIGHEST_PIN + 1))
        return read_link_keys(link, LinkSpec("usb", 0, 0, 1), pins, ())
    return read_link_keys(link, kind.link, kind.pins_allowed, kind.pins_input)


def type_faults(rail: Rail, kinds: Kinds) -> Iterator[tuple[int, str, int | None, str]]:
    """What the boards' types cannot do: board, key, output or None, and "what is wrong; expected ..."."""
    ports = [board.port for board in rail.boards]
    for b, board in enumerate(rail.boards):
        kind = kinds.get(board.type)
        if kind is None:
            continue
        link = board.link or kind.link
        strips = tuple(output.strip or kind.strip for output in board.outputs)
        wanted = Wanted(
            leds=tuple(output.leds for output in board.outputs),
            pins=tuple(output.pin for output in board.outputs),
            strips=strips,
            orders=tuple(o.order or order_of(s, kind.order) for o, s in zip(board.outputs, strips, strict=True)),
            link=link,
            gun_pin=kind.gun_pin if board.gun is True else board.gun,
        )
        for fault in board_faults(kind, wanted):
            yield b, fault.key, fault.output, fault.text
        if board.gun is True and kind.gun_pin is None:
            yield b, "gun", None, f"a {kind.title} has no gun pin of its own; expected gun = the number of a GPIO"
        text = port_fault(board.port, link, ports.count(board.port) > 1)
        if text is not None:
            yield b, "port", None, text
