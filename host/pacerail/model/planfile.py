"""Plans as files: TOML to a Plan, with every mistake named by file and line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pacerail.model.document import Table, read_document
from pacerail.model.plan import Plan, Wave
from pacerail.model.track import Track
from pacerail.model.units import colour_hex, parse_distance_m, quoted
from pacerail.model.wave import build_wave
from pacerail.model.wavefile import read_wave
from pacerail.model.wavespec import WaveSpec

KEYS = ("title", "distance", "start", "start_m", "wave")
MAX_WAVES = 16


def load_plan(path_or_name: str | Path, track: Track) -> Plan:
    """The plan of a file, or of a shipped name ("breaking4-3-59"), as run on ``track``.

    Raises InputError with all mistakes of the file, each "FILE:LINE: what is wrong; expected ...". Paces that no person
    runs, and the like, are in the plan's ``warnings``.
    """
    document = read_document("plans", path_or_name)
    root = document.root
    root.only(KEYS)
    title = root.text("title", Path(document.name).stem[:100] or "plan")
    tables = root.tables("wave")
    if not tables and not document.mistakes:
        document.mistake((), "no [[wave]]; expected one light at least")
    if len(tables) > MAX_WAVES:
        document.mistake(("wave", MAX_WAVES), f"{len(tables)} waves; expected at most {MAX_WAVES}")
        tables = tables[:MAX_WAVES]
    distance_m = _distance(root, tables)
    start_m = _start(root, track)
    if distance_m is not None and start_m == -distance_m:
        start_m = None  # what it is anyway: written out, it is the same plan
    specs = [(table, read_wave(table, distance_m, track.lap_m)) for table in tables]
    _check_names(specs)
    waves = [wave for table, spec in specs if spec and (wave := _built(table, spec))]
    document.check()
    built = [spec for _, spec in specs if spec]
    if distance_m is None:
        distance_m = max(sum(s.run_m for s in spec.stretches) for spec in built)
    return Plan(
        title=title,
        distance_m=distance_m,
        waves=tuple(waves),
        # a title made from the file's name is no part of it: the same bytes have the same hash under any name
        hash=_hash(title if "title" in root else "", distance_m, start_m, built),
        start_m=start_m,
        warnings=document.warning_lines(),
    )


def _distance(root: Table, waves: list[Table]) -> float | None:
    """The distance; None where it is left out, which only training may: its runs add up to it."""

    def parse(value: object) -> float:
        distance_m = parse_distance_m(value)
        if distance_m < 1:
            raise ValueError(f"{quoted(value)} is too short for a race; expected 1 m at least")
        return distance_m

    if "distance" in root:
        distance_m = root.parsed("distance", parse, 0.0)
        return distance_m or None
    if any("stretches" not in wave for wave in waves):
        root.document.mistake((), 'no distance; expected distance = "1 mile", "1500 m", or metres as a number')
    return None


def _start(root: Table, track: Track) -> float | None:
    """Track coordinate of the start line if the plan states it, not yet brought into the lap."""
    if "start" in root and "start_m" in root:
        root.mistake("start_m", "start is there too; expected one of them")
    if "start_m" in root:
        return abs(root.number("start_m", 0.0, 0.0, track.lap_m))  # -0.0 is the finish line too

    def parse(value: object) -> float:
        if not isinstance(value, str):
            raise ValueError(f'{quoted(value)} is not a start line; expected such as "1 mile start"')
        return -parse_distance_m(value.strip().removesuffix("start"))

    return root.parsed("start", parse, 0.0) if "start" in root else None


def _built(table: Table, spec: WaveSpec) -> Wave | None:
    try:
        return build_wave(spec)
    except ValueError as error:
        table.document.mistake(table.path, f"wave {quoted(spec.name)}: {error}")
        return None


def _check_names(specs: list[tuple[Table, WaveSpec | None]]) -> None:
    names: set[str] = set()
    colours: dict[tuple[int, int, int], str] = {}
    for table, spec in specs:
        name = str(table.value("name")).strip()
        if "name" in table and name in names:
            table.mistake("name", f"{quoted(name)} is another wave's name too; expected a name of its own")
        names.add(name)
        if spec and spec.colour in colours:
            table.document.warn(
                table.at("colour"),
                f"colour: {colour_hex(spec.colour)} is the colour of {quoted(colours[spec.colour])} too; "
                "expected one that people can tell from it",
            )
        elif spec:
            colours[spec.colour] = spec.name


def _hash(title: str, distance_m: float, start_m: float | None, specs: list[WaveSpec]) -> str:
    start = None if start_m is None else f"{start_m:.6f}"
    meaning = [title, f"{distance_m:.6f}", start, [spec.meaning() for spec in specs]]
    return hashlib.sha256(json.dumps(meaning, ensure_ascii=True).encode()).hexdigest()[:16]
