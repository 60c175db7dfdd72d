"""One thing at a time, and the end of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from pacerail.race import alone
from pacerail.race.alone import Alone


def test_the_end_comes_also_when_what_was_under_way_has_ended_in_this_very_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is done is forgotten in the loop's next round: who waits for that must let the loop go on."""
    looks = 0
    broken_off = alone._broken_off

    async def counted(tasks: Sequence[asyncio.Future[Any]]) -> bool:
        nonlocal looks
        looks += 1
        if looks > 100:
            raise AssertionError("looked again and again, and let nothing else go on")
        return await broken_off(tasks)

    async def whole() -> None:
        one = Alone(lambda words: None)
        closing: list[asyncio.Task[None]] = []

        async def work() -> None:
            closing.append(asyncio.ensure_future(one.close()))  # its turn comes before it is known that this is done

        await one.do("loading", work)
        await closing[0]
        assert one.busy is None

    monkeypatch.setattr(alone, "_broken_off", counted)
    asyncio.run(whole())
    assert looks < 10
