"""`pacerail sync`: the clocks of the boards."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from pacerail.sync import replay as replay_trace


@click.group()
def sync() -> None:
    """Set the boards' clocks, and look into how well they are set.

    \b
    Example:
      pacerail sync replay TRACE.csv
    """


@sync.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the line as JSON.")
@click.option(
    "--at", "at_s", type=float, metavar="T", help="Also the tick and its bound T seconds after the trace ends."
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
