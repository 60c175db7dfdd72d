"""Numbers on the command line: click's ranges let "nan" through."""

from __future__ import annotations

import math
from typing import Any

import click


class Finite(click.FloatRange):
    """A number from `min` to `max`, and no NaN or infinity."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or a usage error."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is no number; expected a finite one", param, ctx)
        return number
