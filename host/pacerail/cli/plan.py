"""`pacerail plan`: check, show, at, read, new."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from pacerail import newplan, readback
from pacerail.errors import InputError
from pacerail.model.plan import Plan
from pacerail.model.planfile import load_plan
from pacerail.model.railfile import load_rail
from pacerail.model.track import Track, standard_track
from pacerail.model.units import parse_time_s

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


def _loaded(plan_name: str, rail: str | None) -> tuple[Plan, Track]:
    """The plan and the track it runs on; its warnings go to standard error."""
    track = load_rail(rail).track if rail else standard_track()
    loaded = load_plan(plan_name, track)
    for warning in loaded.warnings:
        click.echo(f"{warning} (warning)", err=True)
    return loaded, track


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
    loaded, _ = _loaded(plan_name, rail)
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
    loaded, track = _loaded(plan_name, rail)
    if as_json:
        click.echo(json.dumps(readback.plan_at(loaded, track, time_s)))
    else:
        Console().print(readback.at_table(loaded, track, time_s))


@plan.command()
@_plan_and_rail
def read(plan_name: str, rail: str | None) -> None:
    """Read a plan back in plain words: to the athlete, the coach, the announcer.

    \b
    Example:
      pacerail plan read breaking4-3-59 --rail rails/indoor-200.toml
    """
    loaded, track = _loaded(plan_name, rail)
    for line in readback.read_back(loaded, track):
        click.echo(line)


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
    if output is None:
        click.echo(text, nl=False)
        return
    newplan.write_new_plan(Path(output), text, force=force)
    click.echo(f"{output}: written; read it back with: pacerail plan read {output}", err=True)
