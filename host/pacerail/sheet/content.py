"""What stands on the sheet, before any of it is placed: the lights in words and colours, and their splits."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pacerail.model.against import passes_s
from pacerail.model.plan import Plan, Wave
from pacerail.model.track import Track
from pacerail.model.units import colour_word, format_distance, format_time
from pacerail.readback import in_own_time, place, wave_lines

EVERY_M = (100, 200, 400)
DASHES_MM: tuple[tuple[float, ...], ...] = (
    (),
    (3.0, 1.2),
    (0.6, 1.0),
    (3.6, 1.0, 0.6, 1.0),
    (1.4, 0.9),
    (3.6, 0.9, 0.6, 0.9, 0.6, 0.9),
    (6.0, 1.4),
    (1.4, 0.8, 0.5, 0.8),
)
"""A line of its own for each of eight lights: strokes and gaps."""
_DARK = 0.20
"""Relative luminance of a line on paper at most: a contrast of 4.2 to white (WCAG 2.2, 1.4.11 asks for 3)."""
_SAME_M = 0.0005


@dataclass(frozen=True)
class Light:
    """A wave as the sheet shows it."""

    wave: Wave
    """Of a group that an order begins: in its own time."""
    lit_at_gun: bool
    letter: str
    """A, B, C ...: what tells it from the others without any colour."""
    glow: str
    """Its colour as a screen shows that of its LEDs, "#rrggbb"."""
    ink: str
    """The same colour, so dark that it shows on paper."""
    dash_mm: tuple[float, ...]
    headline: str
    """Its colour and its time, in few words."""
    words: tuple[str, ...]
    """What it does, a sentence each."""


@dataclass(frozen=True)
class SplitRow:
    """A line of the table of splits."""

    distance_m: float
    label: str
    strong: bool
    times: tuple[str, ...]
    """One a light; "-" for one that is not there any more."""


@dataclass(frozen=True)
class Sheet:
    """All that stands on the sheet."""

    plan: Plan
    track: Track
    lights: tuple[Light, ...]
    rows: tuple[SplitRow, ...]
    every_m: int
    race: str
    start: str
    overlap: str
    times: str
    """From when the times count."""

    @property
    def all_text(self) -> str:
        """Every text that comes from the plan or the rail: what fonts must have."""
        words = [word for light in self.lights for word in (light.wave.name, *light.words)]
        return " ".join([self.plan.title, self.track.name, self.race, self.start, self.overlap, *words])

    @property
    def hash_groups(self) -> list[str]:
        """The plan's hash in fours, as one reads it out."""
        return [self.plan.hash[i : i + 4] for i in range(0, len(self.plan.hash), 4)]


def sheet_of(plan: Plan, track: Track, every_m: int | None = None) -> Sheet:
    """The sheet of a plan on a track, with splits every ``every_m`` (100, 200 or 400; None: as fits the distance)."""
    every = every_m or usual_every_m(plan.distance_m)
    start_m = plan.start_track_m(track)
    finish_m = track.wrap(start_m + plan.distance_m)
    named, metres = format_distance(plan.distance_m), f"{plan.distance_m:.3f}".rstrip("0").rstrip(".") + " m"
    race = f"{named if named == metres else f'{named} ({metres})'} on {track.name}: {plan.distance_m / track.lap_m:.3f}"
    topmost = plan.waves_by_priority()
    letters = {id(wave): letter_of(i) for i, wave in enumerate(plan.waves)}
    return Sheet(
        plan=plan,
        track=track,
        lights=tuple(_light(i, wave, plan, track) for i, wave in enumerate(plan.waves)),
        rows=split_rows(plan, track, every),
        every_m=every,
        race=f"{race} laps of {track.lap_m:.2f} m.",
        start=f"Start {place(start_m, track)}, end {place(finish_m, track)}.",
        times="times in minutes, seconds and hundredths from "
        + ("when an order begins each group" if any(wave.waits for wave in plan.waves) else "the gun"),
        overlap=""
        if len(topmost) < 2
        else "Where lights overlap, from the top: " + ", ".join(letters[id(wave)] for wave in topmost) + ".",
    )


def usual_every_m(distance_m: float) -> int:
    """The step that keeps the table to some 25 lines."""
    return next((every for every in EVERY_M if distance_m / every <= 26), EVERY_M[-1])


def split_rows(plan: Plan, track: Track, every_m: int) -> tuple[SplitRow, ...]:
    """The table: every ``every_m``, the bell (a lap to go), where a light steps off, and the finish."""
    steps = {float(k * every_m) for k in range(1, math.ceil(plan.distance_m / every_m))}
    ends = {round(wave.finish_m, 3) for wave in plan.waves if wave.finish_m < plan.distance_m - _SAME_M}
    finish_m, bell_m = round(plan.distance_m, 3), float(round(plan.distance_m - track.lap_m, 2))
    if bell_m <= 0 or any(abs(bell_m - step_m) < 0.05 for step_m in steps):
        bell_m = next((step_m for step_m in steps if abs(bell_m - step_m) < 0.05), 0.0)
    distances = sorted(steps | ends | {finish_m} | {at_m for at_m in (bell_m,) if at_m > 0})
    rows: list[SplitRow] = []
    for distance_m in distances:
        number = f"{distance_m:.3f}".rstrip("0").rstrip(".")
        label = f"finish {number}" if distance_m == finish_m else f"bell {number}" if distance_m == bell_m else number
        strong = distance_m == finish_m or (every_m < 400 and distance_m % 400 == 0)
        rows.append(
            SplitRow(distance_m, label, strong, tuple(_time(in_own_time(wave), distance_m) for wave in plan.waves))
        )
    return tuple(rows)


def letter_of(index: int) -> str:
    """A for the first light."""
    return chr(ord("A") + index)


def glow_of(colour: tuple[int, int, int]) -> str:
    """ "#rrggbb" for a screen, which takes sRGB, of LED values, which are linear light; as bright as can be."""
    top = max(colour) or 1
    return _srgb([value / top for value in colour])


def ink_of(colour: tuple[int, int, int]) -> str:
    """The colour darkened, its hue kept, until its relative luminance (WCAG 2.2) is _DARK at most."""
    top = max(colour) or 1
    red, green, blue = (value / top for value in colour)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    share = min(1.0, _DARK / luminance)
    return _srgb([red * share, green * share, blue * share])


def _srgb(linear: list[float]) -> str:
    """IEC 61966-2-1, from linear light to what a file says."""
    encoded = [12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055 for value in linear]
    return "#" + "".join(f"{round(255 * value):02x}" for value in encoded)


def _light(index: int, wave: Wave, plan: Plan, track: Track) -> Light:
    words = [line.strip() for line in wave_lines(wave, plan, track) if not line.startswith("  Marks:")]
    lit_at_gun = wave.visible(0.0)
    wave = in_own_time(wave)
    until = "" if abs(wave.finish_m - plan.distance_m) < 0.001 else f" for {format_distance(wave.finish_m)}"
    return Light(
        wave=wave,
        lit_at_gun=lit_at_gun,
        letter=letter_of(index),
        glow=glow_of(wave.colour),
        ink=ink_of(wave.colour),
        dash_mm=DASHES_MM[index % len(DASHES_MM)],
        headline=f"{colour_word(wave.colour)}, {format_time(wave.finish_s)}{until}",
        words=tuple(words),
    )


def _time(wave: Wave, distance_m: float) -> str:
    time_s = passes_s(wave, distance_m)
    return "-" if time_s is None else format_time(time_s)
