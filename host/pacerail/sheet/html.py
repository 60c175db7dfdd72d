"""The sheet as one HTML file: a drawing a page, its text as text, the fonts within, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path as FilePath

from pacerail.sheet.canvas import PAGE_H_MM, PAGE_W_MM, Circle, Page, Path, Rect, Shape, Text
from pacerail.sheet.fonts import BOLD, MM_PER_PT, REGULAR, Faces, cut_down

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{faces}
@page {{ size: {w:g}mm {h:g}mm; margin: 0 }}
html {{ background: #d5dade }}
body {{ margin: 0 }}
svg {{ display: block; width: min(100%, {w:g}mm); margin: 4mm auto; background: #fff; box-shadow: 0 1mm 4mm #0004 }}
text {{ font-family: "sheet", "Noto Sans", sans-serif; font-kerning: none; font-variant-ligatures: none;
  white-space: pre }}
@media print {{
  html {{ background: none }}
  svg {{ width: {w:g}mm; height: {h:g}mm; margin: 0; box-shadow: none; break-after: page; break-inside: avoid;
    print-color-adjust: exact; -webkit-print-color-adjust: exact }}
  svg:last-of-type {{ break-after: auto }}
}}
</style>
</head>
<body>
"""


def to_html(pages: Sequence[Page], title: str) -> str:
    """The text of an HTML file of these pages."""
    texts = [shape for page in pages for shape in page.shapes if isinstance(shape, Text)]
    faces = "\n".join(
        _font_face(path, weight, "".join(text.text for text in texts if text.bold == bold))
        for path, weight, bold in ((REGULAR, 400, False), (BOLD, 700, True))
    )
    head = _HEAD.format(title=escape(title), faces=faces, w=PAGE_W_MM, h=PAGE_H_MM)
    return head + "".join(_svg(page, i + 1, len(pages)) for i, page in enumerate(pages)) + "</body>\n</html>\n"


def _svg(page: Page, number: int, count: int) -> str:
    drawn = "\n".join(_shape(shape, page.faces) for shape in page.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {PAGE_W_MM:g} {PAGE_H_MM:g}" '
        f'aria-label="page {number} of {count}">\n{drawn}\n</svg>\n'
    )


def _shape(shape: Shape, faces: Faces) -> str:
    match shape:
        case Text():
            return _text(shape, faces)
        case Path():
            points = " ".join(f"{x:.3f},{y:.3f}" for x, y in shape.points)
            dash = f' stroke-dasharray="{" ".join(f"{length:g}" for length in shape.dash_mm)}"' if shape.dash_mm else ""
            name = "polygon" if shape.closed else "polyline"
            return f'<{name} points="{points}"{_style(shape.fill, shape.stroke, shape.width_mm)}{dash}/>'
        case Rect():
            return (
                f'<rect x="{shape.x_mm:.3f}" y="{shape.y_mm:.3f}" width="{shape.w_mm:.3f}" height="{shape.h_mm:.3f}" '
                f'rx="{shape.radius_mm:g}"{_style(shape.fill, shape.stroke, shape.width_mm)}/>'
            )
        case Circle():
            style = _style(shape.fill, shape.stroke, shape.width_mm)
            return f'<circle cx="{shape.x_mm:.3f}" cy="{shape.y_mm:.3f}" r="{shape.radius_mm:.3f}"{style}/>'


def _text(shape: Text, faces: Faces) -> str:
    bold = ' font-weight="700"' if shape.bold else ""
    anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
    # letters of other writing come from whatever font the reader has: they are made to keep to their place
    held = (
        "" if not Faces().lacking(shape.text) else f' textLength="{shape.width_mm:.3f}" lengthAdjust="spacingAndGlyphs"'
    )
    return (
        f'<text x="{shape.x_mm:.3f}" y="{shape.y_mm:.3f}" font-size="{shape.size_pt * MM_PER_PT:.4f}" '
        f'fill="{shape.colour}"{bold}{anchor}{held}>{escape(shape.text)}</text>'
    )


def _style(fill: str | None, stroke: str | None, width_mm: float) -> str:
    line = f' stroke="{stroke}" stroke-width="{width_mm:g}"' if stroke else ""
    return f' fill="{fill or "none"}"{line}'


def _font_face(path: FilePath, weight: int, letters: str) -> str:
    """The letters that are used, of a shipped font, as a rule of style."""
    data = base64.b64encode(cut_down(path, letters)).decode("ascii")
    return (
        f'@font-face {{ font-family: "sheet"; font-weight: {weight}; '
        f'src: url("data:font/ttf;base64,{data}") format("truetype") }}'
    )
