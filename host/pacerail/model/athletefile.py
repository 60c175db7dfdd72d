"""Passings as JSON and CSV text, and back: docs/athlete.md has the columns.

What was noted (marks, passings, times) is read back as it was; what follows from it and the plan (gaps, paces,
projections) is written for others and never read.
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any, cast, get_args

from pacerail.errors import InputError
from pacerail.model.against import PACE_M, Gap, Row, rows
from pacerail.model.athlete import Passing, Passings, Source
from pacerail.model.plan import Plan
from pacerail.model.units import format_time, number_of, parse_time_s, quoted

FORMAT = "pacerail-athlete/1"
AHEAD = "to come"
"""The source, in a CSV, of a mark that nobody has passed yet."""
COLUMNS = (
    "distance_m",
    "mark",
    "source",
    "time",
    "time_s",
    "error_s",
    "split_m",
    "split_s",
    "pace_s_400m",
    "finish_held_s",
    "finish_mean_s",
)
WAVE_COLUMNS = ("light_s", "behind_s", "behind_m", "needed_pace_s_400m", "finish_shaped_s")
"""One of each a wave, behind its name and a colon: "target: behind_s"."""
_SOURCES = cast(tuple[Source, ...], get_args(Source))


def to_json(passings: Passings, plan: Plan) -> str:
    """The passings and what follows from them, as an object of docs/athlete.md, with a line end."""
    told = {
        "format": FORMAT,
        "athlete": passings.athlete,
        "title": plan.title,
        "plan_hash": plan.hash,
        "distance_m": passings.distance_m,
        "marks_m": list(passings.marks_m),
        "passings": [
            {
                "distance_m": row.passing.distance_m,
                "source": row.passing.source,
                "time_s": row.passing.time_s,
                "error_s": row.passing.error_s,
                **_figures(row),
                "waves": [{"name": gap.wave, **_gap_figures(gap)} for gap in row.gaps],
            }
            for row in rows(passings, plan)
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def from_json(text: str, name: str) -> Passings:
    """The passings of a JSON text. Raises InputError, its lines beginning with ``name``, for any other text."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise InputError(f"{name}:{line}: this is not JSON; expected what the athlete's export writes") from None
    try:
        root = _object(told, "the file")
        if root.get("format") != FORMAT:
            raise ValueError(f"format is {quoted(root.get('format'))}; expected {quoted(FORMAT)}")
        athlete = root.get("athlete", "")
        if not isinstance(athlete, str):
            raise ValueError(f"athlete is {quoted(athlete)}; expected a name")
        marks_m = tuple(_number(mark_m, "a mark") for mark_m in _list(root.get("marks_m"), "marks_m"))
        passed = tuple(_passing(_object(one, "a passing")) for one in _list(root.get("passings"), "passings"))
        return Passings(marks_m, passed, athlete)
    except ValueError as error:
        raise InputError(f"{name}:1: {error}") from None


def to_csv(passings: Passings, plan: Plan) -> str:
    """The passings as a table: a row for each, then one for each mark to come; what is not known is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    per_wave = [f"{wave.name}: {column}" for wave in plan.waves for column in WAVE_COLUMNS]
    writer.writerow([*COLUMNS, *per_wave])
    marks = set(passings.marks_m)
    for row in rows(passings, plan):
        at = row.passing
        time = "" if at.time_s is None else format_time(at.time_s)
        mark = "yes" if at.distance_m in marks else "no"
        figures = [*_figures(row).values(), *(value for gap in row.gaps for value in _gap_figures(gap).values())]
        error = "" if at.error_s is None else f"{at.error_s:g}"
        writer.writerow([_metres(at.distance_m), mark, at.source, time, _cell(at.time_s), error, *map(_cell, figures)])
    noted = {passing.distance_m for passing in passings.passed}
    for mark_m in passings.marks_m:
        if mark_m not in noted:
            writer.writerow([_metres(mark_m), "yes", AHEAD])
    return out.getvalue()


def from_csv(text: str, name: str, athlete: str = "") -> Passings:
    """The passings of a CSV text, which does not hold the athlete's name.

    Only distance_m, mark, source, time and, if it is there, error_s are read; a spreadsheet may have changed the rest.
    Raises InputError, each line "NAME:LINE: ...".
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    marks_m: list[float] = []
    passed: list[Passing] = []
    try:
        heading = next(reader, None) or list[str]()
        missing = [column for column in ("distance_m", "mark", "source", "time") if column not in heading]
        if missing:
            raise ValueError(f"no column {', '.join(missing)}; expected those that the athlete's export writes")
        for cells in reader:
            if not any(cells):
                continue
            row = dict(zip(heading, cells, strict=False))
            if row.get("mark") not in ("yes", "no"):
                raise ValueError(f"mark is {quoted(row.get('mark'))}; expected yes or no")
            distance_m = _number(_float(row["distance_m"]), "distance_m")
            if row["mark"] == "yes":
                marks_m.append(distance_m)
            if row.get("source") != AHEAD:
                time = row.get("time") or None
                time_s = None if time is None else parse_time_s(time)
                error_s = _float(row["error_s"]) if row.get("error_s") else None
                told = {"distance_m": distance_m, "source": row.get("source"), "time_s": time_s, "error_s": error_s}
                passed.append(_passing(told))
        return Passings(tuple(sorted(marks_m)), tuple(passed), athlete)
    except (ValueError, csv.Error) as error:
        raise InputError(f"{name}:{max(1, reader.line_num)}: {error}") from None


def _figures(row: Row) -> dict[str, float | None]:
    return {
        "split_m": None if row.split_m is None else round(row.split_m, 3),
        "split_s": _hundredths(row.split_s),
        "pace_s_400m": _hundredths(row.pace_s),
        "finish_held_s": _hundredths(row.held_s),
        "finish_mean_s": _hundredths(row.mean_s),
    }


def _gap_figures(gap: Gap) -> dict[str, float | None]:
    return {
        "light_s": _hundredths(gap.light_s),
        "behind_s": _hundredths(gap.behind_s),
        "behind_m": _hundredths(gap.behind_m),
        "needed_pace_s_400m": None if gap.needed_mps is None else _hundredths(PACE_M / gap.needed_mps),
        "finish_shaped_s": _hundredths(gap.shaped_s),
    }


def _hundredths(value: float | None) -> float | None:
    return None if value is None else round(value, 2) + 0.0  # and no -0.0


def _metres(distance_m: float) -> str:
    return f"{distance_m:.3f}".rstrip("0").rstrip(".")


def _cell(value: float | None) -> str:
    """To 1/100; a distance between marks to the mm."""
    return "" if value is None else f"{value:.3f}".removesuffix("0")


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {quoted(value)}; expected an object")
    return cast(dict[str, Any], value)


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{what} is {quoted(value)}; expected a list")
    return cast(list[Any], value)


def _float(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _number(value: object, what: str) -> float:
    number = number_of(value)
    if number is None or not 0 < number < 1e6:
        raise ValueError(f"{what} is {quoted(value)}; expected a number above 0")
    return round(number, 3)


def _passing(told: dict[str, Any]) -> Passing:
    source, time_s = told.get("source"), told.get("time_s")
    if source not in _SOURCES:
        raise ValueError(f"source is {quoted(source)}; expected one of {', '.join(_SOURCES)}")
    if (time_s is None) != (source == "missed"):
        raise ValueError(f"time is {quoted(time_s)} of one that is {source}; expected a time, and none of one missed")
    distance_m, error_s = _number(told.get("distance_m"), "distance_m"), told.get("error_s")
    noted_s = None if time_s is None else round(_number(time_s, "time_s"), 2)
    return Passing(distance_m, noted_s, source, None if error_s is None else _number(error_s, "error_s"))
