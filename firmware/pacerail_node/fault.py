"""A board whose config is wrong in what its lights need, but not in what its link needs: dark, and it says why.

HELLO's JSON has "fault" with the words, STATUS says that state, and every command is refused with the same words. So a
wrong pin or strip is read in the tool that asks the board, and not only by someone with a cable in hand.
"""

import json

from pacerail_node import messages as m
from pacerail_node import wire
from pacerail_node.node import Node

_ANSWERED = (m.HELLO, m.STATUS, m.SYNC, m.LOG, m.CONSOLE)
_NEEDED = (("name", str, "no name"), ("type", str, "unknown"), ("address", int, 1), ("outputs", list, []))
_WORDS_MAX = 120


class NoStrip:
    """The strip driver of a board that cannot have one: see `strips`."""

    def __init__(self):
        self.pixels = 0
        self.dimmed = 0
        self.buffer = bytearray(0)
        self.wire_us = 1000

    def limit(self, outputs):
        pass

    def ready(self, tick):
        return True

    def ready_tick(self, tick):
        return tick

    def submit(self, start_tick, race_10us):
        return start_tick


class FaultNode(Node):
    """A Node for a config that `bare` made."""

    def __init__(self, config, board, framer, free_heap):
        Node.__init__(self, config, board, framer, free_heap)
        said = json.loads(self.identity)
        words = said["fault"] = config["fault"]
        while len(json.dumps(said).encode()) > wire.MAX_PAYLOAD:
            said["fault"] = said["fault"][:-1]
        self.identity = json.dumps(said).encode()
        self._words = words.encode()
        self.enter(m.FAULT, m.BROKEN)

    def handle(self, arrived):
        framer = self.framer
        to = framer.destination
        if framer.kind in _ANSWERED or (to != self.address and to != wire.ANY):
            return Node.handle(self, arrived)
        self._answer = 0
        length = -self.refuse(m.WRONG_STATE, self._words)
        return framer.pack(framer.source, self.address, framer.sequence, m.REFUSED, length)


def check(config):
    """Raise ValueError or KeyError if what every board's config has is not there or of another type."""
    for key, kind, _ in _NEEDED:
        if not isinstance(config[key], kind):
            raise ValueError("%s: %r; expected another type" % (key, config[key]))


def bare(config, error):
    """What is left of a config: enough to say who the board is, what is wrong, and to make a link."""
    left = dict(config)
    for key, kind, instead in _NEEDED:
        if not isinstance(left.get(key), kind):
            left[key] = instead
    left["outputs"] = []
    left["uid"] = left.get("uid") or ""
    left["boot_window_ms"] = 0  # there was one already
    left["fault"] = words_of(error)
    return left


def words_of(error):
    """What is wrong with board.json, in words."""
    said = error.args[0] if error.args else repr(error)
    if isinstance(error, KeyError):
        return "board.json: no %s; flash this board again" % said
    return ("board.json: %s; flash this board again" % said)[:_WORDS_MAX]
