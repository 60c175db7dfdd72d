"""What the made-up race does when it is asked for something, and what it refuses."""

from __future__ import annotations

import shlex
from typing import Any

from tests.web.fake_race import HASH, HASHES, MILE_M, FakeRace, FakeWave, usual_waves

_NEEDS = {
    "confirm": "confirm", "prepare": "prepare", "load": "load", "show": "show", "dark": "show", "marks": "marks",
    "split_miss": "miss", "split_undo": "split_undo",
}  # fmt: skip
_ORDERS = {
    "arm": "arm", "start": "start", "gun": "ago", "recall": "recall", "stop": "stop", "undo": "undo", "begin": "begin",
    "end": "begin",
}  # fmt: skip
_LATEST_MS = {"split": 60_000, "stop": 10_000, "recall": 10_000}
"""How late each may come; anything else 1.5 s."""


def too_late(told: dict[str, Any], now_ms: float) -> str | None:
    """Why a message that says when it was pressed is not taken; None: it is."""
    at_ms = told.get("at_ms")
    if at_ms is None:
        return None
    if at_ms > now_ms + 250:
        return f"at_ms is {at_ms - now_ms:.0f} ms in the future"
    what = told["type"] if told["type"] != "order" else told["order"].split()[0]
    if now_ms - at_ms > _LATEST_MS.get(what, 1500):
        late_s = (now_ms - at_ms) / 1000
        return f"that was pressed {late_s:.1f} s ago and came late: look, and press again if it still holds"
    return None


def wish(race: FakeRace, told: dict[str, Any]) -> str | None:
    """Do what a message asks for; None, or why not."""
    kind = told["type"]
    if kind == "order":
        words = shlex.split(told["order"])
        forced = words[0] == "force"
        words = words[forced:]
        wanted = "ago" if words[:2] == ["start", "ago"] else _ORDERS.get(words[0], "change")
        why = race.can()[wanted]
        return why or order(race, words, forced)
    why = race.can()[_NEEDS.get(kind, "athlete")]
    if why:
        return why
    if kind == "load":
        if told["plan"] not in ("breaking4-3-59", "record-4-07-64", "training-10x400"):
            return f"{told['plan']}: no such plan; expected a file or the name of a shipped plan"
        race.plan, race.confirmed, race.phase, race.waves = told["plan"], False, "idle", usual_waves()
        race.hash = HASHES.get(told["plan"], HASH)
    elif kind == "confirm":
        if told["hash"] != race.hash:
            return "that is the hash of another plan"
        race.confirmed = True
    elif kind == "prepare":
        if absent := [name for name in race.missing if name not in told.get("without", [])]:
            return f"check failed on {len(absent)} of {race.boards} boards: {', '.join(absent)}: no answer"
        race.missing, race.phase = [], "ready"
    elif kind == "show":
        race.show = {"name": told["name"], "left_s": float(told["seconds"])}
    elif kind == "dark":
        race.show = None
    elif kind == "marks":
        race.marks = told["every"]
    elif kind == "split_undo":
        if not race.rows:
            return "no mark was passed yet"
        race.rows = race.rows[:-1]
    elif kind == "split_miss":
        at_m = race.next_m()
        if at_m is None:
            return "no mark is left"
        race.misses(at_m)
    else:
        return split(race, told)
    return None


def split(race: FakeRace, told: dict[str, Any]) -> str | None:
    """A press for the next mark, or for one that is named: then those between were missed."""
    at_m, race_s, wanted_m = race.next_m(), race.race_s(), told.get("distance_m")
    if at_m is None or race_s is None:
        return "no mark is left"
    while wanted_m is not None and at_m is not None and at_m < wanted_m:
        race.misses(at_m)
        at_m = race.next_m()
    if at_m is None:
        return "there is no such mark"
    late_s = race.now_s() - told["at_ms"] / 1000 if "at_ms" in told else told["age_ms"] / 1000
    race.passes(at_m, race_s - late_s * race.rate)
    race.likeliest_m = None
    return None


def order(race: FakeRace, words: list[str], forced: bool) -> str | None:
    verb, rest = words[0], words[1:]
    if verb == "arm":
        race.phase = "armed"
    elif verb == "start":
        wait_s = float(rest[1]) * (1 if rest[0] == "in" else -1) if rest else 0.0
        race.gun_s = race.fleet_s() + wait_s
        how = {"in": "clock", "ago": "told"}[rest[0]] if rest else "key"
        race.gun = {"source": how, "bound_us": 300000, "words": f"{how}, to 0.3 s"}
        race.phase = "armed" if wait_s > 0 else "running"
    elif verb == "gun":
        return f"no gun from {rest[0]}; heard so far: none"
    elif verb == "recall":
        race.phase, race.gun_s, race.gun, race.rows, race.changes = "recalled", None, None, [], []
        race.waves = usual_waves()
    elif verb == "stop":
        race.phase = "stopped"
    elif verb == "undo":
        race.changes = race.changes[:-1]
    elif verb in ("begin", "end"):
        return group(race, verb, rest)
    else:
        return change(race, verb, rest, forced)
    return None


def group(race: FakeRace, verb: str, rest: list[str]) -> str | None:
    """Begin or end a group, or begin all of them."""
    groups = [wave for wave in race.waves if wave.group and rest[0] in (wave.name, "all")]
    if not groups:
        return f'no group is called "{rest[0]}"'
    now_s = race.race_s() or 0.0
    for wave in groups:
        wave.begun_s = None if verb == "end" else now_s + (float(rest[2]) if len(rest) > 1 else 0.0)
    race.changes = [*race.changes, f"{now_s:.2f} {rest[0]}: {verb}s"]
    return None


def change(race: FakeRace, verb: str, rest: list[str], forced: bool) -> str | None:
    wanted = [wave for wave in race.waves if rest[0] in (wave.name, "all")]
    if not wanted:
        return f'no wave is called "{rest[0]}"'
    words = " ".join(rest[1:])
    if verb == "shift" and "back at once" in words and not forced:
        return "it would move backwards by 3 m; expected over 2 s at least or it forced"
    race_s = race.race_s() or 0.0
    for wave in wanted:
        _apply(wave, verb, rest[1:], race_s)
    race.changes = [*race.changes, f"{race_s:.2f} {rest[0]}: {verb} {words}".strip()]
    return None


def _apply(wave: FakeWave, verb: str, rest: list[str], race_s: float) -> None:
    if verb == "shift":
        sign = -1 if rest[2] in ("back", "later") else 1
        wave.ahead_m += sign * float(rest[0]) * (1 if rest[1] == "m" else MILE_M / wave.finish_s)
    elif verb == "retarget":
        minutes, seconds = rest[0].split(":")
        wave.finish_s = 60 * float(minutes) + float(seconds)
    elif verb == "freeze":
        wave.mode, wave.stands_m = "frozen", wave.distance_m(race_s)
    elif verb == "resume":
        if wave.stands_m is not None:
            wave.ahead_m += wave.stands_m - (wave.ahead_m + MILE_M * race_s / wave.finish_s)
        wave.mode, wave.stands_m = "running", None
    else:
        wave.mode = "hidden" if verb == "hide" else "running"
