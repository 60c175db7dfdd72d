"""What several commands ask for in the same way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from pacerail.errors import InputError
from pacerail.fleet import why_not_spared
from pacerail.model.plan import Plan
from pacerail.model.planfile import load_plan
from pacerail.model.rail import Rail, even_rail
from pacerail.model.railfile import load_rail
from pacerail.report import Report

rail_option = click.option(
    "--rail",
    "rail_name",
    metavar="FILE",
    help="Rail file, or the name of a shipped one; default: 16 boards of 150 LEDs.",
)
report_option = click.option(
    "--report", "report_path", metavar="FILE", type=click.Path(dir_okay=False), help="Write the report as JSON."
)

without_option = click.option(
    "--without",
    metavar="BOARD",
    multiple=True,
    help="Do without this board if it does not answer: its stretch stays dark until it comes.",
)


def rail_of(rail_name: str | None) -> Rail:
    """The rail that --rail names, or the default one. Raises InputError for a bad file."""
    return even_rail() if rail_name is None else load_rail(rail_name)


def check_without(names: Sequence[str], rail: Rail) -> tuple[str, ...]:
    """The boards of --without. Raises InputError for a name that no board of the rail has, and for all of them."""
    reason = why_not_spared(names, [board.name for board in rail.boards])
    if reason is not None:
        raise InputError(f"--without: {reason}")
    return tuple(names)


def plan_of(plan_name: str, rail: Rail) -> Plan:
    """A plan for a rail, its warnings told. Raises InputError for a bad file."""
    plan = load_plan(plan_name, rail.track)
    for warning in plan.warnings:
        click.echo(f"{warning} (warning)", err=True)
    return plan


class Speed(click.ParamType[float | None]):
    """A factor on time, or "max"."""

    name = "max|X"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """None for "max"."""
        if value is None or isinstance(value, float) or value == "max":
            return None if value == "max" else value
        try:
            speed = float(value)
        except ValueError:
            speed = 0.0
        if not 0.01 <= speed <= 1000:
            self.fail(f"{value!r} is no speed; expected max or a number from 0.01 to 1000", param, ctx)
        return speed


def check_writable(path: str | None, *others: str | None) -> None:
    """Raises InputError, before anything is run, if a file cannot be written where it is wanted.

    Or if that would overwrite one of the `others`: what is read, or another output.
    """
    if path is None:
        return
    place = Path(path).absolute()
    if not path or place.is_dir() or not place.parent.is_dir():
        raise InputError(f"{path}: cannot be written; expected a file in a folder that exists")
    if not os.access(place if place.exists() else place.parent, os.W_OK):
        raise InputError(f"{path}: cannot be written (no permission); expected one that can be")
    for other in others:
        if other is not None and (other == path or (place.exists() and Path(other).exists() and place.samefile(other))):
            raise InputError(f"{path}: would overwrite what this command reads or writes; expected another file")


def write_report(report: Report, path: str | None) -> None:
    """Write a report where --report says. Raises InputError if it cannot be written."""
    if path is not None:
        try:
            report.write(Path(path))
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror}); the report is lost there") from error
