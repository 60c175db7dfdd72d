"""APA102 without a chip: what lies in memory to be sent, when, by which channel; and the feed that blocks."""

from __future__ import annotations

import importlib
import sys
import time
import types
from array import array
from typing import Any

import pytest
from tests.unit import fake_rp2

from pacerail_node.strips import apa102, apa102_kernel

SPI = {"id": 1, "sck": 10, "mosi": 11, "baud": 8_000_000}


@pytest.fixture(autouse=True)
def ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A board's clock that stands still."""
    monkeypatch.setattr(time, "ticks_us", lambda: 1000, raising=False)


class Feed:
    """Remembers what it was made of and what it sent."""

    baud = 8_000_000
    spare_us = 0

    def __init__(self, words: Any, places: tuple[int, int], size: int, spi: dict[str, int]) -> None:
        self.words, self.places, self.size, self.spi = words, places, size, spi
        self.sent: list[tuple[bytes, int]] = []

    def send(self, odd: int, start: int) -> int:
        """At once."""
        at = self.places[odd]
        self.sent.append((self.words.tobytes()[at : at + self.size], start))
        return start


def strip_of(pixels: int, order: str = "BGR", **light: Any) -> tuple[Any, Feed]:
    """A strip and its feed."""
    strip = apa102.Strip([pixels], order, Feed, SPI, **light)
    return strip, strip._feed


@pytest.mark.parametrize("pixels", [1, 4, 63, 64, 65, 150, 600])
@pytest.mark.parametrize("order", ["BGR", "RGB", "GRB"])
def test_a_frame_is_as_the_data_sheet_has_it(pixels: int, order: str) -> None:
    """32 zeros, a word a pixel, 32 zeros and half a clock for each pixel; frame by frame, nothing left of the last."""
    strip, feed = strip_of(pixels, order)
    for k in range(7):
        picture = bytes((k * 37 + i * 11) % 256 if (i // 3) % (k + 1) == 0 else 0 for i in range(3 * pixels))
        strip.buffer[:] = picture
        assert strip.submit(5000 + k, 0) == 5000 + k
        data, start = feed.sent[-1]
        assert start == 5000 + k and len(data) % 4 == 0
        assert data[:4] == bytes(4)
        for i in range(pixels):
            level = dict(zip("RGB", picture[3 * i : 3 * i + 3], strict=True))
            assert data[4 + 4 * i : 8 + 4 * i] == bytes((0xFF, *(level[letter] for letter in order))), (k, i)
        tail = data[4 + 4 * pixels :]
        assert tail == bytes(len(tail)) and 32 + pixels / 2 <= 8 * len(tail) < 32 + pixels / 2 + 64
    assert strip.wire_us == pytest.approx(8 * feed.size / 8, abs=4), "us at 8 MHz"


@pytest.mark.parametrize("brightness", [1, 8, 9, 100, 255, 256])
def test_brightness_is_shared_by_the_leds_and_the_levels(brightness: int) -> None:
    """Together they make the fraction asked for, within a step of a level."""
    strip, feed = strip_of(1, brightness=brightness)
    strip.buffer[:] = b"\xff\x80\x00"
    strip.submit(0, 0)
    share, levels = feed.sent[0][0][4] - 0xE0, feed.sent[0][0][5:8]
    assert 1 <= share <= 31 and share - 1 < brightness * 31 / 256 <= share
    for level, want in zip(reversed(levels), (255, 128, 0), strict=True):
        assert 0 <= want * brightness / 256 - level * share / 31 < 2 * share / 31


def test_the_limit_counts_what_the_leds_really_take() -> None:
    """At half brightness by their own five bits they take half, so twice the levels are allowed."""
    full, _ = strip_of(10)
    half, feed = strip_of(10, brightness=128)
    outputs = array("H", [10, 100, 6000, 0])
    for strip in (full, half):
        strip.limit(outputs)
        strip.buffer[:] = b"\xff" * 30
        strip.submit(0, 0)
    assert (full.dimmed, half.dimmed) == (1, 1)
    data = feed.sent[0][0][4:44]
    current_ma = sum(sum(data[i + 1 : i + 4]) for i in range(0, 40, 4)) * (data[0] - 0xE0) / 31 * 60 / 765 + 10
    assert 97 < current_ma <= 100


@pytest.mark.parametrize(
    ("outputs", "order", "light", "why"),
    [([3, 4], "BGR", {}, "one output"), ([0], "BGR", {}, "one output"), ([3], "BGRW", {}, "each once"),
     ([3], "BGR", {"brightness": 300}, "brightness"), ([3], "BGR", {"gamma_x10": 5}, "gamma_x10")],
)  # fmt: skip
def test_what_cannot_be_is_refused(outputs: list[int], order: str, light: dict[str, int], why: str) -> None:
    """In words."""
    with pytest.raises(ValueError, match=why):
        apa102.Strip(outputs, order, Feed, SPI, **light)


class Timer:
    """TIMERAWL."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __getitem__(self, index: int) -> int:
        return self.now


@pytest.mark.parametrize("now", [5000, (1 << 30) - 500, (1 << 31) - 500])
@pytest.mark.parametrize("odd", [0, 1])
def test_a_frame_begins_at_its_tick_and_never_into_the_one_before(now: int, odd: int) -> None:
    """By the delay that the state machine counts; each of the two frames by its own channels."""
    tick = now & 0x3FFFFFFF

    def begin(start_in: int, end_in: int) -> tuple[int, int]:
        trigger, fifo, readers = [0], [0], ([7, 0], [7, 0])
        end, start = (tick + end_in) & 0x3FFFFFFF, (tick + start_in) & 0x3FFFFFFF
        chip: list[Any] = [Timer(now), trigger, fifo, end, 640, readers[0], 100, 2, readers[1], 200, 8]
        starts = apa102_kernel.begin(chip, odd, start)
        assert trigger == [(2, 8)[odd]]
        assert (readers[odd][0], readers[1 - odd][0]) == ((100, 200)[odd], 7)
        assert chip[3] == (starts + 640) & 0x3FFFFFFF
        return (starts - tick) & 0x3FFFFFFF, fifo[0]

    assert begin(900, 600) == (900, 899)
    assert begin(500, 600) == (600, 599), "the frame before is still on the wire"
    assert begin(0, -1000) == (1, 0), "no time left"


def test_the_chips_own_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests, chain and addresses of the four channels; the SPI in the mode in which it sends without a gap."""
    made: list[dict[str, Any]] = []

    class MachineSPI:
        def __init__(self, number: int, **options: Any) -> None:
            made.append({"id": number, **options})

        def __str__(self) -> str:
            return "SPI(1, baudrate=7812500, polarity=1, phase=1, bits=8, sck=10, mosi=11, miso=None)"

    modules = fake_rp2.modules()
    modules["machine"].SPI = MachineSPI  # pyright: ignore[reportAttributeAccessIssue]
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sys.implementation, "_machine", "Raspberry Pi Pico with RP2040", raising=False)
    monkeypatch.delitem(sys.modules, "pacerail_node.strips.apa102_rp2", raising=False)
    driver = importlib.import_module("pacerail_node.strips.apa102_rp2")
    words = array("I", [0] * 40)
    feed = driver.Feed(words, (4, 84), 76, SPI)
    assert made == [{"id": 1, "baudrate": 8_000_000, "polarity": 1, "phase": 1, "sck": 10, "mosi": 11, "miso": None}]
    assert feed.baud == 7_812_500
    program = fake_rp2.StateMachine.made[0].program
    assert [line.name for line in program.code] == ["pull", "mov", "jmp", "push"] and program.code[2].delay == 15
    first = modules["uctypes"].addressof(words)  # pyright: ignore[reportAttributeAccessIssue]
    for k, place in enumerate((4, 84)):
        reader, starter = fake_rp2.DMA.made[2 * k : 2 * k + 2]
        ctrl = reader.settings["ctrl"]
        assert (ctrl["size"], ctrl["inc_read"], ctrl["inc_write"], ctrl["treq_sel"]) == (0, 1, 0, 18)
        assert (ctrl["chain_to"], reader.settings["count"]) == (reader.channel, 76)
        assert (reader.settings["read"], reader.settings["write"]) == (first + place, 0x4004_0008)
        ctrl = starter.settings["ctrl"]
        assert (ctrl["size"], ctrl["inc_read"], ctrl["inc_write"], ctrl["treq_sel"]) == (2, 0, 0, 4)
        assert (ctrl["chain_to"], starter.settings["count"]) == (reader.channel, 1)
        assert starter.settings["read"] == 0x5020_0020
        assert list(feed._chip[5 + 3 * k : 8 + 3 * k]) == [
            0x5000_0000 + 0x40 * reader.channel, first + place, 1 << starter.channel,
        ]  # fmt: skip


def test_a_feed_that_blocks_waits_for_the_tick_and_keeps_time_to_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    """The light is seen when it is said to be, and the next frame's start lies ahead when the call comes back."""
    now = [1000]
    sent: list[tuple[int, bytes]] = []

    class MachineSPI:
        def __init__(self, number: int, **options: Any) -> None:
            pass

        def __str__(self) -> str:
            return "SPI(id=1, baudrate=8000000, polarity=1)"

        def write(self, data: Any) -> None:
            sent.append((now[0], bytes(data)))
            now[0] += len(bytes(data))

    def ticks_us() -> int:
        now[0] += 1
        return now[0]

    machine = types.ModuleType("machine")
    machine.SPI, machine.Pin = MachineSPI, int  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.setattr(time, "ticks_us", ticks_us, raising=False)
    strip = apa102.Strip([20], "BGR", apa102.BlockingFeed, SPI)
    strip.buffer[:] = b"\x11" * 60
    start = now[0] + 3000
    for _ in range(3):
        starts = strip.submit(start, 0)
        begun, data = sent[-1]
        assert abs(begun + len(data) - (start + strip.wire_us)) <= 4, "seen when it was drawn for"
        assert data[:4] == bytes(4) and data[4:84] == b"\xff\x11\x11\x11" * 20
        assert strip.ready(now[0])
        start = starts + strip.wire_us
        assert start - now[0] > 2000, "time to draw the next"
