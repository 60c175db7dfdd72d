"""A picture drawn on a canvas of any size: the rail from above, clock and waves in its infield, boards, log.

`Stage` is the layout for one size of terminal; it holds all that does not move.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pacerail.live import words
from pacerail.live.canvas import Canvas, Colour, Line, figures_size
from pacerail.live.rail import BACKGROUND, LANES_M, Oval, draw_oval, fit, oval_pixels, strip_pixels
from pacerail.live.state import Picture
from pacerail.model.rail import Rail

_OVAL_COLS, _OVAL_ROWS = 56, 13
"""With less room than this the rail is drawn unrolled."""
_RING_COLS = 96
"""From here on the boards' names stand round the track."""
_PANEL = words.BOARD_FULL + 5
_FULL_IS_WORTH = 1.25  # a rail so much smaller is taken for a full table of the boards
_TWO_LOGS_COLS = 90
_LABEL: Colour = (150, 156, 166)


@dataclass(frozen=True, slots=True)
class Area:
    """Part of the canvas, in cells."""

    row: int
    col: int
    rows: int
    cols: int


@dataclass(frozen=True, slots=True)
class Label:
    """A few words on the rail's picture. Those of a board have its index."""

    row: int
    col: int
    text: str
    board: int | None


@dataclass(frozen=True, eq=False, slots=True)
class Stage:
    """Where everything goes on a screen of one size."""

    rail: Rail
    width: int
    height: int
    track: Area
    oval: Oval | None
    """None: no room, the rail is drawn unrolled."""
    boards: Area
    full_boards: bool
    log: Area
    labels: tuple[Label, ...]
    clock_scale: int
    """0: in letters."""
    layout: tuple[tuple[str, ...], ...]
    first_row: int
    """Of the clock."""


def make_stage(picture: Picture, rail: Rail, start_m: float, width: int, height: int) -> Stage:
    """Lay out a screen of `width` x `height` cells; `start_m` is the track coordinate of the start line."""
    width, height = max(1, width), max(1, height)
    count = len(rail.boards)
    options = [_stacked(count, width, height, full) for full in (True, False)]
    if width >= _PANEL + _OVAL_COLS:
        options.append(_side(count, width, height))
    best = min(options, key=lambda option: _pixel_m(rail, option[0]) * (1.0 if option[2] else _FULL_IS_WORTH))
    track, boards, full, log = best
    if track.rows < _OVAL_ROWS or track.cols < _OVAL_COLS:
        return _flat_stage(picture, rail, width, height)
    margins = _margins(track)
    oval = draw_oval(rail, start_m, track.cols, track.rows, *margins)
    labels = _labels(rail, oval, start_m, ring=margins[0] > 0)
    free = oval.free.copy()
    for label in labels:
        if 0 <= label.row < track.rows:
            free[label.row, max(0, label.col - 1) : label.col + len(label.text) + 1] = False
    scale, layout, first = _fill_infield(picture, free)
    return Stage(rail, width, height, track, oval, boards, full, log, labels, scale, layout, first)


def draw(picture: Picture, stage: Stage) -> Canvas:
    """The picture on a canvas."""
    canvas = Canvas(stage.width, stage.height, BACKGROUND)
    lost = [index for index, board in enumerate(picture.boards) if board.lost]
    title = words.title_line(picture, len(stage.rail.boards), len(stage.rail.leds), stage.width)
    if stage.oval is None:
        _draw_flat(canvas, picture, stage, lost, title)
        return canvas
    canvas.line(0, 0, title)
    area = stage.track
    canvas.pixels(area.row, area.col, oval_pixels(stage.oval, picture.leds, lost))
    for label in stage.labels:
        colour = _LABEL if label.board is None else _ring_colour(picture, label.board)
        canvas.text(area.row + label.row, area.col + label.col, label.text, colour)
    _draw_infield(canvas, picture, stage)
    _draw_boards(canvas, picture, stage)
    _draw_log(canvas, picture, stage.log)
    return canvas


def _stacked(count: int, width: int, height: int, full: bool) -> tuple[Area, Area, bool, Area]:
    """The rail over the boards over the log."""
    each = words.BOARD_FULL if full else words.BOARD_MINI
    across = max(1, (width + 1) // each)
    wanted = -(-count // across) + (2 if full else 1)
    log_rows = 2 if height < 30 else 4 if height < 60 else 8
    board_rows = max(2, min(wanted, height // (3 if full else 5)))
    track_rows = max(1, height - 1 - board_rows - log_rows)
    return (
        Area(1, 0, track_rows, width),
        Area(1 + track_rows, 0, board_rows, width),
        full,
        Area(1 + track_rows + board_rows, 0, log_rows, width),
    )


def _side(count: int, width: int, height: int) -> tuple[Area, Area, bool, Area]:
    """The boards and the log beside the rail."""
    left = width - _PANEL
    board_rows = max(2, min(count + 3, height - 5))
    return (
        Area(1, 0, height - 1, left),
        Area(1, left + 1, board_rows, _PANEL - 1),
        True,
        Area(1 + board_rows, left + 1, height - 1 - board_rows, _PANEL - 1),
    )


def _margins(area: Area) -> tuple[int, int]:
    return (5, 1) if area.cols >= _RING_COLS and area.rows >= 20 else (0, 0)


def _pixel_m(rail: Rail, area: Area) -> float:
    return fit(rail.track, area.cols, area.rows, *_margins(area))


def _flat_stage(picture: Picture, rail: Rail, width: int, height: int) -> Stage:
    layout = next(
        (o for o in words.WAVE_LAYOUTS if words.layout_width(picture, o) <= width - 1), words.WAVE_LAYOUTS[-1]
    )
    waves = len(picture.waves)
    if 1 + 3 + 2 + 1 + waves * len(layout) > height:  # title, clock, rail and gap, heading
        layout = next(
            (o for o in words.WAVE_LAYOUTS if len(o) == 1 and words.layout_width(picture, o) <= width - 1),
            words.WAVE_LAYOUTS[-1],
        )
    row = 1 + 3 + 2 + 1 + waves * len(layout)
    room = max(0, height - row)
    board_rows = min(room, 3)
    boards = Area(row, 0, board_rows, width)
    log = Area(row + board_rows, 0, room - board_rows, width)
    scale = 1 if height >= 9 and width >= 30 else 0
    return Stage(rail, width, height, Area(4, 0, 2, width), None, boards, False, log, (), scale, layout, 1)


def _labels(rail: Rail, oval: Oval, start_m: float, ring: bool) -> tuple[Label, ...]:
    """Start and finish inside the kerb, the boards' names outside the lanes."""
    track = rail.track
    inward_m = -(oval.pixel_m * 2.4)
    labels: list[Label] = []
    same = min(start_m, track.lap_m - start_m) < 0.5
    row, col, _ = oval.beside(0.0, inward_m)
    finish = "start, finish" if same else "finish"
    if same:
        labels.append(_label(row, col - len(finish) / 2, finish))
    else:
        srow, scol, sout = oval.beside(track.track_to_kerb(start_m), inward_m)
        near = abs(srow - row) < 1.5 and abs(scol - col) < len(finish) + 6
        if near:  # one to the left and one to the right of the gap between the two
            left_first = scol < col
            labels.append(_label(row, col - 0.5 if left_first else col - len(finish) + 0.5, finish))
            labels.append(_label(srow, scol - 4 if left_first else scol, "start"))
        else:
            labels.append(_label(row, col - len(finish) / 2, finish))
            labels.append(_label(srow, scol - (5 if sout > 0.5 else 0 if sout < -0.5 else 2.5), "start"))
    if ring:
        outward_m = LANES_M + oval.pixel_m * 1.6
        last = -10.0, -10.0
        for index, board in enumerate(rail.boards):
            middle_m = board.outputs[0].from_m + sum(output.length_m for output in board.outputs) / 2
            row, col, out = oval.beside(middle_m, outward_m)
            col -= 0 if out > 0.5 else len(board.name) if out < -0.5 else len(board.name) / 2
            if abs(row - last[0]) < 1 and abs(col - last[1]) < len(board.name) + 1:
                continue  # no room for every one
            last = row, col
            labels.append(Label(int(row), round(col), board.name, index))
    return tuple(labels)


def _label(row: float, col: float, text: str) -> Label:
    return Label(int(row), round(col), text, None)


def _fill_infield(picture: Picture, free: NDArray[np.bool_]) -> tuple[int, tuple[tuple[str, ...], ...], int]:
    """(scale of the clock, layout of the waves, first row): the richest that the infield has room for."""
    waves = len(picture.waves)
    rows, cols = free.shape
    scales = (3, 2, 1) if rows >= 44 else (2, 1) if rows >= 22 else (1,)
    above, below = _gaps(rows)
    with_gap = [layout for layout in words.WAVE_LAYOUTS if any("gap" in key for key in layout[-1])]
    without = [layout for layout in words.WAVE_LAYOUTS if layout not in with_gap]
    for layouts in (with_gap, without):
        for scale, layout in itertools.product(scales, layouts):
            width = words.layout_width(picture, layout)
            clock_cols, clock_rows = figures_size("00:00.0", scale)
            total = clock_rows + above + 1 + below + 1 + waves * len(layout)
            left, clock_left = (cols - width) // 2, (cols - clock_cols) // 2
            middle = _middle_row(free) - total // 2
            for first in (middle, middle - 1, middle + 1):
                table = first + total - 1 - waves * len(layout)
                if first < 0 or first + total > rows or left < 0 or clock_left < 0:
                    continue
                clear = free[first : first + clock_rows, clock_left : clock_left + clock_cols].all()
                if clear and free[table : first + total, left : left + width].all():
                    return scale, layout, first
    return 0, words.WAVE_LAYOUTS[-1], max(0, _middle_row(free) - (waves + 3) // 2)


def _gaps(rows: int) -> tuple[int, int]:
    """Empty rows between the clock and the line under it, and between that and the waves."""
    return (0, 0) if rows < 18 else (0, 1) if rows < 24 else (1, 1) if rows < 36 else (1, 2)


def _middle_row(free: NDArray[np.bool_]) -> int:
    held = np.flatnonzero(free.any(axis=1))
    return (int(held[0]) + int(held[-1]) + 1) // 2 if len(held) else len(free) // 2


def _draw_infield(canvas: Canvas, picture: Picture, stage: Stage) -> None:
    area = stage.track
    row = area.row + stage.first_row
    row += _draw_clock(canvas, picture, stage.clock_scale, row, area.col, area.cols)
    above, below = _gaps(area.rows)
    row += above
    phase = words.phase_line(picture)
    canvas.line(row, area.col + (area.cols - _length(phase)) // 2, phase)
    row += 1 + below
    col = area.col + (area.cols - words.layout_width(picture, stage.layout)) // 2
    for line in words.wave_lines(picture, stage.layout)[: area.row + area.rows - row]:
        canvas.line(row, col, line)
        row += 1


def _draw_clock(canvas: Canvas, picture: Picture, scale: int, row: int, col: int, cols: int) -> int:
    """Draws the clock in the middle of some columns; returns how many rows it took."""
    colour = _clock_colour(picture)
    if scale == 0:
        canvas.text(row, col + max(0, (cols - len(picture.clock)) // 2), picture.clock, colour, bold=True)
        return 1
    width, rows = figures_size(picture.clock, scale)
    canvas.figures(row, col + max(0, (cols - width) // 2), picture.clock, colour, scale)
    return rows


def _clock_colour(picture: Picture) -> Colour:
    if picture.race_s is None:
        return words.FAINT
    if picture.phase == "interrupted":
        return words.BAD
    return words.WARN if picture.race_s < 0 else words.BRIGHT


def _draw_boards(canvas: Canvas, picture: Picture, stage: Stage) -> None:
    area = stage.boards
    canvas.line(area.row, area.col, words.board_summary(picture, area.cols))
    rows, row = area.rows - 1, area.row + 1
    each = words.BOARD_FULL if stage.full_boards else words.BOARD_MINI
    across = max(1, (area.cols + 1) // each)
    if stage.full_boards:
        for column in range(min(across, -(-len(picture.boards) // max(1, rows - 1)))):
            canvas.line(row, area.col + 1 + column * each, words.board_heading())
        rows, row = rows - 1, row + 1
    if rows <= 0:
        return
    shown, left_out = words.in_trouble_first(picture.boards, rows * across)
    for k, board in enumerate(shown):
        down, right = (k % rows, k // rows) if stage.full_boards else (k // across, k % across)
        line = words.board_full(board) if stage.full_boards else words.board_mini(board)
        canvas.line(row + down, area.col + 1 + right * each, line)
    if left_out:
        k = len(shown)
        down, right = (k % rows, k // rows) if stage.full_boards else (k // across, k % across)
        canvas.text(row + down, area.col + 1 + right * each, f"+{left_out} more", words.DIM)


def _draw_log(canvas: Canvas, picture: Picture, area: Area) -> None:
    if area.rows <= 0:
        return
    if area.cols >= _TWO_LOGS_COLS:  # the rail's to the left, the splits to the right
        half = area.cols * 3 // 5
        for k, entry in enumerate(picture.log[-area.rows :]):
            canvas.line(area.row + k, area.col, words.log_line(entry, half))
        canvas.line(area.row, area.col + half, words.passed_heading(picture))
        for k, passed in enumerate(picture.passed[-(area.rows - 1) :] if area.rows > 1 else ()):
            canvas.line(area.row + 1 + k, area.col + half, words.passed_line(picture, passed))
        return
    lines = [(entry.time_s, words.log_line(entry, area.cols)) for entry in picture.log]
    for passed in picture.passed:
        when_s = max(time_s for time_s in passed.times_s if time_s is not None)
        lines.append((when_s, words.passed_line(picture, passed)))
    for k, (_, line) in enumerate(sorted(lines, key=lambda timed: timed[0])[-area.rows :]):
        canvas.line(area.row + k, area.col, line)


def _draw_flat(canvas: Canvas, picture: Picture, stage: Stage, lost: Sequence[int], title: Line) -> None:
    """For small terminals: the rail unrolled, from the finish line on."""
    canvas.line(0, 0, title)
    row = 1
    if stage.clock_scale:
        width, rows = figures_size(picture.clock, 1)
        canvas.figures(row, 1, picture.clock, _clock_colour(picture), 1)
        canvas.line(row + 1, width + 4, words.fitting(words.phase_line(picture), stage.width - width - 4))
        row += rows
    else:
        canvas.text(row, 1, picture.clock, _clock_colour(picture), bold=True)
        canvas.line(row, len(picture.clock) + 3, words.phase_line(picture))
        row += 1
    if row < stage.height:
        canvas.pixels(row, 0, strip_pixels(stage.rail, picture.leds, stage.width, lost))
    row += 2 if stage.clock_scale else 1
    for line in words.wave_lines(picture, stage.layout):
        canvas.line(row, 1, line)
        row += 1
    if stage.boards.rows > 0:
        _draw_boards(canvas, picture, stage)
    _draw_log(canvas, picture, stage.log)


def _ring_colour(picture: Picture, board: int) -> Colour:
    state = picture.boards[board]
    colour = words.state_colour(state)
    return words.FAINT if colour == words.GOOD else colour


def _length(line: Line) -> int:
    return sum(len(span.text) for span in line)
