"""A race night: one rail, the plan in hand, and one race after the other.

What a person asks for comes here, one thing at a time. What cannot be done now is refused with the reason, noted in the
log, and changes nothing. Stop and recall break off what is under way. From `ready` on the boards are looked after,
before, during and after the race, until the next one is made ready.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pacerail.compile import compile_tables
from pacerail.errors import InputError, RailError
from pacerail.fleet import Fleet, Member
from pacerail.gunsources import Source
from pacerail.model.plan import Plan
from pacerail.model.rail import Rail
from pacerail.race.actions import Situation, why_not
from pacerail.race.alone import Alone
from pacerail.race.keep import kept
from pacerail.race.orders import check_order, obey
from pacerail.race.prepare import prepare, synchronise
from pacerail.race.run import finish, follow, listen
from pacerail.race.splits import Splits
from pacerail.race.state import OVER, Event, Observer, Race
from pacerail.shows import DARK, LONGEST_S, NAMED, Show, named

T = TypeVar("T")
IDLE = "idle"
_SHOW_NOTICE_US = 300_000  # a show begins on all boards together, so long after it was asked for
_LOOK_S = 0.05
_END_S = 5.0
_ORDERS = {"arm": "arm", "recall": "recall", "stop": "stop", "undo": "undo", "start": "start", "gun": "ago"}
_DOING = {"arm": "arming", "recall": "recalling", "stop": "stopping"}


@dataclass(frozen=True)
class Showing:
    """A show that is on: one for each board, and the fleet times in us at which it begins and ends."""

    name: str
    shows: tuple[Show, ...]
    begin_us: int
    end_us: int


def _nothing(race: Race) -> None:
    return


async def _made_ready(race: Race) -> None:
    await prepare(race)
    await synchronise(race)


class Night:
    """The races of one rail. `load` finds a plan by what a person calls it; `sources` are the guns to be listened to.

    `begun` is told of each race when it begins to be made ready, `over` when it has come to its end, `changed` whenever
    its plan is another one.
    """

    def __init__(
        self,
        rail: Rail,
        fleet: Fleet,
        load: Callable[[str], Plan],
        sources: Callable[[], Sequence[Source]] = tuple,
        *,
        begun: Callable[[Race], None] = _nothing,
        over: Callable[[Race], None] = _nothing,
        changed: Callable[[Race], None] = _nothing,
    ) -> None:
        self.rail = rail
        self.fleet = fleet
        self.plan: Plan | None = None
        self.confirmed = False
        """A person has confirmed the read-back of the plan in hand."""
        self.race: Race | None = None
        """Under way, next, or the last one."""
        self.splits: Splits | None = None
        """Of the athlete, for the plan in hand."""
        self.sources: Sequence[Source] = ()
        self.events: list[Event] = []
        self.observers: list[Observer] = []
        self.showing: Showing | None = None
        self._load = load
        self._find_sources = sources
        self._begun = begun
        self._over = over
        self._changed = changed
        self._ours = False  # the boards have been made ready, or stopped, from here
        self._tables: Sequence[bytes] = ()
        self._alone = Alone(self.note)
        self._keeper: asyncio.Task[None] | None = None
        self._told_over = asyncio.Event()

    @property
    def phase(self) -> str:
        """The race's phase; "idle" before the first one, and while another plan waits to be made ready."""
        return IDLE if self.race is None else self.race.phase

    @property
    def busy(self) -> str | None:
        """What is under way: "arming"; None while nothing is."""
        return self._alone.busy

    @property
    def situation(self) -> Situation:
        """What decides what can be done now."""
        race = self.race
        steps = () if race is None else race.amended.steps
        race_s = None if race is None else race.race_s()
        return Situation(
            phase=self.phase,
            loaded=self.plan is not None,
            confirmed=self.confirmed,
            has_gun=race is not None and race.gun is not None,
            gone=race_s is not None and race_s >= 0,
            undoable=sum(-1 if step.change is None else 1 for step in steps) > 0,
            marks_left=self.splits is not None and self.splits.passings.next_mark_m is not None,
            busy=self.busy,
        )

    def note(self, words: str, board: str | None = None) -> None:
        """Add to the log of the night."""
        self._take_event(Event(self.fleet.clock(), board, words))

    async def load(self, name: str) -> Plan:
        """Take another plan in hand. Raises InputError for a plan that is wrong, RailError while a race is on."""

        async def work() -> Plan:
            plan = self._load(name)
            tables = compile_tables(plan, self.rail)
            splits = Splits(plan, self.rail.track)
            await self._let_go()
            self.plan, self._tables, self.splits = plan, tables, splits
            self.confirmed = False
            self.race = None
            self.note(f"loaded: {plan.title}, plan {plan.hash}; to be read back and confirmed")
            return plan

        return await self._do("load", "loading", work)

    def confirm(self, plan_hash: str) -> None:
        """The read-back of the plan with this hash is confirmed. Raises RailError if another plan is in hand."""
        self._must("confirm")
        assert self.plan is not None
        if plan_hash != self.plan.hash:
            raise RailError(f"plan {self.plan.hash} is in hand, {plan_hash} was confirmed: read it back again")
        self.confirmed = True
        self.note(f"plan {plan_hash} was read back and confirmed")

    async def ready(self) -> None:
        """Make a new race of the plan in hand: connect, check, upload, sync. Raises RailError when the rail says no.

        Boards that are in a race of another program, or of this one before it was started anew, are left alone.
        """

        async def work() -> None:
            if not self._ours:
                await self._none_in_a_race()
            await self._new_race(_made_ready)

        await self._do("prepare", "making ready", work)

    async def take_over(self, joining: Callable[[Race], Awaitable[None]]) -> None:
        """Go on with the race that the boards run already (see `join`), by the plan in hand.

        It needs no confirmation: the boards name its hash. Raises RailError if they run no such race.
        """

        async def work() -> None:
            await self._new_race(joining)
            self.confirmed = True

        await self._do("prepare", "taking over", work)

    async def order(self, text: str) -> None:
        """Obey an order (see `orders`). Raises InputError for one that is none, RailError for one refused now."""
        wanted = check_order(text)
        action = _ORDERS.get(wanted.verb, "change")
        if action == "start" and wanted.rest[:1] in (("ago",), ("--ago",)):
            action = "ago"
        if action in ("start", "ago"):
            race = self._racing(action)
            await obey(race, text)  # beside a change that may be under way
            return

        async def work() -> None:
            race = self.race
            if action == "stop" and (race is None or race.phase == IDLE):
                await self._all_dark()
                return
            assert race is not None
            if action == "recall" and self.splits is not None:
                self.splits.clear()
            await obey(race, text)
            if action in ("arm", "stop"):
                self.showing = None

        await self._do(action, _DOING.get(action, "changing"), work)

    async def show(self, name: str, seconds: float) -> None:
        """Show something by its name while no race is on. Raises InputError for no such show, RailError if refused."""
        if name not in NAMED:
            raise InputError(f"show {name}: no such show; expected one of {', '.join(NAMED)}")
        if not 1 <= seconds <= LONGEST_S:
            raise InputError(f"show {name} for {seconds:g} s: expected 1 to {LONGEST_S:g} s")

        async def work() -> None:
            # without a race no clock was set by this program, and boards begin when they hear of it
            start_us = None if self.race is None else self.fleet.clock() + _SHOW_NOTICE_US
            shows = named(name, self.rail, seconds)
            await self._show(shows, start_us)
            begin_us = start_us or self.fleet.clock()
            self.showing = Showing(name, tuple(shows), begin_us, begin_us + round(seconds * 1e6))
            self.note(f"show: {name}, for {seconds:g} s")

        await self._do("show", "beginning a show", work)

    async def dark(self) -> None:
        """End the show that is on."""

        async def work() -> None:
            await self._show([DARK] * len(self.fleet.members), None)
            self.showing = None
            self.note("dark")

        await self._do("show", "ending the show", work)

    def split(self, fleet_us: int) -> None:
        """The athlete passed the next mark at a fleet time. Raises RailError for a press that cannot be one."""
        race = self._racing("athlete")
        assert self.splits is not None
        self.note(self.splits.press(race, fleet_us))

    def undo_split(self) -> None:
        """The athlete's last press is taken back. Raises RailError when there is none."""
        self.note(self._splits().undo())

    def marks(self, every: str) -> None:
        """At which marks the athlete is timed. Raises RailError for words that name none."""
        self.note(self._splits().mark_every(every))

    async def close(self) -> None:
        """Look after the boards no longer; what they show is left alone."""
        await self._alone.close()
        await self._let_go()

    def _splits(self) -> Splits:
        if self.splits is None:
            raise RailError("no plan is loaded")
        return self.splits

    def _must(self, action: str) -> None:
        refusal = why_not(self.situation, action)
        if refusal is not None:
            raise RailError(refusal)

    def _racing(self, action: str) -> Race:
        self._must(action)
        assert self.race is not None
        return self.race

    async def _do(self, action: str, doing: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do one thing, alone. Raises RailError if it cannot be done now, or was broken off by stop or recall."""
        self._must(action)
        return await self._alone.do(doing, work)

    async def _none_in_a_race(self) -> None:
        """Raises RailError if any board is: its lights are not to go out because somebody wants to be ready."""

        async def look(member: Member) -> None:
            member.status = await member.client.status()

        await self.fleet.try_each(look)
        on = [m.name for m in self.fleet.members if m.status is not None and m.status.state in ("armed", "running")]
        if on:
            raise RailError(
                f"{', '.join(on)}: in a race that was not started from here; stop ends it, pacerail console --join "
                "takes it over"
            )

    async def _new_race(self, begin: Callable[[Race], Awaitable[None]]) -> None:
        plan = self.plan
        assert plan is not None
        await self._let_go()
        for member, table in zip(self.fleet.members, self._tables, strict=True):
            member.table = table
        race = self.race = Race(plan, self.rail, self.fleet, self._take_event, self._changed)
        if self.splits is not None:
            self.splits.clear()
        self._begun(race)
        try:
            await begin(race)
        except RailError:
            race.enter(IDLE)
            raise
        self._ours = True
        self._told_over.clear()
        keeper = asyncio.ensure_future(self._keep(race))
        keeper.add_done_callback(self._no_longer_kept)
        self._keeper = keeper

    async def _keep(self, race: Race) -> None:
        """Look after the boards, for as long as this race is the one."""
        async with kept(race):
            sources = self.sources = self._find_sources()
            listening = [asyncio.ensure_future(listen(race, source)) for source in sources]
            try:
                await follow(race)
                while self.busy == "stopping":  # it is still on its way to the boards
                    await asyncio.sleep(_LOOK_S)
            finally:
                for listener in listening:
                    listener.cancel()
                await asyncio.gather(*listening, return_exceptions=True)
            found, race.shortcomings = race.shortcomings, []
            await finish(race)
            race.shortcomings[:0] = found
            for words in race.shortcomings:
                self.note(words)
            self._over(race)
            self._told_over.set()
            await asyncio.get_running_loop().create_future()

    def _no_longer_kept(self, keeper: asyncio.Task[None]) -> None:
        if not keeper.cancelled() and (error := keeper.exception()) is not None:
            self.note(f"FAULT of this program, the boards are not looked after: {error!r}; prepare again")
            if self.race is not None and self.race.phase not in OVER:
                self.race.enter("interrupted")

    async def _let_go(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None and not keeper.done():
            if self.phase in OVER:  # how it ended is still to be asked
                waiting = asyncio.ensure_future(self._told_over.wait())
                await asyncio.wait([waiting, keeper], timeout=_END_S, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
            keeper.cancel()
            await asyncio.wait([keeper])

    async def _all_dark(self) -> None:
        """Stop boards that are in no race of this program: what another one left running."""
        failed = await self.fleet.try_each(lambda member: member.client.stop())
        self.showing = None
        self._ours = True
        for name, error in failed.items():
            self.note(f"could not be stopped: {error}", name)
        self.note("stopped: dark")

    async def _show(self, shows: Sequence[Show], start_us: int | None) -> None:
        payloads = {member.name: show.payload(start_us) for member, show in zip(self.fleet.members, shows, strict=True)}
        failed = await self.fleet.try_each(lambda member: member.client.show(payloads[member.name]))
        if len(failed) == len(payloads):
            raise RailError(f"no board shows it: {next(iter(failed.values()))}")
        for name, error in failed.items():
            self.note(f"does not show it: {error}", name)

    def _take_event(self, event: Event) -> None:
        self.events.append(event)
        for observer in self.observers:
            with contextlib.suppress(Exception):  # a log that cannot be written is no reason not to recall
                observer(event)
