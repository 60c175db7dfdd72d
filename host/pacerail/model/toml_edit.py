"""A TOML text changed one value at a time: every other character of it stays as a person wrote it.

Written here since the libraries for it put new keys behind the comments that belong to the next table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from pacerail.model.toml_lines import KeyPath, key_lines, value_spans

Value = str | int | float | bool | Sequence[int]


class TomlText:
    """A valid TOML text under change. Paths are those of `toml_lines`."""

    def __init__(self, text: str) -> None:
        self.text = text if text.endswith("\n") or not text else text + "\n"
        self._look()

    def __contains__(self, path: KeyPath) -> bool:
        return path in self._lines

    def count(self, array: KeyPath) -> int:
        """How many elements an array, or an array of tables, has."""
        number = 0
        while (*array, number) in self._lines:
            number += 1
        return number

    def keys(self, table: KeyPath) -> list[str]:
        """The keys of a table that have a value, and not a table with a header of its own."""
        return [str(path[-1]) for path in self._spans if path[:-1] == table]

    def subtables(self, table: KeyPath) -> list[str]:
        """The keys of a table that are tables with headers of their own."""
        return [str(path[-1]) for path in self._lines if path[:-1] == table and path not in self._spans]

    def raw(self, path: KeyPath) -> str:
        """A value as it is written."""
        begin, end = self._spans[path]
        return self.text[begin:end]

    def set(self, path: KeyPath, value: Value, after: str = "") -> None:
        """Change a value; a key that is new stands behind the key `after`, else behind the last of its table."""
        if path in self._spans:
            begin, end = self._spans[path]
            self._replace(begin, end, toml_value(value))
            return
        table, line = path[:-1], f"{path[-1]} = {toml_value(value)}"
        if table in self._spans:  # an inline table
            end = self._spans[table][1] - 1
            some = any(key[:-1] == table for key in self._spans)
            self._replace(len(self.text[:end].rstrip()), end, f"{',' if some else ''} {line} ")
            return
        at, indent = self._place(table, after)
        self._replace(at, at, f"{indent}{line}\n")

    def remove(self, path: KeyPath) -> None:
        """Take a key out, with its line; nothing happens if it is not there."""
        if path not in self._spans:
            return
        if path[:-1] in self._spans:  # in an inline table: with the comma before it, or the one behind it
            key = re.escape(str(path[-1]))
            begin, end = self._spans[path]
            head = re.search(rf"(,?)\s*{key}\s*=\s*$", self.text[:begin])
            begin = head.start() if head else begin
            if head and not head[1] and (comma := re.match(r"\s*,", self.text[end:])):
                end += comma.end()
            self._replace(begin, end, "")
            return
        begin = self._line_begin(self._spans[path][0])
        self._replace(begin, self._line_end(self._spans[path][1]), "")

    def remove_table(self, table: KeyPath) -> None:
        """Take a table with a header of its own out: its header and its keys; comments on lines of their own stay."""
        for path in [path for path in self._spans if path[:-1] == table]:
            self.remove(path)
        begin = self._offset(self._lines[table])
        self._replace(begin, self._line_end(begin), "")

    def comment(self, path: KeyPath) -> str:
        """The comment on the line on which a value ends, without its #; "" for none."""
        if path not in self._spans or path[:-1] in self._spans:
            return ""
        end = self._spans[path][1]
        return self.text[end : self._line_end(end)].strip().removeprefix("#").strip()

    def set_comment(self, path: KeyPath, words: str) -> None:
        """Write the comment behind a value; none for ""."""
        if path in self._spans and path[:-1] not in self._spans:
            end = self._spans[path][1]
            self._replace(end, self._line_end(end), f"    # {words}\n" if words else "\n")

    def append(self, lines: str) -> None:
        """Add whole lines at the end."""
        gap = "\n" if self.text.strip() and not self.text.endswith("\n\n") else ""
        self._replace(len(self.text), len(self.text), gap + lines)

    def _look(self) -> None:
        self._lines = key_lines(self.text)
        self._spans = value_spans(self.text)

    def _replace(self, begin: int, end: int, by: str) -> None:
        self.text = self.text[:begin] + by + self.text[end:]
        self._look()

    def _place(self, table: KeyPath, after: str) -> tuple[int, str]:
        """Where a new line of a table goes, and how far it is indented."""
        mine = [path for path in self._spans if path[:-1] == table]
        if not mine:
            begin = self._offset(self._lines[table]) if table else 0
            indent = re.match(r"[ \t]*", self.text[begin:])
            return (self._line_end(begin) if table else 0), indent[0] if indent else ""
        last = (*table, after) if (*table, after) in mine else max(mine, key=lambda path: self._spans[path])
        begin, end = self._spans[last]
        indent = re.match(r"[ \t]*", self.text[self._line_begin(begin) :])
        return self._line_end(end), indent[0] if indent else ""

    def _offset(self, line: int) -> int:
        at = 0
        for _ in range(line - 1):
            at = self.text.index("\n", at) + 1
        return at

    def _line_begin(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        """Behind the line end that follows."""
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end + 1


def toml_value(value: Value) -> str:
    """A value as TOML writes it."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    return "[" + ", ".join(str(item) for item in value) + "]"
