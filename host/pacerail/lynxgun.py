"""A FinishLynx feed as a source of the gun: chunks from any port go in, the gun and what to say of it come out.

No I/O. One sender is listened to at a time: the first from whom a message comes that can be understood, until it
hangs up or is silent for three seconds. What others send meanwhile is counted and not mixed in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from pacerail.gun import Gun
from pacerail.lynx import Chunk, Message, Parser
from pacerail.lynxzero import PROMPT_US, LynxZero

SILENT_US = 3_000_000
"""A sender that says nothing for so long gives way to another."""
SENDERS_MAX = 8

OnMessage = Callable[[Message], None]


class LynxGun:
    """The gun of a feed. Hand `take` and `hung_up` to a feed of `lynxfeed`; ask for `gun()` at any time.

    `plain`: whether a time alone on its line counts (stock scripts); `prompt_us`: see `lynxzero`; `on_message` is told
    of every message of the sender who is listened to.
    """

    def __init__(self, plain: bool = True, prompt_us: int = PROMPT_US, on_message: OnMessage | None = None) -> None:
        self._plain = plain
        self._on_message = on_message
        self._parsers: dict[str, Parser] = {}
        self._heard_us: dict[str, int] = {}
        self._speaker: str | None = None
        self._ignored: Counter[str] = Counter()
        self.zero = LynxZero(prompt_us)

    @property
    def speaker(self) -> str | None:
        """Who is listened to; None before the first message that can be understood."""
        return self._speaker

    @property
    def ignored(self) -> dict[str, int]:
        """How much was not used, by reason."""
        total = self._ignored + self.zero.ignored
        for parser in self._parsers.values():
            total += parser.ignored
        return dict(total)

    def gun(self) -> Gun | None:
        """The zero with its bound, as of now; None while there is none to be had (`why_not`)."""
        return self.zero.gun()

    def why_not(self) -> str | None:
        """Why there is no gun, in plain words; None when there is one."""
        if self._speaker is None and self._parsers:
            return "something is sent, but nothing that can be understood: is lynx/pacerail.lss the script?"
        return self.zero.why_not()

    def take(self, chunk: Chunk) -> None:
        """Take what a port delivered. Never raises."""
        sender = chunk.sender
        if sender not in self._parsers and not self._admit(chunk):
            self._ignored["too many senders"] += 1
            return
        self._heard_us[sender] = chunk.host_us
        for message in self._parsers[sender].take(chunk.data, chunk.host_us, chunk.datagram):
            if self._speaks(sender, chunk.host_us):
                self.zero.take(message)
                if self._on_message is not None:
                    self._on_message(message)
            else:
                self._ignored["from another sender"] += 1

    def hung_up(self, sender: str) -> None:
        """The connection to a sender has ended. The zero that it told stays."""
        if sender in self._parsers:
            self._forget(sender)

    def _admit(self, chunk: Chunk) -> bool:
        """Make room for a new sender, if need be in the place of one that is silent."""
        if len(self._parsers) >= SENDERS_MAX:
            oldest = min(self._heard_us, key=lambda sender: self._heard_us[sender])
            if chunk.host_us - self._heard_us[oldest] < SILENT_US:
                return False
            self._forget(oldest)
        self._parsers[chunk.sender] = Parser(self._plain)
        return True

    def _forget(self, sender: str) -> None:
        parser = self._parsers.pop(sender)
        parser.cut()
        self._ignored += parser.ignored
        self._heard_us.pop(sender, None)
        if self._speaker == sender:
            self._speaker = None

    def _speaks(self, sender: str, host_us: int) -> bool:
        """Tell whether this sender is the one, or may take over."""
        speaker = self._speaker
        if speaker is not None and speaker != sender and host_us - self._heard_us.get(speaker, 0) < SILENT_US:
            return False
        self._speaker = sender
        return True
