"""A TOML file as a reader of plans, rails and tracks sees it: typed values, and every mistake with its line."""

from __future__ import annotations

import difflib
import math
import re
import stat
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar, cast

from pacerail import resources
from pacerail.errors import InputError
from pacerail.model.toml_lines import KeyPath, key_lines
from pacerail.model.units import number_of, quoted

MAX_BYTES = 1_000_000
"""A plan is some hundred lines; what is larger is another kind of file and is refused unread."""

T = TypeVar("T")


class Document:
    """A parsed file and the mistakes found in it so far."""

    def __init__(self, name: str, text: str) -> None:
        """Parse; raises InputError for what is not TOML, with the line."""
        self.name = name
        self.mistakes: list[tuple[int, str]] = []
        self.warnings: list[tuple[int, str]] = []
        try:
            values = tomllib.loads(text)
            self._lines = key_lines(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError(_syntax_message(name, text, str(error))) from None
        except (ValueError, OverflowError):  # such as an integer of more digits than Python reads
            raise InputError(f"{name}:1: a value that no number holds; expected a TOML file") from None
        except RecursionError:
            raise InputError(f"{name}:1: nested too deep to read; expected a TOML file of a few levels") from None
        self.root = Table(self, (), cast(dict[str, object], values))

    def line(self, path: KeyPath) -> int:
        """The line of a key path, or of the nearest thing that encloses it."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def mistake(self, path: KeyPath, text: str) -> None:
        """Note a mistake ("what is wrong; expected ...") at a key path."""
        self.mistakes.append((self.line(path), text))

    def warn(self, path: KeyPath, text: str) -> None:
        """Note something odd but allowed."""
        self.warnings.append((self.line(path), text))

    def check(self) -> None:
        """Raise InputError with every mistake, in the order of their lines, if there is any."""
        if self.mistakes:
            raise InputError([f"{self.name}:{line}: {text}" for line, text in sorted(dict.fromkeys(self.mistakes))])

    def warning_lines(self) -> tuple[str, ...]:
        """The warnings as whole lines."""
        return tuple(f"{self.name}:{line}: {text}" for line, text in sorted(dict.fromkeys(self.warnings)))


def list_of(value: object) -> list[object]:
    """A TOML array as it is; an empty list for anything else."""
    return cast(list[object], value) if isinstance(value, list) else []


class Table:
    """A table of a document: takes values out by key, notes what is wrong with them, and knows what is left."""

    def __init__(self, document: Document, path: KeyPath, values: dict[str, object]) -> None:
        self.document = document
        self.path = path
        self._values = values

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def at(self, key: str | int) -> KeyPath:
        """The path of a key of this table."""
        return (*self.path, key)

    def mistake(self, key: str, text: str) -> None:
        """Note a mistake at a key of this table; it names the key itself."""
        self.document.mistake(self.at(key), f"{key}: {text}")

    def only(self, known: Sequence[str]) -> None:
        """Note every key that is not among the known ones, with the nearest known key."""
        for key in self._values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
                hint = f'expected "{near[0]}"?' if near else "expected one of " + ", ".join(known)
                self.document.mistake(self.at(key), f"unknown key {quoted(key)}; {hint}")

    def parsed(self, key: str, parse: Callable[[object], T], default: T) -> T:
        """A value put through a parser that raises ValueError("what is wrong; expected ..."); default without it."""
        if key not in self._values:
            return default
        try:
            return parse(self._values[key])
        except ValueError as error:
            self.mistake(key, str(error))
            return default

    def text(self, key: str, default: str, *, required: bool = False, limit: int = 100) -> str:
        """One line of text, not empty, of at most ``limit`` characters."""
        if required and key not in self._values:
            self.document.mistake(self.path, f'no {key}; expected {key} = "..."')

        def parse(value: object) -> str:
            if not isinstance(value, str):
                raise ValueError(f"{quoted(value)} is not a text; expected it in quotes")
            if not value.strip() or len(value) > limit or not value.isprintable():
                raise ValueError(f"{quoted(value)} does not do; expected one line of 1 to {limit} characters")
            return value.strip()

        return self.parsed(key, parse, default)

    def choice(self, key: str, allowed: Sequence[str], default: str) -> str:
        """One of the allowed words."""

        def parse(value: object) -> str:
            if not isinstance(value, str) or value not in allowed:
                raise ValueError(f"{quoted(value)} is not known; expected " + " or ".join(f'"{a}"' for a in allowed))
            return value

        return self.parsed(key, parse, default)

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """A finite number within [low, high]."""

        def parse(value: object) -> float:
            number = number_of(value)
            if number is None or not math.isfinite(number) or not low <= number <= high:
                raise ValueError(f"{quoted(value)} does not do; expected a number from {low:g} to {high:g}")
            return number

        return self.parsed(key, parse, default)

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number within [low, high]."""

        def parse(value: object) -> int:
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"{quoted(value)} does not do; expected a whole number from {low} to {high}")
            return value

        return self.parsed(key, parse, default)

    def items(self, key: str) -> list[object]:
        """The elements of an array; empty, with a mistake noted, for anything else."""
        value = self._values.get(key, [])
        if isinstance(value, list):
            return list_of(cast(object, value))
        self.mistake(key, f"{quoted(value)} is not a list; expected [ ... ]")
        return []

    def tables(self, key: str) -> list[Table]:
        """The tables of an array of tables; what is no table among them is noted as a mistake."""
        found: list[Table] = []
        for index, value in enumerate(self.items(key)):
            path = (*self.at(key), index)
            if isinstance(value, dict):
                found.append(Table(self.document, path, cast(dict[str, object], value)))
            else:
                self.document.mistake(path, f"{key}: {quoted(value)} is not a table; expected [[{key}]] or {{ ... }}")
        return found

    def table(self, key: str) -> Table | None:
        """A table below this one; None, with a mistake noted, for anything else."""
        value = self._values.get(key)
        if isinstance(value, dict):
            return Table(self.document, self.at(key), cast(dict[str, object], value))
        if key in self._values:
            self.mistake(key, f"{quoted(value)} is not a table; expected [{key}]")
        return None

    def value(self, key: str) -> object:
        """The value as TOML has it; None without it."""
        return self._values.get(key)


def read_document(kind: str, path_or_name: str | Path) -> Document:
    """The file at a path, or the shipped file of that name and kind ("plans", "rails", "tracks").

    Raises InputError for a file that is missing, no regular file, too large, not UTF-8, empty, or not TOML. What is not
    even read has no line: "FILE: what is wrong; expected ...".
    """
    given = str(path_or_name)
    path = _found(kind, given)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{given}: this is a folder; expected a TOML file")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{given}: this is a device or a pipe; expected a TOML file")
        if status.st_size > MAX_BYTES:
            raise InputError(f"{given}: {status.st_size:,} bytes; expected a TOML file of at most {MAX_BYTES:,} bytes")
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{given}: {_missing(kind, given)}") from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{given}: cannot be read ({reason}); expected a TOML file") from None
    return Document(given, _decoded(given, data))


def _found(kind: str, given: str) -> Path:
    try:
        return resources.find(kind, given)
    except (OSError, ValueError):  # a name the file system refuses to look up
        return Path(given)


def _missing(kind: str, given: str) -> str:
    names = sorted(path.stem for path in resources.folder(kind).glob("*.toml"))
    near = difflib.get_close_matches(Path(given).stem, names, n=1, cutoff=0.5)
    if not names:
        return "no such file; expected a path"
    hint = f'"{near[0]}"?' if near else "a path, or one of " + ", ".join(names)
    return f"no such file, and no shipped {kind[:-1]} of that name; expected {hint}"


def _decoded(name: str, data: bytes) -> str:
    zero = data.find(b"\0")
    try:
        text = data.decode("utf-8-sig")  # an editor's byte order mark is no mistake of the person
    except UnicodeDecodeError as error:
        zero = error.start if zero < 0 else min(zero, error.start)
        text = ""
    if zero >= 0:
        line = data.count(b"\n", 0, zero) + 1
        raise InputError(f"{name}:{line}: byte 0x{data[zero]:02x} is not text; expected a TOML file in UTF-8")
    if not text.strip():
        raise InputError(f"{name}:1: the file is empty; expected a TOML file")
    return text


def _syntax_message(name: str, text: str, error: str) -> str:
    match = re.search(r"\(at line ([0-9]+), column ([0-9]+)\)", error)
    line = int(match.group(1)) if match else len(text.splitlines())
    what = re.sub(r"\s*\(at .*\)$", "", error, flags=re.DOTALL)
    what = "".join(c if c.isprintable() else "?" for c in what)
    what = what[:1].lower() + what[1:]
    return f"{name}:{line}: not TOML: {what}; expected lines such as key = value"
