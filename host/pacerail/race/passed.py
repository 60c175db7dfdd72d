"""What the athlete passed last: kept, with the plan as it was run, until the next race is armed, so as to be exported.

A recall, a race that is made ready and another plan all forget the changes of the race before, or its marks. They are
pressed within seconds of a finish, when nobody has exported anything yet.
"""

from __future__ import annotations

from pacerail.model.athlete import Passings
from pacerail.model.plan import Plan
from pacerail.race.splits import Splits


class Passed:
    """What there is to export."""

    def __init__(self) -> None:
        self._run_by: Plan | None = None
        self._earlier: tuple[Passings, Plan] | None = None

    def hold(self, splits: Splits | None, plan: Plan) -> None:
        """The race forgets its changes now; what was passed so far was passed against this plan."""
        if splits is not None and splits.passings.passed and self._run_by is None:
            self._run_by = plan

    def put_away(self, splits: Splits | None, plan: Plan | None) -> None:
        """Another plan takes the place of this one."""
        if splits is not None and splits.passings.passed:
            self._earlier = self.now(splits, plan)
        self._run_by = None

    def forget(self) -> None:
        """Another race is armed."""
        self._run_by = self._earlier = None

    def now(self, splits: Splits | None, plan: Plan | None) -> tuple[Passings, Plan] | None:
        """The passings, and the plan that they were run by; `plan` is that of the race now. None without a plan."""
        if splits is None or plan is None:
            return None
        if self._earlier is not None and not splits.passings.passed:
            return self._earlier
        return splits.passings, self._run_by or plan
