"""What a simulated link does to bytes: how long they take, and what gets lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random


@dataclass(frozen=True, slots=True)
class LinkModel:
    """Delays of one direction: a least delay, jitter spread evenly, and now and then a stall; all in us."""

    least_us: int
    jitter_us: int
    stall_share: float
    stall_us: int
    byte_ns: int
    loss_share: float = 0.0
    """Messages that do not arrive whole: half of them are gone, half have a byte changed."""

    def delay_ns(self, random: Random, count: int) -> int:
        """The delay of a message of so many bytes."""
        us = self.least_us + random.randrange(self.jitter_us + 1)
        if random.random() < self.stall_share:
            us += random.randrange(self.stall_us + 1)
        return us * 1000 + random.randrange(1000) + count * self.byte_ns

    def through_noise(self, random: Random, data: bytes) -> bytes:
        """What arrives of a message: all of it, nothing, or all with one byte changed."""
        if not self.loss_share or random.random() >= self.loss_share:
            return data
        if random.random() < 0.5:
            return b""
        at = random.randrange(len(data))
        return data[:at] + bytes([data[at] ^ random.randrange(1, 256)]) + data[at + 1 :]


@dataclass(frozen=True, slots=True)
class Pair:
    """A UART behind a bridge: of one board alone, or RS-485, half duplex, where every board hears everything."""

    boards: int
    """How many share it."""
    turn_us: int = 20
    """A driver is switched on so long before its first bit, and off so long after its last one."""
    fifo_bytes: int = 4
    """A board hears of bytes in lumps of so many: at this level the UART of an RP2040 interrupts, as MicroPython's
    ports/rp2/machine_uart.c sets it; or 32 bit times after the last byte (RP2040 data sheet, 4.2.6.3)."""


@dataclass(frozen=True, slots=True)
class Link:
    """Both directions of a link. `baud` is 0 where bytes take no time that the host could know of.

    With a `pair` the delays are those of the host's USB and the bridge, and the wire's come on top.
    """

    to_board: LinkModel
    to_host: LinkModel
    baud: int = 0
    pair: Pair | None = None

    @property
    def byte_ns(self) -> int:
        """How long a byte is on the wire: a start bit, eight, and a stop bit."""
        return 10_000_000_000 // self.baud if self.baud else 0

    @property
    def quiet_us(self) -> int:
        """A board reads what has come when no more has followed for so long (see the firmware's links.uart)."""
        return 5 * self.byte_ns // 1000 if self.pair else 0

    def losing(self, loss_share: float) -> Link:
        """The same link with messages lost and damaged."""
        return replace(
            self,
            to_board=replace(self.to_board, loss_share=loss_share),
            to_host=replace(self.to_host, loss_share=loss_share),
        )


_USB = LinkModel(least_us=120, jitter_us=400, stall_share=0.05, stall_us=6000, byte_ns=830)
_BRIDGE = LinkModel(least_us=150, jitter_us=300, stall_share=0.03, stall_us=4000, byte_ns=0)  # as far as the wire
_HELD_1MS = replace(_BRIDGE, jitter_us=1000)
_TCP = LinkModel(least_us=60, jitter_us=250, stall_share=0.02, stall_us=20_000, byte_ns=100)

LINKS = {
    # full speed through a hub and an operating system: a frame of 1 ms is polled several times, a busy host stalls
    "usb": Link(_USB, _USB),
    # a bridge that holds answers back until its latency timer runs out: 16 ms as it comes, 1 ms as it should be set
    "ftdi-16ms": Link(_BRIDGE, replace(_BRIDGE, jitter_us=16_000), 1_000_000, Pair(boards=1, turn_us=0)),
    "ftdi-1ms": Link(_BRIDGE, _HELD_1MS, 1_000_000, Pair(boards=1, turn_us=0)),
    # the same bridge, set to 1 ms, with a pair of wires behind it that several boards share
    "rs485-115200": Link(_BRIDGE, _HELD_1MS, 115_200, Pair(boards=4)),
    "rs485-1m": Link(_BRIDGE, _HELD_1MS, 1_000_000, Pair(boards=8)),
    "tcp": Link(_TCP, _TCP),
}
"""The links of `bench --link`. Their least delays are unlike each other only where a real link's are."""
