"""On which line of a TOML text each key stands.

tomllib says nothing of lines, and a message without one is of little use in a long plan. This walks over a text that
tomllib has already accepted, so it need not judge it, only follow it.
"""

from __future__ import annotations

import re
import tomllib

KeyPath = tuple[str | int, ...]
"""("wave", 1, "splits", 0): keys by name, elements of arrays and of arrays of tables by index."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY_PART = re.compile(r"""[ \t]*("(?:\\.|[^"\\])*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*""")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*'", re.DOTALL
)
_PLAIN = re.compile(r"[^,\]}#\n]*")


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, from 1, of every key, table and array element of a valid TOML text.

    Raises nothing for valid TOML (RecursionError apart, for arrays nested as deep as the interpreter's stack).
    """
    return _Walker(text).walk()


def value_spans(text: str) -> dict[KeyPath, tuple[int, int]]:
    """Where the value of every key and array element of a valid TOML text begins and ends, as indices into it."""
    walker = _Walker(text)
    walker.walk()
    return walker.spans


class _Walker:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {(): 1}
        self.spans: dict[KeyPath, tuple[int, int]] = {}
        self.arrays: dict[KeyPath, int] = {}  # arrays of tables met so far, and how many tables each has
        self._counted_to = 0
        self._line = 1

    def walk(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while True:
            self.skip_blank()
            if self.at >= len(self.text):
                return self.lines
            if self.text.startswith("[[", self.at):
                table = self.array_table()
            elif self.text[self.at] == "[":
                line = self.line()
                self.at += 1
                table = self.resolve(self.keys())
                self.at += 1
                self.note(table, line)
            else:
                self.pair(table)

    def array_table(self) -> KeyPath:
        line = self.line()
        self.at += 2
        keys = self.keys()
        self.at += 2
        array = (*self.resolve(keys[:-1]), keys[-1])
        index = self.arrays.get(array, 0)
        self.arrays[array] = index + 1
        self.note(array, line)
        self.note((*array, index), line)
        return (*array, index)

    def resolve(self, keys: list[str]) -> KeyPath:
        """A header's keys as a path: below an array of tables they mean its last table."""
        path: KeyPath = ()
        for key in keys:
            path = (*path, key)
            if path in self.arrays:
                path = (*path, self.arrays[path] - 1)
        return path

    def pair(self, table: KeyPath) -> None:
        line = self.line()
        path = table
        for key in self.keys():
            path = (*path, key)
            self.note(path, line)
        self.at += 1  # the equals sign
        self.skip_spaces()
        self.value(path)

    def value(self, path: KeyPath) -> None:
        begin = self.at
        self.pass_value(path)
        self.spans[path] = begin, begin + len(self.text[begin : self.at].rstrip())

    def pass_value(self, path: KeyPath) -> None:
        character = self.text[self.at]
        if character in "\"'":
            match = _STRING.match(self.text, self.at)
            self.at = match.end() if match else len(self.text)
        elif character == "[":
            self.array(path)
        elif character == "{":
            self.inline_table(path)
        else:
            match = _PLAIN.match(self.text, self.at)
            self.at = match.end() if match else len(self.text)

    def array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while True:
            self.skip_blank()
            if self.text[self.at] == "]":
                self.at += 1
                return
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self.note((*path, index), self.line())
            self.value((*path, index))
            index += 1

    def inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while True:
            self.skip_blank()
            if self.text[self.at] == "}":
                self.at += 1
                return
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self.pair(path)

    def keys(self) -> list[str]:
        """A key with its dots, quotes and escapes undone; stands behind it afterwards."""
        parts: list[str] = []
        while True:
            match = _KEY_PART.match(self.text, self.at)
            if not match:
                return parts
            self.at = match.end()
            raw = match.group(1)
            parts.append(str(tomllib.loads(f"k = {raw}")["k"]) if raw[0] == '"' else raw.strip("'"))
            if not self.text.startswith(".", self.at):
                return parts
            self.at += 1

    def note(self, path: KeyPath, line: int) -> None:
        self.lines.setdefault(path, line)

    def line(self) -> int:
        """The line of the place reached; the place only ever moves on, so counting goes on from the last."""
        self._line += self.text.count("\n", self._counted_to, self.at)
        self._counted_to = self.at
        return self._line

    def skip_blank(self) -> None:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def skip_spaces(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1
