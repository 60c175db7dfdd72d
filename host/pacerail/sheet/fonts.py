"""The fonts of the sheet: how wide a text is, and which font has the letters of a name.

Noto Sans (Google, SIL Open Font License 1.1, in fonts/) is shipped, cut down to Latin, Greek, Cyrillic and signs. For
other writing, such as Japanese, a font of this computer is looked for.
"""

from __future__ import annotations

import io
import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from fontTools import subset  # pyright: ignore[reportMissingTypeStubs]
from fontTools.ttLib import TTCollection, TTFont, TTLibError  # pyright: ignore[reportMissingTypeStubs]

MM_PER_PT = 25.4 / 72
REGULAR = Path(__file__).parent / "fonts" / "NotoSans-Regular.ttf"
BOLD = Path(__file__).parent / "fonts" / "NotoSans-Bold.ttf"

_LIKELY = ("notosanscjk", "notosans", "hiragino", "pingfang", "yugoth", "msgothic", "msyh", "malgun", "arial unicode")
"""Beginnings of the names of fonts that look well beside ours: they are asked first."""
_FILES_MAX = 3000
_JOINED = ((0x0590, 0x08FF), (0x0900, 0x109F), (0x1780, 0x18AF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFF))
"""Scripts that run from right to left or whose letters change with their neighbours: Hebrew, Arabic, those of India
and South East Asia, Mongolian (Unicode, blocks)."""


@dataclass(frozen=True)
class Face:
    """A font in a file: its letters and their widths in parts of the em."""

    path: Path
    number: int
    """Which of the fonts of a collection."""
    widths: dict[int, float]
    """Of each code point that it has."""

    def has(self, letter: str) -> bool:
        """Whether it has a letter; marks that only join others need none."""
        return ord(letter) in self.widths or letter in "\u200d\ufe0e\ufe0f"


@dataclass(frozen=True)
class Faces:
    """The shipped font and, for what it lacks, fonts of this computer."""

    others: tuple[Face, ...] = ()

    def runs(self, text: str, *, bold: bool = False) -> list[tuple[int, str]]:
        """The text cut into runs of one font each: -1 the shipped one, else the index in ``others``."""
        found: list[tuple[int, str]] = []
        for letter in text:
            which = self._which(letter, bold=bold)
            if found and found[-1][0] == which:
                found[-1] = which, found[-1][1] + letter
            else:
                found.append((which, letter))
        return found

    def width_mm(self, text: str, size_pt: float, *, bold: bool = False) -> float:
        """How wide a text is; of letters that no font here has, about."""
        own = shipped(bold=bold).widths
        em = 0.0
        for letter in text:
            code = ord(letter)
            if code in own:
                em += own[code]
                continue
            face = next((face for face in self.others if code in face.widths), None)
            em += face.widths[code] if face else _about(letter)
        return em * size_pt * MM_PER_PT

    def lacking(self, text: str) -> str:
        """The letters that none of the fonts has, each once."""
        lacks = {letter for letter in text if not shipped().has(letter)}
        return "".join(sorted(lacks - {letter for letter in lacks if any(face.has(letter) for face in self.others)}))

    def _which(self, letter: str, *, bold: bool) -> int:
        if shipped(bold=bold).has(letter):
            return -1
        return next((i for i, face in enumerate(self.others) if face.has(letter)), -1)


@cache
def shipped(*, bold: bool = False) -> Face:
    """The font that comes with the tool."""
    return _faces(BOLD if bold else REGULAR)[0]


def joined_script(text: str) -> str:
    """The letters of a text that stand right only when they are shaped together, each once."""
    return "".join(sorted({letter for letter in text if any(a <= ord(letter) <= b for a, b in _JOINED)}))


def faces_for(text: str, folders: Iterable[Path] | None = None) -> Faces:
    """The shipped font, with as few of this computer's as have all the letters of a text; `Faces.lacking` says what
    even they do not have. ``folders`` are those to look in, else the system's own.
    """
    missing = Faces().lacking(text)
    chosen: list[Face] = []
    if not missing:
        return Faces()
    for path in _font_files(system_folders() if folders is None else folders):
        for face in _faces(path)[:1]:
            if any(face.has(letter) for letter in missing):
                chosen.append(face)
                missing = "".join(letter for letter in missing if not face.has(letter))
        if not missing:
            break
    return Faces(tuple(chosen))


def system_folders() -> list[Path]:
    """Where this computer keeps its fonts."""
    home = Path.home()
    if sys.platform == "win32":
        return [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts", home / "AppData/Local/Microsoft/Windows/Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".local/share/fonts", home / ".fonts"]


def cut_down(path: Path, letters: str) -> bytes:
    """A font file with these letters only."""
    options = subset.Options()
    options.layout_features = []
    subsetter: Any = subset.Subsetter(options)
    subsetter.populate(unicodes={ord(letter) for letter in letters + " "})
    font = TTFont(str(path), recalcTimestamp=False)
    subsetter.subset(font)
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def _font_files(folders: Iterable[Path]) -> Sequence[Path]:
    files = [
        path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in (".ttf", ".otf", ".ttc")
    ]

    def rank(path: Path) -> tuple[int, int, str]:
        name = path.name.lower()
        likely = next((i for i, start in enumerate(_LIKELY) if name.startswith(start)), len(_LIKELY))
        return likely, "regular" not in name, str(path)

    return sorted(files, key=rank)[:_FILES_MAX]


@cache
def _faces(path: Path) -> tuple[Face, ...]:
    """The fonts in a file; none if it cannot be read as such."""
    try:
        if path.suffix.lower() == ".ttc":
            with TTCollection(str(path), lazy=True) as collection:
                return (_face(path, 0, cast(list[Any], collection.fonts)[0]),)  # pyright: ignore[reportUnknownMemberType]
        with TTFont(str(path), lazy=True) as font:
            return (_face(path, 0, font),)
    except (OSError, TTLibError, KeyError, AssertionError, ValueError):
        return ()


def _face(path: Path, number: int, font: Any) -> Face:
    table = cast(dict[int, str], font.getBestCmap() or {})
    advances = cast(dict[str, tuple[int, int]], font["hmtx"].metrics)
    em = float(font["head"].unitsPerEm)
    return Face(path, number, {code: advances[glyph][0] / em for code, glyph in table.items()})


def _about(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    return 1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.62
