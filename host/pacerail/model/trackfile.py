"""Tracks as files: a list of straights and arcs, checked."""

from __future__ import annotations

from pathlib import Path

from pacerail.model.document import Document, Table, read_document
from pacerail.model.track import OFFSET_KERB_M, Arc, Segment, Straight, Track

KEYS = ("name", "lap_m", "offset_m", "segment")
STRAIGHT_KEYS = ("straight_m",)
ARC_KEYS = ("kerb_radius_m", "angle_deg", "offset_m")


def load_track(path_or_name: str | Path) -> Track:
    """The track of a file, or of a shipped name ("standard-400").

    Raises InputError with every mistake: wrong keys and values, a kerb that does not close, a running line that is not
    as long as ``lap_m`` says.
    """
    document = read_document("tracks", path_or_name)
    track = _track(document)
    document.check()
    return track


def _track(document: Document) -> Track:
    root = document.root
    root.only(KEYS)
    name = root.text("name", "", required=True)
    lap_m = root.number("lap_m", 0.0, 10, 10_000)
    if "lap_m" not in root:
        document.mistake((), "no lap_m; expected the length of the running line in m, such as lap_m = 400.0")
    offset_m = root.number("offset_m", OFFSET_KERB_M, 0.0, 2.0)
    if not root.items("segment") and "segment" not in root:
        document.mistake((), "no [[segment]]; expected the straights and bends of the lap, from the finish line on")
    track = Track(name, tuple(_segment(table, offset_m) for table in root.tables("segment")))
    if not document.mistakes:  # a shape built from wrong numbers would only bring messages that mislead
        for problem in track.problems(lap_m) if track.segments else ["no segment; expected a closed lap of them"]:
            document.mistake(("lap_m",) if "lap_m says" in problem else ("segment",), problem)
    return track


def _segment(table: Table, offset_m: float) -> Segment:
    if "straight_m" in table:
        table.only(STRAIGHT_KEYS)
        return Straight(table.number("straight_m", 1.0, 0.001, 5000))
    table.only((*STRAIGHT_KEYS, *ARC_KEYS))
    for key in ("kerb_radius_m", "angle_deg"):
        if key not in table:
            table.document.mistake(table.path, f"no {key}; expected straight_m, or kerb_radius_m and angle_deg")
    return Arc(
        table.number("kerb_radius_m", 1.0, 1, 1000),
        table.number("angle_deg", 1.0, 0.001, 360),
        table.number("offset_m", offset_m, 0.0, 2.0),
    )
