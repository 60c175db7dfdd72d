"""The outputs of a board in a rail file: a strip of LEDs and the stretch of kerb it lies on."""

from __future__ import annotations

from pacerail.model.boardtype import HIGHEST_PIN, STRIPS, read_order
from pacerail.model.document import Table
from pacerail.model.rail import HAIR_M, LED_MA, LIMIT_MA, Output
from pacerail.model.track import Track
from pacerail.model.units import quoted

OUTPUT_KEYS = ("leds", "from_m", "to_m", "pitch_m", "direction", "dead", "limit_ma", "led_ma", "strip", "order", "pin")
MAX_OUTPUTS = 16
MAX_LEDS = 5000


def read_outputs(board: Table, track: Track) -> tuple[Output, ...]:
    """The outputs of a board, in the order of its pins. Notes every mistake; what is wrong is left out."""
    tables = board.tables("output")
    if len(tables) > MAX_OUTPUTS:
        board.mistake("output", f"{len(tables)} outputs; expected at most {MAX_OUTPUTS}")
        return ()
    return tuple(output for table in tables if (output := _output(table, track)))


def _output(table: Table, track: Track) -> Output | None:
    document = table.document
    before = len(document.mistakes)
    kerb_m = track.kerb_lap_m
    table.only(OUTPUT_KEYS)
    for key in ("leds", "from_m"):
        if key not in table:
            document.mistake(table.path, f"no {key}; expected leds, from_m, and to_m or pitch_m")
    leds = table.integer("leds", 1, 1, MAX_LEDS)
    from_m = table.number("from_m", 0.0, 0.0, kerb_m)
    to_m = table.number("to_m", 0.0, 0.0, kerb_m)
    pitch_m = table.number("pitch_m", 0.0, 0.001, 10.0)
    if "to_m" not in table and "pitch_m" not in table:
        document.mistake(table.path, "no to_m and no pitch_m; expected one of them at least")
    if len(document.mistakes) == before:
        pitch_m = _pitch_m(table, leds, from_m, to_m, pitch_m, kerb_m)
    output = Output(
        leds=leds,
        from_m=from_m % kerb_m,
        pitch_m=pitch_m,
        reverse=table.choice("direction", ("forward", "reverse"), "forward") == "reverse",
        dead=_dead(table, leds),
        limit_ma=table.integer("limit_ma", LIMIT_MA, 1, 65_000),
        led_ma=table.integer("led_ma", LED_MA, 1, 600),
        strip=table.choice("strip", STRIPS, "") or None,
        order=read_order(table, "order", "") or None,
        pin=table.integer("pin", 0, 0, HIGHEST_PIN) if "pin" in table else None,
    )
    return output if len(document.mistakes) == before else None


def _pitch_m(table: Table, leds: int, from_m: float, to_m: float, pitch_m: float, kerb_m: float) -> float:
    """The pitch from a stretch and a number of LEDs, or the stated one, checked against the stretch."""
    if "pitch_m" in table and leds * pitch_m > kerb_m + HAIR_M:
        table.mistake(
            "pitch_m",
            f"{leds} LEDs at {pitch_m:g} m need {leds * pitch_m:.3f} m, the kerb is {kerb_m:.3f} m round; "
            "expected them to fit",
        )
    if "to_m" not in table:
        return pitch_m
    # a stretch may cross the finish line: to_m is then the smaller; all round, they are equal
    span_m = to_m - from_m if to_m > from_m else to_m - from_m + kerb_m
    if "pitch_m" not in table:
        return span_m / leds
    if leds * pitch_m > span_m + HAIR_M:
        table.mistake(
            "pitch_m",
            f"{leds} LEDs at {pitch_m:g} m need {leds * pitch_m:.3f} m, the stretch from {from_m:g} to {to_m:g} m has "
            f"{span_m:.3f} m; expected at most {int((span_m + HAIR_M) / pitch_m)} LEDs",
        )
    return pitch_m


def _dead(table: Table, leds: int) -> tuple[int, ...]:
    """The pixels that do not light, in order; each 0 to leds - 1 in data order, once."""
    dead: list[int] = []
    for index, item in enumerate(table.items("dead")):
        path = (*table.at("dead"), index)
        if isinstance(item, bool) or not isinstance(item, int) or not 0 <= item < leds:
            table.document.mistake(
                path, f"dead: {quoted(item)} is no LED; expected a whole number from 0 to {leds - 1}"
            )
        elif item in dead:
            table.document.mistake(path, f"dead: {item} stands there twice; expected it once")
        else:
            dead.append(item)
    return tuple(sorted(dead))
