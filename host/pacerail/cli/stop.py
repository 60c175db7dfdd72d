"""`pacerail stop`: all lights out."""

from __future__ import annotations

import asyncio

import click

from pacerail.cli.options import rail_of, rail_option
from pacerail.railfleet import open_fleet


@click.command()
@rail_option
def stop(rail_name: str | None) -> None:
    """All lights out, all boards unarmed; the plan stays on them. Works whoever started them.

    \b
    Example:
      pacerail stop --rail paris.toml
    """
    rail = rail_of(rail_name)

    async def whole() -> int:
        with open_fleet(rail, asyncio.get_running_loop()) as fleet:
            await fleet.each("stopping", lambda member: member.client.stop())
            return len(fleet.members)

    click.echo(f"boards stopped: {asyncio.run(whole())}", err=True)
