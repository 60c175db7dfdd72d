"""`pacerail race`: a race on the rail itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import click

from pacerail.cli.journal import journal_of, keep_journal
from pacerail.cli.loglines import LogLines, event_line
from pacerail.cli.numbers import Finite
from pacerail.cli.options import (
    check_without,
    check_writable,
    plan_of,
    rail_of,
    rail_option,
    report_option,
    without_option,
    write_report,
)
from pacerail.cli.typed import obey_typed
from pacerail.compile import compile_tables
from pacerail.errors import InputError
from pacerail.fleet import spare
from pacerail.gun import Gun, ago
from pacerail.gunsources import check_source, parse_source
from pacerail.model.plan import Plan
from pacerail.model.rail import Rail
from pacerail.model.units import parse_time_s
from pacerail.ports import FleetTime, host_clock_us
from pacerail.race.groups import Button, check_buttons, parse_button, watch_buttons
from pacerail.race.join import join
from pacerail.race.run import run
from pacerail.race.script import Timed, load_script, play
from pacerail.race.state import OVER, Event, Race
from pacerail.railfleet import open_fleet
from pacerail.report import race_report


@dataclass(frozen=True)
class Start:
    """How a race is started: what of it the command line says."""

    go_in_s: float | None
    gone: Gun | None
    sources: tuple[str, ...]
    script: tuple[Timed, ...]
    typed: bool
    buttons: tuple[Button, ...] = ()
    joins: bool = False
    without: tuple[str, ...] = ()


@click.command()
@click.argument("plan_name", metavar="PLAN")
@rail_option
@click.option("--headless", is_flag=True, help="Messages as plain lines, the report as JSON on standard output.")
@click.option(
    "--go-in", "go_in_s", metavar="S", type=Finite(0.5, 86_400), help="The gun goes in so many seconds, once armed."
)
@click.option("--ago", "ago_s", metavar="S", help="The gun went so long before this command was given, as 3.2 or 1:02.")
@click.option(
    "--gun",
    "sources",
    metavar="SOURCE",
    multiple=True,
    help="Wait for the gun: pin, or lynx=URL (see docs/gun.md). With several, the better one wins.",
)
@click.option(
    "--button",
    "button_texts",
    metavar="BOARD=GROUP",
    multiple=True,
    help="A press on this board's gun pin begins this group of a training plan; b03=red+5: 5 s later.",
)
@click.option(
    "--orders", "orders_path", metavar="FILE", help="Orders on a script (see docs/race-night.md); - is typed."
)
@click.option("--join", "joins", is_flag=True, help="Take over the race that runs: its program or laptop has died.")
@without_option
@click.option("--until", metavar="T", help="Stop the lights at this race time, as 3:01.84.")
@report_option
def race(
    plan_name: str,
    rail_name: str | None,
    headless: bool,
    go_in_s: float | None,
    ago_s: str | None,
    sources: tuple[str, ...],
    button_texts: tuple[str, ...],
    orders_path: str | None,
    joins: bool,
    without: tuple[str, ...],
    until: str | None,
    report_path: str | None,
) -> None:
    """Run a race on the rail: connect, check, upload, sync, arm, start, follow, report.

    At a terminal it takes orders while it runs: start, recall, shift target +2 m, help lists them all. Ctrl-C leaves
    the rail alone: lights that have their gun run on by themselves (see pacerail stop).

    \b
    Examples:
      pacerail race breaking4-3-59 --rail paris.toml --gun pin --gun lynx=tcp-listen://:9999
      pacerail race breaking4-3-59 --rail paris.toml --headless --go-in 10 --report r.json
      pacerail race training-3-groups --rail paris.toml --go-in 1 --button b03=red --button b09=blue+5
    """
    rail = rail_of(rail_name)
    plan = plan_of(plan_name, rail)
    typed = orders_path == "-" or (orders_path is None and not headless and sys.stdin.isatty())
    for source in sources:
        check_source(source)
    buttons = tuple(parse_button(text, plan, rail) for text in button_texts)
    check_buttons([button.board for button in buttons], sources)
    begin = Start(
        go_in_s,
        None if ago_s is None else ago(host_clock_us(), _seconds(ago_s, "--ago")),
        sources,
        () if orders_path in (None, "-") else load_script(str(orders_path)),
        typed,
        buttons,
        joins,
        check_without(without, rail),
    )
    if ago_s is not None and go_in_s is not None:
        raise InputError("--ago and --go-in: the gun has gone or it will; expected one of them")
    if begin.gone is not None and _seconds(str(ago_s), "--ago") > plan.end_s:
        raise InputError(f"--ago {ago_s}: the race is over after {plan.end_s:.0f} s; expected less")
    if joins and (go_in_s is not None or ago_s is not None):
        raise InputError("--join: the race has its gun already; expected neither --go-in nor --ago with it")
    if not joins and go_in_s is None and ago_s is None and not sources and not begin.script and not typed:
        raise InputError("nothing says when the gun goes; expected --go-in, --ago, --gun or --orders")
    until_s = None if until is None else _seconds(until, "--until")
    check_writable(report_path, plan_name, rail_name, orders_path)
    begun = time.monotonic()
    done = asyncio.run(_race(plan, rail, begin, until_s))
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


async def _race(plan: Plan, rail: Rail, begin: Start, until_s: float | None) -> Race:
    """The race, until it is over or Ctrl-C leaves it."""

    def show(event: Event) -> None:
        log.say(f"{time.strftime('%H:%M:%S')}  {event_line(event)}")

    clock = FleetTime()

    async def take_over(race: Race) -> None:
        await join(race, journal_of(plan.hash), clock)

    patient = bool(begin.without) or begin.joins
    loop, tables = asyncio.get_running_loop(), compile_tables(plan, rail)
    with LogLines() as log, open_fleet(rail, loop, tables, clock, alone=True, patient=patient) as fleet:
        spare(fleet.members, begin.without)
        under_way = Race(plan, rail, fleet, show, keep_journal)
        sources = [parse_source(text, fleet) for text in begin.sources]
        beside: list[asyncio.Future[None]] = []
        if begin.script:
            beside.append(asyncio.ensure_future(play(under_way, begin.script)))
        if begin.buttons:
            beside.append(asyncio.ensure_future(watch_buttons(under_way, begin.buttons)))
        if begin.typed:
            beside.append(asyncio.ensure_future(obey_typed(under_way, log.say)))
        try:
            await run(under_way, begin.go_in_s, until_s, sources, begin.gone, take_over if begin.joins else None)
        except asyncio.CancelledError:
            if under_way.phase not in OVER:
                under_way.phase = "left"
        finally:
            await _end(beside)
            await under_way.heard_through()  # a stop, or the end of an arming that was broken off
        return under_way


async def _end(tasks: Sequence[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended


def _seconds(text: str, option: str) -> float:
    try:
        return parse_time_s(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error
