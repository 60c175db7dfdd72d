"""A sheet of character cells to draw on: text, half-block pixels and figures three rows high or more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

Colour = tuple[int, int, int]
"""(red, green, blue), 0 to 255, as the screen takes it: not linear light."""
HALF = "▀"
_BLOCKS = np.array([ord(c) for c in " ▀▄█"], dtype=np.uint32)

_FIGURES = {
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": (" # ", "## ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", " ##", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", "  #", " # ", " # "),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
    ":": (" ", "#", " ", "#", " "),
    ".": (" ", " ", " ", " ", "#"),
    "-": ("  ", "  ", "##", "  ", "  "),
}


@dataclass(frozen=True, slots=True)
class Span:
    """Some text in one colour."""

    text: str
    colour: Colour
    bold: bool = False


Line = Sequence[Span]


class Canvas:
    """`width` x `height` cells. Whatever is drawn outside of it is cut off."""

    def __init__(self, width: int, height: int, background: Colour = (0, 0, 0)) -> None:
        self.width, self.height = width, height
        self.chars: NDArray[np.uint32] = np.full((height, width), ord(" "), dtype=np.uint32)
        self.fore: NDArray[np.uint8] = np.zeros((height, width, 3), dtype=np.uint8)
        self.back: NDArray[np.uint8] = np.empty((height, width, 3), dtype=np.uint8)
        self.back[:] = background
        self.bold: NDArray[np.bool_] = np.zeros((height, width), dtype=np.bool_)

    def text(self, row: int, col: int, text: str, colour: Colour, bold: bool = False) -> None:
        """Write text; what was behind it stays its background."""
        if not 0 <= row < self.height:
            return
        text = one_cell_each(text)[max(0, -col) :]
        col = max(0, col)
        text = text[: max(0, self.width - col)]
        if not text:
            return
        where = slice(col, col + len(text))
        halves = self.chars[row, where] == ord(HALF)
        if halves.any():  # the two halves of a pixel cell become one background
            mean = (self.fore[row, where].astype(np.uint16) + self.back[row, where]) // 2
            self.back[row, where] = np.where(halves[:, None], mean, self.back[row, where])
        self.chars[row, where] = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
        self.fore[row, where] = colour
        self.bold[row, where] = bold

    def line(self, row: int, col: int, line: Line, width: int | None = None) -> None:
        """Write spans one behind the other, cut off after `width` cells."""
        left = self.width if width is None else width
        for span in line:
            if left <= 0:
                return
            if not span.text.isspace():
                self.text(row, col, span.text[:left], span.colour, span.bold)
            col += len(span.text)
            left -= len(span.text)

    def pixels(self, row: int, col: int, rgb: NDArray[np.uint8]) -> None:
        """Put an image of (2 x rows, columns, 3) into cells as half blocks. It must lie on the canvas."""
        rows, cols = rgb.shape[0] // 2, rgb.shape[1]
        at = (slice(row, row + rows), slice(col, col + cols))
        self.chars[at] = ord(HALF)
        self.fore[at] = rgb[0::2]
        self.back[at] = rgb[1::2]

    def figures(self, row: int, col: int, text: str, colour: Colour, scale: int = 1) -> None:
        """Write digits, ":", "." and "-" large, on what lies behind them."""
        for c in text:
            glyph = np.array([[p == "#" for p in line] for line in _FIGURES[c]])
            glyph = np.kron(glyph, np.ones((scale, scale), dtype=np.bool_))
            if len(glyph) % 2:
                glyph = np.vstack((glyph, np.zeros((1, glyph.shape[1]), dtype=np.bool_)))
            self._glyph(row, col, glyph, colour)
            col += glyph.shape[1] + scale

    def _glyph(self, row: int, col: int, glyph: NDArray[np.bool_], colour: Colour) -> None:
        kinds = glyph[0::2] + 2 * glyph[1::2].astype(np.uint8)
        down, right = np.nonzero(kinds)
        keep = (row + down >= 0) & (row + down < self.height) & (col + right >= 0) & (col + right < self.width)
        at = row + down[keep], col + right[keep]
        self.chars[at] = _BLOCKS[kinds[down[keep], right[keep]]]
        self.fore[at] = colour

    def rows(self) -> list[str]:
        """The characters, a string a row."""
        return [line.astype("<u4").tobytes().decode("utf-32-le") for line in self.chars]


def figures_size(text: str, scale: int) -> tuple[int, int]:
    """(columns, rows) that `Canvas.figures` takes."""
    return sum(len(_FIGURES[c][0]) * scale + scale for c in text) - scale, (5 * scale + 1) // 2


def one_cell_each(text: str) -> str:
    """The text with whatever does not take exactly one cell of the screen replaced: plans are written by people."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() and cell_len(c) == 1 else "?" for c in text)


def clipped(text: str, width: int) -> str:
    """The text, no longer than `width`, with an ellipsis where it was cut."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"[: max(0, width)]
