"""`pacerail bench`: a race on the simulated rail."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TextIO

import click
from rich.console import Console

from pacerail.bench.delays import LINKS
from pacerail.bench.faults import load_faults
from pacerail.bench.guns import KINDS, SimGun
from pacerail.bench.run import Settings, run_bench
from pacerail.bench.simboard import find_micropython
from pacerail.cli.numbers import Finite
from pacerail.cli.options import Speed, check_writable, plan_of, rail_of, rail_option, report_option, write_report
from pacerail.cli.served import PageSettings, browser_option, listen_option, serve_bench
from pacerail.console.run import can_open_browser
from pacerail.errors import InputError
from pacerail.gun import SCHEDULED
from pacerail.live.view import live_view
from pacerail.model.rail import even_rail
from pacerail.race.script import load_script
from pacerail.summary import summary


@click.command()
@click.argument("plan_name", metavar="PLAN")
@rail_option
@click.option("--headless", is_flag=True, help="No live view: the report as JSON on standard output.")
@click.option("--terminal", is_flag=True, help="The live view in this terminal; what it is where no browser can open.")
@click.option("--page", "wants_page", is_flag=True, help="The live view in a browser, also where none can be opened.")
@click.option("--by-hand", is_flag=True, help="The race waits for the page: confirm, prepare, arm and start it there.")
@listen_option
@browser_option
@click.option("--speed", type=Speed(), default="1", show_default=True, help="Virtual seconds in a second, or max.")
@click.option("--boards", type=click.IntRange(1, 250), help="An evenly divided rail of so many boards.")
@click.option("--leds", type=click.IntRange(1, 2000), help="LEDs on each of its boards.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same frames.")
@click.option("--ppm", type=Finite(0, 200), default=20.0, show_default=True, help="Crystals are off by up to so much.")
@click.option("--link", type=click.Choice(list(LINKS)), default="usb", show_default=True, help="What boards hang on.")
@click.option("--loss", "loss_percent", type=Finite(0, 50), default=0.0, help="Messages lost or damaged, in %.")
@click.option(
    "--gun", "gun_kind", type=click.Choice(KINDS), default=SCHEDULED, show_default=True, help="How it is heard."
)
@click.option("--faults", "faults_path", metavar="FILE", help="Power cuts and pulled plugs on a script.")
@click.option("--orders", "orders_path", metavar="FILE", help="Changes, recall and more on a script.")
@report_option
@click.option("--record", "record_path", metavar="FILE", help="Write every changed frame as JSON lines.")
def bench(
    plan_name: str,
    rail_name: str | None,
    headless: bool,
    terminal: bool,
    wants_page: bool,
    by_hand: bool,
    listen: str | None,
    no_browser: bool,
    speed: float | None,
    boards: int | None,
    leds: int | None,
    seed: int,
    ppm: float,
    link: str,
    loss_percent: float,
    gun_kind: str,
    faults_path: str | None,
    orders_path: str | None,
    report_path: str | None,
    record_path: str | None,
) -> None:
    """Run a race on the simulated rail: the real firmware on boards that are processes, judged frame by frame.

    \b
    Examples:
      pacerail bench breaking4-3-59
      pacerail bench breaking4-3-59 --terminal --speed 10
      pacerail bench breaking4-3-59 --headless --speed max --seed 7 --ppm 40 --report r.json
    """
    wants_page = wants_page or by_hand or listen is not None
    if sum((headless, terminal, wants_page)) > 1:
        raise InputError("--headless, --terminal and a page (--page, --by-hand, --listen): expected one of them")
    in_page = wants_page or (not headless and not terminal and sys.stderr.isatty() and can_open_browser())
    rail = rail_of(rail_name)
    if boards is not None or leds is not None:
        if rail_name is not None:
            raise InputError("--boards and --leds make an even rail of their own; expected them without --rail")
        try:
            rail = even_rail(boards=boards or 16, leds=leds or 150)
        except ValueError as error:
            raise InputError(f"--boards/--leds: {error}") from error
    plan = plan_of(plan_name, rail)
    faults = load_faults(faults_path, rail, plan.end_s) if faults_path is not None else ()
    orders = load_script(orders_path) if orders_path is not None else ()
    read = (plan_name, rail_name, faults_path, orders_path)
    check_writable(report_path, *read)
    check_writable(record_path, *read, report_path)
    find_micropython()  # before an earlier record is overwritten
    with contextlib.ExitStack() as stack:
        record: TextIO | None = None
        if record_path is not None:
            try:
                record = stack.enter_context(open(record_path, "w", buffering=1 << 20))
            except OSError as error:
                raise InputError(f"{record_path}: cannot be written ({error.strerror})") from error
        settings = Settings(
            speed=speed,
            seed=seed,
            ppm=ppm,
            record=record,
            faults=faults,
            orders=orders,
            gun=None if gun_kind == SCHEDULED else SimGun(gun_kind, str(seed)),
            link=link,
            loss_share=loss_percent / 100,
        )
        if in_page:
            page = PageSettings(listen, not no_browser)
            phase, last = serve_bench(rail, plan_name, settings, page, report_path, by_hand=by_hand)
            sys.exit(130 if last is None or phase == "interrupted" else 1 if last.failures else 0)
        view = None if headless else live_view(Console(stderr=True))
        done, report = run_bench(plan, rail, settings, view)
    if headless:
        click.echo(json.dumps(report.as_dict(), indent=2))
    else:
        Console().print(summary(report, plan, done.race.race_s()))
    write_report(report, report_path)
    if done.race.phase == "interrupted":
        sys.exit(130)
    if report.failures:
        sys.exit(1)
