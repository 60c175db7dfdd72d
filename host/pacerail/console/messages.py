"""What a page may say: JSON text into values, with every field checked. No I/O.

docs/console.md has each message. What a message does not need is passed over; what it needs and has not is refused.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, cast

LONGEST = 4096
"""Characters of a message."""
_LONGEST_TEXT = 300
_LONGEST_NAME = 40
_MOST_ID = 1 << 53
_MOST_AGE_MS = 10_000.0


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
    """Check, upload, sync."""


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
    """The athlete passed the next mark, so long before the message was sent."""

    age_ms: float


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


Wish = Load | Confirm | Prepare | Order | Show | Dark | Split | SplitUndo | Marks
"""What concerns the rail: only who is in control may say it."""
Message = Wish | Take | Hand | Name


def parse(text: str) -> tuple[int, Message]:
    """The number and the meaning of a message. Raises Malformed, "what was wrong; expected what"."""
    if len(text) > LONGEST:
        raise Malformed(f"a message of {len(text)} characters; expected {LONGEST} at most")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("no JSON; expected an object with type and id") from None
    if not isinstance(told, dict):
        raise Malformed("no object; expected one with type and id")
    fields = _Fields(cast(dict[str, Any], told))
    return fields.id, _message(fields)


def words(message: Message) -> str:
    """What a message asks for, for the log."""
    match message:
        case Load(plan):
            return f"load {plan}"
        case Confirm():
            return "confirm"
        case Order(order):
            return order
        case Show(name, seconds):
            return f"show {name} for {seconds:g} s"
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
            return Prepare()
        case "order":
            return Order(fields.text("order"))
        case "show":
            return Show(fields.text("name"), fields.number("seconds", 30.0, 1e6))
        case "dark":
            return Dark()
        case "split":
            return Split(fields.number("age_ms", 0.0, _MOST_AGE_MS))
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

    def number(self, key: str, default: float, most: float) -> float:
        value = self.told.get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
            raise Malformed(f"{key}: expected a number from 0 to {most:g}", self.id)
        return float(value) if math.isfinite(value) else default
