"""How the firmware lies on a board, boot drives, and why a port cannot be had."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacerail.errors import RailError
from pacerail.flash import drive, layout, system
from pacerail.flash.gather import FoundPort, Wanted, likely_boards, place_of
from pacerail.model.boardtype import load_board_type

FILES = {
    "main.py": b"import pacerail_start\n",
    "pacerail_start.mpy": b"M1",
    "pacerail_node/a/b.mpy": b"M2",
    "board.json": b"{}",
}
EMPTY = layout.Survey(frozenset(), {}, (), None, 1 << 20, 4096)


def survey(files: dict[str, bytes]) -> layout.Survey:
    """A board with these files."""
    parents = {str(parent) for name in files for parent in Path(name).parents} - {"."}
    names = frozenset(path for path in (*files, *parents) if "/" not in path)
    lengths = {name: len(data) for name, data in files.items()}
    return layout.Survey(names, lengths, tuple(sorted(parents)), files.get("main.py"), 1 << 20, 4096)


def flashed(files: dict[str, bytes]) -> dict[str, bytes]:
    """As flash lays them out."""
    top = layout.folder_of(files)
    return {f"{top}/{name}": data for name, data in files.items() if name != "main.py"} | {
        "main.py": layout.pointer(top)
    }


def test_a_folder_is_named_by_all_that_is_in_it() -> None:
    """But by main.py, which lies outside."""
    name = layout.folder_of(FILES)
    assert name == layout.folder_of({**FILES, "main.py": b"other"})
    assert name != layout.folder_of({**FILES, "board.json": b'{"name": "b02"}'})
    assert name != layout.folder_of({**FILES, "more.mpy": b""})
    assert layout.pointer("") == FILES["main.py"], "what firmware build writes"


def test_which_version_main_starts() -> None:
    """A folder's, the root's, or somebody's own."""
    for text, active in [
        (layout.pointer("fw-0123456789"), "fw-0123456789"), (layout.pointer(""), ""), (None, None), (b"", None),
        (b"import mine\n", None), (b"import pacerail_start\nimport mine\n", None), (b"\xff\xfe", None),
    ]:  # fmt: skip
        assert replace(EMPTY, main=text).active == active


names = st.sampled_from(
    ["main.py", "table.pace", "counter", "lib/x.py", "fw-notes/a.txt", "fw-0123456789/x.mpy", "pacerail_node/old.mpy",
     "pacerail_start.mpy", "board.json", "main.py.new", "data/fw-0123456789/x"]
)  # fmt: skip
mains = st.sampled_from([b"import mine\n", layout.pointer(""), layout.pointer("fw-0123456789"), b""])


@given(st.sets(names), mains)
def test_nothing_is_removed_that_runs_or_is_not_ours(there: set[str], main: bytes) -> None:
    """Whatever lies there: the version that main.py starts, the board's own files and other people's stay."""
    board = survey({name: main if name == "main.py" else b"x" for name in there})
    removed = layout.plan(FILES, board).remove
    assert not {"main.py", "table.pace", "counter", "lib", "lib/x.py", "data/fw-0123456789/x", "data"} & set(removed)
    assert not {"fw-notes", "fw-notes/a.txt"} & set(removed)
    active = board.active
    if active:
        assert not [path for path in removed if path == active or path.startswith(f"{active}/")]
    else:
        assert not {"pacerail_start.mpy", "board.json"} & set(removed)
    assert len(removed) == len(set(removed))
    for path in removed:
        below = [other for other in (*board.files, *board.folders) if other.startswith(f"{path}/")]
        assert all(removed.index(other) < removed.index(path) for other in below), "folders are emptied first"


@pytest.mark.parametrize("name", ["etc", "proc", "usr", "home", "Users", "Windows"])
def test_a_computers_root_is_refused(name: str) -> None:
    """Before a plan is made."""
    board = replace(EMPTY, names=frozenset({"main.py", name}))
    with pytest.raises(RailError, match=rf"its root holds {name}"):
        layout.plan(FILES, board)


def test_files_that_are_there_are_looked_at_first() -> None:
    """In the folder wanted, then in the version that runs; by length."""
    old = {**FILES, "board.json": b"[1,2,3]"}
    planned = layout.plan(FILES, survey(flashed(old)))
    before, after = layout.folder_of(old), layout.folder_of(FILES)
    assert planned.look_at[f"{after}/pacerail_start.mpy"] == (f"{before}/pacerail_start.mpy",)
    assert planned.look_at[f"{after}/board.json"] == ()
    in_root = layout.plan(FILES, survey(FILES))
    assert in_root.look_at[f"{after}/pacerail_node/a/b.mpy"] == ("pacerail_node/a/b.mpy",)


def test_boot_drives_are_found_where_the_system_mounts_them(tmp_path: Path) -> None:
    """Linux, macOS and Windows; names with blanks; other drives are left alone."""
    (tmp_path / "proc").mkdir()
    mounts = "/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /media/me/RPI\\040RP2 vfat rw 0 0\n/dev/sdc1 /boot/efi vfat rw 0 0\n"
    (tmp_path / "proc/mounts").write_text(mounts)
    assert drive.mount_points("linux", tmp_path) == [Path("/media/me/RPI RP2"), Path("/boot/efi")]
    assert drive.mount_points("linux", tmp_path / "none") == []
    (tmp_path / "Volumes/RPI-RP2").mkdir(parents=True)
    assert drive.mount_points("darwin", tmp_path) == [tmp_path / "Volumes/RPI-RP2"]
    assert Path("D:/") in drive.mount_points("win32") and Path("C:/") not in drive.mount_points("win32")
    volume = tmp_path / "Volumes/RPI-RP2"
    assert drive.find_drives([volume]) == []
    (volume / drive.INFO).write_text("UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n")
    assert drive.find_drives([volume]) == [drive.Drive(volume, "RPI-RP2", "Raspberry Pi RP2")]
    assert drive.unmounted("RPI-RP2", tmp_path) is None
    (tmp_path / "dev/disk/by-label").mkdir(parents=True)
    (tmp_path / "dev/disk/by-label/RPI-RP2").touch()
    assert drive.unmounted("RPI-RP2", tmp_path) == tmp_path / "dev/disk/by-label/RPI-RP2"


def test_a_drive_that_goes_too_early(tmp_path: Path) -> None:
    """How much it took, and what to do; one that goes after the last byte did its work."""
    gone = drive.Drive(tmp_path / "gone", "RPI-RP2", "")
    with pytest.raises(RailError, match=r"took 0 of 5 bytes \(No such file or directory\); hold BOOTSEL"):
        drive.copy_image(b"12345", gone, lambda *_: None)
    seen: list[tuple[int, int]] = []
    here = drive.Drive(tmp_path, "RPI-RP2", "")
    drive.copy_image(bytes(200_000), here, lambda *done: seen.append(done))
    assert seen[-1] == (200_000, 200_000) and (tmp_path / "pacerail.uf2").stat().st_size == 200_000


def test_the_last_sync_of_a_drive_may_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The board has all it wants, and leaves under the tool's hands."""

    def gone(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", gone)
    drive.copy_image(b"12345", drive.Drive(tmp_path, "RPI-RP2", ""), lambda *_: None)
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(RailError, match="No space left"):
        drive.copy_image(b"12345", drive.Drive(tmp_path, "RPI-RP2", ""), lambda *_: None)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOENT, "No such file"), "is not there; is the board plugged in?"),
        (OSError(errno.EACCES, "Permission denied"), "no permission; run: sudo pacerail firmware udev --install"),
        (OSError(errno.EBUSY, "busy"), "is in use by another program; end that first"),
        (OSError("Could not exclusively lock port"), "is in use by another program"),
        (OSError(errno.EIO, "Input/output error"), "cannot be opened (Input/output error); plug the board in again"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="Windows says it in other words")
def test_why_a_port_cannot_be_had(error: OSError, said: str) -> None:
    line = system.why_not("/dev/ttyACM9", error)
    assert line.startswith("/dev/ttyACM9") and said in line and "\n" not in line


def test_who_holds_a_port(tmp_path: Path) -> None:
    """From /proc, by name and number; our own process does not count."""
    device = tmp_path / "ttyACM0"
    device.touch()
    for number, name, target in ((41, "ModemManager", device), (42, "bash", tmp_path), (os.getpid(), "pytest", device)):
        fds = tmp_path / "proc" / str(number) / "fd"
        fds.mkdir(parents=True)
        (fds.parent / "comm").write_text(f"{name}\n")
        (fds / "7").symlink_to(target)
    assert system.holders(str(device), tmp_path / "proc") == ["ModemManager (process 41)"]
    assert system.holders(str(device), tmp_path / "none") == []


def test_a_board_is_found_by_port_or_unique_id(tmp_path: Path) -> None:
    """Whatever case the serial number is written in, and with a baud behind it."""
    ports = [FoundPort("/dev/ttyACM0", "E66118604B4A3A21", 0x2E8A), FoundPort("/dev/ttyS0")]
    board = Wanted("b01", load_board_type("pico"), {})
    device = tmp_path / "tty"
    device.touch()
    for port, uid, found in [
        ("e66118604b4a3a21", None, "E66118604B4A3A21"), (None, "e66118604b4a3a21", "E66118604B4A3A21"),
        ("/dev/ttyACM0", None, "/dev/ttyACM0"), ("/dev/ttyACM7", "e66118604b4a3a21", "E66118604B4A3A21"),
        ("/dev/ttyACM7", None, None), ("socket://10.0.0.7:5555", None, "socket://10.0.0.7:5555"), (None, None, None),
        (f"{device}?baud=250000", None, str(device)),
    ]:  # fmt: skip
        assert place_of(replace(board, port=port, uid=uid), ports) == found
    assert likely_boards(ports) == ["/dev/ttyACM0"]
