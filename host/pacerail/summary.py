"""The report of a race for people: what was measured, what is allowed, and what it means in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pacerail.model.plan import Plan
from pacerail.model.units import format_time
from pacerail.report import LIGHT_MAX_MM, LIGHT_P99_MM, SKEW_P99_US, WIRE_SHARE, Report, Spread

"""At least so much of the frames that the LEDs' wire has time for."""
_FAULTS = 12


def summary(report: Report, plan: Plan, race_s: float | None = None) -> RenderableType:
    """The report as a table, the faults in words, and a sentence. `race_s` is the race time at which it ended."""
    table = Table(box=box.SIMPLE_HEAD, title=_title(report, plan, race_s), title_justify="left", title_style="bold")
    table.add_column("")
    for heading in ("median", "99 %", "most"):
        table.add_column(heading, justify="right")
    table.add_column("allowed", style="dim")
    table.add_column("")
    more = report.more
    measured = report.light_error_mm.max is not None
    if measured:
        light = report.light_error_mm
        good = _within(light.p99, LIGHT_P99_MM) and _within(light.max, LIGHT_MAX_MM)
        allowed = f"99 % {LIGHT_P99_MM:g}, most {LIGHT_MAX_MM:g} mm"
        table.add_row("light from plan", *_figures(light, "mm"), allowed, _mark(good))
        skew = report.board_skew_us
        if skew.max is not None:
            within = _mark(_within(skew.p99, SKEW_P99_US))
            table.add_row("board to board", *_figures(skew, "µs", 0), f"99 % {SKEW_P99_US:g} µs", within)
        clock = _spread(more.get("clock_error_us"))
        if clock is not None and clock.max is not None:
            table.add_row("clock from truth", *_figures(clock, "µs", 0), "", "")
    bounds = more.get("clock_bound_us")
    if isinstance(bounds, dict) and bounds:
        worst = max(cast(dict[str, int], bounds).values())
        table.add_row("clock bound", "", "", f"{worst} µs", "", "")
    table.add_row("frames shown", "", "", f"{report.frames:,}", "", "")
    table.add_row("frames dropped", "", "", f"{report.dropped:,}", "none", _mark(report.dropped == 0))
    share = more.get("frames_of_wire")
    if isinstance(share, float):
        allowed = f"{WIRE_SHARE:.0%} at least"
        table.add_row("share of the wire", "", "", f"{share:.1%}", allowed, _mark(share >= WIRE_SHARE))
    stray = more.get("stray_cells")
    if isinstance(stray, int) and measured:
        table.add_row("stray LEDs", "", "", f"{stray:,}", "none", _mark(stray == 0))
    parts: list[RenderableType] = [table]
    if report.troubles and not _before_gun(report, race_s):
        parts.append(_faults(report.troubles))
    parts.append(Padding(Text(sentence(report, plan, race_s), style="bold"), (0, 0, 0, 2)))
    parts.append(Padding(Text(_times(report), style="dim"), (0, 0, 1, 2)))
    return Group(Text(), *parts)


def sentence(report: Report, plan: Plan, race_s: float | None = None) -> str:
    """What the report means, in one sentence."""
    begin = ""
    if _interrupted(report):
        if _before_gun(report, race_s):
            return "Ended before the gun: nothing was shown."
        begin = f"Ended at {format_time(race_s or 0.0)} of {format_time(plan.end_s)}; until then "
    most_mm = report.light_error_mm.max
    if most_mm is None:
        how = (
            "every board did its part" if not report.troubles else f"{_count(len(report.troubles), 'fault')} on the way"
        )
        return f"{how[:1].upper()}{how[1:]}; where the light stood can be measured on the bench only."
    text = f"{begin}the light stood within {most_mm:.2f} mm of the plan on all {report.frames:,} frames"
    if report.dropped:
        text += f", but {_count(report.dropped, 'frame')} never came"
    if report.troubles:
        text += f", with {_count(len(report.troubles), 'fault')} on the way"
    if not _within(most_mm, LIGHT_MAX_MM):
        text += f": more than the {LIGHT_MAX_MM:g} mm that are allowed"
    return text[:1].upper() + text[1:] + "."


def _title(report: Report, plan: Plan, race_s: float | None) -> Text:
    phase = str(report.more.get("phase", ""))
    good = phase == "finished" and not report.failures
    text = Text(f"{plan.title}  ")
    text.append(phase, style="green" if good else "yellow" if phase == "interrupted" else "red")
    text.append(f"   plan {report.plan_hash}, {report.boards} boards, {report.leds} LEDs", style="dim not bold")
    return text


def _faults(faults: Sequence[str]) -> RenderableType:
    lines = [Text(f"• {fault}", style="yellow") for fault in faults[:_FAULTS]]
    if len(faults) > _FAULTS:
        lines.append(Text(f"  and {len(faults) - _FAULTS} more", style="yellow"))
    return Padding(Group(*lines), (0, 0, 1, 2))


def _times(report: Report) -> str:
    if abs(report.virtual_s - report.wall_s) < 0.02 * report.wall_s:
        return f"It took {report.wall_s:.1f} s."
    faster = report.virtual_s / report.wall_s if report.wall_s > 0 else 0.0
    return f"{report.virtual_s:.1f} s of rail time in {report.wall_s:.1f} s: {faster:.1f} times as fast as real time."


def _figures(spread: Spread, unit: str, decimals: int = 2) -> list[str]:
    return ["" if f is None else f"{f:.{decimals}f} {unit}" for f in (spread.p50, spread.p99, spread.max)]


def _spread(figures: Any) -> Spread | None:
    return Spread(**cast(dict[str, float | None], figures)) if isinstance(figures, dict) else None


def _within(figure: float | None, allowed: float) -> bool:
    return figure is not None and figure <= allowed


def _mark(good: bool) -> Text:
    return Text("✓ ok", style="green") if good else Text("✗ no", style="bold red")


def _interrupted(report: Report) -> bool:
    return report.more.get("phase") == "interrupted"


def _before_gun(report: Report, race_s: float | None) -> bool:
    """Whether it was broken off before there was anything to show."""
    return _interrupted(report) and (race_s is None or race_s < 0)


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
