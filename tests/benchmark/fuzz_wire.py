"""A million damaged frames, in CPython and in MicroPython: none may be taken for a good one. Run by `make benchmark`.

The damage is the one of the suite (tests/node/test_node_wire.py): flipped bits, lost, doubled and foreign bytes, two
frames run into one. Every run of a seed is the same.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from pacerail.bench.simboard import find_micropython
from pacerail.resources import folder

TESTS = Path(__file__).parent.parent / "node"
PROGRAM = """
import sys
sys.path[:0] = [{firmware!r}, {tests!r}]
from test_node_wire import fuzz
print(fuzz({seed}, {count}))
"""


def main() -> None:
    """Run both and say how many were thrown away; the rest of the frames came through undamaged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    program = PROGRAM.format(
        firmware=str(folder("firmware")), tests=str(TESTS), seed=chosen.seed, count=chosen.frames
    )  # fmt: skip
    for name, python in (("CPython", sys.executable), ("MicroPython", find_micropython())):
        begun = time.perf_counter()
        done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{name}: {done.stderr}")
        took_s = time.perf_counter() - begun
        print(f"{name}: {chosen.frames} damaged, {done.stdout.strip()} thrown away, none taken, {took_s:.1f} s")


if __name__ == "__main__":
    main()
