"""A race night: one rail, the plan in hand, and one race after the other.

What a person asks for comes here, one thing at a time. What cannot be done now is refused with the reason, noted in the
log, and changes nothing. Stop and recall break off what is under way. From `ready` on the boards are looked after,
before, during and after the race, until the next one is made ready.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from typing import Any, TypeVar

from pacerail.compile import compile_tables
from pacerail.errors import RailError
from pacerail.fleet import BoardsFailed, Fleet, spare
from pacerail.gunsources import Source
from pacerail.model.changes import Begin
from pacerail.model.plan import Plan
from pacerail.model.rail import Rail
from pacerail.race.actions import AT_ONCE, Situation, why_not
from pacerail.race.alone import Alone
from pacerail.race.athletenow import AthleteNow, Hand
from pacerail.race.change import change
from pacerail.race.groups import Button, fitting, watch_buttons
from pacerail.race.keeper import Keeper
from pacerail.race.orders import check_age, check_order, obey
from pacerail.race.prepare import prepare, synchronise
from pacerail.race.showing import Showing, Shows, check_show
from pacerail.race.state import Event, Level, Observer, Race
from pacerail.race.strangers import Strangers

T = TypeVar("T")
IDLE = "idle"
_ORDERS = {verb: verb for verb in ("arm", "recall", "stop", "undo", "start", "begin")} | {"gun": "ago"}
_DOING = {"arm": "arming", "recall": "recalling", "stop": "stopping"}


async def _made_ready(race: Race) -> None:
    await prepare(race)
    await synchronise(race)


class Night:
    """The races of one rail. `load` finds a plan by what a person calls it; `sources` are the guns to be listened to.

    `without` are boards that it may do without (see `Member.spared`). `buttons` are the words of `--button`: those
    that fit the plan in hand begin its groups, the others are told of. `begun` is told of each race when it begins
    to be made ready, `over` when it has come to its end, `changed` whenever its plan is another one, or what its
    athlete has passed.
    """

    def __init__(
        self,
        rail: Rail,
        fleet: Fleet,
        load: Callable[[str], Plan],
        sources: Callable[[], Sequence[Source]] = tuple,
        *,
        without: Collection[str] = (),
        buttons: Sequence[str] = (),
        begun: Callable[[Race], None] = lambda race: None,
        over: Callable[[Race], None] = lambda race: None,
        changed: Callable[[Race], None] = lambda race: None,
    ) -> None:
        self.rail = rail
        self.fleet = fleet
        self.plan: Plan | None = None
        self.confirmed = False
        """A person has confirmed the read-back of the plan in hand."""
        self.race: Race | None = None
        """Under way, next, or the last one."""
        self.sources: Sequence[Source] = ()
        self.buttons: Sequence[Button] = ()
        """Those that fit the plan in hand."""
        self.missing: Sequence[str] = ()
        """Boards because of which the race could not be made ready when that was tried last."""
        self.strangers = Strangers(fleet, lambda: self._ours or self.phase != IDLE, self._warn)
        self.events: list[Event] = []
        self.observers: list[Observer] = []
        self._load = load
        self._find_sources = sources
        self._without = without
        self._button_texts = buttons
        self._begun = begun
        self._over = over
        self._changed = changed
        self._ours = False  # the boards have been made ready, or stopped, from here
        self._tables: Sequence[bytes] = ()
        self._alone = Alone(self._warn)
        self.athlete = AthleteNow(lambda: Hand(self.plan, self.race), self._must, self.note, changed)
        self._shows = Shows(rail, fleet, self.note)
        self._keeper = Keeper(self._beside_the_race, self._ended, lambda: self.busy == "stopping")
        self._heard_for: Race | None = None  # the race for which `sources` were found

    @property
    def phase(self) -> str:
        """The race's phase; "idle" before the first one, and while another plan waits to be made ready."""
        return IDLE if self.race is None else self.race.phase

    @property
    def busy(self) -> str | None:
        """What is under way: "arming"; None while nothing is."""
        return self._alone.busy

    @property
    def showing(self) -> Showing | None:
        """The show that was begun last, unless it was ended."""
        return self._shows.now

    @property
    def situation(self) -> Situation:
        """What decides what can be done now."""
        race, splits = self.race, self.athlete.splits
        steps = () if race is None else race.amended.steps
        race_s = None if race is None else race.race_s()
        return Situation(
            phase=self.phase,
            loaded=self.plan is not None,
            confirmed=self.confirmed,
            has_gun=race is not None and race.gun is not None,
            gone=race_s is not None and race_s >= 0,
            undoable=sum(-1 if step.change is None else 1 for step in steps) > 0,
            marks_left=splits is not None and splits.passings.next_mark_m is not None,
            busy=self.busy,
            groups=self.plan is not None and any(wave.spec.by_order for wave in self.plan.waves),
            strangers=self.strangers.words,
            noted=splits is not None and splits.passings.before is not None,
        )

    def note(self, words: str, board: str | None = None, level: Level = "info") -> None:
        """Add to the log of the night."""
        self._take_event(Event(self.fleet.clock(), board, words, level))

    def _warn(self, words: str) -> None:
        self.note(words, level="warn")

    async def load(self, name: str) -> Plan:
        """Take another plan in hand. Raises InputError for a plan that is wrong, RailError while a race is on."""

        async def work() -> Plan:
            plan = self._load(name)
            tables = compile_tables(plan, self.rail)
            take_athlete = self.athlete.new_plan(plan, self.rail.track)
            await self._let_go()
            take_athlete()
            self.plan, self._tables = plan, tables
            self.confirmed = False
            self.race = None
            self.note(f"loaded: {plan.title}, plan {plan.hash}; to be read back and confirmed")
            self.buttons, unfit = fitting(self._button_texts, plan, self.rail)
            for why in unfit:
                self._warn(f"not heard with this plan: {why}")
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

    async def ready(self, without: Collection[str] = ()) -> None:
        """Make a new race of the plan in hand: connect, check, upload, sync. Raises RailError when the rail says no.

        It does without those boards, if they fail. Boards that are in a race of another program, or of this one before
        it was started anew, are left alone.
        """

        async def work() -> None:
            spare(self.fleet.members, {*self._without, *without})
            if not self._ours:
                await self._none_in_a_race()
            self.missing = ()
            try:
                await self._new_race(_made_ready)
            except BoardsFailed as error:
                self.missing = error.names
                raise

        await self._do("prepare", "making ready", work)

    async def take_over(self, joining: Callable[[Race], Awaitable[None]]) -> None:
        """Go on with the race that the boards run already (see `join`), by the plan in hand.

        It needs no confirmation: the boards name its hash. Raises RailError if they run no such race, and if a stop or
        a recall breaks it off.
        """
        await self._do("join", "taking over", lambda: self._new_race(joining))

    async def order(self, text: str, at_us: int | None = None) -> None:
        """Obey an order (see `orders`). Raises InputError for one that is none, RailError for one refused now.

        `at_us` is the fleet time at which it was pressed, where that is known: see `obey`.
        """
        wanted = check_order(text)
        if self.race is not None:
            check_age(self.race, wanted.verb, at_us)
        action = _ORDERS.get(wanted.verb, "change")
        if action == "start" and wanted.rest[:1] in (("ago",), ("--ago",)):
            action = "ago"
        if action == "begin":
            await self._beside_changes(lambda: obey(self._racing(action), text, at_us))
            return
        if action in ("start", "ago"):
            race = self._racing(action)
            await obey(race, text, at_us)  # beside a change that may be under way
            return

        async def work() -> None:
            race = self.race
            if action == "stop" and (race is None or race.phase == IDLE):
                await self._all_dark()
                return
            assert race is not None
            run_by = race.plan_now
            try:
                await obey(race, text, at_us)
            finally:
                if action == "recall" and race.phase not in ("armed", "running"):
                    self.athlete.hold(run_by)
            if action in ("arm", "stop"):
                self._shows.now = None

        await self._do(action, _DOING.get(action, "changing"), work)

    async def show(self, name: str, seconds: float) -> None:
        """Show something by its name while no race is on. Raises InputError for no such show, RailError if refused."""
        check_show(name, seconds)

        async def work() -> None:
            # without a race no clock was set by this program, and boards begin when they hear of it
            await self._shows.begin(name, seconds, together=self.race is not None)

        await self._do("show", "beginning a show", work)

    async def dark(self) -> None:
        """End the show that is on."""
        await self._do("show", "ending the show", self._shows.dark)

    async def close(self) -> None:
        """Look after the boards no longer; what they show is left alone.

        A stop or a recall that is on its way to them is waited for, some 3 s at most; boards that were being armed are
        unarmed again.
        """
        await self.strangers.close()
        await self._alone.close()
        if self.race is not None:
            await self.race.heard_through()
        await self._let_go()

    async def _let_go(self) -> None:
        await self._keeper.let_go()
        await self.athlete.timing.let_go()

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
        return await self._alone.do(doing, work, lasting=action in AT_ONCE)

    async def _press(self, race: Race, wanted: Begin) -> None:
        """A button begins its group."""
        await self._beside_changes(lambda: change(race, wanted))

    async def _beside_changes(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin a group, now, whatever change is on its way to the boards. Raises RailError as `_do` does."""
        self._must("begin")
        await self._alone.beside("changing", work)

    async def _none_in_a_race(self) -> None:
        """Raises RailError if any board is: its lights are not to go out because somebody wants to be ready."""
        await self.strangers.look()
        if words := self.strangers.words:
            raise RailError(words)

    async def _new_race(self, begin: Callable[[Race], Awaitable[None]]) -> None:
        plan = self.plan
        assert plan is not None
        await self._let_go()
        for member, table in zip(self.fleet.members, self._tables, strict=True):
            member.table = table
        if self.race is not None:
            self.athlete.hold(self.race.plan_now)
        race = self.race = Race(
            plan, self.rail, self.fleet, self._take_event, self._changed, armed=lambda _: self.athlete.clear()
        )
        self.athlete.timing.begin(race)
        race.taken_over = lambda: self._taken_over(race)
        try:
            self._begun(race)
            await begin(race)
        except asyncio.CancelledError:
            if race.phase == "running":  # a recall or a stop of one that is being taken over: its boards are known
                self._keeper.begin(race)
            raise
        except Exception:  # also a fault of this program: nobody is making it ready any more
            if not race.called_off:
                race.enter(IDLE)
            raise
        self._ours = True
        self._keeper.begin(race)

    def _taken_over(self, race: Race) -> None:
        """It is known what the boards run, and that it is the plan in hand."""
        self._ours = self.confirmed = True
        self.athlete.timing.taken_over(race)

    def _beside_the_race(self, race: Race) -> list[Coroutine[Any, Any, None]]:
        """What goes on while the race is kept: its guns and its buttons are heard."""
        if self._heard_for is not race:
            self._heard_for, self.sources = race, self._find_sources()
        guns = [self.athlete.timing.listen(race, source) for source in self.sources]
        return [*guns, watch_buttons(race, self.buttons, self._press)]

    def _ended(self, race: Race) -> None:
        for words in race.shortcomings:
            self.note(words, level="bad")
        self._over(race)

    async def _all_dark(self) -> None:
        """Stop boards that are in no race of this program: what another one left running."""
        failed = await self.fleet.try_each(lambda member: member.client.stop())
        self._shows.now = None
        self._ours = True
        for name, error in failed.items():
            self.note(f"could not be stopped: {error}", name, "bad")
        self.note("stopped: dark")

    def _take_event(self, event: Event) -> None:
        self.events.append(event)
        for observer in self.observers:
            with contextlib.suppress(Exception):  # a log that cannot be written is no reason not to recall
                observer(event)
