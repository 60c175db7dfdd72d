"""The record of a bench: what every LED showed and when, for anyone to check (format "pacerail-frames/1")."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TextIO

from pacerail.bench.simboard import Frame
from pacerail.model.rail import Rail


class Recorder:
    """Writes the header, and a line for each frame given: JSON lines."""

    def __init__(self, file: TextIO, rail: Rail) -> None:
        self._file = file
        boards = [
            {
                "name": board.name,
                "leds": [[round(led.track_m, 6), round(led.kerb_m, 6)] for led in rail.leds_of(index)],
            }
            for index, board in enumerate(rail.boards)
        ]
        self._pixels = [[led.pixel for led in rail.leds_of(index)] for index in range(len(rail.boards))]
        self._as_they_lie = [pixels == list(range(len(pixels))) for pixels in self._pixels]
        header = {"format": "pacerail-frames/1", "lap_m": rail.track.lap_m, "boards": boards}
        file.write(json.dumps(header, separators=(",", ":")) + "\n")

    def write(self, frames: Sequence[Frame], gun_ns: int) -> None:
        """Write frames in the order given; dead LEDs, which show nothing, are left out."""
        for frame in frames:
            rgb = frame.rgb
            if not self._as_they_lie[frame.board]:
                rgb = b"".join(rgb[3 * pixel : 3 * pixel + 3] for pixel in self._pixels[frame.board])
            seconds = (frame.visible_ns - gun_ns) / 1e9
            self._file.write(f'{{"t":{seconds:.6f},"b":{frame.board},"rgb":"{rgb.hex()}"}}\n')
