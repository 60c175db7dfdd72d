"""What leaves a board against the plain law: brightness, white point, dimming curve, colour order, current limit."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacerail_node import outgoing
from pacerail_node.pacetable import BadTable

Pixel = tuple[int, int, int]


@dataclass(frozen=True)
class Output:
    """An output with its limit; current in mA and, as in a pace table, in 10 uA."""

    pixels: int
    order: str
    limit_ma: int
    led_10ua: int

    def current_ma(self, sent: list[Pixel]) -> Fraction:
        """WLED's power model."""
        led_ma = Fraction(self.led_10ua, 100)
        return sum((sum(pixel) for pixel in sent), 0) * led_ma / (3 * 255) + self.pixels


def sent_of(frame: list[Pixel], brightness: int, white: Pixel, gamma_x10: int) -> list[Pixel]:
    """Each level by the formula."""

    def one(level: int, colour: int) -> int:
        curved = level if gamma_x10 == 10 else round(255 * (level / 255) ** (gamma_x10 / 10))
        return int(curved * Fraction(brightness, 256) * Fraction(white[colour], 256))

    return [(one(p[0], 0), one(p[1], 1), one(p[2], 2)) for p in frame]


class Rail:
    """The outgoing copy of a few outputs in rings, as the drivers lay it out."""

    def __init__(self, outputs: list[Output], levels: bytearray) -> None:
        self.outputs = outputs
        lengths = [output.pixels for output in outputs]
        self.px = bytearray(3 * sum(lengths))
        self.table = outgoing.new_table(lengths, self.px, levels)
        total = 0
        for i, output in enumerate(outputs):
            row = outgoing.HEAD + outgoing.ROW * i
            ring = 1 << (2 * (output.pixels + 2) - 1).bit_length()
            self.table[row : row + 2] = [total, ring - 1]
            self.table[row + 10] = 4711
            total += ring
            shifts = (24, 16, 8, 0)[: len(output.order)]
            outgoing.place_colours(self.table, i, output.order, shifts)
        self.words = self.table[1] = [0] * total

    def limit(self) -> None:
        """The pace table's limits."""
        outgoing.set_limits(self.table, [n for o in self.outputs for n in (o.pixels, o.limit_ma, o.led_10ua, 0)])

    def send(self, frame: list[Pixel]) -> tuple[int, list[list[Pixel]]]:
        """Pack, dim, and go on; the factor and what each output got."""
        self.px[:] = bytes(level for pixel in frame for level in pixel)
        factor = outgoing.pack(self.table)
        if factor < 256:
            outgoing.dim(self.table, factor)
        got: list[list[Pixel]] = []
        for i, output in enumerate(self.outputs):
            row = outgoing.HEAD + outgoing.ROW * i
            base, mask, at = self.table[row : row + 3]
            assert self.words[base + (at + 1 & mask)] == 4711
            words = [self.words[base + (at + 2 + k & mask)] for k in range(output.pixels)]
            places = [24 - 8 * output.order.index(letter) for letter in "RGB"]
            got.append([(w >> places[0] & 255, w >> places[1] & 255, w >> places[2] & 255) for w in words])
            assert all(word & ~sum(255 << place for place in places) == 0 for word in words), "white stays dark"
            self.table[row + 2] = at + output.pixels + 2 & mask
        return factor, got


ORDERS = st.sampled_from(["GRB", "RGB", "BGR", "GRBW", "WBGR"])
OUTPUTS = st.lists(
    st.builds(Output, st.integers(1, 40), ORDERS, st.integers(1, 3000), st.integers(1, 60_000)), min_size=1, max_size=8
)


@given(
    OUTPUTS, st.integers(0, 1 << 32), st.integers(1, 256), st.tuples(*[st.integers(0, 256)] * 3), st.integers(10, 30)
)
def test_what_is_sent_is_the_law_and_never_over_a_limit(
    outputs: list[Output], seed: int, brightness: int, white: Pixel, gamma_x10: int
) -> None:
    """Frames one behind the other, dark, patchy and full: each level, one factor for all, no output over its limit."""
    chance = random.Random(seed)
    rail = Rail(outputs, outgoing.levels(brightness, white, gamma_x10))
    rail.limit()
    for share in (1.0, 0.3, 0.0, 0.05, 1.0, 0.5):
        frame = [
            (chance.randrange(256), chance.randrange(256), chance.randrange(256))
            if chance.random() < share
            else (0, 0, 0)
            for _ in range(sum(output.pixels for output in outputs))
        ]
        factor, got = rail.send(frame)
        sent = sent_of(frame, brightness, white, gamma_x10)
        first = 0
        needs = [Fraction(1)]
        for output, pixels in zip(outputs, got, strict=True):
            mine = sent[first : first + output.pixels]
            first += output.pixels
            assert pixels == [(r * factor >> 8, g * factor >> 8, b * factor >> 8) for r, g, b in mine]
            standby_ma = output.pixels
            light_ma = output.current_ma(mine) - standby_ma
            if light_ma > max(output.limit_ma - standby_ma, 0):
                needs.append(max(output.limit_ma - standby_ma, 0) / light_ma)
            assert output.current_ma(pixels) <= max(output.limit_ma, standby_ma)
        assert factor <= min(needs) * 256, "not less than what is needed ..."
        assert factor == 256 or factor + 2 > min(needs) * 256 * (1 - Fraction(1, 1 + least_sum(outputs))), (
            "... nor more"
        )


def least_sum(outputs: list[Output]) -> int:
    """The smallest sum of levels that any of the limits allows: whole numbers are coarse where it is small."""
    return min(max(o.limit_ma - o.pixels, 0) * 76_500 // o.led_10ua for o in outputs)


def test_linear_light_is_the_default() -> None:
    """Every level goes out as it is: two LEDs that share an edge of light are together the light of one."""
    full = outgoing.levels()
    assert list(full) == list(range(256)) * 3


def test_the_dimming_curve_and_the_white_point() -> None:
    """Dark stays dark, full stays full, and between it rises as the exponent says."""
    curve = outgoing.levels(gamma_x10=22)
    assert (curve[0], curve[128], curve[255]) == (0, round(255 * (128 / 255) ** 2.2), 255)
    assert all(a <= b for a, b in itertools.pairwise(curve[:256]))
    warm = outgoing.levels(256, (256, 200, 128))
    assert (warm[255], warm[256 + 255], warm[512 + 255]) == (255, 255 * 200 // 256, 127)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [((0,), "brightness"), ((257,), "brightness"), ((9, (1, 2)), "three numbers"), ((9, (1, 2, 300)), "three numbers"),
     ((9, (1, 2, 3), 9), "gamma_x10"), ((9, (1, 2, 3), 41), "gamma_x10")],
)  # fmt: skip
def test_what_a_config_cannot_say(arguments: tuple[int], why: str) -> None:
    """In words for the console."""
    with pytest.raises(ValueError, match=why):
        outgoing.levels(*arguments)


@pytest.mark.parametrize(("order", "places"), [("GR", 3), ("GRBX", 4), ("GGB", 3), ("GRBW", 3), ("GRB", 4), ("", 3)])
def test_a_colour_order_names_each_once(order: str, places: int) -> None:
    """And white where there is white."""
    with pytest.raises(ValueError, match="each once"):
        outgoing.place_colours(
            outgoing.new_table([1], bytearray(3), outgoing.levels()), 0, order, (24, 16, 8, 0)[:places]
        )


def test_a_full_output_of_the_default_rail_is_dimmed_to_its_supply() -> None:
    """150 LEDs of 55 mA on 3 A: 8.4 A by the model, so all is dimmed to a third, and an output beside it with it."""
    rail = Rail([Output(150, "GRB", 3000, 5500), Output(10, "RGB", 3000, 5500)], outgoing.levels())
    rail.limit()
    factor, got = rail.send([(255, 255, 255)] * 160)
    assert factor == (3000 - 150) * 256 // (150 * 55)
    assert got[0][0] == got[1][0] == (255 * factor >> 8,) * 3
    assert rail.send([(255, 255, 255)] * 20 + [(0, 0, 0)] * 140)[0] == 256, "20 of them are within it"


def test_limits_for_other_outputs_are_refused() -> None:
    """A pace table of another rail."""
    rail = Rail([Output(5, "GRB", 100, 100)], outgoing.levels())
    with pytest.raises(BadTable):
        outgoing.set_limits(rail.table, [6, 100, 100, 0])
