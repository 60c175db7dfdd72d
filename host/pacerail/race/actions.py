"""What can be done now, and if not, why: pure words, for whoever has buttons to press."""

from __future__ import annotations

from dataclasses import dataclass

from pacerail.race.state import OVER

ACTIONS = ("load", "confirm", "prepare", "arm", "start", "ago", "recall", "stop", "change", "undo", "show", "athlete")
"""`start` is a gun now or to come, `ago` one that has been; `athlete` is a split, `change` any change of plan."""

ON = ("arming", "armed", "running", "recalled")
"""Phases in which the boards are in a race: no other plan, no shows."""
UNDER_WAY = ("connecting", "uploading", "syncing")
BESIDE = ("start", "ago")
"""These do not wait for a change: a gun that goes while one is on its way to the boards must be heard."""
AT_ONCE = ("stop", "recall")
"""These break off what is under way."""
_LIGHTS = {
    "arming": "the boards are being armed",
    "armed": "the boards are armed",
    "running": "the race is on",
    "recalled": "the rail still flashes red",
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


def can(now: Situation) -> dict[str, str | None]:
    """For each of ACTIONS why it cannot be done now, in words; None if it can."""
    return {action: why_not(now, action) for action in ACTIONS}


def why_not(now: Situation, action: str) -> str | None:
    """Why an action cannot be done now; None if it can. Raises KeyError for one that is none of ACTIONS."""
    reason = _RULES[action](now)
    if now.busy is None or action == "athlete":
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
    return None if now.phase in ("armed", "running") else "the boards are not armed: there is nothing to recall"


def _stop(now: Situation) -> str | None:
    return None


def _change(now: Situation) -> str | None:
    return None if now.phase in ("armed", "running") else "no race is on"


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


_RULES = {
    "load": _load,
    "confirm": _confirm,
    "prepare": _prepare,
    "arm": _arm,
    "start": _start,
    "ago": _ago,
    "recall": _recall,
    "stop": _stop,
    "change": _change,
    "undo": _undo,
    "show": _show,
    "athlete": _athlete,
}
