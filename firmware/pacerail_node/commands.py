"""What a board does on each message of the host: `ACTIONS` has a function for each type.

It acts and writes the answer into the framer's body, and returns the length of that, or what `node.refuse` returns.
"""

from pacerail_node import messages as m
from pacerail_node import store, wire
from pacerail_node.pacetable import LONGEST_TABLE, BadTable, PaceTable
from pacerail_node.shows import SHOW_SIZE
from pacerail_node.ticks import ticks_add


def _hello(node):
    body = node.framer.body
    i = 0
    for byte in node.identity:
        body[wire.HEAD + i] = byte
        i += 1
    return i


def _status(node):
    clock = node.clock
    framer = node.framer
    head = wire.HEAD
    framer.body[head] = node.state
    framer.body[head + 1] = 1 if clock.valid else 0
    framer.body[head + 2] = node.board.reset_cause
    framer.body[head + 3] = 0
    clock.fleet(node.arrived, node.fleet_now)
    if not node.is_armed():  # looking takes 9 ms on an RP2040
        node.heap = node.free_heap()
    node.put(0, clock.wraps_at(node.arrived), 4)
    node.put(1, node.arrived, 4)
    node.put(2, node.fleet_now[0], 4)
    node.put(3, node.fleet_now[1], 4)
    node.put(4, clock.bound_us, 4)
    node.put(5, clock.age_steps, 4)
    node.put(6, clock.slew_us + m.SLEW_BIAS, 4)
    node.put(7, node.frames, 4)
    node.put(8, node.late, 4)
    node.put(9, framer.bad, 4)
    node.put(10, node.gun_s, 4)
    node.put(11, node.gun_us, 4)
    node.put(12, node.log.written, 4)
    node.put(13, node.heap, 4)
    node.put(14, node.strip.dimmed, 4)
    node.edges.look()
    node.put(15, node.edges.count, 4)
    node.put(16, node.board.temperature_dc(), 4)
    node.put(17, node.board.supply_mv(), 4)
    table = node.renderer.table if node.renderer else None
    i = 0
    while i < 8:
        framer.body[head + m.STATUS_HASHES + i] = table.plan_hash[i] if table else 0
        framer.body[head + m.STATUS_HASHES + 8 + i] = table.hash[i] if table else 0
        i += 1
    return m.STATUS_SIZE


def _sync(node):
    wraps = node.clock.wraps_at(node.arrived)  # a UART stamps a frame a little before it is handed on
    node.put(0, wraps)
    node.put(1, node.arrived)
    now = node.board.ticks_us()
    node.stamped = now
    leaves = ticks_add(now, node.packing_us)
    node.put(2, wraps + (1 if leaves < node.arrived else 0))
    node.put(3, leaves)
    return 16


def _line(node):
    if node.framer.length != 24:
        return node.refuse(m.BAD_PAYLOAD, b"a line has six numbers")
    for i in range(6):
        if node.word(i) < 0:
            return node.refuse(m.BAD_PAYLOAD, b"a number of the line is out of range")
    why = node.clock.set_line(
        node.word(0), node.word(1), node.word(2), node.word(3), node.word(4) - m.RATE_BIAS, node.word(5),
        node.is_armed(),
    )  # fmt: skip
    return node.refuse(m.BAD_PAYLOAD, why) if why else 0


def _table_begin(node):
    length = node.word(0) if node.framer.length == 12 else 0
    if not 0 < length <= LONGEST_TABLE:
        return node.refuse(m.BAD_PAYLOAD, b"a pace table has 1 to 65536 bytes")
    if node.is_armed():
        return node.refuse(m.WRONG_STATE, b"armed: stop it first, then load")
    node.upload = None  # its memory first
    try:
        node.upload = bytearray(length)
    except MemoryError:
        return node.refuse(m.BAD_TABLE, b"no memory for a pace table of this length")
    node.upload_hash = bytes(node.framer.frame[wire.HEAD + 4 : wire.HEAD + 12])
    return 0


def _table_data(node):
    if node.is_armed():
        return node.refuse(m.WRONG_STATE, b"armed: stop it first, then load")
    upload = node.upload
    size = node.framer.length - 4
    offset = node.word(0)
    if upload is None or size < 1 or not 0 <= offset <= len(upload) - size:
        return node.refuse(m.BAD_PAYLOAD, b"no room for this in the table begun")
    upload[offset : offset + size] = node.framer.frame[wire.HEAD + 4 : wire.HEAD + 4 + size]
    return 0


def _table_end(node):
    if node.is_armed():
        return node.refuse(m.WRONG_STATE, b"armed: stop it first, then load")
    upload = node.upload
    if upload is None:
        return node.refuse(m.WRONG_STATE, b"no table begun")
    node.upload = None
    if bytes(upload[-8:]) != node.upload_hash:
        return node.refuse(m.BAD_TABLE, b"not the table that was begun")
    try:
        table = PaceTable(upload)
        node.use(table)
    except BadTable as error:
        return node.refuse(m.BAD_TABLE, str(error).encode())
    except MemoryError:
        return node.refuse(m.BAD_TABLE, b"no memory for this pace table")
    node.has_gun = False
    node.enter(m.LOADED, m.TABLE)
    try:
        store.save(upload)
    except (OSError, MemoryError):
        return node.refuse(m.NO_FLASH, b"in use, but flash did not keep it")
    return 0


def _arm(node):
    if node.framer.length != 8:
        return node.refuse(m.BAD_PAYLOAD, b"arming names the plan by its hash")
    if node.state == m.IDLE or node.state == m.FAULT:
        return node.refuse(m.WRONG_STATE, b"no pace table: load a plan first")
    table = node.renderer.table
    i = 0
    while i < 8:
        if node.framer.frame[wire.HEAD + i] != table.plan_hash[i]:
            return node.refuse(m.WRONG_PLAN, b"another plan is loaded")
        i += 1
    if not node.clock.valid:
        return node.refuse(m.NO_CLOCK, b"no clock yet: sync first")
    if node.state == m.RECALLED:
        return node.refuse(m.WRONG_STATE, b"recalled: arm again when the red lights are out")
    if node.state == m.LOADED or node.state == m.FINISHED:
        node.has_gun = False
        node.upload = None
        node.ending = 0
        node.amendment.drop()
        node.enter(m.ARMED, m.ARMED_BY)
        node.edges.arm()
    return 0


def _go(node):
    if node.framer.length != 8:
        return node.refuse(m.BAD_PAYLOAD, b"a gun has two numbers")
    if node.word(0) < 0 or not 0 <= node.word(1) < 1_000_000:
        return node.refuse(m.BAD_PAYLOAD, b"a gun at no time that there is")
    if node.state != m.ARMED and node.state != m.RUNNING and node.state != m.FINISHED:
        return node.refuse(m.WRONG_STATE, b"not armed")
    node.gun_s = node.word(0)
    node.gun_us = node.word(1)
    node.has_gun = True
    node.quiet_until = node.clock.last
    if node.state != m.RUNNING:  # by a new zero the race may not be over yet
        node.enter(m.RUNNING, m.GUN)
    return 0


def _recall(node):
    if node.framer.length and not node.timed():
        return node.refuse(m.BAD_PAYLOAD, b"a time has two numbers, or there is none")
    if node.state == m.ARMED or node.state == m.RUNNING:
        node.end_race(m.RECALLED)
    return 0


def _stop(node):
    if node.framer.length and not node.timed():
        return node.refuse(m.BAD_PAYLOAD, b"a time has two numbers, or there is none")
    if node.is_armed() or node.state == m.FINISHED:
        node.end_race(m.LOADED)
    node.end_show()
    return 0


def _amend_begin(node):
    if not (node.is_armed() or node.state == m.FINISHED) or node.state == m.RECALLED:
        return node.refuse(m.WRONG_STATE, b"no race is on: load a plan instead")
    if node.framer.length != 28:
        return node.refuse(m.BAD_PAYLOAD, b"a change begins with 28 bytes")
    why = node.amendment.begin(node.framer.frame, wire.HEAD)
    return node.refuse(m.BAD_PAYLOAD, why) if why else 0


def _amend_data(node):
    if node.amendment is None:
        return node.refuse(m.WRONG_STATE, b"no change begun")
    framer = node.framer
    why = node.amendment.data(node.word(0), framer.frame, wire.HEAD + 4, framer.length - 4)
    return node.refuse(m.BAD_PAYLOAD, why) if why else 0


def _amend_end(node):
    if node.amendment is None or not (node.is_armed() or node.state == m.FINISHED) or node.state == m.RECALLED:
        return node.refuse(m.WRONG_STATE, b"no race is on: load a plan instead")
    why = node.amendment.end()
    if why:
        return node.refuse(m.BAD_TABLE, why)
    node.enter(m.RUNNING if node.state == m.FINISHED else node.state, m.CHANGED)
    return 0


def _read_log(node):
    if node.framer.length != 4 or node.word(0) < 0:
        return node.refuse(m.BAD_PAYLOAD, b"expected the number of the first entry")
    number = max(node.word(0), node.log.oldest())
    node.put(0, number)
    at = 1
    while number < node.log.written and 4 * (at + 3) <= wire.MAX_PAYLOAD:
        for field in range(3):
            node.put(at + field, node.log.word(number, field))
        at += 3
        number += 1
    return 4 * at


def _edges(node):
    edges = node.edges
    edges.look()
    node.put(0, edges.count)
    node.put(1, edges.late_us)
    at = 2
    number = edges.next_kept(0)
    while number:
        for field in range(3):
            node.put(at + field, edges.word(number, field))
        at += 3
        number = edges.next_kept(number)
    return 4 * at


def _console(node):
    if node.is_armed():
        return node.refuse(m.WRONG_STATE, b"armed: stop it first")
    node.leaving = True
    return 0


def _show(node):
    if node.is_armed():
        return node.refuse(m.WRONG_STATE, b"a race is on: no shows before it is stopped or finished")
    if node.framer.length != SHOW_SIZE:
        return node.refuse(m.BAD_PAYLOAD, b"a show has 44 bytes")
    why = node.show.begin(node.framer.frame, wire.HEAD, node.arrived, node.clock)
    if why:
        return node.refuse(m.BAD_PAYLOAD, why)
    node.quiet_until = node.clock.last
    return 0


ACTIONS = {
    m.HELLO: _hello,
    m.STATUS: _status,
    m.SYNC: _sync,
    m.LINE: _line,
    m.TABLE_BEGIN: _table_begin,
    m.TABLE_DATA: _table_data,
    m.TABLE_END: _table_end,
    m.ARM: _arm,
    m.GO: _go,
    m.RECALL: _recall,
    m.STOP: _stop,
    m.LOG: _read_log,
    m.CONSOLE: _console,
    m.EDGES: _edges,
    m.AMEND_BEGIN: _amend_begin,
    m.AMEND_DATA: _amend_data,
    m.AMEND_END: _amend_end,
    m.SHOW: _show,
}
