"""`pacerail firmware build`: what lies on a board, and one clear line for everything that is wrong."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pacerail.cli import cli
from pacerail.errors import InputError, RailError
from pacerail.firmware import BoardSettings, board_config, build, load_board_type, write
from pacerail.resources import folder

PICO = (folder("boards") / "pico.toml").read_text()


def test_a_board_gets_its_own_modules_compiled(tmp_path: Path) -> None:
    """Each as .mpy of version 6, nothing of other boards or of the host, and a manifest that is right."""
    out = tmp_path / "b07"
    words = ["firmware", "build", "--board", "pico", "--out", str(out), "--name", "b07", "--outputs", "150,60"]
    done = CliRunner().invoke(cli, [*words, "--order", "RGB", "--pins", "4,5"])
    assert done.exit_code == 0, done.output
    files = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert {"main.py", "pacerail_start.mpy", "board.json", "manifest.json"} < set(files)
    assert {"pacerail_node/node.mpy", "pacerail_node/hardware/rp2.mpy", "pacerail_node/strips/__init__.mpy"} < set(
        files
    )
    assert not [name for name in files if "sim" in name or "reference" in name or "plain" in name]
    assert all(data[:2] == b"M\x06" for name, data in files.items() if name.endswith(".mpy"))
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["files"] == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    assert (manifest["board"], manifest["arch"], manifest["image"]) == ("pico", "armv6m", "RPI_PICO 1.28.0")
    config = json.loads(files["board.json"])
    assert config["pins"] == {"outputs": [4, 5], "safe": 22}
    assert (config["name"], config["outputs"], config["orders"]) == ("b07", [150, 60], ["RGB", "RGB"])
    assert sum(map(len, files.values())) < 64 * 1024
    again = CliRunner().invoke(cli, words)
    assert again.exit_code == 0, "a folder of an earlier build is taken again"


def test_outputs_and_key_come_from_the_rail_file(tmp_path: Path) -> None:
    """By the board's name."""
    words = ["firmware", "build", "--board", "pico", "--out", str(tmp_path / "out"), "--rail", "four-outputs-600"]
    assert CliRunner().invoke(cli, words).exit_code == 0
    assert json.loads((tmp_path / "out" / "board.json").read_text())["outputs"] == [150] * 4
    with pytest.raises(InputError, match="no board b99; expected one of b01"):
        CliRunner().invoke(cli, [*words, "--name", "b99"], standalone_mode=False, catch_exceptions=False)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('arch     = "armv6m"', 'arch = "z80"', 'arch: "z80" is not known; expected "armv6m" or'),
        ('arch     = "armv6m"', "", "no arch; expected"),
        ('hardware = "rp2"', 'hardware = "rp9"', 'hardware: "hardware/rp9" is not there'),
        ("allowed = [0, 22]", "allowed = [0]", "allowed: expected two numbers"),
        ("[2, 3, 4, 5, 6, 7, 8, 9]", "[2, 2]", "outputs: expected 1 to 8 different GPIO numbers"),
        ("[2, 3, 4, 5, 6, 7, 8, 9]", "[2, 99]", "outputs: 99 does not do; expected a whole number from 0 to 22"),
        ("safe    = 22", "safe = 2", "safe: GPIO 2 is an output too"),
        ('kind  = "ws2812b"', 'kind = "ws2899"', 'kind: "ws2899" is not known'),
        ("[image]", "[imag]", 'unknown key "imag"; expected "image"?'),
        ("watchdog_ms    = 4000", "watchdog_ms = 9000", "watchdog_ms: 9000 does not do; expected a whole number"),
    ],
)
def test_a_wrong_board_file_is_named_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    """FILE:LINE: what is wrong; what was expected."""
    assert old in PICO
    path = tmp_path / "mine.toml"
    path.write_text(PICO.replace(old, new))
    with pytest.raises(InputError) as caught:
        load_board_type(str(path))
    line = next(line for line in caught.value.messages if said in line)
    assert line.startswith(f"{path}:") and "expected" in line


@pytest.mark.parametrize(
    ("board", "said"),
    [
        (BoardSettings("b01", ()), "0 outputs; expected 1 to 8"),
        (BoardSettings("b01", (10,) * 9), "9 outputs; expected 1 to 8"),
        (BoardSettings("b01", (10, 10), pins=(3,)), "1 pins for 2 outputs"),
        (BoardSettings("b01", (0,)), "an output of 0 LEDs; expected 1 to 4000"),
        (BoardSettings("b01", (5000,)), "an output of 5000 LEDs; expected 1 to 4000"),
        (BoardSettings("b01", (10,), pins=(22,)), "GPIO 22 cannot be an output"),
        (BoardSettings("b01", (10, 10), pins=(3, 3)), "GPIO 3 cannot be an output"),
        (BoardSettings(" ", (10,)), 'the name " " does not do'),
    ],
)
def test_what_a_board_cannot_do_is_refused(board: BoardSettings, said: str) -> None:
    """Before anything is compiled."""
    with pytest.raises(InputError) as caught:
        board_config(load_board_type("pico"), board)
    assert any(said in line for line in caught.value.messages)


def test_too_much_is_refused_and_foreign_folders_are_left_alone(tmp_path: Path) -> None:
    """64 KiB of flash; and a folder that holds something else."""
    kind = load_board_type("pico")
    with pytest.raises(RailError, match="expected at most 65,536"):
        build(kind, {"name": "x" * 70_000})
    (tmp_path / "thesis.doc").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        write({"main.py": b""}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]
