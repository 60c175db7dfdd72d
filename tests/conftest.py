"""Tests that run in real time get a second try: a machine that stands still for a second is not what they are about.

They have real ports, processes and a browser, and share two cores with another worker. Everything on simulated time is
the same under any load, and gets one.
"""

from __future__ import annotations

import pytest

REAL_TIME = (
    *("test_flash", "test_flash_chip", "test_flash_command", "test_boards", "test_real_ports", "test_join"),
    *("test_console", "test_athlete_night", "test_stopped_terminal", "test_typed_orders"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them."""
    for item in items:
        in_browser = "tests/web/" in item.nodeid
        if in_browser or item.path.stem in REAL_TIME or item.path.stem.startswith("test_console_"):
            item.add_marker(pytest.mark.flaky(reruns=1))
