"""The simulated guns: what they bring the host, and that it is what their sources take."""

from __future__ import annotations

import asyncio
from itertools import islice, pairwise
from random import Random
from typing import Any

import pytest

from pacerail.bench.guns import SimFeed, SimGun, lynx_feed
from pacerail.errors import InputError
from pacerail.fleet import Fleet
from pacerail.gun import Gun
from pacerail.gunsources import LynxSource
from pacerail.lynx import Kind, Parser

ZERO_NS = 7_000_000_123_456


def test_no_gun_of_that_name() -> None:
    """One line, and what there is."""
    with pytest.raises(InputError, match=r"^--gun pistol: the bench has no such gun; expected pin, lynx, key, sched"):
        SimGun("pistol", "1")


def test_sources_of_each_kind() -> None:
    """A key and a schedule are given to the race, not heard by it."""
    fleet = Fleet((), lambda: 0)
    names = {kind: [source.name for source in SimGun(kind, "1").sources(fleet)] for kind in ("pin", "lynx", "key")}
    assert names == {"pin": ["pin"], "lynx": ["lynx"], "key": []}
    assert SimGun("pin", "1", board=3).board == 3 and SimGun("key", "1", board=3).board == -1
    assert SimGun("key", "1").error_us(5) is None


@pytest.mark.parametrize("seed", range(5))
def test_the_feed_is_one_that_a_wire_could_bring(seed: int) -> None:
    """In order, nothing before it was sent, tenths cut off, stalled and in bursts."""
    brought = list(islice(lynx_feed(Random(seed), ZERO_NS), 700))
    assert all(a[0] <= b[0] for a, b in pairwise(brought))
    parser = Parser()
    messages = [m for true_ns, data in brought for m in parser.take(data, true_ns // 1000)]
    assert not parser.ignored
    assert [m.kind for m in messages[:3]] == [Kind.ARMED, Kind.GUN, Kind.RUNNING]
    late_us = [m.host_us - ZERO_NS // 1000 - (m.race_us or 0) for m in messages[1:]]
    assert min(late_us) >= 0 and max(late_us[:30]) > 400_000, "a stall soon after the gun"
    assert sorted(late_us)[len(late_us) // 2] < 120_000
    assert messages[-1].race_us is not None and messages[-1].race_us > 60_000_000
    times = [true_ns for true_ns, _ in brought]
    assert len(set(times)) < len(times), "what was stalled comes at once"


@pytest.mark.parametrize("seed", range(5))
def test_the_clock_stands_for_a_split(seed: int) -> None:
    """It shows the split to 1/100 s, nothing else for 3 s, and runs on; the gun is known as well as without."""
    splits_s = (60.35, 61.0, 120.75)
    brought = list(islice(lynx_feed(Random(seed), ZERO_NS, splits_s), 1300))
    assert all(a[0] <= b[0] for a, b in pairwise(brought))
    parser = Parser()
    messages = [m for true_ns, data in brought for m in parser.take(data, true_ns // 1000)]
    stood = [k for k, m in enumerate(messages) if m.kind is Kind.PAUSED]
    assert [(messages[k].race_us, messages[k].step_us) for k in stood] == [
        (60_350_000, 10_000), (61_000_000, 10_000), (120_750_000, 10_000),
    ]  # fmt: skip
    assert all(m.host_us >= ZERO_NS // 1000 + (m.race_us or 0) for m in messages[1:])
    after = messages[stood[2] + 1]
    assert after.kind is Kind.RUNNING and after.race_us is not None and 123_600_000 < after.race_us < 124_000_000


@pytest.mark.parametrize("seed", range(20))
def test_what_a_source_makes_of_the_feed_holds_the_truth(seed: int) -> None:
    """Every zero that it hands over."""
    now = [0]
    guns: list[Gun] = []

    async def play() -> None:
        feed = SimFeed()
        source = LynxSource(feed.open, lambda: now[0])
        task = asyncio.ensure_future(source.watch(guns.append))
        await asyncio.sleep(0)
        for true_ns, data in islice(lynx_feed(Random(seed), ZERO_NS), 250):
            now[0] = true_ns // 1000
            feed.bring(data, now[0])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        count = len(guns)
        feed.bring(b"PACERAIL RUN 1.0 1.0\r\n" * 30, now[0])
        assert len(guns) == count, "closed"

    asyncio.run(play())
    assert 0 < len(guns) < 12
    assert all(abs(gun.zero_us - ZERO_NS / 1000) <= gun.bound_us for gun in guns)
    assert abs(guns[-1].zero_us - ZERO_NS / 1000) < 15_000


class Clockwork:
    """A world without boards; time goes on as the test's loop sleeps."""

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000

    def host_clock_us(self) -> int:
        """Fleet time."""
        return self.now_ns // 1000


def test_a_key_is_pressed_after_the_gun_and_a_schedule_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the rail is armed."""
    world = Clockwork()
    asleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        world.now_ns += max(1, round(seconds * 1e9))
        await asleep(0)

    monkeypatch.setattr("pacerail.bench.guns.asyncio.sleep", sleep)
    for kind, least_s, most_s in (("key", 0.15, 0.3), ("scheduled", -3.1, -2.9)):
        given: list[tuple[Gun, int]] = []
        armed_ns = world.now_ns + 5_000_000_000

        async def give(gun: Gun, given: list[tuple[Gun, int]] = given) -> None:
            given.append((gun, world.now_ns))

        stage: Any = type("Stage", (), {"world": world, "armed": lambda self, at=armed_ns: world.now_ns > at})()
        stage.give = give
        gun = SimGun(kind, "3")
        asyncio.run(gun.play(stage))
        ((heard, when_ns),) = given
        assert gun.true_ns is not None and gun.true_ns > armed_ns and heard.source == kind
        assert least_s <= (when_ns - gun.true_ns) / 1e9 <= most_s + 1e-5
