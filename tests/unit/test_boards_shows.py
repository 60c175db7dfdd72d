"""Shows by name, as the boards' own code draws them."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacerail import shows
from pacerail.model.rail import Board, Output, Rail, even_rail
from pacerail.model.track import standard_track
from pacerail_node import shows as node_shows


class NoClock:
    """A show without a clock goes by its ticks."""

    valid = False


def drawn(show: shows.Show, outputs: list[int], at_s: float) -> list[int]:
    """The pixels 0xRRGGBB of a board at a time after the start."""
    node: Any = node_shows.Show(outputs)
    assert node.begin(show.payload(), 0, 0, NoClock) is None
    pixels = bytearray(3 * sum(outputs))
    if node.on:
        node.draw(pixels, round(at_s * 1e6), NoClock)
    return [int.from_bytes(pixels[i : i + 3], "big") for i in range(0, len(pixels), 3)]


@pytest.mark.parametrize("name", shows.NAMED)
@pytest.mark.parametrize("rail", [even_rail(), even_rail(boards=3, leds=12, outputs=4)], ids=["16", "3 of 4"])
def test_every_named_show_is_taken_by_every_board(name: str, rail: Rail) -> None:
    made = shows.named(name, rail, 30.0)
    assert len(made) == len(rail.boards)
    for show, board in zip(made, rail.boards, strict=True):
        assert len(show.payload()) == node_shows.SHOW_SIZE
        lit = [any(drawn(show, [o.leds for o in board.outputs], t / 4)) for t in range(40)]
        assert any(lit) == (name != "all-dark")


def test_a_start_is_in_the_payload() -> None:
    payload = shows.fill().payload(90_500_000)
    assert payload[3] == node_shows.AT_START
    assert struct.unpack_from("<2I", payload, 4 + 16) == (90, 500_000)
    assert shows.fill().payload()[3] == 0


@given(st.floats(0, 30))
def test_a_sweep_runs_round_the_rail_in_running_order(at_s: float) -> None:
    """Where its head is on the kerb, on boards of any direction: within a LED of where it should be."""
    track = standard_track()
    quarter_m = track.kerb_lap_m / 4
    rail = Rail(
        "four",
        track,
        tuple(
            Board(f"b{k}", (Output(200, k * quarter_m, quarter_m / 200, reverse=k % 2 == 1),)) for k in range(4)
        ),
    )  # fmt: skip
    made = shows.sweep(rail, 60.0, lap_s=10.0, second=0)
    lit_m: list[float] = []
    for index, show in enumerate(made):
        pixels = drawn(show, [200], at_s)
        lit_m += [led.kerb_m for led in rail.leds_of(index) if pixels[led.pixel]]
    head_m = at_s / 10.0 * track.kerb_lap_m % track.kerb_lap_m
    behind_m = [(head_m - at_m) % track.kerb_lap_m for at_m in lit_m]
    pitch_m = quarter_m / 200
    # at the seam of two boards a few ms of light are one LED early or late
    assert all(b < 8.0 + 3 * pitch_m or b > track.kerb_lap_m - 2 * pitch_m for b in behind_m), (head_m, lit_m)
    if at_s > 0.5:
        assert 14 <= len(lit_m) <= 18


def test_numbers_take_as_long_as_they_say() -> None:
    for count in (1, 9, 10, 23, 199):
        show = shows.number(count, 100.0)
        period_s = shows.number_s(count)
        for at_s in (0.1, 0.7, 1.9, period_s - 0.1):
            assert drawn(show, [1], at_s) == drawn(show, [1], at_s + period_s)
        assert drawn(show, [1], period_s - 0.1) == [0], "a pause at its end"


def test_current_by_the_rules_of_the_rail_file() -> None:
    board = Board("b01", (Output(100, 0.0, 0.1, led_ma=60), Output(50, 10.0, 0.1, led_ma=30)))
    assert shows.current_ma(shows.fill(level=255), board) == [100 * 60 + 100, 50 * 30 + 50]
    assert shows.current_ma(shows.fill(0xFF0000, 51), board) == [100 * 60 / 15 + 100, 50 * 30 / 15 + 50]
    assert shows.current_ma(shows.chase(), board) == [160, 80]
    assert shows.current_ma(shows.DARK, board) == [100, 50]
    assert shows.current_ma(replace(shows.fill(level=255), outputs=(1,)), board) == [100, 1550]


@given(
    st.sampled_from([shows.fill(level=255), shows.fill(0x8010FF), shows.tenths(), shows.order(255), shows.chase()]),
    st.lists(st.tuples(st.integers(1, 400), st.integers(1, 90), st.integers(200, 4000)), min_size=1, max_size=3),
)
def test_a_show_keeps_to_the_limits(show: shows.Show, outputs: list[tuple[int, int, int]]) -> None:
    """No output above its limit, as far as dark LEDs and the lowest level allow; and no dimmer than it must be."""
    board = Board("b", tuple(Output(leds, 0.0, 0.1, led_ma=led, limit_ma=limit) for leds, led, limit in outputs))
    fitting = shows.within(show, board)
    need = list(zip(shows.current_ma(fitting, board), board.outputs, strict=True))
    assert fitting.level == 1 or all(ma <= output.limit_ma for ma, output in need)
    if fitting != show:
        brighter = shows.current_ma(replace(fitting, level=min(show.level, fitting.level + 2)), board)
        assert any(ma > 0.99 * o.limit_ma for ma, o in zip(brighter, board.outputs, strict=True)) or fitting.level == 1
