"""A rail read back in plain words, to hold against the kerb with a tape."""

from __future__ import annotations

from pacerail.model.rail import Board, Output, Rail


def rail_words(rail: Rail) -> list[str]:
    """The rail in lines: the track, then each stretch in running order from the finish line."""
    track = rail.track
    leds = sum(board.pixels for board in rail.boards)
    outputs = [(output, k, board) for board in rail.boards for k, output in enumerate(board.outputs)]
    dead = sum(len(output.dead) for output, _, _ in outputs)
    head = f"{rail.title}: track {track.name}, {track.lap_m:.2f} m a lap, its kerb {track.kerb_lap_m:.3f} m round"
    total = f"{len(rail.boards)} boards with {leds} LEDs, {dead or 'none'} of them dead"
    total += "; frames are signed" if rail.key is not None else ""
    outputs.sort(key=lambda item: item[0].from_m)
    return [head, total, *(_stretch(output, k, board, rail) for output, k, board in outputs)]


def _stretch(output: Output, k: int, board: Board, rail: Rail) -> str:
    name = board.name if len(board.outputs) == 1 else f"{board.name} output {k + 1}"
    to_m = (output.from_m + output.length_m) % rail.track.kerb_lap_m
    words = (
        f"{name}: kerb {output.from_m:.3f} to {to_m:.3f} m, {output.leds} LEDs {output.pitch_m * 1000:.1f} mm apart, "
    )
    words += "data against the runners" if output.reverse else "data with the runners"
    if to_m <= output.from_m:
        words += ", over the finish line"
    if output.dead:
        words += f", dead: {', '.join(map(str, output.dead))}"
    return words + f"; {board.type}, id {board.uid or 'any'}, port {board.port or 'none'}"
