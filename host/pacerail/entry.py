"""Where the `pacerail` command begins: so early that Ctrl-C during the imports is a plain "stopped" too."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line (see pacerail.cli)."""
    try:
        from pacerail.cli import main as run
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
    run()
