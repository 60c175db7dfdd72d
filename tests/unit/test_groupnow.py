"""What is said of a group holds when it is tried; and what goes on beside a change is broken off with it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacerail.errors import RailError
from pacerail.model.amended import Amended
from pacerail.model.changes import Begin, Change, End, Freeze
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.race.actions import Situation, can, why_not
from pacerail.race.alone import Alone
from pacerail.race.change import NOTICE_S
from pacerail.race.groupnow import groups_now

TRACK = even_rail().track
GROUPS = load_plan("training-3-groups", TRACK)
ASKS = st.lists(
    st.tuples(
        st.floats(0, 300),
        st.one_of(
            st.builds(Begin, st.sampled_from(["red", "blue"]), st.sampled_from([0.0, 10.0])),
            st.builds(End, st.sampled_from(["red", "blue"])),
            st.builds(Freeze, st.sampled_from(["red", "blue"])),
        ),
    ),
    max_size=6,
)


def tried(now: Amended, change: Change, race_s: float | None) -> bool:
    at_s = 0.0 if race_s is None else max(0.0, race_s + NOTICE_S)
    try:
        now.with_change(change, max(at_s, now.steps[-1].at_s if now.steps else 0.0))
    except ValueError:
        return False
    return True


@settings(derandomize=True, max_examples=150, deadline=None)
@given(ASKS, st.floats(-20, 0), st.booleans())
def test_what_is_said_is_so(asks: list[tuple[float, Change]], race_s: float, gun: bool) -> None:
    now = Amended(GROUPS)
    for after_s, change in asks:
        at_s = race_s + NOTICE_S if gun else 0.0
        with contextlib.suppress(ValueError):
            now = now.with_change(change, max(0.0, at_s, now.steps[-1].at_s if now.steps else 0.0))
        race_s += after_s if gun else 0.0
        told = groups_now(now, race_s if gun else None)
        assert set(told) == {"red", "blue", "green"}
        for name, said in told.items():
            assert (said.begin is None) == tried(now, Begin(name), race_s if gun else None)
            assert (said.end is None) == tried(now, End(name), race_s if gun else None)
            assert said.in_s is None or said.in_s > 0


def test_reasons_and_countdowns() -> None:
    pacer = load_plan("training-10x400", TRACK).waves[0]  # it goes with the gun
    base = replace(GROUPS, waves=(*GROUPS.waves, pacer))
    now = Amended(base).with_change(Begin("red", 10.0, 20.0), 11.0)
    said = groups_now(now, 12.0)
    assert set(said) == {"red", "blue", "green"}
    assert said["red"].begin == "its countdown is on; end it first" and said["red"].in_s == 8.0
    assert said["blue"].begin is None and said["blue"].end == "it waits on its line already"
    assert str(groups_now(now, 30.0)["red"].begin).startswith("it runs until 14:0")
    assert groups_now(now.with_change(Freeze("red"), 40.0), 41.0)["red"].begin == "it stands; end it first"
    before = groups_now(Amended(base).with_change(Begin("red", 10.0, 10.0), 0.0), None)["red"]
    assert before.begin == "it begins 10.00 after the gun; end it first" and before.in_s is None
    refused = groups_now(now, 12.0, begin="no race is on", end="busy: changing")
    assert {g.begin for g in refused.values()} == {"no race is on"}
    assert {g.end for g in refused.values()} == {"busy: changing"}


RUNNING = Situation("running", loaded=True, confirmed=True, has_gun=True, gone=True, groups=True)


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (RUNNING, None),
        (replace(RUNNING, busy="changing"), None),
        (replace(RUNNING, busy="stopping"), "busy: stopping"),
        (replace(RUNNING, phase="ready"), "no race is on"),
        (replace(RUNNING, groups=False), "the plan has no group that an order begins"),
    ],
)
def test_a_group_can_be_begun_beside_a_change(now: Situation, why: str | None) -> None:
    assert why_not(now, "begin") == why
    if now.busy == "changing":
        assert can(now)["change"] == "busy: changing"


def test_what_goes_on_beside_is_under_way_too_and_is_broken_off() -> None:
    broken: list[str] = []

    async def lasting() -> None:
        await asyncio.sleep(3600)

    async def one(number: int) -> int:
        return number

    async def whole() -> None:
        alone = Alone(broken.append)
        assert await alone.beside("changing", lambda: one(1)) == 1 and alone.busy is None
        first = asyncio.ensure_future(alone.beside("changing", lasting))
        second = asyncio.ensure_future(alone.beside("changing", lasting))
        await asyncio.sleep(0)
        assert alone.busy == "changing"
        assert await alone.do("stopping", lambda: one(2)) == 2
        for task in (first, second):
            with pytest.raises(RailError, match="broken off while changing"):
                await task
        assert alone.busy is None and len(broken) == 1
        last = asyncio.ensure_future(alone.beside("changing", lasting))
        await asyncio.sleep(0)
        await alone.close()
        with pytest.raises(RailError):
            await last

    asyncio.run(whole())
