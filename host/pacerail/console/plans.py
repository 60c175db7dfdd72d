"""Which plans a page can choose from, and finding one by its name.

A folder may hold anything: only plain files are opened, and little of each is read, so that nothing in it can hold up
the program.
"""

from __future__ import annotations

import functools
import itertools
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from pacerail.errors import InputError
from pacerail.model.plan import Plan
from pacerail.model.planfile import load_plan
from pacerail.model.track import Track
from pacerail.resources import folder

_MOST = 200
_MOST_NAMES = 5000  # of a folder: this one may be full of something else
_CAREFULLY = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_MOST_BYTES = 200_000  # of a plan: it is smaller


def plans_here(given: str | None = None) -> list[str]:
    """The plan given on the command line, the plan files of this folder, and the shipped plans by their names."""
    here = [name for name in _names_here()[:_MOST] if _is_plan(Path(name))]
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
        if os.path.lexists(name) and read_plain(Path(name)) is None:
            raise InputError(f"{name}: cannot be read; expected a plain file of at most {_MOST_BYTES // 1000} kB")
        return load_plan(name, track)

    return load


def _names_here() -> list[str]:
    try:
        names = sorted(path.name for path in itertools.islice(Path().iterdir(), _MOST_NAMES))
    except OSError:
        return []
    return [name for name in names if name.endswith(".toml")]


def read_plain(path: Path, most: int = _MOST_BYTES) -> bytes | None:
    """What is in a plain file; None for anything else, or if it is longer than `most` bytes.

    Pipes, devices and folders are not opened, and not through a link either: to open one can already wait for ever.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        # it may be another thing by now, hence without waiting, and looked at again
        number = os.open(path, os.O_RDONLY | _CAREFULLY)
    except (OSError, ValueError):
        return None
    with os.fdopen(number, "rb") as file:
        try:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                return None
            content = file.read(most + 1)
        except OSError:
            return None
    return content if len(content) <= most else None


def caller(track: Track, offered: Sequence[str]) -> Callable[[str], str | None]:
    """Finds which of the plans `offered` has a hash, as run on a track: its name or path, or None."""

    load = loader(track, offered, anywhere=False)

    def called(plan_hash: str) -> str | None:
        for name in offered:
            try:
                if load(name).hash == plan_hash:
                    return name
            except InputError:  # not this one
                continue
        return None

    return functools.cache(called)


def _is_plan(path: Path) -> bool:
    content = read_plain(path)
    return content is not None and b"[[wave]]" in content
