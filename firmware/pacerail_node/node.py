"""A board's behaviour: its states, its answers, and the next frame. No hardware in it: ticks come in, frames go out.

    idle -> loaded -> armed -> running -> finished        a table; arm; the gun's time; the last wave dark
                        \\-------\\-> recalled -> loaded    false start: red flashes, and the plan is still there
                         \\-------\\-> loaded               stop: dark

Once armed nothing is written to flash and nothing is allocated, and the host is not needed any more.
"""

import gc
import json
from array import array

from pacerail_node import VERSION, kernels, store, wire
from pacerail_node import messages as m
from pacerail_node.amend import Amendment
from pacerail_node.clock import BEFORE_10US, Clock
from pacerail_node.commands import ACTIONS
from pacerail_node.gunpin import GunPin
from pacerail_node.log import Log
from pacerail_node.pacetable import BadTable, PaceTable
from pacerail_node.render import NEVER_MS, Renderer
from pacerail_node.shows import Show
from pacerail_node.ticks import ticks_add, ticks_diff

_REFRESH_MS = 250  # a dark rail is sent again this often: a spike on the data line does not stay lit
_LEAD_US = 1500  # from the decision to draw to the start of the wire, when no frame is on it
_RECALL_10US = 180_000  # 1.8 s: a rail is ready to be armed again 2 s after the word
_BLINK_10US = 25_000
_MAX_PACKING_US = 2000


class Node:
    """One board. `step` draws when it is time; `handle` acts on a frame of the host and leaves the answer in `reply`.

    config: {"name", "uid", "type", "address", "outputs": [pixels, ...]}; `board` is a hardware module's Board, and
    `free_heap` returns bytes.
    """

    def __init__(self, config, board, framer, free_heap):
        tick = board.ticks_us()
        strip = board.strip
        self.state = m.IDLE
        self.clock = Clock(tick)
        self.log = Log()
        self.framer = framer
        self.leaving = False  # the console was asked for
        self.frames = 0
        self.late = 0
        self.edges = GunPin(board.gun, self.clock)
        self.strip = strip
        self.board = board
        self.free_heap = free_heap
        self.heap = free_heap()
        self.address = config["address"]
        self.identity = self._identify(config, board.gun is not None).encode()
        self.renderer = None
        self.show = Show(config["outputs"])
        self.amendment = None
        self.upload = None
        self.upload_hash = b""
        self.gun_s = 0
        self.gun_us = 0
        self.has_gun = False
        self.ending = 0  # the state that ends the race at the time that follows; 0: none
        self._end_s = 0
        self._end_us = 0
        self._free_at = tick  # when the wire is free for the next start
        self.quiet_until = tick  # the picture does not change before
        self._moving = False  # light on this board, or nearly: a frame as soon as the wire is free
        self._ahead_ms = (2 * strip.wire_us + 2 * _LEAD_US) // 1000 + 5  # a decision is seen this much later at most
        self.fleet_now = array("I", [0, 0])
        self.arrived = tick
        self.stamped = -1  # the tick put into a SYNC that has not gone out yet
        self.packing_us = 0
        self._last = bytearray(4)  # checksum of the request answered last: only the very same one is a retry
        self._answer = 0  # 0: nothing was answered yet, or the answer is not in the framer any more
        self._answer_length = 0
        self.enter(m.IDLE, m.START)
        try:
            stored = store.load()
            if stored is not None:
                self.use(PaceTable(stored))
                self.enter(m.LOADED, m.RESTORED)
        except (BadTable, MemoryError):
            self.enter(m.FAULT, m.BROKEN)  # until a table is uploaded

    @staticmethod
    def _identify(config, gun):
        said = {"pacerail": m.PROTOCOL, "version": VERSION}
        for key in ("name", "uid", "type", "address", "outputs"):
            said[key] = config[key]
        if gun:
            said["gun"] = True
        text = json.dumps(said)
        if len(text.encode()) > wire.MAX_PAYLOAD:
            raise ValueError("board.json: name, uid, type and outputs are too long for one frame")
        return text

    # -- frames of light

    def step(self, tick):
        """Do what is due at a tick: draw and submit at most one frame. Returns the tick until which nothing is due."""
        self.clock.advance(tick)
        self.edges.look()
        strip = self.strip
        if not strip.ready(tick):
            return strip.ready_tick(tick)
        if not self._moving and ticks_diff(self.quiet_until, tick) > 0:
            return self.edges.due(self.quiet_until)
        start = self._free_at
        if ticks_diff(tick, start) > (0 if self._moving else -_LEAD_US):
            start = ticks_add(tick, _LEAD_US)
            if self._moving:
                self.late += 1
        seen = ticks_add(start, strip.wire_us)
        race = self.clock.race_10us(seen, self.gun_s, self.gun_us) if self.has_gun else BEFORE_10US
        if self.ending and self.clock.race_10us(seen, self._end_s, self._end_us) >= 0:
            self._end_now()
        quiet_ms = self._draw(seen, race)
        if self.ending:
            self._moving = True  # at full rate, so that it ends when it is to end
        start = strip.submit(start, race)  # later, if there was no time left
        self.frames += 1
        self._free_at = ticks_add(start, strip.wire_us)
        self.quiet_until = ticks_add(seen, quiet_ms * 1000)
        return tick

    def _draw(self, seen, race):
        """Draw what is seen at a tick, that is at a race time; returns how long the picture then stays, in ms."""
        strip = self.strip
        self._moving = False
        if self.state == m.RUNNING:
            if self.renderer.draw(strip.buffer, race):
                self._moving = True
                return 0
            if race < self.amendment.settled_10us:  # a change may bring light from anywhere
                self._moving = True
                return 0
            quiet_ms = self.renderer.quiet_ms(race)
            if quiet_ms == NEVER_MS:
                self.enter(m.FINISHED, m.FINISH)
                return _REFRESH_MS
            quiet_ms -= self._ahead_ms
            if quiet_ms < self._ahead_ms:  # nearly there: full rate, so that the first lit frame is not late
                self._moving = True
                return 0
            return min(quiet_ms, _REFRESH_MS)
        kernels.fill(strip.buffer, strip.pixels, 0, 0, 0)
        if self.state != m.RECALLED:
            return self._draw_show(seen) if self.show.on else _REFRESH_MS
        gone = self.clock.race_10us(seen, self._end_s, self._end_us)  # so all boards flash together
        if gone >= _RECALL_10US:
            self.enter(m.LOADED, m.TAKEN_BACK)
        elif gone < 0 or (gone // _BLINK_10US) & 1 == 0:
            kernels.fill(strip.buffer, strip.pixels, 255, 0, 0)
        return 25

    def _draw_show(self, seen):
        quiet_ms = min(self.show.draw(self.strip.buffer, seen, self.clock), _REFRESH_MS) - self._ahead_ms
        if quiet_ms > 0:
            return quiet_ms
        self._moving = self.show.on  # at full rate, up to the moment at which it changes
        return 0

    def end_show(self):
        if self.show.on:
            self.show.on = False
            self.quiet_until = self.clock.last

    def enter(self, state, cause):
        clock = self.clock
        self.show.on = False  # a table, arming and a race end it
        self.state = state
        if state != m.ARMED and state != m.RUNNING and state != m.FINISHED:  # then a button may begin more
            self.edges.disarm()
        clock.fleet(clock.last, self.fleet_now)
        self.log.add(state, cause, self.fleet_now)
        self._moving = False
        self.quiet_until = clock.last

    def timed(self):
        """Take the time, fleet s and us, that a RECALL or STOP carries; whether there is one."""
        if self.framer.length != 8 or self.word(0) < 0 or not 0 <= self.word(1) < 1_000_000:
            return False
        self._end_s = self.word(0)
        self._end_us = self.word(1)
        return True

    def end_race(self, state):
        """End the race in a state: at the time taken by `timed` if the message carries one, else at once."""
        self.ending = state
        self.quiet_until = self.clock.last
        if self.framer.length == 0:
            self.clock.fleet(self.arrived, self.fleet_now)
            self._end_s = self.fleet_now[0]
            self._end_us = self.fleet_now[1]
            self._end_now()

    def _end_now(self):
        state = self.ending
        self.ending = 0
        self.has_gun = False
        self.enter(state, m.FALSE_START if state == m.RECALLED else m.STOPPED)

    def use(self, table):
        if table.pixels != self.strip.pixels:
            raise BadTable("made for %d pixels, this board has %d" % (table.pixels, self.strip.pixels))
        self.strip.limit(table.outputs)
        # a board has no room for the buffers of two tables, nor for what reading this one has left in their way
        self.renderer = self.amendment = None
        gc.collect()
        try:
            self.amendment = Amendment(table)
            self.renderer = Renderer(table)
        except MemoryError:
            self.enter(m.FAULT, m.BROKEN)
            raise

    def is_armed(self):
        """Whether a race is on: no flash, no new table, no jump of the clock."""
        return self.state == m.ARMED or self.state == m.RUNNING or self.state == m.RECALLED

    # -- the host

    def handle(self, arrived):
        """Act on the frame in `framer`, which came at a tick. Returns the length of the answer in its `out`.

        0 means no answer: the frame is for another board, or for everyone.
        """
        framer = self.framer
        self.clock.advance(arrived)
        to = framer.destination
        if to != self.address and to != wire.EVERYONE and to != wire.ANY:
            return 0
        self.arrived = arrived
        kind = framer.kind
        again = wire.checksum(framer.frame, wire.HEAD + framer.length, self._last, 0)
        if not (again and self._answer) or kind == m.SYNC or kind == m.STATUS or kind == m.LOG:
            # anything but a retry of a command, to which the answer still lies in the framer's body
            if framer.version != wire.VERSION:
                length = self.refuse(m.BAD_VERSION, b"this board speaks version 1 of the wire")
            elif kind in ACTIONS:
                length = ACTIONS[kind](self)
            else:
                length = self.refuse(m.UNKNOWN_TYPE, b"this firmware knows no such message")
            self._answer = m.REFUSED if length < 0 else kind | m.REPLY
            self._answer_length = abs(length)
        if to == wire.EVERYONE:
            self._answer = 0
            return 0
        return framer.pack(framer.source, self.address, framer.sequence, self._answer, self._answer_length)

    def departing(self, tick):
        """Note the tick at which an answer really goes out: the next SYNC adds what packing it takes."""
        if self.stamped >= 0:
            self.packing_us = min(ticks_diff(tick, self.stamped), _MAX_PACKING_US)
            self.stamped = -1

    def refuse(self, code, words):
        body = self.framer.body
        body[wire.HEAD] = code
        i = 0
        for byte in words:
            body[wire.HEAD + 1 + i] = byte
            i += 1
        return -1 - i

    def word(self, number):
        """The number-th 32-bit word of the request's payload; -1 if it is out of range."""
        return kernels.get32(self.framer.frame, wire.HEAD + 4 * number)

    def put(self, number, value, offset=0):
        kernels.put32(self.framer.body, wire.HEAD + offset + 4 * number, value)
