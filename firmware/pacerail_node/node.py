"""A board's behaviour: its states, its answers, and the next frame. No hardware in it: ticks come in, frames go out.

    idle -> loaded -> armed -> running -> finished        a table; arm; the gun's time; the last wave dark
                        \\-------\\-> recalled -> loaded    false start: red flashes, and the plan is still there
                         \\-------\\-> loaded               stop: dark

Once armed nothing is written to flash and nothing is allocated, and the host is not needed any more.
"""

import json
from array import array

from pacerail_node import VERSION, kernels, store, wire
from pacerail_node import messages as m
from pacerail_node.clock import BEFORE_10US, Clock
from pacerail_node.log import Log
from pacerail_node.pacetable import LONGEST_TABLE, BadTable, PaceTable
from pacerail_node.render import NEVER_MS, Renderer
from pacerail_node.ticks import ticks_add, ticks_diff

_REFRESH_MS = 250  # a dark rail is sent again this often: a spike on the data line does not stay lit
_LEAD_US = 1500  # from the decision to draw to the start of the wire, when no frame is on it
_RECALL_US = 2_000_000
_BLINK_US = 250_000
_MAX_PACKING_US = 2000


class Node:
    """One board. `step` draws when it is time; `handle` acts on a frame of the host and leaves the answer in `reply`.

    config: {"name", "uid", "type", "address", "outputs": [pixels, ...]}; `ticks_us` returns the tick now and
    `free_heap` bytes.
    """

    def __init__(self, config, strip, framer, ticks_us, free_heap, reset_cause=0):
        tick = ticks_us()
        self.state = m.IDLE
        self.clock = Clock(tick)
        self.log = Log()
        self.framer = framer
        self.leaving = False  # the console was asked for
        self.frames = 0
        self.late = 0
        self._strip = strip
        self._ticks_us = ticks_us
        self._free_heap = free_heap
        self._heap = free_heap()
        self._reset_cause = reset_cause
        self._address = config["address"]
        self._identity = self._identify(config).encode()
        self._renderer = None
        self._upload = None
        self._upload_hash = b""
        self._gun_s = 0
        self._gun_us = 0
        self._has_gun = False
        self._recalled_at = tick
        self._free_at = tick  # when the wire is free for the next start
        self._quiet_until = tick  # the picture does not change before
        self._moving = False  # light on this board, or nearly: a frame as soon as the wire is free
        self._ahead_ms = (2 * strip.wire_us + 2 * _LEAD_US) // 1000 + 5  # a decision is seen this much later at most
        self._fleet = array("I", [0, 0])
        self._arrived = tick
        self._stamped = -1  # the tick put into a SYNC that has not gone out yet
        self._packing_us = 0
        self._last = bytearray(4)  # checksum of the request answered last: only the very same one is a retry
        self._answer = 0  # 0: nothing was answered yet, or the answer is not in the framer any more
        self._answer_length = 0
        self._enter(m.IDLE, m.START)
        try:
            stored = store.load()
            if stored is not None:
                self._use(PaceTable(stored))
                self._enter(m.LOADED, m.RESTORED)
        except (BadTable, MemoryError):
            self._enter(m.FAULT, m.BROKEN)  # until a table is uploaded

    @staticmethod
    def _identify(config):
        said = {"pacerail": m.PROTOCOL, "version": VERSION}
        for key in ("name", "uid", "type", "address", "outputs"):
            said[key] = config[key]
        text = json.dumps(said)
        if len(text.encode()) > wire.MAX_PAYLOAD:
            raise ValueError("board.json: name, uid, type and outputs are too long for one frame")
        return text

    # -- frames of light

    def step(self, tick):
        """Do what is due at a tick: draw and submit at most one frame. Returns the tick until which nothing is due."""
        self.clock.advance(tick)
        strip = self._strip
        if not strip.ready(tick):
            return strip.ready_tick(tick)
        if not self._moving and ticks_diff(self._quiet_until, tick) > 0:
            return self._quiet_until
        start = self._free_at
        if ticks_diff(tick, start) > (0 if self._moving else -_LEAD_US):
            start = ticks_add(tick, _LEAD_US)
            if self._moving:
                self.late += 1
        seen = ticks_add(start, strip.wire_us)
        race = self.clock.race_10us(seen, self._gun_s, self._gun_us) if self._has_gun else BEFORE_10US
        quiet_ms = self._draw(seen, race)
        start = strip.submit(start, race)  # later, if there was no time left
        self.frames += 1
        self._free_at = ticks_add(start, strip.wire_us)
        self._quiet_until = ticks_add(seen, quiet_ms * 1000)
        return tick

    def _draw(self, seen, race):
        """Draw what is seen at a tick, that is at a race time; returns how long the picture then stays, in ms."""
        strip = self._strip
        self._moving = False
        if self.state == m.RUNNING:
            if self._renderer.draw(strip.buffer, race):
                self._moving = True
                return 0
            quiet_ms = self._renderer.quiet_ms(race)
            if quiet_ms == NEVER_MS:
                self._enter(m.FINISHED, m.FINISH)
                return _REFRESH_MS
            quiet_ms -= self._ahead_ms
            if quiet_ms < self._ahead_ms:  # nearly there: full rate, so that the first lit frame is not late
                self._moving = True
                return 0
            return min(quiet_ms, _REFRESH_MS)
        kernels.fill(strip.buffer, strip.pixels, 0, 0, 0)
        if self.state != m.RECALLED:
            return _REFRESH_MS
        gone = ticks_diff(seen, self._recalled_at)
        if gone >= _RECALL_US:
            self._enter(m.LOADED, m.TAKEN_BACK)
        elif (gone // _BLINK_US) & 1 == 0:
            kernels.fill(strip.buffer, strip.pixels, 255, 0, 0)
        return _BLINK_US // 10_000

    def _enter(self, state, cause):
        clock = self.clock
        self.state = state
        clock.fleet(clock.last, self._fleet)
        self.log.add(state, cause, self._fleet)
        self._moving = False
        self._quiet_until = clock.last

    def _use(self, table):
        if table.pixels != self._strip.pixels:
            raise BadTable("made for %d pixels, this board has %d" % (table.pixels, self._strip.pixels))
        self._renderer = Renderer(table)

    def _is_armed(self):
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
        if to != self._address and to != wire.EVERYONE and to != wire.ANY:
            return 0
        self._arrived = arrived
        kind = framer.kind
        again = wire.checksum(framer.frame, wire.HEAD + framer.length, self._last, 0)
        if not (again and self._answer) or kind == m.SYNC or kind == m.STATUS or kind == m.LOG:
            # anything but a retry of a command, to which the answer still lies in the framer's body
            if framer.version != wire.VERSION:
                length = self._refuse(m.BAD_VERSION, b"this board speaks version 1 of the wire")
            elif kind in _ACTIONS:
                length = _ACTIONS[kind](self)
            else:
                length = self._refuse(m.UNKNOWN_TYPE, b"this firmware knows no such message")
            self._answer = m.REFUSED if length < 0 else kind | m.REPLY
            self._answer_length = abs(length)
        if to == wire.EVERYONE:
            self._answer = 0
            return 0
        return framer.pack(framer.source, self._address, framer.sequence, self._answer, self._answer_length)

    def departing(self, tick):
        """Note the tick at which an answer really goes out: the next SYNC adds what packing it takes."""
        if self._stamped >= 0:
            self._packing_us = min(ticks_diff(tick, self._stamped), _MAX_PACKING_US)
            self._stamped = -1

    def _refuse(self, code, words):
        body = self.framer.body
        body[wire.HEAD] = code
        i = 0
        for byte in words:
            body[wire.HEAD + 1 + i] = byte
            i += 1
        return -1 - i

    def _word(self, number):
        """The number-th 32-bit word of the request's payload; -1 if it is out of range."""
        return kernels.get32(self.framer.frame, wire.HEAD + 4 * number)

    def _put(self, number, value, offset=0):
        kernels.put32(self.framer.body, wire.HEAD + offset + 4 * number, value)

    def _hello(self):
        body = self.framer.body
        i = 0
        for byte in self._identity:
            body[wire.HEAD + i] = byte
            i += 1
        return i

    def _status(self):
        clock = self.clock
        framer = self.framer
        head = wire.HEAD
        framer.body[head] = self.state
        framer.body[head + 1] = 1 if clock.valid else 0
        framer.body[head + 2] = self._reset_cause
        framer.body[head + 3] = 0
        clock.fleet(self._arrived, self._fleet)
        if not self._is_armed():  # looking takes 9 ms on an RP2040
            self._heap = self._free_heap()
        self._put(0, clock.wraps, 4)
        self._put(1, self._arrived, 4)
        self._put(2, self._fleet[0], 4)
        self._put(3, self._fleet[1], 4)
        self._put(4, clock.bound_us, 4)
        self._put(5, clock.age_steps, 4)
        self._put(6, clock.slew_us + m.SLEW_BIAS, 4)
        self._put(7, self.frames, 4)
        self._put(8, self.late, 4)
        self._put(9, framer.bad, 4)
        self._put(10, self._gun_s, 4)
        self._put(11, self._gun_us, 4)
        self._put(12, self.log.written, 4)
        self._put(13, self._heap, 4)
        table = self._renderer.table if self._renderer else None
        i = 0
        while i < 8:
            framer.body[head + m.STATUS_HASHES + i] = table.plan_hash[i] if table else 0
            framer.body[head + m.STATUS_HASHES + 8 + i] = table.hash[i] if table else 0
            i += 1
        return m.STATUS_SIZE

    def _sync(self):
        self._put(0, self.clock.wraps)
        self._put(1, self._arrived)
        now = self._ticks_us()
        self._stamped = now
        leaves = ticks_add(now, self._packing_us)
        self._put(2, self.clock.wraps + (1 if leaves < self._arrived else 0))
        self._put(3, leaves)
        return 16

    def _line(self):
        if self.framer.length != 24:
            return self._refuse(m.BAD_PAYLOAD, b"a line has six numbers")
        for i in range(6):
            if self._word(i) < 0:
                return self._refuse(m.BAD_PAYLOAD, b"a number of the line is out of range")
        why = self.clock.set_line(
            self._word(0), self._word(1), self._word(2), self._word(3), self._word(4) - m.RATE_BIAS, self._word(5),
            self._is_armed(),
        )  # fmt: skip
        return self._refuse(m.BAD_PAYLOAD, why) if why else 0

    def _table_begin(self):
        length = self._word(0) if self.framer.length == 12 else 0
        if not 0 < length <= LONGEST_TABLE:
            return self._refuse(m.BAD_PAYLOAD, b"a pace table has 1 to 65536 bytes")
        if self._is_armed():
            return self._refuse(m.WRONG_STATE, b"armed: stop it first, then load")
        self._upload = None  # its memory first
        try:
            self._upload = bytearray(length)
        except MemoryError:
            return self._refuse(m.BAD_TABLE, b"no memory for a pace table of this length")
        self._upload_hash = bytes(self.framer.frame[wire.HEAD + 4 : wire.HEAD + 12])
        return 0

    def _table_data(self):
        if self._is_armed():
            return self._refuse(m.WRONG_STATE, b"armed: stop it first, then load")
        upload = self._upload
        size = self.framer.length - 4
        offset = self._word(0)
        if upload is None or size < 1 or not 0 <= offset <= len(upload) - size:
            return self._refuse(m.BAD_PAYLOAD, b"no room for this in the table begun")
        upload[offset : offset + size] = self.framer.frame[wire.HEAD + 4 : wire.HEAD + 4 + size]
        return 0

    def _table_end(self):
        if self._is_armed():
            return self._refuse(m.WRONG_STATE, b"armed: stop it first, then load")
        upload = self._upload
        if upload is None:
            return self._refuse(m.WRONG_STATE, b"no table begun")
        self._upload = None
        if bytes(upload[-8:]) != self._upload_hash:
            return self._refuse(m.BAD_TABLE, b"not the table that was begun")
        try:
            table = PaceTable(upload)
            self._use(table)
        except BadTable as error:
            return self._refuse(m.BAD_TABLE, str(error).encode())
        except MemoryError:
            return self._refuse(m.BAD_TABLE, b"no memory for this pace table")
        self._has_gun = False
        self._enter(m.LOADED, m.TABLE)
        try:
            store.save(upload)
        except (OSError, MemoryError):
            return self._refuse(m.NO_FLASH, b"in use, but flash did not keep it")
        return 0

    def _arm(self):
        if self.framer.length != 8:
            return self._refuse(m.BAD_PAYLOAD, b"arming names the plan by its hash")
        if self.state == m.IDLE or self.state == m.FAULT:
            return self._refuse(m.WRONG_STATE, b"no pace table: load a plan first")
        table = self._renderer.table
        i = 0
        while i < 8:
            if self.framer.frame[wire.HEAD + i] != table.plan_hash[i]:
                return self._refuse(m.WRONG_PLAN, b"another plan is loaded")
            i += 1
        if not self.clock.valid:
            return self._refuse(m.NO_CLOCK, b"no clock yet: sync first")
        if self.state == m.RECALLED:
            return self._refuse(m.WRONG_STATE, b"recalled: arm again when the red lights are out")
        if self.state == m.LOADED or self.state == m.FINISHED:
            self._has_gun = False
            self._upload = None
            self._enter(m.ARMED, m.ARMED_BY)
        return 0

    def _go(self):
        if self.framer.length != 8:
            return self._refuse(m.BAD_PAYLOAD, b"a gun has two numbers")
        if self._word(0) < 0 or not 0 <= self._word(1) < 1_000_000:
            return self._refuse(m.BAD_PAYLOAD, b"a gun at no time that there is")
        if self.state != m.ARMED and self.state != m.RUNNING:
            return self._refuse(m.WRONG_STATE, b"not armed")
        self._gun_s = self._word(0)
        self._gun_us = self._word(1)
        self._has_gun = True
        self._quiet_until = self.clock.last
        if self.state == m.ARMED:
            self._enter(m.RUNNING, m.GUN)
        return 0

    def _recall(self):
        if self.state == m.ARMED or self.state == m.RUNNING:
            self._recalled_at = self.clock.last
            self._has_gun = False
            self._enter(m.RECALLED, m.FALSE_START)
        return 0

    def _stop(self):
        if self.state == m.ARMED or self.state == m.RUNNING or self.state == m.RECALLED or self.state == m.FINISHED:
            self._has_gun = False
            self._enter(m.LOADED, m.STOPPED)
        return 0

    def _read_log(self):
        if self.framer.length != 4 or self._word(0) < 0:
            return self._refuse(m.BAD_PAYLOAD, b"expected the number of the first entry")
        number = max(self._word(0), self.log.oldest())
        self._put(0, number)
        at = 1
        while number < self.log.written and 4 * (at + 3) <= wire.MAX_PAYLOAD:
            for field in range(3):
                self._put(at + field, self.log.word(number, field))
            at += 3
            number += 1
        return 4 * at

    def _console(self):
        if self._is_armed():
            return self._refuse(m.WRONG_STATE, b"armed: stop it first")
        self.leaving = True
        return 0


_ACTIONS = {
    m.HELLO: Node._hello,
    m.STATUS: Node._status,
    m.SYNC: Node._sync,
    m.LINE: Node._line,
    m.TABLE_BEGIN: Node._table_begin,
    m.TABLE_DATA: Node._table_data,
    m.TABLE_END: Node._table_end,
    m.ARM: Node._arm,
    m.GO: Node._go,
    m.RECALL: Node._recall,
    m.STOP: Node._stop,
    m.LOG: Node._read_log,
    m.CONSOLE: Node._console,
}
