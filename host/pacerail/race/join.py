"""Taking over a race that runs already: the program or the laptop that started it has died.

The boards need nobody for the rest of the race. But to recall it, to change it, or to bring back a board whose power
fails, somebody must know its gun, its timescale and the changes of plan so far. The gun and the timescale are asked
from the boards. The changes are in the journal, on the computer that made them; without it the boards keep theirs. So
are the athlete's passings.
"""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pacerail.clocks import set_clock, settle
from pacerail.compile import with_movement
from pacerail.errors import RailError
from pacerail.fleet import BoardsFailed, Fleet, Member, check_one
from pacerail.gun import FOUND, Gun
from pacerail.model import changes
from pacerail.model.amended import Amended
from pacerail.model.athlete import Passing, Passings
from pacerail.model.plan import Plan
from pacerail.ports import FleetTime
from pacerail.race.change import movement_now
from pacerail.race.state import Race
from pacerail.race.strangers import Called, plans_run

_APART_US = 100_000  # boards' time and this computer's differ by more: it is another one, or has been started anew
_FORMAT = "pacerail-journal/1"
_SAME_GUN_US = 1_000_000  # the journal may be of a race an hour before, of the same plan: its gun is another one


def save_journal(race: Race, path: Path) -> None:
    """Keep the changes of a race, and its athlete's passings, where `join` finds them.

    Replaced whole, so that a crash leaves the old or the new.
    """
    steps = [
        {"kind": type(step.change).__name__, "change": None if step.change is None else asdict(step.change),
         "at_s": step.at_s, "forced": step.forced}
        for step in race.amended.steps
    ]  # fmt: skip
    said = {"format": _FORMAT, "plan_hash": race.plan.hash, "steps": steps, "athlete": _athlete_said(race)}
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    scratch.write_text(json.dumps(said))
    scratch.replace(path)


def read_journal(plan: Plan, path: Path) -> Amended:
    """The plan with the changes of a journal; without any if there is none for this plan, or none that can be read."""
    amended = Amended(plan)
    try:
        said: dict[str, Any] = json.loads(path.read_text())
        if said["format"] != _FORMAT or said["plan_hash"] != plan.hash:
            return amended
        for step in said["steps"]:
            if step["change"] is None:
                amended = amended.undo(step["at_s"], forced=step["forced"])
            else:
                change = getattr(changes, step["kind"])(**step["change"])
                amended = amended.with_change(change, step["at_s"], forced=step["forced"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Amended(plan)
    return amended


def read_athlete(plan: Plan, path: Path, zero_us: int) -> Passings | None:
    """What a journal has of the athlete in the race whose gun went at a fleet time; None if it has nothing of it."""
    try:
        said: dict[str, Any] = json.loads(path.read_text())
        if said["format"] != _FORMAT or said["plan_hash"] != plan.hash:
            return None
        told = said["athlete"]
        if abs(told["zero_us"] - zero_us) > _SAME_GUN_US:
            return None
        passed = tuple(Passing(**passing) for passing in told["passings"])
        aside = tuple(Passing(**passing) for passing in told.get("aside", ()))  # older journals have none
        return Passings(tuple(told["marks_m"]), passed, str(told["name"]), str(told["marks"]), aside=aside)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _athlete_said(race: Race) -> dict[str, Any] | None:
    if race.athlete is None or race.gun is None:
        return None
    return {
        "name": race.athlete.athlete,
        "marks": race.athlete.marks,
        "marks_m": race.athlete.marks_m,
        "zero_us": race.gun.zero_us,
        "passings": [asdict(passing) for passing in race.athlete.passed],
        "aside": [asdict(passing) for passing in race.athlete.aside],
    }


async def join(
    race: Race,
    journal: Path | None = None,
    time: FleetTime | None = None,
    called: Called = lambda plan_hash: None,
    found: Callable[[], None] = lambda: None,
) -> None:
    """Take over the race that runs on the boards. Raises RailError if none of them runs this plan.

    It says then which plan they run, by its hash, and by its name if `called` finds one.

    `time` is the clock of the fleet's ports: it is set to the boards' timescale if this is another computer than the
    one that started the race. Boards that are not in the race are brought back once it is kept.

    `found` is told once recall and stop are heard: the clocks take 6 to 20 s from then. A board whose clock is not
    known well enough by then is said so; it runs on by the one that it has, and is looked after as all others.
    """
    fleet = race.fleet
    race.enter("connecting")
    missing = await fleet.try_each(check_one)
    for name, error in missing.items():
        race.note(f"is not there: {error}", name, "warn")
    there = [member for member in fleet.members if member.name not in missing]
    apart_us: list[int] = []
    await fleet.try_each(lambda member: _look(race, member, apart_us), there)
    running = [member for member in there if _runs(member, race.plan)]
    if not running:
        states = ", ".join(f"{m.name} {m.status.state if m.status else 'lost'}" for m in fleet.members)
        others = [m for m in there if m.status is not None and m.status.state in ("running", "finished")]
        if others:
            raise RailError(
                f"no board runs plan {race.plan.hash}, but they run {plans_run(others, called)}: give that one"
            )
        raise RailError(f"no board runs plan {race.plan.hash} ({states}); leave out --join to start a race")
    if time is not None and apart_us and abs(statistics.median(apart_us)) > _APART_US:
        time.ahead_us += round(statistics.median(apart_us))
        race.note(f"another computer started this race: its time is taken over ({time.ahead_us / 1e6:.0f} s ahead)")
    for member in running:
        member.taken = True
    zero_us, votes = Counter(member.status.gun_us for member in running if member.status is not None).most_common(1)[0]
    if votes < len(running):
        race.note(f"{len(running) - votes} boards have another gun than the others: they get the others'", level="warn")
    race.armed_us = zero_us
    race.gun = race.heard[FOUND] = Gun(FOUND, zero_us, 0)
    race.told_us = fleet.clock()
    race.athlete = None if journal is None else read_athlete(race.plan, journal, zero_us)
    _know_changes(race, journal, running)
    race.taken_over()
    race.enter("running")  # from here on recall and stop are heard
    race.note(f"taken over, {(fleet.clock() - zero_us) / 1e6:.1f} s after the gun, from {len(running)} boards")
    found()
    answering = Fleet(there, fleet.clock)
    known = there
    try:
        await settle(answering)
    except BoardsFailed as error:
        race.note(f"{error}; they keep the clocks that they have until it is", level="warn")
        known = [member for member in there if member.name not in error.names]
    if race.phase == "running":
        await answering.try_each(lambda member: set_clock(answering, member), known)


def _runs(member: Member, plan: Plan) -> bool:
    status = member.status
    return status is not None and status.state in ("running", "finished") and status.plan_hash == plan.hash


async def _look(race: Race, member: Member, apart_us: list[int]) -> None:
    before_us = race.fleet.clock()
    status = member.status = await member.client.status()
    if status.state in ("running", "finished"):
        apart_us.append(status.fleet_us - (before_us + race.fleet.clock()) // 2)


def _know_changes(race: Race, journal: Path | None, running: Sequence[Member]) -> None:
    """Find out by which plan the boards run. One that missed the last change does not speak for the others."""
    amended = Amended(race.plan) if journal is None else read_journal(race.plan, journal)
    movement = movement_now(race, amended)
    changed = {m.name: with_movement(race.loaded_table(m), movement) for m in race.fleet.members}
    shown = {m.name: m.status.table_hash for m in running if m.status is not None}
    by_journal = [m for m in running if shown[m.name] == changed[m.name][-8:]]
    by_plan = [m for m in running if shown[m.name] == race.loaded_table(m)[-8:]]
    if amended.steps and by_journal:
        race.amended, race.movement, race.settled_s = amended, movement, amended.steps[-1].at_s
        for member in race.fleet.members:
            member.table = changed[member.name]
        for words in amended.words:
            race.note(f"changed before: {words}")
    elif len(by_plan) < len(running):
        race.changes_unknown = True
        words = "another computer changed the plan in mid-race; the boards keep it, changes from here are refused"
        race.note(words, level="warn")
