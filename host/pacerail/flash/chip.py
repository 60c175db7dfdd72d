"""The right MicroPython onto a board: over its boot drive, or by esptool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pacerail.errors import RailError
from pacerail.flash import esp
from pacerail.flash.drive import Drive, copy_image, unmounted
from pacerail.flash.remote import Implementation, Remote
from pacerail.flash.system import FoundPort
from pacerail.flash.target import Say, SoFar, Target, Tools
from pacerail.model.boardtype import BoardType
from pacerail.ports import device_of


def fits(target: Target, runs: Implementation) -> bool:
    """Whether a board's MicroPython runs the files that are for it."""
    return runs.mpy_version == target.kind.image.mpy_version and runs.arch == target.kind.arch


def renew(target: Target, tools: Tools, say: Say, so: SoFar, remote: Remote) -> Remote:
    """Put the type's image onto a board that shows its console; gives the console of what then starts.

    Raises RailError if the drive, or the board, does not come back.
    """
    kind = target.kind
    tools.images.image_of(kind)  # before the board is told to forget what it has
    if kind.flash.method == "esptool":
        remote.close()
        write_esp(target, tools, say, so, device_of(target.port))
        return appeared(target, tools)
    with tools.drive_lock:
        before = {drive.folder for drive in tools.system.drives()}
        serial_number = _serial_number(tools.system.ports(), device_of(target.port))
        remote.to_bootloader()
        say("waits for its drive", 0, 0)
        write_drive(kind, _new_drive(kind, tools, before), tools, say)
        so.image = True
        if serial_number is not None:
            wait_for_port(tools, lambda port: port.serial_number == serial_number)
    return appeared(target, tools)


def same_chip(target: Target, runs: Implementation) -> None:
    """Raises RailError if the board has another chip than its type."""
    machine, _, chip = runs.machine.rpartition(" with ")
    if machine and chip.replace("-", "").upper() != target.kind.chip.replace("-", "").upper():
        raise RailError(f"is a {runs.machine}; expected a {target.kind.title}. Nothing was changed")


def write_esp(target: Target, tools: Tools, say: Say, so: SoFar, device: str) -> None:
    """Put the type's image onto an ESP32."""
    image = tools.images.image_of(target.kind)
    spec = target.kind.flash
    say("writes the image", 0, 0)
    esp.write(
        device, image.data, spec.chip or "", spec.offset, lambda done, whole: say("writes the image", done, whole)
    )
    so.image = True


def write_drive(kind: BoardType, drive: Drive, tools: Tools, say: Say) -> None:
    """Copy a type's image onto a boot drive. Raises RailError if the drive is another board's or goes."""
    if not fits_drive(kind, drive):
        raise RailError(f"{drive.folder} is a {drive.model or drive.board_id}; expected a {kind.title}")
    image = tools.images.image_of(kind)
    copy_image(image.data, drive, lambda done, whole: say("writes the image", done, whole))


def fits_drive(kind: BoardType, drive: Drive) -> bool:
    """Whether a boot drive is of a type of board."""
    return kind.flash.drive is not None and drive.board_id.startswith(kind.flash.drive)


def _new_drive(kind: BoardType, tools: Tools, before: set[Path]) -> Drive:
    until_s = tools.system.now_s() + tools.waits.port_s
    while tools.system.now_s() < until_s:
        for drive in tools.system.drives():
            if drive.folder not in before and fits_drive(kind, drive):
                return drive
        tools.system.sleep(0.1)
    device = unmounted(kind.flash.drive or "")
    how = f"open it in the file manager, or: udisksctl mount -b {device}" if device else "plug the board in again"
    raise RailError(f"its drive {kind.flash.drive} did not appear; {how}, and run this again")


def wait_for_port(tools: Tools, wanted: Callable[[FoundPort], bool]) -> FoundPort | None:
    """A port that there soon is; None if it is not."""
    until_s = tools.system.now_s() + tools.waits.port_s
    while True:
        for port in tools.system.ports():
            if wanted(port):
                return port
        if tools.system.now_s() >= until_s:
            return None
        tools.system.sleep(0.1)


def _serial_number(ports: Sequence[FoundPort], device: str) -> str | None:
    return next((port.serial_number for port in ports if port.device == device), None)


def appeared(target: Target, tools: Tools) -> Remote:
    """The console of a board that starts with a new image."""
    until_s = tools.system.now_s() + tools.waits.port_s
    while True:
        try:
            return Remote(device_of(target.port), tools.waits.console_s)
        except RailError as error:
            if tools.system.now_s() >= until_s:
                raise RailError("has its image, but does not come back; plug it in again and run this again") from error
            tools.system.sleep(0.2)
