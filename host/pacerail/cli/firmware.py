"""`pacerail firmware`: what goes on the boards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from pacerail import firmware as builds
from pacerail import udev as rules
from pacerail.errors import InputError
from pacerail.model.boardtype import STRIPS, BoardType, board_types, load_board_type, parse_order
from pacerail.model.railfile import load_rail
from pacerail_node import VERSION


class Numbers(click.ParamType[tuple[int, ...]]):
    """Whole numbers with commas between."""

    name = "N,N,..."

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """The numbers as a tuple."""
        if isinstance(value, tuple):
            return value  # pyright: ignore[reportUnknownVariableType]
        try:
            return tuple(int(word) for word in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is no list of numbers; expected such as 150,150", param, ctx)


@click.group()
def firmware() -> None:
    """Build the firmware of the boards; let Linux leave their ports alone.

    \b
    Example:
      pacerail firmware build --board pico --out build/b01 --name b01 --outputs 150,150
    """


@firmware.command()
@click.option("--board", "kind_name", metavar="TYPE", help='Board type: a file, or a name such as "pico".')
@click.option("--out", metavar="DIR", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder.")
@click.option("--rail", "rail_name", metavar="FILE", help="Take the board called --name from this rail file.")
@click.option("--name", default="b01", show_default=True, help="The board's name on the rail.")
@click.option("--outputs", type=Numbers(), help="LEDs of each output; default: 150, or what the rail file says.")
@click.option("--pins", type=Numbers(), help="GPIO of each output; default: the rail file's, or the board type's.")
@click.option("--strip", type=click.Choice(STRIPS), help="Kind of strip, likewise.")
@click.option(
    "--order", metavar="GRB", help="Colour order, likewise: the letters R, G and B, and W where there is white."
)
@click.option("--brightness", type=click.IntRange(1, 256), help="256 is full.")
@click.option("--address", type=click.IntRange(1, 250), help="On a shared RS-485 pair.")
def build(
    kind_name: str | None, out: Path, rail_name: str | None, name: str, outputs: tuple[int, ...] | None,
    pins: tuple[int, ...] | None, strip: str | None, order: str | None, brightness: int | None, address: int | None,
) -> None:  # fmt: skip
    """Compile every file of a board into a folder, as they lie on it.

    \b
    Example:
      pacerail firmware build --board pico --out build/b01 --rail paris.toml --name b01
    """
    if order is not None:
        try:
            parse_order(order)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--order") from error
    kind, board = _wanted(kind_name, rail_name, name)
    if outputs is not None and len(outputs) != len(board.outputs):
        board = replace(board, outputs=outputs, pins=(), strips=(), orders=())
    count = len(outputs or board.outputs)
    said = {
        "outputs": outputs,
        "pins": pins,
        "strips": (strip,) * count if strip else None,
        "orders": (order,) * count if order else (() if strip else None),
        "brightness": brightness,
        "address": address,
    }
    board = replace(board, **{key: value for key, value in said.items() if value is not None})
    files = builds.build(kind, builds.board_config(kind, board))
    builds.write(files, out)
    for path, data in sorted(files.items()):
        click.echo(f"{len(data):7,}  {path}", err=True)
    total = sum(map(len, files.values()))
    most = f"{builds.MAX_BYTES:,} at most"
    click.echo(f"{total:7,}  bytes ({most}) for a {kind.title}, firmware {VERSION}, in {out}", err=True)


def _wanted(kind_name: str | None, rail_name: str | None, name: str) -> tuple[BoardType, builds.BoardSettings]:
    """The board type, and the board of a rail file or one like any. Raises InputError if the file has none such."""
    if rail_name is None:
        if kind_name is None:
            raise InputError(f"no --board; expected a board type: {', '.join(board_types())}, or a file")
        return load_board_type(kind_name), builds.BoardSettings(name, (150,))
    rail = load_rail(rail_name)
    for board in rail.boards:
        if board.name == name:
            kind = load_board_type(kind_name or board.type)
            return kind, builds.rail_settings(kind, rail, board)
    raise InputError(f"{rail_name}: no board {name}; expected one of " + ", ".join(b.name for b in rail.boards))


@firmware.command()
def types() -> None:
    """List the board types that ship with Pacerail.

    \b
    Example:
      pacerail firmware types
    """
    for name in board_types():
        kind = load_board_type(name)
        click.echo(f"{name:10} {kind.title}: {kind.max_outputs} outputs, {kind.max_leds} LEDs")


@firmware.command()
@click.option("--install", is_flag=True, help="Put them in place; as root.")
def udev(install: bool) -> None:
    """Print the udev rules that keep Linux off the boards' ports, and how to install them.

    They stop the modem manager from typing into new ports, let whoever sits at the computer open them, and shorten the
    16 ms for which FTDI adapters hold bytes back.

    \b
    Example:
      sudo .venv/bin/pacerail firmware udev --install
    """
    if install:
        click.echo(f"written: {rules.install()}; pull the boards' cables and plug them in again", err=True)
        return
    click.echo(rules.rules_path().read_text(encoding="utf-8"), nl=False)
    click.echo(f"\nto install: {rules.install_command()}", err=True)
