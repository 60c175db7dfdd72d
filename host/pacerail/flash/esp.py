"""ESP32 boards: esptool as a library, which is used here and nowhere else.

An image for them holds a boot loader, a table of partitions and MicroPython itself; esptool checks only what it is
asked to, so each part is loaded by its own loader and the checksums it reads are compared.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import struct
import threading
from collections.abc import Callable
from typing import Any

from pacerail.errors import InputError, RailError

_PARTITIONS = 0x8000
_ENTRY = struct.Struct("<2sBBII16sI")
_ENTRY_MARK = b"\xaa\x50"
_ENTRIES = 95
_APP = 0
_FAST_BAUD = 460_800
_hears = threading.local()


def _part(name: str) -> Any:
    """A module of esptool, which is under the GPL and so is not installed with Pacerail itself."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise RailError("esptool is not installed; ESP32 boards need it: pip install 'esptool>=5,<6'") from error


def _plain(chip: str) -> str:
    return chip.lower().replace("-", "")


def check(data: bytes, name: str, chip: str, offset: int) -> None:
    """Raises InputError if this is no whole image for an ESP32 of this kind, to be written at this place in flash.

    `chip` is esptool's name: "esp32", "esp32s3". The boot loader, and every app of the partition table, must be for
    the chip, with right checksums and hashes.
    """
    if not data:
        raise InputError(f"{name}: the file is empty; expected an image for {chip}")
    _check_part(data, name, chip, "boot loader")
    apps = _apps(data, offset)
    if not apps:
        raise InputError(f"{name}: no partition table with an app; expected the whole .bin, for {offset:#x} of flash")
    for at in apps:
        if at - offset >= len(data):
            raise InputError(f"{name}: cut short before MicroPython begins at {at:#x}; download the image again")
        _check_part(data[at - offset :], name, chip, "MicroPython")


def _apps(data: bytes, offset: int) -> list[int]:
    """Where in flash the first app lies; partitions for later ones are empty in an image."""
    at = _PARTITIONS - offset
    for _ in range(_ENTRIES):
        if at + _ENTRY.size > len(data) or data[at : at + 2] != _ENTRY_MARK:
            break
        _, kind, _, place, _, _, _ = _ENTRY.unpack_from(data, at)
        if kind == _APP:
            return [place]
        at += _ENTRY.size
    return []


def _check_part(data: bytes, name: str, chip: str, part: str) -> None:
    images: Any = _part("esptool.bin_image")
    targets: Any = _part("esptool.targets")
    util: Any = _part("esptool.util")
    known: dict[str, Any] = targets.CHIP_DEFS
    if _plain(chip) not in known:
        raise InputError(f"{chip}: esptool knows no such chip; expected one of {', '.join(known)}")
    try:
        _quiet()
        image: Any = images.LoadFirmwareImage(_plain(chip), data)
    except (util.FatalError, struct.error, RuntimeError, TypeError, IndexError) as error:
        why = str(error).splitlines()[0] if str(error) else "it is cut"
        raise InputError(f"{name}: the {part} is damaged ({why}); expected a .bin image for {chip}") from error
    want = known[_plain(chip)].IMAGE_CHIP_ID
    if image.chip_id != want:
        others = [other.CHIP_NAME for other in known.values() if getattr(other, "IMAGE_CHIP_ID", None) == image.chip_id]
        raise InputError(f"{name}: an image for {others[0] if others else 'another chip'}; expected one for {chip}")
    if image.checksum != image.calculate_checksum() or (
        image.append_digest and image.stored_digest != image.calc_digest
    ):
        raise InputError(f"{name}: the {part} is damaged (its checksum is wrong); download the image again")


def write(
    device: str,
    data: bytes,
    chip: str,
    offset: int,
    progress: Callable[[int, int], None],
    *,
    connect: str = "default-reset",
    stub: bool = True,
) -> None:
    """Put an image onto the chip behind a port, which is then started anew. `progress` gets parts done and in all.

    Raises RailError if no chip answers, if it is another one, or if flash does not read back what was written.
    `connect` is esptool's way to the boot loader; without `stub` its ROM alone is used, which is slower.
    """
    esptool: Any = _part("esptool")
    esp: Any = None
    _hears.progress = progress
    try:
        _quiet()
        esp = esptool.detect_chip(device, connect_mode=connect, connect_attempts=3)
        if _plain(esp.CHIP_NAME) != _plain(chip):
            raise RailError(f"it is an {esp.CHIP_NAME}; expected {chip}. Nothing was written")
        if stub:
            esp = esptool.run_stub(esp)
            esp.change_baud(_FAST_BAUD)
        esptool.attach_flash(esp)
        esptool.write_flash(esp, [(offset, data)])
        esptool.reset_chip(esp, "hard-reset" if stub else "no-reset")
    except esptool.FatalError as error:
        raise RailError(_advice(str(error))) from error
    except OSError as error:  # SerialException is one
        raise RailError(
            f"its port went while the image was written ({error}); plug it in and run this again"
        ) from error
    finally:
        _hears.progress = None
        if esp is not None:
            with contextlib.suppress(OSError, AttributeError):
                esp._port.close()


def _advice(text: str) -> str:
    first = text.strip().splitlines()[0] if text.strip() else "no reason given"
    if "connect" in first.lower() or "no serial data" in first.lower():
        return f"its boot loader does not answer ({first}); hold BOOT, press and let go EN, let go BOOT, run this again"
    return f"esptool says: {first}"


@functools.cache
def _quiet() -> None:
    """esptool talks to standard output; here it only tells its progress to the thread that runs it.

    Its logger can be set once in the life of a program.
    """
    logger: Any = _part("esptool.logger")

    class Silent(logger.TemplateLogger):
        def _nothing(self, *args: Any, **kwargs: Any) -> None:
            pass

        print = note = warning = error = stage = set_verbosity = _nothing

        def progress_bar(self, cur_iter: int, total_iters: int, *args: Any, **kwargs: Any) -> None:
            progress = getattr(_hears, "progress", None)
            if progress is not None:
                progress(cur_iter, total_iters)

    logger.log.set_logger(Silent())
