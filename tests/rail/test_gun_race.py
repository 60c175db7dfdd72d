"""Races on the simulated rail whose gun comes from outside: how far off was the zero, and the light?"""

from __future__ import annotations

from pathlib import Path

import pytest

from pacerail.bench.guns import REACTION_S, SimGun
from pacerail.bench.run import Bench, Settings, run_bench
from pacerail.gun import Gun
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.report import Report

SHORT = """\
title    = "a hundred"
distance = "100 m"
[[wave]]
name   = "target"
colour = "#00ff40"
target = "14.9"
hold_s = 1.0
"""


def ran(folder: Path, gun: SimGun, seed: int, link: str = "usb", loss_share: float = 0.0) -> tuple[Bench, Report, Gun]:
    """A hundred metres on four boards, and the gun that the race ended with."""
    path = folder / "short.toml"
    path.write_text(SHORT)
    rail = even_rail(boards=4, leds=240)
    settings = Settings(speed=None, seed=seed, ppm=40.0, link=link, loss_share=loss_share, gun=gun)
    bench, report = run_bench(load_plan(path, rail.track), rail, settings)
    assert bench.race.phase == "finished" and bench.race.gun is not None
    assert bench.race.shortcomings == []
    return bench, report, bench.race.gun


def light_is_right(report: Report) -> None:
    """From the first lit frame on, against the zero that the race went by."""
    said = report.as_dict()
    assert said["light_error_mm"]["p99"] <= 5 and said["light_error_mm"]["max"] <= 15
    assert said["edges_measured"] > 1000


@pytest.mark.parametrize(
    ("link", "seed", "board", "loss_share"),
    [("usb", 1, 2, 0.0), ("usb", 2, 0, 0.05), ("ftdi-1ms", 3, 3, 0.0), ("tcp", 4, 1, 0.0)],
)
def test_news_of_the_pin_comes_late_and_the_zero_is_right(
    link: str, seed: int, board: int, loss_share: float, tmp_path: Path
) -> None:
    """The board's link holds everything back for 0.3 s from the gun on (not a shared pair); messages get lost too."""
    gun = SimGun("pin", str(seed), board=board, news_late_s=0.3)
    bench, report, zero = ran(tmp_path, gun, seed, link, loss_share)
    error_us = gun.error_us(zero.zero_us)
    assert zero.source == "pin" and error_us is not None
    assert abs(error_us) <= min(100, zero.bound_us)
    if link != "ftdi-1ms":
        assert bench.race.told_us - zero.zero_us > 290_000, "late news is what this is about"
    assert report.as_dict()["gun_known_s"] < 1.0
    light_is_right(report)
    assert gun.true_ns is not None
    edges = [member.status.edges for member in bench.race.fleet.members if member.status is not None]
    assert edges == [int(k == board) for k in range(4)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_lynx_feed_of_tenths_with_stalls_and_bursts(seed: int, tmp_path: Path) -> None:
    """A zero within its bound in two seconds, and within 35 ms: what docs/gun.md promises of a wire."""
    gun = SimGun("lynx", str(seed))
    bench, _, zero = ran(tmp_path, gun, seed)
    error_us = gun.error_us(zero.zero_us)
    assert zero.source == "lynx" and error_us is not None
    assert abs(error_us) <= min(35_000, zero.bound_us)
    first = next(event for event in bench.race.events if event.words.startswith("gun: lynx"))
    assert gun.true_ns is not None and first.fleet_us - gun.true_ns / 1000 < 2_500_000


def test_a_key_is_late_by_a_reaction_and_says_so(tmp_path: Path) -> None:
    """Its bound covers it."""
    gun = SimGun("key", "5")
    _, report, zero = ran(tmp_path, gun, 5)
    error_us = gun.error_us(zero.zero_us)
    assert zero.source == "key" and error_us is not None
    assert REACTION_S[0] * 1e6 <= error_us <= REACTION_S[1] * 1e6 + 1000
    assert error_us <= zero.bound_us
    light_is_right(report)


def test_a_schedule_is_exact(tmp_path: Path) -> None:
    """By definition."""
    gun = SimGun("scheduled", "6")
    _, report, zero = ran(tmp_path, gun, 6)
    assert (zero.source, gun.error_us(zero.zero_us)) == ("scheduled", 0)
    light_is_right(report)


def test_the_same_seed_is_the_same_gun(tmp_path: Path) -> None:
    """To the microsecond, whatever the machine was doing."""
    zeros = [ran(tmp_path, SimGun("pin", "8", board=1), 8)[2] for _ in range(2)]
    assert zeros[0] == zeros[1]
