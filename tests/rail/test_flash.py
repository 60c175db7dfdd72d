"""Flashing over real ports: mpremote, pseudo-terminals, and real MicroPython with a flash that outlives its power."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pacerail.bench.image import firmware_files
from pacerail.board import BoardClient
from pacerail.flash.gather import Wanted
from pacerail.flash.image import Images
from pacerail.flash.install import install, look
from pacerail.flash.job import flash
from pacerail.flash.layout import folder_of, pointer
from pacerail.flash.remote import Remote
from pacerail.flash.run import flash_all
from pacerail.flash.states import Line, Running, ask_to_leave, running, wait_for
from pacerail.flash.system import System
from pacerail.flash.target import Target, Tools, Waits
from pacerail.link import Link
from pacerail.model.boardtype import load_board_type
from pacerail.ports import SerialPort, host_clock_us
from pacerail.resources import folder
from pacerail.sync import Line as ClockLine
from pacerail_node import VERSION
from tests.rail.flashboard import FlashBoard, image_with, tree_of

KIND = replace(load_board_type("pico"), arch="x64")
"""The Unix build runs no ARM code; its files are sources."""
SYSTEM = System(ports=list, drives=list)
WAITS = Waits(answer_s=6.0, port_s=3.0, console_s=0.5)
OLD_VERSION = "0.0.9"


def nobody(*_: object) -> None:
    """Hears progress and does nothing with it."""


def no_image(_url: str) -> bytes:
    raise AssertionError("no image is needed here")


def tools(scratch: Path, **more: object) -> Tools:
    """What a job needs, on a computer without other ports, drives or a network."""
    images = Images(None, nobody, scratch / "images", no_image)
    return replace(Tools(images, SYSTEM, WAITS), **more)


def built(name: str, version: str = VERSION, **extra: bytes) -> dict[str, bytes]:
    """The firmware of a board, as `firmware build` lays it out: in the root, ready to run there."""
    files = firmware_files()
    files["pacerail_start.py"] = files.pop("main.py")
    files["main.py"] = pointer("")
    files["pacerail_node/hardware/console.py"] = (folder("boards") / "sim" / "console.py").read_bytes()
    said = files["pacerail_node/__init__.py"]
    files["pacerail_node/__init__.py"] = said.replace(VERSION.encode(), version.encode())
    config = {"hardware": "console", "name": name, "uid": "x", "type": "sim", "address": 1, "outputs": [30]}
    files["board.json"] = json.dumps(config).encode()
    return files | {path.replace("__", "/") + ".py": data for path, data in extra.items()}


def in_folder(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The same, as flash lays it out."""
    top = folder_of(files)
    rest = {f"{top}/{name}": data for name, data in files.items() if name != "main.py"}
    return {**rest, "main.py": pointer(top)}


def runs(board: FlashBoard, key: bytes | None = None) -> Running | None:
    """What firmware a board that has just been powered starts."""
    return wait_for(Line(board.port, key), 6.0, time.monotonic, time.sleep).said


def target(name: str, board: FlashBoard, files: Mapping[str, bytes], key: bytes | None = None) -> Target:
    return Target(name, KIND, files, board.port, key)


STATES = {
    "empty": {},
    "older, as built": built("b01", OLD_VERSION),
    "older, flashed": in_folder(built("b01", OLD_VERSION)),
    "somebody's own": {"main.py": b"print('hello')\n", "lib/mine.py": b"x = 1\n"},
    "broken": {**in_folder(built("b01", OLD_VERSION)), "main.py": b"import nothing\n"},
    "the same": in_folder(built("b01")),
}


@pytest.mark.parametrize("state", list(STATES))
def test_from_any_state_to_running(tmp_path: Path, state: str) -> None:
    """And what the board itself keeps, or what is somebody else's, stays."""
    files = built("b01")
    kept = {"table.pace": b"not a table, but the board's own", "counter": b"17"}
    board = FlashBoard(tmp_path, "b01", image_with({**STATES[state], **kept}))
    with board.powered():
        done = flash(target("b01", board, files), tools(tmp_path), nobody)
        assert (done.failed, done.done) == ("", f"runs firmware {VERSION}")
        again = running(Line(board.port))
        assert again is not None and (again.name, again.version) == ("b01", VERSION)
    tree = tree_of(board.image)
    assert {name: tree[name] for name in kept} == kept
    assert {name: tree[name] for name in in_folder(files)} == in_folder(files)
    assert not [name for name in tree if name.endswith(".new")]
    if state == "somebody's own":
        assert (tree["main-before.py"], tree["lib/mine.py"]) == (b"print('hello')\n", b"x = 1\n")
    assert done.files_sent == {"empty": len(files) - 1, "the same": 0, "older, flashed": 1}.get(state, done.files_sent)
    if state in ("older, as built", "older, flashed"):
        assert done.was == f"ran firmware {OLD_VERSION}"
        assert done.files_sent == 1, "only what changed goes over the cable"


def test_eight_boards_at_once_and_one_loses_its_power(tmp_path: Path) -> None:
    """The others finish; the one that was cut has its old firmware; a second run does only what is missing."""
    names = [f"b{number:02d}" for number in range(1, 9)]
    boards = {name: FlashBoard(tmp_path, name, image_with(in_folder(built(name, OLD_VERSION)))) for name in names}
    wanted = {name: Wanted(name, KIND, built(name, more__all=b"x = 1\n" * 400)) for name in names}
    with contextlib.ExitStack() as stack:
        for name in names:
            stack.enter_context(boards[name].powered(150 if name == "b05" else -1))
        here = [replace(wanted[name], port=boards[name].port) for name in names]
        first = flash_all(here, tools(tmp_path), nobody, nobody)
        assert [outcome.name for outcome in first] == names
        assert [outcome.name for outcome in first if outcome.failed] == ["b05"]
        assert "stopped answering" in first[4].failed and "run this again" in first[4].failed
    with boards["b05"].powered(-1):
        said = runs(boards["b05"])
        assert said is not None and said.version == OLD_VERSION
    with contextlib.ExitStack() as stack:
        for name in names:
            stack.enter_context(boards[name].powered(-1))
        here = [replace(wanted[name], port=boards[name].port) for name in names]
        second = flash_all(here, tools(tmp_path), nobody, nobody)
        assert not [outcome.failed for outcome in second if outcome.failed]
        assert [outcome.files_sent for outcome in second if outcome.name != "b05"] == [0] * 7
        assert {running(Line(board.port)).name for board in boards.values()} == set(names)


def whole(tree: Mapping[str, bytes], versions: Mapping[str, Mapping[str, bytes]]) -> str | None:
    """Which version a board with these files starts, every file of it as it should be; None if none."""
    for name, files in versions.items():
        if all(tree.get(path) == data for path, data in files.items()):
            return name
    return None


SMALL_OLD = {
    "pacerail_start.py": b"x = 1\n",
    "pacerail_node/a.py": b"y = 2\n" * 900,
    "board.json": b"{}",
    "main.py": pointer(""),
}
SMALL_NEW = {**SMALL_OLD, "pacerail_node/b/c.py": b"z = 3\n" * 300, "board.json": b'{"name": "b01"}'}


@pytest.mark.parametrize("before", [SMALL_OLD, in_folder(SMALL_OLD)], ids=["as built", "flashed"])
def test_power_cut_after_any_write_leaves_the_old_firmware_or_the_new(
    tmp_path: Path, before: Mapping[str, bytes]
) -> None:
    """Every write that mpremote makes the board do, cut in its middle and after it: every file is read each time."""
    rest = {"fw-0000000000/left.py": b"over", "main.py.new": b"half", "table.pace": b"kept"}
    image = bytearray(image_with({**before, **rest}, 128))
    board = FlashBoard(tmp_path, "b01", bytes(image))
    with board.powered():
        remote = Remote(board.port)
        install(remote, look(remote, SMALL_NEW), nobody)
        remote.close()
    versions = {"old": before, "new": in_folder(SMALL_NEW)}
    seen: list[str | None] = []
    for at, data in board.writes:
        for part in (data[: len(data) // 2], data):
            image[at : at + len(part)] = part
            tree = tree_of(image)
            assert tree["table.pace"] == b"kept"
            seen.append(whole(tree, versions))
    assert image == board.image, "the writes are the whole story"
    assert None not in seen and (seen[0], seen[-1]) == ("old", "new")
    assert seen == sorted(map(str, seen), reverse=True), "switched once, and at one stroke"
    assert len(seen) > 100


def test_a_board_whose_power_went_starts_old_or_new(tmp_path: Path) -> None:
    """The same with real boards: power cut in a write, power back, HELLO; then flashed again to the end."""
    old, new = in_folder(built("b01", OLD_VERSION)), built("b01", more=b"x = 1\n")
    whole_run = FlashBoard(tmp_path, "whole", image_with(old))
    with whole_run.powered():
        assert flash(target("b01", whole_run, new), tools(tmp_path), nobody).failed == ""
    count = len(whole_run.writes)
    cuts = [1, *range(count // 4, count - 5, count // 4), *range(count - 5, count + 1)]
    seen: list[str] = []
    for cut in cuts:
        board = FlashBoard(tmp_path, f"cut{cut}", image_with(old))
        with board.powered(cut):
            cut_short = flash(target("b01", board, new), tools(tmp_path, waits=replace(WAITS, answer_s=0.5)), nobody)
        with board.powered(-1):
            said = runs(board)
            assert said is not None, f"dark after a cut in write {cut} of {count}"
            seen.append(said.version)
            assert said.version == VERSION or cut_short.failed
            if cut % 5 == 0:
                assert flash(target("b01", board, new), tools(tmp_path), nobody).failed == ""
    assert seen == sorted(seen) and set(seen) == {OLD_VERSION, VERSION}


@pytest.mark.parametrize("at", ["looks at it", "sends files", "half the files", "starts anew"])
def test_a_cable_pulled_at_any_step(tmp_path: Path, at: str) -> None:
    """The host says so in one line, and the board starts."""
    new = built("b01", more=b"x = 1\n" * 2000)
    board = FlashBoard(tmp_path, "b01", image_with(in_folder(built("b01", OLD_VERSION))))

    def pull(step: str, done: int, of: int) -> None:
        if step == at or (at == "half the files" and of and done >= of // 2):
            board.pull()

    with board.powered():
        done = flash(target("b01", board, new), tools(tmp_path, waits=replace(WAITS, answer_s=0.5)), pull)
    assert done.failed and "\n" not in done.failed
    with board.powered(-1):
        said = runs(board)
        assert said is not None and said.version == (VERSION if at == "starts anew" else OLD_VERSION)


def test_firmware_that_does_not_start_is_taken_back(tmp_path: Path) -> None:
    """With its own words; the board then runs what it ran."""
    bad = built("b01", pacerail_start=b"raise RuntimeError('no such pin')\n")
    for before in (in_folder(built("b01", OLD_VERSION)), built("b01", OLD_VERSION)):
        board = FlashBoard(tmp_path, "b01", image_with(before))
        with board.powered():
            done = flash(target("b01", board, bad), tools(tmp_path), nobody)
            assert "does not start (RuntimeError: no such pin); it was given back the firmware it had" in done.failed
            said = runs(board)
            assert said is not None and said.version == OLD_VERSION


def test_an_armed_board_is_left_alone(tmp_path: Path) -> None:
    """It refuses, and goes on."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "node"))
    from node_fakes import even_run, even_wave, table_bytes

    table = table_bytes([even_wave(0x00FF40, 50_000, 6.7)], [even_run(0, 30, 1665)])
    board = FlashBoard(tmp_path, "b01", image_with(in_folder(built("b01", OLD_VERSION))))

    async def arm() -> None:
        port = SerialPort(board.port, asyncio.get_running_loop())
        client = BoardClient("b01", Link(port))
        await client.hello()
        await client.upload(table)
        now_us = host_clock_us()
        await client.set_line(ClockLine(now_us, (await client.sample())[0].t2_tick, 0, 10.0), now_us)
        await client.arm((await client.status()).plan_hash)
        client.link.close()

    with board.powered():
        asyncio.run(arm())
        done = flash(target("b01", board, built("b01")), tools(tmp_path), nobody)
        assert "it stays as it is: armed: stop it first (pacerail stop puts the lights out)" in done.failed
        said = running(Line(board.port))
        assert said is not None and said.version == OLD_VERSION
    assert board.starts == 1


def test_a_key_given_taken_away_and_unknown(tmp_path: Path) -> None:
    """A board without a key, or with its rail's, is asked; with another one it is silent, and that is said."""
    key = bytes(range(16))
    signed = built("b01")
    signed["board.json"] = json.dumps({**json.loads(signed["board.json"]), "key": key.hex()}).encode()
    board = FlashBoard(tmp_path, "b01", image_with(in_folder(built("b01"))))
    with board.powered():
        assert flash(target("b01", board, signed, key), tools(tmp_path), nobody).failed == ""
        assert running(Line(board.port), tries=1) is None and running(Line(board.port, key)) is not None
        done = flash(target("b01", board, built("b01"), bytes(16)), tools(tmp_path), nobody)
        assert "neither Pacerail's firmware nor MicroPython's console answers" in done.failed
        assert "hold BOOTSEL" in done.failed and "hold GP22 to ground" in done.failed


def test_a_computers_disk_is_never_touched(tmp_path: Path) -> None:
    """A root with /etc in it is refused before anything is written or removed."""
    image = image_with({**in_folder(built("b01", OLD_VERSION)), "etc/passwd": b"root", "fw-0123456789/x.py": b"old"})
    board = FlashBoard(tmp_path, "b01", image)
    with board.powered():
        done = flash(target("b01", board, built("b01")), tools(tmp_path), nobody)
        assert "its root holds etc: this is a computer's disk, no board's flash; nothing was changed" in done.failed
    assert board.writes == [] and board.image == image


def test_no_room_for_two_versions(tmp_path: Path) -> None:
    """Said with the numbers; the board runs on with what it has."""
    image = image_with({**in_folder(built("b01", OLD_VERSION)), "film.mov": bytes(300_000)}, 768)
    board = FlashBoard(tmp_path, "b01", image)
    new = {name: data + b"\n# new" for name, data in built("b01").items() if name.endswith(".py")}
    with board.powered():
        done = flash(target("b01", board, built("b01") | new), tools(tmp_path), nobody)
        assert "KiB free, the new firmware takes" in done.failed and "(film.mov)" in done.failed
        said = runs(board)
        assert said is not None and said.version == OLD_VERSION
    assert board.image == image


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    """Neither the files nor what runs."""
    said: list[str] = []
    states = {"runs": in_folder(built("b01", OLD_VERSION)), "prompt": {}, "same": {"x.py": b""}}
    for state, files in states.items():
        image = image_with(files)
        board = FlashBoard(tmp_path, state, image)
        with board.powered():
            done = flash(target("b01", board, built("b01")), tools(tmp_path, dry_run=True), nobody)
            assert done.failed == ""
            said.append(done.done)
        assert board.image == image and board.starts == 1
    assert said[0].startswith("would be asked to leave")
    assert said[1].startswith("would be sent ") and "files (" in said[1]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (replace(KIND, arch="armv6m"), "would get the image RPI_PICO 1.28.0 first"),
        (replace(KIND, image=replace(KIND.image, mpy_version=5)), "would get the image RPI_PICO 1.28.0 first"),
    ],
)
def test_micropython_that_cannot_run_the_files(tmp_path: Path, kind: object, said: str) -> None:
    """Of another version or for another processor."""
    board = FlashBoard(tmp_path, "b01", image_with({}))
    with board.powered():
        wrong = replace(target("b01", board, built("b01")), kind=kind)
        assert said in flash(wrong, tools(tmp_path, dry_run=True), nobody).done


def test_ports_that_cannot_be_had(tmp_path: Path) -> None:
    """Not there, in use (named), silent, gone: one line each."""
    gone = Target("b01", KIND, built("b01"), str(tmp_path / "ttyACM9"))
    done = flash(gone, tools(tmp_path), nobody)
    assert done.failed.endswith("ttyACM9 is not there; is the board plugged in?")
    lost = replace(gone, port="E66118604B4A3A21")
    assert "no port with USB serial number E66118604B4A3A21" in flash(lost, tools(tmp_path), nobody).failed

    master, slave = os.openpty()
    silent = replace(gone, port=os.ttyname(slave))
    holds = "import serial, sys; p = serial.Serial(sys.argv[1], exclusive=True); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holds, silent.port], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "open\n"
        done = flash(silent, tools(tmp_path), nobody)
        assert f"{silent.port} is in use by " in done.failed
        if Path("/proc/self/fd").exists():
            assert f"(process {other.pid})" in done.failed
        other.communicate("\n")
    done = flash(silent, tools(tmp_path), nobody)
    assert "neither Pacerail's firmware nor MicroPython's console answers" in done.failed
    os.close(master)
    os.close(slave)


def test_ctrl_c_stops_between_two_steps(tmp_path: Path) -> None:
    """The board keeps its old firmware, and runs it."""
    stopped = threading.Event()
    board = FlashBoard(tmp_path, "b01", image_with(in_folder(built("b01", OLD_VERSION))))

    def press(step: str, done: int, of: int) -> None:
        if step == "sends files" and done:
            stopped.set()

    with board.powered():
        done = flash(target("b01", board, built("b01")), tools(tmp_path, stopped=stopped), press)
        assert "stopped before it was done: it has its old firmware" in done.failed
        said = runs(board)
        assert said is not None and said.version == OLD_VERSION


def test_what_a_folder_that_is_built_says_runs_as_it_lies(tmp_path: Path) -> None:
    """`firmware build` copied onto an empty board with any tool: main.py in the root starts it."""
    board = FlashBoard(tmp_path, "b01", image_with(built("b01")))
    with board.powered():
        said = runs(board)
    assert said is not None and said.name == "b01"


def test_installing_twice_sends_nothing(tmp_path: Path) -> None:
    """And a version before the last is gone from flash."""
    board = FlashBoard(tmp_path, "b01", image_with({}))
    for version in ("0.0.1", "0.0.2", "0.0.3"):
        files = built("b01", version)
        with board.powered():
            if tree_of(board.image):
                assert runs(board) is not None
            ask_to_leave(Line(board.port), tries=1)
            remote = Remote(board.port)
            install(remote, look(remote, files), nobody)
            work = look(remote, files)
            assert (dict(work.send), dict(work.copy), work.switches) == ({}, {}, False)
            remote.close()
    tops = {path.partition("/")[0] for path in tree_of(board.image) if "/" in path}
    assert tops == {folder_of(built("b01", version)) for version in ("0.0.2", "0.0.3")}
