"""The sheet as a PDF, its text as text, by fpdf2."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from fpdf import FPDF

from pacerail.sheet.canvas import PAGE_H_MM, PAGE_W_MM, Circle, Page, Path, Rect, Text, dashed
from pacerail.sheet.fonts import BOLD, REGULAR, Faces

_WHEN = datetime(2000, 1, 1, tzinfo=UTC)
"""A date in the file would make the sheet of one plan another file every time."""


def to_pdf(pages: Sequence[Page], title: str) -> bytes:
    """The bytes of a PDF of these pages: the same pages give the same bytes."""
    pdf = FPDF(unit="mm", format=(PAGE_W_MM, PAGE_H_MM))
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.c_margin = 0
    pdf.set_creation_date(_WHEN)
    pdf.set_title(title)
    pdf.set_creator("Pacerail")
    pdf.add_font("own", "", REGULAR)
    pdf.add_font("own", "B", BOLD)
    faces = pages[0].faces if pages else Faces()
    for i, face in enumerate(faces.others):
        pdf.add_font(f"other{i}", "", face.path, collection_font_number=face.number)
    for page in pages:
        pdf.add_page()
        for shape in page.shapes:
            match shape:
                case Text():
                    _text(pdf, faces, shape)
                case Path():
                    _path(pdf, shape)
                case Rect():
                    _rect(pdf, shape)
                case Circle():
                    style = _style(pdf, shape.fill, shape.stroke, shape.width_mm)
                    pdf.circle(shape.x_mm, shape.y_mm, shape.radius_mm, style)
    return bytes(pdf.output())


def _text(pdf: FPDF, faces: Faces, shape: Text) -> None:
    shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[shape.anchor] * shape.width_mm
    x_mm = shape.x_mm - shift
    pdf.set_text_color(*_rgb(shape.colour))
    for which, part in faces.runs(shape.text, bold=shape.bold):
        if which < 0:
            pdf.set_font("own", "B" if shape.bold else "", shape.size_pt)
        else:
            pdf.set_font(f"other{which}", "", shape.size_pt)
        pdf.text(x_mm, shape.y_mm, part)
        x_mm += faces.width_mm(part, shape.size_pt, bold=shape.bold)


def _path(pdf: FPDF, shape: Path) -> None:
    style = _style(pdf, shape.fill, shape.stroke, shape.width_mm)
    # fpdf2 knows one stroke and one gap only, and ends every line half its width beyond the end: a stroke of s is
    # drawn as s less the width
    strokes = [
        max(0.01, length - shape.width_mm) if i % 2 == 0 else length + shape.width_mm
        for i, length in enumerate(shape.dash_mm)
    ]
    for points in dashed(shape.points, strokes):
        pdf.polyline(list(points), polygon=shape.closed, style=style)


def _rect(pdf: FPDF, shape: Rect) -> None:
    style = _style(pdf, shape.fill, shape.stroke, shape.width_mm)
    rounded = min(shape.radius_mm, shape.w_mm / 2, shape.h_mm / 2)
    pdf.rect(shape.x_mm, shape.y_mm, shape.w_mm, shape.h_mm, style, round_corners=rounded > 0, corner_radius=rounded)


def _style(pdf: FPDF, fill: str | None, stroke: str | None, width_mm: float) -> str:
    if fill:
        pdf.set_fill_color(*_rgb(fill))
    if stroke:
        pdf.set_draw_color(*_rgb(stroke))
        pdf.set_line_width(width_mm)
    return ("F" if fill else "") + ("D" if stroke else "")


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
