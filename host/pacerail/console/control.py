"""Who looks, and who of them is in control: one at most. No I/O.

Whoever has the control's link may take control while it is free, or ask for it; who has it may hand it over. When a
page in control goes away, who asked first has it; else it is free. Nothing else happens. A page whose line broke comes
back by the secret that it was given, and has what it had, if nobody took it meanwhile.
"""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from dataclasses import dataclass, field

CONTROL, VIEW = "control", "view"
_REMEMBERED = 50  # pages that have gone, of each role: a crowd of those who look makes nobody else forgotten


class NotAllowed(Exception):
    """A viewer may not do that; the text says why."""


@dataclass
class Viewer:
    """A page that looks."""

    id: str
    role: str
    """CONTROL may be in control, VIEW only looks."""
    name: str | None = None
    key: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    """By this secret its page may come back."""

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
    _last: Viewer | None = None  # who had control last, while nobody has it
    _gone: dict[str, deque[Viewer]] = field(
        default_factory=lambda: {role: deque[Viewer](maxlen=_REMEMBERED) for role in (CONTROL, VIEW)}
    )

    def join(self, role: str) -> Viewer:
        """A new viewer."""
        self._count += 1
        viewer = Viewer(f"k{self._count}", role)
        self.viewers[viewer.id] = viewer
        return viewer

    def leave(self, viewer: Viewer) -> str | None:
        """A viewer has gone; what the log should say of it, if anything."""
        if self.viewers.pop(viewer.id, None) is not None:
            self._gone[viewer.role].append(viewer)
        if viewer.id in self.asked:
            self.asked.remove(viewer.id)
        if self.by != viewer.id:
            return None
        self.by, self._last = None, viewer
        if self.asked:
            first = self._give(self.viewers[self.asked[0]])
            return f"{viewer.words} has gone: {first}, the rail goes on as it is"
        return f"{viewer.words} has gone: nobody is in control, the rail goes on as it is"

    def resume(self, viewer: Viewer, key: str) -> tuple[Viewer, str | None]:
        """A viewer is an earlier one, of the same role, that has come back; it has that one's name and place.

        Gives the earlier one, which is a viewer no more, and what the log should say. Its key is spent.
        Raises NotAllowed for a key that is nobody's.
        """
        known = [other for other in self.viewers.values() if other.role == viewer.role and other is not viewer]
        before: Viewer | None = None
        for other in [*known, *self._gone[viewer.role]]:
            if hmac.compare_digest(other.key.encode(), key.encode()):
                before = other
        if before is None:
            raise NotAllowed("not known here any more")
        had = self.by == before.id or (self.by is None and self._last is before)
        if self.viewers.pop(before.id, None) is None:
            self._gone[viewer.role].remove(before)
        if before.id in self.asked:
            self.asked[self.asked.index(before.id)] = viewer.id
        viewer.name = before.name
        if not had or viewer.role != CONTROL:
            return before, None
        self._give(viewer)
        return before, f"{before.id} is back as {viewer.words}, and in control"

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
        self.by, self._last = viewer.id, None
        if viewer.id in self.asked:
            self.asked.remove(viewer.id)
        return f"{viewer.words} is in control"
