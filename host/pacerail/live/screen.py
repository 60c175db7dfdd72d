"""The terminal: what has changed of a canvas is sent to it, and it is left as it was found."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from functools import lru_cache

import numpy as np
from rich.color import Color, ColorSystem
from rich.console import Console

from pacerail.live.canvas import Canvas, Colour

_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"  # a terminal that knows it shows everything between the two at once
_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.WINDOWS,
}


def colour_system(console: Console) -> ColorSystem | None:
    """The colours of a terminal; None where the live view cannot be shown: no terminal, a dumb one, no colours."""
    if not console.is_terminal or console.is_dumb_terminal or console.no_color or console.color_system is None:
        return None
    return _SYSTEMS[console.color_system] if console.encoding.lower().startswith("utf") else None


def changes(before: Canvas | None, after: Canvas, system: ColorSystem) -> str:
    """The bytes that turn one picture on a terminal into the next; all of it when there is none or of another size."""
    if before is None or (before.width, before.height) != (after.width, after.height):
        changed = np.ones((after.height, after.width), dtype=np.bool_)
        parts = ["\x1b[0m\x1b[2J"]
    else:
        changed = (before.chars != after.chars) | (before.bold != after.bold)
        changed |= (before.fore != after.fore).any(axis=2) | (before.back != after.back).any(axis=2)
        parts = []
    style = ""
    for row in np.flatnonzero(changed.any(axis=1)):
        cols = np.flatnonzero(changed[row])
        chars = after.chars[row, cols].tolist()
        fore, back, bold = (
            after.fore[row, cols].tolist(),
            after.back[row, cols].tolist(),
            after.bold[row, cols].tolist(),
        )
        expected = -1
        for k, col in enumerate(cols.tolist()):
            if col != expected:
                parts.append(f"\x1b[{row + 1};{col + 1}H")
            wanted = _style(tuple(fore[k]), tuple(back[k]), bold[k], system)
            if wanted != style:
                parts.append(wanted)
                style = wanted
            parts.append(chr(chars[k]))
            expected = col + 1
    return _BEGIN + "".join(parts) + _END if parts else ""


@lru_cache(maxsize=1 << 14)
def _style(fore: Colour, back: Colour, bold: bool, system: ColorSystem) -> str:
    codes = ["0;1" if bold else "0"]
    for colour, is_fore in ((fore, True), (back, False)):
        if system is ColorSystem.TRUECOLOR:
            codes.append("{};2;{};{};{}".format(38 if is_fore else 48, *colour))
        else:
            codes.extend(Color.from_rgb(*colour).downgrade(system).get_ansi_codes(foreground=is_fore))
    return f"\x1b[{';'.join(codes)}m"


@contextlib.contextmanager
def full_screen(console: Console) -> Generator[None]:
    """The alternate screen, without a cursor and without an echo of what is typed; as it was when it ends."""
    console.set_alt_screen(True)
    console.show_cursor(False)
    try:
        with _no_echo():
            yield
    finally:
        with contextlib.suppress(OSError):
            console.file.write("\x1b[0m")
            console.show_cursor(True)
            console.set_alt_screen(False)
            console.file.flush()


@contextlib.contextmanager
def _no_echo() -> Generator[None]:
    try:
        import termios

        number = sys.stdin.fileno()
        before = termios.tcgetattr(number) if os.isatty(number) else None
    except (ImportError, OSError, ValueError):
        yield
        return
    if before is None:
        yield
        return
    quiet = [*before]
    quiet[3] = int(before[3]) & ~termios.ECHO
    termios.tcsetattr(number, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)
