"""The athlete of a night, as a person notes them: what was passed, missed, taken back, and what is there to export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pacerail.errors import RailError
from pacerail.model.athlete import Passings
from pacerail.model.plan import Plan
from pacerail.model.track import Track
from pacerail.race.passed import Passed
from pacerail.race.splits import Splits
from pacerail.race.state import Race
from pacerail.race.timing import Note, Timing


@dataclass(frozen=True, slots=True)
class Hand:
    """What a night has in hand now."""

    plan: Plan | None
    race: Race | None

    @property
    def plan_now(self) -> Plan | None:
        """With every change of the race so far."""
        return self.plan if self.race is None else self.race.plan_now


class AthleteNow:
    """Notes the athlete in one race after the other.

    `must` raises RailError for an action that cannot be done now (see `actions`); `note` and `changed` are told as
    `Timing` says.
    """

    def __init__(
        self,
        hand: Callable[[], Hand],
        must: Callable[[str], None],
        note: Note,
        changed: Callable[[Race], None],
    ) -> None:
        self.timing = Timing(note, changed)
        """What the gun's sources and the race say goes there."""
        self._hand = hand
        self._must = must
        self._passed = Passed()

    @property
    def splits(self) -> Splits | None:
        """For the plan in hand; None without one."""
        return self.timing.splits

    @property
    def passed(self) -> tuple[Passings, Plan] | None:
        """What was passed, and the plan as it was run by then; None without a plan.

        It stays until the next race is armed, also when that is one of another plan.
        """
        return self._passed.now(self.splits, self._hand().plan_now)

    def split(self, fleet_us: int, distance_m: float | None = None) -> None:
        """The next mark was passed at a fleet time, or that at a distance: those between were missed then.

        Raises RailError for a press that cannot be one.
        """
        race = self._hand().race
        if race is not None and self.timing.heard_already(race, fleet_us, distance_m):
            return
        self._must("athlete")
        if race is None:
            raise RailError("no race is on")
        self.timing.press(race, fleet_us, distance_m)

    def miss(self) -> None:
        """The next mark was missed. Raises RailError if there is none."""
        self._must("miss")
        self.timing.miss()

    def undo(self) -> None:
        """What was noted last is taken back. Raises RailError when there is nothing."""
        self._must("split_undo")
        self.timing.undo()

    def marks(self, every: str) -> None:
        """At which marks the athlete is timed. Raises RailError for words that name none."""
        self._must("marks")
        self.timing.marks(every)

    def new_plan(self, plan: Plan, track: Track) -> Callable[[], None]:
        """Another plan is to be taken in hand: returns what does it. Nothing is changed before that is called."""
        splits = Splits(plan, track)

        def take() -> None:
            self._passed.put_away(self.splits, self._hand().plan_now)
            self.timing.splits = splits

        return take

    def hold(self, plan: Plan) -> None:
        """The race forgets its changes now; what was passed so far was passed against this plan."""
        self._passed.hold(self.splits, plan)

    def clear(self) -> None:
        """The boards are armed: whatever was passed before is another race's."""
        self._passed.forget()
        self.timing.clear()
