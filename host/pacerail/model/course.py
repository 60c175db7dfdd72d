"""One wave under way in a race, and what each change of plan makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pacerail.model import bridge, motion
from pacerail.model.bridge import MAX_ACCELERATION_MPS2, MAX_SPEED_MPS, Backwards
from pacerail.model.changes import EASE_S, Begin, Change, End, Freeze, Hide, Resume, Retarget, Shift, Show
from pacerail.model.group import Begun, group_wave, waits_dark
from pacerail.model.plan import Wave
from pacerail.model.profile import Profile
from pacerail.model.units import format_time
from pacerail.model.wave import MAX_RACE_S, complete_wave, own_wave
from pacerail.model.windows import Lighting, Mode, lit_s

STOP_S = 1.0
"""A smooth wave stops, and goes on, over so long, or longer if it is fast."""
STOP_MPS2 = 7.0
_SAME_M = 1e-6


class NotNow(ValueError):
    """The change has no meaning for this wave now: one for all waves leaves this one out."""


@dataclass(frozen=True, eq=False)
class Stand:
    """Since when a wave was made to stand, and how it would have run on."""

    since_s: float
    run: Profile


@dataclass(frozen=True, eq=False)
class Course:
    """A wave as it is after the changes so far.

    No run jumps after ``since_s``: what lies before the latest change is never met again.
    """

    wave: Wave
    stand: Stand | None = None
    lighting: tuple[Lighting, ...] = ()
    since_s: float = 0.0
    """Race time of the latest change of its movement."""
    begun: Begun | None = None
    """Of a group: since when it runs, or waits."""

    @property
    def mode(self) -> Mode:
        """What the latest change says of when it is lit."""
        return self.lighting[-1][1] if self.lighting else "plan"


def course_of(wave: Wave) -> Course:
    """A wave of a plan that nothing was changed of yet."""
    if not wave.waits:
        return Course(wave)
    return Course(wave, lighting=waits_dark(wave.spec, 0.0), begun=Begun(None, 0.0, None))


def changed(course: Course, change: Change, at_s: float, *, forced: bool) -> Course:
    """The course after a change that takes effect at ``at_s`` (race time, 0 or more; 0: before the gun).

    Raises Backwards when the light would move backwards and it is not ``forced``, NotNow when the change means nothing
    here, and ValueError for what no board can do.
    """
    if isinstance(change, Hide | Show):
        return _lit(course, "dark" if isinstance(change, Hide) else "lit", at_s)
    if isinstance(change, Begin):
        return _begun(course, change, at_s, forced)
    if isinstance(change, End):
        return _ended(course, at_s)
    wave = course.wave
    if wave.waits:
        raise NotNow("it waits at its start line; expected a wave that runs: begin it first")
    if at_s >= wave.finish_s:
        raise NotNow(f"it finished at {format_time(wave.finish_s)}; expected a wave that still runs")
    match change:
        case Shift():
            return _shifted(course, change, at_s, forced)
        case Retarget(_, finish_s):
            return _retargeted(course, finish_s, at_s)
        case Freeze():
            return _frozen(course, at_s)
        case Resume():
            return _resumed(course, at_s, forced)


def taken_back(now: Course, before: Course, at_s: float, *, forced: bool) -> Course:
    """The course that leads from ``now`` back to what it was ``before`` a change, from ``at_s`` on.

    Eased over EASE_S, or as much longer as it takes. Raises as `changed` does.
    """
    if now.begun is not before.begun:
        return _put_back(now, before, at_s, forced)
    lighting: tuple[Lighting, ...] = now.lighting
    if now.mode != before.mode:
        lighting = (*lighting, (at_s, before.mode))
    if now.wave.run is before.wave.run:
        if at_s >= now.wave.over_s:
            raise NotNow(f"it is over since {format_time(now.wave.over_s)}; expected a wave that still runs")
        return _relit(now, lighting)
    if at_s >= now.wave.finish_s:
        raise NotNow(f"it finished at {format_time(now.wave.finish_s)}; expected a wave that still runs")
    here, there = _run(now, at_s), _run(before, at_s)
    try:
        run = bridge.ease_soonest(here, there, at_s, EASE_S)
    except Backwards:
        run = bridge.jump(here, there, at_s, forced=forced)
    return _moving(now, run, at_s, before.stand, lighting)


def _shifted(course: Course, shift: Shift, at_s: float, forced: bool) -> Course:
    run, stand, amount = _run(course, at_s), course.stand, shift.amount
    if shift.unit == "m":
        new = motion.moved(run, by_m=amount)
        if stand:
            stand = replace(stand, run=motion.moved(stand.run, by_m=amount))
    elif stand:
        raise NotNow("it stands, and time does not move it; expected a shift in metres, or resume it first")
    elif at_s <= 0:
        new = motion.moved(run, earlier_s=amount)
    elif amount > 0:
        new = motion.later(run, -amount)
    else:
        # where it was so long ago; but nothing from before an earlier change, and eased nothing from before this one
        new = motion.later(motion.from_time(run, at_s if shift.over_s else course.since_s), -amount)
    if at_s <= 0:
        return _moving(course, new, at_s, stand)
    if shift.over_s:
        try:
            return _moving(course, bridge.ease(run, new, at_s, shift.over_s), at_s, stand)
        except Backwards:
            if not forced:
                raise
            if shift.unit == "s" and amount < 0:
                new = motion.later(motion.from_time(run, course.since_s), -amount)
    return _moving(course, bridge.jump(run, new, at_s, forced=forced), at_s, stand)


def _retargeted(course: Course, finish_s: float, at_s: float) -> Course:
    if course.stand:
        raise NotNow("it stands; expected it to run: resume it first")
    finish_s += course.wave.begun_s
    if finish_s <= at_s:
        raise ValueError(
            f"{format_time(finish_s)} is gone when this takes place, at {format_time(at_s)}; expected a later finish"
        )
    if finish_s > MAX_RACE_S:
        raise ValueError(f"{format_time(finish_s)} is too late; expected {format_time(MAX_RACE_S)} at most")
    run = _run(course, at_s)
    new = motion.stretched(run, at_s, (finish_s - at_s) / (course.wave.finish_s - at_s))
    if at_s <= 0:
        return _moving(course, new, at_s, None)
    if not course.wave.smooth:
        joined = motion.joined([motion.until_exactly(run, at_s), new])
        return _moving(course, joined, at_s, None)
    over_s = min(EASE_S, (finish_s - at_s) / 2)  # it is to be at its new pace well before its finish
    try:
        return _moving(course, bridge.ease(run, new, at_s, over_s), at_s, None)
    except Backwards:
        raise bridge.TooFast(
            "it would all but stop, and too suddenly for a smooth wave; expected an earlier finish"
        ) from None


def _frozen(course: Course, at_s: float) -> Course:
    if course.stand:
        raise NotNow(f"it stands since {format_time(course.stand.since_s)}; expected a wave that runs")
    run = _run(course, at_s)
    stand = Stand(at_s, run)
    speed_mps = run.speed_mps(at_s)
    if at_s <= 0:
        return _moving(course, motion.steady(0.0, run.start_m, 0.0, 1.0), at_s, stand)
    if course.wave.smooth and speed_mps > 0:
        over_s = max(STOP_S, speed_mps / STOP_MPS2)
        place_m = run.distance_m(at_s + over_s / 2)
        try:
            eased = bridge.ease(run, motion.steady(at_s, place_m, 0.0, over_s), at_s, over_s)
            return _moving(course, motion.until_time(eased, at_s + over_s), at_s, stand)
        except (Backwards, bridge.TooFast):
            pass  # its run comes to a stand right there by itself
    there = motion.steady(at_s, run.distance_m(at_s), 0.0, 1.0)
    return _moving(course, bridge.jump(run, there, at_s, forced=True), at_s, stand)


def _resumed(course: Course, at_s: float, forced: bool) -> Course:
    stand = course.stand
    if not stand:
        raise NotNow("it does not stand; expected a wave that was frozen")
    here = course.wave.run
    new = motion.later(stand.run, at_s - stand.since_s)
    if at_s <= 0:
        return _moving(course, stand.run, at_s, None)
    if not course.wave.smooth and abs(here.distance_m(at_s) - new.distance_m(at_s)) < _SAME_M:
        return _moving(course, bridge.jump(here, new, at_s, forced=True), at_s, None)
    over_s = max(STOP_S, new.speed_mps(at_s + STOP_S) / STOP_MPS2)
    try:
        run = bridge.ease_soonest(here, new, at_s, over_s)
    except Backwards:
        run = bridge.jump(here, new, at_s, forced=forced)
    return _moving(course, run, at_s, None)


def _begun(course: Course, begin: Begin, at_s: float, forced: bool) -> Course:
    spec, begun = course.wave.spec, course.begun
    if begun is None:
        raise NotNow('it starts with the gun; expected a group, that is a wave with starts = "order"')
    if not course.wave.waits and at_s < course.wave.finish_s and not forced:
        until = "stands" if course.stand else f"runs until {format_time(course.wave.finish_s)}"
        raise NotNow(
            f"it was begun at {format_time(course.wave.begun_s)} and {until}; "
            "expected it to have finished, or end it first, or it forced"
        )
    zero_s = max(at_s, 0.0) + begin.in_s if begin.zero_s is None else begin.zero_s
    if zero_s < 0:
        raise ValueError(f"{-zero_s:.3f} s before the gun; expected it to begin at the gun or later")
    own = own_wave(spec)
    if zero_s + own.finish_s <= at_s:
        raise ValueError(
            f"it would have finished at {format_time(zero_s + own.finish_s)}, before this takes place at "
            f"{format_time(at_s)}; expected it to begin later than {format_time(zero_s)}"
        )
    now = replace(course, begun=Begun(zero_s, at_s, course.wave))
    return _moving(now, motion.later(own.run, zero_s), at_s, None, ())


def _ended(course: Course, at_s: float) -> Course:
    if course.begun is None:
        raise NotNow('it starts with the gun; expected a group, that is a wave with starts = "order"')
    if course.wave.waits:
        raise NotNow("it waits at its start line already; expected one that was begun")
    now = replace(course, begun=Begun(None, at_s, course.wave))
    run = motion.steady(0.0, own_wave(course.wave.spec).motion.start_m, 0.0, 1.0)
    return _moving(now, run, at_s, None, waits_dark(course.wave.spec, at_s))


def _put_back(now: Course, before: Course, at_s: float, forced: bool) -> Course:
    """The group as it was before it was begun, or before its run was broken off."""
    if not now.wave.waits and at_s >= now.wave.finish_s:
        raise NotNow(f"it finished at {format_time(now.wave.finish_s)}; expected a wave that still runs")
    if now.begun is not None and now.begun.runs(at_s) and not forced:
        raise Backwards(
            f"it has run since {format_time(now.wave.begun_s)} and would jump back; expected end instead of undo, "
            "or it forced"
        )
    assert before.begun is not None
    course = replace(now, begun=Begun(before.begun.zero_s, at_s, now.wave))
    return _moving(course, before.wave.run, at_s, before.stand, before.lighting)


def _lit(course: Course, mode: Mode, at_s: float) -> Course:
    if at_s >= course.wave.over_s:
        raise NotNow(f"it is over since {format_time(course.wave.over_s)}; expected a wave that still runs")
    if course.mode == mode:
        raise NotNow(f"it is {'hidden' if mode == 'dark' else 'shown'} already; expected a wave that is not")
    return _relit(course, (*course.lighting, (at_s, mode)))


def _relit(course: Course, lighting: tuple[Lighting, ...]) -> Course:
    wave = course.wave
    if course.begun is not None:
        spans = group_wave(wave.spec, wave.run, lighting, course.begun).windows_s
    else:
        spans = lit_s(wave.spec, wave.motion, wave.over_s, lighting)
    return replace(course, wave=replace(wave, windows_s=spans), lighting=lighting)


def _run(course: Course, at_s: float) -> Profile:
    """The run so far, gone on far enough for whatever is asked of it; a standing one ends where it stands."""
    run = course.wave.run
    return run if course.stand else motion.lasting(run, at_s + 2 * MAX_RACE_S)


def _moving(
    course: Course, run: Profile, at_s: float, stand: Stand | None, lighting: tuple[Lighting, ...] | None = None
) -> Course:
    kept = course.lighting if lighting is None else lighting
    spec, run = course.wave.spec, motion.merged(run)
    wave = complete_wave(spec, run, kept) if course.begun is None else group_wave(spec, run, kept, course.begun)
    speed_mps = wave.motion.max_speed_mps
    if speed_mps > MAX_SPEED_MPS + 1e-6:
        raise bridge.TooFast(f"it would move at {speed_mps:.1f} m/s; expected {MAX_SPEED_MPS:g} m/s at most")
    change_mps2 = wave.motion.max_acceleration_mps2
    if change_mps2 > MAX_ACCELERATION_MPS2 + 1e-6:
        raise bridge.TooFast(
            f"it would change its speed by {change_mps2:.0f} m/s in a second; "
            f"expected {MAX_ACCELERATION_MPS2:g} at most"
        )
    return Course(wave, stand, kept, at_s, course.begun)
