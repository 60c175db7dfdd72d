"""The help of `pacerail boards` and `pacerail rail`, and what they say to wrong words."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pacerail.cli.boards import boards
from pacerail.cli.rail import rail
from pacerail.errors import InputError


@pytest.mark.parametrize(("group", "name"), [(g, n) for g in (boards, rail) for n in ("", *g.commands)])
def test_every_help_text_has_an_example(group: object, name: str) -> None:
    assert group in (boards, rail)
    command = boards if group is boards else rail
    words = CliRunner().invoke(command, [*([name] if name else []), "--help"]).stdout
    assert "Example" in words and f"pacerail {command.name} " in words


def test_a_rail_read_back(tmp_path: Path) -> None:
    done = CliRunner().invoke(rail, ["check", "default-400"])
    assert done.exit_code == 0 and len(done.stdout.splitlines()) == 18
    path = tmp_path / "gap.toml"
    path.write_text('[[board]]\nname = "a"\n[[board.output]]\nleds = 10\nfrom_m = 0\nto_m = 100\n')
    done = CliRunner().invoke(rail, ["check", str(path)])
    assert isinstance(done.exception, InputError)
    assert "a: kerb 0.000 to 100.000 m" in done.stdout and "298.114 m of kerb without LEDs" in str(done.exception)
