"""Starts a board: builds its parts from board.json, and runs link and light by turns until the console is asked for."""

import gc
import json

gc.threshold(8192)  # while it starts: what modules leave goes before it lies in the way of the long buffers

import micropython  # noqa: E402

from pacerail_node import fault, wire  # noqa: E402
from pacerail_node import messages as m  # noqa: E402
from pacerail_node.node import Node  # noqa: E402

_CHUNK = 128
_HERE = __file__.rpartition("/")[0]  # the folder this lies in: a board may hold two versions, each with its config


def run(board, config):
    """Link and light, by turns. `board` is a hardware module's Board (see pacerail_node.hardware).

    Arrival is stamped before the bytes are read, when the last of a frame have come (a link whose bytes come one by one
    knows when that was: `arrived`), and departure just before they are written.
    """
    key = config.get("key")
    framer = wire.Framer(bytes.fromhex(key) if key else None, echo=True)
    node = (fault.FaultNode if "fault" in config else Node)(config, board, framer, gc.mem_free)
    link = board.link
    chunk = bytearray(_CHUNK)
    ticks_us = board.ticks_us
    stamp = getattr(link, "arrived", ticks_us)
    idle = board.idle
    gc.collect()
    gc.threshold(-1)  # from here on only when memory is full: a collection takes 11 ms on an RP2040
    lockable = True
    while not node.leaving:
        # Calling a function takes heap for its variables if there is any, and searching for it takes longer than the
        # call: up to 0.3 ms. From a locked heap it takes none, and uses the stack.
        locked = lockable and node.state == m.RUNNING
        if locked:
            micropython.heap_lock()
        try:
            if link.any():
                arrived = stamp()
                count = link.readinto(chunk)
                at = 0
                while at < count:
                    at = framer.accept(chunk, at, count)
                    if framer.ready:
                        length = node.handle(arrived)
                        if length:
                            node.departing(ticks_us())
                            link.write(framer.out, length)
            until = node.step(ticks_us())
        except MemoryError:
            if not locked:
                raise
            lockable = False  # something needs memory after all: better slow than dark
            until = ticks_us()
        finally:
            if locked:
                micropython.heap_unlock()
        idle(until)
    board.close()


def main():
    """Run the board that board.json describes; its "hardware" names the module that knows the chip."""
    try:
        with open(_HERE + "/board.json") as file:
            config = json.load(file)
        hardware = __import__("pacerail_node.hardware." + config["hardware"], None, None, ("Board",))
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        # MicroPython's console has the link now, and a tool can mend it
        raise RuntimeError("board.json is missing or broken (%r); flash this board again" % error) from error
    try:
        fault.check(config)
        board = hardware.Board(config)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError) as error:
        # the link may do all the same, and then the board says so itself
        config = fault.bare(config, error)
        try:
            board = hardware.Board(config)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError):
            raise RuntimeError(config["fault"]) from error
    try:
        run(board, config)
    except KeyboardInterrupt:  # typed at a console that is not the link
        board.close()
        raise


main()
