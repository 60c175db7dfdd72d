"""What goes wrong inside the server is told in the log, once or twice."""

from __future__ import annotations

import asyncio

from aiohttp.http_exceptions import BadHttpMethod

from pacerail.console.faults import Faults


def test_a_fault_is_a_line_and_a_stranger_is_none() -> None:
    noted: list[tuple[str, str]] = []
    faults = Faults(lambda words, level: noted.append((words, level)))
    logger, loop = faults.logger, asyncio.new_event_loop()
    try:
        raise BadHttpMethod("BREW")
    except BadHttpMethod:
        logger.exception("Error handling request")
    faults.heard(loop, {"message": "it has gone", "exception": ConnectionResetError()})
    logger.warning("of no interest")
    assert noted == []
    for _ in range(100):
        try:
            raise KeyError("a\nb")
        except KeyError:
            logger.exception("Error handling request")
    faults.heard(loop, {"message": "Task was destroyed"})
    loop.close()
    assert 1 <= len(noted) < 10 and set(noted) == {
        ("FAULT of this program, in the page's server: KeyError('a\\nb')", "bad"),
    }
    assert logger.parent is None
