"""Many boards at once: a thread each, and one bad board stops no other."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from pacerail.flash.gather import SayOf, Wanted, gather
from pacerail.flash.job import flash
from pacerail.flash.target import Outcome, Say, Target, Tools


def flash_all(boards: Sequence[Wanted], tools: Tools, say: SayOf, finished: Callable[[Outcome], None]) -> list[Outcome]:
    """Flash every board; outcomes in the boards' order. `finished` is called as each is done.

    On Ctrl-C every board stops between two steps, with its old firmware or its new one; then KeyboardInterrupt goes on.
    """
    outcomes: list[Outcome] = []

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        finished(outcome)

    # mpremote prints what it did not understand; standard output is for the summary
    with contextlib.redirect_stdout(io.StringIO()):
        gathered = gather(boards, tools, say)
        for outcome in gathered.outcomes:
            done(outcome)
        targets, shared = _own_ports(gathered.targets)
        for outcome in shared:
            done(outcome)
        _at_once(targets, tools, say, done)
    order = {board.name: place for place, board in enumerate(boards)}
    return sorted(outcomes, key=lambda outcome: order[outcome.name])


def _own_ports(targets: Sequence[Target]) -> tuple[list[Target], list[Outcome]]:
    """Boards that have a port of their own, and those that would have to share one."""
    ports = [target.port for target in targets]
    alone = [target for target in targets if ports.count(target.port) == 1]
    shared = [target for target in targets if ports.count(target.port) > 1]
    why = "shares its port with another board; each is flashed over its own USB cable: give its PORT with --name"
    return alone, [Outcome(target.name, target.port, "unknown", "", failed=why) for target in shared]


def _at_once(targets: Sequence[Target], tools: Tools, say: SayOf, done: Callable[[Outcome], None]) -> None:
    if not targets:
        return
    with ThreadPoolExecutor(max_workers=len(targets), thread_name_prefix="flash") as pool:
        waiting = {pool.submit(flash, target, tools, _of(target.name, say)) for target in targets}
        try:
            while waiting:
                ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for job in ended:
                    done(job.result())
        except BaseException:
            tools.stopped.set()  # the pool's end waits for them
            raise


def _of(name: str, say: SayOf) -> Say:
    """What one board says, with its name."""
    return lambda step, done, whole: say(name, step, done, whole)
