"""The simulated crystal: ticks and true time are each other's inverse, and time never runs backwards."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pacerail.bench.crystal import TICK_MASK, Crystal

CRYSTALS = st.builds(
    Crystal,
    boot_ns=st.integers(0, 10**13),
    boot_tick=st.integers(0, TICK_MASK),
    rate_ppb=st.integers(-200_000, 200_000),
    wander_ppb=st.integers(0, 2000),
    seed=st.text(max_size=3),
)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(CRYSTALS, st.integers(0, 3_000_000_000), st.integers(0, 3000))
def test_a_tick_begins_when_it_first_stands(crystal: Crystal, gone: int, after_ns: int) -> None:
    tick = crystal.boot_tick + gone
    begins_ns = crystal.true_ns(tick)
    assert crystal.tick_at(begins_ns) == tick
    assert crystal.tick_at(begins_ns - 1) == tick - 1
    assert crystal.tick_at(begins_ns + after_ns) >= tick


@settings(derandomize=True, max_examples=50, deadline=None)
@given(CRYSTALS, st.lists(st.integers(0, 10**12), min_size=2, max_size=10))
def test_the_order_of_questions_changes_no_answer(crystal: Crystal, times_ns: list[int]) -> None:
    """The walk is the crystal's own and not that of whoever looks."""
    twin = Crystal(crystal.boot_ns, crystal.boot_tick, crystal.rate_ppb, 50, "twin")
    other = Crystal(crystal.boot_ns, crystal.boot_tick, crystal.rate_ppb, 50, "twin")
    forward = [twin.tick_at(crystal.boot_ns + t) for t in times_ns]
    backward = [other.tick_at(crystal.boot_ns + t) for t in reversed(times_ns)][::-1]
    assert forward == backward
    assert [t for _, t in sorted(zip(times_ns, forward, strict=True))] == sorted(forward)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.integers(0, 1 << 45), st.integers(-(1 << 29), (1 << 29) - 1))
def test_a_wrapped_tick_is_found_again(near: int, off: int) -> None:
    assert Crystal.unwrap_near((near + off) & TICK_MASK, near) == near + off
