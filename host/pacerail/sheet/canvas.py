"""Paper to draw on: pages of shapes in mm from the top left corner, which `pdf` and `html` then write.

So both files have the same layout, to the millimetre, and a test can ask where everything stands.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pacerail.sheet.fonts import MM_PER_PT, Faces

PAGE_W_MM, PAGE_H_MM = 210.0, 297.0
"""A4, ISO 216."""

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]
INK, GREY, PALE, FAINT = "#14191f", "#5b6670", "#c9d0d6", "#f1f4f6"
"""Text, lesser text, rules, and the ground of every other line."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; (x, y) is its baseline at the anchor."""

    x_mm: float
    y_mm: float
    text: str
    size_pt: float
    bold: bool
    colour: str
    anchor: Anchor
    width_mm: float


@dataclass(frozen=True, slots=True)
class Path:
    """A line through points, or with ``closed`` an area."""

    points: tuple[Point, ...]
    closed: bool
    fill: str | None
    stroke: str | None
    width_mm: float
    dash_mm: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle with corners rounded by ``radius_mm``."""

    x_mm: float
    y_mm: float
    w_mm: float
    h_mm: float
    radius_mm: float
    fill: str | None
    stroke: str | None
    width_mm: float


@dataclass(frozen=True, slots=True)
class Circle:
    """A disc."""

    x_mm: float
    y_mm: float
    radius_mm: float
    fill: str | None
    stroke: str | None
    width_mm: float


_UNIT = re.compile(r"(\d) (?=(?:m|s|mile)\b)")

Shape = Text | Path | Rect | Circle


@dataclass
class Page:
    """One page while it is being drawn; what is drawn later lies on top."""

    faces: Faces
    shapes: list[Shape] = field(default_factory=list[Shape])

    def text(
        self,
        x_mm: float,
        y_mm: float,
        text: str,
        size_pt: float,
        *,
        bold: bool = False,
        colour: str = INK,
        anchor: Anchor = "start",
        most_mm: float | None = None,
    ) -> float:
        """A line of text, made smaller until it is at most ``most_mm`` wide; returns how wide it is."""
        width_mm = self.faces.width_mm(text, size_pt, bold=bold)
        if most_mm is not None and width_mm > most_mm:
            size_pt, width_mm = size_pt * most_mm / width_mm, most_mm
        if text:
            self.shapes.append(Text(x_mm, y_mm, text, size_pt, bold, colour, anchor, width_mm))
        return width_mm

    def line(self, points: Sequence[Point], colour: str, width_mm: float = 0.2, dash_mm: Sequence[float] = ()) -> None:
        """A line through points."""
        if len(points) > 1:
            self.shapes.append(Path(tuple(points), False, None, colour, width_mm, tuple(dash_mm)))

    def area(self, points: Sequence[Point], fill: str) -> None:
        """An area."""
        self.shapes.append(Path(tuple(points), True, fill, None, 0.0))

    def loop(self, points: Sequence[Point], colour: str, width_mm: float) -> None:
        """A closed line."""
        self.shapes.append(Path(tuple(points), True, None, colour, width_mm))

    def rect(
        self,
        x_mm: float,
        y_mm: float,
        w_mm: float,
        h_mm: float,
        *,
        fill: str | None = None,
        stroke: str | None = None,
        width_mm: float = 0.2,
        radius_mm: float = 0.0,
    ) -> None:
        """A rectangle."""
        self.shapes.append(Rect(x_mm, y_mm, w_mm, h_mm, radius_mm, fill, stroke, width_mm))

    def disc(
        self,
        x_mm: float,
        y_mm: float,
        radius_mm: float,
        *,
        fill: str | None = None,
        stroke: str | None = None,
        width_mm: float = 0.25,
    ) -> None:
        """A disc."""
        self.shapes.append(Circle(x_mm, y_mm, radius_mm, fill, stroke, width_mm))


def wrapped(faces: Faces, text: str, size_pt: float, most_mm: float, *, bold: bool = False) -> list[str]:
    """A text in lines of at most ``most_mm``, cut at blanks, or within a word that is wider than a line.

    Not between a number and its unit.
    """
    lines: list[str] = []
    line = ""
    for word in _UNIT.sub("\\1\u00a0", text).split(" "):
        longer = f"{line} {word}" if line else word
        if faces.width_mm(longer, size_pt, bold=bold) <= most_mm:
            line = longer
            continue
        if line:
            lines.append(line)
        line = ""
        for letter in word:
            if line and faces.width_mm(line + letter, size_pt, bold=bold) > most_mm:
                lines.append(line)
                line = ""
            line += letter
    lines += [line] if line else []
    return [line.replace("\u00a0", " ") for line in lines]


def dashed(points: Sequence[Point], dash_mm: Sequence[float]) -> list[list[Point]]:
    """The strokes of a line: it is cut along its way into strokes and gaps by turns. No dashes: the whole line."""
    if not dash_mm:
        return [list(points)]
    strokes: list[list[Point]] = []
    turn, left_mm = 0, dash_mm[0]
    stroke: list[Point] = [points[0]]
    for here, there in itertools.pairwise(points):
        way_mm, done_mm = math.dist(here, there), 0.0
        while way_mm - done_mm > left_mm:
            done_mm += left_mm
            share = done_mm / way_mm
            cut: Point = here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1])
            if turn % 2 == 0:
                strokes.append([*stroke, cut])
            turn += 1
            left_mm = dash_mm[turn % len(dash_mm)]
            stroke = [cut]
        left_mm -= way_mm - done_mm
        stroke.append(there)
    if turn % 2 == 0 and len(stroke) > 1:
        strokes.append(stroke)
    return strokes


def line_mm(size_pt: float) -> float:
    """From one baseline to the next."""
    return size_pt * MM_PER_PT * 1.32
