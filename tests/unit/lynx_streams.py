"""Feeds to the format, as FinishLynx would send them with the shipped script, and as ports cut and delay them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

from pacerail.resources import folder

Timed = list[tuple[bytes, int]]
"""Bytes and the host time in us at which they came."""

PERIOD_US = 100_000
ZERO_US = 7_000_000_000


def shown(race_us: int, places: int = 1) -> str:
    """A race time as the clock shows it: 9.8, 10:23.45, 1:02:03.4; what is over is cut off."""
    whole, rest = divmod(race_us // 10 ** (6 - places), 10**places)
    minutes, seconds = divmod(whole, 60)
    text = f"{minutes}:{seconds:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    return (text if minutes else f"{seconds}") + (f".{rest:0{places}d}" if places else "")


class Script:
    """The shipped script, read as FinishLynx reads one: section by section, line by line."""

    def __init__(self) -> None:
        self.path: Path = folder("lynx") / "pacerail.lss"
        self.sections: dict[str, list[tuple[int, int, bytes]]] = {}
        section = ""
        for line in self.path.read_text(encoding="ascii").splitlines():
            if line.startswith(";;"):
                section = line[2:]
                self.sections[section] = []
            elif line and not line.startswith(";"):
                raw = re.sub(rb"\\([0-9a-f]{2})", lambda hit: bytes([int(hit[1], 16)]), line.encode())
                self.sections[section].append((raw[0], raw[1], raw[2:]))

    def send(self, section: str, time: str = "") -> bytes:
        """What one event of the clock makes it send."""
        return b"".join(text.replace(b"%s", time.encode()) for _, _, text in self.sections[section])


SCRIPT = Script()


def lan(rng: random.Random) -> int:
    """A wire: 0.3 ms and a little, now and then 200 ms."""
    return 300 + int(rng.expovariate(1 / 1500)) + (rng.randrange(200_000) if rng.random() < 0.01 else 0)


def running(
    rng: random.Random,
    race_s: float,
    *,
    zero_us: int = ZERO_US,
    from_s: float = 0.0,
    places: int = 1,
    delay: Callable[[random.Random], int] = lan,
    section: str = "TimeRunning",
    plain: bool = False,
) -> Timed:
    """A clock that runs from one race time to another, ten times a second or so; nothing overtakes."""
    sent: Timed = []
    race_us, last_us = int(from_s * 1e6) + rng.randrange(PERIOD_US), 0
    while race_us < race_s * 1e6:
        last_us = max(last_us, zero_us + race_us + delay(rng))
        time = shown(race_us, places)
        sent.append((f"{time}\r\n".encode() if plain else SCRIPT.send(section, time), last_us))
        race_us += PERIOD_US + rng.randrange(15_000)
    return sent


def chopped(rng: random.Random, feed: Timed) -> Timed:
    """The same bytes as TCP may bring them: several lines at once, half lines; never earlier than they were sent."""
    out: Timed = []
    held = b""
    for data, host_us in feed:
        held += data
        if rng.random() < 0.7:
            cut = rng.randrange(len(held) + 1)
            out += [(held[:cut], host_us), (held[cut:], host_us + rng.randrange(3000))]
            held = b""
    return [*out, (held, feed[-1][1])]


def dribbled(feed: Timed, baud: int = 9600) -> Timed:
    """The same bytes as a serial line brings them, one by one."""
    byte_us = 10_000_000 // baud
    return [(data[i : i + 1], host_us + i * byte_us) for data, host_us in feed for i in range(len(data))]
