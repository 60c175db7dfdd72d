"""Runs: stretches of a board's LEDs whose cells touch, and the edges of those cells."""

from __future__ import annotations

from collections.abc import Sequence

from pacerail.model.rail import Led


def runs_of(leds: Sequence[Led], lap_m: float) -> list[list[Led]]:
    """A board's LEDs in stretches of cells that touch."""
    runs: list[list[Led]] = []
    for led in leds:
        if runs:
            gap_m = (led.cell_lo_m - runs[-1][-1].cell_hi_m) % lap_m
            if min(gap_m, lap_m - gap_m) < 1e-6:
                runs[-1].append(led)
                continue
        runs.append([led])
    return runs


def edges_m(run: Sequence[Led], lap_m: float) -> list[float]:
    """The edges of a run's cells in m along the running line, rising, unrolled from where it begins."""
    edges = [run[0].cell_lo_m]
    for led in run:
        laps = round((edges[-1] - led.cell_lo_m) / lap_m)
        edges.append(led.cell_hi_m + laps * lap_m)
    return edges
