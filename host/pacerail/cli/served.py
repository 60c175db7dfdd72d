"""The page of a race night, on the real rail and on the simulated one: what `console` and `bench` share."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import click
from rich.console import Console

from pacerail.bench.night import BenchNight, bench_night
from pacerail.bench.run import Settings
from pacerail.cli.journal import journal_of, keep_journal
from pacerail.cli.loglines import LogLines, event_line, to_stderr
from pacerail.cli.options import write_report
from pacerail.console.access import Access, access_for
from pacerail.console.desk import Desk, Pace, real_pace
from pacerail.console.light import PreviewLight
from pacerail.console.mqtt import TOPIC, parse_broker, publish
from pacerail.console.plans import caller, loader, plans_here
from pacerail.console.run import can_open_browser, links, open_browser, serve
from pacerail.console.server import Beside, ConsoleServer, Offer
from pacerail.errors import RailError
from pacerail.gunsources import Source, parse_source
from pacerail.model.plan import Plan
from pacerail.model.rail import Rail
from pacerail.ports import FleetTime
from pacerail.race.join import join
from pacerail.race.night import IDLE, Night
from pacerail.race.state import Race
from pacerail.race.strangers import Called
from pacerail.railfleet import open_fleet
from pacerail.report import Report, race_report
from pacerail.summary import summary


@dataclass(frozen=True)
class PageSettings:
    """How the page is served: what of it the command line says."""

    listen: str | None = None
    browser: bool = True
    mqtt: str | None = field(default=None, repr=False)  # it may hold a password
    topic: str = TOPIC
    mqtt_hz: float = 10.0


listen_option = click.option(
    "--listen", metavar="HOST:PORT", help="Serve the page to others too, with links that hold a token; default: here."
)
browser_option = click.option("--no-browser", is_flag=True, help="Do not open the page, only say where it is.")


class Page:
    """The server of one run, listening. Raises InputError for an address or a broker that is none, or not free."""

    def __init__(self, page: PageSettings, rail: Rail, plan_name: str | None, *, simulated: bool) -> None:
        access: Access = access_for(page.listen)
        beside: list[Beside] = []
        if page.mqtt is not None:
            beside.append(functools.partial(publish, broker=parse_broker(page.mqtt, page.topic, page.mqtt_hz)))
        plans = plans_here(plan_name)
        self.load: Callable[[str], Plan] = loader(rail.track, plans, anywhere=access.control_token is None)
        self.called: Called = caller(rail.track, plans)
        """The name of a plan, of those to choose from, by its hash."""
        self.server = ConsoleServer(access, rail, Offer(simulated, plans), beside)
        self.server.start()
        self._browser = page.browser
        self._told = False

    def tell(self, say: Callable[[str], None] = to_stderr) -> None:
        """Say where the page is, and open it where there is a screen; once."""
        if self._told:
            return
        self._told = True
        for line in links(self.server.access):
            say(line)
        if self._browser and can_open_browser():
            open_browser(self.server.access.url())


@dataclass(frozen=True)
class Evening:
    """A race night on the real rail: what of it the command line says."""

    plan_name: str | None
    """None: one is loaded from the page."""
    sources: tuple[str, ...] = ()
    """The words of `--gun`."""
    buttons: tuple[str, ...] = ()
    """The words of `--button`."""
    without: tuple[str, ...] = ()
    """Boards that it may do without."""
    joins: bool = False
    """It begins with the race that the boards run already."""


def serve_rail(rail: Rail, evening: Evening, page: PageSettings) -> bool:
    """A race night on the real rail, until Ctrl-C. Returns whether a race was left that is still on.

    Raises RailError if it is to begin with a race that the boards do not run.
    """
    return asyncio.run(_serve_rail(rail, evening, page))


async def _serve_rail(rail: Rail, evening: Evening, page: PageSettings) -> bool:
    plan_name = evening.plan_name
    loop, clock = asyncio.get_running_loop(), FleetTime()
    with LogLines() as log, open_fleet(rail, loop, clock=clock, alone=True, patient=True) as fleet:
        listening: list[Source] = [parse_source(text, fleet) for text in evening.sources]
        reports: list[Report] = []
        begun_us = [fleet.clock()]

        def begun(race: Race) -> None:
            begun_us[0] = fleet.clock()

        def over(race: Race) -> None:
            reports.append(race_report(race, rail, (fleet.clock() - begun_us[0]) / 1e6))

        served = Page(page, rail, plan_name, simulated=False)
        night = Night(
            rail,
            fleet,
            served.load,
            lambda: listening,
            without=evening.without,
            buttons=evening.buttons,
            begun=begun,
            over=over,
            changed=keep_journal,
        )
        night.strangers.called = served.called
        night.observers.append(lambda event: log.say(event_line(event)))
        desk = Desk(night, PreviewLight(night), real_pace(clock), served.server.mailbox)
        desk.report = lambda: json.dumps(reports[-1].as_dict(), indent=2) if reports else None
        try:
            if plan_name is not None:
                await night.load(plan_name)  # a plan that is wrong ends it here, in plain words
            if evening.joins:
                # the page is there meanwhile: the race runs, and stop and recall are wanted then as ever
                await serve(desk, served.server, lambda: _take_over(night, served, clock, log.say))
            else:
                night.strangers.begin()
                served.tell(log.say)
                await serve(desk, served.server)
        finally:
            served.server.close()
        return night.phase in ("armed", "running")


async def _take_over(night: Night, served: Page, clock: FleetTime, say: Callable[[str], None]) -> None:
    """Take over the race that the boards run. Raises RailError if they run none by the plan in hand.

    The page is told of once the race is found: before that there may be nothing to look at.
    """
    assert night.plan is not None
    tell = functools.partial(served.tell, say)
    joining = functools.partial(join, journal=journal_of(night.plan.hash), time=clock, called=served.called, found=tell)
    try:
        await night.take_over(joining)
    except RailError:
        if night.phase == IDLE:
            raise
        tell()  # a page that was open already has stopped it, or recalled it


def serve_bench(
    rail: Rail, plan_name: str | None, settings: Settings, page: PageSettings, report_path: str | None, *, by_hand: bool
) -> tuple[str, Report | None]:
    """A race night on the simulated rail, until Ctrl-C: the phase of the last race, and its report.

    The first race runs by itself, unless it is `by_hand` or there is no plan; the next ones, and other plans, come from
    the page.
    """
    made: list[Report] = []

    def told(report: Report, race: Race) -> None:
        made.append(report)
        Console().print(summary(report, race.plan, race.race_s()))
        write_report(report, report_path)

    served = Page(page, rail, plan_name, simulated=True)
    try:
        with bench_night(rail, settings, served.load, told) as (bench, loop):
            loop.run_until_complete(_serve_bench(bench, plan_name, served, by_hand=by_hand))
            return bench.night.phase, made[-1] if made else None
    finally:
        served.server.close()


async def _serve_bench(bench: BenchNight, plan_name: str | None, served: Page, *, by_hand: bool) -> None:
    pace = Pace(bench.settings.speed, bench.fleet_us_at, bench.catch_up)
    desk = Desk(bench.night, bench, pace, served.server.mailbox)
    desk.report = lambda: None if bench.report is None else json.dumps(bench.report.as_dict(), indent=2)

    async def first() -> None:
        if plan_name is None:
            return
        if by_hand:
            await bench.night.load(plan_name)
            return
        try:
            await bench.run_by_itself(plan_name)
        except RailError as error:
            bench.night.note(f"the race does not run by itself: {error}", level="warn")

    served.tell()
    click.echo("Ctrl-C ends it", err=True)
    await serve(desk, served.server, first)
    bench.interrupt()
    await bench.close()
