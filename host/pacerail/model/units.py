"""Times, distances, paces and colours as people write them, and back.

Every parser raises ValueError whose text is "what is wrong; expected ...", ready to stand behind FILE:LINE.
"""

from __future__ import annotations

import math
import re

MAX_TIME_S = 24 * 3600.0
"""The longest time a plan may hold: a day."""

MAX_DISTANCE_M = 100_000.0
"""The longest distance a plan may hold: 100 km."""

MILE_M = 1609.344
YARD_M = 0.9144

_METRES: dict[str, float] = {
    "": 1.0,
    "m": 1.0,
    "metre": 1.0,
    "metres": 1.0,
    "meter": 1.0,
    "meters": 1.0,
    "km": 1000.0,
    "mi": MILE_M,
    "mile": MILE_M,
    "miles": MILE_M,
    "yd": YARD_M,
    "yard": YARD_M,
    "yards": YARD_M,
}

_COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "white": (255, 255, 255),
    "yellow": (255, 160, 0),
    "orange": (255, 64, 0),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
    "purple": (128, 0, 255),
    "pink": (255, 32, 96),
}

_TIME = re.compile(r"(?:(?:([0-9]{1,3}):)?([0-9]{1,4}):(?=[0-9]{2}))?([0-9]{1,6}(?:\.[0-9]{1,9})?)")
_DISTANCE = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9})(\.[0-9]{1,9})?\s*([A-Za-z]*)")
_HEX_COLOUR = re.compile(r"#([0-9a-fA-F]{6})")

_TIME_FORM = "expected a time such as 3:59.99, 59.6 or 1:02:03.4"
_DISTANCE_FORM = 'expected a distance such as "1 mile", "1500 m", "440 yd", "5 km", or metres as a number'
_PACE_FORM = 'expected a pace such as "60.0/400 m", "2:30/km" or "6.7 m/s"'


def quoted(value: object) -> str:
    """A value as it was written, shortened so that a message stays one line of readable length."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except (ValueError, RecursionError):  # Python does not write out integers of thousands of digits
        text = "a value of thousands of digits"
    text = "".join(c if c.isprintable() else "?" for c in text[:200])
    text = text if len(text) <= 40 else text[:37] + "..."
    return f'"{text}"' if isinstance(value, str) else text


def number_of(value: object) -> float | None:
    """A TOML integer or float as a float; None for anything else (a boolean is not a number here)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def parse_time_s(value: object) -> float:
    """Seconds from "3:59.99", "59.6", "1:02:03.4" (each also with an "s" behind it), or from a number of seconds.

    Raises ValueError for anything else, for a negative or non-finite number, for 60 and more seconds behind
    minutes, and for more than a day.
    """
    number = number_of(value)
    if number is None:
        number = _time_from_text(value)
    if not math.isfinite(number):
        raise ValueError(f"{quoted(value)} is not a finite time; {_TIME_FORM}")
    if number < 0:
        raise ValueError(f"{quoted(value)} is a negative time; {_TIME_FORM}")
    if number > MAX_TIME_S:
        raise ValueError(f"{quoted(value)} is longer than a day; {_TIME_FORM}")
    return number


def _time_from_text(value: object) -> float:
    if not isinstance(value, str):
        raise ValueError(f"{quoted(value)} is not a time; {_TIME_FORM}")
    text = value.strip()
    text = text[:-1].rstrip() if text.endswith("s") else text
    match = _TIME.fullmatch(text)
    if not match:
        hint = " (a point before the decimals, not a comma)" if re.fullmatch(r"[0-9:]+,[0-9]+", text) else ""
        raise ValueError(f"{quoted(value)} is not a time; {_TIME_FORM}{hint}")
    hours, minutes, seconds = match.groups()
    if minutes is not None and float(seconds) >= 60:
        raise ValueError(f"{quoted(value)} has {seconds} seconds behind the minutes; expected less than 60")
    if hours is not None and int(minutes or 0) >= 60:
        raise ValueError(f"{quoted(value)} has {minutes} minutes behind the hours; expected less than 60")
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)


def format_time(time_s: float, decimals: int = 2) -> str:
    """A time in s as people write it: 239.99 -> "3:59.99", 59.6 -> "59.60", 3723.4 -> "1:02:03.40".

    Rounds to the nearest last digit (the rules round an official time up; this is not one), before it splits off
    minutes, so that 59.999 reads 1:00.00.
    """
    unit = 10**decimals
    count = round(abs(time_s) * unit)
    sign = "-" if time_s < 0 and count else ""
    whole, part = divmod(count, unit)
    tail = f".{part:0{decimals}d}" if decimals else ""
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{sign}{hours}:{minutes:02d}:{seconds:02d}{tail}"
    if minutes:
        return f"{sign}{minutes}:{seconds:02d}{tail}"
    return f"{sign}{seconds}{tail}"


def parse_distance_m(value: object) -> float:
    """Metres from "1 mile", "1500 m", "440 yd", "5 km", "10,000 m", or from a number of metres.

    A mile is 1609.344 m and a yard 0.9144 m (international yard and pound agreement, 1959). Raises ValueError for
    anything else, for a negative or non-finite number and for more than 100 km.
    """
    number = number_of(value)
    if number is None:
        if not isinstance(value, str):
            raise ValueError(f"{quoted(value)} is not a distance; {_DISTANCE_FORM}")
        match = _DISTANCE.fullmatch(value.strip())
        unit = _METRES.get(match.group(3).lower()) if match else None
        if not match or unit is None:
            raise ValueError(f"{quoted(value)} is not a distance; {_DISTANCE_FORM}")
        number = float(match.group(1).replace(",", "") + (match.group(2) or "")) * unit
    if not math.isfinite(number):
        raise ValueError(f"{quoted(value)} is not a finite distance; {_DISTANCE_FORM}")
    if number < 0:
        raise ValueError(f"{quoted(value)} is a negative distance; {_DISTANCE_FORM}")
    if number > MAX_DISTANCE_M:
        raise ValueError(f"{quoted(value)} is longer than 100 km; {_DISTANCE_FORM}")
    return number


def format_distance(distance_m: float) -> str:
    """A distance in m as people write it: "1 mile", "1500 m", "1609.4 m" (trailing zeros of the mm dropped)."""
    if abs(distance_m - MILE_M) < 0.0005:
        return "1 mile"
    return f"{distance_m:.3f}".rstrip("0").rstrip(".") + " m"


def parse_pace_mps(value: object) -> float:
    """Metres a second from "60.0/400 m", "2:30/km", "4:00/mile", "6.7 m/s" or "24.1 km/h".

    A bare number is refused: it could be s a lap, min a km or m/s. Raises ValueError.
    """
    if not isinstance(value, str):
        raise ValueError(f"{quoted(value)} is not a pace; {_PACE_FORM}")
    text = value.strip()
    speed = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,9})?)\s*(m/s|km/h)", text)
    if speed:
        pace_mps = float(speed.group(1)) / (1.0 if speed.group(2) == "m/s" else 3.6)
    else:
        time_text, slash, over = text.partition("/")
        if not slash or not over.strip():
            raise ValueError(f"{quoted(value)} is not a pace; {_PACE_FORM}")
        over = over.strip()
        try:
            time_s = parse_time_s(time_text)
            distance_m = parse_distance_m(over if over[:1].isdigit() else "1 " + over)
        except ValueError:
            raise ValueError(f"{quoted(value)} is not a pace; {_PACE_FORM}") from None
        pace_mps = distance_m / time_s if time_s > 0 else math.inf
    if not math.isfinite(pace_mps) or not 0 < pace_mps <= 1000:
        raise ValueError(f"{quoted(value)} is not a pace one can run; {_PACE_FORM}")
    return pace_mps


def parse_colour(value: object) -> tuple[int, int, int]:
    """(red, green, blue), 0 to 255, from "#00ff40" or a name.

    The values are LINEAR light, as written: half the number is half the light of the LED. There is no sRGB
    conversion, so that what the plan says is what the LED gets. Raises ValueError for anything else.
    """
    expected = 'expected "#rrggbb" or one of ' + ", ".join(sorted(_COLOURS))
    if not isinstance(value, str):
        raise ValueError(f"{quoted(value)} is not a colour; {expected}")
    text = value.strip()
    match = _HEX_COLOUR.fullmatch(text)
    if match:
        digits = match.group(1)
        return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    named = _COLOURS.get(text.lower())
    if named is None:
        raise ValueError(f"{quoted(value)} is not a colour; {expected}")
    return named


def colour_hex(colour: tuple[int, int, int]) -> str:
    """ "#rrggbb" for (red, green, blue)."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def colour_word(colour: tuple[int, int, int]) -> str:
    """The nearest colour name by direction in linear light (brightness apart), for the read-back: "green"."""
    size = math.sqrt(sum(c * c for c in colour)) or 1.0

    def likeness(name: str) -> float:
        named = _COLOURS[name]
        return sum(a * b for a, b in zip(colour, named, strict=True)) / size / math.sqrt(sum(c * c for c in named))

    return max(sorted(_COLOURS), key=likeness)
