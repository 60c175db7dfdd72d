"""Plan and rail into pace tables, one for each board: all geometry and all float arithmetic is done here.

The format is the board's own (pacerail_node.pacetable); the host previews a frame by giving the very same bytes to the
very same code.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import struct
from dataclasses import dataclass, replace

import numpy as np

from pacerail.errors import InputError
from pacerail.model.plan import Plan, Wave
from pacerail.model.profile import Profile
from pacerail.model.rail import Rail
from pacerail.model.runs import edges_m, runs_of
from pacerail.model.track import Track
from pacerail.model.wave import own_wave
from pacerail_node import pacetable

PER_M = 10_000  # position units (0.1 mm) in a metre
PER_S = 100_000  # race time units (10 us) in a second
CUBIC_ERROR_M = 0.0001
"""How far a board's quadratic piece may stray from a cubic of the plan."""
_PIECE_MAX_S = 1000.0
_LIMIT = 1 << 30

Piece = tuple[int, int, int, int]


@dataclass(frozen=True)
class Movement:
    """How the waves of a plan move, as it lies in every board's pace table, and as a change of plan sends it again."""

    waves: bytes
    pieces: bytes
    windows: bytes

    @property
    def whole(self) -> bytes:
        """All three, one behind the other."""
        return self.waves + self.pieces + self.windows

    @property
    def counts(self) -> tuple[int, int, int]:
        """Waves, pieces and windows."""
        return len(self.waves) // 32, len(self.pieces) // 16, len(self.windows) // 8


def compile_tables(plan: Plan, rail: Rail) -> list[bytes]:
    """The pace table of each board of the rail, in its order.

    Raises InputError if the plan and the rail do not go together: a wave longer than half a lap, a race longer than
    the boards can count.
    """
    movement = loaded_movement(plan, rail.track)
    names = b"".join(bytes([len(name)]) + name for name in (w.name.encode()[:255] for w in plan.waves_by_priority()))
    names += b"\0" * (-len(names) % 4)
    return [_table(plan, rail, index, movement, names) for index in range(len(rail.boards))]


def loaded_movement(plan: Plan, track: Track) -> Movement:
    """The movement of a plan as boards load it: with room behind it for one run of each group that an order begins.

    A group that waits is two pieces; its run comes as a change, into the room that a board has besides what was loaded.
    Raises InputError as `compile_tables` does.
    """
    movement = movement_of(plan, track)
    groups = [own_wave(wave.spec) for wave in plan.waves if wave.spec.by_order]
    if not groups:
        return movement
    _, pieces, windows = movement_of(replace(plan, waves=tuple(groups)), track).counts
    # where it was, and the jump to where it is; the countdown
    room, more = pieces + 2 * len(groups), windows + len(groups)
    return replace(movement, pieces=movement.pieces + bytes(16 * room), windows=movement.windows + bytes(8 * more))


def movement_of(plan: Plan, track: Track) -> Movement:
    """How the waves of a plan move on a track. Raises InputError as `compile_tables` does."""
    waves = plan.waves_by_priority()
    problems = [p for wave in waves for p in _misfits(plan, wave, track.lap_m)]
    if problems:
        raise InputError(problems)
    lap, _, scale = _grid(plan, track)
    wave_part, piece_part, window_part = b"", b"", b""
    pieces = windows = 0
    for wave in waves:
        quadratics = pieces_of(wave.motion, plan.start_track_m(track), scale, lap)
        lit = [(round(on * PER_S), round(off * PER_S)) for on, off in wave.windows_s]
        red, green, blue = wave.colour
        wave_part += struct.pack(
            "<8I",
            red << 16 | green << 8 | blue,
            round(wave.length_m * scale),
            pieces,
            len(quadratics),
            windows,
            len(lit),
            math.ceil(wave.motion.max_speed_mps * 1000) + 1,
            0,
        )
        piece_part += b"".join(struct.pack("<4I", *piece) for piece in quadratics)
        window_part += b"".join(struct.pack("<2I", *pair) for pair in lit)
        pieces += len(quadratics)
        windows += len(lit)
    if pieces > 0xFFFF or windows > 0xFFFF:
        raise InputError(f"{plan.title}: {pieces} pieces of movement; expected at most 65535: use fewer splits")
    return Movement(wave_part, piece_part, window_part)


def with_movement(table: bytes, movement: Movement) -> bytes:
    """A pace table with another movement of the same waves: what a board holds after a change of plan."""
    magic, version, waves, runs, outputs, _, lap, start, plan_hash, pixels, pieces, windows, leds, names, _ = (
        struct.unpack_from(pacetable.HEADER, table)
    )
    begin = pacetable.HEADER_SIZE + 8 * outputs + 16 * runs
    end = begin + 32 * waves + 16 * pieces + 8 * windows
    body = table[pacetable.HEADER_SIZE : begin] + movement.whole + table[end:-8]
    waves, pieces, windows = movement.counts
    length = pacetable.HEADER_SIZE + len(body) + 8
    head = (magic, version, waves, runs, outputs, length, lap, start, plan_hash, pixels, pieces, windows, leds, names)
    whole = struct.pack(pacetable.HEADER, *head, 0) + body
    return whole + hashlib.sha256(whole).digest()[:8]


def _grid(plan: Plan, track: Track) -> tuple[int, int, float]:
    """Lap and start line in units, and units (0.1 mm) in a metre.

    Lengths are stretched by a few parts in 10^8, so that a lap is a whole number of units and 25 laps add no error.
    """
    lap = round(track.lap_m * PER_M)
    return lap, round(plan.start_track_m(track) * PER_M) % lap, lap / track.lap_m


def pieces_of(motion: Profile, start_m: float, scale: float, lap: int) -> list[Piece]:
    """A wave's movement as the board's quadratic pieces (start_10us, position_100um, speed, half acceleration).

    Straight and quadratic pieces are taken as they are; a cubic is cut until a parabola through its ends and its
    middle is within CUBIC_ERROR_M of it. Positions are counted from the finish line and never negative.
    """
    low = (start_m + motion.start_m) * scale
    base = start_m * scale + (lap * math.ceil(-low / lap) if low < 0 else 0)
    pieces: list[Piece] = []
    for i, coeffs in enumerate(motion.coeffs):
        begin, end = float(motion.breaks_s[i]), float(motion.breaks_s[i + 1])
        cubic = abs(float(coeffs[3]))
        # a cubic c3 u^3 leaves its parabola by at most c3 h^3 sqrt(3)/36 on a piece of length h
        longest = (CUBIC_ERROR_M * 36 / math.sqrt(3) / cubic) ** (1 / 3) if cubic > 1e-12 else _PIECE_MAX_S
        count = max(1, math.ceil((end - begin) / min(longest, _PIECE_MAX_S)))
        cuts = np.linspace(begin, end, count + 1)
        for t0, t1 in itertools.pairwise(cuts):
            pieces.append(_quadratic(motion, coeffs, begin, float(t0), float(t1), base, scale))
    stop = motion.end_s
    pieces.append((round(stop * PER_S), round(base + motion.end_m * scale), 0, pacetable.BEND_BIAS))
    return pieces


def _quadratic(
    motion: Profile, coeffs: np.ndarray, begin: float, t0: float, t1: float, base: float, scale: float
) -> Piece:
    c0, c1, c2, c3 = (float(c) for c in coeffs)

    def metres(t: float) -> float:
        u = t - begin
        return c0 + u * (c1 + u * (c2 + u * c3))

    t0_10us = round(t0 * PER_S)
    h = t1 - t0
    first, middle, last = metres(t0), metres((t0 + t1) / 2), metres(t1)
    bend = 2 * (last + first - 2 * middle) / (h * h) if (c2 or c3) and h > 0 else 0.0
    speed = (last - first) / h - bend * h if h > 0 else 0.0
    if speed < 0:  # rounding where the light stands still: it never goes backwards
        speed, bend = 0.0, (last - first) / (h * h)
    position = first + (t0_10us / PER_S - t0) * speed
    speed_q = round(speed * scale / PER_S * (1 << pacetable.SPEED_BITS))
    bend_q = round(bend * scale / PER_S**2 * (1 << pacetable.BEND_BITS)) + pacetable.BEND_BIAS
    piece = (t0_10us, round(base + position * scale), speed_q, bend_q)
    if not (0 <= speed_q < pacetable.BEND_BIAS and 0 <= bend_q < _LIMIT and 0 <= piece[1] < _LIMIT):
        raise InputError(f"a light at {speed:.1f} m/s after {t0:.1f} s; expected less than 20 m/s and 100 km")
    return piece


def _misfits(plan: Plan, wave: Wave, lap_m: float) -> list[str]:
    found: list[str] = []
    if wave.length_m > lap_m / 2:
        found.append(f"{plan.title}: wave {wave.name!r} is {wave.length_m:g} m long; expected at most half a lap here")
    if wave.windows_s and wave.windows_s[-1][1] > pacetable.LONGEST_S:
        found.append(
            f"{plan.title}: wave {wave.name!r} is lit until {wave.windows_s[-1][1]:.0f} s; "
            f"expected at most {pacetable.LONGEST_S} s, which is what a board counts to"
        )
    return found


def _table(
    plan: Plan,
    rail: Rail,
    index: int,
    movement: Movement,
    names: bytes,
) -> bytes:
    lap, start, scale = _grid(plan, rail.track)
    board = rail.boards[index]
    leds = rail.leds_of(index)
    runs = runs_of(leds, rail.track.lap_m)
    output_part = b"".join(
        struct.pack("<4H", o.leds, min(o.limit_ma, 0xFFFF), o.led_ma * 100, 0) for o in board.outputs
    )
    run_part, edge_part, pixels = b"", b"", [led.pixel for led in leds]
    first_led = first_edge = 0
    for run in runs:
        edges = [round(edge * scale) for edge in edges_m(run, rail.track.lap_m)]
        run_part += struct.pack("<4I", edges[0] % lap, len(run), first_led, first_edge)
        edge_part += struct.pack(f"<{len(edges)}I", *(edge - edges[0] for edge in edges))
        first_led += len(run)
        first_edge += len(edges)
    pixel_part = struct.pack(f"<{len(pixels)}H", *pixels)
    pixel_part += b"\0" * (-len(pixel_part) % 4)
    body = b"".join((output_part, run_part, movement.whole, edge_part, pixel_part, names))
    length = pacetable.HEADER_SIZE + len(body) + 8
    waves, pieces, windows = movement.counts
    header = struct.pack(
        pacetable.HEADER,
        pacetable.MAGIC,
        pacetable.VERSION,
        waves,
        len(runs),
        len(board.outputs),
        length,
        lap,
        start,
        bytes.fromhex(plan.hash),
        board.pixels,
        pieces,
        windows,
        len(leds),
        len(names),
        0,
    )
    whole = header + body
    if length > pacetable.LONGEST_TABLE:
        raise InputError(
            f"{plan.title}: {length} bytes for board {board.name}; expected at most {pacetable.LONGEST_TABLE}, "
            "which is what a board takes: fewer splits or waves"
        )
    return whole + hashlib.sha256(whole).digest()[:8]
