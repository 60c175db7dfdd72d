"""Makes the picture in the README: `python docs/make_picture.py docs/bench.svg`.

The real bench is run as fast as it goes, a picture of its live view is taken at a moment of the race, and written as
an SVG. Half blocks become rectangles, so that the picture looks the same whatever fonts there are.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from pacerail.bench.run import Bench, Settings, run_bench
from pacerail.live.canvas import HALF, Canvas
from pacerail.live.draw import draw, make_stage
from pacerail.live.state import Picture, led_order, leds_of, picture_of
from pacerail.live.view import light_words
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.model.units import parse_time_s

_CELL_W, _CELL_H = 8.4, 16.8
_PAD, _BAR = 14.0, 30.0
_FONT = "'JetBrains Mono', 'Fira Code', 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_BLOCKS = {HALF: (0.0, 0.5), "▄": (0.5, 0.5), "█": (0.0, 1.0)}
_STEP_S = 0.01


def take_picture(plan_name: str, at_s: float) -> tuple[Bench, Picture]:
    """Run a plan on the default rail and take its picture at a race time in s."""
    rail = even_rail()
    plan = load_plan(plan_name, rail.track)
    taken: list[Picture] = []

    async def watch(bench: Bench) -> None:
        while (race_s := bench.race.race_s()) is None or race_s < at_s:
            await asyncio.sleep(_STEP_S)
        bench.world.catch_up()
        leds = leds_of(bench.tally.rgb, led_order(rail))
        taken.append(picture_of(bench.race, rail, leds, light=light_words(bench)))

    bench, _ = run_bench(plan, rail, Settings(speed=None, seed=7), watch)
    return bench, taken[0]


def svg(canvas: Canvas, title: str) -> str:
    """A canvas as an SVG image of a terminal window."""
    width = canvas.width * _CELL_W + 2 * _PAD
    height = canvas.height * _CELL_H + _PAD + _BAR
    ground = _hex(canvas.back[0, 0])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1f} {height:.1f}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width:.1f}" height="{height:.1f}" rx="10" fill="{ground}"/>',
    ]
    for k, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        parts.append(f'<circle cx="{22 + 20 * k}" cy="{_BAR / 2 + 2}" r="6" fill="{colour}"/>')
    parts.append(f'<g transform="translate({_PAD} {_BAR})" shape-rendering="crispEdges">')
    parts.extend(_rectangles(_halves(canvas), ground))
    parts.append("</g>")
    parts.append(f'<g transform="translate({_PAD} {_BAR})" font-family="{_FONT}" font-size="14" xml:space="preserve">')
    for row in range(canvas.height):
        parts.extend(_words(canvas, row))
    parts.append("</g></svg>")
    return "\n".join(parts) + "\n"


def _halves(canvas: Canvas) -> list[list[str]]:
    """The colour of every half cell."""
    image = np.repeat(canvas.back, 2, axis=0)
    for block, (begin, high) in _BLOCKS.items():
        rows, cols = np.nonzero(canvas.chars == ord(block))
        if begin == 0.0:
            image[2 * rows, cols] = canvas.fore[rows, cols]
        if begin + high == 1.0:
            image[2 * rows + 1, cols] = canvas.fore[rows, cols]
    return [[_hex(pixel) for pixel in line] for line in image]


def _rectangles(image: list[list[str]], ground: str) -> list[str]:
    parts: list[str] = []
    for row, line in enumerate(image):
        col = 0
        while col < len(line):
            end = col
            while end < len(line) and line[end] == line[col]:
                end += 1
            if line[col] != ground:
                parts.append(
                    f'<rect x="{col * _CELL_W:.1f}" y="{row * _CELL_H / 2:.1f}" width="{(end - col) * _CELL_W:.1f}" '
                    f'height="{_CELL_H / 2:.1f}" fill="{line[col]}"/>'
                )
            col = end
    return parts


def _words(canvas: Canvas, row: int) -> list[str]:
    """The text of a row, a piece for each run of one colour and no wide gap, held to its cells."""
    parts: list[str] = []
    line = canvas.rows()[row]
    col = 0
    while col < canvas.width:
        if line[col] == " " or line[col] in _BLOCKS:
            col += 1
            continue
        end = col
        colour, bold = _hex(canvas.fore[row, col]), bool(canvas.bold[row, col])
        while end < canvas.width and line[end] not in _BLOCKS and line[end : end + 2] != "  ":
            if line[end] != " " and (_hex(canvas.fore[row, end]), bool(canvas.bold[row, end])) != (colour, bold):
                break
            end += 1
        text = line[col:end].rstrip()
        weight = ' font-weight="bold"' if bold else ""
        parts.append(
            f'<text x="{col * _CELL_W:.1f}" y="{(row + 0.76) * _CELL_H:.1f}" fill="{colour}"{weight} '
            f'textLength="{len(text) * _CELL_W:.1f}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
        )
        col = end
    return parts


def _hex(colour: Sequence[int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(int(c) for c in colour))


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description="A still picture of the bench's live view, as SVG.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--plan", default="breaking4-3-59")
    parser.add_argument("--at", default="2:58", help="race time")
    parser.add_argument("--size", default="120x40", help="columns x rows")
    chosen = parser.parse_args()
    cols, rows = (int(n) for n in chosen.size.split("x"))
    bench, picture = take_picture(chosen.plan, parse_time_s(chosen.at))
    stage = make_stage(picture, bench.rail, bench.plan.start_track_m(bench.rail.track), cols, rows)
    chosen.out.write_text(svg(draw(picture, stage), f"{picture.title} at {picture.clock}"), encoding="utf-8")


if __name__ == "__main__":
    main()
