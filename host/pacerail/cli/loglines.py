"""Lines for the terminal, written beside the race: a terminal that takes nothing holds up nobody.

A terminal that was stopped with Ctrl-S, and a pipe that nobody reads, block whoever writes to them. So a thread writes.
What it cannot get rid of is left out and counted, and said when lines flow again.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType

import click

from pacerail.race.state import Event

MOST = 1000
"""Lines that wait to be written at most."""
FLUSH_S = 0.5
"""So long they are waited for at the end, at most."""
_RETRY_S = 0.05


def event_line(event: Event) -> str:
    """A line of the log as it is shown in a terminal: "b03: answers again"."""
    return f"{event.board or 'rail'}: {event.words}"


def to_stderr(line: str) -> None:
    """Write a line to standard error, for as long as that takes. Raises OSError where nobody reads any more.

    It goes around Python's own buffer: whoever is stuck in there holds its lock, and the program could not even end.
    """
    stream = sys.stderr
    try:
        number = stream.fileno()
    except (OSError, ValueError, AttributeError):  # no file: a test's, or none at all
        number = -1
    if number < 0 or sys.platform == "win32":
        click.echo(line, err=True)
        return
    data = f"{line}\n".encode(stream.encoding or "utf-8", "backslashreplace")
    while data:
        try:
            data = data[os.write(number, data) :]
        except BlockingIOError:  # somebody has made it one that does not wait
            time.sleep(_RETRY_S)


class LogLines:
    """Writes lines in a thread of its own, as a context manager; `write` may take as long as it likes.

    What Python's own logging has to say, such as of a task that failed, is written as a line too.
    """

    def __init__(self, write: Callable[[str], None] = to_stderr, most: int = MOST) -> None:
        self._write = write
        self._most = most
        self._lines: deque[str] = deque()
        self._left_out = 0
        self._ends = False
        self._moved = threading.Condition()
        self._handler = _Handler(self.say)
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)

    def __enter__(self) -> LogLines:
        self._thread.start()
        logging.getLogger().addHandler(self._handler)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        logging.getLogger().removeHandler(self._handler)
        with self._moved:
            self._ends = True
            self._moved.notify()
        self._thread.join(FLUSH_S)

    def say(self, line: str) -> None:
        """Have a line written, at once as far as the caller goes; one too many is left out."""
        with self._moved:
            if len(self._lines) >= self._most:
                self._left_out += 1
                return
            self._count_in()
            self._lines.append(line)
            self._moved.notify()

    def _count_in(self) -> None:
        if self._left_out:
            lines = "1 line is" if self._left_out == 1 else f"{self._left_out} lines are"
            self._lines.append(f"({lines} left out here: nothing could be written for a while)")
            self._left_out = 0

    def _run(self) -> None:
        while True:
            with self._moved:
                if not self._lines:
                    self._count_in()
                while not self._lines:
                    if self._ends:
                        return
                    self._moved.wait()
                line = self._lines.popleft()
            try:
                self._write(line)
            except Exception:  # nobody reads any more: the log is kept elsewhere as well, and the race goes on
                continue


class _Handler(logging.Handler):
    """Hands over what is logged, without tracebacks."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self._say(f"{record.name}: {record.getMessage().splitlines()[0]}" + (f": {error!r}" if error else ""))
