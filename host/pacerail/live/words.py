"""What the live view says, as lines of coloured text: waves, boards, log. Widths stay from picture to picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pacerail.live.canvas import Colour, Line, Span, clipped
from pacerail.live.rail import screen_colour
from pacerail.live.state import BoardState, Gap, LogLine, NextSplit, Passed, Picture, WaveState
from pacerail.model.units import format_distance, format_time

TEXT: Colour = (214, 219, 227)
DIM: Colour = (122, 131, 146)
FAINT: Colour = (84, 92, 106)
GOOD: Colour = (96, 201, 132)
WARN: Colour = (240, 184, 72)
BAD: Colour = (255, 92, 92)
BRIGHT: Colour = (245, 248, 252)

_NAME = 10
_STATE_COLOURS: dict[str, Colour] = {
    "idle": DIM,
    "loaded": DIM,
    "armed": WARN,
    "running": GOOD,
    "finished": GOOD,
    "recalled": BAD,
    "fault": BAD,
}
BOARD_FULL = 40
BOARD_MINI = 10


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the wave table."""

    heading: str
    width: int
    left: bool = False


def phase_line(picture: Picture) -> Line:
    """Under the clock: what is going on, and where the zero comes from."""
    if picture.race_s is None:
        return [Span(picture.phase, WARN, True)]
    counting = picture.phase == "running" and picture.race_s < 0
    phase = "to the gun" if counting else picture.phase
    colour = BAD if picture.phase in ("interrupted", "recalled") else WARN if counting else GOOD
    return [Span(phase, colour, True), Span(f"   gun: {picture.gun}", DIM)]


def title_line(picture: Picture, boards: int, leds: int, width: int) -> Line:
    """The top line."""
    right = f"{picture.pace}   Ctrl-C ends it" if picture.pace else "Ctrl-C ends it"
    middle = f"   {format_distance(picture.distance_m)}   plan {picture.plan_hash}   {boards} boards, {leds} LEDs"
    title = clipped(picture.title, max(8, width // 2))
    spare = width - len(title) - len(middle) - len(right) - 2
    if spare < 0:
        middle = f"   {boards} boards, {leds} LEDs"
        spare = width - len(title) - len(middle) - len(right) - 2
    if spare < 0:
        middle, spare = "", max(1, width - len(title) - len(right) - 2)
    return [Span(" " + title, BRIGHT, True), Span(middle, DIM), Span(" " * spare, DIM), Span(right, FAINT)]


def _columns(picture: Picture) -> dict[str, Column]:
    distance = len(f"{picture.distance_m:.1f}") + 2
    split = len(_split_text(NextSplit(picture.distance_m, 599.99, 399.9, 99.99)))
    gap = len(gap_text(Gap(clipped(picture.waves[0].name, _NAME), 199.9, 29.99)))
    return {
        "name": Column("wave", 2 + min(_NAME, max(4, *(len(w.name) for w in picture.waves))), True),
        "distance": Column("distance", max(8, distance)),
        "laps": Column("laps", len(f"{picture.total_laps:.2f} of {picture.total_laps:.2f}")),
        "speed": Column("speed", 8),
        "pace": Column("400 m in", 8),
        "split": Column("next split", split, True),
        "next": Column("", 5 + split, True),
        "gap": Column("", gap, True),
        "short gap": Column("", len("199.9 m, 29.99 s behind"), True),
    }


WAVE_LAYOUTS: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("name", "distance", "laps", "speed", "pace", "split", "gap"),),
    (("name", "distance", "laps", "speed", "pace", "split"),),
    (("name", "distance", "laps", "speed", "pace"), ("", "next", "gap")),
    (("name", "distance", "laps", "speed", "pace"), ("", "next", "short gap")),
    (("name", "distance", "laps", "pace"), ("", "next")),
    (("name", "distance", "laps", "pace"),),
    (("name", "distance", "laps"),),
    (("name", "distance"),),
)
"""Ways to show a wave, richest first: the columns of each of its lines."""


def layout_width(picture: Picture, layout: Sequence[Sequence[str]]) -> int:
    """Cells that a layout takes."""
    columns = _columns(picture)
    return max(sum(_width(columns, key) for key in line) + 3 * (len(line) - 1) for line in layout)


def wave_lines(picture: Picture, layout: Sequence[Sequence[str]]) -> list[Line]:
    """The table of waves: a heading, then each wave in as many lines as the layout has."""
    columns = _columns(picture)
    head: list[Span] = []
    for key in layout[0]:
        head.extend((Span(_pad(columns[key].heading, columns[key]), FAINT), Span("   ", FAINT)))
    lines: list[Line] = [head]
    for wave in picture.waves:
        for keys in layout:
            line: list[Span] = []
            for key in keys:
                line.extend(_cell(picture, wave, key, columns))
                line.append(Span("   ", TEXT))
            lines.append(line)
    return lines


def board_summary(picture: Picture, width: int) -> Line:
    """All boards in one line."""
    boards = picture.boards
    lost = [board.name for board in boards if board.lost]
    states: dict[str, int] = {}
    for board in boards:
        if not board.lost:
            states[board.state] = states.get(board.state, 0) + 1
    bounds = [board.bound_us for board in boards if board.bound_us is not None and not board.lost]
    late = sum(board.late for board in boards)
    spans = [
        Span(" ", TEXT),
        Span("   ".join(f"{count} {state}" for state, count in states.items()), GOOD if not lost else TEXT),
    ]
    if lost:
        spans.append(Span(f"   lost: {', '.join(lost)}" if len(lost) < 6 else f"   {len(lost)} lost", BAD, True))
    if bounds:
        spans.append(Span(f"   clocks within {max(bounds)} µs", DIM))
    spans.append(Span(f"   {sum(board.frames for board in boards):,} frames", DIM))
    spans.append(Span(f"   {late} late", BAD if late else DIM))
    holdover_s = max((board.holdover_s for board in boards), default=0.0)
    spans.append(Span(f"   holdover {holdover_s:.0f} s", WARN if holdover_s > 10 else DIM))
    if picture.light:
        spans.append(Span(f"   {picture.light}", DIM))
    return fitting(spans, width)


def board_heading() -> Line:
    """Over a column of full boards."""
    return [Span(f"{'board':<6}{'state':<8}{'clock':>7}{'frames':>7}{'late':>5}{'hold':>5}", FAINT)]


def board_full(board: BoardState) -> Line:
    """A board in BOARD_FULL cells."""
    colour = state_colour(board)
    state = "LOST" if board.lost else board.state
    bound = "-" if board.bound_us is None else f"{board.bound_us} µs"
    return [
        Span(f"{clipped(board.name, 5):<6}", BAD if board.lost else TEXT, board.lost),
        Span(f"{clipped(state, 8):<8}", colour, board.lost),
        Span(f"{bound:>7}", DIM if board.lost else TEXT),
        Span(f"{board.frames:>7}", DIM),
        Span(f"{board.late:>5}", BAD if board.late else DIM),
        Span(f"{board.holdover_s:>4.0f}s", WARN if board.holdover_s > 10 else DIM),
    ]


def board_mini(board: BoardState) -> Line:
    """A board in BOARD_MINI cells: its name in the colour of its state, and its clock."""
    if board.lost:
        return [Span(f"{clipped(board.name, 4):<4}LOST  ", BAD, True)]
    bound = "" if board.bound_us is None else f"{board.bound_us}µs" if board.bound_us < 1000 else ">1ms"
    return [Span(f"{clipped(board.name, 4):<4}", state_colour(board)), Span(f"{bound:<6}", DIM)]


def state_colour(board: BoardState) -> Colour:
    """The colour of a board's state."""
    return BAD if board.lost else _STATE_COLOURS.get(board.state, FAINT)


def in_trouble_first(boards: Sequence[BoardState], room: int) -> tuple[Sequence[BoardState], int]:
    """(boards to show, how many are left out): all of them, or those in trouble and as many others as there is room."""
    if len(boards) <= room:
        return boards, 0
    ordered = sorted(boards, key=lambda board: not (board.lost or board.state == "fault" or board.late > 0))
    return ordered[: max(0, room - 1)], len(boards) - max(0, room - 1)


def log_line(entry: LogLine, width: int) -> Line:
    """A line of the log."""
    who = f"{entry.board}: " if entry.board else ""
    words = clipped(who + entry.words, max(0, width - 12))
    bad = entry.words.startswith(("lost", "fault"))
    return [Span(f" {signed_time(entry.time_s):>9}  ", FAINT), Span(words, BAD if bad else DIM)]


def signed_time(time_s: float, decimals: int = 1) -> str:
    """ "+1:02.3", "-4.0": a time after or before the gun."""
    return ("" if time_s < 0 else "+") + format_time(time_s, decimals)


def gap_text(gap: Gap, named: bool = True) -> str:
    """ "38.2 m, 5.93 s behind target"; without the name where there is no room for it."""
    where = "ahead" if gap.ahead_m >= 0 else "behind"
    other = f"{' of' if where == 'ahead' else ''} {clipped(gap.other, _NAME)}" if named else ""
    seconds = "" if gap.ahead_s is None else f", {abs(gap.ahead_s):.2f} s"
    return f"{abs(gap.ahead_m):.1f} m{seconds} {where}{other}"


def _split_text(split: NextSplit) -> str:
    distance = format_distance(round(split.distance_m, 3))
    return f"{distance} {format_time(split.time_s)} in {split.in_s:.2f} s, {split.in_m:.1f} m"


def _cell(picture: Picture, wave: WaveState, key: str, columns: dict[str, Column]) -> list[Span]:
    own = screen_colour(wave.colour)
    if key == "":
        return []
    column = columns[key]
    quiet = DIM if not wave.lit else TEXT
    if key == "name":
        mark = "●" if wave.lit else "○"
        return [Span(_pad(f"{mark} {clipped(wave.name, column.width - 2)}", column), own, True)]
    if key in ("split", "next"):
        if wave.split is None:
            return [Span(_pad(f"finished {format_time(wave.finish_s)}", column), GOOD)]
        return [Span(_pad(("next " if key == "next" else "") + _split_text(wave.split), column), quiet)]
    if key in ("gap", "short gap"):
        return [Span(_pad("" if wave.gap is None else gap_text(wave.gap, key == "gap"), column), DIM)]
    text = {
        "distance": f"{wave.distance_m:.1f} m",
        "laps": f"{wave.laps:.2f} of {picture.total_laps:.2f}",
        "speed": f"{wave.speed_mps:.2f} m/s",
        "pace": "-" if wave.pace_s is None else format_time(wave.pace_s),
    }[key]
    return [Span(_pad(text, column), BRIGHT if key == "distance" and wave.lit else quiet, key == "distance")]


def _width(columns: dict[str, Column], key: str) -> int:
    return columns[key].width if key else -1  # with the space behind it: under the name


def _pad(text: str, column: Column) -> str:
    text = clipped(text, column.width)
    return text.ljust(column.width) if column.left else text.rjust(column.width)


def passed_heading(picture: Picture) -> Line:
    """Over the lines of splits."""
    names = [Span(f"{clipped(wave.name, 9):>10}", FAINT) for wave in picture.waves]
    return [Span(f" {'splits':>9}", FAINT), *names]


def passed_line(picture: Picture, passed: Passed) -> Line:
    """When each wave was at a distance, in the waves' colours."""
    line = [Span(f" {format_distance(round(passed.distance_m, 3)):>9}", DIM)]
    for wave, time_s in zip(picture.waves, passed.times_s, strict=True):
        known = time_s is not None
        line.append(
            Span(f"{format_time(time_s) if known else '-':>10}", screen_colour(wave.colour) if known else FAINT)
        )
    return line


def fitting(spans: Sequence[Span], width: int) -> Line:
    """As many spans as fit whole."""
    kept: list[Span] = []
    for span in spans:
        width -= len(span.text)
        if width < 0:
            break
        kept.append(span)
    return kept
