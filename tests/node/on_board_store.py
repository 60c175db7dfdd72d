"""The store on a real littlefs in RAM, with the power cut at every write; under MicroPython only.

A board must come back with the old pace table or the new one, whole, wherever in an upload its power went; and a file
system that is empty, full or broken must stop nothing.
"""

import os

import node_fakes
import vfs
from node_fakes import PLAN, Board, even_run, even_wave, expect, table_bytes

from pacerail_node import messages as m
from pacerail_node import node as node_module
from pacerail_node import store
from pacerail_node.pacetable import PaceTable

BLOCK = 4096
BLOCKS = 24


DEAD = -5  # what a block device returns for an error; raising would allocate, also where the collector closes files


class Flash:
    """A block device in RAM that works for `left` writes and erases, and then never again; the last may be torn."""

    def __init__(self, image=None):
        self.image = bytearray(BLOCK * BLOCKS) if image is None else image
        self.left = 1 << 29
        self.torn = False
        self.writes = 0

    def readblocks(self, block, buffer, offset=0):
        if self.left < 0:
            return DEAD
        at = block * BLOCK + offset
        buffer[:] = self.image[at : at + len(buffer)]
        return 0

    def writeblocks(self, block, buffer, offset=0):
        if self.left <= 0:
            if self.left == 0 and self.torn:
                at = block * BLOCK + offset
                half = len(buffer) // 2
                self.image[at : at + half] = buffer[:half]
            self.left = -1
            return DEAD
        self.left -= 1
        self.writes += 1
        at = block * BLOCK + offset
        self.image[at : at + len(buffer)] = buffer
        return 0

    def ioctl(self, op, arg):
        if op == 4:
            return BLOCKS
        if op == 5:
            return BLOCK
        if op == 6:
            if self.left <= 0:
                self.left = -1
                return DEAD
            self.left -= 1
            self.writes += 1
            self.image[arg * BLOCK : (arg + 1) * BLOCK] = b"\xff" * BLOCK
        return 0


def mounted(flash):
    """The flash as the board's current folder, as after its start."""
    os.chdir("/")
    for _, folder in vfs.mount():
        if folder == "/flash":
            vfs.umount("/flash")
    if HELD:
        HELD.pop().left = -1  # files that were left open there are not written to any more
    HELD.append(flash)
    vfs.mount(vfs.VfsLfs2(flash), "/flash")
    os.chdir("/flash")


HELD = []


def fresh():
    flash = Flash()
    vfs.VfsLfs2.mkfs(flash)
    mounted(flash)
    return flash


def table(leds, plan_hash=PLAN):
    """A pace table whose length goes with its number of LEDs."""
    wave = even_wave(0x00FF40, 50_000, 6.7, until_s=240)
    return table_bytes([wave], [even_run(0, leds, 900)], plan_hash=plan_hash)


def test_a_saved_table_is_there_after_a_restart():
    flash = fresh()
    assert store.load() is None
    for blob in (table(40), table(900), table(1)):
        store.save(blob)
        flash = Flash(flash.image)
        mounted(flash)
        assert store.load() == blob
        assert sorted(os.listdir()) == ["table.pace"]
        PaceTable(store.load())


def cut_everywhere(old, new, torn):
    """Save `new` over `old` with the power cut before each write in turn; how many left the old, how many the new."""
    flash = fresh()
    if old is not None:
        store.save(old)
    before = bytes(flash.image)
    flash.writes = 0
    store.save(new)
    count = flash.writes
    assert count > 2
    kept = [0, 0]
    for left in range(count + 1):
        flash = Flash(bytearray(before))
        mounted(flash)
        flash.left, flash.torn = left, torn
        try:
            store.save(new)
            assert left == count
        except OSError:
            assert left < count
        mounted(Flash(flash.image))
        got = store.load()
        assert got in (old, new), (left, None if got is None else len(got))
        if got is not None:
            PaceTable(got)
        kept[got == new] += 1
        # and the board goes on from there: a next upload is kept
        store.save(new)
        mounted(Flash(flash.image))
        assert store.load() == new
    return kept


def test_a_power_cut_leaves_the_old_table_or_the_new_one():
    cuts = 0
    for torn in (False, True):
        for old, new in ((table(150), table(150, b"new plan")), (table(20), table(1500)), (table(1500), table(20))):
            kept = cut_everywhere(old, new, torn)
            assert kept[0] > 0 and kept[1] > 0
            cuts += sum(kept)
        kept = cut_everywhere(None, table(150), torn)
        assert kept[0] > 0 and kept[1] > 0
    print("    cuts:", cuts)


def test_a_full_flash_keeps_the_old_table_and_takes_the_next():
    fresh()
    old = table(150)
    store.save(old)
    filler = bytes(BLOCK)
    with open("filler", "wb") as file:
        try:
            while True:
                file.write(filler)
                file.flush()
        except OSError:
            pass
    long = table(1500)
    expect(OSError, store.save, long)
    assert store.load() == old
    assert sorted(os.listdir()) == ["filler", "table.pace"], "what could not be saved must not take up room"
    os.remove("filler")
    store.save(long)
    assert store.load() == long


def test_flash_that_does_not_give_it_back_is_noticed():
    """Cells that have worn out: the read-back sees it, and the old table stands."""
    fresh()
    old = table(150)
    store.save(old)
    compare = store._compare
    for spoil in (lambda blob: blob[:300] + b"?" + blob[301:], lambda blob: blob + b"x", lambda blob: blob[:-1]):
        store._compare = lambda blob, spoil=spoil: compare(spoil(blob))
        expect(OSError, store.save, table(150, b"new plan"))
        store._compare = compare
        assert store.load() == old and os.listdir() == ["table.pace"]


def test_flash_that_is_gone_is_an_os_error_and_nothing_else():
    flash = fresh()
    store.save(table(10))
    flash.left = 0
    expect(OSError, store.save, table(11))
    assert store.load() is None
    mounted(Flash(flash.image))
    assert store.load() == table(10)


def test_a_node_survives_a_spoilt_file_system():
    """Blocks overwritten with junk under a running board: it starts, says fault or has no table, and answers."""
    random = node_fakes.Random(50)
    blob = table(50)
    seen = set()
    for k in range(60):
        flash = fresh()
        store.save(blob)
        at = random.below(len(flash.image) - 600) if k % 3 else random.below(4 * BLOCK)
        for i in range(random.between(1, 600)):
            flash.image[at + i] = random.below(256)
        try:
            mounted(Flash(flash.image))
        except OSError:
            seen.add("no mount")  # the board's own start-up then makes a new file system
            continue
        board = node_on_store()
        seen.add(m.STATES[board.node.state])
        assert board.node.state in (m.LOADED, m.IDLE, m.FAULT)
        if board.node.state == m.LOADED:
            assert store.load() == blob
        board.done(m.HELLO)
        code, _ = board.upload(blob)
        assert code in (m.TABLE_END | m.REPLY, m.REFUSED) and board.node.state == m.LOADED
    assert "loaded" in seen and len(seen) > 1, seen


def node_on_store():
    """A board whose flash is the mounted one instead of a fake."""

    class Mounted:
        load = staticmethod(store.load)
        save = staticmethod(store.save)

    fake = node_fakes.Store
    node_fakes.Store = lambda stored: Mounted
    try:
        return Board()
    finally:
        node_fakes.Store = fake


def test_a_folder_or_a_giant_in_the_tables_place():
    fresh()
    os.mkdir("table.pace")
    assert store.load() is None
    expect(OSError, store.save, table(10))
    os.rmdir("table.pace")
    with open("table.pace", "wb") as file:
        for _ in range(12):
            file.write(b"\xff" * BLOCK)
    board = node_on_store()
    assert board.node.state == m.FAULT
    assert board.upload(table(50)) == (m.TABLE_END | m.REPLY, b"")
    assert store.load() == table(50)
    assert node_module.store is not None
