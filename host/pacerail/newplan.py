"""A new plan file from a target and a distance, commented for whoever opens it next."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pacerail.errors import InputError
from pacerail.model.planfile import load_plan
from pacerail.model.track import standard_track
from pacerail.model.units import MILE_M, format_time, parse_distance_m, parse_time_s

_TEMPLATE = """\
# {distance} in {target}: even pace, {lap} for 400 m, {speed:.4f} m/s (computed).
# Check it with: pacerail plan check FILE      Read it back with: pacerail plan read FILE
# Every key, with an example: docs/plans.md
title    = "{distance}: {target}"
distance = "{distance}"

[[wave]]
name     = "target"
colour   = "#00ff40"              # linear light: 80 is half of 100 (hexadecimal)
length_m = 5.0                    # lit behind the head
target   = "{target}"
priority = 1                      # the highest lies on top where lights overlap

# A second light, 3 m ahead, lit from 400 m to 1200 m: take the # away.
# [[wave]]
# name     = "lead"
# colour   = "#0040ff"
# target   = "{target}"
# ahead_m  = 3.0
# visible  = ["400 m", "1200 m"]
"""


def new_plan_text(target: str, distance: str) -> str:
    """The text of a plan of one even-paced wave.

    Raises InputError for what is no time or no distance, and for a race of less than a second or a metre.
    """
    mistakes: list[str] = []
    time_s = distance_m = 0.0
    try:
        time_s = parse_time_s(target)
    except ValueError as error:
        mistakes.append(f"TARGET: {error}")
    try:
        distance_m = parse_distance_m(distance)
    except ValueError as error:
        mistakes.append(f"DISTANCE: {error}")
    if not mistakes and time_s < 1:
        mistakes.append(f"TARGET: {time_s:g} s is too short; expected 1 s at least")
    if not mistakes and distance_m < 1:
        mistakes.append(f"DISTANCE: {distance_m:g} m is too short; expected 1 m at least")
    if mistakes:
        raise InputError(mistakes)
    named = "1 mile" if distance_m == MILE_M else f"{distance_m:.9f}".rstrip("0").rstrip(".") + " m"
    speed_mps = distance_m / time_s
    return _TEMPLATE.format(distance=named, target=_exact(time_s), lap=format_time(400 / speed_mps), speed=speed_mps)


def check_new_plan(text: str) -> None:
    """Raises InputError for a plan that could not be run: a pace that no light is made for, a race too long."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new plan"
        path.write_text(text)
        try:
            load_plan(path, standard_track())
        except InputError as error:
            raise InputError([message.replace(str(path), "new plan") for message in error.messages]) from None


def write_new_plan(path: Path, text: str, *, force: bool) -> None:
    """Write a plan file; raises InputError when it exists already (without ``force``) or cannot be written."""
    try:
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path}:1: the file is there already; expected a new name, or --force") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{path}:1: cannot be written ({reason}); expected a path in a folder that exists") from None


def _exact(time_s: float) -> str:
    """A time with as many decimals as it has, two at least, so that the plan runs what was asked for."""
    for decimals in (2, 3, 4, 5):
        text = format_time(time_s, decimals)
        if abs(parse_time_s(text) - time_s) < 1e-9:
            return text
    return format_time(time_s, 6)
