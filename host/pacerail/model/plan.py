"""A plan: the waves of one race, each with its complete movement."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import NDArray

from pacerail.model.profile import Profile
from pacerail.model.track import Track
from pacerail.model.wavespec import WaveSpec

Array = NDArray[np.float64]
Split = tuple[float, float]
"""(distance_m, time_s)."""


@dataclass(frozen=True, eq=False)
class Wave:
    """One moving light.

    ``motion`` is the complete movement of the head in m from the start line, from race time 0 until it goes dark for
    good: head starts, offsets, and what it does at and after the finish are all in it. Of a wave that was made to stand
    it ends where it stands, which holds from there on.
    """

    name: str
    colour: tuple[int, int, int]
    """(red, green, blue), 0 to 255, linear light."""
    length_m: float
    """Lit behind the head."""
    priority: int
    """The higher lies on top; of equals, the one that stands earlier in the file."""
    motion: Profile
    windows_s: tuple[tuple[float, float], ...]
    """Race times [on, off) when it is lit, in order, apart."""
    finish_m: float
    """Where its run ends, m from the start line."""
    finish_s: float
    """Race time at which the head is there; while it stands, and nobody knows, the longest that a race may last."""
    splits: tuple[Split, ...]
    """Distances and race times of the head, for show; the finish last, if it gets there."""
    run: Profile
    """The movement of the head as if there were no finish: what a change in mid-race is made to."""
    spec: WaveSpec
    """What its plan says of it."""
    stands: bool = False
    """Whether it was made to stand short of its finish."""
    waits: bool = False
    """Whether it stands at its start line until an order begins it."""
    begun_s: float = 0.0
    """Race time at which it began: 0 with the gun. Of a group that waits, of no meaning."""
    notes: tuple[str, ...] = ()
    """In plain words what is not seen in the numbers: "3 m ahead of its own profile", for the read-back."""

    @overload
    def visible(self, t_s: float) -> bool: ...
    @overload
    def visible(self, t_s: Array) -> NDArray[np.bool_]: ...
    def visible(self, t_s: float | Array) -> bool | NDArray[np.bool_]:
        """Whether it is lit at a race time in s; a float or an array."""
        t = np.asarray(t_s)
        lit = np.zeros(t.shape, dtype=np.bool_)
        for on_s, off_s in self.windows_s:
            lit |= (t >= on_s) & (t < off_s)
        return lit if isinstance(t_s, np.ndarray) else bool(lit)

    @property
    def smooth(self) -> bool:
        """Whether its speed never jumps."""
        return self.spec.smooth

    @property
    def over_s(self) -> float:
        """Race time at which it has done all it does, lit or not; while it stands, the longest that a race may last."""
        return self.finish_s if self.stands else self.motion.end_s

    @property
    def dark_s(self) -> float:
        """Race time from which it is dark for good."""
        return self.windows_s[-1][1] if self.windows_s else 0.0


@dataclass(frozen=True, eq=False)
class Plan:
    """A title, a distance and the waves in file order."""

    title: str
    distance_m: float
    waves: tuple[Wave, ...]
    hash: str
    """16 hex digits over the meaning: the same for a comment, another order of keys or another way of writing it."""
    start_m: float | None = None
    """Track coordinate of the start line when the plan states one."""
    warnings: tuple[str, ...] = field(default=())
    """"FILE:LINE: ..." of what is allowed but odd."""

    def start_track_m(self, track: Track) -> float:
        """Track coordinate of the start line, in [0, lap): as the plan says, else (-distance) mod lap."""
        return track.wrap(-self.distance_m if self.start_m is None else self.start_m)

    def waves_by_priority(self) -> tuple[Wave, ...]:
        """The waves, topmost first."""
        return tuple(sorted(self.waves, key=lambda wave: -wave.priority))

    @property
    def end_s(self) -> float:
        """Race time from which every wave is dark."""
        return max((wave.dark_s for wave in self.waves), default=0.0)
