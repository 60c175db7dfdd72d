"""Where the files that ship with the tool lie: plans, rails, tracks, boards, firmware.

In a checkout they are the folders at its top; in an installed wheel they are copied under ``pacerail/data``.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent


def folder(kind: str) -> Path:
    """The folder of one kind of shipped file ("plans", "rails", "tracks", "boards", "firmware")."""
    packed = _PACKAGE / "data" / kind
    return packed if packed.is_dir() else _CHECKOUT / kind


def find(kind: str, name: str, suffix: str = ".toml") -> Path:
    """A path as given if such a file exists, else the shipped file of that name; the path as given if neither does."""
    given = Path(name)
    if given.exists():
        return given
    shipped = folder(kind) / (name if name.endswith(suffix) else name + suffix)
    return shipped if shipped.is_file() and "/" not in name else given
