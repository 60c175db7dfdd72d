"""Whether the boards of a rail fit the kerb: gaps, overlaps, more LEDs than there is room for; with the numbers."""

from __future__ import annotations

from dataclasses import dataclass

from pacerail.model.rail import HAIR_M, LED_SIZE_M, Rail

GAP_M = 0.05
"""Kerb without LEDs that a rail may leave between two outputs: a joint, not a missing board."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with an output of a board (indices): "what is wrong; expected ..."."""

    board: int
    output: int
    text: str


def rail_problems(rail: Rail, gap_m: float = GAP_M) -> list[Problem]:
    """Every gap wider than ``gap_m``, overlap, over-full stretch and too low a limit; empty for a rail that fits."""
    return _too_close(rail) + _too_little_current(rail) + _gaps_and_overlaps(rail, gap_m)


def _too_little_current(rail: Rail) -> list[Problem]:
    return [
        Problem(
            b,
            k,
            f"limit_ma = {output.limit_ma}: {output.leds} LEDs take {output.leds} mA when they are dark, and one that "
            f"is lit {output.led_ma} more; expected {output.leds + output.led_ma} at least",
        )
        for b, board in enumerate(rail.boards)
        for k, output in enumerate(board.outputs)
        if output.limit_ma < output.leds + output.led_ma
    ]


def _too_close(rail: Rail) -> list[Problem]:
    return [
        Problem(
            b,
            k,
            f"{output.leds} LEDs on {output.length_m:.3f} m of kerb are {output.pitch_m * 1000:.2f} mm apart; expected "
            f"{LED_SIZE_M * 1000:g} mm at least, so at most {int(output.length_m / LED_SIZE_M)} LEDs",
        )
        for b, board in enumerate(rail.boards)
        for k, output in enumerate(board.outputs)
        if output.pitch_m < LED_SIZE_M - 1e-9
    ]


def _gaps_and_overlaps(rail: Rail, gap_m: float) -> list[Problem]:
    kerb_m = rail.track.kerb_lap_m
    spans = sorted(
        (output.from_m % kerb_m, output.length_m, b, k)
        for b, board in enumerate(rail.boards)
        for k, output in enumerate(board.outputs)
    )
    total_m = sum(span[1] for span in spans)
    first = spans[0]
    found: list[Problem] = []
    for here, after in zip(spans, [*spans[1:], (first[0] + kerb_m, *first[1:])], strict=True):
        end_m = here[0] + here[1]
        step_m = after[0] - end_m
        who = f"{rail.boards[here[2]].name} output {here[3] + 1} and {rail.boards[after[2]].name} output {after[3] + 1}"
        if len(spans) == 1:
            who = f"the ends of {rail.boards[0].name} output 1"
        if step_m > gap_m + HAIR_M:
            text = (
                f"{step_m:.3f} m of kerb without LEDs between {who}, from {end_m % kerb_m:.3f} to "
                f"{after[0] % kerb_m:.3f} m; expected at most {gap_m:g} m"
            )
        elif step_m < -HAIR_M:
            text = (
                f"{who} overlap by {-step_m:.3f} m, from {after[0] % kerb_m:.3f} to {end_m % kerb_m:.3f} m; expected "
                f"each metre of kerb once ({total_m:.3f} m of LEDs on {kerb_m:.3f} m of kerb)"
            )
        else:
            continue
        found.append(Problem(after[2], after[3], text))
    return found
