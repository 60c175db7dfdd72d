"""`pacerail firmware build`: what lies on a board, and one clear line for everything that is wrong."""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pacerail.cli import cli
from pacerail.errors import InputError, RailError
from pacerail.firmware import HOST_ONLY, BoardSettings, board_config, build, sources, write
from pacerail.model.boardtype import BoardType, LinkSpec, board_types, load_board_type
from pacerail.resources import folder

RS485 = LinkSpec("rs485", 0, 16, 17, 18)


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
    assert config["pins"] == {"outputs": [4, 5], "safe": 22, "gun": None}
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


def test_a_board_of_a_rail_gets_what_the_rail_says_of_it(tmp_path: Path) -> None:
    """Strips, pins, light, gun, link, address, id and key; and what the command says goes before."""
    rail = tmp_path / "r.toml"
    rail.write_text(
        'key = "00112233445566778899aabbccddeeff"\nmax_gap_m = 10\n[[board]]\nname = "a"\ntype = "pico2"\n'
        'uid = "e66118604b4a3a21"\nport = "/dev/ttyUSB0?baud=500000"\naddress = 7\ngun = true\nbrightness = 128\n'
        'white = [256, 200, 180]\ngamma = 1.8\nstrip = "ws2815"\nlink = { kind = "rs485", baud = 500_000 }\n'
        "[[board.output]]\nleds = 600\nfrom_m = 0.0\nto_m = 200.0\n"
        '[[board.output]]\nleds = 500\nfrom_m = 200.0\nto_m = 0.0\nstrip = "sk6812w"\norder = "RGBW"\npin = 12\n'
    )
    words = ["firmware", "build", "--out", str(tmp_path / "out"), "--rail", str(rail), "--name", "a"]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    config = json.loads((tmp_path / "out" / "board.json").read_text())
    assert config == {
        "hardware": "rp2",
        "name": "a",
        "type": "pico2",
        "address": 7,
        "outputs": [600, 500],
        "pins": {"outputs": [2, 12], "safe": 22, "gun": 21},
        "strips": ["ws2815", "sk6812w"],
        "orders": ["GRB", "RGBW"],
        "brightness": 128,
        "white": [256, 200, 180],
        "gamma_x10": 18,
        "link": {"kind": "rs485", "uart": 0, "tx": 16, "rx": 17, "de": 18, "baud": 500_000},
        "boot_window_ms": 500,
        "watchdog_ms": 4000,
        "uid": "e66118604b4a3a21",
        "key": "00112233445566778899aabbccddeeff",
    }
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["arch"], manifest["image"]) == ("armv7emsp", "RPI_PICO2 1.28.0")
    done = CliRunner().invoke(cli, [*words, "--brightness", "99", "--outputs", "50,50", "--pins", "3,4"])
    assert done.exit_code == 0, done.output
    config = json.loads((tmp_path / "out" / "board.json").read_text())
    assert (config["brightness"], config["outputs"], config["pins"]["outputs"]) == (99, [50, 50], [3, 4])
    assert config["strips"] == ["ws2815", "sk6812w"]


@pytest.mark.parametrize("name", board_types())
def test_every_type_that_ships_builds(name: str, tmp_path: Path) -> None:
    """Compiled for its processor, within 64 KiB, the sizes said, and every module that those import is there."""
    done = CliRunner().invoke(cli, ["firmware", "build", "--board", name, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    kind = load_board_type(name)
    files = {str(path.relative_to(tmp_path / "out")): path for path in (tmp_path / "out").rglob("*.mpy")}
    for path in files.values():
        assert f"{path.stat().st_size:,}  {path.relative_to(tmp_path / 'out')}" in done.output
    total = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert f"{total:,}  bytes (65,536 at most)" in done.output
    assert missing(kind, set(files)) == []


def missing(kind: BoardType, files: set[str]) -> list[str]:
    """Modules that those of a board import and that are not there, but for the host's."""
    firmware = folder("firmware")
    found: list[str] = []
    for source in sources(kind).values():
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pacerail_node"):
                name = (node.module or "").replace(".", "/")
                inside = [f"{name}/{alias.name}" for alias in node.names]
                wanted = [name, *inside] if (firmware / f"{name}.py").is_file() else inside
                found += [
                    f"{source.name}: {module}"
                    for module in wanted
                    if (firmware / f"{module}.py").is_file()
                    and f"{module}.mpy" not in files
                    and f"{module}.py".removeprefix("pacerail_node/") not in HOST_ONLY
                ]
    return found


def test_a_missing_module_would_be_noticed() -> None:
    """By the test above."""
    kind = load_board_type("pico")
    files = {f"{name}.mpy" for name in sources(kind)}
    assert missing(kind, files - {"pacerail_node/guns/irq.mpy"}) == ["rp2.py: pacerail_node/guns/irq"]
    assert "ws2812_rp2.py: pacerail_node/ticks" in missing(kind, files - {"pacerail_node/ticks.mpy"})


def test_an_apa102_has_a_board_of_its_own(tmp_path: Path) -> None:
    """Its data and clock are those of the board type's SPI."""
    config = board_config(load_board_type("pico"), BoardSettings("b01", (144,), strips=("apa102",)))
    assert config["spi"] == {"id": 0, "sck": 2, "mosi": 3, "baud": 8_000_000}
    assert config["orders"] == ["BGR"]
    with pytest.raises(InputError, match="apa102 on one of 2 outputs; expected it on a board of its own"):
        board_config(load_board_type("pico"), BoardSettings("b01", (10, 10), strips=("apa102", "ws2812b")))


@pytest.mark.parametrize(
    ("board", "said"),
    [
        (BoardSettings("b01", ()), "0 outputs; expected 1 to 8"),
        (BoardSettings("b01", (10,) * 9), "9 outputs; expected 1 to 8"),
        (BoardSettings("b01", (10, 10), pins=(3,)), "1 pins for 2 outputs"),
        (BoardSettings("b01", (0,)), "an output of 0 LEDs; expected 1 at least"),
        (BoardSettings("b01", (1200, 1201)), "2401 LEDs on one board; expected at most 2400 on a Raspberry Pi Pico"),
        (BoardSettings("b01", (10,), pins=(23,)), "GPIO 23 cannot be output 1; expected one of 0 to 22, 26 to 28"),
        (BoardSettings("b01", (10,), gun_pin=22), "GPIO 22 cannot be the gun pin, it is the safe-mode pin"),
        (BoardSettings("b01", (10,), gun_pin=2), "GPIO 2 cannot be output 1, it is the gun pin"),
        (BoardSettings("b01", (10,), strips=("sk6812w",), orders=("GRB",)), "expected four letters with a W"),
        (BoardSettings("b01", (10,), orders=("GRBW",)), "expected three letters, R, G and B"),
        (
            BoardSettings("b01", (10,), link=LinkSpec("rs485", 1, 16, 17)),
            "GPIO 16 cannot be tx of UART 1 on a RP2040; expected one of 4, 8, 20",
        ),
        (BoardSettings("b01", (10,), pins=(18,), link=RS485), "GPIO 18 cannot be output 1, it is de of the link"),
        (BoardSettings("b01", (10,), pins=(22,)), "GPIO 22 cannot be output 1, it is the safe-mode pin"),
        (BoardSettings("b01", (10, 10), pins=(3, 3)), "GPIO 3 cannot be output 2, it is output 1"),
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
