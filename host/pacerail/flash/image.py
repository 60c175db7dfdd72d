"""The MicroPython image of a board type: from a file, or downloaded once and kept, and always checked."""

from __future__ import annotations

import hashlib
import os
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from pacerail.errors import InputError, RailError
from pacerail.flash import esp, uf2
from pacerail.model.boardtype import BoardType

_TIMEOUT_S = 20.0
_LONGEST = 64 * 1024 * 1024


@dataclass(frozen=True)
class Image:
    """An image that has been looked at and is for this type of board."""

    name: str
    data: bytes
    known: bool
    """Its hash is the one of the board file."""


def cache_folder() -> Path:
    """Where downloaded images are kept."""
    return platformdirs.user_cache_path("pacerail") / "images"


def download(url: str) -> bytes:
    """What is behind an address. Raises OSError if it cannot be had whole."""
    request = urllib.request.Request(url, headers={"User-Agent": "pacerail"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
        data: bytes = answer.read(_LONGEST)
        expected = answer.headers.get("Content-Length")
    if expected is not None and int(expected) != len(data):
        raise OSError(f"{len(data):,} of {int(expected):,} bytes came")
    return data


class Images:
    """The images of a run: each type's is read, or downloaded, once."""

    def __init__(
        self,
        file: Path | None,
        say: Callable[[str], None],
        cache: Path | None = None,
        fetch: Callable[[str], bytes] = download,
    ) -> None:
        self._file = file
        self._say = say
        self._cache = cache or cache_folder()
        self._fetch = fetch
        self._lock = threading.Lock()
        self._found: dict[str, Image] = {}

    def image_of(self, kind: BoardType) -> Image:
        """The checked image for a type of board.

        Raises InputError for a file that is no image for it, RailError if it is neither here nor to be had.
        """
        with self._lock:
            if kind.name not in self._found:
                image = self._from_file(kind, self._file) if self._file is not None else self._from_cache(kind)
                check(kind, image.data, image.name)
                self._found[kind.name] = image
            return self._found[kind.name]

    def _from_file(self, kind: BoardType, path: Path) -> Image:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror}); expected an image file") from error
        return Image(str(path), data, known=_sha256(data) == kind.image.sha256)

    def _from_cache(self, kind: BoardType) -> Image:
        spec = kind.image
        path = self._cache / spec.url.rpartition("/")[2]
        beside = path.with_name(path.name + ".sha256")
        if not path.is_file():
            data = self._downloaded(spec.url, path)
            if spec.sha256 is not None and _sha256(data) != spec.sha256:
                raise RailError(
                    f"{spec.url}: the file there has the SHA-256 {_sha256(data)}; expected {spec.sha256}, as the board "
                    "file says. Nothing was flashed"
                )
            _keep(beside, _sha256(data).encode() + b"\n")
            _keep(path, data)
        data = path.read_bytes()
        remembered = beside.read_text().strip() if beside.is_file() else None
        want = spec.sha256 or remembered
        if want is not None and _sha256(data) != want:
            raise RailError(f"{path}: its SHA-256 is not {want}; delete it and it is downloaded again")
        if want is None:
            _keep(beside, _sha256(data).encode() + b"\n")
        if spec.sha256 is None:
            self._say(
                f"{path.name}: the board file has no sha256, so it was not checked against a known one "
                f"({_sha256(data)}); from now on this one is expected"
            )
        return Image(str(path), data, known=spec.sha256 is not None)

    def _downloaded(self, url: str, path: Path) -> bytes:
        self._say(f"downloading {url}")
        try:
            return self._fetch(url)
        except (OSError, ValueError) as error:  # URLError is an OSError
            why = getattr(error, "reason", None) or error
            raise RailError(
                f"the image cannot be downloaded ({why}); fetch {url} elsewhere and put it at {path}, "
                "or give it with --image"
            ) from error


def check(kind: BoardType, data: bytes, name: str) -> None:
    """Raises InputError if this is no image for this type of board."""
    if kind.flash.method == "esptool":
        esp.check(data, name, kind.flash.chip or "", kind.flash.offset)
    else:
        uf2.check(data, name, kind.flash.family or 0)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _keep(path: Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises InputError if the folder cannot be written."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written ({error.strerror}); expected a folder for images") from error
