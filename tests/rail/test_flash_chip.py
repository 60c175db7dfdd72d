"""MicroPython onto chips: boot drives as folders, and esptool against the protocol of the ROM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pacerail.errors import RailError
from pacerail.flash import esp
from pacerail.flash.drive import INFO, Drive, read_drive
from pacerail.flash.gather import Wanted
from pacerail.flash.image import Images
from pacerail.flash.job import flash
from pacerail.flash.run import flash_all
from pacerail.flash.system import FoundPort, System
from pacerail.flash.target import Tools
from pacerail_node import VERSION
from tests.rail.esprom import EspRom
from tests.rail.flashboard import FlashBoard, image_with
from tests.rail.test_flash import KIND, WAITS, built, nobody, target
from tests.unit.test_flash_images import esp_image, uf2_image

PICO_INFO = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n"


def boot_drive(folder: Path, info: str = PICO_INFO) -> Path:
    """A folder as a blank board shows it."""
    folder.mkdir()
    (folder / INFO).write_text(info)
    return folder


def tools_with(scratch: Path, system: System, **more: object) -> Tools:
    """What a job needs, with an image file of its own."""
    path = scratch / "image.uf2"
    path.write_bytes(uf2_image())
    return replace(Tools(Images(path, nobody, scratch / "images"), system, WAITS), **more)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[FlashBoard]:
    """A board with MicroPython and an empty file system."""
    new = FlashBoard(tmp_path, "b01", image_with({}))
    with new.powered():
        yield new


def test_a_blank_board_gets_image_and_firmware(tmp_path: Path, board: FlashBoard) -> None:
    """Its port appears once its drive has the whole image."""
    folder = boot_drive(tmp_path / "RPI-RP2")
    copied = folder / "pacerail.uf2"

    def ports() -> list[FoundPort]:
        done = copied.exists() and copied.read_bytes() == uf2_image()
        return [FoundPort("/dev/ttyS9"), *([FoundPort(board.port)] if done else [])]

    system = System(ports=ports, drives=lambda: [Drive(folder, "RPI-RP2", "Raspberry Pi RP2")])
    steps: list[str] = []
    wanted = [Wanted("b01", KIND, built("b01"))]
    dry = flash_all(wanted, tools_with(tmp_path, system, dry_run=True), nobody, nobody)
    assert dry[0].done.startswith("would get RPI_PICO 1.28.0 on ") and not copied.exists()
    done = flash_all(wanted, tools_with(tmp_path, system), lambda _, step, *__: steps.append(step), nobody)
    assert [(outcome.failed, outcome.done) for outcome in done] == [("", f"runs firmware {VERSION}")]
    assert list(dict.fromkeys(steps))[:3] == ["writes the image", "starts anew", "looks at it"]


def test_a_pico_with_another_micropython_is_sent_to_its_boot_loader(tmp_path: Path, board: FlashBoard) -> None:
    """Told so over its console; then files follow."""
    folder = boot_drive(tmp_path / "RPI-RP2")
    seen: list[list[Drive]] = [[], [], [Drive(folder, "RPI-RP2", "")]]
    system = System(ports=list, drives=lambda: seen.pop(0) if len(seen) > 1 else seen[0], sleep=nobody)
    old = replace(KIND, image=replace(KIND.image, mpy_version=5))
    done = flash(replace(target("b01", board, built("b01")), kind=old), tools_with(tmp_path, system), nobody)
    assert (done.failed, done.image) == ("", True)
    assert (folder / "pacerail.uf2").read_bytes() == uf2_image()


def test_drives_of_other_boards_and_drives_that_do_not_come(tmp_path: Path, board: FlashBoard) -> None:
    """Each with one line."""
    other = boot_drive(tmp_path / "RP2350", PICO_INFO.replace("RPI-RP2", "RP2350").replace("RP2\r", "RP2350\r"))
    system = System(ports=list, drives=list, now_s=iter(range(1000)).__next__, sleep=nobody)
    wanted = Wanted("b01", KIND, built("b01"), drive=other)
    done = flash_all([wanted], tools_with(tmp_path, system), nobody, nobody)
    assert done[0].failed == f"{other} is a Raspberry Pi RP2350; expected a Raspberry Pi Pico"
    assert [path.name for path in other.iterdir()] == [INFO]

    lone = [Wanted("b01", KIND, {}), Wanted("b02", KIND, {}, uid="e661"), Wanted("b03", KIND, {}, port="E662")]
    words = [outcome.failed for outcome in flash_all(lone, tools_with(tmp_path, system), nobody, nobody)]
    assert words[0].startswith("it has no port, nor a boot drive RPI-RP2; give it one")
    assert words[1].startswith("the board with the unique id e661 is not here")
    assert words[2].startswith("its port E662 is not here, nor a boot drive RPI-RP2; plug it in")

    mine = boot_drive(tmp_path / "RPI-RP2")
    done = flash_all([replace(wanted, drive=mine)], tools_with(tmp_path, system), nobody, nobody)
    assert "has its image, but no port of it appeared" in done[0].failed

    old = replace(KIND, image=replace(KIND.image, mpy_version=5))
    late = flash(replace(target("b01", board, built("b01")), kind=old), tools_with(tmp_path, system), nobody)
    assert late.failed.startswith("its drive RPI-RP2 did not appear")


def test_a_blank_board_that_is_another_than_thought(tmp_path: Path) -> None:
    """Two blank boards, told apart by the serial numbers that they have once they run; one is of no rail."""
    folders = [boot_drive(tmp_path / "one"), boot_drive(tmp_path / "two")]
    serials = ["e662", "ffff"]

    def ports() -> list[FoundPort]:
        copied = [(folder / "pacerail.uf2").exists() for folder in folders]
        return [FoundPort(f"/dev/none{at}", serial) for at, serial in enumerate(serials) if copied[at]]

    def drives() -> list[Drive]:
        return [drive for folder in folders if (drive := read_drive(folder)) is not None]

    wanted = [Wanted("b01", KIND, {}, port="E661"), Wanted("b02", KIND, {}, port="E662")]
    done = flash_all(wanted, tools_with(tmp_path, System(ports=ports, drives=drives)), nobody, nobody)
    assert "the blank board that got the image is ffff, which no board of the rail file is" in done[0].failed
    assert "no port with USB serial number e662" in done[1].failed, "found, and looked for by its own number"


def test_esptool_writes_and_reads_back(tmp_path: Path) -> None:
    """Real esptool, its ROM protocol: chip detected, image written, its MD5 compared."""
    image, seen = esp_image(), list[tuple[int, int]]()
    chip = EspRom()
    try:
        esp.write(chip.port, image, "esp32", 0x1000, lambda *done: seen.append(done), connect="no-reset", stub=False)
    finally:
        chip.close()
    assert bytes(chip.flash[0x1000 : 0x1000 + len(image)]) == image
    assert set(chip.flash[:0x1000]) == {0xFF}
    assert seen[-1][0] == seen[-1][1] and seen == sorted(seen)


@pytest.mark.parametrize(
    ("chip", "said"),
    [
        (EspRom, "MD5 of file does not match data in flash"),
        (lambda spoil: EspRom("esp32s2"), "it is an ESP32-S2; expected esp32. Nothing was written"),
    ],
)
def test_esptool_says_no(chip: type[EspRom], said: str) -> None:
    """Flash that does not keep what is written, and another chip."""
    rom = chip(spoil=True)
    try:
        with pytest.raises(RailError, match=said):
            esp.write(rom.port, esp_image(), "esp32", 0x1000, nobody, connect="no-reset", stub=False)
    finally:
        rom.close()
