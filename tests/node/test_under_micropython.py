"""The node's tests once more, in the MicroPython of the boards: viper is machine code there, and memory is counted.

Without a MicroPython these tests fail instead of being skipped: `make test` brings one along.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from pacerail.bench.simboard import find_micropython
from pacerail.compile import compile_tables
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.resources import folder

HERE = Path(__file__).parent
BOTH = sorted(path.stem for path in HERE.glob("test_node_*.py"))
"""Modules that run under CPython too."""


def on_micropython(module: str, *arguments: str, heap: str = "64M") -> str:
    """Run a module's tests under MicroPython; what was printed. Fails with it unless every test it holds was passed."""
    runner = HERE / "run_on_micropython.py"
    done = subprocess.run(
        [find_micropython(), "-X", f"heapsize={heap}", str(runner), str(folder("firmware")), module, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout + done.stderr
    if done.returncode != 0:
        pytest.fail(f"{module} under MicroPython:\n{said}", pytrace=False)
    written = re.findall(r"^def (test_\w+)\(", (HERE / f"{module}.py").read_text(), re.MULTILINE)
    passed = re.findall(r"^(test_\w+) ok$", done.stdout, re.MULTILINE)
    assert sorted(passed) == sorted(written) != [], said
    return done.stdout


def test_there_are_modules_to_run() -> None:
    assert len(BOTH) >= 5


@pytest.mark.parametrize("module", BOTH)
def test_module(module: str) -> None:
    on_micropython(module)


def test_the_store_on_littlefs() -> None:
    on_micropython("on_board_store")


def test_frames_of_a_real_plan_allocate_nothing(tmp_path: Path) -> None:
    rail = even_rail()
    plan = load_plan("breaking4-3-59", rail.track)
    assert len(plan.waves) == 3 and len(rail.leds_of(0)) == 150
    path = tmp_path / "table.pace"
    path.write_bytes(compile_tables(plan, rail)[0])
    on_micropython("on_board_frames", str(path))


@pytest.mark.parametrize(
    "text",
    ["def test_fails():\n    assert 1 == 2\n", "x = 1\n", "import no_such_module\n\ndef test_a():\n    pass\n"],
    ids=["a test that fails", "no tests", "no import"],
)
def test_the_runner_notices(text: str, tmp_path: Path) -> None:
    """A runner that lost failures would make all of this worthless."""
    runner = tmp_path / "run_on_micropython.py"
    runner.write_text((HERE / "run_on_micropython.py").read_text())
    (tmp_path / "module_under_test.py").write_text(text)
    done = subprocess.run(
        [find_micropython(), str(runner), str(folder("firmware")), "module_under_test"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "ok" not in done.stdout
