"""A guided walk along the rail: which board is where, which way its data runs, how many LEDs light.

Each board that answers blinks its number; the engineer says what it is. Every answer is saved at once, and what is done
with a board stands behind its uid in the rail file, so that the walk can be left and taken up again.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from pacerail import shows
from pacerail.boards.hand import Boards
from pacerail.boards.listing import identified
from pacerail.boards.probe import Found, one_line
from pacerail.errors import InputError, RailError
from pacerail.model.rail import HAIR_M, Board, Output, Rail
from pacerail.model.railedit import RailEdit
from pacerail.model.railfile import load_rail
from pacerail.model.track import Track
from pacerail.model.trackfile import load_track
from pacerail.shows import Show

PLACE, DIRECTION, LEDS = "place", "direction", "LEDs"
STEPS = (PLACE, DIRECTION, LEDS)
_SHOW_S = 1800.0


class Ask(Protocol):
    """How the person is asked."""

    def line(self, question: str, default: str = "") -> str:
        """A line typed; the default for an empty one."""
        ...

    def say(self, words: str) -> None:
        """Tell something."""
        ...


class Left(Exception):
    """The engineer leaves the walk."""


class Survey:
    """The walk. `rail` is the file as it was saved last; None while there is no file yet."""

    def __init__(self, path: Path, boards: Boards, ask: Ask, track_name: str = "standard-400") -> None:
        """Raises InputError for a file that is no rail file, gaps and overlaps apart."""
        self._path = path
        self._boards = boards
        self._ask = ask
        self._copied = False
        if path.exists():
            self.rail: Rail | None = load_rail(path, whole=False)
            self.track: Track = self.rail.track
            self._edit = RailEdit(path)
            if self._edit.is_even:
                self._edit.expand(self.rail)
        else:
            self.rail = None
            self.track = load_track(track_name)
            head = f'# Found by pacerail rail survey.\ntitle = "{path.stem}"\ntrack = "{track_name}"\n'
            self._edit = RailEdit(path, head)

    def walk(self, found: Sequence[Found], again: bool = False) -> bool:
        """Ask about every board found that is not done yet; whether the walk came to its end."""
        answering = [one for one in found if one.identity is not None]
        try:
            for number, one in enumerate(answering, 1):
                try:
                    self._board(number, one, again)
                    self._boards.show(one, shows.DARK)
                except RailError as error:
                    self._ask.say(f"  {one.candidate.port}: {one_line(error)}; what was answered is saved")
        except Left:
            self._ask.say("left; what was answered is saved, and the same command goes on from here")
            return False
        return True

    def open_questions(self) -> list[str]:
        """What the rail file still lacks, in lines; empty for a rail that is complete."""
        if self.rail is None:
            return [f"{self._path}: no board yet"]
        lines: list[str] = []
        for index, board in enumerate(self.rail.boards):
            left = [step for step in STEPS if step not in self._edit.done(index)]
            if left:
                lines.append(f"{board.name}: not surveyed: {', '.join(left)}")
        try:
            load_rail(self._path)
        except InputError as error:
            lines.extend(error.messages)
        return lines

    @property
    def _known(self) -> tuple[Board, ...]:
        return self.rail.boards if self.rail else ()

    def _board(self, number: int, found: Found, again: bool) -> None:
        said = found.identity
        assert said is not None
        index = next((i for i, board in enumerate(self._known) if board.uid == said.uid), None)
        if again and index is not None:
            fresh = index
            self._commit(lambda edit: edit.mark(fresh))
        if index is None or PLACE not in self._edit.done(index):
            self._show(found, shows.number(number, _SHOW_S))
            self._ask.say(f"{number}: {found.candidate.port}, id {said.uid}, blinks {_count_words(number)}")
            index = self._place(found, index)
            if index is None:
                return
        name = self._known[index].name
        done = self._edit.done(index)
        if DIRECTION not in done:
            self._direction(found, index, name)
        if LEDS not in done:
            self._count(found, index, name)
        elif DIRECTION in done:
            self._ask.say(f"{number}: {name} at {found.candidate.port} is surveyed (--again: once more)")

    def _place(self, found: Found, index: int | None) -> int | None:
        """Ask where it is until the answer is good; its index in the file, None to skip it."""
        guess = self._known[index] if index is not None else identified(found, self._known)
        names = ", ".join(board.name for board in self._known) or "none yet"
        while True:
            answer = self._line(
                f"  which board is it? a name ({names}), or the kerb metres FROM TO; s skips it, q leaves",
                guess.name if guess else "",
            )
            if answer == "s":
                return None
            span = self._metres(answer)
            known = [board.name for board in self._known]
            done = self._take_metres(found, span) if span else answer in known and self._take(found, answer)
            if done:
                return next(i for i, board in enumerate(self._known) if board.uid == _uid(found))
            if not span and answer not in known:
                self._ask.say(
                    f"  {answer!r} does not do; expected a name ({names}), or two numbers from 0 to "
                    f"{self.track.kerb_lap_m:.3f}, the kerb's length"
                )

    def _take(self, found: Found, name: str) -> bool:
        """The board of that name in the file is this one."""
        said = found.identity
        assert said is not None
        index = [board.name for board in self._known].index(name)
        board = self._known[index]
        if board.uid not in (None, said.uid) and not self._yes(f"  {name} has id {board.uid} so far; is it this one"):
            return False
        leds = [output.leds for output in board.outputs]
        if len(leds) != len(said.outputs):
            self._ask.say(
                f"  {name} has {len(leds)} outputs in the file, this board drives {len(said.outputs)}; "
                f"flash it for its place: pacerail flash --rail {self._path} --name {name}"
            )
            return False
        if leds != list(said.outputs):
            self._ask.say(f"  the file says {leds} LEDs, the board drives {list(said.outputs)}; the board's are taken")

        def change(edit: RailEdit) -> None:
            edit.identify(index, said.uid, self._port(found, index))
            for k, (output, driven) in enumerate(zip(board.outputs, said.outputs, strict=True)):
                if output.leds != driven:
                    edit.place(index, k, driven, output.from_m, self._end_m(output))
                    edit.dead(index, k, [pixel for pixel in output.dead if pixel < driven])
            edit.mark(index, PLACE)

        return self._commit(change)

    def _take_metres(self, found: Found, span: tuple[float, float]) -> bool:
        """A stretch that is typed in metres: of the board with this id, else of a new one."""
        said = found.identity
        assert said is not None
        spans = [span]
        for k in range(1, len(said.outputs)):
            more = None
            while more is None:
                more = self._metres(self._line(f"  output {k + 1}: the kerb metres FROM TO"))
            spans.append(more)
        lap_m = self.track.kerb_lap_m
        outputs = tuple(
            Output(leds, from_m, ((to_m - from_m) % lap_m or lap_m) / leds)
            for leds, (from_m, to_m) in zip(said.outputs, spans, strict=True)
        )
        index = next((i for i, board in enumerate(self._known) if board.uid == said.uid), None)
        new = None if index is not None else self._new_board(found, outputs)

        def change(edit: RailEdit) -> None:
            at = len(self._known) if index is None else index
            if new is not None:
                edit.add_board(new)
            for k, (leds, (from_m, to_m)) in enumerate(zip(said.outputs, spans, strict=True)):
                edit.place(at, k, leds, from_m, to_m)
            edit.mark(at, PLACE)

        return self._commit(change)

    def _new_board(self, found: Found, outputs: tuple[Output, ...]) -> Board:
        said = found.identity
        assert said is not None
        name, taken = said.name, [board.name for board in self._known]
        while not name or name in taken:
            name = self._line(f"  what is it called? {name} is another board's name")
        return Board(name, outputs, said.type, said.uid, found.candidate.lasting, said.address)

    def _direction(self, found: Found, index: int, name: str) -> None:
        for k in range(len(self._known[index].outputs)):
            self._show(found, shows.on_output(shows.chase(duration_s=_SHOW_S), k))
            with_runners = self._yes(f"  {_which(name, self._known[index], k)}: does the light run as the runners do")
            at = k
            self._commit(lambda edit, at=at, ahead=with_runners: edit.direction(index, at, not ahead))
        self._commit(lambda edit: edit.mark(index, PLACE, DIRECTION))

    def _count(self, found: Found, index: int, name: str) -> None:
        for k, output in enumerate(self._known[index].outputs):
            which = _which(name, self._known[index], k)
            lights = (output.leds + 9) // 10
            rest = (output.leds - 1) % 10
            self._show(found, shows.on_output(shows.tenths(duration_s=_SHOW_S), k))
            ask = f"  {which}: do you see {lights} lights, with {rest} dark LEDs behind the last"
            if not self._yes(ask):
                self._ask.say(
                    f"  then the strip has not the {output.leds} LEDs that the board drives: mend the strip, or flash "
                    f"the board with the right number (pacerail flash --rail {self._path} --name {name}), and come "
                    "again; dead LEDs can be noted now"
                )
            self._show(found, shows.on_output(shows.fill(duration_s=_SHOW_S), k))
            self._dead(which, index, k, output)
        self._commit(lambda edit: edit.mark(index, *STEPS))

    def _dead(self, which: str, index: int, k: int, output: Output) -> None:
        before = " ".join(map(str, output.dead)) or "none"
        while True:
            answer = self._line(f"  {which}: dead LEDs, counted from 0 where the data comes in", before)
            words = [] if answer == "none" else re.split(r"[\s,]+", answer.strip())
            if all(word.isdecimal() and int(word) < output.leds for word in words):
                if self._commit(lambda edit, words=words: edit.dead(index, k, sorted({int(word) for word in words}))):
                    return
            else:
                self._ask.say(f"  {answer!r} does not do; expected numbers from 0 to {output.leds - 1}, or none")

    def _commit(self, change: Callable[[RailEdit], None]) -> bool:
        """Change the file and save it; whether it was taken. What is wrong is told, and nothing has changed then."""
        before = self._edit.text
        try:
            self._keep_copy()
            change(self._edit)
            self._edit.save()
        except InputError as error:
            self._edit = RailEdit(self._path, before)
            for line in error.messages:
                self._ask.say(f"  {line}")
            return False
        self.rail = load_rail(self._path, whole=False)
        return True

    def _keep_copy(self) -> None:
        """The file as it was before the first survey, beside it."""
        copy = self._path.with_name(f"{self._path.name}.before-survey")
        if not self._copied and self._path.exists() and not copy.exists():
            try:
                shutil.copy2(self._path, copy)
            except OSError as error:
                raise InputError(f"{copy}: cannot be written ({error.strerror}); nothing was changed") from error
        self._copied = True

    def _metres(self, answer: str) -> tuple[float, float] | None:
        """Two numbers on this kerb; its end, to a millimetre, is its beginning. None for anything else."""
        lap_m = self.track.kerb_lap_m
        span = _span(answer)
        if span is None or max(span) > lap_m + HAIR_M:
            return None
        from_m, to_m = (0.0 if at_m > lap_m - HAIR_M else at_m for at_m in span)
        return from_m, to_m

    def _port(self, found: Found, index: int) -> str | None:
        """The port to write down; None where the file has it right, or several boards share it."""
        port = self._known[index].port
        shared = port is not None and [board.port for board in self._known].count(port) > 1
        place = found.candidate
        return None if shared or port in (place.device, place.serial_number) else place.lasting

    def _end_m(self, output: Output) -> float:
        return (output.from_m + output.length_m) % self.track.kerb_lap_m

    def _show(self, found: Found, show: Show) -> None:
        self._boards.show(found, replace(show, duration_s=_SHOW_S))

    def _line(self, question: str, default: str = "") -> str:
        answer = self._ask.line(question, default).strip()
        if answer == "q":
            raise Left
        return answer

    def _yes(self, question: str) -> bool:
        while True:
            answer = self._line(f"{question}? y or n, q leaves").lower()
            if answer in ("y", "yes", "n", "no"):
                return answer.startswith("y")


def _uid(found: Found) -> str:
    return found.identity.uid if found.identity else ""


def _which(name: str, board: Board, k: int) -> str:
    return name if len(board.outputs) == 1 else f"{name} output {k + 1}"


def _span(answer: str) -> tuple[float, float] | None:
    """Two numbers: "24.9 49.8", "24.9 to 49.8 m", "24.9-49.8"."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*m?\s*(?:to|-|,|\s)\s*(\d+(?:\.\d+)?)\s*m?\s*", answer)
    return (float(match[1]), float(match[2])) if match else None


def _count_words(number: int) -> str:
    """How a number is flashed."""
    tens, ones = divmod(number, 10)
    parts = [f"{tens} times blue"] if tens else []
    parts += [f"{ones} times white"] if ones else []
    return ", then ".join(parts)
