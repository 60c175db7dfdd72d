"""Starts a board: builds its parts from board.json, and runs link and light by turns until the console is asked for."""

import gc
import json

from pacerail_node import wire
from pacerail_node.node import Node

_CHUNK = 128


def run(board, config):
    """Link and light, by turns. `board` is a hardware module's Board (see pacerail_node.hardware).

    Arrival is stamped before the bytes are read, and departure just before they are written.
    """
    key = config.get("key")
    framer = wire.Framer(bytes.fromhex(key) if key else None, echo=True)
    node = Node(config, board, framer, gc.mem_free)
    link = board.link
    chunk = bytearray(_CHUNK)
    ticks_us = board.ticks_us
    idle = board.idle
    gc.collect()
    while not node.leaving:
        if link.any():
            arrived = ticks_us()
            count = link.readinto(chunk)
            at = 0
            while at < count:
                at = framer.accept(chunk, at, count)
                if framer.ready:
                    length = node.handle(arrived)
                    if length:
                        node.departing(ticks_us())
                        link.write(framer.out, length)
        idle(node.step(ticks_us()))
    board.close()


def main():
    """Run the board that board.json describes; its "hardware" names the module that knows the chip."""
    try:
        with open("board.json") as file:
            config = json.load(file)
        hardware = __import__("pacerail_node.hardware." + config["hardware"], None, None, ("Board",))
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        # MicroPython's console has the link now, and a tool can mend it
        raise RuntimeError("board.json is missing or broken (%r); flash this board again" % error) from error
    run(hardware.Board(config), config)


main()
