"""`pacerail stop`: all lights out."""

from __future__ import annotations

import asyncio
import sys

import click

from pacerail.cli.options import rail_of, rail_option
from pacerail.errors import RailError
from pacerail.railfleet import open_fleet


@click.command()
@rail_option
def stop(rail_name: str | None) -> None:
    """All lights out, all boards unarmed; the plan stays on them. Works whoever started them.

    Every board that answers is stopped, whatever the others do; those that do not are named.

    \b
    Example:
      pacerail stop --rail paris.toml
    """
    rail = rail_of(rail_name)

    async def whole() -> tuple[int, dict[str, RailError]]:
        with open_fleet(rail, asyncio.get_running_loop(), patient=True) as fleet:
            failed = await fleet.try_each(lambda member: member.client.stop())
            return len(fleet.members) - len(failed), failed

    stopped, failed = asyncio.run(whole())
    click.echo(f"boards stopped: {stopped}", err=True)
    for name, error in failed.items():
        click.echo(f"{name} may still show its lights: {error}", err=True)
    if failed:
        sys.exit(1)
