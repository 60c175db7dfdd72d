"""A rail file changed in place: one value at a time, comments and order kept, saved whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from pacerail.errors import InputError
from pacerail.model.document import read_document
from pacerail.model.rail import LED_MA, LIMIT_MA, Board, Output, Rail
from pacerail.model.railfile import load_rail
from pacerail.model.toml_edit import TomlText, Value, toml_value

_EVEN_ONLY = ("boards", "leds", "outputs", "type", "limit_ma", "led_ma", "ports", "uids")  # said in other words there
_DONE = re.compile(r"(?:^|; )surveyed: ([a-zA-Z, ]+)$")


class RailEdit:
    """The text of a rail file under change. `save` writes it; nothing else does."""

    def __init__(self, path: Path, text: str | None = None) -> None:
        """Raises InputError for a file that is missing or no TOML; with a text, the file need not be there yet."""
        self.path = path
        if text is None:
            read_document("rails", path)
            text = path.read_text(encoding="utf-8-sig")
        self._toml = TomlText(text)

    @property
    def text(self) -> str:
        """The file as it would be saved."""
        return self._toml.text

    @property
    def is_even(self) -> bool:
        """Whether the boards are an [even] table."""
        return ("even",) in self._toml

    @property
    def boards(self) -> int:
        """How many [[board]] tables there are."""
        return self._toml.count(("board",))

    def expand(self, rail: Rail) -> None:
        """Turn [even] into a [[board]] for each board, so that each can have its own place. `rail` is the file's.

        What else [even] says, each board then says. Raises InputError if part of that has a header of its own.
        """
        inner = self._toml.subtables(("even",))
        if inner:
            raise InputError(f"{self.path}:1: [even.{inner[0]}]; expected {inner[0]} = {{ ... }} within [even]")
        more = [
            f"{key} = {self._toml.raw(('even', key))}" for key in self._toml.keys(("even",)) if key not in _EVEN_ONLY
        ]
        self._toml.remove_table(("even",))
        for board in rail.boards:
            self.add_board(board, more)

    def add_board(self, board: Board, more: Sequence[str] = ()) -> None:
        """Add a board at the end, with more lines of the file's own."""
        lines = ["[[board]]", f"name    = {toml_value(board.name)}", f"type    = {toml_value(board.type)}"]
        lines += [f"uid     = {toml_value(board.uid)}"] if board.uid else []
        lines += [f"port    = {toml_value(board.port)}"] if board.port else []
        lines += [f"address = {board.address}", *more]
        for output in board.outputs:
            lines += ["", *_output_lines(output)]
        self._toml.append("\n".join(lines) + "\n")

    def identify(self, index: int, uid: str, port: str | None = None) -> None:
        """Write down which board it is: its unique id, and its port if one is given."""
        if self.is_even:
            self._set_listed("uids", index, uid)
            self._set_listed("ports", index, port)
            return
        board = ("board", index)
        if port is not None:
            self._toml.set((*board, "port"), port, after="name")
        self._toml.set((*board, "uid"), uid, after="name")

    def lists_boards(self) -> bool:
        """Whether an [even] table names its boards, so that one of them can be exchanged."""
        return ("even", "uids") in self._toml or ("even", "ports") in self._toml

    def place(self, board: int, output: int, leds: int, from_m: float, to_m: float) -> None:
        """Write down on which stretch of kerb an output lies."""
        self._set(board, output, "leds", leds)
        self._set(board, output, "from_m", round(from_m, 4))
        self._set(board, output, "to_m", round(to_m, 4))
        self._toml.remove(("board", board, "output", output, "pitch_m"))

    def direction(self, board: int, output: int, reverse: bool) -> None:
        """Write down which way the data runs."""
        self._set(board, output, "direction", "reverse" if reverse else "forward")

    def dead(self, board: int, output: int, pixels: Sequence[int]) -> None:
        """Write down which LEDs do not light."""
        if pixels:
            self._set(board, output, "dead", pixels)
        else:
            self._toml.remove(("board", board, "output", output, "dead"))

    def done(self, board: int) -> tuple[str, ...]:
        """What has been surveyed of a board: the comment behind its uid says so."""
        match = _DONE.search(self._toml.comment(("board", board, "uid")))
        return tuple(match[1].split(", ")) if match else ()

    def mark(self, board: int, *steps: str) -> None:
        """Note behind the uid which steps of the survey are done with a board, none for a new beginning."""
        uid = ("board", board, "uid")
        before = _DONE.sub("", self._toml.comment(uid))
        now = f"surveyed: {', '.join(steps)}" if steps else ""
        self._toml.set_comment(uid, "; ".join(part for part in (before, now) if part))

    def save(self) -> None:
        """Replace the file in one step: whatever happens there is the old one or the new one, whole.

        Raises InputError, and leaves the file as it was, if it cannot be written or would be no rail file any more.
        """
        place = self.path.resolve()
        fresh = place.with_name(f".{place.stem}.new.toml")
        try:
            with fresh.open("w", encoding="utf-8") as file:
                file.write(self.text)
                file.flush()
                os.fsync(file.fileno())
            load_rail(fresh, whole=False)
            if place.exists():
                shutil.copymode(place, fresh)
            os.replace(fresh, place)
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written ({error.strerror}); the file is as it was") from error
        except InputError as error:
            raise InputError([line.replace(str(fresh), str(self.path)) for line in error.messages]) from None
        finally:
            fresh.unlink(missing_ok=True)

    def _set(self, board: int, output: int, key: str, value: Value) -> None:
        self._toml.set(("board", board, "output", output, key), value)

    def _set_listed(self, key: str, index: int, value: str | None) -> None:
        if value is not None and ("even", key, index) in self._toml:
            self._toml.set(("even", key, index), value)


def _output_lines(output: Output) -> list[str]:
    lines = [
        "[[board.output]]",
        f"leds    = {output.leds}",
        f"from_m  = {round(output.from_m, 4)}",
        f"pitch_m = {round(output.pitch_m, 6)}",
    ]
    lines += ['direction = "reverse"'] if output.reverse else []
    lines += [f"dead    = {toml_value(output.dead)}"] if output.dead else []
    lines += [f"limit_ma = {output.limit_ma}"] if output.limit_ma != LIMIT_MA else []
    lines += [f"led_ma  = {output.led_ma}"] if output.led_ma != LED_MA else []
    return lines
