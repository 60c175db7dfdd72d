"""`pacerail console`: a race night with a page to look at and to press on."""

from __future__ import annotations

import sys

import click

from pacerail.bench.run import Settings
from pacerail.bench.simboard import find_micropython
from pacerail.cli.numbers import Finite
from pacerail.cli.options import Speed, check_without, plan_of, rail_of, rail_option, without_option
from pacerail.cli.served import Evening, PageSettings, browser_option, listen_option, serve_bench, serve_rail
from pacerail.console.mqtt import TOPIC
from pacerail.errors import InputError
from pacerail.gunsources import check_source
from pacerail.race.groups import board_of, check_buttons, parse_button


@click.command()
@click.argument("plan_name", metavar="[PLAN]", required=False)
@rail_option
@click.option("--gun", "sources", metavar="SOURCE", multiple=True, help="Hear the gun: pin, or lynx=URL (docs/gun.md).")
@click.option(
    "--button",
    "buttons",
    metavar="BOARD=GROUP",
    multiple=True,
    help="A press on this board's gun pin begins this group of a training plan; b03=red+5: 5 s later.",
)
@click.option("--join", "joins", is_flag=True, help="Take over the race that runs: its program or laptop has died.")
@without_option
@listen_option
@browser_option
@click.option("--mqtt", metavar="URL", help="Publish the feed to a broker: mqtt://HOST (docs/console.md).")
@click.option("--mqtt-topic", "topic", default=TOPIC, show_default=True, help="The topic that it is published to.")
@click.option("--mqtt-hz", type=Finite(0.1, 10), default=10.0, show_default=True, help="How often a second at most.")
@click.option("--simulated", is_flag=True, help="On a simulated rail: to learn it, and to rehearse.")
@click.option("--speed", type=Speed(), default="1", show_default=True, help="Of the simulated rail.")
def console(
    plan_name: str | None,
    rail_name: str | None,
    sources: tuple[str, ...],
    buttons: tuple[str, ...],
    joins: bool,
    without: tuple[str, ...],
    listen: str | None,
    no_browser: bool,
    mqtt: str | None,
    topic: str,
    mqtt_hz: float,
    simulated: bool,
    speed: float | None,
) -> None:
    """A race night, from a page in the browser: load, read back and confirm, prepare, arm, start, change, stop.

    Without PLAN one is loaded from the page. Ctrl-C leaves the rail alone: lights that have their gun run on.

    \b
    Examples:
      pacerail console breaking4-3-59 --rail paris.toml --gun pin --gun lynx=tcp-listen://:9999
      pacerail console breaking4-3-59 --rail paris.toml --listen 0.0.0.0:8359
      pacerail console training-3-groups --rail paris.toml --button b03=red --button b09=blue+5
      pacerail console breaking4-3-59 --simulated
    """
    rail = rail_of(rail_name)
    page = PageSettings(listen, not no_browser, mqtt, topic, mqtt_hz)
    # a mistake is told before a port is opened
    plan = None if plan_name is None else plan_of(plan_name, rail)
    for source in sources:
        check_source(source)
    if plan is not None:
        for text in buttons:
            parse_button(text, plan, rail)
    check_without(without, rail)
    check_buttons([board_of(text, rail) for text in buttons], sources)
    if joins and (simulated or plan_name is None):
        raise InputError("--join takes over a race on the rail; expected its plan, and no --simulated")
    if simulated:
        if sources:
            raise InputError("--gun hears a real rail's gun; expected it without --simulated, or pacerail bench --gun")
        if without:
            raise InputError("--without is for a real rail; every board of the simulated one answers")
        if buttons:
            raise InputError("--button hears a real rail's buttons; expected it without --simulated")
        find_micropython()
        serve_bench(rail, plan_name, Settings(speed=speed), page, None, by_hand=True)
        return
    if serve_rail(rail, Evening(plan_name, sources, buttons, without, joins), page):
        click.echo("left: the boards are in a race, and stay in it by themselves; pacerail stop ends it", err=True)
    else:
        click.echo("left: the rail was left as it is", err=True)
    sys.exit(130)
