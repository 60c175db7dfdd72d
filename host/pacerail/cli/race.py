"""`pacerail race`: a race on the rail itself."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import click

from pacerail.cli.numbers import Finite
from pacerail.cli.options import check_writable, plan_of, rail_of, rail_option, report_option, write_report
from pacerail.compile import compile_tables
from pacerail.model.units import parse_time_s
from pacerail.race import Event, Race, run
from pacerail.railfleet import open_fleet
from pacerail.report import race_report


@click.command()
@click.argument("plan_name", metavar="PLAN")
@rail_option
@click.option("--headless", is_flag=True, help="Messages as plain lines, the report as JSON on standard output.")
@click.option(
    "--go-in",
    "go_in_s",
    metavar="S",
    type=Finite(0.5, 86_400),
    required=True,
    help="Start in so many seconds, once armed.",
)
@click.option("--until", metavar="T", help="Stop the lights at this race time, as 3:01.84.")
@report_option
def race(
    plan_name: str, rail_name: str | None, headless: bool, go_in_s: float, until: str | None, report_path: str | None
) -> None:
    """Run a race on the rail: connect, check, upload, sync, arm, start, follow, report.

    Ctrl-C leaves the rail alone: lights that have their gun run on by themselves (see pacerail stop).

    \b
    Example:
      pacerail race breaking4-3-59 --rail paris.toml --headless --go-in 10 --report r.json
    """
    rail = rail_of(rail_name)
    plan = plan_of(plan_name, rail)
    try:
        until_s = None if until is None else parse_time_s(until)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--until") from error
    check_writable(report_path, plan_name, rail_name)
    begun = time.monotonic()

    def show(event: Event) -> None:
        click.echo(f"{time.strftime('%H:%M:%S')}  {event.board or 'rail'}: {event.words}", err=True)

    async def whole() -> Race:
        with open_fleet(rail, asyncio.get_running_loop(), compile_tables(plan, rail)) as fleet:
            under_way = Race(plan, fleet, show)
            try:
                await run(under_way, go_in_s, until_s)
            except asyncio.CancelledError:
                under_way.phase = "left"
            return under_way

    done = asyncio.run(whole())
    report = race_report(done, rail, time.monotonic() - begun)
    if headless:
        click.echo(json.dumps(report.as_dict(), indent=2))
    write_report(report, report_path)
    if done.phase == "left":
        lights = "the lights have no gun" if done.gun is None else "the lights run on by themselves"
        click.echo(f"left: {lights}; pacerail stop ends and unarms them", err=True)
        sys.exit(130)
    for failure in report.failures:
        click.echo(failure, err=True)
    if report.failures:
        sys.exit(1)
