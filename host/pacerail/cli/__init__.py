"""The `pacerail` command: click wrappers of a few lines each over plain functions."""

from __future__ import annotations

import io
import os
import sys
from typing import NoReturn

import click

from pacerail import __version__
from pacerail.cli.bench import bench
from pacerail.cli.boards import boards
from pacerail.cli.console import console
from pacerail.cli.firmware import firmware
from pacerail.cli.flash import flash
from pacerail.cli.plan import plan
from pacerail.cli.race import race
from pacerail.cli.rail import rail
from pacerail.cli.stop import stop
from pacerail.cli.sync import sync
from pacerail.errors import InputError, RailError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pacerail")
def cli() -> None:
    """Pacing lights on the kerb of a running track.

    \b
    Example:
      pacerail bench breaking4-3-59        the 3:59 mile on a simulated rail, live
    """


for _command in (plan, bench, race, console, sync, firmware, flash, stop, boards, rail):
    cli.add_command(_command)


def main() -> NoReturn:
    """Run the command line; exit 0 when done, 1 when the rail said no, 2 when the input is wrong, 130 on Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a name shows the rest
    try:
        code = cli(standalone_mode=False) or 0
        sys.stdout.flush()
        sys.exit(code)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except InputError as error:
        for line in error.messages:
            click.echo(line, err=True)
        sys.exit(2)
    except RailError as error:
        click.echo(f"pacerail: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        _silence()
        sys.exit(1)
    except OSError as error:
        _silence()
        where = f"{error.filename}: " if error.filename else ""
        print(f"pacerail: {where}{error.strerror or error}; what was being written is not complete", file=sys.stderr)
        sys.exit(1)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        sys.exit(130)


def _silence() -> None:
    """Nobody takes standard output any more: Python is not to try again, and complain, when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
