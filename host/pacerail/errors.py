"""The two ways a command can fail, as the exit codes of the contract have them."""

from __future__ import annotations

from collections.abc import Sequence


class InputError(Exception):
    """What a person wrote is wrong: exit code 2, one line for each mistake.

    ``messages`` are whole lines, "FILE:LINE: what is wrong; what was expected".
    """

    def __init__(self, messages: str | Sequence[str]) -> None:
        self.messages: tuple[str, ...] = (messages,) if isinstance(messages, str) else tuple(messages)
        super().__init__("\n".join(self.messages))


class RailError(Exception):
    """The rail said no, or did not answer: exit code 1, with what to do next in the text."""
