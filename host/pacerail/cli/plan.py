"""`pacerail plan`: check, show, at, read, sheet, new."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from pacerail import newplan, readback
from pacerail.cli.options import check_writable, plan_of, rail_of
from pacerail.compile import compile_tables
from pacerail.errors import InputError
from pacerail.model.plan import Plan
from pacerail.model.rail import Rail
from pacerail.model.units import parse_time_s
from pacerail.resources import find

Command = Callable[..., Any]


def _plan_and_rail(command: Command) -> Command:
    """The PLAN argument and the --rail option, alike for every command here."""
    command = click.option(
        "--rail",
        metavar="FILE",
        help="Rail file, or a shipped name; names the track. Default: the standard 400 m track.",
    )(command)
    return click.argument("plan_name", metavar="PLAN")(command)


def _json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")(command)


def _loaded(plan_name: str, rail_name: str | None) -> tuple[Plan, Rail]:
    """The plan and the rail it runs on; its warnings go to standard error."""
    rail = rail_of(rail_name)
    return plan_of(plan_name, rail), rail


@click.group()
def plan() -> None:
    """Check, show, read back and write pace plans. PLAN is a file or a shipped name.

    \b
    Example:
      pacerail plan read breaking4-3-59
    """


@plan.command()
@_plan_and_rail
def check(plan_name: str, rail: str | None) -> None:
    """Check a plan: "ok" and its hash, or exit 2 with every mistake as FILE:LINE.

    \b
    Example:
      pacerail plan check plans/breaking4-3-59.toml
    """
    loaded, on = _loaded(plan_name, rail)
    compile_tables(loaded, on)  # what no board could take is refused here and not at the rail
    click.echo(f"{plan_name}: ok, plan {loaded.hash}")


@plan.command()
@_plan_and_rail
@_json_option
def show(plan_name: str, rail: str | None, as_json: bool) -> None:
    """The splits of every wave.

    \b
    Example:
      pacerail plan show record-4-07-64 --json
    """
    loaded, _ = _loaded(plan_name, rail)
    if as_json:
        click.echo(json.dumps(readback.plan_json(loaded)))
    else:
        Console().print(readback.splits_table(loaded))


@plan.command()
@_plan_and_rail
@click.option("--time", "time_text", required=True, metavar="T", help="Race time: 60, 181.84 or 3:01.84.")
@_json_option
def at(plan_name: str, rail: str | None, time_text: str, as_json: bool) -> None:
    """Where every wave is at a race time.

    \b
    Example:
      pacerail plan at breaking4-3-59 --time 3:01.84
    """
    try:
        time_s = parse_time_s(time_text)
    except ValueError as error:
        raise InputError(f"--time: {error}") from None
    loaded, on = _loaded(plan_name, rail)
    if as_json:
        click.echo(json.dumps(readback.plan_at(loaded, on.track, time_s)))
    else:
        Console().print(readback.at_table(loaded, on.track, time_s))


@plan.command()
@_plan_and_rail
def read(plan_name: str, rail: str | None) -> None:
    """Read a plan back in plain words: to the athlete, the coach, the announcer.

    \b
    Example:
      pacerail plan read breaking4-3-59 --rail indoor-200
    """
    loaded, on = _loaded(plan_name, rail)
    for line in readback.read_back(loaded, on.track):
        click.echo(line)


@plan.command()
@_plan_and_rail
@click.option("-o", "--output", required=True, metavar="FILE", help="File to write: .pdf, or .html, which prints too.")
@click.option("--every", type=click.Choice(["100", "200", "400"]), help="Metres between splits. Default: as fits.")
def sheet(plan_name: str, rail: str | None, output: str, every: str | None) -> None:
    """Write a plan on one A4 page: for the athlete, the coach, television, and whoever reads it back and signs.

    \b
    Example:
      pacerail plan sheet breaking4-3-59 -o tonight.pdf
    """
    from pacerail.sheet.write import SUFFIXES, sheet_bytes  # what writes PDFs takes a while to load

    path = Path(output)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{output}: is no kind of sheet; expected a name that ends in .pdf or .html")
    rail_path = None if rail is None else str(find("rails", rail))
    check_writable(output, str(find("plans", plan_name)), rail_path)
    loaded, on = _loaded(plan_name, rail)
    try:
        written = sheet_bytes(loaded, on.track, path.suffix, int(every) if every else None)
        path.write_bytes(written)
    except ValueError as error:
        raise InputError(f"{output}: {error}") from None
    except OSError as error:
        raise InputError(f"{output}: cannot be written ({error.strerror}); expected a file that can be") from None
    click.echo(f"{output}: written, plan {loaded.hash}", err=True)


@plan.command()
@click.argument("target")
@click.argument("distance")
@click.option("-o", "--output", metavar="FILE", help="File to write; without it the plan goes to standard output.")
@click.option("--force", is_flag=True, help="Overwrite the file if it is there.")
def new(target: str, distance: str, output: str | None, force: bool) -> None:
    """Write a commented plan from a TARGET time and a DISTANCE.

    \b
    Example:
      pacerail plan new 3:59.99 "1 mile" -o attempt.toml
    """
    text = newplan.new_plan_text(target, distance)
    newplan.check_new_plan(text)
    if output is None:
        click.echo(text, nl=False)
        return
    newplan.write_new_plan(Path(output), text, force=force)
    click.echo(f"{output}: written; read it back with: pacerail plan read {output}", err=True)
