"""A rail: boards, their outputs, and where on the kerb and the running line each LED lies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from pacerail.model.boardtype import LinkSpec
from pacerail.model.track import Track, standard_track

LIMIT_MA = 3000
"""Power limit of an output when a rail file says nothing: what a 5 V strip's own copper carries well."""
LED_MA = 55
"""Current of one LED at full white when a rail file says nothing: a WS2812B's data sheet, rounded as WLED does."""
HAIR_M = 0.001
"""Lengths that differ by no more than this are equal."""
LED_SIZE_M = 0.005
"""An LED package is 5 mm wide: closer they cannot be."""


@dataclass(frozen=True)
class Output:
    """One strip on the kerb: LEDs ``pitch_m`` apart, the first half a pitch behind ``from_m``."""

    leds: int
    from_m: float
    """Kerb coordinate at which its stretch begins, in [0, kerb lap)."""
    pitch_m: float
    reverse: bool = False
    """The data runs against the running direction: pixel 0 is the last LED of the stretch."""
    dead: tuple[int, ...] = ()
    """Pixels, counted in data order from 0, that do not light."""
    limit_ma: int = LIMIT_MA
    led_ma: int = LED_MA
    strip: str | None = None
    """Kind of strip; None: the board type's."""
    order: str | None = None
    """Of the colours on the wire, "GRB"; None: the board type's."""
    pin: int | None = None
    """GPIO; None: the board type's."""

    @property
    def length_m(self) -> float:
        """Kerb taken, half a pitch before the first LED to half a pitch behind the last."""
        return self.leds * self.pitch_m


@dataclass(frozen=True)
class Board:
    """One microcontroller and its outputs, in the order of its pins."""

    name: str
    outputs: tuple[Output, ...]
    type: str = "sim"
    uid: str | None = None
    port: str | None = None
    """USB serial number, device path or pyserial URL."""
    address: int = 1
    brightness: int = 256
    """256 is full."""
    white: tuple[int, int, int] = (256, 256, 256)
    """How much of red, green and blue is sent; 256 is all."""
    gamma: float = 1.0
    """Exponent of the dimming curve; 1 is linear light."""
    gun: Literal[True] | int | None = None
    """The start contact is wired to it: True for the board type's pin, or the GPIO. None: it is not."""
    link: LinkSpec | None = None
    """None: the board type's."""

    @property
    def pixels(self) -> int:
        """LEDs of all outputs, dead ones too."""
        return sum(output.leds for output in self.outputs)


@dataclass(frozen=True)
class Led:
    """A live LED. Its cell is the running line nearer to it than to its live neighbours: lo <= track_m <= hi."""

    board: int
    output: int
    pixel: int
    """Index among all pixels of the board, outputs one behind the other, in data order."""
    kerb_m: float
    track_m: float
    cell_lo_m: float
    """May be below 0."""
    cell_hi_m: float
    """May be beyond the lap."""


@dataclass(frozen=True)
class Rail:
    """Boards round a track."""

    title: str
    track: Track
    boards: tuple[Board, ...]
    key: bytes | None = None
    """Shared secret for signed frames."""

    @cached_property
    def leds(self) -> tuple[Led, ...]:
        """Every live LED, by track coordinate."""
        return _leds(self.track, self.boards)

    @cached_property
    def _by_board(self) -> tuple[tuple[Led, ...], ...]:
        lists: list[list[Led]] = [[] for _ in self.boards]
        for led in self.leds:
            lists[led.board].append(led)
        for index, leds in enumerate(lists):
            begin_m = self.track.kerb_to_track(self.boards[index].outputs[0].from_m)
            if len(self.boards[index].outputs) > 1:
                begin_m = _stretch_start_m(self.track, self.boards[index])
            leds.sort(key=lambda led: self.track.wrap(led.track_m - begin_m))
        return tuple(tuple(leds) for leds in lists)

    def leds_of(self, board_index: int) -> tuple[Led, ...]:
        """The live LEDs of one board in running order, from where its stretch begins.

        A board whose stretch crosses the finish line begins before it, so its track_m falls once by a lap.
        """
        return self._by_board[board_index]

    @cached_property
    def hash(self) -> str:
        """16 hex digits over the track, the boards and where their LEDs are; not the title, the ports or the key."""
        meaning = [
            self.track.hash,
            [
                [
                    board.name,
                    board.uid,
                    board.type,
                    board.address,
                    [
                        [o.leds, f"{o.from_m:.6f}", f"{o.pitch_m:.9f}", o.reverse, sorted(o.dead), o.limit_ma, o.led_ma]
                        for o in board.outputs
                    ],
                ]
                for board in self.boards
            ],
        ]
        return hashlib.sha256(json.dumps(meaning).encode()).hexdigest()[:16]


def even_rail(
    track: Track | None = None, boards: int = 16, leds: int = 150, type: str = "sim", outputs: int = 1
) -> Rail:
    """Equal pitch along the kerb: LED k of N at (k + 0.5) pitches; boards b01, b02 ... in running order.

    ``leds`` is LEDs a board, a multiple of ``outputs``. Raises ValueError when the kerb has no room for them.
    """
    track = track or standard_track()
    if boards < 1 or leds < 1 or outputs < 1:
        raise ValueError("a rail of nothing; expected at least one board, one output and one LED")
    if leds % outputs:
        raise ValueError(f"{leds} LEDs on {outputs} outputs do not divide; expected a multiple of {outputs}")
    pitch_m = track.kerb_lap_m / (boards * leds)
    if pitch_m < LED_SIZE_M:
        raise ValueError(
            f"{boards * leds} LEDs on {track.kerb_lap_m:.2f} m of kerb are {pitch_m * 1000:.2f} mm apart; "
            f"expected {LED_SIZE_M * 1000:g} mm at least, {int(track.kerb_lap_m / LED_SIZE_M)} LEDs in all"
        )
    each = leds // outputs
    digits = max(2, len(str(boards)))
    made = [
        Board(
            name=f"b{b + 1:0{digits}d}",
            outputs=tuple(Output(each, (b * outputs + o) * each * pitch_m, pitch_m) for o in range(outputs)),
            type=type,
            address=b + 1,
        )
        for b in range(boards)
    ]
    return Rail(f"{boards} boards of {leds} LEDs, {track.name}", track, tuple(made))


def _leds(track: Track, boards: Sequence[Board]) -> tuple[Led, ...]:
    places: list[tuple[float, float, int, int, int]] = []
    for b, board in enumerate(boards):
        first = 0
        for o, output in enumerate(board.outputs):
            kerb = np.mod(output.from_m + (np.arange(output.leds) + 0.5) * output.pitch_m, track.kerb_lap_m)
            kerb = kerb[::-1] if output.reverse else kerb
            track_m = track.wrap(track.kerb_to_track(kerb))
            dead = set(output.dead)
            places.extend(
                (float(track_m[k]), float(kerb[k]), b, o, first + k) for k in range(output.leds) if k not in dead
            )
            first += output.leds
    places.sort()
    at = np.array([place[0] for place in places])
    before = np.concatenate((at[-1:] - track.lap_m, at[:-1]))
    after = np.concatenate((at[1:], at[:1] + track.lap_m))
    lo, hi = (at + before) / 2, (at + after) / 2
    return tuple(
        Led(b, o, pixel, kerb_m, track_m, float(lo[k]), float(hi[k]))
        for k, (track_m, kerb_m, b, o, pixel) in enumerate(places)
    )


def _stretch_start_m(track: Track, board: Board) -> float:
    """Where a board with several outputs begins: behind the longest piece of kerb that is not its own."""
    spans = sorted((o.from_m % track.kerb_lap_m, o.length_m) for o in board.outputs)
    gaps = [
        ((spans[k][0] - (spans[k - 1][0] + spans[k - 1][1])) % track.kerb_lap_m, spans[k][0]) for k in range(len(spans))
    ]
    # a gap of a whole lap is a rounding error of none; a board all round the track begins at its first output
    real = [(gap, at) for gap, at in gaps if HAIR_M < gap < track.kerb_lap_m - HAIR_M]
    return track.kerb_to_track(max(real)[1] if real else board.outputs[0].from_m)
