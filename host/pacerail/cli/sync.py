"""`pacerail sync`: the clocks of the boards."""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import asdict, replace
from pathlib import Path

import click

from pacerail.cli.numbers import Finite
from pacerail.cli.options import check_writable, rail_of, rail_option
from pacerail.clocks import READY_BOUND_US, held_back
from pacerail.clocktable import record, residuals, sync_once, watch
from pacerail.errors import InputError
from pacerail.railfleet import open_fleet
from pacerail.trace import replay as replay_trace


@click.group(invoke_without_command=True)
@rail_option
@click.option(
    "--bound",
    "bound_us",
    type=Finite(1),
    default=READY_BOUND_US,
    show_default=True,
    metavar="US",
    help="Every clock is to be known within so many us.",
)
@click.option("--residuals", "with_residuals", is_flag=True, help="Also how late the exchanges were, as bars.")
@click.pass_context
def sync(context: click.Context, rail_name: str | None, bound_us: float, with_residuals: bool) -> None:
    """Set the boards' clocks, and look into how well they are set.

    \b
    Examples:
      pacerail sync --rail paris.toml --bound 300
      pacerail sync watch --rail paris.toml
      pacerail sync replay TRACE.csv
    """
    if context.invoked_subcommand is not None:
        return
    rail = rail_of(rail_name)

    async def whole() -> list[str]:
        with open_fleet(rail, asyncio.get_running_loop()) as fleet:
            lines = await sync_once(fleet, bound_us)
            for hint in held_back(fleet):
                click.echo(hint, err=True)
            return lines + [line for m in fleet.members if with_residuals for line in residuals(m)]

    for line in asyncio.run(whole()):
        click.echo(line)


@sync.command("watch")
@rail_option
@click.option("--rounds", type=click.IntRange(1), help="Stop after so many tables; without it Ctrl-C does.")
def watch_command(rail_name: str | None, rounds: int | None) -> None:
    """Exchange times once a second and show each board's clock, until Ctrl-C. Sets nothing.

    \b
    Example:
      pacerail sync watch --rail paris.toml
    """
    rail = rail_of(rail_name)

    async def whole() -> None:
        with open_fleet(rail, asyncio.get_running_loop()) as fleet:
            await watch(fleet, click.echo, rounds)

    asyncio.run(whole())


@sync.command("record")
@click.argument("trace", type=click.Path(path_type=Path, dir_okay=False))
@rail_option
@click.option("--board", "board_name", metavar="NAME", help="Which board; default: the first of the rail.")
@click.option("--seconds", type=Finite(0.5, 86_400), default=60.0, show_default=True, help="How long.")
def record_command(trace: Path, rail_name: str | None, board_name: str | None, seconds: float) -> None:
    """Write ten exchanges a second with one board to TRACE, for `sync replay`.

    \b
    Example:
      pacerail sync record TRACE.csv --rail paris.toml --board b07 --seconds 60
    """
    rail = rail_of(rail_name)
    names = [board.name for board in rail.boards]
    if board_name is not None and board_name not in names:
        raise InputError(f"--board {board_name}: no such board; expected one of {', '.join(names)}")
    check_writable(str(trace))
    only = replace(rail, boards=(rail.boards[0 if board_name is None else names.index(board_name)],))

    async def whole() -> int:
        with open_fleet(only, asyncio.get_running_loop()) as fleet:
            text = io.StringIO()
            count = await record(fleet.members[0], text, seconds)
            trace.write_text(text.getvalue())
            return count

    click.echo(f"{asyncio.run(whole())} exchanges in {trace}", err=True)


@sync.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the line as JSON.")
@click.option(
    "--at",
    "at_s",
    type=Finite(-1e9, 1e9),
    metavar="T",
    help="Also the tick T seconds after the end.",
)
def replay(trace: Path, as_json: bool, at_s: float | None) -> None:
    """Work out a board's clock from a recorded trace.

    TRACE has the columns t1_host_us,t2_tick,t3_tick,t4_host_us under one header line. The line that comes out is
    tick = ref_tick + (host - ref_host_us) * (1 + rate_ppb / 1e9), right to within error_us at ref_host_us, the
    end of the trace.

    \b
    Example:
      pacerail sync replay TRACE.csv --at 300
    """
    line = replay_trace(trace)
    shown = {key: asdict(line)[key] for key in ("ref_host_us", "ref_tick", "rate_ppb", "error_us")}
    at_us = None if at_s is None else line.ref_host_us + round(at_s * 1e6)
    if at_us is not None:
        shown |= {"at_host_us": at_us, "at_tick": line.tick_at(at_us), "at_error_us": line.error_at_us(at_us)}
    if as_json:
        click.echo(json.dumps(shown))
        return
    click.echo(f"tick {line.ref_tick} at host {line.ref_host_us} us, within {line.error_us:.0f} us")
    click.echo(f"rate {line.rate_ppb / 1000:+.3f} ppm, within {line.rate_error_ppb / 1000:.3f} ppm")
    if at_us is not None:
        click.echo(f"tick {line.tick_at(at_us)} at host {at_us} us, within {line.error_at_us(at_us):.0f} us")
