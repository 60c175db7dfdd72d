"""What flashing a board needs and gives: the board wanted, the tools, the outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pacerail.errors import RailError
from pacerail.flash.image import Images
from pacerail.flash.states import Line
from pacerail.flash.system import System
from pacerail.model.boardtype import BoardType


@dataclass(frozen=True)
class Target:
    """A board that is to run this firmware: `files` as firmware.build makes them. Ports as in a rail file."""

    name: str
    kind: BoardType
    files: Mapping[str, bytes]
    port: str
    """The board's own USB port, where MicroPython's console is."""
    key: bytes | None = None
    bus: Line | None = None
    """Where its firmware answers, if that is not its USB port."""

    @property
    def line(self) -> Line:
        """How its firmware is reached."""
        return self.bus or Line(self.port, self.key)


@dataclass(frozen=True)
class Waits:
    """How long to wait for what."""

    answer_s: float = 20.0
    """For the new firmware, from the restart on."""
    port_s: float = 20.0
    """For a port or a drive that is to appear."""
    console_s: float = 3.0
    """For the console's prompt, and at most between two bytes of it."""


@dataclass(frozen=True)
class Tools:
    """What every board's job needs. `stopped` ends each between two steps; a lock lets one drive appear at a time."""

    images: Images
    system: System = field(default_factory=System)
    waits: Waits = field(default_factory=Waits)
    new_image: bool = False
    dry_run: bool = False
    stopped: threading.Event = field(default_factory=threading.Event)
    drive_lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self) -> None:
        """Raises RailError once somebody pressed Ctrl-C."""
        if self.stopped.is_set():
            raise RailError("stopped before it was done: it has its old firmware, whole; run this again")


@dataclass(frozen=True)
class Outcome:
    """How it went with one board."""

    name: str
    port: str
    was: str
    done: str
    """In a few words; empty if it failed."""
    failed: str = ""
    """One line: why, and what to do."""
    files_sent: int = 0
    bytes_sent: int = 0
    image: bool = False
    version: str = ""


Say = Callable[[str, int, int], None]
"""Called with the step in a few words, and what is done of how much; 0 of 0 where nobody knows."""


@dataclass
class SoFar:
    """What is known of a board while it is worked on."""

    was: str = "unknown"
    image: bool = False
