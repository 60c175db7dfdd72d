"""What a page may say: JSON text into values, with every field checked. No I/O.

docs/console.md has each message. What a message does not need is passed over; what it needs and has not is refused.
Text is one line of characters that can be seen: none that turn the direction of what is read, or that have no width.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, cast

from pacerail.model.units import format_distance

LONGEST = 4096
"""Characters of a message."""
_LONGEST_TEXT = 300
_LONGEST_NAME = 40
_MOST_TEXTS = 100
_MOST_ID = 1 << 53
_MOST_AGE_MS = 60_000.0
_LATEST_MS = 1e15
_FURTHEST_M = 1e6


class Malformed(Exception):
    """Not a message; `id` is its number where it had one, else None."""

    def __init__(self, why: str, id: int | None = None) -> None:
        self.id = id
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Load:
    """Take another plan in hand."""

    plan: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """The read-back of the plan with this hash is right."""

    hash: str


@dataclass(frozen=True, slots=True)
class Prepare:
    """Check, upload, sync; without some boards, if they do not answer."""

    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """An order in words (see `pacerail.race.orders`)."""

    order: str


@dataclass(frozen=True, slots=True)
class Show:
    """A show by its name, for so many seconds."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Dark:
    """End the show."""


@dataclass(frozen=True, slots=True)
class Split:
    """The athlete passed the next mark, so long before the message was sent; or the mark at a distance."""

    age_ms: float
    distance_m: float | None = None


@dataclass(frozen=True, slots=True)
class SplitMiss:
    """The athlete's next mark was missed."""


@dataclass(frozen=True, slots=True)
class SplitUndo:
    """Take the athlete's last press back."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Where the athlete is timed: "400 m", "line"."""

    every: str


@dataclass(frozen=True, slots=True)
class Take:
    """Be in control, or ask for it."""


@dataclass(frozen=True, slots=True)
class Hand:
    """Hand control to another viewer."""

    to: str


@dataclass(frozen=True, slots=True)
class Name:
    """Who is at this page: "Ana, timing hut"."""

    name: str


@dataclass(frozen=True, slots=True)
class Resume:
    """This page was here before, by the secret that it was given then."""

    key: str


Wish = Load | Confirm | Prepare | Order | Show | Dark | Split | SplitMiss | SplitUndo | Marks
"""What concerns the rail: only who is in control may say it."""
Message = Wish | Take | Hand | Name | Resume
ATHLETES = (Split, SplitMiss, SplitUndo)
"""What is noted of the athlete: right at whatever time it comes, since it has the time of the press."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message, its number, and when it was pressed: in ms of this computer's time.monotonic(), None if not said."""

    id: int
    at_ms: float | None
    message: Message


def parse(text: str) -> Said:
    """The meaning of a message. Raises Malformed, "what was wrong; expected what"."""
    if len(text) > LONGEST:
        raise Malformed(f"a message of {len(text)} characters; expected {LONGEST} at most")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("no JSON; expected an object with type and id") from None
    if not isinstance(told, dict):
        raise Malformed("no object; expected one with type and id")
    fields = _Fields(cast(dict[str, Any], told))
    at_ms = None if fields.told.get("at_ms") is None else fields.number("at_ms", 0.0, _LATEST_MS)
    return Said(fields.id, at_ms, _message(fields))


def words(message: Message) -> str:
    """What a message asks for, for the log."""
    match message:
        case Load(plan):
            return f"load {plan}"
        case Confirm():
            return "confirm"
        case Prepare((_, *_) as without):
            return f"prepare without {', '.join(without)}"
        case Order(order):
            return order
        case Show(name, seconds):
            return f"show {name} for {seconds:g} s"
        case Split(distance_m=float() as distance_m):
            return f"split at {format_distance(distance_m)}"
        case SplitMiss():
            return "next mark missed"
        case SplitUndo():
            return "split undo"
        case Marks(every):
            return f"marks {every}"
        case Hand(to):
            return f"hand control to {to}"
        case _:
            return type(message).__name__.lower()


def _message(fields: _Fields) -> Message:
    match fields.told.get("type"):
        case "load":
            return Load(fields.text("plan"))
        case "confirm":
            return Confirm(fields.text("hash"))
        case "prepare":
            return Prepare(fields.texts("without"))
        case "order":
            return Order(fields.text("order"))
        case "show":
            return Show(fields.text("name"), fields.number("seconds", 30.0, 1e6))
        case "dark":
            return Dark()
        case "split":
            at = fields.told.get("distance_m") is not None
            distance_m = fields.number("distance_m", 0.0, _FURTHEST_M) if at else None
            return Split(fields.number("age_ms", 0.0, _MOST_AGE_MS), distance_m)
        case "split_miss":
            return SplitMiss()
        case "split_undo":
            return SplitUndo()
        case "marks":
            return Marks(fields.text("every"))
        case "take":
            return Take()
        case "hand":
            return Hand(fields.text("to"))
        case "name":
            return Name(fields.text("name", _LONGEST_NAME))
        case "resume":
            return Resume(fields.text("key"))
        case _:
            raise Malformed("no message of that type is known", fields.id)


class _Fields:
    def __init__(self, told: dict[str, Any]) -> None:
        number = told.get("id")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < _MOST_ID:
            raise Malformed("no id; expected a whole number that rises with every message")
        self.told = told
        self.id = number

    def text(self, key: str, longest: int = _LONGEST_TEXT) -> str:
        value = self.told.get(key)
        if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
            raise Malformed(f"{key}: expected text of 1 to {longest} characters, in one line", self.id)
        return value.strip()

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.told.get(key, [])
        if not isinstance(value, list) or len(listed := cast(list[Any], value)) > _MOST_TEXTS:
            raise Malformed(f"{key}: expected a list of {_MOST_TEXTS} names at most", self.id)
        return tuple(_Fields({"id": self.id, key: name}).text(key) for name in listed)

    def number(self, key: str, default: float, most: float) -> float:
        value = self.told.get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
            raise Malformed(f"{key}: expected a number from 0 to {most:g}", self.id)
        return float(value) if math.isfinite(value) else default
