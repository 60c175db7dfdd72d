"""The [[wave]] tables of a plan file."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Literal, TypeVar, cast

from pacerail.model.document import Table, list_of
from pacerail.model.human import odd_pace
from pacerail.model.motion import Mark, Stretch, marks_from_paces
from pacerail.model.stretchfile import read_stretches
from pacerail.model.units import (
    format_distance,
    number_of,
    parse_colour,
    parse_distance_m,
    parse_pace_mps,
    parse_time_s,
    quoted,
)
from pacerail.model.wavespec import AtFinish, Starts, Waits, WaveSpec, Window

KEYS = (
    "name",
    "colour",
    "length_m",
    "priority",
    "target",
    "splits",
    "paces",
    "stretches",
    "profile",
    "start",
    "starts",
    "waits",
    "ahead_m",
    "ahead_s",
    "visible",
    "ends_at",
    "at_finish",
    "hold_s",
    "run_on_m",
)
PACING = ("target", "splits", "paces", "stretches")
LENGTH_M = 5.0
HOLD_S = 5.0
RUN_ON_M = 20.0
MAX_ITEMS = 1000
"""The most splits, paces or windows of a wave."""

T = TypeVar("T")


def read_wave(table: Table, distance_m: float | None, lap_m: float) -> WaveSpec | None:
    """The spec of one wave of a plan over ``distance_m`` (None: the plan names none) on a lap of ``lap_m``.

    Notes every mistake in the document; None when too little of the wave is understood to build it.
    """
    document = table.document
    before = len(document.mistakes)
    table.only(KEYS)
    name = table.text("name", "", required=True, limit=30)
    if "colour" not in table:
        document.mistake(table.path, 'no colour; expected colour = "#rrggbb" or a name')
    colour = table.parsed("colour", parse_colour, (0, 255, 0))
    if colour == (0, 0, 0):
        table.mistake("colour", "black gives no light; expected a colour")
    length_m = table.number("length_m", LENGTH_M, 0.1, 1000)
    if length_m >= lap_m / 2:
        table.mistake("length_m", f"{length_m:g} m is half the lap or more; expected less than {lap_m / 2:g} m")
    marks, stretches = _pacing(table, distance_m)
    total_m = sum(s.run_m for s in stretches) if stretches else (distance_m or (marks[-1][0] if marks else 0.0))
    ends_m = _positive(table, "ends_at", parse_distance_m, total_m)
    if "ends_at" in table and total_m and ends_m > total_m + 1e-6:
        table.mistake("ends_at", f"{format_distance(ends_m)} lies beyond the finish; expected {total_m:g} m at most")
    reached_m = total_m if stretches else (marks[-1][0] if marks else 0.0)
    if marks and reached_m < ends_m - 1e-6 and len(document.mistakes) == before:
        key = "splits" if "splits" in table else "paces"
        table.mistake(
            key,
            f"the last is at {format_distance(reached_m)}, the wave ends at {format_distance(ends_m)}; "
            f"expected one at its end (or ends_at)",
        )
    at_finish = cast(AtFinish, table.choice("at_finish", ("hold", "off", "run on"), "hold"))
    _only_with(table, "hold_s", at_finish == "hold", 'at_finish = "hold"')
    _only_with(table, "run_on_m", at_finish == "run on", 'at_finish = "run on"')
    starts = cast(Starts, table.choice("starts", ("gun", "order"), "gun"))
    _only_with(table, "waits", starts == "order", 'starts = "order"')
    spec = WaveSpec(
        name=name,
        colour=colour,
        length_m=length_m,
        priority=table.integer("priority", 0, -1000, 1000),
        marks=marks,
        stretches=stretches,
        smooth=table.choice("profile", ("linear", "smooth"), "linear") == "smooth",
        standing=table.choice("start", ("flying", "standing"), "flying") == "standing",
        ahead_m=table.number("ahead_m", 0.0, -1000, 1000),
        ahead_s=table.number("ahead_s", 0.0, -3600, 3600),
        windows=_windows(table, ends_m),
        ends_m=ends_m,
        at_finish=at_finish,
        hold_s=table.number("hold_s", HOLD_S, 0, 3600),
        run_on_m=table.number("run_on_m", RUN_ON_M, 0.1, 10_000),
        starts=starts,
        waits=cast(Waits, table.choice("waits", ("lit", "dark"), "lit")),
    )
    understood = len(document.mistakes) == before and bool(marks or stretches)
    return spec if understood else None


def _only_with(table: Table, key: str, fits: bool, needs: str) -> None:
    if key in table and not fits:
        table.mistake(key, f"it means nothing here; expected it only with {needs}")


def _pacing(table: Table, distance_m: float | None) -> tuple[tuple[Mark, ...], tuple[Stretch, ...]]:
    """Marks or stretches of a wave; both empty, with a mistake noted, when it has not exactly one kind of pacing."""
    given = [key for key in PACING if key in table]
    if len(given) != 1:
        what = "no pace" if not given else "more than one pace (" + " and ".join(given) + ")"
        path = table.path if not given else table.at(given[1])
        table.document.mistake(path, f"{what}; expected exactly one of " + ", ".join(PACING))
        return (), ()
    if given[0] == "stretches":
        stretches = read_stretches(table, "stretches")
        total_m = sum(s.run_m for s in stretches)
        if distance_m is not None and total_m > distance_m + 0.001:
            table.mistake(
                "stretches",
                f"the runs add up to {total_m:g} m, the plan's distance is {distance_m:g} m; expected no more",
            )
        return (), stretches
    # a distance that is missing or wrong is noted by the plan; what else is wrong is still to be found
    limit_m = math.inf if distance_m is None else distance_m
    if given[0] == "target":
        time_s = _positive(table, "target", parse_time_s, 0.0)
        marks = ((limit_m, time_s),) if time_s > 0 else ()
    elif given[0] == "splits":
        marks = tuple(_pairs(table, "splits", limit_m, parse_time_s))
        _times_rise(table, marks)
    else:
        marks = tuple(marks_from_paces(_pairs(table, "paces", limit_m, parse_pace_mps)))
    if distance_m is None:
        return (), ()
    _warn_of_paces(table, given[0], marks)
    return marks, ()


def _positive(table: Table, key: str, parse: Callable[[object], float], default: float) -> float:
    def positive(value: object) -> float:
        number = parse(value)
        if number <= 0:
            raise ValueError(f"{quoted(value)} is nothing; expected more than 0")
        return number

    return table.parsed(key, positive, default)


def _pairs(table: Table, key: str, distance_m: float, parse: Callable[[object], float]) -> list[tuple[float, float]]:
    """[["400 m", "59.6"], ...] as (distance_m, parsed second); a wrong one is noted at its own line and left out."""
    document = table.document
    form = 'expected ["400 m", "59.6"]' if key == "splits" else 'expected ["400 m", "60.0/400 m"]'
    items = table.items(key)
    if isinstance(table.value(key), list) and not items:
        table.mistake(key, f"the list is empty; expected at least one; {form}")
    if len(items) > MAX_ITEMS:
        table.mistake(key, f"{len(items)} of them; expected at most {MAX_ITEMS}")
        return []
    found: list[tuple[float, float]] = []
    for index, item in enumerate(items):
        path = (*table.at(key), index)
        pair = list_of(item)
        if len(pair) != 2:
            document.mistake(path, f"{key}: {quoted(item)} is not a pair; {form}")
            continue
        try:
            to_m = parse_distance_m(pair[0])
            second = parse(pair[1])
        except ValueError as error:
            document.mistake(path, f"{key}: {error}")
            continue
        previous_m = found[-1][0] if found else 0.0
        if to_m > distance_m + 0.001:
            document.mistake(
                path,
                f"{key}: {quoted(pair[0])} lies beyond the distance of {format_distance(distance_m)}; "
                "expected no more than that",
            )
        elif to_m < previous_m + 0.1:
            document.mistake(
                path,
                f"{key}: the distance goes from {previous_m:g} m to {to_m:g} m; expected it to rise by 0.1 m at least",
            )
        else:
            found.append((min(to_m, distance_m), second))
    return found


def _times_rise(table: Table, marks: tuple[Mark, ...]) -> None:
    """Notes splits whose time is not later than the one before (0 at the start line)."""
    items = table.items("splits")
    if len(items) != len(marks):
        return  # elements were left out: their own mistakes are noted, and indices no longer match
    before_m = before_s = 0.0
    for index, (to_m, at_s) in enumerate(marks):
        if at_s < before_s + 0.01:
            table.document.mistake(
                (*table.at("splits"), index),
                f"splits: the time goes from {before_s:g} s at {before_m:g} m to {at_s:g} s at {to_m:g} m; "
                "expected it to rise by 0.01 s at least",
            )
        before_m, before_s = to_m, at_s


def _warn_of_paces(table: Table, key: str, marks: tuple[Mark, ...]) -> None:
    items = table.items(key) if key != "target" else []
    before: Mark = (0.0, 0.0)
    for index, mark in enumerate(marks):
        if mark[1] <= before[1]:
            return
        odd = odd_pace(mark[0] - before[0], mark[1] - before[1])
        if odd:
            path = (*table.at(key), index) if len(items) == len(marks) else table.at(key)
            table.document.warn(path, f"{key}: {odd}")
        before = mark


def _windows(table: Table, ends_m: float) -> tuple[Window, ...]:
    items = table.items("visible")
    if "visible" not in table or not items:
        if isinstance(table.value("visible"), list):
            table.mistake("visible", 'the list is empty; expected ["400 m", "1200 m"] or a list of such pairs')
        return ()
    nested = isinstance(items[0], list)
    if len(items) > MAX_ITEMS:
        table.mistake("visible", f"{len(items)} windows; expected at most {MAX_ITEMS}")
        return ()
    windows: list[Window] = []
    for index, item in enumerate(items if nested else [items]):
        path = (*table.at("visible"), index) if nested else table.at("visible")
        try:
            windows.append(_window(item, ends_m))
        except ValueError as error:
            table.document.mistake(path, f"visible: {error}")
    return tuple(windows)


def _window(item: object, ends_m: float) -> Window:
    pair = list_of(item)
    if len(pair) != 2:
        raise ValueError(f'{quoted(item)} is not a pair; expected ["400 m", "1200 m"] or ["0:30", "2:00"]')
    (unit, begin), (unit2, end) = _place(pair[0]), _place(pair[1])
    if unit != unit2:
        raise ValueError(
            f"{quoted(pair[0])} and {quoted(pair[1])} are a distance and a time; expected two distances or two times"
        )
    if end <= begin:
        raise ValueError(f"it ends at {quoted(pair[1])}, not behind {quoted(pair[0])}; expected the earlier first")
    if unit == "m" and ends_m and begin >= ends_m:
        raise ValueError(
            f"it begins at {quoted(pair[0])}, the wave ends at {format_distance(ends_m)}; expected it to begin before"
        )
    return Window(unit, begin, end)


def _place(value: object) -> tuple[Literal["m", "s"], float]:
    """A time is a text with a colon or an s behind it; all else is a distance, numbers in metres as everywhere."""
    if (
        number_of(value) is None
        and isinstance(value, str)
        and re.fullmatch(r"\s*[0-9.:]*(:[0-9.]+|[0-9.]\s*s)\s*", value)
    ):
        return "s", parse_time_s(value)
    return "m", parse_distance_m(value)
