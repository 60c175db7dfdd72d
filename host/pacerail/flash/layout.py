"""How the firmware lies on a board, so that whenever the power goes it has the old one or the new one, whole.

    /main.py                        the pointer: puts one version's folder in front of sys.path and starts it
    /fw-1f0c52a9d3/...              a version: every file of `firmware build`, board.json and manifest.json too
    /fw-77b0e91c46/...              the version before
    /table.pace, ...                what the board itself keeps; never touched

A folder's name is the hash of all that is in it, so a changed file or setting is another folder. While a folder fills
up nothing points at it. One rename then puts the new main.py in the place of the old one, and on littlefs a rename
happens or does not (https://github.com/littlefs-project/littlefs/blob/master/DESIGN.md, "Metadata pairs").
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pacerail.errors import RailError

MAIN = "main.py"
FRESH = ".new"
"""Ends the name of a file that is being written."""
KEPT = "main-before.py"
"""Somebody's own main.py is kept under this name."""
_FOLDER = re.compile(r"fw-[0-9a-f]{10}")
_POINTER = re.compile(r'sys\.path\.insert\(0, "/(fw-[0-9a-f]{10})"\)')
_PLAIN_START = "import pacerail_start"
_PLAIN_FILES = re.compile(r"(pacerail_start\.(mpy|py)|board\.json|manifest\.json|pacerail_node(/.+)?)")
_HOSTS = {"etc", "proc", "usr", "bin", "dev", "var", "home", "Users", "Windows", "System"}
"""What the root of a computer holds, and of a board never."""


def folder_of(files: Mapping[str, bytes]) -> str:
    """The folder of a version, from the hashes of all its files but main.py."""
    whole = hashlib.sha256()
    for name, data in sorted(files.items()):
        if name != MAIN:
            whole.update(f"{name}\0{hashlib.sha256(data).hexdigest()}\n".encode())
    return f"fw-{whole.hexdigest()[:10]}"


def pointer(folder: str) -> bytes:
    """main.py that starts what is in a folder; "" is the root, as `firmware build` lays the files out."""
    path = f'import sys\nsys.path.insert(0, "/{folder}")\n' if folder else ""
    return f"{path}{_PLAIN_START}\n".encode()


@dataclass(frozen=True)
class Survey:
    """What lies on a board, before anything is changed."""

    names: frozenset[str]
    """What its root holds."""
    files: Mapping[str, int]
    """Path to bytes: the root's files, and all in the folders of the firmware."""
    folders: tuple[str, ...]
    """Paths of the root's folders, and of those in the folders of the firmware."""
    main: bytes | None
    free_bytes: int
    block_bytes: int

    @property
    def active(self) -> str | None:
        """The folder that main.py starts; "" for files in the root, None if it starts no firmware of ours."""
        text = (self.main or b"").decode(errors="replace")
        found = _POINTER.search(text)
        if found:
            return found[1]
        return "" if text.strip() == _PLAIN_START else None

    @property
    def versions(self) -> tuple[str, ...]:
        """Folders of versions."""
        return tuple(sorted(name for name in self.folders if _FOLDER.fullmatch(name)))


@dataclass(frozen=True)
class Plan:
    """What is to be done on a board. Paths begin at its root, without a slash."""

    folder: str
    remove: tuple[str, ...]
    """Versions that nothing points at and writes that were cut short: files, then their folders, inmost first."""
    look_at: Mapping[str, tuple[str, ...]]
    """Path wanted to paths, on the board, of files as long: the same contents may be there already."""


def check_root(survey: Survey) -> None:
    """Raises RailError for a file system that is a computer's: nothing is ever written or deleted there."""
    foreign = sorted(_HOSTS & survey.names)
    if foreign:
        raise RailError(
            f"its root holds {', '.join(foreign)}: this is a computer's disk, no board's flash; nothing was changed"
        )


def plan(files: Mapping[str, bytes], survey: Survey) -> Plan:
    """What to remove and where to look, for these files to be on the board. Raises RailError as check_root does."""
    check_root(survey)
    folder = folder_of(files)
    active = survey.active
    wanted = {f"{folder}/{name}": data for name, data in files.items() if name != MAIN}
    parents = {folder} | {str(parent) for path in wanted for parent in PurePosixPath(path).parents}

    def superfluous(path: str) -> bool:
        top = path.partition("/")[0]
        if top == folder:
            return path not in wanted and path not in parents
        if top in survey.versions:
            return top != active
        # once a folder's version runs, one that lies in the root has had its time
        return path == MAIN + FRESH or (active not in (None, "") and _PLAIN_FILES.fullmatch(path) is not None)

    remove = [path for path in survey.files if superfluous(path)]
    remove += sorted((path for path in survey.folders if superfluous(path)), key=lambda path: -path.count("/"))
    look_at: dict[str, tuple[str, ...]] = {}
    for path, data in wanted.items():
        before = None if active is None else f"{active}/{path.partition('/')[2]}".lstrip("/")
        look_at[path] = tuple(p for p in (path, before) if p is not None and survey.files.get(p) == len(data))
    return Plan(folder, tuple(remove), look_at)


def room_bytes(survey: Survey, remove: Iterable[str]) -> int:
    """Flash that removing files gives back."""
    return survey.block_bytes * sum(_blocks(survey.files.get(path, 0), survey.block_bytes) for path in remove)


def needed_bytes(lengths: Mapping[str, int], folders_there: Iterable[str], block_bytes: int) -> int:
    """Flash that files take at most: whole blocks, two more for each new folder, and two for the log of the root."""
    folders = {path.rpartition("/")[0] for path in lengths} - set(folders_there)
    return block_bytes * (sum(_blocks(length, block_bytes) for length in lengths.values()) + 2 * len(folders) + 2)


def _blocks(length: int, block_bytes: int) -> int:
    return max(1, -(-length // block_bytes))
