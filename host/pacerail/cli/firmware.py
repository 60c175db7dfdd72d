"""`pacerail firmware`: what goes on the boards."""

from __future__ import annotations

from pathlib import Path

import click

from pacerail import firmware as builds
from pacerail.errors import InputError
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
    """Build the firmware of the boards.

    \b
    Example:
      pacerail firmware build --board pico --out build/b01 --name b01 --outputs 150,150
    """


@firmware.command()
@click.option(
    "--board", "kind_name", metavar="TYPE", required=True, help='Board type: a file, or a name such as "pico".'
)
@click.option("--out", metavar="DIR", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder.")
@click.option("--rail", "rail_name", metavar="FILE", help="Take the board called --name from this rail file.")
@click.option("--name", default="b01", show_default=True, help="The board's name on the rail.")
@click.option("--outputs", type=Numbers(), help="LEDs of each output; default: 150, or what the rail file says.")
@click.option("--pins", type=Numbers(), default=(), help="GPIO of each output; default: the board type's.")
@click.option("--strip", type=click.Choice(builds.STRIPS), help="Kind of strip; default: the board type's.")
@click.option("--order", type=click.Choice(builds.ORDERS), help="Colour order; default: the board type's.")
@click.option("--brightness", type=click.IntRange(1, 256), default=256, show_default=True, help="256 is full.")
@click.option("--address", type=click.IntRange(1, 250), default=1, show_default=True, help="On a shared RS-485 pair.")
def build(
    kind_name: str, out: Path, rail_name: str | None, name: str, outputs: tuple[int, ...] | None,
    pins: tuple[int, ...], strip: str | None, order: str | None, brightness: int, address: int,
) -> None:  # fmt: skip
    """Compile every file of a board into a folder, as they lie on it.

    \b
    Example:
      pacerail firmware build --board pico --out build/b01 --rail paris.toml --name b01
    """
    kind = builds.load_board_type(kind_name)
    key = uid = None
    if rail_name is not None:
        rail = load_rail(rail_name)
        found = [board for board in rail.boards if board.name == name]
        if not found:
            raise InputError(f"{rail_name}: no board {name}; expected one of " + ", ".join(b.name for b in rail.boards))
        key, uid, address = rail.key, found[0].uid, found[0].address
        outputs = outputs or tuple(output.leds for output in found[0].outputs)
    outputs = outputs or (150,)
    count = len(outputs)
    board = builds.BoardSettings(
        name, outputs, address, uid, key, pins, (strip,) * count if strip else (), (order,) * count if order else (),
        brightness,
    )  # fmt: skip
    files = builds.build(kind, builds.board_config(kind, board))
    builds.write(files, out)
    for path, data in sorted(files.items()):
        click.echo(f"{len(data):7,}  {path}", err=True)
    total = sum(map(len, files.values()))
    click.echo(f"{total:7,}  bytes for a {kind.title}, firmware {VERSION}, in {out}", err=True)
