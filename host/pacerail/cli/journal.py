"""Where the journal of a race is kept, for whoever takes it over: `race` and `console` keep it in one place."""

from __future__ import annotations

import contextlib
from pathlib import Path

import platformdirs

from pacerail.race.join import save_journal
from pacerail.race.state import Race


def journal_of(plan_hash: str) -> Path:
    """The file with the changes of the race that is run by the plan of this hash."""
    return platformdirs.user_state_path("pacerail") / f"race-{plan_hash}.json"


def keep_journal(race: Race) -> None:
    """Keep it as it is now. A full disk is no reason to refuse a change."""
    with contextlib.suppress(OSError):
        save_journal(race, journal_of(race.plan.hash))
