"""Which plans a page can choose from, and finding one by its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pacerail.errors import InputError
from pacerail.model.plan import Plan
from pacerail.model.planfile import load_plan
from pacerail.model.track import Track
from pacerail.resources import folder

_MOST = 200
_LOOK_INTO = 200_000  # bytes: a plan is smaller


def plans_here(given: str | None = None) -> list[str]:
    """The plan given on the command line, the plan files of this folder, and the shipped plans by their names."""
    here = [path.name for path in sorted(Path().glob("*.toml"))[:_MOST] if _is_plan(path)]
    shipped = sorted(path.stem for path in folder("plans").glob("*.toml"))
    return list(dict.fromkeys(([given] if given else []) + here + shipped))


def loader(track: Track, offered: Sequence[str], *, anywhere: bool) -> Callable[[str], Plan]:
    """Loads a plan as run on a track, by its name or path; only those `offered` unless it may be `anywhere`.

    What it gives raises InputError for a plan that is wrong, or not offered.
    """

    def load(name: str) -> Plan:
        if name not in offered:
            if not anywhere:
                raise InputError(f"{name}: not one of the plans of this program; expected one of {', '.join(offered)}")
            if not name.endswith(".toml"):
                raise InputError(f"{name}: no such plan; expected a file that ends in .toml, or a shipped plan's name")
        return load_plan(name, track)

    return load


def _is_plan(path: Path) -> bool:
    try:
        return path.stat().st_size < _LOOK_INTO and "[[wave]]" in path.read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return False
