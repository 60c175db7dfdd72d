"""Lines that are written beside the race: what blocks, what is left out, and what the end waits for."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time

import pytest

from pacerail.cli.loglines import FLUSH_S, LogLines, event_line, to_stderr
from pacerail.race.state import Event


def test_lines_come_in_order_and_all_of_them_at_the_end() -> None:
    written: list[str] = []
    with LogLines(written.append) as log:
        for k in range(100):
            log.say(str(k))
    assert written == [str(k) for k in range(100)]


def test_a_terminal_that_takes_nothing_holds_up_nobody_and_what_is_left_out_is_counted() -> None:
    gate, first, written = threading.Event(), threading.Event(), list[str]()

    def write(line: str) -> None:
        first.set()
        gate.wait()
        written.append(line)

    with LogLines(write, most=3) as log:
        log.say("0")
        assert first.wait(10)  # it is being written now, and does not count among those that wait
        for k in range(1, 8):
            log.say(str(k))
        gate.set()
    left_out = "(4 lines are left out here: nothing could be written for a while)"
    assert written == ["0", "1", "2", "3", left_out]


def test_what_was_left_out_is_said_before_the_lines_that_follow() -> None:
    gate, first, written, taken = threading.Event(), threading.Event(), list[str](), threading.Semaphore(0)

    def write(line: str) -> None:
        first.set()
        gate.wait()
        written.append(line)
        taken.release()

    with LogLines(write, most=1) as log:
        log.say("0")
        assert first.wait(10)
        log.say("1")
        log.say("2")
        gate.set()
        for _ in range(3):
            assert taken.acquire(timeout=10)
        log.say("3")
    assert written == ["0", "1", "(1 line is left out here: nothing could be written for a while)", "3"]


def test_the_end_waits_for_a_moment_only() -> None:
    gate = threading.Event()
    begun_s = time.monotonic()
    with LogLines(lambda line: gate.wait() and None) as log:
        log.say("never")
    assert FLUSH_S <= time.monotonic() - begun_s < FLUSH_S + 5
    gate.set()


def test_a_writer_that_fails_is_tried_again_with_the_next_line() -> None:
    written: list[str] = []

    def write(line: str) -> None:
        if line == "1":
            raise BrokenPipeError
        written.append(line)

    with LogLines(write) as log:
        for k in range(3):
            log.say(str(k))
    assert written == ["0", "2"]


def test_a_task_that_fails_unheard_is_a_line_and_no_traceback() -> None:
    written: list[str] = []

    async def wrong() -> None:
        raise ZeroDivisionError("injected")

    async def whole() -> None:
        task = asyncio.ensure_future(wrong())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task

    with LogLines(written.append):
        asyncio.run(whole())
        logging.getLogger("somebody").warning("two\nlines")
    assert written == [
        "asyncio: Task exception was never retrieved: ZeroDivisionError('injected')",
        "somebody: two",
    ]


def test_standard_error_gets_a_line_whole_also_where_it_does_not_wait(capfd: pytest.CaptureFixture[str]) -> None:
    line = "ä" * 10
    to_stderr(line)
    assert capfd.readouterr().err == line + "\n"


def test_a_pipe_that_is_full_is_written_to_when_it_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    out, into = os.pipe()
    os.set_blocking(into, False)
    long = "x" * 200_000  # more than a pipe holds
    with os.fdopen(into, "w") as stream, os.fdopen(out, "rb") as reader:
        monkeypatch.setattr("sys.stderr", stream)
        thread = threading.Thread(target=to_stderr, args=(long,))
        thread.start()
        got = b""
        while len(got) <= len(long):
            got += reader.read1()
        thread.join()
    assert got.decode() == long + "\n"


def test_a_line_says_which_board() -> None:
    assert event_line(Event(0, "b03", "answers again")) == "b03: answers again"
    assert event_line(Event(0, None, "armed")) == "rail: armed"
