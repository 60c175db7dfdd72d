"""The race's side of the console: it publishes what is, and does what is asked for. It runs in the race's event loop.

Everything that leaves here is bytes that nobody changes any more. Nothing here waits for a viewer.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pacerail.console import messages as m
from pacerail.console.ages import too_old
from pacerail.console.light import Light
from pacerail.console.past import Past
from pacerail.console.state import moment
from pacerail.console.told import plan_told
from pacerail.errors import InputError, RailError
from pacerail.model.athlete import Passings
from pacerail.model.plan import Plan
from pacerail.race.night import Night
from pacerail.race.state import Event, Level

PIXELS_HZ = 30
STATES_HZ = 10
_STATE_EVERY = PIXELS_HZ // STATES_HZ
_KEEPS_UP = 0.95
_SHARE = 0.5  # of the loop's time at most: on a slow machine there are fewer pictures


class Outlet(Protocol):
    """Where what is published goes to: at once, whatever becomes of it."""

    def put_state(self, state: bytes, feed: bytes) -> None:
        """The state for the console's pages, an object of JSON that is still open at its end, and the feed's."""
        ...

    def put_plan(self, data: bytes) -> None:
        """The plan as it is now, as JSON."""
        ...

    def put_event(self, data: bytes) -> None:
        """A line of the log, as JSON."""
        ...

    def put_rows(self, rows: Mapping[int, bytes]) -> None:
        """What some boards show now."""
        ...


@dataclass(frozen=True)
class Pace:
    """How time goes in the race's loop: `rate` in the loop's seconds in a second, None for as fast as it goes.

    `fleet_us_at` is the fleet time in us at a time of time.monotonic() that has been; `catch_up` lets what is simulated
    come up to now.
    """

    rate: float | None
    fleet_us_at: Callable[[float], int]
    catch_up: Callable[[], None] = lambda: None


def real_pace(clock: Callable[[], int]) -> Pace:
    """The pace of a real rail, by its clock of fleet time."""
    return Pace(1.0, lambda at_s: clock() - round((time.monotonic() - at_s) * 1e6))


class Desk:
    """Publishes a night until cancelled, and does what viewers ask for."""

    def __init__(self, night: Night, light: Light, pace: Pace, outlet: Outlet) -> None:
        self.night = night
        self.report: Callable[[], str | None] = lambda: None
        """The report of the last race as JSON; None before one is over."""
        self._light = light
        self._pace = pace
        self._past = Past(pace.fleet_us_at)
        self._outlet = outlet
        self._rows: list[bytes] = []
        self._told_plan: tuple[Plan, Plan, bool] | None = None
        self._seq = 0
        self._troubles: set[str] = set()
        self.rate = pace.rate or 1.0
        """Virtual seconds in a second, measured where they are not as was asked for."""
        self._rate_from: tuple[float, int] = (time.monotonic(), night.fleet.clock())

    async def run(self) -> None:
        """Publish until cancelled."""
        self.night.observers.append(self._event)
        for event in self.night.events:
            self._event(event)
        rate = self._pace.rate
        step_s = 0.1 if rate is None else rate / PIXELS_HZ
        # where time is paced the steps are; and one that comes a little late is not to cost the next one
        least_s = (0.9 if rate is None else 0.4) / PIXELS_HZ
        due = 0.0
        count = 0
        try:
            while True:
                begun = time.monotonic()
                if begun >= due:
                    self._pace.catch_up()
                    self._publish(count % _STATE_EVERY == 0)
                    count += 1
                    due = begun + max(least_s, (time.monotonic() - begun) / _SHARE)
                await asyncio.sleep(step_s)
        finally:
            self.night.observers.remove(self._event)

    async def act(self, who: str, wish: m.Wish, at_s: float) -> None:
        """Do what a viewer asked for at a time of time.monotonic(). Raises RailError, logged, for what is refused.

        How old it is counts here, where it is done: wherever it was held up on its way.
        """
        try:
            why = too_old(wish, time.monotonic() - at_s)
            if why is not None:
                raise RailError(why)
            await self._act(who, wish, self._past.fleet_us_at(at_s))
        except (InputError, RailError) as error:
            why = "; ".join(error.messages) if isinstance(error, InputError) else str(error)
            self.night.note(f"{who}: {m.words(wish)}: refused: {why}", level="warn")
            raise RailError(why) from error
        finally:
            self.publish_state()

    def note(self, words: str, level: Level = "info") -> None:
        """A line for the log, from the server."""
        self.night.note(words, level=level)

    def athlete(self) -> tuple[Passings, Plan] | None:
        """The athlete's passings and the plan as it was run by, until the next race is armed; None without a plan."""
        return self.night.athlete.passed

    async def _act(self, who: str, wish: m.Wish, at_us: int) -> None:
        night = self.night
        match wish:
            case m.Load(plan):
                night.note(f"{who}: load {plan}")
                await night.load(plan)
            case m.Confirm(plan_hash):
                night.confirm(plan_hash)
            case m.Prepare(without):
                night.note(f"{who}: {m.words(wish)}")
                await night.ready(without)
            case m.Order(order):
                night.note(f"{who}: {order}")
                await night.order(order, at_us)
            case m.Show(name, seconds):
                await night.show(name, seconds)
            case m.Dark():
                await night.dark()
            case m.Split(distance_m=distance_m):
                night.athlete.split(at_us, distance_m)
            case m.SplitMiss():
                night.athlete.miss()
            case m.SplitUndo():
                night.athlete.undo()
            case m.Marks(every):
                night.athlete.marks(every)

    def _publish(self, state: bool) -> None:
        try:
            self._publish_pixels()
            if state:
                self.publish_state()
        except Exception as error:  # the page's trouble must not become the race's
            if repr(error) not in self._troubles:
                self._troubles.add(repr(error))
                self.night.note(f"FAULT of this program, the page may be behind: {error!r}", level="bad")

    def publish_state(self) -> None:
        """Publish the state as it is now, and the plan if it has changed."""
        night = self.night
        if night.plan is not None:
            now = night.plan if night.race is None else night.race.plan_now
            told = (night.plan, now, night.confirmed)
            if told != self._told_plan:
                self._told_plan = told
                self._outlet.put_plan(_json(plan_told(night.plan, now, night.rail, confirmed=night.confirmed)))
        self._seq += 1
        made_s = time.monotonic()
        if self._pace.rate is not None:
            self._past.see(made_s)
        told_now = moment(night, self._seq, self._measured_rate())
        self._outlet.put_state(_json({**told_now.state, "mono_ms": round(made_s * 1000, 2)})[:-1], _json(told_now.feed))

    def _publish_pixels(self) -> None:
        rows = self._light.rows()
        changed = {b: row for b, row in enumerate(rows) if not self._rows or row != self._rows[b]}
        if changed:
            self._rows = rows
            self._outlet.put_rows(changed)

    def _measured_rate(self) -> float:
        """What was asked for, as long as this computer keeps up; else what it comes to, second by second."""
        at_s, fleet_us = self._rate_from
        now_s, now_us = time.monotonic(), self.night.fleet.clock()
        if now_s - at_s >= 1:
            rate = round((now_us - fleet_us) / 1e6 / (now_s - at_s), 2)
            wanted = self._pace.rate
            self.rate = rate if wanted is None or rate < _KEEPS_UP * wanted else wanted
            self._rate_from = (now_s, now_us)
        return self.rate

    def _event(self, event: Event) -> None:
        race = self.night.race
        gun = None if race is None else race.gun
        told: dict[str, Any] = {
            "type": "event",
            "fleet_us": event.fleet_us,
            "race_s": None if gun is None else round((event.fleet_us - gun.zero_us) / 1e6, 3),
            "board": event.board,
            "words": event.words,
            "level": event.level,
        }
        self._outlet.put_event(_json(told))


def _json(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
