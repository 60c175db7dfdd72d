"""What can be done now, and if not, why: pure words, for whoever has buttons to press."""

from __future__ import annotations

from dataclasses import dataclass

from pacerail.race.state import OVER

ACTIONS = (
    *("load", "confirm", "prepare", "arm", "start", "ago", "recall", "stop"),
    *("change", "begin", "undo", "show"),
    *("athlete", "miss", "split_undo", "marks"),
)
"""`start` is a gun now or to come, `ago` one that has been; `change` any change of plan; `athlete` is a split."""

ON = ("arming", "armed", "running", "recalled", "interrupted")
"""Phases in which the boards are in a race: no other plan, no shows."""
UNDER_WAY = ("connecting", "uploading", "syncing")
BESIDE = ("start", "ago", "begin")
"""These do not wait for a change that is on its way to the boards: a gun must be heard, and a second group begins."""
AT_ONCE = ("stop", "recall")
"""These break off what is under way."""
_OF_OURS = ("prepare", "arm", "start", "ago", "recall", "change", "begin", "undo", "show")
"""None of these can be done while the boards are in a race that was not started from here."""
OF_THE_ATHLETE = ("athlete", "miss", "split_undo", "marks")
"""These are noted here alone: nothing that is on its way to the boards is in their way."""
_LIGHTS = {
    "arming": "the boards are being armed",
    "armed": "the boards are armed",
    "running": "the race is on",
    "recalled": "the rail still flashes red",
    "interrupted": "this program does not look after the boards, and they run on",
}


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides what can be done."""

    phase: str
    """The race's phase; "idle" where there is none."""
    loaded: bool = False
    """A plan is in hand."""
    confirmed: bool = False
    """Its read-back was confirmed."""
    has_gun: bool = False
    gone: bool = False
    """The gun has gone."""
    undoable: bool = False
    """A change can be taken back."""
    marks_left: bool = False
    """The athlete has a mark to come."""
    busy: str | None = None
    """What is under way: "arming"."""
    groups: bool = False
    """The plan has groups, which an order begins."""
    strangers: str | None = None
    """Words for boards that are in a race which was not started from here; None where there are none."""
    noted: bool = False
    """Something of the athlete can be taken back."""


def can(now: Situation) -> dict[str, str | None]:
    """For each of ACTIONS why it cannot be done now, in words; None if it can."""
    return {action: why_not(now, action) for action in ACTIONS}


def why_not(now: Situation, action: str) -> str | None:
    """Why an action cannot be done now; None if it can. Raises KeyError for one that is none of ACTIONS."""
    reason = (now.strangers if action in _OF_OURS else None) or _RULES[action](now)
    if now.busy is None or action in OF_THE_ATHLETE:
        return reason
    if action in BESIDE and now.busy == "changing":
        return reason
    if action in AT_ONCE and now.busy not in ("stopping", f"{action}ing"):
        return reason
    return f"busy: {now.busy}"


def _load(now: Situation) -> str | None:
    if now.phase in ON:
        return f"{_LIGHTS[now.phase]}: stop first"
    return "the boards are being made ready" if now.phase in UNDER_WAY else None


def _confirm(now: Situation) -> str | None:
    if not now.loaded:
        return "no plan is loaded"
    return "it is confirmed already" if now.confirmed else None


def _prepare(now: Situation) -> str | None:
    if not now.loaded:
        return "no plan is loaded"
    return f"{_LIGHTS[now.phase]}: stop first" if now.phase in ON else None


def _arm(now: Situation) -> str | None:
    if not now.loaded:
        return "no plan is loaded"
    if now.phase in ON:
        return _LIGHTS[now.phase]
    if now.phase in UNDER_WAY:
        return "the boards are being made ready"
    if now.phase in OVER:
        return f"the race is {now.phase}: prepare the next one"
    if now.phase != "ready":
        return "the boards have not the plan yet: prepare first"
    return None if now.confirmed else "nobody has confirmed the read-back of the plan"


def _start(now: Situation) -> str | None:
    if now.phase not in ("armed", "running"):
        return "the boards are not armed"
    if now.gone:
        return "the gun has gone; start ago moves its time"
    return None


def _ago(now: Situation) -> str | None:
    return None if now.phase in ("armed", "running") else "the boards are not armed"


def _recall(now: Situation) -> str | None:
    on = ("armed", "running", "interrupted")
    return None if now.phase in on else "the boards are not armed: there is nothing to recall"


def _stop(now: Situation) -> str | None:
    return None


def _change(now: Situation) -> str | None:
    return None if now.phase in ("armed", "running") else "no race is on"


def _begin(now: Situation) -> str | None:
    return _change(now) or (None if now.groups else "the plan has no group that an order begins")


def _undo(now: Situation) -> str | None:
    return _change(now) or (None if now.undoable else "nothing was changed")


def _show(now: Situation) -> str | None:
    if now.phase in ON:
        return f"{_LIGHTS[now.phase]}: no shows before it is over"
    return "the boards are being made ready" if now.phase in UNDER_WAY else None


def _athlete(now: Situation) -> str | None:
    if not now.loaded:
        return "no plan is loaded"
    if not now.gone:
        return "the gun has not gone"
    return None if now.marks_left else "every mark has been passed"


def _split_undo(now: Situation) -> str | None:
    if not now.loaded:
        return "no plan is loaded"
    return None if now.noted else "nothing was noted of the athlete"


def _marks(now: Situation) -> str | None:
    return None if now.loaded else "no plan is loaded"


_RULES = {
    "load": _load,
    "confirm": _confirm,
    "prepare": _prepare,
    "join": _prepare,  # of a race that was not started from here; no page asks for it
    "arm": _arm,
    "start": _start,
    "ago": _ago,
    "recall": _recall,
    "stop": _stop,
    "change": _change,
    "begin": _begin,
    "undo": _undo,
    "show": _show,
    "athlete": _athlete,
    "miss": _athlete,
    "split_undo": _split_undo,
    "marks": _marks,
}
