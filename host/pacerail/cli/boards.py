"""`pacerail boards`: which boards are there, which is which, and whether each does what it should."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import click

from pacerail.boards.candidates import is_port
from pacerail.boards.exchange import exchange
from pacerail.boards.hand import Hand, as_board, at_hand, choose, name_of
from pacerail.boards.listing import identified, listing
from pacerail.boards.probe import Found
from pacerail.boards.scan import scan
from pacerail.boards.trial import Trial, steps
from pacerail.cli.numbers import Finite
from pacerail.cli.options import plan_of
from pacerail.errors import InputError, RailError
from pacerail.model.rail import Rail
from pacerail.model.railfile import load_rail
from pacerail.shows import number, number_s

rail_option = click.option("--rail", "rail_name", metavar="FILE", help="Rail file: its names, ports and key.")


@click.group()
def boards() -> None:
    """Know the boards apart: list them, let them blink, try them out, put a spare in.

    \b
    Example:
      pacerail boards list --rail paris.toml
    """


@boards.command("list")
@rail_option
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.argument("ports", nargs=-1, metavar="[PORT]...")
def list_command(rail_name: str | None, as_json: bool, ports: tuple[str, ...]) -> None:
    """Ask every port who is there, all at once. With --rail: exit 1 if a board is missing or there twice.

    Only ports that are MicroPython's by their USB ids, that the rail file names, or that you give are asked.

    \b
    Examples:
      pacerail boards list
      pacerail boards list --rail paris.toml --json
      pacerail boards list /dev/ttyUSB0 socket://192.168.1.20:5555
    """
    rail = _rail(rail_name)
    found = listing(asyncio.run(scan(rail, ports)), rail)
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=2))
    else:
        for line in found.lines() if found.rows else ["no board found; is it plugged in, and with a data cable?"]:
            click.echo(line)
    for line in found.missing:
        click.echo(f"missing: {line}", err=True)
    for line in found.double:
        click.echo(f"double: {line}", err=True)
    if rail is not None and not found.complete:
        sys.exit(1)


@boards.command()
@click.argument("words", nargs=-1, metavar="[NAME|PORT|ID]...")
@rail_option
@click.option("--together", is_flag=True, help="All at once, for --seconds, to walk along the rail.")
@click.option(
    "--seconds", type=Finite(0.5, 7200), help="How long each blinks; default: its number twice, together 300."
)
def identify(words: tuple[str, ...], rail_name: str | None, together: bool, seconds: float | None) -> None:
    """Let boards blink their number: tens as blue flashes, then ones as white ones, then a pause.

    One or several, or all in turn. With a rail file the numbers are the places of the boards in it.

    \b
    Examples:
      pacerail boards identify b07 --rail paris.toml
      pacerail boards identify --rail paris.toml --together
      pacerail boards identify /dev/ttyACM0
    """
    rail = _rail(rail_name)
    with at_hand(rail, [word for word in words if is_port(word)]) as (hand, found):
        chosen = choose(words, found, rail) if words else [one for one in found if one.identity is not None]
        if not chosen:
            raise RailError("no board answers; pacerail boards list shows what is there")
        numbered = [(one, *_number(one, at, rail)) for at, one in enumerate(chosen, 1)]
        for one, count, name in numbered:
            click.echo(f"{count:3d}  {name}, {one.candidate.port}", err=True)
        if together:
            failed = hand.show_all([(one, number(count, seconds or 300.0)) for one, count, _ in numbered])
            if len(failed) < len(chosen):
                hand.pause(seconds or 300.0)
        else:
            failed = _in_turn(hand, numbered, seconds)
    for name, why in failed.items():
        click.echo(f"{name}: {why}", err=True)
    if failed:
        sys.exit(1)


@boards.command("test")
@click.argument("words", nargs=-1, required=True, metavar="NAME|PORT|ID...")
@rail_option
@click.option("--auto", "auto_s", type=Finite(0.1, 600), metavar="S", help="Go on by itself after so many seconds.")
def test_command(words: tuple[str, ...], rail_name: str | None, auto_s: float | None) -> None:
    """Try boards out: fill, chase, count, ends, colours; Enter goes on.

    Says what you should see, what current that takes by the rail file, and what the board reports.

    \b
    Examples:
      pacerail boards test b07 --rail paris.toml
      pacerail boards test /dev/ttyACM0 --auto 5
    """
    rail = _rail(rail_name)
    with at_hand(rail, [word for word in words if is_port(word)]) as (hand, found):
        for one in choose(words, found, rail):
            assert one.identity is not None
            board = identified(one, rail.boards) if rail else None
            trial = Trial(hand, one, as_board(one, rail))
            click.echo(f"{board.name if board else name_of(one)} at {one.candidate.port}")
            for step in steps(one.identity.outputs):
                before = trial.begin(step)
                click.echo(f"  {trial.words(step)}")
                if auto_s is None:
                    click.prompt("  Enter goes on", default="", show_default=False, prompt_suffix=" ", err=True)
                else:
                    hand.pause(auto_s)
                click.echo(f"    the board reports {trial.end(before)}")


@boards.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--rail", "rail_path", required=True, metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--plan", "plan_name", metavar="PLAN", help="Give it the pace table of this plan at once.")
def replace(old: str, new: str, rail_path: Path, plan_name: str | None) -> None:
    """Let a spare take over a stretch: OLD is a name in the rail file, NEW a port, an id or the spare's name.

    The rail file gets the spare's id and port, once the spare has been asked and fits; else it stays as it is.
    A spare for other LEDs, or without firmware, is flashed for its place first:
    pacerail flash NEW --rail FILE --name OLD.

    \b
    Example:
      pacerail boards replace b07 /dev/ttyACM3 --rail paris.toml --plan tonight.toml
    """
    if not rail_path.is_file():
        raise InputError(f"{rail_path}:1: no such file; expected a rail file, which is then changed")
    rail = load_rail(rail_path)
    plan = plan_of(plan_name, rail) if plan_name is not None else None
    if old not in [board.name for board in rail.boards]:
        raise InputError(f"{old}: no board of {rail_path}; expected one of {', '.join(b.name for b in rail.boards)}")
    with asyncio.Runner() as runner:
        found = runner.run(scan(rail, [new] if is_port(new) else []))
        for line in exchange(rail_path, old, choose([new], found, rail)[0], plan, runner):
            click.echo(line, err=True)


def _rail(rail_name: str | None) -> Rail | None:
    """The rail file that is named; one that does not fit the kerb yet will do."""
    return None if rail_name is None else load_rail(rail_name, whole=False)


def _number(found: Found, at: int, rail: Rail | None) -> tuple[int, str]:
    """The number to blink, and what to call it."""
    board = identified(found, rail.boards) if rail else None
    if rail is None or board is None:
        return (at if rail is None else len(rail.boards) + at), name_of(found)
    return rail.boards.index(board) + 1, board.name


def _in_turn(hand: Hand, numbered: list[tuple[Found, int, str]], seconds: float | None) -> dict[str, str]:
    failed: dict[str, str] = {}
    for one, count, name in numbered:
        how_long_s = seconds or 2 * number_s(count)
        click.echo(f"{name} blinks {count}", err=True)
        refused = hand.show_all([(one, number(count, how_long_s))])
        failed.update(refused)
        if not refused:
            hand.pause(how_long_s)
    return failed
