"""`pacerail rail`: the rail file, read back and found out by walking along the kerb."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pacerail.boards.hand import at_hand
from pacerail.boards.survey import Survey
from pacerail.errors import InputError, RailError
from pacerail.model.railfile import load_rail
from pacerail.model.railwords import rail_words


@click.group()
def rail() -> None:
    """Check a rail file, or find out what belongs in it.

    \b
    Example:
      pacerail rail check paris.toml
    """


@rail.command()
@click.argument("rail_name", metavar="RAIL")
def check(rail_name: str) -> None:
    """Read a rail file back in plain words; exit 2 with every mistake, gap and overlap.

    \b
    Example:
      pacerail rail check paris.toml
    """
    for line in rail_words(load_rail(rail_name, whole=False)):
        click.echo(line)
    load_rail(rail_name)
    click.echo("ok: every metre of kerb once", err=True)


class Terminal:
    """Asks on the terminal; questions go to standard error."""

    def line(self, question: str, default: str = "") -> str:
        """A line typed; the default for an empty one."""
        return str(click.prompt(question, default=default, show_default=bool(default), err=True))

    def say(self, words: str) -> None:
        """Tell something."""
        click.echo(words, err=True)


@rail.command()
@click.argument("path", metavar="RAIL.toml", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--ports", multiple=True, metavar="PORT", help="Ask here too, such as /dev/ttyUSB0; may be repeated.")
@click.option("--track", "track_name", default="standard-400", show_default=True, help="For a rail file that is new.")
@click.option("--again", is_flag=True, help="Ask about boards that are done too.")
def survey(path: Path, ports: tuple[str, ...], track_name: str, again: bool) -> None:
    """Walk along the rail: each board blinks in turn, you say which stretch it is, and the rail file is written.

    Then the direction of its data, and its LEDs. Every answer is saved at once: leave with q or Ctrl-C, and go on with
    the same command. The file as it was before stays beside it (RAIL.toml.before-survey).

    \b
    Example:
      pacerail rail survey paris.toml --ports /dev/ttyUSB0
    """
    if not path.parent.is_dir():
        raise InputError(f"{path}: cannot be written; expected a file in a folder that exists")
    known = load_rail(path, whole=False) if path.exists() else None
    with at_hand(known, ports) as (hand, found):
        answering = [one for one in found if one.identity is not None]
        for one in found:
            if one.identity is None:
                click.echo(f"{one.candidate.port}: {one.words}", err=True)
        if not answering:
            raise RailError("no board answers; pacerail boards list shows what is there")
        click.echo(f"{len(answering)} boards answer", err=True)
        walk = Survey(path, hand, Terminal(), track_name)
        ended = walk.walk(answering, again)
    left = walk.open_questions()
    for line in left:
        click.echo(f"to do: {line}", err=True)
    if not left:
        click.echo(f"{path} is complete; pacerail rail check reads it back", err=True)
    if not ended:
        sys.exit(130)
