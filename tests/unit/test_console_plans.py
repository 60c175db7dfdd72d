"""Which plans the page offers, in a folder that holds anything."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pacerail.console.plans import loader, plans_here, read_plain
from pacerail.errors import InputError
from pacerail.model.track import standard_track

PLAN = 'distance = "400 m"\n[[wave]]\nname="a"\ncolour="red"\ntarget="60"\n'


def test_plans_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tonight.toml").write_text(PLAN)
    (tmp_path / "rail.toml").write_text('title = "no plan"\n')
    offered = plans_here("breaking4-3-59")
    assert offered[:2] == ["breaking4-3-59", "tonight.toml"] and "rail.toml" not in offered
    assert offered.count("breaking4-3-59") == 1
    track = standard_track()
    assert loader(track, offered, anywhere=False)("tonight.toml").distance_m == 400
    with pytest.raises(InputError, match="not one of the plans"):
        loader(track, offered, anywhere=False)(str(tmp_path / "tonight.toml"))
    assert loader(track, offered, anywhere=True)(str(tmp_path / "tonight.toml")).distance_m == 400
    with pytest.raises(InputError, match=r"ends in \.toml"):
        loader(track, offered, anywhere=True)("/etc/passwd")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a plan, and with everything else that can be called *.toml."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.toml").write_text(PLAN)
    (tmp_path / "link.toml").symlink_to("plan.toml")
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "piped.toml").symlink_to("pipe.toml")
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    (tmp_path / "null.toml").symlink_to("/dev/null")
    (tmp_path / "tty.toml").symlink_to("/dev/tty")
    (tmp_path / "memory.toml").symlink_to("/proc/self/mem")
    (tmp_path / "round.toml").symlink_to("round.toml")
    (tmp_path / "nowhere.toml").symlink_to("nothing")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "secret.toml").write_text(PLAN)
    (tmp_path / "secret.toml").chmod(0)
    (tmp_path / "long.toml").write_text(PLAN + "# " + "x" * 200_000)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00" * 1000)
    return tmp_path


def test_only_plain_files_are_opened(folder: Path) -> None:
    begun_s = time.monotonic()
    mine = {name for name in plans_here() if name.endswith(".toml")}
    assert time.monotonic() - begun_s < 2
    readable = {"secret.toml"} if os.access(folder / "secret.toml", os.R_OK) else set[str]()  # for root all are
    assert mine == {"plan.toml", "link.toml"} | readable
    assert read_plain(folder / "plan.toml") == PLAN.encode() and read_plain(folder / "plan.toml", 10) is None


@pytest.mark.parametrize(
    "name", ["pipe", "piped", "zero", "null", "tty", "memory", "round", "nowhere", "folder", "long"]
)
@pytest.mark.parametrize("offered", [False, True])
def test_nothing_else_is_loaded(folder: Path, name: str, offered: bool) -> None:
    load = loader(standard_track(), [f"{name}.toml"] if offered else [], anywhere=True)
    for called in (f"{name}.toml", str(folder / f"{name}.toml")):
        if offered and called != f"{name}.toml":
            continue
        with pytest.raises(InputError, match="expected a plain file of at most 200 kB"):
            load(called)


def test_a_folder_that_is_not_there_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert "breaking4-3-59" in plans_here()
