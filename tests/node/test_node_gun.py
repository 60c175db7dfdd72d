"""The gun pin: edges caught while armed and told in ticks that do not wrap, however late anyone looks."""

import json
import struct

from node_fakes import PLAN, Board, Random, even_run, even_wave, table_bytes

from pacerail_node import messages as m
from pacerail_node import wire
from pacerail_node.gunpin import BOUNCE_US, GunPin
from pacerail_node.guns import irq
from pacerail_node.node import Node
from pacerail_node.ticks import TICK_MASK, ticks_diff

try:
    from micropython import heap_lock, heap_unlock
except ImportError:

    def heap_lock():
        pass

    heap_unlock = heap_lock

WRAP = 1 << 30
TABLE = table_bytes([even_wave(0x00FF40, 50_000, 6.7)], [even_run(0, 50, 1665)])


class Contact:
    """A capture whose pin sees edges at the ticks of `edges`, which do not wrap and are in order."""

    late_us = 7

    def __init__(self, board, edges=()):
        self.board = board
        self.edges = list(edges)
        self.since = -1  # -1: deaf

    def arm(self, tick):
        assert tick == self.board.node.clock.last
        self.since = self.board.now - ticks_diff(self.board.ticks_us(), tick)

    def disarm(self):
        self.since = -1

    def take(self):
        if self.since >= 0:
            for edge in self.edges:
                if self.since <= edge <= self.board.now:
                    self.since = -1
                    return edge & TICK_MASK
        return -1


def with_contact(edges=(), **settings):
    """A board with a gun pin, and its contact."""
    board = Board(**settings)
    contact = Contact(board, edges)
    board.gun = contact
    board.node.edges = GunPin(contact, board.node.clock)
    return board, contact


def told(board):
    """(edges since armed, how late at most, [(number, tick that does not wrap), ...]) as the host hears it."""
    body = board.done(m.EDGES)
    words = struct.unpack("<" + str(len(body) // 4) + "I", body)
    assert words[0] == counted(board)
    return words[0], words[1], [(words[i], (words[i + 1] << 30) + words[i + 2]) for i in range(2, len(words), 3)]


def counted(board):
    """Edges as STATUS says."""
    return struct.unpack("<I", board.done(m.STATUS)[4 + 4 * 15 : 8 + 4 * 15])[0]


def test_an_edge_is_told_with_its_tick_however_late_anyone_looks():
    for late_us in (0, 1, 300_000, 60_000_000):
        board, contact = with_contact(start=5000)
        board.armed(TABLE)
        board.run(2_000_000)
        contact.edges.append(board.now + 123_456)
        board.run(123_456 + late_us)
        assert told(board) == (1, 7, [(1, contact.edges[0])])


def test_a_board_without_a_gun_pin_has_no_edges():
    board = Board()
    board.armed(TABLE)
    board.run(1_000_000)
    assert told(board) == (0, 0, [])


def test_who_has_a_gun_pin_says_so():
    board, _ = with_contact()
    config = {"name": "b07", "uid": "x", "type": "sim", "address": 7, "outputs": [50]}
    assert json.loads(Node(config, board, wire.Framer(), board.free_heap).identity)["gun"] is True
    board.gun = None
    assert "gun" not in json.loads(Node(config, board, wire.Framer(), board.free_heap).identity)


def test_only_while_armed_and_running_and_arming_clears():
    board, contact = with_contact()
    contact.edges.append(board.now + 100)
    board.run(1000)
    assert counted(board) == 0, "before it is armed"
    contact.edges.append(board.now)
    board.run(1_000)
    board.armed(TABLE)
    board.run(1000)
    assert counted(board) == 0, "from before it was armed"
    contact.edges.append(board.now + 500)
    board.run(100_000)
    assert counted(board) == 1
    board.done(m.ARM, PLAN)
    assert counted(board) == 1, "armed already: nothing is forgotten"
    board.go(board.now + 1_000_000)
    contact.edges.append(board.now + 500)
    board.run(100_000)
    assert counted(board) == 2, "running"
    board.done(m.STOP)
    assert contact.since < 0
    contact.edges.append(board.now + 500)
    board.run(100_000)
    assert [number for number, _ in told(board)[2]] == [1, 2], "stopped: no more, and what there was is still known"
    board.done(m.ARM, PLAN)
    assert told(board) == (0, 7, [])
    contact.edges.append(board.now + 500)
    board.run(100_000)
    assert told(board)[2] == [(1, contact.edges[-1])]
    board.done(m.RECALL)
    contact.edges.append(board.now + 500)
    board.run(3_000_000)
    assert counted(board) == 1 and contact.since < 0


def test_bounce_is_one_edge_and_what_comes_after_it_is_another():
    board, contact = with_contact()
    board.armed(TABLE)
    first = board.now + 1000
    later = first + 2 * BOUNCE_US + 300
    contact.edges += [first, first + 40, first + 900, first + 20_000, first + BOUNCE_US - 1, later, later + 3]
    board.run(BOUNCE_US + 500_000)
    assert told(board) == (2, 7, [(1, first), (2, later)])


def test_the_first_edge_is_kept_and_the_last_three():
    board, contact = with_contact()
    board.armed(TABLE)
    for k in range(9):
        contact.edges.append(board.now + 100_000 * (k + 1))
    for count in range(1, 10):
        board.run(100_000)
        numbers = sorted(set(range(max(1, count - 2), count + 1)) | {1})
        assert told(board) == (count, 7, [(number, contact.edges[number - 1]) for number in numbers])


def test_the_tick_is_right_on_either_side_of_a_wrap():
    """Edge, look and the board's last look at its clock in every order about the wrap."""
    random = Random(4)
    wraps = [0, 0]
    for _ in range(300):
        board = Board(start=WRAP - random.below(3_000_000))
        contact = Contact(board)
        board.node.edges = GunPin(contact, board.node.clock)
        board.armed(TABLE)
        contact.edges.append(board.now + random.below(3_000_000))
        board.now = contact.edges[0]
        if random.below(2):
            # an interrupt after the node has taken the time and before it looks
            board.node.clock.advance((board.now - random.below(50)) & TICK_MASK)
            board.node.edges.look()
        board.now += random.below(1_000_000)
        count, _, edges = told(board)
        assert (count, edges) == (1, [(1, contact.edges[0])])
        wraps[contact.edges[0] >> 30] += 1
    assert min(wraps) > 30


def test_looking_allocates_nothing():
    board, contact = with_contact()
    board.armed(TABLE)
    node = board.node
    for k in range(12):
        contact.edges.append(board.now + 100_000 * k)
    caught = GunPin(FakeCapture(), node.clock)
    node.edges = caught
    caught.arm()
    heap_lock()
    k = 0
    while k < 600:
        node.clock.advance((board.now + 1000 * k) & TICK_MASK)
        caught.look()
        caught.due(node.quiet_until)
        k += 1
    heap_unlock()
    assert caught.count == 600_000 // BOUNCE_US


class FakeCapture:
    """Catches an edge whenever it is armed."""

    late_us = 1

    def __init__(self):
        self.tick = -1

    def arm(self, tick):
        self.tick = tick

    def disarm(self):
        self.tick = -1

    def take(self):
        tick = self.tick
        self.tick = -1
        return tick


class Pin:
    """A machine.Pin whose interrupt the test sets off, as long as it is on."""

    def __init__(self):
        self.on = 0
        self.handler = None
        self.hard = False
        self.calls = 0

    def irq(self, handler, trigger, hard=False):
        self.handler = handler
        self.hard = hard
        self.on = trigger
        return self

    def trigger(self, trigger):
        self.on = trigger

    def edge(self):
        if self.on:
            self.calls += 1
            self.handler(self)


def test_an_interrupt_notes_the_first_edge_and_is_off_then():
    for hard in (True, False):
        now = [1000]
        pin = Pin()
        capture = irq.Capture(pin, 4, lambda now=now: now[0], hard)
        least = irq.HARD_LEAST_US if hard else 0
        assert pin.hard == hard and capture.late_us == (irq.HARD_LATE_US if hard else irq.SOFT_LATE_US)
        pin.edge()
        assert capture.take() == -1 and pin.calls == 0, "not armed"
        capture.arm(1000)
        assert pin.on == 4 and capture.take() == -1
        now[0] = 5  # after a wrap
        pin.edge()
        now[0] = 900
        for _ in range(1000):
            pin.edge()
        assert pin.calls == 1, "a loose wire takes no time"
        assert capture.take() == (5 - least) & TICK_MASK
        assert capture.take() == -1, "each once"
        capture.arm(900)
        capture.disarm()
        pin.handler(pin)  # a soft one that was under way
        assert capture.take() == -1 and pin.on == 0


def test_gunpin_says_when_to_look_again():
    board, contact = with_contact()
    board.armed(TABLE)
    edges = board.node.edges
    until = (board.now + 250_000) & TICK_MASK
    assert edges.due(until) == (board.node.clock.last + BOUNCE_US) & TICK_MASK
    contact.edges.append(board.now + 10)
    board.run(20)
    assert counted(board) == 1
    assert edges.due(until) == (contact.edges[0] + BOUNCE_US) & TICK_MASK
    soon = (board.now + 30) & TICK_MASK
    assert edges.due(soon) == soon
    board.done(m.STOP)
    assert edges.due(until) == until
