"""Where everything stands on the sheet: one page where that can be read, else more, each with the plan's hash.

From the top: what race it is, with the hash; what to fill in; each light in words; the pictures; the splits; and room
for those who read it back. Five sizes are tried, the largest first; what does not fit on one page in the smallest goes
on to further pages in the third.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pacerail.sheet.canvas import FAINT, GREY, INK, PAGE_H_MM, PAGE_W_MM, PALE, Page, line_mm, wrapped
from pacerail.sheet.content import Sheet, SplitRow
from pacerail.sheet.fonts import Faces
from pacerail.sheet.picture import Box, draw_gun, draw_pace, draw_track, tag

LEFT_MM, TOP_MM, BOTTOM_MM = 12.0, 11.0, 9.0
WIDTH_MM = PAGE_W_MM - 2 * LEFT_MM
_HASH_W_MM = 56.0
_SIGN_MM = 29.0
_GAP_MM = 5.0
_FEW = 4
"""So many lights at the gun find room below the track; more have the whole width."""
_ROWS_LEAST = 6
"""A table is not cut into columns shorter than this."""
_SIGNERS = ("Athlete", "Coach", "Light operator", "Television")


@dataclass(frozen=True)
class _Sizes:
    words_pt: float
    row_pt: float
    row_mm: float
    pictures_mm: float


_SIZES = (
    _Sizes(9.0, 10.0, 5.6, 70.0),
    _Sizes(8.5, 9.0, 4.7, 66.0),
    _Sizes(8.0, 8.0, 4.0, 60.0),
    _Sizes(7.2, 7.2, 3.4, 52.0),
    _Sizes(6.6, 6.4, 2.9, 46.0),
)
_SPREAD = _SIZES[2]


@dataclass(frozen=True)
class _Table:
    """The columns of the splits, of some of the lights if not all go side by side."""

    first: int
    last: int
    label_mm: float
    time_mm: float
    names: tuple[tuple[str, ...], ...]
    """Of each light in lines; none where it does not fit: the letter is there."""

    @property
    def width_mm(self) -> float:
        return self.label_mm + (self.last - self.first) * self.time_mm

    @property
    def head_mm(self) -> float:
        return 6.0 + 2.7 * max((len(lines) for lines in self.names), default=0)

    @property
    def side_by_side(self) -> int:
        return max(1, math.floor((WIDTH_MM + _GAP_MM) / (self.width_mm + _GAP_MM)))


def lay_out(sheet: Sheet, faces: Faces) -> list[Page]:
    """The pages of a sheet."""
    for sizes in _SIZES:
        pages, left_mm = _pages(sheet, faces, sizes)
        if len(pages) == 1:
            # what is left over goes to the pictures
            pages, _ = _pages(sheet, faces, replace(sizes, pictures_mm=sizes.pictures_mm + min(left_mm - 1.0, 22.0)))
            break
    else:
        pages, _ = _pages(sheet, faces, _SPREAD)
    for i, page in enumerate(pages):
        _foot(page, sheet, i + 1, len(pages))
    return pages


class _Flow:
    """Pages that are filled from the top; the last one drawn on is the current one."""

    def __init__(self, sheet: Sheet, faces: Faces) -> None:
        self.sheet, self.faces = sheet, faces
        self.pages: list[Page] = []
        self.y_mm = 0.0
        self.new_page()

    @property
    def page(self) -> Page:
        return self.pages[-1]

    @property
    def left_mm(self) -> float:
        """What is left of the page; on the first one the signatures have their place below."""
        return PAGE_H_MM - BOTTOM_MM - 4.0 - (_SIGN_MM if len(self.pages) == 1 else 0.0) - self.y_mm

    def new_page(self) -> None:
        self.pages.append(Page(self.faces))
        if len(self.pages) == 1:
            self.y_mm = _head(self.page, self.sheet)
        else:
            self.y_mm = _small_head(self.page, self.sheet)

    def need(self, height_mm: float) -> None:
        """So much in one piece: on another page if there is no room here."""
        if height_mm > self.left_mm:
            self.new_page()


def _pages(sheet: Sheet, faces: Faces, sizes: _Sizes) -> tuple[list[Page], float]:
    """The pages, and what is left of the last."""
    flow = _Flow(sheet, faces)
    _lights(flow, sizes)
    _pictures(flow, sizes)
    for table in _tables(sheet, faces, sizes):
        _splits(flow, table, sizes)
    _signatures(flow.pages[0])
    return flow.pages, flow.left_mm


def _head(page: Page, sheet: Sheet) -> float:
    """The race, the hash, what is filled in by hand; returns where it goes on below."""
    text_mm = WIDTH_MM - _HASH_W_MM - 6
    page.text(LEFT_MM, TOP_MM + 2.4, "PACING LIGHTS: READ-BACK SHEET", 7.5, bold=True, colour=GREY)
    y_mm = TOP_MM + 3.2
    lines = wrapped(page.faces, sheet.plan.title, 22, text_mm, bold=True)
    size_pt = 22.0
    if len(lines) > 1:
        size_pt = 15.0
        lines = wrapped(page.faces, sheet.plan.title, size_pt, text_mm, bold=True)
    if len(lines) > 2:
        size_pt = 11.0
        lines = wrapped(page.faces, sheet.plan.title, size_pt, text_mm, bold=True)
    for line in lines:
        y_mm += line_mm(size_pt) * 0.92
        page.text(LEFT_MM, y_mm, line, size_pt, bold=True, most_mm=text_mm)
    y_mm += 1.4
    for line in (*wrapped(page.faces, sheet.race, 9, text_mm), *wrapped(page.faces, sheet.start, 9, text_mm)):
        y_mm += 4.2
        page.text(LEFT_MM, y_mm, line, 9)
    x_mm = LEFT_MM + WIDTH_MM - _HASH_W_MM
    page.rect(x_mm, TOP_MM, _HASH_W_MM, 25.5, stroke=INK, width_mm=0.5, radius_mm=1.5)
    page.text(x_mm + _HASH_W_MM / 2, TOP_MM + 4.4, "PLAN, read it out in fours", 7, colour=GREY, anchor="middle")
    groups = sheet.hash_groups
    for i, pair in enumerate((groups[:2], groups[2:])):
        for k, group in enumerate(pair):
            middle = x_mm + _HASH_W_MM * (0.27 if k == 0 else 0.73)
            page.text(middle, TOP_MM + 13.0 + 9.0 * i, group, 23, bold=True, anchor="middle")
    y_mm = max(y_mm + 3.0, TOP_MM + 28.0)
    page.rect(LEFT_MM, y_mm, WIDTH_MM, 9.5, fill=FAINT, radius_mm=1.0)
    fields = (("Date", 0.17), ("Place", 0.31), ("Athlete", 0.32), ("Time of the gun", 0.20))
    at_mm = LEFT_MM
    for label, share in fields:
        page.text(at_mm + 2, y_mm + 3.2, label, 6.5, colour=GREY)
        page.line([(at_mm + 2, y_mm + 8.2), (at_mm + WIDTH_MM * share - 2, y_mm + 8.2)], GREY, 0.2)
        at_mm += WIDTH_MM * share
    return y_mm + 13.0


def _small_head(page: Page, sheet: Sheet) -> float:
    hashed = "  ".join(sheet.hash_groups)
    width_mm = page.text(LEFT_MM + WIDTH_MM, TOP_MM + 4.5, hashed, 13, bold=True, anchor="end")
    page.text(LEFT_MM, TOP_MM + 4.5, sheet.plan.title, 11, bold=True, most_mm=WIDTH_MM - width_mm - 8)
    page.line([(LEFT_MM, TOP_MM + 7), (LEFT_MM + WIDTH_MM, TOP_MM + 7)], INK, 0.5)
    return TOP_MM + 11.5


def _heading(flow: _Flow, text: str) -> None:
    flow.page.text(LEFT_MM, flow.y_mm + 2.6, text, 9.5, bold=True)
    flow.page.line([(LEFT_MM, flow.y_mm + 4.2), (LEFT_MM + WIDTH_MM, flow.y_mm + 4.2)], INK, 0.35)
    flow.y_mm += 6.2


def _lights(flow: _Flow, sizes: _Sizes) -> None:
    flow.need(20.0)
    _heading(flow, "The lights")
    size_pt, step_mm = sizes.words_pt, line_mm(sizes.words_pt)
    text_x, text_mm = LEFT_MM + 33.0, WIDTH_MM - 33.0
    for light in flow.sheet.lights:
        lines = [line for words in light.words for line in wrapped(flow.faces, words, size_pt, text_mm)]
        height_mm = 1.25 * step_mm + max(3.0, step_mm * len(lines)) + 2.6
        flow.need(height_mm)
        page, y_mm = flow.page, flow.y_mm
        middle = y_mm + 2.5
        tag(page, LEFT_MM + 2.3, middle, light, 2.2)
        # the light as it is: on a dark rail
        page.rect(LEFT_MM + 5.6, middle - 1.8, 13.0, 3.6, fill=INK, radius_mm=0.7)
        page.rect(LEFT_MM + 7.0, middle - 0.8, 10.0, 1.6, fill=light.glow, radius_mm=0.8)
        page.line([(LEFT_MM + 20.0, middle), (LEFT_MM + 31.0, middle)], light.ink, 0.7, light.dash_mm)
        named_mm = page.text(text_x, middle + 1.2, light.wave.name, size_pt + 2, bold=True, most_mm=text_mm * 0.7)
        page.text(text_x + named_mm + 3, middle + 1.2, light.headline, size_pt + 2, most_mm=text_mm - named_mm - 3)
        for i, line in enumerate(lines):
            page.text(text_x, y_mm + step_mm * (i + 2.1), line, size_pt, most_mm=text_mm)
        flow.y_mm += height_mm
    for line in wrapped(flow.faces, flow.sheet.overlap, size_pt, text_mm):
        flow.need(step_mm)
        flow.page.text(text_x, flow.y_mm + step_mm * 0.8, line, size_pt, colour=GREY)
        flow.y_mm += step_mm
    flow.y_mm += 2.4


def _pictures(flow: _Flow, sizes: _Sizes) -> None:
    height_mm, count = sizes.pictures_mm, len(flow.sheet.lights)
    flow.need(height_mm)
    x_mm, y_mm, wide_mm = LEFT_MM, flow.y_mm, WIDTH_MM * 0.54
    right_x, right_mm = x_mm + wide_mm + 5, WIDTH_MM - wide_mm - 5
    gun_mm = 9.0 + 4.6 * count
    beside = count <= _FEW
    draw_pace(flow.page, flow.sheet, Box(x_mm, y_mm, wide_mm, height_mm - 3))
    track_mm = height_mm - 3 - (gun_mm if beside else 0)
    draw_track(flow.page, flow.sheet, Box(right_x, y_mm - 1.5, right_mm, track_mm))
    if beside:
        draw_gun(flow.page, flow.sheet, Box(right_x, y_mm + track_mm, right_mm, gun_mm))
    flow.y_mm += height_mm + 1.0
    if not beside:
        gun_mm = 9.0 + 3.6 * count
        flow.need(gun_mm + 2)
        draw_gun(flow.page, flow.sheet, Box(x_mm, flow.y_mm, WIDTH_MM, gun_mm))
        flow.y_mm += gun_mm + 2


def _tables(sheet: Sheet, faces: Faces, sizes: _Sizes) -> list[_Table]:
    """One table of all lights, or several where their columns are too many for the width."""
    label_mm = 3.0 + max(faces.width_mm(row.label, sizes.row_pt, bold=row.strong) for row in sheet.rows)
    times = [time for row in sheet.rows for time in row.times]
    least_mm = max(10.0, 2.6 + max(faces.width_mm(time, sizes.row_pt, bold=True) for time in times))
    each = max(1, math.floor((WIDTH_MM - label_mm) / least_mm))
    count = math.ceil(len(sheet.lights) / each)
    each = math.ceil(len(sheet.lights) / count)
    found: list[_Table] = []
    for first in range(0, len(sheet.lights), each):
        last = min(first + each, len(sheet.lights))
        # as wide as leaves as many tables side by side as there may be
        beside = max(1, math.floor((WIDTH_MM + _GAP_MM) / (label_mm + (last - first) * least_mm + _GAP_MM)))
        beside = min(beside, max(1, math.ceil(len(sheet.rows) / _ROWS_LEAST)))
        room_mm = (WIDTH_MM + _GAP_MM) / beside - _GAP_MM - label_mm
        time_mm = min(42.0, room_mm / (last - first))
        names = tuple(_name(light.wave.name, faces, time_mm - 1.5) for light in sheet.lights[first:last])
        found.append(_Table(first, last, label_mm, time_mm, names))
    return found


def _name(name: str, faces: Faces, most_mm: float) -> tuple[str, ...]:
    lines = wrapped(faces, name, 6.5, most_mm)
    return tuple(lines) if len(lines) <= 3 else ()


def _splits(flow: _Flow, table: _Table, sizes: _Sizes) -> None:
    rows, going_on = flow.sheet.rows, False
    beside = min(table.side_by_side, max(1, math.ceil(len(rows) / _ROWS_LEAST)))
    while rows:
        all_mm = 6.2 + table.head_mm + sizes.row_mm * math.ceil(len(rows) / beside) + 1.5
        if all_mm > flow.left_mm and flow.left_mm < 6.2 + table.head_mm + 8 * sizes.row_mm:
            flow.new_page()
        fit = math.floor((flow.left_mm - 7.7 - table.head_mm) / sizes.row_mm)
        each = min(fit, math.ceil(len(rows) / beside))
        now, rows = rows[: each * beside], rows[each * beside :]
        some = (
            ""
            if table.last - table.first == len(flow.sheet.lights)
            else (f", lights {flow.sheet.lights[table.first].letter} to {flow.sheet.lights[table.last - 1].letter}")
        )
        more = ", continued" if going_on else ""
        goes_on = " (continued on the next page)" if rows else ""
        _heading(flow, f"Splits every {flow.sheet.every_m} m from the start line{some}{more}{goes_on}")
        for k in range(beside):
            part = now[k * each : (k + 1) * each]
            if part:
                _block(flow, table, sizes, LEFT_MM + k * (table.width_mm + _GAP_MM), part)
        flow.y_mm += table.head_mm + sizes.row_mm * each + 3.0
        going_on = True


def _block(flow: _Flow, table: _Table, sizes: _Sizes, x_mm: float, rows: tuple[SplitRow, ...]) -> None:
    page, top = flow.page, flow.y_mm
    page.text(x_mm + table.label_mm - 1.5, top + table.head_mm - 1.4, "m", 6.5, colour=GREY, anchor="end")
    for i, light in enumerate(flow.sheet.lights[table.first : table.last]):
        right = x_mm + table.label_mm + (i + 1) * table.time_mm - 1.0
        tag(page, right - 2.1, top + 2.2, light, 1.9)
        for k, line in enumerate(table.names[i]):
            page.text(right, top + 6.6 + 2.7 * k, line, 6.5, anchor="end", most_mm=table.time_mm - 1)
    y_mm = top + table.head_mm
    page.line([(x_mm, y_mm), (x_mm + table.width_mm, y_mm)], INK, 0.3)
    for n, row in enumerate(rows):
        if n % 2:
            page.rect(x_mm, y_mm, table.width_mm, sizes.row_mm, fill=FAINT)
        base = y_mm + sizes.row_mm / 2 + sizes.row_pt * 0.126
        label_x = x_mm + table.label_mm - 1.5
        page.text(label_x, base, row.label, sizes.row_pt, bold=row.strong, colour=GREY, anchor="end")
        for i, time in enumerate(row.times[table.first : table.last]):
            right = x_mm + table.label_mm + (i + 1) * table.time_mm - 1.0
            page.text(right, base, time, sizes.row_pt, bold=row.strong, anchor="end")
        y_mm += sizes.row_mm
    page.line([(x_mm, y_mm), (x_mm + table.width_mm, y_mm)], PALE, 0.3)


def _signatures(page: Page) -> None:
    top = PAGE_H_MM - BOTTOM_MM - 4.0 - _SIGN_MM + 3.0
    page.text(LEFT_MM, top + 2.6, "Read back by", 9.5, bold=True)
    said = "Read aloud from what the rail has loaded: the title, the finish of every light, the plan's hash. Then sign."
    page.text(LEFT_MM + WIDTH_MM, top + 2.6, said, 7, colour=GREY, anchor="end", most_mm=WIDTH_MM - 28)
    page.line([(LEFT_MM, top + 4.2), (LEFT_MM + WIDTH_MM, top + 4.2)], INK, 0.35)
    each = (WIDTH_MM - 3 * 4) / 4
    for i, who in enumerate(_SIGNERS):
        x_mm = LEFT_MM + i * (each + 4)
        page.text(x_mm, top + 8.0, who, 7.5, bold=True)
        for k, label in enumerate(("name", "signature, time")):
            y_mm = top + 14.6 + 8.2 * k
            page.line([(x_mm, y_mm), (x_mm + each, y_mm)], GREY, 0.2)
            page.text(x_mm, y_mm + 2.4, label, 5.8, colour=GREY)


def _foot(page: Page, sheet: Sheet, number: int, count: int) -> None:
    y_mm = PAGE_H_MM - BOTTOM_MM + 1.5
    page.text(LEFT_MM, y_mm, f"Pacerail, plan {sheet.plan.hash}", 6.5, colour=GREY)
    page.text(LEFT_MM + WIDTH_MM, y_mm, f"page {number} of {count}", 6.5, colour=GREY, bold=count > 1, anchor="end")
    middle_mm = WIDTH_MM - 2 * 50
    page.text(PAGE_W_MM / 2, y_mm, sheet.times, 6.5, colour=GREY, anchor="middle", most_mm=middle_mm)
