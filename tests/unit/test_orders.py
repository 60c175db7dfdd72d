"""Orders in words: what is none is refused with what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from pacerail.errors import InputError
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.race.orders import check_order
from pacerail.race.start import light_mps

RAIL = even_rail(boards=2, leds=60)


@pytest.mark.parametrize("text", ["help", "?", " help "])
def test_help_is_refused_with_the_orders_that_there_are(text: str) -> None:
    with pytest.raises(InputError) as refused:
        check_order(text)
    (why,) = refused.value.messages
    assert why.startswith("help does nothing to a race; the orders are arm, start, ")
    assert "\n" not in why
    for order in ("gun", "recall", "stop", "undo", "shift", "freeze", "begin", "force before a change"):
        assert order in why


def test_force_alone_is_refused_with_what_belongs_behind_it() -> None:
    for text in ("force", " force  "):
        with pytest.raises(InputError, match="force alone is no order; expected force before a change, as in: force "):
            check_order(text)


def test_what_is_an_order_still_is() -> None:
    assert check_order("start in 10").rest == ("in", "10")
    assert check_order("force undo").forced


EVEN = """\
distance = "1 mile"
[[wave]]
name   = "target"
colour = "green"
target = "3:59.99"
{more}
"""
GROUP = """\
[[wave]]
name      = "red"
colour    = "red"
starts    = "order"
{more}
stretches = [{{ run = "60 m", in = "10", rest = "4", repeat = 2 }}]
"""


@pytest.mark.parametrize(
    ("text", "speed_mps"),
    [
        (EVEN.format(more=""), 6.706),
        (EVEN.format(more="ahead_m = 100"), 6.706),  # it begins further on, and is not quicker for that
        ('title = "t"\n' + GROUP.format(more=""), None),
        (EVEN.format(more=GROUP.format(more="priority = 9")), 6.706),  # the gun moves the other
        ('title = "t"\n' + GROUP.format(more="").replace('starts    = "order"\n', ""), 6.0),  # without its rests
    ],
)
def test_the_speed_by_which_a_difference_is_told(tmp_path: Path, text: str, speed_mps: float | None) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text)
    plan = load_plan(path, RAIL.track)
    found = light_mps(plan)
    assert found is None if speed_mps is None else found == pytest.approx(speed_mps, abs=0.002)
