"""What is not as it should be, in words, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

from pacerail.clocks import READY_BOUND_US
from pacerail.fleet import Member
from pacerail.gun import choose
from pacerail.race.keep import unkept
from pacerail.race.night import Night
from pacerail.race.start import light_mps
from pacerail.race.state import Race

HOT_C = 75.0
"""An RP2040 is made for 85 degrees C; in the sun on a kerb it is warmer inside than it says."""
LOW_V = 4.5
"""Below this a strip of 5 V LEDs turns red towards its end."""
_LATE_FRAMES = 20


def warnings(night: Night) -> list[dict[str, str]]:
    """What a person should know of now, the worst first: {"text", "do"} each."""
    found: list[tuple[str, str]] = []
    race, members = night.race, night.fleet.members
    in_race = race is not None and race.phase in ("armed", "running")
    if race is not None and (alone := unkept(race)) is not None:
        found.append(alone)
    if night.missing:
        why = f"{', '.join(night.missing)}: the rail could not be made ready because of this"
        found.append((why, "Look at cable and power, or put the spare in; or prepare without it."))
    away = [member for member in members if member.lost and member.spared and not member.taken]
    if away:
        found.append((f"{_names(away)}: done without, dark", "It is lit in its place as soon as it answers."))
    lost = [member for member in members if member.lost and member not in away]
    if lost:
        runs = "Nothing for the light's sake: it runs on. " if in_race else ""
        found.append((f"{_names(lost)}: no answer", f"{runs}Look at the cable; it comes back by itself."))
    if (strangers := night.strangers.warning) is not None:
        found.append(strangers)
    if race is not None and in_race:
        found += _of_race(race)
    for member in members:
        found += _of_board(member)
    if night.plan is not None and not night.confirmed:
        found.append(
            ("nobody has confirmed the read-back of the plan", "Read it to the athlete and the coach, then confirm it.")
        )
    if race is not None and race.phase in ("finished", "stopped"):
        found += [(words, "It is in the report.") for words in race.shortcomings]
    return [{"text": text, "do": do} for text, do in found]


def _of_race(race: Race) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    wanted = ("running", "finished") if race.phase == "running" else ("armed",)
    # what a board said before it was told of the gun is old, not wrong
    settled = race.fleet.clock() - max(race.told_us, race.armed_us) > 6_000_000
    elsewhere = [m for m in race.fleet.members if m.name in race.elsewhere]
    if elsewhere:
        words = f"{_names(elsewhere)}: dark, stopped by another program"
        found.append((words, "It is left as it is. If that was not meant: stop, prepare and start the race anew."))
    kept = [m for m in race.fleet.members if not m.lost and m.name not in race.unkept | race.elsewhere]
    away = [m for m in kept if m.status is not None and m.status.state not in wanted]
    if away and settled:
        found.append((f"{_names(away)}: not in the race", "It is being brought back. Look at its power."))
    standing = [wave.name for wave in race.plan_now.waves if wave.stands]
    if standing and (race.race_s() or -1.0) < 0:
        found.append((f"{', '.join(standing)}: frozen, and will not move at the gun", "Resume it, or undo the freeze."))
    choice = choose(race.heard.values(), light_mps(race.plan_now))
    for difference in choice.differences if choice is not None else ():
        if difference.conflict and choice is not None and race.gun is not None:
            in_use = race.gun.source == difference.other.source
            other = choice.gun.source if in_use else difference.other.source
            do = f"Find out which is the race's. {race.gun.source} is in use; gun {other} (Start at…) takes the other."
            found.append((difference.words, do))
    return found


def _of_board(member: Member) -> list[tuple[str, str]]:
    status, name = member.status, member.name
    if status is None:
        return []
    found: list[tuple[str, str]] = []
    if status.state == "fault":
        found.append((f"{name}: its pace table is broken", "Prepare again: it gets the plan anew."))
    if status.clock_valid and status.bound_us > READY_BOUND_US:
        found.append(
            (
                f"{name}: its clock is known to {status.bound_us / 1000:.1f} ms only",
                "Look at its cable, and whether another program reads its port.",
            )
        )
    if status.supply_v is not None and status.supply_v < LOW_V:
        found.append((f"{name}: its supply is at {status.supply_v:.1f} V", "Feed the strip nearer to this board."))
    if status.temperature_c is not None and status.temperature_c > HOT_C:
        found.append((f"{name}: it is at {status.temperature_c:.0f} degrees C", "Give it shade and air."))
    if status.dimmed:
        found.append(
            (
                f"{name}: its current limit dimmed {status.dimmed} frames",
                "Lower its brightness in the rail file, or raise limit_ma if its supply carries more.",
            )
        )
    late = status.late - member.shown_before[1]
    if member.taken and late > _LATE_FRAMES:
        found.append((f"{name}: {late} frames came late", "Nothing tonight. Fewer LEDs on its longest output help."))
    return found


def _names(members: Iterable[Member]) -> str:
    names = [member.name for member in members]
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"
