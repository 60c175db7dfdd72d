"""The strip driver of RP2040 and RP2350 without the chip: PIO program cycle by cycle, DMA set-up, kernels."""

from __future__ import annotations

import importlib
import itertools
import sys
import time
from types import ModuleType
from typing import Any

import pytest
from tests.unit import fake_rp2

from pacerail_node import outgoing
from pacerail_node.pacetable import BadTable
from pacerail_node.strips import rp2_kernels as kernels

ROW = outgoing.ROW
HEAD = outgoing.HEAD
FULL = outgoing.levels()

HALF_TICKS = 1 << 29
BUSY = 1 << 24
NS = 1e9 / 16_000_000


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The driver's module on a chip that only remembers."""
    for name, module in fake_rp2.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(time, "ticks_us", lambda: 1000, raising=False)
    monkeypatch.setattr(sys.implementation, "_machine", "Raspberry Pi Pico with RP2040", raising=False)
    monkeypatch.delitem(sys.modules, "pacerail_node.strips.ws2812_rp2", raising=False)
    return importlib.import_module("pacerail_node.strips.ws2812_rp2")


def pulses(program: fake_rp2.Program, words: list[int], fetches: list[int] | None = None) -> list[tuple[int, int]]:
    """(first cycle, cycles) of every high pulse."""
    found: list[tuple[int, int]] = []
    at = 0
    for level, run in itertools.groupby(fake_rp2.levels(program, words, fetches)):
        length = len(list(run))
        if level:
            found.append((at, length))
        at += length
    return found


# high for a 0, high for a 1, low for a 0, low for a 1, in ns: (least, most), from the data sheets
SHEETS = {
    "ws2811": ((100, 400), (450, 750), (850, 1150), (500, 800)),
    "ws2812b": ((250, 550), (650, 950), (700, 1000), (300, 600)),
    "sk6812": ((150, 450), (450, 750), (750, 1050), (450, 750)),
    "sk6812w": ((150, 450), (450, 750), (750, 1050), (450, 750)),
    "ws2813": ((220, 380), (580, 1000), (580, 1000), (220, 420)),
    "ws2815": ((220, 380), (580, 1000), (580, 1000), (220, 420)),
}


@pytest.mark.parametrize("kind", sorted(SHEETS))
def test_the_bits_are_within_the_data_sheet(driver: Any, kind: str) -> None:
    """Both levels of both bits, 1.25 us a bit, in the order of the word, highest first."""
    assert set(driver.TIMINGS) == set(SHEETS)
    bits = driver.pixel_bits(kind)
    assert bits == (32 if kind == "sk6812w" else 24)
    program = driver.program(*driver.TIMINGS[kind], bits)
    assert len(program.code) <= 10, "three programs must fit into the 32 places of a PIO"
    word = 0xA5_33_0F_69
    found = pulses(program, [0, bits - 1, word, 0])
    sent = [word >> (31 - i) & 1 for i in range(bits)]
    assert len(found) == bits
    for (start, high), (after, _), bit in zip(found, found[1:], sent, strict=False):
        assert after - start == 20
        low_sheet, high_sheet = SHEETS[kind][2 + bit], SHEETS[kind][bit]
        assert high_sheet[0] <= high * NS <= high_sheet[1]
        assert low_sheet[0] <= (20 - high) * NS <= low_sheet[1]


@pytest.mark.parametrize("delay", [0, 1, 283, 250_000])
@pytest.mark.parametrize("pixels", [1, 3])
@pytest.mark.parametrize("last", [0xFFFFFF00, 0])
@pytest.mark.parametrize("kind", ["ws2812b", "ws2815", "sk6812w"])
def test_a_frame_takes_whole_microseconds(driver: Any, delay: int, pixels: int, last: int, kind: str) -> None:
    """Delay, 2 us and 1.25 us a bit from one frame's first bit to the next one's, whatever the last bit is."""
    bits = driver.pixel_bits(kind)
    program = driver.program(*driver.TIMINGS[kind], bits)
    frame = [delay, bits * pixels - 1, *[last] * pixels]
    found = pulses(program, [5, bits * pixels - 1, *[last] * pixels, *frame, *frame])
    assert len(found) == 3 * bits * pixels
    first, second, third = (found[i * bits * pixels][0] for i in range(3))
    assert second - first == third - second == 16 * (delay + 2) + 20 * bits * pixels


@pytest.mark.parametrize("outputs", [[150], [60, 150, 1], [7] * 8, [600, 599]])
def test_the_dma_set_up(driver: Any, outputs: list[int]) -> None:
    """Rings that are aligned, apart and large enough for two frames; requests, chain and gates as they must be."""
    count = len(outputs)
    strip = driver.Strip(outputs, list(range(2, 2 + count)), ["ws2812b"] * count, ["GRB"] * count, FULL)
    keeper, *channels = fake_rp2.DMA.made
    machines = fake_rp2.StateMachine.made
    assert strip.pixels == sum(outputs) and len(strip.buffer) == 3 * strip.pixels
    assert strip.wire_us == 30 * max(outputs) + 300
    assert len({id(machine.program) for machine in machines}) == 1, "each program takes room in the PIO"
    longest = outputs.index(max(outputs))
    rings: list[tuple[int, int]] = []
    for i, (channel, machine) in enumerate(zip(channels, machines, strict=True)):
        ctrl = channel.settings["ctrl"]
        assert (ctrl["enable"], ctrl["size"], ctrl["inc_read"], ctrl["inc_write"], ctrl["ring_sel"]) == (1, 2, 1, 0, 0)
        assert ctrl["treq_sel"] == (i // 4) * 8 + i % 4
        assert ctrl["chain_to"] == (keeper.channel if i == longest else channel.channel)
        ring_bytes = 1 << ctrl["ring_size"]
        assert ring_bytes >= 2 * 4 * (outputs[i] + 2)
        assert channel.settings["read"] % ring_bytes == 0
        assert channel.settings["write"] is machine and channel.settings["count"] == outputs[i] + 2
        assert machine.number == i and machine.running
        assert machine.settings == {"freq": 16_000_000, "sideset_base": 2 + i}
        rings.append((channel.settings["read"], channel.settings["read"] + ring_bytes))
    rings.sort()
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(rings))
    ctrl = keeper.settings["ctrl"]
    assert (ctrl["treq_sel"], ctrl["inc_write"], ctrl["chain_to"]) == (63, 0, keeper.channel)
    assert keeper.settings["write"] == 0x5000_0430
    assert 1 << ctrl["ring_size"] == 2 * 4 * keeper.settings["count"]
    assert keeper.settings["read"] % (1 << ctrl["ring_size"]) == 0


@pytest.mark.parametrize(
    ("outputs", "orders", "why"),
    [([], [], "1 to 8 outputs"), ([1] * 9, ["GRB"] * 9, "1 to 8 outputs"), ([0], ["GRB"], "1 pixel"),
     ([5], [], "colour order"), ([5], ["GGB"], "each once"), ([5], ["GRBW"], "each once")],
)  # fmt: skip
def test_what_no_board_can_do_is_refused(driver: Any, outputs: list[int], orders: list[str], why: str) -> None:
    """With words; the console shows them."""
    with pytest.raises(ValueError, match=why):
        driver.Strip(outputs, list(range(len(outputs))), ["ws2812b"] * len(outputs), orders, FULL)
    assert not fake_rp2.DMA.made, "before anything of the chip is taken"


@pytest.mark.parametrize(
    ("outputs", "kinds", "last"),
    [
        ([150, 150], ["ws2812b", "sk6812w"], 0),
        ([150, 200], ["ws2815", "sk6812w"], 0),
        ([40, 9, 100], ["sk6812w", "ws2812b", "sk6812w"], 1),
        ([40, 8, 100], ["sk6812w", "ws2812b", "sk6812w"], 2),
        ([7, 8], ["ws2812b", "sk6812w"], 1),
        ([30, 60, 9], ["ws2812b", "ws2811", "sk6812"], 1),
    ],
)
def test_outputs_of_unlike_kinds_end_together(driver: Any, outputs: list[int], kinds: list[str], last: int) -> None:
    """By the PIO programs' own cycles; and the gatekeeper waits for the channel that ends last.

    A channel has ended when its last word is in the FIFO of eight. The gates make up for a microsecond.
    """
    orders = ["GRBW" if kind == "sk6812w" else "GRB" for kind in kinds]
    strip = driver.Strip(outputs, list(range(len(outputs))), kinds, orders, FULL)
    assert strip.wire_us == 300 + max(
        pixels * (40 if kind == "sk6812w" else 30) for pixels, kind in zip(outputs, kinds, strict=True)
    )
    keeper, *channels = fake_rp2.DMA.made
    chained = [channel.settings["ctrl"]["chain_to"] == keeper.channel for channel in channels]
    assert chained == [i == last for i in range(len(outputs))]
    ends: list[int] = []
    done: list[int] = []
    for i, kind in enumerate(kinds):
        row = HEAD + ROW * i
        bits = driver.pixel_bits(kind)
        words = [500 + strip._table[row + 9], strip._table[row + 10], *[0xFFFFFFFF] * outputs[i]]
        fetches: list[int] = []
        found = pulses(fake_rp2.StateMachine.made[i].program, words, fetches)
        assert len(found) == bits * outputs[i] and len(fetches) == len(words)
        ends.append(found[-1][0])
        done.append(fetches[len(words) - 9] if len(words) > 8 else 0)
    assert max(ends) - min(ends) <= 5, "a third of a microsecond"
    assert max(done) - done[last] <= 14, "cycles of 62.5 ns"


@pytest.mark.parametrize("order", ["GRB", "RGB", "BGR", "GRBW", "WRGB"])
@pytest.mark.parametrize("brightness", [256, 64])
def test_pack_is_the_reference(driver: Any, order: str, brightness: int) -> None:
    """Frames one behind the other through the rings, against the plain law."""
    outputs = [5, 15, 1, 37]
    count = len(outputs)
    kinds = ["sk6812w" if "W" in order else "ws2812b"] * count
    bits = 8 * len(order)
    px = bytearray(3 * sum(outputs))
    table, total = driver.lay_out(outputs, kinds, [order] * count, px, outgoing.levels(brightness))
    words = table[1] = [0] * total
    for frame in range(9):
        fresh = bytearray((37 * frame + 11 * i) & 255 for i in range(len(px)))
        fresh[: 3 * 9 * frame] = bytes(3 * 9 * frame)  # more and more of it dark ...
        if frame == 6:
            fresh[:] = b"\xff" * len(fresh)  # ... and back to light
        px[:] = fresh[: len(px)]
        assert outgoing.pack(table) == 256
        first = 0
        for i, pixels in enumerate(outputs):
            base, mask, at = table[HEAD + ROW * i : HEAD + ROW * i + 3]
            got = [words[base + (at + 1 + k & mask)] for k in range(pixels + 1)]
            want = [bits * pixels - 1]
            for k in range(first, first + pixels):
                level = {c: px[3 * k + j] * brightness // 256 for j, c in enumerate("RGB")} | {"W": 0}
                want.append(sum(level[letter] << (24 - 8 * j) for j, letter in enumerate(order)))
            assert got == want
            first += pixels
        for i, pixels in enumerate(outputs):  # on to the next, as `send` does
            row = HEAD + ROW * i
            words[table[row] + table[row + 2]] = 12345
            table[row + 2] = (table[row + 2] + pixels + 2) & table[row + 1]


def test_limits_are_taken_for_the_same_outputs_only(driver: Any) -> None:
    """A pace table for other strips is refused, in words that the host hands on."""
    strip = driver.Strip([10, 20], [2, 3], ["ws2812b"] * 2, ["GRB"] * 2, FULL)
    strip.limit([10, 3000, 5500, 0, 20, 500, 3600, 0])
    with pytest.raises(BadTable, match="outputs of other lengths"):
        strip.limit([20, 3000, 5500, 0, 10, 500, 3600, 0])
    with pytest.raises(BadTable, match="outputs of other lengths"):
        strip.limit([30, 3000, 5500, 0])


class Timer:
    """TIMERAWL: a microsecond goes by at each look."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __getitem__(self, index: int) -> int:
        self.now += 1
        return self.now


class Chip:
    """The registers that `send` sees."""

    def __init__(self, driver: Any, now: int, end: int, *, busy: bool = False, read: int = 0) -> None:
        self.table, total = driver.lay_out([4, 10], ["ws2812b"] * 2, ["GRB"] * 2, bytearray(42), FULL)
        self.words = [0] * total
        self.gates = [7] * 256
        self.trigger = [0]
        ctrl = BUSY if busy else 0
        self.chip: list[Any] = [
            Timer(now), self.trigger, 6, [read, 0, 0, ctrl], [0, 0, 0, 0], self.gates, HEAD + ROW, 0x2000_0000,
            self.words, self.table, end, 300, 127, 0,
        ]  # fmt: skip

    def send(self, start: int) -> int:
        """The tick at which it starts."""
        starts = kernels.send(self.chip, start)
        assert self.chip[10:] == [(starts + 300) & 0x3FFFFFFF, 300, 127, 1]
        assert [self.table[HEAD + 2], self.table[HEAD + ROW + 2]] == [6, 12], "the next frame's place"
        assert self.gates[127] == 0, "nothing follows this frame yet"
        return starts

    @property
    def delays(self) -> list[int]:
        """Of the short output and of the long one."""
        return [self.words[self.table[HEAD]], self.words[self.table[HEAD + ROW]]]

    @property
    def opened(self) -> int:
        """The gate that lets this frame follow the one before."""
        return self.gates[255]


TICKS = [5000, (1 << 30) - 700, (1 << 31) - 700]


@pytest.mark.parametrize("now", TICKS)
def test_a_frame_that_follows_counts_from_the_end_of_the_one_before(driver: Any, now: int) -> None:
    """Also where ticks wrap: the timer has 32 bits, ticks have 30."""
    tick = now & 0x3FFFFFFF
    end, start = (tick + 600) & 0x3FFFFFFF, (tick + 900) & 0x3FFFFFFF
    chip = Chip(driver, now, end, busy=True)
    assert chip.send(start) == start
    assert chip.delays == [298 + 30 * 6, 298]
    assert (chip.opened, chip.trigger) == (6, [0])


def test_a_frame_that_comes_after_the_gatekeeper_is_triggered_once(driver: Any) -> None:
    """The channel has ended: whether the next frame has begun is seen from where it would read."""
    slot = 0x2000_0000
    waiting = Chip(driver, 5000, 5600, read=slot)
    waiting.send(5900)
    assert (waiting.opened, waiting.trigger) == (6, [6])
    begun = Chip(driver, 5000, 5600, read=slot + 48)
    begun.send(5900)
    assert begun.trigger == [0]


@pytest.mark.parametrize("now", TICKS)
def test_the_first_frame_counts_from_the_trigger(driver: Any, now: int) -> None:
    """To a microsecond or two, and what it returns is what the delays say."""
    tick = now & 0x3FFFFFFF
    start = (tick + 5000) & 0x3FFFFFFF
    chip = Chip(driver, now, (tick - 100_000) & 0x3FFFFFFF)
    starts = chip.send(start)
    assert -2 <= (starts - start + HALF_TICKS) % (2 * HALF_TICKS) - HALF_TICKS <= 2
    assert chip.delays[0] == chip.delays[1] + 180
    assert (chip.opened, chip.trigger) == (7, [6])


def test_a_late_frame_starts_at_once_but_never_into_the_latch(driver: Any) -> None:
    """Asked for in the past; and asked for right behind the frame before."""
    assert 0 <= Chip(driver, 100_000, 50_000).send(99_000) - 100_000 < 10
    assert Chip(driver, 5000, 5600, busy=True).send(5610) == 5885
    assert 5880 <= Chip(driver, 5550, 5600).send(5610) <= 5890
