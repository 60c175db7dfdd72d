"""The world of a simulated rail: true time, the boards in it, and what is under way on their links.

Discrete and lock-step: nothing here looks at a wall clock, so the same seed gives the same race on any machine under
any load. Boards run only as far as the host's time has come, and one that has been spoken to runs on until it has
answered, so a board is never ahead of a message that could still reach it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol

from pacerail.bench.crystal import TICK_MASK, WANDER_PPB, Crystal
from pacerail.bench.delays import Link
from pacerail.bench.simboard import Frame, SimBoard
from pacerail.link import OnBytes
from pacerail_node.clock import BEFORE_10US

ANSWER_NS = 150_000_000
"""A request that has had no answer after so long gets none: it was lost or damaged on the way."""
_LAG_NS = 500_000_000
"""A board that nobody talks to lags behind at most so much: the more, the fewer hand-overs between processes."""
_STRIDE_NS = 10_000_000_000
"""Time passes by at most so much at once, however long the host sleeps: a board compares ticks within 9 min, and what
it shows in so long still fits the pipe to it."""


class HostEnd(Protocol):
    """Where bytes on their way to the host arrive."""

    def to_host(self, data: bytes, now_us: int) -> None:
        """Bytes have come."""
        ...


class BoardEnd(Protocol):
    """What a board hangs on: a link of its own, or its place on a shared pair (`bus`)."""

    cut: bool
    """Unplugged: nothing passes."""
    powered: bool
    """Its board has power: what comes while it has none is lost."""

    @property
    def awaited(self) -> bool:
        """Something was said to the board, and the answer may still come."""
        ...

    def horizon_ns(self, reached_ns: int, until_ns: int) -> int:
        """How far, up to a true time, a board that has come so far may run before it is to be looked at again."""
        ...

    def take(self, until_ns: int) -> list[tuple[int, bytes]]:
        """What arrives at the board up to a true time."""
        ...

    def forget(self) -> None:
        """The board has lost its power: what was on its way to it is lost."""
        ...

    def from_board(self, true_ns: int, data: bytes) -> None:
        """The board has sent bytes at a true time."""
        ...


class World:
    """True time and everything that happens in it. `on_frames` gets frames in the order of their light."""

    def __init__(self, start_ns: int) -> None:
        self.now_ns = start_ns
        self.boards: list[SimBoard] = []
        self.links: list[BoardEnd] = []
        self.on_frames: Callable[[list[Frame]], None] = lambda frames: None
        self._frames: list[Frame] = []
        self._reached_ns = start_ns  # how far all boards were let run when they were last set running
        self._arrivals: list[tuple[int, int, HostEnd, bytes]] = []
        self._count = 0

    def host_clock_us(self) -> int:
        """The host's monotonic clock, which is true time here: fleet time."""
        return self.now_ns // 1000

    def add(self, board: SimBoard, link: BoardEnd) -> None:
        """Put a board and its link into the world."""
        board.on_frame = self._take_frame
        board.on_send = link.from_board
        self.boards.append(board)
        self.links.append(link)

    def _take_frame(self, frame: Frame) -> None:
        self._frames.append(frame)

    def deliver(self, true_ns: int, link: HostEnd, data: bytes) -> None:
        """Bytes are on their way to the host and come at a true time."""
        self._count += 1
        heapq.heappush(self._arrivals, (true_ns, self._count, link, data))

    def advance(self, until_ns: int | None) -> None:
        """Let time pass up to a true time, or to the next thing that the host hears of, whichever comes first.

        With None, to the next thing that happens at all. Ends earlier, after 10 s, when the host has longer to wait.
        """
        while True:
            target_ns = until_ns
            if self._arrivals and (target_ns is None or self._arrivals[0][0] < target_ns):
                target_ns = self._arrivals[0][0]
            if target_ns is None:
                raise RuntimeError("nothing is left to happen in the simulated world")
            target_ns = min(target_ns, self.now_ns + _STRIDE_NS)
            busy = [
                (board, link)
                for board, link in zip(self.boards, self.links, strict=True)
                if link.awaited and board.running and board.reached_ns < target_ns
            ]
            if not busy:
                break
            self._run(busy, target_ns)
        self.now_ns = max(self.now_ns, target_ns)
        if self.now_ns - self._reached_ns > _LAG_NS:
            shown = self._collect()
            self._set_running()
            self._hand_out(shown)  # judged while the boards are at work, on another core
        while self._arrivals and self._arrivals[0][0] <= self.now_ns:
            _, _, link, data = heapq.heappop(self._arrivals)
            link.to_host(data, self.host_clock_us())

    def catch_up(self) -> None:
        """Let every board run up to now, and hand out the frames that are visible by then."""
        for _ in range(2):  # what was set running before; and what runs from there to now
            shown = self._collect()
            self._set_running()
            self._hand_out(shown)

    def _collect(self) -> list[Frame]:
        """Wait for all boards; the frames visible by the time to which they were set running, in order."""
        for board in self.boards:
            board.collect()
        shown = [frame for frame in self._frames if frame.visible_ns <= self._reached_ns]
        self._frames = [frame for frame in self._frames if frame.visible_ns > self._reached_ns]
        shown.sort(key=lambda frame: (frame.visible_ns, frame.board))
        return shown

    def _set_running(self) -> None:
        """Every board goes on up to now, by itself: it may be doing so while the host is at other work."""
        for board, link in zip(self.boards, self.links, strict=True):
            if board.running and board.reached_ns < self.now_ns:
                board.grant(self.now_ns, link.take(self.now_ns))
        self._reached_ns = self.now_ns

    def _hand_out(self, shown: list[Frame]) -> None:
        if shown:
            self.on_frames(shown)

    def show_dark(self, index: int) -> None:
        """The LEDs of a board have lost their power: they are dark from now on."""
        size = 3 * self.boards[index].pixels
        self._frames = [frame for frame in self._frames if frame.board != index]
        self._frames.append(Frame(index, self.now_ns, BEFORE_10US, bytes(size)))

    def close(self) -> None:
        """Take the power from every board."""
        for board in self.boards:
            board.power_off()

    def _run(self, pairs: Sequence[tuple[SimBoard, BoardEnd]], until_ns: int) -> None:
        # all are granted time before any is read, so that they run beside each other
        for board, link in pairs:
            board.collect()
            stop_ns = link.horizon_ns(board.reached_ns, until_ns)
            board.grant(stop_ns, link.take(stop_ns))
        for board, _ in pairs:
            board.collect()


class SimLink:
    """The port of one simulated board: bytes go and come with the delays of a real link, in order."""

    def __init__(self, world: World, model: Link, seed: str) -> None:
        self.cut = False
        """Unplugged: nothing passes."""
        self._world = world
        self._model = model
        self._random_in = Random(seed + "/in")
        self._random_out = Random(seed + "/out")
        self.powered = True
        """Its board has power: what comes while it has none is lost."""
        self._awaited_until_ns = 0
        self._inbox: list[tuple[int, bytes]] = []
        self._on_bytes: OnBytes | None = None
        self._last_in_ns = 0
        self._last_out_ns = 0

    @property
    def awaited(self) -> bool:
        """Something was said to the board, one request at a time, and the answer may still come.

        A board answers within milliseconds or not at all, and the host asks again after 250 ms at the earliest.
        """
        return self._world.now_ns < self._awaited_until_ns

    def horizon_ns(self, reached_ns: int, until_ns: int) -> int:
        """As far as is wanted: nothing that another board does changes what arrives here."""
        return until_ns

    def listen(self, on_bytes: OnBytes) -> None:
        """Say who gets the bytes that come in."""
        self._on_bytes = on_bytes

    def write(self, data: bytes) -> int:
        """Send bytes to the board; returns the host's time in us."""
        world = self._world
        delay_ns = self._model.to_board.delay_ns(self._random_in, len(data))
        data = self._model.to_board.through_noise(self._random_in, data)
        if data and self.powered and not self.cut:
            self._last_in_ns = max(self._last_in_ns + 1000, world.now_ns + delay_ns)
            self._inbox.append((self._last_in_ns, data))
            self._awaited_until_ns = self._last_in_ns + ANSWER_NS
        return world.host_clock_us()

    def close(self) -> None:
        """Nothing to let go of."""

    def take(self, until_ns: int) -> list[tuple[int, bytes]]:
        """What arrives at the board up to a true time."""
        due = [item for item in self._inbox if item[0] <= until_ns]
        self._inbox = self._inbox[len(due) :]
        return due

    def forget(self) -> None:
        """The board has lost its power: what was on its way to it is lost."""
        self._inbox.clear()
        self._awaited_until_ns = 0

    def from_board(self, true_ns: int, data: bytes) -> None:
        """The board has sent bytes at a true time."""
        delay_ns = self._model.to_host.delay_ns(self._random_out, len(data))
        self._awaited_until_ns = 0
        data = self._model.to_host.through_noise(self._random_out, data)
        if data and not self.cut:
            self._last_out_ns = max(self._last_out_ns + 1000, true_ns + delay_ns)
            self._world.deliver(self._last_out_ns, self, data)

    def hold_back(self, until_ns: int) -> None:
        """What the board sends from now on comes to the host at a true time, all at once, and not before."""
        self._last_out_ns = max(self._last_out_ns, until_ns)

    def to_host(self, data: bytes, now_us: int) -> None:
        """Bytes have come to the host."""
        if self._on_bytes is not None and not self.cut:
            self._on_bytes(data, now_us)


def draw_crystal(seed: str, boot_ns: int, ppm: float) -> Crystal:
    """A crystal of a board that starts at a true time: rate within +-ppm, ticks from anywhere in their range."""
    random = Random(seed)
    boot_tick, rate_ppb = random.randrange(TICK_MASK + 1), round(random.uniform(-ppm, ppm) * 1000)
    return Crystal(boot_ns, boot_tick, rate_ppb, WANDER_PPB, seed + "/wander")
