"""`pacerail flash`: from any state to running."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from pacerail import firmware as builds
from pacerail.cli.firmware import Numbers
from pacerail.errors import InputError
from pacerail.flash.gather import Wanted, at_places, likely_boards
from pacerail.flash.image import Images
from pacerail.flash.run import flash_all
from pacerail.flash.states import Line
from pacerail.flash.system import System
from pacerail.flash.target import Outcome, Tools
from pacerail.model.boardtype import board_types, load_board_type
from pacerail.model.rail import Board
from pacerail.model.railfile import load_rail
from pacerail_node import VERSION


@click.command()
@click.argument("places", metavar="[PORT...]", nargs=-1)
@click.option("--rail", "rail_name", metavar="FILE", help="Rail file: who the boards are and what hangs on them.")
@click.option("--name", "names", metavar="BOARD", multiple=True, help="A board's name; once for each board wanted.")
@click.option("--all", "every", is_flag=True, help="Every board of the rail file; without one, every board found.")
@click.option("--board", "kind_name", metavar="TYPE", help='Without a rail file: the boards\' type, such as "pico".')
@click.option("--outputs", type=Numbers(), help="With --board: LEDs of each output; default 150.")
@click.option(
    "--image", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="MicroPython image (.uf2 or .bin) in place of the one that the board file names.",
)  # fmt: skip
@click.option("--new-image", is_flag=True, help="Write the image even where a fitting MicroPython is.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON on standard output.")
def flash(
    places: tuple[str, ...], rail_name: str | None, names: tuple[str, ...], every: bool, kind_name: str | None,
    outputs: tuple[int, ...] | None, image: Path | None, new_image: bool, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Put MicroPython and the firmware onto boards, whatever state they are in, and see them answer.

    PORT is a USB serial number, a device path, a URL, or the folder of a blank board's boot drive. A rail file knows
    its boards' ports. A cable pulled at any moment leaves a board with its old firmware or its new one; running this
    again does only what is missing.

    \b
    Examples:
      pacerail flash --rail paris.toml --all                         every board of the rail
      pacerail flash --rail paris.toml --name b07 --name b08         these two
      pacerail flash /dev/ttyACM0 --rail paris.toml --name b07       b07 is the board at this port
      pacerail flash --board pico --name b01 --outputs 150,150       the one Pico that is plugged in, blank or not
    """
    if (rail_name is None) == (kind_name is None):
        raise click.UsageError("say which boards they are: --rail FILE, or --board TYPE")
    if rail_name is not None and outputs is not None:
        raise click.UsageError("--outputs goes with --board; the rail file says what hangs on its boards")
    system = System()
    if rail_name is not None:
        boards = _of_rail(rail_name, places, names, every)
    else:
        boards = _of_type(kind_name or "", places, names, every, outputs or (150,), system)
    with _Screen() as screen:
        images = Images(image, screen.line)
        if image is not None:
            for kind in {board.kind.name: board.kind for board in boards}.values():
                images.image_of(kind)  # a wrong one is said before any board is touched
        tools = Tools(images, system, new_image=new_image, dry_run=dry_run)
        done = flash_all(boards, tools, screen.say, screen.finished)
    failed = sum(1 for outcome in done if outcome.failed)
    _table(done)
    if as_json:
        summary = {"version": VERSION, "failed": failed, "boards": [asdict(outcome) for outcome in done]}
        click.echo(json.dumps(summary, indent=2))
    if failed:
        rest = "; the others are done" if failed < len(done) else ""
        click.echo(
            f"{failed} of {len(done)} boards failed{rest}. Running this again does only what is missing", err=True
        )
        sys.exit(1)


def _of_rail(rail_name: str, places: tuple[str, ...], names: tuple[str, ...], every: bool) -> list[Wanted]:
    """The boards of a rail file that are meant. Raises InputError for a name or a PORT that it does not have."""
    rail = load_rail(rail_name)
    unknown = [name for name in names if name not in [board.name for board in rail.boards]]
    if unknown:
        known = ", ".join(board.name for board in rail.boards)
        raise InputError(f"{rail_name}: no board {unknown[0]}; expected one of {known}")
    if every and (names or places):
        raise InputError("--all is every board of the rail file; expected it without PORT and --name")
    if names:
        meant = [next(board for board in rail.boards if board.name == name) for name in dict.fromkeys(names)]
    elif places:
        meant = [_at(rail.boards, place, rail_name) for place in places]
    elif every:
        meant = list(rail.boards)
    else:
        raise InputError(f"{rail_name}: which of its {len(rail.boards)} boards? Expected --name BOARD, or --all")
    wanted: list[Wanted] = []
    for board in meant:
        if board.type == "sim":
            raise InputError(
                f"{rail_name}: {board.name} is a simulated board; expected a type of {', '.join(board_types())}"
            )
        kind = load_board_type(board.type)
        files = builds.build(kind, builds.rail_board_config(kind, rail, board))
        port, bus = board.port, None
        if (board.link or kind.link).kind != "usb":  # its console is at its USB port, its firmware on the pair
            bus = Line(board.port, rail.key, board.address) if board.port else None
            port = None
        wanted.append(Wanted(board.name, kind, files, port, board.uid, rail.key, bus))
    return at_places(wanted, places) if places else wanted


def _at(boards: tuple[Board, ...], place: str, rail_name: str) -> Board:
    for board in boards:
        if place in (board.port, board.uid):
            return board
    raise InputError(f"{rail_name}: no board has the port {place}; expected --name BOARD, saying which it is")


def _of_type(
    kind_name: str,
    places: tuple[str, ...],
    names: tuple[str, ...],
    every: bool,
    outputs: tuple[int, ...],
    system: System,
) -> list[Wanted]:
    """Boards of a type, at the PORTs given or at those found. Raises InputError if it is not clear which are meant."""
    kind = load_board_type(kind_name)
    if not places:
        drives = tuple(str(drive.folder) for drive in system.drives())
        places = (*likely_boards(system.ports()), *drives)
        if not places:
            raise InputError("no board found; expected one at a USB port, or a PORT")
        if len(places) > max(1, len(names)) and not every:
            raise InputError(f"{len(places)} boards found ({', '.join(places)}); expected PORT, or --all")
    names = names or tuple(f"b{number:02d}" for number in range(1, len(places) + 1))
    wanted: list[Wanted] = []
    for number, name in enumerate(names, start=1):
        settings = builds.BoardSettings(name, outputs, number)
        wanted.append(Wanted(name, kind, builds.build(kind, builds.board_config(kind, settings))))
    return at_places(wanted, places)


class _Screen:
    """Progress: a bar for each board where a person looks, else a line for each step."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        columns = (TextColumn("{task.fields[name]}"), BarColumn(20), TextColumn("{task.description}"))
        self._progress = Progress(*columns, console=self._console) if self._console.is_terminal else None
        self._tasks: dict[str, TaskID] = {}
        self._steps: dict[str, str] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> _Screen:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def line(self, text: str) -> None:
        """One line to standard error."""
        if self._progress is not None:
            self._progress.console.print(text, markup=False, highlight=False)
        else:
            click.echo(text, err=True)

    def say(self, name: str, step: str, done: int, whole: int) -> None:
        """How far a board is."""
        with self._lock:
            new = self._steps.get(name) != step
            self._steps[name] = step
            if self._progress is None:
                if new:
                    click.echo(f"{name}: {step}", err=True)
                return
            if name not in self._tasks:
                self._tasks[name] = self._progress.add_task(step, name=name)
            self._progress.update(self._tasks[name], description=step, completed=done, total=whole or None)

    def finished(self, outcome: Outcome) -> None:
        """A board is done."""
        self.say(outcome.name, "failed" if outcome.failed else outcome.done, 1, 1)


def _table(done: list[Outcome]) -> None:
    """What became of each board, in columns."""
    rows = [("board", "port", "was", "now")]
    for outcome in done:
        sent = f"; {outcome.files_sent} files sent" if outcome.version else ""
        image = "; new image" if outcome.image else ""
        now = f"FAILED: {outcome.failed}" if outcome.failed else f"{outcome.done}{image}{sent}"
        rows.append((outcome.name, outcome.port, outcome.was, now))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        left = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False))
        click.echo(f"{left}  {row[3]}", err=True)
