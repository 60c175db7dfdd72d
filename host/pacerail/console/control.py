"""Who looks, and who of them is in control: one at most. No I/O.

Whoever has the control's link may take control while it is free, or ask for it; who has it may hand it over. When a
page in control goes away, control is free, and nothing else happens.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CONTROL, VIEW = "control", "view"


class NotAllowed(Exception):
    """A viewer may not do that; the text says why."""


@dataclass
class Viewer:
    """A page that looks."""

    id: str
    role: str
    """CONTROL may be in control, VIEW only looks."""
    name: str | None = None

    @property
    def words(self) -> str:
        """What it is called in the log: "k3 (Ana)"."""
        return self.id if self.name is None else f"{self.id} ({self.name})"


@dataclass
class Control:
    """All viewers, and the one in control."""

    viewers: dict[str, Viewer] = field(default_factory=dict[str, Viewer])
    by: str | None = None
    asked: list[str] = field(default_factory=list[str])
    """Who asks for control, the first one first."""
    _count: int = 0

    def join(self, role: str) -> Viewer:
        """A new viewer."""
        self._count += 1
        viewer = Viewer(f"k{self._count}", role)
        self.viewers[viewer.id] = viewer
        return viewer

    def leave(self, viewer: Viewer) -> str | None:
        """A viewer has gone; what the log should say of it, if anything."""
        self.viewers.pop(viewer.id, None)
        if viewer.id in self.asked:
            self.asked.remove(viewer.id)
        if self.by != viewer.id:
            return None
        self.by = None
        return f"{viewer.words} has gone: nobody is in control, the rail goes on as it is"

    def take(self, viewer: Viewer) -> str:
        """Take control, or ask for it; what the log should say. Raises NotAllowed for who only looks."""
        if viewer.role != CONTROL:
            raise NotAllowed("this link is for looking only")
        if self.by == viewer.id:
            return f"{viewer.words} is in control already"
        if self.by is not None:
            if viewer.id not in self.asked:
                self.asked.append(viewer.id)
            return f"{viewer.words} asks {self.viewers[self.by].words} for control"
        return self._give(viewer)

    def hand(self, viewer: Viewer, to: str) -> str:
        """Hand control over; what the log should say. Raises NotAllowed if it is not theirs, or nobody's to have."""
        self.must_be(viewer)
        other = self.viewers.get(to)
        if other is None or other.role != CONTROL:
            raise NotAllowed(f"{to} cannot be in control; expected one who asked for it")
        return self._give(other)

    def must_be(self, viewer: Viewer) -> None:
        """Raises NotAllowed unless a viewer is in control."""
        if self.by == viewer.id:
            return
        if viewer.role != CONTROL:
            raise NotAllowed("this link is for looking only")
        holder = None if self.by is None else self.viewers[self.by].words
        raise NotAllowed("not in control: take it first" if holder is None else f"not in control: {holder} is")

    def told(self) -> dict[str, object]:
        """For the state that pages get; `you` is for each page to be added."""
        holder = None if self.by is None else self.viewers[self.by]
        return {
            "by": self.by,
            "name": None if holder is None else holder.name,
            "asked": [{"id": id, "name": self.viewers[id].name} for id in self.asked],
        }

    def _give(self, viewer: Viewer) -> str:
        self.by = viewer.id
        if viewer.id in self.asked:
            self.asked.remove(viewer.id)
        return f"{viewer.words} is in control"


class Allowance:
    """So many at once, and so many a second from there on. Times are in s, of any clock."""

    def __init__(self, at_once: float, a_second: float) -> None:
        self._most = at_once
        self._a_second = a_second
        self._left = at_once
        self._at_s: float | None = None

    def take(self, now_s: float) -> bool:
        """Take one, if one is left."""
        if self._at_s is not None:
            self._left = min(self._most, self._left + (now_s - self._at_s) * self._a_second)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True
