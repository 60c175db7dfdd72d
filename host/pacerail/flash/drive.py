"""A blank board is a drive: the boot ROM of RP2040 and RP2350 shows one, with INFO_UF2.TXT on it.

RP2040 data sheet 2.8.4, RP2350 data sheet 5.5. Whoever copies a UF2 image onto it programs the chip; with the last
block the board starts anew and the drive is gone.
"""

from __future__ import annotations

import errno
import os
import re
import string
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pacerail.errors import RailError

INFO = "INFO_UF2.TXT"
_PIECE = 64 * 1024
_GONE = (errno.EIO, errno.ENODEV, errno.ENXIO, errno.ENOENT, errno.ENOTCONN, errno.EINVAL, errno.EROFS)


@dataclass(frozen=True)
class Drive:
    """A boot drive: where it is, and what its INFO_UF2.TXT says of the board."""

    folder: Path
    board_id: str
    model: str


def read_drive(folder: Path) -> Drive | None:
    """The boot drive at a folder; None if there is no INFO_UF2.TXT with a Board-ID."""
    try:
        text = (folder / INFO).read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    said = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*?)[ \t\r]*$", text, re.MULTILINE))
    return Drive(folder, said["Board-ID"], said.get("Model", "")) if "Board-ID" in said else None


def mount_points(platform: str = sys.platform, root: Path = Path("/")) -> list[Path]:
    """Folders at which a drive may hang: Linux's mounts, macOS's volumes, Windows's letters."""
    if platform == "win32":
        return [Path(f"{letter}:/") for letter in string.ascii_uppercase[3:]]
    if platform == "darwin":
        volumes = root / "Volumes"
        return sorted(volumes.iterdir()) if volumes.is_dir() else []
    try:
        lines = (root / "proc/mounts").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return []
    fat = (line.split(" ") for line in lines)
    return [Path(_unescaped(words[1])) for words in fat if len(words) > 2 and words[2] in ("vfat", "msdos", "exfat")]


def _unescaped(text: str) -> str:
    """Blanks in /proc/mounts are written \\040."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def find_drives(places: Iterable[Path] | None = None) -> list[Drive]:
    """Every boot drive that is mounted."""
    found = (read_drive(place) for place in (mount_points() if places is None else places))
    return [drive for drive in found if drive is not None]


def unmounted(label: str, root: Path = Path("/")) -> Path | None:
    """Linux: the device of a boot drive that is plugged in, for when it is not mounted."""
    device = root / "dev/disk/by-label" / label
    return device if device.exists() else None


def copy_image(data: bytes, drive: Drive, progress: Callable[[int, int], None]) -> None:
    """Write an image onto a drive and see it through to the board. `progress` gets bytes done and bytes in all.

    Raises RailError if the drive goes before all was written; that it goes afterwards is how it should be.
    """
    sent = 0
    try:
        with open(drive.folder / "pacerail.uf2", "wb", buffering=0) as file:
            while sent < len(data):
                took = file.write(data[sent : sent + _PIECE])
                if not took:
                    raise OSError(errno.ENOSPC, "no room")
                sent += took
                progress(sent, len(data))
            os.fsync(file.fileno())
    except OSError as error:
        if sent == len(data) and error.errno in _GONE:
            return  # the board has what it wants and has left
        why = error.strerror or error
        raise RailError(
            f"the drive {drive.folder} took {sent:,} of {len(data):,} bytes ({why}); "
            "hold BOOTSEL, plug the board in again, and run this again"
        ) from error
