"""What can be done when: in words, for every phase."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacerail.race.actions import ACTIONS, Situation, can, why_not

PHASES = (
    *("idle", "connecting", "uploading", "syncing", "ready", "arming", "armed", "running"),
    *("finished", "recalled", "stopped", "interrupted", "left"),
)
BUSY = (None, "loading", "making ready", "arming", "changing", "recalling", "stopping", "beginning a show")
READY = Situation("ready", loaded=True, confirmed=True)
GONE = replace(READY, phase="running", has_gun=True, gone=True)
situations = st.builds(Situation, st.sampled_from(PHASES), *(st.booleans() for _ in range(6)), st.sampled_from(BUSY))


@given(situations)
def test_every_answer_is_words_or_none_and_lights_that_are_on_are_safe(now: Situation) -> None:
    told = can(now)
    assert set(told) == set(ACTIONS)
    assert all(why is None or (why and why[0].islower()) for why in told.values())
    if now.phase in ("arming", "armed", "running", "recalled", "interrupted"):
        assert told["load"] and told["prepare"] and told["show"] and told["arm"]
    if now.busy != "stopping":
        assert told["stop"] is None  # always, whatever else is under way
    if not now.confirmed:
        assert told["arm"]
    if now.busy is not None and now.busy != "changing":
        assert told["start"] and told["arm"] and told["change"]


@pytest.mark.parametrize(
    ("now", "action", "why"),
    [
        (READY, "arm", None),
        (replace(READY, confirmed=False), "arm", "nobody has confirmed the read-back of the plan"),
        (replace(READY, phase="idle"), "arm", "the boards have not the plan yet: prepare first"),
        (replace(READY, phase="finished"), "arm", "the race is finished: prepare the next one"),
        (replace(READY, phase="finished"), "prepare", None),
        (replace(READY, phase="armed"), "start", None),
        (
            replace(READY, phase="running", has_gun=True, gone=True),
            "start",
            "the gun has gone; start ago moves its time",
        ),
        (replace(READY, phase="running", has_gun=True, gone=True), "ago", None),
        (replace(READY, phase="armed", busy="changing"), "start", None),
        (replace(READY, phase="armed", busy="changing"), "change", "busy: changing"),
        (replace(READY, phase="running", busy="changing"), "recall", None),
        (replace(READY, phase="recalled", busy="recalling"), "recall", "busy: recalling"),
        (replace(READY, phase="recalled", busy="recalling"), "stop", None),
        (replace(READY, phase="interrupted"), "recall", None),
        (replace(READY, phase="interrupted"), "stop", None),
        (
            replace(READY, phase="interrupted"),
            "prepare",
            "this program does not look after the boards, and they run on: stop first",
        ),
        (replace(READY, phase="running", undoable=True), "undo", None),
        (replace(READY, phase="running"), "undo", "nothing was changed"),
        (replace(READY, phase="running", gone=True, marks_left=True, busy="changing"), "athlete", None),
        (replace(READY, phase="running", gone=True, marks_left=True), "miss", None),
        (replace(READY, phase="running", gone=True), "miss", "every mark has been passed"),
        (READY, "miss", "the gun has not gone"),
        (replace(READY, noted=True, busy="arming"), "split_undo", None),
        (replace(READY, phase="finished", gone=True, noted=True), "split_undo", None),
        (READY, "split_undo", "nothing was noted of the athlete"),
        (replace(READY, busy="arming"), "marks", None),
        (Situation("idle"), "marks", "no plan is loaded"),
    ],
)
def test_reasons(now: Situation, action: str, why: str | None) -> None:
    assert why_not(now, action) == why
