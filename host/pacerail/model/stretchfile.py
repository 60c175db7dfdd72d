"""Training in a plan file: runs and rests one behind the other, with repeats."""

from __future__ import annotations

from pacerail.model.document import Table
from pacerail.model.human import odd_pace
from pacerail.model.motion import Stretch
from pacerail.model.units import parse_distance_m, parse_pace_mps, parse_time_s, quoted

MAX_STRETCHES = 1000
"""The most runs and rests of a wave, repeats counted."""

RUN_KEYS = ("run", "in", "pace", "rest", "repeat")
GROUP_KEYS = ("repeat", "stretches")
_FORM = 'expected { run = "400 m", in = "64" }, { rest = "60" } or { repeat = 5, stretches = [...] }'


def read_stretches(table: Table, key: str, depth: int = 0) -> tuple[Stretch, ...]:
    """The stretches below a key, repeats unrolled, a rest behind the last run dropped. Notes every mistake."""
    found: list[Stretch] = []
    tables = table.tables(key)
    if isinstance(table.value(key), list) and not table.items(key):
        table.mistake(key, f"the list is empty; {_FORM}")
    for item in tables:
        found.extend(_group(item, depth) if "stretches" in item else _one(item))
        if len(found) > MAX_STRETCHES:
            table.mistake(key, f"more than {MAX_STRETCHES} runs and rests; expected at most that many")
            return ()
    if depth == 0:
        while found and found[-1].run_m == 0:
            found.pop()
        if tables and not found and not table.document.mistakes:
            table.mistake(key, f"there is no run; {_FORM}")
    return tuple(found)


def _group(item: Table, depth: int) -> list[Stretch]:
    item.only(GROUP_KEYS)
    if depth >= 3:
        item.mistake("stretches", "repeats within repeats within repeats; expected three levels at most")
        return []
    times = item.integer("repeat", 1, 1, MAX_STRETCHES)
    inner = read_stretches(item, "stretches", depth + 1)
    if times * len(inner) > MAX_STRETCHES:
        item.mistake("repeat", f"{times * len(inner)} runs and rests; expected at most {MAX_STRETCHES}")
        return []
    return list(inner) * times


def _one(item: Table) -> list[Stretch]:
    """A run, a rest, or a run with the rest behind it; as often as its repeat says."""
    item.only(RUN_KEYS)
    stretches: list[Stretch] = []
    if "run" in item:
        run_m = item.parsed("run", _run_m, 0.0)
        in_s = _run_s(item, run_m)
        if run_m > 0 and in_s > 0:
            odd = odd_pace(run_m, in_s)
            if odd:
                item.document.warn(item.at("run"), f"run: {odd}")
            stretches.append(Stretch(run_m, in_s))
    elif "in" in item or "pace" in item or "rest" not in item:
        item.document.mistake(item.path, f"no run and no rest; {_FORM}")
    if "rest" in item:
        rest_s = item.parsed("rest", _some_time_s, 0.0)
        if rest_s > 0:
            stretches.append(Stretch(0.0, rest_s))
    times = item.integer("repeat", 1, 1, MAX_STRETCHES)
    return stretches * times


def _run_m(value: object) -> float:
    run_m = parse_distance_m(value)
    if run_m < 1:
        raise ValueError(f"{quoted(value)} is too short to run; expected 1 m at least")
    return run_m


def _run_s(item: Table, run_m: float) -> float:
    if ("in" in item) == ("pace" in item):
        item.document.mistake(item.path, 'a run needs in = "64" or pace = "64/400 m"; expected exactly one of them')
        return 0.0
    if "pace" in item:
        return run_m / item.parsed("pace", parse_pace_mps, 1.0)
    return item.parsed("in", _some_time_s, 0.0)


def _some_time_s(value: object) -> float:
    time_s = parse_time_s(value)
    if time_s < 0.1:
        raise ValueError(f"{quoted(value)} is no time; expected 0.1 s at least")
    return time_s
