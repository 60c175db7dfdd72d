"""A sheet from a plan to the bytes of a file."""

from __future__ import annotations

from pacerail.model.plan import Plan
from pacerail.model.track import Track
from pacerail.sheet.content import sheet_of
from pacerail.sheet.fonts import Faces, faces_for, joined_script
from pacerail.sheet.html import to_html
from pacerail.sheet.page import lay_out
from pacerail.sheet.pdf import to_pdf

SUFFIXES = (".pdf", ".html")


def sheet_bytes(plan: Plan, track: Track, suffix: str, every_m: int | None = None) -> bytes:
    """The sheet of a plan on a track as a file of one of SUFFIXES, with splits every ``every_m`` (None: as fits).

    Raises ValueError, "what is wrong; expected what", for another suffix, and for letters that a PDF cannot be made of
    on this computer.
    """
    if suffix.lower() not in SUFFIXES:
        raise ValueError(f"{suffix or 'a name without an ending'} is no kind of sheet; expected .pdf or .html")
    sheet = sheet_of(plan, track, every_m)
    faces = faces_for(sheet.all_text)
    if suffix.lower() == ".html":
        return to_html(lay_out(sheet, faces), plan.title).encode()
    _check_letters(sheet.all_text, faces)
    return to_pdf(lay_out(sheet, faces), plan.title)


def _check_letters(text: str, faces: Faces) -> None:
    joined, lacking = joined_script(text), faces.lacking(text)
    if joined:
        raise ValueError(
            f"a PDF cannot join the letters {joined[:12]}; expected an .html sheet, which a browser prints right"
        )
    if lacking:
        raise ValueError(
            f"no font of this computer has the letters {lacking[:12]}; expected one to be installed, or an .html sheet"
        )
