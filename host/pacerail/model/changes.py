"""Changes of plan in mid-race as a person types them, as values, and read back in words.

Ahead and earlier are the same thing seen twice: a light that is moved ahead passes every mark earlier. So `+` always
moves a light further ahead, and the words that are read back say "ahead" or "back", "earlier" or "later".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pacerail.model.bridge import MAX_OVER_S
from pacerail.model.units import format_time, parse_time_s, quoted

EASE_S = 5.0
"""A shift is spread over so long unless it says otherwise."""
MAX_SHIFT = {"m": 1000.0, "s": 3600.0}

FORMS = (
    'shift target +2 m',
    'shift target -1.5 s over 10 s',
    'shift "lead pacer" 3 m back at once',
    'shift all 2 s later',
    'retarget target 4:01.5',
    'freeze target',
    'resume target',
    'hide record',
    'show all',
    'begin red',
    'begin red in 10',
    'end red',
)  # fmt: skip
"""One example of each change."""


@dataclass(frozen=True)
class Shift:
    """Move a light along its run; ``amount`` above 0 is further ahead, or earlier."""

    wave: str | None
    """None: every wave."""
    amount: float
    unit: Literal["m", "s"]
    over_s: float = EASE_S
    """0: at once."""


@dataclass(frozen=True)
class Retarget:
    """From here on at such a pace that this wave is at its finish at ``finish_s`` (race time; a group's own time)."""

    wave: str
    finish_s: float


@dataclass(frozen=True)
class Freeze:
    """Stand where it is, lit, until it is resumed."""

    wave: str | None


@dataclass(frozen=True)
class Resume:
    """Go on from where it stands, as much later as it stood."""

    wave: str | None


@dataclass(frozen=True)
class Hide:
    """Dark from here on; it moves on unseen."""

    wave: str | None


@dataclass(frozen=True)
class Show:
    """Lit from here on, whatever windows its plan has, until it goes dark after its finish."""

    wave: str | None


@dataclass(frozen=True)
class Begin:
    """A group (a wave with ``starts = "order"``) begins its run, or begins it once more after it has finished."""

    wave: str | None
    in_s: float = 0.0
    """So long after the order."""
    zero_s: float | None = None
    """Race time at which its own time is 0, before or after the change takes place; None: `in_s` after that."""


@dataclass(frozen=True)
class End:
    """A group's run is broken off: it waits at its start line again."""

    wave: str | None


Change = Shift | Retarget | Freeze | Resume | Hide | Show | Begin | End

VERBS = ("shift", "retarget", "freeze", "resume", "hide", "show", "begin", "end")
MAX_COUNTDOWN_S = 3600.0

_TOKEN = re.compile(r'"([^"]*)"|(\S+)')
_AMOUNT = re.compile(r"([+-]?)([0-9]{1,6}(?:\.[0-9]{1,6})?)(m|s)(?:(ahead|back|earlier|later))?")
_SHIFT_FORM = 'expected such as "+2 m", "-1.5 s", "3 m back" or "2 s earlier", then "over 10 s" or "at once"'


def parse_change(text: str) -> Change:
    """The change that a line says, such as one of FORMS.

    ``all`` is every wave; a name with spaces, or a wave that is called all, stands in double quotes. Raises ValueError,
    "what was wrong; expected what".
    """
    if text.count('"') % 2:
        raise ValueError(f'{quoted(text)} has a quote too many or too few; expected names with spaces in "..."')
    tokens = [(match[1] if match[1] is not None else match[2], match[1] is not None) for match in _TOKEN.finditer(text)]
    words_ = [token for token, _ in tokens]
    verb = words_[0].lower() if words_ else ""
    if verb not in VERBS:
        raise ValueError(f"{quoted(text.strip())} is no change; expected such as {', '.join(FORMS)}")
    if len(tokens) < 2 or not words_[1].strip():
        raise ValueError(f"{verb} what? expected the name of a wave, or all: such as {_form(verb)}")
    wave = None if tokens[1] == ("all", False) else words_[1].strip()
    rest = words_[2:]
    if verb == "shift":
        return _shift(wave, rest)
    if verb == "retarget":
        return _retarget(wave, rest)
    if verb == "begin":
        return _begin(wave, rest)
    if rest:
        raise ValueError(
            f"{quoted(' '.join(rest))} behind the wave means nothing; expected such as {_form(verb)}, "
            'and names with spaces in "..."'
        )
    return {"freeze": Freeze, "resume": Resume, "hide": Hide, "show": Show, "end": End}[verb](wave)


def words(change: Change) -> str:
    """A change read back: "target: 2 m further ahead, eased over 5 s"."""
    who = "every wave" if change.wave is None else change.wave
    match change:
        case Shift(_, amount, unit, over_s):
            which = {"m": ("further ahead", "further back"), "s": ("earlier", "later")}[unit][amount < 0]
            how = f"eased over {_number(over_s)} s" if over_s else "at once"
            return f"{who}: {_number(abs(amount))} {unit} {which}, {how}"
        case Retarget(_, finish_s):
            return f"{who}: from here to its finish at {format_time(finish_s)}"
        case Freeze():
            return f"{who}: stands where it is, until it is resumed"
        case Resume():
            return f"{who}: goes on from where it stands"
        case Hide():
            return f"{who}: dark from here on"
        case Show():
            return f"{who}: lit from here on"
        case Begin(_, in_s, None):
            return f"{who}: begins {f'in {_number(in_s)} s' if in_s else 'now'}"
        case Begin(_, _, zero_s):
            return f"{who}: begins, its own time is 0 at {format_time(zero_s or 0.0)}"
        case End():
            return f"{who}: ends its run, and waits at its start line"


def _shift(wave: str | None, rest: list[str]) -> Shift:
    amount, over_s = rest, EASE_S
    lowered = [word.lower() for word in rest]
    if lowered[-2:] == ["at", "once"]:
        amount, over_s = rest[:-2], 0.0
    elif "over" in lowered:
        at = lowered.index("over")
        amount, over_s = rest[:at], _over_s(" ".join(rest[at + 1 :]))
    written = " ".join(amount)
    match = _AMOUNT.fullmatch("".join(amount).lower().replace("−", "-"))  # noqa: RUF001
    if not match:
        raise ValueError(f"{quoted(written)} is not how far to shift; {_SHIFT_FORM}")
    sign, number, unit, way = match.groups()
    if sign and way:
        raise ValueError(f'{quoted(written)} has both a sign and "{way}"; expected one of them')
    if way and (unit == "m") != (way in ("ahead", "back")):
        fitting = '"ahead" or "back"' if unit == "m" else '"earlier" or "later"'
        raise ValueError(f"{quoted(written)} mixes metres and time; expected {fitting} behind {unit}")
    value = float(number)
    if not 0.001 <= value <= MAX_SHIFT[unit]:
        raise ValueError(f"{quoted(written)} is not a shift; expected 0.001 to {MAX_SHIFT[unit]:g} {unit}")
    backwards = sign == "-" or way in ("back", "later")
    return Shift(wave, -value if backwards else value, "m" if unit == "m" else "s", over_s)


def _over_s(text: str) -> float:
    try:
        over_s = parse_time_s(text)
    except ValueError:
        raise ValueError(f'{quoted(text)} is no time to ease over; expected such as "over 10 s"') from None
    if over_s > MAX_OVER_S:
        raise ValueError(f"{quoted(text)} is long to ease over; expected {MAX_OVER_S:g} s at most")
    return round(over_s, 5)


def _retarget(wave: str | None, rest: list[str]) -> Retarget:
    if wave is None:
        raise ValueError(f"retarget all: waves have finishes of their own; expected one wave, {_form('retarget')}")
    if not rest:
        raise ValueError(f"retarget to what? expected its time at the finish: {_form('retarget')}")
    finish_s = parse_time_s(" ".join(rest))
    if finish_s <= 0:
        raise ValueError(f"{quoted(' '.join(rest))} is nothing; expected its time at the finish, more than 0")
    return Retarget(wave, finish_s)


def _begin(wave: str | None, rest: list[str]) -> Begin:
    written = " ".join(rest)
    if not rest or written.lower() == "now":
        return Begin(wave)
    if rest[0].lower() != "in" or len(rest) == 1:
        raise ValueError(f"{quoted(written)} is not when to begin; expected nothing, now, or such as in 10")
    number = " ".join(rest[1:])
    try:
        in_s = parse_time_s(number.removesuffix("s"))
    except ValueError:
        raise ValueError(f"{quoted(number)} is no time; expected such as {_form('begin')} in 10") from None
    if in_s > MAX_COUNTDOWN_S:
        raise ValueError(f"{quoted(number)} is long to wait; expected {MAX_COUNTDOWN_S:g} s at most")
    return Begin(wave, round(in_s, 5))


def _form(verb: str) -> str:
    return next(form for form in FORMS if form.startswith(verb))


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
